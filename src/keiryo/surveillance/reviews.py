"""Review sessions: which cameras and which period are under review, and what is still open.

A review is opened over the screenings of its cameras. Opened again under its name, it takes in
newer screenings: what was looked at stays looked at, marks stay with the events of the screening
for which they were made.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.errors import Finding, NotFoundError, UsageError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import scope_of_area
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.images_of import Images, images_of
from keiryo.surveillance.review_record import (
    is_instant,
    joined,
    noted,
    other_person,
    review_row,
    screening_rows,
    split,
    wrong,
)
from keiryo.surveillance.tables import REVIEW, SCREENING

OPEN = "surveillance.review"
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Review:
    """A review session.

    Attributes
    ----------
    name, mba, begin, end, reviewer : str
    cameras : tuple of str
    screenings : tuple of str
        The screenings under review.
    note : str or None
    line : str
        Node of the line that opened it last.
    """

    name: str
    mba: str
    begin: str
    end: str
    reviewer: str
    cameras: tuple[str, ...]
    screenings: tuple[str, ...]
    note: str | None
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("name", "mba", "begin", "end", "reviewer", "note", "line")
        told = {name: getattr(self, name) for name in names}
        return {**told, "cameras": list(self.cameras), "screenings": list(self.screenings)}


def reviews(
    connection: Connection,
    metadata: MetaData,
    *,
    mba: str | None = None,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Review]:
    """Return the reviews as they stand, by the beginning of their periods.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str, optional
        Only those of an area.
    known_at : datetime, optional
        Those that had been opened by an instant, as they stood then; default: all.
    through_act : int, optional
        As recorded with an act; default: everything.
    """
    known: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    rows = rows_of(connection, metadata, REVIEW.name, **known)
    last = {row["review"]: row for row in rows}.values()
    found = [_review(connection, metadata, row) for row in last if mba in (None, row["mba"])]
    return sorted(found, key=lambda one: (one.begin, one.name))


def review(connection: Connection, metadata: MetaData, name: str) -> Review:
    """Return a review.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    return _review(connection, metadata, review_row(connection, metadata, name))


def _review(connection: Connection, metadata: MetaData, row: dict[str, Any]) -> Review:
    names = split(row["screenings"])
    known = screening_rows(connection, metadata, names)
    cameras = sorted({known[name]["camera"] for name in names if name in known})
    return Review(
        *(row["review"], row["mba"], row["begin_at"], row["end_at"], row["reviewer"]),
        *(tuple(cameras), tuple(names), row["note"], line_node(row)),
    )


def screenings_for(
    connection: Connection, metadata: MetaData, camera: str, begin: str, end: str
) -> list[dict[str, Any]]:
    """Return the screenings that say the most recent of every part of a period, by beginning."""
    table = metadata.tables[SCREENING.name]
    conditions = (table.c.camera == camera, table.c.begin_at < end, table.c.end_at > begin)
    kept: list[dict[str, Any]] = []
    for row in reversed(rows_of(connection, metadata, SCREENING.name, *conditions)):
        if uncovered([*kept], max(row["begin_at"], begin), min(row["end_at"], end)):
            kept.append(row)
    return sorted(kept, key=lambda row: (row["begin_at"], row["act_id"]))


def uncovered(rows: Sequence[dict[str, Any]], begin: str, end: str) -> list[tuple[str, str]]:
    """Return the parts of a period about which no screening says anything."""
    parts, reached = [], begin
    for row in sorted(rows, key=lambda row: str(row["begin_at"])):
        if reached < row["begin_at"] and reached < end:
            parts.append((reached, min(str(row["begin_at"]), end)))
        reached = max(reached, row["end_at"])
    if reached < end:
        parts.append((reached, end))
    return parts


