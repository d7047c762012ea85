"""How long the two-person rule takes over many records of access, beside reading them alone.

Visits to zones are drawn from a seed: everybody who comes in goes out. The goal is ten seconds for
ten million records; the ratio is to a plain read of the same file by polars in the same run.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from keiryo.protection.access_log import read_access_log
from keiryo.protection.two_person import check_two_persons
from keiryo.protection.two_person_json import write_json
from keiryo.protection.two_person_rule import read_rule_file


def write_log(
    path: Path, records: int, zones: int, *, grouped: bool, brief: bool = False, seed: int = 1
) -> None:
    """Write visits of a year, and the rule beside them; brief visits seldom meet another."""
    draw = np.random.default_rng(seed)
    visits = records // 2
    zone = draw.integers(0, zones, visits)
    start = np.sort(draw.integers(0, 365 * 86_400, visits))
    time_s = np.r_[start, start + draw.integers(1, 5 * zones, visits)]
    if not brief:
        time_s[visits:] = start + draw.integers(60, 7_200, visits)
    person = np.tile(np.arange(visits) % 20_000, 2)
    entering = np.repeat([True, False], visits)
    order = np.argsort(time_s, kind="stable")
    instants = np.datetime64("2027-01-01T00:00:00", "ms") + (time_s[order] * 1_000)
    zone = np.tile(zone, 2)[order]
    frame = pl.DataFrame(
        {
            "time": pl.Series(instants).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "zone": zone,
            "person": person[order],
            "reader": zone * 2 + entering[order],
            "direction": np.where(entering[order], "in", "out"),
            "seq": np.arange(visits * 2),
        }
    )
    frame.with_columns(
        pl.format(f"{letter}{{}}", pl.col(name)).alias(name)
        for name, letter in (("zone", "Z"), ("person", "p"), ("reader", "R"))
    ).write_csv(path)
    rule = "placeholder = true\n[defaults]\ngrace_s = 60\n"
    rule += "".join(f'[[zone]]\nid = "Z{number}"\n' for number in range(zones))
    if grouped:
        rule += "[groups]\n" + "".join(f'p{n} = "G{n % 4}"\n' for n in range(20_000))
    path.with_suffix(".toml").write_text(rule, encoding="utf-8")


def main() -> None:
    """Time it and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--zones", type=int, default=50)
    parser.add_argument("--grouped", action="store_true", help="every person in one of four groups")
    parser.add_argument("--brief", action="store_true", help="about one interval for each visit")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        write_log(path, given.records, given.zones, grouped=given.grouped, brief=given.brief)
        begun = time.perf_counter()
        rows = pl.read_csv(path).height
        plain_s = time.perf_counter() - begun
        begun = time.perf_counter()
        rule = read_rule_file(path.with_suffix(".toml"))
        found = check_two_persons(read_access_log(path, rule.timezone), rule)
        with open(os.devnull, "w", encoding="utf-8") as nothing:
            write_json(found, nothing)
        checked_s = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counted = sum(len(zone.start_ns) for zone in found.zones)
    print(
        f"{rows} records in {given.zones} zones: {checked_s:.1f} s, {checked_s / plain_s:.1f} x "
        f"a plain read ({plain_s:.1f} s); {counted} intervals, {found.violations} violations; "
        f"{memory:.0f} MiB at most"
    )


if __name__ == "__main__":
    main()
