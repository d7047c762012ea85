"""Loans: from the request to the closing, and everything that is not allowed on the way."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from keiryo.equipment.conditions import record_condition
from keiryo.equipment.items import item
from keiryo.equipment.loan_states import STEPS, ItemOnLoan, LoanStep, step_problems
from keiryo.equipment.tables import EQUIPMENT_LOAN_STEP
from keiryo.errors import ConflictError, NotFoundError, RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post

DAY = datetime.date(2026, 7, 1)
BACK = datetime.date(2026, 9, 20)


def refused(act: Any, *given: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as error:
        act(*given, **more)
    return [(one.code, one.message) for one in error.value.findings]


def test_from_request_to_closing(store: Any) -> None:
    store.in_use("PRD-1", "PRD-2")
    assert store.loan().state == "in_use" and store.loan().result("acceptance_test") == "passed"
    store.step("expiring", BACK)
    assert len(refused(store.step, "returned", BACK)) == 2  # both tests are wanting
    tests = {"decontamination_check": "failed", "function_test": "passed"}
    store.step("returned", BACK, **tests)
    found = refused(store.step, "closed", BACK)
    assert {code for code, _words in found} == {"EQUIPMENT-LOAN-STEP"}
    assert "decontamination" in found[0][1] and "PRD-1, PRD-2" in found[1][1]
    for serial in ("PRD-1", "PRD-2"):
        store.pass_on(serial, "Ito", "Huber", ("INT.IAEA", "Seibersdorf", "2026-09-20T09:00Z"))
    store.step("closed", BACK, decontamination_check="passed")
    told = store.loan().to_dict()
    assert told["state"] == "closed" and told["items"] == ["PRD-1", "PRD-2"]
    assert [one["state"] for one in told["steps"]] == [
        *("offered", "agreed", "shipped", "received", "in_use", "expiring", "returned", "closed")
    ]
    assert not store.loan().is_open
    assert "it is over" in str(refused_advice(store, "in_use"))


def refused_advice(store: Any, state: str) -> list[str]:
    with pytest.raises(RefusedError) as error:
        store.step(state, BACK)
    return [one.advice for one in error.value.findings]


def test_every_step_that_the_table_does_not_allow_is_a_problem() -> None:
    states = set(STEPS) | {"extended"}
    for state, following in STEPS.items():
        for step in states:
            found = [words for words, _ in step_problems(LoanStep(state, step, reason="x"))]
            assert (f"from {state} it cannot become {step}" in found) == (step not in following)


def test_nothing_is_agreed_without_terms(store: Any) -> None:
    wanting = {
        "end_on": None,
        "agreement_reference": None,
        "insurance": None,
        "customs_regime": None,
    }
    store.lend(**wanting)
    store.step("offered")
    found = refused(store.step, "agreed")
    assert [code for code, _words in found] == ["EQUIPMENT-LOAN-STEP"] * 2
    assert "end on, agreement reference, insurance, customs regime" in found[0][1]
    assert "no items" in found[1][1]
    store.lend("PRD-1")
    store.step("agreed")


def test_an_item_is_promised_once(store: Any) -> None:
    store.lend("PRD-1")
    store.lend("PRD-1", loan="other")
    store.lend("PRD-1", loan="winter", start_on=datetime.date(2026, 12, 1),
               end_on=datetime.date(2026, 12, 31))  # fmt: skip
    for name in ("games", "other", "winter"):
        store.step("offered", loan=name)
    store.step("agreed")
    assert (
        "promised or out under the loan games" in refused(store.step, "agreed", loan="other")[0][1]
    )
    store.step("agreed", loan="winter")
    store.step("shipped")
    assert "loan games" in refused(store.step, "shipped", loan="winter")[0][1]
    late = datetime.date(2026, 12, 15)
    assert "loan winter" in refused(store.step, "extended", end_on=late)[0][1]


def test_what_is_damaged_or_lost_does_not_leave(store: Any) -> None:
    store.lend("PRD-1")
    store.step("offered")
    books = store.books
    record_condition(books.database, books.actor, "PRD-1", "damaged", on=DAY, reason="dropped")
    assert "PRD-1 is damaged" in refused(store.step, "agreed")[0][1]


def test_an_extension_leads_back(store: Any) -> None:
    store.in_use("PRD-1")
    store.step("expiring", BACK)
    early, late = datetime.date(2026, 9, 1), datetime.date(2026, 10, 31)
    assert "later" not in refused(store.step, "extended", BACK, end_on=early)[0][1]
    assert "new end" in refused(store.step, "extended", BACK)[0][1]
    assert "new end" in refused(store.step, "recalled", BACK, end_on=late)[0][1]
    store.step("extended", BACK, end_on=late)
    found = store.loan()
    assert found.state == "in_use" and found.end_on == 20261031 and found.to_dict()["extended"]
    store.lend(end_on=None, import_licence="JP-5")  # terms that were left out stay
    assert store.loan().end_on == 20261031 and store.loan().values["import_licence"] == "JP-5"


def test_what_is_lost_is_not_asked_for(store: Any) -> None:
    store.in_use("PRD-1")
    books = store.books
    record_condition(books.database, books.actor, "PRD-1", "lost", on=BACK, reason="not at gate")
    with books.database.reading() as connection:
        lost = item(connection, books.database.metadata, "PRD-1")
    assert lost.conditions[0]["loan"] == "games"
    store.step("recalled", BACK)
    store.step("returned", BACK)
    store.step("closed", BACK)
    assert store.loan().state == "closed"


def test_a_failed_function_test_names_what_is_damaged() -> None:
    there = ItemOnLoan("A")
    step = LoanStep(
        "returned", "closed", (there,), (), "x", 0, None, None, None, "passed", "failed"
    )
    assert "no item is recorded as damaged" in step_problems(step)[0][0]
    harmed = ItemOnLoan("A", "damaged")
    step = LoanStep(
        "returned", "closed", (harmed,), (), "x", 0, None, None, None, "passed", "failed"
    )
    assert not step_problems(step)


def test_an_acceptance_test_that_was_not_passed(store: Any) -> None:
    store.lend("PRD-1")
    for state in ("offered", "agreed", "shipped"):
        store.step(state)
    assert "acceptance test" in refused(store.step, "received")[0][1]
    store.step("received", acceptance_test="failed")
    assert "not passed" in refused(store.step, "in_use")[0][1]
    store.step("in_use", acceptance_test="passed")


def test_a_donation(store: Any) -> None:
    store.in_use("PRD-1")
    assert "donation" in refused(store.step, "converted_to_donation", BACK)[0][1]
    letter = (("letter.txt", b"It is yours."),)
    store.step("converted_to_donation", BACK, files=letter)
    with store.books.database.reading() as connection:
        given = item(connection, store.books.database.metadata, "PRD-1")
    assert given.values["owner"] == "JP.GOV" and given.values["reason"] == "it happened"
    assert not store.loan().is_open


def test_a_donation_without_the_items(store: Any) -> None:
    store.in_use("PRD-1")
    draft = Draft("equipment.step", "past the service")
    values = {"loan": "games", "before": "in_use", "state": "converted_to_donation"}
    more = {"on_day": 20260920, "reason": "a gift", "evidence": "act:1"}
    draft.add(EQUIPMENT_LOAN_STEP.name, {**values, **more}, scope="XA")
    draft.add(EQUIPMENT_LOAN_STEP.name, {**values, **more, "loan": "none"}, scope="XA")
    with pytest.raises(RefusedError) as error:
        post(store.books.database, draft, store.books.actor)
    assert [one.code for one in error.value.findings] == [
        *("EQUIPMENT-LOAN-DONATION", "EQUIPMENT-LOAN-UNKNOWN")
    ]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"purpose": " "}, "EQUIPMENT-LOAN-TERMS"),
        ({"loan": "a b"}, "EQUIPMENT-LOAN-TERMS"),
        ({"borrower": "INT.IAEA"}, "EQUIPMENT-LOAN-PARTIES"),
        ({"end_on": datetime.date(2026, 6, 1)}, "EQUIPMENT-LOAN-DAYS"),
        ({"lender": "XA.NRA"}, "EQUIPMENT-LOAN-OWNER"),
    ],
)
def test_terms_that_do_not_hold(store: Any, terms: dict[str, Any], code: str) -> None:
    assert [found for found, _words in refused(store.lend, "PRD-1", **terms)] == [code]


def test_what_stands_fixed(store: Any) -> None:
    assert refused(store.lend, "none")[0][0] == "EQUIPMENT-UNKNOWN"
    store.lend("PRD-1")
    store.step("offered")
    store.step("agreed")
    store.lend("PRD-1", "PRD-2")  # until it is shipped, items may change
    fixed = refused(store.lend, borrower="JP.NPA", end_on=BACK)
    assert [code for code, _words in fixed] == ["EQUIPMENT-LOAN-FIXED"]
    assert "borrower, end_on" in fixed[0][1]
    store.step("shipped")
    assert "items" in refused(store.lend, "PRD-1")[0][1]


def test_steps_follow_one_another(store: Any) -> None:
    store.lend("PRD-1")
    store.step("offered")
    early = DAY - datetime.timedelta(days=1)
    assert [code for code, _ in refused(store.step, "agreed", early)] == ["EQUIPMENT-LOAN-DAY"]
    assert "no reason" in refused(store.step, "agreed", reason=" ")[0][1]
    missing = refused(store.step, "agreed", evidence=("0" * 64,))
    assert [code for code, _words in missing] == ["EQUIPMENT-EVIDENCE"]
    draft = Draft("equipment.step", "seen before")
    values = {"loan": "games", "before": "requested", "state": "offered"}
    draft.add(EQUIPMENT_LOAN_STEP.name, {**values, "on_day": 20260701, "reason": "x"}, scope="XA")
    with pytest.raises(RefusedError) as error:
        post(store.books.database, draft, store.books.actor)
    assert "is offered, not requested" in error.value.findings[0].message
    with pytest.raises(NotFoundError, match="no loan"):
        store.step("agreed", loan="none")


def test_somebody_was_first(store: Any) -> None:
    from keiryo.equipment.loans import StepWanted, take_step

    store.lend("PRD-1")
    store.step("offered")
    wanted = StepWanted("games", "withdrawn", DAY, "no")
    with pytest.raises(ConflictError, match="in between"):
        take_step(store.books.database, store.books.actor, wanted, seen="requested")
