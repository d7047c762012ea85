"""The API: what each route answers to whom, conditionally, page by page and once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import Finding, Severity
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.proofs import Checkpoint, proof_problems
from keiryo.journal.tables import finding_values
from web.api_client import Program, program, token_of
from web.site import Site, copy_of, demonstration_books, make_site
from web.test_report_pages import DISCARD as GOOD

READ = (
    *("/me", "/areas", "/areas/XAFA", "/areas/XAFA/balance", "/areas/XAFA/inventory"),
    *("/areas/XAFA/ledger", "/areas/XAFA/batches", "/areas/XAFA/batches/CYL30B-4471"),
    *("/reports", "/reports/XAFA/102", "/acts", "/acts/3", "/acts/3/lines"),
    *("/acts/3/lines/1/proof", "/checkpoint", "/why?of=XAFA/MF/E", "/dependents?of=act:3"),
    *("/findings?state=all", "/transit", "/deadlines", "/areas/XAFA/evaluations"),
    *("/releases", "/search?q=102", "/schema/openapi.json"),
)
CHANGES = (
    *("/areas/XAFA/closings", "/areas/XAFA/evaluations", "/reports", "/reports/check"),
    *("/findings/3/1/answer", "/releases/R-0/release"),
)


def sent(text: str = GOOD, name: str = "january.txt", **more: Any) -> dict[str, Any]:
    """Return the content of a request with one file."""
    return {"files": [{"name": name, "content": text}], **more}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return one site for all tests that only read."""
    folder: Path = tmp_path_factory.mktemp("api")
    made = make_site(copy_of(demonstration_books(), folder))
    yield made
    made.close()


@pytest.fixture(scope="module")
def officer(known: Site) -> Program:
    return program(known, "officer")


def asked(site: Site, mba: str = "XAFA") -> tuple[int, int]:
    """Record a question about an area and return its act and line."""
    scope = "XA/XAF-/XAFA" if mba == "XAFA" else "XA/XAR-/XARA"
    draft = Draft("finding.record", f"question:{mba}:{time.monotonic_ns()}")
    finding = Finding("TEST-ASKED", Severity.INCONSISTENCY, "a question", "Answer it.", mba=mba)
    draft.add("finding", finding_values(finding, scope))
    return post(site.database, draft, site.actor("officer")).act.act_id, 1


