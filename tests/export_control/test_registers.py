"""Registers of export control in the books: recorded once, everything wrong found at once."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

import pytest

import keiryo
from export_control.register_files import (
    ASSURANCE,
    ITEMS,
    LICENCE,
    LINE,
    TRANSFER,
    as_json,
    line,
    register,
)
from keiryo.api import Books
from keiryo.errors import RefusedError, UsageError
from keiryo.export_control.items import control_lists
from keiryo.export_control.licences import LicenceRegister, read_licences
from keiryo.export_control.recording import check_file, record_file, set_rule
from keiryo.journal.model import Draft
from keiryo.journal.posting import post

DAY = datetime.date


@pytest.fixture
def books(sqlite_url: str) -> Books:
    return keiryo.init(sqlite_url, "XA", person="P-TEST2345")


def record(books: Books, data: Any, name: str = "register.json") -> Any:
    content = data if isinstance(data, bytes) else as_json(data)
    return record_file(books.database, books.actor, name, content)


def known(books: Books) -> LicenceRegister:
    with books.database.reading() as connection:
        return read_licences(connection, books.database.metadata)


def codes(books: Books, data: Any, name: str = "register.json") -> list[str]:
    with pytest.raises(RefusedError) as refused:
        record(books, data, name)
    with books.database.reading() as connection:
        acts = connection.exec_driver_sql("SELECT count(*) FROM act").scalar()
    assert acts == 1, "something was recorded"
    return [one.code for one in refused.value.findings]


def test_a_register_is_recorded_once(books: Books) -> None:
    done = record(books, register())
    assert (done.recorded, done.unchanged, done.findings) == (4, 0, ())
    assert done.act.kind == "export.record"
    again = record(books, register())
    assert again.act is None and again.unchanged == 4
    found = known(books)
    assert list(found.items) == ["GRAPHITE", "LEU"] and list(found.licences) == ["L-1"]
    (ceiling,) = found.licences["L-1"].lines
    assert (ceiling.name, ceiling.quantity, ceiling.unit) == ("L-1/1", Fraction("0.6"), "kg")
    assert found.licences["L-1"].standing_on(DAY(2025, 6, 1)) == "issued"
    assert found.licences["L-1"].standing_on(DAY(2024, 6, 1)) == "applied"
    assert found.licences["L-1"].standing_on(DAY(2026, 1, 1)) == "expired"
    assert found.assurances[0].licences == ("L-1",)


def test_an_amendment_counts_from_then_on(books: Books) -> None:
    record(books, register())
    raised = {**line(quantity="1.2"), "amendment": 1, "state": "amended", "issued_on": "2025-03-01"}
    assert record(books, {"licences": [raised]}).recorded == 1
    one = known(books).licences["L-1"]
    assert (one.amendment, one.lines[0].quantity) == (1, Fraction("1.2"))
    assert one.state_on(DAY(2025, 2, 1)) == "issued" and one.state_on(DAY(2025, 3, 1)) == "amended"
    assert record(books, register()).act is None  # the first wording is still that of amendment 0
    step = {"licence": "L-1", "state": "suspended", "on_day": "2025-06-01", "reason": "inquiry"}
    record(books, {"steps": [step]})
    one = known(books).licences["L-1"]
    assert one.state_on(DAY(2025, 5, 31)) == "amended"
    assert one.standing_on(DAY(2025, 6, 1)) == "suspended"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (register(licences=[line(item="X")]), "ITEM-UNKNOWN"),
        (register(licences=[line(unit="piece")]), "LICENCE-UNIT"),
        (register(licences=[line(valid_to="2024-12-31")]), "LICENCE-VALIDITY"),
        (register(licences=[line(quantity="0")]), "LICENCE-QUANTITY"),
        (register(licences=[line(quantity="-1")]), "LICENCE-QUANTITY"),
        (register(licences=[{**LICENCE, "tolerance": "5"}]), "LICENCE-QUANTITY"),
        (register(licences=[{**LICENCE, "lines": [LINE, {**LINE, "line": 1}]}]), "LICENCE-TWICE"),
        (register(licences=[{**LICENCE, "amendment": 2}]), "LICENCE-AMENDMENT"),
        (register(licences=[line(place="XC/XCAA")]), "LICENCE-PLACE"),
        (register(licences=[line(category="P")]), "ITEM-MATERIAL"),
        (register(items=[*ITEMS, {**ITEMS[1], "item": "Y", "entry": "Z.9"}]), "LIST-ENTRY"),
        (register(items=[*ITEMS, {**ITEMS[1], "item": "Y", "control_list": "Q"}]), "LIST-ENTRY"),
        (register(items=[*ITEMS, {**ITEMS[1], "item": "Y", "annex_entry": "9"}]), "LIST-ENTRY"),
        (register(items=[*ITEMS, {**ITEMS[0], "item": "Y", "unit": "piece"}]), "ITEM-MATERIAL"),
        (register(items=[*ITEMS, {**ITEMS[1], "item": "Y", "categories": "E"}]), "ITEM-MATERIAL"),
        (register(items=[*ITEMS, ITEMS[0]]), "LICENCE-FORM"),
        (register(assurances=[{**ASSURANCE, "licences": "L-9"}]), "LICENCE-UNKNOWN"),
        (register(assurances=[{**ASSURANCE, "quantity": "1"}]), "LICENCE-QUANTITY"),
        (register(assurances=[{**ASSURANCE, "quantity": "1", "unit": "l"}]), "LICENCE-UNIT"),
        (register(transfers=[{**TRANSFER, "unit": "piece"}]), "LICENCE-UNIT"),
        (register(transfers=[TRANSFER, TRANSFER]), "TRANSFER-TWICE"),
        (register(transfers=[{**TRANSFER, "item": "LEU", "unit": "kg"}]), "TRANSFER-MATERIAL"),
        (
            register(transfers=[{**TRANSFER, "item": "LEU", "unit": "kg", "category": "E"}]),
            "TRANSFER-MATERIAL",
        ),
        ({"steps": [{"licence": "L", "state": "issued", "on_day": "2025-01-01", "reason": "x"}]},
         "LICENCE-UNKNOWN"),
        (register(licences=[line(valid_from="0001-01-01")]), "LICENCE-DAY"),
        ({"licence": []}, "LICENCE-FORM"),
        ({"items": {}}, "LICENCE-FORM"),
        ({"items": [3]}, "LICENCE-FORM"),
        ({"items": [{"item": "X"}]}, "LICENCE-FORM"),
        ([], "LICENCE-FORM"),
        (b"{", "LICENCE-FORM"),
        (b"\xff", "LICENCE-FORM"),
        (register(licences=[line(valid_from="01.02.2025")]), "LICENCE-FORM"),
        (register(licences=[line(quantity="1e3")]), "LICENCE-FORM"),
        (register(licences=[line(unit="lb")]), "LICENCE-FORM"),
        (register(licences=[line(colour="red")]), "LICENCE-FORM"),
        (register(licences=[{**LICENCE, "partner": "Bland"}]), "LICENCE-FORM"),
        (register(licences=[{**LICENCE, "state": "signed"}]), "LICENCE-FORM"),
        (register(licences=[{**LICENCE, "lines": []}]), "LICENCE-FORM"),
    ],
)  # fmt: skip
def test_bad_input_is_a_finding(books: Books, data: Any, code: str) -> None:
    assert code in codes(books, data)


def test_all_at_once_with_rows(books: Books) -> None:
    header = "licence,authority,exporter,partner,state,issued_on,line,item,quantity,unit,consignee,"
    header += "end_user,end_use,valid_from,valid_to\n"
    head = "L-1,Ministry,Plant,XB,issued,2024-12-01"
    rows = [
        f"{head},1,LEU,600,g,Works,Station,fuel,2025-01-01,2025-12-31",
        f"{head},2,NONE,0,kg,Works,Station,fuel,2025-01-01,2025-12-31",
        f"{head},3,LEU,1,l,Works,Station,fuel,2025-12-31,2025-01-01",
    ]
    content = (header + "\n".join(rows)).encode()
    with pytest.raises(RefusedError) as refused:
        record(books, content, "licences.csv")
    found = {(one.code, one.line) for one in refused.value.findings}
    unknown = {("ITEM-UNKNOWN", number) for number in (2, 3, 4)}
    assert found == {*unknown, ("LICENCE-QUANTITY", 3), ("LICENCE-VALIDITY", 4)}
    record(books, {"items": ITEMS})
    objects, findings = check_file(books.database, "licences.csv", content)
    assert objects == 1
    assert {(one.code, one.line) for one in findings} == {
        *(("ITEM-UNKNOWN", 3), ("LICENCE-QUANTITY", 3)),
        *(("LICENCE-UNIT", 4), ("LICENCE-VALIDITY", 4)),
    }
    good = (header + rows[0]).encode()
    assert record(books, good, "licences.csv").recorded == 1
    other = (header + "\n".join([rows[0], rows[0].replace("Ministry", "Office")])).encode()
    assert "LICENCE-FORM" in {
        one.code for one in check_file(books.database, "licences.csv", other)[1]
    }
    assert record_file(books.database, books.actor, "a.csv", good, "licences").act is None
    with pytest.raises(RefusedError):
        record(books, good, "a.csv")  # it is not said which list it is


def test_toml(books: Books) -> None:
    text = """
    [[items]]
    item = "D2O"
    control_list = "national"
    entry = "7"
    title = "heavy water"
    unit = "kg"
    """
    assert record(books, text.encode(), "items.toml").recorded == 1
    assert known(books).items["D2O"].nuclear is False


def test_a_licence_under_the_same_number_is_refused(books: Books) -> None:
    record(books, register())
    with pytest.raises(RefusedError) as refused:
        record(books, {"licences": [line(quantity="9")]})
    assert [one.code for one in refused.value.findings] == ["LICENCE-TWICE"]


def test_no_face_goes_around_the_rules(books: Books) -> None:
    draft = Draft("export.record", "past the service")
    values = {"item": "X", "control_list": "NSG-1", "entry": "Z", "title": "x", "unit": "kg"}
    draft.add("control_item", values, material="other", scope="XA")
    with pytest.raises(RefusedError) as refused:
        post(books.database, draft, books.actor)
    assert [one.code for one in refused.value.findings] == ["LIST-ENTRY"]
    draft = Draft("export.record", "what cannot be read again")
    values = {"assurance": "A", "government": "XB", "given_on": 20250230, "valid_from": 20250101}
    more = {"valid_to": 20250101, "quantity": "much", "unit": "lb", "scope": "XA"}
    draft.add("government_assurance", {**values, **more})
    with pytest.raises(RefusedError) as refused:
        post(books.database, draft, books.actor)
    assert [one.code for one in refused.value.findings] == [
        *("LICENCE-DAY", "LICENCE-QUANTITY", "LICENCE-QUANTITY"),
    ]


def test_the_rule_is_recorded_with_a_reason(books: Books) -> None:
    with pytest.raises(UsageError, match="no rule"):
        set_rule(books.database, books.actor, "maybe", "x")
    with pytest.raises(UsageError, match="no reason"):
        set_rule(books.database, books.actor, "warn", " ")
    assert known(books).rule.mode == "refuse"
    set_rule(books.database, books.actor, "warn", "first year", from_day=DAY(2025, 4, 1))
    assert known(books).rule.mode == "warn" and known(books).rule.from_day == DAY(2025, 4, 1)


def test_the_structure_of_lists() -> None:
    lists = control_lists()
    assert set(lists) == {"NSG-1", "NSG-2", "AP-II"}
    assert {one.status for one in lists.values()} == {"unverified"}
    assert lists["NSG-1"].has("A.1.2") and not lists["NSG-1"].has("A.1")
