"""A picture of a view with its zones drawn over it: which image, how large, and the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import Connection, select

from keiryo.dates import parse_utc, utc_text
from keiryo.surveillance.images_of import RECEIVED
from keiryo.surveillance.tables import IMAGE, IMAGE_REMOVAL, SCREENING
from keiryo.surveillance.views import View
from keiryo.surveillance.zones import RecordedZone, zones_at
from keiryo.web.pages.cameras_words import ZONE_WORDS, word
from keiryo.web.pages.reviews_pictures import size_of
from keiryo.web.pictures.zone_overlay import DrawnZone, zone_overlay
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

IMAGES = "/surveillance/images"
SHOWN_WIDE = 960
MOST_TRIED = 20
"""So many images are tried, from the last one back, until one can be shown."""
BLANK_RATIO = 0.5625


@dataclass(frozen=True, slots=True)
class Base:
    """The image over which zones are drawn.

    Attributes
    ----------
    src : str or None
        Where it is handed out; None: there is none that can be shown.
    at : str or None
        When it was taken, UTC.
    ratio : float
        Its height over its width.
    """

    src: str | None = None
    at: str | None = None
    ratio: float = BLANK_RATIO


def base_of(
    connection: Connection,
    viewer: Viewer,
    camera: str,
    view: View | None,
    until: datetime | None = None,
) -> Base:
    """Return the last image of a view that can be shown.

    Parameters
    ----------
    view : View or None
        None: of any time.
    until : datetime, optional
        The last one that was taken by then.
    """
    image, gone = (viewer.metadata.tables[kind.name] for kind in (IMAGE, IMAGE_REMOVAL))
    names = ("act_id", "line_no", "digest", "frame", "at")
    removed = select(gone.c.digest).where(gone.c.digest == image.c.digest).exists()
    query = select(*(image.c[name] for name in names)).where(
        image.c.camera == camera, image.c.state == RECEIVED, ~removed
    )
    if view is not None:
        query = query.where(image.c.at >= utc_text(view.begin))
        if view.end is not None:
            query = query.where(image.c.at < utc_text(view.end))
    if until is not None:
        query = query.where(image.c.at <= utc_text(until))
    for row in connection.execute(query.order_by(image.c.at.desc()).limit(MOST_TRIED)):
        size = size_of(viewer.whole.evidence, row.digest, row.frame)
        if size is not None:
            which = f"{row.act_id}.{row.line_no}"
            src = f"{IMAGES}/{quote(camera, safe='')}/{which}?width={SHOWN_WIDE}"
            return Base(src, str(row.at), size[1] / size[0])
    return Base()


def told_zone(name: str, type_: str, reason: str | None) -> str:
    """Return what a zone is, in words."""
    told = f"{name}: {word(ZONE_WORDS, type_)}"
    return f"{told} ({reason})" if reason else told


def overlay(zones: Sequence[RecordedZone], ratio: float) -> str:
    """Return the drawing of zones over a picture, numbered in their order, as SVG text."""
    drawn = [
        DrawnZone(row, one.zone.type, one.corners, told_zone(one.zone.name, one.zone.type, None))
        for row, one in enumerate(zones, 1)
    ]
    return drawing(drawn, ratio)


def drawing(zones: Sequence[DrawnZone], ratio: float) -> str:
    """Return zones as they are drawn over a picture, as SVG text, with a title that names them."""
    told = "; ".join(f"{one.row} {one.told}" for one in zones)
    title = _("Zones over the image: %(told)s", told=told) if told else _("No zones are drawn.")
    return zone_overlay(zones, ratio, title=title)


def zones_of_event(
    viewer: Viewer, camera: str, screening: str, begin: str, image: tuple[int, int] | None
) -> str | None:
    """Return the zones with which an event was screened, drawn; None if there were none.

    Parameters
    ----------
    begin : str
        When the event begins, UTC.
    image : (act, line) or None
        An image of the event: it tells the shape of the drawing.
    """
    table, images = (viewer.metadata.tables[kind.name] for kind in (SCREENING, IMAGE))
    with viewer.books.reading() as connection:
        known = select(table.c.through_act).where(table.c.screening == screening).limit(1)
        through = connection.execute(known).scalar()
        found = zones_at(
            *(connection, viewer.metadata, camera, parse_utc(begin)),
            through_act=None if through is None else int(through),
        )
        if not found or image is None:
            return None
        query = select(images.c.digest, images.c.frame).where(
            images.c.act_id == image[0], images.c.line_no == image[1]
        )
        row = connection.execute(query).first()
    size = None if row is None else size_of(viewer.whole.evidence, row.digest, row.frame)
    return None if size is None else overlay(found, size[1] / size[0])
