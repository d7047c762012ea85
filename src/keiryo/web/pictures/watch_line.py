"""What watched an area, and when: cameras, seals, declared operations and reviews on one axis.

Each row is a camera, a seal, a way or the operator's declarations. A full bar says that all is
well, a dashed outline that nobody has judged yet, a low dashed bar that nothing can be said, a
full dark bar with a mark that something happened that must be explained; where there is no bar,
nothing watched. Shapes carry the meaning and colours repeat it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keiryo.web.pictures.marks import symbol
from keiryo.web.pictures.svg import (
    Drawn,
    box,
    fitted,
    group,
    joined,
    line,
    linked,
    width_of,
    words,
)
from keiryo.web.pictures.time_picture import RIGHT, WIDTH, TimePicture, left_out, named_row
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 186.0
_TOP, _LANE, _BAR, _LOW = 26.0, 30.0, 16.0, 6.0
MOST_ROWS, MOST_BARS, MOST_MARKS = 40, 400, 300
_STEPS_S = (
    *(1, 5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600),
    *(86_400 * n for n in (1, 2, 7, 14, 28, 91, 182, 364, 728, 3640)),
)
LOOK = {
    "positive": "pic-watch-positive",
    "pending": "pic-watch-pending",
    "inconclusive": "pic-watch-inconclusive",
    "negative": "pic-watch-negative",
    "declared": "pic-watch-declared",
    "review": "pic-watch-review",
}
"""Class of a bar by what it stands for."""
MARKS = {
    "activity": ("ring", "pic-due-open"),
    "state-change": ("diamond", "pic-due-soon"),
    "opening": ("exclamation", "pic-due-overdue"),
    "check": ("tick", "pic-due-done"),
    "bad": ("cross", "pic-due-overdue"),
}
"""Symbol and class of a mark by what it stands for."""


@dataclass(frozen=True, slots=True)
class WatchBar:
    """An interval of a row.

    Attributes
    ----------
    look : str
        A key of `LOOK`.
    begin, end : datetime
        UTC.
    told : str
        What it says, in full.
    label : str
        What stands on it where there is room.
    href : str or None
    """

    look: str
    begin: datetime
    end: datetime
    told: str
    label: str = ""
    href: str | None = None


@dataclass(frozen=True, slots=True)
class WatchMark:
    """A moment of a row: `look` is a key of `MARKS`."""

    look: str
    at: datetime
    told: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A row: its name, its bars and its marks."""

    name: str
    bars: tuple[WatchBar, ...] = ()
    marks: tuple[WatchMark, ...] = ()
    href: str | None = None


@dataclass(frozen=True, slots=True)
class WatchLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Time line"
    description: str = "{count} rows from {first} to {last}: {told}."
    nothing: str = "Nothing watched in this time."
    more: str = "{count} more rows stand in the table below."


