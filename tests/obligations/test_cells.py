"""Cells: the worked examples of blending, drawing and rounding, and the laws behind them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.obligations.apportion import apportioned, half_away
from keiryo.obligations.cells import (
    blended,
    by_partner,
    designated,
    drawn,
    exact_share,
    fissile_by_cell,
    in_unit,
    relabelled,
    remaining,
    shared,
    total,
)
from keiryo.obligations.labels import label_key, parse_key

KG = 1_000_000
A = {"AU+US": 600 * KG, "CA": 300 * KG, "-": 100 * KG}
B = {"CA": 350 * KG, "AU+US": 100 * KG, "KZ": 50 * KG}


def test_blending_and_a_draw_in_proportion() -> None:
    pool = blended(A, B)
    assert pool == {"-": 100 * KG, "AU+US": 700 * KG, "CA": 650 * KG, "KZ": 50 * KG}
    fissile = exact_share(pool, Fraction(115, 2))
    expected = {"AU+US": 26.833333333333332, "CA": 24.916666666666668, "KZ": 1.9166666666666667}
    for key, value in {**expected, "-": 3.8333333333333335}.items():
        assert float(fissile[key]) == pytest.approx(value, rel=1e-12)
    partners = {name: float(value / KG) for name, value in by_partner(pool).items()}
    assert partners == {"AU": 700, "CA": 650, "KZ": 50, "US": 700}
    draw = exact_share(pool, 400)
    assert draw["AU+US"] == Fraction(560, 3) and draw["CA"] == Fraction(520, 3)
    assert draw["KZ"] == Fraction(40, 3) and draw["-"] == Fraction(80, 3)
    grams = apportioned([(key, value * 1000) for key, value in draw.items()], 400_000)
    assert grams == {"AU+US": 186_667, "CA": 173_333, "KZ": 13_333, "-": 26_667}
    u235 = exact_share(draw, Fraction(400) * Fraction(23, 600) * 1000)
    assert half_away(total(u235)) == 15_333
    rounded = apportioned(u235.items(), 15_333, at_most=grams)
    assert rounded == {"AU+US": 7156, "CA": 6644, "KZ": 511, "-": 1022}
    left = remaining(pool, drawn(pool, 400 * KG))
    assert sum(left.values()) == 1100 * KG


def test_losses_and_waste_by_share() -> None:
    stratum = {"AU+US": 7000 * KG, "CA": 4500 * KG, "-": 500 * KG}
    exact = exact_share(stratum, Fraction(7, 2))
    assert float(exact["AU+US"]) == pytest.approx(2.0416666666666665, rel=1e-12)
    assert in_unit(shared(stratum, 3_500_000), 1000) == {"-": 146, "AU+US": 2042, "CA": 1312}
    assert in_unit(shared(stratum, 12_400_000), 1000) == {"-": 517, "AU+US": 7233, "CA": 4650}
    assert shared(stratum, -3_500_000) == {
        key: -value for key, value in shared(stratum, 3_500_000).items()
    }


def test_largest_remainder() -> None:
    third = Fraction(1000, 3)
    thirds = [(name, third) for name in ("US", "CA", "AU")]
    assert apportioned(thirds, 1000) == {"AU": 334, "CA": 333, "US": 333}
    twice = [("AU", Fraction(1, 2)), ("AU", Fraction(1, 2)), ("-", Fraction(1))]
    assert apportioned(twice, 2) == {"-": 1, "AU": 1}
    with pytest.raises(UsageError, match="different signs"):
        apportioned([("AU", Fraction(1)), ("US", Fraction(-1))], 0)
    with pytest.raises(UsageError, match="add up"):
        apportioned([("AU", Fraction(1))], 2)
    assert apportioned([("AU", -third), ("CA", -third), ("US", -third)], -1000)["AU"] == -334
    # Fissile under its element: p 0.48 g and q 1.52 g at 95 per cent.
    fissile = [("P1", Fraction(456, 1000)), ("Q1", Fraction(1444, 1000))]
    assert apportioned(fissile, 2) == {"P1": 1, "Q1": 1}
    assert apportioned(fissile, 2, at_most={"P1": 0, "Q1": 2}) == {"P1": 0, "Q1": 2}
    with pytest.raises(UsageError, match="do not fit"):
        apportioned(fissile, 2, at_most={"P1": 0, "Q1": 1})
    # A partner's figure is that of its cells: in five cells of 10.4, and four others of 10.5.
    cells = [(f"AU+{name}", Fraction(104, 10)) for name in ("BE", "CN", "FR", "JO", "KR")]
    cells += [(name, Fraction(105, 10)) for name in ("CA", "KZ", "RU", "VN")]
    made = apportioned(cells, 94)
    assert sum(value for key, value in made.items() if "AU" in key) == 50


def test_what_cannot_be_drawn() -> None:
    pool = {"AU": 10, "-": 5}
    for amount, words in ((16, "drawn from a pool of 15"), (-1, "negative")):
        with pytest.raises(UsageError, match=words):
            drawn(pool, amount)
    with pytest.raises(UsageError, match="empty pool"):
        drawn({"AU": 0}, 0) or shared({}, 1)
    assert designated(pool, {"AU": 7}, 7) == {"AU": 7}
    with pytest.raises(UsageError, match="holds 10 mg under AU"):
        designated(pool, {"AU": 11}, 11)
    with pytest.raises(UsageError, match="the draw is 8 mg"):
        designated(pool, {"AU": 7}, 8)
    with pytest.raises(UsageError, match="more is taken"):
        remaining(pool, {"US": 1})
    assert relabelled({"AU": 6, "AU+US": 5, "-": 7}, ["US"]) == {"AU+US": 11, "US": 7}


def test_one_key_for_one_set() -> None:
    assert parse_key("US+AU") == parse_key(" au + us ") == label_key(["AU", "US"]) == "AU+US"
    assert parse_key("") == parse_key("-") == "-" and parse_key("EU") == "EURATOM"
    with pytest.raises(UsageError, match="twice"):
        parse_key("AU+AU")
    with pytest.raises(UsageError, match="'XX' is no label"):
        parse_key("AU+XX", known={"AU", "US"})
    with pytest.raises(UsageError, match="no label"):
        parse_key("A U")


KEYS = st.sets(st.sampled_from(["AU", "CA", "KZ", "RU", "US"]), max_size=3).map(label_key)
POOLS = st.dictionaries(KEYS, st.integers(1, 10**12), min_size=1, max_size=8)


@given(POOLS, st.data())
def test_a_draw_leaves_no_cell_negative_and_loses_nothing(
    pool: dict[str, int], data: st.DataObject
) -> None:
    held = sum(pool.values())
    amount = data.draw(st.integers(0, held))
    taken = drawn(pool, amount)
    left = remaining(pool, taken)
    assert sum(taken.values()) == amount and sum(left.values()) == held - amount
    assert blended(taken, left) == dict(sorted(pool.items()))
    fissile = data.draw(st.integers(0, held))
    parts = fissile_by_cell(pool, fissile)
    assert sum(parts.values()) == fissile
    assert all(0 <= parts[key] <= pool[key] for key in pool)


@given(POOLS, POOLS)
def test_blending_then_splitting_conserves_each_label(
    one: dict[str, int], two: dict[str, int]
) -> None:
    pool = blended(one, two)
    assert by_partner(pool) == {
        name: by_partner(one).get(name, 0) + by_partner(two).get(name, 0)
        for name in {*by_partner(one), *by_partner(two)}
    }
    half = drawn(pool, sum(pool.values()) // 2)
    assert blended(half, remaining(pool, half)) == pool
    assert sum(in_unit(pool, 1000).values()) == half_away(Fraction(sum(pool.values()), 1000))
