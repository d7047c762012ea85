"""The shipped fuel cycle as a whole, against a computation that shares no code with keiryo."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction

import pytest
from sqlalchemy import text

from keiryo.capabilities import builtin_registry
from keiryo.journal.why import why
from keiryo.movements.service import import_movements
from keiryo.storage.schema import build_metadata
from movements.makers import ACTOR, SHIPPED, fresh_books, rows_of, shipped_mapping

MBA = {
    ("uranium_mine_1", "shipping_mba"): "FMNA",
    ("conversion_1", "receiving_mba"): "FCVA",
    ("conversion_1", "shipping_mba"): "FCVC",
    ("fuel_fabrication_1", "receiving_mba"): "FFFA",
    ("fuel_fabrication_1", "pelleting_mba"): "FFFC",
    ("fuel_fabrication_1", "rod_mba"): "FFFE",
    ("fuel_fabrication_1", "shipping_mba"): "FFFG",
    ("reactor_1", "receiving_mba"): "FRXA",
    ("reactor_1", "core_mba"): "FRXB",
    ("reactor_1", "spent_fuel_mba"): "FRXC",
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    database = fresh_books(tmp_path_factory.mktemp("full") / "books.sqlite")
    summary = import_movements(
        database,
        shipped_mapping(),
        [SHIPPED / "phwr-movements.csv.gz"],
        ACTOR,
        inventory=SHIPPED / "phwr-inventory.csv.gz",
        bulk=SHIPPED / "phwr-bulk.csv.gz",
    )
    with database.reading() as connection:
        yield summary, connection


@pytest.fixture(scope="module")
def counted():
    """Sums by area and direction: rows once each, in exact arithmetic, each rounded half up."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    seen: set[tuple[str, ...]] = set()
    twice: Counter[str] = Counter()
    weights: dict[tuple[str, str, str], tuple[int, int]] = {}
    half = Fraction(1, 2)
    for row in rows_of(SHIPPED / "phwr-movements.csv.gz"):
        mba = MBA[row["facility"], row["area"]]
        key = (mba, row["direction"], row["form"], row["item_id"], row["week"])
        if key in seen:
            twice[mba] += 1
            continue
        seen.add(key)
        stated = (row["gross_kg"], row["u_mass_fraction"], row["u235_mass_fraction"])
        if stated not in weights:
            gross_mg = Fraction(stated[0]) * 10**6
            weights[stated] = (
                int(gross_mg * Fraction(stated[1]) + half),
                int(gross_mg * Fraction(stated[2]) + half),
            )
        total = sums[mba, row["direction"]]
        total[0] += 1
        total[1] += weights[stated][0]
        total[2] += weights[stated][1]
    return sums, twice


def booked_sums(connection, codes):
    query = text(
        "SELECT mba, COUNT(*), SUM(element_mg), SUM(fissile_mg) FROM inventory_change "
        f"WHERE code IN ({codes}) GROUP BY mba"
    )
    return {str(mba): [int(v) for v in numbers] for mba, *numbers in connection.execute(query)}


def test_what_comes_into_every_area_agrees_to_the_milligram(imported, counted):
    booked = booked_sums(imported[1], "'RS', 'RD'")
    for mba in MBA.values():
        assert booked[mba] == counted[0][mba, "in"], mba


def test_what_leaves_every_area_agrees_to_the_milligram(imported, counted):
    booked = booked_sums(imported[1], "'SD'")
    for mba in sorted(set(MBA.values()) - {"FRXB", "FRXC"}):
        assert booked[mba] == counted[0][mba, "out"], mba
    assert booked["FRXB"] == counted[0]["FRXC", "in"]  # with the weights after irradiation
    lost = booked_sums(imported[1], "'LN'")["FRXB"]
    out, spent = counted[0]["FRXB", "out"], counted[0]["FRXC", "in"]
    assert lost == [out[0], out[1] - spent[1], out[2] - spent[2]]


def test_all_duplicates_are_found(imported, counted):
    assert imported[0].prepared.tracked.duplicates.height == 276 == sum(counted[1].values())
    found = {f.mba: int(f.found) for f in imported[0].findings if f.code == "DUPLICATE"}
    assert found == counted[1]


def test_every_inventory_of_the_source_is_met(imported):
    summary = imported[0]
    assert [day.isoformat() for day in summary.closings] == [
        "2024-06-30", "2024-12-29", "2025-06-29", "2025-12-21",
    ]  # fmt: skip
    assert len(summary.comparisons) == 4 * 14
    for c in summary.comparisons:
        assert c.unexplained_mg == 0
        if c.source_items is not None:
            assert c.items == c.source_items
        if c.mba == "FFFB":
            assert 70_000_000 < c.unaccounted_mg == c.difference_mg
            assert "left with no record" in c.explanation
        elif c.source_mg is not None:
            assert abs(c.difference_mg) <= 60
        assert c.mba == "FFFB" or abs(c.unaccounted_mg) <= 300


def test_nothing_appears_and_nothing_vanishes(imported):
    summary, connection = imported
    total = Counter()
    query = text("SELECT code, SUM(element_mg) FROM inventory_change GROUP BY code")
    total.update({code: int(mg) for code, mg in connection.execute(query)})
    last = [c for c in summary.comparisons if c.day == summary.closings[-1]]
    earlier = sum(c.unaccounted_mg for c in summary.comparisons if c not in last)
    on_the_way = total["SD"] - total["RD"]
    # what was shipped to the conversion process in the last week arrives there a week later
    query = text(
        "SELECT COALESCE(SUM(element_mg), 0) FROM inventory_change WHERE event_date > 20251221"
    )
    on_the_way += int(connection.execute(query).scalar())
    books = sum(c.book_mg for c in last)
    assert total["RS"] == total["LN"] + on_the_way + books + earlier


def test_every_rod_of_an_assembly_is_known(imported):
    query = text(
        "SELECT COUNT(*), COUNT(DISTINCT child_uid), COUNT(DISTINCT parent_uid) FROM genealogy "
        "WHERE child_uid LIKE 'FFFG/%'"
    )
    assert tuple(imported[1].execute(query).one()) == (366_485, 9905, 366_485)
    by_mba = {d.process.mba: d for d in imported[0].prepared.descents}
    assert by_mba["FFFD"].unexplained == by_mba["FFFF"].unexplained == 0
    assert by_mba["FFFF"].largest_difference_mg <= 10


def test_an_assembly_is_traced_to_the_mine_and_to_the_files(imported):
    registry = builtin_registry()
    metadata = build_metadata(registry)
    chain = why(imported[1], metadata, registry, "batch:FFFG/FA-2513#1").to_dict()
    batches = {link["to"] for link in chain["links"] if link["to"].startswith("batch:")}
    assert sum(batch.startswith("batch:FFFE/ROD-") for batch in batches) == 37
    assert any(batch.startswith("batch:FMNA/DRUM-") for batch in batches)
    names = {evidence["name"] for evidence in chain["evidence"]}
    assert {"phwr-movements.csv.gz", "phwr-bulk.csv.gz", "mapping.toml"} <= names
    assert not chain["truncated"]
