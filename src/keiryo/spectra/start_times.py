"""Starts of measurements in the forms that instruments write them, other than ISO 8601."""

from __future__ import annotations

import datetime
import re

from keiryo.spectra.spectrum import Problem


def american(text: str, *, day_first: bool = False) -> str | None:
    """Return a time of the form month/day/year as ISO 8601 without offset.

    Examples
    --------
    >>> american("04/26/2017 11:05:11"), american("26/04/2017 11:05:11")
    ('2017-04-26T11:05:11', None)
    """
    plain = " ".join(text.replace(",", " ").split())
    if re.match(r"\d{4}[-/.]\d", plain):
        return _of_iso(re.sub(r"(?<=\d)[/.](?=\d\d?[/. T])|(?<=\d)[/.](?=\d\d?[/.])", "-", plain))
    plain = re.sub(r"(?<=\d)[-.](?=\d\d?[-.]\d{2,4}\b)|(?<=\d)[-.](?=\d{4} )", "/", plain)
    if (named := named_month(plain)) is not None:
        return named
    for day in ("%d/%m/%Y", "%d/%m/%y") if day_first else ("%m/%d/%Y", "%m/%d/%y"):
        found = _read(plain, day)
        if found is not None:
            return found
    return None


def named_month(text: str) -> str | None:
    """Return a time whose month is named, as instruments write it, as ISO 8601; None: it is none.

    Examples
    --------
    >>> named_month("01-APR-13 15:39:31"), named_month("10-Nov-2009 12:55:47Z")
    ('2013-04-01T15:39:31', '2009-11-10T12:55:47Z')
    """
    plain = " ".join(text.replace(",", " ").split())
    plain = re.sub(r"(?<=\d)T(?=\d\d?:)", " ", plain)
    utc = plain.endswith("Z")
    plain = plain.removesuffix("Z").strip()
    for day in ("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d %Y", "%d/%b/%Y"):
        found = _read(plain, day)
        if found is not None:
            return found + ("Z" if utc else "")
    return None


def _read(text: str, day: str) -> str | None:
    for clock in ("%H:%M:%S", "%H:%M:%S.%f", "%I:%M:%S %p", "%H:%M"):
        try:
            return datetime.datetime.strptime(text, f"{day} {clock}").isoformat()
        except ValueError:
            continue
    return None


def _of_iso(text: str) -> str | None:
    """Return a time of ISO 8601, in UTC where it has an offset."""
    try:
        found = datetime.datetime.fromisoformat(text)
        if found.utcoffset() is None:
            return found.isoformat() if ":" in text else None
        return found.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return None


def dated(text: str, place: str) -> tuple[str | None, list[Problem]]:
    """Return a time as month/day/year, and what is to be told of it.

    Days stand first where points part them, as in 17.09.2012, or where nothing else is a date.
    """
    text = text.strip()
    points = re.match(r"\d\d?\.\d\d?\.\d", text) is not None
    start = american(text, day_first=points)
    if start is not None and not points:
        return start, []
    start = start or american(text, day_first=not points)
    if start is None:
        return None, [Problem("DATE", place, "The start of the measurement is no date.")]
    if points and american(text) == start:
        return start, []
    told = f"The date {text[:30]!r} is taken as day/month/year, though the form is month/day."
    return start, [Problem("DATE_ORDER", place, told)]
