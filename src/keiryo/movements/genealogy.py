"""Genealogy across processes: which items became which, inferred from order and weight.

Nothing in the data links what enters a process to what leaves it. Where a process divides items
into a fixed number of others, or assembles a fixed number into one, in order, the gross weights
prove or disprove the guess item by item; what fits nothing stays pending. Everywhere else the
material merges into the pool of the process and is drawn from it. Each line says what it was
inferred from.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import polars as pl

from keiryo.movements.mapping import Mapping, Process

LOOK_AHEAD = 30
"""How many items may be passed over in search of the one whose weight fits."""

UG_PER_MG = 1000


@dataclass(frozen=True, slots=True)
class Descent:
    """What was inferred for one process.

    Attributes
    ----------
    process : Process
    links : polars.DataFrame
        ``child_uid, parent_uid, relation, day, period``.
    inferred_from : str
        What all of them were inferred from.
    fed : polars.DataFrame
        The events that fed the process, with ``used_period``: the week in which what was made of
        the item came out, null if nothing did.
    unexplained : int
        Items that came out and fit nothing that went in.
    largest_difference_mg : int
        Largest difference of gross weight between an item and what it became.
    """

    process: Process
    links: pl.DataFrame
    inferred_from: str
    fed: pl.DataFrame
    unexplained: int = 0
    largest_difference_mg: int = 0


def pool_uid(process: Process) -> str:
    """Return the identity of the pool of a process."""
    return f"{process.mba}/POOL#1"


def infer(mapping: Mapping, events: pl.DataFrame) -> list[Descent]:
    """Infer the genealogy across every process of the mapping."""
    found = []
    for process in mapping.processes:
        feeding = [n for n, f in enumerate(mapping.flows) if f.target == process.node]
        making = [n for n, f in enumerate(mapping.flows) if f.source == process.node]
        order = ["day", "row"]
        fed = events.filter(pl.col("flow").is_in(feeding) & ~pl.col("entering")).sort(order)
        made = events.filter(pl.col("flow").is_in(making) & pl.col("entering")).sort(order)
        fed = fed.with_columns(
            pl.lit(None, dtype=pl.Int64).alias("used_period"),
            (pl.col("period") + process.feed_delay).alias("arrival_period"),
        )
        if process.genealogy == "pool":
            found.append(_pooled(process, fed, made))
        else:
            found.append(_matched(process, fed, made))
    return found


def _pooled(process: Process, fed: pl.DataFrame, made: pl.DataFrame) -> Descent:
    pool = pl.lit(pool_uid(process))
    why = "the process keeps no record of what became of which item"
    into = fed.select(
        pool.alias("child_uid"), pl.col("uid").alias("parent_uid"),
        pl.lit("merged").alias("relation"), "day", "period",
    )  # fmt: skip
    out = made.select(
        pl.col("uid").alias("child_uid"), pool.alias("parent_uid"),
        pl.lit("drawn").alias("relation"), "day", "period",
    )  # fmt: skip
    return Descent(process, pl.concat([into, out]), why, _only(fed))


def _matched(process: Process, fed: pl.DataFrame, made: pl.DataFrame) -> Descent:
    """Match items in order; one side has `ratio` items for each one of the other."""
    splits = process.genealogy == "split"
    single, many = (fed, made) if splits else (made, fed)
    groups, left_over, largest_ug = match_in_order(
        single["weight_ug"].to_list(), single["period"].to_list(),
        many["weight_ug"].to_list(), many["period"].to_list(),
        process.ratio, process.tolerance_mg * UG_PER_MG, single_first=splits,
    )  # fmt: skip
    ones, firsts = [g[0] for g in groups], [g[1] for g in groups]
    members = [n for first in firsts for n in range(first, first + process.ratio)]
    owners = [one for one in ones for _ in range(process.ratio)]
    one_uid = single["uid"].gather(owners)
    many_uid = many["uid"].gather(members)
    child, parent = (many_uid, one_uid) if splits else (one_uid, many_uid)
    newer = many.select("day", "period")[members] if splits else single.select(
        "day", "period")[owners]  # fmt: skip
    words = f"order, week and gross weight (within {process.tolerance_mg} mg)"
    links = pl.DataFrame({"child_uid": child, "parent_uid": parent}).hstack(newer).with_columns(
        pl.lit("split" if splits else "merged").alias("relation"),
    )  # fmt: skip
    columns = ["child_uid", "parent_uid", "relation", "day", "period"]
    used: list[int | None] = [None] * fed.height
    periods = made["period"].to_list()
    for one, first in groups:
        if splits:
            used[one] = periods[first]
        else:
            used[first : first + process.ratio] = [periods[one]] * process.ratio
    fed = fed.with_columns(pl.Series("used_period", used, dtype=pl.Int64))
    return Descent(
        process, links.select(columns), words, _only(fed), left_over, largest_ug // UG_PER_MG
    )


def _only(fed: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of events that an inventory of what waits in a process needs."""
    weights = [c for c in fed.columns if c.endswith(("_mg", "_category", "_ppb"))]
    own = [c for c in weights if not c.startswith("other_")]
    return fed.select(
        "row", "period", "arrival_period", "used_period", "name", "uid", "weight_ug", *own
    )


def match_in_order(
    singles_ug: list[int],
    single_periods: list[int],
    many_ug: list[int],
    many_periods: list[int],
    ratio: int,
    tolerance_ug: int,
    *,
    single_first: bool,
) -> tuple[list[tuple[int, int]], int, int]:
    """Match single items with runs of `ratio` consecutive items of the same weight.

    Parameters
    ----------
    singles_ug, many_ug : list of int
        Gross weights in order, in micrograms.
    single_periods, many_periods : list of int
        When they left or came; what is made never comes before what it is made of.
    ratio : int
    tolerance_ug : int
    single_first : bool
        Whether the single item is divided (True) or assembled (False).

    Returns
    -------
    tuple
        Pairs of a single item and the first of its run; how many of the items that were made fit
        nothing; the largest difference of weight of a match.
    """
    sums = [0, *accumulate(many_ug)]
    matched: list[tuple[int, int]] = []
    largest = 0
    one = first = 0
    while one < len(singles_ug) and first + ratio <= len(many_ug):
        found = None
        for skip in range(LOOK_AHEAD):
            i, j = (one + skip, first) if single_first else (one, first + skip)
            if i >= len(singles_ug) or j + ratio > len(many_ug):
                break
            difference = abs(singles_ug[i] - sums[j + ratio] + sums[j])
            before, after = single_periods[i], many_periods[j]
            if not single_first:
                before, after = many_periods[j + ratio - 1], single_periods[i]
            if difference <= tolerance_ug and before <= after:
                found = (i, j, difference)
                break
        if found is None:
            first, one = (first + 1, one) if single_first else (first, one + 1)
            continue
        matched.append(found[:2])
        largest = max(largest, found[2])
        one, first = found[0] + 1, found[1] + ratio
    made = len(many_ug) if single_first else len(singles_ug)
    return matched, made - len(matched) * (ratio if single_first else 1), largest
