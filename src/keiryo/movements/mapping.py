"""The mapping file: what the columns of somebody else's movement file mean in the books.

A plant system or a simulator writes one row per item that enters or leaves an area. Its names are
its own; the mapping says which area is which material balance area, which form and material has
which category and material description, and what each movement is in safeguards accounting. A
new source of data needs a new mapping and no code.

The graph of the mapping has three kinds of nodes: *areas* that hold items, *processes* between
areas in which items lose their identity, and *outside*. Each movement belongs to one *flow*
between two nodes. The vocabulary of the entries is that of Code 10, label 411.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

OUTSIDE = "outside"
"""The node beyond the mapped areas: other parties, other States, the starting point."""

WEIGHT_DECIMALS = {"t": 12, "kg": 9, "g": 6, "mg": 3}
"""Decimals that make a weight in a unit an integer of micrograms."""

FRACTION_DECIMALS = {"1": 9, "percent": 7}
"""Decimals that make a mass fraction an integer of parts per thousand million."""


@dataclass(frozen=True, slots=True)
class Element:
    """Where the file states an element: as a mass fraction of the gross weight, or as a weight.

    Attributes
    ----------
    symbol : str
        ``"U"``, ``"Pu"`` or ``"Th"``.
    fraction, weight : str or None
        Column with the mass fraction, or with the element weight. One of them.
    fissile_fraction, fissile_weight : str or None
        The same for the fissile weight, if it is given.
    fissile_basis : str
        What the fissile weight stands for.
    """

    symbol: str
    fraction: str | None = None
    weight: str | None = None
    fissile_fraction: str | None = None
    fissile_weight: str | None = None
    fissile_basis: str = "U-235"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that it needs."""
        names = (self.fraction, self.weight, self.fissile_fraction, self.fissile_weight)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True, slots=True)
class TimeRule:
    """How the time column becomes a day and a period.

    Attributes
    ----------
    kind : str
        ``"week"`` or ``"day"`` (numbers counted from `zero`), or ``"date"`` (days of the calendar).
    zero : datetime.date
        First day of week 0, or day 0. Periods are weeks counted from here, whatever the kind.
    weekday : int
        Day of the week (1 for its first) on which the events of a week are dated.
    """

    kind: str = "week"
    zero: datetime.date = datetime.date(2024, 1, 1)
    weekday: int = 1

    def period_end(self, period: int) -> datetime.date:
        """Return the last day of a period."""
        return self.zero + datetime.timedelta(days=7 * period + 6)

    def period_of(self, day: datetime.date) -> int:
        """Return the period that a day lies in."""
        return (day - self.zero).days // 7

    def event_day(self, period: int) -> datetime.date:
        """Return the day on which the events of a week are dated."""
        return self.zero + datetime.timedelta(days=7 * period + self.weekday - 1)


@dataclass(frozen=True, slots=True)
class Area:
    """An area of the source and the material balance area that it is, or is part of."""

    facility: str
    area: str
    code: str
    mba: str
    type: str = "item"
    name: str | None = None
    kmp: str | None = None
    zone: str = "UTC"

    @property
    def node(self) -> str:
        """Name of the node in flows."""
        return f"{self.facility}/{self.area}"


