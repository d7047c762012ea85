"""The example of the specification, end to end with real acts (notes, section 1.1)."""

from __future__ import annotations

from typing import Any

import pytest

from coverage_books import at, section_test
from keiryo.containment.recording import inspect
from keiryo.coverage.anomalies import anomalies
from keiryo.coverage.reverification import reverify
from small_books import ACTOR


@pytest.mark.parametrize(
    ("known", "second", "value"),
    [
        (120, 20, "PENDING"),
        (120, 41, "NEGATIVE"),
        (160, 20, "POSITIVE"),
        (160, 41, "NEGATIVE"),
        (160, 60, "INCONCLUSIVE"),
        (160, 100, "NOT_COVERED"),
        (None, 20, "POSITIVE"),
        (None, -1, "NOT_COVERED"),
    ],
)
def test_the_values(example: Any, known: float | None, second: float, value: str) -> None:
    assert example.ask(second, known).value.name == value


def test_continuity_is_lost_since_the_opening(example: Any) -> None:
    assert example.ask(39, 160).continuity == "held"
    assert example.ask(60, 160).lost_since == at(40)
    told = example.ask(60, 160).to_dict()
    assert told["lost_since"] == "2025-03-01T00:00:40Z" and told["continuity"] == "lost"
    assert {way["path"]: way["value"] for way in told["paths"]} == {
        "A": "POSITIVE",
        "B": "INCONCLUSIVE",
    }
    assert told["paths"][0]["devices"][0]["device"] == "seal:XH/0001"
    assert told["paths"][0]["level"] == "single"


def test_before_the_log_was_read_nobody_knew(example: Any) -> None:
    assert example.ask(41, 105).value.name == "PENDING"


def test_what_was_recorded_later_can_be_left_out(example: Any) -> None:
    assert example.ask(41, through_act=3).value.name == "NOT_COVERED"


def test_an_inspection_makes_it_positive_by_device_and_knowledge_stays_lost(
    watched: Any,
) -> None:
    section_test(watched)
    inspect(watched.database, ACTOR, "XHS1", "store", at(42), ["Huber"], "intact")
    found = watched.ask(60, 160)
    assert found.value.name == "POSITIVE" and found.lost_since == at(40)
    assert watched.ask(41, 160).value.name == "NEGATIVE"
    reverify(
        *(watched.database, ACTOR, "XHS1", ["FA-1"], at(50)),
        method="NDA",
        by="Huber",
        result="verified",
        names=["act:1"],
    )
    assert watched.ask(60, 160).continuity == "held"
    assert watched.ask(49, 160).lost_since == at(40)
    assert watched.ask(60, 109).lost_since is None  # nobody knew of the opening yet


def test_the_opening_is_an_anomaly(example: Any) -> None:
    with example.database.reading() as connection:
        [one] = anomalies(connection, example.database.metadata, "XHS1")
    assert one.state == "found" and one.device == "seal:XH/0002" and one.reason == "SEAL-OPENED"
    assert one.items == ("XHS1/FA-1#1",) and one.time.begin == at(40)
