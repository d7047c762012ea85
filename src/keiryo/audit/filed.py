"""The reports of the area, written anew from the books, and the files in which they came.

A file is copied into the pack only if all that it holds is of this area: one that holds records
of other areas as well is named by its digest, so that it can be asked for, and left out.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import or_, select

from keiryo.audit.pages import Cell, CsvFile, Pages, columns, link, names
from keiryo.audit.sources import EvidenceRecord, Work
from keiryo.dates import date_number, number_date
from keiryo.errors import KeiryoError
from keiryo.journal.tables import EVIDENCE
from keiryo.places.tables import areas
from keiryo.reports.export import recorded_reports
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.reports.tables import REPORT
from keiryo.storage.evidence import EvidenceStore

REPORTS_CSV = names(
    "report type date from to entries outcome act line recorded_at digest file_in_pack "
    "same_as_received evidence"
)
EVIDENCE_CSV = names("digest name role size_bytes received_at act file_in_pack why_not")
_REPORTS = columns(
    "Report | Type | Date | Period | #Entries | Outcome | Act | Written anew | Same as received | "
    "Received in"
)
_FILES = columns("Name | Role | #Bytes | Received at | Act | In the pack | SHA-256")
_ISSUED, _RECORD = "issued_report", "issued_record"
_SEEN_BYTES = 64 * 1024 * 1024
_SUFFIX = re.compile(r".*(\.(?:txt|csv|tsv|json|xlsx|pdf))", re.I | re.S)


def write_reports(work: Work) -> int:
    """Write the list of reports and each accepted report as labelled text; return how many."""
    headers = list(_headers(work))
    written = dict(_written_anew(work, headers))
    title = f"Reports of {work.mba} that touch {work.period.start} to {work.period.end}"
    with (
        Pages(work.folder, "reports", title, _REPORTS) as pages,
        CsvFile(work.folder, "reports.csv", REPORTS_CSV) as out,
    ):
        for header in headers:
            _write_header(work, header, written.get(int(header["act_id"])), pages, out)
        issued = list(_issued(work))
        for header in issued:
            _write_issued(work, header, pages, out)
    return len(headers) + len(issued)


def _headers(work: Work) -> Iterator[Any]:
    """Yield the reports that the pack uses, and others whose period touches that of the pack."""
    table = work.metadata.tables[REPORT.name]
    query = (
        select(table)
        .where(table.c.mba == work.mba, table.c.act_id <= work.checkpoint.act_id)
        .order_by(table.c.act_id, table.c.line_no)
    )
    if work.knowledge.known_on is not None:
        day = date_number(work.knowledge.known_on)
        query = query.where(or_(table.c.report_date.is_(None), table.c.report_date <= day))
    first, last = date_number(work.period.start), date_number(work.period.end)
    for header in work.connection.execute(query).mappings().all():
        begins, ends = header["period_from"], header["period_to"]
        touches = begins is None or ends is None or (begins <= last and ends >= first)
        if touches or work.sources.has_used(int(header["act_id"])):
            yield header


def _written_anew(work: Work, headers: list[Any]) -> Iterator[tuple[int, tuple[str, bool]]]:
    """Write the accepted reports; yield the act, the file, and if it is as it was received."""
    wanted = {int(h["act_id"]): h for h in headers if h["outcome"] == "accepted"}
    if not wanted:
        return
    table = work.metadata.tables[REPORT.name]
    query = (
        select(table.c.act_id)
        .where(table.c.mba == work.mba, table.c.outcome == "accepted")
        .order_by(table.c.act_id)
    )
    acts = [int(act_id) for (act_id,) in work.connection.execute(query)]
    recorded: Iterator[Report] = recorded_reports(work.connection, work.metadata, work.mba)
    for act_id, report in zip(acts, recorded, strict=True):
        if act_id in wanted:
            text = write([report])
            kind = report.type if report.type in ("I", "P", "M") else "T"
            name = f"reports/{work.area.state}-{work.mba}-{report.number}-{kind}-act-{act_id}.txt"
            work.folder.write(name, text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            yield act_id, (name, digest == wanted[act_id]["digest"])


def _write_header(
    work: Work, header: Any, written: tuple[str, bool] | None, pages: Pages, out: CsvFile
) -> None:
    act_id, line_no = int(header["act_id"]), int(header["line_no"])
    work.sources.use(act_id, line_no)
    name, same = (None, None) if written is None else (written[0], "yes" if written[1] else "no")
    days = [
        None if header[column] is None else str(number_date(header[column]))
        for column in ("report_date", "period_from", "period_to")
    ]
    evidence = header["evidence"]
    pages.row(
        [str(header["report_no"]), header["report_type"] or "T", days[0],
         f"{days[1] or ''} to {days[2] or ''}", header["entry_count"], header["outcome"],
         work.sources.act_link(act_id), None if name is None else link(name, "labelled text"),
         same, link(f"evidence.html#{evidence}", evidence[:16])],
        anchor=f"report-{act_id}",
    )  # fmt: skip
    out.row(
        [header["report_no"], header["report_type"] or "T", *days, header["entry_count"],
         header["outcome"], act_id, line_no, work.sources.act(act_id).recorded_at,
         header["digest"], name, same, evidence]
    )  # fmt: skip


def _issued(work: Work) -> Iterator[Any]:
    """Yield the headers of the reports that were issued from the books and touch the period."""
    if _ISSUED not in work.metadata.tables:
        return
    table = work.metadata.tables[_ISSUED]
    first, last = date_number(work.period.start), date_number(work.period.end)
    query = (
        select(table)
        .where(
            table.c.mba == work.mba,
            table.c.act_id <= work.checkpoint.act_id,
            table.c.period_from <= last,
            table.c.period_to >= first,
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    if work.knowledge.known_on is not None:
        query = query.where(table.c.report_date <= date_number(work.knowledge.known_on))
    yield from work.connection.execute(query).mappings().all()


def _write_issued(work: Work, header: Any, pages: Pages, out: CsvFile) -> None:
    """Write a report that was issued from the books, as it was sent."""
    act_id, line_no = int(header["act_id"]), int(header["line_no"])
    work.sources.use(act_id, line_no)
    number, kind = header["report_no"], header["report_type"]
    name = f"reports/issued-{work.area.state}-{work.mba}-{number}-{kind}-act-{act_id}.txt"
    with work.folder.text(name) as text:
        for record_line, content in _issued_records(work, act_id, int(number)):
            work.sources.use(act_id, record_line)
            text.write(content if content.endswith("\n") else f"{content}\n")
    days = [
        str(number_date(header[column])) for column in ("report_date", "period_from", "period_to")
    ]
    pages.row(
        [str(number), kind, days[0], f"{days[1]} to {days[2]}", header["entry_count"], "issued",
         work.sources.act_link(act_id), link(name, "as sent"), None, None],
        anchor=f"issued-{act_id}",
    )  # fmt: skip
    out.row(
        [number, kind, *days, header["entry_count"], "issued", act_id, line_no,
         work.sources.act(act_id).recorded_at, header["digest"], name, None, None]
    )  # fmt: skip


def _issued_records(work: Work, act_id: int, report_no: int) -> Iterator[tuple[int, str]]:
    table = work.metadata.tables[_RECORD]
    query = (
        select(table.c.line_no, table.c.content)
        .where(table.c.act_id == act_id, table.c.mba == work.mba, table.c.report_no == report_no)
        .order_by(table.c.line_no)
    )
    for line_no, content in work.connection.execute(query):
        yield int(line_no), str(content)


def write_evidence(work: Work, store: EvidenceStore) -> int:
    """Copy the files behind the acts, and list them all; return how many were copied."""
    others = set(areas(work.connection, work.metadata)) - {work.mba}
    copied: dict[str, tuple[str | None, str]] = {}
    title = f"Files behind the records of {work.mba}"
    with (
        Pages(work.folder, "evidence", title, _FILES) as pages,
        CsvFile(work.folder, "evidence.csv", EVIDENCE_CSV) as out,
    ):
        for act_id in [act_id for act_id, _ in work.sources.used()]:
            for record in work.sources.act(act_id).evidence:
                work.sources.use(act_id, record.line_no)
                first = record.digest not in copied
                if first:
                    copied[record.digest] = _copied(work, store, record, others)
                name, why = copied[record.digest]
                where: Cell = why if name is None else link(name, "original file")
                pages.row(
                    [record.name, record.role, record.size_bytes, record.received_at,
                     work.sources.act_link(act_id), where, record.digest],
                    anchor=record.digest if first else "",
                )  # fmt: skip
                out.row(
                    [record.digest, record.name, record.role, record.size_bytes,
                     record.received_at, act_id, name, why]
                )  # fmt: skip
    return sum(1 for name, _ in copied.values() if name is not None)


def _copied(
    work: Work, store: EvidenceStore, record: EvidenceRecord, others: set[str]
) -> tuple[str | None, str]:
    """Copy a file into the pack; return its name there, or None and why it was left out."""
    if not record.kept:
        return None, "it was too large to be kept; its digest identifies it"
    shared = record.scope != work.area.scope or _other_scopes(work, record.digest)
    if shared and others:
        return None, "it holds records of other areas as well; ask the State for it by its digest"
    try:
        content = store.get(record.digest)
    except (KeiryoError, OSError):
        return None, "it is missing in the store of evidence"
    if hashlib.sha256(content).hexdigest() != record.digest:
        return None, "it was changed in the store of evidence: its digest is another"
    if not _only_of(content, record.name, work.mba, others):
        return None, "it names other areas and may hold their records; ask for it by its digest"
    suffix = _SUFFIX.fullmatch(record.name)
    name = f"evidence/{record.digest}{suffix[1].lower() if suffix else ''}"
    work.folder.path(name).write_bytes(content)
    return name, ""


def _other_scopes(work: Work, digest: str) -> bool:
    """Whether the same file was also recorded for somebody else."""
    table = work.metadata.tables[EVIDENCE.name]
    query = (
        select(table.c.act_id)
        .where(table.c.digest == digest, table.c.scope != work.area.scope)
        .limit(1)
    )
    return work.connection.execute(query).first() is not None


_NOT_TO_BE_LOOKED_INTO = (
    zipfile.BadZipFile,
    zlib.error,  # damaged inside
    EOFError,
    RuntimeError,  # encrypted, or packed in a way that is not known here
    ValueError,
    OSError,
)
"""What opening an archive from outside may end with; such a file is not given away."""


def _only_of(content: bytes, name: str, mba: str, others: set[str]) -> bool:
    """Whether a file can be given away: a report of this area, or a text that names no other."""
    if not others:
        return True
    codes = "|".join(re.escape(code) for code in sorted(others))
    reports = read(content, name).reports
    if reports:
        stray = re.search(rf"307\s*:\s*(?:{codes})(?![A-Z0-9-])".encode(), content)
        return stray is None and all(report.mba == mba for report in reports)
    pattern = re.compile(rf"(?<![A-Z0-9-])(?:{codes})(?![A-Z0-9-])".encode())
    try:
        return not any(pattern.search(part) for part in _readable_parts(content))
    except _NOT_TO_BE_LOOKED_INTO:
        return False


def _readable_parts(content: bytes) -> Iterator[bytes]:
    """Yield what a person could read in a file; ValueError if nobody can tell."""
    if content[:2] == b"PK":
        left = _SEEN_BYTES
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    part = member.read(left + 1)
                left -= len(part)
                if left < 0:
                    raise ValueError("it is too large to look through")
                yield part
    elif b"\x00" in content:
        raise ValueError("it is no text")
    else:
        yield content
