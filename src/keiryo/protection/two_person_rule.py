"""The two-person rule of zones, read from a file: who may be there, how many, for how long alone.

A rule file is TOML or JSON (`keiryo.protection.inputs`). Times become whole nanoseconds of UTC; a
local time needs the rule's time zone and must exist once in it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from keiryo.protection.classification import classification_of
from keiryo.protection.inputs import Fields, Node, load, raise_problems, read_text_value
from keiryo.protection.instants import read_clock_offsets, read_instant, read_timezone

KEYS = ("timezone", "log_end", "defaults", "zone", "groups", "clock", "suspension")
DEFAULT_KEYS = ("grace_s", "min_persons")
ZONE_KEYS = ("id", *DEFAULT_KEYS, "authorised", "forbidden_pairs", "initial")
SUSPENSION_KEYS = ("zone", "start", "end", "review_ref")
MIN_PERSONS = 2


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
    timezone = read_timezone(top, "RULE")
    log_end = read_instant(top, "log_end", timezone)
    defaults = top.object("defaults", DEFAULT_KEYS, required=False)
    zones = _zones(top, defaults)
    _suspend(top, zones, timezone)
    groups = _groups(top)
    offsets = read_clock_offsets(top, "RULE")
    raise_problems(top.problems)
    return TwoPersonRule(zones, groups, timezone, log_end, offsets, classification)


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


def _suspend(top: Fields, zones: dict[str, ZoneRule], timezone: datetime.tzinfo) -> None:
    """Put suspensions into the rules of their zones."""
    for fields in top.objects("suspension", SUSPENSION_KEYS, required=False):
        zone = _identifier(fields, "zone")
        start = read_instant(fields, "start", timezone, required=True)
        end = read_instant(fields, "end", timezone, required=True)
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
