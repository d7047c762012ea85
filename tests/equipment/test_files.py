"""Tables of items, hand-overs and plans: everything wrong at once, one act or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from keiryo.equipment.custody import chains
from keiryo.equipment.files import Imported, import_table
from keiryo.equipment.items import items
from keiryo.equipment.plans import plans
from keiryo.errors import Finding, RefusedError, UsageError

ITEMS = (
    "serial,type,model,owner,source_nuclide,source_activity_bq,source_reference_on,"
    "custodian,organisation,place,since\n"
    "HP-1,hpge-detector,M-9,INT.IAEA,,,,Huber,INT.IAEA,Seibersdorf,2026-01-05T09:00Z\n"
    "CS-1,check-source,M-2,INT.IAEA,Cs-137,37000,2025-01-01,"
    "Huber,INT.IAEA,Seibersdorf,2026-01-05T10:00+01:00\n"
)
HEAD = "serial,giver,receiver,organisation,place,at\n"
PASSED = (
    "PRD-1,Ito,Mori,JP.GOV,Gate 4,2026-07-05T09:00+09:00\n"
    "PRD-1,Huber,Ito,JP.GOV,Gate 3,2026-07-03T09:00+09:00\n"
    "PRD-2,Huber,Ito,JP.GOV,Gate 3,2026-07-03T09:00+09:00\n"
)


def sent(store: Any, kind: str, text: str) -> Imported:
    books = store.books
    return import_table(books.database, books.actor, kind, "table.csv", text.encode())


def refused(store: Any, kind: str, text: str) -> list[Finding]:
    head = store.books.database
    with head.reading() as connection:
        before = (items(connection, head.metadata), plans(connection, head.metadata))
    with pytest.raises(RefusedError) as error:
        sent(store, kind, text)
    with head.reading() as connection:
        assert before == (items(connection, head.metadata), plans(connection, head.metadata))
    return list(error.value.findings)


def told(findings: list[Finding]) -> list[tuple[int | None, str]]:
    return [(one.line, one.code) for one in findings]


def test_items_are_recorded_once(store: Any) -> None:
    done = sent(store, "items", ITEMS)
    assert done.act is not None and (done.recorded, done.unchanged) == (2, 0)
    again = sent(store, "items", ITEMS)
    assert again.act is None and (again.recorded, again.unchanged) == (0, 2)
    with store.books.database.reading() as connection:
        found = items(connection, store.books.database.metadata)
    assert found["CS-1"].values["source_activity_bq"] == 37_000
    assert found["CS-1"].holder.at == "2026-01-05T09:00:00.000000Z"


def test_a_column_that_a_table_does_not_have_stays_as_it_was(store: Any) -> None:
    sent(store, "items", ITEMS)
    head = "serial,type,model,owner,firmware\n"
    rows = "HP-1,hpge-detector,M-9,INT.IAEA,2.0\nCS-1,check-source,M-2,INT.IAEA,\n"
    done = sent(store, "items", head + rows)
    assert (done.recorded, done.unchanged) == (1, 1)
    with store.books.database.reading() as connection:
        found = items(connection, store.books.database.metadata)
    assert found["HP-1"].values["firmware"] == "2.0" and found["CS-1"].has_source
    empty = head.replace("firmware", "source_nuclide") + "CS-1,check-source,M-2,INT.IAEA,\n"
    assert told(refused(store, "items", empty)) == [(2, "EQUIPMENT-SOURCE")]


def test_everything_wrong_is_told_at_once(store: Any) -> None:
    wrong = ITEMS.replace("37000", "37 kBq").replace("hpge-detector", "hpge") + (
        "X-1,camera,M,INT.IAEA,,,,,,,\n"
        "PRD-1,camera,M-1,INT.IAEA,,,,Abe,X,Y,2026-01-05T09:00Z\n"
        "X-2,camera,M,INT.IAEA,,,,Abe,X,Y,2999-01-05T09:00Z\n"
    )
    assert told(refused(store, "items", wrong)) == [
        (2, "EQUIPMENT-TYPE"),
        (3, "EQUIPMENT-CELL"),
        (4, "EQUIPMENT-CUSTODY-MISSING"),
        (5, "EQUIPMENT-CHANGED"),
        (5, "EQUIPMENT-CUSTODY-BEGUN"),
        (6, "EQUIPMENT-CUSTODY-FUTURE"),
    ]


def test_hand_overs_in_whatever_order(store: Any) -> None:
    done = sent(store, "hand-overs", HEAD + PASSED)
    assert done.recorded == 3
    with store.books.database.reading() as connection:
        chain = chains(connection, store.books.database.metadata)["PRD-1"]
    assert [one.receiver for one in chain] == ["Huber", "Ito", "Mori"]
    assert sent(store, "hand-overs", HEAD + PASSED).act is None
    more = "PRD-1,Mori,Abe,JP.GOV,Gate 5,2026-07-06T09:00+09:00\n"
    again = sent(store, "hand-overs", HEAD + PASSED + more)
    assert (again.recorded, again.unchanged) == (1, 3)


def test_a_gap_in_a_file_is_found_before_anything_is_recorded(store: Any) -> None:
    rows = (
        "PRD-1,Huber,Ito,JP.GOV,Gate 3,2026-07-03T09:00+09:00\n"
        "PRD-1,Mori,Abe,JP.GOV,Gate 4,2026-07-05T09:00+09:00\n"
        "PRD-2,Huber,Ito,JP.GOV,Gate 3,2025-07-03T09:00+09:00\n"
        "none,Huber,Ito,JP.GOV,Gate 3,2026-07-03T09:00+09:00\n"
        "PRD-2,Huber,Ito,JP.GOV,Gate 3,3 July\n"
        ",Huber,Ito,JP.GOV,Gate 3,2026-07-03T09:00+09:00\n"
    )
    found = refused(store, "hand-overs", HEAD + rows)
    assert told(found) == [
        (3, "EQUIPMENT-CUSTODY-BROKEN"),
        (4, "EQUIPMENT-CUSTODY-ORDER"),
        (5, "EQUIPMENT-UNKNOWN"),
        (6, "EQUIPMENT-CELL"),
        (7, "EQUIPMENT-CELL"),
    ]
    assert "'Ito' has had it since 2026-07-03 00:00 UTC" in found[0].message
    assert found[3].cell == "column F (at)" and found[0].file == "table.csv"


def test_plans(store: Any) -> None:
    head = "event,post,type,count,first_day,last_day\n"
    row = "Games,Gate 3,personal-radiation-detector,2,2026-07-24,2026-08-09\n"
    assert sent(store, "plans", head + row).recorded == 1
    assert sent(store, "plans", head + row).act is None
    wrong = row.replace("2026-07-24", "2026-08-24") + row.replace(",2,", ",two,")
    assert told(refused(store, "plans", head + wrong)) == [
        (2, "EQUIPMENT-PLAN"),
        (3, "EQUIPMENT-CELL"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "serial,owner\nA,B\n",
        HEAD,
        HEAD.replace("at", "when"),
        HEAD.replace("giver", "at"),
    ],
)
def test_what_is_no_table(store: Any, text: str) -> None:
    found = refused(store, "hand-overs", text)
    assert {one.code for one in found} == {"EQUIPMENT-TABLE"}


def test_a_row_with_too_much(store: Any) -> None:
    row = PASSED.splitlines()[1]
    assert told(refused(store, "hand-overs", f"{HEAD}{row},more\n")) == [(2, "EQUIPMENT-CELL")]
    with pytest.raises(UsageError, match="cannot be imported"):
        sent(store, "loans", HEAD)
