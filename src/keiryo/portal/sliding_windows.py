"""Sliding sums of many occupancies at once, and how far they lie above the background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from keiryo.portal.setup_records import PANELS

Groups = tuple[tuple[str, tuple[int, ...]], ...]
AT_ONCE = 200_000
"""Intervals that are taken together, so that memory stays small."""


@dataclass(frozen=True, slots=True)
class Excess:
    """How far the sums of an occupancy lie above its background.

    Attributes
    ----------
    alarm : ndarray of bool, shape (n,)
        By the interval that ends the window.
    sigma : float
        The largest excess in square roots of the background, of the sum `group`.
    group : str
    lowest_share : float
        The lowest sum of all panels that count, by its background.
    panels : tuple of int
    """

    alarm: np.ndarray
    sigma: float
    group: str
    lowest_share: float
    panels: tuple[int, ...]


@dataclass(slots=True)
class _Row:
    index: int
    counts: np.ndarray
    background: tuple[int, ...]
    n_sigma: float


@dataclass(slots=True)
class Batch:
    """Occupancies to evaluate, by window, sums and panels that count."""

    kinds: dict[tuple[int, Groups, tuple[int, ...]], list[_Row]] = field(default_factory=dict)

    def add(
        self,
        index: int,
        counts: np.ndarray,
        background: tuple[int, ...],
        n_sigma: float,
        window: int,
        groups: dict[str, tuple[int, ...]],
        live: tuple[int, ...],
    ) -> None:
        """Add an occupancy with at least as many intervals as its window."""
        kind = (window, tuple(groups.items()), live)
        self.kinds.setdefault(kind, []).append(_Row(index, counts, background, n_sigma))


def sliding_sums(counts: np.ndarray, window: int) -> np.ndarray:
    """Return the sums over a sliding window, shape (n - window + 1, panels)."""
    if len(counts) < window:
        return np.zeros((0, counts.shape[1]), dtype=np.int64)
    whole = np.zeros((len(counts) + 1, counts.shape[1]), dtype=np.int64)
    np.cumsum(counts, axis=0, out=whole[1:])
    return whole[window:] - whole[:-window]


def excesses(batch: Batch) -> dict[int, Excess]:
    """Return how far the sums of each occupancy lie above its background, by index."""
    found: dict[int, Excess] = {}
    for (window, groups, live), rows in batch.kinds.items():
        for part in _parts(rows):
            found |= _of_part(part, window, groups, live)
    return found


def _parts(rows: list[_Row]) -> Iterator[list[_Row]]:
    part: list[_Row] = []
    size = 0
    for one in rows:
        if part and size + len(one.counts) > AT_ONCE:
            yield part
            part, size = [], 0
        part.append(one)
        size += len(one.counts)
    if part:
        yield part


def _of_part(
    rows: list[_Row], window: int, groups: Groups, live: tuple[int, ...]
) -> dict[int, Excess]:
    lengths = np.array([len(one.counts) for one in rows])
    ends = np.cumsum(lengths)
    starts = ends - lengths
    counts = np.concatenate([one.counts for one in rows])
    of = np.array([one.background for one in rows], dtype=np.float64)
    crossing = np.zeros(len(counts), dtype=bool)
    for back in range(1, window):
        crossing[ends - back] = True
    limit = np.repeat([one.n_sigma for one in rows], lengths)
    alarm = np.zeros(len(counts), dtype=bool)
    best, which = np.full(len(rows), -np.inf), np.zeros(len(rows), dtype=int)
    lowest = None
    for n, (_name, panels) in enumerate(groups):
        quiet = of[:, list(panels)].sum(axis=1) * window / 5
        sums = _sums(counts, panels, window)
        if panels == live:
            lowest = _lowest(sums, crossing, starts) / quiet
        excess = (sums - np.repeat(quiet, lengths)) / np.repeat(np.sqrt(quiet), lengths)
        excess[crossing] = -np.inf
        alarm |= excess > limit
        most = np.maximum.reduceat(excess, starts)
        higher = most > best
        best[higher], which[higher] = most[higher], n
    if lowest is None:
        quiet = of[:, list(live)].sum(axis=1) * window / 5
        lowest = _lowest(_sums(counts, live, window), crossing, starts) / quiet
    ended = np.zeros(len(counts), dtype=bool)
    ended[window - 1 :] = alarm[: len(counts) - window + 1]
    return {
        one.index: Excess(
            ended[starts[k] : ends[k]].copy(),
            float(best[k]),
            groups[which[k]][0],
            float(lowest[k]),
            live,
        )
        for k, one in enumerate(rows)
    }


def _sums(counts: np.ndarray, panels: tuple[int, ...], window: int) -> np.ndarray:
    """Return by interval the sum of the window that begins there; beyond the end it is 0."""
    if len(panels) == PANELS:
        each = counts.sum(axis=1, dtype=np.int64)
    else:
        each = counts[:, panels[0]].astype(np.int64)
        for panel in panels[1:]:
            each += counts[:, panel]
    whole = np.zeros(len(each) + 1, dtype=np.int64)
    np.cumsum(each, out=whole[1:])
    found = np.zeros(len(each), dtype=np.int64)
    found[: len(each) - window + 1] = whole[window:] - whole[:-window]
    return found


def _lowest(sums: np.ndarray, crossing: np.ndarray, starts: np.ndarray) -> np.ndarray:
    kept = np.where(crossing, np.iinfo(np.int64).max, sums)
    lowest: np.ndarray = np.minimum.reduceat(kept, starts).astype(np.float64)
    return lowest
