"""A partner's own statement: read from a file and recorded; the last one about a year counts.

How it is compared with ours: `keiryo.obligations.partner_reconciliation`.
"""

from __future__ import annotations

import csv
import datetime
import io
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import DateError, date_number, number_date, parse_date, utc_text
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.obligations.statement_checks import BASIS, exact_amount
from keiryo.obligations.statement_table import (
    CATEGORIES,
    CAUSES,
    CLOSING,
    CORRECTION,
    DEPLETED,
    DISCARDS,
    ENRICHED,
    HEU,
    IN_ENRICHMENT,
    IRRADIATED_PU,
    LEU,
    NATURAL,
    NUCLEAR_LOSS,
    OPENING,
    PLUTONIUM,
    ROUNDING,
    SEPARATED_PU,
    THORIUM,
    TO_ABROAD,
    UNIFIED,
    UNITS_MG,
)
from keiryo.obligations.tables import PARTNER_STATEMENT
from keiryo.storage.engine import Database

PARTNER = "obligations.partner"
"""Kind of the act by which a partner's statement is recorded."""

COLUMNS = ("category", "line", "amount", "unit", "reference", "on_day")
LINES = (OPENING, CLOSING, CORRECTION, ROUNDING, *CAUSES)
"""What a line may be about."""

_LETTERS: Mapping[str, tuple[str, ...]] = {
    "N": (NATURAL, IN_ENRICHMENT),
    "D": (DEPLETED,),
    "E": (LEU, HEU, ENRICHED),
    "U": (UNIFIED,),
    "P": (IRRADIATED_PU, SEPARATED_PU, PLUTONIUM),
    "T": (THORIUM,),
    "LEU": (LEU,),
    "HEU": (HEU,),
}
_WITH_MORE: Mapping[str, tuple[str, ...]] = {
    ENRICHED: _LETTERS["E"],
    PLUTONIUM: _LETTERS["P"],
}
_DECREASES = (TO_ABROAD, NUCLEAR_LOSS, DISCARDS)
"""Lines that can only lower what we hold, with whatever sign a partner writes them."""


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """A line of a partner's statement."""

    category: str
    line: str
    amount: Decimal
    unit: str
    reference: str | None = None
    on: datetime.date | None = None

    @property
    def amount_mg(self) -> Fraction:
        """Its amount in milligrams, exactly, as it changes what we hold."""
        amount = Fraction(self.amount) * UNITS_MG[self.unit]
        return -abs(amount) if self.line in _DECREASES else amount


