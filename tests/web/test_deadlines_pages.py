"""The deadlines board: profiles, days, who sees which area, the calendar file, the overview."""

from __future__ import annotations

import csv
import io

from web.site import Site

DAY = "2026-03-15"


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the lines of an export."""
    return list(csv.DictReader(io.StringIO(text)))


def test_who_sees_which_duties(site: Site) -> None:
    path = f"/deadlines?on={DAY}&all=1&format=csv"
    with site.client("officer") as client:
        whole = rows_of(client.get(path).text)
    with site.client("accountant") as client:
        own = rows_of(client.get(path).text)
    assert {row["mba"] for row in own} == {"XAFA"}
    assert own == [row for row in whole if row["mba"] == "XAFA"]
    assert {"XAFA"} < {row["mba"] for row in whole}
    with site.client("security") as client:
        assert client.get("/deadlines").status_code == 403
        assert client.get("/deadlines/calendar").status_code == 403


def test_done_and_undone(site: Site) -> None:
    with site.client("officer") as client:
        undone = rows_of(client.get(f"/deadlines?on={DAY}&format=csv").text)
        done = rows_of(client.get(f"/deadlines?on={DAY}&state=done&format=csv").text)
        page = client.get(f"/deadlines?on={DAY}&profile=euratom&all=1")
    assert undone and {row["state"] for row in undone} <= {"overdue", "due soon", "open"}
    assert done and {row["state"] for row in done} == {"done"}
    assert page.status_code == 200 and "<svg" in page.text and "euratom" in page.text


def test_unknown_profile(site: Site) -> None:
    with site.client("officer") as client:
        assert client.get("/deadlines?profile=nope").status_code == 404
        assert client.get("/deadlines?in_force=x").status_code == 400


def test_the_calendar_holds_what_is_shown(site: Site) -> None:
    with site.client("officer") as client:
        answer = client.get(f"/deadlines/calendar?on={DAY}&mba=XAFA")
        shown = rows_of(client.get(f"/deadlines?on={DAY}&mba=XAFA&format=csv").text)
    text = answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    assert ".ics" in answer.headers["content-disposition"]
    assert text.startswith("BEGIN:VCALENDAR\r\n") and "XALA" not in text
    assert text.count("BEGIN:VALARM") == len(shown)


def test_counts_on_the_overview_lead_to_as_many_lines(site: Site) -> None:
    import re

    with site.client("officer") as client:
        text = client.get("/").text
        part = text[text.index('id="part-deadlines"') :]
        found = re.findall(r'href="(/deadlines\?state=[^"]+)".*?<strong>([\d,]+)</strong>', part)
        assert found
        for href, count in found:
            lines = rows_of(client.get(f"{href}&format=csv").text)
            assert len(lines) == int(count.replace(",", ""))
