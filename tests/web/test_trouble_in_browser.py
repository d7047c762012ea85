"""Trouble in a browser: somebody was faster, the network goes, the session ends, names are hostile.

In all of it nothing is done twice, nothing typed is lost, and the page says what happened.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from keiryo.people import keys
from keiryo.people.accounts import set_password
from keiryo.people.sessions import end_all
from web.browser import Window, launched, until, window
from web.site import Site, serving
from web.test_main_work_accountant import (
    COMPOSE,
    DISCARD,
    submitted,
    two_people_for_reports,
    upload,
    write_row,
)

RTL, END = "\u202e", "\u202c"
NAMES = [
    "x" * 251 + ".txt",
    f"report{RTL}txt.exe{END}.txt",
    "a\"b'c<script>alert(1)</script>.txt",
    "../../etc/x.txt",
    "一月の報告　第１号.txt",
]
PASSWORD = "four cranes over Lake Biwa"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


def acts(site: Site, kind: str | None = None) -> int:
    """Return how many acts there are, of a kind."""
    table = site.database.metadata.tables["act"]
    query = select(func.count()).select_from(table)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    with site.database.reading() as connection:
        return int(connection.execute(query).scalar_one())


def source_lines(site: Site, batch: str) -> int:
    """Return how many lines about a batch are in the books that no report has reported yet."""
    table = site.database.metadata.tables["inventory_change"]
    query = select(func.count()).where(table.c.batch == batch, table.c.report_no.is_(None))
    with site.database.reading() as connection:
        return int(connection.execute(query).scalar_one())


def test_somebody_posted_in_between(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as one,
        window(browser, address, site=site, member="accountant2") as two,
    ):
        one.go(COMPOSE)
        write_row(one, 1)
        two.go(COMPOSE)
        write_row(two, 1, batch="F26-LIQ-09")
        two.press("Record source lines")
        before = acts(site)
        one.allowed = {409}
        one.press("Record source lines")
        assert "Somebody posted about this area" in one.text() and acts(site) == before
        assert one.page.locator('[name="r1_batch"]').input_value() == "F26-LIQ-02"
        assert one.page.locator('main .notice a[href^="/journal/acts/"]').count() == 1
        assert one.barriers() == []
        one.picture("stale-form-en")
        one.press("Record source lines")
        assert acts(site) == before + 1


def test_double_click_back_and_again(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as seen,
    ):
        seen.go(COMPOSE)
        write_row(seen, 1)
        before = acts(site)
        seen.mark()
        seen.page.locator("button[value=record]").dblclick()
        seen.arrived()
        assert acts(site) == before + 1
        seen.page.go_back(wait_until="load")
        seen.allowed = {409, 422}
        if not seen.page.locator('[name="r1_batch"]').input_value():  # the browser asked anew
            write_row(seen, 1)
        seen.press("Record source lines")
        if seen.path.startswith(COMPOSE):  # a new form: the books say that they have it
            told = seen.page.locator(".entry-findings li", has_text="DUPLICATE")
            assert told.count() == 1
            assert f"the same batch, day and code as act {before + 1}" in told.inner_text()
        assert acts(site) == before + 1
    assert source_lines(site, "F26-LIQ-02") == 1


def test_the_network_goes_while_a_file_is_sent(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as seen,
    ):
        seen.go("/reports/upload")
        sent = {"name": "january.txt", "mimeType": "text/plain", "buffer": DISCARD.encode()}
        seen.page.locator('[name="files"]').set_input_files([sent])  # type: ignore[list-item]
        seen.offline = True
        seen.context.set_offline(True)
        seen.page.locator("main").get_by_role("button", name="Check", exact=True).click()
        told = seen.page.locator("[data-upload-text]")
        until(lambda: "connection was lost" in told.inner_text(), "nothing is said about it")
        seen.picture("upload-lost-en")
        seen.context.set_offline(False)
        seen.offline = False
        seen.press("Check")  # the file is still chosen
        assert "Nothing is recorded yet" in seen.text()


def test_a_long_form_is_kept_while_the_network_is_away(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as seen,
    ):
        seen.go(COMPOSE)
        seen.offline = True
        seen.context.set_offline(True)
        seen.fill(r1_batch="F26-LIQ-77")
        told = seen.page.locator("[data-saved-text]")
        until(lambda: "No connection" in told.inner_text(), "nothing is said about it")
        seen.context.set_offline(False)
        until(lambda: "Saved" in told.inner_text(), "it is not sent when the connection is back")
        seen.offline = False
        seen.page.reload(wait_until="load")
        assert seen.page.locator('[name="r1_batch"]').input_value() == "F26-LIQ-77"


def test_the_session_ends_in_the_middle_of_a_long_form(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)
    member = site.members["accountant"]
    set_password(site.database, member.person, PASSWORD, member.key, site.clock())
    with serving(site) as address, window(browser, address) as seen:
        seen.go(COMPOSE)
        seen.fill(name="accountant", password=PASSWORD)
        seen.click("main button.primary")
        write_row(seen, 1, batch="F26-満-01")
        write_row(seen, 2, batch=f"B{RTL}02{END}")
        told = seen.page.locator("[data-saved-text]")
        until(lambda: "Saved" in told.inner_text(), "what is typed is not kept")
        seen.page.wait_for_load_state("networkidle")
        end_all(site.database, member.person, site.clock())
        before = acts(site)
        seen.allowed = {401, 403}
        seen.press("Record source lines")
        assert "what you typed is kept" in seen.text() and acts(site) == before
        assert seen.barriers() == []
        seen.picture("session-ended-en")
        seen.fill(name="accountant", password=PASSWORD)
        seen.click("main button.primary")
        assert seen.path.startswith(COMPOSE)
        for name, value in (
            ("r1_batch", "F26-満-01"),
            ("r1_fissile", "0.55"),
            ("r1_date", "2026-01-05"),
            ("r2_batch", f"B{RTL}02{END}"),
            ("r2_code", "LD"),
        ):
            assert seen.page.locator(f'[name="{name}"]').input_value() == value
        assert acts(site) == before


def test_the_session_ends_while_something_is_typed(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are checked while they are written; that check meets a session that has ended."""
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)
    member = site.members["accountant"]
    set_password(site.database, member.person, PASSWORD, member.key, site.clock())
    with serving(site) as address, window(browser, address) as seen:
        seen.go(COMPOSE)
        seen.fill(name="accountant", password=PASSWORD)
        seen.click("main button.primary")
        end_all(site.database, member.person, site.clock())
        seen.allowed = {401, 403}
        seen.mark()
        seen.fill(r1_batch="F26-LIQ-88", r1_kmp="3")
        seen.page.keyboard.press("Tab")
        seen.page.wait_for_timeout(2500)  # both the check and the saving come within this
        seen.check()
        if seen.page.locator('main [name="password"]').count() == 0:
            seen.press("Check")
        seen.fill(name="accountant", password=PASSWORD)
        seen.click("main button.primary")
        if not seen.path.startswith(COMPOSE):
            seen.go(COMPOSE)
        assert seen.page.locator('[name="r1_batch"]').input_value() == "F26-LIQ-88"
        assert seen.page.locator('[name="r1_kmp"]').input_value() == "3"


