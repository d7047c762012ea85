"""The pages of an area's books: who sees what, figures and their reasons, earlier knowledge."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, event

import keiryo
from keiryo.accounts.balance import balance
from keiryo.accounts.inventory import inventory, to_dict
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.quantities import Category
from keiryo.web.pages import areas_inventory
from keiryo.web.pages.areas_frame import figure_address
from web.site import Client, Site, make_site

SCOPE = "XA/XAF-/XAFA"
HOSTILE = '<script>alert("x")</script>'
RIGHT_TO_LEFT = "دفعة-1"
JAPANESE = "燃料棒-3"


def change(site: Site, batch: str, **more: Any) -> int:
    """Post a gain of 1 g of enriched uranium of a batch; return the act."""
    uid = f"XAFA/{batch}#1"
    draft = Draft("source.record", f"test:{batch}")
    caveat = {"caveat": more["caveat"]} if "caveat" in more else {}
    born = {"batch_uid": uid, "mba": "XAFA", "name": batch, "kind": "batch"}
    draft.add("batch", scope=SCOPE, **born, event_date=20260105, **caveat)
    draft.add(
        "inventory_change",
        scope=SCOPE,
        mba="XAFA",
        known_on=20260105,
        code="GA",
        event_date=20260105,
        batch=batch,
        batch_uid=uid,
        category="E",
        element_mg=1_000,
        fissile_mg=40,
        fissile_basis="U-235",
        **caveat,
    )
    actor = site.actor("accountant") if not caveat else officer_with_caveats(site)
    return post(site.database, draft, actor).act.act_id


def officer_with_caveats(site: Site) -> Any:
    """Return somebody who may post lines under any caveat: an officer who was granted it."""
    officer = site.members["officer2"]
    draft = Draft("role.grant", "test:caveats")
    draft.add(
        "role_grant",
        scope="XA",
        person=officer.person,
        role="State officer",
        granted_scope="XA",
        granted_caveats="*",
        state="granted",
    )
    post(site.database, draft, site.actor("administrator"))
    return site.actor("officer2")


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def job_of(client: Client, answer: Any) -> str:
    """Wait for a job; return its page."""
    assert answer.status_code == 303, answer.text
    for _ in range(200):
        page = client.get(answer.headers["location"]).text
        if 'data-state="running"' not in page and 'data-state="waiting"' not in page:
            return str(page)
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_who_sees_which_areas(site: Site) -> None:
    with site.client("officer") as officer:
        listed = officer.get("/areas").text
        assert all(f"/areas/{mba}" in listed for mba in ("XAFA", "XARA", "XALA"))
        rows = {row["mba"]: row for row in rows_of(officer.get("/areas?format=csv"))}
        assert rows["XARA"]["P_mg"] == "27909500"
        with site.database.reading() as connection:
            metadata = site.database.metadata
            for mba, row in rows.items():  # an export is as exact as the service
                held = inventory(connection, metadata, mba, site.clock().date())
                assert row["effective_kg"] == to_dict(held)["effective_kg"], mba
                assert Fraction(row["sq"]) == round(sum(held.significant_quantities().values()), 12)
        assert rows["XARA"]["effective_kg"].startswith("35.07") and "35.072" in listed
        sorted_rows = rows_of(officer.get("/areas?format=csv&sort=effective_kg"))
        kept = [float(row["effective_kg"]) for row in sorted_rows]
        assert kept == sorted(kept) and len(kept) == 3
        assert rows["XAFA"]["last_pit"] == "2025-12-31" and rows["XAFA"]["days_since"] == "10"
    with site.client("accountant") as accountant:
        listed = accountant.get("/areas").text
        assert "XAFA" in listed and "XARA" not in listed
        assert accountant.get("/areas/XARA").status_code == 404
        assert accountant.get("/areas/XARA/ledger").status_code == 404
        assert accountant.get("/areas/ZZZZ").status_code == 404
        overview = accountant.get("/").text
        assert "/areas/XAFA" in overview and "/areas/XARA" not in overview
    with site.client("security") as security:
        listed = security.get("/areas").text
        assert "XARA" in listed and "/areas/XARA" not in listed and "2,748" not in listed
        assert security.get("/areas/XAFA").status_code == 403
    with site.client("administrator") as administrator:
        assert administrator.get("/areas").status_code == 403
    with site.client() as nobody:
        assert nobody.get("/areas/XAFA").status_code == 303


def test_the_balance_is_that_of_the_books_and_every_figure_has_its_reason(site: Site) -> None:
    with site.client("inspector") as inspector:
        page = inspector.get("/areas/XAFA").text
        with site.database.reading() as connection:
            found = balance(connection, site.database.metadata, "XAFA")
        for code, weight in (("MF", "812.346"), ("PE", "2,748,702.704"), ("DI", "354.6")):
            href = figure_address("XAFA", found.period, code, Category.ENRICHED)
            assert f'<a href="{href}"' in page and f">{weight}</a>" in page
        href = figure_address("XAFA", found.period, "MF", Category.ENRICHED)
        assert inspector.get(href).status_code == 200
        assert "reported balance agrees" in page and "pic-inventory" in page
        began = inspector.get("/areas/XAFA?period=2026-01-01..2026-01-10").text
        assert "no balance was reported for it" in began and ">PE<" not in began


def test_what_was_reported_stands_beside_what_the_books_give(site: Site) -> None:
    draft = Draft("source.record", "test:late")
    draft.add(
        "inventory_change", scope=SCOPE, mba="XAFA", known_on=20260102, code="LD",
        event_date=20251220, batch="LATE-1", category="E", element_mg=2_500, fissile_mg=100,
        fissile_basis="U-235",
    )  # fmt: skip
    with site.client("officer") as officer:
        assert "as closed" in officer.get("/areas/XAFA/closings").text
        post(site.database, draft, site.actor("accountant"))
        page = officer.get("/areas/XAFA").text
        assert "809.846" in page and "reported 812.346" in page
        assert "disagrees with the books" in page and "ICR-MBR" in page
        assert "changed since: LD, BE, BA, MF" in officer.get("/areas/XAFA/closings").text


def test_an_earlier_state_of_knowledge_says_so_and_how_to_return(site: Site) -> None:
    with site.client("officer") as officer:
        page = officer.get("/areas/XAFA?known=2025-07-01").text
        assert "as they were known on 1 Jul 2025" in page
        assert 'href="/areas/XAFA">Return to what is known now' in page
        assert "1,120.5" in page and "1,210.5" not in page  # before the correction of LD
        by_act = officer.get("/areas/XAFA?known=5&period=2025-01-01..2025-12-31").text
        assert "as they were known after act 5" in by_act
        assert 'href="/areas/XAFA/ledger?known=5"' in by_act
        before = officer.get("/areas/XAFA?known=1")
        assert before.status_code == 200 and "Nothing is on the book" in before.text
        for wrong in ("known=99999", "known=0", "known=tomorrow", "known=2025-02-30",
                      "period=2025", "period=2025-12-31..2025-01-01",
            "period=0001-01-01..9999-12-31"):  # fmt: skip
            assert officer.get(f"/areas/XAFA?{wrong}").status_code == 400, wrong


def test_the_ledger_is_filtered_paged_and_exported(site: Site) -> None:
    with site.client("accountant") as accountant:
        rows = rows_of(accountant.get("/areas/XAFA/ledger?format=csv"))
        assert len(rows) == 14 and rows[0]["date"] == "2025-02-14"
        assert rows[-1]["element_book_mg"] == "2749515050"
        only = rows_of(accountant.get("/areas/XAFA/ledger?format=csv&code=SD&category=E"))
        assert [row["code"] for row in only] == ["SD"] * 5 and only[0]["element_book_mg"] == ""
        days = rows_of(
            accountant.get("/areas/XAFA/ledger?format=csv&from=2025-05-01&to=2025-05-31")
        )
        assert [row["batch"] for row in days] == ["F25-BLD-01"] * 2
        assert accountant.get("/areas/XAFA/ledger?format=xlsx").content[:2] == b"PK"
        page = accountant.get("/areas/XAFA/ledger?batch=f25-fa").text
        assert "1–4 of 4" in page and "where no line is left out" in page
        assert "1–1 of 1" in accountant.get("/areas/XAFA/ledger?report=105&category=N").text
        for odd in ("report=x", "category=Z", "code=%00", "page=-1", "size=7", "sort=date",
                    "page=999999999"):  # fmt: skip
            assert accountant.get(f"/areas/XAFA/ledger?{odd}").status_code == 200, odd
        assert accountant.get("/areas/XAFA/ledger?from=x").status_code == 400
        assert accountant.get("/areas/XAFA/ledger?format=pdf").status_code == 400


def test_the_inventory_by_batch_and_in_national_categories(site: Site) -> None:
    with site.client("officer") as officer:
        page = officer.get("/areas/XARA/inventory?on=2025-12-31").text
        assert "The list of the physical inventory taken on this day" in page
        assert "Effective kilograms" in page and "F25-FA-001" in page
        rows = rows_of(officer.get("/areas/XARA/inventory?on=2025-12-31&format=csv&category=P"))
        assert {row["category"] for row in rows} == {"P"}
        assert sum(int(row["element_mg"]) for row in rows) == 27_909_500
        national = officer.get("/areas/XARA/inventory?on=2025-12-31&names=euratom").text
        assert "National category" in national
        assert officer.get("/areas/XARA/inventory?on=1066").status_code == 400
        empty = officer.get("/areas/XAFA/inventory?on=1950-01-01").text
        assert "The area was empty" in empty


def test_a_long_list_is_made_as_a_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(areas_inventory, "MOST_AT_ONCE", 0)
    with site.client("officer") as officer:
        assert "Make the itemised list" in officer.get("/areas/XAFA/inventory?on=2025-10-01").text
        answer = officer.post("/areas/XAFA/inventory/list", {"on": "2025-10-01"})
        page = job_of(officer, answer)
        assert 'data-state="done"' in page
        rows = rows_of(officer.get(f"{answer.headers['location']}/file"))
        assert sum(int(r["element_mg"]) for r in rows if r["category"] == "E") == 2_788_512_450


def test_a_batch_its_corrections_and_its_relatives(site: Site) -> None:
    with site.client("officer") as officer:
        listed = rows_of(officer.get("/areas/XAFA/batches?format=csv&name=f25-fa"))
        assert [row["name"] for row in listed] == [f"F25-FA-00{n}" for n in (1, 2, 3, 4)]
        page = officer.get("/areas/XAFA/batch/F25-FA-001").text
        assert "/areas/XARA/batch/F25-FA-001" in page and "pic-batch" in page
        assert "/why?of=batch%3AXAFA%2FF25-FA-001%231" in page
        corrected = officer.get("/areas/XAFA/batch/F25-LIQ-01").text
        assert "<s>1,120.5 g</s>" in corrected and "superseded by XAFA/106/4" in corrected
        assert officer.get("/areas/XAFA/batch/NOBODY").status_code == 404
        assert officer.get(f"/areas/XAFA/batch?name={'x' * 500}").status_code == 404
        assert officer.get("/areas/XAFA/batch?name=a%00b").status_code == 404


@pytest.mark.parametrize("name", [HOSTILE, RIGHT_TO_LEFT, JAPANESE, "A/B{c}%d", "=1+1"])
def test_names_of_any_kind_do_no_harm(site: Site, name: str) -> None:
    change(site, name)
    with site.client("accountant") as accountant:
        for path in ("ledger?period=2026-01-01..2026-01-10", "inventory", "batches",
                     f"batch?name={quote(name, safe='')}"):  # fmt: skip
            answer = accountant.get(f"/areas/XAFA/{path}")
            assert answer.status_code == 200, path
            assert "<script>alert" not in answer.text, path
        found = accountant.get(f"/search?q={quote(name, safe='')}").text
        assert "<script>alert" not in found and quote(name, safe="") in found
        path = "/areas/XAFA/ledger?format=csv&period=2026-01-01..2026-01-10"
        rows = rows_of(accountant.get(path))
        assert rows[0]["batch"] == (f"'{name}" if name.startswith("=") else name)


def test_reports_and_search(site: Site) -> None:
    with site.client("accountant") as accountant:
        assert "/reports/XAFA/102" in accountant.get("/areas/XAFA/reports").text
        rows = rows_of(accountant.get("/areas/XAFA/reports?format=csv&report_type=I"))
        assert [row["report_no"] for row in rows] == [str(n) for n in range(108, 101, -1)]
        known = rows_of(accountant.get("/areas/XAFA/reports?format=csv&known=2025-06-30"))
        assert [row["report_no"] for row in known] == ["105", "104", "103", "102"]
        found = accountant.get("/search?q=F25-FA").text
        assert "/areas/XAFA/batch/F25-FA-001" in found and "XARA" not in found
        assert "/areas/XAFA/batch/CYL30B-4471" in accountant.get("/search?q=4471").text
        assert "/areas/XAFA" in accountant.get("/search?q=xaf").text
    with site.client("security") as security:
        assert "F25-FA-001" not in security.get("/search?q=F25-FA").text


def test_registering_an_area_and_its_points(site: Site) -> None:
    with site.client("accountant") as accountant:
        assert accountant.get("/areas/register").status_code == 403
        assert accountant.post("/areas/register/save", new_area()).status_code == 403
        assert "Register an area" not in accountant.get("/areas").text
    with site.client("officer") as officer:
        for wrong, words in (
            ({"mba": "X"}, "A code has four characters"),
            ({"zone": "Mars/Olympus"}, "there is no time zone"),
            ({"mba": "XAFA"}, "is registered already"),
        ):
            answer = officer.post("/areas/register/save", new_area(**wrong))
            assert answer.status_code == 400 and words in answer.text
            assert 'value="Halle &lt;b&gt; 燃料"' in answer.text  # nothing typed is lost
        once = officer.post("/areas/register/save", new_area(_form_id="n-1"))
        again = officer.post("/areas/register/save", new_area(_form_id="n-1"))
        assert once.status_code == again.status_code == 303
        page = officer.get("/areas").text
        assert "XANN" in page and "Halle &lt;b&gt; 燃料" in page and "<b> 燃料" not in page
        assert officer.get("/areas/XANN").status_code == 200
        point = {"kmp": "A", "purpose": "inventory", "kmp_name": "Store"}
        assert officer.post("/areas/XANN/points", {**point, "purpose": "x"}).status_code == 400
        assert officer.post("/areas/XANN/points", {**point, "kmp": "ABC"}).status_code == 422
        assert officer.post("/areas/XANN/points", point).status_code == 303
        assert "Store" in officer.get("/areas/XANN/register").text
    with site.database.reading() as connection:
        table = site.database.metadata.tables["material_balance_area"]
        query = table.select().where(table.c.mba == "XANN")
        assert len(connection.execute(query).all()) == 1


def new_area(**more: str) -> dict[str, str]:
    usual = {"mba": "XANN", "facility": "XANF", "type": "item", "follow": ""}
    named = {"zone": "Asia/Tokyo", "name": "Halle <b> 燃料", "_form": "/areas/register"}
    return {**usual, **named, **more}


def test_a_form_that_somebody_overtook_is_asked_again(site: Site) -> None:
    with site.client("officer") as officer, site.client("officer2") as other:
        made = officer.get("/areas/XAFA/register").text
        head = made.split('name="_head" value="')[1].split('"')[0]
        fields = {"_area": "XAFA", "mba": "XAFA", "facility": "XAF-", "type": "bulk",
                  "zone": "UTC", "_head": head}  # fmt: skip
        first = other.post("/areas/register/save", {**fields, "name": "Works"})
        assert first.status_code == 303
        late = officer.post("/areas/register/save", {**fields, "name": "Plant"})
        assert late.status_code == 409 and "Somebody was here meanwhile" in late.text
        assert 'value="Plant"' in late.text
        act = late.text.split('name="_between" value="')[1].split('"')[0]
        assert f"/journal/acts/{act}" in late.text
        again = officer.post("/areas/register/save", {**fields, "name": "Plant", "_between": act})
        assert again.status_code == 303
        assert "Plant" in officer.get("/areas/XAFA").text


def test_an_audit_pack_for_who_may_and_sees_everything_in_it(site: Site) -> None:
    asked = {"from": "2025-01-01", "to": "2025-12-31"}
    with site.client("accountant") as accountant:
        assert accountant.post("/areas/XAFA/audit-pack", asked).status_code == 403
        assert "Audit pack" not in accountant.get("/areas/XAFA").text
    with site.client("inspector") as inspector:
        assert "Audit pack" in inspector.get("/areas/XAFA").text
        assert inspector.post("/areas/XAFA/audit-pack", {"from": "x"}).status_code == 400
        answer = inspector.post("/areas/XAFA/audit-pack", asked)
        assert 'data-state="done"' in job_of(inspector, answer)
        pack = inspector.get(f"{answer.headers['location']}/file")
        assert "index.html" in " ".join(zipfile.ZipFile(io.BytesIO(pack.content)).namelist())
        change(site, "SECRET-1", caveat="Company confidential")
        refused = inspector.post("/areas/XAFA/audit-pack", asked)
        assert refused.status_code == 403 and "would hold lines" in refused.text
    with site.client("auditor") as auditor:
        assert auditor.post("/areas/XAFA/audit-pack", asked).status_code == 303


def test_lines_under_a_caveat_are_in_no_sum_or_list_of_others(site: Site) -> None:
    change(site, "OPEN-1")
    change(site, "SECRET-1", caveat="Company confidential")
    with site.client("officer2") as officer:
        assert "2,748,704.704" in officer.get("/areas/XAFA").text
        assert "SECRET-1" in officer.get("/areas/XAFA/batches").text
    with site.client("accountant") as accountant:
        assert "2,748,703.704" in accountant.get("/areas/XAFA").text
        for path in ("ledger?period=2026-01-01..2026-01-10", "inventory", "batches"):
            assert "SECRET-1" not in accountant.get(f"/areas/XAFA/{path}").text
        assert accountant.get("/areas/XAFA/batch/SECRET-1").status_code == 404
        assert (
            "SECRET-1"
            not in accountant.get("/search?q=SECRET")
            .text.split("<main", 1)[1]
            .split("</form>", 1)[1]
        )


def test_an_answer_is_remembered_until_somebody_posts_about_the_area(site: Site) -> None:
    statements: list[str] = []

    def count(*words: Any) -> None:
        statements.append(str(words[2]))

    with site.client("officer") as officer:
        officer.get("/areas/XAFA")
        event.listen(Engine, "before_cursor_execute", count)
        try:
            officer.get("/areas/XAFA")
        finally:
            event.remove(Engine, "before_cursor_execute", count)
        assert not [s for s in statements if "inventory_change" in s or "book_sum" in s]
        assert len(statements) < 20
        change(site, "NEW-1")
        assert "2,748,703.704" in officer.get("/areas/XAFA").text


def test_books_without_areas(tmp_path: Path) -> None:
    books = keiryo.init(tmp_path / "books.sqlite", "XA", person="P-DEMO2345")
    books.disconnect()
    site = make_site(tmp_path / "books.sqlite")
    try:
        with site.client("officer") as officer:
            assert "There is no area that you may see" in officer.get("/areas").text
            assert officer.get("/areas/XAFA").status_code == 404
            assert officer.post("/areas/register/save", new_area()).status_code == 303
            for path in ("", "/ledger", "/inventory", "/batches", "/reports", "/closings"):
                assert officer.get(f"/areas/XANN{path}").status_code == 200, path
            assert "Nothing is in the books of this area yet" in officer.get("/areas/XANN").text
    finally:
        site.close()
