"""The picture of a gamma spectrum: counts, background, fitted peaks, lines of nuclides, residuals.

Many channels are drawn as fewer bins of equal numbers of channels, and the axis says how many. A
fitted peak is a line over its continuum with a mark on top that leads to it; lines of nuclides are
stems whose height is their share, dashed differently for each nuclide and labelled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from keiryo.web.pictures.svg import (
    Drawn,
    box,
    element,
    group,
    line,
    linked,
    path,
    picture,
    words,
)

WIDTH, LEFT, RIGHT = 960.0, 66.0, 948.0
_TOP, _MAIN, _REST, _GAP = 26.0, 340.0, 84.0, 46.0
MOST_BINS, MOST_STEMS, MOST_MARKS = 880, 240, 120
DASHES = "abcd"
LOWEST = 0.5
"""Where a logarithmic scale begins: half a count."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Counts by bin of `each` channels; `edges` (one more than `counts`) in keV or channels."""

    edges: np.ndarray
    counts: np.ndarray
    each: int


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A peak on the picture: place, what it says, where it leads, its curve over the continuum."""

    at: float
    told: str
    href: str
    curve_x: np.ndarray
    curve_y: np.ndarray
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Stems:
    """Lines of a nuclide: places with their heights from 0 to 1, and what each says."""

    nuclide: str
    lines: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Residuals in sigmas at places; where there is none nothing is drawn."""

    at: np.ndarray
    sigmas: np.ndarray
    label: str


@dataclass(frozen=True, slots=True)
class ViewLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Spectrum"
    description: str = "A gamma spectrum."
    axis: str = "Energy, keV"
    counts: str = "Counts in a channel"
    background: str = "background"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is drawn.

    Attributes
    ----------
    bins : Bins
    low, high : float
        What of the axis is shown.
    log : bool
    background : Bins or None
        Scaled already.
    peaks : sequence of Fitted
    stems : sequence of Stems
    residuals : Residuals or None
    """

    bins: Bins
    low: float
    high: float
    log: bool = True
    background: Bins | None = None
    peaks: Sequence[Fitted] = ()
    stems: Sequence[Stems] = ()
    residuals: Residuals | None = None
    labels: ViewLabels = field(default_factory=ViewLabels)


def binned(counts: np.ndarray, edges: np.ndarray, low: float, high: float) -> Bins:
    """Return the counts of channels that lie within two places, in no more bins than are drawn.

    Parameters
    ----------
    counts : ndarray, shape (n,)
    edges : ndarray, shape (n + 1,)
    low, high : float
    """
    first = int(np.clip(np.searchsorted(edges, low, side="right") - 1, 0, len(counts) - 1))
    last = int(np.clip(np.searchsorted(edges, high, side="left"), first + 1, len(counts)))
    each = -(-(last - first) // MOST_BINS)
    starts = np.arange(first, last, each)
    some = np.add.reduceat(np.asarray(counts[:last], dtype=np.float64), starts)
    return Bins(np.append(edges[starts], edges[last]), some, each)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    bottom: float
    top: float
    log: bool

    def y(self, value: float) -> float:
        low, high, given = self.low, self.high, value
        if self.log:
            low, high = math.log10(low), math.log10(high)
            given = math.log10(max(value, self.low))
        part = min(max((given - low) / (high - low), 0.0), 1.0)
        return self.bottom - part * (self.bottom - self.top)


def spectrum_view(view: View) -> str:
    """Return the picture of a spectrum."""
    bottom = _TOP + _MAIN
    counts = view.bins.counts
    most = float(counts.max()) if len(counts) else 1.0
    least = float(counts.min()) if len(counts) else 0.0
    if view.background is not None and len(view.background.counts):
        most = max(most, float(view.background.counts.max()))
    lowest = LOWEST if view.log else min(0.0, least)
    high = max(most * (2.2 if view.log else 1.08), 10.0 if view.log else 4.0)
    scale = _Scale(lowest, high, bottom, _TOP, view.log)
    pieces = [*_axes(view, scale, bottom)]
    pieces += _stems(view, bottom)
    if view.background is not None:
        pieces.append(_stairs(view, view.background, scale, "pic-spectrum-background"))
    pieces.append(_stairs(view, view.bins, scale, "pic-spectrum-counts"))
    pieces += _peaks(view, scale)
    height = bottom + 44
    if view.residuals is not None:
        pieces += _residuals(view, view.residuals, bottom + _GAP)
        height = bottom + _GAP + _REST + 30
    return picture(
        WIDTH,
        height,
        *pieces,
        title=view.labels.title,
        description=view.labels.description,
        class_="pic-spectrum",
        with_links=bool(view.peaks),
    )


def _x(view: View, at: float) -> float:
    part = (at - view.low) / (view.high - view.low)
    return LEFT + min(max(part, 0.0), 1.0) * (RIGHT - LEFT)


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round places from low to high, at most about `most`: steps of 1, 2 or 5.

    Examples
    --------
    >>> round_ticks(0, 3.2, 4)
    [0.0, 1.0, 2.0, 3.0]
    """
    power = 10.0 ** math.floor(math.log10(max(high - low, 1e-9) / most))
    step = next(f * power for f in (1, 2, 5, 10) if (high - low) <= f * power * most)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 9) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _axes(view: View, scale: _Scale, bottom: float) -> list[Drawn]:
    found = [words(LEFT - 56, _TOP - 10, view.labels.counts, "pic-label")]
    if view.log:
        powers = range(math.ceil(math.log10(scale.high)) + 1)
        marks = [float(10**n) for n in powers if 10**n <= scale.high]
    else:
        marks = round_ticks(scale.low, scale.high, 7)
    for value in marks:
        y = scale.y(value)
        found.append(line(LEFT, y, RIGHT, y, "pic-grid"))
        found.append(words(LEFT - 6, y + 4, f"{value:,g}", "pic-tick", anchor="end"))
    for value in round_ticks(view.low, view.high, 11):
        x = _x(view, value)
        found.append(line(x, bottom, x, bottom + 5, "pic-axis"))
        found.append(words(x, bottom + 18, f"{value:,g}", "pic-tick", anchor="middle"))
    found.append(line(LEFT, bottom, RIGHT, bottom, "pic-axis"))
    found.append(words(RIGHT, bottom + 34, view.labels.axis, "pic-tick", anchor="end"))
    return found


