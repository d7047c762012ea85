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
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from keiryo.process_data.lines import carriage_returns
from keiryo.process_data.locations import Location, Mode
from keiryo.process_data.notes import Notes, shortened
from keiryo.process_data.regular_files import is_there, reason_of, trouble_with

KINDS = ("random", "epoch", "long")
_KEYS = {
    *("id", "kind", "relative_sd", "absolute_sd_kg", "locations", "shared", "per", "epochs_h"),
    *("closing", "basis", "method", "valid_from_h", "valid_to_h", "reference"),
}
BASES = {
    *("mass", "volume", "concentration", "enrichment", "nda", "sampling", "other"),
    *("weight", "weighing", "conc", "enrich"),
}
"""What a source may be about; it is shown, and changes nothing. The last ones are other words."""
LOOKS_LIKE_PERCENT = 0.5
_LARGEST_MB = 10
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
        Standard deviation in kg for each measurement; 0 if there is none. With ``per = "period"``
        for each location and period, however many transfers it has. A transfer listed with 0 kg
        has no error in kg, an inventory that was read as 0 kg has.
    locations : tuple of int
        Numbers of the locations that are measured so.
    shared : bool
        Whether one error is common to all locations.
    per : str
        Of a random source: a new error for each ``sample``, or for each ``period``.
    epochs_h : tuple of float
        Of an epoch source: when each calibration begins.
    closing_new : bool
        Whether a reading (of an inventory, or of a rate) at the very hour of a calibration, or of
        `valid_from_h` or `valid_to_h`, is taken with what begins there.
    valid_from_h, valid_to_h : float
        From when to when things are measured so.
    line : int or None
        Where the source stands in its file.
    left_out : tuple of str
        Keys that say something about this source and were left to their defaults.
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
    left_out: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The id as it is shown in messages."""
        return shortened(self.id)

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
    text = _text(path, notes)
    content = None if text is None else _content(text, file, notes)
    if text is None or content is None:
        return ()
    heads = [
        n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*source", line)
    ]
    strange = [key for key in content if key != "source"]
    for key in strange:
        notes.form(
            "SOURCE-KEY-UNKNOWN", f"{shortened(key)!r} means nothing at the top of {file}",
            "There are only tables [[source]], in double brackets.", file=file,
        )  # fmt: skip
    tables = content.get("source", [])
    if isinstance(tables, dict):
        notes.form(
            "SOURCE-NONE", f"{file} has [source] where [[source]] belongs",
            "Write two brackets on either side: each [[source]] begins one source of a list.",
            file=file,
        )  # fmt: skip
        return ()
    if not isinstance(tables, list) or not tables:
        if not strange:
            notes.form(
                "SOURCE-NONE", f"{file} names no error source",
                "Write at least one table [[source]]: without errors nothing can be tested.",
                file=file,
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
                "SOURCE-TWICE", f"there are two sources {source.label!r}",
                "Give each its own id: measurements that share an id share their error.",
                file=file, line=line,
            )  # fmt: skip
        found[source.id] = source
    return tuple(found.values())


def _text(path: Path, notes: Notes) -> str | None:
    """Return the file as text; None if it is none."""
    file = path.name
    if not is_there(path):
        notes.form(
            "SOURCE-FILE-MISSING", f"there is no file {path}",
            "Give the file of error sources with --sources.", file=file,
        )  # fmt: skip
        return None
    trouble, advice = trouble_with(path, _LARGEST_MB), "Give the file itself with --sources."
    try:
        content = b"" if trouble else path.read_bytes()
        if carriage_returns(content):
            trouble, advice = "ends its lines with carriage returns alone", "Save it as UTF-8 text."
        text = content.decode("utf-8-sig")
    except OSError as error:
        trouble = f"cannot be read: {reason_of(error)}"
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        trouble, advice = f"is not text in UTF-8 (line {line})", "Save it as UTF-8 text."
    if trouble:
        notes.form("SOURCE-FILE-UNREADABLE", f"{file} {trouble}", advice, file=file)
        return None
    return text


def _content(text: str, file: str, notes: Notes) -> dict[str, Any] | None:
    """Return what the text says as TOML; None if it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        at = re.search(r"line (\d+)", str(error))
        what = re.sub(r"\s*\(at .*\)", "", str(error)) if at else "a value cannot be read"
        notes.form(
            "SOURCE-FILE-UNREADABLE",
            f"{file} cannot be read as TOML: {shortened(what[:1].lower() + what[1:], 120)}",
            "Correct the line. Each source begins with [[source]], then key = value.",
            file=file, line=int(at[1]) if at else None,
        )  # fmt: skip
        return None


