"""Video files: the file is kept once, and each frame has a line of its own with its time.

One line for each frame is what the tally of a review counts. That is right for clips and for time
lapse; hours at 30 frames per second (108 000 lines each) are another kind of recording, and are
refused beyond a bound rather than thinned out, since a frame that has no line would be neither
reviewed nor missing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keiryo.errors import Finding, UsageError
from keiryo.screening.sources import open_source
from keiryo.screening.sources.source import Unreadable
from keiryo.surveillance.ingest_record import Arrived

MAX_FRAMES = 200_000
"""Frames of one file that are taken in: nearly two hours at 30 per second."""

Say = Callable[[int, int, str], None]


def read_video(
    path: Path,
    digest: str,
    *,
    start: datetime | None = None,
    interval_s: float | None = None,
    progress: Say | None = None,
) -> tuple[list[Arrived], list[Finding]]:
    """Return the frames of a video, each with the time that the camera states.

    Parameters
    ----------
    path : Path
    digest : str
        SHA-256 of the file.
    start : datetime, optional
        When the first frame was taken by the camera's clock; default: what the file says.
    interval_s : float, optional
        True spacing of the frames, where the video is a time lapse.
    progress : callable, optional
        Called with (frames read, frames in all, file name).

    Raises
    ------
    UsageError
        If nothing tells when it begins, if it has no frames, or more than `MAX_FRAMES`.
    """
    begin = start or _stated_start(path)
    if begin is None:
        raise UsageError(
            f"nothing tells when {path.name} begins",
            "Give --start with the time that the camera showed, e.g. 2026-03-01T08:00:00Z.",
        )
    source, frames = open_source(path, interval_s=interval_s, start=begin), []
    try:
        expected = source.expected or 0
        if expected > MAX_FRAMES:
            raise _too_long(path)
        size = path.stat().st_size
        for one in source.pictures():
            if one.index >= MAX_FRAMES:
                raise _too_long(path)
            if progress is not None and one.index % 64 == 0:
                progress(min(one.index, expected), max(expected, one.index + 1), path.name)
            frames.append(
                Arrived(
                    f"{path.name} frame {one.index}",
                    digest,
                    size,
                    begin + timedelta(seconds=round(one.time_s, 6)),
                    unreadable=one.reason if isinstance(one, Unreadable) else None,
                    frame=one.index,
                )
            )
        if progress is not None:
            progress(1, 1, "")
    finally:
        source.close()
    if not frames:
        told = "; ".join(one.message for one in source.findings)
        raise UsageError(
            f"{path.name} has no frames" + (f": {told}" if told else ""),
            "Give a whole video file, or a folder of images; fetch a damaged one anew.",
        )
    return frames, list(source.findings)


def _stated_start(path: Path) -> datetime | None:
    """Return when a video begins, if its file says so with an offset from UTC."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path), mode="r") as container:
            told = str(container.metadata.get("creation_time", ""))
    except (FFmpegError, OSError, ValueError):
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return None if moment.utcoffset() is None else moment.astimezone(UTC)


def _too_long(path: Path) -> UsageError:
    return UsageError(
        f"{path.name} has more than {MAX_FRAMES} frames",
        "Hours of video at full rate are not taken in: cut it, or have the camera take pictures "
        "at intervals.",
    )
