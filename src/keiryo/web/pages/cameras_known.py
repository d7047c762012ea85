"""Cameras as they stand for a viewer: what came in last, what nobody screened, saw or concluded.

Everything is read through the books as the viewer sees them, and read anew only when something
about surveillance was posted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, MetaData, and_, func, select

from keiryo.containment.instants import instant, shown
from keiryo.containment.values import Span
from keiryo.dates import parse_utc
from keiryo.errors import KeiryoError, NotFoundError, UsageError
from keiryo.surveillance.cameras import Camera, cameras
from keiryo.surveillance.declared_operations import DECLARE, DeclaredOperation, operations
from keiryo.surveillance.images_of import first_and_last
from keiryo.surveillance.review_record import line_node, rows_of
from keiryo.surveillance.reviews import Review, reviews, uncovered
from keiryo.surveillance.tables import (
    CONCLUSION,
    IMAGE,
    IMAGE_SET,
    LOOK,
    MARK,
    SCREENED_EVENT,
    SCREENING,
    VIEW_CONDITION,
)
from keiryo.surveillance.values import camera_spans
from keiryo.web.pages.boards import Entered, areas_reading, explain_error
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Viewer

CAPABILITY = "surveillance"
READING = {"reads": CAPABILITY}
CAMERAS, OPERATIONS, TIMELINE = (
    "/surveillance/cameras",
    "/surveillance/operations",
    "/surveillance/timeline",
)
MOST_ASKED = 60
_NAMED = "named"
_NOT_CONCLUDED = ("CAMERA-NOT-REVIEWED", "CAMERA-IMAGE-LATE")

Line = dict[str, Any]


# --- addresses -------------------------------------------------------------------------------


def camera_address(name: str) -> str:
    """Return the page of a camera."""
    return f"{CAMERAS}/{quote(name, safe='')}"


def operation_address(name: str) -> str:
    """Return the page of a declared operation; a name with a slash stands in the query."""
    if "/" in name or name in (_NAMED, ".", ".."):
        return f"{OPERATIONS}/{_NAMED}?{urlencode({'name': name})}"
    return f"{OPERATIONS}/{quote(name, safe='')}"


def review_address(name: str) -> str:
    """Return the page of a review."""
    return f"/surveillance/reviews/{quote(name, safe='')}"


def event_address(review: str, screening: str, event: int) -> str:
    """Return the page on which an event is looked at in a review."""
    return f"{review_address(review)}/events/{quote(screening, safe='')}/{event}"


def seal_address(device: str) -> str:
    """Return the page of a seal, of ``seal:BODY/NUMBER`` or ``BODY/NUMBER``."""
    body, _slash, number = device.removeprefix("seal:").partition("/")
    return f"/seals/{quote(body, safe='')}/{quote(number, safe='')}"


def timeline_address(mba: str, begin: datetime, end: datetime, known_at: datetime | None) -> str:
    """Return the time line of an area in a period."""
    asked = {"mba": mba, "from": shown(begin), "to": shown(end)}
    if known_at is not None:
        asked["known"] = shown(known_at)
    return f"{TIMELINE}?{urlencode(asked)}"


def page_of(viewer: Viewer, node: str) -> str | None:
    """Return the page of a camera, set, screening or operation; None of another node.

    Sets and screenings stand on the page of their camera.
    """
    kind, _colon, name = node.partition(":")
    if kind == "camera":
        return camera_address(name)
    if kind == "operation":
        return operation_address(name)
    if kind not in ("set", "screening"):
        return None
    line, column = (IMAGE_SET, "set_name") if kind == "set" else (SCREENING, "screening")
    table = viewer.metadata.tables[line.name]
    query = select(table.c.camera).where(table.c[column] == name).limit(1)
    with viewer.books.reading() as connection:
        camera = connection.execute(query).scalar()
    part = "sets" if kind == "set" else "screenings"
    return None if camera is None else f"{camera_address(str(camera))}#{part}"


# --- what is asked ---------------------------------------------------------------------------


def asked_instant(request: AnyRequest, name: str) -> datetime | None:
    """Return an instant that the address asks for, or None.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    text = str(request.query_params.get(name, "")).strip()[:MOST_ASKED]
    return instant(text) if text else None


@dataclass(frozen=True, slots=True)
class Period:
    """The time that a page reaches over, and as known when."""

    begin: datetime
    end: datetime
    known_at: datetime | None = None

    def fields(self) -> dict[str, str]:
        """Return what the form of the page shows."""
        known = "" if self.known_at is None else shown(self.known_at)
        return {"from": shown(self.begin), "to": shown(self.end), "known": known}


