"""Test streams are the same every time, their truth tiles, and the metric is right by hand."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOP = Path(__file__).resolve().parents[2]
CLIPS = TOP / "tests" / "data" / "surveillance"
NAMES = ("scenery", "weather", "streams", "metric")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The modules of the folder of benchmarks."""
    monkeypatch.syspath_prepend(str(TOP / "benchmarks"))
    found = {name: importlib.import_module(f"surveillance_{name}") for name in NAMES}
    for name in NAMES:
        monkeypatch.delitem(sys.modules, f"surveillance_{name}")
    return found


def test_clips_are_those_of_the_truth() -> None:
    told = json.loads((CLIPS / "truth.json").read_text(encoding="utf-8"))["sequences"]
    for name, known in told.items():
        assert hashlib.sha256((CLIPS / name).read_bytes()).hexdigest() == known["sha256"]


def first_images(streams: ModuleType, recipe: object, count: int) -> str:
    made = itertools.islice(streams.Stream(recipe).jpegs(), count)
    return hashlib.sha256(b"".join(made)).hexdigest()


def test_same_seed_same_images(bench: dict[str, ModuleType]) -> None:
    streams = bench["streams"]
    still = streams.Recipe("test still", "interval", "shelf", 60, {"state": 2}, ("snow", "shake"))
    other = streams.Recipe("test other", "interval", "shelf", 60, {"state": 2}, ("snow", "shake"))
    once = first_images(streams, still, 8)
    assert once == first_images(streams, still, 8)
    assert once != first_images(streams, other, 8)


