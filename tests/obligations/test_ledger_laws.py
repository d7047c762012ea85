"""Laws of labels that follow the ledger, whatever happened and however it was posted."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from obligations.ledger_books import LabelBooks
from obligations.ledger_histories import BATCHES, POOLS, Entry, History, histories

LAST = 20991231
FEW = settings(max_examples=int(__import__("os").environ.get("NN", "12")))


@contextmanager
def books() -> Iterator[LabelBooks]:
    with tempfile.TemporaryDirectory() as folder:
        made = LabelBooks(
            f"sqlite:///{Path(folder) / 'books.sqlite'}",
            pools=" ".join(POOLS),
            batches=" ".join(BATCHES),
            checks=False,
        )
        try:
            yield made
        finally:
            made.database.close()


def post(made: LabelBooks, entries: list[Entry], acts: random.Random | None = None) -> None:
    """Post entries, in one act or in as many as chance will have it."""
    if acts is None:
        made.post(*(line for entry in entries for line in entry))
        return
    while entries:
        some, entries = entries[: acts.randint(1, 5)], entries[5:] and entries[5:]
        made.post(*(line for entry in some for line in entry))


def chunks(entries: list[Entry], chance: random.Random) -> list[list[Entry]]:
    found, place = [], 0
    while place < len(entries):
        size = chance.randint(1, 4)
        found.append(entries[place : place + size])
        place += size
    return found


def post_chunks(made: LabelBooks, parts: list[list[Entry]]) -> None:
    for part in parts:
        made.post(*(line for entry in part for line in entry))


def require_partition(made: LabelBooks, day: int) -> None:
    """Cells add up to the ledger, of every batch and of every area; none is negative."""
    cells = made.every(day)
    book = made.book(day)
    sums = {(h.mba, h.name, h.category): sum(c.values()) for h, c in cells.items()
            if h.account == "book"}  # fmt: skip
    assert {key: mg for key, mg in sums.items() if mg} == book
    negative = {h: c for h, c in cells.items() if any(mg < 0 for mg in c.values())}
    assert not negative
    by_area: dict[tuple[str, str], int] = {}
    for (mba, _, category), mg in book.items():
        by_area[mba, category] = by_area.get((mba, category), 0) + mg
    found = {key: sum(own.values()) for key, own in made.cells(day).items()}
    assert found == {key: mg for key, mg in by_area.items() if mg}


@FEW
@given(histories, st.integers(0, 10**6))
def test_labels_partition_the_mass_at_every_moment(history: History, seed: int) -> None:
    with books() as made:
        for part in chunks(history.entries, random.Random(seed)):
            made.post(*(line for entry in part for line in entry))
        for day in sorted({*history.days, LAST}):
            require_partition(made, day)


@FEW
@given(histories, st.integers(0, 10**6))
def test_in_whatever_order_it_is_posted_the_balance_is_the_same(
    history: History, seed: int
) -> None:
    chance = random.Random(seed)
    mixed = list(history.entries)
    chance.shuffle(mixed)
    with books() as at_once, books() as in_order, books() as late:
        at_once.post(*(line for entry in history.entries for line in entry))
        post_chunks(in_order, chunks(history.entries, chance))
        post_chunks(late, chunks(mixed, chance))
        for day in sorted({*history.days, LAST}):
            assert in_order.every(day) == at_once.every(day)
            assert late.every(day) == at_once.every(day)
