"""A planned balance from a file: the fuel-fabrication example, and all that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keiryo.design.plan_file import read_plan
from keiryo.errors import RefusedError, UsageError

PLAN = Path(__file__).parent.parent / "data" / "plans" / "fuel-fabrication.toml"


def test_fuel_fabrication() -> None:
    found = read_plan(PLAN)
    assert found.muf_kg == pytest.approx(14.404, rel=1e-9)
    assert found.sigma_kg == pytest.approx(20.987064435124296, rel=1e-9)
    assert sum(part.variance_kg2 for part in found.parts) == pytest.approx(440.45687360405907)
    by_method = {
        "LC": 57.836025, "GR": 57.836025, "EB": 57.536745748804, "TI": 230.146982995216,
        "drum NDA": 6.25,
    }  # fmt: skip
    for method, expected in by_method.items():
        assert found.variance_by("systematic", method) == pytest.approx(expected, rel=1e-9)


METHOD = '[[method]]\nid = "A"\nrandom_sd = 0.1\n'
STRATUM = '[[stratum]]\nname = "s"\nsign = 1\nitems = 2\n'
FACTOR = '[[stratum.factor]]\nvalue = 1.0\nsteps = [{ method = "A" }]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no stratum"),
        (METHOD, "no stratum"),
        (METHOD + METHOD + STRATUM + FACTOR, "twice"),
        ("[[method]]\nrandom_sd = 1\n" + STRATUM, "no id"),
        ('[[method]]\nid = "A"\n' + STRATUM + FACTOR, "no standard deviation"),
        ('[[method]]\nid = "A"\nrandom_sd = -1\n' + STRATUM + FACTOR, "not possible"),
        ('[[method]]\nid = "A"\nrandom_sd = nan\n' + STRATUM + FACTOR, "not possible"),
        ('[[method]]\nid = "A"\nrandom_sd = "0.1 %"\n' + STRATUM + FACTOR, "not a number"),
        ('[[method]]\nid = "A"\nrandom = 1\n' + STRATUM + FACTOR, "not known"),
        (METHOD + STRATUM, "no factor"),
        (METHOD + STRATUM + FACTOR.replace('"A"', '"B"'), "not described"),
        (METHOD + STRATUM + FACTOR.replace("1.0", "[1.0, 2.0, 3.0]"), "3 values for 2"),
        (METHOD + STRATUM + FACTOR.replace("1.0", "-1.0"), "not possible"),
        (METHOD + STRATUM.replace("= 1", "= 0") + FACTOR, "sign is 0"),
        (METHOD + STRATUM.replace("= 2", "= 0") + FACTOR, "items = 0"),
        (METHOD + STRATUM + FACTOR.replace('"A"', '"A", batches = 3'), "batches = 3"),
        (METHOD + STRATUM + FACTOR.replace('"A"', '"A", replicates = 0'), "replicates"),
        ("method = 3\n", "no list"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(RefusedError) as refused:
        read_plan(file)
    assert any(words in f.message for f in refused.value.findings), refused.value.findings
    assert all(f.advice and f.file for f in refused.value.findings)


def test_all_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(METHOD + STRATUM.replace("= 1", "= 7") + FACTOR.replace("1.0", '"x"'))
    with pytest.raises(RefusedError) as refused:
        read_plan(file)
    assert len(refused.value.findings) == 2


def test_no_toml_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[")
    for name in ("a.toml", "b.toml"):
        with pytest.raises(UsageError):
            read_plan(tmp_path / name)


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    import typer.testing

    from keiryo.cli.app import app

    done = typer.testing.CliRunner().invoke(
        app, ["design", "balance", str(PLAN), "--loss", "75", "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert sum(row["share"] for row in answer["shares"]) == pytest.approx(1.0, abs=1e-12)
    assert 0.9 < answer["detection_probability"] < 1
