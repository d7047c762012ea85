"""The demonstration of a seaport: two lanes, a day of a portal, and alarm cases in several states.

The port is invented, and so is its day: counts are drawn with a fixed seed about a background that
vehicles shield, with a few sources; the portal's own alarm is set where the counts of a second go
beyond N sigma. The numbers mean nothing for any portal in use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from keiryo.alarm_cases.recording import explain_case, raise_alarms
from keiryo.cli.demo_alarm_steps import Assessed
from keiryo.cli.options import Format
from keiryo.cli.output import show_rows
from keiryo.detection_sites.importing import import_file, occupancies
from keiryo.detection_sites.register import record

if TYPE_CHECKING:
    from keiryo.api import Books

SEED = 20251112
DAY, SITE, PORTAL, HAND = date(2025, 11, 12), "PORT-XA", "RPM-1", "RIID-7"
OFFSET = timedelta(hours=9)
N_SIGMA = 5.0
PANEL_COUNTS = 400.0
"""Counts per second of a panel without a vehicle."""
NEUTRON_COUNTS = 0.5
INTERVALS, PASSAGES, MINUTES = 40, 48, 11


@dataclass(frozen=True, slots=True)
class Load:
    """What a vehicle carries.

    Attributes
    ----------
    gamma, neutrons : float
        Most counts per second of a panel that it adds.
    width : float
        Width of the bump, as a part of the passage.
    """

    gamma: float = 0.0
    neutrons: float = 0.0
    width: float = 0.12


LOADS = {
    7: Load(150, width=0.3),  # tiles: the whole load
    16: Load(420, width=0.06),  # a patient: one seat
    27: Load(210, width=0.3),  # fertilizer
    38: Load(260, neutrons=9.0, width=0.08),  # a gauge
}
"""Loads with something in them, by number of the passage."""


def daily_file() -> bytes:
    """Return the day of the portal as its daily file, the same whenever it is made."""
    rng = np.random.default_rng(SEED)
    begin = datetime.combine(DAY, datetime.min.time()) + timedelta(hours=7)
    lines: list[str] = []
    for number in range(1, PASSAGES + 1):
        at = begin + timedelta(minutes=MINUTES * number, seconds=int(rng.integers(0, 240)))
        lines += _passage(rng, at, number, LOADS.get(number, Load()))
        if number == 20:
            lines += [
                _record("TT", (), at + timedelta(minutes=4)),
                _record("TC", (), at + timedelta(minutes=5)),
            ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _record(code: str, values: Any, at: datetime) -> str:
    told = [f"{int(one):06d}" for one in values]
    return ",".join([code, *told, at.strftime("%H-%M-%S.") + f"{at.microsecond // 1000:03d}"])


def _passage(rng: np.random.Generator, at: datetime, number: int, load: Load) -> list[str]:
    """Return the records of a passage: background, five intervals a second, neutrons, end."""
    background = rng.poisson(PANEL_COUNTS * 20, 4) / 20
    quiet = rng.poisson(NEUTRON_COUNTS * 20, 4) / 20
    lines = [_record("GB", np.rint(background), at), _record("NB", np.rint(quiet), at)]
    along = (np.arange(INTERVALS) + 0.5) / INTERVALS
    shielding = 1 - 0.12 * np.exp(-0.5 * ((along - 0.5) / 0.25) ** 2)
    bump = np.exp(-0.5 * ((along - rng.uniform(0.4, 0.6)) / load.width) ** 2)
    panels = rng.poisson(
        (PANEL_COUNTS * shielding[:, None] + load.gamma * bump[:, None]) / 5, (INTERVALS, 4)
    )
    limit = background.sum() + N_SIGMA * np.sqrt(background.sum())
    for n in range(INTERVALS):
        now = at + timedelta(seconds=1 + 0.2 * n)
        second = panels[max(0, n - 4) : n + 1].sum()
        lines.append(_record("GA" if n >= 4 and second > limit else "GS", panels[n], now))
        if n % 5 == 4:
            rate = NEUTRON_COUNTS + load.neutrons * bump[n]
            counts = rng.poisson(rate, 4)
            lines.append(_record("NA" if counts.sum() > 14 else "NS", counts, now))
    end = at + timedelta(seconds=1.5 + 0.2 * INTERVALS)
    speed = int(rng.integers(2000, 3500))
    return [*lines, _record("GX", (number, speed, 0, 0), end)]


def watch_the_port(books: Books) -> None:
    """Record the port, take in the day of a lane, and assess its alarms as far as they are."""
    _register(books)
    told = import_file(*(books.database, books.actor, PORTAL, f"{DAY}.csv", daily_file()), day=DAY)
    rows = _in_alarm(books)
    print(
        f"   {told.occupancies} passages of {PORTAL} on {DAY}, replayed: {len(rows)} in alarm. "
        "One case is closed,\n   one waits for a decision, one was escalated, one was just raised."
    )
    states = _assess(books, rows)
    show_rows(states, Format.TABLE, title="The adjudication desk")


def _register(books: Books) -> None:
    database, actor = books.database, books.actor
    site = {"site": SITE, "name": "Container terminal of State XA", "site_type": "seaport"}
    record(database, actor, "site", [{**site, "zone": "Asia/Tokyo", "partner": "Customs"}])
    lanes = [{"lane": f"LANE-{n}", "site": SITE} for n in (1, 2)]
    record(database, actor, "lane", lanes)
    made = {"site": SITE, "instrument_class": "portal", "maker": "made up", "model": "plastic"}
    portals = [
        {**made, "instrument": f"RPM-{n}", "lane": f"LANE-{n}", "serial": f"P-10{n}"}
        for n in (1, 2)
    ]
    hand = {**made, "instrument": HAND, "instrument_class": "riid", "serial": "H-7"}
    record(database, actor, "instrument", [*portals, {**hand, "model": "identifier"}])
    setup = {"instrument": PORTAL, "valid_from": "2025-01-01T00:00+09:00"}
    record(database, actor, "setup", [{**setup, "n_sigma": f"{N_SIGMA:g}"}])
    check = {"instrument": "RPM-2", "check_name": "calibration", "result": "passed"}
    days = {"on_day": date(2024, 11, 1), "due_on": date(2025, 11, 1)}
    record(database, actor, "check", [{**check, **days}])


def _in_alarm(books: Books) -> list[dict[str, Any]]:
    with books.database.reading() as connection:
        found = occupancies(connection, books.database.metadata, instrument=PORTAL)
    rows = [row for row in found.values() if row["gamma_alarm"] or row["neutron_alarm"]]
    return sorted(rows, key=lambda row: str(row["start"]))


_TOLD: dict[int, dict[str, Any]] = {
    7: {"commodity_code": "6907.21", "commodity": "ceramic tiles", "container": "XAAU4711003"},
    16: {"subject": "driver", "words": "the cab alarms, not the load"},
    27: {"commodity_code": "3105.20", "commodity": "fertilizer", "container": "XAAU4711050"},
    38: {"words": "road works; gauge in the papers, no licence at hand", "subject": "vehicle"},
}


def _assess(books: Books, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raise a case for each known passage in alarm, and take each as far as it is."""
    from keiryo.alarm_cases.case_record import case_register

    database, actor = books.database, books.actor
    steps = {7: _tiles, 16: _driver, 38: _gauge}
    for row in rows:
        told = _TOLD.get(int(row["counter"]))
        if told is None:
            continue
        name, start = f"PORT-{row['counter']}", str(row["start"])
        case = {
            "alarm": name, "origin": "INSTRUMENT_ALARM", "site": SITE, "lane": "LANE-1",
            "partner": "Customs", "instrument": PORTAL, "raised_at": start, "occupancy": start,
            "gamma_alarm": int(row["gamma_alarm"] or 0), "max_sigma": row["max_sigma"],
            "neutron_alarm": int(row["neutron_alarm"] or 0),
            "evidence": f"occupancy:{PORTAL}@{start}",
        }  # fmt: skip
        raise_alarms(database, actor, [{**case, **told}])
        if (work := steps.get(int(row["counter"]))) is not None:
            at = datetime.fromisoformat(start).astimezone(UTC) + timedelta(minutes=20)
            seen = f"measurement:{HAND}@{at.isoformat()}"
            work(books, Assessed(database, actor, name, at, seen))
    with database.reading() as connection:
        cases = case_register(connection, database.metadata)
    return [
        {
            "case": one.name,
            "goods or person": one.values["commodity"] or one.values["subject"],
            "state": one.state,
            "nuclides": ", ".join(str(each["nuclide"]) for each in one.identified),
            "decision": one.decision,
        }
        for one in cases.values()
        if one.values["site"] == SITE
    ]


def _tiles(books: Books, case: Assessed) -> None:
    """Natural radioactivity of the declared goods: innocent, closed by a second person."""
    case.measured("the whole load, evenly", "0.3")
    case.identified(("K-40", "norm"), ("Ra-226", "norm"), ("Th-232", "norm"))
    explain_case(books.database, books.actor, case.alarm, commodity=True)
    case.step("CATEGORIZED", "natural nuclides alone", row={"category": "NORM"})
    second = replace(books.actor, person="P-PORT-LEAD")
    case.step("INNOCENT_DECLARED", "tiles, as declared; load seen", by=second)
    case.step("CLOSED", "released", by=second)


def _driver(books: Books, case: Assessed) -> None:
    """A patient: identified and explained, and the decision is still to be taken."""
    case.measured("driver", "2.4")
    case.identified(("I-131", "medical"))
    explain_case(books.database, books.actor, case.alarm, treatment="I-131 therapy", days=9.0)


def _gauge(books: Books, case: Assessed) -> None:
    """Neutrons: escalated, and an expert is to be asked."""
    del books
    case.step("ESCALATED", "neutrons at the portal", row={"receiver": "headquarters"})
    case.measured("yellow case behind the cab", "6.5", neutrons=1)
