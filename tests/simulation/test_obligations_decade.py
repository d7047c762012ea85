"""Ten years of a State with three partners: labels in milligrams against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from keiryo.obligations.holdings import CellsOfHolding
from keiryo.obligations.verification import verify_moves
from obligations.ledger_books import LabelBooks, beginning, consent, place_rule
from obligations.naive_state import (
    CONVERSION,
    FOLLOWED,
    PARTNERS,
    POOLED,
    REACTOR,
    YEARS,
    Cells,
    Holding,
    NaiveState,
)


@pytest.mark.parametrize("seed", [0], ids=lambda seed: f"seed{seed}-")
def test_a_decade_on_sqlite(seed: int, sqlite_url: str) -> None:
    assert live_through(seed, sqlite_url) > 2500


@pytest.mark.postgres
def test_some_years_on_postgresql(postgres_url: str) -> None:
    live_through(2, postgres_url, how_long=2)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120), ids=lambda seed: f"seed{seed}-")
def test_many_decades(seed: int, sqlite_url: str) -> None:
    live_through(seed, sqlite_url)


def live_through(seed: int, url: str, how_long: int = YEARS) -> int:
    """Post years, area by area and month by month; compare the end of each; return the lines."""
    state = NaiveState(seed, how_long).live()
    areas = {"pools": " ".join(POOLED), "batches": " ".join(FOLLOWED)}
    books = LabelBooks(url, **areas, labels=False, checks=False)
    books.post(
        beginning(20141231),
        place_rule(CONVERSION, attaches="US", attaches_to="enrichment"),
        place_rule(REACTOR, attaches="US", attaches_to="production"),
        *(consent(f"C-{label}", label) for label in (*PARTNERS, "GB")),
    )
    for lines in state.acts:
        books.post(*lines)
    for year, (exact, events) in state.years.items():
        compare(books.every(year * 10_000 + 1231), exact, events)
    with books.database.reading() as connection:
        assert verify_moves(connection, books.metadata) == []
    books.database.close()
    return sum(len(lines) for lines in state.acts)


def compare(
    posted: CellsOfHolding, exact: dict[Holding, Cells], events: dict[Holding, int]
) -> None:
    """Totals are exact, cells and partners' balances within a milligram for each event."""
    found = {tuple(holding): cells for holding, cells in posted.items()}
    assert set(found) == {holding for holding, own in exact.items() if sum(own.values())}
    bounds: dict[str, int] = {}
    sums: dict[str, Fraction] = {}
    for holding, own in exact.items():
        cells = found.get(holding, {})
        assert sum(cells.values()) == sum(own.values()), holding
        bound = events[holding]
        for key in {*own, *cells}:
            off = cells.get(key, 0) - own.get(key, Fraction(0))
            assert abs(off) <= bound, (holding, key, float(off), bound)
            for label in set(key.split("+")) - {"-"}:
                sums[label] = sums.get(label, Fraction(0)) + off
                bounds[label] = bounds.get(label, 0) + bound
    for label, off in sums.items():
        assert abs(off) <= bounds[label]
