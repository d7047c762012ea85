"""What is registered for detection: sites, lanes, instruments, set-ups, tests, trials, checks.

Each goes by a name of its own in the books; recorded anew, the last line counts and what was said
before stays in the record. Fields that are not given keep what they said. What is wrong is told
of all rows at once.
"""

from __future__ import annotations

import datetime
import re
import uuid
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.detection_sites import tables
from keiryo.detection_sites.register_checks import special_findings
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Actor, Draft, LineKind, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.sheet_rows import SheetTable
from keiryo.storage.engine import Database

BASIS = "docs/theory/detection-sites.md"
Row = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record.

    Attributes
    ----------
    word : str
        By which a sheet or command names it.
    line : LineKind
    key : tuple of str
        The fields by which a record goes.
    parent : tuple of str
        Fields that name a record of another kind, in the order of `_PARENTS`.
    days, wholes, decimals : frozenset of str
    choices : mapping of str to tuple of str
        What a field may say.
    """

    word: str
    line: LineKind
    key: tuple[str, ...]
    parents: tuple[str, ...] = ()
    days: frozenset[str] = frozenset()
    decimals: frozenset[str] = frozenset()
    choices: Mapping[str, tuple[str, ...]] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields of its line."""
        return tuple(field.name for field in self.line.own_fields)

    @property
    def needed(self) -> tuple[str, ...]:
        """Those that no record lacks."""
        return tuple(field.name for field in self.line.own_fields if field.required)

    @property
    def wholes(self) -> frozenset[str]:
        """Those with a whole number that is no day."""
        whole = {field.name for field in self.line.own_fields if field.type.name == "INTEGER"}
        return frozenset(whole - self.days)


NONE = "-"
"""By which a row says that a field which it had is to be empty."""
_RESULTS = {"result": ("passed", "failed")}
KINDS = {
    one.word: one
    for one in (
        Kind(
            "site",
            tables.DETECTION_SITE,
            ("site",),
            decimals=frozenset({"default_n_sigma"}),
            choices={"site_type": tables.SITE_TYPES},
        ),
        Kind("lane", tables.DETECTION_LANE, ("lane",), ("site",)),
        Kind(
            "instrument",
            tables.DETECTION_INSTRUMENT,
            ("instrument",),
            ("site", "lane"),
            choices={"instrument_class": tables.CLASSES},
        ),
        Kind(
            "setup",
            tables.DETECTION_SETUP,
            ("instrument", "valid_from"),
            ("instrument",),
            decimals=frozenset({"n_sigma"}),
        ),
        Kind(
            "test",
            tables.DETECTION_TEST,
            ("test",),
            ("instrument",),
            decimals=frozenset({"required", "confidence"}),
            choices={"requirement": tables.REQUIREMENTS, "purpose": tables.PURPOSES},
        ),
        Kind("trial", tables.DETECTION_TRIAL, ("test", "run"), ("test",), frozenset({"on_day"})),
        Kind(
            "check",
            tables.DETECTION_CHECK,
            ("instrument", "check_name", "on_day"),
            ("instrument",),
            frozenset({"on_day", "due_on"}),
            choices=_RESULTS,
        ),
        Kind(
            "detector",
            tables.DETECTION_DETECTOR,
            ("instrument", "detector"),
            ("instrument",),
            choices={"kind": tables.DETECTOR_KINDS},
        ),
        Kind(
            "calibration",
            tables.DETECTION_CALIBRATION,
            ("instrument", "on_day"),
            ("instrument",),
            frozenset({"on_day", "due_on"}),
            choices=_RESULTS,
        ),
        Kind(
            "response",
            tables.DETECTION_RESPONSE,
            ("instrument", "digest"),
            ("instrument",),
            frozenset({"from_day"}),
            choices={"form": tables.RESPONSE_FORMS},
        ),
    )
}
"""What may be recorded by command and by sheet, by its word."""

_BY_LINE = {one.line.name: one for one in KINDS.values()}
Register = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
"""Records as they stand: by word and key."""


