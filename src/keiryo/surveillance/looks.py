"""Who looked at which images, for how long and at which size.

To mark an image as reviewed without looking is not reviewing. So a look states the range of
images that was shown, how many there were, the time they were looked at, and the width at which
they were shown; the count is worked out anew when it is recorded.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.errors import Finding, UsageError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.images_of import RECEIVED
from keiryo.surveillance.review_record import (
    is_instant,
    last_row,
    no_review,
    noted,
    other_person,
    review_row,
    screening_rows,
    split,
    wrong,
)
from keiryo.surveillance.tables import IMAGE, LOOK, REVIEW, SCREENED_EVENT

LOOKED = "surveillance.look"
MS_PER_IMAGE = 100
"""Ten images a second is the rate at which people view images; anything faster is told."""


@dataclass(frozen=True, slots=True)
class Look:
    """That images were looked at.

    Attributes
    ----------
    screening : str
    event : int or None
        Number of the event; None: images outside events.
    dwell_ms : int
        How long they were looked at.
    width_px : int or None
        Width at which they were shown.
    from_at, to_at : str or None
        Times of the first and last image shown; None: the whole event.
    """

    screening: str
    event: int | None
    dwell_ms: int
    width_px: int | None = None
    from_at: str | None = None
    to_at: str | None = None


def look(
    database: Database,
    actor: Actor,
    review: str,
    looks: Sequence[Look],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record which images somebody looked at: one act, or nothing.

    Parameters
    ----------
    database, actor
        The actor is who looked.
    review : str
    looks : sequence of Look

    Raises
    ------
    NotFoundError
        If there is no such review.
    UsageError
        If neither an event nor a range of images is named.
    RefusedError
        If a look does not hold: all findings.
    """
    if not looks:
        raise UsageError("no images are named", "Say which images were looked at.")

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        row = review_row(connection, metadata, review)
        known = screening_rows(connection, metadata, {one.screening for one in looks})
        made = Draft(LOOKED, f"surveillance:{uuid.uuid4()}")
        for one in looks:
            camera = known.get(one.screening, {}).get("camera", "")
            begin, end = _range(connection, metadata, one)
            made.add(
                LOOK.name,
                scope=row["scope"],
                review=review,
                screening=one.screening,
                event=one.event,
                camera=camera,
                from_at=begin,
                to_at=end,
                images=viewable(connection, metadata, camera, begin, end),
                dwell_ms=one.dwell_ms,
                width_px=one.width_px,
                person=actor.person,
            )
        if found := [f for _, values in made.lines for f in _form_findings(values)]:
            from keiryo.errors import RefusedError

            raise RefusedError("the look was refused; nothing was recorded", found)
        return made

    return post(database, draft, actor, clock=clock)


def _range(connection: Connection, metadata: MetaData, one: Look) -> tuple[str, str]:
    if one.from_at is not None and one.to_at is not None:
        return one.from_at, one.to_at
    event = None if one.event is None else event_row(connection, metadata, *_key(one))
    if event is None:
        raise UsageError(
            f"nothing says which images of {one.screening[:80]!r} were looked at",
            "Name an event of the screening, or the first and the last image.",
        )
    return one.from_at or event["begin_at"], one.to_at or event["end_at"]


def _key(one: Look) -> tuple[str, int]:
    assert one.event is not None
    return one.screening, one.event


def event_row(
    connection: Connection, metadata: MetaData, screening: str, event: int
) -> dict[str, Any] | None:
    """Return the line of an event, or None."""
    table = metadata.tables[SCREENED_EVENT.name]
    conditions = (table.c.screening == screening, table.c.event == event)
    return last_row(connection, metadata, SCREENED_EVENT.name, *conditions)


def viewable(connection: Connection, metadata: MetaData, camera: str, begin: str, end: str) -> int:
    """Return how many images with ``begin <= time <= end`` somebody can look at."""
    table = metadata.tables[IMAGE.name]
    one = select(table.c.digest, table.c.frame, table.c.at).where(
        table.c.camera == camera,
        table.c.at >= begin,
        table.c.at <= end,
        table.c.state == RECEIVED,
    )
    query = select(func.count()).select_from(one.distinct().subquery())
    return int(connection.execute(query).scalar() or 0)


def _shown_at(values: dict[str, Any]) -> str:
    """Return how wide images were shown, where that is stated."""
    return "" if values["width_px"] is None else f" at a width of {values['width_px']} pixels"


