"""The history of an item: everything that is recorded about it, in the order of time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import number_date
from keiryo.equipment.calibration import calibrations
from keiryo.equipment.items import item
from keiryo.equipment.loans import loans
from keiryo.equipment.tables import EQUIPMENT_ITEM
from keiryo.journal.reading import line_node, rows_of
from keiryo.storage.schema import ACT

RECORDED, HANDED_OVER, CALIBRATED = "recorded", "handed over", "calibrated"
CONDITION, LOAN = "condition", "loan"


def history(connection: Connection, metadata: MetaData, serial: str) -> list[dict[str, Any]]:
    """Return what is recorded about an item, in the order of time.

    Returns
    -------
    list of dict
        ``when`` (a day, or for what is recorded and handed over a moment in UTC), ``what``,
        ``words``, ``line``.

    Raises
    ------
    NotFoundError
        If there is no such item.
    """
    one = item(connection, metadata, serial)
    rows = [*_recorded(connection, metadata, serial)]
    for passed in one.chain:
        words = f"{passed.receiver} for {passed.organisation} at {passed.place}"
        if passed.giver is not None:
            words = f"from {passed.giver} to {words}"
        rows.append(_row(passed.at, HANDED_OVER, words, passed.line))
    for done in calibrations(connection, metadata).get(serial, []):
        words = f"by {done['calibrated_by']}, due {number_date(done['due_on'])}"
        if done["check_source_result"] is not None:
            words += f"; check source {done['check_source']}: {done['check_source_result']}"
        rows.append(_row(_day(done["on_day"]), CALIBRATED, words, line_node(done)))
    for state in one.conditions:
        words = f"{state['condition']}: {state['reason']}"
        rows.append(_row(_day(state["on_day"]), CONDITION, words, line_node(state)))
    for loan in loans(connection, metadata).values():
        if serial in loan.serials:
            begun = f"{loan.name}: requested by {loan.values['borrower']}"
            day = _day(loan.values["requested_on"])
            rows.append(_row(day, LOAN, begun, line_node(loan.values)))
            for step in loan.steps:
                words = f"{loan.name}: {step['state']}: {step['reason']}"
                rows.append(_row(_day(step["on_day"]), LOAN, words, line_node(step)))
    return sorted(rows, key=lambda row: (row["when"][:10], _place(row["line"])))


def _recorded(connection: Connection, metadata: MetaData, serial: str) -> list[dict[str, Any]]:
    act, same = metadata.tables[ACT], metadata.tables[EQUIPMENT_ITEM.name].c.serial == serial
    found = []
    for row in rows_of(connection, metadata, EQUIPMENT_ITEM.name, same):
        query = select(act.c.recorded_at).where(act.c.act_id == row["act_id"])
        when = str(connection.execute(query).scalar_one())
        words = f"{row['type']} {row['model']} of {row['owner']}"
        if row["reason"] is not None:
            words += f": {row['reason']}"
        found.append(_row(when, RECORDED, words, line_node(row)))
    return found


def _row(when: str, what: str, words: str, line: str) -> dict[str, Any]:
    return {"when": when, "what": what, "words": words, "line": line}


def _day(number: int) -> str:
    return number_date(number).isoformat()


def _place(line: str) -> tuple[int, int]:
    act, _slash, number = line.removeprefix("line:").partition("/")
    return int(act), int(number)
