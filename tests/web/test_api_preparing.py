"""Reports prepared and issued by programs: read first, issued word for word, or waiting."""

from __future__ import annotations

from typing import Any

import pytest

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from web.site import Client, Site
from web.test_api_corrections import sent
from web.test_report_pages import acts, rows_of

PREPARE, ISSUE = "/api/v1/areas/XAFA/reports/prepare", "/api/v1/areas/XAFA/reports/issue"
WANTED = {
    "kind": "I",
    "from": "2026-01-01",
    "to": "2026-01-07",
    "date": "2026-01-08",
    "encoder": "ORBEN,K.",
}
COMPOSE = "/reports/compose/XAFA/I"


def with_source(client: Client) -> None:
    """Write a source line, so that there is something to report."""
    client.post(COMPOSE, rows_of(client, COMPOSE, action="record"))


def test_a_report_is_read_and_issued_word_for_word(site: Site) -> None:
    with site.client("accountant") as accountant:
        with_source(accountant)
        before = acts(site)
        prepared = sent(accountant, PREPARE, WANTED)
        assert prepared.status_code == 200, prepared.text
        found = prepared.json()
        assert "#446:" in found["text"] and not found["blocked"] and acts(site) == before
        wrong = sent(accountant, ISSUE, {**WANTED, "text_digest": "0" * 64})
        assert wrong.status_code == 409 and acts(site) == before
        asked = {**WANTED, "text_digest": found["text_digest"]}
        stale = sent(accountant, ISSUE, asked, **{"If-Match": '"older"'})
        assert stale.status_code == 412 and acts(site) == before
        done = sent(accountant, ISSUE, asked, **{"Idempotency-Key": "one"})
        assert done.status_code == 201 and acts(site) == before + 1
        assert done.json()["number"] == found["number"]
        again = sent(accountant, ISSUE, asked, **{"Idempotency-Key": "one"})
        assert again.json() == done.json() and acts(site) == before + 1
        assert accountant.get(done.headers["location"]).status_code == 200


def test_it_waits_where_two_people_are_needed(site: Site) -> None:
    draft = Draft("policy.set", "four-eyes")
    draft.add("release_policy", scope="XA", act_kind="report.issue", state="four eyes")
    post(site.database, draft, site.actor("administrator"))
    with site.client("accountant") as accountant, site.client("officer") as officer:
        with_source(accountant)
        digest = sent(accountant, PREPARE, WANTED).json()["text_digest"]
        before = acts(site)
        waits = sent(accountant, ISSUE, {**WANTED, "text_digest": digest})
        assert waits.status_code == 202 and acts(site) == before
        done = sent(officer, f"{waits.headers['location']}/release", {})
        assert done.status_code == 200 and acts(site) == before + 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "X"}, 400),
        ({"to": "2025-12-31"}, 400),
        ({"profile": "nothing"}, 400),
        ({"encoder": "x" * 101}, 400),
        ({"to": "9999-01-01"}, 400),
        ({"unknown": 1}, 400),
    ],
)
def test_what_cannot_be_asked(site: Site, change: dict[str, Any], status: int) -> None:
    with site.client("accountant") as accountant:
        assert sent(accountant, PREPARE, {**WANTED, **change}).status_code == status
        stranger = sent(accountant, PREPARE.replace("XAFA", "XARA"), WANTED)
        assert stranger.status_code == 404
    with site.client("inspector") as inspector:
        assert sent(inspector, PREPARE, WANTED).status_code == 403
