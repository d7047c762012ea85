"""The findings about the area: what is open, what was answered, by whom and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import or_, select

from keiryo.audit.pages import CsvFile, Html, Pages, columns, names, shown
from keiryo.audit.sources import Work
from keiryo.dates import date_number, number_date
from keiryo.journal.tables import FINDING, FINDING_ANSWER
from keiryo.reports.tables import REPORT

FINDINGS_CSV = names(
    "state code severity report entry label category found expected message advice basis "
    "file file_line cell act line recorded_at answer answered_by answered_at owner due_on"
)
_HEADS = columns(
    "State | Code | Severity | Report/entry | What is wrong | What to do | Act/line | Answer | "
    "Answered by | Owner | Due on"
)
_OWNER = "finding_owner"
_SHOWN_FIRST = 20


class Findings:
    """What was written about findings.

    Attributes
    ----------
    count, still_open : int
    first_open : list of Html
        List items for the first page, at most twenty.
    """

    def __init__(self) -> None:
        self.count = self.still_open = 0
        self.first_open: list[Html] = []


def write_findings(work: Work) -> Findings:
    """Write the findings about the area, in the order in which they were recorded."""
    made = Findings()
    with (
        Pages(work.folder, "findings", f"Findings about {work.mba}", _HEADS) as pages,
        CsvFile(work.folder, "findings.csv", FINDINGS_CSV) as out,
    ):
        for row in _findings(work):
            _write(work, row, made, pages, out)
    return made


def _findings(work: Work) -> Iterator[Any]:
    """Yield the findings that name the area or were recorded in its scope."""
    table = work.metadata.tables[FINDING.name]
    query = (
        select(table)
        .where(
            or_(
                table.c.mba == work.mba,
                (table.c.mba.is_(None)) & (table.c.scope == work.area.scope),
            ),
            table.c.act_id <= work.checkpoint.act_id,
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    result = work.connection.execute(query, execution_options={"yield_per": 1000})
    later = _later_reports(work)
    for row in result.mappings():
        if row["report"] not in later:
            yield row


def _later_reports(work: Work) -> set[str]:
    """Return the numbers of the reports that were not known yet on the day of knowledge."""
    if work.knowledge.known_on is None:
        return set()
    table = work.metadata.tables[REPORT.name]
    day = date_number(work.knowledge.known_on)
    query = select(table.c.report_no).where(table.c.mba == work.mba, table.c.report_date > day)
    return {str(number) for (number,) in work.connection.execute(query)}


def _write(work: Work, row: Any, made: Findings, pages: Pages, out: CsvFile) -> None:
    sources = work.sources
    act_id, line_no = int(row["act_id"]), int(row["line_no"])
    sources.use(act_id, line_no)
    answer = _answer(work, act_id, line_no)
    state = "answered" if answer is not None and answer["state"] == "closed" else "open"
    made.count += 1
    place = row["report"] or ""
    if row["entry_no"] is not None:
        place += f"/{row['entry_no']}"
    if state == "open":
        made.still_open += 1
        if len(made.first_open) < _SHOWN_FIRST:
            made.first_open.append(
                Html(f"<li><strong>{shown(row['code'])}</strong> {shown(place)}: "
                     f"{shown(row['message'])}</li>\n")
            )  # fmt: skip
    who = when = words = None
    if answer is not None:
        sources.use(int(answer["act_id"]), int(answer["line_no"]))
        act = sources.act(int(answer["act_id"]))
        who, when, words = act.person, act.recorded_at, answer["answer"]
    owner, due = _owner(work, act_id, line_no)
    pages.row(
        [state, row["code"], row["severity"], place, row["message"], row["advice"],
         Html(f"{sources.act_link(act_id)}/{line_no}"), words, who, owner, due],
        anchor=f"finding-{act_id}-{line_no}",
    )  # fmt: skip
    out.row(
        [state, row["code"], row["severity"], row["report"], row["entry_no"], row["label"],
         row["category"], row["found"], row["expected"], row["message"], row["advice"],
         row["basis"], row["file"], row["file_line"], row["cell"], act_id, line_no,
         sources.act(act_id).recorded_at, words, who, when, owner, due]
    )  # fmt: skip


def _answer(work: Work, act_id: int, line_no: int) -> Any:
    """Return the latest answer to a finding, or None."""
    return _latest(work, FINDING_ANSWER.name, act_id, line_no)


def _owner(work: Work, act_id: int, line_no: int) -> tuple[str | None, str | None]:
    """Return who is to answer a finding, and by when."""
    if _OWNER not in work.metadata.tables:
        return None, None
    row = _latest(work, _OWNER, act_id, line_no)
    if row is None:
        return None, None
    due = row["due_on"]
    return str(row["owner"]), None if due is None else str(number_date(due))


def _latest(work: Work, name: str, act_id: int, line_no: int) -> Any:
    table = work.metadata.tables[name]
    query = (
        select(table)
        .where(
            table.c.finding_act == act_id,
            table.c.finding_line == line_no,
            table.c.act_id <= work.checkpoint.act_id,
        )
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    return work.connection.execute(query).mappings().first()
