"""Profile files: the tables of the shipped profiles, and those that a State writes for itself.

A file is TOML with any of the tables ``[[profile]]``, ``[[duty]]`` and ``[[code_table]]``, in the
form of the shipped ``profiles.toml``, ``duties.toml`` and ``national_codes.toml``. A profile of
one's own may be ``like`` a shipped one and then says only what differs. Every problem of a file
is a finding; nothing of a file with findings is used.

The form is a choice of keiryo.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from keiryo.data import read_table
from keiryo.duty_rules import BASES, OFFSETS, TRIGGERS, WEEKDAYS, WEEKENDS
from keiryo.errors import Finding, Severity

MAX_BYTES = 1_000_000
"""Size of the largest profile file that is read."""

CATEGORY_LETTERS = "NDELHUPT"
STATUSES = ("verified", "unverified", "design")
AREA_TYPES = ("item", "bulk", "LOF")


@dataclass(frozen=True, slots=True)
class ProfileTables:
    """Rows of profiles, duties and code tables: the shipped ones, or those of files."""

    profiles: tuple[Mapping[str, Any], ...] = ()
    duties: tuple[Mapping[str, Any], ...] = ()
    code_tables: tuple[Mapping[str, Any], ...] = ()

    def __add__(self, other: ProfileTables) -> ProfileTables:
        """Put two sets of tables together."""
        return ProfileTables(
            self.profiles + other.profiles,
            self.duties + other.duties,
            self.code_tables + other.code_tables,
        )

    def names(self) -> tuple[str, ...]:
        """Return the names of the profiles."""
        return tuple(dict.fromkeys(str(row["name"]) for row in self.profiles))


def shipped_tables() -> ProfileTables:
    """Return the tables that keiryo ships."""
    return ProfileTables(
        tuple(read_table("profiles")["profile"]),
        tuple(read_table("duties")["duty"]),
        tuple(read_table("national_codes")["code_table"]),
    )


def read_profile_files(paths: Iterable[Path]) -> tuple[ProfileTables, list[Finding]]:
    """Read profile files from disk.

    Returns
    -------
    tables : ProfileTables
        Of the files without findings.
    findings : list of Finding
        All problems of all files.
    """
    tables, findings = ProfileTables(), []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            findings.append(_unreadable(str(path), f"the file cannot be read: {reason}"))
            continue
        found, wrong = read_profiles(content, str(path), beside=tables.names())
        findings += wrong
        tables = tables if wrong else tables + found
    return tables, findings


def read_profiles(
    content: bytes, file: str, *, beside: Iterable[str] = ()
) -> tuple[ProfileTables, list[Finding]]:
    """Read one profile file.

    Parameters
    ----------
    content : bytes
        TOML in UTF-8.
    file : str
        Its name, for findings.
    beside : iterable of str
        Names of profiles that were read before and must not come again.

    Returns
    -------
    tables : ProfileTables
        Empty if there are findings.
    findings : list of Finding
    """
    if len(content) > MAX_BYTES:
        return ProfileTables(), [
            _unreadable(file, f"the file is larger than {MAX_BYTES} bytes: is it a profile?")
        ]
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return ProfileTables(), [_unreadable(file, f"the file is not TOML in UTF-8: {error}")]
    return _Reader(file, data, frozenset(beside)).read()


def _unreadable(file: str, message: str) -> Finding:
    return Finding(
        "PROFILE-FILE",
        Severity.FORMAT,
        message,
        "Write the profile as plain text, like the example in the guide on profiles.",
        file=file,
        basis="Choice of keiryo",
    )


class _Reader:
    """Checks the content of one file and collects what is wrong."""

    def __init__(self, file: str, data: dict[str, Any], beside: frozenset[str]) -> None:
        self.file, self.data, self.beside = file, data, beside
        self.findings: list[Finding] = []

    def read(self) -> tuple[ProfileTables, list[Finding]]:
        tables: dict[str, list[dict[str, Any]]] = {}
        for name in ("profile", "duty", "code_table"):
            rows = self.data.get(name, [])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                self._wrong(name, f"'{name}' is not a list of tables", f"Write [[{name}]].")
                rows = []
            tables[name] = [dict(row) for row in rows]
        for name in self.data.keys() - tables.keys():
            advice = "A file has tables [[profile]], [[duty]] and [[code_table]]."
            self._wrong(name, f"there is no table '{name[:40]}'", advice)
        own = [row["name"] for row in tables["profile"] if isinstance(row.get("name"), str)]
        self._check_names(own, tables["profile"])
        for name, rows in tables.items():
            for number, row in enumerate(rows, start=1):
                if name != "profile":
                    row.setdefault("profiles", list(dict.fromkeys(own)))
                self._check_row(name, number, row, own)
        if self.findings:
            return ProfileTables(), self.findings
        rows = (tuple(tables[name]) for name in ("profile", "duty", "code_table"))
        return ProfileTables(*rows), []

    def _check_names(self, own: list[str], rows: list[dict[str, Any]]) -> None:
        shipped = shipped_tables().names()
        for name in dict.fromkeys(own):
            if name in shipped or name in self.beside:
                self._named(name, f"there is a profile {name[:40]!r} already", "Choose a new name.")
        starts = [(str(row.get("name")), str(row.get("valid_from"))) for row in rows]
        for again, start in dict.fromkeys(pair for pair in starts if starts.count(pair) > 1):
            message = f"profile {again[:40]!r} has two versions from {start}"
            self._named(again, message, "Give each version its own first day.")

    def _check_row(self, table: str, number: int, row: dict[str, Any], own: list[str]) -> None:
        label = str(row.get("name") or row.get("kind") or "")[:40]
        place = f"{table} {number}" + (f" ({label})" if label else "")
        fields = {"profile": PROFILE, "duty": DUTY, "code_table": CODE_TABLE}[table]
        inherits = table == "profile" and "like" in row
        for name, (required, fits, words) in fields.items():
            if name not in row:
                if required and not (inherits and name in INHERITED):
                    self._wrong(place, f"'{name}' is missing", f"'{name}' is {words}.")
            elif not fits(row[name]):
                message = f"'{name}' is {_shown(row[name])}, which does not fit"
                self._wrong(place, message, f"'{name}' is {words}.")
        for name in row.keys() - fields.keys():
            advice = f"Fields are {', '.join(fields)}."
            self._wrong(place, f"there is no field '{name[:40]}'", advice)
        for problem, advice in self._further(table, row, own):
            self._wrong(place, problem, advice)

    def _further(
        self, table: str, row: Mapping[str, Any], own: list[str]
    ) -> Iterator[tuple[str, str]]:
        if table == "profile":
            shipped = shipped_tables().names()
            if isinstance(row.get("like"), str) and row["like"] not in shipped:
                listed = ", ".join(shipped)
                yield f"'like' names no shipped profile: {_shown(row['like'])}", f"It is {listed}."
            first, last = row.get("valid_from"), row.get("valid_to")
            if isinstance(first, date) and isinstance(last, date) and str(last) < str(first):
                yield "the profile ends before it begins", "Exchange valid_from and valid_to."
            return
        names = row["profiles"] if _texts(row["profiles"]) else []
        strangers = [name for name in names if name not in own]
        if strangers:
            yield (
                f"'profiles' names {', '.join(strangers)[:80]}, not a profile of this file",
                "Duties and codes of a file belong to its own profiles.",
            )
        if table == "duty":
            given = [name for name in OFFSETS if name in row]
            if len(given) != 1:
                what = ", ".join(given) if given else "none"
                yield f"one way of counting is needed, found {what}", f"Give {', '.join(OFFSETS)}."
        elif isinstance(row.get("rows"), list) and isinstance(row.get("columns"), list):
            width = len(row["columns"])
            odd = [n for n, line in enumerate(row["rows"], 1) if not _texts(line, length=width)]
            if odd:
                yield f"row {odd[0]} has not {width} texts", "One text for each column, or ''."

    def _wrong(self, place: str, message: str, advice: str) -> None:
        self.findings.append(
            Finding(
                "PROFILE-FIELD",
                Severity.FORMAT,
                message,
                advice,
                file=self.file,
                cell=place,
                basis="Choice of keiryo",
            )
        )

    def _named(self, name: str, message: str, advice: str) -> None:
        self.findings.append(
            Finding(
                "PROFILE-NAME",
                Severity.FORMAT,
                message,
                advice,
                file=self.file,
                cell=f"profile {name[:40]}",
                basis="Choice of keiryo",
            )
        )


# --- what may stand in a field --------------------------------------------------------------------

Fits = Callable[[Any], bool]
Fields = Mapping[str, tuple[bool, Fits, str]]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= 2000


def _texts(value: Any, *, length: int | None = None) -> bool:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return False
    return length is None or len(value) == length


def _among(*allowed: str) -> Fits:
    return lambda value: isinstance(value, str) and value in allowed


def _all_among(*allowed: str) -> Fits:
    return lambda value: _texts(value) and all(item in allowed for item in value)


def _number(low: int, high: int) -> Fits:
    return lambda value: type(value) is int and low <= value <= high


def _true(value: Any) -> bool:
    return value is True


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _name(value: Any) -> bool:
    return _text(value) and len(value) <= 40 and value.replace("_", "a").isalnum()


def _letters(value: Any) -> bool:
    return (
        isinstance(value, str)
        and bool(value)
        and len(set(value)) == len(value)
        and all(letter in CATEGORY_LETTERS for letter in value)
        and ("H" in value) == ("L" in value)
        and len({"E", "L", "U"} & set(value)) <= 1
    )


def _table(**fields: Fits) -> Fits:
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == fields.keys()
        and all(fits(value[name]) for name, fits in fields.items())
    )


def _units(low: int, high: int) -> Fits:
    return _table(g=_number(low, high), kg=_number(low, high))


def _pit(value: Any) -> bool:
    fields: dict[str, Fits] = {"months": _number(1, 60), "yearly": _flag}
    return isinstance(value, dict) and all(k in fields and fields[k](v) for k, v in value.items())


def _month_day(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 5:
        return False
    try:
        date.fromisoformat(f"2024-{value}")
    except ValueError:
        return False
    return True


def _days(value: Any) -> bool:
    return isinstance(value, list) and all(_is_day(day) for day in value)


INHERITED = (
    *("title", "categories", "rounding", "transit", "booking", "correction", "retention_years"),
)
"""Fields that a profile may leave to the one that it is like."""

_DATED: Fields = {
    "source": (True, _text, "where the rule stands"),
    "status": (True, _among(*STATUSES), f"one of {', '.join(STATUSES)}"),
    "unverified": (False, _texts, "a list of fields that are not verified"),
    "design": (False, _texts, "a list of fields that are your own choice"),
}
_HOLDS: Fields = {
    "valid_from": (True, _is_day, "the first day on which it holds, written 2026-01-01"),
    "valid_to": (False, _is_day, "the last day on which it holds, written 2026-12-31"),
}
PROFILE: Fields = {
    "name": (True, _name, "letters, digits and _, at most 40"),
    "like": (False, _text, "the name of a shipped profile"),
    "title": (True, _text, "a title in words"),
    **_DATED,
    **_HOLDS,
    "categories": (
        True,
        _letters,
        f"letters of {CATEGORY_LETTERS}, each once; E, or H and L, or U",
    ),
    "pit": (False, _pit, "{ months = 14, yearly = true }"),
    "rounding": (
        True,
        _table(step_mg=_units(1, 10**9), decimals=_units(0, 6)),
        "{ step_mg = { g = 1, kg = 1 }, decimals = { g = 3, kg = 6 } }",
    ),
    "transit": (
        True,
        _table(warning_days=_number(0, 3650), inconsistency_days=_number(0, 3650)),
        "{ warning_days = 30, inconsistency_days = 90 }",
    ),
    "booking": (True, _among("discharge", "pit", "shipment"), "discharge, pit or shipment"),
    "correction": (True, _among("last", "original"), "last or original"),
    "retention_years": (True, _number(0, 1000), "a number of years"),
    "bulk_items": (False, _number(0, 1), "0 or 1"),
    "weekend": (False, _all_among(*WEEKDAYS), "a list of days such as Saturday"),
    "holidays": (False, _days, "a list of days, written [2026-01-01, 2026-12-25]"),
}
DUTY: Fields = {
    "profiles": (True, _texts, "a list of names of profiles of this file"),
    "kind": (True, _text, "the name of the duty, such as ICR"),
    "title": (False, _text, "what it is, in words"),
    **_DATED,
    **{name: (False, fits, words) for name, (_, fits, words) in _HOLDS.items()},
    "trigger": (True, _among(*TRIGGERS), f"one of {', '.join(TRIGGERS)}"),
    "base": (False, _among(*BASES), f"one of {', '.join(BASES)}"),
    "weekend": (False, _among(*WEEKENDS), f"one of {', '.join(WEEKENDS)}"),
    "days": (False, _number(-3660, 3660), "a number of days, negative for before"),
    "business_days": (False, _number(-260, 260), "a number of working days, negative for before"),
    "months": (False, _number(-120, 120), "a number of months, negative for before"),
    "end_of_month": (False, _number(0, 120), "a number of months after that of the base"),
    "day_of_next_month": (False, _number(1, 31), "a day of the month, 1 to 31"),
    "month_day": (False, _month_day, "month and day of a year, written 12-31"),
    "at_once": (False, _true, "true, or left out"),
    "years": (False, _number(0, 10), "a number of years after that of the trigger"),
    "report": (False, _among("I", "P", "M"), "I, P or M"),
    "form": (False, _text, "the name of a form"),
    "contents": (False, _text, "what the report states, in words"),
    "codes": (False, _texts, "a list of codes of label 411"),
    "not_codes": (False, _texts, "a list of codes of label 411"),
    "area_types": (False, _all_among(*AREA_TYPES), "a list of item, bulk and LOF"),
    "only_with_difference": (False, _flag, "true or false"),
}
CODE_TABLE: Fields = {
    "profiles": (True, _texts, "a list of names of profiles of this file"),
    "name": (True, _text, "what the codes are of"),
    **_DATED,
    "note": (False, _text, "a remark"),
    "columns": (True, lambda value: _texts(value) and bool(value), "a list of names of columns"),
    "rows": (True, lambda value: isinstance(value, list), "a list of lists of texts"),
}
