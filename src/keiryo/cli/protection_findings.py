"""Commands of findings: what an inspection found, corrective actions, verification, deadlines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_plans import (
    ByOption,
    FacilityOption,
    FileOption,
    OnOption,
    ReasonOption,
    named,
    rows_of_file,
    show_record,
    tell,
)

FindingArgument = Annotated[
    str | None, typer.Argument(metavar="FINDING", help="Name of the finding.")
]
EvidenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="REFERENCE",
        help="act:17, a SHA-256 or a reference (more than once); no file is kept.",
    ),
]
DueOption = Annotated[str | None, typer.Option("--due", metavar="DATE", help="By when.")]
OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="NAME", help="Role or pseudonym of who does it.")
]
WordsOption = Annotated[
    str | None,
    typer.Option("--words", metavar="TEXT", help="One line; nothing that describes a site."),
]
_RECORDED = (
    *("finding", "inspection", "requirement", "grade", "raised_on", "due", "owner", "words"),
    *("evidence", "reason"),
)
_ACTION = ("finding", "action", "on", "words", "owner", "due", "done_on", "evidence", "by")
_FINDING_STEP = ("finding", "on", "by", "reason", "evidence", "due")


def add_findings(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    found = typer.Typer(help="Findings of inspections and deadlines.", no_args_is_help=True)
    found.command("list")(list_findings)
    found.command("close")(close_finding)
    found.command("show")(show_finding)
    for step in (record, action, implement, verify, reopen, extend):
        found.command(step.__name__)(step)
    group.add_typer(found, name="finding")


def record(
    finding: FindingArgument = None,
    inspection: Annotated[
        str | None, typer.Option("--inspection", help="The inspection that found it.")
    ] = None,
    requirement: Annotated[
        str | None, typer.Option("--requirement", metavar="REF", help="E.g. FP-H.")
    ] = None,
    grade: Annotated[
        str | None, typer.Option("--grade", help="deficiency, observation or good_practice.")
    ] = None,
    raised_on: Annotated[
        str | None,
        typer.Option(
            "--raised-on", metavar="DATE", help="Default: the last day of the inspection."
        ),
    ] = None,
    due: DueOption = None,
    owner: OwnerOption = None,
    words: WordsOption = None,
    evidence: EvidenceOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a finding of an inspection, or anew: what is left out is as it was."""
    from keiryo.security_regime.finding_recording import record_findings
    from keiryo.security_regime.oversight_files import finding_table

    row: dict[str, Any] = {
        "inspection": inspection,
        "requirement": requirement,
        "grade": grade,
        "owner": owner,
        "words": words,
        "reason": reason,
        "evidence": joined(evidence),
        "raised_on": optional_day(raised_on, "--raised-on"),
        "due": optional_day(due, "--due"),
    }
    one = named(row, file, finding=finding)
    more = rows_of_file(file, finding_table(_RECORDED, _RECORDED[:1]))
    books = opened(db)
    tell(record_findings(books.database, books.actor, **{**one, **more}), format_)


