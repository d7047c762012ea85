"""What rests on a stratum, result, calibration, error source or control measurement.

`explain` turned around, step by step: where it chooses (the stratum that fits first, the last
result until a day, the last calibration before it), the same choice is made here for every line
that could have chosen the node. One stratum may hold all lines of an area: the first
`LINK_LIMIT` of a table are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table, and_, func, or_, select

from keiryo.accounts.ledger import of_batch
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.model import LineKind
from keiryo.journal.registry import Link
from keiryo.measurement.explain import (
    LAST_DAY,
    SAMPLING,
    explain,
    first_that_fits,
    later_calibration,
    ranked,
    results_behind,
)
from keiryo.measurement.in_force import latest, listed
from keiryo.measurement.matching import like_of
from keiryo.measurement.tables import (
    CALIBRATION,
    CONTROL_MEASUREMENT,
    ERROR_SOURCE,
    MEASUREMENT_RESULT,
    STRATUM_METHOD,
)

Row = dict[str, Any]
_BOOKS = ((INVENTORY_CHANGE, "event_date"), (PHYSICAL_INVENTORY, "pit_date"))
_LISTED_AS = ("PE", "PB")
_MOST_READ = 50 * LINK_LIMIT
"""Most lines of a table of the books that are held against the strata of their area."""


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the lines of the books and of measurement that rest on a line of measurement."""
    place = line_of(node)
    if place is None:
        return
    for kind, found in _FOUND:
        table = metadata.tables[kind.name]
        query = select(table).where(table.c.act_id == place[0], table.c.line_no == place[1])
        row = connection.execute(query).mappings().first()
        if row is not None:
            yield from found(connection, metadata, node, dict(row))
            return


def _of_stratum(
    connection: Connection, metadata: MetaData, node: str, stratum: Row
) -> Iterator[Link]:
    """Yield the lines of the books that the stratum is the first to fit."""
    table = metadata.tables[STRATUM_METHOD.name]
    by_rank = ranked(_rows(connection, table, table.c.mba == stratum["mba"]))
    if not any(_same(row, stratum) for row in by_rank):
        return
    for kind, day in _BOOKS:
        lines = metadata.tables[kind.name]
        is_change = kind is INVENTORY_CHANGE
        asked = listed(stratum["codes"])
        if not is_change and asked and not set(asked) & set(_LISTED_AS):
            continue
        query = (
            select(*(lines.c[name] for name in ("act_id", "line_no", day, "kmp", "mdc", "batch")))
            .add_columns(lines.c.code if is_change else lines.c.act_id.label("code"))
            .where(*_could_fit(lines, day, stratum, asked if is_change else ()))
            .order_by(lines.c.act_id, lines.c.line_no)
            .limit(_MOST_READ)
        )
        count = 0
        for act_id, line_no, number, kmp, mdc, batch, code in connection.execute(query):
            codes = (str(code or ""),) if is_change else _LISTED_AS
            chosen = first_that_fits(by_rank, filter(None, codes), (number, kmp, mdc, batch))
            if chosen is not None and _same(chosen, stratum):
                yield Link(f"line:{act_id}/{line_no}", "of the stratum", node)
                count += 1
            if count == LINK_LIMIT:
                break


