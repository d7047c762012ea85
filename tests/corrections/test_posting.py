"""Corrections in the books: posted on both databases, known from their date on, explained."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cases.making import change, line, listed
from corrections.state_xa import ACTOR, DAY, books, reports
from keiryo.accounts.balance import balance
from keiryo.accounts.model import Knowledge
from keiryo.corrections.explanation import explained
from keiryo.corrections.model import DELETE, Choices
from keiryo.corrections.planner import plan
from keiryo.corrections.service import (
    area_of_report,
    filings_now,
    finish_plans,
    plan_correction,
    post_plan,
    write_plan,
)
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.verify import verify
from keiryo.quantities import Category
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database
from small_books import SmallBooks, area, batch

WRONG = {"630": "51", "670": "2.3"}
CHOICES = Choices(DAY, "weighing slip misread")


def weights(database: Database, mba: str, code: str, **known: Any) -> tuple[int, int | None]:
    with database.reading() as connection:
        found = balance(
            connection,
            database.metadata,
            mba,
            start=datetime.date(2025, 1, 1),
            end=datetime.date(2025, 12, 31),
            knowledge=Knowledge(**known),
        )
    amount = found.lines[code][Category.ENRICHED]
    return amount.element_mg, amount.fissile_mg


def test_posted_chain_is_known_from_its_date_on(database_url: str) -> None:
    database = books(database_url)
    plan = plan_correction(database, None, 106, 2, WRONG, CHOICES)
    posted = post_plan(database, plan, ACTOR)
    assert posted.complete and not posted.summary.open_findings
    assert [o.report for o in posted.summary.outcomes] == [
        *("XA/XAFA/111", "XA/XAFA/112", "XA/XALA/19", "XA/XALA/20")
    ]
    for mba, code, old, new in (
        ("XALA", "RD", (50_000, 2_225), (51_000, 2_300)),
        ("XALA", "DI", (130, 6), (1_130, 81)),
        ("XALA", "BA", (61_870, 2_753), (61_870, 2_753)),
        ("XAFA", "MF", (812_346, 36_118), (811_346, 36_043)),
    ):
        assert weights(database, mba, code, known_on=datetime.date(2026, 2, 9)) == old
        assert weights(database, mba, code, known_on=DAY) == new
        assert weights(database, mba, code) == new
    again = post_plan(database, plan, ACTOR)
    assert {o.outcome for o in again.summary.outcomes} == {"recorded before"}
    assert again.plan_act == posted.plan_act
    assert verify(database).sound
    chain = explained(database, "XAFA", 106, 2)
    assert [(link["entry"], link["status"]) for link in chain] == [
        *(("XAFA 106/2", "N"), ("XAFA 111/1", "C"))
    ]
    assert chain[1]["note"] == "WEIGHING SLIP MISREAD. 630 WAS 50 G, 670 WAS 2.225 G."
    assert chain[1]["plan_act"] == posted.plan_act
    assert [step["entry"] for step in chain[1]["followed"]][:2] == ["XA/XALA/19/1", "XA/XALA/19/2"]
    assert explained(database, "XALA", 19, 2)[1]["follows_from"] == "XA/XAFA/106/2"
    with pytest.raises(NotFoundError):
        explained(database, "XALA", 19, 9)


def test_all_or_nothing(sqlite_url: str) -> None:
    database = books(sqlite_url)
    plan = plan_correction(database, "XAFA", 106, 2, WRONG, CHOICES)
    other = plan_correction(database, "XALA", 12, 2, {"kmp": "2"}, CHOICES)
    assert post_plan(database, other, ACTOR).complete  # takes number 19 of XALA
    before = filings_now(database)
    with pytest.raises(RefusedError) as refused:
        post_plan(database, plan, ACTOR)
    assert {f.code for f in refused.value.findings} == {"SEQ-DUP"}
    after = filings_now(database)
    assert [len(a.reports) for a in before.areas.values()] == [
        len(a.reports) for a in after.areas.values()
    ]
    impossible = plan_correction(database, "XAFA", 106, 9, WRONG, CHOICES)
    with pytest.raises(RefusedError):
        post_plan(database, impossible, ACTOR)
    assert area_of_report(after, 31) == "XARA"
    with pytest.raises(NotFoundError):
        area_of_report(after, 999)


def test_an_interrupted_posting_is_finished(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = books(sqlite_url)
    plan = plan_correction(database, "XAFA", 106, 2, WRONG, CHOICES)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("keiryo.corrections.service.import_reports", stopped)
        with pytest.raises(KeyboardInterrupt):
            post_plan(database, plan, ACTOR)
    assert weights(database, "XALA", "RD") == (50_000, 2_225)
    (finished,) = finish_plans(database, ACTOR)
    assert finished.complete and len(finished.summary.outcomes) == 4
    assert weights(database, "XALA", "RD") == (51_000, 2_300)
    assert finish_plans(database, ACTOR) == []


def test_an_operator_posts_the_own_part_only(sqlite_url: str, tmp_path: Path) -> None:
    database = books(sqlite_url)
    plan = plan_correction(database, "XAFA", 106, 2, WRONG, CHOICES)
    posted = post_plan(database, plan, ACTOR, only_own=True)
    assert [r.key for r in posted.proposals] == ["XA/XALA/19", "XA/XALA/20"]
    assert {f.code for f in posted.summary.open_findings} == {"TRANSIT-WEIGHT"}
    assert finish_plans(database, ACTOR) == []  # proposals are not missing
    paths = write_plan(posted.proposals, tmp_path / "for-xala")
    assert [p.name for p in paths] == ["XA-XALA-19-I.txt", "XA-XALA-20-M.txt"]
    result = read_files([(p.name, p.read_bytes()) for p in paths])
    assert not result.findings and tuple(result.reports) == posted.proposals


def two_years(url: str) -> SmallBooks:
    """An item area with two closed periods; FE-1 is received in the first and stays."""
    small = SmallBooks(url, XHFA=area("item", batch("FA-1", 1, "B/Q/2/F", _630="400", _670="18")))
    receipt = change(
        "RF", "20250310", "FE-1", "630:500 670:20", mdc="B/Q/2/F", basis="N", items=1,
        shipper="XB/XBAA", receiver="XH/XHFA", shipper_batch="FE-1",
    )  # fmt: skip
    small.send("XHFA", 1, receipt, date="20250410", period="20250301/20250331")
    number = 2
    for year, begin, arrived in (
        ("2025", "630:400 670:18", True),
        ("2026", "630:900 670:38", False),
    ):
        end = "630:900 670:38"
        sent, pit = f"{int(year) + 1}0115", f"{year}1231"
        entries = [listed("FA-1", "630:400 670:18", mdc="B/Q/2/F", basis="L", items=1),
                   listed("FE-1", "630:500 670:20", mdc="B/Q/2/F", basis="L", items=1)]  # fmt: skip
        small.send("XHFA", number, *entries, date=sent, period=pit, kind="P")
        lines = [line("PB", begin), *([line("RF", "630:500 670:20")] if arrived else []),
                 line("BE", end), line("BA", end), line("PE", end),
                 line("MF", "630:0 670:0")]  # fmt: skip
        small.send("XHFA", number + 1, *lines, date=sent, period=f"{year}0101/{pit}", kind="M")
        number += 2
    return small


def test_later_periods_follow_where_their_listing_does(sqlite_url: str) -> None:
    small = two_years(sqlite_url)
    filed = filings_now(small.database)
    assert len(filed.areas["XHFA"].balances) == 2
    choices = Choices(datetime.date(2027, 2, 1), "certificate", follow_listing=True)
    plan = plan_correction(small.database, None, 1, 1, {"630": "510"}, choices)
    done = [(s.report_type, s.refers.text if s.refers else "", s.code) for s in plan.steps]
    assert done == [
        ("I", "XHFA 1/1", "RF"),
        ("P", "XHFA 2/2", None),
        ("P", "XHFA 4/2", None),
        *[("M", f"XHFA 3/{n}", code) for n, code in ((2, "RF"), (3, "BE"), (4, "BA"), (5, "PE"))],
        *[("M", f"XHFA 5/{n}", code) for n, code in ((1, "PB"), (2, "BE"), (3, "BA"), (4, "PE"))],
    ]
    assert {f.code for f in plan.appearing} == {"CORR-DIFF"}
    assert [r.type for r in plan.reports] == ["I", "P", "P", "M", "M"]
    assert post_plan(small.database, plan, ACTOR_XH).complete
    still = plan_correction(
        small.database, None, 1, 1, {"630": "520"}, Choices(datetime.date(2027, 3, 1))
    )
    assert {s.address.report for s in still.steps if s.report_type == "M"} == {12}  # 2025 only
    assert any("PB of the period after it stays" in remark for remark in still.remarks)


def test_a_date_across_the_end_of_a_period(sqlite_url: str) -> None:
    small = two_years(sqlite_url)
    choices = Choices(datetime.date(2027, 2, 1), "arrived in January")
    plan = plan_correction(small.database, "XHFA", 1, 1, {"date": "2026-01-03"}, choices)
    told = [
        (s.address.report, s.status, s.refers.text if s.refers else "", s.code,
         {label: new for label, _, new in s.changes}.get("630"))
        for s in plan.steps
    ]  # fmt: skip
    assert told == [
        (6, "D", "XHFA 1/1", "RF", None),
        (6, "A", "XHFA 1/2", "RF", None),
        (7, "D", "XHFA 3/2", "RF", None),
        (7, "C", "XHFA 3/3", "BE", "400 g"),
        (7, "C", "XHFA 3/4", "BA", "400 g"),
        (7, "C", "XHFA 3/6", "MF", "-500 g"),
        (8, "A", "XHFA 5/6", "RF", None),
        (8, "C", "XHFA 5/2", "BE", "1400 g"),
        (8, "C", "XHFA 5/3", "BA", "1400 g"),
        (8, "C", "XHFA 5/5", "MF", "500 g"),
    ]
    assert sum("MF of this item area" in d.question for d in plan.decisions) == 4
    assert post_plan(small.database, plan, ACTOR_XH).complete


ACTOR_XH = type(ACTOR)("P-1", "XH")


def test_command(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from keiryo.cli.corrections import register

    books(sqlite_url).close()
    monkeypatch.setenv("KEIRYO_DB", str(tmp_path / "books.sqlite"))
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["correct", *words])
        if isinstance(done.exception, UsageError | NotFoundError):
            raise done.exception
        return done.exit_code, done.stdout

    sets = ("--set", "element=51", "--set", "fissile=2.3", "--date", "2026-02-10")
    code, text = run("XAFA/106/2", *sets)
    assert code == 0 and "XALA 19/2 corrects 13/1 DI LEU-SMP-25" in text
    assert "Nothing was recorded; add --post to post this." in text
    code, text = run("106/2", *sets, "--format", "json", "--out", str(tmp_path / "out"))
    data = json.loads(text)
    assert code == 0 and data["possible"] and data["posted"] is None
    assert [Path(f).name for f in data["files"]] == [
        *("XA-XAFA-111-I.txt", "XA-XAFA-112-M.txt", "XA-XALA-19-I.txt", "XA-XALA-20-M.txt")
    ]
    assert data["effects"][0]["line"] == "SD" and data["effects"][0]["element_after"] == "1844884.5"
    code, text = run("106/9", "--delete", "--format", "json")
    assert code == 1 and json.loads(text)["findings"][0]["rule"] == "CORRECT-ENTRY"
    for words in (("106/2",), ("106", "--delete"), ("106/2", "--set", "630"),
                  ("XAFA/106/2", "--mba", "XARA", "--delete"), ("106/2", "107/1", "--delete"),
                  ("106/2", *sets, "--post", "--only-own")):  # fmt: skip
        with pytest.raises(UsageError):
            run(*words)
    code, text = run("106/2", *sets, "--post", "--reason", "slip misread")
    assert code == 0 and "XA/XALA/20 accepted" in text
    code, text = run("show", "XALA/13/1")
    assert code == 0 and "follows from the correction of XA/XAFA/106/2" in text
    code, text = run("show", "106/2", "--format", "json")
    assert json.loads(text)[1]["changes"][0] == {"label": "630", "before": "50 g", "after": "51 g"}
    code, text = run("finish")
    assert (code, text) == (0, "No posting was interrupted.\n")
    code, text = run("106/2", "--set", "items=2", "--format", "csv")
    assert code == 0 and text.startswith("entry,status,refers,code,batch,changes,reason\n")


def test_corrections_of_what_was_added_and_corrected_before(sqlite_url: str) -> None:
    """One entry through its whole life: another date, another weight, another date, deleted."""
    database = books(sqlite_url)
    story: list[tuple[str, int, Any, list[str]]] = [
        ("106/1", 10, {"date": "2025-05-18"}, ["D 106/1", "A 105/2"]),
        ("105/2", 11, {"630": "3405.3"}, ["C 105/2"]),
        ("105/2", 12, {"date": "2025-06-19"}, ["D 112/1", "A 106/5"]),
        ("112/1", 13, DELETE, []),
        ("106/5", 14, {"element": "3405.4"}, ["C 106/5"]),
        ("106/5", 15, DELETE, ["D 115/1"]),
    ]
    for entry, day, wanted, expected in story:
        report_no, entry_no = map(int, entry.split("/"))
        choices = Choices(datetime.date(2026, 2, day))
        plan = plan_correction(database, "XAFA", report_no, entry_no, wanted, choices)
        told = [f"{s.status} {s.refers.report}/{s.refers.entry}" for s in plan.steps
                if s.refers and s.report_type == "I"]  # fmt: skip
        assert told == expected, entry
        if expected:
            assert post_plan(database, plan, ACTOR).complete
        else:
            assert {f.code for f in plan.findings} == {"CORRECT-ENTRY"}
    lines = explained(database, "XAFA", 106, 5)
    assert [line["status"] for line in lines] == ["A", "C", "D"]
    assert verify(database).sound


def test_a_number_that_was_used_twice_is_not_corrected(sqlite_url: str) -> None:
    first = next(r for r in reports() if (r.mba, r.number) == ("XAFA", 106))
    database = books(sqlite_url)
    second = replace(first, encoder="SOMEBODY,E.")
    files = [("again.txt", write([second]).encode())]
    done = import_reports(database, files, ACTOR, accept_reason="The State took both.")
    assert done.outcomes[0].outcome == "accepted"
    choices = Choices(DAY)
    made = plan_correction(database, "XAFA", 106, 4, {"630": "1300"}, choices)
    assert not made.possible and "does not say which report" in made.findings[-1].message
    alone = plan(filings_now(database), "XAFA", 106, 4, {"630": "1300"}, choices)
    assert alone.possible
    with pytest.raises(RefusedError) as refused:
        post_plan(database, alone, ACTOR)
    assert [f.code for f in refused.value.findings] == ["CORRECT-ENTRY"]
