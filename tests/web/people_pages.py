"""What the tests of pages about people share: cheap passwords, forms as a browser sends them."""

from __future__ import annotations

import datetime
import re
from html import unescape
from typing import Any

import pytest

from keiryo.people import keys
from keiryo.people.accounts import set_password
from web.site import Client, Site

PASSWORD = "a long blue teapot"
OTHER = "seven quiet herons"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make passwords cheap to hash."""
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 64)
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_LANES", 1)


def after_the_books() -> datetime.datetime:
    """Return a time after the last act of the demonstration books, which are made now."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(hours=1)


def give_password(site: Site, name: str, password: str = PASSWORD) -> None:
    """Let a member sign in with a password."""
    member = site.members[name]
    set_password(site.database, member.person, password, member.key, site.clock())


def visitor(site: Site) -> Client:
    """Return a browser that has loaded the sign-in page."""
    made = Client(site, "")
    assert made.get("/sign-in").status_code == 200
    return made


def signed_in(site: Site, name: str, password: str = PASSWORD) -> Client:
    """Return a browser in which somebody signed in."""
    browser = visitor(site)
    answer = browser.post("/sign-in", {"name": name, "password": password})
    assert answer.status_code == 303, answer.text
    return browser


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field of a page, the last of its name: menus come before."""
    found = re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no {name} in the page"
    return unescape(found[-1])


def shown_value(page: str, element: str) -> str:
    """Return the value of a field by its id."""
    found = re.search(
        rf'<(?:input|textarea) id="{element}"(?:[^>]* value="([^"]*)")?[^>]*>([^<]*)', page
    )
    assert found is not None, f"no {element} in the page"
    return unescape(found[1] or found[2])


def cookies_set(answer: Any) -> dict[str, str]:
    """Return the cookies that an answer sets, each with its attributes."""
    lines = answer.headers.get_list("set-cookie")
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}
