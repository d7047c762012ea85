"""Logs of electronic seals: the rules with their worked numbers, one bad input for each finding."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.seals.drift import ClockReading, Drift
from keiryo.seals.log_records import CODES, SECOND, LogRecord, read_log
from keiryo.seals.log_rules import DAY, LogResult, LogTerms, examine_log
from keiryo.seals.read_out import LogToRead, read

DAYS_90 = 7_776_000


def records(*told: tuple[int, str] | tuple[int, str, str], first: int = 1) -> list[LogRecord]:
    """Return records with times in seconds and numbers in order."""
    return [
        LogRecord(first + n, one[0] * SECOND, False, one[1], one[2] if len(one) > 2 else "", n + 1)
        for n, one in enumerate(told)
    ]


def codes(result: LogResult) -> list[str]:
    return [one.code for one in result.findings]


def test_the_worked_number_of_the_drift() -> None:
    drift = Drift([ClockReading(0, 0), ClockReading(DAYS_90 * SECOND, 90 * SECOND)])
    assert drift.true(2_592_000 * SECOND) == 2_592_030 * SECOND
    assert drift.true(0) == 0
    assert drift.true(DAYS_90 * SECOND) == (DAYS_90 + 90) * SECOND
    assert drift.true(-DAYS_90 * SECOND) == -(DAYS_90 + 90) * SECOND


def test_drift_without_and_with_one_reading() -> None:
    assert Drift().true(7) == 7
    assert Drift([ClockReading(5, -3)]).true(100) == 97
    with pytest.raises(UsageError):
        Drift([ClockReading(5, -3), ClockReading(5, 4)])


@given(
    st.lists(st.tuples(st.integers(0, 10**13), st.integers(-(10**9), 10**9)), min_size=2,
             unique_by=lambda one: one[0], max_size=5)
)  # fmt: skip
def test_drift_meets_its_readings(told: list[tuple[int, int]]) -> None:
    drift = Drift([ClockReading(*one) for one in told])
    assert all(drift.true(at) == at + offset for at, offset in told)


def test_openings_take_the_drift() -> None:
    terms = LogTerms((ClockReading(0, 0), ClockReading(DAYS_90 * SECOND, 90 * SECOND)))
    found = examine_log(records((2_592_000, "FIBRE_OPEN"), (2_592_000, "FIBRE_CLOSE")), terms)
    assert found.to_dict()["openings"] == [
        {"from": 2_592_030, "to": 2_592_030, "first_seq": 1, "last_seq": 2}
    ]


def test_a_quiet_log_has_no_findings() -> None:
    quiet = records(
        *((0, "POWER_ON"), (1, "KEY_CHANGE", "K1"), (2, "FIBRE_CLOSE"), (3, "TEMP", "21.5")),
        *((3600, "SOH"), (7200, "SOH"), (7300, "INTERROGATED", "R1,Huber")),
    )
    found = examine_log(quiet, LogTerms(soh_interval=3600 * SECOND))
    assert (found.spans, found.findings) == ([], [])
    assert (found.first_seq, found.last_seq) == (1, 7)


SMALLEST = [
    ("SEAL-OPENED", records((40, "FIBRE_OPEN"), (42, "FIBRE_CLOSE"))),
    ("SEAL-OPENED", records((40, "MAG_SWITCH", "open"), (42, "MAG_SWITCH", "closed"))),
    ("SEAL-LOG-STILL-OPEN", records((40, "FIBRE_OPEN"))),
    ("SEAL-LOG-TAMPER", records((40, "CASE_TAMPER"))),
    ("SEAL-LOG-WRAP", records((40, "MEMORY_WRAP"))),
    ("SEAL-LOG-SELF-TEST", records((40, "SELF_TEST_FAIL"))),
    ("SEAL-LOG-AUTH", records((40, "AUTH_FAIL", "R9"))),
    ("SEAL-LOG-BATTERY", records((40, "BATTERY_LOW"))),
    ("SEAL-LOG-BATTERY", records((40, "BATTERY", "2.9"))),
    ("SEAL-LOG-GAP", [*records((0, "SOH")), *records((9, "SOH"), first=3)]),
    ("SEAL-LOG-GAP", [*records((0, "SOH")), *records((9, "SOH"), first=1)]),
    ("SEAL-LOG-CLOCK", records((10, "SOH"), (9, "SOH"))),
]


@pytest.mark.parametrize(("code", "log"), SMALLEST)
def test_one_smallest_log_for_each_finding(code: str, log: list[LogRecord]) -> None:
    found = examine_log(log)
    assert codes(found) == [code]
    assert found.findings[0].advice


def test_the_clock_may_run_back_where_it_was_set() -> None:
    for told in ((10, "CLOCK_SET", "10,5"), (5, "CLOCK_SET", "10,5")):
        assert codes(examine_log(records((10, "SOH"), told, (6, "SOH")))) == []
    mixed = [*records((1, "SOH")), LogRecord(2, 5, True, "SOH")]
    assert codes(examine_log(mixed)) == ["SEAL-LOG-CLOCK"]


def test_a_gap_names_what_is_missing_and_when() -> None:
    log = [*records((10, "SOH"), (15, "MEMORY_WRAP")), *records((50, "SOH"), first=9)]
    found = examine_log(log)
    assert found.to_dict()["gaps"] == [
        {"from": 15, "to": 50, "first_seq": 2, "last_seq": 9, "missing": 6}
    ]
    assert codes(found) == ["SEAL-LOG-WRAP", "SEAL-LOG-GAP"]


def test_no_contact_after_twice_the_interval_and_the_margin() -> None:
    terms = LogTerms(soh_interval=100 * SECOND, margin=10 * SECOND)
    for silence, told in ((210, []), (211, ["SEAL-LOG-NO-CONTACT"])):
        assert codes(examine_log(records((0, "SOH"), (silence, "SOH")), terms)) == told
        now = LogTerms(soh_interval=100 * SECOND, margin=10 * SECOND, now=silence * SECOND)
        assert codes(examine_log(records((0, "SOH")), now)) == told


def test_the_battery_is_extrapolated_to_the_next_visit() -> None:
    log = records((0, "BATTERY", "3.60"), (100 * 86_400, "BATTERY", "3.50"))  # 1 mV a day
    found = examine_log(log)
    assert found.battery_empty == 600 * DAY
    assert codes(found) == []
    for visit, told in ((509, []), (510, ["SEAL-LOG-BATTERY"])):
        assert codes(examine_log(log, LogTerms(next_visit=visit * DAY))) == told
    rising = records((0, "BATTERY", "3.5"), (9, "BATTERY", "3.6"))
    assert examine_log(rising).battery_empty is None
    assert codes(examine_log(log, LogTerms(battery_limit=Decimal("3.55")))) == ["SEAL-LOG-BATTERY"]


def test_self_test_is_over_with_the_next_good_report() -> None:
    found = examine_log(records((5, "SELF_TEST_FAIL"), (9, "SOH")))
    assert found.to_dict()["self_test_failures"] == [
        {"from": 5, "to": 9, "first_seq": 1, "last_seq": 2}
    ]


CSV = "seq,t,code,value\n1,2026-01-01T00:00:00Z,POWER_ON,\n2,2026-01-01T01:00:00+01:00,soh,\n"


def test_files_of_every_kind() -> None:
    lines = '{"seq":1,"t":"2026-01-01T00:00:00Z","type":"power_on","src":"S"}\n' * 1
    for content in (CSV, lines, "\ufeff" + CSV, f"[{lines}]"):
        found, wrong = read_log("x", content.encode())
        assert wrong == []
        assert (found[0].seq, found[0].code, found[0].absolute) == (1, "POWER_ON", True)
    found, wrong = read_log("x", b"seq,t,code\n7,2592000.5,BATTERY(3.55)\n")
    assert (found[0].at, found[0].code, found[0].value) == (2_592_000_500_000, "BATTERY", "3.55")
    assert all(code in CODES for code in ("CLOCK_SET", "AUTH_FAIL"))


BAD = [
    *(b"", b"\xff\xfe", b"seq,t\n1,2\n", b"seq,t,code\nx,2,SOH\n", b"seq,t,code\n1,,SOH\n"),
    *(b"seq,t,code\n1,2026-01-01T00:00:00,SOH\n", b"seq,t,code\n1,2,\n", b"[{]", b"[1]"),
    *(b'{"seq":1}\n', b'{"seq":1.5,"t":"1","code":"SOH"}\n', b"{\n", b"seq,t,code\n1,NaN,SOH\n"),
    *(b"seq,t,code\n1,2,SOH,4,5\n", b'seq,t,code\n1,2,"SO', b"seq,t,code\n1,1e99,SOH\n"),
]


@pytest.mark.parametrize("content", BAD)
def test_what_cannot_be_read_is_told(content: bytes) -> None:
    found, wrong = read_log("x.csv", content)
    assert found == []
    assert {one.code for one in wrong} == {"SEAL-LOG-UNREADABLE"}


def test_unknown_codes_are_kept_and_told() -> None:
    found, wrong = read_log("x.csv", b"seq,t,code\n1,2,FROBNICATE\n")
    assert [one.code for one in found] == ["FROBNICATE"]
    assert [one.code for one in wrong] == ["SEAL-LOG-CODE"]


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(content: bytes) -> None:
    examine_log(read_log("x", content)[0])


def test_signed_logs_are_verified(tmp_path: Path) -> None:
    from keiryo.device_log.chain import values

    told = [
        {"seq": n, "t": f"2026-01-01T00:0{n}:00Z", "code": "SOH", "value": None} for n in (1, 2)
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in told))
    assert read(LogToRead(path)).state == "unsigned"
    assert read(LogToRead(path, reader="EOSS reader 7")).state == "reader"
    chained = [{**one, "chain": value} for one, value in zip(told, values(told), strict=True)]
    path.write_text("".join(json.dumps(one) + "\n" for one in chained))
    assert read(LogToRead(path)).state == "unsigned"  # a chain alone shows no origin
    chained[0]["code"] = "FIBRE_OPEN"
    path.write_text("".join(json.dumps(one) + "\n" for one in chained))
    assert read(LogToRead(path, reader="EOSS reader 7")).state == "broken"
    with pytest.raises(UsageError):
        read(LogToRead(tmp_path / "none"))
