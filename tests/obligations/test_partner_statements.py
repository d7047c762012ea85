"""A partner's statement: read, recorded, and every difference put under its cause."""

from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from keiryo.api import Books
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.obligations.partner_movements import OurMovement
from keiryo.obligations.partner_reconciliation import (
    Reconciliation,
    compared,
    open_lines,
    reconcile,
)
from keiryo.obligations.partner_statements import (
    PartnerLine,
    categories_of,
    read_partner_statement,
    record_partner_statement,
)
from keiryo.obligations.statement_table import ENRICHED, LEU, StatementRow
from obligations.statement_books import (
    KG,
    books_of,
    change,
    checked,
    clock,
    put,
    reading,
    receive,
)

HEAD = "category,line,amount,unit,reference,on_day\n"


def row(category: str, opening: int, closing: int, *changes: tuple[str, int]) -> StatementRow:
    return StatementRow(
        *(category, "bulk areas", opening, closing, changes, 0, opening * KG, closing * KG, 1)
    )


def theirs(text: str) -> list[PartnerLine]:
    lines, findings = read_partner_statement((HEAD + text).encode(), "us.csv")
    assert not findings
    return lines


def against(
    text: str, rows: list[StatementRow], *ours: OurMovement, year: int = 2025, around: str = ""
) -> Reconciliation:
    return compared(
        "US", year, theirs(text), theirs(around) if around else [], lambda _: rows, ours
    )


def ours(line: str, mg: int, day: str, *names: str, category: str = LEU) -> OurMovement:
    return OurMovement(category, line, mg, datetime.date.fromisoformat(day), names)


CAME = ours("receipts from abroad", 72 * KG, "2026-01-14", "S-7", "5/1")


def test_a_shipment_that_each_side_counts_in_another_year() -> None:
    """72 kg dispatched 2025-12-29, received 2026-01-14: 12 331 kg and 12 403 kg."""
    text = (
        "low enriched uranium,receipts from abroad,72,kg,s-7,2025-12-29\n"
        "low enriched uranium,closing,12403,kg,,\n"
    )
    (found,) = against(text, [row(LEU, 12331, 12331)], CAME).categories
    assert found.why.difference == 72 * KG
    assert found.why.by_cause == {"timing": 72 * KG} and found.why.settled
    assert found.why.references == {"timing": ("s-7",)}
    later = against(
        "LEU,closing,12403,kg,,\n", [row(LEU, 12331, 12403)], CAME, year=2026, around=text
    )
    assert later.categories[0].why.by_cause == {}


def test_rounding_missing_documents_and_what_is_left() -> None:
    text = (
        "LEU,receipts from abroad,72,kg,S-7,2026-01-14\n"
        "LEU,receipts from abroad,10,kg,LOST,2025-06-01\n"
        "LEU,closing,12345,kg,,\n"
    )
    found = against(text, [row(LEU, 12331, 12331)], CAME).categories[0]
    assert found.why.by_cause == {"missing document": 10 * KG, "unexplained": 4 * KG}
    near = text.replace("12345", "12342")
    assert against(near, [row(LEU, 12331, 12331)], CAME).categories[0].why.by_cause == {
        "rounding": KG,
        "missing document": 10 * KG,
    }
    left = open_lines(against(text, [row(LEU, 12331, 12331)], CAME))
    assert left == [{"category": "LEU", "amount": "4", "unit": "kg"}]


def test_what_the_partner_does_not_have_is_a_missing_document() -> None:
    own = ours("receipts from abroad", 5 * KG, "2025-05-05", "S-9")
    text = "LEU,receipts from abroad,72,kg,S-7,2025-12-29\nLEU,closing,72,kg,,\n"
    found = against(text, [row(LEU, 0, 5)], CAME, own).categories[0]
    assert found.why.by_cause == {"timing": 72 * KG, "missing document": -5 * KG}


def test_a_change_of_category_that_one_side_books_later() -> None:
    """Natural becomes depleted by definition at the enrichment plant; the partner waits."""
    rows = [
        row("uranium in enrichment plants", 8000, 1000, ("category changes", -7000)),
        row("depleted uranium", 0, 7000, ("category changes", 7000)),
    ]
    text = "N,opening,8000,kg,,\nN,nuclear loss,0,kg,,\nN,closing,8000,kg,,\n"
    found = {one.category: one for one in against(text, rows).categories}
    assert found["N"].why.by_cause == {"category change": 7000 * KG} and found["N"].why.settled
    assert found["depleted uranium"].why.by_cause == {"unexplained": -7000 * KG}


