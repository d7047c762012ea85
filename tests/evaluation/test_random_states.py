"""Random States: the items of every balance add up to the MUF that the books compute."""

from __future__ import annotations

from pathlib import Path

import pytest

from keiryo.accounts.balance import balance, computed_lines
from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.tables import resolved
from keiryo.capabilities import builtin_registry
from keiryo.evaluation.items import closed_periods, read_items
from keiryo.evaluation.service import evaluate_area
from keiryo.journal.opening import open_journal
from keiryo.places.tables import areas
from keiryo.quantities import Category
from keiryo.reports.service import import_reports
from keiryo.storage.engine import Database
from keiryo.testing.random_state import RandomState
from small_books import ACTOR


@pytest.mark.parametrize("seed", (0, 3))
def test_items_add_up(seed: int, tmp_path: Path) -> None:
    state = RandomState(seed)
    database = Database(f"sqlite:///{tmp_path / 'books.sqlite'}", builtin_registry())
    open_journal(database, "XH", ACTOR)
    context = ("context.json", state.context)
    acts = []
    for files in state.files():
        import_reports(database, files, ACTOR, context=context, accept_reason="random")
        with database.reading() as connection:
            acts.append(resolved(connection, database.metadata, Knowledge()).through_act)
    checked = 0
    metadata = database.metadata
    with database.reading() as connection:
        for knowledge in (Knowledge(), Knowledge(through_act=acts[-1])):
            for mba in areas(connection, metadata):
                periods = closed_periods(connection, metadata, mba, None, None, knowledge)
                for category in Category:
                    items = read_items(connection, metadata, mba, category, periods, knowledge, {})
                    for number, period in enumerate(periods):
                        lines = computed_lines(connection, metadata, mba, period, knowledge)
                        muf = lines["MF"].get(category, Amount())
                        uses = [use for use in items.uses if use.balance == number]
                        assert sum(u.sign * u.element_mg for u in uses) == muf.element_mg
                        if items.isotopes[number] is not None:
                            fissile = sum(u.sign * (u.fissile_mg or 0) for u in uses)
                            assert fissile == muf.fissile_mg
                        checked += bool(uses)
    assert checked
    database.close()


def test_every_area_can_be_evaluated(tmp_path: Path) -> None:
    """Without any measurement data each verdict is honest, and MUF is that of the balance."""
    state = RandomState(11)
    database = Database(f"sqlite:///{tmp_path / 'books.sqlite'}", builtin_registry())
    open_journal(database, "XH", ACTOR)
    files = [file for batch in state.files() for file in batch]
    context = ("context.json", state.context)
    import_reports(database, files, ACTOR, context=context, accept_reason="random")
    with database.reading() as connection:
        for mba, place in areas(connection, database.metadata).items():
            for evaluation in evaluate_area(connection, database.metadata, mba):
                for found in evaluation.balances:
                    books = balance(
                        connection, database.metadata, mba,
                        start=found.period.start, end=found.period.end,
                    )  # fmt: skip
                    if books.source == "books":
                        muf = books.lines["MF"].get(evaluation.category, Amount())
                        assert found.element.muf_mg == muf.element_mg
                    honest = {"ITEMS-AGREE", "ITEMS-DIFFER"}
                    if place.type != "item":
                        honest = {"NOT-EVALUATED", "WITHIN-ERROR"}
                    assert found.element.verdict in honest
    database.close()
