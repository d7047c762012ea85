"""Every page that anybody can reach, checked by axe-core in a real browser (WCAG 2.2, A and AA).

Nothing is listed by hand: each role begins at the pages without parameters and follows what leads
on, until every route was seen with real values. The first page of every route is checked in the
browser, and of the others each that has an element, as it is written and where it stands, that no
page before it had: what another role sees less of is not checked again.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
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
from keiryo.reports.service import import_reports
from keiryo.web.settings import Settings
from web.browser import COLOURS, DESK, TABLET, launched, until, window
from web.cooperating_state import record_cooperation
from web.detecting_port import daily_file, detect
from web.site import Site, copy_of, make_site, serving
from web.test_main_work_accountant import DISCARD, WRONG, two_people_for_reports
from web.test_protection_pages import made_of as regime_of
from web.test_release_pages import submitted
from web.watched_area import watched_books

PARTS = 8
ROLES = (
    "officer",
    "accountant",
    "inspector",
    "security",
    "cooperation",
    "administrator",
    "auditor",
    "port",
    "headquarters",
)
"""A member of each role."""

ELSEWHERE = (
    "/me/link/{name:str}",  # leads to a provider; tested with a real one
    "/areas/{mba:str}/batch",  # a name in a query; leads to the page of the batch
    "/reports/upload/{digest:str}/result",  # reached by accepting, in the accountant's work
    "/evidence/{digest:str}",  # a file
    "/spectra/look/",  # a file that was sent to look at; tested with the viewer
    "/surveillance/cameras/{name:str}/views/{version:int}/{which:str}",  # a picture, where kept
    "/surveillance/images/",  # a picture
    "/surveillance/differences/",  # a picture
    "/forms/waiting/{number:str}",  # leads back to a form after a sign-in elsewhere
    "/cooperation/information-packages/{act:int}",  # a file, once something was handed out
    "/protection/stores",  # off; checked in test_store_barriers
    "/notices/",  # the demonstration State gave no notices and statements
    "/statements/",
)
"""How routes begin that nothing in these books leads to."""

TRIED = 2
"""Addresses of a route that an officer tries; the one with most in it is the one that is checked.
The others, who see less, try one."""

TELLING = ("aria-current", "aria-expanded", "class", "hidden", "role", "scope", "type")
"""Attributes whose values make another element of it; of others only that they are there."""
ALONE = ("br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
"""Elements that hold nothing."""


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
    folder = tmp_path_factory.mktemp("axe")
    place = copy_of(watched_books(), folder)
    books = keiryo.open(place, person="P-DEMO2345")
    detect(books, folder)
    books.disconnect()
    site = make_site(place)
    record_cooperation(site)
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
    with Reader(base_url=address, headers=given, trust_env=False, timeout=30) as client:
        yield client


class Reader(httpx.Client):
    """A client that sends forms as the clients of other tests do."""

    def post(self, url: Any, data: Any = None, **more: Any) -> httpx.Response:
        """Send a form."""
        return super().post(url, data=data, **more)


def _something_of_everything(site: Site, address: str) -> dict[str, list[str]]:
    """Do what leaves pages behind that no link leads to beforehand; return them by role."""
    left: dict[str, list[str]] = {}
    two_people_for_reports(site)
    regime_of(site)
    with _asking(site, address, "officer") as officer:
        asked = [officer.post("/journal/verify"), _sent(officer, WRONG)]
        pack = {"from": "2025-01-01", "to": "2025-12-31"}
        asked.append(officer.post("/areas/XALA/audit-pack", pack))
        daily = {"file": ("day.csv", daily_file() + b" ", "text/csv")}
        day = {"day": "2026-01-09"}
        asked.append(officer.post("/portals/RPM-2/upload", data=day, files=daily))
        left["officer"] = [a.headers["location"] for a in asked if a.status_code == 303]
        left["officer"] += ["/why?of=line:3/1", "/why?of=XAFA/F25-FA-001", "/search?q=F25"]
        left["officer"] += ["/why?of=report:XAFA/102", "/obligations/statements/AU/2025"]
    gap = DISCARD.replace(";111", ";113").replace("LIQ-01", "LIQ-03").encode()
    import_reports(site.database, [("gap.txt", gap)], site.actor("officer"))
    with _asking(site, address, "accountant") as accountant:
        left["accountant"] = [_sent(accountant, WRONG).headers["location"]]
        submitted(accountant)
    _wait_for_jobs(site)
    return left


def _sent(client: httpx.Client, text: str) -> httpx.Response:
    sent = {"files": ("reports.txt", text.encode(), "text/plain")}
    return client.post("/reports/upload", files=sent)


def _wait_for_jobs(site: Site) -> None:
    jobs = site.app.state.jobs
    until(lambda: jobs.running == 0, "the jobs do not end", 60)


class Links(HTMLParser):
    """Where a page leads: links to pages, and what is handed out or asked by a form."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pages: list[str] = []
        self.others: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            (self.others if "download" in given else self.pages).append(given["href"])
        elif tag == "img" and given.get("src"):
            self.others.append(given["src"])
        elif tag == "form" and given.get("method") == "get":
            self.others.append(given.get("action", ""))


