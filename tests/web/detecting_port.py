"""Books of State XA with a seaport, a day of passages, alarms in several states, an event."""

from __future__ import annotations

import atexit
import datetime
import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import keiryo
from keiryo.alarm_cases.recording import raise_alarms, take_step
from keiryo.alarm_cases.recording_explanations import explain_case
from keiryo.alarm_cases.results import read_identification
from keiryo.api import Books
from keiryo.cli.demo_detection import play_the_games
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.detection_sites.importing import import_file
from keiryo.detection_sites.keeping_spectra import keep_spectrum
from keiryo.detection_sites.register import record
from keiryo.journal.model import Actor
from web.site import copy_of, demonstration_books

DAY = datetime.date(2026, 1, 9)
FIRST, ALARM = "2026-01-09T01:00:00.000Z", "2026-01-09T01:05:00.000Z"
SECOND_ALARM, NEUTRONS = "2026-01-09T03:00:00.000Z", "2026-01-09T05:00:00.000Z"
LOCAL_ALARM = "2026-01-09T10:05:00+09:00"
WORKED, OPEN_CASE = "CERAMICS-1", "ALARM-2"
_SITE = {
    "site": "PORT-1",
    "name": "Container <terminal>",
    "site_type": "seaport",
    "zone": "Asia/Tokyo",
    "partner": "Customs",
}
_PORTAL = {"site": "PORT-1", "instrument_class": "portal", "maker": "M", "model": "X"}


def passage(
    clock: str, counter: int, counts: int = 80, intervals: int = 30, neutrons: int = 1
) -> bytes:
    """Return the records of a passage: background, scans, end."""
    time = clock.replace(":", "-")
    lines = [f"GB,000400,000400,000400,000400,{time}", f"NB,000002,000002,000002,000002,{time}"]
    for n in range(intervals):
        here = counts if intervals // 3 <= n < 2 * intervals // 3 else 76 + n % 7
        flag = "GA" if counts > 110 and here == counts else "GS"
        lines.append(f"{flag},{here:06d},{here:06d},{80 - n % 5:06d},{79 + n % 3:06d},{time}")
        if n % 5 == 4:
            lines.append(f"NS,{neutrons:06d},000000,000000,000000,{time}")
    lines.append(f"GX,{counter:06d},002391,000000,000000,{time}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def daily_file() -> bytes:
    """Return a day of a portal: quiet passages, two gamma alarms, a neutron alarm, tamper."""
    return (
        passage("10:00:00.000", 1)
        + passage("10:05:00.000", 2, counts=140)
        + b"TT,11-00-00.000\r\nTC,11-02-00.000\r\n"
        + passage("12:00:00.000", 3, counts=125)
        + passage("13:00:00.000", 4, intervals=3)
        + passage("14:00:00.000", 5, neutrons=60)
    )


def answer(*nuclides: tuple[str, str]) -> bytes:
    """Return an answer as ``keiryo spectrum identify`` prints it."""
    some = [
        {"nuclide": name, "probability": 0.99, "category": category, "evidence": {}}
        for name, category in nuclides
    ]
    return json.dumps({"nuclides": some, "unexplained": {"peaks": []}, "undecided": False}).encode()


def assess(books: Books, alarm: str, *nuclides: tuple[str, str], who: Actor) -> None:
    """Take a case from raised to identified."""
    seen, given = f"measurement:RIID-1@{LOCAL_ALARM}", None
    found, findings = read_identification(answer(*nuclides))
    assert found is not None and not findings
    steps: list[tuple[str, dict[str, Any]]] = [
        ("VERIFIED", {}),
        ("LOCALIZED", {"place": "rear of the container"}),
        ("CHARACTERIZED", {"dose_rate_usv_h": "0.3", "neutrons": 0}),
        ("IDENTIFIED", {}),
    ]
    for minute, (state, more) in enumerate(steps, 10):
        at = f"2026-01-09T10:{minute}:00+09:00"
        row = {"alarm": alarm, "at": at, "reason": "as measured", "evidence": seen, **more}
        given = (found, "answer.json", answer(*nuclides)) if state == "IDENTIFIED" else None
        take_step(books.database, who, state, row, answer=given)


def detect(books: Books, folder: Path) -> None:
    """Record a port with two lanes, a day of one of them, and two cases."""
    database, actor = books.database, books.actor
    record(database, actor, "site", [_SITE])
    record(database, actor, "lane", [{"lane": f"L{n}", "site": "PORT-1"} for n in (1, 2)])
    portals = [
        {**_PORTAL, "instrument": f"RPM-{n}", "lane": f"L{n}", "serial": f"17{n}"} for n in (1, 2)
    ]
    hand = {**_PORTAL, "instrument": "RIID-1", "instrument_class": "riid", "serial": "9"}
    record(database, actor, "instrument", [*portals, hand])
    setup = {"instrument": "RPM-1", "valid_from": "2026-01-01T00:00+09:00", "n_sigma": "5"}
    record(database, actor, "setup", [setup])
    check = {"instrument": "RPM-2", "check_name": "calibration", "result": "passed"}
    days = {"on_day": datetime.date(2025, 1, 1), "due_on": datetime.date(2026, 1, 1)}
    record(database, actor, "check", [{**check, **days}])
    plan = {"test": "DET-1", "instrument": "RPM-1", "requirement": "detection"}
    record(database, actor, "test", [{**plan, "required": "0.9", "confidence": "0.95"}])
    runs = {"test": "DET-1", "run": "A", "on_day": DAY, "trials": 10, "alarms": 10}
    record(database, actor, "trial", [runs])
    import_file(database, actor, "RPM-1", "2026-01-09.csv", daily_file(), day=DAY)
    file = folder / "spectrum.csv"
    file.write_text("# live_s: 10\n# real_s: 10\nchannel,counts\n0,5\n1,6\n2,7\n")
    keep_spectrum(database, actor, "RIID-1", file, occupancy=f"RPM-1@{ALARM}")
    row = {
        "origin": "INSTRUMENT_ALARM", "site": "PORT-1", "lane": "L1", "partner": "Customs",
        "instrument": "RPM-1", "gamma_alarm": 1, "neutron_alarm": 0,
    }  # fmt: skip
    for name, start, more in (
        (WORKED, ALARM, {"commodity_code": "6907.21", "commodity": "ceramic tiles"}),
        (OPEN_CASE, SECOND_ALARM, {"words": "driver <b>nervous</b>"}),
    ):
        told = {"alarm": name, "raised_at": start, "occupancy": start, **more}
        shown = {"evidence": f"occupancy:RPM-1@{start}", "max_sigma": "12.5"}
        raise_alarms(database, actor, [{**row, **told, **shown}])
    assess(books, WORKED, ("K-40", "norm"), who=actor)
    record_register(database, actor, shipped_register(), "agreements.json")
    play_the_games(books)
    explain_case(database, actor, WORKED, commodity=True)


@cache
def detecting_books() -> Path:
    """Return the books; to be copied, not used."""
    folder = Path(mkdtemp(prefix="keiryo-detecting-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = copy_of(demonstration_books(), folder)
    books = keiryo.open(place, person="P-DEMO2345")
    detect(books, folder)
    books.disconnect()
    return place
