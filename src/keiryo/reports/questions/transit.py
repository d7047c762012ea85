"""Shipments and receipts inside the State: what is on its way, what does not fit.

A shipment (SD of s to r, batch b) is answered by the receipt (RD of r from s, shipper's batch b)
of the nearest day on or after it. A receipt is booked on the shipper's data; what the receiver
measures otherwise is a shipper/receiver difference. What is on its way at an inventory taking is
nobody's physical inventory.

Sources: Code 10, labels 370, 372, 446 and 447. Ages are data of the profile.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from keiryo.errors import Finding, Severity
from keiryo.limits import FIRST_DAY, transfer_uncertainty
from keiryo.material_description import split_mdc
from keiryo.quantities import LABEL_OF_FISSILE_BASE, Category, format_weight
from keiryo.reports.entry_rules import MAX_BATCH_NAME
from keiryo.reports.filed import AreaFile, FiledEntry, Filings
from keiryo.reports.model import (
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    CategoryGroup,
)
from keiryo.reports.questions.table import question
from keiryo.vocabulary import Profile, check_mdc, normal_mdc

_UNKNOWN = "UNKNOWN"
_ISOTOPE_LABELS = {
    nuclide: label
    for label, nuclide in {**URANIUM_ISOTOPE_LABELS, **PLUTONIUM_ISOTOPE_LABELS}.items()
}
_CANDIDATE_DAYS = 120
_RECEIPTS = ("RD", "RF", "RN", "RS")
_MIXED_FORMS = ("R", "T", "U")


@dataclass(slots=True, eq=False)
class Shipment:
    """A domestic shipment and the receipts that answer it."""

    filed: FiledEntry
    sender: str
    receiver: str
    batch: str
    receipts: list[FiledEntry]

    @property
    def day(self) -> datetime.date:
        """Day of the shipment."""
        return self.filed.day


@dataclass(slots=True)
class Transit:
    """All domestic transfers of a State up to a day, matched.

    Attributes
    ----------
    shipments : list of Shipment
    unmatched : list of FiledEntry
        Receipts without a shipment.
    """

    shipments: list[Shipment]
    unmatched: list[FiledEntry]

    @property
    def open(self) -> list[Shipment]:
        """Shipments without receipt."""
        return [s for s in self.shipments if not s.receipts]


def _mba(party: str | None) -> str:
    return (party or "").rpartition("/")[2]


def match_transfers(filings: Filings, on: datetime.date) -> Transit:
    """Match the domestic shipments and receipts up to a day."""
    shipments = [
        Shipment(f, f.report.mba or "", _mba(f.entry.receiver), f.entry.batch or "", [])
        for f in filings.changes("SD")
        if f.day <= on
    ]
    receipts = [f for f in filings.changes("RD") if f.day <= on]
    by_key: dict[tuple[str, str, str], list[Shipment]] = defaultdict(list)
    for shipment in sorted(shipments, key=lambda s: s.day):
        by_key[(shipment.sender, shipment.receiver, shipment.batch)].append(shipment)
    waiting: dict[tuple[str, str, str], list[FiledEntry]] = defaultdict(list)
    for filed in sorted(receipts, key=lambda f: f.day):
        key = (_mba(filed.entry.shipper), filed.report.mba or "", filed.entry.shipper_batch or "")
        waiting[key].append(filed)
    unmatched: list[FiledEntry] = []
    for key, arrived in waiting.items():
        unmatched += _matched(by_key.get(key, []), arrived)
    unmatched = _guessed(filings, shipments, unmatched)
    unmatched = _of_unknown_code(filings, shipments, unmatched)
    unmatched.sort(key=lambda f: f.order)
    return Transit(shipments, unmatched)


def _guessed(
    filings: Filings, shipments: list[Shipment], unmatched: list[FiledEntry]
) -> list[FiledEntry]:
    """Match what lacks a party or the shipper's batch; return receipts left over.

    What is missing or cannot be right is a finding of severity F by itself. If all else fits one
    shipment, nothing more is asked because of it.
    """
    known = set(filings.areas)
    left = []
    for filed in unmatched:
        shipper, receiver = _mba(filed.entry.shipper), filed.report.mba
        wild_shipper = shipper not in known or shipper == receiver
        fitting = [
            s
            for s in shipments
            if not s.receipts
            and s.day <= filed.day
            and (s.receiver == receiver or s.receiver not in known or s.receiver == s.sender)
            and (s.sender == shipper or wild_shipper)
            and (s.batch == filed.entry.shipper_batch or _nameless(s, filed))
        ]
        exact = _one(fitting, filed, shipper)
        if exact is None:
            left.append(filed)
        else:
            exact.receipts.append(filed)
    return left


def _of_unknown_code(
    filings: Filings, shipments: list[Shipment], unmatched: list[FiledEntry]
) -> list[FiledEntry]:
    """Let entries whose code cannot be made out be the missing half of a transfer."""
    unclear = [f for area in filings.areas.values() for f in area.changes if f.code is None]
    arrived = {(_mba(f.entry.shipper), f.report.mba, f.entry.shipper_batch): f for f in unclear}
    left = {(f.report.mba, _mba(f.entry.receiver), f.entry.batch) for f in unclear}
    for shipment in shipments:
        filed = arrived.get((shipment.sender, shipment.receiver, shipment.batch))
        if filed is not None and not shipment.receipts:
            shipment.receipts.append(filed)
    return [
        f
        for f in unmatched
        if (_mba(f.entry.shipper), f.report.mba, f.entry.shipper_batch) not in left
    ]


def _nameless(shipment: Shipment, filed: FiledEntry) -> bool:
    """Whether a name that ties both together cannot be made out, and all weights agree."""
    name = filed.entry.shipper_batch or ""
    wild = shipment.filed.unnamed or not name or len(name) > MAX_BATCH_NAME
    return wild and _same_weights(shipment, filed)


def _one(fitting: list[Shipment], filed: FiledEntry, shipper: str) -> Shipment | None:
    """Return the one shipment that fits, if a party or the batch was in doubt."""
    doubt = [
        s
        for s in fitting
        if s.sender != shipper
        or s.receiver != filed.report.mba
        or s.batch != filed.entry.shipper_batch
    ]
    return doubt[0] if len(doubt) == 1 else None


def _matched(shipments: list[Shipment], receipts: list[FiledEntry]) -> list[FiledEntry]:
    """Match transfers of one key; return receipts left over.

    Equal weights come first, then the nearest day on or after the shipment; a receipt before the
    shipment is better than no match at all; what then is left may be part of a shipment.
    """
    pairs = sorted(
        (
            (
                filed.day < shipment.day,
                not _same_weights(shipment, filed),
                abs((filed.day - shipment.day).days),
                number,
                place,
            )
            for number, shipment in enumerate(shipments)
            for place, filed in enumerate(receipts)
        )
    )
    taken: set[int] = set()
    for *_, number, place in pairs:
        if place not in taken and not shipments[number].receipts:
            shipments[number].receipts.append(receipts[place])
            taken.add(place)
    left = [filed for place, filed in enumerate(receipts) if place not in taken]
    for filed in list(left):
        home = next((s for s in shipments if _may_hold(s, filed)), None)
        if home is not None:
            home.receipts.append(filed)
            left.remove(filed)
    return left


def _same_weights(shipment: Shipment, receipt: FiledEntry) -> bool:
    return shipment.filed.entry.weights_mg() == receipt.entry.weights_mg()


def _may_hold(shipment: Shipment, part: FiledEntry) -> bool:
    """Whether the receipts of a shipment with one more still weigh no more than it."""
    sent = shipment.filed.entry.weights_mg()
    parts = [*shipment.receipts, part]
    got: dict[str, int] = defaultdict(int)
    for filed in parts:
        for label, mg in filed.entry.weights_mg().items():
            got[label] += mg
    return part.day >= shipment.day and all(mg <= sent.get(label, 0) for label, mg in got.items())


def transit_questions(
    filings: Filings, on: datetime.date, profile: Profile, limit_days: int | None = None
) -> Iterator[Finding]:
    """Yield what is open, late, unmatched or different between shippers and receivers.

    Parameters
    ----------
    filings : Filings
    on : date
        Ages are counted to this day.
    profile : Profile
        States the ages in days.
    limit_days : int, optional
        Age from which an open shipment is a warning, in place of that of the profile.
    """
    transit = match_transfers(filings, on)
    known = set(filings.areas)  # by their reports or by the register
    for shipment in transit.shipments:
        if len(shipment.receipts) > 1:
            yield from _parts(shipment)
        elif shipment.receipts:
            yield from _compared(shipment.filed, shipment.receipts[0])
        elif shipment.receiver in known:
            yield _open(shipment, transit, on, profile, limit_days)
    for filed in transit.unmatched:
        if _mba(filed.entry.shipper) in known:
            yield _unmatched(filed, transit, filings.areas[_mba(filed.entry.shipper)], profile)
    for area in filings.areas.values():
        yield from _partner_questions(area, filings)


def age_limits(profile: Profile, limit_days: int | None = None) -> tuple[int, int]:
    """Return the ages in days above which an open shipment is a warning, an inconsistency."""
    warning = profile.transit_warning_days if limit_days is None else limit_days
    return warning, max(warning, profile.transit_inconsistency_days)


def open_severity(age_days: int, profile: Profile, limit_days: int | None) -> Severity:
    """Return how serious an open shipment of some age is."""
    warning, inconsistent = age_limits(profile, limit_days)
    if age_days > inconsistent:
        return Severity.INCONSISTENCY
    return Severity.WARNING if age_days > warning else Severity.INFORMATION


def _open(
    shipment: Shipment,
    transit: Transit,
    on: datetime.date,
    profile: Profile,
    limit_days: int | None,
) -> Finding:
    age_days = (on - shipment.day).days
    warning, _ = age_limits(profile, limit_days)
    said = (
        f"{shipment.batch}, shipped by {shipment.sender} to {shipment.receiver} on "
        f"{shipment.day}, has not been received by {on} ({age_days} days)"
    )
    likely = [f for f in transit.unmatched if _is_candidate(shipment, f)]
    if likely:
        said += f"; {_name(likely[0])} may be its receipt"
    return question(
        "TRANSIT-OPEN",
        said,
        about=shipment.filed,
        label="446",
        found=f"{age_days} days",
        expected=f"<= {warning} days",
        severity=open_severity(age_days, profile, limit_days),
    )


def _name(filed: FiledEntry) -> str:
    return f"report {filed.report.number} entry {filed.entry.number} of {filed.report.mba}"


def _is_candidate(shipment: Shipment, receipt: FiledEntry) -> bool:
    """Whether a receipt may belong to a shipment, by weights, parties and days."""
    if shipment.receiver != receipt.report.mba or shipment.receipts:
        return False
    days = (receipt.day - shipment.day).days
    return _same_weights(shipment, receipt) and -7 <= days <= _CANDIDATE_DAYS


def candidates(transit: Transit, receipt: FiledEntry) -> list[Shipment]:
    """Return open shipments that a receipt may belong to, the nearest day first."""
    found = [s for s in transit.open if _is_candidate(s, receipt)]
    return sorted(found, key=lambda s: abs((receipt.day - s.day).days))


def _unmatched(
    filed: FiledEntry, transit: Transit, shipper_file: AreaFile, profile: Profile
) -> Finding:
    entry = filed.entry
    shipper = _mba(entry.shipper)
    if (entry.shipper_batch or "").upper() == _UNKNOWN:
        said = f"{entry.batch} was received from {shipper} under a shipper's batch name unknown"
    else:
        said = (
            f"{entry.batch} was received from {shipper} as {entry.shipper_batch or 'no batch'}, "
            "but no such shipment was reported"
        )
    found = candidates(transit, filed)
    if found:
        names = ", ".join(f"{_name(s.filed)} ({s.batch} of {s.day})" for s in found[:3])
        said += f"; by weight and date it may be {names}"
    early = None
    begun = shipper_file.prior_pit
    if begun is not None and not found:
        days = (filed.day - begun).days
        if days <= profile.transit_warning_days:
            said += f"; it may have been shipped before the books begin, on {begun} or earlier"
            early = Severity.WARNING
    return question(
        "RECEIPT-UNMATCHED",
        said,
        about=filed,
        label="447",
        found=entry.shipper_batch,
        expected=found[0].batch if found else None,
        severity=early,
    )


def _parts(shipment: Shipment) -> Iterator[Finding]:
    """A shipment may only be received in parts if the shipper rebatched it before."""
    for filed in shipment.receipts:
        yield question(
            "TRANSIT-WEIGHT",
            f"{shipment.batch} was shipped as one batch and received in "
            f"{len(shipment.receipts)} parts",
            about=filed,
            label="447",
            found=f"{len(shipment.receipts)} receipts",
            expected="one receipt",
            advice="The shipper splits the batch by RM and RP first and ships each part by "
            "itself; ask both sides to correct their entries.",
        )


def _compared(sent: FiledEntry, received: FiledEntry) -> Iterator[Finding]:
    batch = received.entry.batch or "the batch"
    if received.day < sent.day:
        yield question(
            "TRANSIT-DATE",
            f"{batch} was received on {received.day}, before it was shipped on {sent.day}",
            about=received,
            label="412",
            found=str(received.day),
            expected=f">= {sent.day}",
        )
    if not sent.unreadable_labels() and not received.unreadable_labels():
        yield from _weights(sent, received)
    old, new = sent.entry.mdc, received.entry.mdc
    valid = old and new and not check_mdc(old) and not check_mdc(new)
    if valid and old and new and normal_mdc(old) != normal_mdc(new):
        yield question(
            "TRANSIT-MDC",
            f"{batch} was shipped as {old} and received as {new}",
            about=received,
            label="430",
            found=new,
            expected=old,
        )
    shipped, counted = sent.entry.items, received.entry.items
    if None not in (shipped, counted) and shipped != counted:
        yield question(
            "TRANSIT-ITEMS",
            f"{batch}: {shipped} items were shipped, {counted} received",
            about=received,
            label="470",
            found=str(counted),
            expected=str(shipped),
        )


def _weights(sent: FiledEntry, received: FiledEntry) -> Iterator[Finding]:
    shipped = {group.category: group for group in sent.groups}
    got = {group.category: group for group in received.groups}
    for category in sorted({*shipped, *got}):
        old, new = shipped.get(category), got.get(category)
        same = old is not None and new is not None and old.element_mg == new.element_mg
        if same and old and new and None not in (old.fissile_mg, new.fissile_mg):
            same = old.fissile_mg == new.fissile_mg
        if not same:
            yield question(
                "TRANSIT-WEIGHT",
                f"{received.entry.batch}: received {weight_text(category, new)}, shipped "
                f"{weight_text(category, old)}",
                about=received,
                label=_differing_label(category, old, new),
                category=str(category),
                found=weight_text(category, new),
                expected=weight_text(category, old),
            )
        elif old and new:
            yield from _isotopes(received, category, old, new)


def _isotopes(
    received: FiledEntry, category: Category, old: CategoryGroup, new: CategoryGroup
) -> Iterator[Finding]:
    """Compare the further isotopes that both sides give."""
    sent, got = dict(old.isotopes), dict(new.isotopes)
    for nuclide in sent:
        if nuclide in got and sent[nuclide] != got[nuclide]:
            was, now = (f"{format_weight(side[nuclide], 'g')} g" for side in (sent, got))
            yield question(
                "TRANSIT-WEIGHT",
                f"{received.entry.batch}: received {now} {nuclide}, shipped {was}",
                about=received,
                label=_ISOTOPE_LABELS[nuclide],
                category=str(category),
                found=now,
                expected=was,
            )


def _differing_label(
    category: Category, old: CategoryGroup | None, new: CategoryGroup | None
) -> str:
    """Return the label that differs: that of the element, or of the fissile weight alone."""
    if old is None or new is None or old.element_mg != new.element_mg:
        return category.label
    return LABEL_OF_FISSILE_BASE.get(new.fissile_basis or "", category.label)


def weight_text(category: Category, group: CategoryGroup | None) -> str:
    """Return the weights of a category in words, e.g. ``"50 g E with 2.225 g fissile"``."""
    if group is None:
        return f"nothing of category {category}"
    said = f"{format_weight(group.element_mg, category.unit)} {category.unit} {category}"
    if group.fissile_mg is not None:
        said += f" with {format_weight(group.fissile_mg, 'g')} g fissile"
    return said


def _partner_questions(area: AreaFile, filings: Filings) -> Iterator[Finding]:
    """Yield domestic transfers whose partner is no area of the register.

    A register that knows one facility alone is that facility's own: it says nothing of others.
    """
    facilities = {a.place.facility for a in filings.areas.values() if a.place is not None}
    if filings.context is None or len(facilities) < 2:
        return
    for filed in area.changes:
        if filed.entry.code not in ("SD", "RD"):
            continue
        label, party = ("372", filed.entry.receiver)
        if filed.entry.code == "RD":
            label, party = ("370", filed.entry.shipper)
        country, _, mba = (party or "").partition("/")
        if country == area.country and len(mba) == 4 and mba not in filings.areas:
            yield question(
                "PARTY-MISSING",
                f"{party} is not a registered area of {country}",
                about=filed,
                label=label,
                found=party,
                expected=f"one of {', '.join(sorted(filings.areas))}",
            )


def difference_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield shipper/receiver differences without a receipt, and those that are very large."""
    listed = {e.batch for e in area.opening_batches()}
    received: dict[str, list[FiledEntry]] = defaultdict(list)
    unclear = [f for f in area.changes if f.unnamed or f.code is None]
    for filed in area.changes:
        if filed.entry.code in _RECEIPTS and filed.entry.batch:
            received[filed.entry.batch].append(filed)
    for filed in area.changes:
        if filed.entry.code != "DI" or not filed.entry.batch:
            continue
        batch = filed.entry.batch
        receipts = [f for f in received[batch] if f.day <= filed.day]
        if not receipts:
            if any(_may_be_receipt(f, batch) for f in unclear if f.day <= filed.day):
                continue
            if batch not in listed and area.opening is not None:
                yield question(
                    "DI-LIMIT",
                    f"a shipper/receiver difference is booked on {batch}, but no receipt of that "
                    "batch was reported before it",
                    about=filed,
                    label="446",
                    found=batch,
                    severity=Severity.INCONSISTENCY,
                )
            continue
        yield from _size(filed, receipts[-1])


