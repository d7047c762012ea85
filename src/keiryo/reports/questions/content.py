"""What a batch holds: enrichment and category, irradiation, plutonium, names, bases.

Enrichment is only questioned where rounding cannot explain it: each weight may be half of the
step off to which it seems to be rounded, and the whole interval must lie on the wrong side.

Sources: Code 10, labels 430, 446, 469 and 600 to 800; the rest follows from the definitions.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from keiryo.errors import Finding, Severity
from keiryo.limits import FIRST_DAY
from keiryo.material_description import split_mdc
from keiryo.quantities import Category, enrichment_interval
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.model import CategoryGroup
from keiryo.reports.questions.table import question
from keiryo.reports.weight_rules import rounding_step_mg
from keiryo.vocabulary import natural_enrichment

HIGH = Fraction(1, 5)
_FRESH_FORMS = ("B", "D")
_MIXED_OXIDE_FROM = Fraction(2, 100)
"""Share of plutonium in heavy metal from which fresh fuel is taken to be mixed oxide."""

_RETURNING = ("RP", "FW", "DU", "DQ")
"""Codes whose data may have been reported under another name, or before the books began."""

_DECAY_WORDS = ("DECAY", "AM-241", "PU-241", "HALF-LIFE", "HALF LIFE")
"""What a note on decay speaks of."""

Interval = tuple[Fraction, Fraction]


def interval_of(group: CategoryGroup) -> Interval | None:
    """Return the enrichment that the weights of a group leave possible, or None if unknown."""
    if group.fissile_mg is None or group.element_mg <= 0 or group.fissile_mg < 0:
        return None
    label = group.category.label
    return enrichment_interval(
        group.element_mg,
        group.fissile_mg,
        element_step_mg=rounding_step_mg(group.element_mg, label),
        fissile_step_mg=rounding_step_mg(group.fissile_mg, "670"),
    )


def percent(interval: Interval) -> str:
    """Return the middle of an enrichment interval in per cent, e.g. ``"0.68 %"``."""
    return f"{float((interval[0] + interval[1]) / 2) * 100:.3g} %"


def wrong_category(
    category: Category, interval: Interval, on: datetime.date
) -> tuple[str, str] | None:
    """Return what is wrong with a category for an enrichment, and what is expected, or None."""
    natural, tolerance = natural_enrichment(max(on, FIRST_DAY))
    low, high = interval
    limit = f"{float(natural) * 100:.3g} %"
    if category is Category.ENRICHED and high < natural - tolerance:
        return f"enriched uranium of {percent(interval)}, below natural ({limit})", f"> {limit}"
    if category is Category.DEPLETED and low > natural + tolerance:
        return f"depleted uranium of {percent(interval)}, above natural ({limit})", f"< {limit}"
    return None


def content_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield entries whose content cannot be as they say."""
    for filed in _stating_content(area):
        yield from _category_questions(filed)
        yield from _plutonium_questions(filed)
    for filed in area.changes:
        yield from _irradiation_questions(area, filed)
    yield from _rebatching_questions(area)


def _stating_content(area: AreaFile) -> Iterator[FiledEntry]:
    """Yield entries whose weights are the content of a batch, not a difference."""
    for filed in area.changes:
        code = filed.code
        if code is None or code.isotope_may_exceed_element or code.kind == "category_change":
            continue
        yield filed
    for listing in area.listings.values():
        yield from listing.entries


def _category_questions(filed: FiledEntry) -> Iterator[Finding]:
    for group in filed.groups:
        interval = interval_of(group)
        if interval is None:
            continue
        wrong = wrong_category(group.category, interval, filed.day)
        if wrong:
            yield question(
                "CATEGORY-ENRICH",
                f"{filed.entry.batch or 'the batch'} is {wrong[0]}",
                about=filed,
                label=group.category.label,
                category=str(group.category),
                found=percent(interval),
                expected=wrong[1],
            )


def _plutonium_questions(filed: FiledEntry) -> Iterator[Finding]:
    weights_mg = filed.entry.weights_mg()
    plutonium_mg = weights_mg.get("700", 0)
    description = split_mdc(filed.entry.mdc) if filed.entry.mdc else None
    if plutonium_mg <= 0 or description is None or description.quality != "F":
        return
    uranium_mg = sum(weights_mg.get(label, 0) for label in ("600", "610", "630"))
    if uranium_mg <= 0 or description.physical_form not in _FRESH_FORMS:
        return
    if Fraction(plutonium_mg, plutonium_mg + uranium_mg) < _MIXED_OXIDE_FROM:
        yield question(
            "PU-IN-FRESH",
            f"{filed.entry.batch or 'the batch'} is fresh uranium fuel ({filed.entry.mdc}) and "
            "yet holds plutonium",
            about=filed,
            label="700",
            category="P",
        )


