"""The outline of what changed, and whether the structure of the reference is lost in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.change_map import SQUARE
from keiryo.screening.model import Plane

WINDOW = (9, 9)  # pixels in which structure is compared
LIKENESS = 0.55
SHARPNESS = 0.12


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
