"""Report numbers that are used more than once: accepted ones, and those that wait."""

from __future__ import annotations

import re
from typing import Any

import pytest

from web.api_client import Program, token_of
from web.site import Site
from web.test_release_pages import ENTRY, careful, decide, planned, submitted
from web.test_report_pages import DISCARD, RTL, accept, acts, prepared, rows_of, send

__all__ = ["careful"]
OTHER = DISCARD.replace("F26-LIQ-01", "F26-LIQ-77")
HREF = re.compile(r'href="/reports/XAFA/111\?act=([0-9]+)"')
COMPOSE, PREPARE = "/reports/compose/XAFA/I", "/reports/prepare/XAFA/I"


@pytest.fixture
def doubled(site: Site) -> tuple[Site, int, int]:
    """Return a site where number 111 of XAFA was accepted twice, with the acts of both."""
    with site.client("officer") as officer:
        accept(officer, send(officer, ("one.txt", DISCARD.encode())))
        first = acts(site)
        page = send(officer, ("two.txt", OTHER.encode()))
        assert "SEQ-DUP" in page.text
        assert accept(officer, page, reason="The State took both.").status_code == 303
        second = acts(site)
    assert second > first
    return site, first, second


def test_page_and_api_follow_one_rule(doubled: tuple[Site, int, int]) -> None:
    site, first, second = doubled
    with site.client("officer") as officer:
        listed = officer.get("/reports?mba=XAFA").text
        assert {str(first), str(second)} == set(HREF.findall(listed))
        latest = officer.get("/reports/XAFA/111").text
        assert "F26-LIQ-77" in latest and "F26-LIQ-01" not in latest
        assert "used more than once" in latest and f"/reports/XAFA/111?act={first}" in latest
        assert "/correct/" not in latest  # a reference would not say which is meant
        earlier = officer.get(f"/reports/XAFA/111?act={first}").text
        assert "F26-LIQ-01" in earlier and "F26-LIQ-77" not in earlier
        assert f"/reports/XAFA/111?act={second}" in earlier
        assert f"as=text&amp;act={first}" in earlier
        assert "F26-LIQ-01" in officer.get(f"/reports/XAFA/111/file?as=text&act={first}").text
        assert "F26-LIQ-77" in officer.get("/reports/XAFA/111/file?as=text").text
        assert str(second) in officer.get("/search?q=XAFA/111").text
        assert "used more than once" not in officer.get("/reports/XAFA/110").text
        for wrong in ("1", "x", "-1", "9" * 30, "٣", str(second + 1)):
            assert officer.get(f"/reports/XAFA/111?act={wrong}").status_code == 404, wrong
        asked = officer.get("/reports/XAFA/111/correct/1").text
        assert "does not say which report is meant" in asked and 'name="630"' not in asked
    program = Program(site, token_of(site, "officer"))
    assert program.get("/reports/XAFA/111").json()["act"] == second
    both = [program.get(f"/reports/XAFA/111?act={act}").json() for act in (first, second)]
    assert [one["entries"][0]["batch"] for one in both] == ["F26-LIQ-01", "F26-LIQ-77"]
    assert program.get("/reports/XAFA/111?act=1").status_code == 404
    assert program.get("/reports/XAFA/111?act=0").status_code in (400, 422)


def test_two_uploads_of_one_number_do_not_both_wait(careful: Site) -> None:
    with careful.client("accountant") as accountant, careful.client("accountant2") as second:
        path = accept(accountant, send(accountant, ("one.txt", DISCARD.encode()))).headers[
            "location"
        ]
        for client in (accountant, second):
            refused = accept(client, send(client, ("two.txt", OTHER.encode())))
            assert refused.status_code == 422
            assert "SEQ-DUP" in refused.text and path.rpartition("/")[2] in refused.text
        same = accept(second, send(second, ("one.txt", DISCARD.encode())))
        assert same.status_code == 303  # the same words are no other report
        decide(accountant, path, "withdraw")
        decide(second, same.headers["location"], "withdraw")
        freed = accept(second, send(second, ("two.txt", OTHER.encode())))
        assert freed.status_code == 303


def test_a_prepared_report_says_that_its_number_waits(careful: Site) -> None:
    words = "Another report with the same number waits for release"
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        first = accept(accountant, send(accountant, ("one.txt", OTHER.encode()))).headers[
            "location"
        ]
        assert words not in accountant.get(first).text
        accountant.post(COMPOSE, rows_of(accountant, COMPOSE, action="record"))
        shown, _ = prepared(accountant, PREPARE)
        assert words in shown.text and first in shown.text
        waits = submitted(accountant)
        assert words in accountant.get(waits).text and first in accountant.get(waits).text
        assert words in officer.get(first).text and waits in officer.get(first).text
        correction, asked = planned(accountant)
        assert words in correction.text and first in correction.text
        third = accountant.post(ENTRY, {**asked, "action": "submit"}).headers["location"]
        assert words in officer.get(third).text and waits in officer.get(third).text
        decide(accountant, waits, "withdraw")
        decide(accountant, third, "withdraw")
        assert words not in officer.get(first).text


@pytest.mark.parametrize("reason", ["計量誤り", f"SCALE {RTL}MISREAD", "A # B"])
def test_a_reason_that_a_note_cannot_hold_is_refused(site: Site, reason: str) -> None:
    before = acts(site)
    with site.client("officer") as officer:
        page, asked = planned(officer, reason=reason)
        assert "plan_digest" not in asked and "NOTE-CHARSET" in page.text
        assert beside(page, "reason") and "????" not in page.text
        for action in ("post", "submit"):
            sent = officer.post(ENTRY, {**asked, "action": action, "plan_digest": "0" * 64})
            assert sent.status_code in (409, 422) and beside(sent, "reason")
    assert acts(site) == before


def test_a_note_that_cannot_be_sent_is_named_beside_its_field(careful: Site) -> None:
    with careful.client("accountant") as accountant:
        accountant.post(COMPOSE, rows_of(accountant, COMPOSE, action="record"))
        before = acts(careful)
        for note in ("計量誤り", f"TANK {RTL}FULL", "A # B"):
            page, asked = prepared(accountant, PREPARE, notes=f"OK\n1:{note}")
            assert "text_digest" not in asked and beside(page, "notes"), note
            assert "NOTE-CHARSET" in page.text and note in page.text
        sent = accountant.post(PREPARE, {**asked, "action": "submit", "text_digest": "0" * 64})
        assert sent.status_code in (409, 422) and acts(careful) == before


def beside(page: Any, name: str) -> bool:
    """Return whether something wrong is said beside a field."""
    return re.search(rf'id="e-{name}"|id="f-{name}-error"', page.text) is not None
