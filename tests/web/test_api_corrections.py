"""Corrections by programs: planned, read, posted as read, or waiting for a second person."""

from __future__ import annotations

from typing import Any

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.people.sessions import form_token
from web.site import Client, Site
from web.test_report_pages import acts

ENTRY = "/api/v1/areas/XAFA/reports/102/entries/1"
WANTED = {"wanted": {"630": "1541250.25"}, "reason": "WEIGHED AGAIN", "report_date": "2026-01-10"}


def sent(client: Client, path: str, content: dict[str, Any], **headers: str) -> Any:
    """Send JSON within a session, with its form token."""
    token = {"X-Form-Token": form_token(client.cookies["keiryo_session"]), **headers}
    return client.request("POST", path, json=content, headers=token)


def test_a_plan_is_read_and_exactly_that_is_posted(site: Site) -> None:
    before = acts(site)
    with site.client("officer") as officer:
        plan = sent(officer, f"{ENTRY}/correction-plan", WANTED)
        assert plan.status_code == 200, plan.text
        found = plan.json()
        assert found["possible"] and found["plan"]["reports"] and found["hidden_reports"] == 0
        assert acts(site) == before
        other = sent(officer, f"{ENTRY}/correction", {**WANTED, "plan_digest": "0" * 64})
        assert other.status_code == 409 and acts(site) == before
        asked = {**WANTED, "plan_digest": found["digest"]}
        stale = sent(officer, f"{ENTRY}/correction", asked, **{"If-Match": '"older"'})
        assert stale.status_code == 412 and acts(site) == before
        done = sent(officer, f"{ENTRY}/correction", asked, **{"Idempotency-Key": "one"})
        assert done.status_code == 201, done.text
        after = acts(site)
        again = sent(officer, f"{ENTRY}/correction", asked, **{"Idempotency-Key": "one"})
        assert (again.status_code, again.json()) == (201, done.json()) and acts(site) == after
        assert officer.get(done.headers["location"]).json()["kind"] == "correction.plan"
        stale = sent(officer, f"{ENTRY}/correction", asked)
        assert stale.status_code in (400, 409, 422) and acts(site) == after


def test_what_cannot_be_asked(site: Site) -> None:
    with site.client("officer") as officer, site.client("accountant") as accountant:
        for change, status in (
            ({"wanted": {"nothing": "1"}}, 400),
            ({"wanted": {}}, 400),
            ({"report_date": "x"}, 400),
        ):
            answer = sent(officer, f"{ENTRY}/correction-plan", {**WANTED, **change})
            assert answer.status_code == status, (change, answer.text)
        unsayable = sent(officer, f"{ENTRY}/correction-plan", {**WANTED, "reason": "計量誤り"})
        found = unsayable.json()
        assert not found["possible"] and found["findings"][0]["code"] == "NOTE-CHARSET"
        refused = {**WANTED, "reason": "計量誤り", "plan_digest": found["digest"]}
        assert sent(officer, f"{ENTRY}/correction", refused).status_code == 422
        missing = ENTRY.replace("/1", "/99")
        assert sent(officer, f"{missing}/correction-plan", WANTED).status_code == 404
        stranger = ENTRY.replace("XAFA/reports/102", "XARA/reports/31")
        assert sent(accountant, f"{stranger}/correction-plan", WANTED).status_code == 404
    with site.client("inspector") as inspector:
        assert sent(inspector, f"{ENTRY}/correction-plan", WANTED).status_code == 403


def test_it_waits_where_two_people_are_needed(site: Site) -> None:
    draft = Draft("policy.set", "four-eyes")
    draft.add("release_policy", scope="XA", act_kind="correction.plan", state="four eyes")
    post(site.database, draft, site.actor("administrator"))
    with site.client("accountant") as accountant, site.client("officer") as officer:
        wanted = {**WANTED, "wanted": None}
        plan = sent(accountant, f"{ENTRY}/correction-plan", wanted).json()
        before = acts(site)
        asked = {**wanted, "plan_digest": plan["digest"], "only_own": True}
        waits = sent(accountant, f"{ENTRY}/correction", asked)
        assert waits.status_code == 202 and acts(site) == before
        place = waits.headers["location"]
        assert sent(officer, f"{place}/release", {}).status_code == 200
        assert acts(site) > before
