"""Video files as they come: whole, broken off, damaged, with odd times, or no videos at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keiryo.errors import NotFoundError, UsageError
from keiryo.screening.model import HealthCode, Picture
from keiryo.screening.sources import Source, Unreadable, open_source
from screening.made_pictures import CLIPS, audio, image, video

FRAMES = [image(n) for n in range(40)]


def read(path: Path, **named: Any) -> tuple[Source, list[Picture | Unreadable]]:
    source = open_source(path, **named)
    pictures = list(source.pictures())
    source.close()
    return source, pictures


def codes(source: Source) -> list[str]:
    return [finding.code for finding in source.findings]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_whole_video(tmp_path: Path, ending: str) -> None:
    source, pictures = read(video(tmp_path / f"a.{ending}", FRAMES))
    assert [p.time_s for p in pictures] == pytest.approx([n / 10 for n in range(40)], abs=1e-3)
    assert [p.index for p in pictures] == list(range(40))
    assert list(source.times) == [p.time_s for p in pictures]
    assert source.interval_s == pytest.approx(0.1) and not codes(source)
    first = pictures[0]
    assert isinstance(first, Picture) and first.luma.shape == (120, 160)
    assert first.chroma is not None and first.chroma[0].shape == (60, 80)
    assert np.abs(first.luma.astype(int) - FRAMES[0]).mean() < 8


def test_b_frames_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    source, pictures = read(video(tmp_path / "b.mp4", FRAMES, options={"bf": "3"}))
    assert [p.time_s for p in pictures] == [n / 10 for n in range(40)] and not codes(source)


def test_a_picture_stays_after_the_next_was_read(tmp_path: Path) -> None:
    source = open_source(video(tmp_path / "a.mp4", FRAMES))
    reading = source.pictures()
    first = next(reading)
    assert isinstance(first, Picture)
    before = first.luma.copy()
    list(reading)
    assert (first.luma == before).all()
    source.close()


def test_a_second_reading_is_the_same(tmp_path: Path) -> None:
    source = open_source(video(tmp_path / "a.mp4", FRAMES))
    list(source.pictures())
    again = dict(source.some([3, 17, 999]))
    assert sorted(again) == [3, 17] and again[17].time_s == 1.7
    source.close()


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    pts = [n * 100 + (n % 3) * 20 for n in range(40)]
    source, pictures = read(video(tmp_path / "v.mp4", FRAMES, pts=pts))
    assert [p.time_s for p in pictures] == pytest.approx([t / 1000 for t in pts])
    assert not codes(source)


def test_a_gap_in_the_times_is_kept(tmp_path: Path) -> None:
    pts = [n * 100 + (3_600_000 if n >= 20 else 0) for n in range(40)]
    source, pictures = read(video(tmp_path / "g.mp4", FRAMES, pts=pts))
    assert pictures[20].time_s - pictures[19].time_s == pytest.approx(3600.1)
    assert source.interval_s == pytest.approx(0.1) and not codes(source)


def test_a_time_lapse_takes_the_interval(tmp_path: Path) -> None:
    path = video(tmp_path / "t.mp4", FRAMES)
    source, pictures = read(path, interval_s=600.0)
    assert [p.time_s for p in pictures] == [600.0 * n for n in range(40)]
    assert (source.interval_s, codes(source)) == (600, ["TIME-LAPSE"])
    source, pictures = read(path, interval_s=0.15)
    assert pictures[1].time_s == 0.1 and source.interval_s == 0.15 and not codes(source)


def test_a_gap_of_a_time_lapse_grows_with_it(tmp_path: Path) -> None:
    pts = [n * 100 + (500 if n >= 20 else 0) for n in range(40)]
    _, pictures = read(video(tmp_path / "t.mp4", FRAMES, pts=pts), interval_s=600.0)
    assert pictures[20].time_s - pictures[19].time_s == pytest.approx(6 * 600)


@pytest.mark.parametrize(("ending", "flags"), [("mp4", {"movflags": "faststart"}), ("mkv", {})])
def test_a_video_that_breaks_off(tmp_path: Path, ending: str, flags: dict[str, str]) -> None:
    path = video(tmp_path / f"a.{ending}", FRAMES, container_options=flags)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    source, pictures = read(path)
    assert 0 < len(pictures) < 40 and "VIDEO-TRUNCATED" in codes(source)
    (lost,) = source.lost
    assert lost.from_s == pictures[-1].time_s and lost.to_s == pytest.approx(3.9, abs=0.11)


def test_a_damaged_video_goes_on(tmp_path: Path) -> None:
    data = bytearray((CLIPS / "bottle-detection.mp4").read_bytes())
    data[200_000:215_000] = bytes(15_000)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    source = open_source(path)
    bad, shown = [], []
    for one in source.pictures():
        shown.append(one.time_s)
        if isinstance(one, Unreadable):
            bad.append(one)
    assert len(shown) == 1189 and 5 < len(bad) < 400 and bad[-1].index < 1188
    assert all(p.reason and 10 < p.time_s < 40 for p in bad)
    assert codes(source) == ["VIDEO-DAMAGED"] and not source.time_jumps
    assert len(set(source.times)) == 1189 and shown == sorted(shown)


def test_times_that_fall(tmp_path: Path) -> None:
    once = video(tmp_path / "a.ts", FRAMES).read_bytes()
    (tmp_path / "twice.ts").write_bytes(once + once)
    source, pictures = read(tmp_path / "twice.ts")
    assert codes(source) == ["CLOCK-BACKWARD"]
    assert [p.time_s for p in pictures] == pytest.approx([n / 10 for n in range(80)], abs=1e-3)
    assert source.times[40] == pytest.approx(0, abs=1e-3)
    (jump,) = source.time_jumps
    assert (jump.code, jump.first, jump.last) == (HealthCode.TIME_JUMP, 39, 40)
    assert (jump.from_s, jump.to_s) == pytest.approx((0, 3.9), abs=1e-3)


def test_two_frames_at_one_time(tmp_path: Path) -> None:
    pts = [n * 100 for n in range(40)]
    pts[20] = 1900
    source, pictures = read(video(tmp_path / "d.mkv", FRAMES, pts=pts))
    assert len(pictures) == 40 and codes(source) == ["SAME-TIME-TWICE"]


def test_frames_without_times(tmp_path: Path) -> None:
    source, pictures = read(video(tmp_path / "raw.h264", FRAMES))
    assert len(pictures) == 40 and "FRAMES-WITHOUT-TIMES" in codes(source)
    assert pictures[1].time_s > 0


def test_nothing_to_review(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "words.mp4").write_text("no video\n" * 50)
    whole = video(tmp_path / "a.mp4", FRAMES).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])  # its index stood at the end
    for path in (*(tmp_path / f"{n}.mp4" for n in ("empty", "words", "half")),):
        source, pictures = read(path)
        assert (pictures, codes(source)) == ([], ["NOTHING-TO-REVIEW"])
        assert str(source.findings[0].severity) == "F"
    source, pictures = read(audio(tmp_path / "sound.m4a"))
    assert (pictures, codes(source)) == ([], ["NOTHING-TO-REVIEW"])


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        open_source(tmp_path / "none.mp4")
    path = video(tmp_path / "a.mp4", FRAMES[:3])
    for interval in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError):
            open_source(path, interval_s=interval)
    with pytest.raises(UsageError):
        open_source(path, start=datetime(2026, 1, 1))
    source = open_source(path, start=datetime(1970, 1, 2, tzinfo=UTC), threads=True)
    assert source.origin_s == 86400 and len(list(source.pictures())) == 3
    source.close()


@pytest.mark.parametrize(("codec", "ending"), [("mjpeg", "mkv"), ("mpeg4", "mp4"), ("ffv1", "mkv")])
def test_other_codecs(tmp_path: Path, codec: str, ending: str) -> None:
    path = video(tmp_path / f"a.{ending}", FRAMES[:10], codec=codec, options={"strict": "-1"})
    source, pictures = read(path)
    assert len(pictures) == 10 and not codes(source)
    first = pictures[0]
    assert isinstance(first, Picture)
    assert np.abs(first.luma.astype(int) - FRAMES[0]).mean() < 8


def test_a_stored_clip() -> None:
    source = open_source(CLIPS / "bottle-detection.mp4")
    assert sum(isinstance(one, Picture) for one in source.pictures()) == 1189
    assert source.times[-1] == pytest.approx(39.821229) and not codes(source)
    assert source.interval_s == pytest.approx(6 / 179)
    source.close()
