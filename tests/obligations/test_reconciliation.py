"""Two statements that differ: each cause, and what is left over."""

from __future__ import annotations

import datetime
from fractions import Fraction

from keiryo.obligations.reconciliation import Movement, explained, rounding_bound

OLD, NEW = datetime.date(2025, 12, 29), datetime.date(2026, 1, 14)


def causes(
    ours: int, theirs: int, *movements: Movement, bound: Fraction | int = 0
) -> dict[str, Fraction]:
    return explained(ours, theirs, 2025, movements, bound).by_cause


def test_a_shipment_that_is_counted_in_another_year() -> None:
    assert causes(12331, 12403, Movement("S-7", 72, NEW, OLD)) == {"timing": 72}
    assert causes(12403, 12331, Movement("S-7", 72, OLD, NEW)) == {"timing": -72}
    assert causes(100, 100, Movement("S-7", 72, OLD, OLD)) == {}


def test_several_causes_and_what_is_left_over() -> None:
    movements = (
        Movement("S-7", 72, NEW, OLD),
        Movement("C-1", -5, NEW, OLD, "category change"),
        Movement("D-9", 10, None, OLD),
    )
    found = explained(1000, 1078, 2025, movements, 2)
    assert found.by_cause == {
        "timing": 72,
        "rounding": 1,
        "category change": -5,
        "missing document": 10,
    }
    assert found.references == {
        "timing": ("S-7",),
        "category change": ("C-1",),
        "missing document": ("D-9",),
    }
    assert found.settled and sum(found.by_cause.values()) == found.difference
    left = explained(1000, 1081, 2025, movements, 2)
    assert not left.settled and left.by_cause["unexplained"] == 4


def test_how_much_rounding_explains() -> None:
    assert rounding_bound(7) == 7  # both round each line
    assert rounding_bound(7, both=False) == Fraction(7, 2)
    assert rounding_bound(2, [3, 4]) == 8
    assert causes(10, 12, bound=rounding_bound(2)) == {"rounding": 2}