def test_two_release_at_the_same_time(site: Site, browser: Browser) -> None:
    two_people_for_reports(site)
    with serving(site) as address:
        with window(browser, address, site=site, member="accountant") as accountant:
            path = submitted(accountant)
        with (
            window(browser, address, site=site, member="officer") as one,
            window(browser, address, site=site, member="officer2") as two,
        ):
            for seen in (one, two):
                seen.go(path)
                seen.allowed = {409}
                seen.mark()
            for seen in (one, two):  # neither waits for the other
                seen.page.locator("main button[value=release]").click(no_wait_after=True)
            for seen in (one, two):
                seen.arrived()
            assert acts(site, "report.issue") == 1
            both = one.text() + two.text()
            assert "Chie Tanaka" in both or "Daniel Ono" in both
            one.go(path)
            assert one.page.get_by_role("button", name="Release", exact=True).count() == 0


def test_the_clock_of_the_server_goes_wrong(site: Site, browser: Browser) -> None:
    """Hours back and years ahead: pages are shown, or one has to sign in again; nothing breaks."""
    with serving(site) as address:
        for hours in (-26, 24 * 400):
            with window(browser, address, site=site, member="officer") as seen:
                seen.go("/")
                site.now[0] += datetime.timedelta(hours=hours)
                for path in ("/", "/areas/XAFA", "/deadlines", "/journal"):
                    seen.allowed = {401, 503}
                    seen.go(path)
                assert seen.page.locator("h1").count() == 1
                site.now[0] -= datetime.timedelta(hours=hours)


def test_hostile_file_names(site: Site, browser: Browser, tmp_path: Path) -> None:
    del tmp_path
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as seen,
    ):
        for number, name in enumerate(NAMES):
            text = DISCARD.replace("F26-LIQ-01", f"F26-LIQ-{number}")
            seen.go("/reports/upload")
            upload(seen, name, text)
            shown = seen.page.locator("main bdi").all_inner_texts()
            assert shown, name
            assert not any("/" in one or RTL in one for one in shown), shown
            assert seen.page.locator("main script").count() == 0
        assert any("一月の報告" in one for one in shown)
        seen.picture("file-names-en")