def _form_findings(values: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a look in itself."""
    name = f"{values['screening']} event {values['event']}"
    if values["dwell_ms"] <= 0 or (values["width_px"] or 1) <= 0:
        yield wrong(
            "LOOK-DWELL",
            f"{name}: nobody looks at images for {values['dwell_ms']} ms{_shown_at(values)}",
            "State how long they were looked at, and how large; marking is not looking.",
        )
    period = values["from_at"], values["to_at"]
    if not (all(map(is_instant, period)) and period[0] <= period[1]):
        yield wrong(
            "LOOK-RANGE",
            f"{name}: {period[0]} to {period[1]} is no range of images",
            "Name the times of the first and of the last image that was shown.",
        )
    elif values["images"] <= 0:
        yield wrong(
            "LOOK-NOTHING",
            f"{name}: there is no image to look at from {period[0]} to {period[1]}",
            "What is missing or unreadable cannot be looked at; it stays not reviewable.",
        )


def check_looks(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse looks at what is not under review, with another count, or of somebody else."""
    connection, metadata = posting.connection, posting.metadata
    assert posting.actor is not None
    table = metadata.tables[REVIEW.name]
    rows: dict[str, dict[str, Any] | None] = {}
    for line in posting.lines(LOOK.name):
        review = line["review"]
        if review not in rows:
            rows[review] = last_row(connection, metadata, REVIEW.name, table.c.review == review)
        standing = rows[review]
        if standing is None:
            yield Refusal(no_review(review))
            continue
        name = f"{line['screening']} event {line['event']}"
        if line["person"] != posting.actor.person:
            yield Refusal(other_person(name, line["person"], posting.actor.person))
        yield from (Refusal(one) for one in _form_findings(line))
        yield from (Refusal(one) for one in _place_findings(posting, standing, line, name))
        if 0 < line["dwell_ms"] < line["images"] * MS_PER_IMAGE:
            yield noted(
                "LOOK-BRIEF",
                f"{name}: {line['images']} images in {line['dwell_ms']} ms",
                "Nobody sees more than ten images a second: look again, more slowly.",
                found=str(line["dwell_ms"]),
                expected=str(line["images"] * MS_PER_IMAGE),
            )


def _place_findings(
    posting: Posting, review: dict[str, Any], line: dict[str, Any], name: str
) -> Iterator[Finding]:
    connection, metadata = posting.connection, posting.metadata
    screening = screening_rows(connection, metadata, [line["screening"]]).get(line["screening"])
    if screening is None or line["screening"] not in split(review["screenings"]):
        yield wrong(
            "LOOK-SCREENING",
            f"{line['review']}: {line['screening'][:80]!r} is not under review",
            "Look at the images of a screening of this review; 'keiryo surveillance session show' "
            "lists them.",
        )
        return
    if screening["camera"] != line["camera"]:
        yield wrong(
            "LOOK-CAMERA",
            f"{name}: the screening is of {screening['camera']}, not of {line['camera'][:60]!r}",
            "Name the camera whose images were shown.",
        )
    count = viewable(connection, metadata, line["camera"], line["from_at"], line["to_at"])
    if count != line["images"]:
        yield wrong(
            "LOOK-COUNT",
            f"{name}: it states {line['images']} images, the record has {count}",
            "Show them again: others have come in since, or the range is another one.",
            found=str(line["images"]),
            expected=str(count),
        )
    if line["event"] is None:
        return
    event = event_row(connection, metadata, line["screening"], line["event"])
    if event is None or event["end_at"] < line["from_at"] or line["to_at"] < event["begin_at"]:
        yield wrong(
            "LOOK-EVENT",
            f"{name}: there is no such event among the images from {line['from_at']} to "
            f"{line['to_at']}",
            "Name the event whose images were shown; 'keiryo surveillance session show' lists "
            "them.",
        )


def looked_ranges(
    connection: Connection, metadata: MetaData, review: str, camera: str | None = None
) -> list[dict[str, Any]]:
    """Return the looks of a review in the order in which they were recorded."""
    table = metadata.tables[LOOK.name]
    conditions = [table.c.review == review]
    if camera is not None:
        conditions.append(table.c.camera == camera)
    return rows_of(connection, metadata, LOOK.name, *conditions)


LOOKS_HOLD = Check("looks at images", frozenset({LOOK.name}), check_looks)
