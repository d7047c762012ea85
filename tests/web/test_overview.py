"""The overview: a little behind where others post all the time, never behind one's own act."""

from __future__ import annotations

import datetime
from datetime import UTC

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING
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
