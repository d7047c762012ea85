"""Signing in and out in the browser: the way in, and everything that must not be one."""

from __future__ import annotations

import datetime
import re
import threading
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from keiryo.people import one_time, sessions, totp
from keiryo.people.administration import revoke_key, suspend
from keiryo.people.joining import first_token
from keiryo.people.permissions import keys_in_force, person_of
from keiryo.people.sign_in import FREE_BY_NAME
from keiryo.web.app import create_app
from keiryo.web.pages.sign_in import next_path
from keiryo.web.saved_forms import save_fields
from keiryo.web.settings import Settings
from web.people_pages import (
    OTHER,
    PASSWORD,
    after_the_books,
    cheap,
    cookies_set,
    give_password,
    hidden,
    signed_in,
    visitor,
)
from web.site import Client, Site, copy_of, demonstration_books, serving

__all__ = ["cheap"]
pytestmark = pytest.mark.usefixtures("cheap")


@pytest.fixture
def site(site: Site) -> Site:
    """Return the site at a time when acts about people can be posted."""
    site.now[0] = after_the_books()
    return site


def test_in_and_out(site: Site) -> None:
    give_password(site, "officer")
    browser = visitor(site)
    given = browser.cookies["keiryo_visitor"]
    page = browser.get("/sign-in?next=%2Fjournal%3Fpage%3D2")
    assert hidden(page.text, "next") == "/journal?page=2"
    answer = browser.post(
        "/sign-in", {"name": " OFFICER ", "password": PASSWORD, "next": "/journal?page=2"}
    )
    assert answer.status_code == 303 and answer.headers["location"] == "/journal?page=2"
    set_cookies = cookies_set(answer)
    session = set_cookies["keiryo_session"]
    assert "HttpOnly" in session and "SameSite=lax" in session and "Path=/" in session
    assert "Domain" not in session and "Secure" not in session and "Max-Age" not in session
    assert browser.cookies["keiryo_visitor"] != given
    assert browser.get("/journal").status_code == 200
    assert browser.get("/sign-in?next=/me").headers["location"] == "/me"
    token = browser.cookies["keiryo_session"]
    answer = browser.post("/sign-out")
    assert answer.status_code == 303 and answer.headers["location"] == "/sign-in?out=1"
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert 'keiryo_session=""' in str(answer.headers) and "Max-Age=0" in str(answer.headers)
    assert sessions.session_of(site.database, token, site.clock()) is None
    assert Client(site, token).get("/journal").status_code == 303


def test_secure_cookies_behind_https(site: Site) -> None:
    give_password(site, "officer")
    settings = Settings(site.settings.books, public_url="https://keiryo.example")
    with TestClient(
        create_app(settings, now=site.clock), base_url="https://keiryo.example"
    ) as browser:
        page = browser.get("/sign-in")
        token = hidden(page.text, "_form_token")
        form = {"name": "officer", "password": PASSWORD, "_form_token": token}
        answer = browser.post("/sign-in", data=form, follow_redirects=False)
    line = cookies_set(answer)["__Host-keiryo"]
    assert "Secure" in line and "HttpOnly" in line and "Path=/" in line and "Domain" not in line


def test_wrong_data_gets_one_answer(site: Site) -> None:
    give_password(site, "officer")
    suspend(
        site.database, site.actor("administrator"), site.members["officer2"].person, site.clock()
    )
    pages = []
    for name, password in (
        ("officer", "wrong"),
        ("nobody", PASSWORD),
        ("officer2", PASSWORD),
        ("officer", ""),
        ("", PASSWORD),
        ("zero\0name", PASSWORD),
        ("n" * 5_000, "p" * 100_000),
    ):
        browser = visitor(site)
        answer = browser.post("/sign-in", {"name": name, "password": password})
        assert answer.status_code == 401
        assert "keiryo_session" not in cookies_set(answer)
        assert password not in answer.text or not password
        pages.append(re.search(r'role="alert"[^>]*>(.*?)</div>', answer.text, re.S)[1])  # type: ignore[index]
    assert len(set(pages)) == 1 and "do not belong together" in pages[0]


