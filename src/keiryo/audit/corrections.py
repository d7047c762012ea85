"""What was corrected: each original beside what took its place, what changed, why, who, when.

A correction (status C) repeats the entry it replaces, a deletion (D) names it; both are new lines
that point back. A correction of a correction points to the entry reported last, so the links form
a chain; its name is that of the entry with which it began.

Source: INFCIRC/153 (Corrected), paragraph 103; Code 10, label 309.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import or_, select

from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
    entry_line,
    known,
)
from keiryo.audit.ledger import entry_name
from keiryo.audit.pages import Cell, CsvFile, Html, Pages, columns, link, names, struck
from keiryo.audit.sources import Work, corrections_page
from keiryo.dates import date_number, number_date
from keiryo.quantities import Category, format_weight
from keiryo.reports.tables import NOTE

CORRECTIONS_CSV = names(
    "chain kind original original_act original_line correction correction_act "
    "correction_line status field before after reason note person recorded_at known_on"
)
_HEADS = columns(
    "Chain | Original | Correction | Status | Field | Before | After | Reason and note | Who | "
    "Recorded at | Known on"
)
_FIELDS = {
    "code": "code", "event_date": "date", "pit_date": "date", "period_from": "period from",
    "period_to": "period to", "kmp": "KMP", "batch": "batch", "mdc": "MDC", "basis": "basis",
    "items": "items", "shipper": "shipper", "receiver": "receiver",
    "shipper_batch": "shipper's batch", "description": "description",
    "operator_mdc": "operator's MDC", "non_latin": "non-Latin text",
    "state_record_id": "State's record id", "item_uid": "item",
}  # fmt: skip
_KINDS = {
    INVENTORY_CHANGE.name: ("entry", "event_date"),
    PHYSICAL_INVENTORY.name: ("listing", "pit_date"),
    REPORTED_BALANCE.name: ("balance", "period_to"),
}


def write_corrections(work: Work, takings: Iterable[Any]) -> int:
    """Write all corrections that touch the period; return how many there are."""
    found = sorted(_touching(work, takings), key=lambda c: (c[1]["act_id"], c[1]["first_line"]))
    by_page: dict[str, list[tuple[str, Any]]] = {"corrections.html": []}
    for name, first in found:
        by_page.setdefault(corrections_page(first["act_id"]), []).append((name, first))
    others = ", ".join(link(page, page) for page in by_page)
    title = f"Corrections of {work.mba} that touch {work.period.start} to {work.period.end}"
    with CsvFile(work.folder, "corrections.csv", CORRECTIONS_CSV) as out:
        for page, corrections in by_page.items():
            stem = page.removesuffix(".html")
            before = f"<p>Pages: {others}.</p>\n" if len(by_page) > 1 else ""
            with Pages(work.folder, stem, title, _HEADS, before, sys.maxsize) as pages:
                for name, first in corrections:
                    _write(work, pages, out, name, first)
    return len(found)


def _touching(work: Work, takings: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the corrections whose original or correction lies in the period or its takings."""
    pits = {date_number(pit) for pit in takings}
    for name, (_, day) in _KINDS.items():
        for first in _corrections(work, name):
            old, new = _both(work, name, first)
            days = {row[day] for row in (*new, *old)} - {None}
            at_taking = name != INVENTORY_CHANGE.name and days & pits
            if old and (_in_period(work, days) or at_taking):
                yield name, first


def _both(work: Work, name: str, first: Any) -> tuple[list[Any], list[Any]]:
    """Return the lines of the original and of what took its place."""
    return (
        _lines(work, name, first["supersedes_act"], first["supersedes_line"]),
        _lines(work, name, first["act_id"], first["first_line"]),
    )


def _in_period(work: Work, days: set[int]) -> bool:
    first, last = date_number(work.period.start), date_number(work.period.end)
    return any(first <= day <= last for day in days)


