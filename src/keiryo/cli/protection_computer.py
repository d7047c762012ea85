"""Commands of computer security: systems, measures, connections between zones, gaps."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    FormatOption,
    day_or_today,
    opened,
    optional_day,
)
from keiryo.cli.protection_events import (
    RulesFile,
    RulesName,
    RulesOption,
    ThroughOption,
    ValidFrom,
    record_table,
    rules_given,
)
from keiryo.cli.protection_findings import EvidenceOption, joined, scope_of, show_some, step_day
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

SystemArgument = Annotated[str | None, typer.Argument(metavar="SYSTEM", help="Name of the system.")]


def add_computer(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    computer = typer.Typer(
        help="Computer security: systems, zones, measures, gaps.", no_args_is_help=True
    )
    computer.command("list")(list_systems)
    for command in (system, measure, connection, rules, gaps, show):
        computer.command(command.__name__)(command)
    group.add_typer(computer, name="computer")


def system(
    system: SystemArgument = None,
    facility: FacilityOption = None,
    function: Annotated[
        str | None,
        typer.Option(
            "--function",
            help="safety, security, material_accountancy, operation, emergency or support.",
        ),
    ] = None,
    level: Annotated[
        int | None, typer.Option("--level", min=1, max=5, help="1 is the strictest.")
    ] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Computer security zone.")] = None,
    sensitive: Annotated[
        bool | None,
        typer.Option("--sensitive/--not-sensitive", help="Is it a sensitive digital asset?"),
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Role that answers for it.")] = None,
    retired_on: Annotated[str | None, typer.Option("--retired-on", metavar="DATE")] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a computer system, or anew with a reason: what is left out is as it was."""
    from keiryo.security_regime.computer_recording import record_systems
    from keiryo.security_regime.event_files import SYSTEMS

    row: dict[str, Any] = {
        "facility": facility,
        "function": function,
        "level": level,
        "zone": zone,
        "sensitive_asset": sensitive,
        "owner": owner,
        "retired_on": optional_day(retired_on, "--retired-on"),
        "reason": reason,
    }
    one = named(row, file, system=system)
    more = rows_of_file(file, SYSTEMS)
    books = opened(db)
    tell(record_systems(books.database, books.actor, **{**one, **more}), format_)


def measure(
    system: SystemArgument = None,
    measure: Annotated[
        str | None, typer.Argument(metavar="MEASURE", help="Its name within the system.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Argument(metavar="STATE", help="planned, in_place, verified or lapsed."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Of a new one, e.g. one_way_transfer.")
    ] = None,
    on: OnOption = None,
    by: ByOption = None,
    verified_by: Annotated[
        str | None, typer.Option("--verified-by", help="Role or pseudonym; not the owner.")
    ] = None,
    evidence: EvidenceOption = None,
    next_due: Annotated[
        str | None, typer.Option("--next-due", metavar="DATE", help="Verified again by then.")
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record how a measure of computer security stands."""
    from keiryo.security_regime.computer_recording import record_measures
    from keiryo.security_regime.event_files import MEASURES

    row: dict[str, Any] = {
        "kind": kind,
        "on": step_day(on, file),
        "by": by,
        "verified_by": verified_by,
        "evidence": joined(evidence),
        "next_due": optional_day(next_due, "--next-due"),
        "reason": reason,
    }
    one = named(row, file, system=system, measure=measure, state=state)
    more = rows_of_file(file, MEASURES)
    books = opened(db)
    tell(record_measures(books.database, books.actor, **{**one, **more}), format_)


def connection(
    connection: Annotated[
        str | None, typer.Argument(metavar="CONNECTION", help="Name of the connection.")
    ] = None,
    facility: FacilityOption = None,
    from_zone: Annotated[str | None, typer.Option("--from", metavar="ZONE")] = None,
    to_zone: Annotated[str | None, typer.Option("--to", metavar="ZONE")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="one_way, two_way or admin.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The day since which it is there.")
    ] = None,
    removed_on: Annotated[str | None, typer.Option("--removed-on", metavar="DATE")] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a connection between two zones, or anew with a reason."""
    from keiryo.security_regime.computer_recording import record_connections
    from keiryo.security_regime.event_files import CONNECTIONS

    row: dict[str, Any] = {
        "facility": facility,
        "from_zone": from_zone,
        "to_zone": to_zone,
        "kind": kind,
        "on": optional_day(on, "--on"),
        "removed_on": optional_day(removed_on, "--removed-on"),
        "reason": reason,
    }
    one = named(row, file, connection=connection)
    more = rows_of_file(file, CONNECTIONS)
    books = opened(db)
    tell(record_connections(books.database, books.actor, **{**one, **more}), format_)


def rules(
    file: RulesFile,
    name: RulesName,
    valid_from: ValidFrom,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record the State's table: which measures a level requires, verified within how many days.

    Columns: level, kind; within_days, empty where it is enough that it is in place; basis.
    """
    from keiryo.security_regime.event_rule_table import MEASURE

    record_table(MEASURE, file, name, valid_from, db, format_)


def gaps(
    facility: FacilityOption = None,
    rules: RulesOption = None,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell which required measures are missing or overdue, and which connections are wrong."""
    from keiryo.security_regime.computer_gaps import computer_gaps
    from keiryo.security_regime.event_rule_table import MEASURE

    given, day = rules_given(MEASURE, rules), day_or_today(on, "--on")
    books = opened(db)
    with books.database.reading() as transaction:
        found = computer_gaps(
            transaction,
            books.database.metadata,
            day,
            scope=scope_of(books.state, facility),
            rules=given,
            through_act=through_act,
        )
    columns = ["code", "severity", "scope", "name", "level", "kind", "due", "message", "line"]
    show_some([one.to_dict() for one in found], columns, format_, "No gaps.")


def list_systems(
    facility: FacilityOption = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Only in this zone.")] = None,
    connections: Annotated[
        bool, typer.Option("--connections", help="The connections between zones instead.")
    ] = False,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the computer systems in use on a day, or the connections that are there."""
    from keiryo.security_regime.computer_record import computers

    day, books = day_or_today(on, "--on"), opened(db)
    scope, metadata = scope_of(books.state, facility), books.database.metadata
    with books.database.reading() as transaction:
        known = computers(transaction, metadata, on=day, scope=scope, through_act=through_act)
    if connections:
        there = [one for one in known.connections.values() if one.there(day)]
        rows = [
            one.to_dict() for one in there if zone is None or zone in {z for _s, z in one.zones}
        ]
        columns = ["connection", "scope", "from_zone", "to_zone", "kind", "on", "line"]
        show_some(rows, columns, format_, "No connections.")
        return
    used = [one for one in known.systems.values() if one.in_use(day)]
    rows = [
        {
            **one.to_dict(),
            "standing": sum(m.state in ("in_place", "verified") for m in one.measures.values()),
        }
        for one in used
        if zone in (None, one.zone[1])
    ]
    columns = [
        *("system", "scope", "function", "level", "zone", "sensitive_asset", "owner"),
        *("standing", "line"),
    ]
    show_some(rows, columns, format_, "No systems.")


def show(
    system: Annotated[str, typer.Argument(metavar="SYSTEM")],
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a computer system with its measures as they stood on a day."""
    from keiryo.security_regime.computer_record import computer_system

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as transaction:
        told = computer_system(transaction, books.database.metadata, system, day).to_dict()
    show_record(told, format_)
