"""Statements of the inspectorate by programs: recorded once, listed, compared with the book."""

from __future__ import annotations

from typing import Any

import pytest

from keiryo.oversight.statement_comparison import compare_statement
from keiryo.oversight.statements import statements_recorded
from web.api_client import Program, program
from web.site import Site
from web.test_report_pages import acts

HOME = "/statements"
HEAD = "mba,date,category,element,unit,fissile\n"
STATEMENT = f"{HEAD}XAFA,2026-01-01,E,1000,g,30\n"
WITH_ENTRIES = (
    "mba,date,category,element,unit,fissile,report,entry,code,event_date,batch\n"
    "XAFA,2026-01-02,E,1000,g,30,,,,,\n"
    "XAFA,2026-01-02,E,1541260.25,g,,102,1,,,\n"
    "XAFA,2026-01-02,E,5,g,,999,1,RD,2025-12-30,B-1\n"
)
OTHERS = f"{HEAD}XARA,2026-01-01,E,1000,g,30\n"


def send(asking: Program, path: str, text: str | bytes, **headers: str) -> Any:
    """Send a statement as CSV."""
    content = text if isinstance(text, bytes) else text.encode()
    kind = {"Content-Type": "text/csv", **headers}
    return asking.request("POST", f"{HOME}{path}", content=content, headers=kind)


def said(document: Any) -> list[dict[str, Any]]:
    """Return the findings of a document, without what they leave out."""
    return [{k: v for k, v in one.items() if v is not None} for one in document["findings"]]


def test_a_statement_is_checked_and_recorded_once(site: Site) -> None:
    officer, before = program(site, "officer"), acts(site)
    checked = send(officer, "/check", STATEMENT)
    assert checked.status_code == 200, checked.text
    found = checked.json()
    assert found["acceptable"] and found["findings"] == [] and acts(site) == before
    assert found["statements"] == [
        {
            "statement": "statement.csv",
            "mba": "XAFA",
            "date": "2026-01-01",
            "books": [{"category": "E", "element_mg": 1_000_000, "fissile_mg": 30_000}],
            "entries": 0,
            "act": None,
        }
    ]
    tag = officer.get(HOME).headers["etag"]
    key = {"Idempotency-Key": "one", "If-Match": tag}
    done = send(officer, "?statement=January&file=book.csv", STATEMENT, **key)
    assert done.status_code == 201 and acts(site) == before + 1
    posted = done.json()["posted"]
    assert not posted["repeated"] and done.json()["statements"][0]["act"] == posted["act"]
    assert officer.get(done.headers["location"]).json()["kind"] == "statement.record"
    again = send(officer, "?statement=January&file=book.csv", STATEMENT, **key)
    assert (again.status_code, again.json()) == (201, done.json())
    anew = officer.post(f"{HOME}?statement=January", {"content": STATEMENT})
    assert anew.status_code == 201 and anew.json()["posted"]["repeated"]
    assert acts(site) == before + 1
    stale = send(officer, "?statement=February", STATEMENT, **{"If-Match": tag})
    assert stale.status_code == 412 and acts(site) == before + 1


def test_the_list_is_paged_and_narrowed(site: Site) -> None:
    officer, accountant = program(site, "officer"), program(site, "accountant")
    assert officer.get(HOME).json() == {"items": [], "next": None}
    days = ("2025-12-30", "2026-01-02", "2025-12-31")
    for day in days:
        assert send(officer, "", STATEMENT.replace("2026-01-01", day)).status_code == 201
    assert send(officer, "?statement=other", OTHERS).status_code == 201
    rows = officer.walk(f"{HOME}?limit=1")
    assert [row["date"] for row in rows] == sorted((*days, "2026-01-01"), reverse=True)
    assert [row["mba"] for row in officer.walk(f"{HOME}?mba=XARA")] == ["XARA"]
    assert {row["mba"] for row in accountant.walk(HOME)} == {"XAFA"}
    assert accountant.get(f"{HOME}?mba=XARA").status_code == 404
    hidden = f"{HOME}/comparison?statement=other&mba=XARA"
    assert officer.get(hidden).status_code == 200
    assert accountant.get(hidden).status_code == 404


def test_it_is_compared_with_the_book(site: Site) -> None:
    officer = program(site, "officer")
    assert send(officer, "?statement=January", WITH_ENTRIES).status_code == 201
    with site.database.reading() as connection:
        metadata = site.database.metadata
        (statement,) = statements_recorded(connection, metadata, name="January")
        expected = compare_statement(connection, metadata, statement)
    path = f"{HOME}/comparison?statement=January&mba=XAFA"
    answer = officer.get(path)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    rows = {row.category: row for row in expected.rows}
    assert {one["category"] for one in found["books"]} == {str(c) for c in rows}
    for one, row in zip(found["books"], expected.rows, strict=True):
        assert one["own"]["element_mg"] == row.own.element_mg
        assert one["own_as_known"]["element_mg"] == row.own_as_known.element_mg
        assert one["equal"] == row.equal
    assert [e["report"] for e in found["stated_only"]] == [e.report for e in expected.stated_only]
    assert 999 in [e["report"] for e in found["stated_only"]]
    assert len(found["own_only"]) == len(expected.own_only)
    assert len(found["different"]) == len(expected.different)
    assert [f["message"] for f in found["findings"]] == [f.message for f in expected.findings]
    tag = answer.headers["etag"]
    assert officer.get(path, **{"If-None-Match": tag}).status_code == 304
    assert officer.get(f"{path}&date=2026-01-02").json() == found
    assert officer.get(f"{path}&date=2026-01-03").status_code == 404


def test_all_that_is_wrong_is_said_at_once(site: Site) -> None:
    officer, before = program(site, "officer"), acts(site)
    wrong = f"{HEAD}XAFA,2026-01-01,?,1000,g,30\nQQQQ,x,E,1,t,\n"
    found = send(officer, "/check", wrong).json()
    assert not found["acceptable"]
    assert {one["line"] for one in found["findings"]} == {2, 3}
    assert all("column" in one["cell"] for one in found["findings"])
    refused = send(officer, "", wrong)
    assert refused.status_code == 422 and said(refused.json()) == said(found)
    for content in (b"", b"\xff", b"mba\n", b"\x00"):
        assert send(officer, "", content).status_code == 422
    assert acts(site) == before


def test_who_may_record(site: Site) -> None:
    before = acts(site)
    for who in (program(site, "officer", "read"), program(site, "inspector")):
        assert send(who, "", STATEMENT).status_code == 403
        assert send(who, "/check", STATEMENT).status_code == 403
    narrowed = program(site, "officer", scope="XA/XAF-/XAFA")
    for path in ("", "/check"):
        answer = send(narrowed, path, OTHERS)
        refused = answer.status_code == 422 or not answer.json()["acceptable"]
        assert refused, answer.text
    assert program(site, "security").get(HOME).status_code == 403
    assert acts(site) == before


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("", "text/plain", 415),
        ("", "application/json", 400),
        (f"?statement={'x' * 101}", "text/csv", 400),
        ("?statement=%00", "text/csv", 400),
    ],
)
def test_what_cannot_be_sent(site: Site, path: str, kind: str, status: int) -> None:
    answer = send(program(site, "officer"), path, STATEMENT, **{"Content-Type": kind})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("asked", ["", "?statement=x", "?statement=x&mba=XAFA&date=x"])
def test_what_cannot_be_asked(site: Site, asked: str) -> None:
    assert program(site, "officer").get(f"{HOME}/comparison{asked}").status_code == 400
