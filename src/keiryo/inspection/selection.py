"""Drawing the items to verify, so that anybody can repeat the draw and nobody can steer it.

Every item gets a number that depends only on the seed and its name: the first 16 octets of the
SHA-256 digest of ``seed``, a zero octet and the name. The items with the smallest numbers are
drawn. The result does not depend on the order of the list, the machine or the version of keiryo,
and another party can repeat it with any program that knows SHA-256.

A draw proportional to size takes the items in the order of their numbers, adds up their weights
and picks those that hold the marks at equal distances (systematic sampling in random order, after
Hartley and Rao 1962). Each item is drawn with probability n·x/T exactly; items larger than T/n
are drawn with certainty first.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from keiryo.errors import UsageError
from keiryo.inspection.exact_numbers import as_fraction
from keiryo.inspection.limits import has_control

RULE = "sha256 of seed and item, smallest first"
RULE_PROPORTIONAL = "systematic, proportional to size, in sha256 order of seed and item"


@dataclass(frozen=True, slots=True)
class Selection:
    """Items that were drawn, with what is needed to repeat the draw.

    Attributes
    ----------
    seed : str
    rule : str
    digest : str
        SHA-256 of the sorted names (and sizes) from which was drawn.
    population : int
    chosen : tuple of int
        Positions in the list that was given, in the order of drawing.
    probability : tuple of float
        With which probability each of them was drawn.
    """

    seed: str
    rule: str
    digest: str
    population: int
    chosen: tuple[int, ...]
    probability: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the draw as plain data."""
        return {
            "seed": self.seed,
            "rule": self.rule,
            "digest": self.digest,
            "population": self.population,
            "sample_size": len(self.chosen),
            "chosen": list(self.chosen),
            "probability": list(self.probability),
        }


@dataclass(frozen=True, slots=True)
class SizeStratum:
    """Items of about one size.

    Attributes
    ----------
    members : tuple of int
        Positions in the list that was given.
    smallest_kg, largest_kg, total_kg : float
    """

    members: tuple[int, ...]
    smallest_kg: float
    largest_kg: float
    total_kg: float


def select_items(
    items: Sequence[str],
    sample_size: int,
    seed: str | int,
    *,
    size_kg: Sequence[float] | None = None,
) -> Selection:
    """Draw items at random without replacement.

    Parameters
    ----------
    items : sequence of str
        Names, each once.
    sample_size : int
    seed : str or int
        Fixed before the list is known, best by both parties together.
    size_kg : sequence of float, optional
        Weights; if given, the draw is proportional to them.

    Raises
    ------
    UsageError
        If the seed is empty or cannot be written, a name is there twice, more items are wanted
        than there are, or a weight is not above 0.
    """
    if len(set(items)) < len(items):
        raise UsageError("an item is in the list twice", "Give every item once.")
    if not 0 <= sample_size <= len(items):
        words = f"{sample_size} of {len(items)} items cannot be drawn"
        raise UsageError(words, f"Give a number from 0 to {len(items)}.")
    words = str(seed)
    if not words or has_control(words):
        said = f"the seed {words!a} cannot be written down" if words else "the seed is empty"
        raise UsageError(said, "Give a number or words that both parties can repeat.")
    order = sorted(range(len(items)), key=lambda i: (draw_number(words, items[i]), items[i]))
    if size_kg is None:
        chosen = order[:sample_size]
        share = sample_size / len(items) if items else 0.0
        digest = _digest(sorted(items))
        given = (share,) * sample_size
        return Selection(words, RULE, digest, len(items), tuple(chosen), given)
    if len(size_kg) != len(items) or not all(math.isfinite(x) and x > 0 for x in size_kg):
        raise UsageError("a weight is missing or not above 0", "Give the weight of each item.")
    exact = [as_fraction(x) for x in size_kg]
    drawn = _proportional(order, exact, sample_size, words)
    pairs = sorted(f"{name}\0{exact[i]}" for i, name in enumerate(items))
    return Selection(
        words, RULE_PROPORTIONAL, _digest(pairs), len(items), tuple(drawn),
        tuple(float(p) for p in drawn.values()),
    )  # fmt: skip


def draw_number(seed: str, item: str) -> int:
    """Return the number of an item by which it is drawn, below 2^128."""
    digest = hashlib.sha256(seed.encode() + b"\0" + item.encode()).digest()
    return int.from_bytes(digest[:16], "big")


def stratify(size_kg: Sequence[float], ratio: float = 1.5) -> tuple[SizeStratum, ...]:
    """Return strata in which the largest item is at most `ratio` times the smallest.

    Parameters
    ----------
    size_kg : sequence of float
        Above 0.
    ratio : float
        At least 1.

    Returns
    -------
    tuple of SizeStratum
        The largest items first. Plan with the largest size of a stratum: fewer defects are then
        needed for a goal quantity, and the plan is on the safe side.

    Raises
    ------
    UsageError
        If a weight is not above 0, or the ratio below 1.
    """
    if not (ratio >= 1 and math.isfinite(ratio)):
        raise UsageError(f"a ratio of {ratio} makes no strata", "Give a ratio of at least 1.")
    if not all(math.isfinite(x) and x > 0 for x in size_kg):
        raise UsageError("a weight is not above 0", "Give the weight of each item in kg.")
    order = sorted(range(len(size_kg)), key=lambda i: (-size_kg[i], i))
    groups: list[list[int]] = []
    for member in order:
        if groups and size_kg[groups[-1][0]] <= ratio * size_kg[member] * (1 + 1e-12):
            groups[-1].append(member)
        else:
            groups.append([member])
    return tuple(
        SizeStratum(
            tuple(g), size_kg[g[-1]], size_kg[g[0]], math.fsum(size_kg[member] for member in g)
        )
        for g in groups
    )


def _proportional(
    order: Sequence[int], size: Sequence[Fraction], wanted: int, seed: str
) -> dict[int, Fraction]:
    """Return the drawn positions with their probabilities, exact in whole numbers."""
    scale = math.lcm(*(x.denominator for x in size))
    whole = [int(x * scale) for x in size]
    left = sum(whole)
    drawn: dict[int, Fraction] = {}
    for i in sorted(order, key=lambda i: -whole[i]):  # those of one size stay in their order
        missing = wanted - len(drawn)
        if missing == 0 or whole[i] * missing < left:
            break
        drawn[i] = Fraction(1)
        left -= whole[i]
    missing = wanted - len(drawn)
    if missing == 0:
        return drawn
    # Mark number k lies at (start/2^128 + k) · left/missing, compared without division.
    start, marks, reached = draw_number(seed, "\0start"), 0, 0
    for i in [i for i in order if i not in drawn]:
        reached += whole[i]
        if ((marks << 128) + start) * left < (reached * missing) << 128:
            drawn[i] = Fraction(whole[i] * missing, left)
            marks += 1
    return drawn


def _digest(names: Sequence[str]) -> str:
    text = "".join(f"{len(name)}:{name}" for name in names)
    return hashlib.sha256(text.encode()).hexdigest()
