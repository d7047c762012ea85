"""A video file as a source of pictures, decoded by FFmpeg through PyAV.

Times are those of the container, PTS x time base. What cannot be decoded comes in its place as
unreadable, and decoding goes on after it; a frame that the decoder has patched up with what it
guessed counts as unreadable too, since what it shows was not seen by the camera.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from keiryo.errors import Severity
from keiryo.screening.model import Condition, HealthCode, Picture
from keiryo.screening.schedule import usual_interval
from keiryo.screening.sources.planes import frame_planes
from keiryo.screening.sources.source import Lost, Source, Unreadable, times_words

_LIKE = 2.0
"""An interval within this factor of the container's frame spacing is taken from the container."""
_TRUNCATED_FRAMES = 2
_REORDERED_FRAMES = 16
"""By so many frames a decoder may put out frames in another order without a clock being wrong."""
_DEFAULT_RATE = 25.0
_PROBED_PACKETS = 64
_TAIL_FRAMES, _TAIL_S = 3, 1.0
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


class VideoSource(Source):
    """Frames of a video file.

    Parameters
    ----------
    path : Path
    interval_s : float, optional
        Time between two images. If the container's own frame spacing differs from it by more
        than a factor of two, the video is a time lapse and this is the true spacing.
    start : datetime, optional
        When the first frame was taken.
    threads : bool
        Whether to decode on all processors.
    """

    def __init__(
        self,
        path: Path,
        *,
        interval_s: float | None = None,
        start: datetime | None = None,
        threads: bool = False,
    ) -> None:
        super().__init__()
        self.path, self.video = path, True
        self.origin_s = None if start is None else start.timestamp()
        self._threads = threads
        self._frame_s = 1 / _DEFAULT_RATE
        self._scale = 1.0
        self._container: Any = self._opened()
        if self._container is None:
            self.expected = 0
            return
        self._frame_s = self._usual_spacing()
        self.close()
        self._container = self._opened()
        stream = self._stream()
        self.expected = stream.frames or int((_end_s(stream) or 0.0) / self._frame_s) or None
        self.interval_s, self.estimated = self._frame_s, interval_s is None
        if interval_s is None:
            return
        self.interval_s = interval_s
        if not self._frame_s / _LIKE <= interval_s <= self._frame_s * _LIKE:
            self._scale = interval_s / self._frame_s
            self._found(
                "TIME-LAPSE",
                Severity.INFORMATION,
                f"the video gives its frames {self._frame_s:.6g} s apart; they are taken as "
                f"pictures {interval_s:g} s apart, as --interval says",
                "Leave --interval out if the times in the video are the true ones.",
            )

    def _opened(self) -> Any:
        """Return the open file, or None after saying why there is nothing to review."""
        import av
        from av.error import FFmpegError

        try:
            container = av.open(str(self.path), mode="r")
        except (FFmpegError, OSError, ValueError) as error:
            empty = self.path.stat().st_size == 0
            self._nothing("it is empty" if empty else f"it cannot be opened as a video ({error})")
            self.lost = [Lost(0.0, 0.0, 0)]
            return None
        if not container.streams.video:
            container.close()
            self._nothing("there is no video in it")
            return None
        return container

    def _usual_spacing(self) -> float:
        """Return the time between two frames: the median over the first packets."""
        from itertools import islice

        from av.error import FFmpegError

        stream = self._container.streams.video[0]
        stamps: list[int] = []
        try:
            for packet in islice(self._container.demux(stream), _PROBED_PACKETS):
                if packet.pts is not None:
                    stamps.append(packet.pts)
        except (FFmpegError, OSError):
            pass  # it breaks off early: reading tells
        usual = usual_interval(stamps)[0]
        if usual:
            return float(usual * stream.time_base)
        rate = stream.average_rate or stream.guessed_rate
        return float(1 / rate) if rate else 1 / _DEFAULT_RATE

    def _nothing(self, why: str) -> None:
        self._found(
            "NOTHING-TO-REVIEW",
            Severity.FORMAT,
            f"{self.path.name} cannot be reviewed: {why}",
            "Give a whole video file, or a folder of images; fetch a damaged one anew.",
            self.path.name,
        )

    def _stream(self) -> Any:
        stream = self._container.streams.video[0]
        context = stream.codec_context
        context.thread_type = "AUTO" if self._threads else "NONE"
        context.thread_count = 0 if self._threads else 1
        return stream

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def pictures(self) -> Iterator[Picture | Unreadable]:
        """Yield the frames in the order of the recording."""
        if len(self.times):  # a second time, from the beginning
            self.close()
            self._container = self._opened()
        if self._container is None:
            return
        reading = _Reading(self, self._stream(), self._frame_s, self._scale)
        del self.times[:]
        yield from reading.pictures(self._container)
        reading.tell()


