"""Statements on protection and reviews of access: an answer and counts, and what holds when."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from keiryo.cli.options import Given
from keiryo.cli.protection_statements import add_statements
from keiryo.dates import date_number
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.security_regime.oversight_record import Recorded
from keiryo.security_regime.statement_record import (
    Statements,
    access_reviewed,
    protection_statement,
    read_statements,
    statement_in_force,
    statements_in_force,
    told_statements,
)
from keiryo.security_regime.statement_recording import (
    record_access_reviews,
    record_statements,
)
from keiryo.security_regime.tables_events import ACCESS_REVIEW, PROTECTION_STATEMENT
from small_books import PLANT, SmallBooks

SITE, OFFICE = Actor("P-SITE", "XH"), Actor("P-OFFICE", "XH")
SCOPE, HEAD = "XH/XHF-", "c" * 64


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


TERMS = {
    "facility": "XHF-", "target": "T1", "required_level": "BAND-2", "meets": "yes",
    "evaluated_on": day("2025-01-10"), "valid_until": day("2025-12-31"),
    "evaluated_by": "P-EVAL", "store_head": HEAD, "evaluation_ref": "EV-4",
}  # fmt: skip
REVIEW = {
    "facility": "XHF-", "from_day": day("2025-01-01"), "to_day": day("2025-01-31"),
    "events": 900, "violations": 2, "open_irregularities": 1, "reviewed_on": day("2025-02-03"),
    "store_head": HEAD,
}  # fmt: skip


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def state(books: SmallBooks, name: str, who: Actor = OFFICE, **more: Any) -> Recorded:
    return record_statements(books.database, who, [{"statement": name, **TERMS, **more}])


def review(books: SmallBooks, name: str, **more: Any) -> Recorded:
    return record_access_reviews(books.database, SITE, [{"review": name, **REVIEW, **more}])


def in_force(books: SmallBooks, on: str, **more: Any) -> str | None:
    with books.database.reading() as connection:
        found = statement_in_force(connection, books.database.metadata, SCOPE, day(on), **more)
    return None if found is None else found.name


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books with two statements on one target, one on another, and two reviews of access."""
    url = f"sqlite:///{tmp_path_factory.mktemp('statements') / 'books.sqlite'}"
    made = SmallBooks(url, XHP1=PLANT)
    state(made, "ST-1")
    state(made, "ST-2", meets="partly", evaluated_on=day("2025-06-01"),
          valid_until=day("2025-09-30"))  # fmt: skip
    state(made, "ST-3", target="T2", evaluated_on=day("2025-03-01"))
    review(made, "AR-1")
    review(made, "AR-2", area="A2", events=10, violations=0)
    return made


def test_what_is_in_force(books: SmallBooks) -> None:
    assert in_force(books, "2025-01-09") is None and in_force(books, "2025-01-10") == "ST-1"
    assert in_force(books, "2025-05-31", target="T1") == "ST-1"
    assert in_force(books, "2025-06-01") == "ST-2"  # the least favourable of two targets
    assert in_force(books, "2025-06-01", target="T2") == "ST-3"
    assert in_force(books, "2025-10-01", target="T1") is None  # what was superseded stays so
    metadata = books.database.metadata
    with books.database.reading() as connection:
        act = int(protection_statement(connection, metadata, "ST-2").values["act_id"])
        found = statements_in_force(connection, metadata, "XH/XHF-/XHP1", day("2025-06-01"))
        assert [one.name for one in found] == ["ST-2", "ST-3"]
        known = read_statements(connection, metadata)
        told = {o["statement"]: o["standing"] for o in told_statements(known, day("2025-10-01"))}
    assert {k: told[k] for k in ("ST-1", "ST-2", "ST-3")} == {
        "ST-1": "superseded", "ST-2": "expired", "ST-3": "in_force",
    }  # fmt: skip
    assert in_force(books, "2025-06-01", target="T1", through_act=act - 1) == "ST-1"


def test_withdrawn(books: SmallBooks) -> None:
    state(books, "ST-5", target="T5")
    state(books, "ST-6", target="T5", evaluated_on=day("2025-02-01"), meets="no")
    gone = {"withdrawn_on": day("2025-03-01"), "reason": "the evaluation is void"}
    row = {"statement": "ST-6", **gone}
    record_statements(books.database, OFFICE, [row])
    assert in_force(books, "2025-02-28", target="T5") == "ST-6"
    assert in_force(books, "2025-03-01", target="T5") == "ST-5"
    with books.database.reading() as connection:
        known = read_statements(connection, books.database.metadata)
    assert known.standing(known.statements["ST-6"], day("2025-03-01")) == "withdrawn"
    assert known.standing(known.statements["ST-6"], day("2025-01-31")) == "not_yet"


