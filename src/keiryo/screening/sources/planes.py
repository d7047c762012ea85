"""The planes of a decoded video frame, looked at where the decoder has put them.

Most video stores brightness from 16 (black) to 235 (white) instead of 0 to 255. Changes are found
as well in either, so the planes are left as they lie; only a frame that is nearly all black or
white is stretched, so that it counts as dark or bright as it would in a JPEG.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keiryo.screening.model import Plane

PLANAR = frozenset(
    f"{name}{size}" for name in ("yuv", "yuvj") for size in ("420p", "422p", "444p", "440p", "411p")
)
FULL_RANGE = 2  # of AVColorRange: JPEG, 0 to 255
BLACK, WHITE = 16, 235  # levels of black and white in the range of video
STRETCH = 255 / (WHITE - BLACK)
DARK_MEAN = 29.0  # level below which the mean of a frame, stretched, is below 16
BRIGHT_LEVEL, BRIGHT_SHARE = 231, 0.5  # share of pixels above a level that is 250 stretched
STEP = 8  # pixels and rows between those that are looked at


def frame_planes(frame: Any) -> tuple[Plane, tuple[Plane, Plane] | None]:
    """Return brightness and colour of a frame as views into it, or of a copy in another format.

    Parameters
    ----------
    frame : av.VideoFrame
    """
    name = frame.format.name
    if name in PLANAR:
        luma, blue, red = (_plane(plane) for plane in frame.planes)
        return _stretched(luma, frame), (blue, red)
    if name in ("gray", "gray8"):
        return _plane(frame.planes[0]), None
    if name in ("nv12", "nv21"):
        both = _plane(frame.planes[1], width=2 * frame.planes[1].width)
        return _stretched(_plane(frame.planes[0]), frame), (both[:, 0::2], both[:, 1::2])
    wanted = "gray" if name.startswith(("gray", "mono")) else "yuv420p"
    return frame_planes(frame.reformat(format=wanted))


def _stretched(luma: Plane, frame: Any) -> Plane:
    """Return the brightness of a frame from 0 to 255 if it is nearly all black or white."""
    if frame.format.name.startswith("yuvj") or frame.color_range == FULL_RANGE:
        return luma
    some = luma[STEP // 2 :: STEP, STEP // 2 :: STEP]
    if some.size == 0:
        some = luma
    mean = float(some.mean())
    if DARK_MEAN <= mean <= BRIGHT_LEVEL * BRIGHT_SHARE:
        return luma
    if mean >= DARK_MEAN and np.count_nonzero(some > BRIGHT_LEVEL) <= BRIGHT_SHARE * some.size:
        return luma
    levels = np.clip((np.arange(256) - BLACK) * STRETCH, 0, 255).round().astype(np.uint8)
    return np.asarray(cv2.LUT(luma, levels), dtype=np.uint8)


def _plane(plane: Any, width: int | None = None) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : width or plane.width]
