"""Meetings, information, missions and exchanges of people by programs."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import pytest

from keiryo.cooperation.recording import record_register, shipped_register
from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_information_pages import THIRD, grant_caveats
from web.test_information_pages import item as information
from web.test_report_pages import acts

HERE = "/api/v1/cooperation"
MEETINGS, MISSIONS = f"{HERE}/meetings", f"{HERE}/missions"
PLAN = {"meeting": "m.first", "body": "b.bilateral-commission", "on": "2025-06-02"}
WORK = {"title": "Plan", "work_plan": True, "owner": "US.DOE", "due_on": "2026-01-20"}
ASKED = {"kind": "IPPAS", "title": "Protection", "host": "JP.JAEA", "provider": "INT.IAEA"}
STAY = {"person": "B. Ito", "home": "JP.JAEA", "host": "US.DOE", "topic": "Accounting"}


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site with the register; the cooperation officer may see a caveat."""
    actor = site.actor("cooperation")
    record_register(site.database, actor, shipped_register(), "agreements.json")
    grant_caveats(site, "cooperation", THIRD)
    grant_caveats(site, "officer2")
    return site


def test_who_may_ask(kept: Site) -> None:
    assert program(kept, "cooperation").post(MEETINGS, PLAN).status_code == 201
    paths = ("meetings", "meetings/m.first", "information", "missions", "exchanges")
    for path in (*paths, "meetings/m.first/status-report"):
        assert program(kept, "officer").get(f"/cooperation/{path}").status_code == 200, path
        for who in ("accountant", "security", "administrator"):
            assert program(kept, who).get(f"/cooperation/{path}").status_code == 403
        assert program(kept, None).get(f"/cooperation/{path}").status_code == 401
    for path, content in (
        *((MEETINGS, {**PLAN, "meeting": "m.second"}), (f"{MEETINGS}/m.first/items", WORK)),
        *((MISSIONS, ASKED), (f"{HERE}/information-hand-outs", {"to": "INT.IAEA"})),
    ):
        assert program(kept, "officer").post(path, content).status_code == 403
        assert program(kept, "cooperation", "read").post(path, content).status_code == 403


def test_a_meeting_from_plan_to_decision(kept: Site) -> None:
    asker = program(kept, "cooperation")
    assert asker.post(MEETINGS, {**PLAN, "meeting": "x"}).json()["findings"][0]["code"] == (
        "MEETING-NAME"
    )
    assert asker.post(MEETINGS, PLAN).status_code == 201
    group = {"name": "security", "title": "Nuclear security", "areas": ["nuclear-security"]}
    assert asker.post(f"{MEETINGS}/m.first/groups", group).status_code == 201
    assert asker.post(f"{MEETINGS}/m.first/agenda").status_code == 201
    assert asker.post(f"{MEETINGS}/m.first/agenda").status_code == 400
    wording = "The sides agreed to hold a workshop by March 2026."
    added = asker.post(f"{MEETINGS}/m.first/items", {**WORK, "words": wording})
    assert added.status_code == 201, added.text
    found = asker.get(f"{MEETINGS}/m.first").json()
    number = found["items"][-1]["item"]
    minutes: dict[str, Any] = {
        "attendance": [{"organisation": "US.DOE", "persons": 12}, {"organisation": "JP.METI"}]
    }
    assert asker.post(f"{MEETINGS}/m.first/minutes", minutes).status_code == 201
    decided = {"actors": ["US.DOE"], "modality": "agreed to", "action": "hold a workshop"}
    path = f"{MEETINGS}/m.first/items/{number}/decisions"
    assert asker.post(path, {**decided, "modality": "shall"}).status_code == 422
    assert asker.post(path, decided).status_code == 201
    found = asker.get(f"{MEETINGS}/m.first").json()
    assert found["state"] == "held" and found["decisions"][0]["commitment"]
    report = asker.get(f"{MEETINGS}/m.first/status-report?on=2026-02-01").json()["report"]
    assert report["decisions"] and any(
        line["overdue"] for one in report["groups"] for line in one["lines"]
    )
    assert [one["meeting"] for one in asker.walk("/cooperation/meetings?status=held")] == [
        "m.first"
    ]
    assert asker.get("/cooperation/meetings?status=x").status_code == 400
    assert asker.get(f"{MEETINGS}/m.none").status_code == 404


