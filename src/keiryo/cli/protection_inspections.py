"""Commands of the regulator's inspections: plan and report, findings, what is due, compliance."""

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
from keiryo.cli.output import show_rows
from keiryo.cli.protection_findings import (
    add_findings,
    joined,
    scope_of,
    show_some,
    step_day,
)
from keiryo.cli.protection_plans import (
    ByOption,
    FacilityOption,
    FileOption,
    OnOption,
    ReasonOption,
    ReferenceOption,
    content_of,
    named,
    rows_of_file,
    show_record,
    tell,
)

InspectionArgument = Annotated[
    str | None, typer.Argument(metavar="INSPECTION", help="Name of the inspection.")
]
_PLANNED = (
    *("inspection", "facility", "kind", "planned_from", "planned_to", "team", "requirements"),
    *("follows", "reason"),
)
_INSPECTION_STEP = (
    *("inspection", "on", "by", "performed_from", "report_digest", "reference", "reason"),
)


def add_inspections(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    visits = typer.Typer(help="The regulator's inspections and peer reviews.", no_args_is_help=True)
    visits.command("list")(list_inspections)
    visits.command("close")(close_inspection)
    visits.command("show")(show_inspection)
    for command in (plan, perform, report, cancel):
        visits.command(command.__name__)(command)
    group.add_typer(visits, name="inspection")
    add_findings(group)
    group.command("compliance")(compliance)
    regime = typer.Typer(help="The security regime as a whole.", no_args_is_help=True)
    regime.command("due")(due)
    group.add_typer(regime, name="regime")


# --- inspections ---------------------------------------------------------------------------------


def plan(
    inspection: InspectionArgument = None,
    facility: FacilityOption = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="announced, unannounced, special, follow_up or peer_review (IPPAS)."
        ),
    ] = None,
    planned_from: Annotated[str | None, typer.Option("--from", metavar="DATE")] = None,
    planned_to: Annotated[str | None, typer.Option("--to", metavar="DATE")] = None,
    team: Annotated[
        list[str] | None,
        typer.Option("--team", metavar="PSEUDONYM", help="Who inspects (more than once)."),
    ] = None,
    requirement: Annotated[
        list[str] | None,
        typer.Option("--requirement", metavar="REF", help="What is inspected (more than once)."),
    ] = None,
    follows: Annotated[
        str | None, typer.Option("--follows", help="The inspection that it follows up.")
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record an inspection that is planned, or anew: what is left out is as it was."""
    from keiryo.security_regime.inspection_recording import plan_inspections
    from keiryo.security_regime.oversight_files import inspection_table

    row: dict[str, Any] = {
        "facility": facility,
        "kind": kind,
        "follows": follows,
        "reason": reason,
        "planned_from": optional_day(planned_from, "--from"),
        "planned_to": optional_day(planned_to, "--to"),
        "team": joined(team),
        "requirements": joined(requirement),
    }
    one = named(row, file, inspection=inspection)
    more = rows_of_file(file, inspection_table(_PLANNED, _PLANNED[:1]))
    books = opened(db)
    tell(plan_inspections(books.database, books.actor, **{**one, **more}), format_)


def perform(
    inspection: InspectionArgument = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day; default: the last.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day; default: today.")
    ] = None,
    by: ByOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record that an inspection was performed."""
    day = None if file is not None else day_or_today(last, "--to")
    row = {"on": day, "performed_from": optional_day(first, "--from") or day, "by": by}
    _inspection_step("performed", inspection, row, file, db, format_)


def report(
    inspection: InspectionArgument = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="SHA256", help="Digest of the report.")
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option("--document", metavar="FILE", help="Take the digest of this; not kept."),
    ] = None,
    on: OnOption = None,
    by: ByOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record that an inspection was reported."""
    import hashlib

    if document is not None:
        digest = hashlib.sha256(content_of(document)).hexdigest()
    row = {"report_digest": digest, "by": by, "reference": reference, "on": step_day(on, file)}
    _inspection_step("reported", inspection, row, file, db, format_)


def close_inspection(
    inspection: InspectionArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Close an inspection all of whose findings are closed."""
    row = {"by": by, "reason": reason, "on": step_day(on, file)}
    _inspection_step("closed", inspection, row, file, db, format_)


