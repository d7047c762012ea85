"""The life of a seal: which event may follow in which state, as a table, and how events replay.

The table is the one of docs/theory/surveillance.md. Events are replayed in the order of
their times; one that does not fit is left out and told, never bent until it fits. The only final
state is ``destroyed``; ``lost`` is left only by ``found``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from keiryo.errors import Finding
from keiryo.seals.events import SealEvent
from keiryo.seals.findings import refusing
from keiryo.seals.numbers import SealKey
from keiryo.seals.preconditions import PRECONDITIONS, had_period
from keiryo.seals.seal_types import SealType
from keiryo.seals.standing import Period, Standing, State

S = State


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the table.

    Attributes
    ----------
    event : str
    sources : tuple of State or None
        In which states it may happen; None: before the seal was received.
    target : State or callable
        The state afterwards.
    needs : tuple of str
        Names of what must hold, see `keiryo.seals.preconditions.PRECONDITIONS`.
    """

    event: str
    sources: tuple[State | None, ...]
    target: State | Callable[[Standing], State]
    needs: tuple[str, ...] = ()


_CLOSING = ("team or notice", "after attachment")
_LOSABLE = (S.IN_STOCK, S.ISSUED, S.DETACHED, S.IN_TRANSIT, S.READ_OUT)
_EXAMINING = ("finding", "independent examiners")
TRANSITIONS: dict[str, Transition] = {
    row.event: row
    for row in (
        Transition("receive", (None,), S.IN_STOCK),
        Transition(
            "issue", (S.IN_STOCK,), S.ISSUED, ("role", "no quarantine", "reference image at issue")
        ),
        Transition("return", (S.ISSUED,), S.IN_STOCK, ("holder or custodian", "unopened")),
        Transition("void", (S.IN_STOCK, S.ISSUED), S.DESTROYED, ("two persons", "reason")),
        Transition("destroy", (S.IN_STOCK, S.ISSUED), S.DESTROYED, ("two persons", "reason")),
        Transition("loss", _LOSABLE, S.LOST, ("reason", "place")),
        Transition(
            "attach",
            (S.ISSUED,),
            S.ATTACHED,
            ("holder", "containment, way and item", "reference image at closing"),
        ),
        Transition("check", (S.ATTACHED,), S.ATTACHED, ("three findings",)),
        Transition("broken", (S.ATTACHED,), S.BROKEN, ("after attachment",)),
        Transition("missing", (S.ATTACHED,), S.MISSING, ("after attachment",)),
        Transition("detach", (S.ATTACHED,), S.DETACHED, _CLOSING),
        Transition("recover", (S.BROKEN,), S.DETACHED),
        Transition("found-again", (S.MISSING,), S.DETACHED),
        Transition("declare-lost", (S.MISSING,), S.LOST),
        Transition("dispatch", (S.DETACHED,), S.IN_TRANSIT, ("bag, courier, day",)),
        Transition("verify", (S.DETACHED,), S.VERIFIED, ("verifiable in the field", "finding")),
        Transition("read-out", (S.DETACHED,), S.READ_OUT, ("electronic", "log")),
        Transition("examine", (S.IN_TRANSIT,), S.VERIFIED, _EXAMINING),
        Transition("found", (S.LOST,), had_period, ("supervisor",)),
        Transition("service", (S.READ_OUT,), S.IN_STOCK, ("electronic", "good self test")),
        Transition(
            "retire", (S.VERIFIED, S.READ_OUT), S.DESTROYED, ("two persons", "retention over")
        ),
    )
}
"""Every transition that there is, by its event."""


def judge(standing: Standing, event: SealEvent) -> list[Finding]:
    """Return why an event cannot happen to a seal as it stands; empty if it can."""
    if not event.person.strip():
        return [
            refusing(
                "SEAL-PERSON",
                f"{event.key}: nothing says who did it",
                "Name the person; every event of a seal has one.",
            )
        ]
    row = TRANSITIONS.get(event.event)
    if row is None or standing.state not in row.sources:
        return [_impossible(standing, event)]
    found = [one for name in row.needs for one in PRECONDITIONS[name](standing, event)]
    return list(dict.fromkeys(found))


