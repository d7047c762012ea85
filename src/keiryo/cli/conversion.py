"""The command of conversion: high enriched uranium of some areas, and what is left of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
)
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

_WEIGHTS = ("element_g", "fissile_g", "sq")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Conversion of research reactors: high enriched uranium, and that none is left.",
        no_args_is_help=True,
    )
    group.callback()(_conversion)
    group.command()(show)
    app.add_typer(group, name="conversion")


def _conversion() -> None:
    """Keep the group, which has one command so far."""


def show(
    mbas: Annotated[
        list[str], typer.Argument(metavar="MBA...", help="The areas that are converted together.")
    ],
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")
    ] = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what came, went, was mixed down and is left, and whether that nothing is left holds."""
    from keiryo.api import knowledge_of
    from keiryo.conversion.campaign import campaign

    books = opened(db)
    day = day_or_today(on, "--on")
    with books.database.reading() as connection:
        found = campaign(
            connection, books.database.metadata, mbas, day, knowledge_of(as_known, None)
        )
    data = found.to_dict()
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({**data, "findings": [finding_dict(one) for one in found.findings]})
        return
    columns = ("date", "mba", "what", "batch", *_WEIGHTS, "with", "act")
    show_rows(
        data["steps"],
        chosen,
        columns=columns,
        title=f"High enriched uranium of {', '.join(found.mbas)} to the end of {found.on}",
        empty="No high enriched uranium was ever on these books.",
    )
    if chosen is Format.TABLE:
        _show_sums(data)
        print(found.statement)
        show_findings(found.findings)


def _show_sums(data: dict[str, Any]) -> None:
    names = {
        "on_hand": "on hand",
        "taken_back": "taken back (exported)",
        "shipped": "shipped in the country",
        "blended_down": "blended down",
    }
    rows = [{"what": words, **data[name]} for name, words in names.items()]
    show_rows(rows, Format.TABLE, columns=("what", *_WEIGHTS))
    for blend in data["blends"]:
        high, low = blend["high_enriched"], blend["product"]
        print(
            f"  {blend['date']} {blend['mba']}: {high['element_g']} g ({high['sq']} SQ) became "
            f"{low['element_g']} g low enriched ({low['sq']} SQ); acts "
            f"{', '.join(map(str, blend['acts']))}"
        )
