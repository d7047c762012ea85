"""The two-person rule: the worked examples, a naive model second by second, bad input."""

from __future__ import annotations

import datetime
import io
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.protection import two_person_sets
from keiryo.protection.access_log import read_access_log
from keiryo.protection.inputs import InputError
from keiryo.protection.orders import stable_order
from keiryo.protection.two_person import check_two_persons
from keiryo.protection.two_person_json import write_json
from keiryo.protection.two_person_report import two_person_result
from keiryo.protection.two_person_rule import read_rule_file
from keiryo.protection.two_person_sets import can_choose

DAY = datetime.datetime(2027, 5, 31, tzinfo=datetime.UTC)
HEADER = "time,zone,person,reader,direction,seq"
FIRST = (
    "08:00:00 alice in; 08:00:20 bob in; 09:10:00 bob out; 09:10:45 carol in; "
    "10:00:00 alice out; 10:05:00 carol out; 11:00:00 dave in; 11:00:50 dave out"
)
RULE = '[[zone]]\nid = "Z1"\ngrace_s = 60\n'


def rows(text: str, *, reader: str = "R1") -> str:
    """Return a log from the short writing of the examples."""
    lines = [HEADER]
    for one in text.split("; "):
        clock, person, direction = one.split()
        lines.append(f"2027-05-31T{clock}Z,Z1,{person},{reader},{direction},")
    return "\n".join(lines) + "\n"


def checked(folder: Path, log: str, rule: str = RULE) -> dict[str, Any]:
    """Return the result of a log and a rule."""
    (folder / "log.csv").write_text(log, encoding="utf-8")
    (folder / "rule.toml").write_text(rule, encoding="utf-8")
    rules = read_rule_file(folder / "rule.toml")
    found = check_two_persons(read_access_log(folder / "log.csv", rules.timezone), rules)
    result = two_person_result(found)
    json.dumps(result)
    return result