def read_partner_statement(content: bytes, name: str) -> tuple[list[PartnerLine], list[Finding]]:
    """Return the lines of a partner's statement and everything that is wrong with it.

    Parameters
    ----------
    content : bytes
        CSV in UTF-8 with the columns of `COLUMNS`; reference and on_day may be left out.
    name : str
        Of the file, for findings.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [_finding("PARTNER-STATEMENT-FILE", "the file is not text in UTF-8", name, None)]
    table = csv.DictReader(io.StringIO(text))
    given = [one.strip() for one in table.fieldnames or ()]
    table.fieldnames = given
    missing = [one for one in COLUMNS[:4] if one not in given]
    if missing:
        said = f"columns are missing: {', '.join(missing)}"
        return [], [_finding("PARTNER-STATEMENT-FILE", said, name, 1)]
    lines: list[PartnerLine] = []
    findings: list[Finding] = []
    for number, row in enumerate(table, start=2):
        values = {key: (row.get(key) or "").strip() for key in COLUMNS}
        wrong = list(_problems(values, name, number))
        findings += wrong
        if not wrong:
            lines.append(_line(values))
    if not lines and not findings:
        findings.append(_finding("PARTNER-STATEMENT-FILE", "the file has no lines", name, None))
    return lines, findings


def _problems(values: Mapping[str, str], name: str, number: int) -> Iterable[Finding]:
    if not categories_of(values["category"]):
        said = f"{values['category'][:40]!r} is no category of a statement"
        yield _finding("PARTNER-STATEMENT-CATEGORY", said, name, number)
    if values["line"] not in LINES:
        said = f"{values['line'][:40]!r} is no line of a statement"
        yield _finding("PARTNER-STATEMENT-LINE", said, name, number)
    if values["unit"] not in UNITS_MG or exact_amount(values["amount"]) is None:
        said = f"{values['amount'][:40]!r} {values['unit'][:20]!r} is no amount"
        yield _finding("PARTNER-STATEMENT-AMOUNT", said, name, number)
    if values["on_day"]:
        try:
            parse_date(values["on_day"])
        except DateError as error:
            yield _finding("PARTNER-STATEMENT-DAY", str(error), name, number)


_ADVICE = {
    "PARTNER-STATEMENT-FILE": f"The columns are {', '.join(COLUMNS)}, parted by commas, in UTF-8.",
    "PARTNER-STATEMENT-CATEGORY": f"Categories are {', '.join((*CATEGORIES, *_LETTERS))}.",
    "PARTNER-STATEMENT-LINE": f"Lines are {', '.join(LINES)}.",
    "PARTNER-STATEMENT-AMOUNT": f"Write a decimal with a point, and a unit: {', '.join(UNITS_MG)}.",
    "PARTNER-STATEMENT-DAY": "Write the day as in 2025-12-29.",
}


def _finding(code: str, message: str, name: str, line: int | None) -> Finding:
    return Finding(code, Severity.FORMAT, message, _ADVICE[code], file=name, line=line, basis=BASIS)


def _line(values: Mapping[str, str]) -> PartnerLine:
    amount = exact_amount(values["amount"])
    assert amount is not None
    return PartnerLine(
        *(values["category"], values["line"], amount, values["unit"], values["reference"] or None),
        parse_date(values["on_day"]) if values["on_day"] else None,
    )


def categories_of(name: str) -> tuple[str, ...]:
    """Return our categories that a partner's name stands for; none if it is not known.

    Examples
    --------
    >>> categories_of("N"), categories_of("low enriched uranium")
    (('natural uranium', 'uranium in enrichment plants'), ('low enriched uranium',))
    """
    if name in _LETTERS:
        return _LETTERS[name]
    return _WITH_MORE.get(name, (name,) if name in CATEGORIES else ())


def record_partner_statement(
    database: Database,
    actor: Actor,
    partner: str,
    year: int,
    content: bytes,
    name: str,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record a partner's statement about a year; it takes the place of an earlier one.

    Raises
    ------
    RefusedError
        If anything in it is wrong: all findings; nothing is recorded.
    """
    lines, findings = read_partner_statement(content, name)
    if findings:
        raise RefusedError(
            "the statement was refused; nothing was recorded",
            findings,
            "Put right what the findings say and send it again.",
        )

    def draft(_connection: Connection) -> Draft:
        made = Draft(PARTNER, f"obligations:{uuid.uuid4()}")
        kept = keep_file(database.evidence, name, content)
        add_evidence(made, kept, actor.on_behalf_of, "partner's statement", utc_text(clock()))
        for one in lines:
            made.add(
                PARTNER_STATEMENT.name,
                scope=actor.on_behalf_of,
                partner=partner,
                year=year,
                category=one.category,
                line=one.line,
                amount=f"{one.amount:f}",
                unit=one.unit,
                reference=one.reference,
                on_day=None if one.on is None else date_number(one.on),
            )
        return made

    return post(database, draft, actor, clock=clock)


def partner_statement(
    connection: Connection, metadata: MetaData, partner: str, year: int
) -> list[PartnerLine]:
    """Return the lines of the last statement of a partner about a year; none: it sent none."""
    table = metadata.tables[PARTNER_STATEMENT.name]
    query = (
        select(table)
        .where(table.c.partner == partner, table.c.year == year)
        .order_by(table.c.act_id, table.c.line_no)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [
        PartnerLine(
            *(str(row["category"]), str(row["line"]), Decimal(row["amount"]), str(row["unit"])),
            row["reference"],
            None if row["on_day"] is None else number_date(int(row["on_day"])),
        )
        for row in rows
        if row["act_id"] == rows[-1]["act_id"]
    ]
