"""What leaves a reactor: nuclear loss, change of category, shipment with the new weights."""

from __future__ import annotations

from sqlalchemy import text

from keiryo.movements.service import import_movements
from movements.makers import ACTOR, SMALL_MAP, fresh_books, mapping_of, row, write

INVENTORY = "week,facility,area,form,material,items,gross_kg,u_mass_fraction,u235_mass_fraction\n"


def moves(*, received: str = "20.0") -> list[str]:
    return [
        row(0, "store", "in", 1),
        row(1, "store", "out", 1),
        row(1, "core", "in", 1, received),
        row(40, "core", "out", 1, received),
        row(40, "pond", "in", 1, received, material="UO2r"),
    ]


def booked(tmp_path, rows, inventory=None, mapping=SMALL_MAP):
    database = fresh_books(tmp_path / "books.sqlite")
    path = None
    if inventory is not None:
        path = tmp_path / "inventory.csv"
        path.write_text(INVENTORY + inventory)
    moved = write(tmp_path / "moves.csv", *rows)
    summary = import_movements(database, mapping_of(mapping), [moved], ACTOR, inventory=path)
    with database.reading() as connection:
        lines = connection.execute(
            text("SELECT mba, code, category, element_mg, fissile_mg, mdc FROM inventory_change "
                 "ORDER BY act_id, line_no")
        ).all()  # fmt: skip
    return summary, [tuple(line) for line in lines]


def test_loss_category_change_and_shipment(tmp_path):
    _, lines = booked(tmp_path, moves())
    fresh, spent = (17_630_800, 122_000), (16_863_600, 20_000)
    assert sorted(lines[3:]) == [
        ("AAAB", "LN", "N", 767_200, 102_000, "B/Q/1/G"),
        ("AAAB", "ND", "D", *spent, "B/Q/1/G"),
        ("AAAB", "ND", "N", *spent, "B/Q/1/G"),
        ("AAAB", "SD", "D", *spent, "B/Q/1/G"),
        ("AAAC", "RD", "D", *spent, "B/Q/1/G"),
    ]
    assert lines[0] == ("AAAA", "RS", "N", *fresh, "B/Q/2/F")


def test_a_receiver_who_weighs_otherwise_has_a_shipper_receiver_difference(tmp_path):
    _, lines = booked(tmp_path, moves(received="19.999"))
    by_code = {(line[0], line[1]): line for line in lines}
    assert by_code["AAAB", "RD"][3] == 17_630_800  # the shipper's data
    assert by_code["AAAB", "DI"][3] == 882  # 881.54 mg, as booked weights differ


def test_an_item_that_the_source_does_not_find_is_material_unaccounted_for(tmp_path):
    summary, _ = booked(
        tmp_path,
        [row(0, "store", "in", 1), row(0, "store", "in", 2), row(25, "store", "in", 3)],
        "25,f,store,fuel_assembly,UO2,2,40.0,0.881540,0.006100\n",
    )
    store = next(c for c in summary.comparisons if c.mba == "AAAA")
    assert (store.items, store.source_items) == (3, 2)
    assert store.unaccounted_mg == store.difference_mg == 17_630_800
    assert "the movements leave 3 items, the source counts 2" in store.explanation
    assert store.unexplained_mg == 0


def test_the_next_closing_starts_from_what_was_found(tmp_path):
    rows = [row(0, "store", "in", 1), row(0, "store", "in", 2), row(51, "store", "in", 3)]
    summary, _ = booked(
        tmp_path, rows,
        "25,f,store,fuel_assembly,UO2,1,20.0,0.881540,0.006100\n"
        "51,f,store,fuel_assembly,UO2,2,40.0,0.881540,0.006100\n",
    )  # fmt: skip
    first, second = (c for c in summary.comparisons if c.mba == "AAAA")
    assert first.unaccounted_mg == 17_630_800
    assert second.unaccounted_mg == second.difference_mg == 0
    assert second.unexplained_mg == 0


