"""An instrument as it stands: the item of equipment that it is, its loan, calibration and tests.

An instrument is the item of equipment that it names. One that names none is the item with its
serial number if the item is of its model too: serial numbers of two makers may be alike.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import number_date
from keiryo.detection_sites.calibrating import history_of
from keiryo.detection_sites.instrument_tests import result_of_test
from keiryo.detection_sites.register import Register, read_register
from keiryo.equipment.calibration import calibrations
from keiryo.equipment.items import Item, items
from keiryo.equipment.loan_states import OPEN_STATES, OUT
from keiryo.equipment.loans import Loan, loans
from keiryo.errors import NotFoundError

Row = Mapping[str, Any]
NAMED, BY_SERIAL, ANOTHER_MODEL, NO_ITEM = "named", "by serial", "another model", "no such item"
VALID, OVERDUE, FAILED, NONE = "valid", "overdue", "failed", "none"


def instrument_states(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    instrument: str | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the instruments as they stand on a day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : date
    instrument : str, optional
        Only this one.
    through_act : int, optional
        As the record stood with this act; default: now.

    Returns
    -------
    list of dict
        What is registered; ``item`` (serial number of the item of equipment or None) and
        ``item_by``: named, by serial, another model (an item has its serial number but not its
        model), no such item, or None; ``loan``, ``condition``; ``calibration`` (the last one by
        the day) and ``calibration_state``: valid, overdue, failed or none; ``calibrations``,
        ``tests``, ``detectors``, ``responses``; ``next_due``, the first day on which a
        calibration or a test is due, or a loan ends.

    Raises
    ------
    NotFoundError
        If there is no such instrument.
    """
    register = read_register(connection, metadata, through_act=through_act)
    if instrument is not None and (instrument,) not in register["instrument"]:
        raise NotFoundError(
            f"there is no instrument {instrument[:60]!r}",
            "'keiryo portals list instrument' lists what there is.",
        )
    every = items(connection, metadata, through_act=through_act)
    lent = loans(connection, metadata, through_act=through_act)
    done = calibrations(connection, metadata)
    found = []
    for (name,), row in sorted(register["instrument"].items()):
        if instrument in (None, name):
            serial, how = item_of(row, every)
            history = history_of(register, name, done.get(serial or "", []), through_act)
            found.append(_state(register, row, on, history))
            known = None if serial is None else every[serial]
            found[-1] |= {"item": serial, "item_by": how, **_equipment(known, lent)}
            found[-1]["next_due"] = _next_due(found[-1])
    return found


def item_of(row: Row, every: Mapping[str, Item]) -> tuple[str | None, str | None]:
    """Return the serial number of the item that an instrument is, and how it is known.

    Parameters
    ----------
    row : mapping
        The instrument as it is registered.
    every : mapping of str to Item
        By serial number.
    """
    if row["equipment"] is not None:
        there = row["equipment"] in every
        return (row["equipment"], NAMED) if there else (None, NO_ITEM)
    item = every.get(row["serial"])
    if item is None:
        return None, None
    if _plain(row["model"]) and _plain(row["model"]) in _plain(str(item.values["model"])):
        return item.serial, BY_SERIAL
    return None, ANOTHER_MODEL


def loan_of(serial: str, lent: Mapping[str, Loan]) -> Loan | None:
    """Return the loan of an item: the one under which it is out, else one that is still open."""
    its = [one for one in lent.values() if serial in one.serials and one.state in OPEN_STATES]
    its.sort(key=lambda one: (one.state not in OUT, -int(one.values["act_id"])))
    return its[0] if its else None


def calibration_state(history: list[dict[str, Any]], on: datetime.date) -> tuple[str, Any]:
    """Return the state of the calibration on a day, and the last calibration by then."""
    day = on.isoformat()
    last = next((one for one in reversed(history) if one["on"] <= day), None)
    if last is None:
        return NONE, None
    if last["result"] == FAILED:
        return FAILED, last
    return (OVERDUE if last["due"] is not None and last["due"] < day else VALID), last


def _state(
    register: Register, row: Row, on: datetime.date, history: list[dict[str, Any]]
) -> dict[str, Any]:
    name = row["instrument"]

    def of(word: str) -> list[dict[str, Any]]:
        return [one for key, one in sorted(register[word].items()) if key[0] == name]

    state, last = calibration_state(history, on)
    told = (
        *("instrument", "site", "lane", "instrument_class", "maker", "model", "serial"),
        *("firmware", "equipment", "note"),
    )
    plans = (plan for _key, plan in sorted(register["test"].items()))
    responses = sorted(of("response"), key=lambda one: (one["from_day"], one["act_id"]))
    return {
        **{field: row[field] for field in told},
        "on": on.isoformat(),
        "calibration_state": state,
        "calibration": last,
        "calibrations": history,
        "tests": [result_of_test(register, one, on) for one in plans if one["instrument"] == name],
        "detectors": [
            {one: row[one] for one in ("detector", "kind", "panel", "place", "material", "serial")}
            for row in of("detector")
        ],
        "responses": [
            {
                **{one: row[one] for one in ("name", "form", "detector", "templates", "digest")},
                "from": number_date(row["from_day"]).isoformat(),
                "note": row["note"],
            }
            for row in responses
        ],
    }


def _equipment(item: Item | None, lent: Mapping[str, Loan]) -> dict[str, Any]:
    if item is None:
        return {"condition": None, "loan": None}
    loan = loan_of(item.serial, lent)
    told = None
    if loan is not None:
        end = loan.end_on
        told = {
            "loan": loan.name,
            "lender": loan.values["lender"],
            "borrower": loan.values["borrower"],
            "state": loan.state,
            "ends_on": None if end is None else number_date(end).isoformat(),
        }
    return {"condition": item.condition, "loan": told}


def _next_due(state: Row) -> str | None:
    days = [one["next_due"] for one in state["tests"]]
    days += [state["calibration"]["due"]] if state["calibration"] else []
    days += [state["loan"]["ends_on"]] if state["loan"] else []
    return min((day for day in days if day is not None), default=None)


def _plain(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())
