"""How fast portal records are read and replayed, and how often each test alarms without a source.

Reading and the alarm logic run on one core, each in a fresh process, the best of several; what
counts is the time of the processor. False-alarm shares come from days of synthetic background.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Clock, fresh, tell

from keiryo.counting.detectors import KINDS, Detector, calibrate
from keiryo.counting.poisson import on_off_threshold, poisson_threshold
from keiryo.portal.alarm_logic import replay_all
from keiryo.portal.daily_file import parse_daily_file
from keiryo.portal.occupancy import Occupancy
from keiryo.portal.setup_records import Setup

MEASURED = Path(__file__).resolve().parent.parent / "tests" / "data" / "portal"
GOALS = {"read": 200_000, "replay": 2_000_000}
SEED = 20261123


def read(times: int) -> int:
    """Read the measured file so many times over, as one file; return the lines."""
    content = (MEASURED / "rpm_25_occupancies_norm.csv").read_bytes() * times
    with Clock() as clock:
        found = parse_daily_file(content)
    lines = sum(found.records.values())
    tell(clock, lines=lines)
    return lines


def occupancies(count: int, intervals: int) -> list[Occupancy]:
    """Return synthetic occupancies without a source."""
    random = np.random.default_rng(SEED)
    setup = Setup(n_sigma=5.0, intervals=5, flags="1010", neutron_background_s=120.0)
    quiet = (385, 385, 403, 359)
    found = []
    for number in range(count):
        gamma = random.poisson(np.array(quiet) / 5, (intervals, 4)).astype(np.int32)
        neutron = random.poisson(1.6, (intervals // 5, 4)).astype(np.int32)
        found.append(
            Occupancy(
                number, 1, 2, None, None, gamma, np.zeros(intervals, bool), neutron,
                np.zeros(len(neutron), bool), quiet, 5.0, 6.4, (), setup, True,
            )
        )  # fmt: skip
    return found


def replay(count: int, intervals: int) -> None:
    """Replay so many occupancies; tell the samples of 0.2 s."""
    given = occupancies(count, intervals)
    with Clock() as clock:
        found = replay_all(given)
    tell(clock, samples=count * intervals, alarms=sum(bool(one.gamma_alarm) for one in found))


def shares() -> None:
    """Print the share of empty occupancies with an alarm, asked and seen, by test."""
    for chance in (1e-2, 1e-3):
        for kind in KINDS:
            for time_s in (None, 20.0):
                by = None if time_s is None else time_s * 5
                found = calibrate(
                    Detector(kind), 329.0, 60, chance, background_intervals=by,
                    seed=SEED,
                )  # fmt: skip
                print(
                    f"  {kind:8} background {'known' if by is None else '20 s':5}"
                    f" asked {chance:.0e} seen {found.share:.3e}"
                    f" ({found.low:.3e}-{found.high:.3e}) threshold {found.threshold:.3f}"
                )


def neutron_shares(seconds: int) -> None:
    """Print the share of quiet neutron seconds with an alarm, the background known and counted."""
    random = np.random.default_rng(SEED)
    for rate in (2.64, 6.5):
        counts = random.poisson(rate, seconds)
        background = random.poisson(rate * 120, seconds)
        for alpha in (1e-3, 1e-4):
            known = float((counts >= poisson_threshold(rate, alpha)).mean())
            table = {m: on_off_threshold(int(m), 120, 1, alpha) for m in np.unique(background)}
            limits = np.array([table[m] for m in background])
            counted = float((counts >= limits).mean())
            taken = {m: poisson_threshold(m / 120, alpha) for m in np.unique(background)}
            as_exact = float((counts >= np.array([taken[m] for m in background])).mean())
            print(
                f"  neutrons {rate:4} alpha {alpha:.0e}: known {known:.2e},"
                f" counted 120 s, binomial {counted:.2e}, taken as exact {as_exact:.2e}"
            )


def best(times: int, *words: object) -> dict[str, Any]:
    """Return the run with the least time of the processor."""
    runs = [fresh("portal_alarms.py", *words) for _ in range(times)]
    return min(runs, key=lambda run: float(run["processor_seconds"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=("read", "replay", "shares", "all"))
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--intervals", type=int, default=60)
    asked = parser.parse_args()
    if asked.way == "read":
        read(20)
    elif asked.way == "replay":
        replay(asked.count, asked.intervals)
    if asked.way in ("all", "shares"):
        shares()
        neutron_shares(2_000_000)
    if asked.way == "all":
        one = best(3, "read")
        print(f"  read: {one['lines'] / one['processor_seconds']:,.0f} lines/s,"
              f" {one['peak_mb']:.0f} MB")  # fmt: skip
        for count, intervals in ((5000, 60), (500, 1000), (5, 100_000)):
            one = best(3, "replay", "--count", count, "--intervals", intervals)
            print(
                f"  replay of {count} occupancies of {intervals} intervals:"
                f" {one['samples'] / one['processor_seconds']:,.0f} samples/s"
            )


if __name__ == "__main__":
    main()
