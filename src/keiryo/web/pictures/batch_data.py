"""What the picture of a batch's history is drawn from, read from the books.

A batch that was shipped to another area of the State lives on there under a uid of its own; the
genealogy says that it was received. Its history is followed in both directions as long as it is
the same material as a whole; batches that it was made from, or that were made from it, are its
parents and children.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, MetaData, select

from keiryo.accounts import books
from keiryo.accounts.ledger import batch_history as history_of
from keiryo.accounts.ledger import of_batch
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import (
    BATCH,
    GENEALOGY,
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    known,
    resolved,
)
from keiryo.dates import number_date
from keiryo.errors import NotFoundError
from keiryo.vocabulary import entry_code

_LOSSES = ("LN", "LD", "LA")
_TAKING = "physical inventory"
MOST_AREAS = 12
MOST_RELATIVES = 400


@dataclass(frozen=True, slots=True)
class BatchEvent:
    """Something that was stated about a batch.

    Attributes
    ----------
    node : str
        Name of its line: ``"line:3/5"``.
    mba : str
    day : date
    code : str
        Code of the inventory change; ``"PIT"`` for a listing.
    kind : str
        increase, decrease, loss, rebatching, category_change, adjustment, taking, measurement.
    weight_mg : int or None
        Element weight.
    sign : int
        Effect on the batch: 1, 0 or -1.
    category : str
    effective : bool
        Whether it counts; superseded and deleted entries do not.
    replaces : str or None
        Name of the line that it took the place of.
    said : str
        The report and entry that state it, if any.
    """

    node: str
    mba: str
    day: datetime.date
    code: str
    kind: str
    weight_mg: int | None = None
    sign: int = 0
    category: str = ""
    effective: bool = True
    replaces: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Relative:
    """A parent that flowed in, or a child that flowed out.

    Attributes
    ----------
    uid : str
        Identity of the other batch.
    mba : str
        Area in which it flowed in or out.
    day : date
    relation : str
        rebatched, received, merged, drawn, split, consumed, category changed.
    is_parent : bool
    """

    uid: str
    mba: str
    day: datetime.date
    relation: str
    is_parent: bool


@dataclass(frozen=True, slots=True)
class BatchStory:
    """The life of a batch: what happened, where, and its relatives.

    Attributes
    ----------
    name : str
    events : tuple of BatchEvent
        In order of days.
    relatives : tuple of Relative
    absent : tuple of (mba, date)
        Physical inventories at which it was not found though it had been there.
    """

    name: str
    events: tuple[BatchEvent, ...]
    relatives: tuple[Relative, ...] = ()
    absent: tuple[tuple[str, datetime.date], ...] = ()


def batch_story(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    batch: str,
    knowledge: Knowledge | None = None,
) -> BatchStory:
    """Return the life of a batch through all areas of the State.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba, batch : str
        An area, and the name of the batch there.
    knowledge : Knowledge, optional
        Default: everything recorded.

    Returns
    -------
    BatchStory
        That of a pool has no events: nothing is stated about it, batches came into it and were
        drawn from it.

    Raises
    ------
    NotFoundError
        If nothing is recorded about it.
    """
    seen = resolved(connection, metadata, knowledge or Knowledge())
    uids = _uids(connection, metadata, [(mba, batch)])
    places = [(mba, batch), *_same_batch_elsewhere(connection, metadata, uids, (mba, batch))]
    events: list[BatchEvent] = []
    for number, (area, name) in enumerate(places[:MOST_AREAS]):
        try:
            frame = history_of(connection, metadata, area, name, seen)
        except NotFoundError:
            if number == 0 and not _is_pool(connection, metadata, mba, batch, seen):
                raise
            continue
        replaced = _replaced(connection, metadata, area, name, seen)
        events += events_of_history(area, frame, replaced)
    events.sort(key=lambda e: (e.day, [m for m, _ in places].index(e.mba), e.node))
    mine = _uids(connection, metadata, places)
    return BatchStory(
        batch,
        tuple(events),
        tuple(_relatives(connection, metadata, mine, seen)),
        tuple(_absences(connection, metadata, events, seen)),
    )


def events_of_history(
    mba: str, history: pl.DataFrame, replaced: dict[str, str] | None = None
) -> list[BatchEvent]:
    """Return the events of a history (`keiryo.accounts.ledger.batch_history`).

    Parameters
    ----------
    mba : str
    history : polars.DataFrame
        Columns as in ``HISTORY_SCHEMA``; weights in milligrams.
    replaced : dict, optional
        The line that a line took the place of, by name.
    """
    events = []
    for row in history.iter_rows(named=True):
        is_taking = row["what"] == _TAKING
        code = "PIT" if is_taking else (row["what"] or "–")
        kind, sign = ("taking", 0) if is_taking else _kind_of(code)
        node = f"line:{row['act']}/{row['line']}"
        said = "" if row["report"] is None else f"{mba}/{row['report']}/{row['entry']}"
        events.append(
            BatchEvent(
                *(node, mba, row["date"] or row["known_on"], code, kind),
                *(row["element_mg"], sign, row["category"] or "", row["effective"]),
                replaces=(replaced or {}).get(node),
                said=said,
            )
        )
    return events


def _kind_of(code: str) -> tuple[str, int]:
    try:
        entry = entry_code(code)
    except NotFoundError:
        return "adjustment", 0
    return ("loss" if code in _LOSSES else entry.kind), entry.batch_sign


def _uids(
    connection: Connection, metadata: MetaData, places: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return the area of each identity that batches of these names have had."""
    table = metadata.tables[BATCH.name]
    found = {}
    for mba, name in places:
        query = select(table.c.batch_uid).where(table.c.mba == mba, table.c.name == name)
        found.update({str(uid): mba for (uid,) in connection.execute(query)})
    return found


