"""The two-person rule of zones, read from a file: who may be there, how many, for how long alone.

A rule file is TOML or JSON (`keiryo.protection.inputs`). Times become whole nanoseconds of UTC; a
local time needs the rule's time zone and must exist once in it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from keiryo.protection.classification import classification_of
from keiryo.protection.inputs import Fields, Node, load, raise_problems, read_text_value

KEYS = ("timezone", "log_end", "defaults", "zone", "groups", "clock", "suspension")
DEFAULT_KEYS = ("grace_s", "min_persons")
ZONE_KEYS = ("id", *DEFAULT_KEYS, "authorised", "forbidden_pairs", "initial")
SUSPENSION_KEYS = ("zone", "start", "end", "review_ref")
MIN_PERSONS = 2
NS = 1_000_000_000
FIRST_YEAR, LAST_YEAR = 1700, 2250
"""Years whose nanoseconds fit into 64 bits."""
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"([Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class UnreadableTimeError(ValueError):
    """A text is no time, or not one time.

    Attributes
    ----------
    code : str
        ``TIME`` or ``TIME_AMBIGUOUS``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def time_ns(text: str, zone: datetime.tzinfo) -> int:
    """Return the instant that a text names, in nanoseconds since 1970 in UTC.

    Parameters
    ----------
    text : str
        ISO 8601, e.g. ``2027-05-31T08:00:00.25+09:00``; without an offset it is local time.
    zone : tzinfo
        Of a local time.

    Raises
    ------
    UnreadableTimeError
        If it is no time, or a local time that does not exist or occurs twice.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise UnreadableTimeError("TIME", "Write a time as 2027-05-31T08:00:00Z.")
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second, part, offset = int(match[6] or 0), (match[7] or "").rstrip("0"), match[8]
    if len(part) > 9:
        raise UnreadableTimeError("TIME", "The time is finer than a nanosecond.")
    midnight = hour == 24 and minute == second == 0 and not part
    try:
        local = datetime.datetime(year, month, day, 0 if midnight else hour, minute, second)
        local += datetime.timedelta(days=int(midnight))
        known = _utc(local, offset, zone)
    except UnreadableTimeError:
        raise
    except (ValueError, OverflowError):
        raise UnreadableTimeError("TIME", "There is no such day or time of day.") from None
    if not FIRST_YEAR <= known.year <= LAST_YEAR:
        told = f"The year is not from {FIRST_YEAR} to {LAST_YEAR}."
        raise UnreadableTimeError("TIME", told)
    whole = (known - _EPOCH) // datetime.timedelta(seconds=1)
    return whole * NS + int(part.ljust(9, "0") or 0)


def _utc(local: datetime.datetime, offset: str | None, zone: datetime.tzinfo) -> datetime.datetime:
    if offset is None:
        early, late = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
        if early.utcoffset() != late.utcoffset():
            told = "The local time does not exist or occurs twice; write its offset from UTC."
            raise UnreadableTimeError("TIME_AMBIGUOUS", told)
        return early.astimezone(datetime.UTC)
    if offset in ("Z", "z"):
        return local.replace(tzinfo=datetime.UTC)
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError("no offset")
    ahead = datetime.timedelta(hours=hours, minutes=minutes)
    ahead = -ahead if offset[0] == "-" else ahead
    return local.replace(tzinfo=datetime.timezone(ahead)).astimezone(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Suspension:
    """A time in which the rule is suspended, e.g. an emergency: from start, before end."""

    start_ns: int
    end_ns: int
    review_ref: str


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """The rule of one zone.

    Attributes
    ----------
    zone : str
    grace_s : Fraction
        How long it may be insufficiently staffed.
    min_persons : int
    authorised : frozenset of str or None
        Who counts; None: everybody.
    forbidden_pairs : frozenset of frozenset of str
    initial : tuple of str
        Who was inside before the first event.
    suspensions : tuple of Suspension
    """

    zone: str
    grace_s: Fraction
    min_persons: int
    authorised: frozenset[str] | None
    forbidden_pairs: frozenset[frozenset[str]]
    initial: tuple[str, ...]
    suspensions: tuple[Suspension, ...] = ()

    def qualifies(self, person: str) -> bool:
        """Return whether a person counts."""
        return self.authorised is None or person in self.authorised


@dataclass(frozen=True, slots=True)
class TwoPersonRule:
    """The rules of all zones.

    Attributes
    ----------
    zones : mapping of str to ZoneRule
        In the order of the file.
    groups : mapping of str to str
        The group of a person; two of one group do not make a pair.
    timezone : tzinfo
        Of times without an offset.
    log_end_ns : int or None
        Until when the log tells; None: until its last event.
    max_offset_s : mapping of str to Fraction
        How far the clock of a reader may be off.
    classification : str
    """

    zones: Mapping[str, ZoneRule]
    groups: Mapping[str, str]
    timezone: datetime.tzinfo
    log_end_ns: int | None
    max_offset_s: Mapping[str, Fraction]
    classification: str


def read_rule_file(path: Path | str) -> TwoPersonRule:
    """Read the rules from a TOML or JSON file.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    return read_rule(load(path))


