"""Commands of the days of an event: instruments, surveys, sweeps, alarms, partners, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
)
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows
from keiryo.cli.public_event_survey import content_of, record_survey, survey

if TYPE_CHECKING:
    from keiryo.public_events.instrument_checks import InstrumentCheck

EventArgument = Annotated[str, typer.Argument(metavar="EVENT", help="Name of the event.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON or TOML.")]
OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="MOMENT", help="E.g. 2027-07-20T08:00+09:00; default: now."),
]
WordsOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Also write it: a new file in .docx or .json."),
]


def register_days(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("survey")(survey)
    group.command("record-survey")(record_survey)
    for command in (receipt, daily, receive, assign, due, sweep, spots, lock, ready):
        group.command()(command)
    group.command("alarms")(alarms_)
    group.command("keep-log")(keep_log)
    group.command("lender-report")(lender_report)
    for one in (ask, release, lessons, report, close):
        group.command()(one)


def receipt(event: EventArgument, file: FileArgument, db: DbOption = None) -> None:
    """Record checks on receipt: what is seen, and trials judged by exact bounds."""
    from keiryo.public_events.equipping import record_receipt

    books = opened(db)
    posted, checks = record_receipt(books.database, books.actor, event, content_of(file))
    _show_checks(posted.act.act_id, checks)


def daily(
    event: EventArgument,
    file: FileArgument,
    limits: Annotated[Path, typer.Option("--limits", metavar="FILE", help="Sheet of limits.")],
    db: DbOption = None,
) -> None:
    """Record daily checks: background, check source, neutrons, clock, against limits."""
    from keiryo.public_events.equipping import record_daily

    books = opened(db)
    given = (content_of(file), content_of(limits))
    posted, checks = record_daily(books.database, books.actor, event, *given)
    _show_checks(posted.act.act_id, checks)


def _show_checks(act: int, checks: Sequence[InstrumentCheck]) -> None:
    print(f"Recorded in act {act}.")
    for one in checks:
        failed = [str(part["name"]) for part in one.parts if part["passed"] is not True]
        print(f"  {one.serial}: {'passed' if one.passed else 'FAILED: ' + ', '.join(failed)}")
    if not all(one.passed for one in checks):
        raise typer.Exit(1)


def receive(
    event: EventArgument,
    loan: Annotated[str, typer.Argument(metavar="LOAN")],
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Take the step 'received' of a loan with the result of the checks on receipt."""
    from keiryo.public_events.equipping import receive as take

    books = opened(db)
    posted = take(books.database, books.actor, event, loan, on=day_or_today(on, "--on"))
    print(f"{loan} is received: act {posted.act.act_id}.")


def assign(
    event: EventArgument,
    serial: Annotated[str, typer.Argument(metavar="SERIAL")],
    post: Annotated[str, typer.Argument(metavar="POST")],
    receiver: Annotated[str, typer.Option("--to", metavar="NAME", help="Who receives it.")],
    organisation: Annotated[str, typer.Option("--for", metavar="NAME", help="For whom.")],
    at: AtOption = None,
    db: DbOption = None,
) -> None:
    """Hand an instrument to a post of the plan, through the chain of custody."""
    from keiryo.public_events.equipping import assign as hand

    books = opened(db)
    who: dict[str, Any] = {"receiver": receiver, "organisation": organisation, "at": _moment(at)}
    posted = hand(books.database, books.actor, event, serial, post, **who)
    print(f"{serial} is at {post}: act {posted.act.act_id}.")


def due(
    event: EventArgument, at: AtOption = None, db: DbOption = None, format_: FormatOption = None
) -> None:
    """List what is due and what is late with the instruments of an event."""
    from keiryo.public_events.due import duties

    books = opened(db)
    with books.database.reading() as connection:
        found = duties(connection, books.database.metadata, event, _moment(at))
    show_rows([one.to_dict() for one in found], format_of(format_))
    if any(one.state == "late" for one in found):
        raise typer.Exit(1)


