"""An event plan as its sheets tell it, and the smallest wrong plan for each finding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.public_events.plan_checks import plan_findings
from keiryo.public_events.sheets import SHEETS, read_folder, read_sheets

FOLDER = Path(__file__).parents[1] / "data" / "public_event"
WRONG = [
    ("PUBLIC-EVENT-DAYS", "event", "2027-07-20,2027-07-25", "2027-07-20,2027-07-19"),
    ("PUBLIC-EVENT-DAYS", "phases", "2027-01-10", "2027-07-01"),
    ("PUBLIC-EVENT-DAYS", "sweeps", "07-20T07:30", "07-19T07:30"),
    ("PUBLIC-EVENT-UNKNOWN", "zones", "inner,stadium", "inner,hall"),
    ("PUBLIC-EVENT-UNKNOWN", "shifts", "PPM-1", "PPM-2"),
    ("PUBLIC-EVENT-NO-SURVEY", "venues", "2027-06-15", ""),
    ("PUBLIC-EVENT-SURVEY-LATE", "venues", "2027-06-15", "2027-07-21"),
    ("PUBLIC-EVENT-NO-SWEEP", "sweeps", "sweep1,stadium", "sweep1,hall"),
    ("PUBLIC-EVENT-NO-LOCKDOWN", "venues", "2027-07-20T08:00+09:00", ""),
    ("PUBLIC-EVENT-SWEEP-LATE", "sweeps", "T07:30", "T08:01"),
    ("PUBLIC-EVENT-SWEEP-BARE", "sweeps", ",BP-1", ","),
    ("PUBLIC-EVENT-NO-PLACE", "posts", "60,80,,", ",,,"),
    ("PUBLIC-EVENT-NO-PLACE", "posts", "60,80,,", ",,139,35"),
    ("PUBLIC-EVENT-SOURCE", "instruments", "own", "bought"),
    ("PUBLIC-EVENT-NO-LOAN", "instruments", "lent,L-1,yes", "lent,,yes"),
    ("PUBLIC-EVENT-CALIBRATION", "instruments", "2027-11-30", "2027-07-24"),
    ("PUBLIC-EVENT-LOAN-ENDS", "instruments", "2027-09-30", "2027-07-24"),
    ("PUBLIC-EVENT-LEAD-TIME", "instruments", "2027-02-01", "2027-05-03"),
    ("PUBLIC-EVENT-CERTIFICATE", "teams", "2028-03-31", "2027-07-24"),
    ("PUBLIC-EVENT-CERTIFICATE", "teams", "C-201", ""),
    ("PUBLIC-EVENT-POST-EMPTY", "shifts", "day1,south", "day1,north2"),
    ("PUBLIC-EVENT-NO-TEAM", "shifts", "south,blue", "south,"),
    ("PUBLIC-EVENT-NO-INSTRUMENT", "shifts", "PPM-1 BP-1", ""),
    ("PUBLIC-EVENT-TWO-PLACES", "shifts", "PPM-1 BP-1", "PPM-1 RIID-1"),
    ("PUBLIC-EVENT-TWO-PLACES", "sweeps", "T07:30", "T08:00:01"),
    ("PUBLIC-EVENT-NO-NEUTRONS", "shifts", "PPM-1 BP-1", "BP-1"),
    ("PUBLIC-EVENT-TWICE", "zones", "inner", "gate"),
    ("PUBLIC-EVENT-CELL", "posts", "60,80", "60,nan"),
    ("PUBLIC-EVENT-CELL", "shifts", "16:00+09:00", "16:00"),
    ("PUBLIC-EVENT-SHEET", "authority", "deputy", "other"),
]


def sheets() -> dict[str, tuple[str, bytes]]:
    return {one: (f"{one}.csv", (FOLDER / f"{one}.csv").read_bytes()) for one in SHEETS}


def codes(contents: Mapping[str, tuple[str, bytes]]) -> set[str]:
    plan, found = read_sheets(contents)
    return {one.code for one in (*found, *plan_findings(plan))}


def test_nothing_is_wrong_with_the_example() -> None:
    plan, found = read_folder(FOLDER)
    assert [*found, *plan_findings(plan)] == []
    assert plan.event is not None
    assert plan.rows["shifts"][0]["starts"] == "2027-07-19T23:00:00.000000Z"


@pytest.mark.parametrize(("code", "sheet", "old", "new"), WRONG)
def test_smallest_wrong_plan(code: str, sheet: str, old: str, new: str) -> None:
    given = sheets()
    content = given[sheet][1].decode()
    assert old in content
    given[sheet] = (given[sheet][0], content.replace(old, new, 1).encode())
    assert code in codes(given)


@pytest.mark.parametrize("sheet", SHEETS)
def test_any_sheet_may_be_damaged(sheet: str) -> None:
    for content in (b"", b"\xff\xfe\x00", b"a,a\n1,2\n", b"q\n" * 3):
        assert "PUBLIC-EVENT-SHEET" in codes(sheets() | {sheet: (f"{sheet}.csv", content)})


def test_commands(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["public-event", "check", str(FOLDER)]).exit_code == 0
    empty = runner.invoke(app, ["public-event", "check", str(tmp_path)])
    assert empty.exit_code == 1 and "the sheet posts is missing" in empty.stdout
