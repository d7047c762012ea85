"""Findings as a work list: owners, due days, answers, and what the boards put on it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cases.making import change
from keiryo.cli.findings import register as register_findings
from keiryo.cli.oversight import register as register_oversight
from keiryo.errors import KeiryoError, NotFoundError, UsageError
from keiryo.oversight.notices import register_notices, withdraw_notice
from keiryo.oversight.standing_questions import record_standing_questions
from keiryo.oversight.statements import record_statements
from keiryo.oversight.worklist import (
    Wanted,
    WorkItem,
    answer,
    assign,
    finding_history,
    work_list,
)
from keiryo.reports.rules_notices import AdvanceNotice
from small_books import ACTOR, PLANT, STORE, SmallBooks

DAY = datetime.date.fromisoformat
TODAY = datetime.datetime(2026, 1, 10, 12, tzinfo=datetime.UTC)


def questioned(url: str) -> SmallBooks:
    """Return books with three findings: a notice of a plant, two sums stated about a store."""
    books = SmallBooks(url, clock=lambda: TODAY, XHFA=PLANT, XHSA=STORE)
    plan = AdvanceNotice("N-9", "export", "XHFA", "XB", transfer_on=DAY("2026-01-15"))
    register_notices(books.database, ACTOR, [plan], clock=books.clock)
    text = "mba,date,category,element,unit,fissile\nXHSA,2025-06-30,E,1,,\n"
    record_statements(books.database, ACTOR, "june.csv", text.encode(), clock=books.clock)
    counts = record_standing_questions(books.database, ACTOR, TODAY.date(), clock=books.clock)
    assert counts == (3, 0)
    return books


def listed(books: SmallBooks, on: str = "2026-01-10", **wanted: object) -> list[WorkItem]:
    with books.database.reading() as connection:
        chosen = Wanted(**wanted)  # type: ignore[arg-type]
        return work_list(connection, books.database.metadata, DAY(on), chosen)


def test_the_list(database_url: str) -> None:
    books = questioned(database_url)
    every = listed(books)
    codes = [item.values["code"] for item in every]
    assert codes == ["ADVANCE-NOTICE", *["STATEMENT-BOOK"] * 2]
    assert [i.values["code"] for i in listed(books, mba="XHFA")] == ["ADVANCE-NOTICE"]
    assert len(listed(books, code="STATEMENT-BOOK", severity="E")) == 2
    assert listed(books, severity="F") == []
    first = every[0]
    place = (first.act, first.line)
    assign(books.database, ACTOR, "accountant XHFA", DAY("2026-01-20"), places=[place],
           clock=books.clock)  # fmt: skip
    posted, count = assign(
        *(books.database, ACTOR, "State officer", None),
        wanted=Wanted(mba="XHSA", unowned=True),
        clock=books.clock,
    )
    assert (count, posted.act.kind) == (2, "finding.assign")
    assert [i.values["code"] for i in listed(books, owner="accountant XHFA")] == ["ADVANCE-NOTICE"]
    assert listed(books, unowned=True) == []
    assert listed(books, on="2026-01-20", overdue=True) == []
    (late,) = listed(books, on="2026-01-21", overdue=True)
    assert (late.act, late.line, late.age_days) == (*place, 11)
    answer(books.database, ACTOR, place, "asked the plant", "open", clock=books.clock)
    answer(books.database, ACTOR, place, "typing error", "closed", clock=books.clock)
    assert listed(books, on="2026-01-21", overdue=True) == []
    answer(books.database, ACTOR, place, "no, it was not", "open", kind="finding.reopen",
           clock=books.clock)  # fmt: skip
    with books.database.reading() as connection:
        item, steps = finding_history(connection, books.database.metadata, place, DAY("2026-01-10"))
    assert [step.what for step in steps] == [
        *("raised", "assigned", "answered", "closed", "reopened"),
    ]
    assert steps[1].words == "to accountant XHFA by 2026-01-20"
    assert (item.state, item.answer, item.owner) == ("open", "no, it was not", "accountant XHFA")


def test_the_boards_settle_what_is_gone(sqlite_url: str) -> None:
    books = questioned(sqlite_url)
    again = record_standing_questions(books.database, ACTOR, TODAY.date(), clock=books.clock)
    assert again == (0, 0)
    withdraw_notice(books.database, ACTOR, "N-9", "nothing came of it", clock=books.clock)
    first = listed(books)[1]
    answer(books.database, ACTOR, (first.act, first.line), "ours is right", "closed",
           clock=books.clock)  # fmt: skip
    counts = record_standing_questions(books.database, ACTOR, TODAY.date(), clock=books.clock)
    assert counts == (0, 1)
    (settled,) = listed(books, mba="XHFA", every=True)
    assert (settled.state, settled.answer) == ("closed", "settled by what was recorded since")
    assert len(listed(books)) == 1


def test_what_cannot_be_done(sqlite_url: str) -> None:
    books = questioned(sqlite_url)
    with pytest.raises(NotFoundError, match="no finding"):
        answer(books.database, ACTOR, (1, 1), "so it is", "closed")
    with pytest.raises(NotFoundError):
        assign(books.database, ACTOR, "officer", None, wanted=Wanted(mba="XQQQ"))
    for owner in ("", "someone@example.org", "x" * 81):
        with pytest.raises(UsageError):
            assign(books.database, ACTOR, owner, None, wanted=Wanted())
    with pytest.raises(UsageError):
        answer(books.database, ACTOR, (1, 1), " ", "closed")


def run(place: Path, *words: str) -> tuple[int, str]:
    """Run a command of the boards and return its exit code and what it printed."""
    import typer

    app = typer.Typer(pretty_exceptions_enable=False)
    register_findings(app)
    register_oversight(app)
    done = CliRunner().invoke(app, [*words, "--db", str(place)])
    if isinstance(done.exception, KeiryoError):
        return 2, done.exception.message
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_commands(sqlite_url: str, tmp_path: Path) -> None:
    books = questioned(sqlite_url)
    waste = change("TW", "20250110", "W-1", "630:10 670:0.4", mdc="T/R/N/E")
    back = change("FW", "20250112", "W-1", "630:20 670:0.4", mdc="T/R/N/E")
    assert books.send("XHFA", 1, waste, back).outcome == "accepted"
    place = tmp_path / "books.sqlite"
    code, text = run(place, "findings", "list", "--on", "2026-01-12", "--format", "json")
    rows = [row for row in json.loads(text) if row["code"] != "RETAINED-WASTE"]
    assert code == 0
    assert {"act", "line", "state", "severity", "code", "mba", "report", "entry_no", "message",
            "owner", "due", "age_days", "overdue"} <= set(rows[0])  # fmt: skip
    assert rows[0]["age_days"] == 2
    name = f"{rows[0]['act']}/{rows[0]['line']}"
    assert run(place, "findings", "assign", name, "--to", "officer", "--due", "2026-01-01")[0] == 0
    assert "which findings" in run(place, "findings", "assign", "--to", "officer")[1]
    assert (
        run(place, "findings", "assign", "--code", "STATEMENT-BOOK", "--to", "P-22222222")[0] == 0
    )
    _, text = run(place, "findings", "list", "--overdue", "--format", "json")
    assert [row["owner"] for row in json.loads(text)] == ["officer"]
    assert run(place, "findings", "answer", *name.split("/"), "--answer", "done")[0] == 0
    assert run(place, "findings", "reopen", name, "--reason", "not done")[0] == 0
    assert run(place, "findings", "close", name, "--reason", "done now")[0] == 0
    _, text = run(place, "findings", "show", name, "--format", "json")
    assert [step["what"] for step in json.loads(text)["history"]] == [
        *("raised", "assigned", "closed", "reopened", "closed"),
    ]
    assert "names no finding" in run(place, "findings", "show", "5-6")[1]
    assert run(place, "waste", "--on", "2025-12-31")[0] == 1
    code, text = run(place, "waste", "--on", "2025-01-11", "--format", "json")
    assert (code, json.loads(text)["findings"]) == (0, [])
    assert run(place, "exemptions", "--try", "E:30000:1200")[0] == 0
    code, text = run(place, "exemptions", "--try", "E:300000:12000", "--format", "json")
    assert (code, json.loads(text)["try"]["exceeded"]) == (1, ["a"])
    assert run(place, "statements", "compare")[0] == 1
    assert run(place, "statements", "list", "--format", "csv")[1].count("\n") == 2
    words = ("--direction", "export", "--mba", "XHFA", "--partner", "XB", "--weight", "P:1500",
             "--transfer", "2025-09-01")  # fmt: skip
    assert run(place, "notices", "add", "N-1", *words)[0] == 0
    assert run(place, "notices", "check", "--on", "2025-08-18")[0] == 0
    assert run(place, "notices", "check", "--on", "2025-08-19")[0] == 1
    _, text = run(place, "notices", "list", "--on", "2025-08-10", "--format", "json")
    assert json.loads(text)["notices"][0]["days_left"] == 8
    assert run(place, "notices", "withdraw", "N-1", "--reason", "not sold")[0] == 0
    assert run(place, "findings", "refresh")[0] == 0
    books.database.close()