def asked_period(request: AnyRequest, begin: datetime, end: datetime) -> Period:
    """Return the period that the address asks for.

    Parameters
    ----------
    begin, end : datetime
        Where it asks for none; where it asks for one end only, the length stays.

    Raises
    ------
    UsageError
        If an instant cannot be read, or the period ends before it begins.
    """
    first, last = asked_instant(request, "from"), asked_instant(request, "to")
    length = end - begin
    try:
        if first is None:
            first = begin if last is None else last - length
        if last is None:
            last = end if first < end else first + length
    except OverflowError:
        raise UsageError("the period is none of our times", "Give another period.") from None
    if not first < last:
        raise UsageError(
            "the period ends before it begins", "Give an earlier beginning or a later end."
        )
    return Period(first, last, asked_instant(request, "known"))


def instant_in(
    viewer: Viewer, entered: Entered, name: str, *, required: bool = True
) -> datetime | None:
    """Return the instant in a field; what is wrong with it goes into the form."""
    text = viewer.field(name)
    if not text and not required:
        return None
    if not text:
        entered.errors[name] = _("Say when: day, time and offset from UTC.")
        return None
    try:
        return instant(text)
    except KeiryoError as error:
        explain_error(entered, error, name)
        return None


# --- cameras ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a camera stands.

    Attributes
    ----------
    camera : Camera
    first_at, last_at : str or None
        Times of its first and last image, UTC.
    not_screened : int
        Images that no screening saw.
    to_look_at : int
        Events of screenings that hold at which nobody looked.
    not_concluded_since : datetime or None
        From when on there are images about which nobody concluded; None: all are concluded.
    conditions : mapping of code to int
        Gaps and bad views of screenings that hold.
    open_conditions : int
        Of these, those whose time nobody has concluded about since.
    """

    camera: Camera
    first_at: str | None = None
    last_at: str | None = None
    not_screened: int = 0
    to_look_at: int = 0
    not_concluded_since: datetime | None = None
    conditions: Mapping[str, int] = field(default_factory=dict)
    open_conditions: int = 0

    @property
    def needs_a_look(self) -> bool:
        """Whether there are events that nobody saw, or gaps and bad views not concluded about."""
        return bool(self.to_look_at or self.open_conditions)


def known_cameras(viewer: Viewer) -> dict[str, Standing]:
    """Return the cameras that are seen, by name; read anew when something about them was posted."""

    def find() -> dict[str, Standing]:
        with viewer.books.reading() as connection:
            every = cameras(connection, viewer.metadata)
            return {
                name: _standing(connection, viewer.metadata, one) for name, one in every.items()
            }

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("cameras", viewer.sight), last, find)


def require_camera(viewer: Viewer, name: str) -> Standing:
    """Return a camera that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known_cameras(viewer).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no camera {name[:60]!r} that you may see", "The list shows all."
        )
    return found


def _standing(connection: Connection, metadata: MetaData, one: Camera) -> Standing:
    received = first_and_last(connection, metadata, one.name)
    if received is None:
        return Standing(one)
    screenings = screenings_of(connection, metadata, one.name)
    found = standing_conditions(connection, metadata, one.name, screenings)
    table = metadata.tables[CONCLUSION.name]
    concluded = rows_of(connection, metadata, CONCLUSION.name, table.c.camera == one.name)
    open_ones = [
        row
        for row in found
        if uncovered(
            [c for c in concluded if c["act_id"] > row["act_id"]], row["begin_at"], row["end_at"]
        )
    ]
    return Standing(
        *(one, *received),
        _not_screened(connection, metadata, one.name),
        _to_look_at(connection, metadata, one.name, screenings),
        _not_concluded(camera_spans(connection, metadata, one.name).spans),
        dict(sorted(Counter(str(row["code"]) for row in found).items())),
        len(open_ones),
    )


def screenings_of(
    connection: Connection, metadata: MetaData, camera: str, known_at: datetime | None = None
) -> list[Line]:
    """Return the screenings of a camera in the order of the record."""
    table = metadata.tables[SCREENING.name]
    mine = table.c.camera == camera
    return rows_of(connection, metadata, SCREENING.name, mine, known_at=known_at)


def _holds(row: Line, screenings: Sequence[Line]) -> bool:
    """Return whether no later screening saw the same time."""
    return not any(
        one["act_id"] > row["act_id"]
        and one["begin_at"] <= row["begin_at"]
        and (row["end_at"] <= one["end_at"])
        for one in screenings
    )


