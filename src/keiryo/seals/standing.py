"""How a seal stands: its state, and the periods for which it was attached."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from keiryo.errors import Finding
from keiryo.seals.events import SealEvent
from keiryo.seals.numbers import SealKey
from keiryo.seals.seal_types import SealType


class State(StrEnum):
    """Where a seal is in its life."""

    IN_STOCK = "in-stock"
    ISSUED = "issued"
    ATTACHED = "attached"
    BROKEN = "broken"
    MISSING = "missing"
    DETACHED = "detached"
    IN_TRANSIT = "in-transit"
    READ_OUT = "read-out"
    VERIFIED = "verified"
    LOST = "lost"
    DESTROYED = "destroyed"


class PeriodResult(StrEnum):
    """The result of a seal period as a whole."""

    PENDING = "PENDING"
    POSITIVE = "POSITIVE"
    NEGATIVE = "NEGATIVE"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(slots=True)
class Period:
    """A seal period: from the attachment to the detachment, or to the finding that it is broken.

    Attributes
    ----------
    attached : SealEvent
    closed : SealEvent or None
        The detachment, or the finding that it is broken or missing; None while it is open.
    removed : SealEvent or None
        Who has taken it off: the detachment, the recovery of remains, or that it was found again.
    checks : list of SealEvent
        In order.
    verdict : SealEvent or None
        The examination, the verification in the field, or the read-out that decides.
    lost : SealEvent or None
        That it was lost before it was verified.
    declared_lost : bool
        Whether it was found missing and then declared lost.
    """

    attached: SealEvent
    closed: SealEvent | None = None
    removed: SealEvent | None = None
    checks: list[SealEvent] = field(default_factory=list)
    verdict: SealEvent | None = None
    lost: SealEvent | None = None
    declared_lost: bool = False

    @property
    def key(self) -> str:
        """How others name the period: ``seal:BODY/NUMBER@ACT/LINE`` of the attachment."""
        return f"{self.attached.key.node}@{self.attached.act}/{self.attached.line}"

    @property
    def failed(self) -> bool:
        """Whether it ended because the seal was found broken or missing."""
        return self.closed is not None and self.closed.event in ("broken", "missing")

    @property
    def upgraded(self) -> bool:
        """Whether a verification says that it was intact, and may say so.

        Of a seal that was broken, missing or lost only an examination at headquarters may.
        """
        if self.verdict is None or self.verdict.finding != "genuine-intact":
            return False
        return self.verdict.event == "examine" or not (self.failed or self.lost is not None)

    def result(self) -> PeriodResult:
        """Return the result as a whole, as the register shows it; of a log it shows no intervals.

        What single instants are worth is told by `keiryo.seals.values.seal_spans`.
        """
        finding = None if self.verdict is None else self.verdict.finding
        if finding in ("tampered", "substituted") or _components_bad(self.checks):
            return PeriodResult.NEGATIVE
        if self.upgraded:
            return PeriodResult.POSITIVE
        if self.failed:
            return PeriodResult.NEGATIVE
        if finding is not None or self.lost is not None:
            return PeriodResult.INCONCLUSIVE
        if self.verdict is not None:  # read out: its log decides
            authentic = self.verdict.log_state in ("signed", "reader")
            return PeriodResult.POSITIVE if authentic else PeriodResult.INCONCLUSIVE
        return PeriodResult.PENDING


def _components_bad(checks: list[SealEvent]) -> bool:
    return any("not-ok" in (one.wire, one.enclosure) for one in checks)


@dataclass(slots=True)
class Standing:
    """A seal as its events leave it.

    Attributes
    ----------
    key, type
    state : State or None
        None before it was received.
    holder, second_holder, organisation : str or None
        To whom it was issued, and for which body.
    quarantined : bool
        Whether it was lost from stock and found again: it must not be issued any more.
    reference : str or None
        Digest of its reference image.
    periods : list of Period
    since : str
        Time of the last event.
    events : list of SealEvent
        Those that fit, in order.
    misfits : list of (SealEvent, findings)
        Those that do not fit (any longer), and why.
    """

    key: SealKey
    type: SealType
    state: State | None = None
    holder: str | None = None
    second_holder: str | None = None
    organisation: str | None = None
    quarantined: bool = False
    reference: str | None = None
    in_period: bool = False
    periods: list[Period] = field(default_factory=list)
    since: str = ""
    events: list[SealEvent] = field(default_factory=list)
    misfits: list[tuple[SealEvent, list[Finding]]] = field(default_factory=list)

    @property
    def period(self) -> Period | None:
        """The period that was begun last, unless the seal was serviced since; None if none."""
        return self.periods[-1] if self.in_period else None

    @property
    def open_period(self) -> Period | None:
        """The period that is open; None if the seal is not attached."""
        period = self.period
        return period if period is not None and period.closed is None else None

    @property
    def mba(self) -> str | None:
        """The area of its last period, if it ever had one."""
        return self.periods[-1].attached.mba if self.periods else None
