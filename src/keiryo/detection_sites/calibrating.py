"""Calibrations of instruments with their certificates, and the responses of their detectors.

An item of equipment that is lent is calibrated in the register of equipment; its instrument shows
those calibrations with its own. A response is a file that ``keiryo templates fit`` or ``make``
made, or a set of templates of another program; it is kept byte by byte.
"""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date, utc_text
from keiryo.detection_sites import tables
from keiryo.detection_sites.register import KINDS, finding, findings, key_of, read_register
from keiryo.detection_sites.register_checks import future_findings
from keiryo.equipment.calibration import calibrations
from keiryo.errors import RefusedError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node
from keiryo.storage.engine import Database

Row = Mapping[str, Any]
LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration that was done.

    Attributes
    ----------
    instrument : str
    on, due : date
        When it was done, and the last day on which the instrument is trusted.
    by : str
        Who calibrated it.
    source : str
        The source that was used.
    result : str
        ``passed`` or ``failed``.
    note : str or None
    """

    instrument: str
    on: datetime.date
    due: datetime.date
    by: str
    source: str
    result: str = tables.PASSED
    note: str | None = None


def calibrate(
    database: Database,
    actor: Actor,
    done: Calibrated,
    *,
    certificate: tuple[str, bytes] | None = None,
    clock: Clock = system_clock,
) -> Act:
    """Record a calibration, with its certificate as evidence: one act.

    Parameters
    ----------
    database, actor, done
    certificate : (name, content), optional

    Raises
    ------
    RefusedError
        If it does not hold: all findings.
    """
    digest = None if certificate is None else hashlib.sha256(certificate[1]).hexdigest()
    values: dict[str, Any] = {
        "instrument": done.instrument,
        "on_day": date_number(done.on),
        "calibrated_by": done.by.strip() or None,
        "due_on": date_number(done.due),
        "check_source": done.source.strip() or None,
        "result": done.result,
        "certificate": digest,
        "note": done.note,
    }
    return _posted(database, actor, "calibration", values, certificate, clock)


def keep_response(
    database: Database,
    actor: Actor,
    instrument: str,
    file: Path,
    *,
    since: datetime.date,
    note: str | None = None,
    clock: Clock = system_clock,
) -> tuple[Act, dict[str, Any]]:
    """Record the response of the detector of an instrument, its file as evidence.

    Parameters
    ----------
    database, actor
    instrument : str
    file : Path
    since : date
        Day from which it is used.

    Returns
    -------
    (Act, dict)
        The act, and the line that was recorded.

    Raises
    ------
    RefusedError
        If the file is no response or is one of this instrument already, or there is no such
        instrument.
    """
    content, form = _content(file), response_form(file)
    values: dict[str, Any] = {
        "instrument": instrument,
        "digest": hashlib.sha256(content).hexdigest(),
        "name": file.name[:255],
        **form,
        "from_day": date_number(since),
        "note": note,
    }
    return _posted(database, actor, "response", values, (file.name, content), clock), values


def response_form(file: Path) -> dict[str, Any]:
    """Return what a file of a response is: its form, its detector, how many templates it has.

    Raises
    ------
    RefusedError
        If it is neither a fitted response nor a set of templates.
    """
    from keiryo.detector_response.measurements import load_response
    from keiryo.spectra.spectrum import SpectrumFileError
    from keiryo.templates.template_set import load_templates

    try:
        if file.suffix.lower() == ".json":
            name, _response, _told = load_response(file)
            return {"form": tables.RESPONSE, "detector": name[:255] or "-", "templates": None}
        found = load_templates(file)
    except SpectrumFileError as error:
        told = [
            finding(
                "DETECTION-RESPONSE",
                f"{one.code} {one.place}: {one.message}",
                "Give a file that 'keiryo templates fit' or 'keiryo templates make' made.",
            )
            for one in error.problems
        ]
        raise RefusedError(f"{file.name} was refused; nothing was recorded", told) from None
    name = found.detector[:255] or "-"
    return {"form": tables.TEMPLATES, "detector": name, "templates": len(found.templates)}


def _content(file: Path) -> bytes:
    if not file.is_file() or file.stat().st_size > LARGEST:
        words = f"{file.name} is no file, or larger than 256 MiB"
        advice = "Name one file with a response or with templates."
        told = [finding("DETECTION-RESPONSE", words, advice)]
        raise RefusedError(f"{file.name} was refused; nothing was recorded", told)
    return file.read_bytes()


def _posted(
    database: Database,
    actor: Actor,
    word: str,
    given: dict[str, Any],
    file: tuple[str, bytes] | None,
    clock: Clock,
) -> Act:
    """Record a line and its file; a certificate or note that is left out stays as it was."""
    kind = KINDS[word]

    def draft(connection: Connection) -> Draft:
        register = read_register(connection, database.metadata)
        before = register[word].get(key_of(kind, given), {})
        kept_fields = [name for name in ("certificate", "note") if name in given]
        said: dict[str, Any] = {name: before.get(name) for name in kept_fields}
        values = {name: said.get(name) if one is None else one for name, one in given.items()}
        told = [*future_findings(word, [values], clock()), *findings(register, kind, values)]
        if before and all(before[name] == one for name, one in values.items()):
            words = f"this {word} is in the record"
            advice = f"Nothing needs to be done: it stands in {line_node(before)}."
            told.append(finding("DETECTION-TWICE", words, advice))
        known = register["instrument"].get((values["instrument"],))
        if told or known is None:
            raise RefusedError("it was refused; nothing was recorded", told)
        scope = str(known["scope"])
        made = Draft(f"detection.{word}", f"detection:{uuid.uuid4()}")
        if file is not None:
            kept = keep_file(database.evidence, *file)
            role = "certificate" if word == "calibration" else word
            add_evidence(made, kept, scope, role, utc_text(clock()))
        made.add(kind.line.name, values, scope=scope)
        return made

    return post(database, draft, actor, clock=clock).act


def calibration_history(
    connection: Connection,
    metadata: MetaData,
    instrument: str,
    serial: str | None = None,
    *,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the calibrations of an instrument in the order of their days.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    instrument : str
    serial : str, optional
        Serial number of the item of equipment that it is: its calibrations are among them.
    known_at, through_act
        As the record stood; `through_act` alone holds for those of equipment.

    Returns
    -------
    list of dict
        ``on``, ``by``, ``due``, ``source``, ``result``, ``certificate`` (SHA-256 or None),
        ``register`` (detection or equipment), ``note``, ``line``.
    """
    when: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    register = read_register(connection, metadata, **when)
    equipment = [] if serial is None else calibrations(connection, metadata).get(serial, [])
    return history_of(register, instrument, equipment, through_act)