def cancel(
    inspection: InspectionArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Cancel an inspection that did not begin, with a reason."""
    row = {"by": by, "reason": reason, "on": step_day(on, file)}
    _inspection_step("cancelled", inspection, row, file, db, format_)


def list_inspections(
    facility: FacilityOption = None,
    state: Annotated[str | None, typer.Option("--state", help="Only planned, reported …")] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the inspections as they stood on a day."""
    from keiryo.security_regime.inspections import inspections

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        scope = scope_of(books.state, facility)
        every = inspections(connection, books.database.metadata, on=day, scope=scope)
    rows = [one.to_dict() for one in every if state in (None, one.state)]
    columns = ["inspection", "scope", "kind", "state", "planned_from", "performed_to", "line"]
    show_some(rows, columns, format_, "No inspections.")


def show_inspection(
    inspection: Annotated[str, typer.Argument(metavar="INSPECTION")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show an inspection with its steps and what it found."""
    from keiryo.security_regime.finding_record import security_findings
    from keiryo.security_regime.inspections import inspection as read

    books = opened(db)
    with books.database.reading() as connection:
        told = read(connection, books.database.metadata, inspection).to_dict()
        every = security_findings(connection, books.database.metadata)
    told["findings"] = [one.name for one in every if one.inspection == inspection]
    show_record(told, format_)


def _inspection_step(
    state: str,
    inspection: str | None,
    row: dict[str, Any],
    file: Path | None,
    db: str | None,
    format_: Format | None,
) -> None:
    from keiryo.security_regime.inspection_recording import take_inspection_steps
    from keiryo.security_regime.oversight_files import inspection_table

    one = named(row, file, inspection=inspection)
    more = rows_of_file(file, inspection_table(_INSPECTION_STEP, _INSPECTION_STEP[:2]))
    books = opened(db)
    done = take_inspection_steps(books.database, books.actor, state, **{**one, **more})
    tell(done, format_)


# --- boards --------------------------------------------------------------------------------------


def compliance(
    facility: Annotated[str, typer.Argument(metavar="FACILITY", help="E.g. XFA-; or the State.")],
    checklist: Annotated[
        Path | None,
        typer.Option(
            "--checklist",
            metavar="FILE",
            help="CSV with requirement_ref, title, source. Default: the Fundamental Principles.",
        ),
    ] = None,
    on: OnOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it: .json, .csv or .md."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell which requirement is addressed by which plan, and when it was inspected."""
    from keiryo.errors import UsageError
    from keiryo.security_regime.compliance import (
        COLUMNS,
        exported,
        read_checklist,
        shipped_checklist,
    )
    from keiryo.security_regime.compliance import compliance as read

    day, books = day_or_today(on, "--on"), opened(db)
    known = shipped_checklist()
    if checklist is not None:
        known = read_checklist(checklist.name, content_of(checklist))
    scope = scope_of(books.state, facility)
    assert scope is not None
    with books.database.reading() as connection:
        rows = read(connection, books.database.metadata, scope, known, day)
    if out is not None:
        text = exported(rows, out.suffix.removeprefix(".").lower(), scope, day)
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            told = f"{out} cannot be written: {error.strerror}"
            raise UsageError(told, "Name another file.") from None
        print(f"{len(rows)} requirements are written to {out}.")
    elif format_of(format_) is Format.TABLE:
        cells = [
            {k: " ".join(v) if isinstance(v, list) else v for k, v in one.to_dict().items()}
            for one in rows
        ]
        show_rows(cells, Format.TABLE, columns=[c for c in COLUMNS if c != "source"])
    else:
        print(exported(rows, str(format_of(format_)), scope, day), end="")


def due(
    facility: FacilityOption = None,
    within: Annotated[
        int | None, typer.Option("--within", metavar="DAYS", min=0, help="Only what is due then.")
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell what is due: plans, inspections, findings and actions, the most urgent first."""
    from keiryo.security_regime.due import due_items

    day, books = day_or_today(on, "--on"), opened(db)
    scope = scope_of(books.state, facility)
    with books.database.reading() as connection:
        found = due_items(connection, books.database.metadata, day, scope=scope, within_days=within)
    columns = ["what", "scope", "name", "due", "days_left", "overdue", "owner", "line"]
    show_some([one.to_dict() for one in found], columns, format_, "Nothing is due.")
