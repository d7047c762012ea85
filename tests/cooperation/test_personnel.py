"""Personnel exchanges: steps, clearances that do not reach, somebody in two places at once."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

import keiryo
from keiryo.api import Books
from keiryo.cli.app import app
from keiryo.cli.options import Given
from keiryo.cooperation.exchange_tables import PERSONNEL_STEP
from keiryo.cooperation.missions import (
    MissionRequest,
    MissionStep,
    missions,
    request_mission,
    take_mission_step,
)
from keiryo.cooperation.personnel import (
    STEPS,
    ExchangeAgreed,
    ExchangeStep,
    Stay,
    agree_exchange,
    exchange_findings,
    exchanges,
    take_exchange_step,
)
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.dates import date_number
from keiryo.errors import Finding, NotFoundError, RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post

DAY = datetime.date(2026, 11, 1)
LAST = datetime.date(2027, 3, 31)
CLEARED = {"clearance_from": DAY, "clearance_until": LAST}


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "JP", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    return made


def agree(books: Books, **more: Any) -> str:
    wanted = ExchangeAgreed(
        "A. Sato", "JP.JAEA", "US.DOE", "spent fuel assay", DAY, DAY, LAST, days=CLEARED
    )
    return agree_exchange(books.database, books.actor, replace(wanted, **more))[0]


def step(books: Books, name: str, state: str, **more: Any) -> int:
    wanted = replace(ExchangeStep(name, state, DAY, "as agreed"), **more)
    return take_exchange_step(books.database, books.actor, wanted).act.act_id


def findings(books: Books) -> list[Finding]:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        return exchange_findings(exchanges(connection, metadata), missions(connection, metadata))


def recorded(books: Books) -> list[str]:
    """Return the codes of the findings that acts carry."""
    table = books.database.metadata.tables["finding"]
    with books.database.reading() as connection:
        query = select(table.c.code).where(table.c.code.like("PERSONNEL%"))
        return [str(one) for one in connection.execute(query).scalars()]


def refused(work: Callable[[], object]) -> list[str]:
    with pytest.raises(RefusedError) as error:
        work()
    assert all(one.message and one.advice for one in error.value.findings)
    return [one.code for one in error.value.findings]


def test_an_exchange_from_agreement_to_report(books: Books) -> None:
    name = agree(books, access_level="confidential", clearance_level="secret")
    for state in ("cleared", "started", "interrupted", "started", "ended"):
        step(books, name, state)
    assert refused(lambda: step(books, name, "reported")) == ["PERSONNEL-STEP"]
    step(books, name, "reported", output="a method")
    assert not findings(books) and not recorded(books)
    with books.database.reading() as connection:
        told = exchanges(connection, books.database.metadata)[name].to_dict()
    assert told["state"] == "reported" and told["output"] == "a method"
    assert told["last_day"] == "2027-03-31"


def test_only_the_steps_of_the_table(books: Books) -> None:
    name, now = agree(books), "agreed"
    for state in ("cleared", "started", "ended", "reported"):
        for other in set(STEPS) - STEPS[now]:
            codes = refused(lambda other=other: step(books, name, other, output="x"))
            assert set(codes) == {"PERSONNEL-STEP"}, (now, other)
        step(books, name, state, output="x")
        now = state
    with pytest.raises(NotFoundError):
        step(books, "exchange.0099", "cleared")
    with pytest.raises(NotFoundError):
        agree(books, name="exchange.0099")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"home": "XX.NOBODY"}, "COOPERATION-ORGANISATION"),
        ({"access_level": "hush"}, "PERSONNEL-LEVEL"),
        ({"last_day": DAY - datetime.timedelta(days=1), "days": {}}, "PERSONNEL-DAY"),
        ({"under": "i.nothing"}, "COOPERATION-NAME"),
    ],
)
def test_what_cannot_be_agreed(books: Books, more: dict[str, Any], code: str) -> None:
    assert refused(lambda: agree(books, **more)) == [code]


SHORT = {**CLEARED, "clearance_until": LAST - datetime.timedelta(days=1)}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"access_level": "secret", "clearance_level": "confidential"}, "PERSONNEL-ACCESS"),
        ({"access_level": "official"}, "PERSONNEL-ACCESS"),
        (
            {"access_level": "official", "clearance_level": "official", "days": SHORT},
            "PERSONNEL-CLEARANCE",
        ),
        ({"days": {"visa_from": DAY + datetime.timedelta(days=1)}}, "PERSONNEL-CLEARANCE"),
    ],
)
def test_a_clearance_that_does_not_reach(books: Books, more: dict[str, Any], code: str) -> None:
    name = agree(books, **more)
    assert [one.code for one in findings(books)] == [code] == recorded(books)
    assert refused(lambda: step(books, name, "cleared")) == [code]
    agree(books, name=name)  # agreed anew, without what was wrong
    assert not findings(books)
    step(books, name, "cleared")


def test_nobody_is_cleared_without_days(books: Books) -> None:
    name = agree(books, access_level="official", clearance_level="official", days={})
    assert refused(lambda: step(books, name, "cleared")) == ["PERSONNEL-CLEARANCE"]


def test_days_of_steps(books: Books) -> None:
    name = agree(books, on=DAY - datetime.timedelta(days=9))
    step(books, name, "cleared", on=DAY - datetime.timedelta(days=5))
    for early in (1, 6):
        day = DAY - datetime.timedelta(days=early)
        assert refused(lambda day=day: step(books, name, "started", on=day)) == ["PERSONNEL-DAY"]
    assert "PERSONNEL-STEP" in refused(lambda: step(books, name, "started", reason=" "))
    draft = Draft("cooperation.exchange_step", "past the service")
    values = {"before": "agreed", "state": "cleared", "on_day": 20261101, "reason": "x"}
    draft.add(PERSONNEL_STEP.name, values, exchange="x", scope="JP")
    assert refused(lambda: post(books.database, draft, books.actor)) == ["PERSONNEL-UNKNOWN"]


def test_nobody_is_in_two_places(books: Books) -> None:
    first = agree(books)
    second = agree(books, person="a.  sato", host="INT.IAEA", first_day=LAST)
    found = findings(books)
    assert [one.code for one in found] == ["PERSONNEL-TWO-PLACES"] == recorded(books)
    assert first in found[0].message and second in found[0].message
    assert "2027-03-31 to 2027-03-31" in found[0].message
    step(books, second, "cancelled")
    assert not findings(books)
    agree(books, person="B. Suzuki")
    assert not findings(books)
    step(books, first, "cleared")
    step(books, first, "started")
    step(books, first, "ended")  # on the first day: free from then on
    agree(books, first_day=DAY + datetime.timedelta(days=1))
    assert not findings(books)


def test_the_team_of_a_mission_is_somewhere_too(books: Books) -> None:
    agree(books)
    database, actor = books.database, books.actor
    wanted = MissionRequest("technical-visit", "Visit", "US.DOE", "JP.JAEA", DAY)
    mission, _act = request_mission(database, actor, wanted)
    plan = MissionStep(mission, "terms_agreed", DAY, "agreed", terms="see")
    take_mission_step(database, actor, plan)
    team = (("A. Sato", None, "leader"), ("C. Mori", None, "host"))
    planned = replace(
        plan, state="planned", team=team, first_day=DAY, last_day=DAY, sites=("Sandia",)
    )
    take_mission_step(database, actor, planned)
    assert [one.code for one in findings(books)] == ["PERSONNEL-TWO-PLACES"] == recorded(books)
    take_mission_step(database, actor, replace(plan, state="cancelled"))
    assert not findings(books)


DAYS = st.dates(datetime.date(2026, 1, 1), datetime.date(2026, 3, 1)).map(date_number)
PERIODS = st.tuples(DAYS, DAYS).map(sorted)


@given(PERIODS, PERIODS)
def test_two_stays_meet_if_they_share_a_day(one: list[int], other: list[int]) -> None:
    first, second = Stay("A", "x", "p", *one), Stay("a", "y", "q", *other)
    every = set(range(one[0], one[1] + 1)) & set(range(other[0], other[1] + 1))
    assert first.meets(second) == second.meets(first) == bool(every)
    assert not first.meets(replace(second, person="B"))
    assert not first.meets(first)


def test_the_commands(books: Books, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEIRYO_DB", sqlite_url)
    assert books

    def run(*arguments: str) -> Any:
        Given.db = Given.format = None
        return CliRunner().invoke(app, ["cooperation", "exchange", *arguments])

    who = ["--person", "A. Sato", "--home", "JP.JAEA", "--host", "US.DOE", "--topic", "assay"]
    when = ["--from", "2026-11-01", "--to", "2027-03-31", "--on", "2026-10-01"]
    level = ["--access", "official", "--clearance", "official", "--cleared-until", "2027-01-01"]
    done = run("agree", *who, *when, *level)
    assert done.exit_code == 0 and "PERSONNEL-CLEARANCE" in done.output
    shown = run("list")
    assert shown.exit_code == 1 and "PERSONNEL-CLEARANCE" in shown.output
    blocked = run("step", "exchange.0001", "cleared", "--reason", "x", "--on", "2026-10-02")
    assert isinstance(blocked.exception, RefusedError)
    level[-1] = "2027-04-01"
    assert run("agree", *who, *when, *level, "--name", "exchange.0001").exit_code == 0
    step_ = ["--reason", "x", "--on", "2026-10-02"]
    assert run("step", "exchange.0001", "cleared", *step_).exit_code == 0
    told = json.loads(run("list", "--person", "A. Sato", "--format", "json").output)
    assert [one["state"] for one in told["exchanges"]] == ["cleared"] and not told["findings"]
