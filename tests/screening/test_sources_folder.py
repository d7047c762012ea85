"""Folders of images as they come: times from wherever there are any, and every kind of trouble."""

from __future__ import annotations

import io
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from keiryo.errors import UsageError
from keiryo.screening.model import Picture
from keiryo.screening.sources import Source, Unreadable, open_source
from keiryo.screening.sources.picture_files import Decoder, PictureError, read_header
from screening.made_pictures import BEGIN, at, folder, image, jpeg, stamp


def read(place: Path, **named: Any) -> tuple[Source, list[Picture | Unreadable]]:
    source = open_source(place, **named)
    pictures = list(source.pictures())
    source.close()
    return source, pictures


def codes(source: Source) -> list[str]:
    return [f.code for f in source.findings if f.code != "INTERVAL-ESTIMATED"]


def exif_folder(place: Path, moments: list[datetime], offset: str | None = "+00:00") -> Path:
    for n, moment in enumerate(moments):
        (place / f"IMG_{n:04d}.JPG").write_bytes(jpeg(image(n), moment, offset))
    return place


def test_times_from_names(tmp_path: Path) -> None:
    source, pictures = read(folder(tmp_path, 5))
    assert [p.time_s for p in pictures] == [0, 600, 1200, 1800, 2400]
    assert source.origin_s == BEGIN.timestamp() and source.interval_s == 600
    assert [f.code for f in source.findings] == ["INTERVAL-ESTIMATED"]
    first = pictures[0]
    assert isinstance(first, Picture) and first.luma.shape == (120, 160)
    assert first.chroma is not None
    assert np.abs(first.luma.astype(int) - image(0)).mean() < 3
    source, _ = read(tmp_path, interval_s=600.0)
    assert not source.findings
    source, _ = read(tmp_path, interval_s=300.0)
    assert codes(source) == ["INTERVAL-DISAGREES"]


def test_times_from_exif(tmp_path: Path) -> None:
    source, pictures = read(exif_folder(tmp_path, [at(n) for n in (0, 1, 3, 4)]))
    assert [p.time_s for p in pictures] == [0, 600, 1800, 2400]
    assert "TIMES-LOCAL" not in codes(source)


def test_times_without_offset(tmp_path: Path) -> None:
    source, _ = read(exif_folder(tmp_path, [at(n) for n in range(3)], None))
    assert codes(source) == ["TIMES-LOCAL"]
    (tmp_path / "IMG_0002.JPG").write_bytes(jpeg(image(9), at(2)))
    source, _ = read(tmp_path)
    assert next((f.code, str(f.severity)) for f in source.findings) == ("TIMES-LOCAL", "W")


def test_exif_and_names_that_disagree(tmp_path: Path) -> None:
    for n in range(4):
        taken = at(n) + timedelta(seconds=40 if n == 2 else 0)
        (tmp_path / f"{stamp(at(n))}.jpg").write_bytes(jpeg(image(n), taken))
    source, _ = read(tmp_path, interval_s=600.0)
    assert codes(source) == ["TIMES-DISAGREE"]


def test_times_from_the_disk_only_if_they_look_like_a_schedule(tmp_path: Path) -> None:
    for n in range(5):
        path = tmp_path / f"{'abcde'[n]}.jpg"
        path.write_bytes(jpeg(image(n)))
        os.utime(path, (1_768_386_600 + 60 * n,) * 2)
    source, pictures = read(tmp_path)
    assert codes(source) == ["TIMES-FROM-DISK"] and pictures[1].time_s == 60
    for path in tmp_path.iterdir():
        os.utime(path, (1_768_386_600,) * 2)
    source, pictures = read(tmp_path)
    assert codes(source) == ["TIMES-ASSUMED"] and pictures[1].time_s == 1
    source, pictures = read(tmp_path, interval_s=30.0)
    assert codes(source) == ["TIMES-BY-ORDER"] and pictures[4].time_s == 120


def test_numbers_counted_up_show_what_is_missing(tmp_path: Path) -> None:
    for n in (8, 9, 10, 13):
        (tmp_path / f"img{n}.jpg").write_bytes(jpeg(image(n)))
    source, pictures = read(tmp_path, interval_s=10.0)
    assert [(p.name, p.time_s) for p in pictures] == [
        ("img8.jpg", 0),
        ("img9.jpg", 10),
        ("img10.jpg", 20),
        ("img13.jpg", 50),
    ]
    assert not codes(source)


