"""Security plans: from the draft to the version that takes its place, one in force at a time."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from keiryo.cli.options import Given
from keiryo.cli.protection_plans import add_plans
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.security_regime.due import due_items
from keiryo.security_regime.oversight_record import Recorded
from keiryo.security_regime.plan_recording import cover, record_plans, take_plan_steps
from keiryo.security_regime.plan_states import STEPS
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.plans import plan, plan_in_force, plans, plans_in_force
from keiryo.security_regime.tables_oversight import SECURITY_PLAN_STEP
from small_books import PLANT, SmallBooks

SITE, OFFICE = Actor("P-SITE", "XH"), Actor("P-OFFICE", "XH")
SCOPE, DIGEST = "XH/XHF-", "a" * 64
TERMS = {
    "facility": "XHF-", "kind": "physical_protection", "title": "Physical protection plan",
    "digest": DIGEST, "basis": "Licence condition 7", "threat_ref": "TA-2024-1",
    "valid_from": datetime.date(2025, 1, 1), "review_on": datetime.date(2026, 1, 1),
}  # fmt: skip


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def record(books: SmallBooks, version: str, name: str = "PPP-1", **more: Any) -> Recorded:
    row = {"plan": name, "version": version, **TERMS, **more}
    return record_plans(books.database, SITE, [row])


def step(
    books: SmallBooks, state: str, version: str, on: str, who: Actor = SITE, **more: Any
) -> Recorded:
    row = {"plan": "PPP-1", "version": version, "on": day(on), **more}
    return take_plan_steps(books.database, who, state, [row])


def read(books: SmallBooks, version: str, name: str = "PPP-1") -> Plan:
    with books.database.reading() as connection:
        return plan(connection, books.database.metadata, name, version)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books with two versions approved, one after the other, and a third that is a draft."""
    url = f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}"
    made = SmallBooks(url, XHP1=PLANT)
    record(made, "1")
    record(made, "2", valid_from=day("2025-06-01"), review_on=day("2025-12-01"))
    step(made, "submitted", "1", "2024-12-01")
    step(made, "approved", "1", "2024-12-20", OFFICE, reference="Letter 12")
    step(made, "submitted", "2", "2025-05-01")
    step(made, "approved", "2", "2025-05-10", OFFICE)
    record(made, "3", valid_from=day("2026-06-01"), review_on=day("2027-06-01"))
    return made


@pytest.fixture
def fresh(sqlite_url: str) -> SmallBooks:
    """Books with one draft."""
    made = SmallBooks(sqlite_url, XHP1=PLANT)
    record(made, "1")
    return made


def test_one_version_is_in_force_at_a_time(books: SmallBooks) -> None:
    metadata = books.database.metadata
    with books.database.reading() as connection:

        def on(text: str, **more: Any) -> str | None:
            found = plan_in_force(connection, metadata, SCOPE, day(text), **more)
            return None if found is None else found.name

        assert on("2024-12-31") is None and on("2025-01-01") == "PPP-1/1"
        assert on("2025-05-31") == "PPP-1/1" and on("2025-06-01") == "PPP-1/2"
        assert on("2025-03-01", kind="contingency") is None
        approved = int(read(books, "1").steps[1]["act_id"])
        assert on("2025-06-01", through_act=approved + 1) == "PPP-1/1"
        within = plans_in_force(connection, metadata, "XH/XHF-/XHP1", day("2025-07-01"))
        assert [one.name for one in within] == ["PPP-1/2"]
    told = read(books, "1").to_dict()
    assert (told["submitted_by"], told["approved_by"]) == ("P-SITE", "P-OFFICE")
    assert told["steps"][-1]["state"] == "superseded"
    assert (told["steps"][-1]["on"], told["steps"][-1]["successor"]) == ("2025-06-01", "PPP-1/2")


def test_as_of_a_day(books: SmallBooks) -> None:
    metadata = books.database.metadata
    with books.database.reading() as connection:
        then = plans(connection, metadata, on=day("2025-05-15"), scope=SCOPE)
    assert [one.state for one in then] == ["approved", "approved", "draft"]
    two = read(books, "2")
    assert two.review_overdue(day("2025-12-02")) and not two.review_overdue(day("2025-12-01"))


def test_what_is_due_of_plans(books: SmallBooks) -> None:
    metadata = books.database.metadata
    with books.database.reading() as connection:
        (item,) = due_items(connection, metadata, day("2025-12-03"), scope=SCOPE)
    assert (item.what, item.days_left, item.overdue) == ("plan review", -2, True)