def test_quantities_that_differ_in_the_same_document() -> None:
    text = "LEU,receipts from abroad,80,kg,S-7,2026-01-14\nLEU,closing,80,kg,,\n"
    found = against(text, [row(LEU, 0, 72)], CAME, year=2026).categories[0]
    assert found.why.by_cause == {"missing document": 8 * KG}


def test_causes_come_in_their_order_and_decreases_have_one_sign() -> None:
    (line,) = theirs("LEU,shipments abroad,7,kg,,\n")
    assert line.amount_mg == Fraction(-7 * KG)
    assert theirs("LEU,closing,7.250,t,,\n")[0].amount == Decimal("7.250")
    assert categories_of("enriched uranium") == categories_of("E") and not categories_of("X")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("category;line\n", "PARTNER-STATEMENT-FILE"),
        (HEAD, "PARTNER-STATEMENT-FILE"),
        (HEAD + "uranium ore,closing,1,kg,,\n", "PARTNER-STATEMENT-CATEGORY"),
        (HEAD + "N,ending,1,kg,,\n", "PARTNER-STATEMENT-LINE"),
        (HEAD + 'N,closing,"1,5",kg,,\n', "PARTNER-STATEMENT-AMOUNT"),
        (HEAD + "N,closing,NaN,kg,,\n", "PARTNER-STATEMENT-AMOUNT"),
        (HEAD + "N,closing,1,lb,,\n", "PARTNER-STATEMENT-AMOUNT"),
        (HEAD + "N,closing,1,kg,,29.12.\n", "PARTNER-STATEMENT-DAY"),
    ],
)
def test_bad_files(text: str, code: str) -> None:
    lines, findings = read_partner_statement(text.encode(), "us.csv")
    assert not lines and [one.code for one in findings] == [code]
    assert all(one.advice for one in findings)


def test_a_file_that_is_no_text() -> None:
    assert [one.code for one in read_partner_statement(b"\xff\xfe\x00", "x.csv")[1]] == [
        "PARTNER-STATEMENT-FILE"
    ]


def test_recorded_and_compared_with_the_books(sqlite_url: str) -> None:
    books: Books = books_of(sqlite_url, XAFA=False)
    receive(books, "XAFA", "R1", 20250601, "E", 12_259 * KG, US="1")
    receive(books, "XAFA", "R2", 20260114, "E", 72 * KG, US="1")
    put(books, "ledger", change("XAFA", "LD", 20251001, "X", "E", 9 * KG))
    with pytest.raises(NotFoundError, match="no statement of US"):
        reading(books, reconcile, "US", 2025)
    text = (
        HEAD + "E,receipts from abroad,12259,kg,S-R1,2025-05-20\n"
        "E,receipts from abroad,72,kg,DOC-R2,2025-12-29\nE,closing,12331,kg,,\n"
    )
    with pytest.raises(RefusedError) as error:
        record_partner_statement(books.database, books.actor, "US", 2025, b"x", "x.csv")
    assert [one.code for one in error.value.findings] == ["PARTNER-STATEMENT-FILE"]
    record_partner_statement(
        *(books.database, books.actor, "US", 2025, text.encode(), "us.csv"), clock=clock
    )
    found = reading(books, reconcile, "US", 2025)
    (category,) = found.to_dict()["categories"]
    assert category["stands_for"][-1] == ENRICHED
    assert (category["ours"], category["theirs"], category["difference"]) == (
        "12250",
        "12331",
        "81",
    )
    assert [(one["cause"], one["amount"]) for one in category["causes"]] == [
        ("timing", "72"),
        ("unexplained", "9"),
    ]
    assert ("measured discards", "-9", "0") in [
        (one["line"], one["ours"], one["theirs"]) for one in category["lines"]
    ]


def test_the_pipeline_refuses_what_no_file_reader_saw(sqlite_url: str) -> None:
    books: Books = books_of(sqlite_url, XAFA=False)
    lines = (("XX", "1", "PARTNER-STATEMENT-PARTNER"), ("US", "1,5", "PARTNER-STATEMENT-AMOUNT"))
    for partner, amount, code in lines:
        draft = Draft("obligations.partner", f"test:{code}")
        values = {"partner": partner, "year": 2025, "category": "E", "line": "closing"}
        draft.add("obligation_partner_statement", values, scope="XA", amount=amount, unit="kg")
        with pytest.raises(RefusedError) as error:
            post(checked(sqlite_url), draft, books.actor, clock=clock)
        assert [one.code for one in error.value.findings] == [code]
