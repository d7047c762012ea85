"""A second look at small and distant things: the whole view at up to twice the columns.

At intervals every picture is looked at in this way, in video two a second. What is too small for
the shares of the view that open an event otherwise is told if it is larger than anything that this
part of the view shows while nothing happens: the least size follows leaves, reflections and snow.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from keiryo.screening.change_map import SQUARE, Reference, Values, changed_from, reference_of, times
from keiryo.screening.components import sort_changes
from keiryo.screening.model import Plane
from keiryo.screening.preparation import as_plane

FINE_EVERY_S = 0.5  # seconds of video between two looks
FINE_LEVELS = 11.0  # least change of grey that counts in a view of full contrast
FINE_STRONG = 1.5  # times that on average over a thing
FINE_PIXELS = 14  # the least size
FINE_TIMES = 2.0  # of what this part of the view shows when nothing happens
FINE_LEARN, FINE_FORGET = 0.25, 0.999  # share of a larger size taken at each look; what is left
FINE_FOLLOW = 3  # looks between two that the reference follows
FINE_FEWEST = 20  # looks before anything is told
COMMON_FROM, COMMON_TIMES = 3, 3.0  # blocks at once; of the third largest of them
COMMON_MOST, COMMON_WAIT = 60.0, 4  # pixels; looks left out between two
BLOCKS = (12, 8)  # across, down
FINE_MOST = 0.02  # share of the view: where more has changed, the first look tells it


@dataclass
class FineLook:
    """What is kept between fine looks.

    Attributes
    ----------
    reference : Reference or None
    clutter : Values or None, shape (8, 12)
        Pixels of the things that each block of the view shows while nothing happens.
    common : float
        Pixels of things that are seen in several places at once, such as drops and flakes.
    looks : int
        How many it was learnt from.
    seen : bool
        Whether the last look showed something.
    stale : bool
        The scene is a new one, and has not been looked at finely yet.
    missed : float
        Share of pictures that the reference has not followed yet.
    waited : int
        Looks left out, since in rain and snow they show no more than the first look does.
    """

    reference: Reference | None = None
    clutter: Values | None = None
    common: float = 0.0
    looks: int = 0
    seen: bool = False
    stale: bool = True
    missed: float = 0.0
    waited: int = 0

    def begin(self, plane: Plane | None) -> None:
        """Take a plane as the scene; without one the next that comes."""
        self.seen, self.stale = False, plane is None
        if plane is not None:
            old = self.reference
            known = old is not None and old.image.shape == plane.shape
            noise = old.noise if old is not None and known else None
            self.reference = reference_of(plane, False, noise, FINE_LEVELS)

    def fits(self, plane: Plane) -> bool:
        """Return whether there is a scene to compare a plane with."""
        known = self.reference
        return not self.stale and known is not None and known.image.shape == plane.shape

    def look(self, plane: Plane, gain: float, keep: Plane | None, quiet: bool) -> None:
        """Look at one plane.

        Parameters
        ----------
        plane : Plane
        gain : float
            Of the light, over the settled scene.
        keep : Plane or None
            Where changes count, at any size.
        quiet : bool
            Nothing happens otherwise: learn what the view shows then.
        """
        if not self.fits(plane):
            self.begin(plane)
            return
        if self.common * COMMON_TIMES > COMMON_MOST and self.waited < COMMON_WAIT:
            self.waited += 1
            self.seen = False
            return
        self.waited = 0
        mask = self.objects(plane, gain, keep)
        self.seen = mask is not None and bool(self.told(mask).any())
        if not quiet:
            return
        shown = np.zeros(BLOCKS[::-1], np.float32)
        if mask is not None:
            for block, size, _ in things(mask):
                shown[block] = max(shown[block], size)
        at_once = float(np.sort(shown, axis=None)[-COMMON_FROM])
        more_common = self.common + FINE_LEARN * (at_once - self.common)
        self.common = max(self.common * FINE_FORGET, more_common)
        old = np.zeros_like(shown) if self.clutter is None else self.clutter
        more = old + np.float32(FINE_LEARN) * (shown - old)
        self.clutter = np.maximum(old * np.float32(FINE_FORGET), more)
        self.looks += 1

    def objects(self, plane: Plane, gain: float, keep: Plane | None) -> Plane | None:
        """Return the pixels of objects, large enough to be told or not; None if there are none."""
        known = self.reference
        if known is None or not self.fits(plane):
            return None
        changed = changed_from(plane, known, gain)
        if keep is not None:
            size = (plane.shape[1], plane.shape[0])
            wide = as_plane(cv2.resize(keep, size, interpolation=cv2.INTER_NEAREST))
            changed = as_plane(cv2.bitwise_and(changed, wide))
        count = cv2.countNonZero(changed)
        if not FINE_PIXELS // 2 <= count < FINE_MOST * changed.size:
            return None
        strong = FINE_STRONG * FINE_LEVELS * known.contrast
        base = times(known.image, gain)
        found = sort_changes(changed, plane, base, known.contrast, strong=strong)
        return found.mask if found.largest else None

    def told(self, mask: Plane) -> Plane:
        """Return the pixels of those objects that are larger than what their place shows."""
        result = np.zeros_like(mask)
        if self.clutter is None or self.looks < FINE_FEWEST:
            return result
        least = FINE_TIMES * cv2.dilate(self.clutter, SQUARE)
        np.maximum(least, max(FINE_PIXELS, COMMON_TIMES * self.common), out=least)
        for block, size, where in things(mask):
            if size > least[block]:
                result[where] |= mask[where]
        return result

    def follow(self, plane: Plane, share: float, gain: float) -> None:
        """Take a share of a quiet plane into the reference."""
        known = self.reference
        if known is None or not self.fits(plane):
            self.begin(plane)
            return
        self.missed += share
        if self.looks % FINE_FOLLOW:  # following takes longer than looking
            return
        share, self.missed = self.missed, 0.0
        known.follow(plane, changed_from(plane, known, gain), share, gain)


def things(mask: Plane) -> list[tuple[tuple[int, int], float, tuple[slice, slice]]]:
    """Return of each object the block of the view, its pixels, and the rectangle around it."""
    rows, columns = mask.shape
    left, top, width, height = cv2.boundingRect(mask)
    part = mask[top : top + height, left : left + width]
    found = []
    if part.size:
        count, _, stats, middles = cv2.connectedComponentsWithStats(part, connectivity=8)
        for at in range(1, count):
            x, y = middles[at][0] + left, middles[at][1] + top
            x0, y0, wide, high, size = (int(v) for v in stats[at])
            x0, y0 = x0 + left, y0 + top
            block = int(y * BLOCKS[1] / rows), int(x * BLOCKS[0] / columns)
            found.append((block, float(size), np.s_[y0 : y0 + high, x0 : x0 + wide]))
    return found
