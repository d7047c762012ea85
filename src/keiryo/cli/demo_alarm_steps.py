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
    database, actor
        The books, and who takes the next step.
    alarm : str
        Name of the case.
    at : datetime
        Moment of the last step, at first of the alarm.
    instrument : str
        With what it is measured.
    """

    database: Database
    actor: Actor
    alarm: str
    at: datetime
    instrument: str

    @property
    def seen(self) -> str:
        """What was measured at the moment of the last step, as evidence."""
        return f"measurement:{self.instrument}@{self.at.isoformat()}"

    def step(self, state: str, reason: str, answer: Any = None, **more: Any) -> None:
        """Take a step some minutes after the last one."""
        self.at += timedelta(minutes=MINUTES)
        row = {"alarm": self.alarm, "at": self.at.isoformat(), "reason": reason}
        row |= {"evidence": self.seen, **more}
        take_step(self.database, self.actor, state, row, answer=answer)

    def measured(self, place: str, dose_rate_usv_h: str, neutrons: int = 0) -> None:
        """Verify, find the place and characterize what is there."""
        self.step("VERIFIED", "alarm again in a second passage")
        self.step("LOCALIZED", "largest rate with the identifier", place=place)
        words = "measured at the place, one minute"
        self.step("CHARACTERIZED", words, dose_rate_usv_h=dose_rate_usv_h, neutrons=neutrons)

    def identified(self, *nuclides: tuple[str, str]) -> None:
        """Take in what an identifier names, nothing left unexplained; nuclides by category."""
        some = [
            {"nuclide": name, "probability": 0.98, "category": category, "evidence": {}}
            for name, category in nuclides
        ]
        told = {"nuclides": some, "unexplained": {"peaks": []}, "undecided": False}
        content = json.dumps(told).encode()
        found = read_identification(content)[0]
        assert found is not None
        answer = (found, f"{self.alarm}.json", content)
        self.step("IDENTIFIED", "as the identifier says", answer=answer)
