"""Signing in elsewhere, against a certified provider, as a browser does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest

from keiryo.people import administration, totp
from keiryo.people.accounts import account
from keiryo.people.oidc import OidcProvider
from keiryo.people.oidc_accounts import link
from keiryo.people.oidc_provider import forget
from keiryo.people.sessions import form_token, session_of
from keiryo.people.tables import SESSION
from web.node_peer import NoNodeError, OpenIdProvider, openid_provider, through_forms
from web.people_pages import PASSWORD, cheap, cookies_set, give_password, hidden, signed_in
from web.site import Client, Site, copy_of, demonstration_books, make_site

__all__ = ["cheap"]
pytestmark = pytest.mark.usefixtures("cheap")
HANAKO, JAN = "hanako.yamada", "jan.novak"
WAY = "/sign-in/with/ministry"
BACK = f"http://127.0.0.1:8710{WAY}/back"
WAITING = "keiryo_elsewhere"


@pytest.fixture(scope="module")
def peer() -> Iterator[OpenIdProvider]:
    try:
        with openid_provider(f"http://127.0.0.1{WAY}/back") as running:
            yield running
    except NoNodeError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def joined(tmp_path: Any, peer: OpenIdProvider) -> Iterator[Site]:
    """Return a site that knows the provider, at the time of the machine."""
    forget()
    provider = OidcProvider("ministry", peer.issuer, "keiryo-RS256", peer.clients["keiryo-RS256"])
    made = make_site(copy_of(demonstration_books(), tmp_path), oidc=(provider,))
    made.now[0] = datetime.now(UTC)
    yield made
    made.close()


def go(browser: Client, peer: OpenIdProvider, way: str = WAY, who: str = HANAKO) -> str:
    """Go to the provider and sign in there; return the address with which it sends back."""
    away = browser.get(way)
    assert away.status_code == 303, away.text
    line = cookies_set(away)[WAITING]
    assert "HttpOnly" in line and "SameSite=lax" in line and "Max-Age=600" in line
    said = through_forms(away.headers["location"], who, peer.accounts[who], redirect_uri=BACK)
    return f"{WAY}/back?" + "&".join(f"{name}={value}" for name, value in said.items())


def test_somebody_links_and_signs_in(joined: Site, peer: OpenIdProvider) -> None:
    give_password(joined, "officer")
    assert 'href="/sign-in/with/ministry?next=%2Fjournal"' in (
        Client(joined, "").get("/sign-in?next=/journal").text.replace("next=/", "next=%2F")
    )
    browser = signed_in(joined, "officer")
    assert "/me/link/ministry" in browser.get("/me/access").text
    back = go(browser, peer, "/me/link/ministry")
    done = browser.get(back)
    assert done.status_code == 303 and done.headers["location"] == "/me/access?linked=1"
    assert "Max-Age=0" in cookies_set(done)[WAITING]
    known = account(joined.database, joined.members["officer"].person)
    assert known is not None and known.oidc_subject == HANAKO
    newcomer = Client(joined, "")
    answer = newcomer.get(go(newcomer, peer, f"{WAY}?next=%2Fjournal%3Fpage%3D2"))
    assert answer.status_code == 303 and answer.headers["location"] == "/journal?page=2"
    token = newcomer.cookies["keiryo_session"]
    session = session_of(joined.database, token, joined.clock())
    assert session is not None and session.step == "full"
    key = session.signing_key(token)
    assert key is not None and key.key == joined.members["officer"].key.key  # signs as ever
    assert browser.post("/me/access/unlink").headers["location"] == "/me/access?unlinked=1"
    third = Client(joined, "")
    assert third.get(go(third, peer)).status_code == 401


def test_nobody_comes_in_unlinked_or_twice(joined: Site, peer: OpenIdProvider) -> None:
    stranger = Client(joined, "")
    answer = stranger.get(go(stranger, peer))
    assert answer.status_code == 401 and "linked to nobody" in answer.text
    assert "keiryo_session" not in cookies_set(answer)
    person = joined.members["officer"].person
    link(joined.database, person, peer.issuer, HANAKO)
    back = go(stranger, peer)
    thief = Client(joined, "")  # has the address, not the cookie
    assert thief.get(back).status_code == 401
    kept = stranger.cookies[WAITING]
    assert stranger.get(back).status_code == 303
    stranger.cookies[WAITING] = kept
    again = Client(joined, "")
    again.cookies[WAITING] = kept
    assert again.get(back).status_code == 401  # the code was used
    assert again.get(f"{WAY}/back?error=access_denied").status_code == 401
    assert again.get(f"{WAY}/back").status_code == 401
    assert again.get("/sign-in/with/nobody").status_code == 404
    assert again.get("/sign-in/with/nobody/back").status_code == 404
    administration.suspend(
        joined.database, joined.actor("administrator"), person, datetime.now(UTC)
    )
    late = Client(joined, "")
    assert late.get(go(late, peer)).status_code == 401


def test_who_has_a_second_factor_gives_it(joined: Site, peer: OpenIdProvider) -> None:
    person = joined.members["officer"].person
    link(joined.database, person, peer.issuer, HANAKO)
    begun = totp.begin_totp(joined.database, person, "officer")
    step = int(joined.clock().timestamp()) // totp.STEP_S
    code = totp.code_at(begun.secret, step)
    codes = totp.confirm_totp(joined.database, person, code, joined.clock())
    browser = Client(joined, "")
    answer = browser.get(go(browser, peer, f"{WAY}?next=/journal"))
    assert answer.headers["location"] == "/sign-in/second?next=%2Fjournal"
    assert browser.get("/journal").headers["location"] == "/sign-in/second"
    done = browser.post("/sign-in/second", {"one_time_password": codes[0], "next": "/journal"})
    assert done.headers["location"] == "/journal" and browser.get("/journal").status_code == 200


def test_what_was_typed_waits_through_the_sign_in_elsewhere(
    joined: Site, peer: OpenIdProvider
) -> None:
    person = joined.members["officer"].person
    link(joined.database, person, peer.issuer, HANAKO)
    browser = Client(joined, "")
    assert browser.get(go(browser, peer)).status_code == 303
    token = browser.cookies["keiryo_session"]
    assert browser.post("/sign-out").status_code == 303
    browser.cookies.pop("keiryo_session", None)
    sent = {"_form": "/me/programs", "_form_token": form_token(token), "name": "宛先", "days": "3"}
    page = browser.post("/me/programs/new", sent)
    assert page.status_code == 401 and "what you typed is kept" in page.text
    wrong = {"name": "nobody", "password": "x", "ticket": hidden(page.text, "ticket")}
    for shown in (page, browser.post("/sign-in", wrong)):
        found = re.search(rf'href="({WAY}[^"]*)"', shown.text)
        assert found is not None and "宛先" not in shown.text
    way = unescape(found[1])
    # Another person finds nothing there.
    with joined.client("officer2") as other:
        waiting = unquote(way.partition("next=")[2])
        assert other.get(waiting).headers["location"] == "/"
    back = browser.get(go(browser, peer, way))
    assert back.status_code == 303 and back.headers["location"] == waiting
    form = browser.get(waiting)
    assert form.headers["location"] == "/me/programs?kept=1"
    assert 'value="宛先"' in browser.get("/me/programs?kept=1").text
    assert browser.get(waiting).headers["location"] == "/"


def test_a_link_is_for_whoever_began_it(joined: Site, peer: OpenIdProvider) -> None:
    give_password(joined, "officer")
    give_password(joined, "officer2")
    one, two = signed_in(joined, "officer"), signed_in(joined, "officer2")
    back = go(one, peer, "/me/link/ministry")
    two.cookies[WAITING] = one.cookies[WAITING]
    answer = two.get(back)
    assert answer.status_code == 403 and "Max-Age=0" in cookies_set(answer)[WAITING]
    # A sign-in that was begun to get in links nothing.
    back = go(two, peer)
    assert two.get(back).status_code == 401
    known = account(joined.database, joined.members["officer2"].person)
    assert known is not None and known.oidc_subject is None
    # Another site cannot begin it, and neither can who gave the password long ago.
    foreign = one.get("/me/link/ministry", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    table = joined.database.metadata.tables[SESSION]
    with joined.database.writing() as connection:
        connection.execute(table.update().values(confirmed_at="2020-01-01T00:00:00Z"))
    assert one.get("/me/link/ministry").headers["location"] == "/me/access#elsewhere"
    assert "Link an account" in one.get("/me/access").text
    asked = one.post("/me/access/confirm", {"confirm_password": PASSWORD})
    assert asked.headers["location"] == "/me/access?confirmed=1#elsewhere"
    # What belongs to somebody already is not given to another.
    link(joined.database, joined.members["inspector"].person, peer.issuer, JAN)
    answer = one.get(go(one, peer, "/me/link/ministry", JAN))
    assert answer.status_code == 409 and "belongs to another person" in answer.text


def test_a_provider_that_does_not_answer(joined: Site) -> None:
    silent = OidcProvider("ministry", "http://127.0.0.1:9", "keiryo", "secret")
    joined.settings = replace(joined.settings, oidc=(silent,))
    forget()
    answer = Client(joined, "").get(WAY)
    assert answer.status_code == 502 and "ministry" in answer.text
