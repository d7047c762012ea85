"""Measurements by programs: what is in force, tables checked and imported, lines withdrawn."""

from __future__ import annotations

import csv
import io
import time
from importlib.resources import files
from typing import Any

import pytest

from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.forms import FORMS
from keiryo.measurement.in_force import error_sources
from keiryo.measurement.intake import import_table
from keiryo.web.api import measurements as api_measurements
from web.api_client import Program, program
from web.site import Site
from web.test_report_pages import acts

HOME = "/measurements"
SERIES = "TI replicates 2025"
HEAD = "source,kind,basis,relative_percent,reference\n"
GOOD = f"{HEAD}NEW-1,random,mass,0.02,test\n"
TYPE = {"Content-Type": "text/csv"}


def send(asking: Program, path: str, text: str | bytes, **headers: str) -> Any:
    """Send a table as CSV."""
    content = text if isinstance(text, bytes) else text.encode()
    return asking.request("POST", f"{HOME}{path}", content=content, headers={**TYPE, **headers})


def said(document: Any) -> list[dict[str, Any]]:
    """Return the findings of a document, without what they leave out."""
    return [{k: v for k, v in one.items() if v is not None} for one in document["findings"]]


def names(site: Site) -> set[str]:
    with site.database.reading() as connection:
        return set(error_sources(connection, site.database.metadata))


def test_the_tables_and_what_is_in_force(site: Site) -> None:
    officer, accountant = program(site, "officer"), program(site, "accountant")
    import_table(site.database, site.actor("officer"), "sources", "s.csv", GOOD.encode())
    listed = {one["form"]: one for one in officer.get(HOME).json()["items"]}
    assert set(listed) == set(FORMS) and listed["sources"]["may_import"]
    assert {c["name"] for c in listed["results"]["columns"] if c["required"]} >= {"mba", "batch"}
    for form, found in listed.items():
        rows = officer.walk(f"{HOME}/{form}?limit=7")
        places = [(row["act"], row["line"]) for row in rows]
        assert len(rows) == found["lines"] and places == sorted(set(places))
    assert {row["values"]["source"] for row in officer.walk(f"{HOME}/sources")} == names(site)
    result = officer.walk(f"{HOME}/results")[0]["values"]
    assert len(result["measured_on"]) == 10 and isinstance(result["value"], str)
    own = {row["values"]["source"] for row in accountant.walk(f"{HOME}/sources")}
    assert "NEW-1" not in own and "SA-powder" in own
    assert {row["values"]["mba"] for row in accountant.walk(f"{HOME}/strata")} == {"XAFA"}
    assert accountant.walk(f"{HOME}/controls") == []
    seen = {one["form"]: one for one in accountant.get(HOME).json()["items"]}
    assert seen["strata"]["may_import"] and not seen["sources"]["may_import"]
    assert officer.get(f"{HOME}/nothing").status_code == 404
    assert program(site, "security").get(f"{HOME}/sources").status_code == 403


def test_answers_change_with_measurements_only(site: Site) -> None:
    officer = program(site, "officer")
    tag = officer.get(f"{HOME}/sources").headers["etag"]
    assert officer.get(f"{HOME}/sources", **{"If-None-Match": tag}).status_code == 304
    assert send(officer, "/sources/import", GOOD, **{"If-Match": tag}).status_code == 201
    assert officer.get(f"{HOME}/sources", **{"If-None-Match": tag}).status_code == 200
    before = acts(site)
    later = GOOD.replace("NEW-1", "NEW-2")
    assert send(officer, "/sources/import", later, **{"If-Match": tag}).status_code == 412
    assert acts(site) == before


