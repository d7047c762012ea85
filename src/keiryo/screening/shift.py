"""How far a view has moved: in blocks by phase correlation, or as a whole by features.

Phase correlation sees small shifts to a fraction of a pixel, block by block, so that an item which
moves inside a fixed view is told from a view that moves. Features (ORB) with a similarity fitted
to them see turns and long shifts.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

GRID = (4, 3)  # blocks across, down
LEAST_DETAIL = 0.7  # grey levels, standard deviation
AGREE_PIXELS = 1.0
LEAST_SHIFT = 1.0  # pixels of the shrunk view
LEAST_VOTES, VOTE_SHARE = 4, 0.6
SMALLEST_BLOCK = 16  # pixels
FEATURES = 500
NEAREST = 0.75  # distance of the best match over that of the second best
LEAST_INLIERS, INLIER_SHARE = 15, 0.35
FIT_PIXELS = 3.0
SCALE_FROM, SCALE_TO = 0.5, 2.0


def moved_by_blocks(now: NDArray[np.float32], usual: NDArray[np.float32]) -> float | None:
    """Return by how many pixels most blocks have moved the same way, or None.

    Parameters
    ----------
    now, usual : NDArray
        Fine detail of two views of one size.
    """
    rows, columns = now.shape[0] // GRID[1], now.shape[1] // GRID[0]
    if min(rows, columns) < SMALLEST_BLOCK:
        return None
    one, other = (_blocks(plane, rows, columns) for plane in (now, usual))
    used = (one.std(axis=(1, 2)) >= LEAST_DETAIL) & (other.std(axis=(1, 2)) >= LEAST_DETAIL)
    if np.count_nonzero(used) < LEAST_VOTES:
        return None
    window = np.hanning(rows)[:, None] * np.hanning(columns)[None, :]
    window = window.astype(np.float32)
    cross = fft.rfft2(one[used] * window) * np.conj(fft.rfft2(other[used] * window))
    surface = fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6), s=(rows, columns))
    shifts = np.array([_peak(block) for block in surface])
    near = (np.abs(shifts[:, 0]) <= rows / 4) & (np.abs(shifts[:, 1]) <= columns / 4)
    votes = int(near.sum())
    if votes < LEAST_VOTES:
        return None
    found = shifts[near]
    apart = np.hypot(*(found[:, None, :] - found[None, :, :]).transpose(2, 0, 1))
    agreeing = apart <= AGREE_PIXELS
    best = int(agreeing.sum(axis=1).argmax())
    count = int(agreeing[best].sum())
    shift = float(np.hypot(*found[agreeing[best]].mean(axis=0)))
    if count < LEAST_VOTES or count < VOTE_SHARE * np.count_nonzero(used) or shift <= LEAST_SHIFT:
        return None
    return shift


def _blocks(plane: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    cut = plane[: rows * GRID[1], : columns * GRID[0]]
    parts = cut.reshape(GRID[1], rows, GRID[0], columns).transpose(0, 2, 1, 3)
    return parts.reshape(-1, rows, columns)


def _peak(surface: NDArray[np.float32]) -> tuple[float, float]:
    """Return where a correlation is largest, as (down, across), to a fraction of a pixel."""
    rows, columns = surface.shape
    row, column = divmod(int(surface.argmax()), columns)
    around = np.arange(-2, 3)
    patch = surface[np.ix_((row + around) % rows, (column + around) % columns)]
    weight = np.maximum(patch, 0)
    total = float(weight.sum())
    if total <= 0:
        return 0.0, 0.0
    down = row + float((weight.sum(axis=1) * around).sum()) / total
    across = column + float((weight.sum(axis=0) * around).sum()) / total
    return (
        down - rows if down > rows / 2 else down,
        across - columns if across > columns / 2 else across,
    )


def moved_by_features(now: NDArray[np.uint8], usual: NDArray[np.uint8]) -> float | None:
    """Return how far the view has turned or moved, pixels at its middle or corner, or None.

    Parameters
    ----------
    now, usual : NDArray
        Two views of one size.
    """
    finder = cv2.ORB_create(FEATURES, fastThreshold=8)  # type: ignore[attr-defined]
    points, marks = finder.detectAndCompute(now, None)
    usual_points, usual_marks = finder.detectAndCompute(usual, None)
    if marks is None or usual_marks is None or min(len(points), len(usual_points)) < LEAST_INLIERS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(usual_marks, marks, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < NEAREST * p[1].distance]
    if len(good) < LEAST_INLIERS:
        return None
    start = np.array([usual_points[m.queryIdx].pt for m in good], np.float32)
    end = np.array([points[m.trainIdx].pt for m in good], np.float32)
    cv2.setRNGSeed(1)  # the fit draws at random: the same pictures must give the same answer
    found: tuple[Any, Any] = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=FIT_PIXELS
    )
    fit, inside = found
    if fit is None or inside is None:
        return None
    count = int(inside.sum())
    scale = float(np.hypot(fit[0, 0], fit[0, 1]))
    if count < max(LEAST_INLIERS, INLIER_SHARE * len(good)) or not SCALE_FROM < scale < SCALE_TO:
        return None
    rows, columns = now.shape
    corners = np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]], np.float64)
    moved = corners @ fit[:, :2].T + fit[:, 2] - corners
    distance = float(np.hypot(moved[:, 0], moved[:, 1]).max())
    return distance if distance > 2 * LEAST_SHIFT else None
