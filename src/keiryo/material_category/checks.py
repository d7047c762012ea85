"""What is refused of protection attributes, and what is told when a category would rise."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from keiryo.accounts.tables import BATCH, INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.dates import DateError, number_date
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.material_category.holdings import lots_on_hand
from keiryo.material_category.tables import PROTECTION_ATTRIBUTE
from keiryo.places.tables import areas
from keiryo.protection.category import TABLE, Category, Policy, category_of_place
from keiryo.protection.category_lots import Lot, counted, lot_problems

BASIS = "INFCIRC/225/Rev.5, Table 1"
NAME_LENGTH = 64

_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_FRACTIONS = ("original_enrichment", "pu238_fraction")
_NAMES = ("place", "evidence_ref", "reduction_decision_ref")
_DAYS = ("recorded_on", "dose_rate_on", "review_on")
_DAY_OF = {
    INVENTORY_CHANGE.name: "event_date",
    PHYSICAL_INVENTORY.name: "pit_date",
    PROTECTION_ATTRIBUTE.name: "recorded_on",
}
"""Lines by which the category of a place may change, and their day."""


def check_attributes(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse protection attributes that do not hold; tell of a decision that lacks something."""
    places = areas(posting.connection, posting.metadata)
    batches = posting.table(BATCH.name)
    for line in posting.lines(PROTECTION_ATTRIBUTE.name):
        if line["mba"] not in places:
            yield Refusal(
                _finding(
                    "CATEGORY-AREA",
                    f"{line['mba'][:20]!r} is no registered material balance area",
                    "Register the area first, or correct its code.",
                    line,
                )
            )
        query = select(batches.c.mba).where(batches.c.batch_uid == line["batch_uid"]).limit(1)
        if posting.connection.execute(query).scalar() != line["mba"]:
            yield Refusal(
                _finding(
                    "CATEGORY-BATCH",
                    f"the books of {line['mba'][:20]} know no batch {line['batch_uid'][:80]!r}",
                    "Name a batch of the area; 'keiryo inventory MBA' lists those on hand.",
                    line,
                )
            )
        for finding in attribute_findings(line):
            yield finding if finding.severity is Severity.WARNING else Refusal(finding)


