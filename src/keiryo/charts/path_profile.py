"""Detection along one path against the time that is left: what comes in time, and what does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from keiryo.charts import palette
from keiryo.charts.drawing import number
from keiryo.charts.protection_words import ENGLISH, Words
from keiryo.charts.vector import (
    Sheet,
    Vector,
    diamond,
    fitted,
    place,
    round_step,
    width_of,
    wrapped,
)

MOST_TASKS = 40
"""Tasks that are numbered and listed: the critical one and those that add most."""
MOST_LANES = 6
"""Lines of numbers under the axis, for tasks close together; the critical one always has its."""
MOST_POINTS = 400
"""Corners of a curve; paths with more tasks are drawn with every n-th."""

_WIDTH, _MARGIN, _LEFT, _PLOT, _LANE = 780.0, 14.0, 62.0, 220.0, 13.0
_RIGHT = _WIDTH - _MARGIN - 8


def path_profile(
    result: Mapping[str, Any], response: Mapping[str, Any], words: Words = ENGLISH, name: str = ""
) -> Vector:
    """Return the drawing of detection and remaining delay along one path.

    Parameters
    ----------
    result : mapping
        The result of ``keiryo protection easi`` for the path.
    response : mapping
        ``mean_s`` and ``sd_s`` of the response time, which the result does not repeat.
    words : Words
    name : str
        How the path is called in the title.
    """
    steps = list(result["steps"])
    title = words("profile.title", path=name).strip()
    if not steps:
        told = words("profile.empty")
        return Vector(title, told, _WIDTH, 60, partial(_nothing, title, told))
    cdp = result["deterministic"]["cdp"]
    facts = _facts(result, response, words)
    described = [*facts, *(_task_told(one, words) for one in steps[:MOST_TASKS])]
    named = _named(steps, None if cdp is None else cdp["index"])
    picture = _Picture(result, response, words, title, facts, named)
    return Vector(title, " ".join(described), _WIDTH, picture.height, picture.draw)


def _nothing(title: str, told: str, sheet: Sheet) -> None:
    sheet.words(_MARGIN, 22, title, size=14, bold=True)
    sheet.words(_MARGIN, 44, told, fill=palette.MUTED)


def _facts(result: Mapping[str, Any], response: Mapping[str, Any], words: Words) -> list[str]:
    steps, certain = result["steps"], result["deterministic"]
    facts = [words("profile.p", value=number(result["p_interruption"]))]
    if certain["cdp"] is None:
        facts.append(words("profile.no_cdp"))
    else:
        facts.append(
            words("profile.certain", value=number(certain["p_interruption"]),
                  name=certain["cdp"]["name"])
        )  # fmt: skip
    facts.append(
        words("profile.told", tasks=len(steps), response=number(response["mean_s"]),
              delay=number(max(one["remaining_mean_s"] for one in steps)))
    )  # fmt: skip
    return facts


def _task_told(one: Mapping[str, Any], words: Words) -> str:
    return words(
        "profile.task", number=one["index"], name=one["name"], p=number(one["p_detection"]),
        mean=number(one["remaining_mean_s"]), r=number(one["r"]),
    )  # fmt: skip


def _named(steps: Sequence[Mapping[str, Any]], cdp: int | None) -> list[Mapping[str, Any]]:
    if len(steps) <= MOST_TASKS:
        return list(steps)
    weight = sorted(steps, key=lambda one: (one["index"] != cdp, -one["term"], one["index"]))
    return sorted(weight[:MOST_TASKS], key=lambda one: one["index"])


class _Picture:
    """A profile with its places worked out."""

    def __init__(
        self, result: Mapping[str, Any], response: Mapping[str, Any], words: Words,
        title: str, facts: Sequence[str], named: Sequence[Mapping[str, Any]],
    ) -> None:  # fmt: skip
        self.result, self.words, self.named = result, words, named
        self.steps = result["steps"]
        self.mean, self.sd = float(response["mean_s"]), float(response["sd_s"])
        self.title_lines = wrapped(title, _WIDTH - 2 * _MARGIN - 30, 14 * 1.1)
        self.facts = [line for one in facts for line in wrapped(one, _WIDTH - 2 * _MARGIN)]
        most = max(one["remaining_mean_s"] for one in self.steps)
        self.span = max(most, self.mean + self.sd) * 1.04 or 1.0
        self.lanes, self.lane_of = self._lay_numbers()
        self.top = 20 + 18.0 * len(self.title_lines) + 16 * len(self.facts) + 58
        self.bottom = self.top + _PLOT
        self.listed = self.bottom + 25 + _LANE * self.lanes + 34
        left = len(self.steps) - len(named)
        self.more = words("profile.more", count=left) if left else ""
        self.height = self.listed + 16 * (len(named) + bool(self.more)) + 8

    def x(self, remaining: float) -> float:
        """Return where a remaining delay stands: much on the left, none on the right."""
        return _RIGHT - (_RIGHT - _LEFT) * remaining / self.span

    def y(self, probability: float) -> float:
        """Return where a probability stands."""
        return self.bottom - _PLOT * probability

    def _lay_numbers(self) -> tuple[int, dict[int, int]]:
        """Return how many lines the numbers of tasks need, and the line of each."""
        critical = self.result["deterministic"]["cdp"]
        cdp = None if critical is None else critical["index"]
        ends: list[float] = []
        lane_of = {}
        for one in self.named:
            half = width_of(str(one["index"]), 10) / 2 + 3
            at = self.x(one["remaining_mean_s"])
            free = (n for n, end in enumerate(ends) if end <= at - half)
            lane = next(free, len(ends))
            if lane >= MOST_LANES and one["index"] != cdp:
                continue  # the list below names it
            ends[lane : lane + 1] = [at + half]
            lane_of[one["index"]] = lane
        return len(ends), lane_of

    def draw(self, sheet: Sheet) -> None:
        """Put the profile on a sheet."""
        y = 22.0
        for line in self.title_lines:
            sheet.words(_MARGIN, y, line, size=14, bold=True)
            y += 18
        for line in self.facts:
            sheet.words(_MARGIN, y, line)
            y += 16
        self._key(sheet, y + 4)
        self._ground(sheet)
        self._curves(sheet)
        self._numbers(sheet)

    def _key(self, sheet: Sheet, y: float) -> None:
        x = _MARGIN
        for kind, name in (
            ("cumulative", "profile.cumulative"),
            ("in_time", "profile.in_time"),
            ("late", "profile.late"),
            ("cdp", "graph.cdp_key"),
        ):
            if kind == "cdp" and self.result["deterministic"]["cdp"] is None:
                continue
            text = self.words(name).partition(":")[0].partition("：")[0]
            needed = 34 + width_of(text, 10) + 14
            if x + needed > _WIDTH - _MARGIN + 14:
                x, y = _MARGIN, y + 16
            if kind == "cumulative":
                sheet.line(x, y - 4, x + 26, y - 4, stroke=palette.BLUE, line=2.4)
            elif kind == "in_time":
                sheet.line(x, y - 4, x + 26, y - 4, stroke=palette.VERMILION, line=1.6, dash="6 3")
                sheet.circle(x + 13, y - 4, 3.2, fill=palette.PAPER, stroke=palette.VERMILION)
            elif kind == "late":
                sheet.box(x, y - 9, 26, 10, fill=palette.BAND, stroke=palette.MUTED)
            else:
                sheet.path(diamond(x + 13, y - 4, 6), fill=palette.PAPER, stroke=palette.INK,
                           line=2.0)  # fmt: skip
            sheet.words(x + 34, y, text, size=10)
            x += needed

    def _ground(self, sheet: Sheet) -> None:
        sheet.box(self.x(self.mean), self.top, _RIGHT - self.x(self.mean), _PLOT, fill=palette.BAND)
        for tenth in range(0, 11, 2):
            y = self.y(tenth / 10)
            sheet.line(_LEFT, y, _RIGHT, y, stroke=palette.GRID, line=0.7)
            sheet.words(_LEFT - 6, y + 3.5, number(tenth / 10), size=10, anchor="end")
        step = round_step(self.span, 8)
        tick = 0.0
        while tick <= self.span:
            x = self.x(tick)
            sheet.line(x, self.bottom, x, self.bottom + 4)
            sheet.words(x, self.bottom + 20, number(tick, 6), size=10, anchor="middle")
            tick += step
        x = self.x(self.mean)
        for moved in (-self.sd, self.sd) if self.sd else ():
            if 0 <= self.mean + moved <= self.span:
                at = self.x(self.mean + moved)
                sheet.line(at, self.top, at, self.bottom, dash="2 3")
        sheet.line(x, self.top - 4, x, self.bottom, stroke=palette.INK, line=1.6)
        told = self.words("profile.response", mean=number(self.mean, 6))
        if self.sd:
            told += f" ± {number(self.sd)}"
        half = width_of(told, 10) / 2
        at = min(max(x, _LEFT + half), _RIGHT - half)
        sheet.words(at, self.top - 8, told, size=10, anchor="middle")
        sheet.words(
            (_LEFT + _RIGHT) / 2, self.listed - 18, self.words("profile.axis"), size=10,
            anchor="middle", fill=palette.MUTED,
        )  # fmt: skip

    def _curves(self, sheet: Sheet) -> None:
        every = -(-len(self.steps) // MOST_POINTS)
        missed, corners = 1.0, [f"M{place(_LEFT)} {place(self.bottom)}"]
        points = []
        for n, one in enumerate(self.steps):
            missed *= 1 - one["p_detection"]
            if n % every == 0 or n == len(self.steps) - 1:
                x = self.x(one["remaining_mean_s"])
                corners.append(f"H{place(x)} V{place(self.y(1 - missed))}")
                points.append((x, self.y(one["r"])))
        corners.append(f"H{place(_RIGHT)}")
        sheet.group(self.words("profile.cumulative")).path(
            " ".join(corners), stroke=palette.BLUE, line=2.4
        )
        line = "M" + " L".join(f"{place(x)} {place(y)}" for x, y in points)
        group = sheet.group(self.words("profile.in_time"))
        group.path(line, stroke=palette.VERMILION, line=1.6, dash="6 3")
        for x, y in points:
            group.circle(x, y, 3.2, fill=palette.PAPER, stroke=palette.VERMILION, line=1.4)

    def _numbers(self, sheet: Sheet) -> None:
        cdp = self.result["deterministic"]["cdp"]
        y = self.listed
        for one in self.named:
            x = self.x(one["remaining_mean_s"])
            critical = cdp is not None and cdp["index"] == one["index"]
            told = _task_told(one, self.words)
            group = sheet.group(told)
            if critical:
                group.line(x, self.top, x, self.bottom, stroke=palette.INK, dash="5 3")
                group.path(diamond(x, self.bottom, 6), fill=palette.PAPER, stroke=palette.INK,
                           line=2.0)  # fmt: skip
            if (lane := self.lane_of.get(one["index"])) is not None:
                at = self.bottom + 35 + _LANE * lane
                group.words(x, at, str(one["index"]), size=10, anchor="middle", bold=critical)
            if critical:
                group.path(diamond(_MARGIN + 5, y - 4, 5), fill=palette.PAPER, stroke=palette.INK,
                           line=2.0)  # fmt: skip
            group.words(_MARGIN + 16, y, fitted(told, _WIDTH - 2 * _MARGIN - 16, 10), size=10)
            y += 16
        if self.more:
            sheet.words(_MARGIN + 16, y, self.more, size=10, fill=palette.MUTED)
