"""What options to strengthen a facility are worth: cost against the least P(I), and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from keiryo.charts import palette
from keiryo.charts.drawing import number
from keiryo.charts.protection_words import ENGLISH, Words
from keiryo.charts.vector import Sheet, Vector, diamond, fitted, polygon, round_step, width_of

MOST_SINGLES = 40
"""Options that are shown alone: those with the greatest gain."""

_WIDTH, _MARGIN, _LEFT, _RIGHT = 980.0, 14.0, 62.0, 470.0
_LINE, _PLOT, _TOP = 17.0, 280.0, 92.0
_COLUMNS = (496.0, 524.0, 782.0, 850.0, 908.0, 966.0)
"""Where the columns of the table stand: mark, options (left), then three numbers (right edge)."""


def upgrade_chart(upgrades: Mapping[str, Any], words: Words = ENGLISH) -> Vector:
    """Return the drawing of what options are worth.

    Parameters
    ----------
    upgrades : mapping
        The part ``upgrades`` of the result of ``keiryo protection paths``.
    words : Words
    """
    singles = sorted(upgrades["singles"], key=lambda one: (-one["gain"], one["options"]))
    left_out = max(0, len(singles) - MOST_SINGLES)
    best = "upgrade.best" if upgrades["exact"] else "upgrade.best_found"
    sets = [
        ("baseline", words("upgrade.none"), upgrades["baseline"]),
        *(("single", words("upgrade.single"), one) for one in singles[:MOST_SINGLES]),
        ("best", words(best), upgrades["best"]),
        ("greedy", words("upgrade.greedy"), upgrades["greedy"]),
    ]
    note = words("upgrade.left_out", count=left_out) if left_out else ""
    told = [_told(kind, one, words) for _, kind, one in sets]
    described = " ".join([*told, note]).strip()
    height = max(_TOP + _PLOT + 48, _TOP + _LINE * (len(sets) + 2 + bool(note)))
    draw = partial(_draw, upgrades, sets, words, note)
    return Vector(words("upgrade.title"), described, _WIDTH, height, draw)


def _told(kind: str, one: Mapping[str, Any], words: Words) -> str:
    return words(
        "upgrade.told", kind=kind, options=", ".join(one["options"]) or words("upgrade.no_options"),
        cost=number(one["cost"]), value=number(one["min_p_interruption"]),
        gain=_signed(one["gain"]),
    )  # fmt: skip


def _signed(value: float) -> str:
    return f"+{number(value, 3)}" if value > 0 else number(value, 3)


def _draw(
    upgrades: Mapping[str, Any], sets: Sequence[tuple[str, str, Mapping[str, Any]]],
    words: Words, note: str, sheet: Sheet,
) -> None:  # fmt: skip
    sheet.words(_MARGIN, 22, words("upgrade.title"), size=14, bold=True)
    x, y = _MARGIN, 44.0
    for kind, text in {kind: text for kind, text, _ in sets}.items():
        needed = 20 + width_of(text, 10) + 18
        if x + needed > _WIDTH:
            x, y = _MARGIN, y + 16
        _mark(sheet, x + 7, y - 4, kind)
        sheet.words(x + 20, y, text, size=10)
        x += needed
    budget = upgrades["budget"]
    costs = [one["cost"] for _, _, one in sets]
    if budget is not None:
        # a budget far beyond every cost would press all marks into a corner
        costs.append(min(budget, 1.5 * max(costs) or budget))
    across = (max(costs) or 1.0) * 1.08
    bottom = _TOP + _PLOT

    def at(one: Mapping[str, Any]) -> tuple[float, float]:
        share = one["cost"] / across
        return _LEFT + (_RIGHT - _LEFT) * share, bottom - _PLOT * one["min_p_interruption"]

    for tenth in range(0, 11, 2):
        level = bottom - _PLOT * tenth / 10
        sheet.line(_LEFT, level, _RIGHT, level, stroke=palette.GRID, line=0.7)
        sheet.words(_LEFT - 6, level + 3.5, number(tenth / 10), size=10, anchor="end")
    step, tick = round_step(across, 6), 0.0
    while tick <= across:
        right = _LEFT + (_RIGHT - _LEFT) * tick / across
        sheet.line(right, bottom, right, bottom + 4)
        sheet.words(right, bottom + 16, number(tick), size=10, anchor="middle")
        tick += step
    sheet.words((_LEFT + _RIGHT) / 2, bottom + 34, words("upgrade.cost"), size=10, anchor="middle",
                fill=palette.MUTED)  # fmt: skip
    sheet.words(_MARGIN, _TOP - 12, words("upgrade.least"), size=10, fill=palette.MUTED)
    if budget is not None and budget <= across:
        right = _LEFT + (_RIGHT - _LEFT) * budget / across
        sheet.line(right, _TOP, right, bottom, stroke=palette.INK, dash="5 3")
        told = words("upgrade.budget", value=number(budget))
        sheet.words(right - 5, bottom - 7, told, size=10, anchor="end")
    _points(sheet, [(n, kind, text, one, *at(one)) for n, (kind, text, one) in enumerate(sets)],
            words)  # fmt: skip
    _table(sheet, sets, words, note)


def _points(
    sheet: Sheet, points: Sequence[tuple[int, str, str, Mapping[str, Any], float, float]],
    words: Words,
) -> None:  # fmt: skip
    taken = [(x - 7, y - 7, x + 7, y + 7) for *_, x, y in points]
    for n, kind, text, one, x, y in points:
        group = sheet.group(_told(text, one, words))
        _mark(group, x, y, kind)
        wide = width_of(str(n), 9.5)
        for left, low in (
            (x + 9, y + 3.5), (x - 9 - wide, y + 3.5), (x - wide / 2, y - 9),
            (x - wide / 2, y + 18), (x + 8, y - 8), (x + 8, y + 16), (x - 8 - wide, y - 8),
            (x + 22, y + 3.5), (x - 22 - wide, y + 3.5),
        ):  # fmt: skip
            box = (left, low - 8, left + wide, low + 2)
            if left > _LEFT and left + wide < _RIGHT and not any(_meet(box, o) for o in taken):
                group.words(left, low, str(n), size=9.5)
                taken.append(box)
                break  # a number without room is found in the table by its cost and value


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _table(
    sheet: Sheet, sets: Sequence[tuple[str, str, Mapping[str, Any]]], words: Words, note: str
) -> None:
    mark, options, cost, value, _, edge = _COLUMNS
    y = _TOP - 12
    sheet.words(options + 22, y, words("head.options"), size=10, bold=True)
    for right, head in (
        (cost + 30, "upgrade.cost"),
        (value + 30, "head.value"),
        (edge, "head.gain"),
    ):
        sheet.words(right, y, words(head), size=10, anchor="end", bold=True)
    sheet.line(mark - 8, y + 5, edge, y + 5)
    for n, (kind, text, one) in enumerate(sets):
        y += _LINE
        group = sheet.group(_told(text, one, words))
        _mark(group, mark, y - 4, kind)
        group.words(options + 10, y, str(n), size=10, anchor="end", fill=palette.MUTED)
        named = ", ".join(one["options"]) or words("upgrade.no_options")
        room = cost + 30 - 50 - (options + 22)
        group.words(options + 22, y, fitted(named, room, 10), size=10)
        group.words(cost + 30, y, number(one["cost"]), size=10, anchor="end")
        group.words(value + 30, y, number(one["min_p_interruption"]), size=10, anchor="end")
        group.words(edge, y, _signed(one["gain"]), size=10, anchor="end")
    if note:
        sheet.words(options + 22, y + _LINE, fitted(note, edge - options - 22, 10), size=10,
                    fill=palette.MUTED)  # fmt: skip


def _mark(sheet: Sheet, x: float, y: float, kind: str) -> None:
    """Add the mark of a kind of set: each has its own form."""
    if kind == "single":
        sheet.circle(x, y, 4.6, fill=palette.PAPER, stroke=palette.BLUE, line=2.0)
    elif kind == "best":
        sheet.path(diamond(x, y, 6.6), fill=palette.GREEN, stroke=palette.INK)
    elif kind == "greedy":
        corners = ((x, y - 5.5), (x + 5.5, y + 4.5), (x - 5.5, y + 4.5))
        sheet.path(polygon(*corners), fill=palette.ORANGE, stroke=palette.INK)
    else:
        sheet.box(x - 4.5, y - 4.5, 9, 9, fill=palette.MUTED, stroke=palette.INK)
