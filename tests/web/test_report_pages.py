"""The report workbench: upload, check, accept; compose, record, prepare, issue; look, write out."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import select

import keiryo
from keiryo.errors import Severity
from keiryo.people.sessions import end_all
from keiryo.reports.formats.table_writer import write_template
from keiryo.reports.service import import_reports
from keiryo.web.listing import Asked, QueryList
from keiryo.web.pages.reports import LIST_COLUMNS
from keiryo.web.pages.reports_kept import safe_name
from keiryo.web.pages.reports_records import (
    ASKING,
    Superseding,
    findings_of,
    headers,
    open_counts,
    refused_acts,
    stated_entries,
    superseding,
)
from web.site import Client, Site

FORM_NUMBER = re.compile(r'name="_form_id" value="([^"]+)"')
HEAD = re.compile(r'name="_head" value="([0-9]+)"')
RTL = "\u202e"

DISCARD = (
    "001:OI/XA;111#002:1/1#003:20260108#006:ORBEN,K.#010:I#015:20260101/20260107#207:XAF-#307:XAFA"
    "#309:N#407:3#411:LD#412:20260105#430:U/2/5/E#446:F26-LIQ-01#469:M#470:0#630:12.5G#670:0.55G#\n"
)
WITHOUT_ISOTOPE = DISCARD.replace("#670:0.55G", "")
OF_THE_REACTOR = DISCARD.replace("XAF-", "XAR-").replace("XAFA", "XARA").replace(";111", ";34")


def send(client: Client, *sent: tuple[str, bytes], context: bytes | None = None) -> Any:
    """Upload files as the browser does, and follow to what is found about them."""
    parts = [("files", (name, content, "application/octet-stream")) for name, content in sent]
    if context is not None:
        parts.append(("context", ("context.json", context, "application/json")))
    answer = client.post("/reports/upload", {"_form": "/reports/upload"}, files=parts)
    if answer.status_code != 303:
        return answer
    page = client.get(answer.headers["location"])
    page.path = answer.headers["location"]
    return page


def accept(client: Client, page: Any, **fields: str) -> Any:
    """Press the button under a check."""
    number = FORM_NUMBER.search(page.text[page.text.index('id="accept"') :])
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.text)
    assert number is not None and seen is not None
    return client.post(page.path, {"_form_id": number[1], "seen": seen[1], **fields})


def acts(site: Site) -> int:
    """Return how many acts there are."""
    with site.database.reading() as connection:
        table = site.database.metadata.tables["act"]
        return len(connection.execute(table.select()).all())


def test_what_each_role_sees(site: Site) -> None:
    for name, status in (
        ("accountant", 200),
        ("officer", 200),
        ("inspector", 200),
        ("auditor", 200),
        ("security", 403),
        ("cooperation", 403),
        ("administrator", 403),
    ):
        with site.client(name) as client:
            assert client.get("/reports").status_code == status, name
            assert client.get("/reports/XAFA/102").status_code == status, name
    with site.client("accountant") as accountant:
        page = accountant.get("/reports").text
        assert "/reports/XAFA/110" in page and "XARA" not in page
        assert "/reports/upload" in page and "/reports/compose" in page
        assert accountant.get("/reports/XARA/31").status_code == 404
        assert accountant.get("/reports/XARA/31/file").status_code == 404
        assert accountant.get("/reports/XARA/31/correct/1").status_code == 404
        assert accountant.get("/reports/compose/XARA/I").status_code == 404
        assert accountant.get("/reports/prepare/XARA/I").status_code == 404
    with site.client("inspector") as inspector:
        assert "/reports/upload" not in inspector.get("/reports").text
        for path in ("/reports/upload", "/reports/compose/XAFA/I", "/reports/prepare/XAFA/I"):
            assert inspector.get(path).status_code == 403, path
        assert inspector.get("/reports/XAFA/104/correct/1").status_code == 403


def test_the_list_filters_and_exports(site: Site) -> None:
    with site.client("officer") as officer:
        page = officer.get("/reports?report_type=P").text
        assert "XARA/33" in page and "XARA/31" not in page
        rows = officer.get("/reports?report_type=P&mba=XARA&format=csv").text.splitlines()
        assert len(rows) == 2 and rows[1].startswith("XARA,33,P,2026-01-22")
        assert officer.get("/reports?page=x&size=-1&sort=nothing&mba=%00").status_code == 200


def test_a_report_with_its_meanings_and_corrections(site: Site) -> None:
    with site.client("officer") as officer:
        page = officer.get("/reports/XAFA/104").text
        assert "measured discard" in page and "1,120.5 g" in page
        assert 'href="/reports/XAFA/106">106/4' in page  # what corrects it
        page = officer.get("/reports/XAFA/106").text
        assert "CORRECTION OF TRANSPOSED DIGITS" in page and "C/XA;104/1" in page
        assert officer.get("/reports/XAFA/999").status_code == 404
        assert officer.get(f"/reports/XAFA/{10**30}").status_code == 404


def test_a_report_is_written_out(site: Site) -> None:
    with site.client("accountant") as accountant:
        text = accountant.get("/reports/XAFA/102/file")
        assert text.text.startswith("001:OI/XA;102#")
        assert 'filename="XA-XAFA-102-I.txt"' in text.headers["content-disposition"]
        workbook = accountant.get("/reports/XAFA/102/file?as=xlsx&language=ja").content
        assert zipfile.is_zipfile(io.BytesIO(workbook))
        assert accountant.get("/reports/XAFA/102/file?as=pdf").content.startswith(b"%PDF")
        assert accountant.get("/reports/XAFA/102/file?as=json").json()["report"] == "XA/XAFA/102"
        assert accountant.get("/reports/XAFA/102/file?as=exe").status_code == 400


def test_search_and_overview(site: Site) -> None:
    with site.client("accountant") as accountant:
        assert "/reports/XAFA/102" in accountant.get("/search?q=report 102").text
        assert "XARA" not in accountant.get("/search?q=XARA/31").text.replace("XARA/31", "")
        assert "Nothing waits for release" in accountant.get("/").text


def test_an_upload_is_checked_then_accepted_once(site: Site) -> None:
    before = acts(site)
    with site.client("accountant") as accountant:
        page = send(accountant, ("january.txt", DISCARD.encode()))
        assert page.status_code == 200 and "Accept into the books" in page.text
        assert "F26-LIQ-01" in page.text and "measured discard" in page.text
        assert acts(site) == before  # nothing is recorded by looking
        first = accept(accountant, page)
        assert first.status_code == 303
        recorded = acts(site)
        again = accept(accountant, page)  # the button pressed twice
        assert again.headers["location"] == first.headers["location"]
        assert acts(site) == recorded
        result = accountant.get(first.headers["location"]).text
        assert "All is in the books" in result and "/reports/XAFA/111" in result
        assert "were accepted before" in accountant.get(page.path).text
        assert accountant.get("/reports/XAFA/111").status_code == 200
    with site.client("accountant2") as other:  # what one checks is nobody else's
        assert other.get(page.path).status_code == 404
        assert other.get(f"{page.path}/result").status_code == 404


def test_findings_stand_beside_the_entry(site: Site) -> None:
    before = acts(site)
    with site.client("accountant") as accountant:
        page = send(accountant, ("january.txt", WITHOUT_ISOTOPE.encode()))
        row = page.text[page.text.index("F26-LIQ-01") :]
        assert "ISOTOPE-MISSING" in row.split("</tr>")[1]
        assert "Accept into the books" not in page.text
        refused = accountant.post(page.path, {"_form_id": "one", "reason": "BECAUSE"})
        assert refused.status_code == 422 and acts(site) == before
        listed = accountant.get(f"{page.path}?format=csv").text
        assert "ISOTOPE-MISSING" in listed and "F26-LIQ-01" in listed


def test_the_books_changed_since_the_check(site: Site) -> None:
    other = DISCARD.replace("F26-LIQ-01", "F26-LIQ-55")  # the same number, other content
    with site.client("accountant") as one, site.client("accountant2") as two:
        mine = send(one, ("mine.txt", DISCARD.encode()))
        assert accept(two, send(two, ("theirs.txt", other.encode()))).status_code == 303
        before = acts(site)
        late = accept(one, mine)
        assert late.status_code in (409, 422) and "SEQ-DUP" in late.text
        assert acts(site) == before


def test_an_officer_accepts_with_a_reason(site: Site) -> None:
    late = DISCARD.replace("412:20260105", "412:20260109")  # after the report's own date
    with site.client("accountant") as accountant:
        page = send(accountant, ("late.txt", late.encode()))
        assert "Accept into the books" not in page.text
        assert "accepted only with a reason" in page.text
    with site.client("officer") as officer:
        page = send(officer, ("late.txt", late.encode()))
        answer = accept(officer, page)
        assert answer.status_code == 422 and "Say why" in answer.text
        answer = accept(officer, page, reason="Ask <script>later</script>")
        assert answer.status_code == 303
        report = officer.get("/reports/XAFA/111").text
        assert "Ask &lt;script&gt;later" in report and "<script>later" not in report


def test_reports_of_another_area_stop_the_set(site: Site) -> None:
    before = acts(site)
    both = ("both.txt", (DISCARD + OF_THE_REACTOR).encode())
    with site.client("accountant") as accountant:
        page = send(accountant, both)
        assert "REPORT-NOT-YOURS" in page.text and "XARA" in page.text
        assert "Accept into the books" not in page.text
        answer = accountant.post(page.path, {"_form_id": "x"})
        assert answer.status_code == 422
        alone = send(accountant, ("one.txt", OF_THE_REACTOR.encode()))
        assert "REPORT-NOT-YOURS" in alone.text
        assert "461210" not in alone.text  # nothing of what XARA's books hold
    assert acts(site) == before
    with site.client("officer") as officer:
        assert "REPORT-NOT-YOURS" not in send(officer, both).text


def test_what_came_before_is_missing_or_for_officers(site: Site) -> None:
    new = DISCARD.replace("XAF-", "XAN-").replace("XAFA", "XANA")
    with site.client("officer") as officer:
        page = send(officer, ("new.txt", new.encode()))
        assert "MBA-UNKNOWN" in page.text and "Accept into the books" not in page.text
        broken = send(officer, ("new.txt", new.encode()), context=b'{"country": "XA"')
        assert broken.status_code == 200 and "CONTEXT-" in broken.text
        assert 'name="context"' in officer.get("/reports/upload").text
    with site.client("accountant") as accountant:
        assert 'name="context"' not in accountant.get("/reports/upload").text


def test_hostile_files(site: Site) -> None:
    before = acts(site)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>" + b" " * 40_000_000)
    name = "../../" + "é" * 290 + RTL + "<b>.xlsx"
    with site.client("accountant") as accountant:
        page = send(accountant, (name, bomb.getvalue()), ("empty.csv", b""), ("x.bin", b"\xff\0"))
        assert page.status_code == 200 and "FILE-UNPACKED" in page.text
        shown = re.sub(r"<style.*?</style>", "", page.text)
        assert RTL not in shown and ".." not in shown.split("<main")[1].split("FILE-")[0]
        assert "é" * 120 not in shown and "<b>.xlsx" not in shown
        assert accountant.post(page.path, {"_form_id": "x"}).status_code == 422
        none = accountant.post("/reports/upload", {"_form": "/reports/upload"})
        assert none.status_code == 422 and "choose at least one file" in none.text.lower()
        for digest in ("0" * 64, "...", "x", "a" * 300):
            assert accountant.get(f"/reports/upload/{digest}").status_code == 404
    assert acts(site) == before


def test_a_workbook_with_formulas(site: Site) -> None:
    rows = write_template("discards", "csv").decode()
    rows = rows.replace("State,,", "State,XA,").replace("Facility,,", "Facility,XAF-,")
    rows = rows.replace("MBA,,", "MBA,XAFA,").replace("Report number,,", "Report number,111,")
    head = next(line for line in rows.splitlines() if line.startswith("Entry,"))
    names = head.split(",")
    cells = dict.fromkeys(names, "")
    cells |= {"Date of change": "2026-01-05", "Type of change": "LD", "Batch name": "=1+1"}
    cells |= {"Enriched uranium (g)": "=HYPERLINK(A1)"}
    table = f"{rows}\n{','.join(cells[name] for name in names)}\n"
    with site.client("accountant") as accountant:
        page = send(accountant, ("formulas.csv", table.encode()))
        assert page.status_code == 200 and "Accept into the books" not in page.text
        exported = accountant.get(f"{page.path}?format=csv").text
        assert ",'=1+1" in exported and ",=1+1" not in exported


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\\b\\..\\c.txt", "c.txt"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        (f"cod{RTL}txt.exe", "codtxt.exe"),
        ("報告 一月.csv", "報告 一月.csv"),
        ("a\0b\r\n.txt", "ab.txt"),
    ],
)
def test_names_of_files(given: str, shown: str) -> None:
    assert safe_name(given) == shown
    assert len(safe_name("x" * 5_000 + ".xlsx")) <= 100
    assert safe_name("a.txt", ["a.txt"]) == "a (2).txt"


def rows_of(client: Client, path: str, **fields: str) -> dict[str, str]:
    """Return the fields of the grid with one discard written in it."""
    page = client.get(path).text
    number, head = FORM_NUMBER.search(page[page.index('id="compose"') :]), HEAD.search(page)
    assert number is not None and head is not None
    row = {"date": "2026-01-05", "code": "LD", "batch": "F26-LIQ-02", "kmp": "3"}
    row |= {"mdc": "U/2/5/E", "items": "0", "basis": "M", "category": "E", "element": "12.5"}
    row |= {"isotope": "U-235", "fissile": "0.55"}
    typed = {f"r2_{name}": value for name, value in row.items()}
    hidden = {"_form": path, "_form_id": number[1], "_head": head[1], "rows": "8"}
    return {**hidden, **typed, "known_on": "2026-01-08", **fields}


def test_source_lines_are_written_checked_and_recorded(site: Site) -> None:
    path, before = "/reports/compose/XAFA/I", acts(site)
    with site.client("accountant") as accountant:
        wrong = rows_of(accountant, path, r2_fissile="")
        answer = accountant.post(f"{path}/check", wrong)
        beside = answer.text[answer.text.index('id="row-2-findings"') :]
        assert "ROW-WEIGHT" in beside[: beside.index("</tr>")]
        refused = accountant.post(path, {**wrong, "action": "record"})
        assert refused.status_code == 422 and acts(site) == before
        assert 'value="F26-LIQ-02"' in refused.text  # nothing typed is lost
        assert 'value="F26-LIQ-02"' in accountant.get(path).text
        good = rows_of(accountant, path, action="record")
        first = accountant.post(path, good)
        assert first.status_code == 303, re.sub(r"<[^>]+>", " ", first.text)[-3000:]
        assert acts(site) == before + 1
        assert accountant.post(path, good).headers["location"] == first.headers["location"]
        assert acts(site) == before + 1
        assert 'value="F26-LIQ-02"' not in accountant.get(path).text
        assert "recorded in" in accountant.get(first.headers["location"]).text


def test_someone_posted_meanwhile(site: Site) -> None:
    path = "/reports/compose/XAFA/I"
    with site.client("accountant") as one, site.client("accountant2") as two:
        mine, theirs = rows_of(one, path), rows_of(two, path, r2_batch="F26-LIQ-03")
        assert two.post(path, {**theirs, "action": "record"}).status_code == 303
        stale = one.post(path, {**mine, "action": "record"})
        assert stale.status_code == 409 and "Somebody posted about this area" in stale.text
        assert 'value="F26-LIQ-02"' in stale.text
        number, head = FORM_NUMBER.search(stale.text), HEAD.search(stale.text)
        assert number is not None and head is not None
        second = {**mine, "action": "record", "_head": head[1], "_form_id": number[1] + "x"}
        assert one.post(path, second).status_code == 303


def test_a_session_ends_in_the_middle_of_the_grid(site: Site) -> None:
    path = "/reports/compose/XAFA/I"
    with site.client("accountant") as accountant:
        typed = rows_of(accountant, path, r2_batch="ひらがな \u202b<script>")
        end_all(site.database, site.members["accountant"].person, site.clock())
        late = accountant.request("POST", path, data=typed)
        assert late.status_code == 401
        ticket = re.search(r'name="ticket" value="([0-9a-f]+)"', late.text)
        assert ticket is not None
    from keiryo.web.saved_forms import open_ticket

    member = site.members["accountant"]
    where = open_ticket(site.app.state.server, member.person, ticket[1], site.clock())
    assert where == path
    with site.client("accountant") as accountant:
        page = accountant.get(path).text
        assert "ひらがな" in page and '<script>"' not in page
        assert 'value="ひらがな \u202b&lt;script&gt;"' in page


def test_more_rows_and_a_further_isotope(site: Site) -> None:
    path = "/reports/compose/XAFA/I"
    with site.client("accountant") as accountant:
        fields = rows_of(accountant, path, r3_isotope="U-236", r3_fissile="0.1", action="more")
        assert accountant.post(path, fields).status_code == 303
        page = accountant.get(path).text
        assert 'name="r16_batch"' in page and 'value="F26-LIQ-02"' in page
        del fields["action"]
        checked = accountant.post(f"{path}/check", fields).text
        assert "ROW-WEIGHT" not in checked
        twice = accountant.post(f"{path}/check", {**fields, "r3_isotope": "U-235"}).text
        assert "ROW-WEIGHT" in twice


def prepared(client: Client, path: str, **fields: str) -> Any:
    """Ask for a report and follow to what it would be."""
    asked = {"from": "2026-01-01", "to": "2026-01-07", "date": "2026-01-08"}
    asked |= {"encoder": "ORBEN,K.", "profile": "code10", "notes": "", **fields}
    answer = client.post(path, {**asked, "_form": path})
    if answer.status_code != 303:
        return answer, asked
    page = client.get(answer.headers["location"].partition("#")[0])
    digest = re.search(r'name="text_digest" value="([0-9a-f]{64})"', page.text)
    if digest is not None:
        number = FORM_NUMBER.search(page.text[page.text.index("</pre>") :])
        assert number is not None
        asked |= {"text_digest": digest[1], "_form_id": number[1], "_form": path}
    return page, asked


def test_a_report_is_prepared_and_issued(site: Site) -> None:
    path = "/reports/compose/XAFA/I"
    with site.client("accountant") as accountant:
        accountant.post(path, rows_of(accountant, path, action="record"))
        page, asked = prepared(accountant, "/reports/prepare/XAFA/I", notes="1:TANK WAS 満 FULL.")
        assert page.status_code == 200 and "NOTE-CHARSET" in page.text
        assert "Issue the report" not in page.text
        page, asked = prepared(accountant, "/reports/prepare/XAFA/I", notes="1:TANK WAS FULL.")
        assert "001:OI/XA;111" in page.text and "Issue the report" in page.text
        before = acts(site)
        first = accountant.post("/reports/prepare/XAFA/I", {**asked, "action": "issue"})
        assert first.headers["location"] == "/reports/XAFA/111"
        again = accountant.post("/reports/prepare/XAFA/I", {**asked, "action": "issue"})
        assert again.status_code in (303, 409) and acts(site) == before + 1
        report = accountant.get("/reports/XAFA/111").text
        assert "issued" in report and "TANK WAS FULL." in report
        assert accountant.get("/reports/XAFA/111/file").text.startswith("001:OI/XA;111#")


def test_a_report_that_cannot_be_prepared_keeps_what_was_typed(site: Site) -> None:
    with site.client("accountant") as accountant:
        page, _ = prepared(accountant, "/reports/prepare/XAFA/I", encoder="SATO,B.")
        assert "There is no change of XAFA to report" in page.text and "SATO,B." in page.text
        page, _ = prepared(accountant, "/reports/prepare/XAFA/I", to="yesterday", profile="none")
        assert page.status_code == 422 and "Give a day" in page.text
        page, _ = prepared(accountant, "/reports/prepare/XAFA/I", to="2025-01-01")
        assert "lies before the first" in page.text
        page, _ = prepared(accountant, "/reports/prepare/XAFA/M", **{"from": "2025-01-01"})
        assert page.status_code == 200
        assert accountant.get("/reports/prepare/XAFA/Z").status_code == 404


def test_the_books_changed_since_the_preview(site: Site) -> None:
    path = "/reports/compose/XAFA/I"
    with site.client("accountant") as accountant, site.client("accountant2") as other:
        accountant.post(path, rows_of(accountant, path, action="record"))
        _, asked = prepared(accountant, "/reports/prepare/XAFA/I")
        assert "text_digest" in asked
        other.post(path, rows_of(other, path, r2_batch="F26-LIQ-04", action="record"))
        before = acts(site)
        stale = accountant.post("/reports/prepare/XAFA/I", {**asked, "action": "issue"})
        assert stale.status_code == 409 and "The books changed since you looked" in stale.text
        assert "F26-LIQ-04" in stale.text and acts(site) == before


def test_large_sets_are_jobs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keiryo.web.pages.reports_upload.AT_ONCE_BYTES", 10)
    with site.client("accountant") as accountant:
        page = finished(accountant, send(accountant, ("january.txt", DISCARD.encode())).path)
        assert "Accept into the books" in page.text
        answer = accept(accountant, page)
        result = finished(accountant, answer.headers["location"])
        assert "All is in the books" in result.text


def finished(client: Client, job: str) -> Any:
    """Wait for a job and follow to its result."""
    database = client.site.database
    table = database.metadata.tables["job"]
    query = select(table.c.result).where(table.c.job_id == job.rpartition("/")[2])
    for _ in range(200):
        with database.reading() as connection:
            result = connection.execute(query).scalar()
        if result is not None:
            where = json.loads(result)["href"]
            page = client.get(where)
            page.path = where
            return page
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_the_record_on_both_databases(database_url: str) -> None:
    data = files("keiryo.data").joinpath("state_xa")
    books = keiryo.init(database_url, "XA", person="P-DEMO2345")
    context = ("context.json", data.joinpath("context.json").read_bytes())
    refused = DISCARD.replace("630:12.5G", "630:12,5T").encode()
    sent = [("XAFA.txt", data.joinpath("XAFA.txt").read_bytes()), ("no.txt", refused)]
    import_reports(books.database, sent, books.actor, context=context)
    metadata = books.database.metadata
    rows = QueryList(books.database, headers(metadata), LIST_COLUMNS, ("-act_id",))
    page = rows.page(Asked({"state": "accepted", "report_type": "I"}, "report_no"))
    assert [row["report_no"] for row in page.rows] == [102, 103, 104, 105, 106, 107, 108]
    with books.database.reading() as connection:
        later = superseding(connection, metadata, "XAFA", 104, "I")
        assert later == {1: [Superseding(106, 4, "C")]}
        assert refused_acts(connection, metadata, "XAFA", 111)
        assert stated_entries(connection, metadata, "XAFA", 111) is None
        found = findings_of(connection, metadata, "XAFA", 111)
        assert found and all(one.open for one in found)
        counts = open_counts(connection, metadata, {("XAFA", 111), ("XAFA", 102)})
        assert counts[("XAFA", 111)] >= 1
    books.disconnect()


def test_severity_letters_are_those_of_findings() -> None:
    assert set(ASKING) < {str(severity) for severity in Severity}


def test_what_is_recorded_is_said_to_be(site: Site) -> None:
    content = files("keiryo.data").joinpath("state_xa", "XAFA.txt").read_bytes()
    sent = {"files": ("XAFA.txt", content, "text/plain")}
    with site.client("accountant") as accountant:
        answer = accountant.post("/reports/upload", files=sent)
        page = accountant.get(answer.headers["location"]).text
    assert page.count("recorded before") == 9
