"""What is done to a camera is told by its own code, at once, and no longer than it lasts."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from screening.scenes_made import item, plane, scene, screened, told

VIEW = scene()
OTHER = scene(99)


def shifted(view: np.ndarray, across: float, down: float, turn: float = 0.0) -> np.ndarray:
    rows, columns = view.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), turn, 1.0)
    matrix[:, 2] += (across, down)
    return cv2.warpAffine(view, matrix, (columns, rows), borderMode=cv2.BORDER_REFLECT)


def covered(view: np.ndarray) -> np.ndarray:
    result = view.copy()
    result[:, : int(view.shape[1] * 0.6)] = 60
    return result


TAMPER: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "dark": ("dark", lambda view: view // 20),
    "bright": ("bright", lambda view: np.clip(view * 20, 0, 255)),
    "defocused": ("defocused", lambda view: cv2.GaussianBlur(view, (0, 0), 3)),
    "covered": ("covered", covered),
    "covered wholly": ("covered", lambda view: np.full_like(view, 60.0)),
    "moved": ("moved", lambda view: shifted(view, 5, 3)),
    "moved far": ("moved", lambda view: shifted(view, 40, 12)),
    "turned": ("moved", lambda view: shifted(view, 0, 0, 8)),
    "replaced": ("replaced", lambda view: OTHER),
}


@pytest.mark.parametrize("onset", [5, 30])
@pytest.mark.parametrize("interval", [None, 60.0])
@pytest.mark.parametrize("name", TAMPER)
def test_tamper_has_its_own_code(name: str, interval: float | None, onset: int) -> None:
    code, change = TAMPER[name]
    noise = 0.3 if code == "defocused" else 2.0  # the noise of the sensor is not in the optics
    run = [
        plane(change(VIEW) if onset <= n < onset + 20 else VIEW, n, noise)
        for n in range(onset + 40)
    ]
    result = screened(run, interval or 0.1, interval)
    assert told(result) == [(code, onset, onset + 19)]
    assert not result.events
    assert (result.standing[onset : onset + 20] == 2).all()
    assert (result.standing[:onset] == 0).all() and (result.standing[onset + 20 :] == 0).all()


@pytest.mark.parametrize("interval", [None, 60.0])
@pytest.mark.parametrize("name", TAMPER)
def test_tamper_to_the_end(name: str, interval: float | None) -> None:
    code, change = TAMPER[name]
    noise = 0.3 if code == "defocused" else 2.0
    run = [plane(change(VIEW) if n >= 5 else VIEW, n, noise) for n in range(30)]
    assert told(screened(run, interval or 0.1, interval)) == [(code, 5, 29)]


@pytest.mark.parametrize("interval", [None, 60.0])
def test_frozen(interval: float | None) -> None:
    run = [plane(VIEW, 10 if 10 <= n < 40 else n) for n in range(60)]
    assert told(screened(run, interval or 0.1, interval)) == [("frozen", 11, 39)]


def test_two_repeats_are_no_freeze_in_video() -> None:
    run = [plane(VIEW, 10 if 10 <= n <= 12 else n) for n in range(30)]
    assert not told(screened(run))


def test_copied_pictures_of_strong_compression_are_no_freeze() -> None:
    """The picture goes on after the repeats almost as it was: only a corner is coded anew."""
    pictures = [plane(VIEW, 0)]
    for n in range(1, 60):
        luma = pictures[-1].copy()
        if n % 9 == 0:
            luma[:16, :16] = plane(VIEW, n)[:16, :16]
        pictures.append(luma)
    assert not told(screened(pictures))


def test_replay_of_an_earlier_stretch() -> None:
    run = [plane(VIEW, n if n < 40 else n - 30) for n in range(60)]
    result = screened(run)
    assert told(result) == [("replaced", 40, 59)]


def test_item_taken_behind_a_cover_is_a_change_of_state() -> None:
    full = item(VIEW, 140)
    run = [plane(full if n < 20 else covered(full) if n < 40 else VIEW, n) for n in range(70)]
    for interval in (None, 60.0):
        result = screened(run, interval or 0.1, interval)
        assert told(result) == [("covered", 20, 39)]
        assert [e.kind.value for e in result.events] == ["state-change"]
        assert result.events[0].first == 40


def test_dark_from_the_first_image() -> None:
    run = [plane(VIEW // 20 if n < 10 else VIEW, n) for n in range(40)]
    result = screened(run)
    assert told(result) == [("dark", 0, 9)] and not result.events


def test_view_without_texture_is_said_to_be_untestable() -> None:
    run = [plane(np.full((96, 128), 120.0), n, 1.0) for n in range(20)]
    result = screened(run)
    assert [n.code for n in result.notes] == ["health-not-testable"]
    assert not result.conditions and not result.events
    assert (result.standing == 2).all()  # nobody knows whether it is covered: not quiet


def test_slow_turn_of_the_mount_is_seen() -> None:
    run = [plane(shifted(VIEW, n / 25, 0), n) for n in range(200)]
    result = screened(run)
    assert [c.code.value for c in result.conditions] == ["moved"]


def test_noise_that_comes_and_goes_raises_nothing() -> None:
    run = [plane(VIEW, n, 2.0 if n < 20 else 14.0) for n in range(60)]
    assert not told(screened(run))


def test_night_and_day() -> None:
    """A camera in the dark of the night is dark; in the morning all is well again."""
    light = [max(0.05, min(1.0, abs(n - 100) / 60)) for n in range(200)]
    run = [plane(VIEW * share, n, 1.0) for n, share in enumerate(light)]
    result = screened(run, 600.0, 600.0)
    assert {c.code.value for c in result.conditions} == {"dark"}
    assert result.conditions[-1].last < 112