@dataclass(frozen=True, slots=True)
class InstantScale:
    """Instants from `first` to `last` over pixels from `left` to `right`."""

    first: datetime
    last: datetime
    left: float
    right: float

    def x(self, at: datetime) -> float:
        """Return the place of an instant; what lies outside stands at the edge."""
        whole = (self.last - self.first).total_seconds()
        if whole <= 0:
            return (self.left + self.right) / 2
        part = (at - self.first).total_seconds() / whole
        return self.left + min(max(part, 0.0), 1.0) * (self.right - self.left)

    def ticks(self, label_width: float = 92.0) -> list[datetime]:
        """Return instants at round times of UTC, as many as have room for their labels."""
        whole = max((self.last - self.first).total_seconds(), 1.0)
        least = whole * label_width / (self.right - self.left)
        step = _STEPS_S[min(bisect_right(_STEPS_S, least), len(_STEPS_S) - 1)]
        origin = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: steps of weeks begin there
        number = -(-(self.first - origin).total_seconds() // step)
        found: list[datetime] = []
        at = origin + timedelta(seconds=number * step)
        while at <= self.last and len(found) < 200:
            found.append(at)
            at += timedelta(seconds=step)
        return found or [self.first]


def watch_line(
    rows: Sequence[WatchRow],
    begin: datetime,
    end: datetime,
    *,
    labels: WatchLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the time line as SVG text.

    Parameters
    ----------
    rows : sequence of WatchRow
        From top to bottom.
    begin, end : datetime
        The time that the axis reaches over, UTC.
    labels : WatchLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or WatchLabels()
    sheet = TimePicture(labels.title, "pic-watch")
    if not rows or end <= begin:
        return sheet.empty(labels.nothing)
    scale = InstantScale(begin, end, LEFT, RIGHT - 10)
    drawn, pieces = rows[:MOST_ROWS], []
    for number, row in enumerate(drawn):
        top = _TOP + _LANE * number
        name = named_row(row.name, top + 2, _LANE - 4, top + _LANE / 2, LEFT)
        pieces.append(linked(row.href, name, name=row.name))
        pieces += [_bar(bar, scale, top) for bar in _within(row.bars, begin, end)[:MOST_BARS]]
        marks = [mark for mark in row.marks if begin <= mark.at <= end]
        pieces += [_mark(mark, scale, top) for mark in marks[:MOST_MARKS]]
    y = _TOP + _LANE * len(drawn)
    if len(rows) > len(drawn):
        more, y = left_out(labels.more.format(count=writing.count(len(rows) - len(drawn))), y)
        pieces.append(more)
    told = "; ".join(
        f"{row.name}: {', '.join(dict.fromkeys(bar.told for bar in row.bars[:3]))}"
        for row in drawn[:12]
    )
    return sheet.drawn(
        *(y + 30, _axis(scale, y + 2)),
        *pieces,
        description=labels.description.format(
            count=writing.count(len(rows)), first=_written(begin), last=_written(end), told=told
        ),
        with_links=any(_leads_on(row) for row in drawn),
    )


def _leads_on(row: WatchRow) -> bool:
    hrefs = (row.href, *(bar.href for bar in row.bars), *(mark.href for mark in row.marks))
    return any(hrefs)


def _within(bars: Sequence[WatchBar], begin: datetime, end: datetime) -> list[WatchBar]:
    return [bar for bar in bars if bar.end >= begin and bar.begin <= end]


def _bar(bar: WatchBar, scale: InstantScale, top: float) -> Drawn:
    left, right = scale.x(bar.begin), scale.x(bar.end)
    wide = max(right - left, 2.0)
    tall = _LOW if bar.look == "inconclusive" else _BAR
    y = top + (_LANE - tall) / 2
    shape = box(left, y, wide, tall, "pic-bar", radius=2)
    text = fitted(bar.label, wide - 10, 11) if bar.label and wide > 40 else ""
    name = words(left + 5, top + _LANE / 2 + 4, text, "pic-mark-label") if text else joined()
    sign = (
        symbol("exclamation", (left + right) / 2, top + _LANE / 2, 5.0)
        if bar.look == "negative"
        else joined()
    )
    return group(LOOK[bar.look], linked(bar.href, shape, sign, name=bar.told), name, title=bar.told)


def _mark(mark: WatchMark, scale: InstantScale, top: float) -> Drawn:
    shape, class_ = MARKS[mark.look]
    drawn = symbol(shape, scale.x(mark.at), top + _LANE / 2, 5.0)
    return group(class_, linked(mark.href, drawn, name=mark.told), title=mark.told)


def _axis(scale: InstantScale, y: float) -> Drawn:
    pieces = [line(scale.left, y, scale.right, y, "pic-axis")]
    ticks, free_from = scale.ticks(), float("-inf")
    only_days = all(at.hour == at.minute == at.second == 0 for at in ticks)
    for at in ticks:
        x = scale.x(at)
        text = f"{at:%Y-%m-%d}" if only_days else f"{at:%m-%d %H:%M}"
        pieces += [line(x, y, x, y + 4, "pic-axis"), line(x, _TOP - 4, x, y, "pic-grid")]
        half = width_of(text, 11) / 2
        middle = min(x, WIDTH - half - 2)  # the last label stays inside the picture
        if middle - half >= free_from:
            pieces.append(words(middle, y + 17, text, "pic-tick", anchor="middle"))
            free_from = middle + half + 6
    return joined(*pieces)


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
