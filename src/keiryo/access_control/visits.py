"""Visits: from when to when a person was in an area, as the readers recorded it.

An entry of somebody who is inside, and an exit of somebody who is outside, change nothing; both
are told elsewhere. A visit without an exit is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from keiryo.access_control.events import Events
from keiryo.access_control.setup import IN, OUT, Setup
from keiryo.protection.instants import NS

BEFORE = -(2**62)
"""Earlier than every instant: the visit began before the first record."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of persons to areas.

    Attributes
    ----------
    frame : polars.DataFrame
        ``person``, ``area``, ``start_ns`` (`BEFORE` for those who were inside at first),
        ``end_ns`` (null: open), ``start_place``, ``end_place``, ``start_reader``, ``end_reader``;
        by area, person and time.
    repeated : polars.DataFrame
        The events that changed nothing, with ``code`` ``ENTRY_TWICE`` or ``EXIT_WITHOUT_ENTRY``.
    end_ns : int or None
        Until when the records tell.
    begin_ns : int or None
        From when.
    """

    frame: pl.DataFrame
    repeated: pl.DataFrame
    end_ns: int | None
    begin_ns: int | None = None

    def tell_of(self, start_ns: int, end_ns: int) -> bool:
        """Return whether the records tell of any part of a time."""
        if self.begin_ns is None or self.end_ns is None:
            return False
        return start_ns <= self.end_ns and end_ns >= self.begin_ns


def visits_of(events: Events, setup: Setup) -> Visits:
    """Return the visits that records of access make.

    Parameters
    ----------
    events : Events
    setup : Setup
        Who was inside at first, and until when the records tell.
    """
    passed = events.frame.filter(pl.col("granted") & pl.col("person").is_not_null()).select(
        "area", "person", "time_ns", "direction", "reader", "place"
    )
    first = [
        {"area": area.id, "person": person, "time_ns": BEFORE, "direction": IN}
        for area in setup.areas.values()
        for person in area.initial
    ]
    if first:
        start = pl.DataFrame(first, schema=passed.schema)
        passed = pl.concat([start, passed])
    passed = passed.sort("area", "person", maintain_order=True)
    before = pl.col("direction").shift(1, fill_value=OUT).over("area", "person")
    passed = passed.with_columns((pl.col("direction") == before).alias("again"))
    moves = passed.filter(~pl.col("again"))
    following = {
        "end_ns": "time_ns",
        "end_place": "place",
        "end_reader": "reader",
    }
    made = moves.with_columns(
        pl.col(theirs).shift(-1).over("area", "person").alias(ours)
        for ours, theirs in following.items()
    ).filter(pl.col("direction") == IN)
    frame = made.select(
        "person",
        "area",
        pl.col("time_ns").alias("start_ns"),
        "end_ns",
        pl.col("place").alias("start_place"),
        "end_place",
        pl.col("reader").alias("start_reader"),
        "end_reader",
    )
    code = pl.when(pl.col("direction") == IN).then(pl.lit("ENTRY_TWICE"))
    repeated = passed.filter("again").with_columns(
        code.otherwise(pl.lit("EXIT_WITHOUT_ENTRY")).alias("code")
    )
    ends = [one for one in (events.last_ns, setup.log_end_ns) if one is not None]
    first_ns = events.frame.select(pl.col("time_ns").min()).item()
    begin = first_ns if setup.log_start_ns is None else setup.log_start_ns
    return Visits(frame, repeated.sort("time_ns", "place"), max(ends, default=None), begin)


def during(visits: Visits, area: str, start_ns: int, end_ns: int) -> pl.DataFrame:
    """Return the visits to an area that touch a time, the ends included."""
    found = visits.frame.filter(
        (pl.col("area") == area)
        & (pl.col("start_ns") <= end_ns)
        & (pl.col("end_ns").is_null() | (pl.col("end_ns") >= start_ns))
    )
    return found.sort("start_ns", "person")


def persons_at(visits: Visits, area: str, at_ns: int) -> list[str]:
    """Return who was in an area at an instant: entered then or before, and left after it."""
    found = visits.frame.filter(
        (pl.col("area") == area)
        & (pl.col("start_ns") <= at_ns)
        & (pl.col("end_ns").is_null() | (pl.col("end_ns") > at_ns))
    )
    return sorted(found["person"].unique())


@dataclass(frozen=True, slots=True)
class Presence:
    """That a person was in an area while something happened.

    Attributes
    ----------
    person, area : str
    start_ns, end_ns : int or None
        Of the visit; None: before the first record, or not ended.
    whole : bool
        Whether the person was there for all of the time that is asked for.
    certain : bool
        Whether the clocks of the readers are known well enough for it: False where the visit
        touches the time only within what they may be off, or where that is not known.
    places : tuple of int
        The records of entry and exit.
    """

    person: str
    area: str
    start_ns: int | None
    end_ns: int | None
    whole: bool
    certain: bool
    places: tuple[int, ...]


def who_was_there(
    visits: Visits, setup: Setup, areas: Iterable[str], start_ns: int, end_ns: int
) -> list[Presence]:
    """Return who was in some areas at a time, and who may have been.

    Somebody whose clock bounds reach into the time, while the recorded times do not, is named as
    not certain: for a question of who may have touched something nobody is left out by a clock.
    """
    widest = max((int(one * NS) for one in setup.max_offset_s.values()), default=0)
    found = []
    for area in dict.fromkeys(areas):
        near = during(visits, area, start_ns - widest, end_ns + widest)
        for row in near.iter_rows(named=True):
            one = _presence(row, setup.max_offset_s, start_ns, end_ns)
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda one: (one.area, one.start_ns or BEFORE, one.person))


def _presence(row: dict[str, Any], offsets: Any, start_ns: int, end_ns: int) -> Presence | None:
    begin, end = int(row["start_ns"]), row["end_ns"]
    slack_in = _slack(offsets, row["start_reader"]) if begin != BEFORE else 0
    slack_out = _slack(offsets, row["end_reader"]) if end is not None else 0
    if begin - (slack_in or 0) > end_ns or (end is not None and end + (slack_out or 0) < start_ns):
        return None
    unknown = slack_in is None or slack_out is None
    sure = begin + (slack_in or 0) <= end_ns and (end is None or end - (slack_out or 0) >= start_ns)
    return Presence(
        str(row["person"]),
        str(row["area"]),
        None if begin == BEFORE else begin,
        None if end is None else int(end),
        begin <= start_ns and (end is None or end >= end_ns),
        sure and not unknown,
        tuple(int(row[n]) for n in ("start_place", "end_place") if row[n] is not None),
    )


def _slack(offsets: Any, reader: str | None) -> int | None:
    bound: Fraction | None = offsets.get(reader)
    return None if bound is None else int(bound * NS)
