"""Advance notices: which transfers between States are to be notified beforehand, and by when.

A transfer out of the State (or into it) above one effective kilogram, or several to (from) the
same State within three months, each below and together above, is notified in advance: an export
normally two weeks before the material is prepared for shipping, an import no later than the day
on which the State assumes responsibility. Where the receiver is not under safeguards, it confirms
receipt within three months. Nothing here reads a database: whoever has transfers and notices, from
files or from books, asks `notice_questions`.

Source: INFCIRC/153 (Corrected), paragraphs 92 to 96; effective kilograms, paragraph 104.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from keiryo.dates import days_later
from keiryo.errors import Finding, Severity
from keiryo.limits import FIRST_DAY, effective_kg_rule
from keiryo.quantities import Category, effective_kg, effective_kg_text

EXPORT, IMPORT = "export", "import"


class NoticeRule(NamedTuple):
    """Numbers of INFCIRC/153 paragraphs 92, 94 and 95; an agreement may set others."""

    limit_kg: Fraction = Fraction(1)
    """Effective kilograms above which a transfer is notified."""
    together_months: int = 3
    """Months within which transfers with one State are added."""
    ahead_days: int = 14
    """Days between the notice of an export and the preparation for shipping."""
    confirmation_months: int = 3
    """Months within which a receiver without safeguards confirms receipt."""


NOTICE_RULE = NoticeRule()


@dataclass(frozen=True, slots=True)
class ForeignTransfer:
    """One batch and category that left the State or came into it (SF, RF).

    Attributes
    ----------
    direction : str
        ``"export"`` or ``"import"``.
    mba : str
        The area that ships or receives.
    partner : str
        Country code of the other State; empty if it is not known.
    day : date
    category : Category
    element_mg, fissile_mg : int, int or None
        In milligrams.
    batch, report, entry : optional
        Where it is recorded.
    enrichment : Fraction, optional
        What is known of the batch otherwise.
    """

    direction: str
    mba: str
    partner: str
    day: date
    category: Category
    element_mg: int
    fissile_mg: int | None = None
    batch: str | None = None
    report: str | None = None
    entry: int | None = None
    enrichment: Fraction | None = None


@dataclass(frozen=True, slots=True)
class AdvanceNotice:
    """An advance notice, given or still to be given, as its last line in the register says.

    Weights in milligrams. `notified_on` is None while the notice is only planned; `safeguarded`
    says whether the material will be under safeguards at the receiver, None if nobody said it.
    """

    notice: str
    direction: str
    mba: str
    partner: str
    category: Category | None = None
    element_mg: int | None = None
    fissile_mg: int | None = None
    contract_on: date | None = None
    notified_on: date | None = None
    prepared_on: date | None = None
    transfer_on: date | None = None
    safeguarded: bool | None = None
    confirmed_on: date | None = None
    state: str = "open"

    @property
    def effective_kg(self) -> Fraction | None:
        """Effective kilograms announced; None where the notice does not tell."""
        if self.category is None or self.element_mg is None or self.transfer_on is None:
            return None
        return _effective_kg(self.category, self.element_mg, self.fissile_mg, self.transfer_on)


@dataclass(frozen=True, slots=True)
class Shipment:
    """All that went between an area and another State on one day, or is planned to go.

    Attributes
    ----------
    direction, mba, partner, day
    effective_kg : Fraction or None
        Per batch, added; None for a planned one whose weight is not known.
    transfers : tuple of ForeignTransfer
        Empty for a planned shipment.
    notices : tuple of str
        The notices that stand for it.
    together_kg : Fraction
        With the smaller ones of the three months before it, of the same State and direction.
    needs_notice : bool
    """

    direction: str
    mba: str
    partner: str
    day: date
    effective_kg: Fraction | None
    transfers: tuple[ForeignTransfer, ...] = ()
    notices: tuple[str, ...] = ()
    together_kg: Fraction = Fraction(0)
    needs_notice: bool = False


@dataclass(frozen=True, slots=True)
class NoticeClock:
    """How a notice stands on a day.

    Attributes
    ----------
    notice : AdvanceNotice
    shipment : Shipment or None
        What it announces: recorded, or planned.
    what : str
        ``"notify"``, ``"confirm"`` or ``""``: what is to be done next.
    due_on : date or None
        By when.
    state : str
        In words, e.g. ``"to be notified"``, ``"confirmation overdue"``, ``"done"``.
    days_left : int or None
        Negative when overdue.
    """

    notice: AdvanceNotice
    shipment: Shipment | None
    what: str
    due_on: date | None
    state: str
    days_left: int | None = None


def notice_questions(
    transfers: Iterable[ForeignTransfer],
    notices: Sequence[AdvanceNotice] | None,
    on: date,
    rule: NoticeRule = NOTICE_RULE,
) -> list[Finding]:
    """Return what is to be asked about advance notices on a day.

    Parameters
    ----------
    transfers : iterable of ForeignTransfer
        As recorded.
    notices : sequence of AdvanceNotice, or None
        The register; None if no register is kept, then nothing is asked.
    on : date
        The day on which the question is put.
    rule : NoticeRule, optional

    Returns
    -------
    list of Finding
        ADVANCE-NOTICE: a transfer without notice, a late notice, a confirmation that is missing.

    References
    ----------
    INFCIRC/153 (Corrected), paragraphs 92, 94 and 95.
    """
    if notices is None:
        return []
    found = shipments(transfers, notices, on, rule)
    findings = [_without_notice(s, rule) for s in found if s.needs_notice and not s.notices]
    by_notice = {name: s for s in found for name in s.notices}
    for notice in notices:
        if notice.state != "withdrawn":
            findings += _about_notice(notice, by_notice.get(notice.notice), on, rule)
    return findings


def shipments(
    transfers: Iterable[ForeignTransfer],
    notices: Sequence[AdvanceNotice],
    on: date,
    rule: NoticeRule = NOTICE_RULE,
) -> list[Shipment]:
    """Return recorded and planned shipments in order of day, with the notices that cover them.

    A planned one is a notice for which nothing is recorded yet and whose day lies at most three
    months back.
    """
    standing = [n for n in notices if n.state != "withdrawn"]
    grouped: dict[tuple[str, str, str, date], list[ForeignTransfer]] = {}
    for transfer in transfers:
        key = (transfer.direction, transfer.mba, transfer.partner, transfer.day)
        grouped.setdefault(key, []).append(transfer)
    recorded = [_Recorded(*key, parts) for key, parts in sorted(grouped.items())]
    taken = _matched(recorded, standing, rule)
    result = [r.shipment() for r in recorded]
    oldest = months_after(on, -rule.together_months)
    for notice in standing:
        if notice.notice in taken or notice.transfer_on is None or notice.transfer_on < oldest:
            continue
        place = (notice.direction, notice.mba, notice.partner, notice.transfer_on)
        result.append(Shipment(*place, notice.effective_kg, notices=(notice.notice,)))
    result.sort(key=lambda s: (s.day, s.direction, s.partner, s.mba))
    small: dict[tuple[str, str], list[Shipment]] = {}
    for s in result:
        if s.effective_kg is not None and s.effective_kg <= rule.limit_kg:
            small.setdefault((s.direction, s.partner), []).append(s)
    return [_judged(s, small.get((s.direction, s.partner), ()), rule) for s in result]


def notice_clock(
    notice: AdvanceNotice,
    shipment: Shipment | None,
    on: date,
    rule: NoticeRule = NOTICE_RULE,
) -> NoticeClock:
    """Return how a notice stands on a day: what is due next, by when, how many days are left."""
    if notice.state == "withdrawn":
        return NoticeClock(notice, shipment, "", None, "withdrawn")
    if notice.notified_on is None:
        due = notify_by(notice, shipment, rule)
        late = due is not None and on > due
        state = "notice overdue" if late else "to be notified"
        return _clock(notice, shipment, "notify", due, state, on)
    due = confirm_by(notice, shipment, rule)
    if due is not None and notice.state != "confirmed":
        return _clock(
            notice,
            shipment,
            "confirm",
            due,
            "confirmation overdue" if on > due else "awaiting confirmation",
            on,
        )
    moved = shipment is not None and bool(shipment.transfers)
    state = "confirmed" if notice.state == "confirmed" else "done" if moved else "notified"
    due = notify_by(notice, shipment, rule)
    late = _is_needed(shipment) and due is not None and notice.notified_on > due
    return NoticeClock(notice, shipment, "", None, f"{state}, notified late" if late else state)


def _is_needed(shipment: Shipment | None) -> bool:
    return shipment is None or shipment.needs_notice


def notify_by(notice: AdvanceNotice, shipment: Shipment | None, rule: NoticeRule) -> date | None:
    """Return the last day on which the notice is in time, or None if no day is known."""
    moved = shipment.day if shipment is not None else notice.transfer_on
    if notice.direction == IMPORT:
        return moved
    days = [day for day in (notice.prepared_on, moved) if day is not None]
    return days_later(min(days), -rule.ahead_days) if days else None


def confirm_by(notice: AdvanceNotice, shipment: Shipment | None, rule: NoticeRule) -> date | None:
    """Return by when receipt is to be confirmed; None where no confirmation is asked for."""
    if notice.direction != EXPORT or notice.safeguarded is not False:
        return None
    moved = shipment.day if shipment is not None else notice.transfer_on
    return None if moved is None else months_after(moved, rule.confirmation_months)


def months_after(day: date, months: int) -> date:
    """Return the day some months later (or earlier); the last of the month if there is no such.

    Examples
    --------
    >>> months_after(date(2025, 11, 30), 3)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.max if months > 0 else date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(slots=True)