def test_some_images_tell_no_time(tmp_path: Path) -> None:
    exif_folder(tmp_path, [at(n) for n in range(5)])
    (tmp_path / "IMG_0002.JPG").write_bytes(jpeg(image(2)))
    source, pictures = read(tmp_path)
    assert codes(source) == ["TIME-MISSING"]
    assert [p.time_s for p in pictures] == [0, 600, 1200, 1800, 2400]
    for n in (0, 1, 3):
        (tmp_path / f"IMG_{n:04d}.JPG").write_bytes(jpeg(image(n)))
    source, _ = read(tmp_path, interval_s=5.0)
    assert codes(source) == ["TIME-MISSING"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""),
        ("words", b"this is no image\n" * 40),
        ("broken off", jpeg(image(7))[:2500]),
        ("header only", jpeg(image(7))[:100]),
    ],
)
def test_an_unreadable_image_keeps_its_place(tmp_path: Path, name: str, data: bytes) -> None:
    folder(tmp_path, 4)
    (tmp_path / f"cam1_{stamp(at(2))}.jpg").write_bytes(data)
    source, pictures = read(tmp_path)
    assert [isinstance(p, Unreadable) for p in pictures] == [False, False, True, False], name
    assert pictures[2].time_s == 1200 and codes(source) == ["IMAGE-UNREADABLE"]


def test_other_formats(tmp_path: Path) -> None:
    levels = image(1)
    for n, ending in enumerate(("png", "TIFF", "bmp", "webp", "tif", "jpeg")):
        out = io.BytesIO()
        kind = {"TIFF": "TIFF", "tif": "TIFF", "jpeg": "JPEG"}.get(ending, ending)
        Image.fromarray(levels).convert("RGB").save(out, kind.upper())
        (tmp_path / f"{stamp(at(n))}.{ending}").write_bytes(out.getvalue())
    source, pictures = read(tmp_path)
    assert len(pictures) == 6 and not codes(source)
    for picture in pictures:
        assert isinstance(picture, Picture) and picture.luma.shape == (120, 160)
        assert np.abs(picture.luma.astype(int) - levels).mean() < 6


def test_broken_png_and_tiff(tmp_path: Path) -> None:
    folder(tmp_path, 2)
    for n, kind in ((2, "PNG"), (3, "TIFF"), (4, "BMP")):
        out = io.BytesIO()
        Image.fromarray(image(n)).save(out, kind)
        name = f"cam1_{stamp(at(n))}.{kind.lower()}"
        (tmp_path / name).write_bytes(out.getvalue()[:-4000])
    _, pictures = read(tmp_path)
    assert [isinstance(p, Unreadable) for p in pictures] == [False] * 2 + [True] * 3


def test_grey_sixteen_bit_and_alpha(tmp_path: Path) -> None:
    levels = image(1)
    made = {
        "grey": Image.fromarray(levels),
        "deep": Image.fromarray(levels.astype(np.uint16) << 8),
        "alpha": Image.merge("LA", [Image.fromarray(levels)] * 2),
        "few": Image.fromarray(levels).convert("P"),
    }
    for name, picture in made.items():
        out = io.BytesIO()
        picture.save(out, "PNG")
        luma = Decoder().decode(out.getvalue()).luma
        assert luma.shape == levels.shape, name
        assert np.abs(luma.astype(int) - levels).mean() < 12, name


def test_a_large_jpeg_is_decoded_smaller_and_keeps_its_digest() -> None:
    large = np.kron(image(1, width=640, height=480), np.ones((12, 12), np.uint8))
    told = Decoder().decode(jpeg(large))
    assert told.luma.shape == (720, 960) and told.digest is not None
    again = Decoder().decode(jpeg(large, at(3)))  # another time, the same picture
    assert again.digest == told.digest
    assert Decoder().decode(jpeg(large[::-1])).digest != told.digest


