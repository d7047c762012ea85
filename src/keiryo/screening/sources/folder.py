"""A folder of images as a source of pictures.

The listing is taken once, at the start. Times and order come first, from headers and names alone;
then each file is read and decoded once, in the order of the times.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from keiryo.errors import Finding, Severity, UsageError
from keiryo.screening.model import Picture
from keiryo.screening.schedule import Schedule, pti_schedule, usual_interval
from keiryo.screening.sources import clock_checks
from keiryo.screening.sources.folder_times import ImageFile, Timed, with_times
from keiryo.screening.sources.picture_files import (
    ENDINGS,
    Decoder,
    PictureError,
    read_bytes,
    read_header,
)
from keiryo.screening.sources.picture_times import (
    Numbering,
    is_copy_name,
    name_stamp,
    utc_words,
)
from keiryo.screening.sources.source import Source, Unreadable, names_words

SMALLEST = 16  # pixels: less of a picture shows nothing
MOST_SIZES = 4
_HEAD_BYTES = 262_144
_NEAR = 0.25
_HEADER_ANYWHERE = {".tif", ".tiff", ".webp"}  # what these say of themselves may stand at the end


class FolderSource(Source):
    """Images of a folder, or one image.

    Parameters
    ----------
    place : Path
    interval_s : float, optional
    start : datetime, optional
        When the first image was taken.
    """

    def __init__(
        self, place: Path, *, interval_s: float | None = None, start: datetime | None = None
    ) -> None:
        super().__init__()
        self.place = place
        self._decoder = Decoder()
        self._listed: set[str] = set()
        paths = self._listing() if place.is_dir() else [place]
        timed = with_times([_looked_at(path) for path in paths], interval_s)
        timed = self._without_duplicates(timed)
        self.findings += [
            one
            for one in timed.findings
            if start is None or (one.code, one.severity) != ("TIMES-LOCAL", Severity.INFORMATION)
        ]
        self._files = timed.files
        first = timed.epochs[0] if timed.epochs else 0.0
        self._seconds = [round(epoch - first, 6) for epoch in timed.epochs]
        self.origin_s = start.timestamp() if start else first if timed.absolute else None
        if not timed.epochs and start is None:
            self.origin_s = None
        self.local_clock = start is None and any(f.code == "TIMES-LOCAL" for f in timed.findings)
        self._take_interval(interval_s, timed)
        self._same_times()
        self._check_clock(timed)
        self._check_sizes()
        self.expected = len(self._files)

    def _check_sizes(self) -> None:
        """Tell that images are of several sizes, or too small to show anything."""
        shapes = Counter(one.shape for one in self._files if one.shape is not None)
        if len(shapes) > 1:
            usual = shapes.most_common(1)[0][0]
            other = [one.name for one in self._files if one.shape not in (None, usual)]
            told = ", ".join(f"{w}x{h} ({n})" for (w, h), n in shapes.most_common(MOST_SIZES))
            self._found(
                "IMAGE-SIZES",
                Severity.WARNING,
                f"the images are of {len(shapes)} sizes: {told}; not of the usual one are "
                f"{names_words(other)}",
                "Find out whether the camera was set anew, or whether images of another camera "
                "lie among them.",
            )
        small = [one.name for one in self._files if one.shape and min(one.shape) < SMALLEST]
        if small:
            self._found(
                "IMAGE-TINY",
                Severity.WARNING,
                f"{len(small)} images are less than {SMALLEST} pixels wide or high: "
                f"{names_words(small)}",
                "Fetch them from the camera anew: nobody can tell from them what was there.",
            )

    def _listing(self) -> list[Path]:
        """Return the images of the folder, and note what else lies there."""
        try:
            names, others = _entries(self.place)
        except OSError as error:
            raise UsageError(
                f"{self.place} cannot be read: {error.strerror or error}",
                "Ask for the right to read it, or copy the images.",
            ) from error
        self._listed = set(names)
        if others:
            self._found(
                "FILES-IGNORED",
                Severity.INFORMATION,
                f"{len(others)} files or folders are no images by their names: "
                f"{names_words(others)}",
                "Nothing to do if they are no images; a video or a folder is reviewed by itself.",
            )
        if not names:
            self._found(
                "NOTHING-TO-REVIEW",
                Severity.FORMAT,
                f"there is no image in {self.place}",
                "Give a folder with JPEG, PNG, TIFF, BMP or WebP images, or a video file.",
            )
        return [self.place / name for name in names]

    def _without_duplicates(self, timed: Timed) -> Timed:
        """Leave out images that came twice: the same bytes with the same time, or as a copy.

        The same bytes at another time are no duplicate: that is what a frozen camera sends.
        """
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for n, file in enumerate(timed.files):
            alike[(timed.epochs[n], file.size)].append(n)
            if is_copy_name(file.path.stem):
                alike[("copy", file.size)].append(n)
        sizes = {key[1] for key in alike if key[0] == "copy"}
        for n, file in enumerate(timed.files):
            if file.size in sizes and not is_copy_name(file.path.stem):
                alike[("copy", file.size)].insert(0, n)
        dropped = self._dropped(timed, list(alike.values()))
        if not dropped:
            return timed
        self.duplicates = len(dropped)
        self._found(
            "IMAGE-TWICE",
            Severity.WARNING,
            f"{len(dropped)} images came twice and count once: "
            f"{names_words(timed.files[n].name for n in sorted(dropped))}",
            "Nothing to do if the folder was put together from several deliveries.",
        )
        kept = [n for n in range(len(timed.files)) if n not in dropped]
        place = {n: position for position, n in enumerate(kept)}
        numbers = timed.numbers
        if numbers is not None:
            numbers = Numbering(tuple(numbers.numbers[n] for n in kept), numbers.step)
        return Timed(
            [timed.files[n] for n in kept],
            [timed.epochs[n] for n in kept],
            timed.absolute,
            timed.counted,
            numbers,
            [place[n] for n in timed.doubtful if n in place],
            timed.findings,
        )

    @staticmethod
    def _dropped(timed: Timed, groups: Iterable[Sequence[int]]) -> set[int]:
        dropped: set[int] = set()
        for group in groups:
            seen: set[bytes] = set()
            for n in group if len(group) > 1 else ():
                if n in dropped or not timed.files[n].size:
                    continue
                try:
                    digest = hashlib.sha256(timed.files[n].path.read_bytes()).digest()
                except OSError:
                    continue
                if digest in seen:
                    dropped.add(n)
                seen.add(digest)
        return dropped

    def _take_interval(self, interval_s: float | None, timed: Timed) -> None:
        if interval_s is not None:
            self.interval_s = interval_s
            usual, regular = usual_interval(self._seconds)
            if usual and regular and abs(usual / interval_s - 1) > _NEAR and not timed.counted:
                self._found(
                    "INTERVAL-DISAGREES",
                    Severity.WARNING,
                    f"the images are {usual:g} s apart as a rule, and --interval says "
                    f"{interval_s:g} s",
                    "Find out which is right: gaps are counted against --interval.",
                )
            return
        self.interval_s, regular = usual_interval(self._seconds)
        self.estimated = self.interval_s is not None
        if self.interval_s is None or timed.counted:
            return
        if regular:
            self._found(
                "INTERVAL-ESTIMATED",
                Severity.INFORMATION,
                f"no interval was given; the images are {self.interval_s:g} s apart as a rule, "
                "and gaps are counted against this",
                "Give the interval of the schedule: --interval.",
            )
        else:
            self._found(
                "INTERVAL-IRREGULAR",
                Severity.WARNING,
                f"no interval was given and the images are not evenly spaced; their median, "
                f"{self.interval_s:g} s, is used for gaps",
                "Give the interval of the schedule (--interval): gaps cannot be told otherwise.",
            )

    def _same_times(self) -> None:
        seconds = self._seconds
        twice = [n for n in range(1, len(seconds)) if seconds[n] == seconds[n - 1]]
        if twice:
            self._found(
                "SAME-TIME-TWICE",
                Severity.WARNING,
                f"{len(twice)} images have the time of the one before: "
                f"{names_words(self._files[n].name for n in twice)}",
                "Find out whether the clock was changed, or whether these come from two cameras.",
            )

    def _check_clock(self, timed: Timed) -> None:
        """Note where the clock fell or jumped."""
        if not timed.absolute or self.interval_s is None:
            return
        schedule: Schedule = pti_schedule(self.interval_s)
        falls: list[tuple[int, int]] = []
        if timed.numbers is not None:
            names = [f.name for f in timed.files]
            falls, findings = clock_checks.clock_falls(self._seconds, names, timed.numbers)
            self.findings += findings
            self.time_jumps += [clock_checks.backward_jump(self._seconds, *pair) for pair in falls]
            if not findings:
                self.time_jumps += clock_checks.forward_jumps(
                    self._seconds, timed.numbers, schedule, timed.doubtful
                )
        for n in timed.doubtful:
            before, after = max(0, n - 1), min(len(self._seconds) - 1, n + 1)
            jump = clock_checks.backward_jump(self._seconds, after, before)
            self.time_jumps.append(jump)
        self.findings += clock_checks.daylight_saving(timed.epochs, falls, schedule)
        forward = [jump for jump in self.time_jumps if (jump.measured or 0) > 0]
        if forward and not timed.doubtful:
            words = [utc_words(timed.epochs[jump.first]) for jump in forward]
            self._found(
                "CLOCK-FORWARD",
                Severity.WARNING,
                f"the time jumps although no number is missing, after {names_words(words)}",
                "Find out whether the clock was set or the camera was off: it counts as a gap.",
            )

    def pictures(self) -> Iterator[Picture | Unreadable]:
        """Yield the images in the order of their times."""
        del self.times[:]
        bad: list[tuple[str, str]] = []
        for n, file in enumerate(self._files):
            one = self._one(n, file)
            if isinstance(one, Unreadable):
                bad.append((file.name, one.reason))
            self.times.append(self._seconds[n])
            yield one
        if bad:
            self._found(
                "IMAGE-UNREADABLE",
                Severity.WARNING,
                f"{len(bad)} of {len(self._files)} images cannot be decoded: "
                + names_words(f"{name} ({reason})" for name, reason in bad),
                "Fetch them from the camera anew; what they show is not known.",
            )
        self._look_for_new()

    def _one(self, n: int, file: ImageFile) -> Picture | Unreadable:
        try:
            decoded = self._decoder.decode(read_bytes(file.path))
        except PictureError as error:
            return Unreadable(n, self._seconds[n], file.name, str(error))
        return Picture(n, self._seconds[n], decoded.luma, decoded.chroma, decoded.digest, file.name)

    def some(self, wanted: Iterable[int]) -> Iterator[tuple[int, Picture]]:
        """Yield the pictures with certain numbers, reading only these."""
        for n in sorted(set(wanted)):
            one = self._one(n, self._files[n]) if 0 <= n < len(self._files) else None
            if isinstance(one, Picture):
                yield n, one

    def _look_for_new(self) -> None:
        if not self.place.is_dir():
            return
        try:
            now = set(_entries(self.place)[0])
        except OSError:
            return
        if new := now - self._listed:
            self.findings.append(
                Finding(
                    "FOLDER-GROWS",
                    Severity.WARNING,
                    f"{len(new)} images came into the folder while it was read: "
                    f"{names_words(sorted(new))}",
                    "Review the folder again when all images have arrived.",
                )
            )


def _entries(place: Path) -> tuple[list[str], list[str]]:
    """Return the names of the images in a folder, and those of whatever else is not hidden."""
    with os.scandir(place) as entries:
        seen = sorted((e.name, e.is_dir()) for e in entries if not e.name.startswith("."))
    images = [n for n, folder in seen if not folder and Path(n).suffix.lower() in ENDINGS]
    return images, sorted({n for n, _ in seen} - set(images))


def _looked_at(path: Path) -> ImageFile:
    """Return what can be said of an image file without decoding it."""
    named = name_stamp(path.name)
    try:
        told = path.stat()
        with open(path, "rb") as stream:
            whole = path.suffix.lower() in _HEADER_ANYWHERE
            header = read_header(stream.read(-1 if whole else _HEAD_BYTES))
    except (OSError, PictureError):
        try:
            told = path.stat()
        except OSError:
            return ImageFile(path, 0, 0.0, False, None, named)
        return ImageFile(path, told.st_size, told.st_mtime, False, None, named)
    shape = (header.width, header.height)
    return ImageFile(path, told.st_size, told.st_mtime, True, header.stamp, named, shape)
