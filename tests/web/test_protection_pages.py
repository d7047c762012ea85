"""Pages of physical security: categories, plans, inspections, findings, boards, forms, roles."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keiryo.security_evidence.kinds import WORK
from keiryo.security_evidence.recording import record
from keiryo.security_regime.computer_recording import record_systems
from keiryo.security_regime.event_recording import record_events
from keiryo.security_regime.finding_recording import record_findings
from keiryo.security_regime.inspection_recording import plan_inspections, take_inspection_steps
from keiryo.security_regime.plan_recording import cover, record_plans, take_plan_steps
from keiryo.security_regime.upgrade_recording import record_upgrades
from keiryo.web.pages.protection_known import page_of_node
from web.site import Client, Site, copy_of, demonstration_books, make_site
from web.test_equipment_pages import filled, rows_of
from web.test_report_pages import acts

HOME, PLANS, VISITS = "/protection", "/protection/plans", "/protection/inspections"
FOUND, DUE, COMPLIANCE = "/protection/findings", "/protection/due", "/protection/compliance"
PLAN, VISIT, FINDING = f"{PLANS}/PPP-1/1", f"{VISITS}/I-1", f"{FOUND}/F-1"
DIGEST = "a" * 64


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def facility(site: Site) -> str:
    """Return the code of the facility of the first area."""
    with site.database.reading() as connection:
        table = site.database.metadata.tables["material_balance_area"]
        rows = connection.execute(table.select()).mappings().all()
    return str(next(row["facility"] for row in rows if row["mba"] == "XAFA"))


def planned(site: Site, version: str, **more: Any) -> None:
    """Record a version of the plan, submitted by the security officer."""
    row = {
        "plan": "PPP-1", "version": version, "facility": facility(site), "digest": DIGEST,
        "kind": "physical_protection", "title": "Protection of the store",
        "valid_from": day("2025-01-01"), "review_on": day("2026-01-05"), "basis": "LC-7", **more,
    }  # fmt: skip
    record_plans(site.database, site.actor("security"), [row])


def stepped(site: Site, version: str, state: str, on: str, who: str = "security") -> None:
    row = {"plan": "PPP-1", "version": version, "on": day(on), "reason": "as agreed"}
    take_plan_steps(site.database, site.actor(who), state, [row])


def made_of(site: Site) -> Site:
    """Put a plan in force, an inspection and three findings into a site."""
    officer = site.actor("officer")
    planned(site, "1")
    rows = [{"plan": "PPP-1", "version": "1", "requirement": one} for one in ("FP-H", "FP-I")]
    cover(site.database, site.actor("security"), [rows[0], {**rows[1], "coverage": "part"}])
    stepped(site, "1", "submitted", "2025-01-10")
    stepped(site, "1", "approved", "2025-01-20", "officer")
    visit = {
        "inspection": "I-1", "facility": facility(site), "kind": "announced", "team": "P-TEAM",
        "planned_from": day("2025-03-01"), "requirements": "FP-H FP-J",
    }  # fmt: skip
    plan_inspections(site.database, officer, [visit])
    done = {"inspection": "I-1", "on": day("2025-03-02"), "performed_from": day("2025-03-01")}
    take_inspection_steps(site.database, officer, "performed", [done])
    raised = {
        "finding": "F-1", "inspection": "I-1", "requirement": "FP-H", "grade": "deficiency",
        "due": day("2025-06-30"), "owner": "site-security", "words": "procedure 7 <b>lacks",
    }  # fmt: skip
    good = {**raised, "finding": "G-1", "grade": "good_practice", "due": None, "owner": None}
    other = {**raised, "finding": "F-2", "requirement": "FP-K", "due": day("2026-06-30")}
    record_findings(site.database, officer, [raised, good, other])
    return site


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site that tests only look at."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("seen")))
    yield made_of(made)
    made.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site on which forms are sent, one record for each test."""
    made = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("sent")))
    yield made_of(made)
    made.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    made = make_site(copy_of(demonstration_books(), tmp_path))
    yield made
    made.close()


