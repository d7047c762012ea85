"""What verdicts say and lead to: findings, sequences, sealed items, significant quantities."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases.making import change, listed
from evaluation.evaluation_books import MBA, EvaluationBooks, codes, kilograms
from evaluation.test_recording import chain
from keiryo.accounts.model import Knowledge
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.conclusion import Goal, Question, goal_quantity
from keiryo.evaluation.limits import set_limit, shipped_limits, withdraw_limit
from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.recording import record_evaluations
from keiryo.evaluation.service import Options, outdated_evaluations
from small_books import ACTOR, area, batch

LAST = "20251231"
YEAR = "20250101/20251231"
QUARTERS = ("20250331", "20250630", "20250930", "20251231")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationBooks]:
    """One database; each test has an area of its own."""
    found = EvaluationBooks(f"sqlite:///{tmp_path_factory.mktemp('words') / 'books.sqlite'}")
    yield found
    found.database.close()


def held(name: str, kg: str) -> Any:
    return batch(name, _630=f"{kg}000", _670="0")


def weighed(shared: EvaluationBooks, found_g: str, sd: str = "0.01") -> EvaluationBooks:
    """Return books in which 100 kg were weighed again as `found_g` grams."""
    books = shared.new_area(area("bulk", held("A", "100")))
    books.source("R", "random", sd)
    books.stratum("all", "R")
    books.take_inventory(1, LAST, listed("A", f"630:{found_g} 670:0"))
    return books


def sequence(shared: EvaluationBooks, *muf_kg: float) -> EvaluationBooks:
    """Return balances in which 100 kg go in and out, measured with σ = 1.41 kg."""
    books = shared.new_area(area("bulk", held("X", "1")))
    books.source("R", "random", "0.01")
    books.stratum("all", "R")
    numbers = itertools.count(1)
    begun = "20250101"
    for number, missing in enumerate(muf_kg):
        end = QUARTERS[number]
        day = f"{end[:6]}15"
        received = {"shipper": "XH/XHRA", "receiver": f"XH/{MBA}", "shipper_batch": "S"}
        sent = {"shipper": f"XH/{MBA}", "receiver": "XH/XHRA"}
        left = f"630:{100_000 - round(missing * 1000)} 670:0"
        books.change(
            next(numbers),
            change("RD", day, f"C{number}", "630:100000 670:0", basis="N", **received),
            change("SD", day, f"D{number}", left, basis="M", **sent),
            period=f"{begun}/{end}",
        )
        books.take_inventory(next(numbers), end, kilograms("X", "1", basis="T"))
        begun = str(int(end) + 71) if end.endswith("30") else str(int(end) + 70)
    return books


# --- significant quantities ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "needed"), [(0.05, "22.8 kg"), (0.01, "18.89 kg"), (0.001, "15.84 kg")]
)
def test_deviation_that_is_needed(shared: EvaluationBooks, alpha: float, needed: str) -> None:
    """Published: σ = L/(z(1-α) + z(0.95)); here L = 75 kg U-235."""
    books = shared.new_area(area("bulk", batch("B", _630="100000", _670="4000")))
    books.source("R", "random", "0.001")
    books.stratum("all", "R")
    books.take_inventory(1, LAST, listed("B", "630:100000 670:4000"))
    isotope = books.evaluate(alpha=alpha).last.isotope
    assert isotope is not None and isotope.goal_kg == 75.0
    assert f"at most {needed}." in isotope.statement
    assert f"probability of {100 * alpha:g} % for each balance" in isotope.assumptions[0]


def goal(shared: EvaluationBooks, contents: list[str], quantity: str = "element") -> Goal | None:
    """Return the goal of a balance with batches of the given contents."""
    lines = [
        batch(f"B{n}", **{f"_{pair[:3]}": pair[4:] for pair in content.split()})
        for n, content in enumerate(contents)
    ]
    books = shared.new_area(area("bulk", *lines))
    books.take_inventory(1, LAST, *(listed(f"B{n}", c) for n, c in enumerate(contents)))
    from keiryo.evaluation.items import closed_periods, read_items
    from keiryo.quantities import Category

    with books.database.reading() as connection:
        metadata = books.database.metadata
        periods = closed_periods(connection, metadata, books.mba, None, None, Knowledge())
        items = read_items(
            connection, metadata, books.mba, Category.ENRICHED, periods, Knowledge(), {}
        )
    isotope = items.isotopes[0]
    asked = isotope if quantity == "isotope" and isotope else "element"
    return goal_quantity(
        Question(
            MBA, Category.ENRICHED, asked, periods[0], 0, items.uses, 0.05, (), None, False,
            isotope=isotope,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contents", "element_kg", "isotope_kg"),
    [
        (["630:1000 670:40"], 1875.0, 75.0),
        (["630:1000 640:400"], 20.0, 8.0),
        (["630:1000 660:500"], 16.0, 8.0),
        (["630:1000 670:900"], 25.0 / 0.9, 25.0),
        (["630:90000 670:3600", "630:1000 670:900"], 25.0 / 0.9, 25.0),
    ],
)
def test_significant_quantity(
    shared: EvaluationBooks, contents: list[str], element_kg: float, isotope_kg: float
) -> None:
    element, isotope = goal(shared, contents), goal(shared, contents, "isotope")
    assert element is not None and isotope is not None
    assert element.kg == pytest.approx(element_kg, rel=1e-12)
    assert isotope.kg == pytest.approx(isotope_kg, rel=1e-12)
    assert ("high-enriched" in isotope.note) == (len(contents) > 1)


# --- findings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found_g", "verdict"),
    [("97500", "LOSS-INDICATED"), ("103000", "GAIN-INDICATED"), ("90000", "LIMIT-EXCEEDED")],
)
def test_verdicts_are_findings(shared: EvaluationBooks, found_g: str, verdict: str) -> None:
    books = weighed(shared, found_g)
    data = books.ask("evaluate", books.mba, code=1)
    found = [f for f in data["findings"] if f["code"] == "EVALUATION-VERDICT"]
    assert [(f["found"], f["severity"]) for f in found] == [(verdict, "E")]
    assert data["verdict"] == verdict
    if verdict == "LOSS-INDICATED":
        assert "more is missing than is likely by measurement error alone" in data["statement"]


def test_earlier_balance_and_sequence_count(shared: EvaluationBooks) -> None:
    books = sequence(shared, 8.0, 0.0, 0.0)
    data = books.ask("evaluate", books.mba, "--realizations", "2000", code=1)
    assert data["element_verdict"] == "WITHIN-ERROR"
    assert data["verdict"] == data["sequence_verdict"] == "LOSS-INDICATED"
    named = Counter(f["code"] for f in data["findings"])
    assert named["EVALUATION-VERDICT"] == 1 and named["EVALUATION-ALARM"] >= 3
    assert data["sequence"]["thresholds"]["cumuf"]["method"] == "simulated"
    assert data["sequence"]["thresholds"]["cumuf"]["interval"] is not None


def test_protracted_loss_within_each_balance(shared: EvaluationBooks) -> None:
    """Each balance is within error, all together are not; and it is recorded so."""
    books = sequence(shared, 1.9, 1.9, 1.9, 1.9)
    found = books.evaluate()
    assert {b.element.verdict for b in found.balances} == {"WITHIN-ERROR"}
    assert found.verdict == found.sequence_verdict == "LOSS-INDICATED"
    assert found.sequence_statement is not None and "cumuf" in found.sequence_statement
    assert "EVALUATION-ALARM" in codes(found)
    assert any("With 4 balances" in a or "with 4 balances" in a
               for a in found.last.element.assumptions)  # fmt: skip
    record_evaluations(books.database, books.mba, ACTOR)
    test = books.database.metadata.tables["evaluation_test"]
    with books.database.reading() as connection:
        rows = connection.execute(test.select().where(test.c.passed == 0)).mappings().all()
    assert any(r["test"] == "sequence" and "LOSS-INDICATED" in r["basis"] for r in rows)
    assert any(r["test"] == "sequence: cumuf" for r in rows)


def test_no_alarm(shared: EvaluationBooks) -> None:
    found = sequence(shared, 0.1, 0.0).evaluate()
    assert (found.sequence_verdict, found.verdict, codes(found)) == (
        "WITHIN-ERROR", "WITHIN-ERROR", []
    )  # fmt: skip


def test_muf_without_error(shared: EvaluationBooks) -> None:
    books = weighed(shared, "50000", sd="0")
    found = books.evaluate()
    assert codes(found) == ["MUF-WITHOUT-ERROR"]
    assert "must be exactly zero" in found.last.element.statement
    assert "not known" not in found.last.element.statement
    books.take_inventory(2, "20260630", kilograms("A", "40"))
    assert codes(books.evaluate()).count("MUF-WITHOUT-ERROR") == 2


@pytest.mark.parametrize(("stated_g", "severity"), [("1001", "I"), ("1300", "W")])
def test_rounding_is_no_muf(shared: EvaluationBooks, stated_g: str, severity: str) -> None:
    """The inventory reported and its listing differ, and nothing was measured anew."""
    opening = batch("B", _630="1000.6", _670="40")
    reported = {"E": {"element": stated_g, "fissile": "40"}}
    books = shared.new_area(area("bulk", opening, previous_PE=reported))
    books.source("R", "random", "0.001")
    books.stratum("all", "R")
    books.take_inventory(1, LAST, listed("B", "630:1000.6 670:40", basis="T"))
    found = {f.code: str(f.severity) for f in books.evaluate().findings}
    assert found["MUF-OF-LISTING"] == severity
    assert "MUF-WITHOUT-ERROR" not in found


# --- sealed items --------------------------------------------------------------------------------


def assemblies(shared: EvaluationBooks, *entries: Any, kind: str = "item") -> EvaluationBooks:
    mdc = "B/Q/2/F"
    own = [batch(f"FA-{n}", 1, mdc, _630="400", _670="18") for n in (1, 2)]
    books = shared.new_area(area(kind, *own))
    if kind == "bulk":
        books.source("R", "random", "0.5")
        books.stratum("fuel", items_only=1, mdc="B/?/?/?")
        books.stratum("rest", "R", rank=20)
    books.take_inventory(1, LAST, *entries)
    return books


def fuel(name: str, content: str = "630:400 670:18") -> Any:
    return listed(name, content, items=1, mdc="B/Q/2/F", basis="T")


def test_isotope_of_items(shared: EvaluationBooks) -> None:
    books = assemblies(shared, fuel("FA-1"), fuel("FA-2", "630:400 670:10"))
    data = books.ask("evaluate", books.mba, code=1)
    assert (data["verdict"], data["isotope"]["verdict"]) == ("ITEMS-DIFFER", "ITEMS-DIFFER")
    assert [f["code"] for f in data["findings"]] == ["ITEM-AREA-MUF", "ITEM-NAMES-DIFFER"]
    assert "FA-2 (18 g fissile on the book, 10 g fissile listed)" in data["findings"][1]["message"]


def test_swapped_items(shared: EvaluationBooks) -> None:
    """One is missing, another that nobody knows stands there: MUF is zero, and yet."""
    found = assemblies(shared, fuel("FA-1"), fuel("FA-9")).evaluate()
    assert (found.last.element.muf_mg, found.verdict) == (0, "ITEMS-DIFFER")
    assert codes(found) == ["ITEM-NAMES-DIFFER"]
    assert "not listed: FA-2; listed but not on the book: FA-9" in found.findings[0].message


def test_items_agree(shared: EvaluationBooks) -> None:
    found = assemblies(shared, fuel("FA-1"), fuel("FA-2")).evaluate()
    assert (found.verdict, codes(found)) == ("ITEMS-AGREE", [])
    assert any("compared by batch name" in a for a in found.last.element.assumptions)


def test_missing_item_beside_bulk(shared: EvaluationBooks) -> None:
    """Half of all is within so large an error, but a sealed item is not."""
    found = assemblies(shared, fuel("FA-1"), kind="bulk").evaluate()
    assert "SEALED-ITEMS-DIFFER" in codes(found)
    whole = assemblies(shared, fuel("FA-1"), fuel("FA-2"), kind="bulk").evaluate()
    assert codes(whole) == []


# --- limits, options, recording ------------------------------------------------------------------


def test_limits_that_mean_nothing(shared: EvaluationBooks) -> None:
    import datetime

    good: dict[str, Any] = {"name": "own", "form": "muf_kg", "value": "1"}
    wrong: list[dict[str, Any]] = [{"value": v} for v in ("1e400", "1_0", "１", "inf", "", "2e12")]
    wrong += [{"floor_kg": "1_0"}, {"name": ""}, {"name": " "}, {"name": "x" * 501},
              {"basis": "a\nb"}]  # fmt: skip
    days = (datetime.date(2025, 2, 1), datetime.date(2025, 1, 1))
    wrong.append({"valid_from": days[0], "valid_to": days[1]})
    for each in wrong:
        with pytest.raises(UsageError):
            set_limit(shared.database, ACTOR, **good | each)
    with pytest.raises(UsageError, match="reason"):
        withdraw_limit(shared.database, ACTOR, name="own", reason=" ")


@pytest.mark.parametrize("alpha", ["x", None, 0, 1, float("nan"), True])
def test_alpha_is_a_probability(shared: EvaluationBooks, alpha: Any) -> None:
    with pytest.raises(UsageError, match=r"no probability|false-alarm"):
        shared.evaluate("XHXX", alpha=alpha)


def test_rules_by_enrichment(shared: EvaluationBooks) -> None:
    books = shared.new_area(area("bulk", batch("B", _630="100000", _670="4000")))
    books.source("R", "random", "0.001")
    books.stratum("all", "R")
    books.take_inventory(1, LAST, listed("B", "630:100000 670:4000"))
    isotope = books.evaluate(rules=("us-strategic",)).last.isotope
    assert isotope is not None and isotope.tests == ()
    assert sum("Not applied" in a for a in isotope.assumptions) == 2
    limits = {x.name: x for x in shipped_limits(["us-strategic"], books.evaluate().last.period.end)}
    own = limits["ID of three SEID and 200 g U-233"]
    assert own.applies("X", books.evaluate().category, "U-233+U-235")
    assert not own.applies("X", books.evaluate().category, "U-235")


def stale(books: EvaluationBooks) -> list[bool]:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        rows = recorded_evaluations(connection, metadata, books.mba)
        found = outdated_evaluations(connection, metadata, rows)
    return [(row["act"], row["line"]) in found for row in rows]


def test_limits_and_options_of_a_record(shared: EvaluationBooks) -> None:
    """Another α asks something else; a limit decided on later makes the record outdated."""
    books = weighed(shared, "99000")
    record_evaluations(books.database, books.mba, ACTOR, options=Options(alpha=0.01))
    assert stale(books) == [False, False]
    assert codes(books.evaluate()) == []
    set_limit(books.database, ACTOR, name="X", form="muf_kg", value="0.5", mba=books.mba)
    assert stale(books) == [True, True]
    assert "EVALUATION-OUTDATED" in codes(books.evaluate())
    withdraw_limit(books.database, ACTOR, name="X", mba=books.mba, reason="test")
    assert stale(books) == [False, False]


def test_why_reaches_limits_and_calibrations(shared: EvaluationBooks) -> None:
    books = shared.new_area(area("bulk", held("A", "100")))
    books.source("E", "epoch", "0.01", method="M")
    books.stratum("all", "E")
    own = books.calibration("M", 20240101)
    books.calibration("M", 20260101)
    books.take_inventory(1, LAST, kilograms("A", "99"))
    limit = set_limit(
        books.database, ACTOR, name="X", form="muf_kg", value="0.5", mba=books.mba
    ).act.act_id
    record_evaluations(books.database, books.mba, ACTOR)
    links = chain(books, f"evaluation:{books.mba}")["links"]
    led = {(link["relation"], link["to"]) for link in links}
    assert ("held against", f"line:{limit}/1") in led
    assert [to for relation, to in led if relation == "with epochs from"] == [f"line:{own}/1"]


def test_what_is_not_there(shared: EvaluationBooks, tmp_path: Path) -> None:
    books = weighed(shared, "99900")
    with pytest.raises(UsageError, match="no act 999999"):
        books.evaluate(knowledge=Knowledge(through_act=999_999))
    with pytest.raises(NotFoundError):
        books.ask("evaluations", "--mba", "NOPE")
    page = str(tmp_path / "none" / "page.html")
    with pytest.raises(UsageError, match="cannot be written"):
        books.ask("evaluate", books.mba, "--record", "--report", page)
    assert books.ask("evaluations", "--mba", books.mba) == []


def test_sources_are_stated_once(shared: EvaluationBooks) -> None:
    books = weighed(shared, "99900")
    last = books.evaluate().last
    assert last.isotope is not None
    entries = [a for a in last.element.assumptions if a.startswith("Error source ")]
    assert len(entries) == 1
    assert not any(a in last.isotope.assumptions for a in entries)
