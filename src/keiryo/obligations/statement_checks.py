"""Rules of the posting pipeline about statements: ours to partners, and theirs to us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import func, select

from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.obligations.stated import labels
from keiryo.obligations.statement_table import CLOSING, CORRECTION, OPENING, UNITS_MG
from keiryo.obligations.tables import ANNUAL_STATEMENT, PARTNER_STATEMENT

BASIS = "docs/theory/obligations.md"
Row = Mapping[str, Any]


def exact_amount(text: str) -> Decimal | None:
    """Return an amount as it was written, or None if it is none.

    Examples
    --------
    >>> exact_amount("12.5"), exact_amount("1,2"), exact_amount("NaN")
    (Decimal('12.5'), None, None)
    """
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 40 else None


def _check_issued(posting: Posting) -> Iterator[Refusal]:
    rows = list(posting.lines(ANNUAL_STATEMENT.name))
    known = labels(posting.connection, posting.metadata)
    statements: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        statements.setdefault((row["partner"], int(row["year"])), []).append(row)
    for (partner, year), own in statements.items():
        if partner not in known:
            yield _unknown("STATEMENT-PARTNER", partner)
        yield from _amounts("STATEMENT-AMOUNT", own)
        yield from _counted(posting, partner, year, own)
        yield from _closing(own)


def _check_partner(posting: Posting) -> Iterator[Refusal]:
    rows = list(posting.lines(PARTNER_STATEMENT.name))
    known = labels(posting.connection, posting.metadata)
    for partner in dict.fromkeys(str(row["partner"]) for row in rows):
        if partner not in known:
            yield _unknown("PARTNER-STATEMENT-PARTNER", partner)
    yield from _amounts("PARTNER-STATEMENT-AMOUNT", rows)


def _unknown(code: str, partner: str) -> Refusal:
    return Refusal(
        Finding(
            code,
            Severity.FORMAT,
            f"{partner[:40]!r} is no label that is registered",
            "Register the label with its agreement first, or correct the code.",
            found=partner[:40],
            basis=BASIS,
        )
    )


def _amounts(code: str, rows: Iterable[Row]) -> Iterator[Refusal]:
    for row in rows:
        wrong = None
        if row["unit"] not in UNITS_MG:
            wrong = f"{row['unit'][:20]!r} is no unit of a statement"
        elif exact_amount(row["amount"]) is None:
            wrong = f"{row['amount'][:40]!r} is no decimal number"
        if wrong:
            advice = f"Write a decimal with a point; units are {', '.join(UNITS_MG)}."
            where = str(row["category"])
            yield Refusal(
                Finding(code, Severity.FORMAT, wrong, advice, category=where, basis=BASIS)
            )


def _counted(posting: Posting, partner: str, year: int, rows: Iterable[Row]) -> Iterator[Refusal]:
    table = posting.table(ANNUAL_STATEMENT.name)
    last = select(func.max(table.c.issue)).where(
        table.c.partner == partner, table.c.year == year, table.c.act_id < posting.act_id
    )
    wanted = int(posting.connection.execute(last).scalar() or 0) + 1
    for number in sorted({int(row["issue"]) for row in rows} - {wanted}):
        yield Refusal(
            Finding(
                "STATEMENT-ISSUE",
                Severity.FORMAT,
                f"the statement to {partner} about {year} is issue {wanted}, not {number}",
                "Make it again from the books; somebody may have issued one in between.",
                found=str(number),
                expected=str(wanted),
                basis=BASIS,
            )
        )


def _closing(rows: Iterable[Row]) -> Iterator[Refusal]:
    """Refuse rows whose opening and changes do not make up their closing."""
    left: dict[tuple[str, str], Decimal] = {}
    closed: set[tuple[str, str]] = set()
    for row in rows:
        amount = exact_amount(row["amount"])
        if amount is None or row["line"] == CORRECTION or not row["place_group"]:
            continue
        key = (row["category"], row["place_group"])
        closed |= {key} if row["line"] in (OPENING, CLOSING) else set()
        sign = -1 if row["line"] == CLOSING else 1
        left[key] = left.get(key, Decimal(0)) + sign * amount
    for (category, group), rest in sorted(left.items()):
        if rest or (category, group) not in closed:
            yield Refusal(
                Finding(
                    "STATEMENT-NOT-CLOSING",
                    Severity.INCONSISTENCY,
                    f"{category} in {group}: opening and changes miss the closing by {-rest}",
                    "Make the statement again from the books.",
                    category=category,
                    found=str(-rest),
                    expected="0",
                    basis=BASIS,
                )
            )


STATEMENT_CHECKS = (
    Check("statements to partners", frozenset({ANNUAL_STATEMENT.name}), _check_issued),
    Check("statements of partners", frozenset({PARTNER_STATEMENT.name}), _check_partner),
)
"""For the capability."""
