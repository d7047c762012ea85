"""Done once, however often it is sent: double clicks, the back button, a program that retries.

A form carries a number of its own (`_form_id`), a program sends an ``Idempotency-Key``. The first
request that brings it does the work; any other with the same content gets the same answer, one with
other content is refused, and one that comes while the first is still at work waits for its answer;
only if that takes long it is told so.
"""

from __future__ import annotations

import datetime
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import ConflictError, StorageError
from keiryo.people.tables import DONE_ONCE
from keiryo.web.viewer import Viewer

GIVEN_UP_AFTER = datetime.timedelta(minutes=10)
WAITED_S = 10.0
"""How long a repetition waits for the first request, that is still at work."""
LOOKED_EVERY_S = 0.1
MOST_WAITING = 8
"""Repetitions that wait at a time: each holds a thread, and the first one needs one."""
MAX_KEY = 200

_waiting = threading.BoundedSemaphore(MOST_WAITING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: a page to go to, or content."""

    status: int
    location: str | None = None
    content: str | None = None
    media_type: str | None = None
    repeated: bool = False


def once(viewer: Viewer, key: str, asked: Mapping[str, Any], do: Callable[[], Answer]) -> Answer:
    """Do something unless it was done under this key before.

    Parameters
    ----------
    viewer : Viewer
    key : str
        Chosen by the sender; empty: always done.
    asked : mapping
        What was sent, to tell a repetition from another request under the same key.
    do : callable
        Does it; what it raises goes on, and the key is free again.

    Raises
    ------
    ConflictError
        If the key was used for something else, or is being used at this moment and for long.
    """
    if not key:
        return do()
    if len(key) > MAX_KEY:
        raise ConflictError("the key of the request is too long", "Use a UUID.")
    digest = hashlib.sha256(repr(sorted(asked.items())).encode()).hexdigest()
    before = _waited_for(viewer, key, digest)
    if before is not None:
        return before
    try:
        answer = do()
    except BaseException:
        _forget(viewer, key)
        raise
    table = viewer.metadata.tables[DONE_ONCE]
    values = {"status": answer.status, "location": answer.location}
    values |= {"content": answer.content, "media_type": answer.media_type}
    with viewer.whole.writing() as connection:
        connection.execute(update(table).where(*_where(viewer, table, key)).values(**values))
    return answer


class _AtWorkError(ConflictError):
    """The first request under a key has no answer yet."""

    def __init__(self) -> None:
        super().__init__(
            "the same request is being done at this moment",
            "Wait for its answer; sending it again does nothing.",
        )


def _waited_for(viewer: Viewer, key: str, digest: str) -> Answer | None:
    """Return what `_before` does; while the first request is at work, wait for it, but not long.

    If the first fails meanwhile the key is free, and the request that waited takes it.
    """
    try:
        return _before(viewer, key, digest)
    except _AtWorkError:
        if not _waiting.acquire(blocking=False):
            raise
    until = time.monotonic() + WAITED_S
    try:
        while True:
            while _is_at_work(viewer, key) and time.monotonic() < until:
                time.sleep(LOOKED_EVERY_S)
            try:
                return _before(viewer, key, digest)
            except _AtWorkError:  # another that waited was faster, or it takes too long
                if time.monotonic() >= until:
                    raise
    finally:
        _waiting.release()


def _is_at_work(viewer: Viewer, key: str) -> bool:
    """Return whether a request under the key has no answer yet; nobody waits for who only reads."""
    table = viewer.metadata.tables[DONE_ONCE]
    with viewer.whole.reading() as connection:
        row = connection.execute(select(table.c.status).where(*_where(viewer, table, key))).first()
    return row is not None and row[0] is None


def _before(viewer: Viewer, key: str, digest: str) -> Answer | None:
    """Return the answer that was given before, or take the key and return None."""
    table, now = viewer.metadata.tables[DONE_ONCE], viewer.server.now()
    values = {"person": viewer.person.person, "request_key": key, "request_digest": digest}
    try:
        with viewer.whole.writing() as connection:
            row = (
                connection.execute(select(table).where(*_where(viewer, table, key)))
                .mappings()
                .first()
            )
            if row is None:
                connection.execute(insert(table).values(**values, made_at=utc_text(now)))
                return None
            if row["request_digest"] != digest:
                raise ConflictError(
                    "this key was used for another request; nothing was done",
                    "Load the page again, or choose a new Idempotency-Key.",
                )
            if row["status"] is None:
                if now - parse_utc(str(row["made_at"])) < GIVEN_UP_AFTER:
                    raise _AtWorkError
                connection.execute(
                    update(table).where(*_where(viewer, table, key)).values(made_at=utc_text(now))
                )
                return None
            return Answer(
                int(row["status"]), row["location"], row["content"], row["media_type"], True
            )
    except (IntegrityError, StorageError) as error:
        if "unique" not in str(error).lower():
            raise
        raise _AtWorkError from error


def _forget(viewer: Viewer, key: str) -> None:
    table = viewer.metadata.tables[DONE_ONCE]
    with viewer.whole.writing() as connection:
        connection.execute(delete(table).where(*_where(viewer, table, key)))


def _where(viewer: Viewer, table: Any, key: str) -> tuple[Any, ...]:
    return (table.c.person == viewer.person.person, table.c.request_key == key)
