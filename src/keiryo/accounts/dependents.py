"""What rests on a line of the books, a batch, a report or a figure: `explain` turned around.

A line is part of the figures of its area for every period between two physical inventories (and
every closed one) in which it counts; a figure is part of those that are computed from it. Lines
that close or report a figure stand among what it rests on, and nowhere else. Other names of a line
(``entry:MBA/REPORT/ENTRY``) are no dependents of it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

from sqlalchemy import Connection, MetaData, Table, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING
from keiryo.accounts.explain import explain
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import (
    BATCH,
    CLOSING,
    GENEALOGY,
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
    effective,
    entry_line,
)
from keiryo.dates import Period, next_day, number_date
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.registry import Link

ENTRIES = (INVENTORY_CHANGE, PHYSICAL_INVENTORY, REPORTED_BALANCE)
_FIGURE = re.compile(r"([A-Z0-9-]{4})/([0-9-]{10})\.\.([0-9-]{10})/([A-Z]{2,4})/([NDEUPT])")
_RESULT_OF = {"PE": "MF", "BA": "MF", "BE": "BA", "DI": "BA"}


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a node of the books."""
    kind, _, name = node.partition(":")
    if place := line_of(node):
        yield from _of_line(connection, metadata, node, *place)
    elif kind == "batch":
        yield from _of_batch(connection, metadata, node, name)
    elif kind == "report":
        yield from _of_report(connection, metadata, node, name)
    elif kind == "figure" and (match := _FIGURE.fullmatch(name)):
        yield from _of_figure(connection, metadata, node, *match.groups())


def _of_line(
    connection: Connection, metadata: MetaData, node: str, act_id: int, line_no: int
) -> Iterator[Link]:
    for kind in ENTRIES:
        table = metadata.tables[kind.name]
        query = select(table, effective(table, Knowledge()).label("counts")).where(
            table.c.act_id == act_id, table.c.line_no == line_no
        )
        row = connection.execute(query).mappings().first()
        if row is not None:
            yield from _corrections(connection, table, node, row)
            yield from _batches(connection, metadata, node, row)
            if row["counts"]:
                yield from _figures(connection, metadata, node, kind.name, row)
                if kind is INVENTORY_CHANGE and row["code"] == "SD":
                    yield from _receipts(connection, table, node, row)
            return
    begins = metadata.tables[BATCH.name]
    query = select(begins.c.batch_uid).where(begins.c.act_id == act_id, begins.c.line_no == line_no)
    for (uid,) in connection.execute(query):
        yield Link(f"batch:{uid}", "begins with", node)
    closing = metadata.tables[CLOSING.name]
    query = select(closing).where(closing.c.act_id == act_id, closing.c.line_no == line_no)
    for row in connection.execute(query).mappings():
        period = Period(number_date(row["period_from"]), number_date(row["period_to"]))
        yield Link(figure_node(row["mba"], period, row["code"], row["category"]), "closed as", node)


def figure_node(mba: str, period: Period, code: str, category: str) -> str:
    """Return the name of a figure of a balance."""
    return f"figure:{mba}/{period.start}..{period.end}/{code}/{category}"


def _corrections(connection: Connection, table: Table, node: str, row: Any) -> Iterator[Link]:
    first = row["entry_line"] or row["line_no"]
    query = (
        select(table.c.act_id, table.c.line_no)
        .where(table.c.supersedes_act == row["act_id"], table.c.supersedes_line == first)
        .order_by(table.c.act_id, table.c.line_no)
    )
    for act_id, line_no in connection.execute(query.limit(LINK_LIMIT)):
        yield Link(f"line:{act_id}/{line_no}", "corrects", node)


def _batches(connection: Connection, metadata: MetaData, node: str, row: Any) -> Iterator[Link]:
    """Yield the batches that rest on a line, as they say themselves."""
    for uid in dict.fromkeys((row.get("batch_uid"), row.get("item_uid"))):
        if uid:
            links = islice(explain(connection, metadata, f"batch:{uid}"), 10 * LINK_LIMIT)
            yield from (link for link in links if link.target == node)


