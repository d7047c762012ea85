"""Books with two detectors of the Agency, and short words for what is done with them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Any

import pytest

import keiryo
from keiryo.api import Books
from keiryo.equipment.custody import HandOver, hand_over, instant_text
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.equipment.loans import Loan, StepWanted, Terms, lend, loan, take_step

DAY = datetime.date(2026, 7, 1)
TERMS = Terms(
    "games",
    lender="INT.IAEA",
    borrower="JP.GOV",
    purpose="security of a major public event",
    event="Games 2026",
    commitment="c008",
    requested_on=DAY,
    start_on=DAY,
    last_use_on=datetime.date(2026, 8, 9),
    end_on=datetime.date(2026, 9, 30),
    agreement_reference="LA-2026-17",
    insurance="the borrower",
    customs_regime="ATA",
)


@dataclass
class Store:
    """Books, and short words for what is done with them."""

    books: Books

    def register(self, serial: str, type_: str = "personal-radiation-detector", **more: Any) -> int:
        values = {"serial": serial, "type": type_, "model": "M-1", "owner": "INT.IAEA", **more}
        first = HandOver(
            serial, None, "Huber", "INT.IAEA", "Seibersdorf", instant_text("2026-01-05T09:00Z")
        )
        entry = ItemEntry(values, first)
        return register_items(self.books.database, self.books.actor, [entry]).act.act_id

    def lend(self, *serials: str, **more: Any) -> int:
        terms = replace(TERMS, **more)
        return lend(self.books.database, self.books.actor, terms, serials or None).act.act_id

    def step(self, state: str, day: datetime.date = DAY, **more: Any) -> int:
        wanted = replace(StepWanted("games", state, day, "it happened"), **more)
        return take_step(self.books.database, self.books.actor, wanted).act.act_id

    def pass_on(self, serial: str, giver: str, receiver: str, more: tuple[str, str, str]) -> int:
        organisation, place, at = more
        one = HandOver(serial, giver, receiver, organisation, place, instant_text(at))
        return hand_over(self.books.database, self.books.actor, [one]).act.act_id

    def loan(self, name: str = "games") -> Loan:
        with self.books.database.reading() as connection:
            return loan(connection, self.books.database.metadata, name)

    def in_use(self, *serials: str) -> None:
        """Bring a loan to the borrower, with its items."""
        self.lend(*serials)
        for state in ("offered", "agreed", "shipped"):
            self.step(state)
        for serial in serials:
            there = ("JP.GOV", "Gate 3", "2026-07-03T09:00+09:00")
            self.pass_on(serial, "Huber", "Ito", there)
        self.step("received", datetime.date(2026, 7, 3), acceptance_test="passed")
        self.step("in_use", datetime.date(2026, 7, 3))


@pytest.fixture
def store(sqlite_url: str) -> Store:
    made = Store(keiryo.init(sqlite_url, "XA", person="P-TEST2345"))
    for serial in ("PRD-1", "PRD-2"):
        made.register(serial)
    return made
