"""The made-up event of keiryo.data.lake_games in books of its own, played step by step."""

from __future__ import annotations

import datetime
from pathlib import Path

from keiryo.capabilities import builtin_registry
from keiryo.cli.demo_public_event import (
    EVENT,
    FOLDER,
    LENDER,
    LOAN,
    PlayedEvent,
    day,
    shipped_partners,
)
from keiryo.dates import utc_text
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.storage.engine import Database

__all__ = ["EVENT", "FOLDER", "HEAD", "LENDER", "LOAN", "OFFICER", "OUR", "Played", "day"]
Played = PlayedEvent
OFFICER, HEAD = Actor("P-OFF", "JP"), Actor("P-HEAD", "JP")
OUR = "JP.MOFA"


def opened(folder: Path) -> Played:
    database = Database(f"sqlite:///{folder / 'b.sqlite'}", builtin_registry())
    open_journal(database, "JP", OFFICER)
    shipped_partners(database, OFFICER)
    return Played(database, OFFICER, HEAD, OUR)


def utc(text: str) -> str:
    return utc_text(datetime.datetime.fromisoformat(text))
