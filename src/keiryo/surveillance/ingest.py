"""Taking in the images of a camera: a folder or a video, as one set, as one act, or not at all.

Each file is kept as evidence under its SHA-256 before the act that names it is posted. A run that
was killed leaves files that no act names; the next run finds them kept and goes on to the act. A
set that was taken in before is recognised by its content and changes nothing; where files have
come since, only what is missing is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import utc_text
from keiryo.device_log.key_register import keys as device_keys
from keiryo.device_log.keys import Keys
from keiryo.errors import Finding, NotFoundError, Severity, UsageError
from keiryo.journal.evidence import MAX_NAME, KeptFile, add_evidence
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import act_by_client_id, rows_of
from keiryo.journal.tables import EVIDENCE, FINDING, finding_values
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import BASIS, content_key
from keiryo.surveillance.cameras import Camera, camera, joined, split_list
from keiryo.surveillance.clocks import ClockCorrection, correction
from keiryo.surveillance.ingest_manifest import Manifest, files_of, read_manifest
from keiryo.surveillance.ingest_record import Arrived, Reckoned, reckon
from keiryo.surveillance.tables import IMAGE, IMAGE_REMOVAL, IMAGE_SET

if TYPE_CHECKING:
    import polars as pl

INGEST = "surveillance.ingest"
MEDIA = ("removable-media", "network", "file")
FRAME_ROWS = 8_192
IMAGE_ROLE = "image"

Say = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How images came in.

    Attributes
    ----------
    set_name : str or None
        Name of the set; None: made of camera, time and content.
    medium : str
        One of `MEDIA`.
    custody : str or None
        Through whose hands they came, joined by ``|``.
    manifest : Path or None
        The list of the set; None: one that lies in the folder, if any.
    start : datetime or None
        When the first image was taken by the camera's clock, where nothing else tells.
    interval_s : float or None
        Time between images, where nothing else tells.
    """

    set_name: str | None = None
    medium: str = "file"
    custody: str | None = None
    manifest: Path | None = None
    start: datetime | None = None
    interval_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a set.

    Attributes
    ----------
    set_name : str
    act : Act
        The act that records it; of a set that was taken in before, that act.
    repeated : bool
        Whether nothing was added, since the same content was taken in before.
    received : int
        Files or frames that came, duplicates included.
    new, duplicates, unreadable, sequence_gaps : int
    authentic : str
        ``signed``, ``chained``, ``unsigned`` or ``broken``.
    first_at, last_at : datetime
        True times.
    findings : tuple of Finding
    """

    set_name: str
    act: Act
    repeated: bool
    received: int
    new: int
    duplicates: int
    unreadable: int
    sequence_gaps: int
    authentic: str
    first_at: datetime
    last_at: datetime
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, without the findings."""
        names = ("received", "new", "duplicates", "unreadable", "sequence_gaps", "authentic")
        return {
            "set": self.set_name,
            "act": self.act.act_id,
            "repeated": self.repeated,
            **{name: getattr(self, name) for name in names},
            "first_at": utc_text(self.first_at),
            "last_at": utc_text(self.last_at),
        }


@dataclass(slots=True)
class _Read:
    """What was read and kept, before anything is recorded."""

    images: list[Arrived]
    findings: list[Finding]
    manifest: list[KeptFile]


