"""What screening, review and conclusions do with the record: read lines, name nodes, refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.tables import FINDING
from keiryo.places.tables import areas
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import BASIS, refused
from keiryo.surveillance.tables import CAMERA, REVIEW, SCREENING

__all__ = ["BASIS", "line_node", "refused", "rows_of"]
EARLIEST, LATEST = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"


def last_row(
    connection: Connection, metadata: MetaData, kind: str, *conditions: Any, **known: Any
) -> dict[str, Any] | None:
    """Return the last line of a kind that fulfils the conditions, or None."""
    rows = rows_of(connection, metadata, kind, *conditions, **known)
    return rows[-1] if rows else None


def cameras_of(connection: Connection, metadata: MetaData, mba: str) -> list[str]:
    """Return the names of the cameras that look into an area."""
    last = {row["camera"]: row for row in rows_of(connection, metadata, CAMERA.name)}
    return sorted(name for name, row in last.items() if row["mba"] == mba)


def review_row(
    connection: Connection, metadata: MetaData, review: str, **known: Any
) -> dict[str, Any]:
    """Return a review as it was opened last.

    Raises
    ------
    NotFoundError
        If there is no such review.
    """
    table = metadata.tables[REVIEW.name]
    found = last_row(connection, metadata, REVIEW.name, table.c.review == review, **known)
    if found is None:
        raise NotFoundError(
            f"there is no review {review[:60]!r}",
            "'keiryo surveillance session list' lists the reviews.",
        )
    return found


def screening_rows(
    connection: Connection, metadata: MetaData, names: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return screenings by their names; names that are not known are left out."""
    wanted = list(names)
    table = metadata.tables[SCREENING.name]
    rows = rows_of(connection, metadata, SCREENING.name, table.c.screening.in_(wanted))
    return {row["screening"]: row for row in rows}


def scope_of(connection: Connection, metadata: MetaData, mba: str, otherwise: str) -> str:
    """Return the scope of lines about an area; `otherwise` if it is not registered."""
    known = areas(connection, metadata).get(mba)
    return otherwise if known is None else known.scope


def split(text: str | None, separator: str = " | ") -> list[str]:
    """Return the parts of a joined text; nothing of an empty one."""
    return [part for part in (text or "").split(separator) if part]


def joined(parts: Iterable[str]) -> str | None:
    """Return parts as one text of the record; None if there are none."""
    return " | ".join(parts) or None


def is_instant(text: Any) -> bool:
    """Return whether a text is an instant as the record holds it."""
    try:
        return utc_text(parse_utc(str(text))) == str(text)
    except DateError:
        return False


def noted_in(database: Database, act_id: int) -> tuple[Finding, ...]:
    """Return what the checks of the posting pipeline noted with an act."""
    table = database.metadata.tables[FINDING.name]
    query = select(table).where(table.c.act_id == act_id).order_by(table.c.line_no)
    with database.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return tuple(
        Finding(
            str(row["code"]),
            Severity(row["severity"]),
            str(row["message"]),
            str(row["advice"] or ""),
            found=row["found"],
            expected=row["expected"],
            mba=row["mba"],
            basis=row["basis"],
        )
        for row in rows
    )


def no_review(review: str) -> Finding:
    """Return the finding that there is no such review."""
    return wrong(
        "SURVEILLANCE-REVIEW-UNKNOWN",
        f"there is no review {review[:60]!r}",
        "Open it first: keiryo surveillance session open.",
    )


def other_person(name: str, stated: str, actor: str) -> Finding:
    """Return the finding that a line states another person than the one who records it."""
    return wrong(
        "SURVEILLANCE-PERSON",
        f"{name}: it states {stated[:60]!r}, and {actor} records it",
        "Whoever looks, marks or concludes records it under their own name.",
    )


def wrong(code: str, message: str, advice: str, **more: Any) -> Finding:
    """Return a finding because of which something is refused."""
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS, **more)


def noted(code: str, message: str, advice: str, **more: Any) -> Finding:
    """Return a finding that is worth a look."""
    return Finding(code, Severity.WARNING, message, advice, basis=BASIS, **more)