def _is_pool(
    connection: Connection, metadata: MetaData, mba: str, name: str, seen: Knowledge
) -> bool:
    """Return whether a name is that of a pool, known by then."""
    table = metadata.tables[BATCH.name]
    query = select(table.c.act_id).where(
        table.c.mba == mba, table.c.name == name, table.c.kind == "pool"
    )
    if seen.through_act is not None:
        query = query.where(table.c.act_id <= seen.through_act)
    return connection.execute(query.limit(1)).first() is not None


def _same_batch_elsewhere(
    connection: Connection, metadata: MetaData, uids: Iterable[str], first: tuple[str, str]
) -> list[tuple[str, str]]:
    """Return the areas and names under which the same batch was received, there or here."""
    origin, batch = metadata.tables[GENEALOGY.name], metadata.tables[BATCH.name]
    seen, waiting, found = set(uids), list(uids), list[tuple[str, str]]()
    while waiting and len(found) < MOST_AREAS:
        uid = waiting.pop(0)
        for mine, other in ((origin.c.child_uid, origin.c.parent_uid),
                            (origin.c.parent_uid, origin.c.child_uid)):  # fmt: skip
            query = (
                select(batch.c.batch_uid, batch.c.mba, batch.c.name)
                .join(origin, batch.c.batch_uid == other)
                .where(mine == uid, origin.c.relation == "received", batch.c.kind != "pool")
                .order_by(origin.c.event_date, origin.c.act_id, origin.c.line_no)
                .limit(MOST_AREAS)
            )
            for next_uid, mba, name in connection.execute(query):
                if next_uid not in seen:
                    seen.add(next_uid)
                    waiting.append(next_uid)
                    if (mba, name) != first and (mba, name) not in found:
                        found.append((str(mba), str(name)))
    return found


def _replaced(
    connection: Connection, metadata: MetaData, mba: str, batch: str, seen: Knowledge
) -> dict[str, str]:
    """Return for each correcting line of a batch the line of its category that it replaces."""
    found = {}
    for name in (PHYSICAL_INVENTORY.name, INVENTORY_CHANGE.name):
        table = metadata.tables[name]
        query = select(
            *(table.c[c] for c in ("act_id", "line_no", "entry_line", "category")),
            *(table.c[c] for c in ("supersedes_act", "supersedes_line")),
        ).where(of_batch(connection, metadata, table, mba, batch), known(table, seen))
        rows: Sequence[Any] = connection.execute(query.order_by(table.c.act_id)).all()
        lines = {(r[0], r[2] or r[1], r[3]): f"line:{r[0]}/{r[1]}" for r in rows}
        for act, line, _, category, old_act, old_line in rows:
            if old_act is not None and (old_act, old_line, category) in lines:
                found[f"line:{act}/{line}"] = lines[old_act, old_line, category]
    return found


def _relatives(
    connection: Connection, metadata: MetaData, mine: dict[str, str], seen: Knowledge
) -> Iterator[Relative]:
    origin = metadata.tables[GENEALOGY.name]
    for uid, mba in mine.items():
        for own, other, is_parent in (
            (origin.c.child_uid, origin.c.parent_uid, True),
            (origin.c.parent_uid, origin.c.child_uid, False),
        ):
            query = (
                select(other, origin.c.event_date, origin.c.relation)
                .where(own == uid)
                .order_by(origin.c.event_date, origin.c.act_id, origin.c.line_no)
                .limit(MOST_RELATIVES)
            )
            if seen.through_act is not None:
                query = query.where(origin.c.act_id <= seen.through_act)
            for relative, day, relation in connection.execute(query):
                if relative not in mine:
                    yield Relative(str(relative), mba, number_date(day), str(relation), is_parent)


def _absences(
    connection: Connection, metadata: MetaData, events: Sequence[BatchEvent], seen: Knowledge
) -> Iterator[tuple[str, datetime.date]]:
    for mba in dict.fromkeys(event.mba for event in events):
        first = min(event.day for event in events if event.mba == mba)
        listed = {e.day for e in events if e.mba == mba and e.kind == "taking" and e.effective}
        for day in books.pit_dates(connection, metadata, mba, seen):
            if day >= first and day not in listed:
                yield mba, day
