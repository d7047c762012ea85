"""What a status report says, as plain text in English or Japanese, for every form of it.

Verbs, wordings and quotations stand as they were written and are never translated; where a joint
text has both languages, the one of the report is taken.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from typing import Any

from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.meetings import Item, promised
from keiryo.cooperation.status_report import StatusLine, StatusReport
from keiryo.data import read_table
from keiryo.dates import number_date
from keiryo.errors import UsageError

LANGUAGES = ("en", "ja")
COLUMNS = ("number", "item", "last", "change", "next", "owner", "date")


class Words:
    """The fixed words of a report in one language.

    Raises
    ------
    UsageError
        If there are none in that language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UsageError(
                f"there are no reports in {language[:20]!r}", f"One of {', '.join(LANGUAGES)}."
            )
        self.language = language
        self.table: Mapping[str, str] = _texts()[language]

    def __getitem__(self, name: str) -> str:
        return self.table[name]

    def day(self, day: datetime.date) -> str:
        """Return a day as it is written in the language."""
        if self.language == "ja":
            return f"{day.year}年{day.month}月{day.day}日"
        return day.isoformat()

    def chosen(self, values: Mapping[str, Any], field: str) -> str:
        """Return a text in the language of the report, or else in the other one."""
        both = [str(values[name] or "") for name in (field, f"{field}_ja")]
        if self.language == "ja":
            both.reverse()
        return both[0] or both[1]


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return read_table("status_report")


def document(report: StatusReport, language: str = "en") -> dict[str, Any]:
    """Return all that a report says, as plain data: every leaf is text.

    Parameters
    ----------
    report : StatusReport
    language : {"en", "ja"}

    Raises
    ------
    UsageError
        If there are no words in that language.
    """
    words = Words(language)
    return {
        "language": language,
        "title": words["title"],
        "subtitle": words.chosen(report.meeting.values, "title"),
        "header": _header(report, words),
        "columns": [words[name] for name in COLUMNS],
        "groups": [
            {
                "title": words["plenary"] if group is None else words.chosen(group, "title"),
                "lines": [_line(one, report, words) for one in lines],
            }
            for group, lines in report.groups
        ],
        "empty": "" if report.groups else words["no_items"],
        "sections": [*_decisions(report, words), *_attendance(report, words)],
        "joint": _joint(report, words),
        "trace": [
            [words["act"], str(report.act_id)],
            [words["digest"], report.digest],
        ],
        "words": {name: words[name] for name in ("page", "of", "joint", "english", "japanese")},
    }


def _header(report: StatusReport, words: Words) -> list[list[str]]:
    meeting, last = report.meeting, report.previous
    days = words.day(meeting.on)
    if meeting.last_day != meeting.on:
        days = f"{days} {words['to']} {words.day(meeting.last_day)}"
    previous = words["none"]
    if last is not None:
        title = words.chosen(last.values, "title")
        previous = words["separator"].join((title, words.day(last.on)))
    pairs = (
        ("body", f"{report.body_title} ({meeting.body})"),
        ("meeting", meeting.name),
        ("days", days),
        ("location", str(meeting.values["location"] or "")),
        ("state", words[f"meeting_{meeting.state}"]),
        ("last_meeting", previous),
        ("on", words.day(report.on)),
        ("published", words["published_yes" if meeting.is_public else "published_no"]),
    )
    return [[words[name], value] for name, value in pairs if value]


def _line(line: StatusLine, report: StatusReport, words: Words) -> dict[str, Any]:
    values, due = line.item.values, line.item.due
    owner = "" if report.public_only else str(values["owner"] or "")
    date = "" if due is None else words.day(due)
    late = due is not None and line.item.is_open and due < report.on
    return {
        "number": str(line.item.number),
        "title": words.chosen(values, "title"),
        "closed": "" if line.item.is_open else words["closed"],
        "last": _last(line, words),
        "change": _change(line, words),
        "next": str(values["next_step"] or ""),
        "owner": owner,
        "date": date,
        "overdue": words["overdue"] if late else "",
        "commitment": []
        if line.commitment is None
        else _commitment(line.commitment, line.item, report.on, words),
    }


