"""Baseline of a venue: hostile rows, exact test, false-alarm rate as asked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from keiryo.public_events.survey import Point, baseline, judge, read_points

HEAD = b"time,x,y,counts,seconds,instrument\n"
GOOD = b"2027-06-15T09:00:00+09:00,5,5,100,1,BP-1\n"


@pytest.mark.parametrize(
    "row",
    [
        b"2027-06-15T09:00:00,5,5,100,1,BP-1\n",
        b"2027-06-15T09:00:01+09:00,nan,5,100,1,BP-1\n",
        b"2027-06-15T09:00:01+09:00,5,5,-1,1,BP-1\n",
        b"2027-06-15T09:00:01+09:00,5,5,1.5,1,BP-1\n",
        b"2027-06-15T09:00:01+09:00,5,5,100,0,BP-1\n",
        b"2027-06-15T09:00:01+09:00,5,,100,1,BP-1\n",
        GOOD,
    ],
)
def test_a_hostile_row_is_told_and_the_others_stay(row: bytes) -> None:
    points, found = read_points("s.csv", HEAD + GOOD + row)
    assert points == [Point(5, 5, 100, 1, "BP-1", None, "2027-06-15T00:00:00.000000Z")]
    assert [(one.code, one.line) for one in found] == [("PUBLIC-EVENT-SURVEY-ROW", 3)]


def test_files() -> None:
    for content in (b"", b"\xff", HEAD, b"a,b\n1,2\n"):
        assert "PUBLIC-EVENT-SURVEY-FILE" in {one.code for one in read_points("s.csv", content)[1]}
    other = b"2027-06-15T09:00:00+09:00,5,5,100,1,BP-2\n"
    found = read_points("s.csv", HEAD + GOOD + other)[1]
    assert [one.code for one in found] == ["PUBLIC-EVENT-SURVEY-MIXED"]


def test_cells_and_judgement() -> None:
    points = [Point(5, 5, 100, 1, "B"), Point(6, 5, 104, 1, "B"), Point(-5, 5, 180, 1, "B")]
    cells = baseline(points, cell_m=10)
    assert list(cells) == [(-1, 0), (0, 0)]
    assert (cells[0, 0].points, cells[0, 0].rate) == (2, 102.0)
    assert cells[0, 0].spread == pytest.approx(8**0.5, rel=1e-12)
    assert cells[-1, 0].p_value == pytest.approx(binom.sf(179, 384, 1 / 3), rel=1e-9)
    assert [one.marked for one in cells.values()] == [True, False]
    assert judge(cells, Point(1, 1, 180, 1, "B"), cell_m=10)[0] == "above"
    assert judge(cells, Point(1, 1, 102, 1, "B"), cell_m=10)[0] == "as before"
    assert judge(cells, Point(99, 1, 102, 1, "B"), cell_m=10) == ("not surveyed", None)


def test_uniform_ground_is_marked_no_more_often_than_asked() -> None:
    rng = np.random.default_rng(20270615)
    maps = 400
    marked = 0
    for counts in rng.poisson(50, (maps, 12)):
        points = [Point(i, 0, int(n), 1, "B") for i, n in enumerate(counts)]
        marked += any(one.marked for one in baseline(points, cell_m=1, alpha=0.1).values())
    assert marked <= binom.ppf(0.9999, maps, 0.1)
    assert marked >= binom.ppf(0.0001, maps, 0.04)  # a discrete test of 12 cells stays below
