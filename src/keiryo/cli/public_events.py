"""Commands of major public events: the plan of an event, its versions and their approval.

The commands of the days of an event stand in `keiryo.cli.public_event_days`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from keiryo.cli.public_event_days import register_days

FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Folder with the sheets of the plan.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Radiation detection at major public events: the plan, what is wrong with it, "
        "its versions and their approval; instruments, surveys, sweeps, alarms, close.",
        no_args_is_help=True,
    )
    group.command("check")(check)
    group.command("plan")(plan)
    group.command("decide")(decide)
    group.command("list")(list_)
    register_days(group)
    app.add_typer(group, name="public-event")


def check(folder: FolderArgument, format_: FormatOption = None) -> None:
    """Tell everything that is wrong with a plan, without recording it; needs no books."""
    from keiryo.public_events.plan_checks import plan_findings
    from keiryo.public_events.sheets import read_folder

    plan, findings = read_folder(folder)
    findings += plan_findings(plan)
    if format_of(format_) is Format.JSON:
        rows = {name: len(found) for name, found in plan.rows.items()}
        told = [finding_dict(one) for one in findings]
        show_json({"digest": plan.digest, "rows": rows, "findings": told})
    else:
        counted = ", ".join(f"{len(found)} {name}" for name, found in plan.rows.items())
        print(f"Plan {plan.digest[:12]}: {counted}.")
        show_findings(findings)
        print(f"{len(findings)} findings." if findings else "Nothing is wrong with it.")
    if findings:
        raise typer.Exit(1)


def plan(
    folder: FolderArgument,
    version: Annotated[str, typer.Option("--version", help="Name of the version, e.g. 2.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a version of a plan as a draft, and tell its gaps; it is approved without gaps."""
    from keiryo.public_events.recording import record_plan
    from keiryo.public_events.sheets import read_folder

    books = opened(db)
    read, findings = read_folder(folder)
    posted, gaps = record_plan(books.database, books.actor, read, version, findings=findings)
    if format_of(format_) is Format.JSON:
        show_json({"act": posted.act.act_id, "findings": [finding_dict(one) for one in gaps]})
        return
    print(f"Recorded as a draft in act {posted.act.act_id}, with {len(gaps)} gaps.")
    show_findings(gaps)


def decide(
    event: Annotated[str, typer.Argument(metavar="EVENT")],
    version: Annotated[str, typer.Argument(metavar="VERSION")],
    reject: Annotated[
        bool, typer.Option("--reject/--approve", help="Reject it, or approve it.")
    ] = False,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    db: DbOption = None,
) -> None:
    """Approve or reject a version; somebody else than who recorded it."""
    from keiryo.errors import UsageError
    from keiryo.public_events import recording
    from keiryo.public_events.tables import APPROVED, REJECTED

    if reject and not reason:
        raise UsageError("no reason is given", "Say with --reason why it is rejected.")
    books = opened(db)
    state = REJECTED if reject else APPROVED
    day = day_or_today(on, "--on")
    posted = recording.decide(
        books.database, books.actor, event, version, state, on=day, reason=reason
    )
    print(f"{event} version {version} is {state}: act {posted.act.act_id}.")


def list_(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="As decided by this day.")
    ] = None,
    through_act: Annotated[
        int | None, typer.Option("--through-act", help="Only what had been recorded.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the versions of all plans and their state."""
    from keiryo.dates import date_number
    from keiryo.public_events.plans import version_dict, versions

    books, day = opened(db), optional_day(on, "--on")
    with books.database.reading() as connection:
        found = versions(
            connection,
            books.database.metadata,
            on=None if day is None else date_number(day),
            through_act=through_act,
        )
    show_rows([version_dict(one) for one in found.values()], format_of(format_))
