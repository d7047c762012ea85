"""An irregularity: records that do not fit together, and what became of the question.

It is open until a person resolves it, another one than who raised it. Every step stands with who
took it, when and why; nothing is taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keiryo.access_control.findings import utc_text
from keiryo.errors import UsageError

SCHEMA = "keiryo.pp.irregularity/1"
OPEN, EXPLAINED, CONFIRMED, ESCALATED, CLOSED = (
    *("open", "explained", "confirmed", "escalated", "closed"),
)
STATES = (OPEN, EXPLAINED, CONFIRMED, ESCALATED, CLOSED)
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    OPEN: (EXPLAINED, CONFIRMED, ESCALATED),
    EXPLAINED: (CLOSED, OPEN),
    CONFIRMED: (ESCALATED, CLOSED),
    ESCALATED: (EXPLAINED, CONFIRMED, CLOSED),
    CLOSED: (OPEN,),
}
"""What may follow a state."""
RESOLVING = frozenset({EXPLAINED, CONFIRMED, CLOSED})
"""States that somebody else than the creator brings about."""
REASON_LENGTH = 200

HIGH, MEDIUM, LOW = "high", "medium", "low"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that fires on records.

    Attributes
    ----------
    title : str
    severity : str
        ``high``, ``medium`` or ``low``.
    innocent : tuple of str
        The everyday causes to be looked for first.
    """

    title: str
    severity: str
    innocent: tuple[str, ...]


RULES: Mapping[str, Rule] = {
    "X1": Rule(
        "A transfer in the ledger without a work order or an authorisation at that time.",
        MEDIUM,
        (
            "the order was extended and not entered",
            "the ledger has the day of the document instead of that of the transfer",
        ),
    ),
    "X2": Rule(
        "A transfer in the ledger without two authorised persons in the area it came from.",
        HIGH,
        (
            "the second person came in through an open door",
            "the time of the ledger is that of the entry, not of the transfer",
        ),
    ),
    "X3": Rule(
        "An entry to an area under the two-person rule without a work order.",
        MEDIUM,
        ("a round or an inspection without an order", "work that began early or lasted longer"),
    ),
    "X4": Rule(
        "A seal and the ledger disagree: one of them has a record and the other has none.",
        HIGH,
        (
            "the seal was replaced in the course of a verification",
            "the record of one side was made later than the tolerance",
        ),
    ),
    "X5": Rule(
        "Something was seen in a quiet time and nobody is known to have been there.",
        HIGH,
        ("a change of light, an animal or a machine", "the clock of the camera is off"),
    ),
    "X6": Rule(
        "An item was not where the ledger has it.",
        HIGH,
        ("a transfer of the day that was not entered yet", "an item that was read wrongly"),
    ),
    "X7": Rule(
        "An alarm of a portal monitor was not adjudicated in time.",
        HIGH,
        ("the decision was made and not entered", "a test that was not recorded as one"),
    ),
    "X8": Rule(
        "Small differences of one sign repeat themselves.",
        MEDIUM,
        ("a bias of an instrument or a tare", "a correction that is due for the whole series"),
    ),
    "X9": Rule(
        "The clock of a system was off by more than its limit.",
        LOW,
        ("the time server could not be reached", "a change to summer time"),
    ),
    "X10": Rule(
        "Something was changed after its approval, or by the person who had entered it.",
        MEDIUM,
        ("a slip of the pen that was noticed at once", "nobody else was on duty"),
    ),
}
"""By rule of section 8.3 of the domain document."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of an irregularity: the state, who brought it about, when and why."""

    state: str
    by: str
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Irregularity:
    """Records that do not fit together.

    Attributes
    ----------
    rule : str
        A key of `RULES`.
    records : tuple of str
        The names of the records.
    start_ns, end_ns : int
        The time that it is about.
    area : str or None
    message : str
    due_ns : int or None
        By when it is to be resolved.
    present : tuple of str
        Who was there, by the records of access; no suspicion follows from it.
    certain : bool
        False where it would vanish within what clocks may be off.
    steps : tuple of Step
    """

    rule: str
    records: tuple[str, ...]
    start_ns: int
    end_ns: int
    area: str | None
    message: str
    due_ns: int | None = None
    present: tuple[str, ...] = ()
    certain: bool = True
    steps: tuple[Step, ...] = ()

    @property
    def id(self) -> str:
        """Its name: the same records give the same one, whenever they are looked at."""
        text = "\n".join((self.rule, self.area or "", *self.records))
        return f"{self.rule}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def severity(self) -> str:
        """That of its rule."""
        return RULES[self.rule].severity

    @property
    def state(self) -> str:
        """Where it stands."""
        return self.steps[-1].state if self.steps else OPEN

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        rule = RULES[self.rule]
        return {
            "id": self.id,
            "rule": self.rule,
            "severity": rule.severity,
            "state": self.state,
            "area": self.area,
            "start": utc_text(self.start_ns),
            "end": utc_text(self.end_ns),
            "records": list(self.records),
            "present": list(self.present),
            "certain": self.certain,
            "message": self.message,
            "reason": rule.title,
            "innocent_explanations": list(rule.innocent),
            "due": utc_text(self.due_ns),
            "steps": [
                {"state": s.state, "by": s.by, "at": utc_text(s.at_ns), "reason": s.reason}
                for s in self.steps
            ],
        }


def resolved(one: Irregularity, state: str, *, by: str, at_ns: int, reason: str) -> Irregularity:
    """Return an irregularity after a further step.

    Parameters
    ----------
    state : str
        One of `STATES` that may follow.
    by : str
        Who takes the step; to resolve it, another one than who raised it.
    at_ns : int
    reason : str

    Raises
    ------
    UsageError
        If the state cannot follow, the person raised it, or there is no reason.
    """
    step_allowed(one.state, state, raised_by=one.steps[0].by if one.steps else None, by=by)
    words = reason.strip()
    if not words or len(words) > REASON_LENGTH:
        raise UsageError(f"a step has a reason of 1 to {REASON_LENGTH} characters")
    if one.steps and at_ns < one.steps[-1].at_ns:
        raise UsageError("a step is not taken before the one that it follows")
    return replace(one, steps=(*one.steps, Step(state, by, at_ns, words)))


def step_allowed(now: str, state: str, *, raised_by: str | None, by: str) -> None:
    """Refuse a step that cannot be taken; see `resolved`."""
    if state not in FOLLOWS[now]:
        able = ", ".join(FOLLOWS[now])
        raise UsageError(f"an irregularity that is {now} does not become {state}", f"Try {able}.")
    if state in RESOLVING and by == raised_by:
        raise UsageError(
            "who raised an irregularity does not resolve it", "Ask another person to look at it."
        )


def raised(found: Sequence[Irregularity], by: str, at_ns: int) -> list[Irregularity]:
    """Return irregularities that a person raises."""
    return [replace(one, steps=(Step(OPEN, by, at_ns, "raised"),)) for one in found]


def read_irregularity(data: Mapping[str, Any], times: Any) -> Irregularity:
    """Return an irregularity from plain data as `Irregularity.to_dict` makes it.

    Parameters
    ----------
    times : callable
        Makes nanoseconds of a text.
    """
    steps = tuple(
        Step(one["state"], one["by"], times(one["at"]), one["reason"]) for one in data["steps"]
    )
    return Irregularity(
        *(data["rule"], tuple(data["records"]), times(data["start"]), times(data["end"])),
        *(data["area"], data["message"]),
        None if data["due"] is None else times(data["due"]),
        tuple(data["present"]),
        bool(data["certain"]),
        steps,
    )
