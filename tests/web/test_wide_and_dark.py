"""Pages that were cut at the right, charts that stayed white in the dark, and tables on paper."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from keiryo.accounts.closing_preview import closing_preview
from keiryo.charts import palette
from keiryo.oversight.transit_board import TransitRow
from keiryo.quantities import Category
from keiryo.web.pages.closing_checks import side_by_side
from keiryo.web.pictures.dark_chart import in_look
from keiryo.web.pictures.movement_picture import transit_picture
from web.browser import TABLET, launched, window
from web.site import Site, copy_of, demonstration_books, make_site, serving

NOTEBOOK = (1280, 800)
CHARTS = "/evaluation/XAFA"
WITHIN = """(selector) => [...document.querySelectorAll(selector)].map(
  (one) => [one.scrollWidth, one.clientWidth]).filter(([all, seen]) => all > seen)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """Serve the demonstration books."""
    site = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("wide")))
    try:
        with serving(site) as address:
            yield site, address
    finally:
        site.close()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_tables_fit_a_notebook(served: tuple[Site, str], browser: Browser, language: str) -> None:
    site, address = served
    asked: dict[str, Any] = {"site": site, "member": "officer", "language": language}
    with window(browser, address, size=NOTEBOOK, **asked) as seen:
        for path in ("/", "/reports", "/areas", "/evaluation", "/reports/compose/XAFA/I",
                     "/reports/XAFA/102", "/closing/XAFA", "/transit?on=2025-09-30"):  # fmt: skip
            page = seen.go(path)
            assert page.evaluate(WITHIN, "main, .table-scroll, .grid-entry") == [], path


@pytest.mark.parametrize("size", [NOTEBOOK, TABLET])
def test_figures_of_cards_keep_away_from_their_edges(
    served: tuple[Site, str], browser: Browser, size: tuple[int, int]
) -> None:
    site, address = served
    room = """() => [...document.querySelectorAll('.card')].map((card) => {
      const words = document.createRange(), edge = card.getBoundingClientRect();
      words.selectNodeContents(card.querySelector('.card-value'));
      return Math.round(edge.right - words.getBoundingClientRect().right); })"""
    longer = """document.querySelector('.card-value a').textContent = '12,345,678,901,234.567'"""
    with window(browser, address, site=site, member="officer", size=size) as seen:
        for path in ("/areas/XAFA", "/areas/XARA", "/areas/XARA/inventory"):
            page = seen.go(path)
            found = page.evaluate(room)
            assert found and min(found) >= 12, (path, found)
        page = seen.go("/areas/XAFA")
        page.evaluate(longer)  # a card grows with its figure, whatever that is
        assert min(page.evaluate(room)) >= 12
        assert page.evaluate(WITHIN, "main") == []


def test_what_does_not_fit_a_tablet_is_scrolled_and_seen_to_be(
    served: tuple[Site, str], browser: Browser
) -> None:
    site, address = served
    with window(browser, address, site=site, member="officer", size=TABLET) as seen:
        for path in ("/", "/reports", "/reports/compose/XAFA/I", "/reports/compose/XAFA/P"):
            page = seen.go(path)
            assert page.evaluate(WITHIN, "main, .table-scroll, .grid-entry") == [], path
        page = seen.go("/areas")
        assert page.evaluate(WITHIN, "main") == []
        assert page.evaluate(WITHIN, ".table-scroll")  # so it is scrolled
        first = "tbody tr:first-child > :first-child"
        before = page.locator(first).bounding_box()
        page.evaluate("document.querySelector('.table-scroll').scrollLeft = 150")
        assert page.locator(first).bounding_box() == before
        bar = "getComputedStyle(document.querySelector('.table-scroll'), '::-webkit-scrollbar')"
        assert page.evaluate(f"{bar}.height") == "12px"


@pytest.mark.parametrize("size", [NOTEBOOK, TABLET])
def test_every_field_of_a_change_is_seen(
    served: tuple[Site, str], browser: Browser, size: tuple[int, int]
) -> None:
    site, address = served
    with window(browser, address, site=site, member="officer", size=size) as seen:
        page = seen.go("/reports/compose/XAFA/I")
        for name in ("date", "code", "basis", "fissile", "shipper", "receiver", "shipper_batch"):
            box = page.locator(f"#f-r1_{name}").bounding_box()
            assert box is not None and box["width"] >= 46, name
            assert box["x"] + box["width"] <= size[0], name
        order = page.evaluate("[...document.querySelectorAll('[name^=r1_]')].map((f) => f.name)")
        assert order[0] == "r1_date" and order[-3:] == [
            "r1_shipper", "r1_receiver", "r1_shipper_batch"
        ]  # fmt: skip
        assert seen.barriers() == []


def _shown(page: Page) -> list[str]:
    """Return the addresses of the charts that are seen, once they are loaded."""
    page.wait_for_load_state("networkidle")
    return list(
        page.evaluate(
            "[...document.querySelectorAll('.chart-still img')].filter((one) => "
            "one.checkVisibility()).map((one) => one.getAttribute('src'))"
        )
    )


@pytest.mark.parametrize("theme", ["system", "dark", "light"])
@pytest.mark.parametrize("dark", [False, True])
def test_charts_are_as_dark_as_the_page(
    served: tuple[Site, str], browser: Browser, theme: str, dark: bool
) -> None:
    site, address = served
    with window(browser, address, site=site, member="officer", dark=dark) as seen:
        cookie = {"name": "keiryo_theme", "value": theme, "url": address}
        seen.context.add_cookies([cookie])
        page = seen.go(CHARTS)
        expected = dark if theme == "system" else theme == "dark"
        charts = _shown(page)
        assert len(charts) == 2
        assert [("look=dark" in one) for one in charts] == [expected] * 2
        page.emulate_media(media="print")
        assert not any("look=dark" in one for one in _shown(page))


