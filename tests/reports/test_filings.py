"""What counts, in two ways: the filed entries in memory, and the lines effective in the books."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, select

from journal.toy_books import ACTOR
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
    effective,
)
from keiryo.capabilities import builtin_registry
from keiryo.journal.opening import open_journal
from keiryo.reports.export import recorded_reports
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.filings_of_books import filings_of_books
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database
from keiryo.testing.random_state import COUNTRY, RandomState

Addresses = set[tuple[str, int, int]]


def in_books(connection: Connection, metadata: MetaData, kind: Any) -> Addresses:
    table = metadata.tables[kind.name]
    query = select(table.c.mba, table.c.report_no, table.c.entry_no).where(
        table.c.report_no.is_not(None), effective(table, Knowledge()), table.c.status != "U"
    )
    return {(str(m), int(r), int(e)) for m, r, e in connection.execute(query)}


def in_memory(areas: dict[str, AreaFile], entries: Any) -> Addresses:
    return {
        (code, filed.report.number, filed.entry.number)
        for code, area in areas.items()
        for filed in entries(area)
    }


def _listed(area: AreaFile) -> list[FiledEntry]:
    return [f for listing in area.listings.values() for f in listing.entries]


def _balanced(area: AreaFile) -> list[FiledEntry]:
    return [f for balance in area.balances.values() for f in balance.lines]


@pytest.mark.parametrize("seed", range(4), ids=lambda seed: f"seed{seed}-")
def test_filed_entries_are_the_effective_lines(seed: int, sqlite_url: str) -> None:
    state = RandomState(seed)
    database = Database(sqlite_url, builtin_registry())
    open_journal(database, COUNTRY, ACTOR)
    everything = [file for files in state.files() for file in files]
    context = ("context.json", state.context)
    import_reports(database, everything, ACTOR, context=context, accept_reason="all of it")
    with database.reading() as connection:
        metadata = database.metadata
        filings = filings_of_books(connection, metadata, database.evidence)
        assert list(recorded_reports(connection, metadata))
        for kind, entries in (
            (INVENTORY_CHANGE, lambda area: area.changes),
            (PHYSICAL_INVENTORY, _listed),
            (REPORTED_BALANCE, _balanced),
        ):
            books = in_books(connection, metadata, kind)
            assert in_memory(filings.areas, entries) == books
    database.close()
