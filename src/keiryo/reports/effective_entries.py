"""Which recorded entries the corrections of a report mean, found together and not one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, MetaData, or_, select

from keiryo.accounts.tables import entry_line
from keiryo.reports.model import Reference, Report
from keiryo.reports.tables import EARLIER_REPORT, ISSUED_RECORD, ISSUED_REPORT, REPORT

AT_A_TIME = 500
"""Values in one question to the database; every SQLite takes 999."""

_Place = tuple[int, int]
"""Act and line."""


class Target(NamedTuple):
    """The entry that a correction means: where it lies and since when it is known."""

    act_id: int
    line: int
    known_on: int


@dataclass(frozen=True, slots=True)
class _Recorded:
    target: Target
    order: _Place
    status: str | None


def reference_text(reference: Reference | None) -> str | None:
    """Return a reference as label 309 writes it: ``XA;104/1``."""
    if reference is None:
        return None
    return f"{reference.country};{reference.report}/{reference.entry}"


class EffectiveEntries:
    """The entries that are effective now for the references of one report.

    A reference may name the first entry or a correction of it; either way the last correction
    counts. A deleted entry is not effective.

    Parameters
    ----------
    connection, metadata
        A transaction that sees the books as the report finds them.
    name : str
        Line kind of the entries.
    report : Report
    """

    def __init__(
        self, connection: Connection, metadata: MetaData, name: str, report: Report
    ) -> None:
        assert report.mba is not None
        self.connection, self.metadata, self.mba = connection, metadata, report.mba
        self.table = metadata.tables[name]
        meant = {e.refers for e in report.entries if e.status in ("C", "D", "A") and e.refers}
        named = self._named(meant)
        for reference in meant - named.keys():
            source = self._stated_by_issued(reference)
            if source is not None:
                named[reference] = _Recorded(source, (0, 0), None)
        found = {r: one.target for r, one in named.items() if one.status not in ("D", "U")}
        self._targets = self._latest(found)
        self._earlier: dict[int, int | None] = {}
        self._known: dict[int, bool] = {}

    def of(self, reference: Reference) -> Target | None:
        """Return the entry that is effective now for a reference of the report, or None."""
        return self._targets.get(reference)

    def was_earlier(self, reference: Reference) -> bool:
        """Whether the entry belongs to a report sent before the books begin."""
        if reference.report not in self._earlier:
            table = self.metadata.tables[EARLIER_REPORT.name]
            query = select(table.c.entry_count).where(
                table.c.mba == self.mba, table.c.report_no == reference.report
            )
            self._earlier[reference.report] = self.connection.execute(query).scalar()
        count = self._earlier[reference.report]
        return count is not None and 1 <= reference.entry <= int(count)

    def knows_report(self, number: int) -> bool:
        """Whether a report was accepted, issued, or sent before the books begin."""
        if number not in self._known:
            recorded = self.metadata.tables[REPORT.name]
            accepted = select(recorded.c.act_id).where(
                recorded.c.mba == self.mba,
                recorded.c.report_no == number,
                recorded.c.outcome == "accepted",
            )
            others = [
                select(table.c.act_id).where(table.c.mba == self.mba, table.c.report_no == number)
                for table in (self.metadata.tables[k.name] for k in (EARLIER_REPORT, ISSUED_REPORT))
            ]
            found = self.connection.execute(accepted.union_all(*others)).first()
            self._known[number] = found is not None
        return self._known[number]

    def issued_records(self, reference: Reference) -> list[tuple[Any, Any]]:
        """Return the records of reports issued here that a reference names, newest first."""
        table = self.metadata.tables[ISSUED_RECORD.name]
        address = (table.c.report_no == reference.report) & (table.c.record_no == reference.entry)
        added = table.c.content.contains(f"#309:A/{reference_text(reference)}#", autoescape=True)
        query = (
            select(table.c.source_act, table.c.source_line)
            .where(table.c.mba == self.mba, table.c.record_kind == "OI", or_(address, added))
            .order_by(table.c.act_id.desc(), table.c.line_no)
        )
        return [(row[0], row[1]) for row in self.connection.execute(query)]

    def _named(self, meant: Iterable[Reference]) -> dict[Reference, _Recorded]:
        """Return the newest entry under the number that each reference names, or added there."""
        table, found = self.table, dict[Reference, _Recorded]()
        by_address: defaultdict[int, defaultdict[int, list[Reference]]]
        by_address = defaultdict(lambda: defaultdict(list))
        by_text: defaultdict[str | None, list[Reference]] = defaultdict(list)
        for one in meant:
            by_address[one.report][one.entry].append(one)
            by_text[reference_text(one)].append(one)
        columns = [table.c.act_id, table.c.line_no, entry_line(table), table.c.known_on]
        columns += [table.c.status, table.c.entry_no, table.c.refers]
        here = select(*columns).where(table.c.mba == self.mba)

        def take(row: Any, references: Iterable[Reference]) -> None:
            target = Target(int(row[0]), int(row[2]), int(row[3]))
            recorded = _Recorded(target, (-int(row[0]), int(row[1])), row[4])
            for reference in references:
                if reference not in found or recorded.order < found[reference].order:
                    found[reference] = recorded

        for number, entries in by_address.items():
            for some in _portions(sorted(entries)):
                query = here.where(table.c.report_no == number, table.c.entry_no.in_(some))
                for row in self.connection.execute(query):
                    take(row, entries[int(row[5])])
        if by_text:
            for row in self.connection.execute(here.where(table.c.status == "A")):
                take(row, by_text.get(row[6], ()))
        return found

    def _stated_by_issued(self, reference: Reference) -> Target | None:
        """Return the source line that an entry of a report issued here states, or None."""
        table = self.table
        for act_id, line_no in self.issued_records(reference):
            if act_id is None:
                continue
            query = select(table.c.known_on).where(
                table.c.act_id == act_id, table.c.line_no == line_no
            )
            known_on = self.connection.execute(query).scalar()
            if known_on is not None:
                return Target(int(act_id), int(line_no), int(known_on))
        return None

    def _latest(self, found: dict[Reference, Target]) -> dict[Reference, Target]:
        """Return the last correction of each entry; those that were deleted are left out."""
        latest: dict[Reference, Target] = {}
        while found:
            after = self._superseding({(t.act_id, t.line) for t in found.values()})
            moved: dict[Reference, Target] = {}
            for reference, target in found.items():
                later = after.get((target.act_id, target.line))
                if later is None:
                    latest[reference] = target
                elif later.status != "D":
                    moved[reference] = later.target
            found = moved
        return latest

    def _superseding(self, places: Iterable[_Place]) -> dict[_Place, _Recorded]:
        """Return what corrects or deletes entries, by the act and line of these."""
        table, found = self.table, dict[_Place, _Recorded]()
        by_act: defaultdict[int, list[int]] = defaultdict(list)
        for act_id, line in places:
            by_act[act_id].append(line)
        columns = [table.c.act_id, table.c.line_no, entry_line(table), table.c.known_on]
        columns += [table.c.status, table.c.supersedes_line]
        for act_id, lines in by_act.items():
            for some in _portions(sorted(lines)):
                query = (
                    select(*columns)
                    .where(table.c.supersedes_act == act_id, table.c.supersedes_line.in_(some))
                    .order_by(table.c.act_id, table.c.line_no)
                )
                for row in self.connection.execute(query):
                    target = Target(int(row[0]), int(row[2]), int(row[3]))
                    recorded = _Recorded(target, (int(row[0]), int(row[1])), row[4])
                    found.setdefault((act_id, int(row[5])), recorded)
        return found


def _portions(numbers: Iterable[int]) -> Iterator[Sequence[int]]:
    left = iter(numbers)
    while some := list(islice(left, AT_A_TIME)):
        yield some
