"""Jobs by programs: begun, listed, looked at, their files fetched, and by whom."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import pytest

from keiryo.web.jobs import MOST_WAITING
from web.api_client import Program, program
from web.site import Site
from web.test_report_pages import acts

PACK = {"from": "2025-01-01", "to": "2025-12-31"}
STARTS: list[tuple[str, dict[str, Any]]] = [
    ("/verifications", {}),
    ("/areas/XAFA/audit-packs", PACK),
    ("/areas/XAFA/inventory-lists", {}),
    ("/backups", {}),
]


def ended(asking: Program, begun: Any) -> dict[str, Any]:
    """Wait for the job that an answer names, and return it; it must have gone well."""
    assert begun.status_code == 202, begun.text
    assert begun.headers["location"] == f"/api/v1/jobs/{begun.json()['job_id']}"
    job: dict[str, Any] = {}
    for _ in range(600):
        job = asking.get(begun.headers["location"]).json()
        if job["ended_at"]:
            break
        time.sleep(0.05)
    assert job["state"] == "done", job
    return job


def test_the_journal_is_verified(site: Site) -> None:
    reader, before = program(site, "auditor"), acts(site)
    job = ended(reader, reader.post("/verifications"))
    found = job["outcome"]
    assert found["sound"] and found["acts"] == before and not found["problems"]
    assert "template" not in found and job["acts"] == [] and job["file"] is None
    assert reader.get(f"/jobs/{job['job_id']}/file").status_code == 404
    checkpoint = reader.get("/checkpoint").headers["etag"]
    again = reader.post("/verifications", {}, **{"If-Match": checkpoint})
    ended(reader, again)
    stale = reader.post("/verifications", {}, **{"If-Match": '"older"'})
    assert stale.status_code == 412 and acts(site) == before
    assert program(site, "auditor", "read").post("/verifications").status_code == 403


def test_an_audit_pack_is_fetched(site: Site) -> None:
    officer = program(site, "officer")
    job = ended(officer, officer.post("/areas/XAFA/audit-packs", PACK))
    assert job["outcome"]["digest"] and job["outcome"]["lines"] > 0
    answer = officer.get(job["file"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert f'filename="{job["file_name"]}"' in answer.headers["content-disposition"]
    assert job["file_name"] == "audit-pack-XAFA-2025-01-01-2025-12-31.zip"
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert answer.headers.get_list("etag") == [answer.headers["etag"]]
    tag = {"If-None-Match": answer.headers["etag"]}
    unchanged = officer.get(job["file"], **tag)
    assert unchanged.status_code == 304 and not unchanged.content
    for name in ("officer2", "accountant", "administrator"):
        other = program(site, name)
        assert other.get(job["file"]).status_code == 404
        assert other.get(f"/jobs/{job['job_id']}").status_code == 404


def test_an_itemised_list_is_that_of_the_area(site: Site) -> None:
    accountant = program(site, "accountant")
    asked = {"on": "2025-12-31", "as_known": "3"}
    job = ended(accountant, accountant.post("/areas/XAFA/inventory-lists", asked))
    assert job["file_name"] == "inventory-XAFA-2025-12-31.csv"
    job = ended(accountant, accountant.post("/areas/XAFA/inventory-lists"))
    assert job["file_name"] == "inventory-XAFA-2026-01-10.csv"
    rows = accountant.get(job["file"]).text.splitlines()
    assert job["outcome"] == {"batches": len(rows) - 1} and len(rows) > 1


def test_a_backup_is_for_who_may(site: Site) -> None:
    administrator = program(site, "administrator")
    job = ended(administrator, administrator.post("/backups"))
    assert job["outcome"]["digest"] and job["file_name"].endswith(".zip")
    assert zipfile.ZipFile(io.BytesIO(administrator.get(job["file"]).content)).namelist()
    for other in (
        program(site, "accountant"),
        program(site, "auditor"),
        program(site, "administrator", "read"),
        program(site, "administrator", scope="XA/XAF-"),
    ):
        assert other.post("/backups").status_code == 403
    assert program(site, None).post("/backups").status_code == 401


def test_a_narrowed_token_gets_the_files_of_its_own_jobs_only(site: Site) -> None:
    with site.database.reading() as connection:
        table = site.database.metadata.tables["material_balance_area"]
        rows = connection.execute(table.select()).mappings().all()
    scope = next(f"XA/{r['facility']}/XAFA" for r in rows if r["mba"] == "XAFA")
    officer = program(site, "officer")
    narrow = program(site, "officer", scope=scope)
    wide_job = ended(officer, officer.post("/areas/XARA/inventory-lists"))
    assert narrow.get(wide_job["file"]).status_code == 404
    shown = narrow.get(f"/jobs/{wide_job['job_id']}").json()
    assert (shown["state"], shown["file"], shown["outcome"]) == ("done", None, None)
    assert narrow.post("/areas/XARA/inventory-lists").status_code == 404
    own = ended(narrow, narrow.post("/areas/XAFA/inventory-lists"))
    assert narrow.get(own["file"]).status_code == 200 and own["outcome"]["batches"]
    elsewhere = program(site, "officer", scope="XA/XAR-")
    assert elsewhere.get(own["file"]).status_code == 404
    assert officer.get(own["file"]).status_code == 200


def test_jobs_are_listed_page_by_page(site: Site) -> None:
    officer = program(site, "officer")
    assert officer.get("/jobs").json() == {"items": [], "next": None}
    made = []
    for number in range(3):
        made.append(ended(officer, officer.post("/verifications"))["job_id"])
        site.now[0] = site.now[0].replace(minute=31 + number)
    made.append(ended(officer, officer.post("/verifications"))["job_id"])
    made.append(ended(officer, officer.post("/verifications"))["job_id"])
    found = [one["job_id"] for one in officer.walk("/jobs?limit=2")]
    assert sorted(found) == sorted(made) and found[2:] == made[2::-1]
    assert found == [one["job_id"] for one in officer.get("/jobs").json()["items"]]
    tag = officer.get("/jobs?limit=2").headers["etag"]
    assert officer.get("/jobs?limit=2", **{"If-None-Match": tag}).status_code == 304
    assert program(site, "officer2").get("/jobs").json()["items"] == []
    assert program(site, None).get("/jobs").status_code == 401


@pytest.mark.parametrize(("path", "asked"), STARTS)
def test_begun_once_under_a_key(site: Site, path: str, asked: dict[str, Any]) -> None:
    who = program(site, "administrator" if path == "/backups" else "officer")
    key = {"Idempotency-Key": "once"}
    first = who.post(path, asked, **key)
    again = who.post(path, asked, **key)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    ended(who, first)
    assert len(who.get("/jobs").json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/verifications", {"deep": True}, 400),
        ("/areas/XAFA/audit-packs", {}, 400),
        ("/areas/XAFA/audit-packs", {"from": "2025-12-31", "to": "2025-01-01"}, 400),
        ("/areas/XAFA/audit-packs", {"from": "0001-01-01", "to": "2025-01-01"}, 400),
        ("/areas/XAFA/audit-packs", {**PACK, "as_known": "yesterday"}, 400),
        ("/areas/XAFA/audit-packs", {**PACK, "as_known": "99999"}, 400),
        ("/areas/NONE/audit-packs", PACK, 404),
        ("/areas/XAFA/inventory-lists", {"on": "31.12.2025"}, 400),
        ("/areas/XAFA/inventory-lists", {"on": "9999-01-01"}, 400),
        ("/areas/XAFA/inventory-lists", {"as_known": "x" * 41}, 400),
        ("/areas/XAFA/inventory-lists", {"as_known": "0"}, 400),
        ("/areas/NONE/inventory-lists", {}, 404),
        ("/backups", {}, 403),
    ],
)
def test_what_cannot_be_begun(site: Site, path: str, asked: dict[str, Any], status: int) -> None:
    officer = program(site, "officer" if path != "/backups" else "accountant")
    answer = officer.post(path, asked)
    assert answer.status_code == status, answer.text
    assert officer.get("/jobs").json()["items"] == []


def test_who_may_take_a_pack(site: Site) -> None:
    for name, status in (("accountant2", 404), ("cooperation", 403), ("administrator", 403)):
        area = "XARA" if name == "accountant2" else "XAFA"
        answer = program(site, name).post(f"/areas/{area}/audit-packs", PACK)
        assert answer.status_code == status, (name, answer.text)


def test_too_many_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    officer = program(site, "officer")
    monkeypatch.setattr("keiryo.web.jobs.MOST_WAITING", 0)
    answer = officer.post("/verifications")
    assert MOST_WAITING > 0 and answer.status_code == 409
    assert "own page" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["none", "x" * 61, "%00", "..%2F..%2Fbooks.sqlite"])
def test_no_such_job(site: Site, name: str) -> None:
    officer = program(site, "officer")
    for path in (f"/jobs/{name}", f"/jobs/{name}/file"):
        assert officer.get(path).status_code in (400, 404)
