"""Shipments of the books under licences: checked before posting, matched, explained, declared."""

from __future__ import annotations

import calendar
import datetime
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from cases.making import change, deleted
from export_control.register_files import (
    ASSURANCE,
    ITEMS,
    LICENCE,
    TRANSFER,
    as_json,
    line,
    register,
)
from keiryo.cli import export_control as commands
from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.export_control.books import MatchedShipment, match_shipments, shipments
from keiryo.export_control.declaration import Notices, declaration, notices, quarter
from keiryo.export_control.licences import read_licences
from keiryo.export_control.recording import record_file, set_rule
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.obligations import recording as obligations
from keiryo.reports.service import ReportOutcome
from small_books import ACTOR, PLANT, SmallBooks

DAY = datetime.date


def sent(
    grams: int, day: str = "20250120", to: str = "XB/XBCA", batch: str = "LEU-1", **more: Any
) -> Any:
    """Return an export of enriched uranium with 4 % U-235."""
    weights = f"630:{grams} 670:{grams * 4 / 100:g}"
    return change("SF", day, batch, weights, shipper="XH/XHFA", receiver=to, **more)


@pytest.fixture
def books(sqlite_url: str) -> SmallBooks:
    return SmallBooks(sqlite_url, XHFA=PLANT)


def record(books: SmallBooks, **more: Any) -> Any:
    data = register(**more) if "licences" in more or not more else more
    return record_file(books.database, ACTOR, "register.json", as_json(data))


def found(books: SmallBooks) -> list[MatchedShipment]:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        known = read_licences(connection, metadata)
        return match_shipments(known, shipments(connection, metadata))[0]


def results(books: SmallBooks) -> list[tuple[str, str | None]]:
    rows = [one.to_dict() for one in found(books)]
    return [(" ".join(row["failed"]) or row["result"], row["remaining"]) for row in rows]


def send(books: SmallBooks, number: int, *entries: Any, **more: Any) -> ReportOutcome:
    """Send a report over the month of its first entry."""
    days = [text for label, text in entries[0] if label == "412"] or ["20250101"]
    month = days[0][:6]
    last = calendar.monthrange(int(month[:4]), int(month[4:]))[1]
    return books.send(
        *("XHFA", number, *entries),
        **{"period": f"{month}01/{month}{last}", "date": "20260601", **more},
    )


def ship(books: SmallBooks, number: int, *entries: Any, **more: Any) -> None:
    """Send a report that is accepted."""
    outcome = send(books, number, *entries, **more)
    assert outcome.outcome == "accepted", outcome.findings


def refused(books: SmallBooks, number: int, *entries: Any) -> list[Finding]:
    """Send a report that is refused because of licences, and return the findings of that."""
    before = found(books)
    outcome = send(books, number, *entries)
    assert outcome.outcome == "refused"
    assert found(books) == before, "something was posted"
    return [one for one in outcome.findings if one.code.startswith("LICENCE")]


def noted(books: SmallBooks) -> list[tuple[str, str]]:
    with books.database.reading() as connection:
        query = "SELECT code, severity FROM finding WHERE code LIKE 'LICENCE%' ORDER BY act_id"
        return [(str(a), str(b)) for a, b in connection.exec_driver_sql(query)]


def test_books_without_licences_are_not_touched(books: SmallBooks) -> None:
    record(books, items=ITEMS)
    ship(books, 1, sent(100, to="XC/XCAA"))
    assert noted(books) == [] and results(books) == [("NO-LICENCE", None)]