def apply(standing: Standing, event: SealEvent) -> None:
    """Let an event happen that `judge` has nothing against."""
    row = TRANSITIONS[event.event]
    before = standing.state
    period = standing.period
    standing.state = row.target if isinstance(row.target, State) else row.target(standing)
    standing.reference = event.reference or standing.reference
    standing.since = event.at
    standing.events.append(event)
    if event.event == "issue":
        standing.holder, standing.second_holder = event.person.strip(), event.second_person
        standing.organisation = event.organisation
    elif event.event in ("return", "service"):
        standing.holder = standing.second_holder = standing.organisation = None
        standing.in_period = False
    elif event.event == "attach":
        standing.periods.append(Period(event))
        standing.in_period = True
    elif event.event == "found" and period is None:
        standing.quarantined = True
    elif period is not None:
        _happen(period, event, before)


def _happen(period: Period, event: SealEvent, before: State | None) -> None:
    """Write into a period what happened in it or became of it."""
    if event.event == "check":
        period.checks.append(event)
    elif event.event in ("broken", "missing", "detach"):
        period.closed = event
        if event.event == "detach":
            period.removed = event
    elif event.event in ("recover", "found-again"):
        period.removed = event
    elif event.event in ("verify", "examine", "read-out"):
        period.verdict = event
    elif event.event == "declare-lost":
        period.declared_lost = True
    elif event.event == "loss" and period.verdict is None:
        assert before is not None
        period.lost = event


def replay(key: SealKey, type_: SealType, events: Iterable[SealEvent]) -> Standing:
    """Return how a seal stands after its events.

    Parameters
    ----------
    key, type_
    events : iterable of SealEvent
        Those that hold (`holding`), in any order.
    """
    standing = Standing(key, type_)
    for event in in_order(events):
        findings = judge(standing, event)
        if findings:
            standing.misfits.append((event, findings))
        else:
            apply(standing, event)
    return standing


def in_order(events: Iterable[SealEvent]) -> list[SealEvent]:
    """Return events in the order of their times; of equal times, as they were recorded.

    A correction has the place of the event that it corrects.
    """
    return sorted(events, key=lambda one: (one.at, _place(one)))


def _place(event: SealEvent) -> tuple[int, int, int]:
    place = event.corrected or event.place_in_record
    return int(place == (0, 0)), *place


def holding(events: Sequence[SealEvent]) -> list[SealEvent]:
    """Return the events that hold: those that no later one that holds corrects or withdraws.

    What corrects a correction stands for the first event too; where a correction is withdrawn,
    the event that it corrected holds again.
    """
    gone: set[tuple[int, int]] = set()
    withdrawn: set[tuple[int, int]] = set()
    kept = []
    for one in sorted(events, key=lambda e: (e.act == 0, e.act, e.line), reverse=True):
        out = bool(one.act) and one.place_in_record in gone
        if out and one.place_in_record in withdrawn:
            continue
        if one.corrected is not None:
            gone.add(one.corrected)
            if one.event == "withdraw" and not out:
                withdrawn.add(one.corrected)
        if out:
            continue
        if one.event != "withdraw":
            kept.append(one)
    return kept[::-1]


def _impossible(standing: Standing, event: SealEvent) -> Finding:
    key, state = event.key, standing.state
    if event.event == "receive":
        return refusing(
            "SEAL-DUPLICATE-NUMBER",
            f"{key} was received before: a number is never used twice",
            "Look at the number on the seal and in the delivery note; tell who made the seals.",
        )
    if state is None:
        return refusing(
            "SEAL-UNKNOWN",
            f"{key} was never received",
            "Read the number again; 'keiryo seals receive' brings seals into stock.",
        )
    if event.event == "attach" and standing.open_period is not None:
        other = standing.open_period.attached
        return refusing(
            "SEAL-TWO-PLACES",
            f"{key} is attached to {other.mba}/{other.containment} since {other.at[:16]}Z; it "
            "cannot be at a second place",
            "Read both numbers again. If both are right, one seal is not genuine.",
        )
    rows = [name for name, row in TRANSITIONS.items() if state in row.sources]
    return refusing(
        "SEAL-STATE",
        f"{key} is {state}; {event.event} cannot follow",
        f"What can follow: {', '.join(rows) or 'nothing any more'}.",
    )
