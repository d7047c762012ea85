"""One's own page: roles, password, second factor, keys, sessions, programs."""

from __future__ import annotations

import datetime
import re

import pytest

from keiryo.people import totp
from keiryo.people.accounts import account
from keiryo.people.permissions import keys_in_force
from keiryo.people.tokens import admitted_token_of, tokens_of
from web.people_pages import (
    OTHER,
    PASSWORD,
    after_the_books,
    cheap,
    give_password,
    hidden,
    shown_value,
    signed_in,
    visitor,
)
from web.site import Client, Site

__all__ = ["cheap"]
pytestmark = pytest.mark.usefixtures("cheap")
LATER = datetime.timedelta(minutes=11)


@pytest.fixture
def site(site: Site) -> Site:
    """Return the site at a time when acts about people can be posted."""
    site.now[0] = after_the_books()
    return site


def test_who_i_am(site: Site) -> None:
    with site.client("accountant") as browser:
        page = browser.get("/me").text
    assert "Aiko Mori" in page and "P-AAAAAAAA" in page and "facility accountant" in page
    assert "/XAFA" in page and "State officer" not in page
    with site.client("administrator") as browser:
        assert re.search(r'<a href="/journal/acts/\d+">', browser.get("/me").text)
    for path in ("/me", "/me/access", "/me/programs"):
        assert Client(site, "").get(path).status_code == 303
        assert (
            Client(site, site.session("officer", step="password"))
            .get(path)
            .headers["location"]
            .startswith("/sign-in/second")
        )


def test_another_name(site: Site) -> None:
    with site.client("accountant") as browser:
        for wrong in ("", "Ben  SATO", "a\u202eb"):
            bad = browser.post("/me/name", {"display_name": wrong})
            assert bad.status_code == 422 and "f-display_name" in bad.text, wrong
        done = browser.post("/me/name", {"display_name": "森 愛子"})
        assert done.headers["location"] == "/me?renamed=1"
        page = browser.get("/me?renamed=1").text
        assert "森 愛子" in page and "name is changed" in page and "Aiko Mori" not in page
    known = account(site.database, site.members["accountant"].person)
    assert known is not None and known.display_name == "森 愛子"


def test_a_hint_until_there_is_a_second_factor(site: Site) -> None:
    give_password(site, "officer")
    browser = signed_in(site, "officer")
    assert "/me/access#second-factor" in browser.get("/").text
    secret = _set_up(site, browser)
    assert secret and "/me/access#second-factor" not in browser.get("/").text


def test_a_new_password(site: Site) -> None:
    give_password(site, "officer")
    browser, elsewhere = signed_in(site, "officer"), signed_in(site, "officer")
    form = {"current_password": "wrong", "password": "short", "password_again": "shorter"}
    bad = browser.post("/me/access/password", form)
    assert bad.status_code == 401
    for words in ("not your password", "shorter than 12", "not the same"):
        assert words in bad.text
    form |= {"current_password": PASSWORD}
    assert browser.post("/me/access/password", form).status_code == 422
    form |= {"password": OTHER, "password_again": OTHER}
    before = browser.cookies["keiryo_session"]
    done = browser.post("/me/access/password", form)
    assert done.headers["location"] == "/me/access?password=1"
    assert browser.cookies["keiryo_session"] != before
    assert "password is changed" in browser.get("/me/access?password=1").text
    assert elsewhere.get("/me").status_code == 303 and Client(site, before).get("/me").is_redirect
    old = visitor(site).post("/sign-in", {"name": "officer", "password": PASSWORD})
    assert old.status_code == 401
    again = signed_in(site, "officer", OTHER)
    with site.database.reading() as connection:
        keys = keys_in_force(connection, site.database.metadata, site.members["officer"].person)
    assert list(keys) == [site.members["officer"].key.key]  # the same key, sealed anew
    assert "in use" in again.get("/me/access").text


