"""Archives that are sent with images: what is not unpacked, bounds, videos told by their bytes."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest

from keiryo.errors import UsageError
from keiryo.web.pages.cameras_unpacking import Bounds, kind_of, problems_of, unpack


def packed(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 100)
    return target.getvalue()


def entry(name: str, **more: Any) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    for key, value in more.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (entry("../a.png"), "leads out"),
        (entry("a/../../b.png"), "leads out"),
        (entry("/etc/a.png"), "leads out"),
        (entry("..\\a.png"), "leads out"),
        (entry("C:/a.png"), "leads out"),
        (entry("a//b.png"), "leads out"),
        (entry("a\n.png"), "signs"),
        (entry("x" * 300 + ".png"), "too long"),
        (entry("a/" * 20 + "b.png"), "too long"),
        (entry("a.png", external_attr=(stat.S_IFLNK | 0o777) << 16), "no plain file"),
        (entry("a.png", external_attr=(stat.S_IFCHR | 0o666) << 16), "no plain file"),
        (entry("a.png", compress_type=zipfile.ZIP_LZMA), "packed in a way"),
        (entry("manifest.csv"), "no image"),
    ],
)
def test_entries_that_are_not_unpacked(made: zipfile.ZipInfo, words: str, tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(made, b"x")
    found = problems_of(target, Bounds())
    assert words in found[0]
    place, inside = tmp_path / "bad.zip", tmp_path / "inside"
    place.write_bytes(target.getvalue())
    inside.mkdir()
    with pytest.raises(UsageError):
        unpack(place, inside, Bounds(), lambda *_: None)
    assert not list(inside.iterdir()) and len(list(tmp_path.iterdir())) == 2


def test_an_archive_has_bounds(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(1 << 20))
        archive.writestr("b.png", bytes(1 << 20))
    for bounds in (Bounds(entries=1), Bounds(file_bytes=1000), Bounds(all_bytes=1 << 20)):
        assert problems_of(target, bounds), bounds
    lying = target.getvalue().replace((1 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    place, inside = tmp_path / "bomb.zip", tmp_path / "inside"
    place.write_bytes(lying)
    inside.mkdir()
    assert not problems_of(io.BytesIO(lying), Bounds(all_bytes=1 << 19)), "it lies about its sizes"
    with pytest.raises(UsageError):
        unpack(place, inside, Bounds(all_bytes=1 << 19), lambda *_: None)
    assert sum(one.stat().st_size for one in inside.iterdir()) <= 1 << 19
    twice = packed("A.png", "a.png")
    assert "named twice" in " ".join(problems_of(io.BytesIO(twice), Bounds()))
    damaged = bytearray(packed("a.png"))
    damaged[45] ^= 255
    place.write_bytes(damaged)
    with pytest.raises(UsageError, match="damaged"):
        unpack(place, tmp_path, Bounds(), lambda *_: None)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_that_was_damaged_anywhere_is_told_and_nothing_else(
    method: int, tmp_path: Path
) -> None:
    target, random = io.BytesIO(), Random(method)
    with zipfile.ZipFile(target, "w", method) as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", bytes([number]) * 300)
    whole, place = target.getvalue(), tmp_path / "damaged.zip"
    told = 0
    for number in range(400):
        content = bytearray(whole)
        content[random.randrange(len(whole))] = random.randrange(256)
        place.write_bytes(content[: random.choice((len(whole), random.randrange(len(whole)) + 1))])
        inside = tmp_path / str(number)
        inside.mkdir()
        try:
            unpack(place, inside, Bounds(), lambda *_: None)
        except UsageError:
            told += 1
    assert told > 150


def test_a_video_is_told_by_its_bytes() -> None:
    for first in (b"\0\0\0\x18ftypmp42", b"RIFF\0\0\0\0AVI LIST", b"\x1a\x45\xdf\xa3"):
        assert kind_of("x.bin", io.BytesIO(first)) == "video"
    for first in (b"", b"ffconcat version 1.0\nfile a\n", b"v=0\r\n", b"<MPD/>", b"#EXTM3U"):
        assert kind_of("x.mp4", io.BytesIO(first)) is None