@dataclass(frozen=True, slots=True)
class Material:
    """A material of the source: its category and what is known of its composition.

    Attributes
    ----------
    category : str
        Category of its uranium: N, D, E or U; ``"auto"``: by enrichment, each item for itself.
        Plutonium and thorium have their own.
    tolerance : str
        How far from 0.00711 the enrichment of natural uranium may lie, as decimal text.
    fractions : mapping of str to str
        Mass fractions by ``"U"``, ``"U-235"``, ``"Pu"``, ``"Th"`` for bulk stores, which state
        none of their own.
    """

    name: str
    category: str
    tolerance: str = "0"
    fractions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ItemKind:
    """Items of one form and material: how they are named and described."""

    form: str
    material: str
    prefix: str
    mdc: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What a movement between two nodes is in the books.

    Attributes
    ----------
    source, target : str
        Nodes: ``facility/area``, the MBA code of a process, or ``"outside"``.
    code : str or None
        Type of inventory change for flows from and to outside (RS, RF, SF ...). Between MBAs a
        flow is a shipment SD and a receipt RD; inside one MBA it is no inventory change.
    party : str or None
        Label 370 or 372 of the other side for RF and SF.
    forms, materials : tuple of str
        Only these; empty for all.
    irradiation : bool
        The items come out of a reactor: what the element lost on the way is nuclear loss.
    """

    source: str
    target: str
    code: str | None = None
    party: str | None = None
    forms: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    irradiation: bool = False

    def takes(self, form: str, material: str) -> bool:
        """Whether items of this form and material go this way."""
        return (not self.forms or form in self.forms) and (
            not self.materials or material in self.materials
        )


@dataclass(frozen=True, slots=True)
class Store:
    """A bulk store inside a process.

    Attributes
    ----------
    name : str
        As the bulk file has it.
    role : str
        ``"feed"`` takes what enters, ``"product"`` gives what leaves, ``"both"``, ``"lost"``.
    counts : tuple of str
        What its quantity is, ``("U",)`` or ``("U", "U-235")`` for weights of isotopes.
    material : str or None
        Material whose fractions turn the quantity, a gross weight, into element weights.
    """

    name: str
    role: str
    counts: tuple[str, ...] = ()
    material: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process between areas, in which items are used up and others made.

    Attributes
    ----------
    facility : str
        Facility of the source, in whose bulk stores the material lies.
    code, mba : str
        Codes of facility and MBA in the books.
    feed_delay : int
        Weeks between a departure to the process and its arrival there.
    stores : tuple of Store
    inventory : str
        ``"stores"``: what the stores hold; ``"pending"``: items that went in and, by genealogy,
        are not used up yet; ``"none"``.
    genealogy : str
        ``"pool"``: what goes in merges and what comes out is drawn from it; ``"split"``: each
        item becomes `ratio` items in order; ``"merge"``: `ratio` items in order become one.
    ratio : int
    tolerance_mg : int
        How far the gross weights of the two sides of a split or merger may differ.
    category : str
        Category of the uranium in the process; other products are category changes.
    """

    facility: str
    code: str
    mba: str
    name: str | None = None
    zone: str = "UTC"
    feed_delay: int = 0
    stores: tuple[Store, ...] = ()
    inventory: str = "none"
    genealogy: str = "pool"
    ratio: int = 1
    tolerance_mg: int = 0
    category: str = "N"
    mdc: str = "R/O/O/E"

    @property
    def node(self) -> str:
        """Name of the node in flows: the MBA code."""
        return self.mba


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file, validated."""

    name: str
    text: str
    columns: dict[str, str]
    constants: dict[str, str]
    elements: tuple[Element, ...]
    time: TimeRule
    entering: tuple[str, ...]
    leaving: tuple[str, ...]
    areas: tuple[Area, ...]
    materials: tuple[Material, ...]
    kinds: tuple[ItemKind, ...]
    flows: tuple[Flow, ...]
    processes: tuple[Process, ...] = ()
    delimiter: str = ","
    weight_unit: str = "kg"
    fraction_unit: str = "1"
    rounding: str | None = None
    begins_empty: bool = True
    closing: str | None = "half-year"
    inventory: dict[str, str] = field(default_factory=dict)
    bulk: dict[str, str] = field(default_factory=dict)
    bulk_unit: str = "kg"
    ignored_stores: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the mapping file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def nodes(self) -> dict[str, Area | Process]:
        """Areas and processes by node name."""
        return {n.node: n for n in self.places}

    @property
    def places(self) -> tuple[Area | Process, ...]:
        """Areas, then processes."""
        return (*self.areas, *self.processes)

    @property
    def mbas(self) -> tuple[str, ...]:
        """All MBA codes, each once, in the order of the mapping."""
        return tuple(dict.fromkeys(n.mba for n in self.places))

    def material(self, name: str) -> Material:
        """Return a material by name."""
        return next(m for m in self.materials if m.name == name)

    def process(self, mba: str) -> Process:
        """Return a process by its MBA code."""
        return next(p for p in self.processes if p.mba == mba)

    def is_process(self, node: str) -> bool:
        """Whether a node is a process."""
        return any(p.node == node for p in self.processes)

    def flow(self, node: str, form: str, material: str, *, entering: bool) -> Flow | None:
        """Return the flow that a movement at a node belongs to, or None."""
        for flow in self.flows:
            if (flow.target if entering else flow.source) == node and flow.takes(form, material):
                return flow
        return None

    def ignores(self, store: str) -> bool:
        """Whether a store of the bulk file holds no nuclear material."""
        return any(fnmatchcase(store, pattern) for pattern in self.ignored_stores)

    def component(self, node: str) -> int:
        """Return a number that all areas share between which items keep their identity."""
        links = [
            {f.source, f.target}
            for f in self.flows
            if OUTSIDE not in (f.source, f.target)
            and not self.is_process(f.source)
            and not self.is_process(f.target)
        ]
        found = {node}
        while more := [pair for pair in links if pair & found and not pair <= found]:
            found = found.union(*more)
        return min(i for i, area in enumerate(self.areas) if area.node in found)
