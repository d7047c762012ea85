"""The demonstration of a major public event: played from the loan of instruments to their return.

The event, its people and its places are made up; its sheets are in the folder ``lake_games`` of the
data of the product. One alarm of the day is a patient, one a fault of a portal: both are assessed
in alarm cases, the one with neutrons by a person of headquarters who did not raise it.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keiryo.alarm_cases.recording import explain_case, raise_alarms
from keiryo.cli.demo_alarm_steps import Assessed
from keiryo.cli.options import Format
from keiryo.cli.output import show_rows
from keiryo.cooperation.recording import record_register, shipped_register
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

if TYPE_CHECKING:
    from keiryo.api import Books

FOLDER = Path(str(files("keiryo.data").joinpath("lake_games")))
EVENT, LOAN, LENDER = "lake-games", "L-7", "INT.IAEA"
PATIENT, FAULT = "lake-games-1", "lake-games-2"
"""Alarm cases of the day: an innocent one, and a false one with neutrons."""
ZONE = datetime.timezone(datetime.timedelta(hours=9))


def day(month: int, number: int) -> datetime.date:
    """Return a day of the year of the event."""
    return datetime.date(2025, month, number)


@dataclass
class PlayedEvent:
    """Books of the event, who acts in them, and for which organisation."""

    database: Database
    officer: Actor
    head: Actor
    our: str

    @property
    def books(self) -> tuple[Database, Actor]:
        """The books and who acts."""
        return self.database, self.officer

    def file(self, name: str) -> tuple[str, bytes]:
        """Return a sheet of the folder of the event."""
        return name, (FOLDER / name).read_bytes()

    def give(self, serial: str, giver: str, receiver: str, whose: str, place: str, at: str) -> None:
        """Hand an instrument over."""
        one = HandOver(serial, giver, receiver, whose, place, instant_text(at))
        hand_over(*self.books, [one])

    def step(self, state: str, on: datetime.date, **more: Any) -> Posted:
        """Take a step of the loan."""
        return take_step(*self.books, StepWanted(LOAN, state, on, f"{state} as agreed", **more))

    def loan(self) -> None:
        """Register instruments, agree on the loan, approve the plan, ship."""
        kinds = {
            "RIID-1": ("radionuclide-identification-device", LENDER),
            "BP-1": ("portable-scanner", LENDER),
            "PPM-1": ("portal-monitor", self.our),
        }
        for serial, (kind, owner) in kinds.items():
            values = {"serial": serial, "type": kind, "model": "made up", "owner": owner}
            who = "Huber" if owner == LENDER else "Ito"
            first = HandOver(serial, None, who, owner, "store", "2025-01-05T09:00:00.000000Z")
            register_items(*self.books, [ItemEntry(values, first)])
            due = datetime.date(2025, 12, 1)
            calibrate(*self.books, Calibration(serial, day(1, 10), due, "laboratory"))
        terms = Terms(
            *(LOAN, LENDER, self.our, "supplementary detection", "lake-games"),
            requested_on=day(2, 1),
            start_on=day(6, 1),
            end_on=day(9, 30),
            agreement_reference="A-7",
            insurance="borrower",
            customs_regime="temporary-import",
        )
        lend(*self.books, terms, ["RIID-1", "BP-1"])
        plan, findings = read_folder(FOLDER / "plan")
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
        equipping.receive(*self.books, EVENT, LOAN, on=day(6, 13))
        self.step("in_use", day(6, 14))

    def before(self) -> float:
        """Survey the background, check the instruments of the day, sweep and lock."""
        survey.record_survey(*self.books, EVENT, "stadium", self.file("survey.csv"))
        sheets = (self.file("daily.csv"), self.file("limits.csv"))
        equipping.record_daily(*self.books, EVENT, *sheets)
        made = sweeping.SweepMade("sweep1", "red", ("BP-1",), 4.5)
        part = sweeping.record_sweep(*self.books, EVENT, made, self.file("track.csv"))[1]
        sweeping.record_spots(*self.books, EVENT, self.file("spots.csv"))
        at = instant_text("2025-07-20T07:45+09:00")
        sweeping.lock(*self.books, EVENT, "stadium", at=at, words="locked by the team red")
        return part

    def day(self) -> str:
        """Give the instruments to their posts, assess the alarms, tell a partner."""
        for serial, post in (("RIID-1", "north"), ("BP-1", "south"), ("PPM-1", "south")):
            at = instant_text("2025-07-20T07:50+09:00")
            who: dict[str, Any] = {
                "receiver": f"lead of {post}",
                "organisation": self.our,
                "at": at,
            }
            equipping.assign(*self.books, EVENT, serial, post, **who)
        self._raise()
        alarm_log.record_alarms(*self.books, EVENT, self.file("alarms.csv"))
        self._assess()
        alarm_log.record_alarms(*self.books, EVENT, self.file("alarms-closed.csv"))
        told: dict[str, Any] = {
            "from_organisation": self.our,
            "to_organisation": self.our,
            "on": day(7, 21),
        }
        name = exchange.keep_log(*self.books, EVENT, caveats=("official-use",), **told)
        asked: dict[str, Any] = {"on": day(7, 21), "words": "as agreed"}
        exchange.ask(*self.books, EVENT, name, LENDER, "lessons of the event", **asked)
        exchange.release(self.database, self.head, EVENT, name, LENDER, **asked)
        return name

    def _raise(self) -> None:
        gamma: dict[str, Any] = {
            "instrument": "RIID-1",
            "lane": "north",
            "gamma_alarm": 1,
            "neutron_alarm": 0,
        }
        neutron: dict[str, Any] = {
            "instrument": "PPM-1",
            "lane": "south",
            "gamma_alarm": 0,
            "neutron_alarm": 1,
        }
        for name, minute, seen, words in (
            (PATIENT, (9, 12), gamma, "visitor; beep at the gate"),
            (FAULT, (10, 5), neutron, "neutron counter of the portal"),
        ):
            at = datetime.datetime(2025, 7, 20, *minute, tzinfo=ZONE).isoformat()
            row: dict[str, Any] = {
                "alarm": name,
                "origin": "INSTRUMENT_ALARM",
                "site": EVENT,
                "raised_at": at,
            }
            row |= {"subject": "person", "words": words, **seen}
            raise_alarms(*self.books, [row], files=[self.file("alarms.csv")])

    def _assess(self) -> None:
        at = datetime.datetime(2025, 7, 20, 9, 12, tzinfo=ZONE)
        seen = f"measurement:RIID-1@{(at + datetime.timedelta(minutes=5)).isoformat()}"
        case = Assessed(*self.books, PATIENT, at, seen)
        case.measured("upper body of the visitor", "1.2")
        case.identified(("Tc-99m", "medical"))
        explain_case(
            *(*self.books, PATIENT),
            treatment="Tc-99m",
            days=1.0,
            rate_usv_h=1.2,
            evidence=seen,
        )
        case.step("CATEGORIZED", "medicine alone", row={"category": "MEDICAL"})
        case.step("INNOCENT_UNDECLARED", "letter of the clinic, of the day before")
        case.step("CLOSED", "the visitor went on")
        at = datetime.datetime(2025, 7, 20, 10, 5, tzinfo=ZONE)
        seen = f"measurement:RIID-1@{(at + datetime.timedelta(minutes=4)).isoformat()}"
        case = Assessed(*self.books, FAULT, at, seen)
        case.step("ESCALATED", "neutrons", row={"receiver": "head of the event"})
        words = "no neutrons in three passages; bursts of the counter without anybody there"
        case.step("FALSE", words, by=self.head, row={"fault": 1})

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


def own_organisation(database: Database, actor: Actor, name: str, title: str) -> None:
    """Record the organisation of the State that borrows, beside those of the shipped register."""
    row = {"id": name, "name": title, "country": actor.on_behalf_of, "kind": "authority"}
    register = {"schema": "keiryo.cooperation/1", "organisations": [{**row, "provenance": []}]}
    record_register(database, actor, json.dumps(register).encode(), "own.json")


def shipped_partners(database: Database, actor: Actor) -> None:
    """Record the shipped register of partners."""
    record_register(database, actor, shipped_register(), "agreements.json")


def play_the_event(books: Books) -> None:
    """Play the event from the loan to the return in the books of the demonstration State."""
    database, actor = books.database, books.actor
    own_organisation(database, actor, "XA.REG", "Regulator of State XA")
    played = PlayedEvent(database, actor, replace(actor, person="P-HEAD"), "XA.REG")
    played.loan()
    played.receipt()
    part = played.before()
    played.day()
    played.back()
    final = played.end()
    print(
        f"   {final['title']}: two instruments lent by {LENDER} under {final['agreement']}, "
        "received with trials\n   (one failed and was checked again), handed back and reported on; "
        f"the stadium swept to {100 * part:.1f} %."
    )
    rows = [
        {
            "alarm": one["alarm"],
            "post": one["post"],
            "seen": one["seen"],
            "state": one["state"],
            "case": one["alarm_case"],
            "decided": one["case_decision"],
        }
        for one in final["alarms"]
    ]
    show_rows(rows, Format.TABLE, title="Alarms of the day, and what their cases say")
    every = final["statistics"][-1]
    low, high = every["rate_interval"]
    print(
        f"   {every['alarms']} alarms in {every['hours']:g} h: {every['rate_per_h']:.2f} per h, "
        f"{low:.2f} to {high:.2f} with 95 %; the log went to {LENDER} when a second person "
        "released it."
    )