def _stairs(view: View, bins: Bins, scale: _Scale, class_: str) -> Drawn:
    steps: list[str | float] = []
    for n, count in enumerate(bins.counts):
        y = scale.y(float(count))
        steps += ["M" if not n else "L", _x(view, float(bins.edges[n])), y]
        steps += ["H", _x(view, float(bins.edges[n + 1]))]
    return path(class_, *steps)


def _stems(view: View, bottom: float) -> list[Drawn]:
    found: list[Drawn] = []
    for number, one in enumerate(view.stems):
        inside = [each for each in one.lines if view.low <= each[0] <= view.high]
        inside = sorted(inside, key=lambda each: -each[1])[: MOST_STEMS // len(view.stems)]
        drawn: list[Drawn] = []
        for rank, (at, share, told) in enumerate(inside):
            x, top = _x(view, at), bottom - max(share, 0.01) * _MAIN * 0.9
            look = f"pic-spectrum-stem pic-spectrum-stem-{DASHES[number % len(DASHES)]}"
            stem = line(x, bottom, x, top, look)
            drawn.append(element("g", element("title", told), stem))
            if rank < 3 and share > 0.15:
                drawn.append(words(x + 3, top - 3, one.nuclide, "pic-mark-label"))
        found.append(group("pic-spectrum-stems", *drawn))
    return found


def _peaks(view: View, scale: _Scale) -> list[Drawn]:
    found: list[Drawn] = []
    shown = [one for one in view.peaks if view.low <= one.at <= view.high][:MOST_MARKS]
    for one in shown:
        steps: list[str | float] = []
        for n, (at, count) in enumerate(zip(one.curve_x, one.curve_y, strict=True)):
            steps += ["L" if n else "M", _x(view, float(at)), scale.y(float(count))]
        pieces = [path("pic-spectrum-fit", *steps)] if steps else []
        top = scale.y(float(one.curve_y.max())) if len(one.curve_y) else _TOP + 20
        x, y = _x(view, one.at), max(top - 12, _TOP - 2)
        look = "pic-spectrum-mark pic-symbol" + (" pic-spectrum-chosen" if one.chosen else "")
        mark = path(look, "M", x - 4, y - 6, "L", x + 4, y - 6, "L", x, y + 1, "Z")
        found.append(
            linked(one.href, element("g", element("title", one.told), *pieces, mark), name=one.told)
        )
    return found


def _residuals(view: View, rest: Residuals, top: float) -> list[Drawn]:
    bottom, middle = top + _REST, top + _REST / 2
    most = 5.0
    if len(rest.sigmas):
        most = float(min(max(5.0, np.abs(rest.sigmas).max()), 30.0))
    found = [words(LEFT - 56, top - 8, rest.label, "pic-label")]
    for value in (-most, 0.0, most):
        y = middle - value / most * _REST / 2
        found.append(line(LEFT, y, RIGHT, y, "pic-axis" if not value else "pic-grid"))
        found.append(words(LEFT - 6, y + 4, f"{value:+.3g}", "pic-tick", anchor="end"))
    steps: list[str | float] = []
    each = -(-len(rest.at) // MOST_BINS) or 1
    for at, sigma in list(zip(rest.at, rest.sigmas, strict=True))[::each]:
        x = _x(view, float(at))
        y = middle - min(max(float(sigma) / most, -1.0), 1.0) * _REST / 2
        steps += ["M", x, middle, "V", y]
    if steps:
        found.append(path("pic-spectrum-rest", *steps))
    found.append(box(LEFT, top, RIGHT - LEFT, bottom - top, "pic-spectrum-frame"))
    return found
