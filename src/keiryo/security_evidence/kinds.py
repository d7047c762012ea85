"""The four kinds of record as data: what names them, and what may stand in each field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.dates import DateError, number_date, parse_time, parse_utc, utc_text
from keiryo.journal.model import LineKind
from keiryo.protection.outages import ASSET_KINDS
from keiryo.security_evidence.tables import (
    CAUSES,
    COMPENSATORY_MEASURE,
    MAINTENANCE,
    MAINTENANCE_KINDS,
    PERFORMANCE_TEST,
    RESULTS,
    SENSOR_ALARM,
    TEST_TYPES,
)

BASIS = "docs/theory/physical-protection.md"
WORDS_LENGTH = 200

_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/()-]{0,63}")
_ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

Problem = tuple[str, str]
"""What is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Form:
    """What may stand in a field, and how that is said."""

    fits: Callable[[str], bool]
    advice: str


def _is_words(text: str) -> bool:
    odd = any(unicodedata.category(one) in _ODD for one in text)
    return bool(text.strip()) and len(text) <= WORDS_LENGTH and not odd


def _one_of(values: tuple[str, ...]) -> Form:
    return Form(lambda text: text in values, f"One of {', '.join(values)}.")


def _is_moment(text: str) -> bool:
    try:
        return utc_text(parse_utc(text)) == text
    except (DateError, ValueError, OverflowError):
        return False


def _are_ids(text: str) -> bool:
    return all(_ID.fullmatch(one) for one in text.split(" "))


ID = Form(lambda text: bool(_ID.fullmatch(text)), "Write 1 to 32 of A-Z a-z 0-9 _ -.")
IDS = Form(_are_ids, "Write names of A-Z a-z 0-9 _ -, 32 characters each at most.")
REFERENCE = Form(
    lambda text: bool(_REFERENCE.fullmatch(text)),
    "Write a reference without spaces, 64 characters at most.",
)
WORDS = Form(
    _is_words,
    f"Write one line, {WORDS_LENGTH} characters at most, and nothing that describes a site.",
)
MOMENT = Form(
    _is_moment,
    "Write it with its offset, as 2027-05-31T14:00+09:00, or name a time zone in which it "
    "occurs once.",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record.

    Attributes
    ----------
    line : LineKind
    act : str
        The kind of act that records it.
    id : str
        The field with its name; its name among the columns of a file as well.
    about : str
        The field that names the asset.
    forms : mapping of field to Form
    days : frozenset of str
    moments : frozenset of str
        Fields with an instant.
    defaults : mapping
        Values of a new record where none are given.
    """

    line: LineKind
    act: str
    id: str
    about: str
    forms: Mapping[str, Form]
    days: frozenset[str] = frozenset()
    moments: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name of its line kind."""
        return self.line.name

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of its line, the reason not among them."""
        return tuple(one.name for one in self.line.own_fields if one.name != "reason")

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields that no line lacks."""
        return tuple(one.name for one in self.line.own_fields if one.required)

    @property
    def lists(self) -> frozenset[str]:
        """The fields with several names, joined by one space."""
        return frozenset(name for name, form in self.forms.items() if form is IDS)


TEST = Kind(
    PERFORMANCE_TEST,
    "protection.test",
    "test",
    "element",
    {
        "test": ID,
        "element": ID,
        "test_type": _one_of(TEST_TYPES),
        "procedure_ref": REFERENCE,
        "testers": IDS,
        "witness": ID,
        "conditions": IDS,
        "result": _one_of(RESULTS),
        "deviations": WORDS,
        "counts_ref": REFERENCE,
        "signed_by": ID,
        "reason": WORDS,
    },
    days=frozenset({"planned", "performed", "next_due"}),
)
WORK = Kind(
    MAINTENANCE,
    "protection.maintenance",
    "maintenance",
    "asset",
    {
        "maintenance": ID,
        "asset": ID,
        "asset_kind": _one_of(ASSET_KINDS),
        "element": ID,
        "kind": _one_of(MAINTENANCE_KINDS),
        "performers": IDS,
        "post_test": ID,
        "compensatory_measure": ID,
        "reason": WORDS,
    },
    days=frozenset({"opened", "out_of_service_from", "returned"}),
)
MEASURE = Kind(
    COMPENSATORY_MEASURE,
    "protection.measure",
    "measure",
    "for_asset",
    {
        "measure": ID,
        "for_asset": ID,
        "description_code": ID,
        "approver": ID,
        "verified_by": ID,
        "values_ref": REFERENCE,
        "reason": WORDS,
    },
    days=frozenset({"start_on", "end_on"}),
)
ALARM = Kind(
    SENSOR_ALARM,
    "protection.alarm",
    "alarm",
    "sensor",
    {
        "alarm": ID,
        "sensor": ID,
        "at": MOMENT,
        "assessed_at": MOMENT,
        "assessor": ID,
        "cause": _one_of(CAUSES),
        "evidence_ref": REFERENCE,
        "reason": WORDS,
    },
    moments=frozenset({"at", "assessed_at"}),
    defaults={"cause": "unknown"},
)
KINDS: Mapping[str, Kind] = {one.name: one for one in (TEST, WORK, MEASURE, ALARM)}


def form_problems(kind: Kind, line: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield which fields of a line cannot stand in the record; no problem repeats a value."""
    for name in kind.needed:
        if line.get(name) in (None, ""):
            yield f"it has no {told(name)}", f"Give the {told(name)}."
    for name, form in kind.forms.items():
        given = line.get(name)
        if given is not None and given != "" and not (isinstance(given, str) and form.fits(given)):
            yield f"its {told(name)} cannot be recorded", form.advice
    for name in kind.days:
        if line.get(name) is not None and not is_day(line[name]):
            yield f"its {told(name)} is no day", "Write a day as in 2027-05-31."
    for name in kind.lists:
        names = str(line.get(name) or "").split(" ")
        if len(set(names)) < len(names):
            yield f"its {told(name)} name somebody twice", "Name each once."


def told(field: str) -> str:
    """Return the name of a field in words."""
    return field.replace("_", " ")


def is_day(number: Any) -> bool:
    """Return whether an integer YYYYMMDD is a day."""
    try:
        number_date(int(number))
    except (DateError, TypeError, ValueError):
        return False
    return True


def moment(given: Any, zone: str | None = None) -> Any:
    """Return an instant in UTC as the record has it; what cannot be one is returned as it is.

    Parameters
    ----------
    given : str
        ISO 8601 with offset or ``Z``; without, as the clock of `zone` shows it.
    zone : str, optional
        IANA name of a time zone.

    Examples
    --------
    >>> moment("2027-05-31 09:00", "Asia/Tokyo")
    '2027-05-31T00:00:00.000000Z'
    >>> moment("2027-03-28 02:30", "Europe/Vienna")
    '2027-03-28 02:30'
    """
    found = parse_time(str(given), zone)
    return given if found is None else utc_text(found)
