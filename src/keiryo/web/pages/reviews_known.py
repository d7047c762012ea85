"""Camera reviews as they stand for a viewer: their events in the order in which to look at them.

Everything is read through the books as the viewer sees them, and read anew only when something
about surveillance was posted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, select

from keiryo.errors import Finding, NotFoundError
from keiryo.surveillance.conclusions import Concluded, conclusions, objections
from keiryo.surveillance.images_of import RECEIVED, Images, images_of, instant_of, micros
from keiryo.surveillance.marks import EventKey
from keiryo.surveillance.ranking import Ranked, ranked
from keiryo.surveillance.review_tally import Tally, tally
from keiryo.surveillance.reviews import Review, review, reviews
from keiryo.surveillance.tables import CONCLUSION, IMAGE, MARK, REVIEW, SCREENED_EVENT
from keiryo.web.pages.reviews_words import REASON_WORDS
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

CAPABILITY = "surveillance"
READING = {"reads": CAPABILITY}
HOME = "/surveillance/reviews"
IMAGES = "/surveillance/images"
DIFFERENCES = "/surveillance/differences"
CAMERAS = "/surveillance/cameras"
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Standing:
    """A review with its events, groups first by their most important event.

    Attributes
    ----------
    review : Review
    scope : str
        Of its lines.
    events : tuple of Ranked
    tallies : tuple of Tally
        One for each camera.
    objections : mapping of camera to list of Finding
        What stands against a positive conclusion.
    concluded : tuple of Concluded
        In the order in which they were recorded.
    """

    review: Review
    scope: str
    events: tuple[Ranked, ...]
    tallies: tuple[Tally, ...]
    objections: dict[str, list[Finding]] = field(default_factory=dict)
    concluded: tuple[Concluded, ...] = ()

    def place(self, key: EventKey) -> int | None:
        """Return the position of an event in the order of looking; None if it is not in it."""
        return next((n for n, one in enumerate(self.events) if one.event.key == key), None)

    @property
    def waiting(self) -> list[Ranked]:
        """Events that nobody has marked, or that were not looked at as a whole."""
        return [one for one in self.events if is_waiting(one)]

    def concluded_of(self, camera: str) -> list[Concluded]:
        """Return what was concluded about a camera."""
        return [one for one in self.concluded if one.values["camera"] == camera]

    @property
    def cameras_open(self) -> list[str]:
        """Cameras about which nothing is concluded yet."""
        return [one for one in self.review.cameras if not self.concluded_of(one)]


def is_waiting(one: Ranked) -> bool:
    """Return whether an event is still to be marked or looked at."""
    return one.event.mark is None or not one.event.looked_at


def every_review(viewer: Viewer) -> list[Review]:
    """Return the reviews that are seen, the last period first."""

    def find() -> list[Review]:
        with viewer.books.reading() as connection:
            return reviews(connection, viewer.metadata)[::-1]

    return _remembered(viewer, ("reviews", viewer.sight), find)


@dataclass(frozen=True, slots=True)
class Summary:
    """What of a review is still open, without its images: cheap enough for all reviews at once.

    Attributes
    ----------
    review : Review
    events, unmarked : int
    cameras_open : tuple of str
        Cameras about which nothing is concluded yet.
    """

    review: Review
    events: int
    unmarked: int
    cameras_open: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether events are not marked, or cameras not concluded."""
        return bool(self.unmarked or self.cameras_open)


def summaries(viewer: Viewer) -> list[Summary]:
    """Return what of each review that is seen is still open, the last period first."""

    def find() -> list[Summary]:
        metadata = viewer.metadata
        table = metadata.tables[SCREENED_EVENT.name]
        names = ("screening", "event", "begin_at", "end_at")
        with viewer.books.reading() as connection:
            every = reviews(connection, metadata)[::-1]
            by_screening: dict[str, list[Any]] = {}
            for row in connection.execute(select(*(table.c[one] for one in names))):
                by_screening.setdefault(row[0], []).append(row)
            pairs = _pairs(connection, metadata.tables[MARK.name], ("review", "screening", "event"))
            done = _pairs(connection, metadata.tables[CONCLUSION.name], ("review", "camera"))
        found = []
        for one in every:
            mine = [
                (one.name, row[0], row[1])
                for name in one.screenings
                for row in by_screening.get(name, ())
                if row[2] < one.end and row[3] >= one.begin
            ]
            unmarked = sum(key not in pairs for key in mine)
            open_ = tuple(camera for camera in one.cameras if (one.name, camera) not in done)
            found.append(Summary(one, len(mine), unmarked, open_))
        return found

    return _remembered(viewer, ("reviews in short", viewer.sight), find)


def _pairs(connection: Connection, table: Any, names: tuple[str, ...]) -> set[tuple[Any, ...]]:
    """Return what stands together in some columns of a table."""
    query = select(*(table.c[one] for one in names)).distinct()
    return {tuple(row) for row in connection.execute(query)}