def paths(site: Site) -> tuple[str, ...]:
    one = f"{HOME}/facilities/{facility(site)}"
    return (HOME, PLANS, VISITS, FOUND, DUE, COMPLIANCE, PLAN, VISIT, FINDING, one)


def test_who_may_see_and_do_what(seen: Site) -> None:
    for name, status in (
        *(("security", 200), ("officer", 200), ("inspector", 200), ("auditor", 200)),
        *(("accountant", 403), ("cooperation", 403), ("administrator", 403)),
    ):
        with seen.client(name) as client:
            for path in paths(seen):
                answer = client.get(path)
                assert answer.status_code == status, (name, path)
                assert "{&#39;" not in answer.text and ">XA<" in answer.text, (name, path)
            front = client.get("/").text
            assert (f'href="{HOME}"' in front) == (status == 200), name
            assert ("part-protection-title" in front) == (status == 200), name
    posts = (
        *(PLANS, f"{PLAN}/steps", f"{PLAN}/coverage", VISITS, f"{VISIT}/steps"),
        *(f"{VISIT}/findings", f"{FINDING}/actions", f"{FINDING}/steps"),
    )
    for name in ("inspector", "auditor", "accountant"):
        with seen.client(name) as client:
            for path in posts:
                assert client.post(path, {}).status_code == 403, (name, path)
            for path in paths(seen):
                assert 'method="post" data-layout' not in client.get(path).text, (name, path)


def test_categories_and_what_is_told_of_batches(seen: Site) -> None:
    texts = {}
    for name in ("officer", "security"):
        with seen.client(name) as client:
            texts[name] = client.get(f"{HOME}/facilities/{facility(seen)}").text
            assert "Strictest category" in client.get(HOME).text
    for text in texts.values():
        table = text[text.index("Category of areas and places") :]
        table = table[: table.index("</table>")]
        assert "XAFA" in table and "the whole area" in table and "Category" in table
        assert "no material on the book" not in table.split("XAFA")[1][:900]
    assert '"/areas/XAFA"' in texts["officer"] and '"/areas/XAFA"' not in texts["security"]
    assert "Batches:" not in texts["security"]
    categories = [
        text[text.index("Category of areas") :].split("</table>")[0].count("Category I")
        for text in texts.values()
    ]
    assert categories[0] == categories[1]


def test_lists_and_exports(seen: Site) -> None:
    with seen.client("security") as client:
        rows = {row["finding"]: row for row in rows_of(client, FOUND)}
        assert set(rows) == {"F-1", "F-2", "G-1"} and rows["F-1"]["standing"] == "overdue"
        assert rows_of(client, f"{FOUND}?standing=overdue")[0]["finding"] == "F-1"
        assert rows_of(client, PLANS)[0]["in_force"] == "now in force"
        assert rows_of(client, VISITS)[0]["open"] == "2"
        due = {(row["what"], row["name"]): row for row in rows_of(client, DUE)}
        assert due["security finding", "F-1"]["standing"] == "overdue"
        assert ("review of a security plan", "PPP-1/1") in due
        assert ("report of a security inspection", "I-1") in due
        row = rows_of(client, f"{HOME}?facility={facility(seen)}")[0]
        assert (row["plans"], row["open"], row["overdue"]) == ("PPP-1/1", "2", "1")
        assert client.get(f"{DUE}?format=xlsx").content[:2] == b"PK"
        code = facility(seen)
        told = {o["requirement"]: o for o in rows_of(client, f"{COMPLIANCE}?facility={code}")}
        assert told["FP-H"]["addressed"] == "addressed in full"
        assert told["FP-I"]["addressed"] == "addressed in part"
        assert told["FP-H"]["open_findings"] == "F-1" and told["FP-H"]["overdue"] == "1"
        assert told["FP-J"]["last_inspected"] == "2025-03-02"
        assert told["FP-A"]["addressed"] == "not addressed"
        assert client.get(f"{COMPLIANCE}?facility=NONE").status_code == 404


