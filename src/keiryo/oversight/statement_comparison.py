"""A statement of the inspectorate beside the own book: what differs, and which entries explain it.

The book is seen twice: with all that is known now (corrections that came since count), and with
what had been reported by the date of the statement, which is all that the inspectorate could
know. A statement that agrees with the second only is explained by later reports.

Source: INFCIRC/153 (Corrected), paragraph 66.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, and_, func, select

from keiryo.accounts.balance import REBATCHING, opening_inventory
from keiryo.accounts.model import ZERO, Amount, Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.dates import next_day, number_date
from keiryo.errors import Finding, Severity
from keiryo.oversight.register_entries import weights_dict
from keiryo.oversight.statements import (
    StatedBook,
    StatedEntry,
    Statement,
    shown,
    statements_recorded,
)
from keiryo.quantities import Category

Key = tuple[int, int, Category]
"""Report, entry and category."""


@dataclass(frozen=True, slots=True)
class BookRow:
    """One category: what is stated, and the own book in both views."""

    category: Category
    stated: StatedBook | None
    own: Amount
    own_as_known: Amount

    @property
    def equal(self) -> bool:
        """Whether the statement agrees with the book as known now."""
        return _same(self.stated, self.own)

    @property
    def equal_as_known(self) -> bool:
        """Whether it agrees with what had been reported by its date."""
        return _same(self.stated, self.own_as_known)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain data; `difference` is stated less own."""
        stated = self.stated or StatedBook(self.category, 0, 0)
        fissile = None
        if stated.fissile_mg is not None and self.own.fissile_mg is not None:
            fissile = stated.fissile_mg - self.own.fissile_mg
        return {
            "category": str(self.category),
            "stated": None
            if self.stated is None
            else shown(self.category, stated.element_mg, stated.fissile_mg),
            "own": weights_dict(self.category, self.own),
            "own_as_known": weights_dict(self.category, self.own_as_known),
            "difference": shown(self.category, stated.element_mg - self.own.element_mg, fissile),
            "equal": self.equal,
            "equal_as_known": self.equal_as_known,
        }


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """A reported entry of the own books, one category, effective or not."""

    report: int
    entry: int
    category: Category
    code: str
    day: datetime.date
    batch: str | None
    amount: Amount
    known_on: datetime.date
    counts: bool
    act: int
    line: int