def _end_s(stream: Any) -> float | None:
    """Return when the recording ends as the container has it, in seconds from its beginning."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    words = _CLOCK.match(stream.metadata.get("DURATION", ""))
    if words is not None:  # Matroska
        return 3600 * int(words[1]) + 60 * int(words[2]) + float(words[3])
    container = stream.container
    if len(container.streams) == 1 and container.duration:
        return float(container.duration / 1_000_000)
    return None


class _Reading:
    """One passage through a video."""

    def __init__(self, source: VideoSource, stream: Any, frame_s: float, scale: float) -> None:
        self.source, self.stream = source, stream
        self.frame_s, self.scale = frame_s, scale
        self.first: float | None = None
        self.last = 0.0  # time of the newest image as the container has it
        self.shown = 0.0  # the same, never falling
        self.index = 0
        self.packets = 0
        self.waiting: list[tuple[float, str]] = []  # undecoded packets: their time, and why
        self.unreadable: list[float] = []
        self.untimed = 0
        self.same = 0
        self.broken_off: str | None = None
        self.falls: list[tuple[float, float]] = []
        self.newest_packet: float | None = None
        self.falling = 0  # falls in the times of packets that no frame has shown yet
        self.due: set[float] = set()  # times of packets that no frame has come of yet
        self.gone: set[float] = set()  # those that were given up

    def pictures(self, container: Any) -> Iterator[Picture | Unreadable]:
        from av.error import FFmpegError

        packets = container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (FFmpegError, OSError) as error:
                self.broken_off = str(error)
                break
            self.packets += packet.size > 0 or packet.pts is not None
            self._take_note(packet.pts)
            try:
                frames = packet.decode()
            except FFmpegError as error:
                if packet.size:
                    at = self._seconds(packet.pts)
                    self.due.discard(at)
                    self.waiting.append((at, str(error.strerror or error)))
                continue
            for frame in frames:
                yield from self._frame(frame)
        if self.broken_off is not None:  # the decoder may still hold frames
            try:
                for frame in self.stream.codec_context.decode(None):
                    yield from self._frame(frame)
            except FFmpegError:
                self.broken_off += "; the last frames are lost"
        self._swallowed(float("inf"))
        yield from self._missed(float("inf"))

    def _take_note(self, pts: int | None) -> None:
        """Note when a packet is due, and whether the clock of the container fell."""
        if pts is None:
            return
        at = float(pts * self.stream.time_base)
        self.due.add(at)
        newest = self.newest_packet
        if newest is not None and at < newest - _REORDERED_FRAMES * self.frame_s:
            self.falling += 1
            self.gone.clear()
            newest = None
        self.newest_packet = at if newest is None else max(newest, at)

    def _seconds(self, pts: int | None) -> float:
        """Return a time stamp in seconds; if there is none, one frame after the newest."""
        if pts is None:
            self.untimed += 1
            return self.last + self.frame_s if self.index else 0.0
        return float(pts * self.stream.time_base)

    def _frame(self, frame: Any) -> Iterator[Picture | Unreadable]:
        at = self._seconds(frame.pts)
        if at in self.gone:  # its place is taken
            return
        self.due.discard(at)
        self._swallowed(at)
        yield from self._missed(at)
        if frame.is_corrupt:
            yield self._bad(at, "parts of it are lost")
            return
        index, time_s = self._placed(at)
        luma, chroma = frame_planes(frame)
        yield Picture(index, time_s, luma, chroma, None, f"frame {index}")

    def _swallowed(self, before: float) -> None:
        """Count packets of a damaged stretch of which no frame came as not decoded."""
        if self.falling:
            self.due.clear()
        gone = {at for at in self.due if at < before}
        self.due -= gone
        if self.unreadable or self.waiting:
            self.waiting += [(at, "no picture came of it") for at in gone]
            self.gone |= gone

    def _missed(self, before: float) -> Iterator[Unreadable]:
        """Yield the packets that could not be decoded and lie before a time."""
        if not self.waiting:
            return
        self.waiting.sort()
        while self.waiting and self.waiting[0][0] < before:
            at, reason = self.waiting.pop(0)
            yield self._bad(at, reason)

    def _bad(self, at: float, reason: str) -> Unreadable:
        index, time_s = self._placed(at)
        self.unreadable.append(self.source.times[-1])
        return Unreadable(index, time_s, f"frame {index}", reason)

    def _placed(self, at: float) -> tuple[int, float]:
        """Give an image its number and time; note a time that falls or stands still."""
        if self.first is None:
            self.first = self.last = at
        step = at - self.last
        if self.index and self.falling and step < -_REORDERED_FRAMES * self.frame_s:
            self.falling -= 1
            self._fell(at)
            step = self.frame_s
        elif self.index and step < 0:  # a damaged stretch can come out of the decoder disordered
            self._append(at)
            return self._numbered(0.0, self.last)
        elif self.index and step == 0:
            self.same += 1
        self._append(at)
        return self._numbered(step, at)

    def _append(self, at: float) -> None:
        self.source.times.append(round((at - (self.first or 0.0)) * self.scale, 6))

    def _numbered(self, step: float, newest: float) -> tuple[int, float]:
        self.last = newest
        self.shown += step * self.scale
        self.index += 1
        return self.index - 1, round(self.shown, 6)

    def _fell(self, at: float) -> None:
        assert self.first is not None
        before = (self.last - self.first) * self.scale
        after = (at - self.first) * self.scale
        self.falls.append((before, after))
        self.source.time_jumps.append(
            Condition(
                HealthCode.TIME_JUMP,
                self.index - 1,
                self.index,
                round(after, 6),
                round(before, 6),
                after - before,
                0.0,
            )
        )

    def tell(self) -> None:
        """Write down what was odd."""
        found = self.source._found
        name = self.source.path.name
        if not self.index:
            self.source._nothing("there is not one frame in it")
            return
        if self.unreadable:
            found(
                "VIDEO-DAMAGED",
                Severity.WARNING,
                f"{len(self.unreadable)} frames cannot be decoded whole, at "
                f"{times_words(self.unreadable)}",
                "Fetch the video anew; what these frames show is not known.",
                name,
            )
        if self.falls:
            words = times_words(before for before, _ in self.falls)
            found(
                "CLOCK-BACKWARD",
                Severity.WARNING,
                f"the times of the frames fall back, at {words}",
                "Find out when the clock was set back; what was seen then stands at two times.",
                name,
            )
        if self.untimed:
            found(
                "FRAMES-WITHOUT-TIMES",
                Severity.WARNING,
                f"{self.untimed} frames carry no time; they are put {self.frame_s:.6g} s after "
                "the one before",
                "Gaps cannot be seen between such frames: use a container that keeps times.",
                name,
            )
        if self.same:
            found(
                "SAME-TIME-TWICE",
                Severity.WARNING,
                f"{self.same} frames have the time of the one before",
                "Find out what wrote the video; the order of the recording is kept.",
                name,
            )
        self._tell_truncated(name)

    def _tell_truncated(self, name: str) -> None:
        """Write down what the recording says it has beyond the last frame that came."""
        end = _end_s(self.stream)
        newest = max(self.source.times)
        until = newest if end is None else max(newest, (end - self.frame_s) * self.scale)
        told = self.stream.frames
        if told:
            lacking = told - self.packets
            if end is not None and until - newest < _TRUNCATED_FRAMES * self.frame_s * self.scale:
                lacking = 0  # AVI counts places for frames, not frames
        else:
            lacking = round((until - newest) / (self.frame_s * self.scale))
            if until - newest <= max(_TAIL_FRAMES * self.frame_s, _TAIL_S) * self.scale:
                lacking = 0
        if lacking < _TRUNCATED_FRAMES and self.broken_off is None:
            return
        if lacking > 0:
            self.source.lost.append(Lost(newest, round(until, 6), lacking))
            words = f"{self.packets} of {told or self.packets + lacking} frames are there"
        else:
            words = str(self.broken_off)
        self.source._found(
            "VIDEO-TRUNCATED",
            Severity.WARNING,
            f"the video breaks off: {words}; nothing is known after {newest:.6g} s",
            "Fetch the video anew; the rest counts as missing.",
            name,
        )
