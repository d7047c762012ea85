"""Daily files and spectra come into the books: the bytes as evidence, what they say as records.

An occupancy goes by its instrument and its start. A file that stands in the record is not taken
twice; an occupancy that another file tells again is recorded anew if that file tells at least as
much of it and says something else, and the last record counts. What a cut file tells of it takes
nothing away.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.detection_sites import tables
from keiryo.detection_sites.passage_times import Moments, passage_times
from keiryo.detection_sites.register import Register, finding, read_register
from keiryo.detection_sites.same_passage import KeptPassages, Placed, place_passages
from keiryo.detection_sites.setups_in_files import add_setups
from keiryo.errors import Finding, RefusedError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.storage.engine import Database

if TYPE_CHECKING:
    from keiryo.portal.alarm_logic import Replayed
    from keiryo.portal.daily_file import DailyFile

Row = Mapping[str, Any]
_CUT = frozenset({"INCOMPLETE"})


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes
    ----------
    act : Act
    digest : str
        SHA-256 of its bytes.
    occupancies, unchanged : int
        Recorded by it, and those that stand in the record like this already.
    incomplete : bool
    findings : tuple of Finding
        What is to be known about it; nothing of it kept the file out.
    """

    act: Act
    digest: str
    occupancies: int
    unchanged: int
    incomplete: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file would bring into the record.

    Attributes
    ----------
    digest : str
        SHA-256 of its bytes.
    rows : tuple of mapping
        A line for each passage, as the replay has it.
    verdicts : tuple of str
        Of each of them: ``new``, ``anew`` (it says more of one that stands), ``stands`` (the
        record has it, or more of it) or ``twice`` (the file tells it twice).
    begins : str or None
        Start of the first passage, UTC.
    incomplete : bool
    health : tuple of mapping
        Faults, tamper and what could not be believed, as they would be recorded.
    findings : tuple of Finding
    """

    digest: str
    rows: tuple[Row, ...]
    verdicts: tuple[str, ...]
    begins: str | None
    incomplete: bool
    health: tuple[Row, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _LookedAt:
    """A file held against the record."""

    check: FileCheck
    new: tuple[Row, ...]
    known: Row
    register: Register
    moments: Moments


def check_file(
    database: Database,
    instrument: str,
    name: str,
    content: bytes,
    *,
    day: datetime.date | None = None,
) -> FileCheck:
    """Return what a daily file would bring into the record; nothing is recorded.

    Parameters
    ----------
    database, instrument, name, content, day
        As `import_file`.

    Raises
    ------
    RefusedError
        As `import_file`, with the same findings.
    """
    file = _parsed(name, content)
    with database.reading() as connection:
        return _looked_at(database, connection, file, (instrument, name), day).check


def _looked_at(
    database: Database,
    connection: Connection,
    file: DailyFile,
    names: tuple[str, str],
    day: datetime.date | None,
) -> _LookedAt:
    """Hold a file against the record: what `import_file` records and `check_file` tells."""
    instrument, name = names
    register = read_register(connection, database.metadata)
    known = _instrument(connection, database.metadata, register, instrument, file.sha256, name)
    site = register["site"][(known["site"],)]
    moments = passage_times(file, str(site["zone"]), day)
    if moments.refused:
        raise RefusedError(f"{name} was refused; nothing was recorded", moments.refused)
    there = {
        start: row
        for (_, start), row in occupancies(
            connection, database.metadata, instrument=instrument
        ).items()
    }
    kept_before = KeptPassages(database.evidence.get)
    placed, told = place_passages(file, moments.starts, there, kept_before)
    rows, unset = _occupancies(register, site, instrument, file, moments, placed)
    verdicts = []
    for row, one in zip(rows, placed, strict=True):
        fuller = one.verdict in ("new", "at least as full")
        stands = not fuller or _stands(there.get(row["start"]), row)
        verdict = "new" if one.verdict == "new" else "anew"
        verdicts.append("twice" if one.verdict == "twice" else "stands" if stands else verdict)
    check = FileCheck(
        file.sha256,
        tuple(rows),
        tuple(verdicts),
        moments.starts[0] if moments.starts else None,
        _is_cut(file),
        tuple(_health(file, file.sha256, instrument)),
        (*moments.told, *told, *unset),
    )
    pairs = zip(rows, verdicts, strict=True)
    new = tuple(row for row, verdict in pairs if verdict in ("new", "anew"))
    return _LookedAt(check, new, known, register, moments)


def import_file(
    database: Database,
    actor: Actor,
    instrument: str,
    name: str,
    content: bytes,
    *,
    day: datetime.date | None = None,
    clock: Clock = system_clock,
) -> Imported:
    """Record a daily file of a portal: one act, or nothing.

    Parameters
    ----------
    database, actor
    instrument, name : str
        Name of the instrument in the register, and of the file.
    content : bytes
    day : date, optional
        Day of its first record, for a file whose times have none.

    Raises
    ------
    RefusedError
        If the file is in the record already, cannot be read, its times have no day, or there is
        no such instrument.
    """
    file = _parsed(name, content)
    outcome: dict[str, Any] = {}

    def draft(connection: Connection) -> Draft:
        found = _looked_at(database, connection, file, (instrument, name), day)
        given = (name, content, found.check.begins)
        made = _draft(database, file, instrument, given, found.new, found.known, utc_text(clock()))
        scope = str(found.known["scope"])
        add_setups(made, found.register, file, found.moments, instrument, scope)
        outcome.update(
            occupancies=len(found.new),
            unchanged=len(found.check.rows) - len(found.new),
            incomplete=found.check.incomplete,
            findings=found.check.findings,
        )
        return made

    act = post(database, draft, actor, clock=clock).act
    return Imported(act, file.sha256, **outcome)


def _draft(
    database: Database,
    file: DailyFile,
    instrument: str,
    given: tuple[str, bytes, str | None],
    new: Sequence[Row],
    known: Row,
    received_at: str,
) -> Draft:
    """Keep the file as evidence, and return the act that records it."""
    scope = str(known["scope"])
    name, content, begins = given
    kept = keep_file(database.evidence, name, content)
    made = Draft("detection.import", f"detection:{uuid.uuid4()}")
    add_evidence(made, kept, scope, "daily file", received_at)
    line = _file_line(file, kept.digest, instrument, name, _is_cut(file))
    line["begins"] = begins
    made.add(tables.DETECTION_FILE.name, line, scope=scope)
    for one in new:
        line = {**one, "digest": kept.digest}
        made.add(tables.DETECTION_OCCUPANCY.name, line, scope=scope)
    for health in _health(file, kept.digest, instrument):
        made.add(tables.DETECTION_HEALTH.name, health, scope=scope)
    return made


def _is_cut(file: DailyFile) -> bool:
    return not all(one.complete for one in file.occupancies) or any(
        one.code in _CUT for one in file.problems
    )


def _parsed(name: str, content: bytes) -> DailyFile:
    from keiryo.portal.daily_file import DailyFileError, parse_daily_file

    try:
        return parse_daily_file(content)
    except DailyFileError as error:
        told = [
            finding("PORTAL-FILE", one.message, "Give the file as the portal wrote it.")
            for one in error.problems
        ]
        raise RefusedError(f"{name} was refused; nothing was recorded", told) from None


def occupancies(
    connection: Connection,
    metadata: MetaData,
    *,
    instrument: str | None = None,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the occupancies as they stand, by instrument and start."""
    table = metadata.tables[tables.DETECTION_OCCUPANCY.name]
    only = () if instrument is None else (table.c.instrument == instrument,)
    rows = rows_of(
        connection,
        metadata,
        tables.DETECTION_OCCUPANCY.name,
        *only,
        known_at=known_at,
        through_act=through_act,
    )
    return {(row["instrument"], row["start"]): row for row in rows}


