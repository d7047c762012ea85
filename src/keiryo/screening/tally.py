"""The tally of a screening: every image received ends in exactly one place.

Before anybody has looked, an image is screened quiet against a scene that was there from the
beginning, or it waits for a person, or it cannot be reviewed. One that is quiet only against a
scene that a change has left behind waits too: while the change is not reviewed, nobody knows
whether the scene may look so. Missing images are counted beside these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keiryo.screening.model import (
    NOT_TESTABLE,
    Condition,
    Event,
    HealthCode,
    Note,
    SettledScene,
)
from keiryo.screening.schedule import Coverage


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the images.

    Attributes
    ----------
    received : int
        Images that came, readable or not; one that came twice counts once.
    reviewed : int
        Looked at by a person.
    presented : int
        In an event, or next to one, and not looked at yet.
    after_change : int
        Quiet, but only against a scene that an unreviewed change has left behind.
    quiet : int
    not_reviewable : dict of str to int
        By what is wrong with them.
    missing, extra, nominal : int
        Images of the schedule that are not there, images between the scheduled ones, and images
        that the schedule asks for.
    duplicates : int
        Images that came a second time; not in `received`.
    """

    received: int
    reviewed: int
    presented: int
    after_change: int
    quiet: int
    not_reviewable: dict[str, int]
    missing: int
    extra: int
    nominal: int
    duplicates: int

    def __post_init__(self) -> None:
        total = self.reviewed + self.presented + self.after_change + self.quiet
        assert total + sum(self.not_reviewable.values()) == self.received

    def to_dict(self) -> dict[str, Any]:
        """Return the tally as commands print it."""
        return {
            "received": self.received,
            "reviewed_by_human": self.reviewed,
            "not_yet_reviewed": self.presented + self.after_change,
            "not_yet_reviewed_presented": self.presented,
            "not_yet_reviewed_after_change": self.after_change,
            "screened_quiet": self.quiet,
            "not_reviewable": sum(self.not_reviewable.values()),
            "not_reviewable_by_reason": dict(sorted(self.not_reviewable.items())),
            "missing": self.missing,
            "extra": self.extra,
            "nominal": self.nominal,
            "duplicates": self.duplicates,
        }


def presented_images(received: int, events: Sequence[Event]) -> NDArray[np.bool_]:
    """Return which images are presented: those of the events, and one before and after each."""
    shown = np.zeros(received, bool)
    for event in events:
        shown[max(0, event.first - 1) : event.last + 2] = True
    return shown


def reasons(
    received: int,
    standing: NDArray[np.uint8],
    conditions: Sequence[Condition],
    notes: Sequence[Note] = (),
) -> list[str | None]:
    """Return for each image why its view cannot be relied on, or None."""
    result: list[str | None] = [None] * received
    for bad in np.flatnonzero(standing == 2).tolist():
        result[bad] = "unhealthy"
    for note in notes:
        if note.code == NOT_TESTABLE:
            for n in range(note.first, min(note.last + 1, received)):
                result[n] = NOT_TESTABLE if result[n] is not None else None
    ranked = sorted(conditions, key=lambda one: one.code is HealthCode.UNREADABLE)
    for one in ranked:  # unreadable last, since it takes precedence
        if one.code is not HealthCode.TIME_JUMP:
            for n in range(one.first, min(one.last + 1, received)):
                result[n] = one.code.value
    return result


def tally(
    why: Sequence[str | None],
    shown: NDArray[np.bool_],
    scenes: Sequence[SettledScene],
    coverage: Coverage | None,
    duplicates: int,
) -> Tally:
    """Return the tally.

    Parameters
    ----------
    why : sequence of str or None
        For each image why it cannot be reviewed.
    shown : NDArray of bool
        Which images are presented.
    scenes : sequence of SettledScene
    coverage : Coverage or None
        By all images received.
    duplicates : int
    """
    later = np.zeros(len(why), bool)
    for scene in scenes:
        if scene.number > 0:
            later[scene.first : scene.last + 1] = True
    bad = np.array([reason is not None for reason in why], bool)
    waiting = shown & ~bad
    behind = later & ~bad & ~shown
    return Tally(
        len(why),
        0,
        int(waiting.sum()),
        int(behind.sum()),
        int((~(bad | shown | later)).sum()),
        dict(Counter(reason for reason in why if reason is not None)),
        0 if coverage is None else coverage.missing,
        0 if coverage is None else coverage.extra,
        len(why) if coverage is None else coverage.nominal,
        duplicates,
    )
