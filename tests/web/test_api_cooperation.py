"""Cooperation by programs: the register, commitments as they stand, steps, claims and care."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from keiryo.cooperation.recording import record_register, shipped_register
from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_cooperation_pages import second_officer
from web.test_report_pages import acts

HERE = "/api/v1/cooperation"
STEPS, CLAIMS, CARE = (f"{HERE}/commitments/c001/{one}" for one in ("steps", "claims", "care"))
BEGUN: dict[str, Any] = {"state": "active", "reason": "It began.", "on": "2026-01-05"}


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site whose books hold the register of the four documents."""
    actor = site.actor("cooperation")
    record_register(site.database, actor, shipped_register(), "agreements.json")
    return site


def test_the_register_is_listed(kept: Site) -> None:
    asker = program(kept, "cooperation", "read")
    every = asker.walk("/cooperation/register?limit=60")
    assert len(every) == 211 and every == sorted(every, key=lambda one: one["name"])
    instruments = asker.walk("/cooperation/register?kind=instruments&limit=5")
    assert len(instruments) == 18 and {one["kind"] for one in instruments} == {"instruments"}
    assert asker.get("/cooperation/register?kind=x").status_code == 400
    first = asker.get("/cooperation/register")
    tag = {"If-None-Match": first.headers["etag"]}
    assert asker.get("/cooperation/register", **tag).status_code == 304


def test_an_object_with_all_that_belongs_to_it(kept: Site) -> None:
    asker = program(kept, "officer", "read")
    found = asker.get("/cooperation/i.ru-jp-2009").json()
    assert found["values"]["parties"] == "RU JP" and "salt" not in str(found)
    assert [one["what"] for one in found["dates"]] == ["signed", "ratified", "ratified"]
    assert found["dates"][1]["words"] == "at the end of 2010"
    assert found["quotations"][0]["compared"] == 0 and "c058" in found["under_it"]
    assert asker.get("/cooperation/nothing").status_code == 404


def test_who_may_ask(kept: Site) -> None:
    for path in ("register", "commitments", "c001"):
        assert program(kept, "accountant").get(f"/cooperation/{path}").status_code == 403
        assert program(kept, None).get(f"/cooperation/{path}").status_code == 401
    assert program(kept, "officer").post(STEPS, BEGUN).status_code == 403
    assert program(kept, "cooperation", "read").post(STEPS, BEGUN).status_code == 403
    assert program(kept, "accountant").post(STEPS, BEGUN).status_code == 403


def test_commitments_as_they_stand(kept: Site) -> None:
    asker = program(kept, "cooperation")
    every = asker.walk("/cooperation/commitments?limit=30&on=2026-01-10")
    assert len(every) == 70 and {one["commitment"] for one in every if one["overdue"]} == {
        *("c020", "c032", "c052"),
    }
    under = asker.walk("/cooperation/commitments?under=i.us-jp-2006&status=agreed")
    assert [one["commitment"] for one in under] == ["c001", "c002", "c003", "c065"]
    assert under[0]["quotations"][0] == {
        "source": "S0",
        "paragraph": 4,
        "lines": [7, 7],
        "quote": "Improve technologies and procedures for nuclear materials accounting and "
        "controls",
    }
    assert asker.walk("/cooperation/commitments?owner=nobody") == []
    assert len(asker.walk("/cooperation/commitments?status=open")) == 70
    assert asker.get("/cooperation/commitments?status=x").status_code == 400


def test_a_step_is_taken_once_and_only_on_what_was_seen(kept: Site) -> None:
    before = acts(kept)
    with kept.client("cooperation") as officer:
        tag = {"If-Match": officer.get(f"{HERE}/c001").headers["etag"]}
        done = sent(officer, STEPS, BEGUN, **{"Idempotency-Key": "one"}, **tag)
        assert done.status_code == 201 and done.json()["act"] == before + 1, done.text
        again = sent(officer, STEPS, BEGUN, **{"Idempotency-Key": "one"}, **tag)
        assert again.json() == done.json() and acts(kept) == before + 1
        paused = {"state": "suspended", "reason": "The budget was not voted."}
        assert sent(officer, STEPS, paused, **tag).status_code == 412
        assert sent(officer, STEPS, {**paused, "seen": "agreed"}).status_code == 409
        refused = sent(officer, STEPS, {**paused, "state": "proposed"})
        assert refused.status_code == 422
        assert refused.json()["findings"][0]["code"] == "COMMITMENT-STEP"
        assert acts(kept) == before + 1
        found = officer.get(f"{HERE}/commitments?status=active").json()["items"]
        assert [(one["commitment"], one["since"]) for one in found] == [("c001", "2026-01-05")]


def test_a_claim_takes_a_second_person(kept: Site) -> None:
    second_officer(kept)
    first, second = program(kept, "cooperation"), program(kept, "officer2")
    assert first.post(STEPS, BEGUN).status_code == 201
    file = {"name": "report.txt", "content": base64.b64encode(b"it was done").decode()}
    claim = {"reason": "The report was handed over.", "on": "2026-01-08", "files": [file]}
    wrong = first.post(CLAIMS, {**claim, "files": [{**file, "content": "?"}]})
    assert wrong.status_code == 400 and "base64" in wrong.json()["title"]
    assert first.post(CLAIMS, {**claim, "files": []}).status_code == 422
    act = first.post(CLAIMS, claim).json()["act"]
    fulfilled = {"state": "fulfilled", "reason": "I read it.", "claim_act": act}
    assert first.post(STEPS, fulfilled).status_code == 422
    done = second.post(STEPS, {**fulfilled, "seen": "active"})
    assert done.status_code == 201, done.text
    (one,) = second.walk("/cooperation/commitments?status=fulfilled")
    assert one["due"] is None and one["review"] is None and not one["overdue"]


def test_care(kept: Site) -> None:
    asker = program(kept, "cooperation")
    cared = {"owner": "cooperation officer", "due_on": "2026-03-01"}
    assert asker.post(CARE, cared).status_code == 201
    assert asker.post(CARE, {"next_action": "Write to them"}).status_code == 201
    (one,) = asker.walk("/cooperation/commitments?owner=cooperation%20officer")
    assert (one["due"], one["next_action"]) == ("2026-03-01", "Write to them")
    assert asker.post(CARE, {}).status_code == 400
    assert asker.post(CARE, {"due_on": "0001-01-01"}).status_code == 400
    assert asker.post(CARE, {"nonsense": 1}).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"state": "active"},
        {**BEGUN, "reason": ""},
        {**BEGUN, "reason": "a\0b"},
        {**BEGUN, "reason": "   "},
        {**BEGUN, "state": "active\0"},
        {**BEGUN, "evidence": ["act:9223372036854775808"]},
        {**BEGUN, "evidence": ["\0"]},
        {**BEGUN, "claim_act": 0},
        {**BEGUN, "files": [{"name": "a\0", "content": ""}] * 21},
    ],
)
def test_what_makes_no_sense_is_refused(kept: Site, content: dict[str, Any]) -> None:
    before = acts(kept)
    answer = program(kept, "cooperation").post(STEPS, content)
    assert 400 <= answer.status_code < 500 and acts(kept) == before, answer.text
    missing = f"{HERE}/commitments/c999/steps"
    assert program(kept, "cooperation").post(missing, BEGUN).status_code == 404
