"""The pages of evaluation: the figures of the evaluation itself, who may record, what if."""

from __future__ import annotations

import csv
import io
import re
import time
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.service import Options, evaluate_balance
from keiryo.evaluation.what_if import Change, field_name, read_basis, what_if
from keiryo.measurement.intake import import_table
from keiryo.web.headers import DRAWING_POLICY
from keiryo.web.pages import evaluation_asked
from keiryo.web.pages.evaluation_board import VERDICT_BADGES
from keiryo.web.speaking import mass_kg, number_text
from web.site import Client, Site

AREA = "/evaluation/XAFA"
HOSTILE = "<script>alert(1)</script>\"'\u202e計量"
SOURCES = b"source,kind,basis,relative_percent\nHOSTILE,random,mass,0.01\n"


def words(text: str) -> str:
    """Return what stands on a page, without markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text)))


def hidden(text: str, name: str) -> str:
    found = re.findall(rf'name="{name}" value="([^"]*)"', text)
    return str(found[-1]) if found else ""


def fields(page: Any, action: str) -> dict[str, str]:
    """Return the hidden fields of the form of a page that posts to an address."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page.text, re.S)
    assert form is not None, action
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return {name: unescape(value) for name, value in found if name != "_form_token"}


def finished(client: Client, location: str) -> Any:
    """Return the page of a job that ended."""
    for _ in range(100):
        page = client.get(location)
        if 'data-state="running"' not in page.text and 'data-state="waiting"' not in page.text:
            return page
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def recorded(site: Site) -> list[dict[str, Any]]:
    with site.database.reading() as connection:
        return recorded_evaluations(connection, site.database.metadata, "XAFA", every=True)


def new_source(site: Site) -> None:
    """Change the measurements of the State, so that evaluations may become outdated."""
    text = SOURCES.replace(b"HOSTILE", b"LC-random").replace(b"0.01", b"0.09")
    text = text.replace(b"relative_percent\n", b"relative_percent,method,one_error_per\n")
    text = text.replace(b"0.09\n", b"0.09,LC,item\n")
    import_table(site.database, site.actor("officer"), "sources", "s.csv", text)


