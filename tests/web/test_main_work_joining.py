"""The first day in a browser: set up, admit people, take up invitations, sign in, second factor."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import keiryo
from keiryo.people import keys, totp
from keiryo.people.joining import first_token
from keiryo.reports.service import import_reports
from keiryo.web.settings import Settings
from web.browser import TABLET, Window, launched, window
from web.site import Site, serving
from web.test_main_work_accountant import reports_of

ADMIN, OFFICER, ACCOUNTANT = (
    "four cranes over Lake Biwa",
    "seven boats on the Sumida",
    "nine lanterns at Tanabata",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a site with books of an area, to which nobody was admitted yet."""
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)
    place = tmp_path / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    texts, context = reports_of("XAFA")
    import_reports(books.database, texts, books.actor, context=context)
    made = Site(books.database, Settings(str(place)), {}, [datetime.datetime.now(datetime.UTC)])
    yield made
    made.close()


def choose_password(seen: Window, password: str) -> None:
    """Choose a password on the page of a link."""
    seen.fill(password=password, password_again=password)
    assert seen.barriers() == []
    seen.click("main button.primary")


def sign_in(seen: Window, name: str, password: str) -> None:
    """Sign in with name and password."""
    seen.fill(name=name, password=password)
    seen.click("main button.primary")


def sign_out(seen: Window) -> None:
    """Sign out by the menu of the person."""
    seen.page.locator("header details.drop summary").click()
    seen.click('form[action="/sign-out"] button')


def admit(seen: Window, shown: str, name: str, role: str, scope: str) -> str:
    """Admit somebody as an administrator; return the link."""
    seen.follow("Administration", within="nav.side")
    seen.follow("Admit a person")
    seen.fill(display_name=shown, sign_in_name=name)
    seen.page.locator('main [name="role1"]').select_option(role)
    options = seen.page.locator('main [name="scope1"] option').all()
    values = [one.get_attribute("value") or "" for one in options]
    seen.page.locator('main [name="scope1"]').select_option(
        next(value for value in values if value.endswith(scope))
    )
    assert seen.barriers() == []
    seen.press("Admit and make the invitation")
    link = seen.page.locator("#link").input_value()
    assert re.search(r"/invitation\?token=[\w-]{43}$", link), link
    assert seen.barriers() == []
    return link[link.index("/invitation") :]


def test_from_the_first_token_to_people_at_work(fresh: Site, browser: Browser) -> None:
    with serving(fresh) as address:
        with window(browser, address) as admin:
            admin.go("/sign-in")
            assert "Nobody has been admitted" in admin.text()
            token = first_token(fresh.database, fresh.clock())
            admin.go(f"/set-up?token={token}")
            admin.picture("set-up-en")
            admin.fill(display_name="Hana Kudo", sign_in_name="hana.kudo")
            admin.allowed = {422}
            choose_password(admin, "password")
            assert admin.page.locator("[aria-invalid=true]").count() == 1
            assert admin.page.locator('[name="sign_in_name"]').input_value() == "hana.kudo"
            assert admin.barriers() == []
            admin.allowed = set()
            choose_password(admin, ADMIN)
            sign_in(admin, "hana.kudo", ADMIN)
            assert admin.path == "/"
            officer_link = admit(admin, "Chie Tanaka", "chie.tanaka", "State officer", "XA")
            accountant_link = admit(admin, "森 愛子", "aiko.mori", "facility accountant", "/XAFA")
            admin.go("/admin")
            admin.picture("administration-en")
            assert "森 愛子" in admin.text()
        with window(browser, address) as officer:
            officer.go(officer_link)
            assert "Chie Tanaka" in officer.text()
            choose_password(officer, OFFICER)
            officer.allowed = {401, 410}
            sign_in(officer, "chie.tanaka", "not this one at all")
            assert "do not belong together" in officer.text()
            assert officer.page.locator('[name="name"]').input_value() == "chie.tanaka"
            sign_in(officer, "chie.tanaka", OFFICER)
            assert officer.path == "/" and "Chie Tanaka" in officer.page.content()
            officer.go(officer_link)  # a link works once
            assert "does not work any more" in officer.text()
            officer.allowed = set()
            _second_factor(fresh, officer)
        with window(browser, address, language="ja", size=TABLET) as accountant:
            accountant.go(accountant_link)
            assert accountant.barriers() == []
            choose_password(accountant, ACCOUNTANT)
            sign_in(accountant, "aiko.mori", ACCOUNTANT)
            accountant.go("/areas/XAFA")
            assert accountant.barriers() == []
            accountant.picture("area-tablet-ja")
            sign_out(accountant)
            assert accountant.path.startswith("/sign-in")


def _second_factor(site: Site, seen: Window) -> None:
    """Set up an authenticator, sign out, and sign in with it."""
    seen.go("/me/access")
    seen.press("Set up the second factor")
    secret = re.sub(r"\s", "", seen.page.locator(".qr-code code").inner_text())
    assert seen.barriers() == []
    seen.allowed = {422, 401}
    seen.fill(one_time_password="000000")
    seen.press("Take it into use")
    assert seen.barriers() == []
    seen.fill(one_time_password=totp.code_at(secret, int(site.clock().timestamp()) // totp.STEP_S))
    seen.press("Take it into use")
    codes = seen.page.locator("main code").all_inner_texts()
    assert len(codes) >= 8
    sign_out(seen)
    seen.go("/areas/XAFA")  # asks to sign in first, and goes on there afterwards
    sign_in(seen, "chie.tanaka", OFFICER)
    assert seen.path.startswith("/sign-in/second")
    expect(seen.page.locator('[name="one_time_password"]')).to_be_focused()
    assert seen.barriers() == []
    seen.page.keyboard.type(codes[0])
    seen.enter()
    assert seen.path == "/areas/XAFA"
