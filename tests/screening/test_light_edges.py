"""Light with a hard edge, things in changed light, small things, and what can be seen at all."""

from __future__ import annotations

import numpy as np

from keiryo.screening.detection_limit import detection_limit
from keiryo.screening.fine import FINE_FEWEST, FineLook
from keiryo.screening.model import Picture
from keiryo.screening.screen import Screening
from screening.scenes_made import plane, scene, screened, told

WIDE = scene(3, 360, 640)
VIEW = scene(4, 240, 320)


def lit(view: np.ndarray, left: int, wide: int = 90, factor: float = 1.4) -> np.ndarray:
    """Return the view with a patch of sun that has a hard edge."""
    result = view.copy()
    result[60:200, left : left + wide] *= factor
    return result


def test_patch_of_sun_that_wanders_is_not_one_long_event() -> None:
    views = [lit(VIEW, 10 + 8 * max(0, n - 10), factor=1.25) for n in range(36)]
    result = screened([plane(view, n) for n, view in enumerate(views)], 60.0, 60.0)
    assert 1 <= (result.standing == 1).sum() <= 12
    assert "lighting" in {note.code for note in result.notes}


def test_first_hard_shadow_is_an_event() -> None:
    run = [plane(lit(VIEW, 100, factor=0.6) if n == 20 else VIEW, n) for n in range(30)]
    assert [event.first for event in screened(run, 60.0, 60.0).events] == [20]


def test_thing_in_the_middle_of_a_large_change_of_light() -> None:
    """It hides the lighter ground behind it, and is no brighter than the ground was."""
    slope = 1 + 0.5 * np.linspace(0, 1, VIEW.shape[1])[None, :]

    def view(n: int) -> np.ndarray:
        result = VIEW * slope if n >= 15 else VIEW.copy()
        if n == 25:
            result[100:130, 200:216] = 40
        return result

    events = screened([plane(view(n), n) for n in range(35)], 60.0, 60.0).events
    assert any(event.first <= 25 <= event.last for event in events)


def small(n: int, where: int) -> np.ndarray:
    view = WIDE.copy()
    if n in (30, 31):
        under = view[200:207, where : where + 5]
        under[:] = under.mean() + (60 if under.mean() < 127 else -60)
    return view


def test_thing_of_two_percent_of_the_height_at_intervals() -> None:
    events = screened([plane(small(n, 300), n) for n in range(40)], 60.0, 60.0).events
    assert any(event.first <= 30 <= event.last for event in events)


def test_what_a_place_shows_again_and_again_is_no_event_there() -> None:
    look = FineLook()
    look.begin(plane(WIDE, 0, 0.5))

    def seen(n: int, left: int) -> bool:
        view = WIDE.copy()
        view[100:106, left : left + 6] = 240
        look.look(plane(view, n, 0.5), 1.0, None, True)
        return look.seen

    for n in range(FINE_FEWEST + 20):
        seen(n, 100)
    assert not seen(50, 100)
    assert seen(51, 500)


def test_detection_limit_is_that_of_the_camera() -> None:
    clear, noisy = Screening(60.0), Screening(60.0)
    for n in range(25):
        clear.see(Picture(n, 60.0 * n, plane(WIDE, n, 1.0)))
        noisy.see(Picture(n, 60.0 * n, plane(WIDE, n, 14.0)))
    best = clear.limit([Picture(30, 1800.0, plane(WIDE, 30, 1.0))]).smallest
    worse = noisy.limit([Picture(30, 1800.0, plane(WIDE, 30, 14.0))]).smallest
    assert best is not None and best.size_px <= 12 and best.of == 20
    assert worse is None or (worse.size_px, -worse.contrast) > (best.size_px, -best.contrast)


def test_no_quiet_picture_no_limit() -> None:
    told_ = detection_limit(None, []).to_dict()
    assert told_ == {
        **dict.fromkeys(("size_px", "contrast", "found", "of")),
        "images": 0,
        "tested": [],
    }


def test_frozen_before_the_encoder() -> None:
    """The noise of the camera is gone, and a few pixels differ by what the coder leaves."""

    def view(n: int) -> np.ndarray:
        if not 40 <= n < 80:
            return plane(VIEW, n)
        still = plane(VIEW, 40)
        still[:2, : n - 40] += 1
        return still

    assert told(screened([view(n) for n in range(100)])) == [("frozen", 41, 79)]
