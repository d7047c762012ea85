"""The batches that a report names, looked up in the books together and not one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.batches import BatchBook
from keiryo.accounts.tables import BATCH
from keiryo.journal.model import Draft
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.reports.model import Report

AT_A_TIME = 500
"""Names in one question to the database; every SQLite takes 999."""


class ReportBatches(BatchBook):
    """The batches of one area while the lines of one report are prepared.

    What it says is what `BatchBook` says; names that the report does not hold are asked for one
    by one.

    Parameters
    ----------
    connection, metadata
        A transaction that sees the books as the report finds them.
    place : MaterialBalanceArea
    draft : Draft
        Receives the lines of new batches and of their origin.
    report : Report
        Its batches, and those of domestic shippers, are looked up at once.
    """

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        place: MaterialBalanceArea,
        draft: Draft,
        report: Report,
    ) -> None:
        super().__init__(connection, metadata, place, draft)
        asked: dict[str, set[str]] = {place.code: {f"(pool {category})" for category in Category}}
        for entry in report.entries:
            if entry.batch:
                asked[place.code].add(entry.batch)
            if entry.code == "RD" and entry.shipper and entry.shipper_batch:
                shipper = entry.shipper.rpartition("/")[2] or place.code
                asked.setdefault(shipper, set()).add(entry.shipper_batch)
        self._asked = asked
        self._latest: dict[tuple[str, str], str] = {}
        self._recorded: Counter[tuple[str, str]] = Counter()
        for mba, names in asked.items():
            self._look_up(mba, names)

    def find(self, name: str, mba: str | None = None) -> str | None:
        """Return the uid of the latest batch of that name in an area, or None."""
        area = mba or self.place.code
        if mba in (None, self.place.code) and name in self._uids:
            return self._uids[name]
        if name in self._asked.get(area, ()):
            return self._latest.get((area, name))
        return super().find(name, mba)

    def _create(self, name: str, day: int, kind: str = "batch") -> str:
        if name not in self._asked[self.place.code]:
            return super()._create(name, day, kind)
        self._counts[name] = self._counts.get(name, 0) + 1
        number = self._recorded[self.place.code, name] + self._counts[name]
        uid = self._uids[name] = f"{self.place.code}/{name}#{number}"
        self.draft.add(
            BATCH.name,
            scope=self.place.scope,
            batch_uid=uid,
            mba=self.place.code,
            name=name,
            kind=kind,
            event_date=day,
        )
        return uid

    def _look_up(self, mba: str, names: Iterable[str]) -> None:
        table = self.metadata.tables[BATCH.name]
        for some in portions(sorted(names)):
            query = (
                select(table.c.name, table.c.batch_uid)
                .where(table.c.mba == mba, table.c.name.in_(some))
                .order_by(table.c.act_id, table.c.line_no)
            )
            for name, uid in self.connection.execute(query):
                self._latest[mba, str(name)] = str(uid)
                self._recorded[mba, str(name)] += 1


def portions(contents: Iterable[str], size: int = AT_A_TIME) -> Iterator[Sequence[str]]:
    """Yield contents in portions that one statement can hold."""
    left = iter(contents)
    while some := list(islice(left, size)):
        yield some
