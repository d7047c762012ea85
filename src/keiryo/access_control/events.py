"""Records of an access control system: who was let through or turned away, where and when."""

from __future__ import annotations

import datetime
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from keiryo.access_control.setup import GRANTED, IGNORED, ISO, Setup
from keiryo.access_control.table_files import Problems, Table, read_table
from keiryo.protection.inputs import NAME_LENGTH, Problem, Warning, raise_problems
from keiryo.protection.instants import UnreadableTimeError, time_ns

_SEQ = r"^[+-]?\d{1,18}$"
_REASON_LENGTH = 200
MOST_WARNINGS = 1_000
"""Warnings of one code that are listed; the next one says that there are more."""


@dataclass(frozen=True, slots=True)
class Events:
    """Records of access in the order of time, sequence number and place in the file.

    Attributes
    ----------
    frame : polars.DataFrame
        ``time_ns`` (UTC), ``person`` (null: an unknown card), ``reader``, ``area``, ``direction``
        (``in``, ``out``; null where a record of a denied attempt has none), ``granted``,
        ``reason``, ``seq``, ``place``.
    pointer : str
        What `place` counts: ``line`` or ``record``.
    last_ns : int or None
        The last record of the whole file.
    ignored : int
        Records that are no attempt to pass.
    sha256 : str
        Of the file.
    warnings : tuple of Warning
    """

    frame: pl.DataFrame
    pointer: str
    last_ns: int | None
    ignored: int
    sha256: str
    warnings: tuple[Warning, ...]


def read_events_file(path: Path | str, setup: Setup) -> Events:
    """Read the records of a CSV or JSON file.

    Parameters
    ----------
    path : Path or str
    setup : Setup
        What the columns and words of the file mean.

    Raises
    ------
    InputError
        With everything that is wrong in it: ``COLUMN_MISSING``, ``EMPTY_FIELD``, ``NAME``,
        ``TIME``, ``TIME_AMBIGUOUS``, ``LOG_START``, ``LOG_END``, ``DIRECTION``, ``RESULT``,
        ``TYPE`` and what `read_table` tells, each with its line or record.
    """
    return read_events(read_table(path, dict(setup.columns), required_columns(setup)), setup)


def required_columns(setup: Setup) -> tuple[str, ...]:
    """Return the columns that a file must have."""
    always = ("time", "person", "reader")
    fixed = setup.doors and all(one.direction for one in setup.doors.values())
    return (*always, *(() if setup.doors else ("area",)), *(() if fixed else ("direction",)))


def read_events(table: Table, setup: Setup) -> Events:
    """Read records from the rows of a file; raises as `read_events_file`."""
    problems = Problems()
    frame = _meant(table, setup)
    checked = Table(frame, table.pointer, table.extra, table.sha256)
    _check_words(checked, problems)
    frame = frame.with_columns(_times(checked, setup, problems))
    raise_problems(problems.listed)
    warnings = [
        Warning("EXTRA_COLUMN", "line 1" if table.pointer == "line" else "", told)
        for told in ["A column is not known and was not read."] * len(table.extra)
    ]
    last = frame.select(pl.col("time_ns").max()).item()
    _check_span(frame, setup)
    ignored = frame.filter(pl.col("result") == IGNORED).height
    frame = frame.filter(pl.col("result") != IGNORED)
    strange = ~pl.col("area").is_in(list(setup.areas))
    told = "There is no area for this reader in the setup; the record is not evaluated."
    warnings += _warnings(frame.filter(strange), table.pointer, "READER_WITHOUT_AREA", told)
    frame, doubled = _without_doubles(frame.filter(~strange))
    told = "The same record stands in the file already; it counts once."
    warnings += _warnings(doubled, table.pointer, "DUPLICATE_EVENT", told)
    made = frame.sort("time_ns", "seq", "place", maintain_order=True).select(
        *("time_ns", "person", "reader", "area", "direction"),
        (pl.col("result") == GRANTED).alias("granted"),
        *("reason", "seq", "counted", "place"),
    )
    return Events(made, table.pointer, last, ignored, table.sha256, tuple(warnings))


def _meant(table: Table, setup: Setup) -> pl.DataFrame:
    """Return the rows with the words of the export replaced by what they mean."""
    names = ("time", "person", "reader", "area", "direction", "result", "reason", "seq")
    frame = table.frame.with_columns(pl.col(name).str.strip_chars(" \t") for name in names)
    doors = setup.doors.values()
    area = pl.col("reader").replace_strict(
        {one.id: one.area for one in doors}, default=pl.lit(""), return_dtype=pl.String
    )
    fixed = {one.id: one.direction for one in doors if one.direction is not None}
    door_direction = pl.col("reader").replace_strict(
        fixed, default=pl.lit(""), return_dtype=pl.String
    )
    unknown = list(setup.unknown_persons)
    meaning = {
        "result": ({"": GRANTED, **setup.results}),
        "direction": {"": "", **setup.directions},
    }
    words = [
        pl.col(name).replace_strict(known, default=None, return_dtype=pl.String).alias(name)
        for name, known in meaning.items()
    ]
    frame = frame.with_columns(
        pl.when(pl.col("person").is_in(unknown))
        .then(None)
        .otherwise(pl.col("person"))
        .alias("person"),
        pl.when(area != "").then(area).otherwise(pl.col("area")).alias("area"),
        *words,
    )
    return frame.with_columns(
        pl.when(door_direction != "")
        .then(door_direction)
        .otherwise(pl.col("direction"))
        .alias("direction"),
    )


