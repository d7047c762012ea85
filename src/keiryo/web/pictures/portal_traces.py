"""Pictures of portals: the traces of a passage, the passages of a day, rates with their intervals.

Traces: the sum of a sliding window against background and threshold, and neutrons a second.
A square marks an alarm of the replay, a cross one of the instrument itself; shapes carry the
meaning and colours repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keiryo.web.pictures.step_curves import ticks
from keiryo.web.pictures.svg import (
    Drawn,
    box,
    element,
    fitted,
    joined,
    line,
    linked,
    path,
    picture,
    words,
)

WIDTH, LEFT, RIGHT = 960.0, 64.0, 946.0
_GAMMA, _NEUTRON, _GAP, _TOP = 210.0, 90.0, 44.0, 30.0
MOST_POINTS, MOST_MARKS = 2_400, 400


@dataclass(frozen=True, slots=True)
class TraceLabels:
    """The words of the pictures; the page gives them in its language."""

    title: str = "Traces of the passage"
    gamma: str = "gamma counts in a window"
    neutron: str = "neutrons a second"
    seconds: str = "seconds"
    background: str = "background"
    threshold: str = "threshold"
    replayed: str = "alarm of the replay"
    flagged: str = "alarm of the instrument"
    none: str = "not evaluated"
    no_neutrons: str = "no neutron records"


@dataclass(frozen=True, slots=True)
class _Axes:
    top: float
    height: float
    low: float
    high: float
    seconds: float

    def x(self, second: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max(second / self.seconds, 0.0), 1.0)

    def y(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self.top + self.height * (1.0 - min(max(part, 0.0), 1.0))


def portal_traces(trace: Mapping[str, Any], labels: TraceLabels) -> str:
    """Return the picture of a passage.

    Parameters
    ----------
    trace : mapping
        As `keiryo.portal.traces.traces_of` gives it.
    labels : TraceLabels
    """
    times = [float(one) for one in trace["time_s"]]
    neutron = [float(one) for one in trace["neutron"]]
    seconds = max([1.0, float(len(neutron)), *times[-1:]])
    pieces = [*_gamma(trace, times, seconds, labels)]
    top = _TOP + _GAMMA + _GAP
    pieces += _neutron(trace, neutron, seconds, top, labels)
    bottom = top + _NEUTRON
    pieces.append(words(RIGHT, bottom + 32, labels.seconds, "pic-tick", anchor="end"))
    return picture(
        WIDTH,
        bottom + 42,
        *pieces,
        title=labels.title,
        description=str(trace["told"]),
        class_="pic-portal",
    )


def _frame(axes: _Axes, label: str) -> list[Drawn]:
    found = [words(LEFT - 50, axes.top - 10, label, "pic-label")]
    for value in ticks(int(axes.low), max(int(axes.high), int(axes.low) + 1), 5):
        y = axes.y(value)
        found.append(line(LEFT, y, RIGHT, y, "pic-grid"))
        found.append(words(LEFT - 6, y + 4, f"{value:,}", "pic-tick", anchor="end"))
    bottom = axes.top + axes.height
    for value in ticks(0, max(int(axes.seconds), 1), 10):
        x = axes.x(value)
        found.append(line(x, bottom, x, bottom + 4, "pic-axis"))
        found.append(words(x, bottom + 16, f"{value:,}", "pic-tick", anchor="middle"))
    return [*found, line(LEFT, bottom, RIGHT, bottom, "pic-axis")]


def _gamma(
    trace: Mapping[str, Any], times: list[float], seconds: float, labels: TraceLabels
) -> list[Drawn]:
    counts = [float(one) for one in trace["gamma"]]
    if not counts:
        axes = _Axes(_TOP, _GAMMA, 0, 1, seconds)
        middle = words((LEFT + RIGHT) / 2, _TOP + _GAMMA / 2, labels.none, "pic-note")
        return [*_frame(axes, labels.gamma), middle]
    limits = [float(trace[n]) for n in ("background", "threshold") if trace[n] is not None]
    low, high = min([*counts, *limits]), max([*counts, *limits])
    room = max((high - low) * 0.08, 1.0)
    axes = _Axes(_TOP, _GAMMA, max(low - room, 0.0), high + room, seconds)
    found = _frame(axes, labels.gamma)
    for name, class_, label in (
        ("background", "pic-portal-background", labels.background),
        ("threshold", "pic-portal-threshold", labels.threshold),
    ):
        if trace[name] is not None:
            y = axes.y(float(trace[name]))
            found.append(line(LEFT, y, RIGHT, y, class_))
            found.append(words(RIGHT - 4, y - 5, label, "pic-mark-label", anchor="end"))
    found.append(_curve(axes, times, counts, "pic-portal-counts"))
    found += _marks(axes, times, counts, trace["replayed"], labels.replayed, square=True)
    found += _marks(axes, times, counts, trace["flagged"], labels.flagged, square=False)
    return found


def _curve(axes: _Axes, times: Sequence[float], counts: Sequence[float], class_: str) -> Drawn:
    """Draw a curve; of many points the lowest and highest of each stretch are kept."""
    each = -(-len(counts) * 2 // MOST_POINTS)
    points: list[tuple[float, float]] = []
    for first in range(0, len(counts), each):
        some = list(zip(times[first : first + each], counts[first : first + each], strict=True))
        ends = {min(some, key=lambda one: one[1]), max(some, key=lambda one: one[1])}
        points += sorted(ends) if each > 1 else some
    steps: list[str | float] = []
    for number, (second, count) in enumerate(points):
        steps += ["L" if number else "M", axes.x(second), axes.y(count)]
    return path(class_, *steps)


def _marks(
    axes: _Axes, times: list[float], counts: list[float], where: Any, label: str, *, square: bool
) -> list[Drawn]:
    places = [n for n, one in enumerate(where) if one]
    found = []
    for n in places[:: -(-len(places) // MOST_MARKS) or 1]:
        x, y = axes.x(times[n]), axes.y(counts[n])
        if square:
            found.append(box(x - 3, y - 3, 6, 6, "pic-portal-alarm"))
        else:
            cross = (x - 3, y - 3), (x + 3, y + 3), (x - 3, y + 3), (x + 3, y - 3)
            steps = [part for n, one in enumerate(cross) for part in ("ML"[n % 2], *one)]
            found.append(path("pic-portal-flag", *steps))
    if not found:
        return []
    return [element("g", element("title", label), *found, class_="pic-portal-marks")]


def _neutron(
    trace: Mapping[str, Any], counts: list[float], seconds: float, top: float, labels: TraceLabels
) -> list[Drawn]:
    limit = trace["neutron_limit"]
    high = max([4.0, *counts, *([] if limit is None else [float(limit)])]) * 1.12
    axes = _Axes(top, _NEUTRON, 0, high, seconds)
    found = _frame(axes, labels.neutron)
    if not counts:
        place = words((LEFT + RIGHT) / 2, top + _NEUTRON / 2, labels.no_neutrons, "pic-note")
        return [*found, place]
    if limit is not None:
        y = axes.y(float(limit))
        found.append(line(LEFT, y, RIGHT, y, "pic-portal-threshold"))
        found.append(words(RIGHT - 4, y - 5, labels.threshold, "pic-mark-label", anchor="end"))
    steps: list[str | float] = []
    for n, count in enumerate(counts[:MOST_POINTS]):
        steps += ["L" if n else "M", axes.x(n), axes.y(count), "H", axes.x(n + 1)]
    found.append(path("pic-portal-neutrons", *steps))
    over = [n for n, count in enumerate(counts) if limit is not None and count >= limit]
    marks = [box(axes.x(n + 0.5) - 3, axes.y(counts[n]) - 3, 6, 6, "pic-portal-alarm")
             for n in over[:MOST_MARKS]]  # fmt: skip
    return [*found, *marks]


@dataclass(frozen=True, slots=True)
class DayMark:
    """A passage on the strip of a day: its hour, whether it alarmed, what it says, its page."""

    hour: float
    alarm: bool
    told: str
    href: str


def day_strip(marks: Sequence[DayMark], title: str, description: str) -> str:
    """Return the passages of a day on a clock of 24 hours; alarms stand out and lead on."""
    base, height = 70.0, 92.0
    found: list[Drawn] = []

    def x(hour: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max(hour / 24.0, 0.0), 1.0)

    for hour in range(0, 25, 2):
        found.append(line(x(hour), base, x(hour), base + 4, "pic-axis"))
        found.append(words(x(hour), base + 18, f"{hour:02d}:00", "pic-tick", anchor="middle"))
    quiet = {round(x(one.hour)) for one in marks if not one.alarm}
    steps: list[str | float] = []
    for place in sorted(quiet):
        steps += ["M", float(place), base, "V", base - 14]
    if steps:
        found.append(path("pic-portal-passage", *steps))
    for one in [each for each in marks if each.alarm][:MOST_MARKS]:
        stem = line(x(one.hour), base, x(one.hour), base - 40, "pic-portal-stem")
        head = box(x(one.hour) - 4, base - 48, 8, 8, "pic-portal-alarm pic-symbol")
        title_of = element("title", one.told)
        found.append(linked(one.href, element("g", title_of, stem, head), name=one.told))
    found.append(line(LEFT, base, RIGHT, base, "pic-axis"))
    return picture(
        WIDTH,
        height,
        *found,
        title=title,
        description=description,
        class_="pic-portal-day",
        with_links=any(one.alarm for one in marks),
    )


@dataclass(frozen=True, slots=True)
class RateBar:
    """A rate with its interval: name, share (None: only bounds are known), both bounds."""

    name: str
    share: float | None
    low: float
    high: float
    told: str


def rate_bars(bars: Sequence[RateBar], title: str, description: str, axis: str) -> str:
    """Return rates with their intervals, one below the other, on a linear scale from 0."""
    row, left, top = 26.0, 240.0, 14.0
    most = max([0.001, *(one.high for one in bars)])
    bottom = top + row * len(bars)
    found: list[Drawn] = []

    def x(share: float) -> float:
        return left + (RIGHT - 20 - left) * share / most

    for n in range(6):
        share = most * n / 5
        found.append(line(x(share), top, x(share), bottom, "pic-grid"))
        label = f"{share * 100:.3g} %"
        found.append(words(x(share), bottom + 16, label, "pic-tick", anchor="middle"))
    for n, one in enumerate(bars):
        y = top + row * (n + 0.5)
        name = words(left - 10, y + 4, fitted(one.name, left - 20), "pic-label", anchor="end")
        bar = line(x(one.low), y, x(one.high), y, "pic-portal-interval")
        ends = [line(x(at), y - 5, x(at), y + 5, "pic-portal-interval")
                for at in (one.low, one.high)]  # fmt: skip
        point = () if one.share is None else (box(x(one.share) - 4, y - 4, 8, 8, "pic-symbol"),)
        found.append(element("g", element("title", one.told), name, bar, *ends, *point))
    found.append(words(RIGHT - 20, bottom + 32, axis, "pic-tick", anchor="end"))
    found.append(line(left, bottom, RIGHT - 20, bottom, "pic-axis"))
    return picture(
        WIDTH,
        bottom + 40,
        joined(*found),
        title=title,
        description=description,
        class_="pic-portal-rates",
    )