def ingest(
    database: Database,
    actor: Actor,
    name: str,
    path: Path,
    delivery: Delivery | None = None,
    *,
    keys: Keys | None = None,
    progress: Say | None = None,
    clock: Clock = system_clock,
) -> Ingested:
    """Take in a folder of images, one image, or a video file.

    Parameters
    ----------
    database, actor
    name : str
        Of the camera.
    path : Path
    delivery : Delivery, optional
    keys : mapping, optional
        Register of device keys; default: that of the books.
    progress : callable, optional
        Called with (files or frames read, in all, name); what it raises ends the work, and
        nothing is recorded.

    Raises
    ------
    NotFoundError
        If there is no such camera or path.
    UsageError
        If the files cannot be read, or nothing tells when they were taken.
    RefusedError
        If the act is refused.
    FullError, ReadOnlyError
        If the files cannot be kept; nothing is recorded.
    """
    wanted = delivery or Delivery()
    if wanted.medium not in MEDIA:
        raise UsageError(
            f"{wanted.medium[:40]!r} is no medium of images", f"One of {', '.join(MEDIA)}."
        )
    with database.reading() as connection:
        known = camera(connection, database.metadata, name)
        clocks = correction(connection, database.metadata, name)
        register = device_keys(connection, database.metadata) if keys is None else keys
        removed = removed_digests(connection, database.metadata, name)
    opened = _Reading(database, known, wanted, register, removed, progress, clock)
    read = opened.read(path)
    client_id = _client_id(name, wanted, read)
    with database.reading() as connection:
        before = act_by_client_id(connection, database.metadata, client_id)
        if before is not None:
            return _repeated(connection, database.metadata, before, read, clocks)
    made = _Making(database, actor, known, path, wanted, read, clocks, client_id, clock)
    done = post(database, made.draft, actor, clock=clock)
    assert made.done is not None
    return made.result(done.act, done.repeated)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads and keeps the files of a set, and records nothing."""

    database: Database
    camera: Camera
    wanted: Delivery
    keys: Keys
    removed: frozenset[str]
    progress: Say | None
    clock: Clock

    def read(self, path: Path) -> _Read:
        """Read a folder, an image or a video."""
        from keiryo.screening.sources.picture_files import ENDINGS

        if not path.exists():
            raise NotFoundError(f"{path} is not there", "Name a folder of images or a video file.")
        if path.is_dir() or path.suffix.lower() in ENDINGS:
            return self._images(path)
        return self._video(path)

    def _images(self, path: Path) -> _Read:
        from keiryo.screening.sources.picture_files import ENDINGS
        from keiryo.surveillance.ingest_folder import found_manifest, image_files, read_folder

        wanted, folder = self.wanted, path if path.is_dir() else path.parent
        images, others = image_files(path) if path.is_dir() else ([path], [])
        if not images:
            raise UsageError(
                f"{path} has no images",
                f"Images end in {', '.join(sorted(ENDINGS))}; or name a video file.",
            )
        listed = wanted.manifest or found_manifest(others)
        manifest, kept = self._manifest(listed)
        arrived, findings = read_folder(
            folder, images, self.camera, self.database.evidence, manifest=manifest,
            without=self.removed, start=wanted.start, interval_s=wanted.interval_s,
            progress=self.progress,
        )  # fmt: skip
        findings += [] if manifest is None else manifest.findings
        beside = {one.resolve() for one in files_of(listed)} if listed is not None else set()
        ignored = [one for one in others if one.resolve() not in beside]
        return _Read(arrived, findings + _others(ignored), kept)

    def _video(self, path: Path) -> _Read:
        from keiryo.surveillance.ingest_video import read_video

        wanted, store = self.wanted, self.database.evidence
        manifest, kept = self._manifest(wanted.manifest)
        try:
            digest = store.put_file(path)
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read: {error.strerror}", "Ask for the right to read it."
            ) from error
        if digest in self.removed:
            store.remove(digest)
        frames, findings = read_video(
            path, digest, start=wanted.start, interval_s=wanted.interval_s, progress=self.progress
        )
        if manifest is not None:
            entry, as_listed = manifest.find(digest, path.name)
            for one in frames:
                manifest.settle(one, entry, as_listed=as_listed)
                one.sequence = None  # the number is that of the file
            findings += manifest.findings
        return _Read(frames, findings, kept)

    def _manifest(self, listed: Path | None) -> tuple[Manifest | None, list[KeptFile]]:
        if listed is None:
            return None, []
        kid, now = self.camera.values["key_id"], self.clock()
        made = read_manifest(listed, self.camera.name, keys=self.keys, kid=kid, received_at=now)
        store = self.database.evidence
        try:
            kept = [
                KeptFile(one.name, store.put_file(one), one.stat().st_size)
                for one in files_of(listed)
            ]
        except OSError as error:
            raise UsageError(
                f"{listed} cannot be read: {error.strerror}", "Name a file."
            ) from error
        return made, kept


def removed_digests(connection: Connection, metadata: MetaData, name: str) -> frozenset[str]:
    """Return what was removed of a camera when its time of retention was over."""
    table = metadata.tables[IMAGE_REMOVAL.name]
    query = select(table.c.digest).where(table.c.camera == name)
    return frozenset(str(row[0]) for row in connection.execute(query))


def _others(paths: Sequence[Path]) -> list[Finding]:
    if not paths:
        return []
    told = ", ".join(path.name for path in paths[:5])
    return [
        Finding(
            "IMAGE-OTHER-FILES",
            Severity.INFORMATION,
            f"{len(paths)} files are no images and were not taken in: {told}",
            "If one of them is the list of the set, name it with --manifest.",
            basis=BASIS,
        )
    ]


def _client_id(name: str, wanted: Delivery, read: _Read) -> str:
    """Return the client id: the same for the same images of a camera under the same name."""
    files = sorted({(one.name if one.frame is None else "", one.digest) for one in read.images})
    kept = [one.digest for one in read.manifest]
    return f"surveillance:ingest:{content_key(name, wanted.set_name, files, kept)}"


def _repeated(
    connection: Connection, metadata: MetaData, act: Act, read: _Read, clocks: ClockCorrection
) -> Ingested:
    table = metadata.tables[IMAGE_SET.name]
    row = rows_of(connection, metadata, IMAGE_SET.name, table.c.act_id == act.act_id)[0]
    times = [clocks.true_time(one.camera_at) for one in read.images]
    counts = (row["duplicates"] + row["images"], row["unreadable"], row["sequence_gaps"])
    return Ingested(
        row["set_name"], act, True, len(read.images), 0, *counts, row["authentic"],
        min(times), max(times), (),
    )  # fmt: skip


@dataclass(slots=True)
class _Making:
    """The act that records a set, made inside the transaction that posts it."""

    database: Database
    actor: Actor
    camera: Camera
    path: Path
    wanted: Delivery
    read: _Read
    clocks: ClockCorrection
    client_id: str
    clock: Clock
    done: Reckoned | None = None
    set_name: str = ""
    first: datetime | None = None
    last: datetime | None = None

    def draft(self, connection: Connection) -> Draft:
        """Return the act: the set, its findings, then its images in bulk."""
        metadata, images = self.database.metadata, self.read.images
        self.done = reckon(connection, metadata, self.camera, images)
        times = [self.clocks.true_time(one.camera_at) for one in images]
        self.first, self.last = min(times), max(times)
        self.set_name = self._name()
        _require_set_of(connection, metadata, self.set_name, self.camera.name)
        received_at, scope = utc_text(self.clock()), self.camera.scope
        made = Draft(INGEST, self.client_id)
        for kept in self.read.manifest:
            add_evidence(made, kept, scope, "manifest", received_at)
        made.add(
            IMAGE_SET.name,
            scope=scope,
            set_name=self.set_name,
            camera=self.camera.name,
            source=self.path.name[:MAX_NAME] or str(self.path)[:MAX_NAME],
            medium=self.wanted.medium,
            custody=joined(split_list(self.wanted.custody)),
            received_at=received_at,
            images=self.done.new,
            duplicates=self.done.duplicates,
            unreadable=self.done.unreadable,
            sequence_gaps=self.done.sequence_gaps,
            authentic=self.done.authentic,
            first_at=utc_text(self.first),
            last_at=utc_text(self.last),
            manifest=self.read.manifest[0].digest if self.read.manifest else None,
        )
        for finding in (*self.read.findings, *self.done.findings):
            made.add(FINDING.name, finding_values(finding, scope))
        new = [one for one in images if one.new]
        if new:
            made.add_frames(EVIDENCE.name, _evidence_frames(new, scope, received_at))
            made.add_frames(IMAGE.name, _image_frames(new, scope, self.set_name, self.clocks, self))
        return made

    def _name(self) -> str:
        if self.wanted.set_name is not None:
            return self.wanted.set_name.strip()
        assert self.first is not None
        begin = self.first.astimezone(UTC)
        return f"{self.camera.name}-{begin:%Y%m%dT%H%M%SZ}-{self.client_id[-8:]}"

    def result(self, act: Act, repeated: bool) -> Ingested:
        """Return what became of the set."""
        assert self.done is not None and self.first is not None and self.last is not None
        done = self.done
        return Ingested(
            self.set_name, act, repeated, len(self.read.images), done.new, done.duplicates,
            done.unreadable, done.sequence_gaps, done.authentic, self.first, self.last,
            (*self.read.findings, *done.findings),
        )  # fmt: skip


def _require_set_of(
    connection: Connection, metadata: MetaData, set_name: str, camera_name: str
) -> None:
    if not set_name or len(set_name) > 120 or "|" in set_name:
        raise UsageError(f"{set_name[:60]!r} is no name of a set", "Give up to 120 characters.")
    table = metadata.tables[IMAGE_SET.name]
    query = select(table.c.camera).where(table.c.set_name == set_name).limit(1)
    other = connection.execute(query).scalar()
    if other not in (None, camera_name):
        raise UsageError(f"the set {set_name} is of {other}", "Give this set another name.")


def _evidence_frames(
    images: Sequence[Arrived], scope: str, received_at: str
) -> Iterator[pl.DataFrame]:
    import polars as pl

    files = {one.digest: one for one in reversed(images)}
    kept = [one for one in images if files.pop(one.digest, None) is not None]
    for start in range(0, len(kept), FRAME_ROWS):
        some = kept[start : start + FRAME_ROWS]
        yield pl.DataFrame(
            {
                "scope": [scope] * len(some),
                "digest": [one.digest for one in some],
                "name": [_file_name(one) for one in some],
                "size_bytes": [one.size_bytes for one in some],
                "role": [IMAGE_ROLE if one.frame is None else "video" for one in some],
                "received_at": [received_at] * len(some),
                "kept": [1] * len(some),
            }
        )


def _file_name(one: Arrived) -> str:
    name = one.name if one.frame is None else one.name.rpartition(" frame ")[0]
    return name.encode(errors="replace").decode()[-MAX_NAME:]


def _image_frames(
    images: Sequence[Arrived], scope: str, set_name: str, clocks: ClockCorrection, made: _Making
) -> Iterator[pl.DataFrame]:
    import polars as pl

    for start in range(0, len(images), FRAME_ROWS):
        some = images[start : start + FRAME_ROWS]
        yield pl.DataFrame(
            {
                "scope": [scope] * len(some),
                "camera": [made.camera.name] * len(some),
                "set_name": [set_name] * len(some),
                "sequence": pl.Series([one.sequence for one in some], dtype=pl.Int64),
                "camera_at": [utc_text(one.camera_at) for one in some],
                "at": [utc_text(clocks.true_time(one.camera_at)) for one in some],
                "name": [one.name.encode(errors="replace").decode()[-MAX_NAME:] for one in some],
                "digest": [one.digest for one in some],
                "frame": pl.Series([one.frame for one in some], dtype=pl.Int64),
                "trigger": [one.trigger for one in some],
                "state": [one.state for one in some],
            }
        )
