"""Rates of detection sites as a person reads them, with what alarm cases say of the alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keiryo.cli.options import Format, opened
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, MetaData


def outcomes_of_cases(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
    """Return what the cases say of occupancies; a case that is open says nothing."""
    from keiryo.alarm_cases.case_record import case_register
    from keiryo.alarm_cases.statistics import outcome_row

    found = []
    for case in case_register(connection, metadata).values():
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
