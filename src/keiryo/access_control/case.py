"""What other systems recorded, to be held against records of access: the ledger, orders, seals.

Times are nanoseconds of UTC. A record whose instant is not known has a time from start to end: the
ledger often knows the day only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

NS = 1_000_000_000
HOUR_NS = 3600 * NS


@dataclass(frozen=True, slots=True)
class Transfer:
    """That material was moved, or otherwise changed, as the ledger has it.

    Attributes
    ----------
    id : str
    start_ns, end_ns : int
        When it happened; the same for an instant.
    origin, destination : str or None
        Areas of access control; None: outside of them.
    items : tuple of str
        Batches or items that it concerns.
    by : str or None
        Who entered it.
    authorised_by : str or None
        The reference of an authorisation that stands with it.
    """

    id: str
    start_ns: int
    end_ns: int
    origin: str | None
    destination: str | None
    items: tuple[str, ...] = ()
    by: str | None = None
    authorised_by: str | None = None


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """Work that was planned and authorised: areas, a time, and who and what it is about.

    Attributes
    ----------
    id : str
    areas : tuple of str
    start_ns, end_ns : int
    items, persons : tuple of str
        Empty: any.
    authorised_by : str or None
    """

    id: str
    areas: tuple[str, ...]
    start_ns: int
    end_ns: int
    items: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    authorised_by: str | None = None


@dataclass(frozen=True, slots=True)
class SealAct:
    """That a seal was attached to something, or detached."""

    id: str
    start_ns: int
    end_ns: int
    seal: str
    item: str
    attached: bool
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """An event of a camera or item monitor.

    Attributes
    ----------
    id, system, area : str
    start_ns, end_ns : int
    clock_ns : int
        How far the clock of the system may be off.
    """

    id: str
    system: str
    area: str
    start_ns: int
    end_ns: int
    clock_ns: int = 0


@dataclass(frozen=True, slots=True)
class QuietTime:
    """A time in which nobody has anything to do in an area, from start and before end."""

    area: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class ItemCheck:
    """A daily administrative check: which items were found in an area."""

    id: str
    area: str
    at_ns: int
    items: frozenset[str]


@dataclass(frozen=True, slots=True)
class Location:
    """Where the ledger has an item, from start and before end."""

    item: str
    area: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class PortalAlarm:
    """An alarm of a portal monitor, and when it was adjudicated."""

    id: str
    portal: str
    at_ns: int
    adjudicated_ns: int | None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between what was expected and what was found.

    Attributes
    ----------
    id : str
    at_ns : int
    area : str
    value : float
    sd : float or None
        Its standard deviation, if it is known.
    custodian, shift : str or None
    """

    id: str
    at_ns: int
    area: str
    value: float
    sd: float | None = None
    custodian: str | None = None
    shift: str | None = None


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """By how much the clock of a system was off, and what it may be."""

    id: str
    system: str
    at_ns: int
    offset_ns: int
    limit_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """That something recorded was changed afterwards.

    Attributes
    ----------
    id, what : str
    entered_by, changed_by : str or None
    approved_ns : int or None
        When it had been approved; None: it had not.
    changed_ns : int
    """

    id: str
    what: str
    entered_by: str | None
    changed_by: str | None
    approved_ns: int | None
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Tolerances of a facility.

    Attributes
    ----------
    order_ns : int
        Around the time of a work order.
    seal_ns : int
        Between an act on a seal and the ledger.
    monitor_ns : int
        Between an event of a camera and somebody's presence.
    portal_ns : int
        Within which an alarm is adjudicated.
    clock_ns : int
        How far a clock may be off where its check names no limit of its own.
    trend_alpha : Fraction
        How rarely a trend may be told that is none.
    trend_least : int
        So many differences at least.
    hours : mapping of str to int
        Within how many hours an irregularity is to be resolved, by the category of the material.
    """

    order_ns: int = 0
    seal_ns: int = 24 * HOUR_NS
    monitor_ns: int = 60 * NS
    portal_ns: int = HOUR_NS
    clock_ns: int = 5 * NS
    trend_alpha: Fraction = Fraction(1, 100)
    trend_least: int = 8
    hours: Mapping[str, int] = field(
        default_factory=lambda: {"I": 4, "II": 24, "III": 72, "PMP": 168}
    )


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that is held against records of access.

    Attributes
    ----------
    start_ns, end_ns : int
        The time that is looked at.
    two_person_areas : frozenset of str
    categories : mapping of str to str
        The category of the material in each area.
    places : mapping of str to str
        The area of access control of a place of the ledger, ``XFAA`` or ``XFAA:1``, and of a
        camera, ``camera:CAM-01``.
    given : frozenset of str
        Which kinds of records were given at all: without work orders nothing is told of them.
    """

    start_ns: int
    end_ns: int
    transfers: tuple[Transfer, ...] = ()
    work_orders: tuple[WorkOrder, ...] = ()
    seal_acts: tuple[SealAct, ...] = ()
    seen: tuple[Seen, ...] = ()
    quiet_times: tuple[QuietTime, ...] = ()
    item_checks: tuple[ItemCheck, ...] = ()
    locations: tuple[Location, ...] = ()
    portal_alarms: tuple[PortalAlarm, ...] = ()
    differences: tuple[Difference, ...] = ()
    clock_checks: tuple[ClockCheck, ...] = ()
    edits: tuple[Edit, ...] = ()
    two_person_areas: frozenset[str] = frozenset()
    categories: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    places: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