def test_without_inventories_nothing_is_closed(tmp_path):
    summary, lines = booked(tmp_path, moves())
    assert summary.comparisons == () and summary.closings == () and len(lines) == 8


def test_areas_of_one_mba_move_without_inventory_change(tmp_path):
    mapping = SMALL_MAP.replace('"AAAB"', '"AAAA"').replace('"AAAC"', '"AAAA"')
    _, lines = booked(tmp_path, moves(), mapping=mapping)
    assert [line[1] for line in lines] == ["RS", "LN", "ND", "ND"]


def test_an_item_that_never_came_is_named_as_the_reason(tmp_path):
    summary, _ = booked(
        tmp_path,
        [row(0, "store", "in", 1), row(3, "store", "out", 2), row(3, "core", "in", 2)],
        "25,f,store,fuel_assembly,UO2,1,20.0,0.881540,0.006100\n"
        "25,f,core,fuel_assembly,UO2,1,20.0,0.881540,0.006100\n",
    )
    store = next(c for c in summary.comparisons if c.mba == "AAAA")
    assert store.unaccounted_mg == -17_630_800 and store.unexplained_mg == 0
    assert "left without having come" in store.explanation


def test_plutonium_is_produced_step_by_step_where_the_source_states_it(tmp_path):
    mapping = SMALL_MAP.replace(
        "[time]", '[[element]]\nsymbol = "Pu"\nfraction = "pu_mass_fraction"\n[time]', 1
    ).replace('category = "D"', 'category = "auto"')
    mapping = mapping.replace(
        'from = "f/store"\nto = "f/core"', 'from = "f/store"\nto = "f/core"\nirradiation = true'
    )
    heading = (
        "week,facility,area,direction,item_id,form,gross_kg,material,"
        "u_mass_fraction,u235_mass_fraction,pu_mass_fraction"
    )
    states = {
        "store": "UO2,0.88154,0.0061,0",
        "core": "UO2r,0.86,0.003,0.002",
        "pond": "UO2r,0.85,0.001,0.003",
    }
    rows = [
        f"{week},f,{area},{way},1,fuel_assembly,10.0,{states[area]}"
        for week, area, way in (
            (0, "store", "in"), (1, "store", "out"), (1, "core", "in"),
            (9, "core", "out"), (9, "pond", "in"),
        )
    ]  # fmt: skip
    path = tmp_path / "moves.csv"
    path.write_text("\n".join([heading, *rows]) + "\n")
    database = fresh_books(tmp_path / "books.sqlite")
    import_movements(database, mapping_of(mapping), [path], ACTOR)
    with database.reading() as connection:
        lines = connection.execute(
            text("SELECT mba, code, category, element_mg, fissile_mg FROM inventory_change")
        ).all()
    assert sorted(tuple(line) for line in lines) == sorted(
        [
            ("AAAA", "RS", "N", 8_815_400, 61_000),
            ("AAAA", "LN", "N", 215_400, 31_000),
            ("AAAA", "NP", "P", 20_000, None),
            ("AAAA", "ND", "N", 8_600_000, 30_000),
            ("AAAA", "ND", "D", 8_600_000, 30_000),
            ("AAAA", "SD", "D", 8_600_000, 30_000),
            ("AAAA", "SD", "P", 20_000, None),
            ("AAAB", "RD", "D", 8_600_000, 30_000),
            ("AAAB", "RD", "P", 20_000, None),
            ("AAAB", "LN", "D", 100_000, 20_000),
            ("AAAB", "NP", "P", 10_000, None),
            ("AAAB", "SD", "D", 8_500_000, 10_000),
            ("AAAB", "SD", "P", 30_000, None),
            ("AAAC", "RD", "D", 8_500_000, 10_000),
            ("AAAC", "RD", "P", 30_000, None),
        ]
    )
