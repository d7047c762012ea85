"""Commands of coverage."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command group."""
    del app


def add_commands(group: typer.Typer) -> None:
    """Add ``coverage`` to the commands of surveillance."""
    del group
