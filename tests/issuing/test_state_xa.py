"""The reports of the demonstration State, made again from what they state as source lines."""

from __future__ import annotations

import datetime
from dataclasses import replace
from importlib.resources import files

import pytest

from keiryo.capabilities import builtin_registry
from keiryo.dates import Period
from keiryo.issuing.issue import issue
from keiryo.issuing.prepare import prepare
from keiryo.issuing.source import record_source
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.model import Entry, Report
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database

DATA = files("keiryo.data") / "state_xa"
ACTOR = Actor("P-1", "XA")
YEAR = Period(datetime.date(2025, 1, 1), datetime.date(2025, 12, 31))


def plain(entry: Entry) -> Entry:
    """Return an entry as a row of a template: without number, status and note."""
    return replace(entry, number=0, total=None, status="N", refers=None, note_indicator=False)


def source_lines(reports: tuple[Report, ...], mba: str) -> list[Report]:
    """Return what a facility would have written down: the latest word on each event."""
    stated: dict[tuple[object, ...], Entry] = {}
    listed: list[Entry] = []
    for report in sorted(reports, key=lambda report: report.number):
        for entry in report.entries:
            if report.type == "I":
                stated[entry.code, entry.date, entry.batch] = plain(entry)
            elif report.type == "P":
                listed.append(plain(entry))
    made = Report(country="XA", number=0, type="I", mba=mba, entries=tuple(stated.values()))
    taking = replace(made, type="P", period_to=YEAR.end, entries=tuple(listed))
    return [made, taking]


@pytest.mark.parametrize("mba", ["XAFA", "XARA", "XALA"])
def test_balance_and_listing_are_those_of_the_example(sqlite_url: str, mba: str) -> None:
    database = Database(sqlite_url, builtin_registry())
    open_journal(database, "XA", ACTOR)
    context = ("context.json", (DATA / "context.json").read_bytes())
    assert import_reports(database, [], ACTOR, context=context).context_act
    reports = read((DATA / f"{mba}.txt").read_bytes(), mba).reports
    outcome = record_source(database, source_lines(reports, mba), ACTOR)
    assert outcome.outcome == "recorded", outcome.findings
    made = {}
    for kind in "IMP":
        period = YEAR if kind != "P" else Period(YEAR.end, YEAR.end)
        with database.reading() as connection:
            prepared = prepare(
                connection, database.metadata, mba, kind, period,
                report_date=datetime.date(2026, 1, 20), encoder="ORBEN,K.",
            )  # fmt: skip
        made[kind] = issue(database, prepared, ACTOR).report
    balance = next(report for report in reports if report.type == "M")
    expected = {entry.code: entry.weights_mg() for entry in balance.entries}
    for entry in made["M"].entries:
        stated = {k: mg for k, mg in entry.weights_mg().items() if mg or k in expected[entry.code]}
        optional = ("770", "780")
        assert stated == {k: mg for k, mg in expected[entry.code].items() if k not in optional}
    assert [e.code for e in made["M"].entries] == [e.code for e in balance.entries]
    listing = next(report for report in reports if report.type == "P")
    assert [plain(e) for e in made["P"].entries] == [plain(e) for e in listing.entries]
