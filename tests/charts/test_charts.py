"""Charts: same bytes every time, well-formed, honest about gaps, numbers where they belong."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from defusedxml import ElementTree

from keiryo.charts.detection import (
    PowerCurve,
    loss_detected_at,
    power_curves,
    time_to_detection,
)
from keiryo.charts.model import Chart, write_charts
from keiryo.charts.sequences import (
    MOST_DRAWN,
    control_chart,
    cumuf_chart,
    ewma_chart,
    gemuf_chart,
    muf_chart,
    page_chart,
    sitmuf_chart,
    thinned,
)
from keiryo.charts.variance import correlation_map, correlations, variance_waterfall

MUF = (1.2, -0.8, 0.5, 2.0, -1.1, 3.0, 0.4, 1.9)
SIGMA = (math.sqrt(2.7),) * 8
HOURS = [f"{24 * n} h" for n in range(1, 9)]
HOSTILE = 'x"><script>alert(1)</script>&$\\frac{\x00\u202e\ud800'
SVG = "{http://www.w3.org/2000/svg}"


def covariance() -> np.ndarray:
    found = np.full((8, 8), 0.5)
    np.fill_diagonal(found, 2.7)
    for n in range(7):
        found[n, n + 1] = found[n + 1, n] = -0.5
    return found


def every_chart() -> dict[str, Chart]:
    loss = np.linspace(0, 20, 21)
    return {
        "muf": muf_chart(MUF, SIGMA, threshold=1.5, alarms=[6], labels=HOURS),
        "cumuf": cumuf_chart(np.cumsum(MUF), SIGMA, threshold=2.149),
        "sitmuf": sitmuf_chart(MUF, threshold=2.49, alarms=[6]),
        "page": page_chart(np.abs(MUF), threshold=2.9335, k=0.5, alarms=[6]),
        "ewma": ewma_chart(MUF, threshold=2.5, weight=0.2),
        "gemuf": gemuf_chart(np.cumsum(np.square(MUF)), threshold=np.arange(8) + 6.0),
        "control": control_chart(MUF, 0.9, unit="kg"),
        "waterfall": variance_waterfall(["a", HOSTILE], [3.0, -0.5], components=["long", "long"]),
        "correlation": correlation_map(covariance()),
        "power": power_curves([PowerCurve("Page", loss, 1 - np.exp(-loss / 4))], alpha=0.05),
        "times": time_to_detection([0.1, 0.3, 0.2], first_loss=2),
    }


def lines(chart: Chart) -> dict[str, tuple[list[float], list[float]]]:
    """Return what is drawn as lines, by label."""
    found = {}
    for line in chart.figure().axes[0].get_lines():
        found.setdefault(str(line.get_label()), (list(line.get_xdata()), list(line.get_ydata())))
    return found


@pytest.mark.parametrize("name", every_chart())
def test_same_bytes_and_well_formed(name: str) -> None:
    chart, again = every_chart()[name], every_chart()[name]
    svg = chart.svg(name)
    assert svg == again.svg(name) == chart.svg(name)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == chart.title
    assert root.findtext(f"{SVG}desc")
    assert "style=" not in svg and "<style" not in svg and "<metadata" not in svg
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) and all(i.startswith(f"{name}-") for i in ids)
    assert {e.tag for e in root.iter()} & {f"{SVG}script", f"{SVG}foreignObject"} == set()


def test_png_has_same_bytes_and_no_program_name() -> None:
    chart = every_chart()["muf"]
    picture = chart.png(dpi=60)
    assert picture == chart.png(dpi=60)
    assert picture.startswith(b"\x89PNG") and b"Software" not in picture
    assert len(chart.png(dpi=120)) > len(picture)


def test_users_settings_do_not_matter() -> None:
    import matplotlib as mpl

    plain = every_chart()["muf"].svg()
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "red"}):
        assert every_chart()["muf"].svg() == plain
        assert mpl.rcParams["font.size"] == 20


def test_muf_and_its_limits_stand_where_they_belong() -> None:
    drawn = lines(every_chart()["muf"])
    x, y = drawn["MUF"]
    assert x == list(range(1, 9)) and y == list(MUF)
    edges, limit = drawn["Limit for loss, 1.5σ"]
    assert edges[0] == 0.5 and edges[-1] == 8.5
    assert limit == pytest.approx([1.5 * SIGMA[0]] * 16, rel=1e-12)
    assert drawn["The same below, a check of the data"][1] == pytest.approx([-limit[0]] * 16)
    assert drawn["Alarm, number of the balance"] == ([6], [3.0])
    texts = {text.get_text() for text in every_chart()["muf"].figure().axes[0].texts}
    assert texts == {"6"}


def test_threshold_and_allowance_of_page_are_named() -> None:
    assert "Threshold h = 2.933 with k = 0.5" in lines(every_chart()["page"])
    assert "Threshold h = 2.933 with k = 0.5" in every_chart()["page"].svg()


def test_a_missing_value_is_a_gap() -> None:
    chart = muf_chart([1.0, None, math.inf, 2.0], [1.0, math.nan, 1.0, 1.0], threshold=2)
    y = lines(chart)["MUF"][1]
    assert [math.isnan(v) for v in y] == [False, True, True, False]
    assert "missing for 2 balances" in chart.description
    assert chart.svg() and chart.png(50)


def test_an_alarm_without_value_is_not_drawn() -> None:
    chart = sitmuf_chart([1.0, math.nan], threshold=1.5, alarms=[2, 3, 0])
    assert "Alarm, number of the balance" not in lines(chart)


@pytest.mark.parametrize(
    "chart",
    [
        muf_chart([], []),
        page_chart([]),
        gemuf_chart([math.nan, None]),
        control_chart([], 1.0),
        variance_waterfall([], []),
        variance_waterfall(["a"], [0.0]),
        correlation_map(np.zeros((0, 0))),
        correlation_map(np.zeros((2, 2))),
        power_curves([]),
        power_curves([PowerCurve("a", [1.0], [math.nan])]),
        time_to_detection([]),
    ],
)
def test_nothing_to_show_is_said(chart: Chart) -> None:
    assert chart.description.startswith("Nothing to show")
    assert chart.description in chart.svg()


def test_one_balance() -> None:
    for chart in (
        muf_chart([3.0], [1.0], threshold=1.64, alarms=[1], labels=["2026-03-31"]),
        page_chart([0.0], threshold=1.0),
        correlation_map([[2.0]]),
        time_to_detection([0.4]),
    ):
        assert "1 balance" in chart.description
        assert chart.svg() and chart.png(40)


def test_a_long_series_stays_small_and_keeps_its_extremes() -> None:
    values = np.random.default_rng(4).normal(size=10_000)
    values[[17, 5_003]] = 40.0, -30.0
    values[6_000:6_400] = np.nan
    x, y = thinned(values)
    assert x.size <= MOST_DRAWN + 2
    assert np.nanmax(y) == 40.0 and np.nanmin(y) == -30.0
    assert x[np.nanargmax(y)] == 18 and x[np.nanargmin(y)] == 5_004
    assert np.isnan(y[(x > 6_020) & (x < 6_380)]).all()
    chart = muf_chart(values, np.ones(10_000), threshold=3, alarms=range(1, 9_000), labels=x)
    assert len(chart.svg()) < 400_000


def test_names_are_texts() -> None:
    assert "<script" not in every_chart()["waterfall"].svg()
    svg = variance_waterfall(["<b>$\\frac{\x00\u202e\ud800"], [1.0]).svg()
    assert "&lt;b&gt;$\\frac{\\u0000\\u202e\\ud800" in svg  # not read as a formula either
    ElementTree.fromstring(muf_chart([1.0], labels=[HOSTILE], title=HOSTILE).svg())


def test_waterfall_adds_up_and_shows_what_cancels() -> None:
    chart = variance_waterfall(["a", "b", "c"], [3.0, 2.0, -1.0], total_kg2=5.0)
    axes = chart.figure().axes[0]
    bars = [number for bar in axes.patches for number in (bar.get_x(), bar.get_width())]
    assert bars == pytest.approx([0, 60, 60, 40, 100, -20, 80, 20, 0, 100])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["a", "b", "c", "not assigned to a source", "Variance of MUF"]
    texts = [text.get_text() for text in axes.texts]
    assert {"60.0 %", "−20.0 %", "−1", "2.236"} <= set(texts)
    assert "cancel take off 20.0 %" in chart.description


def test_waterfall_of_many_sources_puts_small_ones_together() -> None:
    chart = variance_waterfall([f"s{n}" for n in range(60)], np.arange(1.0, 61.0))
    bars = chart.figure().axes[0].patches
    assert len(bars) == 16
    assert sum(bar.get_width() for bar in list(bars)[:-1]) == pytest.approx(100)


def test_correlations() -> None:
    found = correlations(np.array([[4.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    assert found[0, 1] == -0.5 and found[0, 0] == 1
    assert np.isnan(found[2]).all()
    large = np.eye(700)
    large[3, 2] = large[2, 3] = -0.9
    chart = correlation_map(large)
    image = chart.figure().axes[0].get_images()[0].get_array()
    assert image is not None and image.shape == (234, 234)
    assert "largest of 3 by 3" in chart.description
    assert len(chart.svg()) < 200_000


@pytest.mark.parametrize(
    ("probability", "loss"),
    [([0.05, 0.90, 1.0], 15.0), ([0.96, 1.0, 1.0], 0.0), ([0.0, 0.5, 0.9], None)],
)
def test_loss_is_read_off(probability: list[float], loss: float | None) -> None:
    assert loss_detected_at([0.0, 10.0, 20.0], probability) == pytest.approx(loss)
    chart = power_curves(
        [PowerCurve("Page", [20.0, 0.0, 10.0], [*probability[2:], *probability[:2]])]
    )
    shown = "95 % not reached" if loss is None else f"Page {loss:g} kg"
    assert shown in chart.description


def test_time_to_detection() -> None:
    chart = time_to_detection([0.1, 0.3, 0.2])
    assert "60.0 % probability; 40.0 % are never" in chart.description
    assert "by balance 3" in chart.description
    assert lines(chart)["Detected so far"][1] == pytest.approx([10, 10, 40, 40, 60, 60])


def test_points_outside_three_sigma_are_marked() -> None:
    chart = control_chart([0.0, 2.9, 3.1, -3.2], 1.0)
    assert lines(chart)["Outside 3σ, with its number"] == ([3, 4], [3.1, -3.2])


def test_files_are_written(tmp_path: Path) -> None:
    charts = {"muf": every_chart()["muf"]}
    written = write_charts(charts, tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["muf.svg", "muf.png"]
    assert written[0].read_text(encoding="utf-8").startswith("<svg ")
    with pytest.raises(ValueError, match="pdf"):
        write_charts(charts, tmp_path, ["pdf"])
    for name in ("../out", "", "..", "a\\b"):
        with pytest.raises(ValueError, match="name of a file"):
            write_charts({name: charts["muf"]}, tmp_path)


def test_drawing_library_is_loaded_only_when_a_chart_is_drawn() -> None:
    program = (
        "import sys, keiryo.charts.sequence_page, keiryo.charts.detection\n"
        "assert not any(n.startswith('matplotlib') for n in sys.modules)\n"
        "keiryo.charts.sequence_page.sequence_page({'muf': [1.0]})\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": str(source)})
