"""Commands of security events: what occurred, who was notified and how late, what was learnt."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_of,
    day_or_today,
    format_of,
    opened,
)
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_findings import scope_of, show_some, step_day
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

if TYPE_CHECKING:
    from keiryo.security_regime.event_rule_table import RuleTable

EventArgument = Annotated[str | None, typer.Argument(metavar="EVENT", help="Name of the event.")]
ZoneOption = Annotated[
    str | None,
    typer.Option("--zone", metavar="NAME", help="Zone of times without offset: Asia/Tokyo."),
]
RulesOption = Annotated[
    Path | None,
    typer.Option(
        "--rules", metavar="FILE", help="Measure against this table instead of the recorded one."
    ),
]
ThroughOption = Annotated[
    int | None, typer.Option("--through-act", help="Only what had been recorded.")
]
RulesName = Annotated[str, typer.Option("--name", help="Name of the table.")]
ValidFrom = Annotated[
    str, typer.Option("--valid-from", metavar="DATE", help="First day on which it holds.")
]
RulesFile = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON or TOML.")]


def add_events(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    events = typer.Typer(help="Security events and notifications.", no_args_is_help=True)
    events.command("list")(list_events)
    for command in (record, notify, close, reopen, rules, show, due):
        events.command(command.__name__)(command)
    group.add_typer(events, name="event")


def record(
    event: EventArgument = None,
    facility: FacilityOption = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="E.g. unauthorised_access, cyber, exercise.")
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="I, II, III or PMP, if material is affected.")
    ] = None,
    severity: Annotated[int | None, typer.Option("--severity", min=0, max=4)] = None,
    occurred: Annotated[
        str | None, typer.Option("--occurred", metavar="TIME", help="If it is known.")
    ] = None,
    detected: Annotated[
        str | None, typer.Option("--detected", metavar="TIME", help="As 2027-05-31T14:00+09:00.")
    ] = None,
    reported: Annotated[str | None, typer.Option("--reported", metavar="TIME")] = None,
    restored: Annotated[
        str | None, typer.Option("--restored", metavar="TIME", help="Of an outage: its end.")
    ] = None,
    zone: ZoneOption = None,
    title: Annotated[str | None, typer.Option("--title", help="64 characters at most.")] = None,
    classification: Annotated[
        str | None, typer.Option("--classification", help="restricted (default) or public.")
    ] = None,
    out_of_control: Annotated[
        bool | None,
        typer.Option(
            "--out-of-control/--under-control", help="Material is out of regulatory control."
        ),
    ] = None,
    incident_ref: Annotated[
        str | None,
        typer.Option("--incident-ref", metavar="REF", help="Report to the incident database."),
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", help="Computer system that it affected.")
    ] = None,
    reference: ReferenceOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a security event, or anew with a reason: what is left out is as it was."""
    from keiryo.security_regime.event_files import EVENTS
    from keiryo.security_regime.event_recording import record_events

    row: dict[str, Any] = {
        "facility": facility,
        "type": type_,
        "category": category,
        "severity": severity,
        "occurred_at": occurred,
        "detected_at": detected,
        "reported_at": reported,
        "restored_at": restored,
        "zone": zone,
        "title": title,
        "classification": classification,
        "out_of_control": out_of_control,
        "incident_ref": incident_ref,
        "system": system,
        "reference": reference,
        "reason": reason,
    }
    one = named(row, file, event=event)
    more = rows_of_file(file, EVENTS)
    books = opened(db)
    tell(record_events(books.database, books.actor, **{**one, **more}), format_)


def notify(
    event: EventArgument = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="WHO", help="Who was notified, e.g. authority.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As 2027-05-31T14:00+09:00.")
    ] = None,
    zone: ZoneOption = None,
    notice: Annotated[
        str | None, typer.Option("--notice", help="Correct this one; default: a new one.")
    ] = None,
    void: Annotated[
        bool | None, typer.Option("--void", help="Take back what was recorded in error.")
    ] = None,
    by: ByOption = None,
    reference: ReferenceOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record who was notified of an event, and when."""
    from keiryo.security_regime.event_files import NOTICES
    from keiryo.security_regime.event_recording import record_notices

    row: dict[str, Any] = {
        "to": to,
        "at": at,
        "zone": zone,
        "notice": notice,
        "void": void,
        "by": by,
        "reference": reference,
    }
    one = named(row, file, event=event)
    more = rows_of_file(file, NOTICES)
    books = opened(db)
    tell(record_notices(books.database, books.actor, **{**one, **more}), format_)


def close(
    event: EventArgument = None,
    lessons: Annotated[
        str | None, typer.Option("--lessons", metavar="TEXT", help="What was learnt, one line.")
    ] = None,
    reference: ReferenceOption = None,
    on: OnOption = None,
    by: ByOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Close an event with what was learnt, or the reference of the final report."""
    row = {"on": step_day(on, file), "by": by, "lessons": lessons, "reference": reference}
    _step("closed", event, row, file, db, format_)


