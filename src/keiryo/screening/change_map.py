"""Where a picture differs from a reference, whatever the brightness of the light.

A reference is a plane with the noise of each of its pixels. Before comparison it is multiplied by
the common gain of the light, and widened by one pixel (dilation and erosion), so that a camera
which trembles by less than a pixel changes nothing. What lies outside the widened reference by
more than 14 grey levels, or four times the noise, has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.model import Plane
from keiryo.screening.preparation import as_plane

Values = NDArray[np.float32]

GREY_LEVELS = 14.0  # least change of grey that counts in a view of full contrast
GREY_LEAST = 6.0  # the same in a dim view
FULL_CONTRAST = 70.0  # grey levels from the darkest twentieth of the pixels to the brightest
COLOUR_LEVELS = 8.0  # least change of a colour plane that counts
NOISE_TIMES = 4.0
NOISE_START = 2.0  # grey levels
NOISE_CAP = 20.0  # grey levels
DEVIATION_TO_SIGMA = 1.25  # of a normal distribution: mean absolute deviation to sigma
GAIN_FROM, GAIN_TO = 12, 243  # grey levels of the reference that measure the gain
GAIN_STEP = 9  # pixels and rows between those that measure it
GAIN_PIXELS = 12  # fewer than these, and the gain is taken as 1
SATURATED = 235  # grey levels from which a pixel may have been cut off at 255
CONTRAST_STEP = 4  # pixels and rows between those that measure the contrast
SQUARE = np.ones((3, 3), np.uint8)


@dataclass
class Reference:
    """What one layer looks like when nothing happens.

    Attributes
    ----------
    mean, noise : Values
        Grey levels; noise as a standard deviation.
    image, high, low, level : Plane
        The mean rounded, dilated and eroded, and what a change must exceed at each pixel.
    colour : bool
        A colour plane: no gain, and a lower threshold.
    contrast : float
        Of the scene, 1 at full contrast: what is dim shows smaller changes.
    least : float
        Grey levels that a change must exceed at full contrast.
    """

    mean: Values
    noise: Values
    image: Plane
    high: Plane
    low: Plane
    level: Plane
    colour: bool = False
    contrast: float = 1.0
    least: float = GREY_LEVELS

    def refresh(self) -> None:
        """Work out what follows from mean and noise."""
        self.image = as_plane(cv2.convertScaleAbs(self.mean))
        self.high = as_plane(cv2.dilate(self.image, SQUARE))
        self.low = as_plane(cv2.erode(self.image, SQUARE))
        least = COLOUR_LEVELS
        if not self.colour:
            self.contrast = contrast_of(self.image)
            least = max(self.least * self.contrast, GREY_LEAST)
        scaled = as_plane(cv2.convertScaleAbs(self.noise, alpha=NOISE_TIMES))
        self.level = np.maximum(scaled, np.uint8(least))

    def follow(self, plane: Plane, changed: Plane, share: float, gain: float) -> None:
        """Take a share of a quiet picture into the reference, but where it changed.

        Parameters
        ----------
        plane : Plane
        changed : Plane
            The change map; it is widened here.
        share : float
            Weight of this picture, from 0 to 1.
        gain : float
            Of this picture over the reference; the reference follows the light as well.
        """
        still = as_plane(cv2.bitwise_not(cv2.dilate(changed, np.ones((5, 5), np.uint8))))
        apart = cv2.absdiff(plane, times(self.image, gain))
        apart = cv2.convertScaleAbs(apart, alpha=DEVIATION_TO_SIGMA)
        np.minimum(apart, np.uint8(NOISE_CAP), out=apart)
        cv2.accumulateWeighted(apart, self.noise, share, mask=still)
        cv2.accumulateWeighted(plane, self.mean, share, mask=still)
        self.refresh()


def reference_of(
    plane: Plane, colour: bool, noise: Values | None = None, least: float = GREY_LEVELS
) -> Reference:
    """Return a new reference.

    Parameters
    ----------
    plane : Plane
    colour : bool
    noise : Values, optional
        Grey levels; two everywhere where nothing is known.
    least : float
        Grey levels that a change must exceed at full contrast.
    """
    mean = plane.astype(np.float32)
    known = np.full(plane.shape, NOISE_START, np.float32) if noise is None else noise.copy()
    result = Reference(mean, known, plane, plane, plane, plane, colour, least=least)
    result.refresh()
    return result


def contrast_of(image: Plane) -> float:
    """Return the contrast of a view, 1 where it is full.

    Parameters
    ----------
    image : Plane
    """
    values = image[::CONTRAST_STEP, ::CONTRAST_STEP].ravel().copy()
    few = values.size // 20
    values.partition((few, values.size - 1 - few))
    return min((float(values[values.size - 1 - few]) - float(values[few])) / FULL_CONTRAST, 1.0)


def gain_over(plane: Plane, image: Plane) -> float:
    """Return the common gain of the light: the median of one plane over another.

    Parameters
    ----------
    plane, image : Plane
        The picture and the reference.
    """
    start = min(GAIN_STEP // 2, image.shape[0] - 1, image.shape[1] - 1)
    base = image[start::GAIN_STEP, start::GAIN_STEP].ravel()
    use = (base > GAIN_FROM) & (base < GAIN_TO)
    base = base[use]
    if base.size < GAIN_PIXELS:
        return 1.0
    now = plane[start::GAIN_STEP, start::GAIN_STEP].ravel()[use]
    ratio = np.divide(now, base, dtype=np.float32)
    middle = ratio.size // 2
    ratio.partition(middle)
    return max(float(ratio[middle]), 0.02)


def times(plane: Plane, gain: float) -> Plane:
    """Return a plane multiplied by a gain, cut off at 255."""
    return plane if gain == 1.0 else as_plane(cv2.convertScaleAbs(plane, alpha=gain))


def changed_from(plane: Plane, reference: Reference, gain: float) -> Plane:
    """Return the change map: 255 where a picture differs from a reference.

    Parameters
    ----------
    plane : Plane
    reference : Reference
    gain : float
    """
    high = times(reference.high, gain)
    if gain < 0.98:  # a saturated pixel may have been brighter than it shows
        _, cut = cv2.threshold(reference.high, SATURATED - 1, 255, cv2.THRESH_BINARY)
        high = as_plane(cv2.max(high, cut))
    above = cv2.subtract(plane, high)
    below = cv2.subtract(times(reference.low, gain), plane)
    return as_plane(cv2.compare(cv2.max(above, below), reference.level, cv2.CMP_GT))


def changed_between(plane: Plane, earlier: Plane, level: Plane, gain: float) -> Plane:
    """Return the change map of two pictures, with the levels of a reference.

    Parameters
    ----------
    plane, earlier : Plane
    level : Plane
        What a change must exceed at each pixel.
    gain : float
        Of the one over the other.
    """
    above = cv2.subtract(plane, times(as_plane(cv2.dilate(earlier, SQUARE)), gain))
    below = cv2.subtract(times(as_plane(cv2.erode(earlier, SQUARE)), gain), plane)
    return as_plane(cv2.compare(cv2.max(above, below), level, cv2.CMP_GT))
