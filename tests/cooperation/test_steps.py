"""Commitments at work: steps, claims with evidence, a second person, care."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

import keiryo
from keiryo.api import Books
from keiryo.cooperation.commitments import StandingCommitment, commitments
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.cooperation.steps import (
    Care,
    StepWanted,
    claim_fulfilled,
    standing_commitment,
    take_care,
    take_step,
    turn_down,
)
from keiryo.cooperation.tables import COMMITMENT_STEP
from keiryo.errors import ConflictError, NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post

DAY = datetime.date(2026, 11, 1)
OTHER = Actor("P-TEST6789", "XA")


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "XA", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    return made


def standing(books: Books, name: str) -> StandingCommitment:
    with books.database.reading() as connection:
        return standing_commitment(connection, books.database.metadata, name)


def step(books: Books, name: str, state: str, **more: object) -> int:
    wanted = replace(StepWanted(name, state, DAY, "it was decided"), **more)
    return take_step(books.database, books.actor, wanted).act.act_id


def refused(books: Books, name: str, state: str, **more: object) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as error:
        step(books, name, state, **more)
    return [(one.code, one.message) for one in error.value.findings]


def test_how_they_stand_at_first(books: Books) -> None:
    with books.database.reading() as connection:
        every = {one.name: one for one in commitments(connection, books.database.metadata)}
    assert len(every) == 70
    states = [one.state for one in every.values()]
    assert {state: states.count(state) for state in set(states)} == {
        "agreed": sum(1 for one in every.values() if one.state == "agreed"),
        "proposed": sum(1 for one in every.values() if one.state == "proposed"),
        "dormant": sum(
            one.register.values["condition_type"] == "trigger" for one in every.values()
        ),
    }
    assert every["c036"].state != "dormant"  # "as resources permit" bounds, and does not sleep
    assert every["c012"].state == "dormant"
    assert every["c020"].due is not None and every["c020"].due.day.isoformat() == "2012-12-31"
    assert every["c020"].overdue(DAY) and every["c020"].state == "agreed"  # no date changes a state
    assert every["c019"].due is not None and every["c019"].due.review


def test_a_commitment_is_fulfilled_by_two(books: Books) -> None:
    database = books.database
    step(books, "c001", "active")
    codes = refused(books, "c001", "fulfilled")
    assert len(codes) == 2 and {code for code, _words in codes} == {"COMMITMENT-STEP"}
    with pytest.raises(RefusedError, match="refused"):
        claim_fulfilled(database, books.actor, "c001", on=DAY, reason="done")
    claim = claim_fulfilled(
        database, books.actor, "c001", on=DAY, reason="done", files=(("report.txt", b"It is."),)
    ).act.act_id
    assert refused(books, "c001", "fulfilled", claim_act=claim)  # whoever claimed it
    wanted = StepWanted("c001", "fulfilled", DAY, "the report says so", claim_act=claim)
    with pytest.raises(RefusedError):  # a claim about another commitment
        take_step(database, OTHER, replace(wanted, commitment="c002"))
    take_step(database, OTHER, wanted)
    found = standing(books, "c001")
    assert found.state == "fulfilled" and found.due is None and not found.is_open
    assert [one["state"] for one in found.steps] == ["active", "fulfilled"]
    assert refused(books, "c001", "active")[0][1].endswith("it cannot become active")


def test_evidence_is_in_the_record(books: Books) -> None:
    step(books, "c001", "active")
    found = refused(books, "c001", "suspended", evidence=("act:999", "0" * 64))
    assert [code for code, _words in found] == ["COMMITMENT-EVIDENCE"] * 2
    step(books, "c001", "suspended", evidence=("act:1",))
    last = standing(books, "c001").steps[-1]
    assert last["evidence"] == "act:1"


def test_an_offer_is_agreed_by_the_other_side(books: Books) -> None:
    with books.database.reading() as connection:
        offer = next(
            one
            for one in commitments(connection, books.database.metadata)
            if one.register.values["kind"] == "offer"
        )
    assert offer.state == "proposed"
    own = offer.register.names("actors")[0]
    assert "one-sided" in refused(books, offer.name, "agreed")[0][1]
    assert "one-sided" in refused(books, offer.name, "agreed", side=own)[0][1]
    step(books, offer.name, "agreed", side="JP.METI")
    assert standing(books, offer.name).state == "agreed"


def test_what_sleeps_wakes_when_it_occurs(books: Books) -> None:
    one = standing(books, "c012")
    awake = "agreed" if one.register.values["strength"] >= 2 else "proposed"
    assert "condition" in refused(books, "c012", awake)[0][1]
    step(books, "c012", awake, occurred="inspectors were let in again")
    assert standing(books, "c012").state == awake


def test_steps_follow_one_another(books: Books) -> None:
    step(books, "c001", "active")
    found = refused(books, "c001", "suspended", on=DAY - datetime.timedelta(days=1))
    assert [code for code, _words in found] == ["COMMITMENT-DAY"]
    wanted = StepWanted("c001", "suspended", DAY, "no money")
    with pytest.raises(ConflictError, match="in between"):
        take_step(books.database, books.actor, wanted, seen="agreed")
    assert "no reason" in refused(books, "c001", "suspended", reason=" ")[0][1]
    draft = Draft("cooperation.step", "past the service")
    values = {"commitment": "c001", "before": "agreed", "state": "active", "on_day": 20261101}
    draft.add(COMMITMENT_STEP.name, values, reason="twice", scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, draft, books.actor)
    assert error.value.findings[0].code == "COMMITMENT-STEP"
    other = Draft("cooperation.step", "about nothing")
    other.add(COMMITMENT_STEP.name, {**values, "commitment": "x"}, reason="no", scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, other, books.actor)
    assert error.value.findings[0].code == "COMMITMENT-UNKNOWN"


def test_who_looks_after_it(books: Books) -> None:
    database, actor = books.database, books.actor
    take_care(database, actor, "c019", Care(owner="P-TEST2345", review_on=DAY))
    take_care(database, actor, "c019", Care(next_action="ask for a date", next_on=DAY))
    found = standing(books, "c019")
    assert found.care["owner"] == "P-TEST2345" and found.care["next_action"] == "ask for a date"
    assert found.due is not None and found.due.day == DAY and found.due.review
    take_care(database, actor, "c019", Care(due_on=DAY))
    assert standing(books, "c019").overdue(DAY + datetime.timedelta(days=1))
    with pytest.raises(UsageError, match="nothing is said"):
        take_care(database, actor, "c019", Care())
    with pytest.raises(NotFoundError):
        take_care(database, actor, "c999", Care(owner="x"))


def test_a_claim_is_turned_down_and_the_commitment_stays(books: Books) -> None:
    step(books, "c001", "active")
    claim = claim_fulfilled(
        books.database,
        books.actor,
        "c001",
        on=DAY,
        reason="done",
        files=(("minutes.txt", b"we met"),),
    ).act.act_id
    turn_down(books.database, OTHER, "c001", claim, on=DAY, reason="the minutes do not say so")
    found = standing(books, "c001")
    assert found.state == "active"
    assert [one["claim_act"] for one in found.steps][-1] == claim
    with pytest.raises(RefusedError) as error:
        turn_down(books.database, OTHER, "c001", claim, on=DAY, reason="once more")
    assert [one.code for one in error.value.findings] == ["COMMITMENT-CLAIM"]
    with pytest.raises(RefusedError):
        turn_down(books.database, OTHER, "c001", claim + 1, on=DAY, reason="")
