"""Words of cooperation: kinds, states, strengths, precision and basis, as pages say them."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Mapping
from typing import Any

from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

KIND_WORDS: Mapping[str, str] = {
    "cooperation_source": sentence("document quoted"),
    "organisation": sentence("organisation"),
    "office_holder": sentence("person in office"),
    "instrument": sentence("agreement or other instrument"),
    "cooperation_body": sentence("joint body"),
    "programme": sentence("programme"),
    "commitment": sentence("commitment"),
    "cooperation_event": sentence("event"),
    "history_statement": sentence("statement on history"),
}
"""Kinds of objects of the register, by line kind."""

STATE_BADGES: Mapping[str, str] = {
    "proposed": "open",
    "agreed": "info",
    "active": "wait",
    "dormant": "plain",
    "suspended": "warning",
    "partially_fulfilled": "wait",
    "fulfilled": "ok",
    "lapsed": "plain",
    "superseded": "plain",
    "withdrawn": "plain",
}
STATE_WORDS = (
    *(sentence("proposed"), sentence("agreed"), sentence("active"), sentence("dormant")),
    *(sentence("suspended"), sentence("partially fulfilled"), sentence("fulfilled")),
    *(sentence("lapsed"), sentence("superseded"), sentence("withdrawn")),
)
"""States of a commitment in words, in the order of its life."""

STRENGTH_WORDS: Mapping[int, str] = {
    3: sentence("undertaking"),
    2: sentence("intention"),
    1: sentence("wish or possibility"),
}

BASIS_WORDS: Mapping[str, str] = {
    "stated": sentence("stated in the text"),
    "inferred": sentence("inferred from the text"),
    "external": sentence("from another source"),
}
BASIS_BADGES: Mapping[str, str] = {"stated": "ok", "inferred": "query", "external": "open"}
"""Shapes as in the picture of the time line: tick, diamond, ring."""

PRECISION_WORDS: Mapping[str, str] = {
    "day": sentence("exact to the day"),
    "month": sentence("exact to the month"),
    "year": sentence("exact to the year"),
    "approximate": sentence("approximate"),
    "period": sentence("a period"),
    "open": sentence("open"),
}

_WHAT_WORDS: Mapping[str, str] = {
    "signed": sentence("signed"),
    "ratified": sentence("ratified"),
    "in_force": sentence("in force"),
    "concluded": sentence("concluded"),
    "announced": sentence("announced"),
    "released": sentence("made public"),
    "issued": sentence("issued"),
    "made": sentence("made"),
    "date": sentence("date"),
    "due": sentence("due"),
    "terminated": sentence("terminated"),
    "expired": sentence("expired"),
    "superseded": sentence("superseded"),
}

COMMITMENT_KIND_WORDS = (
    *(sentence("meeting"), sentence("information exchange"), sentence("expert mission")),
    *(sentence("equipment loan"), sentence("exchange"), sentence("deliverable"), sentence("offer")),
)
INSTRUMENT_KIND_WORDS = (
    *(sentence("agreement"), sentence("memorandum"), sentence("joint statement")),
    *(sentence("practical arrangements"), sentence("fact sheet"), sentence("commitments")),
    *(sentence("mutual recognition arrangement"), sentence("arrangement"), sentence("convention")),
    *(sentence("framework"), sentence("framework agreement"), sentence("code of conduct")),
)
"""Kinds as registers write them, with spaces for hyphens."""

FIELD_WORDS: Mapping[str, str] = {
    "file": sentence("File"),
    "kind": sentence("Kind"),
    "digest": sentence("Digest of the text"),
    "aliases": sentence("Other names"),
    "country": sentence("Country"),
    "parent": sentence("Belongs to"),
    "note": sentence("Note"),
    "office": sentence("Office"),
    "organisation": sentence("Organisation"),
    "role": sentence("Role in the document"),
    "held_from": sentence("In office from"),
    "held_to": sentence("In office until"),
    "parties": sentence("Parties"),
    "intended_parties": sentence("Pursued by, not bound yet"),
    "place": sentence("Place"),
    "areas": sentence("Areas of cooperation"),
    "area": sentence("Area of cooperation"),
    "status_words": sentence("Status in the document's words"),
    "succeeds": sentence("Takes the place of"),
    "attributed_to": sentence("Said by"),
    "under": sentence("Under"),
    "mandate": sentence("Mandate"),
    "actors": sentence("Whose"),
    "led_by": sentence("Led by"),
    "goal": sentence("Goal"),
    "modality": sentence("Verb as written"),
    "strength": sentence("Strength"),
    "condition": sentence("Condition"),
    "condition_type": sentence("What the condition does"),
    "event": sentence("Said at"),
    "beneficiaries": sentence("For whom"),
    "follows": sentence("Takes up again"),
    "participants": sentence("Who took part"),
    "instrument": sentence("About the instrument"),
}
"""Fields of the objects, in the order of the tables they stand in."""

NAMING_FIELDS = (
    *("under", "event", "parent", "instrument", "parties", "intended_parties", "actors"),
    *("led_by", "beneficiaries", "participants", "organisation", "succeeds", "follows"),
    *("attributed_to",),
)
"""Fields that hold names of other objects."""


def plain_words(text: str) -> str:
    """Return a kind, state or area as words: registers join them by hyphens.

    Examples
    --------
    >>> plain_words("expert-mission"), plain_words("partially_fulfilled")
    ('expert mission', 'partially fulfilled')
    """
    return text.replace("-", " ").replace("_", " ")


def what_words(what: str) -> str:
    """Return what happened on a date, in the language of the request."""
    return _(_WHAT_WORDS.get(what, plain_words(what)))


def date_shown(row: Mapping[str, Any]) -> str:
    """Return a date as exact as it is known: a day, month or year, bounds, or its own words."""
    value = str(row["value"] or "")
    if value:
        return _day(value)
    bounds = [_day(str(row[name] or "")) for name in ("earliest", "latest")]
    return " – ".join(bounds).strip() if any(bounds) else str(row["words"] or "")


def date_bounds(row: Mapping[str, Any]) -> tuple[datetime.date, datetime.date] | None:
    """Return the first and last possible day of a date; None if nothing bounds it.

    Examples
    --------
    >>> [day.isoformat() for day in date_bounds({"value": "2012-02"})]
    ['2012-02-01', '2012-02-29']
    """
    given = (row.get("value"), row.get("value"))
    if not row.get("value"):
        given = (
            row.get("earliest") or row.get("latest"),
            row.get("latest") or row.get("earliest"),
        )
    if not given[0]:
        return None
    first, last = (
        [int(one) for one in str(text).split("-")] if _is_date(str(text)) else None
        for text in given
    )
    if first is None or last is None:
        return None
    month = last[1] if len(last) > 1 else 12
    day = last[2] if len(last) > 2 else calendar.monthrange(last[0], month)[1]
    return datetime.date(*[*first, 1, 1][:3]), datetime.date(last[0], month, day)


_DATE = re.compile(r"[1-9]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def _is_date(text: str) -> bool:
    """Return whether a text is a year, a month or a day that there is."""
    if not _DATE.fullmatch(text):
        return False
    parts = [int(one) for one in text.split("-")]
    return len(parts) < 3 or parts[2] <= calendar.monthrange(parts[0], parts[1])[1]


def _day(text: str) -> str:
    return day_text(text) if len(text) == 10 and _is_date(text) else text
