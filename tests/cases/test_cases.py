"""Whole sets of reports, with what must come out of them computed apart from keiryo.

Each folder holds a set: ``context.json``, report texts, ``expected.json`` and a README that tells
the story. What is expected was computed by the ``make.py`` of the folder, which uses nothing of
keiryo.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from keiryo.accounts.balance import balance, state_balance
from keiryo.accounts.inventory import inventory, to_dict
from keiryo.accounts.model import Knowledge
from keiryo.capabilities import builtin_registry
from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.journal.verify import verify
from keiryo.reports.export import recorded_reports
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database

CASES = sorted(file.parent for file in Path(__file__).parent.glob("*/make.py"))


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path, sqlite_url: str) -> None:
    run(folder, sqlite_url)


def test_case_on_postgresql(postgres_url: str) -> None:
    run(next(folder for folder in CASES if folder.name == "rounded-state"), postgres_url)


def run(folder: Path, url: str) -> None:
    """Import the set, and import by import and question by question compare."""
    expected = json.loads((folder / "expected.json").read_text())
    actor = Actor("P-1", expected["country"])
    database = Database(url, builtin_registry())
    open_journal(database, expected["country"], actor)
    for step in expected["imports"]:
        _import(database, folder, step, actor)
    assert not verify(database).problems
    with database.reading() as connection:
        for question in expected.get("balances", ()):
            found = balance(connection, database.metadata, question["mba"], **_asked(question))
            _same_lines(found.to_dict()["lines"], question)
            assert found.source == question.get("source", "books"), question
        for question in expected.get("states", ()):
            country = expected["country"]
            found = state_balance(connection, database.metadata, country, **_asked(question))
            _same_lines(found.to_dict()["lines"], question)
        for question in expected.get("inventories", ()):
            _inventory(database, connection, question)
    _same_when_exported(database, folder)
    database.close()


def _import(database: Database, folder: Path, step: dict[str, Any], actor: Actor) -> None:
    names = step.get("files") or sorted(file.name for file in folder.glob("*.txt"))
    context = None
    if step.get("context", True):
        context = ("context.json", (folder / "context.json").read_bytes())
    summary = import_reports(
        database,
        [(name, (folder / name).read_bytes()) for name in names],
        actor,
        context=context,
        accept_reason=step.get("accept_reason"),
    )
    assert _codes(summary.context_findings) == step.get("context_findings", [])
    outcomes = {o.report: [o.outcome, _codes(o.findings)] for o in summary.outcomes}
    assert outcomes == step["reports"]
    found = sorted([f.code, f.mba, f.report, f.category] for f in summary.open_findings)
    assert found == sorted(step["open_findings"]), "\n".join(
        f"{f.place}: {f.message}" for f in summary.open_findings
    )


def _codes(findings: tuple[Finding, ...]) -> list[str]:
    return sorted({f.code for f in findings})


def _day(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


def _asked(question: dict[str, Any]) -> dict[str, Any]:
    return {
        "start": _day(question.get("from")),
        "end": _day(question.get("to")),
        "knowledge": Knowledge(known_on=_day(question.get("known_on"))),
    }


def _same_lines(found: Any, question: dict[str, Any]) -> None:
    about = {key: value for key, value in question.items() if key != "lines"}
    assert {code: found[code] for code in found if found[code]} == {
        code: lines for code, lines in question["lines"].items() if lines
    }, about


def _inventory(database: Database, connection: Any, question: dict[str, Any]) -> None:
    day, known_on = _day(question["on"]), _day(question.get("known_on"))
    assert day is not None
    knowledge = Knowledge(known_on=known_on)
    found = to_dict(inventory(connection, database.metadata, question["mba"], day, knowledge))
    about = (question["mba"], question["on"])
    totals = {c: {k: v for k, v in t.items() if k != "sq"} for c, t in found["totals"].items()}
    assert totals == question["totals"], about
    batches = [
        [b["batch"], b["category"], b["items"], b["element"], b["fissile"]]
        for b in found["batches"]
    ]
    if "batches" in question:
        assert sorted(batches, key=str) == sorted(question["batches"], key=str), about
    for key in ("effective_kg", "effective_kg_assumed"):
        if key in question:
            assert found[key] == question[key], about


def _same_when_exported(database: Database, folder: Path) -> None:
    """What was accepted can be written again and reads the same."""
    sent = {}
    files = [(file.name, file.read_bytes()) for file in sorted(folder.glob("*.txt"))]
    for report in read_files(files).reports:
        sent.setdefault(report.key, []).append(report)
    with database.reading() as connection:
        kept = list(recorded_reports(connection, database.metadata))
    for report in kept:
        assert report in sent[report.key], report.key
        again = read_files([("again.txt", write([report]).encode())])
        assert list(again.reports) == [report]
