"""Charts that can be pointed at, in a real browser: what is read off is what the tables say."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from cases.making import listed
from evaluation.evaluation_books import EvaluationBooks
from evaluation.test_sequences import received, shipped
from keiryo.evaluation.service import evaluate_balance
from keiryo.material_balance.statistics import gemuf_v1_probability
from keiryo.web.pages import evaluation_asked
from keiryo.web.pages.evaluation_pointed import pointed_charts
from keiryo.web.pictures.inventory_chart import InventoryLabels
from keiryo.web.pictures.inventory_data import BookCurve, Taking
from keiryo.web.pictures.inventory_pointed import (
    GRAMS,
    KILOGRAMS,
    WeightUnit,
    inventory_pointed,
)
from keiryo.web.pictures.writing import PLAIN
from keiryo.web.speaking import speak_on
from small_books import area, batch
from web.browser import DESK, TABLET, Window, launched, until, window
from web.site import Site, copy_of, demonstration_books, make_site, serving

AREA, EVALUATION = "/areas/XAFA", "/evaluation/XAFA"
FOUND_G = ("50123.4", "49800", "50000.001", "47250")
ENDS = ("20250331", "20250630", "20250930", "20251231")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """Return a site and its address, for all tests of this module: they change nothing in it."""
    speak_on("en")
    site = make_site(copy_of(demonstration_books(), tmp_path_factory.mktemp("site")))
    with serving(site) as address:
        yield site, address
    site.close()


@contextlib.contextmanager
def visiting(served: tuple[Site, str], browser: Browser, path: str, **how: Any) -> Iterator[Window]:
    """Look at a page as the officer."""
    site, address = served
    with window(browser, address, site=site, member="officer", **how) as seen:
        # What matplotlib draws is tested elsewhere, and takes its time.
        seen.page.route("**/charts/*.svg*", lambda route: route.fulfill(
            body='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 300"/>',
            content_type="image/svg+xml",
        ))  # fmt: skip
        seen.go(path)
        yield seen


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Return the evaluation of a facility with four balances, of which the last shows a loss."""
    place = tmp_path_factory.mktemp("quarters") / "books.sqlite"
    books = EvaluationBooks(f"sqlite:///{place}", XHFA=area("bulk", batch("I-0", _630="50000")))
    books.calibration("C", 20241231)
    books.source("F-r", "random", "0.01")
    books.source("C-s", "epoch", "0.002", method="C", closing_epoch="new")
    books.stratum("flow", "F-r", codes="RD,SD")
    books.stratum("inventory", "C-s", codes="PB,PE")
    for number, (end, found) in enumerate(zip(ENDS, FOUND_G, strict=True)):
        first = f"{end[:4]}{int(end[4:6]) - 2:02d}"
        period = f"{first}01/{end}"
        entries = [received(f"{first}10", f"R{number}", "10000.25")]
        entries.append(shipped(f"{first}12", f"S{number}", "10000"))
        books.change(2 * number + 1, *entries, period=period)
        books.take_inventory(2 * number + 2, end, listed(f"I-{number + 1}", f"630:{found} 670:0"))
    return evaluate_balance(books.database, "XHFA")


def pointed(seen: Window, name: str) -> Locator:
    """Return the figure of a chart, with its chart to point at put in the place of the picture."""
    figure = seen.page.locator(f'figure.chart:has(script[data-chart="{name}"])')
    button = figure.locator("[data-chart-switch]")
    expect(button).to_be_visible()
    if button.get_attribute("aria-pressed") != "true":
        button.press("Enter")
    expect(figure.locator(".u-over").first).to_be_visible()
    return figure


def data_of(figure: Locator) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(figure.locator("script[data-chart]").inner_text())
    return found


def point(figure: Locator, place: float, panel: int = 0) -> None:
    """Point at a place of the horizontal axis, from 0 to 1."""
    over = figure.locator(".u-over").nth(panel)
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    figure.page.mouse.move(box["x"] + 3 + (box["width"] - 6) * place, box["y"] + box["height"] / 2)


def read(figure: Locator) -> dict[str, str]:
    """Return what is read off, by label; the date or balance under an empty label."""
    found: dict[str, str] = figure.evaluate(
        "(figure) => Object.fromEntries([['', figure.querySelector('.chart-at').innerText"
        ".replace(/^[^:]*: /, '')], ...[...figure.querySelectorAll('.chart-legend li')].map("
        "(row) => [row.querySelector('.chart-line').innerText,"
        " row.querySelector('output').innerText])])"
    )
    return found


def reading(figure: Locator, at: str) -> dict[str, str]:
    """Go by the arrow keys to a value, which must exist, and return what is read off."""
    figure.locator("[role=slider]").focus()
    figure.page.keyboard.press("Home")
    for _ in range(400):
        found = read(figure)
        if found[""].endswith(at):
            said = figure.locator("[role=slider]").get_attribute("aria-valuetext") or ""
            assert all(text in said for text in found.values() if text != "–")
            return found
        figure.page.keyboard.press("ArrowRight")
    raise AssertionError(f"{at} is not reached")


