"""Measured values that cannot be, or hardly are, what they say.

A concentration in kilograms, a mass in per cent, more uranium than there is powder, an enrichment
of 450 %: the unit or the quantity is wrong, and the value must not be used. A batch that is not in
the books may still come; a day in the future is most often a slip.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.dates import date_number, number_date
from keiryo.errors import Severity
from keiryo.measurement.table_files import ReadTable, TableRow

UNITS_OF = {
    "mass": ("g", "kg"),
    "volume": ("L",),
    "concentration": ("g/g", "%", "kg/L"),
    "enrichment": ("g/g", "%"),
    "nda": ("g", "kg", "g/g", "%"),
}
"""The units in which a quantity can be measured; of others, any."""

LARGEST = {"g/g": 1, "%": 100, "kg/L": 25}
"""What a value of a unit cannot exceed: all of it; the density of the densest material."""

_CHUNK = 500


def check_units(table: ReadTable, row: TableRow) -> None:
    """Add findings for a value whose unit does not go with its quantity, or is too large."""
    basis, unit, value = (row.values[name] for name in ("basis", "unit", "value"))
    if basis is None or unit is None:
        return
    fitting = UNITS_OF.get(str(basis), (unit,))
    if unit not in fitting:
        table.wrong(
            f"{basis} is not measured in {unit}",
            f"Write {' or '.join(str(u) for u in fitting)}, or correct the basis.",
            row, "unit", code="MEASUREMENT-UNIT", found=str(unit),
        )  # fmt: skip
        return
    limit = LARGEST.get(str(unit))
    if limit is not None and value is not None and Decimal(str(value)) > limit:
        table.wrong(
            f"{value} {unit} is more than there can be ({limit} {unit})",
            "Correct the value or its unit.",
            row, "value", code="MEASUREMENT-UNIT", found=str(value), expected=f"<= {limit}",
        )  # fmt: skip


def check_days(table: ReadTable, column: str) -> None:
    """Add a warning for each day that has not come yet."""
    # Where the day has begun already, the measurement may have been made.
    last = date_number(datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1))
    for row in table.rows:
        day = row.values[column]
        if isinstance(day, int) and day > last:
            table.wrong(
                f"{number_date(day)} lies in the future",
                "Check the year. It is recorded as it stands.",
                row, column, code="MEASUREMENT-FUTURE", severity=Severity.WARNING, found=str(day),
            )  # fmt: skip


def check_batches(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    """Add a warning for each area some of whose measured batches are not in the books."""
    asked: dict[str, dict[str, TableRow]] = {}
    for row in table.rows:
        if row.values["mba"] and row.values["batch"]:
            names = asked.setdefault(str(row.values["mba"]), {})
            names.setdefault(str(row.values["batch"]), row)
    for mba, names in asked.items():
        known = _batches(connection, metadata, mba, list(names))
        unknown = [name for name in names if name not in known]
        if unknown:
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            table.wrong(
                f"not in the books of {mba}: {', '.join(n[:40] for n in unknown[:5])}{more}",
                "Check the names of the batches; nothing more is needed if their reports are "
                "still to come.",
                names[unknown[0]], "batch", code="RESULT-BATCH", severity=Severity.WARNING,
                found=unknown[0][:40], mba=mba,
            )  # fmt: skip


def _batches(
    connection: Connection, metadata: MetaData, mba: str, names: Sequence[str]
) -> set[str]:
    """Return those batch names that a line of an area has."""
    found: set[str] = set()
    for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY):
        lines = metadata.tables[kind.name]
        for first in range(0, len(names), _CHUNK):
            query = (
                select(lines.c.batch)
                .where(lines.c.mba == mba, lines.c.batch.in_(names[first : first + _CHUNK]))
                .distinct()
            )
            found |= {str(name) for name in connection.execute(query).scalars()}
    return found
