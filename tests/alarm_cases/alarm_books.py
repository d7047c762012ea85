"""Books with alarm cases, and short words for what is done in them."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from keiryo.alarm_cases.case_record import AlarmCase, alarm_case
from keiryo.alarm_cases.recording import Recorded, raise_alarms, take_step
from keiryo.alarm_cases.results import read_identification
from keiryo.capabilities import builtin_registry
from keiryo.errors import RefusedError
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.storage.engine import Database

PORT, HQ = Actor("P-PORT", "XH"), Actor("P-HQ", "XH")
DAY = Path(__file__).parent / "lane-day"
START = "2026-06-01T09:00:00+09:00"
SEEN = "measurement:RIID-1@2026-06-01T09:05:00+09:00"


def codes(error: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {one.code for one in error.value.findings}


def answer(*nuclides: tuple[str, str], left: list[Any] | None = None, **more: Any) -> bytes:
    """Return an answer as ``keiryo spectrum identify`` prints it."""
    some = [
        {"nuclide": name, "probability": 0.99, "category": category, "evidence": {}}
        for name, category in nuclides
    ]
    unexplained = {"peaks": left or []}
    told = {"nuclides": some, "unexplained": unexplained, "undecided": False, **more}
    return json.dumps(told).encode()


class Desk:
    """Books of a port."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, builtin_registry())
        open_journal(self.database, "XH", PORT)
        self.minute, self.second = 0, 1

    def raise_(self, name: str = "A-1", who: Actor = PORT, **more: Any) -> Recorded:
        start = START if name == "A-1" else f"2026-06-01T09:00:{self.second:02d}+09:00"
        self.second += name != "A-1"
        row = {
            "alarm": name, "origin": "INSTRUMENT_ALARM", "raised_at": START, "site": "PORT-1",
            "lane": "L1", "instrument": "RPM-1", "occupancy": start, "gamma_alarm": 1,
            "neutron_alarm": 0, "evidence": f"occupancy:RPM-1@{start}", **more,
        }  # fmt: skip
        return raise_alarms(self.database, who, [row])

    def step(
        self, state: str, name: str = "A-1", who: Actor = PORT, content: bytes = b"", **more: Any
    ) -> Recorded:
        self.minute += 1
        moment = datetime.datetime.fromisoformat(START) + datetime.timedelta(minutes=self.minute)
        row = {"alarm": name, "at": moment.isoformat(), "reason": "as seen", **more}
        given, findings = None, []
        if content:
            found, findings = read_identification(content)
            given = None if found is None else (found, "answer.json", content)
        if state in ("VERIFIED", "FALSE", "LOCALIZED", "CHARACTERIZED", "RESPONSE"):
            row.setdefault("evidence", SEEN)
        return take_step(self.database, who, state, row, answer=given, findings=findings)

    def to_characterized(self, name: str = "A-1", dose: str = "0.3", neutrons: int = 0) -> None:
        self.step("VERIFIED", name)
        self.step("LOCALIZED", name, place="rear axle")
        self.step("CHARACTERIZED", name, dose_rate_usv_h=dose, neutrons=neutrons)

    def to_categorized(self, category: str, *nuclides: tuple[str, str], **more: Any) -> None:
        self.to_characterized(more.pop("name", "A-1"), **more)
        self.step("IDENTIFIED", content=answer(*nuclides))
        self.step("CATEGORIZED", category=category)

    def case(self, name: str = "A-1", **when: Any) -> AlarmCase:
        with self.database.reading() as connection:
            return alarm_case(connection, self.database.metadata, name, **when)
