"""What a weight in the books rests on: its measurement, the calibration, the error sources.

From a line of the books to the results of its batch that were in force on its day, and to the
stratum that it belongs to; from a result to the calibration that its instrument had then, and to
the error sources of its method; from a stratum to its error sources, which may have no method
(sampling has none); from an error source to the control measurements that its reference names.

A node ``source:NAME`` is an error source with its dated lines in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, or_, select, text

from keiryo.errors import NotFoundError
from keiryo.journal.lines_at import kind_at, line_at
from keiryo.journal.registry import Link
from keiryo.measurement.in_force import error_sources, latest, listed
from keiryo.measurement.matching import line_fits
from keiryo.measurement.outdated import SERIES, measurements_of
from keiryo.measurement.tables import (
    CALIBRATION,
    ERROR_SOURCE,
    MEASUREMENT_RESULT,
    STRATUM_METHOD,
)

LAST_DAY = 99991231
"""Number of the day until which holds what has no end."""
SAMPLING = "sampling"
"""Basis of the error sources that every result of their method has."""
BookLine = tuple[int | None, str | None, str | None, str | None]
"""Day, key measurement point, material description code and batch of a line of the books."""

_OF_BATCH = """
SELECT 'book' AS what, r.act_id, r.line_no, r.mba, r.result, r.batch, r.basis, r.method,
       r.instrument, r.measured_on, r.state, l.{day} AS day, l.measurement AS reference
FROM {table} l JOIN measurement_result r ON r.mba = l.mba AND r.batch = l.batch
WHERE l.act_id = :act AND l.line_no = :line
"""
_NOTHING = "CAST(NULL AS TEXT)"
_LINE = text(
    " UNION ALL ".join(
        (
            _OF_BATCH.format(table="inventory_change", day="event_date"),
            _OF_BATCH.format(table="physical_inventory", day="pit_date"),
            "SELECT 'result', act_id, line_no, mba, result, batch, basis, method, instrument,"
            f" measured_on, state, measured_on, {_NOTHING}"
            " FROM measurement_result WHERE act_id = :act AND line_no = :line",
            f"SELECT 'source', act_id, line_no, {_NOTHING}, source, {_NOTHING}, basis,"
            f" method, {_NOTHING}, valid_from, state, valid_from, reference"
            " FROM error_source WHERE act_id = :act AND line_no = :line",
        )
    )
)
"""All that measurement knows of a line, in one question."""
_BOOK = ("inventory_change", "physical_inventory")
_KINDS = (*_BOOK, MEASUREMENT_RESULT.name, ERROR_SOURCE.name, STRATUM_METHOD.name)
"""Kinds of lines that rest on measurements."""


_OF_STRATUM = """
SELECT '{pb}' AS listed_code, {code} AS booked_code, l.kmp AS kmp, l.mdc AS mdc_of_line,
       l.batch AS batch, l.{day} AS day, m.*
FROM {table} l JOIN stratum_method m ON m.mba = l.mba
WHERE l.act_id = :act AND l.line_no = :line
"""
_STRATA = tuple(
    text(_OF_STRATUM.format(table=table, day=day, code=code, pb=pb))
    for table, day, code, pb in (
        ("inventory_change", "event_date", "l.code", ""),
        ("physical_inventory", "pit_date", "'PE'", "PB"),
    )
)
"""A line of the books beside every stratum line of its area."""


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the measurements that a line, or an error source, rests on."""
    kind, _, name = node.partition(":")
    if kind == "source":
        yield from _source(connection, metadata, node, name)
    if kind != "line":
        return
    act_id, line_no = (int(part) for part in name.split("/"))
    of = kind_at(connection, metadata, _KINDS, (act_id, line_no))
    if of is None:
        return
    place = {"act": act_id, "line": line_no}
    if of == STRATUM_METHOD.name:
        yield from _sources_of_stratum(connection, metadata, node, place)
        return
    if of in _BOOK:
        yield from _stratum(connection, node, place)
    rows = [dict(row) for row in connection.execute(_LINE, place).mappings()]
    if not rows:
        return
    if rows[0]["what"] == "book":
        yield from _results(node, rows)
    elif rows[0]["what"] == "result":
        yield from _behind_result(connection, metadata, node, rows[0])
    else:
        yield from _controls(connection, metadata, node, rows[0])


