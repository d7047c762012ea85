"""Random States: whatever their clerks report, the books agree with a model of a hundred lines.

A failing seed is in the name of the test: ``pytest tests/simulation -k 'seed7-'`` runs it again.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from keiryo.accounts.balance import balance, state_balance
from keiryo.accounts.inventory import inventory
from keiryo.accounts.model import Amount, Knowledge
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Actor
from keiryo.journal.opening import open_journal
from keiryo.journal.verify import verify
from keiryo.reports.export import recorded_reports
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.reports.service import ReportOutcome, import_reports
from keiryo.storage.engine import Database
from keiryo.testing.naive_books import NaiveBooks, Sums
from keiryo.testing.random_state import COUNTRY, RandomState

ACTOR = Actor("P-1", COUNTRY)


@pytest.mark.parametrize("seed", range(16), ids=lambda seed: f"seed{seed}-")
def test_random_state(seed: int, sqlite_url: str) -> None:
    live_through(seed, sqlite_url)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(16, 516), ids=lambda seed: f"seed{seed}-")
def test_many_random_states(seed: int, sqlite_url: str) -> None:
    live_through(seed, sqlite_url)


@pytest.mark.parametrize("seed", [1000, 1001], ids=lambda seed: f"seed{seed}-")
def test_random_state_on_postgresql(seed: int, postgres_url: str) -> None:
    live_through(seed, postgres_url)


@dataclass
class Run:
    """A random State, the books under test, and the naive books."""

    state: RandomState
    database: Database
    naive: NaiveBooks
    chance: random.Random


def live_through(seed: int, url: str) -> None:
    """Import a State batch by batch; after each compare everything."""
    state = RandomState(seed)
    database = Database(url, builtin_registry())
    open_journal(database, COUNTRY, ACTOR)
    run = Run(state, database, NaiveBooks(), random.Random(seed))
    context, refused = ("context.json", state.context), []
    for files in state.files():
        refused += _import(run, files, context)
        context = None
        _compare(run, thorough=False)
    again = _import(run, refused, None)
    while len(again) < len(refused):
        refused, again = again, _import(run, again, None)
    _compare(run, thorough=True)
    _same_when_exported(run)
    _conserved(run)
    database.close()


def _import(
    run: Run, files: list[tuple[str, bytes]], context: tuple[str, bytes] | None
) -> list[tuple[str, bytes]]:
    """Import files; return those refused, which the naive books must refuse, too."""
    summary = import_reports(run.database, files, ACTOR, context=context)
    assert not summary.context_findings
    if context is not None:
        assert summary.context_act is not None
        for report in run.state.opening:
            run.naive.stack.append((summary.context_act, report))
    reports = {r.key: r for r in read_files(files).reports}
    refused = {
        outcome.report
        for outcome in summary.outcomes
        if not _outcome(run, reports[outcome.report], outcome)
    }
    return [file for file in files if read_files([file]).reports[0].key in refused]


def _outcome(run: Run, report: Report, outcome: ReportOutcome) -> bool:
    """Return whether a report was accepted; the naive books say whether it can be."""
    sound = run.naive.sound(report)
    if outcome.outcome == "recorded before":
        return True
    assert (outcome.outcome == "accepted") == sound, outcome
    assert {f.code for f in outcome.findings} == (set() if sound else {"CORR-REF"}), outcome
    if sound:
        run.naive.stack.append((outcome.act_id, report))
    return sound


def _knowledges(run: Run, *, thorough: bool) -> list[Knowledge]:
    """Return now, and some days, acts and times from which to look at the books."""
    days = sorted({r.date for _, r in run.naive.stack if r.date})
    acts = sorted({act_id for act_id, _ in run.naive.stack})
    seen = [Knowledge(known_on=run.chance.choice(days)), Knowledge(run.chance.choice(acts))]
    if not thorough:
        return [Knowledge(), run.chance.choice(seen)]
    seen.append(Knowledge(run.chance.choice(acts), run.chance.choice(days)))
    with run.database.reading() as connection:
        act = run.database.metadata.tables["act"]
        when = connection.execute(
            select(act.c.recorded_at).where(act.c.act_id == run.chance.choice(acts))
        ).scalar_one()
    return [Knowledge(), *seen, Knowledge(recorded_by=str(when))]


def _compare(run: Run, *, thorough: bool) -> None:
    assert not verify(run.database).problems
    with run.database.reading() as connection:
        for knowledge in _knowledges(run, thorough=thorough):
            clerks = run.state.clerks
            for clerk in clerks if thorough else run.chance.sample(clerks, 1):
                _compare_area(run, connection, clerk.mba, clerk.type, knowledge)


def _compare_area(
    run: Run, connection: Connection, mba: str, kind: str, knowledge: Knowledge
) -> None:
    metadata = run.database.metadata
    start = run.state.begin + datetime.timedelta(days=1 + run.chance.randint(0, 90))
    end = start + datetime.timedelta(days=run.chance.randint(0, 200))
    pits = run.naive.pits(mba)
    periods = [(start, end)]
    if len(pits) > 1:
        number = run.chance.randrange(len(pits) - 1)
        periods.append((pits[number] + datetime.timedelta(days=1), pits[number + 1]))
    seen = _as_acts(run, connection, knowledge)
    for first, last in periods:
        found = balance(connection, metadata, mba, start=first, end=last, knowledge=knowledge)
        wanted = run.naive.balance(mba, first, last, seen)
        asked = (mba, first, last, knowledge)
        assert _plain(found.lines) == _lines(wanted), asked
        on_hand = inventory(connection, metadata, mba, last, knowledge)
        sums, batches = run.naive.book(mba, last, seen, reported=False)
        assert _amounts(on_hand.totals) == _nonzero(sums), asked
        if kind != "bulk":
            rows: dict[str, Sums] = {}
            for row in on_hand.batches:
                rows.setdefault(row.batch, {})[str(row.category)] = _pair(
                    str(row.category), row.amount
                )
            nonzero = {name: _nonzero(content) for name, content in batches.items()}
            assert rows == {name: content for name, content in nonzero.items() if content}, asked


def _as_acts(run: Run, connection: Connection, knowledge: Knowledge) -> Knowledge:
    if knowledge.recorded_by is None:
        return knowledge
    act = run.database.metadata.tables["act"]
    rows = connection.execute(select(act.c.act_id, act.c.recorded_at))
    return Knowledge(through_act=max(n for n, at in rows if at <= knowledge.recorded_by))


def _pair(letter: str, amount: Amount) -> tuple[int, int]:
    return amount.element_mg, (amount.fissile_mg or 0) if letter in "EU" else 0


def _amounts(amounts: Any) -> Sums:
    return _nonzero({str(c): _pair(str(c), a) for c, a in amounts.items()})


def _plain(lines: Any) -> dict[str, Sums]:
    return {code: s for code, amounts in lines.items() if (s := _amounts(amounts))}


def _nonzero(sums: Sums) -> Sums:
    plain = {c: (e, f if c in "EU" else 0) for c, (e, f) in sums.items()}
    return {c: pair for c, pair in plain.items() if any(pair)}


def _lines(lines: dict[str, Sums]) -> dict[str, Sums]:
    return {code: s for code, sums in lines.items() if (s := _nonzero(sums))}


def _same_when_exported(run: Run) -> None:
    """Every report can be written from the books, and reads the same."""
    sent: dict[str, Report] = {r.key: r for _, r in run.naive.stack if r.number}
    with run.database.reading() as connection:
        kept = {r.key: r for r in recorded_reports(connection, run.database.metadata)}
    assert kept == sent
    text = write(kept.values())
    again = {r.key: r for r in read_files([("all.txt", text.encode())]).reports}
    assert again == sent


def _conserved(run: Run) -> None:
    """Nothing comes from nowhere: a State's balance closes, whatever went between its areas."""
    start = run.state.begin + datetime.timedelta(days=1)
    end = start + datetime.timedelta(days=400)
    with run.database.reading() as connection:
        parts = [
            balance(connection, run.database.metadata, clerk.mba, start=start, end=end)
            for clerk in run.state.clerks
        ]
        whole = state_balance(connection, run.database.metadata, COUNTRY, start=start, end=end)
    transit = whole.lines.get("TRANSIT", {})
    for category in whole.categories:
        ending = sum(p.lines["BA"].get(category, Amount()).element_mg for p in parts)
        total = whole.lines["PB"][category].element_mg
        for code, amounts in whole.lines.items():
            if category in amounts and code not in ("PB", "BE", "BA", "PE", "MF", "TRANSIT"):
                total += _sign(code, str(category)) * amounts[category].element_mg
        left = transit.get(category, Amount()).element_mg
        assert total == ending + left == whole.lines["BA"][category].element_mg + left


