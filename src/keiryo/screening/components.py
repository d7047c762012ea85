"""Objects and light: which changed pixels belong to something that came or went.

Light that changes softly keeps the structure under it and has no sharp edge. An object brings its
own structure, and an edge. Both are asked of every connected set of changed pixels: it is an object
if enough of its pixels have lost the structure of the reference and its outline is sharp.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.change_map import SQUARE
from keiryo.screening.model import Plane
from keiryo.screening.preparation import as_plane

LEAST_PIXELS = 6
WINDOW = (9, 9)  # pixels in which structure is compared
STEADY = 16.0  # grey levels squared, so that flat windows agree, in a view of full contrast
STEADY_LEAST = 3.0  # the same in a dim view
LIKENESS = 0.55
OUTLINE_SHARE = 0.2  # structure pixels for each pixel of the outline
SHARPNESS = 0.12
MARGIN = 8  # pixels around the changed ones that are looked at


@dataclass
class Objects:
    """Changed pixels sorted into those of objects and those of light; the largest object."""

    objects: int
    light: int
    mask: Plane
    largest: int = 0


def sort_changes(
    changed: Plane,
    plane: Plane,
    base: Plane,
    contrast: float = 1.0,
    colour: bool = False,
    floor: float = 0.0,
) -> Objects:
    """Return which changed pixels are objects and which are light.

    Parameters
    ----------
    changed : Plane
        The change map.
    plane, base : Plane
        The picture, and the reference multiplied by the gain.
    contrast : float
        Of the scene, 1 at full contrast.
    colour : bool
        In a colour plane only the sharpness of the outline is asked.
    floor : float
        Share of the view: smaller objects are clutter, such as flakes of snow.
    """
    mask = np.zeros(changed.shape, np.uint8)
    left, top, width, height = cv2.boundingRect(changed)
    rows, columns = changed.shape
    box = (
        slice(max(top - MARGIN, 0), min(top + height + MARGIN, rows)),
        slice(max(left - MARGIN, 0), min(left + width + MARGIN, columns)),
    )
    closed = cv2.morphologyEx(changed[box], cv2.MORPH_CLOSE, SQUARE)
    count, found, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    labels = np.asarray(found, dtype=np.int32)
    area = stats[:, cv2.CC_STAT_AREA]
    area[0] = 0
    if count <= 1 or int(area.max()) < LEAST_PIXELS:
        return Objects(0, 0, mask)
    now = plane[box].astype(np.float32)
    was = base[box].astype(np.float32)
    edge, inside = outlines(as_plane(closed), labels, count, now - was)
    outline = np.maximum(edge[:, 0], 1.0)
    sharp = (edge[:, 1] / outline) > SHARPNESS * (inside / np.maximum(area, 1))
    is_object = (area >= LEAST_PIXELS) & sharp
    if not colour and is_object.any():
        broken = structure_lost(now, was, max(STEADY * contrast**2, STEADY_LEAST)) & (closed > 0)
        lost = np.bincount(labels[broken], minlength=count)
        is_object &= lost >= OUTLINE_SHARE * outline
    large = area >= LEAST_PIXELS
    largest = int(area[is_object].max(initial=0))
    is_object &= area >= floor * changed.size
    mask[box] = np.where(is_object[labels], np.uint8(255), np.uint8(0))
    return Objects(int(area[is_object].sum()), int(area[large & ~is_object].sum()), mask, largest)


def outlines(
    closed: Plane, labels: NDArray[np.int32], count: int, difference: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return per component (outline length, sum of gradient on it), and the sum of difference."""
    border = (closed > 0) & (cv2.erode(closed, SQUARE) == 0)
    across = cv2.Sobel(difference, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(difference, cv2.CV_32F, 0, 1, scale=0.125)
    named = labels[border]
    slope = np.hypot(across[border], down[border])
    length = np.bincount(named, minlength=count).astype(np.float64)
    total = np.bincount(named, slope, minlength=count).astype(np.float64)
    edge = np.stack([length, total], axis=1)
    within = closed > 0
    inside = np.bincount(labels[within], np.abs(difference[within]), minlength=count)
    return edge, inside.astype(np.float64)


def structure_lost(
    now: NDArray[np.float32], was: NDArray[np.float32], steady: float
) -> NDArray[np.bool_]:
    """Return where two planes do not vary together in windows of 9 x 9."""
    mean_now, mean_was = cv2.blur(now, WINDOW), cv2.blur(was, WINDOW)
    together = cv2.blur(now * was, WINDOW) - mean_now * mean_was
    variance_now = np.maximum(cv2.blur(now * now, WINDOW) - mean_now * mean_now, 0)
    variance_was = np.maximum(cv2.blur(was * was, WINDOW) - mean_was * mean_was, 0)
    alike = LIKENESS * np.sqrt((variance_now + steady) * (variance_was + steady))
    lost: NDArray[np.bool_] = (together + steady) < alike
    return lost
