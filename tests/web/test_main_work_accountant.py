"""The accountant's work in a browser: upload, put right, send; compose, prepare, submit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from web.browser import Window, launched, until, window
from web.site import Site, serving

COMPOSE, PREPARE = "/reports/compose/XAFA/I", "/reports/prepare/XAFA/I"
DISCARD = (
    "001:OI/XA;111#002:1/1#003:20260108#006:ORBEN,K.#010:I#015:20260101/20260107#207:XAF-#307:XAFA"
    "#309:N#407:3#411:LD#412:20260105#430:U/2/5/E#446:F26-LIQ-01#469:M#470:0#630:12.5G#670:0.55G#\n"
)
WRONG = DISCARD.replace("#670:0.55G", "")
WRONG_IS = "ISOTOPE-MISSING"


def reports_of(mba: str) -> tuple[list[tuple[str, bytes]], tuple[str, bytes]]:
    """Return the reports of an area of State XA, and what came before them."""
    folder = files("keiryo.data").joinpath("state_xa")
    texts = [(f"{mba}.txt", folder.joinpath(f"{mba}.txt").read_bytes())]
    return texts, ("context.json", folder.joinpath("context.json").read_bytes())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of this module."""
    with launched() as running:
        yield running


def two_people_for_reports(site: Site) -> None:
    """Let reports and corrections need two people."""
    draft = Draft("policy.set", "four-eyes", reason="two people for what leaves the house")
    for kind in ("report.issue", "correction.plan"):
        draft.add("release_policy", scope="XA", act_kind=kind, state="four eyes")
    post(site.database, draft, site.actor("administrator"))


def upload(seen: Window, name: str, text: str, button: str = "Check") -> None:
    """Choose a file and send it."""
    sent = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
    seen.page.locator('[name="files"]').set_input_files([sent])  # type: ignore[list-item]
    seen.press(button)


def write_row(seen: Window, row: int, **values: str) -> None:
    """Type a discard of liquid waste into a row of the grid."""
    typed = {"date": "2026-01-05", "code": "LD", "batch": "F26-LIQ-02", "kmp": "3"}
    typed |= {"mdc": "U/2/5/E", "items": "0", "basis": "M", "category": "E", "element": "12.5"}
    typed |= {"isotope": "U-235", "fissile": "0.55", **values}
    seen.fill(**{f"r{row}_{name}": value for name, value in typed.items()})


def ask_for_report(seen: Window, button: str = "Show the report") -> None:
    """Ask for the inventory change report of the first days of January."""
    typed = {"from": "2026-01-01", "to": "2026-01-07", "date": "2026-01-08"}
    seen.fill(**typed, encoder="ORBEN,K.")
    seen.press(button)


def submitted(seen: Window) -> str:
    """Write a source line, prepare the report, submit it; return the address of the request."""
    seen.go(COMPOSE)
    write_row(seen, 1)
    seen.press("Record source lines")
    ask_for_report(seen)
    seen.press("Submit for release")
    return seen.path.partition("?")[0]


def test_upload_with_a_mistake_put_right_and_sent(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as seen,
    ):
        seen.go("/")
        seen.follow("Reports", within="nav.side")
        seen.follow("Upload reports", exact=False)
        upload(seen, "january.txt", WRONG)
        beside = seen.page.locator("tr.about-entry").inner_text()
        assert WRONG_IS in beside, beside
        above = seen.page.locator("tr:has(+ tr.about-entry)").inner_text()
        assert "F26-LIQ-01" in above  # beside its own entry
        assert seen.page.locator("#accept").get_by_role("button", name="Accept").count() == 0
        assert seen.barriers() == []
        seen.picture("upload-findings-en")
        seen.follow("Other files")
        upload(seen, "january.txt", DISCARD)
        assert "Nothing is recorded yet" in seen.text()
        seen.press("Accept into the books")
        assert "All is in the books" in seen.text()
        assert seen.barriers() == []
        seen.follow("XA/XAFA/111")
        entry = seen.page.locator("main table.entries tbody tr").first.inner_text().split()
        assert {"LD", "F26-LIQ-01", "12.5", "0.55"} <= set(entry), entry


def test_source_lines_report_and_submission_by_keyboard(site: Site, browser: Browser) -> None:
    """The whole way without a mouse: tab, letters, enter."""
    two_people_for_reports(site)
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant") as seen,
    ):
        seen.go("/")
        seen.keys("g")
        seen.mark()
        seen.keys("r")
        seen.arrived()
        assert seen.path == "/reports"
        seen.tab_to('main a[href="/reports/compose"]')
        seen.enter()
        seen.tab_to(f'main a[href="{COMPOSE}"]')
        seen.enter()
        seen.tab_to('[name="r1_date"]')
        keyboard = seen.page.keyboard
        keyboard.type("01052026")  # month, day, year
        assert seen.page.locator('[name="r1_date"]').input_value() == "2026-01-05"
        _choose(seen, "r1_code", "LD")
        for name, value in (("batch", "F26-LIQ-02"), ("kmp", "3"), ("mdc", "U/2/5/E")):
            seen.tab_to(f'[name="r1_{name}"]')
            keyboard.type(value)
        seen.tab_to('[name="r1_items"]')
        keyboard.type("0")
        _choose(seen, "r1_basis", "M")
        _choose(seen, "r1_category", "E")
        seen.tab_to('[name="r1_element"]')
        keyboard.type("12.5")
        _choose(seen, "r1_isotope", "U-235")
        summary = seen.page.locator("#row-1-findings")
        until(lambda: "ROW-WEIGHT" in summary.inner_text(), "no finding appears beside the row")
        seen.picture("compose-findings-en")
        seen.tab_to('[name="r1_fissile"]')
        keyboard.type("0.55")
        seen.tab_to('[name="r2_date"]')
        until(lambda: "ROW-WEIGHT" not in summary.inner_text(), "the finding does not go away")
        seen.tab_to("button[value=record]")
        seen.enter()
        assert seen.path.startswith(PREPARE)
        for name, value in (("from", "01012026"), ("to", "01072026"), ("date", "01082026")):
            seen.tab_to(f'[name="{name}"]')
            keyboard.type(value)
        seen.tab_to('[name="encoder"]')
        keyboard.press("Control+A")
        keyboard.type("ORBEN,K.")
        seen.enter()
        assert "001:OI/XA;111" in seen.page.locator("pre.report-text").first.inner_text()
        seen.tab_to("button[value=submit]")
        seen.enter()
        assert seen.path.startswith("/releases/R-") and "waiting" in seen.text().lower()
        assert seen.page.get_by_role("button", name="Release", exact=True).count() == 0


def _choose(seen: Window, name: str, value: str) -> None:
    """Choose in a list with the keyboard."""
    seen.tab_to(f'[name="{name}"]')
    field = seen.page.locator(f'[name="{name}"]')
    values = field.evaluate("(field) => [...field.options].map((one) => one.value)")
    now = values.index(field.input_value())
    for _ in range(abs(values.index(value) - now)):
        seen.page.keyboard.press("ArrowDown" if values.index(value) > now else "ArrowUp")
    assert field.input_value() == value


def test_upload_in_japanese(site: Site, browser: Browser) -> None:
    with (
        serving(site) as address,
        window(browser, address, site=site, member="accountant", language="ja") as seen,
    ):
        seen.go("/reports/upload")
        upload(seen, "一月.txt", DISCARD, "検査")
        assert "一月.txt" in seen.text()
        seen.picture("upload-ja")
        seen.page.locator("#accept button.primary").focus()
        seen.enter()
        assert seen.path.endswith("/result")
        assert seen.barriers() == []
