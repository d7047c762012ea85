"""Inspections: planned, performed, reported, closed, and what is refused on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotFoundError, RefusedError
from keiryo.security_regime.due import due_items
from keiryo.security_regime.inspection_states import STEPS
from keiryo.security_regime.inspections import inspection, inspections
from security_regime.regime_books import DIGEST, Regime, codes, day, done, run


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Regime:
    """Books with an inspection of every state but closed."""
    made = Regime(f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}")
    made.plan()
    made.plan("I-2", "2025-04-01")
    made.plan("I-3", "2025-05-01")
    made.visit("cancelled", "2025-04-20", "I-3", reason="the plant is on strike")
    made.visit("performed", "2025-04-02", "I-2")
    made.performed("I-4", "2025-02-01")
    made.visit("reported", "2025-02-20", "I-4")
    return made


def test_states_and_days(books: Regime) -> None:
    metadata = books.database.metadata
    with books.database.reading() as connection:
        every = inspections(connection, metadata)
        then = inspections(connection, metadata, on=day("2025-02-10"), scope="XH/XHF-")
        told = inspection(connection, metadata, "I-2").to_dict()
        found = due_items(connection, metadata, day("2025-04-03"))
        with pytest.raises(NotFoundError):
            inspection(connection, metadata, "I-9")
    assert [(o.name, o.state) for o in every] == [
        *(("I-4", "reported"), ("I-1", "planned"), ("I-2", "performed"), ("I-3", "cancelled")),
    ]
    assert [o.state for o in then] == ["performed", "planned", "planned", "planned"]
    assert told["team"] == ["P-OFFICE", "P-TWO"] and told["performed_to"] == "2025-04-02"
    assert [(o.what, o.name, o.days_left) for o in found] == [
        *(
            ("inspection", "I-1", -33),
            ("inspection", "I-3", 28),
            ("inspection report", "I-2", None),
        ),
    ]


def test_every_step_that_the_table_does_not_allow(books: Regime) -> None:
    for name, state in (("I-1", "planned"), ("I-3", "cancelled"), ("I-4", "reported")):
        for following in set(STEPS) - STEPS[state]:
            with pytest.raises(RefusedError) as error:
                books.visit(following, "2025-05-01", name, reason="x")
            assert codes(error) == ["SECINSP-STEP"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"name": "I 9"}, ["SECINSP-TEXT"]),
        ({"team": "Ms Ito, Mr Abe"}, ["SECINSP-TEXT"]),
        ({"requirements": "FP-H  FP-I"}, ["SECINSP-TEXT"]),
        ({"facility": "XHG-"}, ["SECINSP-FACILITY"]),
        ({"kind": "surprise"}, ["SECINSP-KIND"]),
        ({"kind": None}, ["SECINSP-KIND"]),
        ({"planned_to": day("2025-02-01")}, ["SECINSP-DAYS"]),
        ({"planned_from": None}, ["SECINSP-DAYS"]),
        ({"kind": "follow_up"}, ["SECINSP-FOLLOWS"]),
        ({"follows": "I-4"}, ["SECINSP-FOLLOWS"]),
        ({"kind": "follow_up", "follows": "I-1"}, ["SECINSP-FOLLOWS"]),
        ({"name": "I-1"}, ["SECINSP-FIXED"]),
        ({"name": "I-2", "reason": "x", "planned_from": day("2025-01-01")}, ["SECINSP-FIXED"]),
        ({"name": "I-1", "reason": "x", "facility": "XH"}, ["SECINSP-SCOPE"]),
    ],
)
def test_plans_that_are_refused(books: Regime, more: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(RefusedError) as error:
        books.plan(**{"name": "I-9", **more})
    assert codes(error) == expected


@pytest.mark.parametrize(
    ("state", "on", "more", "expected"),
    [
        ("performed", "2025-03-02", {"performed_from": day("2025-03-05")}, ["SECINSP-DAYS"]),
        ("performed", "2025-03-02", {"performed_from": None}, ["SECINSP-INCOMPLETE"]),
        ("performed", "2999-03-02", {}, ["SECINSP-DAY"]),
        ("performed", "2025-03-02", {"by": "Ms Ito"}, ["SECINSP-TEXT"]),
        ("cancelled", "2025-03-02", {}, ["SECINSP-INCOMPLETE"]),
        ("reported", "2025-04-01", {"name": "I-2"}, ["SECINSP-DAY"]),
        ("reported", "2025-04-05", {"name": "I-2", "report_digest": None}, ["SECINSP-INCOMPLETE"]),
        ("performed", "2025-04-05", {"name": "I-9"}, ["SECINSP-UNKNOWN"]),
    ],
)
def test_steps_that_are_refused(
    books: Regime, state: str, on: str, more: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(RefusedError) as error:
        books.visit(state, on, **more)
    assert codes(error) == expected


def test_an_inspection_is_closed_after_its_findings(books: Regime) -> None:
    books.raise_("C-1", inspection="I-4")
    with pytest.raises(RefusedError) as error:
        books.visit("closed", "2025-03-01", "I-4")
    assert codes(error) == ["SECINSP-OPEN"]
    books.closed("C-1", "2025-02-21", "2025-02-25")
    books.visit("closed", "2025-03-01", "I-4")
    with pytest.raises(RefusedError) as error:
        books.raise_("C-2", inspection="I-4")
    assert codes(error) == ["SECFIND-INSPECTION"]


def test_commands(books: Regime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def office(*given: str) -> str:
        return done(run(books, monkeypatch, "P-OFFICE", *given))

    more = ["--facility", "XHF-", "--kind", "peer_review", "--from", "2025-06-01"]
    office("inspection", "plan", "P-1", *more, "--to", "2025-06-03", "--team", "P-1")
    office("inspection", "perform", "P-1", "--from", "2025-06-01", "--to", "2025-06-03")
    report = tmp_path / "report.pdf"
    report.write_bytes(b"not kept")
    office("inspection", "report", "P-1", "--document", str(report), "--on", "2025-07-01")
    office("inspection", "close", "P-1", "--on", "2025-07-02")
    told = json.loads(office("inspection", "show", "P-1", "--format", "json"))
    assert told["state"] == "closed" and told["findings"] == [] and len(told["steps"]) == 3
    assert told["report_digest"] and told["report_digest"] != DIGEST
    rows = "inspection,facility,kind,planned_from,team\n" + "".join(
        f"R-{n},XHF-,special,2025-0{n}-01,P-1 P-2\n" for n in (8, 9)
    )
    file = tmp_path / "plan.csv"
    file.write_text(rows, encoding="utf-8")
    assert "Recorded 2 lines" in office("inspection", "plan", "--file", str(file))
    file.write_text("inspection,on,reason\nR-8,2025-07-01,moved\nR-7,2025-07-01,x\n")
    result = run(books, monkeypatch, "P-OFFICE", "inspection", "cancel", "--file", str(file))
    assert isinstance(result.exception, RefusedError)
    assert [(o.code, o.line) for o in result.exception.findings] == [("SECINSP-UNKNOWN", 3)]
    listed = office("inspection", "list", "--state", "planned", "--on", "2025-07-01")
    assert "R-8" in listed and "P-1 " not in listed.split("R-8")[0]
    assert "R-9" in office("regime", "due", "--on", "2025-08-15", "--within", "20")