def _may_be_receipt(filed: FiledEntry, batch: str) -> bool:
    """Whether an entry without known code or name may be the receipt of a batch."""
    if filed.unnamed:
        return filed.entry.code in _RECEIPTS
    return filed.code is None and filed.entry.batch == batch


def _size(filed: FiledEntry, receipt: FiledEntry) -> Iterator[Finding]:
    """Compare a difference with the limit that measurement would leave."""
    description = split_mdc(receipt.entry.mdc) if receipt.entry.mdc else None
    mixed = description is not None and description.physical_form in _MIXED_FORMS
    uncertainty = transfer_uncertainty(max(filed.day, FIRST_DAY), scrap_or_waste=mixed)
    received = {group.category: group for group in receipt.groups}
    for group in filed.groups:
        of = received.get(group.category)
        if of is None or of.element_mg <= 0:
            continue
        limit_mg = max(Fraction(of.element_mg) * uncertainty * 3, Fraction(1000))
        if abs(group.element_mg) ** 2 > 2 * limit_mg**2:  # 3 sqrt(s**2 + r**2) with s = r
            unit = group.category.unit
            found = f"{format_weight(group.element_mg, unit)} {unit}"
            root = isqrt(int(2 * limit_mg**2))
            share = abs(100 * group.element_mg) / of.element_mg
            yield question(
                "DI-LIMIT",
                f"the difference of {filed.entry.batch} is {found}, {share:.3g} % of what was "
                "received",
                about=filed,
                label=group.category.label,
                category=str(group.category),
                found=found,
                expected=f"<= {format_weight(root, unit)} {unit}",
            )
