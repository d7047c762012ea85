"""The four-way tally of a camera in a period: what became of every single image.

Every image that was received is exactly one of: seen by a person, screened quiet, or not
reviewable, with the reason. Images that should be there and are not are counted apart. An image
that was presented and not looked at yet is not reviewable (`NOT_YET_REVIEWED`); so is one that
is quiet against a scene which an event left that nobody has marked yet, and one that was never
screened (`NOT_SCREENED`). Nothing that is missing, unreadable or unhealthy is ever quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, MetaData, select

from keiryo.journal.reading import rows_of
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.images_of import (
    RECEIVED,
    UNAUTHENTIC,
    UNVIEWABLE,
    Images,
    images_of,
    micros,
)
from keiryo.surveillance.review_record import review_row, screening_rows, split
from keiryo.surveillance.schedule_of import schedule_of
from keiryo.surveillance.tables import LOOK, MARK, SCREENED_RUN

NOT_YET_REVIEWED = "NOT_YET_REVIEWED"
NOT_SCREENED = "NOT_SCREENED"
_AWAITED = (NOT_YET_REVIEWED, NOT_SCREENED)
REVIEWED, QUIET, NOT_REVIEWABLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the images of a camera in a period.

    Attributes
    ----------
    review, camera, begin, end : str
    received : int
        ``reviewed + quiet + not_reviewable``; an image that came twice counts once.
    reviewed, quiet, not_reviewable : int
    not_yet_reviewed : int
        Of those that are not reviewable: presented, and nobody has looked; or not screened.
    missing, nominal, extra, drift, scheduled : int
        ``scheduled - extra + missing + drift = nominal``.
    reasons : dict of str to int
        Why images are not reviewable.
    triggered : (int, int, int)
        Of the images that something triggered: seen, quiet, not reviewable.
    recorded_ppm, valid_ppm : int
        Coverage in millionths; only the second supports a conclusion.
    """

    review: str
    camera: str
    begin: str
    end: str
    received: int
    reviewed: int
    quiet: int
    not_reviewable: int
    not_yet_reviewed: int
    missing: int
    nominal: int
    extra: int
    drift: int
    scheduled: int
    reasons: dict[str, int] = field(default_factory=dict)
    triggered: tuple[int, int, int] = (0, 0, 0)
    recorded_ppm: int = 0
    valid_ppm: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = (
            *("review", "camera", "begin", "end", "received", "reviewed", "quiet"),
            *("not_reviewable", "not_yet_reviewed", "missing", "nominal", "extra", "drift"),
            *("scheduled", "reasons"),
        )
        told = {name: getattr(self, name) for name in names}
        told["triggered"] = dict(
            zip(("reviewed", "quiet", "not_reviewable"), self.triggered, strict=True)
        )
        told["recorded_coverage"] = self.recorded_ppm / 1_000_000
        told["valid_coverage"] = self.valid_ppm / 1_000_000
        return told


@dataclass(slots=True)
class Standings:
    """What is known of every image, in arrays.

    Attributes
    ----------
    images : Images
    reason : NDArray of int64
        Number of the reason in `told`; 0: none.
    told : dict of str to int
    screened : NDArray of bool
    presented : NDArray of bool
        In an event.
    against_open : NDArray of bool
        Quiet against a scene that an event left which nobody has marked.
    looked : NDArray of bool
    """

    images: Images
    reason: NDArray[np.int64]
    told: dict[str, int]
    screened: NDArray[np.bool_]
    presented: NDArray[np.bool_]
    against_open: NDArray[np.bool_]
    looked: NDArray[np.bool_]

    def place(self) -> NDArray[np.uint8]:
        """Return for every image what it counts as; and set the reasons of what is awaited."""
        told = self.told
        unviewable = np.isin(self.reason, [n for name, n in told.items() if name in UNVIEWABLE])
        seen = self.looked & ~unviewable
        place = np.full(self.images.count, NOT_REVIEWABLE, dtype=np.uint8)
        place[seen] = REVIEWED
        sound = (self.reason == 0) & ~seen
        waiting = sound & self.screened & (self.presented | self.against_open)
        waiting |= ~seen & ~unviewable & self.presented  # unhealthy, in an event: look at it
        self.reason[waiting] = told.setdefault(NOT_YET_REVIEWED, len(told))
        self.reason[sound & ~self.screened] = told.setdefault(NOT_SCREENED, len(told))
        place[sound & self.screened & ~waiting] = QUIET
        return place


def tally(
    connection: Connection,
    metadata: MetaData,
    review: str,
    camera: str,
    begin: str | None = None,
    end: str | None = None,
    *,
    through_act: int | None = None,
) -> Tally:
    """Return the tally of a camera in a period of a review.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    review, camera : str
    begin, end : str, optional
        UTC, as the record writes it; default: the period of the review.
    through_act : int, optional
        What had been recorded with this act; default: everything.

    Raises
    ------
    NotFoundError
        If there is no such review or camera.
    """
    row = review_row(connection, metadata, review, through_act=through_act)
    begin, end = begin or row["begin_at"], end or row["end_at"]
    device = read_camera(connection, metadata, camera).values
    found = standings(connection, metadata, row, camera, (begin, end), through_act=through_act)
    healthy = found.screened & (found.reason == 0)
    place = found.place()
    images = found.images
    authentic = np.array([one not in UNAUTHENTIC for one in images.state], dtype=np.bool_)
    rhythm = device["interval_ms"], device["tolerance_ms"]
    schedule = schedule_of(images, authentic, healthy, begin, end, *rhythm)
    reasons = _counts(found, place)
    reviewed, quiet, rest = (int((place == one).sum()) for one in range(3))
    aside = place[~images.scheduled]
    return Tally(
        *(review, camera, begin, end),
        *(images.count, reviewed, quiet, rest, sum(reasons.get(one, 0) for one in _AWAITED)),
        *(schedule.missing, schedule.nominal, schedule.extra, schedule.drift),
        schedule.scheduled,
        reasons,
        (int((aside == 0).sum()), int((aside == 1).sum()), int((aside == 2).sum())),
        *(schedule.recorded_ppm, schedule.valid_ppm),
    )