def _irradiation_questions(area: AreaFile, filed: FiledEntry) -> Iterator[Finding]:
    code = filed.code
    if code is None or not code.needs_irradiated or not filed.entry.mdc:
        return
    description = split_mdc(filed.entry.mdc)
    if description is None or description.irradiated is not False:
        return
    said = " ".join(note.text or "" for note in area.notes_on(filed))
    if any(word in said for word in _DECAY_WORDS):
        return
    yield question(
        "NP-IRRADIATED",
        f"{code.code} ({code.meaning}) on {filed.entry.batch or 'a batch'}, which is described as "
        f"not irradiated ({filed.entry.mdc})",
        about=filed,
        label="430",
        found=filed.entry.mdc,
    )


def _rebatching_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield where rebatching takes uranium from one side of 20 % to the other."""
    out: dict[tuple[int, datetime.date], set[str]] = defaultdict(set)
    for filed in area.changes:
        if filed.entry.code == "RM":
            key = (filed.origin.report.number, filed.day)
            out[key] |= {c for g in filed.groups if (c := class_of(g)) is not None}
    for filed in area.changes:
        if filed.entry.code != "RP":
            continue
        before = out.get((filed.origin.report.number, filed.day), set())
        for group in filed.groups:
            now = class_of(group)
            if now is not None and before and before != {now}:
                yield crossing(filed, now)


def crossing(filed: FiledEntry, now: str) -> Finding:
    """Return the finding that a batch has crossed 20 %."""
    side = "20 % or more" if now == "H" else "less than 20 %"
    return question(
        "HEU-FLAG",
        f"uranium of {filed.entry.batch or 'a batch'} crosses 20 %: it now has {side}",
        about=filed,
        label="630",
        category="E",
        found=now,
    )


def class_of(group: CategoryGroup) -> str | None:
    """Return H or L where the enrichment is surely on that side of 20 %, else None."""
    if group.category not in "EU":
        return None
    interval = interval_of(group)
    if interval is None or interval[0] < HIGH <= interval[1]:
        return None
    return "H" if interval[0] >= HIGH else "L"


def name_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield changes reported twice, and batch names used twice."""
    seen: dict[tuple[object, ...], list[FiledEntry]] = defaultdict(list)
    for filed in area.changes:
        entry = filed.entry
        if entry.batch and entry.code and entry.date:
            seen[(entry.code, entry.date, entry.batch)].append(filed)
    for (code, day, batch), same in seen.items():
        for filed in same[1:]:
            twin = next((o for o in same[: same.index(filed)] if _equal(o, filed)), None)
            other = twin or same[0]
            where = f"report {other.report.number} entry {other.entry.number}"
            yield question(
                "DUPLICATE" if twin else "BATCH-REUSE",
                f"{code} of {batch} on {day} is reported again, as in {where}, with the same "
                "weights"
                if twin
                else f"{batch} is used twice for {code} on {day}, as in {where}",
                about=filed,
                label="446",
                found=str(batch),
            )


def listing_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield batches that a listing states twice."""
    for listing in area.listings.values():
        seen: dict[tuple[object, ...], FiledEntry] = {}
        for filed in listing.entries:
            entry = filed.entry
            key = (entry.batch, entry.kmp, tuple(sorted(entry.weights_mg().items())))
            first = seen.setdefault(key, filed)
            if first is not filed and entry.batch:
                yield question(
                    "DUPLICATE",
                    f"{entry.batch} is listed twice, as in report {first.report.number} entry "
                    f"{first.entry.number}, with the same weights",
                    about=filed,
                    label="446",
                    found=entry.batch,
                )


def _equal(one: FiledEntry, other: FiledEntry) -> bool:
    return one.entry.weights_mg() == other.entry.weights_mg()


def basis_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield measurement bases that do not fit what the area has reported before.

    The test is on the data: a batch may have got another name by rebatching. M is right at any
    time, after a fresh measurement.
    """
    if area.opening is None:
        return
    names = {e.batch for e in area.opening_batches()}
    data = {tuple(sorted(e.weights_mg().items())) for e in area.opening_batches()}
    listed = [f for listing in area.listings.values() for f in listing.entries]
    for filed in sorted([*area.changes, *listed], key=_as_reported):
        entry = filed.entry
        if filed.unnamed:
            continue
        weights = tuple(sorted(entry.weights_mg().items()))
        known = entry.batch in names or weights in data
        if entry.basis in ("L", "T") and not known and entry.code not in _RETURNING:
            yield question(
                "MBASIS",
                f"{entry.batch} is marked {entry.basis}, reported before, but {area.code} has "
                "not reported it",
                about=filed,
                label="469",
                found=entry.basis,
                expected="M" if entry.basis == "T" else "N",
                severity=Severity.WARNING,
            )
        elif entry.basis == "N" and known and weights in data and _states_again(filed):
            yield question(
                "MBASIS",
                f"{entry.batch} is marked N, not reported before, but {area.code} has reported "
                "these weights",
                about=filed,
                label="469",
                found="N",
                expected="L",
                severity=Severity.WARNING,
            )
        names.add(entry.batch)
        if entry.code not in ("LN", "NP", "DI"):
            data.add(weights)