class _Recorded:
    """What was recorded of one day between an area and another State, while notices are laid."""

    direction: str
    mba: str
    partner: str
    day: date
    transfers: list[ForeignTransfer]
    notices: list[AdvanceNotice] = field(default_factory=list)

    def weight_mg(self, category: Category | None) -> int:
        return sum(t.element_mg for t in self.transfers if t.category is category)

    def may_be(self, notice: AdvanceNotice) -> bool:
        same = (notice.direction, notice.mba, notice.partner)
        if same != (self.direction, self.mba, self.partner):
            return False
        return notice.category is None or any(t.category is notice.category for t in self.transfers)

    def shipment(self) -> Shipment:
        total = sum(
            (
                _effective_kg(t.category, t.element_mg, t.fissile_mg, t.day, t.enrichment)
                for t in self.transfers
            ),
            Fraction(0),
        )
        names = tuple(n.notice for n in self.notices)
        place = (self.direction, self.mba, self.partner, self.day)
        return Shipment(*place, total, tuple(self.transfers), names)


def _matched(
    recorded: list[_Recorded], notices: Sequence[AdvanceNotice], rule: NoticeRule
) -> set[str]:
    """Lay each notice on the shipment nearest in time; return the names of those that found one.

    A notice that states a weight covers further shipments while the weight lasts. A notice of
    another category (plutonium beside uranium) may stand for a shipment that has one already.
    """
    pairs = []
    for notice in notices:
        for shipment in recorded:
            distance = _days_apart(notice, shipment.day, rule)
            if distance is not None and shipment.may_be(notice):
                pairs.append((distance, shipment.day, notice.notice, notice, shipment))
    pairs.sort(key=lambda p: p[:3])
    taken: set[str] = set()
    for _, _, name, notice, shipment in pairs:
        if name not in taken and not shipment.notices:
            shipment.notices.append(notice)
            taken.add(name)
    left = {
        n.notice: n.element_mg - sum(r.weight_mg(n.category) for r in recorded if n in r.notices)
        for n in notices
        if n.element_mg is not None
    }
    for _, _, name, notice, shipment in sorted(pairs, key=lambda p: (p[1], p[0])):
        weight_mg = shipment.weight_mg(notice.category)
        if not shipment.notices and 0 < weight_mg <= left.get(name, 0):
            shipment.notices.append(notice)
            left[name] -= weight_mg
        elif name not in taken and all(n.category is not notice.category for n in shipment.notices):
            shipment.notices.append(notice)
            taken.add(name)
    return taken


