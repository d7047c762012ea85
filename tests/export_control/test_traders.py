"""Trusted traders: the status on the day of the passage, and the queue with its reasons."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

import keiryo
from export_control.register_files import ITEMS, as_json
from keiryo.api import Books
from keiryo.errors import RefusedError
from keiryo.export_control.recording import record_file
from keiryo.export_control.traders import TraderStatus, queue, read_traders

DAY = datetime.date
VALID = {"valid_from": "2024-01-01", "valid_to": "2026-12-31"}
OWN = {"trader": "ACME", "programme": "AEO", "number": "1", "tier": 2, "since_day": "2024-01-01"}
ABROAD = {**OWN, "trader": "BETA", "programme": "C-TPAT", "tier": 3, "recognition": "MRA-1"}
MRA = {
    "recognition": "MRA-1",
    "programme": "AEO",
    "partner_programme": "C-TPAT",
    "parties": ["XA", "XB"],
    "highest_tier": 2,
}
BOX = {
    "consignment": "B-1",
    "container": "CSQU3054383",
    "passed_on": "2025-05-01",
    "history": "clean",
    "density_anomaly": True,
}


@pytest.fixture
def books(sqlite_url: str) -> Books:
    return keiryo.init(sqlite_url, "XA", person="P-TEST2345")


def record(books: Books, **lists: list[dict[str, Any]]) -> None:
    for name in ("traders", "recognitions"):
        lists[name] = [{**VALID, **one} for one in lists.get(name, [])]
    record_file(books.database, books.actor, "register.json", as_json(lists))


def status(books: Books, trader: str, day: str) -> TraderStatus:
    with books.database.reading() as connection:
        known = read_traders(connection, books.database.metadata)
    return known.status(trader, DAY.fromisoformat(day))


def test_the_status_of_the_day_counts(books: Books) -> None:
    record(books, traders=[OWN, {**OWN, "state": "suspended", "since_day": "2025-06-01"}])
    assert status(books, "ACME", "2025-05-31").tier == 2
    assert status(books, "ACME", "2025-06-01").reason == "AEO tier 2: suspended"
    assert status(books, "ACME", "2023-12-31").reason == "no status on this day"
    record(books, traders=[{**OWN, "since_day": "2025-07-01"}])
    found = status(books, "ACME", "2025-07-01")
    assert found.in_force and found.to_dict()["tier_that_counts"] == 2
    assert not status(books, "ACME", "2027-01-01").in_force
    assert status(books, "NOBODY", "2025-07-01").to_dict()["line"] is None


def test_mutual_recognition(books: Books) -> None:
    with pytest.raises(RefusedError) as refused:
        record(books, traders=[ABROAD])
    assert [one.code for one in refused.value.findings] == ["TRADER-RECOGNITION"]
    record(books, recognitions=[{**MRA, "state": "intended"}], traders=[ABROAD])
    assert status(books, "BETA", "2025-01-01").reason.endswith("MRA-1 is not in force")
    record(books, recognitions=[MRA])
    found = status(books, "BETA", "2025-01-01")
    assert found.in_force and found.tier == 2
    assert found.reason == "C-TPAT tier 3, recognised by MRA-1 as 2"
    record(books, recognitions=[{**MRA, "valid_to": "2024-12-31"}])
    assert "not valid" in status(books, "BETA", "2025-01-01").reason
    record(books, recognitions=[{**MRA, "partner_programme": "PIP"}])
    assert "recognises PIP" in status(books, "BETA", "2025-01-01").reason


def test_the_queue_with_its_reasons(books: Books) -> None:
    boxes = [
        BOX,
        {**BOX, "consignment": "B-2", "trader": "ACME"},
        {**BOX, "consignment": "B-3", "trader": "ACME", "radiation_alarm": True},
        {**BOX, "consignment": "B-4", "trader": "ACME", "commodity_code": "380110"},
        {**BOX, "consignment": "B-5", "trader": "ACME", "passed_on": "2027-01-01"},
    ]
    record(books, items=ITEMS, traders=[OWN], consignments=boxes)
    with books.database.reading() as connection:
        every = queue(connection, books.database.metadata)
        one_day = queue(connection, books.database.metadata, DAY(2027, 1, 1))
    rows = {row["consignment"]: row for row in (one.to_dict() for one in every)}
    scores = {name: row["score"] for name, row in rows.items()}
    assert scores == {"B-1": 41, "B-2": 26, "B-3": 41, "B-4": 41, "B-5": 41}
    assert [one.priority.score for one in every] == [41, 41, 41, 41, 26]
    assert rows["B-3"]["no_credit_because"] == ["a radiation alarm"]
    assert rows["B-4"]["no_credit_because"] == ["a listed commodity"]
    assert rows["B-5"]["no_credit_because"] == ["a status that is not in force"]
    assert rows["B-5"]["status"] == "AEO tier 2: not valid on this day"
    assert {"what": "trusted trader", "points": -15} in rows["B-2"]["points"]
    assert [one.values["consignment"] for one in one_day] == ["B-5"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"container": "CSQU3054384"}, "CONTAINER-NUMBER"),
        ({"trader": "NOBODY"}, "TRADER-UNKNOWN"),
        ({"item": "X"}, "ITEM-UNKNOWN"),
        ({"route": "?"}, "LICENCE-FORM"),
    ],
)
def test_bad_consignments(books: Books, more: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        record(books, consignments=[{**BOX, **more}])
    assert [one.code for one in refused.value.findings] == [code]