def test_pages_of_one_record(seen: Site) -> None:
    with seen.client("security") as client:
        plan = client.get(PLAN).text
        assert "PPP-1/1" in plan and "approval: done" in plan and "review: late" in plan
        assert "FP-H" in plan and "addressed in part" in plan and "in force" in plan
        visit = client.get(VISIT).text
        assert "performance: done" in visit and "report: next" in visit and "F-1" in visit
        finding = client.get(FINDING).text
        assert "plan of action: late or failed" in finding and "&lt;b&gt;lacks" in finding
        good = client.get(f"{FOUND}/G-1").text
        assert "step-form" not in good and "action-form" not in good
        for path in (f"{PLANS}/PPP-1/9", f"{VISITS}/no", f"{FOUND}/no", f"{HOME}/facilities/no"):
            assert client.get(path).status_code == 404, path
        assert PLAN in client.get("/search?q=PPP-1").text
        assert FINDING in client.get("/search?q=FP-H").text
    with seen.client("accountant") as client:
        assert PLAN not in client.get("/search?q=PPP-1").text


def test_empty_books(empty: Site) -> None:
    with empty.client("security") as client:
        for path, words in (
            (HOME, "no plan in force"),
            (PLANS, "No security plan is in the record."),
            (VISITS, "No security inspection is in the record."),
            (FOUND, "No security finding is in the record."),
            (DUE, "Nothing is due."),
            (COMPLIANCE, "not addressed"),
        ):
            assert words in client.get(path).text, path
        assert "part-protection-title" not in client.get("/").text


# --- forms -----------------------------------------------------------------------------------


def test_a_plan_from_draft_to_force(base: Site) -> None:
    here, code = f"{PLANS}/CP-1/1", f"XA/{facility(base)}"
    with base.client("security") as client:
        given = {"facility": code, "kind": "contingency", "plan": "CP-1", "version": "1"}
        form = filled(client, PLANS, "plan-form", **given, title="Contingency", digest=DIGEST)
        for wrong, words in (
            ({"facility": "XA/none"}, "Choose the facility."),
            ({"kind": ""}, "Choose the kind of plan."),
            ({"plan": ""}, "Name the plan."),
            ({"plan": "a b"}, "PLAN-TEXT"),
            ({"valid_from": "soon"}, "Write a date"),
            ({"title": "x" * 65}, "64 characters at most"),
        ):
            back = client.post(PLANS, {**form, **wrong})
            assert back.status_code == 422 and words in back.text, words
        before = acts(base)
        sent = {**form, "valid_from": "2025-01-01", "review_on": "2027-01-01", "basis": "LC-7"}
        done = client.post(PLANS, sent)
        assert done.status_code == 303 and done.headers["location"].startswith(here)
        assert client.post(PLANS, sent).headers["location"] == done.headers["location"]
        assert acts(base) == before + 1
        terms = filled(client, here, "terms-form", title="Contingency plan", terms_reason="name")
        assert client.post(PLANS, terms).status_code == 303
        covered = {"requirements": "FP-K, FP-J", "coverage": "full", "chapter": "3"}
        form = filled(client, here, "coverage-form", **covered)
        assert client.post(f"{here}/coverage", {**form, "coverage": "x"}).status_code == 422
        assert client.post(f"{here}/coverage", form).status_code == 303
        step = {"step_state": "submitted", "step_on": "2025-02-01"}
        form = filled(client, here, "step-form", **step)
        stale = {**form, "_form_id": ""}
        assert client.post(f"{here}/steps", form).status_code == 303
        back = client.post(f"{here}/steps", stale)
        assert back.status_code == 409 and "Somebody was here in between" in back.text
        text = client.get(here).text
        assert "somebody else decides on it" in text and 'value="approved"' not in text
        form = filled(client, here, "step-form", step_state="approved", step_on="2025-02-02")
        assert client.post(f"{here}/steps", form).status_code == 422
    with base.client("officer") as client:
        given = {"step_state": "rejected", "step_on": "2025-02-03"}
        back = client.post(f"{here}/steps", filled(client, here, "step-form", **given))
        assert back.status_code == 422 and "Say why" in back.text
        given = {"step_state": "approved", "step_on": "2025-02-03", "step_reference": "L-17"}
        done = client.post(f"{here}/steps", filled(client, here, "step-form", **given))
        assert done.status_code == 303
        text = client.get(done.headers["location"]).text
        assert "It was recorded." in text and "L-17" in text and "Contingency plan" in text


