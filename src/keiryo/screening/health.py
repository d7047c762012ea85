"""Whether the camera still sees its usual view: the tests of one image against a healthy one.

The fine detail of the view (what a mean over 7 x 7 pixels leaves) is measured in 12 x 8 blocks: how
strong it is, and how like the usual detail it is. A cover takes the detail out of many blocks and
leaves the others as they were; defocus weakens it in all; a moved camera shifts it by one and the
same way in most; another scene has other detail. The first test that hits gives the code.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keiryo.screening.change_map import Values, gain_over
from keiryo.screening.model import HealthCode, Plane
from keiryo.screening.shift import moved_by_blocks, moved_by_features

BLOCKS = (12, 8)  # across, down
DETAIL = (7, 7)  # pixels: detail is what this mean leaves
COARSE = (48, 32)
DARK_LEVEL = 16.0  # mean grey level
BRIGHT_LEVEL, BRIGHT_SHARE = 250, 0.5
WHITE = 0.15  # share of white noise that a mean over 3 x 3 pixels leaves is 1/9
TEXTURED = 1.0  # grey levels of detail in a block
FEWEST_BLOCKS = 4
LOST = 0.4  # of the usual detail
ALIKE = 0.4  # correlation of detail in a block
COVERED_LOST, COVERED_COARSE = 0.3, 0.8
COVERED_OTHER_ALONE, COVERED_OTHER, COVERED_LEFT = 0.12, 0.35, 0.05
DEFOCUS_HALF, DEFOCUS_MOST, DEFOCUS_COARSE = 0.55, 0.65, 0.8
MOVED_GATE = 0.75  # share of blocks alike at which nothing has moved
REPLACED_ALIKE, REPLACED_COARSE = 0.2, 0.7
HEALTHY_ALIKE = 0.5


@dataclass
class Usual:
    """The view when it is healthy.

    Attributes
    ----------
    sharp : Plane
    detail : Values
        Fine detail, grey levels.
    power : Values, shape (8, 12)
        Root mean square of the detail in each block, without noise, grey levels.
    noise : float
        Root mean square of the noise in the detail, grey levels; negative while unknown.
    """

    sharp: Plane
    detail: Values
    power: Values
    noise: float = -1.0


@dataclass
class Finding:
    """What the tests of one image say.

    Attributes
    ----------
    code : HealthCode or None
    measured, threshold : float or None
    alike : float
        Share of the textured blocks that show the usual detail; 1 where nothing can be tested.
    testable : bool
    half : float
        Median strength of the detail in the textured blocks, over the usual one.
    """

    code: HealthCode | None
    measured: float | None = None
    threshold: float | None = None
    alike: float = 1.0
    testable: bool = True
    half: float = 1.0


def fine_detail(sharp: Plane) -> Values:
    """Return what the mean over 7 x 7 pixels leaves of a plane."""
    mean = cv2.blur(sharp, DETAIL, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.subtract(sharp, mean, dtype=cv2.CV_32F), dtype=np.float32)


def in_blocks(values: Values) -> Values:
    """Return the mean of each of the 12 x 8 blocks."""
    return np.asarray(cv2.resize(values, BLOCKS, interpolation=cv2.INTER_AREA), np.float32)


def power_of(detail: Values, noise: float) -> Values:
    """Return the strength of the detail in each block without the noise, grey levels."""
    square = in_blocks(np.asarray(cv2.multiply(detail, detail), np.float32))
    return np.asarray(np.sqrt(np.maximum(square - max(noise, 0.0) ** 2, 0.0)), np.float32)


def noise_between(detail: Values, other: Values) -> float:
    """Return the noise of the detail, from two views of one scene.

    The quietest quarter of the blocks speaks: something may move in the others.

    Parameters
    ----------
    detail, other : Values
        Grey levels.
    """
    apart = np.asarray(cv2.subtract(detail, other), np.float32)
    square = in_blocks(np.asarray(cv2.multiply(apart, apart), np.float32))
    return float(np.sqrt(np.percentile(square, 25) / 2.0))


def only_noise_between(detail: Values, other: Values) -> bool:
    """Return whether two views differ by noise alone in most blocks: from pixel to pixel.

    What moved or was exchanged differs by shapes, which a mean over 3 x 3 pixels leaves.

    Parameters
    ----------
    detail, other : Values
        Grey levels.
    """
    apart = np.asarray(cv2.subtract(detail, other), np.float32)
    smooth = np.asarray(cv2.blur(apart, (3, 3)), np.float32)
    left = in_blocks(np.asarray(cv2.multiply(smooth, smooth), np.float32))
    whole = in_blocks(np.asarray(cv2.multiply(apart, apart), np.float32))
    return float(np.median(left / np.maximum(whole, 1e-6))) < WHITE


def usual_view(sharp: Plane, noise: float = -1.0) -> Usual:
    """Return the measures of a healthy view."""
    detail = fine_detail(sharp)
    return Usual(sharp, detail, power_of(detail, noise), noise)


def with_noise(usual: Usual, sharp: Plane) -> Usual:
    """Return the usual view with the noise, measured against a second healthy picture."""
    noise = noise_between(fine_detail(sharp), usual.detail)
    return Usual(usual.sharp, usual.detail, power_of(usual.detail, noise), noise)


def light_code(sharp: Plane) -> Finding | None:
    """Return the finding that a picture is dark or bright, or None.

    Parameters
    ----------
    sharp : Plane
        The whole view.
    """
    mean = float(cv2.mean(sharp)[0])
    if mean < DARK_LEVEL:
        return Finding(HealthCode.DARK, mean, DARK_LEVEL, 0.0)
    if mean > BRIGHT_LEVEL * BRIGHT_SHARE:
        share = float(np.count_nonzero(sharp[::2, ::2] > BRIGHT_LEVEL)) / sharp[::2, ::2].size
        if share > BRIGHT_SHARE:
            return Finding(HealthCode.BRIGHT, share, BRIGHT_SHARE, 0.0)
    return None


def coarse_likeness(one: Plane, other: Plane) -> tuple[float, float]:
    """Return the correlation of two views shrunk to 48 x 32, and their ratio of contrast."""
    small = [
        np.asarray(cv2.resize(plane, COARSE, interpolation=cv2.INTER_AREA), np.float64).ravel()
        for plane in (one, other)
    ]
    first, second = (values - values.mean() for values in small)
    spread, usual_spread = float(np.sqrt(first @ first)), float(np.sqrt(second @ second))
    if min(spread, usual_spread) <= 0:
        return 0.0, 1.0
    return float(first @ second) / (spread * usual_spread), spread / usual_spread


def examine(sharp: Plane, usual: Usual, suspected: HealthCode | None) -> Finding:
    """Return what is wrong with a view, by its likeness to the usual one.

    Parameters
    ----------
    sharp : Plane
        Same size as the usual view.
    usual : Usual
    suspected : HealthCode or None
        The code under which the view already stands, if any.
    """
    if min(sharp.shape) < 2 * BLOCKS[1]:
        return Finding(None, testable=False)
    detail = fine_detail(sharp)
    if usual.noise < 0 and only_noise_between(detail, usual.detail):
        usual = with_noise(usual, sharp)
    textured = usual.power > TEXTURED
    blocks = int(np.count_nonzero(textured))
    if blocks < FEWEST_BLOCKS:
        return Finding(None, testable=False)
    power = power_of(detail, usual.noise)
    product = in_blocks(np.asarray(cv2.multiply(detail, usual.detail), np.float32))
    least = np.maximum(power, LOST * usual.power) * usual.power
    correlation = product / np.maximum(least, 1e-3)
    gain = min(max(gain_over(sharp, usual.sharp), 0.3), 1.5)
    ratio = (power / gain / np.maximum(usual.power, 1e-3))[textured]
    lost = ratio < LOST
    alike = correlation[textured] > ALIKE
    lost_share = float(lost.mean())
    alike_share = float(alike.mean())
    if alike_share >= MOVED_GATE and lost_share < COVERED_LOST and ratio.mean() > DEFOCUS_HALF:
        return Finding(None, alike=alike_share)
    coarse, contrast = coarse_likeness(sharp, usual.sharp)
    gained = np.count_nonzero((power > 2 * TEXTURED) & ~textured)
    other = (float(np.count_nonzero(~lost & ~alike)) + float(gained)) / textured.size
    # Fog and lamps take contrast from coarse and fine alike; defocus takes it from the fine.
    contrast = min(max(contrast / gain, 0.2), 1.0)
    half, most = (float(value) / contrast for value in np.percentile(ratio, (50, 90)))
    if half < DEFOCUS_HALF and most < DEFOCUS_MOST and coarse > DEFOCUS_COARSE:
        return Finding(HealthCode.DEFOCUSED, half, DEFOCUS_HALF, alike_share)
    # Beside a cover the usual view is left; another scene leaves nothing of it.
    most_other = COVERED_OTHER if alike_share >= COVERED_LEFT else COVERED_OTHER_ALONE
    if lost_share >= COVERED_LOST and coarse < COVERED_COARSE and other <= most_other:
        return Finding(HealthCode.COVERED, lost_share, COVERED_LOST, alike_share)
    result = displaced(sharp, usual, detail, alike_share, coarse, suspected)
    result.half = half
    return result


def displaced(
    sharp: Plane,
    usual: Usual,
    detail: NDArray[np.float32],
    alike: float,
    coarse: float,
    suspected: HealthCode | None,
) -> Finding:
    """Return whether the view has moved or been replaced."""
    if alike < MOVED_GATE:
        pixels = moved_by_blocks(detail, usual.detail)
        if pixels is not None:
            return Finding(HealthCode.MOVED, pixels, 1.0, alike)
    if alike < REPLACED_ALIKE or (alike < HEALTHY_ALIKE and suspected is not None):
        pixels = moved_by_features(sharp, usual.sharp)
        if pixels is not None:
            return Finding(HealthCode.MOVED, pixels, 1.0, alike)
        if coarse < REPLACED_COARSE and alike < REPLACED_ALIKE:
            return Finding(HealthCode.REPLACED, alike, REPLACED_ALIKE, alike)
    return Finding(None, alike=alike)