def test_a_licence_is_drawn_to_its_ceiling(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    record(books)
    ship(books, 1, sent(400))
    assert results(books) == [("MATCHED", "0.2")]
    (over,) = refused(books, 2, sent(201, "20250121"))
    assert (over.code, over.found, over.expected) == ("LICENCE-OVERDRAWN", "0.201", "0.6")
    assert "0.001 kg over" in over.message and over.mba == "XHFA"
    ship(books, 2, sent(200, "20250121"))
    assert results(books)[1] == ("MATCHED", "0")
    raised = {**line(quantity="0.7"), "amendment": 1, "issued_on": "2025-02-01", "state": "amended"}
    record(books, licences=[raised], items=[], assurances=[])
    ship(books, 3, sent(100, "20250301"))
    assert [one[1] for one in results(books)] == ["0.3", "0.1", "0"]


def test_what_left_before_its_licence_was_recorded(books: SmallBooks) -> None:
    ship(books, 1, sent(700))
    done = record(books)
    assert [(one.code, one.severity) for one in done.findings] == [("LICENCE-OVERDRAWN", "W")]
    assert results(books) == [("OVER-CEILING", "-0.1")]
    raised = {**line(quantity="0.8"), "amendment": 1, "issued_on": "2025-02-01", "state": "amended"}
    assert record(books, licences=[raised], items=[], assurances=[]).findings == ()
    assert results(books) == [("MATCHED", "0.1")]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (sent(10, "20241220"), None),  # before the register begins: noted only
        (sent(10, "20260101"), "LICENCE-EXPIRED LICENCE-ASSURANCE"),
        (sent(10, to="XC/XCAA"), "LICENCE-NONE"),
        (sent(10, to="XB/XBZZ"), "LICENCE-END-USER"),
        (change("SF", "20250120", "NAT-1", "610:1", shipper="XH/XHFA", receiver="XB/XBCA"),
         "LICENCE-NONE"),
    ],
)  # fmt: skip
def test_what_no_licence_covers_is_refused(books: SmallBooks, entry: Any, code: str | None) -> None:
    record(books)
    if code is not None:
        assert [one.code for one in refused(books, 1, entry)] == code.split()
        return
    ship(books, 1, entry)
    assert noted(books) == [("LICENCE-EXPIRED", "W")] or noted(books) == [
        ("LICENCE-EXPIRED", "W"),
        ("LICENCE-ASSURANCE", "W"),
    ]


def test_a_suspended_licence_and_a_missing_assurance(books: SmallBooks) -> None:
    record(books, licences=[LICENCE], assurances=[])
    assert [one.code for one in refused(books, 1, sent(10))] == ["LICENCE-ASSURANCE"]
    record(books, assurances=[{**ASSURANCE, "quantity": "300", "unit": "g"}])
    ship(books, 1, sent(300))
    assert [one.code for one in refused(books, 2, sent(1, "20250121"))] == ["LICENCE-ASSURANCE"]
    step = {"licence": "L-1", "state": "suspended", "on_day": "2025-01-25", "reason": "inquiry"}
    record(books, steps=[step])
    codes = [one.code for one in refused(books, 2, sent(1, "20250125"))]
    assert codes == ["LICENCE-EXPIRED", "LICENCE-ASSURANCE"]  # everything that stands against it
    assert results(books) == [("MATCHED", "0.3")]  # what left before stays covered


def test_the_rule_decides_between_refusal_and_note(books: SmallBooks) -> None:
    record(books)
    set_rule(books.database, ACTOR, "warn", "first year")
    ship(books, 1, sent(700))
    assert noted(books) == [("LICENCE-OVERDRAWN", "W")]
    assert results(books) == [("OVER-CEILING", "-0.1")]  # the licence is over-drawn by it
    set_rule(books.database, ACTOR, "off", "another system does it")
    ship(books, 2, sent(1, to="XC/XCAA"))
    assert len(noted(books)) == 1
    set_rule(books.database, ACTOR, "refuse", "from spring", from_day=DAY(2025, 4, 1))
    ship(books, 3, sent(1, "20250331", to="XC/XCAA"))
    assert noted(books)[1:] == [("LICENCE-NONE", "W")]
    assert refused(books, 4, sent(1, "20250401", to="XC/XCAA"))


def test_a_correction_and_a_deletion_give_back(books: SmallBooks) -> None:
    record(books)
    ship(books, 1, sent(600))
    more = sent(601, status="C/XH;1/1")
    assert [one.code for one in refused(books, 2, more)] == ["LICENCE-OVERDRAWN"]
    ship(books, 2, sent(500, status="C/XH;1/1"))
    assert results(books) == [("MATCHED", "0.1")]
    ship(books, 3, deleted("XH;2/1"))
    assert results(books) == []


def test_many_shipments_make_one_finding(books: SmallBooks) -> None:
    record(books)
    entries = [sent(1, to="XC/XCAA") for _ in range(30)]
    (one,) = refused(books, 1, *entries)
    assert one.code == "LICENCE-NONE" and one.message.startswith("30 shipments")


def entries(count: int, *, in_bulk: bool = False, **more: Any) -> Draft:
    """Return an act of exports as a plant's own records make it, without fissile weights."""
    values = {
        "mba": "XHFA",
        "known_on": 20250201,
        "code": "SF",
        "event_date": 20250120,
        "receiver": "XB/XBCA",
        "batch": "LEU-1",
        "category": "E",
        "element_mg": 1_000_000,
        "scope": "XH/XHF-/XHFA",
        **more,
    }
    draft = Draft("source.record", f"exports {count} {in_bulk}")
    if in_bulk:
        draft.add_frames("inventory_change", [pl.DataFrame([values] * count)])
    for _ in range(0 if in_bulk else count):
        draft.add("inventory_change", values)
    return draft


