"""Commands of the instruments of detection sites: calibrations, responses, tests, what is due."""

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
)
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the instrument.")]
OfOption = Annotated[
    str | None, typer.Option("--instrument", metavar="NAME", help="Only of this instrument.")
]
OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Default: today.")]
NoteOption = Annotated[str | None, typer.Option("--note", help="A note.")]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group of detection sites."""
    for command in (instruments, instrument, calibrate, calibrations, response, tests, due):
        group.command()(command)
    group.command("trials-needed")(needed)


def instruments(on: OnOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """List the instruments: loan, calibration, tests, and what is due next."""
    from keiryo.detection_sites.instrument_state import instrument_states

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        found = instrument_states(connection, books.database.metadata, day)
    if format_of(format_) is Format.JSON:
        show_json(found)
        return
    columns = ("instrument", "instrument_class", "site", "lane", "serial")
    rows = [
        {
            **{name: one[name] for name in columns},
            "loan": one["loan"] and f"{one['loan']['loan']} ({one['loan']['state']})",
            "loan_ends": one["loan"] and one["loan"]["ends_on"],
            "calibration": one["calibration_state"],
            "calibrated_until": one["calibration"] and one["calibration"]["due"],
            "tests": _tests_told(one["tests"]),
            "next_due": one["next_due"],
        }
        for one in found
    ]
    show_rows(rows, format_of(format_))


def _tests_told(found: Sequence[dict[str, Any]]) -> str:
    words = [one["verdict"] for one in found]
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def instrument(
    name: NameArgument, on: OnOption = None, db: DbOption = None, format_: FormatOption = None
) -> None:
    """Show an instrument: loan, calibrations, tests, detectors, responses."""
    from keiryo.detection_sites.instrument_state import instrument_states

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        one = instrument_states(connection, books.database.metadata, day, instrument=name)[0]
    if format_of(format_) is not Format.TABLE:
        if format_of(format_) is Format.JSON:
            show_json(one)
        else:
            show_rows(one["calibrations"], format_of(format_))
        return
    where = " ".join(filter(None, (one["site"], one["lane"])))
    print(f"{name}: {one['instrument_class']} {one['maker']} {one['model']}, {where}")
    _show_item(one)
    until = one["calibration"] and one["calibration"]["due"]
    print(f"Calibration: {one['calibration_state']}" + (f", until {until}" if until else ""))
    columns = ("on", "by", "due", "source", "result", "register", "certificate")
    _table(one["calibrations"], columns, "Calibrations")
    _table(one["tests"], _TOLD, "Tests")
    _table(one["detectors"], ("detector", "kind", "panel", "place", "material"), "Detectors")
    _table(one["responses"], ("from", "form", "detector", "templates", "name"), "Responses")
    print(f"Next due: {one['next_due'] or '-'}")


_TOLD = (
    *("name", "purpose", "requirement", "limit", "confidence", "campaign", "events", "trials"),
    *("estimate", "low", "high", "bound", "verdict", "further_trials", "next_due"),
)


def _show_item(one: dict[str, Any]) -> None:
    from keiryo.detection_sites.instrument_state import ANOTHER_MODEL, NO_ITEM

    if one["item_by"] == NO_ITEM:
        print(f"Equipment: {one['equipment']} is no item that is registered")
    elif one["item_by"] == ANOTHER_MODEL:
        print(f"Equipment: an item has the serial number {one['serial']}, but is another model")
    elif one["item"] is not None:
        print(f"Equipment: {one['item']}, {one['condition']}")
    if one["loan"]:
        lent = one["loan"]
        words = f"{lent['loan']} of {lent['lender']} to {lent['borrower']}, {lent['state']}"
        print(f"Loan: {words}, until {lent['ends_on'] or '-'}")


def _table(found: Sequence[dict[str, Any]], columns: Sequence[str], title: str) -> None:
    rows = [{name: _plain(one[name]) for name in columns} for one in found]
    if rows:
        show_rows(rows, Format.TABLE, title=title)


def _plain(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def calibrate(
    name: NameArgument,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day of the calibration.")],
    due: Annotated[
        str, typer.Option("--due", metavar="DATE", help="Last day on which it is trusted.")
    ],
    by: Annotated[str, typer.Option("--by", help="Who calibrated it.")],
    source: Annotated[str, typer.Option("--source", help="The source that was used.")],
    result: Annotated[str, typer.Option("--result", help="passed or failed.")] = "passed",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Kept as evidence.")
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record a calibration with its certificate."""
    from keiryo.cli.detection_input import file_content
    from keiryo.detection_sites.calibrating import Calibrated
    from keiryo.detection_sites.calibrating import calibrate as post_calibration

    days = day_of(on, "--on"), day_of(due, "--due")
    kept = None if certificate is None else (certificate.name, file_content(certificate))
    books = opened(db)
    done = Calibrated(name, *days, by, source, result, note)
    act = post_calibration(books.database, books.actor, done, certificate=kept)
    print(f"The calibration of {name} is recorded in act {act.act_id}.")


