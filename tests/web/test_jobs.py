"""Jobs: how they end, what is noted of them, what is cleared away."""

from __future__ import annotations

import datetime
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from keiryo.errors import FullError, NotFoundError
from keiryo.people.accounts import account
from keiryo.people.permissions import person_of
from keiryo.people.tables import JOB
from keiryo.storage.engine import BRIEF_WAIT_S, BusyError
from keiryo.web import jobs as jobs_of_the_server
from keiryo.web.jobs import SILENCE, Job, Jobs
from keiryo.web.server import Server
from keiryo.web.viewer import Viewer
from web.running import until
from web.site import Site
from web.slow_section import SECTION


class Process:
    """One process of a server, with its jobs; several may share a site."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.server = Server(site.database, site.settings, (SECTION,), site.clock)
        self.counts: list[int] = []
        self.jobs = Jobs(self.server, folder, self.counts.append)
        member = site.members["officer"]
        with site.database.reading() as connection:
            person = person_of(connection, site.database.metadata, member.person)
        known = account(site.database, member.person)
        assert known is not None
        self.viewer = Viewer(self.server, person, known, "")

    def start(self, **parameters: Any) -> str:
        return self.jobs.start(self.viewer, "slow", "Something slow", parameters)

    def job(self, number: str) -> Job:
        return self.jobs.job(self.viewer, number)

    def ended(self, number: str) -> Job:
        assert until(lambda: self.job(number).ended)
        return self.job(number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def process(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(jobs_of_the_server, "TELL_EVERY_S", 0.05)
    made = Process(site, folder)
    yield made
    made.jobs.close()


def test_a_job_leaves_a_file(process: Process) -> None:
    job = process.ended(process.start(steps=2))
    assert (job.state, job.file_name, job.result) == ("done", "made.txt", {})
    assert process.jobs.file_of(job).read_text() == "made"
    assert process.jobs.file_of(job).stat().st_mode & 0o077 == 0
    assert max(process.counts) == 1 and process.jobs.running == 0


def test_only_its_own_person_sees_it(site: Site, process: Process) -> None:
    number = process.start(steps=0)
    process.ended(number)
    for name in ("officer2", "administrator", "auditor"):
        with site.client(name) as other:
            for way in ("", "/file"):
                assert other.get(f"/jobs/{number}{way}").status_code == 404
            assert other.post(f"/jobs/{number}/cancel").status_code == 404


def test_one_that_waits_is_known_to_be_alive_and_can_be_cancelled(
    site: Site, process: Process, folder: Path
) -> None:
    first = [process.start(steps=2000) for _ in range(2)]
    waiting = process.start(steps=0)
    site.now[0] += SILENCE * 2
    elsewhere = Process(site, folder)
    alive = [process.server.now().isoformat()[:19]]
    every = (*first, waiting)
    assert until(lambda: all(seen(site, job).startswith(alive[0]) for job in every))
    assert elsewhere.job(waiting).state == "waiting"
    elsewhere.jobs.cancel(elsewhere.viewer, waiting)
    for number in first:
        process.jobs.cancel(process.viewer, number)
    assert [process.ended(n).state for n in every] == ["cancelled"] * 3
    elsewhere.jobs.close()


def seen(site: Site, number: str) -> str:
    """Return when a job last said something."""
    table = site.database.metadata.tables[JOB]
    with site.database.reading() as connection:
        query = select(table.c.seen_at).where(table.c.job_id == number)
        return str(connection.execute(query).scalar())


def test_a_stop_interrupts_those_that_run_and_those_that_wait(
    process: Process, site: Site, folder: Path
) -> None:
    numbers = [process.start(steps=2000) for _ in range(3)]
    assert until(lambda: process.jobs.running == 2)
    process.jobs.close()
    after = Process(site, folder)
    assert {after.job(n).state for n in numbers} == {"interrupted"}
    after.jobs.close()


def test_one_whose_process_is_gone_is_found_by_its_silence(
    site: Site, process: Process, folder: Path
) -> None:
    number = process.start(steps=0)
    process.ended(number)
    table = site.database.metadata.tables[JOB]
    with site.database.writing() as connection:
        gone = update(table).where(table.c.job_id == number)
        connection.execute(gone.values(state="running", worker="gone", ended_at=None))
    assert process.job(number).state == "running"
    site.now[0] += SILENCE + datetime.timedelta(seconds=1)
    assert process.job(number).state == "interrupted"


def test_a_fault_is_noted_without_what_it_said(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    job = process.ended(process.start(fail=1))
    assert job.state == "failed"
    assert "F25-FA-001" not in json.dumps(dict(job.result or {}))


def test_an_end_that_cannot_be_written_is_written_later(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk is full at that moment."""
    written = process.jobs._set
    full = [True]

    def _set(number: str, **values: Any) -> None:
        if "ended_at" in values and full[0]:
            raise FullError("the disk is full", "Make room.")
        written(number, **values)

    monkeypatch.setattr(process.jobs, "_set", _set)
    number = process.start(steps=1)
    assert until(lambda: process.jobs.running == 0 and process.counts)
    assert process.job(number).state == "running"
    full[0] = False
    assert process.ended(number).state == "done"


def test_what_is_old_is_cleared_away(site: Site, process: Process) -> None:
    job = process.ended(process.start(steps=0))
    fresh = process.ended(process.start(steps=0))
    path = process.jobs.file_of(job)
    day = time.time() - 25 * 3_600
    os.utime(path, (day, day))
    process.jobs.sweep()
    with pytest.raises(NotFoundError, match="no longer there") as caught:
        process.jobs.file_of(job)
    assert caught.value.advice == "Start it again."
    assert process.jobs.file_of(fresh)
    site.now[0] += datetime.timedelta(days=31)
    process.jobs.sweep()
    with pytest.raises(NotFoundError):
        process.job(job.job_id)


def test_an_unknown_kind_leaves_nothing_behind(process: Process) -> None:
    with pytest.raises(KeyError):
        process.jobs.start(process.viewer, "unheard of", "?", {})
    assert process.jobs.jobs_of(process.viewer) == []


def test_while_something_is_recorded_a_job_goes_on_and_can_be_cancelled(
    site: Site, process: Process
) -> None:
    number = process.start(steps=2000)
    assert until(lambda: process.job(number).done > 0)
    with site.database.writing():  # nobody else can write now
        before = process.job(number).done
        assert until(lambda: process.job(number).done > before)
        assert process.job(number).state == "running"
        began = time.monotonic()
        process.jobs.cancel(process.viewer, number)
        assert time.monotonic() - began < 1
        assert until(lambda: process.jobs.running == 0)
    assert process.ended(number).state == "cancelled"


def test_a_wish_to_stop_a_job_of_another_process_is_passed_on_when_that_is_possible(
    site: Site, process: Process, folder: Path
) -> None:
    number = process.start(steps=2000)
    elsewhere = Process(site, folder)
    with site.database.writing():
        elsewhere.jobs.cancel(elsewhere.viewer, number)
        assert process.job(number).state in ("waiting", "running")
    assert process.ended(number).state == "cancelled"
    elsewhere.jobs.close()


def test_a_server_keeps_nobody_waiting_for_what_is_recorded(
    site: Site, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert process.server.database.lock_wait_s == BRIEF_WAIT_S
    monkeypatch.setattr(process.server.database, "lock_wait_s", 0.05)
    with (
        site.database.writing(),
        pytest.raises(BusyError, match="being recorded just now") as caught,
    ):
        process.start(steps=0)
    assert "moment" in caught.value.advice and caught.value.seconds == BRIEF_WAIT_S
    assert process.ended(process.start(steps=0)).state == "done"