def attribute_findings(line: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a line, whatever the books say; no finding repeats a value."""
    uid = line["batch_uid"]
    for name in _DAYS:
        if line[name] is not None and not _is_day(line[name]):
            advice = "Write a day as in 2025-12-31."
            yield _finding("CATEGORY-DAY", f"{uid}: {_words(name)} is no day", advice, line)
    for name in ("dose_rate_gy_h", *_FRACTIONS):
        if line[name] is None:
            continue
        if not _DECIMAL.fullmatch(line[name]):
            message = f"{uid}: {_words(name)} is no decimal number"
            yield _finding("CATEGORY-NUMBER", message, "Write digits with '.' between.", line)
        elif name in _FRACTIONS and Decimal(line[name]) > 1:
            message = f"{uid}: {_words(name)} is larger than 1"
            advice = "Write a fraction: 19.75 % is 0.1975."
            yield _finding("CATEGORY-NUMBER", message, advice, line)
    for name in _NAMES:
        if line[name] is not None and not _is_name(line[name]):
            message = f"{uid}: {_words(name)} is empty, too long, or not one line of text"
            advice = f"Write a short name or reference, {NAME_LENGTH} characters at most."
            yield _finding("CATEGORY-NAME", message, advice, line)
    if line["dose_rate_gy_h"] is not None and line["irradiated"] != 1:
        yield _finding(
            "CATEGORY-DOSE-RATE",
            f"{uid}: a dose rate is given of what is not said to be irradiated",
            "Say that it is irradiated, or leave the dose rate out.",
            line,
        )
    missing = [name for name in ("evidence_ref", "review_on") if line[name] is None]
    if line["reduction_decision_ref"] is not None and missing:
        yield _finding(
            "CATEGORY-DECISION",
            f"{uid}: the category is lowered by a decision without "
            f"{' and '.join(_words(name) for name in missing)}",
            "Record what shows the dose rate, and when the decision is looked at again: the rate "
            "falls with time.",
            line,
            Severity.WARNING,
        )


def check_rises(posting: Posting) -> Iterator[Finding]:
    """Tell that a place would come into a stricter category by an act.

    It is told for the areas that have protection attributes; the act itself stands.
    """
    for line in posting.lines(PROTECTION_ATTRIBUTE.name):
        if any(one.severity is Severity.FORMAT for one in attribute_findings(line)):
            return  # refused where the line itself is checked
    attributes = posting.table(PROTECTION_ATTRIBUTE.name)
    query = select(attributes.c.mba).distinct()
    protected = {str(mba) for mba in posting.connection.execute(query).scalars()}
    for mba, number in sorted(_last_days(posting, protected).items()):
        if not _is_day(number):
            continue
        day = number_date(number)
        before = _place_categories(posting, mba, day, posting.act_id - 1)
        after = _place_categories(posting, mba, day, posting.act_id)
        for place, category in after.items():
            earlier = before.get(place, Category.NONE)
            if category in TABLE and category.is_stricter_than(earlier):
                yield Finding(
                    "CATEGORY-RAISED",
                    Severity.WARNING,
                    f"{mba}: on {day} the place {place} comes from category {earlier} into "
                    f"category {category}",
                    "Before the material is there, make sure that the place is protected for "
                    "that category, or keep the material elsewhere.",
                    mba=mba,
                    found=str(category),
                    expected=str(earlier),
                    basis=BASIS,
                )


def _last_days(posting: Posting, protected: set[str]) -> dict[str, int]:
    """Return the last day that lines of this act are about, by area.

    Lines that delete others have no day: then it is the last day of the area's changes.
    """
    if not protected:
        return {}
    found: dict[str, int] = {}
    for kind, column in _DAY_OF.items():
        table = posting.table(kind)
        query = (
            select(table.c.mba, func.max(table.c[column]))
            .where(table.c.act_id == posting.act_id, table.c.mba.in_(protected))
            .group_by(table.c.mba)
        )
        for mba, day in posting.connection.execute(query):
            last = day if day is not None else _last_change(posting, mba)
            found[str(mba)] = max(found.get(str(mba), 0), int(last or 0))
    return found


def _last_change(posting: Posting, mba: str) -> int | None:
    table = posting.table(INVENTORY_CHANGE.name)
    query = select(func.max(table.c.event_date)).where(table.c.mba == mba)
    day = posting.connection.execute(query).scalar()
    return None if day is None else int(day)


def _place_categories(
    posting: Posting, mba: str, on: datetime.date, through_act: int
) -> dict[str, Category]:
    """Return the category of each place; a lot that cannot be is told elsewhere."""
    metadata = posting.metadata
    try:
        lots = lots_on_hand(posting.connection, metadata, mba, on, through_act=through_act)
    except NotFoundError:
        return {}
    at: dict[str, list[Lot]] = {}
    for lot in lots:
        if not any(True for _ in lot_problems(lot)):
            at.setdefault(lot.place, []).append(lot)
    return {
        place: category_of_place(
            [counted(lot, on) for lot in at[place]], Policy.PER_ROW_MAX
        ).category
        for place in sorted(at)
    }


def _is_day(number: Any) -> bool:
    try:
        number_date(int(number))
    except (DateError, TypeError, ValueError):
        return False
    return True


def _is_name(text: str) -> bool:
    odd = any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in text)
    return bool(text.strip()) and len(text) <= NAME_LENGTH and not odd


def _words(name: str) -> str:
    return {
        "recorded_on": "the day of recording",
        "dose_rate_on": "the day of the dose rate",
        "review_on": "a day of review",
        "dose_rate_gy_h": "the dose rate",
        "original_enrichment": "the original enrichment",
        "pu238_fraction": "the fraction of plutonium-238",
        "place": "the place",
        "evidence_ref": "evidence of the dose rate",
        "reduction_decision_ref": "the reference of the decision",
    }[name]


def _finding(
    code: str,
    message: str,
    advice: str,
    line: Mapping[str, Any],
    severity: Severity = Severity.FORMAT,
) -> Finding:
    return Finding(code, severity, message, advice, mba=line["mba"], basis=BASIS)


ATTRIBUTES_HOLD = Check(
    "protection attributes", frozenset({PROTECTION_ATTRIBUTE.name}), check_attributes
)
RISES_TOLD = Check("rising categories", frozenset(_DAY_OF), check_rises)
