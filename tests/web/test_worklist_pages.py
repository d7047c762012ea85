"""The work list: who sees and answers which finding, assigned, stale, sent twice, hostile words."""

from __future__ import annotations

import csv
import io
import re

from keiryo.errors import Finding, Severity
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import finding_values
from keiryo.oversight.worklist import Wanted, answer, assign, work_list
from keiryo.oversight.worklist_query import VIEWS, counts_of_views, in_view, work_items
from keiryo.places.tables import areas
from web.site import NOW, Site

Place = tuple[int, int]
HOSTILE = "<script>alert(1)</script> \u202eعربي 日本語 =1+1"


def raised(site: Site) -> dict[str, Place]:
    """Record three findings: about XAFA, about another area, about the State."""
    with site.database.reading() as connection:
        scopes = {c: a.scope for c, a in areas(connection, site.database.metadata).items()}
    other = next(code for code in sorted(scopes) if code != "XAFA")
    draft = Draft("findings.record", "findings:test")
    for mba in ("XAFA", other, None):
        finding = Finding("TEST-RULE", Severity.INCONSISTENCY, f"asked of {mba} {HOSTILE}", mba=mba)
        draft.add("finding", finding_values(finding, scopes.get(mba or "", "XA")))
    act = post(site.database, draft, site.actor("officer")).act.act_id
    return {"own": (act, 1), "other": (act, 2), "state": (act, 3)}