def sweep(
    event: EventArgument,
    name: Annotated[str, typer.Argument(metavar="SWEEP", help="Name of the sweep in the plan.")],
    track: Annotated[Path, typer.Argument(metavar="TRACK", help="Sheet with the way.")],
    team: Annotated[str, typer.Option("--team", help="Who swept.")],
    instruments: Annotated[list[str], typer.Option("--instrument", metavar="SERIAL")],
    reach: Annotated[float, typer.Option("--reach", help="How far it sees from the way, in m.")],
    needed: Annotated[float, typer.Option("--needed", help="Part to be covered.")] = 0.95,
    gap: Annotated[float, typer.Option("--gap", help="Longest time between points, in s.")] = 30,
    cell: Annotated[float, typer.Option("--cell", help="Side of a cell in m.")] = 1,
    db: DbOption = None,
) -> None:
    """Record a sweep; how much of the venue it covered is worked out from the track."""
    from keiryo.public_events.sweeping import SweepMade, record_sweep, unfit_sweeps

    books = opened(db)
    made = SweepMade(name, team, tuple(instruments), reach, needed, gap, cell)
    posted, part = record_sweep(books.database, books.actor, event, made, content_of(track))
    print(f"{name} covered {100 * part:.2f} per cent: act {posted.act.act_id}.")
    with books.database.reading() as connection:
        unfit = unfit_sweeps(connection, books.database.metadata, event)
    found = [one for key, told in unfit.items() if key[0] == posted.act.act_id for one in told]
    show_findings(found)
    if part < needed or found:
        raise typer.Exit(1)


def spots(event: EventArgument, file: FileArgument, db: DbOption = None) -> None:
    """Record what sweeps found, open or closed: time, venue, spot, state, words."""
    from keiryo.public_events.sweeping import record_spots

    books = opened(db)
    posted = record_spots(books.database, books.actor, event, content_of(file))
    print(f"Recorded in act {posted.act.act_id}.")


def lock(
    event: EventArgument,
    venue: Annotated[str, typer.Argument(metavar="VENUE")],
    reason: WordsOption,
    unlock: Annotated[bool, typer.Option("--unlock", help="It is unlocked again.")] = False,
    at: AtOption = None,
    db: DbOption = None,
) -> None:
    """Record that a venue is locked after its sweep, or unlocked again."""
    from keiryo.public_events.sweeping import lock as turn

    books = opened(db)
    given: dict[str, Any] = {"at": _moment(at), "words": reason, "unlock": unlock}
    posted = turn(books.database, books.actor, event, venue, **given)
    print(f"{venue} is {'un' if unlock else ''}locked: act {posted.act.act_id}.")


def ready(event: EventArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Tell of each venue whether it is swept and locked with nothing open."""
    from keiryo.public_events.sweeping import readiness

    books = opened(db)
    with books.database.reading() as connection:
        found = readiness(connection, books.database.metadata, event)
    if format_of(format_) is Format.JSON:
        rows = [
            {"venue": name, "ready": not held, "findings": [finding_dict(one) for one in held]}
            for name, held in found.items()
        ]
        show_json(rows)
    else:
        for name, held in found.items():
            print(f"{name}: {'NOT ready' if held else 'ready'}")
            show_findings(held)
    if any(found.values()):
        raise typer.Exit(1)


def alarms_(
    event: EventArgument,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Record this log.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record the log of alarms of a sheet, or show it with statistics by post."""
    from keiryo.public_events.acts import plan_in_force
    from keiryo.public_events.alarm_log import alarms, record_alarms, statistics
    from keiryo.public_events.case_links import CASE_COLUMNS, with_cases

    books = opened(db)
    if file is not None:
        given = content_of(file)
        posted, number = record_alarms(books.database, books.actor, event, given)
        print(f"{number} alarms are new or changed: act {posted.act.act_id}.")
        return
    with books.database.reading() as connection:
        told = alarms(connection, books.database.metadata, event)
        plan = plan_in_force(connection, books.database.metadata, event)
        whole = with_cases(connection, books.database.metadata, told)
    shown = ("alarm", "post", "serial", "at", "seen", "state", "alarm_case", *CASE_COLUMNS, "words")
    rows = [{name: one[name] for name in shown} for one in whole]
    counted = statistics(plan, list(told.values()))
    if format_of(format_) is Format.JSON:
        show_json({"alarms": rows, "statistics": counted})
    else:
        show_rows(rows, format_of(format_), empty="No alarm is recorded.")
        if format_of(format_) is Format.TABLE:
            names = ("post", "hours", "alarms", "open", "false", "innocent", "response")
            short = [{name: one[name] for name in names} for one in counted]
            show_rows(short, Format.TABLE)


def keep_log(
    event: EventArgument,
    from_: Annotated[str, typer.Option("--from", metavar="NAME", help="Who made the log.")],
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="For whom it was made.")],
    caveats: Annotated[list[str] | None, typer.Option("--caveat")] = None,
    purposes: Annotated[list[str] | None, typer.Option("--purpose")] = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Keep the log of alarms as an item of the log of information, with its caveats."""
    from keiryo.public_events.exchange import keep_log as keep

    books = opened(db)
    name = keep(
        *(books.database, books.actor, event),
        from_organisation=from_,
        to_organisation=to,
        on=day_or_today(on, "--on"),
        caveats=tuple(caveats or ()),
        purposes=tuple(purposes or ()),
    )
    print(name)


InformationArgument = Annotated[str, typer.Argument(metavar="INFORMATION", help="E.g. info.0001.")]
PartnerArgument = Annotated[str, typer.Argument(metavar="PARTNER", help="E.g. INT.IAEA.")]


def ask(
    event: EventArgument,
    information: InformationArgument,
    partner: PartnerArgument,
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for.")],
    reason: WordsOption,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Ask that information be released to a partner; its caveats are looked at first."""
    from keiryo.public_events.exchange import ask as wish

    books = opened(db)
    given: dict[str, Any] = {"on": day_or_today(on, "--on"), "words": reason}
    posted = wish(books.database, books.actor, event, information, partner, purpose, **given)
    print(f"Asked in act {posted.act.act_id}; somebody else releases it.")


