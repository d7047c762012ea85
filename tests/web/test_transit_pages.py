"""The transit board: who sees which side, days, pictures, exports."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from keiryo.oversight.transit_board import TransitRow
from keiryo.people.accounts import account
from keiryo.people.permissions import person_of
from keiryo.quantities import Category
from keiryo.web.pages import transit
from keiryo.web.viewer import Viewer
from web.site import Site

DAY = "2025-12-31"


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the lines of an export."""
    return list(csv.DictReader(io.StringIO(text)))


def test_who_sees_which_rows(site: Site) -> None:
    path = f"/transit?on={DAY}&every=1&differences=1&format=csv"
    seen = {}
    for name in ("officer", "inspector", "auditor", "accountant"):
        with site.client(name) as client:
            seen[name] = rows_of(client.get(path).text)
    assert seen["officer"] == seen["inspector"] == seen["auditor"]
    mine = [r for r in seen["officer"] if "XAFA" in (r["sender"], r["receiver"])]
    assert 0 < len(seen["accountant"]) == len(mine) <= len(seen["officer"])
    assert {r["source"] for r in seen["accountant"]} == {r["source"] for r in mine}
    for name in ("security", "cooperation", "administrator"):
        with site.client(name) as client:
            assert client.get("/transit").status_code == 403
    with site.client() as nobody:
        assert nobody.get("/transit").status_code == 303


def test_entries_of_others_are_no_links(site: Site) -> None:
    with site.client("accountant") as client:
        text = client.get(f"/transit?on={DAY}&every=1&size=500").text
    assert "/reports/XAFA/" in text
    assert not any(f"/reports/{other}/" in text for other in ("XARR", "XALA", "XACF"))


def test_the_page_and_the_counts_agree(site: Site) -> None:
    with site.client("officer") as client:
        page = client.get(f"/transit?on={DAY}&every=1")
        assert page.status_code == 200 and "<svg" in page.text and 'id="transit"' in page.text
        every = rows_of(client.get(f"/transit?on={DAY}&every=1&format=csv").text)
        received = rows_of(client.get(f"/transit?on={DAY}&every=1&state=received&format=csv").text)
    assert received == [r for r in every if r["state"] == "received"]


def test_what_was_known_earlier(site: Site) -> None:
    with site.client("officer") as client:
        early = rows_of(client.get(f"/transit?on={DAY}&known=2024-12-31&every=1&format=csv").text)
        now = rows_of(client.get(f"/transit?on={DAY}&every=1&format=csv").text)
    assert len(early) < len(now)


@pytest.mark.parametrize("on", ["x", "2025-02-30", "0001-01-01", "9999-12-31", "%00", "<script>"])
def test_bad_days_are_told(site: Site, on: str) -> None:
    with site.client("officer") as client:
        for path in (f"/transit?on={on}", f"/transit?known={on}", f"/deadlines?on={on}"):
            answer = client.get(path)
            assert answer.status_code == 400 and "<script>" not in answer.text
        assert client.get("/transit?state=nonsense&page=-1&size=x&sort=zzz").status_code == 200
        assert client.get("/transit?format=pdf").status_code == 400


def row(sender: str, receiver: str, source: str) -> TransitRow:
    """Return a shipment of 2025."""
    days = (date(2025, 12, 1), None, 30)
    return TransitRow(sender, receiver, "B", *days, Category.ENRICHED, 1, 1, "open", source)


def test_rows_of_others_and_marked_ones_are_left_out(site: Site) -> None:
    scopes = {code: f"XA/{place}/{code}" for code, place in (("XAFA", "XAF-"), ("XARA", "XAR-"))}
    scopes["XALA"] = "XA/XAL-/XALA"
    rows = (
        row("XARA", "XALA", "XARA/1/1"),
        row("XAFA", "XARA", "XAFA/1/1"),
        row("XARA", "XAFA", "XARA/2/1"),
        row("XAFA", "XALA", "XAFA/3/1"),
    )
    marks = {"XAFA/3/1": (None, "withheld")}
    board = transit.Board(rows, scopes, marks, 30, 90)
    seen = {}
    for name in ("officer", "accountant", "auditor"):
        with site.database.reading() as connection:
            person = person_of(connection, site.database.metadata, site.members[name].person)
        known = account(site.database, person.person)
        assert known is not None
        viewer = Viewer(site.app.state.server, person, known, "")
        seen[name] = [one.source for one in transit.narrowed_rows(viewer, board)]
    assert seen["officer"] == ["XARA/1/1", "XAFA/1/1", "XARA/2/1"]
    assert seen["accountant"] == ["XAFA/1/1", "XARA/2/1"]
    assert seen["auditor"] == [one.source for one in rows]
    with site.database.reading() as connection:
        assert transit._marks(connection, site.database.metadata) == {}


def test_on_the_overview(site: Site) -> None:
    with site.client("officer") as client:
        assert 'id="part-transit"' in client.get("/").text
    with site.client("security") as client:
        assert 'id="part-transit"' not in client.get("/").text
