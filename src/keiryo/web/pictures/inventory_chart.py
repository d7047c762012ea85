"""The book inventory of an area over time, with what its physical inventory takings found.

The book of a category is a step curve: it changes on the days of inventory changes and stands
still between them. A physical inventory taking is a mark on its day; beside it stands the
difference, book less physical inventory, which is the material unaccounted for of the period that
ends there (INFCIRC/153 (Corrected), paragraphs 102, 111 and 113). Curves of very different size
stand in panels of their own, so that grams are seen beside tonnes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from keiryo.web.pictures.inventory_data import BookCurve, Taking, book_on
from keiryo.web.pictures.step_curves import Panel, panels_of, thinned
from keiryo.web.pictures.svg import (
    Drawn,
    box,
    element,
    fitted,
    group,
    joined,
    line,
    path,
    width_of,
    words,
)
from keiryo.web.pictures.time_axis import FreeSpaces, TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, TimePicture, days_told
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT, TOP = 92.0, 12.0
_PANEL_GAP, _AXIS_HEIGHT = 22.0, 26.0
_PATTERNS = ("N", "D", "E", "U", "P", "T")
MOST_LABELS = 40
MOST_TAKINGS = 400


@dataclass(frozen=True, slots=True)
class InventoryLabels:
    """The words of the chart; the page gives them in its language."""

    title: str = "Book inventory"
    description: str = (
        "Book inventory from {first} to {last} as step curves: {curves}. "
        "{takings} physical inventory takings."
    )
    no_data: str = "Nothing is in the books yet."
    today: str = "today"
    taking: str = "physical inventory"
    difference: str = "book less physical inventory"
    negative: str = "negative book"
    fissile: str = "fissile"
    categories: Mapping[str, str] | None = None

    def of(self, curve: BookCurve) -> str:
        """Return the name of a curve: its own, or its category in words."""
        if curve.label:
            return curve.label
        name = (self.categories or {}).get(curve.category, curve.category)
        return f"{name}, {self.fissile}" if curve.fissile else name


def inventory_chart(
    series: Sequence[BookCurve],
    *,
    takings: Sequence[Taking] = (),
    today: date | None = None,
    labels: InventoryLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the chart of the book inventory of an area as SVG text.

    Parameters
    ----------
    series : sequence of BookCurve
        One for each category, element and, if wanted, fissile weight; milligrams.
    takings : sequence of Taking
        What physical inventories found, in milligrams by the keys of the curves.
    today : date, optional
        Marked if it lies on the axis; curves are drawn on to it.
    labels : InventoryLabels, optional
    writing : Writing
        How weights and days are written.

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or InventoryLabels()
    curves = [curve for curve in series if curve.points]
    taken = sorted(takings, key=lambda t: t.day)[-MOST_TAKINGS:]
    days = [day for curve in curves for day, _ in curve.points] + [t.day for t in taken]
    sheet = TimePicture(labels.title, "pic-inventory")
    if not days or not curves:
        return sheet.empty(labels.no_data)
    days = days_told(days, today)
    scale = scale_of(days, LEFT, RIGHT, margin=0.01)
    legend, top = _legend(curves, bool(taken), labels)
    panels = panels_of(curves, taken, top, few=250.0, many=150.0, gap=_PANEL_GAP)
    bottom = panels[-1].bottom
    pieces = [
        _periods(scale, [t.day for t in taken], panels),
        axis(scale, bottom, writing, top=panels[0].top),
        *(_panel(panel, scale, taken, max(days), labels, writing) for panel in panels),
        legend,
    ]
    if today is not None:
        pieces.append(today_mark(scale, today, panels[0].top - 15, bottom, labels.today, writing))
    description = labels.description.format(
        first=writing.day(min(days)),
        last=writing.day(max(days)),
        curves="; ".join(_said(curve, labels, writing) for curve in curves[:12]),
        takings=writing.count(len(taken)),
    )
    return sheet.drawn(bottom + _AXIS_HEIGHT, *pieces, description=description)


def _said(curve: BookCurve, labels: InventoryLabels, writing: Writing) -> str:
    known = [weight for _, weight in curve.points if weight is not None]
    last = writing.weight(known[-1]) if known else "–"
    return f"{labels.of(curve)} {last}"


def _pattern(curve: BookCurve) -> str:
    letter = curve.category if curve.category in _PATTERNS else "X"
    return f"pic-cat-{letter}" + (" pic-fissile" if curve.fissile else "")


def _legend(
    curves: Sequence[BookCurve], with_takings: bool, labels: InventoryLabels
) -> tuple[Drawn, float]:
    """Return the legend and where the first panel may begin."""
    pieces, x, y = [], LEFT, TOP + 6
    entries = [(labels.of(c), _pattern(c)) for c in curves]
    if with_takings:
        entries.append((f"{labels.taking} (Δ: {labels.difference})", ""))
    for name, pattern in entries:
        text = fitted(name, 460)
        width = 34 + width_of(text) + 18
        if x + width > RIGHT and x > LEFT:
            x, y = LEFT, y + 19
        if pattern:
            sample = line(x, y, x + 27, y, f"pic-curve {pattern}")
        else:
            sample = _diamond(x + 13, y, "pic-taking")
        pieces += [sample, words(x + 34, y + 4, text, "pic-label")]
        x += width
    return group("pic-legend", *pieces), y + 32


def _periods(scale: TimeScale, days: Sequence[date], panels: Sequence[Panel]) -> Drawn:
    """Return the shades of every second period between takings."""
    edges = [scale.first, *sorted(set(days)), scale.last]
    top, bottom = panels[0].top, panels[-1].bottom
    pieces = []
    for number, (begin, end) in enumerate(pairwise(edges)):
        left, right = scale.x(begin), scale.x(end)
        if number % 2 and right > left:
            pieces.append(box(left, top, right - left, bottom - top, "pic-period"))
    return group("pic-periods", *pieces)


def _panel(
    panel: Panel,
    scale: TimeScale,
    taken: Sequence[Taking],
    last: date,
    labels: InventoryLabels,
    writing: Writing,
) -> Drawn:
    pieces = []
    for weight_mg in panel.ticks():
        y = panel.y(weight_mg)
        pieces += [
            line(LEFT, y, RIGHT, y, "pic-zero" if weight_mg == 0 else "pic-grid"),
            words(LEFT - 8, y + 4, writing.weight(weight_mg), "pic-tick", anchor="end"),
        ]
    pieces.append(line(LEFT, panel.top, LEFT, panel.bottom, "pic-axis"))
    pieces += [_curve(curve, panel, scale, last, labels, writing) for curve in panel.curves]
    pieces.append(_takings(panel, scale, taken, labels, writing))
    return group("pic-panel", *pieces)


def _curve(
    curve: BookCurve,
    panel: Panel,
    scale: TimeScale,
    last: date,
    labels: InventoryLabels,
    writing: Writing,
) -> Drawn:
    """Return a step curve; what is below nothing is drawn once more, as a warning."""
    steps: list[str | float] = []
    below: list[str | float] = []
    pen: tuple[float, float] | None = None
    weight_before: int | None = None
    first_below: tuple[float, float] | None = None
    points = thinned(curve.points, scale)
    for x, weight in [*points, (scale.x(last), points[-1][1])]:
        if pen is not None:
            steps += ["H", x]
            if weight_before is not None and weight_before < 0:
                below += ["M", pen[0], pen[1], "H", x]
        if weight is None:
            pen = None
        else:
            y = panel.y(weight)
            steps += ["M", x, y] if pen is None else ["V", y]
            pen = (x, y)
            if weight < 0 and first_below is None:
                first_below = pen
        weight_before = weight
    pieces = [path(f"pic-curve {_pattern(curve)}", *steps)] if steps else []
    known = [(x, weight) for x, weight in points if weight is not None]
    if len(known) == 1:
        pieces.append(element("circle", cx=known[0][0], cy=panel.y(known[0][1]), r=3.5,
                              class_=f"pic-point {_pattern(curve)}"))  # fmt: skip
    if first_below is not None:
        x, y = first_below
        pieces += [
            path("pic-curve pic-negative", *below),
            words(min(x + 6, RIGHT - 90), y + 14, f"▼ {labels.negative}", "pic-mark-label pic-bad"),
        ]
    return group("pic-series", *pieces, title=_said(curve, labels, writing))


def _diamond(x: float, y: float, class_: str, size: float = 5.5) -> Drawn:
    return path(class_, "M", x, y - size, "L", x + size, y, x, y + size, x - size, y, "Z")


def _takings(
    panel: Panel,
    scale: TimeScale,
    taken: Sequence[Taking],
    labels: InventoryLabels,
    writing: Writing,
) -> Drawn:
    """Return the marks of the takings, with the difference where there is room for its text."""
    spaces, pieces, written = FreeSpaces(LEFT, RIGHT), [], 0
    for taking in taken:
        for curve in panel.curves:
            found = taking.found_mg.get(curve.key)
            if found is None:
                continue
            x, y = scale.x(taking.day), panel.y(found)
            book = book_on(curve, taking.day)
            said = f"{labels.of(curve)}, {labels.taking} {writing.day(taking.day)}"
            said += f": {writing.weight(found)}"
            pieces_of = [_diamond(x, y, f"pic-taking {_pattern(curve)}")]
            if book is not None:
                difference = writing.weight(book - found)
                said += f"; {labels.difference}: {difference}"
                name = "" if len(panel.curves) == 1 else f"{fitted(labels.of(curve), 130, 11)} "
                text = f"Δ {name}{difference}"
                place = spaces.near(x, y, width_of(text, 11), panel.top, panel.bottom)
                if place is not None and written < MOST_LABELS:
                    anchor = "end" if place[0] < x else None
                    pieces_of.append(words(*place, text, "pic-mark-label", anchor=anchor))
                    written += 1
            pieces.append(group("pic-mark", *pieces_of, title=said))
    return joined(*pieces)
