"""What the books say already, for those who look at statements about labels before they count.

All of it as it stood before an act, so that a statement is judged by what it rests on and not by
what follows from it.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, and_, func, or_, select

from keiryo.accounts.books import pit_dates
from keiryo.accounts.inventory import BatchOnHand, inventory
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import CLOSING, INVENTORY_CHANGE, effective
from keiryo.dates import date_number, number_date
from keiryo.journal.model import MAX_INTEGER
from keiryo.obligations.holdings import BOOK, POOL, Holding, Line
from keiryo.obligations.stated import Row
from keiryo.obligations.tables import (
    BEGINNING,
    CONSENT,
    EXCHANGE,
    LABEL,
    MOVE,
    ORIGIN_RULE,
)
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import areas
from keiryo.quantities import NATURAL_ENRICHMENT, Category
from keiryo.vocabulary import split_mdc


@dataclass(frozen=True, slots=True)
class OnHand:
    """What an area's book holds of a batch, or of its pool, at the end of a day.

    Attributes
    ----------
    element_mg : int
        Of the category that was asked for.
    others : str
        Letters of the other categories that the batch holds.
    enrichment : Fraction or None
        Fissile share of the element; None: nobody stated it.
    irradiated : bool
    """

    element_mg: int
    others: str
    enrichment: Fraction | None
    irradiated: bool


@dataclass(slots=True)
class KnownBooks:
    """What is recorded before an act, and what the lines looked at so far add to it.

    Parameters
    ----------
    connection, metadata
    before : int, optional
        Number of the act that is looked at; default: everything recorded is known.
    """

    connection: Connection
    metadata: MetaData
    before: int | None = None
    labels: dict[str, Row] = field(init=False)
    consents: dict[str, Row] = field(init=False)
    exchanges: dict[str, Row] = field(init=False)
    rules: dict[str, Row] = field(init=False)
    begins: int | None = field(init=False)
    areas: dict[str, MaterialBalanceArea] = field(init=False)
    changed: dict[tuple[Holding, str], int] = field(default_factory=dict)
    _inventories: dict[tuple[str, int], tuple[BatchOnHand, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.labels = self._last(LABEL.name, "label")
        self.consents = self._last(CONSENT.name, "consent")
        self.exchanges = self._last(EXCHANGE.name, "exchange")
        self.rules = self._last(ORIGIN_RULE.name, "rule")
        beginnings = list(self._rows(BEGINNING.name))
        self.begins = int(beginnings[-1]["on_day"]) if beginnings else None
        self.areas = areas(self.connection, self.metadata)

    def _rows(self, kind: str) -> Iterable[Row]:
        table = self.metadata.tables[kind]
        query = (
            select(table).where(self._is_before(table)).order_by(table.c.act_id, table.c.line_no)
        )
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def _last(self, kind: str, name: str) -> dict[str, Row]:
        return {str(row[name]): row for row in self._rows(kind)}

    def _is_before(self, table: Any) -> ColumnElement[bool]:
        last = MAX_INTEGER if self.before is None else self.before - 1
        condition: ColumnElement[bool] = table.c.act_id <= last
        return condition

    @property
    def knowledge(self) -> Knowledge:
        """What is known of the ledger; lines of the same act count, for labels go with them."""
        return Knowledge() if self.before is None else Knowledge(self.before)

    def instruments(self) -> Collection[str] | None:
        """Return the names of agreements in the register of cooperation; None: it is empty."""
        table = self.metadata.tables.get("instrument")
        if table is None:
            return None
        return {str(name) for name in self.connection.scalars(select(table.c.instrument))} or None

    def followed_by_batch(self, mba: str) -> bool:
        """Return whether batches keep their identity in an area."""
        return self.areas[mba].batch_follow_up

    def holding(self, mba: str, batch: str | None, category: str) -> Holding:
        """Return the holding in which a batch of an area is: itself, or the pool."""
        name = (batch or POOL) if self.followed_by_batch(mba) else POOL
        return Holding(mba, BOOK, name, category)

    def on_hand(self, holding: Holding, day: int) -> OnHand:
        """Return what the book holds of a batch or pool at the end of a day."""
        key = (holding.mba, day)
        if key not in self._inventories:
            found = inventory(
                self.connection, self.metadata, holding.mba, number_date(day), self.knowledge
            )
            self._inventories[key] = found.batches
        pooled = not self.followed_by_batch(holding.mba)
        rows = [row for row in self._inventories[key] if pooled or row.batch == holding.name]
        own = [row for row in rows if str(row.category) == holding.category]
        others = "".join(sorted({str(row.category) for row in rows} - {holding.category}))
        element = sum(row.amount.element_mg for row in own)
        return OnHand(element, others, _enrichment(own, element), any(map(_irradiated, own)))

    def cells(self, holding: Holding, day: int, without: Collection[Line] = ()) -> dict[str, int]:
        """Return the cells of a holding at the end of a day.

        Parameters
        ----------
        without : collection of Line
            Moves that follow from these lines are left out.
        """
        table = self.metadata.tables[MOVE.name]
        found: dict[str, int] = {}
        act = func.coalesce(table.c.of_act, table.c.act_id)
        left_out = or_(
            table.c.act_id < 0, *(and_(act == a, table.c.of_line == line) for a, line in without)
        )
        for side, sign in (("to", 1), ("from", -1)):
            names = ("mba", "account", "holding", "category")
            labels = table.c[f"{side}_labels"]
            query = (
                select(labels, func.sum(table.c.element_mg))
                .where(
                    *(
                        table.c[f"{side}_{name}"] == value
                        for name, value in zip(names, holding, strict=True)
                    ),
                    table.c.mba == holding.mba,
                    table.c.event_date <= day,
                    self._is_before(table),
                    ~left_out,
                )
                .group_by(labels)
            )
            for key, mg in self.connection.execute(query):
                found[str(key)] = found.get(str(key), 0) + sign * int(mg)
        for (changed, key), mg in self.changed.items():
            if changed == holding:
                found[key] = found.get(key, 0) + mg
        return {key: mg for key, mg in sorted(found.items()) if mg}

    def entries(
        self, mba: str, batch: str | None, codes: Collection[str], through: int
    ) -> list[Mapping[str, Any]]:
        """Return the changes of a batch in the books, by day, up to a day."""
        table = self.metadata.tables[INVENTORY_CHANGE.name]
        own = table.c.batch.is_(None) if batch in (None, POOL) else table.c.batch == batch
        query = (
            select(table)
            .where(
                table.c.mba == mba,
                own,
                table.c.event_date <= through,
                table.c.code.in_(tuple(codes)),
                effective(table, self.knowledge),
            )
            .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
        )
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def reported_through(self, mba: str) -> datetime.date | None:
        """Return the last day of an area that was closed, or reported by a physical inventory."""
        days = pit_dates(self.connection, self.metadata, mba, self.knowledge)
        table = self.metadata.tables[CLOSING.name]
        closed = self.connection.scalar(
            select(func.max(table.c.period_to)).where(table.c.mba == mba)
        )
        last = [*days[-1:], *([] if closed is None else [number_date(int(closed))])]
        return max(last, default=None)

    def is_reported(self, mba: str, day: int) -> bool:
        """Return whether a day lies in a period of an area that was closed or reported."""
        last = self.reported_through(mba)
        return last is not None and day <= date_number(last)

    @property
    def known_labels(self) -> str:
        """The codes of the registered labels, in words."""
        return ", ".join(sorted(self.labels)) or "none yet"


def _enrichment(rows: Iterable[BatchOnHand], element_mg: int) -> Fraction | None:
    """Return the fissile share of what is held, if all of it is known."""
    fissile = Fraction(0)
    for row in rows:
        share = row.enrichment
        if share is None and row.category == Category.NATURAL:
            share = NATURAL_ENRICHMENT
        if share is None:
            return None
        fissile += share * row.amount.element_mg
    return fissile / element_mg if element_mg else None


def _irradiated(row: BatchOnHand) -> bool:
    description = split_mdc(row.mdc) if row.mdc else None
    return description is not None and bool(description.irradiated)
