"""What if: the same figures as an evaluation of books in which the change was recorded."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from cases.making import change, listed
from evaluation.evaluation_books import MBA, EvaluationBooks
from keiryo.errors import Severity, UsageError
from keiryo.evaluation.model import ELEMENT
from keiryo.evaluation.service import Options, evaluate_balance
from keiryo.evaluation.what_if import (
    ISOTOPE,
    Basis,
    Change,
    field_name,
    read_basis,
    read_change,
    usable,
    what_if,
)
from small_books import area, batch

PERIOD = "20250601/20250630"


@pytest.fixture
def plant(sqlite_url: str) -> EvaluationBooks:
    books = EvaluationBooks(
        sqlite_url, **{MBA: area("bulk", batch("B", _630="100000", _670="4000"))}
    )
    books.source("R", "random", "0.001", basis="concentration")
    books.source("S", "long", "0.001")
    books.source("A", "long", "0.002", absolute_sd_kg="0.05")
    books.source("MS", "long", "0.002", basis="enrichment")
    books.stratum("waste", "R", codes="TW", rank=1)
    books.stratum("all", "R,S,A", isotope_sources="MS", samples=2, analyses=2)
    books.change(1, change("TW", "20250605", "W", "630:1000 670:40"), period=PERIOD)
    books.take_inventory(2, "20251231", listed("C", "630:98900 670:3956"))
    return books


def basis_of(books: EvaluationBooks) -> Basis:
    with books.database.reading() as connection:
        return read_basis(connection, books.database.metadata, MBA, "E")


def sigma(books: EvaluationBooks, alpha: float = 0.05) -> list[float | None]:
    found = evaluate_balance(books.database, MBA, category="E", options=Options(alpha))[0]
    return [quantity.sigma_kg for quantity in found.last.quantities]


def line_of(basis: Basis, name: str) -> tuple[int, int]:
    source = next(s for s in basis.sources if s.source == name)
    return source.act, source.line


def test_nothing_changed_is_the_evaluation(plant: EvaluationBooks) -> None:
    found = what_if(basis_of(plant), Change())
    last = evaluate_balance(plant.database, MBA, category="E")[0].last
    assert [one.quantity for one in found] == [ELEMENT, "U-235"]
    for one, quantity in zip(found, last.quantities, strict=True):
        assert one.before == one.after
        assert one.muf_mg == quantity.muf_mg
        assert one.before.sigma_kg == quantity.sigma_kg
        assert one.before.z == quantity.z
        assert one.before.goal_probability == quantity.detection_probability


def test_changed_sources_are_recorded_and_evaluated(plant: EvaluationBooks) -> None:
    """Each change, recorded in the books, gives the standard deviation that was promised."""
    basis = basis_of(plant)
    s, a = line_of(basis, "S"), line_of(basis, "A")
    promised = what_if(basis, Change({s: 0.0005, a: 0.003}, {a: 0.02}))
    before = sigma(plant)
    plant.source("S", "long", "0.0005")
    plant.source("A", "long", "0.003", absolute_sd_kg="0.02")
    assert [one.before.sigma_kg for one in promised] == before
    assert [one.after.sigma_kg for one in promised] == sigma(plant)


def test_more_measurements_are_recorded_and_evaluated(plant: EvaluationBooks) -> None:
    basis = basis_of(plant)
    method = next(m for m in basis.strata if m.stratum == "all")
    at = (method.act, method.line)
    promised = what_if(basis, Change(samples={at: 8}, analyses={at: 3}))
    plant.stratum("all", "R,S,A", isotope_sources="MS", samples=8, analyses=3)
    assert [one.after.sigma_kg for one in promised] == sigma(plant)
    assert promised[0].after.sigma_kg != promised[0].before.sigma_kg


def test_threshold_and_detection(plant: EvaluationBooks) -> None:
    """One balance: a loss of the threshold is seen every second time; one of zero with alpha."""
    basis = basis_of(plant)
    first = what_if(basis, Change(alpha=0.01))[0].after
    assert first.sigma_kg is not None and first.threshold_kg is not None
    assert first.threshold_kg / first.sigma_kg == pytest.approx(2.3263478740408408)
    assert first.detectable_kg is not None

    def seen(loss: float) -> float | None:
        asked = Change(alpha=0.01, loss_kg={ELEMENT: loss})
        return what_if(basis, asked)[0].after.detection_probability

    assert seen(first.threshold_kg) == pytest.approx(0.5)
    assert seen(0.0) == pytest.approx(0.01)
    assert seen(first.detectable_kg) == pytest.approx(0.95)


def test_a_loss_of_the_isotope_is_its_own(plant: EvaluationBooks) -> None:
    element, isotope = what_if(basis_of(plant), Change(loss_kg={ISOTOPE: 1.5}))
    assert isotope.after.loss_kg == 1.5
    assert element.after.loss_kg == element.after.goal_kg


def test_a_sequence_is_tested_by_page(plant: EvaluationBooks) -> None:
    plant.take_inventory(3, "20261231", listed("D", "630:98000 670:3920"))
    found = what_if(basis_of(plant), Change(loss_kg={ELEMENT: 300.0}))[0]
    assert found.after.sequence_probability is not None
    assert found.after.sequence_threshold is not None
    assert 0.05 < found.after.sequence_probability <= 1.0


def test_without_any_error_nothing_can_be_tested(plant: EvaluationBooks) -> None:
    basis = basis_of(plant)
    every = {(s.act, s.line): 0.0 for s in basis.sources}
    after = what_if(basis, Change(every, every))[0].after
    assert after.sigma_kg == 0.0
    assert (after.threshold_kg, after.detection_probability, after.z) == (None, None, None)


def test_what_is_typed_is_read(plant: EvaluationBooks) -> None:
    basis = basis_of(plant)
    s, a = line_of(basis, "S"), line_of(basis, "A")
    method = basis.strata[0]
    at = (method.act, method.line)
    typed = {
        field_name("sd", s): " 0.05 ",
        field_name("absolute", a): "20",
        field_name("samples", at): "4",
        "alpha": "1",
        "loss-element": "2.5",
        "unknown": "7",
    }
    change_, findings = read_change(basis, typed)
    assert findings == []
    assert change_.relative_sd[s] == pytest.approx(0.0005)
    assert change_ == replace(
        Change(alpha=0.01, loss_kg={ELEMENT: 2.5}),
        relative_sd=change_.relative_sd,
        absolute_sd_kg={a: 0.02},
        samples={at: 4},
    )


@pytest.mark.parametrize("text", ["-1", "abc", "1e400", "nan", "100", "٣", "1,5", "9" * 30])
def test_a_value_that_makes_no_sense_is_said(plant: EvaluationBooks, text: str) -> None:
    basis = basis_of(plant)
    name = field_name("sd", line_of(basis, "S"))
    change_, findings = read_change(basis, {name: text})
    assert [(f.code, f.severity, f.cell) for f in findings] == [
        ("WHAT-IF-VALUE", Severity.FORMAT, name)
    ]
    assert not usable(findings) and change_ == Change()


@pytest.mark.parametrize(
    ("name", "text"), [("alpha", "0"), ("alpha", "100"), ("loss-isotope", "-2")]
)
def test_a_test_that_makes_no_sense_is_said(plant: EvaluationBooks, name: str, text: str) -> None:
    _, findings = read_change(basis_of(plant), {name: text})
    assert [(f.code, f.cell) for f in findings] == [("WHAT-IF-VALUE", name)]


def test_numbers_of_measurements(plant: EvaluationBooks) -> None:
    basis = basis_of(plant)
    name = field_name("samples", (basis.strata[0].act, basis.strata[0].line))
    for text in ("0", "1.5", "-3", "1001", "x"):
        assert [f.cell for f in read_change(basis, {name: text})[1]] == [name]


@pytest.mark.parametrize(("name", "text"), [("alpha", "50"), ("loss-element", "5000000")])
def test_what_is_hardly_meant_is_computed_and_said(
    plant: EvaluationBooks, name: str, text: str
) -> None:
    basis = basis_of(plant)
    change_, findings = read_change(basis, {name: text})
    assert [(f.code, f.cell) for f in findings] == [("WHAT-IF-UNLIKELY", name)]
    assert usable(findings)
    after = what_if(basis, change_)[0].after
    assert after.sigma_kg is not None and math.isfinite(after.sigma_kg)


def test_no_such_category(plant: EvaluationBooks) -> None:
    with plant.database.reading() as connection, pytest.raises(UsageError):
        read_basis(connection, plant.database.metadata, MBA, "X")
