"""Pages of meetings: planned, agenda, items, minutes, decisions, work plan, status report."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from keiryo.cooperation.meeting_acts import (
    Attendance,
    ItemChange,
    MeetingPlan,
    Minutes,
    plan_meeting,
    record_minutes,
    revise_item,
)
from keiryo.cooperation.recording import record_register, shipped_register
from web.site import Client, Site
from web.test_cooperation_pages import BOARD, fields_of, rows_of
from web.test_report_pages import acts

HERE, WORK, NEW = (
    "/cooperation/meetings",
    "/cooperation/work-plan",
    "/cooperation/plan-meeting",
)
BODY = "b.bilateral-commission"
FIRST, SECOND = datetime.date(2025, 6, 2), datetime.date(2025, 12, 1)
PAGE = f"{HERE}/m.first"
WORDS = "The sides agreed to hold a workshop by March 2026."


@pytest.fixture
def kept(site: Site) -> Iterator[Site]:
    """Return a site with the register and a meeting."""
    actor = site.actor("cooperation")
    record_register(site.database, actor, shipped_register(), "agreements.json")
    plan_meeting(site.database, actor, MeetingPlan("m.first", BODY, FIRST, location="Tokyo"))
    yield site


def work(site: Site, meeting: str = "m.first", **more: Any) -> int:
    """Add a piece of work to a meeting."""
    values = {"title": "Draw up a plan", "owner": "US.DOE", "due_on": datetime.date(2026, 1, 20)}
    change = ItemChange(**{**values, "work_plan": True, **more})
    return revise_item(site.database, site.actor("cooperation"), meeting, change)[1]


def held(site: Site, meeting: str = "m.first", **more: Any) -> None:
    """Record that a meeting was held."""
    minutes = Minutes((Attendance("US.DOE", 12, "Deputy Secretary"), Attendance("JP.METI")), **more)
    record_minutes(site.database, site.actor("cooperation"), meeting, minutes)


def item_fields(client: Client, number: int, form: str = "item-form") -> dict[str, str]:
    """Return the fields of the form of an item, as its page has them now."""
    return fields_of(client, f"{PAGE}/items/{number}", form)


def test_who_may_see_it(kept: Site) -> None:
    number = work(kept)
    paths = (HERE, WORK, PAGE, f"{PAGE}/items/{number}", f"{PAGE}/status-report?form=md")
    for name, status in (
        *(("cooperation", 200), ("officer", 200), ("auditor", 200)),
        *(("accountant", 403), ("inspector", 403), ("security", 403), ("administrator", 403)),
    ):
        with kept.client(name) as client:
            assert {client.get(path).status_code for path in paths} == {status}, name
            assert (f'href="{HERE}"' in client.get("/").text) == (status == 200), name
            assert status == 200 or PAGE not in client.get("/search?q=m.first").text
    with kept.client("officer") as officer:
        assert "item-form" not in officer.get(PAGE).text
        for path in (f"{PAGE}/items", f"{PAGE}/minutes", f"{PAGE}/agenda", f"{PAGE}/groups"):
            assert officer.post(path, {}).status_code == 403
        assert officer.get(NEW).status_code == 403


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        answer = client.get(HERE)
        assert answer.status_code == 200 and "No meeting was planned" in answer.text
        assert client.get(WORK).status_code == 200 and client.get(NEW).status_code == 200
        assert "part-work-plan" not in client.get("/").text
        assert (
            client.get(PAGE).status_code == 404 and client.post(f"{PAGE}/items").status_code == 404
        )


def test_a_meeting_is_planned_once_and_moved(kept: Site) -> None:
    with kept.client("cooperation") as client:
        before = acts(kept)
        fields = fields_of(client, NEW, "plan-form") | {"name": "m.second", "body": BODY}
        wrong = client.post(NEW, {**fields, "name": "second", "on": "2025-12-01"})
        assert wrong.status_code == 422 and "MEETING-NAME" in wrong.text
        assert 'value="second"' in wrong.text
        early = {"on": "2025-12-01", "last_day": "2025-11-01"}
        assert "lies before the first" in client.post(NEW, {**fields, **early}).text
        assert "Say on which day" in client.post(NEW, fields).text
        assert (
            "There is a meeting of this name"
            in client.post(NEW, {**fields, "name": "m.first", "on": "2025-12-01"}).text
        )
        assert acts(kept) == before
        fields["on"] = "2025-12-01"
        done = client.post(NEW, fields)
        assert done.status_code == 303
        assert client.post(NEW, fields).headers["location"] == done.headers["location"]
        assert acts(kept) == before + 1
        page = client.get(done.headers["location"]).text
        assert "It was recorded." in page and "1 Dec 2025" in page and "m.first" in page
        moved = fields_of(client, f"{HERE}/m.second", "plan-form") | {"on": "2025-12-08"}
        assert client.post(f"{HERE}/m.second/plan", {**moved, "last_day": ""}).status_code == 303
        page = client.get(f"{HERE}/m.second").text
        assert "8 Dec 2025" in page and "1 Dec 2025" in page  # how it came about
        off = fields_of(client, f"{HERE}/m.second", "plan-form") | {"cancelled": "yes"}
        assert client.post(f"{HERE}/m.second/plan", off).status_code == 303
        assert "called off" in client.get(f"{HERE}/m.second").text
        rows = rows_of(client.get(f"{HERE}?format=csv").text)
        assert [(one["meeting"], one["state"]) for one in rows] == [
            ("m.second", "called off"),
            ("m.first", "planned"),
        ]
        assert len(rows_of(client.get(f"{HERE}?state=planned&format=csv").text)) == 1
        assert client.get(f"{HERE}?format=xlsx").content[:2] == b"PK"


def test_the_agenda_and_a_working_group(kept: Site) -> None:
    with kept.client("cooperation") as client:
        page = client.get(PAGE).text
        assert "open matters are not on the agenda" in page or "open matter is not" in page
        group = fields_of(client, PAGE, "group-form")
        group |= {"group_name": "security", "group_title": "Nuclear security <b>"}
        assert client.post(f"{PAGE}/groups", {**group, "group_name": ""}).status_code == 422
        made = client.post(f"{PAGE}/groups", {**group, "group_areas": "nuclear-security"})
        assert made.status_code == 303, made.text
        before = acts(kept)
        fields = fields_of(client, PAGE, "agenda-form")
        assert client.post(f"{PAGE}/agenda", fields).status_code == 303
        page = client.get(PAGE).text
        assert acts(kept) == before + 1 and "All that is open" in page
        assert f'href="{BOARD}/c' in page and "<b>" not in page.replace("<body", "")
        nothing = client.post(f"{PAGE}/agenda", fields_of(client, PAGE, "agenda-form"))
        assert nothing.headers["location"] == f"{PAGE}?done=0" and acts(kept) == before + 1


def test_an_item_is_added_changed_and_taken_up(kept: Site) -> None:
    with kept.client("cooperation") as client:
        fields = fields_of(client, PAGE, "item-form") | {"kind": "work_plan", "title": "計画 <i>"}
        wrong = client.post(f"{PAGE}/items", fields)
        assert wrong.status_code == 422 and "MEETING-WORK" in wrong.text
        assert "計画 &lt;i&gt;" in wrong.text and "<i>" not in wrong.text
        fields |= {"owner": "US.DOE", "due_on": "2026-01-20", "commitment": "c012"}
        assert client.post(f"{PAGE}/items", fields).status_code == 303
        here = f"{PAGE}/items/1"
        stale = item_fields(client, 1)
        assert stale["seen"] and "_head" in stale
        said = {"title": "計画", "owner": "US.DOE", "due_on": "2026-02-20", "open": "yes"}
        before = acts(kept)
        assert client.post(here, {**stale, **said, "change": "It began."}).status_code == 303
        assert acts(kept) == before + 1
        late = client.post(here, {**stale, **said, "change": "Mine.", "_form_id": "other"})
        assert late.status_code == 409 and "Somebody was here in between" in late.text
        assert "Mine." in late.text and acts(kept) == before + 1
        page = client.get(here).text
        assert "It began." in page and "20 Feb 2026" in page and "20 Jan 2026" in page
        assert "c012" in page and "/why?of=meeting%3Am.first%2F1" in page
        assert client.get("/why?of=meeting:m.first/1").status_code == 200
        plan_meeting(
            kept.database, kept.actor("cooperation"), MeetingPlan("m.second", BODY, SECOND)
        )
        there = f"{HERE}/m.second"
        fields = fields_of(client, there, "agenda-form")
        assert client.post(f"{there}/agenda", fields).status_code == 303
        sheet = client.get(there).text
        assert f'href="{PAGE}/items/1"' in sheet and "Last meeting" in sheet
        found = rows_of(client.get(f"{WORK}?format=csv").text)
        work_rows = [one for one in found if one["kind"] == "work plan"]
        assert [one["item"] for one in work_rows] == ["m.second/1"]
        assert "From meeting to meeting" in client.get(here).text
        assert client.get(f"{PAGE}/items/9").status_code == 404
        assert client.post(f"{PAGE}/items/9", {}).status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"due_on": "soon"}, "Write a date as"),
        ({"commitment": "c999"}, "COMMITMENT-UNKNOWN"),
        ({"working_group": "none"}, "MEETING-GROUP"),
        ({"title": ""}, "MEETING-ITEM"),
        ({"title": "x" * 5_000}, "4000 characters at most"),
        ({"title": "a\0b"}, "error-summary"),
    ],
)
def test_a_wrong_item_comes_back(kept: Site, change: dict[str, str], words: str) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        fields = fields_of(client, PAGE, "item-form") | {"kind": "topic", "title": "Topic"}
        answer = client.post(f"{PAGE}/items", {**fields, "change": "typed 文", **change})
    assert answer.status_code == 422 and words in answer.text and "typed 文" in answer.text
    assert acts(kept) == before


def test_minutes_and_a_decision_that_becomes_a_commitment(kept: Site) -> None:
    work(kept, words=WORDS)
    with kept.client("cooperation") as client:
        fields = fields_of(client, PAGE, "minutes-form")
        nobody = client.post(f"{PAGE}/minutes", fields)
        assert nobody.status_code == 422 and "MEETING-ATTENDANCE" in nobody.text
        fields |= {"seat_1": "US.DOE", "persons_1": "twelve", "head_1": "Deputy Secretary"}
        assert "Write a number of persons" in client.post(f"{PAGE}/minutes", fields).text
        fields |= {"persons_1": "12", "seat_2": "JP.METI", "joint_words": "Both sides met."}
        fields |= {"joint_public": "yes"}
        files = [("minutes_files", ("minutes.pdf", b"%PDF", "application/pdf"))]
        assert client.post(f"{PAGE}/minutes", fields, files=files).status_code == 303
        page = client.get(PAGE).text
        assert "Both sides met." in page and "Deputy Secretary" in page and "held" in page
        here = f"{PAGE}/items/1"
        wanted = item_fields(client, 1, "decide-form")
        wanted |= {"modality": "shall", "action": "hold a workshop", "actors": "US.DOE JP.METI"}
        refused = client.post(f"{here}/decisions", wanted)
        assert refused.status_code == 422 and "hold a workshop" in refused.text
        assert re.search(r"(DECISION|MEETING)-[A-Z-]+", refused.text)
        assert client.post(f"{here}/decisions", {**wanted, "actors": ""}).status_code == 422
        wanted |= {"modality": "agreed to", "decided_due": "2026-03-31"}
        done = client.post(f"{here}/decisions", wanted)
        assert done.status_code == 303, done.text
        page = client.get(here).text
        name = re.search(rf'href="{BOARD}/(c\.first\.1)"', page)
        assert name is not None and client.get(f"{BOARD}/{name[1]}").status_code == 200
        assert name[1] in client.get(PAGE).text


def test_the_status_report_as_a_file(kept: Site) -> None:
    work(kept, title="Hidden <plan>")
    held(kept, words="Both sides met.", words_ja="双方は会合した。", public=True)
    with kept.client("officer") as client:
        address = f"{PAGE}/status-report"
        word = client.get(f"{address}?form=docx&language=en")
        with zipfile.ZipFile(io.BytesIO(word.content)) as archive:
            assert b"Hidden" in archive.read("word/document.xml")
        assert "m.first-status-report-en.docx" in word.headers["content-disposition"]
        pdf = client.get(f"{address}?form=pdf&language=ja")
        assert pdf.content[:5] == b"%PDF-" and pdf.headers["content-type"] == "application/pdf"
        text = client.get(f"{address}?form=md&language=ja")
        assert "双方は会合した" in text.text and "Hidden" in text.text
        assert "Hidden" not in client.get(f"{address}?form=md&public=1").text
        for wrong in ("form=exe", "form=pdf&language=xx", "on=soon"):
            assert client.get(f"{address}?{wrong}").status_code == 400
        assert client.get(f"{HERE}/m.none/status-report").status_code == 404


def test_overview_and_search(kept: Site) -> None:
    work(kept, title="Draw up the <plan>")
    work(kept, title="Later", due_on=datetime.date(2027, 1, 1))
    with kept.client("officer") as client:
        part = client.get("/").text
        part = part[part.index("part-work-plan") :]
        assert "Draw up the &lt;plan&gt;" in part and "1 item of a work plan" in part
        assert f"{PAGE}/items/1" in client.get("/search?q=draw+up").text
        first = rows_of(client.get(f"{WORK}?format=csv&when=due+soon").text)
        assert [one["title"] for one in first] == ["Draw up the <plan>"]
    with kept.client("security") as client:
        assert "part-work-plan" not in client.get("/").text
