"""The deadlines board: what is due from the books, and what fulfils it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import keiryo
from cases.making import EMPTY, change, deleted, line, listed
from keiryo.cli import deadlines as commands
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.oversight.deadlines import (
    Duty,
    calendar_from,
    deadlines,
    next_inventory_due,
    read_sent,
    summary,
)
from keiryo.profile_files import read_profiles
from keiryo.profiles import Profile, profile
from small_books import ACTOR, PLANT, STORE, SmallBooks

FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
MODEL = profile("code10", date(2026, 1, 1))
NUMBER = count()
LD = "630:5 670:0.2"


def board(
    books: SmallBooks | keiryo.Books, on: str, rules: Profile = MODEL, **more: Any
) -> list[Duty]:
    with books.database.reading() as connection:
        day = date.fromisoformat(on)
        return deadlines(connection, books.database.metadata, day, rules, **more)


def rows(found: list[Duty], *kinds: str) -> list[str]:
    """Return duties as text: area, kind, period, due, state, report."""
    return [
        " ".join(filter(None, (d.mba, d.kind, d.period, d.due.isoformat(), d.state, d.report)))
        for d in found
        if not kinds or d.kind in kinds
    ]


def record(books: SmallBooks, kind: str, **values: Any) -> int:
    """Post one line and return its act."""
    draft = Draft("test.record", f"test-{next(NUMBER)}")
    draft.add(kind, scope="XH/XHF-/XHFA", **values)
    return post(books.database, draft, ACTOR).act.act_id


def discard(books: SmallBooks, day: int, **more: Any) -> int:
    values = {
        "mba": "XHFA",
        "known_on": day,
        "code": "LD",
        "event_date": day,
        "batch": "W",
        "category": "E",
        "element_mg": 5000,
        "fissile_mg": 200,
        "fissile_basis": "U-235",
    }
    return record(books, "inventory_change", **{**values, **more})


def issue(books: SmallBooks, number: int, letter: str, dated: int, first: int, last: int) -> None:
    record(
        books,
        "issued_report",
        country="XH",
        mba="XHFA",
        facility="XHF-",
        report_no=number,
        report_type=letter,
        report_date=dated,
        encoder="A",
        period_from=first,
        period_to=last,
        through_act=1,
        profile="code10",
        entry_count=1,
        digest="0",
    )


def state(books: SmallBooks, number: int, act: int) -> None:
    """Record that an issued report states the first line of an act."""
    record(
        books,
        "issued_record",
        mba="XHFA",
        report_no=number,
        record_kind="OI",
        record_no=1,
        content="001:OI/XH;1#",
        source_act=act,
        source_line=1,
    )


def first_line(books: SmallBooks, act: int) -> int:
    table = books.database.metadata.tables["inventory_change"]
    with books.database.reading() as connection:
        found = connection.execute(table.select().where(table.c.act_id == act)).mappings().first()
    assert found is not None
    return int(found["line_no"])


@pytest.fixture
def plant(database_url: str) -> Iterator[SmallBooks]:
    books = SmallBooks(database_url, XHFA=PLANT)
    yield books
    books.database.close()


@pytest.fixture
def small(sqlite_url: str) -> Iterator[SmallBooks]:
    books = SmallBooks(sqlite_url, XHFA=PLANT, XHST=STORE)
    yield books
    books.database.close()


@pytest.fixture(scope="module")
def state_xa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[keiryo.Books]:
    url = f"sqlite:///{tmp_path_factory.mktemp('xa') / 'books.sqlite'}"
    books = keiryo.init(url, "XA", person="P-CASE")
    names = [FOLDER / f"{mba}.txt" for mba in ("XAFA", "XARA", "XALA")]
    assert books.import_reports(names, context=FOLDER / "context.json").complete
    yield books
    books.disconnect()


# --- the worked example ---------------------------------------------------------------------------


def test_state_xa_at_the_end(state_xa: keiryo.Books) -> None:
    found = board(state_xa, "2026-03-01")
    assert summary(found) == {"done": 22, "open": 3}
    fabrication = [d for d in found if d.mba == "XAFA"]
    assert rows(fabrication) == [
        "XAFA ICR 2025-02 2025-03-30 done 102",
        "XAFA ICR 2025-03 2025-04-30 done 103",
        "XAFA ICR 2025-04 2025-05-30 done 104",  # its correction in report 106 changes nothing
        "XAFA ICR 2025-05 2025-06-30 done 105",
        "XAFA ICR 2025-06 2025-07-30 done 106",
        "XAFA ICR 2025-09 2025-10-30 done 107",
        "XAFA ICR 2025-11 2025-12-30 done 108",
        "XAFA PIT 2025-01-01/2025-12-31 2025-12-31 done",
        "XAFA MBR 2025-12-31 2026-01-30 done 109",
        "XAFA PIL 2025-12-31 2026-01-30 done 110",
        "XAFA PIT 2026-01-01/2026-12-31 2026-12-31 open",
    ]
    april = fabrication[2]
    assert (april.dated, april.days_left) == (date(2025, 5, 9), -275)


def test_state_xa_as_of_earlier_days(state_xa: keiryo.Books) -> None:
    """A report counts from its date; the board of a day does not know what came later."""
    undone = [d for d in board(state_xa, "2025-04-15") if not d.done]
    assert rows(undone, "ICR") == ["XAFA ICR 2025-04 2025-05-30 open"]
    january = board(state_xa, "2026-01-18")
    assert rows([d for d in january if not d.done], "PIL", "MBR") == [
        "XAFA MBR 2025-12-31 2026-01-30 due soon",
        "XAFA PIL 2025-12-31 2026-01-30 due soon",
        "XARA MBR 2025-12-31 2026-01-30 due soon",
        "XARA PIL 2025-12-31 2026-01-30 due soon",
    ]
    assert not rows([d for d in january if not d.done and d.mba == "XALA"], "PIL", "MBR", "ICR")
    assert rows(board(state_xa, "2025-05-09", mba="XAFA"), "ICR")[-1].endswith("done 104")
    assert rows(board(state_xa, "2025-05-08", mba="XAFA"), "ICR")[-1].endswith("open")


def test_state_xa_under_other_profiles(state_xa: keiryo.Books) -> None:
    on = date(2026, 1, 25)
    kingdom = board(state_xa, str(on), profile("united_kingdom", on), mba="XAFA")
    assert "XAFA PIL 2025-12-31 2026-01-14 done late 110" in rows(kingdom)
    japan = board(state_xa, str(on), profile("japan", on), mba="XARA")
    assert rows(japan) == [
        "XARA ICR 2025-10 2025-11-15 done 31",
        "XARA nuclear production and loss 2025-10 2025-11-15 done 31",
        "XARA form 5 on production and loss per supplier party 2025-10 2025-11-30 overdue",
        "XARA form 5 per supplier party 2025-10 2025-11-30 overdue",
        "XARA PIL 2025-12-31 2026-01-15 done late 33",
        "XARA form 10 per supplier party 2025-12-31 2026-01-31 due soon",
    ]
    party = next(d for d in japan if d.kind == "form 5 per supplier party")
    assert (party.in_books, party.form) == (
        False,
        "5, if the operator records per batch; otherwise 6",
    )
    sent = {("XARA", party.kind, "2025-10"): date(2025, 12, 2)}
    told = board(state_xa, str(on), profile("japan", on), mba="XARA", sent=sent)
    assert next(d for d in told if d.kind == party.kind).state == "done late"


def test_state_xa_in_canada(state_xa: keiryo.Books) -> None:
    found = board(state_xa, "2025-06-26", profile("canada", date(2025, 6, 26)), mba="XAFA")
    assert rows(found, "ICD", "GL")[-4:] == [
        "XAFA GL 2025-05 2025-06-10 overdue",
        "XAFA ICD 2025-06-18 2025-06-19 overdue",
        "XAFA ICD 2025-06-25 2025-06-26 due soon",
        "XAFA GL 2025-06 2025-07-09 due soon",
    ]
    rules = profile("canada", date(2026, 1, 25))
    differences = rows(board(state_xa, "2026-01-25", rules), "report on inventory difference")
    assert differences == []  # the item area has none; the others are not counted in items


# --- reports, and what they fulfil ----------------------------------------------------------------


def test_received_reports_fulfil_the_month_of_the_change(plant: SmallBooks) -> None:
    plant.send("XHFA", 1, change("LD", "20250104", "W1", LD), date="20250210")
    feb = change("LD", "20250204", "W2", LD)
    plant.send("XHFA", 2, feb, date="20250402", period="20250201/20250228")
    found = board(plant, "2025-04-02")
    assert rows(found, "ICR") == [
        "XHFA ICR 2025-01 2025-03-02 done 1",
        "XHFA ICR 2025-02 2025-03-30 done late 2",
    ]
    assert rows(board(plant, "2025-03-31"), "ICR")[-1] == "XHFA ICR 2025-02 2025-03-30 overdue"
    assert rows(board(plant, "2025-03-30"), "ICR")[-1] == "XHFA ICR 2025-02 2025-03-30 due soon"
    assert rows(board(plant, "2025-03-15"), "ICR")[-1] == "XHFA ICR 2025-02 2025-03-30 open"
    assert rows(board(plant, "2025-02-03"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 open"]


def test_corrections_do_not_make_a_month_late(plant: SmallBooks) -> None:
    plant.send("XHFA", 1, change("LD", "20250104", "W1", LD), date="20250210")
    fixed = change("LD", "20250104", "W1", "630:6 670:0.2", status="C/XH;1/1")
    added = change("LD", "20250109", "W3", LD, status="A")
    plant.send("XHFA", 2, fixed, added, date="20250501", period="20250401/20250430")
    assert rows(board(plant, "2025-06-01"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 done 1"]
    plant.send("XHFA", 3, deleted("XH;2/1"), date="20250601", period="20250501/20250531")
    assert rows(board(plant, "2025-07-01"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 done 1"]


def test_two_reports_of_one_month(plant: SmallBooks) -> None:
    plant.send("XHFA", 1, change("LD", "20250104", "W1", LD), date="20250210")
    late = plant.send("XHFA", 2, change("LD", "20250105", "W2", LD), date="20250401")
    assert late.outcome == "accepted", late.findings
    assert rows(board(plant, "2025-04-02"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 done late 2"]
    assert rows(board(plant, "2025-03-01"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 due soon"]


def test_a_refused_report_fulfils_nothing(plant: SmallBooks) -> None:
    outcome = plant.send("XHFA", 1, change("QQ", "20250104", "W1", LD), date="20250210")
    assert outcome.outcome == "refused"
    assert rows(board(plant, "2025-06-01"), "ICR") == []


def test_changes_that_no_report_states(plant: SmallBooks) -> None:
    act = discard(plant, 20250104)
    assert rows(board(plant, "2025-03-03"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 overdue"]
    issue(plant, 1, "I", 20250227, 20250101, 20250131)
    assert rows(board(plant, "2025-03-03"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 overdue"]
    state(plant, 1, act)
    assert rows(board(plant, "2025-03-03"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 done 1"]
    assert rows(board(plant, "2025-02-26"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 due soon"]


def test_a_correction_is_due_by_when_it_came(plant: SmallBooks) -> None:
    outcome = plant.send("XHFA", 1, change("LD", "20250104", "W1", LD), date="20250210")
    assert outcome.act_id is not None
    supersedes = {"supersedes_act": outcome.act_id}
    supersedes["supersedes_line"] = first_line(plant, outcome.act_id)
    discard(plant, 20250104, known_on=20250511, status="C", **supersedes)
    assert rows(board(plant, "2025-06-01"), "ICR") == [
        "XHFA ICR 2025-01 2025-03-02 done 1",
        "XHFA ICR 2025-05 2025-06-30 open",
    ]


def test_a_correction_before_reporting_takes_the_place_of_the_entry(plant: SmallBooks) -> None:
    act = discard(plant, 20250104)
    discard(plant, 20250105, known_on=20250511, status="C", supersedes_act=act, supersedes_line=1)
    assert rows(board(plant, "2025-06-01"), "ICR") == ["XHFA ICR 2025-01 2025-03-02 overdue"]


def test_listings_and_balances(plant: SmallBooks) -> None:
    plant.listing("XHFA", 1, [listed("LEU-1", "630:1000 670:45"), listed("NAT-1", "610:50")])
    assert rows(board(plant, "2026-02-01"), "PIL", "MBR", "PIT") == [
        "XHFA PIT 2025-01-01/2025-12-31 2025-12-31 done",
        "XHFA MBR 2025-12-31 2026-01-30 overdue",
        "XHFA PIL 2025-12-31 2026-01-30 done 1",
        "XHFA PIT 2026-01-01/2026-12-31 2026-12-31 open",
    ]
    issue(plant, 2, "M", 20260202, 20250101, 20251231)
    assert "XHFA MBR 2025-12-31 2026-01-30 done late 2" in rows(board(plant, "2026-02-03"))


def test_a_balance_without_its_listing(plant: SmallBooks) -> None:
    lines = [line("PB", "630:1000 670:45"), line("PE", "630:1000 670:45")]
    year = {"date": "20260115", "period": "20250101/20251231"}
    outcome = plant.send("XHFA", 1, *lines, kind="M", reason="no listing yet", **year)
    assert outcome.outcome == "accepted", outcome.findings
    found = rows(board(plant, "2026-02-01"), "PIL", "MBR", "PIT")
    assert "XHFA MBR 2025-12-31 2026-01-30 done 1" in found
    assert "XHFA PIL 2025-12-31 2026-01-30 overdue" in found


def test_an_empty_area_lists_too(plant: SmallBooks) -> None:
    outcome = plant.send(
        "XHFA", 1, EMPTY, kind="P", date="20260115", period="20251231", reason="empty"
    )
    assert outcome.outcome == "accepted", outcome.findings
    assert "XHFA PIL 2025-12-31 2026-01-30 done 1" in rows(board(plant, "2026-02-01"))


def test_the_next_physical_inventory(small: SmallBooks) -> None:
    assert rows(board(small, "2025-12-01"), "PIT") == [
        "XHFA PIT 2025-01-01/2025-12-31 2025-12-31 open",
        "XHST PIT 2025-01-01/2025-12-31 2025-12-31 open",
    ]
    assert rows(board(small, "2026-01-01", mba="XHFA"), "PIT")[0].endswith("overdue")
    euratom = board(small, "2025-11-10", profile("euratom", date(2025, 11, 10)), mba="XHFA")
    assert rows(euratom, "programme of the physical inventory") == [
        "XHFA programme of the physical inventory 2025-12-31 2025-11-21 due soon"
    ]
    assert rows(euratom, "programme of activities") == [
        "XHFA programme of activities 2025 2025-12-31 open"
    ]


@pytest.mark.parametrize(
    ("last", "months", "yearly", "due"),
    [
        ("2024-12-31", 14, True, "2025-12-31"),
        ("2025-01-10", 14, True, "2026-03-10"),
        ("2025-03-31", 14, True, "2026-05-31"),
        ("2025-12-31", 14, False, "2027-02-28"),
        ("2025-06-30", None, True, "2026-12-31"),
        ("2025-06-30", None, False, None),
    ],
)
def test_interval_of_inventories(
    last: str, months: int | None, yearly: bool, due: str | None
) -> None:
    found = next_inventory_due(date.fromisoformat(last), months, yearly)
    assert found == (None if due is None else date.fromisoformat(due))


def test_the_initial_report(small: SmallBooks) -> None:
    entries = [listed("LEU-1", "630:1000 670:45")]
    more = {"in_force": date(2025, 1, 5)}
    assert rows(board(small, "2025-02-01", mba="XHFA"), "initial") == []
    assert rows(board(small, "2025-02-01", mba="XHFA", **more), "initial") == [
        "XHFA initial 2025-01-31 2025-03-02 open"
    ]
    small.send("XHFA", 1, *entries, kind="P", date="20250220", period="20250131", reason="first")
    assert rows(board(small, "2025-03-01", mba="XHFA", **more), "initial") == [
        "XHFA initial 2025-01-31 2025-03-02 done 1"
    ]


def notice(books: SmallBooks, name: str, **more: Any) -> None:
    values = {"notice": name, "direction": "export", "mba": "XHFA", "partner": "XB"}
    record(books, "advance_notice", **{**values, "state": "open", **more})


def test_advance_notices(plant: SmallBooks) -> None:
    notice(plant, "N1", prepared_on=20260320, transfer_on=20260401, safeguarded=0)
    notice(plant, "N2", direction="import", transfer_on=20260320)
    notice(plant, "N3", prepared_on=20260320, state="withdrawn")
    assert rows(board(plant, "2026-02-25"), "advance notice") == [
        "XHFA advance notice 2026-03-20 2026-03-06 due soon",
        "XHFA advance notice 2026-03-20 2026-03-20 open",
    ]
    notice(
        plant, "N1", prepared_on=20260320, transfer_on=20260401, safeguarded=0,
        notified_on=20260310,
    )  # fmt: skip
    found = board(plant, "2026-03-11")
    assert rows(found, "advance notice")[0] == (
        "XHFA advance notice 2026-03-20 2026-03-06 done late N1"
    )
    assert found[0].subject is None or "N1" in found[0].subject
    assert not rows(found, "confirmation of receipt")
    after = rows(board(plant, "2026-05-01"), "confirmation of receipt")
    assert after == ["XHFA confirmation of receipt 2026-04-01 2026-07-01 open"]


def test_a_difference_in_item_form(small: SmallBooks) -> None:
    """Canada asks for a report where an item area does not balance, and there only."""
    fuel = [listed("FA-2", "630:300 670:3 700:2", items=1)]
    for number, missing in ((1, listed("FA-1", "630:400 670:18", items=1)), (3, None)):
        day, period = ("20250403", "20250331") if missing else ("20250703", "20250630")
        outcome = small.send(
            "XHST", number, *fuel, *([missing] if missing else []),
            kind="P", date=day, period=period, reason="a test",
        )  # fmt: skip
        assert outcome.outcome == "accepted", outcome.findings
    found = board(small, "2025-07-10", profile("canada", date(2025, 7, 10)))
    assert rows(found, "report on inventory difference") == [
        "XHST report on inventory difference 2025-06-30 2025-07-30 open"
    ]
    assert rows(found, "LII") == [
        "XHST LII 2025-03-31 2025-04-09 done 1",
        "XHST LII 2025-06-30 2025-07-09 done 3",
    ]


# --- the edges of the question --------------------------------------------------------------------


def test_what_cannot_be_asked(small: SmallBooks) -> None:
    with pytest.raises(NotFoundError, match="no MBA XXXX"):
        board(small, "2025-06-01", mba="XXXX")
    for day in ("0001-01-01", "9999-12-31"):
        with pytest.raises(UsageError, match="no deadlines can be counted"):
            board(small, day)
    text = "mba,kind,period,sent_on\nXHFA,GL,2025-01,2025-02-03\n"
    assert read_sent(text) == {("XHFA", "GL", "2025-01"): date(2025, 2, 3)}
    with pytest.raises(UsageError, match="line 2: period, sent_on is missing"):
        read_sent("mba,kind\nXHFA,GL\n")
    with pytest.raises(UsageError, match="line 2: 'soon' is not a date"):
        read_sent("mba,kind,period,sent_on\nXHFA,GL,2025-01,soon\n")


def test_monthly_reports_of_a_profile_of_ones_own(small: SmallBooks) -> None:
    text = """
        [[profile]]
        name = "monthly"
        like = "code10"
        title = "a report each month, changes or not"
        source = "x"
        status = "design"
        valid_from = 2020-01-01
        [[duty]]
        kind = "ICR"
        report = "I"
        trigger = "month"
        base = "end_of_month"
        days = 5
        source = "x"
        status = "design"
    """
    tables, findings = read_profiles(text.encode(), "own.toml")
    assert not findings
    small.send("XHFA", 1, change("LD", "20250104", "W1", LD), date="20250203")
    rules = profile("monthly", date(2025, 3, 6), tables)
    assert rows(board(small, "2025-03-06", rules, mba="XHFA"), "ICR") == [
        "XHFA ICR 2025-01 2025-02-05 done 1",
        "XHFA ICR 2025-02 2025-03-05 overdue",
        "XHFA ICR 2025-03 2025-04-05 open",
    ]


few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@few
@given(st.dates(date(2024, 12, 31), date(2027, 6, 30)), st.integers(0, 200))
def test_time_only_adds(state_xa: keiryo.Books, first: date, days: int) -> None:
    """What is done stays done; what is undone never gets more time."""
    later = date.fromordinal(first.toordinal() + days)
    before = {(d.mba, d.kind, d.period): d for d in board(state_xa, str(first))}
    after = {(d.mba, d.kind, d.period): d for d in board(state_xa, str(later))}
    assert before.keys() <= after.keys()
    for key, duty in before.items():
        assert after[key].due == duty.due
        if duty.done:
            assert after[key].state == duty.state
        assert duty.done or (duty.state == "overdue") == (duty.due < first)


# --- the commands ---------------------------------------------------------------------------------


@pytest.fixture
def app() -> typer.Typer:
    found = typer.Typer()
    commands.register(found)
    return found


def run(app: typer.Typer, *arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_command(app: typer.Typer, state_xa: keiryo.Books, tmp_path: Path) -> None:
    db = state_xa.database.url
    result = run(app, "deadlines", "--on", "2026-01-18", "--db", db, "--format", "json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert list(data[0])[:5] == ["mba", "kind", "period", "due", "state"]
    assert {row["state"] for row in data} == {"done", "open", "due soon"}
    ics = tmp_path / "due.ics"
    result = run(app, "deadlines", "--on", "2026-01-18", "--db", db, "--ics", ics)
    assert "due in 12 d" in result.stdout and "18 done, 4 due soon, 3 open." in result.stdout
    assert "done by" not in result.stdout
    assert ics.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    result = run(app, "deadlines", "--on", "2026-03-01", "--db", db, "--all", "--mba", "XALA")
    assert "2025-07-30  done   XALA  ICR" in result.stdout
    holidays, sent = tmp_path / "off.txt", tmp_path / "sent.csv"
    holidays.write_text("2025-06-26\n")
    sent.write_text("mba,kind,period,sent_on\nXAFA,GL,2025-05,2025-06-10\n")
    options = ("--profile", "canada", "--mba", "XAFA", "--holidays", holidays, "--sent", sent)
    result = run(app, "deadlines", "--on", "2025-06-27", "--db", db, *options, "--format", "json")
    listed_rows = json.loads(result.stdout)
    assert [r["due"] for r in listed_rows if r["period"] == "2025-06-25"] == ["2025-06-27"]
    assert [r["state"] for r in listed_rows if r["period"] == "2025-05"] == ["done"]


def test_command_with_a_profile_file(
    app: typer.Typer, state_xa: keiryo.Books, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[profile]]\nname = "mine"\nlike = "code10"\ntitle = "x"\nsource = "x"\n'
        'status = "design"\nvalid_from = 2020-01-01\n[[duty]]\nkind = "ICR"\nreport = "I"\n'
        'trigger = "change_month"\nbase = "end_of_month"\ndays = 3\nsource = "x"\n'
        'status = "design"\n'
    )
    options = ("--db", state_xa.database.url, "--on", "2026-01-31", "--profile-file", own)
    result = run(app, "deadlines", *options, "--all", "--format", "csv")
    assert "XAFA,ICR,2025-02,2025-03-03,done late,102" in result.stdout
    assert "mine" in run(app, "profile", "list", "--profile-file", own).stdout
    own.write_text(own.read_text().replace("days = 3", 'days = "three"'))
    result = run(app, "deadlines", *options)
    assert isinstance(result.exception, RefusedError)
    (finding,) = result.exception.findings
    assert finding.code == "PROFILE-FIELD" and "'days' is 'three'" in finding.message


def test_commands_of_profiles(app: typer.Typer) -> None:
    names = ("code10", "hl_split", "euratom", "united_kingdom", "canada", "japan", "usa", "france")
    result = run(app, "profile", "list")
    assert result.exit_code == 0, result.output
    assert all(name in result.stdout for name in names)
    for name in names:
        result = run(app, "profile", "show", name, "--format", "json")
        assert result.exit_code == 0, result.output
        data = json.loads(result.stdout)
        assert data["code_tables"] or data["duties"]
        assert run(app, "profile", "show", name).exit_code == 0
    data = json.loads(run(app, "profile", "show", "japan", "--format", "json").stdout)
    party = next(d for d in data["duties"] if d["kind"] == "form 10 per supplier party")
    assert (party["due"], party["form"]) == (
        "1 month after",
        "10, if recorded per batch; otherwise 11",
    )


def test_calendar_leaves_out_what_is_long_done(state_xa: keiryo.Books) -> None:
    found = board(state_xa, "2026-06-01")
    kept = calendar_from(date(2026, 6, 1), found)
    assert {d.due for d in found} - {d.due for d in kept} == {
        date(2025, 3, 30), date(2025, 4, 30), date(2025, 5, 30)
    }  # fmt: skip
