"""The desk: the order of the queue, a State's own tables, corrections, hand-over with a receipt."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from alarm_cases.alarm_books import HQ, PORT, SEEN, Desk, answer, codes
from keiryo.alarm_cases.adjudication import place_of, queue
from keiryo.alarm_cases.hard_rules import Limits
from keiryo.alarm_cases.recording import record_limits, record_table_rows
from keiryo.alarm_cases.recording_explanations import explain_case, void_explanation
from keiryo.alarm_cases.sheets import COMMODITIES, table_line
from keiryo.errors import RefusedError
from keiryo.export_control.traders import Traders

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def desk(sqlite_url: str) -> Desk:
    return Desk(sqlite_url)


class Trusted(Traders):
    """Traders of whom each has a status of tier 2 in force."""

    def __init__(self) -> None:
        super().__init__({}, {})

    def status(self, trader: str, day: datetime.date) -> Any:
        """Return a status in force."""
        made = type("Status", (), {"tier": 2, "in_force": True, "reason": "tier 2"})
        return made()


def order(desk: Desk) -> list[str]:
    with desk.database.reading() as connection:
        return [one.case.name for one in queue(connection, desk.database.metadata, NOW)]


def test_the_gravest_comes_first_and_trust_last(desk: Desk) -> None:
    desk.raise_("QUIET", max_sigma="6")
    desk.raise_("LOUD", max_sigma="40")
    desk.raise_("DOSE", max_sigma="6", dose_rate_usv_h="20")
    desk.raise_("NEUTRONS", max_sigma="6", neutron_alarm=1)
    desk.raise_("STOP", max_sigma="6", dose_rate_usv_h="150")
    assert order(desk) == ["STOP", "NEUTRONS", "DOSE", "LOUD", "QUIET"]
    record_limits(
        desk.database, HQ,
        [{"site": "PORT-1", "safety_stop_usv_h": "10", "declaration_days": "3", "source": "plan"}],
    )  # fmt: skip
    assert order(desk) == ["STOP", "DOSE", "NEUTRONS", "LOUD", "QUIET"]


def test_trust_puts_no_grave_case_behind_others(desk: Desk) -> None:
    """Of two cases that are alike the trusted trader waits; nothing else changes places."""
    desk.raise_("PLAIN", max_sigma="6")
    desk.raise_("TRUSTED", max_sigma="6", trader="T-1")
    desk.raise_("TRUSTED-LOUD", max_sigma="40", trader="T-1")
    desk.raise_("TRUSTED-NEUTRONS", max_sigma="6", trader="T-1", neutron_alarm=1)
    names = ("PLAIN", "TRUSTED", "TRUSTED-LOUD", "TRUSTED-NEUTRONS")
    places = [place_of(desk.case(name), Limits(), Trusted(), NOW) for name in names]
    told = sorted(places, key=lambda one: tuple(-each for each in one.rank))
    assert [one.case.name for one in told] == [
        *("TRUSTED-NEUTRONS", "TRUSTED-LOUD", "PLAIN", "TRUSTED")
    ]
    assert "trader T-1: tier 2, later" in told[-1].reasons


def sheet(name: str, nuclides: str, void: str = "") -> list[dict[str, Any]]:
    text = "name,version,codes,words,nuclides,source,confirmed_by,void\n"
    text += f"{name},2,6907,tiles,{nuclides},our measurements,P-HEAD,{void}\n"
    rows, findings = COMMODITIES.read("own.csv", text.encode())
    assert not findings
    return [table_line("commodity", row) for row in rows]


def test_rows_of_the_state_come_before_shipped_ones_and_can_end(desk: Desk) -> None:
    desk.raise_(commodity_code="690721")
    desk.to_characterized()
    desk.step("IDENTIFIED", content=answer(("K-40", "NORM"), ("Lu-176", "NORM")))
    explain_case(desk.database, PORT, "A-1", commodity=True)
    desk.step("CATEGORIZED", category="NORM")
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_DECLARED")
    assert codes(error) == {"ALARM-UNEXPLAINED"}
    record_table_rows(desk.database, HQ, sheet("own tiles", "K-40 Lu-176"))
    explain_case(desk.database, PORT, "A-1", commodity=True)
    own = [one for one in desk.case().standing_explanations if "own" in one["reference"]]
    assert [one["reference"] for one in own] == ["commodity/own tiles@2"]
    assert "not confirmed" not in own[0]["words"]
    void_explanation(desk.database, PORT, "A-1", "commodity/own tiles@2")
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_DECLARED")
    assert codes(error) == {"ALARM-UNEXPLAINED"}
    explain_case(desk.database, PORT, "A-1", commodity=True)
    desk.step("INNOCENT_DECLARED")
    record_table_rows(desk.database, HQ, sheet("own tiles", "K-40", "yes"))
    desk.raise_("A-2", commodity_code="690721")
    explain_case(desk.database, PORT, "A-2", commodity=True)
    assert all("own" not in one["reference"] for one in desk.case("A-2").explanations)
    (wrong,) = sheet("bad", "K-40")
    with pytest.raises(RefusedError) as error:
        record_table_rows(desk.database, HQ, [{**wrong, "content": json.dumps({})}])
    assert codes(error) == {"ALARM-TABLE"}


def test_a_hand_over_names_who_takes_it_and_is_closed_with_a_receipt(desk: Desk) -> None:
    desk.raise_()
    desk.to_characterized()
    desk.step("IDENTIFIED", content=answer(("Cs-137", "industrial")))
    desk.step("CATEGORIZED", category="INDUSTRIAL")
    desk.step("ILLEGAL_OR_UNAUTHORIZED")
    with pytest.raises(RefusedError) as error:
        desk.step("RESPONSE", evidence="")
    assert codes(error) == {"ALARM-EVIDENCE", "ALARM-INCOMPLETE"}
    with pytest.raises(RefusedError) as error:
        desk.step("CLOSED")
    assert codes(error) == {"ALARM-STEP"}
    desk.step("RESPONSE", receiver="Police")
    with pytest.raises(RefusedError) as error:
        desk.step("CLOSED")
    assert codes(error) == {"ALARM-EVIDENCE"}
    desk.step("CLOSED", evidence=SEEN)


def test_a_closed_case_comes_back_only_with_a_reason_and_by_headquarters(desk: Desk) -> None:
    desk.raise_()
    desk.step("FALSE")
    with pytest.raises(RefusedError) as error:
        desk.step("RAISED", reason="")
    assert "ALARM-REASON" in codes(error)
    assert desk.step("RAISED", reason="alarm again", who=HQ).act.kind == "alarm.headquarters"
    assert desk.case().state == "RAISED" and desk.case().decision is None
    assert [one["state"] for one in desk.case().steps] == ["FALSE", "RAISED"]
