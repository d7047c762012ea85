"""State XA for tests of corrections: its reports, its context, and the same in books."""

from __future__ import annotations

import datetime
from importlib.resources import files
from pathlib import Path

from keiryo.capabilities import builtin_registry
from keiryo.corrections.model import Choices, CorrectionPlan, Wanted
from keiryo.corrections.planner import plan
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.reports.context import Context, read_context
from keiryo.reports.filed import Filings
from keiryo.reports.filing import file_reports
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database

FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
ACTOR = Actor("P-1", "XA")
DAY = datetime.date(2026, 2, 10)


def context() -> Context:
    parsed, findings = read_context((FOLDER / "context.json").read_bytes(), "context.json")
    assert parsed is not None and not findings
    return parsed


def reports() -> list[Report]:
    texts = [(p.name, p.read_bytes()) for p in sorted(FOLDER.glob("*.txt"))]
    return list(read_files(texts).reports)


def filings(*more: Report) -> Filings:
    return file_reports([*reports(), *more], context())


def planned(mba: str, entry: str, wanted: Wanted, **choices: object) -> CorrectionPlan:
    report_no, entry_no = map(int, entry.split("/"))
    made = Choices(DAY, **{"reason": "slip misread", **choices})  # type: ignore[arg-type]
    return plan(filings(), mba, report_no, entry_no, wanted, made)


def books(url: str, given: list[Report] | None = None) -> Database:
    database = Database(url, builtin_registry())
    open_journal(database, "XA", ACTOR)
    texts = [
        (f"{r.mba}-{r.number}.txt", write([r]).encode())
        for r in (reports() if given is None else given)
    ]
    before = ("context.json", (FOLDER / "context.json").read_bytes())
    assert import_reports(database, texts, ACTOR, context=before).complete
    return database


def told(plan: CorrectionPlan) -> list[str]:
    """Return what a plan does, one line a step: where, what, to which entry, labels and values."""
    return [
        " ".join(
            [
                step.address.text,
                step.status,
                step.refers.text.partition(" ")[2] if step.refers else "-",
                step.code or "-",
                *(f"{label}={after}" for label, _, after in step.changes),
            ]
        )
        for step in plan.steps
    ]
