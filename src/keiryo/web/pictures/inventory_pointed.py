"""The book inventory over time as data, for the chart that can be pointed at.

It says what the picture of `keiryo.web.pictures.inventory_chart` says, in the same panels: the book
of each category as a step curve, what physical inventory takings found, and the days of the takings
(INFCIRC/153 (Corrected), paragraphs 102, 111 and 113). Weights stay whole milligrams; the browser
only puts the point where the unit wants it, so that every digit is that of the books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from keiryo.web.pictures.inventory_chart import MOST_TAKINGS, InventoryLabels
from keiryo.web.pictures.inventory_data import BookCurve, Taking, book_on
from keiryo.web.pictures.step_curves import Panel, panels_of
from keiryo.web.pictures.writing import Writing

KILOGRAMS, GRAMS = 6, 3
"""Digits of milligrams behind the point of a weight in kilograms and in grams."""

_MG_IN_A_KG = 1_000_000


@dataclass(frozen=True, slots=True)
class WeightUnit:
    """In what the weights of a category are read.

    Attributes
    ----------
    name : str
        E.g. ``"g U"``.
    digits : int
        `KILOGRAMS` or `GRAMS`.
    """

    name: str
    digits: int


def inventory_pointed(
    series: Sequence[BookCurve],
    *,
    takings: Sequence[Taking],
    units: Mapping[str, WeightUnit],
    labels: InventoryLabels,
    writing: Writing,
    date_label: str,
) -> dict[str, Any] | None:
    """Return the data of the chart that can be pointed at; None where nothing is on the book.

    Parameters
    ----------
    series : sequence of BookCurve
        Milligrams.
    takings : sequence of Taking
        What physical inventories found, in milligrams by the keys of the curves.
    units : mapping of str to WeightUnit
        By category.
    labels : InventoryLabels
        The words of the picture.
    writing : Writing
        How days and differences are written; ``weight`` is not used.
    date_label : str
        What a day is called.

    Returns
    -------
    dict or None
        As `ui.chart` takes it: days in seconds since 1970 (UTC) with their text, panels of series.
    """
    curves = [curve for curve in series if curve.points]
    if not curves:
        return None
    taken = sorted(takings, key=lambda taking: taking.day)[-MOST_TAKINGS:]
    days = sorted({day for c in curves for day, _ in c.points} | {t.day for t in taken})
    place = {day: number for number, day in enumerate(days)}
    panels = panels_of(curves, taken, 0.0, few=1.0, many=1.0, gap=0.0)
    return {
        "x": {
            "label": date_label,
            "kind": "time",
            "values": [_seconds(day) for day in days],
            "texts": [writing.day(day) for day in days],
        },
        "marks": [place[taking.day] for taking in taken],
        "panels": [_panel(panel, days, place, taken, units, labels) for panel in panels],
    }


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _panel(
    panel: Panel,
    days: Sequence[date],
    place: Mapping[date, int],
    taken: Sequence[Taking],
    units: Mapping[str, WeightUnit],
    labels: InventoryLabels,
) -> dict[str, Any]:
    """Return the curves of a panel, each before what the takings found of it."""
    own = [units[curve.category] for curve in panel.curves]
    unit = own[0]
    if any(other != unit for other in own):
        large = max(panel.high_mg, -panel.low_mg) >= _MG_IN_A_KG
        unit = WeightUnit("kg", KILOGRAMS) if large else WeightUnit("g", GRAMS)
    series: list[dict[str, Any]] = []
    for curve, read in zip(panel.curves, own, strict=True):
        name = f"{labels.of(curve)}, {read.name}"
        look = {"look": curve.category, "digits": read.digits}
        series.append(
            {"label": name, "shape": "step", "values": [book_on(curve, d) for d in days], **look}
        )
        found = [t for t in taken if curve.key in t.found_mg]
        if not found:
            continue
        weights = [t.found_mg[curve.key] for t in found]
        at = {"at": [place[t.day] for t in found], **look}
        label = f"{labels.taking}: {name}"
        series.append({"label": label, "shape": "points", "values": weights, **at})
        books = [book_on(curve, t.day) for t in found]
        left = [None if b is None else b - w for b, w in zip(books, weights, strict=True)]
        label = f"{labels.difference}: {name}"
        series.append({"label": label, "shape": "none", "values": left, **at})
    return {"label": unit.name, "digits": unit.digits, "series": series}
