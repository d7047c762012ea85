"""The mask of a view: a picture that is white where changes matter.

Whatever is black is never looked at, by day or by night: a burnt-in clock, a status lamp. It says
nothing about the health of the view, which is always judged on the whole picture.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keiryo.errors import Finding, NotFoundError, Severity, UsageError
from keiryo.screening.model import Plane
from keiryo.screening.sources.picture_files import Decoder, PictureError, read_bytes, read_header

WHITE_FROM = 128
_ASPECT_SHARE = 0.02


def read_mask(path: str | Path) -> Plane:
    """Return a mask, 255 where changes matter and 0 elsewhere.

    Raises
    ------
    NotFoundError
        If there is no such file.
    UsageError
        If it is no picture, or black all over.
    """
    place = Path(path)
    if not place.exists():
        raise NotFoundError(f"the mask {place} is not there", "Give the path of a PNG file.")
    try:
        data = read_bytes(place)
        read_header(data)
        planes = Decoder().decode(data).luma
    except PictureError as error:
        raise UsageError(
            f"the mask {place} is no picture: {error}",
            "Give a PNG file that is white where changes matter and black elsewhere.",
        ) from error
    mask = np.where(planes >= WHITE_FROM, np.uint8(255), np.uint8(0))
    if not mask.any():
        raise UsageError(
            f"the mask {place} is black all over: nothing would be looked at",
            "Paint white what matters, or leave --mask out to look at everything.",
        )
    return mask


def mask_findings(mask: Plane, shape: tuple[int, ...], name: str) -> list[Finding]:
    """Return what is odd about a mask beside pictures of a certain shape (rows, columns)."""
    rows, columns = shape[:2]
    ours, theirs = mask.shape[1] / mask.shape[0], columns / rows
    if abs(ours / theirs - 1) <= _ASPECT_SHARE:
        return []
    return [
        Finding(
            "MASK-SHAPE",
            Severity.WARNING,
            f"the mask has {mask.shape[1]} x {mask.shape[0]} pixels and the images "
            f"{columns} x {rows}: it is stretched over them",
            "Draw the mask on an image of this camera.",
            file=name,
        )
    ]
