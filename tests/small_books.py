"""Books of one or two small areas, for tests: what is sent is written as labelled Code 10."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any

from cases.making import Entry, report
from keiryo.accounts.balance import balance
from keiryo.accounts.inventory import inventory, to_dict
from keiryo.accounts.model import Balance, Knowledge
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import Clock, system_clock
from keiryo.reports.service import ImportSummary, ReportOutcome, import_reports
from keiryo.storage.engine import Database

ACTOR = Actor("P-1", "XH")
PRIOR = "20241231"


def batch(name: str, items: int = 0, mdc: str = "F/R/N/C", **weights: str) -> dict[str, Any]:
    """Return a batch of an opening inventory; weights as ``_630="1000"``."""
    by_label = {label[1:]: value for label, value in weights.items()}
    return {"kmp": "A", "mdc": mdc, "batch": name, "basis": "T", "items": items,
            "weights": by_label}  # fmt: skip


def area(kind: str, *batches: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the context of an area in facility XHF-."""
    inventory = {"previous_physical_inventory": list(batches)}
    return {"facility": "XHF-", "type": kind, "last_report_no": 0, **inventory, **more}


PLANT = area("bulk", batch("LEU-1", _630="1000", _670="45"), batch("NAT-1", _610="50"))
"""A bulk area with 1000 g enriched uranium (45 g U-235) and 50 kg natural uranium."""

STORE = area(
    "item",
    batch("FA-1", 1, "B/Q/2/F", _630="400", _670="18"),
    batch("FA-2", 1, "B/Q/1/G", _630="300", _670="3", _700="2"),
)
"""An item area with two fuel elements."""


class SmallBooks:
    """A database with a State XH and the areas asked for."""

    def __init__(self, url: str, *, clock: Clock = system_clock, **areas: dict[str, Any]) -> None:
        self.clock = clock
        self.database = Database(url, builtin_registry())
        open_journal(self.database, "XH", ACTOR, clock=clock)
        if areas:
            summary = self.begin(areas)
            assert summary.context_act is not None, summary.context_findings

    def begin(self, areas: dict[str, Any], **more: Any) -> ImportSummary:
        """Import a context."""
        data = {"country": "XH", "prior_pit": PRIOR, "mbas": areas, **more}
        context = ("context.json", json.dumps(data).encode())
        return import_reports(self.database, [], ACTOR, context=context, clock=self.clock)

    def take(self, *texts: str, reason: str | None = None) -> ImportSummary:
        """Import reports, each in a file of its own."""
        files = [(f"{number}.txt", text.encode()) for number, text in enumerate(texts)]
        return import_reports(self.database, files, ACTOR, accept_reason=reason, clock=self.clock)

    def send(
        self,
        mba: str,
        number: int,
        *entries: Entry,
        date: str = "20250228",
        period: str = "20250101/20250131",
        kind: str = "I",
        reason: str | None = None,
    ) -> ReportOutcome:
        """Import one report and return what became of it."""
        text = report(f"XH/XHF-/{mba}", number, kind, date, period, entries)
        return self.take(text, reason=reason).outcomes[0]

    def listing(self, mba: str, number: int, entries: Iterable[Entry]) -> ReportOutcome:
        """Import a listing of 31 December 2025."""
        return self.send(mba, number, *entries, date="20260115", period="20251231", kind="P")

    def balance(
        self, mba: str, start: str | None = None, end: str | None = None, **known: Any
    ) -> Balance:
        """Ask for a balance."""
        with self.database.reading() as connection:
            return balance(
                connection,
                self.database.metadata,
                mba,
                start=_day(start),
                end=_day(end),
                knowledge=Knowledge(**known),
            )

    def lines(self, mba: str, *period: str, **known: Any) -> Any:
        """Ask for the lines of a balance as plain data."""
        return self.balance(mba, *period, **known).to_dict()["lines"]

    def inventory(self, mba: str, on: str, **known: Any) -> Any:
        """Ask for an inventory as plain data."""
        day = datetime.date.fromisoformat(on)
        with self.database.reading() as connection:
            found = inventory(connection, self.database.metadata, mba, day, Knowledge(**known))
            return to_dict(found)


def _day(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)
