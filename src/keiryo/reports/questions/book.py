"""Questions to the book of an area and to its batches: never below zero, items complete.

Sources: the definitions of INFCIRC/153 (Corrected), paragraphs 100 to 115; Code 10, label 411.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from keiryo.errors import Finding, Severity
from keiryo.quantities import (
    LABEL_OF_FISSILE_BASE,
    Category,
    effective_kg,
    effective_kg_text,
    format_weight,
    parse_weight_mg,
)
from keiryo.reports.filed import AreaFile, FiledBalance, FiledEntry
from keiryo.reports.model import CategoryGroup, Entry, Report
from keiryo.reports.questions.content import (
    class_of,
    crossing,
    interval_of,
    percent,
    wrong_category,
)
from keiryo.reports.questions.running_book import (
    BatchContents,
    Content,
    Stretch,
    batch_effects,
    book_effects,
    stretches,
)
from keiryo.reports.questions.table import question
from keiryo.reports.weight_rules import element_of, grams

_NEW_NAME = ("RF", "RD", "RS", "RN", "GA", "RP")
"""Codes under which a name must not be one that was used up before."""

_NO_ITEMS_MOVE = ("LN", "NP", "DI")
Weight = tuple[Category, str, str, int]
"""Category, label, unit and milligrams of one weight of a book."""


def weights_of(category: Category, content: Content) -> Iterator[Weight]:
    """Yield what is balanced of a category: the element, and the fissile weight of E and U."""
    yield category, category.label, category.unit, content.element_mg
    if category in "EU" and content.fissile_mg is not None:
        yield category, "670", "g", content.fissile_mg


def book_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield days on which the book of an area falls below zero, and where batches do not add up."""
    emptied: set[str] = set()
    heavy = False
    carried: dict[str, dict[Category, Content]] = {}
    for stretch in stretches(area):
        yield from _book(stretch)
        if stretch.listed:
            yield from _batches(area, stretch, emptied, carried)
            if area.kind == "LOF":
                over = list(_outside_facilities(area, stretch, heavy))
                heavy = bool(over) or heavy
                yield from over
        yield from _items(area, stretch)
    for balance in area.balances.values():
        yield from _stated_below_zero(balance)


def _book(stretch: Stretch) -> Iterator[Finding]:
    book = stretch.book
    below: set[str] = {
        label for c, content in book.items() for _, label, _, mg in weights_of(c, content) if mg < 0
    }
    unknown: set[str] = set()
    for day, entries in stretch.days:
        for filed in entries:
            if filed.doubtful:
                unknown |= {str(group.category) for group in filed.groups}
            for category, element_mg, fissile_mg in book_effects(filed):
                if fissile_mg is None and category not in "EU":
                    fissile_mg = 0
                book.setdefault(category, Content()).add(element_mg, fissile_mg)
        for category, content in book.items():
            if category in unknown:
                continue
            for _, label, unit, mg in weights_of(category, content):
                key = f"{category}{label}"
                if mg >= 0:
                    below.discard(key)
                elif key not in below:
                    below.add(key)
                    yield _below_zero(entries, day, category, label, unit, mg)


def _below_zero(
    entries: list[FiledEntry],
    day: datetime.date,
    category: Category,
    label: str,
    unit: str,
    mg: int,
) -> Finding:
    lowering = [f for f in entries if any(c == category and e < 0 for c, e, _ in book_effects(f))]
    what = "fissile weight" if label == "670" else "element weight"
    return question(
        "NEG-BOOK",
        f"after {day} the book of category {category} ({what}) is {format_weight(mg, unit)} {unit}",
        about=(lowering or entries)[-1],
        label=label,
        category=str(category),
        found=f"{format_weight(mg, unit)} {unit}",
        expected=">= 0",
    )