def path_of(place: Place) -> str:
    """Return the page of a finding."""
    return f"/findings/{place[0]}/{place[1]}"


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the lines of an export."""
    return list(csv.DictReader(io.StringIO(text)))


def head_of(text: str) -> str:
    """Return the act at which a form was made."""
    found = re.search(r'name="_head" value="(\d+)"', text)
    assert found is not None
    return found.group(1)


def form_id_of(text: str) -> str:
    """Return the number of a form."""
    found = re.search(r'name="_form_id" value="([^"]+)"', text)
    assert found is not None
    return found.group(1)


def test_the_query_is_the_service(site: Site) -> None:
    places = raised(site)
    database = site.database
    answer(database, site.actor("officer"), places["own"], "done", "closed")
    assign(database, site.actor("officer"), "someone", NOW.date().replace(year=2025),
           places=[places["other"]])  # fmt: skip
    day = NOW.date()
    with database.reading() as connection:
        items = work_items(database.metadata, day)
        counts = counts_of_views(connection, items, ["SOMEONE"])
        for view, wanted in {
            "open": Wanted(),
            "overdue": Wanted(overdue=True),
            "unowned": Wanted(unowned=True),
            "mine": Wanted(owner="someone"),
            "all": Wanted(every=True),
        }.items():
            expected = work_list(connection, database.metadata, day, wanted)
            query = in_view(items, view, ["SOMEONE"])
            found = {(r.act, r.line): r for r in connection.execute(query)}
            assert set(found) == {(i.act, i.line) for i in expected}
            assert counts[view] == len(expected)
            for item in expected:
                row = found[item.act, item.line]
                assert (row.state, row.owner, bool(row.overdue)) == (
                    item.state,
                    item.owner,
                    item.overdue,
                )
                assert row.answer == item.answer
    assert set(counts) == set(VIEWS)


def test_who_sees_which_findings(site: Site) -> None:
    places = raised(site)
    expected = {
        "officer": {"own", "other", "state"},
        "inspector": {"own", "other", "state"},
        "accountant": {"own"},
    }
    for name, seen in expected.items():
        with site.client(name) as client:
            rows = rows_of(client.get("/findings?code=TEST-RULE&format=csv").text)
            listed = {(int(row["act"]), int(row["line"])) for row in rows}
            assert listed == {places[which] for which in seen}
            for which, place in places.items():
                status = client.get(path_of(place)).status_code
                assert status == (200 if which in seen else 404)
            hits = client.get("/search?q=TEST-RULE").text
            assert hits.count("/findings/") == len(seen)
    for name in ("security", "administrator"):
        with site.client(name) as client:
            assert client.get("/findings").status_code == 403
            assert client.get(path_of(places["own"])).status_code == 403


def test_hostile_words_stay_words(site: Site) -> None:
    place = raised(site)["own"]
    with site.client("officer") as client:
        for path in ("/findings", path_of(place), "/", "/search?q=TEST-RULE"):
            text = client.get(path).text
            assert "<script>alert" not in text and "&lt;script&gt;" in text
        cells = rows_of(client.get("/findings?code=TEST-RULE&format=csv").text)
    assert any("日本語" in row["message"] for row in cells)


def test_an_accountant_answers_and_an_officer_closes(site: Site) -> None:
    place = raised(site)["own"]
    path = path_of(place)
    with site.client("accountant") as client:
        page = client.get(path).text
        assert "assign-form" not in page
        sent = {"do": "answer", "what": "answer", "answer": HOSTILE, "_head": head_of(page)}
        done = client.post(path, sent)
        assert done.status_code == 303 and done.headers["location"].startswith(f"{path}?done=")
        refused = client.post(path, {"do": "assign", "owner": "accountant", "_head": "9999999"})
        assert refused.status_code == 403
    with site.client("officer") as client:
        page = client.get(path).text
        assert "answered" in page and "日本語" in page and "Aiko Mori" in page
        sent = {"do": "answer", "what": "close", "answer": "settled", "_head": head_of(page)}
        assert client.post(path, sent).status_code == 303
        page = client.get(path).text
        sent = {"do": "answer", "what": "reopen", "answer": "not yet", "_head": head_of(page)}
        assert client.post(path, sent).status_code == 303
        page = client.get(path).text
    assert re.search(r"closed.*reopened", page, re.DOTALL)
    with site.database.reading() as connection:
        kinds = [
            row.kind
            for row in connection.execute(
                site.database.metadata.tables["act"]
                .select()
                .where(site.database.metadata.tables["act"].c.act_id > place[0])
            )
        ]
    assert kinds == ["finding.answer", "finding.close", "finding.reopen"]


def test_an_inspector_only_reads(site: Site) -> None:
    path = path_of(raised(site)["own"])
    with site.client("inspector") as client:
        page = client.get(path).text
        assert "answer-form" not in page and "assign-form" not in page
        assert client.post(path, {"do": "answer", "answer": "x"}).status_code == 403
        assert client.post("/findings", {"place": "1/1", "owner": "x"}).status_code == 404


def test_somebody_answered_in_between(site: Site) -> None:
    place = raised(site)["own"]
    path = path_of(place)
    with site.client("officer") as client:
        page = client.get(path).text
        between = answer(site.database, site.actor("accountant"), place, "mine", "open").act.act_id
        sent = {"do": "answer", "what": "close", "answer": "typed long", "_head": head_of(page)}
        shown = client.post(path, sent)
        assert shown.status_code == 409
        assert "typed long" in shown.text and f"/journal/acts/{between}" in shown.text
        again = client.post(path, {**sent, "_head": head_of(shown.text)})
        assert again.status_code == 303


def test_sent_twice_is_done_once(site: Site) -> None:
    place = raised(site)["own"]
    path = path_of(place)
    with site.client("officer") as client:
        page = client.get(path).text
        sent = {"do": "answer", "what": "answer", "answer": "once", "_head": head_of(page)}
        sent["_form_id"] = form_id_of(page)
        first = client.post(path, sent)
        # the back button, and the old form once more: what was done is shown, not refused
        second = client.post(path, sent)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]


def test_what_is_missing_is_said_and_nothing_lost(site: Site) -> None:
    place = raised(site)["own"]
    path = path_of(place)
    with site.client("officer") as client:
        empty = client.post(path, {"do": "answer", "answer": "  ", "_head": str(10**9)})
        assert empty.status_code == 422 and "found out or decided" in empty.text
        wrong = {"do": "assign", "owner": "a@b.example", "due_on": "soon", "_head": str(10**9)}
        told = client.post(path, wrong)
        assert told.status_code == 422 and 'value="a@b.example"' in told.text
        told = client.post(path, {**wrong, "due_on": ""})
        assert told.status_code == 422 and "no role or pseudonym" in told.text
        assert client.post("/findings/999999/1", {"do": "answer"}).status_code == 404


def test_several_are_assigned_at_once(site: Site) -> None:
    places = raised(site)
    picked = [f"{act}/{line}" for act, line in places.values()]
    with site.client("officer") as client:
        page = client.get("/findings?view=unowned&code=TEST-RULE").text
        assert page.count('name="place"') == 3
        head = {"_head": head_of(page)}
        none = client.post("/findings?view=unowned", {"owner": "accountant", **head})
        assert none.status_code == 422 and "Pick the findings" in none.text
        sent = {"place": picked, "owner": "State officer XA", "due_on": "2026-01-01", **head}
        done = client.post("/findings?view=unowned", sent)
        assert done.status_code == 303 and "view=unowned" in done.headers["location"]
        counts = {
            view: len(rows_of(client.get(f"/findings?view={view}&format=csv").text))
            for view in ("mine", "overdue")
        }
        assert counts == {"mine": 3, "overdue": 3}
        stale = client.post("/findings", sent)
        assert stale.status_code == 409 and stale.text.count(" checked") >= 3
        overview = client.get("/").text
    part = overview[overview.index('id="part-findings"') :]
    assert re.search(r'href="/findings\?view=mine".*?<strong>3</strong>', part, re.DOTALL)
    with site.client("accountant") as client:
        refused = client.post("/findings", {"place": picked, "owner": "x", **head})
        assert refused.status_code in (403, 404)
        assert 'name="place"' not in client.get("/findings").text


def test_what_the_boards_ask_is_a_job(site: Site) -> None:
    with site.client("officer") as client:
        started = client.post("/findings/refresh")
        assert started.headers["location"].startswith("/jobs/")
    with site.client("inspector") as client:
        assert client.post("/findings/refresh").status_code == 403
