"""Rates of detection sites as a person reads them, with what alarm cases say of the alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from sqlalchemy import Connection, MetaData

KnownAtOption = Annotated[
    str | None, typer.Option("--known-at", metavar="TIME", help="As the record stood then.")
]


def instant(text: str | None, option: str) -> datetime.datetime | None:
    """Return the moment that somebody wrote."""
    from keiryo.dates import parse_time
    from keiryo.errors import UsageError

    found = None if text is None else parse_time(text)
    if text is not None and found is None:
        raise UsageError(
            f"{option}: {text[:40]!r} is no moment", "Write it as 2027-05-31T14:00+09:00."
        )
    return found


def outcomes_of_cases(
    connection: Connection, metadata: MetaData, known_at: datetime.datetime | None = None
) -> list[dict[str, Any]]:
    """Return what the cases say of occupancies; a case that is open says nothing."""
    from keiryo.alarm_cases.case_record import case_register
    from keiryo.alarm_cases.statistics import outcome_row

    found = []
    for case in case_register(connection, metadata, known_at=known_at).values():
        told, occupancy = outcome_row(case), case.values.get("occupancy")
        if occupancy and told["instrument"] and told["outcome"] != "open":
            found.append(
                {
                    "instrument": str(told["instrument"]),
                    "start": str(occupancy),
                    "outcome": "fault" if told["fault"] else told["outcome"],
                    "nuisance": told["nuisance"],
                }
            )
    return found


def show_rates(
    read: Callable[[Connection, MetaData], list[dict[str, Any]]], by: str, db: str | None
) -> None:
    """Show rates as a table: one line for each group and rate."""
    from keiryo.detection_sites.statistics import NUISANCE, OUTCOMES

    books = opened(db)
    with books.database.reading() as connection:
        found = read(connection, books.database.metadata)
    rows = []
    for one in found:
        numbers = {"instrument": "instrument_alarms"}
        for rate in ("any", "gamma", "neutron", "instrument", "alarmed", *OUTCOMES, NUISANCE):
            replayed = rate in ("any", "gamma", "neutron")
            rows.append(
                {
                    by: one[by],
                    "rate": {"any": "replay", "alarmed": "alarm"}.get(rate, rate),
                    "number": one[numbers.get(rate, rate)],
                    "of": one["evaluated" if replayed else "occupancies"],
                    **_bounds(one, f"{rate}_rate", f"{rate}_low", f"{rate}_high"),
                }
            )
        per_day = _bounds(one, "faults_per_day", "faults_per_day_low", "faults_per_day_high")
        days = f"{one['days']} days"
        rows.append(
            {by: one[by], "rate": "faults by day", "number": one["faults"], "of": days, **per_day}
        )
    show_rows(rows, Format.TABLE)
    for one in found:
        if one["alarms_without_outcome"]:
            print(f"{one[by]}: {one['alarms_without_outcome']} alarms have no outcome yet.")


def _bounds(one: dict[str, Any], share: str, low: str, high: str) -> dict[str, Any]:
    told = {"share": one[share], "low": one[low], "high": one[high]}
    return {name: None if value is None else f"{value:.4g}" for name, value in told.items()}


def background(
    instrument: Annotated[
        str, typer.Option("--instrument", metavar="NAME", help="Name of the instrument.")
    ],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, UTC.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, UTC.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell the gamma background by the hour, in counts a second, from the files that are kept."""
    from keiryo.detection_sites.background_hours import background_hours

    first, last = optional_day(from_, "--from"), optional_day(to, "--to")
    books = opened(db)
    with books.database.reading() as connection:
        found = background_hours(
            connection,
            books.database.metadata,
            books.database.evidence.get,
            instrument,
            first=first,
            last=last,
        )
    if format_of(format_) is Format.TABLE:
        found = [
            {name: f"{one:.1f}" if isinstance(one, float) else one for name, one in row.items()}
            for row in found
        ]
    show_rows(found, format_of(format_))
