"""Administration: people admitted and let go, what takes four eyes, the system."""

from __future__ import annotations

import datetime
import re
import time
import zipfile
from io import BytesIO
from urllib.parse import urlsplit

import pytest

from keiryo.people.accounts import account, account_by_name
from keiryo.people.permissions import keys_in_force, needs_release, person_of
from web.people_pages import (
    PASSWORD,
    after_the_books,
    cheap,
    give_password,
    hidden,
    shown_value,
    signed_in,
)
from web.site import Client, Site

__all__ = ["cheap"]
pytestmark = pytest.mark.usefixtures("cheap")
PAGES = ("/admin", "/admin/admit", "/admin/roles", "/admin/policies", "/admin/system")


@pytest.fixture
def site(site: Site) -> Site:
    """Return the site at a time when acts about people can be posted."""
    site.now[0] = after_the_books()
    return site


def test_only_administrators(site: Site) -> None:
    officer = site.members["officer"].person
    for name in ("officer", "auditor", "accountant"):
        with site.client(name) as browser:
            for path in (*PAGES, f"/admin/people/{officer}"):
                assert browser.get(path).status_code == 403
            for path in ("/admin/admit", "/admin/policies", f"/admin/people/{officer}/suspend"):
                assert browser.post(path).status_code == 403
            assert browser.post("/admin/system/backup").status_code == 403
            assert "/admin" not in browser.get("/me").text
            assert "/admin" not in browser.get("/search?q=Kudo").text
            assert "Fumi Abe" not in browser.get("/search?q=Fumi").text  # nothing of hers is seen
    assert Client(site, "").get("/admin").status_code == 303
    with site.client("administrator") as browser:
        for path in (*PAGES, f"/admin/people/{officer}"):
            page = browser.get(path)
            assert page.status_code == 200
            shown = re.sub(r"<(script|template|dialog).*?</\1>|<[^>]*>", " ", page.text, flags=re.S)
            assert not re.search(r"\bkg\b", shown)
        assert "Chie Tanaka" in browser.get("/search?q=tanaka").text
        assert browser.get("/admin/people/P-NOBODY22").status_code == 404
        assert browser.get("/admin/people/%00").status_code in (400, 404)


def test_the_list_filters_and_exports(site: Site) -> None:
    with site.client("administrator") as browser:
        assert "Chie Tanaka" not in browser.get("/admin?roles=accountant").text
        assert "Aiko Mori" in browser.get("/admin?roles=accountant&sort=-name").text
        lines = browser.get("/admin?roles=accountant&format=csv").text.splitlines()
    assert len(lines) == 3 and lines[0].startswith("name,sign_in_name,person,state")


def test_somebody_is_admitted(site: Site) -> None:
    with site.client("administrator") as browser:
        scope = re.search(r'value="(XA/[^"/]+/XAFA)"', browser.get("/admin/admit").text)
        assert scope is not None
        form = {"display_name": "", "sign_in_name": "officer", "role1": "wizard", "scope1": "XB"}
        bad = browser.post("/admin/admit", {**form, "role2": "administrator", "scope2": scope[1]})
        assert bad.status_code == 422
        for words in ("belongs to somebody", "no name", "no role", "no part", "whole State"):
            assert words in bad.text, words
        form = {
            "display_name": "Yūki <script>",
            "sign_in_name": "Yuki.Arai",
            "role1": "facility accountant",
            "scope1": scope[1],
            "caveats1": "A; B",
            "role2": "inspector",
            "scope2": "XA",
            "agreement2": "P",
            "_form_id": "the form",
        }
        page = browser.post("/admin/admit", form)
        assert page.status_code == 200 and "<script>Y" not in page.text
        link = urlsplit(shown_value(page.text, "link"))
        assert link.path == "/invitation"
        again = browser.post("/admin/admit", form)
        assert again.status_code == 303 and again.headers["location"] == "/admin"
        known = account_by_name(site.database, "yuki.arai")
        assert known is not None
        page = browser.get(f"/admin/people/{known.person}").text
        assert "invited" in page and "Yūki &lt;script&gt;" in page and "A, B" in page
        assert "have not taken up the invitation" in browser.get("/").text
    with site.database.reading() as connection:
        person = person_of(connection, site.database.metadata, known.person)
    assert {(g.role, g.agreement) for g in person.grants} == {
        ("facility accountant", None),
        ("inspector", "P"),
    }
    newcomer = Client(site, "")
    opened = newcomer.get(f"{link.path}?{link.query}")
    token = hidden(opened.text, "password_token")
    sent = {"password_token": token, "password": PASSWORD, "password_again": PASSWORD}
    assert newcomer.post("/invitation", sent).status_code == 303
    assert newcomer.post("/sign-in", {"name": "yuki.arai", "password": PASSWORD}).is_redirect
    assert newcomer.get("/me").status_code == 200 and newcomer.get("/admin").status_code == 403