def standings(
    connection: Connection,
    metadata: MetaData,
    review: dict[str, Any],
    camera: str,
    period: tuple[str, str],
    *,
    through_act: int | None = None,
) -> Standings:
    """Return what is known of every image of a camera in a period of a review."""
    names = split(review["screenings"])
    screenings = [
        row
        for row in screening_rows(connection, metadata, names).values()
        if row["camera"] == camera and row["begin_at"] < period[1] and period[0] < row["end_at"]
    ]
    widest = (
        min([period[0], *(row["begin_at"] for row in screenings)]),
        max([period[1], *(row["end_at"] for row in screenings)]),
    )
    images = images_of(connection, metadata, camera, *widest, through_act=through_act)
    count = images.count
    told = {"": 0}
    found = Standings(
        images,
        np.array(
            [0 if s == RECEIVED else told.setdefault(s, len(told)) for s in images.state],
            dtype=np.int64,
        ),
        told,
        *(np.zeros(count, dtype=np.bool_) for _ in range(4)),
    )
    for row in screenings:
        _take_screening(connection, metadata, found, row, through_act)
    _take_looks(connection, metadata, found, review["review"], camera, through_act)
    low, high = images.between(*period)
    part = slice(low, high)
    arrays = (found.screened, found.presented, found.against_open, found.looked)
    return Standings(
        images.of_view(*period), found.reason[part], told, *(one[part] for one in arrays)
    )


def _take_screening(
    connection: Connection,
    metadata: MetaData,
    found: Standings,
    row: dict[str, Any],
    through_act: int | None,
) -> None:
    """Take over what a screening says of its images."""
    images = found.images
    low, high = images.between(row["begin_at"], row["end_at"])
    places = low + np.flatnonzero(images.act[low:high] <= row["through_act"])
    runs = runs_of(connection, metadata, row["screening"])
    counts = np.array([run["images"] for run in runs], dtype=np.int64)
    if counts.sum() != len(places):  # images beyond those that it saw: nothing is said of them
        return
    open_ = open_creators(connection, metadata, row["screening"], through_act)
    told = found.told

    def spread(values: Iterable[Any], kind: Any) -> NDArray[Any]:
        return np.repeat(np.array(list(values), dtype=kind), counts)

    codes = (0 if r["code"] is None else told.setdefault(r["code"], len(told)) for r in runs)
    found.reason[places] = spread(codes, np.int64)
    found.presented[places] = spread((r["event"] is not None for r in runs), np.bool_)
    found.against_open[places] = spread((r["created_by"] in open_ for r in runs), np.bool_)
    found.screened[places] = True


def runs_of(connection: Connection, metadata: MetaData, screening: str) -> list[dict[str, Any]]:
    """Return the runs of a screening in order."""
    table = metadata.tables[SCREENED_RUN.name]
    query = select(table).where(table.c.screening == screening).order_by(table.c.run)
    return [dict(row) for row in connection.execute(query).mappings()]


def open_creators(
    connection: Connection, metadata: MetaData, screening: str, through_act: int | None = None
) -> set[int]:
    """Return the events of a screening that left a scene and that nobody has marked."""
    table = metadata.tables[SCREENED_RUN.name]
    query = select(table.c.created_by).where(
        table.c.screening == screening, table.c.created_by.is_not(None)
    )
    creators = {int(row[0]) for row in connection.execute(query.distinct())}
    mark = metadata.tables[MARK.name]
    query = select(mark.c.event).where(mark.c.screening == screening)
    if through_act is not None:
        query = query.where(mark.c.act_id <= through_act)
    return creators - {int(row[0]) for row in connection.execute(query.distinct())}


def _take_looks(
    connection: Connection,
    metadata: MetaData,
    found: Standings,
    review: str,
    camera: str,
    through_act: int | None,
) -> None:
    """Note which images somebody looked at; nobody saw what came in after they looked."""
    table = metadata.tables[LOOK.name]
    conditions = (table.c.review == review, table.c.camera == camera)
    at = found.images.at
    for row in rows_of(connection, metadata, LOOK.name, *conditions, through_act=through_act):
        low = int(np.searchsorted(at, micros(row["from_at"]), side="left"))
        high = int(np.searchsorted(at, micros(row["to_at"]), side="right"))
        found.looked[low:high] |= found.images.act[low:high] < row["act_id"]


def _counts(found: Standings, place: NDArray[np.uint8]) -> dict[str, int]:
    """Return how many images are not reviewable for each reason."""
    names = {number: name for name, number in found.told.items()}
    numbers, counts = np.unique(found.reason[place == NOT_REVIEWABLE], return_counts=True)
    every = {names[int(n)]: int(c) for n, c in zip(numbers, counts, strict=True)}
    return dict(sorted(every.items()))
