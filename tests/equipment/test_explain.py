"""From an item to the promise that its loan fulfils, and back; the commands."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import keiryo
from keiryo.cli import equipment
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.equipment.calibration import Calibration, calibrate
from keiryo.equipment.conditions import record_condition
from keiryo.equipment.history import history
from keiryo.errors import KeiryoError
from keiryo.journal.dependents import dependents
from keiryo.journal.why import why

DAY = datetime.date(2026, 7, 1)
OWN = ("equipment:", "loan:")


def test_the_way_to_the_promise_and_back(store: Any) -> None:
    database, actor = store.books.database, store.books.actor
    store.in_use("PRD-1", "PRD-2")
    done = Calibration("PRD-1", DAY, datetime.date(2027, 1, 1), "Laboratory")
    calibrate(database, actor, done, certificate=("c.txt", b"trusted"))
    said = {"on": DAY, "reason": "dropped", "evidence": ("act:1",)}
    record_condition(database, actor, "PRD-1", "damaged", **said)
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        chain = why(connection, metadata, registry, "equipment:PRD-1", limit=500)
        links = {(one.relation, one.target.partition(":")[0]) for one in chain.links}
        assert {("lent under", "loan"), ("fulfils", "cooperation")} <= links
        assert {("shown by", "evidence"), ("shown by", "act"), ("happened under", "loan")} <= links
        assert ("loan:games", "fulfils", "cooperation:c008") in {
            (one.source, one.relation, one.target) for one in chain.links
        }
        relations = {
            *("recorded in", "in the custody of", "calibrated in", "happened to it"),
            *("lent under", "fulfils", "took the step", "handed over after", "shown by"),
            "happened under",
        }
        looked = 0
        for link in chain.links:
            if link.relation in relations and (
                link.source.startswith(OWN) or link.relation in ("handed over after", "shown by")
            ):
                back = dependents(connection, metadata, registry, link.target, 500)
                assert link in back, link
                looked += 1
        assert looked > 15
        lent = dependents(connection, metadata, registry, "loan:games")
        assert {"equipment:PRD-1", "equipment:PRD-2"} <= {one.source for one in lent}


def test_down_to_the_sentence_that_promises_it(store: Any) -> None:
    database = store.books.database
    record_register(database, store.books.actor, shipped_register(), "agreements.json")
    store.lend("PRD-1")
    with database.reading() as connection:
        chain = why(connection, database.metadata, database.registry, "equipment:PRD-1", limit=500)
    words = {values["words"] for kind, values in chain.lines.values() if kind == "quotation"}
    assert "the loan to Japan of equipment to detect radiation" in words


def test_what_no_longer_counts_is_not_found(store: Any) -> None:
    database = store.books.database
    first = store.lend("PRD-1", "PRD-2")
    store.lend("PRD-2", commitment="c009")
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        assert not dependents(connection, metadata, registry, "cooperation:c008")
        assert dependents(connection, metadata, registry, "cooperation:c009")
        on_old = dependents(connection, metadata, registry, f"line:{first}/1")
        assert not [one for one in on_old if one.source.startswith(OWN)]
        lent = dependents(connection, metadata, registry, "loan:games")
        assert [one.source for one in lent] == ["equipment:PRD-2"]
        chain = why(connection, metadata, registry, "loan:games")
        assert not [one for one in chain.links if one.target.startswith(f"line:{first}/")]


def test_the_history_of_an_item(store: Any) -> None:
    store.in_use("PRD-1")
    with store.books.database.reading() as connection:
        rows = history(connection, store.books.database.metadata, "PRD-1")
    days = [row["when"][:10] for row in rows]
    assert days == sorted(days) and len(rows) == 9
    assert [row["what"] for row in rows[:3]] == ["handed over", "loan", "loan"]
    assert "from Huber to Ito for JP.GOV at Gate 3" in {row["words"] for row in rows}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command of equipment on books of its own; a refusal is raised."""
    place = str(tmp_path / "books.sqlite")
    keiryo.init(f"sqlite:///{place}", "XA", person="P-TEST2345")
    monkeypatch.setenv("KEIRYO_DB", place)
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    equipment.register(app)
    app.command("other")(lambda: None)

    def call(*words: str) -> str:
        answer = CliRunner().invoke(app, ["equipment", *words])
        if answer.exception is not None and isinstance(answer.exception, KeiryoError):
            raise answer.exception
        assert answer.exit_code == 0, answer.output
        return answer.output

    return call


