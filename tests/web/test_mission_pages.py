"""Pages of expert missions and exchanges of people: from request to follow-up, step by step."""

from __future__ import annotations

import datetime
import re

import pytest

from keiryo.cooperation.missions import MissionRequest, request_mission
from keiryo.cooperation.recording import record_register, shipped_register
from web.site import Site
from web.test_cooperation_pages import DAY, fields_of, rows_of
from web.test_information_pages import grant_caveats
from web.test_report_pages import acts

HERE, NEW = "/cooperation/missions", "/cooperation/request-mission"
FOUND = "/cooperation/mission-findings"
PEOPLE, AGREE = "/cooperation/exchanges", "/cooperation/agree-exchange"
PAGE = f"{HERE}/mission.0001"
REPORT = [("step_files", ("report.pdf", b"%PDF", "application/pdf"))]
STEPS: tuple[tuple[dict[str, str], bool], ...] = (
    ({"state": "terms_agreed", "terms": "Look at <b>transport</b>."}, False),
    ({"state": "prepared", "prepared_on": "2026-01-06"}, False),
    (
        {
            "state": "planned",
            "first_day": "2026-01-05",
            "last_day": "2026-01-09",
            "sites": "Tokai\n東海",
            "person_1": "A. Sato",
            "part_1": "leader",
        },
        False,
    ),
    ({"state": "under_way"}, False),
    ({"state": "report_draft"}, True),
    ({"state": "host_review"}, False),
    ({"state": "report_final", "side": "JP.JAEA"}, True),
)


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site with the register and a mission that was asked for."""
    actor = site.actor("cooperation")
    record_register(site.database, actor, shipped_register(), "agreements.json")
    wanted = MissionRequest("IPPAS", "Protection", "JP.JAEA", "INT.IAEA", DAY, under="c001")
    request_mission(site.database, actor, wanted)
    return site


def stepped(site: Site, until: str) -> None:
    """Take a mission through its steps."""
    with site.client("cooperation") as client:
        for fields, report in STEPS:
            hidden = fields_of(client, PAGE, "step-form")
            given = {"step_on": "2026-01-10", "reason": "as agreed", **hidden, **fields}
            files = {"files": REPORT} if report else {}
            answer = client.post(f"{PAGE}/steps", given, **files)
            assert answer.status_code == 303, answer.text
            if fields["state"] == until:
                return


def finding(site: Site, status: int = 303, **fields: str) -> str:
    """Send the form of a finding."""
    with site.client("cooperation") as client:
        hidden = fields_of(client, PAGE, "finding-form")
        given = {"finding_on": "2026-01-10", **hidden, **fields}
        answer = client.post(f"{PAGE}/findings", given)
        assert answer.status_code == status, answer.text
        return str(answer.text)


def test_who_may_see_it(kept: Site) -> None:
    for who, status in (
        *(("cooperation", 200), ("officer", 200), ("auditor", 200)),
        *(("accountant", 403), ("inspector", 403), ("security", 403), ("administrator", 403)),
    ):
        with kept.client(who) as client:
            for path in (HERE, PAGE, FOUND, PEOPLE):
                assert client.get(path).status_code == status, (who, path)
            assert (f'href="{HERE}"' in client.get("/").text) == (status == 200), who
    with kept.client("officer") as officer:
        assert "step-form" not in officer.get(PAGE).text
        for path in (NEW, AGREE, f"{PAGE}/steps", f"{PAGE}/findings"):
            assert officer.post(path, {}).status_code == 403


def test_who_lacks_the_caveat_sees_nothing_of_it(kept: Site) -> None:
    grant_caveats(kept, "cooperation", "official-use")
    grant_caveats(kept, "officer2")
    wanted = MissionRequest(
        *("ISSAS", "Hidden review", "JP.JAEA", "INT.IAEA", DAY), caveats=("official-use",)
    )
    name, _done = request_mission(kept.database, kept.actor("cooperation"), wanted)
    with kept.client("cooperation") as client:
        assert "Hidden review" in client.get(HERE).text
    with kept.client("officer2") as client:
        text = client.get(HERE).text + client.get(f"{HERE}?format=csv").text
        assert "Hidden review" not in text and name not in text and "mission.0001" in text
        assert client.get(f"{HERE}/{name}").status_code == 404
        assert client.post(f"{HERE}/{name}/steps", {}).status_code == 404
        assert client.post(f"{HERE}/{name}/findings", {}).status_code == 404
        assert f"{HERE}/{name}" not in client.get("/search?q=hidden+review").text
        fields = fields_of(client, NEW, "request-form")
        fields |= {"kind": "ISSAS", "title": "x", "host": "JP.JAEA", "provider": "INT.IAEA"}
        fields |= {"on": "2026-01-05"}
        follows = client.post(NEW, {**fields, "follows": name})
        assert follows.status_code == 422 and "There is no such mission" in follows.text
        under = client.post(NEW, {**fields, "under": name})
        assert under.status_code == 422 and "nothing of this name" in under.text


def test_a_mission_is_requested_once(kept: Site) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        fields = fields_of(client, NEW, "request-form")
        fields |= {"kind": "training", "title": "訓練 <script>", "host": "JP.JAEA"}
        fields |= {"provider": "INT.IAEA", "on": "2026-01-05"}
        wrong = client.post(NEW, {**fields, "provider": "XX.NONE"})
        assert wrong.status_code == 422 and "COOPERATION-ORGANISATION" in wrong.text
        assert "訓練 &lt;script&gt;" in wrong.text
        assert "Choose a kind" in client.post(NEW, {**fields, "kind": ""}).text
        assert acts(kept) == before
        done = client.post(NEW, fields)
        assert done.status_code == 303 and acts(kept) == before + 1
        assert client.post(NEW, fields).headers["location"] == done.headers["location"]
        assert acts(kept) == before + 1
        rows = rows_of(client.get(f"{HERE}?format=csv").text)
        assert {one["mission"] for one in rows} == {"mission.0001", "mission.0002"}
        only = rows_of(client.get(f"{HERE}?kind=training&format=csv").text)
        assert [one["mission"] for one in only] == ["mission.0002"]


def test_from_terms_to_follow_up(kept: Site) -> None:
    stepped(kept, "report_final")
    text = finding(kept, 422, number="R1", finding_kind="recommendation")
    assert "give the kind and the words" in text
    assert "MISSION-FINDING" in finding(
        kept,
        422,
        number="R1",
        finding_kind="recommendation",
        finding_words="x",
        finding_state="done",
    )
    finding(kept, number="R1", finding_kind="recommendation", finding_words="Lock <doors>.")
    assert "MISSION-FINDING" in finding(kept, 422, number="R1", finding_state="accepted")
    accepted = {"finding_state": "accepted", "finding_owner": "JP.JAEA", "finding_plan": "Locks"}
    finding(kept, number="R1", **accepted, finding_due_on="2026-01-20")
    with kept.client("officer") as client:
        page = client.get(PAGE).text
        assert "Lock &lt;doors&gt;." in page and "<b>transport" not in page and "東海" in page
        assert "A. Sato" in page and "report.pdf" in page and "/commitments/c001" in page
        assert len(set(re.findall(r'href="/journal/acts/(\d+)"', page))) >= 9
        part = client.get("/").text
        part = part[part.index("part-follow-ups") :]
        assert "mission.0001 R1" in part and "1 follow-up is overdue or due" in part
        rows = rows_of(client.get(f"{FOUND}?format=csv").text)
        assert [(one["number"], one["when"]) for one in rows] == [("R1", "due soon")]
        assert client.get("/why?of=cooperation:mission.0001").status_code == 200
    kept.now[0] += datetime.timedelta(days=20)
    with kept.client("officer") as client:
        assert "overdue" in client.get(PAGE).text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": ""}, "Choose what it becomes"),
        ({"reason": ""}, "Say what happened"),
        ({"step_on": "soon"}, "Write a date as"),
        ({"state": "closed"}, "MISSION-STEP"),
        ({"part_1": "leader"}, "Name the person"),
        ({"person_1": "A. Sato"}, "Choose what the person does"),
        ({"step_acts": "x"}, "Write acts by their numbers"),
        ({"reason": "a\0b"}, "error-summary"),
    ],
)
def test_a_wrong_step_comes_back(kept: Site, change: dict[str, str], words: str) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        fields = fields_of(client, PAGE, "step-form") | {"state": "terms_agreed"}
        fields |= {"step_on": "2026-01-10", "reason": "typed", "terms": "条件"}
        answer = client.post(f"{PAGE}/steps", {**fields, **change})
    assert answer.status_code == 422 and words in answer.text and "条件" in answer.text
    assert acts(kept) == before


def test_a_stale_step(kept: Site) -> None:
    with kept.client("cooperation") as client:
        fields = fields_of(client, PAGE, "step-form") | {"reason": "Mine."}
        fields |= {"state": "declined", "step_on": "2026-01-10"}
        stepped(kept, "terms_agreed")
        before = acts(kept)
        stale = client.post(f"{PAGE}/steps", fields)
        assert stale.status_code == 409 and "Mine." in stale.text and acts(kept) == before


def test_an_exchange_of_people(kept: Site) -> None:
    with kept.client("cooperation") as client:
        assert "No exchange of people" in client.get(PEOPLE).text
        fields = fields_of(client, AGREE, "agree-form") | {"person": "B. <Ito>", "home": "JP.JAEA"}
        fields |= {"host": "US.DOE", "topic": "計量", "agreed_on": "2026-01-05"}
        fields |= {"first_day": "2026-01-08", "last_day": "2026-03-01", "access_level": "secret"}
        wrong = client.post(AGREE, {**fields, "last_day": "2025-01-01"})
        assert wrong.status_code == 422 and "PERSONNEL-DAY" in wrong.text and "計量" in wrong.text
        assert client.post(AGREE, {**fields, "person": ""}).status_code == 422
        done = client.post(AGREE, fields)
        assert done.status_code == 303
        assert client.post(AGREE, fields).headers["location"] == done.headers["location"]
        here = f"{PEOPLE}/exchange.0001"
        page = client.get(here).text
        assert "PERSONNEL-ACCESS" in page and "B. &lt;Ito&gt;" in page
        assert "PERSONNEL-ACCESS" in client.get(PEOPLE).text
        step = fields_of(client, here, "step-form") | {"state": "cleared", "reason": "Cleared."}
        refused = client.post(f"{here}/steps", {**step, "step_on": "2026-01-09"})
        assert refused.status_code == 422 and "PERSONNEL-ACCESS" in refused.text
        terms = fields_of(client, here, "terms-form") | {
            n: fields[n] for n in ("topic", "first_day", "last_day", "access_level")
        }
        terms |= {"clearance_level": "secret", "clearance_until": "2026-12-31"}
        terms |= {"agreed_on": "2026-01-07"}
        assert client.post(f"{here}/terms", terms).status_code == 303
        step = fields_of(client, here, "step-form") | {"state": "cleared", "reason": "Cleared."}
        assert client.post(f"{here}/steps", {**step, "step_on": "2026-01-09"}).status_code == 303
        page = client.get(here).text
        assert "PERSONNEL-ACCESS" not in page and "31 Dec 2026" in page and "Cleared." in page
        rows = rows_of(client.get(f"{PEOPLE}?format=csv").text)
        assert [(one["exchange"], one["state"]) for one in rows] == [("exchange.0001", "cleared")]
        assert here in client.get("/search?q=計量").text
        assert client.get(f"{PEOPLE}/exchange.0009").status_code == 404


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        for path in (HERE, FOUND, PEOPLE, NEW, AGREE):
            assert client.get(path).status_code == 200
        assert "part-follow-ups" not in client.get("/").text
        assert client.get(PAGE).status_code == 404
