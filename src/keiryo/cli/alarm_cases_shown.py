"""Commands that show alarm cases, and those for experts, reports, tables and statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import show_json, show_rows

AlarmArgument = Annotated[str, typer.Argument(metavar="ALARM", help="Name of the case.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="As it stood then, with offset.")
]
KnownAtOption = Annotated[
    str | None, typer.Option("--known-at", metavar="TIME", help="As the record stood then.")
]


def add_shown(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command("show")(show)
    group.command("queue")(queue)
    group.command("waiting")(waiting)
    group.command("board")(board)
    group.command("reach-back")(reach_back)
    group.command("answer")(answer)
    group.command("report")(report)
    group.command("release")(release)
    group.command("statistics")(statistics)
    group.command("tables")(tables)
    group.command("table")(table)
    group.command("limit")(limit)


def show(
    alarm: AlarmArgument,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a case: what is known, on what evidence, and which steps are open to you."""
    from keiryo.alarm_cases.adjudication import case_view, next_steps
    from keiryo.alarm_cases.case_record import alarm_case

    books = opened(db)
    when = {"at": _time(as_of, "--as-of"), "known_at": _time(known_at, "--known-at")}
    with books.database.reading() as connection:
        metadata = books.database.metadata
        told = case_view(connection, metadata, alarm_case(connection, metadata, alarm, **when))
        if as_of is None and known_at is None:
            may = _may(connection, metadata, books.actor.person)
            told["next_steps"] = next_steps(connection, metadata, alarm, books.actor, may)
    if format_of(format_) is Format.JSON:
        show_json(told)
        return
    for name, value in told.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"  {name.replace('_', ' ')}:")
            for part in value:
                print("    " + ", ".join(f"{k} {v}" for k, v in part.items() if v is not None))
        elif value not in (None, [], ""):
            words = " ".join(map(str, value)) if isinstance(value, list) else value
            print(f"  {name.replace('_', ' ')}: {words}")


