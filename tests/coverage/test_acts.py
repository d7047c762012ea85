"""Anomalies, compromises and re-verifications as acts; the re-measure list; the evidence chain."""

from __future__ import annotations

from typing import Any

import pytest

from cases.making import change
from coverage_books import at, section_test
from keiryo.containment.recording import add_path, hold, release, watch
from keiryo.containment.values import Value
from keiryo.coverage.anomalies import (
    anomalies,
    anomaly,
    compromises,
    record_anomalies,
    report_compromise,
    resolve,
)
from keiryo.coverage.remeasure import coverage_of_area, remeasure_list
from keiryo.coverage.reverification import reverify
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.registry import Link
from keiryo.journal.tables import FINDING
from keiryo.journal.why import why
from small_books import ACTOR

SAID = {"result": "verified", "by": "Huber", "reason": "opened for service"}
HOW = {"method": "NDA", "by": "Huber", "result": "verified"}


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def test_an_anomaly_is_recorded_once_and_resolved_by_a_verification(watched: Any) -> None:
    section_test(watched)
    database = watched.database
    assert record_anomalies(database, ACTOR, "XHS1") is not None
    assert record_anomalies(database, ACTOR, "XHS1") is None
    with pytest.raises(RefusedError) as error:
        resolve(database, ACTOR, "XHS1", "A-1", at=at(200), **SAID)
    assert codes(error) == ["COVERAGE-EVIDENCE-MISSING"]
    resolve(
        *(database, ACTOR, "XHS1", "A-1"),
        at=at(200),
        **SAID,
        evidence=["act:1"],
        files=[("weights.csv", b"400 g")],
    )
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        one = anomaly(connection, metadata, "XHS1", "A-1")
        assert one.state == "resolved" and one.resolution is not None
        assert one.to_dict()["anomaly"] == "XHS1/A-1"
        assert len(anomalies(connection, metadata, "XHS1")) == 1
        before = anomalies(connection, metadata, "XHS1", known_at=at(199))
        assert [each.state for each in before] == ["open"]
        chain = why(connection, metadata, registry, "anomaly:XHS1/A-1", limit=400)
        ours = [link for link in chain.links if link.source == "anomaly:XHS1/A-1"]
        assert {link.relation for link in ours} == {
            *("recorded in", "raised by", "rests on", "happened at", "resolved in"),
        }
        ours += [link for link in chain.links if link.relation == "shown by"]
        for link in ours:
            assert link in dependents(connection, metadata, registry, link.target, 500), link
        assert "seal:XH/0002" in {link.target for link in chain.links}
    with pytest.raises(RefusedError) as error:
        resolve(database, ACTOR, "XHS1", "A-1", at=at(300), **SAID, evidence=["act:1"])
    assert codes(error) == ["COVERAGE-RESOLVED"]


def test_a_resolution_that_does_not_hold(watched: Any) -> None:
    section_test(watched)
    database = watched.database
    record_anomalies(database, ACTOR, "XHS1")
    with pytest.raises(NotFoundError):
        resolve(database, ACTOR, "XHS1", "A-9", at=at(200), **SAID, evidence=["act:1"])
    with pytest.raises(RefusedError) as error:
        resolve(database, ACTOR, "XHS1", "A-1", at=at(200), **{**SAID, "result": "not-conclusive"})
    assert codes(error) == ["COVERAGE-RESULT"]
    wrong = {"result": "verified", "by": " ", "reason": "x"}
    with pytest.raises(RefusedError) as error:
        resolve(
            database, ACTOR, "XHS1", "A-1", at=at(30), **wrong, evidence=["act:99", "line:1/999"]
        )
    assert codes(error) == [
        *("COVERAGE-VERIFIED-BEFORE", "COVERAGE-VERIFIED-BY"),
        *("COVERAGE-EVIDENCE", "COVERAGE-EVIDENCE"),
    ]
    late = at(10**10)
    with pytest.raises(RefusedError) as error:
        resolve(database, ACTOR, "XHS1", "A-1", at=late, **SAID, evidence=["act:1"])
    assert codes(error) == ["COVERAGE-FUTURE"]


