"""Mixing that changes the breakdown per supplier party: found from moves between batches.

Batches that are under the same labels in the same proportion may be mixed without a change of
any breakdown; a draw in proportion changes none either. What is left is mixing that is reported
on its own, although no inventory changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keiryo.obligations.holdings import BOOK, Holding, Line, Move

ROUNDING_MG = 2
"""By how much rounding of draws may move a cell without its proportion being another one."""

MIXING_KINDS = ("BLEND", "SPLIT")
"""Kinds of moves by which batches become others."""

_HELD = "held before"
_Cells = dict[str, int]


@dataclass(frozen=True, slots=True)
class Mixing:
    """A mixing after which a batch has another breakdown than what went into it.

    Attributes
    ----------
    day : int
        YYYYMMDD.
    target : Holding
        The batch that came of it.
    sources : tuple of (name, cells)
        What went into it, by batch; ``held before`` is what the batch held already.
    cells : dict of str to int
        The batch afterwards.
    line : Line
        The first line from which it follows.
    """

    day: int
    target: Holding
    sources: tuple[tuple[str, Mapping[str, int]], ...]
    cells: Mapping[str, int]
    line: Line


def mixings(
    moves: Iterable[Move], before: Mapping[tuple[int, Holding], Mapping[str, int]], mba: str
) -> list[Mixing]:
    """Return the mixings of an area that changed a breakdown.

    Parameters
    ----------
    moves : iterable of Move
        Of the days that are asked about.
    before : mapping of (day, holding) to cells
        What batches that something was added to held at the end of the day before.
    mba : str
    """
    into: dict[tuple[int, Holding], dict[Holding, _Cells]] = {}
    lines: dict[tuple[int, Holding], Line] = {}
    for move in moves:
        if move.mba != mba or move.kind not in MIXING_KINDS:
            continue
        key = (move.day, move.target)
        cells = into.setdefault(key, {}).setdefault(move.source, {})
        cells[move.labels_to] = cells.get(move.labels_to, 0) + move.element_mg
        lines[key] = min(lines.get(key, move.line), move.line)
    found = []
    for (day, target), sources in sorted(into.items(), key=lambda one: (one[0][0], one[0][1])):
        if target.account != BOOK:
            continue
        parts = _parts(day, sources, into)
        held = {k: v for k, v in before.get((day, target), {}).items() if v > 0}
        if held:
            parts.append((_HELD, held))
        whole = _together(cells for _, cells in parts)
        if any(_differs(cells, whole) for _, cells in parts):
            after = _together([*sources.values(), held])
            found.append(Mixing(day, target, tuple(parts), after, lines[day, target]))
    return found


def _parts(
    day: int,
    sources: Mapping[Holding, _Cells],
    into: Mapping[tuple[int, Holding], Mapping[Holding, _Cells]],
) -> list[tuple[str, Mapping[str, int]]]:
    """Return what went into a batch; what went through a holding between, by its batches."""
    parts: list[tuple[str, Mapping[str, int]]] = []
    for source, cells in sorted(sources.items()):
        if source.account == BOOK:
            parts.append((source.name, cells))
        else:
            through = into.get((day, source), {source: cells})
            parts += [(one.name, own) for one, own in sorted(through.items())]
    return parts


def _together(every: Iterable[Mapping[str, int]]) -> _Cells:
    found: _Cells = {}
    for cells in every:
        for key, value in cells.items():
            found[key] = found.get(key, 0) + value
    return {key: value for key, value in sorted(found.items()) if value}


def _differs(part: Mapping[str, int], whole: Mapping[str, int]) -> bool:
    """Return whether a part is under labels in other proportions than the whole."""
    own, every = sum(part.values()), sum(whole.values())
    return any(
        abs(part.get(key, 0) * every - whole.get(key, 0) * own) > ROUNDING_MG * every
        for key in {*part, *whole}
    )


def targets(moves: Sequence[Move], mba: str) -> dict[int, set[Holding]]:
    """Return the batches to which mixing adds something, by day."""
    found: dict[int, set[Holding]] = {}
    for move in moves:
        if move.mba == mba and move.kind in MIXING_KINDS and move.target.account == BOOK:
            found.setdefault(move.day, set()).add(move.target)
    return found
