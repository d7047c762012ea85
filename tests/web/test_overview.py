"""The overview: a little behind where others post all the time, never behind one's own act."""

from __future__ import annotations

import datetime
import threading
from datetime import UTC
from threading import Event
from types import SimpleNamespace

import pytest

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING
from keiryo.web.pages import overview_parts
from web.site import Site

BEHIND = "newer ones are being taken in"


def raise_finding(site: Site, name: str, number: int) -> int:
    """Post a finding about XAFA as somebody; return the act."""
    draft = Draft("finding.note", f"test:{number}")
    values = {"scope": "XA/XAF-/XAFA", "code": "TEST", "severity": "W", "message": f"no. {number}"}
    draft.add(FINDING.name, values, mba="XAFA")
    return post(site.database, draft, site.actor(name)).act.act_id


def test_behind_others_and_not_behind_oneself(site: Site) -> None:
    site.now[0] = datetime.datetime.now(UTC)
    with site.client("officer") as officer, site.client("officer2") as other:
        assert BEHIND not in officer.get("/").text
        act = raise_finding(site, "officer2", 1)
        assert BEHIND in officer.get("/").text
        sent = {"do": "answer", "what": "answer", "answer": "looked into", "_head": str(10**9)}
        assert other.get("/").status_code == 200
        assert officer.post(f"/findings/{act}/1", sent).status_code == 303
        assert BEHIND not in officer.get("/").text
        assert BEHIND in other.get("/").text
    with site.client("auditor") as auditor:
        assert BEHIND not in auditor.get("/").text


def test_a_browser_keeps_what_it_did_and_no_more(site: Site) -> None:
    with site.client("officer") as officer:
        act = raise_finding(site, "officer2", 1)
        wrong = officer.post(f"/findings/{act}/1", {"do": "answer", "answer": ""})
        assert "keiryo_known" not in wrong.headers.get("set-cookie", "")
        sent = {"do": "answer", "what": "answer", "answer": "looked into", "_head": str(10**9)}
        kept = officer.post(f"/findings/{act}/1", sent).headers["set-cookie"]
        assert f"keiryo_known={act + 1};" in kept
        assert "HttpOnly" in kept and "SameSite=Lax" in kept and "Path=/" in kept
        for hostile in ("-1", "9" * 400, "1e3", "x", "99999999"):
            officer.cookies["keiryo_known"] = hostile
            assert officer.get("/").status_code == 200


def test_made_anew_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    now, begun, go_on = [0.0], Event(), Event()
    monkeypatch.setattr(overview_parts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    kept = overview_parts.Overviews()

    def make() -> overview_parts.Overview:
        begun.set()
        assert go_on.wait(10)
        return [{"made": 2}], (2, "today"), 2

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
    assert kept.recent("officer", (3, "today"), 2) is not None
    assert kept.recent("officer", (3, "today"), 3) is None  # it was done in this browser
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

    def fail() -> overview_parts.Overview:
        raise ValueError("no")

    for _ in range(2):  # it may be tried again
        kept.renew("officer", fail)
        for thread in threading.enumerate():
            if thread.name == "overview":
                thread.join(10)
    assert caplog.text.count("an overview could not be made anew") == 2
    now[0] += overview_parts.MOST_BEHIND_S
    assert kept.recent("officer", (2, "today")) is None
