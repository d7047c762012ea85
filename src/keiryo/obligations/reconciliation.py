"""Two statements about the same obligated material: why they differ, until nothing is unexplained.

Causes are looked for in one order: shipments that one side counts in another year, rounding,
changes of category that one side books later, documents that one side does not have. A difference
may have several causes; what is left over is unexplained and stays open.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from keiryo.obligations.apportion import Exact

TIMING, ROUNDING, CATEGORY, MISSING = "timing", "rounding", "category change", "missing document"
UNEXPLAINED = "unexplained"
CAUSES = (TIMING, ROUNDING, CATEGORY, MISSING, UNEXPLAINED)


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement as both sides may count it.

    Attributes
    ----------
    reference : str
        Document that both sides have, or one.
    amount : int or Fraction
        As it changes our closing: positive for what comes to us.
    ours, theirs : datetime.date or None
        Day on which each side counts it; None: it is not in that side's statement.
    kind : str
        ``"movement"`` or ``"category change"``.
    """

    reference: str
    amount: Exact
    ours: datetime.date | None
    theirs: datetime.date | None
    kind: str = "movement"


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference of closings, by cause.

    Attributes
    ----------
    difference : Fraction
        Theirs less ours.
    by_cause : dict of str to Fraction
    references : dict of str to tuple of str
        The movements behind a cause.
    """

    difference: Fraction
    by_cause: dict[str, Fraction]
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether nothing is unexplained."""
        return not self.by_cause.get(UNEXPLAINED)


def rounding_bound(
    lines: int, cells_each: Sequence[int] | None = None, *, both: bool = True
) -> Fraction:
    """Return by how much rounding alone may let two closings differ, in units.

    Parameters
    ----------
    lines : int
        Lines that make up the closing.
    cells_each : sequence of int, optional
        Cells of each line, for a side that rounds cells so that they add up (largest remainder):
        its error is below one unit for each cell. Default: it rounds each line, half a unit each.
    both : bool
        Whether both sides round; the other one rounds each line.
    """
    one = Fraction(lines, 2) if cells_each is None else Fraction(sum(cells_each))
    return one + (Fraction(lines, 2) if both else 0)


def explained(
    ours: Exact, theirs: Exact, year: int, movements: Sequence[Movement], bound: Exact
) -> Explained:
    """Return why two closings of a year differ.

    Parameters
    ----------
    ours, theirs : int or Fraction
        Closings in one unit.
    year : int
    movements : sequence of Movement
        What at least one side counts.
    bound : int or Fraction
        By how much rounding may explain; see `rounding_bound`.

    Examples
    --------
    >>> sent, came = datetime.date(2025, 12, 29), datetime.date(2026, 1, 14)
    >>> found = explained(12331, 12403, 2025, [Movement("S-7", 72, came, sent)], 0)
    >>> {cause: int(value) for cause, value in found.by_cause.items()}, found.settled
    ({'timing': 72}, True)
    """
    last = datetime.date(year, 12, 31)
    difference = Fraction(theirs) - Fraction(ours)
    sums: dict[str, Fraction] = {}
    names: dict[str, list[str]] = {}
    for one in movements:
        in_ours = one.ours is not None and one.ours <= last
        in_theirs = one.theirs is not None and one.theirs <= last
        if in_ours == in_theirs:
            continue
        cause = TIMING
        if one.ours is None or one.theirs is None:
            cause = MISSING
        elif one.kind == CATEGORY:
            cause = CATEGORY
        signed = Fraction(one.amount) if in_theirs else -Fraction(one.amount)
        sums[cause] = sums.get(cause, Fraction(0)) + signed
        names.setdefault(cause, []).append(one.reference)
    rest = difference - sum(sums.values(), Fraction(0))
    if rest:
        sums[ROUNDING if abs(rest) <= Fraction(bound) else UNEXPLAINED] = rest
    by_cause = {cause: sums[cause] for cause in CAUSES if sums.get(cause)}
    return Explained(difference, by_cause, {cause: tuple(some) for cause, some in names.items()})
