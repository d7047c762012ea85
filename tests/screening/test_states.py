"""Items that come, go and come back: each change is told, and none cancels another."""

from __future__ import annotations

import pytest

from keiryo.screening.model import Picture, Zone
from keiryo.screening.screen import Screening
from screening.scenes_made import item, plane, scene, screened

EMPTY = scene()
HELD = item(EMPTY, 100)


@pytest.mark.parametrize("interval", [None, 60.0])
def test_taken_and_brought_back(interval: float | None) -> None:
    run = [plane(EMPTY if 30 <= n < 60 else HELD, n) for n in range(90)]
    result = screened(run, interval or 0.1, interval)
    assert not result.conditions
    assert [(e.kind.value, e.first, e.against, e.returned_to) for e in result.events] == [
        ("state-change", 30, 0, None),
        ("state-change", 60, 1, 0),
    ]
    assert [s.number for s in result.scenes] == [0, 1, 0]
    assert (result.standing == 1).mean() < 0.2


@pytest.mark.parametrize("interval", [None, 60.0])
def test_thing_that_passes_is_activity(interval: float | None) -> None:
    run = [plane(item(EMPTY, 20 + 12 * (n - 20)) if 20 <= n < 30 else EMPTY, n) for n in range(60)]
    result = screened(run, interval or 0.1, interval)
    (event,) = result.events
    assert event.kind.value == "activity"
    assert (event.first, event.last) == (20, 29)
    assert event.first <= event.peak <= event.last and 0 < event.score < 1
    assert (result.standing[20:30] == 1).all() and (result.standing[30:] == 0).all()


def test_single_image_counts_at_intervals_but_not_in_video() -> None:
    run = [plane(HELD if n == 20 else EMPTY, n) for n in range(40)]
    assert len(screened(run, 600.0, 600.0).events) == 1
    assert not screened(run).events


def test_event_in_the_first_image_shows_when_it_leaves() -> None:
    run = [plane(HELD if n < 8 else EMPTY, n) for n in range(40)]
    (event,) = screened(run).events
    assert event.kind.value == "state-change" and event.first == 8


def test_zones_and_masks() -> None:
    left = Zone("left", "INTEREST", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    right = Zone("right", "TRIP", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
    clock = Zone("clock", "IGNORE", ((0.5, 0.3), (1, 0.3), (1, 0.8), (0.5, 0.8)))
    run = [plane(HELD if n >= 20 else EMPTY, n) for n in range(40)]

    def zones_of(*zones: Zone) -> list[tuple[str, ...]]:
        screening = Screening(60.0, zones=zones)
        for n, luma in enumerate(run):
            screening.see(Picture(n, 60.0 * n, luma))
        return [event.zones for event in screening.finish().events]

    assert zones_of(left, right) == [("right",)]
    assert zones_of(clock) == []


def test_interest_at_full_resolution_finds_what_the_whole_view_cannot() -> None:
    view = scene(3, 480, 1280)
    small = view.copy()
    small[200:206, 300:306] = 250
    zone = Zone("lid", "INTEREST", ((0.2, 0.35), (0.28, 0.35), (0.28, 0.5), (0.2, 0.5)))
    screening = Screening(60.0, zones=(zone,))
    for n in range(12):
        screening.see(Picture(n, 60.0 * n, plane(small if n >= 8 else view, n)))
    assert [event.zones for event in screening.finish().events] == [("lid",)]


def test_leaves_in_the_wind_do_not_hide_what_comes_later() -> None:
    def view(n: int) -> object:
        base = item(EMPTY, 150 + (n * 7) % 11, 10, 20)
        return plane(item(base, 40, 90) if n >= 200 else base, n)

    result = screened([view(n) for n in range(320)], 600.0, 600.0)
    assert any(e.kind.value == "state-change" and 190 <= e.first <= 205 for e in result.events)
