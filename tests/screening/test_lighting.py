"""Light that changes is not an event; light that settles anew is said."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.scenes_made import plane, scene, screened

VIEW = scene()


@settings(max_examples=15, deadline=None)
@given(gain=st.floats(0.6, 1.15), interval=st.sampled_from([None, 60.0]))
def test_constant_gain_is_never_an_event(gain: float, interval: float | None) -> None:
    run = [plane(VIEW * (gain if n >= 10 else 1.0), n, 1.0) for n in range(30)]
    result = screened(run, interval or 0.1, interval)
    assert not result.events and not result.conditions


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), noise=st.floats(0.5, 4))
def test_quiet_streams_are_quiet(seed: int, noise: float) -> None:
    view = scene(seed)
    result = screened([plane(view, n, noise) for n in range(25)])
    assert not result.events and not result.conditions and not result.standing.any()


def test_daily_cycle() -> None:
    run = [plane(VIEW * (1 + 0.25 * np.sin(2 * np.pi * n / 144)), n, 3.0) for n in range(300)]
    result = screened(run, 600.0, 600.0)
    assert not result.events and not result.conditions


def test_lamp_off_and_on_makes_a_new_lighting_class() -> None:
    run = [plane(VIEW * (0.4 if 20 <= n < 50 else 1.0), n, 1.0) for n in range(80)]
    for interval in (None, 60.0):
        result = screened(run, interval or 0.1, interval)
        assert not result.conditions and not result.events
        assert [n.code for n in result.notes] == ["lighting-class", "lighting-class"]


def test_soft_gradient_of_the_sun_is_light() -> None:
    slope = 1 + 0.3 * np.linspace(0, 1, VIEW.shape[1])[None, :]
    run = [plane(VIEW * (slope if n >= 20 else 1.0), n, 1.0) for n in range(50)]
    result = screened(run)
    assert not result.events and not result.conditions


def test_infra_red_at_night_is_no_tamper() -> None:
    flipped = 0.6 * VIEW + 0.2 * (250 - VIEW)
    run = [plane(flipped if 20 <= n < 50 else VIEW, n, 2.0) for n in range(80)]
    assert not screened(run, 60.0, 60.0).conditions
