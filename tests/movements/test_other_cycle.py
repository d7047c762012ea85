"""Another fuel cycle: enrichment and mixed oxide, other names, other columns, dates and Parquet."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from sqlalchemy import text

from keiryo.accounts.balance import balance
from keiryo.movements.service import RefusedError, book, import_movements, prepare
from keiryo.quantities import Category
from movements.makers import ACTOR, codes, fresh_books, mapping_of, shipped_mapping

ENRICHMENT_MAP = """
format = 1
name = "enrichment plant of another simulator"
closing = "year"
[file]
weight_unit = "g"
rounding = "milligram"
[columns]
time = "Datum"
area = "Ort"
direction = "Richtung"
item = "Behaelter"
form = "Typ"
weight = "Brutto_g"
material = "Stoff"
[constants]
facility = "Anlage"
[[element]]
symbol = "U"
weight = "Uran_g"
fissile_weight = "U235_g"
[[element]]
symbol = "Pu"
weight = "Pu_g"
[time]
kind = "date"
zero = 2024-01-01
[directions]
in = ["Eingang", "E"]
out = ["Ausgang"]
[[material]]
name = "UF6"
category = "auto"
[[material]]
name = "MOX"
category = "D"
[[item]]
form = "48Y"
material = "UF6"
prefix = "48Y"
mdc = "O/G/V/B"
[[item]]
form = "30B"
material = "UF6"
prefix = "30B"
mdc = "O/G/U/B"
[[item]]
form = "BE"
material = "MOX"
prefix = "BE"
mdc = "B/Q/2/F"
[[area]]
facility = "Anlage"
area = "Feed-Lager"
code = "EEE-"
mba = "EEEA"
[[area]]
facility = "Anlage"
area = "Produkt-Lager"
code = "EEE-"
mba = "EEEC"
[[process]]
facility = "Anlage"
code = "EEE-"
mba = "EEEB"
genealogy = "pool"
inventory = "none"
category = "N"
[[flow]]
from = "outside"
to = "Anlage/Feed-Lager"
code = "RF"
party = "XB"
forms = ["48Y", "BE"]
[[flow]]
from = "Anlage/Feed-Lager"
to = "EEEB"
forms = ["48Y"]
[[flow]]
from = "EEEB"
to = "Anlage/Produkt-Lager"
[[flow]]
from = "Anlage/Produkt-Lager"
to = "outside"
code = "SF"
party = "XC"
"""
ROWS = [
    ("2024-03-01", "Feed-Lager", "Eingang", "A-1", "48Y", 18_491_000.0, "UF6", 12_500_000.0,
     88_875.0, 0.0),
    ("2024-03-02", "Feed-Lager", "E", "BE-7", "BE", 700_000.0, "MOX", 430_000.5, 1_000.25,
     20_000.1234),
    ("2024-03-08", "Feed-Lager", "Ausgang", "A-1", "48Y", 18_491_000.0, "UF6", 12_500_000.0,
     88_875.0, 0.0),
    ("2024-04-02", "Produkt-Lager", "Eingang", "P-1", "30B", 2_277_000.0, "UF6", 1_500_000.0,
     60_000.0, 0.0),
    ("2024-04-02", "Produkt-Lager", "Eingang", "T-1", "48Y", 16_000_000.0, "UF6", 10_500_000.0,
     26_000.0, 0.0),
    ("2024-05-02", "Produkt-Lager", "Ausgang", "P-1", "30B", 2_277_000.0, "UF6", 1_500_000.0,
     60_000.0, 0.0),
]  # fmt: skip
COLUMNS = ["Datum", "Ort", "Richtung", "Behaelter", "Typ", "Brutto_g", "Stoff", "Uran_g",
           "U235_g", "Pu_g"]  # fmt: skip


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "bewegungen.parquet"
    frame = pl.DataFrame(ROWS, schema=COLUMNS, orient="row").with_columns(
        pl.col("Datum").str.to_date()
    )
    frame.write_parquet(path)
    return path


def test_enriched_depleted_and_mixed_oxide_are_taken(parquet, tmp_path):
    database = fresh_books(tmp_path / "books.sqlite")
    summary = import_movements(database, mapping_of(ENRICHMENT_MAP), [parquet], ACTOR)
    assert codes(summary.findings) == []
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT mba, code, category, element_mg, fissile_mg FROM inventory_change "
                 "ORDER BY event_date, mba, act_id, line_no")
        ).all()  # fmt: skip
        found = balance(
            connection, database.metadata, "EEEB",
            start=datetime.date(2024, 1, 1), end=datetime.date(2024, 12, 31),
        ).lines  # fmt: skip
        uid = connection.execute(
            text("SELECT parent_uid FROM genealogy WHERE child_uid = 'EEEC/30B-P-1#1'")
        ).scalars()
        assert list(uid) == ["EEEB/POOL#1"]
        entries = connection.execute(
            text("SELECT COUNT(*) FROM inventory_change WHERE entry_line IS NOT NULL")
        ).scalar()
    assert ("EEEA", "RF", "N", 12_500_000_000, 88_875_000) in rows
    assert ("EEEA", "RF", "D", 430_000_500, 1_000_250) in rows
    assert ("EEEA", "RF", "P", 20_000_123, None) in rows
    assert ("EEEB", "NE", "E", 1_500_000_000, 60_000_000) in rows
    assert ("EEEB", "ND", "D", 10_500_000_000, 26_000_000) in rows
    assert ("EEEC", "SF", "E", 1_500_000_000, 60_000_000) in rows
    assert entries == 6  # two category changes and one receipt of U and Pu, two lines each
    assert found["BA"][Category.NATURAL].element_mg == 500_000_000
    assert found["BA"][Category.ENRICHED].element_mg == 0


def test_an_import_states_where_it_came_from_and_an_export_where_it_went(parquet, tmp_path):
    database = fresh_books(tmp_path / "books.sqlite")
    import_movements(database, mapping_of(ENRICHMENT_MAP), [parquet], ACTOR)
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT code, shipper, receiver, shipper_batch FROM inventory_change "
                 "WHERE code IN ('RF', 'SF') AND category IN ('N', 'E')")
        ).all()  # fmt: skip
    assert sorted(rows) == [("RF", "XB", "XF/EEEA", "UNKNOWN"), ("SF", "XF/EEEC", "XC", None)]


def test_the_wrong_mapping_refuses_with_everything_that_it_does_not_know(parquet, tmp_path):
    database = fresh_books(tmp_path / "books.sqlite")
    prepared = prepare(shipped_mapping(), [parquet])
    assert set(codes(prepared.findings)) >= {"COLUMN-MISSING"}
    with pytest.raises(RefusedError) as caught:
        book(database, prepared, ACTOR)
    assert len(caught.value.findings) >= 10
    with database.reading() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM act")).scalar() == 1


def test_another_cycle_in_the_same_columns_is_refused_name_by_name(tmp_path):
    heading = ("week,facility,area,direction,item_id,form,gross_kg,material,"
               "u_mass_fraction,u235_mass_fraction")  # fmt: skip
    path = tmp_path / "lwr.csv"
    path.write_text(
        heading + "\n"
        "0,uranium_mine_1,shipping_mba,in,1,drum,400.0,U3O8,0.848040,0.005860\n"
        "3,conversion_1,shipping_mba,in,9,cylinder40y,12501.0,UF6,0.676,0.0048\n"
        "5,enrichment_1,cascade_mba,in,9,cylinder40y,12501.0,UF6,0.676,0.0048\n"
        "9,enrichment_1,shipping_mba,in,12,cylinder30b,2277.0,UF6,0.676,0.0338\n"
        "12,conversion_2,shipping_mba,in,20,drum,400.0,UO2,0.8815,0.0441\n"
        "40,reactor_1,core_mba1,in,1,fuel_assembly,500.0,UO2,0.8815,0.0441\n"
    )
    prepared = prepare(shipped_mapping(), [path])
    words = " ".join(f.message for f in prepared.findings)
    assert prepared.refused
    for name in ("UF6", "cylinder40y", "cylinder30b", "enrichment_1", "cascade_mba",
                 "conversion_2", "core_mba1", "0.05003"):  # fmt: skip
        assert name in words


def test_dates_between_the_weeks_are_kept(parquet):
    events = prepare(mapping_of(ENRICHMENT_MAP), [parquet]).tracked.events
    assert events["day"].to_list()[0] == 20240301
    assert events["period"].to_list()[0] == 8
