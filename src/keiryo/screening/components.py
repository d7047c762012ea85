"""Objects and light: which changed pixels belong to something that came or went.

Light that changes softly keeps the structure under it and has no sharp edge. An object brings its
own structure, and an edge. Both are asked of every connected set of changed pixels: it is an object
if enough of its pixels have lost the structure of the reference and its outline is sharp.

Where light with a hard edge was seen shortly before (`lights`), what it does to the view next is
light, too; the first time it is an object, since somebody may cast it. Around changed light objects
are looked for once more, by what they hide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.change_map import SQUARE
from keiryo.screening.lights import hard_light, in_light, same_light
from keiryo.screening.model import Plane
from keiryo.screening.preparation import as_plane
from keiryo.screening.structure import SHARPNESS, outlines, structure_lost

LEAST_PIXELS = 6
STEADY = 16.0  # grey levels squared, so that flat windows agree, in a view of full contrast
STEADY_LEAST = 3.0  # the same in a dim view
OUTLINE_SHARE = 0.2  # structure pixels for each pixel of the outline
LIT_PIXELS = 80  # from this size on a component is asked whether it is light with a hard edge
KNOWN_LIT = 0.2  # share of such a component that must lie where hard light was seen before
AROUND = np.ones((9, 9), np.uint8)
LEAST_APART = 14.0  # grey levels beyond the light at a place
MARGIN = 8  # pixels around the changed ones that are looked at


@dataclass
class Objects:
    """Changed pixels sorted into those of objects and those of light.

    Attributes
    ----------
    objects, light : int
        Pixels.
    mask : Plane
        The pixels of objects.
    largest, number : int
        Pixels of the largest object, and the number of all, clutter or not.
    lit : Plane or None
        Pixels that look like light with a hard edge.
    """

    objects: int
    light: int
    mask: Plane
    largest: int = 0
    lit: Plane | None = None
    number: int = 0


def sort_changes(
    changed: Plane,
    plane: Plane,
    base: Plane,
    contrast: float = 1.0,
    colour: bool = False,
    floor: float = 0.0,
    sunlit: Plane | None = None,
    ask: bool = False,
    strong: float = 0.0,
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
    sunlit : Plane or None
        Where light with a hard edge was seen before: there it is light, elsewhere an object.
    ask : bool
        Whether to look for light with a hard edge.
    strong : float
        Grey levels by which an object must differ on average.
    """
    mask = np.zeros(changed.shape, np.uint8)
    box = _around(changed)
    closed = cv2.morphologyEx(changed[box], cv2.MORPH_CLOSE, SQUARE)
    count, found, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    labels, area = np.asarray(found, dtype=np.int32), stats[:, cv2.CC_STAT_AREA]
    area[0] = 0
    if count <= 1 or int(area.max()) < LEAST_PIXELS:
        return Objects(0, 0, mask)
    now, was = (one[box].astype(np.float32) for one in (plane, base))
    edge, inside = outlines(as_plane(closed), labels, count, now - was)
    outline = np.maximum(edge[:, 0], 1.0)
    sharp = (edge[:, 1] / outline) > SHARPNESS * (inside / np.maximum(area, 1))
    is_object = (area >= LEAST_PIXELS) & sharp & (inside >= strong * np.maximum(area, 1))
    within = np.zeros(closed.shape, np.bool_)
    lit_pixels = None
    if not colour:
        steady = max(STEADY * contrast**2, STEADY_LEAST)
        wide = area >= LIT_PIXELS
        if is_object.any() or wide.any():
            broken = structure_lost(now, was, steady)
            lost = np.bincount(labels[broken], minlength=count)
            lost[0] = 0
            is_object &= lost >= OUTLINE_SHARE * outline
            if ask and (is_object & wide).any():
                part = None if sunlit is None else sunlit[box]
                lit, broken = _take_out_light(
                    labels, area, is_object, now, was, broken, part, steady
                )
                if lit.any():
                    lit_pixels = np.zeros(changed.shape, np.uint8)
                    lit_pixels[box][lit[labels]] = 255
            least = max(LEAST_APART * contrast, 6.0)
            light = wide & ~is_object
            within = _in_changed_light(labels, light, is_object, broken, now, was, least)
    told = _counted(is_object, within, labels, area, floor * changed.size, mask[box])
    told.mask, told.lit = mask, lit_pixels
    return told


def _in_changed_light(
    labels: NDArray[np.int32],
    light: NDArray[np.bool_],
    is_object: NDArray[np.bool_],
    broken: NDArray[np.bool_],
    now: NDArray[np.float32],
    was: NDArray[np.float32],
    least: float,
) -> NDArray[np.bool_]:
    """Return the objects in light; one may hide it, so it is looked for around it as well."""
    if not light.any():
        return np.zeros(labels.shape, np.bool_)
    around = cv2.dilate(light[labels].astype(np.uint8), AROUND) > 0
    return in_light(around & ~is_object[labels], broken, now, was, least)


def _counted(
    is_object: NDArray[np.bool_],
    within: NDArray[np.bool_],
    labels: NDArray[np.int32],
    area: NDArray[Any],
    floor: float,
    mask: Plane,
) -> Objects:
    """Count the pixels of objects and of light, and draw the objects into the mask."""
    large = area >= LEAST_PIXELS
    largest, number = int(area[is_object].max(initial=0)), int(np.count_nonzero(is_object))
    is_object &= area >= floor
    pixels = int(area[is_object].sum())
    in_it = as_plane(np.where(within, np.uint8(255), np.uint8(0)))
    largest, more = _large_enough(in_it, largest, floor)
    mask[:] = np.where(is_object[labels], np.uint8(255), in_it)
    light = max(int(area[large & ~is_object].sum()) - more, 0)
    return Objects(pixels + more, light, mask, largest, None, number)


def _around(changed: Plane) -> tuple[slice, slice]:
    """Return the rectangle of the changed pixels, and a margin around it."""
    left, top, width, height = cv2.boundingRect(changed)
    rows, columns = changed.shape
    return (
        slice(max(top - MARGIN, 0), min(top + height + MARGIN, rows)),
        slice(max(left - MARGIN, 0), min(left + width + MARGIN, columns)),
    )


def _take_out_light(
    labels: NDArray[np.int32],
    area: NDArray[Any],
    is_object: NDArray[np.bool_],
    now: NDArray[np.float32],
    was: NDArray[np.float32],
    broken: NDArray[np.bool_],
    sunlit: Plane | None,
    steady: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Take light with a hard edge out of the objects, where such light was seen before.

    Returns what looks like it anywhere, and where structure is lost that it does not explain.
    """
    found, apart = hard_light(labels, is_object & (area >= LIT_PIXELS), now, was, steady)
    if sunlit is None or not found.any():
        return found, broken
    known = np.bincount(labels[sunlit > 0], minlength=area.size)
    lit = found & (known >= KNOWN_LIT * area)
    lit |= same_light(labels, area.size, lit, is_object, now, was)
    is_object &= ~lit
    patch = cv2.dilate(lit[labels].astype(np.uint8), AROUND) > 0
    return found, np.where(patch, apart, broken)


def _large_enough(found: Plane, largest: int, floor: float) -> tuple[int, int]:
    """Drop objects below the floor; return the largest, and the pixels that are left."""
    if not cv2.countNonZero(found):
        return largest, 0
    _, named, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    area[0] = 0
    largest = max(largest, int(area.max(initial=0)))
    kept = area >= max(floor, 1.0)
    found[~kept[named]] = 0
    return largest, int(area[kept].sum())