def barriers(seen: Window) -> list[str]:
    """Return what axe-core finds at the top of the page: nothing stands half below the header."""
    seen.page.evaluate("() => window.scrollTo(0, 0)")
    return seen.barriers()


def cells(seen: Window, table: str) -> list[list[str]]:
    """Return the texts of a table, row by row, also of one that is folded."""
    found: list[list[str]] = seen.page.locator(f"{table} tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )
    return found


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_book_is_read_off_as_the_balance_has_it(
    served: tuple[Site, str], browser: Browser, language: str
) -> None:
    path = f"{AREA}?period=2025-01-01..2025-12-31"
    with visiting(served, browser, path, language=language) as seen:
        assert seen.page.locator(".chart-live").count() == 0
        expect(seen.page.locator("[data-chart-switch]")).to_be_visible()
        seen.tab_to("[data-chart-switch]", 400)  # and the key that presses it, in `pointed`
        rows = {row[0]: row[2:] for row in cells(seen, "main table:has(caption)")}
        figure = pointed(seen, "inventory")
        data = data_of(figure)
        end = {"en": "31 Dec 2025", "ja": "2025年12月31日"}[language]
        found = reading(figure, end)
        labels = [
            series["label"]
            for panel in data["panels"]
            for series in panel["series"]
            if series["shape"] == "step"
        ]
        assert len(labels) >= 2
        numbers = [re.sub(r"\s.*", "", cell.strip()) for code in ("BA", "PE", "MF")
                   for cell in rows[code]]  # fmt: skip
        read_off = [text for label, text in found.items() if label]
        assert "–" not in read_off and len(read_off) == 3 * len(labels)
        for text in read_off:  # book, physical inventory and their difference of each category
            assert text in numbers, (text, numbers)
        assert len(data["marks"]) >= 1


def test_the_balances_are_read_off_as_the_tables_have_them(
    served: tuple[Site, str], browser: Browser, quarters: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_asked, "evaluate_balance", lambda *a, **k: quarters)
    for language in ("en", "ja"):
        with visiting(served, browser, EVALUATION, language=language) as seen:
            compared(seen, ("muf", "cumuf", "sitmuf", "page") if language == "en" else ("muf",))


def compared(seen: Window, names: tuple[str, ...]) -> None:
    """Compare what the charts of the evaluation say with its tables."""
    balances, statistics = cells(seen, "#balances"), cells(seen, "#data-1")
    balances = [row for row in balances if row[2] == balances[0][2]]  # without the isotope
    heads = seen.page.locator("#data-1 th").all_text_contents()
    charts = {"muf": "MUF, kg", "cumuf": "CUMUF, kg", "sitmuf": "SITMUF", "page": "Page"}
    for name in names:
        figure = pointed(seen, name)
        for balance, row in zip(balances, statistics, strict=True):
            found = reading(figure, balance[1])
            values = [text for label, text in found.items() if label]
            assert values[0] in row, (name, found, row)
            if seen.language == "en":
                assert values[0] == row[heads.index(charts[name])], (name, found, row)
            if name == "muf":
                assert values[:2] == balance[3:5]
    muf = pointed(seen, "muf")
    point(muf, 0.02)
    assert read(muf)[""].startswith("1 · ")
    point(muf, 0.98)
    assert read(muf)[""].startswith("4 · ")
    limit = muf.locator(".chart-legend output").nth(3).inner_text()
    assert re.fullmatch(r"\d+\.\d{6}", limit), limit
    seen.picture(f"chart-pointed-evaluation-{seen.language}")
    assert barriers(seen) == []


def test_what_is_enlarged_is_reset_and_lines_are_put_out(
    served: tuple[Site, str], browser: Browser
) -> None:
    with visiting(served, browser, AREA) as seen:
        figure = pointed(seen, "inventory")
        whole = figure.locator("[data-chart-whole]")
        assert whole.is_hidden()
        point(figure, 0.3)
        seen.page.mouse.down()
        point(figure, 0.6)
        seen.page.mouse.up()
        expect(whole).to_be_visible()
        point(figure, 0.0)
        inside = read(figure)[""]
        whole.click()
        expect(whole).to_be_hidden()
        point(figure, 0.0)
        assert read(figure)[""] != inside
        line = figure.locator("button.chart-line").first
        line.click()
        expect(line).to_have_attribute("aria-pressed", "false")
        figure.locator("[role=slider]").focus()
        seen.keys("+")
        expect(whole).to_be_visible()
        seen.keys("Escape")
        expect(whole).to_be_hidden()
        seen.keys("PageDown")
        days = data_of(figure)
        assert read(figure)[""] in [days["x"]["texts"][place] for place in (0, *days["marks"])]


def test_the_choice_is_remembered_and_the_picture_stays(
    served: tuple[Site, str], browser: Browser
) -> None:
    with visiting(served, browser, AREA) as seen:
        figure = pointed(seen, "inventory")
        picture = figure.locator(".chart-still svg")
        assert picture.get_attribute("role") == "img" and picture.locator("title").count() >= 1
        assert "clip-path: inset" in str(
            figure.locator(".chart-still").evaluate(
                "(still) => 'clip-path: ' + getComputedStyle(still).clipPath"
            )
        )
        seen.page.emulate_media(media="print")
        assert not figure.locator(".chart-live").is_visible()
        assert not figure.locator(".chart-switch").is_visible()
        box = picture.bounding_box()
        assert box is not None and box["width"] > 200
        seen.page.emulate_media(media="screen")
        seen.go(AREA)
        expect(figure.locator(".u-over").first).to_be_visible()
        figure.locator("[data-chart-switch]").click()
        expect(figure.locator(".chart-live")).to_have_count(0)
        seen.go(AREA)
        until(lambda: figure.locator("[data-chart-switch]").is_visible(), "no switch")
        assert figure.locator(".chart-live").count() == 0


@pytest.mark.parametrize(("size", "dark"), [(DESK, True), (TABLET, False)])
def test_colours_widths_and_barriers(
    served: tuple[Site, str], browser: Browser, size: tuple[int, int], dark: bool
) -> None:
    with visiting(served, browser, AREA, size=size, dark=dark) as seen:
        figure = pointed(seen, "inventory")
        figure.locator("[role=slider]").focus()
        outline = figure.locator("[role=slider]").evaluate(
            "(e) => getComputedStyle(e).outlineStyle"
        )
        assert outline != "none"
        for plot in figure.locator("canvas").all():
            box = plot.bounding_box()
            assert box is not None and 200 < box["width"] <= size[0]
        assert barriers(seen) == []
        seen.picture(f"chart-pointed-area-{size[0]}-{'dark' if dark else 'light'}")


def test_without_script_there_is_the_picture_alone(
    served: tuple[Site, str], browser: Browser
) -> None:
    site, address = served
    with window(browser, address, site=site, member="officer", script=False) as seen:
        seen.page.goto(f"{address}{AREA}")
        figure = seen.page.locator("figure.chart")
        assert figure.locator(".chart-still svg").is_visible()
        assert not figure.locator(".chart-switch").is_visible()


def test_the_data_are_those_of_who_asks(site: Site) -> None:
    with site.client("accountant") as accountant, site.client("security") as security:
        text = accountant.get(AREA).text
        block = re.search(r'data-chart="inventory">(.*?)</script>', text, re.S)
        assert block is not None
        data = json.loads(unescape(block[1]))
        values = [v for p in data["panels"] for s in p["series"] for v in s["values"]]
        assert values and all(v is None or isinstance(v, int) for v in values)
        assert "data-chart" not in security.get(AREA).text


def test_alarms_stand_where_the_limit_is_passed(quarters: list[Any]) -> None:
    plain = evaluation_asked.plain_evaluation(quarters[0])
    found = pointed_charts(plain)
    assert list(found) == ["muf", "cumuf", "sitmuf", "page", "ewma", "gemuf"]
    for name, chart in found.items():
        series = chart["panels"][0]["series"]
        limit = next(one["values"] for one in series if one.get("look") == "threshold")
        above = [n for n, value in enumerate(series[0]["values"]) if value > limit[n]]
        marked = [one["at"] for one in series if one.get("look") == "alarm"]
        assert marked == [above] and above, name
    limits = found["gemuf"]["panels"][0]["series"][1]["values"]
    stated = plain["sequence"]["thresholds"]["gemuf_v1"]["threshold"]
    assert gemuf_v1_probability(limits) == pytest.approx([stated] * 4)
    assert pointed_charts({**plain, "balances": plain["balances"][:1]}) == {}
    alone = pointed_charts({**plain, "sequence": None})
    assert list(alone) == ["muf"] and len(alone["muf"]["panels"][0]["series"]) == 4


def test_curves_keep_milligrams_and_the_panels_of_the_picture() -> None:
    first, second = datetime.date(2025, 1, 31), datetime.date(2025, 2, 28)
    curves = [
        BookCurve("N", ((first, 1_000_000_001), (second, None))),
        BookCurve("E", ((second, 500_000_000),)),
        BookCurve("P", ((first, 7),)),
    ]
    units = {"N": WeightUnit("kg U", KILOGRAMS)}
    units |= {letter: WeightUnit("g", GRAMS) for letter in "EP"}
    given: dict[str, Any] = {"units": units, "labels": InventoryLabels(), "writing": PLAIN}
    taken = [Taking(second, {"E": 499_999_999})]
    data = inventory_pointed(curves, takings=taken, date_label="Date", **given)
    assert data is not None
    assert data["x"]["values"] == [1738281600, 1740700800] and data["marks"] == [1]
    assert [panel["label"] for panel in data["panels"]] == ["kg", "g"]  # kg U and g in the first
    natural, enriched, found, left = data["panels"][0]["series"]
    assert natural["values"] == [1_000_000_001, None] and natural["digits"] == KILOGRAMS
    assert enriched["values"] == [None, 500_000_000] and enriched["digits"] == GRAMS
    assert (found["at"], found["values"], left["values"]) == ([1], [499_999_999], [1])
    assert inventory_pointed([], takings=taken, date_label="Date", **given) is None