def test_whatever_the_face_and_however_many(books: SmallBooks) -> None:
    record(books)
    with pytest.raises(RefusedError) as error:
        post(books.database, entries(1), ACTOR)
    assert [one.code for one in error.value.findings] == ["LICENCE-OVERDRAWN"]
    asked: list[int] = []
    for count in (10, 1000):
        said: list[str] = []

        def heard(_c: object, _k: object, statement: str, *_: object, to: Any = said) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                to.append(statement)

        event.listen(books.database.engine, "before_cursor_execute", heard)
        with pytest.raises(RefusedError) as error:
            post(books.database, entries(count, in_bulk=True), ACTOR)
        event.remove(books.database.engine, "before_cursor_execute", heard)
        assert [one.code for one in error.value.findings] == ["LICENCE-OVERDRAWN"]
        asked.append(len(said))
    assert asked[0] == asked[1]


def test_receipts_under_import_licences(books: SmallBooks) -> None:
    record(books)
    received = change(
        *("RF", "20250120", "IN-1", "630:500 670:20"),
        shipper="XB/XBCA", receiver="XH/XHFA", shipper_batch="B-1",
    )  # fmt: skip
    ship(books, 1, received)  # there is no import licence: none is asked for
    assert results(books) == [("NO-LICENCE", None)] and noted(books) == []
    wanted = {**line(quantity="0.4"), "licence": "I-1", "direction": "import"}
    record(books, items=[], licences=[wanted], assurances=[{**ASSURANCE, "licences": "I-1"}])
    again = change(
        *("RF", "20250121", "IN-2", "630:1 670:0.04"),
        shipper="XB/XBCA", receiver="XH/XHFA", shipper_batch="B-2",
    )  # fmt: skip
    assert [one.code for one in refused(books, 2, again)] == ["LICENCE-OVERDRAWN"]


def test_other_goods_and_declarations(books: SmallBooks) -> None:
    goods = {
        **line(item="GRAPHITE", quantity="2", unit="t", consignee="Carbon B", end_user="Reactor B"),
        "licence": "L-2",
    }
    del goods["lines"][0]["place"]
    goods["lines"][0]["needs_assurance"] = False
    record(books, licences=[LICENCE, goods])
    with pytest.raises(RefusedError) as error:
        record(books, transfers=[TRANSFER])
    assert [one.code for one in error.value.findings] == ["LICENCE-OVERDRAWN"]
    planned = {**TRANSFER, "state": "planned"}
    assert [one.code for one in record(books, transfers=[planned]).findings] == [
        "LICENCE-OVERDRAWN"
    ]
    record(books, transfers=[{**TRANSFER, "quantity": "1500", "unit": "kg"}])
    assert results(books) == [("MATCHED", "0.5")]
    wrong = {**TRANSFER, "transfer": "T-2", "declaration": "D-2", "quantity": "0.1"}
    with pytest.raises(RefusedError) as error:
        record(books, transfers=[{**wrong, "end_user": "Somebody"}])
    assert [one.code for one in error.value.findings] == ["LICENCE-END-USER"]
    with pytest.raises(RefusedError) as error:
        record(books, transfers=[{**wrong, "declaration": "D-1"}])
    assert [one.code for one in error.value.findings] == ["LICENCE-DUPLICATE"]


def test_another_unit_of_the_item_later_on(books: SmallBooks) -> None:
    goods = {**line(item="GRAPHITE", quantity="2", unit="t"), "licence": "L-2"}
    record(books, licences=[goods], assurances=[])
    record(books, items=[{**ITEMS[1], "unit": "piece"}])
    with pytest.raises(RefusedError) as error:
        record(books, transfers=[{**TRANSFER, "quantity": "3", "unit": "piece"}])
    assert [one.code for one in error.value.findings] == ["LICENCE-UNIT"]


def announced(**more: Any) -> dict[str, Any]:
    """Return the planned export of the batch of the books."""
    values = {
        **TRANSFER,
        "transfer": "T-9",
        "state": "planned",
        "item": "LEU",
        "quantity": "0.4",
        "unit": "kg",
        "category": "E",
        "fissile_g": "16",
        "mba": "XHFA",
        "batch": "LEU-1",
        "on_day": "2025-01-20",
        "consignee": "Fuel Works B",
        "end_user": "Power Station B",
    }
    return {**values, **more}


