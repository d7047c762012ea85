"""Evaluations as acts: repeated, corrected, outdated, as known then; and what they rest on."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cases.making import change, listed
from evaluation.evaluation_books import MBA, EvaluationBooks, codes
from keiryo.accounts.explain import node_of
from keiryo.accounts.model import Knowledge
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.recording import decimal, record_evaluations
from keiryo.journal.verify import verify
from keiryo.journal.why import why
from small_books import ACTOR, area, batch

LAST = "20251231"
PERIOD = "20250601/20250630"


@pytest.fixture
def plant(database_url: str) -> EvaluationBooks:
    return recorded_plant(database_url)


@pytest.fixture
def file_plant(sqlite_url: str) -> EvaluationBooks:
    return recorded_plant(sqlite_url)


def recorded_plant(url: str) -> EvaluationBooks:
    books = EvaluationBooks(url, **{MBA: area("bulk", batch("B", _630="100000", _670="4000"))})
    books.source("R", "random", "0.001")
    books.source("S", "long", "0.001")
    books.source("MS", "long", "0.002", basis="enrichment")
    books.stratum("waste", "R", codes="TW", rank=1)
    books.stratum("all", "R,S", isotope_sources="MS")
    books.result("W-12", "C", 20251231)
    books.change(1, change("TW", "20250605", "W", "630:1000 670:40"), period=PERIOD)
    books.take_inventory(2, LAST, listed("C", "630:98900 670:3956"))
    return books


def record(books: EvaluationBooks, **asked: Any) -> Any:
    return record_evaluations(books.database, MBA, ACTOR, **asked)[1]


def corrected_waste(books: EvaluationBooks, number: int, content: str, refers: str) -> int:
    entry = change("TW", "20250605", "W", content, status=f"C/{refers}")
    outcome = books.send(MBA, number, entry, date=f"2026010{number}", period=PERIOD, reason="test")
    assert outcome.outcome == "accepted", outcome.findings
    assert outcome.act_id is not None
    return outcome.act_id


def listing(books: EvaluationBooks, **asked: Any) -> list[dict[str, Any]]:
    with books.database.reading() as connection:
        return recorded_evaluations(connection, books.database.metadata, **asked)


def test_recorded_twice_is_recorded_once(plant: EvaluationBooks) -> None:
    (first,) = record(plant)
    (second,) = record(plant)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.act == second.act and first.act.corrects is None
    element, isotope = listing(plant)
    now = plant.evaluate().last
    assert now.isotope is not None
    assert (element["quantity"], isotope["quantity"]) == ("U-235", "element")[::-1]
    for row, found in ((element, now.element), (isotope, now.isotope)):
        assert row["muf_mg"] == found.muf_mg
        assert row["sigma_muf"] == pytest.approx(found.sigma_kg, rel=1e-11)
        assert (row["verdict"], row["statement"]) == (found.verdict, found.statement)
        assert tuple(row["assumptions"]) == found.assumptions
    assert verify(plant.database).problems == ()
    plant.change(3, change("TW", "20250701", "W2", "630:1 670:0.04"), period="20250701/20250731")
    (third,) = record(plant)
    assert (third.repeated, third.act.corrects) == (False, first.act.act_id)
    assert record(plant)[0].act == third.act


def test_acts_of_others_change_nothing(file_plant: EvaluationBooks) -> None:
    (first,) = record(file_plant)
    file_plant.begin({"XHZA": area("bulk", batch("Z", _630="1", _670="0"))})
    assert record(file_plant)[0].act == first.act


def test_correction_after_an_evaluation(plant: EvaluationBooks) -> None:
    record(plant)
    assert codes(plant.evaluate()) == []
    corrected_waste(plant, 3, "630:1090 670:43.6", "XH;1/1")
    found = plant.evaluate()
    assert codes(found) == ["EVALUATION-OUTDATED"]
    assert found.last.element.muf_mg == 10_000
    assert {row["outdated"] for row in plant.ask("evaluations")} == {True}
    record(plant)
    assert codes(plant.evaluate()) == []
    rows = plant.ask("evaluations")
    assert [(r["muf_mg"], r["outdated"]) for r in rows] == [(10_000, False), (400, False)]
    assert len(plant.ask("evaluations", "--all")) == 4
    # The first weight was right after all: a third evaluation, not the first one again.
    corrected_waste(plant, 4, "630:1000 670:40", "XH;3/1")
    (third,) = record(plant)
    assert not third.repeated and third.act.corrects is not None


def test_changed_source_outdates(file_plant: EvaluationBooks) -> None:
    record(file_plant)
    file_plant.source("S", "long", "0.005")
    assert codes(file_plant.evaluate()) == ["EVALUATION-OUTDATED"]


def test_as_known(plant: EvaluationBooks) -> None:
    before = plant.evaluate()
    act = before.through_act
    plant.source("S", "long", "0.005")
    corrected_waste(plant, 3, "630:1090 670:43.6", "XH;1/1")
    known = plant.evaluate(knowledge=Knowledge(through_act=act))
    assert [q.to_dict() for q in known.last.quantities] == [
        q.to_dict() for q in before.last.quantities
    ]
    assert known.last.inputs_digest == before.last.inputs_digest
    assert (known.through_act, known.as_known) == (act, str(act))
    day = plant.evaluate(knowledge=Knowledge(known_on=datetime.date(2026, 1, 1)))
    assert day.last.element.muf_mg == 100_000
    assert day.last.element.sigma_kg != before.last.element.sigma_kg  # sources have no such day
    assert plant.ask("evaluate", MBA, "--as-known", str(act))["muf_mg"] == 100_000
    with pytest.raises(UsageError, match="known now"):
        record(plant, knowledge=Knowledge(through_act=act))


def chain(books: EvaluationBooks, asked: str) -> dict[str, Any]:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        node = asked if asked.startswith("evaluation") else node_of(connection, metadata, asked)
        return why(connection, metadata, books.database.registry, node).to_dict()


@pytest.mark.parametrize("name", [MBA, f"{MBA}/E", f"{MBA}/2025-01-01..2025-12-31/E"])
def test_why_reaches_the_measurements(file_plant: EvaluationBooks, name: str) -> None:
    with pytest.raises(NotFoundError):
        chain(file_plant, f"evaluation:{name}")
    record(file_plant)
    found = chain(file_plant, f"evaluation:{name}")
    kinds = {row["kind"] for row in found["lines"]}
    assert {"evaluation", "error_source", "inventory_change", "physical_inventory"} <= kinds
    assert {row["values"]["source"] for row in found["lines"] if row["kind"] == "error_source"} == {
        "R", "S", "MS"
    }  # fmt: skip
    relations = {link["relation"] for link in found["links"]}
    assert {"concluded in", "evaluates", "with errors of", "sum of"} <= relations


def test_why_names_the_latest(file_plant: EvaluationBooks) -> None:
    record(file_plant)
    corrected_waste(file_plant, 3, "630:1090 670:43.6", "XH;1/1")
    (second,) = record(file_plant)
    found = chain(file_plant, f"evaluation:{MBA}")
    first = [link for link in found["links"] if link["relation"] == "concluded in"]
    assert {link["to"].split("/")[0] for link in first} == {f"line:{second.act.act_id}"}
    with pytest.raises(UsageError, match="names no evaluation"):
        chain(file_plant, "evaluation:no such thing")


def test_record_on_the_command_line(file_plant: EvaluationBooks) -> None:
    first = file_plant.ask("evaluate", MBA, "--record")
    assert first["acts"] == [{"act": first["acts"][0]["act"], "repeated": False}]
    assert file_plant.ask("evaluate", MBA, "--record")["acts"][0]["repeated"]
    assert file_plant.ask("limits", "list", "--rules", "us-strategic")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(None, 0, None), (0.0, 0, "0"), (1 / 3, 0, "0.333333333333"), (20.987064435124296, 6,
     "20987064.4351"), (-1e-7, 0, "-0.0000001"), (1e6, 0, "1000000"), (2.5, 6, "2500000")],
)  # fmt: skip
def test_decimal(value: float | None, places: int, text: str | None) -> None:
    assert decimal(value, places) == text