def open_review(
    database: Database,
    actor: Actor,
    name: str,
    cameras: Sequence[str],
    begin: datetime,
    end: datetime,
    *,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Open a review over cameras and a period, or open it again over newer screenings.

    Parameters
    ----------
    database, actor
    name : str
    cameras : sequence of str
        All of one material balance area.
    begin, end : datetime
        The period, half-open.

    Raises
    ------
    NotFoundError
        If there is no such camera.
    UsageError
        If the period ends before it begins, or no camera is named.
    RefusedError
        If a camera was not screened at all, or the name is taken: all findings.
    """
    if not begin < end:
        raise UsageError("the period ends before it begins", "Give --from before --to.")
    if not cameras:
        raise UsageError("no camera is named", "Name the cameras that are to be reviewed.")
    period = utc_text(begin), utc_text(end)

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        found: list[str] = []
        for one in dict.fromkeys(cameras):
            read_camera(connection, metadata, one)
            rows = screenings_for(connection, metadata, one, *period)
            if not rows:
                raise NotFoundError(
                    f"nothing of {one} was screened between {period[0]} and {period[1]}",
                    f"Screen it first: keiryo surveillance screen {one} --from … --to …",
                )
            found += [row["screening"] for row in rows]
        mba = read_camera(connection, metadata, cameras[0]).mba
        made = Draft(OPEN, f"surveillance:{uuid.uuid4()}")
        made.add(
            REVIEW.name,
            scope=scope_of_area(connection, metadata, mba),
            review=name.strip(),
            mba=mba,
            begin_at=period[0],
            end_at=period[1],
            screenings=joined(found),
            reviewer=actor.person,
            note=note,
        )
        return made

    return post(database, draft, actor, clock=clock)


def check_reviews(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse reviews of what was not screened, of several areas, or under a name that is taken."""
    connection, metadata = posting.connection, posting.metadata
    assert posting.actor is not None
    table = metadata.tables[REVIEW.name]
    for row in posting.lines(REVIEW.name):
        name = row["review"]
        earlier = rows_of(
            connection,
            metadata,
            REVIEW.name,
            table.c.review == name,
            through_act=posting.act_id - 1,
        )
        if not earlier and not _is_name(name):  # what was opened before may be opened again
            yield Refusal(
                wrong(
                    "REVIEW-NAME",
                    f"{name[:60]!r} is no name of a review",
                    f"Up to {MAX_NAME} characters without slashes and bars, e.g. 2026-07-store.",
                )
            )
        if row["reviewer"] != posting.actor.person:
            yield Refusal(other_person(name, row["reviewer"], posting.actor.person))
        period = row["begin_at"], row["end_at"]
        if not (all(map(is_instant, period)) and period[0] < period[1]):
            yield Refusal(
                wrong(
                    "REVIEW-PERIOD",
                    f"{name}: {period[0]} to {period[1]} is no period",
                    "Correct the beginning or the end.",
                )
            )
            continue
        same = ("mba", "begin_at", "end_at")
        if earlier and any(earlier[-1][one] != row[one] for one in same):
            yield Refusal(
                wrong(
                    "REVIEW-TAKEN",
                    f"{name} is the review of {earlier[-1]['mba']} from "
                    f"{earlier[-1]['begin_at']} to {earlier[-1]['end_at']}",
                    "Give the new review a name of its own.",
                )
            )
        yield from _screening_findings(connection, metadata, row)


def _is_name(text: str) -> bool:
    """Return whether a text can name a review, also in the address of its page."""
    bare = text == text.strip() and text.isprintable() and not set(text) & {"|", "/"}
    return bare and 0 < len(text) <= MAX_NAME and text not in (".", "..")


def _screening_findings(
    connection: Connection, metadata: MetaData, row: dict[str, Any]
) -> Iterator[Finding | Refusal]:
    name, names = row["review"], split(row["screenings"])
    known = screening_rows(connection, metadata, names)
    for one in names:
        if one not in known:
            yield Refusal(
                wrong(
                    "REVIEW-SCREENING",
                    f"{name}: there is no screening {one[:80]!r}",
                    "Screen the camera first: keiryo surveillance screen.",
                )
            )
    by_camera: dict[str, list[dict[str, Any]]] = {}
    for found in known.values():
        by_camera.setdefault(found["camera"], []).append(found)
    for camera, rows in sorted(by_camera.items()):
        mba = read_camera(connection, metadata, camera).mba
        if mba != row["mba"]:
            yield Refusal(
                wrong(
                    "REVIEW-AREA",
                    f"{name}: {camera} looks into {mba}, not into {row['mba']}",
                    "Open one review for each material balance area.",
                    mba=row["mba"],
                )
            )
        for begin, end in uncovered(rows, row["begin_at"], row["end_at"]):
            yield noted(
                "REVIEW-NOT-SCREENED",
                f"{name}: nothing of {camera} was screened from {begin} to {end}",
                "Screen that part and open the review again; until then it is not reviewed.",
                mba=row["mba"],
            )


def images_in_review(
    connection: Connection, metadata: MetaData, review: Review, camera: str
) -> Images:
    """Return the images of a camera in the period of a review, for showing them."""
    return images_of(connection, metadata, camera, review.begin, review.end)


REVIEWS_HOLD = Check("reviews of surveillance", frozenset({REVIEW.name}), check_reviews)
