"""The planes of a decoded video frame, looked at where the decoder has put them."""

from __future__ import annotations

from typing import Any

import numpy as np

from keiryo.screening.model import Plane

PLANAR = frozenset(
    f"{name}{size}" for name in ("yuv", "yuvj") for size in ("420p", "422p", "444p", "440p", "411p")
)


def frame_planes(frame: Any) -> tuple[Plane, tuple[Plane, Plane] | None]:
    """Return brightness and colour of a frame as views into it, or of a copy in another format.

    Parameters
    ----------
    frame : av.VideoFrame
    """
    name = frame.format.name
    if name in PLANAR:
        luma, blue, red = (_plane(plane) for plane in frame.planes)
        return luma, (blue, red)
    if name in ("gray", "gray8"):
        return _plane(frame.planes[0]), None
    if name in ("nv12", "nv21"):
        both = _plane(frame.planes[1], width=2 * frame.planes[1].width)
        return _plane(frame.planes[0]), (both[:, 0::2], both[:, 1::2])
    wanted = "gray" if name.startswith(("gray", "mono")) else "yuv420p"
    return frame_planes(frame.reformat(format=wanted))


def _plane(plane: Any, width: int | None = None) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : width or plane.width]
