"""Categories of material by area and place, as far as a viewer may know them.

The category of an area follows from all that lies there, so it is worked out on the whole books; it
is told to whoever reads categories there. Batches are named to those only who read the accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.material_category.holdings import category_on
from keiryo.places.model import MaterialBalanceArea
from keiryo.protection.category import Category, Policy, strictest
from keiryo.protection.category_report import AreaCategory
from keiryo.protection.inputs import InputError, Problem
from keiryo.web.pages.protection_known import CATEGORY
from keiryo.web.pages.protection_words import UNDECIDED, WARNINGS, category_words
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

MOST_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Found:
    """The category of an area, or what stands against working it out."""

    area: MaterialBalanceArea
    category: AreaCategory | None
    problems: tuple[Problem, ...] = ()


def areas_of(viewer: Viewer, scope: str) -> list[MaterialBalanceArea]:
    """Return the areas of a facility of which the viewer may know the category."""
    return [
        area
        for _code, area in sorted(viewer.areas.items())
        if area.scope.rpartition("/")[0] == scope and viewer.sight.sees(CATEGORY, area.scope)
    ]


def found_category(viewer: Viewer, area: MaterialBalanceArea) -> Found:
    """Return the category of an area today; worked out anew when its books changed."""
    on = viewer.today

    def find() -> Found:
        with viewer.whole.reading() as connection:
            try:
                return Found(area, category_on(connection, viewer.metadata, area.code, on))
            except InputError as error:
                return Found(area, None, error.problems)

    last = viewer.server.last_acts.about_books(area.scope, viewer.head)
    key = ("protection category", area.scope)
    return viewer.server.remembered.get(key, (last, on), find)


def strictest_of(every: Iterable[Found]) -> Category | None:
    """Return the strictest category of some areas; None where there are none."""
    told = [one.category.whole.category for one in every if one.category is not None]
    return strictest(told) if told else None


def category_badge(category: Category) -> dict[str, str]:
    """Return a category as a badge."""
    return {"badge": "plain", "text": category_words(str(category))}


def area_rows(viewer: Viewer, every: Iterable[Found]) -> list[dict[str, Any]]:
    """Return areas, each followed by its places, as rows of a table."""
    rows = []
    for one in every:
        rows.append(_area_row(viewer, one))
        if one.category is not None:
            rows += [_place_row(viewer, one.category, place) for place in one.category.places]
    return rows


def _area_row(viewer: Viewer, one: Found) -> dict[str, Any]:
    shown = {"area": one.area.code, "place": None, "name": one.area.name}
    names = viewer.sight.sees("accounts", one.area.scope)
    shown["href"] = f"/areas/{one.area.code}" if names else None
    if one.category is None:
        told = _counted((problem.code for problem in one.problems), WARNINGS)
        return {**shown, "wrong": True, "remarks": told}
    found, whole = one.category, one.category.whole
    by_sum = found.by_policy[Policy.SUM_OF_FRACTIONS]
    undecided = [*found.undecided]
    return {
        **shown,
        "category": category_badge(whole.category),
        "base": category_badge(whole.base_category),
        "reduced": whole.category != whole.base_category,
        "by_sum": category_badge(by_sum) if by_sum != whole.category else None,
        "undecided": _counted((code for _batch, code in undecided), UNDECIDED),
        "batches": [batch for batch, _code in undecided][:MOST_BATCHES] if names else [],
        "remarks": _counted((each.code for each in _lot_and_area(found)), WARNINGS),
    }


def _lot_and_area(found: AreaCategory) -> list[Problem]:
    """Return what is told of lots and of the area; what is told of places stands there."""
    told = [warning for one in found.lots for warning in one.warnings]
    return [*told, *found.whole.warnings]


def _place_row(viewer: Viewer, found: AreaCategory, place: str) -> dict[str, Any]:
    at = found.places[place]
    here = [one for one in found.lots if one.lot.place == place]
    codes = (code for one in here for code in one.undecided)
    return {
        "area": found.mba,
        "place": _("pool") if place == "(pool)" else place,
        "category": category_badge(at.category),
        "base": category_badge(at.base_category),
        "reduced": at.category != at.base_category,
        "undecided": _counted(codes, UNDECIDED),
        "remarks": _counted((each.code for each in at.warnings), WARNINGS),
    }


def _counted(codes: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return what is told in words, with how often."""
    return [(_(words.get(code, code)), count) for code, count in sorted(Counter(codes).items())]


def is_undecided(one: Found) -> bool:
    """Return whether something has to be decided, or put right, about an area."""
    return one.category is None or bool(one.category.undecided)
