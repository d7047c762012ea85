"""Upgrades agreed with partners: their life, what they rest on in cooperation, what stands."""

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
from keiryo.cli.protection_upgrades import add_upgrades
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.security_regime.oversight_record import Recorded
from keiryo.security_regime.upgrade_board import partner_boards
from keiryo.security_regime.upgrade_record import Upgrade, upgrade, upgrades
from keiryo.security_regime.upgrade_recording import record_upgrades, take_upgrade_steps
from keiryo.security_regime.upgrade_states import STATES, STEPS, state_after
from small_books import PLANT, SmallBooks

SITE, OFFICE = Actor("P-SITE", "XH"), Actor("P-OFFICE", "XH")
SCOPE, PARTNER = "XH/XHF-", "US.DOE.NNSA"


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


TERMS = {
    "facility": "XHF-", "title": "Upgrade of the store", "partner": PARTNER,
    "commitment": "c007", "instrument": "i.nss-2012", "aim": "meet_requirement", "category": "I",
    "start_by": day("2025-02-01"), "install_by": day("2025-06-30"), "cost_minor": 1_000_000,
    "partner_cost_minor": 400_000, "currency": "JPY", "evaluation_ref": "EV-4",
}  # fmt: skip


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def record(books: SmallBooks, name: str, **more: Any) -> Recorded:
    return record_upgrades(books.database, SITE, [{"upgrade": name, **TERMS, **more}])


def step(
    books: SmallBooks, name: str, state: str, on: str, who: Actor = SITE, **more: Any
) -> Recorded:
    row = {"upgrade": name, "state": state, "on": day(on), **more}
    return take_upgrade_steps(books.database, who, [row])


