"""The evidence chain: what a figure, batch or item rests on, back to first receipt.

Nodes have names: ``figure:MBA/FROM..TO/CODE/CATEGORY``, ``batch:UID``, ``line:ACT/LINE``,
``act:ACT``, ``report:MBA/NUMBER``, ``evidence:DIGEST``. Each capability adds an explainer that
says what a node rests on; this module walks, collects, and knows acts, lines and evidence itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, RowMapping, select

from keiryo.errors import NotFoundError
from keiryo.journal.lines_at import LinesAt, one_walk
from keiryo.journal.model import Act
from keiryo.journal.reading import act as read_act
from keiryo.journal.registry import Link, Registry
from keiryo.journal.tables import EVIDENCE

NODE_LIMIT = 20_000
MOST_FILES = 100
"""Files of an act that are walked to; images of a camera come in by the thousand."""


@dataclass(slots=True)
class Chain:
    """What an object rests on.

    Attributes
    ----------
    node : str
        Where the walk began.
    links : list of Link
    acts : dict of int to Act
    lines : dict of (act, line) to (kind, values)
    evidence : dict of digest to evidence line values
    truncated : bool
        Whether the walk stopped at its limit.
    """

    node: str
    links: list[Link] = field(default_factory=list)
    acts: dict[int, Act] = field(default_factory=dict)
    lines: dict[tuple[int, int], tuple[str, dict[str, Any]]] = field(default_factory=dict)
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)
    truncated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the chain as plain data, everything in order."""
        return {
            "node": self.node,
            "acts": [_act_dict(self.acts[number]) for number in sorted(self.acts)],
            "lines": [
                {"act": a, "line": n, "kind": kind, "values": values}
                for (a, n), (kind, values) in sorted(self.lines.items())
            ],
            "reports": self.reports(),
            "evidence": [
                {"digest": digest, **values} for digest, values in sorted(self.evidence.items())
            ],
            "links": [
                {"from": link.source, "relation": link.relation, "to": link.target}
                for link in self.links
            ],
            "truncated": self.truncated,
        }

    def reports(self) -> list[dict[str, Any]]:
        """The reports among the lines."""
        return [
            {"act": a, **{k: v for k, v in values.items() if k != "scope"}}
            for (a, _), (kind, values) in sorted(self.lines.items())
            if kind == "report"
        ]


def why(
    connection: Connection,
    metadata: MetaData,
    registry: Registry,
    node: str,
    *,
    limit: int = NODE_LIMIT,
) -> Chain:
    """Walk from `node` to everything it rests on.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    registry : Registry
        Its explainers say what a node rests on.
    node : str
    limit : int
        Most nodes to visit.

    Raises
    ------
    NotFoundError
        If nothing is recorded about the node.
    """
    chain = Chain(node)
    seen, waiting = {node}, deque([node])
    with one_walk(connection, metadata) as lines:
        while waiting:
            current = waiting.popleft()
            links = list(_own_links(connection, metadata, lines, chain, current))
            for explainer in registry.explainers:
                links += explainer(connection, metadata, current)
            chain.links += links
            for link in links:
                if link.target in seen:
                    continue
                if len(seen) >= limit:
                    chain.truncated = True
                    continue
                seen.add(link.target)
                waiting.append(link.target)
    if not chain.links and not chain.acts and not chain.lines and not chain.evidence:
        raise NotFoundError(
            f"nothing is recorded about {node}",
            "Name a figure (XAFA/MF/E), a batch (XAFA/NAME), report:XAFA/102 or act:12.",
        )
    return chain


def _own_links(
    connection: Connection,
    metadata: MetaData,
    lines: LinesAt,
    chain: Chain,
    node: str,
) -> Iterator[Link]:
    kind, _, name = node.partition(":")
    if kind == "line":
        act_id, line_no = (int(part) for part in name.split("/"))
        stored = lines.at((act_id, line_no))
        if stored is not None:
            kept = {k: v for k, v in stored[1].items() if v is not None}
            chain.lines[act_id, line_no] = stored[0], kept
            yield Link(node, "recorded in", f"act:{act_id}")
    elif kind == "act" and name.isdecimal():
        act = read_act(connection, metadata, int(name))
        chain.acts[act.act_id] = act
        if act.corrects is not None:
            yield Link(node, "corrects", f"act:{act.corrects}")
        table = metadata.tables[EVIDENCE.name]
        query = select(table).where(table.c.act_id == act.act_id).order_by(table.c.line_no)
        rows = connection.execute(query.limit(MOST_FILES + 1)).mappings().all()
        chain.truncated |= len(rows) > MOST_FILES
        for row in rows[:MOST_FILES]:
            chain.evidence.setdefault(row["digest"], _evidence(row))
            yield Link(node, "with evidence", f"evidence:{row['digest']}")
    elif kind == "evidence" and name not in chain.evidence:  # it rests on nothing further
        table = metadata.tables[EVIDENCE.name]
        query = select(table).where(table.c.digest == name).order_by(table.c.act_id).limit(1)
        for row in connection.execute(query).mappings():
            chain.evidence[name] = _evidence(row)


def _evidence(row: RowMapping) -> dict[str, Any]:
    names = ("name", "size_bytes", "role", "received_at", "kept")
    return {**{name: row[name] for name in names}, "act": row["act_id"]}


def _act_dict(act: Act) -> dict[str, Any]:
    names = ("kind", "recorded_at", "person", "on_behalf_of", "reason", "corrects", "digest")
    return {"act": act.act_id, **{name: getattr(act, name) for name in names}}
