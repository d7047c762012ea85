"""Daily files and spectra come into the books: the bytes as evidence, what they say as records.

An occupancy goes by its instrument and its start. A file that stands in the record is not taken
twice; an occupancy that another file tells again, as where a file was cut off, is recorded anew
if it says something else, and the last record counts.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.detection_sites import tables
from keiryo.detection_sites.register import Register, finding, read_register, utc
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
    kept = keep_file(database.evidence, name, content)
    outcome: dict[str, Any] = {}

    def draft(connection: Connection) -> Draft:
        register = read_register(connection, database.metadata)
        known = _instrument(connection, database.metadata, register, instrument, kept.digest, name)
        site = register["site"][(known["site"],)]
        rows, told = _occupancies(register, site, instrument, file, day)
        scope = str(known["scope"])
        there = occupancies(connection, database.metadata, instrument=instrument)
        made = Draft("detection.import", f"detection:{uuid.uuid4()}")
        add_evidence(made, kept, scope, "daily file", utc_text(clock()))
        cut = not all(one.complete for one in file.occupancies) or any(
            one.code in _CUT for one in file.problems
        )
        made.add(
            tables.DETECTION_FILE.name,
            _file_line(file, kept.digest, instrument, name, cut),
            scope=scope,
        )
        new = [one for one in rows if not _stands(there.get((instrument, one["start"])), one)]
        for one in new:
            line = {**one, "digest": kept.digest}
            made.add(tables.DETECTION_OCCUPANCY.name, line, scope=scope)
        for health in _health(file, kept.digest, instrument):
            made.add(tables.DETECTION_HEALTH.name, health, scope=scope)
        outcome.update(
            occupancies=len(new),
            unchanged=len(rows) - len(new),
            incomplete=cut,
            findings=tuple(told),
        )
        return made

    act = post(database, draft, actor, clock=clock).act
    return Imported(act, kept.digest, **outcome)


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
    register: Register, site: Row, instrument: str, file: DailyFile, day: datetime.date | None
) -> tuple[list[dict[str, Any]], list[Finding]]:
    starts, ends, told = _moments(file, str(site["zone"]), day)
    groups: dict[tuple[float | None, str], list[int]] = {}
    for index, one in enumerate(file.occupancies):
        n_sigma, source = _n_sigma(register, site, instrument, starts[index], one.setup.n_sigma)
        groups.setdefault((n_sigma, source), []).append(index)
        if source in ("site", "default"):
            told.append(
                finding(
                    "PORTAL-SETUP-MISSING",
                    f"{starts[index]}: the instrument threshold is unknown; "
                    f"N of the {source} is used",
                    "Record its set-up: 'keiryo portals record setup'.",
                    warning=True,
                )
            )
    found: dict[int, Replayed] = {}
    sources: dict[int, str] = {}
    from keiryo.portal.alarm_logic import replay_all

    for (n_sigma, source), indices in groups.items():
        results = replay_all([file.occupancies[i] for i in indices], n_sigma)
        found.update(zip(indices, results, strict=True))
        sources.update(dict.fromkeys(indices, source))
    return [
        _line(found[i], instrument, starts[i], ends[i], sources[i])
        for i in range(len(file.occupancies))
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


def _moments(
    file: DailyFile, zone: str, day: datetime.date | None
) -> tuple[list[str], list[str | None], list[Finding]]:
    """Return starts and ends in UTC; where times have no day, it begins with `day`.

    The day changes where the clock falls back by more than half a day; a smaller fall is a clock
    that was set, and the order of the records stays as it is.
    """
    starts: list[str] = []
    ends: list[str | None] = []
    told: list[Finding] = []
    last: float | None = None
    seen: dict[str, int] = {}
    for one in file.occupancies:
        moments = []
        for given in (one.start, one.end):
            if given is not None and "T" not in given:
                if day is None:
                    raise RefusedError(
                        "the times of the file have no day",
                        [
                            finding(
                                "PORTAL-DATE",
                                f"line {one.first_line}: the time {given} has no day",
                                "Give the day of the first record: --date 2027-05-31.",
                            )
                        ],
                    )
                hours, minutes, seconds = given.split(":")
                now = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
                if last is not None and last - now > 43_200:
                    day += datetime.timedelta(days=1)
                last = now
                given = f"{day.isoformat()}T{given}"
            moments.append(None if given is None else utc(given, zone))
        start = moments[0]
        if start is None:
            raise RefusedError(
                "an occupancy has no start",
                [
                    finding(
                        "PORTAL-DATE",
                        f"line {one.first_line}: the occupancy has no time",
                        "Records need times; take the file that the portal stored.",
                    )
                ],
            )
        seen[start] = seen.get(start, 0) + 1
        if seen[start] > 1:
            told.append(
                finding(
                    "PORTAL-SAME-START",
                    f"line {one.first_line}: another occupancy starts at {start}",
                    "Both are kept; look at the clock of the instrument.",
                    warning=True,
                )
            )
            start = f"{start}~{seen[start]}"
        starts.append(start)
        ends.append(moments[1])
    return starts, ends, told


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
    from keiryo.spectra.reading import read_spectra
    from keiryo.spectra.spectrum import SpectrumFileError

    try:
        read = read_spectra(file)
    except SpectrumFileError as error:
        told = [
            finding("SPECTRUM-FILE", one.message, "'keiryo spectrum show' tells more.")
            for one in error.problems
        ]
        raise RefusedError(f"{file.name} was refused; nothing was recorded", told) from None
    kept = keep_file(database.evidence, file.name, file.read_bytes())
    shown = [one.to_dict() for one in read.spectra]

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        register = read_register(connection, metadata)
        known = register["instrument"].get((instrument,))
        table = metadata.tables[tables.DETECTION_MEASUREMENT.name]
        told = _spectrum_findings(connection, metadata, known, kept.digest, occupancy)
        if told or known is None:
            raise RefusedError(f"{file.name} was refused; nothing was recorded", told)
        made = Draft("detection.spectrum", f"detection:{uuid.uuid4()}")
        scope = str(known["scope"])
        add_evidence(made, kept, scope, "spectrum", utc_text(clock()))
        for number, one in enumerate(shown, 1):
            line: dict[str, Any] = {
                "digest": kept.digest,
                "number": number,
                "instrument": instrument,
                "occupancy": occupancy,
                "shown": json.dumps(one, ensure_ascii=False, sort_keys=True, default=str),
            }
            made.add(table.name, line, scope=scope)
        return made

    return post(database, draft, actor, clock=clock).act, [
        {"node": f"measurement:{kept.digest}#{number}", **one}
        for number, one in enumerate(shown, 1)
    ]


def _spectrum_findings(
    connection: Connection,
    metadata: MetaData,
    known: Row | None,
    digest: str,
    occupancy: str | None,
) -> list[Finding]:
    told = []
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


def _is_there(connection: Connection, metadata: MetaData, occupancy: str) -> bool:
    instrument, _, start = occupancy.partition("@")
    return (instrument, start) in occupancies(connection, metadata, instrument=instrument)
