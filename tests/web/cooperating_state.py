"""A State at work with others: one of each thing that pages of cooperation show."""

from __future__ import annotations

import datetime
from importlib.resources import files

from keiryo.cooperation.information import InformationWanted, record_information
from keiryo.cooperation.meeting_acts import (
    ItemChange,
    MeetingPlan,
    plan_meeting,
    revise_item,
)
from keiryo.cooperation.missions import MissionRequest, request_mission
from keiryo.cooperation.personnel import ExchangeAgreed, agree_exchange
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.equipment.custody import HandOver, instant_text
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.equipment.loans import Terms, lend
from keiryo.obligations import recording
from web.export_control_register import record as record_export_control
from web.site import Site

DAY = datetime.date(2025, 9, 8)


def record_cooperation(site: Site) -> None:
    """Record the register, a meeting, information, a mission, an exchange, equipment, labels."""
    database, actor = site.database, site.actor("cooperation")
    record_register(database, actor, shipped_register(), "agreements.json")
    plan_meeting(database, actor, MeetingPlan("m.first", "b.bilateral-commission", DAY))
    due = datetime.date(2026, 1, 20)
    change = ItemChange(title="A plan", owner="US.DOE", due_on=due, work_plan=True)
    revise_item(database, actor, "m.first", change)
    information = InformationWanted(
        direction="in",
        on=DAY,
        medium="letter",
        title="Figures",
        from_organisation="US.DOE",
        to_organisation="JP.MOFA",
    )
    record_information(database, actor, information)
    wanted = MissionRequest("IPPAS", "Protection", "JP.JAEA", "INT.IAEA", DAY, under="c001")
    request_mission(database, actor, wanted)
    _exchange(site)
    _equipment(site)
    record_export_control(site)
    _labels(site)


def _exchange(site: Site) -> None:
    agreed = ExchangeAgreed(
        person="B. Ito",
        home="JP.JAEA",
        host="US.DOE",
        topic="accounting",
        on=DAY,
        first_day=datetime.date(2026, 1, 8),
        last_day=datetime.date(2026, 3, 1),
        access_level="open",
    )
    agree_exchange(site.database, site.actor("cooperation"), agreed)


def _equipment(site: Site) -> None:
    first = HandOver(
        *("PRD-1", None, "Huber", "INT.IAEA", "Seibersdorf", instant_text("2025-06-05T09:00Z"))
    )
    values = {"serial": "PRD-1", "type": "personal-radiation-detector", "model": "M-1"}
    entry = ItemEntry({**values, "owner": "INT.IAEA"}, first)
    register_items(site.database, site.actor("cooperation"), [entry])
    terms = Terms(
        "games",
        lender="INT.IAEA",
        borrower="JP.GOV",
        purpose="security of a major public event",
        requested_on=datetime.date(2025, 7, 1),
        start_on=datetime.date(2025, 9, 1),
        end_on=datetime.date(2026, 2, 5),
    )
    lend(site.database, site.actor("cooperation"), terms, ["PRD-1"])


def _labels(site: Site) -> None:
    database, actor = site.database, site.actor("cooperation")
    recording.record_register(database, actor, *recording.shipped_register("japan"))
    folder = files("keiryo.data").joinpath("state_xa")
    consents = folder.joinpath("consents.toml").read_bytes()
    recording.record_register(database, actor, "consents.toml", consents)
    openings = recording.read_file("labels.toml", folder.joinpath("labels.toml").read_bytes())
    recording.begin_labels(database, actor, openings, datetime.date(2024, 12, 31), "they are known")
