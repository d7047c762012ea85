"""Items, what happens to them, and their calibrations."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from keiryo.equipment.calibration import Calibration, calibrate, calibration_on, calibrations
from keiryo.equipment.conditions import record_condition
from keiryo.equipment.items import Item, ItemEntry, items, register_items
from keiryo.equipment.tables import EQUIPMENT_CONDITION
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post

DAY = datetime.date(2026, 7, 1)
SOURCE = {
    "source_nuclide": "Cs-137",
    "source_activity_bq": 37_000,
    "source_reference_on": 20250101,
    "source_licence": "L-7",
}


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def standing(store: Any) -> dict[str, Item]:
    with store.books.database.reading() as connection:
        return items(connection, store.books.database.metadata)


def test_an_item_as_it_stands(store: Any) -> None:
    store.register("HP-9", "hpge-detector", **SOURCE, value=60_000, currency="EUR", firmware="2.1")
    found = standing(store)["HP-9"]
    assert found.has_source and not standing(store)["PRD-1"].has_source
    told = found.to_dict()
    assert told["source_activity_bq"] == 37_000 and told["source_reference_on"] == "2025-01-01"
    assert (told["custodian"], told["place"]) == ("Huber", "Seibersdorf")
    assert told["since"] == "2026-01-05T09:00:00.000000Z" and told["condition"] == "serviceable"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"serial": "A B"}, "EQUIPMENT-SERIAL"),
        ({"serial": ""}, "EQUIPMENT-SERIAL"),
        ({"type": "hpge-detectr"}, "EQUIPMENT-TYPE"),
        ({"model": " "}, "EQUIPMENT-EMPTY"),
        ({"value": 5}, "EQUIPMENT-VALUE"),
        ({"value": -1, "currency": "EUR"}, "EQUIPMENT-VALUE"),
        ({"source_nuclide": "Cs-137"}, "EQUIPMENT-SOURCE"),
        ({**SOURCE, "source_nuclide": "caesium"}, "EQUIPMENT-SOURCE"),
        ({**SOURCE, "source_reference_on": 20260230}, "EQUIPMENT-SOURCE"),
        ({"source_licence": "L-7"}, "EQUIPMENT-SOURCE"),
    ],
)
def test_what_is_not_described(store: Any, values: dict[str, Any], code: str) -> None:
    given = {"serial": "N-1", "type_": "camera", **values}
    given["type_"] = given.pop("type", given["type_"])
    before = standing(store)
    with pytest.raises(RefusedError) as error:
        store.register(**given)
    assert codes(error) == [code]
    assert standing(store) == before


def test_another_piece_is_not_the_same(store: Any) -> None:
    values = {**standing(store)["PRD-1"].values}
    values = {k: values[k] for k in ("serial", "type", "model", "owner")}
    books = store.books
    with pytest.raises(RefusedError) as error:
        register_items(books.database, books.actor, [ItemEntry({**values, "model": "Other"})])
    assert codes(error) == ["EQUIPMENT-CHANGED"]
    firmware = ItemEntry({**values, "firmware": "3"})
    register_items(books.database, books.actor, [firmware])
    why = ItemEntry({**values, "model": "Other", "reason": "misread on the label"})
    register_items(books.database, books.actor, [why])
    found = standing(store)["PRD-1"]
    assert found.values["model"] == "Other" and len(found.chain) == 1
    with pytest.raises(RefusedError) as error:  # custody does not begin twice
        store.register("PRD-1", reason="again")
    assert "EQUIPMENT-CUSTODY-BROKEN" in codes(error)


def test_lost_and_found(store: Any) -> None:
    books = store.books

    def becomes(condition: str, day: datetime.date = DAY, **more: Any) -> None:
        said = {"on": day, "reason": "seen by Huber", **more}
        record_condition(books.database, books.actor, "PRD-1", condition, **said)

    becomes("lost")
    with pytest.raises(RefusedError) as error:
        store.pass_on("PRD-1", "Huber", "Mori", ("INT.IAEA", "x", "2026-07-02T09:00Z"))
    assert codes(error) == ["EQUIPMENT-CUSTODY-GONE"]
    with pytest.raises(RefusedError) as error:
        becomes("lost")
    assert codes(error) == ["EQUIPMENT-CONDITION"]
    with pytest.raises(RefusedError) as error:
        becomes("serviceable", DAY - datetime.timedelta(days=1))
    assert codes(error) == ["EQUIPMENT-CONDITION"]
    with pytest.raises(RefusedError) as error:
        becomes("damaged", reason=" ", evidence=("act:999",))
    assert codes(error) == ["EQUIPMENT-REASON", "EQUIPMENT-EVIDENCE"]
    becomes("damaged", files=(("photo.txt", b"a dent"),))
    store.pass_on("PRD-1", "Huber", "Mori", ("INT.IAEA", "workshop", "2026-07-02T09:00Z"))
    becomes("retired")
    with pytest.raises(RefusedError, match="refused"):
        becomes("serviceable")
    with pytest.raises(NotFoundError):
        record_condition(books.database, books.actor, "none", "lost", on=DAY, reason="x")
    draft = Draft("equipment.condition", "past the service")
    values = {"before": "serviceable", "condition": "lost", "on_day": 20260701, "reason": "x"}
    draft.add(EQUIPMENT_CONDITION.name, {**values, "serial": "none"}, scope="XA")
    draft.add(EQUIPMENT_CONDITION.name, {**values, "serial": "PRD-2", "loan": "games"}, scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, draft, books.actor)
    assert codes(error) == ["EQUIPMENT-UNKNOWN", "EQUIPMENT-CONDITION-LOAN"]


def test_calibrations(store: Any) -> None:
    books = store.books
    due = datetime.date(2027, 6, 30)
    first = Calibration("PRD-1", DAY, due, "Laboratory", "Cs-137 no. 4", "passed")
    calibrate(books.database, books.actor, first, certificate=("c.txt", b"trusted"))
    with books.database.reading() as connection:
        done = calibrations(connection, books.database.metadata)["PRD-1"]
    assert len(str(done[0]["certificate"])) == 64
    assert calibration_on(done, DAY) == done[0]
    assert calibration_on(done, DAY - datetime.timedelta(days=1)) is None
    same = done[0]["certificate"]
    calibrate(books.database, books.actor, first, digest=same)
    for wrong, code in (
        (Calibration("PRD-1", due, DAY, "Laboratory"), "EQUIPMENT-CALIBRATION-DAYS"),
        (Calibration("PRD-1", DAY, due, " "), "EQUIPMENT-CALIBRATION-BY"),
        (Calibration("PRD-1", DAY, due, "L", "Cs-137"), "EQUIPMENT-CALIBRATION-SOURCE"),
    ):
        with pytest.raises(RefusedError) as error:
            calibrate(books.database, books.actor, wrong)
        assert codes(error) == [code]
    with pytest.raises(RefusedError) as error:
        calibrate(books.database, books.actor, first, digest="0" * 64)
    assert codes(error) == ["EQUIPMENT-EVIDENCE"]
    with pytest.raises(NotFoundError):
        calibrate(books.database, books.actor, Calibration("none", DAY, due, "L"))
