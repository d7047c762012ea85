"""Screening as an act: what is recorded, that it goes on after a kill, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from keiryo.errors import RefusedError, UsageError
from keiryo.surveillance.screening_work import load, work_path
from keiryo.surveillance.tables import SCREENED_EVENT, SCREENED_RUN, SCREENING, VIEW_CONDITION
from keiryo.surveillance.views import record_view
from surveillance.camera_books import START, TEN_MINUTES, codes, fill
from surveillance.review_books import Session, at, scripted, session


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    return session(sqlite_url, tmp_path, 12)


def test_what_is_recorded(made: Session) -> None:
    done = made.screen("qqaaqqssqqdq")
    [row] = made.site.rows(SCREENING.name)
    assert (row["received"], row["presented"], row["quiet"], row["unhealthy"]) == (12, 4, 7, 1)
    assert (row["nominal"], row["missing"], row["extra"], row["drift"]) == (12, 0, 0, 0)
    assert row["recorded_ppm"] == 1_000_000 > row["valid_ppm"]
    assert row["method"] == "script 1" and row["screening"] == done.names[0]
    events = made.site.rows(SCREENED_EVENT.name)
    assert [(e["kind"], e["images"]) for e in events] == [("activity", 2), ("state-change", 2)]
    runs = made.site.rows(SCREENED_RUN.name)
    assert [(r["standing"], r["images"], r["event"], r["created_by"]) for r in runs] == [
        *[("quiet", 2, None, None), ("event", 2, 1, None), ("quiet", 2, None, None)],
        *[("event", 2, 2, None), ("quiet", 2, None, 2), ("unhealthy", 1, None, None)],
        ("quiet", 1, None, 2),
    ]
    [bad] = made.site.rows(VIEW_CONDITION.name)
    assert (bad["code"], bad["images"], bad["measured"], bad["threshold"]) == ("dark", 1, "5", "16")
    assert bad["begin_at"] == "2026-03-01T09:30:00.000000Z"  # the last image that counts
    assert bad["end_at"] == "2026-03-01T09:50:00.000000Z"  # and the next one
    whole = json.loads(made.site.books.database.evidence.get(row["result"]))
    assert whole["tally"] == {"presented": 4, "quiet": 7, "unhealthy": 1, "missing": 0}
    assert whole["scenes"] and len(whole["runs"]) == 7


def test_the_numbers_add_up_in_sql(made: Session) -> None:
    made.screen("qqaaqqssqqdq")
    query = (
        "SELECT s.received, (SELECT SUM(images) FROM surveillance_run r WHERE "
        "r.screening = s.screening), s.presented + s.quiet + s.unhealthy, "
        "s.scheduled - s.extra + s.missing + s.drift - s.nominal FROM surveillance_screening s"
    )
    with made.site.books.database.reading() as connection:
        assert connection.execute(text(query)).one() == (12, 12, 12, 0)


def test_gaps_and_unreadable_images(sqlite_url: str, tmp_path: Path) -> None:
    made = session(sqlite_url, tmp_path)
    paths = fill(tmp_path / "in", 10)
    for path in paths[4:6]:
        path.unlink()
    paths[8].write_bytes(b"no picture")
    made.site.ingest(tmp_path / "in")
    made.screen("qqqqqqq", 10)
    [row] = made.site.rows(SCREENING.name)
    assert (row["received"], row["quiet"], row["unhealthy"], row["missing"]) == (8, 7, 1, 2)
    bad = made.site.rows(VIEW_CONDITION.name)
    assert [(b["code"], b["begin_at"][11:16], b["end_at"][11:16]) for b in bad] == [
        *[("gap", "08:30", "09:00"), ("unreadable", "09:10", "09:30")]
    ]


def test_no_image_is_no_coverage(made: Session) -> None:
    made.screen("", 6, begin=at(100))
    [row] = made.site.rows(SCREENING.name)
    assert (row["received"], row["missing"], row["recorded_ppm"]) == (0, 6, 0)


def test_content_that_is_gone_or_altered_is_never_quiet(made: Session) -> None:
    store = made.site.books.database.evidence
    digests = [row["digest"] for row in made.site.rows()]
    store.path(digests[3]).unlink()
    store.path(digests[5]).write_bytes(b"something else")
    made.screen("q" * 10, 12)
    runs = made.site.rows(SCREENED_RUN.name)
    bad = [(r["code"], r["images"]) for r in runs if r["standing"] == "unhealthy"]
    assert bad == [("content-missing", 1), ("content-altered", 1)]


def test_a_new_view_begins_a_new_screening(made: Session) -> None:
    record_view(*made.given, "CAM-01", "the hall", START, clock=made.site.clock)
    record_view(*made.given, "CAM-01", "turned to the door", at(7), clock=made.site.clock)
    done = made.screen("q" * 12)
    assert [(one.version, one.result.images.count) for one in done.parts] == [(1, 7), (2, 5)]
    rows = made.site.rows(SCREENING.name)
    assert [row["received"] for row in rows] == [7, 5]
    assert rows[0]["end_at"] == rows[1]["begin_at"]


def test_it_goes_on_after_an_interruption(made: Session) -> None:
    letters = "qqaaqqssqqdq"
    with pytest.raises(KeyboardInterrupt):
        made.screen(letters, method=scripted(letters, die_at=7), save_every=3)
    path = work_path(made.given[0], "CAM-01", "2026-03-01T08:00:00.000000Z",
                     "2026-03-01T10:00:00.000000Z")  # fmt: skip
    work = load(path)
    assert work is not None and work.parts[0].done == 6
    resumed = made.screen(letters, resume=True, method=scripted(letters))
    assert not path.exists() and not path.parent.exists()
    whole = made.screen(letters)
    assert resumed.parts[0].result.to_dict() == whole.parts[0].result.to_dict()
    rows = made.site.rows(SCREENING.name)
    assert rows[0]["result"] == rows[1]["result"]


def test_a_damaged_working_file_begins_again(made: Session) -> None:
    path = work_path(made.given[0], "CAM-01", "2026-03-01T08:00:00.000000Z",
                     "2026-03-01T10:00:00.000000Z")  # fmt: skip
    path.parent.mkdir()
    path.write_bytes(b"x" * 100)
    made.screen("q" * 12, resume=True)
    assert made.site.rows(SCREENING.name)[0]["quiet"] == 12


CHILD = """
import sys, time
from datetime import datetime, UTC
sys.path[:0] = {path!r}
from keiryo.api import open_books
from keiryo.surveillance import screening_run
from keiryo.surveillance.screening_run import keiryo_method, screen, Method
import dataclasses
real = keiryo_method()
class Slow:
    def __init__(self, inner): self.inner = inner
    def see(self, picture):
        time.sleep(0.05); return self.inner.see(picture)
    def state(self): return self.inner.state()
    def finish(self): return self.inner.finish()