def _days_apart(notice: AdvanceNotice, day: date, rule: NoticeRule) -> int | None:
    """Return how far a shipment is from what a notice announces; None if it cannot be meant."""
    if notice.transfer_on is not None:
        first = months_after(notice.transfer_on, -rule.together_months)
        last = months_after(notice.transfer_on, rule.together_months)
        return abs((day - notice.transfer_on).days) if first <= day <= last else None
    given = notice.prepared_on or notice.notified_on or notice.contract_on
    if given is None:
        return 0
    return abs((day - given).days)


def _judged(shipment: Shipment, small: Sequence[Shipment], rule: NoticeRule) -> Shipment:
    """Return the shipment with whether a notice is asked for, alone or with others.

    `small` are the shipments with the same State in the same direction that need none alone.
    """
    if shipment.effective_kg is None:
        return replace(shipment, needs_notice=True)
    if shipment.effective_kg > rule.limit_kg:
        return replace(shipment, together_kg=shipment.effective_kg, needs_notice=True)
    first = months_after(shipment.day, -rule.together_months)
    none = Fraction(0)
    series = (s.effective_kg or none for s in small if first <= s.day <= shipment.day)
    together = sum(series, none)
    needs = together > rule.limit_kg and shipment.effective_kg > 0
    return replace(shipment, together_kg=together, needs_notice=needs)


