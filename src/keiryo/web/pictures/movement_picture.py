"""Shipments in transit as bars on a time axis, route by route, with the limits on their age.

A bar begins on the day of shipment and ends on the day of receipt, or at the day of the board
while the shipment is on its way. Beyond it stand the days on which it becomes late and overdue.
Receipts without a shipment are marks of their own: something came that nobody sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from keiryo.oversight.transit_board import TransitRow
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
from keiryo.web.pictures.time_axis import TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, WIDTH, TimePicture, left_out
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 250.0
_TOP, _ROW, _BAR, _ROUTE = 20.0, 24.0, 14.0, 24.0
MOST_BARS_OF_ROUTE = 25
MOST_ROUTES = 30
_WORST_FIRST = ("overdue", "late", "unmatched", "difference", "open", "in parts", "received")
_SPACE = Drawn(" ")
"""Between texts that are drawn apart: they are read as words of their own."""

_FILE_STATES = {"in parts": "parts"}


@dataclass(frozen=True, slots=True)
class TransitLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Shipments in transit on {day}"
    description: str = "{count} batches on {routes} routes; {overdue} overdue, {late} late."
    nothing: str = "Nothing is in transit."
    today: str = "board of"
    age: str = "{days} d"
    limits: str = "late after {late} days, overdue after {overdue} days"
    more: str = "and {count} more on this route"
    more_routes: str = "and {count} more routes"
    states: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class _Bar:
    """One batch of a route: all categories together."""

    rows: tuple[TransitRow, ...]

    @property
    def first(self) -> TransitRow:
        return self.rows[0]

    @property
    def begins(self) -> date | None:
        return self.first.shipped or self.first.received


def transit_picture(
    rows: Sequence[TransitRow],
    on: date,
    *,
    late_days: int | None = None,
    overdue_days: int | None = None,
    href: Callable[[TransitRow], str | None] | None = None,
    labels: TransitLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return shipments in transit as SVG text.

    Parameters
    ----------
    rows : sequence of TransitRow
        As the board shows them (`keiryo.oversight.transit_board`).
    on : date
        The day of the board.
    late_days, overdue_days : int, optional
        Ages above which a shipment is late and overdue.
    href : callable, optional
        From the first row of a batch to an address.
    labels : TransitLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or TransitLabels()
    sheet = TimePicture(labels.title.format(day=writing.day(on)), "pic-transit")
    bars = _bars(rows)
    if not bars:
        return sheet.empty(labels.nothing)
    scale = _scale(bars, on, max(overdue_days or 0, late_days or 0))
    drawing = _Drawing(scale, on, late_days, overdue_days, href, labels, writing)
    routes = _routes(bars)
    pieces, y = [], _TOP
    for route, some in routes[:MOST_ROUTES]:
        drawn, height = drawing.route(route, some, y)
        pieces.append(drawn)
        y += height
    if len(routes) > MOST_ROUTES:
        text = labels.more_routes.format(count=writing.count(len(routes) - MOST_ROUTES))
        more, y = left_out(text, y)
        pieces.append(more)
    under = [axis(scale, y + 4, writing, top=_TOP), *pieces]
    under.append(today_mark(scale, on, 6, y + 4, labels.today, writing))
    height = y + 30
    if late_days is not None and overdue_days is not None:
        text = labels.limits.format(late=late_days, overdue=overdue_days)
        under.append(_limits_legend(text, height + 8))
        height += 20
    said = _description(bars, len(routes), labels, writing)
    return sheet.drawn(height, *under, description=said, with_links=href is not None)


def _scale(bars: Sequence[_Bar], on: date, ahead_days: int) -> TimeScale:
    """Return the axis over all shipments, and on to the limits of those that are on their way."""
    days = [on, *(bar.begins or on for bar in bars)]
    days += [bar.first.received for bar in bars if bar.first.received]
    waiting = [bar.begins for bar in bars if bar.begins and bar.first.state == "open"]
    days += [_after(day, ahead_days) for day in waiting]
    return scale_of(days, LEFT, RIGHT - 60, margin=0.02)


def _description(bars: Sequence[_Bar], routes: int, labels: TransitLabels, writing: Writing) -> str:
    states = [bar.first.state for bar in bars]
    return labels.description.format(
        count=writing.count(len(bars)),
        routes=writing.count(routes),
        overdue=writing.count(states.count("overdue")),
        late=writing.count(states.count("late")),
    )


def _after(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def _bars(rows: Sequence[TransitRow]) -> list[_Bar]:
    found: dict[tuple[object, ...], list[TransitRow]] = {}
    for row in rows:
        key = (row.sender, row.receiver, row.batch, row.shipped, row.received, row.state)
        found.setdefault(key, []).append(row)
    return [_Bar(tuple(some)) for some in found.values()]


def _rank(bar: _Bar) -> tuple[int, date, str]:
    state = bar.first.state
    rank = _WORST_FIRST.index(state) if state in _WORST_FIRST else len(_WORST_FIRST)
    return rank, bar.begins or date.max, bar.first.batch


def _routes(bars: Sequence[_Bar]) -> list[tuple[str, list[_Bar]]]:
    """Return the bars by route, the route with the worst first."""
    found: dict[str, list[_Bar]] = {}
    for bar in bars:
        found.setdefault(f"{bar.first.sender} → {bar.first.receiver}", []).append(bar)
    for some in found.values():
        some.sort(key=_rank)
    return sorted(found.items(), key=lambda item: (*_rank(item[1][0])[:2], item[0]))


def _limits_legend(text: str, y: float) -> Drawn:
    return joined(
        line(LEFT, y - 7, LEFT, y + 5, "pic-limit"),
        line(LEFT + 6, y - 7, LEFT + 6, y + 5, "pic-limit-hard"),
        words(LEFT + 13, y + 3, text, "pic-tick"),
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    scale: TimeScale
    on: date
    late_days: int | None
    overdue_days: int | None
    href: Callable[[TransitRow], str | None] | None
    labels: TransitLabels
    writing: Writing

    def route(self, route: str, bars: Sequence[_Bar], top: float) -> tuple[Drawn, float]:
        """Return the bars of a route below its name, and their height."""
        shown = list(bars[:MOST_BARS_OF_ROUTE])
        pieces = [words(10, top + 15, fitted(route, WIDTH - 40), "pic-lane-name")]
        y = top + _ROUTE
        for bar in shown:
            pieces.append(self._bar(bar, y))
            y += _ROW
        if len(bars) > len(shown):
            count = self.writing.count(len(bars) - len(shown))
            pieces.append(words(22, y + 13, self.labels.more.format(count=count), "pic-tick"))
            y += _ROW
        lane = box(0, top, WIDTH, y + 4 - top, "pic-lane", radius=4)
        return group("pic-route", lane, *pieces), y + 10 - top

    def _bar(self, bar: _Bar, y: float) -> Drawn:
        row, begins = bar.first, bar.begins or self.on
        end = row.received or self.on
        x1, x2 = sorted((self.scale.x(begins), self.scale.x(end)))
        middle = y + _ROW / 2
        weights = ", ".join(f"{r.category} {self.writing.weight(r.element_mg)}" for r in bar.rows)
        age = self.labels.age.format(days=self.writing.count(row.age_days))
        state = f"{self.labels.states(row.state)}, {age}"
        batch, shown = fitted(row.batch, 122), fitted(weights, 100, 11)
        pieces = [
            words(22, middle + 4, batch, "pic-label"),
            _SPACE,
            words(LEFT - 8, middle + 4, shown, "pic-tick", anchor="end"),
            _SPACE,
        ]
        if row.shipped is None:
            pieces.append(symbol("diamond", x1, middle, 6))
            x2 = x1 + 4
        else:
            pieces.append(box(x1, middle - _BAR / 2, max(x2 - x1, 3), _BAR, "pic-bar", radius=2))
            if row.received is None:
                limits, x2 = self._limits(row.shipped, middle, x2)
                pieces.append(limits)
        text_at = x2 + 7
        if text_at + width_of(state, 11) > WIDTH - 4:
            pieces.append(
                words(x1 - 7, middle + 4, state, "pic-mark-label pic-state", anchor="end")
            )
        else:
            pieces.append(words(text_at, middle + 4, state, "pic-mark-label pic-state"))
        name = _FILE_STATES.get(row.state, row.state if row.state.isalpha() else "other")
        may_be = f" ({', '.join(row.may_be)}?)" if row.may_be else ""
        day = self.writing.day(begins)
        said = f"{row.batch} · {row.sender} → {row.receiver} · {day} · {weights} · {state}{may_be}"
        drawn = group(f"pic-shipment pic-state-{name}", *pieces, title=said)
        # A link is called by what is seen, in the same order (WCAG 2.5.3), and then in full.
        called = f"{batch} {shown} {state} · {said}"
        return drawn if self.href is None else linked(self.href(row), drawn, name=called)

    def _limits(self, shipped: date, middle: float, end: float) -> tuple[Drawn, float]:
        """Return the days on which a shipment becomes late and overdue, and where all ends."""
        pieces = []
        for days, class_ in ((self.late_days, "pic-limit"), (self.overdue_days, "pic-limit-hard")):
            if days is None:
                continue
            day = _after(shipped, days)
            if day <= self.scale.last:
                x = self.scale.x(day)
                pieces.append(line(x, middle - _BAR / 2 - 2, x, middle + _BAR / 2 + 2, class_))
                end = max(end, x)
        return joined(*pieces), end