@pytest.mark.parametrize("path", READ)
def test_everything_is_read(officer: Program, path: str) -> None:
    answer = officer.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(("application/json", "application/vnd.oai"))
    assert "access-control-allow-origin" not in answer.headers
    if "schema" not in path:
        again = officer.get(path, **{"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert officer.get(path, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", READ)
def test_nobody_is_told_nothing(known: Site, path: str) -> None:
    for token in (None, "keiryo_" + "x" * 43, "no token"):
        answer = Program(known, token).get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", CHANGES)
def test_nobody_and_readers_change_nothing(known: Site, path: str) -> None:
    assert Program(known).post(path).status_code == 401
    for name in ("security", "auditor", "administrator"):
        answer = program(known, name).post(path, {"words": "x"} if "answer" in path else None)
        assert answer.status_code in (400, 403, 404), (name, path, answer.text)
    reader = program(known, "officer", "read")
    content = {"words": "x"} if "answer" in path else None
    refused = reader.post(path, content)
    assert refused.status_code == 403, path
    assert refused.json()["title"] == "this token may only read", path


def test_parameters_that_are_misspelt(known: Site, officer: Program) -> None:
    for path, name, listed in (
        ("/acts?lmit=3", "'lmit'", "limit"),
        ("/findings?State=all&limit=3", "'State'", "code, cursor, limit, mba, severity, state"),
        ("/me?x", "'x'", "none"),
        ("/areas/XAFA?a=1&b=2&a=3", "'a', 'b'", "Known here"),
    ):
        answer = officer.get(path)
        assert answer.status_code == 400, path
        assert name in answer.json()["title"] and listed in answer.json()["detail"], answer.text
    assert officer.post("/areas/XAFA/closings?dry=1", {}).status_code == 400
    assert Program(known).get("/acts?lmit=3").status_code == 401
    assert program(known, "security").get("/findings?lmit=3").status_code == 403
    assert officer.get("/acts?limit=3").status_code == 200
    with known.client("officer") as browser:  # pages let pass what they do not know
        assert browser.get("/areas?lmit=3").status_code == 200


def test_who_sees_what(known: Site) -> None:
    accountant, security = program(known, "accountant"), program(known, "security")
    assert [a["mba"] for a in accountant.get("/areas").json()["items"]] == ["XAFA"]
    for path in ("/areas/XARA", "/areas/XARA/balance", "/areas/XARA/ledger", "/reports/XARA/102"):
        assert accountant.get(path).status_code == 404, path
    assert {r["mba"] for r in accountant.walk("/reports")} == {"XAFA"}
    duties = accountant.get("/deadlines?on=2026-01-10").json()["items"]
    assert duties and {duty["mba"] for duty in duties} == {"XAFA"}
    assert security.get("/areas/XAFA/balance").status_code == 403
    assert security.get("/reports").status_code == 403
    kinds = {act["kind"] for act in program(known, "administrator").walk("/acts")}
    assert "person.admit" in kinds and "report.accept" not in kinds


def test_a_token_sees_no_more_than_its_scope(known: Site) -> None:
    narrow = program(known, "officer", scope="XA/XAR-/XARA")
    assert [a["mba"] for a in narrow.get("/areas").json()["items"]] == ["XARA"]
    assert narrow.get("/areas/XAFA/balance").status_code == 404
    assert narrow.post("/areas/XAFA/closings").status_code == 404
    assert narrow.get("/me").json()["token"]["scope"] == "XA/XAR-/XARA"


def test_a_figure_as_it_was_known(officer: Program) -> None:
    period = "from=2025-01-01&to=2025-12-31"
    now = officer.get(f"/areas/XAFA/balance?{period}").json()
    lines = {(x["code"], x["category"]): x["element_mg"] for x in now["lines"]}
    assert lines["MF", "E"] == 812_346
    before = officer.get(f"/areas/XAFA/balance?{period}&as_known=5").json()
    assert before["as_known"] == "5" and before["lines"] != now["lines"]
    early = officer.get(f"/areas/XAFA/balance?{period}&recorded_by=2000-01-01T00:00:00Z")
    assert early.status_code in (200, 400)


@pytest.mark.parametrize(
    "path",
    [
        "/areas/XAFA/balance?from=2025-13-01",
        "/areas/XAFA/balance?from=2025-12-31&to=2025-01-01",
        "/areas/XAFA/balance?from=0001-01-01&to=0002-01-01",
        "/areas/XAFA/balance?as_known=999999",
        "/areas/XAFA/balance?as_known=5&recorded_by=2025-01-01T00:00:00Z",
        "/areas/XAFA/balance?recorded_by=0001-01-01T00:00:00%2B23:59",
        "/areas/XAFA/ledger?limit=0",
        "/areas/XAFA/ledger?limit=1001",
        "/areas/XAFA/ledger?category=Z",
        "/acts?cursor=AAAA",
        "/acts?cursor=%00",
        "/acts/99999999999999999999",
        "/why?of=",
        "/why?of=%00",
        "/why",
        "/findings?severity=X",
        "/search?q=",
    ],
)
def test_what_cannot_be_asked(officer: Program, path: str) -> None:
    answer = officer.get(path)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["status"] == 400 and problem["title"] and problem["request_id"]


@pytest.mark.parametrize(
    "path",
    [
        *("/areas/ZZZZ", "/areas/XAFA/batches/none", "/areas/XAFA/batches/a%2Fb%00"),
        *("/reports/XAFA/999", "/acts/9007199254740991", "/acts/3/lines/99/proof"),
        *("/findings/3/1", "/jobs/none", "/releases/R-0", "/deadlines?profile=none", "/none"),
    ],
)
def test_what_is_not_there(officer: Program, path: str) -> None:
    answer = officer.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_belongs_to_its_question(officer: Program) -> None:
    cursor = officer.get("/acts?limit=2").json()["next"]
    assert officer.get(f"/acts?limit=3&cursor={cursor}").status_code == 200
    for other in (f"/acts?kind=x&cursor={cursor}", f"/reports?cursor={cursor}"):
        assert officer.get(other).status_code == 400
    changed = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    for wrong in (changed, cursor[:-1], cursor + "A", "é"):
        assert officer.get(f"/acts?cursor={wrong}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        *("/acts", "/acts/2/lines", "/reports", "/areas/XAFA/batches"),
        *("/areas/XAFA/ledger", "/areas/XAFA/ledger?category=E", "/areas/XAFA/ledger?code=RF"),
        "/findings?state=all",
    ],
)
def test_pages_are_the_whole(officer: Program, path: str) -> None:
    sign = "&" if "?" in path else "?"
    whole = officer.get(f"{path}{sign}limit=1000").json()["items"]
    assert officer.walk(f"{path}{sign}limit=3") == whole