def _effective_kg(
    category: Category,
    element_mg: int,
    fissile_mg: int | None,
    on: date,
    enrichment: Fraction | None = None,
) -> Fraction:
    """Return effective kilograms; none where the fissile weight of enriched uranium is missing."""
    try:
        rule = effective_kg_rule(max(on, FIRST_DAY))
        return effective_kg(
            category, element_mg, fissile_mg, enrichment=enrichment, rule=rule
        ).value
    except ValueError:  # a report without it is questioned by ISOTOPE-MISSING
        return Fraction(0)


def _clock(
    notice: AdvanceNotice,
    shipment: Shipment | None,
    what: str,
    due: date | None,
    state: str,
    on: date,
) -> NoticeClock:
    left = None if due is None else (due - on).days
    return NoticeClock(notice, shipment, what, due, state, left)


def _moved(shipment: Shipment, amount: str) -> str:
    other = f"State {shipment.partner}" if shipment.partner else "an unnamed State"
    if shipment.direction == EXPORT:
        return f"{shipment.mba} shipped {amount} to {other} on {shipment.day}"
    return f"{shipment.mba} received {amount} from {other} on {shipment.day}"


def _basis(direction: str) -> str:
    return "INFCIRC/153 para 92" if direction == EXPORT else "INFCIRC/153 para 95"


def _without_notice(shipment: Shipment, rule: NoticeRule) -> Finding:
    first = shipment.transfers[0]
    alone = shipment.effective_kg or Fraction(0)
    limit = effective_kg_text(rule.limit_kg)
    words = _moved(shipment, f"{effective_kg_text(alone)} effective kg")
    if alone <= rule.limit_kg:
        words += (
            f", together with the {rule.together_months} months before "
            f"{effective_kg_text(shipment.together_kg)}"
        )
    return Finding(
        "ADVANCE-NOTICE",
        Severity.WARNING,
        f"{words}; above {limit} a notice in advance is due, and the register holds none",
        "If it was notified, register the notice with 'keiryo notices add'; if not, notify the "
        "IAEA now and say why it comes late.",
        mba=shipment.mba,
        report=first.report,
        entry=first.entry,
        found=effective_kg_text(max(alone, shipment.together_kg)),
        expected=f"a notice above {limit} effective kg",
        basis=_basis(shipment.direction),
    )


def _about_notice(
    notice: AdvanceNotice, shipment: Shipment | None, on: date, rule: NoticeRule
) -> list[Finding]:
    """Return whether a notice, and the confirmation that it asks for, came in time."""
    findings = []
    due = notify_by(notice, shipment, rule)
    given = notice.notified_on or on
    if _is_needed(shipment) and due is not None and given > due:
        came = f"was given on {given}" if notice.notified_on else "has not been given"
        until = f"{rule.ahead_days} days before preparation for shipping"
        if notice.direction == IMPORT:
            until = "the day on which the State assumes responsibility"
        findings.append(
            _late(
                notice,
                shipment,
                f"notice {notice.notice} ({notice.direction}, {notice.mba}, State "
                f"{notice.partner}) {came}; it was due by {due}, {until}",
                "Notify the IAEA at once and record the day with 'keiryo notices add --revise'."
                if notice.notified_on is None
                else "Note the reason of the delay as the answer to this finding.",
                found=str(notice.notified_on or "not given"),
                expected=f"by {due}",
                basis=_basis(notice.direction),
            )
        )
    due = confirm_by(notice, shipment, rule)
    missing = notice.state != "confirmed" and notice.confirmed_on is None
    confirmed = notice.confirmed_on or (on if missing else None)
    if due is not None and confirmed is not None and confirmed > due:
        came = "has not been confirmed" if missing else f"was confirmed on {confirmed}"
        findings.append(
            _late(
                notice,
                shipment,
                f"receipt of the material of notice {notice.notice} by State {notice.partner}, "
                f"where it is not under safeguards, {came}; it was due by {due}",
                "Ask the receiving State to confirm to the IAEA that it took the material over, "
                "and record it with 'keiryo notices confirm'.",
                found=str(notice.confirmed_on or "not confirmed"),
                expected=f"by {due}",
                basis="INFCIRC/153 para 94",
            )
        )
    return findings


def _late(
    notice: AdvanceNotice,
    shipment: Shipment | None,
    message: str,
    advice: str,
    *,
    found: str,
    expected: str,
    basis: str,
) -> Finding:
    first = shipment.transfers[0] if shipment is not None and shipment.transfers else None
    return Finding(
        "ADVANCE-NOTICE",
        Severity.WARNING,
        message,
        advice,
        mba=notice.mba,
        report=first.report if first else None,
        entry=first.entry if first else None,
        found=found,
        expected=expected,
        basis=basis,
        cell=f"notice {notice.notice}",
    )