def test_done_once_and_only_on_what_was_seen(kept: Site) -> None:
    program(kept, "cooperation").post(MEETINGS, PLAN)
    before, path = acts(kept), f"{MEETINGS}/m.first/items"
    with kept.client("cooperation") as officer:
        tag = {"If-Match": officer.get(f"{MEETINGS}/m.first").headers["etag"]}
        key = {"Idempotency-Key": "one"}
        done = sent(officer, path, WORK, **key, **tag)
        assert done.status_code == 201 and acts(kept) == before + 1, done.text
        assert sent(officer, path, WORK, **key, **tag).json() == done.json()
        assert sent(officer, path, WORK, **tag).status_code == 412
        assert acts(kept) == before + 1


def test_information_unseen_and_handed_out(kept: Site) -> None:
    asker, other = program(kept, "cooperation"), program(kept, "officer2")
    given: dict[str, Any] = {"direction": "in", "source": "US.DOE", "recipient": "JP.MOFA"}
    given |= {"medium": "letter", "title": "Figures", "on": "2026-01-05"}
    file = {"name": "a.txt", "content": base64.b64encode(b"aa").decode()}
    assert asker.post(f"{HERE}/information", {**given, "content": file}).status_code == 201
    bound = information(kept, "Bound", caveats=(THIRD,))
    assert len(asker.walk("/cooperation/information?limit=1")) == 2
    assert asker.walk(f"/cooperation/information?caveat={THIRD}")[0]["information"] == bound
    seen = other.walk("/cooperation/information")
    assert [one["information"] for one in seen] == ["info.0001"]
    assert other.get(f"{HERE}/information/{bound}").status_code == 404
    for wrong in ({"parts": [bound]}, {"under": bound}, {"name": bound}):
        assert other.post(f"{HERE}/information", {**given, **wrong}).status_code == 404, wrong
    event = {"what": "acknowledged", "person": "A. Smith"}
    assert other.post(f"{HERE}/information/{bound}/events", event).status_code == 404
    assert asker.post(f"{HERE}/information/{bound}/events", event).status_code == 201
    path, before = f"{HERE}/information-hand-outs", acts(kept)
    assert other.post(path, {"to": "INT.IAEA", "items": [bound]}).status_code == 404
    refused = asker.post(path, {"to": "INT.IAEA", "items": ["info.0001", bound]})
    assert refused.status_code == 422 and acts(kept) == before
    assert refused.json()["findings"][0]["code"] == "CAVEAT-THIRD-PARTY"
    looked = asker.post(path, {"to": "INT.IAEA", "check": True}).json()
    assert looked["items"] == ["info.0001"] and looked["act"] is None and looked["findings"]
    assert bound not in other.post(path, {"to": "INT.IAEA", "check": True}).text
    assert acts(kept) == before
    done = asker.post(path, {"to": "INT.IAEA"}).json()
    assert done["act"] == before + 1 and done["items"] == ["info.0001"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(done["package"]))) as archive:
        assert archive.read("content/info.0001") == b"aa"


def test_missions_and_exchanges(kept: Site) -> None:
    asker = program(kept, "cooperation")
    assert asker.post(MISSIONS, {**ASKED, "follows": "mission.0009"}).status_code == 404
    assert asker.post(MISSIONS, {**ASKED, "on": "2026-01-05"}).status_code == 201
    steps = f"{MISSIONS}/mission.0001/steps"
    refused = asker.post(steps, {"state": "closed", "reason": "x"})
    assert refused.json()["findings"][0]["code"] == "MISSION-STEP"
    agreed = {"state": "terms_agreed", "reason": "agreed", "terms": "Look at transport."}
    assert asker.post(steps, agreed).status_code == 201
    early = asker.post(f"{MISSIONS}/mission.0001/findings", {"number": "R1", "kind": "suggestion"})
    assert early.status_code == 422
    (one,) = asker.walk("/cooperation/missions?status=terms_agreed")
    assert one["terms"] == "Look at transport." and one["steps"][0]["state"] == "terms_agreed"
    assert asker.get(f"{MISSIONS}/mission.0001").json()["host"] == "JP.JAEA"
    stay = {**STAY, "first_day": "2026-01-08", "last_day": "2026-03-01", "access_level": "secret"}
    assert asker.post(f"{HERE}/exchanges", {**stay, "on": "2026-01-05"}).status_code == 201
    page = asker.get("/cooperation/exchanges").json()
    assert [one["code"] for one in page["findings"]] == ["PERSONNEL-ACCESS"]
    step = {"state": "cleared", "reason": "Cleared."}
    assert asker.post(f"{HERE}/exchanges/exchange.0001/steps", step).status_code == 422
    assert asker.get(f"{HERE}/exchanges/exchange.0001").json()["state"] == "agreed"
    assert asker.get(f"{HERE}/exchanges/exchange.0009").status_code == 404