def calibrations(
    instrument: OfOption = None, db: DbOption = None, format_: FormatOption = None
) -> None:
    """List the calibrations of instruments, those of lent equipment with them."""
    import datetime

    from keiryo.detection_sites.instrument_state import instrument_states

    books = opened(db)
    with books.database.reading() as connection:
        found = instrument_states(
            connection, books.database.metadata, datetime.date.max, instrument=instrument
        )
    rows = [
        {"instrument": one["instrument"], **each} for one in found for each in one["calibrations"]
    ]
    show_rows(rows, format_of(format_))


def response(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Of 'keiryo templates fit' or 'make'.")
    ],
    instrument: Annotated[
        str, typer.Option("--instrument", metavar="NAME", help="Name of the instrument.")
    ],
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Day from which it is used.")
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record the response of a detector of an instrument: the file is kept as evidence."""
    from keiryo.detection_sites.calibrating import keep_response

    day, books = day_or_today(since, "--from"), opened(db)
    act, line = keep_response(books.database, books.actor, instrument, file, since=day, note=note)
    what = "its response" if line["templates"] is None else f"{line['templates']} templates"
    print(f"{line['name']} ({line['detector']}, {what}) is recorded in act {act.act_id}.")
    print(f"SHA-256 {line['digest']}")


def tests(
    instrument: OfOption = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Only trials until this day.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Say of each test of an instrument whether its trials show what is required."""
    from keiryo.cli.options import optional_day
    from keiryo.detection_sites.instrument_tests import results_of_tests

    day, books = optional_day(on, "--on"), opened(db)
    with books.database.reading() as connection:
        found = results_of_tests(connection, books.database.metadata, instrument=instrument, on=day)
    if format_of(format_) is Format.TABLE:
        columns = ("instrument", *_TOLD)
        found = [{name: _plain(one[name]) for name in columns} for one in found]
    show_rows(found, format_of(format_))


def needed(
    requirement: Annotated[
        str,
        typer.Option("--requirement", help="detection, false_alarm or false_alarm_rate."),
    ] = "detection",
    required: Annotated[
        float, typer.Option("--required", help="Probability or rate that is to be shown.")
    ] = 0.9,
    confidence: Annotated[float, typer.Option("--confidence", help="Between 0 and 1.")] = 0.95,
    failures: Annotated[
        int, typer.Option("--failures", min=0, max=1000, help="Up to how many bad trials.")
    ] = 5,
    format_: FormatOption = None,
) -> None:
    """Tell how many trials a test needs, by how many of them may be bad. Needs no books."""
    from keiryo.detection_sites.tables import FALSE_ALARM_RATE, REQUIREMENTS
    from keiryo.detection_sites.trial_numbers import requirement as requirement_of
    from keiryo.detection_sites.trial_numbers import trials_needed
    from keiryo.errors import UsageError

    kind = next((one for one in REQUIREMENTS if one == requirement), None)
    if kind is None:
        told = f"One of {', '.join(REQUIREMENTS)}."
        raise UsageError(f"--requirement {requirement[:40]!r} is not known", told)
    most = 1e12 if kind == FALSE_ALARM_RATE else 1 - 1e-12
    if not (1e-12 <= required <= most and 0 < confidence <= 1 - 1e-12):
        raise UsageError("a probability and a confidence lie between 0 and 1", "E.g. 0.9 and 0.95.")
    wanted = requirement_of(
        {"test": "", "requirement": kind, "required": required, "confidence": confidence}
    )
    unit = "time" if kind == FALSE_ALARM_RATE else "trials"
    rows = [{"bad": bad, unit: trials_needed(wanted, bad)} for bad in range(failures + 1)]
    show_rows(rows, format_of(format_))


def due(
    on: Annotated[str | None, typer.Option("--on", help="Day; default: today.")] = None,
    within: Annotated[
        int, typer.Option("--within", metavar="DAYS", min=0, help="What is due soon as well.")
    ] = 0,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List checks, calibrations, tests and loans that failed, are overdue or are due soon."""
    from keiryo.detection_sites.instruments_due import due as read

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        found = read(connection, books.database.metadata, day, within)
    show_rows(found, format_of(format_))