def _corrections(work: Work, name: str) -> list[Any]:
    """Return the first line of each correction and deletion, in the order of the acts."""
    table = work.metadata.tables[name]
    query = (
        select(
            table.c.act_id, table.c.supersedes_act, table.c.supersedes_line,
            entry_line(table).label("first_line"),
        )
        .where(
            table.c.mba == work.mba,
            table.c.supersedes_act.is_not(None),
            entry_line(table) == table.c.line_no,
            known(table, work.knowledge),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )  # fmt: skip
    return list(work.connection.execute(query).mappings())


def _lines(work: Work, name: str, act_id: int, first_line: int) -> list[Any]:
    """Return the lines of an entry of the area."""
    table = work.metadata.tables[name]
    query = (
        select(table)
        .where(
            table.c.mba == work.mba,
            table.c.act_id == act_id,
            or_(table.c.line_no == first_line, table.c.entry_line == first_line),
        )
        .order_by(table.c.line_no)
    )
    return list(work.connection.execute(query).mappings())


def _write(work: Work, pages: Pages, out: CsvFile, name: str, correction: Any) -> None:
    old, new = _both(work, name, correction)
    sources, first = work.sources, new[0]
    for row in (*old, *new):
        sources.use(row["act_id"], row["line_no"])
    chain = _beginning(work, name, old[0])
    act, note = sources.act(first["act_id"]), _note(work, first)
    places = [(r["act_id"], r["line_no"]) for r in (old[0], first)]
    anchor = f"correction-{places[1][0]}-{places[1][1]}"
    for field, before, after in differences(old, new):
        why = " — ".join(filter(None, [act.reason, note]))
        pages.row(
            [chain, Html(f"{sources.line_link(*places[0])} {struck(entry_name(old[0]))}"),
             Html(f"{sources.line_link(*places[1])} {entry_name(first)}"), first["status"], field,
             struck(before), after, why, act.person, act.recorded_at,
             str(number_date(first["known_on"]))],
            anchor=anchor,
        )  # fmt: skip
        anchor = ""
        out.row(
            [chain, _KINDS[name][0], entry_name(old[0]), *places[0], entry_name(first), *places[1],
             first["status"], field, before, after, act.reason, note, act.person, act.recorded_at,
             str(number_date(first["known_on"]))]
        )  # fmt: skip


def differences(old: list[Any], new: list[Any]) -> Iterator[tuple[str, Cell, Cell]]:
    """Yield what a correction changes: field, before, after."""
    if new[0]["status"] == "D":
        for row in old:
            yield from _weight_changes(row, None)
        return
    changed = False
    for column, words in _FIELDS.items():
        if column in old[0]:
            before, after = old[0][column], new[0][column]
            if before != after:
                changed = True
                yield words, _plain(column, before), _plain(column, after)
    mine = {row["category"]: row for row in old}
    theirs = {row["category"]: row for row in new}
    for letter in sorted({*mine, *theirs}, key=str):
        for change in _weight_changes(mine.get(letter), theirs.get(letter)):
            changed = True
            yield change
    if not changed:
        yield "nothing", None, None


def _plain(column: str, value: Any) -> Cell:
    if value is not None and column in ("event_date", "pit_date", "period_from", "period_to"):
        return str(number_date(value))
    return None if value is None else str(value)


def _weight_changes(old: Any, new: Any) -> Iterator[tuple[str, Cell, Cell]]:
    letter = (old or new)["category"]
    if letter is None:
        return
    for what, column in (("element", "element_mg"), ("fissile", "fissile_mg")):
        unit = Category(letter).unit if what == "element" else "g"
        pair = [
            None if row is None or row[column] is None else format_weight(row[column], unit)
            for row in (old, new)
        ]
        if pair[0] != pair[1]:
            yield f"{what} {letter} ({unit})", pair[0], pair[1]


def _beginning(work: Work, name: str, row: Any) -> str:
    """Return the name of the entry with which a chain of corrections began."""
    seen = 0
    while row["supersedes_act"] is not None and seen < 1000:
        before = _lines(work, name, row["supersedes_act"], row["supersedes_line"])
        if not before:
            break
        row, seen = before[0], seen + 1
    return entry_name(row)


def _note(work: Work, row: Any) -> str | None:
    """Return the concise note that the report attached to a correction."""
    table = work.metadata.tables[NOTE.name]
    query = (
        select(table.c.note_text, table.c.line_no)
        .where(
            table.c.act_id == row["act_id"],
            table.c.mba == work.mba,
            table.c.report_no == row["report_no"],
            table.c.reference.in_((f"E/{row['entry_no']}", "R")),
        )
        .order_by(table.c.line_no)
    )
    texts = []
    for text, line_no in work.connection.execute(query):
        work.sources.use(row["act_id"], int(line_no))
        texts.append(str(text or ""))
    return " ".join(texts) or None
