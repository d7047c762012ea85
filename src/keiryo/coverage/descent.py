"""Where the material of an item came from, as far as its continuity of knowledge goes back.

A batch that was split, merged or received inherits the past of what it was made of. The books
know the day on which it became; the instant is that at which it was put into its containment, or
at which its parent left its own, if they lie on that day; else the end of the day. Material that
went through the pool of a bulk area was processed and is measured anew where it leaves the pool:
it inherits nothing through it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import BATCH, GENEALOGY
from keiryo.containment.instants import day_begins
from keiryo.containment.register import Interval
from keiryo.dates import DateError, number_date

POOL = "pool"
_SOME = 500
"""Most identities in one query."""


@dataclass(frozen=True, slots=True)
class Parent:
    """That a batch came from another on a day."""

    uid: str
    day: date
    relation: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A batch, and what it came from.

    Attributes
    ----------
    uid, mba : str
    name : str
    kind : str
        ``batch``, ``item`` or ``pool``.
    born : datetime.date or None
        Day from which it exists.
    parents : tuple of Parent
        None through a pool.
    """

    uid: str
    mba: str
    name: str
    kind: str = "batch"
    born: date | None = None
    parents: tuple[Parent, ...] = ()


@dataclass(frozen=True, slots=True)
class Became:
    """That a batch came from another, and until which instant it shares the other's past."""

    parent: str
    at: datetime
    day: date


def origins(
    connection: Connection,
    metadata: MetaData,
    uids: Iterable[str],
    *,
    known_on: date | None = None,
    through_act: int | None = None,
) -> dict[str, Origin]:
    """Return batches and all that they came from, by identity.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    uids : iterable of str
    known_on : datetime.date, optional
        Only what had happened by this day; default: everything.
    through_act : int, optional
        Only what had been recorded with this act; default: everything.
    """
    found: dict[str, Origin] = {}
    waiting = sorted(set(uids))
    while waiting:
        some, waiting = waiting[:_SOME], waiting[_SOME:]
        found |= _read(connection, metadata, some, known_on, through_act)
        new = {p.uid for uid in some for p in found[uid].parents} - found.keys() - set(waiting)
        waiting += sorted(new)
    return {uid: _without_pools(one, found) for uid, one in found.items() if one.kind != POOL}


def _without_pools(one: Origin, found: Mapping[str, Origin]) -> Origin:
    kept = tuple(p for p in one.parents if p.uid in found and found[p.uid].kind != POOL)
    return Origin(one.uid, one.mba, one.name, one.kind, one.born, kept)


def _read(
    connection: Connection,
    metadata: MetaData,
    uids: Sequence[str],
    known_on: date | None,
    through_act: int | None,
) -> dict[str, Origin]:
    """Return some batches; a pool without its parents, so that nobody walks beyond it."""
    batch, link = metadata.tables[BATCH.name], metadata.tables[GENEALOGY.name]
    begun = select(batch).where(batch.c.batch_uid.in_(uids)).order_by(batch.c.act_id.desc())
    come = select(link).where(link.c.child_uid.in_(uids)).order_by(link.c.act_id, link.c.line_no)
    if through_act is not None:
        begun = begun.where(batch.c.act_id <= through_act)
        come = come.where(link.c.act_id <= through_act)
    found = {uid: Origin(uid, uid.partition("/")[0], _plain_name(uid)) for uid in uids}
    for row in connection.execute(begun).mappings():
        uid, born = row["batch_uid"], _day(row["event_date"])
        found[uid] = Origin(uid, row["mba"], row["name"], row["kind"], born)
    parents: dict[str, dict[Parent, None]] = {}
    for row in connection.execute(come).mappings():
        day = _day(row["event_date"])
        known = day is not None and (known_on is None or day <= known_on)
        if known and day is not None and row["parent_uid"] != row["child_uid"]:
            one = Parent(row["parent_uid"], day, row["relation"])
            parents.setdefault(row["child_uid"], {})[one] = None
    return {
        uid: one
        if one.kind == POOL
        else Origin(one.uid, one.mba, one.name, one.kind, one.born, tuple(parents.get(uid, ())))
        for uid, one in found.items()
    }


def became(
    child: Origin,
    stays: Mapping[str, Sequence[Interval]],
    zones: Mapping[str, str],
) -> list[Became]:
    """Return until which instant a batch shares the past of each that it came from.

    Parameters
    ----------
    child : Origin
    stays : mapping of str to sequence of Interval
        When each batch was in a containment, by identity.
    zones : mapping of str to str
        Time zone by area.
    """
    zone = zones.get(child.mba, "UTC")
    found = []
    for parent in child.parents:
        first, last = day_begins(parent.day, zone), day_begins(parent.day + timedelta(1), zone)
        put_in = [one.begin for one in stays.get(child.uid, ()) if first <= one.begin < last]
        taken_out = [
            one.end
            for one in stays.get(parent.uid, ())
            if one.end is not None and first < one.end <= last
        ]
        at = min(put_in) if put_in else max(taken_out, default=last)
        found.append(Became(parent.uid, at, parent.day))
    return found


def reach(uid: str, links: Mapping[str, Sequence[Became]]) -> dict[str, datetime | None]:
    """Return all that a batch came from, each with the instant until which they share the past.

    Parameters
    ----------
    uid : str
    links : mapping of str to sequence of Became
        By the identity of the child.

    Returns
    -------
    dict
        The batch itself is among them, without an end (None). What came into a parent after the
        batch had left it is not.
    """
    until: dict[str, tuple[datetime | None, date]] = {uid: (None, date.max)}
    waiting = deque([uid])
    while waiting:
        child = waiting.popleft()
        limit, day = until[child]
        for link in links.get(child, ()):
            if link.day > day:
                continue
            at = link.at if limit is None else min(link.at, limit)
            known = until.get(link.parent)
            if known is None or (known[0] is not None and (known[0], known[1]) < (at, link.day)):
                until[link.parent] = (at, link.day)
                waiting.append(link.parent)
    return {name: at for name, (at, _day_of) in until.items()}


def _day(number: int | None) -> date | None:
    try:
        return None if number is None else number_date(int(number))
    except DateError:
        return None


def _plain_name(uid: str) -> str:
    return uid.partition("/")[2].rpartition("#")[0] or uid