slow = dataclasses.replace(real, begin=lambda *a: Slow(real.begin(*a)))
books = open_books({db!r})
screen(books.database, books.actor, "CAM-01", datetime.fromisoformat({begin!r}),
       datetime.fromisoformat({end!r}), save_every=3, method=slow)
"""


def test_kill_9_and_resume_with_the_real_screening(sqlite_url: str, tmp_path: Path) -> None:
    made = session(sqlite_url, tmp_path, 24)
    begin, end = START, at(24)
    path = work_path(made.given[0], "CAM-01", "2026-03-01T08:00:00.000000Z",
                     "2026-03-01T12:00:00.000000Z")  # fmt: skip
    source = CHILD.format(
        path=sys.path, db=sqlite_url, begin=begin.isoformat(), end=end.isoformat()
    )
    child = subprocess.Popen([sys.executable, "-c", source], env={**os.environ})
    try:
        limit = time.monotonic() + 40
        while time.monotonic() < limit:
            work = load(path)
            if work is not None and work.parts and work.parts[0].done >= 3:
                break
            time.sleep(0.02)
            assert child.poll() is None, "the child ended before it could be killed"
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    assert made.site.rows(SCREENING.name) == [] and path.exists()
    seen: list[int] = []
    from keiryo.surveillance.screening_run import screen

    resumed = screen(
        *made.given, "CAM-01", begin, end, resume=True, clock=made.site.clock,
        progress=lambda done, _all: seen.append(done),
    )  # fmt: skip
    assert seen[0] > 3  # it did not begin again
    whole = screen(*made.given, "CAM-01", begin, end, clock=made.site.clock)
    assert resumed.parts[0].result.to_dict() == whole.parts[0].result.to_dict()


def test_periods_that_cannot_be(made: Session) -> None:
    with pytest.raises(UsageError, match="before it begins"):
        made.screen("", 0)
    with pytest.raises(UsageError, match="still to come"):
        made.screen("", 10_000)


def _lines(made: Session) -> dict[str, Any]:
    [row] = made.site.rows(SCREENING.name)
    return {k: v for k, v in row.items() if k not in ("act_id", "line_no", "salt", "scope")}


def refused(made: Session, *lines: tuple[str, dict[str, Any]]) -> list[str]:
    from keiryo.journal.model import Draft
    from keiryo.journal.posting import post

    draft = Draft("surveillance.screen", "bare")
    for kind, line in lines:
        draft.add(kind, line, scope="XA/XAF1/XARA")
    with pytest.raises(RefusedError) as error:
        post(made.given[0], draft, made.given[1], clock=made.site.clock)
    return codes(error.value)


def run(name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    at_ = {"first_at": "2026-03-01T08:00:00.000000Z", "last_at": "2026-03-01T09:50:00.000000Z"}
    line = {"screening": name, "run": 1, "standing": "quiet", "images": 12, **at_, **more}
    return SCREENED_RUN.name, line


def test_no_face_goes_around_the_rules(made: Session) -> None:
    made.screen("q" * 12)
    row = _lines(made)
    other = {**row, "screening": "other"}
    assert refused(made, (SCREENING.name, row)) == ["SCREENING-NAME"]
    assert refused(made, run("nothing")) == ["SCREENING-STRAY"]
    assert refused(made, (SCREENING.name, other), run("other", images=11)) == ["SCREENING-COUNT"]
    bad = {**other, "through_act": 999}
    assert refused(made, (SCREENING.name, bad), run("other")) == ["SCREENING-PERIOD"]
    bad = {**other, "result": "0" * 64}
    assert refused(made, (SCREENING.name, bad), run("other")) == ["SCREENING-RESULT"]
    assert refused(made, (SCREENING.name, other), run("other", created_by=1)) == ["SCREENING-EVENT"]
    bad = {**other, "camera": "CAM-99"}
    assert refused(made, (SCREENING.name, bad), run("other")) == ["CAMERA-UNKNOWN"]


def test_what_cannot_be_read_cannot_be_quiet(sqlite_url: str, tmp_path: Path) -> None:
    made = session(sqlite_url, tmp_path)
    paths = fill(tmp_path / "in", 3)
    paths[1].write_bytes(b"no picture")
    made.site.ingest(tmp_path / "in")
    made.screen("qq", 3)
    row = {**_lines(made), "screening": "other", "quiet": 3, "unhealthy": 0}
    assert refused(made, (SCREENING.name, row), run("other", images=3)) == ["SCREENING-QUIET"]
    assert TEN_MINUTES.total_seconds() == 600
