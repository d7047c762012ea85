"""The State officer's work in a browser: release, correct, close, answer, look, and ask why."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from keiryo.reports.service import import_reports
from web.browser import TABLET, Window, launched, until, window
from web.site import Site, serving
from web.test_main_work_accountant import DISCARD, submitted, two_people_for_reports


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


def test_release_of_what_another_prepared(site: Site, browser: Browser) -> None:
    two_people_for_reports(site)
    with serving(site) as address:
        with window(browser, address, site=site, member="accountant") as accountant:
            path = submitted(accountant)
        with window(browser, address, site=site, member="officer") as seen:
            seen.go("/")
            seen.picture("overview-officer-en")
            seen.click('main a[href^="/releases"]')
            if seen.path == "/releases":
                seen.click(f'main a[href="{path}"]')
            words = seen.page.locator("pre.report-text").first.inner_text()
            assert words.startswith("001:OI/XA;111#")
            assert "Aiko Mori" in seen.text() and seen.barriers() == []
            seen.picture("release-en")
            seen.fill(words="Seen with the tank log")
            seen.press("Release")
            seen.go("/reports/XAFA/111")
            assert "Seen with the tank log" in seen.text() and seen.barriers() == []
            with seen.page.expect_download() as waiting:
                seen.page.locator("main").get_by_role("link", name="Text", exact=True).click()
            saved = waiting.value.path().read_text("utf-8")
            assert saved.strip() == words.strip()


def test_correction_with_its_chain_and_a_balance_closed_anew(site: Site, browser: Browser) -> None:
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/reports/XAFA/107")
        seen.click('main a[href$="/correct/1"]')
        assert seen.barriers() == []
        seen.fill(**{"630": "461201.4", "reason": "transposed digits", "report_date": "2026-01-09"})
        seen.press("Show what follows")
        plan = seen.page.locator("#plan")
        assert plan.locator("ol.chain li").count() >= 2
        assert "XARA" in plan.inner_text() and "461201.4" in plan.inner_text()
        assert seen.barriers() == []
        seen.picture("correction-en")
        seen.press("Post the correction")
        assert seen.barriers() == []
        seen.go("/closing")
        seen.follow("XAFA")
        assert seen.barriers() == []
        looked = seen.page.locator('[name="looked"]')
        if looked.count():
            looked.check()
        seen.press("Close the balance", asks=True)
        assert "recorded as" in seen.text()
        assert seen.barriers() == []
        seen.picture("closing-en")


def test_a_finding_answered_and_the_boards(site: Site, browser: Browser) -> None:
    gap = DISCARD.replace(";111", ";113")
    import_reports(site.database, [("gap.txt", gap.encode())], site.actor("officer"))
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/")
        seen.follow("Findings", within="nav.side")
        assert seen.barriers() == []
        seen.click('main tbody a[href^="/findings/"]')
        assert seen.barriers() == []
        note = "番号を飛ばした。\u202eRTL\u202c <b>seen</b>"
        seen.fill(answer=note)
        seen.press("Record the answer")
        words = seen.page.locator('#history [dir="auto"]', has_text="番号を飛ばした")
        assert words.count() == 1 and "<b>seen</b>" in words.inner_text()
        seen.picture("finding-en")
        seen.go("/transit?on=2025-09-30")
        rows = seen.page.locator("#transit tbody tr")
        batches = sorted(
            name for name in rows.locator("td, th").all_inner_texts() if name.startswith("F25-FA")
        )
        assert set(batches) == {f"F25-FA-00{number}" for number in range(1, 5)}
        for row in rows.all_inner_texts():
            assert "XAFA" in row and "XARA" in row and "4" in row.split(), row  # days on the way
        seen.picture("transit-en")
        seen.go("/deadlines")
        due = seen.page.locator("main tbody tr", has_text="MBR").filter(has_text="XAFA")
        assert due.count() == 1 and "30 Jan 2026" in due.inner_text()
        seen.picture("deadlines-en")


def test_an_area_as_known_earlier(site: Site, browser: Browser) -> None:
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/areas")
        seen.follow("XAFA")
        now = seen.page.locator("section[aria-labelledby=balance] table").inner_text()
        seen.picture("area-en")
        seen.fill(known="2025-06-30")
        seen.press("Show")
        assert "Earlier state" in seen.text()
        assert "known on 30 Jun 2025" in seen.text()
        then = seen.page.locator("section[aria-labelledby=balance]").inner_text()
        assert then != now and seen.barriers() == []
        seen.follow("Return to what is known now")
        assert "Earlier state" not in seen.text()


def test_the_chain_walked_by_keyboard(site: Site, browser: Browser) -> None:
    """Three steps to what a figure rests on, one to what rests on it; tab and enter only."""
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/areas/XAFA")
        seen.tab_to('main td a[href*="/MF/E"], main td a[href*="%2FMF%2FE"]')
        seen.enter()
        assert seen.path.startswith("/why?of=figure")
        seen.picture("why-en")
        titles = [seen.page.locator("h1").inner_text()]
        for _ in range(3):
            seen.tab_to("main .columns section:nth-of-type(1) a")
            seen.enter()
            titles.append(seen.page.locator("h1").inner_text())
            assert seen.page.locator(".pic-scroll svg").count() == 1
        assert len(set(titles)) == 4, titles
        below = titles[-1]
        seen.tab_to("main .columns section:nth-of-type(2) a")
        seen.enter()
        assert seen.page.locator("h1").inner_text() != below
        seen.tab_to(".pic-scroll a")  # the boxes of the picture are reached as well
        seen.enter()
        assert seen.path.startswith("/why?of=")
        assert seen.barriers() == []


def test_figures_lead_to_their_acts_in_japanese(site: Site, browser: Browser) -> None:
    """On a tablet: overview, area, an earlier day, why."""
    with (
        serving(site) as address,
        window(browser, address, site=site, member="officer", language="ja", size=TABLET) as seen,
    ):
        seen.go("/")
        seen.picture("overview-tablet-ja")
        seen.go("/areas/XAFA?known=2025-06-30")
        assert "2025年6月30日" in seen.text()
        seen.picture("area-known-ja")
        seen.click("section[aria-labelledby=balance] td a")
        assert seen.path.startswith("/why") and seen.barriers() == []
        seen.picture("why-tablet-ja")


def _led_by_keys(seen: Window, path: str) -> bool:
    """Press g and m, again while the dialog before is not quite gone; return whether they lead."""
    if seen.path != path:
        seen.keys("g", "m")
        time.sleep(0.5)
    return seen.path == path


def test_search_and_keys(site: Site, browser: Browser) -> None:
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/journal")
        seen.keys("/")
        assert seen.page.evaluate("() => document.activeElement.id") == "search"
        seen.page.keyboard.type("F25-FA-001")
        seen.enter()
        assert seen.path.startswith("/search?q=") and "F25-FA-001" in seen.text()
        seen.go("/journal")
        row = seen.page.locator("tr.at")
        seen.keys("j", "j", "k")
        first = seen.page.locator("main tbody tr").first.locator("a").first
        assert row.count() == 1 and row.locator("a").first.inner_text() == first.inner_text()
        seen.enter()
        assert seen.path.startswith("/journal/acts/")
        seen.keys("?")
        keys = seen.page.locator("dialog#keys")
        until(keys.is_visible, "the keys are not shown")
        seen.keys("Escape")
        until(lambda: not keys.is_visible(), "the keys stay")
        seen.mark()
        until(lambda: _led_by_keys(seen, "/areas"), "the keys lead nowhere")
        seen.arrived()
