"""Spectra of instruments come into the books: the bytes as evidence, what they say as records."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.detection_sites import tables
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.register import Register, finding, read_register
from keiryo.errors import Finding, RefusedError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.storage.engine import Database

Row = Mapping[str, Any]


def keep_spectrum(
    database: Database,
    actor: Actor,
    instrument: str,
    file: Path,
    *,
    occupancy: str | None = None,
    clock: Clock = system_clock,
) -> tuple[Act, Sequence[dict[str, Any]]]:
    """Record a spectrum file: evidence, and a line for each spectrum with what it says.

    Parameters
    ----------
    database, actor
    instrument : str
    file : Path
    occupancy : str, optional
        Start of the occupancy that it is about, as the record names it.

    Raises
    ------
    RefusedError
        If it cannot be read, is in the record, or instrument or occupancy are unknown.
    """
    from keiryo.spectra.reading import content_of, read_content
    from keiryo.spectra.spectrum import SpectrumFileError

    try:
        content = content_of(file)
        read = read_content(content, file.suffix)
    except SpectrumFileError as error:
        told = [
            finding("SPECTRUM-FILE", one.message, "'keiryo spectrum show' tells more.")
            for one in error.problems
        ]
        raise RefusedError(f"{file.name} was refused; nothing was recorded", told) from None
    digest = hashlib.sha256(content).hexdigest()
    shown = [one.to_dict() for one in read.spectra]

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        register = read_register(connection, metadata)
        known = register["instrument"].get((instrument,))
        table = metadata.tables[tables.DETECTION_MEASUREMENT.name]
        told = _spectrum_findings(connection, metadata, register, known, digest, occupancy)
        if told or known is None:
            raise RefusedError(f"{file.name} was refused; nothing was recorded", told)
        kept = keep_file(database.evidence, file.name, content)
        made = Draft("detection.spectrum", f"detection:{uuid.uuid4()}")
        scope = str(known["scope"])
        add_evidence(made, kept, scope, "spectrum", utc_text(clock()))
        for number, one in enumerate(shown, 1):
            line: dict[str, Any] = {
                "digest": digest,
                "number": number,
                "instrument": instrument,
                "occupancy": occupancy,
                "shown": json.dumps(one, ensure_ascii=False, sort_keys=True, default=str),
            }
            made.add(table.name, line, scope=scope)
        return made

    return post(database, draft, actor, clock=clock).act, [
        {"node": f"measurement:{digest}#{number}", **one} for number, one in enumerate(shown, 1)
    ]


def _spectrum_findings(
    connection: Connection,
    metadata: MetaData,
    register: Register,
    known: Row | None,
    digest: str,
    occupancy: str | None,
) -> list[Finding]:
    told = []
    if known is not None and occupancy is not None and not _sees(register, known, occupancy):
        told.append(
            finding(
                "DETECTION-LANE",
                f"{known['instrument']} does not measure what passes {occupancy[:80]}",
                "Name an instrument of its lane, or one that is carried at its site.",
            )
        )
    if known is None:
        told.append(
            finding(
                "DETECTION-UNKNOWN",
                "there is no such instrument",
                "'keiryo portals list instrument' lists what there is.",
            )
        )
    if occupancy is not None and not _is_there(connection, metadata, occupancy):
        told.append(
            finding(
                "DETECTION-UNKNOWN",
                f"there is no occupancy {occupancy[:80]!r}",
                "Name it as INSTRUMENT@START; 'keiryo portals occupancies' lists them.",
            )
        )
    table = metadata.tables[tables.DETECTION_MEASUREMENT.name]
    if rows_of(connection, metadata, table.name, table.c.digest == digest):
        told.append(
            finding(
                "SPECTRUM-TWICE",
                "the same bytes are in the record",
                f"Nothing needs to be done; it is measurement:{digest}#1.",
            )
        )
    return told


def _sees(register: Register, known: Row, occupancy: str) -> bool:
    """Return whether an instrument can measure a passage: its own lane's, or carried there."""
    other = register["instrument"].get((occupancy.partition("@")[0],))
    if other is None or other["instrument"] == known["instrument"]:
        return True
    return bool(other["site"] == known["site"] and known["lane"] in (None, other["lane"]))


def _is_there(connection: Connection, metadata: MetaData, occupancy: str) -> bool:
    instrument, _, start = occupancy.partition("@")
    return (instrument, start) in occupancies(connection, metadata, instrument=instrument)
