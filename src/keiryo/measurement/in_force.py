"""What is in force at a state of knowledge: the last line of a name counts.

A line that says ``withdrawn`` takes away what it names. Dated lines stand beside each other: the
name of an error source with the day from which it holds, of a result with its area, batch and
quantity, of a calibration with its day. Control measurements have no name of their own, because
two equal repetitions are two measurements; the reference of a withdrawn line says which line it
takes away (``line:37/2``).

Of a state of knowledge, acts and recording times count. A day of knowledge (``known_on``) does
not: it says which *reports* were known, and what lies here was never reported.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, MetaData, select

from keiryo.accounts.model import NOW, Knowledge
from keiryo.accounts.tables import resolved
from keiryo.dates import number_date
from keiryo.errors import UsageError
from keiryo.journal.model import LineKind
from keiryo.measurement.model import (
    Calibration,
    ControlMeasurement,
    ErrorSource,
    MeasurementResult,
    StratumMethod,
    TargetValue,
)
from keiryo.measurement.tables import (
    CALIBRATION,
    CONTROL_MEASUREMENT,
    ERROR_SOURCE,
    MEASUREMENT_RESULT,
    STRATUM_METHOD,
    TARGET_VALUE,
)

Made = TypeVar("Made")
NAMES: dict[str, tuple[str, ...]] = {
    ERROR_SOURCE.name: ("source", "valid_from"),
    STRATUM_METHOD.name: ("mba", "stratum", "valid_from"),
    MEASUREMENT_RESULT.name: ("mba", "result", "batch", "basis"),
    CALIBRATION.name: ("method", "instrument", "calibrated_on"),
    TARGET_VALUE.name: ("edition", "method", "material", "basis"),
}
"""The fields that name a line: of lines with equal ones, the last counts."""

CONTROL_FIELDS = tuple(f.name for f in CONTROL_MEASUREMENT.own_fields if f.name != "state")
"""What must be equal for two control measurements to be further repetitions of each other."""

_LINE = re.compile(r"line:(\d{1,18})/(\d{1,18})")


def error_sources(
    connection: Connection,
    metadata: MetaData,
    knowledge: Knowledge = NOW,
    *,
    on: datetime.date | None = None,
) -> dict[str, tuple[ErrorSource, ...]]:
    """Return the error sources in force, by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    knowledge : Knowledge
        From when they are seen.
    on : datetime.date, optional
        Only those valid on this day.

    Returns
    -------
    dict of str to tuple of ErrorSource
        In the order of names; the dated lines of one name by their first day.
    """
    found: dict[str, list[ErrorSource]] = {}
    for source in _in_force(connection, metadata, ERROR_SOURCE, knowledge, source_of):
        if on is None or source.valid_on(on):
            found.setdefault(source.source, []).append(source)
    return {
        name: tuple(sorted(found[name], key=lambda s: s.valid_from or datetime.date.min))
        for name in sorted(found)
    }


def stratum_methods(
    connection: Connection, metadata: MetaData, mba: str | None = None, knowledge: Knowledge = NOW
) -> tuple[StratumMethod, ...]:
    """Return the strata of an area (None: of all areas) in force, by rank; dated ones together."""
    found = _in_force(connection, metadata, STRATUM_METHOD, knowledge, _stratum_of, mba=mba)
    return tuple(
        sorted(
            found,
            key=lambda s: (s.mba, s.rank, s.stratum, s.valid_from or datetime.date.min, s.act),
        )
    )


def measurement_results(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    knowledge: Knowledge = NOW,
) -> tuple[MeasurementResult, ...]:
    """Return the measured values of an area, or of all, by day, in force."""
    found = _in_force(connection, metadata, MEASUREMENT_RESULT, knowledge, _result_of, mba=mba)
    return tuple(sorted(found, key=lambda r: (r.measured_on, r.act, r.line)))


def calibrations(
    connection: Connection,
    metadata: MetaData,
    knowledge: Knowledge = NOW,
    *,
    method: str | None = None,
) -> tuple[Calibration, ...]:
    """Return the calibrations in force, by method and day."""
    found = _in_force(connection, metadata, CALIBRATION, knowledge, _calibration_of, method=method)
    return tuple(
        sorted(found, key=lambda c: (c.method, c.instrument or "", c.calibrated_on, c.act))
    )


def target_values(
    connection: Connection,
    metadata: MetaData,
    knowledge: Knowledge = NOW,
    *,
    edition: str | None = None,
) -> tuple[TargetValue, ...]:
    """Return the target values in force, by edition and method."""
    found = _in_force(connection, metadata, TARGET_VALUE, knowledge, _target_of, edition=edition)
    return tuple(sorted(found, key=lambda t: (t.edition, t.method, t.material, t.basis)))


def control_measurements(
    connection: Connection,
    metadata: MetaData,
    knowledge: Knowledge = NOW,
    *,
    series: str | None = None,
) -> tuple[ControlMeasurement, ...]:
    """Return the control measurements in force (of one series), by series and in order of record.

    A withdrawn line takes away the line that its reference names; one that names none, the latest
    earlier line that is equal to it.
    """
    rows = _rows(connection, metadata, CONTROL_MEASUREMENT, knowledge, series=series)
    remaining = [_control_of(row) for row in controls_of(rows)[0]]
    return tuple(sorted(remaining, key=lambda c: (c.series, c.act, c.line)))


def control_history(
    connection: Connection,
    metadata: MetaData,
    knowledge: Knowledge = NOW,
    *,
    series: str | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the lines of control measurements in force, and the withdrawn ones.

    Those that were withdrawn have a further value ``withdrawn_by``, the act that did.
    """
    return controls_of(_rows(connection, metadata, CONTROL_MEASUREMENT, knowledge, series=series))


