"""The annual statement to a partner: what is under its label, and why it is not what it was.

A statement opens with what the last one closed with; where the books know better by now, a
correction says by how much and through which acts. It is issued as an act: its lines stand in the
record, the file as it was sent is kept with it, and issues are counted.

Content: practice of partners of Australia (ASNO Annual Report 2021-22); the layout is keiryo's.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.dates import utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.obligations.holdings import FOLLOWED
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import Label, labels, read_stated
from keiryo.obligations.statement_lists import Listed, ended, exchanges, transfers
from keiryo.obligations.statement_reading import move_table, read_kinds, read_listed, read_sums
from keiryo.obligations.statement_table import (
    CLOSING,
    CORRECTION,
    OPENING,
    ROUNDING,
    UNITS_MG,
    CellRow,
    RowKey,
    StatementRow,
    decimal_in,
    statement_rows,
    unit_of,
    year_rows,
)
from keiryo.obligations.tables import ANNUAL_STATEMENT
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

STATEMENT = "obligations.statement"
"""Kind of the act by which a statement is issued."""

BASIS = "docs/theory/obligations.md"


@dataclass(frozen=True, slots=True)
class Issued:
    """A statement as it was issued: its number, unit and closings."""

    partner: str
    year: int
    issue: int
    unit: str
    act_id: int
    through_act: int
    lines: tuple[tuple[RowKey, str, Decimal], ...]

    def amounts(self, line: str) -> dict[RowKey, Decimal]:
        """Return a line, such as the closing, by row."""
        return {key: amount for key, name, amount in self.lines if name == line}


@dataclass(frozen=True, slots=True)
class Correction:
    """What an opening differs by from the closing of the last statement, in the unit."""

    key: RowKey
    previous: str
    amount: str
    opening: str


@dataclass(frozen=True, slots=True)
class AnnualStatement:
    """A statement to a partner.

    Attributes
    ----------
    label : Label
        The partner and the agreement.
    year : int
    unit : str
    issue : int
        Its number if it is issued now.
    author : str
    through_act : int
        The last act that it takes into account.
    rows : tuple of StatementRow
    cells : mapping of RowKey to CellRow
        What the rows were made of, all label sets; they are no part of what is issued.
    transfers, exchanges, ended : tuple of Listed
    previous : Issued or None
        The last statement that was issued for the year before.
    corrections : tuple of Correction
    correcting : tuple of Listed
        The moves of earlier years that were recorded after it.
    peaceful_use : str
        Statement of peaceful use, in the words of the author.
    findings : tuple of Finding
    """

    label: Label
    year: int
    unit: str
    issue: int
    author: str
    through_act: int
    rows: tuple[StatementRow, ...]
    cells: Mapping[RowKey, CellRow]
    transfers: tuple[Listed, ...]
    exchanges: tuple[Listed, ...]
    ended: tuple[Listed, ...]
    previous: Issued | None
    corrections: tuple[Correction, ...]
    correcting: tuple[Listed, ...]
    peaceful_use: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def lines(self) -> list[dict[str, str]]:
        """Its table as lines: opening, causes, rounding, closing, corrections."""
        corrected = {one.key: one for one in self.corrections}
        found: list[dict[str, str]] = []
        for row in self.rows:
            told: list[tuple[str, str]] = []
            if row.key in corrected:
                told.append((CORRECTION, corrected[row.key].amount))
            told.append((OPENING, str(row.opening)))
            told += [(cause, str(amount)) for cause, amount in row.changes]
            if row.rounding:
                told.append((ROUNDING, str(row.rounding)))
            told.append((CLOSING, str(row.closing)))
            names = {"category": row.category, "place_group": row.place_group}
            found += [
                {**names, "line": line, "amount": amount, "unit": self.unit}
                for line, amount in told
            ]
        shown = {row.key for row in self.rows}
        for one in self.corrections:
            if one.key not in shown:
                category, group = one.key
                names = {"category": category, "place_group": group, "line": CORRECTION}
                found.append({**names, "amount": one.amount, "unit": self.unit})
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        label = self.label
        return {
            "partner": label.code,
            "partner_name": label.name,
            "agreement": label.instrument or label.agreement_words,
            "agreement_words": label.agreement_words,
            "year": self.year,
            "from": f"{self.year}-01-01",
            "to": f"{self.year}-12-31",
            "unit": self.unit,
            "issue": self.issue,
            "author": self.author,
            "through_act": self.through_act,
            "previous_issue": None if self.previous is None else self.previous.issue,
            "lines": self.lines,
            "transfers": [one.values for one in self.transfers],
            "exchanges": [one.values for one in self.exchanges],
            "corrections": [
                {
                    "category": one.key.category,
                    "place_group": one.key.place_group,
                    "previous_closing": one.previous,
                    "correction": one.amount,
                    "opening": one.opening,
                }
                for one in self.corrections
            ],
            "correcting": [one.values for one in self.correcting],
            "ended": [one.values for one in self.ended],
            "peaceful_use": self.peaceful_use,
        }


def annual_statement(
    connection: Connection,
    metadata: MetaData,
    partner: str,
    year: int,
    unit: str = "kg",
    *,
    author: str = "",
    peaceful_use: str = "",
) -> AnnualStatement:
    """Return the statement to a partner about a calendar year, as the books know it now.

    Parameters
    ----------
    partner : str
        Label.
    year : int
    unit : {"kg", "t", "g", "mg"}
    author : str
    peaceful_use : str

    Raises
    ------
    NotFoundError
        If there is no such label, or labels are not kept yet at the end of the year.
    UsageError
        If there are no statements in that unit.
    """
    unit_mg = unit_of(unit)
    label = _label(connection, metadata, partner)
    stated = read_stated(connection, metadata)
    first, last = year_days(year)
    if stated.begins is None or stated.begins > last:
        raise NotFoundError(
            f"no labels were kept in {year}, so there is nothing to state",
            "Record from which day on labels are kept, with the openings, or ask for a later year.",
        )
    cells = partner_cells(connection, metadata, partner, year)
    rows = statement_rows(cells, partner, unit_mg)
    before = last_issued(connection, metadata, partner, year - 1)
    corrections = _corrections(before, rows, unit)
    table = move_table(metadata)
    listed = read_listed(
        connection, metadata, [table.c.event_date.between(first, last)], partner
    )  # fmt: skip
    latest = last_issued(connection, metadata, partner, year)
    return AnnualStatement(
        *(label, year, unit, 1 if latest is None else latest.issue + 1, author),
        _last_act(connection, metadata),
        rows,
        cells,
        tuple(transfers(connection, metadata, listed, partner, unit_mg)),
        tuple(exchanges(listed, stated, partner, unit_mg)),
        tuple(ended(listed, stated, partner, unit_mg)),
        before,
        corrections,
        tuple(_correcting(connection, metadata, before, partner, first, unit_mg)),
        peaceful_use,
        tuple(_findings(partner, cells, corrections, before)),
    )


def partner_cells(
    connection: Connection, metadata: MetaData, partner: str, year: int
) -> dict[RowKey, CellRow]:
    """Return the rows of a year in milligrams, by label set, as the books know them now."""
    first, last = year_days(year)
    kinds = read_kinds(connection, metadata, last)
    return year_rows(read_sums(connection, metadata, first, last), partner, first, last, kinds)


def issue_statement(
    database: Database,
    actor: Actor,
    partner: str,
    year: int,
    unit: str = "kg",
    *,
    peaceful_use: str = "",
    clock: Clock = system_clock,
) -> tuple[Posted, AnnualStatement]:
    """Issue a statement: post its lines, and keep it as it is sent.

    Raises
    ------
    RefusedError
        If the year is not over.
    NotFoundError, UsageError
        As `annual_statement`.
    """
    made: list[AnnualStatement] = []

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        statement = annual_statement(
            *(connection, metadata, partner, year, unit),
            author=actor.person,
            peaceful_use=peaceful_use,
        )
        _require_over(year, clock().date())
        made[:] = [statement]
        draft = Draft(STATEMENT, f"obligations:{uuid.uuid4()}")
        content = json.dumps(statement.to_dict(), ensure_ascii=False, indent=1).encode()
        name = f"statement-{partner}-{year}-{statement.issue}.json"
        kept = keep_file(database.evidence, name, content)
        add_evidence(draft, kept, actor.on_behalf_of, "statement", utc_text(clock()))
        for line in statement.lines or [_nothing(unit)]:
            draft.add(
                ANNUAL_STATEMENT.name,
                line,
                scope=actor.on_behalf_of,
                partner=partner,
                year=year,
                issue=statement.issue,
                through_act=statement.through_act,
            )
        return draft

    return post(database, draft, actor, clock=clock), made[0]


def _nothing(unit: str) -> dict[str, str]:
    """Return the line of a statement of nothing: it is issued, too."""
    return {"category": "all", "line": CLOSING, "amount": "0", "unit": unit}


def issued_statements(
    connection: Connection, metadata: MetaData, partner: str | None = None
) -> list[Issued]:
    """Return the statements that were issued, by partner, year and issue."""
    table = metadata.tables[ANNUAL_STATEMENT.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if partner is not None:
        query = query.where(table.c.partner == partner)
    grouped: dict[tuple[str, int, int, int], list[Mapping[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        key = (row["partner"], int(row["year"]), int(row["issue"]), int(row["act_id"]))
        grouped.setdefault(key, []).append(dict(row))
    return [_issued(key, grouped[key]) for key in sorted(grouped)]


def last_issued(
    connection: Connection, metadata: MetaData, partner: str, year: int
) -> Issued | None:
    """Return the last statement that was issued about a year, or None."""
    mine = [one for one in issued_statements(connection, metadata, partner) if one.year == year]
    return mine[-1] if mine else None


def year_days(year: int) -> tuple[int, int]:
    """Return the first and last day of a year as YYYYMMDD."""
    return year * 10_000 + 101, year * 10_000 + 1231


def _issued(key: tuple[str, int, int, int], rows: Sequence[Mapping[str, Any]]) -> Issued:
    partner, year, issue, act_id = key
    lines = tuple(
        (
            RowKey(str(r["category"]), str(r["place_group"] or "")),
            str(r["line"]),
            Decimal(r["amount"]),
        )
        for r in rows
    )
    return Issued(
        partner, year, issue, str(rows[0]["unit"]), act_id, int(rows[0]["through_act"]), lines
    )


def _label(connection: Connection, metadata: MetaData, partner: str) -> Label:
    known = labels(connection, metadata)
    if partner not in known:
        listed = ", ".join(known) or "none yet"
        raise NotFoundError(f"{partner[:40]!r} is no label here", f"Labels are: {listed}.")
    return known[partner]


def _last_act(connection: Connection, metadata: MetaData) -> int:
    found = connection.execute(select(func.max(metadata.tables[ACT].c.act_id))).scalar()
    return int(found or 0)


def _corrections(
    before: Issued | None, rows: Iterable[StatementRow], unit: str
) -> tuple[Correction, ...]:
    """Return where this opening is not the closing of the last statement."""
    if before is None:
        return ()
    openings = {row.key: row.opening for row in rows}
    factor = Decimal(UNITS_MG[before.unit]) / Decimal(UNITS_MG[unit])
    closings = {
        key: value * factor for key, value in before.amounts(CLOSING).items() if key.place_group
    }
    found = []
    for key in {**closings, **openings}:
        opening, previous = Decimal(openings.get(key, 0)), closings.get(key, Decimal(0))
        if opening != previous:
            told = (_plain(previous), _plain(opening - previous), _plain(opening))
            found.append(Correction(key, *told))
    return tuple(found)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _correcting(
    connection: Connection,
    metadata: MetaData,
    before: Issued | None,
    partner: str,
    first: int,
    unit_mg: int,
) -> Iterable[Listed]:
    """Yield what was recorded about earlier years since the last statement, act by act."""
    if before is None:
        return
    table = move_table(metadata)
    query = (
        select(
            *(table.c.act_id, table.c.from_account, table.c.from_category, table.c.from_labels),
            *(table.c.to_account, table.c.to_category, table.c.to_labels, table.c.element_mg),
        )
        .where(table.c.event_date < first, table.c.act_id > before.through_act)
        .order_by(table.c.act_id)
    )
    sums: dict[tuple[int, str], int] = {}
    for row in connection.execute(query):
        act_id, mg = int(row[0]), int(row[7])
        for (account, category, key), sign in ((row[1:4], -1), (row[4:7], 1)):
            if account in FOLLOWED and partner in labels_of(key):
                name = (act_id, str(category))
                sums[name] = sums.get(name, 0) + sign * mg
    for (act_id, category), mg in sorted(sums.items()):
        if mg:
            values = {"act": act_id, "category": category, "quantity": decimal_in(mg, unit_mg)}
            yield Listed(values)


def _findings(
    partner: str,
    cells: Mapping[RowKey, CellRow],
    corrections: Sequence[Correction],
    before: Issued | None,
) -> Iterable[Finding]:
    for key, row in cells.items():
        for when, own in ((OPENING, row.opening), (CLOSING, row.closing)):
            owed = sum(value for value in own.values() if value < 0)
            if owed:
                yield Finding(
                    "STATEMENT-OWING",
                    Severity.WARNING,
                    f"at the {when}, {key.category} in {key.place_group} owes {-owed} mg: more "
                    "was taken from it than the record says it held",
                    "Record the receipts that are missing before the statement is issued.",
                    basis=BASIS,
                )
    for one in corrections:
        assert before is not None
        yield Finding(
            "STATEMENT-CORRECTED",
            Severity.INFORMATION,
            f"{one.key.category} in {one.key.place_group} opens with {one.opening}; issue "
            f"{before.issue} of {before.year} closed with {one.previous}",
            "The correction stands in the statement; look at the acts that it names.",
            found=one.opening,
            expected=one.previous,
            basis=BASIS,
        )


def _require_over(year: int, today: datetime.date) -> None:
    if today <= datetime.date(year, 12, 31):
        finding = Finding(
            "STATEMENT-YEAR",
            Severity.FORMAT,
            f"{year} is not over",
            "A statement is issued when its year is over; without --issue it is shown before.",
            basis=BASIS,
        )
        raise RefusedError("the statement was not issued", [finding])
