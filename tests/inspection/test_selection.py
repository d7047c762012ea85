"""Draws that anybody can repeat, with the probabilities that were promised."""

from __future__ import annotations

import hashlib
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.inspection.selection import select_items, stratify

NAMES = [f"CAN-{n:03}" for n in range(60)]
SIZES = [1.0 + n for n in range(60)]


def test_another_program_can_repeat_the_draw() -> None:
    by_hand = sorted(NAMES, key=lambda name: hashlib.sha256(b"2026\0" + name.encode()).digest())
    drawn = select_items(NAMES, 7, 2026)
    assert [NAMES[i] for i in drawn.chosen] == by_hand[:7]
    assert drawn.to_dict()["seed"] == "2026"
    assert drawn.probability == (7 / 60,) * 7


def test_a_draw_stays_the_same_for_ever() -> None:
    drawn = select_items(["a", "b", "c", "d", "e", "f"], 3, "seed")
    names = ["abcdef"[i] for i in drawn.chosen]
    assert names == ["a", "e", "d"]
    sized = select_items(list("abcdef"), 3, "seed", size_kg=[1, 2, 3, 4, 5, 50])
    assert ["abcdef"[i] for i in sized.chosen] == ["f", "e", "c"]


@given(st.randoms(use_true_random=False), st.integers(0, 60), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_list_does_not_matter(order: object, size: int, sized: bool) -> None:
    places = list(range(60))
    order.shuffle(places)  # type: ignore[attr-defined]
    first = select_items(NAMES, size, 5, size_kg=SIZES if sized else None)
    second = select_items(
        [NAMES[i] for i in places], size, 5, size_kg=[SIZES[i] for i in places] if sized else None
    )
    assert [NAMES[i] for i in first.chosen] == [NAMES[places[i]] for i in second.chosen]
    assert first.digest == second.digest
    assert len(first.chosen) == len(set(first.chosen)) == size


@pytest.mark.parametrize("sized", [False, True])
def test_items_are_drawn_with_the_stated_probability(sized: bool) -> None:
    runs, size = 2000, 9
    met: Counter[int] = Counter()
    for seed in range(runs):
        met.update(select_items(NAMES, size, seed, size_kg=SIZES if sized else None).chosen)
    total = sum(SIZES)
    for item in range(0, 60, 7):
        p = size * SIZES[item] / total if sized else size / 60
        assert abs(met[item] / runs - p) < 4.5 * math.sqrt(p * (1 - p) / runs)


def test_items_that_are_drawn_with_certainty() -> None:
    drawn = select_items(["big", *NAMES], 3, 1, size_kg=[10_000.0, *SIZES])
    assert drawn.chosen[0] == 0
    assert drawn.probability[0] == 1.0
    assert len(drawn.chosen) == 3


def test_draws_that_make_no_sense() -> None:
    for names, size, sizes in [
        (["a", "a"], 1, None), (["a"], 2, None), (["a"], -1, None), (["a"], 1, [0.0]),
        (["a"], 1, [math.nan]), (["a"], 1, [1.0, 2.0]),
    ]:  # fmt: skip
        with pytest.raises(UsageError):
            select_items(names, size, 1, size_kg=sizes)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=80), st.floats(1, 5))
@settings(max_examples=60, deadline=None)
def test_strata_hold_like_items_and_all_of_them(sizes: list[float], ratio: float) -> None:
    strata = stratify(sizes, ratio)
    assert sorted(i for s in strata for i in s.members) == list(range(len(sizes)))
    for stratum in strata:
        assert stratum.largest_kg <= ratio * stratum.smallest_kg * (1 + 1e-9)
