"""Pictures of results of physical protection: legible, safe, bounded, marked with their class."""

from __future__ import annotations

import itertools
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.ft2font import FT2Font
from typer.testing import CliRunner

from keiryo.charts.protection_pictures import (
    LANGUAGES,
    easi_file,
    facility_graph_svg,
    path_profile_svg,
    paths_file,
    staffing_board_svg,
    staffing_file,
    upgrade_chart_svg,
)
from keiryo.charts.protection_words import WORDS
from keiryo.charts.staffing_board import ZoneTimes
from keiryo.charts.vector import width_of
from keiryo.cli.app import app
from keiryo.protection.graph_file import GraphInput, read_graph
from keiryo.protection.inputs import Node
from keiryo.protection.paths_report import paths_result
from keiryo.protection.picture_input import graph_structure, path_results, response_of

HOSTILE = '"><script>alert(1)</script>\u202e\x00]]>'
SVG = "{http://www.w3.org/2000/svg}"


def delay(mean: float) -> dict[str, float]:
    return {"mean_s": mean, "sd_s": mean * 0.3}


def facility(layers: int = 4, wide: int = 1, options: bool = True) -> dict[str, Any]:
    """Return invented areas in layers, two elements between each two neighbours."""
    rows = [["OFF"]] + [[f"A{n}-{m}" for m in range(wide)] for n in range(1, layers + 1)]
    areas = [{"id": name} for row in rows for name in row]
    elements = []
    for before, after in itertools.pairwise(rows):
        for n, name in enumerate(after):
            origin = before[min(n, len(before) - 1)]
            for kind, chance, mean in (("door", 0.8, 60), ("wall", 0.4, 90)):
                elements.append(
                    {"id": f"{kind}-{name}", "from": origin, "to": name, "p_detection": chance,
                     "where": "B", "delay": delay(mean)}
                )  # fmt: skip
    target = {"id": "T1", "area": rows[-1][0],
              "task": {"p_detection": 0, "where": "B", "delay": delay(60)}}  # fmt: skip
    made: dict[str, Any] = {
        "placeholder": True, "value_source": "assumed", "start": "OFF", "communication": 0.95,
        "response": {"mean_s": 200, "sd_s": 50}, "areas": areas, "elements": elements,
        "targets": [target], "as_of": "2026-01-01",
    }  # fmt: skip
    elements[0] |= {"evidence_ref": "E-1", "valid_until": "2025-01-01"}
    elements[1] |= {"evidence_ref": "E-2", "valid_until": "2027-01-01"}
    if options:
        change = {"object": elements[0]["id"], "field": "p_detection", "value": 0.95}
        made |= {"budget": 5, "options": [{"id": "U1", "cost": 3, "set": [change]}]}
    return made


def read(made: dict[str, Any]) -> tuple[GraphInput, dict[str, Any]]:
    given = read_graph(Node(json.loads(json.dumps(made), parse_float=Decimal)))
    return given, paths_result(given, 5)


@pytest.fixture(scope="module")
def small() -> tuple[GraphInput, dict[str, Any]]:
    return read(facility())