def test_same_seed_same_video(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    streams = bench["streams"]
    recipe = streams.Recipe("test video", "video", "shelf", 70, {"state": 1}, ("rain",), quality=28)
    written = []
    for turn in ("first", "second"):
        (folder := tmp_path / turn).mkdir()
        written.append(streams.Stream(recipe).video(folder).read_bytes())
    assert written[0] == written[1]
    shown = list(streams.Stream(recipe).pictures(tmp_path / "first"))
    assert [picture.index for picture in shown] == list(range(70))
    assert streams.colours(shown[0]).shape == (360, 640, 3)


def test_truth_tiles(bench: dict[str, ModuleType]) -> None:
    streams = bench["streams"]
    shelf = [r for r in streams.RECIPES if r.view == "shelf"]
    assert {r.name for r in shelf} > {"bottle clip", "sparse shelf"}
    for recipe in shelf:
        stream = streams.Stream(recipe)
        tiles = stream.truth.intervals()
        assert tiles[0][1] == 0 and tiles[-1][2] == stream.truth.images - 1
        assert all(a[2] + 1 == b[1] for a, b in itertools.pairwise(tiles))
        if recipe.clip is None:
            assert len(stream.truth.events) == sum(recipe.events.values())
    sums = {True: 0, False: 0}
    for what, first, last in streams.clip_truth("bottle-detection.mp4", 1).intervals():
        sums[what == "quiet"] += last - first + 1
    assert sums == {True: 711, False: 478}


def test_enough_events_and_sparse_ones(bench: dict[str, ModuleType]) -> None:
    streams, metric = bench["streams"], bench["metric"]
    assert len({recipe.seed for recipe in streams.RECIPES}) == len(streams.RECIPES)
    made = sum(sum(recipe.events.values()) for recipe in streams.RECIPES)
    assert made + 2 * 6 + 2 * 7 >= metric.events_for(0.99) == 299
    for recipe in streams.RECIPES:
        if recipe.sparse and recipe.family == "interval":
            busy = sum(
                count * (1 if kind == "state" else 3) for kind, count in recipe.events.items()
            )
            assert busy / recipe.images <= 0.005


def test_statistics(bench: dict[str, ModuleType]) -> None:
    metric = bench["metric"]
    assert metric.bound_without_miss(20) == pytest.approx(0.8608916593317348, abs=1e-15)
    assert metric.bound_without_miss(299) == pytest.approx(0.9900308532071007, abs=1e-15)
    assert (metric.events_for(0.99), metric.events_for(0.995)) == (299, 598)
    low, high = metric.clopper_pearson(10, 10)
    assert low == pytest.approx(0.025**0.1) and high == 1.0
    assert metric.clopper_pearson(0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert "299 independent events" in metric.claim(20, 20)


def test_metric_by_hand(bench: dict[str, ModuleType]) -> None:
    """100 images, events 10-12, 40 (a change of state) and 70-71; three reports."""
    metric, streams = bench["metric"], bench["streams"]
    events = (
        streams.TruthEvent("visit", 10, 12),
        streams.TruthEvent("item removed", 40, 40, True),
        streams.TruthEvent("visit", 70, 71),
    )
    truth = streams.Truth(100, events)
    reports = [
        metric.Report(11, 13, "activity"),
        metric.Report(41, 44, "state-change"),
        metric.Report(90, 90, "activity"),
    ]
    found = metric.judge(truth, reports, 864.0)
    # presented: 10-14, 40-45, 89-91
    assert found["presented"] == 5 + 6 + 3
    assert [event["found"] for event in found["events"]] == [True, True, False]
    assert found["events"][1]["found_as_state_change"]
    assert found["false_events"] == [[90, 90, "activity"]]
    # quiet: outside 7-20, 37-48, 67-79
    assert found["quiet_images"] == 100 - 14 - 12 - 13 and found["quiet_presented"] == 3
    # the second report touches no event (41-44 against 40), so it covers nothing that is too short
    assert found["over_long"] == []
    whole = metric.summed([found])
    assert whole["recall"] == 2 / 3 and whole["event_fraction"] == 0.06
    assert whole["presented_fraction"] == 0.14
    assert whole["presented_over_event_fraction"] == pytest.approx(0.14 / 0.06)
    assert whole["false_images_per_camera_day"] == pytest.approx(3.0)
    assert (whole["state_changes"], whole["state_changes_found"]) == (1, 1)
    assert whole["late_images_most"] == 0


def test_one_report_over_everything_is_over_long(bench: dict[str, ModuleType]) -> None:
    metric, streams = bench["metric"], bench["streams"]
    truth = streams.Truth(100, (streams.TruthEvent("visit", 10, 19),))
    assert metric.judge(truth, [metric.Report(0, 99)], 1.0)["over_long"] == [[0, 99, ""]]
    assert metric.judge(truth, [metric.Report(5, 24)], 1.0)["over_long"] == []


def test_hindsight_misses_nothing(bench: dict[str, ModuleType]) -> None:
    metric, streams = bench["metric"], bench["streams"]
    truth = streams.Truth(
        30, (streams.TruthEvent("visit", 5, 6), streams.TruthEvent("visit", 20, 20))
    )
    scores = np.zeros(30)
    scores[[6, 21, 28]] = [0.5, 0.2, 0.1]
    threshold = metric.hindsight_threshold(truth, scores)
    assert threshold == 0.2
    reports = metric.reports_of(scores, threshold)
    assert reports == [metric.Report(6, 6), metric.Report(21, 21)]
    assert all(event["found"] for event in metric.judge(truth, reports, 1.0)["events"])


def test_conditions_beside_tampering(bench: dict[str, ModuleType]) -> None:
    metric, streams = bench["metric"], bench["streams"]
    truth = streams.Truth(60, (), (streams.TruthTamper("dark", 20, 25),))
    told = metric.judged_conditions(truth, [("dark", 21, 25), ("moved", 50, 55)])
    assert told["tampers"][0]["late_images"] == 1
    assert told["false_conditions"] == [["moved", 50, 55]]
    wrong = metric.judged_conditions(truth, [("covered", 20, 25)])
    assert wrong["tampers"][0]["late_images"] is None
    assert wrong["tampers"][0]["other_codes"] == ["covered"] and not wrong["false_conditions"]
