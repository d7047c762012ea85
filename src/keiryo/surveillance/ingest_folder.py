"""Folders of images: every file kept under its digest, with the time that the camera states.

The time comes from the list of the set, else from the EXIF data, else from the file name, else
from the schedule: the start, and one interval for each image. A local time is read in the zone of
the camera's clock. In the hour that summer time repeats, the order of the images decides which of
the two it is.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from keiryo.errors import Finding, Severity, UsageError
from keiryo.screening.sources.picture_files import ENDINGS, Decoder, PictureError, read_header
from keiryo.screening.sources.picture_times import Stamp, name_stamp, numbering
from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.camera_record import BASIS
from keiryo.surveillance.cameras import Camera
from keiryo.surveillance.ingest_manifest import NAMES, Listed, Manifest
from keiryo.surveillance.ingest_record import Arrived

MAX_FILES = 1_000_000
MAX_FILE_BYTES = 256 << 20
KEEPERS, MOST_WAITING = 8, 32
"""How many files are written at a time, and how many may wait for it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Say = Callable[[int, int, str], None]


@dataclass(slots=True)
class _Read:
    """A file that was read."""

    name: str
    digest: str
    size_bytes: int
    stamp: Stamp | None
    unreadable: str | None
    listed: Listed | None = None
    as_listed: bool = True
    number: int | None = None


def image_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the images in a folder and below it, and the other files, by name.

    Raises
    ------
    UsageError
        If a folder cannot be read, or there are too many files.
    """
    images: list[Path] = []
    others: list[Path] = []

    def failed(error: OSError) -> None:
        raise UsageError(
            f"{error.filename or folder} cannot be read: {error.strerror}",
            "Ask for the right to read it, or copy it; nothing was taken in.",
        ) from error

    for place, folders, files in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                path = Path(place, name)
                (images if path.suffix.lower() in ENDINGS else others).append(path)
        if len(images) > MAX_FILES:
            raise UsageError(f"{folder} has more than {MAX_FILES} images", "Take it in by parts.")

    def order(path: Path) -> tuple[tuple[int, int | str], ...]:
        return _natural(path.relative_to(folder).as_posix())

    return sorted(images, key=order), sorted(others)


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a key by which img_10 comes after img_9."""
    parts: list[tuple[int, int | str]] = []
    run = ""
    for character in name:
        digit = character.isascii() and character.isdigit()
        if run and (run[0].isascii() and run[0].isdigit()) != digit:
            parts.append(_part(run))
            run = ""
        run += character
    return (*parts, _part(run)) if run else tuple(parts)


def _part(run: str) -> tuple[int, int | str]:
    return (0, int(run)) if run.isascii() and run.isdigit() and len(run) < 4000 else (1, run)


def found_manifest(others: Sequence[Path]) -> Path | None:
    """Return the list that lies with the images, if there is one."""
    return next((path for path in others if path.name.lower() in NAMES), None)


def read_folder(
    folder: Path,
    images: Sequence[Path],
    camera: Camera,
    store: EvidenceStore,
    *,
    manifest: Manifest | None = None,
    without: Container[str] = (),
    start: datetime | None = None,
    interval_s: float | None = None,
    progress: Say | None = None,
) -> tuple[list[Arrived], list[Finding]]:
    """Keep the images of a folder and return them in the order in which they were taken.

    Parameters
    ----------
    folder : Path
    images : sequence of Path
        As `image_files` returns them.
    camera : Camera
    store : EvidenceStore
    manifest : Manifest, optional
    without : container of str
        Digests that are not kept again: their time of retention is over.
    start, interval_s : optional
        Where nothing else tells when the images were taken.
    progress : callable, optional

    Raises
    ------
    UsageError
        If a file cannot be read, or nothing tells when the images were taken.
    FullError, ReadOnlyError
        If they cannot be kept.
    """
    decoder, every = Decoder(), []
    with ThreadPoolExecutor(KEEPERS) as keepers:
        keep = _Keeping(keepers, store, without)
        for done, path in enumerate(images):
            name = path.relative_to(folder).as_posix()
            if progress is not None:
                progress(done, len(images), name)
            one = _read(path, name, decoder, keep)
            if manifest is not None:
                one.listed, one.as_listed = manifest.find(one.digest, name)
            every.append(one)
        keep.finish()
    if progress is not None:
        progress(len(images), len(images), "")
    _number(every)
    timed, findings = _times(every, camera, start, interval_s or camera.interval_s)
    arrived = []
    for one, at in timed:
        made = Arrived(one.name, one.digest, one.size_bytes, at, unreadable=one.unreadable)
        made.sequence, made.from_name = one.number, one.number is not None
        if manifest is not None:
            manifest.settle(made, one.listed, as_listed=one.as_listed)
        arrived.append(made)
    if manifest is not None:
        findings += manifest.missing({o.digest for o in every}, {o.name for o in every})
        findings += _not_listed([one.name for one in every if one.listed is None])
    arrived.sort(key=lambda one: (one.camera_at, one.sequence or 0, one.name))
    return arrived, findings


