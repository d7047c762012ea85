"""Administration by programs: who may, what is told once, and that it is no way around the page."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from keiryo.people.accounts import account, account_by_name
from keiryo.people.permissions import needs_release, person_of
from keiryo.people.sessions import form_token
from keiryo.people.tables import DONE_ONCE
from keiryo.web.confirming import CONFIRMED_FOR
from keiryo.web.rate import RateLimits
from web.api_client import Program, program, token_of
from web.people_pages import PASSWORD, after_the_books, cheap, give_password, hidden, signed_in
from web.site import Client, Site, serving
from web.test_api_schemathesis import OPENAPI, QUICK, violated
from web.test_report_pages import acts

__all__ = ["cheap"]
pytestmark = pytest.mark.usefixtures("cheap")
NEWCOMER = {"sign_in_name": "Yuki.Arai", "name": "新井 雪"}
AREA = "XA/XAF-/XAFA"
DECISIONS = (
    ("/people", NEWCOMER),
    ("/people/{}/grant", {"role": "inspector", "scope": "XA"}),
    ("/people/{}/withdraw", {"role": "State officer", "scope": "XA"}),
    ("/people/{}/suspend", {}),
    ("/people/{}/readmit", {}),
    ("/people/{}/leave", {"erase": True}),
    ("/people/{}/rename", {"name": "Somebody Else"}),
    ("/policies", {"act_kind": "report.issue", "four_eyes": True}),
)


@pytest.fixture
def site(site: Site) -> Site:
    """Return the site at a time when acts about people can be posted."""
    site.now[0] = after_the_books()
    return site


@pytest.fixture
def officer(site: Site) -> str:
    """Return the pseudonym of the officer about whom is decided."""
    return site.members["officer"].person


def roles_of(site: Site, person: str) -> set[tuple[str, str]]:
    with site.database.reading() as connection:
        found = person_of(connection, site.database.metadata, person)
    return {(grant.role, grant.scope) for grant in found.grants}


def test_who_there_is(site: Site, officer: str) -> None:
    reader = program(site, "administrator", "read")
    page = reader.get("/people?limit=4")
    assert page.status_code == 200 and len(page.json()["items"]) == 4
    everybody = reader.walk("/people?limit=4")
    assert [one["person"] for one in everybody] == sorted(
        member.person for member in site.members.values()
    )
    assert reader.get("/people?limit=4", **{"If-None-Match": page.headers["etag"]}).status_code == (
        304
    )
    assert reader.walk("/people?state=left") == []
    one = reader.get(f"/people/{officer}").json()
    assert (one["name"], one["state"], one["invited"]) == ("Chie Tanaka", "admitted", True)
    assert [(g["role"], g["scope"]) for g in one["grants"]] == [("State officer", "XA")]
    assert list(one["keys"]) == [site.members["officer"].key.key]
    assert {row["role"] for row in reader.get("/roles").json()["items"]} > {"auditor", "inspector"}
    kinds = {row["act_kind"] for row in reader.get("/policies").json()["items"]}
    assert kinds == {"report.issue", "correction.plan", "report.accept"}
    for path in ("/people/P-NOBODY22", "/people/%00", "/people/x"):
        assert reader.get(path).status_code == 404, path


def test_who_may(site: Site, officer: str) -> None:
    before = acts(site)
    askers = [program(site, name) for name in ("officer2", "auditor", "accountant")]
    askers.append(program(site, "administrator", scope="XA/XAF-"))
    for asker in askers:
        for path in ("/people", f"/people/{officer}", "/roles", "/policies"):
            assert asker.get(path).status_code == 403, path
        for path, content in DECISIONS:
            assert asker.post(path.format(officer), content).status_code == 403, path
    reader = program(site, "administrator", "read")
    for path, content in DECISIONS:
        assert reader.post(path.format(officer), content).status_code == 403, path
    assert acts(site) == before
    known = account(site.database, officer)
    assert known is not None and known.display_name == "Chie Tanaka"


def test_the_link_is_told_once_and_kept_nowhere(site: Site) -> None:
    administrator = program(site, "administrator")
    content = {
        **NEWCOMER,
        "grants": [
            {"role": "facility accountant", "scope": AREA, "caveats": ["A", "B"]},
            {"role": "inspector", "scope": "XA", "agreement": "P"},
        ],
    }
    key = {"Idempotency-Key": "admit yuki"}
    first = administrator.post("/people", content, **key)
    assert first.status_code == 201, first.text
    person, link = first.json()["person"], urlsplit(first.json()["invitation"])
    assert first.headers["location"] == f"/api/v1/people/{person}"
    again = administrator.post("/people", content, **key)
    assert (again.status_code, again.json()) == (201, {"person": person, "invitation": None})
    assert again.headers["idempotent-replayed"] == "true"
    token = link.query.removeprefix("token=")
    with site.database.reading() as connection:
        rows = connection.execute(site.database.metadata.tables[DONE_ONCE].select()).all()
    assert rows and len(token) > 20 and token not in repr(rows)
    known = administrator.get(f"/people/{person}").json()
    assert known["invited"] and known["name"] == "新井 雪" and len(known["grants"]) == 2
    assert known["grants"][0]["caveats"] == ["A", "B"]
    newcomer = Client(site, "")
    opened = newcomer.get(f"{link.path}?{link.query}")
    sent = {"password_token": hidden(opened.text, "password_token")}
    sent |= {"password": PASSWORD, "password_again": PASSWORD}
    assert newcomer.post("/invitation", sent).status_code == 303
    assert newcomer.post("/sign-in", {"name": "yuki.arai", "password": PASSWORD}).is_redirect
    assert not administrator.get(f"/people/{person}").json()["invited"]


def test_who_cannot_be_admitted(site: Site) -> None:
    administrator, before = program(site, "administrator"), acts(site)
    grants = [{"role": "wizard", "scope": "XB"}, {"role": "administrator", "scope": AREA}]
    bad = administrator.post("/people", {"sign_in_name": "officer", "name": "", "grants": grants})
    assert bad.status_code == 422
    assert {found["code"] for found in bad.json()["findings"]} == {
        *("SIGN-IN-NAME-TAKEN", "DISPLAY-NAME", "ROLE-UNKNOWN", "GRANT-SCOPE"),
        "ADMINISTRATOR-SCOPE",
    }
    for wrong in ({}, {**NEWCOMER, "more": 1}, {**NEWCOMER, "grants": [{"role": "auditor"}]}):
        assert administrator.post("/people", wrong).status_code == 400, wrong
    seen = administrator.get("/people").headers["etag"]
    assert administrator.post("/people", NEWCOMER, **{"If-Match": seen}).status_code == 201
    other = {"sign_in_name": "ren", "name": "Ren"}
    stale = administrator.post("/people", other, **{"If-Match": seen})
    assert stale.status_code == 412 and acts(site) == before + 1
    assert account_by_name(site.database, "ren") is None


def test_roles(site: Site, officer: str) -> None:
    administrator = program(site, "administrator")
    here = f"/people/{officer}"
    grant = {"role": "inspector", "scope": "XA", "caveats": ["*"]}
    seen = administrator.get(here).headers["etag"]
    done = administrator.post(f"{here}/grant", grant, **{"If-Match": seen})
    assert done.status_code == 201 and not done.json()["repeated"]
    act = administrator.get(done.headers["location"]).json()
    assert (act["kind"], act["person"]) == ("role.grant", site.members["administrator"].person)
    assert administrator.post(f"{here}/grant", grant).json() == {**done.json(), "repeated": True}
    taken = {"role": "State officer", "scope": "XA"}
    assert administrator.post(f"{here}/withdraw", taken, **{"If-Match": seen}).status_code == 412
    assert roles_of(site, officer) == {("State officer", "XA"), ("inspector", "XA")}
    assert administrator.post(f"{here}/withdraw", taken).status_code == 201
    assert roles_of(site, officer) == {("inspector", "XA")}
    never = {"role": "auditor", "scope": "XA"}
    assert administrator.post(f"{here}/withdraw", never).status_code == 404
    assert administrator.post("/people/P-NOBODY22/grant", grant).status_code == 404
    for wrong in ({"scope": "XA/NONE"}, {"role": "x"}, {"caveats": ["?"]}, {"agreement": ""}):
        assert administrator.post(f"{here}/grant", {**grant, **wrong}).status_code == 422, wrong
    own = f"/people/{site.members['administrator'].person}"
    assert administrator.post(f"{own}/grant", grant).status_code == 422
    last = {"role": "administrator", "scope": "XA"}
    refused = administrator.post(f"{own}/withdraw", last)
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["code"] == "LAST-ADMINISTRATOR"


def test_suspended_back_and_gone(site: Site, officer: str) -> None:
    administrator, theirs = program(site, "administrator"), program(site, "officer")
    here = f"/people/{officer}"
    assert theirs.get("/me").status_code == 200
    assert administrator.post(f"{here}/suspend").status_code == 201
    assert theirs.get("/me").status_code == 401
    assert administrator.get("/people?state=suspended").json()["items"][0]["person"] == officer
    assert administrator.post(f"{here}/readmit").status_code == 201
    assert administrator.post(f"{here}/leave", {"erase": True}).status_code == 201
    gone = administrator.get(here).json()
    assert (gone["state"], gone["name"], gone["grants"], gone["keys"]) == ("left", None, [], {})
    assert administrator.post(f"{here}/rename", {"name": "Back"}).status_code == 400
    for step in ("suspend", "readmit", "leave"):
        assert administrator.post(f"/people/P-NOBODY22/{step}").status_code == 404


def test_four_eyes(site: Site) -> None:
    administrator = program(site, "administrator")
    seen = administrator.get("/policies").headers["etag"]
    decision = {"act_kind": "report.issue", "four_eyes": True}
    done = administrator.post("/policies", decision, **{"If-Match": seen})
    assert done.status_code == 201
    assert administrator.post("/policies", decision, **{"If-Match": seen}).status_code == 412
    assert administrator.post("/policies", {**decision, "act_kind": "x"}).status_code == 400
    with site.database.reading() as connection:
        assert needs_release(connection, site.database.metadata, "report.issue")
    rows = {row["act_kind"]: row for row in administrator.get("/policies").json()["items"]}
    assert rows["report.issue"]["four_eyes"] and rows["report.issue"]["act"] == done.json()["act"]


def test_names(site: Site, officer: str) -> None:
    theirs, administrator = program(site, "officer"), program(site, "administrator")
    here, before = f"/people/{officer}/rename", acts(site)
    done = theirs.post(here, {"name": "田中 千恵"}, **{"Idempotency-Key": "name"})
    assert done.status_code == 200 and done.json()["name"] == "田中 千恵", done.text
    assert theirs.get("/me").json()["name"] == "田中 千恵"
    taken = theirs.post(here, {"name": "daniel ono"})
    assert taken.status_code == 422
    assert taken.json()["findings"][0]["code"] == "DISPLAY-NAME-TAKEN"
    other = f"/people/{site.members['officer2'].person}/rename"
    assert theirs.post(other, {"name": "Anybody"}).status_code == 403
    assert theirs.post("/people/P-NOBODY22/rename", {"name": "Anybody"}).status_code == 403
    assert administrator.post("/people/P-NOBODY22/rename", {"name": "x"}).status_code == 404
    seen = administrator.get(f"/people/{officer}").headers["etag"]
    assert administrator.post(here, {"name": "Chie"}, **{"If-Match": seen}).status_code == 200
    assert administrator.post(here, {"name": "C"}, **{"If-Match": seen}).status_code == 412
    for wrong in ({"name": ""}, {"name": "a\u202eb"}):
        assert administrator.post(here, wrong).status_code == 422
    assert program(site, "officer", "read").post(here, {"name": "x"}).status_code == 403
    assert acts(site) == before  # a name is no matter of the record


def in_session(browser: Client, path: str, content: Any) -> Any:
    """Send JSON to the API within a session, with its form token."""
    token = {"X-Form-Token": form_token(browser.cookies["keiryo_session"])}
    return browser.request("POST", f"/api/v1{path}", json=content, headers=token)


def test_no_way_around_the_password(site: Site, officer: str) -> None:
    """What the page asks the password for, a session that was left open does not do here."""
    give_password(site, "administrator")
    give_password(site, "officer")
    browser, theirs = signed_in(site, "administrator"), signed_in(site, "officer")
    here, before = f"/people/{officer}", acts(site)
    assert in_session(browser, f"{here}/rename", {"name": "Chie T."}).status_code == 200
    site.now[0] += CONFIRMED_FOR + datetime.timedelta(seconds=1)
    for path, content in DECISIONS:
        answer = in_session(browser, path.format(officer), content)
        assert answer.status_code == 403, path
        assert "password" in answer.json()["title"] and "own page" in answer.json()["detail"]
    assert in_session(theirs, f"{here}/rename", {"name": "X"}).status_code == 403
    assert acts(site) == before
    assert browser.get("/api/v1/people").status_code == 200
    known = account(site.database, officer)
    assert known is not None and known.display_name == "Chie T."


def test_nothing_undocumented(site: Site) -> None:
    """Whatever is sent by an administrator's program, the answer is one of those described."""
    site.app.state.server.rates = RateLimits(10**9, 10**9)
    headers = {"Authorization": f"Bearer {token_of(site, 'administrator')}"}
    with serving(site) as address:
        document = requests.get(f"{address}{OPENAPI}", headers=headers, timeout=30).json()
        ours = ("/api/v1/people", "/api/v1/roles", "/api/v1/policies")
        document["paths"] = {
            path: one for path, one in document["paths"].items() if path.startswith(ours)
        }
        assert len(document["paths"]) == 10
        assert violated(document, address, QUICK, headers) == []


def test_a_token_that_was_revoked(site: Site) -> None:
    nobody = Program(site, "keiryo_" + "x" * 43)
    assert nobody.get("/people").status_code == 401
    assert nobody.post("/people", NEWCOMER).status_code == 401