def test_whether_access_was_reviewed(books: SmallBooks) -> None:
    metadata = books.database.metadata
    with books.database.reading() as connection:

        def on(text: str, **more: Any) -> str | None:
            found = access_reviewed(connection, metadata, SCOPE, day(text), **more)
            return None if found is None else found.name

        assert on("2025-01-31") == "AR-1" and on("2025-02-01") is None
        assert on("2025-01-15", area="A2") == "AR-2" and on("2025-01-15", area="A3") == "AR-1"
        assert on("2025-01-15", through_act=1) is None


def test_chain_of_a_facility(books: SmallBooks) -> None:
    metadata, registry = books.database.metadata, books.database.registry
    node = f"facility:{SCOPE}@2025-01-20"
    with books.database.reading() as connection:
        links = why(connection, metadata, registry, node).links
        told = {(one.source, one.relation, one.target) for one in links}
        assert (node, "stated in", "secstatement:ST-1") in told
        assert (node, "access reviewed in", "secreview:AR-1") in told
        for one in links:
            if one.source.startswith("sec"):
                assert one in dependents(connection, metadata, registry, one.target)
    today = datetime.date.today()
    days = {"evaluated_on": today, "valid_until": today}
    state(books, "ST-7", target="T7", **days)
    with books.database.reading() as connection:
        (one,) = dependents(connection, metadata, registry, "secstatement:ST-7")
    assert (one.source, one.relation) == (f"facility:{SCOPE}", "stated in")