def read_rule(node: Node) -> TwoPersonRule:
    """Read the rules from the content of a file; raises as `read_rule_file`."""
    top = node.fields(KEYS)
    classification = classification_of(top)
    timezone = _timezone(top)
    log_end = _time(top, "log_end", timezone) if "log_end" in top else None
    defaults = top.object("defaults", DEFAULT_KEYS, required=False)
    zones = _zones(top, defaults)
    _suspend(top, zones, timezone)
    groups = _groups(top)
    offsets = _offsets(top)
    raise_problems(top.problems)
    return TwoPersonRule(zones, groups, timezone, log_end, offsets, classification)


def _timezone(top: Fields) -> datetime.tzinfo:
    name = top.text("timezone", required=False)
    if name is None or name.upper() == "UTC":
        return datetime.UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        top.note("RULE", "There is no time zone of this name; write e.g. Asia/Tokyo.", "timezone")
        return datetime.UTC


def _time(fields: Fields, name: str, timezone: datetime.tzinfo) -> int | None:
    value = fields.required(name)
    if name not in fields:
        return None
    if isinstance(value, datetime.datetime):  # TOML has times of its own
        value = value.isoformat()
    if not isinstance(value, str):
        fields.note("TYPE", "A time belongs here, such as 2027-05-31T14:00:00Z.", name)
        return None
    try:
        return time_ns(value, timezone)
    except UnreadableTimeError as error:
        fields.note(error.code, str(error), name)
        return None


def _zones(top: Fields, defaults: Fields | None) -> dict[str, ZoneRule]:
    grace, least = None, MIN_PERSONS
    if defaults is not None:
        grace, least = _grace(defaults), _least(defaults) or MIN_PERSONS
    found: dict[str, ZoneRule] = {}
    for fields in top.objects("zone", ZONE_KEYS, empty_code="EMPTY_LIST"):
        zone = _identifier(fields, "id")
        own = _grace(fields)
        if "grace_s" not in fields and fields.sound and not _in(defaults, "grace_s"):
            told = "The grace is missing, here and under defaults."
            fields.note("MISSING_KEY", told, "grace_s")
        if zone is not None and zone in found:
            fields.note("DUPLICATE_ID", "This zone has a rule already.", "id")
        wanted = own if "grace_s" in fields else grace
        rule = ZoneRule(
            zone or "",
            Fraction(0) if wanted is None else wanted,
            _least(fields) or least,
            _authorised(fields),
            _pairs(fields),
            tuple(_persons(fields, "initial", each_once=True)),
        )
        if zone is not None:
            found.setdefault(zone, rule)
    return found


def _in(fields: Fields | None, name: str) -> bool:
    return fields is not None and name in fields


def _grace(fields: Fields) -> Fraction | None:
    return fields.number("grace_s", low=0, code="RULE", required=False)