def _batches(
    area: AreaFile,
    stretch: Stretch,
    emptied: set[str],
    carried: dict[str, dict[Category, Content]],
) -> Iterator[Finding]:
    contents = BatchContents(stretch.batches)
    ledger = BatchContents(())  # the same batches, as if no listing had been wrong about them
    ledger.of = dict(carried)
    emptied -= {entry.batch or "" for entry in stretch.batches}
    negative: set[tuple[str, str]] = set()
    doubtful: set[str] = set()
    for day, entries in stretch.days:
        before = _classes(contents, {f.entry.batch or "" for f in entries})
        for filed in entries:
            yield from _reused(filed, contents, emptied)
            if filed.doubtful and filed.entry.batch:
                doubtful.add(filed.entry.batch)
        touched: dict[str, list[FiledEntry]] = defaultdict(list)
        for filed in entries:
            contents.apply(filed)
            ledger.apply(filed)
            if filed.entry.batch:
                touched[filed.entry.batch].append(filed)
        for batch, same in touched.items():
            held = contents.of.get(batch, {})
            if batch in doubtful:
                continue
            if not area.follows_batches:
                yield from _mixed(same, before.get(batch))
            else:
                found = _negative(batch, same, held, day, negative)
                yield from (f for f in found if not _by_unnamed(stretch, f, at_most=True))
                yield from _after_the_day(batch, same, held, before.get(batch), day)
            if held and all(c.element_mg == 0 for c in held.values()):
                emptied.add(batch)
            else:
                emptied.discard(batch)
    if stretch.end is not None and stretch.end in area.listings:
        found = _listed_batches(area, stretch, contents, ledger, doubtful)
        yield from (f for f in found if not _by_unnamed(stretch, f, listing=area))
    carried.clear()
    if area.follows_batches:
        carried |= {b: h for b, h in (contents.of | ledger.of).items() if b not in doubtful}


def _by_unnamed(
    stretch: Stretch, one: Finding, *, at_most: bool = False, listing: AreaFile | None = None
) -> bool:
    """Whether an entry whose batch cannot be made out may be what is missed in a batch.

    Its weight is then the difference, or at least as much as is missing.
    """
    unnamed = [f for _, day in stretch.days for f in day if f.unnamed and f.groups]
    if not unnamed:
        return False
    if one.label == "446" and listing is not None and stretch.end is not None:
        entries = listing.listings[stretch.end].entries
        filed = next((f for f in entries if str(f.entry.number) == str(one.entry)), None)
        return filed is not None and any(
            f.entry.weights_mg() == filed.entry.weights_mg() for f in unnamed
        )
    unit = "kg" if one.label in ("610", "620", "800") else "g"
    missed_mg = _amount_mg(one.found, unit) - (0 if at_most else _amount_mg(one.expected, unit))
    weights = [f.entry.weights_mg().get(one.label or "", 0) for f in unnamed]
    if at_most:
        return any(mg >= -missed_mg for mg in weights)
    return abs(missed_mg) in weights


def _amount_mg(text: str | None, unit: str) -> int:
    number = (text or "0").removesuffix(f" {unit}")
    return parse_weight_mg(number, unit) if number.lstrip("-")[:1].isdigit() else 0


def _mixed(entries: list[FiledEntry], before: str | None) -> Iterator[Finding]:
    """Ask about material moved into a batch of the other side of 20 %."""
    for filed in entries:
        if filed.entry.code == "RP" and before and _classes_of(filed) - {before}:
            yield crossing(filed, before)


def _reused(filed: FiledEntry, contents: BatchContents, emptied: set[str]) -> Iterator[Finding]:
    batch = filed.entry.batch
    if batch and batch in emptied and filed.entry.code in _NEW_NAME:
        yield question(
            "BATCH-REUSE",
            f"the name {batch} is used for a new batch, though an earlier batch of that name was "
            "used up",
            about=filed,
            label="446",
            found=batch,
            severity=Severity.WARNING,
        )


