"""Commands of security plans: versions, submission, approval, what they address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.security_regime.oversight_record import Recorded
    from keiryo.sheet_rows import SheetTable

PlanArgument = Annotated[
    str | None, typer.Argument(metavar="PLAN", help="Name of the plan, e.g. PPP-1.")
]
VersionArgument = Annotated[
    str | None, typer.Argument(metavar="VERSION", help="Its version, e.g. 3.")
]
OneArgument = Annotated[str, typer.Argument(metavar="PLAN", help="Name of the plan.")]
OneVersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Its version.")]
FacilityOption = Annotated[
    str | None,
    typer.Option("--facility", metavar="CODE", help="The facility, e.g. XFA-; or the State."),
]
OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="PSEUDONYM", help="Whose step it is; default: you."),
]
ReasonOption = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why; it stands in the record."),
]
ReferenceOption = Annotated[
    str | None,
    typer.Option("--reference", metavar="TEXT", help="Reference of the letter or document."),
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", metavar="FILE", help="Many rows instead: CSV, JSON or TOML with named columns."
    ),
]
STEP_COLUMNS = ("plan", "version", "on", "by", "reason", "reference")
_FIELDS = (
    *("plan", "version", "facility", "kind", "title", "valid_from", "valid_until", "review_on"),
    *("digest", "reference", "basis", "threat_ref", "reason"),
)


def add_plans(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    plans = typer.Typer(
        help="Security plans: versions, approval, what they address; no plan itself is kept.",
        no_args_is_help=True,
    )
    plans.command("list")(list_plans)
    for command in (record, submit, approve, reject, withdraw, cover, show, history):
        plans.command(command.__name__)(command)
    group.add_typer(plans, name="plan")


def record(
    plan: PlanArgument = None,
    version: VersionArgument = None,
    facility: FacilityOption = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="physical_protection, contingency, transport or computer_security."
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="64 characters at most.")] = None,
    valid_from: Annotated[
        str | None, typer.Option("--valid-from", metavar="DATE", help="First day.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option("--valid-until", metavar="DATE", help="Last day.")
    ] = None,
    review_on: Annotated[
        str | None, typer.Option("--review-on", metavar="DATE", help="It is reviewed by then.")
    ] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="SHA256", help="Digest of the plan.")
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option("--document", metavar="FILE", help="Take the digest of this; not kept."),
    ] = None,
    reference: ReferenceOption = None,
    basis: Annotated[
        str | None, typer.Option("--basis", help="Licence condition or regulation.")
    ] = None,
    threat_ref: Annotated[
        str | None,
        typer.Option("--threat-ref", metavar="NUMBER", help="Number of the threat assessment."),
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a version of a plan, or anew: what is left out is as it was."""
    import hashlib

    from keiryo.security_regime.oversight_files import plan_table
    from keiryo.security_regime.plan_recording import record_plans

    if document is not None:
        digest = hashlib.sha256(content_of(document)).hexdigest()
    row: dict[str, Any] = {
        "facility": facility,
        "kind": kind,
        "title": title,
        "digest": digest,
        "reference": reference,
        "basis": basis,
        "threat_ref": threat_ref,
        "reason": reason,
        "valid_from": optional_day(valid_from, "--valid-from"),
        "valid_until": optional_day(valid_until, "--valid-until"),
        "review_on": optional_day(review_on, "--review-on"),
    }
    given = named(row, file, plan=plan, version=version)
    more = rows_of_file(file, plan_table(_FIELDS, ("plan", "version")))
    books = opened(db)
    done = record_plans(books.database, books.actor, **{**given, **more})
    tell(done, format_)


