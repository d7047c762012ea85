"""How a capability joins the posting pipeline.

A capability declares its line kinds (tables of record), its checks and its projections. Nothing
in ``journal``, ``storage`` or ``accounts`` knows it; the application is put together in one place,
`keiryo.capabilities`, and a package of somebody else's joins through the entry-point group
``keiryo.capabilities``.

A *companion* adds the lines that follow, by rule, from those of an act (labels that go with a
shipment), to that act. A *check* runs inside the posting transaction when the lines are already in
their tables and before anything is final. It yields findings, which are attached to the act, or
refusals, after which nothing of the act remains. A *projection* is a table that answers questions
fast; it is defined by the SELECT that builds it from the tables of record, and kept up to date act
by act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keiryo.errors import Finding
from keiryo.journal.model import Actor, Draft, LineKind, Value

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy import Connection, MetaData, Table


@dataclass(frozen=True, slots=True)
class Refusal:
    """A finding because of which the act must not be posted."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Reach:
    """That an act has lines of a kind under a scope, an agreement and a handling caveat."""

    kind: str
    scope: str
    agreement: str | None = None
    caveat: str | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """An act in the middle of its transaction, as checks and projections see it.

    Attributes
    ----------
    connection : sqlalchemy.Connection
        Sees the lines of this act and of all before it.
    act_id : int
    draft : Draft
        The header; its single lines (bulk frames are consumed by now: ask the tables).
    metadata : sqlalchemy.MetaData
    actor : Actor or None
        Who posts.
    reach : frozenset of Reach
        Whose lines the act has, and under which agreement and caveat.
    waiting : dict of str to list
        What a projection gathered from frames and will add at the end, by its name.
    """

    connection: Connection
    act_id: int
    draft: Draft
    metadata: MetaData
    actor: Actor | None = None
    reach: frozenset[Reach] = frozenset()
    waiting: dict[str, list[Any]] = field(default_factory=dict)

    def table(self, kind: str) -> Table:
        """Return the table of a line kind or projection."""
        return self.metadata.tables[kind]

    def lines(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of this act of one kind, in order, as dictionaries."""
        from sqlalchemy import select

        table = self.table(kind)
        query = select(table).where(table.c.act_id == self.act_id).order_by(table.c.line_no)
        for row in self.connection.execute(query).mappings():
            yield dict(row)


Gate = Callable[["Posting"], Iterable[Refusal]]
"""Looks at every act before it is final: may this person do this here?"""

CheckFunction = Callable[[Posting], Iterable[Finding | Refusal]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the posting pipeline.

    Attributes
    ----------
    name : str
    kinds : frozenset of str
        The check runs when the act has a line of one of these kinds.
    function : callable
        Takes a `Posting`, yields findings and refusals.
    """

    name: str
    kinds: frozenset[str]
    function: CheckFunction


Followed = tuple[str, "Mapping[str, Value] | pl.DataFrame"]
"""Lines that follow from others: their kind, and one line or a frame of many."""


@dataclass(frozen=True, slots=True)
class Companion:
    """Lines that follow, by rule, from the lines of an act, and are posted in it.

    Attributes
    ----------
    name : str
    adds : str
        The kind of the lines that it adds.
    kinds : frozenset of str
        It runs when the act has a line of one of these kinds, once the person who posts may
        post them, and before the checks.
    function : callable
        Takes a `Posting`, yields lines, findings and refusals.
    """

    name: str
    adds: str
    kinds: frozenset[str]
    function: Callable[[Posting], Iterable[Followed | Finding | Refusal]]


@dataclass(frozen=True, slots=True)
class Projection:
    """A table derived from tables of record.

    Attributes
    ----------
    name : str
        Table name. The table must have ``scope``, ``agreement``, ``caveat`` and ``through_act``
        (the last act that touched the row).
    table : callable
        Adds the table to a `MetaData` and returns it.
    build : str
        SELECT with the columns of the table, in order, that builds it from scratch.
    apply : callable
        Brings the table up to date after the lines of an act were inserted.
    kinds : frozenset of str
        `apply` runs when the act has a line of one of these kinds.
    apply_frame : callable or None
        Adds lines that were just inserted as a frame, before any check looked at the act; `apply`
        then adds the single lines only (those of ``draft.lines``). None: `apply` adds all.
    """

    name: str
    table: Callable[[MetaData], Table]
    build: str
    apply: Callable[[Posting], None]
    kinds: frozenset[str]
    apply_frame: Callable[[Posting, pl.DataFrame], None] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A connection found by an explainer: `source` rests on `target`, because of `relation`."""

    source: str
    relation: str
    target: str


Explainer = Callable[["Connection", "MetaData", str], Iterable[Link]]
"""Takes a node (e.g. ``"batch:XAFA/CYL30B-4471"``), yields what it rests on."""


@dataclass(frozen=True, slots=True)
class WorkingTable:
    """An ordinary table that may change: accounts, sessions, drafts; no part of the record.

    Attributes
    ----------
    name : str
    table : callable
        Adds the table to a `MetaData` and returns it.
    in_backup : bool
        Whether a backup holds it; sessions and the like end with the server.
    """

    name: str
    table: Callable[[MetaData], Table]
    in_backup: bool = True


@dataclass(frozen=True, slots=True)
class Capability:
    """What a capability brings to the pipeline."""

    name: str
    line_kinds: tuple[LineKind, ...] = ()
    checks: tuple[Check, ...] = ()
    projections: tuple[Projection, ...] = ()
    explainers: tuple[Explainer, ...] = ()
    gates: tuple[Gate, ...] = ()
    working_tables: tuple[WorkingTable, ...] = ()
    companions: tuple[Companion, ...] = ()
    dependents: tuple[Explainer, ...] = ()
    """Explainers turned around: yield the links of which the node is the target."""


@dataclass(frozen=True, slots=True)
class Registry:
    """All capabilities of one application, in order.

    Raises
    ------
    ValueError
        If two capabilities declare the same name of a capability or table.
    """

    capabilities: tuple[Capability, ...]
    kinds: dict[str, LineKind] = field(init=False)

    def __post_init__(self) -> None:
        kinds = {k.name: k for c in self.capabilities for k in c.line_kinds}
        names = [k.name for c in self.capabilities for k in c.line_kinds]
        names += [p.name for p in self.projections]
        names += [t.name for t in self.working_tables]
        double = sorted({n for n in names if names.count(n) > 1})
        if double:
            raise ValueError(f"declared twice: {', '.join(double)}")
        object.__setattr__(self, "kinds", kinds)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, in order of their capabilities."""
        return tuple(check for c in self.capabilities for check in c.checks)

    @property
    def companions(self) -> tuple[Companion, ...]:
        """All companions, in order of their capabilities."""
        return tuple(companion for c in self.capabilities for companion in c.companions)

    @property
    def projections(self) -> tuple[Projection, ...]:
        """All projections, in order of their capabilities."""
        return tuple(projection for c in self.capabilities for projection in c.projections)

    @property
    def explainers(self) -> tuple[Explainer, ...]:
        """All explainers, in order of their capabilities."""
        return tuple(explainer for c in self.capabilities for explainer in c.explainers)

    @property
    def dependents(self) -> tuple[Explainer, ...]:
        """All explainers that were turned around, in order of their capabilities."""
        return tuple(function for c in self.capabilities for function in c.dependents)

    @property
    def gates(self) -> tuple[Gate, ...]:
        """All gates, in order of their capabilities."""
        return tuple(gate for c in self.capabilities for gate in c.gates)

    @property
    def working_tables(self) -> tuple[WorkingTable, ...]:
        """All working tables, in order of their capabilities."""
        return tuple(table for c in self.capabilities for table in c.working_tables)

    def capability_of(self) -> dict[str, str]:
        """Return the capability that declares each line kind and projection, by its name."""
        found = {k.name: c.name for c in self.capabilities for k in c.line_kinds}
        return found | {p.name: c.name for c in self.capabilities for p in c.projections}