class _Keeping:
    """Puts files into the evidence store, some at a time: each waits for the disk by itself."""

    def __init__(
        self, keepers: ThreadPoolExecutor, store: EvidenceStore, without: Container[str]
    ) -> None:
        self.keepers, self.store, self.without = keepers, store, without
        self.waiting: deque[Future[str]] = deque()

    def put(self, data: bytes) -> str:
        """Return the digest of a file that is kept, or will be when all is finished."""
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self.without:
            self.waiting.append(self.keepers.submit(self.store.put, data))
        while len(self.waiting) > MOST_WAITING:
            self.waiting.popleft().result()
        return digest

    def finish(self) -> None:
        """Wait until everything is kept."""
        while self.waiting:
            self.waiting.popleft().result()


def _read(path: Path, name: str, decoder: Decoder, keep: _Keeping) -> _Read:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UsageError(
                f"{name} has {size} bytes, more than one image may have", "Take it out."
            )
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}",
            "Read the medium again, or copy it; nothing was taken in.",
        ) from error
    digest = keep.put(data)
    stamp, why = None, None
    try:
        if not data:
            raise PictureError("it is empty")
        stamp = read_header(data).stamp
        decoder.decode(data)
    except PictureError as error:
        why = str(error)
    return _Read(name, digest, len(data), stamp or name_stamp(Path(name).stem), why)


def _number(every: Sequence[_Read]) -> None:
    """Give images the numbers in their names, where the names count."""
    found = numbering([Path(one.name).stem for one in every])
    if found is not None:
        for one, number in zip(every, found.numbers, strict=True):
            one.number = number


def _times(
    every: Sequence[_Read], camera: Camera, start: datetime | None, interval_s: float | None
) -> tuple[list[tuple[_Read, datetime]], list[Finding]]:
    """Return when each image was taken by the camera's clock, in UTC."""
    untimed = [one for one in every if _stated(one) is None]
    if untimed and (start is None or interval_s is None):
        raise UsageError(
            f"nothing tells when {untimed[0].name} was taken",
            "Give --start and --interval, or a list with times (--manifest).",
        )
    zone = ZoneInfo(camera.zone) if camera.zone is not None else None
    found: list[tuple[_Read, datetime]] = []
    doubtful: list[str] = []
    absent: list[str] = []
    local = 0
    before: datetime | None = None
    for place, one in enumerate(every):
        stated = _stated(one)
        if stated is None:
            assert start is not None and interval_s is not None
            at = start + timedelta(seconds=interval_s * place)
        elif isinstance(stated, datetime):
            at = stated
        else:
            at = _EPOCH + timedelta(seconds=round(stated.epoch_s, 3))
            local += stated.local
            if stated.local and zone is not None:
                at, odd = local_time(at.replace(tzinfo=None), zone, before)
                if odd is not None:
                    (doubtful if odd == "twice" else absent).append(one.name)
        found.append((one, at))
        before = at
    return found, list(_zone_findings(camera, doubtful, absent, local if zone is None else 0))


def local_time(
    wall: datetime, zone: ZoneInfo, before: datetime | None
) -> tuple[datetime, str | None]:
    """Return the instant of a local time, and ``twice`` or ``never`` if it is not plain.

    Parameters
    ----------
    wall : datetime
        What the clock on the wall shows, without a zone.
    zone : ZoneInfo
    before : datetime or None
        When the image before was taken. Of two instants with the same local time, the first one
        not before that counts.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first, None
    if first > second:  # skipped in spring: both readings of it are some other time
        return first, "never"
    return (second if before is not None and before > first else first), "twice"


def _stated(one: _Read) -> datetime | Stamp | None:
    if one.listed is not None and one.listed.at is not None:
        return one.listed.at
    return one.stamp


def _zone_findings(
    camera: Camera, doubtful: list[str], absent: list[str], local: int
) -> Iterator[Finding]:
    if doubtful:
        yield _finding(
            "IMAGE-HOUR-TWICE",
            f"{len(doubtful)} images lie in an hour that the clock in {camera.zone} showed twice, "
            f"first {doubtful[0]}",
            "They were ordered by their names. Set cameras to UTC.",
        )
    if absent:
        yield _finding(
            "IMAGE-TIME-NEVER",
            f"{len(absent)} images state a local time that there was not in {camera.zone}, first "
            f"{absent[0]}",
            "The clock was not set to summer time, or it is in another zone: read the clock and "
            "record the reading.",
        )
    if local:
        yield _finding(
            "TIMES-LOCAL",
            f"{local} images state a time without its offset; it was read as UTC",
            "If the clock shows local time, record its zone: 'keiryo surveillance camera register "
            "--clock ZONE', and take the images in under their true times.",
            Severity.INFORMATION,
        )


def _not_listed(names: list[str]) -> Iterator[Finding]:
    if names:
        yield _finding(
            "IMAGE-NOT-LISTED",
            f"{len(names)} images are not in the list that came with them, first {names[0]}",
            "Find out where they come from; nothing shows that the camera made them.",
        )


def _finding(
    code: str, message: str, advice: str, severity: Severity = Severity.WARNING
) -> Finding:
    return Finding(code, severity, message, advice, basis=BASIS)
