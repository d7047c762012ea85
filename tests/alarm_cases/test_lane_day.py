"""A day at a lane, by command: five alarms from the portal to their end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from alarm_cases.alarm_books import DAY, HQ, START, Desk
from keiryo.cli.alarm_cases import register
from keiryo.cli.options import Given
from keiryo.errors import RefusedError
from keiryo.export_control.recording import record_file
from keiryo.journal.dependents import dependents
from keiryo.journal.why import why

COMMANDS = typer.Typer()
register(COMMANDS)
SEEN = "measurement:RIID-1@2026-06-01T09:05:00+09:00"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}")
    content = (DAY / "register.json").read_bytes()
    record_file(made.database, HQ, "register.json", content)
    return made


class Shell:
    """Commands as a person types them."""

    def __init__(self, books: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.books, self.monkeypatch = books, monkeypatch

    def run(self, person: str, *given: str) -> Result:
        self.monkeypatch.setattr(Given, "db", str(self.books.database.url))
        self.monkeypatch.setenv("KEIRYO_PERSON", person)
        return CliRunner().invoke(COMMANDS, list(given))

    def done(self, person: str, *given: str) -> Any:
        result = self.run(person, "alarms", *given, "--format", "json")
        told = [f"{one.code} {one.message}" for one in getattr(result.exception, "findings", ())]
        assert result.exit_code == 0, (given, result.output, result.exception, told)
        return json.loads(result.stdout) if result.stdout.strip() else None

    def refused(self, person: str, *given: str) -> set[str]:
        error = self.run(person, "alarms", *given).exception
        assert isinstance(error, RefusedError), error
        return {one.code for one in error.findings}

    def assess(self, alarm: str, hour: int, category: str, dose: str = "0.3") -> None:
        at = f"2026-06-01T{hour:02d}:40:00+09:00"
        same = ("--at", at, "--evidence", SEEN, "--reason", "second passage")
        self.done("P-PORT", "verify", alarm, *same)
        self.done("P-PORT", "localize", alarm, "--place", "middle", *same)
        self.done("P-PORT", "characterize", alarm, "--dose-rate", dose, "--no-neutrons", *same)
        name = str(DAY / f"{alarm.lower()}.identify.json")
        told = ("--at", at, "--reason", "by peaks")
        self.done("P-PORT", "identify", alarm, "--answer", name, *told)
        self.done("P-PORT", "categorize", alarm, category, *told)


def test_a_day(books: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shell = Shell(books, monkeypatch)
    shell.done("P-PORT", "raise", "--file", str(_with_evidence(tmp_path)))
    say = ("--reason", "checked")
    shell.assess("CERAMICS", 9, "NORM")
    assert "ALARM-UNEXPLAINED" in shell.refused(
        "P-PORT", "decide", "CERAMICS", "INNOCENT_DECLARED", *say
    )
    shell.done("P-PORT", "explain", "CERAMICS", "--commodity")
    shell.done("P-PORT", "decide", "CERAMICS", "INNOCENT_DECLARED", *say)
    shell.done("P-PORT", "close", "CERAMICS", *say)

    shell.assess("PATIENT", 9, "MEDICAL")
    patient = ("explain", "PATIENT", "--treatment", "I-131 therapy", "--rate", "20")
    assert shell.refused("P-PORT", *patient, "--days", "40") == {"ALARM-PATIENT"}
    shell.done("P-PORT", *patient, "--days", "3")
    assert shell.refused("P-PORT", "decide", "PATIENT", "INNOCENT_DECLARED", *say) == {
        "ALARM-DECLARED"
    }
    shell.done("P-PORT", "decide", "PATIENT", "INNOCENT_UNDECLARED", *say)
    shell.done("P-PORT", "close", "PATIENT", *say)

    shell.assess("UF6", 10, "NUCLEAR", dose="3")
    shell.done("P-PORT", "explain", "UF6", "--declared")
    assert shell.refused("P-PORT", "decide", "UF6", "INNOCENT_DECLARED", *say) == {
        *("ALARM-ESCALATE", "ALARM-SAME-PERSON")
    }
    shell.done("P-PORT", "escalate", "UF6", "--to", "duty officer", *say)
    shell.done("P-HQ", "decide", "UF6", "INNOCENT_DECLARED", *say)
    shell.done("P-HQ", "close", "UF6", *say)

    shell.assess("MASKED", 11, "MIXED")
    shell.done("P-PORT", "explain", "MASKED", "--treatment", "I-131 therapy", "--days", "3")
    assert "ALARM-DECLARATION" in shell.refused("P-PORT", "explain", "MASKED", "--declared")
    for person in ("P-PORT", "P-HQ"):
        told = shell.refused(person, "decide", "MASKED", "INNOCENT_UNDECLARED", *say)
        assert {"ALARM-UNEXPLAINED", "ALARM-ESCALATE"} <= told
    assert shell.done("P-PORT", "queue")[0]["alarm"] == "MASKED"
    shell.done("P-PORT", "escalate", "MASKED", "--to", "duty officer", *say)
    packed = str(tmp_path / "RB-1.zip")
    given = ("--package", "RB-1", "--expert", "Lab", "--question", "What is it?")
    shell.done("P-PORT", "reach-back", "MASKED", "--output", packed, *given)
    expert = ("--package", "RB-1", "--expert", "Lab", "--file", packed, "--nothing-left")
    shell.done("P-HQ", "answer", "MASKED", *expert, "--nuclide", "235U:nuclear")
    shell.done("P-PORT", "decide", "MASKED", "ILLEGAL_OR_UNAUTHORIZED", *say)
    assert "ALARM-STEP" in shell.refused("P-HQ", "close", "MASKED", *say)
    shell.done("P-PORT", "handover", "MASKED", "--to", "Police", "--evidence", SEEN, *say)
    draft = ("--name", "IR-1", "--group", "II", "--description", "Uranium", "--contact", "NPC")
    draft += ("--quantity", "not determined")
    shell.done("P-PORT", "report", "MASKED", *draft, "--output", str(tmp_path / "IR-1.json"))
    assert shell.refused("P-PORT", "release", "MASKED", "--name", "IR-1") == {"ALARM-SAME-PERSON"}
    shell.done("P-HQ", "release", "MASKED", "--name", "IR-1")
    report = json.loads((tmp_path / "IR-1.json").read_text())
    assert report["nuclides"] == ["I-131", "U-235"] and report["group"] == "II"

    shell.done("P-PORT", "false", "FAULT", "--fault", "--evidence", SEEN, *say)
    _counted(shell, tmp_path)
    _chained(books)


def _with_evidence(tmp_path: Path) -> Path:
    rows = (DAY / "alarms.csv").read_text().splitlines()
    lines = [rows[0] + ",evidence", *(f"{one},occupancy:RPM-1@{START}" for one in rows[1:])]
    made = tmp_path / "alarms.csv"
    made.write_text("\n".join(lines) + "\n")
    return made


def _counted(shell: Shell, tmp_path: Path) -> None:
    sheet = tmp_path / "passages.csv"
    sheet.write_text("lane,occupancies,days\nL1,400,1\n")
    (one,) = shell.done("P-PORT", "statistics", "--passages", str(sheet))
    assert [one[each] for each in ("alarms", "false", "fault", "innocent", "nuisance", "real")] == [
        *(5, 1, 1, 3, 1, 1)
    ]
    assert one["alarms_low"] == pytest.approx(0.0040705, abs=1e-6)
    assert one["alarms_high"] == pytest.approx(0.028925, abs=1e-5)
    board = {row["state"]: row["cases"] for row in shell.done("P-PORT", "board")}
    assert board == {"CLOSED": 3, "FALSE": 1, "RESPONSE": 1}


def _chained(books: Desk) -> None:
    with books.database.reading() as connection:
        metadata, registry = books.database.metadata, books.database.registry
        found = str(why(connection, metadata, registry, "alarm:UF6"))
        assert "evidence:" in found and "explained by" in found
        line = next(one for one in books.case("UF6").standing_explanations)
        back = str(dependents(connection, metadata, registry, str(line["reference"])))
        assert "shown by" in back