def test_a_table_is_checked_and_then_imported_once(site: Site) -> None:
    officer = program(site, "officer")
    before = acts(site)
    checked = send(officer, "/sources/check", GOOD)
    assert checked.status_code == 200, checked.text
    assert checked.json() == {
        "acceptable": True,
        "recorded": 1,
        "unchanged": 0,
        "withdrawn": 0,
        "findings": [],
    }
    assert acts(site) == before
    key = {"Idempotency-Key": "one"}
    done = send(officer, "/sources/import?file=new.csv", GOOD, **key)
    assert done.status_code == 201 and done.json()["recorded"] == 1
    assert "NEW-1" in names(site) and acts(site) == before + 1
    again = send(officer, "/sources/import?file=new.csv", GOOD, **key)
    assert (again.status_code, again.json()) == (201, done.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert officer.get(done.headers["location"]).json()["kind"] == "measurement.source"
    anew = officer.post(f"{HOME}/sources/import", {"content": GOOD})
    assert anew.status_code == 200 and anew.json()["posted"] is None
    assert anew.json()["unchanged"] == 1 and acts(site) == before + 1


def test_all_that_is_wrong_is_said_at_once(site: Site) -> None:
    officer, before = program(site, "officer"), acts(site)
    wrong = f"{HEAD}A,sometimes,mass,-1,\nB,random,,x,\nC,random,mass,1,\nC,random,mass,2,\n"
    checked = send(officer, "/sources/check", wrong)
    assert checked.status_code == 200
    found = checked.json()
    assert not found["acceptable"] and found["recorded"] == 0
    assert {one["line"] for one in found["findings"]} == {2, 3, 5}
    assert all("column" in one["cell"] for one in found["findings"] if "(" in one["cell"])
    assert "MEASUREMENT-DOUBLE" in {one["code"] for one in found["findings"]}
    refused = send(officer, "/sources/import", wrong)
    assert refused.status_code == 422
    assert said(refused.json()) == said(found)
    for content in (b"", b"\xff\xfe", b"a,b\n", b"\x00"):
        assert send(officer, "/sources/import", content).status_code == 422
        assert send(officer, "/sources/check", content).json()["findings"]
    assert acts(site) == before


def test_warnings_come_with_what_was_recorded(site: Site) -> None:
    text = "source,method,kind,basis,relative_percent\nNEW-2,NOWHERE,epoch,mass,0.02\n"
    done = send(program(site, "officer"), "/sources/import", text)
    assert done.status_code == 201
    assert {one["code"] for one in done.json()["findings"]} == {"SOURCE-NO-CALIBRATION"}


def test_who_may_send_what(site: Site) -> None:
    accountant, strata = program(site, "accountant"), "mba,stratum,rank,items_only\n"
    mine, theirs = f"{strata}XAFA,mine,900,yes\n", f"{strata}XARA,theirs,900,yes\n"
    before = acts(site)
    assert send(accountant, "/strata/check", mine).json()["acceptable"]
    other = send(accountant, "/strata/check", theirs).json()
    assert not other["acceptable"]
    assert [one["code"] for one in other["findings"]] == ["NOT-PERMITTED"]
    for text in (theirs, f"{strata}XXXX,theirs,900,yes\n"):  # nobody learns which areas there are
        refused = send(accountant, "/strata/import", text)
        assert refused.status_code == 422
        assert [one["code"] for one in refused.json()["findings"]] == ["NOT-PERMITTED"]
        assert "XALA" not in refused.text
    assert send(accountant, "/sources/import", GOOD).status_code == 403
    assert send(accountant, "/sources/check", GOOD).status_code == 403
    for who in (program(site, "officer", "read"), program(site, "inspector")):
        assert send(who, "/strata/import", mine).status_code == 403
        assert send(who, "/strata/check", mine).status_code == 403
    assert acts(site) == before
    assert send(accountant, "/strata/import", mine).status_code == 201


@pytest.mark.parametrize(
    ("path", "content", "kind", "status"),
    [
        ("/nothing/import", GOOD, "text/csv", 404),
        ("/sources/import", GOOD, "application/octet-stream", 415),
        ("/sources/check", "{}", "application/json", 400),
        ("/sources/check", '{"content": 1}', "application/json", 400),
        ("/sources/check", '{"content": "\\ud800"}', "application/json", 400),
        ("/sources/check", '{"content": "", "more": 1}', "application/json", 400),
        ("/sources/check?again=perhaps", GOOD, "text/csv", 400),
        ("/sources/check?file=%00", GOOD, "text/csv", 400),
        ("/sources/withdrawals", '{"act": 0, "line": 1, "reason": "x"}', "application/json", 400),
        ("/sources/withdrawals", '{"act": 1, "line": 9, "reason": "x"}', "application/json", 404),
    ],
)
def test_what_cannot_be_asked(site: Site, path: str, content: str, kind: str, status: int) -> None:
    answer = send(program(site, "officer"), path, content, **{"Content-Type": kind})
    assert answer.status_code == status, answer.text


def ended(officer: Program, begun: Any) -> dict[str, Any]:
    """Return the job that was begun, when it has ended."""
    assert begun.status_code == 202, begun.text
    until = time.monotonic() + 30
    job: dict[str, Any] = officer.get(begun.headers["location"]).json()
    while job["ended_at"] is None and time.monotonic() < until:
        time.sleep(0.05)
        job = officer.get(begun.headers["location"]).json()
    return job


def test_a_large_file_is_a_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_measurements, "AT_ONCE_BYTES", 10)
    officer = program(site, "officer")
    job = ended(officer, send(officer, "/sources/import", GOOD))
    assert job["state"] == "done", job
    assert officer.get(f"/acts/{job['acts'][0]}").json()["kind"] == "measurement.source"
    assert job["outcome"] == {"recorded": 1, "unchanged": 0, "left": 0}
    assert "NEW-1" in names(site)
    refused = ended(officer, send(officer, "/sources/import", GOOD.replace("0.02", "x")))
    assert refused["state"] == "failed" and refused["findings"] and not refused["acts"]
    assert all(one["code"] and one["message"] for one in refused["findings"])


