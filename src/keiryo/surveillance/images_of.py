"""The images of a camera in a period, from the record: which there are, and each one decoded.

An image is named by its digest and, of a video, by the number of its frame. One that came twice
counts once. What cannot be looked at (an unreadable file, a broken signature, content that was
removed when its time was over, or that is not where it should be) keeps its place among the
images with the reason, and is never taken for a quiet one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, MetaData, select

from keiryo.dates import utc_text
from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.tables import IMAGE, IMAGE_REMOVAL

RECEIVED, UNREADABLE = "received", "unreadable"
REMOVED, CONTENT_MISSING, CONTENT_ALTERED = "removed", "content-missing", "content-altered"
UNVIEWABLE = frozenset(
    {
        *(UNREADABLE, REMOVED, CONTENT_MISSING, CONTENT_ALTERED),
        *("bad-signature", "broken-chain", "equivocation"),
    }
)
"""Reasons for which nobody can look at an image, or must not rely on what they see."""
UNAUTHENTIC = frozenset({"bad-signature", "broken-chain", "equivocation"})
SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Images:
    """Images of one camera in the order of their times, each once.

    Attributes
    ----------
    camera : str
    at : NDArray of int64
        True times, microseconds since 1970.
    act, line : NDArray of int64
        Their lines in the record.
    state : list of str
        ``received``, or why an image cannot be used.
    scheduled : NDArray of bool
        False for images that something triggered.
    digest : list of str
    frame : list of int or None
    duplicates : int
        Arrivals beyond the first, left out.
    """

    camera: str
    at: NDArray[np.int64]
    act: NDArray[np.int64]
    line: NDArray[np.int64]
    state: list[str]
    scheduled: NDArray[np.bool_]
    digest: list[str]
    frame: list[int | None]
    name: list[str] = field(default_factory=list)
    duplicates: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.at)

    def between(self, begin: str, end: str) -> tuple[int, int]:
        """Return the range of positions with ``begin <= time < end``."""
        low, high = np.searchsorted(self.at, [micros(begin), micros(end)], side="left")
        return int(low), int(high)

    def of_view(self, begin: str, end: str) -> Images:
        """Return the images of a part of the period."""
        low, high = self.between(begin, end)
        part = slice(low, high)
        return Images(
            self.camera,
            *(self.at[part], self.act[part], self.line[part], self.state[part]),
            *(self.scheduled[part], self.digest[part], self.frame[part], self.name[part]),
        )


def micros(at: str) -> int:
    """Return an instant of the record in microseconds since 1970.

    Examples
    --------
    >>> micros("1970-01-01T00:00:01.500000Z")
    1500000
    """
    return int(np.datetime64(at[:-1], "us").astype(np.int64))


def instant_of(at: int | np.int64) -> str:
    """Return microseconds since 1970 as the record writes an instant.

    Examples
    --------
    >>> instant_of(1500000)
    '1970-01-01T00:00:01.500000Z'
    """
    return f"{np.datetime64(int(at), 'us')}Z"


def images_of(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    begin: str,
    end: str,
    *,
    through_act: int | None = None,
) -> Images:
    """Return the images of a camera with ``begin <= time < end``.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    camera : str
    begin, end : str
        UTC, as `keiryo.dates.utc_text` writes them.
    through_act : int, optional
        Only images that had been recorded with this act.
    """
    table = metadata.tables[IMAGE.name]
    columns = ("at", "act_id", "line_no", "state", "trigger", "digest", "frame", "name")
    query = select(*(table.c[one] for one in columns)).where(
        table.c.camera == camera, table.c.at >= begin, table.c.at < end
    )
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    order = (table.c.at, table.c.act_id, table.c.line_no)
    rows: list[Any] = []
    seen: set[tuple[Any, ...]] = set()
    duplicates = 0
    for row in connection.execute(query.order_by(*order)):
        key = (row[5], row[6], row[0])
        if key in seen:
            duplicates += 1
            continue
        seen.add(key)
        rows.append(row)
    removed = _removed(connection, metadata, camera, through_act)
    times = np.array([row[0][:-1] for row in rows], dtype="datetime64[us]").astype(np.int64)
    numbers = np.array([(row[1], row[2]) for row in rows], dtype=np.int64).reshape(-1, 2)
    return Images(
        camera,
        times,
        numbers[:, 0],
        numbers[:, 1],
        [REMOVED if row[3] == RECEIVED and row[5] in removed else row[3] for row in rows],
        np.array([row[4] == SCHEDULED for row in rows], dtype=np.bool_),
        [row[5] for row in rows],
        [row[6] for row in rows],
        [row[7] for row in rows],
        duplicates,
    )


def _removed(
    connection: Connection, metadata: MetaData, camera: str, through_act: int | None
) -> set[str]:
    table = metadata.tables[IMAGE_REMOVAL.name]
    query = select(table.c.digest).where(table.c.camera == camera)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return {str(row[0]) for row in connection.execute(query)}


def first_and_last(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> tuple[str, str] | None:
    """Return the times of the first and last image that is recorded of a camera, or None."""
    from sqlalchemy import func

    from keiryo.storage.schema import ACT

    table = metadata.tables[IMAGE.name]
    query = select(func.min(table.c.at), func.max(table.c.at)).where(table.c.camera == camera)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    if known_at is not None:
        act = metadata.tables[ACT]
        query = query.join(act, act.c.act_id == table.c.act_id)
        query = query.where(act.c.recorded_at <= utc_text(known_at))
    first, last = connection.execute(query).one()
    return None if first is None else (str(first), str(last))


def is_there(store: EvidenceStore, images: Images, position: int) -> bool:
    """Return whether the content of an image lies in the store."""
    return store.path(images.digest[position]).is_file()


def groups(images: Images, first: int = 0) -> Iterator[tuple[int, int]]:
    """Yield ranges of successive images that lie in one file: a still, or frames of a video."""
    position = first
    while position < images.count:
        end = position + 1
        while (
            end < images.count
            and images.frame[end] is not None
            and images.digest[end] == images.digest[position]
            and (images.frame[end] or 0) > (images.frame[end - 1] or 0)
        ):
            end += 1
        yield position, end
        position = end
