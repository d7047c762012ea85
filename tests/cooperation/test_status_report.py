"""The status report of a meeting: one line per item, as PDF, Word document and Markdown."""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

import docx
import pytest
import typer
from typer.testing import CliRunner

import keiryo
from keiryo.api import Books
from keiryo.cli.cooperation_meetings import register
from keiryo.cli.options import Given
from keiryo.cooperation.meeting_acts import (
    Attendance,
    ItemChange,
    MeetingPlan,
    Minutes,
    WorkingGroup,
    make_agenda,
    plan_meeting,
    record_group,
    record_minutes,
    revise_item,
)
from keiryo.cooperation.meeting_decisions import Decision, decide
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.cooperation.status_report import StatusReport, status_report
from keiryo.cooperation.status_report_forms import as_docx, as_file_of, as_markdown, as_pdf
from keiryo.cooperation.status_report_text import Words, document
from keiryo.cooperation.steps import Care, StepWanted, take_care, take_step
from keiryo.data import read_table
from keiryo.errors import KeiryoError, NotFoundError, RefusedError, UsageError

BODY = "b.bilateral-commission"
FIRST, SECOND = datetime.date(2012, 7, 24), datetime.date(2013, 11, 4)
WORDS = "The two sides agreed to hold a workshop <script> *by* March 2013 | #x."
WORDS_JA = "双方は、2013年3月までにワークショップを開催することで一致した。"


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "XA", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    return made


@pytest.fixture
def met(books: Books) -> Books:
    """Two meetings of the commission: the first was held and decided, the second is prepared."""
    database, actor = books.database, books.actor
    for name, title_ja, area in (
        ("security", "核セキュリティ作業部会", "nuclear-security"),
        ("research", "民生用原子力研究開発作業部会", "rd-exchange"),
    ):
        title = f"Working group on {name}"
        record_group(database, actor, WorkingGroup(BODY, name, title, title_ja, (area,)))
    plan_meeting(
        database,
        actor,
        MeetingPlan("m.first", BODY, FIRST, title_ja="第1回二国間委員会", location="Tokyo"),
    )
    make_agenda(database, actor, "m.first")
    item = ItemChange(title="Workshop", working_group="security", words=WORDS, words_ja=WORDS_JA)
    _act, number = revise_item(database, actor, "m.first", item)
    held = Minutes((Attendance("US.DOE", 12, "Deputy Secretary"), Attendance("JP.METI")))
    record_minutes(database, actor, "m.first", held)
    workshop = Decision(
        ("US.DOE", "JP.METI"),
        "agreed to",
        "hold a workshop",
        area="nuclear-security",
        due=datetime.date(2013, 3, 31),
        owner="P-OWNER",
    )
    _act2, name = decide(database, actor, "m.first", number, workshop)
    day = datetime.date(2013, 2, 1)
    take_step(database, actor, StepWanted(name, "active", day, "the room is booked"))
    take_care(database, actor, "c019", Care(next_action="propose a day"))
    plan_meeting(database, actor, MeetingPlan("m.second", BODY, SECOND, location="Washington"))
    make_agenda(database, actor, "m.second")
    return books


def report(books: Books, name: str = "m.second", **more: Any) -> StatusReport:
    with books.database.reading() as connection:
        return status_report(connection, books.database.metadata, name, **more)


def line_about(told: dict[str, Any], word: str) -> dict[str, Any]:
    lines = [one for group in told["groups"] for one in group["lines"]]
    return next(one for one in lines if word in str(one["commitment"]) or word in one["title"])


def test_one_line_for_each_item(met: Books) -> None:
    told = document(report(met))
    assert [group["title"] for group in told["groups"]] == [
        "Plenary",
        "Working group on security",
        "Working group on research",
    ]
    carried = line_about(told, "Workshop")
    assert carried["last"] == f"{WORDS} (m.first/6)" and carried["change"] == "no change recorded"
    workshop = line_about(told, "c.first.6")
    assert workshop["last"] == "“agreed to” hold a workshop (as promised)"
    assert workshop["change"] == "agreed → active (2013-02-01): the room is booked"
    assert (workshop["owner"], workshop["date"]) == ("P-OWNER", "2013-03-31")
    assert workshop["overdue"] == "overdue"
    pairs = dict(workshop["commitment"])
    assert pairs["Verb as written"] == "“agreed to” (undertaking)"
    assert pairs["State"] == "active, due 2013-03-31, overdue"
    sources = [value for name, value in workshop["commitment"] if name == "Source"]
    assert sources[0] == f"“{WORDS}” — m.first paragraph 6, line 1"


