"""Versions of an event plan in the books: drafts, approval by somebody else, history, evidence."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from keiryo.capabilities import builtin_registry
from keiryo.equipment.calibration import Calibration, calibrate
from keiryo.equipment.custody import HandOver
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.equipment.loans import Terms, lend
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.public_events.links import explain
from keiryo.public_events.plans import in_force, plan_of, versions
from keiryo.public_events.recording import decide, record_plan
from keiryo.public_events.sheets import EventPlan, read_folder
from keiryo.storage.engine import Database

FOLDER = Path(__file__).parents[1] / "data" / "public_event"
PLANNER, HEAD = Actor("P-PLAN", "XH"), Actor("P-HEAD", "XH")
DAY = datetime.date(2026, 2, 1)
SERIALS = ("RIID-1", "PPM-1", "BP-1")
EVENT = "harbour-games"


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'b.sqlite'}", builtin_registry())
    open_journal(database, "XH", PLANNER)
    yield database
    database.close()


@pytest.fixture(scope="module")
def plan() -> EventPlan:
    return read_folder(FOLDER)[0]


def equip(books: Database) -> None:
    for one in SERIALS:
        values = {
            "serial": one,
            "type": "personal-radiation-detector",
            "model": "M",
            "owner": "INT.IAEA",
        }
        first = HandOver(one, None, "Ito", "O", "store", "2026-01-05T09:00:00.000000Z")
        register_items(books, PLANNER, [ItemEntry(values, first)])
        calibrate(books, PLANNER, Calibration(one, DAY, datetime.date(2027, 12, 1), "lab"))
    terms = Terms(
        "L-1",
        "INT.IAEA",
        "XH.GOV",
        "games",
        requested_on=DAY,
        start_on=datetime.date(2027, 6, 1),
        end_on=datetime.date(2027, 9, 30),
    )
    lend(books, PLANNER, terms, ["RIID-1", "BP-1"])


def refused(books: Database, actor: Actor, version: str, state: str = "approved") -> set[str]:
    with pytest.raises(RefusedError) as error:
        decide(books, actor, EVENT, version, state, on=DAY)
    return {one.code for one in error.value.findings}


def test_a_plan_from_draft_to_force(books: Database, plan: EventPlan) -> None:
    posted, gaps = record_plan(books, PLANNER, plan, "1")
    assert {one.code for one in gaps} == {"PUBLIC-EVENT-NOT-REGISTERED", "PUBLIC-EVENT-LOAN-RECORD"}
    with pytest.raises(RefusedError) as error:
        record_plan(books, PLANNER, plan, "1")
    assert {one.code for one in error.value.findings} == {"PUBLIC-EVENT-VERSION"}
    assert "PUBLIC-EVENT-NOT-REGISTERED" in refused(books, HEAD, "1")
    equip(books)
    assert refused(books, PLANNER, "1") == {"PUBLIC-EVENT-SAME-PERSON"}
    assert refused(books, HEAD, "2") == {"PUBLIC-EVENT-STEP"}
    done = decide(books, HEAD, EVENT, "1", "approved", on=DAY)
    assert refused(books, HEAD, "1") == {"PUBLIC-EVENT-STEP"}
    with books.reading() as connection:
        read = plan_of(connection, books.metadata, EVENT, "1")
        assert read == plan
        before = done.act.act_id - 1
        assert in_force(connection, books.metadata, EVENT, through_act=before) is None
        assert in_force(connection, books.metadata, EVENT, on=20260131) is None
        found = in_force(connection, books.metadata, EVENT)
        assert found is not None and found.values["version"] == "1"
        links = list(explain(connection, books.metadata, f"public-event:{EVENT}"))
        assert [one.relation for one in links] == ["planned in", "decided in"]
        for one in links:
            back = dependents(connection, books.metadata, books.registry, one.target)
            assert any(link.source == one.source for link in back)
        with pytest.raises(NotFoundError):
            plan_of(connection, books.metadata, EVENT, "9")
    assert posted.act.act_id < done.act.act_id


def test_calibration_of_the_register_counts(books: Database, plan: EventPlan) -> None:
    equip(books)
    calibrate(books, PLANNER, Calibration("BP-1", DAY, datetime.date(2027, 7, 24), "lab"))
    record_plan(books, PLANNER, plan, "1")
    assert refused(books, HEAD, "1") == {"PUBLIC-EVENT-CALIBRATION-RECORD"}
    decide(books, HEAD, EVENT, "1", "rejected", on=DAY, reason="calibrate BP-1")
    with books.reading() as connection:
        assert versions(connection, books.metadata)[EVENT, "1"].state == "rejected"


def test_sheets_with_errors_are_not_recorded(books: Database, tmp_path: Path) -> None:
    empty, findings = read_folder(tmp_path)
    with pytest.raises(RefusedError):
        record_plan(books, PLANNER, empty, "1", findings=findings)
