"""Alarms of an event and their cases: what the log may say, and what the close tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keiryo.alarm_cases.recording import raise_alarms, take_step
from keiryo.errors import RefusedError
from keiryo.journal.dependents import dependents
from keiryo.public_events import alarm_log
from keiryo.public_events.case_links import disagreements, with_cases
from keiryo.public_events.links import explain
from played_public_event import EVENT, HEAD, OFFICER, Played, opened

HEADS = "time,alarm,post,serial,seen,state,alarm_case,words\n"
SEEN = "measurement:RIID-1@2025-07-20T12:00:00+09:00"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Return books with a plan in force and three cases: open, false, open with neutrons."""
    made = opened(tmp_path_factory.mktemp("cases"))
    made.loan()
    for name, neutrons in (("C-OPEN", 0), ("C-FALSE", 0), ("C-NEUTRON", 1), ("C-BACK", 0)):
        row: dict[str, Any] = {"alarm": name, "origin": "INSTRUMENT_ALARM", "site": EVENT}
        row |= {"raised_at": "2025-07-20T11:00+09:00", "instrument": "RIID-1", "evidence": SEEN}
        raise_alarms(*made.books, [{**row, "gamma_alarm": 1, "neutron_alarm": neutrons}])
    for name in ("C-FALSE", "C-BACK"):
        step(made, name, "FALSE", "2025-07-20T13:00+09:00")
    yield made
    made.database.close()


def step(played: Played, name: str, state: str, at: str) -> None:
    row = {"alarm": name, "at": at, "reason": "as seen", "evidence": SEEN}
    actor = HEAD if state == "RAISED" else OFFICER
    take_step(played.database, actor, state, row)


def log(played: Played, name: str, seen: str, state: str, case: str, at: str = "12:00") -> set[str]:
    row = f"2025-07-20T{at}+09:00,{name},north,RIID-1,{seen},{state},{case},words\n"
    try:
        alarm_log.record_alarms(*played.books, EVENT, ("a.csv", (HEADS + row).encode()))
    except RefusedError as error:
        assert all(one.message and one.advice for one in error.findings)
        return {one.code.removeprefix("PUBLIC-EVENT-") for one in error.findings}
    return set()


@pytest.mark.parametrize(
    ("seen", "state", "case", "at", "code"),
    [
        ("gamma", "open", "C-NONE", "12:00", "NO-CASE"),
        ("gamma", "response", "C-NONE", "12:00", "NO-CASE"),
        ("gamma", "false", "C-OPEN", "12:00", "CASE"),
        ("gamma", "innocent", "C-OPEN", "12:00", "CASE"),
        ("gamma", "innocent", "C-FALSE", "12:00", "CASE"),
        ("neutron", "false", "C-NEUTRON", "12:00", "CASE"),
        ("neutron", "false", "C-FALSE", "12:00", "CASE"),  # that case tells of no neutrons
        ("both", "false", "", "12:00", "NEUTRONS"),
        ("neutron", "innocent", "", "12:00", "NEUTRONS"),
        ("gamma", "false", "C-FALSE", "14:00", "CASE"),  # closed before the alarm
    ],
)
def test_the_log_says_what_the_case_says(
    played: Played, seen: str, state: str, case: str, at: str, code: str
) -> None:
    assert log(played, "X-1", seen, state, case, at) == {code}


def test_a_case_is_not_taken_away(played: Played) -> None:
    assert log(played, "X-2", "gamma", "open", "C-OPEN") == set()
    assert log(played, "X-2", "gamma", "innocent", "") == {"CASE"}
    assert log(played, "X-2", "gamma", "false", "C-FALSE") == set()


def test_the_response_is_never_held_up(played: Played) -> None:
    assert log(played, "X-3", "neutron", "response", "") == set()
    assert log(played, "X-4", "gamma", "response", "C-FALSE") == set()
    told = {one["alarm"]: one for one in shown(played)}
    assert (told["X-4"]["case_state"], told["X-3"]["case_state"]) == ("FALSE", None)
    assert {"X-3", "X-4"} <= differing(played)


def test_a_case_that_is_put_back_is_told_at_the_close(played: Played) -> None:
    assert log(played, "X-5", "gamma", "false", "C-BACK") == set()
    assert "X-5" not in differing(played)
    row = {"alarm": "C-BACK", "at": "2025-07-20T15:00+09:00", "reason": "seen again"}
    take_step(played.database, HEAD, "RAISED", row)
    assert "X-5" in differing(played)


def test_the_evidence_chain_reaches_the_cases(played: Played) -> None:
    log(played, "X-6", "neutron", "open", "C-NEUTRON")
    database = played.database
    with database.reading() as connection:
        node = f"public-event:{EVENT}"
        links = list(explain(connection, database.metadata, node))
        assert ("assessed in", "alarm:C-NEUTRON") in {(x.relation, x.target) for x in links}
        back = dependents(connection, database.metadata, database.registry, "alarm:C-NEUTRON")
        assert node in {one.source for one in back}


def shown(played: Played) -> list[dict[str, Any]]:
    with played.database.reading() as connection:
        metadata = played.database.metadata
        told = alarm_log.alarms(connection, metadata, EVENT)
        return with_cases(connection, metadata, told)


def differing(played: Played) -> set[str]:
    with played.database.reading() as connection:
        metadata = played.database.metadata
        told = alarm_log.alarms(connection, metadata, EVENT)
        found = list(disagreements(connection, metadata, told))
    return {one.message.split()[2] for one in found}