def test_hostile_name_is_shown_as_text(site: Site) -> None:
    answer = visitor(site).post(
        "/sign-in", {"name": '"><script>alert(1)</script>', "password": "x"}
    )
    assert "<script>alert" not in answer.text and "&lt;script&gt;" in answer.text


def test_whoever_guesses_waits(site: Site) -> None:
    give_password(site, "officer")
    browser = visitor(site)
    for _ in range(FREE_BY_NAME):
        assert browser.post("/sign-in", {"name": "officer", "password": "x"}).status_code == 401
    answer = browser.post("/sign-in", {"name": "officer", "password": PASSWORD})
    assert answer.status_code == 429 and answer.headers["retry-after"] == "30"
    assert "30 seconds" in answer.text
    site.now[0] += datetime.timedelta(seconds=31)
    assert browser.post("/sign-in", {"name": "officer", "password": PASSWORD}).status_code == 303


def test_no_fixation(site: Site) -> None:
    give_password(site, "officer")
    browser = visitor(site)
    browser.cookies["keiryo_session"] = "A" * 43  # put there by somebody else
    browser.cookies["keiryo_visitor"], page = "B" * 43, browser.get("/sign-in")
    token = hidden(browser.get("/sign-in").text, "_form_token")
    assert page.status_code == 200
    answer = browser.post(
        "/sign-in", {"name": "officer", "password": PASSWORD, "_form_token": token}
    )
    assert answer.status_code == 303
    assert browser.cookies["keiryo_session"] not in ("A" * 43, "B" * 43)
    assert browser.cookies["keiryo_visitor"] != "B" * 43


@pytest.mark.parametrize(
    "given",
    [
        *("//evil.example", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)"),
        *("https://evil.example/", "http:evil", "/\t/evil.example", "//[", "", "journal"),
        *("/sign-in?next=/sign-in", "/sign-out", "///evil.example", "/\x00", "data:text/html,x"),
    ],
)
def test_no_way_to_other_sites(site: Site, given: str) -> None:
    assert next_path(given) == "/"
    browser = visitor(site)
    page = browser.get("/sign-in", params={"next": given})
    assert page.status_code == 200 and hidden(page.text, "next") == "/"
    if given == "//evil.example":
        give_password(site, "officer")
        form = {"name": "officer", "password": PASSWORD, "next": given}
        assert browser.post("/sign-in", form).headers["location"] == "/"


def test_forms_of_other_sites_do_nothing(site: Site) -> None:
    give_password(site, "officer")
    form = {"name": "officer", "password": PASSWORD}
    stranger = Client(site, "")
    assert stranger.post("/sign-in", form).status_code == 403  # never loaded the page
    browser = visitor(site)
    assert browser.post("/sign-in", {**form, "_form_token": ""}).status_code == 403
    assert browser.post("/sign-in", {**form, "_form_token": "x" * 43}).status_code == 403
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert browser.post("/sign-in", form, headers=headers).status_code == 403
    assert "keiryo_session" not in browser.cookies
    inside = signed_in(site, "officer")
    assert inside.post("/sign-out", headers={"Origin": "https://evil.example"}).status_code == 403
    assert inside.get("/journal").status_code == 200


