"""Rules X1 to X10: each fires on its smallest case, and not on the one beside it."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from access_control.setups import authorisations_of, events_of, given, second, setup_of
from keiryo.access_control.case_file import read_case, read_orders_file
from keiryo.access_control.irregularity import (
    CLOSED,
    CONFIRMED,
    ESCALATED,
    EXPLAINED,
    OPEN,
    RULES,
    raised,
    read_irregularity,
    resolved,
)
from keiryo.access_control.review import review, review_result
from keiryo.access_control.trend import sign_trend, two_sided
from keiryo.cli.app import app
from keiryo.errors import UsageError
from keiryo.protection.inputs import InputError, Node
from keiryo.protection.instants import time_ns

TWO = """08:00:00,a,D2,in,granted,1
    08:00:30,b,D2,in,granted,2
    09:00:00,a,D2,out,granted,3
    09:00:30,b,D2,out,granted,4"""
ONE = "08:00:00,a,D2,in,granted,1\n09:00:00,a,D2,out,granted,2"
DAY = {"from": "2027-05-31", "to": "2027-05-31"}


def at(clock: str) -> str:
    """Return a time of the day of the records."""
    return f"2027-05-31T{clock}Z"


MOVE = {"id": "t", "at": at("08:30:00"), "origin": "Z1", "items": ["i"]}
ORDER = {"id": "w", "areas": ["Z1"], "start": at("08:00:00"), "end": at("09:00:00")}
SEALED = {"id": "s", "at": "2027-05-01T08:00:00Z", "seal": "K/1", "item": "i", "action": "attached"}
SEEN = {"id": "c", "system": "camera", "area": "Z1", "at": at("12:00:00")}
CHECK = {"id": "k", "area": "Z1", "at": at("16:00:00"), "items": ["i"]}
HERE = {"item": "i", "area": "Z1"}
ALARM = {"id": "p", "portal": "P", "at": at("08:00:00")}
CLOCK = {"id": "o", "system": "camera", "at": at("08:00:00"), "offset_s": 6}
EDIT = {"id": "e", "at": at("08:00:00"), "entered_by": "a", "changed_by": "b"}
LOSSES = [{"id": f"d{n}", "at": at(f"{n:02d}:00:00"), "area": "Z1", "value": -1} for n in range(8)]

FIRES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "X1": [
        (ONE, {"transfer": [MOVE], "work_order": []}),
        (ONE, {"transfer": [MOVE], "work_order": [{**ORDER, "items": ["other"]}]}),
        (ONE, {"transfer": [MOVE], "work_order": [{**ORDER, "areas": ["Z2"]}]}),
        (ONE, {"transfer": [{**MOVE, "at": at("09:00:01")}], "work_order": [ORDER]}),
    ],
    "X2": [(ONE, {"transfer": [MOVE]}), (TWO, {"transfer": [{**MOVE, "at": at("09:00:10")}]})],
    "X3": [
        (ONE, {"work_order": [], "two_person_areas": ["Z1"]}),
        (ONE, {"work_order": [{**ORDER, "persons": ["b"]}], "two_person_areas": ["Z1"]}),
        (ONE, {"work_order": [{**ORDER, "start": at("08:00:01")}], "two_person_areas": ["Z1"]}),
    ],
    "X4": [
        (TWO, {"seal": [{**SEALED, "at": at("08:00:00")}], "transfer": []}),
        (TWO, {"seal": [SEALED], "transfer": [MOVE]}),
    ],
    "X5": [
        (ONE, {"seen": [SEEN]}),
        (ONE, {"seen": [SEEN], "quiet": [{"area": "Z1", "day": "2027-05-31"}]}),
    ],
    "X6": [
        (ONE, {"item_check": [{**CHECK, "items": []}], "location": [HERE]}),
        (ONE, {"item_check": [CHECK], "location": []}),
        (ONE, {"item_check": [CHECK], "location": [{**HERE, "end": at("15:00:00")}]}),
    ],
    "X7": [
        (ONE, {"portal_alarm": [ALARM]}),
        (ONE, {"portal_alarm": [{**ALARM, "adjudicated": at("09:00:01")}]}),
    ],
    "X8": [(ONE, {"difference": LOSSES})],
    "X9": [(ONE, {"clock_check": [CLOCK]}), (ONE, {"clock_check": [{**CLOCK, "offset_s": -6}]})],
    "X10": [
        (ONE, {"edit": [{**EDIT, "changed_by": "a"}]}),
        (ONE, {"edit": [{**EDIT, "approved": at("07:00:00")}]}),
    ],
}
QUIET: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "X1": [
        (ONE, {"transfer": [MOVE], "work_order": [ORDER]}),
        (ONE, {"transfer": [{**MOVE, "authorised_by": "A-1"}], "work_order": []}),
        (
            ONE,
            {
                "transfer": [{**MOVE, "at": at("09:00:01")}],
                "work_order": [ORDER],
                "limits": {"work_order_s": 1},
            },
        ),
        (ONE, {"transfer": [{**MOVE, "at": "2027-06-02T08:00:00Z"}], "work_order": []}),
    ],
    "X2": [
        (TWO, {"transfer": [MOVE]}),
        (
            TWO,
            {"transfer": [{**{k: v for k, v in MOVE.items() if k != "at"}, "day": "2027-05-31"}]},
        ),
    ],
    "X3": [
        (ONE, {"work_order": [ORDER], "two_person_areas": ["Z1"]}),
        (ONE, {"work_order": [], "two_person_areas": ["Z2"]}),
    ],
    "X4": [
        (TWO, {"seal": [{**SEALED, "at": at("09:00:00")}], "transfer": [MOVE]}),
        (
            TWO,
            {
                "seal": [SEALED, {**SEALED, "id": "r", "at": at("08:29:00"), "action": "detached"}],
                "transfer": [MOVE],
            },
        ),
    ],
    "X5": [
        (ONE, {"seen": [{**SEEN, "at": at("08:30:00")}]}),
        (ONE, {"seen": [{**SEEN, "at": at("09:00:59")}]}),
        (ONE, {"seen": [SEEN], "quiet": [{"area": "Z2", "day": "2027-05-31"}]}),
        (ONE, {"seen": [SEEN], "work_order": [{**ORDER, "end": at("13:00:00")}]}),
    ],
    "X6": [(ONE, {"item_check": [CHECK], "location": [HERE]})],
    "X7": [(ONE, {"portal_alarm": [{**ALARM, "adjudicated": at("09:00:00")}]})],
    "X8": [
        (ONE, {"difference": LOSSES[:7]}),
        (ONE, {"difference": [*LOSSES[:7], {**LOSSES[7], "value": 2}]}),
    ],
    "X9": [
        (ONE, {"clock_check": [{**CLOCK, "offset_s": 5}]}),
        (ONE, {"clock_check": [{**CLOCK, "limit_s": 6}]}),
    ],
    "X10": [(ONE, {"edit": [EDIT]}), (ONE, {"edit": [{**EDIT, "approved": at("08:00:00")}]})],
}


def rules_of(rows: str, case: dict[str, Any], folder: Path) -> set[str]:
    """Return the rules that fire."""
    setup = setup_of(log_start=at("00:00:00"), log_end=at("23:00:00"))
    done = review(read_case(Node({**DAY, **case}), setup), setup, events_of(folder, rows, setup))
    told = review_result(done)["irregularities"]
    assert all(one["innocent_explanations"] and one["due"] for one in told)
    return {one["rule"] for one in told}


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, n) for rule, rows in FIRES.items() for n in range(len(rows))]
)
def test_rule_fires(rule: str, number: int, tmp_path: Path) -> None:
    assert rule in rules_of(*FIRES[rule][number], tmp_path)


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, n) for rule, rows in QUIET.items() for n in range(len(rows))]
)
def test_rule_does_not_fire(rule: str, number: int, tmp_path: Path) -> None:
    assert rule not in rules_of(*QUIET[rule][number], tmp_path)


def test_every_rule_is_tested() -> None:
    assert set(FIRES) == set(QUIET) == set(RULES)


def test_who_is_not_authorised_is_no_second_person(tmp_path: Path) -> None:
    setup, case = setup_of(), {**DAY, "transfer": [MOVE]}
    events = events_of(tmp_path, TWO)
    for right, fires in (("b,Z1,2027-01-01,,no", False), ("b,Z1,2027-01-01,,yes", True)):
        known = authorisations_of(tmp_path, f"a,Z1,2027-01-01,,no\n{right}")
        done = review(read_case(Node(case), setup), setup, events, known)
        assert bool(done.irregularities) is fires


def test_nothing_is_told_of_what_was_not_given() -> None:
    setup = setup_of()
    done = review(read_case(Node({**DAY, "transfer": [MOVE]}), setup), setup)
    assert done.irregularities == ()
    assert done.left_out["X2"] == "access"
    assert set(done.left_out) == set(RULES)


def test_what_lies_outside_the_records_is_not_judged(tmp_path: Path) -> None:
    setup = setup_of()
    case = read_case(
        Node({**DAY, "seen": [SEEN], "transfer": [{**MOVE, "at": at("07:00:00")}]}), setup
    )
    done = review(case, setup, events_of(tmp_path, ONE))
    assert (done.irregularities, done.not_judged) == ((), ("t", "c"))


def test_due_by_category(tmp_path: Path) -> None:
    setup = setup_of()
    case = {**DAY, "transfer": [MOVE], "categories": {"Z1": "I"}, "limits": {"hours": {"I": 2}}}
    (one,) = review(read_case(Node(case), setup), setup, events_of(tmp_path, ONE)).irregularities
    assert (one.rule, one.due_ns, one.present) == ("X2", second("10:30:00"), ("a",))


# --- trend ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(1, 11))
def test_sign_test_against_all_sequences(number: int) -> None:
    for many in range((number + 1) // 2, number + 1):
        as_many = sum(
            1
            for signs in itertools.product((0, 1), repeat=number)
            if max(sum(signs), number - sum(signs)) >= many
        )
        assert two_sided(number, many) == Fraction(as_many, 2**number)


def test_zeros_do_not_count() -> None:
    assert sign_trend(np.array([-1.0] * 7 + [0.0] * 9), 0.05, 8) is None
    assert sign_trend(np.array([-1.0] * 8 + [0.0] * 9), 0.01, 8) is not None


def test_one_custodian_is_not_told_apart_from_the_area(tmp_path: Path) -> None:
    own = [{**one, "custodian": "c"} for one in LOSSES]
    setup = setup_of()
    done = review(read_case(Node({**DAY, "difference": own}), setup), setup)
    assert len(done.irregularities) == 1
    gains = [{**one, "id": f"g{n}", "value": 1, "shift": "late"} for n, one in enumerate(LOSSES)]
    both = [*[{**one, "shift": "early"} for one in LOSSES], *gains]
    done = review(read_case(Node({**DAY, "difference": both}), setup), setup)
    assert sorted("losses" in one.message for one in done.irregularities) == [False, True]


# --- the life of an irregularity -----------------------------------------------------------------


def test_life_of_an_irregularity(tmp_path: Path) -> None:
    setup = setup_of()
    case = read_case(Node({**DAY, "transfer": [MOVE]}), setup)
    found = review(case, setup, events_of(tmp_path, ONE)).irregularities
    (one,) = raised(found, "ann", 10)
    for state in (EXPLAINED, CONFIRMED):
        with pytest.raises(UsageError, match="does not resolve"):
            resolved(one, state, by="ann", at_ns=11, reason="r")
    assert resolved(one, ESCALATED, by="ann", at_ns=11, reason="r").state == ESCALATED
    with pytest.raises(UsageError, match="does not become"):
        resolved(one, CLOSED, by="bob", at_ns=11, reason="r")
    with pytest.raises(UsageError, match="reason"):
        resolved(one, EXPLAINED, by="bob", at_ns=11, reason=" ")
    explained = resolved(one, EXPLAINED, by="bob", at_ns=11, reason="the order was late")
    closed = resolved(explained, CLOSED, by="cid", at_ns=12, reason="agreed")
    again = resolved(closed, OPEN, by="ann", at_ns=13, reason="new record")
    assert [step.state for step in again.steps] == [OPEN, EXPLAINED, CLOSED, OPEN]
    with pytest.raises(UsageError, match="not taken before"):
        resolved(again, EXPLAINED, by="bob", at_ns=12, reason="r")
    told = json.loads(json.dumps(again.to_dict()))
    assert read_irregularity(told, lambda text: time_ns(text, setup.timezone)) == again


# --- files and commands --------------------------------------------------------------------------

BAD: dict[str, dict[str, Any]] = {
    "AREA_UNKNOWN": {"transfer": [{**MOVE, "origin": "X"}]},
    "DUPLICATE_ID": {"transfer": [MOVE, MOVE]},
    "MISSING_KEY": {"transfer": [{"id": "t", "start": at("08:00:00")}]},
    "TIME": {"transfer": [{**MOVE, "at": "noon"}]},
    "DATE_ORDER": {"work_order": [{**ORDER, "end": at("07:00:00")}]},
    "ACTION": {"seal": [{**SEALED, "action": "cut"}]},
    "LIMIT": {"limits": {"portal_s": -1}},
    "CATEGORY": {"categories": {"Z1": "IV"}},
    "NAME": {"transfer": [{**MOVE, "items": [""]}]},
    "TYPE": {"difference": [{**LOSSES[0], "value": "1"}]},
    "UNKNOWN_KEY": {"transfers": []},
}


@pytest.mark.parametrize("code", BAD)
def test_bad_case(code: str) -> None:
    with pytest.raises(InputError) as error:
        read_case(Node({**DAY, **BAD[code]}), setup_of())
    assert {one.code for one in error.value.problems} == {code}


def test_bad_orders(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(
        "id,areas,start,end\n"
        f"w,Z1,{at('08:00:00')},{at('09:00:00')}\n"
        f"w,X,{at('08:00:00')},{at('07:00:00')}\n,,x,\n"
    )
    with pytest.raises(InputError) as error:
        read_orders_file(file, setup_of())
    assert [(one.code, one.pointer) for one in error.value.problems] == [
        *(("DATE_ORDER", "line 3"), ("DUPLICATE_ID", "line 3"), ("AREA_UNKNOWN", "line 3")),
        *(("TIME", "line 4"), ("TIME", "line 4"), ("EMPTY_FIELD", "line 4")),
        ("EMPTY_FIELD", "line 4"),
    ]


def test_command(tmp_path: Path) -> None:
    (tmp_path / "setup.json").write_text(json.dumps(given()))
    (tmp_path / "case.json").write_text(json.dumps({**DAY, "transfer": [MOVE]}))
    (tmp_path / "orders.csv").write_text(
        f"id,areas,start,end\nw,Z1,{at('08:00:00')},{at('09:00:00')}\n"
    )
    events_of(tmp_path, ONE)
    setup = ["--setup", str(tmp_path / "setup.json"), "--log", str(tmp_path / "log.csv")]
    orders = ["--work-orders", str(tmp_path / "orders.csv")]
    words = ["protection", "correlate", str(tmp_path / "case.json"), *setup, *orders]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, [o["rule"] for o in json.loads(done.stdout)["irregularities"]]) == (
        1,
        ["X2"],
    )
    few = json.loads(CliRunner().invoke(app, [*words, "--aggregate"]).stdout)
    assert few["irregularities_by_rule"] == {"X2": 1}
    assert "a" not in json.dumps(few["irregularities_by_rule"])
    (tmp_path / "case.json").write_text(json.dumps(DAY))
    refused = CliRunner().invoke(app, [*words, "--books"])
    assert (refused.exit_code, refused.stdout) == (2, "")