def test_an_announced_export_says_the_end_user(books: SmallBooks) -> None:
    record(books)
    done = record(books, transfers=[announced()])
    assert done.findings == () and results(books) == [("MATCHED", "0.6")]  # a plan draws nothing
    ship(books, 1, sent(400))
    (one,) = found(books)
    assert one.shipment.transfer == "T-9" and results(books) == [("MATCHED", "0.2")]
    done = record(books, transfers=[announced(end_user="Other")])
    assert [one.code for one in done.findings] == ["LICENCE-END-USER"]  # noted, it has left
    assert results(books) == [("WRONG-END-USER", "0.6")]


def test_the_clock_of_advance_notices(books: SmallBooks) -> None:
    plan = {"quantity": "600", "fissile_g": "24000", "batch": "LEU-7", "prepared_on": "2025-03-25"}
    some = [
        announced(**{**plan, "transfer": "T-1", "on_day": "2025-02-01"}),
        announced(**{**plan, "transfer": "T-2", "batch": "LEU-8", "on_day": "2025-04-01"}),
    ]
    record(books, items=ITEMS, transfers=some)
    ship(books, 1, sent(100, "20250310"))

    def clock(since: DAY | None = None) -> Notices:
        with books.database.reading() as connection:
            return notices(connection, books.database.metadata, since=since)

    # 600 kg at 4 %: 0.96 effective kilograms; 100 g at 4 %: 0.00016.
    (row,) = clock().rows(DAY(2025, 3, 1))
    assert row["shipments"] == ["T-1", "XHFA to XB/XBCA on 2025-03-10", "T-2"]
    assert (row["due"], row["state"], row["effective_kg"]) == ("2025-03-11", "due", "1.92016")
    assert clock(DAY(2025, 3, 20)).rows(DAY(2025, 3, 20))[0]["state"] == "late"
    assert clock(DAY(2025, 8, 1)).rows(DAY(2025, 8, 1)) == []
    assert len(clock().rows(DAY(2025, 8, 1), every=True)) == 1
    record(books, transfers=[{**one, "notified_on": "2025-01-10"} for one in some])
    (row,) = clock().rows(DAY(2025, 3, 1))
    assert row["shipments"] == ["XHFA to XB/XBCA on 2025-03-10"]
    record(books, transfers=[{**one, "state": "withdrawn"} for one in some])
    assert clock().due == ()


def test_enrichment_that_is_not_known(books: SmallBooks) -> None:
    post(books.database, entries(1), ACTOR)
    with books.database.reading() as connection:
        clock = notices(connection, books.database.metadata)
    assert [one.code for one in clock.findings] == ["NOTICE-ENRICHMENT"]


def test_the_declaration_of_a_quarter(books: SmallBooks) -> None:
    later = {**TRANSFER, "transfer": "T-2", "state": "planned", "on_day": "2025-03-31"}
    never = {**TRANSFER, "transfer": "T-3", "state": "withdrawn"}
    bought = {**TRANSFER, "transfer": "T-4", "direction": "import"}
    record(books, items=ITEMS, transfers=[TRANSFER, later, never, bought, announced()])

    def declared(text: str, **more: Any) -> Any:
        with books.database.reading() as connection:
            return declaration(connection, books.database.metadata, quarter(text), **more)

    data = declared("2025-Q1")
    assert (data["from"], data["to"], data["due"]) == ("2025-01-01", "2025-03-31", "2025-05-30")
    assert [(e["transfer"], e["expected"]) for e in data["entries"]] == [
        ("T-1", False),
        ("T-2", True),
    ]
    assert data["entries"][0]["annex_entry"] == "2.1"
    assert data["entries"][0]["location"] == "Reactor hall, Town B"
    empty = declared("2025q2")
    assert empty["nothing_to_declare"] and empty["entries"] == []
    assert [e["transfer"] for e in declared("2025-Q1", direction="import")["entries"]] == ["T-4"]
    with pytest.raises(UsageError, match="no quarter"):
        quarter("2025-Q5")


def test_a_licence_is_explained_and_back(books: SmallBooks) -> None:
    record(books, transfers=[announced()], licences=[LICENCE])
    step = {"licence": "L-1", "state": "issued", "on_day": "2025-01-02", "reason": "renewed"}
    record(books, steps=[step])
    ship(books, 1, sent(400))
    (one,) = found(books)
    database = books.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        chain = why(connection, metadata, registry, one.shipment.node)
        nodes = {link.target for link in chain.links}
        assert {"licence:L-1", "assurance:A-1", "control:LEU"} <= nodes
        kinds = {kind for kind, _values in chain.lines.values()}
        assert {"licence", "licence_line", "licence_step", "control_item"} <= kinds
        assert {"government_assurance", "export_transfer"} <= kinds
        own = ("licence:", "assurance:", "control:", one.shipment.node)
        for link in (*chain.links, *why(connection, metadata, registry, "licence:L-1").links):
            if link.source.startswith(own) or link.target.startswith(own[:3]):
                back = dependents(connection, metadata, registry, link.target)
                assert link in back, link


