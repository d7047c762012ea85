"""Commands of surveillance: one group, put together from its parts."""

from __future__ import annotations

from importlib import import_module

import typer

PARTS = (
    *("surveillance_review", "surveillance_cameras", "surveillance_images"),
    *("surveillance_sessions", "coverage"),
)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Cameras and their images: what came in, what changed, what was reviewed.",
        no_args_is_help=True,
    )
    for name in PARTS:
        import_module(f"keiryo.cli.{name}").add_commands(group)
    app.add_typer(group, name="surveillance")
