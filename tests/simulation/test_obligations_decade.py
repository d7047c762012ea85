"""Ten years of a State with three partners: labels in milligrams against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from keiryo.obligations.holdings import CellsOfHolding
from keiryo.obligations.verification import verify_moves
from obligations.ledger_books import LabelBooks, consent, place_rule
from obligations.naive_state import (
    CONVERSION,
    FOLLOWED,
    PARTNERS,
    POOLED,
    REACTOR,
    Cells,
    Holding,
    NaiveState,
)


@pytest.mark.parametrize("seed", [0, 1], ids=lambda seed: f"seed{seed}-")
def test_a_decade_on_sqlite(seed: int, sqlite_url: str) -> None:
    live_through(seed, sqlite_url)


@pytest.mark.postgres
def test_a_decade_on_postgresql(postgres_url: str) -> None:
    live_through(2, postgres_url)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120), ids=lambda seed: f"seed{seed}-")
def test_many_decades(seed: int, sqlite_url: str) -> None:
    live_through(seed, sqlite_url)


def live_through(seed: int, url: str) -> None:
    """Post ten years, area by area and month by month; compare the end of every year."""
    state = NaiveState(seed).live()
    books = LabelBooks(
        url, pools=" ".join(POOLED), batches=" ".join(FOLLOWED), checks=False
    )
    books.post(
        place_rule(CONVERSION, attaches="US", attaches_to="enrichment"),
        place_rule(REACTOR, attaches="US", attaches_to="production"),
        *(consent(f"C-{label}", label) for label in (*PARTNERS, "GB")),
    )
    for lines in state.acts:
        books.post(*lines)
    for year, (exact, events) in state.years.items():
        compare(books.every(year * 10_000 + 1231), exact, events)
    assert sum(len(lines) for lines in state.acts) > 2500
    with books.database.reading() as connection:
        assert verify_moves(connection, books.metadata) == []
    books.database.close()


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
