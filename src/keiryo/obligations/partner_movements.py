"""Movements as we count them, with every name under which a partner may know them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import number_date
from keiryo.obligations.annual_statement import year_days
from keiryo.obligations.holdings import FOLLOWED, Holding, Line, Move
from keiryo.obligations.labels import labels_of
from keiryo.obligations.statement_reading import ledger_rows, move_table, read_kinds, read_listed
from keiryo.obligations.statement_table import (
    CATEGORY_CHANGE,
    FROM_ABROAD,
    TO_ABROAD,
    Kinds,
    cause_of,
)
from keiryo.obligations.tables import RECEIPT_LABELS

ITEMISED = (FROM_ABROAD, TO_ABROAD, CATEGORY_CHANGE)
"""Lines of which partners have documents of their own."""


@dataclass(frozen=True, slots=True)
class OurMovement:
    """A movement as we count it.

    Attributes
    ----------
    category, line : str
        As in our statement.
    amount_mg : int
        As it changes our closing.
    on : datetime.date
    names : tuple of str
        Documents, batches and the line of the record (act/line), the best known first.
    """

    category: str
    line: str
    amount_mg: int
    on: datetime.date
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that is shown."""
        return self.names[0]

    def is_named(self, reference: str) -> bool:
        """Return whether a partner's reference means it."""
        return reference.casefold() in (one.casefold() for one in self.names)


def our_movements(
    connection: Connection, metadata: MetaData, partner: str, year: int
) -> list[OurMovement]:
    """Return the movements under a label of a year and of the years before and after."""
    first, last = year_days(year - 1)[0], year_days(year + 1)[1]
    table = move_table(metadata)
    moves = read_listed(
        connection, metadata, [table.c.event_date.between(first, last)], partner
    )  # fmt: skip
    kinds = read_kinds(connection, metadata, last)
    mine = [one for one in moves if cause_of(one) in ITEMISED]
    rows = ledger_rows(connection, metadata, {one.line for one in mine})
    receipts = metadata.tables[RECEIPT_LABELS.name]
    documents: dict[tuple[str, str], str] = {}
    query = select(receipts.c.mba, receipts.c.batch, receipts.c.document).order_by(
        receipts.c.act_id, receipts.c.line_no
    )
    for mba, batch, document in connection.execute(query):
        if document:
            documents[str(mba), str(batch)] = str(document)
    names = {}
    for line, row in rows.items():
        told = (documents.get((row["mba"], row["batch"])), row["shipper_batch"], row["batch"])
        names[line] = tuple(dict.fromkeys(str(one) for one in told if one))
    return list(counted(mine, partner, kinds, names))


def counted(
    moves: Sequence[Move], partner: str, kinds: Kinds, names: dict[Line, tuple[str, ...]]
) -> Iterator[OurMovement]:
    """Yield moves as they change what is under a label, by line and category."""
    sums: dict[tuple[int, Line, str, str], int] = {}
    for move in moves:
        sides: tuple[tuple[Holding, str, int], ...] = (
            (move.source, move.labels_from, -move.element_mg),
            (move.target, move.labels_to, move.element_mg),
        )
        for holding, key, mg in sides:
            if holding.account in FOLLOWED and partner in labels_of(key):
                category = kinds.row(holding, move.day).category
                name = (move.day, move.line, cause_of(move), category)
                sums[name] = sums.get(name, 0) + mg
    for (day, line, cause, category), mg in sums.items():
        if mg:
            known = (*names.get(line, ()), f"{line.act}/{line.line}")
            yield OurMovement(category, cause, mg, number_date(day), known)