def test_a_compromise_is_told_at_once(watched: Any) -> None:
    database = watched.database
    told = {"reason": "fire in the hall", "told": "IAEA duty officer, by telephone", "by": "Ito"}
    report_compromise(database, ACTOR, "XHS1", at=at(9), containment="store", **told)
    report_compromise(database, ACTOR, "XHS1", at=at(9), device="seal:XH/0001", **told)
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        assert len(compromises(connection, metadata, "XHS1")) == 2
        for node in ("containment:XHS1/store", "seal:XH/0001"):
            chain = why(connection, metadata, registry, node)
            [link] = [one for one in chain.links if one.relation == "compromised as reported in"]
            assert link in dependents(connection, metadata, registry, link.target)
    with pytest.raises(RefusedError) as error:
        report_compromise(database, ACTOR, "XHS1", at=at(9), containment="no", **told)
    assert codes(error) == ["COVERAGE-CONTAINMENT"]
    with pytest.raises(RefusedError) as error:
        vague = {**told, "told": " "}
        report_compromise(database, ACTOR, "XHS1", at=at(9), containment="store", **vague)
    assert codes(error) == ["COVERAGE-COMPROMISE-EMPTY"]
    with pytest.raises(UsageError):
        report_compromise(database, ACTOR, "XHS1", at=at(9), **told)


def test_a_reverification_that_does_not_hold(watched: Any) -> None:
    database = watched.database
    with pytest.raises(RefusedError) as error:
        reverify(database, ACTOR, "XHS1", ["FA-1"], at(9), **HOW)
    assert codes(error) == ["COVERAGE-EVIDENCE-MISSING"]
    with pytest.raises(RefusedError) as error:
        reverify(database, ACTOR, "XHS1", ["FA-1"], at(9), **{**HOW, "method": ""}, names=["x"])
    assert codes(error) == ["COVERAGE-VERIFIED-BY", "COVERAGE-EVIDENCE"]
    with pytest.raises(RefusedError) as error:
        reverify(database, ACTOR, "XHS1", ["FA-1"], at(10**10), **HOW, names=["act:1"])
    assert codes(error) == ["COVERAGE-FUTURE"]
    with pytest.raises(NotFoundError):
        reverify(database, ACTOR, "XHS1", ["FA-9"], at(9), **HOW, names=["act:1"])
    with pytest.raises(RefusedError) as error:
        reverify(
            database, ACTOR, "XHS1", ["FA-1"], at(9), **{**HOW, "result": "ok"}, names=["act:1"]
        )
    assert codes(error) == ["COVERAGE-RESULT"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mba": "NONE", "batch_uid": "NONE/X#1"}, "COVERAGE-AREA"),
        ({"batch_uid": "XHS2/FA-1#1"}, "COVERAGE-BATCH"),
        ({"at": "2025-03-01"}, "COVERAGE-TIME"),
    ],
)
def test_lines_that_do_not_hold(example: Any, change: dict[str, str], code: str) -> None:
    line = {
        "mba": "XHS1",
        "batch_uid": "XHS1/FA-1#1",
        "at": "2025-03-01T00:00:00.000000Z",
        "method": "NDA",
        "verified_by": "Huber",
        "result": "discrepant",
    }
    made = Draft("coverage.reverify", f"test:{code}")
    made.add("coverage_reverification", {**line, **change}, scope="XH")
    with pytest.raises(RefusedError) as error:
        post(example.database, made, ACTOR)
    assert code in codes(error)


def test_an_anomaly_that_is_not_there_is_not_resolved(example: Any) -> None:
    made = Draft("coverage.resolve", "test:none")
    line = {"at": "2025-03-01T00:00:00.000000Z", "result": "verified", "verified_by": "Huber"}
    more = {"mba": "XHS1", "anomaly": "A-7", "reason": "x", "evidence": "act:1"}
    made.add("coverage_resolution", {**line, **more}, scope="XH")
    with pytest.raises(RefusedError) as error:
        post(example.database, made, ACTOR)
    assert codes(error) == ["COVERAGE-ANOMALY"]


def test_the_remeasure_list_has_masses(watched: Any) -> None:
    section_test(watched)
    database = watched.database

    def asked(begin: float, end: float) -> Any:
        with database.reading() as connection:
            return remeasure_list(connection, database.metadata, "XHS1", at(begin), at(end))

    found = asked(0, 60)
    told = found.to_dict()
    assert [one["name"] for one in told["items"]] == ["FA-1"]
    assert told["items"][0]["lost_since"] == "2025-03-01T00:00:40Z"
    [mass] = told["items"][0]["masses"]
    assert (mass["category"], mass["element_mg"], mass["fissile_mg"]) == ("E", 400_000, 18_000)
    assert found.totals()[0].element_mg == 400_000
    assert told["never_in_containment"] == ["XHS1/FA-2#1"]
    assert not asked(0, 40).items  # what was lost at 40 is not of this period
    assert asked(50, 60).items  # still lost in it
    with pytest.raises(UsageError):
        asked(60, 60)
    watched.seal("0003", "cobra", "A", 300)
    watched.seal("0004", "cobra", "B", 300)
    assert asked(0, 60).items  # seals alone bring nothing back
    reverify(database, ACTOR, "XHS1", ["FA-1"], at(310), **HOW, names=["act:1"])
    assert not asked(0, 60).items
    with database.reading() as connection:
        every = coverage_of_area(connection, database.metadata, "XHS1", at(320))
    assert every.totals() == {
        **{value.name: 0 for value in Value},
        "PENDING": 1,
        "NOT_COVERED": 1,
    }
    assert every.to_dict()["continuity"] == {"held": 1, "none": 1}


