"""Findings: from the plan of action to the closing by somebody else, deadlines and repeats."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import NotFoundError, RefusedError, Severity
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.security_regime.due import due_items, finding_statistics
from keiryo.security_regime.finding_record import (
    FindingRecord,
    months_later,
    repeats,
    security_finding,
)
from keiryo.security_regime.finding_states import STEPS
from keiryo.security_regime.tables_oversight import SECURITY_FINDING_STEP
from security_regime.regime_books import OFFICE, SITE, Regime, codes, day, done, run

OTHER = Actor("P-OTHER", "XH")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Regime:
    """Books with one finding of every grade, of which nothing is done."""
    made = Regime(f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}")
    made.performed("I-1", "2025-03-01")
    made.raise_("O-1", evidence="act:1 PT-7")
    made.raise_("O-2", grade="observation", requirement="FP-I")
    made.raise_("G-1", grade="good_practice", due=None, owner=None, requirement="FP-F")
    return made


@pytest.fixture
def fresh(sqlite_url: str) -> Regime:
    made = Regime(sqlite_url)
    made.performed("I-1", "2025-03-01")
    made.raise_()
    return made


def test_from_open_to_closed(fresh: Regime) -> None:
    fresh.act("2025-03-10")
    assert fresh.finding().state == "action_planned"
    fresh.act("2025-03-11", action="A2", due=day("2025-06-30"))
    fresh.act("2025-05-20", done_on=day("2025-05-20"))
    fresh.step("implemented", "2025-06-01")
    done_on = {name: one["done_on"] for name, one in fresh.finding().actions.items()}
    assert done_on == {"A1": 20250520, "A2": 20250601}
    fresh.step("reopened", "2025-06-02", who=OFFICE, reason="A2 does not last")
    assert not fresh.finding().evidence
    fresh.act("2025-06-03", action="A3")
    fresh.step("implemented", "2025-06-20")
    fresh.step("verified", "2025-06-25", who=OFFICE, evidence="PT-9 act:1")
    fresh.step("closed", "2025-06-26", who=OFFICE)
    told = fresh.finding().to_dict(day("2025-07-30"))
    assert (told["state"], told["closed_on"], told["overdue"]) == ("closed", "2025-06-26", False)
    assert [one["state"] for one in told["steps"]] == [
        *("action_planned", "implemented", "reopened", "action_planned", "implemented"),
        *("verified", "closed"),
    ]
    fresh.step("reopened", "2025-08-01", who=OFFICE, reason="found again")
    assert fresh.finding().state == "reopened" and fresh.finding().overdue(day("2025-08-01"))


def test_who_puts_it_right_does_not_verify_close_or_extend(fresh: Regime) -> None:
    later = {"due": day("2025-09-30"), "reason": "parts are late"}
    fresh.act("2025-03-10")
    for who, by in ((SITE, None), (OFFICE, "site-security"), (OFFICE, "site-engineer")):
        with pytest.raises(RefusedError) as error:
            fresh.step("extended", "2025-03-11", who=who, by=by, **later)
        assert codes(error) == ["SECFIND-OWNER"]
    fresh.step("extended", "2025-03-11", who=OFFICE, **later)
    assert fresh.finding().due == 20250930 and fresh.finding().state == "action_planned"
    fresh.step("implemented", "2025-04-01", who=OTHER, by="site-deputy")
    for state, who, by in (
        *(("verified", SITE, None), ("verified", OTHER, None), ("verified", SITE, "P-OFFICE")),
        *(("verified", OFFICE, "site-deputy"), ("verified", OFFICE, "site-security")),
    ):
        with pytest.raises(RefusedError) as error:
            fresh.step(state, "2025-04-02", who=who, by=by, evidence="PT-1")
        assert codes(error) == ["SECFIND-OWNER"]
    with pytest.raises(RefusedError) as error:
        fresh.step("verified", "2025-04-02", who=OFFICE)
    assert codes(error) == ["SECFIND-EVIDENCE"]
    fresh.step("verified", "2025-04-02", who=OFFICE, evidence="PT-1")
    with pytest.raises(RefusedError) as error:
        fresh.step("closed", "2025-04-03")
    assert codes(error) == ["SECFIND-OWNER"]


def test_the_owner_does_not_record_it_anew(fresh: Regime) -> None:
    fresh.raise_("F-2", owner="P-OFFICE", requirement="FP-J")
    with pytest.raises(RefusedError) as error:
        fresh.raise_("F-2", owner="P-OTHER", reason="x")
    assert codes(error) == ["SECFIND-OWNER"]
    with pytest.raises(RefusedError) as error:
        fresh.raise_("F-1", words="said better")
    assert codes(error) == ["SECFIND-FIXED"]
    fresh.raise_("F-1", words="said better", reason="a slip of the pen")
    fresh.act("2025-03-10")
    with pytest.raises(RefusedError) as error:
        fresh.raise_("F-1", grade="good_practice", due=None, reason="x")
    assert codes(error) == ["SECFIND-DUE", "SECFIND-FIXED"]


def test_every_step_that_the_table_does_not_allow(books: Regime) -> None:
    for following in (set(STEPS) | {"extended"}) - STEPS["open"]:
        with pytest.raises(RefusedError) as error:
            books.step(following, "2025-05-01", "O-1", OFFICE, reason="x")
        assert codes(error) == ["SECFIND-STEP"]
        with pytest.raises(RefusedError) as error:
            books.step(following, "2025-05-01", "G-1", OFFICE, reason="x")
        assert codes(error) == ["SECFIND-STEP"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"name": "N 1"}, ["SECFIND-TEXT"]),
        ({"words": "x" * 201}, ["SECFIND-TEXT"]),
        ({"owner": "Ms Ito"}, ["SECFIND-TEXT"]),
        ({"requirement": "a requirement"}, ["SECFIND-TEXT"]),
        ({"evidence": "act:999"}, ["SECFIND-EVIDENCE"]),
        ({"inspection": "I-9"}, ["SECFIND-INSPECTION"]),
        ({"grade": "good"}, ["SECFIND-GRADE"]),
        ({"due": None}, ["SECFIND-DUE"]),
        ({"owner": None}, ["SECFIND-DUE"]),
        ({"grade": "good_practice"}, ["SECFIND-DUE"]),
        ({"due": day("2025-02-01")}, ["SECFIND-DUE"]),
        ({"raised_on": day("2025-02-01")}, ["SECFIND-DAY"]),
        ({"name": "O-1", "due": day("2025-12-01")}, ["SECFIND-FIXED"]),
    ],
)
def test_findings_that_are_refused(
    books: Regime, more: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(RefusedError) as error:
        books.raise_(**{"name": "N-1", "requirement": "FP-L", **more})
    assert codes(error) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"words": None}, ["SECFIND-TEXT", "SECFIND-ACTION"]),
        ({"due": day("2025-12-31")}, ["SECFIND-ACTION"]),
        ({"done_on": day("2025-01-31")}, ["SECFIND-DAY"]),
        ({"owner": "Ms Ito"}, ["SECFIND-TEXT"]),
        ({"name": "G-1"}, ["SECFIND-ACTION"]),
        ({"name": "N-9"}, ["SECFIND-UNKNOWN"]),
    ],
)
def test_actions_that_are_refused(books: Regime, more: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(RefusedError) as error:
        books.act("2025-03-10", **{"name": "O-1", **more})
    assert codes(error) == expected


@pytest.mark.parametrize(
    ("state", "on", "more", "expected"),
    [
        ("extended", "2025-03-10", {"due": day("2025-06-30"), "reason": "x"}, "SECFIND-DUE"),
        ("extended", "2025-03-10", {"reason": "x"}, "SECFIND-DUE"),
        ("extended", "2025-03-10", {"due": day("2025-07-30")}, "SECFIND-STEP"),
        ("extended", "2025-02-10", {"due": day("2025-07-30"), "reason": "x"}, "SECFIND-DAY"),
        ("extended", "2999-02-10", {"due": day("2999-07-30"), "reason": "x"}, "SECFIND-DAY"),
        ("action_planned", "2025-03-10", {}, "SECFIND-ACTION"),
    ],
)
def test_steps_that_are_refused(
    books: Regime, state: str, on: str, more: dict[str, Any], expected: str
) -> None:
    with pytest.raises(RefusedError) as error:
        books.step(state, on, "O-1", OFFICE, **more)
    assert codes(error) == [expected]


def test_the_pipeline_holds_whoever_posts(books: Regime) -> None:
    made = Draft("protection.finding", "forged")
    line = {"finding": "O-1", "before": "open", "state": "closed", "on_day": 20250401}
    made.add(SECURITY_FINDING_STEP.name, {**line, "scope": "XH", "by_person": "P-SITE"})
    with pytest.raises(RefusedError) as error:
        post(books.database, made, SITE)
    assert codes(error) == ["SECFIND-SCOPE", "SECFIND-STEP"]


def test_boards_and_statistics(fresh: Regime) -> None:
    metadata = fresh.database.metadata
    fresh.act("2025-03-10")
    fresh.raise_("F-2", requirement="FP-I", grade="observation")
    fresh.closed("F-2", "2025-03-05", "2025-03-21")
    fresh.performed("I-2", "2025-05-01")
    told = fresh.raise_("F-3", inspection="I-2", due=day("2025-08-01"))
    assert [(o.code, o.severity) for o in told.findings] == [("SECFIND-REPEAT", Severity.WARNING)]
    with fresh.database.reading() as connection:
        on = day("2025-07-10")
        counted = finding_statistics(connection, metadata, on).to_dict()
        early = finding_statistics(connection, metadata, day("2025-03-06")).to_dict()
        one_month = finding_statistics(connection, metadata, on, repeat_months=1)
        found = due_items(connection, metadata, on, scope="XH/XHF-")
        soon = due_items(connection, metadata, on, within_days=0)
    assert counted["raised"] == {"deficiency": 2, "observation": 1, "good_practice": 0}
    assert counted["open"] == {"deficiency": 2, "observation": 0}
    assert (counted["overdue"], counted["closed"], counted["median_days_to_close"]) == (1, 1, 20.0)
    assert counted["repeats"] == [{"finding": "F-3", "repeats": "F-1"}] and not one_month.repeats
    assert early["open"] == {"deficiency": 1, "observation": 1} and early["closed"] == 0
    rows = [(o.what, o.name, o.days_left) for o in found if "inspection" not in o.what]
    assert rows == [
        *(("corrective action", "F-1/A1", -40), ("finding", "F-1", -10), ("finding", "F-3", 22)),
    ]
    assert "F-3" not in [o.name for o in soon]


def test_chain(fresh: Regime) -> None:
    fresh.act("2025-03-10", evidence="act:2 " + "b" * 64)
    metadata, registry = fresh.database.metadata, fresh.database.registry
    with fresh.database.reading() as connection:
        links = list(why(connection, metadata, registry, "secfind:F-1").links)
        told = {(one.source, one.relation, one.target) for one in links}
        assert ("secfind:F-1", "found in", "secinsp:I-1") in told
        action = security_finding(connection, metadata, "F-1").to_dict()["actions"][0]["line"]
        assert ("secfind:F-1", "put right by", action) in told
        assert (action, "shown by", "act:2") in told
        for one in links:
            if one.source.startswith(("secfind:", "secinsp:")) or one.relation == "shown by":
                assert one in dependents(connection, metadata, registry, one.target)


def test_months() -> None:
    assert months_later(day("2024-02-29"), 12) == day("2025-02-28")
    assert months_later(datetime.date.max, 1) == datetime.date.max


PLACES = st.sampled_from(["XH/A---", "XH/B---"])


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(PLACES, st.sampled_from("PQ"), st.dates(day("2020-01-01"), day("2029-12-31"))),
        max_size=12,
    ),
    st.integers(1, 60),
)
def test_repeats_law(raised: list[tuple[str, str, datetime.date]], months: int) -> None:
    records = [
        FindingRecord(
            {"finding": f"F{n}", "scope": scope, "requirement": ref, "grade": "deficiency",
             "raised_on": int(on.strftime("%Y%m%d"))}
        )
        for n, (scope, ref, on) in enumerate(raised)
    ]  # fmt: skip
    naive = {
        f"F{n}"
        for n, (scope, ref, on) in enumerate(raised)
        if any(
            (scope, ref) == (other, ref2) and before < on <= months_later(before, months)
            for other, ref2, before in raised
        )
    }
    assert {one.name for one, _before in repeats(records, months)} == naive


def test_commands(books: Regime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def office(*given: str) -> str:
        return done(run(books, monkeypatch, "P-OFFICE", "finding", *given))

    def site(*given: str) -> str:
        return done(run(books, monkeypatch, "P-SITE", "finding", *given))

    more = ["--inspection", "I-1", "--requirement", "FP-K", "--grade", "deficiency"]
    office("record", "Q-1", *more, "--due", "2025-06-30", "--owner", "site")
    site("action", "Q-1", "A1", "--words", "x", "--owner", "s", "--due", "2025-06-01",
         "--on", "2025-03-02")  # fmt: skip
    office("extend", "Q-1", "--due", "2025-07-30", "--reason", "late", "--on", "2025-03-03")
    site("implement", "Q-1", "--on", "2025-05-01")
    office("verify", "Q-1", "--on", "2025-05-02", "--evidence", "PT-1", "--evidence", "act:1")
    office("close", "Q-1", "--on", "2025-05-03")
    office("reopen", "Q-1", "--on", "2025-05-04", "--reason", "again")
    told = json.loads(office("show", "Q-1", "--on", "2025-05-05", "--format", "json"))
    assert (told["state"], told["due"], told["days_left"]) == ("reopened", "2025-07-30", 86)
    assert "Q-1" in office("list", "--overdue", "--on", "2025-08-01", "--facility", "XHF-")
    counted = json.loads(office("list", "--statistics", "--format", "json"))
    assert counted["raised"]["deficiency"] >= 2
    assert isinstance(
        run(books, monkeypatch, "P-SITE", "finding", "show", "Z").exception, NotFoundError
    )
    file = tmp_path / "findings.json"
    row = {"inspection": "I-1", "grade": "observation", "due": "2025-06-30", "owner": "site"}
    rows = [{**row, "finding": f"B-{n}", "requirement": f"R-{n}"} for n in range(20)]
    rows[3]["evidence"] = ["act:1", "PT-2"]  # type: ignore[assignment]
    file.write_text(json.dumps(rows), encoding="utf-8")
    assert "Recorded 20 lines" in office("record", "--file", str(file))
    file = tmp_path / "actions.csv"
    file.write_text(
        "finding,action,on,words,owner,due\n"
        + "".join(f"B-{n},A1,2025-03-05,x,y,2025-06-01\n" for n in range(20)),
        encoding="utf-8",
    )
    assert "Recorded 40 lines" in site("action", "--file", str(file))
    file.write_text("finding,on\nB-1,2025-03-06\nB-1,2025-03-06\nB-99,2025-03-06\n")
    result = run(books, monkeypatch, "P-SITE", "finding", "implement", "--file", str(file))
    assert isinstance(result.exception, RefusedError)
    assert [(o.code, o.line) for o in result.exception.findings] == [
        *(("SECFIND-STEP", 3), ("SECFIND-UNKNOWN", 4)),
    ]
