"""The log: one line of JSON for each event, and nothing in it that was said or recorded."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from keiryo.web.app import create_app
from keiryo.web.logs import FIELDS, JsonLines, set_up_logs
from keiryo.web.sections import installed_sections
from web import slow_section
from web.site import Site

SAID = (
    *("SECRET-QUERY", "SECRET-FORM", "SECRET-PASSWORD", "SECRET-NOTE", "SECRET-AGENT"),
    *("SECRET-HEADER", "SECRET-FILE", "SECRET-PATH", "F25-FA-001", "461201", "XAFA", "Aiko"),
    *("accountant", "SECRET-NAME", "keiryo_"),
)
"""What must not be in the log: each of it is sent in the test."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Return what is logged as the server logs it, everything at the finest level."""
    written = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    quiet = [logging.getLogger(name) for name in ("uvicorn.access", "httpx", "httpcore")]
    disabled = [one.disabled for one in quiet]
    monkeypatch.setattr(sys, "stderr", written)
    set_up_logs("debug")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    for one, before in zip(quiet, disabled, strict=True):
        one.disabled = before


def entries(log: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines of a log; each is an object of JSON on one line."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def requests(log: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines about requests."""
    return [one for one in entries(log) if one["message"] == "request"]


def drive(site: Site) -> list[str]:
    """Ask for many things, good and bad; return the secrets that went to and fro."""
    hostile = {
        "User-Agent": 'SECRET-AGENT\x1b[31m","level":"error',
        "X-Request-Id": "SECRET-HEADER",
        "X-Forwarded-For": "SECRET-HEADER, 203.0.113.9",
        "Referer": "https://evil.example/SECRET-HEADER",
        "Accept-Language": "SECRET-HEADER",
    }
    with site.client() as nobody:
        nobody.get("/sign-in?next=/SECRET-QUERY")
        sent = {"name": "SECRET-NAME", "password": "SECRET-PASSWORD"}
        nobody.post("/sign-in", sent)
        nobody.post("/sign-in", {**sent, "name": "accountant"}, headers=hostile)
        nobody.get("/set-up?token=SECRET-QUERY")
        nobody.get("/journal?q=SECRET-QUERY", headers=hostile)
        bad = {"Authorization": "Bearer keiryo_SECRET-HEADER"}
        nobody.get("/api/v1/acts?scope=SECRET-QUERY", headers=bad)
    with site.client("officer") as officer:
        for path in (
            "/?SECRET-QUERY=1",
            "/areas/XAFA",
            "/areas/SECRET-PATH",
            "/batches/XARA/F25-FA-001",
            "/search?q=F25-FA-001+SECRET-QUERY",
            "/why?of=XARA/F25-FA-001",
            "/journal?person=SECRET-QUERY&size=%0d%0aSECRET-QUERY",
            "/journal/acts/461201",
            "/SECRET-PATH%0d%0a%7b%22level%22",
            "/slow/fault?SECRET-QUERY",
            "/jobs/SECRET-PATH",
        ):
            officer.get(path, headers=hostile)
        officer.request("SECRETMETHOD", "/", headers=hostile)
        officer.post("/sign-in", {"name": "SECRET-FORM"})
        officer.post("/forms/save", {"form": "SECRET-FORM"})
        officer.post("/slow/post", {"number": "SECRET-NOTE"}, headers=hostile)
        officer.post("/theme", {"theme": "SECRET-FORM"})
        upload = {"files": ("SECRET-FILE\r\n.txt", b"001:SECRET-FORM 461201#\n", "text/plain")}
        officer.post("/reports/upload", {"reason": "SECRET-NOTE"}, files=upload)
        officer.request("POST", "/reports/upload", data={"_form_token": "SECRET-FORM"})
        jobs = site.app.state.jobs
        asker = viewer_of(site)
        number = jobs.start(asker, "slow", "SECRET-NOTE", {"fail": "SECRET-NOTE"})
        for _ in range(200):
            if jobs.job(asker, number).ended:
                break
            time.sleep(0.05)
        jobs.close()
        return [officer.token, *officer.cookies.values()]


def viewer_of(site: Site) -> Any:
    """Return somebody for whom a job runs."""
    from keiryo.people.accounts import account
    from keiryo.people.permissions import person_of
    from keiryo.web.viewer import Viewer

    member = site.members["officer"].person
    with site.database.reading() as connection:
        person = person_of(connection, site.database.metadata, member)
    known = account(site.database, member)
    assert known is not None
    return Viewer(site.app.state.server, person, known, "")


def test_nothing_that_was_said_is_in_the_log(site: Site, log: io.StringIO) -> None:
    sections = (*installed_sections(), slow_section.SECTION)
    site._app = create_app(site.settings, sections=sections, now=site.clock)  # type: ignore
    secrets = [secret for secret in drive(site) if secret]
    text = log.getvalue()
    for word in (*SAID, *secrets):
        assert word not in text, word
    assert {one["level"] for one in entries(log)} <= {"debug", "info", "warning", "error"}
    noted = requests(log)
    assert len(noted) >= 20
    assert {one["status"] for one in noted} >= {200, 303, 401, 404, 500}
    people = {one["person"] for one in noted}
    assert people == {None, site.members["officer"].person}
    assert len({one["request_id"] for one in noted}) == len(noted)
    faults = [one for one in entries(log) if one["message"] == "a request failed"]
    assert faults[0]["error"] == "ValueError" and "slow_section.py" in faults[0]["where"][-1]
    failed = [one for one in entries(log) if one["message"] == "a job failed"]
    assert failed[0]["kind"] == "slow"


def test_the_number_of_a_request_is_that_of_its_answer(site: Site, log: io.StringIO) -> None:
    with site.client("officer") as officer:
        answers = [officer.get(path) for path in ("/me", "/nowhere")]
    numbers = [one["request_id"] for one in requests(log)]
    assert [answer.headers["X-Request-Id"] for answer in answers] == numbers
    assert numbers[1] in answers[1].text
    for answer in answers:  # what leads nowhere is answered as safely
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_health_and_files_are_not_noted(site: Site, log: io.StringIO) -> None:
    with site.client() as nobody:
        nobody.get("/health/ready")
        nobody.get("/static/keiryo.css")
    assert requests(log) == []


def test_a_line_is_one_line_and_holds_nothing_else(log: io.StringIO) -> None:
    extra = {"person": "P-AAAAAAAA", "password": "SECRET", "args_of": "SECRET"}
    logging.getLogger("x").warning("one\ntwo\u2028three", extra=extra)
    ((line,), (entry,)) = log.getvalue().strip("\n").split("\n"), entries(log)
    assert "SECRET" not in line and entry["person"] == "P-AAAAAAAA"
    assert entry["message"] == "one\ntwo\u2028three"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", entry["time"])


def test_an_error_is_told_by_its_kind_and_place() -> None:
    try:
        raise ValueError("461201.4 g in F25-FA-001")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", (), sys.exc_info())
    line = JsonLines().format(record)
    entry = json.loads(line)
    assert entry["error"] == "ValueError" and "F25" not in line
    assert "test_logs.py" in entry["where"][0]


def test_fields_hold_no_free_text() -> None:
    assert not {"path", "query", "url", "headers", "address", "agent", "name"} & set(FIELDS)
