"""Alarms: each with its smallest cause, and gone when the cause is."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from keiryo.equipment.alarms import Alarm, alarms, counted
from keiryo.equipment.calibration import Calibration, calibrate
from keiryo.equipment.conditions import record_condition
from keiryo.equipment.items import items
from keiryo.equipment.plans import plans, record_plans
from keiryo.errors import RefusedError, Severity

ON = datetime.date(2026, 7, 10)
DUE = datetime.date(2026, 12, 31)


def found(store: Any, on: datetime.date = ON) -> list[Alarm]:
    with store.books.database.reading() as connection:
        return alarms(connection, store.books.database.metadata, on)


def codes(store: Any, on: datetime.date = ON) -> list[str]:
    return [one.finding.code for one in found(store, on)]


def calibrated(store: Any, serial: str, due: datetime.date = DUE, **more: Any) -> None:
    done = Calibration(serial, datetime.date(2026, 6, 1), due, "Laboratory", **more)
    calibrate(store.books.database, store.books.actor, done)


@pytest.fixture
def quiet(store: Any) -> Any:
    """Two calibrated detectors: nothing to look at."""
    for serial in ("PRD-1", "PRD-2"):
        calibrated(store, serial)
    assert codes(store) == []
    return store


def test_a_calibration_lasts_to_the_end_of_the_event(store: Any) -> None:
    assert codes(store) == ["EQUIPMENT-CALIBRATION-NONE"] * 2
    calibrated(store, "PRD-1", datetime.date(2026, 8, 8))
    calibrated(store, "PRD-2", datetime.date(2026, 8, 9))
    assert codes(store) == []
    store.in_use("PRD-1", "PRD-2")  # the last day of use is 9 August
    [one] = found(store)
    assert one.finding.code == "EQUIPMENT-CALIBRATION-DUE" and one.serial == "PRD-1"
    assert one.loan == "games" and one.finding.severity is Severity.INCONSISTENCY
    assert one.to_dict()["advice"]
    calibrated(store, "PRD-1", datetime.date(2026, 8, 9))
    assert codes(store) == []
    assert codes(store, datetime.date(2026, 8, 10)) == ["EQUIPMENT-CALIBRATION-DUE"] * 2


def test_a_check_source_that_was_not_seen(quiet: Any) -> None:
    calibrated(quiet, "PRD-1", check_source="Cs-137 no. 4", check_source_result="failed")
    assert codes(quiet) == ["EQUIPMENT-CHECK-SOURCE"]


def test_a_camera_is_not_calibrated(quiet: Any) -> None:
    quiet.register("CAM-1", "camera")
    assert codes(quiet) == []


def test_custody_follows_the_loan(quiet: Any) -> None:
    quiet.lend("PRD-1")
    for state in ("offered", "agreed", "shipped"):
        quiet.step(state)  # on 1 July; Huber has had it since January
    [one] = found(quiet)
    assert one.finding.code == "EQUIPMENT-CUSTODY-GAP" and "10 days" in one.finding.message
    assert found(quiet, datetime.date(2026, 7, 1))[0].finding.message.endswith("1 day")
    quiet.pass_on("PRD-1", "Huber", "Carrier", ("Carrier Ltd", "Vienna", "2026-07-01T12:00Z"))
    assert codes(quiet) == []
    quiet.step("received", datetime.date(2026, 7, 3), acceptance_test="passed")
    assert "8 days" in found(quiet)[0].finding.message
    quiet.pass_on("PRD-1", "Carrier", "Ito", ("JP.GOV", "Tokyo", "2026-07-03T01:00Z"))
    assert codes(quiet) == []
    quiet.step("recalled", datetime.date(2026, 7, 5))
    assert codes(quiet) == []
    tests = {"decontamination_check": "passed", "function_test": "passed"}
    quiet.step("returned", datetime.date(2026, 7, 8), **tests)
    assert codes(quiet) == ["EQUIPMENT-CUSTODY-GAP"]
    quiet.pass_on("PRD-1", "Ito", "Huber", ("INT.IAEA", "Seibersdorf", "2026-07-08T09:00Z"))
    assert codes(quiet) == []


def test_the_end_of_a_loan(quiet: Any) -> None:
    early = datetime.date(2026, 8, 8)
    quiet.lend("PRD-1", end_on=early)
    assert codes(quiet) == ["EQUIPMENT-LOAN-END"]
    quiet.lend("PRD-1", end_on=datetime.date(2026, 8, 9))  # the last day of use
    assert codes(quiet) == []
    quiet.in_use("PRD-1")
    assert codes(quiet, datetime.date(2026, 8, 30)) == []
    [ending] = found(quiet, datetime.date(2026, 8, 31))
    assert ending.finding.code == "EQUIPMENT-LOAN-ENDING"
    assert ending.finding.severity is Severity.INFORMATION
    assert codes(quiet, datetime.date(2026, 9, 30)) == ["EQUIPMENT-LOAN-ENDING"]
    assert codes(quiet, datetime.date(2026, 10, 1)) == ["EQUIPMENT-LOAN-OVERDUE"]


def test_a_contained_source_needs_a_licence(quiet: Any) -> None:
    source = {"source_nuclide": "Cs-137", "source_activity_bq": 1, "source_reference_on": 20260101}
    quiet.register("CS-1", "check-source", **source)
    quiet.lend("CS-1")
    [one] = found(quiet)
    assert one.finding.code == "EQUIPMENT-IMPORT-LICENCE" and "CS-1 contains" in one.finding.message
    quiet.lend(import_licence="JP-5")
    assert codes(quiet) == []
    quiet.lend("CS-1", loan="at-home", customs_regime="domestic")
    assert codes(quiet) == []


def test_a_post_has_what_the_plan_says(quiet: Any) -> None:
    books = quiet.books
    plan = {"event": "Games", "post": "Gate 3", "type": "personal-radiation-detector", "count": 2}
    days = {"first_day": 20260705, "last_day": 20260809}
    record_plans(books.database, books.actor, [{**plan, **days}])
    assert codes(quiet, datetime.date(2026, 7, 4)) == []
    [one] = found(quiet)
    assert one.finding.code == "EQUIPMENT-POST-COUNT" and one.post == "Gate 3"
    assert (one.finding.found, one.finding.expected) == ("0", "2")
    for serial in ("PRD-1", "PRD-2"):
        quiet.pass_on(serial, "Huber", "Ito", ("JP.GOV", "Gate 3", "2026-07-05T01:00Z"))
    assert codes(quiet) == []
    with books.database.reading() as connection:
        there = counted(items(connection, books.database.metadata).values(), ON)
    assert there == {("Gate 3", "personal-radiation-detector"): 2}
    record_condition(books.database, books.actor, "PRD-1", "damaged", on=ON, reason="dropped")
    assert codes(quiet) == ["EQUIPMENT-DAMAGED", "EQUIPMENT-POST-COUNT"]
    record_plans(books.database, books.actor, [{**plan, **days, "count": 1}])
    assert codes(quiet) == ["EQUIPMENT-DAMAGED"]
    record_plans(books.database, books.actor, [{**plan, **days, "count": 0}])
    assert "too many" in found(quiet)[1].finding.advice
    record_plans(books.database, books.actor, [{**plan, **days, "count": 1}])
    with books.database.reading() as connection:
        assert [one["count"] for one in plans(connection, books.database.metadata)] == [1]


def test_plans_that_cannot_be(quiet: Any) -> None:
    books = quiet.books
    plan = {"event": "Games", "post": "Gate 3", "type": "ladder", "count": 1}
    days = {"first_day": 20260230, "last_day": 20260809}
    with pytest.raises(RefusedError) as error:
        record_plans(books.database, books.actor, [{**plan, **days}])
    assert [one.code for one in error.value.findings] == ["EQUIPMENT-PLAN", "EQUIPMENT-TYPE"]


def test_what_is_lost(quiet: Any) -> None:
    books = quiet.books
    source = {"source_nuclide": "Cs-137", "source_activity_bq": 1, "source_reference_on": 20260101}
    quiet.register("CS-1", "check-source", **source)
    record_condition(books.database, books.actor, "CS-1", "lost", on=ON, reason="not there")
    [one] = found(quiet)
    assert one.finding.code == "EQUIPMENT-LOST" and "Huber had it last" in one.finding.message
    assert "regulator" in one.finding.advice
    record_condition(books.database, books.actor, "CS-1", "serviceable", on=ON, reason="found")
    assert codes(quiet) == []