class _Table:
    """One table of the file, while it is read."""

    def __init__(self, table: Any, file: str, line: int | None, notes: Notes) -> None:
        self.table: Mapping[str, Any] = table if isinstance(table, dict) else {}
        self.file, self.line, self.notes = file, line, notes
        self.sound = True
        name = self.table.get("id")
        self.name = shortened(name) if isinstance(name, str) and name.strip() else "a source"

    def wrong(self, code: str, message: str, advice: str) -> None:
        self.sound = False
        self.notes.form(code, f"{self.name}: {message}", advice, file=self.file, line=self.line)

    def source(self, locations: Sequence[Location]) -> Source | None:
        """Return the source, or None if something of it is wrong."""
        for key in self.table:
            if key not in _KEYS:
                self.wrong(
                    "SOURCE-KEY-UNKNOWN", f"{shortened(key)!r} means nothing",
                    f"The keys are {', '.join(sorted(_KEYS))}.",
                )  # fmt: skip
        name = self.table.get("id", "")
        if not isinstance(name, str):
            self.wrong(
                "SOURCE-VALUE-WRONG", f"the id {_shown(name)} is not text",
                f'Write it in quotation marks: id = "{_shown(name)}".',
            )  # fmt: skip
        elif not name.strip():
            self.wrong("SOURCE-KEY-MISSING", "the id is missing", 'Give it a name: id = "...".')
        self.words()
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
        rates = [locations[n].label for n in numbers if locations[n].mode is Mode.RATE]
        if absolute and rates and (kind, per) != ("random", "period"):
            self.wrong(
                "SOURCE-ABSOLUTE-ON-RATE",
                f"an error in kg cannot be given to each sample of the rate {', '.join(rates)}",
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
            str(self.table["id"]), kind, relative, absolute, numbers, shared, str(per), epochs,
            closing == "new", since, until, self.line, self.left_out(kind, numbers),
        )  # fmt: skip

    def left_out(self, kind: str, numbers: Sequence[int]) -> tuple[str, ...]:
        matters = {"shared": len(numbers) > 1, "per": kind == "random"}
        return tuple(key for key, does in matters.items() if does and key not in self.table)

    def words(self) -> None:
        """Look at what is only told to people."""
        for key in ("basis", "method", "reference"):
            value = self.table.get(key, "")
            if isinstance(value, str) and (
                key != "basis" or not value or value.strip().lower() in BASES
            ):
                continue
            text = _shown(value)
            what = f"basis {text} is not known" if key == "basis" else f"{key} {text} is no text"
            self.notes.warning(
                "SOURCE-BASIS-UNKNOWN", f"{self.name}: {what}",
                "The basis is mass, volume, concentration, enrichment, nda, sampling or other; "
                "method and reference are any text. They change no number.",
                file=self.file, line=self.line,
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
            self.wrong(
                "SOURCE-VALUE-WRONG", f"{key} {_shown(value)} is not known", f"It is {words}."
            )
        return None

    def sd(self, key: str) -> float:
        value = self.table.get(key, 0.0)
        if not _is_number(value) or not 0 <= value < MAX_NUMBER:
            self.wrong(
                "SOURCE-SD-WRONG", f"{key} = {_shown(value)} is not a standard deviation",
                "A standard deviation is a number, not negative and not beyond measure.",
            )  # fmt: skip
            return 0.0
        return float(value)

    def hour(self, key: str, default: float) -> float:
        value = self.table.get(key, default)
        if not _is_number(value) or math.isnan(value) or (key in self.table and math.isinf(value)):
            self.wrong(
                "SOURCE-VALUE-WRONG", f"{key} = {_shown(value)} is no hour",
                "Write the hours since the beginning of the campaign, e.g. 416.0.",
            )  # fmt: skip
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
        names = {place.name: n for n, place in enumerate(locations)}
        known = {*names, "*", *self.notes.rejected_names}
        for name in value:
            if name not in known and locations:
                self.wrong(
                    "SOURCE-LOCATION-UNKNOWN",
                    f"location {shortened(name)!r} is not in locations.csv",
                    "Correct the name, or add the location to locations.csv.",
                )  # fmt: skip
        twice = [name for name, count in Counter(value).items() if count > 1]
        if twice or ("*" in value and len(value) > 1):
            what = f"{shortened(twice[0])!r} is named twice" if twice else '"*" stands among names'
            self.notes.remark(
                "SOURCE-LOCATION-TWICE", f"{self.name}: {what}",
                'Each location counts once, and "*" means all of them: leave the others out.',
                file=self.file, line=self.line,
            )  # fmt: skip
        if "*" in value:
            return tuple(range(len(locations)))
        return tuple(sorted({names[name] for name in value if name in names}))


def _shown(value: object) -> str:
    """Return a value of the file as it is written there."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return "(a list)" if isinstance(value, list) else "(a table)"
    if isinstance(value, int) and abs(value) >= MAX_NUMBER:
        return "(a number beyond measure)"
    return repr(shortened(value, 40)) if isinstance(value, str) else str(value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < MAX_NUMBER
