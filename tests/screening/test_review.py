"""`keiryo surveillance review` from outside: its JSON, its tables, and every kind of bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keiryo.cli import INTERRUPTED
from keiryo.cli.app import app
from keiryo.errors import KeiryoError, UsageError
from keiryo.screening import picture_pages
from keiryo.screening.mask import read_mask
from keiryo.screening.model import Picture
from keiryo.screening.review import review
from keiryo.screening.sources import open_source
from screening.made_pictures import CLIPS, at, folder, image, jpeg, stamp, video


def ask(*arguments: object, code: int = 0) -> dict[str, Any]:
    """Run the command and return its JSON."""
    words = ["surveillance", "review", *map(str, arguments), "--format", "json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output + repr(result.exception)
    told: dict[str, Any] = json.loads(result.stdout)
    check_sums(told)
    return told


def check_sums(told: dict[str, Any]) -> None:
    """Check what holds for every review."""
    tally = told["tally"]
    assert (
        tally["received"]
        == told["frames"]
        == (
            tally["reviewed_by_human"]
            + tally["not_yet_reviewed"]
            + tally["screened_quiet"]
            + tally["not_reviewable"]
        )
    )
    assert tally["not_reviewable"] == sum(tally["not_reviewable_by_reason"].values())
    assert 0 <= told["presented_fraction"] <= 1
    assert told["coverage"]["valid"] <= told["coverage"]["recorded"] + 1e-9
    for row in (*told["gaps"], *told["health"], *told["events"]):
        assert row["from_s"] <= row["to_s"]


def codes(told: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in told["findings"]} - {"INTERVAL-ESTIMATED"}


def states(told: dict[str, Any]) -> dict[str | None, str]:
    return {row["operation"]: row["state"] for row in told["declared"]}


def table(place: Path, *rows: str) -> Path:
    path = place / "declared.csv"
    path.write_text("\n".join(["operation,from,to", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_quiet_folder(tmp_path: Path) -> None:
    told = ask(folder(tmp_path, 12))
    assert list(told)[:7] == [
        *("frames", "span_s", "gaps", "health", "events", "declared", "presented_fraction")
    ]
    assert (told["frames"], told["span_s"]) == (12, 6600)
    assert not told["gaps"] + told["health"] + told["events"] + told["declared"]
    assert told["presented_fraction"] == 0 and told["coverage"] == {"recorded": 1, "valid": 1}
    assert told["tally"]["screened_quiet"] == told["tally"]["nominal"] == 12
    assert told["first_image_at"] == "2026-01-14T10:30:00Z"


def test_an_activity_and_a_change(tmp_path: Path) -> None:
    told = ask(folder(tmp_path, 24, items=[6, 7, *range(14, 24)]))
    kinds = [event["kind"] for event in told["events"]]
    assert "state-change" in kinds and len(kinds) >= 2
    first, last = told["events"][0], told["events"][-1]
    assert first["from_s"] == 6 * 600 and last["from_s"] == 14 * 600
    assert set(first) == {"from_s", "to_s", "kind", "score", "zones"} and 0 < first["score"] <= 1
    assert 0 < told["presented_fraction"] < 0.7
    assert told["tally"]["not_yet_reviewed_after_change"] > 0  # quiet, but against a new scene


def test_the_presented_fraction_counts_one_image_before_and_after(tmp_path: Path) -> None:
    result = review(folder(tmp_path, 20, items=[9]))
    (event,) = result.events
    assert (event.first, event.last) == (9, 9)
    assert result.presented == 3 and result.presented_fraction == 3 / 20


def test_gaps_and_valid_coverage(tmp_path: Path) -> None:
    folder(tmp_path, 20, without=[5, 6, 7])
    (tmp_path / f"cam1_{stamp(at(12))}.jpg").write_bytes(jpeg(np.zeros((120, 160), np.uint8)))
    told = ask(tmp_path, "--interval", 600)
    assert told["gaps"] == [{"from_s": 4 * 600, "to_s": 8 * 600}]
    assert [h["code"] for h in told["health"]] == ["dark"]
    assert told["tally"]["missing"] == 3 and told["tally"]["nominal"] == 20
    assert told["tally"]["not_reviewable_by_reason"] == {"dark": 1}
    assert told["coverage"]["recorded"] == pytest.approx(1 - (2400 - 630) / 12000)
    assert told["coverage"]["valid"] == pytest.approx(1 - (2400 - 630 + 1200 - 630) / 12000)


def test_unreadable_images_are_told(tmp_path: Path) -> None:
    folder(tmp_path, 12)
    for n in (4, 5, 9):
        (tmp_path / f"cam1_{stamp(at(n))}.jpg").write_bytes(b"")
    told = ask(tmp_path)
    assert told["health"] == [
        {"code": "unreadable", "from_s": 2400, "to_s": 3000},
        {"code": "unreadable", "from_s": 5400, "to_s": 5400},
    ]
    assert told["frames"] == 12 and told["tally"]["not_reviewable_by_reason"] == {"unreadable": 3}
    assert codes(told) == {"IMAGE-UNREADABLE"}


def test_only_unreadable_images(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"cam1_{stamp(at(n))}.jpg").write_bytes(b"x")
    told = ask(tmp_path, "--declared", table(tmp_path, "A,600,1200"))
    assert told["frames"] == 4 and told["coverage"]["valid"] == 0
    assert states(told) == {"A": "DECLARED_NO_COVERAGE"}


def test_time_jumps_are_told(tmp_path: Path) -> None:
    for n in range(20):
        shift = 10 if n >= 10 else 0
        data = jpeg(image(n), at(n + shift))
        (tmp_path / f"IMG_{n:03d}.jpg").write_bytes(data)
    told = ask(tmp_path)
    jump = {"from_s": 5400, "to_s": 12000}
    assert told["health"] == [{"code": "time-jump", **jump}] and told["gaps"] == [jump]
    assert codes(told) == {"CLOCK-FORWARD"}


def test_declared_operations(tmp_path: Path) -> None:
    place = folder(tmp_path / "images", 60, items=[10, 30, 50], without=range(40, 44))
    rows = [
        "seen,2026-01-14T12:05:00Z,2026-01-14T12:15:00Z",
        "late,17000,17600",
        "absent,21600,22200",
        "in the gap,24000,25200",
        "after the end,40000,41000",
    ]
    told = ask(place, "--interval", 600, "--declared", table(tmp_path, *rows))
    assert states(told) == {
        "seen": "CONFIRMED",
        "late": "CONFIRMED_LATE",
        "absent": "DECLARED_NOT_SEEN",
        "in the gap": "DECLARED_NO_COVERAGE",
        "after the end": "DECLARED_NO_COVERAGE",
        None: "SEEN_NOT_DECLARED",
    }
    by_name = {row["operation"]: row["event"] for row in told["declared"]}
    assert (by_name["seen"], by_name["late"], by_name[None]) == (0, 1, 2)
    assert by_name["absent"] is None


def test_a_bad_view_is_no_coverage(tmp_path: Path) -> None:
    place = folder(tmp_path / "images", 30)
    for n in range(10, 16):
        dark = np.zeros((120, 160), np.uint8)
        (place / f"cam1_{stamp(at(n))}.jpg").write_bytes(jpeg(dark))
    declared = table(tmp_path, "in the dark,6600,7800", "in the light,1200,1800")
    told = ask(place, "--declared", declared)
    assert states(told) == {
        "in the dark": "DECLARED_NO_COVERAGE",
        "in the light": "DECLARED_NOT_SEEN",
    }


def test_bad_rows_are_told_and_the_rest_is_compared(tmp_path: Path) -> None:
    declared = table(tmp_path, "bad,x,y", "good,600,1200")
    told = ask(folder(tmp_path / "images", 12), "--declared", declared, code=1)
    assert codes(told) == {"DECLARED-TIME"} and states(told) == {"good": "DECLARED_NOT_SEEN"}


def test_a_start_dates_images_without_times(tmp_path: Path) -> None:
    for n in range(12):
        (tmp_path / f"img_{n:03d}.png").write_bytes(_png(image(n, item=n == 6)))
    declared = table(tmp_path, "A,2026-03-01T01:00:00+00:00,2026-03-01T01:10:00Z")
    options = ("--interval", 600, "--declared", declared)
    told = ask(tmp_path, "--start", "2026-03-01T09:00:00+09:00", *options)
    assert told["first_image_at"] == "2026-03-01T00:00:00Z" and states(told) == {"A": "CONFIRMED"}
    assert codes(ask(tmp_path, *options, code=1)) >= {"DECLARED-TIME"}


def test_a_camera_without_offset_is_told_beside_declared_instants(tmp_path: Path) -> None:
    place = tmp_path / "images"
    place.mkdir()
    for n in range(8):
        (place / f"IMG_{n}.jpg").write_bytes(jpeg(image(n), at(n), None))
    declared = table(tmp_path, "A,2026-01-14T10:40:00Z,2026-01-14T10:50:00Z")
    assert codes(ask(place, "--declared", declared)) == {"TIMES-LOCAL", "DECLARED-LOCAL-CLOCK"}
    told = ask(place, "--declared", declared, "--start", "2026-01-14T19:30:00+09:00")
    assert not codes(told) and told["first_image_at"] == "2026-01-14T10:30:00Z"


def _png(levels: Any) -> bytes:
    import io

    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    return out.getvalue()


def test_a_mask_hides_what_is_black(tmp_path: Path) -> None:
    place = folder(tmp_path / "images", 20, items=[9])
    black, white = np.zeros((120, 160), np.uint8), np.full((60, 80), 255, np.uint8)
    black[:, 110:] = 255
    for name, levels in (("side", black), ("all", white), ("none", black * 0)):
        (tmp_path / f"{name}.png").write_bytes(_png(levels))
    assert len(ask(place, "--mask", tmp_path / "side.png")["events"]) == 0
    told = ask(place, "--mask", tmp_path / "all.png")
    assert len(told["events"]) == 1 and not codes(told)
    (tmp_path / "wide.png").write_bytes(_png(np.full((20, 160), 255, np.uint8)))
    assert codes(ask(place, "--mask", tmp_path / "wide.png")) == {"MASK-SHAPE"}
    with pytest.raises(UsageError, match="black all over"):
        read_mask(tmp_path / "none.png")
    (tmp_path / "words.png").write_text("no picture")
    for name in ("words.png", "gone.png"):
        with pytest.raises(KeiryoError):
            read_mask(tmp_path / name)


def test_an_empty_folder_and_no_video(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no video")
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "words.mp4"):
        told = ask(place, "--declared", table(tmp_path, "A,1,2"), code=1)
        assert told["frames"] == 0 and told["presented_fraction"] == 0
        assert codes(told) == {"NOTHING-TO-REVIEW"} and told["span_s"] == 0
        assert states(told) == {"A": "DECLARED_NO_COVERAGE"}


def test_one_image(tmp_path: Path) -> None:
    told = ask(folder(tmp_path, 1))
    assert told["frames"] == 1 and told["span_s"] == 0 and not told["events"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["{place}/none"],
        ["{place}", "--interval", "0"],
        ["{place}", "--start", "2026-01-14T10:30:00"],
        ["{place}", "--start", "soon"],
        ["{place}", "--mask", "{place}/none.png"],
        ["{place}", "--declared", "{place}/none.csv"],
        ["{place}", "--pictures", "{place}"],
        ["{place}", "--pictures", "{place}/not/there"],
    ],
)
def test_requests_that_make_no_sense(tmp_path: Path, arguments: list[str]) -> None:
    place = folder(tmp_path, 2)
    words = [word.format(place=place) for word in arguments]
    result = CliRunner().invoke(app, ["surveillance", "review", *words])
    assert isinstance(result.exception, KeiryoError) and result.exception.advice


def test_a_folder_of_mixed_sizes(tmp_path: Path) -> None:
    place = folder(tmp_path, 12)
    for n in (5, 6):
        data = jpeg(image(n, width=320, height=240) if n == 5 else np.zeros((1, 1), np.uint8))
        (place / f"cam1_{stamp(at(n))}.jpg").write_bytes(data)
    told = ask(place)
    assert told["frames"] == 12


def test_tables_for_people(tmp_path: Path) -> None:
    place = folder(tmp_path / "images", 20, items=[9], without=[15])
    declared = table(tmp_path, "A,5000,5500", "B,1000,1100")
    result = CliRunner().invoke(
        app, ["surveillance", "review", str(place), "--declared", str(declared)]
    )
    assert result.exit_code == 0
    for words in ("19 images", "Events", "Gaps", "screened, quiet:", "DECLARED_NOT_SEEN"):
        assert words in result.stdout
    result = CliRunner().invoke(app, ["surveillance", "review", str(place), "--format", "csv"])
    assert result.stdout.splitlines()[0] == "event,from_s,to_s,kind,score,zones"


def test_pictures_of_events(tmp_path: Path) -> None:
    place = folder(tmp_path / "images", 20, items=[9, 14])
    told = ask(place, "--pictures", tmp_path / "page")
    count = len(told["events"])
    names = sorted(path.name for path in (tmp_path / "page").iterdir())
    assert count >= 2 and len(names) == 3 * count + 1
    page = (tmp_path / "page" / "index.html").read_text()
    assert all(name in page for name in names if name.endswith(".jpg"))
    with Image.open(tmp_path / "page" / "event-000-peak.jpg") as picture:
        assert picture.size == (160, 120)
    clip = video(tmp_path / "a.mp4", [image(n, item=15 <= n < 25) for n in range(40)])
    told = ask(clip, "--pictures", tmp_path / "clip")
    assert (tmp_path / "clip" / "event-000-after.jpg").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_events_make_a_page_too(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    ask(folder(tmp_path / "images", 5), "--pictures", tmp_path / "page")
    assert "No events" in (tmp_path / "page" / "index.html").read_text()


def test_a_gap_in_a_video(tmp_path: Path) -> None:
    pts = [n * 100 + (30_000 if n >= 20 else 0) for n in range(40)]
    clip = video(tmp_path / "gap.mp4", [image(n) for n in range(40)], pts=pts)
    told = ask(clip, "--declared", table(tmp_path, "A,10,20", "B,0.5,1"))
    assert told["gaps"] == [{"from_s": 1.9, "to_s": 32.0}] and not told["events"]
    assert states(told) == {"A": "DECLARED_NO_COVERAGE", "B": "DECLARED_NOT_SEEN"}


def test_a_video_that_breaks_off(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", [image(n) for n in range(80)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    told = ask(path, "--declared", table(tmp_path, "A,6,7"))
    assert codes(told) == {"VIDEO-TRUNCATED"}
    assert told["health"][-1]["code"] == "unreadable" and told["health"][-1]["to_s"] >= 7.8
    assert told["gaps"] and told["tally"]["missing"] > 0
    assert states(told) == {"A": "DECLARED_NO_COVERAGE"}


def test_a_video_whose_clock_fell(tmp_path: Path) -> None:
    once = video(tmp_path / "a.ts", [image(n) for n in range(40)]).read_bytes()
    (tmp_path / "twice.ts").write_bytes(once + once)
    told = ask(tmp_path / "twice.ts", "--declared", table(tmp_path, "A,1,3"))
    assert told["frames"] == 80 and told["span_s"] == pytest.approx(3.9, abs=1e-3)
    assert "time-jump" in [one["code"] for one in told["health"]]
    assert states(told)["A"] == "DECLARED_NO_COVERAGE"


def test_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path / "images", 20, items=[9, 14])
    written = []

    def interrupted(picture: Picture) -> bytes:
        written.append(picture.index)
        if len(written) == 3:
            raise KeyboardInterrupt
        return b"a picture"

    monkeypatch.setattr(picture_pages, "_jpeg", interrupted)
    words = ["surveillance", "review", str(place), "--pictures", str(tmp_path / "page")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == INTERRUPTED and not result.stdout and len(written) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


@pytest.mark.parametrize(
    ("name", "key"), [("bottle", "interventions"), ("one-by-one-person", "visits")]
)
def test_the_stored_clips(tmp_path: Path, name: str, key: str) -> None:
    """Every true event is among the images presented, and is confirmed where it is declared."""
    truth = json.loads((CLIPS / "truth.json").read_text())["sequences"]
    clip = CLIPS / f"{name}-detection.mp4"
    numerator, denominator = map(int, truth[clip.name]["fps"].split("/"))
    frame_s = denominator / numerator
    events = truth[clip.name][key]
    rows = [
        f"{e['id']},{e['first'] * frame_s:.3f},{e.get('last', e.get('last_body')) * frame_s:.3f}"
        for e in events
    ]
    told = ask(clip, "--declared", table(tmp_path, *rows, "never,100000,100001"))
    assert told["frames"] == truth[clip.name]["frames"] and not told["gaps"]
    found = states(told)
    assert all(found[e["id"]] == "CONFIRMED" for e in events)
    assert found["never"] == "DECLARED_NO_COVERAGE"
    assert 0.2 < told["presented_fraction"] < 0.8


def test_an_open_source_is_left_open(tmp_path: Path) -> None:
    source = open_source(folder(tmp_path, 3))
    first, again = review(tmp_path, source=source), review(tmp_path, source=source)
    assert first.frames == again.frames == 3


def test_images_of_other_sizes_and_too_small_ones(tmp_path: Path) -> None:
    place = folder(tmp_path, 12)
    names = sorted(place.iterdir())
    with Image.open(names[4]) as picture:
        picture.resize((80, 60)).save(names[4])
    Image.new("L", (1, 1), 120).save(names[7])
    told = ask(place)
    assert {"IMAGE-SIZES", "IMAGE-TINY"} <= codes(told)
    by_rule = {finding["rule"]: finding["message"] for finding in told["findings"]}
    assert "160x120 (10), 80x60 (1), 1x1 (1)" in by_rule["IMAGE-SIZES"]
    assert names[7].name in by_rule["IMAGE-TINY"] and names[4].name not in by_rule["IMAGE-TINY"]


def test_a_view_in_which_nothing_could_be_seen_is_not_called_quiet(tmp_path: Path) -> None:
    place = tmp_path / "wall"
    place.mkdir()
    rng = np.random.default_rng(5)
    for n in range(8):
        levels = np.clip(rng.normal(120, 1, (120, 160)), 0, 255).astype(np.uint8)
        Image.fromarray(levels).save(place / f"w_{n:04}.png")
    told = ask(place, "--interval", 600)
    assert told["tally"]["not_reviewable_by_reason"] == {"health-not-testable": 8}
    assert told["coverage"]["valid"] < 1 and not told["health"]
