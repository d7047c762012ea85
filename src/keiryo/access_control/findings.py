"""What is told of records of access: for a person to judge."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keiryo.access_control.meanings import MEANINGS

_EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class AccessFinding:
    """Something that does not fit.

    Attributes
    ----------
    code : str
        One of `meanings.MEANINGS`.
    area, person, reader : str or None
    start_ns : int or None
        When it was, or began.
    end_ns : int or None
        When it ended; None: an instant, or it had not ended.
    places : tuple of int
        The records behind it.
    message : str
    """

    code: str
    area: str | None
    person: str | None
    reader: str | None
    start_ns: int | None
    end_ns: int | None
    places: tuple[int, ...]
    message: str

    @property
    def severity(self) -> str:
        """``E`` or ``W``."""
        return MEANINGS[self.code].severity

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "code": self.code,
            "severity": self.severity,
            "area": self.area,
            "person": self.person,
            "reader": self.reader,
            "start": utc_text(self.start_ns),
            "end": utc_text(self.end_ns),
            "records": list(self.places),
            "message": self.message,
        }


def in_order(found: Iterable[AccessFinding]) -> list[AccessFinding]:
    """Return findings by time, code, area and person."""
    return sorted(
        found,
        key=lambda one: (
            one.start_ns or 0,
            one.code,
            one.area or "",
            one.person or "",
            one.places,
        ),
    )


def utc_text(at_ns: int | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, to the nanosecond where that is needed.

    Examples
    --------
    >>> utc_text(1_000_000_000), utc_text(1_500_000_000)
    ('1970-01-01T00:00:01Z', '1970-01-01T00:00:01.5Z')
    """
    if at_ns is None or abs(at_ns) >= 2**62:
        return None
    whole, part = divmod(at_ns, 1_000_000_000)
    text = (_EPOCH + datetime.timedelta(seconds=whole)).isoformat()
    return text + (f".{part:09d}".rstrip("0") if part else "") + "Z"
