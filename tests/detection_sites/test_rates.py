"""Rates of alarms, of what they were, and of faults; records that belong elsewhere."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from detection_sites.port_books import DAY, PORTAL, SITE, passage, put, read, refused, take
from keiryo.alarm_cases.recording import raise_alarms, take_step
from keiryo.api import Books
from keiryo.cli.detection_rates import outcomes_of_cases
from keiryo.detection_sites.keeping_spectra import keep_spectrum
from keiryo.detection_sites.register import read_rows
from keiryo.detection_sites.statistics import statistics
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.registration import area_draft

START = "2027-05-31T10:05:00+09:00"
LATER = datetime.datetime(2027, 6, 1, tzinfo=datetime.UTC)


def rates(books: Books, **more: Any) -> dict[str, Any]:
    found = read(books, statistics, **more)
    assert len(found) == 1
    return dict(found[0])


def two_alarms(books: Books) -> None:
    loud = passage("10:05:00.000", counts=120) + passage("10:10:00.000", counts=120)
    take(books, passage("10:00:00.000") + loud)


def test_open_alarms_leave_the_bounds_wide(books: Books) -> None:
    two_alarms(books)
    told = {"instrument": "P1", "start": START, "outcome": "innocent", "nuisance": True}
    one = rates(books, outcomes=[told])
    assert (one["alarmed"], one["innocent"], one["alarms_without_outcome"]) == (2, 1, 1)
    assert (one["innocent_rate"], one["nuisance"]) == (None, 1)
    assert one["innocent_low"] == pytest.approx(stats.beta.ppf(0.025, 1, 3))
    assert one["innocent_high"] == pytest.approx(stats.beta.ppf(0.975, 3, 1))
    other = {"instrument": "P1", "start": "2027-05-31T01:10:00Z", "outcome": "fault"}
    one = rates(books, outcomes=[told, other], by="month")
    assert (one["month"], one["fault_rate"], one["alarms_without_outcome"]) == (
        *("2027-05", pytest.approx(1 / 3), 0),
    )


def test_days_with_faults_are_a_share_of_days(books: Books) -> None:
    high = b"".join(b"GH,009999,000400,000400,000400,10-01-0%d.000\r\n" % i for i in range(5))
    tamper = b"TT,10-11-00.000\r\nTC,10-12-00.000\r\n"
    take(books, passage("10:00:00.000") + high + tamper)
    take(books, passage("10:00:00.000") + tamper, "b.csv", day=DAY + datetime.timedelta(days=1))
    one = rates(books)
    assert (one["days"], one["fault_days"], one["faults"], one["tampers"]) == (2, 1, 5, 2)
    assert one["fault_days_rate"] == 0.5
    assert one["fault_days_low"] == pytest.approx(stats.beta.ppf(0.025, 1, 2))
    assert one["fault_days_high"] == pytest.approx(stats.beta.ppf(0.975, 2, 1))
    assert not read(books, statistics, first="2027-06-02")
    assert rates(books, first="2027-05-31", last="2027-05-31T~")["fault_days"] == 1


def test_cases_say_what_alarms_were(books: Books) -> None:
    two_alarms(books)
    given = (books.database, books.actor)
    for name, minute in (("A-1", "05"), ("A-2", "10")):
        at = f"2027-05-31T10:{minute}:00+09:00"
        row = {
            "alarm": name, "origin": "INSTRUMENT_ALARM", "raised_at": at, "site": "PORT-1",
            "lane": "L1", "instrument": "P1", "occupancy": at, "gamma_alarm": 1,
            "neutron_alarm": 0, "evidence": f"occupancy:P1@{at}",
        }  # fmt: skip
        raise_alarms(*given, [row], clock=lambda: LATER)
    seen = f"occupancy:P1@{START}"
    step = {"alarm": "A-1", "at": "2027-05-31T10:20:00+09:00", "reason": "not there again"}
    take_step(*given, "FALSE", {**step, "evidence": seen, "fault": 1}, clock=lambda: LATER)
    outcomes = read(books, outcomes_of_cases)
    assert [(one["instrument"], one["outcome"]) for one in outcomes] == [("P1", "fault")]
    one = rates(books, outcomes=outcomes)
    assert (one["fault"], one["alarms_without_outcome"]) == (1, 1)


def test_a_site_belongs_to_a_place_of_the_books(books: Books) -> None:
    for scope in ("XB", "XA/ABCD", "%"):
        told = refused(put, books, "site", {**SITE, "site": "PORT-2", "scope": scope})
        assert told == {"DETECTION-PLACE"}
    area = MaterialBalanceArea(
        state="XA", facility="FAC1", code="XAFA", type=None, batch_follow_up=True, zone="UTC"
    )
    books.post(area_draft(area, "area"))
    put(books, "site", {**SITE, "site": "PORT-2", "scope": "XA/FAC1"})
    moved = {**PORTAL, "instrument": "P1", "site": "PORT-2", "lane": "-"}
    assert refused(put, books, "instrument", {**SITE, "scope": "XA", **moved}) >= {
        "DETECTION-SCOPE"
    }
    assert refused(put, books, "site", {**SITE, "scope": "XA/FAC1"}) == {"DETECTION-SCOPE"}


def test_files_that_cannot_be_read(books: Books, tmp_path: Path) -> None:
    assert [one.code for one in read_rows("site", "s.csv", b"colour\n")[1]] == ["DETECTION-TABLE"]
    file = tmp_path / "empty.n42"
    file.write_bytes(b"")
    assert refused(keep_spectrum, books.database, books.actor, "P1", file) == {"SPECTRUM-FILE"}