def test_commands(books: SmallBooks, tmp_path: Path) -> None:
    import typer

    app = typer.Typer()
    commands.register(app)
    url = str(books.database.url)

    def run(*words: str) -> Any:
        result = CliRunner().invoke(app, ["export-control", *words, "--db", url])
        assert result.exit_code == 0, (words, result.output, result.exception)
        return result.output

    file = tmp_path / "register.json"
    plan = announced(quantity="50000", fissile_g="2000000", on_day="2025-03-01", batch="LEU-3")
    trader = {
        "trader": "T",
        "programme": "AEO",
        "number": "1",
        "tier": 2,
        "since_day": "2024-01-01",
        "valid_from": "2024-01-01",
        "valid_to": "2026-12-31",
    }
    box = {
        "consignment": "B",
        "container": "CSQU3054383",
        "trader": "T",
        "passed_on": "2025-01-01",
    }
    file.write_bytes(
        as_json(register(transfers=[TRANSFER, plan], traders=[trader], consignments=[box]))
    )
    set_rule(books.database, ACTOR, "warn", "a test")
    assert json.loads(run("import", str(file), "--check", "--format", "json"))["objects"] == 8
    done = json.loads(run("import", str(file), "--format", "json"))
    assert done["recorded"] == 8 and done["findings"]
    assert "Nothing is new" in run("import", str(file))
    ship(books, 1, sent(400))
    for words in (["items"], ["items", "--structure"], ["traders", "--on", "2025-01-01"]):
        assert run(*words) and json.loads(run(*words, "--format", "json"))
    (licence,) = json.loads(run("licences", "--on", "2025-06-01", "--format", "json"))
    assert licence["lines"][0]["remaining"] == "0.2" and licence["assurances"] == ["A-1"]
    assert "L-1" in run("licences", "L-1")
    rows = json.loads(
        run("match", "--from", "2025-01-01", "--to", "2025-01-31", "--format", "json")
    )
    assert [(row["result"], row["licence"]) for row in rows] == [("MATCHED", "L-1")]
    assert "NO-LICENCE" in run("match", "--failed")
    clock = json.loads(run("notices", "--on", "2025-01-05", "--format", "json"))
    assert [row["shipments"] for row in clock["notices"]] == [["T-9"]]
    assert "T-9" in run("notices", "--on", "2025-01-05")
    assert json.loads(run("declaration", "2025-Q1", "--format", "json"))["entries"]
    assert run("declaration", "2025-Q1", "--format", "csv").startswith("annex_entry,item,")
    assert "Nothing to declare" in run("declaration", "2025-Q3")
    assert json.loads(run("queue", "--format", "json"))[0]["score"] == 16
    assert "own programme" in run("queue", "--on", "2025-01-01")
    assert "warn" in run("rule") and "Recorded" in run("rule", "off", "--reason", "a test")


def test_an_assurance_speaks_of_the_labels_that_it_names(books: SmallBooks) -> None:
    labels = {
        "labels": [
            {"label": "AU", "name": "Australia", "kind": "State"},
            {"label": "US", "name": "United States", "kind": "State"},
        ],
        "consents": [
            {"consent": f"{p}-1", "partner": p, "step": "retransfer", "words": "letter"}
            for p in ("AU", "US")
        ],
    }
    opening = [{"mba": "XHFA", "category": "E", "cells": {"AU+US": "1/2", "-": "1/2"}}]
    obligations.record_register(books.database, ACTOR, "labels.json", as_json(labels))
    openings = obligations.read_file("openings.json", as_json({"openings": opening}))
    obligations.begin_labels(books.database, ACTOR, openings, DAY(2024, 12, 31), "they were there")
    record(books, **register(assurances=[{**ASSURANCE, "obligations": "AU"}]))
    (missing,) = refused(books, 1, sent(100))
    assert missing.code == "LICENCE-ASSURANCE"
    record(books, assurances=[{**ASSURANCE, "obligations": "AU US"}])
    ship(books, 1, sent(100))
    assert [one.shipment.labels for one in found(books)] == [frozenset({"AU", "US"})]
    assert results(books) == [("MATCHED", "0.5")]