def test_nothing_is_promoted(met: Books) -> None:
    told = document(report(met))
    anticipated = line_about(told, "c019")
    assert anticipated["title"].startswith("“anticipated” hold the first meeting")
    assert anticipated["last"].startswith("“anticipated” hold the first meeting")
    assert anticipated["next"] == "propose a day"  # as it is looked after by now
    pairs = dict(anticipated["commitment"])
    assert pairs["Verb as written"] == "“anticipated” (wish, opinion or possibility)"
    assert pairs["State"].startswith("proposed, to be reviewed ")
    assert "S2 paragraph 4" in pairs["Source"]
    for group in report(met).groups:
        for line in group[1]:
            if line.commitment is not None:
                assert line.to_dict()["commitment"]["modality"] in str(
                    line_about(told, line.commitment.name)["commitment"]
                )


def test_due_days_are_looked_at_on_a_day(met: Books) -> None:
    before = document(report(met, on=datetime.date(2013, 3, 31)))
    assert line_about(before, "c.first.6")["overdue"] == ""
    assert [one.overdue for one in report(met).lines].count(True) == 1


def test_the_first_meeting_has_decisions_and_attendance(met: Books) -> None:
    told = document(report(met, "m.first"))
    decisions, attendance = told["sections"]
    assert decisions["rows"] == [["m.first/6", "c.first.6", WORDS, WORDS_JA]]
    assert attendance["rows"][0][2:] == ["12", "Deputy Secretary"]
    assert told["joint"] == [["Item 6", WORDS, WORDS_JA]]
    assert report(met, "m.first").to_dict()["decisions"][0]["commitment"] == "c.first.6"


def test_in_japanese(met: Books) -> None:
    told = document(report(met), "ja")
    assert told["title"] == "進捗状況報告書"
    assert told["groups"][1]["title"] == "核セキュリティ作業部会"
    carried = line_about(told, "Workshop")
    assert carried["last"] == f"{WORDS_JA} (m.first/6)"
    pairs = dict(line_about(told, "c.first.6")["commitment"])
    assert pairs["原文の動詞"] == "“agreed to” (約束)"
    assert pairs["状態"] == "実施中、期限 2013年3月31日、期限超過"
    texts = read_table("status_report")
    assert set(texts["en"]) == set(texts["ja"])
    with pytest.raises(UsageError, match="reports in"):
        Words("fr")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_same_books_give_the_same_bytes(met: Books, language: str) -> None:
    for made in (as_pdf, as_docx, as_markdown):
        assert made(report(met), language) == made(report(met), language)
    assert as_pdf(report(met), language).startswith(b"%PDF-")


def test_a_word_document_holds_it_all(met: Books) -> None:
    content = docx.Document(io.BytesIO(as_docx(report(met))))
    cells = [cell.text for table in content.tables for row in table.rows for cell in row.cells]
    assert any("Verb as written: “agreed to”" in one for one in cells)
    assert f"{WORDS} (m.first/6)" in cells and "2013-03-31 overdue" in cells
    assert content.core_properties.author == "keiryo"
    database = met.database
    item = ItemChange(title="a\x08b\x1b", words="x\ud7ff")
    revise_item(database, met.actor, "m.second", item)
    content = docx.Document(io.BytesIO(as_docx(report(met))))
    assert any("ab" in cell.text for one in content.tables for cell in one.column_cells(1))


def test_markdown_shows_words_as_they_are(met: Books) -> None:
    text = as_markdown(report(met)).decode()
    assert "\\<script\\> \\*by\\* March 2013 \\| \\#x." in text
    assert "| No. | Item | Last meeting's wording |" in text
    rows = [one for one in text.splitlines() if one.startswith("| ")]
    assert all(one.replace("\\|", "").count("|") in (3, 4, 5, 8) for one in rows)


def test_what_may_be_published(met: Books) -> None:
    with pytest.raises(RefusedError) as error:
        report(met, "m.first", public_only=True)
    assert [one.code for one in error.value.findings] == ["MEETING-NOT-PUBLIC"]
    minutes = Minutes(public=True, items=(ItemChange(number=6, public=True),))
    record_minutes(met.database, met.actor, "m.first", minutes)
    shown = report(met, "m.first", public_only=True)
    assert [one.item.number for one in shown.lines] == [6]
    assert document(shown)["groups"][0]["lines"][0]["owner"] == ""
    revise_item(met.database, met.actor, "m.first", ItemChange(number=6, public=False))
    assert not list(report(met, "m.first", public_only=True).lines)


