"""The closing assistant: what blocks, what is open, stale forms, sent twice, what comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp

import pytest

import keiryo
from keiryo.accounts.closing import close_period, closed_lines, last_closing_act
from keiryo.cli.demo import AREAS
from keiryo.dates import parse_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import finding_values
from keiryo.reports.service import import_reports
from web.site import Site, copy_of, make_site

END = parse_date("2025-12-31")


@cache
def unclosed_books() -> Path:
    """Return books with the demonstration's reports, of which nothing is closed; to be copied."""
    place = Path(mkdtemp(prefix="keiryo-unclosed-")) / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    data = files("keiryo.data").joinpath("state_xa")
    texts = [(f"{mba}.txt", data.joinpath(f"{mba}.txt").read_bytes()) for mba in AREAS]
    context = ("context.json", data.joinpath("context.json").read_bytes())
    import_reports(books.database, texts, books.actor, context=context)
    books.disconnect()
    return place


@pytest.fixture
def unclosed(tmp_path: Path) -> Iterator[Site]:
    """Return a site over books of which nothing is closed."""
    made = make_site(copy_of(unclosed_books(), tmp_path))
    yield made
    made.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    """Return a site over books in which only an area is registered."""
    place = tmp_path / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    books.disconnect()
    made = make_site(place)
    yield made
    made.close()


def fields_of(text: str) -> dict[str, str]:
    """Return the hidden fields of the closing form, and the box ticked if there is one."""
    form = text[text.index('id="close"') :]
    form = form[: form.index("</form>")]
    names = ("_head", "_form_id", "pit", "rounding", "points")
    found = {n: re.search(rf'name="{n}" value="([^"]*)"', form) for n in names}
    fields = {n: match.group(1) for n, match in found.items() if match}
    return fields | ({"looked": "yes"} if 'name="looked"' in form else {})


def closing_act(site: Site, mba: str = "XAFA") -> int | None:
    """Return the act that closed an area's period."""
    with site.database.reading() as connection:
        return last_closing_act(connection, site.database.metadata, mba, END)


def test_a_period_is_closed_once(unclosed: Site) -> None:
    with unclosed.client("accountant") as client:
        assert "to be closed" in client.get("/closing").text
        assert "/closing/XAFA" in client.get("/").text
        page = client.get("/closing/XAFA").text
        for words in ("Physical inventory taking", "Listing", "Findings", "Transit"):
            assert words in page
        assert "/why?of=figure" in page
        sent = fields_of(page)
        done = client.post("/closing/XAFA", sent)
        assert done.status_code == 303
        act = closing_act(unclosed)
        assert f"done={act}" in done.headers["location"]
        again = client.post("/closing/XAFA", sent)
        assert again.headers["location"] == done.headers["location"]
        after = client.get(done.headers["location"]).text
        assert "What comes next" in after and "/evaluation/XAFA" in after
        assert 'id="close"' not in after
        assert "closed" in client.get("/closing?state=closed").text
    with unclosed.database.reading() as connection:
        closed = closed_lines(connection, unclosed.database.metadata, "XAFA", END)
        acts = unclosed.database.metadata.tables["act"]
        count = connection.execute(acts.select().where(acts.c.kind == "period.close")).all()
    assert closed is not None and "MF" in closed[1] and len(count) == 1


def test_rounding_is_shown_and_recorded(unclosed: Site) -> None:
    with unclosed.client("officer") as client:
        page = client.get("/closing/XAFA?rounding=code10_rounded").text
        assert "code10_rounded" in page
        sent = fields_of(page)
        assert sent["rounding"] == "code10_rounded"
        assert client.post("/closing/XAFA", {**sent, "rounding": "nope"}).status_code == 400
        assert client.post("/closing/XAFA", sent).status_code == 303
        assert client.get("/closing/XAFA?rounding=nope").status_code == 404
    with unclosed.database.reading() as connection:
        closed = closed_lines(connection, unclosed.database.metadata, "XAFA", END)
    assert closed is not None
    assert all(a.element_mg % 10 == 0 for by in closed[1].values() for a in by.values())