def queue(
    site: Annotated[str | None, typer.Option("--site", help="Only this site.")] = None,
    as_of: AsOfOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List open cases, the gravest first, with the reasons."""
    from datetime import UTC, datetime

    from keiryo.alarm_cases.adjudication import queue as ranked

    books, then = opened(db), _time(as_of, "--as-of")
    with books.database.reading() as connection:
        found = ranked(
            connection, books.database.metadata, then or datetime.now(UTC), site=site, at=then
        )
    rows = [{"rank": n, **one.to_dict()} for n, one in enumerate(found, start=1)]
    _rows(rows, ["rank", "alarm", "state", "site", "lane", "reasons"], format_, "No open cases.")


def waiting(
    site: Annotated[str | None, typer.Option("--site", help="Only this site.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, UTC.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, UTC.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List passages of the books with an alarm and without a case: neutrons first."""
    from datetime import timedelta

    from keiryo.alarm_cases.case_record import case_register
    from keiryo.alarm_cases.passages import waiting_passages
    from keiryo.cli.options import optional_day

    first, last = optional_day(from_, "--from"), optional_day(to, "--to")
    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        found = waiting_passages(
            connection, metadata, case_register(connection, metadata).values(), site=site,
            first=first.isoformat() if first else None,
            last=(last + timedelta(days=1)).isoformat() if last else None,
        )  # fmt: skip
    columns = ["passage", "site", "lane", "gamma_alarm", "neutron_alarm", "instrument_alarm",
               "max_sigma"]  # fmt: skip
    _rows(found, columns, format_, "Every alarm of the books has a case.")


def board(
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Count cases by site and state."""
    from keiryo.alarm_cases.case_record import case_register

    books = opened(db)
    when = {"at": _time(as_of, "--as-of"), "known_at": _time(known_at, "--known-at")}
    counts: dict[tuple[str, str], int] = {}
    with books.database.reading() as connection:
        for one in case_register(connection, books.database.metadata, **when).values():
            key = (str(one.values["site"]), one.state)
            counts[key] = counts.get(key, 0) + 1
    rows = [{"site": s, "state": t, "cases": n} for (s, t), n in sorted(counts.items())]
    _rows(rows, ["site", "state", "cases"], format_, "No cases.")


def reach_back(
    alarm: AlarmArgument,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="A new .zip.")],
    package: Annotated[str, typer.Option("--package", help="Name, e.g. RB-1.")],
    expert: Annotated[str, typer.Option("--expert", help="Who is asked.")],
    question: Annotated[str, typer.Option("--question", help="What is asked.")],
    foreground: Annotated[Path | None, typer.Option("--foreground", metavar="FILE")] = None,
    background: Annotated[Path | None, typer.Option("--background", metavar="FILE")] = None,
    photograph: Annotated[list[Path] | None, typer.Option("--photograph", metavar="FILE")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Put a case together for an expert elsewhere, and record that it was sent."""
    from datetime import UTC, datetime

    from keiryo.alarm_cases.recording_papers import built_package, record_package
    from keiryo.cli.alarm_cases_input import content_of, tell
    from keiryo.dates import utc_text

    given = [("foreground", foreground), ("background", background)]
    given += [("photograph", one) for one in photograph or ()]
    more = [(role, content_of(path)) for role, path in given if path is not None]
    books = opened(db)
    content, missing = built_package(
        books.database, alarm, package=package, question=question, files=more
    )
    _write(output, content)
    values = {"alarm": alarm, "package": package, "expert": expert, "words": question,
              "at": utc_text(datetime.now(UTC))}  # fmt: skip
    try:
        done = record_package(books.database, books.actor, values, (output.name, content))
    except Exception:
        output.unlink()
        raise
    tell(done, format_)
    if format_of(format_) is not Format.JSON:
        for one in missing:
            print(f"  the expert will miss: {one}")


def answer(
    alarm: AlarmArgument,
    package: Annotated[str, typer.Option("--package", help="The package that is answered.")],
    expert: Annotated[str, typer.Option("--expert", help="Who answers.")],
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="The answer itself.")],
    nuclide: Annotated[
        list[str] | None,
        typer.Option("--nuclide", help="As Cs-137:industrial (more than once)."),
    ] = None,
    undecided: Annotated[bool, typer.Option("--undecided", help="It stays open.")] = False,
    residual: Annotated[
        bool | None,
        typer.Option("--nothing-left/--something-left", help="Left over in the spectrum."),
    ] = None,
    words: Annotated[str | None, typer.Option("--words", help="In one line.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record the answer of an expert: it adds an identification."""
    from keiryo.alarm_cases.recording_papers import record_expert_answer
    from keiryo.alarm_cases.results import given_nuclides
    from keiryo.cli.alarm_cases_input import content_of, tell

    found, wrong = given_nuclides(nuclide or [])
    row = {
        "alarm": alarm, "package": package, "expert": expert, "words": words, "at": at,
        "undecided": undecided, "residual_passed": residual,
    }  # fmt: skip
    content = content_of(file)
    books = opened(db)
    tell(
        record_expert_answer(books.database, books.actor, row, found, content, findings=wrong),
        format_,
    )


def report(
    alarm: AlarmArgument,
    name: Annotated[str, typer.Option("--name", help="Name of the report, e.g. IR-1.")],
    group: Annotated[str, typer.Option("--group", help="I, II or III.")],
    description: Annotated[str, typer.Option("--description", help="What happened.")],
    contact: Annotated[str, typer.Option("--contact", help="Who is asked further.")],
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="New: .docx, .json or .md.")
    ],
    quantity: Annotated[
        str | None,
        typer.Option("--quantity", help="In words; 'not determined' where nobody measured it."),
    ] = None,
    activity: Annotated[float | None, typer.Option("--activity", metavar="BQ")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Draft an incident report for the national point of contact, who releases it."""
    from datetime import UTC, datetime

    from keiryo.alarm_cases.incident_report import FORMS
    from keiryo.alarm_cases.recording_papers import drafted_report, record_report
    from keiryo.cli.alarm_cases_input import tell
    from keiryo.dates import utc_text

    given: dict[str, Any] = {
        "group": group, "contact": contact, "description": description, "quantity": quantity,
        "activity_bq": activity,
    }  # fmt: skip
    books, form = opened(db), output.suffix.lower().removeprefix(".")
    content = drafted_report(
        books.database, books.actor, alarm, given, form if form in FORMS else "json"
    )
    _write(output, content)
    values = {"alarm": alarm, "report": name, "state": "drafted", "incident_group": group,
              "at": utc_text(datetime.now(UTC))}  # fmt: skip
    try:
        done = record_report(books.database, books.actor, values, (output.name, content))
    except Exception:
        output.unlink()
        raise
    tell(done, format_)


def release(
    alarm: AlarmArgument,
    name: Annotated[str, typer.Option("--name", help="Name of the report.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Release an incident report as it was drafted by somebody else."""
    from keiryo.alarm_cases.recording_papers import release_report
    from keiryo.cli.alarm_cases_input import tell

    books = opened(db)
    tell(release_report(books.database, books.actor, alarm, name), format_)


def statistics(
    by: Annotated[str, typer.Option("--by", help="lane, site, partner, month or day.")] = "lane",
    passages: Annotated[
        Path | None,
        typer.Option(
            "--passages",
            metavar="FILE",
            help="Occupancies and days by group; else those of the books.",
        ),
    ] = None,
    confidence: Annotated[float, typer.Option("--confidence", help="Of the intervals.")] = 0.95,
    as_of: AsOfOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show rates of alarms and of what they were, with exact intervals."""
    from keiryo.alarm_cases.case_record import case_register
    from keiryo.alarm_cases.sheets import passage_rows
    from keiryo.alarm_cases.statistics import (
        BY,
        alarm_statistics,
        outcome_row,
        passages_of_books,
        places_of,
    )
    from keiryo.cli.alarm_cases_input import content_of
    from keiryo.detection_sites.register import read_register
    from keiryo.errors import RefusedError, UsageError

    rows, findings = ([], []) if passages is None else passage_rows(*content_of(passages))
    if findings:
        raise RefusedError("the passages were refused", findings)
    if by not in BY:
        raise UsageError(f"{by[:40]!r} is no group", f"One of {', '.join(BY)}.")
    books, then = opened(db), _time(as_of, "--as-of")
    with books.database.reading() as connection:
        metadata = books.database.metadata
        known = case_register(connection, metadata, at=then)
        places = places_of(read_register(connection, metadata))
        if passages is None:
            rows = passages_of_books(connection, metadata, by, then.date() if then else None)
    found = alarm_statistics(
        [outcome_row(one, places) for one in known.values()], rows, by=by, confidence=confidence
    )
    columns = [by, "occupancies", "alarms", "false", "fault", "innocent", "nuisance", "real",
               "unresolved", "open", "alarms_rate", "alarms_low", "alarms_high"]  # fmt: skip
    _rows(found, columns, format_, "No cases.")


def tables(db: DbOption = None, format_: FormatOption = None) -> None:
    """Show the tables that explain alarms: shipped rows, and the State's own."""
    from keiryo.alarm_cases.explaining import most_days, table_rows

    books = opened(db)
    with books.database.reading() as connection:
        rows = table_rows(connection, books.database.metadata).values()
    found = []
    for one in rows:
        told = {"kind": one.kind, "name": one.name, **one.to_dict()}
        if one.kind == "radiopharmaceutical":
            told["most_days"] = round(most_days(one), 2)
        found.append(told)
    _rows(found, ["kind", "name", "nuclides", "codes", "most_days", "confirmed_by"], format_, "")


def table(
    kind: Annotated[str, typer.Argument(help="commodity or radiopharmaceutical.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON or TOML.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record rows of the State's own table; they go before shipped rows of the same name."""
    from keiryo.alarm_cases.recording import record_table_rows
    from keiryo.alarm_cases.sheets import COMMODITIES, PHARMACEUTICALS, table_line
    from keiryo.cli.alarm_cases_input import content_of, tell
    from keiryo.errors import UsageError

    known = {"commodity": COMMODITIES, "radiopharmaceutical": PHARMACEUTICALS}
    if kind not in known:
        raise UsageError(f"{kind!r} is no table", f"One of {', '.join(known)}.")
    rows, findings = known[kind].read(*content_of(file))
    lines = [table_line(kind, row) for row in rows]
    books = opened(db)
    tell(record_table_rows(books.database, books.actor, lines, findings=findings), format_)


def limit(
    site: Annotated[str, typer.Argument(help="The site; * for all others.")],
    safety_stop: Annotated[
        str, typer.Option("--safety-stop", metavar="USV_H", help="Dose rate in µSv/h.")
    ],
    source: Annotated[str, typer.Option("--source", help="Who or what says so.")],
    declaration_days: Annotated[
        str, typer.Option("--declaration-days", help="By which a transfer may lie off.")
    ] = "7",
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Set the limits of a site."""
    from keiryo.alarm_cases.recording import record_limits
    from keiryo.cli.alarm_cases_input import tell

    books = opened(db)
    row = {"site": site, "safety_stop_usv_h": safety_stop, "source": source,
           "declaration_days": declaration_days}  # fmt: skip
    tell(record_limits(books.database, books.actor, [row]), format_)


def _rows(
    rows: list[dict[str, Any]], columns: list[str], format_: Format | None, empty: str
) -> None:
    if format_of(format_) is Format.JSON:
        show_json(rows)
        return
    shown = [
        {k: "; ".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()}
        for row in rows
    ]
    show_rows(shown, format_of(format_), columns=columns, empty=empty)


def _time(text: str | None, option: str) -> Any:
    from keiryo.dates import parse_time
    from keiryo.errors import UsageError

    if text is None:
        return None
    found = parse_time(text)
    if found is None:
        raise UsageError(
            f"{option}: {text[:40]!r} is no moment", "Write it as 2027-05-31T14:00+09:00."
        )
    return found


def _may(connection: Any, metadata: Any, person: str) -> Any:
    from keiryo.people.permissions import people_are_set_up, person_of

    if not people_are_set_up(connection, metadata):
        return None
    return person_of(connection, metadata, person).may_post


def _write(path: Path, content: bytes) -> None:
    from keiryo.errors import UsageError

    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise UsageError(f"{path} is there already", "Name a new file.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Name another.") from None
