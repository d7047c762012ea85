"""Identity of batches beyond their names, and where their material came from.

A batch name is unique only within its area, and may be used again after the batch is gone; the
uid ``MBA/NAME#n`` means one batch for good. In a bulk area batches merge into the pool of their
category: what comes in is part of the pool, what leaves under a new name was drawn from it.
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, case, func, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import BATCH, INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.journal.model import Draft
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.vocabulary import ENTRY_CODES

ARRIVALS = ("RF", "RD", "RS", "RN", "GA", "DU", "DQ", "FW", "NP")
CONSTANT_IDENTITY = ("LN", "NP", "DI", "EN", "ED", "NE", "ND", "DE", "DN", "FW", "DU", "DQ")


class BatchBook:
    """Finds or creates the uid of each batch of one area while an act is prepared.

    Parameters
    ----------
    connection, metadata
        The posting transaction.
    place : MaterialBalanceArea
    draft : Draft
        Receives the lines of new batches and of their origin.
    """

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        place: MaterialBalanceArea,
        draft: Draft,
    ) -> None:
        self.connection = connection
        self.metadata = metadata
        self.place = place
        self.draft = draft
        self._uids: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def find(self, name: str, mba: str | None = None) -> str | None:
        """Return the uid of the latest batch of that name in an area, or None."""
        if mba in (None, self.place.code) and name in self._uids:
            return self._uids[name]
        table = self.metadata.tables[BATCH.name]
        query = (
            select(table.c.batch_uid)
            .where(table.c.mba == (mba or self.place.code), table.c.name == name)
            .order_by(table.c.act_id.desc(), table.c.line_no.desc())
            .limit(1)
        )
        uid = self.connection.execute(query).scalar()
        return None if uid is None else str(uid)

    def arrive(self, name: str, day: int, parent_uid: str | None = None) -> str:
        """Return the uid of a batch that comes into the area; a used-up name starts anew."""
        known = self.find(name)
        if known is not None and not self._is_used_up(name):
            return known
        uid = self._create(name, day)
        if parent_uid is not None:
            self.descend(uid, parent_uid, "received", day)
        return uid

    def present(self, name: str, day: int) -> str:
        """Return the uid of a batch that is in the area, or begins there (a listing, RP, NE)."""
        return self.find(name) or self._create(name, day)

    def leave(self, name: str, day: int, category: Category) -> str:
        """Return the uid of a batch that leaves; in a bulk area a new name is from the pool."""
        known = self.find(name)
        if known is not None:
            return known
        uid = self._create(name, day)
        self.draw(uid, day, category)
        return uid

    def draw(self, uid: str, day: int, category: Category) -> None:
        """Record that a batch was drawn from the pool of a bulk area."""
        if not self.place.batch_follow_up:
            self.descend(uid, self.pool(category, day), "drawn", day)

    def merge(self, uid: str, day: int, category: Category) -> None:
        """Record that a batch is part of the pool of a bulk area."""
        if not self.place.batch_follow_up:
            self.descend(self.pool(category, day), uid, "merged", day)

    def pool(self, category: Category, day: int) -> str:
        """Return the uid of the pool of a category."""
        name = f"(pool {category})"
        return self.find(name) or self._create(name, day, kind="pool")

    def descend(self, child_uid: str, parent_uid: str, relation: str, day: int) -> None:
        """Record where the material of a batch came from."""
        self.draft.add(
            "genealogy",
            scope=self.place.scope,
            child_uid=child_uid,
            parent_uid=parent_uid,
            relation=relation,
            event_date=day,
        )

    def _create(self, name: str, day: int, kind: str = "batch") -> str:
        table = self.metadata.tables[BATCH.name]
        query = (
            select(func.count())
            .select_from(table)
            .where(table.c.mba == self.place.code, table.c.name == name)
        )
        recorded = int(self.connection.execute(query).scalar() or 0)
        self._counts[name] = self._counts.get(name, 0) + 1
        uid = f"{self.place.code}/{name}#{recorded + self._counts[name]}"
        self.draft.add(
            "batch",
            scope=self.place.scope,
            batch_uid=uid,
            mba=self.place.code,
            name=name,
            kind=kind,
            event_date=day,
        )
        self._uids[name] = uid
        return uid

    def _is_used_up(self, name: str) -> bool:
        """Whether nothing is left of the batch of that name (followed areas only)."""
        if not self.place.batch_follow_up or name in self._uids:
            return False
        knowledge = Knowledge()
        change = self.metadata.tables[INVENTORY_CHANGE.name]
        listing = self.metadata.tables[PHYSICAL_INVENTORY.name]
        signs = {code: entry.batch_sign for code, entry in ENTRY_CODES().items()}
        signed = case(*((change.c.code == c, s) for c, s in signs.items() if s), else_=0)
        mine = (change.c.mba == self.place.code, change.c.batch == name)
        moved = self.connection.execute(
            select(func.sum(signed * change.c.element_mg)).where(
                *mine, effective(change, knowledge)
            )
        ).scalar()
        first_listed = self.connection.execute(
            select(func.max(listing.c.element_mg)).where(
                listing.c.mba == self.place.code,
                listing.c.batch == name,
                effective(listing, knowledge),
            )
        ).scalar()
        left = self.connection.execute(
            select(func.count()).where(
                *mine,
                change.c.code.in_(("SD", "SF", "SN", "TW", "TU", "EU", "EQ", "RM")),
                effective(change, knowledge),
            )
        ).scalar()
        return bool(left) and int(moved or 0) + int(first_listed or 0) <= 0
