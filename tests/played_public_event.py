"""The Lake Games of the demonstration, played in books of their own."""

from __future__ import annotations

import datetime
from pathlib import Path

from keiryo.capabilities import builtin_registry
from keiryo.cli.demo_event import EVENT, FOLDER, LENDER, LOAN, day
from keiryo.cli.demo_event import Played as Playing
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.dates import utc_text
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.storage.engine import Database

OFFICER, HEAD = Actor("P-OFF", "JP"), Actor("P-HEAD", "JP")
OUR = "JP.MOFA"
__all__ = ["EVENT", "FOLDER", "HEAD", "LENDER", "LOAN", "OFFICER", "OUR", "Played", "day"]


class Played(Playing):
    """Books of State JP with the register of agreements, and how far the event has been played."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, OFFICER, HEAD, OUR)

    def loan(self) -> None:
        """Record the register of agreements first."""
        record_register(*self.books, shipped_register(), "agreements.json")
        super().loan()


def opened(folder: Path) -> Played:
    database = Database(f"sqlite:///{folder / 'b.sqlite'}", builtin_registry())
    open_journal(database, "JP", OFFICER)
    return Played(database)


def utc(text: str) -> str:
    return utc_text(datetime.datetime.fromisoformat(text))