def test_guessing_the_current_password_is_slowed(site: Site) -> None:
    give_password(site, "officer")
    browser = signed_in(site, "officer")
    form = {"current_password": "x", "password": OTHER, "password_again": OTHER}
    for _ in range(5):
        assert browser.post("/me/access/password", form).status_code == 401
    late = browser.post("/me/access/password", {**form, "current_password": PASSWORD})
    assert late.status_code == 429 and late.headers["retry-after"] == "30"


def test_a_second_factor(site: Site) -> None:
    give_password(site, "officer")
    browser, elsewhere = signed_in(site, "officer"), signed_in(site, "officer")
    secret = _set_up(site, browser)
    assert elsewhere.get("/me").status_code == 303
    assert secret not in browser.get("/me/access").text
    page = browser.get("/me/access").text
    assert "10 recovery codes are left" in page
    codes = browser.post("/me/access/second-factor/codes")
    assert len(re.findall(r"<code>(?:[a-z2-7]{4}-){3}[a-z2-7]{4}</code>", codes.text)) == 10
    assert browser.post("/me/access/second-factor").status_code == 409
    assert browser.post("/me/access/second-factor/remove").status_code == 303
    known = account(site.database, site.members["officer"].person)
    assert known is not None and not known.totp_confirmed
    assert browser.post("/me/access/second-factor/codes").status_code == 404


def test_what_matters_asks_for_the_password_again(site: Site) -> None:
    give_password(site, "officer")
    browser = signed_in(site, "officer")
    site.now[0] += LATER
    sent = {"name": "a program", "abilities": ["read", "write"], "days": "30", "scope": ""}
    page = browser.post("/me/programs/new", sent)
    assert page.status_code == 200 and "Confirm that it is you" in page.text
    assert tokens_of(site.database, site.members["officer"].person) == []
    page_of_name = browser.post("/me/name", {"display_name": "Another"})
    assert "Confirm that it is you" in page_of_name.text
    assert re.findall(r'name="abilities" value="(\w+)"', page.text) == ["read", "write"]
    wrong = browser.post("/me/programs/new", {**sent, "confirm_password": "wrong"})
    assert wrong.status_code == 401 and "not your password" in wrong.text
    done = browser.post("/me/programs/new", {**sent, "confirm_password": PASSWORD})
    assert done.status_code == 200 and "shown only now" in done.text
    assert browser.post("/me/access/second-factor").status_code == 200  # was just given
    site.now[0] += LATER
    for path in ("second-factor", "second-factor/remove", "second-factor/codes", "unlink"):
        assert "Confirm that it is you" in browser.post(f"/me/access/{path}").text


def test_a_program(site: Site) -> None:
    with site.client("accountant") as browser:
        scope = site_scope(site)
        sent = {"name": "<b>反応</b>", "abilities": "read", "days": "30", "scope": scope}
        form = {**sent, "_form_id": "one form"}
        page = browser.post("/me/programs/new", form)
        token = shown_value(page.text, "token")
        kept = admitted_token_of(site.database, token, site.clock())
        assert kept is not None
        found = kept[0]
        assert found.scope == scope and found.abilities == {"read"}
        assert "<b>反応" not in page.text and "&lt;b&gt;反応" in page.text
        again = browser.post("/me/programs/new", form)  # the back button, a double click
        assert again.headers["location"] == "/me/programs?shown=1"
        assert len(tokens_of(site.database, found.person)) == 1
        assert token not in browser.get("/me/programs").text
        for wrong in (
            {"name": ""},
            {"abilities": []},
            {"abilities": "administer"},
            {"days": "400"},
            {"days": "abc"},
            {"days": "²"},
            {"scope": "XA"},
            {"scope": "../.."},
        ):
            bad = browser.post("/me/programs/new", {**sent, **wrong})
            assert bad.status_code == 422, wrong
        assert len(tokens_of(site.database, found.person)) == 1
        header = {"Authorization": f"Bearer {token}"}
        assert Client(site, "").get("/me", headers=header).status_code == 403
    with site.client("accountant2") as other:
        other.post("/me/programs/revoke", {"token_id": found.token_id})
        assert admitted_token_of(site.database, token, site.clock()) is not None
    with site.client("accountant") as browser:
        assert browser.post("/me/programs/revoke", {"token_id": found.token_id}).status_code == 303
        assert admitted_token_of(site.database, token, site.clock()) is None