def boxes(text: str) -> list[tuple[str, float, float, float, float]]:
    """Return the texts of a picture with about the room that each takes."""
    found = []

    def walk(element: ElementTree.Element, x: float, y: float) -> None:
        if moved := re.match(r"translate\((\S+) (\S+)\)", element.get("transform", "")):
            x, y = x + float(moved[1]), y + float(moved[2])
        if element.tag == f"{SVG}text":
            said, size = element.text or "", float(element.get("font-size", 11))
            wide = width_of(said, size, bold=element.get("font-weight") == "bold") * 0.9
            share = {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor", ""), 0.0)
            left, low = (
                x + float(element.get("x", 0)) - wide * share,
                y + float(element.get("y", 0)),
            )
            found.append((said, left, low - size * 0.7, left + wide, low))
        for child in element:
            walk(child, x, y)

    walk(ElementTree.fromstring(text), 0, 0)
    return found


def check_layout(text: str) -> None:
    root = ElementTree.fromstring(text)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    found = boxes(text)
    for n, (said, left, top, right, low) in enumerate(found):
        assert left >= 0 and right <= width and top >= 0 and low <= height, said
        for other, x1, y1, x2, y2 in found[:n]:
            assert not (left < x2 and x1 < right and top < y2 and y1 < low), (said, other)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_text_leaves_the_picture_or_lies_on_another(
    small: tuple[GraphInput, dict[str, Any]], language: str
) -> None:
    given, told = small
    words = LANGUAGES[language]
    graph = facility_graph_svg(told, graph_structure(given), words)
    check_layout(graph)
    check_layout(upgrade_chart_svg(told, words))
    shown = " ".join(one[0] for one in boxes(graph))
    profiles = path_results(given, told)
    for name, one in told["measures"].items():
        check_layout(path_profile_svg(profiles[name], response_of(given.graph), words))
        assert all(identifier in shown for identifier in one["path"])
    for state in ("none", "expired"):
        assert words(f"evidence.{state}") in shown
    assert words("page.placeholder") in shown


@pytest.mark.parametrize("ending", [".svg", ".html"])
def test_a_file_holds_everything_itself(
    small: tuple[GraphInput, dict[str, Any]], ending: str
) -> None:
    given, told = small
    text = paths_file(
        told, graph_structure(given), path_results(given, told), response_of(given.graph), ending
    )
    assert " style=" not in text and "<script" not in text and "prefers-color-scheme" in text
    assert WORDS["page.placeholder"] in text
    assert not re.findall(r"(?:href|src)=\"(?!#)", text)
    if ending == ".svg":
        root = ElementTree.fromstring(text)
        assert root.get("role") == "img" and root.find(f"{SVG}title") is not None


def test_probabilities_of_profiles_are_those_of_the_measures(
    small: tuple[GraphInput, dict[str, Any]],
) -> None:
    given, told = small
    profile = path_results(given, told)["min_p_interruption"]
    assert profile["p_interruption"] == pytest.approx(
        told["measures"]["min_p_interruption"]["value"], rel=1e-12
    )


def test_a_huge_facility_shows_its_paths_and_says_so() -> None:
    given, told = read(facility(20, 50, options=False))
    text = facility_graph_svg(told, graph_structure(given))
    assert "are left out" in text and len(text) < 200_000


def test_ten_thousand_areas_are_bounded() -> None:
    given, told = read(facility(100, 100, options=False))
    text = facility_graph_svg(told, graph_structure(given))
    assert "are left out" in text and len(text) < 800_000
    marks = sorted(one[1] for one in boxes(text) if one[0] == WORDS["page.placeholder"])[::2]
    assert max(after - before for before, after in itertools.pairwise(marks)) < 1000


@pytest.mark.parametrize("language", ["en", "ja"])
def test_paths_too_long_to_draw_are_told(language: str) -> None:
    given, told = read(facility(600, options=False))
    words = LANGUAGES[language]
    text = paths_file(
        told, graph_structure(given), path_results(given, told), response_of(given.graph), ".svg",
        words,
    )  # fmt: skip
    assert words("graph.too_long", most=150) in text and len(text) < 1_500_000
    root = ElementTree.fromstring(text)
    assert float(root.get("width", 0)) < 1000 and float(root.get("height", 0)) < 5500


def worked_graph(change: str = "") -> tuple[GraphInput, dict[str, Any]]:
    """Return the worked graph; `change` is added to each id of it."""
    content = (Path(__file__).parents[1] / "protection" / "graph_g1.json").read_text()
    for name in re.findall(r'"id": ?"(\w+)"', content) if change else ():
        content = content.replace(f'"{name}"', f'"{(name + change)[:32]}"')
    return read(json.loads(content))


@pytest.mark.parametrize("change", ["", "-W" * 16, "m" * 32, "_1i" * 10])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_worked_graph_is_legible(change: str, language: str) -> None:
    given, told = worked_graph(change)
    words = LANGUAGES[language]
    graph = facility_graph_svg(told, graph_structure(given), words)
    check_layout(graph)
    check_layout(upgrade_chart_svg(told, words))
    if not change:
        shown = {one[0] for one in boxes(graph)}
        assert {"P1", "P8", "LIM", "T1"} <= shown
        assert any("P2 – P3 – P6 – P7 – T1" in one for one in shown)


def test_no_letter_is_wider_than_it_is_taken_for() -> None:
    """Held against the typeface that the drawings name first."""
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for file, bold in (("DejaVuSans.ttf", False), ("DejaVuSans-Bold.ttf", True)):
        font = FT2Font(str(fonts / file))
        font.set_size(100, 72)
        for letter in [*map(chr, range(33, 127)), *"–—…±−"]:
            true = font.load_char(ord(letter)).linearHoriAdvance / 65536
            assert width_of(letter, 100, bold=bold) >= true * 0.995, letter


def test_a_path_of_several_measures_has_one_profile() -> None:
    made = facility(2, options=False)
    made["elements"] = made["elements"][::2]
    given, told = read(made)
    text = paths_file(
        told, graph_structure(given), path_results(given, told), response_of(given.graph), ".html"
    )
    assert text.count('-title">Detection and time along the path') == 1
    assert "; ".join(WORDS[name] for name in told["measures"]) in text


def test_a_profile_without_critical_point_has_no_key_of_it() -> None:
    given, told = read(facility() | {"response": {"mean_s": 9000, "sd_s": 10}})
    profile = path_results(given, told)["min_delay_s"]
    assert profile["deterministic"]["cdp"] is None
    text = path_profile_svg(profile, response_of(given.graph))
    assert WORDS["graph.cdp_key"].partition(":")[0] not in text


def test_a_large_facility_is_drawn_whole() -> None:
    given, told = read(facility(12, 12, options=False))
    text = facility_graph_svg(told, graph_structure(given))
    assert "door-A12-11" in text and "are left out" not in text
    assert WORDS["graph.dead_key"] in text


def test_hostile_names_are_only_text() -> None:
    step = {"index": 1, "name": HOSTILE, "p_detection": 0.5, "remaining_mean_s": 10.0, "r": 0.5,
            "term": 0.2}  # fmt: skip
    told = {
        "classification": "sensitive",
        "steps": [step] * 3000,
        "p_interruption": 0.2,
        "deterministic": {"p_interruption": 0.5, "cdp": {"index": 1, "name": HOSTILE}},
    }
    for ending in (".svg", ".html"):
        text = easi_file(told, {"mean_s": 5, "sd_s": 0}, ending)
        assert "<script" not in text and "\u202e" not in text and "\x00" not in text
        assert len(text) < 400_000 and WORDS["page.sensitive"] in text
    interval = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:05:00.5Z",
                "violation": True, "confidence": "low", "open": True}  # fmt: skip
    zone = {"zone": HOSTILE, "intervals": [interval]}
    board = staffing_board_svg({"classification": "sensitive", "zones": [zone]})
    ElementTree.fromstring(board)
    assert "<script" not in board
    empty = staffing_board_svg({"classification": "sensitive", "zones": []})
    assert WORDS["staffing.empty"] in empty


