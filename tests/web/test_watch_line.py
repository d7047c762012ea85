"""The time line of what watched: every interval and mark stands where its time is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.web.pictures.watch_line import (
    LEFT,
    LOOK,
    MARKS,
    MOST_ROWS,
    InstantScale,
    WatchBar,
    WatchMark,
    WatchRow,
    watch_line,
)

T0 = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def row(*bars: WatchBar, marks: tuple[WatchMark, ...] = ()) -> WatchRow:
    return WatchRow("CAM-01", bars, marks, "/surveillance/cameras/CAM-01")


def boxes(text: str) -> list[tuple[float, float]]:
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*class="pic-bar"', text)
    return [(float(x), float(wide)) for x, wide in found]


def test_bars_stand_where_their_time_is() -> None:
    bars = [
        WatchBar("positive", T0, T0 + DAY, "well"),
        WatchBar("negative", T0 + DAY, T0 + 2 * DAY, "x"),
    ]
    text = watch_line([row(*bars)], T0, T0 + 2 * DAY)
    (first, wide), (second, _wide) = boxes(text)
    assert first == LEFT and second == pytest.approx(first + wide, abs=0.02)


@pytest.mark.parametrize("look", LOOK)
def test_each_look_has_a_class_and_is_told(look: str) -> None:
    text = watch_line([row(WatchBar(look, T0, T0 + DAY, "told in words"))], T0, T0 + DAY)
    assert LOOK[look] in text and "told in words" in text
    ElementTree.fromstring(text)


@pytest.mark.parametrize("look", MARKS)
def test_marks(look: str) -> None:
    inside, outside = WatchMark(look, T0 + DAY / 2, "seen"), WatchMark(look, T0 - DAY, "not seen")
    text = watch_line([row(marks=(inside, outside))], T0, T0 + DAY)
    assert "seen" in text and "not seen" not in text


def test_nothing_watched_is_said() -> None:
    assert "Nothing watched" in watch_line([], T0, T0 + DAY)
    assert "Nothing watched" in watch_line([row()], T0, T0)


def test_rows_beyond_the_picture_are_counted() -> None:
    text = watch_line([row()] * (MOST_ROWS + 3), T0, T0 + DAY)
    assert "3 more rows" in text


@given(st.integers(1, 400_000_000), st.integers(0, 2_000_000_000))
def test_ticks_are_few_and_inside(length_s: int, start_s: int) -> None:
    begin = T0 + timedelta(seconds=start_s)
    scale = InstantScale(begin, begin + timedelta(seconds=length_s), 186, 934)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 10
    assert all(scale.first <= at <= scale.last for at in ticks)