def _negative(
    batch: str,
    entries: list[FiledEntry],
    held: dict[Category, Content],
    day: datetime.date,
    negative: set[tuple[str, str]],
) -> Iterator[Finding]:
    for category, content in held.items():
        for _, label, unit, mg in weights_of(category, content):
            key = (batch, f"{category}{label}")
            if mg >= 0:
                negative.discard(key)
                continue
            if key in negative:
                continue
            negative.add(key)
            lowering = [
                f for f in entries if any(c == category and e < 0 for c, e, _ in batch_effects(f))
            ]
            yield question(
                "NEG-BATCH",
                f"after {day} batch {batch} holds {format_weight(mg, unit)} {unit} of category "
                f"{category}" + (" (fissile weight)" if label == "670" else ""),
                about=(lowering or entries)[-1],
                label=label,
                category=str(category),
                found=f"{format_weight(mg, unit)} {unit}",
                expected=">= 0",
            )


def _group(category: Category, content: Content) -> CategoryGroup:
    return CategoryGroup(category, content.element_mg, content.fissile_mg)


def _classes(contents: BatchContents, batches: set[str]) -> dict[str, str]:
    """Return on which side of 20 % some batches are."""
    found: dict[str, str] = {}
    for batch in batches:
        for category, content in contents.of.get(batch, {}).items():
            if category in "EU" and content.element_mg > 0 and content.fissile_mg is not None:
                now = class_of(_group(category, content))
                if now is not None:
                    found[batch] = now
    return found


def _after_the_day(
    batch: str,
    entries: list[FiledEntry],
    held: dict[Category, Content],
    before: str | None,
    day: datetime.date,
) -> Iterator[Finding]:
    """Ask about the content that a batch has after all entries of a day."""
    for category, content in held.items():
        if content.element_mg <= 0 or content.fissile_mg is None or content.fissile_mg < 0:
            continue
        group = _group(category, content)
        interval = interval_of(group) if category in "EU" else None
        if interval is None:
            continue
        wrong = wrong_category(category, interval, day)
        changing = [f for f in entries if f.code and f.code.isotope_may_exceed_element]
        if wrong and changing:
            yield question(
                "CATEGORY-ENRICH",
                f"after {day} batch {batch} is {wrong[0]}",
                about=changing[-1],
                label=category.label,
                category=str(category),
                found=percent(interval),
                expected=wrong[1],
            )
        now = class_of(group)
        if now is None:
            continue
        moved = [f for f in entries if f.entry.code == "RP" and _classes_of(f) - {now}]
        if moved or (before and before != now):
            yield crossing((moved or entries)[-1], now)


def _classes_of(filed: FiledEntry) -> set[str]:
    return {found for group in filed.groups if (found := class_of(group)) is not None}


def _listed_batches(
    area: AreaFile,
    stretch: Stretch,
    contents: BatchContents,
    ledger: BatchContents,
    doubtful: set[str],
) -> Iterator[Finding]:
    """Compare batches that are listed with weights reported before with what the ledger holds."""
    assert stretch.end is not None
    names = {f.entry.batch for f in area.listings[stretch.end].entries}
    data = set()
    terms: dict[str, list[Entry]] = defaultdict(list)
    for stated in [*stretch.batches, *(f.entry for _, day in stretch.days for f in day)]:
        data.add(tuple(sorted(stated.weights_mg().items())))
        terms[stated.batch or ""].append(stated)
    for filed in area.listings[stretch.end].entries:
        entry = filed.entry
        if entry.basis not in ("L", "T") or not entry.batch or filed.unreadable_labels():
            continue
        if entry.batch in doubtful:
            continue
        held = contents.of.get(entry.batch)
        if held is None or not contents.holds(entry.batch):
            weights = tuple(sorted(entry.weights_mg().items()))
            twin = None if weights in data else _same_content(filed, contents, names)
            if area.follows_batches or twin:
                yield question(
                    "PIL-BATCH",
                    f"{entry.batch} is listed as reported before ({entry.basis}), but the ledger "
                    "holds nothing under that name"
                    + (f"; {twin} holds these weights" if twin else ""),
                    about=filed,
                    label="446",
                    found=entry.batch,
                    expected=twin,
                )
            continue
        if not area.follows_batches and any(c.element_mg < 0 for c in held.values()):
            continue
        if _is_held(filed, ledger.of.get(entry.batch, {})):
            continue
        yield from _listed_weights(filed, held, terms[entry.batch])


