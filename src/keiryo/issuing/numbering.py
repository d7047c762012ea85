"""Numbers of reports and entries: one series of reports per area, entries added without clashes.

Report numbers are consecutive per material balance area over all types of report. An entry that
is added to an earlier report has the next free entry number there.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labels 001, 002 and 309.
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, func, select

from keiryo.dates import Period, number_date
from keiryo.issuing.lines import Issued
from keiryo.places.model import MaterialBalanceArea
from keiryo.reports.model import Reference
from keiryo.reports.tables import EARLIER_REPORT, ISSUED_REPORT, REPORT, REPORTING_CONTEXT


def next_report_number(connection: Connection, metadata: MetaData, mba: str) -> int:
    """Return the next number of an area: one series over all types (Code 10, label 001).

    Reports that were received and refused hold no number: they are sent again under it.
    """
    received, before = metadata.tables[REPORT.name], metadata.tables[REPORTING_CONTEXT.name]
    issued, earlier = metadata.tables[ISSUED_REPORT.name], metadata.tables[EARLIER_REPORT.name]
    queries = (
        select(func.max(received.c.report_no)).where(
            received.c.mba == mba, received.c.outcome == "accepted"
        ),
        select(func.max(issued.c.report_no)).where(issued.c.mba == mba),
        select(func.max(earlier.c.report_no)).where(earlier.c.mba == mba),
        select(func.max(before.c.last_report_no)).where(before.c.mba == mba),
    )
    return max(int(connection.execute(query).scalar() or 0) for query in queries) + 1


def last_encoder(connection: Connection, metadata: MetaData, mba: str) -> str | None:
    """Return who is named as encoder in the last report of an area, issued or received."""
    for name in (ISSUED_REPORT.name, REPORT.name):
        table = metadata.tables[name]
        query = (
            select(table.c.encoder)
            .where(table.c.mba == mba, table.c.encoder.is_not(None))
            .order_by(table.c.act_id.desc())
            .limit(1)
        )
        found = connection.execute(query).scalar()
        if found is not None:
            return str(found)
    return None


def covering(
    connection: Connection, metadata: MetaData, issued: Issued, mba: str, kind: str
) -> list[tuple[int, Period]]:
    """Return number and period of the reports of a type that went out or came in."""
    table = metadata.tables[REPORT.name]
    query = select(table.c.report_no, table.c.period_from, table.c.period_to).where(
        table.c.mba == mba,
        table.c.report_type == kind,
        table.c.outcome == "accepted",
        table.c.period_from.is_not(None),
        table.c.period_from <= table.c.period_to,
    )
    found = [
        (int(number), Period(number_date(int(start)), number_date(int(end))))
        for number, start, end in connection.execute(query)
    ]
    for report in issued.of_type(kind):
        assert report.period_from and report.period_to
        found.append((report.number, Period(report.period_from, report.period_to)))
    return found


class FreeNumbers:
    """Hands out entry numbers that are free in reports that were issued or received.

    Parameters
    ----------
    connection, metadata
        A transaction and the tables.
    issued : Issued
        What was issued for the area.
    place : MaterialBalanceArea
    kind : str
        Table of the entries.
    """

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        issued: Issued,
        place: MaterialBalanceArea,
        kind: str,
    ) -> None:
        self.connection = connection
        self.metadata = metadata
        self.issued = issued
        self.place = place
        self.table = metadata.tables[kind]
        self.last: dict[int, int] = {}

    def take(self, number: int) -> Reference:
        """Return the next free place in report `number`."""
        entry = self.last.get(number) or self._last(number)
        self.last[number] = entry + 1
        return Reference(self.place.state, number, entry + 1)

    def _last(self, number: int) -> int:
        counts = [0]
        for report in self.issued.reports:
            if report.number == number:
                counts.append(len(report.entries))
            added = (e.refers for e in report.entries if e.status == "A")
            counts += [refers.entry for refers in added if refers and refers.report == number]
        received = self.metadata.tables[REPORT.name]
        query = select(func.max(received.c.entry_count)).where(
            received.c.mba == self.place.code,
            received.c.report_no == number,
            received.c.outcome == "accepted",
        )
        counts.append(int(self.connection.execute(query).scalar() or 0))
        start = f"{self.place.state};{number}/"
        references = select(self.table.c.refers).where(
            self.table.c.mba == self.place.code,
            self.table.c.status == "A",
            self.table.c.refers.startswith(start, autoescape=True),
        )
        texts = (str(text) for (text,) in self.connection.execute(references))
        counts += [int(text.removeprefix(start)) for text in texts]
        return max(counts)
