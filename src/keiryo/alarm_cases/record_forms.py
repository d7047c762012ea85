"""What may stand in the fields of an alarm case: names, words, moments, numbers, evidence.

Evidence is named by its SHA-256, by an act, or by what was measured: an occupancy or measurement
goes by instrument and start, never by a counter, which starts again with the instrument. People
stand there by pseudonym.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from keiryo.dates import parse_time
from keiryo.errors import Finding, Severity

BASIS = "docs/theory/alarm-cases.md"
MAX_WORDS, MAX_EVIDENCE = 500, 100
Problem = tuple[str, str]
"""What is wrong, and what to do."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ACT = re.compile(r"act:[0-9]{1,18}")
_KEY = re.compile(r"(occupancy|measurement):[A-Za-z0-9][A-Za-z0-9_.-]{0,47}@([^#\s]{1,48})(#\S*)?")
_HS = re.compile(r"[0-9]{2,10}")
_ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Form:
    """What may stand in a field, and how that is said."""

    fits: Callable[[str], bool]
    advice: str


def _words(text: str) -> bool:
    odd = any(unicodedata.category(one) in _ODD for one in text)
    return bool(text.strip()) and len(text) <= MAX_WORDS and not odd


def is_decimal(text: str) -> bool:
    """Return whether a text is a finite decimal number of 0 or more.

    Examples
    --------
    >>> is_decimal("0.25"), is_decimal("-1"), is_decimal("NaN"), is_decimal("1e400")
    (True, False, False, False)
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and number >= 0 and math.isfinite(float(number)) and len(text) <= 40


ID = Form(lambda text: bool(_ID.fullmatch(text)), "Write 1 to 48 of A-Z a-z 0-9 _ . -.")
WORDS = Form(_words, f"Write one line, {MAX_WORDS} characters at most.")
DECIMAL = Form(is_decimal, "Write a number of 0 or more, as 0.25.")
MOMENT = Form(
    lambda text: parse_time(text) is not None,
    "Write it with its offset, as 2027-05-31T14:00+09:00.",
)
HS_CODE = Form(lambda text: bool(_HS.fullmatch(text)), "Write 2 to 10 digits, without dots.")


def evidence_parts(given: Any) -> tuple[str, ...]:
    """Return the pieces of evidence that a field names."""
    return tuple(dict.fromkeys(str(given or "").split()))


def digest_of(part: str) -> str | None:
    """Return the digest that a piece of evidence names, or None."""
    return part if _DIGEST.fullmatch(part) else None


def evidence_problems(
    given: Any, files: Callable[[str], bool], acts: Callable[[int], bool]
) -> Iterator[Problem]:
    """Yield what is wrong with evidence: its form, or that it is not there.

    Parameters
    ----------
    given : str or None
        Pieces joined by one space.
    files : callable
        Whether a file of a digest is evidence of the record.
    acts : callable
        Whether an act of a number is in the record.
    """
    parts = evidence_parts(given)
    if len(parts) > MAX_EVIDENCE:
        yield f"more than {MAX_EVIDENCE} pieces of evidence", "Put files together in one."
        return
    for part in parts:
        key = _KEY.fullmatch(part)
        if _DIGEST.fullmatch(part):
            if not files(part):
                yield (
                    f"no file {part[:12]}… is kept as evidence",
                    "Give the file itself (--keep FILE).",
                )
        elif _ACT.fullmatch(part):
            if not acts(int(part.removeprefix("act:"))):
                yield f"there is no {part} in the record", "Name an act that was posted before."
        elif key is None or parse_time(key[2].partition("~")[0]) is None:
            yield (
                f"{shown(part)} names no evidence",
                "Name a SHA-256, act:17, or occupancy:INSTRUMENT@2027-05-31T14:00:00+09:00.",
            )
        elif key[3] and not _DIGEST.fullmatch(key[3][1:]):
            yield f"{shown(part)} ends in no SHA-256", "Write 64 hexadecimal digits after #."


def moment(text: str) -> datetime.datetime:
    """Return the instant of a time of the record.

    Raises
    ------
    ValueError
        If it is no time with an offset.
    """
    found = parse_time(text)
    if found is None:
        raise ValueError("no time with an offset")
    return found


def written(given: Any, zone: str | None = None) -> Any:
    """Return a time as the record has it; what cannot be one is returned as it is."""
    found = parse_time(str(given), zone)
    return given if found is None else found.isoformat().replace("+00:00", "Z")


def shown(name: Any) -> str:
    """Return a name short and plain enough for a message."""
    text = str(name)
    return text if re.fullmatch(r"[A-Za-z0-9._/:@()+-]{1,80}", text) else repr(text[:40])


def telling(code: str, name: Any, problems: Iterable[Problem]) -> Iterator[Finding]:
    """Yield findings that refuse, one for each problem."""
    for message, advice in problems:
        yield refusing(code, f"{shown(name)}: {message}", advice)


def refusing(code: str, message: str, advice: str) -> Finding:
    """Return a finding that refuses what is to be recorded."""
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