def test_second_factor(site: Site) -> None:
    give_password(site, "officer")
    person = site.members["officer"].person
    begun = totp.begin_totp(site.database, person, "officer")
    codes = totp.confirm_totp(
        site.database, person, _code(begun.secret, site.clock()), site.clock()
    )
    site.now[0] += datetime.timedelta(minutes=2)
    browser = visitor(site)
    form = {"name": "officer", "password": PASSWORD, "next": "/journal"}
    answer = browser.post("/sign-in", form)
    assert answer.headers["location"] == "/sign-in/second?next=%2Fjournal"
    half = browser.cookies["keiryo_session"]
    assert browser.get("/journal").headers["location"] == "/sign-in/second"
    page = browser.get("/sign-in/second?next=%2Fjournal")
    assert page.status_code == 200 and hidden(page.text, "next") == "/journal"
    wrong = browser.post("/sign-in/second", {"one_time_password": "000000", "next": "/journal"})
    assert wrong.status_code == 401 and "000000" not in wrong.text
    code = _code(begun.secret, site.clock())
    done = browser.post("/sign-in/second", {"one_time_password": code, "next": "/journal"})
    assert done.status_code == 303 and done.headers["location"] == "/journal"
    full = browser.cookies["keiryo_session"]
    assert full != half and browser.get("/journal").status_code == 200
    assert Client(site, half).get("/sign-in/second").headers["location"].startswith("/sign-in?")
    assert browser.get("/sign-in/second").headers["location"] == "/"
    # The same code opens nothing for anybody who saw it.
    other = visitor(site)
    other.post("/sign-in", {"name": "officer", "password": PASSWORD})
    assert other.post("/sign-in/second", {"one_time_password": code}).status_code == 401
    # A recovery code does, once.
    assert other.post("/sign-in/second", {"one_time_password": codes[0]}).status_code == 303
    third = visitor(site)
    third.post("/sign-in", {"name": "officer", "password": PASSWORD})
    assert third.post("/sign-in/second", {"one_time_password": codes[0]}).status_code == 401
    site.now[0] += datetime.timedelta(seconds=1)
    for _ in range(FREE_BY_NAME + 1):
        late = third.post("/sign-in/second", {"one_time_password": "111111"})
    assert late.status_code == 429 and int(late.headers["retry-after"]) >= 30
    assert third.post("/sign-out").status_code == 303


def test_typed_entries_wait_through_the_sign_in(site: Site) -> None:
    give_password(site, "officer")
    browser = signed_in(site, "officer")
    sessions.end_all(site.database, site.members["officer"].person, site.clock())
    sent = {"_form": "/me/programs", "name": "宛先 <b>", "new_password": "secret", "days": "30"}
    page = browser.post("/me/programs/new", sent)
    assert page.status_code == 401 and "session has ended" in page.text
    ticket = hidden(page.text, "ticket")
    assert "宛先" not in page.text
    form = {"name": "officer", "password": PASSWORD, "ticket": ticket, "next": "/me/programs"}
    answer = browser.post("/sign-in", {**form, "_form_token": hidden(page.text, "_form_token")})
    assert answer.status_code == 303 and answer.headers["location"] == "/me/programs?kept=1"
    table = site.database.metadata.tables["saved_form"]
    with site.database.reading() as connection:
        content = str(connection.execute(table.select()).mappings().one()["content"])
    assert "宛先" in content and "secret" not in content
    assert 'value="宛先 &lt;b&gt;"' in browser.get("/me/programs?kept=1").text
    # A ticket that somebody changed brings nothing, and is no way elsewhere.
    for bad in (ticket[:-2] + ("00" if ticket[-2:] != "00" else "11"), "zz", "ab", ticket[:40]):
        again = visitor(site)
        answer = again.post("/sign-in", {**form, "ticket": bad, "next": "//evil.example"})
        assert answer.headers["location"] == "/"


def kept(site: Site, name: str) -> dict[str, str]:
    """Return all forms that are kept for a member, by path."""
    table = site.database.metadata.tables["saved_form"]
    mine = table.select().where(table.c.person == site.members[name].person)
    with site.database.reading() as connection:
        return {row["form"]: row["content"] for row in connection.execute(mine).mappings()}


