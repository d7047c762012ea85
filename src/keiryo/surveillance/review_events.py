"""The events of a review: each with who looked at it, what was said of it, and its rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, MetaData

from keiryo.journal.reading import line_node, rows_of
from keiryo.surveillance.images_of import UNVIEWABLE, instant_of, micros
from keiryo.surveillance.marks import EventKey, Mark, marks
from keiryo.surveillance.review_record import review_row, screening_rows, split
from keiryo.surveillance.review_tally import standings
from keiryo.surveillance.tables import SCREENED_EVENT, VIEW_CONDITION

STATE_CHANGE = "state-change"


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """An event under review.

    Attributes
    ----------
    values : dict
        Its line.
    to_see : int
        Images of it that somebody can look at.
    seen : int
        Of these, how many somebody looked at in the review.
    marks : tuple of Mark
        In order; the last one counts.
    """

    values: dict[str, Any] = field(repr=False)
    to_see: int
    seen: int
    marks: tuple[Mark, ...] = ()

    @property
    def key(self) -> EventKey:
        """Screening and number."""
        return self.values["screening"], self.values["event"]

    @property
    def camera(self) -> str:
        """Name of the camera."""
        return str(self.values["camera"])

    @property
    def begin(self) -> str:
        """Time of its first image, UTC."""
        return str(self.values["begin_at"])

    @property
    def end(self) -> str:
        """Time of its last image, UTC."""
        return str(self.values["end_at"])

    @property
    def is_state_change(self) -> bool:
        """Whether it left another scene than before."""
        return bool(self.values["kind"] == STATE_CHANGE)

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones that it touches."""
        return tuple(split(self.values["zones"]))

    @property
    def mark(self) -> Mark | None:
        """The mark that counts."""
        return self.marks[-1] if self.marks else None

    @property
    def verdict(self) -> str | None:
        """What is said of it, if anybody says anything."""
        return self.marks[-1].verdict if self.marks else None

    @property
    def looked_at(self) -> bool:
        """Whether somebody looked at all of its images that can be looked at."""
        return self.seen >= self.to_see

    @property
    def node(self) -> str:
        """The node of its line."""
        return line_node(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("screening", "event", "camera", "kind", "begin_at", "end_at", "peak_at", "images")
        mark = self.mark
        return {
            **{name: self.values[name] for name in names},
            "score": self.values["score_ppm"] / 1_000_000,
            "zones": list(self.zones),
            "against": self.values["against"],
            "returned_to": self.values["returned_to"],
            "to_see": self.to_see,
            "seen": self.seen,
            "verdict": self.verdict,
            "mark": None if mark is None else mark.to_dict(),
            "marks": len(self.marks),
            "line": self.node,
        }


def review_events(
    connection: Connection,
    metadata: MetaData,
    review: str,
    *,
    cameras: Iterable[str] | None = None,
    begin: str | None = None,
    end: str | None = None,
    through_act: int | None = None,
) -> list[ReviewEvent]:
    """Return the events of a review that touch its period, in the order of time.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    review : str
    cameras : iterable of str, optional
        Only of these.
    begin, end : str, optional
        Only those that touch this part of the period.
    through_act : int, optional
        What had been recorded with this act; default: everything.

    Raises
    ------
    NotFoundError
        If there is no such review.
    """
    row = review_row(connection, metadata, review, through_act=through_act)
    begin, end = begin or row["begin_at"], end or row["end_at"]
    names = split(row["screenings"])
    table = metadata.tables[SCREENED_EVENT.name]
    conditions = [
        table.c.screening.in_(names),
        table.c.begin_at < end,
        table.c.end_at >= begin,
    ]
    if cameras is not None:
        conditions.append(table.c.camera.in_(list(cameras)))
    rows = rows_of(connection, metadata, SCREENED_EVENT.name, *conditions)
    told = marks(connection, metadata, review, through_act=through_act)
    counts = _counts(connection, metadata, row, rows, through_act)
    found = [
        ReviewEvent(one, *counts[key], tuple(told.get(key, ())))
        for one in rows
        for key in [(one["screening"], one["event"])]
    ]
    return sorted(found, key=lambda one: (one.begin, one.camera, one.key))


def _counts(
    connection: Connection,
    metadata: MetaData,
    review: dict[str, Any],
    rows: Sequence[dict[str, Any]],
    through_act: int | None,
) -> dict[EventKey, tuple[int, int]]:
    """Return for each event how many images can be looked at, and how many were."""
    found: dict[EventKey, tuple[int, int]] = {}
    for camera in sorted({row["camera"] for row in rows}):
        mine = [row for row in rows if row["camera"] == camera]
        period = min(row["begin_at"] for row in mine), max(row["end_at"] for row in mine)
        closed = period[0], instant_of(micros(period[1]) + 1)
        known = standings(connection, metadata, review, camera, closed, through_act=through_act)
        barred = [n for name, n in known.told.items() if name in UNVIEWABLE]
        to_see = np.r_[0, np.cumsum(~np.isin(known.reason, barred))]
        seen = np.r_[0, np.cumsum(known.looked & ~np.isin(known.reason, barred))]
        at = known.images.at
        for row in mine:
            low = np.searchsorted(at, micros(row["begin_at"]), side="left")
            high = np.searchsorted(at, micros(row["end_at"]), side="right")
            counted = (int(a[high] - a[low]) for a in (to_see, seen))
            found[row["screening"], row["event"]] = (next(counted), next(counted))
    return found


def conditions_of(
    connection: Connection,
    metadata: MetaData,
    review: str,
    camera: str | None = None,
    *,
    begin: str | None = None,
    end: str | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return gaps and bad views in the period of a review, in the order of time."""
    row = review_row(connection, metadata, review, through_act=through_act)
    begin, end = begin or row["begin_at"], end or row["end_at"]
    table = metadata.tables[VIEW_CONDITION.name]
    wanted = [
        table.c.screening.in_(split(row["screenings"])),
        table.c.begin_at < end,
        table.c.end_at > begin,
    ]
    if camera is not None:
        wanted.append(table.c.camera == camera)
    rows = rows_of(connection, metadata, VIEW_CONDITION.name, *wanted)
    return sorted(rows, key=lambda one: (one["begin_at"], one["end_at"], one["camera"]))


def versions_of(connection: Connection, metadata: MetaData, review: str) -> dict[str, int]:
    """Return the version of the view of each screening of a review."""
    row = review_row(connection, metadata, review)
    known = screening_rows(connection, metadata, split(row["screenings"]))
    return {name: int(one["version"]) for name, one in known.items()}
