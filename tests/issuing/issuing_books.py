"""Books whose entries are recorded as source lines and reported from there."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from keiryo.dates import Period, parse_date
from keiryo.issuing.copies import ReportCopy, report_copy
from keiryo.issuing.issue import IssuedReport, issue
from keiryo.issuing.prepare import PreparedReport, prepare
from keiryo.issuing.source import SourceOutcome, record_source
from keiryo.quantities import parse_weight_mg
from keiryo.reports.issued import issued_reports
from keiryo.reports.model import Entry, Report, Weight, weight_unit
from small_books import ACTOR, SmallBooks, area

NOW = datetime.datetime(2026, 1, 20, 9, 30, tzinfo=datetime.UTC)


def clock() -> datetime.datetime:
    return NOW


def weights(content: str) -> tuple[Weight, ...]:
    """Return e.g. ``"630:500.4 670:22.5"`` as weights."""
    pairs = (part.split(":") for part in content.split())
    return tuple(Weight(label, parse_weight_mg(text, weight_unit(label))) for label, text in pairs)


def change(code: str, day: str, batch: str, content: str, **more: Any) -> Entry:
    """Return a row of changes."""
    fields: dict[str, Any] = {"kmp": "1", "mdc": "F/R/N/C", "basis": "M", "items": 0} | more
    if code == "RF":
        fields = {"shipper": "XB", "receiver": "XH/XHFA", "shipper_batch": batch} | fields
    if code == "SD":
        fields = {"shipper": "XH/XHFA", "receiver": "XH/XHFB"} | fields
    entry = {"code": code, "date": parse_date(day), "batch": batch, "weights": weights(content)}
    return Entry(number=0, **entry, **fields)


def found(batch: str, content: str, **more: Any) -> Entry:
    """Return a row of a listing."""
    fields: dict[str, Any] = {"kmp": "A", "mdc": "F/R/N/C", "basis": "M", "items": 0} | more
    return Entry(number=0, batch=batch, weights=weights(content), **fields)


def changes(*entries: Entry, mba: str | None = "XHFA") -> Report:
    return Report(country="XH", number=0, type="I", mba=mba, entries=entries)


def taking(day: str, *entries: Entry, mba: str = "XHFA") -> Report:
    return Report(
        country="XH", number=0, type="P", mba=mba, entries=entries, period_to=parse_date(day)
    )


def opening(**kinds: str) -> dict[str, Any]:
    """Return the context of a bulk area with one batch of enriched uranium."""
    batch = {"kmp": "A", "mdc": "F/R/N/C", "batch": "OLD-1", "basis": "T", "items": 0,
             "weights": kinds or {"630": "1000.4", "670": "45"}}  # fmt: skip
    return area("bulk", batch)


class IssuingBooks(SmallBooks):
    """Small books with the way from source lines to reports."""

    def __init__(self, url: str, **areas: dict[str, Any]) -> None:
        super().__init__(url, clock=clock, **(areas or {"XHFA": opening()}))

    def record(self, *reports: Report, **more: Any) -> SourceOutcome:
        return record_source(self.database, reports, ACTOR, clock=clock, **more)

    def prepare(
        self, kind: str, start: str, end: str | None = None, *, mba: str = "XHFA", **more: Any
    ) -> PreparedReport:
        period = Period(parse_date(start), parse_date(end or start))
        fields = {"report_date": parse_date("2026-01-20"), "encoder": "ORBEN,K."} | more
        with self.database.reading() as connection:
            return prepare(connection, self.database.metadata, mba, kind, period, **fields)

    def issue(self, kind: str, start: str, end: str | None = None, **more: Any) -> IssuedReport:
        prepared = self.prepare(kind, start, end, **more)
        return issue(self.database, prepared, ACTOR, clock=clock)

    def issued(self, mba: str | None = None) -> list[Report]:
        with self.database.reading() as connection:
            return list(issued_reports(connection, self.database.metadata, mba))

    def copy(self, number: int, mba: str = "XHFA") -> ReportCopy:
        with self.database.reading() as connection:
            return report_copy(connection, self.database.metadata, mba, number)


def stated(report: Report, label: str) -> dict[str, int]:
    """Return the whole units that the lines of a balance state under a label, by code."""
    step = 1_000_000 if weight_unit(label) == "kg" else 1000
    lines = ((e.code or "", e.weights_mg().get(label)) for e in report.entries)
    return {code: mg // step for code, mg in lines if mg is not None}


def codes(findings: Sequence[Any]) -> list[str]:
    return [f"{finding.code} {finding.severity}" for finding in findings]