def test_roles_are_granted_and_withdrawn(site: Site) -> None:
    officer = site.members["officer"].person
    here = f"/admin/people/{officer}"
    with site.client("administrator") as browser:
        bad = browser.post(f"{here}/grant", {"role": "inspector", "scope": "XA/NONE"})
        assert bad.status_code == 422 and "PLACE-UNKNOWN" in bad.text
        assert browser.post(f"{here}/grant", {"role": "", "scope": "XA"}).status_code == 400
        grant = {"role": "inspector", "scope": "XA", "caveats": "*"}
        for _ in range(2):  # the second time it is so already
            assert browser.post(f"{here}/grant", grant).status_code == 303
        assert browser.get(here).text.count(">inspector</th>") == 1
        assert browser.post(f"{here}/withdraw", grant).status_code == 303
        never = browser.post(f"{here}/withdraw", {"role": "auditor", "scope": "XA"})
        assert never.status_code == 404
        own = f"/admin/people/{site.members['administrator'].person}"
        assert browser.post(f"{own}/grant", grant).status_code == 422
        last = browser.post(f"{own}/withdraw", {"role": "administrator", "scope": "XA"})
        assert last.status_code == 422
        assert "Nobody grants to themselves" in browser.get(own).text
        assert browser.post(f"{own}/reset").status_code == 400
    with site.database.reading() as connection:
        person = person_of(connection, site.database.metadata, officer)
    assert [g.role for g in person.grants] == ["State officer"]


def test_another_name(site: Site) -> None:
    officer = site.members["officer"].person
    here = f"/admin/people/{officer}"
    with site.client("administrator") as browser:
        bad = browser.post(f"{here}/rename", {"display_name": "a\u202eb"})
        assert bad.status_code == 422 and "DISPLAY-NAME" in bad.text
        done = browser.post(f"{here}/rename", {"display_name": " Chie <b>Tanabe</b> "})
        assert done.status_code == 303 and done.headers["location"] == here
        page = browser.get(here).text
        assert "Chie &lt;b&gt;Tanabe" in page and "<b>Tanabe" not in page
        assert "Tanabe" in browser.get("/admin").text
        namesake = browser.post(f"{here}/rename", {"display_name": "Daniel Ono"})
        assert namesake.status_code == 303  # there are namesakes; an administrator knows them
        nobody = browser.post("/admin/people/P-NOBODY22/rename", {"display_name": "x"})
        assert nobody.status_code == 404
        assert browser.post(f"{here}/leave", {"erase": "yes"}).status_code == 303
        assert "Change the displayed name" not in browser.get(here).text
        assert browser.post(f"{here}/rename", {"display_name": "x"}).status_code == 400
    with site.client("officer2") as other:
        own = f"/admin/people/{site.members['officer2'].person}"
        assert other.post(f"{own}/rename", {"display_name": "x"}).status_code == 403
    known = account(site.database, officer)
    assert known is not None and known.display_name is None


def test_suspended_is_out_at_once(site: Site) -> None:
    officer = site.members["officer"].person
    here = f"/admin/people/{officer}"
    at_work = Client(site, site.session("officer"))
    with site.client("administrator") as browser:
        assert at_work.get("/journal").status_code == 200
        assert browser.post(f"{here}/suspend").status_code == 303
        assert at_work.get("/journal").status_code == 303
        assert "suspended" in browser.get(here).text
        assert "1 person is suspended" in browser.get("/").text
        assert browser.post(f"{here}/readmit").status_code == 303
        assert at_work.get("/journal").status_code == 303  # has to sign in again
        again = Client(site, site.session("officer"))
        assert browser.post(f"{here}/end-sessions").status_code == 303
        assert again.get("/journal").status_code == 303