def _instrument(
    connection: Connection,
    metadata: MetaData,
    register: Register,
    instrument: str,
    digest: str,
    name: str,
) -> Row:
    """Return the instrument that a file is from; refuse a file that is in the record."""
    told = []
    known = register["instrument"].get((instrument,))
    if known is None:
        told.append(
            finding(
                "DETECTION-UNKNOWN",
                f"there is no instrument {instrument[:60]!r}",
                "'keiryo portals list instrument' lists what there is; record it first.",
            )
        )
    table = metadata.tables[tables.DETECTION_FILE.name]
    before = rows_of(connection, metadata, table.name, table.c.digest == digest)
    if before:
        told.append(
            finding(
                "PORTAL-FILE-TWICE",
                f"the same bytes were imported as {before[0]['name']} "
                f"for {before[0]['instrument']} by act {before[0]['act_id']}",
                "Nothing needs to be done: everything in it is in the record.",
            )
        )
    if told or known is None:
        raise RefusedError(f"{name} was refused; nothing was recorded", told)
    return known


def _occupancies(
    register: Register,
    site: Row,
    instrument: str,
    file: DailyFile,
    moments: Moments,
    placed: Sequence[Placed],
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return a line for each passage of a file, as the replay of the alarm logic has it."""
    from keiryo.portal.alarm_logic import replay_all

    told: list[Finding] = []
    groups: dict[tuple[float | None, str], list[int]] = {}
    for index, one in enumerate(file.occupancies):
        start = moments.starts[index]
        n_sigma, source = _n_sigma(register, site, instrument, start, one.setup.n_sigma)
        groups.setdefault((n_sigma, source), []).append(index)
        if source in ("site", "default"):
            told.append(
                finding(
                    "PORTAL-SETUP-MISSING",
                    f"{start}: the instrument threshold is unknown; N of the {source} is used",
                    "Record its set-up: 'keiryo portals record setup'.",
                    warning=True,
                )
            )
    found: dict[int, Replayed] = {}
    sources: dict[int, str] = {}
    for (n_sigma, source), indices in groups.items():
        results = replay_all([file.occupancies[i] for i in indices], n_sigma)
        found.update(zip(indices, results, strict=True))
        sources.update(dict.fromkeys(indices, source))
    return [
        _line(found[i], instrument, one.start, moments.ends[i], sources[i])
        for i, one in enumerate(placed)
    ], told


def _n_sigma(
    register: Register, site: Row, instrument: str, start: str, of_file: float | None
) -> tuple[float | None, str]:
    """Return N for an occupancy and where it is from; None: as the logic has it."""
    if of_file is not None:
        return None, "file"
    setups = [
        (moment, row["n_sigma"])
        for (name, moment), row in register["setup"].items()
        if name == instrument and moment <= start
    ]
    if setups:
        return float(max(setups)[1]), "setup"
    if site["default_n_sigma"] is not None:
        return float(site["default_n_sigma"]), "site"
    return None, "default"


def _line(
    found: Replayed, instrument: str, start: str, end: str | None, source: str
) -> dict[str, Any]:
    one = found.occupancy
    codes = dict.fromkeys(problem.code for problem in found.problems)
    if source in ("setup",):
        codes.pop("THRESHOLD_UNKNOWN", None)
    return {
        "instrument": instrument,
        "start": start,
        "end": end,
        "counter": one.number,
        "first_line": one.first_line,
        "last_line": one.last_line,
        "complete": int(one.complete),
        "evaluated": int(found.evaluated),
        "gamma_alarm": None if found.gamma_alarm is None else int(found.gamma_alarm),
        "neutron_alarm": None if found.neutron_alarm is None else int(found.neutron_alarm),
        "instrument_alarm": int(found.instrument_alarm),
        "max_sigma": _text(found.max_sigma),
        "n_sigma": _text(found.n_sigma),
        "n_source": source,
        "speed_kmh": _text(one.speed_kmh),
        "findings": " ".join(codes) or None,
    }


def _text(number: float | None) -> str | None:
    return None if number is None else f"{number:.6g}"


def _stands(known: Row | None, line: Row) -> bool:
    apart = ("first_line", "last_line")
    return known is not None and all(
        known[name] == value for name, value in line.items() if name not in apart
    )


def _file_line(
    file: DailyFile, digest: str, instrument: str, name: str, cut: bool
) -> dict[str, Any]:
    return {
        "digest": digest,
        "instrument": instrument,
        "name": name[:255] or "(no name)",
        "incomplete": int(cut),
        "occupancies": len(file.occupancies),
        "records": sum(file.records.values()),
        "records_by_code": " ".join(f"{k}={v}" for k, v in sorted(file.records.items())) or "-",
    }


def _health(file: DailyFile, digest: str, instrument: str) -> list[dict[str, Any]]:
    listed = [
        (kind, one.code, one.line, one.message)
        for kind, problems in (("fault", file.faults), ("file", file.problems))
        for one in problems
    ]
    listed += [
        ("tamper", "TAMPER", line, f"Tamper from {on or '(no time)'} to {off or '(no end)'}.")
        for line, on, off in file.tampers
    ]
    return [
        {
            "instrument": instrument,
            "digest": digest,
            "kind": kind,
            "code": code,
            "line": line,
            "message": message,
        }
        for kind, code, line, message in listed
    ]