def _check_words(table: Table, problems: Problems) -> None:
    """Note what may not stand in a row; records that are ignored are looked at for their result."""
    attempt = pl.col("result").is_null() | (pl.col("result") != IGNORED)
    granted = pl.col("result") == GRANTED
    note = problems.note_rows
    told = "The result is none of those that the setup names as granted, denied or ignored."
    note(table, "RESULT", pl.col("result").is_null(), told)
    told = "The direction is none of those that the setup names as in or out."
    note(table, "DIRECTION", attempt & pl.col("direction").is_null(), told)
    told = "An access that was granted has no direction."
    note(table, "DIRECTION", granted & (pl.col("direction") == ""), told)
    for name in ("person", "reader", "area"):
        told = f"The {name} is empty."
        if name == "person":
            told += " If that means a card that is not known, list it under unknown_persons."
        if name == "area":  # a reader without an area is a warning
            continue
        note(table, "EMPTY_FIELD", attempt & (pl.col(name) == ""), told)
    for name, most in (("person", NAME_LENGTH), ("reader", NAME_LENGTH), ("area", NAME_LENGTH)):
        told = f"The {name} is longer than {most} characters or has control characters in it."
        wrong = table.frame[name].unique().drop_nulls().to_list()
        odd = [one for one in wrong if len(one) > most or _is_odd(one)]
        if odd:
            note(table, "NAME", pl.col(name).is_in(odd), told)
    told = f"The reason is longer than {_REASON_LENGTH} characters."
    note(table, "NAME", pl.col("reason").str.len_chars() > _REASON_LENGTH, told)
    told = "The sequence number is no whole number of 18 digits at most."
    note(table, "TYPE", (pl.col("seq") != "") & ~pl.col("seq").str.contains(_SEQ), told)


def _is_odd(text: str) -> bool:
    return any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in text)


def _times(table: Table, setup: Setup, problems: Problems) -> list[pl.Series]:
    """Return the times in nanoseconds of UTC, and the sequence numbers."""
    known: dict[str, int] = {}
    wrong: dict[str, tuple[str, str]] = {}
    for text in table.frame["time"].unique():
        try:
            known[text] = moment(text, setup)
        except UnreadableTimeError as error:
            wrong[text] = (error.code, str(error))
    if wrong:
        rows = table.frame.filter(pl.col("time").is_in(list(wrong)))
        for text, place in zip(rows["time"], rows["place"], strict=True):
            problems.note(wrong[text][0], table.at(place), wrong[text][1])
    times = table.frame["time"].replace_strict(known, default=0, return_dtype=pl.Int64)
    counted = table.frame["seq"] != ""
    number = table.frame["seq"].cast(pl.Int64, strict=False)
    return [
        times.alias("time_ns"),
        number.fill_null(table.frame["place"].cast(pl.Int64)).alias("seq"),
        counted.alias("counted"),
    ]


def moment(text: str, setup: Setup) -> int:
    """Return a time of the export in nanoseconds of UTC.

    Raises
    ------
    UnreadableTimeError
        If it is no time, or a local time that does not exist or occurs twice.
    """
    if setup.time_format == ISO:
        return time_ns(text, setup.timezone)
    try:
        found = datetime.datetime.strptime(text, setup.time_format)
    except ValueError:
        raise UnreadableTimeError("TIME", "The time is not in the form of the setup.") from None
    return time_ns(found.isoformat(), setup.timezone)


def _check_span(frame: pl.DataFrame, setup: Setup) -> None:
    """Refuse records outside the time for which the setup says that they tell."""
    first, last = (frame.select(edge).item() for edge in _EDGES)
    problems = []
    if first is not None and setup.log_start_ns is not None and first < setup.log_start_ns:
        problems.append(
            Problem("LOG_START", "", "A record lies before the log_start of the setup.")
        )
    if last is not None and setup.log_end_ns is not None and last > setup.log_end_ns:
        problems.append(Problem("LOG_END", "", "A record lies after the log_end of the setup."))
    raise_problems(problems)


_EDGES = (pl.col("time_ns").min(), pl.col("time_ns").max())


def _without_doubles(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records once each, and those that stand in the file again."""
    same = [name for name in frame.columns if name not in ("place", "seq", "time")]
    own = pl.when(pl.col("counted")).then(pl.col("seq")).otherwise(0).alias("own")
    first = frame.select(pl.struct(*same, own).is_first_distinct()).to_series()
    return frame.filter(first), frame.filter(~first)


def _warnings(frame: pl.DataFrame, pointer: str, code: str, told: str) -> list[Warning]:
    found = [Warning(code, f"{pointer} {p}", told) for p in frame["place"].head(MOST_WARNINGS)]
    if frame.height > MOST_WARNINGS:
        more = f"There are {frame.height - MOST_WARNINGS} more of these."
        found.append(Warning(code, f"{pointer} {frame['place'][MOST_WARNINGS]}", more))
    return found
