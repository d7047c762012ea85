"""Times in file names and EXIF data, and sequence numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keiryo.screening.sources.picture_files import read_header
from keiryo.screening.sources.picture_times import (
    instant_seconds,
    is_copy_name,
    name_stamp,
    numbering,
    utc_words,
)
from screening.made_pictures import BEGIN, image, jpeg

EPOCH = BEGIN.timestamp()


@pytest.mark.parametrize(
    ("name", "after_s", "local"),
    [
        ("20260114T103000Z.jpg", 0, False),
        ("cam1_20260114T103000Z.jpg", 0, False),
        ("cam1-2026-01-14_10-30-00.png", 0, True),
        ("IMG_20260114_103000.jpg", 0, True),
        ("IMG_20260114_103000_017.jpg", 0, True),
        ("20260114103000.jpg", 0, True),
        ("2026-01-14T10:30:00Z.png", 0, False),
        ("2026-01-14T10:30:00+09:00.png", -9 * 3600, False),
        ("2026-01-14T10-30-00Z.tif", 0, False),
        ("2026-01-14 10.30.00.jpg", 0, True),
        ("2026.01.14-10h30m05s.jpg", 5, True),
        ("20260114_103000.250.jpg", 0.25, True),
        ("x_1768386600.jpg", 0, False),
        ("1768386600500.jpg", 0.5, False),
        ("2026-01-14_10-31.jpg", 60, True),
    ],
)
def test_names(name: str, after_s: float, local: bool) -> None:
    stamp = name_stamp(name)
    assert stamp is not None
    assert (stamp.epoch_s - EPOCH, stamp.local) == (pytest.approx(after_s), local)


@pytest.mark.parametrize(
    "name", ["img_0017.jpg", "20261301T103000.jpg", "20260230_103000.jpg", "20260114_0001.jpg", ""]
)
def test_names_without_times(name: str) -> None:
    assert name_stamp(name) is None


def test_exif() -> None:
    taken = datetime(2026, 1, 14, 10, 30, 0, 250_000, tzinfo=UTC)
    stamp = read_header(jpeg(image(0), taken)).stamp
    assert stamp is not None and (stamp.epoch_s - EPOCH, stamp.local) == (0.25, False)
    stamp = read_header(jpeg(image(0), taken, offset="+09:00")).stamp
    assert stamp is not None and stamp.epoch_s - EPOCH == 0.25 - 9 * 3600
    stamp = read_header(jpeg(image(0), taken, offset=None)).stamp
    assert stamp is not None and stamp.local
    assert read_header(jpeg(image(0))).stamp is None


def test_numbers() -> None:
    told = numbering(["img_0001", "img_0002", "img_0004"])
    assert told is not None and (told.numbers, told.step) == ((1, 2, 4), 1)
    told = numbering(["f030", "f000", "f060"])
    assert told is not None and told.step == 30
    told = numbering(["cam2_7_20260114T103000Z", "cam2_8_20260114T104000Z"])
    assert told is not None and told.numbers == (7, 8)
    told = numbering(["a_1", "a_2 (1)", "a_3"])
    assert told is not None and told.numbers == (1, 2, 3)


@pytest.mark.parametrize(
    "stems",
    [
        ["one"],
        ["a", "b"],
        ["cam1_20260114T103000Z", "cam1_20260114T104000Z"],
        ["x17", "x3088", "x52", "x911"],
        ["1" * 20, "2" * 20],
    ],
)
def test_names_that_do_not_count(stems: list[str]) -> None:
    assert numbering(stems) is None


def test_copies_and_words() -> None:
    assert is_copy_name("a (1)") and is_copy_name("a - Copy") and not is_copy_name("a1")
    assert utc_words(EPOCH) == "2026-01-14T10:30:00Z"
    with pytest.raises(ValueError, match="neither Z"):
        instant_seconds("2026-01-14T10:30:00")