def standing(viewer: Viewer, name: str) -> Standing:
    """Return a review that is seen, with its events and tallies.

    Raises
    ------
    NotFoundError
        If there is none of that name that the viewer sees.
    """
    if all(one.name != name for one in every_review(viewer)):
        raise NotFoundError(
            f"there is no review {name[:60]!r}",
            "'keiryo surveillance session list' lists the reviews.",
        )

    def find() -> Standing:
        metadata = viewer.metadata
        with viewer.books.reading() as connection:
            one = review(connection, metadata, name)
            table = metadata.tables[REVIEW.name]
            named = select(table.c.scope).where(table.c.review == name).limit(1)
            found = ranked(connection, metadata, name)
            first: dict[int, int] = {}
            for each in found:
                first.setdefault(each.group, each.rank)
            tallies = [tally(connection, metadata, name, camera) for camera in one.cameras]
            against = {told.camera: objections(connection, metadata, told) for told in tallies}
            return Standing(
                *(one, str(connection.execute(named).scalar())),
                tuple(sorted(found, key=lambda each: (first[each.group], each.rank))),
                *(tuple(tallies), against),
                tuple(conclusions(connection, metadata, review=name)),
            )

    return _remembered(viewer, ("review", name, viewer.sight), find)


def _remembered(viewer: Viewer, key: tuple[Any, ...], find: Callable[[], Found]) -> Found:
    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(key, last, find)


# --- the images around an event --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """An image as a page shows it.

    Attributes
    ----------
    camera, at, state, digest, name : str
    act, line : int
    part : str
        ``before``, ``event`` or ``after``.
    """

    camera: str
    at: str
    state: str
    digest: str
    name: str
    act: int
    line: int
    part: str

    @property
    def which(self) -> str:
        """Its line, as addresses name it."""
        return f"{self.act}.{self.line}"

    @property
    def words(self) -> str:
        """Why it cannot be relied on, in words; empty: it can."""
        if self.state == RECEIVED:
            return ""
        return _(REASON_WORDS.get(self.state, self.state))

    def address(self, width: int) -> str:
        """Return where it is handed out at a width."""
        return f"{IMAGES}/{quote(self.camera)}/{self.which}?width={width}"

    @property
    def original(self) -> str:
        """Where its bytes are handed out as they were received."""
        return f"/evidence/{quote(self.digest)}"


def images_around(viewer: Viewer, camera: str, begin: str, end: str) -> list[Shown]:
    """Return the images of an event with the last one before and the first one after it."""
    metadata = viewer.metadata
    table = metadata.tables[IMAGE.name]
    mine = (table.c.camera == camera, table.c.state == RECEIVED)
    before = select(table.c.at).where(*mine, table.c.at < begin).order_by(table.c.at.desc())
    after = select(table.c.at).where(*mine, table.c.at > end).order_by(table.c.at)
    with viewer.books.reading() as connection:
        first = connection.execute(before.limit(1)).scalar()
        last = connection.execute(after.limit(1)).scalar()
        found: list[Shown] = []
        for part, at in (("before", first), ("event", None), ("after", last)):
            if part != "event" and at is None:
                continue
            since, until = (begin, end) if at is None else (str(at), str(at))
            beyond = instant_of(micros(until) + 1)
            found += _shown(images_of(connection, metadata, camera, since, beyond), part)
    return found


def _shown(images: Images, part: str) -> list[Shown]:
    return [
        Shown(
            *(images.camera, instant_of(images.at[n]), images.state[n]),
            *(images.digest[n], images.name[n]),
            *(int(images.act[n]), int(images.line[n])),
            part,
        )
        for n in range(images.count)
    ]


# --- addresses -------------------------------------------------------------------------------


def review_address(name: str) -> str:
    """Return the page of a review."""
    return f"{HOME}/{quote(name, safe='')}"


def event_address(name: str, key: EventKey, **asked: Any) -> str:
    """Return the page on which an event is looked at."""
    screening, number = key
    page = f"{review_address(name)}/events/{quote(screening, safe='')}/{number}"
    told = {n: v for n, v in asked.items() if v not in (None, "")}
    return f"{page}?{urlencode(told)}" if told else page


def difference_address(one: Shown, other: Shown, width: int) -> str:
    """Return where the difference of two images of a camera is handed out."""
    return f"{DIFFERENCES}/{quote(one.camera)}/{one.which}/{other.which}?width={width}"


def camera_address(name: str) -> str:
    """Return the page of a camera."""
    return f"{CAMERAS}/{quote(name, safe='')}"


def why_address(name: str) -> str:
    """Return the page that tells what a review rests on."""
    return f"/why?of={quote(f'review:{name}', safe='')}"


def screening_address(viewer: Viewer, name: str) -> str | None:
    """Return the page of the first review that a screening is under; None: it is under none."""
    found = next((one for one in every_review(viewer) if name in one.screenings), None)
    return None if found is None else review_address(found.name)
