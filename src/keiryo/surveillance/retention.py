"""Retention: which images may be removed, and removing them so that the record stays whole.

The content of an image may go when its camera has a time of retention, a review has concluded
about its time, that conclusion is as old as the time of retention, nobody asked for it to be held,
and nothing names it: no conclusion or mark, no case file, no anomaly. Which anomalies containment
and surveillance show as a whole is asked of the caller (`Contested`), and again where the removal
is posted. What goes is the content; the digest, the line of the image and all that was concluded
stay, with the act that says it went.

The act comes first, the removal after it: a run that was killed in between leaves files that the
next run removes.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import parse_utc
from keiryo.journal.evidence import removed_evidence
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_tables, rows_of
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import recorded_at
from keiryo.surveillance.cameras import Camera, cameras
from keiryo.surveillance.holds import holds
from keiryo.surveillance.ingest_record import ANOMALOUS
from keiryo.surveillance.tables import (
    CASE_FILE,
    CONCLUSION,
    IMAGE,
    IMAGE_REMOVAL,
    MARK,
    SCREENED_EVENT,
)

if TYPE_CHECKING:
    import polars as pl

REMOVE = "surveillance.remove"
IMAGE_ROLES = ("image", "video")

NO_PERIOD, NOT_REVIEWED, TOO_EARLY = "no-period", "not-reviewed", "too-early"
HELD, NAMED, ANOMALY, REMOVED = "held", "named", "anomaly", "removed"
REASONS = {
    NO_PERIOD: "the camera has no time of retention: its images are kept for good",
    NOT_REVIEWED: "no review has concluded about their time",
    TOO_EARLY: "the time of retention is not over",
    HELD: "they are held",
    NAMED: "a conclusion, a mark, a case file or another record names them",
    ANOMALY: "they are an anomaly, or lie in the time of one",
}
FRAME_ROWS = 8_192
Say = Callable[[int, int, str], None]
Contested = Callable[
    [Connection, MetaData, Collection[str]], Mapping[str, Sequence[tuple[str, str]]]
]
"""Asked for some cameras: the times of which something else says that their images must stay."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file of images of a camera, and whether it may go.

    Attributes
    ----------
    camera, digest, name : str
    images : int
        One; of a video, its frames.
    first_at, last_at : str
        True times, UTC.
    kept_for : str or None
        Key of `REASONS`; None: it may be removed.
    rule : str
        The rule of retention that allows it; empty if none does.
    """

    camera: str
    digest: str
    name: str
    images: int
    first_at: str
    last_at: str
    kept_for: str | None
    rule: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("camera", "digest", "name", "images", "first_at", "last_at", "rule")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Retention:
    """What may be removed, and why the rest is kept.

    Attributes
    ----------
    removable : tuple of ImageFile
    kept : dict of str to int
        Number of files by reason.
    """

    removable: tuple[ImageFile, ...]
    kept: dict[str, int]


@dataclass(slots=True)
class _Spans:
    """Intervals, asked whether one of them contains or touches a time; texts in UTC sort."""

    half_open: list[tuple[str, str, Any]] = field(default_factory=list)

    def covering(self, at: str) -> list[Any]:
        """Return what is said of the intervals ``begin <= at < end``."""
        return [what for begin, end, what in self.half_open if begin <= at < end]


@dataclass(slots=True)
class ClosedSpans:
    """Closed intervals, merged, so that many can be asked fast; added once, in any order."""

    begins: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def add(self, spans: Iterable[tuple[str, str]]) -> None:
        """Take intervals."""
        for begin, end in sorted(spans):
            if self.ends and begin <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.begins.append(begin)
                self.ends.append(end)

    def touches(self, first: str, last: str) -> bool:
        """Return whether an interval has a time in common with [first, last]."""
        place = bisect_right(self.begins, last)
        return place > 0 and self.ends[place - 1] >= first


def retention(
    connection: Connection,
    metadata: MetaData,
    now: datetime,
    *,
    camera: str | None = None,
    contested: Contested | None = None,
) -> Retention:
    """Return which files may be removed, and of the others how many are kept for which reason.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    now : datetime
    camera : str, optional
        Only this one.
    contested : callable, optional
        Says in which times there are anomalies besides those that reviews found:
        `keiryo.coverage.kept_images.unresolved_times`. Without it files may be listed whose
        removal would be refused.
    """
    removable, kept = [], Counter[str]()
    asked = {n: c for n, c in cameras(connection, metadata).items() if camera in (None, n)}
    ending = [name for name, one in asked.items() if one.retention_days is not None]
    times = contested(connection, metadata, ending) if contested and ending else {}
    for name, one in asked.items():
        for file in files_of_camera(connection, metadata, one, now, contested=times.get(name, ())):
            if file.kept_for is None:
                removable.append(file)
            elif file.kept_for != REMOVED:
                kept[file.kept_for] += 1
    return Retention(tuple(removable), dict(kept))


def files_of_camera(
    connection: Connection,
    metadata: MetaData,
    camera: Camera,
    now: datetime | None,
    *,
    leave_out: int | None = None,
    contested: Iterable[tuple[str, str]] = (),
) -> Iterator[ImageFile]:
    """Yield the files of a camera, each with the reason for which it is kept.

    Parameters
    ----------
    connection, metadata
    camera : Camera
    now : datetime or None
        None: the age of the review is not asked.
    leave_out : int, optional
        Number of an act whose removals do not count yet.
    contested : iterable of (begin, end)
        Times of anomalies besides those that reviews found.
    """
    rules = _Rules(connection, metadata, camera, now, leave_out, contested)
    table = metadata.tables[IMAGE.name]
    query = (
        select(table.c.digest, table.c.name, table.c.at, table.c.state)
        .where(table.c.camera == camera.name)
        .order_by(table.c.digest, table.c.at)
    )
    group: list[tuple[str, str, str, str]] = []
    for digest, name, at, state in connection.execute(query):
        if group and group[0][0] != digest:
            yield rules.file(group)
            group = []
        group.append((str(digest), str(name), str(at), str(state)))
    if group:
        yield rules.file(group)


class _Rules:
    """All that keeps images of one camera."""

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        camera: Camera,
        now: datetime | None,
        leave_out: int | None,
        contested: Iterable[tuple[str, str]],
    ) -> None:
        self.camera, self.now = camera, now
        gone = metadata.tables[IMAGE_REMOVAL.name]
        query = select(gone.c.digest).where(gone.c.act_id != (leave_out or 0))
        self.removed = {str(row[0]) for row in connection.execute(query)}
        self.names: set[str] = _used_elsewhere(connection, metadata, camera.name)
        self.concluded = _Spans()
        self.anomalies, self.named, self.held = ClosedSpans(), ClosedSpans(), ClosedSpans()
        of_camera = metadata.tables
        rows = rows_of(
            connection, metadata, CONCLUSION.name,
            of_camera[CONCLUSION.name].c.camera == camera.name,
        )  # fmt: skip
        times = recorded_at(connection, metadata, (row["act_id"] for row in rows))
        negative = []
        for row in rows:
            done = (times[row["act_id"]], row["review"])
            self.concluded.half_open.append((row["begin_at"], row["end_at"], done))
            self.names |= set(str(row["evidence"] or "").split())
            if row["conclusion"] == "negative":
                negative.append((row["begin_at"], row["end_at"]))
        self.anomalies.add([*negative, *contested])
        cases = rows_of(
            connection, metadata, CASE_FILE.name,
            of_camera[CASE_FILE.name].c.camera == camera.name,
        )  # fmt: skip
        spans = [(row["begin_at"], row["end_at"]) for row in cases]
        self.named.add([*spans, *_marked(connection, metadata, camera.name)])
        every = holds(connection, metadata, camera=camera.name)
        self.held.add((one.begin_at, one.end_at) for one in every if one.stands)

    def file(self, group: list[tuple[str, str, str, str]]) -> ImageFile:
        digest, name, first, _ = group[0]
        last, rule = group[-1][2], ""
        kept_for = self._kept(digest, group, first, last)
        if kept_for is None:
            reviews = {what[1] for _, _, at, _ in group for what in self.concluded.covering(at)}
            told = ", ".join(sorted(reviews)[:3])
            rule = f"{self.camera.retention_days} days after the review {told}"
        return ImageFile(self.camera.name, digest, name, len(group), first, last, kept_for, rule)

    def _kept(
        self, digest: str, group: list[tuple[str, str, str, str]], first: str, last: str
    ) -> str | None:
        if digest in self.removed:
            return REMOVED
        if self.held.touches(first, last):
            return HELD
        if any(state in ANOMALOUS for *_, state in group) or self.anomalies.touches(first, last):
            return ANOMALY
        if digest in self.names or self.named.touches(first, last):
            return NAMED
        if self.camera.retention_days is None:
            return NO_PERIOD
        newest = ""
        for _, _, at, _ in group:
            done = self.concluded.covering(at)
            if not done:
                return NOT_REVIEWED
            newest = max(newest, *(what[0] for what in done))
        kept_until = parse_utc(newest) + timedelta(days=self.camera.retention_days)
        return TOO_EARLY if self.now is not None and self.now < kept_until else None


def _marked(connection: Connection, metadata: MetaData, camera: str) -> Iterator[tuple[str, str]]:
    """Yield the times of the events of a camera of which a reviewer said something."""
    event, mark = metadata.tables[SCREENED_EVENT.name], metadata.tables[MARK.name]
    same = (mark.c.screening == event.c.screening) & (mark.c.event == event.c.event)
    query = select(event.c.begin_at, event.c.end_at).join(mark, same)
    for begin, end in connection.execute(query.where(event.c.camera == camera).distinct()):
        yield str(begin), str(end)


def _used_elsewhere(connection: Connection, metadata: MetaData, camera: str) -> set[str]:
    """Return digests of a camera that are evidence of something else, or of another camera."""
    image, other = metadata.tables[IMAGE.name], metadata.tables[IMAGE.name].alias("other")
    evidence = metadata.tables[EVIDENCE.name]
    found: set[str] = set()
    for query in (
        select(image.c.digest)
        .join(evidence, evidence.c.digest == image.c.digest)
        .where(image.c.camera == camera, evidence.c.role.notin_(IMAGE_ROLES)),
        select(image.c.digest)
        .join(other, other.c.digest == image.c.digest)
        .where(image.c.camera == camera, other.c.camera != camera),
    ):
        found.update(str(row[0]) for row in connection.execute(query.distinct()))
    return found


@dataclass(frozen=True, slots=True)
class Applied:
    """What was removed.

    Attributes
    ----------
    act : Act or None
        None if no file may be removed.
    files : int
        Files that the act names.
    finished : int
        Files that were removed just now, those of an earlier run that was killed included.
    """

    act: Act | None
    files: int
    finished: int


def apply_retention(
    database: Database,
    actor: Actor,
    *,
    camera: str | None = None,
    contested: Contested | None = None,
    progress: Say | None = None,
    clock: Clock = system_clock,
) -> Applied:
    """Record that images are removed, and remove their content.

    Parameters
    ----------
    database, actor
    camera, contested
        As `retention`.
    progress : callable, optional
        Told of every file: how many are done, of how many, and the beginning of its digest.
    clock : callable

    Raises
    ------
    RefusedError
        If the act is refused; nothing is removed then.
    ReadOnlyError
        If the evidence cannot be written; the next run goes on.
    """
    act, files = None, 0
    asked: dict[str, Any] = {"camera": camera, "contested": contested}
    with database.reading() as connection:
        found = retention(connection, database.metadata, clock(), **asked)
    if found.removable:

        def draft(connection: Connection) -> Draft:
            nonlocal files
            now = retention(connection, database.metadata, clock(), **asked)
            scopes = {n: c.scope for n, c in cameras(connection, database.metadata).items()}
            files = len(now.removable)
            made = Draft(REMOVE, f"surveillance:{uuid.uuid4()}")
            made.add_frames(IMAGE_REMOVAL.name, _removal_frames(now.removable, scopes))
            return made

        act = post(database, draft, actor, clock=clock).act
    return Applied(act, files, finish_removals(database, progress=progress))


def finish_removals(database: Database, *, progress: Say | None = None) -> int:
    """Remove the content of which the record says that it was removed; return how many files."""
    with database.reading() as connection:
        wanted = sorted(removed_evidence(connection, line_tables(connection)))
    count = 0
    for done, digest in enumerate(wanted):
        count += database.evidence.remove(digest)
        if progress is not None:
            progress(done + 1, len(wanted), digest[:12])
    return count


def _removal_frames(files: tuple[ImageFile, ...], scopes: dict[str, str]) -> Iterator[pl.DataFrame]:
    import polars as pl

    for start in range(0, len(files), FRAME_ROWS):
        some = files[start : start + FRAME_ROWS]
        yield pl.DataFrame(
            {
                "scope": [scopes[one.camera] for one in some],
                "camera": [one.camera for one in some],
                "digest": [one.digest for one in some],
                "rule": [one.rule for one in some],
            }
        )