def test_chain_of_a_facility(books: SmallBooks) -> None:
    metadata, registry = books.database.metadata, books.database.registry
    node = "facility:XH/XHF-@2025-03-01"
    with books.database.reading() as connection:
        links = list(why(connection, metadata, registry, node).links)
        told = {(one.source, one.relation, one.target) for one in links}
        assert (node, "protected under", "secplan:PPP-1/1") in told
        assert ("secplan:PPP-1/1", "superseded by", "secplan:PPP-1/2") in told
        for one in links:
            if one.source.startswith("secplan:"):
                assert one in dependents(connection, metadata, registry, one.target)


def test_every_step_that_the_table_does_not_allow(books: SmallBooks) -> None:
    made = read(books, "3")
    for state in set(STEPS) - STEPS["draft"] - {"draft"}:
        with pytest.raises(RefusedError) as error:
            step(books, state, made.key[1], "2025-07-01", OFFICE)
        assert codes(error) == ["PLAN-STEP"]
    with pytest.raises(RefusedError) as error:
        step(books, "withdrawn", "3", "2025-07-01")
    assert codes(error) == ["PLAN-STEP"] and "reason" in error.value.findings[0].message


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"title": "x" * 65}, "PLAN-TEXT"),
        ({"title": "a\tb"}, "PLAN-TEXT"),
        ({"title": "\u202eb"}, "PLAN-TEXT"),
        ({"title": None}, "PLAN-TEXT"),
        ({"digest": "A" * 64}, "PLAN-TEXT"),
        ({"threat_ref": "what it says"}, "PLAN-TEXT"),
        ({"name": "PPP 1"}, "PLAN-TEXT"),
        ({"facility": "XHG-"}, "PLAN-FACILITY"),
        ({"facility": None}, "PLAN-FACILITY"),
        ({"kind": "fire"}, "PLAN-KIND"),
        ({"review_on": day("2024-12-31")}, "PLAN-DAYS"),
    ],
)
def test_terms_that_are_refused(books: SmallBooks, more: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as error:
        record(books, "9", **{"name": "NEW", **more})
    assert codes(error) == [code]


def test_what_belongs_to_another_version(books: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        record(books, "9", kind="contingency", facility="XH")
    assert codes(error) == ["PLAN-KIND", "PLAN-SCOPE"]


def test_what_stands_fixed(books: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        record(books, "1", digest="b" * 64)
    assert codes(error) == ["PLAN-FIXED"]
    with pytest.raises(RefusedError) as error:
        record(books, "1")
    assert codes(error) == ["PLAN-FIXED"]


def test_nobody_approves_what_they_submitted(fresh: SmallBooks) -> None:
    step(fresh, "submitted", "1", "2025-01-02")
    for who, by in ((SITE, None), (SITE, "P-OTHER"), (OFFICE, "P-SITE")):
        for state in ("approved", "rejected"):
            with pytest.raises(RefusedError) as error:
                step(fresh, state, "1", "2025-01-03", who, by=by, reason="read")
            assert codes(error) == ["PLAN-SAME-PERSON"]
    with pytest.raises(RefusedError) as error:
        step(fresh, "approved", "1", "2025-01-01", OFFICE)
    assert codes(error) == ["PLAN-DAY"]
    step(fresh, "rejected", "1", "2025-01-03", OFFICE, reason="chapter 4 is missing")
    assert read(fresh, "1").state == "rejected" and read(fresh, "1").force is None


def test_a_gap_is_told(fresh: SmallBooks) -> None:
    step(fresh, "submitted", "1", "2025-01-02")
    metadata = fresh.database.metadata
    with fresh.database.reading() as connection:
        assert [o.what for o in due_items(connection, metadata, day("2025-01-03"))] == [
            "plan decision"
        ]
    step(fresh, "approved", "1", "2025-01-05", OFFICE)
    step(fresh, "withdrawn", "1", "2025-02-01", reason="the plant is closed")
    assert read(fresh, "1").force == (20250105, 20250201)
    with fresh.database.reading() as connection:
        (item,) = due_items(connection, metadata, day("2025-03-01"))
    assert (item.what, item.overdue) == ("plan lapsed", True)


def test_two_in_force(fresh: SmallBooks) -> None:
    record(fresh, "2", valid_from=day("2025-03-01"))
    for version in "12":
        step(fresh, "submitted", version, "2025-01-01")
    step(fresh, "approved", "2", "2025-01-02", OFFICE)
    with pytest.raises(RefusedError) as error:
        step(fresh, "approved", "1", "2025-01-03", OFFICE)
    assert codes(error) == ["PLAN-TWO-IN-FORCE"]


def test_the_pipeline_holds_whoever_posts(fresh: SmallBooks) -> None:
    line = {
        "scope": "XH", "plan": "PPP-1", "version": "1", "before": "draft", "state": "approved",
        "on_day": 20250101, "by_person": "P-OFFICE",
    }  # fmt: skip
    for changed, expected in (
        ({}, ["PLAN-SCOPE", "PLAN-STEP"]),
        ({"scope": SCOPE, "before": "submitted"}, ["PLAN-STEP"]),
        ({"version": "7"}, ["PLAN-UNKNOWN"]),
        ({"scope": SCOPE, "state": "superseded"}, ["PLAN-STEP"]),
    ):
        made = Draft("protection.plan", f"x{expected}{changed}")
        made.add(SECURITY_PLAN_STEP.name, {**line, **changed})
        with pytest.raises(RefusedError) as error:
            post(fresh.database, made, OFFICE)
        assert codes(error) == expected


def test_a_plan_is_superseded_by_what_was_submitted(fresh: SmallBooks) -> None:
    step(fresh, "submitted", "1", "2025-01-01")
    step(fresh, "approved", "1", "2025-01-02", OFFICE)
    with pytest.raises(RefusedError) as error:
        step(fresh, "superseded", "1", "2025-01-03", OFFICE)
    assert codes(error) == ["PLAN-SUCCESSOR"]


def test_incomplete(fresh: SmallBooks) -> None:
    record(fresh, "2", digest=None, basis=None, valid_from=None, review_on=None)
    with pytest.raises(RefusedError) as error:
        step(fresh, "submitted", "2", "2025-01-01")
    assert codes(error) == ["PLAN-INCOMPLETE"]
    ahead = datetime.date.today() + datetime.timedelta(days=30)
    with pytest.raises(RefusedError) as error:
        step(fresh, "submitted", "1", ahead.isoformat())
    assert codes(error) == ["PLAN-DAY"]


def test_coverage(fresh: SmallBooks) -> None:
    row = {"plan": "PPP-1", "version": "1", "requirement": "FP-H", "coverage": "part"}
    cover(fresh.database, SITE, [row, {**row, "requirement": "FP-I", "chapter": "4.2"}])
    assert list(read(fresh, "1").coverage) == ["FP-H", "FP-I"]
    cover(fresh.database, SITE, [{**row, "coverage": "none"}])
    assert [o["requirement"] for o in read(fresh, "1").to_dict()["addresses"]] == ["FP-I"]
    with pytest.raises(RefusedError) as error:
        cover(fresh.database, SITE, [{**row, "coverage": "half"}, {**row, "requirement": "a b"}])
    assert codes(error) == ["PLAN-COVERAGE", "PLAN-TEXT"]


APPROVED = {"before": "submitted", "state": "approved"}
DAYS = st.integers(20250101, 20250128)


@settings(max_examples=60)
@given(DAYS, DAYS, st.none() | DAYS, st.none() | DAYS, DAYS)
def test_days_in_force(
    approved: int, first: int, last: int | None, ended: int | None, asked: int
) -> None:
    values = {"scope": SCOPE, "valid_from": first, "valid_until": last, "review_on": None}
    steps: list[dict[str, Any]] = [{**APPROVED, "on_day": approved}]
    if ended is not None:
        steps.append({"before": "approved", "state": "withdrawn", "on_day": ended})
    naive = (
        asked >= first
        and asked >= approved
        and (last is None or asked <= last)
        and (ended is None or asked < ended)
    )
    assert Plan(values, tuple(steps)).in_force(day(str(asked))) == naive


# --- commands ------------------------------------------------------------------------------------

COMMANDS = typer.Typer()
add_plans(COMMANDS)
COMMANDS.callback()(lambda: None)


def run(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, person: str, *given: str) -> Result:
    monkeypatch.setattr(Given, "db", str(books.database.url))
    monkeypatch.setenv("KEIRYO_PERSON", person)
    return CliRunner().invoke(COMMANDS, ["plan", *given])


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)


def test_commands(fresh: SmallBooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def site(*given: str) -> Result:
        return run(fresh, monkeypatch, "P-SITE", *given)

    document = tmp_path / "plan.pdf"
    document.write_bytes(b"what stands in it is not kept")
    more = ["--facility", "XHF-", "--kind", "contingency", "--title", "Contingency plan"]
    days = ["--valid-from", "2025-01-01", "--review-on", "2026-01-01", "--basis", "L-8"]
    done(site("record", "CP-1", "1", *more, *days, "--document", str(document)))
    done(site("submit", "CP-1", "1", "--on", "2024-12-01"))
    office = run(fresh, monkeypatch, "P-OFFICE", "approve", "CP-1", "1", "--on", "2024-12-02")
    assert "Recorded 1 lines in act" in done(office)
    done(site("cover", "CP-1", "1", "--requirement", "FP-K", "--requirement", "FP-H"))
    listed = json.loads(done(site("list", "--on", "2025-02-01", "--format", "json")))
    assert [(one["plan"], one["in_force"]) for one in listed] == [("CP-1", True), ("PPP-1", False)]
    assert "CP-1" in done(site("list", "--in-force", "--on", "2025-02-01", "--facility", "XHF-"))
    assert "addresses" in done(site("show", "CP-1", "1"))
    told = json.loads(done(site("history", "CP-1", "--format", "json")))
    assert [one["state"] for one in told] == ["submitted", "approved"]
    assert isinstance(site("show", "CP-1", "2").exception, NotFoundError)
    assert isinstance(site("history", "NONE").exception, NotFoundError)
    assert isinstance(site("submit", "CP-1").exception, UsageError)
    assert isinstance(site("submit", "--file", "none.csv").exception, UsageError)


def test_a_file_with_many_rows(
    fresh: SmallBooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def given(content: str, name: str, *command: str) -> Result:
        file = tmp_path / name
        file.write_text(content, encoding="utf-8")
        return run(fresh, monkeypatch, "P-SITE", *command, "--file", str(file))

    heads = "plan,version,facility,kind,title,digest,valid_from,review_on,basis\n"
    good = f"P{{0}},1,XHF-,transport,Plan {{0}},{DIGEST},2025-01-01,2026-01-01,L-1\n"
    rows = heads + "".join(good.format(n) for n in range(3))
    assert "Recorded 3 lines" in done(given(rows, "plans.csv", "record"))
    steps = [{"plan": f"P{n}", "version": "1", "on": "2025-01-02"} for n in range(3)]
    assert "Recorded 3 lines" in done(given(json.dumps(steps), "steps.json", "submit"))
    toml = '[[row]]\nplan = "P1"\nversion = "1"\non = 2025-01-03\nreason = "another one"\n'
    assert "Recorded 1 lines" in done(given(toml, "steps.toml", "withdraw"))
    bad = heads + good.format(8).replace("2025-01-01", "1 May") + good.format(9).replace("XHF", "Q")
    result = given(bad, "plans.csv", "record")
    assert refusals(result) == [("PLAN-CELL", 2), ("PLAN-FACILITY", 3)]
    with fresh.database.reading() as connection:
        assert len(plans(connection, fresh.database.metadata)) == 4


def refusals(result: Result) -> Sequence[tuple[str, int | None]]:
    assert isinstance(result.exception, RefusedError), result.exception
    return [(one.code, one.line) for one in result.exception.findings]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", b"", "PLAN-TABLE"),
        ("x.csv", b"plan,version,on,plan\na,1,2025-01-01,b\n", "PLAN-TABLE"),
        ("x.csv", b"plan,version,on,odd\nP,1,2025-01-01,b\n", "PLAN-TABLE"),
        ("x.csv", b"plan,version,on\n", "PLAN-TABLE"),
        ("x.csv", b"plan,version,on\na,1,2025-01-01,b\n", "PLAN-TABLE"),
        ("x.csv", b"plan,version,on\na,,2025-01-01\n", "PLAN-CELL"),
        ("x.json", b'{"plan": "a"}', "PLAN-TABLE"),
        ("x.json", b'[{"plan": "a", "plan": "b"}]', "PLAN-TABLE"),
        ("x.json", b'[{"plan": "a", "version": ["1"], "on": "2025-01-01"}]', "PLAN-CELL"),
        ("x.toml", b"plan = ", "PLAN-TABLE"),
    ],
)
def test_files_that_are_refused(
    books: SmallBooks,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    content: bytes,
    code: str,
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    result = run(books, monkeypatch, "P-SITE", "submit", "--file", str(file))
    assert code in [one for one, _line in refusals(result)]
