"""What may be asked: days, states of knowledge and names as parameters, each with its limits."""

from __future__ import annotations

import datetime
from typing import Annotated

from litestar.params import PathParameter, QueryParameter
from sqlalchemy import Connection

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import resolved
from keiryo.api import knowledge_of
from keiryo.errors import NotFoundError, UsageError
from keiryo.web.remembered import head_of
from keiryo.web.viewer import Viewer

FIRST_YEAR, LAST_YEAR = 1900, 9000
PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters."""

MbaCode = Annotated[
    str, PathParameter(max_length=40, description="Code of the area, label 307, e.g. XAFA.")
]
AsKnown = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        description="What was known then: number of an act, or a day on which reports count "
        "from their date (label 003).",
    ),
]
RecordedBy = Annotated[
    str | None,
    QueryParameter(max_length=40, description="Only what was recorded by this UTC time."),
]
On = Annotated[datetime.date | None, QueryParameter(description="Day; default: today.")]
From = Annotated[
    datetime.date | None,
    QueryParameter(
        name="from",
        description="First day; default: of the last period that an inventory taking ended.",
    ),
]
To = Annotated[datetime.date | None, QueryParameter(name="to", description="Last day.")]


def known(
    viewer: Viewer, connection: Connection, as_known: str | None, recorded_by: str | None = None
) -> Knowledge:
    """Return the state of knowledge that is asked for, resolved.

    Raises
    ------
    UsageError
        If it makes no sense, or names an act that there is not.
    """
    try:
        asked = knowledge_of(as_known or None, recorded_by or None)
    except OverflowError:
        raise UsageError(f"{recorded_by!r} is no time of ours", "Write it in UTC.") from None
    through = asked.through_act
    if through is not None:
        head = head_of(connection, viewer.metadata).act_id
        if not 1 <= through <= head:
            raise UsageError(
                f"there is no act {through} to know the books by", f"Acts run from 1 to {head}."
            )
    if asked.known_on is not None:
        sound_day(asked.known_on)
    return resolved(connection, viewer.metadata, asked)


def sound_day(day: datetime.date | None) -> None:
    """Refuse a day that is none of accounting.

    Raises
    ------
    UsageError
    """
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UsageError(f"{day} is no day of accounting", "Write a day as 2025-12-31.")


def plain_name(name: str, what: str) -> str:
    """Return a name that can be in the books.

    Raises
    ------
    NotFoundError
        If it cannot.
    """
    if not name or len(name) > 500 or "\0" in name:
        raise NotFoundError(f"there is no {what} of that name that you may see")
    return name
