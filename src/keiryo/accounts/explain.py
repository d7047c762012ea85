"""What a figure rests on: its terms, their entries, their batches, where those came from."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, balance, last_period
from keiryo.accounts.batches import ARRIVALS
from keiryo.accounts.book_curve import beginning_of_books
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
from keiryo.dates import Period, date_number, parse_date, previous_day
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.lines_at import line_at
from keiryo.journal.model import LineKind
from keiryo.journal.registry import Link
from keiryo.places.tables import AREA, area
from keiryo.quantities import Category

_TAKEN_AS_IT_STANDS = (
    *("line", "act", "evidence", "report", "entry", "evaluation", "source"),
    *("cooperation", "meeting"),
    *("licence", "control", "assurance", "equipment", "loan"),
    *("obligation", "obligated", "label"),
    *("containment", "seal", "camera", "set", "screening", "review", "operation"),
    *("anomaly", "key", "head"),
    *("facility", "secplan", "secinsp", "secfind"),
    *("secevent", "secupgrade", "secsystem", "secconnection", "secstatement", "secreview"),
    *("secasset", "portal", "occupancy", "measurement", "alarm", "public-event"),
)
RESULTS = ("PB", "BE", "BA", "PE", "MF")
_FIGURE = re.compile(r"([A-Z0-9-]{4})/([0-9-]{10})\.\.([0-9-]{10})/([A-Z]{2,4})/([NDEUPT])")


def node_of(connection: Connection, metadata: MetaData, asked: str) -> str:
    """Return the node that a person means.

    ``XAFA/MF/E`` or ``XAFA/MF`` is a figure of the last period (of another one, write
    ``XAFA/2025-01-01..2025-12-31/MF/E``), ``XAFA/NAME`` a batch, ``XAFA/106/4`` an entry of a
    report; anything with a prefix (``figure: batch: report: entry: line: act: evidence:
    evaluation: source: cooperation: meeting: licence:
    control: assurance: equipment: loan: obligation: obligated: label: containment: seal: camera:
    set: screening: review: operation: anomaly: key: head: facility: secplan: secinsp:
    secfind: secevent: secupgrade: secsystem: secconnection: secstatement: secreview:
    secasset: portal: occupancy: measurement: alarm:
    public-event:``) is taken as it stands.

    Raises
    ------
    UsageError
        If it cannot be understood.
    NotFoundError
        If it is a figure of an area that is not in the books, or of a period before they begin.
    """
    prefix, colon, rest = asked.partition(":")
    if colon and prefix in _TAKEN_AS_IT_STANDS:
        if prefix in ("line", "act") and not re.fullmatch(r"\d{1,18}(/\d{1,18})?", rest):
            raise UsageError(f"{asked!r} names no {prefix}", f"Write {prefix}:12 or line:12/3.")
        return asked
    if colon and prefix == "figure":
        asked = rest
    elif colon and prefix in ("batch", "item"):
        return f"batch:{_batch_uid(connection, metadata, rest)}"
    parts = asked.split("/")
    if (len(parts) >= 2 and parts[1].upper() in (*RESULTS, "DI")) or ".." in asked:
        return _figure_node(connection, metadata, parts, asked)
    if len(parts) in (2, 3) and len(parts[1]) == 2 and parts[1].isupper() and _is_change(parts[1]):
        return _figure_node(connection, metadata, parts, asked)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return f"entry:{asked}"
    if len(parts) >= 2:
        return f"batch:{_batch_uid(connection, metadata, asked)}"
    raise UsageError(
        f"{asked!r} names neither a figure nor a batch, report, entry or act",
        "Write e.g. XAFA/MF/E, XAFA/CYL30B-4471, entry:XAFA/106/4, report:XAFA/106 or act:8.",
    )


def _is_change(code: str) -> bool:
    from keiryo.vocabulary import ENTRY_CODES

    return code in ENTRY_CODES()


def _figure_node(connection: Connection, metadata: MetaData, parts: list[str], asked: str) -> str:
    mba = parts[0]
    area(connection, metadata, mba)
    if len(parts) > 1 and ".." in parts[1]:
        start, _, end = parts[1].partition("..")
        try:
            period = Period(parse_date(start), parse_date(end))
        except ValueError as error:
            raise UsageError(f"{asked!r}: {error}") from None
        _require_begun(connection, metadata, mba, period)
        parts = [mba, *parts[2:]]
    else:
        period = last_period(connection, metadata, mba, Knowledge())
    code = parts[1].upper() if len(parts) > 1 else "MF"
    if len(parts) > 2:
        letter = parts[2].upper()
    else:
        found = balance(connection, metadata, mba, start=period.start, end=period.end)
        present = list(found.lines.get(code, {}))
        if len(present) != 1 and Category.ENRICHED not in present:
            listed = ", ".join(present) or "none"
            raise UsageError(f"which category of {code}? There are: {listed}", "Add it: MF/E.")
        letter = str(Category.ENRICHED if Category.ENRICHED in present else present[0])
    return f"figure:{mba}/{period.start}..{period.end}/{code}/{letter}"


def _require_begun(connection: Connection, metadata: MetaData, mba: str, period: Period) -> None:
    """Refuse a period that ended before the books of an area begin, unless it was reported."""
    begin = beginning_of_books(connection, metadata, mba)
    if begin is None or period.end >= begin:
        return
    reported = metadata.tables[REPORTED_BALANCE.name]
    query = select(reported.c.act_id).where(
        reported.c.mba == mba, reported.c.period_to == date_number(period.end)
    )
    if connection.execute(query.limit(1)).first() is None:
        raise NotFoundError(
            f"the books of {mba} begin on {begin}, after the period {period.start}..{period.end}",
            f"Ask about a period that ends on {begin} or later.",
        )


def _batch_uid(connection: Connection, metadata: MetaData, asked: str) -> str:
    table = metadata.tables[BATCH.name]
    mba, _, name = asked.partition("/")
    query = (
        select(table.c.batch_uid)
        .where((table.c.batch_uid == asked) | ((table.c.mba == mba) & (table.c.name == name)))
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    return str(connection.execute(query).scalar() or asked)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterable[Link]:
    """Yield what a node of the books rests on."""
    kind, _, name = node.partition(":")
    if kind == "figure" and (match := _FIGURE.fullmatch(name)):
        mba, start, end, code, letter = match.groups()
        period = Period(datetime.date.fromisoformat(start), datetime.date.fromisoformat(end))
        yield from _figure(connection, metadata, node, (mba, period, code, Category(letter)))
    elif kind == "batch":
        yield from _batch(connection, metadata, node, name)
    elif kind == "entry":
        yield from _entry(connection, metadata, node, name)
    elif kind == "line":
        act_id, line_no = (int(part) for part in name.split("/"))
        yield from _line(connection, metadata, node, act_id, line_no)


Figure = tuple[str, Period, str, Category]


def _figure(
    connection: Connection, metadata: MetaData, node: str, figure: Figure
) -> Iterator[Link]:
    mba, period, code, category = figure
    if not _has_accounts(connection, metadata, mba):
        return
    known: dict[str, tuple[str, ...]] = {"MF": ("BA", "PE"), "BA": ("BE", "DI")}
    terms = known.get(code, ())
    if code == "BE":
        changed = books.changes(connection, metadata, [mba], period, Knowledge())
        codes = [c for c, by in changed.items() if category in by and c not in (*REBATCHING, "DI")]
        terms = ("PB", *codes)
    for term in terms:
        if term != "DI" or _has_change(connection, metadata, mba, period, category, "DI"):
            yield Link(
                node,
                "computed from",
                f"figure:{mba}/{period.start}..{period.end}/{term}/{category}",
            )
    if code in ("PB", "PE"):
        pit = previous_day(period.start) if code == "PB" else period.end
        yield from _listing(connection, metadata, node, mba, pit, category)
    elif not terms:
        yield from _change_lines(connection, metadata, node, figure)
    table = metadata.tables[CLOSING.name]
    query = select(table.c.act_id, table.c.line_no).where(
        table.c.mba == mba,
        table.c.period_to == date_number(period.end),
        table.c.code == code,
        table.c.category == str(category),
    )
    for act_id, line_no in connection.execute(query):
        yield Link(node, "closed as", f"line:{act_id}/{line_no}")
    reported = metadata.tables[REPORTED_BALANCE.name]
    query = select(reported.c.act_id, reported.c.line_no).where(
        reported.c.mba == mba,
        reported.c.period_to == date_number(period.end),
        reported.c.code == code,
        reported.c.category == str(category),
        effective(reported, Knowledge()),
    )
    for act_id, line_no in connection.execute(query):
        yield Link(node, "reported as", f"line:{act_id}/{line_no}")


def _has_accounts(connection: Connection, metadata: MetaData, mba: str) -> bool:
    """Return whether anything is recorded in the accounts of an area, or may be seen of them."""

    def has(kind: LineKind) -> bool:
        table = metadata.tables[kind.name]
        query = select(table.c.act_id).where(table.c.mba == mba).limit(1)
        return connection.execute(query).first() is not None

    return has(AREA) and any(map(has, (PHYSICAL_INVENTORY, INVENTORY_CHANGE, REPORTED_BALANCE)))


def _has_change(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    category: Category,
    code: str,
) -> bool:
    changed = books.changes(connection, metadata, [mba], period, Knowledge())
    return category in changed.get(code, {})


def _listing(
    connection: Connection,
    metadata: MetaData,
    node: str,
    mba: str,
    pit: datetime.date,
    category: Category,
) -> Iterator[Link]:
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    query = (
        select(table.c.act_id, table.c.line_no)
        .where(
            table.c.mba == mba,
            table.c.pit_date == date_number(pit),
            table.c.category == str(category),
            effective(table, Knowledge()),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    for act_id, line_no in connection.execute(query):
        yield Link(node, "sum of", f"line:{act_id}/{line_no}")


def _change_lines(
    connection: Connection, metadata: MetaData, node: str, figure: Figure
) -> Iterator[Link]:
    mba, period, code, category = figure
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table.c.act_id, table.c.line_no)
        .where(
            table.c.mba == mba,
            table.c.code == code,
            table.c.category == str(category),
            table.c.event_date.between(date_number(period.start), date_number(period.end)),
            effective(table, Knowledge()),
        )
        .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
    )
    for act_id, line_no in connection.execute(query):
        yield Link(node, "sum of", f"line:{act_id}/{line_no}")


def _batch(connection: Connection, metadata: MetaData, node: str, uid: str) -> Iterator[Link]:
    """A batch rests on the lines that brought it, and on the batches it came from."""
    origin = metadata.tables[GENEALOGY.name]
    query = (
        select(origin.c.parent_uid, origin.c.relation)
        .where(origin.c.child_uid == uid)
        .order_by(origin.c.act_id, origin.c.line_no)
    )
    for parent, relation in connection.execute(query):
        yield Link(node, str(relation), f"batch:{parent}")
    begins = metadata.tables[BATCH.name]
    query = select(begins.c.act_id, begins.c.line_no).where(begins.c.batch_uid == uid)
    for act_id, line_no in connection.execute(query):
        yield Link(node, "begins with", f"line:{act_id}/{line_no}")
    change, listing = (
        metadata.tables[INVENTORY_CHANGE.name],
        metadata.tables[PHYSICAL_INVENTORY.name],
    )
    query = select(change.c.act_id, change.c.line_no).where(
        (change.c.batch_uid == uid) | (change.c.item_uid == uid),
        change.c.code.in_((*ARRIVALS, "RP", "NE", "ND", "DE", "DN", "EN", "ED", "LN", "DI")),
    )
    for act_id, line_no in connection.execute(query):
        yield Link(node, "brought or changed by", f"line:{act_id}/{line_no}")
    query = select(listing.c.act_id, listing.c.line_no).where(listing.c.batch_uid == uid)
    for act_id, line_no in connection.execute(query):
        yield Link(node, "listed in", f"line:{act_id}/{line_no}")


def _entry(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    parts = name.split("/")
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise UsageError(f"{name!r} names no entry", "Write entry:MBA/REPORT/ENTRY.")
    for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY, REPORTED_BALANCE):
        table = metadata.tables[kind.name]
        query = select(table.c.act_id, table.c.line_no).where(
            table.c.mba == parts[0],
            table.c.report_no == int(parts[1]),
            table.c.entry_no == int(parts[2]),
        )
        for act_id, line_no in connection.execute(query):
            yield Link(node, "recorded as", f"line:{act_id}/{line_no}")


def _line(
    connection: Connection, metadata: MetaData, node: str, act_id: int, line_no: int
) -> Iterator[Link]:
    for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY, REPORTED_BALANCE):
        row = line_at(connection, metadata, kind.name, (act_id, line_no))
        if row is None:
            continue
        table = metadata.tables[kind.name]
        if row["report_no"] is not None:
            yield Link(node, "reported in", f"report:{row['mba']}/{row['report_no']}")
        if row["supersedes_act"] is not None:
            query = select(table.c.act_id, table.c.line_no).where(
                table.c.act_id == row["supersedes_act"],
                entry_line(table) == row["supersedes_line"],
            )
            for target_act, target_line in connection.execute(query):
                yield Link(node, "corrects", f"line:{target_act}/{target_line}")
        for column in ("batch_uid", "item_uid"):
            if row.get(column):
                yield Link(node, "of", f"batch:{row[column]}")
        if kind is INVENTORY_CHANGE and row["code"] == "RD":
            yield from _shipments(connection, metadata, node, row)
        return


def _shipments(connection: Connection, metadata: MetaData, node: str, row: Any) -> Iterator[Link]:
    """A domestic receipt rests on the shipment that it answers."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    shipper = str(row["shipper"] or "").rpartition("/")[2]
    query = select(table.c.act_id, table.c.line_no).where(
        table.c.mba == shipper,
        table.c.code == "SD",
        table.c.batch == row["shipper_batch"],
        table.c.category == row["category"],
        table.c.event_date <= row["event_date"],
        effective(table, Knowledge()),
    )
    for act_id, line_no in connection.execute(query):
        yield Link(node, "shipped as", f"line:{act_id}/{line_no}")
