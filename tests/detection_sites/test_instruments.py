"""Instruments: tests and their verdicts, calibrations, responses, loans, what is due."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detection_sites.port_books import DAY, PORTAL, put, read, refused
from keiryo.api import Books
from keiryo.counting.acceptance import Requirement, judged
from keiryo.detection_sites.calibrating import Calibrated, calibrate, keep_response
from keiryo.detection_sites.explain import dependents, explain
from keiryo.detection_sites.instrument_state import instrument_states
from keiryo.detection_sites.instrument_tests import results_of_tests
from keiryo.detection_sites.instruments_due import due
from keiryo.detection_sites.register_checks import future_findings
from keiryo.detection_sites.trial_numbers import (
    further_trials,
    most_bad,
    told,
    trials_needed,
    verdict,
)
from keiryo.detector_response.generic import GENERIC
from keiryo.detector_response.making import make_set
from keiryo.equipment.calibration import Calibration
from keiryo.equipment.calibration import calibrate as calibrate_item
from keiryo.equipment.custody import HandOver
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.equipment.loans import Terms, lend
from keiryo.templates.set_file import set_bytes

AT_90 = Requirement("", "detection", 0.9)
PLAN = {"test": "T1", "instrument": "P1", "requirement": "detection", "required": "0.9"}
PLAN["confidence"] = "0.95"
EARLIER = datetime.date(2026, 5, 31)


def test_trials_that_are_needed_as_published() -> None:
    assert [trials_needed(AT_90, bad) for bad in range(4)] == [29, 46, 61, 76]
    assert trials_needed(Requirement("", "false_alarm", 0.001)) == 2995
    assert most_bad(Requirement("", "detection", 0.5), 20) == 5  # Burr and Gavron
    assert most_bad(AT_90, 28) is None and most_bad(AT_90, 60) == 1
    hours = trials_needed(Requirement("", "false_alarm_rate", 0.001))
    assert hours == math.ceil(-math.log(0.05) / 0.001)
    assert trials_needed(Requirement("", "false_alarm", 1e-18)) is None


def test_the_exact_interval_and_what_is_missing() -> None:
    found = told(AT_90, 59, 60, None)
    assert found["bound"] == pytest.approx(0.9233600050654955, abs=1e-14)
    assert (found["verdict"], found["further_trials"]) == ("passed", 0)
    low = stats.beta.ppf(0.025, 59, 2)
    assert (found["low"], found["high"]) == pytest.approx((low, stats.beta.ppf(0.975, 60, 1)))
    found = told(AT_90, 27, 28, None)
    assert (found["verdict"], found["passed"], found["further_trials"]) == (
        *("not shown", False, 18),
    )
    rate = told(Requirement("", "false_alarm_rate", 0.5, 0.95), 3, 10, None)
    assert rate["low"] == pytest.approx(stats.chi2.ppf(0.025, 6) / 20)
    assert rate["high"] == pytest.approx(stats.chi2.ppf(0.975, 8) / 20)
    assert told(AT_90, 0, 0, 60)["verdict"] == "untested"


def test_a_plan_is_judged_when_nothing_can_change_it() -> None:
    assert verdict(AT_90, 30, 30, 60) == "open"  # 59 of 60 are wanted
    assert verdict(AT_90, 59, 59, 60) == "passed"
    assert verdict(AT_90, 8, 10, 60) == "failed"
    assert verdict(AT_90, 58, 60, 60) == "failed"
    assert verdict(Requirement("", "false_alarm_rate", 0.1), 0, 29, 30) == "open"
    assert verdict(Requirement("", "false_alarm_rate", 0.1), 0, 30, 30) == "passed"


@given(
    st.sampled_from(["detection", "false_alarm", "false_alarm_rate"]),
    st.floats(0.01, 0.99),
    st.floats(0.5, 0.99),
    st.integers(0, 5),
    st.integers(0, 60),
)
def test_what_is_needed_is_the_smallest_number(
    kind: Any, limit: float, confidence: float, bad: int, good: int
) -> None:
    wanted = Requirement("", kind, limit, confidence)

    def passes(trials: int) -> bool:
        events = trials - bad if kind == "detection" else bad
        return bool(judged(wanted, events, trials).passed)

    needed = trials_needed(wanted, bad)
    assert needed is not None and passes(needed)
    assert needed <= max(bad, 1) or not passes(needed - 1)
    trials = bad + good
    if trials:
        more = further_trials(wanted, good if kind == "detection" else bad, trials)
        assert more == max(needed - trials, 0)


def test_the_last_campaign_counts(books: Books) -> None:
    put(books, "test", {**PLAN, "purpose": "performance", "every_days": 365})
    first = {"test": "T1", "run": "A", "on_day": EARLIER, "trials": 60, "alarms": 20}
    put(books, "trial", {**first, "campaign": "2026"})
    more = {"test": "T1", "on_day": DAY, "campaign": "2027", "trials": 30, "alarms": 30}
    put(books, "trial", {**more, "run": "B"}, {**more, "run": "C"})
    found = read(books, results_of_tests)[0]
    assert (found["campaign"], found["runs"], found["trials"], found["verdict"]) == (
        *("2027", 2, 60, "passed"),
    )
    assert (found["last_on"], found["next_due"]) == ("2027-05-31", "2028-05-30")
    before = read(books, results_of_tests, on=EARLIER)[0]
    assert (before["trials"], before["passed"]) == (60, False)
    assert read(books, due, datetime.date(2028, 5, 30)) == []
    overdue = read(books, due, datetime.date(2028, 5, 31))
    assert [(row["check"], row["why"]) for row in overdue] == [("test T1", "overdue")]
    assert len(read(books, due, datetime.date(2028, 5, 1), 30)) == 1


def test_a_plan_that_cannot_show_it_is_refused(books: Books) -> None:
    assert refused(put, books, "test", {**PLAN, "trials_planned": 28}) == {"DETECTION-PLAN"}
    put(books, "test", {**PLAN, "trials_planned": 29, "purpose": "acceptance"})
    assert read(books, results_of_tests)[0]["most_bad"] == 0
    assert refused(put, books, "test", {**PLAN, "every_days": 0}) == {"DETECTION-VALUE"}


def done(on: datetime.date, **more: Any) -> Calibrated:
    due_on = on.replace(year=on.year + 1)
    return Calibrated("P1", on, due_on, "Laboratory", "Cs-137 no. 4711, 10 kBq", **more)


def test_calibrations_stand_with_their_certificates(books: Books) -> None:
    given = (books.database, books.actor)
    early = datetime.date(2024, 5, 31)
    calibrate(*given, done(early), certificate=("c.pdf", b"%PDF"))
    assert refused(calibrate, *given, done(early), certificate=("c.pdf", b"%PDF")) == {
        "DETECTION-TWICE"
    }
    calibrate(*given, done(early, note="corrected"))  # the certificate stays
    calibrate(*given, done(early.replace(year=2025), result="failed"))
    state = read(books, instrument_states, datetime.date(2025, 5, 30))[0]
    assert (state["calibration_state"], state["next_due"]) == ("valid", "2025-05-31")
    assert state["calibration"]["certificate"] is not None
    assert state["calibration"]["source"].startswith("Cs-137")
    state = read(books, instrument_states, datetime.date(2025, 6, 30))[0]
    assert (state["calibration_state"], len(state["calibrations"])) == ("failed", 2)
    assert read(books, due, datetime.date(2025, 6, 30))[0]["why"] == "failed"
    link = read(books, explain, "portal:P1")[1]
    assert link.relation == "calibrated in"
    assert read(books, dependents, link.target)[0].source == "portal:P1"


def test_calibrations_that_cannot_be(books: Books) -> None:
    given = (books.database, books.actor)
    assert refused(calibrate, *given, Calibrated("P9", DAY, EARLIER, " ", "", "good")) == {
        *("DETECTION-UNKNOWN", "DETECTION-VALUE", "DETECTION-EMPTY", "DETECTION-FUTURE"),
    }
    row = {"instrument": "P1", "on_day": 20240531, "calibrated_by": "L", "due_on": 20250531}
    row |= {"check_source": "Cs-137", "result": "passed"}
    assert refused(put, books, "calibration", {**row, "certificate": "0" * 64}) == {
        "DETECTION-EVIDENCE"
    }
    assert refused(put, books, "calibration", {**row, "certificate": "c.pdf"}) >= {
        "DETECTION-VALUE"
    }
    now = datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC)
    assert [one.code for one in future_findings("calibration", [row], now)] == ["DETECTION-FUTURE"]


def test_a_lent_item_is_known_by_its_serial(books: Books) -> None:
    given = (books.database, books.actor)
    began = "2026-01-10T09:00:00.000000Z"
    for serial, model in (("17", "M X-200"), ("18", "other")):
        values = {"serial": serial, "type": "portal-monitor", "model": model, "owner": "INT.IAEA"}
        first = HandOver(serial, None, "P-A", "INT.IAEA", "Vienna", began)
        register_items(*given, [ItemEntry(values, first)])
    calibrate_item(*given, Calibration("17", datetime.date(2026, 1, 5), DAY, "IAEA"))
    lend(*given, Terms("loan-1", "INT.IAEA", "JP.NRA", "event", end_on=DAY), ["17"])
    put(books, "instrument", {**PORTAL, "instrument": "P2", "serial": "18"})
    put(books, "instrument", {**PORTAL, "instrument": "P3", "serial": "3", "equipment": "17"})
    put(books, "instrument", {**PORTAL, "instrument": "P4", "serial": "4", "equipment": "99"})
    states = read(books, instrument_states, datetime.date(2026, 6, 1))
    assert [(one["item"], one["item_by"]) for one in states] == [
        *(("17", "by serial"), (None, "another model"), ("17", "named"), (None, "no such item")),
    ]
    lent = states[0]
    assert (lent["loan"]["loan"], lent["loan"]["ends_on"]) == ("loan-1", "2027-05-31")
    assert (lent["calibration"]["due"], lent["calibration_state"]) == ("2027-05-31", "valid")
    late = read(books, due, datetime.date(2027, 6, 1))
    assert [(row["instrument"], row["check"]) for row in late] == [
        *(("P1", "calibration"), ("P1", "loan loan-1")),
        *(("P3", "calibration"), ("P3", "loan loan-1")),
    ]


def test_a_response_is_kept_with_its_digest(books: Books, tmp_path: Path) -> None:
    file = tmp_path / "own.templates"
    edges = np.linspace(0, 3000, 65)
    generic = next(iter(GENERIC.values()))
    made = make_set(generic, "Probe", edges, ("Cs-137",), ("Unshielded",))
    file.write_bytes(set_bytes(made))
    given = (books.database, books.actor, "P1")
    _act, line = keep_response(*given, file, since=EARLIER)
    assert (line["form"], line["detector"], line["templates"]) == ("templates", "Probe", 1)
    state = read(books, instrument_states, DAY)[0]
    assert state["responses"][0]["digest"] == line["digest"]
    assert refused(keep_response, *given, file, since=EARLIER) == {"DETECTION-TWICE"}
    file.write_bytes(file.read_bytes()[:-30])
    assert refused(keep_response, *given, file, since=DAY) == {"DETECTION-RESPONSE"}
    assert refused(keep_response, *given, tmp_path, since=DAY) == {"DETECTION-RESPONSE"}


def test_detectors_have_a_kind_and_a_panel(books: Books) -> None:
    one = {"instrument": "P1", "detector": "G1", "kind": "gamma", "panel": 1, "place": "master"}
    put(books, "detector", one)
    assert read(books, instrument_states, DAY)[0]["detectors"][0]["panel"] == 1
    assert refused(put, books, "detector", {**one, "panel": 5}) == {"DETECTION-VALUE"}
    assert refused(put, books, "detector", {**one, "kind": "alpha"}) == {"DETECTION-VALUE"}
    assert refused(put, books, "detector", {**one, "detector": "G 1"}) == {"DETECTION-NAME"}
