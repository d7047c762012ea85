"""Questions about the whole State: exempted material, retained waste, losses, notices.

Sources: INFCIRC/153 (Corrected), paragraphs 36, 37, 68 and 97; Code 10, label 411.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from keiryo.errors import Finding
from keiryo.limits import FIRST_DAY, exemption_limits, exemption_total
from keiryo.quantities import Category, effective_kg_text, format_weight
from keiryo.reports.filed import AreaFile, FiledEntry, Filings
from keiryo.reports.questions.running_book import Content
from keiryo.reports.questions.table import question

_EXEMPTION = {"EU": ("use", 1), "DU": ("use", -1), "EQ": ("quantity", 1), "DQ": ("quantity", -1)}
_LIMIT_NAMES = {
    "a": ("special_fissionable_kg", "special fissionable material"),
    "b": ("natural_kg", "natural and depleted uranium above 0.5 %"),
    "c": ("depleted_kg", "depleted uranium up to 0.5 %"),
    "d": ("thorium_kg", "thorium"),
}


def exemption_questions(filings: Filings) -> Iterator[Finding]:
    """Yield days on which exempted material exceeds a limit, or more is released than exempted."""
    changes = [f for area in filings.areas.values() for f in area.changes]
    changes = sorted((f for f in changes if f.entry.code in _EXEMPTION), key=lambda f: f.order)
    start = filings.context.exempted if filings.context else ()
    registers: dict[str, dict[Category, Content]] = {"use": {}, "quantity": {}}
    counted: list[tuple[Category, int, int | None]] = []
    for kind, category, element_mg, fissile_mg in start:
        registers[kind].setdefault(category, Content()).add(element_mg, fissile_mg)
        if kind == "quantity":
            counted.append((category, element_mg, fissile_mg))
    over: set[str] = set()
    if changes:
        first = max(changes[0].day, FIRST_DAY)
        over |= set(exemption_total(counted, first).exceeded(exemption_limits(first)))
    for _, same_day in groupby(changes, key=lambda f: f.day):
        today = list(same_day)
        yield from _releases(today, registers)
        yield from _exemptions(today, counted, over)


def _releases(
    today: list[FiledEntry], registers: dict[str, dict[Category, Content]]
) -> Iterator[Finding]:
    """Enter the exemptions of a day in the registers; none may be below zero in the evening."""
    for filed in today:
        kind, sign = _EXEMPTION[filed.entry.code or ""]
        for group in filed.groups:
            fissile = group.fissile_mg
            registers[kind].setdefault(group.category, Content()).add(
                sign * group.element_mg, None if fissile is None else sign * fissile
            )
    asked: set[tuple[str, Category]] = set()
    for filed in reversed(today):
        kind, sign = _EXEMPTION[filed.entry.code or ""]
        for group in filed.groups:
            content = registers[kind][group.category]
            if sign < 0 and content.element_mg < 0 and (kind, group.category) not in asked:
                asked.add((kind, group.category))
                yield _released(filed, kind, group.category, content)


def _exemptions(
    today: list[FiledEntry], counted: list[tuple[Category, int, int | None]], over: set[str]
) -> Iterator[Finding]:
    """Count what is exempted on quantity, what is released on a day before what is exempted."""
    for filed in today:
        kind, sign = _EXEMPTION[filed.entry.code or ""]
        for group in filed.groups:
            fissile = group.fissile_mg
            if kind == "quantity" and (fissile is not None or group.category not in "EU"):
                counted.append(
                    (
                        group.category,
                        sign * group.element_mg,
                        None if fissile is None else sign * fissile,
                    )
                )
        if kind == "quantity":
            yield from _exceeded(filed, counted, over)


def _released(filed: FiledEntry, kind: str, category: Category, content: Content) -> Finding:
    shown = f"{format_weight(content.element_mg, category.unit)} {category.unit}"
    return question(
        "EXEMPT-LIMIT",
        f"more of category {category} is released from exemption on {kind} than was exempted: "
        f"{shown} would be left",
        about=filed,
        label=category.label,
        category=str(category),
        found=shown,
        expected=">= 0",
    )


def _exceeded(
    filed: FiledEntry, counted: list[tuple[Category, int, int | None]], over: set[str]
) -> Iterator[Finding]:
    total = exemption_total(counted, max(filed.day, FIRST_DAY))
    limits = exemption_limits(max(filed.day, FIRST_DAY))
    exceeded = set(total.exceeded(limits))
    for letter in sorted(exceeded - over):
        field, name = _LIMIT_NAMES[letter]
        found, limit = getattr(total, field), getattr(limits, field)
        yield question(
            "EXEMPT-LIMIT",
            f"with this entry {effective_kg_text(found)} kg of {name} are exempted in the State, "
            f"more than {effective_kg_text(limit)} kg (paragraph 37({letter}))",
            about=filed,
            category=",".join(sorted({str(g.category) for g in filed.groups})),
            found=f"{effective_kg_text(found)} kg",
            expected=f"<= {effective_kg_text(limit)} kg",
        )
    over.clear()
    over |= exceeded


def retained_waste_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield retained waste that comes back though it never went, and such that is listed."""
    held: dict[Category, Content] = {}
    start = area.opening.retained_waste if area.opening else {}
    for category, (element_mg, fissile_mg) in start.items():
        held.setdefault(category, Content()).add(element_mg, fissile_mg)
    below: set[str] = set()
    if any(f.code is None for f in area.changes):
        return  # one of them may be the transfer that is missed
    waste = [f for f in area.changes if f.entry.code in ("TW", "FW")]
    for filed in sorted(waste, key=lambda f: (f.day, f.entry.code != "TW")):
        sign = 1 if filed.entry.code == "TW" else -1
        for group in filed.groups:
            content = held.setdefault(group.category, Content())
            fissile = group.fissile_mg
            content.add(sign * group.element_mg, None if fissile is None else sign * fissile)
            pairs = [(group.category.label, group.category.unit, content.element_mg)]
            if group.category in "EU" and content.fissile_mg is not None:
                pairs.append(("670", "g", content.fissile_mg))
            for label, unit, mg in pairs:
                if mg >= 0:
                    below.discard(label)
                elif label not in below:
                    below.add(label)
                    yield question(
                        "RETAINED-WASTE",
                        f"with this entry {format_weight(mg, unit)} {unit} of category "
                        f"{group.category} are left in retained waste",
                        about=filed,
                        label=label,
                        category=str(group.category),
                        found=f"{format_weight(mg, unit)} {unit}",
                        expected=">= 0",
                    )
    yield from _listed_waste(area)


