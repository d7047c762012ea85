"""A real browser for the tests: Debian's Chromium, driven through Playwright, and what it must see.

Every page that a `Window` visits is checked the same way: nothing was said on the console, no
script failed, no policy was violated, nothing was asked of another host, nothing was missing, the
page is no wider than the window and has one heading, a title and a language. Pictures of pages are
kept in the folder that KEIRYO_TEST_SCREENSHOTS names, or in build/screenshots.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooSlow

from web.node_peer import axe_script
from web.site import Site

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable")
FLAGS = (
    "--lang=en-US",  # a date is typed month, day, year
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)
WAIT_MS = 15_000
DESK, TABLET = (1280, 900), (820, 1180)
ADVICE = (
    "These tests drive Debian's Chromium, and none was found. Please install it "
    "(`sudo apt-get install chromium`) and run the tests again. They are never left out, because "
    "nothing else tells whether somebody can work with the pages."
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""What axe-core checks: the rules for WCAG 2.2, levels A and AA."""

COLOURS = ("color-contrast", "link-in-text-block")
"""Of these, what colours decide."""

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


class NoBrowserError(Exception):
    """There is no Chromium on this machine, or it does not start; the message says what to do."""


def chromium_program() -> str:
    """Return the path of Chromium."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise NoBrowserError(ADVICE)
    return found


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Run a Chromium; with it ends everything that was opened in it.

    The loop that Playwright's calls run in belongs to the thread as long as the browser runs, so
    that it is for one module of tests, not for all that a process runs.
    """
    program = chromium_program()
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=program, args=[*FLAGS, *as_root], timeout=60_000
            )
        except Error as error:
            raise NoBrowserError(f"{program} does not start: {error.message}\n{ADVICE}") from error
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """A window of the browser: goes to pages, types, clicks, and notices what goes wrong.

    Attributes
    ----------
    context : BrowserContext
    address : str
        Where the site is.
    language : str
        The language that pages must say they are in.
    allowed : set of int
        Statuses of pages from 400 on that are meant to come; any other is a fault.
    offline : bool
        Requests may fail, because the network was taken away.
    """

    context: BrowserContext
    address: str
    language: str = "en"
    allowed: set[int] = field(default_factory=set)
    offline: bool = False
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self._listen(self.page)

    def _listen(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"script failed: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _said(self, message: Any) -> None:
        status = re.search(r"status of (\d+)", message.text)
        if status is not None:  # told by the answer itself
            return
        if self.offline and "net::ERR" in message.text:
            return
        if message.type in ("error", "warning") or "Content Security" in message.text:
            self.faults.append(f"console: {message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        own = f"{parts.scheme}://{parts.netloc}" == self.address
        if not own and parts.scheme not in ("data", "blob", "about"):
            self.faults.append(f"another host was asked: {request.url}")

    def _failed(self, request: Any) -> None:
        if self.offline or request.failure == "net::ERR_ABORTED":  # left, or became a download
            return
        self.faults.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        status = response.status
        if status >= 400 and status not in self.allowed:
            self.faults.append(f"{response.request.method} {response.url}: {status}")

    def go(self, path: str) -> Page:
        """Load a page and check it."""
        self.page.goto(f"{self.address}{path}", wait_until="load")
        self.check()
        return self.page

    @property
    def path(self) -> str:
        """Path and query of the page that is shown."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def check(self) -> None:
        """Check the page that is shown, and whatever happened up to now."""
        with contextlib.suppress(TooSlow):
            self.page.wait_for_load_state("load", timeout=WAIT_MS)
        seen = self.page.evaluate(
            "() => ({wide: document.documentElement.scrollWidth,"
            " room: document.documentElement.clientWidth,"
            " headings: [...document.querySelectorAll('h1')].map((h) => h.innerText.trim()),"
            " title: document.title.trim(), language: document.documentElement.lang})"
        )
        where, found = self.path, list(self.faults)
        if seen["wide"] > seen["room"] + 1:
            found.append(f"wider than the window: {seen['wide']} px in {seen['room']} px")
        if len(seen["headings"]) != 1 or not seen["headings"][0]:
            found.append(f"not one heading but {seen['headings']}")
        if not seen["title"]:
            found.append("no title")
        if seen["language"] != self.language:
            found.append(f"the language is said to be {seen['language']!r}")
        assert not found, f"{where}:\n" + "\n".join(found)

    def press(self, name: str, *, asks: bool = False) -> None:
        """Press a button of the page by its name, and wait for the page that comes.

        Parameters
        ----------
        name : str
        asks : bool
            The page asks first; the answer is yes.
        """
        self.mark()
        self.page.locator("main").get_by_role("button", name=name, exact=True).first.click()
        if asks:
            self.page.locator("#confirm button[value=yes]").click()
        self.arrived()

    def follow(self, name: str, *, exact: bool = True, within: str = "main") -> None:
        """Follow a link of the page by its name."""
        self.mark()
        link = self.page.locator(within).get_by_role("link", name=name, exact=exact)
        link.first.click()
        self.arrived()

    def click(self, selector: str) -> None:
        """Click on something that leads to another page."""
        self.mark()
        self.page.locator(selector).first.click()
        self.arrived()

    def enter(self) -> None:
        """Press the enter key, and wait for the page that comes."""
        self.mark()
        self.page.keyboard.press("Enter")
        self.arrived()

    def arrived(self) -> None:
        """Wait until another page has come, and check it."""
        until(lambda: not self._is_old(), "no other page came")
        self.check()

    def _is_old(self) -> bool:
        try:
            return bool(
                self.page.evaluate(
                    "() => document.readyState !== 'complete'"
                    " || (document.querySelector('main')?.keiryoSeen ?? false)"
                )
            )
        except Error:  # between two pages
            return True

    def mark(self) -> None:
        """Remember this page, so that `arrived` can tell that another came."""
        self.page.evaluate("() => { document.querySelector('main').keiryoSeen = true; }")

    def fill(self, **values: str) -> None:
        """Type into fields, or choose in them; each is named as its form sends it.

        That a field has a label is for axe-core to tell.
        """
        for name, value in values.items():
            field = self.page.locator(f'main [name="{name}"]:visible').first
            kind = field.evaluate("(field) => field.tagName")
            if kind == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def text(self) -> str:
        """Return what can be read in the content of the page."""
        return self.page.locator("main").inner_text()

    def keys(self, *names: str) -> None:
        """Press keys one after the other."""
        for name in names:
            self.page.keyboard.press(name)

    def tab_to(self, selector: str, most: int = 150) -> None:
        """Reach something in the content with the tab key alone, from where the focus is.

        From the beginning of a page the first link leads over the menu.
        """
        wanted = self.page.locator(selector).first.element_handle()
        if self.page.evaluate("() => document.activeElement === document.body"):
            self.keys("Tab")
            if self.page.evaluate("() => document.activeElement.matches('a.skip-link')"):
                self.keys("Enter")
        for _ in range(most):
            if self.page.evaluate("(wanted) => wanted === document.activeElement", wanted):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached by the keyboard on {self.path}")

    def barriers(self, *rules: str) -> list[str]:
        """Return what axe-core finds wrong on the page, as lines to read.

        Parameters
        ----------
        *rules : str
            Only these rules; default: all of WCAG 2.2, levels A and AA.
        """
        if not self.page.evaluate("() => window.axe !== undefined"):
            self.page.evaluate(f"{axe_script()}\n;0")
        only = {"type": "rule" if rules else "tag", "values": list(rules or RULES)}
        found = self.page.evaluate(
            "(only) => axe.run(document, {runOnly: only, resultTypes: ['violations']}).then("
            "(told) => told.violations.map((one) => [one.id, one.help, one.nodes.map("
            "(node) => [node.target.join(' '), node.html.slice(0, 160), node.failureSummary])]))",
            only,
        )
        return [
            f"{rule} ({words}) {target}: {html}\n    {' '.join(why.split())[:240]}"
            for rule, words, nodes in found
            for target, html, why in nodes[:3]
        ]

    def picture(self, name: str) -> Path:
        """Keep a picture of the page."""
        folder = Path(os.environ.get("KEIRYO_TEST_SCREENSHOTS") or SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{name}.png"
        self.page.screenshot(path=place, animations="disabled", caret="hide")
        return place

    def close(self) -> None:
        """Close the window and forget its cookies."""
        self.context.close()


@contextlib.contextmanager
def window(
    browser: Browser,
    address: str,
    *,
    site: Site | None = None,
    member: str | None = None,
    language: str = "en",
    size: tuple[int, int] = DESK,
    dark: bool = False,
    script: bool = True,
) -> Iterator[Window]:
    """Open a window of its own, as a member of the site who is signed in, or as nobody.

    Parameters
    ----------
    site : Site, optional
        Needed for a member.
    member : str, optional
        Sign-in name of the test site.
    language : str
        ``"en"`` or ``"ja"``.
    size : (int, int)
        Width and height in pixels.
    dark : bool
        The system asks for dark colours.
    script : bool
        False: JavaScript is turned off.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale={"en": "en-GB", "ja": "ja-JP"}[language],
        timezone_id="Asia/Tokyo",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        java_script_enabled=script,
        accept_downloads=True,
    )
    cookies = {"keiryo_language": language}
    if site is not None and member is not None:
        cookies["keiryo_session"] = site.session(member)
    context.add_cookies([{"name": n, "value": v, "url": address} for n, v in cookies.items()])
    opened = Window(context, address, language)
    try:
        yield opened
    finally:
        opened.close()


def until(happened: Callable[[], bool], otherwise: str, wait_s: float = WAIT_MS / 1000) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + wait_s
    while not happened():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
