"""Spectral anomaly tests: false alarms against what was asked, and what passing sources they find.

As section 8.3 of the specification: 3 s windows every second, 128 bins, 223 templates of a large
sodium iodide detector, 1736 counts/s of background, sources that pass as a Gaussian of 1.5 s. The
background is estimated from 600 s, not known. ``python benchmarks/spectral_anomaly.py [HOURS]``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from keiryo.identification.anomaly import COUNTS, GROSS, SHAPE, AnomalyTest, anomaly_test
from keiryo.templates.template_set import load_templates, rebinned

ARCHIVE = Path(__file__).parent.parent / "tests" / "data" / "templates" / "gadras_2x4x16_nai.zip"
RATE, WINDOW_S, BACKGROUND_S, PER_DAY = 1736.0, 3, 600.0, 2.0
SOURCES = {
    "Cs137_Unshielded": (50, 100, 150),
    "I131_Phantom": (100, 150, 200),
    "K40_Unshielded": (100, 150, 200),
}


def windows_of(seconds: np.ndarray) -> np.ndarray:
    """Return sums of 3 s, one for each second."""
    whole = np.concatenate([np.zeros((1, seconds.shape[1])), np.cumsum(seconds, axis=0)])
    return whole[WINDOW_S:] - whole[:-WINDOW_S]


def episodes(alarms: np.ndarray) -> int:
    """Return the number of alarms, those of overlapping windows counted once."""
    at = np.flatnonzero(alarms)
    return int(len(at) > 0) + int((np.diff(at) >= WINDOW_S).sum())


def found_share(
    test: AnomalyTest,
    quiet: np.ndarray,
    shape: np.ndarray,
    peak: float,
    random: np.random.Generator,
    suppression: float = 0.0,
) -> float:
    """Return the share of 300 passages that alarm."""
    at = np.arange(-6, 7)
    profile = peak * np.exp(-0.5 * (at / 1.5) ** 2)
    shadow = 1 - suppression * np.exp(-0.5 * (at / 3.0) ** 2)
    mean = shadow[:, None] * quiet + profile[:, None] * shape
    hits = [test.alarms(windows_of(random.poisson(mean))).any() for _ in range(300)]
    return float(np.mean(hits))


def main(hours: int) -> None:
    """Print thresholds, false alarms a day, shares of passages that are found, and speed."""
    one = load_templates(ARCHIVE)
    assert one.background is not None
    edges = np.linspace(np.sqrt(30.0), np.sqrt(2900.0), 129) ** 2
    quiet = rebinned(one.background, one.edges_kev, edges)
    quiet *= RATE / quiet.sum()
    shapes = rebinned(one.rates, one.edges_kev, edges)
    shapes /= shapes.sum(axis=1, keepdims=True)
    labels = [each.label for each in one.templates]
    per_window = PER_DAY / 86400 * 1.2
    random = np.random.default_rng(7)
    for kind in (GROSS, SHAPE, COUNTS):
        alarms, start = 0, time.perf_counter()
        test = None
        for _ in range(hours):
            counted = random.poisson(quiet * BACKGROUND_S)
            made = test is None
            if made:
                test = anomaly_test(
                    counted,
                    shapes,
                    window_s=WINDOW_S,
                    background_s=BACKGROUND_S,
                    false_alarms_per_window=per_window,
                    kind=kind,
                )
            assert test is not None
            again = AnomalyTest(
                kind,
                test.weights,
                counted * WINDOW_S / BACKGROUND_S,
                test.weights @ (counted * WINDOW_S / BACKGROUND_S),
                test.threshold,
                per_window,
            )
            alarms += episodes(again.alarms(windows_of(random.poisson(quiet, (3600, 128)))))
        assert test is not None
        a_day = alarms * 24 / hours
        print(f"{kind}: threshold {test.threshold:.2f}, {a_day:.1f} false alarms a day", end=" ")
        print(f"({alarms} in {hours} h, {time.perf_counter() - start:.0f} s)")
        for label, peaks in SOURCES.items():
            shape = shapes[labels.index(label)]
            shares = [found_share(test, quiet, shape, peak, random) for peak in peaks]
            print(f"  {label} {peaks}: {', '.join(f'{share:.2f}' for share in shares)}")
        shape = shapes[labels.index("Cs137_Unshielded")]
        share = found_share(test, quiet, shape, 300.0, random, 0.15)
        print(f"  Cs137_Unshielded 300 with 15 % suppression: {share:.2f}")
    windows = windows_of(random.poisson(quiet, (20000, 128)))
    start = time.perf_counter()
    test.scores(windows)
    print(f"{len(windows) / (time.perf_counter() - start):.0f} windows a second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 240)
