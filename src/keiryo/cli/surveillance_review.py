"""Commands of surveillance (review)."""

from __future__ import annotations

import typer


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    del group
