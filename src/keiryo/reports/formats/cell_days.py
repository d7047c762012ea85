"""Days as people write them in a cell: with points, in words, in Japanese eras.

A text that can mean one day only is taken; one that can mean two is asked for. 03/04/2025 is the
third of April to one half of the world and the fourth of March to the other.

Source: the first days of the eras are those of the Japanese calendar; what counts as clear is a
choice of keiryo.
"""

from __future__ import annotations

import re
from datetime import date

from keiryo.dates import DateError, parse_date

_YEAR_FIRST = re.compile(r"([0-9]{4}) ?[-/.年] ?([0-9]{1,2}) ?[-/.月] ?([0-9]{1,2}) ?日?")
_WITH_TIME = re.compile(r"(.*[0-9日])[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?Z?")
_DOTTED = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/])([0-9]{1,2})\2([0-9]{4})")
_ISO_DAY = re.compile(r"'[0-9]{4}-[0-9]{2}-[0-9]{2}': ")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{6}")
_ERA = re.compile(
    r"(令和|平成|昭和|大正|明治|[RHSTM])\.? ?(元|[0-9]{1,2}) ?[-/.年] ?([0-9]{1,2}) ?[-/.月] ?"
    r"([0-9]{1,2}) ?日?",
    re.IGNORECASE,
)
_DAY_MONTH = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)?[- ]?([A-Za-z]{3,9})\.?[- ,]+([0-9]{4})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_ERAS = (
    ("令和", "R", date(2019, 5, 1), date.max),
    ("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    ("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    ("大正", "T", date(1912, 7, 30), date(1926, 12, 24)),
    ("明治", "M", date(1868, 1, 25), date(1912, 7, 29)),
)


class UnclearDay(ValueError):
    """A text that can mean more than one day; ``expected`` names them."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected


def read_day(text: str) -> tuple[date, bool]:
    """Return the day that a text means, and whether it is spelt as it should be.

    Parameters
    ----------
    text : str
        Without full-width signs.

    Raises
    ------
    UnclearDay
        If it can mean several days.
    DateError
        If it means none.

    Examples
    --------
    >>> read_day("2025-04-01"), read_day("令和7年4月1日")
    ((datetime.date(2025, 4, 1), True), (datetime.date(2025, 4, 1), False))
    """
    try:
        return parse_date(text), True
    except DateError as error:
        if re.fullmatch(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise error
    try:
        return _otherwise(text)
    except DateError as error:
        raise DateError(_with_text(text, error)) from None


def _with_text(text: str, error: DateError) -> str:
    """Return the message of an error with the day as it was written, and not as it was parted."""
    _, quote, reason = str(error).partition("': ")
    return f"{text[:40]!r}: {reason}" if quote and _ISO_DAY.match(str(error)) else str(error)


def _otherwise(text: str) -> tuple[date, bool]:
    timed = _WITH_TIME.fullmatch(text)
    if timed:
        return read_day(timed[1])[0], False
    for pattern, order in ((_YEAR_FIRST, "ymd"), (_DOTTED, "dmy")):
        match = pattern.fullmatch(text)
        if match:
            parts = dict(zip(order, (int(part) for part in match.groups()), strict=True))
            return _day(parts["y"], parts["m"], parts["d"]), False
    match = _ERA.fullmatch(text)
    if match:
        return _era_day(text, *match.groups()), False
    match = _YEAR_LAST.fullmatch(text)
    if match:
        return _year_last(text, int(match[1]), int(match[3]), int(match[4])), False
    if _SHORT_YEAR.fullmatch(text):
        raise UnclearDay(f"{text!r} does not say which part is the year", "as in 2025-04-01")
    return _in_words(text), False


def _day(year: int, month: int, day: int) -> date:
    return parse_date(f"{year:04d}-{month:02d}-{day:02d}")


def _year_last(text: str, first: int, second: int, year: int) -> date:
    if first > 12 or first == second:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    one, other = _day(year, second, first), _day(year, first, second)
    raise UnclearDay(f"{text!r} can be {one} or {other}", f"{one} or {other}")


def _era_day(text: str, era: str, year: str, month: str, day: str) -> date:
    name, _, first, last = next(row for row in _ERAS if era.upper() in row[:2])
    made = _day(first.year - 1 + (1 if year == "元" else int(year)), int(month), int(day))
    if not first <= made <= last:
        raise UnclearDay(
            f"{text!r} would be {made}, but the era {name} was from {first} to {last}"
            if last != date.max
            else f"{text!r} would be {made}, but the era {name} began on {first}",
            str(made),
        )
    return made


def _in_words(text: str) -> date:
    match = _DAY_MONTH.fullmatch(text)
    if match:
        day, word, year = match.groups()
    else:
        match = _MONTH_DAY.fullmatch(text)
        if match is None:
            raise DateError(f"{text[:40]!r} is not a date: write YYYY-MM-DD")
        word, day, year = match.groups()
    months = [n for n, name in enumerate(_MONTHS, 1) if name.startswith(word.casefold())]
    if len(months) != 1:
        raise DateError(f"{text[:40]!r} is not a date: write YYYY-MM-DD")
    return _day(int(year), months[0], int(day))
