"""What an act changes about labels: which areas, from which day on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.journal.registry import Posting
from keiryo.obligations.stated import Stated
from keiryo.obligations.tables import (
    BEGINNING,
    DESIGNATION,
    EXCHANGE,
    OPENING,
    ORIGIN_RULE,
    PLACE_RULE,
    RECEIPT_LABELS,
    RELABELLING,
)
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA

FOLLOWING = frozenset(
    kind.name
    for kind in (
        *(INVENTORY_CHANGE, PHYSICAL_INVENTORY, AREA, BEGINNING, OPENING, ORIGIN_RULE),
        *(RECEIPT_LABELS, DESIGNATION, EXCHANGE, RELABELLING, PLACE_RULE),
    )
)
"""Lines from which moves of labels follow."""

RECEIVED = ("RF", "RS", "RN", "RD", "FW", "DU", "DQ")
"""Types of change (label 411) whose labels may be stated."""

Since = tuple[str | None, int]
"""An area (None: all) and a day (0: from the beginning)."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Areas whose labels may go otherwise from a day (YYYYMMDD; 0: from the beginning) on."""

    areas: frozenset[str]
    since: int


def affected(
    posting: Posting, stated: Stated, places: Mapping[str, MaterialBalanceArea]
) -> Affected | None:
    """Return what an act affects; None if nothing."""
    found = [
        *_of_ledger(posting, INVENTORY_CHANGE.name, "event_date"),
        *_of_ledger(posting, PHYSICAL_INVENTORY.name, "pit_date"),
        *_of_statements(posting),
        *_of_areas(posting, places),
    ]
    if not found:
        return None
    begins = stated.begins or 0
    wanted: set[str] = set()
    for mba, _ in found:
        wanted |= set(places) if mba is None else {mba}
    since = min(day for _, day in found)
    return Affected(frozenset(wanted), 0 if since <= begins else since)


def _of_ledger(posting: Posting, kind: str, day: str) -> Iterator[Since]:
    table = posting.table(kind)
    own = (
        select(table.c.mba, func.min(table.c[day]))
        .where(table.c.act_id == posting.act_id)
        .group_by(table.c.mba)
    )
    before = table.alias("before")
    superseded = (
        select(before.c.mba, func.min(before.c[day]))
        .select_from(table.join(before, before.c.act_id == table.c.supersedes_act))
        .where(
            and_(table.c.act_id == posting.act_id, table.c.supersedes_act.is_not(None)),
            func.coalesce(before.c.entry_line, before.c.line_no) == table.c.supersedes_line,
        )
        .group_by(before.c.mba)
    )
    for query in (own, superseded):
        for mba, number in posting.connection.execute(query):
            if number is not None:
                yield str(mba), int(number)


def _of_statements(posting: Posting) -> Iterator[Since]:
    present = {name for name, _ in posting.draft.lines}
    for kind in (BEGINNING.name, OPENING.name):
        if kind in present:
            yield None, 0
    if RECEIPT_LABELS.name in present:
        yield from _receipts(posting)
    if DESIGNATION.name in present:
        for row in posting.lines(DESIGNATION.name):
            yield str(row["mba"]), int(row["event_date"])
    named = ((EXCHANGE.name, "exchange"), (RELABELLING.name, "relabelling"))
    for kind, name in named:
        if kind in present:
            for row in _all_of_name(posting, kind, name):
                yield row["mba"], int(row["event_date"])
                if kind == EXCHANGE.name:
                    yield row["other_mba"], int(row["event_date"])
    for kind, name in ((ORIGIN_RULE.name, "rule"), (PLACE_RULE.name, "mba")):
        if kind in present:
            for row in _all_of_name(posting, kind, name):
                yield row["mba"], int(row["valid_from"] or 0)


def _receipts(posting: Posting) -> Iterable[Since]:
    """Yield from which day on the labels of receipts count: from the receipt, if it is there."""
    change = posting.table(INVENTORY_CHANGE.name)
    for row in posting.lines(RECEIPT_LABELS.name):
        if row["event_date"] is not None:
            yield str(row["mba"]), int(row["event_date"])
            continue
        first = select(func.min(change.c.event_date)).where(
            change.c.mba == row["mba"],
            change.c.code.in_(RECEIVED),
            change.c.batch == row["batch"],
        )
        day = posting.connection.execute(first).scalar()
        if day is not None:
            yield str(row["mba"]), int(day)


def _all_of_name(posting: Posting, kind: str, name: str) -> list[dict[str, Any]]:
    """Return the lines of an act and all lines of the same names: what they said counts no more."""
    table = posting.table(kind)
    own = select(table.c[name]).where(table.c.act_id == posting.act_id)
    query = select(table).where(table.c[name].in_(own))
    return [dict(row) for row in posting.connection.execute(query).mappings()]


def _of_areas(posting: Posting, places: Mapping[str, MaterialBalanceArea]) -> Iterator[Since]:
    """Yield areas in which batches begin, or cease, to be followed."""
    if AREA.name not in {name for name, _ in posting.draft.lines}:
        return
    table = posting.table(AREA.name)
    for line in posting.lines(AREA.name):
        query = (
            select(table.c.batch_follow_up)
            .where(table.c.mba == line["mba"], table.c.act_id < posting.act_id)
            .order_by(table.c.act_id.desc(), table.c.line_no.desc())
            .limit(1)
        )
        before = posting.connection.execute(query).scalar()
        if before is not None and bool(before) != places[line["mba"]].batch_follow_up:
            yield str(line["mba"]), 0