def _sign(code: str, letter: str) -> int:
    from keiryo.testing.naive_books import ADD, TAKE

    if len(code) == 2 and set(code) <= set("NDE"):
        return -1 if code[0] == letter else 1
    return (code in ADD) - (code in TAKE)


def test_a_seed_gives_the_same_state() -> None:
    assert RandomState(5).reports == RandomState(5).reports
    assert RandomState(5).reports != RandomState(6).reports


def test_the_comparison_notices_a_wrong_weight(tmp_path: Path) -> None:
    run = Run(RandomState(3), _opened(tmp_path), NaiveBooks(), random.Random(3))
    files = [file for files in run.state.files() for file in files]
    _import(run, files, ("context.json", run.state.context))
    _compare(run, thorough=False)
    number = next(n for n, (_, r) in enumerate(run.naive.stack) if r.type == "I")
    act_id, report = run.naive.stack[number]
    first = report.entries[0]
    heavier = tuple(replace(w, mg=w.mg + 1) for w in first.weights)
    entries = (replace(first, weights=heavier), *report.entries[1:])
    run.naive.stack[number] = (act_id, replace(report, entries=entries))
    with pytest.raises(AssertionError):
        for _ in range(3):
            _compare(run, thorough=True)


def _opened(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder / 'books.sqlite'}", builtin_registry())
    open_journal(database, COUNTRY, ACTOR)
    return database
