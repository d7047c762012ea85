"""Commands of physical protection: records of access checked, and who was where when."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from keiryo.access_control.authorisations import Authorisations
    from keiryo.access_control.entry_checks import Counted
    from keiryo.access_control.events import Events
    from keiryo.access_control.setup import Setup
    from keiryo.protection.inputs import Problem

SHOWN = 200
"""Rows of one table; the JSON has all of them."""

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Records of the control system: CSV or JSON.")
]
SetupOption = Annotated[
    Path,
    typer.Option(
        "--setup",
        metavar="FILE",
        help="What the columns and words of the records mean, doors, areas and limits: TOML, JSON.",
    ),
]
AuthorisedOption = Annotated[
    Path | None,
    typer.Option(
        "--authorisations", metavar="FILE", help="Who may be where, from when to when: CSV or JSON."
    ),
]
CountersOption = Annotated[
    Path | None,
    typer.Option("--counters", metavar="FILE", help="Passages that counters saw: CSV or JSON."),
]
AggregateOption = Annotated[
    bool,
    typer.Option("--aggregate", help="Only how many findings of each kind: no person, no time."),
]
DigestOption = Annotated[
    str | None,
    typer.Option(
        "--sha256", metavar="DIGEST", help="What the file must be: refused if it is another one."
    ),
]
_T = TypeVar("_T")


def add_access(group: typer.Typer) -> None:
    """Add the commands of records of access."""
    access = typer.Typer(
        help="Records of an access control system: checked against authorisations, areas and "
        "counters; who was where when. Calculations on files: nothing is kept.",
        no_args_is_help=True,
    )
    access.command("check")(check)
    access.command("who")(who)
    access.command("muster")(muster)
    access.command("log")(log)
    group.add_typer(access, name="access")


def check(
    file: FileArgument,
    setup: SetupOption,
    authorisations: AuthorisedOption = None,
    counters: CountersOption = None,
    aggregate: AggregateOption = False,
    sha256: DigestOption = None,
    format_: FormatOption = None,
) -> None:
    """Check records of access: expired, unescorted, twice inside, turned away, never left.

    Ends with 1 if something is to be resolved, with 2 if a file cannot be read: standard error
    then has everything that is wrong.
    """
    from keiryo.access_control.report import access_result, aggregate_result, check_access

    given = _read(file, setup, authorisations, counters, sha256=sha256)
    found = check_access(given.events, given.setup, given.authorisations, given.counters)
    told = aggregate_result(found) if aggregate else access_result(found)
    if is_table(format_):
        _show_counts(told) if aggregate else _show(told)
    else:
        show_json(told)
    raise typer.Exit(0 if found.is_clean else 1)


def who(
    file: FileArgument,
    setup: SetupOption,
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="An area; may be given again. Default: all of the setup."),
    ] = None,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601.")] = "",
    end: Annotated[
        str, typer.Option("--to", metavar="TIME", help="ISO 8601. Default: the same instant.")
    ] = "",
    format_: FormatOption = None,
) -> None:
    """Tell who was in an area at a time, and who may have been, as far as the clocks are known."""
    from keiryo.access_control.report import presence_result
    from keiryo.access_control.visits import visits_of, who_was_there
    from keiryo.protection.inputs import Problem

    problems: list[Problem] = []
    given = _read(file, setup, problems=problems)
    areas = area or list(given.setup.areas)
    for one in areas:
        if one not in given.setup.areas:
            problems.append(Problem("AREA_UNKNOWN", "--area", "The setup has no such area."))
    first = _instant(start, "--from", given.setup, problems)
    last = _instant(end, "--to", given.setup, problems) if end else first
    if first is not None and last is not None and last < first:
        problems.append(Problem("DATE_ORDER", "--to", "It ends before it begins."))
    refuse(problems)
    assert first is not None and last is not None
    found = who_was_there(visits_of(given.events, given.setup), given.setup, areas, first, last)
    told = presence_result(found, given.setup, first, last)
    if not is_table(format_):
        show_json(told)
        return
    print(f"{told['classification']}; {told['from']} to {told['to']}")
    show_rows(texts(told["persons"]), Format.TABLE, empty="Nobody was there.")


def muster(
    file: FileArgument,
    setup: SetupOption,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="ISO 8601. Default: the last record.")
    ] = "",
    accounted: Annotated[
        Path | None,
        typer.Option(
            "--accounted", metavar="FILE", help="Who came to the muster point: one per line."
        ),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """List who is inside, by area, and who has not come to the muster point."""
    from keiryo.access_control.report import muster_result
    from keiryo.access_control.visits import visits_of
    from keiryo.protection.inputs import InputError, read_text

    problems: list[Problem] = []
    given = _read(file, setup, problems=problems)
    there: list[str] = []
    if accounted is not None:
        try:
            lines = read_text(accounted).splitlines()
            there = [line.strip() for line in lines if line.strip()]
        except InputError as error:
            problems += error.problems
    visits = visits_of(given.events, given.setup)
    when = _instant(at, "--at", given.setup, problems) if at else visits.end_ns
    refuse(problems)
    told = muster_result(visits, given.setup, 0 if when is None else when, there)
    if is_table(format_):
        print(f"{told['classification']}; at {told['at']}: {told['inside']} inside", end="; ")
        print(f"{told['missing']} not accounted for")
        order = sorted(told["persons"], key=lambda one: (one["accounted"], one["area"]))
        show_rows(texts(order), Format.TABLE, empty="Nobody is inside.")
    else:
        show_json(told)
    raise typer.Exit(1 if accounted is not None and told["missing"] else 0)


def log(
    file: FileArgument,
    setup: SetupOption,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE.csv", help="A new file that you alone read."),
    ],
) -> None:
    """Write what was granted as the records that 'keiryo protection two-person' reads."""
    import os

    from keiryo.access_control.report import two_person_log
    from keiryo.protection.inputs import Problem

    given = _read(file, setup)
    frame = two_person_log(given.events)
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        told = f"The file cannot be made: {error.strerror}. Name a new one."
        refuse([Problem("FILE", "--output", told)])
        return
    try:
        with open(handle, "wb") as stream:
            frame.write_csv(stream)
    except OSError as error:
        output.unlink(missing_ok=True)
        refuse([Problem("FILE", "--output", f"The file was not written: {error.strerror}.")])
    print(f"{frame.height} records; who was where is in them: keep the file as such")


class _Given:
    """What was read."""

    setup: Setup
    events: Events
    authorisations: Authorisations | None = None
    counters: list[Counted] | None = None


def _read(
    file: Path,
    setup: Path,
    authorisations: Path | None = None,
    counters: Path | None = None,
    *,
    sha256: str | None = None,
    problems: list[Problem] | None = None,
) -> _Given:
    """Read all files, or end with everything that is wrong with any of them."""
    from keiryo.access_control.authorisations import read_authorisations_file
    from keiryo.access_control.entry_checks import read_counters_file
    from keiryo.access_control.events import read_events_file
    from keiryo.access_control.setup import read_setup_file
    from keiryo.protection.inputs import Problem

    wrong: list[Problem] = [] if problems is None else problems
    given = _Given()
    known = tried(lambda: read_setup_file(setup), setup, wrong)
    if known is None:
        refuse(wrong)
    assert known is not None
    given.setup = known
    events = tried(lambda: read_events_file(file, known), file, wrong)
    if authorisations is not None:
        areas, zone = tuple(known.areas), known.timezone
        given.authorisations = tried(
            lambda: read_authorisations_file(authorisations, zone, areas), authorisations, wrong
        )
    if counters is not None:
        given.counters = tried(
            lambda: read_counters_file(counters, known.timezone), counters, wrong
        )
    if events is not None and sha256 is not None and events.sha256 != sha256.strip().lower():
        told = "The file is not the one with this digest; ask where it was changed."
        wrong.append(Problem("DIGEST", "--sha256", told))
    if events is None or problems is None:
        refuse(wrong)
    assert events is not None
    given.events = events
    return given


def tried(reading: Callable[[], _T], file: Path, problems: list[Problem]) -> _T | None:
    """Return what a file holds, or None with its problems noted under its name."""
    from keiryo.protection.inputs import InputError, Problem

    try:
        return reading()
    except InputError as error:
        problems += [
            Problem(one.code, f"{file.name} {one.pointer}".strip(), one.message)
            for one in error.problems
        ]
        return None


def _instant(text: str, option: str, setup: Setup, problems: list[Problem]) -> int | None:
    from keiryo.protection.inputs import Problem
    from keiryo.protection.instants import UnreadableTimeError, time_ns

    try:
        return time_ns(text, setup.timezone)
    except UnreadableTimeError as error:
        problems.append(Problem(error.code, option, str(error)))
        return None


def refuse(problems: list[Problem]) -> None:
    """End with everything that is wrong, if anything is."""
    from keiryo.protection.inputs import problem_report

    if problems:
        print(problem_report(problems), file=sys.stderr)
        raise typer.Exit(2)


def is_table(format_: Format | None) -> bool:
    """Return whether people read the answer, rather than a program."""
    wanted = format_ or Given.format
    return wanted is Format.TABLE or (wanted is None and sys.stdout.isatty())


def texts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for a table: lists joined, yes and no for truth."""
    words = {True: "yes", False: "no"}
    return [
        {
            name: ", ".join(map(str, one))
            if isinstance(one, list)
            else words[one]
            if isinstance(one, bool)
            else one
            for name, one in row.items()
        }
        for row in rows
    ]


