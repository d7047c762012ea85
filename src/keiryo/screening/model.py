"""Pictures, and what screening says of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
"""Grey levels of one plane, rows x columns."""


class HealthCode(StrEnum):
    """What is wrong with a view, by the words that commands print."""

    DARK = "dark"
    BRIGHT = "bright"
    COVERED = "covered"
    MOVED = "moved"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"
    REPLACED = "replaced"
    TIME_JUMP = "time-jump"
    UNREADABLE = "unreadable"


class EventKind(StrEnum):
    """What kind of change an event is."""

    ACTIVITY = "activity"
    STATE_CHANGE = "state-change"


class Standing(StrEnum):
    """What became of one image in screening."""

    QUIET = "quiet"
    EVENT = "event"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded image.

    Attributes
    ----------
    index : int
        Position among the images received, in the order of their times, from 0.
    time_s : float
        Seconds since the first image.
    luma : NDArray of uint8, shape (rows, columns)
        Brightness at full size. It may be a view into memory that is used again for the next
        picture: whoever keeps it copies it.
    chroma : pair of NDArray of uint8, or None
        The two colour planes (Cb, Cr), usually at half size; None for grey pictures.
    digest : bytes or None
        Digest of all decoded planes at full size, equal for pictures that are equal; None if
        nobody worked it out (then `luma` and `chroma` are compared).
    name : str
        File name, or ``frame 17``.
    """

    index: int
    time_s: float
    luma: Plane
    chroma: tuple[Plane, Plane] | None = None
    digest: bytes | None = None
    name: str = ""


NOT_TESTABLE = "health-not-testable"
"""Code of the note that a view shows too little for anybody to tell whether it is covered."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An interval in which the view could not be relied on.

    Attributes
    ----------
    code : HealthCode
    first, last : int
        Indices of the first and last image that show it.
    from_s, to_s : float
        Their times; for a time jump the two times between which it happened.
    measured, threshold : float or None
        What was measured where it began, and what it was held against.
    """

    code: HealthCode
    first: int
    last: int
    from_s: float
    to_s: float
    measured: float | None = None
    threshold: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the interval as commands print it."""
        return {"code": self.code.value, "from_s": self.from_s, "to_s": self.to_s}


@dataclass(frozen=True, slots=True)
class Event:
    """A change of the scene.

    Attributes
    ----------
    first, last, peak : int
        Indices of its first and last image and of the one that differs most.
    from_s, to_s : float
        Times of the first and last image.
    kind : EventKind
        Activity that leaves the scene as it was, or a change of what stands there.
    score : float
        Largest share of the picture that changed, from 0 to 1.
    zones : tuple of str
        Names of the zones that it touches.
    against : int
        Number of the settled scene that it was seen against, from 0.
    returned_to : int or None
        For a state change: number of the earlier settled scene that is back; None if it is new.
    """

    first: int
    last: int
    peak: int
    from_s: float
    to_s: float
    kind: EventKind
    score: float
    zones: tuple[str, ...] = ()
    against: int = 0
    returned_to: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the event as commands print it."""
        return {
            "from_s": self.from_s,
            "to_s": self.to_s,
            "kind": self.kind.value,
            "score": round(self.score, 6),
            "zones": list(self.zones),
        }


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is told beside the events: a change of the light, a test that is impossible.

    Attributes
    ----------
    code : str
        ``lighting``, ``lighting-class``, ``clutter`` (small things that differ in every image,
        such as snow: only larger ones are told), ``health-not-testable``.
    first, last : int
    from_s, to_s : float
    """

    code: str
    first: int
    last: int
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class SettledScene:
    """How the scene stood between two changes.

    Attributes
    ----------
    number : int
        From 0; a scene that comes back keeps its number.
    first, last : int
        Indices of the images of one interval in which it stood.
    from_s, to_s : float
    """

    number: int
    first: int
    last: int
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the view, as a polygon in shares of width and height.

    Attributes
    ----------
    name : str
    type : str
        ``INTEREST``, ``IGNORE`` or ``TRIP``.
    polygon : tuple of (x, y)
        Corners, each between 0 and 1.
    """

    name: str
    type: str
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Screened:
    """All that screening says of a run of images.

    Attributes
    ----------
    frames : int
        Images seen.
    standing : NDArray of uint8, shape (frames,)
        For each image 0 quiet, 1 in an event, 2 unhealthy (in an event or not).
    events, conditions, notes, scenes
        In the order of their times.
    """

    frames: int
    standing: NDArray[np.uint8]
    events: tuple[Event, ...]
    conditions: tuple[Condition, ...]
    notes: tuple[Note, ...]
    scenes: tuple[SettledScene, ...]
