"""Commands of statements: to partners, from partners, per supplier party, and what is due."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, day_or_today, format_of, opened
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    import datetime

PartnerArgument = Annotated[
    str, typer.Argument(metavar="PARTNER", help="Label of the partner, e.g. AU.")
]
YearOption = Annotated[int, typer.Option("--year", metavar="Y", help="Calendar year.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write it to this file.")
]
LanguageOption = Annotated[str, typer.Option("--language", help="Of the PDF: en or ja.")]


class StatementFormat(StrEnum):
    """How a statement is shown or written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    PDF = "pdf"


StatementFormatOption = Annotated[
    StatementFormat | None,
    typer.Option("--format", help="Default: text, or how the name of the file ends."),
]


def register(group: typer.Typer) -> None:
    """Add the commands to the group of obligations."""
    for command in (statement, reconcile, supplier_report, due):
        group.command()(command)


def statement(
    partner: PartnerArgument,
    year: YearOption,
    unit: Annotated[str, typer.Option("--unit", help="kg, t, g or mg.")] = "kg",
    issue: Annotated[
        bool, typer.Option("--issue", help="Issue it: its lines stand in the record.")
    ] = False,
    peaceful_use: Annotated[
        str, typer.Option("--peaceful-use", metavar="TEXT", help="Statement of peaceful use.")
    ] = "",
    format_: StatementFormatOption = None,
    output: OutputOption = None,
    language: LanguageOption = "en",
    db: DbOption = None,
) -> None:
    """Show or issue the annual statement to a partner."""
    from keiryo.obligations.annual_statement import annual_statement, issue_statement
    from keiryo.obligations.statement_forms import (
        STATEMENT_COLUMNS,
        as_csv,
        as_json,
        statement_pdf,
        words_in,
    )

    words_in(language)
    chosen = _chosen(format_, output)
    books = opened(db)
    posted = None
    if issue:
        posted, made = issue_statement(
            books.database, books.actor, partner, year, unit, peaceful_use=peaceful_use
        )
    else:
        with books.database.reading() as connection:
            made = annual_statement(
                *(connection, books.database.metadata, partner, year, unit),
                author=books.actor.person,
                peaceful_use=peaceful_use,
            )
    told = made.to_dict()
    if chosen is StatementFormat.JSON:
        told |= {
            "act": None if posted is None else posted.act.act_id,
            "findings": [finding_dict(one) for one in made.findings],
        }
        _out(output, as_json(told))
    elif chosen is StatementFormat.CSV:
        _out(output, as_csv(made.lines, STATEMENT_COLUMNS))
    elif chosen is StatementFormat.PDF:
        _out(output, statement_pdf(made, language))
    else:
        _show_statement(told)
        show_findings(made.findings)
    if posted is not None and (chosen is StatementFormat.TEXT or output is not None):
        print(f"Issue {made.issue} to {partner} about {year}: act {posted.act.act_id}.")


def _show_statement(told: dict[str, Any]) -> None:
    name = told["agreement_words"] or told["agreement"] or "no agreement is named"
    title = f"{told['partner']} ({told['partner_name']}), {told['year']}, {told['unit']}: {name}"
    columns = ["category", "place_group", "line", "amount"]
    empty = "Nothing was under the label."
    show_rows(told["lines"], Format.TABLE, title=title, columns=columns, empty=empty)
    for name in ("transfers", "exchanges", "corrections", "correcting", "ended"):
        if told[name]:
            rows = [_joined(one) for one in told[name]]
            show_rows(rows, Format.TABLE, title=f"{name}, exact in {told['unit']}")


def _joined(row: dict[str, Any]) -> dict[str, Any]:
    return {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()}


