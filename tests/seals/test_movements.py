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


def test_codes_that_move() -> None:
    codes = set(moving_codes())
    assert {"SF", "SD", "SN", "RM", "RP", "TW", "LA"} <= codes
    assert not {"LN", "DI", "EN", "PB", "MF", "DU"} & codes
