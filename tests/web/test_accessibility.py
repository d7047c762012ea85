"""Every page that anybody can reach, checked by axe-core in a real browser (WCAG 2.2, A and AA).

Nothing is listed by hand: each role begins at the pages without parameters and follows what leads
on, until every route was seen with real values. A page that two roles see alike is checked once.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import Browser

import keiryo
from keiryo.people import keys, one_time
from keiryo.people.joining import first_token
from keiryo.people.sessions import form_token
from keiryo.web.settings import Settings
from web.browser import COLOURS, DESK, TABLET, launched, window
from web.site import PEOPLE, Site, copy_of, demonstration_books, make_site, serving

PARTS = 8
MOST_STEPS = 400
CHANGES = re.compile(
    r'(_form_token|_form_id|form-token)"[^>]*|[A-Za-z0-9_-]{16,}|\d\d:\d\d(:\d\d)?|P-[A-Z0-9]{8}'
)
"""What differs between two visits to the same page."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


@dataclass(frozen=True, eq=False)
class Served:
    """A site with something of everything in it, served."""

    site: Site
    address: str
    seeds: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a site where somebody uploaded, composed, asked for release, and started jobs."""
    site = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("axe")))
    try:
        with serving(site) as address:
            yield Served(site, address, _something_of_everything(site, address))
    finally:
        site.close()


@contextmanager
def _asking(site: Site, address: str, name: str) -> Iterator[httpx.Client]:
    """Give a client without a picture, signed in as a member; redirects are not followed."""
    token = site.session(name)
    given = {"X-Form-Token": form_token(token), "Cookie": f"keiryo_session={token}"}
    with httpx.Client(base_url=address, headers=given, trust_env=False, timeout=30) as client:
        yield client


def _something_of_everything(site: Site, address: str) -> dict[str, list[str]]:
    """Do what leaves pages behind that no link leads to beforehand; return them by role."""
    text = files("keiryo.data").joinpath("state_xa", "XAFA.txt").read_bytes()
    wrong = text.replace(b"XAFA", b"XAF?", 1)
    left: dict[str, list[str]] = {}
    for name in ("accountant", "officer", "inspector"):
        with _asking(site, address, name) as client:
            asked = [client.post("/journal/verify")]
            if name != "inspector":
                sent = {"files": ("reports.txt", wrong, "text/plain")}
                asked.append(client.post("/reports/upload", files=sent))
            left[name] = [a.headers["location"] for a in asked if a.status_code == 303]
    return left


class Links(HTMLParser):
    """Where the links of a page lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href") and "download" not in given:
            self.found.append(unescape(given["href"] or ""))


@dataclass
class Walk:
    """How somebody went through the site."""

    pages: dict[str, str] = field(default_factory=dict)
    """Address to the digest of its content, for pages."""

    seen: set[str] = field(default_factory=set)
    """Routes that answered with anything."""


def page_routes(site: Site) -> dict[str, tuple[re.Pattern[str], Any]]:
    """Return the routes that are read, outside the API: pattern and handler by path."""
    found = {}
    for route in site.app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/static", "/api/")):
            for handler in route.route_handlers:
                if "GET" in handler.http_methods:
                    found[route.path] = (_pattern(route.path), handler)
    return found


def _pattern(path: str) -> re.Pattern[str]:
    kinds = {"int": r"\d+", "str": "[^/]+"}
    parts = re.split(r"\{\w+:(\w+)\}", path)
    text = "".join(re.escape(p) if n % 2 == 0 else kinds[p] for n, p in enumerate(parts))
    return re.compile(text)


def route_of(routes: dict[str, tuple[re.Pattern[str], Any]], path: str) -> str | None:
    """Return the route that answers a path, the most literal one."""
    fits = [name for name, (pattern, _) in routes.items() if pattern.fullmatch(path)]
    return min(fits, key=lambda name: (name.count("{"), name), default=None)


def walk(site: Site, client: httpx.Client, seeds: list[str]) -> Walk:
    """Go through the site: each route once plainly, and once as a page of another leads there."""
    routes = page_routes(site)
    waiting = [path for path in routes if "{" not in path] + seeds
    came, done = dict.fromkeys(waiting, ""), Walk()
    taken: set[tuple[str, bool]] = set()
    while waiting and len(taken) < MOST_STEPS:
        address = waiting.pop(0)
        parts = urlsplit(address)
        route = route_of(routes, parts.path)
        if route is None or (route, bool(parts.query)) in taken:
            continue
        answer = client.get(address)
        if answer.status_code == 303:
            waiting.append(urljoin(address, answer.headers["location"]))
        if answer.status_code in (200, 303):
            done.seen.add(route)
        if answer.status_code != 200 or came.get(address) == route:
            continue
        taken.add((route, bool(parts.query)))
        if "text/html" not in answer.headers["content-type"]:
            continue
        done.pages[address] = _content(answer.text)
        for link in Links(answer.text).found:
            target = urljoin(address, link).split("#")[0]
            if target.startswith("/") and target not in came:
                came[target] = route
                waiting.append(target)
    return done


