"""The command of the transit board."""

from __future__ import annotations

from typing import Annotated

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_rows


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(transit)


def transit(
    on: Annotated[
        str | None, typer.Option("--on", metavar="D", help="Evening of this day. Default: today.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Shipments received already, too.")] = False,
    differences: Annotated[
        bool, typer.Option("--differences", help="Shipper/receiver differences, too.")
    ] = False,
    as_known: Annotated[
        str | None,
        typer.Option("--as-known", metavar="D", help="Only what reports dated by then said."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what is on its way between areas of the State, and for how long.

    States: open; late and overdue beyond the ages of the profile; unmatched: a receipt without a
    shipment, with the shipments that it may belong to.
    """
    from keiryo.oversight.transit_board import transit_board

    books = opened(db)
    day = day_or_today(on, "--on")
    with books.database.reading() as connection:
        rows = transit_board(
            connection,
            books.database.metadata,
            day,
            every=every,
            differences=differences,
            known_on=optional_day(as_known, "--as-known"),
        )
    columns = ["from", "to", "batch", "shipped", "received", "age_days", "category", "element",
               "fissile", "state", "source", "may_be"]  # fmt: skip
    chosen = format_of(format_)
    shown = [row.to_dict() for row in rows]
    if chosen is not Format.JSON:
        shown = [row | {"may_be": " ".join(map(str, row["may_be"]))} for row in shown]
    show_rows(
        shown,
        chosen,
        columns=columns,
        empty=f"Nothing is on its way on {day}.",
    )
