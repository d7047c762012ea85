"""Separation of duties: against a model minute by minute, and every bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from keiryo.access_control.duties import (
    DEFAULT_MATRIX,
    DYNAMIC,
    EXCEPTED_ASSIGNED,
    STATIC,
    Assignment,
    Excused,
    Transaction,
    check_assignments,
    check_transactions,
)
from keiryo.access_control.duty_file import duties_result, read_duties
from keiryo.cli.app import app
from keiryo.protection.inputs import InputError, Node

_TIMES = st.tuples(st.integers(0, 12), st.integers(1, 8)).map(lambda t: (t[0], t[0] + t[1]))
_DUTIES = st.sampled_from(["custodian", "accountant", "auditor", "user_administrator"])
_ROWS = st.lists(
    st.tuples(st.sampled_from("pq"), _DUTIES, st.sampled_from([None, "A", "B"]), _TIMES),
    max_size=6,
)
_EXCEPTIONS = st.lists(st.tuples(st.sampled_from([None, "A"]), _TIMES), max_size=2)
PAIR = frozenset({"custodian", "accountant"})


@given(_ROWS, _EXCEPTIONS)
@settings(max_examples=200, deadline=None)
def test_assignments_as_minute_by_minute(rows: Any, exceptions: Any) -> None:
    held = [
        Assignment(person, duty, about, times[0], times[1], f"/{n}")
        for n, (person, duty, about, times) in enumerate(rows)
    ]
    excused = [
        Excused("p", PAIR, about, times[0], times[1], "leave", ("x", "y"), f"/e{n}")
        for n, (about, times) in enumerate(exceptions)
    ]
    found = check_assignments(held, excused=excused)
    for minute in range(22):
        naive = set()
        for rule in DEFAULT_MATRIX:
            for one in held:
                for other in held:
                    if (one.duty, other.duty) != (rule.first, rule.second):
                        continue
                    now = all(a.start_ns <= minute < a.end_ns for a in (one, other))
                    same = None in (one.about, other.about) or one.about == other.about
                    if one.person != other.person or not now:
                        continue
                    if rule.within == "same" and not same:
                        continue
                    about = one.about or other.about
                    let = any(
                        x.person == one.person
                        and x.pair == rule.pair
                        and x.about in (None, about)
                        and x.start_ns <= minute < x.end_ns
                        for x in excused
                    )
                    code = EXCEPTED_ASSIGNED if let else STATIC
                    naive.add((code, one.person, about, one.place, other.place))
        told = {
            (f.code, f.person, f.about, *f.places) for f in found if f.start_ns <= minute < f.end_ns
        }
        assert told == naive


@pytest.mark.parametrize("rule", DEFAULT_MATRIX, ids=lambda rule: rule.first)
def test_each_pair_in_one_transaction(rule: Any) -> None:
    def done(*who: str) -> list[str]:
        actors = {rule.first: (who[0],), rule.second: who[1:]}
        return [f.code for f in check_transactions([Transaction("t", "", 5, "A", actors, "/0")])]

    assert done("p", "q") == []
    assert done("p", "q", "p") == [DYNAMIC]


def test_exception_excuses_until_its_end() -> None:
    one = Transaction("t", "", 5, None, {"requester": ("p",), "approver": ("p",)}, "/0")
    pair = frozenset({"requester", "approver"})
    for end, code in ((6, "EXCEPTION_DONE"), (5, DYNAMIC)):
        excused = [Excused("p", pair, None, 0, end, "r", ("x", "y"), "/e")]
        assert [f.code for f in check_transactions([one], excused=excused)] == [code]


EXCEPTION = {
    "person": "p",
    "duties": ["requester", "approver"],
    "to": "2027-06-30",
    "reason": "leave",
    "approver": "x",
    "second_approver": "y",
}
BAD: dict[str, dict[str, Any]] = {
    "DUTY_UNKNOWN": {"assignment": [{"person": "p", "duty": "cook"}]},
    "SELF_APPROVED": {"exception": [{**EXCEPTION, "approver": "p"}]},
    "DATE_ORDER": {"exception": [{**EXCEPTION, "from": "2027-08-01"}]},
    "MISSING_KEY": {"exception": [{k: v for k, v in EXCEPTION.items() if k != "to"}]},
    "EMPTY_FIELD": {"exception": [{**EXCEPTION, "reason": " "}]},
    "PAIR": {"incompatible": [{"duties": ["requester", "requester"]}]},
    "WITHIN": {"incompatible": [{"duties": ["a", "b"], "within": "often"}]},
    "DUPLICATE_ID": {"transaction": [{"id": "t", "at": "2027-06-30", "actors": {}}] * 2},
    "TIME": {"transaction": [{"id": "t", "at": "2027-06-31", "actors": {}}]},
    "TYPE": {"transaction": [{"id": "t", "at": "2027-06-30", "actors": {"approver": 1}}]},
    "TIMEZONE": {"timezone": "Mars/Base"},
    "UNKNOWN_KEY": {"assignments": []},
}


@pytest.mark.parametrize("code", BAD)
def test_bad_file(code: str) -> None:
    with pytest.raises(InputError) as error:
        read_duties(Node(BAD[code]))
    assert {one.code for one in error.value.problems} == {code}


def test_two_others_approve_an_exception() -> None:
    same = {**EXCEPTION, "second_approver": "x"}
    with pytest.raises(InputError, match="SELF_APPROVED"):
        read_duties(Node({"exception": [same]}))


def test_command(tmp_path: Path) -> None:
    file = tmp_path / "duties.json"
    row = {"id": "t", "at": "2027-06-30T08:00:00Z", "actors": {"requester": "p", "approver": "p"}}
    file.write_text(json.dumps({"transaction": [row]}))
    done = CliRunner().invoke(app, ["protection", "duties", str(file)])
    told = json.loads(done.stdout)
    assert (done.exit_code, [f["code"] for f in told["findings"]]) == (1, [DYNAMIC])
    file.write_text(json.dumps({"transaction": [row], "exception": [EXCEPTION]}))
    done = CliRunner().invoke(app, ["protection", "duties", str(file)])
    assert (done.exit_code, json.loads(done.stdout)["unused_exceptions"]) == (0, [])
    file.write_text("{")
    done = CliRunner().invoke(app, ["protection", "duties", str(file)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert json.loads(done.stderr)["errors"][0]["code"] == "SYNTAX"


def test_file_may_bring_a_matrix_of_its_own() -> None:
    rows = [{"person": "p", "duty": "a"}, {"person": "p", "duty": "b"}]
    own = {"incompatible": [{"duties": ["a", "b"], "within": "anywhere"}], "assignment": rows}
    (found,) = duties_result(read_duties(Node(own)))["findings"]
    assert (found["code"], found["start"], found["end"]) == (STATIC, None, None)
