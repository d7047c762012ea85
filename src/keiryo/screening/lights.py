"""Light with a hard edge, and objects where the light has changed as well.

A patch of sun or a shadow may have an edge as sharp as that of an object. Inside, the structure of
the reference goes on. And where half of the view is in other light, an object is still found by
what it hides.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.change_map import SQUARE
from keiryo.screening.preparation import as_plane
from keiryo.screening.structure import SHARPNESS, WINDOW, outlines

LIT_TESTED, LIT_SHARE, LIT_LIKENESS = 0.3, 0.8, 0.7
BESIDE, LEAST_LIGHT, MOST_LIGHT = 31, 0.4, 1.25  # pixels; of the logarithm of the factor
WINDOW_SHARE = 0.2  # of a window that must lie inside
TEXTURE_TIMES = 1.0  # of what counts as steady: variance that is structure
BLOCK = 8  # pixels in which the light at a place is measured
LEAST_IN_LIGHT = 12  # pixels of an object that stands in changed light


def hard_light(
    labels: NDArray[np.int32],
    asked: NDArray[np.bool_],
    now: NDArray[np.float32],
    was: NDArray[np.float32],
    steady: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which components are light with a hard edge, and where structure is lost in them.

    A patch of sun has the sharp edge of an object, but inside the structure of the reference goes
    on. It is asked only of the inside, in windows that do not look over the edge, and believed
    only where there is structure to be seen in most of it.

    Parameters
    ----------
    labels : NDArray of int32
    asked : NDArray of bool
        Components to ask of.
    now, was : NDArray of float32
    steady : float
        Grey levels squared.
    """
    own = as_plane(np.where(asked[labels], np.uint8(1), np.uint8(0)))
    own = as_plane(cv2.erode(own, SQUARE, borderType=cv2.BORDER_REPLICATE))
    weight = own.astype(np.float32)
    share = np.maximum(cv2.blur(weight, WINDOW), 1e-3)
    mean_now, mean_was = (
        cv2.blur(weight * now, WINDOW) / share,
        cv2.blur(weight * was, WINDOW) / share,
    )
    together = cv2.blur(weight * now * was, WINDOW) / share - mean_now * mean_was
    variance_now = cv2.blur(weight * now * now, WINDOW) / share - mean_now * mean_now
    variance_was = cv2.blur(weight * was * was, WINDOW) / share - mean_was * mean_was
    np.maximum(variance_now, 0, out=variance_now)
    np.maximum(variance_was, 0, out=variance_was)
    inner = (own > 0) & (share > WINDOW_SHARE)
    testable = inner & (np.maximum(variance_now, variance_was) > TEXTURE_TIMES * steady)
    agrees = testable & (together > LIT_LIKENESS * np.sqrt(variance_now * variance_was))
    count = asked.size
    tested = np.bincount(labels[testable], minlength=count)
    agreed = np.bincount(labels[agrees], minlength=count)
    whole = np.bincount(labels[own > 0], minlength=count)
    lit = (
        asked
        & (tested >= LIT_TESTED * np.maximum(whole, 1))
        & (agreed >= LIT_SHARE * tested)
        & (tested > 0)
    )
    inside = cv2.erode(own, SQUARE, borderType=cv2.BORDER_REPLICATE) > 0
    return lit, testable & ~agrees & inside


def same_light(
    labels: NDArray[np.int32],
    count: int,
    lit: NDArray[np.bool_],
    asked: NDArray[np.bool_],
    now: NDArray[np.float32],
    was: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Return which components beside light with a hard edge show the same factor of light.

    Where a patch of sun crosses what has no structure it falls apart into pieces of which nothing
    can be asked but this.
    """
    if not lit.any():
        return lit
    own = as_plane(np.where(lit[labels], np.uint8(1), np.uint8(0)))
    beside = np.unique(labels[cv2.dilate(own, np.ones((BESIDE, BESIDE), np.uint8)) > 0])
    sums = [np.bincount(labels.ravel(), v.ravel(), minlength=count) for v in (now, was)]
    factor = (sums[0] + 1.0) / (sums[1] + 1.0)
    bright = lit & (factor > 1.0)
    result = np.zeros(count, np.bool_)
    for side in (bright, lit & ~bright):
        if not side.any():
            continue
        common = float(sums[0][side].sum() / max(float(sums[1][side].sum()), 1.0))
        if abs(np.log(common)) < 0.02:
            continue
        along = np.log(factor[beside]) / np.log(common)
        result[beside] |= (along > LEAST_LIGHT) & (along < MOST_LIGHT)
    return result & asked


def in_light(
    light: NDArray[np.bool_],
    lost: NDArray[np.bool_],
    now: NDArray[np.float32],
    was: NDArray[np.float32],
    least: float,
) -> NDArray[np.bool_]:
    """Return the pixels of objects that stand where the light has changed as well.

    The light at a place is the median of picture over reference in 5 x 5 blocks around it. What
    differs beyond it, has lost the structure of the reference and has an edge is an object.

    Parameters
    ----------
    light : NDArray of bool
        Pixels of light.
    lost : NDArray of bool
        Pixels that have lost their structure.
    now, was : NDArray of float32
    least : float
        Grey levels.
    """
    result = np.zeros(light.shape, np.bool_)
    rows, columns = now.shape
    size = (max(columns // BLOCK, 1), max(rows // BLOCK, 1))
    shrunk = [cv2.resize(v, size, interpolation=cv2.INTER_AREA) for v in (now, was)]
    ratio = ((shrunk[0] + 4.0) / (shrunk[1] + 4.0)).astype(np.float32)
    if min(size) >= 5:
        ratio = np.asarray(cv2.medianBlur(ratio, 5), np.float32)
    local = cv2.resize(ratio, (columns, rows), interpolation=cv2.INTER_LINEAR)
    high, low = cv2.dilate(was, SQUARE) * local, cv2.erode(was, SQUARE) * local
    beyond = np.maximum(now - high, low - now) > least
    candidate = as_plane(np.where(beyond & lost & light, np.uint8(255), np.uint8(0)))
    if cv2.countNonZero(candidate) < LEAST_IN_LIGHT:
        return result
    candidate = as_plane(cv2.morphologyEx(candidate, cv2.MORPH_CLOSE, SQUARE))
    count, found, stats, _ = cv2.connectedComponentsWithStats(candidate, connectivity=8)
    labels = np.asarray(found, dtype=np.int32)
    area = stats[:, cv2.CC_STAT_AREA]
    area[0] = 0
    edge, inside = outlines(candidate, labels, count, (now - was * local).astype(np.float32))
    sharp = edge[:, 1] / np.maximum(edge[:, 0], 1.0) > SHARPNESS * inside / np.maximum(area, 1)
    own = (sharp & (area >= LEAST_IN_LIGHT))[labels]  # the inner part: an outline of one pixel lost
    return np.asarray(cv2.dilate(own.astype(np.uint8), SQUARE) > 0, np.bool_) & light
