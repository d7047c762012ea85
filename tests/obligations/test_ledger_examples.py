"""The worked examples of obligation accounting through the ledger, to the digit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from obligations.ledger_books import (
    LabelBooks,
    Line,
    category_change,
    change,
    consent,
    designated,
    exchanged,
    exported,
    imported,
    listed,
    opening,
    place_rule,
    rebatched,
    receipt,
)

G, KG = 1_000, 1_000_000


@pytest.fixture
def books(sqlite_url: str) -> Iterator[LabelBooks]:
    made = LabelBooks(sqlite_url, pools="XAPA XAPB", batches="XABA XABB")
    yield made
    made.database.close()


def with_labels(mba: str, day: int, batch: str, category: str, **cells: int) -> list[Line]:
    """Return a receipt from abroad and its labels; ``none`` stands for no label."""
    keys = {name: "-" if name == "none" else name.replace("_", "+") for name in cells}
    whole = sum(cells.values())
    lines: list[Line] = [imported(mba, day, batch, category, whole)]
    for name, mg in cells.items():
        lines.append(receipt(mba, batch, keys[name], element_mg=mg))
    return lines


def blended(books: LabelBooks, mba: str) -> None:
    first = {"AU_US": 600 * KG, "CA": 300 * KG, "none": 100 * KG}
    second = {"CA": 350 * KG, "AU_US": 100 * KG, "KZ": 50 * KG}
    books.post(
        *with_labels(mba, 20250110, "A", "E", **first),
        *with_labels(mba, 20250111, "B", "E", **second),
    )


def test_blending_and_a_draw_of_400_kg_from_a_pool(books: LabelBooks) -> None:
    blended(books, "XAPA")
    pool = {"-": 100 * KG, "AU+US": 700 * KG, "CA": 650 * KG, "KZ": 50 * KG}
    assert books.held()["XAPA/(pool)/E"] == pool
    books.post(change("XAPA", "LD", 20250201, "D", "E", 400 * KG))
    left = books.held()["XAPA/(pool)/E"]
    drawn = {key: pool[key] - left[key] for key in pool}
    assert drawn == {"-": 26666667, "AU+US": 186666667, "CA": 173333333, "KZ": 13333333}
    assert sum(drawn.values()) == 400 * KG


def test_the_same_in_grams_of_the_document(books: LabelBooks) -> None:
    books.post(
        *with_labels("XAPA", 20250110, "A", "E", AU_US=600, CA=300, none=100),
        *with_labels("XAPA", 20250111, "B", "E", CA=350, AU_US=100, KZ=50),
        change("XAPA", "LD", 20250201, "D", "E", 400),
    )
    left = books.held()["XAPA/(pool)/E"]
    drawn = {
        key: mg - left[key] for key, mg in {"AU+US": 700, "CA": 650, "KZ": 50, "-": 100}.items()
    }
    assert drawn == {"AU+US": 187, "CA": 173, "KZ": 13, "-": 27}


def test_in_units_of_a_gram_as_the_document_rounds(books: LabelBooks) -> None:
    kilo = 1_000
    books.post(
        *with_labels("XABA", 20250110, "A", "E", AU_US=600 * kilo, CA=300 * kilo, none=100 * kilo),
        *with_labels("XABA", 20250111, "B", "E", CA=350 * kilo, AU_US=100 * kilo, KZ=50 * kilo),
        *rebatched(
            "XABA", 20250112, "E", [("A", 1000 * kilo), ("B", 500 * kilo)],
            [("P-1", 400 * kilo), ("P-2", 1100 * kilo)],
        ),
    )  # fmt: skip
    held = books.held()
    first, rest = held["XABA/P-1/E"], held["XABA/P-2/E"]
    assert first == {"-": 26667, "AU+US": 186667, "CA": 173333, "KZ": 13333}
    whole = {key: first[key] + rest[key] for key in first}
    assert whole == {"-": 100000, "AU+US": 700000, "CA": 650000, "KZ": 50000}


def test_a_designated_draw(books: LabelBooks) -> None:
    blended(books, "XAPA")
    books.post(
        designated("XAPA", "LD", 20250201, "D", "E", "CA", 390 * KG),
        designated("XAPA", "LD", 20250201, "D", "E", "-", 10 * KG),
        change("XAPA", "LD", 20250201, "D", "E", 400 * KG),
    )
    assert books.held()["XAPA/(pool)/E"] == {
        "-": 90 * KG, "AU+US": 700 * KG, "CA": 260 * KG, "KZ": 50 * KG,
    }  # fmt: skip


def test_enrichment_under_an_agreement_that_attaches_its_own_label(books: LabelBooks) -> None:
    tails = 7_134_490_239
    feed = 1000 * KG + tails
    books.post(
        place_rule("XAPA", attaches="US", attaches_to="enrichment"),
        imported("XAPA", 20250110, "F", "N", feed),
        receipt("XAPA", "F", "AU", "0.6"),
        receipt("XAPA", "F", "CA", "0.4"),
    )
    books.post(
        *category_change("XAPA", "NE", 20250301, "F", 1000 * KG),
        *category_change("XAPA", "ND", 20250301, "F", tails),
    )
    held = books.held()
    assert held["XAPA/(pool)/E"] == {"AU+US": 600 * KG, "CA+US": 400 * KG}
    assert held["XAPA/(pool)/D"] == {"AU+US": 4_280_694_143, "CA+US": 2_853_796_096}
    assert "XAPA/(pool)/N" not in held


def test_a_cell_that_has_the_attached_label_is_unchanged(books: LabelBooks) -> None:
    books.post(
        place_rule("XAPA", attaches="US", attaches_to="enrichment"),
        *with_labels("XAPA", 20250110, "F", "N", AU_US=60 * KG, AU=40 * KG),
        *category_change("XAPA", "NE", 20250301, "F", 100 * KG),
    )
    assert books.held() == {"XAPA/(pool)/E": {"AU+US": 100 * KG}}


@pytest.mark.parametrize("equipment", [False, True])
def test_irradiation_of_an_assembly(books: LabelBooks, equipment: bool) -> None:
    cells = {"AU_US": 276 * KG, "CA_US": 138 * KG, "KZ": 46 * KG}
    books.post(*with_labels("XABA", 20250110, "FA-1", "E", **cells))
    if equipment:
        books.post(place_rule("XABA", attaches="US", attaches_to="production"))
    books.post(
        change("XABA", "LN", 20260110, "FA-1", "E", 24_800 * G),
        change("XABA", "NP", 20260110, "FA-1", "P", 4_600 * G),
    )
    held = books.held()
    assert held["XABA/FA-1/E"] == {"AU+US": 261_120 * G, "CA+US": 130_560 * G, "KZ": 43_520 * G}
    last = "KZ+US" if equipment else "KZ"
    assert held["XABA/FA-1/P"] == {"AU+US": 2_760 * G, "CA+US": 1_380 * G, last: 460 * G}


def test_the_loss_of_decay_is_shared_within_the_batch(books: LabelBooks) -> None:
    books.post(
        *with_labels("XABA", 20250110, "PU", "P", AU_US=2_760_000, CA_US=1_380_000, KZ=460_000)
    )
    books.post(change("XABA", "LN", 20300110, "PU", "P", 118_439))
    left = books.held()["XABA/PU/P"]
    lost = {"AU+US": 2_760_000 - left["AU+US"], "CA+US": 1_380_000 - left["CA+US"],
            "KZ": 460_000 - left["KZ"]}  # fmt: skip
    assert lost == {"AU+US": 71_063, "CA+US": 35_532, "KZ": 11_844}


def stratum(books: LabelBooks) -> None:
    books.post(
        *with_labels("XAPA", 20250110, "S", "E", AU_US=7000 * KG, CA=4500 * KG, none=500 * KG)
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_muf_is_shared_by_the_stratum(books: LabelBooks, sign: int) -> None:
    stratum(books)
    books.post(listed("XAPA", 20251231, "S", "E", 12_000 * KG - sign * 3_500 * G))
    left = books.held()["XAPA/(pool)/E"]
    before = {"AU+US": 7000 * KG, "CA": 4500 * KG, "-": 500 * KG}
    muf = {key: sign * (mg - left[key]) for key, mg in before.items()}
    assert muf == {"AU+US": 2_041_667, "CA": 1_312_500, "-": 145_833}


def test_retained_waste_keeps_its_labels(books: LabelBooks) -> None:
    stratum(books)
    books.post(change("XAPA", "TW", 20250601, "S", "E", 12_400 * G))
    kept = books.held(accounts=("retained_waste",))["retained_waste:XAPA/(pool)/E"]
    assert kept == {"AU+US": 7_233_333, "CA": 4_650_000, "-": 516_667}
    books.post(change("XAPA", "FW", 20250701, "S", "E", 12_400 * G))
    assert books.held()["XAPA/(pool)/E"] == {"AU+US": 7000 * KG, "CA": 4500 * KG, "-": 500 * KG}


def test_an_exchange(books: LabelBooks) -> None:
    books.post(
        *with_labels("XAPA", 20250110, "X", "E", AU=25 * G),
        *with_labels("XAPB", 20250110, "Y", "E", none=25 * G),
    )
    books.post(exchanged("X-1", 20250201, ("XAPA", "AU"), ("XAPB", "-"), "E", 25 * G))
    assert books.held() == {"XAPA/(pool)/E": {"-": 25 * G}, "XAPB/(pool)/E": {"AU": 25 * G}}
    before = books.held(20250131)
    assert before == {"XAPA/(pool)/E": {"AU": 25 * G}, "XAPB/(pool)/E": {"-": 25 * G}}


def test_a_consent_covers_the_shipment_and_not_each_cell(books: LabelBooks) -> None:
    from keiryo.errors import RefusedError

    books.post(*with_labels("XAPA", 20250110, "S", "E", AU=100, AU_US=100))
    books.post(consent("AU-1", "AU", element_mg=150), consent("US-1", "US"))
    with pytest.raises(RefusedError) as refused:
        books.post(exported("XAPA", 20250301, "S", "E", 200))
    (finding,) = refused.value.findings
    assert (finding.code, finding.expected) == ("CONSENT-MISSING", "0.05 g")
    books.post(consent("AU-2", "AU", element_mg=50))
    books.post(exported("XAPA", 20250301, "S", "E", 200))
    assert books.held() == {}


def test_an_opening_of_shares(books: LabelBooks) -> None:
    lines = [
        imported("XAPA", 20241201, "S", "E", 1000),
        ("obligation_beginning", {"scope": "XA", "on_day": 20241231, "reason": "again"}),
        *(opening("XAPA", "E", label, share="1/3") for label in ("AU", "CA", "US")),
    ]
    books.post(*lines)
    assert books.held() == {"XAPA/(pool)/E": {"AU": 334, "CA": 333, "US": 333}}
