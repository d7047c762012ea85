"""The compliance view: requirements beside plans, inspections and findings, without any value."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from keiryo.errors import RefusedError, UsageError
from keiryo.security_regime.compliance import (
    COLUMNS,
    Requirement,
    compliance,
    exported,
    read_checklist,
    shipped_checklist,
)
from keiryo.security_regime.plan_recording import cover, record_plans, take_plan_steps
from security_regime.regime_books import DIGEST, OFFICE, SCOPE, SITE, Regime, day, done, run

ON = "2025-07-01"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Regime:
    """Books with a plan in force that addresses two principles, and one finding."""
    made = Regime(f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}")
    row = {
        "plan": "PPP-1", "version": "1", "facility": "XHF-", "kind": "physical_protection",
        "title": "Plan", "digest": DIGEST, "basis": "L-7", "valid_from": day("2025-01-01"),
        "review_on": day("2026-01-01"), "on": day("2024-12-01"),
    }  # fmt: skip
    record_plans(made.database, SITE, [row])
    cover(made.database, SITE, [{**row, "requirement": "FP-H", "chapter": "4"},
                                {**row, "requirement": "FP-I", "coverage": "part"}])  # fmt: skip
    take_plan_steps(made.database, SITE, "submitted", [row])
    take_plan_steps(made.database, OFFICE, "approved", [row])
    made.performed("I-1", "2025-03-01")
    made.performed("I-2", "2025-04-01")
    made.raise_("F-1", inspection="I-2", due=day("2025-06-01"))
    made.raise_("F-2", inspection="I-2", requirement="X-1")
    made.raise_("F-3", inspection="I-2", requirement="FP-A")
    made.closed("F-3", "2025-04-02", "2025-04-03")
    return made


def test_shipped_checklist() -> None:
    known = shipped_checklist()
    assert [one.ref for one in known] == [f"FP-{letter}" for letter in "ABCDEFGHIJKL"]
    assert all(one.status == "order unverified" for one in known)


def test_view(books: Regime) -> None:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        rows = compliance(connection, metadata, SCOPE, shipped_checklist(), day(ON))
        before = compliance(connection, metadata, SCOPE, shipped_checklist(), day("2024-12-31"))
    by_ref = {one.requirement.ref: one for one in rows}
    graded, depth, state = by_ref["FP-H"], by_ref["FP-I"], by_ref["FP-A"]
    assert (graded.addressed, graded.plans, graded.open_findings) == ("yes", ("PPP-1/1",), ("F-1",))
    assert (graded.last_inspected, graded.inspection, graded.overdue) == ("2025-04-01", "I-2", 1)
    assert depth.addressed == "partly" and not depth.open_findings
    assert (state.addressed, state.open_findings, state.last_inspected) == ("no", (), None)
    assert [one.requirement.ref for one in rows if not one.in_checklist] == ["X-1"]
    assert {one.addressed for one in before} == {"no"} and len(before) == 12


def test_exports(books: Regime) -> None:
    with books.database.reading() as connection:
        known = (Requirement("FP-H", "=1+1 | <b>", "own"),)
        rows = compliance(connection, books.database.metadata, SCOPE, known, day(ON))
    told = json.loads(exported(rows, "json", SCOPE, day(ON)))
    assert told["classification"] == "restricted" and len(told["requirements"]) == 3
    table = list(csv.reader(io.StringIO(exported(rows, "csv", SCOPE, day(ON)))))
    assert tuple(table[0]) == COLUMNS and table[1][1] == "'=1+1 | <b>"
    page = exported(rows, "md", SCOPE, day(ON))
    assert "=1+1 \\| \\<b\\>" in page and page.count("\n|") == 5
    with pytest.raises(UsageError):
        exported(rows, "pdf", SCOPE, day(ON))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"requirement_ref,title\nA,b\n", "CHECKLIST-CELL"),
        (b"requirement_ref,title,source\nA,b,c\nA,d,e\n", "CHECKLIST-CELL"),
        (b"requirement_ref,title,source,p_detection\nA,b,c,0.9\n", "CHECKLIST-TABLE"),
        (b"", "CHECKLIST-TABLE"),
    ],
)
def test_checklists_that_are_refused(content: bytes, code: str) -> None:
    with pytest.raises(RefusedError) as error:
        read_checklist("list.csv", content)
    assert {one.code for one in error.value.findings} == {code}


def test_command(books: Regime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def office(*given: str) -> str:
        return done(run(books, monkeypatch, "P-OFFICE", "compliance", "XHF-", "--on", ON, *given))

    assert "PPP-1/1" in office()
    assert office("--format", "csv").startswith("requirement_ref,")
    own = tmp_path / "own.csv"
    own.write_text("requirement_ref,title,source\nFP-H,Graded,own\n", encoding="utf-8")
    told = json.loads(office("--format", "json", "--checklist", str(own)))
    assert [one["in_checklist"] for one in told["requirements"]] == [True, False, False]
    out = tmp_path / "view.md"
    assert "13 requirements" in office("--out", str(out)) and "| FP-H |" in out.read_text("utf-8")
