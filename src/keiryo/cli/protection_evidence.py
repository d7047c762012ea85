"""Commands of evidence: tests, maintenance, compensatory measures and alarms, and what is due."""

from __future__ import annotations

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
    optional_day,
)
from keiryo.cli.output import finding_dict, show_findings, show_json
from keiryo.cli.protection_evidence_numbers import add_numbers
from keiryo.cli.protection_findings import show_some
from keiryo.cli.protection_plans import FacilityOption, FileOption, ReasonOption, content_of, named

if TYPE_CHECKING:
    from keiryo.security_evidence.kinds import Kind

FacilityArgument = Annotated[
    str, typer.Argument(metavar="FACILITY", help="Code of the facility, e.g. XFA-.")
]
OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
ThroughOption = Annotated[
    int | None, typer.Option("--through-act", help="Only what had been recorded.")
]
ZoneOption = Annotated[
    str | None,
    typer.Option("--zone", metavar="NAME", help="Zone of times without offset: Asia/Tokyo."),
]
NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Name of the record in the facility.")
]


def add_evidence(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    evidence = typer.Typer(
        help="Evidence for the inputs of an evaluation: tests, maintenance, compensatory measures, "
        "alarms; what is due, stale or out of service. No number from which the value of an "
        "element follows is recorded in the books.",
        no_args_is_help=True,
    )
    for command in (test, maintenance, measure, alarm, status, due, history, alarms, outages):
        evidence.command(command.__name__)(command)
    add_numbers(evidence)
    group.add_typer(evidence, name="evidence")


def test(
    name: NameArgument = None,
    facility: FacilityOption = None,
    element: Annotated[
        str | None, typer.Option("--element", help="What is tested: an opaque name.")
    ] = None,
    test_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            help="acceptance, operability, functional, performance, limited_scope or "
            "full_scope_exercise.",
        ),
    ] = None,
    procedure_ref: Annotated[
        str | None, typer.Option("--procedure", help="Reference of the procedure.")
    ] = None,
    planned: Annotated[str | None, typer.Option("--planned", metavar="DATE")] = None,
    performed: Annotated[str | None, typer.Option("--performed", metavar="DATE")] = None,
    testers: Annotated[
        list[str] | None, typer.Option("--tester", help="Pseudonym; may be given again.")
    ] = None,
    witness: Annotated[str | None, typer.Option("--witness", help="Pseudonym.")] = None,
    conditions: Annotated[
        str | None, typer.Option("--conditions", help="Names of the conditions.")
    ] = None,
    result: Annotated[
        str | None, typer.Option("--result", help="pass, fail or inconclusive.")
    ] = None,
    deviations: Annotated[
        str | None, typer.Option("--deviations", help="What was not as in the procedure.")
    ] = None,
    counts_ref: Annotated[
        str | None,
        typer.Option("--counts", help="Where trials and successes are kept: a store's record."),
    ] = None,
    next_due: Annotated[
        str | None, typer.Option("--next-due", metavar="DATE", help="Last day on which it holds.")
    ] = None,
    signed_by: Annotated[
        str | None, typer.Option("--signed-by", help="Pseudonym; none of the testers.")
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a test, planned or performed; or anew with a reason: what is left out stays."""
    from keiryo.security_evidence.kinds import TEST

    row = {
        "element": element,
        "test_type": test_type,
        "procedure_ref": procedure_ref,
        "planned": optional_day(planned, "--planned"),
        "performed": optional_day(performed, "--performed"),
        "testers": " ".join(testers) if testers else None,
        "witness": witness,
        "conditions": conditions,
        "result": result,
        "deviations": deviations,
        "counts_ref": counts_ref,
        "next_due": optional_day(next_due, "--next-due"),
        "signed_by": signed_by,
    }
    _record(TEST, name, facility, row, reason, file, db, format_)


def maintenance(
    name: NameArgument = None,
    facility: FacilityOption = None,
    asset: Annotated[
        str | None, typer.Option("--asset", help="What is worked on: an opaque name.")
    ] = None,
    asset_kind: Annotated[
        str | None, typer.Option("--asset-kind", help="detection or delay.")
    ] = None,
    element: Annotated[
        str | None, typer.Option("--element", help="The element that it is a part of.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="preventive, corrective or calibration.")
    ] = None,
    opened_on: Annotated[str | None, typer.Option("--opened", metavar="DATE")] = None,
    out_of_service_from: Annotated[
        str | None, typer.Option("--out-of-service-from", metavar="DATE", help="First day of it.")
    ] = None,
    returned: Annotated[
        str | None,
        typer.Option("--returned", metavar="DATE", help="Day from which it is in service again."),
    ] = None,
    performers: Annotated[
        list[str] | None, typer.Option("--performer", help="Pseudonym; may be given again.")
    ] = None,
    two_person: Annotated[
        bool | None, typer.Option("--two-person/--not-two-person", help="Done by two together.")
    ] = None,
    post_test: Annotated[
        str | None, typer.Option("--post-test", help="Name of the test after it.")
    ] = None,
    compensatory_measure: Annotated[
        str | None, typer.Option("--measure", help="Name of the compensatory measure.")
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record work on an asset, and the outage that it makes; or anew with a reason."""
    from keiryo.security_evidence.kinds import WORK

    row = {
        "asset": asset,
        "asset_kind": asset_kind,
        "element": element,
        "kind": kind,
        "opened": optional_day(opened_on, "--opened"),
        "out_of_service_from": optional_day(out_of_service_from, "--out-of-service-from"),
        "returned": optional_day(returned, "--returned"),
        "performers": " ".join(performers) if performers else None,
        "two_person": two_person,
        "post_test": post_test,
        "compensatory_measure": compensatory_measure,
    }
    _record(WORK, name, facility, row, reason, file, db, format_)


def measure(
    name: NameArgument = None,
    facility: FacilityOption = None,
    for_asset: Annotated[
        str | None, typer.Option("--for", help="The asset that it stands in for.")
    ] = None,
    description_code: Annotated[
        str | None, typer.Option("--code", help="A code of the operator's list.")
    ] = None,
    start_on: Annotated[str | None, typer.Option("--start", metavar="DATE")] = None,
    end_on: Annotated[
        str | None, typer.Option("--end", metavar="DATE", help="Day from which it is gone.")
    ] = None,
    approver: Annotated[
        str | None, typer.Option("--approver", help="Pseudonym; default: you.")
    ] = None,
    verified_by: Annotated[
        str | None, typer.Option("--verified-by", help="Pseudonym; not the approver.")
    ] = None,
    values_ref: Annotated[
        str | None, typer.Option("--values", help="Where its values are kept: a store's record.")
    ] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a compensatory measure, or that it was verified; it counts once it is."""
    from keiryo.security_evidence.kinds import MEASURE

    row = {
        "for_asset": for_asset,
        "description_code": description_code,
        "start_on": optional_day(start_on, "--start"),
        "end_on": optional_day(end_on, "--end"),
        "approver": approver,
        "verified_by": verified_by,
        "values_ref": values_ref,
    }
    _record(MEASURE, name, facility, row, reason, file, db, format_)


def alarm(
    name: NameArgument = None,
    facility: FacilityOption = None,
    sensor: Annotated[str | None, typer.Option("--sensor", help="An opaque name.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME")] = None,
    assessed_at: Annotated[str | None, typer.Option("--assessed-at", metavar="TIME")] = None,
    assessor: Annotated[str | None, typer.Option("--assessor", help="Pseudonym.")] = None,
    cause: Annotated[
        str | None, typer.Option("--cause", help="real, nuisance, false, test or unknown.")
    ] = None,
    evidence_ref: Annotated[
        str | None, typer.Option("--evidence", help="What shows it: act:17, a digest.")
    ] = None,
    zone: ZoneOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record an alarm of a sensor, when it was assessed, and what it was."""
    from keiryo.security_evidence.kinds import ALARM, moment

    row = {
        "sensor": sensor,
        "at": None if at is None else moment(at, zone),
        "assessed_at": None if assessed_at is None else moment(assessed_at, zone),
        "assessor": assessor,
        "cause": cause,
        "evidence_ref": evidence_ref,
    }
    _record(ALARM, name, facility, row, reason, file, db, format_, zone)


def _record(
    kind: Kind,
    name: str | None,
    facility: str | None,
    row: dict[str, Any],
    reason: str | None,
    file: Path | None,
    db: str | None,
    format_: Format | None,
    zone: str | None = None,
) -> None:
    """Record one record given by options, or those of a file, and tell what became of it."""
    from keiryo.errors import RefusedError
    from keiryo.security_evidence.files import read_file
    from keiryo.security_evidence.recording import record

    books = opened(db)
    if file is None:
        rows = named({**row, "facility": facility, "reason": reason}, None, **{kind.id: name})
        done = record(books.database, books.actor, kind, rows["rows"], reason=reason)
    else:
        named(row, file, **{kind.id: name})
        read = read_file(file.name, content_of(file), facility=facility, zone=zone)
        if not read.findings and read.kind is not kind:
            from keiryo.errors import UsageError

            told = f"the file has records of another kind: {read.kind.name.replace('_', ' ')}"
            raise UsageError(told, f"Use 'keiryo protection evidence {read.kind.id}'.")
        if read.findings and not read.rows:
            told = f"{file.name} was refused; nothing was recorded"
            raise RefusedError(told, list(read.findings), "Put right what the findings say.")
        done = record(
            *(books.database, books.actor, kind, read.rows),
            file=file.name,
            found=read.findings,
            reason=reason,
        )
    if format_of(format_) is Format.JSON:
        act = None if done.act is None else done.act.act_id
        findings = [finding_dict(one) for one in done.findings]
        made = {"act": act, "lines": done.lines, "unchanged": done.unchanged}
        show_json({**made, "findings": findings})
        return
    if done.act is None:
        print("Nothing is new: it stands in the record like this.")
    else:
        same = f"; {done.unchanged} stood there already" if done.unchanged else ""
        print(f"Recorded {done.lines} lines in act {done.act.act_id}{same}.")
    show_findings(done.findings)


def status(
    facility: FacilityArgument,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show every asset of a facility on a day: in service or out, tested, due, overdue."""
    from keiryo.security_evidence.register import full_scope
    from keiryo.security_evidence.status import assets_on

    books, day = opened(db), day_or_today(on, "--on")
    scope = full_scope(books.actor.on_behalf_of, facility)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        found = assets_on(connection, metadata, scope, day, through_act=through_act)
    rows = [one.to_dict() for one in found]
    for row in rows if format_of(format_) is not Format.JSON else ():
        row["findings"] = " ".join(row["findings"])
    columns = ["name", "state", "measure", "last_test", "last_result", "next_due", "findings"]
    show_some(rows, columns, format_, "The records know no asset of this facility.")


def due(
    facility: FacilityOption = None,
    on: OnOption = None,
    within_days: Annotated[
        int | None, typer.Option("--within-days", min=0, help="Only what is due within so many.")
    ] = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List what is to be done: tests, outages without a measure, measures that end."""
    from keiryo.security_evidence.register import full_scope
    from keiryo.security_evidence.status import due as found_due

    books, day = opened(db), day_or_today(on, "--on")
    scope = None if facility is None else full_scope(books.actor.on_behalf_of, facility)
    with books.database.reading() as connection:
        found = found_due(
            *(connection, books.database.metadata, day),
            facility=scope,
            within_days=within_days,
            through_act=through_act,
        )
    columns = ["by", "days_left", "what", "asset", "name", "scope"]
    show_some([one.to_dict() for one in found], columns, format_, "Nothing is due.")


def history(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="test, maintenance, measure or alarm.")
    ],
    facility: FacilityArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the record.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show what was recorded under a name, the oldest first."""
    from keiryo.errors import UsageError
    from keiryo.security_evidence.kinds import KINDS
    from keiryo.security_evidence.register import full_scope
    from keiryo.security_evidence.register import history as recorded

    wanted = next((one for one in KINDS.values() if one.id == kind), None)
    if wanted is None:
        able = ", ".join(one.id for one in KINDS.values())
        raise UsageError(f"there is no kind {kind[:40]!r}", f"It is one of {able}.")
    books = opened(db)
    scope = full_scope(books.actor.on_behalf_of, facility)
    with books.database.reading() as connection:
        rows = recorded(connection, books.database.metadata, wanted.name, scope, name)
    show_some(rows, [*wanted.needed, "reason", "line"], format_, "Nothing is recorded.")


def alarms(
    facility: FacilityArgument,
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")],
    end: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day.")],
    sensor: Annotated[str | None, typer.Option("--sensor", help="Only this one.")] = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show of each sensor how fast alarms are assessed, and how many are a nuisance a day."""
    from keiryo.security_evidence.alarms import alarm_statistics
    from keiryo.security_evidence.register import full_scope

    books = opened(db)
    scope = full_scope(books.actor.on_behalf_of, facility)
    days = day_of(start, "--from"), day_of(end, "--to")
    with books.database.reading() as connection:
        found = alarm_statistics(
            *(connection, books.database.metadata, scope, *days),
            sensor=sensor,
            through_act=through_act,
        )
    rows = [one.to_dict() for one in found]
    for row in rows if format_of(format_) is not Format.JSON else ():
        row["median_s"], row["p95_s"] = row["assessment"]["median_s"], row["assessment"]["p95_s"]
        row["nuisance_per_day"] = None if row["nuisance"] is None else row["nuisance"]["per_day"]
    columns = ["sensor", "alarms", "open", "median_s", "p95_s", "nuisance_per_day"]
    show_some(rows, columns, format_, "No sensor of this facility ever gave an alarm.")


def outages(
    facility: FacilityArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.json", help="A new file.")
    ],
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
) -> None:
    """Write what is out of service and tested on a day, for 'keiryo protection paths --evidence'.

    The values of compensatory measures are not in the books: add them by hand, or evaluate in the
    sealed store, where they are kept.
    """
    import json

    from keiryo.cli.protection_store_opening import write_new
    from keiryo.security_evidence.register import full_scope
    from keiryo.security_evidence.status import evidence_file

    books, day = opened(db), day_or_today(on, "--on")
    scope = full_scope(books.actor.on_behalf_of, facility)
    with books.database.reading() as connection:
        told = evidence_file(
            connection, books.database.metadata, scope, day, through_act=through_act
        )
    write_new(output, json.dumps(told, indent=2).encode() + b"\n")
    print(f"{len(told['outages'])} outages and {len(told['tests'])} tested elements on {day}")
