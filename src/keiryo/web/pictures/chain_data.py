"""What the boxes of an evidence chain say: the two lines of text for each kind of node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, select, tuple_

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, REPORTED_BALANCE, effective
from keiryo.dates import number_date
from keiryo.journal.dependents import line_of
from keiryo.journal.registry import Registry
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.schema import ACT
from keiryo.web.pictures.chain_folding import GraphNode, kind_of
from keiryo.web.pictures.writing import PLAIN, Writing

MOST_NODES = 1_000
_AT_ONCE = 200
_ENTRIES = (INVENTORY_CHANGE.name, PHYSICAL_INVENTORY.name, REPORTED_BALANCE.name)
_DAYS = ("event_date", "pit_date", "measured_on", "calibrated_on", "period_to", "valid_from")
_NAMES = ("batch", "batch_uid", "result", "source", "stratum", "name")
_FIGURE = re.compile(r"([^/]+)/([0-9-]{10})\.\.([0-9-]{10})/([A-Z]{2,4})/([A-Z])")


def described(
    connection: Connection,
    metadata: MetaData,
    registry: Registry,
    names: Iterable[str],
    *,
    writing: Writing = PLAIN,
    kinds: Mapping[str, str] | None = None,
    roles: Callable[[str], str] = str,
) -> list[GraphNode]:
    """Return what the boxes of some nodes say.

    Parameters
    ----------
    connection, metadata, registry
        An open reading transaction, the tables, and the kinds of lines.
    names : iterable of str
        Names of nodes as in ``keiryo.journal.why``, those that are shown first: of the first
        `MOST_NODES` the words are read from the books, the others' names say what they can.
    writing : Writing
        How weights and days are written.
    kinds : mapping, optional
        The kinds of lines in words, by the names of their tables.
    roles : callable
        Says what a file is to its act in the language of the page.
    """
    every = list(dict.fromkeys(names))
    wanted = every[:MOST_NODES]
    lines = dict(_lines(connection, metadata, registry, wanted, writing, kinds or {}))
    acts = dict(_acts(connection, metadata, wanted))
    files = dict(_files(connection, metadata, wanted, roles))
    found = []
    for name in every:
        known = lines.get(name) or acts.get(name) or files.get(name)
        found.append(known or _by_name(name))
    return found


def _by_name(name: str) -> GraphNode:
    """Return the words of a node whose name says it all."""
    kind, rest = kind_of(name), name.partition(":")[2] or name
    if kind == "figure" and (match := _FIGURE.fullmatch(rest)):
        mba, start, end, code, category = match.groups()
        return GraphNode(name, f"{mba} {code} {category}", f"{start} – {end}", kind)
    if kind == "batch":
        mba, _, batch = rest.partition("/")
        return GraphNode(name, batch or rest, mba if batch else "", kind)
    if kind == "evaluation":
        mba, _, period = rest.partition("/")
        return GraphNode(name, mba, period.replace("..", " – ").replace("/", " "), kind)
    if kind in ("act", "evidence", "line"):  # nothing more is known, or may be seen
        return GraphNode(name, f"{kind} {rest[:20]}", "", kind)
    return GraphNode(name, rest, "", kind)


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(items), _AT_ONCE):
        yield items[begin : begin + _AT_ONCE]


def _lines(
    connection: Connection,
    metadata: MetaData,
    registry: Registry,
    names: Sequence[str],
    writing: Writing,
    kinds: Mapping[str, str],
) -> Iterator[tuple[str, GraphNode]]:
    places = [place for name in names if (place := line_of(name))]
    for some in _chunks(places):
        for kind in registry.kinds:
            table = metadata.tables[kind]
            query = select(table).where(tuple_(table.c.act_id, table.c.line_no).in_(some))
            if kind in _ENTRIES:
                query = query.add_columns(effective(table, Knowledge()).label("counts"))
            for row in connection.execute(query).mappings():
                name = f"line:{row['act_id']}/{row['line_no']}"
                yield name, _of_line(name, kinds.get(kind, kind.replace("_", " ")), row, writing)


def _of_line(name: str, kind: str, row: Mapping[Any, Any], writing: Writing) -> GraphNode:
    """Return the words of a line: what it is of, then its weight and day."""
    named = next((str(row[key]) for key in _NAMES if row.get(key) not in (None, "")), "")
    place = "/".join(str(row[key]) for key in ("mba", "report_no") if row.get(key) is not None)
    code = row.get("code")
    title = (f"{code} {named or place}" if code else named or f"{kind} {place}").strip()
    parts = []
    if row.get("element_mg") is not None:
        parts.append(writing.weight(int(row["element_mg"])))
    day = next((row[key] for key in _DAYS if row.get(key)), None)
    if day is not None:
        parts.append(_day(int(day), writing))
    if code or named:
        parts.append(kind)
    return GraphNode(name, title, " · ".join(parts), "line", not row.get("counts", True))


def _day(number: int, writing: Writing) -> str:
    try:
        return writing.day(number_date(number))
    except ValueError:
        return str(number)


def _acts(
    connection: Connection, metadata: MetaData, names: Sequence[str]
) -> Iterator[tuple[str, GraphNode]]:
    table = metadata.tables[ACT]
    wanted = [int(n[4:]) for n in names if n.startswith("act:") and n[4:].isdecimal()]
    for some in _chunks([number for number in wanted if number < 2**63]):
        query = select(table.c.act_id, table.c.kind, table.c.person, table.c.recorded_at)
        for row in connection.execute(query.where(table.c.act_id.in_(some))).mappings():
            detail = f"{str(row['recorded_at'])[:10]} · {row['person']}"
            name = f"act:{row['act_id']}"
            yield name, GraphNode(name, f"{row['act_id']} {row['kind']}", detail, "act")


def _files(
    connection: Connection,
    metadata: MetaData,
    names: Sequence[str],
    roles: Callable[[str], str],
) -> Iterator[tuple[str, GraphNode]]:
    table = metadata.tables[EVIDENCE.name]
    wanted = [name.partition(":")[2] for name in names if name.startswith("evidence:")]
    for some in _chunks(wanted):
        query = select(table.c.digest, table.c.name, table.c.role)
        query = query.where(table.c.digest.in_(some)).order_by(table.c.act_id, table.c.line_no)
        for row in connection.execute(query).mappings():
            name = f"evidence:{row['digest']}"
            detail = " · ".join(filter(None, (roles(row["role"] or ""), str(row["digest"])[:12])))
            yield name, GraphNode(name, str(row["name"] or row["digest"]), detail, "evidence")
