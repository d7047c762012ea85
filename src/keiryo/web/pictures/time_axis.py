"""A time axis for pictures: days to pixels, and ticks at days that people think in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from keiryo.web.pictures.svg import Drawn, joined, line, width_of, words
from keiryo.web.pictures.writing import Writing

_STEPS: tuple[tuple[str, int, float], ...] = (
    *(("day", n, float(n)) for n in (1, 2)),
    *(("week", n, 7.0 * n) for n in (1, 2)),
    *(("month", n, 30.4 * n) for n in (1, 2, 3, 6)),
    *(("year", n, 365.25 * n) for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Days from `first` to `last` over pixels from `left` to `right`.

    A scale of one day has its day in the middle.
    """

    first: date
    last: date
    left: float
    right: float

    def x(self, day: date) -> float:
        """Return the place of a day; days outside stand at the edge."""
        days = (self.last - self.first).days
        if days <= 0:
            return (self.left + self.right) / 2
        part = min(max((day - self.first).days / days, 0.0), 1.0)
        return self.left + part * (self.right - self.left)

    def ticks(self, label_width: float = 66.0) -> tuple[str, list[date]]:
        """Return the unit and the days of the ticks, as many as have room for their labels."""
        days = max((self.last - self.first).days, 1)
        pixels_per_day = (self.right - self.left) / days
        fitting = (
            (unit, every)
            for unit, every, length_days in _STEPS
            if length_days * pixels_per_day >= label_width * (0.75 if unit == "year" else 1.0)
        )
        unit, every = next(fitting, _STEPS[-1][:2])
        found = list(_days(self.first, self.last, unit, every))
        return (unit, found) if found else ("day", [self.first])


def _days(first: date, last: date, unit: str, every: int) -> Iterator[date]:
    if unit in ("day", "week"):
        step = every * (7 if unit == "week" else 1)
        # Weeks begin on Mondays, and steps of days count from there, whatever day comes first.
        number = first.toordinal() + (-(first.toordinal() - 1)) % step
        while number <= last.toordinal():
            yield date.fromordinal(number)
            number += step
        return
    months = every * (12 if unit == "year" else 1)
    number = first.year * 12 + first.month - 1
    number += (-number) % months
    while number // 12 <= 9999:
        day = date(max(number // 12, 1), number % 12 + 1, 1)
        if day > last:
            return
        if day >= first:
            yield day
        number += months


def scale_of(days: list[date], left: float, right: float, *, margin: float = 0.02) -> TimeScale:
    """Return a scale over some days with a little room on both sides."""
    first, last = min(days), max(days)
    room = int((last - first).days * margin)
    return TimeScale(_moved(first, -room), _moved(last, room), left, right)


def _moved(day: date, days: int) -> date:
    number = min(max(day.toordinal() + days, 1), date.max.toordinal())
    return date.fromordinal(number)


def axis(scale: TimeScale, y: float, writing: Writing, *, top: float | None = None) -> Drawn:
    """Return the axis at a height, with grid lines up to `top` if given."""
    unit, days = scale.ticks()
    write = {"year": writing.year, "month": writing.month}.get(unit, writing.day)
    pieces = [line(scale.left, y, scale.right, y, "pic-axis")]
    free_from = float("-inf")
    for day in days:
        x, text = scale.x(day), write(day)
        pieces.append(line(x, y, x, y + 4, "pic-axis"))
        if top is not None:
            pieces.append(line(x, top, x, y, "pic-grid"))
        half = width_of(text, 11) / 2
        if x - half >= free_from:
            pieces.append(words(x, y + 17, text, "pic-tick", anchor="middle"))
            free_from = x + half + 6
    return joined(*pieces)


def today_mark(
    scale: TimeScale, today: date, top: float, bottom: float, label: str, writing: Writing
) -> Drawn:
    """Return the line of today; nothing if today is not on the axis."""
    if not scale.first <= today <= scale.last:
        return joined()
    x = scale.x(today)
    text = f"{label} {writing.day(today)}"
    near_edge = x + width_of(text, 11) > scale.right
    return joined(
        line(x, top, x, bottom, "pic-today"),
        words(
            x - 4 if near_edge else x + 4,
            top + 10,
            text,
            "pic-tick pic-today-label",
            anchor="end" if near_edge else None,
        ),
    )


class Rows:
    """Places labels so that none covers another: each goes to the first row that is free."""

    def __init__(self) -> None:
        self._taken: list[list[tuple[float, float]]] = []

    def place(self, left: float, right: float) -> int:
        """Return the row of a label that reaches from `left` to `right`."""
        for number, row in enumerate(self._taken):
            at = bisect_left(row, (left, right))
            before_free = at == 0 or row[at - 1][1] <= left
            if before_free and (at == len(row) or row[at][0] >= right):
                row.insert(at, (left, right))
                return number
        self._taken.append([(left, right)])
        return len(self._taken) - 1

    def __len__(self) -> int:
        return len(self._taken)


class FreeSpaces:
    """Places labels near their marks, so that none covers another or leaves the picture.

    Parameters
    ----------
    left, right : float
        Labels stay between these.
    """

    def __init__(self, left: float, right: float) -> None:
        self._left, self._right = left, right
        self._taken: list[tuple[float, float, float]] = []

    def near(
        self, x: float, y: float, width: float, top: float, bottom: float
    ) -> tuple[float, float] | None:
        """Return where a label of a mark begins or ends (its base line), or None: no room.

        The place is left of `x` if the label must end there.
        """
        for step in (-9.0, 18.0, -23.0, 32.0, -37.0, 46.0):
            base = y + step
            if not top + 9 <= base <= bottom - 3:
                continue
            for begin in (x + 9, x - 9 - width):
                if begin < self._left or begin + width > self._right:
                    continue
                if all(
                    begin + width < left - 3 or begin > right + 3 or abs(base - other) >= 13
                    for left, right, other in self._taken
                ):
                    self._taken.append((begin, begin + width, base))
                    return (begin if begin > x else x - 9), base
        return None
