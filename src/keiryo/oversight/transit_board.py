"""The transit board: what is on its way inside the State, how long, and what does not fit.

A shipment is *open* until it is received; *late* beyond the age at which the profile warns, and
*overdue* beyond the age at which it asks. One to an area that is not registered in these books
stays open: they would not see its receipt. Receipts without a shipment stand on the same board,
with the shipments that they may belong to, and shipper/receiver differences with what caused them.

Sources: Code 10, labels 370, 372, 446 and 447; INFCIRC/153 (Corrected), paragraph 98.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Severity
from keiryo.quantities import Category, format_weight
from keiryo.reports.filed import FiledEntry, Filings
from keiryo.reports.filings_of_books import filings_of_books
from keiryo.reports.questions.transit import (
    Shipment,
    Transit,
    candidates,
    match_transfers,
    open_severity,
)
from keiryo.vocabulary import Profile, profile

STATE_OF_SEVERITY = {
    Severity.INFORMATION: "open",
    Severity.WARNING: "late",
    Severity.INCONSISTENCY: "overdue",
}
"""How long a shipment has been on its way, in a word."""


@dataclass(frozen=True, slots=True)
class TransitRow:
    """One category of a batch on its way, or received without shipment, or received otherwise.

    Attributes
    ----------
    sender, receiver, batch : str
    shipped : date or None
        Day of the shipment; None for a receipt without one.
    received : date or None
    age_days : int
        Days from the shipment (or the receipt without one) to the day of the board.
    category : Category
    element_mg, fissile_mg : int, int or None
        On the shipper's data; of a difference, the difference.
    state : str
        open, late, overdue, received, in parts, unmatched or difference.
    source : str
        The entry behind it, as MBA/report/entry.
    may_be : tuple of str
        Shipments that a receipt without one may belong to.
    """

    sender: str
    receiver: str
    batch: str
    shipped: datetime.date | None
    received: datetime.date | None
    age_days: int
    category: Category
    element_mg: int
    fissile_mg: int | None
    state: str
    source: str
    may_be: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain data; weights as exact decimals in the report's units."""
        fissile = None if self.fissile_mg is None else format_weight(self.fissile_mg, "g")
        return {
            "from": self.sender,
            "to": self.receiver,
            "batch": self.batch,
            "shipped": None if self.shipped is None else self.shipped.isoformat(),
            "age_days": self.age_days,
            "element": format_weight(self.element_mg, self.category.unit),
            "fissile": fissile,
            "category": str(self.category),
            "state": self.state,
            "received": None if self.received is None else self.received.isoformat(),
            "source": self.source,
            "may_be": list(self.may_be),
        }


def transit_board(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    rules: Profile | None = None,
    every: bool = False,
    differences: bool = False,
    known_on: datetime.date | None = None,
) -> list[TransitRow]:
    """Return what is on its way in the evening of a day, and receipts without shipment.

    Parameters
    ----------
    connection, metadata
        The books.
    on : date
    rules : Profile, optional
        States the ages; by default those of the IAEA model, or the limit of the context.
    every : bool, optional
        Received shipments, too.
    differences : bool, optional
        Shipper/receiver differences, too.
    known_on : date, optional
        Only what reports dated by that day say.
    """
    filings = filings_of_books(connection, metadata, known_on=known_on)
    return list(board_of(filings, on, rules=rules, every=every, differences=differences))


def board_of(
    filings: Filings,
    on: datetime.date,
    *,
    rules: Profile | None = None,
    every: bool = False,
    differences: bool = False,
) -> Iterator[TransitRow]:
    """Yield the rows of the board for filings; see `transit_board`."""
    rules = rules or profile("code10", on)
    limit = filings.context.transit_limit_days if filings.context else None
    transit = match_transfers(filings, on)
    for shipment in sorted(transit.shipments, key=lambda s: (s.day, s.sender, s.batch)):
        if not shipment.receipts:
            severity = open_severity((on - shipment.day).days, rules, limit)
            receiver = filings.areas.get(shipment.receiver)
            if receiver is None or receiver.place is None:  # its receipts are not in these books
                severity = Severity.INFORMATION
            yield from _shipment_rows(shipment, STATE_OF_SEVERITY[severity], on)
        elif every or len(shipment.receipts) > 1:
            state = "received" if len(shipment.receipts) == 1 else "in parts"
            yield from _shipment_rows(shipment, state, on)
    for filed in transit.unmatched:
        yield from _unmatched_rows(filed, transit, on)
    if differences:
        yield from _difference_rows(filings, on)


def _address(filed: FiledEntry) -> str:
    return f"{filed.report.mba}/{filed.report.number}/{filed.entry.number}"


def _shipment_rows(shipment: Shipment, state: str, on: datetime.date) -> Iterator[TransitRow]:
    received = max((f.day for f in shipment.receipts), default=None)
    for group in shipment.filed.groups:
        yield TransitRow(
            shipment.sender,
            shipment.receiver,
            shipment.batch,
            shipment.day,
            received,
            (on - shipment.day).days,
            group.category,
            group.element_mg,
            group.fissile_mg,
            state,
            _address(shipment.filed),
        )


def _unmatched_rows(filed: FiledEntry, transit: Transit, on: datetime.date) -> Iterator[TransitRow]:
    may_be = tuple(_address(s.filed) for s in candidates(transit, filed))
    for group in filed.groups:
        yield TransitRow(
            (filed.entry.shipper or "").rpartition("/")[2],
            filed.report.mba or "",
            filed.entry.shipper_batch or filed.entry.batch or "",
            None,
            filed.day,
            (on - filed.day).days,
            group.category,
            group.element_mg,
            group.fissile_mg,
            "unmatched",
            _address(filed),
            may_be,
        )


def _difference_rows(filings: Filings, on: datetime.date) -> Iterator[TransitRow]:
    for filed in filings.changes("DI"):
        if filed.day > on:
            continue
        area = filings.areas[filed.report.mba or ""]
        receipts = [
            f
            for f in area.changes
            if f.entry.code in ("RD", "RF") and f.entry.batch == filed.entry.batch
        ]
        receipt = max(
            (f for f in receipts if f.day <= filed.day), key=lambda f: f.day, default=None
        )
        party = (receipt.entry.shipper or "") if receipt else ""
        for group in filed.groups:
            yield TransitRow(
                party.rpartition("/")[2],
                area.code,
                filed.entry.batch or "",
                None,
                receipt.day if receipt else None,
                (on - filed.day).days,
                group.category,
                group.element_mg,
                group.fissile_mg,
                "difference",
                _address(filed),
            )