def _could_fit(
    lines: Table, day: str, stratum: Row, codes: tuple[str, ...]
) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that every line of a stratum meets."""
    yield lines.c.mba == stratum["mba"]
    begins, ends = stratum["valid_from"] or 0, stratum["valid_to"] or LAST_DAY
    yield lines.c[day].between(begins, ends)
    if codes:
        yield lines.c.code.in_(codes)
    if kmps := listed(stratum["kmps"]):
        yield lines.c.kmp.in_(kmps)
    if stratum["mdc"] is not None:
        mdc = func.replace(func.coalesce(lines.c.mdc, ""), "/", "")
        yield mdc.like(like_of(stratum["mdc"].replace("/", "")), escape="\\")
    if names := listed(stratum["batches"]):
        batch = func.coalesce(lines.c.batch, "")
        yield or_(*(batch.like(like_of(name), escape="\\") for name in names))


def _of_result(
    connection: Connection, metadata: MetaData, node: str, result: Row
) -> Iterator[Link]:
    """Yield the lines of the books that the result counts for."""
    table = metadata.tables[MEASUREMENT_RESULT.name]
    mba, batch = result["mba"], result["batch"]
    recorded = _rows(connection, table, table.c.mba == mba, table.c.batch == batch)
    in_force = list(latest(MEASUREMENT_RESULT.name, recorded).values())
    for kind, day in _BOOKS:
        lines = metadata.tables[kind.name]
        query = (
            select(lines.c.act_id, lines.c.line_no, lines.c.measurement, lines.c[day])
            .where(of_batch(connection, metadata, lines, mba, batch))
            .order_by(lines.c.act_id, lines.c.line_no)
            .limit(LINK_LIMIT)
        )
        for act_id, line_no, reference, number in connection.execute(query):
            if any(_same(row, result) for row in results_behind(in_force, reference, number)):
                yield Link(f"line:{act_id}/{line_no}", "measured as", node)


def _of_calibration(
    connection: Connection, metadata: MetaData, node: str, calibration: Row
) -> Iterator[Link]:
    """Yield the results that were measured after it and before the next calibration."""
    table = metadata.tables[CALIBRATION.name]
    recorded = _rows(connection, table, table.c.method == calibration["method"])
    in_force = list(latest(CALIBRATION.name, recorded).values())
    if not any(_same(row, calibration) for row in in_force):
        return
    results = metadata.tables[MEASUREMENT_RESULT.name]
    conditions = [
        results.c.method == calibration["method"],
        results.c.measured_on >= calibration["calibrated_on"],
    ]
    if calibration["instrument"] is not None:
        conditions.append(results.c.instrument == calibration["instrument"])
    first_later: dict[str | None, int] = {}
    for row in in_force:
        if later_calibration(row) > later_calibration(calibration):
            day = first_later.get(row["instrument"], LAST_DAY)
            first_later[row["instrument"]] = min(day, row["calibrated_on"])
    for instrument, day in first_later.items():
        before = results.c.measured_on < day
        other = or_(results.c.instrument.is_(None), results.c.instrument != instrument)
        conditions.append(before if instrument is None else or_(before, other))
    yield from _linked(connection, results, and_(*conditions), "after the calibration", node)


def _of_source(
    connection: Connection, metadata: MetaData, node: str, source: Row
) -> Iterator[Link]:
    """Yield the results and strata that have the error, and the source by its name."""
    table = metadata.tables[ERROR_SOURCE.name]
    recorded = _rows(connection, table, table.c.source == source["source"])
    if not any(_same(row, source) for row in latest(ERROR_SOURCE.name, recorded).values()):
        return
    yield Link(f"source:{source['source']}", "stated in", node)
    relation = "with the error of"
    strata = metadata.tables[STRATUM_METHOD.name]
    either = [
        column.contains(source["source"], autoescape=True)
        for column in (strata.c.element_sources, strata.c.isotope_sources)
    ]
    for row in _rows(connection, strata, or_(*either)):
        if source["source"] in (*listed(row["element_sources"]), *listed(row["isotope_sources"])):
            yield Link(f"line:{row['act_id']}/{row['line_no']}", relation, node)
    if source["method"] is None:
        return
    results = metadata.tables[MEASUREMENT_RESULT.name]
    begins, ends = source["valid_from"] or 0, source["valid_to"] or LAST_DAY
    condition = and_(
        results.c.method == source["method"], results.c.measured_on.between(begins, ends)
    )
    if source["basis"] != SAMPLING:
        condition = and_(condition, results.c.basis == source["basis"])
    yield from _linked(connection, results, condition, relation, node)


def _of_control(
    connection: Connection, metadata: MetaData, node: str, control: Row
) -> Iterator[Link]:
    """Yield the error sources that were estimated from the control measurement."""
    table = metadata.tables[ERROR_SOURCE.name]
    named = table.c.reference.contains(f'series "{control["series"]}"', autoescape=True)
    for row in _rows(connection, table, named):
        links = explain(connection, metadata, f"line:{row['act_id']}/{row['line_no']}")
        yield from (link for link in links if link.target == node)


def _rows(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> list[Row]:
    """Return lines of a table in the order in which they were recorded."""
    query = select(table).where(*conditions).order_by(table.c.act_id, table.c.line_no)
    return [dict(row) for row in connection.execute(query).mappings()]


def _linked(
    connection: Connection, table: Table, condition: ColumnElement[bool], relation: str, node: str
) -> Iterator[Link]:
    """Yield the lines of a table that meet a condition as resting on a node."""
    query = select(table.c.act_id, table.c.line_no).where(condition)
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    for act_id, line_no in connection.execute(query):
        yield Link(f"line:{act_id}/{line_no}", relation, node)


def _same(one: Row, other: Row) -> bool:
    return (one["act_id"], one["line_no"]) == (other["act_id"], other["line_no"])


_FOUND: tuple[tuple[LineKind, Callable[[Connection, MetaData, str, Row], Iterator[Link]]], ...] = (
    (STRATUM_METHOD, _of_stratum),
    (MEASUREMENT_RESULT, _of_result),
    (CALIBRATION, _of_calibration),
    (ERROR_SOURCE, _of_source),
    (CONTROL_MEASUREMENT, _of_control),
)
