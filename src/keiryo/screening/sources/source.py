"""What every source of pictures offers: pictures in order, the times, and what was odd.

A source is read once, from the first picture to the last. What could not be decoded is not left
out: it comes in its place as `Unreadable`, since a missing picture must never look like a quiet
one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keiryo.errors import Finding, Severity
from keiryo.screening.model import Condition, Picture


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An image that was received and cannot be decoded.

    Attributes
    ----------
    index : int
        Position among the images received, from 0.
    time_s : float
        Seconds since the first image.
    name : str
    reason : str
        What is wrong with it, in plain words.
    """

    index: int
    time_s: float
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A stretch of a recording of which nothing was received, known from the recording itself.

    Attributes
    ----------
    from_s, to_s : float
    images : int
        How many images are missing, as far as the recording says.
    """

    from_s: float
    to_s: float
    images: int


class Source(ABC):
    """Pictures from one place.

    Attributes
    ----------
    findings : list of Finding
        Complete only after the last picture.
    times : array of float
        Time of each image received so far in seconds since the first; where a clock went back
        these may fall, while the times that pictures carry never do.
    interval_s : float or None
        Time between two images, where it is known before the first is read.
    origin_s : float or None
        When the first image was taken, seconds since 1970-01-01T00:00Z, if anybody knows.
    estimated : bool
        Whether the schedule was worked out from the images, since nobody gave it.
    time_jumps : list of Condition
        Where the clock was not right.
    lost : list of Lost
    duplicates : int
        Images that came twice and count once.
    expected : int or None
        How many images there are, for showing progress.
    local_clock : bool
        Whether `origin_s` is the local time of a clock whose offset from UTC nobody gave.
    video : bool
        Whether the pictures are frames of a video.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.times: array[float] = array("d")
        self.interval_s: float | None = None
        self.origin_s: float | None = None
        self.estimated = False
        self.time_jumps: list[Condition] = []
        self.lost: list[Lost] = []
        self.duplicates = 0
        self.expected: int | None = None
        self.local_clock = False
        self.video = False

    @abstractmethod
    def pictures(self) -> Iterator[Picture | Unreadable]:
        """Yield the images in order, decoded where that is possible."""

    def some(self, wanted: Iterable[int]) -> Iterator[tuple[int, Picture]]:
        """Yield the pictures with certain numbers again, for showing them."""
        chosen = set(wanted)
        for one in self.pictures():
            if one.index in chosen and isinstance(one, Picture):
                yield one.index, one
            if chosen and one.index >= max(chosen):
                return

    def close(self) -> None:  # noqa: B027 (a source without open files has nothing to do)
        """Let go of files."""

    def _found(
        self, code: str, severity: Severity, message: str, advice: str, file: str | None = None
    ) -> None:
        self.findings.append(Finding(code, severity, message, advice, file=file))


def times_words(times: Iterable[float], limit: int = 5) -> str:
    """Return a few times as words: ``12.0 s, 13.0 s and 4 more``."""
    every = list(times)
    words = ", ".join(f"{t:.6g} s" for t in every[:limit])
    return words if len(every) <= limit else f"{words} and {len(every) - limit} more"


def names_words(names: Iterable[str], limit: int = 5) -> str:
    """Return a few names as words: ``a.jpg, b.jpg and 4 more``."""
    every = list(names)
    words = ", ".join(every[:limit])
    return words if len(every) <= limit else f"{words} and {len(every) - limit} more"