@dataclass(frozen=True, slots=True)
class StatementComparison:
    """A statement compared with the own book.

    Attributes
    ----------
    statement : Statement
    since : datetime.date or None
        First day of the entries that are compared; None if the statement gives no entries.
    rows : tuple of BookRow
    stated_only : tuple of StatedEntry
    own_only : tuple of OwnEntry
    different : tuple of (StatedEntry, OwnEntry)
        Known to both sides with different content.
    findings : tuple of Finding
        STATEMENT-BOOK and STATEMENT-ENTRY.
    """

    statement: Statement
    since: datetime.date | None
    rows: tuple[BookRow, ...]
    stated_only: tuple[StatedEntry, ...]
    own_only: tuple[OwnEntry, ...]
    different: tuple[tuple[StatedEntry, OwnEntry], ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data, weights as exact decimals in the report's unit."""
        return {
            "statement": self.statement.name,
            "mba": self.statement.mba,
            "date": self.statement.on.isoformat(),
            "act": self.statement.act,
            "books": [row.to_dict() for row in self.rows],
            "entries_since": None if self.since is None else self.since.isoformat(),
            "stated_only": [_stated_dict(e) for e in self.stated_only],
            "own_only": [_own_dict(e) for e in self.own_only],
            "different": [
                {"stated": _stated_dict(s), "own": _own_dict(o)} for s, o in self.different
            ],
        }


def compare_statement(
    connection: Connection, metadata: MetaData, statement: Statement
) -> StatementComparison:
    """Compare a statement with the own book at its date.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    statement : Statement

    Returns
    -------
    StatementComparison
        Categories that are not stated count as nothing. Entries are compared where the statement
        gives any: those from the day after the statement before it, else from its first entry.
        Rebatching, which leaves the book as it is, counts only where the statement gives it too.

    References
    ----------
    INFCIRC/153 (Corrected), paragraph 66.
    """
    rows = tuple(_book_rows(connection, metadata, statement))
    findings = [f for row in rows for f in _book_findings(statement, row)]
    if not statement.entries:
        return StatementComparison(statement, None, rows, (), (), (), tuple(findings))
    own = _own_entries(connection, metadata, statement.mba)
    since = _since(connection, metadata, statement, own)
    stated = {(e.report, e.entry, e.category): e for e in statement.entries}
    effective_own = {key: e for key, e in own.items() if e.counts}
    stated_only = [e for key, e in stated.items() if key not in effective_own]
    rebatched = any(e.code in REBATCHING for e in statement.entries)
    own_only = [
        e
        for key, e in effective_own.items()
        if key not in stated
        and since <= e.day <= statement.on
        and (rebatched or e.code not in REBATCHING)
    ]
    different = [
        (e, effective_own[key])
        for key, e in stated.items()
        if key in effective_own and _difference(e, effective_own[key])
    ]
    superseding = _superseding(connection, metadata, statement.mba)
    findings += [_stated_only(statement, e, own, superseding) for e in stated_only]
    findings += [_own_only(statement, e) for e in own_only]
    findings += [_different(statement, e, o) for e, o in different]
    return StatementComparison(
        statement,
        since,
        rows,
        tuple(stated_only),
        tuple(own_only),
        tuple(different),
        tuple(findings),
    )


def _same(stated: StatedBook | None, own: Amount) -> bool:
    if stated is None:
        return own.element_mg == 0
    if stated.element_mg != own.element_mg:
        return False
    return None in (stated.fissile_mg, own.fissile_mg) or stated.fissile_mg == own.fissile_mg


def _book_rows(
    connection: Connection, metadata: MetaData, statement: Statement
) -> Iterator[BookRow]:
    after = next_day(statement.on)
    now, then = (
        opening_inventory(connection, metadata, statement.mba, after, knowledge)
        for knowledge in (Knowledge(), Knowledge(known_on=statement.on))
    )
    stated = {b.category: b for b in statement.books}
    for category in Category:
        own, known = now.get(category, ZERO), then.get(category, ZERO)
        if category in stated or own.element_mg or known.element_mg:
            yield BookRow(category, stated.get(category), own, known)


def _book_findings(statement: Statement, row: BookRow) -> Iterator[Finding]:
    if row.equal:
        return
    category = row.category
    own = _words(category, row.own.element_mg, row.own.fissile_mg)
    said = "nothing"
    if row.stated is not None:
        said = _words(category, row.stated.element_mg, row.stated.fissile_mg)
    words = (
        f"the statement {statement.name} has {said} of category {category} in {statement.mba} on "
        f"{statement.on}; the own book has {own}"
    )
    advice = (
        "Compare the entries of both sides; ask the inspectorate for its list of entries, or look "
        "for a report that was not sent or was refused there."
    )
    severity = Severity.INCONSISTENCY
    if row.equal_as_known:
        severity = Severity.INFORMATION
        words += f", and had the stated amount with what was reported by {statement.on}"
        advice = "Nothing is wrong: later reports explain it. The next statement should agree."
    yield Finding(
        "STATEMENT-BOOK",
        severity,
        words,
        advice,
        mba=statement.mba,
        category=str(category),
        found=said,
        expected=own,
        basis="INFCIRC/153 para 66",
        cell=_cell(statement),
    )


def _own_entries(connection: Connection, metadata: MetaData, mba: str) -> dict[Key, OwnEntry]:
    """Return the reported entries of an area by key; of several, the effective or last one."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table, effective(table, Knowledge()).label("counts"))
        .where(
            table.c.mba == mba,
            table.c.report_no.is_not(None),
            table.c.category.is_not(None),
            table.c.event_date.is_not(None),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    found: dict[Key, OwnEntry] = {}
    for row in connection.execute(query).mappings():
        key = (int(row["report_no"]), int(row["entry_no"]), Category(row["category"]))
        if key in found and found[key].counts:
            continue
        fissile, basis = row["fissile_mg"], row["fissile_basis"]
        amount = Amount(
            int(row["element_mg"]),
            None if fissile is None else int(fissile),
            frozenset({basis}) if basis else frozenset(),
        )
        found[key] = OwnEntry(
            *key,
            code=str(row["code"]),
            day=number_date(int(row["event_date"])),
            batch=row["batch"],
            amount=amount,
            known_on=number_date(int(row["known_on"])),
            counts=bool(row["counts"]),
            act=int(row["act_id"]),
            line=int(row["line_no"]),
        )
    return found


def _superseding(
    connection: Connection, metadata: MetaData, mba: str
) -> dict[tuple[int, int], tuple[str, datetime.date]]:
    """Return by what entries were corrected or deleted, and when: by (report, entry)."""
    later = metadata.tables[INVENTORY_CHANGE.name]
    before = later.alias("before")
    query = (
        select(
            before.c.report_no,
            before.c.entry_no,
            later.c.status,
            later.c.report_no,
            later.c.entry_no,
            later.c.known_on,
        )
        .join(
            before,
            and_(
                later.c.supersedes_act == before.c.act_id,
                later.c.supersedes_line == func.coalesce(before.c.entry_line, before.c.line_no),
            ),
        )
        .where(before.c.mba == mba, before.c.report_no.is_not(None))
        .order_by(later.c.act_id, later.c.line_no)
    )
    found = {}
    for report, entry, status, by_report, by_entry, known_on in connection.execute(query):
        word = "deleted" if status == "D" else "corrected"
        words = f"{word} by report {by_report} entry {by_entry}"
        found[int(report), int(entry)] = (words, number_date(int(known_on)))
    return found


def _since(
    connection: Connection,
    metadata: MetaData,
    statement: Statement,
    own: Mapping[Key, OwnEntry],
) -> datetime.date:
    """Return the first day of the entries that a statement covers."""
    earlier = [
        s.on
        for s in statements_recorded(connection, metadata, mba=statement.mba)
        if s.on < statement.on
    ]
    if earlier:
        return next_day(max(earlier))
    days = [e.day for e in statement.entries if e.day is not None]
    reports = {e.report for e in statement.entries}
    days += [e.day for key, e in own.items() if key[0] in reports and e.day <= statement.on]
    return min([*days, statement.on])


def _difference(stated: StatedEntry, own: OwnEntry) -> list[str]:
    """Return in words what differs between the two sides of an entry; what is not stated agrees."""
    differing = []
    if stated.code is not None and stated.code != own.code:
        differing.append(f"type {stated.code}, here {own.code}")
    if stated.day is not None and stated.day != own.day:
        differing.append(f"date {stated.day}, here {own.day}")
    if stated.batch is not None and stated.batch != own.batch:
        differing.append(f"batch {stated.batch}, here {own.batch}")
    category, amount = stated.category, own.amount
    fissile_differs = (
        stated.fissile_mg is not None
        and amount.fissile_mg is not None
        and stated.fissile_mg != amount.fissile_mg
    )
    if stated.element_mg != amount.element_mg or fissile_differs:
        there = _words(category, stated.element_mg, stated.fissile_mg)
        differing.append(f"{there}, here {_words(category, amount.element_mg, amount.fissile_mg)}")
    return differing


def _stated_only(
    statement: Statement,
    stated: StatedEntry,
    own: Mapping[Key, OwnEntry],
    superseding: Mapping[tuple[int, int], tuple[str, datetime.date]],
) -> Finding:
    before = superseding.get((stated.report, stated.entry))
    severity = Severity.INCONSISTENCY
    words = "is not in the own books"
    advice = "Look for the report in what was sent; ask the inspectorate where the entry is from."
    if before is not None and (stated.report, stated.entry, stated.category) in own:
        words = f"does not count any more: it was {before[0]} on {before[1]}"
        advice = "Ask the inspectorate whether it received the correction."
        if before[1] > statement.on:
            severity = Severity.INFORMATION
            advice = "Nothing is wrong: the correction came after the date of the statement."
    return _entry_finding(
        statement,
        (stated.report, stated.entry, stated.category),
        severity,
        f"the statement {statement.name} knows entry {stated.report}/{stated.entry} of "
        f"{statement.mba} in category {stated.category}, which {words}",
        advice,
        found=_words(stated.category, stated.element_mg, stated.fissile_mg),
        expected="no entry" if before is None else before[0],
    )


def _own_only(statement: Statement, own: OwnEntry) -> Finding:
    severity = Severity.INCONSISTENCY
    words, advice = "", "Ask the inspectorate whether it received and accepted the report."
    if own.known_on > statement.on:
        severity = Severity.INFORMATION
        words = f"; it was reported on {own.known_on}, after the date of the statement"
        advice = "Nothing is wrong: the next statement should have it."
    return _entry_finding(
        statement,
        (own.report, own.entry, own.category),
        severity,
        f"the statement {statement.name} does not know entry {own.report}/{own.entry} of "
        f"{statement.mba} ({own.code} of {own.day}, batch {own.batch}, category "
        f"{own.category}){words}",
        advice,
        found="no entry",
        expected=_words(own.category, own.amount.element_mg, own.amount.fissile_mg),
    )


def _different(statement: Statement, stated: StatedEntry, own: OwnEntry) -> Finding:
    return _entry_finding(
        statement,
        (own.report, own.entry, own.category),
        Severity.INCONSISTENCY,
        f"the statement {statement.name} has entry {own.report}/{own.entry} of {statement.mba} "
        f"with other content: {'; '.join(_difference(stated, own))}",
        "Compare both with the report as sent, and correct whichever is wrong.",
        found=_words(stated.category, stated.element_mg, stated.fissile_mg),
        expected=_words(own.category, own.amount.element_mg, own.amount.fissile_mg),
    )


def _entry_finding(
    statement: Statement,
    key: Key,
    severity: Severity,
    message: str,
    advice: str,
    *,
    found: str,
    expected: str,
) -> Finding:
    return Finding(
        "STATEMENT-ENTRY",
        severity,
        message,
        advice,
        mba=statement.mba,
        report=str(key[0]),
        entry=key[1],
        category=str(key[2]),
        found=found,
        expected=expected,
        basis="INFCIRC/153 para 66",
        cell=_cell(statement),
    )


def _cell(statement: Statement) -> str:
    return f"statement {statement.name} of {statement.on}"


def _words(category: Category, element_mg: int, fissile_mg: int | None) -> str:
    weights = shown(category, element_mg, fissile_mg)
    fissile = f" with {weights['fissile']} g fissile" if weights["fissile"] else ""
    return f"{weights['element']} {weights['unit']}{fissile}"


def _stated_dict(entry: StatedEntry) -> dict[str, Any]:
    return {
        "report": entry.report,
        "entry": entry.entry,
        "code": entry.code,
        "date": None if entry.day is None else entry.day.isoformat(),
        "batch": entry.batch,
        "category": str(entry.category),
        **shown(entry.category, entry.element_mg, entry.fissile_mg),
    }


def _own_dict(entry: OwnEntry) -> dict[str, Any]:
    return {
        "report": entry.report,
        "entry": entry.entry,
        "code": entry.code,
        "date": entry.day.isoformat(),
        "batch": entry.batch,
        "category": str(entry.category),
        **weights_dict(entry.category, entry.amount),
        "reported": entry.known_on.isoformat(),
        "act": entry.act,
        "line": entry.line,
    }