def test_an_item_that_only_its_seal_names(watched: Any) -> None:
    database = watched.database
    release(database, ACTOR, "XHS1", "store", ["FA-1"], at(1))
    hold(database, ACTOR, "XHS1", "store", ["FA-2"], at(5))
    key = watched.seal("0001", "cobra", "A | B", 10)
    assert watched.ask(20).value.name == "NOT_COVERED"  # it was released: that stands
    watched.happens(key, "broken", 30)
    with database.reading() as connection:
        [one] = anomalies(connection, database.metadata, "XHS1")
    assert set(one.items) == {"XHS1/FA-1#1", "XHS1/FA-2#1"} and one.reason == "SEAL-BROKEN"


def test_what_leaves_by_the_books_and_is_held_is_told(watched: Any) -> None:
    small = watched.small
    there = {"shipper": "XH/XHS1", "receiver": "XH/XHS2", "mdc": "B/Q/2/F", "items": 1}
    moved = change("SD", "20250310", "FA-1", "630:400 670:18", **there)
    small.send("XHS1", 1, moved, period="20250301/20250331", date="20250401")
    table = small.database.metadata.tables[FINDING.name]
    with small.database.reading() as connection:
        told = [row["code"] for row in connection.execute(table.select()).mappings()]
    assert "COVERAGE-MOVED-HELD" in told


def test_a_camera_that_nobody_recorded_covers_nothing(watched: Any) -> None:
    database = watched.database
    add_path(database, ACTOR, "XHS1", "store", "C", at(-5))
    done = watch(database, ACTOR, "XHS1", "store", "C", "camera:NONE", at(-5))
    table = database.metadata.tables[FINDING.name]
    with database.reading() as connection:
        rows = connection.execute(table.select().where(table.c.act_id == done.act.act_id))
        assert [row["code"] for row in rows.mappings()] == ["COVERAGE-CAMERA-UNKNOWN"]
    assert watched.ask(5).value is Value.NOT_COVERED


def test_from_a_batch_to_its_seals_and_back(example: Any) -> None:
    database = example.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        held = Link("batch:XHS1/FA-1#1", "held in", "containment:XHS1/store")
        chain = why(connection, metadata, registry, "batch:XHS1/FA-1#1", limit=500)
        assert held in chain.links
        assert held in dependents(connection, metadata, registry, held.target)
        assert any(one.target == "seal:XH/0001" for one in chain.links)


def test_a_camera_that_is_not_reviewed_yet_is_pending(watched: Any) -> None:
    database = watched.database
    camera = {"camera": "CAM-1", "mba": "XHS1", "depends_on": "clock:1"}
    made = Draft("surveillance.camera", "test:camera")
    made.add("surveillance_camera", camera, scope="XH/XHF-/XHS1")
    view = {"camera": "CAM-1", "version": 1, "begin_at": "2025-03-01T00:00:00.000000Z"}
    made.add("surveillance_view", {**view, "words": "the store"}, scope="XH/XHF-/XHS1")
    post(database, made, ACTOR)
    for path in ("A", "B"):
        watch(database, ACTOR, "XHS1", "store", path, "camera:CAM-1", at(0), end=at(50))
    found = watched.ask(10)
    assert found.value is Value.PENDING and found.continuity == "held"
    assert {str(way.level) for way in found.paths} == {"single"}
    assert watched.ask(50).value is Value.NOT_COVERED
    assert watched.ask(60).lost_since == at(50)
    watched.happens(watched.seal("0001", "eoss", "A", 5), "check", 6, number_read="0001",
                    tag="ok", wire="ok", enclosure="ok")  # fmt: skip
    both = watched.ask(5)
    assert {way.path: str(way.level) for way in both.paths} == {"A": "dual", "B": "single"}
