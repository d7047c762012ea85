"""What a camera says of every instant, for coverage.

From the beginning of its first view (or its first image) on a camera is PENDING: its images are
not reviewed, or have not come in. Over that is laid, in the order in which it was recorded:

* a gap or a bad view that the latest screening of that time found: INCONCLUSIVE, from the last
  image that counts before it to the first one after;
* a conclusion: POSITIVE, INCONCLUSIVE or NEGATIVE for its period. A negative one holds from the
  first event of the review that is marked relevant; if none is, for its whole period;
* an event that stands marked relevant: NEGATIVE from its first image to the end of the period of
  the review.

What is recorded later covers what was recorded before. So an undeclared movement stays NEGATIVE
to the end of the period of its review, until the mark is taken back or a later review of that
time, after the material was verified again, concludes otherwise; after that period the next
conclusion counts. A positive conclusion needs sound coverage, so none is laid over a gap that
was known; a gap found later is laid over it. An image that comes in after its time was concluded
was not reviewed by anyone: from it to the end of that conclusion the camera is PENDING again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.containment.values import DeviceSpans, Span, Value
from keiryo.dates import parse_utc, utc_text
from keiryo.journal.reading import line_node, rows_of
from keiryo.storage.schema import ACT
from keiryo.surveillance.camera_record import known_camera
from keiryo.surveillance.cameras import split_list
from keiryo.surveillance.conclusions import conclusions
from keiryo.surveillance.images_of import first_and_last
from keiryo.surveillance.marks import RELEVANT, marks
from keiryo.surveillance.review_record import LATEST
from keiryo.surveillance.reviews import uncovered
from keiryo.surveillance.tables import (
    CAMERA_VIEW,
    IMAGE,
    REVIEW,
    SCREENED_EVENT,
    SCREENING,
    VIEW_CONDITION,
)

MECHANISM = "optical-camera"
_OF = {
    "positive": Value.POSITIVE,
    "negative": Value.NEGATIVE,
    "inconclusive": Value.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class _Layer:
    """An interval that is laid over what was said before; `order` is when it was recorded."""

    order: tuple[int, int]
    begin: str
    end: str
    value: Value
    reason: str
    nodes: tuple[str, ...]


@dataclass(slots=True)
class _Canvas:
    parts: list[tuple[str, str, Value, str, tuple[str, ...]]] = field(default_factory=list)

    def lay(self, one: _Layer) -> None:
        """Lay an interval over what was there; only time that the camera is there for counts."""
        kept = []
        for begin, end, value, reason, nodes in self.parts:
            if end <= one.begin or one.end <= begin:
                kept.append((begin, end, value, reason, nodes))
                continue
            if begin < one.begin:
                kept.append((begin, one.begin, value, reason, nodes))
            inner = max(begin, one.begin), min(end, one.end)
            kept.append((*inner, one.value, one.reason, one.nodes))
            if one.end < end:
                kept.append((one.end, end, value, reason, nodes))
        self.parts = kept

    def spans(self) -> Iterator[Span]:
        """Yield what is on it, neighbours that say the same as one."""
        joined: list[tuple[str, str, Value, str, tuple[str, ...]]] = []
        for part in self.parts:
            if joined and joined[-1][1] == part[0] and joined[-1][2:] == part[2:]:
                joined[-1] = (joined[-1][0], part[1], *part[2:])
            else:
                joined.append(part)
        for begin, end, value, reason, nodes in joined:
            last = None if end == LATEST else parse_utc(end)
            yield Span(parse_utc(begin), last, value, reason, nodes)


def camera_spans(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> DeviceSpans:
    """Return what a camera says of every instant.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    camera : str
        Its name; one that is not recorded says nothing.
    known_at : datetime, optional
        What people knew at an instant: acts recorded by then.
    through_act : int, optional
        What was recorded with this act.
    begin, end : datetime, optional
        Only this part; default: from the beginning, without an end.

    Returns
    -------
    DeviceSpans
        They do not overlap; from the last one on the camera is PENDING without end.
    """
    device = f"camera:{camera}"
    row = known_camera(connection, metadata, camera)
    depends = frozenset(() if row is None else split_list(row["depends_on"]))
    since = _since(connection, metadata, camera, known_at, through_act)
    if row is None or since is None:
        return DeviceSpans(device, MECHANISM, depends, ())
    known: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    first, last = since, LATEST
    if begin is not None:
        first = max(first, utc_text(begin))
    if end is not None:
        last = utc_text(end)
    if first >= last:
        return DeviceSpans(device, MECHANISM, depends, ())
    canvas = _Canvas()
    received = first_and_last(connection, metadata, camera, **known)
    canvas.parts = [(first, last, Value.PENDING, "CAMERA-NOT-RECEIVED", (device,))]
    if received is not None:
        waiting = _Layer((0, 0), *received, Value.PENDING, "CAMERA-NOT-REVIEWED", (device,))
        canvas.lay(waiting)
    relevant = list(_relevant(connection, metadata, camera, known))
    layers = [
        *_conditions(connection, metadata, camera, known),
        *_conclusions(connection, metadata, camera, known, relevant),
        *relevant,
    ]
    for layer in sorted(layers, key=lambda one: one.order):
        canvas.lay(layer)
    return DeviceSpans(device, MECHANISM, depends, tuple(canvas.spans()))


def _since(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    known_at: datetime | None,
    through_act: int | None,
) -> str | None:
    """Return since when the camera is there: its first view, or its first image."""
    table = metadata.tables[CAMERA_VIEW.name]
    known: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    rows = rows_of(connection, metadata, CAMERA_VIEW.name, table.c.camera == camera, **known)
    times = [row["begin_at"] for row in {row["version"]: row for row in rows}.values()]
    received = first_and_last(connection, metadata, camera, **known)
    if received is not None:
        times.append(received[0])
    return min(times, default=None)


def _conditions(
    connection: Connection, metadata: MetaData, camera: str, known: dict[str, Any]
) -> Iterator[_Layer]:
    table = metadata.tables[VIEW_CONDITION.name]
    rows = rows_of(connection, metadata, VIEW_CONDITION.name, table.c.camera == camera, **known)
    screening = metadata.tables[SCREENING.name]
    every = rows_of(connection, metadata, SCREENING.name, screening.c.camera == camera, **known)
    for row in rows:
        later = [one for one in every if one["act_id"] > row["act_id"]]
        for begin, end in uncovered(later, row["begin_at"], row["end_at"]):
            yield _Layer(
                (row["act_id"], row["line_no"]),
                *(begin, end),
                Value.INCONCLUSIVE,
                "CAMERA-" + str(row["code"]).upper(),
                (line_node(row), f"screening:{row['screening']}"),
            )


def _conclusions(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    known: dict[str, Any],
    relevant: list[_Layer],
) -> Iterator[_Layer]:
    for one in conclusions(connection, metadata, camera=camera, **known):
        row = one.values
        begin = row["begin_at"]
        nodes = (one.line, f"review:{row['review']}")
        order = (row["act_id"], row["line_no"])
        if row["conclusion"] == "negative":
            found = [
                layer.begin
                for layer in relevant
                if nodes[1] in layer.nodes and begin <= layer.begin < row["end_at"]
            ]
            begin = min(found, default=begin)
        reason = f"CAMERA-{row['conclusion'].upper()}"
        yield _Layer(order, begin, row["end_at"], _OF[row["conclusion"]], reason, nodes)
        if row["conclusion"] == "positive":
            late = _late_image(connection, metadata, row, known)
            if late is not None:
                later = (late[1], 0)
                yield _Layer(
                    *(later, late[0], row["end_at"]),
                    *(Value.PENDING, "CAMERA-IMAGE-LATE", nodes),
                )


def _late_image(
    connection: Connection, metadata: MetaData, row: dict[str, Any], known: dict[str, Any]
) -> tuple[str, int] | None:
    """Return the first image of a concluded period that came in afterwards, and its act."""
    table = metadata.tables[IMAGE.name]
    query = select(func.min(table.c.at), func.min(table.c.act_id)).where(
        table.c.camera == row["camera"],
        table.c.at >= row["begin_at"],
        table.c.at < row["end_at"],
        table.c.act_id > row["act_id"],
    )
    if known["through_act"] is not None:
        query = query.where(table.c.act_id <= known["through_act"])
    if known["known_at"] is not None:
        act = metadata.tables[ACT]
        query = query.join(act, act.c.act_id == table.c.act_id)
        query = query.where(act.c.recorded_at <= utc_text(known["known_at"]))
    first, act_id = connection.execute(query).one()
    return None if first is None else (str(first), int(act_id))


def _relevant(
    connection: Connection, metadata: MetaData, camera: str, known: dict[str, Any]
) -> Iterator[_Layer]:
    """Yield the events that stand marked relevant, to the end of the period of their review."""
    table = metadata.tables[REVIEW.name]
    event = metadata.tables[SCREENED_EVENT.name]
    mine = rows_of(connection, metadata, SCREENED_EVENT.name, event.c.camera == camera, **known)
    if not mine:
        return
    events = {(row["screening"], row["event"]): row for row in mine}
    names = sorted({row["screening"] for row in mine})
    by_review: dict[tuple[str, str, int], Any] = {}
    told = marks(connection, metadata, screenings=names, **known)
    reviewed = _reviews_of_marks(connection, metadata, names, known)
    for key, every in told.items():
        for one in every:
            by_review[(reviewed[one.line or ""], *key)] = one
    for (name, screening, number), one in by_review.items():
        found = events.get((screening, number))
        if one.verdict != RELEVANT or found is None:
            continue
        rows = rows_of(connection, metadata, REVIEW.name, table.c.review == name, **known)
        end = max(rows[-1]["end_at"], found["end_at"]) if rows else found["end_at"]
        line = int(str(one.line).rpartition("/")[2])
        nodes = (one.line or "", line_node(found), f"review:{name}")
        yield _Layer(
            *((one.act, line), found["begin_at"], end),
            *(Value.NEGATIVE, "CAMERA-UNDECLARED-MOVEMENT", nodes),
        )


def _reviews_of_marks(
    connection: Connection, metadata: MetaData, names: list[str], known: dict[str, Any]
) -> dict[str, str]:
    """Return the review in which each mark was made, by the node of its line."""
    from keiryo.surveillance.tables import MARK

    table = metadata.tables[MARK.name]
    rows = rows_of(connection, metadata, MARK.name, table.c.screening.in_(names), **known)
    return {line_node(row): row["review"] for row in rows}