def controls_of(
    rows: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Divide lines of control measurements, in order of record, into in force and withdrawn."""
    lines: dict[tuple[int, int], dict[str, Any]] = {}
    equal: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    withdrawn = []
    for row in rows:
        if row["state"] == "in force":
            lines[row["act_id"], row["line_no"]] = row
            values = tuple(row[name] for name in CONTROL_FIELDS)
            equal.setdefault(values, []).append((row["act_id"], row["line_no"]))
            continue
        match = _LINE.fullmatch(row["reference"] or "")
        if match is not None:
            place = (int(match[1]), int(match[2]))
        else:
            same = equal.get(tuple(row[name] for name in CONTROL_FIELDS), [])
            place = next((p for p in reversed(same) if p in lines), (0, 0))
        if place in lines:
            withdrawn.append({**lines.pop(place), "withdrawn_by": row["act_id"]})
    return list(lines.values()), withdrawn


def line_name(act_id: int, line_no: int) -> str:
    """Return how a withdrawn control measurement names the line that it takes away."""
    return f"line:{act_id}/{line_no}"


def rows_in_force(
    connection: Connection, metadata: MetaData, kind: LineKind, knowledge: Knowledge = NOW
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the lines of a table that are in force, as they were recorded, by their names."""
    return latest(kind.name, _rows(connection, metadata, kind, knowledge))


def latest(kind: str, rows: Iterable[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the last row of each name of a line kind, withdrawn ones left out.

    Parameters
    ----------
    kind : str
    rows : iterable of dict
        In the order in which they were recorded.
    """
    names = NAMES[kind]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        name = tuple(row[n] for n in names)
        found.pop(name, None)
        if row["state"] == "in force":
            found[name] = row
    return found


def _in_force(
    connection: Connection,
    metadata: MetaData,
    kind: LineKind,
    knowledge: Knowledge,
    make: Callable[[dict[str, Any]], Made],
    **only: str | None,
) -> Iterator[Made]:
    rows = _rows(connection, metadata, kind, knowledge, **only)
    return map(make, latest(kind.name, rows).values())


def _rows(
    connection: Connection,
    metadata: MetaData,
    kind: LineKind,
    knowledge: Knowledge,
    **only: str | None,
) -> list[dict[str, Any]]:
    for value in only.values():
        if value is not None and not _is_unicode(value):
            raise UsageError(f"{value!r} is not valid Unicode text", "Write it in UTF-8.")
    table = metadata.tables[kind.name]
    conditions: list[ColumnElement[bool]] = [
        table.c[name] == value for name, value in only.items() if value is not None
    ]
    last = resolved(connection, metadata, knowledge).through_act
    if last is not None:
        conditions.append(table.c.act_id <= last)
    fields = [table.c[f.name] for f in kind.own_fields]
    query = (
        select(table.c.act_id, table.c.line_no, *fields)
        .where(*conditions)
        .order_by(table.c.act_id, table.c.line_no)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _day(number: int | None) -> datetime.date | None:
    return None if number is None else number_date(number)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def listed(text: str | None) -> tuple[str, ...]:
    """Return the words of a comma-separated list."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def source_of(row: dict[str, Any]) -> ErrorSource:
    """Return the error source that a line of its table states."""
    return ErrorSource(
        row["source"], row["method"], row["kind"], row["basis"],
        _number(row["relative_sd"]), _number(row["absolute_sd_kg"]),
        row["one_error_per"], row["closing_epoch"],
        _day(row["valid_from"]), _day(row["valid_to"]),
        row["reference"], row["act_id"], row["line_no"],
    )  # fmt: skip


def _stratum_of(row: dict[str, Any]) -> StratumMethod:
    return StratumMethod(
        row["mba"], row["stratum"], row["rank"],
        listed(row["codes"]), listed(row["kmps"]), row["mdc"], listed(row["batches"]),
        listed(row["element_sources"]), listed(row["isotope_sources"]),
        row["samples"] or 1, row["analyses"] or 1, bool(row["items_only"]),
        _day(row["valid_from"]), _day(row["valid_to"]), row["act_id"], row["line_no"],
    )  # fmt: skip


def _result_of(row: dict[str, Any]) -> MeasurementResult:
    return MeasurementResult(
        row["result"], row["mba"], row["batch"], row["method"], row["basis"], row["instrument"],
        number_date(row["measured_on"]), Decimal(row["value"]), row["unit"],
        row["replicates"] or 1, row["source_document"], row["act_id"], row["line_no"],
    )  # fmt: skip


def _calibration_of(row: dict[str, Any]) -> Calibration:
    return Calibration(
        row["method"], row["instrument"], number_date(row["calibrated_on"]), row["standard"],
        row["certificate"], row["act_id"], row["line_no"],
    )  # fmt: skip


def _control_of(row: dict[str, Any]) -> ControlMeasurement:
    reference = row["reference"]
    return ControlMeasurement(
        row["series"], row["kind"], row["method"], row["instrument"], row["session"], row["item"],
        number_date(row["measured_on"]), Decimal(row["measured"]),
        None if reference is None else Decimal(reference), row["unit"],
        row["act_id"], row["line_no"],
    )  # fmt: skip


def _target_of(row: dict[str, Any]) -> TargetValue:
    return TargetValue(
        row["edition"], row["method"], row["material"], row["basis"],
        _number(row["random_percent"]), _number(row["systematic_percent"]), row["conditions"],
        row["verified"] == 1, row["act_id"], row["line_no"],
    )  # fmt: skip
