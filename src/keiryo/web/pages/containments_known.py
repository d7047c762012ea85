"""Containments as a viewer sees them, and what closes or watches each way at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from keiryo.containment.register import (
    Containment,
    Content,
    Way,
    containment,
    containments,
    contents,
)
from keiryo.containment.values import best
from keiryo.coverage.devices import devices
from keiryo.dates import utc_text
from keiryo.errors import NotFoundError
from keiryo.seals.standing import Period
from keiryo.web.pages.boards import areas_reading
from keiryo.web.pages.seals_known import known as known_seals
from keiryo.web.pages.seals_known import page_of_node
from keiryo.web.viewer import Viewer

CAPABILITY = "containment"
READING = {"reads": CAPABILITY}
HOME = "/containments"
COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Known:
    """Containments and what they hold or held, as a viewer sees them, by ``MBA/NAME``."""

    places: Mapping[str, Containment]
    held: Mapping[str, list[Content]]

    def inside(self, name: str, at: datetime) -> list[Content]:
        """Return what is in a containment at an instant."""
        return [one for one in self.held.get(name, ()) if one.time.holds(at)]


def known(viewer: Viewer) -> Known:
    """Return containments as they stand; read anew when something about them was posted."""

    def find() -> Known:
        seen = set(areas_reading(viewer, CAPABILITY))
        with viewer.books.reading() as connection:
            every = containments(connection, viewer.metadata)
            stays = contents(connection, viewer.metadata)
        held: dict[str, list[Content]] = {}
        for one in stays:
            held.setdefault(f"{one.mba}/{one.containment}", []).append(one)
        return Known({name: one for name, one in every.items() if one.mba in seen}, held)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("containments", viewer.sight), last, find)


def require_containment(viewer: Viewer, mba: str, name: str) -> Containment:
    """Return a containment that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name, or the area is not seen.
    """
    viewer.area(mba)
    if mba not in areas_reading(viewer, CAPABILITY):
        raise NotFoundError(f"there is no containment {mba}/{name[:60]} that you may see")
    with viewer.books.reading() as connection:
        return containment(connection, viewer.metadata, mba, name)


@dataclass(frozen=True, slots=True)
class OnWay:
    """A device on a way: its node, its page, and since when it is there."""

    device: str
    href: str | None
    since: str


def on_ways(viewer: Viewer, one: Containment, at: datetime) -> dict[str, list[OnWay]]:
    """Return what closes or watches each way of a containment at an instant, by way."""
    found: dict[str, list[OnWay]] = {}
    for period in sealed(viewer, one):
        attached = period.attached
        node = attached.key.node
        for path in attached.path_names:
            found.setdefault(path, []).append(OnWay(node, page_of_node(node), attached.at))
    for watch in one.watches:
        if watch.time.holds(at):
            camera = watch.device.partition(":")[2]
            href = (
                f"/surveillance/cameras/{quote(camera, safe='')}"
                if viewer.reads("surveillance")
                else None
            )
            shown = OnWay(watch.device, href, utc_text(watch.time.begin))
            found.setdefault(watch.path, []).append(shown)
    return found


def sealed(viewer: Viewer, one: Containment) -> list[Period]:
    """Return the open periods of seals on a containment, if the viewer reads seals."""
    if not viewer.reads("seals"):
        return []
    place = (one.mba, one.name)
    every = (standing.open_period for standing in known_seals(viewer).seals.values())
    return [
        period
        for period in every
        if period is not None and (period.attached.mba, period.attached.containment) == place
    ]


def values_of_ways(viewer: Viewer, one: Containment, at: datetime) -> dict[str, str]:
    """Return the value of each way at an instant, for who reads coverage of the area."""
    if one.mba not in areas_reading(viewer, COVERAGE):
        return {}
    with viewer.books.reading() as connection:
        found = devices(connection, viewer.metadata, mbas=[one.mba])
    told = {}
    for way in one.ways:
        every = found.ways.get((one.mba, one.name, way.path), ())
        told[way.path] = best([device.judged(at).value for device in every]).name
    return told


def ways_now(one: Containment, at: datetime) -> list[Way]:
    """Return the ways that there are at an instant."""
    return [way for way in one.ways if way.time.holds(at)]
