"""Steps of alarm cases in the demonstration: each minute after the one before, with its reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from keiryo.alarm_cases.recording import take_step
from keiryo.alarm_cases.results import read_identification
from keiryo.journal.model import Actor
from keiryo.storage.engine import Database

MINUTES = 6
"""Between two steps."""


@dataclass
class Assessed:
    """A case that is taken from step to step.

    Attributes
    ----------
    alarm : str
        Name of the case.
    at : datetime
        Moment of the last step.
    evidence : str
        What shows what is said, named as the record names it.
    """

    database: Database
    actor: Actor
    alarm: str
    at: datetime
    evidence: str

    def step(self, state: str, reason: str, *, by: Actor | None = None, **more: Any) -> None:
        """Take a step some minutes after the last one."""
        self.at += timedelta(minutes=MINUTES)
        row = {"alarm": self.alarm, "at": self.at.isoformat(), "reason": reason}
        row |= {"evidence": self.evidence, **more.pop("row", {})}
        take_step(self.database, by or self.actor, state, row, **more)

    def measured(self, place: str, dose_rate_usv_h: str, neutrons: int = 0) -> None:
        """Verify, find the place and characterize what is there."""
        self.step("VERIFIED", "alarm again in the second passage")
        self.step("LOCALIZED", "largest rate with the identifier", row={"place": place})
        found = {"dose_rate_usv_h": dose_rate_usv_h, "neutrons": neutrons}
        self.step("CHARACTERIZED", "measured at the place, one minute", row=found)

    def identified(self, *nuclides: tuple[str, str]) -> None:
        """Take in what an identifier names, nothing left unexplained; nuclides by category."""
        some = [
            {"nuclide": name, "probability": 0.99, "category": category, "evidence": {}}
            for name, category in nuclides
        ]
        told = {"nuclides": some, "unexplained": {"peaks": []}, "undecided": False}
        content = json.dumps(told).encode()
        found = read_identification(content)[0]
        assert found is not None
        answer = (found, f"{self.alarm}.json", content)
        self.step("IDENTIFIED", "as the identifier says", answer=answer)