def _figures(
    connection: Connection, metadata: MetaData, node: str, kind: str, row: Any
) -> Iterator[Link]:
    """Yield the figures of which a line that counts is a part, or which it reports."""
    mba, category = str(row["mba"]), row["category"]
    if category is None:
        return
    if kind == REPORTED_BALANCE.name:
        period = Period(number_date(row["period_from"]), number_date(row["period_to"]))
        if row["code"] is not None:
            yield Link(figure_node(mba, period, row["code"], category), "reported as", node)
        return
    for period in known_periods(connection, metadata, mba):
        if kind == PHYSICAL_INVENTORY.name:
            day = number_date(row["pit_date"])
            if period.end == day:
                yield Link(figure_node(mba, period, "PE", category), "sum of", node)
            if period.start == next_day(day):
                yield Link(figure_node(mba, period, "PB", category), "sum of", node)
        elif (
            row["code"] not in (None, *REBATCHING)
            and row["event_date"] is not None
            and period.start <= number_date(row["event_date"]) <= period.end
        ):
            yield Link(figure_node(mba, period, row["code"], category), "sum of", node)


def known_periods(connection: Connection, metadata: MetaData, mba: str) -> list[Period]:
    """Return the periods of an area between two physical inventories, and the closed ones."""
    takings = books.pit_dates(connection, metadata, mba, Knowledge())
    found = {(next_day(before), pit) for before, pit in pairwise(takings)}
    closing = metadata.tables[CLOSING.name]
    query = select(closing.c.period_from, closing.c.period_to).where(closing.c.mba == mba)
    for start, end in connection.execute(query.distinct()):
        found.add((number_date(start), number_date(end)))
    return [Period(start, end) for start, end in sorted(found)]


def _receipts(connection: Connection, table: Table, node: str, row: Any) -> Iterator[Link]:
    """Yield the domestic receipts that answer a shipment."""
    receiver = str(row["receiver"] or "").rpartition("/")[2]
    query = select(table.c.act_id, table.c.line_no, table.c.shipper).where(
        table.c.code == "RD",
        table.c.shipper_batch == row["batch"],
        table.c.category == row["category"],
        table.c.event_date >= row["event_date"],
    )
    if receiver:
        query = query.where(table.c.mba == receiver)
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    for act_id, line_no, shipper in connection.execute(query):
        if str(shipper or "").rpartition("/")[2] == row["mba"]:
            yield Link(f"line:{act_id}/{line_no}", "shipped as", node)


def _of_batch(connection: Connection, metadata: MetaData, node: str, uid: str) -> Iterator[Link]:
    origin = metadata.tables[GENEALOGY.name]
    query = (
        select(origin.c.child_uid, origin.c.relation)
        .where(origin.c.parent_uid == uid)
        .order_by(origin.c.act_id, origin.c.line_no)
    )
    for child, relation in connection.execute(query.limit(LINK_LIMIT)):
        yield Link(f"batch:{child}", str(relation), node)
    for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY):
        table = metadata.tables[kind.name]
        for column in (table.c.batch_uid, table.c.item_uid):
            lines = (
                select(table.c.act_id, table.c.line_no)
                .where(column == uid)
                .order_by(table.c.act_id, table.c.line_no)
            )
            for act_id, line_no in connection.execute(lines.limit(LINK_LIMIT)):
                yield Link(f"line:{act_id}/{line_no}", "of", node)


def _of_report(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    """Yield the lines of a report, and the reports that correct or delete one of its entries."""
    mba, _, number = name.partition("/")
    if not number.isdecimal() or len(number) > 18:
        return
    for kind in ENTRIES:
        table = metadata.tables[kind.name]
        mine = (table.c.mba == mba, table.c.report_no == int(number))
        query = select(table.c.act_id, table.c.line_no).where(*mine)
        query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
        for act_id, line_no in connection.execute(query):
            yield Link(f"line:{act_id}/{line_no}", "reported in", node)
        later = table.alias("later")
        correcting = (
            select(later.c.report_no)
            .distinct()
            .join(
                table,
                (later.c.supersedes_act == table.c.act_id)
                & (later.c.supersedes_line == entry_line(table)),
            )
            .where(*mine, later.c.report_no.is_not(None), later.c.report_no != int(number))
            .order_by(later.c.report_no)
        )
        for (report_no,) in connection.execute(correcting.limit(LINK_LIMIT)):
            yield Link(f"report:{mba}/{report_no}", "corrects", node)


def _of_figure(
    connection: Connection,
    metadata: MetaData,
    node: str,
    mba: str,
    start: str,
    end: str,
    code: str,
    category: str,
) -> Iterator[Link]:
    """Yield the figures computed from a figure."""
    period = Period(datetime.date.fromisoformat(start), datetime.date.fromisoformat(end))
    if code != "MF":
        result = figure_node(mba, period, _RESULT_OF.get(code, "BE"), category)
        yield from (link for link in explain(connection, metadata, result) if link.target == node)
