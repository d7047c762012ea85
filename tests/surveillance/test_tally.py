"""The four-way tally: the sums always hold, and what is missing or unhealthy is never quiet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.surveillance.images_of import UNVIEWABLE, Images, instant_of, micros
from keiryo.surveillance.review_tally import NOT_REVIEWABLE, QUIET, REVIEWED, Standings
from keiryo.surveillance.schedule_of import schedule_of
from keiryo.surveillance.screening_result import result_of
from surveillance.camera_books import fill
from surveillance.review_books import Session, at, session, told

ZERO = micros("2026-03-01T08:00:00.000000Z")


def images(states: list[str], seconds: list[int] | None = None) -> Images:
    times = [600 * n for n in range(len(states))] if seconds is None else sorted(seconds)
    count = len(states)
    return Images(
        "CAM-01",
        np.array(times, dtype=np.int64) * 1_000_000 + ZERO,
        np.ones(count, np.int64),
        np.arange(count, dtype=np.int64),
        states,
        np.ones(count, np.bool_),
        [str(n) for n in range(count)],
        [None] * count,
        [""] * count,
    )


def test_the_example_of_the_specification() -> None:
    some = images(["received"] * 6, [0, 600, 1200, 3000, 3610, 3600])
    period = instant_of(ZERO), instant_of(ZERO + 4200 * 1_000_000)
    healthy = np.array([True, True, False, True, True, True])
    found = schedule_of(some, np.ones(6, np.bool_), healthy, *period, 600_000, 30_000)
    assert (found.nominal, found.scheduled, found.extra, found.missing) == (7, 6, 1, 2)
    assert found.drift == 0 and [gap.code for gap in found.gaps] == ["gap"]
    assert (found.recorded_ppm, found.valid_ppm) == (721428, 578571)
    empty = schedule_of(images([]), *([np.zeros(0, np.bool_)] * 2), *period, 600_000, 30_000)
    assert (empty.missing, empty.recorded_ppm, empty.nominal) == (7, 0, 7)


LETTERS = st.text("qasrd", min_size=0, max_size=40).filter(lambda t: not t.startswith("x"))
STATES = st.sampled_from(["received", "unreadable", "bad-signature", "removed", "broken-chain"])


@given(
    st.lists(STATES, max_size=40),
    st.lists(st.sampled_from("qasrd"), min_size=40, max_size=40),
    st.data(),
)
def test_the_sums_always_hold(states: list[str], letters: list[str], data: st.DataObject) -> None:
    some = images(states)
    usable = [n for n, state in enumerate(states) if state == "received"]
    shown = np.array(usable, dtype=np.int64)
    reasons = {n: state for n, state in enumerate(states) if state != "received"}
    screened = told("".join(letters[: len(usable)]))
    period = instant_of(ZERO), instant_of(ZERO + max(1, len(states)) * 600 * 1_000_000)
    result = result_of(some, period, shown, reasons, screened, (600_000, 30_000))
    counts = [result.counted(name) for name in ("quiet", "event", "unhealthy")]
    assert sum(counts) == len(states)
    plan = result.schedule
    assert plan.scheduled - plan.extra + plan.missing + plan.drift == plan.nominal
    names = ["", *sorted({run.code for run in result.runs if run.code})]
    arrays = {name: np.zeros(len(states), np.bool_) for name in ("presented", "open", "looked")}
    reason = np.zeros(len(states), np.int64)
    for run in result.runs:
        part = slice(run.first, run.last + 1)
        reason[part] = names.index(run.code or "")
        arrays["presented"][part] = run.event is not None
        arrays["open"][part] = run.created_by is not None
    flags = data.draw(st.lists(st.booleans(), min_size=len(states), max_size=len(states)))
    arrays["looked"][:] = flags
    bad = reason.copy()
    known = Standings(
        some,
        reason,
        {name: n for n, name in enumerate(names)},
        np.ones(len(states), np.bool_),
        *(arrays[name] for name in ("presented", "open", "looked")),
    )
    place = known.place()
    assert all((place == one).sum() >= 0 for one in (REVIEWED, QUIET, NOT_REVIEWABLE))
    assert len(place) == len(states)
    for n, state in enumerate(states):
        code = names[bad[n]]
        if state != "received" or code in UNVIEWABLE:
            assert place[n] == NOT_REVIEWABLE
        if code or arrays["presented"][n] or arrays["open"][n]:
            assert place[n] != QUIET
        if place[n] == NOT_REVIEWABLE:
            assert known.reason[n] != 0  # there is always a reason
        if place[n] == REVIEWED:
            assert arrays["looked"][n]


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    return session(sqlite_url, tmp_path, 12)


def test_what_a_review_does_to_the_tally(made: Session) -> None:
    made.screen("qqaaqqssqqdq")
    made.open(12)
    told_ = made.tally()
    assert (told_.received, told_.reviewed, told_.quiet, told_.not_reviewable) == (12, 0, 4, 8)
    # two events not looked at, three images quiet against a scene that nobody has marked
    assert told_.reasons == {"NOT_YET_REVIEWED": 7, "dark": 1}
    made.look()
    told_ = made.tally()
    assert (told_.reviewed, told_.quiet, told_.reasons) == (
        4,
        4,
        {"NOT_YET_REVIEWED": 3, "dark": 1},
    )
    made.mark("benign", 1)
    told_ = made.tally()
    assert (told_.reviewed, told_.quiet, told_.not_reviewable) == (4, 7, 1)
    assert told_.not_yet_reviewed == 0 and told_.valid_ppm < told_.recorded_ppm == 1_000_000
    assert told_.reviewed + told_.quiet + told_.not_reviewable == told_.received
    part = made.tally(begin="2026-03-01T08:00:00.000000Z", end="2026-03-01T08:30:00.000000Z")
    assert (part.received, part.reviewed, part.quiet) == (3, 1, 2)
    assert told_.to_dict()["triggered"] == {"reviewed": 0, "quiet": 0, "not_reviewable": 0}


def test_a_return_is_quiet_against_the_first_scene(made: Session) -> None:
    made.screen("qqsqqrqqqqqq")
    made.open(12)
    told_ = made.tally()
    assert told_.reasons == {"NOT_YET_REVIEWED": 4}  # two events, two images between them
    assert told_.quiet == 8


def test_an_unhealthy_image_that_was_seen_is_reviewed_and_never_valid(made: Session) -> None:
    made.screen("qqaxxqqqqqqq")
    made.open(12)
    assert made.tally().reasons == {"NOT_YET_REVIEWED": 3}
    made.look()
    told_ = made.tally()
    assert (told_.reviewed, told_.quiet, told_.not_reviewable) == (3, 9, 0)
    assert told_.valid_ppm < 1_000_000


def test_an_image_that_comes_later_was_not_seen(made: Session, tmp_path: Path) -> None:
    made.screen("qqaaqqqqqqqq")
    made.open(12)
    made.look()
    assert made.tally().not_yet_reviewed == 0
    fill(tmp_path / "late", 1, first=500, start=at(2.5))
    made.site.ingest(tmp_path / "late")
    told_ = made.tally()
    assert told_.received == 13 and told_.reasons == {"NOT_SCREENED": 1}
    assert told_.extra >= 1
    assert told_.scheduled - told_.extra + told_.missing + told_.drift == told_.nominal