def test_a_form_that_was_open_when_its_person_signed_out(site: Site) -> None:
    """Signed out in another window: what is sent from this one waits for the same person only."""
    give_password(site, "officer")
    give_password(site, "officer2")
    browser = signed_in(site, "officer")
    person, path = site.members["officer"].person, "/me/programs"
    save_fields(site.database, person, path, {"name": "an older draft"}, site.clock())
    token = hidden(browser.get(path).text, "_form_token")
    assert browser.post("/sign-out").status_code == 303
    for name in ("keiryo_session", "keiryo_visitor"):
        browser.cookies.pop(name, None)
    assert person not in str(browser.cookies)
    sent = {"_form": path, "_form_token": token, "name": "typed last", "days": "30"}
    page = browser.post("/me/programs/new", sent)
    assert page.status_code == 401 and "what you typed is kept" in page.text
    ticket = hidden(page.text, "ticket")
    form = {"password": PASSWORD, "ticket": ticket, "next": path}
    form["_form_token"] = hidden(page.text, "_form_token")
    other = Client(site, "", dict(browser.cookies))
    assert other.post("/sign-in", {**form, "name": "officer2"}).headers["location"] == path
    assert kept(site, "officer2") == {}
    # Whoever is signed in by then gets nothing of it; it is kept for who typed it.
    refused = other.post("/me/programs/new", {**sent, "name": "typed later"})
    assert refused.status_code == 403 and "signed out" in refused.text
    assert kept(site, "officer2") == {} and "typed later" in kept(site, "officer")[path]
    answer = browser.post("/sign-in", {**form, "name": "officer"})
    assert answer.headers["location"] == f"{path}?kept=1"
    assert 'value="typed last"' in browser.get(f"{path}?kept=1").text
    # A form of a session that is none of theirs is nobody's.
    stranger = Client(site, "", {"keiryo_left": other.cookies["keiryo_left"]})
    lost = stranger.post("/me/programs/new", {**sent, "_form_token": "x" * 43})
    assert lost.status_code == 401 and 'name="ticket"' not in lost.text
    for bad in ("zz", "00", other.cookies["keiryo_left"][:-2]):
        stranger = Client(site, "", {"keiryo_left": bad})
        assert 'name="ticket"' not in stranger.post("/me/programs/new", sent).text


def test_ended_elsewhere_is_ended_here(site: Site) -> None:
    give_password(site, "officer")
    one, two = signed_in(site, "officer"), signed_in(site, "officer")
    session = sessions.session_of(site.database, one.cookies["keiryo_session"], site.clock())
    assert session is not None
    answer = two.post("/me/access/end-session", {"session_id": session.session_id})
    assert answer.status_code == 303
    assert one.get("/journal").status_code == 303 and two.get("/journal").status_code == 200
    suspend(
        site.database, site.actor("administrator"), site.members["officer"].person, site.clock()
    )
    assert two.get("/journal").status_code == 303


