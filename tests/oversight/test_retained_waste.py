"""The retained-waste register: what is held follows from TW and FW, and from nothing else."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from cases.making import change, deleted, listed
from keiryo.accounts.model import Knowledge
from keiryo.capabilities import builtin_registry
from keiryo.errors import NotFoundError
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.oversight.exemptions import exemptions
from keiryo.oversight.register_entries import parse_amount, register_openings
from keiryo.oversight.retained_waste import RetainedWaste, retained_waste
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database
from small_books import PLANT, SmallBooks

STATE = Path(__file__).parents[2] / "src" / "keiryo" / "data" / "state_xa"
END = datetime.date(2025, 12, 31)


def state_xa(url: str) -> Database:
    """Return the books of the State of the worked example."""
    actor, database = Actor("P-1", "XA"), Database(url, builtin_registry())
    open_journal(database, "XA", actor)
    files = [(f.name, f.read_bytes()) for f in sorted(STATE.glob("*.txt"))]
    context = ("context.json", (STATE / "context.json").read_bytes())
    assert import_reports(database, files, actor, context=context).complete
    return database


def board(books: SmallBooks, on: datetime.date = END, **known: object) -> RetainedWaste:
    with books.database.reading() as connection:
        knowledge = Knowledge(**known)  # type: ignore[arg-type]
        return retained_waste(connection, books.database.metadata, on, knowledge=knowledge)


def test_worked_numbers(database_url: str) -> None:
    database = state_xa(database_url)
    with database.reading() as connection:
        found = retained_waste(connection, database.metadata, END)
        before = retained_waste(connection, database.metadata, datetime.date(2025, 11, 5))
        register = exemptions(connection, database.metadata, END)
        with pytest.raises(NotFoundError):
            retained_waste(connection, database.metadata, END, mba="XXXX")
    assert not found.findings
    (account,) = found.to_dict()["accounts"]
    assert (account["mba"], account["category"], account["unit"]) == ("XAFA", "E", "g")
    assert account["transferred"] == {"element": "3405.2", "fissile": "151.531"}
    assert account["returned"] == {"element": "1002.6", "fissile": "44.616"}
    assert account["held"] == {"element": "2402.6", "fissile": "106.915"}
    (batch,) = account["batches"]
    assert batch["batch"] == "F25-WST-01"
    assert batch["held"] == account["held"]
    assert [(e["code"], e["report"], e["entry"]) for e in batch["entries"]] == [
        *(("TW", 106, 1), ("FW", 108, 1))
    ]
    assert before.to_dict()["accounts"][0]["held"] == account["transferred"]
    # The exempt register of the same State: 30 kg depleted uranium on use, nothing on quantity.
    data = register.to_dict()
    assert data["use"] == [{"category": "D", "element": "30", "unit": "kg", "fissile": None}]
    assert data["quantity"] == []
    assert [e["batch"] for e in data["use_entries"]] == ["DU-SH-1"]
    assert not register.findings
    json.dumps(data)
    database.close()


def test_more_taken_back_than_there_was(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    books.send(
        "XHFA",
        1,
        change("TW", "20250110", "WST-1", "630:100 670:4.5", mdc="T/R/N/E"),
        change("FW", "20250120", "WST-1", "630:100.5 670:4.5", mdc="T/R/N/E"),
        change("TW", "20250125", "WST-2", "630:50 670:2", mdc="T/R/N/E"),
    )
    (finding,) = board(books).findings
    assert finding.code == "RETAINED-WASTE"
    assert finding.severity.value == "E"
    assert (finding.mba, finding.report, finding.entry) == ("XHFA", "1", 2)
    assert finding.found == "-0.5 g"
    assert not board(books, datetime.date(2025, 1, 19)).findings
    # The same day in any order is no question: only its end counts.
    entry = change("TW", "20250120", "WST-3", "630:1 670:0.1", mdc="T/R/N/E")
    books.send("XHFA", 2, entry, date="20250310")
    assert not board(books).findings
    assert board(books, known_on=datetime.date(2025, 3, 1)).findings


def test_a_deleted_transfer_does_not_count(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    books.send("XHFA", 1, change("TW", "20250110", "WST-1", "630:100 670:4.5", mdc="T/R/N/E"))
    books.send("XHFA", 2, deleted("XH;1/1"), date="20250315", period="20250201/20250228")
    assert board(books).accounts == ()
    (then,) = board(books, known_on=datetime.date(2025, 3, 14)).accounts
    assert then.held.element_mg == 100_000


def test_retained_waste_in_the_listing(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    books.send(
        "XHFA",
        1,
        change("TW", "20250110", "WST-1", "630:100 670:4.5", mdc="T/R/N/E"),
        change("TW", "20250110", "WST-2", "630:60 670:2.5", mdc="T/R/N/E"),
        change("FW", "20250112", "WST-2", "630:60 670:2.5", mdc="T/R/N/E"),
        change("TW", "20250110", "WST-3", "630:30 670:1", mdc="T/R/N/E"),
    )
    books.listing(
        "XHFA",
        2,
        [
            listed("WST-1", "630:100 670:4.5", mdc="T/R/N/E"),
            listed("WST-2", "630:60 670:2.5", mdc="T/R/N/E"),  # it came back
            listed("WST-3", "630:12 670:0.4", mdc="T/R/N/E"),  # the part that did not go
        ],
    )
    (finding,) = board(books).findings
    assert finding.code == "RETAINED-WASTE"
    assert "lists batch WST-1 (100 g E)" in finding.message
    assert (finding.report, finding.entry) == ("2", 1)


def test_what_was_there_before_the_books_begin(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url)
    waste = [{"category": "E", "element": "30", "fissile": "1.2"}]
    summary = books.begin(
        {"XHFA": {**PLANT, "retained_waste": waste}},
        exempted_on_quantity=[{"category": "P", "element": "900"}],
        exempted_on_use=[{"category": "D", "element": "12"}],
    )
    assert summary.context_act is not None, summary.context_findings
    books.send("XHFA", 1, change("FW", "20250120", "WST-0", "630:20 670:0.8", mdc="T/R/N/E"))
    database = books.database
    with database.reading() as connection:
        openings = register_openings(connection, database.metadata, database.evidence)
        found = retained_waste(connection, database.metadata, END, openings=openings)
        register = exemptions(connection, database.metadata, END, openings=openings)
    assert not found.findings
    (account,) = found.accounts
    assert (account.held.element_mg, account.held.fissile_mg) == (10_000, 400)
    assert [b.batch for b in account.batches] == ["(before the books)", "WST-0"]
    assert board(books).findings  # without them, material seems to come out of nothing
    assert register.limits[0].to_dict()["used_percent"] == "90.0"
    assert not register.trial([parse_amount("P:101")]).fits
    assert register.to_dict()["use"][0]["element"] == "12"
