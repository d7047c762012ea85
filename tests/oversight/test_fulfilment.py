"""What fulfils duties: what the database puts together is what line after line would give."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import keiryo
from keiryo.dates import date_number, number_date
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.oversight.deadlines import deadlines
from keiryo.oversight.fulfilment import Fulfilment
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.profiles import profile

ACTOR = Actor("P-1", "XH")
MBAS = ("XHFA", "XHST", "XHRA")
SCOPES = {mba: f"XH/XHF-/{mba}" for mba in MBAS}
FIRST = date(2024, 12, 1)
DAYS = 120
CODES = ("LD", "RD", "SD", "LN")
Found = dict[tuple[str, str], dict[str, set[Any]]]


# --- random books ---------------------------------------------------------------------------------


def some_day(draw: random.Random) -> date:
    return FIRST + timedelta(days=draw.randrange(DAYS))


class RandomBooks:
    """Entries of one or two lines, reported, issued, corrected and deleted by chance."""

    def __init__(self, url: str, seed: int) -> None:
        self.draw = random.Random(seed)
        self.books = keiryo.init(url, "XH", person="P-1")
        self.database = self.books.database
        draft = Draft("places.register", client_id="areas")
        for mba in MBAS:
            draft.add(AREA.name, area_values(MaterialBalanceArea("XH", "XHF-", mba, "item")))
        post(self.database, draft, ACTOR)
        self.entries: list[tuple[str, int, int]] = []
        self.superseded: set[tuple[str, int, int]] = set()
        self.report = dict.fromkeys(MBAS, 0)
        for number in range(6):
            draft = Draft("test.record", f"test-{number}")
            made: list[tuple[str, int]] = []
            for _ in range(self.draw.randrange(3, 12)):
                mba = self.draw.choice(MBAS)
                made.append((mba, self._entry(draft, mba)))
            act = post(self.database, draft, ACTOR).act.act_id
            self.entries += [(of, act, first) for of, first in made]
            self._issue(number)

    def _entry(self, draft: Draft, mba: str) -> int:
        """Add an entry and return its first line."""
        draw = self.draw
        status = draw.choice((None, None, None, "N", "N", "C", "C", "D", "A"))
        standing = [e for e in self.entries if e[0] == mba and e not in self.superseded]
        supersedes: dict[str, Any] = {}
        if status in ("C", "D") and standing and draw.random() < 0.9:
            replaced = draw.choice(standing)
            self.superseded.add(replaced)
            supersedes = {"supersedes_act": replaced[1], "supersedes_line": replaced[2]}
        reported = draw.random() < 0.35
        if reported:
            self.report[mba] += draw.randrange(2)
        day = some_day(draw)
        bare = status == "D" and draw.random() < 0.5
        values = {
            "scope": SCOPES[mba],
            "mba": mba,
            "known_on": date_number(day + timedelta(days=draw.randrange(50))),
            "report_no": self.report[mba] + 1 if reported else None,
            "status": status,
            "code": None if bare else draw.choice(CODES),
            "event_date": None if bare else date_number(day),
            "batch": "B",
            "category": "E",
            "element_mg": 1000,
            **supersedes,
        }
        first = len(draft.lines) + 1
        draft.add("inventory_change", **values)
        if not bare and draw.random() < 0.3:
            further = {"category": "N", "code": draw.choice((values["code"], "DI"))}
            draft.add("inventory_change", **{**values, **further, "entry_line": first})
        return first

    def _issue(self, number: int) -> None:
        """Issue a report that states some entries, whether or not something replaced them."""
        draw = self.draw
        mba = draw.choice(MBAS)
        draft = Draft("test.record", f"issue-{number}")
        dated = date_number(some_day(draw) + timedelta(days=30))
        draft.add(
            "issued_report",
            scope=SCOPES[mba],
            country="XH",
            mba=mba,
            facility="XHF-",
            report_no=100 + number,
            report_type="I",
            report_date=dated,
            encoder="A",
            period_from=20241201,
            period_to=20241231,
            through_act=1,
            profile="code10",
            entry_count=1,
            digest="0",
        )
        mine = [(act, line) for other, act, line in self.entries if other == mba]
        stated = draw.sample(mine, draw.randrange(len(mine) + 1))
        # What names a line that begins no entry states nothing.
        stated = [(act, line + (draw.random() < 0.2)) for act, line in stated]
        for record_no, (act, line) in enumerate(stated, start=1):
            draft.add(
                "issued_record",
                scope=SCOPES[mba],
                mba=mba,
                report_no=100 + number,
                record_kind="OI",
                record_no=record_no,
                content="001:OI/XH;1#",
                source_act=act,
                source_line=line,
            )
        post(self.database, draft, ACTOR)


# --- line after line ------------------------------------------------------------------------------


class LineByLine:
    """What states the changes, found by looking at every line with everything else in memory."""

    def __init__(self, connection: Any, metadata: Any, on: date) -> None:
        def rows(name: str) -> list[Any]:
            found = connection.execute(metadata.tables[name].select()).mappings()
            return [SimpleNamespace(**row) for row in found]

        self.on = date_number(on)
        self.lines = rows("inventory_change")
        self.at = {(line.act_id, line.line_no): line for line in self.lines}
        self.superseded = {
            (line.supersedes_act, line.supersedes_line)
            for line in self.lines
            if line.supersedes_act is not None
        }
        dated = {
            (row.mba, row.report_no): row.report_date
            for row in rows("issued_report")
            if row.report_date <= self.on
        }
        self.issued: dict[tuple[int, int], list[tuple[str, date]]] = {}
        for row in rows("issued_record"):
            when = dated.get((row.mba, row.report_no))
            if when is not None:
                answers = self.issued.setdefault((row.source_act, row.source_line), [])
                answers.append((str(row.report_no), number_date(when)))

    def found(self, concerns: Callable[[str], bool], *, by_day: bool) -> Found:
        result: Found = {}
        for line in self.lines:
            if not concerns(line.code or ""):
                continue
            for day, answer in self._answers(line):
                written = number_date(day).isoformat()
                key = written if by_day else written[:7]
                first = written if by_day else f"{key}-01"
                result.setdefault((line.mba, key), {}).setdefault(first, set()).add(answer)
        return result

    def _entry(self, line: Any) -> tuple[int, int]:
        return (line.act_id, line.line_no if line.entry_line is None else line.entry_line)

    def _answers(self, line: Any) -> Iterator[tuple[int, Any]]:
        first = line.status in (None, "N")
        happened = line.event_date is not None and line.event_date <= self.on
        if line.report_no is not None:
            if first and happened:
                stated = (str(line.report_no), number_date(line.known_on))
                yield line.event_date, stated if line.known_on <= self.on else None
            return
        issued = self.issued.get(self._entry(line), [])
        if first and happened:
            yield from ((line.event_date, answer) for answer in issued)
        if issued:
            return
        counts = line.status != "D" and self._entry(line) not in self.superseded
        older = self.at.get((line.supersedes_act, line.supersedes_line))
        replaces_new = (
            older is not None
            and older.report_no is None
            and older.status in (None, "N")
            and not self.issued.get(self._entry(older))
        )
        if first or (line.status == "C" and replaces_new):
            if counts and happened:
                yield line.event_date, None
        elif not replaces_new and (counts or line.status == "D") and line.known_on <= self.on:
            yield line.known_on, None


def put_together(facts: Fulfilment, concerns: Callable[[str], bool], *, by_day: bool) -> Found:
    return {
        (mba, text): {first.isoformat(): set(answers)}
        for mba in MBAS
        for text, first, answers in facts.changes(mba, concerns, by_day=by_day)
    }


def anything(_code: str) -> bool:
    return True


def discards(code: str) -> bool:
    return code in ("LD", "")


@pytest.mark.parametrize("part", [0, 1])
def test_what_the_database_puts_together_is_what_the_lines_say(
    database_url: str, part: int
) -> None:
    """Both ways agree on books made by chance, as of several days, by month and by day."""
    seed = part if database_url.startswith("sqlite") else part + 100
    made = RandomBooks(database_url, seed)
    metadata = made.database.metadata
    answered = set()
    with made.database.reading() as connection:
        for on in (date(2025, 1, 10), date(2025, 2, 14), date(2025, 4, 1), date(2026, 1, 1)):
            slow = LineByLine(connection, metadata, on)
            for by_day in (False, True):
                facts = Fulfilment(connection, metadata, on, MBAS, by_day=by_day)
                for concerns in (anything, discards):
                    wanted = slow.found(concerns, by_day=by_day)
                    assert put_together(facts, concerns, by_day=by_day) == wanted
                    answered |= {a is None for v in wanted.values() for s in v.values() for a in s}
    assert answered == {True, False}  # some is stated and some is not
    made.books.disconnect()


@pytest.mark.parametrize("seed", range(4))
def test_many_books_made_by_chance(sqlite_url: str, seed: int) -> None:
    """The same on more books, as of one day each."""
    made = RandomBooks(sqlite_url, 1_000 + seed)
    on = some_day(random.Random(seed)) + timedelta(days=seed)
    with made.database.reading() as connection:
        metadata = made.database.metadata
        slow = LineByLine(connection, metadata, on)
        for by_day in (False, True):
            facts = Fulfilment(connection, metadata, on, MBAS, by_day=by_day)
            found = put_together(facts, anything, by_day=by_day)
            assert found == slow.found(anything, by_day=by_day)
    made.books.disconnect()


def test_one_area_alone_says_what_it_says_among_all(sqlite_url: str) -> None:
    made = RandomBooks(sqlite_url, 7)
    on = date(2025, 4, 1)
    with made.database.reading() as connection:
        metadata = made.database.metadata
        every = Fulfilment(connection, metadata, on, MBAS)
        for mba in MBAS:
            alone = Fulfilment(connection, metadata, on, [mba])
            found = list(alone.changes(mba, anything, by_day=False))
            assert found == list(every.changes(mba, anything, by_day=False))
            rules = profile("code10", on)
            board = deadlines(connection, metadata, on, rules)
            mine = [duty for duty in board if duty.mba == mba]
            assert deadlines(connection, metadata, on, rules, mba=mba) == mine
    made.books.disconnect()


def test_of_reports_of_the_same_day_the_first_is_named(sqlite_url: str) -> None:
    """Which of them is named does not depend on the order in which lines are read."""
    books = keiryo.init(sqlite_url, "XH", person="P-1")
    draft = Draft("places.register", client_id="areas")
    draft.add(AREA.name, area_values(MaterialBalanceArea("XH", "XHF-", "XHFA", "item")))
    post(books.database, draft, ACTOR)
    draft = Draft("test.record", "lines")
    for number, day in ((10, 20250103), (9, 20250109)):
        draft.add(
            "inventory_change",
            scope=SCOPES["XHFA"],
            mba="XHFA",
            known_on=20250203,
            report_no=number,
            entry_no=1,
            status="N",
            code="LD",
            event_date=day,
            batch="B",
            category="E",
            element_mg=1000,
        )
    post(books.database, draft, ACTOR)
    with books.database.reading() as connection:
        on = date(2025, 3, 1)
        board = deadlines(connection, books.database.metadata, on, profile("code10", on))
    assert [(d.kind, d.report) for d in board if d.kind == "ICR"] == [("ICR", "9")]
    books.disconnect()