def sent(client: Client, path: str, form: str, to: str, **fields: Any) -> Any:
    return client.post(f"{path}/{to}", filled(client, path, form, **fields))


def test_an_inspection_with_a_document(base: Site) -> None:
    here, code = f"{VISITS}/I-9", f"XA/{facility(base)}"
    with base.client("officer") as client:
        given = {"inspection": "I-9", "facility": code, "kind": "announced", "team": "P-A, P-B"}
        form = filled(client, VISITS, "inspection-form", **given)
        assert "Say on which day it was." in client.post(VISITS, form).text
        form |= {"planned_from": "2025-05-01", "requirements": "FP-L"}
        assert client.post(VISITS, form).status_code == 303
        step = {"step_state": "performed", "step_on": "2025-05-02", "performed_from": "2025-05-01"}
        assert sent(client, here, "step-form", "steps", **step).status_code == 303
        raised = {"finding": "F-9", "requirement": "FP-L", "grade": "deficiency"}
        back = sent(client, here, "finding-form", "findings", **raised)
        assert back.status_code == 422 and "SECFIND-DUE" in back.text
        raised |= {"finding_due": "2027-01-01", "owner": "site"}
        done = sent(client, here, "finding-form", "findings", **raised)
        assert done.headers["location"].startswith(f"{FOUND}/F-9")
        step = {"step_state": "reported", "step_on": "2025-05-20"}
        back = sent(client, here, "step-form", "steps", **step)
        assert back.status_code == 422 and "SECINSP-INCOMPLETE" in back.text
        files = [("document", ("report.pdf", b"%PDF", "application/pdf"))]
        form = filled(client, here, "step-form", **step)
        assert client.post(f"{here}/steps", form, files=files).status_code == 303
        assert "report.pdf" not in client.get(here).text
        step = {"step_state": "closed", "step_on": "2025-06-01"}
        back = sent(client, here, "step-form", "steps", **step)
        assert back.status_code == 422 and "SECINSP-OPEN" in back.text


def test_a_finding_is_put_right_by_one_and_verified_by_another(base: Site) -> None:
    with base.client("security") as guard, base.client("officer") as officer:
        action = {"action": "A1", "action_on": "2025-03-10", "action_words": "written anew"}
        back = sent(guard, FINDING, "action-form", "actions", **action)
        assert back.status_code == 422 and "SECFIND-ACTION" in back.text
        action |= {"action_owner": "site-engineer", "action_due": "2025-06-01"}
        assert sent(guard, FINDING, "action-form", "actions", **action).status_code == 303
        step = {"step_state": "implemented", "step_on": "2025-05-20"}
        assert sent(guard, FINDING, "step-form", "steps", **step).status_code == 303
        text = guard.get(FINDING).text
        assert "somebody independent verifies" in text and 'value="verified"' not in text
        step = {"step_state": "verified", "step_on": "2025-06-01"}
        back = sent(guard, FINDING, "step-form", "steps", **step, step_evidence="PT-1")
        assert back.status_code == 422 and "SECFIND-OWNER" in back.text
        back = sent(officer, FINDING, "step-form", "steps", **step)
        assert back.status_code == 422 and "SECFIND-EVIDENCE" in back.text
        shown = sent(officer, FINDING, "step-form", "steps", **step, step_evidence="PT-1, act:1")
        assert shown.status_code == 303
        step = {"step_state": "closed", "step_on": "2025-06-02"}
        assert sent(officer, FINDING, "step-form", "steps", **step).status_code == 303
        text = officer.get(FINDING).text
        assert "final closing: done" in text and "PT-1" in text and "/journal/acts/1" in text
        step = {"step_state": "reopened", "step_on": "2025-06-03"}
        assert "Say why" in sent(officer, FINDING, "step-form", "steps", **step).text
        step["step_reason"] = "it did not last"
        assert sent(officer, FINDING, "step-form", "steps", **step).status_code == 303
        assert "It was opened again 1 time" in officer.get(FINDING).text
        later = {"step_state": "extended", "step_on": "2025-06-04", "step_reason": "parts"}
        second = f"{FOUND}/F-2"
        assert "Say by which day" in sent(officer, second, "step-form", "steps", **later).text
        later["step_due"] = "2026-12-31"
        assert sent(officer, second, "step-form", "steps", **later).status_code == 303
        assert "at first 30 Jun 2026" in officer.get(second).text


