"""Commands of physical protection: the defender's evaluation, and rules that records must keep."""

from __future__ import annotations

import typer

from keiryo.cli.protection_category import attribute, attributes, category
from keiryo.cli.protection_easi import easi
from keiryo.cli.protection_paths import paths


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Physical protection: timely detection on a path and in a facility, and the "
        "category of material.",
        no_args_is_help=True,
    )
    group.command("easi")(easi)
    group.command("paths")(paths)
    group.command("category")(category)
    group.command("attribute")(attribute)
    group.command("attributes")(attributes)
    app.add_typer(group, name="protection")
