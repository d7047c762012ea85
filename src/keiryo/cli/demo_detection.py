"""The demonstration State at its borders: a seaport with two lanes, and an event with lent tools.

The daily file of the lane is made here, with a fixed seed; nothing of it was measured anywhere.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from keiryo.cli.demo_alarm_steps import Assessed
from keiryo.cli.options import Format
from keiryo.cli.output import show_rows

if TYPE_CHECKING:
    from keiryo.api import Books

SITE, LANE, PORTAL = "PORT-1", "L1", "RPM-1"
DAY = datetime.date(2025, 12, 18)
SEED, PASSAGES, BACKGROUND = 20251218, 40, 420
CERAMICS, PATIENT, OPEN_CASE = "CERAMICS-1", "PATIENT-1", "CONTAINER-1"
Nuclide = tuple[str, str]
"""A nuclide and its category."""
_LOUD = {7: 150, 15: 128, 29: 210}
"""Counts in 0.2 s and panel of the passages that alarm, by their place in the day."""


def passages() -> bytes:
    """Return a day of a portal as it would store it: background, scans, speeds, ends."""
    import numpy as np

    random = np.random.default_rng(SEED)
    lines: list[str] = []
    at = datetime.datetime.combine(DAY, datetime.time(6, 12))
    for n in range(PASSAGES):
        time = f"{at:%H-%M-%S}.{at.microsecond // 1000:03d}"
        quiet = random.poisson(BACKGROUND, 4)
        lines.append(f"GB,{','.join(f'{one:06d}' for one in quiet)},{time}")
        lines.append(f"NB,000001,000000,000001,000000,{time}")
        length = int(random.integers(28, 60))
        for scan in range(length):
            inside = length // 3 <= scan < 2 * length // 3
            shadow = 0.92 if inside else 1.0
            mean = _LOUD[n] if n in _LOUD and inside else BACKGROUND / 5 * shadow
            counts = random.poisson(mean, 4)
            code = "GA" if n in _LOUD and inside else "GS"
            lines.append(f"{code},{','.join(f'{one:06d}' for one in counts)},{time}")
            if scan % 5 == 4:
                some = random.poisson(0.5, 4)
                lines.append(f"NS,{','.join(f'{one:06d}' for one in some)},{time}")
        lines.append(f"SP,0.3400,{9 + 3 * random.random():08.4f},0000.000,{time}")
        lines.append(f"GX,{n + 1:06d},002000,000000,000000,{time}")
        at += datetime.timedelta(seconds=int(random.integers(400, 1500)))
    return "".join(f"{one}\r\n" for one in lines).encode()


def watch_the_port(books: Books) -> list[str]:
    """Record a seaport, a day of one of its lanes, and the cases of that day."""
    from keiryo.detection_sites.importing import import_file
    from keiryo.detection_sites.register import record

    database, actor = books.database, books.actor
    site = {"site": SITE, "name": "Container terminal", "site_type": "seaport",
            "zone": "Asia/Tokyo", "partner": "Customs"}  # fmt: skip
    record(database, actor, "site", [site])
    record(database, actor, "lane", [{"lane": f"L{n}", "site": SITE} for n in (1, 2)])
    made = {"site": SITE, "instrument_class": "portal", "maker": "Invented", "model": "Four panels"}
    some = [
        {**made, "instrument": f"RPM-{n}", "lane": f"L{n}", "serial": f"2025-{n}"} for n in (1, 2)
    ]
    record(database, actor, "instrument", some)
    setup = {"instrument": PORTAL, "valid_from": "2025-01-01T00:00+09:00", "n_sigma": "6"}
    record(database, actor, "setup", [{**setup, "source": "acceptance test"}])
    checks = [
        {"instrument": f"RPM-{n}", "check_name": "calibration", "on_day": datetime.date(2025, n, 9),
         "result": "passed", "due_on": datetime.date(2025, 12, 10 + 10 * (2 - n))}
        for n in (1, 2)
    ]  # fmt: skip
    record(database, actor, "check", checks)
    plan = {"test": "DETECTION-1", "instrument": PORTAL, "requirement": "detection",
            "required": "0.9", "confidence": "0.95"}  # fmt: skip
    record(database, actor, "test", [plan])
    runs = {"test": "DETECTION-1", "run": "1", "on_day": DAY, "trials": 60, "alarms": 60}
    record(database, actor, "trial", [runs])
    name = f"{DAY.isoformat()}.csv"
    import_file(database, actor, PORTAL, name, passages(), day=DAY)
    return _cases(books)


def _cases(books: Books) -> list[str]:
    """Raise a case for each alarm of the day; work one to its end and one half of the way."""
    from keiryo.alarm_cases.recording import raise_alarms
    from keiryo.alarm_cases.recording_explanations import explain_case
    from keiryo.detection_sites.importing import occupancies

    database, actor = books.database, books.actor
    with database.reading() as connection:
        known = occupancies(connection, database.metadata, instrument=PORTAL)
    loud = [row for row in known.values() if row["gamma_alarm"]]
    told: tuple[dict[str, Any], ...] = (
        {"alarm": CERAMICS, "commodity_code": "6907.21", "commodity": "ceramic tiles",
         "container": "CSQU3054383", "consignee": "Tile Shop"},
        {"alarm": PATIENT, "subject": "person", "words": "driver, treated three days ago"},
        {"alarm": OPEN_CASE, "container": "MSKU0000011", "commodity": "machine parts"},
    )  # fmt: skip
    for row, more in zip(loud, told, strict=False):
        raise_alarms(
            database, actor,
            [{"passage": f"{PORTAL}@{row['start']}", **more}],
        )  # fmt: skip
    starts = [str(row["start"]) for row in loud]
    tiles = _assess(books, CERAMICS, starts[0], "0.2", ("K-40", "norm"), ("Ra-226", "norm"))
    explain_case(database, actor, CERAMICS, commodity=True)
    tiles.step("CATEGORIZED", "natural nuclides alone", category="NORM")
    tiles.step("INNOCENT_DECLARED", "tiles, as declared")
    tiles.step("CLOSED", "released")
    _assess(books, PATIENT, starts[1], "4.1", ("I-131", "medical"))
    return [CERAMICS, PATIENT, OPEN_CASE]


def _assess(books: Books, alarm: str, start: str, dose: str, *nuclides: Nuclide) -> Assessed:
    """Take a case from raised to identified."""
    at = datetime.datetime.fromisoformat(start.replace("Z", "+00:00"))
    case = Assessed(books.database, books.actor, alarm, at, "RIID-2")
    case.measured("middle of the load", dose)
    case.identified(*nuclides)
    return case


def play_the_games(books: Books) -> dict[str, Any]:
    """Play the Lake Games from the loan of instruments to their return; return the report."""
    from keiryo.cli.demo_event import Played
    from keiryo.journal.model import Actor

    our = own_organisation(books)
    head = Actor("P-HEAD", books.actor.on_behalf_of)
    event = Played(books.database, books.actor, head, our)
    event.loan()
    event.receipt()
    event.before()
    event.day()
    event.back()
    return event.end()


def own_organisation(books: Books) -> str:
    """Record the organisation that borrows, in a register of its own, and return its name."""
    from keiryo.cooperation.recording import record_register, shipped_register

    shipped = json.loads(shipped_register())
    state = books.actor.on_behalf_of
    one = {"id": f"{state}.GOV", "name": f"Government of State {state}", "aliases": [],
           "country": state, "kind": "ministry", "provenance": []}  # fmt: skip
    told = {"schema": shipped["schema"], "sources": [], "organisations": [one]}
    record_register(books.database, books.actor, json.dumps(told).encode(), "own.json")
    return str(one["id"])


def look_at_detection(books: Books, cases: list[str], report: dict[str, Any]) -> None:
    """Tell what the lane saw, what became of its alarms, and how the event ended."""
    from keiryo.alarm_cases.case_record import case_register
    from keiryo.detection_sites.statistics import statistics

    metadata = books.database.metadata
    with books.database.reading() as connection:
        rates = statistics(connection, metadata, by="lane")[0]
        known = case_register(connection, metadata)
    print(
        f"Lane {LANE} of the seaport: {rates['occupancies']} passages, {rates['any']} alarms "
        f"({100 * rates['any_rate']:.1f} %, between {100 * rates['any_low']:.1f} and "
        f"{100 * rates['any_high']:.1f} % with 95 % confidence)."
    )
    rows = [
        {
            "case": name,
            "state": known[name].state,
            "decision": known[name].decision,
            "nuclides": ", ".join(str(one["nuclide"]) for one in known[name].identified),
        }
        for name in [*cases, *(one["alarm_case"] for one in report["alarms"] if one["alarm_case"])]
    ]
    show_rows(rows, Format.TABLE)
    alarms = report["statistics"][-1]
    print(
        f"{report['title']}: {len(report['checks'])} instruments checked, "
        f"{len(report['surveys'])} survey, {alarms['alarms']} alarms in {alarms['hours']:g} hours "
        f"of posts, {len(report['lessons'])} lessons; the lent instruments are back, nothing is "
        f"open: {'no' if report['open'] else 'yes'}."
    )
