"""Pages of portals: the lane board, the day of a lane, a passage with its traces, rates."""

from __future__ import annotations

import pytest

from web.detecting_port import ALARM, NEUTRONS, OPEN_CASE, WORKED
from web.site import Site
from web.test_seal_pages import rows_of

DAY = "/portals/RPM-1?on=2026-01-09"
PASSAGE = f"/portals/RPM-1/{ALARM}"


def test_who_may_see_what(detecting: Site) -> None:
    for name, status in (
        *(("officer", 200), ("port", 200), ("expert", 200), ("headquarters", 200)),
        *(("security", 200), ("auditor", 200)),
        *(("inspector", 403), ("accountant", 403), ("administrator", 403), ("cooperation", 403)),
    ):
        with detecting.client(name) as client:
            for path in ("/portals", DAY, PASSAGE, "/portals/statistics"):
                assert client.get(path).status_code == status, (name, path)


def test_empty_books(site: Site) -> None:
    with site.client("officer") as client:
        assert "No instrument of a detection site is in the record." in client.get("/portals").text
        assert "No passage of this time" in client.get("/portals/statistics").text
        assert client.get("/portals/RPM-1").status_code == 404


def test_the_lane_board(detecting: Site) -> None:
    with detecting.client("port") as client:
        rows = {row["instrument"]: row for row in rows_of(client, "/portals")}
        text = client.get("/portals").text
    assert list(rows) == ["RPM-1", "RPM-2", "RIID-1"]
    one = rows["RPM-1"]
    assert (one["passages"], one["gamma"], one["neutron"], one["own"]) == ("5", "2", "1", "2")
    assert (one["unjudged"], one["without"], one["open"], one["health"]) == (
        "1",
        "1",
        "2",
        "tamper",
    )
    assert (rows["RPM-2"]["health"], rows["RPM-2"]["due"]) == ("a check is due", "calibration")
    assert rows["RIID-1"]["health"] == "well"
    assert "Container &lt;terminal&gt;" in text and "DET-1" in text


def test_the_day_of_a_lane(detecting: Site) -> None:
    with detecting.client("port") as client:
        rows = rows_of(client, DAY)
        text = client.get(DAY).text
        later = client.get("/portals/RPM-1?on=2026-01-10").text
        alarms = rows_of(client, f"{DAY}&gamma=alarm")
        assert client.get("/portals/RPM-1?on=soon").status_code == 400
    assert [row["gamma"] for row in rows] == [
        *("no alarm", "alarm", "alarm", "not evaluated", "no alarm"),
    ]
    assert rows[1]["cases"] == WORKED and rows[4]["neutron"] == "alarm"
    assert [row["time"] for row in alarms] == ["10:05:00.000", "12:00:00.000"]
    assert "2026-01-09.csv" in text and "Tamper" in text
    assert "No passage of this day" in later and f'href="{DAY}"' in later


def test_a_passage(detecting: Site) -> None:
    with detecting.client("port") as client:
        text = client.get(PASSAGE).text
        neutron = client.get(f"/portals/RPM-1/{NEUTRONS}").text
    assert "pic-portal-counts" in text and "pic-portal-alarm" in text and "pic-portal-flag" in text
    assert "</svg>agree</span>" in text and f"/alarms/{WORKED}" in text
    assert "/spectra/" in text and "/alarms/raise" not in text
    assert f"/alarms/raise?portal=RPM-1&amp;occupancy={NEUTRONS.replace(':', '%3A')}" in neutron
    assert "</svg>differ</span>" in neutron
    with detecting.client("auditor") as client:
        assert "/alarms/raise" not in client.get(f"/portals/RPM-1/{NEUTRONS}").text


def test_a_file_that_is_gone(detecting: Site) -> None:
    with detecting.client("port") as client:
        digest = rows_of(client, DAY)[0]["digest"]
        detecting.database.evidence.remove(digest)
        answer = client.get(PASSAGE)
    assert answer.status_code == 200 and "not kept any more" in answer.text


def test_rates(detecting: Site) -> None:
    with detecting.client("headquarters") as client:
        rows = {row["rate"]: row for row in rows_of(client, "/portals/statistics?by=site")}
        text = client.get("/portals/statistics?by=partner").text
        none = client.get("/portals/statistics?from=2027-01-01").text
        assert client.get("/portals/statistics?by=colour").status_code == 400
    assert (rows["alarm of the replay"]["events"], rows["alarm of the replay"]["passages"]) == (
        *("3", "4"),
    )
    assert float(rows["alarm of the replay"]["low"]) == pytest.approx(19.41, abs=0.01)
    assert rows["innocent"]["share"] == "" and float(rows["innocent"]["high"]) > 50
    assert "pic-portal-interval" in text and "Customs" in text
    assert "No passage of this time" in none


@pytest.mark.parametrize("path", ["/portals/none", "/portals/RPM-1/none", f"/portals/x/{ALARM}"])
def test_what_is_not_there(detecting: Site, path: str) -> None:
    with detecting.client("port") as client:
        assert client.get(path).status_code == 404


def test_open_cases_are_named(detecting: Site) -> None:
    with detecting.client("port") as client:
        assert OPEN_CASE in client.get(DAY).text
