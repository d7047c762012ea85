"""Movement through seal: the books against the seals, for movements of every kind and day."""

from __future__ import annotations

from typing import Any

import pytest

from cases.making import change
from keiryo.errors import Severity
from keiryo.journal.tables import FINDING
from keiryo.seals.movement_check import moving_codes
from seals.seal_books import SealBooks

DAY = 86_400
"""Seals are attached on 10 January 2025 at 00:00 UTC, day 0."""


def through(books: SealBooks, code: str, day: str, batch: str = "FA-1", **more: Any) -> list[Any]:
    """Report a change and return the movements through seals that it makes."""
    parties = {}
    if code == "SD":
        parties = {"shipper": "XH/XHS1", "receiver": "XH/XHS2"}
    entry = change(code, day, batch, "630:400 670:18", items=1, mdc="B/Q/2/F", **parties, **more)
    outcome = books.small.send("XHS1", 1, entry, reason="as reported")
    assert outcome.outcome.startswith("accepted"), outcome
    rows = books.rows(FINDING.name)
    return [row for row in rows if row["code"] == "SEAL-MOVEMENT-THROUGH"]


def test_a_shipment_of_what_lies_under_an_open_seal(own: SealBooks) -> None:
    key = own.attached("cobra", 0)
    found = through(own, "SD", "20250120")
    assert len(found) == 1
    assert (found[0]["severity"], found[0]["mba"]) == (Severity.INCONSISTENCY, "XHS1")
    assert str(key) in found[0]["message"]
    assert "2025-01-20" in found[0]["message"]


def test_a_cask_may_travel_under_its_seal(own: SealBooks) -> None:
    own.attached("cobra", 0, containment="cask")
    assert [row["severity"] for row in through(own, "SD", "20250120")] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("detached", "day", "found"),
    [
        (5 * DAY + 3600, "20250114", 1),  # inside a period that was closed since
        (5 * DAY + 3600, "20250115", 0),  # taken off that morning
        (5 * DAY + 3600, "20250116", 0),
        (None, "20250109", 0),  # before it was attached
        (None, "20250110", 1),  # attached that day and never taken off
    ],
)
def test_the_day_decides(own: SealBooks, detached: int | None, day: str, found: int) -> None:
    key = own.attached("cobra", 3600)
    if detached is not None:
        own.do(key, "detach", detached)
    assert len(through(own, "SD", day)) == found


@pytest.mark.parametrize(
    ("code", "day", "found"),
    [("RM", "20250120", 1), ("RM", "20250110", 0), ("LN", "20250120", 0), ("SD", "20250120", 0)],
)
def test_what_moves_and_what_does_not(own: SealBooks, code: str, day: str, found: int) -> None:
    own.attached("cobra", 3600)
    batch = "FA-2" if code == "SD" else "FA-1"
    assert len(through(own, code, day, batch)) == found


def test_every_seal_over_a_batch_is_named(own: SealBooks) -> None:
    own.attached("cobra", 0)
    own.attached("eoss", 0, paths="door", items=("XHS1/FA-1", "XHS1/FA-2"))
    assert len(through(own, "SD", "20250120")) == 2


@pytest.mark.parametrize(
    ("attached", "detached", "day", "found"),
    [
        (3600, None, "20250120", 1),
        (3600, 5 * DAY, "20250120", 1),  # taken off afterwards, and then it was sealed no longer
        (3600, None, "20250109", 0),  # it left before
    ],
)
def test_an_attachment_that_is_recorded_after_the_movement(
    own: SealBooks, attached: int, detached: int | None, day: str, found: int
) -> None:
    through(own, "SD", day)
    key = own.receive("cobra")
    own.do(key, "issue", -50)
    act = own.do(key, "attach", attached)
    assert own.codes(act) == ["SEAL-MOVEMENT-THROUGH"] * found
    if found:
        (row,) = own.rows(FINDING.name, act)
        assert "2025-01-20" in row["message"] and "in the books since act" in row["message"]
    if detached is not None:
        assert own.codes(own.do(key, "detach", detached)) == []


def test_a_corrected_attachment_tells_what_is_new_and_nothing_twice(own: SealBooks) -> None:
    key = own.receive("cobra")
    own.do(key, "issue", 0)
    own.do(key, "attach", 15 * DAY)
    assert through(own, "SD", "20250120") == []
    (attach,) = [row for row in own.rows("seal_event") if row["event"] == "attach"]
    place = {"corrects_act": attach["act_id"], "corrects_line": attach["line_no"]}
    earlier = own.do(key, "attach", 3600, **place)
    assert own.codes(earlier) == ["SEAL-MOVEMENT-THROUGH"]
    (line,) = [row["line_no"] for row in own.rows("seal_event", earlier)]
    again = own.do(key, "attach", 7200, corrects_act=earlier, corrects_line=line)
    assert own.rows(FINDING.name, again) == []


def test_a_movement_that_was_deleted_is_not_told(own: SealBooks) -> None:
    through(own, "SD", "20250120")
    gone = own.small.send("XHS1", 2, [("309", "D/XH;1/1")], reason="it never left")
    assert gone.outcome.startswith("accepted"), gone
    key = own.receive("cobra")
    own.do(key, "issue", -50)
    assert own.codes(own.do(key, "attach", 3600)) == []


def test_codes_that_move() -> None:
    codes = set(moving_codes())
    assert {"SF", "SD", "SN", "RM", "RP", "TW", "LA"} <= codes
    assert not {"LN", "DI", "EN", "PB", "MF", "DU"} & codes