def _show_counts(told: dict[str, Any]) -> None:
    print(f"{told['classification']}; {'nothing' if told['clean'] else 'something'} to resolve")
    rows = [{"code": code, "findings": n} for code, n in told["findings_by_code"].items()]
    show_rows(rows, Format.TABLE, empty="No findings.")


def _show(told: dict[str, Any]) -> None:
    """Print the result for people: what is to be resolved first."""
    print(f"{told['classification']}; who was there is told below: keep it as such")
    print(f"{told['events']} records from {told['from']} to {told['to']}")
    show_rows(told["areas"], Format.TABLE, title="Areas")
    found = sorted(told["findings"], key=lambda one: one["severity"])
    names = ("severity", "code", "area", "person", "start", "end", "records", "message")
    listed = [{name: one[name] for name in names} for one in found[:SHOWN]]
    show_rows(texts(listed), Format.TABLE, title="Findings", empty="No findings.")
    for code, meaning in told["meanings"].items():
        print(f"{code}: {meaning['reason']}")
        print(f"  may be innocent: {'; '.join(meaning['innocent_explanations'])}")
    if told["not_checked"]:
        print(f"Not checked, for nothing was given: {', '.join(told['not_checked'])}")
    for warning in told["warnings"][:SHOWN]:
        print(f"{warning['code']} {warning['pointer']}: {warning['message']}")
    if max(len(found), len(told["warnings"])) > SHOWN:
        print(f"The first {SHOWN} are shown; --format json has all {len(found)} findings.")
