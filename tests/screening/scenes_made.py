"""Made-up views for the tests: a textured scene, with noise, light and things in it."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from keiryo.screening.model import Picture, Plane, Screened
from keiryo.screening.screen import Screening

ROWS, COLUMNS = 144, 192


def scene(seed: int = 1, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Return a scene of boxes and texture, grey levels as numbers."""
    draw = np.random.default_rng(seed)
    view = np.full((rows, columns), 110.0)
    for _ in range(40):
        y, x = draw.integers(0, rows), draw.integers(0, columns)
        high, wide = draw.integers(8, 40, 2)
        view[y : y + high, x : x + wide] = draw.integers(50, 190)
    texture = cv2.GaussianBlur(draw.normal(0, 12, view.shape), (0, 0), 1.0)
    return np.clip(view + texture, 30, 220)


def plane(view: np.ndarray, index: int, noise: float = 2.0) -> Plane:
    """Return a view as the camera gives it, with noise that goes by the index."""
    draw = np.random.default_rng(1000 + index)
    return np.clip(np.rint(view + draw.normal(0, noise, view.shape)), 0, 255).astype(np.uint8)


def item(
    view: np.ndarray, left: int, top: int = 60, size: int = 24, level: float = 40
) -> np.ndarray:
    """Return the view with a thing in it."""
    result = view.copy()
    result[top : top + size, left : left + size] = level
    result[top + 4 : top + size - 4, left + 4 : left + size - 4] = level + 150
    return result


def screened(
    planes: Iterable[Plane], step_s: float = 0.1, interval: float | None = None
) -> Screened:
    """Return what screening says of a run of grey pictures."""
    screening = Screening(interval)
    for index, luma in enumerate(planes):
        screening.see(Picture(index, index * step_s, luma))
    return screening.finish()


def told(result: Screened) -> list[tuple[str, int, int]]:
    """Return the conditions as (code, first, last)."""
    return [(c.code.value, c.first, c.last) for c in result.conditions]
