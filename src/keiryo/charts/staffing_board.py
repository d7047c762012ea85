"""The two-person rule along time: per zone, when it was not sufficiently staffed, and violations.

No person is named in it. A zone with many intervals is drawn as bars of bins, so that the picture
stays small whatever the length of the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from keiryo.charts import palette
from keiryo.charts.drawing import number
from keiryo.charts.protection_words import ENGLISH, Words
from keiryo.charts.vector import Sheet, Vector, fitted, width_of, wrapped

MOST_ZONES, MOST_MARKS, BINS = 60, 200, 220
"""Zones that are drawn; intervals of a zone drawn one by one; bars of one that has more."""

_WIDTH, _MARGIN, _LEFT, _RIGHT, _ROW, _BAR = 980.0, 14.0, 190.0, 872.0, 34.0, 18.0
_NS = 1_000_000_000
_STEPS_S = (
    1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 2 * 86400,
    7 * 86400, 14 * 86400, 30 * 86400, 91 * 86400, 182 * 86400, 365 * 86400, 3652 * 86400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ZoneTimes:
    """The intervals of one zone; arrays have one value for each interval."""

    zone: str
    start_ns: np.ndarray
    end_ns: np.ndarray
    violation: np.ndarray
    low: np.ndarray
    open: np.ndarray

    @classmethod
    def of(cls, zone: Mapping[str, Any]) -> ZoneTimes:
        """Return the times of a zone as the result of ``keiryo protection two-person`` has it."""
        rows = zone["intervals"]

        def instants(name: str) -> np.ndarray:
            texts = [one[name].rstrip("Z") for one in rows]
            found: np.ndarray = np.array(texts, dtype="datetime64[ns]")
            return found.astype(np.int64)

        def flags(values: list[bool]) -> np.ndarray:
            return np.array(values, dtype=bool)

        return cls(
            zone["zone"], instants("start"), instants("end"),
            flags([one["violation"] for one in rows]),
            flags([one["confidence"] == "low" for one in rows]),
            flags([one["open"] for one in rows]),
        )  # fmt: skip


def staffing_board(zones: Sequence[ZoneTimes], words: Words = ENGLISH) -> Vector:
    """Return the drawing of when zones were not sufficiently staffed."""
    title = words("staffing.title")
    busy = [one for one in zones if len(one.start_ns)]
    if not busy:
        told = words("staffing.empty")
        return Vector(title, told, _WIDTH, 60, partial(_nothing, title, told))
    shown = list(zones)
    if len(shown) > MOST_ZONES:
        worst = sorted(range(len(zones)), key=lambda n: (-int(zones[n].violation.sum()), n))
        shown = [zones[n] for n in sorted(worst[:MOST_ZONES])]
    notes = []
    if len(zones) > len(shown):
        left = len(zones) - len(shown)
        notes.append(words("staffing.left_out", shown=len(shown), count=left))
    if any(len(one.start_ns) > MOST_MARKS for one in shown):
        notes.append(words("staffing.binned"))
    sentences = [
        words(
            "staffing.told", zone=one.zone, intervals=len(one.start_ns),
            violations=int(one.violation.sum()), low=int(one.low.sum()),
        )
        for one in shown
    ]  # fmt: skip
    begin = min(int(one.start_ns.min()) for one in busy)
    end = max(int(one.end_ns.max()) for one in busy)
    lines = [line for note in notes for line in wrapped(note, _WIDTH - 2 * _MARGIN, 10)]
    keys = _key_rows(words)
    top = 44 + 18.0 * len(keys) + 16 * len(lines) + 12
    board = _Board(shown, begin, max(end, begin + _NS), top, words)
    height = top + _ROW * len(shown) + 48
    draw = partial(_draw, title, keys, lines, board)
    return Vector(title, " ".join([*notes, *sentences]), _WIDTH, height, draw)


def _nothing(title: str, told: str, sheet: Sheet) -> None:
    sheet.words(_MARGIN, 22, title, size=14, bold=True)
    sheet.words(_MARGIN, 44, told, fill=palette.MUTED)


def _key_rows(words: Words) -> list[list[tuple[str, str, float]]]:
    rows: list[list[tuple[str, str, float]]] = [[]]
    x = _MARGIN
    for kind in ("ok", "short", "violation", "low", "open"):
        text = words(f"staffing.{kind}")
        needed = 34 + width_of(text, 10) + 16
        if rows[-1] and x + needed > _WIDTH:
            rows.append([])
            x = _MARGIN
        rows[-1].append((kind, text, x))
        x += needed
    return rows


def _draw(
    title: str, keys: Sequence[Sequence[tuple[str, str, float]]], lines: Sequence[str],
    board: _Board, sheet: Sheet,
) -> None:  # fmt: skip
    sheet.words(_MARGIN, 22, title, size=14, bold=True)
    y = 44.0
    for row in keys:
        for kind, text, x in row:
            if kind == "ok":
                sheet.line(x, y - 4, x + 26, y - 4, stroke=palette.MUTED, line=1.4)
            else:
                _block(sheet, x, y - 5, 26, 10, violation=kind == "violation", low=kind == "low",
                       is_open=kind == "open")  # fmt: skip
            sheet.words(x + 34, y, text, size=10)
        y += 18
    for line in lines:
        sheet.words(_MARGIN, y, line, size=10, fill=palette.MUTED)
        y += 16
    board.draw(sheet)


def _block(
    sheet: Sheet, x: float, middle: float, width: float, height: float, *,
    violation: bool, low: bool, is_open: bool,
) -> None:  # fmt: skip
    """Add an interval: a violation is full and high, others are low and light."""
    high = height if violation else height * 0.6
    fill = palette.VERMILION if violation else palette.SKY
    sheet.box(x, middle - high / 2, width, high, fill=fill)
    if low:
        sheet.box(x - 1.5, middle - height / 2 - 2.5, width + 3, height + 5, stroke=palette.INK,
                  line=1.2, dash="3 2")  # fmt: skip
    if is_open:
        edge = x + width
        arrow = f"M{edge:.2f} {middle - 6:.2f} l7 6 l-7 6"
        sheet.path(arrow, stroke=palette.INK, line=1.8)


@dataclass(frozen=True, slots=True)
class _Board:
    """Rows of zones over one axis of time."""

    zones: Sequence[ZoneTimes]
    begin: int
    end: int
    top: float
    words: Words

    def x(self, instant: int) -> float:
        """Return where an instant stands."""
        return _LEFT + (_RIGHT - _LEFT) * (instant - self.begin) / (self.end - self.begin)

    def draw(self, sheet: Sheet) -> None:
        """Put the rows and their axis on a sheet."""
        bottom = self.top + _ROW * len(self.zones)
        self._axis(sheet, bottom)
        head = self.words("staffing.counts_head")
        sheet.words(_WIDTH - _MARGIN, self.top - 4, head, size=10, anchor="end",
                    fill=palette.MUTED)  # fmt: skip
        for n, zone in enumerate(self.zones):
            middle = self.top + _ROW * (n + 0.5)
            count, bad = len(zone.start_ns), int(zone.violation.sum())
            told = self.words(
                "staffing.told", zone=zone.zone, intervals=count, violations=bad,
                low=int(zone.low.sum()),
            )  # fmt: skip
            group = sheet.group(told)
            binned = count > MOST_MARKS
            name = fitted(zone.zone, _LEFT - _MARGIN - 30, bold=True) + (" +" if binned else "")
            group.words(_MARGIN, middle + 4, name, bold=True)
            group.line(_LEFT, middle, _RIGHT, middle, stroke=palette.MUTED, line=1.4)
            if binned:
                self._bars(group, zone, middle)
            else:
                self._marks(group, zone, middle)
            said = self.words("staffing.counts", violations=bad, intervals=count)
            if not count:
                said = self.words("staffing.quiet")
            group.words(_WIDTH - _MARGIN, middle + 4, said, size=10, anchor="end")

    def _marks(self, sheet: Sheet, zone: ZoneTimes, middle: float) -> None:
        rows = zip(
            zone.start_ns.tolist(), zone.end_ns.tolist(), zone.violation.tolist(),
            zone.low.tolist(), zone.open.tolist(), strict=True,
        )  # fmt: skip
        for start, end, violation, low, is_open in sorted(rows, key=lambda one: one[2]):
            left = min(self.x(start), _RIGHT - 1.5)
            said = "violation" if violation else "short"
            told = f"{_text(start, 1)} – {_text(end, 1)}: {self.words(f'staffing.{said}')}"
            told += f" ({number((end - start) / _NS, 6)} s)"
            if low:
                told += f"; {self.words('staffing.low')}"
            _block(sheet.group(told), left, middle, max(1.5, self.x(end) - left), _BAR,
                   violation=violation, low=low, is_open=is_open)  # fmt: skip

    def _bars(self, sheet: Sheet, zone: ZoneTimes, middle: float) -> None:
        base, wide = middle + _BAR / 2 + 2, (_RIGHT - _LEFT) / BINS
        sheet.line(_LEFT, base, _RIGHT, base)
        every = self.shares(zone, np.ones(len(zone.start_ns), dtype=bool))
        bad = self.shares(zone, zone.violation)
        for shares, colour, width in (
            (every, palette.SKY, wide), (bad, palette.VERMILION, wide * 0.6)
        ):  # fmt: skip
            for n in np.flatnonzero(shares).tolist():
                high = max(1.0, (_BAR + 6) * min(1.0, float(shares[n])))
                sheet.box(_LEFT + n * wide, base - high, width, high, fill=colour)
        if zone.low.any():
            doubtful = self.shares(zone, zone.low)
            for n in np.flatnonzero(doubtful).tolist():
                sheet.line(_LEFT + n * wide, base + 2.5, _LEFT + (n + 0.7) * wide, base + 2.5,
                           stroke=palette.INK, line=1.4)  # fmt: skip

    def shares(self, zone: ZoneTimes, which: np.ndarray) -> np.ndarray:
        """Return which share of each bin some intervals fill; a touched bin is never 0."""
        size = (self.end - self.begin) / BINS
        start = (zone.start_ns[which] - self.begin) / size
        end = (zone.end_ns[which] - self.begin) / size
        first = np.clip(start.astype(np.int64), 0, BINS - 1)
        last = np.clip(end.astype(np.int64), 0, BINS - 1)
        filled = np.zeros(BINS + 1)
        # whole bins between the first and the last by differences, then the parts at both ends
        np.add.at(filled, first, 1.0)
        np.add.at(filled, last, -1.0)
        shares: np.ndarray = np.cumsum(filled)[:BINS]
        np.add.at(shares, first, first - start)
        np.add.at(shares, last, end - last)
        touched = np.zeros(BINS, dtype=bool)
        touched[first] = touched[last] = True
        shares = np.clip(shares, 0.0, 1.0)
        shares[touched] = np.maximum(shares[touched], 0.01)
        shares[(~touched) & (shares < 1e-6)] = 0.0
        return shares

    def _axis(self, sheet: Sheet, bottom: float) -> None:
        span = (self.end - self.begin) / _NS
        step = next((one for one in _STEPS_S if span / one <= 6), _STEPS_S[-1])
        step = max(step, int(span / 6) if span / step > 12 else step)
        tick = -(-self.begin // (step * _NS)) * step * _NS
        ended = _LEFT - 60.0
        while tick <= self.end:
            x = self.x(tick)
            sheet.line(x, self.top, x, bottom + 4, stroke=palette.GRID, line=0.7)
            text = _text(tick, step)
            half = width_of(text, 10) / 2
            if x - half > ended + 6:
                sheet.words(x, bottom + 17, text, size=10, anchor="middle")
                ended = x + half
            tick += step * _NS
        told = f"{self.words('staffing.axis')}: {_text(self.begin, 1)} – {_text(self.end, 1)}"
        sheet.words((_LEFT + _RIGHT) / 2, bottom + 35, told, size=10, anchor="middle",
                    fill=palette.MUTED)  # fmt: skip


def _text(instant_ns: int, step_s: int) -> str:
    """Return an instant as finely as the steps of an axis need it."""
    unit = "D" if step_s >= 86400 else "m" if step_s >= 60 else "s"
    text = str(np.datetime64(instant_ns, "ns").astype(f"datetime64[{unit}]"))
    return text.replace("T", " ")
