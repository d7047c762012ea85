"""Verdicts: loss, gain, limits, zero variance, items only, no error model, planning values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cases.making import listed
from evaluation.evaluation_books import EvaluationBooks, codes, kilograms
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.limits import set_limit, withdraw_limit
from small_books import ACTOR, area, batch

LAST = "20251231"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationBooks]:
    """One database; each test has an area of its own."""
    found = EvaluationBooks(f"sqlite:///{tmp_path_factory.mktemp('verdicts') / 'books.sqlite'}")
    yield found
    found.database.close()


def books_of(
    shared: EvaluationBooks, found_g: str, *, sd: str = "0.001", kind: str = "bulk", **stratum: Any
) -> EvaluationBooks:
    """Return books in which 100 kg were weighed again as `found_g` grams."""
    opening = batch("B", 1, _630="100000", _670="4000")
    books = shared.new_area(area(kind, opening))
    if kind == "bulk":
        books.source("R", "random", sd)
        books.stratum("all", "R", **stratum)
    books.take_inventory(1, LAST, listed("B", f"630:{found_g} 670:4000", items=1))
    return books


@pytest.mark.parametrize(
    ("found_g", "verdict"),
    [("100000", "WITHIN-ERROR"), ("99900", "WITHIN-ERROR"), ("99760", "LOSS-INDICATED"),
     ("99000", "LIMIT-EXCEEDED"), ("100270", "WITHIN-ERROR"), ("100300", "GAIN-INDICATED"),
     ("101000", "LIMIT-EXCEEDED")],
)  # fmt: skip
def test_one_balance(shared: EvaluationBooks, found_g: str, verdict: str) -> None:
    """σ is 0.1414 kg: a loss is indicated beyond 1.645 σ, a gain beyond 1.96, the limit is 3 σ."""
    found = books_of(shared, found_g).evaluate()
    assert found.last.element.verdict == verdict
    assert found.sequence is None
    words = {"LOSS-INDICATED": "more is missing than", "GAIN-INDICATED": "more was found than",
             "LIMIT-EXCEEDED": "a limit is exceeded"}  # fmt: skip
    assert words.get(verdict, "within measurement error") in found.last.element.statement


def test_level_of_the_test(shared: EvaluationBooks) -> None:
    books = books_of(shared, "99760")
    assert books.evaluate(alpha=0.01).last.element.verdict == "WITHIN-ERROR"
    with pytest.raises(UsageError, match="no probability"):
        books.evaluate(alpha=1.5)


def test_zero_variance(shared: EvaluationBooks) -> None:
    found = books_of(shared, "99900", sd="0").evaluate().last.element
    assert (found.sigma_kg, found.z, found.p_loss, found.shares) == (0.0, None, None, ())
    assert found.verdict == "NOT-EVALUATED"
    assert "no test can be computed" in found.statement
    assert [t.passed for t in found.tests] == [None]


@pytest.mark.parametrize(("found_g", "verdict"), [("100000", "AGREE"), ("99999.999", "DIFFER")])
def test_item_area(shared: EvaluationBooks, found_g: str, verdict: str) -> None:
    found = books_of(shared, found_g, kind="item").evaluate()
    assert found.last.element.verdict == f"ITEMS-{verdict}"
    differ = ["ITEM-AREA-MUF", "ITEM-NAMES-DIFFER"]
    assert codes(found) == (differ if verdict == "DIFFER" else [])


def test_item_area_exits_with_a_finding(shared: EvaluationBooks) -> None:
    books = books_of(shared, "99000", kind="item")
    found = books.ask("evaluate", books.mba, code=1)
    assert found["findings"][0]["code"] == "ITEM-AREA-MUF"


def test_strata_of_items_only(shared: EvaluationBooks) -> None:
    books = books_of(shared, "99000", element_sources=None, items_only=1)
    assert codes(books.evaluate()) == ["ITEM-AREA-MUF", "ITEM-NAMES-DIFFER"]


def test_planning_value(shared: EvaluationBooks) -> None:
    books = shared.new_area(area("bulk", batch("B", _630="100000", _670="4")))
    books.take_inventory(1, LAST, kilograms("C", "99"))
    assert books.evaluate().last.element.verdict == "NOT-EVALUATED"
    found = books.evaluate(expected="uranium-fabrication").last.element
    assert (found.planned, found.shares) == (True, ())
    assert found.sigma_kg == pytest.approx(0.003 * 100)
    assert any("planning value: 0.003" in a and "not checked" in a for a in found.assumptions)
    assert "expected of such a facility" in found.statement
    with pytest.raises(UsageError, match="type of facility"):
        books.evaluate(expected="bakery")


def test_unverified_rules_say_so(shared: EvaluationBooks) -> None:
    books = books_of(shared, "99000", sd="0.2")
    found = books.evaluate(rules=("us-low-enriched",)).last
    assert found.isotope is not None
    assert {t.name: (t.verified, t.passed) for t in found.isotope.tests} == {
        "twice the SEID": (False, True),
        "ID of three SEID and 9000 g U-235 in low-enriched uranium": (False, True),
    }
    assert any("not checked against their source" in a for a in found.isotope.assumptions)
    with pytest.raises(UsageError, match="there are no rules"):
        books.evaluate(rules=("none",))


LIMITS = [
    ("muf_kg", "0.5", "LIMIT-EXCEEDED"),
    ("muf_kg", "2", "WITHIN-ERROR"),
    ("loss_over_sigma", "0.01", "LIMIT-EXCEEDED"),
    ("sigma_kg", "10", "SIGMA-TOO-LARGE"),
    ("sigma_kg", "50", "WITHIN-ERROR"),
    ("sigma_over_active_inventory", "0.1", "SIGMA-TOO-LARGE"),
    ("sigma_over_active_inventory", "0.2", "WITHIN-ERROR"),
    ("sigma_over_throughput", "0.1", "WITHIN-ERROR"),  # nothing went through: not computable
    ("two_sigma_max", "0.2", "SIGMA-TOO-LARGE"),
    ("two_sigma_max", "0.3", "WITHIN-ERROR"),
]


def test_limits_of_a_facility(shared: EvaluationBooks) -> None:
    """MUF 1 kg, σ 28.1 kg, active inventory 199 kg."""
    books = books_of(shared, "99000", sd="0.2")
    for form, value, verdict in LIMITS:
        set_limit(books.database, ACTOR, name="own", form=form, value=value, mba=books.mba)
        found = books.evaluate().last.element
        assert (form, value, found.verdict) == (form, value, verdict)
        assert [t.name for t in found.tests] == ["three standard deviations", "own"]


def test_limits_are_acts(database_url: str) -> None:
    books = books_of(EvaluationBooks(database_url), "99000", sd="0.2")
    given: dict[str, Any] = {"name": "own", "form": "muf_kg", "value": "0.5", "floor_kg": "0.1"}
    first = set_limit(books.database, ACTOR, **given)
    assert set_limit(books.database, ACTOR, **given).act == first.act
    assert books.evaluate().last.element.verdict == "LIMIT-EXCEEDED"
    raised = set_limit(books.database, ACTOR, **given | {"value": "5"})
    assert raised.act != first.act
    assert books.evaluate().last.element.verdict == "WITHIN-ERROR"
    assert set_limit(books.database, ACTOR, **given).act != first.act  # 0.5 again, newly decided
    withdraw_limit(books.database, ACTOR, name="own", reason="no longer")
    assert books.evaluate().last.element.verdict == "WITHIN-ERROR"
    with pytest.raises(NotFoundError):
        withdraw_limit(books.database, ACTOR, name="own")
    rows = books.ask("limits", "list")
    assert [row["name"] for row in rows] == ["three standard deviations"]


def test_limits_that_are_none(shared: EvaluationBooks) -> None:
    books = books_of(shared, "99000")
    good = {"name": "own", "form": "muf_kg", "value": "1"}
    for wrong in (
        {"form": "x"}, {"value": "much"}, {"value": "-1"}, {"category": "Z"},
        {"quantity": "heavy"}, {"floor_kg": "nan"},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            set_limit(books.database, ACTOR, **good | wrong)


def test_nothing_to_evaluate(shared: EvaluationBooks) -> None:
    books = shared.new_area(area("bulk", batch("B", _630="1", _670="0")))
    with pytest.raises(UsageError, match="no balance"):
        books.evaluate()
    with pytest.raises(NotFoundError):
        books.evaluate("XHXX")
    books.take_inventory(1, LAST, kilograms("B", "1"))
    with pytest.raises(UsageError, match="have no category P"):
        books.evaluate(category="P")
    with pytest.raises(UsageError, match="no category"):
        books.evaluate(category="Q")
    with pytest.raises(UsageError, match="between these days"):
        books.evaluate(start="2025-06-01")
    for words in (["evaluate"], ["evaluate", books.mba, "--process", "x"]):
        with pytest.raises(UsageError):
            books.ask(*words)


def test_gram_of_a_listing(shared: EvaluationBooks) -> None:
    """A balance report that disagrees with its listing: the difference is an amount, and said."""
    opening = batch("B", _630="1000.6", _670="40")
    context = area("bulk", opening, previous_PE={"E": {"element": "1001", "fissile": "40"}})
    books = shared.new_area(context)
    books.source("R", "random", "0.001")
    books.stratum("all", "R")
    books.take_inventory(1, LAST, listed("B", "630:1000.6 670:40", basis="T"))
    found = books.evaluate()
    assert found.last.element.muf_mg == 400
    assert "INVENTORY-UNLISTED" in codes(found)
    assert found.last.element.amounts.exact_kg == pytest.approx(0.0004)


def test_no_listing_at_all(shared: EvaluationBooks) -> None:
    context = area("bulk", previous_PE={"E": {"element": "1000", "fissile": "40"}})
    books = shared.new_area(context)
    books.source("R", "random", "0.001")
    books.stratum("all", "R")
    books.take_inventory(1, LAST, listed("B", "630:999 670:40"))
    found = books.evaluate()
    assert "INVENTORY-LUMP" in codes(found)
    assert found.last.element.sigma_kg == pytest.approx(1e-3 * (1.0 + 0.999**2) ** 0.5)