def read_register(
    connection: Connection,
    metadata: MetaData,
    *,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> Register:
    """Return all records as they stand, by word and key.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    known_at : datetime, optional
        As they were known at this instant; default: now.
    through_act : int, optional
        As they stood with this act; default: now.
    """
    found: Register = {}
    for word, kind in KINDS.items():
        name = kind.line.name
        rows = rows_of(connection, metadata, name, known_at=known_at, through_act=through_act)
        found[word] = {key_of(kind, row): row for row in rows}
    return found


def key_of(kind: Kind, row: Row) -> tuple[Any, ...]:
    """Return the key of a record."""
    return tuple(row.get(name) for name in kind.key)


def read_rows(word: str, name: str, content: bytes) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the rows of a sheet (CSV, JSON, TOML), and everything that is wrong with it."""
    kind = KINDS[word]
    table = SheetTable(
        ("scope", *kind.fields),
        kind.key,
        lambda words, advice: finding("DETECTION-TABLE", words, advice),
        lambda words, advice: finding("DETECTION-CELL", words, advice),
        days=kind.days,
        wholes=kind.wholes,
    )
    return table.read(name, content)


def record(
    database: Database,
    actor: Actor,
    word: str,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    found: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Record rows of one kind in one act, or nothing.

    Parameters
    ----------
    database, actor
    word : str
        A word of `KINDS`.
    rows : sequence of mapping
        Fields of the line; ``scope`` for a site: the State, or a facility of it. Everything else
        belongs where its site belongs.
    file : str, optional
        The file that the rows come from.
    found : sequence of Finding
        What was wrong already when the file was read.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    UsageError
        If there are no rows.
    """
    if not rows and not found:
        raise UsageError("nothing is given", "Name a record, or give a file with rows.")
    kind = KINDS[word]

    def draft(connection: Connection) -> Draft:
        register = read_register(connection, database.metadata)
        made = Draft(f"detection.{word}", f"detection:{uuid.uuid4()}")
        told = list(found)
        for row in rows:
            values = _values(register, kind, row)
            wrong = list(findings(register, kind, values))
            told += [replace(one, file=file, line=row.get("line")) for one in wrong]
            scope = str(row.get("scope") or "") or scope_of(register, kind, values)
            register[word][key_of(kind, values)] = {**values, "scope": scope}
            made.add(kind.line.name, values, scope=scope or actor.on_behalf_of)
        if told:
            raise RefusedError(
                f"{file or 'it'} was refused; nothing was recorded",
                sorted(told, key=lambda one: one.line or 0),
                "Put right what the findings say and send it again.",
            )
        return made

    return post(database, draft, actor, clock=clock)


def scope_of(register: Register, kind: Kind, values: Row) -> str | None:
    """Return the scope of the site that a record belongs to; None: there is no such site."""
    known = register[kind.word].get(key_of(kind, values))
    if kind.word == "site":
        return None if known is None else str(known["scope"])
    parent = register[kind.parents[0]].get((values.get(kind.parents[0]),))
    return None if parent is None else str(parent["scope"])


def _values(register: Register, kind: Kind, row: Row) -> dict[str, Any]:
    """Return the fields of a record: what a row leaves out stays, ``-`` says that there is none."""
    values: dict[str, Any] = {}
    for name in kind.fields:
        given = row.get(name)
        if isinstance(given, datetime.date) and not isinstance(given, datetime.datetime):
            given = date_number(given)
        elif name == "valid_from" and given:
            given = utc(str(given)) or given
        values[name] = None if given == "" else given
    before = register[kind.word].get(key_of(kind, values), {})
    for name, given in values.items():
        if given is None:
            values[name] = before.get(name)
        elif given == NONE and name not in kind.needed:
            values[name] = None
    return values


def utc(text: str, zone: str | None = None) -> str | None:
    """Return a moment in UTC to the millisecond; None: it is no moment, or has no offset.

    Examples
    --------
    >>> utc("2016-06-01T15:05:00.378-07:00"), utc("2016-06-01T15:05:00", "Asia/Tokyo")
    ('2016-06-01T22:05:00.378Z', '2016-06-01T06:05:00.000Z')
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            if zone is None:
                return None
            moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
        there = moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return there.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def findings(register: Register, kind: Kind, values: Row) -> Iterator[Finding]:
    """Yield what is wrong with a record."""
    told = " ".join(str(one)[:60] for one in key_of(kind, values))
    for name in kind.needed:
        if values.get(name) in (None, ""):
            yield finding("DETECTION-EMPTY", f"{told}: {name} is missing", f"Say the {name}.")
    own = kind.key[-1] if kind.word in ("trial", "detector") else kind.key[0]
    if values.get(own) and not _NAME.fullmatch(str(values[own])):
        yield finding(
            "DETECTION-NAME",
            f"{str(values[own])[:60]!r} is no name as records go by",
            "Letters, digits, point, hyphen and underscore, up to 60.",
        )
    for name, choices in (kind.choices or {}).items():
        if values.get(name) and values[name] not in choices:
            words = f"{told}: {name} is {str(values[name])[:60]!r}"
            yield finding("DETECTION-VALUE", words, f"One of {', '.join(choices)}.")
    for name in sorted(kind.decimals):
        given = values.get(name)
        if given is not None and not (_DECIMAL.fullmatch(str(given)) and float(given) > 0):
            words = f"{told}: {name} is {str(given)[:60]!r}"
            yield finding("DETECTION-VALUE", words, "Write a number above 0, e.g. 4.0.")
    for name in kind.parents:
        given = values.get(name)
        if given and (given,) not in register[name]:
            yield finding(
                "DETECTION-UNKNOWN",
                f"{told}: there is no {name} {str(given)[:60]!r}",
                f"Record the {name} first; 'keiryo portals list {name}' lists what there is.",
            )
    yield from _special(register, kind, values, told)


def _special(register: Register, kind: Kind, values: Row, told: str) -> Iterator[Finding]:
    if kind.word == "site" and values.get("zone"):
        try:
            zoneinfo.ZoneInfo(str(values["zone"]))
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            words = f"{told}: {str(values['zone'])[:60]!r} is no time zone"
            yield finding("DETECTION-VALUE", words, "Write it as in Asia/Tokyo.")
    if kind.word == "setup" and values.get("valid_from") and not utc(str(values["valid_from"])):
        words = f"{told}: valid_from is no moment with its offset"
        yield finding("DETECTION-VALUE", words, "Write it as in 2027-05-31T09:00+09:00.")
    if kind.word == "instrument" and values.get("lane"):
        lane = register["lane"].get((values["lane"],))
        if lane is not None and lane["site"] != values.get("site"):
            words = f"{told}: the lane {values['lane']} belongs to {lane['site']}"
            yield finding("DETECTION-LANE", words, "Name a lane of the site of the instrument.")
    yield from special_findings(kind.word, values, told)
    if kind.word == "test":
        limits = ["confidence"]
        if values.get("requirement") != tables.FALSE_ALARM_RATE:
            limits.append("required")
        for name in limits:
            given = str(values.get(name))
            if _DECIMAL.fullmatch(given) and float(given) >= 1:
                words = f"{told}: {name} is {given}"
                yield finding("DETECTION-VALUE", words, "Write a number below 1, e.g. 0.95.")
    if kind.word == "trial":
        yield from _trial(register, values, told)
    if kind.word in ("check", "calibration") and (values.get("due_on") or 99999999) < (
        values.get("on_day") or 0
    ):
        words = f"{told}: it is due before it was done"
        yield finding("DETECTION-VALUE", words, "Give the last day until which it is trusted.")


def _trial(register: Register, values: Row, told: str) -> Iterator[Finding]:
    trials, alarms = values.get("trials") or 0, values.get("alarms") or 0
    test = register["test"].get((values.get("test"),))
    rate = test is not None and test["requirement"] == tables.FALSE_ALARM_RATE
    if trials < 1 or alarms < 0 or (alarms > trials and not rate):
        yield finding(
            "DETECTION-TRIALS",
            f"{told}: {alarms} alarms in {trials} trials cannot be",
            "Give at least one trial, and no more alarms than trials.",
        )


def check_records(posting: Posting) -> Iterator[Refusal]:
    """Refuse records that do not hold, or that would belong to another place than before."""
    register = read_register(posting.connection, posting.metadata, through_act=posting.act_id - 1)
    for kind in KINDS.values():
        for line in posting.lines(kind.line.name):
            for one in findings(register, kind, line):
                yield Refusal(one)
            scope = scope_of(register, kind, line)
            if scope not in (None, line["scope"]):
                told = f"{' '.join(str(one) for one in key_of(kind, line))} belongs to {scope}"
                advice = "What was recorded stays where it belongs; use another name elsewhere."
                yield Refusal(finding("DETECTION-SCOPE", told, advice))
            register[kind.word][key_of(kind, line)] = dict(line)


def finding(code: str, message: str, advice: str, *, warning: bool = False) -> Finding:
    """Return a finding of detection."""
    severity = Severity.WARNING if warning else Severity.FORMAT
    return Finding(code, severity, message, advice, basis=BASIS)


RECORDS_HOLD = Check("records of detection", frozenset(_BY_LINE), check_records)
