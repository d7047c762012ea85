"""Commands of reporting: import and export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli import issuing, report_templates
from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened, optional_day
from keiryo.cli.output import Progress, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.errors import Finding
    from keiryo.reports.service import ImportSummary


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Reports: check, receive, issue and write them.", no_args_is_help=True)
    group.command("check")(check)
    group.command("import")(import_)
    group.command("export")(export)
    report_templates.register(group)
    issuing.register(group)
    app.add_typer(group, name="reports")


def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Labelled Code 10, XLSX, CSV or JSON."),
    ],
    context: Annotated[
        Path | None,
        typer.Option("--context", metavar="CONTEXT.json", help="What came before the files."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="D", help="Day to which ages are counted."),
    ] = None,
    books: Annotated[
        bool,
        typer.Option(
            "--books", help="On top of what the books hold (--db); say what the files change."
        ),
    ] = False,
    profile_name: Annotated[
        str, typer.Option("--profile", help="Whose deadlines and limits count.")
    ] = "code10",
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Check files of reports as one set; nothing is recorded.

    Every rule on every report, and every question between them: numbers, deadlines, books,
    balances, transit.

    Exit code 0: no finding of severity F or E; 1: there is one; 2: the check could not run.
    """
    from keiryo.api import check as check_paths
    from keiryo.errors import RefusedError, UsageError

    on = optional_day(as_of, "--as-of")
    try:
        if books:
            if context is not None:
                raise UsageError(
                    "--books and --context exclude each other",
                    "The books know what came before; leave --context out.",
                )
            found = opened(db).check(files, on=on, profile=profile_name)
        else:
            found = check_paths(files, context=context, on=on, profile=profile_name)
    except RefusedError as error:
        print(f"Error: {error.message}.", file=sys.stderr)
        show_findings(error.findings, to_error=True)
        raise typer.Exit(2) from error
    about_context = [one for one in found if one.code.startswith("CONTEXT-")]
    if about_context:  # what is odd about the context is no finding about the reports
        print("About the context:", file=sys.stderr)
        show_findings(about_context, to_error=True)
        found = [one for one in found if one not in about_context]
    chosen = format_of(format_)
    if chosen is Format.TABLE:
        _show_checked(found, len(files))
    else:
        rows = [finding_dict(one) for one in found]
        show_rows(rows, chosen, columns=list(rows[0]) if rows else ["rule"])
    raise typer.Exit(1 if any(one.severity in "FE" for one in found) else 0)


def _show_checked(found: list[Finding], files: int) -> None:
    """Show findings by area and report, and how many there are of each severity."""
    from itertools import groupby

    for place, same in groupby(found, key=lambda f: (f.mba, f.report) if f.mba else (f.file, None)):
        words = [str(part) for part in place if part is not None]
        print(" report ".join(words) or "The set")
        _show_some(list(same))
    names = {"F": "form", "E": "inconsistent", "W": "warning", "I": "note"}
    counts = [
        f"{sum(f.severity == letter for f in found)} {name}" for letter, name in names.items()
    ]
    print(f"{files} file{'s' if files != 1 else ''} checked: {', '.join(counts)}.")


_MOST_SHOWN = 20
"""Findings of one code about one report that the terminal shows one by one."""


def _show_some(findings: list[Finding]) -> None:
    """Show findings; of very many of one code the first, and how many there are."""
    shown: dict[str, int] = {}
    for one in findings:
        shown[one.code] = shown.get(one.code, 0) + 1
        if shown[one.code] <= _MOST_SHOWN:
            show_findings([one])
    for code, count in shown.items():
        if count > _MOST_SHOWN:
            print(f"  … {count - _MOST_SHOWN:,} more of {code}; --format json lists all")


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Labelled Code 10.")],
    context: Annotated[
        Path | None,
        typer.Option("--context", metavar="CONTEXT.json", help="What came before the files."),
    ] = None,
    accept_findings: Annotated[
        str | None,
        typer.Option(
            "--accept-findings",
            metavar="REASON",
            help="Accept reports with findings of severity E for this reason, which is recorded.",
        ),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Import files of reports as one set.

    One act per report, accepted or refused with its findings.

    Exit code 0: all accepted; 1: something was refused; 2: the command could not run.
    Importing the same files again changes nothing.
    """
    from keiryo.api import read_file
    from keiryo.reports.service import import_reports

    books = opened(db)
    read = [(str(path), read_file(path)) for path in files]
    before = None if context is None else (str(context), read_file(context))

    summary = import_reports(
        books.database,
        read,
        books.actor,
        context=before,
        accept_reason=accept_findings,
        progress=Progress("Importing reports"),
    )
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(summary_dict(summary))
    else:
        _show(summary, chosen)
    raise typer.Exit(0 if summary.complete else 1)


def summary_dict(summary: ImportSummary) -> dict[str, object]:
    """Return what became of a set as plain data."""
    return {
        "complete": summary.complete,
        "context_act": summary.context_act,
        "context_findings": [finding_dict(f) for f in summary.context_findings],
        "reports": [
            {
                "report": o.report,
                "outcome": o.outcome,
                "act": o.act_id,
                "findings": [finding_dict(f) for f in o.findings],
            }
            for o in summary.outcomes
        ],
        "open_findings": [finding_dict(f) for f in summary.open_findings],
    }


def _show(summary: ImportSummary, chosen: Format) -> None:
    rows = [
        {"report": o.report, "outcome": o.outcome, "act": o.act_id, "findings": len(o.findings)}
        for o in summary.outcomes
    ]
    show_rows(
        rows,
        chosen,
        columns=["report", "outcome", "act", "findings"],
        empty="No report was imported.",
    )
    if chosen is Format.CSV:
        return
    if summary.context_findings:
        word = "The context was refused" if summary.context_act is None else "The context"
        print(f"\n{word}:")
        show_findings(summary.context_findings)
    for outcome in summary.outcomes:
        if outcome.findings:
            print(f"\n{outcome.report} {outcome.outcome}:")
            show_findings(outcome.findings)
    if summary.open_findings:
        print("\nOpen between reports:")
        show_findings(summary.open_findings)


def export(
    mba: Annotated[str, typer.Option("--mba", help="Material balance area.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Write the reports of an area.

    The accepted and issued reports as labelled text, built anew from the books.
    """
    paths = opened(db).export_reports(mba, out)
    show_rows([{"file": str(path)} for path in paths], format_of(format_))
