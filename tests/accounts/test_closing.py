"""Closing a balance: a checkpoint that later corrections do not touch but correct."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from cases.making import change, listed
from keiryo.accounts.closing import Closed, close_period, closed_lines, closings
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.verify import verify
from small_books import ACTOR, PLANT, SmallBooks

PIT = datetime.date(2025, 12, 31)


@pytest.fixture
def plant(database_url: str) -> SmallBooks:
    books = SmallBooks(database_url, XHFA=PLANT)
    books.send("XHFA", 1, change("LD", "20250104", "X", "630:5.4 670:0.2"))
    books.listing("XHFA", 2, [listed("LEU-2", "630:994.4 670:44.8"), listed("NAT-1", "610:50")])
    return books


def close(books: SmallBooks, profile: str | None = None) -> Closed:
    return close_period(books.database, "XHFA", PIT, ACTOR, rounding_profile=profile)


def discard(books: SmallBooks, number: int, content: str, refers: str) -> None:
    entry = change("LD", "20250104", "X", content, status=f"C/{refers}")
    outcome = books.send("XHFA", number, entry, date="20260301")
    assert outcome.outcome == "accepted", outcome.findings


def recorded_lines(books: SmallBooks) -> Callable[[str], str]:
    with books.database.reading() as connection:
        found = closed_lines(connection, books.database.metadata, "XHFA", PIT)
    assert found is not None
    return lambda code: " ".join(
        f"{letter}{amount.element_mg}" for letter, amount in found[1][code].items()
    )


def test_closing_twice_is_closing_once(plant: SmallBooks) -> None:
    first, second = close(plant), close(plant)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.act == second.act
    assert first.act.corrects is None
    assert first.balance.to_dict() == plant.balance("XHFA").to_dict()
    assert recorded_lines(plant)("MF") == "N0 E200"
    assert verify(plant.database).problems == ()


def test_correction_after_closing(plant: SmallBooks) -> None:
    first = close(plant)
    discard(plant, 3, "630:5.5 670:0.2", "XH;1/1")
    assert recorded_lines(plant)("MF") == "N0 E200"  # closed stays closed
    assert plant.lines("XHFA")["MF"]["E"]["element"] == "0.1"
    second = close(plant)
    assert (second.repeated, second.act.corrects) == (False, first.act.act_id)
    assert recorded_lines(plant)("MF") == "N0 E100"
    assert close(plant).act == second.act
    # The first figure was right after all: this closes anew, it does not bring the first back.
    discard(plant, 4, "630:5.4 670:0.2", "XH;3/1")
    third = close(plant)
    assert (third.repeated, third.act.corrects) == (False, second.act.act_id)
    assert recorded_lines(plant)("MF") == "N0 E200"
    assert close(plant).repeated
    with plant.database.reading() as connection:
        listed_acts = [c["act"] for c in closings(connection, plant.database.metadata)]
    assert listed_acts == [first.act.act_id, second.act.act_id, third.act.act_id]
    # What was closed first can still be computed.
    then = plant.balance("XHFA", through_act=first.act.act_id)
    assert dict(then.lines) == dict(first.balance.lines)
    assert verify(plant.database).problems == ()


def test_rounded_closing(plant: SmallBooks) -> None:
    exact = close(plant)
    rounded = close(plant, "code10_rounded")
    assert rounded.act.corrects == exact.act.act_id
    lines = rounded.balance.to_dict()["lines"]
    assert isinstance(lines, dict)
    assert lines["LD"]["E"] == {"element": "5", "fissile": "0"}
    assert lines["PE"]["E"] == {"element": "994", "fissile": "45"}
    assert lines["BE"]["E"] == {"element": "995", "fissile": "45"}
    assert lines["MF"]["E"] == {"element": "0", "fissile": "0"}
    assert lines["RAMF"]["E"] == {"element": "1", "fissile": "0"}


def test_what_cannot_be_closed(plant: SmallBooks) -> None:
    with pytest.raises(UsageError, match="no physical inventory"):
        close_period(plant.database, "XHFA", datetime.date(2025, 6, 30), ACTOR)
    with pytest.raises(UsageError, match="first"):
        close_period(plant.database, "XHFA", datetime.date(2024, 12, 31), ACTOR)
    with pytest.raises((NotFoundError, UsageError)):
        close_period(plant.database, "XHZZ", None, ACTOR)
    with plant.database.reading() as connection:
        assert closed_lines(connection, plant.database.metadata, "XHFA", PIT) is None