def _code(secret: str, at: datetime.datetime) -> str:
    return totp.code_at(secret, int(at.timestamp()) // totp.STEP_S)


# --- coming in -----------------------------------------------------------------------------------


@pytest.fixture
def fresh(tmp_path: Any) -> Any:
    """Return books that nobody was admitted to, and a browser on their pages."""
    import keiryo

    books = keiryo.open(copy_of(demonstration_books(), tmp_path), person="P-DEMO2345")
    made = Site(books.database, Settings(str(tmp_path / "books.sqlite")), {})
    made.now[0] = after_the_books()
    yield made
    made.close()


def test_the_first_administrator(fresh: Site) -> None:
    token = first_token(fresh.database, fresh.clock())
    assert token is not None
    browser = Client(fresh, "")
    assert "first-token" in browser.get("/sign-in").text
    assert browser.get("/set-up?token=" + "x" * 43).status_code == 410
    assert browser.get("/set-up").status_code == 410
    page = browser.get(f"/set-up?token={token}")
    assert page.status_code == 200 and hidden(page.text, "password_token") == token
    assert page.headers["referrer-policy"] == "strict-origin"
    assert "From 12 to 256 characters" in page.text and token not in str(page.headers)
    form = {"password_token": token, "display_name": "", "sign_in_name": "a b"}
    bad = browser.post("/set-up", {**form, "password": "short", "password_again": "other"})
    assert bad.status_code == 422
    for words in ("not the same", "no name", "no sign-in name", "shorter than 12"):
        assert words in bad.text
    assert "short" not in re.findall(r'value="([^"]*)"', bad.text)
    form |= {"display_name": "花子 <b>佐藤", "sign_in_name": "Hanako.Sato"}
    good = {**form, "password": PASSWORD, "password_again": PASSWORD}
    assert browser.post("/set-up", good).status_code == 303
    again = browser.post("/set-up", {**form, "password": OTHER, "password_again": OTHER})
    assert again.status_code == 404 and browser.get(f"/set-up?token={token}").status_code == 404
    assert "Your password is set" in browser.get("/sign-in?ready=1").text
    answer = browser.post("/sign-in", {"name": "hanako.sato", "password": PASSWORD})
    assert answer.status_code == 303
    page = browser.get("/admin").text
    assert "花子 &lt;b&gt;佐藤" in page


@pytest.mark.parametrize("way", ["invitation", "reset"])
def test_a_link_works_once(site: Site, way: str) -> None:
    person, now = site.members["accountant"].person, site.clock()
    key = site.members["accountant"].key.key
    revoke_key(site.database, site.actor("administrator"), person, key, now)
    token = one_time.make_one_time(site.database, way, person, datetime.timedelta(hours=1), now)
    browser = Client(site, "")
    other = "reset" if way == "invitation" else "invitation"
    assert browser.get(f"/{other}?token={token}").status_code == 410
    page = browser.get(f"/{way}?token={token}")
    assert page.status_code == 200 and "Aiko Mori" in page.text
    form = {"password_token": token, "password": "Aiko Mori Aiko", "password_again": "x"}
    bad = browser.post(f"/{way}", form)
    assert bad.status_code == 422 and "not the same" in bad.text and "name" in bad.text
    form |= {"password": PASSWORD, "password_again": PASSWORD}
    assert browser.post(f"/{way}", form, headers={"Origin": "null"}).status_code == 403
    assert browser.post(f"/{way}", form).status_code == 303
    form |= {"password": OTHER, "password_again": OTHER}
    assert browser.post(f"/{way}", form).status_code == 410
    assert browser.post("/sign-in", {"name": "accountant", "password": PASSWORD}).status_code == 303
    with site.database.reading() as connection:
        assert keys_in_force(connection, site.database.metadata, person)
        assert person_of(connection, site.database.metadata, person).state == "admitted"


def test_of_two_at_once_one_comes_in(site: Site) -> None:
    person, now = site.members["accountant"].person, site.clock()
    key = site.members["accountant"].key.key
    revoke_key(site.database, site.actor("administrator"), person, key, now)
    hour = datetime.timedelta(hours=1)
    token = one_time.make_one_time(site.database, "invitation", person, hour, now)
    answers: list[int] = []

    def take_up(address: str, password: str) -> None:
        with httpx.Client(base_url=address, trust_env=False, timeout=20) as browser:
            page = browser.get("/invitation", params={"token": token})
            sent = {n: hidden(page.text, n) for n in ("_form_token", "password_token")}
            sent |= {"password": password, "password_again": password}
            barrier.wait(10)
            answers.append(browser.post("/invitation", data=sent).status_code)

    barrier = threading.Barrier(2)
    with serving(site) as address:
        both = [threading.Thread(target=take_up, args=(address, p)) for p in (PASSWORD, OTHER)]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert sorted(answers) == [303, 410]
    with site.database.reading() as connection:
        assert len(keys_in_force(connection, site.database.metadata, person)) == 1


def test_a_link_is_over_in_time(site: Site) -> None:
    person, now = site.members["accountant"].person, site.clock()
    token = one_time.make_one_time(
        site.database, "invitation", person, datetime.timedelta(hours=1), now
    )
    site.now[0] += datetime.timedelta(hours=2)
    assert Client(site, "").get(f"/invitation?token={token}").status_code == 410
