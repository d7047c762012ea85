"""Checks of single passages: was it authorised, was it tried too often, do counters agree."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keiryo.access_control.authorisations import NEVER, Authorisations
from keiryo.access_control.events import Events
from keiryo.access_control.findings import AccessFinding
from keiryo.access_control.setup import DIRECTIONS, IN, Setup
from keiryo.access_control.table_files import Problems, read_table
from keiryo.access_control.visits import Visits
from keiryo.protection.inputs import raise_problems
from keiryo.protection.instants import UnreadableTimeError, time_ns

_AUTH_TOLD = {
    "AUTH_NONE": "There is no authorisation for this person and area.",
    "AUTH_EXPIRED": "The authorisation had ended.",
    "AUTH_NOT_YET": "The authorisation had not begun.",
    "EXCLUDED": "The person is excluded from the area.",
    "TRAINING_EXPIRED": "The training had run out.",
    "CHECK_EXPIRED": "The check of trustworthiness had run out.",
}


def merged(authorisations: pl.DataFrame) -> pl.DataFrame:
    """Return the times of rows with ``person, area, from_ns, to_ns``, joined where they touch.

    Sorted by start within a person and area; no two of the times touch.
    """
    keys = ["person", "area"]
    frame = authorisations.filter(pl.col("from_ns") < pl.col("to_ns")).sort(*keys, "from_ns")
    reach = pl.col("to_ns").cum_max().shift(1).over(keys)
    begins = (pl.col("from_ns") > reach).fill_null(True)
    frame = frame.with_columns(begins.cum_sum().over(keys).alias("run"))
    joined = frame.group_by(*keys, "run", maintain_order=True).agg(
        pl.col("from_ns").min(), pl.col("to_ns").max()
    )
    return joined.drop("run").sort("from_ns")


def holds(
    entries: pl.DataFrame, times: pl.DataFrame, name: str, at: str = "time_ns"
) -> pl.DataFrame:
    """Return entries with the end of the time of their person and area that they fall into.

    Parameters
    ----------
    entries : polars.DataFrame
        With ``person``, ``area`` and the instant `at`.
    times : polars.DataFrame
        As `merged` returns them.
    name : str
        The new column; null: no time began by then. It is `at` or earlier where it had ended.
    """
    return (
        entries.sort(at)
        .join_asof(
            times.rename({"to_ns": name}),
            left_on=at,
            right_on="from_ns",
            by=["person", "area"],
            strategy="backward",
            check_sortedness=False,
        )
        .drop("from_ns", strict=False)
    )


def check_authorised(
    events: Events, visits: Visits, authorisations: Authorisations
) -> Iterator[AccessFinding]:
    """Yield entries without an authorisation that holds, and visits that outlast theirs."""
    granted = authorisations.frame.filter(~pl.col("excluded"))
    entries = events.frame.filter(
        pl.col("granted") & (pl.col("direction") == IN) & pl.col("person").is_not_null()
    )
    entries = holds(entries, merged(granted), "until")
    known = granted.select("person", "area").unique().with_columns(pl.lit(True).alias("known"))
    entries = entries.join(known, on=["person", "area"], how="left")
    valid = (pl.col("time_ns") < pl.col("until")).fill_null(False)
    wrong = (
        pl.when(valid).then(None).when(pl.col("until").is_not_null()).then(pl.lit("AUTH_EXPIRED"))
    )
    code = wrong.when(pl.col("known").fill_null(False)).then(pl.lit("AUTH_NOT_YET"))
    entries = entries.with_columns(code.otherwise(pl.lit("AUTH_NONE")).alias("code"))
    yield from _told(entries.filter(pl.col("code").is_not_null()))
    excluded = merged(authorisations.frame.filter("excluded"))
    shut = holds(entries.drop("code"), excluded, "shut").filter(pl.col("time_ns") < pl.col("shut"))
    yield from _told(shut.with_columns(pl.lit("EXCLUDED").alias("code")))
    sound = entries.filter(pl.col("code").is_null()).drop("code")
    for column, name in (("training_ns", "TRAINING_EXPIRED"), ("check_ns", "CHECK_EXPIRED")):
        while_held = merged(granted.with_columns(pl.min_horizontal("to_ns", column).alias("to_ns")))
        late = holds(sound, while_held, "held").filter(
            ~(pl.col("time_ns") < pl.col("held")).fill_null(False)
        )
        yield from _told(late.with_columns(pl.lit(name).alias("code")))
    yield from _outstayed(visits, merged(granted))


def _told(rows: pl.DataFrame) -> Iterator[AccessFinding]:
    for row in rows.iter_rows(named=True):
        yield AccessFinding(
            *(row["code"], row["area"], row["person"], row["reader"], row["time_ns"], None),
            (int(row["place"]),),
            _AUTH_TOLD[row["code"]],
        )


def _outstayed(visits: Visits, times: pl.DataFrame) -> Iterator[AccessFinding]:
    """Yield visits that were authorised when they began and went on when that had ended."""
    end = NEVER if visits.end_ns is None else visits.end_ns
    long = holds(visits.frame, times, "until", "start_ns").filter(
        (pl.col("start_ns") < pl.col("until")) & (pl.col("end_ns").fill_null(end) > pl.col("until"))
    )
    for row in long.iter_rows(named=True):
        places = tuple(int(row[n]) for n in ("start_place", "end_place") if row[n] is not None)
        yield AccessFinding(
            *("AUTH_EXPIRED", row["area"], row["person"], row["end_reader"]),
            *(int(row["until"]), row["end_ns"], places),
            "The person stayed when the authorisation had ended.",
        )


def check_unknown(events: Events) -> Iterator[AccessFinding]:
    """Yield passages that were granted to a card that is not known."""
    rows = events.frame.filter(pl.col("granted") & pl.col("person").is_null())
    for row in rows.iter_rows(named=True):
        yield AccessFinding(
            *("GRANTED_UNKNOWN", row["area"], None, row["reader"], row["time_ns"], None),
            (int(row["place"]),),
            "Access was granted and no person is named.",
        )


def check_denied(events: Events, setup: Setup) -> Iterator[AccessFinding]:
    """Yield bursts of denied attempts: by person, or by reader where the card is not known."""
    least, within = setup.denied_attempts, setup.denied_within_ns
    if least < 2:
        return
    denied = events.frame.filter(~pl.col("granted"))
    key = pl.struct(
        "person", pl.when(pl.col("person").is_null()).then(pl.col("reader")).alias("reader")
    )
    denied = denied.with_columns(key.alias("key")).sort("key", "time_ns", "seq", "place")
    span = pl.col("time_ns") - pl.col("time_ns").shift(least - 1).over("key")
    denied = denied.with_columns((span <= within).fill_null(False).alias("burst"))
    denied = denied.with_row_index("at")
    last: list[int] = []
    bursts: list[list[int]] = []
    for at in denied.filter("burst")["at"]:
        if last and at - last[-1] < least and denied["key"][at] == denied["key"][last[-1]]:
            bursts[-1][1] = at
        else:
            bursts.append([at - least + 1, at])
        last = [at]
    for first, final in bursts:
        rows = denied.slice(first, final - first + 1)
        areas, readers = rows["area"].unique(), rows["reader"].unique()
        yield AccessFinding(
            "DENIED_BURST",
            areas[0] if len(areas) == 1 else None,
            rows["person"][0],
            readers[0] if len(readers) == 1 else None,
            int(rows["time_ns"][0]),
            int(rows["time_ns"][-1]),
            tuple(int(one) for one in rows["place"]),
            f"{rows.height} attempts were turned away.",
        )


def check_clocks(events: Events) -> Iterator[AccessFinding]:
    """Yield where a reader counted on while its clock went back."""
    frame = events.frame.filter("counted").sort("reader", "seq", "place")
    before = pl.col("time_ns").shift(1).over("reader")
    frame = frame.with_columns(
        before.alias("before"), pl.col("place").shift(1).over("reader").alias("place_before")
    )
    for row in frame.filter(pl.col("time_ns") < pl.col("before")).iter_rows(named=True):
        back = (row["before"] - row["time_ns"]) / 1e9
        yield AccessFinding(
            *("CLOCK_REGRESSION", row["area"], None, row["reader"], row["time_ns"], row["before"]),
            (int(row["place_before"]), int(row["place"])),
            f"The clock of the reader went back by {back:g} s.",
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """How many passages a counter at a reader saw in a time, from start and before end."""

    reader: str
    direction: str | None
    start_ns: int
    end_ns: int
    passages: int
    place: int


def read_counters_file(path: Path | str, timezone: datetime.tzinfo) -> list[Counted]:
    """Read what counters saw: ``reader, start, end, passages``, optionally ``direction``.

    Raises
    ------
    InputError
        ``EMPTY_FIELD``, ``TIME``, ``TIME_AMBIGUOUS``, ``DATE_ORDER``, ``DIRECTION``, ``TYPE``.
    """
    names = ("reader", "direction", "start", "end", "passages")
    needed = ("reader", "start", "end", "passages")
    table = read_table(path, {name: name for name in names}, needed)
    problems, found = Problems(), []
    for row in table.frame.iter_rows(named=True):
        at, times = table.at(row["place"]), {}
        for name in ("start", "end"):
            try:
                times[name] = time_ns(row[name], timezone)
            except UnreadableTimeError as error:
                problems.note(error.code, at, f"The {name}: {error}")
        if not row["reader"]:
            problems.note("EMPTY_FIELD", at, "The reader is empty.")
        if row["direction"] not in ("", *DIRECTIONS):
            problems.note("DIRECTION", at, "It is in or out, or empty for both.")
        number = row["passages"]
        if not (number.isascii() and number.isdigit() and len(number) <= 9):
            problems.note("TYPE", at, "The passages are no whole number.")
        elif len(times) == 2 and times["end"] <= times["start"]:
            problems.note("DATE_ORDER", at, "It ends before it begins.")
        elif len(times) == 2:
            made = (row["reader"], row["direction"] or None, times["start"], times["end"])
            found.append(Counted(*made, int(number), int(row["place"])))
    raise_problems(problems.listed)
    return found


def check_counters(
    events: Events, setup: Setup, counters: Iterable[Counted]
) -> Iterator[AccessFinding]:
    """Yield counters that saw more or fewer passages than accesses were granted."""
    frame = events.frame.filter("granted")
    for one in counters:
        there = (pl.col("reader") == one.reader) & pl.col("time_ns").is_between(
            one.start_ns, one.end_ns, closed="left"
        )
        if one.direction is not None:
            there &= pl.col("direction") == one.direction
        rows = frame.filter(there)
        more = one.passages - rows.height
        if abs(more) <= setup.counter_tolerance:
            continue
        door = setup.doors.get(one.reader)
        yield AccessFinding(
            "TAILGATING" if more > 0 else "COUNTER_FEWER",
            rows["area"][0] if rows.height else None if door is None else door.area,
            None,
            one.reader,
            one.start_ns,
            one.end_ns,
            tuple(int(place) for place in rows["place"]),
            f"The counter saw {one.passages} passages; {rows.height} accesses were granted.",
        )