def reopen(
    event: EventArgument = None,
    reason: ReasonOption = None,
    on: OnOption = None,
    by: ByOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Open a closed event again, with a reason."""
    row = {"on": step_day(on, file), "by": by, "reason": reason}
    _step("reopened", event, row, file, db, format_)


def rules(
    file: RulesFile,
    name: RulesName,
    valid_from: ValidFrom,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record the State's table: who is notified of which events, within how many hours.

    Columns: severity_at_least, to, within_hours; type and category, empty for every one; basis.
    """
    from keiryo.security_regime.event_rule_table import NOTIFICATION

    record_table(NOTIFICATION, file, name, valid_from, db, format_)


def list_events(
    facility: FacilityOption = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only recorded, notified or closed.")
    ] = None,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the security events as they stood on a day."""
    from keiryo.security_regime.event_record import security_events

    day, books = day_or_today(on, "--on"), opened(db)
    scope, metadata = scope_of(books.state, facility), books.database.metadata
    with books.database.reading() as connection:
        every = security_events(connection, metadata, on=day, scope=scope, through_act=through_act)
    rows = [one.to_dict() for one in every if state in (None, one.state)]
    columns = [
        *("event", "scope", "type", "category", "severity", "state", "detected_at"),
        *("out_of_control", "title", "line"),
    ]
    show_some(rows, columns, format_, "No events.")


def show(
    event: Annotated[str, typer.Argument(metavar="EVENT")],
    rules: RulesOption = None,
    at: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE|TIME", help="Default: now; a day counts to its end."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show an event with its notices, and how they stand against the rules."""
    from keiryo.security_regime.event_due import due_of
    from keiryo.security_regime.event_record import security_event
    from keiryo.security_regime.event_rule_table import NOTIFICATION, rule_tables

    given, moment = rules_given(NOTIFICATION, rules), instant_of(at)
    books = opened(db)
    with books.database.reading() as connection:
        one = security_event(connection, books.database.metadata, event)
        tables = rule_tables(connection, books.database.metadata, NOTIFICATION)
    told = due_of(one, tables, moment, given).to_dict()
    more = {name: told[name] for name in ("rules", "notifications", "told")}
    show_record({**one.to_dict(), **more}, format_)


def due(
    facility: FacilityOption = None,
    rules: RulesOption = None,
    at: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE|TIME", help="Default: now; a day counts to its end."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was closed and notified in time.")
    ] = False,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell who must be notified of which events, until when, and what was late."""
    from keiryo.security_regime.event_due import events_due
    from keiryo.security_regime.event_rule_table import NOTIFICATION

    given, moment = rules_given(NOTIFICATION, rules), instant_of(at)
    books = opened(db)
    with books.database.reading() as connection:
        found = events_due(
            connection,
            books.database.metadata,
            moment,
            scope=scope_of(books.state, facility),
            rules=given,
            through_act=through_act,
            whole=everything,
        )
    if format_of(format_) is Format.JSON:
        show_json([one.to_dict() for one in found])
        return
    rows = []
    for one in found:
        head = {"event": one.event.name, "scope": one.event.scope, "state": one.event.state}
        rows += [{**head, **each.to_dict(), "told": None} for each in one.notifications]
        rows += [{**head, "told": words} for words in one.told]
    columns = [
        *("event", "scope", "state", "to", "due", "notified_at", "status", "hours_late"),
        *("basis", "told"),
    ]
    padded = [{name: row.get(name) for name in columns} for row in rows]
    show_rows(padded, format_of(format_), columns=columns, empty="Nothing is due.")


def _step(
    state: str,
    event: str | None,
    row: dict[str, Any],
    file: Path | None,
    db: str | None,
    format_: Format | None,
) -> None:
    from keiryo.security_regime.event_files import EVENT_STEPS
    from keiryo.security_regime.event_recording import take_event_steps

    one = named(row, file, event=event)
    more = rows_of_file(file, EVENT_STEPS)
    books = opened(db)
    tell(take_event_steps(books.database, books.actor, state, **{**one, **more}), format_)


# --- what the commands of events, upgrades, computers and statements do ---------------------------


def rules_given(kind: str, file: Path | None) -> RuleTable | None:
    """Return the rules of a file, or None where none was given."""
    from keiryo.security_regime.event_rule_table import rules_of_file

    return None if file is None else rules_of_file(kind, file.name, content_of(file))


def record_table(
    kind: str, file: Path, name: str, valid_from: str, db: str | None, format_: Format | None
) -> None:
    """Record a table of rules from a file, and tell it."""
    from keiryo.security_regime.event_rule_table import record_rules, sheet_of

    day = day_of(valid_from, "--valid-from")
    given = rows_of_file(file, sheet_of(kind))
    books = opened(db)
    tell(record_rules(books.database, books.actor, kind, name, day, **given), format_)


def instant_of(text: str | None) -> datetime.datetime:
    """Return the instant that an option means: now, a time with offset, or the end of a UTC day."""
    from keiryo.security_regime.event_words import INSTANT, instant

    if text is None:
        return datetime.datetime.now(datetime.UTC)
    if INSTANT.fits(text):
        return instant(text)
    end = datetime.time(23, 59, 59, tzinfo=datetime.UTC)
    return datetime.datetime.combine(day_of(text, "--on"), end)
