"""What must hold of tests, detectors, calibrations and responses, and where a site may belong.

A site belongs to the State of the books, or to a facility or area that is registered in them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import or_, select

from keiryo.dates import date_number
from keiryo.detection_sites import tables
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.journal.tables import EVIDENCE, JOURNAL_OPENED
from keiryo.places.tables import AREA

BASIS = "docs/theory/detection-sites.md"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")


def special_findings(word: str, values: Mapping[str, Any], told: str) -> Iterator[Finding]:
    """Yield what is wrong with a test, a detector, a calibration or a response.

    Parameters
    ----------
    word : str
        Of what kind it is.
    values : mapping
    told : str
        What it is called.
    """
    if word == "test":
        for name in ("trials_planned", "every_days"):
            if values.get(name) is not None and not 1 <= values[name] <= 10**9:
                words = f"{told}: {name} is {str(values[name])[:30]}"
                yield _finding("DETECTION-VALUE", words, "Write a whole number above 0.")
        yield from _plan_findings(values, told)
    panel = values.get("panel")
    if word == "detector" and panel is not None and not 1 <= panel <= 4:
        words = f"{told}: there is no panel {str(panel)[:30]}"
        yield _finding("DETECTION-VALUE", words, "The records of a portal have panels 1 to 4.")
    digest = values.get({"calibration": "certificate", "response": "digest"}.get(word, ""))
    if digest and not _DIGEST.fullmatch(str(digest)):
        words = f"{told}: {str(digest)[:70]!r} is no SHA-256"
        yield _finding("DETECTION-VALUE", words, "Write 64 digits 0 to 9 and a to f.")


def _plan_findings(values: Mapping[str, Any], told: str) -> Iterator[Finding]:
    """Yield that the planned trials cannot show what is required, even if all of them are good."""
    planned = values.get("trials_planned")
    numbers = [str(values.get(name)) for name in ("required", "confidence")]
    known = values.get("requirement") in tables.REQUIREMENTS
    if not known or not planned or not 1 <= planned <= 10**9:
        return
    if not all(_DECIMAL.fullmatch(one) and float(one) > 0 for one in numbers):
        return
    rate = values["requirement"] == tables.FALSE_ALARM_RATE
    if float(numbers[1]) >= 1 or (float(numbers[0]) >= 1 and not rate):
        return
    from keiryo.detection_sites.trial_numbers import most_bad, requirement, trials_needed

    wanted = requirement({"test": told, **values})
    if most_bad(wanted, planned) is None:
        needed = trials_needed(wanted)
        yield _finding(
            "DETECTION-PLAN",
            f"{told}: {planned} trials cannot show it, even if all of them are good",
            f"Plan {needed} or more; 'keiryo portals trials-needed' tells how many.",
        )


def check_shown(posting: Posting) -> Iterator[Refusal]:
    """Refuse certificates and responses that are no evidence of the record."""
    evidence = posting.table(EVIDENCE.name)
    for kind, name in (
        (tables.DETECTION_CALIBRATION, "certificate"),
        (tables.DETECTION_RESPONSE, "digest"),
    ):
        for line in posting.lines(kind.name):
            digest = line[name]
            same = select(evidence.c.act_id).where(evidence.c.digest == digest).limit(1)
            if digest is not None and posting.connection.execute(same).first() is None:
                words = f"{line['instrument']}: there is no file {str(digest)[:64]} in the record"
                advice = "Give the file itself: 'keiryo portals calibrate --certificate FILE'."
                yield Refusal(_finding("DETECTION-EVIDENCE", words, advice))


def future_findings(
    word: str, rows: Iterable[Mapping[str, Any]], now: datetime.datetime
) -> list[Finding]:
    """Return the calibrations, checks and trials among rows that are not done yet.

    Parameters
    ----------
    word : str
        Of what kind the rows are; others are not looked at.
    rows : iterable of mapping
        ``on_day`` is a date or an integer YYYYMMDD.
    now : datetime
        The instant; somewhere the next day has begun already.
    """
    found = []
    last = date_number((now + datetime.timedelta(days=1)).date())
    for row in rows if word in ("calibration", "check", "trial") else ():
        day = row.get("on_day") or 0
        number = date_number(day) if isinstance(day, datetime.date) else int(day)
        if number > last:
            named = str(row.get("instrument") or row.get("test"))[:60]
            words = f"{named}: the {word} of {day} is not done yet"
            one = _finding("DETECTION-FUTURE", words, "Correct the day, or wait until it is done.")
            found.append(replace(one, line=row.get("line")))
    return found


def check_site_scopes(posting: Posting) -> Iterator[Refusal]:
    """Refuse sites that belong to another State, or to a place that is not registered."""
    opened, areas = posting.table(JOURNAL_OPENED.name), posting.table(AREA.name)
    states = set(posting.connection.execute(select(opened.c.state)).scalars())
    for line in posting.lines(tables.DETECTION_SITE.name):
        scope = str(line["scope"])
        if scope in states:
            continue
        inside = areas.c.scope.startswith(f"{scope}/", autoescape=True)
        query = select(areas.c.act_id).where(or_(areas.c.scope == scope, inside)).limit(1)
        if posting.connection.execute(query).first() is None:
            words = f"{line['site']}: no State or place {scope[:60]!r} is registered in these books"
            advice = "Leave the scope out, or name a facility that 'keiryo places list' lists."
            yield Refusal(_finding("DETECTION-PLACE", words, advice))


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


SHOWN = Check(
    "evidence of instruments",
    frozenset({tables.DETECTION_CALIBRATION.name, tables.DETECTION_RESPONSE.name}),
    check_shown,
)
SITE_SCOPES = Check(
    "places of detection sites", frozenset({tables.DETECTION_SITE.name}), check_site_scopes
)
