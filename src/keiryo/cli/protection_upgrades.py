"""Commands of upgrades that were agreed with partners: their life, cost, and what stands."""

from __future__ import annotations

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
from keiryo.cli.protection_events import ThroughOption
from keiryo.cli.protection_findings import scope_of, show_some, step_day
from keiryo.cli.protection_plans import (
    ByOption,
    FacilityOption,
    FileOption,
    OnOption,
    ReasonOption,
    ReferenceOption,
    named,
    rows_of_file,
    show_record,
    tell,
)

UpgradeArgument = Annotated[
    str | None, typer.Argument(metavar="UPGRADE", help="Name of the upgrade.")
]


def add_upgrades(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    upgrades = typer.Typer(
        help="Upgrades agreed with partners; no value of any element.", no_args_is_help=True
    )
    upgrades.command("list")(list_upgrades)
    for command in (record, step, show, board):
        upgrades.command(command.__name__)(command)
    group.add_typer(upgrades, name="upgrade")


def record(
    upgrade: UpgradeArgument = None,
    facility: FacilityOption = None,
    title: Annotated[str | None, typer.Option("--title", help="64 characters at most.")] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", help="As in the register: US.DOE.NNSA.")
    ] = None,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Instrument of cooperation.")
    ] = None,
    commitment: Annotated[
        str | None, typer.Option("--commitment", help="Commitment in the register, e.g. c004.")
    ] = None,
    agreement_ref: Annotated[
        str | None, typer.Option("--agreement-ref", help="Reference of the agreement.")
    ] = None,
    aim: Annotated[
        str | None,
        typer.Option("--aim", help="meet_requirement, sustain, replace or new_facility."),
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="Category that it is graded to.")
    ] = None,
    start_by: Annotated[str | None, typer.Option("--start-by", metavar="DATE")] = None,
    install_by: Annotated[str | None, typer.Option("--install-by", metavar="DATE")] = None,
    accept_by: Annotated[str | None, typer.Option("--accept-by", metavar="DATE")] = None,
    hand_over_by: Annotated[str | None, typer.Option("--hand-over-by", metavar="DATE")] = None,
    cost: Annotated[
        int | None, typer.Option("--cost", help="In the smallest unit of the currency.")
    ] = None,
    partner_cost: Annotated[
        int | None, typer.Option("--partner-cost", help="The partner's share of it.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="E.g. JPY.")] = None,
    evaluation_ref: Annotated[
        str | None,
        typer.Option("--evaluation-ref", help="Reference of the evaluation in the sealed store."),
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record an upgrade, or anew with a reason: what is left out is as it was."""
    from keiryo.security_regime.event_files import UPGRADES
    from keiryo.security_regime.upgrade_recording import record_upgrades

    row: dict[str, Any] = {
        "facility": facility,
        "title": title,
        "partner": partner,
        "instrument": instrument,
        "commitment": commitment,
        "agreement_ref": agreement_ref,
        "aim": aim,
        "category": category,
        "start_by": optional_day(start_by, "--start-by"),
        "install_by": optional_day(install_by, "--install-by"),
        "accept_by": optional_day(accept_by, "--accept-by"),
        "hand_over_by": optional_day(hand_over_by, "--hand-over-by"),
        "cost_minor": cost,
        "partner_cost_minor": partner_cost,
        "currency": currency,
        "evaluation_ref": evaluation_ref,
        "reason": reason,
    }
    one = named(row, file, upgrade=upgrade)
    more = rows_of_file(file, UPGRADES)
    books = opened(db)
    tell(record_upgrades(books.database, books.actor, **{**one, **more}), format_)


def step(
    upgrade: UpgradeArgument = None,
    state: Annotated[
        str | None,
        typer.Argument(
            metavar="STEP",
            help="started, installed, accepted, handed_over, reviewed, ended, suspended, "
            "cancelled.",
        ),
    ] = None,
    on: OnOption = None,
    by: ByOption = None,
    sustained: Annotated[
        str | None, typer.Option("--sustained", help="Of a review: yes, partly or no.")
    ] = None,
    next_review: Annotated[
        str | None,
        typer.Option("--next-review", metavar="DATE", help="At the hand-over and each review."),
    ] = None,
    reason: ReasonOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a step in the life of an upgrade."""
    from keiryo.security_regime.event_files import UPGRADE_STEPS
    from keiryo.security_regime.upgrade_recording import take_upgrade_steps

    row = {
        "on": step_day(on, file),
        "by": by,
        "sustained": sustained,
        "next_review": optional_day(next_review, "--next-review"),
        "reason": reason,
        "reference": reference,
    }
    one = named(row, file, upgrade=upgrade, state=state)
    more = rows_of_file(file, UPGRADE_STEPS)
    books = opened(db)
    tell(take_upgrade_steps(books.database, books.actor, **{**one, **more}), format_)


def list_upgrades(
    facility: FacilityOption = None,
    partner: Annotated[str | None, typer.Option("--partner", help="Only with them.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only planned, started …")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those overdue.")] = False,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the upgrades as they stood on a day."""
    from keiryo.security_regime.upgrade_record import upgrades

    day, books = day_or_today(on, "--on"), opened(db)
    scope, metadata = scope_of(books.state, facility), books.database.metadata
    with books.database.reading() as connection:
        every = upgrades(connection, metadata, on=day, scope=scope, through_act=through_act)
    rows = [
        one.to_dict(day)
        for one in every
        if state in (None, one.state)
        and partner in (None, one.partner)
        and (one.overdue(day) or not overdue)
    ]
    columns = [
        *("upgrade", "scope", "partner", "commitment", "state", "due", "days_left", "overdue"),
        *("sustained", "title", "line"),
    ]
    show_some(rows, columns, format_, "No upgrades.")


def show(
    upgrade: Annotated[str, typer.Argument(metavar="UPGRADE")],
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show an upgrade with its steps."""
    from keiryo.security_regime.upgrade_record import upgrade as read

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        told = read(connection, books.database.metadata, upgrade).to_dict(day)
    show_record(told, format_)


def board(
    partner: Annotated[str | None, typer.Option("--partner", help="Only with them.")] = None,
    facility: FacilityOption = None,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell what was agreed with each partner, and what of it stands."""
    from keiryo.security_regime.upgrade_board import partner_boards

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        boards = partner_boards(
            connection,
            books.database.metadata,
            day,
            partner=partner,
            scope=scope_of(books.state, facility),
            through_act=through_act,
        )
    told = [one.to_dict() for one in boards]
    if format_of(format_) is Format.JSON:
        show_json(told)
        return
    rows = [
        {
            "partner": one["partner"],
            "commitment": part["commitment"],
            "commitment_state": part["commitment_state"],
            "agreed": part["agreed"],
            "in_use": part["in_use"],
            "overdue": sum(each["overdue"] for each in part["upgrades"]),
            "upgrades": " ".join(each["upgrade"] for each in part["upgrades"]),
        }
        for one in told
        for part in one["commitments"]
    ]
    show_rows(rows, format_of(format_), empty="No upgrades.")
