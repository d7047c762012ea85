"""A seeded stream of movements of nuclear material, of any length, for the benchmarks.

A State has 48 material balance areas. Every batch is received from abroad (``RF``) and then goes
from area to area: shipped (``SD``) by one, received (``RD``) by the next, nine lines in all; the
last shipment is still under way. So n lines are of n/10 batches, in the order of their dates.
One batch in a hundred is shipped once with 1 g more than it has, which leaves that batch negative
in the area that shipped it.

Everything follows from the seed by integer arithmetic: the same seed gives the same movements on
every computer, and memory does not grow with their number.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import polars as pl

SEED = 7
AREA_COUNT, AREAS_PER_FACILITY = 48, 4
STATE, ABROAD = "XA", "YY"
CATEGORIES = "NDEPT"
LINES_PER_BATCH = 10
FIRST_DAY, DAYS = datetime.date(2015, 1, 1), 3653
CHUNK_LINES = 250_000

AREAS = [f"XA{number:02d}" for number in range(1, AREA_COUNT + 1)]
FACILITIES = [f"XF{1 + number // AREAS_PER_FACILITY:02d}" for number in range(AREA_COUNT)]
ABROAD_AREA = "YYAA"

# Isotope weight in millionths of the element: natural, depleted, enriched; else none is stated.
_ENRICHMENT = {"N": (7_110, 1), "D": (2_000, 2_000), "E": (20_000, 30_000)}
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_WORD = 2**64


def mixed(number: int) -> int:
    """Return 64 well-mixed bits of a number (splitmix64)."""
    z = (number * _GOLDEN) % _WORD
    z = ((z ^ (z >> 30)) * _FIRST) % _WORD
    z = ((z ^ (z >> 27)) * _SECOND) % _WORD
    return z ^ (z >> 31)


def _mixed(number: pl.Expr) -> pl.Expr:
    """The same, column by column; Polars' integers wrap."""

    def word(value: int) -> pl.Expr:
        return pl.lit(value, dtype=pl.UInt64)

    z = number * word(_GOLDEN)
    z = (z ^ (z // word(1 << 30))) * word(_FIRST)
    z = (z ^ (z // word(1 << 27))) * word(_SECOND)
    return z ^ (z // word(1 << 31))


def chunks(lines: int, seed: int = SEED) -> Iterator[pl.DataFrame]:
    """Yield `lines` movements (a multiple of ten) in frames, in the order of their dates.

    Columns: seq, date (YYYYMMDD), from_mba, to_mba, batch, category, element_mg, isotope_mg
    (U-235; null for plutonium and thorium), code.
    """
    if lines % LINES_PER_BATCH:
        raise ValueError(f"the number of lines is no multiple of {LINES_PER_BATCH}")
    batches = lines // LINES_PER_BATCH
    gap = max(batches // 20, 1)  # batches that begin between two lines of one batch
    slots = batches + (LINES_PER_BATCH - 1) * gap
    done = 0
    for first in range(0, slots, CHUNK_LINES // LINES_PER_BATCH):
        last = min(first + CHUNK_LINES // LINES_PER_BATCH, slots)
        slot = pl.int_range(first, last, dtype=pl.Int64, eager=True).alias("slot").to_frame()
        step = pl.int_range(0, LINES_PER_BATCH, dtype=pl.Int64, eager=True).alias("step").to_frame()
        frame = (
            slot.join(step, how="cross", maintain_order="left_right")
            .with_columns((pl.col("slot") - pl.col("step") * gap).alias("n"))
            .filter(pl.col("n").is_between(0, batches - 1))
        )
        yield _movements(frame, seed, slots, done)
        done += frame.height


def _movements(frame: pl.DataFrame, seed: int, slots: int, done: int) -> pl.DataFrame:
    """Return the movements of slot, step and batch number `n`."""
    step = pl.col("step")
    base = (pl.col("n") + mixed(seed) % 2**40).cast(pl.UInt64) * 16
    draws = [_mixed(base + k) for k in range(8)]
    hops = [1 + (_mixed(base + 8 + k) % (AREA_COUNT - 1)).cast(pl.Int64) for k in range(6)]

    def area(visit: pl.Expr) -> pl.Expr:
        """Where the batch is at its visit 0 to 5; each visit is to another area."""
        travelled = reduce(
            lambda a, b: a + b, (pl.when(visit >= k).then(hops[k]).otherwise(0) for k in range(6))
        )
        return pl.lit(pl.Series(AREAS)).gather(travelled % AREA_COUNT)

    letter = pl.lit(pl.Series(list(CATEGORIES))).gather((draws[0] % 5).cast(pl.Int64))
    whole = (1_000_000 + (draws[1] % 999_000_000)).cast(pl.Int64)
    heavy = (draws[2] % 100 == 0) & (step == 1 + 2 * (draws[3] % 5).cast(pl.Int64))
    element = whole + pl.when(heavy).then(1_000).otherwise(0)
    isotope = pl.lit(None, dtype=pl.Int64)
    for name, (least, spread) in _ENRICHMENT.items():
        share = least + (draws[4] % spread).cast(pl.Int64)
        isotope = pl.when(letter == name).then(whole * share // 1_000_000).otherwise(isotope)
    first = pl.lit(FIRST_DAY)
    day = first + pl.duration(days=pl.col("slot") * DAYS // slots)
    date = day.dt.strftime("%Y%m%d").cast(pl.Int64)
    return frame.select(
        (pl.int_range(pl.len(), dtype=pl.Int64) + done + 1).alias("seq"),
        date.alias("date"),
        pl.when(step == 0)
        .then(pl.lit(ABROAD_AREA))
        .otherwise(area((step - 1) // 2))
        .alias("from_mba"),
        area((step + 1) // 2).alias("to_mba"),
        pl.format("B{}", (pl.col("n") + 1).cast(pl.String).str.zfill(8)).alias("batch"),
        letter.alias("category"),
        element.alias("element_mg"),
        isotope.alias("isotope_mg"),
        pl.when(step == 0)
        .then(pl.lit("RF"))
        .when(step % 2 == 1)
        .then(pl.lit("SD"))
        .otherwise(pl.lit("RD"))
        .alias("code"),
    )


def parquet(folder: Path, lines: int, seed: int = SEED) -> list[Path]:
    """Return the files that hold `lines` movements; written once, used again later."""
    place = folder / f"movements-{lines}-{seed}"
    finished = place / "finished"
    if not finished.exists():
        place.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(chunks(lines, seed)):
            frame.write_parquet(place / f"{number:05d}.parquet")
        finished.touch()
    return sorted(place.glob("*.parquet"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int, help="number of movements, a multiple of ten")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    print(f"{len(parquet(asked.folder, asked.lines, asked.seed))} files in {asked.folder}")


if __name__ == "__main__":
    main()
