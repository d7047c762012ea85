"""Pages of an opened store in a real browser: no barriers, and the page closes itself.

The pages load another one when the store closes. That is a limit of time which cannot be put off,
and it is there on purpose: what WCAG 2.2 (2.2.1) calls essential.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from security_store.store_cases import CHEAP
from web.browser import COLOURS, Window, launched, window
from web.site import Site, copy_of, demonstration_books, make_site, serving
from web.store_site import HOME, copied, make_store, person_of, phrase

ESSENTIAL = "meta-refresh"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Site]:
    folder = copied(make_store(tmp_path), tmp_path / "stores")
    made = make_site(copy_of(demonstration_books(), tmp_path), security_stores=str(folder))
    made.app.state.server.stores.more = {"cost": CHEAP}
    yield made
    made.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Return a browser for this test."""
    with launched() as started:
        yield started


def barriers(seen: Window) -> list[str]:
    """Return what stands in the way on a page, in light and in dark colours."""
    found = seen.barriers()
    seen.page.emulate_media(color_scheme="dark")
    found += seen.barriers(*COLOURS)
    seen.page.emulate_media(color_scheme="light")
    return [f"{seen.path}: {one}" for one in found if not one.startswith(ESSENTIAL)]


def test_an_opened_store_in_a_browser(kept: Site, browser: Browser) -> None:
    (store,) = kept.app.state.server.stores.of(person_of("officer"))
    found: list[str] = []
    with serving(kept) as address:
        with window(browser, address, site=kept, member="officer") as seen:
            seen.go(HOME)
            found += barriers(seen)
            seen.fill(store=store.id, store_password=phrase("officer"))
            seen.press("Open the store")
            for part in ("", "/irregularities", "/releases", "/members"):
                seen.go(f"{HOME}/{store.id}{part}")
                found += barriers(seen)
            seen.press("Close the store")
            found += barriers(seen)
            assert seen.path == f"{HOME}/closed"
        with window(browser, address, site=kept, member="accountant") as seen:
            seen.go(HOME)
            seen.fill(store=store.id, store_password=phrase("accountant"))
            seen.press("Open the store")
            seen.fill(reason="to look at it")
            seen.click('main button[name="record"]')
            assert "wet gate graph" in seen.text()
            found += barriers(seen)
            seen.page.locator("#evaluate-form [name=reason]").fill("first evaluation")
            seen.press("Evaluate")
            seen.fill(reason="to look at it")
            seen.click('tr:has-text("evaluation of protection") button[name="record"]')
            assert "The four minima side by side" in seen.text()
            found += barriers(seen)
    assert not found, "\n".join(found)