def _is_held(filed: FiledEntry, held: dict[Category, Content]) -> bool:
    """Whether a batch holds exactly what is listed."""
    listed = {g.category: (g.element_mg, g.fissile_mg) for g in filed.groups}
    content = {c: v for c, v in held.items() if v.element_mg}
    if not listed or content.keys() != listed.keys():
        return False
    return all(
        v.element_mg == listed[c][0] and (c not in "EU" or v.fissile_mg == listed[c][1])
        for c, v in content.items()
    )


def _same_content(filed: FiledEntry, contents: BatchContents, names: set[str | None]) -> str | None:
    """Return the batch that holds what is listed under another name, if it is not listed."""
    return next(
        (b for b, held in contents.of.items() if b not in names and _is_held(filed, held)), None
    )


def _rounding_slack_mg(terms: list[Entry], listed: Entry, label: str) -> int:
    """Return what rounding may explain where a batch is the sum of terms in whole units."""
    weights = [e.weights_mg().get(label) for e in [*terms, listed]]
    stated = [mg for mg in weights if mg is not None]
    step = 1_000_000 if label in ("610", "620", "800") else 1000
    if len(stated) < 3 or any(mg % step for mg in stated):
        return 0
    return step * len(stated) // 2


def _listed_weights(
    filed: FiledEntry, held: dict[Category, Content], terms: list[Entry]
) -> Iterator[Finding]:
    entry = filed.entry
    listed = {group.category: group for group in filed.groups}
    for category in sorted({*listed, *(c for c, v in held.items() if v.element_mg)}):
        group = listed.get(category)
        content = held.get(category, Content())
        pairs = [(category.label, category.unit, group.element_mg if group else 0,
                  content.element_mg)]  # fmt: skip
        both = group is not None and None not in (group.fissile_mg, content.fissile_mg)
        if category in "EU" and group and both:
            fissile = LABEL_OF_FISSILE_BASE.get(group.fissile_basis or "", "670")
            pairs.append((fissile, "g", group.fissile_mg or 0, content.fissile_mg or 0))
        for label, unit, found_mg, expected_mg in pairs:
            if abs(found_mg - expected_mg) > _rounding_slack_mg(terms, entry, label):
                found = f"{format_weight(found_mg, unit)} {unit}"
                expected = f"{format_weight(expected_mg, unit)} {unit}"
                yield question(
                    "PIL-BATCH",
                    f"{entry.batch} is listed with {found} of category {category} as reported "
                    f"before ({entry.basis}), but the ledger holds {expected}",
                    about=filed,
                    label=label,
                    category=str(category),
                    found=found,
                    expected=expected,
                )


def _items(area: AreaFile, stretch: Stretch) -> Iterator[Finding]:
    """Count the items of an item area."""
    listing = area.listings.get(stretch.end) if stretch.end else None
    if area.kind != "item" or listing is None or not stretch.listed:
        return
    entries: list[Entry] = [*stretch.batches, *(f.entry for f in listing.entries)]
    moving = [f for _, day in stretch.days for f in day if _moves_items(f)]
    if any(e.items is None for e in [*entries, *(f.entry for f in moving)]):
        return
    if any(f.code is None for _, day in stretch.days for f in day):
        return  # nobody can say whether it moves items
    count = sum(e.items or 0 for e in stretch.batches)
    for filed in moving:
        assert filed.code is not None
        count += (filed.code.sign or filed.code.batch_sign) * (filed.entry.items or 0)
    listed = sum(f.entry.items or 0 for f in listing.entries)
    if listed != count:
        yield question(
            "ITEM-COUNT",
            f"the number of items listed on {stretch.end} is {listed}, but {count} should be there",
            about=listing.report,
            label="470",
            found=str(listed),
            expected=str(count),
        )


