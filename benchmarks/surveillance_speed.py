"""How fast screening is, against decoding the same file alone; and a month of one camera.

Decoding is the physical limit. All ways run on one core, each in a fresh process, and what counts
is the time of the processor, the best of several. Ratios mean something only on footage with as
much in it as a camera in use has; clips of empty rooms decode ten times as fast. The footage is
OpenCV's vtest (Debian package opencv-doc), as H.264 at 768 x 576 and 1920 x 1080; without it the
stored clips are taken, and the ratio is told for information only.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import surveillance_scenery as scenery
import surveillance_streams
from measuring import Clock, fresh, tell

from keiryo.screening.model import Picture
from keiryo.screening.review import review
from keiryo.screening.screen import Screening
from keiryo.screening.sources import open_source

WAYS = ("decode", "screen", "mog2")
FOOTAGE = ("vtest768.mp4", "vtest1080.mp4")
MONTH, MINUTES = 8640, 5
GOALS_MS = {768: 1.0, 1920: 3.0}
"""Added processor time per image that is allowed, in ms, by width."""


def decode(path: Path) -> int:
    """Decode a video; return the number of images."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        return sum(1 for _ in container.decode(video=0))


def screen(path: Path) -> int:
    """Screen a video or a folder as the command does; return the number of images."""
    source, screening, count = open_source(path), Screening(), 0
    for picture in source.pictures():
        if isinstance(picture, Picture):
            screening.see(picture)
            count += 1
    screening.finish()
    source.close()
    return count


def mog2(path: Path) -> int:
    """Decode a video and run OpenCV's MOG2 with its defaults on it; return the images."""
    subtractor, count = cv2.createBackgroundSubtractorMOG2(), 0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        for frame in container.decode(video=0):
            subtractor.apply(frame.to_ndarray(format="bgr24"))
            count += 1
    return count


def review_month(folder: Path) -> int:
    """Review a folder of images as the command does; return the number of images."""
    found = review(folder, interval_s=60.0 * MINUTES, start=None, mask=None, declared=None)
    return int(found.to_dict()["frames"])


def month_images(count: int) -> Iterator[scenery.Image]:
    """Give the images of a month: days and nights, and now and then somebody."""
    recipe = surveillance_streams.Recipe(
        "month",
        surveillance_streams.PTI,
        "room",
        count,
        {"visit": max(1, count // 400)},
        weather=("daylight",),
        noise_sigma=2.0,
        sparse=True,
    )
    return surveillance_streams.Stream(recipe).scenes()


def write_month(folder: Path, count: int) -> int:
    """Write JPEG images of every five minutes, named by their times; return their bytes."""
    began = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    written = 0
    for n, image in enumerate(month_images(count)):
        at = began + datetime.timedelta(minutes=MINUTES * n)
        path = folder / f"{at:%Y%m%dT%H%M%SZ}.jpg"
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 70])
        written += path.stat().st_size
    return written


def files(folder: Path | None) -> list[Path]:
    """Return the footage to measure on."""
    found = [folder / name for name in FOOTAGE] if folder else []
    found = [path for path in found if path.exists()]
    return found or [scenery.CLIPS / scenery.PERSONS, scenery.CLIPS / scenery.BOTTLES]


def measured(path: Path, times: int) -> dict[str, Any]:
    """Return the figures of one file; the ways take turns, so that all meet the same load."""
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(times):
        for way in WAYS:
            runs[way].append(fresh("surveillance_speed.py", way, path))
    told: dict[str, Any] = {}
    for way, many in runs.items():
        quickest = min(many, key=lambda figures: float(figures["processor_seconds"]))
        told[way] = {**quickest, "peak_mb": max(run["peak_mb"] for run in many)}
        seconds = quickest["processor_seconds"]
        told[way]["ms_per_image"] = 1e3 * seconds / quickest["images"]
        told[way]["images_per_second"] = quickest["images"] / seconds
    for way in WAYS[1:]:
        told[way]["over_decoding"] = told[way]["ms_per_image"] / told["decode"]["ms_per_image"]
        told[way]["added_ms"] = told[way]["ms_per_image"] - told["decode"]["ms_per_image"]
    with av.open(str(path)) as container:
        told["width"] = container.streams.video[0].codec_context.width
    return told


def measure(footage: Path | None = None, times: int = 3, month: int = 864) -> dict[str, Any]:
    """Return the figures of all files, and of a month of so many images."""
    found: dict[str, Any] = {
        "files": {path.name: measured(path, times) for path in files(footage)},
        "footage": footage is not None and all((footage / name).exists() for name in FOOTAGE),
    }
    if month:
        with tempfile.TemporaryDirectory() as folder:
            stored = write_month(Path(folder), month)
            told = fresh("surveillance_speed.py", "month", folder)
        found["month"] = {**told, "stored_mb": stored / 1e6}
        found["month"]["ms_per_image"] = 1e3 * told["processor_seconds"] / told["images"]
    return found


def report(found: dict[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = ["CPU ms per image (images/s of one core), peak memory"]
    for name, told in found["files"].items():
        for way in WAYS:
            row = told[way]
            line = (
                f"  {name:34} {way:7} {row['ms_per_image']:6.2f} ms"
                f" ({row['images_per_second']:5.0f}/s), {row['peak_mb']:4.0f} MB"
            )
            if way != "decode":
                line += f", {row['over_decoding']:.2f} x decoding, + {row['added_ms']:.2f} ms"
            lines.append(line)
    if "month" in found:
        row = found["month"]
        lines.append(
            f"  {row['images']:,} JPEG images: {row['seconds']:.1f} s by the wall,"
            f" {row['processor_seconds']:.1f} s of the processor"
            f" ({row['ms_per_image']:.2f} ms an image), {row['peak_mb']:.0f} MB"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=(*WAYS, "month", "all"))
    parser.add_argument("path", type=Path, help="a file; for all: the folder of the footage")
    parser.add_argument("--month", type=int, default=864, help="images of the month (all: 8640)")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.way == "all":
        print(report(measure(asked.path, month=asked.month)))
        return
    way = {"decode": decode, "screen": screen, "mog2": mog2, "month": review_month}[asked.way]
    with Clock() as clock:
        images = way(asked.path)
    tell(clock, images=images)


if __name__ == "__main__":
    main()
