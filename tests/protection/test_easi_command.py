"""`keiryo protection easi`: the output of the textbook case, exit codes, tables, options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from keiryo.cli.protection_easi import easi
from protection.easi_cases import ex1_file

app = typer.Typer()
app.command()(easi)

UNCERTAIN = """\
placeholder = true
draws = 2000
seed = 7
[response]
mean_standard_error_s = 20
[[steps]]
index = 3
beta = { alpha = 9, beta = 1 }
mean_standard_error_s = 10
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("easi")
    (folder / "ex1.json").write_text(json.dumps(ex1_file()), encoding="utf-8")
    assumed: Any = {**ex1_file(), "placeholder": True, "sd_policy": "assume_30pct"}
    del assumed["steps"][0]["delay"]["sd_s"], assumed["communication_mode"]
    (folder / "assumed.json").write_text(json.dumps(assumed), encoding="utf-8")
    (folder / "bad.json").write_text(json.dumps({**ex1_file(), "steps": []}), encoding="utf-8")
    (folder / "draws.toml").write_text(UNCERTAIN, encoding="utf-8")
    return folder


def run(*given: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in given])


def test_textbook_case(files: Path) -> None:
    done = run(files / "ex1.json")
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert list(told) == [
        *("schema", "classification", "communication_mode", "p_interruption"),
        *("p_interruption_by_mode", "deterministic", "steps", "sensitivity"),
        *("stress_correlated", "assumptions", "warnings"),
    ]
    assert told["schema"] == "keiryo.pp.easi-result/1"
    assert (told["classification"], told["communication_mode"]) == ("sensitive", "A")
    assert told["p_interruption"] == pytest.approx(0.4760407299690303, rel=1e-12)
    assert told["p_interruption_by_mode"] == {
        "A": told["p_interruption"],
        "B": pytest.approx(0.4831796386652232, rel=1e-12),
    }
    cdp = {"index": 3, "name": "T3"}
    assert told["deterministic"] == {"p_interruption": 0.9, "cdp": cdp}
    assert list(told["steps"][2]) == [
        *("index", "name", "p_detection", "where", "remaining_mean_s", "remaining_variance_s2"),
        *("z", "r", "term", "sd_source"),
    ]
    assert told["steps"][2]["remaining_variance_s2"] == 2763
    slopes = told["sensitivity"]
    assert slopes["response_mean_s"] == pytest.approx(-0.003484862, abs=1e-9)
    assert slopes["steps"][2] == {
        "index": 3,
        "p_detection": pytest.approx(0.352664794, abs=1e-9),
        "delay_mean_s": pytest.approx(0.003257634, abs=1e-9),
    }
    assert told["stress_correlated"] == pytest.approx(0.4714708958973293, rel=1e-12)
    assert told["warnings"] == [] and len(told["assumptions"]) == 8


def test_table_is_read_by_people(files: Path) -> None:
    done = run(files / "assumed.json", "--format", "table", "--tornado")
    assert done.exit_code == 0
    for words in (
        "placeholder",
        "The probability of interruption is 0.4760 in mode A (0.4832 in mode B).",
        "Step 3 (T3) is the last detection",
        "A response 10 s faster would change the probability of interruption by about +0.0348.",
        "assumed to be 30 % of the mean at step 1.",
        "probability of communication",
        "This holds if:",
    ):
        assert words in done.stdout


def test_options_only_add(files: Path) -> None:
    plain = json.loads(run(files / "ex1.json").stdout)
    done = run(files / "ex1.json", "--tornado", "--uncertainty", files / "draws.toml")
    told = json.loads(done.stdout)
    swings, drawn = told.pop("tornado"), told.pop("uncertainty")
    assert told == plain
    assert len(swings) == 6 * 3 + 3
    assert set(swings[0]) == {
        *("input", "index", "name", "low", "high", "change_low", "change_high")
    }
    assert (drawn["draws"], drawn["seed"], drawn["generator"]) == (2000, 7, "numpy PCG64")
    assert drawn["p05"] < drawn["median"] < drawn["p95"]
    shown = run(
        files / "ex1.json", "--uncertainty", files / "draws.toml", "--format", "table"
    ).stdout
    assert "Of 2000 draws (seed 7, numpy PCG64) half lie below" in shown


def test_nothing_is_computed_of_bad_input(files: Path) -> None:
    done = run(files / "bad.json", "--uncertainty", files / "none.toml")
    assert (done.exit_code, done.stdout) == (2, "")
    errors = json.loads(done.stderr)["errors"]
    assert [(one["code"], one["pointer"]) for one in errors] == [
        ("EMPTY_PATH", "/steps"),
        ("FILE", ""),
    ]


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ("draws = 1\n", "RANGE", "/draws"),
        ("seed = 1.5\n", "TYPE", "/seed"),
        ('shape = "flat"\n', "SHAPE", "/shape"),
        ("shape = []\n", "SHAPE", "/shape"),
        ("[[steps]]\nindex = 7\n", "STEP_UNKNOWN", "/steps/0/index"),
        ("[[steps]]\nindex = 1\n[[steps]]\nindex = 1\n", "DUPLICATE_ID", "/steps/1/index"),
        ("[[steps]]\nindex = 1\nbeta = {alpha = 0, beta = 1}\n", "RANGE", "/steps/0/beta/alpha"),
        ("[response]\n", "MISSING_KEY", "/response/mean_standard_error_s"),
    ],
)
def test_bad_uncertainty(tmp_path: Path, files: Path, text: str, code: str, pointer: str) -> None:
    (tmp_path / "draws.toml").write_text(text, encoding="utf-8")
    done = run(files / "ex1.json", "--uncertainty", tmp_path / "draws.toml")
    assert (done.exit_code, done.stdout) == (2, "")
    errors = json.loads(done.stderr)["errors"]
    assert [(one["code"], one["pointer"]) for one in errors] == [(code, pointer)]