def _content(text: str) -> str:
    """Return what tells two pages apart: the digest of their content, the menu left out."""
    main = re.search(r"<main.*</main>", text, re.DOTALL)
    plain = CHANGES.sub("", main[0] if main else text)
    return hashlib.sha256(plain.encode()).hexdigest()


@cache
def _walked(served: Served) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    """Return (member, address) of all pages, each once, and the routes that were seen."""
    pages, known, seen = [], set(), set()
    for name in PEOPLE:
        with _asking(served.site, served.address, name) as client:
            done = walk(served.site, client, served.seeds.get(name, []))
        seen |= done.seen
        for address, content in done.pages.items():
            if content not in known:
                known.add(content)
                pages.append((name, address))
    return tuple(pages), frozenset(seen)


def test_every_page_is_reached(served: Served) -> None:
    """A page that no other page leads to is found by nobody."""
    pages, seen = _walked(served)
    routes = page_routes(served.site)
    missed = {
        name
        for name, (_, handler) in routes.items()
        if name not in seen and not handler.opt.get("open") and handler.opt.get("step") is None
    }
    assert missed <= {"/me/link/{name:str}"}, sorted(missed)  # a provider: tested with a real one
    assert len(pages) > 50


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_have_no_barriers(served: Served, browser: Browser, part: int) -> None:
    pages, _ = _walked(served)
    found: list[str] = []
    for name in PEOPLE:
        mine = [address for n, (m, address) in enumerate(pages) if n % PARTS == part and m == name]
        if not mine:
            continue
        with window(browser, served.address, site=served.site, member=name) as seen:
            for address in mine:
                found += _barriers(seen, address, name)
    assert not found, "\n".join(found)


def _barriers(seen: Any, address: str, name: str) -> list[str]:
    """Check a page on a desk in light and dark colours, and on a tablet."""
    found = []
    try:
        seen.go(address)
        found += seen.barriers()
        seen.page.emulate_media(color_scheme="dark")
        found += [f"dark: {one}" for one in seen.barriers(*COLOURS)]
        seen.page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
        seen.check()
    except AssertionError as fault:
        found.append(str(fault))
        seen.faults.clear()
    finally:
        seen.page.emulate_media(color_scheme="light")
        seen.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    return [f"{name} {address}: {one}" for one in found]


@pytest.mark.parametrize("part", range(2))
def test_japanese_pages_have_no_barriers(served: Served, browser: Browser, part: int) -> None:
    pages = [address for member, address in _walked(served)[0] if member == "officer"][part::2]
    found: list[str] = []
    asked = {"site": served.site, "member": "officer", "language": "ja"}
    with window(browser, served.address, **asked) as seen:  # type: ignore[arg-type]
        for address in pages:
            try:
                seen.go(address)
                found += [f"{address}: {one}" for one in seen.barriers()]
            except AssertionError as fault:
                found.append(str(fault))
                seen.faults.clear()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_for_who_is_not_signed_in(
    served: Served, browser: Browser, language: str, dark: bool
) -> None:
    site = served.site
    person = site.members["accountant2"].person
    day = datetime.timedelta(days=1)
    links = {
        purpose: one_time.make_one_time(site.database, purpose, person, day, site.clock())
        for purpose in (one_time.INVITATION, one_time.RESET)
    }
    addresses = ["/sign-in", "/sign-in?out=1", f"/invitation?token={links[one_time.INVITATION]}"]
    addresses += [f"/reset?token={links[one_time.RESET]}"]
    with window(browser, served.address, language=language, dark=dark) as seen:
        for address in addresses:
            seen.go(address)
            assert seen.barriers() == [], address
        seen.allowed = {410, 404, 401}
        for address in ("/reset?token=spent", "/set-up", "/nowhere"):
            seen.go(address)
            assert seen.barriers() == [], address


def test_the_first_page_of_all(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting up, where nobody was admitted yet, and the second factor."""
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)
    place = tmp_path / "new.sqlite"
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    site = Site(books.database, Settings(str(place)), {})
    with serving(site) as address:
        token = first_token(site.database, site.clock())
        with window(browser, address) as seen:
            seen.go(f"/set-up?token={token}")
            assert seen.barriers() == []
            seen.go("/sign-in")
            assert seen.barriers() == []
    site.close()
