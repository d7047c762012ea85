"""Books with inspections, and short words for what is done in them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from keiryo.cli.options import Given
from keiryo.cli.protection_inspections import add_inspections
from keiryo.errors import RefusedError
from keiryo.journal.model import Actor
from keiryo.security_regime.finding_record import FindingRecord, security_finding
from keiryo.security_regime.finding_recording import (
    plan_actions,
    record_findings,
    take_finding_steps,
)
from keiryo.security_regime.inspection_recording import plan_inspections, take_inspection_steps
from keiryo.security_regime.oversight_record import Recorded
from small_books import PLANT, SmallBooks

SITE, OFFICE = Actor("P-SITE", "XH"), Actor("P-OFFICE", "XH")
SCOPE, DIGEST = "XH/XHF-", "a" * 64
COMMANDS = typer.Typer()
add_inspections(COMMANDS)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


class Regime(SmallBooks):
    """Books of an authority and a site."""

    def __init__(self, url: str) -> None:
        super().__init__(url, XHP1=PLANT)

    def plan(self, name: str = "I-1", first: str = "2025-03-01", **more: Any) -> Recorded:
        row = {
            "inspection": name, "facility": "XHF-", "kind": "announced", "team": "P-OFFICE P-TWO",
            "planned_from": day(first), "requirements": "FP-H FP-I", **more,
        }  # fmt: skip
        return plan_inspections(self.database, OFFICE, [row])

    def visit(self, state: str, on: str, name: str = "I-1", **more: Any) -> Recorded:
        row = {"inspection": name, "on": day(on), **more}
        if state == "performed":
            row.setdefault("performed_from", day(on))
        if state == "reported":
            row.setdefault("report_digest", DIGEST)
        return take_inspection_steps(self.database, OFFICE, state, [row])

    def performed(self, name: str, on: str) -> None:
        self.plan(name, on)
        self.visit("performed", on, name)

    def raise_(self, name: str = "F-1", **more: Any) -> Recorded:
        row = {
            "finding": name, "inspection": "I-1", "requirement": "FP-H", "grade": "deficiency",
            "due": day("2025-06-30"), "owner": "site-security", **more,
        }  # fmt: skip
        return record_findings(self.database, OFFICE, [row])

    def act(self, on: str, name: str = "F-1", who: Actor = SITE, **more: Any) -> Recorded:
        row = {
            "finding": name, "action": "A1", "words": "procedure 7 is written anew",
            "owner": "site-engineer", "due": day("2025-05-31"), "on": day(on), **more,
        }  # fmt: skip
        return plan_actions(self.database, who, [row])

    def step(
        self, state: str, on: str, name: str = "F-1", who: Actor = SITE, **more: Any
    ) -> Recorded:
        row = {"finding": name, "on": day(on), **more}
        return take_finding_steps(self.database, who, state, [row])

    def closed(self, name: str, act: str, closed: str) -> None:
        """Bring a finding from open to closed."""
        self.act(act, name)
        self.step("implemented", act, name)
        self.step("verified", closed, name, OFFICE, evidence="PT-1")
        self.step("closed", closed, name, OFFICE)

    def finding(self, name: str = "F-1") -> FindingRecord:
        with self.database.reading() as connection:
            return security_finding(connection, self.database.metadata, name)


def run(books: Regime, monkeypatch: pytest.MonkeyPatch, person: str, *given: str) -> Result:
    monkeypatch.setattr(Given, "db", str(books.database.url))
    monkeypatch.setenv("KEIRYO_PERSON", person)
    return CliRunner().invoke(COMMANDS, list(given))


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)
