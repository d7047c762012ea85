"""Images as they arrived, and what becomes of each: new, here before, at odds with another.

Same SHA-256 = same evidence: it is counted and not recorded twice. Same number of the camera with
another digest = equivocation: a device gives each number once, so one of the two is not its own.
Numbers that only file names tell are less than that, since a camera or a copying program begins
them anew: across sets they count only where the times agree as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import Finding, Severity
from keiryo.screening.schedule import missing
from keiryo.surveillance.camera_record import BASIS
from keiryo.surveillance.cameras import Camera
from keiryo.surveillance.tables import IMAGE, IMAGE_SET

SIGNED, CHAINED, UNSIGNED, BROKEN = "signed", "chained", "unsigned", "broken"
RECEIVED, UNREADABLE = "received", "unreadable"
BAD_SIGNATURE, BROKEN_CHAIN = "bad-signature", "broken-chain"
NOT_AS_LISTED, EQUIVOCATION = "not-as-listed", "equivocation"
ANOMALOUS = (BAD_SIGNATURE, BROKEN_CHAIN, NOT_AS_LISTED, EQUIVOCATION)
"""States that are an anomaly by themselves; such images are kept until that is settled."""

SCHEDULED = "scheduled"
_SOME = 500
_SHOWN = 5
_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Arrived:
    """An image, or a frame of a video, as it arrived.

    Attributes
    ----------
    name : str
        File name; of a frame: file name and number.
    digest : str
        SHA-256 of the file.
    size_bytes : int
    camera_at : datetime
        What the camera states, UTC.
    sequence : int or None
        Its number.
    from_name : bool
        Whether the number is told by the file name only.
    trigger : str
    unreadable : str or None
        Why it cannot be decoded.
    frame : int or None
        Number within a video.
    authentic : str
        ``signed``, ``chained``, ``unsigned`` or ``broken``.
    state : str
        As in the record.
    new : bool
        Whether it was not in the record before.
    """

    name: str
    digest: str
    size_bytes: int
    camera_at: datetime
    sequence: int | None = None
    from_name: bool = False
    trigger: str = SCHEDULED
    unreadable: str | None = None
    frame: int | None = None
    authentic: str = UNSIGNED
    state: str = RECEIVED
    new: bool = True


@dataclass(slots=True)
class Reckoned:
    """What is counted of a set of images."""

    new: int = 0
    duplicates: int = 0
    unreadable: int = 0
    sequence_gaps: int = 0
    authentic: str = UNSIGNED
    findings: list[Finding] = field(default_factory=list)


def reckon(
    connection: Connection, metadata: MetaData, camera: Camera, images: Sequence[Arrived]
) -> Reckoned:
    """Settle what becomes of each image (its ``state`` and ``new``) and count.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    camera : Camera
    images : sequence of Arrived
        In the order in which the camera took them.
    """
    made = Reckoned()
    for one in images:
        if one.unreadable is not None and one.state == RECEIVED:
            one.state = UNREADABLE
    _mark_duplicates(connection, metadata, camera.name, images, made)
    _mark_equivocations(connection, metadata, camera, images, made)
    made.new = sum(one.new for one in images)
    made.duplicates = len(images) - made.new
    made.unreadable = sum(one.unreadable is not None for one in images)
    made.authentic = authenticity(images)
    made.sequence_gaps = _sequence_gaps(images, made)
    made.findings += _told_of_states(images)
    made.findings += time_findings(camera, images)
    return made


def authenticity(images: Sequence[Arrived]) -> str:
    """Return what can be said of all images: broken, if one is; else the least of them."""
    if any(one.authentic == BROKEN or one.state in ANOMALOUS[:3] for one in images):
        return BROKEN
    found = {one.authentic for one in images}
    if found == {SIGNED}:
        return SIGNED
    return CHAINED if found and found <= {SIGNED, CHAINED} else UNSIGNED


def _mark_duplicates(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    images: Sequence[Arrived],
    made: Reckoned,
) -> None:
    known = known_images(connection, metadata, camera, {one.digest for one in images})
    seen: set[tuple[str, int | None]] = set()
    names = []
    for one in images:
        key = (one.digest, one.frame)
        if key in known or key in seen:
            one.new = False
            names.append(one.name)
        seen.add(key)
    if names:
        made.findings.append(
            _finding(
                "IMAGE-TWICE",
                Severity.INFORMATION,
                f"{len(names)} images were received before, byte for byte: {_some(names)}",
                "They are counted and not kept twice. Nothing is to be done if the medium was read "
                "again; if the camera made them, look for a frozen picture.",
            )
        )


def known_images(
    connection: Connection, metadata: MetaData, camera: str, digests: set[str]
) -> set[tuple[str, int | None]]:
    """Return which images of a camera are in the record: digest, and number of the frame."""
    table, wanted = metadata.tables[IMAGE.name], sorted(digests)
    found: set[tuple[str, int | None]] = set()
    for start in range(0, len(wanted), _SOME):
        some = wanted[start : start + _SOME]
        query = select(table.c.digest, table.c.frame).where(
            table.c.digest.in_(some), table.c.camera == camera
        )
        found.update((str(digest), frame) for digest, frame in connection.execute(query))
    return found


def _mark_equivocations(
    connection: Connection,
    metadata: MetaData,
    camera: Camera,
    images: Sequence[Arrived],
    made: Reckoned,
) -> None:
    numbered = [one for one in images if one.sequence is not None and one.frame is None]
    by_number: dict[int, set[str]] = {}
    for one in numbered:
        by_number.setdefault(one.sequence or 0, set()).add(one.digest)
    known = _known_numbers(connection, metadata, camera.name, set(by_number))
    near = timedelta(seconds=max(camera.interval_s or 0.0, 60.0))
    names = []
    for one in numbered:
        twins = len(by_number[one.sequence or 0]) > 1
        for digest, at, from_name in known.get(one.sequence or 0, ()):
            sure = not one.from_name and not from_name
            close = sure or abs(at - one.camera_at) <= near
            twins = twins or (digest != one.digest and close)
        if twins and one.new:
            one.state = EQUIVOCATION
            names.append(f"{one.name} (number {one.sequence})")
    if names:
        made.findings.append(
            _finding(
                "IMAGE-EQUIVOCATION",
                Severity.INCONSISTENCY,
                f"{camera.name} gave the same number to different images: {_some(names)}",
                "A device gives each number once. Keep both, treat neither as evidence of nothing "
                "having happened, and report an anomaly; it is settled by verifying the material.",
            )
        )


def _known_numbers(
    connection: Connection, metadata: MetaData, camera: str, numbers: set[int]
) -> dict[int, list[tuple[str, datetime, bool]]]:
    """Return the digests and times recorded under numbers, and whether names told the number."""
    table, sets = metadata.tables[IMAGE.name], metadata.tables[IMAGE_SET.name]
    listed = select(sets.c.act_id).where(sets.c.camera == camera, sets.c.manifest.is_not(None))
    own = {int(row[0]) for row in connection.execute(listed)}
    found: dict[int, list[tuple[str, datetime, bool]]] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _SOME):
        some = wanted[start : start + _SOME]
        query = select(table.c.sequence, table.c.digest, table.c.camera_at, table.c.act_id).where(
            table.c.camera == camera, table.c.sequence.in_(some)
        )
        for number, digest, at, act in connection.execute(query):
            told = (str(digest), parse_utc(at), act not in own)
            found.setdefault(int(number), []).append(told)
    return found


def _sequence_gaps(images: Sequence[Arrived], made: Reckoned) -> int:
    """Count the numbers that are missing between the first and the last of a set."""
    numbered = sorted({one.sequence: one for one in images if one.sequence is not None}.items())
    steps = [b[0] - a[0] for a, b in pairwise(numbered)]
    if not steps:
        return 0
    by_name = numbered[0][1].from_name
    step = min(Counter(steps).items(), key=lambda item: (-item[1], item[0]))[0] if by_name else 1
    count, places, sure = 0, [], False
    for (number, one), (after, other) in pairwise(numbered):
        lost = -(-(after - number) // step) - 1
        if lost > 0:
            count += lost
            places.append(f"{lost} between {number} and {after}")
            sure |= {one.authentic, other.authentic} <= {SIGNED, CHAINED}
    if count:
        made.findings.append(
            _finding(
                "IMAGE-SEQUENCE-GAP",
                Severity.INCONSISTENCY if sure else Severity.WARNING,
                f"numbers are missing from the sequence: {_some(places)}",
                "Images were taken and did not arrive: ask for them. Where the neighbours are "
                "signed and nobody has the images, that is an anomaly.",
                found=str(count),
            )
        )
    return count


def _told_of_states(images: Sequence[Arrived]) -> Iterator[Finding]:
    words = {
        UNREADABLE: (
            "IMAGE-UNREADABLE",
            Severity.WARNING,
            "cannot be decoded",
            "They are kept and counted; the time that they stand for is not covered. Ask for the "
            "files again from the camera.",
        ),
        BAD_SIGNATURE: (
            "IMAGE-SIGNATURE",
            Severity.INCONSISTENCY,
            "have a signature that was made over other content",
            "Ask for the originals from the camera, keep both, and report an anomaly.",
        ),
        BROKEN_CHAIN: (
            "IMAGE-CHAIN",
            Severity.INCONSISTENCY,
            "lie where the chain of the list is broken",
            "A record was changed, put in or taken out there: ask for the list again and compare. "
            "The images before and after are taken.",
        ),
        NOT_AS_LISTED: (
            "IMAGE-NOT-AS-LISTED",
            Severity.INCONSISTENCY,
            "have other content than the list says",
            "The file or the list was changed after it was written: ask for both again.",
        ),
    }
    for state, (code, severity, what, advice) in words.items():
        names = [one.name for one in images if one.state == state]
        if names:
            yield _finding(code, severity, f"{len(names)} images {what}: {_some(names)}", advice)


def time_findings(camera: Camera, images: Sequence[Arrived]) -> Iterator[Finding]:
    """Yield what is odd about the times of images, in the order in which they were taken."""
    scheduled = [one for one in images if one.trigger == SCHEDULED and one.frame is None]
    numbered = [one for one in scheduled if one.sequence is not None]
    falls = [
        f"{one.name} to {other.name}"
        for one, other in pairwise(sorted(numbered, key=lambda one: one.sequence or 0))
        if other.camera_at < one.camera_at and other.sequence != one.sequence
    ]
    if falls:
        yield _finding(
            "CLOCK-BACKWARD",
            Severity.WARNING,
            f"time falls while the numbers rise: {_some(falls)}",
            "Find out whether the clock was set; record a reading of it before and after.",
        )
    interval = camera.interval_s
    if interval is None:
        return
    ordered = sorted(scheduled, key=lambda one: one.camera_at)
    taken: list[str] = []
    lost: list[str] = []
    hours: list[str] = []
    for one, other in pairwise(ordered):
        dt = (other.camera_at - one.camera_at).total_seconds()
        if dt <= interval + camera.tolerance_s or not missing(dt, interval):
            continue
        numbers = (one.sequence, other.sequence)
        jump = None not in numbers and (other.sequence or 0) - (one.sequence or 0) > 1
        words = f"{missing(dt, interval)} between {_short(one)} and {_short(other)}"
        (lost if jump else taken).append(words)
        if abs(dt - interval - 3600) <= camera.tolerance_s and not jump:
            hours.append(words)
    if taken:
        yield _finding(
            "IMAGE-TIME-GAP",
            Severity.WARNING,
            f"{camera.name} took no scheduled images, {_some(taken)}",
            "The numbers do not tell of lost ones: the camera was off or held up. The time is not "
            "covered; look for the cause (power, service, tampering).",
        )
    if lost:
        yield _finding(
            "IMAGE-LOST",
            Severity.WARNING,
            f"scheduled images were taken and did not arrive, {_some(lost)}",
            "Ask for them; see the numbers that are missing.",
        )
    if hours:
        yield _finding(
            "CLOCK-DST",
            Severity.WARNING,
            f"the times jump by one hour: {_some(hours)}",
            "If the clock follows summer time, say so: 'keiryo surveillance camera register "
            "--clock ZONE', and send the images again under their true times.",
        )


def _short(one: Arrived) -> str:
    return utc_text(one.camera_at)[:19] + "Z"


def _some(names: Sequence[str]) -> str:
    told = ", ".join(names[:_SHOWN])
    return told if len(names) <= _SHOWN else f"{told} and {len(names) - _SHOWN} more"


def _finding(code: str, severity: Severity, message: str, advice: str, **more: Any) -> Finding:
    return Finding(code, severity, message, advice, basis=BASIS, **more)
