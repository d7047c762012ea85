"""Zones drawn by clicking, and by hand; zones and full resolution in the reviewer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from keiryo.surveillance.reviews import open_review
from keiryo.surveillance.screening_run import screen
from keiryo.surveillance.zones import ZoneEntry, parse_polygon, record_zones, zones_of
from keiryo.web.pages.reviews_known import event_address
from web.browser import launched, until, window
from web.site import Site, copy_of, make_site, serving
from web.test_review_pages import events
from web.watched_area import CAMERA, watched_books

ZONES = f"/surveillance/cameras/{CAMERA}/zones"
BEGIN, END = datetime(2025, 12, 10, 8, 30, tzinfo=UTC), datetime(2025, 12, 10, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site with zones, with which an hour of the morning was screened and reviewed."""
    made = make_site(copy_of(watched_books(), tmp_path_factory.mktemp("drawing")))
    actor = made.actor("inspector")
    corners = parse_polygon("0.1,0.2 0.9,0.2 0.9,0.8 0.1,0.8")
    record_zones(made.database, actor, CAMERA, [ZoneEntry("rack", "INTEREST", corners)])
    screen(made.database, actor, CAMERA, BEGIN, END)
    open_review(made.database, actor, "morning", [CAMERA], BEGIN, END)
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def address(watched: Site) -> Iterator[str]:
    """Return where the site is served to all tests."""
    with serving(watched) as served:
        yield served


def test_zones_are_drawn_by_clicking(watched: Site, address: str, browser: Browser) -> None:
    with window(browser, address, site=watched, member="inspector") as seen:
        seen.go(ZONES)
        page, field = seen.page, seen.page.locator("#f-polygon_2")
        assert seen.barriers() == []
        frame = page.locator("[data-zone-frame]")
        box = frame.bounding_box()
        assert box is not None
        page.get_by_role("button", name="Draw zone 2 on the image").click()
        for x, y in ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.1, 0.9)):
            frame.click(position={"x": x * box["width"], "y": y * box["height"]})
        assert len(field.input_value().split()) == 4
        page.locator("[data-zone-row='2'] [data-zone-undo]").click()
        first = [float(one) for one in field.input_value().split()[0].split(",")]
        assert first == pytest.approx([0.25, 0.25], abs=0.01)
        assert "3 corners" in page.get_by_role("status").filter(has_text="corners").inner_text()
        drawn = page.locator("g[data-row='2'] .zone-line")
        assert len(str(drawn.get_attribute("points")).split()) == 3
        seen.picture("camera-zones-en")
        field.fill("0.2,0.2 0.4,0.2 0.4,0.4")
        assert str(drawn.get_attribute("points")).startswith("200.0,")
        page.locator("#f-name_2").fill("door")
        page.get_by_role("button", name="Record the zones").click()
        page.get_by_role("status").filter(has_text="It was recorded").wait_for()
        seen.picture("camera-with-zones-en")
        assert seen.barriers() == []
    with watched.database.reading() as connection:
        found = zones_of(connection, watched.database.metadata, CAMERA, 1)
    assert [one.zone.name for one in found] == ["rack", "door"]
    assert found[1].corners == ((2000, 2000), (4000, 2000), (4000, 4000))


def test_zones_and_full_resolution_in_the_reviewer(
    watched: Site, address: str, browser: Browser
) -> None:
    page_of_event = event_address("morning", events(watched, "morning")[0].key)
    with window(browser, address, site=watched, member="inspector", script=False) as seen:
        seen.go(page_of_event)
        zones = seen.page.locator(".zones:visible")
        assert zones.count() == 0
        seen.page.get_by_role("link", name="Zones").click()
        assert zones.count() == 3 and "rack: matters first" in str(
            zones.first.locator("svg").get_attribute("aria-label")
        )
        seen.page.get_by_role("link", name="Full resolution").click()
        assert zones.count() == 1 and seen.page.locator(".zoom-frame").is_visible()
        assert "width=10000" in str(seen.page.locator("#picture").get_attribute("src"))
        seen.page.get_by_role("link", name="full size").click()
        assert seen.page.locator("img").count() == 1
    with window(browser, address, site=watched, member="inspector") as seen:
        seen.go(page_of_event)
        drawing = seen.page.locator("#sides .zones").first
        assert not drawing.is_visible()
        seen.keys("z")
        until(drawing.is_visible, "no zones")
        seen.keys("x")
        picture = seen.page.locator("#picture")
        until(lambda: "width=10000" in str(picture.get_attribute("src")), "not at full resolution")
        until(lambda: picture.evaluate("(one) => one.clientWidth === one.naturalWidth"), "fitted")
        seen.picture("review-zoomed-en")
        assert seen.barriers() == []
        seen.keys("x")
        until(lambda: "width=1280" in str(picture.get_attribute("src")), "not fitted again")
        seen.keys("d")
        until(lambda: "/differences/" in str(picture.get_attribute("src")), "no difference")
        assert not seen.page.locator("#full-size").is_visible()
        seen.page.reload()
        until(seen.page.locator("#sides .zones").first.is_visible, "zones are not kept")
