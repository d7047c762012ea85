"""Error sources of a plant, as written in a TOML file: which instrument errs how, and where.

Every ``[[source]]`` is one cause of measurement error: *random* (new for each measurement),
*epoch* (constant from one calibration to the next) or *long* (constant for the whole campaign).
Measurements that share a source share its error.

Source of the three levels: random, short-term and long-term systematic errors, e.g. Burr et al.,
EPJ Nuclear Sci. Technol. 2 (2016) 36.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from keiryo.process_data.locations import Location, Mode
from keiryo.process_data.notes import Notes

KINDS = ("random", "epoch", "long")
_KEYS = {
    *("id", "kind", "relative_sd", "absolute_sd_kg", "locations", "shared", "per", "epochs_h"),
    *("closing", "basis", "method", "valid_from_h", "valid_to_h", "reference"),
}
LOOKS_LIKE_PERCENT = 0.5
MAX_NUMBER = 1e12
"""No hour and no standard deviation of a plant is as large as this."""
_ONE_PER_PERIOD = (
    'A reading of a rate is kg/h: give an error in kg only with kind = "random" and '
    'per = "period", or as relative_sd.'
)


@dataclass(frozen=True, slots=True)
class Source:
    """One cause of measurement error.

    Attributes
    ----------
    id, kind : str
    relative_sd : float
        Standard deviation as a fraction of the amount; 0 if there is none.
    absolute_sd_kg : float
        Standard deviation in kg for each measurement; 0 if there is none.
    locations : tuple of int
        Numbers of the locations that are measured so.
    shared : bool
        Whether one error is common to all locations.
    per : str
        Of a random source: a new error for each ``sample``, or for each ``period``.
    epochs_h : tuple of float
        Of an epoch source: when each calibration begins.
    closing_new : bool
        Whether an inventory at the hour of a calibration is measured with the new one.
    valid_from_h, valid_to_h : float
        From when to when things are measured so.
    line : int or None
        Where the source stands in its file.
    """

    id: str
    kind: str
    relative_sd: float
    absolute_sd_kg: float
    locations: tuple[int, ...]
    shared: bool = False
    per: str = "sample"
    epochs_h: tuple[float, ...] = ()
    closing_new: bool = True
    valid_from_h: float = -math.inf
    valid_to_h: float = math.inf
    line: int | None = None

    @property
    def by_hour(self) -> bool:
        """Whether its locations share an error at each hour."""
        return self.kind == "random" and self.shared and self.per == "sample"

    @property
    def marks_h(self) -> tuple[float, ...]:
        """The hours at which something changes for this source."""
        limits = (self.valid_from_h, self.valid_to_h)
        return (*self.epochs_h, *(h for h in limits if math.isfinite(h)))


def read_sources(path: Path, locations: Sequence[Location], notes: Notes) -> tuple[Source, ...]:
    """Return the error sources of a file; what is wrong goes to `notes`."""
    file = path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = tomllib.loads(text)
    except FileNotFoundError:
        notes.form(
            "SOURCE-FILE-MISSING", f"there is no file {path}",
            "Give the file of error sources with --sources.", file=file,
        )  # fmt: skip
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        at = re.search(r"line (\d+)", str(error))
        notes.form(
            "SOURCE-FILE-UNREADABLE", f"{file} cannot be read as TOML: {error}",
            "Correct the line. Each source begins with [[source]], then key = value.",
            file=file, line=int(at[1]) if at else None,
        )  # fmt: skip
        return ()
    heads = [
        n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*source", line)
    ]
    for key in content:
        if key != "source":
            notes.form(
                "SOURCE-KEY-UNKNOWN", f"{key!r} means nothing at the top of {file}",
                "There are only tables [[source]].", file=file,
            )  # fmt: skip
    tables = content.get("source", [])
    if not isinstance(tables, list) or not tables:
        notes.form(
            "SOURCE-NONE", f"{file} names no error source",
            "Write at least one table [[source]]: without errors nothing can be tested.", file=file,
        )  # fmt: skip
        return ()
    found: dict[str, Source] = {}
    for number, table in enumerate(tables):
        line = heads[number] if number < len(heads) else None
        source = _Table(table, file, line, notes).source(locations)
        if source is None:
            continue
        if source.id in found:
            notes.form(
                "SOURCE-TWICE", f"there are two sources {source.id!r}",
                "Give each its own id: measurements that share an id share their error.",
                file=file, line=line,
            )  # fmt: skip
        found[source.id] = source
    return tuple(found.values())


class _Table:
    """One table of the file, while it is read."""

    def __init__(self, table: Any, file: str, line: int | None, notes: Notes) -> None:
        self.table: Mapping[str, Any] = table if isinstance(table, dict) else {}
        self.file, self.line, self.notes = file, line, notes
        self.sound = True
        name = self.table.get("id")
        self.name = name if isinstance(name, str) else "a source"

    def wrong(self, code: str, message: str, advice: str) -> None:
        self.sound = False
        self.notes.form(code, f"{self.name}: {message}", advice, file=self.file, line=self.line)

    def source(self, locations: Sequence[Location]) -> Source | None:
        """Return the source, or None if something of it is wrong."""
        for key in self.table:
            if key not in _KEYS:
                self.wrong(
                    "SOURCE-KEY-UNKNOWN", f"{key!r} means nothing",
                    f"The keys are {', '.join(sorted(_KEYS))}.",
                )  # fmt: skip
        if not isinstance(self.table.get("id"), str) or not self.table["id"].strip():
            self.wrong("SOURCE-KEY-MISSING", "the id is missing", "Give it a name: id = '...'.")
        kind = self.choice("kind", KINDS, None)
        per = self.choice("per", ("sample", "period"), "sample")
        closing = self.choice("closing", ("new", "old"), "new")
        shared = self.table.get("shared", False)
        if not isinstance(shared, bool):
            self.wrong("SOURCE-VALUE-WRONG", "shared is not true or false", "Write true or false.")
        relative, absolute = self.sd("relative_sd"), self.sd("absolute_sd_kg")
        if not {"relative_sd", "absolute_sd_kg"} & set(self.table):
            self.wrong(
                "SOURCE-KEY-MISSING", "there is no standard deviation",
                "Give relative_sd (a fraction: 0.005 is half a per cent), absolute_sd_kg, or both.",
            )  # fmt: skip
        if relative >= LOOKS_LIKE_PERCENT:
            self.notes.warning(
                "SOURCE-SD-LARGE", f"{self.name}: a relative standard deviation of {relative}",
                "It is a fraction and not per cent: half a per cent is 0.005.",
                file=self.file, line=self.line,
            )  # fmt: skip
        numbers = self.places(locations)
        rates = [locations[n].name for n in numbers if locations[n].mode is Mode.RATE]
        if absolute and rates and (kind, per) != ("random", "period"):
            self.wrong(
                "SOURCE-ABSOLUTE-ON-RATE",
                f"an error in kg cannot be given to each reading of the rate {', '.join(rates)}",
                _ONE_PER_PERIOD,
            )  # fmt: skip
        since, until = self.hour("valid_from_h", -math.inf), self.hour("valid_to_h", math.inf)
        if since >= until:
            self.wrong(
                "SOURCE-VALUE-WRONG", "valid_to_h is not after valid_from_h", "Correct one of them."
            )
        epochs = self.epochs(kind)
        if "per" in self.table and kind != "random" and kind is not None:
            self.unused("per", "random")
        if not self.sound or kind is None:
            return None
        return Source(
            self.name, kind, relative, absolute, numbers, shared, str(per), epochs,
            closing == "new", since, until, self.line,
        )  # fmt: skip

    def unused(self, key: str, kind: str) -> None:
        self.notes.warning(
            "SOURCE-KEY-UNUSED", f"{self.name}: {key} means nothing for this kind",
            f"{key} belongs to kind = {kind!r}; it was left out of account.",
            file=self.file, line=self.line,
        )  # fmt: skip

    def choice(self, key: str, allowed: Sequence[str], default: str | None) -> str | None:
        value = self.table.get(key, default)
        if value in allowed:
            return str(value)
        words = " or ".join(allowed)
        if value is None:
            self.wrong("SOURCE-KEY-MISSING", f"{key} is missing", f"It is {words}.")
        else:
            self.wrong("SOURCE-VALUE-WRONG", f"{key} {value!r} is not known", f"It is {words}.")
        return None

    def sd(self, key: str) -> float:
        value = self.table.get(key, 0.0)
        if not _is_number(value) or not 0 <= value < MAX_NUMBER:
            self.wrong(
                "SOURCE-SD-WRONG", f"{key} = {value!r:.40} is not a standard deviation",
                "A standard deviation is a number, not negative and not beyond measure.",
            )  # fmt: skip
            return 0.0
        return float(value)

    def hour(self, key: str, default: float) -> float:
        value = self.table.get(key, default)
        if not _is_number(value) or math.isnan(value) or (key in self.table and math.isinf(value)):
            self.wrong(
                "SOURCE-VALUE-WRONG", f"{key} = {value!r:.40} is no hour", "Write e.g. 416.0."
            )
            return default
        return round(float(value), 9)

    def epochs(self, kind: str | None) -> tuple[float, ...]:
        value = self.table.get("epochs_h")
        if kind != "epoch":
            if value is not None and kind is not None:
                self.unused("epochs_h", "epoch")
            return ()
        good = isinstance(value, list) and value and all(_is_number(v) for v in value)
        if not good or not all(math.isfinite(v) for v in value or ()):
            self.wrong(
                "SOURCE-EPOCHS-WRONG", "epochs_h is no list of hours",
                "List the hour at which each calibration begins: epochs_h = [0, 832].",
            )  # fmt: skip
            return ()
        hours = tuple(round(float(v), 9) for v in value or ())
        if any(b <= a for a, b in pairwise(hours)):
            self.wrong(
                "SOURCE-EPOCHS-WRONG", "the hours of epochs_h do not grow",
                "List each beginning once, the earliest first.",
            )  # fmt: skip
        return hours

    def places(self, locations: Sequence[Location]) -> tuple[int, ...]:
        value = self.table.get("locations")
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            self.wrong(
                "SOURCE-LOCATION-UNKNOWN", "locations is no list of names",
                'Write locations = ["name", ...], or locations = ["*"] for all.',
            )  # fmt: skip
            return ()
        if "*" in value:
            return tuple(range(len(locations)))
        names = {place.name: n for n, place in enumerate(locations)}
        for name in value:
            if name not in names and locations:
                self.wrong(
                    "SOURCE-LOCATION-UNKNOWN", f"location {name!r} is not in locations.csv",
                    "Correct the name, or add the location to locations.csv.",
                )  # fmt: skip
        return tuple(sorted({names[name] for name in value if name in names}))


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < MAX_NUMBER
