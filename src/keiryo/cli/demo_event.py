"""The made-up Lake Games, played from the loan of instruments to their return.

Everything happens in 2025: the loan is asked for, the plan approved by a second person, what is
lent is checked on receipt, the background surveyed, the venue swept and locked, alarms decided on,
a partner told, instruments handed back, and the event closed with its report.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from keiryo.alarm_cases.recording import raise_alarms
from keiryo.alarm_cases.recording_explanations import explain_case
from keiryo.cli.demo_alarm_steps import Assessed
from keiryo.equipment.calibration import Calibration, calibrate
from keiryo.equipment.custody import HandOver, hand_over, instant_text
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.equipment.loans import StepWanted, Terms, lend, take_step
from keiryo.journal.model import Actor, Posted
from keiryo.public_events import (
    alarm_log,
    closing,
    equipping,
    exchange,
    hand_back,
    survey,
    sweeping,
)
from keiryo.public_events.recording import decide, record_plan
from keiryo.public_events.sheets import read_folder
from keiryo.storage.engine import Database

FOLDER = Path(str(files("keiryo.data").joinpath("lake_games")))
EVENT, LOAN = "lake-games", "L-7"
LENDER = "INT.IAEA"
PATIENT_CASE, NEUTRON_CASE = "case-16", "case-17"
"""Alarm cases of the day."""
_ZONE = datetime.timezone(datetime.timedelta(hours=9))
FIRST = datetime.datetime(2025, 7, 20, 9, 12, tzinfo=_ZONE)
SECOND = datetime.datetime(2025, 7, 20, 10, 5, tzinfo=_ZONE)
"""When they were raised."""


def day(month: int, number: int) -> datetime.date:
    """Return a day of 2025."""
    return datetime.date(2025, month, number)


@dataclass
class Played:
    """Books of the event, and how far it has been played.

    Attributes
    ----------
    database : Database
    officer, head : Actor
        Who records, and who approves and releases; `head` is named in the plan.
    our : str
        The organisation that borrows.
    keeper, guard, desk : Actor or None
        Who keeps loans and what goes to partners, who receives instruments and hands them over,
        and who assesses alarms; None: `officer`, and `head` for the release to a partner.
    folder : Path
        Where the sheets of the event are.
    """

    database: Database
    officer: Actor
    head: Actor
    our: str
    keeper: Actor | None = None
    guard: Actor | None = None
    desk: Actor | None = None
    folder: Path = FOLDER

    @property
    def books(self) -> tuple[Database, Actor]:
        """The books and who records."""
        return self.database, self.officer

    @property
    def lent(self) -> tuple[Database, Actor]:
        """The books and who keeps equipment and loans."""
        return self.database, self.keeper or self.officer

    @property
    def guarding(self) -> tuple[Database, Actor]:
        """The books and who receives instruments and hands them over."""
        return self.database, self.guard or self.officer

    @property
    def assessing(self) -> tuple[Database, Actor]:
        """The books and who assesses alarms."""
        return self.database, self.desk or self.officer

    def file(self, name: str) -> tuple[str, bytes]:
        """Return a file of the event."""
        return name, (self.folder / name).read_bytes()

    def give(self, serial: str, giver: str, receiver: str, whose: str, place: str, at: str) -> None:
        """Hand an instrument over."""
        one = HandOver(serial, giver, receiver, whose, place, instant_text(at))
        hand_over(*self.guarding, [one])

    def step(self, state: str, on: datetime.date, **more: Any) -> Posted:
        """Take a step of the loan."""
        return take_step(*self.lent, StepWanted(LOAN, state, on, f"{state} as agreed", **more))

    def loan(self) -> None:
        """Register instruments, agree on the loan, approve the plan, ship.

        The register of agreements is in the books already.
        """
        kinds = {
            "RIID-1": ("radionuclide-identification-device", LENDER),
            "BP-1": ("portable-scanner", LENDER),
            "PPM-1": ("portal-monitor", self.our),
        }
        for serial, (kind, owner) in kinds.items():
            values = {"serial": serial, "type": kind, "model": "made up", "owner": owner}
            who = "Huber" if owner == LENDER else "Ito"
            first = HandOver(serial, None, who, owner, "store", "2025-01-05T09:00:00.000000Z")
            register_items(*self.lent, [ItemEntry(values, first)])
            due = datetime.date(2025, 12, 1)
            calibrate(*self.lent, Calibration(serial, day(1, 10), due, "laboratory"))
        terms = Terms(
            *(LOAN, LENDER, self.our, "supplementary detection", "lake-games"),
            requested_on=day(2, 1),
            start_on=day(6, 1),
            end_on=day(9, 30),
            agreement_reference="A-7",
            insurance="borrower",
            customs_regime="temporary-import",
        )
        lend(*self.lent, terms, ["RIID-1", "BP-1"])
        plan, findings = read_folder(self.folder / "plan")
        _act, gaps = record_plan(*self.books, plan, "1", findings=findings)
        assert not gaps, gaps
        decide(self.database, self.head, EVENT, "1", "approved", on=day(3, 1))
        for state, on in (("offered", day(2, 20)), ("agreed", day(3, 2)), ("shipped", day(6, 2))):
            self.step(state, on)
        for serial in ("RIID-1", "BP-1"):
            self.give(serial, "Huber", "Ito", self.our, "store", "2025-06-12T08:00+09:00")

    def receipt(self) -> None:
        """Check on receipt; the backpack fails and is checked again."""
        equipping.record_receipt(*self.books, EVENT, self.file("receipt.csv"))
        equipping.record_receipt(*self.books, EVENT, self.file("receipt-again.csv"))
        equipping.receive(*self.guarding, EVENT, LOAN, on=day(6, 13))
        self.step("in_use", day(6, 14))

    def before(self) -> float:
        """Survey the background, check the instruments of the day, sweep and lock."""
        survey.record_survey(*self.books, EVENT, "stadium", self.file("survey.csv"))
        files = (self.file("daily.csv"), self.file("limits.csv"))
        equipping.record_daily(*self.books, EVENT, *files)
        made = sweeping.SweepMade("sweep1", "red", ("BP-1",), 4.5)
        part = sweeping.record_sweep(*self.books, EVENT, made, self.file("track.csv"))[1]
        sweeping.record_spots(*self.books, EVENT, self.file("spots.csv"))
        at = instant_text("2025-07-20T07:45+09:00")
        sweeping.lock(*self.books, EVENT, "stadium", at=at, words="locked by the team red")
        return part

    def day(self) -> str:
        """Give the instruments to their posts, keep the log of alarms, tell a partner."""
        for serial, post in (("RIID-1", "north"), ("BP-1", "south"), ("PPM-1", "south")):
            at = instant_text("2025-07-20T07:50+09:00")
            who: dict[str, Any] = {
                "receiver": f"lead of {post}",
                "organisation": self.our,
                "at": at,
            }
            equipping.assign(*self.guarding, EVENT, serial, post, **who)
        self._raise()
        alarm_log.record_alarms(*self.books, EVENT, self.file("alarms.csv"))
        self._assess()
        alarm_log.record_alarms(*self.books, EVENT, self.file("alarms-closed.csv"))
        told: dict[str, Any] = {
            "from_organisation": self.our,
            "to_organisation": self.our,
            "on": day(7, 21),
        }
        name = exchange.keep_log(*self.lent, EVENT, caveats=("official-use",), **told)
        asked: dict[str, Any] = {"on": day(7, 21), "words": "as agreed"}
        exchange.ask(*self.books, EVENT, name, LENDER, "lessons of the event", **asked)
        exchange.release(self.database, self.keeper or self.head, EVENT, name, LENDER, **asked)
        return name

    def _raise(self) -> None:
        """Raise the cases of the day: a visitor at a gate, and neutrons at the other one."""
        gamma: dict[str, Any] = {"instrument": "RIID-1", "lane": "north", "gamma_alarm": 1}
        neutron: dict[str, Any] = {"instrument": "PPM-1", "lane": "south", "gamma_alarm": 0}
        for name, at, seen in (
            (PATIENT_CASE, FIRST, {**gamma, "neutron_alarm": 0, "words": "visitor at the gate"}),
            (NEUTRON_CASE, SECOND, {**neutron, "neutron_alarm": 1, "words": "neutron counter"}),
        ):
            row = {"alarm": name, "origin": "INSTRUMENT_ALARM", "raised_at": at.isoformat()}
            row |= {"site": EVENT, "partner": self.our, **seen}
            raise_alarms(*self.assessing, [row], files=[self.file("alarms.csv")])

    def _assess(self) -> None:
        """Close the visitor's case as innocent; the neutrons are handed over, never innocent."""
        case = Assessed(*self.assessing, PATIENT_CASE, FIRST, "RIID-1")
        case.measured("upper body of the visitor", "1.2")
        case.identified(("Tc-99m", "medical"))
        letter: dict[str, Any] = {"treatment": "Tc-99m", "days": 1.0, "rate_usv_h": 1.2}
        explain_case(*self.assessing, PATIENT_CASE, **letter, evidence=case.seen)
        case.step("CATEGORIZED", "medicine alone", category="MEDICAL")
        case.step("INNOCENT_UNDECLARED", "letter of the clinic, of the day before")
        case.step("CLOSED", "the visitor went on")
        case = Assessed(*self.assessing, NEUTRON_CASE, SECOND, "RIID-1")
        case.measured("yellow case of a contractor", "1.2", neutrons=1)
        case.identified(("Am-241", "industrial"))
        case.step("CATEGORIZED", "a moisture gauge", category="INDUSTRIAL")
        case.step("ESCALATED", "neutrons", receiver="P-HEAD")
        case.actor = self.head
        case.step("UNRESOLVED", "neutrons stay; the authority looks at the licence")
        case.step("RESPONSE", "handed over with the gauge", receiver="Authority")
        case.step("CLOSED", "the licence covers the gauge")

    def back(self) -> None:
        """Hand the lent instruments back and report to the lender."""
        for serial, post in (("RIID-1", "north"), ("BP-1", "south")):
            lead = f"lead of {post}"
            self.give(serial, lead, "Huber", LENDER, "Vienna", "2025-08-20T09:00+02:00")
        self.step("recalled", day(8, 1))
        results = {"decontamination_check": "passed", "function_test": "passed"}
        self.step("returned", day(8, 20), **results)
        self.step("closed", day(8, 21))
        hand_back.report_to_lender(*self.books, EVENT, LOAN, on=day(8, 25))

    def end(self) -> dict[str, Any]:
        """Record the lessons and close the event."""
        closing.record_lessons(*self.books, EVENT, self.file("lessons.csv"))
        return closing.close(*self.books, EVENT, on=day(9, 1))[1]