def release(
    event: EventArgument,
    information: InformationArgument,
    partner: PartnerArgument,
    reason: WordsOption,
    no: Annotated[bool, typer.Option("--refuse/--release", help="Refuse it.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the package: a new .zip.")
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Release what was asked for and hand it out; only who is entitled by the plan."""
    from keiryo.public_events.exchange import release as let

    _check_new(out, (".zip",))
    books = opened(db)
    given: dict[str, Any] = {"on": day_or_today(on, "--on"), "words": reason, "no": no}
    posted, handed = let(books.database, books.actor, event, information, partner, **given)
    print(f"{information} is {'refused' if no else 'released'}: act {posted.act.act_id}.")
    if handed is not None and out is not None:
        _write(out, handed.content)


def lessons(event: EventArgument, file: FileArgument, db: DbOption = None) -> None:
    """Record lessons: lesson, words, action, owner."""
    from keiryo.public_events.closing import record_lessons

    books = opened(db)
    posted = record_lessons(books.database, books.actor, event, content_of(file))
    print(f"Recorded in act {posted.act.act_id}.")


def lender_report(
    event: EventArgument,
    loan: Annotated[str, typer.Argument(metavar="LOAN")],
    on: OnOption = None,
    out: OutOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record the final report to the lender of a loan, and show it."""
    from keiryo.public_events.hand_back import report_to_lender

    _check_new(out, (".docx", ".json"))
    books, day = opened(db), day_or_today(on, "--on")
    posted, told = report_to_lender(books.database, books.actor, event, loan, on=day)
    _report(told, out, format_, f"Reported in act {posted.act.act_id}.")


def report(
    event: EventArgument,
    on: OnOption = None,
    out: OutOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the report of an event as it stands, without closing it."""
    from keiryo.public_events.closing import final_report

    _check_new(out, (".docx", ".json"))
    books, day = opened(db), day_or_today(on, "--on")
    with books.database.reading() as connection:
        told = final_report(connection, books.database.metadata, event, on=day)
    _report(told, out, format_, "Nothing was recorded.")


def close(
    event: EventArgument,
    on: OnOption = None,
    out: OutOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Close an event when nothing is open, and record its final report."""
    from keiryo.public_events.closing import close as end

    _check_new(out, (".docx", ".json"))
    books, day = opened(db), day_or_today(on, "--on")
    posted, told = end(books.database, books.actor, event, on=day)
    _report(told, out, format_, f"{event} is closed: act {posted.act.act_id}.")


def _report(told: Mapping[str, Any], out: Path | None, format_: Format | None, words: str) -> None:
    if out is not None:
        import json

        from keiryo.public_events.report_document import as_docx

        is_docx = out.suffix.lower() == ".docx"
        text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
        _write(out, as_docx(told) if is_docx else text.encode())
    if format_of(format_) is Format.JSON:
        show_json(dict(told))
        return
    print(words)
    for one in told["open"]:
        print(f"  open: {one}")


def _check_new(out: Path | None, endings: tuple[str, ...]) -> None:
    from keiryo.errors import UsageError

    if out is not None and out.suffix.lower() not in endings:
        raise UsageError(f"{out} has another ending", f"Let it end in {' or '.join(endings)}.")
    if out is not None and (out.exists() or not out.parent.is_dir()):
        raise UsageError(f"{out} exists, or its folder does not", "Name a new file.")


def _write(out: Path, content: bytes) -> None:
    from keiryo.errors import UsageError

    try:
        with out.open("xb") as stream:
            stream.write(content)
    except OSError as error:
        words = f"{out} cannot be written: {error.strerror}"
        raise UsageError(words, "What was recorded stands; name another file.") from None


def _moment(at: str | None) -> str:
    from keiryo.dates import utc_text
    from keiryo.equipment.custody import instant_text
    from keiryo.journal.posting import system_clock

    return utc_text(system_clock()) if at is None else instant_text(at)
