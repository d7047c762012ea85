"""Commands of issuing: source lines in, reports out as text, spreadsheet or print."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    FromOption,
    ToOption,
    format_of,
    opened,
)
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from keiryo.api import Books
    from keiryo.dates import Period
    from keiryo.issuing.issue import IssuedReport
    from keiryo.issuing.prepare import PreparedReport
    from keiryo.issuing.source import SourceOutcome


class Kind(StrEnum):
    """Which report is made."""

    ICR = "ICR"
    PIL = "PIL"
    MBR = "MBR"


class Way(StrEnum):
    """How a report is written out."""

    TEXT = "text"
    XLSX = "xlsx"
    PDF = "pdf"
    JSON = "json"


class Language(StrEnum):
    """Language of headings and meanings."""

    EN = "en"
    JA = "ja"


_TYPES = {Kind.ICR: "I", Kind.PIL: "P", Kind.MBR: "M"}


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``reports``."""
    group.command("record")(record)
    group.command("issue")(issue)
    group.command("write")(write)
    group.command("list")(list_)


def record(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Filled-in templates (XLSX or CSV), or JSON."),
    ],
    accept_findings: Annotated[
        str | None,
        typer.Option(
            "--accept-findings",
            metavar="REASON",
            help="Record in spite of findings of severity E for this reason, which is recorded.",
        ),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record source lines: changes and listings as measured, before any report.

    All rows of all files become one act, or none does. Weights are kept as they are; a report
    that is issued later may round them.

    Exit code 0: recorded (or recorded before); 1: refused; 2: the command could not run.
    """
    from keiryo.api import read_file
    from keiryo.issuing.source import record_source
    from keiryo.reports.formats.any_reader import read_any

    books = opened(db)
    contents = [(str(path), read_file(path)) for path in files]
    read = read_any(contents, source_lines=True)
    outcome = record_source(
        books.database,
        read.reports,
        books.actor,
        files=contents,
        findings=read.findings,
        accept_reason=accept_findings,
    )
    _show_recorded(outcome, format_of(format_))
    raise typer.Exit(1 if outcome.outcome == "refused" else 0)


def _show_recorded(outcome: SourceOutcome, chosen: Format) -> None:
    row = {"outcome": outcome.outcome, "act": outcome.act_id, "entries": outcome.entries}
    if chosen is Format.JSON:
        show_json({**row, "findings": [finding_dict(f) for f in outcome.findings]})
        return
    show_rows([row], chosen)
    if chosen is Format.TABLE:
        show_findings(outcome.findings)


def issue(
    mba: Annotated[str, typer.Argument(help="Material balance area.")],
    kind: Annotated[Kind, typer.Option("--kind", help="Which report.", case_sensitive=False)],
    first: FromOption = None,
    last: ToOption = None,
    profile: Annotated[
        str,
        typer.Option("--profile", help="What is rounded: code10 nothing, code10_rounded to units."),
    ] = "code10",
    date: Annotated[
        str | None, typer.Option("--date", help="Date of the report. Default: today.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="Who prepared it, e.g. 'ORBEN,K.'. Default: as in the area's last report.",
        ),
    ] = None,
    notes: Annotated[
        list[str] | None,
        typer.Option(
            "--note",
            metavar="[ENTRY:]TEXT",
            help="Concise note on the report, or on an entry: --note '3:SEAL WAS BROKEN.'.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the report and post nothing.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Make a report from the books and issue it.

    ICR: the changes from --from to --to that no report stated yet. PIL: the listing of the
    physical inventory taken on --to. MBR: the balance that ends on --to; it begins after the
    taking before.

    Exit code 0: issued; 1: a finding forbids it; 2: the command could not run.
    """
    from keiryo.issuing.issue import issue as issue_report
    from keiryo.issuing.prepare import prepare

    books = opened(db)
    with books.database.reading() as connection:
        prepared = prepare(
            connection,
            books.database.metadata,
            mba,
            _TYPES[kind],
            _period(books, mba, kind, first, last),
            report_date=_report_date(books, mba, date),
            encoder=_encoder(books, mba, encoder),
            profile_name=profile,
            notes=[_note(text) for text in notes or ()],
        )
    issued = None
    if not (dry_run or prepared.blocked):
        issued = issue_report(books.database, prepared, books.actor)
    _show_issued(prepared, issued, format_of(format_))
    raise typer.Exit(1 if prepared.blocked else 0)


def _note(text: str) -> tuple[int | None, str]:
    number, colon, rest = text.partition(":")
    if colon and number.isdecimal() and len(number) <= 9:
        return int(number), rest.strip()
    return None, text


def _period(books: Books, mba: str, kind: Kind, first: str | None, last: str | None) -> Period:
    """Return the period: given, or as the physical inventory takings have it."""
    from keiryo.accounts.books import pit_dates
    from keiryo.accounts.model import NOW
    from keiryo.dates import Period, next_day, parse_date
    from keiryo.errors import UsageError

    try:
        start = None if first is None else parse_date(first)
        end = None if last is None else parse_date(last)
        with books.database.reading() as connection:
            takings = pit_dates(connection, books.database.metadata, mba, NOW)
        if end is None:
            if kind is Kind.ICR or not takings:
                raise UsageError("the last day is missing", "Give it with --to YYYY-MM-DD.")
            end = takings[-1]
        if kind is Kind.PIL:
            return Period(end, end)
        if start is None:
            earlier = [day for day in takings if day < end]
            if not earlier:
                raise UsageError("the first day is missing", "Give it with --from YYYY-MM-DD.")
            start = next_day(earlier[-1])
        return Period(start, end)
    except ValueError as error:
        raise UsageError(str(error), "Write days as 2025-12-31.") from None


def _report_date(books: Books, mba: str, given: str | None) -> datetime.date:
    import datetime

    from keiryo.dates import facility_date, parse_date
    from keiryo.errors import UsageError
    from keiryo.places.tables import area

    if given is None:
        with books.database.reading() as connection:
            zone = area(connection, books.database.metadata, mba).zone
        return facility_date(datetime.datetime.now(datetime.UTC), zone)
    try:
        return parse_date(given)
    except ValueError as error:
        raise UsageError(str(error), "Write days as 2025-12-31.") from None


def _encoder(books: Books, mba: str, given: str | None) -> str:
    from keiryo.errors import UsageError
    from keiryo.issuing.numbering import last_encoder

    if given:
        return given
    with books.database.reading() as connection:
        known = last_encoder(connection, books.database.metadata, mba)
    if known is None:
        raise UsageError(
            f"no report of {mba} says yet who prepares its reports",
            "Give the name with --encoder, family name first: --encoder 'ORBEN,K.'.",
        )
    return known


def _show_issued(prepared: PreparedReport, issued: IssuedReport | None, chosen: Format) -> None:
    report = prepared.report
    state = "refused" if prepared.blocked else "would be issued"
    if issued is not None:
        state = "issued before" if issued.repeated else "issued"
    row = {
        "report": report.key,
        "type": report.type,
        "entries": len(report.entries),
        "outcome": state,
        "act": None if issued is None else issued.act.act_id,
    }
    if chosen is Format.JSON:
        found = [finding_dict(f) for f in prepared.findings]
        show_json({**row, "text": prepared.text, "findings": found})
        return
    show_rows([row], chosen)
    if chosen is Format.TABLE:
        show_findings(prepared.findings)
        if issued is None:
            print(f"\n{prepared.text}", end="")


def write(
    mba: Annotated[str, typer.Argument(help="Material balance area.")],
    report_no: Annotated[int, typer.Argument(metavar="REPORT_NO", help="Report number.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write; '-': standard output."),
    ] = None,
    way: Annotated[
        Way,
        typer.Option("--format", help="Labelled text, spreadsheet, print on A4, or JSON."),
    ] = Way.TEXT,
    language: Annotated[
        Language, typer.Option("--language", help="Language of headings and meanings.")
    ] = Language.EN,
    db: DbOption = None,
) -> None:
    """Write out one report, issued or received.

    As labelled text, as a spreadsheet, or as a document to print that carries the checkpoint of
    the act behind it. The same report is the same to the byte whenever it is written.
    """
    import sys

    from keiryo.errors import UsageError
    from keiryo.issuing.copies import report_copy

    books = opened(db)
    with books.database.reading() as connection:
        copy = report_copy(connection, books.database.metadata, mba, report_no)
    if way is Way.XLSX:
        from keiryo.issuing.output_xlsx import as_xlsx

        content = as_xlsx(copy, language)
    elif way is Way.PDF:
        from keiryo.issuing.output_pdf import as_pdf

        content = as_pdf(copy, language)
    else:
        content = (copy.text() if way is Way.TEXT else copy.to_json()).encode()
    ending = {Way.TEXT: "txt"}.get(way, str(way))
    target = out or Path(f"{copy.name}.{ending}")
    if str(target) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written: {error.strerror}", "Name another file with --out."
        ) from None
    print(f"{target}: {len(content)} bytes")


def list_(
    mba: Annotated[
        str | None, typer.Option("--mba", help="Material balance area. Default: all.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the reports: received (accepted or refused) and issued."""
    from keiryo.issuing.copies import list_reports

    books = opened(db)
    with books.database.reading() as connection:
        rows = list(list_reports(connection, books.database.metadata, mba))
    show_rows(rows, format_of(format_), empty="There are no reports yet.")