def _moves_items(filed: FiledEntry) -> bool:
    code = filed.code
    if code is None or code.code in _NO_ITEMS_MOVE or code.kind == "category_change":
        return False
    return bool(code.sign or code.batch_sign)


def taking_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield accidental gains and losses on the day of a taking, and differences of item areas."""
    takings = set(area.takings())
    for filed in area.changes:
        if filed.entry.code in ("GA", "LA") and filed.entry.date in takings:
            yield question(
                "GA-AT-PIT",
                f"{filed.entry.code} of {filed.entry.batch or 'a batch'} is dated {filed.day}, the "
                "day of a physical inventory taking",
                about=filed,
                label="412",
                found=str(filed.day),
            )
    if area.kind != "item":
        return
    for balance in area.balances.values():
        for line in balance.lines:
            if line.entry.code == "MF":
                for group in line.groups:
                    if group.element_mg or (group.category in "EU" and group.fissile_mg):
                        yield _missing_items(line, group)


def _missing_items(line: FiledEntry, group: CategoryGroup) -> Finding:
    category = group.category
    shown = f"{format_weight(group.element_mg, category.unit)} {category.unit}"
    if group.fissile_mg and category in "EU":
        shown += f" with {format_weight(group.fissile_mg, 'g')} g fissile"
    return question(
        "ITEM-MUF",
        f"MF of category {category} is {shown} in an item area",
        about=line,
        label=category.label,
        category=str(category),
        found=shown,
        expected="0",
    )


def _outside_facilities(area: AreaFile, stretch: Stretch, heavy: bool) -> Iterator[Finding]:
    """Yield the first day on which a location outside facilities holds over an effective kg."""
    contents = BatchContents(stretch.batches)
    total = _effective_kg(contents)
    if total > 1:
        if not heavy:
            listing = area.listings.get(stretch.start)
            yield _too_heavy(area, listing.report if listing else None, stretch.start, total)
        return
    for day, entries in stretch.days:
        for filed in entries:
            contents.apply(filed)
        total = _effective_kg(contents)
        if total > 1:
            rising = [f for f in entries if any(mg > 0 for _, mg, _ in batch_effects(f))]
            yield _too_heavy(area, (rising or entries)[-1], day, total)
            return


def _effective_kg(contents: BatchContents) -> Fraction:
    return sum(
        (
            effective_kg(category, content.element_mg, content.fissile_mg or None).value
            for held in contents.of.values()
            for category, content in held.items()
            if content.element_mg > 0 and (category not in "EU" or content.fissile_mg)
        ),
        start=Fraction(0),
    )


def _too_heavy(
    area: AreaFile, about: FiledEntry | Report | None, day: datetime.date, total: Fraction
) -> Finding:
    return question(
        "LOF-LIMIT",
        f"{area.code} holds {effective_kg_text(total)} effective kg on {day}",
        about=about,
        mba=area.code,
        found=effective_kg_text(total),
        expected="<= 1",
    )


def _stated_below_zero(balance: FiledBalance) -> Iterator[Finding]:
    """Yield BE and BA lines that state a negative book."""
    for line in balance.lines:
        if line.entry.code not in ("BE", "BA"):
            continue
        for weight in line.entry.weights:
            if weight.mg < 0:
                category = Category.from_label((element_of(weight.label) or (weight.label,))[0])
                yield question(
                    "NEG-BOOK",
                    f"{line.entry.code} is {grams(weight.mg, weight.label)}; a book cannot be "
                    "below zero",
                    about=line,
                    label=weight.label,
                    category=None if category is None else str(category),
                    found=grams(weight.mg, weight.label),
                    expected=">= 0",
                )
