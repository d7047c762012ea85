"""What rests on one measurement cancels: bases M, N, T and L, results, differences, items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cases.making import change, listed
from evaluation.evaluation_books import MBA, EvaluationBooks, codes, kilograms
from keiryo.evaluation.model import QuantityEvaluation
from small_books import area, batch

YEAR = "20250101/20251231"
LAST = "20251231"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationBooks]:
    """One database; each test has an area of its own."""
    found = EvaluationBooks(f"sqlite:///{tmp_path_factory.mktemp('origins') / 'books.sqlite'}")
    yield found
    found.database.close()


def begun(shared: EvaluationBooks, *batches: dict[str, Any]) -> EvaluationBooks:
    """Return books with one random source of 1 % for everything."""
    books = shared.new_area(area("bulk", *batches))
    books.source("R", "random", "0.01")
    books.stratum("all", "R")
    return books


def held(name: str, kg: str, items: int = 0) -> dict[str, Any]:
    return batch(name, items, _630=f"{kg}000", _670="0")


def moved(code: str, day: str, name: str, kg: str, **more: Any) -> Any:
    if code in ("RD", "RF"):
        more |= {"shipper": "XH/XHRA", "receiver": f"XH/{MBA}", "shipper_batch": "S"}
    if code in ("SD", "SF"):
        more |= {"shipper": f"XH/{MBA}", "receiver": "XH/XHRA"}
    return change(code, f"2025{day}", name, f"630:{kg}000 670:0", **more)


def element(books: EvaluationBooks, **asked: Any) -> QuantityEvaluation:
    found = books.evaluate(**asked)
    assert found.last.element.sigma_kg is not None, codes(found)
    return found.last.element


@pytest.mark.parametrize(("basis", "sigma"), [("T", 0.0), ("L", 0.0), ("M", 2**0.5), ("N", 2**0.5)])
def test_unchanged_item(shared: EvaluationBooks, basis: str, sigma: float) -> None:
    books = begun(shared, held("B", "100"))
    books.take_inventory(1, LAST, kilograms("B", "100", basis=basis))
    found = element(books)
    assert found.sigma_kg == pytest.approx(sigma, rel=1e-12)
    assert (found.amounts.cancelled_lines, found.muf_mg) == (0 if sigma else 2, 0)
    assert found.verdict == "WITHIN-ERROR"


def test_changed_weight_of_one_measurement(shared: EvaluationBooks) -> None:
    """One tenth was taken: the error of one tenth remains, and the measurement of the sample."""
    books = begun(shared, held("B", "100"))
    books.change(1, moved("SD", "0601", "B-S", "10"), period=YEAR)
    books.take_inventory(2, LAST, kilograms("B", "90", basis="T"))
    assert element(books).sigma_kg == pytest.approx((0.1**2 + 0.1**2) ** 0.5, rel=1e-12)


def test_received_and_shipped_on(shared: EvaluationBooks) -> None:
    books = begun(shared, held("X", "1"))
    books.change(
        1,
        moved("RD", "0201", "C", "100", basis="N"),
        moved("SD", "0901", "C", "100", basis="L"),
        moved("RD", "0301", "D", "50", basis="N"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("D", "50", basis="L"), kilograms("X", "1", basis="T"))
    found = element(books)
    assert (found.sigma_kg, found.amounts.cancelled_lines) == (0.0, 6)
    assert found.amounts.active_kg == 0.0


def test_shipped_by_a_measurement_of_its_own(shared: EvaluationBooks) -> None:
    """What left was measured anew; what remained rests on the measurement at its receipt."""
    books = begun(shared, held("X", "1"))
    books.change(
        1,
        moved("RD", "0201", "C", "100", basis="N"),
        moved("SD", "0901", "C", "40", basis="M"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("C", "60", basis="T"), kilograms("X", "1", basis="T"))
    assert element(books).sigma_kg == pytest.approx((0.4**2 + 0.4**2) ** 0.5, rel=1e-12)


def test_shipper_receiver_difference(shared: EvaluationBooks) -> None:
    """The shipper's weight goes, the receiver's comes, and that is what the listing repeats."""
    books = begun(shared, held("X", "1"))
    books.change(
        1,
        moved("RD", "0201", "C", "100", basis="N"),
        change("DI", "20250203", "C", "630:400 670:0", basis="M"),
        period=YEAR,
    )
    books.take_inventory(
        2, LAST, listed("C", "630:99600 670:0", basis="T"), kilograms("X", "1", basis="T")
    )
    found = element(books)
    assert (found.sigma_kg, found.muf_mg) == (0.0, 0)
    assert found.amounts.by_term_kg["DI"] == 0.4


def test_difference_of_an_unlisted_batch(shared: EvaluationBooks) -> None:
    """After a difference, what was converted loses the receiver's measurement, not both."""
    books = begun(shared, held("X", "1"))
    books.change(
        1,
        moved("RD", "0201", "C", "100", basis="N"),
        change("DI", "20250203", "C", "630:400 670:0", basis="M"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("P", "100", basis="M"), kilograms("X", "1", basis="T"))
    wanted = (0.996**2 + 1.0**2) ** 0.5
    assert element(books).sigma_kg == pytest.approx(wanted, rel=1e-12)


def test_return_rests_on_the_measurement_with_which_it_left(shared: EvaluationBooks) -> None:
    books = begun(shared, held("X", "1"))
    books.change(
        1,
        moved("TW", "0201", "W", "3", basis="M", items=3),
        moved("FW", "0601", "W", "1", basis="T", items=1),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("X", "1", basis="T"))
    assert element(books).sigma_kg == pytest.approx(0.02, rel=1e-12)


def test_rebatched_batch_keeps_its_measurement(shared: EvaluationBooks) -> None:
    books = begun(shared, held("A", "100"))
    books.change(
        1,
        moved("RM", "0301", "A", "100", basis="T"),
        moved("RP", "0301", "B", "100", basis="T"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("B", "100", basis="T"))
    assert element(books).sigma_kg == 0.0


def test_rebatched_and_measured(shared: EvaluationBooks) -> None:
    books = begun(shared, held("A", "100"))
    books.change(
        1,
        moved("RM", "0301", "A", "100", basis="T"),
        moved("RP", "0301", "B", "100", basis="M"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("B", "100", basis="T"))
    assert element(books).sigma_kg == pytest.approx(2**0.5, rel=1e-12)


def test_one_result_for_several_batches(shared: EvaluationBooks) -> None:
    """One analysis used for two batches is one error: (30 + 40)² and not 30² + 40²."""
    books = begun(shared, held("X", "1"))
    for name in ("P", "Q"):
        books.result("ASH-7", name, 20250601, replicates=4)
    books.change(
        1,
        moved("SD", "0701", "P", "30"),
        moved("SD", "0702", "Q", "40"),
        moved("RD", "0101", "C", "70", basis="N"),
        period=YEAR,
    )
    books.take_inventory(2, LAST, kilograms("X", "1", basis="T"))
    assert element(books).sigma_kg == pytest.approx((0.7**2 / 4 + 0.7**2) ** 0.5, rel=1e-12)


def test_result_that_came_late(shared: EvaluationBooks) -> None:
    """A sample taken at the closing, analysed in January, is of the closing."""
    books = begun(shared, held("X", "1"))
    books.source("E", "epoch", "0.01", method="M")
    books.calibration("M", 20260102)
    books.stratum("all", "E")
    books.result("LATE", "P", 20260110, instrument="I-1")
    books.change(1, moved("RD", "0201", "C", "70", basis="N"), period=YEAR)
    books.take_inventory(2, LAST, kilograms("P", "70"), kilograms("X", "1", basis="T"))
    assert element(books).sigma_kg == pytest.approx(0.7 * 2**0.5, rel=1e-12)


def test_remeasured_although_reported_before(shared: EvaluationBooks) -> None:
    """Basis T with another weight and a result in between: a measurement of its own."""
    books = begun(shared, held("B", "100"))
    books.result("R-1", "B", 20241220)
    books.result("R-2", "B", 20251201)
    books.take_inventory(1, LAST, kilograms("B", "99", basis="T"))
    wanted = (1.0**2 + 0.99**2) ** 0.5
    assert element(books).sigma_kg == pytest.approx(wanted, rel=1e-12)


def test_items_of_one_measurement(shared: EvaluationBooks) -> None:
    """Ten cans received, three shipped, seven listed: every can cancels by itself."""
    books = begun(shared, held("X", "1"))
    books.source("R", "random", "0.01", one_error_per="item")
    books.change(
        1,
        moved("RD", "0201", "C", "100", basis="N", items=10),
        moved("SD", "0901", "C", "31", basis="L", items=3),
        period=YEAR,
    )
    books.take_inventory(
        2, LAST, kilograms("C", "70", basis="L", items=7), kilograms("X", "1", basis="T")
    )
    wanted = 3 * (0.10 - 0.31 / 3) ** 2  # seven cans cancel, three differ in weight
    assert element(books).sigma_kg == pytest.approx(wanted**0.5, rel=1e-9)


def test_lines_without_a_batch_or_stratum(shared: EvaluationBooks) -> None:
    books = begun(shared, held("B", "100"))
    books.stratum("all", "R", codes="PB,PE")
    books.change(1, moved("TW", "0601", "W", "5"), period=YEAR)
    books.take_inventory(2, LAST, kilograms("B", "95"))
    found = books.evaluate()
    assert (found.last.element.sigma_kg, found.last.element.verdict) == (None, "NOT-EVALUATED")
    assert codes(found) == ["EVALUATION-NO-STRATUM"]  # no U-235, so nothing to miss there
    assert "5 kg" in found.findings[0].message and "W" in found.findings[0].message
    assert found.last.element.shares == ()


@pytest.mark.parametrize(
    ("valid", "sigma"),
    [({"valid_to": 20250630}, None), ({"valid_from": 20240101}, 1.0), ({}, 1.0)],
)
def test_source_valid_for_a_part_of_the_period(
    shared: EvaluationBooks, valid: dict[str, int], sigma: float | None
) -> None:
    books = shared.new_area(area("bulk", held("B", "100")))
    books.source("R", "random", "0.01", **valid)
    books.stratum("all", "R")
    books.change(1, moved("RD", "0901", "C", "100", basis="N"), period=YEAR)
    books.take_inventory(2, LAST, kilograms("B", "100", basis="T"))
    found = books.evaluate()
    assert found.last.element.sigma_kg == (None if sigma is None else pytest.approx(sigma))
    assert ("EVALUATION-SOURCE-NOT-IN-FORCE" in codes(found)) is (sigma is None)


def test_dated_standard_deviations(shared: EvaluationBooks) -> None:
    books = shared.new_area(area("bulk", held("B", "100")))
    books.source("R", "random", "0.01", valid_to=20250630)
    books.source("R", "random", "0.02", valid_from=20250701)
    books.stratum("all", "R")
    books.change(
        1, moved("RD", "0301", "C", "100", basis="N"), moved("RD", "0901", "D", "100", basis="N"),
        period=YEAR,
    )  # fmt: skip
    books.take_inventory(2, LAST, kilograms("B", "100", basis="T"))
    assert element(books).sigma_kg == pytest.approx((1.0 + 4.0) ** 0.5, rel=1e-12)


def test_withdrawn_source(shared: EvaluationBooks) -> None:
    books = begun(shared, held("B", "100"))
    books.take_inventory(1, LAST, kilograms("B", "100"))
    assert element(books).sigma_kg == pytest.approx(2**0.5)
    books.source("R", "random", "0.01", state="withdrawn")
    found = books.evaluate()
    assert found.last.element.verdict == "NOT-EVALUATED"
    assert codes(found) == ["EVALUATION-SOURCE-NOT-IN-FORCE"]


def test_stratum_without_sources(shared: EvaluationBooks) -> None:
    books = begun(shared, held("B", "100"))
    books.stratum("all", "")
    books.take_inventory(1, LAST, kilograms("B", "100"))
    assert "EVALUATION-NO-SOURCES" in codes(books.evaluate())


def test_narrowest_stratum_counts(shared: EvaluationBooks) -> None:
    books = begun(shared, held("B", "100"))
    books.source("S", "random", "0.05")
    books.stratum("by batch", "S", rank=1, batches="ZZ*, P-*", codes="PE", kmps="A", mdc="F/R/?/?")
    books.take_inventory(1, LAST, kilograms("P-1", "50"), kilograms("Q", "50"))
    found = element(books)
    assert found.sigma_kg == pytest.approx((1.0 + 2.5**2 + 0.5**2) ** 0.5, rel=1e-12)
    assert {s.stratum for s in found.shares} == {"all", "by batch"}
