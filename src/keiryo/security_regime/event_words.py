"""What events, upgrades, computer security and statements have in common: times, choices, rows.

A time stands in the record as it was written, with its offset, so that it is both the clock of the
place and one instant. A local time is taken with a time zone only where it occurs exactly once.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keiryo.dates import date_number, parse_time, utc_text
from keiryo.errors import Finding, Severity
from keiryo.security_regime.oversight_record import (
    BASIS,
    Context,
    Form,
    Problem,
    as_day,
    full_scope,
    shown,
)

_HASH = re.compile(r"[0-9a-f]{64}")
_OPAQUE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def instant(text: str) -> datetime.datetime:
    """Return the instant of a time that stands in the record.

    Raises
    ------
    ValueError
        If it is no time with an offset.

    Examples
    --------
    >>> instant("2027-05-31T09:00:00+09:00") == instant("2027-05-31T00:00:00Z")
    True
    """
    found = parse_time(text)
    if found is None:
        raise ValueError("no time with an offset")
    return found


def written(given: Any, zone: str | None = None) -> Any:
    """Return a time as the record has it; what cannot be one is returned as it is.

    Parameters
    ----------
    given : str
        ISO 8601 with offset or ``Z``; without, as the clock of `zone` shows it.
    zone : str, optional
        IANA name of a time zone.

    Examples
    --------
    >>> written("2027-05-31 09:00", "Asia/Tokyo")
    '2027-05-31T09:00:00+09:00'
    >>> written("2027-03-28 02:30", "Europe/Vienna")
    '2027-03-28 02:30'
    """
    found = parse_time(str(given), zone)
    return given if found is None else found.isoformat().replace("+00:00", "Z")


INSTANT = Form(
    lambda text: parse_time(text) is not None,
    "Write it with its offset, as 2027-05-31T14:00+09:00, or name a time zone in which it "
    "occurs once.",
)
HASH = Form(lambda text: bool(_HASH.fullmatch(text)), "Write the head hash, 64 hexadecimal digits.")
OPAQUE = Form(
    lambda text: bool(_OPAQUE.fullmatch(text)),
    "Write an opaque reference: a letter, then up to 31 of A-Z a-z 0-9 _ -; no value.",
)
CURRENCY = Form(lambda text: bool(_CURRENCY.fullmatch(text)), "Write e.g. JPY or USD.")


def local_day(text: str) -> int:
    """Return the day (YYYYMMDD) that the clock showed at a time of the record."""
    return date_number(instant(text).date())


def utc(moment: datetime.datetime) -> str:
    """Return an instant as short UTC text."""
    text = utc_text(moment)
    return text.replace(".000000Z", "Z")


def hours(span: datetime.timedelta) -> float:
    """Return a span in hours."""
    return span / datetime.timedelta(hours=1)


def choice_problems(
    line: Mapping[str, Any],
    choices: Mapping[str, Sequence[Any]],
    optional: Sequence[str] = (),
) -> Iterator[Problem]:
    """Yield which fields hold something else than they may."""
    for name, values in choices.items():
        given = line.get(name)
        if given in values or (given is None and name in optional):
            continue
        said = "is missing" if given in (None, "") else f"cannot be {shown(given)}"
        listed = ", ".join(str(one) for one in values)
        yield f"its {name.replace('_', ' ')} {said}", f"One of {listed}."


def whole_problems(
    line: Mapping[str, Any], names: Sequence[str], needed: bool = True
) -> Iterator[Problem]:
    """Yield which fields are no whole number of 0 or more that the record can hold."""
    for name in names:
        given = line.get(name)
        if given is None and not needed:
            continue
        if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**53:
            yield f"its {name.replace('_', ' ')} is no whole number", "Write 0 or more."


def carried(
    own: Sequence[str],
    before: Mapping[str, Any],
    row: Mapping[str, Any],
    needed: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the fields of a record that is stated anew: what is left out is as it was.

    Parameters
    ----------
    own : sequence of str
        Names of the fields.
    before : mapping
        The last line; empty for a new record.
    row : mapping
        What is given.
    needed : sequence of str
        Texts that stand empty, and are told, where nobody gave them.
    """
    values = {
        name: before.get(name) if row.get(name) is None else as_day(row[name])
        for name in own
        if name != "reason"
    }
    values |= {name: values[name] if values[name] is not None else "" for name in needed}
    return {**values, "reason": row.get("reason")}


def scope_given(context: Context, before: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Return the scope of a record: as given, else as it was, else nothing."""
    given = row.get("facility")
    if given is None:
        return str(before.get("scope") or "")
    return full_scope(context.state, given)


def anew_problems(before: Mapping[str, Any] | None, line: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with stating a record anew: another facility, or no reason."""
    if before is None:
        return
    if before["scope"] != line["scope"]:
        yield f"it is recorded for {before['scope']}", "Of another facility it has another name."
    if not line.get("reason"):
        yield "it is recorded anew without a reason", "Say why; it stands in the record."


def yes_or_no(given: Any) -> Any:
    """Return 1 or 0 for yes or no; anything else as it is."""
    return {"yes": 1, "no": 0, True: 1, False: 0}.get(given, given)


def telling(code: str, name: str, problems: Iterator[Problem]) -> Iterator[Finding]:
    """Yield findings that refuse a record, one for each problem."""
    for message, advice in problems:
        yield refusing(code, f"{shown(name)}: {message}", advice)


def refusing(code: str, message: str, advice: str) -> Finding:
    """Return a finding that refuses a record."""
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


def warning(code: str, message: str, advice: str) -> Finding:
    """Return a finding that is told beside what is recorded."""
    return Finding(code, Severity.WARNING, message, advice, basis=BASIS)
