"""What is found about files that somebody sends, before anything is recorded.

Files are checked as they would stand in the books. Reports of areas that the sender may not speak
for stop the whole set; workbooks that unpack to very much more than they are, are not opened. The
sender sees what is found about their files and their areas, and nothing of others'.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select

from keiryo.errors import Finding, RefusedError, Severity
from keiryo.reports.checking import check_against_books, check_files
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_reader import ReadResult
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.formats.table_places import located
from keiryo.reports.known_batches import portions
from keiryo.reports.model import Report
from keiryo.reports.rules import check_report
from keiryo.reports.service import ENTRY_MARK
from keiryo.storage.schema import ACT
from keiryo.web.pages.reports_kept import File, KeptSet
from keiryo.web.pages.reports_records import stated_entries
from keiryo.web.sections import Tell
from keiryo.web.viewer import Viewer

ACCEPTING = "report.accept"
MOST_UNPACKED_BYTES = 16 * 1024 * 1024
MOST_RATIO = 100
"""How many times its own size a workbook may unpack to, beyond `MOST_UNPACKED_BYTES`."""

_READ = 0.4
"""The share of reading in the work of a check."""
_OF_THE_REGISTER = ("SEQ-DUP", "MBA-UNKNOWN", "FACILITY-UNKNOWN", "STATE-UNKNOWN", "CORR-REF")
_BLOCKING = (Severity.FORMAT, Severity.INCONSISTENCY)
_Key = tuple[object, ...]


@dataclass(frozen=True)
class CheckedSet:
    """What was found about a set of files.

    Attributes
    ----------
    reports : tuple of Report
    findings : tuple of Finding
        As far as they are for the sender to see.
    stopping : frozenset of str
        Reports (and files) that would be refused, by key.
    asking : frozenset of str
        Reports that would be refused unless somebody who receives reports gives a reason.
    not_yours : bool
        Whether there are reports that the sender may not send; then nothing is recorded.
    receives : bool
        Whether the sender receives reports for the State, and may accept with a reason.
    recorded : frozenset of str
        Reports that the books hold word for word already; sending them again changes nothing.
    """

    reports: tuple[Report, ...]
    findings: tuple[Finding, ...]
    stopping: frozenset[str] = frozenset()
    asking: frozenset[str] = frozenset()
    not_yours: bool = False
    receives: bool = False
    recorded: frozenset[str] = frozenset()

    @cached_property
    def digest(self) -> str:
        """What tells this result of a check from another."""
        said = sorted(repr(_key(one)) for one in self.findings)
        outcome = (sorted(self.stopping), sorted(self.asking), self.not_yours, said)
        return hashlib.sha256(repr(outcome).encode()).hexdigest()

    @property
    def acceptable(self) -> bool:
        """Whether all of it would be accepted as it is."""
        return bool(self.reports) and not (self.stopping or self.asking or self.not_yours)


def check_set(viewer: Viewer, kept: KeptSet, tell: Tell | None = None) -> CheckedSet:
    """Check a set of files; nothing is recorded.

    Parameters
    ----------
    viewer : Viewer
    kept : KeptSet
    tell : callable, optional
        Told how many entries are done, by the share of the work; what it raises ends the check.
    """
    say = _saying(kept, tell)
    say(0)
    packed = [one for file in _every(kept) if (one := _packed_too_much(*file)) is not None]
    unopened = {one.file for one in packed}
    files = [file for file in kept.files if file[0] not in unopened]
    result = read_any(files)
    say(_READ)
    strangers = [r for r in result.reports if not _may_send(viewer, r)]
    names = {name for name, _ in _every(kept)}
    if strangers:
        own = [_not_yours(viewer, report) for report in strangers]
        keys = {(r.mba or "", str(r.number)) for r in strangers}
        about = [f for f in result.findings if (f.mba or "", f.report or "") not in keys]
        mine = tuple(r for r in result.reports if r not in strangers)
        return CheckedSet(mine, (*packed, *own, *about), not_yours=True)
    context_refused = False
    if kept.context is not None and kept.context[0] not in unopened:
        try:
            found = check_files(files, context=kept.context)
        except RefusedError as error:
            found, context_refused = [*error.findings, *result.findings], True
    else:
        rest = 0.95 - _READ
        found = check_against_books(
            viewer.whole, files, read=result, progress=lambda share: say(_READ + rest * share)
        )
    say(0.95)
    recorded = _recorded(viewer, result.reports)
    others = [r for r, before in zip(result.reports, recorded, strict=True) if not before]
    found = [*found, *_used_before(viewer, others, found)]
    shown = (*packed, *(one for one in found if _for_viewer(viewer, one, names)))
    stopping, asking, more = _would_refuse(result, shown)
    shown = (*shown, *more)
    stopping |= {one.file or "" for one in packed}
    if context_refused or any(_stops_context(one) for one in found):
        stopping |= {kept.context[0] if kept.context else ""}
    receives = _receives(viewer, result.reports)
    known = {r.key for r, before in zip(result.reports, recorded, strict=True) if before}
    asking -= stopping
    return CheckedSet(
        result.reports,
        shown,
        frozenset(stopping),
        frozenset(asking),
        receives=receives,
        recorded=frozenset(known - stopping - asking),
    )


def _saying(kept: KeptSet, tell: Tell | None) -> Callable[[float], None]:
    """Return whom to tell which share of the work is done; `tell` hears of entries."""
    if tell is None:
        return lambda _share: None
    entries = max(1, sum(content.count(ENTRY_MARK) for _, content in kept.files))
    return lambda share: tell(int(share * entries), entries, "")


def _recorded(viewer: Viewer, reports: Iterable[Report]) -> list[bool]:
    """Return of each report whether it was recorded before, by the digest of its words."""
    same = [_same_words(report) for report in reports]
    table = viewer.metadata.tables[ACT]
    known: set[str] = set()
    with viewer.whole.reading() as connection:
        for some in portions(same):
            query = select(table.c.client_id).where(table.c.client_id.in_(some))
            known.update(connection.execute(query).scalars())
    return [one in known for one in same]


def _same_words(report: Report) -> str:
    """Return the client id under which a report with these words is recorded."""
    digest = hashlib.sha256(write([report]).encode()).hexdigest()
    return f"{ACCEPTING}:{report.key}:{digest}"


def _used_before(
    viewer: Viewer, reports: Iterable[Report], found: Iterable[Finding]
) -> Iterator[Finding]:
    """Yield reports whose number the books hold with other content, as far as nobody said so.

    Those that the books hold word for word are not asked about here.
    """
    said = {(one.mba, one.report) for one in found if one.code == "SEQ-DUP"}
    with viewer.whole.reading() as connection:
        for report in reports:
            number = str(report.number)
            if report.mba is None or (report.mba, number) in said:
                continue
            if stated_entries(connection, viewer.metadata, report.mba, report.number) is None:
                continue
            yield Finding(
                "SEQ-DUP",
                Severity.INCONSISTENCY,
                f"number {number} was used before, with other content",
                "Give the report the next free number.",
                file=report.file or None,
                mba=report.mba,
                report=number,
                basis="Code 10, label 001",
            )


def may_send_somewhere(viewer: Viewer) -> bool:
    """Return whether the viewer may send reports of any area."""
    return viewer.may_post_somewhere(ACCEPTING)


def report_scope(viewer: Viewer, mba: str | None) -> str:
    """Return the scope of an area; the State's for one that is not registered, or none."""
    place = viewer.areas.get(mba or "")
    return viewer.state if place is None else place.scope