def _last(line: StatusLine, words: Words) -> str:
    if line.before is not None:
        said = words.chosen(line.before.values, "words")
        said = said or words.chosen(line.before.values, "title")
        return f"{said} ({line.before.name})"
    if line.commitment is not None:
        return f"{promised(line.commitment)} ({words['as_promised']})"
    return words["no_last"]


def _change(line: StatusLine, words: Words) -> str:
    said = [str(line.item.values["change"] or "")]
    for one in line.steps:
        states = (words[f"state_{one[name]}"] for name in ("before", "state"))
        day = words.day(number_date(int(one["on_day"])))
        said.append(f"{' → '.join(states)} ({day}): {one['reason']}")
    return "\n".join(one for one in said if one) or words["no_change"]


def _commitment(
    one: StandingCommitment, item: Item, on: datetime.date, words: Words
) -> list[list[str]]:
    """Return what a commitment is, as pairs: verb as written, state, due, sources."""
    values, due = one.register.values, one.due
    between = words["separator"]
    state = words[f"state_{one.state}"]
    if due is not None:
        state += between + words["review" if due.review else "due"] + " " + words.day(due.day)
    if one.overdue(on):
        state += between + words["overdue"]
    degree = words[f"strength_{values['strength']}"]
    said = promised(one)
    pairs = [
        [words["commitment"], one.name if said == item.values["title"] else f"{one.name}: {said}"],
        [words["who"], between.join(one.register.names("actors"))],
        [words["verb"], f"“{values['modality']}” ({degree})"],
        [words["state"], state],
    ]
    for quoted in one.register.quotations:
        where = f"{quoted['source']} {words['paragraph']} {quoted['paragraph']}"
        first, last = quoted["first_line"], quoted["last_line"]
        lines = f"{words['line']} {first}"
        if last != first:
            lines = f"{words['lines']} {first}–{last}"
        where += between + lines
        pairs.append([words["source"], f"“{quoted['words']}” — {where}"])
    return [pair for pair in pairs if pair[1]]


def _decisions(report: StatusReport, words: Words) -> list[dict[str, Any]]:
    rows = [
        [
            f"{report.meeting.name}/{one['item']}",
            str(one["commitment"]),
            str(one["words"]),
            str(one["words_ja"] or ""),
        ]
        for one in report.decisions()
    ]
    heads = [words[name] for name in ("item_words", "commitment", "english", "japanese")]
    return _section(words["decisions"], heads, rows)


def _attendance(report: StatusReport, words: Words) -> list[dict[str, Any]]:
    rows = [
        [
            str(row["organisation"]),
            report.titles.get(str(row["organisation"]), ""),
            "" if row["persons"] is None else str(row["persons"]),
            str(row["head"] or ""),
        ]
        for row in report.meeting.attendance
    ]
    heads = [words["organisation"], "", words["persons"], words["head"]]
    return _section(words["attendance"], heads, rows)


def _section(title: str, heads: list[str], rows: list[list[str]]) -> list[dict[str, Any]]:
    return [{"title": title, "heads": heads, "rows": rows}] if rows else []


def _joint(report: StatusReport, words: Words) -> list[list[str]]:
    """Return the joint text in both languages, side by side: of the meeting, then of its items."""
    values = report.meeting.values
    told = [["", str(values["words"] or ""), str(values["words_ja"] or "")]]
    for line in sorted(report.lines, key=lambda one: one.item.number):
        own = line.item.values
        label = f"{words['item_words']} {line.item.number}"
        told.append([label, str(own["words"] or ""), str(own["words_ja"] or "")])
    return [one for one in told if one[1] or one[2]]
