"""One closed balance from strata, against worked examples and the exact variance of products."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.material_balance.strata import (
    BETWEEN_STRATA,
    MeasuredFactor,
    Method,
    Step,
    Stratum,
    assayed,
    closed_balance,
    sampled,
    weighed,
)

LC = Method("load cell", 0.0005, 0.0005)
EB = Method("balance", 0.0005, 0.0005)
GR = Method("gravimetry", 0.0005, 0.0005)
TI = Method("titration", 0.001, 0.001)
NDA = Method("drum assay", 0.15, 0.10)
MS = Method("mass spectrometry", 0.0005, 0.0005)
OF_UF6 = Method("sampling of UF6", 0.0003)
OF_POWDER = Method("sampling of powder", 0.002)
OF_PELLETS = Method("sampling of pellets", 0.0002)


def fuel_plant(*, enrichment: float | None = None) -> list[Stratum]:
    """Return the strata of a balance of low-enriched uranium."""

    def isotope(batches: int) -> tuple[MeasuredFactor, ...]:
        if enrichment is None:
            return ()
        return (MeasuredFactor(enrichment, (Step(MS, batches),)),)

    def bulk(name, sign, items, kg, fraction, scale, sampling, analysis, batches, analyses):
        content = sampled(fraction, sampling, analysis, batches=batches, analyses=analyses)
        return Stratum(name, sign, items, (weighed(kg, scale), content, *isotope(batches)))

    known = () if enrichment is None else (MeasuredFactor(enrichment),)
    return [
        bulk("UF6 receipts", 1, 10, 2250, 0.6760, LC, OF_UF6, GR, 10, 1),
        bulk("powder, beginning", 1, 150, 20, 0.8755, EB, OF_POWDER, TI, 5, 2),
        bulk("pellet lots shipped", -1, 34, 524, 0.8810, EB, OF_PELLETS, TI, 34, 2),
        bulk("powder, ending", -1, 120, 20, 0.8755, EB, OF_POWDER, TI, 4, 2),
        Stratum("waste drums shipped", -1, 50, (assayed(0.5, NDA), *known)),
    ]


def test_element_balance() -> None:
    found = closed_balance(fuel_plant())
    assert list(found.amounts_kg.values()) == pytest.approx(
        [15210, 2626.5, 15695.896, 2101.2, 25], rel=1e-12
    )
    assert found.muf_kg == pytest.approx(14.404, rel=1e-9)
    assert found.variance_kg2 == pytest.approx(440.45687360405907, rel=1e-9)
    assert found.sigma_kg == pytest.approx(20.987064435124296, rel=1e-9)
    assert found.muf_kg / found.sigma_kg == pytest.approx(0.6863275254395641, rel=1e-9)
    assert 2 * found.sigma_kg == pytest.approx(41.97412887024859, rel=1e-9)
    p = 0.5 * math.erfc(found.muf_kg / found.sigma_kg / math.sqrt(2))
    assert p == pytest.approx(0.24625329763445664, rel=1e-9)


@pytest.mark.parametrize(
    ("component", "method", "expected"),
    [
        ("random", LC, 5.7836025),
        ("random", OF_UF6, 2.0820969),
        ("random", GR, 5.7836025),
        ("random", EB, 1.832174560006),
        ("random", OF_POWDER, 9.93384324),
        ("random", TI, 4.864688511512),
        ("random", OF_PELLETS, 0.28983664852096),
        ("random", NDA, 0.28125),
        ("random", None, 30.851094860038963),
        ("systematic", LC, 57.836025),
        ("systematic", GR, 57.836025),
        ("systematic", EB, 57.536745748804),
        ("systematic", TI, 230.146982995216),
        ("systematic", NDA, 6.25),
        ("systematic", None, 409.605778744020),
    ],
)
def test_variance_by_source(component: str, method: Method | None, expected: float) -> None:
    found = closed_balance(fuel_plant()).variance_by(component, method.name if method else None)
    assert found == pytest.approx(expected, rel=1e-9)


def test_what_strata_share_is_shown_with_its_sign() -> None:
    found = closed_balance(fuel_plant())
    between = {p.source: p.variance_kg2 for p in found.parts if p.stratum == BETWEEN_STRATA}
    assert set(between) == {"balance", "titration"}
    assert between["titration"] < 0
    own = [p for p in found.parts if p.source == "titration" and p.component == "systematic"]
    assert sum(p.variance_kg2 for p in own) == pytest.approx(230.146982995216, rel=1e-9)
    # as if every stratum had an error of its own: wrong, and larger
    apart = found.variance_kg2 - sum(between.values())
    assert math.sqrt(apart) == pytest.approx(21.791432112783664, rel=1e-9)


def test_isotope_balance() -> None:
    found = closed_balance(fuel_plant(enrichment=0.04))
    assert found.muf_kg == pytest.approx(0.57616, rel=1e-9)
    assert found.sigma_kg == pytest.approx(0.8472763030120637, rel=1e-9)


def test_mixed_error_model() -> None:
    method = Method("assay", 0.03, 0.01, 0.02, 0.01)
    found = closed_balance([Stratum("items", 1, 3, (assayed([0.5, 2.0, 8.0], method),))])
    assert found.muf_kg == 10.5
    assert found.sigma_kg == pytest.approx(0.27303845882952094, rel=1e-9)


def test_error_variables_give_the_same_variance() -> None:
    for strata in (fuel_plant(), fuel_plant(enrichment=0.04)):
        found = closed_balance(strata)
        parts = sum(p.variance_kg2 for p in found.parts)
        assert parts == pytest.approx(found.variance_kg2, rel=1e-12)
        by_source = found.errors.variance_by_source()[:, 0]
        named = dict(zip(found.errors.sources, by_source, strict=True))
        titration = found.variance_by("systematic", "titration")
        assert named["titration systematic"] == pytest.approx(titration, rel=1e-12)


def test_first_order_is_close_to_the_exact_product() -> None:
    w, c, e = 0.01, 0.01, 0.01
    factors = (
        weighed(10.0, Method("w", w)),
        MeasuredFactor(0.5, (Step(Method("c", c)),)),
        MeasuredFactor(0.1, (Step(Method("e", e)),)),
    )
    found = closed_balance([Stratum("one item", 1, 1, factors)])
    exact = 0.5**2 * ((1 + w**2) * (1 + c**2) * (1 + e**2) - 1)
    assert found.variance_kg2 == pytest.approx(exact, rel=2e-4)
    assert found.variance_kg2 < exact


def test_weighings_of_many_transfers_are_independent() -> None:
    method = Method("scale", 0.01)
    found = closed_balance([Stratum("transfers", 1, 25, (weighed(4.0, method),))])
    assert found.variance_kg2 == pytest.approx(25 * 16 * 1e-4, rel=1e-12)


def test_one_result_for_all_items_is_one_error() -> None:
    method = Method("analysis", 0.01)
    factors = (MeasuredFactor(4.0), MeasuredFactor(1.0, (Step(method, 1, 4),)))
    found = closed_balance([Stratum("cans", 1, 30, factors)])
    assert found.variance_kg2 == pytest.approx(120**2 * 1e-4 / 4, rel=1e-12)


def test_unequal_batches_by_number() -> None:
    method = Method("analysis", 0.01)
    factors = (
        MeasuredFactor([1.0, 2.0, 4.0]),
        MeasuredFactor(1.0, (Step(method, [7, 3, 7]),)),
    )
    found = closed_balance([Stratum("cans", 1, 3, factors)])
    assert found.variance_kg2 == pytest.approx((5**2 + 2**2) * 1e-4, rel=1e-12)


def test_an_item_that_was_not_measured_again_cancels() -> None:
    method = Method("assay", 0.05, 0.02, 0.01, 0.01)
    factors = (MeasuredFactor([3.0, 5.0], (Step(method, ["can 1", "can 2"]),)),)
    twice = [Stratum("beginning", 1, 2, factors), Stratum("ending", -1, 2, factors)]
    found = closed_balance(twice)
    assert found.muf_kg == 0
    assert found.variance_kg2 == pytest.approx(0, abs=1e-18)
    again = (MeasuredFactor([3.0, 5.0], (Step(method, ["can 1", "can 2, new"]),)),)
    measured = closed_balance([twice[0], Stratum("ending", -1, 2, again)])
    assert measured.variance_kg2 == pytest.approx(2 * (5 * 0.05) ** 2 + 2 * 0.01**2, rel=1e-12)


def test_empty_stratum_and_no_error_at_all() -> None:
    found = closed_balance([Stratum("nothing", 1, 0, (weighed(1.0, EB),))])
    assert (found.muf_kg, found.variance_kg2) == (0, 0)
    sealed = closed_balance([Stratum("sealed", 1, 2, (MeasuredFactor(3.0),))])
    assert (sealed.muf_kg, sealed.variance_kg2) == (6, 0)
    assert sealed.errors.covariance().tolist() == [[0.0]]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=8),
    st.floats(0.1, 10),
    st.permutations(range(5)),
)
def test_scaling_and_order(kg: list[float], scale: float, order: list[int]) -> None:
    method = Method("scale", 0.01, 0.02)

    def variance(values: list[float]) -> float:
        return closed_balance([Stratum("s", 1, len(kg), (weighed(values, method),))]).variance_kg2

    assert variance([v * scale for v in kg]) == pytest.approx(scale**2 * variance(kg), rel=1e-9)
    assert variance(kg[::-1]) == pytest.approx(variance(kg), rel=1e-9)
    strata = fuel_plant()
    shuffled = closed_balance([strata[n] for n in order])
    assert shuffled.variance_kg2 == pytest.approx(440.45687360405907, rel=1e-9)


@pytest.mark.parametrize(
    ("strata", "words"),
    [
        ([Stratum("s", 1, 1, (weighed(-1.0, EB),))], "item 1"),
        ([Stratum("s", 1, 2, (weighed([1.0, math.nan], EB),))], "item 2"),
        ([Stratum("s", 1, 2, (weighed([1.0], EB),))], "2 items but 1 values"),
        ([Stratum("s", 0, 1, (weighed(1.0, EB),))], "sign 0"),
        ([Stratum("s", 1, 1, ())], "0 factors"),
        ([Stratum("s", 1, 1, (weighed(1.0, Method("m", -0.1)),))], "negative or no number"),
        (
            [Stratum("s", 1, 1, (weighed(1.0, Method("m", 0.1)), weighed(1.0, Method("m", 0.2))))],
            "two methods are called",
        ),
        ([Stratum("s", 1, 1, (weighed(1.0, EB),))] * 2, "two strata are called"),
        ([Stratum("s", 1, 3, (MeasuredFactor(1.0, (Step(EB, [1, 2]),)),))], "groups or replicates"),
        ([Stratum("s", 1, 3, (MeasuredFactor(1.0, (Step(EB, 0),)),))], "groups or replicates"),
        ([Stratum("s", 1, 3, (MeasuredFactor(1.0, (Step(EB, 1, 0),)),))], "groups or replicates"),
    ],
)
def test_nonsense_is_refused_with_advice(strata: list[Stratum], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        closed_balance(strata)
    assert caught.value.advice


def test_amounts_are_plain_numbers() -> None:
    assert isinstance(closed_balance(fuel_plant()).muf_kg, float)
    assert not np.isnan(closed_balance(fuel_plant()).errors.value_kg).any()
