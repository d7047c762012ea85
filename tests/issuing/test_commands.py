"""The commands of issuing, from a filled-in template to a printed report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from issuing.issuing_books import IssuingBooks
from keiryo.cli.issuing import register
from keiryo.cli.options import Given
from keiryo.errors import UsageError
from keiryo.reports.formats.code10_reader import read

DISCARDS = """\
Template,Discards
State,XH
Facility,XHF-
MBA,XHFA

Date of change,Type of change,KMP,Batch name,Number of items,Material description,\
Measurement basis,Enriched uranium (g),U-235 (g)
2025-04-22,LD,3,LW-04,0,U/J/V/E,M,12.5,0.556
2025-04-23,LD,3,LW-05,0,U/J/V/E,M,{more},0.5
"""
INVENTORY = """\
Template,Inventory
State,XH
Facility,XHF-
MBA,XHFA
PIT date,2025-12-31

KMP,Batch name,Number of items,Material description,Measurement basis,Enriched uranium (g),\
U-235 (g)
A,OLD-1,0,F/R/N/C,T,976.4,43.9
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "books.sqlite"
    IssuingBooks(f"sqlite:///{path}").database.close()
    (tmp_path / "discards.csv").write_text(DISCARDS.format(more="11"), encoding="utf-8")
    (tmp_path / "wrong.csv").write_text(DISCARDS.format(more="-11"), encoding="utf-8")
    (tmp_path / "inventory.csv").write_text(INVENTORY, encoding="utf-8")
    monkeypatch.setenv("KEIRYO_DB", str(path))
    monkeypatch.setattr(Given, "db", None)
    monkeypatch.setattr(Given, "format", None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, code: int = 0) -> str:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def answer(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--format", "json", code=code))


def test_from_template_to_print(folder: Path) -> None:
    wrong = answer("record", "wrong.csv", "inventory.csv", code=1)
    assert wrong["outcome"] == "refused" and wrong["act"] is None
    assert "NUM" in {finding["rule"] for finding in wrong["findings"]}
    recorded = answer("record", "discards.csv", "inventory.csv")
    assert (recorded["outcome"], recorded["entries"]) == ("recorded", 3)
    assert answer("record", "discards.csv", "inventory.csv")["outcome"] == "recorded before"

    making = ("issue", "XHFA", "--profile", "code10_rounded", "--encoder", "ORBEN,K.")
    shown = run(*making, "--kind", "ICR", "--to", "2025-12-31", "--dry-run")
    assert "would be issued" in shown and "630:13G#" in shown
    early = answer(*making, "--kind", "MBR", code=1)
    assert [finding["rule"] for finding in early["findings"]] == ["ICR-MISSING"]
    changed = answer(*making, "--kind", "ICR", "--to", "2025-12-31", "--note", "2:DRUM LEAKED.")
    assert changed["report"] == "XH/XHFA/1" and changed["outcome"] == "issued"
    again = ("issue", "XHFA", "--profile", "code10_rounded")  # the encoder is known by now
    assert answer(*again, "--kind", "mbr")["report"] == "XH/XHFA/2"
    assert answer(*again, "--kind", "PIL", "--date", "2026-01-20")["report"] == "XH/XHFA/3"
    rows = answer("list", "--mba", "XHFA")
    assert [(r["report"], r["type"], r["state"]) for r in rows] == [
        (1, "I", "issued"), (2, "M", "issued"), (3, "P", "issued"),
    ]  # fmt: skip

    for way, ending in (("text", "txt"), ("xlsx", "xlsx"), ("pdf", "pdf"), ("json", "json")):
        run("write", "XHFA", "2", "--format", way, "--language", "ja")
        first = Path(f"XH-XHFA-2-M.{ending}").read_bytes()
        run("write", "XHFA", "2", "--format", way, "--language", "ja", "--out", "again")
        assert Path("again").read_bytes() == first
    assert run("write", "XHFA", "1", "--out", "-") == changed["text"]
    (report,) = read(changed["text"].encode(), "x").reports
    assert [note.text for note in report.notes] == ["DRUM LEAKED."]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--kind", "ICR"], "last day is missing"),
        (["--kind", "ICR", "--to", "31.12.2025"], "not a date"),
        (["--kind", "ICR", "--from", "2026-01-01", "--to", "2025-12-31"], "cannot end"),
        (["--kind", "PIL", "--to", "2025-12-31"], "who prepares"),
        (["--kind", "PIL", "--to", "2025-12-31", "--date", "soon"], "not a date"),
        (["--kind", "PIL", "--to", "2025-12-31", "--encoder", "A,B."], "no physical inventory"),
    ],
)
def test_what_cannot_run(folder: Path, words: list[str], told: str) -> None:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["issue", "XHFA", *words])
    assert isinstance(result.exception, UsageError) and told in result.exception.message


def test_recording_source_lines_leaves_no_question(folder: Path) -> None:
    outcome = json.loads(run("record", "discards.csv", "--format", "json"))
    assert (outcome["outcome"], outcome["findings"]) == ("recorded", [])
    again = json.loads(run("record", "discards.csv", "--format", "json"))
    assert (again["outcome"], again["findings"]) == ("recorded before", [])