def test_a_new_key(site: Site) -> None:
    give_password(site, "officer")
    person, old = site.members["officer"].person, site.members["officer"].key.key
    browser = signed_in(site, "officer")
    assert browser.post("/me/access/new-key", {"key_password": "wrong"}).status_code == 401
    done = browser.post("/me/access/new-key", {"key_password": PASSWORD})
    assert done.headers["location"] == "/sign-in?changed=1"
    with site.database.reading() as connection:
        keys = keys_in_force(connection, site.database.metadata, person)
    assert len(keys) == 1 and old not in keys
    assert browser.get("/me").status_code == 303
    again = signed_in(site, "officer")
    assert next(iter(keys)) in again.get("/me/access").text
    in_use = again.post("/me/access/revoke-key", {"key": next(iter(keys))})
    assert in_use.status_code == 400


def test_sessions(site: Site) -> None:
    give_password(site, "officer")
    browser, other = signed_in(site, "officer"), signed_in(site, "officer")
    stranger = site.session("accountant")
    page = browser.get("/me/access").text
    ids = re.findall(r'name="session_id" value="(S-\w+)"', page)
    assert len(ids) == 1
    with site.client("accountant") as accountant:
        answer = accountant.post("/me/access/end-session", {"session_id": ids[0]})
    assert answer.status_code == 404 and other.get("/me").status_code == 200
    assert browser.post("/me/access/end-others").status_code == 303
    assert other.get("/me").status_code == 303 and browser.get("/me").status_code == 200
    assert Client(site, stranger).get("/me").status_code == 200


def test_language_and_colours(site: Site) -> None:
    with site.client("officer") as browser:
        assert browser.post("/me/language", {"language": "ja", "next": "/me"}).is_redirect
        assert 'lang="ja"' in browser.get("/me").text
        assert browser.post("/me/theme", {"theme": "dark", "next": "/me"}).is_redirect
        assert 'data-theme="dark"' in browser.get("/me").text


def site_scope(site: Site) -> str:
    """Return the scope of the area of which the accountant keeps the books."""
    with site.client("accountant") as browser:
        page = browser.get("/me/programs").text
    found = re.search(r'<option value="(XA/[^"/]+/XAFA)"', page)
    assert found is not None
    return found[1]


def _set_up(site: Site, browser: Client) -> str:
    """Set up a second factor as a person does, one wrong code included; return its secret."""
    begun = browser.post("/me/access/second-factor")
    assert begun.status_code == 200 and "<svg" in begun.text
    secret = hidden(begun.text, "secret_password")
    wrong = {"one_time_password": "12", "secret_password": secret}
    bad = browser.post("/me/access/second-factor/confirm", wrong)
    assert bad.status_code == 422 and hidden(bad.text, "secret_password") == secret
    forged = {**wrong, "secret_password": '"><script>'}
    assert browser.post("/me/access/second-factor/confirm", forged).is_redirect
    code = totp.code_at(secret, int(site.clock().timestamp()) // totp.STEP_S)
    before = browser.cookies["keiryo_session"]
    done = browser.post(
        "/me/access/second-factor/confirm", {"one_time_password": code, "secret_password": secret}
    )
    assert done.status_code == 200 and browser.cookies["keiryo_session"] != before
    assert len(re.findall(r"<code>(?:[a-z2-7]{4}-){3}[a-z2-7]{4}</code>", done.text)) == 10
    return secret