def test_nodes_lead_to_pages() -> None:
    assert page_of_node("secfind:F-1") == FINDING and page_of_node("secplan:PPP-1/1") == PLAN
    assert page_of_node("seal:x") is None


def test_in_japanese(seen: Site) -> None:
    with seen.client("officer") as client:
        client.cookies["keiryo_language"] = "ja"
        for path in paths(seen):
            answer = client.get(path)
            assert answer.status_code == 200 and 'lang="ja"' in answer.text, path


def test_boards_of_events_upgrades_computers_and_evidence(base: Site) -> None:
    boards = ("events", "upgrades", "computers", "evidence")
    with base.client("security") as client:
        for name in boards:
            answer = client.get(f"{HOME}/{name}")
            assert answer.status_code == 200, name
            assert 'class="empty' in answer.text, name
        record_events(base.database, base.actor("security"), [_event(base)])
        record_upgrades(base.database, base.actor("officer"), [_upgrade(base)])
        record_systems(base.database, base.actor("security"), [_system(base)])
        record(base.database, base.actor("security"), WORK, [_work(base)])
        told = {
            "events": ("EV-1", "failure of equipment"),
            "upgrades": ("UP-1", "upgrade planned"),
            "computers": ("level 1",),
            "evidence": ("E-7", "out of service without a verified measure"),
        }
        for name in boards:
            text = client.get(f"{HOME}/{name}").text
            for words in told[name]:
                assert words in text, (name, words)
        assert "EV-1" in client.get("/why?of=secevent:EV-1").text
        board = client.get(DUE).text
        assert "out of service without a verified measure" in board and "E-7" in board
        asset = f"secasset:XA/{facility(base)}/E-7"
        assert "worked on in" in client.get(f"/why?of={asset}").text
    with base.client("accountant") as client:
        for name in boards:
            assert client.get(f"{HOME}/{name}").status_code == 403


def _event(site: Site) -> dict[str, Any]:
    return {
        "event": "EV-1", "facility": facility(site), "type": "equipment_failure", "severity": 2,
        "detected_at": "2025-05-02T09:00:00+09:00", "out_of_control": False,
        "classification": "restricted", "title": "Outage",
    }  # fmt: skip


def _upgrade(site: Site) -> dict[str, Any]:
    return {
        "upgrade": "UP-1", "facility": facility(site), "partner": "DOE", "aim": "sustain",
        "title": "New lock",
        "install_by": day("2025-09-30"),
    }  # fmt: skip


def _system(site: Site) -> dict[str, Any]:
    return {
        "system": "CS-1", "facility": facility(site), "function": "security", "level": 1,
        "zone": "Z-1", "sensitive_asset": True, "owner": "site-security",
    }  # fmt: skip


def _work(site: Site) -> dict[str, Any]:
    return {
        "maintenance": "M-1", "facility": facility(site), "asset": "E-7", "kind": "corrective",
        "asset_kind": "detection", "opened": day("2025-05-01"),
        "out_of_service_from": day("2025-05-01"),
    }  # fmt: skip
