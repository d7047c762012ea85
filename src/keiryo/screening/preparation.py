"""What screening looks at: each picture shrunk, smoothed, and cut into layers.

A layer is one plane in which change is looked for: the whole view in grey, its two colour planes,
and every zone of interest at the full resolution of the camera. The whole view is shrunk by
halving only (averages of 2 x 2), which keeps every pixel equally weighted and costs least; it ends
between 288 and 575 columns wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from keiryo.screening.model import Picture, Plane, Zone

WIDTH_LIMIT = 576  # columns: a plane this wide or wider is halved
COLOUR_LIMIT = 288  # columns: the same for the colour planes
SMOOTHING = (3, 3)  # pixels


@dataclass
class Look:
    """One picture, ready for comparison.

    Attributes
    ----------
    index, time_s
        As in the picture.
    sharp : Plane
        The whole view, shrunk, not smoothed: for the tests of the view.
    layers : list of Plane
        Shrunk and smoothed: grey, colour planes where there are any, zones of interest.
    colours : int
        Number of colour planes among the layers, 0 or 2.
    gain : float
        Of the light, over the settled scene; 0 until it is measured.
    fine : Plane or None
        The whole view in grey at up to twice the columns, smoothed; only for some pictures.
    """

    index: int
    time_s: float
    sharp: Plane
    layers: list[Plane]
    colours: int = 0
    gain: float = 0.0
    fine: Plane | None = None


def halved(plane: Plane, limit: int) -> Plane:
    """Return the plane halved until it is narrower than a limit.

    Parameters
    ----------
    plane : Plane
    limit : int
        Columns.

    Returns
    -------
    Plane
        The plane itself where it is narrow enough; never narrower or lower than one pixel.
    """
    result = plane
    while result.shape[1] >= limit and result.shape[0] >= 2:
        rows, columns = result.shape[0] // 2, result.shape[1] // 2
        even = result[: 2 * rows, : 2 * columns]
        result = as_plane(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA))
    return result


def as_plane(array: object) -> Plane:
    """Return what OpenCV gave back as a plane."""
    result: Plane = np.asarray(array, dtype=np.uint8)
    return result


def smoothed(plane: Plane) -> Plane:
    """Return the mean over 3 x 3 pixels."""
    return as_plane(cv2.blur(plane, SMOOTHING, borderType=cv2.BORDER_REPLICATE))


def prepare(picture: Picture, interest: tuple[Zone, ...], finely: bool = False) -> Look:
    """Return one picture as it is compared.

    Parameters
    ----------
    picture : Picture
    interest : tuple of Zone
        The zones of interest.
    finely : bool
        Whether the view is wanted at up to twice the columns, too.

    Returns
    -------
    Look
        Nothing in it refers to the memory of the picture.
    """
    twice = halved(picture.luma, 2 * WIDTH_LIMIT)
    sharp = halved(twice, WIDTH_LIMIT)
    fine = smoothed(twice) if finely and sharp is not twice else None
    if sharp is picture.luma:
        sharp = sharp.copy()
    layers = [smoothed(sharp)]
    colours = 0
    if picture.chroma is not None and all(min(plane.shape) >= 1 for plane in picture.chroma):
        layers += [smoothed(halved(plane, COLOUR_LIMIT)) for plane in picture.chroma]
        colours = 2
    if sharp.shape != picture.luma.shape:  # otherwise the whole view has the full resolution
        layers += [smoothed(halved(crop(picture.luma, zone), WIDTH_LIMIT)) for zone in interest]
    return Look(picture.index, picture.time_s, sharp, layers, colours, fine=fine)


def crop(plane: Plane, zone: Zone) -> Plane:
    """Return the rectangle around a zone; at least one pixel."""
    rows, columns = plane.shape
    across = [min(max(x, 0.0), 1.0) for x, _ in zone.polygon]
    down = [min(max(y, 0.0), 1.0) for _, y in zone.polygon]
    left = min(int(min(across) * columns), columns - 1)
    top = min(int(min(down) * rows), rows - 1)
    right = max(left + 1, int(np.ceil(max(across) * columns)))
    bottom = max(top + 1, int(np.ceil(max(down) * rows)))
    return plane[top:bottom, left:right]


def drawn(zone: Zone, shape: tuple[int, int]) -> Plane:
    """Return a zone as a plane: 255 inside, 0 outside.

    Parameters
    ----------
    zone : Zone
    shape : (rows, columns)
    """
    rows, columns = shape
    corners = [(round(x * (columns - 1)), round(y * (rows - 1))) for x, y in zone.polygon]
    plane = np.zeros(shape, np.uint8)
    if corners:
        cv2.fillPoly(plane, [np.array(corners, np.int32)], (255,))
    return plane


def where_changes_matter(
    mask: Plane | None, zones: tuple[Zone, ...], shape: tuple[int, int]
) -> Plane | None:
    """Return where changes count, 255, or not, 0; None if they count everywhere.

    Parameters
    ----------
    mask : Plane or None
        Non-zero where changes matter; any size.
    zones : tuple of Zone
        Those of type ``IGNORE`` are taken out.
    shape : (rows, columns)
        Of the plane to be masked.
    """
    ignored = [zone for zone in zones if zone.type == "IGNORE"]
    if mask is None and not ignored:
        return None
    keep = np.full(shape, 255, np.uint8)
    if mask is not None and mask.size:
        solid = np.where(mask > 0, np.uint8(255), np.uint8(0))
        size = (shape[1], shape[0])
        # A pixel that any part of the mask takes out is out: the border smears when shrunk.
        keep = np.where(
            as_plane(cv2.resize(solid, size, interpolation=cv2.INTER_AREA)) < 250,
            np.uint8(0),
            np.uint8(255),
        )
    for zone in ignored:
        keep[cv2.dilate(drawn(zone, shape), np.ones((3, 3), np.uint8)) > 0] = 0
    return keep
