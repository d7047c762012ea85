"""The command for facility graphs: the worked graph, its options, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from keiryo.cli.protection_paths import paths
from keiryo.protection.easi import ASSUMPTIONS
from protection.graph_cases import worked

APP = typer.Typer()
APP.command()(paths)
FILE = Path(__file__).parent / "graph_g1.json"


def told(*arguments: object) -> dict[str, Any]:
    """Return what the command prints."""
    result = CliRunner().invoke(APP, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_worked_graph() -> None:
    found = told(FILE)
    head = ("schema", "classification", "facility_state", "path_count", "algorithm", "exact")
    assert [found[key] for key in head] == [
        *("keiryo.pp.paths-result/1", "placeholder", "working", 16, "enumeration", True)
    ]
    expected = {
        "min_cumulative_detection": (0.96598, "P1 P4 P6 P8 T1"),
        "min_delay_s": (305, "P2 P3 P6 P7 T1"),
        "min_p_interruption_deterministic": (0.79, "P1 P4 P6 P7 T1"),
        "min_p_interruption": (0.6533334706637755, "P1 P3 P6 P7 T1"),
    }
    for name, (value, path) in expected.items():
        one = found["measures"][name]
        assert one["value"] == pytest.approx(value, rel=1e-10)
        assert (" ".join(one["path"]), one["target"], one["ties"]) == (path, "T1", [])
    values = [one["p_interruption"] for one in found["paths"]]
    following = [0.678349496863396, 0.6972772055191654, 0.7376603054035843, 0.7410800036811678]
    assert values[1:5] == pytest.approx(following, rel=1e-10)
    assert values[-1] == pytest.approx(0.911577430849637, rel=1e-10)
    assert found["system"] == {"p_effectiveness": None, "conditional_risk": None}
    assert found["upgrades"]["best"]["options"] == ["U4", "U5"]
    assert found["warnings"] == []


def test_mode_b_neutralisation_and_fewer_paths(tmp_path: Path) -> None:
    content = worked()
    del content["options"], content["placeholder"]
    content["communication_mode"] = "B"
    content["targets"][0] |= {"p_neutralisation": 0.5, "consequence": 0.5}
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(content), "utf-8")
    found = told(file, "--top", 2)
    value = 0.6706671269851162
    assert found["measures"]["min_p_interruption"]["value"] == pytest.approx(value, rel=1e-10)
    assert (len(found["paths"]), found["upgrades"]) == (2, None)
    assert found["classification"] == "sensitive"
    assert found["system"]["p_effectiveness"] == pytest.approx(value / 2)
    assert found["system"]["conditional_risk"] == pytest.approx((1 - value / 2) / 2)


def test_aggregate_tells_whether_the_level_is_reached_and_nothing_else() -> None:
    high, low = told(FILE, "--aggregate", "0.66"), told(FILE, "--aggregate", "0.65")
    assert list(high) == [
        *("schema", "classification", "meets_level", "level", "path_count", "exact")
    ]
    assert (high["meets_level"], low["meets_level"]) == (False, True)


def test_everything_wrong_is_told_at_once_on_standard_error() -> None:
    arguments = [str(FILE), "--aggregate", "60", "--state", "flood"]
    result = CliRunner().invoke(APP, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    codes = [one["code"] for one in json.loads(result.stderr)["errors"]]
    assert codes == ["PROB_RANGE", "STATE_UNKNOWN"]


def test_a_table_for_people() -> None:
    result = CliRunner().invoke(APP, [str(FILE), "--format", "table"])
    assert result.exit_code == 0
    assert "P1 - P3 - P6 - P7 - T1" in result.stdout


def test_what_the_values_rest_on_and_what_is_assumed(tmp_path: Path) -> None:
    content = worked() | {"as_of": "2027-01-02"}
    content["elements"][0] |= {"evidence_ref": "R1", "valid_until": "2027-01-01"}
    content["elements"][1] |= {"evidence_ref": "R2", "value_source": "test_lower_bound"}
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(content), "utf-8")
    found = told(file)
    assert found["assumptions"] == list(ASSUMPTIONS)
    rows = [(one["id"], one["kind"], one["value_source"], one["state"]) for one in found["inputs"]]
    assert rows[:3] == [
        ("P1", "element", "assumed", "expired"),
        ("P2", "element", "test_lower_bound", "valid"),
        ("P3", "element", "assumed", "none"),
    ]
    assert rows[8:] == [
        *((name, "area", "assumed", "none") for name in ("LIM", "PRO", "BLD")),
        ("T1", "target", "assumed", "none"),
        *((name, name, "assumed", "none") for name in ("response", "communication")),
    ]
    assert found["inputs"][0]["valid_until"] == "2027-01-01"


def test_certain_times_give_the_exact_value_at_the_level(tmp_path: Path) -> None:
    sure = {"p_detection": 0, "where": "B", "delay": {"mean_s": 10, "sd_s": 0}}
    content = {
        "start": "A", "value_source": "assumed", "communication": 0.1,
        "response": {"mean_s": 1, "sd_s": 0}, "areas": [{"id": "A"}, {"id": "B"}],
        "elements": [{"id": "P", "from": "A", "to": "B", **sure, "p_detection": 0.7}],
        "targets": [{"id": "T", "area": "B", "task": sure}],
    }  # fmt: skip
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(content), "utf-8")
    assert told(file, "--aggregate", "0.07")["meets_level"]
    assert not told(file, "--aggregate", "0.0700000000000001")["meets_level"]