def test_a_reset(site: Site) -> None:
    give_password(site, "officer")
    officer = site.members["officer"].person
    at_work = signed_in(site, "officer")
    with site.client("administrator") as browser:
        form = {"second_factor": "yes", "_form_id": "reset"}
        page = browser.post(f"/admin/people/{officer}/reset", form)
        link = urlsplit(shown_value(page.text, "link"))
        again = browser.post(f"/admin/people/{officer}/reset", form)
        assert again.headers["location"] == f"/admin/people/{officer}?shown=1"
        assert "shown already" in browser.get(again.headers["location"]).text
    assert at_work.get("/me").status_code == 303
    with site.database.reading() as connection:
        assert keys_in_force(connection, site.database.metadata, officer) == {}
    newcomer = Client(site, "")
    token = hidden(newcomer.get(f"{link.path}?{link.query}").text, "password_token")
    sent = {"password_token": token, "password": PASSWORD, "password_again": PASSWORD}
    assert newcomer.post("/reset", sent).status_code == 303
    assert newcomer.post("/sign-in", {"name": "officer", "password": PASSWORD}).is_redirect


def test_leaving_and_being_forgotten(site: Site) -> None:
    officer = site.members["officer2"].person
    here = f"/admin/people/{officer}"
    with site.client("administrator") as browser:
        key = site.members["officer2"].key.key
        assert browser.post(f"{here}/revoke-key", {"key": key}).status_code == 303
        assert browser.post(f"{here}/revoke-key", {"key": "00"}).status_code == 404
        assert browser.post(f"{here}/leave").status_code == 303
        assert "Daniel Ono" in browser.get(here).text
        assert browser.post(f"{here}/leave", {"erase": "yes"}).status_code == 303
        page = browser.get(here)
        assert page.status_code == 200 and "Daniel Ono" not in page.text and officer in page.text
        assert "Daniel Ono" not in browser.get("/admin").text
    known = account(site.database, officer)
    assert known is not None and known.display_name is None


def test_what_takes_four_eyes(site: Site) -> None:
    kind = {"act_kind": "report.issue", "eyes": "four"}
    with site.client("administrator") as browser:
        assert browser.post("/admin/policies", kind).status_code == 303
        assert "four eyes" in browser.get("/admin/policies").text
        nonsense = browser.post("/admin/policies", {"act_kind": "no.kind", "eyes": "four"})
        assert nonsense.status_code == 400
    with site.database.reading() as connection:
        assert needs_release(connection, site.database.metadata, "report.issue")


def test_decisions_ask_for_the_password_again(site: Site) -> None:
    give_password(site, "administrator")
    browser = signed_in(site, "administrator")
    site.now[0] += datetime.timedelta(minutes=11)
    here = f"/admin/people/{site.members['officer'].person}"
    for step in (
        "grant",
        "withdraw",
        "rename",
        "suspend",
        "leave",
        "reset",
        "revoke-key",
        "unlink",
    ):
        page = browser.post(f"{here}/{step}", {"role": "auditor"})
        assert page.status_code == 200 and "Confirm that it is you" in page.text, step
    for path in ("/admin/admit", "/admin/policies"):
        assert "Confirm that it is you" in browser.post(path).text
    page = browser.post(f"{here}/suspend", {"confirm_password": PASSWORD})
    assert page.status_code == 303
    with site.database.reading() as connection:
        person = person_of(connection, site.database.metadata, site.members["officer"].person)
    assert person.state == "suspended"


def test_a_backup(site: Site) -> None:
    with site.client("administrator") as browser:
        answer = browser.post("/admin/system/backup")
        job = answer.headers["location"]
        for _ in range(100):
            page = browser.get(job).text
            if "Last act in it" in page:
                break
            time.sleep(0.1)
        file = browser.get(f"{job}/file")
        assert file.status_code == 200 and ".zip" in file.headers["content-disposition"]
        assert "manifest.json" in zipfile.ZipFile(BytesIO(file.content)).namelist()
        system = browser.get("/admin/system").text
        assert "Backup of the books" in system and "Hana Kudo" in system
        assert "last backup made here was ready" in browser.get("/").text
    with site.client("officer") as officer:
        assert officer.get(f"{job}/file").status_code == 404


def test_settings_show_no_secret(site: Site) -> None:
    from keiryo.people.oidc import OidcProvider
    from keiryo.web.pages.system import _settings, _without_password
    from keiryo.web.settings import Settings

    provider = OidcProvider("ministry", "https://id.example", "client", "a-secret")
    place = "postgresql://keiryo:a-secret@db.example/books"
    shown = str(_settings(Settings(place, oidc=(provider,))))
    assert "a-secret" not in shown and "ministry (https://id.example)" in shown
    assert _without_password("/var/books.sqlite") == "/var/books.sqlite"
