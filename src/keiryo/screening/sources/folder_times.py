"""When the images of a folder were taken, and in which order: from the best there is.

In this order: EXIF data if every readable image has them; else the file names if every one tells
a time; else either, image by image; else the times of the files on the disk, but only if they
look like a schedule; else numbers or names counted up with the interval that was given; else one
image a second. What was used is said in a finding, unless it was EXIF data or names.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from keiryo.errors import Finding, Severity
from keiryo.screening.schedule import TOLERANCE_SHARE, usual_interval
from keiryo.screening.sources.picture_times import Numbering, Stamp, numbering, utc_words
from keiryo.screening.sources.source import names_words

DAY_S = 86_400.0
EARLIEST_S = 631_152_000.0  # 1990-01-01: before digital cameras in safeguards
_PARTS = re.compile(r"(\d+)")


@dataclass(slots=True)
class ImageFile:
    """An image file as it was found.

    Attributes
    ----------
    path : Path
    size : int
        Bytes.
    changed_s : float
        Modification time, seconds since 1970.
    readable : bool
        Whether its header makes sense.
    exif, named : Stamp or None
        What its EXIF data and its name say.
    shape : tuple of int or None
        Width and height in pixels, as its header says.
    """

    path: Path
    size: int
    changed_s: float
    readable: bool
    exif: Stamp | None
    named: Stamp | None
    shape: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.name


@dataclass(slots=True)
class Timed:
    """The images with their times.

    Attributes
    ----------
    files : list of ImageFile
        In the order of their times.
    epochs : list of float
        Seconds since 1970, or since the first image where `absolute` is False.
    absolute : bool
        Whether the times are those of a clock.
    counted : bool
        Whether they were counted up with an interval.
    numbers : Numbering or None
        Sequence numbers, in the order of `files`.
    doubtful : list of int
        Positions of the images whose own time cannot be right.
    findings : list of Finding
    """

    files: list[ImageFile]
    epochs: list[float]
    absolute: bool
    counted: bool = False
    numbers: Numbering | None = None
    doubtful: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts ``img9`` before ``img10``."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part.lower())
        for part in _PARTS.split(name)
        if part
    )


def with_times(files: Sequence[ImageFile], interval_s: float | None) -> Timed:
    """Return the images with their times, in the order of these."""
    ordered = sorted(files, key=lambda f: (natural(f.path.stem), f.name))
    numbers = numbering([f.path.stem for f in ordered])
    if numbers is not None:  # the order of numbers, not that of whatever stands before them
        counted = numbers.numbers
        rank = sorted(range(len(ordered)), key=lambda n: (counted[n], n))
        ordered = [ordered[n] for n in rank]
        numbers = Numbering(tuple(numbers.numbers[n] for n in rank), numbers.step)
    findings: list[Finding] = []
    stamps = _stamps(ordered, findings)
    if stamps is None:
        return _without_stamps(ordered, numbers, interval_s, findings)
    doubtful = _implausible(ordered, stamps, findings)
    known = [None if n in doubtful else s for n, s in enumerate(stamps)]
    _zones(known, findings)
    _missing(ordered, stamps, findings)
    epochs = _filled([None if s is None else s.epoch_s for s in known], interval_s)
    if numbers is None:  # names say nothing then about the order of two images with one time
        where = sorted(range(len(ordered)), key=lambda n: (epochs[n], n))
    else:
        counted = numbers.numbers
        where = sorted(range(len(ordered)), key=lambda n: (epochs[n], counted[n]))
        numbers = Numbering(tuple(numbers.numbers[n] for n in where), numbers.step)
    place = {n: position for position, n in enumerate(where)}
    return Timed(
        [ordered[n] for n in where],
        [epochs[n] for n in where],
        True,
        numbers=numbers,
        doubtful=sorted(place[n] for n in doubtful),
        findings=findings,
    )


def _stamps(files: Sequence[ImageFile], findings: list[Finding]) -> list[Stamp | None] | None:
    """Return the time that each image carries, or None if too few carry one."""
    readable = [f for f in files if f.readable]
    if readable and all(f.exif for f in readable):
        _disagreeing(readable, findings)
        return [f.exif for f in files]
    if all(f.named for f in files):
        return [f.named for f in files]
    either = [f.exif or f.named for f in files]
    if 2 * sum(s is not None for s in either) < len(files):
        return None
    return either


def _disagreeing(files: Sequence[ImageFile], findings: list[Finding]) -> None:
    """Note where EXIF data and names differ by an amount that is not the same throughout."""
    apart = [f.exif.epoch_s - f.named.epoch_s for f in files if f.exif and f.named]
    if len(apart) < 2:
        return
    usual = median(apart)
    odd = [
        f.name
        for f in files
        if f.exif and f.named and abs(f.exif.epoch_s - f.named.epoch_s - usual) > 2
    ]
    if odd:
        findings.append(
            Finding(
                "TIMES-DISAGREE",
                Severity.WARNING,
                f"the EXIF data and the file names of {len(odd)} of {len(apart)} images tell "
                f"different times: {names_words(odd)}",
                "Find out which clock was right; the EXIF data are used.",
            )
        )


def _implausible(
    files: Sequence[ImageFile], stamps: Sequence[Stamp | None], findings: list[Finding]
) -> set[int]:
    """Note times that no clock can have told; return the images whose times cannot be used."""
    limit = time.time() + DAY_S
    odd = {
        n
        for n, stamp in enumerate(stamps)
        if stamp is not None and not EARLIEST_S <= stamp.epoch_s <= limit
    }
    if not odd:
        return set()
    some = [f"{files[n].name} ({utc_words(s.epoch_s)})" for n in sorted(odd) if (s := stamps[n])]
    told = sum(stamp is not None for stamp in stamps)
    all_odd = len(odd) == told
    findings.append(
        Finding(
            "CLOCK-IMPLAUSIBLE",
            Severity.WARNING,
            f"{len(odd)} of {told} times lie before 1990 or in the future: {names_words(some)}",
            "The clock of the camera was not set: compare it with a clock that is right, and "
            + (
                "give the time of the first image with --start."
                if all_odd
                else "look at these images; they are put where their names have them."
            ),
        )
    )
    return set() if all_odd else odd


def _zones(stamps: Sequence[Stamp | None], findings: list[Finding]) -> None:
    local = sum(s is not None and s.local for s in stamps)
    told = sum(s is not None for s in stamps)
    if local == told and local:
        findings.append(
            Finding(
                "TIMES-LOCAL",
                Severity.INFORMATION,
                "the times of the images have no offset from UTC; they are read as UTC",
                "Give the time of the first image with its offset (--start) before comparing "
                "with operations declared in UTC.",
            )
        )
    elif local:
        findings.append(
            Finding(
                "TIMES-LOCAL",
                Severity.WARNING,
                f"the times of {local} of {told} images have no offset from UTC, the others do; "
                "all are read as UTC",
                "Find out which clock wrote them; gaps and jumps may come from this alone.",
            )
        )


def _missing(
    files: Sequence[ImageFile], stamps: Sequence[Stamp | None], findings: list[Finding]
) -> None:
    none = [f.name for f, s in zip(files, stamps, strict=True) if s is None and f.readable]
    if none:
        findings.append(
            Finding(
                "TIME-MISSING",
                Severity.WARNING,
                f"{len(none)} images tell no time: {names_words(none)}",
                "They are put between their neighbours by name; find out when they were taken.",
            )
        )


def _filled(epochs: Sequence[float | None], interval_s: float | None) -> list[float]:
    """Return the times, with those that are not known put between their neighbours."""
    known = [(n, e) for n, e in enumerate(epochs) if e is not None]
    step = interval_s or usual_interval(e for _, e in known)[0] or 1.0
    result = []
    at = 0
    for n, epoch in enumerate(epochs):
        while at + 1 < len(known) and known[at + 1][0] <= n:
            at += 1
        if epoch is not None:
            result.append(epoch)
            continue
        before = known[at]
        if n < before[0]:
            result.append(before[1] - (before[0] - n) * step)
        elif at + 1 < len(known):
            after = known[at + 1]
            share = (n - before[0]) / (after[0] - before[0])
            result.append(before[1] + share * (after[1] - before[1]))
        else:
            result.append(before[1] + (n - before[0]) * step)
    return result


def _without_stamps(
    files: list[ImageFile],
    numbers: Numbering | None,
    interval_s: float | None,
    findings: list[Finding],
) -> Timed:
    """Return the images with times from the disk, or counted up."""
    some = [f.name for f in files if f.exif or f.named]
    if some:
        findings.append(
            Finding(
                "TIME-MISSING",
                Severity.WARNING,
                f"only {len(some)} of {len(files)} images tell a time: {names_words(some)}",
                "The order of the names is used for all; find out when they were taken.",
            )
        )
    if _look_like_schedule([f.changed_s for f in files], interval_s):
        findings.append(
            Finding(
                "TIMES-FROM-DISK",
                Severity.WARNING,
                "the images tell no time; the times at which their files were last changed look "
                "like a schedule and are used",
                "Compare some with what is known: copying files changes these times.",
            )
        )
        return Timed(files, [f.changed_s for f in files], True, numbers=numbers, findings=findings)
    step = interval_s or 1.0
    if numbers is not None:
        count = [(n - numbers.numbers[0]) / numbers.step for n in numbers.numbers]
    else:
        count = [float(n) for n in range(len(files))]
    if interval_s is None and len(files) > 1:
        findings.append(
            Finding(
                "TIMES-ASSUMED",
                Severity.WARNING,
                "the images tell no time and no interval was given: one image a second is assumed",
                "Give the time between two images: --interval 600.",
            )
        )
    elif numbers is None and len(files) > 1:
        findings.append(
            Finding(
                "TIMES-BY-ORDER",
                Severity.WARNING,
                "the images tell no time and their names do not count: their times are counted "
                "up in the order of the names, where a missing image cannot be seen",
                "Have the camera number its images, or write times into their names.",
            )
        )
    return Timed(
        files, [step * n for n in count], False, counted=True, numbers=numbers, findings=findings
    )


def _look_like_schedule(changed: Sequence[float], interval_s: float | None) -> bool:
    """Whether file times rise in the order of the names, regularly and by a second or more."""
    if len(changed) < 3 or any(b <= a for a, b in itertools.pairwise(changed)):
        return False
    middle, regular = usual_interval(changed)
    if middle is None or not regular or middle < 1:
        return False
    return interval_s is None or abs(middle - interval_s) <= TOLERANCE_SHARE * interval_s