def test_a_line_is_withdrawn_with_a_reason(site: Site) -> None:
    officer, path = program(site, "officer"), f"{HOME}/sources/withdrawals"
    act = send(officer, "/sources/import", GOOD).json()["posted"]["act"]
    rows = {row["values"]["source"]: row for row in officer.walk(f"{HOME}/sources")}
    line = {"act": act, "line": rows["NEW-1"]["line"]}
    assert officer.post(path, {**line, "reason": " "}).status_code == 400
    assert program(site, "accountant").post(path, {**line, "reason": "x"}).status_code == 404
    assert program(site, "inspector").post(path, {**line, "reason": "x"}).status_code == 403
    used = {n: rows["SA-powder"][n] for n in ("act", "line")}
    kept = officer.post(path, {**used, "reason": "not needed"})
    assert kept.status_code == 422 and kept.json()["findings"][0]["code"] == "SOURCE-IN-USE"
    assert "NEW-1" in names(site)
    sent = {**line, "reason": "typing error 計量"}
    done = officer.post(path, sent, **{"Idempotency-Key": "w"})
    assert done.status_code == 201 and done.json()["withdrawn"] == 1
    assert officer.get(done.headers["location"]).json()["reason"] == "typing error 計量"
    assert officer.post(path, sent, **{"Idempotency-Key": "w"}).json() == done.json()
    assert officer.post(path, sent).status_code == 404 and "NEW-1" not in names(site)
    left = send(officer, "/sources/import", GOOD)
    assert left.status_code == 200 and left.json()["withdrawn"] == 1
    assert send(officer, "/sources/check", GOOD).json()["withdrawn"] == 1
    assert send(officer, "/sources/check?again=true", GOOD).json()["recorded"] == 1
    assert send(officer, "/sources/import?again=true", GOOD).status_code == 201


def test_the_export_can_be_sent_again(site: Site) -> None:
    officer = program(site, "officer")
    for form in FORMS:
        answer = officer.get(f"{HOME}/{form}/export")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        if rows:
            found = send(officer, f"/{form}/check", answer.content).json()
            assert found["acceptable"] and found["unchanged"] == len(rows), (form, found)
    own = program(site, "accountant").get(f"{HOME}/strata/export").text
    assert {row["mba"] for row in csv.DictReader(io.StringIO(own))} == {"XAFA"}


def test_a_series_says_what_the_estimate_says(site: Site) -> None:
    with site.database.reading() as connection:
        expected = estimate_series(connection, site.database.metadata, SERIES)
    inspector, accountant = program(site, "inspector"), program(site, "accountant")
    listed = {row["series"]: row for row in inspector.walk(f"{HOME}/series?limit=1")}
    assert listed[SERIES]["state"] == "in control"
    assert listed[SERIES]["count"] == expected.count
    found = inspector.get(f"{HOME}/series/{SERIES}").json()
    plain = expected.to_dict()
    assert found["deviations"] == plain["deviations"] and found["unit"] == "relative"
    assert found["estimates"]["random"]["sd"] == plain["random"]["sd"]
    chart = found["control_chart"]
    assert chart["standardized"] == list(plain["control_chart"]["standardized"])
    assert len(chart["values"]) == expected.count and chart["in_control"]
    absolute = inspector.get(f"{HOME}/series/{SERIES}?relative=false").json()
    assert absolute["unit"] == expected.unit
    assert inspector.get(f"{HOME}/series/nothing").status_code == 404
    assert accountant.walk(f"{HOME}/series") == []
    assert accountant.get(f"{HOME}/series/{SERIES}").status_code == 404


def test_a_series_that_cannot_be_evaluated(site: Site) -> None:
    head = "series,kind,method,instrument,session,item,measured_on,measured,reference,unit\n"
    row = "One/only,standard,XX,,S1,I,2025-01-02,1.0,1.0,g\n"
    import_table(site.database, site.actor("officer"), "controls", "c.csv", (head + row).encode())
    officer = program(site, "officer")
    rows = {one["series"]: one for one in officer.walk(f"{HOME}/series")}
    assert rows["One/only"]["state"] == "cannot be evaluated"
    answer = officer.get(f"{HOME}/series/One/only")
    assert answer.status_code == 200
    assert answer.json()["problem"] and answer.json()["control_chart"] is None


def test_targets_beside_sources(site: Site) -> None:
    officer, path = program(site, "officer"), f"{HOME}/target-comparison"
    assert officer.get(path).status_code == 404
    content = (files("keiryo") / "data" / "target_values.toml").read_bytes().decode()
    sent = officer.post(f"{HOME}/targets/import?file=targets.toml", {"content": content})
    assert sent.status_code == 201, sent.text
    found = officer.get(path)
    assert found.status_code == 200
    document = found.json()
    assert document["methods"] and document["edition"] in document["editions"]
    named = officer.get(f"{path}?edition={document['edition']}")
    assert named.json() == document
    assert officer.get(f"{path}?edition=nothing").status_code == 404
    assert program(site, "accountant").get(path).status_code == 403
