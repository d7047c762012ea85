"""Places of an event: degrees to metres, cells of an outline, coverage of a track, the map."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from keiryo.charts.venue_map import bar_length, venue_map
from keiryo.cli.app import app
from keiryo.cli.demo_event import FOLDER as LAKE_GAMES
from keiryo.public_events.instrument_checks import number
from keiryo.public_events.places import area, covered, inside, metres, outline
from keiryo.public_events.survey import dose_baseline, read_points
from keiryo.public_events.sweeping import SweepMade, coverage

FOLDER = LAKE_GAMES
SQUARE = [(0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0)]
steps = st.tuples(st.floats(0, 40), st.floats(0, 20))


def test_a_degree_on_the_ellipsoid() -> None:
    """Length of a degree of WGS 84: 111 319.491 m of the equator, 110 574.276 m of latitude.

    The latter is the radius of curvature at the equator, 6 335 439.327 m, times a degree.
    """
    assert metres(0, 1, (0, 0)) == pytest.approx((111319.4908, 0), abs=1e-4)
    assert metres(1, 0, (0, 0)) == pytest.approx((0, 6335439.3272 * np.pi / 180), abs=1e-3)
    assert metres(60, 0.001, (60, 0))[0] == pytest.approx(55.800, abs=1e-3)
    assert metres(0, -179.9995, (0, 179.9995)) == pytest.approx((111.3195, 0), abs=1e-3)


def test_cells_of_an_outline_are_its_area() -> None:
    ell = outline("0,0 40,0 40,10 20,10 20,20 0,20")
    assert ell is not None and area(ell) == 600
    assert len(inside(ell, 1.0)) == 600
    assert len(inside(ell[::-1], 0.5)) == 2400
    with pytest.raises(ValueError, match="cells"):
        inside(SQUARE, 1e-3)


@pytest.mark.parametrize(
    "text", [None, "", "0,0 1,1", "0,0 1,0 2,0", "a,b 1,0 0,1", "0 1 2", "0,0 nan,1 1,1"]
)
def test_what_is_no_outline(text: str | None) -> None:
    assert outline(text) is None


@given(st.lists(steps, min_size=1, max_size=6), st.floats(0.5, 5))
def test_coverage_is_that_of_the_way_looked_at_closely(
    way: list[tuple[float, float]], reach: float
) -> None:
    """Hold the cells against a way of many points: what a point reaches, its stretch reaches."""
    centres = inside(SQUARE, 2.0)
    track = [(10.0 * number, *place) for number, place in enumerate(way)]
    hit = covered(centres, track, reach, 10.0)
    fine = [way[0]]
    for a, b in pairwise(way):
        fine += [tuple(np.add(a, np.multiply(k / 200, np.subtract(b, a)))) for k in range(1, 201)]
    apart = np.min(
        np.hypot(*(centres[:, None, :] - np.array(fine)[None]).transpose(2, 0, 1)), axis=1
    )
    assert np.all(hit[apart <= reach])
    assert not np.any(hit[apart > reach + 0.13])
    assert np.all(hit <= covered(centres, track, reach * 1.5, 10.0))


def test_an_unknown_way_covers_nothing() -> None:
    centres = inside(SQUARE, 1.0)
    track = [(0.0, 0.0, 10.0), (100.0, 40.0, 10.0)]
    assert covered(centres, track, 2, 100).sum() > 10 * covered(centres, track, 2, 99).sum()


def test_a_survey_in_degrees_and_dose_rate() -> None:
    rows = b"time,latitude,longitude,dose_usv_h,instrument\n2025-06-15T09:00Z,35.6,139.7,0.05,B\n"
    rows += b"2025-06-15T09:01Z,35.60001,139.7,0.07,B\n2025-06-15T09:02Z,95,139.7,0.07,B\n"
    rows += b"2025-06-15T09:03Z,35.6,139.7,-1,B\n2025-06-15T09:04Z,35.6,139.7,,B\n"
    points, findings = read_points("s.csv", rows)
    assert [one.code for one in findings] == ["PUBLIC-EVENT-SURVEY-ROW"] * 3
    assert points[1].y == pytest.approx(1.1096, abs=1e-3)
    count, mean, spread = dose_baseline(points, cell_m=10)[0, 0]
    assert (count, mean) == (2, pytest.approx(0.06)) and spread == pytest.approx(0.014142, abs=1e-6)


def test_the_bar_of_a_map_is_as_long_as_it_says() -> None:
    chart = venue_map("m", outlines={"v": SQUARE}, posts={"p": (1, 1)})
    axes = chart.figure().axes[0]
    bar = axes.lines[-1]
    assert bar.get_solid_capstyle() == "butt"
    left, right = bar.get_xdata()
    text = next(one.get_text() for one in axes.texts if one.get_text().strip().endswith(" m"))
    assert float(text.split()[0]) == pytest.approx(right - left)
    assert bar_length(0) == 1.0 and bar_length(100) == 20.0


def test_a_survey_by_command(tmp_path: Path) -> None:
    made = tmp_path / "map.svg"
    words = ["public-event", "survey", str(FOLDER / "survey.csv"), "--format", "json"]
    words += ["--plan", str(FOLDER / "plan"), "--picture", str(made)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    marked = [one for one in json.loads(done.stdout)["cells"] if one["marked"]]
    assert [(one["x"], one["y"]) for one in marked] == [(80.0, 40.0)]
    drawn = made.read_text()
    assert all(word in drawn for word in ("stadium", "north", "20 m", "counts/s"))
    assert CliRunner().invoke(app, words).exit_code != 0  # the picture is there


@pytest.mark.parametrize("text", ["1_0", "nan", "inf", "", None, "\uff11", "0x1", "1e999"])
def test_what_is_no_number(text: str | None) -> None:
    assert number(text) is None


def test_too_much_to_look_at_is_told() -> None:
    made = SweepMade("s", "t", (), 1.0, cell_m=0.1)
    points = [("2025-07-20T05:00:00.000000Z", 0.0, 0.0)] * 30_000
    with pytest.raises(ValueError, match="looked at"):
        coverage(points, SQUARE, made)