def test_a_walk_while_somebody_posts(site: Site) -> None:
    officer = program(site, "officer")
    paths = ("/acts?limit=4", "/areas/XAFA/ledger?limit=3", "/areas/XAFA/batches?limit=2")
    before = {path: officer.walk(path) for path in paths}
    first = {path: officer.get(path).json() for path in paths}
    answer = program(site, "accountant").post("/reports", sent())
    assert answer.status_code == 201, answer.text
    for path in paths:
        rest = officer.walk(f"{path}&cursor={first[path]['next']}")
        walked = first[path]["items"] + rest
        keys = [str(sorted(item.items())) for item in walked]
        assert len(keys) == len(set(keys)), path
        assert walked[: len(before[path])] == before[path] or "batches" in path, path
        assert all(item in walked for item in before[path]), path
    after = officer.walk("/areas/XAFA/ledger?limit=3&from=2025-01-01&to=2026-12-31")
    assert len(after) > len(before["/areas/XAFA/ledger?limit=3"])


def test_a_line_is_proven(officer: Program) -> None:
    proof = officer.get("/acts/3/lines/1/proof").json()
    checkpoint = officer.get("/checkpoint")
    assert proof_problems(proof, Checkpoint.from_json(checkpoint.text)) == []


def test_a_report_as_text(officer: Program) -> None:
    as_json = officer.get("/reports/XAFA/102")
    entry = as_json.json()["entries"][0]
    assert entry["code"] == "RF" and entry["weights"][0]["element_mg"] == 1_541_260_000
    by_query = officer.get("/reports/XAFA/102?format=text")
    by_header = officer.get("/reports/XAFA/102", Accept="text/plain")
    assert by_query.text == by_header.text and by_query.text.startswith("001:OI/XA;102#")
    assert by_query.headers["content-type"].startswith("text/plain")
    assert by_header.headers["etag"] != as_json.headers["etag"]


def test_reports_are_checked_and_accepted_once(site: Site) -> None:
    accountant = program(site, "accountant")
    head = accountant.get("/checkpoint").json()["act_id"]
    checked = accountant.post("/reports/check", sent()).json()
    assert checked["acceptable"] and checked["reports"][0]["outcome"] == "accepted"
    assert accountant.get("/checkpoint").json()["act_id"] == head
    key = {"Idempotency-Key": "7b5c3f7e-01"}
    first = accountant.post("/reports", sent(), **key)
    assert first.status_code == 201 and first.json()["reports"][0]["outcome"] == "accepted"
    again = accountant.post("/reports", sent(), **key)
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    other = accountant.post("/reports", sent(name="other.txt"), **key)
    assert other.status_code == 409
    anew = accountant.post("/reports", sent())
    assert anew.json()["reports"][0]["outcome"] == "recorded before"
    seen = accountant.get("/reports/XAFA/111")
    assert seen.json()["act"] == first.json()["reports"][0]["act"]
    form = accountant.request("POST", "/reports", files=[("files", ("january.txt", GOOD.encode()))])
    assert form.json()["reports"][0]["outcome"] == "recorded before"


def test_two_at_once_do_it_once(site: Site) -> None:
    token = token_of(site, "accountant")
    site.inner.get("/health/live")

    def send(_: int) -> Any:
        key = {"Authorization": f"Bearer {token}", "Idempotency-Key": "twice"}
        return site.inner.post("/api/v1/reports", json=sent(), headers=key)

    with ThreadPoolExecutor(4) as several:
        answers = list(several.map(send, range(4)))
    assert [one.status_code for one in answers] == [201] * 4  # the later ones waited
    assert len({one.text for one in answers}) == 1
    reports = program(site, "accountant").walk("/reports")
    assert len([r for r in reports if r["number"] == 111]) == 1


def test_reports_that_are_refused(site: Site) -> None:
    accountant, officer = program(site, "accountant"), program(site, "officer")
    head = officer.get("/checkpoint").json()["act_id"]
    wrong = GOOD.replace("XAFA", "XARA").replace("XAF-", "XAR-")
    foreign = accountant.post("/reports", sent(wrong))
    assert foreign.status_code == 422
    assert {f["code"] for f in foreign.json()["findings"]} >= {"REPORT-NOT-YOURS"}
    broken = accountant.post("/reports", sent(GOOD.replace("#630:", "#639:")))
    assert broken.status_code == 422 and broken.json()["findings"]
    for content in ({}, {"files": []}, {"files": [{"name": "x"}]}, {**sent(), "extra": 1}, [1]):
        assert accountant.post("/reports", content).status_code == 400, content
    bad = {"files": [{"name": "x.xlsx", "content": "%%", "encoding": "base64"}]}
    assert accountant.post("/reports", bad).status_code == 400
    plain = accountant.request("POST", "/reports", content=b"x", headers={"Content-Type": "a/b"})
    assert plain.status_code == 415
    assert officer.get("/checkpoint").json()["act_id"] == head