def test_the_commands(run: Any, tmp_path: Path) -> None:
    new = ["--type", "portable-scanner", "--model", "M", "--owner", "O", "--custodian", "Ito"]
    where = ["--for", "O", "--place", "store", "--at", "2026-01-05T09:00Z"]
    run("register", "S-1", *new, *where)
    run("register", "S-1", "--firmware", "2")
    assert json.loads(run("show", "S-1", "--format", "json"))["firmware"] == "2"
    sides = ["--lender", "O", "--borrower", "B", "--purpose", "games", "--item", "S-1"]
    days = ["--start", "2026-07-01", "--last-use", "2026-08-09", "--end", "2026-08-08"]
    run("lend", "games", *sides, *days, "--customs", "ATA", "--commitment", "c008")
    run("lend", "games", "--agreement", "A-1", "--insurance", "B", "--end", "2026-08-31")
    for state in ("offered", "agreed", "shipped"):
        run("step", "games", state, "--reason", "yes", "--on", "2026-07-01")
    handed = ["--from", "Ito", "--to", "Abe", "--for", "B", "--place", "Gate 3"]
    run("hand-over", "S-1", *handed, "--at", "2026-07-02T09:00+09:00")
    test = ["--acceptance-test", "passed", "--reason", "it works", "--on", "2026-07-02"]
    run("step", "games", "received", *test)
    (tmp_path / "c.txt").write_text("trusted")
    checked = ["--check-source", "Cs-137", "--result", "passed", "--certificate", "c.txt"]
    run("calibrate", "S-1", "--by", "L", "--due", "2026-08-01", "--on", "2026-07-01", *checked)
    [row] = json.loads(run("alarms", "--on", "2026-07-10", "--format", "json"))
    assert row["code"] == "EQUIPMENT-CALIBRATION-DUE" and row["loan"] == "games"
    run("step", "S-1", "damaged", "--reason", "dropped", "--on", "2026-07-10")
    [item] = json.loads(run("list", "--condition", "damaged", "--format", "json"))
    assert item["place"] == "Gate 3" and item["custodian"] == "Abe"
    [loan] = json.loads(run("list", "--loans", "--format", "json"))
    assert loan["state"] == "received" and loan["commitment"] == "c008"
    assert json.loads(run("show", "games", "--format", "json"))["items"] == ["S-1"]
    assert "S-1" in run("show", "S-1") and "dropped" in run("history", "S-1")
    (tmp_path / "plans.csv").write_text(
        "event,post,type,count,first_day,last_day\n"
        "Games,Gate 3,portable-scanner,1,2026-07-01,2026-08-09\n"
    )
    assert json.loads(run("import", "plans", "plans.csv", "--format", "json"))["recorded"] == 1
    assert "Nothing is new" in run("import", "plans", "plans.csv")
    assert "EQUIPMENT-POST-COUNT" in run("alarms", "--on", "2026-07-10", "--format", "csv")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["import", "plans", "none.csv"], "cannot be read"),
        (["step", "x", "returned", "--reason", "r", "--function-test", "good"], "passed or failed"),
        (["step", "x", "lost", "--reason", "r", "--end", "2026-01-01"], "no end"),
        (["lend", "x", "--customs", "none"], "--customs"),
        (["calibrate", "x", "--by", "L", "--due", "2026-01-01", "--result", "ok"], "passed"),
        (["show", "x"], "no equipment"),
        (["history", "x"], "no equipment"),
    ],
)
def test_commands_that_make_no_sense(run: Any, words: list[str], told: str) -> None:
    with pytest.raises(KeiryoError, match=told):
        run(*words)
