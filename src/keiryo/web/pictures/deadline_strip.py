"""A strip of due days: what was done, what is due, what is overdue, area by area.

Duties of an area that fall due on days too close to be told apart share a mark, which shows the
worst of them and how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from keiryo.oversight.deadlines import Duty
from keiryo.web.pictures.marks import symbol
from keiryo.web.pictures.svg import (
    Drawn,
    fitted,
    group,
    joined,
    line,
    linked,
    width_of,
    words,
)
from keiryo.web.pictures.time_axis import TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, TimePicture, left_out, named_row
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 84.0
_TOP, _ROW, _MARK = 46.0, 30.0, 15.0
MOST_AREAS = 40
_LOOK = {
    "overdue": ("exclamation", "pic-due-overdue"),
    "due soon": ("diamond", "pic-due-soon"),
    "open": ("ring", "pic-due-open"),
    "done late": ("tick", "pic-due-late"),
    "done": ("tick", "pic-due-done"),
}
"""Symbol and class of each state, the worst first."""


@dataclass(frozen=True, slots=True)
class DeadlineLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Deadlines as of {day}"
    description: str = "{counts}. Areas: {areas}."
    nothing: str = "Nothing is due."
    today: str = "as of"
    more: str = "and {count} more areas"
    states: Callable[[str], str] = str


def deadline_strip(
    duties: Sequence[Duty],
    on: date,
    *,
    href: Callable[[Sequence[Duty]], str | None] | None = None,
    labels: DeadlineLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the strip of due days as SVG text.

    Parameters
    ----------
    duties : sequence of Duty
        As of `keiryo.oversight.deadlines`.
    on : date
        The day of the board.
    href : callable, optional
        From the duties of a mark to an address.
    labels : DeadlineLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or DeadlineLabels()
    sheet = TimePicture(labels.title.format(day=writing.day(on)), "pic-deadlines")
    if not duties:
        return sheet.empty(labels.nothing)
    scale = scale_of([on, *(duty.due for duty in duties)], LEFT + 14, RIGHT - 14, margin=0.01)
    by_area: dict[str, list[Duty]] = {}
    for duty in sorted(duties, key=lambda d: (d.mba, d.due, d.kind, d.period)):
        by_area.setdefault(duty.mba, []).append(duty)
    pieces, y = [], _TOP
    for mba, some in list(by_area.items())[:MOST_AREAS]:
        pieces.append(_area(mba, some, scale, y, href, labels, writing))
        y += _ROW
    if len(by_area) > MOST_AREAS:
        text = labels.more.format(count=writing.count(len(by_area) - MOST_AREAS))
        more, y = left_out(text, y)
        pieces.append(more)
    counts = Counter(duty.state for duty in duties)
    said = [f"{labels.states(state)}: {writing.count(counts[state])}" for state in _LOOK]
    description = labels.description.format(
        counts=", ".join(said), areas=", ".join(list(by_area)[:MOST_AREAS])
    )
    return sheet.drawn(
        *(y + 30, axis(scale, y + 2, writing, top=_TOP - 4)),
        _legend(counts, labels, writing),
        today_mark(scale, on, _TOP - 16, y + 2, labels.today, writing),
        *pieces,
        description=description,
        with_links=href is not None,
    )


def _legend(counts: Counter[str], labels: DeadlineLabels, writing: Writing) -> Drawn:
    pieces, x = [], LEFT
    for state, (shape, class_) in _LOOK.items():
        text = f"{fitted(labels.states(state), 130)} {writing.count(counts[state])}"
        mark = group(class_, symbol(shape, x + 6, 12, 6))
        pieces += [mark, words(x + 18, 16, text, "pic-label")]
        x += 18 + width_of(text) + 20
    return group("pic-legend", *pieces)


def _area(
    mba: str,
    duties: Sequence[Duty],
    scale: TimeScale,
    top: float,
    href: Callable[[Sequence[Duty]], str | None] | None,
    labels: DeadlineLabels,
    writing: Writing,
) -> Drawn:
    middle = top + _ROW / 2
    pieces = [
        named_row(mba, top + 2, _ROW - 4, middle, LEFT),
        line(scale.left, middle, scale.right, middle, "pic-grid"),
    ]
    for some in _together(duties, scale):
        drawn = _mark(some, scale, middle, labels, writing)
        address = None if href is None else href(some)
        name = "; ".join(_said(duty, labels, writing) for duty in some[:6])
        if len(some) > 1:  # the number stands in the mark
            name = f"{writing.count(len(some))}: {name}"
        pieces.append(linked(address, drawn, name=name))
    return group("pic-area", *pieces)


def _together(duties: Sequence[Duty], scale: TimeScale) -> list[list[Duty]]:
    """Return the duties in groups of which each has room for its mark."""
    groups: list[list[Duty]] = []
    begin = float("-inf")
    for duty in duties:
        x = scale.x(duty.due)
        if x - begin < _MARK + 13:
            groups[-1].append(duty)
        else:
            groups.append([duty])
            begin = x
    return groups


def _said(duty: Duty, labels: DeadlineLabels, writing: Writing) -> str:
    state = labels.states(duty.state)
    return f"{writing.day(duty.due)} {duty.mba} {duty.kind} {duty.period}: {state}"


def _mark(
    duties: Sequence[Duty],
    scale: TimeScale,
    middle: float,
    labels: DeadlineLabels,
    writing: Writing,
) -> Drawn:
    states = {duty.state for duty in duties}
    worst = next((state for state in _LOOK if state in states), "open")
    shape, class_ = _LOOK[worst]
    x = scale.x(duties[0].due)
    pieces = [symbol(shape, x, middle, _MARK / 2)]
    if len(duties) > 1:
        pieces.append(
            words(x + 9, middle + 10, writing.count(len(duties)), "pic-count pic-mark-label")
        )
    title = "; ".join(_said(duty, labels, writing) for duty in duties[:12])
    return group(f"pic-duty {class_}", joined(*pieces), title=title)