def test_a_balance_is_closed_on_what_was_seen(site: Site) -> None:
    officer = program(site, "officer")
    seen = officer.get("/areas/XAFA").headers["etag"]
    assert program(site, "accountant").post("/reports", sent()).status_code == 201
    stale = officer.post("/areas/XAFA/closings", {}, **{"If-Match": seen})
    assert stale.status_code == 412
    current = officer.get("/areas/XAFA").headers["etag"]
    done = officer.post("/areas/XAFA/closings", {"pit": "2025-12-31"}, **{"If-Match": current})
    assert done.status_code == 201, done.text
    assert done.headers["location"] == f"/api/v1/acts/{done.json()['posted']['act']}"
    assert done.json()["balance"]["period_to"] == "2025-12-31"
    assert officer.post("/areas/XAFA/closings", {"pit": "2025-06-30"}).status_code == 400
    assert officer.post("/areas/XAFA/closings", {"day": "2025-12-31"}).status_code == 400


def test_a_balance_is_evaluated_as_a_job(site: Site) -> None:
    officer = program(site, "officer")
    key = {"Idempotency-Key": "evaluate"}
    asked_for = officer.post("/areas/XAFA/evaluations", {"category": "N", "alpha": 0.1}, **key)
    assert asked_for.status_code == 202, asked_for.text
    again = officer.post("/areas/XAFA/evaluations", {"category": "N", "alpha": 0.1}, **key)
    assert again.headers["location"] == asked_for.headers["location"]
    job: dict[str, Any] = {}
    for _ in range(200):
        job = officer.get(asked_for.headers["location"]).json()
        if job["ended_at"]:
            break
        time.sleep(0.05)
    assert job["state"] == "done" and job["acts"], job
    found = officer.get("/areas/XAFA/evaluations").json()["items"]
    assert {one["act"] for one in found} & set(job["acts"])
    mine = asked_for.headers["location"]
    assert program(site, "officer2").get(mine).status_code == 404
    reader = program(site, "officer", "read")
    assert reader.request("DELETE", mine).status_code == 403
    assert officer.request("DELETE", mine).status_code == 202


def test_a_finding_is_answered(site: Site) -> None:
    act, line = asked(site)
    foreign = asked(site, "XARA")
    accountant = program(site, "accountant")
    listed = accountant.walk("/findings?limit=1")
    assert [(f["act"], f["line_no"]) for f in listed] == [(act, line)]
    seen = accountant.get(f"/findings/{act}/{line}").headers["etag"]
    path = f"/findings/{act}/{line}/answer"
    words = {"words": "計量し直した <script>", "state": "closed"}
    done = accountant.post(path, words, **{"If-Match": seen, "Idempotency-Key": "answer"})
    assert done.status_code == 201, done.text
    again = accountant.post(path, words, **{"If-Match": seen, "Idempotency-Key": "answer"})
    assert again.json() == done.json()
    stale = accountant.post(path, {"words": "No.", "state": "open"}, **{"If-Match": seen})
    assert stale.status_code == 412
    assert accountant.get(f"/findings/{act}/{line}").json()["answer"] == words["words"]
    assert accountant.walk("/findings") == []
    assert len(accountant.walk("/findings?state=closed&mba=XAFA&severity=E")) == 1
    for content in ({}, {"words": " "}, {"words": "a\0b"}, {"words": "x", "state": "lost"}):
        assert accountant.post(path, content).status_code == 400, content
    elsewhere = f"/findings/{foreign[0]}/{foreign[1]}/answer"
    assert accountant.post(elsewhere, {"words": "x"}).status_code == 404
    assert program(site, "inspector").post(path, {"words": "x"}).status_code == 403


def test_a_session_needs_its_form_token(site: Site) -> None:
    from keiryo.people.sessions import form_token

    with site.client("officer") as browser:
        assert browser.get("/api/v1/me").json()["token"] is None
        path = "/api/v1/areas/XAFA/closings"
        assert browser.request("POST", path, json={}).status_code == 403
        header = {"X-Form-Token": form_token(browser.token)}
        assert browser.request("POST", path, json={}, headers=header).status_code == 201