def _states_again(filed: FiledEntry) -> bool:
    """Whether an entry speaks of a batch on hand: a listing, or what leaves the area."""
    code = filed.code
    if code is not None and code.kind == "rebatching":
        return code.batch_sign < 0
    return filed.report.type == "P" or (code is not None and code.kind == "decrease")


def _as_reported(filed: FiledEntry) -> tuple[object, ...]:
    """Order in which an area has reported: a change, then the listing of the same day."""
    report = filed.origin.report
    return (filed.day, report.type == "P", report.number, filed.origin.entry.number)


def pairing_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield nuclear loss of reactor fuel without production on the same day, or the reverse."""
    if area.kind != "item":
        return
    high, low = _enriched(area)
    if high and not low:
        return  # a reactor with high enriched fuel alone: it produces next to no plutonium
    events: dict[str, dict[str, list[FiledEntry]]] = {}
    for filed in area.changes:
        code, batch = filed.entry.code, filed.entry.batch
        if code in ("LN", "NP") and batch and batch not in high:
            events.setdefault(batch, {"LN": [], "NP": []})[code].append(filed)
    uncertain, of_any = _uncertain(area)
    for batch, of_batch in events.items():
        lost, made = _unmatched_days(of_batch, uncertain.get(batch, set()) | of_any)
        shifted = list(zip(lost, made, strict=False))  # the same event under two days
        for pair in shifted:
            yield _unpaired(batch, max(pair, key=lambda f: f.order))
        for filed in [*lost[len(shifted) :], *made[len(shifted) :]]:
            if _is_uranium_fuel(filed):
                yield _unpaired(batch, filed)


def _uncertain(area: AreaFile) -> tuple[dict[str, set[datetime.date]], set[datetime.date]]:
    """Return days of entries that may be a missing half: by batch, and those of no batch.

    They are entries of no known code, or of no name.
    """
    of_batch: dict[str, set[datetime.date]] = defaultdict(set)
    of_any = set()
    for filed in area.changes:
        if filed.code is None and filed.entry.batch:
            of_batch[filed.entry.batch].add(filed.day)
        if filed.unnamed and filed.entry.code in ("LN", "NP"):
            of_any.add(filed.day)
    return of_batch, of_any


def _unmatched_days(
    of_batch: dict[str, list[FiledEntry]], uncertain: set[datetime.date]
) -> tuple[list[FiledEntry], list[FiledEntry]]:
    """Return losses without production on their day, and the reverse.

    An entry whose own day cannot be read may be of any day.
    """
    if any(f.entry.date is None for filed in of_batch.values() for f in filed):
        return [], []
    days = {code: {f.day for f in filed} | uncertain for code, filed in of_batch.items()}
    lost = [f for f in of_batch["LN"] if f.day not in days["NP"]]
    return lost, [f for f in of_batch["NP"] if f.day not in days["LN"]]


def _unpaired(batch: str, filed: FiledEntry) -> Finding:
    code = filed.entry.code
    other = "NP" if code == "LN" else "LN"
    return question(
        "NP-LN-PAIR",
        f"{batch} has {code} on {filed.day}, but no {other} on that day",
        about=filed,
        label="411",
        found=code,
        expected=f"{code} and {other}",
    )


def _is_uranium_fuel(filed: FiledEntry) -> bool:
    """Whether it is loss of uranium or production of plutonium in fuel, not decay."""
    description = split_mdc(filed.entry.mdc) if filed.entry.mdc else None
    if description is None or description.physical_form not in _FRESH_FORMS:
        return False
    weights = filed.entry.weights_mg()
    if filed.entry.code == "LN":
        groups = filed.groups
        if any((g.fissile_mg or 0) > g.element_mg for g in groups if g.category in "EU"):
            return False  # high enriched: more U-235 is lost than uranium
        return any(label in weights for label in ("600", "610", "620", "630"))
    return "700" in weights


def _enriched(area: AreaFile) -> tuple[set[str], set[str]]:
    """Return the names of batches stated with 20 % or more at any time, and of those below."""
    entries = [*area.opening_batches(), *(f.entry for f in _stating_content(area))]
    names: dict[str, set[str]] = {"H": set(), "L": set()}
    for entry in entries:
        for group in entry.groups():
            now = class_of(group)
            if entry.batch and now is not None:
                names[now].add(entry.batch)
    return names["H"], names["L"] - names["H"]