def test_reading_without_script(site: Site, browser: Browser) -> None:
    """Every page of the menu; sorting, filtering, paging by links and forms; why; the areas."""
    with (
        serving(site) as address,
        window(browser, address, site=site, member="officer", script=False) as seen,
    ):
        _go(seen, "/")
        menu = [link.get_attribute("href") or "" for link in seen.page.locator("nav.side a").all()]
        assert len(menu) > 8
        for path in menu:
            _go(seen, path)
            assert len(seen.text()) > 40, path
        _go(seen, "/journal")
        seen.page.locator("#acts-sort-kind").click()
        assert "sort=kind" in seen.path
        assert seen.page.locator("th[aria-sort=ascending]").count() == 1
        seen.page.locator("#acts-filter-kind").fill("report.accept")
        seen.page.locator("#acts-filter button[type=submit]").click()
        kinds = seen.page.locator("main tbody tr td:nth-child(3)").all_inner_texts()
        assert kinds and set(kinds) == {"report.accept"}
        _go(seen, "/areas/XAFA/ledger?size=50")
        count = seen.page.locator(".pager-count").first.inner_text()
        following = seen.page.locator("a[data-step=next]")
        if following.count():
            following.first.click()
            assert seen.page.locator(".pager-count").first.inner_text() != count
        _go(seen, "/areas/XAFA")
        assert seen.page.locator("figure.chart svg").count() >= 1
        seen.page.locator("main td a").first.click()
        assert seen.path.startswith("/why") and seen.page.locator(".pic-scroll svg").count() == 1


def _go(seen: Window, path: str) -> None:
    seen.page.goto(f"{seen.address}{path}", wait_until="load")
    assert seen.faults == [], seen.faults
    assert seen.page.locator("h1").count() == 1


def test_signing_in_without_script(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)
    member = site.members["inspector"]
    set_password(site.database, member.person, PASSWORD, member.key, site.clock())
    with serving(site) as address, window(browser, address, script=False) as seen:
        _go(seen, "/areas/XAFA")
        seen.fill(name="inspector", password=PASSWORD)
        seen.page.locator("main button.primary").click()
        assert seen.path == "/areas/XAFA"
        seen.page.locator("header details.drop summary").click()
        seen.page.get_by_role("button", name="日本語").click()
        assert seen.page.locator("html").get_attribute("lang") == "ja"


def test_printing(site: Site, browser: Browser) -> None:
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        for path in ("/areas/XAFA", "/reports/XAFA/102"):
            seen.go(path)
            paper = seen.page.pdf(format="A4")
            assert paper.startswith(b"%PDF") and len(paper) > 5_000
            seen.page.emulate_media(media="print")
            for selector in ("nav.side", "form.search", "header details.drop", ".pager"):
                for part in seen.page.locator(selector).all():
                    assert not part.is_visible(), f"{selector} is printed on {path}"
            repeated = seen.page.locator("main table thead").first.evaluate(
                "(head) => getComputedStyle(head).display"
            )
            assert repeated == "table-header-group"
            colours = seen.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
            assert colours in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), colours
            assert seen.page.locator("h1").is_visible()
            seen.page.emulate_media(media="screen")


def test_colours_and_language_are_kept(site: Site, browser: Browser) -> None:
    with serving(site) as address, window(browser, address, site=site, member="officer") as seen:
        seen.go("/areas/XAFA")
        seen.page.locator("header details.drop summary").click()
        seen.page.get_by_role("button", name="Dark", exact=True).click()
        root = seen.page.locator("html")
        expect(root).to_have_attribute("data-theme", "dark")
        until(lambda: _kept(site, "theme") == "dark", "the choice is not kept")
        seen.go("/areas/XAFA")
        expect(root).to_have_attribute("data-theme", "dark")
        seen.picture("area-dark-en")
        seen.language = "ja"
        seen.page.locator("header details.drop summary").click()
        seen.click('button[lang="ja"]')
        assert seen.path == "/areas/XAFA"
        seen.picture("area-dark-ja")
        assert seen.barriers() == []
        with window(browser, address, site=site, member="officer", language="ja") as other:
            other.go("/")  # another browser, the same person
            expect(other.page.locator("html")).to_have_attribute("data-theme", "dark")


def _kept(site: Site, column: str) -> str | None:
    table = site.database.metadata.tables["account"]
    query = select(table.c[column]).where(table.c.person == site.members["officer"].person)
    with site.database.reading() as connection:
        value: str | None = connection.execute(query).scalar()
    return value
