"""Calibrations: when, by whom, until when an item is trusted, and the certificate that shows it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.equipment.items import item
from keiryo.equipment.record import BASIS, File, evidence_findings, kept, refused, unknown
from keiryo.equipment.tables import EQUIPMENT_CALIBRATION, EQUIPMENT_ITEM
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

CALIBRATE = "equipment.calibrate"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibration that was done.

    Attributes
    ----------
    serial : str
    on, due : datetime.date
        When it was done, and the last day on which the item is trusted.
    by : str
        Who calibrated it.
    check_source, check_source_result : str or None
        The source that it was checked with, and ``passed`` or ``failed``.
    note : str or None
    """

    serial: str
    on: datetime.date
    due: datetime.date
    by: str
    check_source: str | None = None
    check_source_result: str | None = None
    note: str | None = None


def calibrate(
    database: Database,
    actor: Actor,
    done: Calibration,
    *,
    certificate: File | None = None,
    digest: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record a calibration.

    Parameters
    ----------
    database, actor, done
    certificate : (name, content), optional
        The certificate; it is kept as evidence.
    digest : str, optional
        SHA-256 of a certificate that is in the record already.

    Raises
    ------
    RefusedError
        If it does not hold.
    NotFoundError
        If there is no such item.
    """

    def draft(connection: Connection) -> Draft:
        item(connection, database.metadata, done.serial)
        shown = kept(
            database,
            () if digest is None else (digest,),
            () if certificate is None else (certificate,),
        )
        values: dict[str, Value] = {
            "serial": done.serial,
            "on_day": date_number(done.on),
            "calibrated_by": done.by.strip(),
            "due_on": date_number(done.due),
            "certificate": shown.text,
            "check_source": done.check_source,
            "check_source_result": done.check_source_result,
            "note": done.note,
        }
        made = Draft(CALIBRATE, f"equipment:{uuid.uuid4()}")
        return shown.added(made, EQUIPMENT_CALIBRATION.name, values, actor, clock)

    return post(database, draft, actor, clock=clock)


def calibrations(connection: Connection, metadata: MetaData) -> dict[str, list[dict[str, Any]]]:
    """Return the calibrations of every item in the order of their days, by serial number."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(connection, metadata, EQUIPMENT_CALIBRATION.name):
        found.setdefault(row["serial"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row["on_day"], row["act_id"], row["line_no"]))
    return found


def calibration_on(done: list[dict[str, Any]], day: datetime.date) -> dict[str, Any] | None:
    """Return the last calibration that was done by a day, or None."""
    number = date_number(day)
    return next((one for one in reversed(done) if one["on_day"] <= number), None)


def calibration_dict(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a calibration as plain data."""
    return {
        "on": number_date(row["on_day"]).isoformat(),
        "by": row["calibrated_by"],
        "due": number_date(row["due_on"]).isoformat(),
        "certificate": row["certificate"],
        "check_source": row["check_source"],
        "check_source_result": row["check_source_result"],
        "note": row["note"],
        "line": f"line:{row['act_id']}/{row['line_no']}",
    }


def check_calibrations(posting: Posting) -> Iterator[Refusal]:
    """Refuse calibrations of unknown items, with days that cannot be, or without their maker."""
    known = {
        row["serial"] for row in rows_of(posting.connection, posting.metadata, EQUIPMENT_ITEM.name)
    }
    for line in posting.lines(EQUIPMENT_CALIBRATION.name):
        serial = line["serial"]
        if serial not in known:
            yield Refusal(unknown(serial))
            continue
        if line["due_on"] < line["on_day"]:
            yield _refusal(
                "EQUIPMENT-CALIBRATION-DAYS",
                f"{serial}: the calibration would be due before it was done",
                "Correct the day of the calibration or the day on which it is due.",
            )
        if not line["calibrated_by"].strip():
            yield _refusal(
                "EQUIPMENT-CALIBRATION-BY",
                f"{serial}: nothing says who calibrated it",
                "Name the laboratory or the person.",
            )
        if (line["check_source"] is None) != (line["check_source_result"] is None):
            yield _refusal(
                "EQUIPMENT-CALIBRATION-SOURCE",
                f"{serial}: a check source and its result belong together",
                "Give both, or neither.",
            )
        yield from refused(evidence_findings(posting, serial, line["certificate"]))


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


CALIBRATIONS_HOLD = Check(
    "calibrations of equipment",
    frozenset({EQUIPMENT_CALIBRATION.name}),
    check_calibrations,
)