def _listed_waste(area: AreaFile) -> Iterator[Finding]:
    """Retained waste is stored at the area, but it is off its book and off its listing."""
    for day, listing in area.listings.items():
        out, back = _waste_of_batches(area, day)
        for filed in listing.entries:
            batch = filed.entry.batch or ""
            if batch not in out:
                continue
            for group in filed.groups:
                allowed_mg = back[batch].get(group.category, 0)
                if out[batch].get(group.category, 0) > 0 and group.element_mg > allowed_mg:
                    unit = group.category.unit
                    yield question(
                        "RETAINED-WASTE",
                        f"{batch} went to retained waste (TW) and is listed on {day} all the same",
                        about=filed,
                        label="446",
                        category=str(group.category),
                        found=f"{format_weight(group.element_mg, unit)} {unit}",
                        expected=f"<= {format_weight(allowed_mg, unit)} {unit}",
                    )


def _waste_of_batches(
    area: AreaFile, day: datetime.date
) -> tuple[dict[str, dict[Category, int]], dict[str, dict[Category, int]]]:
    """Return by batch what is out in retained waste, and what may be on the book of that name."""
    out: dict[str, dict[Category, int]] = defaultdict(lambda: defaultdict(int))
    back: dict[str, dict[Category, int]] = defaultdict(lambda: defaultdict(int))
    for entry in area.opening_batches():
        for group in entry.groups():
            back[entry.batch or ""][group.category] += group.element_mg
    for filed in area.changes:
        code = filed.code
        if code is None or filed.day > day:
            continue
        batch = filed.entry.batch or ""
        for group in filed.groups:
            if code.code == "TW":
                out[batch][group.category] += group.element_mg
            elif code.batch_sign > 0:
                back[batch][group.category] += group.element_mg
                if code.code == "FW":
                    out[batch][group.category] -= group.element_mg
    return {b: v for b, v in out.items() if any(mg > 0 for mg in v.values())}, back


def loss_questions(area: AreaFile, filings: Filings) -> Iterator[Finding]:
    """Yield accidental losses beyond the agreed limit that no special report speaks of."""
    limits = area.opening.loss_limits_mg if area.opening else {}
    if not limits:
        return
    told = [r for r in [*area.reports, *filings.textual] if r.type == "T"]
    for filed in area.changes:
        if filed.entry.code != "LA":
            continue
        for group in filed.groups:
            limit_mg = limits.get(group.category)
            if limit_mg is None or group.element_mg <= limit_mg:
                continue
            if any(r.date is not None and r.date >= filed.day for r in told):
                continue
            unit = group.category.unit
            yield question(
                "SPECIAL-REPORT",
                f"the loss of {format_weight(group.element_mg, unit)} {unit} of category "
                f"{group.category} lies beyond the limit of {format_weight(limit_mg, unit)} "
                f"{unit}, and no textual report followed",
                about=filed,
                label=group.category.label,
                category=str(group.category),
                found=f"{format_weight(group.element_mg, unit)} {unit}",
                expected=f"<= {format_weight(limit_mg, unit)} {unit}",
            )
