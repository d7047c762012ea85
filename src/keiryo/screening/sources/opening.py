"""Opening what is to be screened: a folder of images, one image, or a video file."""

from __future__ import annotations

import os
from datetime import datetime
from math import isfinite
from pathlib import Path

from keiryo.errors import NotFoundError, UsageError
from keiryo.screening.sources.folder import FolderSource
from keiryo.screening.sources.picture_files import ENDINGS
from keiryo.screening.sources.source import Source
from keiryo.screening.sources.video import VideoSource


def open_source(
    path: str | Path,
    *,
    interval_s: float | None = None,
    start: datetime | None = None,
    threads: bool = False,
) -> Source:
    """Open a video file or a folder of images.

    Parameters
    ----------
    path : str or Path
    interval_s : float, optional
        Time between two images in seconds, where the schedule is known.
    start : datetime, optional
        When the first image was taken, with a time zone.
    threads : bool
        Whether to decode a video on all processors; by default on one.

    Raises
    ------
    NotFoundError
        If nothing is there.
    UsageError
        If it may not be read, or the interval is no positive number.
    """
    place = Path(path)
    if interval_s is not None and not (isfinite(interval_s) and interval_s > 0):
        raise UsageError(
            f"{interval_s} is no time between two images", "Give seconds greater than 0."
        )
    if start is not None and start.utcoffset() is None:
        raise UsageError(
            "the start is a local time without an offset",
            "Write the offset or Z: 2026-01-14T10:30:00+09:00.",
        )
    try:
        exists = place.exists()
    except OSError:
        exists = True
    if not exists:
        raise NotFoundError(
            f"{place} is not there", "Give the path of a video file or of a folder of images."
        )
    if not os.access(place, os.R_OK | (os.X_OK if place.is_dir() else 0)):
        raise UsageError(f"{place} may not be read", "Ask for the right to read it, or copy it.")
    if place.is_dir() or place.suffix.lower() in ENDINGS:
        return FolderSource(place, interval_s=interval_s, start=start)
    if not place.is_file():
        raise UsageError(
            f"{place} is neither a file nor a folder",
            "Give the path of a video file or of a folder of images.",
        )
    return VideoSource(place, interval_s=interval_s, start=start, threads=threads)
