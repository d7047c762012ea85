"""A screening that stops anywhere goes on, from its saved state, to the same result."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.screening.model import Picture, Screened, Zone
from keiryo.screening.screen import Screening
from screening.scenes_made import item, plane, scene

VIEW = scene()
ZONES = (Zone("rack", "INTEREST", ((0.4, 0.3), (0.8, 0.3), (0.8, 0.8))),)


def picture(n: int, step_s: float) -> Picture:
    view = item(VIEW, 100) if 20 <= n < 60 else VIEW
    if 30 <= n < 35:
        view = item(view, 10 + 10 * (n - 30), 20)
    if 40 <= n < 48:
        view = view // 20
    if 66 <= n < 74:
        view = np.full_like(VIEW, 80.0)
    if 85 <= n < 95:
        view = item(VIEW, n, 80)
    luma = plane(view, 50 if 50 <= n < 56 else n)
    colour = np.full((72, 96), 120 + n % 2, np.uint8)
    return Picture(n, n * step_s, luma, (colour, colour))


def whole(screening: Screening) -> tuple[object, ...]:
    result: Screened = screening.finish()
    return (
        *(result.events, result.conditions, result.notes, result.scenes),
        result.standing.tobytes(),
    )


@cache
def unbroken(step_s: float) -> tuple[object, ...]:
    screening = Screening(step_s, zones=ZONES)
    for n in range(100):
        screening.see(picture(n, step_s))
    return whole(screening)


@settings(max_examples=12, deadline=None)
@given(stops=st.lists(st.integers(0, 99), max_size=4), step_s=st.sampled_from([0.1, 60.0]))
def test_split_anywhere(stops: list[int], step_s: float) -> None:
    screening = Screening(step_s, zones=ZONES)
    for n in range(100):
        if n in stops:
            screening.finish()  # looking at the result changes nothing
            screening = Screening.from_state(screening.state())
        screening.see(picture(n, step_s))
    assert whole(screening) == unbroken(step_s)


def test_there_is_something_to_split() -> None:
    for step_s in (0.1, 60.0):
        events, conditions, *_ = unbroken(step_s)
        assert len(events) >= 2 and {c.code.value for c in conditions} >= {"dark", "covered"}


def test_state_does_not_grow_with_the_images() -> None:
    screening = Screening(60.0)
    sizes = []
    for n in range(400):
        screening.see(Picture(n, 60.0 * n, plane(VIEW, n)))
        if n in (100, 399):
            sizes.append(len(screening.state()))
    assert sizes[1] - sizes[0] < 300 * 40


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xc1", b"{}", b"\x81\xa4mask\x01"])
def test_state_that_is_none(data: bytes) -> None:
    with pytest.raises(UsageError):
        Screening.from_state(data)
