"""What a camera says of every instant, as it became known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.containment.values import DeviceSpans, Value
from keiryo.surveillance.values import camera_spans
from keiryo.surveillance.views import record_view
from surveillance.camera_books import START, fill
from surveillance.review_books import Session, at, session


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    return session(sqlite_url, tmp_path, 12)


def spans(made: Session, **known: Any) -> DeviceSpans:
    with made.given[0].reading() as connection:
        return camera_spans(connection, made.given[0].metadata, "CAM-01", **known)


def values(told: DeviceSpans) -> list[tuple[str, str, str]]:
    return [
        (f"{one.begin:%H:%M}", "" if one.end is None else f"{one.end:%H:%M}", one.value.name)
        for one in told.spans
    ]


def test_a_camera_that_nobody_knows_says_nothing(made: Session) -> None:
    with made.given[0].reading() as connection:
        told = camera_spans(connection, made.given[0].metadata, "CAM-99")
    assert told.spans == () and told.mechanism == "optical-camera"


def test_pending_until_it_is_concluded(made: Session) -> None:
    told = spans(made)
    assert values(told) == [("08:00", "09:50", "PENDING"), ("09:50", "", "PENDING")]
    assert [one.reason for one in told.spans] == ["CAMERA-NOT-REVIEWED", "CAMERA-NOT-RECEIVED"]
    made.screen("q" * 12)
    made.open(12)
    assert {one.value for one in spans(made).spans} == {Value.PENDING}
    act = made.conclude("positive")
    assert values(spans(made)) == [("08:00", "10:00", "POSITIVE"), ("10:00", "", "PENDING")]
    assert {one.value for one in spans(made, through_act=act - 1).spans} == {Value.PENDING}
    now = made.site.now
    assert spans(made, known_at=now - timedelta(seconds=1)).spans == ()
    assert values(spans(made, known_at=now))[0][2] == "POSITIVE"
    assert values(spans(made, begin=at(3), end=at(4))) == [("08:30", "08:40", "POSITIVE")]
    assert spans(made, begin=at(4), end=at(4)).spans == ()


def test_a_gap_is_never_positive(made: Session) -> None:
    made.screen("qqqqddqqqqqq")
    assert ("08:30", "09:00", "INCONCLUSIVE") in values(spans(made))
    made.open(12)
    made.conclude_parts()
    assert values(spans(made)) == [
        *[("08:00", "08:30", "POSITIVE"), ("08:30", "09:00", "INCONCLUSIVE")],
        *[("09:00", "10:00", "POSITIVE"), ("10:00", "", "PENDING")],
    ]


def test_an_undeclared_movement(made: Session) -> None:
    made.screen("qqqqqsqqqqqq")
    made.open(12)
    made.look()
    made.mark("relevant", 0)
    assert ("08:50", "10:00", "NEGATIVE") in values(spans(made))
    made.conclude("negative", "an item was moved that nobody declared")
    told = spans(made)
    assert values(told)[1:] == [("08:50", "10:00", "NEGATIVE"), ("10:00", "", "PENDING")]
    made.mark("benign", 0)  # it is taken back: the conclusion still stands
    assert ("08:00", "10:00", "NEGATIVE") in values(spans(made))
    made.conclude("positive")
    assert values(spans(made))[0] == ("08:00", "10:00", "POSITIVE")


def test_a_later_review_resolves_it(made: Session) -> None:
    made.screen("qqqqqsqqqqqq")
    made.open(12)
    made.look()
    made.mark("relevant", 0)
    made.open(12, name="after re-verification")
    made.name = "after re-verification"
    made.look()
    made.mark("benign", 0, note="the items were verified")
    made.conclude("positive")
    assert values(spans(made))[0] == ("08:00", "10:00", "POSITIVE")


def test_an_image_that_comes_after_the_conclusion(made: Session, tmp_path: Path) -> None:
    made.screen("q" * 12)
    made.open(12)
    made.conclude("positive")
    fill(tmp_path / "late", 1, first=500, start=at(6.5))
    made.site.ingest(tmp_path / "late")
    assert values(spans(made)) == [
        ("08:00", "09:05", "POSITIVE"), ("09:05", "10:00", "PENDING"), ("10:00", "", "PENDING"),
    ]  # fmt: skip


def test_the_camera_is_there_from_its_first_view(made: Session) -> None:
    early = START - timedelta(hours=1)
    record_view(*made.given, "CAM-01", "the hall", early, clock=made.site.clock)
    assert values(spans(made))[0] == ("07:00", "08:00", "PENDING")


def test_a_new_screening_replaces_the_gaps_of_the_one_before(made: Session) -> None:
    made.screen("qqqqddqqqqqq")
    made.screen("q" * 12)
    assert {one.value for one in spans(made).spans} == {Value.PENDING}
