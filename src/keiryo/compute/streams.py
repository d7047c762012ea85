"""Random numbers that depend on what is simulated, and on nothing else.

A result that was simulated must be the same when it is computed again, by an inspector on a laptop
or on a cluster at headquarters. A generator that hands out numbers one after the other cannot do
this: who draws first gets other numbers. Here every block of `BLOCK` realizations has a stream of
its own, found by counting: Philox turns a key (the seed and the width) and a counter (the number of
the block) into numbers, without any state that is passed on. So the numbers of realization r depend
on the seed, on the width (how many numbers a realization needs) and on r; never on the number of
blocks worked on at a time, on the number of processes, or on which computer did which block.

What is computed *from* the numbers may still differ between two computers in the last binary digit,
because libraries of linear algebra add in different orders. Therefore results that are order
statistics or means are rounded to `DIGITS` significant digits (`significant`), far below their
sampling error and far above such differences, and sums are put together block by block in the order
of the blocks.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as
1, 2, 3", Proceedings of SC11 (Philox 4x64, 10 rounds); normal deviates by the ziggurat method of
NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError

Floats = npt.NDArray[np.float64]
Task = tuple[int, int]
"""First block of a task, and the block after its last."""

BLOCK = 1024
"""Realizations that share one stream. A change gives other numbers: raise `VERSION` with it."""

VERSION = 1
"""Version of the way from seed to numbers."""

GENERATOR = f"Philox4x64-10, blocks of {BLOCK} realizations, streams version {VERSION}"

DIGITS = 10
MAX_REALIZATIONS = 10**8
MAX_SEED = 2**64 - 1

_SLICE_NUMBERS = 4_000_000
_TASK_NUMBERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Provenance:
    """What must be written beside a simulated result so that anyone can compute it again.

    Attributes
    ----------
    generator : str
        Method and version of the way from seed to numbers.
    seed, realizations : int
    numpy : str
        Version of NumPy, which makes normal deviates from the random bits.
    keiryo : str
        Version of this package.
    """

    generator: str
    seed: int
    realizations: int
    numpy: str
    keiryo: str


def provenance(seed: int, realizations: int) -> Provenance:
    """Return what is to be recorded beside a result that was simulated here."""
    from keiryo.version import __version__

    return Provenance(GENERATOR, seed, realizations, np.__version__, __version__)


def checked_seed(seed: int) -> int:
    """Return the seed as an int.

    Raises
    ------
    UsageError
        If it is not a whole number from 0 to 2⁶⁴−1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise UsageError(f"The seed {seed!r} is not a whole number.", "Give one, such as 1.")
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(
            f"The seed {seed} is out of range.", f"Give a whole number from 0 to {MAX_SEED}."
        )
    return int(seed)


def checked_realizations(realizations: int, alpha: float = 0.05) -> int:
    """Return the number of realizations as an int.

    Raises
    ------
    UsageError
        If it is not a whole number from 1 to `MAX_REALIZATIONS`; the advice says how well fewer
        realizations tell a probability of `alpha`.
    """
    if isinstance(realizations, bool) or not isinstance(realizations, int | np.integer):
        raise UsageError(f"{realizations!r} realizations is not a whole number.", "Try 100000.")
    if realizations < 1:
        raise UsageError(f"{realizations} realizations tell nothing.", "Ask for 1 or more.")
    if realizations > MAX_REALIZATIONS:
        half = 1.96 * math.sqrt(alpha * (1 - alpha) / 1e6)
        raise UsageError(
            f"{realizations:,} realizations are more than the {MAX_REALIZATIONS:,} that keiryo "
            "simulates.",
            f"10^6 already fix a probability of {alpha:g} to ± {half:.1g} (95 % interval), far "
            "better than measurement errors are known. Ask for 1000000.",
        )
    return int(realizations)


def block_count(realizations: int) -> int:
    """Return how many blocks hold that many realizations."""
    return -(-realizations // BLOCK)


def tasks(realizations: int, width: int, blocks_per_task: int | None = None) -> list[Task]:
    """Return pieces of work that cover all blocks, in order.

    Parameters
    ----------
    realizations, width : int
        How many realizations, and how many numbers each of them needs.
    blocks_per_task : int, optional
        How many blocks at a time; by default about a tenth of a second of work. It changes no
        result.
    """
    blocks = block_count(realizations)
    step = blocks_per_task or max(1, _TASK_NUMBERS // (BLOCK * max(width, 1)))
    return [(begin, min(begin + step, blocks)) for begin in range(0, blocks, step)]


def rows_of(block: int, realizations: int) -> int:
    """Return how many realizations a block holds: `BLOCK`, or what is left for the last."""
    return min(BLOCK, realizations - block * BLOCK)


def normal_slices(seed: int, width: int, block: int, rows: int) -> Iterator[Floats]:
    """Yield standard normal deviates of the first `rows` realizations of a block.

    Wide realizations come in several slices, so that memory is bounded. How a block is sliced
    depends on the width alone.

    Parameters
    ----------
    seed : int
    width : int
        How many numbers each realization needs; it is part of the key, so that simulations of
        different width are independent of each other.
    block : int
        Number of the block, from 0.
    rows : int
        At most `BLOCK`. Fewer rows are the beginning of more rows.

    Yields
    ------
    array of float, shape (rows of the slice, width)
    """
    key = np.array([seed, width], dtype=np.uint64)
    # The lowest word of the counter counts within the block; the second is the block's number.
    counter = np.array([0, block, 0, 0], dtype=np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=counter))
    step = max(1, min(BLOCK, _SLICE_NUMBERS // max(width, 1)))
    for begin in range(0, rows, step):
        yield generator.standard_normal((min(step, rows - begin), width))


def significant(value: float, digits: int = DIGITS) -> float:
    """Return the number rounded to so many significant decimal digits."""
    return float(f"{value:.{digits - 1}e}") if math.isfinite(value) else value


def rounded(values: Floats, digits: int = DIGITS) -> Floats:
    """Return an array with every number rounded to so many significant decimal digits."""
    flat = [significant(float(v), digits) for v in values.ravel()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)
