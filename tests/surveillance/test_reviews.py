"""Reviews: what may be opened, and in which order events are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotFoundError, RefusedError
from keiryo.surveillance.looks import Look, look
from keiryo.surveillance.ranking import ranked, similar
from keiryo.surveillance.review_record import noted_in
from keiryo.surveillance.reviews import review, reviews
from keiryo.surveillance.tables import LOOK, REVIEW
from keiryo.surveillance.views import record_view
from keiryo.surveillance.zones import ZoneEntry, record_zones
from surveillance.camera_books import START, codes
from surveillance.review_books import Session, at, scripted, session


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    return session(sqlite_url, tmp_path, 12)


def refused(function: Any, *arguments: Any, **more: Any) -> list[str]:
    with pytest.raises(RefusedError) as error:
        function(*arguments, **more)
    return codes(error.value)


def line(made: Session, **more: Any) -> dict[str, Any]:
    return {
        "review": "other",
        "mba": "XARA",
        "begin_at": "2026-03-01T08:00:00.000000Z",
        "end_at": "2026-03-01T10:00:00.000000Z",
        "reviewer": "P-TEST2345",
        "screenings": made.screened[0].names[0],
        **more,
    }


def test_a_review_takes_the_latest_screenings(made: Session) -> None:
    with pytest.raises(NotFoundError, match="nothing of CAM-01 was screened"):
        made.open(12)
    made.screen("q" * 12)
    second = made.screen("qqaaqqqqqqqq")
    made.open(12)
    with made.given[0].reading() as connection:
        one = review(connection, made.given[0].metadata, "july")
        assert [r.name for r in reviews(connection, made.given[0].metadata)] == ["july"]
    assert one.screenings == second.names and one.cameras == ("CAM-01",)
    assert one.to_dict()["reviewer"] == "P-TEST2345"


def test_what_was_not_screened_is_noted(made: Session) -> None:
    made.screen("q" * 6)
    made.open(12)
    act = made.site.rows(REVIEW.name)[0]["act_id"]
    assert codes(noted_in(made.given[0], act)) == ["REVIEW-NOT-SCREENED"]
    assert made.tally().reasons == {"NOT_SCREENED": 6}
    assert made.tally().not_yet_reviewed == 6


def test_reviews_that_cannot_be(made: Session) -> None:
    made.screen("q" * 12)
    made.open(12)
    kind = REVIEW.name
    assert refused(made.open, 11) == ["REVIEW-TAKEN"]
    for name in (" x ", "", "a|b", "2026/07", "..", "a\nb"):
        assert refused(made.post_bare, kind, line(made, review=name)) == ["REVIEW-NAME"]
    assert refused(made.post_bare, kind, line(made, reviewer="P-2")) == ["SURVEILLANCE-PERSON"]
    bad = line(made, end_at="2026-03-01")
    assert refused(made.post_bare, kind, bad) == ["REVIEW-PERIOD"]
    assert refused(made.post_bare, kind, line(made, screenings="x")) == ["REVIEW-SCREENING"]
    assert refused(made.post_bare, kind, line(made, mba="XARB")) == ["REVIEW-AREA"]
    made.open(12)  # again, over the newest screenings


def test_looks_that_cannot_be(made: Session) -> None:
    made.screen("qqaaqqqqqqqd")
    made.open(12)
    [event] = made.events()
    given = (*made.given, "july")
    assert refused(look, *given, [Look(*event.key, 0)]) == ["LOOK-DWELL"]
    bad = Look(*event.key, 100, None, "2026-03-01T09:00:00.000000Z", "2026-03-01")
    assert refused(look, *given, [bad]) == ["LOOK-RANGE"]
    empty = ("2026-03-01T08:01:00.000000Z", "2026-03-01T08:02:00.000000Z")
    assert "LOOK-NOTHING" in refused(look, *given, [Look(event.key[0], None, 99, None, *empty)])
    assert refused(look, *given, [Look(event.key[0], None, 10, None, event.end, event.end),
                                  Look("x", None, 10, None, event.end, event.end)]) == [
        "LOOK-NOTHING"
    ]  # fmt: skip
    made.look()
    [row] = made.site.rows(LOOK.name)
    row = {k: v for k, v in row.items() if k not in ("act_id", "line_no", "salt", "scope")}
    kind = LOOK.name
    assert refused(made.post_bare, kind, {**row, "images": 3}) == ["LOOK-COUNT"]
    assert refused(made.post_bare, kind, {**row, "person": "P-2"}) == ["SURVEILLANCE-PERSON"]
    assert refused(made.post_bare, kind, {**row, "review": "x"}) == ["SURVEILLANCE-REVIEW-UNKNOWN"]
    assert refused(made.post_bare, kind, {**row, "event": 9}) == ["LOOK-EVENT"]
    assert refused(made.post_bare, kind, {**row, "screening": "x"}) == ["LOOK-SCREENING"]
    found = refused(made.post_bare, kind, {**row, "camera": "CAM-02"})
    assert found == ["LOOK-CAMERA", "LOOK-COUNT"]


def test_a_look_that_is_too_brief_is_noted(made: Session) -> None:
    made.screen("qqaaqqqqqqqq")
    made.open(12)
    assert codes(noted_in(made.given[0], made.look(dwell_ms=199))) == ["LOOK-BRIEF"]
    assert codes(noted_in(made.given[0], made.look(dwell_ms=200))) == []


def test_the_order_in_which_events_are_shown(made: Session) -> None:
    record_view(*made.given, "CAM-01", "the hall", START, clock=made.site.clock)
    corners = ((0, 0), (5000, 0), (5000, 5000))
    zones = [ZoneEntry("floor", "INTEREST", corners)]
    record_zones(*made.given, "CAM-01", zones, clock=made.site.clock)
    made.screen("qaqqqqsqqqqa")
    made.open(12)
    with made.given[0].reading() as connection:
        found = ranked(connection, made.given[0].metadata, "july")
    assert [(one.rank, one.event.values["kind"], one.interest) for one in found] == [
        *[(1, "state-change", True), (2, "activity", False), (3, "activity", False)]
    ]
    assert len({one.group for one in found}) == 3  # further apart than two intervals
    assert found[0].to_dict()["rarity"] == 9.0


def test_events_close_together_are_one_group(made: Session) -> None:
    made.screen("qaqaqqqqqaqq")
    made.open(12)
    with made.given[0].reading() as connection:
        found = ranked(connection, made.given[0].metadata, "july")
    groups = [one.group for one in sorted(found, key=lambda one: one.event.begin)]
    assert groups == [1, 2, 3]  # two intervals apart is not closer than two intervals
    made.screen("qaaqaqqqqqqq", method=scripted("qasqaqqqqqqq"))


def test_what_is_like_a_benign_event_comes_last(made: Session) -> None:
    made.screen("qaqqaqqqqqas")
    made.open(12)
    first = made.events()[0]
    with made.given[0].reading() as connection:
        near = similar(connection, made.given[0].metadata, "july", *first.key)
    assert [one.key[1] for one in near] == [2, 3]  # the change of the scene is not like it
    made.look()
    made.mark("benign", 0)
    with made.given[0].reading() as connection:
        found = ranked(connection, made.given[0].metadata, "july")
    assert found[-1].event.key[1] in (1, 2, 3) and found[-1].rarity < 9
    assert at(0) == START