def test_a_huge_log_is_drawn_in_bins() -> None:
    count = 300_000
    start = np.arange(count, dtype=np.int64) * 600 * 10**9
    flags = np.arange(count) % 3 == 0
    zones = [
        ZoneTimes(f"Z{n}", start, start + 300 * 10**9, flags, flags, ~flags & flags)
        for n in range(3)
    ]
    text = staffing_file("sensitive", zones, ".svg")
    assert len(text) < 500_000 and "Zones with a +" in text


def test_sentences_of_both_languages_take_the_same_values() -> None:
    for name, text in LANGUAGES["ja"].texts.items():
        assert set(re.findall(r"%\((\w+)\)s", text)) == set(re.findall(r"%\((\w+)\)s", WORDS[name]))


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["protection", *map(str, words)])


def test_the_command_draws_and_overwrites_nothing(tmp_path: Path) -> None:
    source, picture = tmp_path / "g.json", tmp_path / "g.svg"
    source.write_text(json.dumps(facility()))
    plain = run("paths", source)
    drawn = run("paths", source, "--picture", picture, "--language", "ja")
    assert drawn.exit_code == plain.exit_code == 0 and drawn.stdout == plain.stdout
    assert picture.stat().st_mode & 0o777 == 0o600
    kept = picture.read_bytes()
    for more, code in (
        (("--picture", picture), "PICTURE_NOT_WRITTEN"),
        (("--picture", tmp_path / "none" / "g.svg"), "PICTURE_NOT_WRITTEN"),
        (("--picture", tmp_path / "g.png"), "PICTURE_ENDING"),
        (("--picture", tmp_path / "h.svg", "--language", "xx"), "PICTURE_LANGUAGE"),
        (("--picture", tmp_path / "h.svg", "--aggregate", "0.5"), "PICTURE_AGGREGATE"),
    ):
        refused = run("paths", source, *more)
        assert refused.exit_code == 2 and not refused.stdout and code in refused.stderr
    assert picture.read_bytes() == kept and not (tmp_path / "h.svg").exists()
