"""Laws of labels that follow the ledger, whatever happened and however it was posted."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.obligations.labels import labels_of
from keiryo.obligations.verification import verify_moves
from obligations.ledger_books import (
    LabelBooks,
    Line,
    beginning,
    change,
    exchanged,
    imported,
    rebatched,
    receipt,
    received,
    registered,
    relabelled,
    shipped,
)
from obligations.ledger_histories import BATCHES, POOLS, Entry, History, histories

LAST = 20991231
FEW = settings(max_examples=8)


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


def require_replay(made: LabelBooks) -> None:
    """A replay of everything gives exactly the moves of the record."""
    with made.database.reading() as connection:
        assert verify_moves(connection, made.metadata) == []


@FEW
@given(histories, st.integers(0, 10**6))
def test_labels_partition_the_mass_at_every_moment(history: History, seed: int) -> None:
    with books() as made:
        for part in chunks(history.entries, random.Random(seed)):
            made.post(*(line for entry in part for line in entry))
        for day in sorted({*history.days, LAST}):
            require_partition(made, day)
        require_replay(made)


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
        for one in (at_once, in_order, late):
            require_replay(one)


Wrong = list[tuple[Line, Line | None]]


def made_wrong(history: History, chance: random.Random) -> tuple[list[Entry], Wrong]:
    """Return a history with mistakes, and each wrong line with the right one (None: deleted)."""
    entries: list[Entry] = []
    wrong: Wrong = []
    for entry in history.entries:
        (kind, values), *more = entry
        if kind == "inventory_change" and not more and chance.random() < 0.5:
            other = dict(values)
            if chance.random() < 0.5:
                other["element_mg"] = max(1, abs(values["element_mg"]) + chance.randint(-50, 50))
            if chance.random() < 0.5:
                other["event_date"] = values["event_date"] + chance.choice((-1, 1, 2))
            if chance.random() < 0.3:
                other["category"] = "N" if values["category"] == "E" else "E"
            mistaken: Line = (kind, other)
            wrong.append((mistaken, (kind, values)))
            entries.append([mistaken])
        else:
            entries.append(entry)
            if kind == "inventory_change" and chance.random() < 0.2:
                wrong.append((entry[0], None))
                entries.append([entry[0]])
    return entries, wrong


def corrected(line: Line, right: Line | None, act: int, number: int) -> Line:
    """Return the line that corrects, or deletes, one that was posted."""
    kind, values = line
    pointer = {"supersedes_act": act, "supersedes_line": number}
    if right is None:
        names = ("scope", "mba", "known_on")
        return kind, {name: values[name] for name in names} | {"status": "D", **pointer}
    return kind, {**right[1], "status": "C", **pointer}


@FEW
@given(histories, st.integers(0, 10**6))
def test_corrections_give_what_the_right_lines_would_have_given(
    history: History, seed: int
) -> None:
    chance = random.Random(seed)
    entries, wrong = made_wrong(history, chance)
    with books() as right, books() as made:
        right.post(*(line for entry in history.entries for line in entry))
        posted: dict[int, tuple[int, int]] = {}
        for part in chunks(entries, chance):
            lines = [line for entry in part for line in entry]
            act = made.post(*lines)
            posted |= {id(line): (act, place) for place, line in enumerate(lines, start=1)}
        chance.shuffle(wrong)
        for line, instead in wrong:
            made.post(corrected(line, instead, *posted[id(line)]))
        for day in sorted({*history.days, LAST}):
            assert made.every(day) == right.every(day)
        require_replay(made)


@FEW
@given(histories, st.integers(0, 10**6))
def test_labels_may_begin_again_on_another_day(history: History, seed: int) -> None:
    chance = random.Random(seed)
    day = chance.choice(history.days)
    again = beginning(day)
    with books() as made, books() as at_once:
        made.post(*(line for entry in history.entries for line in entry))
        made.post(again)
        at_once.post(again)
        post_chunks(at_once, chunks(history.entries, chance))
        for one in (made, at_once):
            require_replay(one)
            for later in (number for number in {*history.days, LAST} if number > day):
                cells = one.every(later)
                sums = {(h.mba, h.name, h.category): sum(c.values()) for h, c in cells.items()
                        if h.account == "book"}  # fmt: skip
                assert {key: mg for key, mg in sums.items() if mg} == one.book(later)
        assert made.every() == at_once.every()


@FEW
@given(histories, st.sampled_from((*POOLS, *BATCHES)), st.integers(0, 10**6))
def test_batches_of_an_area_may_begin_or_cease_to_be_followed(
    history: History, mba: str, seed: int
) -> None:
    chance = random.Random(seed)
    entries = [entry for entry in history.entries if entry[0][0] != "obligation_exchange"]
    with books() as made:
        parts = chunks(entries, chance)
        middle = chance.randint(0, len(parts))
        post_chunks(made, parts[:middle])
        made.post(registered(mba, followed=mba in POOLS))
        post_chunks(made, parts[middle:])
        cells = made.every()
        sums = {(h.mba, h.name, h.category): sum(c.values()) for h, c in cells.items()
                if h.account == "book"}  # fmt: skip
        assert {key: mg for key, mg in sums.items() if mg} == made.book()
        require_replay(made)


# --- conservation ---------------------------------------------------------------------------------

keys = st.sampled_from(("-", "AU", "AU+US", "CA", "KZ", "US"))
cells_of_batch = st.dictionaries(keys, st.integers(1, 5000), min_size=1, max_size=4)


def batch_of(mba: str, name: str, cells: dict[str, int]) -> list[Line]:
    whole = sum(cells.values())
    stated = [receipt(mba, name, key, element_mg=mg) for key, mg in cells.items()]
    return [imported(mba, 20250110, name, "E", whole), *stated]


def sum_of(cells: list[dict[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in cells:
        for key, mg in one.items():
            found[key] = found.get(key, 0) + mg
    return dict(sorted(found.items()))


@settings(max_examples=25)
@given(st.lists(cells_of_batch, min_size=1, max_size=4), st.lists(st.integers(1, 99), max_size=4))
def test_blending_and_then_splitting_conserves_every_label(
    batches: list[dict[str, int]], sizes: list[int]
) -> None:
    names = [f"B-{number}" for number in range(len(batches))]
    whole = sum_of(batches)
    total = sum(whole.values())
    parts = [total * size // 100 // max(len(sizes), 1) for size in sizes]
    parts = [part for part in (*parts, total - sum(parts)) if part]
    out = [(name, sum(cells.values())) for name, cells in zip(names, batches, strict=True)]
    into = [(f"P-{number}", part) for number, part in enumerate(parts)]
    with books() as made:
        for name, cells in zip(names, batches, strict=True):
            made.post(*batch_of("XABA", name, cells))
        made.post(*rebatched("XABA", 20250201, "E", out, [("MIX", total)]))
        made.post(*rebatched("XABA", 20250202, "E", [("MIX", total)], into))
        held = made.held()
        assert {name: sum(held[f"XABA/{name}/E"].values()) for name, _ in into} == dict(into)
        assert sum_of(list(held.values())) == whole
        assert made.held(20250201) == {"XABA/MIX/E": whole}


@settings(max_examples=25)
@given(cells_of_batch, cells_of_batch, keys, keys, st.integers(1, 6000))
def test_an_exchange_conserves_both_sides_and_every_partner_s_total(
    one: dict[str, int], other: dict[str, int], first: str, second: str, mg: int
) -> None:
    with books() as made:
        made.post(*batch_of("XAPA", "A", one), *batch_of("XABA", "B", other))
        before = made.cells()
        made.post(
            exchanged("X", 20250201, ("XAPA", first), ("XABA", second), "E", mg, other_batch="B")
        )
        after = made.cells()
    for key in before:
        assert sum(after[key].values()) == sum(before[key].values())
    if not labels_of(first) & labels_of(second):
        assert by_partner(after) == by_partner(before)
    amount = min(mg, one.get(first, 0), other.get(second, 0))
    if first != second and amount:
        assert after["XAPA", "E"].get(first, 0) == one[first] - amount


def by_partner(cells: dict[tuple[str, str], dict[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for own in cells.values():
        for key, mg in own.items():
            for label in labels_of(key):
                found[label] = found.get(label, 0) + mg
    return found


# --- what a random history found ------------------------------------------------------------------


def test_two_pools_that_ship_to_each_other_on_one_day() -> None:
    lines = [
        imported("XAPA", 20250110, "A", "E", 100),
        receipt("XAPA", "A", "US"),
        shipped("XAPA", "XAPB", 20250201, "S-1", "E", 60),
        received("XAPB", "XAPA", 20250201, "S-1", "E", 60),
        shipped("XAPB", "XAPA", 20250201, "S-2", "E", 50),
        received("XAPA", "XAPB", 20250201, "S-2", "E", 50),
    ]
    for number in range(len(lines)):
        with books() as made:
            for line in (*lines[number:], *lines[:number]):
                made.post(line)
            assert made.held() == {"XAPA/(pool)/E": {"US": 90}, "XAPB/(pool)/E": {"US": 10}}
            assert made.every() == made.every() and len(made.every()) == 2
            require_replay(made)


def test_a_label_that_ends_on_the_day_on_which_material_arrives() -> None:
    lines = [
        imported("XAPA", 20250110, "A", "E", 100),
        receipt("XAPA", "A", "US"),
        shipped("XAPA", "XABA", 20250131, "S-1", "E", 60),
        relabelled("L", 20250201, "US", "GB"),
        received("XABA", "XAPA", 20250201, "S-1", "E", 60),
        change("XABA", "LD", 20250202, "S-1", "E", 10),
    ]
    for number in range(len(lines)):
        with books() as made:
            for line in (*lines[number:], *lines[:number]):
                made.post(line)
            assert made.held() == {"XAPA/(pool)/E": {"GB": 40}, "XABA/S-1/E": {"GB": 50}}
            assert made.every(20250131)["XAPA", "domestic_transit", "XABA/S-1", "E"] == {"US": 60}
            assert len(made.every()) == 2
            require_replay(made)
