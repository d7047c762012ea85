"""Pictures of a fuel store for the demonstration: drawn, not photographed, always the same.

A rack with fresh assemblies, a door, daylight that comes and goes, the noise of a sensor. What
happens is told by a script: somebody walks through, an assembly leaves the rack, the camera is
covered for a while.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH, HEIGHT = 320, 200
POSITIONS = 8
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen at one moment.

    Attributes
    ----------
    at : datetime
        UTC.
    taken : frozenset of int
        Positions of the rack that are empty, from 0.
    person_at : float or None
        Somebody stands at this share of the width.
    covered : bool
        Something hangs before the camera.
    """

    at: datetime
    taken: frozenset[int] = frozenset()
    person_at: float | None = None
    covered: bool = False


def store_pictures(scenes: list[Scene], seed: int = 20260101) -> Iterator[tuple[str, bytes]]:
    """Yield a name and a JPEG for each scene, in order.

    Parameters
    ----------
    scenes : list of Scene
    seed : int
        Of the texture and the noise.

    Yields
    ------
    tuple of (str, bytes)
        ``20251210T100000Z.jpg`` and the file.
    """
    import cv2
    import numpy as np

    random = np.random.default_rng(seed)
    empty = _empty_store(random)
    assembly = random.normal(0.0, 7.0, (92, 18)) + 180.0
    person = random.normal(0.0, 9.0, (110, 34)) + 58.0
    for scene in scenes:
        picture = empty.copy()
        for position in range(POSITIONS):
            if position not in scene.taken:
                left = 40 + position * 31
                picture[58:150, left : left + 18] = assembly
        if scene.person_at is not None:
            left = int(scene.person_at * (WIDTH - 40))
            picture[80:190, left : left + 34] = person
        picture *= _daylight(scene.at)
        if scene.covered:
            picture[:] = 4.0
        picture += random.normal(0.0, 2.0, picture.shape)
        grey = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        done, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done
        yield f"{scene.at:%Y%m%dT%H%M%SZ}.jpg", bytes(data)


def scenes_of(
    begin: datetime, end: datetime, interval_s: int, story: list[tuple[datetime, datetime, Any]]
) -> list[Scene]:
    """Return the scenes of a camera that takes a picture every so many seconds.

    Parameters
    ----------
    begin, end : datetime
        Half-open.
    interval_s : int
    story : list of (datetime, datetime, dict)
        From when to when (half-open) which fields of `Scene` have other values.
    """
    found, at = [], begin
    while at < end:
        fields: dict[str, Any] = {}
        for first, last, told in story:
            if first <= at < last:
                fields |= told
        found.append(Scene(at, **fields))
        at += timedelta(seconds=interval_s)
    return found


def _empty_store(random: np.random.Generator) -> NDArray[np.float64]:
    import cv2
    import numpy as np

    wall = np.linspace(150.0, 120.0, HEIGHT)[:, None].repeat(WIDTH, axis=1)
    grain = cv2.GaussianBlur(random.normal(0.0, 22.0, (HEIGHT, WIDTH)), (0, 0), 1.6)
    picture = wall + grain
    picture[152:160] -= 50.0
    picture[50:56, 30:300] -= 45.0
    for left in range(30, 310, 31):
        picture[50:160, left : left + 3] -= 60.0
    picture[40:190, 292:318] -= 35.0
    return np.asarray(picture, np.float64)


def _daylight(at: datetime) -> float:
    hour = at.hour + at.minute / 60.0
    return 1.0 + 0.12 * math.sin((hour - 9.0) / 24.0 * 2.0 * math.pi)
