"""Hard rules: order, persons, neutrons, escalation, masking; and the answers of programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_cases.alarm_books import HQ, PORT, Desk, answer, codes
from keiryo.alarm_cases.explaining import most_days, shipped_rows
from keiryo.alarm_cases.reach_back import check_package
from keiryo.alarm_cases.recording_explanations import explain_case
from keiryo.alarm_cases.results import occupancy_of, read_identification, read_replay
from keiryo.alarm_cases.states import NEXT, STATES, goes_back
from keiryo.alarm_cases.statistics import alarm_statistics, poisson_interval
from keiryo.errors import RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.nuclides.lines import half_life_s


@pytest.fixture
def desk(sqlite_url: str) -> Desk:
    return Desk(sqlite_url)


def test_order_evidence_and_reason_are_told_at_once(desk: Desk) -> None:
    desk.raise_()
    with pytest.raises(RefusedError) as error:
        desk.step("LOCALIZED", evidence="", reason="", at="2020-01-01T00:00:00Z")
    assert codes(error) == {
        *("ALARM-STEP", "ALARM-EVIDENCE", "ALARM-REASON", "ALARM-INCOMPLETE", "ALARM-TIME")
    }
    for evidence in ("a" * 64, "act:999", "counter:109", "occupancy:RPM-1@yesterday"):
        with pytest.raises(RefusedError) as error:
            desk.step("VERIFIED", evidence=evidence)
        assert codes(error) == {"ALARM-EVIDENCE"}
    with pytest.raises(RefusedError) as error:
        desk.step("VERIFIED", name="NONE")
    assert codes(error) == {"ALARM-UNKNOWN"}
    with pytest.raises(RefusedError) as error:
        desk.raise_("A-2", gamma_alarm=0)
    assert codes(error) == {"ALARM-INSTRUMENT"}
    with pytest.raises(RefusedError) as error:
        desk.raise_("A-2", origin="INFORMATION_ALERT", instrument=None, evidence=None)
    assert codes(error) == {"ALARM-TEXT", "ALARM-EVIDENCE"}
    with pytest.raises(RefusedError) as error:
        desk.raise_("A-1")  # twice, and no reason
    assert codes(error) == {"ALARM-ANEW"}


def test_neutrons_are_never_innocent_and_never_decided_by_who_raised_them(desk: Desk) -> None:
    desk.raise_(neutron_alarm=1, commodity="tiles")
    with pytest.raises(RefusedError) as error:
        desk.step("FALSE")
    assert codes(error) == {"ALARM-SAME-PERSON"}
    desk.raise_(neutron_alarm=0, reason="typed wrongly")  # takes nothing back
    desk.to_characterized(neutrons=1)
    desk.step("IDENTIFIED", content=answer(("K-40", "NORM")))
    with pytest.raises(RefusedError) as error:
        desk.step("CATEGORIZED", category="NORM")
    assert codes(error) == {"ALARM-SAME-PERSON"}
    assert desk.step("CATEGORIZED", category="NORM", who=HQ).act.kind == "alarm.headquarters"
    explain_case(desk.database, PORT, "A-1", commodity=True)
    for who, told in ((PORT, {"ALARM-NEUTRONS", "ALARM-SAME-PERSON"}), (HQ, {"ALARM-NEUTRONS"})):
        with pytest.raises(RefusedError) as error:
            desk.step("INNOCENT_DECLARED", who=who)
        assert codes(error) == told


def test_unknown_with_neutrons_and_dose_rate_force_escalation(desk: Desk) -> None:
    desk.raise_(neutron_alarm=1)
    desk.to_characterized(neutrons=0)
    desk.step("IDENTIFIED", content=answer(undecided=True))
    desk.step("CATEGORIZED", category="UNKNOWN")
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_UNDECLARED", who=HQ)
    assert codes(error) == {"ALARM-ESCALATE", "ALARM-NOT-IDENTIFIED"}
    desk.raise_("A-2", commodity="tiles")
    desk.to_characterized("A-2", dose="100.5")
    desk.step("IDENTIFIED", "A-2", content=answer(("K-40", "NORM")))
    desk.step("CATEGORIZED", "A-2", category="NORM")
    explain_case(desk.database, PORT, "A-2", commodity=True)
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_DECLARED", "A-2")
    assert codes(error) == {"ALARM-ESCALATE", "ALARM-SAME-PERSON"}
    desk.step("ESCALATED", "A-2", receiver="duty officer")
    desk.step("INNOCENT_DECLARED", "A-2", who=HQ)
    assert desk.case("A-2").state == "INNOCENT_DECLARED"


def test_what_is_masked_undecided_or_left_over_stays_open(desk: Desk) -> None:
    desk.raise_(commodity="tiles")
    desk.to_characterized()
    desk.step("IDENTIFIED", content=answer(("K-40", "NORM"), left=[{"energy_kev": 186}]))
    explain_case(desk.database, PORT, "A-1", commodity=True)
    desk.step("CATEGORIZED", category="NORM")
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_DECLARED")
    assert codes(error) == {"ALARM-RESIDUAL"}
    desk.step("IDENTIFIED", content=answer(("WGPu", "unknown"), undecided=True))
    desk.step("IDENTIFIED", content=answer(("K-40", "NORM")))  # takes nothing away
    assert {one["nuclide"] for one in desk.case().identified} == {"K-40", "WGPu"}
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_DECLARED", who=HQ)
    assert codes(error) == {"ALARM-UNEXPLAINED", "ALARM-ESCALATE"}
    desk.step("UNRESOLVED")
    with pytest.raises(RefusedError) as error:
        desk.step("CLOSED", who=HQ)
    assert "ALARM-STEP" in codes(error)


def test_the_posting_pipeline_refuses_what_goes_around_the_service(desk: Desk) -> None:
    desk.raise_()
    step = {
        "scope": "XH", "alarm": "A-1", "before": "RAISED", "state": "CLOSED", "reason": "quick",
        "at": "2026-06-01T10:00:00+09:00", "by_person": "P-PORT",
    }  # fmt: skip
    for kind, told in (("alarm.decide", {"ALARM-STEP"}), ("x.y", {"ALARM-STEP", "ALARM-ROLE"})):
        draft = Draft(kind, f"x-{kind}")
        draft.add("alarm_step", step)
        with pytest.raises(RefusedError) as error:
            post(desk.database, draft, PORT)
        assert codes(error) == told


def test_a_correction_puts_back_and_keeps_everything(desk: Desk) -> None:
    desk.raise_(commodity="tiles")
    desk.to_categorized("INDUSTRIAL", ("137Cs", "industrial"))
    desk.step("CHARACTERIZED", reason="the wrong file was read")
    case = desk.case()
    assert case.state == "CHARACTERIZED" and not case.identified and case.neutron_quiet
    desk.step("IDENTIFIED", content=answer(("K-40", "NORM")))
    with pytest.raises(RefusedError) as error:
        desk.step("CATEGORIZED", category="MEDICAL")
    assert codes(error) == {"ALARM-CATEGORY"}
    desk.step("CATEGORIZED", category="NORM")
    assert len(desk.case().steps) == 8 and len(desk.case().nuclides) == 2


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_no_step_is_both_forward_and_back(state: str, step: str) -> None:
    assert not (step in NEXT[state] and goes_back(state, step))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b'{"nuclides": [], "unexplained": {}}', b"\xff",
        answer(("K-40", "food")), answer(("", "NORM")),
        b'{"nuclides": [{"nuclide": "K-40", "probability": NaN}]}',
        json.dumps({"nuclides": [{"nuclide": "K-40", "probability": 1.2, "category": "NORM",
                    "evidence": {}}], "unexplained": {}, "undecided": False}).encode(),
        b'{"undecided": false, "undecided": true, "nuclides": [], "unexplained": {}}',
        b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_answers_that_cannot_be_taken(content: bytes) -> None:
    found, findings = read_identification(content)
    assert found is None and {one.code for one in findings} == {"ALARM-ANSWER"}


def test_what_a_residual_tells() -> None:
    def passed(unexplained: dict[str, Any], undecided: bool = False) -> bool | None:
        told = {"nuclides": [], "unexplained": unexplained, "undecided": undecided}
        found, _findings = read_identification(json.dumps(told).encode())
        assert found is not None
        return found.residual_passed

    assert passed({}) is None and passed({"peaks": []}) and not passed({"peaks": [1]})
    assert passed({"chi2_reduced": 1.1, "bins": []}) and not passed({"chi2_reduced": 3.1})
    assert not passed({"p_value": 0.0005}) and not passed({"peaks": []}, undecided=True)


def test_occupancies_go_by_start_never_by_a_counter_that_stands_twice() -> None:
    alarm = {"gamma_alarm": True, "neutron_alarm": None, "instrument_alarm": True, "number": 7}
    some = [{**alarm, "start": one, "max_sigma": 9.0} for one in ("a", "b")]
    rows, findings = read_replay(json.dumps({"occupancies": some}).encode())
    assert not findings and occupancy_of(rows, "a")[0] == rows[0]
    assert occupancy_of(rows, "7")[1][0].code == "ALARM-OCCUPANCY"
    broken = json.dumps({"occupancies": [{**some[0], "gamma_alarm": "yes"}]}).encode()
    assert read_replay(broken)[1][0].code == "ALARM-ANSWER"


def test_half_lives_of_the_shipped_table_are_those_of_nature() -> None:
    for row in shipped_rows():
        if "half_life_days" in row.content:
            days = half_life_s(row.nuclides[0]) / 86400
            assert row.content["half_life_days"] == pytest.approx(days, rel=0.01), row.name
            assert most_days(row, 1e9) == 0.0
    (iodine,) = (one for one in shipped_rows() if one.name == "I-131 therapy")
    assert most_days(iodine, 7400 * 0.061 / 8) == pytest.approx(3 * 8.02)


def test_rates_have_exact_intervals_and_bounds_while_cases_are_open() -> None:
    assert poisson_interval(0, 2.0)[1] == pytest.approx(3.688879454113936 / 2)
    row = {"lane": "L1", "origin": "INSTRUMENT_ALARM", "fault": False, "nuisance": False}
    rows = [{**row, "outcome": "innocent"}, {**row, "outcome": "open"}]
    (one,) = alarm_statistics(rows, [{"lane": "L1", "occupancies": 100}])
    assert one["innocent_rate"] is None and one["innocent_high"] > 0.07
    (short,) = alarm_statistics(rows, [{"lane": "L1", "occupancies": 1}])
    assert short["denominator"] == "incomplete" and short["alarms_rate"] is None


def test_packages_that_are_no_packages() -> None:
    for content in (b"", b"PK\x03\x04", b"x" * 100):
        assert [one.code for one in check_package(content)[1]] == ["ALARM-PACKAGE"]
