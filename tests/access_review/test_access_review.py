"""Access held against books: a shipment, a seal, a correction, where an item is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from access_control.setups import events_of, given, setup_of
from cases.making import change
from keiryo.access_control.case_file import read_case
from keiryo.access_control.events import read_events_file
from keiryo.access_control.irregularity import Irregularity
from keiryo.access_control.review import review
from keiryo.access_review.collect import with_books
from keiryo.access_review.places import happening
from keiryo.cli.app import app
from keiryo.errors import NotFoundError, UsageError
from keiryo.protection.inputs import Node
from seals.seal_books import SealBooks, opened
from small_books import ACTOR, STORE, SmallBooks

DAY = {"from": "2025-01-10", "to": "2025-01-20", "places": {"XHS1": "Z1"}}
SHIPPED = change("SF", "20250110", "FA-2", "630:300 670:3 700:2", receiver="ZZ/ZZZZ", items=1,
                 mdc="B/Q/1/G")  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SealBooks:
    """Books in which an element left on 10 January, and a seal was put on the other one."""
    made = opened(tmp_path_factory.mktemp("review"))
    made.small.send("XHS1", 1, SHIPPED)
    made.attached(at=3600)
    return made


def fired(books: Any, folder: Path, rows: str, **case: Any) -> dict[str, list[Irregularity]]:
    """Return what does not fit, by rule; rows are of 10 January."""
    setup = setup_of()
    file = folder / "log.csv"
    events = None
    if rows:
        events_of(folder, rows)
        file.write_text(file.read_text().replace("2027-05-31", "2025-01-10"))
        events = read_events_file(file, setup)
    read = read_case(Node({**DAY, **case}), setup)
    with books.database.reading() as connection:
        full = with_books(connection, books.database.metadata, read)
    found: dict[str, list[Irregularity]] = {}
    for one in review(full, setup, events).irregularities:
        found.setdefault(one.rule, []).append(one)
    return found


ONE = "08:00:00,a,D2,in,granted,1\n09:00:00,a,D2,out,granted,2"
BOTH = f"{ONE}\n08:10:00,b,D2,in,granted,3\n08:20:00,b,D2,out,granted,4"


def test_a_shipment_wants_two_persons_on_its_day(books: SealBooks, tmp_path: Path) -> None:
    (alone,) = fired(books, tmp_path, ONE)["X2"]
    assert alone.records[0].startswith("line:")
    assert alone.present == ("a",)
    assert "X2" not in fired(books, tmp_path, BOTH)


def test_a_shipment_wants_a_work_order(books: SealBooks, tmp_path: Path) -> None:
    order = {"id": "w", "areas": ["Z1"], "start": "2025-01-10T07:00:00Z"}
    assert "X1" in fired(books, tmp_path, ONE, work_order=[])
    fits = [{**order, "end": "2025-01-10T08:00:00Z", "items": ["FA-2"]}]
    assert "X1" not in fired(books, tmp_path, ONE, work_order=fits)


def test_a_seal_without_anything_in_the_ledger(books: SealBooks, tmp_path: Path) -> None:
    (seal,) = fired(books, tmp_path, ONE)["X4"]
    assert "attached" in seal.message


def test_where_the_books_have_an_item(books: SealBooks, tmp_path: Path) -> None:
    check = {"id": "k", "area": "Z1", "at": "2025-01-12T16:00:00Z", "items": ["FA-1"]}
    assert "X6" not in fired(books, tmp_path, ONE, item_check=[check])
    both = [{**check, "items": ["FA-1", "FA-2"]}]
    (gone,) = fired(books, tmp_path, ONE, item_check=both)["X6"]
    assert "item:FA-2" in gone.records


def test_a_correction_by_the_same_person(tmp_path: Path) -> None:
    made = SmallBooks(f"sqlite:///{tmp_path / 'b.sqlite'}", XHS1=STORE)
    made.send("XHS1", 1, SHIPPED)
    again = [("309", "C/XH;1/1"), *[one for one in SHIPPED if one[0] != "309"]]
    again = [(label, "301G" if label == "630" else text) for label, text in again]
    made.send("XHS1", 2, again)
    now = {"from": "2025-01-10", "to": "2099-01-20", "places": {"XHS1": "Z1"}}
    (one,) = fired(made, tmp_path, "", **now)["X10"]
    assert "who had entered it" in one.message


def test_when_and_where_a_line_happened(books: SealBooks) -> None:
    row = books.rows("inventory_change")[0]
    node = f"line:{row['act_id']}/{row['line_no']}"
    (attached,) = [one for one in books.rows("seal_event") if one["event"] == "attach"]
    with books.database.reading() as connection:
        metadata = books.database.metadata
        day = happening(connection, metadata, node)
        instant = happening(
            connection, metadata, f"line:{attached['act_id']}/{attached['line_no']}"
        )
        for wrong, error in (
            ("line:999999/1", NotFoundError),
            (f"line:{row['act_id']}/9999", NotFoundError),
            ("batch:XHS1/FA-1#1", UsageError),
            ("line:1/1/1", UsageError),
        ):
            with pytest.raises(error):
                happening(connection, metadata, wrong)
    assert day.end_ns - day.start_ns + 1 == 86_400_000_000_000
    assert day.areas({"XHS1": "Z1"}) == ("Z1",)
    assert day.areas({f"XHS1:{row['kmp']}": "Z2", "XHS1": "Z1"}) == ("Z2",)
    assert instant.start_ns == instant.end_ns
    assert day.recorded_by == ACTOR.person


def test_commands_on_books(books: SealBooks, tmp_path: Path) -> None:
    (tmp_path / "setup.json").write_text(json.dumps(given()))
    (tmp_path / "case.json").write_text(json.dumps(DAY))
    events_of(tmp_path, ONE)
    file = tmp_path / "log.csv"
    file.write_text(file.read_text().replace("2027-05-31", "2025-01-10"))
    shared = ["--setup", str(tmp_path / "setup.json"), "--log", str(file)]
    shared += ["--db", str(books.database.url).removeprefix("sqlite:///")]
    run = CliRunner().invoke
    done = run(app, ["protection", "correlate", str(tmp_path / "case.json"), *shared, "--books"])
    assert done.exit_code == 1, done.output
    assert {one["rule"] for one in json.loads(done.stdout)["irregularities"]} == {"X2", "X4"}
    row = books.rows("inventory_change")[0]
    node = f"line:{row['act_id']}/{row['line_no']}"
    where = ["--case", str(tmp_path / "case.json")]
    who = run(app, ["protection", "who-was-there", node, *shared, *where])
    assert [one["person"] for one in json.loads(who.stdout)["persons"]] == ["a"]
    lost = run(app, ["protection", "who-was-there", node, *shared])
    assert lost.exit_code != 0
