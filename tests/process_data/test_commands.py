"""The command: JSON for programs, a table for people, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from keiryo.cli.evaluate_process import evaluate_process_command
from keiryo.cli.options import Format
from process_data.plants import Plant, both


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plant = Plant({"feed": "input", "product": "output", "tank": "inventory"})
    plant.flows = [(3, "feed", 10), (8, "product", 9), (13, "feed", 10), (20, "product", 9.1)]
    plant.inventories = [(0, "tank", 5), (10, "tank", 6), (20, "tank", 6)]
    plant.sources = both(0.01, 0.005)
    plant.write(tmp_path)
    return tmp_path


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate_process_command(folder, folder / "sources.toml", "10", format_=Format.JSON)
    found = json.loads(capsys.readouterr().out)
    assert found["balances"] == [{"from_h": 0.0, "to_h": 10.0}, {"from_h": 10.0, "to_h": 20.0}]
    assert found["muf"][0] == 0
    assert {a["statistic"] for a in found["alarms"]} >= {"sitmuf"}
    assert list(found["variance_shares"]) == ["r *", "s *"]


def test_table_and_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate_process_command(folder, folder / "sources.toml", "10")
    shown = capsys.readouterr().out
    assert "2 balances, loss positive" in shown
    assert "Alarm at balance 2, sitmuf" in shown
    assert "Share of the variance of MUF" in shown
    evaluate_process_command(folder, folder / "sources.toml", "10", format_=Format.CSV)
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith("balance,from_h,to_h,muf_kg,sigma_muf_kg")
    assert len(rows) == 3


@pytest.mark.parametrize("format_", [Format.JSON, Format.TABLE, Format.CSV])
def test_rejected_data_end_with_code_1(
    folder: Path, format_: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "flows.csv").write_text("hour,location,g\n3,feed,10\n")
    with pytest.raises(typer.Exit) as ended:
        evaluate_process_command(folder, folder / "sources.toml", "10", format_=format_)
    assert ended.value.exit_code == 1
    shown = capsys.readouterr()
    assert "PROCESS-COLUMN-MISSING" in shown.out + shown.err
    if format_ is Format.JSON:
        assert json.loads(shown.out)["muf"] == []
