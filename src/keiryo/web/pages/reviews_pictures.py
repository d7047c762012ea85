"""Images of cameras made ready for a page: one at a bounded width, and the difference of two.

The bytes that came from the camera stay as they are; what a page shows is made from them anew. A
large still is decoded at a half, a quarter or an eighth of its size where its format allows that; a
frame of a video is sought by its own time, so that nobody waits for all frames before it.
"""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.images_of import (
    CONTENT_ALTERED,
    CONTENT_MISSING,
    RECEIVED,
    UNREADABLE,
)

WIDTHS = (160, 320, 640, 960, 1280, 1920)
"""Widths in pixels at which images are shown; others become the next one."""
DIFFERENCE_WIDTHS = WIDTHS[:4]
FULL = 10_000
"""At full resolution; an image that is wider yet is shown at this width."""
QUALITY = 85
STRENGTHENED = 3
"""Grey levels of a difference are shown so many times as large."""
MOST_AT_A_TIME = 2
MOST_BYTES = 32_000_000
MOST_FRAMES_BEFORE = 500
"""Frames of a video without times that are decoded to get to one."""

_at_work = BoundedSemaphore(MOST_AT_A_TIME)


class NotShownError(Exception):
    """An image that cannot be shown; ``state`` says why, as the record does."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image as the record has it.

    Attributes
    ----------
    camera, digest, state, at, name : str
    frame : int or None
        Number of the frame in a video.
    """

    camera: str
    digest: str
    frame: int | None
    state: str
    at: str
    name: str


def width_of(asked: int | None, widths: tuple[int, ...] = WIDTHS) -> int:
    """Return the width at which an image is shown, from the one that is asked for.

    Examples
    --------
    >>> width_of(500), width_of(9000), width_of(None)
    (640, 1920, 960)
    """
    wanted = 960 if asked is None else asked
    if wanted == FULL:
        return FULL
    return widths[min(bisect_left(widths, wanted), len(widths) - 1)]


