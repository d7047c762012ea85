"""What a camera sees, as PNG: the picture of a view with its zones drawn in, or its mask.

The picture is the reference picture of the view; where there is none, the first image of the view
that can be looked at. Zones are numbered as the table beside the picture numbers them: a zone of
interest is drawn full, one that is ignored hatched over, a line of crossing with a double edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from keiryo.errors import NotFoundError
from keiryo.storage.engine import Database
from keiryo.surveillance.decoding import pictures
from keiryo.surveillance.images_of import RECEIVED, images_of
from keiryo.surveillance.review_record import LATEST
from keiryo.surveillance.tables import IMAGE
from keiryo.surveillance.views import View, mask_plane, reference_plane
from keiryo.surveillance.zones import UNITS, RecordedZone

MOST_WIDE = 640
BLANK = (360, MOST_WIDE)
"""Height and width of the empty picture where nothing can be shown."""
FIRST_TRIED = 20
"""So many images are tried where there is no reference picture."""
_COLOURS = {"INTEREST": (60, 200, 60), "IGNORE": (160, 160, 160), "TRIP": (40, 160, 250)}
"""Blue, green, red, as OpenCV orders them."""


def view_png(
    connection: Connection,
    database: Database,
    camera: str,
    view: View,
    zones: Sequence[RecordedZone],
) -> bytes:
    """Return the picture of a view with its zones, as PNG, at most 640 pixels wide.

    Parameters
    ----------
    connection : Connection
        An open transaction on the books as somebody sees them.
    database : Database
        Where the files lie.
    camera : str
    view : View
    zones : sequence of RecordedZone
        Numbered in this order.
    """
    import cv2

    plane = _plane(connection, database, camera, view)
    drawn = cv2.cvtColor(_smaller(plane), cv2.COLOR_GRAY2BGR)
    height, width = drawn.shape[:2]
    size = np.array([width - 1, height - 1], dtype=np.float64)
    for number, one in enumerate(zones, 1):
        if not one.corners:
            continue
        corners = np.rint(np.array(one.corners) / UNITS * size).astype(np.int32)
        colour = _COLOURS.get(one.zone.type, (255, 255, 255))
        if one.zone.type == "IGNORE":
            _hatch(drawn, corners, colour)
        cv2.polylines(drawn, [corners], True, (0, 0, 0), 4, cv2.LINE_AA)
        cv2.polylines(drawn, [corners], True, colour, 2, cv2.LINE_AA)
        place = corners.mean(axis=0).astype(int)
        at = (int(place[0]) - 6, int(place[1]) + 6)
        for line_colour, thick in (((0, 0, 0), 5), ((255, 255, 255), 2)):
            cv2.putText(
                *(drawn, str(number), at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, line_colour, thick),
                cv2.LINE_AA,
            )
    return _png(drawn)


def mask_png(database: Database, view: View) -> bytes:
    """Return the mask of a view as PNG: white is where changes matter.

    Raises
    ------
    NotFoundError
        If it has none, or the file is not there.
    """
    plane = mask_plane(database, view)
    if plane is None:
        raise NotFoundError("this view has no mask")
    return _png(_smaller(np.where(plane > 0, 255, 0).astype(np.uint8)))


def _plane(
    connection: Connection, database: Database, camera: str, view: View
) -> NDArray[np.uint8]:
    try:
        found = reference_plane(database, view)
    except (NotFoundError, OSError):
        found = None
    if found is None:
        found = _first_image(connection, database, camera, view)
    return np.full(BLANK, 96, np.uint8) if found is None else np.asarray(found, np.uint8)


def _first_image(
    connection: Connection, database: Database, camera: str, view: View
) -> NDArray[np.uint8] | None:
    """Return the first image of a view that can be looked at, by brightness."""
    from keiryo.dates import utc_text

    table = database.metadata.tables[IMAGE.name]
    begin = utc_text(view.begin)
    end = LATEST if view.end is None else utc_text(view.end)
    query = select(table.c.at).where(
        *(table.c.camera == camera, table.c.at >= begin, table.c.at < end),
        table.c.state == RECEIVED,
    )
    times = [
        str(row[0]) for row in connection.execute(query.order_by(table.c.at).limit(FIRST_TRIED))
    ]
    if not times:
        return None
    some = images_of(connection, database.metadata, camera, times[0], times[-1] + "~")
    for _position, one in pictures(database.evidence, some):
        if not isinstance(one, str):
            return np.asarray(one.luma, np.uint8)
    return None


def _smaller(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = plane.shape[:2]
    if width <= MOST_WIDE:
        return np.ascontiguousarray(plane)
    size = (MOST_WIDE, max(1, round(height * MOST_WIDE / width)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _hatch(drawn: Any, corners: NDArray[np.int32], colour: tuple[int, int, int]) -> None:
    """Draw slanting lines over a zone."""
    import cv2

    inside = np.zeros(drawn.shape[:2], np.uint8)
    cv2.fillPoly(inside, [corners], (1,))
    rows, columns = np.indices(inside.shape)
    drawn[(inside > 0) & ((rows + columns) % 10 < 2)] = colour


def _png(plane: Any) -> bytes:
    import cv2

    done, content = cv2.imencode(".png", plane)
    if not done:
        raise NotFoundError("the picture cannot be drawn")
    return bytes(content)
