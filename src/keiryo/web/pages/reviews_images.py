"""Images of cameras handed out to pages: at a bounded width, and the difference of two.

Whoever may read the surveillance of an area sees its images, nobody else learns whether there are
any. An image that was removed, or cannot be relied on, is a picture that says so.
"""

from __future__ import annotations

from html import escape
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy import select

from keiryo.errors import NotFoundError
from keiryo.surveillance.images_of import RECEIVED, REMOVED
from keiryo.surveillance.tables import IMAGE, IMAGE_REMOVAL
from keiryo.web.headers import DRAWING_POLICY
from keiryo.web.pages.reviews_known import DIFFERENCES, IMAGES, READING
from keiryo.web.pages.reviews_pictures import (
    DIFFERENCE_WIDTHS,
    NotShownError,
    Wanted,
    difference_of,
    picture_of,
    width_of,
)
from keiryo.web.pages.reviews_words import REASON_WORDS
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

KEPT = {"Cache-Control": "private, max-age=3600", "Vary": "Cookie"}
"""An image never changes; only the browser of who saw it keeps it."""
_DIGEST = 64


@get(IMAGES + "/{camera:str}/{which:str}", sync_to_thread=True, opt=READING)
def image(
    request: AnyRequest, viewer: Asking, camera: FromPath[str], which: FromPath[str]
) -> Response[bytes]:
    """Hand out an image of a camera, named by its line (``17.3``) or digest, at a bounded width."""
    wanted = _wanted(viewer, camera, which, request)
    width = width_of(whole_number(request.query_params.get("width", "")))
    try:
        made = picture_of(viewer.whole.evidence, wanted, width)
    except NotShownError as error:
        return _saying(error.state, wanted)
    return Response(made, media_type="image/jpeg", headers=KEPT)


@get(DIFFERENCES + "/{camera:str}/{one:str}/{other:str}", sync_to_thread=True, opt=READING)
def difference(
    request: AnyRequest,
    viewer: Asking,
    camera: FromPath[str],
    one: FromPath[str],
    other: FromPath[str],
) -> Response[bytes]:
    """Hand out how two images of a camera differ once the gain of the light is taken out."""
    first, second = (_wanted(viewer, camera, which, request) for which in (one, other))
    width = width_of(whole_number(request.query_params.get("width", "")), DIFFERENCE_WIDTHS)
    try:
        made = difference_of(viewer.whole.evidence, first, second, width)
    except NotShownError as error:
        return _saying(error.state, first if first.state == error.state else second)
    return Response(made, media_type="image/jpeg", headers=KEPT)


def _wanted(viewer: Viewer, camera: str, which: str, request: AnyRequest) -> Wanted:
    """Return an image that is seen.

    Raises
    ------
    NotFoundError
        If the viewer sees none of that name.
    """
    table = viewer.metadata.tables[IMAGE.name]
    names = ("camera", "digest", "frame", "state", "at", "name")
    query = select(*(table.c[name] for name in names)).where(table.c.camera == camera)
    act, _dot, line = which.partition(".")
    numbers = whole_number(act), whole_number(line)
    if None not in numbers:
        query = query.where(table.c.act_id == numbers[0], table.c.line_no == numbers[1])
    elif len(which) == _DIGEST and set(which) <= set("0123456789abcdef"):
        frame = whole_number(request.query_params.get("frame", ""))
        query = query.where(table.c.digest == which, table.c.frame.is_not_distinct_from(frame))
    else:
        raise _no_image(camera)
    gone = viewer.metadata.tables[IMAGE_REMOVAL.name]
    with viewer.books.reading() as connection:
        row = connection.execute(query.order_by(table.c.act_id).limit(1)).mappings().first()
        if row is None:
            raise _no_image(camera)
        removal = select(gone.c.digest).where(gone.c.digest == row["digest"]).limit(1)
        removed = connection.execute(removal).first() is not None
    told: dict[str, Any] = dict(row)
    if removed and told["state"] == RECEIVED:
        told["state"] = REMOVED
    return Wanted(**told)


def _no_image(camera: str) -> NotFoundError:
    return NotFoundError(
        f"there is no such image of {camera[:60]!r} that you may see",
        "'keiryo surveillance images' lists the images of a camera.",
    )


def _saying(state: str, wanted: Wanted) -> Response[bytes]:
    """Return a picture that says why an image is not shown."""
    words = escape(_(REASON_WORDS.get(state, state)))
    title = escape(_("This image cannot be shown"))
    below = escape(f"{wanted.camera} · {instant_text(wanted.at)}")
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" width="640" height="360">'
        '<rect width="640" height="360" fill="#edf0f3"/>'
        '<path d="M8 8h624v344H8z" fill="none" stroke="#535c66" stroke-width="2" '
        'stroke-dasharray="12 8"/>'
        '<g font-family="sans-serif" text-anchor="middle" fill="#1b1f24">'
        f'<text x="320" y="150" font-size="28" font-weight="bold">{title}</text>'
        f'<text x="320" y="195" font-size="22">{words}</text>'
        f'<text x="320" y="235" font-size="18">{below}</text></g></svg>'
    )
    headers = {"Cache-Control": "private, no-store", "Content-Security-Policy": DRAWING_POLICY}
    return Response(text.encode(), media_type="image/svg+xml", headers=headers)
