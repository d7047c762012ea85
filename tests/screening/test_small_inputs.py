"""Pictures of odd sizes, without colour, or that change their size midway."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from keiryo.screening.model import Picture, Standing
from keiryo.screening.screen import Screening, parameters_digest
from screening.scenes_made import plane, scene, screened, told


@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 5), (1, 700), (700, 1), (17, 31), (577, 579), (2, 1200)]
)
@pytest.mark.parametrize("interval", [None, 60.0])
def test_any_size(shape: tuple[int, int], interval: float | None) -> None:
    draw = np.random.default_rng(3)
    screening = Screening(interval)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(6):
            luma = draw.integers(0, 256, shape).astype(np.uint8)
            half = np.zeros((-(-shape[0] // 2), -(-shape[1] // 2)), np.uint8)
            screening.see(Picture(n, n * (interval or 0.1), luma, (half, half)))
        screening = Screening.from_state(screening.state())
        assert screening.finish().frames == 6


def test_very_large_picture() -> None:
    view = np.tile(scene(4, 270, 480), (16, 16)).astype(np.uint8)
    screening = Screening(60.0)
    for n in range(2):
        assert screening.see(Picture(n, 60.0 * n, np.roll(view, 0))) is Standing.QUIET


def test_no_picture_at_all() -> None:
    result = Screening().finish()
    assert result.frames == 0 and not result.events and result.standing.shape == (0,)


def test_size_that_changes_is_told_and_then_taken() -> None:
    small = scene(2, 96, 128)
    run = [plane(scene() if n < 10 else small, n) for n in range(40)]
    result = screened(run)
    ((code, first, last),) = told(result)
    assert (code, first) == ("replaced", 10) and 12 <= last <= 16
    assert (result.standing[20:] == 0).all() and not result.events


def test_colour_that_comes_and_goes() -> None:
    screening = Screening()
    for n in range(20):
        luma = plane(scene(), n)
        half = np.full((72, 96), 128, np.uint8)
        screening.see(Picture(n, n / 10, luma, (half, half) if n % 7 else None))
    assert not screening.finish().conditions


def test_change_of_colour_alone_is_seen() -> None:
    screening = Screening(60.0)
    for n in range(20):
        draw = np.random.default_rng(n)
        red = 128 + draw.normal(0, 1, (72, 96))
        red[20:50, 30:60] += 40 * (n >= 10)
        colour = red.astype(np.uint8)
        screening.see(Picture(n, 60.0 * n, plane(scene(), n), (colour, colour)))
    (event,) = screening.finish().events
    assert event.first == 10 and event.kind.value == "state-change"


def test_unreadable_images_leave_a_place() -> None:
    screening = Screening(60.0)
    for n in (0, 1, 4, 5):
        screening.see(Picture(n, 60.0 * n, plane(scene(), n)))
    assert screening.finish().standing.tolist() == [0, 0, 2, 2, 0, 0]


def test_parameters_have_a_digest() -> None:
    assert len(parameters_digest()) == 64 and parameters_digest() == parameters_digest()