def reconcile(
    partner: PartnerArgument,
    year: YearOption,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="The partner's statement, recorded first: CSV with category, line, amount, "
            "unit, reference, on_day. Default: the last one that is recorded.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the file; record nothing.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Compare a partner's statement with ours: every difference by its cause."""
    from keiryo.errors import RefusedError
    from keiryo.obligations.partner_reconciliation import reconcile as compare
    from keiryo.obligations.partner_statements import (
        read_partner_statement,
        record_partner_statement,
    )

    books, lines = opened(db), None
    if file is not None:
        content = _read(file)
        if check:
            lines, findings = read_partner_statement(content, file.name)
            if findings:
                raise RefusedError("the statement cannot be read", findings)
        else:
            record_partner_statement(books.database, books.actor, partner, year, content, file.name)
    with books.database.reading() as connection:
        found = compare(connection, books.database.metadata, partner, year, lines)
    told, chosen = found.to_dict(), format_of(format_)
    if chosen is Format.JSON:
        show_json(told)
        return
    rows = [
        {
            "category": one["category"],
            "ours": one["ours"],
            "theirs": one["theirs"],
            "difference": one["difference"],
            "cause": cause["cause"],
            "amount": cause["amount"],
            "references": " ".join(cause["references"]),
        }
        for one in told["categories"]
        for cause in one["causes"] or [{"cause": "none", "amount": "0", "references": []}]
    ]
    show_rows(rows, chosen, title=f"{partner}, {year}, {found.unit}")
    if chosen is Format.TABLE:
        left = ", ".join(one.category for one in found.open)
        print(f"Unexplained is something in: {left}." if left else "Nothing is unexplained.")


def supplier_report(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")],
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Month.")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="'reactor' or 'spent fuel store': of these no mixing is asked."
        ),
    ] = None,
    format_: StatementFormatOption = None,
    output: OutputOption = None,
    language: LanguageOption = "en",
    db: DbOption = None,
) -> None:
    """Show the reports per supplier party that the events of a month make due."""
    from keiryo.obligations.statement_forms import as_csv, as_json, supplier_pdf, words_in
    from keiryo.obligations.supplier_reports import supplier_reports

    words_in(language)
    day, chosen, books = _month(month), _chosen(format_, output), opened(db)
    with books.database.reading() as connection:
        found = supplier_reports(
            connection, books.database.metadata, mba, day, facility_kind=kind
        )  # fmt: skip
    findings = [one for report in found for one in report.findings()]
    told = [one.to_dict() for one in found]
    rows = [
        {"paragraphs": " ".join(map(str, one["paragraphs"])), "due": one["due"], **line}
        for one in told
        for line in one["lines"]
    ]
    columns = ["paragraphs", "date", "what", "direction", "batch", "category", "labels"]
    columns += ["element_mg", "due"]
    if chosen is StatementFormat.JSON:
        _out(output, as_json({"reports": told, "findings": [finding_dict(f) for f in findings]}))
    elif chosen is StatementFormat.CSV:
        _out(output, as_csv(rows, [*columns, "record"]))
    elif chosen is StatementFormat.PDF:
        _out(output, supplier_pdf(found, language))
    else:
        for one in told:
            paragraphs = ", ".join(map(str, one["paragraphs"]))
            forms = ", ".join(one["forms"])
            print(f"({paragraphs}) {one['title']}: form {forms}, due {one['due']}")
        empty = f"Nothing of {month} is reported per supplier party."
        show_rows(rows, Format.TABLE, columns=columns, empty=empty)
        show_findings(findings)


def due(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List what is due in all areas, and by when; what fell due in the last month is shown too."""
    from keiryo.obligations.supplier_reports import due_list

    books, day = opened(db), day_or_today(on, "--on")
    with books.database.reading() as connection:
        rows = due_list(connection, books.database.metadata, day)
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(rows)
        return
    columns = ["due", "mba", "period", "title", "forms", "paragraphs", "day_passed"]
    shown = [_joined(one) for one in rows]
    show_rows(shown, chosen, columns=columns, empty="Nothing is due.")


def _chosen(given: StatementFormat | None, output: Path | None) -> StatementFormat:
    from keiryo.errors import UsageError

    endings = {f".{one}": one for one in StatementFormat if one is not StatementFormat.TEXT}
    if given is None and output is not None:
        given = endings.get(output.suffix.lower())
        if given is None:
            raise UsageError(
                f"{output}: its name does not say which form is wanted",
                f"Let it end in {', '.join(endings)}, or give --format.",
            )
    chosen = given or StatementFormat.TEXT
    if chosen is StatementFormat.PDF and output is None:
        raise UsageError("a PDF is written to a file", "Name it with --output.")
    if chosen is StatementFormat.TEXT and output is not None:
        raise UsageError("text is shown and not written", "Leave --output out, or ask for csv.")
    return chosen


def _month(text: str) -> datetime.date:
    from keiryo.dates import DateError, parse_date
    from keiryo.errors import UsageError

    try:
        return parse_date(f"{text}-01")
    except DateError as error:
        raise UsageError(
            f"--month: {text[:20]!r} is no month", "Write it as in 2026-01."
        ) from error


def _out(path: Path | None, content: bytes) -> None:
    from keiryo.errors import UsageError

    if path is None:
        print(content.decode(), end="")
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "Give another place with --output."
        ) from error
    print(f"Written: {path}")


def _read(path: Path) -> bytes:
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "Check the name of the file."
        ) from error
