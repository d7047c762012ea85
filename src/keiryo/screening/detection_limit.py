"""What this camera can show: squares put into its own quiet pictures, and which of them are found.

Whoever reads "nothing seen" must know what would have been seen. The answer depends on the camera,
its view, its compression and its weather, so it is measured on the pictures of the review itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from keiryo.screening.events import CLOSE_FINE, OPEN_FINE, Watch
from keiryo.screening.model import Picture, Plane
from keiryo.screening.preparation import prepare
from keiryo.screening.states import against

SIZES = (4, 6, 8, 12, 16, 24, 32, 48, 64)  # pixels of the camera
CONTRASTS = (40, 20)  # grey levels, clearest first
PLACES = (5, 4)  # across, down
FOUND = 0.9  # of the squares
IMAGES = 2
SURE = 3  # sizes found in a row, after which larger ones are not tried
SEED = 1


@dataclass(frozen=True, slots=True)
class Tested:
    """How many squares of one size and contrast were found."""

    size_px: int
    contrast: int
    found: int
    of: int

    @property
    def enough(self) -> bool:
        """Whether nearly all were found."""
        return self.found >= FOUND * self.of

    def to_dict(self) -> dict[str, int]:
        """Return it as commands print it."""
        return {
            "size_px": self.size_px,
            "contrast": self.contrast,
            "found": self.found,
            "of": self.of,
        }


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """The smallest squares that are found nearly always.

    Attributes
    ----------
    tested : tuple of Tested
    images : int
        Quiet pictures that they were put into; 0 if there was none.
    """

    tested: tuple[Tested, ...]
    images: int

    @property
    def smallest(self) -> Tested | None:
        """Return the smallest size from which on nearly all are found, at the highest contrast."""
        for contrast in CONTRASTS:
            found = None
            for one in sorted(self.of(contrast), key=lambda t: -t.size_px):
                if not one.enough:
                    break
                found = one
            if found is not None:
                return found
        return None

    def of(self, contrast: int) -> list[Tested]:
        """Return what was tested at one contrast."""
        return [one for one in self.tested if one.contrast == contrast]

    def to_dict(self) -> dict[str, Any]:
        """Return it as commands print it; sizes are None where not even the largest is found."""
        best = self.smallest
        told: dict[str, Any] = {"size_px": None, "contrast": None, "found": None, "of": None}
        return {
            **(told if best is None else best.to_dict()),
            "images": self.images,
            "tested": [one.to_dict() for one in self.tested],
        }


def detection_limit(watch: Watch | None, pictures: list[Picture]) -> DetectionLimit:
    """Return the smallest squares that screening finds in quiet pictures.

    Parameters
    ----------
    watch : Watch or None
        What is kept of the camera.
    pictures : list of Picture
        Quiet ones; those that are not quiet against the scene that stands now are left out.

    Returns
    -------
    DetectionLimit
        A square counts as found if it alone would begin an event.
    """
    usable: list[Picture] = []
    if watch is not None and watch.references:
        for picture in pictures:
            grey = replace(picture, chroma=None)
            look = prepare(grey, (), True)
            if look.layers[0].shape != watch.references[0].image.shape:
                continue
            if (
                against(look, watch.references, watch.keep, floor=watch.clutter.floor).area
                <= CLOSE_FINE
            ):
                usable.append(grey)
    usable = usable[-IMAGES:]
    found: list[Tested] = []
    for contrast in CONTRASTS:
        clear = 0
        for size in SIZES:
            if watch is None or not usable or size * 8 > min(usable[0].luma.shape):
                continue
            hits = [_found(watch, picture, size, contrast) for picture in usable]
            one = Tested(size, contrast, sum(h for h, _ in hits), sum(n for _, n in hits))
            found.append(one)
            clear = clear + 1 if one.enough else 0
            if clear == SURE:
                break
    return DetectionLimit(tuple(found), len(usable))


def _found(watch: Watch, picture: Picture, size: int, contrast: int) -> tuple[int, int]:
    """Return how many squares in one picture are found, and of how many."""
    rng = np.random.default_rng(SEED)
    luma = picture.luma.copy()
    rows, columns = luma.shape
    high, wide = rows // PLACES[1], columns // PLACES[0]
    places = []
    for row in range(PLACES[1]):
        for column in range(PLACES[0]):
            y = row * high + int(rng.integers(2, max(3, high - size - 2)))
            x = column * wide + int(rng.integers(2, max(3, wide - size - 2)))
            under = luma[y : y + size, x : x + size]
            sign = -1 if under.mean() > 127 else 1
            under[:] = np.clip(float(under.mean()) + sign * contrast, 0, 255)
            places.append((x, y))
    look = prepare(replace(picture, luma=luma), (), True)
    seen = against(look, watch.references, watch.keep, floor=watch.clutter.floor)
    enough = OPEN_FINE * seen.objects.size
    masks = [(_large(seen.objects, enough), look.layers[0].shape)]
    if look.fine is not None:
        mask = watch.fine.objects(look.fine, seen.gain, watch.keep[0])
        if mask is not None:
            masks.append((watch.fine.told(mask), look.fine.shape))
    hits = 0
    for x, y in places:
        for mask, shape in masks:
            down, across = shape[0] / rows, shape[1] / columns
            part = mask[
                int(y * down) : int((y + size) * down) + 1,
                int(x * across) : int((x + size) * across) + 1,
            ]
            if part.any():
                hits += 1
                break
    return hits, len(places)


def _large(mask: Plane, enough: float) -> Plane:
    """Return the objects that are large enough each by itself."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = stats[:count, cv2.CC_STAT_AREA] > enough
    kept[0] = False
    return np.where(kept[labels], np.uint8(255), np.uint8(0))