def _every(kept: KeptSet) -> Iterable[File]:
    return (*kept.files, *((kept.context,) if kept.context else ()))


def _packed_too_much(name: str, content: bytes) -> Finding | None:
    """Return a finding about an archive that says it unpacks to very much; it is not opened."""
    if not content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):
        return None  # the reader says what is wrong with it
    if unpacked <= max(MOST_UNPACKED_BYTES, MOST_RATIO * len(content)):
        return None
    return Finding(
        "FILE-UNPACKED",
        Severity.FORMAT,
        f"the workbook of {len(content)} bytes would unpack to {unpacked} bytes; it was not opened",
        "Save the table anew with a spreadsheet program, without formats on empty rows, or as CSV.",
        file=name,
        basis="OWASP, File Upload",
    )


def _may_send(viewer: Viewer, report: Report) -> bool:
    return viewer.may_post(ACCEPTING, report_scope(viewer, report.mba))


def _not_yours(viewer: Viewer, report: Report) -> Finding:
    mine = ", ".join(
        code for code, area in viewer.areas.items() if viewer.may_post(ACCEPTING, area.scope)
    )
    return Finding(
        "REPORT-NOT-YOURS",
        Severity.FORMAT,
        f"this is a report of {report.mba or 'no area'}, for which you may not report; "
        "nothing of what was sent is recorded",
        f"Send the reports of your own areas only ({mine or 'you have none'}); take this one out "
        "of the files.",
        file=report.file or None,
        mba=report.mba,
        report=str(report.number),
        label="307",
        found=report.mba,
        basis="docs/guides/people-and-permissions.md",
    )


def _for_viewer(viewer: Viewer, one: Finding, names: set[str]) -> bool:
    """Return whether a finding is about the sender's files or areas."""
    if one.mba is not None and one.mba in viewer.areas:
        return True
    if viewer.sight.sees("reports", viewer.state):
        return True
    return one.file in names and one.mba is None


def _would_refuse(
    result: ReadResult, findings: Iterable[Finding]
) -> tuple[set[str], set[str], list[Finding]]:
    """Return which reports would be refused, which only without a reason, and why.

    What is wrong within a report stops it; what stands between reports never does.
    """
    known = {(r.mba or "", str(r.number)): r.key for r in result.reports}
    own = [*result.findings, *(f for r in result.reports for f in check_report(r))]
    own = located(own, result.places)
    own += [one for one in findings if one.code in _OF_THE_REGISTER]
    stopping: set[str] = set()
    asking: set[str] = set()
    for one in own:
        key = known.get((one.mba or "", one.report or ""))
        if key is None:
            if one.file and one.severity is Severity.FORMAT:
                stopping.add(one.file)
        elif one.severity in _BLOCKING:
            (stopping if one.severity is Severity.FORMAT else asking).add(key)
    said = {_key(one) for one in findings}
    return stopping, asking, [one for one in own if _key(one) not in said]


def _key(one: Finding) -> _Key:
    return (one.code, one.mba, one.report, one.entry, one.label, one.message)


def _stops_context(one: Finding) -> bool:
    return one.code.startswith("CONTEXT-") and one.severity is Severity.FORMAT


def _receives(viewer: Viewer, reports: Iterable[Report]) -> bool:
    scopes = {report_scope(viewer, report.mba) for report in reports} or {viewer.state}
    return viewer.may("release") and all(viewer.person.may_at("release", s) for s in scopes)
