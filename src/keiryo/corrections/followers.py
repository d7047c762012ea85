"""What follows from a corrected change: receipt, difference, the other side, burnt fuel.

- A receipt (RD) is booked on the shipper's data, so it follows its shipment (SD).
- A shipper/receiver difference is the shipper's weight less the receiver's: it follows what was
  received, so that the book after it stays what the receiver measured.
- In each report as much goes into batches by rebatching (RP) as is taken out (RM).
- A category change states the same uranium on both sides.
- Where a change of category had emptied a batch of its old category, it does so again.

Sources: INFCIRC/153 (Corrected), paragraphs 98, 100 and 107; Code 10, labels 411 and 447.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from keiryo.corrections.chain import Chain, place_text, with_weights
from keiryo.errors import Finding, Severity
from keiryo.quantities import Category
from keiryo.reports.entry_rules import known_code
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.model import (
    ELEMENT_LABELS,
    FISSILE_LABELS,
    OTHER_FISSILE_LABELS,
    Entry,
    fissile_label,
)
from keiryo.reports.questions.running_book import BatchContents, batch_effects, stretches
from keiryo.reports.questions.transit import match_transfers

_EVER = datetime.date.max
_RECEIPTS = ("RD", "RF", "RN", "RS")
_BASIS = "Code 10, labels 411 and 447; INFCIRC/153 paragraph 98"

Delta = dict[Category, list[int]]
"""What is added to a batch by category: element and fissile weight in milligrams."""


def both_sides(before: Entry, after: Entry) -> Entry:
    """Return a category change with the same uranium on both sides.

    The side that was not touched follows the one that was; so do the fissile weights.
    """
    code = known_code(after.code) if after.code else None
    if code is None or code.old_category is None or code.new_category is None:
        return after
    old, new = before.weights_mg(), after.weights_mg()
    _follow(old, new, code.old_category.label, code.new_category.label)
    fissile = fissile_label(new)
    for label in OTHER_FISSILE_LABELS:
        if fissile is not None and label in new:
            _follow(old, new, fissile, label)
    return with_weights(after, new)


def _follow(old: dict[str, int], new: dict[str, int], one: str, other: str) -> None:
    """Let one weight follow another if only that was changed."""
    touched = [label for label in (one, other) if old.get(label) != new.get(label)]
    if len(touched) == 1 and touched[0] in new:
        new[other if touched[0] == one else one] = new[touched[0]]


def follow_transfer(chain: Chain, filed: FiledEntry, entry: Entry | None) -> None:
    """Let receipts and differences follow a change, or say why the change itself must follow.

    Parameters
    ----------
    chain : Chain
    filed : FiledEntry
        The change as it counts now.
    entry : Entry or None
        As it should be; None if it is deleted.
    """
    if filed.entry.code == "SD":
        _follow_shipment(chain, filed, entry)
    elif filed.entry.code in _RECEIPTS:
        if filed.entry.code == "RD" and not _fits_shipment(chain, filed, entry):
            return
        follow_receipt(chain, filed, entry)


def _follow_shipment(chain: Chain, filed: FiledEntry, entry: Entry | None) -> None:
    transit = match_transfers(chain.filings, _EVER)
    receipts = next((s.receipts for s in transit.shipments if s.filed is filed), [])
    where = place_text(filed)
    if not receipts:
        chain.remark(f"{where} has not been received yet; the receipt is to be booked on the "
                     "corrected data.")  # fmt: skip
        return
    if len(receipts) > 1:
        for received in receipts:
            chain.ask(
                received.report.mba or "",
                place_text(received),
                f"{where} was received in {len(receipts)} parts: which of them changes?",
            )
        return
    received = receipts[0]
    if entry is None:
        reason = f"The shipment {where} is deleted, so nothing was received."
        chain.delete(received, reason)
        follow_receipt(chain, received, None)
    elif entry.code != "SD" or entry.receiver != filed.entry.receiver:
        chain.findings.append(_received_already(filed, received))
    else:
        follows = _received(filed.entry, entry, received.entry)
        chain.correct(received, follows, f"A receipt is booked on the shipper's data ({where}).")
        follow_receipt(chain, received, follows)


def _received(before: Entry, after: Entry, received: Entry) -> Entry:
    """Return a receipt with everything that was corrected in its shipment."""
    old, new, own = before.weights_mg(), after.weights_mg(), received.weights_mg()
    for label in {*old, *new}:
        if old.get(label) != new.get(label):
            own.pop(label, None)
            if label in new:
                own[label] = new[label]
    follows = with_weights(received, own)
    for name in ("mdc", "items", "shipper"):
        if getattr(before, name) != getattr(after, name):
            follows = replace(follows, **{name: getattr(after, name)})
    if before.batch != after.batch:
        follows = replace(follows, shipper_batch=after.batch)
    return follows


def _received_already(filed: FiledEntry, received: FiledEntry) -> Finding:
    return Finding(
        "CORRECT-PARTNER",
        Severity.INCONSISTENCY,
        f"{received.report.mba} reported that it received this shipment ({place_text(received)})",
        "Ask both areas where the material went. If the receipt is wrong as well, delete it "
        "first; the receiver or the kind of change can be corrected then.",
        mba=filed.report.mba,
        report=str(filed.report.number),
        entry=filed.entry.number,
        label="372",
        basis=_BASIS,
    )


def _fits_shipment(chain: Chain, filed: FiledEntry, entry: Entry | None) -> bool:
    """Whether a corrected receipt says what its shipment says; if not, that is found."""
    transit = match_transfers(chain.filings, _EVER)
    sent = next((s.filed for s in transit.shipments if filed in s.receipts), None)
    if sent is None:
        return True
    if entry is None:
        chain.ask(
            sent.report.mba or "",
            place_text(sent),
            f"The shipment {place_text(sent)} stands without receipt {place_text(filed)}; is "
            "the material on its way, or was it never shipped?",
        )
        return True
    differs = {
        label
        for label, mg in sent.entry.weights_mg().items()
        if entry.weights_mg().get(label) not in (mg, filed.entry.weights_mg().get(label))
    }
    if not differs and entry.mdc in (sent.entry.mdc, filed.entry.mdc):
        return True
    chain.findings.append(
        Finding(
            "CORRECT-RECEIPT",
            Severity.INCONSISTENCY,
            f"a receipt is booked on the shipper's data, and {place_text(sent)} states others",
            f"If the shipper was wrong, correct {place_text(sent)}: the receipt follows. If the "
            "receiver measured otherwise, report a shipper/receiver difference (DI).",
            mba=filed.report.mba,
            report=str(filed.report.number),
            entry=filed.entry.number,
            label="630" if "630" in differs else min(differs, default="430"),
            basis=_BASIS,
        )
    )
    return False


def follow_receipt(chain: Chain, received: FiledEntry, entry: Entry | None) -> None:
    """Let the shipper/receiver difference on a batch follow what was received."""
    booked = list(_differences(chain.area_of(received), received))
    where = place_text(received)
    if not booked:
        return
    if entry is None or entry.code not in _RECEIPTS:
        for filed in booked:
            chain.delete(filed, f"There is no difference without the receipt {where}.")
        return
    for filed in booked[:-1]:
        chain.ask(
            received.report.mba or "",
            place_text(filed),
            f"There are {len(booked)} differences on {received.entry.batch}; the last one, "
            f"{place_text(booked[-1])}, takes up the whole change. Is that right?",
        )
    last = booked[-1]
    old, new = received.entry.weights_mg(), entry.weights_mg()
    weights = last.entry.weights_mg()
    for label in (*ELEMENT_LABELS, *FISSILE_LABELS):
        change_mg = new.get(label, 0) - old.get(label, 0)
        if change_mg:
            weights[label] = weights.get(label, 0) + change_mg
    reason = (
        f"The difference is the shipper's weight less the receiver's; {where} changed, and the "
        "receiver's book after it stays what was measured."
    )
    if not any(weights.values()):
        chain.delete(last, f"{reason} Nothing is left of it.")
        return
    chain.correct(last, with_weights(last.entry, weights), reason)
    if entry.batch != received.entry.batch:
        _rename(chain, booked, entry.batch, where)


def _rename(chain: Chain, booked: list[FiledEntry], batch: str | None, where: str) -> None:
    for filed in booked:
        amendment = chain.amended(filed)
        content = amendment.entry if amendment and amendment.entry else filed.entry
        renamed = replace(content, batch=batch)
        reason = f"A difference is reported on the batch name of its receipt ({where})."
        if chain.choices.strict:
            chain.reissue(filed, renamed, chain.area_of(filed), reason)
        else:
            chain.correct(filed, renamed, reason)


def _differences(area: AreaFile, received: FiledEntry) -> Iterator[FiledEntry]:
    """Yield the differences booked on a receipt, up to the next receipt of that batch."""
    later = [
        f.day
        for f in area.changes
        if f.entry.code in _RECEIPTS and f.entry.batch == received.entry.batch and f is not received
        and f.day > received.day
    ]  # fmt: skip
    until = min(later, default=_EVER)
    for filed in area.changes:
        same = filed.entry.code == "DI" and filed.entry.batch == received.entry.batch
        if same and received.day <= filed.day < until:
            yield filed


def follow_rebatching(chain: Chain, filed: FiledEntry, entry: Entry | None) -> None:
    """Let the other side of a rebatching follow, if it is clear which entry that is."""
    if filed.entry.code not in ("RM", "RP"):
        return
    area, where = chain.area_of(filed), place_text(filed)
    group = rebatched_with(area, filed)
    others = [f for f in group if f.entry.code != filed.entry.code]
    left = _left_over(group, filed, entry)
    if not any(left.values()):
        return
    if len(others) != 1:
        named = ", ".join(place_text(f) for f in others) or "no other side"
        chain.ask(
            area.code,
            where,
            "As much must go into batches by RP as is taken out by RM; which of the other side "
            f"follows: {named}?",
        )
        return
    other = others[0]
    reason = f"Rebatching puts in as much as it takes out ({where})."
    sign = 1 if other.entry.code == "RP" else -1
    weights = other.entry.weights_mg()
    for label, mg in left.items():
        weights[label] = weights.get(label, 0) + sign * mg
    if not any(weights.values()):
        chain.delete(other, reason)
    elif min(weights.values()) < 0:
        chain.ask(area.code, where, f"{place_text(other)} cannot follow: it would be negative.")
    else:
        chain.correct(other, with_weights(other.entry, weights), reason)


def rebatched_with(area: AreaFile, filed: FiledEntry) -> list[FiledEntry]:
    """Return the entries of one rebatching: of the day if these are even, else of the report."""
    number = filed.origin.report.number
    group = [
        f for f in area.changes if f.entry.code in ("RM", "RP") and f.origin.report.number == number
    ]
    day = [f for f in group if f.day == filed.day]
    return group if any(_left_over(day, None, None).values()) else day


def _left_over(
    group: list[FiledEntry], filed: FiledEntry | None, entry: Entry | None
) -> Counter[str]:
    """Return by label what is taken out and not put in, with one entry as it should be."""
    left: Counter[str] = Counter()
    for one in group:
        content = entry if one is filed else one.entry
        if content is not None:
            sign = 1 if one.entry.code == "RM" else -1
            for weight in content.weights:
                left[weight.label] += sign * weight.mg
    return left


def ask_together(chain: Chain, filed: FiledEntry) -> None:
    """Ask about loss, production and category change that were reported of one discharge."""
    if not _of_discharge(filed):
        return
    area = chain.area_of(filed)
    for other in area.changes:
        same = other.entry.batch == filed.entry.batch and other.day == filed.day
        if same and other is not filed and _of_discharge(other):
            chain.ask(
                area.code,
                place_text(other),
                f"{other.entry.code} of {other.entry.batch} was reported of the same day as "
                f"{place_text(filed)}; if both speak of one discharge, correct it in the same way.",
            )


def ask_later_uses(chain: Chain, filed: FiledEntry) -> None:
    """Ask about later changes of a batch that arrived under another name, or never arrived."""
    if filed.code is None or filed.code.batch_sign <= 0 or not filed.entry.batch:
        return
    area = chain.area_of(filed)
    for other in area.changes:
        same = other.entry.batch == filed.entry.batch and other.day >= filed.day
        if same and other is not filed and chain.amended(other) is None:
            chain.ask(
                area.code,
                place_text(other),
                f"{other.entry.code} names {filed.entry.batch}, the batch of {place_text(filed)}; "
                "should it follow? If so, correct it as well.",
            )


def _of_discharge(filed: FiledEntry) -> bool:
    code = filed.code
    return code is not None and (code.code in ("LN", "NP") or code.kind == "category_change")


def follow_batches(chain: Chain) -> None:
    """Let category changes follow where the content of a batch became another."""
    deltas: dict[tuple[str, str], Delta] = {}
    days: dict[tuple[str, str], datetime.date] = {}
    for amendment in chain.amendments:
        if amendment.report_type != "I" or not amendment.area.follows_batches:
            continue
        sides: list[tuple[FiledEntry, int]] = []
        if amendment.target is not None:
            sides.append((amendment.target, -1))
        if amendment.entry is not None:
            report = amendment.target.report if amendment.target else amendment.host
            if report is not None:
                sides.append((FiledEntry(report, amendment.entry), 1))
        for filed, sign in sides:
            key = (amendment.area.code, filed.entry.batch or "")
            days[key] = min(days.get(key, filed.day), filed.day)
            delta = deltas.setdefault(key, {})
            for category, element_mg, fissile_mg in batch_effects(filed):
                sums = delta.setdefault(category, [0, 0])
                sums[0] += sign * element_mg
                sums[1] += sign * (fissile_mg or 0)
    for (mba, batch), delta in deltas.items():
        if batch and any(any(sums) for sums in delta.values()):
            _follow_batch(chain, chain.filings.areas[mba], batch, days[(mba, batch)], delta)


def _follow_batch(
    chain: Chain, area: AreaFile, batch: str, first: datetime.date, delta: Delta
) -> None:
    for stretch in stretches(area):
        if first <= stretch.start or (stretch.end is not None and first > stretch.end):
            continue
        contents = BatchContents(stretch.batches)
        for day, entries in stretch.days:
            for filed in entries:
                contents.apply(filed)
            if day < first:
                continue
            held = contents.of.get(batch, {})
            for filed in entries:
                if filed.entry.batch == batch and chain.amended(filed) is None:
                    emptied = {c for c, content in held.items() if content.element_mg == 0}
                    _follow_use(chain, filed, emptied, delta)


def _follow_use(chain: Chain, filed: FiledEntry, emptied: set[Category], delta: Delta) -> None:
    """Let one use of the batch follow, or ask whether it should."""
    code, batch = filed.code, filed.entry.batch
    if code is None:
        return
    old, new = code.old_category, code.new_category
    if old is not None and new is not None:
        change = delta.get(old, [0, 0])
        if old in emptied and any(change):
            reason = f"The change of category took all of {batch}; it does so again."
            chain.correct(filed, _moved(filed.entry, old, new, change), reason)
            gained = delta.setdefault(new, [0, 0])
            delta[new] = [gained[0] + change[0], gained[1] + change[1]]
            delta[old] = [0, 0]
    elif code.batch_sign < 0 and code.code != "LN":
        gone = [g.category for g in filed.groups if g.category in emptied]
        if any(any(delta.get(category, [0, 0])) for category in gone):
            chain.ask(
                filed.report.mba or "",
                place_text(filed),
                f"{code.code} took all of {batch} away, with the weights known then. Should it "
                "follow? If so, correct it as well.",
            )


def _moved(entry: Entry, old: Category, new: Category, change: list[int]) -> Entry:
    """Return a category change of a content that changed."""
    weights = entry.weights_mg()
    for label in (old.label, new.label):
        if label in weights:
            weights[label] += change[0]
    fissile = fissile_label(weights)
    for name in (fissile, "770", "780"):
        if name is not None and name in weights:
            weights[name] += change[1]
    return with_weights(entry, weights)
