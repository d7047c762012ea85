"""The reviewer's page in a browser: keys, comparing, playing, marking, and the same by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from keiryo.cli.demo_surveillance import BEGIN, END
from keiryo.surveillance.reviews import open_review
from keiryo.surveillance.tables import LOOK, MARK
from keiryo.web.pages.reviews_known import event_address
from web.browser import TABLET, launched, until, window
from web.site import Site, serving
from web.test_review_pages import HOME, NAME, PAGE, event_of, events, lines
from web.watched_area import CAMERA


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


@pytest.fixture
def opened(watched: Site) -> Site:
    """Return a site with a review that the inspector has opened."""
    open_review(watched.database, watched.actor("inspector"), NAME, [CAMERA], BEGIN, END)
    return watched


def test_reviewer_works_with_keys_alone(opened: Site, browser: Browser) -> None:
    order = [one.key for one in events(opened)]
    with (
        serving(opened) as address,
        window(browser, address, site=opened, member="inspector") as seen,
    ):
        seen.go(event_address(NAME, order[0]))
        assert seen.barriers() == []
        seen.picture("review-event-en")
        picture, sides = seen.page.locator("#picture"), seen.page.locator("#sides")
        for key, word in (
            ("b", "Before"),
            ("a", "After"),
            ("d", "before and after"),
            ("f", "at the peak"),
        ):
            seen.keys(key)
            until(lambda w=word: w in seen.page.locator("#caption").inner_text(), key)
            until(lambda: picture.evaluate("(one) => one.naturalWidth > 0"), "no picture")
            assert not sides.is_visible()
        seen.picture("review-difference-en")
        seen.keys("Space")
        until(lambda: "After" in seen.page.locator("#caption").inner_text(), "not played", 30)
        seen.keys("s")
        assert sides.is_visible()
        seen.mark()
        seen.keys("n")
        seen.arrived()
        assert seen.path == event_address(NAME, order[1])
        seen.mark()
        seen.keys("k")
        seen.arrived()
        assert seen.path == event_address(NAME, order[0])
        seen.keys("?")
        assert "previous event" in seen.page.locator("#keys").inner_text()
        seen.keys("Escape", "m")
        seen.page.keyboard.type("cleaning 1 2 3")
        seen.keys("Escape")
        seen.page.wait_for_timeout(700)
        seen.mark()
        seen.keys("2")
        seen.arrived()
        assert "/events/" in seen.path
    assert event_of(opened, order[0]).verdict == "benign"
    (said,) = lines(opened, MARK.name, review=NAME)
    assert said["note"] == "cleaning 1 2 3"
    (taken,) = lines(opened, LOOK.name, review=NAME)
    assert taken["dwell_ms"] > 500 and taken["width_px"] >= 150


def test_reviewer_works_without_script(opened: Site, browser: Browser) -> None:
    order = [one.key for one in events(opened)]
    with (
        serving(opened) as address,
        window(browser, address, site=opened, member="inspector", script=False) as seen,
    ):
        page = seen.page
        page.goto(f"{address}{event_address(NAME, order[0])}")
        for words in ("Difference before and after d", "Before b", "Play space", "Side by side s"):
            page.get_by_role("link", name=words, exact=True).click()
            page.wait_for_load_state("load")
            assert page.locator("#sides").is_visible() == words.startswith("Side"), words
        opened.now[0] = opened.now[0].replace(minute=45)
        page.get_by_role("button", name="unclear 4").click()
        page.wait_for_load_state("load")
        assert "It was recorded" in page.locator("main").inner_text()
        assert not seen.faults
    assert event_of(opened, order[0]).verdict == "unclear"
    (taken,) = lines(opened, LOOK.name, review=NAME)
    assert taken["dwell_ms"] == 900_000 and taken["width_px"] == 160


def test_pages_are_accessible_small_and_dark(opened: Site, browser: Browser) -> None:
    first = event_address(NAME, events(opened)[0].key)
    with (
        serving(opened) as address,
        window(browser, address, site=opened, member="inspector", size=TABLET, dark=True) as seen,
    ):
        for path, name in ((HOME, "reviews"), (PAGE, "review"), (first, "review-event")):
            seen.go(path)
            assert seen.barriers() == [], path
            seen.picture(f"{name}-dark")