def test_no_value_of_an_evaluation_has_a_place() -> None:
    numbers = {one.name for kind in (PROTECTION_STATEMENT, ACCESS_REVIEW)
               for one in kind.own_fields if one.type == "INTEGER"}  # fmt: skip
    days = {name for name in numbers if name.endswith(("_on", "_day", "_until"))}
    assert numbers - days == {"events", "violations", "open_irregularities"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"target": "the store in the west"}, ["STATEMENT-TEXT"]),
        ({"required_level": "0.85"}, ["STATEMENT-TEXT"]),
        ({"required_level": "85"}, ["STATEMENT-TEXT"]),
        ({"evaluation_ref": "85"}, ["STATEMENT-TEXT"]),
        ({"store_head": "C" * 64}, ["STATEMENT-TEXT"]),
        ({"store_head": None}, ["STATEMENT-TEXT"]),
        ({"valid_until": None}, ["STATEMENT-TEXT"]),
        ({"meets": "0.9"}, ["STATEMENT-VALUE"]),
        ({"facility": "XHG-"}, ["STATEMENT-FACILITY"]),
        ({"valid_until": day("2025-01-09")}, ["STATEMENT-DAYS"]),
        ({"withdrawn_on": day("2025-01-09")}, ["STATEMENT-DAYS"]),
        ({"evaluated_on": day("9998-01-01"), "valid_until": day("9999-01-01")},
         ["STATEMENT-DAYS"]),
        ({"evaluated_by": "P-OFFICE"}, ["STATEMENT-SAME-PERSON"]),
        ({"evaluated_by": "P-OFFICE", "approved_by": "P-SITE"}, ["STATEMENT-SAME-PERSON"]),
        ({"approved_by": "P-EVAL"}, ["STATEMENT-SAME-PERSON"]),
    ],
)  # fmt: skip
def test_statements_that_are_refused(
    books: SmallBooks, more: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(RefusedError) as error:
        state(books, "NEW", **{"target": "T-NEW", **more})
    assert codes(error) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"area": "gate 3 at 08:00"}, ["STATEMENT-TEXT"]),
        ({"from_day": None}, ["STATEMENT-TEXT"]),
        ({"facility": "XHG-"}, ["STATEMENT-FACILITY"]),
        ({"violations": 901}, ["STATEMENT-COUNTS"]),
        ({"events": None}, ["STATEMENT-COUNTS"]),
        ({"violations": -1}, ["STATEMENT-COUNTS"]),
        ({"to_day": day("2024-12-31")}, ["STATEMENT-DAYS"]),
        ({"reviewed_on": day("2025-01-30")}, ["STATEMENT-DAYS"]),
        ({"reviewed_on": day("9998-01-30")}, ["STATEMENT-DAYS"]),
    ],
)
def test_reviews_that_are_refused(
    books: SmallBooks, more: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(RefusedError) as error:
        review(books, "NEW", **more)
    assert codes(error) == expected


def test_recorded_anew(books: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        state(books, "ST-3", target="T2", evaluated_on=day("2025-03-01"))
    assert codes(error) == ["STATEMENT-ANEW"]
    with pytest.raises(RefusedError) as error:
        record_statements(books.database, OFFICE,
                          [{"statement": "ST-3", "target": "T3", "reason": "x"}])  # fmt: skip
    assert codes(error) == ["STATEMENT-ANEW"]
    state(books, "ST-8", target="T4", evaluated_on=day("2025-03-01"))
    done = state(books, "ST-9", target="T4", evaluated_on=day("2025-02-01"))
    assert [one.code for one in done.findings] == ["STATEMENT-SUPERSEDED"]
    with pytest.raises(RefusedError) as error:
        review(books, "AR-1")
    assert codes(error) == ["STATEMENT-ANEW"]


def test_the_pipeline_holds_whoever_posts(books: SmallBooks) -> None:
    values = {**TERMS, "evaluated_on": 20250110, "valid_until": 20251231, "scope": SCOPE}
    del values["facility"]
    made = Draft("protection.statement", "x")
    made.add(
        "security_statement",
        {**values, "target": "T8", "statement": "NEW", "approved_by": "P-OFFICE"},
    )
    with pytest.raises(RefusedError) as error:
        post(books.database, made, Actor("P-EVAL", "XH"))
    assert codes(error) == ["STATEMENT-SAME-PERSON"]


DAYS = st.integers(0, 30)


@settings(max_examples=80)
@given(st.lists(st.tuples(DAYS, DAYS, st.none() | DAYS), min_size=1, max_size=5), DAYS)
def test_one_statement_on_a_target_at_a_time(
    given_: list[tuple[int, int, int | None]], asked: int
) -> None:
    def number(days: int) -> int:
        return date_number(datetime.date(2025, 1, 1) + datetime.timedelta(days=days))

    known = Statements()
    for n, (first, length, gone) in enumerate(given_):
        values = {
            "statement": f"S{n}", "scope": SCOPE, "target": "T", "act_id": n, "line_no": 1,
            "evaluated_on": number(first), "valid_until": number(first + length),
            "withdrawn_on": None if gone is None else number(first + gone),
        }  # fmt: skip
        known.take("security_statement", values)
    on = datetime.date(2025, 1, 1) + datetime.timedelta(days=asked)
    standing = {name: known.standing(one, on) for name, one in known.statements.items()}
    count = [n for n, (first, _l, gone) in enumerate(given_)
             if first <= asked and (gone is None or asked < first + gone)]  # fmt: skip
    last = max(count, key=lambda n: (given_[n][0], n), default=None)
    holds = last is not None and asked <= given_[last][0] + given_[last][1]
    expected = [f"S{last}"] if holds else []
    assert [name for name, one in standing.items() if one == "in_force"] == expected


# --- commands ------------------------------------------------------------------------------------

COMMANDS = typer.Typer()
add_statements(COMMANDS)


def run(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, *given: str) -> Result:
    monkeypatch.setattr(Given, "db", str(books.database.url))
    monkeypatch.setenv("KEIRYO_PERSON", "P-OFFICE")
    return CliRunner().invoke(COMMANDS, list(given))


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)


def test_commands(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def office(*given: str) -> Result:
        return run(books, monkeypatch, *given)

    terms = ["--facility", "XH", "--target", "T9", "--required-level", "B1", "--meets", "yes"]
    days = ["--evaluated-on", "2025-01-01", "--valid-until", "2025-12-31"]
    more = ["--evaluated-by", "P-EVAL", "--store-head", HEAD, "--evaluation-ref", "EV-1"]
    done(office("statement", "ST-20", *terms, *days, *more))
    listed = json.loads(
        done(office("statements", "--facility", "XH", "--on", "2026-01-01", "--format", "json"))
    )
    assert [(one["statement"], one["standing"]) for one in listed] == [("ST-20", "expired")]
    given = ["statements", "--facility", "XH", "--in-force", "--on", "2026-01-01"]
    assert done(office(*given, "--format", "table")).strip() == "No statements."
    counts = ["--events", "5", "--violations", "0", "--open-irregularities", "0"]
    period = ["--from", "2025-01-01", "--to", "2025-01-31", "--on", "2025-02-01"]
    done(office("access-review", "AR-20", "--facility", "XH", *period, *counts,
                "--store-head", HEAD))  # fmt: skip
    assert "AR-20" in done(office("statements", "--reviews", "--format", "table"))
    file = tmp_path / "reviews.json"
    row = {
        "review": "AR-21", "facility": "XHF-", "from_day": "2025-03-01", "to_day": "2025-03-31",
        "reviewed_on": "2025-04-01", "events": 3, "violations": 0, "open_irregularities": 0,
        "store_head": HEAD, "at": "08:00",
    }  # fmt: skip
    file.write_text(json.dumps([row]))
    error = office("access-review", "--file", str(file)).exception
    assert isinstance(error, RefusedError)
    assert [one.code for one in error.findings] == ["STATEMENT-TABLE"]
    del row["at"]
    file.write_text(json.dumps([row]))
    assert "Recorded 1 lines" in done(office("access-review", "--file", str(file), "--format",
                                             "table"))  # fmt: skip
    with books.database.reading() as connection, pytest.raises(NotFoundError):
        protection_statement(connection, books.database.metadata, "NONE")
