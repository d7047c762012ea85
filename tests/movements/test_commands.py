"""The command group ``keiryo movements``, as scripts and people meet it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from movements.makers import SHIPPED, SMALL_MAP, LossyPlant, row, write


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def small_map(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(SMALL_MAP)
    return path


def test_a_template_is_written_once(tmp_path):
    out = tmp_path / "new.toml"
    assert run("movements", "template", "--out", out).exit_code == 0
    assert "format = 1" in out.read_text()
    again = run("movements", "template", "--out", out)
    assert again.exit_code != 0 and "exists already" in str(again.exception)


def test_check_answers_with_its_exit_code(tmp_path, small_map):
    good = write(tmp_path / "good.csv", row(0, "store", "in", 1))
    bad = write(tmp_path / "bad.csv", row(0, "attic", "in", 1))
    assert run("movements", "check", good, "--mapping", small_map).exit_code == 0
    found = run("movements", "check", bad, "--mapping", small_map)
    assert found.exit_code == 1
    assert "AREA-UNKNOWN" in found.output and "REFUSED" in found.output
    small_map.write_text("format = 7")
    assert run("movements", "check", good, "--mapping", small_map).exit_code == 2


def test_findings_as_json(tmp_path, small_map):
    bad = write(tmp_path / "bad.csv", row(0, "attic", "in", 1))
    found = run("movements", "check", bad, "--mapping", small_map, "--format", "json")
    assert json.loads(found.stdout)[0]["rule"] == "AREA-UNKNOWN"


def test_import_and_compare(tmp_path):
    moves, inventory, bulk = LossyPlant(20).write(tmp_path / "run")
    place = tmp_path / "books.sqlite"
    assert run("init", "--state", "XF", "--db", place).exit_code == 0
    given = [moves, "--mapping", SHIPPED / "phwr.toml", "--inventory", inventory, "--bulk", bulk,
             "--db", place, "--format", "json"]  # fmt: skip
    first = run("movements", "import", *given)
    assert first.exit_code == 0, first.output
    data = json.loads(first.stdout)
    assert data["acts"] > 20 and data["acts_already_there"] == 0
    assert {c["muf_kg"] for c in data["comparisons"]} == {"0"}
    second = run("movements", "compare", *given)
    assert json.loads(second.stdout) == data["comparisons"]
