"""The evidence chain in the other direction: what rests on an act, a line, a report, a file.

Where `keiryo.journal.why` asks an object what it rests on, this module asks who rests on the
object. Both speak of the same links: a `Link` found here has the object as its ``target``. Each
capability registers a function that inverts its explainer; acts, lines and evidence are known
here. The answer is one step; whoever walks on asks again.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.registry import Link, Registry
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.schema import ACT

_LINE = re.compile(r"line:([0-9]{1,18})/([0-9]{1,18})")

LINK_LIMIT = 1_000
"""Most links of one relation that are read from the books; an act may have a million lines."""


def line_of(node: str) -> tuple[int, int] | None:
    """Return the act and the number of the line that a node names, or None.

    Examples
    --------
    >>> line_of("line:3/5"), line_of("act:3"), line_of("line:3")
    ((3, 5), None, None)
    """
    match = _LINE.fullmatch(node)
    return None if match is None else (int(match[1]), int(match[2]))


def dependents(
    connection: Connection,
    metadata: MetaData,
    registry: Registry,
    node: str,
    limit: int = LINK_LIMIT,
) -> list[Link]:
    """Return what rests directly on a node.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    registry : Registry
        Its ``dependents`` know the relations of their capabilities.
    node : str
        E.g. ``"act:8"``, ``"line:3/5"``, ``"report:XAFA/102"``, ``"evidence:DIGEST"``.
    limit : int
        Most links; one more than is shown tells whether there are more.

    Returns
    -------
    list of Link
        Each with `node` as its target, each once, in an order that stays.
    """
    return list(islice(_found(connection, metadata, registry, node), max(limit, 0)))


def _found(
    connection: Connection, metadata: MetaData, registry: Registry, node: str
) -> Iterator[Link]:
    seen = set()
    for link in _own(connection, metadata, registry, node):
        if link not in seen:
            seen.add(link)
            yield link
    for function in registry.dependents:
        for link in function(connection, metadata, node):
            if link not in seen:
                seen.add(link)
                yield link


def _own(
    connection: Connection, metadata: MetaData, registry: Registry, node: str
) -> Iterator[Link]:
    kind, _, name = node.partition(":")
    if kind == "act" and name.isdecimal() and len(name) <= 18:
        act = metadata.tables[ACT]
        query = select(act.c.act_id).where(act.c.corrects == int(name)).order_by(act.c.act_id)
        for (act_id,) in connection.execute(query.limit(LINK_LIMIT)):
            yield Link(f"act:{act_id}", "corrects", node)
        for line_no in _lines_of(connection, metadata, registry, int(name)):
            yield Link(f"line:{name}/{line_no}", "recorded in", node)
    elif kind == "evidence":
        table = metadata.tables[EVIDENCE.name]
        query = select(table.c.act_id).distinct().where(table.c.digest == name)
        for (act_id,) in connection.execute(query.order_by(table.c.act_id).limit(LINK_LIMIT)):
            yield Link(f"act:{act_id}", "with evidence", node)


def _lines_of(
    connection: Connection, metadata: MetaData, registry: Registry, act_id: int
) -> list[int]:
    """Return the numbers of the first lines of an act, whatever their kind."""
    found: list[int] = []
    for kind in registry.kinds:
        table = metadata.tables[kind]
        query = select(table.c.line_no).where(table.c.act_id == act_id).order_by(table.c.line_no)
        found += [int(row[0]) for row in connection.execute(query.limit(LINK_LIMIT))]
    return sorted(found)[:LINK_LIMIT]


@dataclass(slots=True)
class Following:
    """What rests on a node, some steps on.

    Attributes
    ----------
    links : list of Link
    truncated : bool
        Whether there is more than was read.
    """

    links: list[Link] = field(default_factory=list)
    truncated: bool = False


def following(
    connection: Connection,
    metadata: MetaData,
    registry: Registry,
    node: str,
    *,
    steps: int = 2,
    limit: int = 400,
) -> Following:
    """Walk from a node to what rests on it.

    Parameters
    ----------
    connection, metadata, registry
        As for `dependents`.
    node : str
    steps : int
        How far to walk.
    limit : int
        Most links altogether.
    """
    result = Following()
    seen, waiting = {node}, deque([(node, 0)])
    while waiting:
        current, taken = waiting.popleft()
        if taken >= steps:
            continue
        room = limit - len(result.links)
        links = dependents(connection, metadata, registry, current, room + 1)
        if len(links) > room:
            result.truncated = True
            links = links[:room]
        result.links += links
        for link in links:
            if link.source not in seen:
                seen.add(link.source)
                waiting.append((link.source, taken + 1))
        if result.truncated:
            break
    return result
