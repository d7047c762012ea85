"""The annual statement: rows, causes and rounding as arithmetic; then issued from books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.api import Books
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.obligations.annual_statement import (
    AnnualStatement,
    annual_statement,
    issue_statement,
    issued_statements,
)
from keiryo.obligations.holdings import Holding, Line, Move
from keiryo.obligations.statement_forms import (
    STATEMENT_COLUMNS,
    as_csv,
    statement_document,
    statement_pdf,
    words_in,
)
from keiryo.obligations.statement_table import (
    BULK_AREAS,
    CATEGORIES,
    CAUSES,
    DEPLETED,
    ENRICHMENT_PLANTS,
    GROUPS,
    HEU,
    IN_ENRICHMENT,
    IRRADIATED_PU,
    LABELS,
    LEU,
    ON_ITS_WAY,
    RECLASSED,
    RETAINED_WASTE,
    SEPARATED_PU,
    Kinds,
    RowKey,
    StatementRow,
    decimal_in,
    statement_rows,
    year_rows,
)
from obligations.statement_books import books_of, change, checked, clock, put, reading, receive

KG = 1_000_000
FIRST, LAST = 20260101, 20261231
LINE = Line(1, 1)
PLANT = {"XAFA": BULK_AREAS, "XAEN": ENRICHMENT_PLANTS}


def book(mba: str, category: str, name: str = "(pool)", account: str = "book") -> Holding:
    return Holding(mba, account, name, category)


def outside(account: str, mba: str = "XAFA", category: str = "E", name: str = "") -> Holding:
    return Holding(mba, account, name, category)


def move(
    day: int, kind: str, source: Holding, target: Holding, labels: str, mg: int, after: str = ""
) -> Move:
    return Move("XAFA", day, kind, source, labels, target, after or labels, mg, LINE)


def rows_of(
    moves: list[Move], partner: str, unit_mg: int = KG, kinds: Kinds | None = None
) -> dict[RowKey, StatementRow]:
    found = year_rows(moves, partner, FIRST, LAST, kinds or Kinds(PLANT))
    return {row.key: row for row in statement_rows(found, partner, unit_mg)}


POOL = book("XAFA", "E")


def test_opening_causes_and_closing() -> None:
    """12 259 kg, 72 kg come from abroad, a loss and retained waste: what stands apart."""
    moves = [
        move(20250331, "OPENING", outside("opening"), POOL, "AU+US", 7000 * KG),
        move(20250331, "OPENING", outside("opening"), POOL, "CA", 4500 * KG),
        move(20250331, "OPENING", outside("opening"), POOL, "-", 500 * KG),
        move(20260114, "RECEIPT", outside("abroad", name="US/XUAA"), POOL, "AU+US", 72 * KG),
        move(20260201, "WASTE", POOL, book("XAFA", "E", account="retained_waste"), "AU+US", 7 * KG),
        move(20260301, "MUF", POOL, outside("unaccounted"), "CA", 2 * KG),
        move(20270101, "RECEIPT", outside("abroad"), POOL, "AU+US", 9 * KG),
    ]
    kinds = Kinds(PLANT, {("XAFA", "(pool)", "E"): [(20250331, LEU)]})
    found = rows_of(moves, "US", kinds=kinds)
    row = found[RowKey(LEU, BULK_AREAS)]
    assert (row.opening, row.closing, row.rounding) == (7000, 7065, 0)
    assert row.changes == (("receipts from abroad", 72), ("transfers to retained waste", -7))
    waste = found[RowKey(LEU, RETAINED_WASTE)]
    assert (waste.opening, waste.changes, waste.closing) == (
        *(0, (("transfers to retained waste", 7),), 7),
    )
    assert rows_of(moves, "KZ", kinds=kinds) == {}


def test_a_label_that_is_added_by_enrichment_and_what_is_uranium_in_enrichment_plants() -> None:
    feed, product, tails = (book("XAEN", letter) for letter in "NED")
    moves = [
        move(20251231, "RECEIPT", outside("abroad"), feed, "AU", 8000 * KG),
        move(20260501, "CATEGORY", feed, product, "AU", 1000 * KG, "AU+US"),
        move(20260501, "CATEGORY", feed, tails, "AU", 7000 * KG, "AU+US"),
    ]
    australia, america = rows_of(moves, "AU"), rows_of(moves, "US")
    assert [(key.category, row.closing) for key, row in australia.items()] == [
        (IN_ENRICHMENT, 0),
        (DEPLETED, 7000),
        ("enriched uranium", 1000),
    ]
    assert america[RowKey(DEPLETED, ENRICHMENT_PLANTS)].changes == ((LABELS, 7000),)
    assert RowKey(IN_ENRICHMENT, ENRICHMENT_PLANTS) not in america


def test_plutonium_passes_from_separated_to_irradiated_when_the_books_say_so() -> None:
    fuel = book("XAFA", "P", "FA-1")
    moves = [
        move(20251101, "RECEIPT", outside("abroad", category="P"), fuel, "GB", 5 * KG),
        move(20260801, "LOSS", fuel, outside("nuclear_loss", category="P"), "GB", 1 * KG),
    ]
    told = {("XAFA", "FA-1", "P"): [(20251101, SEPARATED_PU), (20260701, IRRADIATED_PU)]}
    found = rows_of(moves, "GB", kinds=Kinds(PLANT, told))
    assert found[RowKey(SEPARATED_PU, BULK_AREAS)].changes == ((RECLASSED, -5),)
    assert found[RowKey(IRRADIATED_PU, BULK_AREAS)].changes == (
        (RECLASSED, 5),
        ("nuclear loss", -1),
    )


def test_transit_belongs_to_the_batch_and_high_enriched_uranium_is_told_by_the_books() -> None:
    way = Holding("XAFA", "domestic_transit", "XAEN/H-1", "E")
    moves = [
        move(20251101, "RECEIPT", outside("abroad"), book("XAFA", "E", "H-1"), "US", 3 * KG),
        move(20261230, "SHIPMENT", book("XAFA", "E", "H-1"), way, "US", 3 * KG),
    ]
    kinds = Kinds(PLANT, {("XAFA", "H-1", "E"): [(20251101, HEU)]})
    found = rows_of(moves, "US", kinds=kinds)
    assert found[RowKey(HEU, ON_ITS_WAY)].changes == (("domestic transfers", 3),)
    assert found[RowKey(HEU, BULK_AREAS)].closing == 0


def test_rounding_is_a_line_of_its_own() -> None:
    """Two receipts of 400 g close with 1 kg; each cause in kilograms says 0 and 0."""
    moves = [
        move(20260201, "RECEIPT", outside("abroad"), POOL, "US", 400_000),
        move(20260301, "RECEIPT", outside("starting_point"), POOL, "US", 400_000),
    ]
    (row,) = rows_of(moves, "US").values()
    assert (row.opening, row.changes, row.rounding, row.closing) == (0, (), 1, 1)
    (exact,) = rows_of(moves, "US", 1).values()
    assert exact.rounding == 0 and exact.closing == 800_000


def test_decimals_are_exact() -> None:
    assert [decimal_in(mg, KG) for mg in (0, 1, -1_500_000, 72 * KG)] == [
        *("0", "0.000001", "-1.5", "72"),
    ]


SETS = ("-", "AU", "AU+US", "CA", "US")
STORE = Holding("XAEN", "book", "(pool)", "E")
WASTE = Holding("XAFA", "retained_waste", "(pool)", "E")


@st.composite
def year_of_moves(draw: st.DrawFn) -> list[Move]:
    """Return moves in which nothing is taken that is not there."""
    held: dict[tuple[Holding, str], int] = {}
    moves: list[Move] = []
    for _ in range(draw(st.integers(1, 25))):
        day = draw(st.sampled_from((20250601, 20260105, 20260630, 20261231, 20270101)))
        key = draw(st.sampled_from(SETS))
        full = [one for one, mg in sorted(held.items()) if mg > 0]
        if full and draw(st.booleans()):
            source, key = full[draw(st.integers(0, len(full) - 1))]
            mg = draw(st.integers(1, held[source, key]))
            target = draw(st.sampled_from((STORE, POOL, WASTE, outside("nuclear_loss"))))
            after = draw(st.sampled_from((key, key, *SETS)))
            kind = "CATEGORY" if source != target else "RELABEL"
            moves.append(move(day, kind, source, target, key, mg, after))
            held[source, key] -= mg
            held[target, after] = held.get((target, after), 0) + mg * (
                target.account != "nuclear_loss"
            )
        else:
            mg = draw(st.integers(1, 3_000_000))
            moves.append(move(day, "RECEIPT", outside("abroad"), POOL, key, mg))
            held[POOL, key] = held.get((POOL, key), 0) + mg
    return moves


def _naive(moves: list[Move], partner: str, last: int) -> int:
    total = 0
    for one in moves:
        if one.day <= last:
            for side, key, sign in (
                (one.source, one.labels_from, -1),
                (one.target, one.labels_to, 1),
            ):
                if side in (POOL, STORE, WASTE) and partner in key.split("+"):
                    total += sign * one.element_mg
    return total


@settings(max_examples=150, deadline=None)
@given(year_of_moves(), st.sampled_from(("AU", "US", "CA")), st.sampled_from((1, 1000, KG)))
def test_every_row_closes_in_every_unit(moves: list[Move], partner: str, unit_mg: int) -> None:
    moves.sort(key=lambda one: one.day)
    cells = year_rows(moves, partner, FIRST, LAST, Kinds(PLANT))
    rows = statement_rows(cells, partner, unit_mg)
    for row in rows:
        changed = sum(amount for _, amount in row.changes)
        assert row.opening + changed + row.rounding == row.closing
        assert unit_mg > 1 or row.rounding == 0
    assert sum(row.closing_mg for row in rows) == _naive(moves, partner, LAST)
    assert sum(row.opening_mg for row in rows) == _naive(moves, partner, FIRST - 1)
    next_year = year_rows(moves, partner, 20270101, 20271231, Kinds(PLANT))
    opening = {
        row.key: row.opening for row in statement_rows(next_year, partner, unit_mg) if row.opening
    }
    assert opening == {row.key: row.closing for row in rows if row.closing}


# --- from books -----------------------------------------------------------------------------------


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = books_of(sqlite_url, XAFA=False, XAFB=True)
    receive(made, "XAFA", "R1", 20250601, "E", 1000 * KG, AU_US="7/10", CA="3/10")
    receive(made, "XAFA", "R2", 20260114, "E", 72 * KG, US="1")
    out = change("XAFA", "SF", 20260301, "X", "E", 100 * KG, shipper="XA/XAFA", receiver="US/XUAA")
    put(made, "ledger", out)
    return made


def told(statement: AnnualStatement) -> list[tuple[str, str]]:
    return [(one["line"], one["amount"]) for one in statement.lines]


def issued(books: Books, partner: str, year: int, **more: str) -> AnnualStatement:
    return issue_statement(books.database, books.actor, partner, year, clock=clock, **more)[1]


def test_a_statement_is_issued_and_its_issues_are_counted(books: Books) -> None:
    first = issued(books, "AU", 2026, peaceful_use="Used for peaceful purposes only.")
    assert told(first) == [("opening", "700"), ("shipments abroad", "-65"), ("closing", "635")]
    assert [one.values["consents"] for one in first.transfers] == [["AU-1"]]
    assert first.transfers[0].values["quantity"] == "65.298507"
    assert (first.issue, first.author, first.label.agreement_words) == (
        *(1, "P-TEST2345", "Agreement with AU"),
    )
    assert issued(books, "AU", 2026).issue == 2
    (one, two) = reading(books, issued_statements, "AU")
    assert (one.issue, two.issue, one.through_act) == (1, 2, first.through_act)
    assert one.amounts("closing") == {RowKey("enriched uranium", BULK_AREAS): Decimal(635)}


def test_the_opening_is_the_last_closing_unless_a_correction_says_why(books: Books) -> None:
    issued(books, "US", 2025)
    same = reading(books, annual_statement, "US", 2026)
    assert same.corrections == () and same.previous is not None and same.previous.issue == 1
    late = receive(books, "XAFA", "LATE", 20251201, "E", 10 * KG, US="1")
    after = reading(books, annual_statement, "US", 2026)
    (correction,) = after.corrections
    assert (correction.previous, correction.amount, correction.opening) == ("700", "10", "710")
    assert told(after)[0] == ("correction", "10")
    assert [one.values for one in after.correcting] == [
        {"act": late, "category": "E", "quantity": "10"}
    ]
    assert [one.code for one in after.findings] == ["STATEMENT-CORRECTED"]


def test_bad_requests(books: Books) -> None:
    with pytest.raises(NotFoundError, match="is no label here"):
        reading(books, annual_statement, "XX", 2026)
    with pytest.raises(NotFoundError, match="no labels were kept in 2023"):
        reading(books, annual_statement, "US", 2023)
    with pytest.raises(UsageError, match="not made in 'lb'"):
        reading(books, annual_statement, "US", 2026, "lb")
    with pytest.raises(RefusedError) as error:
        issued(books, "US", 2027)
    assert [one.code for one in error.value.findings] == ["STATEMENT-YEAR"]


def test_what_owes_is_told(books: Books) -> None:
    out = change("XAFA", "LD", 20260701, "X", "E", 2000 * KG)
    put(books, "ledger", out)
    found = reading(books, annual_statement, "CA", 2026)
    assert "STATEMENT-OWING" in [one.code for one in found.findings]


def line_of(**more: Any) -> tuple[str, dict[str, Any]]:
    values = {
        "partner": "US", "year": 2025, "issue": 1, "category": LEU, "place_group": BULK_AREAS,
        "line": "closing", "amount": "0", "unit": "kg", "through_act": 1, **more,
    }  # fmt: skip
    return "obligation_statement", values


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"partner": "XX"}, "STATEMENT-PARTNER"),
        ({"amount": "1,5"}, "STATEMENT-AMOUNT"),
        ({"unit": "lb"}, "STATEMENT-AMOUNT"),
        ({"issue": 3}, "STATEMENT-ISSUE"),
        ({"amount": "5"}, "STATEMENT-NOT-CLOSING"),
    ],
)
def test_the_pipeline_refuses_a_wrong_statement(
    books: Books, sqlite_url: str, more: dict[str, Any], code: str
) -> None:
    draft = Draft("obligations.statement", f"test:{code}")
    name, values = line_of(**more)
    draft.add(name, {"scope": "XA", **values})
    with pytest.raises(RefusedError) as error:
        post(checked(sqlite_url), draft, books.actor, clock=clock)
    assert [one.code for one in error.value.findings] == [code]


def test_an_issued_statement_passes_the_pipeline(books: Books, sqlite_url: str) -> None:
    database = checked(sqlite_url)
    for unit in ("kg", "t", "g", "mg"):
        issue_statement(database, books.actor, "AU", 2026, unit, clock=clock)
    assert [one.issue for one in reading(books, issued_statements, "AU")] == [1, 2, 3, 4]


def test_irradiation_exchange_waste_and_ended_items_by_batch(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFB=True)
    receive(books, "XAFB", "FA-1", 20250601, "E", 460 * KG, AU_US="3/5", CA_US="3/10", none="1/10")
    told_of = {"mdc": "B/Q/4/G"}
    put(
        books,
        "ledger",
        change("XAFB", "LN", 20260401, "FA-1", "E", 20 * KG, **told_of),
        change("XAFB", "NP", 20260401, "FA-1", "P", 4_600_000, **told_of),
    )
    found = reading(books, annual_statement, "US", 2026, "g")
    plutonium = [one["amount"] for one in found.lines if one["category"] == IRRADIATED_PU]
    assert plutonium == ["0", "4140", "4140"]
    (ended,) = found.ended
    assert (ended.values["what"], ended.values["quantity"]) == ("consumed", "18000")


def test_forms(books: Books) -> None:
    made = reading(books, annual_statement, "AU", 2026, author="P-1", peaceful_use="#strong[x]")
    table = as_csv(made.lines, STATEMENT_COLUMNS).decode().splitlines()
    assert table[:2] == [
        *("category,place_group,line,amount,unit", "enriched uranium,bulk areas,opening,700,kg"),
    ]
    document = statement_document(made, "ja")
    assert document["sections"][0]["rows"][0][:3] == ["濃縮ウラン", "バルク取扱区域", "期首"]
    pdf = statement_pdf(made, "ja")
    assert pdf.startswith(b"%PDF") and pdf == statement_pdf(made, "ja")
    with pytest.raises(UsageError, match="no statements in 'fr'"):
        statement_document(made, "fr")


def test_all_fixed_words_have_both_languages() -> None:
    english, japanese = words_in("en"), words_in("ja")
    assert english.keys() == japanese.keys()
    fixed = (*CATEGORIES, *GROUPS, *CAUSES, *OTHER_LINES)
    assert not [one for one in fixed if one not in english]


OTHER_LINES = ("opening", "closing", "rounding", "correction")
