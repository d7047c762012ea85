"""When an image was taken: what its EXIF data say, what its file name says, and its number.

EXIF: DateTimeOriginal (36867) with SubSecTimeOriginal (37521) and OffsetTimeOriginal (36881),
after CIPA DC-008 (Exif 2.32). A time without an offset is a local time: it is read as if it were
UTC and marked, since nobody can say from it alone when a clock was changed.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Any

_DAY = r"(?P<year>(?:19|20|21)\d\d)(?P<d>[-_.:]?)(?P<month>0[1-9]|1[0-2])(?P=d)(?P<day>[0-3]\d)"
_CLOCK = (
    r"(?P<hour>[01]\d|2[0-3])(?P<c>[-_.:h]?)(?P<minute>[0-5]\d)(?:(?:(?P=c)|m)(?P<second>[0-6]\d)s?"
    r"(?:[.,](?P<part>\d{1,9}))?)?"
)
_ZONE = r"(?P<zone>[Zz]|[+-](?:0\d|1[0-4]):?[0-5]\d)?"
_WRITTEN = re.compile(rf"(?<!\d){_DAY}(?:[T t_\-.]|__|--|_-_)?{_CLOCK}{_ZONE}(?!\d)")
_SECONDS = re.compile(
    r"(?<!\d)(?P<whole>[1-4]\d{9})(?P<part>\d{3})?(?:[.](?P<fraction>\d+))?(?!\d)"
)
_EXIF = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_DIGITS = re.compile(r"\d+")
_COPY = re.compile(r"(?: \(\d+\)| - copy(?: \(\d+\))?| copy(?: \d+)?|~|_copy)$", re.IGNORECASE)
_STEPS_ALIKE = 0.5
"""Share of the steps from number to number that must be the usual step."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time that an image carries.

    Attributes
    ----------
    epoch_s : float
        Seconds since 1970-01-01T00:00Z; of a local time, as if it were UTC.
    local : bool
        Whether it was written without an offset from UTC.
    """

    epoch_s: float
    local: bool


def name_stamp(name: str) -> Stamp | None:
    """Return the time that a file name tells, or None.

    Examples
    --------
    >>> name_stamp("IMG_20260114_103000.jpg")
    Stamp(epoch_s=1768386600.0, local=True)
    >>> name_stamp("2026-01-14T10-30-00Z.png").local, name_stamp("1768386600500.jpg").epoch_s
    (False, 1768386600.5)
    """
    return _in_name(name)[0]


def without_stamp(stem: str) -> str:
    """Return a file name without the time in it."""
    span = _in_name(stem)[1]
    return stem if span is None else stem[: span[0]] + "|" + stem[span[1] :]


def _in_name(name: str) -> tuple[Stamp | None, tuple[int, int] | None]:
    for match in _WRITTEN.finditer(name):
        stamp = _written(match)
        if stamp is not None:
            return stamp, match.span()
    for match in _SECONDS.finditer(name):
        part = float("0." + (match["part"] or match["fraction"] or "0"))
        return Stamp(int(match["whole"]) + part, False), match.span()
    return None, None


def _written(match: re.Match[str]) -> Stamp | None:
    """Return the time of a match, or None if the calendar has no such time."""
    fields = [int(match[k]) for k in ("year", "month", "day", "hour", "minute")]
    second = int(match["second"] or 0)
    try:
        moment = datetime(*fields, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    if match["second"] is None and not match["c"]:  # 20260114_1030 may as well be image 1030
        return None
    epoch = moment.timestamp() + second + float("0." + (match["part"] or "0"))
    zone = match["zone"]
    if zone is None:
        return Stamp(epoch, True)
    return Stamp(epoch - (0 if zone in "Zz" else _offset_s(zone) or 0), False)


def _offset_s(text: str) -> int | None:
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        return 0 if text.strip() in ("Z", "z") else None
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return -seconds if match[1] == "-" else seconds


def exif_stamp(exif: Any) -> Stamp | None:
    """Return the time that EXIF data tell, or None.

    Parameters
    ----------
    exif : PIL.Image.Exif
    """
    try:
        inner = exif.get_ifd(0x8769)
        words = inner.get(36867) or inner.get(36868) or exif.get(306)
        part = inner.get(37521) or inner.get(37522) or ""
        offset = inner.get(36881) or inner.get(36882) or inner.get(36880) or ""
    except Exception:  # damaged EXIF data must not cost the picture
        return None
    match = _EXIF.match(_text(words))
    if match is None:
        return None
    try:
        fields = [int(part) for part in match.groups()]
        moment = datetime(*fields, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    digits = re.match(r"\d+", _text(part).strip())
    epoch = moment.timestamp() + (float("0." + digits[0]) if digits else 0.0)
    seconds = _offset_s(_text(offset)) if _text(offset).strip() else None
    return Stamp(epoch, True) if seconds is None else Stamp(epoch - seconds, False)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else ""


def is_copy_name(stem: str) -> bool:
    """Return whether a name is that of a copy: ``a (1)``, ``a - Copy``."""
    return _COPY.search(stem) is not None


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of images, where their names count.

    Attributes
    ----------
    numbers : tuple of int
        One for each image.
    step : int
        By how much they usually rise.
    """

    numbers: tuple[int, ...]
    step: int


def numbering(stems: Sequence[str]) -> Numbering | None:
    """Return the sequence numbers in names, or None if they do not count.

    A number counts if it is the last run of digits outside the time, if hardly any two images
    have the same, and if most steps from one to the next are equal and the others multiples.
    """
    if len(stems) < 2:
        return None
    found = []
    for stem in stems:
        runs = _DIGITS.findall(without_stamp(_COPY.sub("", stem)))
        if not runs or len(runs[-1]) > 12:
            return None
        found.append(int(runs[-1]))
    ordered = sorted(set(found))
    if len(ordered) < max(2, 0.95 * len(found)):
        return None
    steps = [b - a for a, b in itertools.pairwise(ordered)]
    usual, times = min(Counter(steps).items(), key=lambda item: (-item[1], item[0]))
    if times < _STEPS_ALIKE * len(steps) or gcd(*steps) % usual:
        return None
    return Numbering(tuple(found), usual)


def instant_seconds(text: str) -> float:
    """Return the seconds since 1970 of an instant with Z or an offset.

    Raises
    ------
    ValueError
        If it is no instant, or a local time without an offset.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.utcoffset() is None:
        raise ValueError(f"{text!r} has neither Z nor an offset such as +09:00")
    return moment.timestamp()


def utc_words(epoch_s: float) -> str:
    """Return seconds since 1970 as UTC text to the second."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch_s)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
