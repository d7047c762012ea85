"""Recorded images, decoded one by one from the evidence store for screening or for showing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keiryo.screening.model import Picture
from keiryo.screening.sources.picture_files import Decoder, PictureError
from keiryo.screening.sources.planes import frame_planes
from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.images_of import (
    CONTENT_ALTERED,
    CONTENT_MISSING,
    RECEIVED,
    UNREADABLE,
    Images,
    groups,
)


def pictures(
    store: EvidenceStore, images: Images, *, first: int = 0, shown: int = 0
) -> Iterator[tuple[int, Picture | str]]:
    """Yield every image from a position on: decoded, or the reason why it is not.

    Parameters
    ----------
    store : EvidenceStore
    images : Images
    first : int
        Position of the first one wanted.
    shown : int
        How many of those before it could be decoded: pictures are numbered on from there.

    Yields
    ------
    (int, Picture or str)
        Position, and the picture; or ``unreadable``, ``removed``, ``content-missing``, or the
        state for which the image must not be relied on.
    """
    decoder = Decoder()
    for begin, end in groups(images, first):
        if images.frame[begin] is None:
            found: Iterator[tuple[int, Any]] = iter(
                [(begin, _still(store, images, begin, decoder))]
            )
        else:
            found = _frames(store, images, begin, end)
        for position, decoded in found:
            if isinstance(decoded, str):
                yield position, decoded
                continue
            time_s = (int(images.at[position]) - int(images.at[0])) / 1_000_000
            luma, chroma, digest = decoded
            name = images.name[position]
            yield position, Picture(shown, time_s, luma, chroma, digest, name)
            shown += 1


def _still(
    store: EvidenceStore, images: Images, position: int, decoder: Decoder
) -> tuple[Any, ...] | str:
    if images.state[position] != RECEIVED:
        return images.state[position]
    try:
        data = store.path(images.digest[position]).read_bytes()
    except OSError:
        return CONTENT_MISSING
    if hashlib.sha256(data).hexdigest() != images.digest[position]:
        return CONTENT_ALTERED
    try:
        decoded = decoder.decode(data)
    except PictureError:
        return UNREADABLE
    return decoded.luma, decoded.chroma, decoded.digest


def _frames(
    store: EvidenceStore, images: Images, begin: int, end: int
) -> Iterator[tuple[int, tuple[Any, ...] | str]]:
    """Yield frames of one video; a frame that does not come is unreadable."""
    path = store.path(images.digest[begin])
    there = path.is_file()
    position = begin
    lost = CONTENT_MISSING
    if there:
        lost = UNREADABLE if store.is_sound(images.digest[begin]) else CONTENT_ALTERED
    if lost == UNREADABLE and any(state == RECEIVED for state in images.state[begin:end]):
        for number, frame in _decoded(path):
            if position >= end:
                break
            if number < (images.frame[position] or 0):
                continue
            if images.state[position] == RECEIVED:
                yield position, (*frame_planes(frame), None)
            else:
                yield position, images.state[position]
            position += 1
    for rest in range(position, end):
        state = images.state[rest]
        yield rest, state if state != RECEIVED else lost


def _decoded(path: Path) -> Iterator[tuple[int, Any]]:
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            yield from enumerate(container.decode(stream))
    except (FFmpegError, OSError):
        return
