"""Commands of detection sites: register, daily files, spectra, tests, rates, what is due."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.detection_input import file_content
from keiryo.cli.detection_instruments import add_commands
from keiryo.cli.detection_rates import KnownAtOption, background, instant
from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_findings, show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, MetaData

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file.")]
InstrumentOption = Annotated[
    str, typer.Option("--instrument", metavar="NAME", help="Name of the instrument.")
]
OfOption = Annotated[
    str | None, typer.Option("--instrument", metavar="NAME", help="Only of this instrument.")
]
KindArgument = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        help="site, lane, instrument, setup, detector, test, trial, check, calibration.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Detection sites in the books: portals, daily files, tests, rates.",
        no_args_is_help=True,
    )
    group.command("list")(list_records)
    group.command("import")(import_)
    group.command("statistics")(statistics_)
    for command in (record, occupancies, background, health, spectrum):
        group.command()(command)
    add_commands(group)
    app.add_typer(group, name="portals")


def record(
    kind: KindArgument,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="Fields of one record, e.g. site=PORT-1."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="CSV, JSON or TOML with one record a row."),
    ] = None,
    db: DbOption = None,
) -> None:
    """Record sites, lanes, instruments and what is said of them: one act, or nothing."""
    from keiryo.detection_sites.register import read_rows
    from keiryo.detection_sites.register import record as post_records
    from keiryo.detection_sites.register_checks import future_findings
    from keiryo.errors import UsageError
    from keiryo.journal.posting import system_clock

    _known(kind)
    if (sheet is None) == (not fields):
        raise UsageError("give fields, or a sheet", "E.g. site=PORT-1 name=Port, or --sheet FILE.")
    if sheet is not None:
        name, content = sheet.name, file_content(sheet)
    else:
        name, content = "fields.json", json.dumps([_fields(fields or [])]).encode()
    if kind == "response":
        raise UsageError(
            "a response is recorded with its file", "'keiryo portals response FILE' does it."
        )
    rows, found = read_rows(kind, name, content)
    found = [*found, *future_findings(kind, rows, system_clock())]
    books = opened(db)
    done = post_records(
        books.database,
        books.actor,
        kind,
        rows,
        file=None if sheet is None else name,
        found=found,
    )
    print(f"{len(rows)} of {kind} recorded in act {done.act.act_id}.")


def _fields(given: Sequence[str]) -> dict[str, str]:
    from keiryo.errors import UsageError

    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name in found:
            raise UsageError(f"{one[:60]!r} is no field with its value", "Write FIELD=VALUE once.")
        found[name] = value
    return found


def _known(kind: str) -> None:
    from keiryo.detection_sites.register import KINDS
    from keiryo.errors import UsageError

    if kind not in KINDS:
        raise UsageError(f"{kind[:60]!r} is no kind of record", f"One of {', '.join(KINDS)}.")


def list_records(
    kind: KindArgument,
    known_at: KnownAtOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the records of a kind as they stand, or as they stood at a time."""
    from keiryo.detection_sites.register import KINDS, read_register

    _known(kind)
    columns = ("scope", *KINDS[kind].fields, "act_id")
    when = instant(known_at, "--known-at")

    def rows(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
        known = read_register(connection, metadata, known_at=when)[kind].values()
        return [{name: row[name] for name in columns} for row in known]

    _show(rows, db, format_)


def import_(
    file: FileArgument,
    instrument: InstrumentOption,
    date: Annotated[
        str | None,
        typer.Option("--date", metavar="DATE", help="Day of the first record, if it has none."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Take in a daily file: kept as evidence, its occupancies replayed and recorded."""
    from keiryo.detection_sites.importing import import_file

    books, day = opened(db), optional_day(date, "--date")
    done = import_file(
        books.database, books.actor, instrument, file.name, file_content(file), day=day
    )
    if format_of(format_) is Format.JSON:
        told = [
            {"rule": one.code, "message": one.message, "advice": one.advice}
            for one in done.findings
        ]
        show_json(
            {
                "act": done.act.act_id,
                "sha256": done.digest,
                "occupancies": done.occupancies,
                "unchanged": done.unchanged,
                "incomplete": done.incomplete,
                "findings": told,
            }
        )
        return
    cut = " The file is INCOMPLETE." if done.incomplete else ""
    print(
        f"{done.occupancies} occupancies are recorded in act {done.act.act_id}, "
        f"{done.unchanged} stood in the record already.{cut}"
    )
    show_findings(done.findings)


def occupancies(
    instrument: OfOption = None,
    alarms: Annotated[bool, typer.Option("--alarms", help="Only those with an alarm.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List occupancies with what the replay and the instrument say."""
    from keiryo.detection_sites.importing import occupancies as read

    columns = (
        *("instrument", "start", "end", "counter", "complete", "evaluated", "gamma_alarm"),
        *("neutron_alarm", "instrument_alarm", "max_sigma", "n_sigma", "n_source", "speed_kmh"),
        *("findings", "digest"),
    )
    flags = ("gamma_alarm", "neutron_alarm", "instrument_alarm")

    def rows(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
        known = read(connection, metadata, instrument=instrument)
        return [
            {name: known[key][name] for name in columns}
            for key in sorted(known)
            if not alarms or any(known[key][flag] for flag in flags)
        ]

    _show(rows, db, format_)


def health(instrument: OfOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """List faults, tamper and what could not be believed in the files."""
    from keiryo.detection_sites.tables import DETECTION_HEALTH
    from keiryo.journal.reading import rows_of

    columns = ("instrument", "kind", "code", "line", "message", "digest")

    def rows(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
        known = rows_of(connection, metadata, DETECTION_HEALTH.name)
        return [
            {name: row[name] for name in columns}
            for row in known
            if instrument in (None, row["instrument"])
        ]

    _show(rows, db, format_)


def spectrum(
    file: FileArgument,
    instrument: InstrumentOption,
    occupancy: Annotated[
        str | None,
        typer.Option("--occupancy", metavar="INSTRUMENT@START", help="What it is about."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a spectrum file: kept as evidence, with what each spectrum says."""
    from keiryo.detection_sites.keeping_spectra import keep_spectrum

    file_content(file)
    books = opened(db)
    act, shown = keep_spectrum(books.database, books.actor, instrument, file, occupancy=occupancy)
    if format_of(format_) is Format.JSON:
        show_json({"act": act.act_id, "measurements": list(shown)})
        return
    for one in shown:
        print(f"{one['node']} is recorded in act {act.act_id}.")


def statistics_(
    by: Annotated[
        str, typer.Option("--by", help="instrument, lane, site, partner, month, day.")
    ] = "lane",
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, UTC.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, UTC.")] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", help="Of the intervals, between 0 and 1.")
    ] = 0.95,
    known_at: KnownAtOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell rates of alarms, of what they were and of faults, with exact intervals.

    What an alarm was is what its case says; while cases are open the bounds allow for them.
    """
    from keiryo.cli.detection_rates import outcomes_of_cases, show_rates
    from keiryo.detection_sites.statistics import BY, statistics
    from keiryo.errors import UsageError

    if by not in BY:
        raise UsageError(f"--by {by[:60]!r} is not known", f"One of {', '.join(BY)}.")
    if not 0 < confidence < 1:
        raise UsageError("a confidence lies between 0 and 1", "E.g. 0.95.")
    when = instant(known_at, "--known-at")
    first, last = optional_day(from_, "--from"), optional_day(to, "--to")
    after = None if last is None else f"{last.isoformat()}T~"  # later than all of the day

    def rows(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
        return statistics(
            connection,
            metadata,
            by=by,
            first=None if first is None else first.isoformat(),
            last=after,
            outcomes=outcomes_of_cases(connection, metadata, when),
            confidence=confidence,
            known_at=when,
        )

    if format_of(format_) is Format.TABLE:
        show_rates(rows, by, db)
    else:
        _show(rows, db, format_)


def _show(
    read: Callable[[Connection, MetaData], list[dict[str, Any]]],
    db: str | None,
    format_: Format | None,
) -> None:
    books = opened(db)
    with books.database.reading() as connection:
        rows = read(connection, books.database.metadata)
    show_rows(rows, format_of(format_))
