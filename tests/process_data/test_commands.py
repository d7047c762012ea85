"""The command: JSON for programs, a table for people, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from keiryo.cli import evaluate_process
from keiryo.cli.evaluate import register
from keiryo.cli.evaluate_process import evaluate_process_command
from keiryo.cli.options import Format
from keiryo.errors import UsageError
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


def run(*arguments: object) -> tuple[int, BaseException | None]:
    app = typer.Typer()
    register(app)
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    return done.exit_code, done.exception


def of_process(folder: Path) -> tuple[object, ...]:
    return ("--process", folder, "--sources", folder / "sources.toml", "--period", "10")


@pytest.mark.parametrize(
    "option",
    [
        ("--category", "E"), ("--from", "2025-01-01"), ("--to", "2025-12-31"), ("--record",),
        ("--rules", "general"), ("--expected-sigma", "uranium-fabrication"), ("--as-known", "3"),
        ("--recorded-by", "2025-01-01"), ("--db", "books.sqlite"),
    ],
)  # fmt: skip
def test_options_of_books_are_refused_with_process_data(
    folder: Path, option: tuple[str, ...]
) -> None:
    _, refused = run(*of_process(folder), *option)
    assert isinstance(refused, UsageError)
    assert refused.message.startswith(option[0])


@pytest.mark.parametrize(
    "option",
    [
        ("--sources", "s.toml"), ("--period", "10"), ("--tolerance", "0"), ("--page-k", "0.5"),
        ("--covariance", "c.npy"),
    ],
)  # fmt: skip
def test_options_of_process_data_are_refused_with_books(option: tuple[str, ...]) -> None:
    _, refused = run("XAFA", *option)
    assert isinstance(refused, UsageError)
    assert refused.message.startswith(option[0])


def test_place_of_the_books_in_the_environment_does_not_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEIRYO_DB", "books.sqlite")
    assert run(*of_process(folder), "--alpha", "0.01", "--page-k", "1")[0] == 0


def test_json_of_many_balances_is_written_without_indents(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate_process_command(folder, folder / "sources.toml", "10", format_=Format.JSON)
    expected = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(evaluate_process, "MANY_BALANCES", 1)
    evaluate_process_command(folder, folder / "sources.toml", "10", format_=Format.JSON)
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    assert json.loads(shown) == expected
