"""The two public clips: every intervention found, none invented, and the states between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from keiryo.screening.model import Event, Picture, Plane, Screened
from keiryo.screening.screen import Screening

FOLDER = Path(__file__).parent.parent / "data" / "surveillance"
TRUTH = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))["sequences"]
BOTTLES, PERSONS = "bottle-detection.mp4", "one-by-one-person-detection.mp4"


def pictures(name: str) -> Iterator[Picture]:
    with av.open(str(FOLDER / name)) as container:
        stream = container.streams.video[0]
        for index, frame in enumerate(container.decode(stream)):
            planes: list[Plane] = [
                np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[
                    :, : plane.width
                ]
                for plane in frame.planes
            ]
            time_s = float(frame.pts * stream.time_base)
            yield Picture(index, time_s, planes[0], (planes[1], planes[2]))


@cache
def screened(name: str) -> Screened:
    screening = Screening()
    for picture in pictures(name):
        screening.see(picture)
    return screening.finish()


def truth(name: str) -> list[tuple[int, int]]:
    known = TRUTH[name]
    spans = known.get("interventions") or known["visits"]
    return [(one["first"], one.get("last") or one["last_shadow"]) for one in spans]


def at(name: str, span: tuple[int, int], widened: int = 8) -> list[Event]:
    first, last = span
    return [
        event
        for event in screened(name).events
        if event.first <= last + widened and event.last >= first - widened
    ]


@pytest.mark.parametrize("name", [BOTTLES, PERSONS])
def test_every_event_is_found_and_none_invented(name: str) -> None:
    result, spans = screened(name), truth(name)
    tolerance = TRUTH[name]["tolerance_frames"]
    assert all(at(name, span, tolerance) for span in spans)
    overlapping = {event for span in spans for event in at(name, span)}
    assert set(result.events) == overlapping
    assert not result.conditions
    assert result.frames == TRUTH[name]["frames"] == len(result.standing)


@pytest.mark.parametrize(("name", "most"), [(BOTTLES, 0.05), (PERSONS, 0.0)])
def test_quiet_images_are_hardly_presented(name: str, most: float) -> None:
    result = screened(name)
    presented, quiet = (np.zeros(result.frames, bool), np.ones(result.frames, bool))
    for event in result.events:
        presented[max(event.first - 1, 0) : event.last + 2] = True
    for first, last in truth(name):
        quiet[max(first - 3, 0) : last + 9] = False
    assert (presented & quiet).sum() / quiet.sum() <= most
    assert presented.mean() < 0.45


def test_each_change_of_the_shelf_is_a_change_of_state() -> None:
    for span in truth(BOTTLES):
        assert [event.kind.value for event in at(BOTTLES, span)] == ["state-change"]
    numbers = [scene.number for scene in screened(BOTTLES).scenes]
    assert len(numbers) == 8 and numbers[0] != numbers[1] != numbers[2]


def test_after_every_visit_the_empty_room_is_back() -> None:
    for span in truth(PERSONS):
        assert at(PERSONS, span)[-1].returned_to == 0