def test_the_dark_look_keeps_the_chart(served: tuple[Site, str]) -> None:
    site, _ = served
    with site.client("accountant") as accountant:
        light = accountant.get(f"{CHARTS}/charts/waterfall.svg")
        dark = accountant.get(f"{CHARTS}/charts/waterfall.svg?look=dark")
        assert accountant.get(f"{CHARTS}/charts/waterfall.svg?look=x").text == light.text
    assert dark.headers["content-security-policy"] == light.headers["content-security-policy"]
    assert dark.text == in_look(light.text, "dark") != light.text
    for light_colour, dark_colour in palette.DARK.items():
        assert f'="{light_colour}"' not in dark.text
        assert (f'="{light_colour}"' in light.text) <= (f'="{dark_colour}"' in dark.text)
    without = re.compile(r'(fill|stroke)="#[0-9a-f]{6}"')
    assert without.sub("", dark.text) == without.sub("", light.text)


def test_links_of_the_board_are_called_by_what_is_seen(
    served: tuple[Site, str], browser: Browser
) -> None:
    site, address = served
    for language in ("en", "ja"):
        asked: dict[str, Any] = {"site": site, "member": "officer", "language": language}
        with window(browser, address, **asked) as seen:
            page = seen.go("/transit?on=2025-09-30")
            assert page.locator("a.pic-link").count() >= 4
            assert seen.barriers() == []
            assert seen.barriers("label-content-name-mismatch") == []


def test_long_names_are_called_by_what_is_seen_of_them() -> None:
    given: dict[str, Any] = {field.name: None for field in dataclasses.fields(TransitRow)}
    given |= {
        "sender": "XAFA", "receiver": "XARA", "batch": "F25-" + "LONG" * 12, "category": "E",
        "element_mg": 1_844_883_500, "shipped": date(2025, 9, 1), "age_days": 29,
        "state": "open", "may_be": (),
    }  # fmt: skip
    row = TransitRow(**given)
    picture = transit_picture([row], date(2025, 9, 30), href=lambda _: "/transit")
    link = re.search(r'<a [^>]*aria-label="([^"]+)"[^>]*>(.*?)</a>', picture)
    assert link is not None
    drawn = re.sub("<title>.*?</title>", "", link[2])
    seen = " ".join(re.sub("<[^>]*>", "", drawn).split())
    assert seen in link[1] and row.batch in link[1]


def test_parts_of_a_page_have_names_of_their_own(
    served: tuple[Site, str], browser: Browser
) -> None:
    site, address = served
    with window(browser, address, site=site, member="officer") as seen:
        for path in (CHARTS, "/evaluation", "/reports/XAFA/102"):
            seen.go(path)
            assert seen.barriers("landmark-unique") == [], path


def test_a_wide_report_fits_the_paper(served: tuple[Site, str], browser: Browser) -> None:
    site, address = served
    across = round((297 - 24) / 25.4 * 96)  # A4 landscape without its margins
    with window(browser, address, site=site, member="officer", size=(across, 700)) as seen:
        page = seen.go("/reports/XAFA/102")
        page.emulate_media(media="print")
        root = "document.scrollingElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
        assert page.evaluate("document.querySelector('.entries').offsetWidth") <= across
        paper = page.pdf(prefer_css_page_size=True)
        sizes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", paper)
        assert sizes and all(float(wide) > float(high) for wide, high in sizes)
        page = seen.go("/journal/acts/1")
        sizes = re.findall(
            rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", page.pdf(prefer_css_page_size=True)
        )
        assert sizes and all(float(wide) < float(high) for wide, high in sizes)


def test_a_chain_begins_with_a_whole_column(served: tuple[Site, str], browser: Browser) -> None:
    site, address = served
    edges = """() => { const part = document.querySelector('.pic-scroll');
      const seen = part.getBoundingClientRect();
      const at = (one) => one.getBoundingClientRect();
      const focus = at(part.querySelector('.pic-focus .pic-box'));
      const cut = [...part.querySelectorAll('.pic-box')].map(at)
        .filter((box) => box.left < seen.left && box.right > seen.left + 1);
      return [focus.left >= seen.left, focus.right <= seen.right, cut.length]; }"""
    with window(browser, address, site=site, member="officer", size=NOTEBOOK) as seen:
        for node in ("report:XAFA/102", "XAFA/F25-FA-001", "evaluation:XAFA", "line:3/1"):
            page = seen.go(f"/why?of={node}")
            assert page.evaluate(edges) == [True, True, 0], node


def test_fissile_differences_are_shown(site: Site) -> None:
    with site.database.reading() as connection:
        metadata = site.database.metadata
        found = closing_preview(connection, metadata, "XAFA")
    reported = {code: dict(by) for code, by in (found.reported or found.computed).items()}
    true = reported["PE"][Category.ENRICHED]
    assert true.fissile_mg is not None
    wrong = dataclasses.replace(true, fissile_mg=true.fissile_mg + 7_000)
    reported["PE"][Category.ENRICHED] = wrong
    area: Any = type("Area", (), {"code": "XAFA"})()
    rows = side_by_side(area, dataclasses.replace(found, reported=reported))
    (row,) = [r for r in rows if (r["code"], r["category"]) == ("PE", "E")]
    assert (row["difference_mg"], row["difference_fissile_mg"]) == (0, 7_000)
    assert row["kind"] == "query" and "fissile" in row["explained"]
    others = [r for r in rows if r is not row and r["difference_fissile_mg"] is not None]
    assert others and not any(r["difference_fissile_mg"] for r in others)
    with site.client("officer") as officer:
        assert "Fissile, difference" in officer.get("/closing/XAFA").text