def submit(
    plan: PlanArgument = None,
    version: VersionArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record that a version was submitted to the authority."""
    _step("submitted", (plan, version, on, by, reason, reference), file, db, format_)


def approve(
    plan: PlanArgument = None,
    version: VersionArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Approve a version that somebody else submitted; it takes the place of the one in force."""
    _step("approved", (plan, version, on, by, reason, reference), file, db, format_)


def reject(
    plan: PlanArgument = None,
    version: VersionArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Reject a version that somebody else submitted, with a reason."""
    _step("rejected", (plan, version, on, by, reason, reference), file, db, format_)


def withdraw(
    plan: PlanArgument = None,
    version: VersionArgument = None,
    on: OnOption = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Withdraw a version, with a reason; from that day it is not in force."""
    _step("withdrawn", (plan, version, on, by, reason, reference), file, db, format_)


def cover(
    plan: PlanArgument = None,
    version: VersionArgument = None,
    requirement: Annotated[
        list[str] | None,
        typer.Option("--requirement", metavar="REF", help="E.g. FP-H (more than once)."),
    ] = None,
    coverage: Annotated[
        str | None, typer.Option("--coverage", help="full (default), part or none.")
    ] = None,
    chapter: Annotated[
        str | None, typer.Option("--chapter", metavar="NUMBER", help="Chapter that does it.")
    ] = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record how far a version addresses requirements."""
    from keiryo.security_regime.oversight_files import plan_table
    from keiryo.security_regime.plan_recording import cover as record_coverage

    row = {"coverage": coverage, "chapter": chapter}
    first = (requirement or [None])[0]  # type: ignore[list-item]
    given = named(row, file, plan=plan, version=version, requirement=first)
    if given:
        given["rows"] = [{**given["rows"][0], "requirement": one} for one in requirement or ()]
    columns = ("plan", "version", "requirement", "coverage", "chapter")
    more = rows_of_file(file, plan_table(columns, columns[:3]))
    books = opened(db)
    tell(record_coverage(books.database, books.actor, **{**given, **more}), format_)


def list_plans(
    facility: FacilityOption = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind.")] = None,
    in_force: Annotated[
        bool, typer.Option("--in-force", help="Only those in force on the day.")
    ] = False,
    on: OnOption = None,
    through_act: Annotated[
        int | None, typer.Option("--through-act", help="Only what had been recorded.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the plans as they stood on a day."""
    from keiryo.security_regime.oversight_record import full_scope
    from keiryo.security_regime.plans import plans

    day, books = day_or_today(on, "--on"), opened(db)
    scope = None if facility is None else full_scope(books.state, facility)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        every = plans(connection, metadata, on=day, scope=scope, through_act=through_act)
        whole = {p.key: p for p in plans(connection, metadata, through_act=through_act)}
    rows = []
    for one in every:
        force = whole[one.key].in_force(day)
        if (force or not in_force) and kind in (None, one.kind):
            overdue = whole[one.key].review_overdue(day)
            rows.append({**one.to_dict(), "in_force": force, "review_overdue": overdue})
    columns = None
    if format_of(format_) is not Format.JSON:
        columns = [
            *("plan", "version", "scope", "kind", "state", "in_force", "valid_from"),
            *("valid_until", "review_on", "review_overdue", "line"),
        ]
    show_rows(rows, format_of(format_), columns=columns, empty="No plans.")


def show(
    plan: OneArgument,
    version: OneVersionArgument,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a version with its steps and what it addresses."""
    from keiryo.security_regime.plans import plan as read

    books = opened(db)
    with books.database.reading() as connection:
        told = read(connection, books.database.metadata, plan, version).to_dict()
    show_record(told, format_)


def history(plan: OneArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Tell the steps of all versions of a plan, in the order of the record."""
    from keiryo.errors import NotFoundError
    from keiryo.security_regime.plans import plans

    books = opened(db)
    with books.database.reading() as connection:
        known = [o for o in plans(connection, books.database.metadata) if o.key[0] == plan]
    if not known:
        raise NotFoundError(
            f"there is no plan {plan[:40]!r}", "'keiryo protection plan list' lists them."
        )
    steps = [{"version": o.key[1], **step} for o in known for step in o.to_dict()["steps"]]
    rows = sorted(steps, key=lambda row: [int(part) for part in row["line"][5:].split("/")])
    show_rows(rows, format_of(format_), empty="No steps: every version is a draft.")


def _step(
    state: str,
    given: tuple[str | None, str | None, str | None, str | None, str | None, str | None],
    file: Path | None,
    db: str | None,
    format_: Format | None,
) -> None:
    from keiryo.security_regime.oversight_files import plan_table
    from keiryo.security_regime.plan_recording import take_plan_steps

    plan, version, on, by, reason, reference = given
    row = {
        "on": None if file is not None else day_or_today(on, "--on"),
        "by": by,
        "reason": reason,
        "reference": reference,
    }
    one = named(row, file, plan=plan, version=version)
    more = rows_of_file(file, plan_table(STEP_COLUMNS, STEP_COLUMNS[:3]))
    books = opened(db)
    done = take_plan_steps(books.database, books.actor, state, **{**one, **more})
    tell(done, format_)


# --- what all commands of records do -------------------------------------------------------------


def named(row: dict[str, Any], file: Path | None, **names: str | None) -> dict[str, Any]:
    """Return one row as it was given by options; nothing where a file was given instead.

    Raises
    ------
    UsageError
        If neither a name nor a file is given, or both.
    """
    from keiryo.errors import UsageError

    if file is not None:
        if any(value is not None for value in (*row.values(), *names.values())):
            raise UsageError("give a record by its name, or a file", "Leave one of them out.")
        return {}
    missing = [name for name, value in names.items() if value is None]
    if missing:
        raise UsageError(f"{', '.join(missing)} is missing", "Name the record, or give a --file.")
    return {"rows": [{**names, **row}]}


def rows_of_file(file: Path | None, table: SheetTable) -> dict[str, Any]:
    """Return the rows of a file and what is wrong with them; nothing where none was given."""
    if file is None:
        return {}
    rows, findings = table.read(file.name, content_of(file))
    return {"rows": rows, "findings": findings, "file": file.name}


def content_of(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Name a file.") from None


def tell(done: Recorded, format_: Format | None) -> None:
    """Tell what was recorded, with its warnings."""
    if format_of(format_) is Format.JSON:
        findings = [finding_dict(one) for one in done.findings]
        show_json({"act": done.act.act_id, "lines": done.lines, "findings": findings})
        return
    print(f"Recorded {done.lines} lines in act {done.act.act_id}.")
    show_findings(done.findings)


def show_record(told: dict[str, Any], format_: Format | None) -> None:
    """Print one record: as JSON, or field by field."""
    if format_of(format_) is not Format.TABLE:
        show_json(told)
        return
    for name, value in told.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"  {name}:")
            for part in value:
                print("    " + ", ".join(f"{k} {v}" for k, v in part.items() if v is not None))
        elif value not in (None, []):
            words = " ".join(value) if isinstance(value, list) else value
            print(f"  {name.replace('_', ' ')}: {words}")
