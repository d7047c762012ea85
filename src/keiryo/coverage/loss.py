"""Continuity of knowledge: from when it is lost, and what brings it back.

It begins where an item is first covered. It is lost from the first instant at which the item is
INCONCLUSIVE, NEGATIVE or NOT_COVERED. It comes back only with a re-measurement or re-verification
after that, at which every way is POSITIVE or PENDING: attaching a seal again is not enough. An
item that was put into a containment and never covered there is lost since then; one that was
never in any has no continuity of knowledge that could be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from keiryo.containment.instants import shown
from keiryo.containment.values import Value
from keiryo.coverage.line import Line, Said, worst_of

if TYPE_CHECKING:
    from keiryo.coverage.facts import Facts

HELD, LOST, NEVER = "held", "lost", "none"
"""Continuity of knowledge of an item; ``none``: it never was in a containment."""
_COVERED = (Value.POSITIVE, Value.PENDING)


@dataclass(frozen=True, slots=True)
class Loss:
    """An interval in which continuity of knowledge of an item is lost.

    Attributes
    ----------
    since : datetime
        The first instant at which it was not covered well enough.
    value : Value
        The value then.
    restored : datetime or None
        The re-verification that brought it back; None: nothing has.
    by : str
        The line of that re-verification.
    """

    since: datetime
    value: Value
    restored: datetime | None = None
    by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "since": shown(self.since),
            "value": self.value.name,
            "restored": None if self.restored is None else shown(self.restored),
            "by": self.by or None,
        }


@dataclass(frozen=True, slots=True)
class History:
    """What became of the continuity of knowledge of an item until an instant.

    Attributes
    ----------
    begun : bool
        Whether the item was ever covered.
    open : Loss or None
        The loss that nothing has made good yet.
    losses : tuple of Loss
        Those that a re-verification made good, and the open one, in order.
    """

    begun: bool = False
    open: Loss | None = None
    losses: tuple[Loss, ...] = ()

    @property
    def continuity(self) -> str:
        """``held``, ``lost`` or ``none``."""
        if self.open is not None:
            return LOST
        return HELD if self.begun else NEVER

    @property
    def lost_since(self) -> datetime | None:
        """From when it is lost; None: it is not, or never began."""
        return None if self.open is None else self.open.since


_VALUE, _ARRIVAL, _REVERIFIED = range(3)
"""What happens first, where several things happen at the same instant."""
_Event = tuple[datetime, int, Any]


def history(facts: Facts, uid: str, at: datetime | None = None) -> History:
    """Return what became of the continuity of knowledge of an item.

    Parameters
    ----------
    facts : Facts
    uid : str
        Identity of the item.
    at : datetime, optional
        Up to and with this instant; default: as far as is known.
    """
    if facts.origin(uid).parents or facts.reverified.get(uid):
        return _Walk(facts).until(uid, at, with_it=True)
    key = ("history", facts.places(uid), at)
    if key not in facts.shared:
        facts.shared[key] = _Walk(facts).until(uid, at, with_it=True)
    found: History = facts.shared[key]
    return found


class _Walk:
    """Follows items through time, and before that what they came from."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._known: dict[tuple[str, datetime | None], History] = {}
        self._open: set[str] = set()

    def until(self, uid: str, cut: datetime | None, *, with_it: bool = False) -> History:
        """Return the history of a batch up to an instant."""
        key = (uid, cut)
        if not with_it and key in self._known:
            return self._known[key]
        if uid in self._open:  # a batch that came from itself inherits nothing new
            return History()
        self._open.add(uid)
        line, held = self._line(uid), self.facts.held_line(uid)
        events = sorted(
            (
                one
                for one in self._events(uid, line)
                if cut is None or one[0] < cut or (with_it and one[0] == cut)
            ),
            key=lambda one: one[:2],
        )
        state, value = _State(), line.first
        for when, what, more in events:
            if what == _VALUE:
                value = more
            elif what == _ARRIVAL:
                state.arrive(self.until(more, when))
            state.see(when, value, held=held.at(when) is not None)
            if what == _REVERIFIED and value in _COVERED:
                state.restore(when, more)
        self._open.discard(uid)
        found = state.history()
        if not with_it:
            self._known[key] = found
        return found

    def _line(self, uid: str) -> Line:
        """Return what a batch itself says from when it is first known of; silent before that."""
        held = self.facts.held_line(uid)
        starts = [stay.time.begin for stay in self.facts.stays.get(uid, ())]
        starts += [link.at for link in self.facts.links(uid)]
        if not starts:
            return Line()
        return worst_of([held, held.filled(Value.NOT_COVERED).clipped(min(starts), None)])

    def _events(self, uid: str, line: Line) -> Iterator[_Event]:
        for when, value in line.changes:
            yield when, _VALUE, value
        for link in self.facts.links(uid):
            yield link.at, _ARRIVAL, link.parent
        for one in self.facts.reverified.get(uid, ()):
            if one.restores:
                yield one.at, _REVERIFIED, one.line


class _State:
    """Continuity while time goes on."""

    def __init__(self) -> None:
        self.begun = False
        self.open: Loss | None = None
        self.bare: Loss | None = None  # in a containment, and never covered yet
        self.losses: list[Loss] = []

    def see(self, when: datetime, value: Said, *, held: bool) -> None:
        """Take the value at an instant into account; `held`: the item is in a containment."""
        if value is None:
            return
        if value in _COVERED:
            if not self.begun:
                self.begun, self.bare = True, None
        elif value is Value.NOT_COVERED and not self.begun:
            self.bare = self.bare or (Loss(when, value) if held else None)
        else:
            self.begun = True
            self.open = self.open or Loss(when, value)

    def arrive(self, past: History) -> None:
        """Take over the past of what the item came from."""
        mine = self.open if self.begun else None
        if past.begun:
            self.begun = True
            self.open = _earlier(mine, past.open)
        elif past.open is not None and not self.begun:
            self.bare = _earlier(self.bare, past.open)

    def restore(self, when: datetime, line: str) -> None:
        """Take a re-verification into account, at which every way is covered."""
        if self.open is not None:
            self.losses.append(replace(self.open, restored=when, by=line))
        self.begun, self.open, self.bare = True, None, None

    def history(self) -> History:
        """Return what became of it."""
        last = self.open or (None if self.begun else self.bare)
        every = self.losses if last is None else [*self.losses, last]
        return History(self.begun, last, tuple(every))


def _earlier(one: Loss | None, other: Loss | None) -> Loss | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda loss: loss.since)
