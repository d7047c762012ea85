"""High enriched uranium of a conversion campaign over time: a step curve down to nothing.

The curve is what stood on the books at the end of each day. A mark on it is an entry that brought
material or took it away; its shape tells which: received, taken back, shipped, blended down, lost,
restated by an inventory taking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from keiryo.web.pictures.inventory_data import BookCurve, book_on
from keiryo.web.pictures.marks import symbol
from keiryo.web.pictures.step_curves import Panel, thinned
from keiryo.web.pictures.svg import Drawn, group, joined, line, linked, path, width_of, words
from keiryo.web.pictures.time_axis import TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, TimePicture
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 96.0
_TOP, _HEIGHT, _MARK = 56.0, 220.0, 5.5
MOST_MARKS = 300
LOOK = {
    "came": ("up", "pic-plus"),
    "taken back": ("down", "pic-due-done"),
    "shipped": ("down", "pic-due-open"),
    "blended down": ("diamond", "pic-due-soon"),
    "other loss": ("cross", "pic-minus"),
    "restated": ("square", "pic-due-open"),
}
"""Symbol and class of a mark by what happened."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What is held at the end of a day, in milligrams."""

    day: date
    held_mg: int


@dataclass(frozen=True, slots=True)
class CurveMark:
    """What happened on a day: `what` is a key of `LOOK`."""

    what: str
    day: date
    told: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class CurveLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "High enriched uranium on the books"
    description: str = (
        "High enriched uranium from {first} to {last}: at most {most}, {held} at the end; {counts}."
    )
    nothing: str = "No high enriched uranium was ever on these books."
    today: str = "today"
    kinds: Callable[[str], str] = str


def conversion_curve(
    points: Sequence[CurvePoint],
    today: date,
    *,
    marks: Sequence[CurveMark] = (),
    labels: CurveLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the curve of a campaign as SVG text.

    Parameters
    ----------
    points : sequence of CurvePoint
        In order of days; the curve stands still between them.
    today : datetime.date
        The curve is drawn up to this day.
    marks : sequence of CurveMark
    labels : CurveLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or CurveLabels()
    sheet = TimePicture(labels.title, "pic-conversion")
    if not points:
        return sheet.empty(labels.nothing)
    scale = scale_of([*(one.day for one in points), today], LEFT, RIGHT - 12, margin=0.02)
    weights = [one.held_mg for one in points]
    most, least = max(0, *weights), min(0, *weights)
    curve = BookCurve("E", tuple((one.day, one.held_mg) for one in points))
    room = max((most - least) // 12, 1)
    low = least - room if least < 0 else 0
    panel = Panel((curve,), _TOP, _TOP + _HEIGHT, low, most + room)
    drawn = list(marks)[-MOST_MARKS:]
    counts = Counter(one.what for one in marks)
    told = ", ".join(
        f"{labels.kinds(what)} {writing.count(counts[what])}" for what in LOOK if counts[what]
    )
    description = labels.description.format(
        first=writing.day(points[0].day),
        last=writing.day(max(today, points[-1].day)),
        most=writing.weight(most),
        held=writing.weight(points[-1].held_mg),
        counts=told,
    )
    return sheet.drawn(
        *(panel.bottom + 26, axis(scale, panel.bottom, writing, top=panel.top)),
        _scale(panel, writing),
        _curve(curve, panel, scale, max(today, points[-1].day)),
        *(_mark(one, curve, panel, scale) for one in drawn),
        _legend(counts, labels, writing),
        today_mark(scale, today, panel.top - 16, panel.bottom, labels.today, writing),
        description=description,
        with_links=any(one.href for one in drawn),
    )


def _scale(panel: Panel, writing: Writing) -> Drawn:
    pieces = []
    for weight in panel.ticks():
        y = panel.y(weight)
        pieces += [
            line(LEFT, y, RIGHT, y, "pic-zero" if weight == 0 else "pic-grid"),
            words(LEFT - 8, y + 4, writing.weight(weight), "pic-tick", anchor="end"),
        ]
    return joined(*pieces)


def _curve(curve: BookCurve, panel: Panel, scale: TimeScale, last: date) -> Drawn:
    places = thinned(curve.points, scale)
    steps: list[str | float] = ["M", places[0][0], panel.y(0)]
    for x, weight in places:
        steps += ["H", x, "V", panel.y(weight or 0)]
    steps += ["H", scale.x(last)]
    return path("pic-curve pic-cat-E", *steps)


def _mark(one: CurveMark, curve: BookCurve, panel: Panel, scale: TimeScale) -> Drawn:
    shape, class_ = LOOK.get(one.what, LOOK["other loss"])
    y = panel.y(book_on(curve, one.day) or 0)
    mark = group(class_, symbol(shape, scale.x(one.day), y, _MARK))
    return group("pic-mark", linked(one.href, mark, name=one.told), title=one.told)


def _legend(counts: Counter[str], labels: CurveLabels, writing: Writing) -> Drawn:
    pieces, x = [], LEFT
    for what, (shape, class_) in LOOK.items():
        if not counts[what]:
            continue
        text = f"{labels.kinds(what)} {writing.count(counts[what])}"
        pieces += [
            group(class_, symbol(shape, x + 6, 14, 6)),
            words(x + 18, 18, text, "pic-label"),
        ]
        x += 18 + width_of(text) + 18
    return group("pic-legend", *pieces)