def test_somebody_posted_in_between(unclosed: Site) -> None:
    with unclosed.client("officer") as client:
        sent = fields_of(client.get("/closing/XAFA").text)
        act = close_period(unclosed.database, "XAFA", None, unclosed.actor("accountant")).act.act_id
        shown = client.post("/closing/XAFA", sent)
        assert shown.status_code == 409 and f"/journal/acts/{act}" in shown.text


def test_open_points_are_looked_at(unclosed: Site) -> None:
    finding = Finding("TEST-RULE", Severity.INCONSISTENCY, "a question", mba="XAFA")
    draft = Draft("findings.record", "findings:test")
    draft.add("finding", finding_values(finding, "XA"))
    post(unclosed.database, draft, unclosed.actor("officer"))
    with unclosed.client("officer") as client:
        page = client.get("/closing/XAFA").text
        assert "/findings?view=open&amp;mba=XAFA" in page
        sent = fields_of(page)
        del sent["looked"]
        told = client.post("/closing/XAFA", sent)
        assert told.status_code == 422 and "still open" in told.text
        assert closing_act(unclosed) is None
        assert client.post("/closing/XAFA", {**sent, "looked": "yes"}).status_code == 303
    assert closing_act(unclosed) is not None


def test_who_may_look_and_who_may_close(unclosed: Site) -> None:
    others = [mba for mba in AREAS if mba != "XAFA"]
    with unclosed.client("inspector") as client:
        page = client.get("/closing/XAFA")
        assert page.status_code == 200 and 'id="close"' not in page.text
        assert client.post("/closing/XAFA", {"pit": str(END)}).status_code == 403
        assert 'id="part-closing"' not in client.get("/").text
    with unclosed.client("accountant") as client:
        for mba in (others[0], "QQQQ", "x"):
            assert client.get(f"/closing/{mba}").status_code == 404
            assert client.post(f"/closing/{mba}", {"pit": str(END)}).status_code == 404
        assert others[0] not in client.get("/closing").text
    for name in ("security", "administrator"):
        with unclosed.client(name) as client:
            assert client.get("/closing").status_code == 403
    assert closing_act(unclosed) is None


@pytest.mark.parametrize("query", ["pit=x", "pit=2025-06-30", "pit=%3Cscript%3E"])
def test_what_makes_no_sense(site: Site, query: str) -> None:
    with site.client("officer") as client:
        answer = client.get(f"/closing/XAFA?{query}")
        assert answer.status_code == 400 and "<script>" not in answer.text
        assert client.post("/closing/XAFA", {"pit": ""}).status_code == 400


def test_closed_books(site: Site) -> None:
    with site.client("officer") as client:
        page = client.get("/closing/XAFA").text
        assert "nothing to close" in page and "Nothing to do" not in page
        listed = client.get("/closing?format=csv").text
    assert listed.count(",closed,") == len(AREAS)


def test_empty_books(empty: Site) -> None:
    with empty.client("officer") as client:
        for path in ("/closing", "/transit", "/deadlines", "/findings", "/"):
            assert client.get(path).status_code == 200, path
        for path in ("/notices", "/statements", "/registers/exemptions"):
            assert client.get(path).status_code == 200, path
        assert client.get("/registers/retained-waste").status_code == 200
        assert client.get("/deadlines/calendar").status_code == 200


def test_an_area_without_a_taking_says_what_to_do(unclosed: Site) -> None:
    draft = Draft("place.register", "place:new")
    values = {"state": "XA", "facility": "XNW-", "mba": "XNWA", "batch_follow_up": 1, "zone": "UTC"}
    draft.add("material_balance_area", scope="XA/XNW-/XNWA", **values)
    post(unclosed.database, draft, unclosed.actor("officer"))
    with unclosed.client("officer") as client:
        page = client.get("/closing/XNWA")
        assert page.status_code == 200
        assert "missing" in page.text and "/reports/upload" in page.text
        assert 'id="close"' not in page.text
        assert "no period yet" in client.get("/closing").text