def test_what_is_no_report(books: Books) -> None:
    with pytest.raises(NotFoundError):
        report(books, "m.nothing")
    plan_meeting(books.database, books.actor, MeetingPlan("m.empty", BODY, FIRST))
    empty = report(books, "m.empty")
    assert document(empty)["empty"] == "Nothing is on the agenda yet."
    for ending in ("pdf", ".docx", "MD"):
        assert as_file_of(empty, ending)
    with pytest.raises(UsageError, match="no 'odt' file"):
        as_file_of(empty, "odt")


class Terminal:
    """The commands of meetings, alone."""

    def __init__(self) -> None:
        self.app = typer.Typer()
        register(self.app)

    def run(self, *arguments: object) -> str:
        Given.db = Given.format = None
        result = CliRunner().invoke(self.app, list(map(str, arguments)))
        if isinstance(result.exception, KeiryoError):
            raise result.exception
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def answer(self, *arguments: object) -> Any:
        return json.loads(self.run(*arguments, "--format", "json"))


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    place = str(tmp_path / "books.sqlite")
    made = keiryo.init(place, "XA", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    monkeypatch.setenv("KEIRYO_DB", place)
    return Terminal()


def test_from_the_plan_to_the_report(terminal: Terminal, tmp_path: Path) -> None:
    run = terminal.run
    run("meeting", "group", BODY, "security", "--title", "Security", "--area", "nuclear-security")
    run("meeting", "plan", "m.a", BODY, "--on", "2012-07-24", "--to", "2012-07-25")
    proposed = terminal.answer("meeting", "agenda", "m.a", "--check")
    assert len(proposed) == 5 and "m.a" in run("meeting", "list")
    assert terminal.answer("meeting", "show", "m.a")["items"] == []
    assert "Recorded in act" in run("meeting", "agenda", "m.a", "--also", "i.us-jp-2006")
    assert "Nothing is new." in run("meeting", "agenda", "m.a", "--also", "i.us-jp-2006")
    due = ("--owner", "JP.JAEA", "--due", "2013-01-31")
    said = run("meeting", "item", "m.a", "--work", "--title", "Seals", "--words", WORDS, *due)
    assert said.startswith("m.a/11: ")
    run("meeting", "item", "m.a", 11, "--words-ja", WORDS_JA, "--public")
    signed = tmp_path / "signed.txt"
    signed.write_text("signed", encoding="utf-8")
    seats = ("--attended", "US.DOE:12:Deputy Secretary", "--attended", "JP.METI")
    run("meeting", "minutes", "m.a", *seats, "--words", "Text.", "--public", "--file", signed)
    decision = ("--who", "JP.JAEA", "--verb", "agreed to", "--action", "hold a workshop")
    assert run("meeting", "decide", "m.a", 11, *decision).startswith("c.a.11 stands")
    shown = terminal.answer("meeting", "show", "m.a")
    assert shown["state"] == "held" and shown["attendance"][0]["persons"] == 12
    assert [one["commitment"] for one in shown["decisions"]] == ["c.a.11"]
    told = run("meeting", "show", "m.a")
    assert "took part: US.DOE, 12, Deputy Secretary" in told and "c.a.11" in told
    assert (
        terminal.answer("meeting", "list")[0] | {"items": 11, "open": 11}
        == (terminal.answer("meeting", "list", "--body", BODY)[0])
    )
    for name in ("r.pdf", "r.docx", "r.md"):
        said = run("status-report", "m.a", "--out", tmp_path / name, "--language", "ja")
        assert "11 items" in said and (tmp_path / name).stat().st_size > 500
    assert terminal.answer("status-report", "m.a", "--public")["groups"][0]["lines"][0][
        "due_on"
    ] == ("2013-01-31")
    assert run("status-report", "m.a").startswith("# Status report")


def test_what_the_commands_refuse(terminal: Terminal, tmp_path: Path) -> None:
    run = terminal.run
    run("meeting", "plan", "m.a", BODY, "--on", "2012-07-24")
    assert "Nothing is on the agenda" in run("meeting", "show", "m.a")
    for arguments in (
        ("meeting", "plan", "m.b", BODY, "--on", "tomorrow"),
        ("meeting", "minutes", "m.a", "--attended", "US.DOE:many"),
        ("meeting", "minutes", "m.a", "--attended", "US.DOE", "--file", tmp_path / "none"),
        ("status-report", "m.a", "--out", tmp_path / "report.odt"),
        ("status-report", "m.a", "--out", tmp_path / "none" / "report.md"),
        ("status-report", "m.a", "--language", "xx"),
    ):
        with pytest.raises(UsageError):
            run(*arguments)