def standing_conditions(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    screenings: Sequence[Line],
    known_at: datetime | None = None,
) -> list[Line]:
    """Return the gaps and bad views of the screenings that hold, in the order of time."""
    table = metadata.tables[VIEW_CONDITION.name]
    mine = table.c.camera == camera
    rows = rows_of(connection, metadata, VIEW_CONDITION.name, mine, known_at=known_at)
    return sorted((r for r in rows if _holds(r, screenings)), key=lambda r: str(r["begin_at"]))


def standing_events(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    screenings: Sequence[Line],
    known_at: datetime | None = None,
) -> list[Line]:
    """Return the events of the screenings that hold, in the order of time."""
    table = metadata.tables[SCREENED_EVENT.name]
    mine = table.c.camera == camera
    rows = rows_of(connection, metadata, SCREENED_EVENT.name, mine, known_at=known_at)
    return sorted((r for r in rows if _holds(r, screenings)), key=lambda r: str(r["begin_at"]))


def _not_screened(connection: Connection, metadata: MetaData, camera: str) -> int:
    image, screening = metadata.tables[IMAGE.name], metadata.tables[SCREENING.name]
    seen = select(screening.c.screening).where(
        and_(
            screening.c.camera == image.c.camera,
            screening.c.begin_at <= image.c.at,
            image.c.at < screening.c.end_at,
            image.c.act_id <= screening.c.through_act,
        )
    )
    rest = select(image.c.digest, image.c.frame, image.c.at)
    rest = rest.where(image.c.camera == camera, ~seen.exists()).distinct()
    return int(connection.execute(select(func.count()).select_from(rest.subquery())).scalar_one())


def _to_look_at(
    connection: Connection, metadata: MetaData, camera: str, screenings: Sequence[Line]
) -> int:
    table = metadata.tables[LOOK.name]
    query = select(table.c.screening, table.c.event).where(table.c.camera == camera)
    looked = {(str(row[0]), row[1]) for row in connection.execute(query)}
    events = standing_events(connection, metadata, camera, screenings)
    return sum((row["screening"], row["event"]) not in looked for row in events)


def _not_concluded(spans: Sequence[Span]) -> datetime | None:
    return next((one.begin for one in spans if one.reason in _NOT_CONCLUDED), None)


# --- reviews ---------------------------------------------------------------------------------


def known_reviews(viewer: Viewer) -> list[Review]:
    """Return the reviews that are seen, by the beginning of their periods."""

    def find() -> list[Review]:
        with viewer.books.reading() as connection:
            return reviews(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("reviews of cameras", viewer.sight), last, find)


def reviews_by_screening(viewer: Viewer) -> dict[str, list[str]]:
    """Return the names of the reviews that took a screening in, by its name."""
    found: dict[str, list[str]] = {}
    for one in known_reviews(viewer):
        for screening in one.screenings:
            found.setdefault(screening, []).append(one.name)
    return found


def reviews_by_line(viewer: Viewer) -> dict[str, str]:
    """Return the review in which a conclusion or a mark was recorded, by the node of its line."""

    def find() -> dict[str, str]:
        with viewer.books.reading() as connection:
            return {
                line_node(row): str(row["review"])
                for kind in (CONCLUSION, MARK)
                for row in rows_of(connection, viewer.metadata, kind.name)
            }

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("lines of reviews", viewer.sight), last, find)


# --- declared operations ---------------------------------------------------------------------


def operations_areas(viewer: Viewer) -> set[str]:
    """Return the areas whose declared operations are seen: read, or declared by the viewer."""
    mine = {area.code for area in viewer.areas_to_post(DECLARE)}
    return mine | set(areas_reading(viewer, CAPABILITY))


def known_operations(viewer: Viewer) -> list[DeclaredOperation]:
    """Return the declared operations that are seen, withdrawn ones too, by beginning.

    An operator declares without reading what cameras of the State or an agency saw: of the areas
    for which somebody may declare, they see what is declared.
    """
    seen = operations_areas(viewer)
    if not seen:
        return []

    def find() -> list[DeclaredOperation]:
        with viewer.whole.reading() as connection:
            return operations(connection, viewer.metadata, withdrawn=True)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    every = viewer.server.remembered.get(("declared operations",), last, find)
    return [one for one in every if one.values["mba"] in seen]


def moment(text: str | None) -> datetime | None:
    """Return an instant of the record."""
    return None if text is None else parse_utc(text)


def day_after(at: datetime) -> datetime:
    """Return the midnight (UTC) that follows an instant."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
