"""Time of EASI for 100 000 paths of 10 tasks; the target is less than 5 s on two cores.

Run it with ``python benchmarks/protection_easi.py``. All values are placeholders.
"""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np

from keiryo.protection.easi import p_interruption_of_many
from keiryo.protection.task import Response, Task

PATHS, LENGTH, KINDS, TARGET_S = 100_000, 10, 60, 5.0


def main() -> None:
    """Measure and print."""
    random = np.random.default_rng(1)
    tasks = [
        Task(
            Fraction(int(random.integers(0, 100)), 100),
            "BME"[int(random.integers(0, 3))],  # type: ignore[arg-type]
            Fraction(int(random.integers(0, 2000)), 10),
            Fraction(int(random.integers(0, 300)), 10),
        )
        for _ in range(KINDS)
    ]
    paths = random.integers(0, KINDS, (PATHS, LENGTH))
    response = Response(Fraction(300), Fraction(90))
    for mode in ("A", "B"):
        start = time.perf_counter()
        found = p_interruption_of_many(tasks, paths, Fraction(19, 20), response, mode)  # type: ignore[arg-type]
        took = time.perf_counter() - start
        print(
            f"mode {mode}: {PATHS} paths in {took:.3f} s (target {TARGET_S} s), {found.min():.4f}"
        )


if __name__ == "__main__":
    main()