def test_damaged_data_inside_a_jpeg_are_noticed() -> None:
    rng = np.random.default_rng(2)
    whole = jpeg(image(1, width=640, height=480))
    found = 0
    for at_byte in rng.integers(2000, len(whole) - 400, 20):
        data = bytearray(whole)
        data[at_byte : at_byte + 200] = rng.integers(0, 256, 200, np.uint8).tobytes()
        try:
            Decoder().decode(bytes(data))
        except PictureError:
            found += 1
    assert found >= 16


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {"progressive": True}),
        ("RGB", {"subsampling": 0, "quality": 100}),
        ("CMYK", {}),
        ("L", {}),
    ],
)
def test_kinds_of_jpeg(mode: str, options: dict[str, Any]) -> None:
    for width in (160, 2000):
        levels = image(1, width=width, height=120)
        out = io.BytesIO()
        Image.fromarray(levels).convert("RGB").convert(mode).save(out, "JPEG", **options)
        luma = Decoder().decode(out.getvalue()).luma
        if width == 160:
            assert np.abs(luma.astype(int) - levels).mean() < 4
        assert luma.shape[1] == width // (2 if width == 2000 else 1)


def test_several_pictures_in_one_file() -> None:
    out = io.BytesIO()
    pages = [Image.fromarray(image(n)) for n in range(3)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(PictureError, match="3 pictures"):
        Decoder().decode(out.getvalue())


def test_sizes_that_do_not_fit() -> None:
    tiny = Decoder().decode(jpeg(np.zeros((1, 1), np.uint8)))
    assert tiny.luma.shape == (1, 1)
    whole = bytearray(jpeg(image(1)))
    at_size = whole.index(b"\xff\xc0") + 5
    whole[at_size : at_size + 4] = struct.pack(">HH", 60_000, 60_000)
    for data in (bytes(whole), _png_of(100_000, 100_000)):
        with pytest.raises(PictureError):
            read_header(data)
        with pytest.raises(PictureError):
            Decoder().decode(data)


def _png_of(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[16:24] = struct.pack(">II", width, height)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def test_what_else_lies_in_the_folder(tmp_path: Path) -> None:
    folder(tmp_path, 3)
    (tmp_path / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "more.jpg").mkdir()
    source, pictures = read(tmp_path)
    assert len(pictures) == 3 and codes(source) == ["FILES-IGNORED"]


def test_an_empty_folder(tmp_path: Path) -> None:
    source, pictures = read(tmp_path)
    assert (pictures, codes(source)) == ([], ["NOTHING-TO-REVIEW"])


def test_one_image_and_links(tmp_path: Path) -> None:
    folder(tmp_path / "real", 3)
    one = next((tmp_path / "real").iterdir())
    _, pictures = read(one)
    assert len(pictures) == 1
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in (tmp_path / "real").iterdir():
        (linked / path.name).symlink_to(path)
    (linked / f"cam1_{stamp(at(3))}.jpg").symlink_to(tmp_path / "gone.jpg")
    source, pictures = read(linked)
    assert [isinstance(p, Unreadable) for p in pictures] == [False] * 3 + [True]
    assert codes(source) == ["IMAGE-UNREADABLE"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    place = folder(tmp_path / "locked", 1)
    place.chmod(0)
    with pytest.raises(UsageError):
        open_source(place)
    place.chmod(0o700)


def test_an_image_that_came_twice(tmp_path: Path) -> None:
    folder(tmp_path, 3)
    first = tmp_path / f"cam1_{stamp(at(0))}.jpg"
    (tmp_path / f"cam1_{stamp(at(0))} (1).jpg").write_bytes(first.read_bytes())
    (tmp_path / f"cam1_{stamp(at(1))} - Copy.jpg").write_bytes(first.read_bytes())
    source, pictures = read(tmp_path)
    assert (len(pictures), source.duplicates, codes(source)) == (3, 2, ["IMAGE-TWICE"])


def test_equal_images_at_different_times_are_no_duplicates(tmp_path: Path) -> None:
    data = jpeg(image(0))
    for n in range(4):
        (tmp_path / f"cam1_{stamp(at(n))}.jpg").write_bytes(data)
    source, pictures = read(tmp_path)
    assert len(pictures) == 4 and not codes(source)


def test_two_images_at_one_time(tmp_path: Path) -> None:
    exif_folder(tmp_path, [at(n) for n in (0, 1, 2, 2, 3, 4)])
    source, pictures = read(tmp_path, interval_s=600.0)
    assert len(pictures) == 6 and "SAME-TIME-TWICE" in codes(source)


def test_a_clock_set_back(tmp_path: Path) -> None:
    moments = [at(n) - timedelta(seconds=1800 if n >= 10 else 0) for n in range(20)]
    source, pictures = read(exif_folder(tmp_path, moments))
    assert "CLOCK-BACKWARD" in codes(source) and len(pictures) == 20
    (jump,) = source.time_jumps
    assert (jump.from_s, jump.to_s) == (4200, 5400)
    assert [p.time_s for p in pictures] == sorted(p.time_s for p in pictures)


def test_a_clock_set_ahead(tmp_path: Path) -> None:
    moments = [at(n) + timedelta(seconds=7200 if n >= 10 else 0) for n in range(20)]
    source, _ = read(exif_folder(tmp_path, moments))
    assert codes(source) == ["CLOCK-FORWARD"]
    assert [(j.from_s, j.to_s) for j in source.time_jumps] == [(5400, 13200)]


def test_missing_numbers_are_a_gap_and_no_jump(tmp_path: Path) -> None:
    exif_folder(tmp_path, [at(n) for n in range(20)])
    for n in range(10, 14):
        (tmp_path / f"IMG_{n:04d}.JPG").unlink()
    source, _ = read(tmp_path)
    assert not codes(source) and not source.time_jumps


def test_numbers_that_contradict_the_times(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(30)
    exif_folder(tmp_path, [at(int(n)) for n in order])
    source, _ = read(tmp_path)
    assert codes(source) == ["ORDER-DISAGREES"] and not source.time_jumps


@pytest.mark.parametrize("ahead", [True, False])
def test_daylight_saving(tmp_path: Path, ahead: bool) -> None:
    """Local times: 02:00 becomes 03:00 on 29 March, 03:00 becomes 02:00 on 25 October 2026."""
    begin = datetime(2026, 3, 29, 0, 0, tzinfo=UTC) if ahead else datetime(2025, 10, 26, tzinfo=UTC)
    change = 3600 if ahead else -3600
    moments = [
        begin + timedelta(seconds=600 * n + (change if n >= 12 + 6 * (not ahead) else 0))
        for n in range(30)
    ]
    source, _ = read(exif_folder(tmp_path, moments, None))
    assert "CLOCK-DST" in codes(source)
    assert ("CLOCK-FORWARD" if ahead else "CLOCK-BACKWARD") in codes(source)


def test_a_clock_that_was_never_set(tmp_path: Path) -> None:
    moments = [at(n) if n != 4 else datetime(1980, 1, 1, tzinfo=UTC) for n in range(8)]
    source, pictures = read(exif_folder(tmp_path, moments))
    assert codes(source) == ["CLOCK-IMPLAUSIBLE"]
    assert [p.time_s for p in pictures] == [600 * n for n in range(8)]
    assert [(j.from_s, j.to_s) for j in source.time_jumps] == [(1800, 3000)]
    for path in tmp_path.iterdir():
        path.unlink()
    source, pictures = read(
        exif_folder(tmp_path, [datetime(2099, 1, 1, 0, n, tzinfo=UTC) for n in range(3)])
    )
    assert codes(source) == ["CLOCK-IMPLAUSIBLE"] and pictures[1].time_s == 60


def test_uneven_times(tmp_path: Path) -> None:
    for n in (0, 10, 17, 60, 200, 204):
        (tmp_path / f"{stamp(BEGIN + timedelta(seconds=n))}.jpg").write_bytes(jpeg(image(n)))
    source, _ = read(tmp_path)
    assert codes(source) == ["INTERVAL-IRREGULAR"]


def test_a_folder_that_grows(tmp_path: Path) -> None:
    source = open_source(folder(tmp_path, 3))
    (tmp_path / "new.jpg").write_bytes(jpeg(image(9)))
    assert len(list(source.pictures())) == 3
    assert codes(source) == ["FOLDER-GROWS"]


def test_the_start_is_given(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    source, pictures = read(folder(tmp_path, 3), start=start)
    assert source.origin_s == start.timestamp() and pictures[1].time_s == 600


def test_pictures_again(tmp_path: Path) -> None:
    source = open_source(folder(tmp_path, 5))
    assert [(n, p.time_s) for n, p in source.some([3, 1, 99])] == [(1, 600), (3, 1800)]