class _Made:
    """Pictures made a moment ago, by what they show; bounded by their bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[Any, ...]) -> bytes | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[Any, ...], made: bytes) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._bytes += len(made)
            while self._bytes > self._most:
                self._bytes -= len(self._kept.popitem(last=False)[1])


_made = _Made(MOST_BYTES)


def picture_of(store: EvidenceStore, wanted: Wanted, width: int) -> bytes:
    """Return an image as JPEG, no wider than asked for.

    Raises
    ------
    NotShownError
        If it cannot be shown, with the reason.
    """
    if wanted.state != RECEIVED:
        raise NotShownError(wanted.state)
    stamp = _stamp(store.path(wanted.digest))
    key = (wanted.digest, wanted.frame, width, stamp)
    if (before := _made.get(key)) is not None:
        return before
    with _at_work:
        made = _as_jpeg(_decoded(store, wanted, width))
    _made.put(key, made)
    return made


def size_of(store: EvidenceStore, digest: str, frame: int | None) -> tuple[int, int] | None:
    """Return the width and height of a kept image or video in pixels; None: it tells none."""
    from keiryo.screening.sources.picture_files import PictureError, read_bytes, read_header

    path = store.path(digest)
    try:
        if frame is None:
            header = read_header(read_bytes(path))
            return header.width, header.height
        with _opened(path) as (_container, stream):
            width, height = int(stream.width or 0), int(stream.height or 0)
            return (width, height) if width > 0 and height > 0 else None
    except (PictureError, OSError, NotShownError):
        return None


def difference_of(store: EvidenceStore, one: Wanted, other: Wanted, width: int) -> bytes:
    """Return how two images differ, as JPEG: the brighter, the more.

    The common gain of the light is taken out first, as screening does, and the difference of grey
    levels is shown strengthened.

    Raises
    ------
    NotShownError
        If one of them cannot be shown, with the reason.
    """
    import cv2
    from PIL import Image

    from keiryo.screening.change_map import gain_over, times

    for each in (one, other):
        if each.state != RECEIVED:
            raise NotShownError(each.state)
    stamps = tuple(_stamp(store.path(each.digest)) for each in (one, other))
    key = ("difference", one.digest, one.frame, other.digest, other.frame, width, stamps)
    if (before := _made.get(key)) is not None:
        return before
    with _at_work:
        first, second = (_grey(_decoded(store, each, width)) for each in (one, other))
        if first.shape != second.shape:
            second = cv2.resize(second, first.shape[::-1], interpolation=cv2.INTER_AREA)
        first, second = (cv2.blur(each, (3, 3)) for each in (first, second))
        apart = cv2.absdiff(second, times(first, gain_over(second, first)))
        shown = cv2.convertScaleAbs(apart, alpha=STRENGTHENED)
        made = _as_jpeg(Image.fromarray(shown))
    _made.put(key, made)
    return made


def _grey(picture: Any) -> Any:
    import numpy as np

    return np.ascontiguousarray(np.asarray(picture.convert("L")))


def _as_jpeg(picture: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        told = path.stat()
    except OSError:
        raise NotShownError(CONTENT_MISSING) from None
    return told.st_size, told.st_mtime_ns


def _decoded(store: EvidenceStore, wanted: Wanted, width: int) -> Any:
    """Return an image as a Pillow picture of at most a width."""
    if wanted.frame is None:
        picture = _still(store.path(wanted.digest), wanted.digest, width)
    else:
        picture = _frame(store, wanted.digest, wanted.frame)
    if picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), reducing_gap=2.0)
    return picture


def _still(path: Path, digest: str, width: int) -> Any:
    from PIL import Image

    from keiryo.screening.sources.picture_files import PictureError, read_bytes, read_header

    try:
        data = read_bytes(path)
        if hashlib.sha256(data).hexdigest() != digest:
            raise NotShownError(CONTENT_ALTERED)
        read_header(data)  # refuses what is no image, or far too large
        picture: Any = Image.open(io.BytesIO(data))
        if picture.format == "JPEG":
            picture.draft("RGB", (width, max(1, width * picture.height // picture.width)))
        picture.load()
        if picture.mode.startswith("I"):
            picture = picture.convert("I").point(lambda level: level / 256)
        return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    except PictureError:
        raise NotShownError(UNREADABLE) from None
    except NotShownError:
        raise
    except Exception:  # decoders of Pillow raise whatever their many formats come upon
        raise NotShownError(UNREADABLE) from None


# --- frames of videos ------------------------------------------------------------------------


def _frame(store: EvidenceStore, digest: str, number: int) -> Any:
    path = store.path(digest)
    stamp = _stamp(path)
    if not _is_sound(str(store.folder), digest, stamp):
        raise NotShownError(CONTENT_ALTERED)
    times = _times(str(path), stamp)
    with _opened(path) as (container, stream):
        if number < len(times):
            container.seek(times[number], stream=stream, backward=True)
            for frame in container.decode(stream):
                if frame.pts is not None and frame.pts >= times[number]:
                    if frame.pts > times[number]:
                        break
                    return frame.to_image()
        elif number <= MOST_FRAMES_BEFORE:
            for position, frame in enumerate(container.decode(stream)):
                if position == number:
                    return frame.to_image()
    raise NotShownError(UNREADABLE)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    import av
    from av.error import FFmpegError

    try:
        with closing(av.open(str(path))) as container:
            stream: Any = container.streams.video[0]
            stream.thread_type = "NONE"
            yield container, stream
    except (FFmpegError, OSError, IndexError):
        raise NotShownError(UNREADABLE) from None


@lru_cache(maxsize=64)
def _is_sound(folder: str, digest: str, _stamp: tuple[int, int]) -> bool:
    return EvidenceStore(Path(folder)).is_sound(digest)


@lru_cache(maxsize=16)
def _times(path: str, _stamp: tuple[int, int]) -> tuple[int, ...]:
    """Return the times of the frames of a video in order; none if they do not tell them apart.

    Only the packets are read, nothing is decoded.
    """
    found = []
    with _opened(Path(path)) as (container, stream):
        for packet in container.demux(stream):
            if packet.size:
                if packet.pts is None:
                    return ()
                found.append(int(packet.pts))
        counted = int(stream.frames or 0)
    alike = len(set(found)) != len(found) or (counted and counted != len(found))
    return () if alike else tuple(sorted(found))