def read(books: SmallBooks, name: str) -> Upgrade:
    with books.database.reading() as connection:
        return upgrade(connection, books.database.metadata, name)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books with the register of cooperation and an upgrade that was handed over."""
    url = f"sqlite:///{tmp_path_factory.mktemp('upgrades') / 'books.sqlite'}"
    made = SmallBooks(url, XHP1=PLANT)
    record_register(made.database, OFFICE, shipped_register(), "agreements.json")
    record(made, "U-1")
    step(made, "U-1", "started", "2025-01-20")
    step(made, "U-1", "installed", "2025-06-01")
    step(made, "U-1", "accepted", "2025-07-01", OFFICE)
    step(made, "U-1", "handed_over", "2025-08-01", OFFICE, next_review=day("2026-08-01"))
    record(made, "U-2", commitment=None, instrument=None)
    return made


def test_as_it_stood(books: SmallBooks) -> None:
    metadata = books.database.metadata
    with books.database.reading() as connection:

        def then(text: str) -> dict[str, Any]:
            known = upgrades(connection, metadata, on=day(text), scope=SCOPE)
            return next(one for one in known if one.name == "U-1").to_dict(day(text))

        for text, state, left in (
            ("2025-01-01", "planned", 31),
            ("2025-03-01", "started", 121),
            ("2025-06-02", "installed", None),
            ("2026-08-02", "handed_over", -1),
        ):
            told = then(text)
            assert (told["state"], told["days_left"]) == (state, left)
            assert told["overdue"] == (left is not None and left < 0)


def test_sustainability_is_reviewed(books: SmallBooks) -> None:
    record(books, "U-3")
    for state, on, who in (
        ("started", "2025-01-02", SITE),
        ("installed", "2025-01-03", SITE),
        ("accepted", "2025-01-04", OFFICE),
    ):
        step(books, "U-3", state, on, who)
    with pytest.raises(RefusedError) as error:
        step(books, "U-3", "handed_over", "2025-01-05")
    assert codes(error) == ["UPGRADE-STEP"]
    step(books, "U-3", "handed_over", "2025-01-05", next_review=day("2025-07-05"))
    assert read(books, "U-3").in_use
    with pytest.raises(RefusedError) as error:
        step(books, "U-3", "reviewed", "2025-07-01", next_review=day("2025-07-01"))
    assert codes(error) == ["UPGRADE-VALUE", "UPGRADE-DAYS"]
    step(books, "U-3", "reviewed", "2025-07-01", sustained="no", next_review=day("2025-09-01"))
    one = read(books, "U-3")
    assert (one.state, one.sustained, one.in_use, one.due) == ("handed_over", "no", False, 20250901)
    step(books, "U-3", "ended", "2025-10-01", reason="taken out of use")
    assert read(books, "U-3").due is None


def test_board(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHP1=PLANT)
    record_register(books.database, OFFICE, shipped_register(), "agreements.json")
    record(books, "U-1")
    record(books, "U-2", commitment=None)
    record(books, "U-3")
    for state, who in (("started", SITE), ("installed", SITE), ("accepted", OFFICE)):
        step(books, "U-1", state, "2025-01-20", who)
    step(books, "U-1", "handed_over", "2025-01-20", next_review=day("2026-08-01"))
    step(books, "U-3", "cancelled", "2025-01-20", reason="no longer needed")
    with books.database.reading() as connection:
        (one,) = partner_boards(
            connection, books.database.metadata, day("2025-12-01"), partner=PARTNER
        )
    told = one.to_dict()
    assert told["costs"] == [
        {"currency": "JPY", "cost_minor": 2_000_000, "partner_cost_minor": 800_000}
    ]
    assert told["states"] == {"handed_over": 1, "cancelled": 1, "planned": 1}
    assert (told["agreed"], told["in_use"], told["overdue"]) == (2, 1, 1)
    first, none = told["commitments"]
    assert (first["commitment"], first["commitment_state"]) == ("c007", "agreed")
    assert (none["commitment"], none["agreed"], none["in_use"]) == (None, 1, 0)


def test_from_the_commitment_and_back(books: SmallBooks) -> None:
    metadata, registry = books.database.metadata, books.database.registry
    there = ("secupgrade:U-1", "agreed as", "cooperation:c007")
    back = ("cooperation:c007", "carried out by", "secupgrade:U-1")
    with books.database.reading() as connection:
        for node in ("secupgrade:U-1", "cooperation:c007"):
            links = why(connection, metadata, registry, node).links
            told = {(one.source, one.relation, one.target) for one in links}
            assert {there, back} <= told
            assert ("secupgrade:U-1", "stands under", "cooperation:i.nss-2012") in told
            for one in links:
                if "secupgrade:U-1" in (one.source, one.target):
                    assert one in dependents(connection, metadata, registry, one.target)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"title": None}, ["UPGRADE-TEXT"]),
        ({"currency": "yen"}, ["UPGRADE-TEXT"]),
        ({"evaluation_ref": "0.83 to 0.91"}, ["UPGRADE-TEXT"]),
        ({"aim": "more"}, ["UPGRADE-VALUE"]),
        ({"category": "V"}, ["UPGRADE-VALUE"]),
        ({"facility": "XHG-"}, ["UPGRADE-FACILITY"]),
        ({"partner_cost_minor": 1_000_001}, ["UPGRADE-COST"]),
        ({"cost_minor": -1}, ["UPGRADE-COST"]),
        ({"currency": None}, ["UPGRADE-COST"]),
        ({"install_by": day("2025-01-01")}, ["UPGRADE-DAYS"]),
        ({"commitment": "c999"}, ["UPGRADE-COOPERATION"]),
        ({"instrument": "i.none"}, ["UPGRADE-COOPERATION"]),
    ],
)
def test_terms_that_are_refused(
    books: SmallBooks, more: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(RefusedError) as error:
        record(books, "NEW", **more)
    assert codes(error) == expected


def test_what_is_told_beside(books: SmallBooks, sqlite_url: str) -> None:
    done = record(books, "U-4", partner="ELSEWHERE", commitment=None)
    assert [one.code for one in done.findings] == ["UPGRADE-PARTNER"]
    fresh = SmallBooks(sqlite_url, XHP1=PLANT)
    assert {one.code for one in record(fresh, "U-1").findings} == {"UPGRADE-UNCHECKED"}


def test_recorded_anew(books: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        record(books, "U-2", facility="XH")
    assert codes(error) == ["UPGRADE-ANEW"] * 2
    record(books, "U-6")
    record(books, "U-6", title="Another title", reason="a slip")
    assert read(books, "U-6").values["title"] == "Another title"


def test_every_step_that_the_table_does_not_allow(books: SmallBooks) -> None:
    for state in {*STATES, "reviewed", "gone"} - STEPS["planned"]:
        with pytest.raises(RefusedError) as error:
            step(books, "U-2", state, "2025-03-01", sustained="yes", next_review=day("2027-01-01"))
        assert codes(error) == ["UPGRADE-STEP"]
    with pytest.raises(RefusedError) as error:
        step(books, "U-2", "cancelled", "2025-03-01")
    assert codes(error) == ["UPGRADE-STEP"]
    with pytest.raises(RefusedError) as error:
        step(books, "NONE", "started", "2025-03-01")
    assert codes(error) == ["UPGRADE-UNKNOWN"]
    ahead = datetime.date.today() + datetime.timedelta(days=30)
    with pytest.raises(RefusedError) as error:
        step(books, "U-2", "started", ahead.isoformat())
    assert codes(error) == ["UPGRADE-DAYS"]


def test_nobody_accepts_what_they_installed(books: SmallBooks) -> None:
    record(books, "U-5")
    step(books, "U-5", "started", "2025-01-02")
    step(books, "U-5", "installed", "2025-01-03")
    for who, by in ((SITE, None), (SITE, "P-OTHER"), (OFFICE, "P-SITE")):
        with pytest.raises(RefusedError) as error:
            step(books, "U-5", "accepted", "2025-01-04", who, by=by)
        assert codes(error) == ["UPGRADE-SAME-PERSON"]
    with pytest.raises(RefusedError) as error:
        step(books, "U-5", "started", "2025-01-04")
    assert codes(error) == ["UPGRADE-STEP"]
    step(books, "U-5", "started", "2025-01-04", reason="it was not accepted")
    with pytest.raises(RefusedError) as error:
        step(books, "U-5", "installed", "2025-01-03")
    assert codes(error) == ["UPGRADE-DAYS"]


def test_the_pipeline_holds_whoever_posts(books: SmallBooks) -> None:
    line = {
        "scope": SCOPE, "upgrade": "U-1", "before": "planned", "state": "ended",
        "on_day": 20260901, "by_person": "P-SITE",
    }  # fmt: skip
    made = Draft("protection.upgrade", "x")
    made.add("security_upgrade_step", line)
    with pytest.raises(RefusedError) as error:
        post(books.database, made, SITE)
    assert codes(error) == ["UPGRADE-STEP"]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(sorted({s for some in STEPS.values() for s in some})), max_size=12))
def test_no_way_leads_out_of_the_end(taken: list[str]) -> None:
    state, steps = "planned", []
    for one in taken:
        if one in STEPS[state]:
            steps.append({"before": state, "state": one, "next_review": 20270101})
            state = state_after(state, one)
    made = Upgrade({"start_by": None}, tuple(steps))
    assert made.state == state and state in STATES
    final = {"ended", "cancelled"}
    assert all(one["before"] not in final for one in steps)
    assert (made.due is None) == (state != "handed_over")


# --- commands ------------------------------------------------------------------------------------

COMMANDS = typer.Typer()
add_upgrades(COMMANDS)
COMMANDS.callback()(lambda: None)


def run(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, *given: str) -> Result:
    monkeypatch.setattr(Given, "db", str(books.database.url))
    monkeypatch.setenv("KEIRYO_PERSON", "P-SITE")
    return CliRunner().invoke(COMMANDS, ["upgrade", *given])


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)


def test_commands(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def site(*given: str) -> Result:
        return run(books, monkeypatch, *given)

    terms = ["--facility", "XHF-", "--title", "Fence", "--partner", "JP.JAEA", "--aim", "replace"]
    done(site("record", "U-7", *terms, "--install-by", "2025-05-31", "--commitment", "c007"))
    done(site("step", "U-7", "started", "--on", "2025-02-01"))
    listed = json.loads(done(site("list", "--overdue", "--on", "2025-06-01", "--format", "json")))
    assert "U-7" in [one["upgrade"] for one in listed]
    assert json.loads(done(site("list", "--partner", "NONE", "--format", "json"))) == []
    shown = json.loads(done(site("show", "U-7", "--on", "2025-05-01", "--format", "json")))
    assert (shown["state"], shown["days_left"]) == ("started", 30)
    assert "started" in done(site("show", "U-7", "--format", "table"))
    boards = json.loads(done(site("board", "--format", "json")))
    assert {one["partner"] for one in boards} >= {PARTNER, "JP.JAEA"}
    assert "c007" in done(site("board", "--partner", "JP.JAEA", "--format", "table"))
    assert isinstance(site("show", "NONE").exception, NotFoundError)
    file = tmp_path / "upgrades.csv"
    heads = "upgrade,facility,title,partner,aim,cost_minor,currency,start_by\n"
    good = "U-8,XHF-,Gate,JP.JAEA,sustain,100,JPY,2025-01-01\n"
    file.write_text(heads + good + good.replace("U-8", "U-9").replace("100", "1.5"))
    error = site("record", "--file", str(file)).exception
    assert isinstance(error, RefusedError)
    assert [(one.code, one.line) for one in error.findings] == [("UPGRADE-CELL", 3)]
    file.write_text(heads + good)
    assert "Recorded 1 lines" in done(site("record", "--file", str(file), "--format", "table"))
    steps = tmp_path / "steps.csv"
    steps.write_text("upgrade,state,on\nU-8,started,2025-01-01\nU-8,installed,2025-01-02\n")
    assert "Recorded 2 lines" in done(site("step", "--file", str(steps), "--format", "table"))