def action(
    finding: FindingArgument = None,
    action: Annotated[
        str | None, typer.Argument(metavar="ACTION", help="Name of the action, e.g. A1.")
    ] = None,
    words: WordsOption = None,
    owner: OwnerOption = None,
    due: DueOption = None,
    done: Annotated[
        str | None, typer.Option("--done", metavar="DATE", help="The day on which it was done.")
    ] = None,
    evidence: EvidenceOption = None,
    on: OnOption = None,
    by: ByOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a corrective action, or that it was done; what is left out is as it was."""
    from keiryo.security_regime.finding_recording import plan_actions
    from keiryo.security_regime.oversight_files import finding_table

    row: dict[str, Any] = {
        "words": words,
        "owner": owner,
        "by": by,
        "evidence": joined(evidence),
        "due": optional_day(due, "--due"),
        "done_on": optional_day(done, "--done"),
        "on": step_day(on, file),
    }
    one = named(row, file, finding=finding, action=action)
    more = rows_of_file(file, finding_table(_ACTION, _ACTION[:3]))
    books = opened(db)
    tell(plan_actions(books.database, books.actor, **{**one, **more}), format_)


def implement(
    finding: FindingArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    evidence: EvidenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record that all actions on a finding are done."""
    row = {"by": by, "reason": reason, "evidence": joined(evidence), "on": step_day(on, file)}
    _finding_step("implemented", finding, row, file, db, format_)


def verify(
    finding: FindingArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    evidence: EvidenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Verify, as somebody independent, that a finding was put right."""
    row = {"by": by, "reason": reason, "evidence": joined(evidence), "on": step_day(on, file)}
    _finding_step("verified", finding, row, file, db, format_)


def close_finding(
    finding: FindingArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    evidence: EvidenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Close a finding that was verified."""
    row = {"by": by, "reason": reason, "evidence": joined(evidence), "on": step_day(on, file)}
    _finding_step("closed", finding, row, file, db, format_)


def reopen(
    finding: FindingArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Open a finding again, with a reason."""
    row = {"by": by, "reason": reason, "on": step_day(on, file)}
    _finding_step("reopened", finding, row, file, db, format_)


def extend(
    finding: FindingArgument = None,
    due: DueOption = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Extend the deadline of a finding, as the regulator and with a reason."""
    row = {
        "by": by,
        "reason": reason,
        "on": step_day(on, file),
        "due": optional_day(due, "--due"),
    }
    _finding_step("extended", finding, row, file, db, format_)


def list_findings(
    facility: FacilityOption = None,
    state: Annotated[str | None, typer.Option("--state", help="Only open, closed …")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those overdue.")] = False,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Counts, days to close and repeats instead.")
    ] = False,
    repeat_months: Annotated[
        int, typer.Option("--repeat-months", min=1, max=1200, help="When a finding repeats one.")
    ] = 36,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the findings as they stood on a day."""
    from keiryo.security_regime.due import finding_statistics
    from keiryo.security_regime.finding_record import security_findings

    day, books = day_or_today(on, "--on"), opened(db)
    metadata, scope = books.database.metadata, scope_of(books.state, facility)
    with books.database.reading() as connection:
        if statistics:
            counted = finding_statistics(
                connection, metadata, day, scope=scope, repeat_months=repeat_months
            )
            show_record(counted.to_dict(), format_)
            return
        every = security_findings(connection, metadata, on=day, scope=scope)
    rows = [
        one.to_dict(day)
        for one in every
        if state in (None, one.state) and (one.overdue(day) or not overdue)
    ]
    columns = [
        *("finding", "scope", "requirement", "grade", "state", "due", "days_left", "overdue"),
        *("owner", "line"),
    ]
    show_some(rows, columns, format_, "No findings.")


def show_finding(
    finding: Annotated[str, typer.Argument(metavar="FINDING")],
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a finding with its actions and steps."""
    from keiryo.security_regime.finding_record import security_finding

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        told = security_finding(connection, books.database.metadata, finding).to_dict(day)
    show_record(told, format_)


def _finding_step(
    state: str,
    finding: str | None,
    row: dict[str, Any],
    file: Path | None,
    db: str | None,
    format_: Format | None,
) -> None:
    from keiryo.security_regime.finding_recording import take_finding_steps
    from keiryo.security_regime.oversight_files import finding_table

    one = named(row, file, finding=finding)
    more = rows_of_file(file, finding_table(_FINDING_STEP, _FINDING_STEP[:2]))
    books = opened(db)
    tell(take_finding_steps(books.database, books.actor, state, **{**one, **more}), format_)


def show_some(
    rows: list[dict[str, Any]], columns: list[str], format_: Format | None, empty: str
) -> None:
    """Print rows: some columns for people, everything as JSON."""
    if format_of(format_) is Format.JSON:
        show_json(rows)
    else:
        show_rows(rows, format_of(format_), columns=columns, empty=empty)


def scope_of(state: str, facility: str | None) -> str | None:
    """Return the scope that a facility code means; None where none was given."""
    from keiryo.security_regime.oversight_record import full_scope

    return None if facility is None else full_scope(state, facility)


def step_day(on: str | None, file: Path | None) -> Any:
    """Return the day of a step; a file has that of each row, so that none is asked then."""
    return optional_day(on, "--on") if file is not None else day_or_today(on, "--on")


def joined(given: list[str] | None) -> str | None:
    """Return names as the record has them: joined by one space."""
    return " ".join(given) if given else None
