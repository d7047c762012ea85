"""A run with process losses: they are discards, and nothing else moves."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from keiryo.journal.verify import verify
from keiryo.movements import service
from keiryo.movements.service import import_movements
from movements.makers import ACTOR, LossyPlant, fresh_books, shipped_mapping


@pytest.fixture(scope="module")
def plant() -> LossyPlant:
    return LossyPlant()


def test_losses_are_measured_discards_and_nowhere_else(plant, tmp_path, database_url):
    moves, inventory, bulk = plant.write(tmp_path / "run")
    database = fresh_books(database_url)
    summary = import_movements(
        database, shipped_mapping(), [moves], ACTOR, inventory=inventory, bulk=bulk
    )
    assert not [f for f in summary.findings if str(f.severity) in "FE"]
    assert plant.lost_mg["FCVB"] > 0 and plant.lost_mg["FFFB"] > 0
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT mba, SUM(element_mg), SUM(fissile_mg) FROM inventory_change "
                 "WHERE code = 'LD' GROUP BY mba")
        ).all()  # fmt: skip
        other = connection.execute(
            text("SELECT DISTINCT code FROM inventory_change ORDER BY code")
        ).scalars()
        assert list(other) == ["LD", "RD", "RS", "SD"]
    assert {mba: mg for mba, mg, _ in rows} == plant.lost_mg
    assert all(fissile > 0 for _, _, fissile in rows)
    assert summary.closings[-1].isoformat() == "2024-07-28"
    assert {c.unaccounted_mg for c in summary.comparisons} == {0}
    assert {c.unexplained_mg for c in summary.comparisons} == {0}
    assert {c.difference_mg for c in summary.comparisons if c.source_mg is not None} == {0}
    assert verify(database).sound


def test_without_bulk_file_the_import_says_that_losses_are_unknown(plant, tmp_path):
    moves, inventory, _ = plant.write(tmp_path / "run")
    prepared = service.prepare(shipped_mapping(), [moves], inventory=inventory)
    assert "BULK-MISSING" in [f.code for f in prepared.findings]


def test_a_killed_import_goes_on_where_it_stopped(plant, tmp_path, monkeypatch):
    moves, inventory, bulk = plant.write(tmp_path / "run")
    mapping = shipped_mapping()
    database = fresh_books(tmp_path / "books.sqlite")
    original, count = service.post, 0

    def dies(*arguments, **more):
        nonlocal count
        count += 1
        if count == 12:
            raise KeyboardInterrupt
        return original(*arguments, **more)

    monkeypatch.setattr(service, "post", dies)
    with pytest.raises(KeyboardInterrupt):
        import_movements(database, mapping, [moves], ACTOR, inventory=inventory, bulk=bulk)
    monkeypatch.undo()
    second = import_movements(database, mapping, [moves], ACTOR, inventory=inventory, bulk=bulk)
    assert second.repeated == 11
    third = import_movements(database, mapping, [moves], ACTOR, inventory=inventory, bulk=bulk)
    assert third.acts == 0 and third.repeated == second.acts + second.repeated
    assert third.comparisons == second.comparisons

    whole = fresh_books(tmp_path / "whole.sqlite")
    import_movements(whole, mapping, [moves], ACTOR, inventory=inventory, bulk=bulk)
    query = text(
        "SELECT mba, code, event_date, batch, category, element_mg, fissile_mg "
        "FROM inventory_change ORDER BY 1, 2, 3, 4, 5"
    )
    with database.reading() as one, whole.reading() as other:
        assert one.execute(query).all() == other.execute(query).all()


def test_other_files_for_the_same_weeks_are_refused(plant, tmp_path):
    moves, inventory, bulk = plant.write(tmp_path / "run")
    database = fresh_books(tmp_path / "books.sqlite")
    mapping = shipped_mapping()
    import_movements(database, mapping, [moves], ACTOR, inventory=inventory, bulk=bulk)
    longer = LossyPlant(31).write(tmp_path / "longer")
    with pytest.raises(service.RefusedError) as caught:
        import_movements(database, mapping, [longer[0]], ACTOR, inventory=longer[1], bulk=longer[2])
    assert {f.code for f in caught.value.findings if str(f.severity) == "F"} == {"ALREADY-BOOKED"}


def test_what_a_store_loses_without_record_is_shown_with_its_reason(plant, tmp_path):
    moves, inventory, _ = plant.write(tmp_path / "run")
    changed = LossyPlant()
    at = next(i for i, r in enumerate(changed.bulk) if r.startswith("20,") and "powder_store" in r)
    week, facility, store, stock, received, issued = changed.bulk[at].split(",")
    changed.bulk[at] = f"{week},{facility},{store},{float(stock) - 1:.6f},{received},{issued}"
    _, _, short = changed.write(tmp_path / "short")
    prepared = service.prepare(shipped_mapping(), [moves], inventory=inventory, bulk=short)
    found = [f for f in prepared.findings if f.code == "STORE-CONTINUITY"]
    assert len(found) == 1 and "powder_store" in found[0].message


def test_a_random_loss_below_zero_is_no_discard_and_is_explained(plant, tmp_path):
    """The source may draw a negative loss: the product gains what the feed never gave."""
    moves, inventory, bulk = plant.write(tmp_path / "run")
    changed = LossyPlant()
    gained = 5_000
    for at, line in enumerate(changed.bulk):
        week, facility, store, stock, received, issued = line.split(",")
        if store == "U238_to_product" and int(week) >= 22:
            more = f"{float(stock) + gained / 1e6:.6f}"
            came = f"{float(received) + (gained / 1e6 if week == '22' else 0):.6f}"
            changed.bulk[at] = ",".join([week, facility, store, more, came, issued])
    _, _, bulk = changed.write(tmp_path / "gain")
    database = fresh_books(tmp_path / "books.sqlite")
    summary = import_movements(
        database, shipped_mapping(), [moves], ACTOR, inventory=inventory, bulk=bulk
    )
    first = next(c for c in summary.comparisons if c.mba == "FCVB")
    assert first.unaccounted_mg == -gained and first.unexplained_mg == 0
    assert "between the stores" in first.explanation
