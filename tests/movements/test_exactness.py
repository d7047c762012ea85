"""Exact numbers out of text, and items matched by weight."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.movements.genealogy import match_in_order
from keiryo.movements.inventories import closing_periods
from keiryo.movements.numbers import (
    BLANK,
    FINER,
    GOOD,
    NEGATIVE,
    TOO_LARGE,
    UNREADABLE,
    integer_of,
    integers,
    product_mg,
)
from keiryo.movements.stores import rounded_mg
from movements.makers import mapping_of, shipped_mapping


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("399.978917", (399978917000, GOOD)),
        (" 12 ", (12 * 10**9, GOOD)),
        ("1e-05", (10000, GOOD)),
        ("2.5E3", (2500 * 10**9, GOOD)),
        ("0.0000000005", (1, FINER)),
        ("-0", (0, GOOD)),
        ("-3", (-3 * 10**9, NEGATIVE)),
        ("", (None, BLANK)),
        ("1,5", (None, UNREADABLE)),
        ("inf", (None, UNREADABLE)),
        ("٣", (None, UNREADABLE)),
        ("1e99", (None, TOO_LARGE)),
        ("1e999", (None, UNREADABLE)),
        ("9" * 40, (None, TOO_LARGE)),
    ],
)
def test_number(text, answer):
    assert integer_of(text, 9) == answer


@given(st.integers(0, 10**15), st.integers(0, 10**9))
def test_products_are_exact(weight_ug, fraction_ppb):
    frame = pl.DataFrame({"w": [weight_ug], "f": [fraction_ppb]})
    found = frame.select(product_mg(pl.col("w"), pl.col("f"))).item()
    assert found == rounded_mg(Fraction(weight_ug * fraction_ppb, 10**12))


def test_a_column_is_parsed_in_order():
    value, state = integers(pl.Series(["2", "x", "1", "2"]), 0)
    assert value.to_list() == [2, None, 1, 2]
    assert state.to_list() == [GOOD, UNREADABLE, GOOD, GOOD]


def test_items_that_fit_nothing_are_passed_over():
    halves = [4, 6, 5, 5, 7, 7]
    pairs, unexplained, largest = match_in_order(
        [99, 10, 10, 14], [0] * 4, halves, [1] * 6, 2, 0, single_first=True
    )
    assert (pairs, unexplained, largest) == ([(1, 0), (2, 2), (3, 4)], 0, 0)


def test_what_is_made_never_comes_before_what_it_is_made_of():
    pairs, unexplained, _ = match_in_order([10], [5], [5, 5], [1, 1], 2, 0, single_first=True)
    assert pairs == [] and unexplained == 2


def test_assemblies_are_made_of_runs():
    pairs, unexplained, largest = match_in_order(
        [30, 33, 77], [1, 1, 1], [9, 10, 20, 11, 21, 5], [0] * 6, 2, 1, single_first=False
    )
    assert pairs == [(0, 1), (1, 3)] and unexplained == 1 and largest == 1


@pytest.mark.parametrize(
    ("first", "last", "stated", "found"),
    [
        (0, 103, range(103), [25, 51, 77, 102]),
        (0, 102, range(103), [25, 51, 77, 102]),
        (0, 30, range(31), [25, 30]),
        (0, 25, range(26), [25]),
        (30, 60, range(61), [51, 60]),
        (0, 103, [10, 50], [10, 50]),
        (0, 60, [], [25, 51, 60]),
    ],
)
def test_closings(first, last, stated, found):
    assert closing_periods(shipped_mapping(), first, last, frozenset(stated)) == found


def test_no_closings_if_none_are_wanted():
    text = mapping_of().text.replace("format = 1", 'format = 1\nclosing = "none"')
    assert closing_periods(mapping_of(text), 0, 99, frozenset()) == []
