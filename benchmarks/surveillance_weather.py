"""What changes in a picture though nothing happens: light, weather, the camera itself.

Each function makes a disturbance for one stream; the disturbance is called with an image and
its number and returns the image disturbed. All draw on the random generator that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Disturbance = Callable[[Image, int], Image]
Maker = Callable[[np.random.Generator, tuple[int, int], int, bool], Disturbance]
"""Made from the generator, the size (rows, columns), the number of images, and whether video."""


def brightened(image: Image, gain: float, offset: float = 0.0) -> Image:
    """Return the image times a gain."""
    return cv2.convertScaleAbs(image, alpha=gain, beta=offset)


def shaded(image: Image, field: NDArray[np.float32]) -> Image:
    """Return the image times a field of gains."""
    return cv2.multiply(image, cv2.merge([field] * 3), dtype=cv2.CV_8U)


def smooth_field(
    rng: np.random.Generator, size: tuple[int, int], cells: int
) -> NDArray[np.float32]:
    """Return a smooth random field, about 0 to 1, twice as wide as the picture."""
    rows, columns = size
    coarse = rng.random((cells, 2 * cells * columns // rows)).astype(np.float32)
    return cv2.resize(coarse, (2 * columns, rows), interpolation=cv2.INTER_CUBIC)


def daylight(rng, size, images, video) -> Disturbance:
    """Day and night by 25 % each way; a day is 288 images (5 min), or 1,000 images of video."""
    period, phase = (1000 if video else 288), rng.uniform(0, 2 * np.pi)
    return lambda image, n: brightened(image, 1 + 0.25 * np.sin(2 * np.pi * n / period + phase))


def lamps(rng, size, images, video) -> Disturbance:
    """A lamp over one side that is switched a few times, and a ceiling light."""
    rows, columns = size
    x = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    at = rng.uniform(0.1, 0.9, 2)
    spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 0.12).astype(np.float32)
    turns = np.sort(rng.choice(images, 6, replace=False))

    def disturb(image: Image, n: int) -> Image:
        turned = int((turns <= n).sum())
        ceiling = 0.6 if turned in (2, 3, 4) else 1.0
        return shaded(image, np.float32(ceiling) * (1 + np.float32(0.4 * (turned % 2)) * spot))

    return disturb


def sun(edge: float) -> Maker:
    """A sun patch that wanders through the view: soft edges (blurred by many pixels) or hard."""

    def make(rng, size, images, video) -> Disturbance:
        rows, columns = size
        corners = np.array([[0, 0], [0.2, 0], [0.32, 0.45], [0.1, 0.45]]) * [columns, rows]
        drift = columns / (800 if video else 60)
        start = rng.uniform(0, 200)

        def disturb(image: Image, n: int) -> Image:
            x = (start + n * drift) % (2.5 * columns) - 0.4 * columns
            if x > columns:
                return image
            field = np.ones(size, np.float32)
            shape = np.round((corners + np.array([x, rows * 0.45])) * 16).astype(np.int32)
            cv2.fillPoly(field, [shape], 1.4, lineType=cv2.LINE_AA, shift=4)
            return shaded(image, cv2.GaussianBlur(field, (0, 0), edge) if edge > 1 else field)

        return disturb

    return make


def clouds(rng, size, images, video) -> Disturbance:
    """Soft shadows of clouds that drift across the view."""
    field = 0.62 + 0.5 * smooth_field(rng, size, 4)
    columns, speed = size[1], (2.5 if video else 41.0)

    def disturb(image: Image, n: int) -> Image:
        x = round(n * speed) % (2 * columns)
        x = x if x < columns else 2 * columns - x
        return shaded(image, np.ascontiguousarray(field[:, x : x + columns]))

    return disturb


def rain(rng, size, images, video) -> Disturbance:
    """Streaks of rain, other ones in every image."""

    def disturb(image: Image, n: int) -> Image:
        rows, columns = size
        drawn = image.copy()
        for _ in range(int(rng.integers(60, 160))):
            x, y = int(rng.integers(columns)), int(rng.integers(rows))
            long = int(rng.integers(6, 22))
            cv2.line(drawn, (x, y), (x - long // 5, y + long), (205, 205, 205), 1, cv2.LINE_AA)
        return cv2.addWeighted(image, 0.72, drawn, 0.28, 0)

    return disturb


def snow(rng, size, images, video) -> Disturbance:
    """Flakes of 1 to 5 pixels, other ones in every image."""

    def disturb(image: Image, n: int) -> Image:
        rows, columns = size
        drawn = image.copy()
        for _ in range(int(rng.integers(80, 260))):
            centre = (int(rng.integers(columns * 16)), int(rng.integers(rows * 16)))
            radius = int(rng.integers(8, 42))
            cv2.circle(drawn, centre, radius, (238, 236, 234), -1, cv2.LINE_AA, 4)
        return cv2.addWeighted(image, 0.35, drawn, 0.65, 0)

    return disturb


def fog(rng, size, images, video) -> Disturbance:
    """Fog that comes up and lifts again, to a loss of 55 % of the contrast."""
    middle, long = images * rng.uniform(0.4, 0.6), images * 0.12

    def disturb(image: Image, n: int) -> Image:
        share = 0.55 * float(np.exp(-(((n - middle) / long) ** 2)))
        return brightened(image, 1 - share, share * 175)

    return disturb


def shake(rng, size, images, video) -> Disturbance:
    """A mount that trembles by up to one pixel each way."""

    def disturb(image: Image, n: int) -> Image:
        dx, dy = rng.uniform(-1, 1, 2)
        moved = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        size_xy = (image.shape[1], image.shape[0])
        return cv2.warpAffine(image, moved, size_xy, borderMode=cv2.BORDER_REPLICATE)

    return disturb


def insects(rng, size, images, video) -> Disturbance:
    """Blurred insects before the lens: in one image of 25, or on a path of a second in video."""
    rows, columns = size
    flights = np.sort(rng.choice(images, max(1, images // (150 if video else 25)), replace=False))
    places = rng.uniform([0.1, 0.1, -1, -1], [0.9, 0.9, 1, 1], (len(flights), 4))
    radii = rng.uniform(2.0, 7.0, len(flights))

    def disturb(image: Image, n: int) -> Image:
        for first, (x, y, dx, dy), radius in zip(flights, places, radii, strict=True):
            since = n - int(first)
            if 0 <= since < (10 if video else 1):
                at = (
                    int((x * columns + dx * 12 * since) * 16),
                    int((y * rows + dy * 12 * since) * 16),
                )
                cover = np.zeros(size, np.float32)
                cv2.circle(cover, at, int(radius * 16), 1.0, -1, cv2.LINE_AA, 4)
                cover = 0.6 * cv2.GaussianBlur(cover, (0, 0), radius / 2)
                image = shaded(image, 1 - cover)
        return image

    return disturb


def flicker(rng, size, images, video) -> Disturbance:
    """Lamps on alternating current: 5 % of gain up and down, and bands across the picture."""
    rows = size[0]
    y = np.arange(rows, dtype=np.float32)[:, None]

    def disturb(image: Image, n: int) -> Image:
        gain, phase = rng.uniform(0.95, 1.05), rng.uniform(0, 2 * np.pi)
        bands = gain + 0.03 * np.sin(2 * np.pi * y / rows * 2 + phase)
        return shaded(image, np.repeat(bands.astype(np.float32), size[1], axis=1))

    return disturb


def night(rng, size, images, video) -> Disturbance:
    """A night picture: grey, a third of the light."""

    def disturb(image: Image, n: int) -> Image:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return cv2.cvtColor(brightened(grey, 0.34, 6), cv2.COLOR_GRAY2BGR)

    return disturb


def noise(rng: np.random.Generator, size: tuple[int, int], sigma: float) -> Disturbance:
    """Noise of the sensor, in grey levels (standard deviation); colours half as strong."""
    rows, columns = size
    grain = rng.normal(0, sigma, (6, rows + 64, columns + 64, 1))
    tint = rng.normal(0, sigma / 2, (6, rows + 64, columns + 64, 3))
    fields = np.round(grain + tint).astype(np.int16)

    def disturb(image: Image, n: int) -> Image:
        which, y, x = (int(v) for v in rng.integers([6, 64, 64]))
        return cv2.add(image, fields[which, y : y + rows, x : x + columns], dtype=cv2.CV_8U)

    return disturb


MAKERS: dict[str, Maker] = {
    "daylight": daylight,
    "lamps": lamps,
    "soft sun": sun(25.0),
    "hard sun": sun(0.0),
    "clouds": clouds,
    "rain": rain,
    "snow": snow,
    "fog": fog,
    "shake": shake,
    "insects": insects,
    "flicker": flicker,
    "night": night,
}


def covered(image: Image, n: int) -> Image:
    """Cover 60 % of the width."""
    image = image.copy()
    image[:, : round(0.6 * image.shape[1])] = 60
    return image


def moved(image: Image, n: int) -> Image:
    """Turn the camera by (5, 3) pixels of 384, as section 3.3 of the domain notes has it."""
    share = image.shape[1] / 384
    shift = np.array([[1, 0, 5 * share], [0, 1, 3 * share]], np.float32)
    size = (image.shape[1], image.shape[0])
    return cv2.warpAffine(image, shift, size, borderMode=cv2.BORDER_REPLICATE)


def defocused(image: Image, n: int) -> Image:
    """Blur by 3 pixels of 768."""
    return cv2.GaussianBlur(image, (0, 0), 3 * image.shape[1] / 768)


def dark(image: Image, n: int) -> Image:
    """Take nearly all light away."""
    return brightened(image, 0.05)


def bright(image: Image, n: int) -> Image:
    """Dazzle the camera."""
    return brightened(image, 1.6, 140)


TAMPERS: dict[str, Disturbance] = {
    "dark": dark,
    "bright": bright,
    "covered": covered,
    "defocused": defocused,
    "moved": moved,
}
"""What somebody may do to a camera, by the code that must be raised (frozen and replaced: see
`surveillance_streams`)."""