def _source(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    known = error_sources(connection, metadata)
    if name not in known:
        raise NotFoundError(
            f"there is no error source {name!r} in force",
            "'keiryo measurements sources list' shows their names.",
        )
    for source in known[name]:
        yield Link(node, "stated in", f"line:{source.act}/{source.line}")


def _stratum(connection: Connection, node: str, place: dict[str, int]) -> Iterator[Link]:
    """Yield the stratum that a line of the books belongs to: the first that fits, by rank."""
    for query in _STRATA:
        rows = [dict(row) for row in connection.execute(query, place).mappings()]
        if not rows:
            continue
        first = rows[0]
        codes = tuple(filter(None, (first["booked_code"], first["listed_code"])))
        line = (first["day"], first["kmp"], first["mdc_of_line"], first["batch"])
        found = first_that_fits(ranked(rows), codes, line)
        if found is not None:
            yield Link(node, "of the stratum", f"line:{found['act_id']}/{found['line_no']}")
        return


def ranked(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the stratum lines of an area that are in force, the first to be tried first."""
    recorded = sorted(rows, key=lambda row: (row["act_id"], row["line_no"]))
    return sorted(
        latest(STRATUM_METHOD.name, recorded).values(),
        key=lambda row: (row["rank"], row["stratum"], row["valid_from"] or 0, row["act_id"]),
    )


def first_that_fits(
    by_rank: Sequence[dict[str, Any]], codes: Iterable[str], line: BookLine
) -> dict[str, Any] | None:
    """Return the stratum that a line of the books belongs to, or None.

    Parameters
    ----------
    by_rank : sequence of dict
        From `ranked`.
    codes : iterable of str
        As what the line is looked for: its code; a listing as ending, then as beginning inventory.
    line : tuple
        Day, key measurement point, material description code and batch of the line.
    """
    for code in codes:
        for row in by_rank:
            if _fits(row, code, line):
                return row
    return None


def _fits(row: dict[str, Any], code: str, line: BookLine) -> bool:
    """Return whether a stratum holds a line of the books."""
    day, kmp, material, batch = line
    codes, kmps, batches = (listed(row[name]) for name in ("codes", "kmps", "batches"))
    return (
        day is not None
        and (row["valid_from"] or 0) <= day <= (row["valid_to"] or LAST_DAY)
        and line_fits(codes, kmps, row["mdc"], batches, (code, kmp, material, batch))
    )


def _sources_of_stratum(
    connection: Connection, metadata: MetaData, node: str, place: dict[str, int]
) -> Iterator[Link]:
    row = line_at(connection, metadata, STRATUM_METHOD.name, (place["act"], place["line"]))
    if row is None:
        return
    known = error_sources(connection, metadata)
    named = (*listed(row["element_sources"]), *listed(row["isotope_sources"]))
    for name in dict.fromkeys(named):
        for source in known.get(name, ()):
            yield Link(node, "with the error of", f"line:{source.act}/{source.line}")


def _results(node: str, rows: list[dict[str, Any]]) -> Iterator[Link]:
    """Yield, for each quantity, the last result of the batch up to the day of the line."""
    rows.sort(key=lambda row: (row["act_id"], row["line_no"]))
    found = latest(MEASUREMENT_RESULT.name, rows).values()
    for row in results_behind(found, rows[0]["reference"], rows[0]["day"]):
        yield Link(node, "measured as", f"line:{row['act_id']}/{row['line_no']}")


def results_behind(
    in_force: Iterable[dict[str, Any]], reference: str | None, day: int | None
) -> list[dict[str, Any]]:
    """Return the results that a line of the books rests on.

    Parameters
    ----------
    in_force : iterable of dict
        The results of its batch that are in force.
    reference : str, optional
        The result that the line names.
    day : int, optional
        Its day, as a number. Without a named result the last ones until then count, one for each
        measured quantity.
    """
    found = list(in_force)
    named = [row for row in found if reference and row["result"] == reference]
    if named or day is None:
        return named
    rows = sorted(found, key=lambda r: (r["measured_on"], r["act_id"], r["line_no"]))
    return list({row["basis"]: row for row in rows if row["measured_on"] <= day}.values())


def _behind_result(
    connection: Connection, metadata: MetaData, node: str, row: dict[str, Any]
) -> Iterator[Link]:
    table = metadata.tables[CALIBRATION.name]
    query = (
        select(table)
        .where(
            table.c.method == row["method"],
            table.c.calibrated_on <= row["measured_on"],
            or_(table.c.instrument.is_(None), table.c.instrument == row["instrument"]),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    lines = [dict(line) for line in connection.execute(query).mappings()]
    found = latest(CALIBRATION.name, lines).values()
    if found:
        last = max(found, key=later_calibration)
        yield Link(node, "after the calibration", f"line:{last['act_id']}/{last['line_no']}")
    table = metadata.tables[ERROR_SOURCE.name]
    # A withdrawn line names its method too, and a line may change it: all of a name are asked.
    names = select(table.c.source).where(table.c.method == row["method"])
    query = select(table).where(table.c.source.in_(names)).order_by(table.c.act_id, table.c.line_no)
    lines = [dict(line) for line in connection.execute(query).mappings()]
    for line in latest(ERROR_SOURCE.name, lines).values():
        begins, ends = line["valid_from"] or 0, line["valid_to"] or LAST_DAY
        fits = line["method"] == row["method"] and line["basis"] in (row["basis"], SAMPLING)
        if fits and begins <= row["measured_on"] <= ends:
            yield Link(node, "with the error of", f"line:{line['act_id']}/{line['line_no']}")


def later_calibration(row: dict[str, Any]) -> tuple[int, bool]:
    """Return by what the calibration that a result follows is the greatest of those before it.

    On the same day that of the instrument itself comes after one of the whole method.
    """
    return int(row["calibrated_on"]), row["instrument"] is not None


def _controls(
    connection: Connection, metadata: MetaData, node: str, row: dict[str, Any]
) -> Iterator[Link]:
    """Yield the control measurements that a source was estimated from, as known then."""
    for match in SERIES.finditer(row["reference"] or ""):
        for control in measurements_of(
            connection, metadata, row["result"], row["reference"], match
        ):
            yield Link(node, "estimated from", f"line:{control['act_id']}/{control['line_no']}")
