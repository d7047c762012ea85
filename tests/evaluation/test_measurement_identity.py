"""Which measurement a line rests on: occasions, lives, deletions, mixtures, items, instruments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cases.making import Entry, change, deleted, listed
from evaluation.evaluation_books import MBA, EvaluationBooks, codes, kilograms
from keiryo.accounts.model import Knowledge
from keiryo.evaluation.model import LISTED, BookLine
from keiryo.evaluation.origins import measured_parts
from keiryo.quantities import Category
from small_books import area, batch

YEAR = "20250101/20251231"
LAST = "20251231"
ROOT2 = 2**0.5


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationBooks]:
    """One database; each test has an area of its own."""
    found = EvaluationBooks(f"sqlite:///{tmp_path_factory.mktemp('identity') / 'books.sqlite'}")
    yield found
    found.database.close()


def begun(shared: EvaluationBooks, *batches: dict[str, Any], **source: Any) -> EvaluationBooks:
    """Return books with one random source of 1 % for everything."""
    books = shared.new_area(area("bulk", *batches))
    books.source("R", "random", "0.01", **source)
    books.stratum("all", "R")
    return books


def held(name: str, kg: str, items: int = 0) -> dict[str, Any]:
    return batch(name, items, _630=f"{kg}000", _670="0")


def moved(code: str, day: str, name: str, kg: str, **more: Any) -> Entry:
    if code == "RD":
        more = {"shipper": "XH/XHRA", "receiver": f"XH/{MBA}", "shipper_batch": "S", **more}
    if code == "SD":
        more |= {"shipper": f"XH/{MBA}", "receiver": "XH/XHRA"}
    return change(code, f"2025{day}", name, f"630:{kg}000 670:0", **more)


def sigma(books: EvaluationBooks, **asked: Any) -> float:
    found = books.evaluate(category="E", **asked)
    assert found.last.element.sigma_kg is not None, codes(found)
    return found.last.element.sigma_kg


REST = kilograms("X", "1", basis="T")


# --- one error per batch: of one occasion --------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "shipped", "wanted"),
    [("0901", "100", ROOT2), ("0901", "98", (1 + 0.98**2) ** 0.5), ("0201", "100", ROOT2)],
)
def test_measurements_of_a_batch_on_two_occasions(
    shared: EvaluationBooks, day: str, shipped: str, wanted: float
) -> None:
    books = begun(shared, held("X", "1"), one_error_per="batch")
    entries = [moved("RD", "0201", "C", "100", basis="N"), moved("SD", day, "C", shipped)]
    books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, REST)
    assert sigma(books) == pytest.approx(wanted, rel=1e-12)


def test_lines_of_one_occasion_share_the_error_of_a_batch(shared: EvaluationBooks) -> None:
    """Two drums of one blend weighed on one day share its error; the one of a later day not."""
    books = begun(shared, held("X", "1"), one_error_per="batch")
    books.change(
        1,
        moved("TW", "0201", "W", "10"),
        moved("TW", "0201", "W", "20"),
        moved("TW", "0301", "W", "10"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, REST)
    assert sigma(books) == pytest.approx((0.3**2 + 0.1**2) ** 0.5, rel=1e-12)


def test_batch_name_used_again_in_the_next_balance(shared: EvaluationBooks) -> None:
    books = begun(shared, held("X", "1"), one_error_per="batch")
    for number, (first, last) in enumerate((("0101", "0331"), ("0401", "0630"))):
        month = f"{int(first[:2]) + 1:02d}"
        books.change(
            2 * number + 1,
            moved("RD", f"{month}01", "C", "100", basis="N", shipper_batch=f"S{number}"),
            moved("SD", f"{month}20", "C", "100"),
            period=f"2025{first}/2025{last}",
        )
        books.take_inventory(2 * number + 2, f"2025{last}", REST)
    found = books.evaluate()
    assert [b.element.sigma_kg for b in found.balances] == pytest.approx([ROOT2, ROOT2], rel=1e-12)


# --- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("basis", "wanted"), [("T", 0.01), ("M", (1 + 0.99**2) ** 0.5)])
def test_result_of_an_earlier_measurement(
    shared: EvaluationBooks, basis: str, wanted: float
) -> None:
    books = begun(shared, held("B", "100"), method="M")
    books.result(f"early-{books.mba}", "B", 20241220)
    books.take_inventory(1, LAST, kilograms("B", "99", basis=basis))
    assert sigma(books) == pytest.approx(wanted, rel=1e-9)


def test_result_of_the_receipt_is_not_of_the_shipment(shared: EvaluationBooks) -> None:
    books = begun(shared, held("X", "1"), method="M")
    books.result(f"receipt-{books.mba}", "C", 20250131)
    entries = [moved("RD", "0201", "C", "100", basis="N"), moved("SD", "0901", "C", "98")]
    books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, REST)
    assert sigma(books) == pytest.approx((1 + 0.98**2) ** 0.5, rel=1e-12)


def stated(day: int, code: str, name: str, uid: str, kg: int, basis: str, items: int = 0) -> Any:
    return BookLine(day, code, 1, day, name, uid, "1", "F/R/N/C", items, basis, kg * 10**6, None)


def test_results_are_of_one_life_of_a_name() -> None:
    """The name is used again: results until the first batch was gone are not of the second."""
    lines = [
        stated(20250201, "RD", "C", "A/C#1", 100, "N"),
        stated(20250301, "SD", "C", "A/C#1", 100, "L"),
        stated(20250501, "RD", "C", "A/C#2", 100, "N"),
        stated(20251231, LISTED, "C", "A/C#2", 100, "T"),
    ]
    days = {"C": [20250131, 20250430]}
    parts, measurements = measured_parts(lines, Category.ENRICHED, {}, days)
    assert [own[0].measurement for own in parts] == [0, 0, 1, 1]
    assert [(m.after, m.before) for m in measurements] == [(0, 20250501), (20250301, 99991231)]


# --- category changes ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["ED", "LD"])
def test_a_measured_part_leaves_the_rest_as_it_was(shared: EvaluationBooks, code: str) -> None:
    books = begun(shared, held("A", "100"), batch("X", _620="1"))
    content = "630:10000 670:0" + (" 620:10" if code == "ED" else "")
    books.change(1, change(code, "20250301", "A", content), period=YEAR)
    other = "11" if code == "ED" else "1"
    books.take_inventory(2, LAST, kilograms("A", "90", basis="T"), listed("X", f"620:{other}"))
    assert sigma(books) == pytest.approx(0.1 * ROOT2, rel=1e-12)


# --- rebatching ----------------------------------------------------------------------------------


def test_deleted_rebatching(shared: EvaluationBooks) -> None:
    books = begun(shared, held("A", "100"))
    entries = [
        moved("RM", "0301", "A", "100", basis="T"),
        moved("RP", "0301", "B", "100", basis="T"),
    ]
    act = books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, kilograms("B", "100", basis="T"))
    assert sigma(books) == 0.0
    last = books.change(3, *(deleted(f"XH;1/{n}") for n in (1, 2)), period=YEAR)
    assert sigma(books) == pytest.approx(ROOT2, rel=1e-12)
    assert sigma(books, knowledge=Knowledge(through_act=last - 1)) == 0.0 and act < last


def test_rebatching_that_was_not_known_yet(shared: EvaluationBooks) -> None:
    books = begun(shared, held("A", "100"))
    books.take_inventory(1, LAST, kilograms("B", "100", basis="T"))
    before = books.evaluate(category="E").last
    entries = [
        moved("RM", "0301", "A", "100", basis="T"),
        moved("RP", "0301", "B", "100", basis="T"),
    ]
    act = books.change(2, *entries, period=YEAR)
    assert sigma(books) == 0.0
    again = books.evaluate(category="E", knowledge=Knowledge(through_act=act - 1)).last
    assert again.element.sigma_kg == before.element.sigma_kg == pytest.approx(ROOT2, rel=1e-12)
    assert again.inputs_digest == before.inputs_digest


# --- mixtures ------------------------------------------------------------------------------------


MIXTURES: dict[str, tuple[list[dict[str, Any]], list[Entry], list[Entry]]] = {
    "received into a batch": (
        [held("A", "100")],
        [moved("RD", "0201", "A", "50", basis="N")],
        [kilograms("A", "150", basis="T")],
    ),
    "received twice": (
        [held("X", "1")],
        [
            moved("RD", "0201", "A", "50", basis="N"),
            moved("RD", "0301", "A", "50", basis="N", shipper_batch="S2"),
        ],
        [kilograms("A", "100", basis="T"), REST],
    ),
    "gain into a batch": (
        [held("A", "100")],
        [moved("GA", "0301", "A", "1")],
        [kilograms("A", "101", basis="T")],
    ),
    "two batches made one": (
        [held("A", "100"), held("B", "50")],
        [
            moved("RM", "0301", "A", "100", basis="T"),
            moved("RM", "0301", "B", "50", basis="T"),
            moved("RP", "0301", "C", "150", basis="T"),
        ],
        [kilograms("C", "150", basis="T")],
    ),
    "parts of two batches made one, then parted": (
        [held("A", "100"), held("B", "50")],
        [
            moved("RM", "0301", "A", "40", basis="T"),
            moved("RM", "0301", "B", "20", basis="T"),
            moved("RP", "0301", "C", "60", basis="T"),
            moved("SD", "0601", "C", "15", basis="T"),
        ],
        [
            kilograms("C", "45", basis="T"),
            kilograms("A", "60", basis="T"),
            kilograms("B", "30", basis="T"),
        ],
    ),
    "listed at two places": (
        [held("A", "100")],
        [moved("RD", "0201", "A", "50", basis="N")],
        [kilograms("A", "90", basis="T"), kilograms("A", "60", basis="T", kmp="B")],
    ),
    "two places again": (
        [held("A", "50"), held("A", "50") | {"kmp": "B"}],
        [],
        [kilograms("A", "50", basis="T"), kilograms("A", "50", basis="T", kmp="B")],
    ),
}


@pytest.mark.parametrize("name", MIXTURES)
def test_mixture_rests_on_all_its_measurements(shared: EvaluationBooks, name: str) -> None:
    """Nothing was measured again, so nothing is uncertain."""
    batches, entries, listing = MIXTURES[name]
    books = begun(shared, *batches)
    if entries:
        books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, *listing)
    found = books.evaluate(category="E").last.element
    assert found.muf_mg == 0
    assert found.sigma_kg == pytest.approx(0.0, abs=1e-8)  # parts are whole milligrams


def test_part_of_a_mixture_that_was_measured_again(shared: EvaluationBooks) -> None:
    """100 and 50 kg are mixed; 60 kg are weighed out, 90 kg stay: 60 and 30 of the two."""
    books = begun(shared, held("A", "100"))
    entries = [moved("RD", "0201", "A", "50", basis="N"), moved("SD", "0601", "A", "60")]
    books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, kilograms("A", "90", basis="T"))
    wanted = 0.01 * (40**2 + 20**2 + 60**2) ** 0.5
    assert sigma(books) == pytest.approx(wanted, rel=1e-9)


def test_batch_that_was_not_listed_is_not_mixed_with_its_next_one() -> None:
    lines = [
        stated(20241231, LISTED, "A", "A/A#1", 100, "M"),
        stated(20250331, LISTED, "Q", "A/Q#1", 1, "M"),
        stated(20250501, "RD", "A", "A/A#1", 100, "N"),
        stated(20250630, LISTED, "A", "A/A#1", 99, "T"),
    ]
    parts, _ = measured_parts(lines, Category.ENRICHED, {}, {})
    assert [own[0].measurement for own in parts] == [0, 1, 2, 2]


# --- items, instruments, dated sources -----------------------------------------------------------


@pytest.mark.parametrize("items", [0, 1, 10])
@pytest.mark.parametrize(("basis", "wanted"), [("T", 0.0), ("M", (20 * 0.0996**2) ** 0.5)])
def test_difference_of_no_items_is_of_those_received(
    shared: EvaluationBooks, items: int, basis: str, wanted: float
) -> None:
    books = begun(shared, held("X", "1"), one_error_per="item")
    books.change(
        1,
        moved("RD", "0201", "C", "100", basis="N", items=10),
        change("DI", "20250203", "C", "630:400 670:0", items=items),
        period=YEAR,
    )
    books.take_inventory(2, LAST, listed("C", "630:99600 670:0", basis=basis, items=10), REST)
    assert sigma(books) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("content", ["630:90000 670:0", "630:89999.999 670:0"])
def test_line_of_no_items_does_not_jump(shared: EvaluationBooks, content: str) -> None:
    books = begun(shared, held("X", "1"), held("C", "100", 10), one_error_per="item")
    books.change(1, moved("SD", "0201", "C", "10", basis="T"), period=YEAR)
    books.take_inventory(2, LAST, listed("C", content, basis="T", items=10), REST)
    assert sigma(books) == pytest.approx(0.0, abs=1e-8)


def test_the_only_instrument_of_a_method(shared: EvaluationBooks) -> None:
    """A line whose instrument nobody stated was measured with the only one there is."""
    books = shared.new_area(area("bulk", held("X", "1")))
    books.source("E", "epoch", "0.01", method="M")
    books.stratum("all", "E")
    books.calibration("M", 20250101, instrument="I1")
    books.result(f"only-{books.mba}", "C", 20250701, instrument="I1")
    entries = [moved("RD", "0701", "C", "100", basis="N"), moved("SD", "0801", "D", "100")]
    books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, REST)
    assert sigma(books) == 0.0
    books.calibration("M", 20250102, instrument="I2")
    assert sigma(books) == pytest.approx(ROOT2, rel=1e-12)


@pytest.mark.parametrize("kind", ["random", "long"])
def test_shares_name_each_line_of_a_source(shared: EvaluationBooks, kind: str) -> None:
    books = shared.new_area(area("bulk", held("B", "100")))
    first = books.source("R", kind, "0.01", valid_to=20250630)
    second = books.source("R", kind, "0.02", valid_from=20250701)
    books.stratum("all", "R")
    books.stratum("late", "R", rank=1, batches="D")
    entries = [
        moved("RD", "0301", "C", "100", basis="N"),
        moved("RD", "0901", "D", "300", basis="N"),
    ]
    books.change(1, *entries, period=YEAR)
    books.take_inventory(2, LAST, kilograms("B", "100", basis="T"))
    shares = books.evaluate(category="E").last.element.shares
    assert sum(s.share for s in shares) == pytest.approx(1.0, abs=1e-12)
    whole = 1.0**2 + 6.0**2 if kind == "random" else 7.0**2
    found = {(s.act, s.stratum): s.share for s in shares}
    assert found.pop((first, "all")) == pytest.approx(1 / whole, rel=1e-9)
    assert found.pop((second, "late")) == pytest.approx(36 / whole, rel=1e-9)
    assert [s.source.partition("-")[2] for s in shares if s.act == second] == [
        "R (from 2025-07-01)"
    ]
    assert list(found) == ([] if kind == "random" else [(first, "between strata")])
    text = " ".join(books.evaluate(category="E").last.element.assumptions)
    assert "1 %" in text
