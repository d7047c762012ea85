"""The overview: a little behind where others post all the time, never behind one's own act."""

from __future__ import annotations

import datetime
import threading
from datetime import UTC
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING
from keiryo.web.pages import overview_parts
from web.site import Site

BEHIND = "newer ones are being taken in"


def raise_finding(site: Site, name: str, number: int) -> None:
    """Post a finding about XAFA as somebody."""
    draft = Draft("finding.note", f"test:{number}")
    values = {"scope": "XA/XAF-/XAFA", "code": "TEST", "severity": "W", "message": f"no. {number}"}
    draft.add(FINDING.name, values, mba="XAFA")
    post(site.database, draft, site.actor(name))


def test_behind_others_and_not_behind_oneself(site: Site) -> None:
    site.now[0] = datetime.datetime.now(UTC)
    with site.client("officer") as officer:
        assert BEHIND not in officer.get("/").text
        raise_finding(site, "officer2", 1)
        assert BEHIND in officer.get("/").text
        raise_finding(site, "officer", 2)
        own = officer.get("/").text
        assert BEHIND not in own
    with site.client("auditor") as auditor:
        assert BEHIND not in auditor.get("/").text


def test_made_anew_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    now, begun, go_on = [0.0], Event(), Event()
    monkeypatch.setattr(overview_parts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    kept = overview_parts.Overviews()

    def make() -> tuple[list[dict[str, Any]], Any]:
        begun.set()
        assert go_on.wait(10)
        return [{"made": 2}], (2, "today")

    assert kept.recent("officer", (1, "today")) is None  # the first waits for theirs
    kept.keep("officer", [{"made": 1}], (1, "today"))
    assert kept.recent("officer", (1, "today")) is None  # nothing was posted
    behind = kept.recent("officer", (2, "today"))
    assert behind is not None
    assert behind.parts == [{"made": 1}]
    kept.renew("officer", make)
    assert not begun.is_set()  # it is new enough
    now[0] = overview_parts.ANEW_EVERY_S
    kept.renew("officer", make)
    kept.renew("officer", lambda: pytest.fail("it is being made"))
    assert begun.wait(10)
    assert kept.recent("officer", (2, "today")) is behind  # nobody waits meanwhile
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "overview":
            thread.join(10)
    assert kept.recent("officer", (2, "today")) is None  # and now nothing is behind
    now[0] += overview_parts.MOST_BEHIND_S
    assert kept.recent("officer", (3, "today")) is None  # too old to be shown


def test_what_fails_in_the_background_is_told_by_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    monkeypatch.setattr(overview_parts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    kept = overview_parts.Overviews()
    kept.keep("officer", [], (1, "today"))
    now[0] = overview_parts.ANEW_EVERY_S

    def fail() -> tuple[list[dict[str, Any]], Any]:
        raise ValueError("no")

    for _ in range(2):  # it may be tried again
        kept.renew("officer", fail)
        for thread in threading.enumerate():
            if thread.name == "overview":
                thread.join(10)
    assert caplog.text.count("an overview could not be made anew") == 2
    now[0] += overview_parts.MOST_BEHIND_S
    assert kept.recent("officer", (2, "today")) is None
