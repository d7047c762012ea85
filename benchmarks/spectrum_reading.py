"""Time to read spectrum files, against SpecUtils' own parse and conversion to arrays.

Run it with ``python benchmarks/spectrum_reading.py FILE ...``. Both read each file in turn in the
same process; the best of several runs counts. The target is 1.5 times the library's time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keiryo.spectra.library_forms import quiet
from keiryo.spectra.reading import read_spectra

RUNS, TARGET = 15, 1.5
PARSERS = {".spc": "Spc", ".cnf": "Cnf", ".spe": "SpeIaea", ".chn": "Chn", ".pcf": "Pcf"}


def by_library(file: Path) -> None:
    """Parse a file by the library, and make arrays of its counts."""
    import SpecUtils

    name = PARSERS.get(file.suffix.lower())
    if name is None:
        name = "N42_2006" if b"N42InstrumentData" in file.read_bytes()[:2000] else "N42_2012"
    found = SpecUtils.SpecFile()
    found.loadFile(str(file), getattr(SpecUtils.ParserType, name))
    for one in found.measurements():
        np.array(one.gammaCounts())


def best(read: Callable[[Path], object], file: Path) -> float | None:
    """Return the shortest time in seconds, or None if the file cannot be read."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        try:
            read(file)
        except (RuntimeError, ValueError):
            return None
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    for name in sys.argv[1:]:
        file = Path(name)
        with quiet():
            library, ours = best(by_library, file), best(read_spectra, file)
        if library is None or ours is None:
            told = f"library {'cannot' if library is None else 'can'}, keiryo "
            print(f"{file.name}: {told}{'cannot' if ours is None else f'{ours * 1e3:.2f} ms'}")
            continue
        share = ours / library
        print(
            f"{file.name}: {ours * 1e3:.2f} ms, library {library * 1e3:.2f} ms, "
            f"{share:.2f} times (target {TARGET})"
        )


if __name__ == "__main__":
    main()
