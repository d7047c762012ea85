"""How long batches stay, and under whose protection they stood."""

from __future__ import annotations

import datetime

import pytest

from cases.making import change
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor
from keiryo.journal.registry import Link
from keiryo.journal.why import why
from keiryo.material_protection.stays import stays
from keiryo.security_regime.plan_recording import record_plans
from small_books import SmallBooks, area, batch

STORE = area(
    "item",
    batch("HEU-1", 1, "B/Q/1/F", _630="7000", _670="6000"),
    batch("LEFT", 1, "B/Q/1/F", _630="5", _670="1"),
)
OFFICE = Actor("P-OFFICE", "XH")
FACILITY = "facility:XH/XHF-"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books from which one batch was shipped."""
    url = f"sqlite:///{tmp_path_factory.mktemp('stays') / 'books.sqlite'}"
    made = SmallBooks(url, XHS1=STORE)
    left = change(
        "SF", "20250110", "LEFT", "630:5 670:1", receiver="ZZ/ZZZZ", items=1, mdc="B/Q/1/F"
    )
    made.send("XHS1", 1, left)
    return made


def test_a_batch_stays_until_nothing_is_left(books: SmallBooks) -> None:
    with books.database.reading() as connection:
        found = {one.batch_uid: one for one in stays(connection, books.database.metadata)}
    assert found["XHS1/HEU-1#1"].end is None
    assert found["XHS1/LEFT#1"].end == datetime.date(2025, 1, 10)
    assert found["XHS1/LEFT#1"].text().endswith("..2025-01-10")


def test_a_batch_leads_to_its_facility_and_back(books: SmallBooks) -> None:
    database = books.database

    def links(node: str) -> list[Link]:
        with database.reading() as connection:
            return list(why(connection, database.metadata, database.registry, node).links)

    assert not any("protection" in one.relation for one in links("batch:XHS1/HEU-1#1"))
    row = {
        "plan": "PPP-1", "version": "1", "facility": "XHF-", "kind": "physical_protection",
        "title": "Plan of the store", "valid_from": datetime.date(2025, 1, 1),
    }  # fmt: skip
    record_plans(database, OFFICE, [row])
    for name, node in (("HEU-1", FACILITY), ("LEFT", f"{FACILITY}@2025-01-10")):
        wanted = Link(f"batch:XHS1/{name}#1", "stood under the protection of", node)
        assert wanted in links(f"batch:XHS1/{name}#1")
        with database.reading() as connection:
            back = dependents(connection, database.metadata, database.registry, node)
        assert wanted in back and len([one for one in back if one.relation == wanted.relation]) == 1