def _least(fields: Fields) -> int | None:
    value = fields.number("min_persons", low=MIN_PERSONS, code="RULE", required=False)
    if value is not None and value.denominator != 1:
        fields.note("RULE", "It must be a whole number.", "min_persons")
        return None
    return None if value is None else int(value)


def _identifier(fields: Fields, name: str) -> str | None:
    text = fields.text(name)
    if text is not None and not text.strip():
        fields.note("EMPTY_FIELD", "An identifier belongs here.", name)
        return None
    return text


def _persons(fields: Fields, name: str, *, each_once: bool = False) -> list[str]:
    found: list[str] = []
    for index, value in enumerate(fields.list(name, required=False)):
        person = _person(fields, value, name, index)
        if person is None:
            continue
        if each_once and person in found:
            fields.note("RULE", "This person stands in the list twice.", name, index)
        found.append(person)
    return found


def _person(fields: Fields, value: object, *place: str | int) -> str | None:
    person = read_text_value(value, fields.at(*place), fields.problems)
    if person is not None and not person.strip():
        fields.note("EMPTY_FIELD", "A person belongs here.", *place)
        return None
    return person


def _authorised(fields: Fields) -> frozenset[str] | None:
    return frozenset(_persons(fields, "authorised")) if "authorised" in fields else None


def _pairs(fields: Fields) -> frozenset[frozenset[str]]:
    found = []
    for index, pair in enumerate(fields.list("forbidden_pairs", required=False)):
        if not isinstance(pair, list):
            fields.note("TYPE", "A list of two persons belongs here.", "forbidden_pairs", index)
            continue
        persons = [_person(fields, one, "forbidden_pairs", index, k) for k, one in enumerate(pair)]
        if len(persons) != 2 or (None not in persons and len(set(persons)) != 2):
            fields.note("RULE", "A pair is two different persons.", "forbidden_pairs", index)
        elif None not in persons:
            found.append(frozenset(str(one) for one in persons))
    return frozenset(found)


def _groups(top: Fields) -> dict[str, str]:
    if "groups" not in top:
        return {}
    given = top.value["groups"]
    fields = Fields(given, top.at("groups"), top.problems, given if isinstance(given, dict) else ())
    found = {}
    for person in fields.value:
        if _person(fields, person, person) is None:
            continue
        group = fields.text(person)
        if group is not None and not group.strip():
            fields.note("EMPTY_FIELD", "The name of a group belongs here.", person)
        elif group is not None:
            found[person] = group
    return found


def _offsets(top: Fields) -> dict[str, Fraction]:
    clock = top.object("clock", ("max_offset_s",), required=False)
    if clock is None or "max_offset_s" not in clock:
        return {}
    given = clock.value["max_offset_s"]
    known = given if isinstance(given, dict) else ()
    fields = Fields(given, clock.at("max_offset_s"), top.problems, known)
    found = {}
    for reader in fields.value:
        value = fields.number(reader, low=0, code="RULE")
        if value is not None:
            found[str(reader)] = value
    return found


def _suspend(top: Fields, zones: dict[str, ZoneRule], timezone: datetime.tzinfo) -> None:
    """Put suspensions into the rules of their zones."""
    for fields in top.objects("suspension", SUSPENSION_KEYS, required=False):
        zone = _identifier(fields, "zone")
        start, end = _time(fields, "start", timezone), _time(fields, "end", timezone)
        review = _identifier(fields, "review_ref")
        if zone is not None and zone not in zones:
            fields.note("ZONE_UNKNOWN", "There is no rule for this zone.", "zone")
            continue
        if start is None or end is None or zone is None:
            continue
        if end <= start:
            fields.note("RULE", "A suspension ends after its start.", "end")
            continue
        rule = zones[zone]
        windows = (*rule.suspensions, Suspension(start, end, review or ""))
        zones[zone] = ZoneRule(
            *(rule.zone, rule.grace_s, rule.min_persons, rule.authorised),
            *(rule.forbidden_pairs, rule.initial),
            tuple(sorted(windows, key=lambda one: (one.start_ns, one.end_ns))),
        )
