"""Commands of equipment: items, loans, who has what, calibrations, what to look at."""

from __future__ import annotations

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
    optional_day,
)
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from keiryo.equipment.items import Item

SerialArgument = Annotated[str, typer.Argument(metavar="SERIAL", help="Serial number.")]
OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="What happened; it stands in the record.")
]
EvidenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="FILE_OR_ACT",
        help="A file, which is kept, or an act of the record: act:17 (more than once).",
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="MOMENT",
        help="Day, time and offset, e.g. 2026-07-24T09:00+09:00; default: now.",
    ),
]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Note.")]
PlaceOption = Annotated[
    str | None, typer.Option("--place", metavar="PLACE", help="Where: a building, a post.")
]
ForOption = Annotated[
    str | None,
    typer.Option("--for", metavar="NAME", help="The organisation for which the custodian has it."),
]
ResultHelp = "passed or failed."


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Equipment: items, loans, who has what, calibrations, alarms.", no_args_is_help=True
    )
    group.command("register")(register_item)
    group.command("list")(list_items)
    group.command("hand-over")(hand_over)
    group.command("import")(import_)
    for command in (show, lend, step, calibrate, alarms, history):
        group.command()(command)
    app.add_typer(group, name="equipment")


def register_item(
    serial: SerialArgument,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="E.g. hpge-detector.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Maker and model.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Whose it is.")] = None,
    firmware: Annotated[str | None, typer.Option("--firmware", help="Version.")] = None,
    accessories: Annotated[
        str | None, typer.Option("--accessories", help="What goes along.")
    ] = None,
    nuclide: Annotated[
        str | None, typer.Option("--source", metavar="NUCLIDE", help="Contained source: Cs-137.")
    ] = None,
    activity: Annotated[
        int | None, typer.Option("--activity", metavar="BQ", help="Activity of the source in Bq.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="DATE", help="Day of that activity.")
    ] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="Licence of the source.")] = None,
    value: Annotated[int | None, typer.Option("--value", help="Value in whole units.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="E.g. EUR.")] = None,
    data_rule: Annotated[
        str | None, typer.Option("--data-rule", help="To whom the data belong that it takes.")
    ] = None,
    custodian: Annotated[
        str | None, typer.Option("--custodian", metavar="NAME", help="Who has a new item.")
    ] = None,
    for_: ForOption = None,
    place: PlaceOption = None,
    at: AtOption = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why owner, type or model change.")
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record an item with who has it, or an item anew: what is left out is as it was."""
    from keiryo.dates import date_number
    from keiryo.equipment.custody import HandOver
    from keiryo.equipment.items import ItemEntry, items, register_items

    day = optional_day(reference, "--reference")
    given: dict[str, Any] = {
        "serial": serial,
        "type": type_,
        "model": model,
        "owner": owner,
        "firmware": firmware,
        "accessories": accessories,
        "source_nuclide": nuclide,
        "source_activity_bq": activity,
        "source_reference_on": None if day is None else date_number(day),
        "source_licence": licence,
        "value": value,
        "currency": currency,
        "data_rule": data_rule,
        "note": note,
    }
    books = opened(db)
    with books.database.reading() as connection:
        known = items(connection, books.database.metadata).get(serial)
    given = {**_as_it_was(given, known), "reason": reason}
    first = None
    if custodian is not None:
        first = HandOver(serial, None, custodian, for_ or "", place or "", _moment(at))
    done = register_items(books.database, books.actor, [ItemEntry(given, first)])
    print(f"{serial} is recorded in act {done.act.act_id}.")


def _as_it_was(given: dict[str, Any], known: Item | None) -> dict[str, Any]:
    """Return what is given of an item, and the rest as it was."""
    before: Any = {} if known is None else known.values
    told = {field: before.get(field) if v is None else v for field, v in given.items()}
    return {**told, **{field: told[field] or "" for field in ("type", "model", "owner")}}


def list_items(
    loans: Annotated[bool, typer.Option("--loans", help="The loans instead.")] = False,
    place: PlaceOption = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only those of somebody.")] = None,
    condition: Annotated[
        str | None, typer.Option("--condition", help="Only damaged, lost …")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List equipment as it stands: what it is, whose, who has it and where; or the loans."""
    from keiryo.equipment.items import items
    from keiryo.equipment.loans import loans as read_loans

    books, chosen = opened(db), format_of(format_)
    with books.database.reading() as connection:
        if loans:
            rows = [o.to_dict() for o in read_loans(connection, books.database.metadata).values()]
        else:
            rows = [o.to_dict() for o in items(connection, books.database.metadata).values()]
    if loans:
        rows = [row for row in rows if owner in (None, row["lender"])]
        columns = ["loan", "state", "since", "lender", "borrower", "purpose", "end_on"]
    else:
        rows = [
            row
            for row in rows
            if place in (None, row["place"])
            and owner in (None, row["owner"])
            and condition in (None, row["condition"])
        ]
        columns = ["serial", "type", "model", "owner", "condition", "custodian", "place", "since"]
    empty = "No loans." if loans else "No equipment."
    show_rows(rows, chosen, columns=columns, empty=empty)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Serial number, or a loan.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show an item with its calibrations, or a loan with its steps."""
    from keiryo.equipment.calibration import calibration_dict, calibrations
    from keiryo.equipment.items import item, items
    from keiryo.equipment.loans import loans

    books = opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        known, every = items(connection, metadata), loans(connection, metadata)
        if name in every and name not in known:
            told = every[name].to_dict()
        else:
            told = item(connection, metadata, name).to_dict()
            done = calibrations(connection, metadata).get(name, [])
            told["custody"] = [one.to_dict() for one in known[name].chain]
            told["calibrations"] = [calibration_dict(one) for one in done]
            told["loans"] = [one.name for one in every.values() if name in one.serials]
    if format_of(format_) is not Format.TABLE:
        show_json(told)
        return
    for field, value in told.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"  {field}:")
            for part in value:
                print("    " + ", ".join(f"{k} {v}" for k, v in part.items() if v is not None))
        elif value not in (None, []):
            words = ", ".join(value) if isinstance(value, list) else value
            print(f"  {field.replace('_', ' ')}: {words}")


def lend(
    loan: Annotated[str, typer.Argument(metavar="LOAN", help="A name for the loan.")],
    lender: Annotated[str | None, typer.Option("--lender", help="Who lends.")] = None,
    borrower: Annotated[str | None, typer.Option("--borrower", help="Who borrows.")] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="What for.")] = None,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", metavar="SERIAL", help="All its items (more than once)."),
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="At which event.")] = None,
    commitment: Annotated[
        str | None, typer.Option("--commitment", help="What it fulfils, e.g. c008.")
    ] = None,
    requested: Annotated[str | None, typer.Option("--requested", metavar="DATE")] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="DATE")] = None,
    last_use: Annotated[str | None, typer.Option("--last-use", metavar="DATE")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="DATE")] = None,
    agreement: Annotated[
        str | None, typer.Option("--agreement", help="The loan agreement.")
    ] = None,
    insurance: Annotated[str | None, typer.Option("--insurance", help="Who insures.")] = None,
    customs: Annotated[
        str | None, typer.Option("--customs", help="ATA, temporary-import or domestic.")
    ] = None,
    import_licence: Annotated[
        str | None, typer.Option("--import-licence", help="Licence to import contained sources.")
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record a loan with its terms and items, or anew: what is left out is as it was."""
    from keiryo.equipment.loans import Terms
    from keiryo.equipment.loans import lend as record
    from keiryo.equipment.tables import CUSTOMS_REGIMES
    from keiryo.errors import UsageError

    if customs not in (None, *CUSTOMS_REGIMES):
        raise UsageError(f"--customs: not {customs!r}", f"One of {', '.join(CUSTOMS_REGIMES)}.")
    terms = Terms(
        loan,
        lender,
        borrower,
        purpose,
        event,
        commitment,
        optional_day(requested, "--requested"),
        optional_day(start, "--start"),
        optional_day(last_use, "--last-use"),
        optional_day(end, "--end"),
        agreement,
        insurance,
        customs,
        import_licence,
        note,
    )
    books = opened(db)
    done = record(books.database, books.actor, terms, item)
    print(f"{loan} is recorded in act {done.act.act_id}.")


def step(
    name: Annotated[
        str,
        typer.Argument(metavar="LOAN_OR_SERIAL", help="A loan; or an item, for what befell it."),
    ],
    state: Annotated[
        str,
        typer.Argument(
            metavar="STATE",
            help="offered, agreed, shipped, received, in_use, recalled, expiring, extended, "
            "returned, closed …; of an item: damaged, lost, serviceable, retired",
        ),
    ],
    reason: ReasonOption,
    evidence: EvidenceOption = None,
    on: OnOption = None,
    end: Annotated[
        str | None, typer.Option("--end", metavar="DATE", help="The new end, where extended.")
    ] = None,
    acceptance: Annotated[str | None, typer.Option("--acceptance-test", help=ResultHelp)] = None,
    decontamination: Annotated[
        str | None, typer.Option("--decontamination-check", help=ResultHelp)
    ] = None,
    function: Annotated[str | None, typer.Option("--function-test", help=ResultHelp)] = None,
    db: DbOption = None,
) -> None:
    """Record a step of a loan, or that an item is damaged, lost, serviceable again, retired."""
    from keiryo.equipment.conditions import record_condition
    from keiryo.equipment.loans import StepWanted, take_step
    from keiryo.equipment.tables import CONDITIONS, RESULTS
    from keiryo.errors import UsageError

    results = (acceptance, decontamination, function)
    if any(one not in (None, *RESULTS) for one in results):
        raise UsageError("the result of a test is passed or failed", "Write one of the two.")
    books, day, shown = opened(db), day_or_today(on, "--on"), _shown(evidence)
    if state in CONDITIONS:
        if any(results) or end is not None:
            raise UsageError(
                "what befalls an item has no tests and no end", "Leave these options out."
            )
        done = record_condition(
            books.database, books.actor, name, state, on=day, reason=reason, **shown
        )
    else:
        new_end = optional_day(end, "--end")
        wanted = StepWanted(
            name,
            state,
            day,
            reason,
            **shown,
            end_on=new_end,
            acceptance_test=acceptance,
            decontamination_check=decontamination,
            function_test=function,
        )
        done = take_step(books.database, books.actor, wanted)
    print(f"{name} is {state}; recorded in act {done.act.act_id}.")


def hand_over(
    serial: Annotated[list[str], typer.Argument(metavar="SERIAL...", help="Serial numbers.")],
    giver: Annotated[str, typer.Option("--from", metavar="NAME", help="Who has had them.")],
    receiver: Annotated[str, typer.Option("--to", metavar="NAME", help="Who has them now.")],
    organisation: Annotated[
        str, typer.Option("--for", metavar="NAME", help="The organisation of the receiver.")
    ],
    place: Annotated[str, typer.Option("--place", metavar="PLACE", help="Where they are now.")],
    at: AtOption = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record that somebody else has items from a moment on; all of them, or nothing."""
    from keiryo.equipment.custody import HandOver
    from keiryo.equipment.custody import hand_over as record

    books, moment = opened(db), _moment(at)
    every = [
        HandOver(one, giver, receiver, organisation, place, moment, note)
        for one in dict.fromkeys(serial)
    ]
    done = record(books.database, books.actor, every)
    words = every[0].serial if len(every) == 1 else f"{len(every)} items"
    print(f"{receiver} has {words}; recorded in act {done.act.act_id}.")


def calibrate(
    serial: SerialArgument,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who calibrated it.")],
    due: Annotated[
        str, typer.Option("--due", metavar="DATE", help="Last day on which it is trusted.")
    ],
    on: OnOption = None,
    certificate: Annotated[
        str | None,
        typer.Option("--certificate", metavar="FILE", help="The certificate; it is kept."),
    ] = None,
    check_source: Annotated[
        str | None, typer.Option("--check-source", metavar="NAME", help="What it was checked with.")
    ] = None,
    result: Annotated[str | None, typer.Option("--result", help=ResultHelp)] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record a calibration."""
    from keiryo.cli.options import day_of
    from keiryo.equipment.calibration import Calibration
    from keiryo.equipment.calibration import calibrate as record
    from keiryo.equipment.tables import RESULTS
    from keiryo.errors import UsageError

    if result not in (None, *RESULTS):
        raise UsageError("the result of a check is passed or failed", "Write one of the two.")
    done = Calibration(
        serial, day_or_today(on, "--on"), day_of(due, "--due"), by, check_source, result, note
    )
    path = None if certificate is None else Path(certificate)
    books = opened(db)
    posted = record(
        books.database,
        books.actor,
        done,
        certificate=None if path is None else (path.name, _content(path)),
    )
    print(f"The calibration of {serial} is recorded in act {posted.act.act_id}.")


def alarms(on: OnOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """Tell what to look at: calibrations, gaps of custody, loans, licences, posts."""
    from keiryo.equipment.alarms import alarms as read

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        found = read(connection, books.database.metadata, day)
    columns = ["code", "loan", "serial", "post", "message", "advice"]
    rows = [one.to_dict() for one in found]
    show_rows(rows, format_of(format_), columns=columns, empty="Nothing to look at.")


def history(serial: SerialArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Tell everything that is recorded about an item, in the order of time."""
    from keiryo.equipment.history import history as read

    books = opened(db)
    with books.database.reading() as connection:
        rows = read(connection, books.database.metadata, serial)
    show_rows(rows, format_of(format_), columns=["when", "what", "words", "line"])


def import_(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="items, hand-overs or plans (of posts).")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV (UTF-8) with named columns.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a table of items, hand-overs or plans: everything, or nothing.

    What stands in the record like this is left alone, so that the same file may be sent again.
    """
    from keiryo.equipment.files import import_table

    books = opened(db)
    done = import_table(books.database, books.actor, kind, file.name, _content(file))
    act = None if done.act is None else done.act.act_id
    if format_of(format_) is Format.JSON:
        show_json({"act": act, "recorded": done.recorded, "unchanged": done.unchanged})
    elif act is None:
        print(f"Nothing is new: all {done.unchanged} rows stand in the record like this.")
    else:
        print(f"Recorded {done.recorded} rows in act {act}; {done.unchanged} stood.")


def _moment(given: str | None) -> str:
    """Return a moment in UTC; now, if none is given."""
    import datetime

    from keiryo.dates import utc_text
    from keiryo.equipment.custody import instant_text

    return utc_text(datetime.datetime.now(datetime.UTC)) if given is None else instant_text(given)


def _shown(given: list[str] | None) -> dict[str, Any]:
    """Return evidence as it was given: acts by number, and files with their content."""
    acts = tuple(one for one in given or () if one.startswith("act:"))
    paths = [Path(one) for one in given or () if not one.startswith("act:")]
    return {"evidence": acts, "files": tuple((one.name, _content(one)) for one in paths)}


def _content(path: Path) -> bytes:
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Name a file.") from None
