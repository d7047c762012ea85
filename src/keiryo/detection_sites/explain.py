"""What portals, occupancies and measurements rest on in the evidence chain.

Nodes: ``portal:INSTRUMENT``, ``occupancy:INSTRUMENT@START``, ``measurement:DIGEST#N``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData

from keiryo.detection_sites import tables
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Link

PORTAL, OCCUPANCY, MEASUREMENT = "portal:", "occupancy:", "measurement:"

_OF_INSTRUMENT = (
    (tables.DETECTION_INSTRUMENT, "registered in"),
    (tables.DETECTION_DETECTOR, "has the detector of"),
    (tables.DETECTION_SETUP, "set up in"),
    (tables.DETECTION_CHECK, "checked in"),
    (tables.DETECTION_CALIBRATION, "calibrated in"),
    (tables.DETECTION_RESPONSE, "responds as in"),
    (tables.DETECTION_TEST, "tested as planned in"),
    (tables.DETECTION_FILE, "wrote the file of"),
)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a portal, an occupancy or a measurement rests on."""

    def last(kind: str, **wanted: str | int) -> Iterator[str]:
        table = metadata.tables[kind]
        only = [table.c[name] == value for name, value in wanted.items()]
        for row in rows_of(connection, metadata, kind, *only)[-LINK_LIMIT:]:
            yield line_node(row)

    if node.startswith(PORTAL):
        name = node.removeprefix(PORTAL)
        for said, relation in _OF_INSTRUMENT:
            for line in last(said.name, instrument=name):
                yield Link(node, relation, line)
        table = metadata.tables[tables.DETECTION_TEST.name]
        rows = rows_of(connection, metadata, table.name, table.c.instrument == name)
        for test in dict.fromkeys(row["test"] for row in rows[-LINK_LIMIT:]):
            for line in last(tables.DETECTION_TRIAL.name, test=test):
                yield Link(node, "tried in", line)
    elif node.startswith(OCCUPANCY):
        name, _, start = node.removeprefix(OCCUPANCY).partition("@")
        table = metadata.tables[tables.DETECTION_OCCUPANCY.name]
        only = (table.c.instrument == name, table.c.start == start)
        rows = rows_of(connection, metadata, table.name, *only)
        for row in rows[-1:]:
            yield Link(node, "recorded in", line_node(row))
            for line in last(tables.DETECTION_FILE.name, digest=row["digest"]):
                yield Link(node, "read from the file of", line)
            yield Link(node, "seen by", f"{PORTAL}{name}")
    elif node.startswith(MEASUREMENT):
        digest, _, number = node.removeprefix(MEASUREMENT).partition("#")
        if number.isascii() and number.isdigit() and len(number) < 10:
            kind = tables.DETECTION_MEASUREMENT.name
            for line in last(kind, digest=digest, number=int(number)):
                yield Link(node, "recorded in", line)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the portal, occupancy or measurement that rests on a line."""
    if (place := line_of(node)) is None:
        return
    row = line_at(connection, metadata, tables.DETECTION_OCCUPANCY.name, place)
    if row is not None:
        yield Link(f"{OCCUPANCY}{row['instrument']}@{row['start']}", "recorded in", node)
    row = line_at(connection, metadata, tables.DETECTION_MEASUREMENT.name, place)
    if row is not None:
        yield Link(f"{MEASUREMENT}{row['digest']}#{row['number']}", "recorded in", node)
    for kind, relation in _OF_INSTRUMENT:
        row = line_at(connection, metadata, kind.name, place)
        if row is not None:
            yield Link(f"{PORTAL}{row['instrument']}", relation, node)