def short(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return counted seconds, persons and violation of the intervals of the first zone."""
    found = result["zones"][0]["intervals"]
    return [(one["counted_s"], " ".join(one["persons"]), one["violation"]) for one in found]


def codes(result: dict[str, Any]) -> list[str]:
    return sorted(one["code"] for one in result["findings"])


def test_first_example(tmp_path: Path) -> None:
    result = checked(tmp_path, rows(FIRST))
    assert short(result) == [
        *((20, "alice", False), (45, "alice", False), (300, "carol", True), (50, "dave", False))
    ]
    zone = result["zones"][0]
    assert (zone["longest_counted_s"], zone["total_counted_s"], zone["events"]) == (300, 415, 8)
    assert result["violations"] == 1 and not result["findings"] and not result["warnings"]
    assert zone["intervals"][0] == {
        "start": "2027-05-31T08:00:00Z",
        "end": "2027-05-31T08:00:20Z",
        "duration_s": 20,
        "suspended_s": 0,
        "counted_s": 20,
        "persons": ["alice"],
        "reasons": ["TOO_FEW"],
        "open": False,
        "violation": False,
        "confidence": "low",
    }


def test_the_grace_is_strict(tmp_path: Path) -> None:
    result = checked(tmp_path, rows(FIRST), RULE.replace("60", "45"))
    assert [one[2] for one in short(result)] == [False, False, True, True]


@pytest.mark.parametrize("swapped", [False, True])
def test_change_of_persons_in_one_second(tmp_path: Path, swapped: bool) -> None:
    middle = ["08:00:40 carol in", "08:00:40 alice out"]
    events = ["08:00:00 alice in", *(middle[::-1] if swapped else middle), "08:01:20 carol out"]
    result = checked(tmp_path, rows("; ".join(events)))
    assert short(result) == [(80, "alice carol", True)]


def test_groups(tmp_path: Path) -> None:
    text = rows(
        "08:00:00 alice in; 08:00:10 bob in; 08:02:00 carol in; "
        "08:03:00 alice out; 08:03:30 bob out; 08:03:40 carol out"
    )
    grouped = RULE + '[groups]\nalice = "G"\nbob = "G"\n'
    result = checked(tmp_path, text, grouped)
    assert short(result) == [(120, "alice bob", True), (10, "carol", False)]
    assert result["zones"][0]["intervals"][0]["reasons"] == ["TOO_FEW", "NOT_A_SET"]
    assert short(checked(tmp_path, text)) == [(10, "alice", False), (10, "carol", False)]


def test_entries_twice_and_persons_left(tmp_path: Path) -> None:
    text = rows(
        "08:00:00 alice in; 08:00:30 alice in; 08:01:00 bob out; 08:02:00 bob in; "
        "08:05:00 alice out"
    )
    result = checked(tmp_path, text)
    assert short(result) == [(120, "alice", True), (0, "bob", False)]
    assert [one["open"] for one in result["zones"][0]["intervals"]] == [False, True]
    assert codes(result) == [
        *("ENTRY_TWICE", "EXIT_WITHOUT_ENTRY", "OPEN_INTERVAL", "OPEN_OCCUPANCY")
    ]
    assert [one["line"] for one in result["findings"] if one["code"] == "ENTRY_TWICE"] == [3]


def test_suspension_counts_once_and_asks_for_a_review(tmp_path: Path) -> None:
    rule = RULE
    for start, end in (("08:00:10", "08:01:00"), ("08:00:30", "08:01:10")):
        rule += f'[[suspension]]\nzone = "Z1"\nstart = "2027-05-31T{start}Z"\n'
        rule += f'end = "2027-05-31T{end}Z"\nreview_ref = "REV-7"\n'
    result = checked(tmp_path, rows("08:00:00 alice in; 08:02:00 alice out"), rule)
    (one,) = result["zones"][0]["intervals"]
    assert (one["duration_s"], one["suspended_s"], one["counted_s"]) == (120, 60, 60)
    assert not one["violation"] and codes(result) == ["REVIEW_REQUIRED"] * 2


def test_confidence(tmp_path: Path) -> None:
    log = rows("08:00:00 a in").replace("R1", "R1") + "2027-05-31T08:01:02Z,Z1,a,R2,out,\n"
    clock = RULE + "[clock.max_offset_s]\nR1 = 1.0\nR2 = {}\n"

    def told(rule: str) -> str:
        return str(checked(tmp_path, log, rule)["zones"][0]["intervals"][0]["confidence"])

    assert told(RULE) == "low"
    assert told(clock.format("1.0")) == "low"  # 62 s and 60 s differ by no more than 2 s
    assert told(clock.format("0.9")) == "normal"
    same = log.replace("R2", "R1")
    found = checked(tmp_path, same, clock.format("1.0"))["zones"][0]["intervals"][0]
    assert found["confidence"] == "normal"  # one clock: its offset cancels


def test_a_clock_that_ran_back(tmp_path: Path) -> None:
    log = f"{HEADER}\n2027-05-31T08:00:10Z,Z1,a,R1,in,5\n2027-05-31T08:00:00Z,Z1,b,R1,in,6\n"
    result = checked(tmp_path, log)
    assert "CLOCK_REGRESSION" in codes(result)
    (one,) = (f for f in result["findings"] if f["code"] == "CLOCK_REGRESSION")
    assert (one["line"], one["severity"], one["person"]) == (3, "E", "b")


def test_persons_inside_from_the_beginning(tmp_path: Path) -> None:
    rule = RULE + 'initial = ["zoe", "yan"]\n'
    result = checked(tmp_path, rows("08:00:00 zoe out; 08:05:00 yan out"), rule)
    assert short(result) == [(300, "yan", True)] and not result["findings"]
    alone = checked(tmp_path, rows("08:00:00 amy in; 08:05:00 amy out"), RULE + 'initial = ["x"]\n')
    assert short(alone) == [(0, "x", False)]
    assert codes(alone) == ["OPEN_INTERVAL", "OPEN_OCCUPANCY"]
    nothing = checked(tmp_path, HEADER + "\n", RULE + 'initial = ["x"]\n')
    assert short(nothing) == [] and codes(nothing) == ["OPEN_OCCUPANCY"]


def test_warnings(tmp_path: Path) -> None:
    row = "2027-05-31T08:00:00Z,{},a,R1,in,1,x\n"
    log = HEADER + ",colour\n" + row.format("Z1") * 2 + row.format("Z9")
    told = [(one["code"], one["pointer"]) for one in checked(tmp_path, log)["warnings"]]
    assert told == [
        ("EXTRA_COLUMN", "line 1"),
        ("DUPLICATE_EVENT", "line 3"),
        ("ZONE_WITHOUT_RULE", "line 4"),
    ]


def test_header_only(tmp_path: Path) -> None:
    result = checked(tmp_path, HEADER + "\n")
    assert result["zones"][0]["intervals"] == [] and result["zones"][0]["longest_counted_s"] == 0


GOOD = "2027-05-31T08:00:00Z,Z1,a,R1,in,1"
BAD_LOGS = [
    ("time,zone,person,reader\n", "COLUMN_MISSING", "line 1"),
    ("", "COLUMN_MISSING", "line 1"),
    (f"{HEADER},zone\n", "DUPLICATE_KEY", "line 1"),
    (f"{HEADER}\n{GOOD.replace(',in,', ',IN,')}\n", "DIRECTION", "line 2"),
    (f"{HEADER}\n{GOOD.replace(',a,', ',,')}\n", "EMPTY_FIELD", "line 2"),
    (f"{HEADER}\n{GOOD.replace(',a,', ', ,')}\n", "EMPTY_FIELD", "line 2"),
    (f"{HEADER}\n{GOOD.replace('2027-05-31T', '')}\n", "TIME", "line 2"),
    (f"{HEADER}\n{GOOD.replace('05-31', '02-30')}\n", "TIME", "line 2"),
    (f"{HEADER}\n{GOOD.replace(':00Z', ':60Z')}\n", "TIME", "line 2"),
    (f"{HEADER}\n{GOOD}x\n", "TYPE", "line 2"),
    (f"{HEADER}\n{GOOD}{'1' * 40}\n", "NUMBER_SIZE", "line 2"),
    (f"{HEADER}\n{GOOD},more\n", "FIELD_COUNT", "line 2"),
    (f"{HEADER}\n{GOOD.replace(',a,', ',' + 'a' * 65 + ',')}\n", "NAME", "line 2"),
    (f'{HEADER}\n{GOOD}\n"open\n', "SYNTAX", "line 3"),
]


@pytest.mark.parametrize(("log", "code", "pointer"), BAD_LOGS)
def test_bad_log(tmp_path: Path, log: str, code: str, pointer: str) -> None:
    with pytest.raises(InputError) as told:
        checked(tmp_path, log)
    assert (code, pointer) in [(one.code, one.pointer) for one in told.value.problems]


ZONE = '[[zone]]\nid = "Z1"\n'
SUSPENDED = (
    '[[suspension]]\nzone = "Z1"\nstart = "2027-05-31T13:00:00Z"\nend = "2027-05-31T13:20:00Z"\n'
)
BAD_RULES = [
    (ZONE, "MISSING_KEY", "/zone/0/grace_s"),
    (ZONE + "grace_s = -1\n", "RULE", "/zone/0/grace_s"),
    ('[defaults]\ngrace_s = "60"\n' + ZONE, "TYPE", "/defaults/grace_s"),
    (RULE + "min_persons = 1\n", "RULE", "/zone/0/min_persons"),
    (RULE + "min_persons = 2.5\n", "RULE", "/zone/0/min_persons"),
    (RULE + "colour = 1\n", "UNKNOWN_KEY", "/zone/0/colour"),
    (RULE + RULE, "DUPLICATE_ID", "/zone/1/id"),
    (RULE + SUSPENDED, "MISSING_KEY", "/suspension/0/review_ref"),
    (RULE + SUSPENDED + 'review_ref = ""\n', "EMPTY_FIELD", "/suspension/0/review_ref"),
    (
        RULE + SUSPENDED.replace("Z1", "Z2") + 'review_ref = "R"\n',
        "ZONE_UNKNOWN",
        "/suspension/0/zone",
    ),
    (
        RULE + SUSPENDED.replace("13:20", "12:20") + 'review_ref = "R"\n',
        "RULE",
        "/suspension/0/end",
    ),
    ('timezone = "Mars/Base"\n' + RULE, "RULE", "/timezone"),
    ('log_end = "soon"\n' + RULE, "TIME", "/log_end"),
    ('log_end = "2027-05-31T07:00:00Z"\n' + RULE, "LOG_END", "/log_end"),
    (RULE + 'forbidden_pairs = [["a", "a"]]\n', "RULE", "/zone/0/forbidden_pairs/0"),
    (RULE + "[clock.max_offset_s]\nR1 = -1\n", "RULE", "/clock/max_offset_s/R1"),
    (RULE + "[groups]\na = 1\n", "TYPE", "/groups/a"),
    ("timezone = 3\n" + RULE, "TYPE", "/timezone"),
    ("[defaults]\ngrace_s = 1\n", "MISSING_KEY", "/zone"),
]


@pytest.mark.parametrize(("rule", "code", "pointer"), BAD_RULES)
def test_bad_rule(tmp_path: Path, rule: str, code: str, pointer: str) -> None:
    with pytest.raises(InputError) as told:
        checked(tmp_path, f"{HEADER}\n{GOOD}\n", rule)
    assert (code, pointer) in [(one.code, one.pointer) for one in told.value.problems]


@pytest.mark.parametrize(
    ("clock", "told"),
    [("02:30:00", "TIME_AMBIGUOUS"), ("01:59:59", None), ("2027-10-31T02:30:00", "TIME_AMBIGUOUS")],
)
def test_local_times(tmp_path: Path, clock: str, told: str | None) -> None:
    time = clock if "T" in clock else f"2027-03-28T{clock}"
    log, rule = f"{HEADER}\n{time},Z1,a,R1,in,\n", 'timezone = "Europe/Vienna"\n' + RULE
    if told is None:
        assert checked(tmp_path, log, rule)["findings"][0]["time"] == "2027-03-28T00:59:59Z"
        return
    with pytest.raises(InputError) as error:
        checked(tmp_path, log, rule)
    assert [one.code for one in error.value.problems] == [told]


def test_command(tmp_path: Path) -> None:
    log, rule = tmp_path / "log.csv", tmp_path / "rule.toml"
    log.write_text(rows(FIRST), encoding="utf-8")
    rule.write_text(RULE, encoding="utf-8")
    run = CliRunner().invoke(app, ["protection", "two-person", str(log), "--rule", str(rule)])
    assert run.exit_code == 1 and not run.stderr
    assert json.loads(run.stdout) == checked(tmp_path, rows(FIRST))
    rule.write_text("placeholder = true\n" + RULE.replace("60", "300"), encoding="utf-8")
    run = CliRunner().invoke(app, ["protection", "two-person", str(log), "--rule", str(rule)])
    assert run.exit_code == 0 and json.loads(run.stdout)["classification"] == "placeholder"
    log.write_text("time\n", encoding="utf-8")
    rule.write_text("[defaults]\ngrace_s = -1\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["protection", "two-person", str(log), "--rule", str(rule)])
    told = {(one["code"], one["pointer"]) for one in json.loads(run.stderr)["errors"]}
    assert run.exit_code == 2 and not run.stdout
    assert {("RULE", "/defaults/grace_s"), ("COLUMN_MISSING", "line 1")} <= told
    table = CliRunner().invoke(app, ["protection", "two-person", "--help"])
    assert "--rule" in table.stdout


# --- a naive model -------------------------------------------------------------------------------

PEOPLE = ("a", "b", "c", "d")
EVENTS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(PEOPLE), st.booleans()), min_size=1, max_size=14
)
PAIRS = st.sets(st.sampled_from(list(combinations(PEOPLE, 2))), max_size=3)
GROUPS = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from("GH"), max_size=4)
WINDOWS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=2)


def naive(
    events: list[tuple[int, str, bool]],
    end: int,
    least: int,
    groups: dict[str, str],
    pairs: set[tuple[str, str]],
    qualified: set[str],
    windows: list[tuple[int, int]],
    initial: list[str],
) -> list[tuple[Any, ...]]:
    """Return the intervals by looking at every second."""

    def allowed(some: tuple[str, ...]) -> bool:
        for one, other in combinations(some, 2):
            if one in groups and groups[one] == groups.get(other):
                return False
            if (one, other) in pairs or (other, one) in pairs:
                return False
        return True

    first = min(time for time, *_ in events)
    inside, states = set(initial), {}
    for second in range(first, end + 1):
        for time, person, entering in events:
            if time == second:
                (inside.add if entering else inside.discard)(person)
        good = any(allowed(some) for some in combinations(sorted(inside & qualified), least))
        states[second] = (bool(inside) and not good, set(inside))
    found, second = [], first
    while second <= end:
        if not states[second][0]:
            second += 1
            continue
        start, who, reasons = second, set(), set()
        while second <= end and states[second][0]:
            who |= states[second][1]
            reasons.add("TOO_FEW" if len(states[second][1]) < least else "NOT_A_SET")
            second += 1
        stop = min(second, end)
        held = sum(any(a <= s < a + n for a, n in windows) for s in range(start, stop))
        found.append((start, stop, stop - start - held, sorted(who), reasons, second > end))
    return found


@settings(max_examples=250, deadline=None)
@given(
    EVENTS, st.integers(0, 3), st.integers(2, 3), GROUPS, PAIRS,
    st.none() | st.sets(st.sampled_from(PEOPLE)), WINDOWS,
    st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2), st.randoms(),
    st.sampled_from((0, two_person_sets.SMALL)),
)  # fmt: skip
def test_against_every_second(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[tuple[int, str, bool]],
    more: int,
    least: int,
    groups: dict[str, str],
    pairs: set[tuple[str, str]],
    authorised: set[str] | None,
    windows: list[tuple[int, int]],
    initial: list[str],
    random: Any,
    small: int,
) -> None:
    folder = tmp_path_factory.mktemp("naive")
    events = [one for at, one in enumerate(events) if (one not in events[:at])]
    events.sort(key=lambda one: one[0])
    end = events[-1][0] + more

    def clock(second: int) -> str:
        return (DAY + datetime.timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")

    lines = [
        f"{clock(time)},Z1,{person},R1,{'in' if entering else 'out'},{number}"
        for number, (time, person, entering) in enumerate(events)
    ]
    random.shuffle(lines)
    rule: dict[str, Any] = {
        "log_end": clock(end),
        "defaults": {"grace_s": 3, "min_persons": least},
        "zone": [{"id": "Z1", "forbidden_pairs": [list(one) for one in pairs], "initial": initial}],
        "groups": groups,
        "suspension": [
            {"zone": "Z1", "start": clock(a), "end": clock(a + n), "review_ref": "R"}
            for a, n in windows
        ],
    }
    if authorised is not None:
        rule["zone"][0]["authorised"] = sorted(authorised)
    (folder / "rule.json").write_text(json.dumps(rule))
    (folder / "log.csv").write_text("\n".join([HEADER, *lines]))
    rules = read_rule_file(folder / "rule.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_person_sets, "SMALL", small)  # persons tied together, one by one
        found = check_two_persons(read_access_log(folder / "log.csv", rules.timezone), rules)
    result = two_person_result(found)
    written = io.StringIO()
    write_json(found, written)
    assert json.loads(written.getvalue()) == result
    qualified = set(PEOPLE) if authorised is None else authorised
    wanted = naive(events, end, least, groups, pairs, qualified, windows, initial)
    got = result["zones"][0]["intervals"]
    assert [
        (one["start"], one["end"], one["counted_s"], one["persons"], one["open"], one["violation"])
        for one in got
    ] == [(clock(a), clock(b), n, who, o, n > 3) for a, b, n, who, _, o in wanted]
    assert [set(one["reasons"]) for one in got] == [reasons for *_, reasons, _ in wanted]


@settings(max_examples=150, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))), st.integers(0, 5))
def test_choosing_against_all_subsets(edges: set[tuple[int, int]], size: int) -> None:
    pairs = {frozenset(edge) for edge in edges if edge[0] != edge[1]}
    excluded = {
        one: frozenset(other for other in range(8) if frozenset((one, other)) in pairs)
        for one in range(8)
    }
    every = combinations(range(8), size)
    expected = any(
        all(frozenset(two) not in pairs for two in combinations(some, 2)) for some in every
    )
    assert can_choose(frozenset(range(8)), excluded, size) == expected


def test_findings_have_an_order(tmp_path: Path) -> None:
    result = checked(
        tmp_path, rows("08:00:01 b out; 08:00:00 c out; 08:00:01 a out; 08:00:01 a in")
    )
    told = [
        (one["time"][-4:-1], one["line"], one["code"], one["person"]) for one in result["findings"]
    ]
    assert told == sorted(told)
    assert {"EXIT_WITHOUT_ENTRY", "CLOCK_REGRESSION", "OPEN_INTERVAL"} <= {one[2] for one in told}


def test_more_persons_than_small_numbers_hold() -> None:
    """Codes of persons beyond 16 bits are ordered in two steps."""
    codes = np.array([70_000, 3, 65_536, 70_000, 3, 0, 131_072])
    wanted = np.argsort(codes, kind="stable")
    assert stable_order(codes, 200_000).tolist() == wanted.tolist()
    assert (
        stable_order(codes % 100, 100).tolist() == np.argsort(codes % 100, kind="stable").tolist()
    )