class Shapes(HTMLParser):
    """The elements of a page as they are written, each with the two that it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()
        self._open: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = sorted(f"{n}={v}" if n in TELLING else n for n, v in attrs)
        shape = " ".join((tag, *words))
        self.found.add((*(shape for _, shape in self._open[-2:]), shape))
        if tag not in ALONE:
            self._open.append((tag, shape))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass


@dataclass
class Walk:
    """How somebody went through the site."""

    pages: list[tuple[str, str, set[tuple[str, ...]]]] = field(default_factory=list)
    """Route, address and elements of pages, as they are written."""

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


def walk(site: Site, client: httpx.Client, seeds: list[str], *, queries: bool) -> Walk:
    """Go through the site: each route once plainly, and once as another page asks for it.

    Parameters
    ----------
    seeds : list of str
        Addresses to begin at, besides the routes without parameters.
    queries : bool
        Whether pages are seen with a query as well.
    """
    routes = page_routes(site)
    waiting = [path for path in routes if "{" not in path] + seeds
    came, done = dict.fromkeys(waiting, ""), Walk()
    tried: Counter[tuple[str, bool]] = Counter()
    fullest: dict[tuple[str, bool], tuple[int, str, str]] = {}
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        route = route_of(routes, parts.path)
        asked = bool(parts.query)
        if (
            route is None
            or tried[route, asked] >= (TRIED if queries else 1)
            or (asked and not queries)
        ):
            continue
        if asked and came[address] == route:  # its own sorting and paging
            continue
        answer = client.get(address)
        links = Links("")
        if answer.status_code == 303:
            links.pages.append(answer.headers["location"])
        if answer.status_code in (200, 303):
            done.seen.add(route)
        if answer.status_code == 200:
            tried[route, asked] += 1
            if "text/html" in answer.headers["content-type"]:
                links = Links(answer.text)
                page = (len(answer.text), address, answer.text)
                fullest[route, asked] = max(page, fullest.get((route, asked), page))
        for link in links.others:
            known = route_of(routes, urlsplit(urljoin(address, link)).path)
            done.seen |= {known} - {None}
        for link in links.pages:
            target = urljoin(address, link).split("#")[0]
            if target.startswith("/") and target not in came:
                came[target] = route
                waiting.append(target)
    for (route, _), (_, address, text) in fullest.items():
        main = re.search(r"<main.*</main>", text, re.DOTALL)
        done.pages.append((route, address, Shapes(main[0] if main else text).found))
    return done


@cache
def _walked(served: Served) -> tuple[tuple[tuple[str, str, bool], ...], frozenset[str]]:
    """Return the pages to be checked, and the routes that were seen.

    Pages are (member, address, whether they have elements that no page before had).
    """
    pages, seen, routes = [], set(), set()
    known: set[tuple[str, ...]] = set()
    for name in ROLES:
        with _asking(served.site, served.address, name) as client:
            done = walk(served.site, client, served.seeds.get(name, []), queries=name == "officer")
        seen |= done.seen
        for route, address, elements in done.pages:
            new = not elements <= known
            if new or route not in routes:
                pages.append((name, address, new))
                routes.add(route)
                known |= elements
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
    missed = {name for name in missed if not name.startswith(ELSEWHERE)}
    assert not missed, sorted(missed)
    assert len(pages) > 50


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_have_no_barriers(served: Served, browser: Browser, part: int) -> None:
    pages, _ = _walked(served)
    found: list[str] = []
    for name in ROLES:
        mine = [page[1:] for n, page in enumerate(pages) if n % PARTS == part and page[0] == name]
        if not mine:
            continue
        with window(browser, served.address, site=served.site, member=name) as seen:
            for address, new in mine:
                found += _barriers(seen, address, name, new=new)
    assert not found, "\n".join(found)


def _barriers(seen: Any, address: str, name: str, *, new: bool) -> list[str]:
    """Check a page on a desk and on a tablet; one with new elements in dark colours as well."""
    found = []
    try:
        seen.go(address)
        found += seen.barriers()
        if new:
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
    officer = [page for page in _walked(served)[0] if page[0] == "officer" and page[2]]
    pages = [address for _, address, _ in officer if "?" not in address][part::2]
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
