"""Light, dimness and snow: what screening must see through, and what it must not call quiet."""

from __future__ import annotations

import numpy as np

from keiryo.screening.change_map import contrast_of
from keiryo.screening.model import Picture
from keiryo.screening.preparation import prepare
from keiryo.screening.screen import Screening
from keiryo.screening.states import Scene, fresh, known_scene
from screening.scenes_made import item, plane, scene, screened

VIEW = scene()


def test_former_scene_does_not_change_the_light_of_a_picture() -> None:
    look = prepare(Picture(0, 0.0, plane(VIEW, 0)), ())
    look.gain = 0.8
    brighter = prepare(Picture(1, 1.0, plane(VIEW * 1.1, 1)), ())
    noise = [reference.noise for reference in fresh(brighter)]
    known_scene(look, [Scene(0, brighter.layers, noise)], [None], 0.0002)
    assert look.gain == 0.8


def test_colour_that_goes_with_the_light_is_no_event() -> None:
    """Half the view in the sun: there brightness and colour grow by one factor."""
    colour = np.kron(scene(7)[:72:8, :96:8], np.ones((8, 8))) - 110
    slope = 1 + 0.35 * np.linspace(0, 1, VIEW.shape[1])[None, :]
    screening = Screening(60.0)
    for n in range(30):
        light = slope if n >= 15 else np.ones_like(slope)
        blue = plane(128 + 0.6 * colour * light[:, ::2], n, 0.5)
        screening.see(Picture(n, 60.0 * n, plane(VIEW * light, n, 1.0), (blue, blue)))
    assert not screening.finish().events


def test_item_in_a_dim_view() -> None:
    dim = 20 + (VIEW - 110) * 0.2
    full = dim.copy()
    full[60:84, 100:124] += 11
    assert contrast_of(plane(dim, 0, 0.0)) < 0.6
    result = screened([plane(full if n >= 20 else dim, n, 0.5) for n in range(40)], 60.0, 60.0)
    assert [event.first for event in result.events] == [20]


def test_snow_is_clutter_and_does_not_swallow_what_comes() -> None:
    def snow(n: int) -> object:
        view = item(VIEW, 100) if n >= 90 else VIEW.copy()
        draw = np.random.default_rng(n)
        for y, x in zip(draw.integers(0, 138, 5), draw.integers(0, 186, 5), strict=True):
            view[y : y + 4, x : x + 4] = 245
        return plane(view, n)

    result = screened([snow(n) for n in range(130)], 600.0, 600.0)
    assert "clutter" in {note.code for note in result.notes}
    assert any(e.kind.value == "state-change" and abs(e.first - 90) <= 1 for e in result.events)
    assert (result.standing[40:85] == 0).mean() > 0.5