def result_rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each row of the table of results, by what the row is about."""
    table = text.partition('id="result"')[2].partition("</table>")[0]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", table, re.DOTALL)
    cell = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
    return {name: [words(one).strip() for one in cell.findall(cells)] for name, cells in rows}


def test_the_figures_are_those_of_the_evaluation(site: Site) -> None:
    found = evaluate_balance(site.database, "XAFA", options=Options(realizations=100_000))
    with site.client("officer") as officer:
        for evaluation in found:
            text = officer.get(f"{AREA}?category={evaluation.category}").text
            page, results = words(text), result_rows(text)
            assert list(results) == [one.quantity for one in evaluation.last.quantities]
            for quantity in evaluation.last.quantities:
                assert quantity.sigma_kg is not None and quantity.z is not None
                assert quantity.p_loss is not None
                cells = results[quantity.quantity]
                assert cells[0] == mass_kg(quantity.muf_mg)
                assert cells[1] == f"{quantity.sigma_kg:.6f}"
                assert cells[2:4] == [f"{quantity.z:.2f}", f"{quantity.p_loss:.4f}"]
                assert cells[-1] == VERDICT_BADGES[quantity.verdict][1]
                assert words(quantity.statement) in page
                assert all(words(text) in page for text in quantity.assumptions)
                first = quantity.shares[0]
                assert first.source in page and first.stratum in page
                assert number_text(100 * first.share, 2) in page


def test_shares_lead_to_error_sources_and_measurements(site: Site) -> None:
    share = evaluate_balance(site.database, "XAFA")[0].last.element.shares[0]
    with site.client("officer") as officer:
        page = officer.get(f"{AREA}?share-0-size=200").text
        link = f"/why?of=line:{share.act}/{share.line}"
        assert link in page and officer.get(link).status_code == 200
        assert "/measurements/series?name=TI%20replicates%202025" in page
        rows = list(csv.DictReader(io.StringIO(officer.get(f"{AREA}?share-0-format=csv").text)))
    assert rows[0]["source"] == share.source
    assert float(rows[0]["share"]) == pytest.approx(100 * share.share)
    with site.client("accountant") as accountant:  # lines of the State are not theirs to see
        assert link not in accountant.get(AREA).text


def test_lines_behind_sum_up_to_muf(site: Site) -> None:
    last = evaluate_balance(site.database, "XAFA", category="E")[0].last
    with site.client("accountant") as accountant:
        text = accountant.get(f"{AREA}/items?of=E&format=csv").text
        workbook = accountant.get(f"{AREA}/items?of=E&format=xlsx")
        assert accountant.get(f"{AREA}/items?of=E").status_code == 200
        assert accountant.get(f"{AREA}/items?of=X").status_code == 400
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(row["element_mg"]) for row in rows) == last.element.muf_mg
    assert last.isotope is not None
    assert sum(int(row["fissile_mg"]) for row in rows) == last.isotope.muf_mg
    assert workbook.content.startswith(b"PK")


def test_charts_are_pictures_that_can_do_nothing(site: Site) -> None:
    with site.client("accountant") as accountant:
        page = accountant.get(AREA).text
        sources = [
            unescape(one) for one in re.findall(r'<img src="([^"]+)" alt="([^"]+)"', page)[0]
        ]
        assert sources[0].startswith(f"{AREA}/charts/waterfall.svg") and "σ is" in sources[1]
        picture = accountant.get(sources[0])
        assert picture.headers["content-security-policy"] == DRAWING_POLICY
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert picture.headers["x-content-type-options"] == "nosniff"
        assert "<svg" in picture.text and "<script" not in picture.text
        for wrong in ("nothing.svg", "waterfall", "..%2Fwaterfall.svg"):
            assert accountant.get(f"{AREA}/charts/{wrong}").status_code == 404


@pytest.mark.parametrize(
    ("name", "index", "own", "other"),
    [
        ("officer", 200, 200, 200),
        ("inspector", 200, 200, 200),
        ("auditor", 200, 200, 200),
        ("accountant", 200, 200, 404),
        ("security", 403, 403, 403),
        ("cooperation", 403, 403, 403),
        ("administrator", 403, 403, 403),
        (None, 303, 303, 303),
    ],
)
def test_who_sees_what(site: Site, name: str | None, index: int, own: int, other: int) -> None:
    with site.client(name) as client:
        assert client.get("/evaluation").status_code == index
        for path in ("", "/items", "/what-if", "/charts/waterfall.svg"):
            assert client.get(f"{AREA}{path}").status_code == own
        assert client.get("/evaluation/XARA").status_code == other
        if index == 200:
            assert client.get("/evaluation/ZZZZ").status_code == 404


def test_only_who_may_records(site: Site) -> None:
    before = len(recorded(site))
    for name in ("inspector", "auditor", "security", "administrator"):
        with site.client(name) as client:
            assert client.get(f"{AREA}/record").status_code == 403
            assert client.post(f"{AREA}/record", {"_form_id": name}).status_code == 403
            assert f"{AREA}/record" not in client.get(AREA).text
    assert len(recorded(site)) == before


@pytest.mark.parametrize("name", ["officer", "accountant"])
def test_recording_happens_once(site: Site, name: str) -> None:
    new_source(site)
    before = len(recorded(site))
    with site.client(name) as client:
        asked = client.get(f"{AREA}/record")
        data = fields(asked, f"{AREA}/record")
        first = client.post(f"{AREA}/record", data)
        assert first.status_code == 303, words(first.text)
        after = recorded(site)
        second = client.post(f"{AREA}/record", data)  # double click, or the back button
        assert second.headers["location"] == first.headers["location"]
        assert len(recorded(site)) == len(after) == before + 3
        done = client.get(first.headers["location"])
        assert "Recorded as 2 acts" in words(done.text)
        assert f"/journal/acts/{after[-1]['act']}" in done.text
    assert {row["act"] for row in after[-3:]} != {row["act"] for row in after[:before]}


def test_somebody_posted_in_between(site: Site) -> None:
    before = len(recorded(site))
    with site.client("accountant") as accountant:
        data = fields(accountant.get(f"{AREA}/record"), f"{AREA}/record")
        new_source(site)
        stale = accountant.post(f"{AREA}/record", data)
        assert stale.status_code == 409
        assert "Somebody posted about this area" in words(stale.text)
        assert len(recorded(site)) == before
        again = fields(stale, f"{AREA}/record")
        assert accountant.post(f"{AREA}/record", again).status_code == 303
    assert len(recorded(site)) > before


def test_outdated_evaluations_are_said(site: Site) -> None:
    with site.client("officer") as officer, site.client("officer2") as other:
        assert "outdated" not in officer.get("/evaluation?format=csv").text
        before = words(officer.get("/").text)
        assert "Every recorded evaluation holds" in before
        new_source(site)
        assert "Evaluations to be made again" in words(other.get("/").text)
        shown = officer.get("/evaluation?state=outdated")
        assert AREA in shown.text
        history = list(csv.DictReader(io.StringIO(officer.get(f"{AREA}?r-format=csv").text)))
        assert {row["state"] for row in history} == {"outdated"}
        data = fields(officer.get(f"{AREA}/record"), f"{AREA}/record")
        officer.post(f"{AREA}/record", data)
        history = list(csv.DictReader(io.StringIO(officer.get(f"{AREA}?r-format=csv").text)))
    states = [(row["state"], row["category"]) for row in history]
    assert states.count(("current", "E")) == 2 and states.count(("corrected", "E")) == 2
    changed = [row for row in history if row["state"] == "current" and row["category"] == "E"]
    assert all(float(row["sigma_change"]) > 0 and row["before"] for row in changed)


def test_a_what_if_is_computed_and_not_recorded(site: Site) -> None:
    with site.database.reading() as connection:
        basis = read_basis(connection, site.database.metadata, "XAFA", "E")
    source = next(s for s in basis.sources if s.source == "SA-powder")
    at = (source.act, source.line)
    promised = what_if(basis, Change({at: 0.0}, alpha=0.01))[0]
    assert promised.after.sigma_kg and promised.before.sigma_kg and promised.after.threshold_kg
    with site.client("inspector") as inspector:
        asked = {"of": "E", field_name("sd", at): "0", "alpha": "1"}
        page = inspector.post(f"{AREA}/what-if", asked)
        assert page.status_code == 200
        shown = words(page.text)
        assert f"{promised.before.sigma_kg:.6f}" in shown
        assert f"{promised.after.sigma_kg:.6f}" in shown
        assert f"{promised.after.threshold_kg:.6f}" in shown
        assert re.search(rf'name="{field_name("sd", at)}" value="0"', page.text)
    assert len(recorded(site)) == 2


def test_a_what_if_that_makes_no_sense_is_said_beside_its_field(site: Site) -> None:
    with site.client("accountant") as accountant:
        page = accountant.post(f"{AREA}/what-if", {"alpha": HOSTILE, "loss-element": "-3"})
    assert page.status_code == 200
    assert 'id="e-alpha"' in page.text and 'id="e-loss-element"' in page.text
    assert "WHAT-IF-VALUE" in page.text and "<script>alert" not in page.text
    assert 'value="-3"' in page.text


@pytest.mark.parametrize(
    "query", ["alpha=0", "alpha=nan", "alpha=x%00", "rules=none", f"rules={'a' * 500}"]
)
def test_what_cannot_be_asked(site: Site, query: str) -> None:
    with site.client("officer") as officer:
        assert officer.get(f"{AREA}?{query}").status_code == 400
        assert officer.get(f"{AREA}?category=%3Cscript%3E&balance=x&job=").status_code == 200
        assert officer.get(f"{AREA}?job=nothing").status_code == 404
        assert officer.get("/evaluation?sort=-muf_mg&page=9999&verdict=x").status_code == 200


def test_areas_without_error_model(site: Site) -> None:
    """XARA holds sealed items, XALA has no measurements: both are said in words."""
    with site.client("officer") as officer:
        for mba in ("XARA", "XALA"):
            page = officer.get(f"/evaluation/{mba}")
            assert page.status_code == 200
            found = evaluate_balance(site.database, mba)
            assert words(found[0].last.element.statement) in words(page.text)
            assert officer.get(f"/evaluation/{mba}/what-if").status_code in (200, 400)


def test_a_large_area_is_a_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation_asked, "AT_ONCE_LINES", 3)
    found = evaluate_balance(site.database, "XAFA")[0].last.element
    with site.client("accountant") as accountant:
        page = accountant.get(AREA)
        assert "made as a job" in words(page.text)
        started = accountant.post(f"{AREA}/start", fields(page, f"{AREA}/start"))
        ended = finished(accountant, started.headers["location"])
        assert words(found.statement) in words(ended.text)
        whole = re.search(r'href="(/evaluation/XAFA\?[^"]*job=[^"]*)"', ended.text)
        assert whole is not None
        result = accountant.get(unescape(whole[1]))
        assert f"{found.sigma_kg:.6f}" in words(result.text)
        with site.client("accountant2") as other:  # the job is another person's
            assert other.get(unescape(whole[1])).status_code == 404
        items = accountant.post(f"{AREA}/items", {"of": "E"})
        file = finished(accountant, items.headers["location"])
        assert "/file" in file.text
        tried = accountant.post(f"{AREA}/what-if", {"of": "E", "alpha": "1"})
        assert "Loss seen with 95" in words(finished(accountant, tried.headers["location"]).text)
        data = fields(accountant.get(f"{AREA}/record"), f"{AREA}/record")
        kept = finished(accountant, accountant.post(f"{AREA}/record", data).headers["location"])
        assert "/journal/acts/" in kept.text


def test_books_with_parts_that_are_not_seen(site: Site) -> None:
    """Who does not see all lines of an area is not shown a balance of the others."""
    from sqlalchemy import insert

    table = site.database.metadata.tables["act_scope"]
    with site.database.writing() as connection:
        connection.execute(
            insert(table).values(
                act_id=1, capability="accounts", scope="XA/XAF-/XAFA", agreement="", caveat="X-1",
                through_act=1,
            )
        )  # fmt: skip
    with site.client("officer") as officer, site.client("auditor") as auditor:
        assert officer.get(AREA).status_code == 403
        assert AREA not in officer.get("/evaluation").text
        assert auditor.get(AREA).status_code == 200


def test_empty_books(tmp_path: Path) -> None:
    import keiryo
    from web.site import make_site

    place = tmp_path / "empty.sqlite"
    keiryo.init(place, "XA", person="P-DEMO2345").disconnect()
    site = make_site(place)
    try:
        with site.client("officer") as officer:
            assert officer.get("/evaluation").status_code == 200
            assert officer.get("/measurements").status_code == 200
            assert officer.get("/").status_code == 200
    finally:
        site.close()


def test_a_form_that_comes_after_the_session(site: Site) -> None:
    with site.client("officer") as officer:
        data = fields(officer.get(f"{AREA}/record"), f"{AREA}/record")
        site.now[0] += timedelta(hours=13)
        assert officer.post(f"{AREA}/record", data).status_code == 401
    assert len(recorded(site)) == 2
