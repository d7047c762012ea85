"""A page of pictures of the events: before, at the height of it, and after.

The page is a folder with JPEG files and an ``index.html`` that needs nothing else. It is written
beside its place under another name and moved there when it is whole.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from keiryo.errors import UsageError
from keiryo.screening.model import Event, Picture
from keiryo.screening.sources import Source

WIDTH = 960
MOMENTS = ("before", "peak", "after")
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Events</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.4 sans-serif;margin:1rem}section{margin:0 0 2rem}
div{display:flex;flex-wrap:wrap;gap:.5rem}figure{margin:0;flex:1 1 18rem}img{width:100%}</style>
</head><body><h1>Events</h1>
"""


def check_place(folder: str | Path) -> Path:
    """Return the folder for the pictures.

    Raises
    ------
    UsageError
        If something is there already, or nothing can be written there.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(
            f"{place} is there already", "Name a folder that is not there, or an empty one."
        )
    if not place.absolute().parent.is_dir():
        raise UsageError(f"{place.absolute().parent} is not there", "Make that folder first.")
    if not os.access(place.absolute().parent, os.W_OK):
        raise UsageError(f"{place} cannot be written", "Name a folder that may be written.")
    return place


def write_pictures(
    folder: str | Path, source: Source, events: Sequence[Event], frames: int
) -> list[str]:
    """Write the pictures of the events, and a page that shows them.

    Parameters
    ----------
    folder : str or Path
    source : Source
        It is read a second time for the pictures needed.
    events : sequence of Event
    frames : int
        Images received.

    Returns
    -------
    list of str
        Names of the files written.
    """
    place = check_place(folder)
    wanted: dict[int, list[str]] = {}
    for n, event in enumerate(events):
        moments = (max(0, event.first - 1), event.peak, min(frames - 1, event.last + 1))
        for moment, index in zip(MOMENTS, moments, strict=True):
            wanted.setdefault(index, []).append(f"event-{n:03d}-{moment}.jpg")
    made = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.absolute().parent))
    try:
        written: dict[str, str] = {}
        for index, picture in source.some(wanted):
            data = _jpeg(picture)
            for name in wanted[index]:
                (made / name).write_bytes(data)
                written[name] = picture.name
        (made / "index.html").write_text(_page(events, written), encoding="utf-8")
        made.chmod(0o777 & ~_umask())
        if place.exists():
            place.rmdir()
        made.rename(place)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return [*sorted(written), "index.html"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _page(events: Sequence[Event], written: dict[str, str]) -> str:
    parts = [_HEAD]
    for n, event in enumerate(events):
        parts.append(
            f"<section><h2>{n}: {escape(event.kind.value)}, {event.from_s:g} s to "
            f"{event.to_s:g} s, {100 * event.score:.2f} % of the picture</h2><div>\n"
        )
        for moment in MOMENTS:
            name = f"event-{n:03d}-{moment}.jpg"
            if name in written:
                words = f"{moment}: {escape(written[name])}"
                parts.append(
                    f'<figure><img src="{name}" alt="{words}"><figcaption>{words}'
                    "</figcaption></figure>\n"
                )
            else:
                parts.append(f"<figure>{moment}: the image cannot be read</figure>\n")
        parts.append("</div></section>\n")
    if not events:
        parts.append("<p>No events.</p>\n")
    return "".join([*parts, "</body></html>\n"])


def _jpeg(picture: Picture) -> bytes:
    """Return a picture as JPEG, not wider than `WIDTH`."""
    import cv2

    luma = np.ascontiguousarray(picture.luma)
    width = min(WIDTH, luma.shape[1])
    size = (width, max(1, round(luma.shape[0] * width / luma.shape[1])))
    planes = [luma]
    if picture.chroma is not None:
        blue, red = picture.chroma
        planes += [np.ascontiguousarray(red), np.ascontiguousarray(blue)]
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    image = small[0]
    if len(small) == 3:
        image = cv2.cvtColor(cv2.merge(small), cv2.COLOR_YCrCb2BGR)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    return data.tobytes()
