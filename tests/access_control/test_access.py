"""Records of access: reading, visits against a naive model, and every finding at its smallest."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from access_control.setups import (
    DAY_NS,
    authorisations_of,
    events_of,
    given,
    second,
    setup_of,
)
from keiryo.access_control.authorisations import read_authorisations_file
from keiryo.access_control.entry_checks import Counted
from keiryo.access_control.events import read_events_file
from keiryo.access_control.meanings import MEANINGS
from keiryo.access_control.report import (
    access_result,
    aggregate_result,
    check_access,
    muster_result,
    two_person_log,
)
from keiryo.access_control.setup import read_setup
from keiryo.access_control.visits import persons_at, visits_of, who_was_there
from keiryo.cli.app import app
from keiryo.protection.inputs import InputError, Node

NS = 1_000_000_000


def codes(found: Any) -> list[str]:
    """Return the codes of findings in order."""
    return [one.code for one in found.findings]


# --- findings ------------------------------------------------------------------------------------

SMALLEST = {
    "ENTRY_TWICE": "08:00:00,a,D3,in,granted,1\n08:01:00,a,D3,in,granted,2",
    "EXIT_WITHOUT_ENTRY": "08:00:00,a,D3,out,granted,1",
    "OUTER_NOT_ENTERED": "07:00:00,b,D1,in,granted,1\n08:00:00,a,D2,in,granted,2",
    "TWO_AREAS": "08:00:00,a,D1,in,granted,1\n08:01:00,a,D3,in,granted,2",
    "OPEN_OCCUPANCY": "08:00:00,a,D3,in,granted,1",
    "GRANTED_UNKNOWN": "08:00:00,?,D3,in,granted,1",
    "CLOCK_REGRESSION": "08:00:00,a,D3,in,granted,2\n08:01:00,a,D3,out,granted,1",
    "DENIED_BURST": "08:00:00,a,D3,,denied,1\n08:00:30,a,D3,,denied,2\n08:01:00,a,D3,,denied,3",
}


@pytest.mark.parametrize("code", SMALLEST)
def test_smallest_log(code: str, tmp_path: Path) -> None:
    setup = setup_of(unknown_persons=["?"], denied={"attempts": 3, "within_s": 60})
    found = check_access(events_of(tmp_path, SMALLEST[code], setup), setup)
    assert code in codes(found)
    told = access_result(found)
    assert told["meanings"][code]["innocent_explanations"]
    assert aggregate_result(found)["findings_by_code"][code] == 1


def test_burst_is_told_once_and_whole(tmp_path: Path) -> None:
    setup = setup_of(denied={"attempts": 3, "within_s": 60})
    rows = "\n".join(f"08:{n:02d}:00,a,D3,,denied,{n}" for n in range(5))
    assert "DENIED_BURST" not in codes(check_access(events_of(tmp_path, rows, setup), setup))
    rows = "\n".join(f"08:00:{n:02d},a,D3,,denied,{n}" for n in range(0, 50, 10))
    found = check_access(events_of(tmp_path, rows + "\n09:00:00,a,D3,,denied,99", setup), setup)
    assert codes(found) == ["DENIED_BURST"]
    assert len(found.findings[0].places) == 5


AUTHORISED = {
    "AUTH_NONE": "b,Z2,2027-01-01,,no",
    "AUTH_EXPIRED": "a,Z2,2027-01-01,2027-05-30,no",
    "AUTH_NOT_YET": "a,Z2,2027-06-01,,no",
}
IN_AND_OUT = "08:00:00,a,D3,in,granted,1\n09:00:00,a,D3,out,granted,2"


@pytest.mark.parametrize("code", AUTHORISED)
def test_entry_without_right(code: str, tmp_path: Path) -> None:
    events = events_of(tmp_path, IN_AND_OUT)
    found = check_access(events, setup_of(), authorisations_of(tmp_path, AUTHORISED[code]))
    assert codes(found) == [code]
    assert not found.is_clean
    sound = authorisations_of(tmp_path, "a,Z2,2027-05-31,2027-05-31,no")
    assert codes(check_access(events, setup_of(), sound)) == []


def test_authorisations_that_touch_are_one(tmp_path: Path) -> None:
    rows = "a,Z2,2027-05-31T07:00:00Z,2027-05-31T08:30:00Z,no\n"
    events = events_of(tmp_path, IN_AND_OUT)
    alone = check_access(events, setup_of(), authorisations_of(tmp_path, rows))
    assert codes(alone) == ["AUTH_EXPIRED"]
    assert alone.findings[0].start_ns == second("08:30:00")
    both = rows + "a,Z2,2027-05-31T08:30:00Z,2027-05-31T10:00:00Z,no"
    assert codes(check_access(events, setup_of(), authorisations_of(tmp_path, both))) == []


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("status", "excluded", "EXCLUDED"),
        ("training_until", "2027-05-30", "TRAINING_EXPIRED"),
        ("check_until", "2027-05-30", "CHECK_EXPIRED"),
    ],
)
def test_rights_that_ran_out(column: str, value: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    row = {"person": "a", "area": "Z2", "valid_from": "2027-01-01"}
    rows = [{**row, column: value}, *([row] if code == "EXCLUDED" else [])]
    file.write_text(json.dumps(rows))
    setup = setup_of()
    known = read_authorisations_file(file, setup.timezone, tuple(setup.areas))
    assert codes(check_access(events_of(tmp_path, IN_AND_OUT), setup, known)) == [code]


def test_escort(tmp_path: Path) -> None:
    areas = [{"id": "Z2", "escort_grace_s": 60}]
    setup = setup_of(area=areas, reader=[{"id": "D3", "area": "Z2"}])
    rights = "a,Z2,2027-01-01,,no\ng,Z2,2027-01-01,,yes"
    rows = """08:00:00,g,D3,in,granted,1
        08:01:00,a,D3,in,granted,2
        08:30:00,a,D3,out,granted,3
        08:31:01,g,D3,out,granted,4"""
    found = check_access(
        events_of(tmp_path, rows, setup), setup, authorisations_of(tmp_path, rights, setup)
    )
    assert [(o.code, o.start_ns, o.end_ns) for o in found.findings] == [
        ("ESCORT_MISSING", second("08:30:00"), second("08:31:01"))
    ]


def test_shift_end(tmp_path: Path) -> None:
    areas = [{"id": "Z2", "shift_ends": ["17:00"], "shift_grace_s": 600}]
    setup = setup_of(area=areas, reader=[{"id": "D3", "area": "Z2"}], timezone="Asia/Tokyo")
    rows = """07:00:00,a,D3,in,granted,1
        07:30:00,b,D3,in,granted,2
        08:10:00,b,D3,out,granted,3
        08:10:01,a,D3,out,granted,4"""
    found = check_access(events_of(tmp_path, rows, setup), setup)
    assert [(o.code, o.person) for o in found.findings] == [("INSIDE_AT_SHIFT_END", "a")]


def test_counters(tmp_path: Path) -> None:
    events = events_of(tmp_path, "08:00:00,a,D3,in,granted,1\n08:00:09,a,D3,out,granted,2")
    hour = (second("08:00:00"), second("09:00:00"))
    for passages, direction, expected in (
        (2, None, []),
        (3, None, ["TAILGATING"]),
        (1, None, ["COUNTER_FEWER"]),
        (1, "in", []),
        (2, "out", ["TAILGATING"]),
    ):
        counted = [Counted("D3", direction, *hour, passages, 2)]
        assert codes(check_access(events, setup_of(), None, counted)) == expected
    tolerant = setup_of(counter={"tolerance": 1})
    assert codes(check_access(events, tolerant, None, [Counted("D3", None, *hour, 3, 2)])) == []


def test_every_code_has_a_meaning_and_is_tested() -> None:
    tested = {*SMALLEST, *AUTHORISED, "EXCLUDED", "TRAINING_EXPIRED", "CHECK_EXPIRED"}
    tested |= {"ESCORT_MISSING", "INSIDE_AT_SHIFT_END", "TAILGATING", "COUNTER_FEWER"}
    assert tested == set(MEANINGS)


# --- visits against a naive model ----------------------------------------------------------------

DOORS = {"D1": "B", "D2": "Z1", "D3": "Z2"}
_STEPS = st.lists(
    st.tuples(
        *(st.integers(0, 40), st.sampled_from("ab"), st.sampled_from(list(DOORS)), st.booleans())
    ),
    min_size=1,
    max_size=25,
)


@drawn(_STEPS, st.integers(0, 41), st.integers(0, 5))
@settings(max_examples=120, deadline=None)
def test_presence_is_as_second_by_second(
    tmp_path_factory: Any, steps: Any, at: int, long: int
) -> None:
    rows = [
        f"08:00:{at_s:02d},{who},{door},{'in' if inward else 'out'},granted,{n}"
        for n, (at_s, who, door, inward) in enumerate(steps)
    ]
    setup = setup_of(clock={"max_offset_s": dict.fromkeys(DOORS, 0)})
    events = events_of(tmp_path_factory.mktemp("visits"), "\n".join(rows), setup)
    visits = visits_of(events, setup)
    inside: set[tuple[str, str]] = set()
    ever: set[tuple[str, str]] = set()  # inside at some instant of [at, at + long]
    ordered = sorted(enumerate(steps), key=lambda one: (one[1][0], one[0]))
    for moment in range(47):
        asked = at <= moment <= at + long
        ever |= inside if asked else set()
        for _, (at_s, who, door, inward) in ordered:
            if at_s == moment:
                change = inside.add if inward else inside.discard
                change((who, DOORS[door]))
                ever |= inside if asked else set()
        if moment == at:
            for area in DOORS.values():
                naive = sorted(who for who, where in inside if where == area)
                assert persons_at(visits, area, second("08:00:00") + at * NS) == naive
    start = second("08:00:00") + at * NS
    found = who_was_there(visits, setup, DOORS.values(), start, start + long * NS)
    assert {(one.person, one.area) for one in found} == ever
    assert all(one.certain for one in found)


def test_clock_bounds(tmp_path: Path) -> None:
    unknown, known = setup_of(), setup_of(clock={"max_offset_s": {"D3": 5}})
    visits = visits_of(events_of(tmp_path, IN_AND_OUT), unknown)
    at = second("09:00:04")
    assert who_was_there(visits, unknown, ["Z2"], at, at) == []
    (maybe,) = who_was_there(visits, known, ["Z2"], at, at)
    assert not maybe.certain
    half = second("08:30:00")
    (inside,) = who_was_there(visits, known, ["Z2"], half, half)
    assert inside.certain
    assert inside.whole
    (unsure,) = who_was_there(visits, unknown, ["Z2"], half, half)
    assert not unsure.certain


def test_muster(tmp_path: Path) -> None:
    rows = """08:00:00,a,D1,in,granted,1
        08:01:00,a,D2,in,granted,2
        08:02:00,b,D1,in,granted,3
        08:03:00,c,D3,in,granted,4
        08:04:00,c,D3,in,granted,5"""
    setup = setup_of()
    visits = visits_of(events_of(tmp_path, rows), setup)
    told = muster_result(visits, setup, second("08:10:00"), ["b", "z"])
    assert [(o["person"], o["area"], o["accounted"], o["certain"]) for o in told["persons"]] == [
        ("a", "Z1", False, True),
        ("b", "B", True, True),
        ("c", "Z2", False, False),
    ]
    assert (told["missing"], told["accounted_not_inside"]) == (2, ["z"])


# --- reading -------------------------------------------------------------------------------------

HEAD = "time,person,reader,direction"
AT = "2027-05-31T08:00:00Z"
BAD_LOGS = {
    "COLUMN_MISSING": "time,person,direction\n",
    "DUPLICATE_KEY": f"{HEAD},person\n",
    "EMPTY_FIELD": f"{HEAD}\n{AT},,D1,in\n",
    "TIME": f"{HEAD}\n8 o'clock,a,D1,in\n",
    "DIRECTION": f"{HEAD}\n{AT},a,D1,up\n",
    "RESULT": f"{HEAD},result\n{AT},a,D1,in,maybe\n",
    "TYPE": f"{HEAD},seq\n{AT},a,D1,in,one\n",
    "NAME": f"{HEAD}\n{AT},{'a' * 65},D1,in\n",
    "FIELD_COUNT": f"{HEAD}\n{AT},a,D1\n",
    "SYNTAX": f'{HEAD}\n{AT},"a"b,D1,in\n',
}


@pytest.mark.parametrize("code", BAD_LOGS)
def test_bad_log(code: str, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(BAD_LOGS[code])
    with pytest.raises(InputError) as error:
        read_events_file(file, setup_of())
    assert [one.code for one in error.value.problems] == [code]
    line = 1 if code in ("COLUMN_MISSING", "DUPLICATE_KEY") else 2
    assert error.value.problems[0].pointer == f"line {line}"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f"{HEAD}\nx,,D1,up\n{AT},a,D1,in\ny,b,,in\n")
    with pytest.raises(InputError) as error:
        read_events_file(file, setup_of())
    assert sorted((one.code, one.pointer) for one in error.value.problems) == [
        *(("DIRECTION", "line 2"), ("EMPTY_FIELD", "line 2"), ("EMPTY_FIELD", "line 4")),
        *(("TIME", "line 2"), ("TIME", "line 4")),
    ]


def test_local_time_that_occurs_twice(tmp_path: Path) -> None:
    setup = setup_of(timezone="Europe/Vienna")
    file = tmp_path / "log.csv"
    file.write_text(f"{HEAD}\n2027-10-31T02:30:00,a,D1,in\n")
    with pytest.raises(InputError, match="TIME_AMBIGUOUS"):
        read_events_file(file, setup)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("log_start", "2027-05-31T08:00:01Z", "LOG_START"),
        ("log_end", "2027-05-31T08:59:59Z", "LOG_END"),
    ],
)
def test_records_outside_the_time_of_the_log(
    key: str, value: str, code: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=code):
        events_of(tmp_path, IN_AND_OUT, setup_of(**{key: value}))


def test_csv_json_and_quotes_are_read_alike(tmp_path: Path) -> None:
    plain = f"{HEAD}\n{AT},a,D1,in\n"
    record = {"time": AT, "person": "a", "reader": "D1", "direction": "in"}
    forms = {
        "plain.csv": plain,
        "crlf.csv": plain.replace("\n", "\r\n"),
        "bom.csv": "\ufeff" + plain,
        "quoted.csv": plain.replace("a,D1", '"a","D1"'),
        "blank.csv": plain.replace("\n2027", "\n\n2027"),
        "list.json": json.dumps([record]),
        "inside.json": json.dumps({"events": [record], "count": 1}),
    }
    frames = []
    for name, text in forms.items():
        (tmp_path / name).write_bytes(text.encode())
        events = read_events_file(tmp_path / name, setup_of())
        frames.append(events.frame.drop("place", "seq").rows())
    assert all(one == frames[0] for one in frames)
    assert frames[0][0][0] == DAY_NS + 8 * 3600 * NS


def test_words_of_the_system(tmp_path: Path) -> None:
    setup = setup_of(
        columns={"time": "When", "person": "Card", "reader": "Door", "result": "What"},
        values={"result": {"granted": ["OK"], "ignored": ["HELD"]}, "direction": {"in": ["E"]}},
        time_format="%d.%m.%Y %H:%M:%S",
        timezone="Asia/Tokyo",
    )
    file = tmp_path / "log.csv"
    rows = "31.05.2027 08:00:00,a,D1,E,OK\n31.05.2027 08:00:01,,D1,,HELD\n"
    file.write_text(f"When,Card,Door,direction,What\n{rows}")
    events = read_events_file(file, setup)
    assert (events.frame.height, events.ignored) == (1, 1)
    assert events.frame["time_ns"][0] == DAY_NS - 3600 * NS
    assert two_person_log(events).rows() == [("2027-05-30T23:00:00Z", "B", "a", "D1", "in", None)]


BAD_SETUPS: dict[str, dict[str, Any]] = {
    "EMPTY_LIST": {"area": [], "reader": []},
    "AREA_UNKNOWN": {"reader": [{"id": "D", "area": "X"}]},
    "CYCLE": {"area": [{"id": "B", "inside": "Z"}, {"id": "Z", "inside": "B"}], "reader": []},
    "DUPLICATE_ID": {"area": [{"id": "B"}, {"id": "B"}], "reader": []},
    "DIRECTION": {"reader": [{"id": "D", "area": "B", "direction": "up"}]},
    "SETUP": {"time_format": "%d.%m"},
    "UNKNOWN_KEY": {"areas": []},
    "MISSING_KEY": {"denied": {"attempts": 3}},
    "TYPE": {"denied": {"attempts": "3", "within_s": 1}},
}


@pytest.mark.parametrize("code", BAD_SETUPS)
def test_bad_setup(code: str) -> None:
    with pytest.raises(InputError) as error:
        read_setup(Node(given(**BAD_SETUPS[code])))
    assert {one.code for one in error.value.problems} == {code}


BAD_RIGHTS = {
    "SELF_GRANTED": {"granted_by": "a"},
    "DATE_ORDER": {"valid_to": "2026-01-01"},
    "STATUS": {"status": "maybe"},
    "TYPE": {"escort_required": "often"},
    "TIME": {"valid_to": "tomorrow"},
    "EMPTY_FIELD": {"area": ""},
}


@pytest.mark.parametrize("code", BAD_RIGHTS)
def test_bad_authorisation(code: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    row = {"person": "a", "area": "Z2", "valid_from": "2027-01-01", **BAD_RIGHTS[code]}
    file.write_text(json.dumps([row]))
    with pytest.raises(InputError) as error:
        read_authorisations_file(file, setup_of().timezone, ("Z2",))
    assert [(one.code, one.pointer) for one in error.value.problems] == [(code, "record 1")]


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        *(("2027-01-01", day, False) for day in ("2250-12-31", "2300-01-01", "9999-12-31")),
        *((day, "", True) for day in ("0001-01-01", "1600-01-01", "2300-01-01", "9999-12-31")),
    ],
)
def test_days_beyond_the_calendar(first: str, last: str, wrong: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"person,area,valid_from,valid_to,check_until\na,Z2,{first},{last},{last}\n")
    zone = setup_of().timezone
    if wrong:
        with pytest.raises(InputError) as error:
            read_authorisations_file(file, zone, ("Z2",))
        found = [(one.code, one.message) for one in error.value.problems]
        assert found == [("TIME", "The valid from: The year is not from 1700 to 2250.")]
        return
    rights = read_authorisations_file(file, zone, ("Z2",))
    end = datetime.datetime(2251, 1, 1, tzinfo=zone)
    assert rights.frame["to_ns"][0] == rights.frame["check_ns"][0] == int(end.timestamp()) * NS


# --- commands ------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "setup.json").write_text(json.dumps(given()))
    events_of(tmp_path, IN_AND_OUT)
    return tmp_path


def test_commands(site: Path) -> None:
    run = CliRunner().invoke
    files = [str(site / "log.csv"), "--setup", str(site / "setup.json")]
    done = run(app, ["protection", "access", "check", *files])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["schema"], told["classification"]) == ("keiryo.pp.access-result/1", "placeholder")
    assert told["not_checked"] == ["authorisations", "escorts", "counters", "denied attempts"]
    digest = ["--sha256", "0" * 64]
    wrong = run(app, ["protection", "access", "check", *files, *digest])
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert json.loads(wrong.stderr)["errors"][0]["code"] == "DIGEST"
    who = run(app, ["protection", "access", "who", *files, "--from", "2027-05-31T08:30:00Z"])
    assert [one["person"] for one in json.loads(who.stdout)["persons"]] == ["a"]
    (site / "there.txt").write_text("b\n")
    there = ["--at", "2027-05-31T08:30:00Z", "--accounted", str(site / "there.txt")]
    muster = run(app, ["protection", "access", "muster", *files, *there])
    assert (muster.exit_code, json.loads(muster.stdout)["missing"]) == (1, 1)


def test_log_for_the_two_person_rule(site: Path) -> None:
    run = CliRunner().invoke
    files = [str(site / "log.csv"), "--setup", str(site / "setup.json")]
    out = str(site / "two.csv")
    assert run(app, ["protection", "access", "log", *files, "-o", out]).exit_code == 0
    assert (site / "two.csv").stat().st_mode & 0o777 == 0o600
    assert run(app, ["protection", "access", "log", *files, "-o", out]).exit_code == 2
    (site / "rule.toml").write_text('[[zone]]\nid = "Z2"\ngrace_s = 60\n')
    both = run(app, ["protection", "two-person", out, "--rule", str(site / "rule.toml")])
    assert json.loads(both.stdout)["violations"] == 1


def test_command_tells_the_problems_of_all_files(site: Path) -> None:
    (site / "log.csv").write_text(f"{HEAD}\nx,a,D1,in\n")
    (site / "auth.csv").write_text("person,area,valid_from\na,Z2,soon\n")
    files = [str(site / "log.csv"), "--setup", str(site / "setup.json")]
    rights = ["--authorisations", str(site / "auth.csv")]
    done = CliRunner().invoke(app, ["protection", "access", "check", *files, *rights])
    assert done.exit_code == 2
    pointers = [one["pointer"] for one in json.loads(done.stderr)["errors"]]
    assert pointers == ["log.csv line 2", "auth.csv line 2"]
