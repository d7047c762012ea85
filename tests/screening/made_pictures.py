"""Small made-up scenes, folders of images and videos for the tests of screening."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLIPS = Path(__file__).resolve().parent.parent / "data" / "surveillance"
BEGIN = datetime(2026, 1, 14, 10, 30, tzinfo=UTC)
Levels = NDArray[np.uint8]


def scene(width: int = 160, height: int = 120) -> NDArray[np.float64]:
    """A store with edges: blocks of different brightness."""
    rng = np.random.default_rng(5)
    blocks = rng.integers(60, 190, (height // 10, width // 10)).astype(float)
    return np.kron(blocks, np.ones((10, 10)))[:height, :width]


def image(n: int, *, item: bool = False, width: int = 160, height: int = 120) -> Levels:
    """Image n of the store, with noise of its own, and with an item in it or not."""
    levels = scene(width, height).copy()
    if item:
        high, wide = height // 3, width // 5
        levels[high : 2 * high, 2 * wide : 3 * wide] = 230
        levels[high : 2 * high : 6, 2 * wide : 3 * wide] = 20
    noise = np.random.default_rng(n).normal(0, 2, levels.shape)
    return np.clip(levels + noise, 0, 255).astype(np.uint8)


def at(n: float, interval_s: float = 600) -> datetime:
    """Time of image n."""
    return BEGIN + timedelta(seconds=n * interval_s)


def stamp(moment: datetime) -> str:
    """A time as file names have it."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def jpeg(levels: Levels, taken: datetime | None = None, offset: str | None = "+00:00") -> bytes:
    """An image as JPEG, with EXIF data if it was taken at a known time."""
    exif = Image.Exif()
    if taken is not None:
        inner = exif.get_ifd(0x8769)
        inner[36867] = taken.strftime("%Y:%m:%d %H:%M:%S")
        if taken.microsecond:
            inner[37521] = f"{taken.microsecond:06d}"
        if offset:
            inner[36881] = offset
    out = io.BytesIO()
    Image.fromarray(levels).convert("RGB").save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def folder(
    place: Path,
    count: int,
    *,
    interval_s: float = 600,
    without: Iterable[int] = (),
    items: Iterable[int] = (),
) -> Path:
    """A folder of images whose names tell their times."""
    place.mkdir(exist_ok=True)
    left_out, shown = set(without), set(items)
    for n in range(count):
        if n not in left_out:
            data = jpeg(image(n, item=n in shown))
            (place / f"cam1_{stamp(at(n, interval_s))}.jpg").write_bytes(data)
    return place


def video(
    path: Path,
    frames: Iterable[Levels],
    *,
    rate: int = 10,
    pts: Sequence[int] | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """A video of grey frames; `pts` in units of 1/1000 s."""
    with av.open(str(path), "w", options=container_options or {}) as out:
        stream: Any = None
        for n, levels in enumerate(frames):
            if stream is None:
                stream = out.add_stream(codec, rate=rate, options=options or {"bf": "0"})
                stream.height, stream.width = levels.shape
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                stream.codec_context.time_base = Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(levels, format="gray").reformat(format="yuv420p")
            frame.time_base = Fraction(1, 1000)
            frame.pts = n * 1000 // rate if pts is None else pts[n]
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode(None) if stream is not None else ():
            out.mux(packet)
    return path


def audio(path: Path) -> Path:
    """A file with sound and without pictures."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("aac", rate=44100, layout="mono")
        for n in range(20):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = 44100, n * 1024
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path
