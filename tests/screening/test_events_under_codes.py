"""Events go on being told while a code lasts, and images outside all events are quiet."""

from __future__ import annotations

import cv2
import pytest

from keiryo.screening.model import Picture
from keiryo.screening.screen import Screening
from screening.scenes_made import item, plane, scene, screened, told
from screening.test_health import shifted

VIEW, OTHER = scene(), scene(99)


@pytest.mark.parametrize("interval", [None, 60.0])
@pytest.mark.parametrize("code", ["moved", "replaced", "defocused"])
def test_item_that_comes_in_a_lasting_new_view(code: str, interval: float | None) -> None:
    new = {
        "moved": shifted(VIEW, 5, 3),
        "replaced": OTHER,
        "defocused": cv2.GaussianBlur(VIEW, (0, 0), 3),
    }[code]
    run = [plane(VIEW, n, 0.5) for n in range(10)]
    run += [plane(item(new, 100, size=30) if n >= 60 else new, n, 0.5) for n in range(10, 90)]
    run += [plane(VIEW, n, 0.5) for n in range(90, 110)]
    result = screened(run, interval or 0.1, interval)
    assert told(result) == [(code, 10, 89)]
    (event,) = result.events
    assert (event.kind.value, event.first) == ("state-change", 60)
    assert (result.standing[10:90] == 2).all() and not result.standing[90:].any()


def test_visit_that_is_played_once_more_is_told_again() -> None:
    def view(n: int) -> object:
        return plane(item(VIEW, 20 + 12 * (n - 20)) if 20 <= n < 30 else VIEW, n)

    result = screened([view(n if n < 50 else n - 40) for n in range(80)])
    assert told(result) == [("replaced", 50, 79)]
    assert [event.first for event in result.events] == [20, 60]


@pytest.mark.parametrize("interval", [None, 60.0])
def test_images_outside_all_events_are_quiet(interval: float | None) -> None:
    screening = Screening(interval)
    full = item(VIEW, 100)
    for n in range(30):
        luma = plane(VIEW if n >= 10 else full, n)
        screening.see(Picture(n, n * (interval or 0.1), luma))
        found = screening.finish()
        inside = {at for e in found.events for at in range(e.first, e.last + 1)}
        assert {at for at in range(n + 1) if found.standing[at] == 1} <= inside