def history_of(
    register: Mapping[str, Mapping[tuple[Any, ...], Row]],
    instrument: str,
    equipment: list[dict[str, Any]],
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the calibrations of an instrument from what is read already."""
    own = [row for key, row in register["calibration"].items() if key[0] == instrument]
    checks = [
        row
        for key, row in register["check"].items()
        if key[0] == instrument and str(row["check_name"]).casefold() == "calibration"
    ]
    rows = [(row, "detection", row["result"]) for row in own]
    rows += [(row, "check", row["result"]) for row in checks]
    rows += [
        (row, "equipment", row["check_source_result"] or tables.PASSED)
        for row in equipment
        if through_act is None or row["act_id"] <= through_act
    ]
    rows.sort(key=lambda one: (one[0]["on_day"], one[0]["act_id"], one[0]["line_no"]))
    return [_calibration(*one) for one in rows]


def _calibration(row: Row, where: str, result: str) -> dict[str, Any]:
    return {
        "on": number_date(row["on_day"]).isoformat(),
        "by": row.get("calibrated_by"),
        "due": None if row["due_on"] is None else number_date(row["due_on"]).isoformat(),
        "source": row.get("check_source") or row.get("reading"),
        "result": result,
        "certificate": row.get("certificate"),
        "register": where,
        "note": row["note"],
        "line": line_node(row),
    }
