"""Commands of containment: structures, ways into them, what they hold, what watches each way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    import datetime

MOMENT = "Day, time and offset, e.g. 2026-07-24T09:00+09:00, or Z for UTC"
NameArgument = Annotated[str, typer.Argument(metavar="MBA/NAME", help="The containment.")]
PathArgument = Annotated[str, typer.Argument(metavar="PATH", help="Name of the way, e.g. lid.")]
ItemsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[BATCH]...", help="Batches or items, by name or identity."),
]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="MOMENT", help=f"{MOMENT}; default: now.")
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="MOMENT", help=f"From when; {MOMENT.lower()}. Default: now."),
]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="MOMENT", help="The first instant at which it no longer holds."),
]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Note.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Containments: structures, ways into them, what they hold, what watches.",
        no_args_is_help=True,
    )
    group.command("list")(list_containments)
    group.command("import")(import_)
    for command in (add, path, hold, release, watch, inspect, show):
        group.command()(command)
    app.add_typer(group, name="containment")


def add(
    name: NameArgument,
    kind: Annotated[
        str,
        typer.Option("--kind", help="vessel, rack, room, pond, cask, cabinet, building or other."),
    ] = "other",
    kmp: Annotated[str | None, typer.Option("--kmp", help="Key measurement point.")] = None,
    location: Annotated[str | None, typer.Option("--location", help="Where, in words.")] = None,
    way: Annotated[
        list[str] | None,
        typer.Option("--path", metavar="PATH", help="A way into it, too (more than once)."),
    ] = None,
    begin: FromOption = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record a containment, or one anew; with --path, the ways into it from --from on."""
    from keiryo.containment.recording import add_containment, add_path
    from keiryo.containment.register import mba_and_name

    books, (mba, title), moment = opened(db), mba_and_name(name), moment_of(begin)
    more: dict[str, Any] = {"kmp": kmp, "location": location, "note": note}
    done = add_containment(books.database, books.actor, mba, title, kind, **more)
    print(f"{name} is recorded in act {done.act.act_id}.")
    for one in dict.fromkeys(way or ()):
        done = add_path(books.database, books.actor, mba, title, one, moment)
        print(f"The way {one} is recorded in act {done.act.act_id}.")


def path(
    name: NameArgument,
    way: PathArgument,
    begin: FromOption = None,
    end: ToOption = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record a way into a containment; with the same beginning and an end, that it is closed."""
    from keiryo.containment.recording import add_path
    from keiryo.containment.register import mba_and_name

    books, (mba, title) = opened(db), mba_and_name(name)
    done = add_path(
        *(books.database, books.actor, mba, title, way, moment_of(begin)),
        end=optional_moment(end),
        note=note,
    )
    print(f"The way {way} into {name} is recorded in act {done.act.act_id}.")


def hold(
    name: NameArgument,
    items: ItemsArgument = None,
    at: AtOption = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record that items went into a containment; all of them, or nothing."""
    from keiryo.containment.recording import hold as record
    from keiryo.containment.register import mba_and_name
    from keiryo.errors import UsageError

    if not items:
        raise UsageError("nothing is named that went in", "Name the batches or items.")
    books, (mba, title) = opened(db), mba_and_name(name)
    done = record(books.database, books.actor, mba, title, items, moment_of(at), note=note)
    words = items[0] if len(items) == 1 else f"{len(items)} items"
    print(f"{name} holds {words}; recorded in act {done.act.act_id}.")


def release(
    name: NameArgument,
    items: ItemsArgument = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that is in it.")] = False,
    at: AtOption = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record that items left a containment; all of them, or nothing."""
    from keiryo.containment.recording import release as record
    from keiryo.containment.register import mba_and_name
    from keiryo.errors import UsageError

    if bool(items) == every:
        raise UsageError("say what left", "Name the batches or items, or write --all.")
    books, (mba, title) = opened(db), mba_and_name(name)
    done = record(books.database, books.actor, mba, title, items or (), moment_of(at), note=note)
    words = "Everything" if every else items[0] if items and len(items) == 1 else "The items"
    print(f"{words} left {name}; recorded in act {done.act.act_id}.")


def watch(
    name: NameArgument,
    way: PathArgument,
    device: Annotated[str, typer.Argument(metavar="CAMERA", help="camera:CAM-01, or CAM-01.")],
    mechanism: Annotated[
        str, typer.Option("--mechanism", help="optical-camera, laser, radiation …")
    ] = "optical-camera",
    depends_on: Annotated[
        list[str] | None,
        typer.Option(
            "--depends-on",
            metavar="WHAT",
            help="A power feed, link, mounting or clock, e.g. power:UPS-1 (more than once).",
        ),
    ] = None,
    begin: FromOption = None,
    end: ToOption = None,
    function: Annotated[
        str | None, typer.Option("--function", help="Which operator statement it can confirm.")
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record that a camera watches a way; with the same beginning and an end, that it stopped."""
    from keiryo.containment.recording import watch as record
    from keiryo.containment.register import mba_and_name

    books, (mba, title) = opened(db), mba_and_name(name)
    camera = device if ":" in device else f"camera:{device}"
    done = record(
        *(books.database, books.actor, mba, title, way, camera, moment_of(begin)),
        mechanism=mechanism,
        depends_on=depends_on or (),
        end=optional_moment(end),
        function=function,
        note=note,
    )
    print(f"{camera} watches the way {way} into {name}; recorded in act {done.act.act_id}.")


def inspect(
    name: NameArgument,
    result: Annotated[str, typer.Option("--result", help="intact, damaged or not-conclusive.")],
    by: Annotated[list[str], typer.Option("--by", metavar="NAME", help="Who (more than once).")],
    at: AtOption = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", metavar="FILE", help="A photograph; kept (more than once)."),
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record that a containment was looked over, and whether it is whole."""
    from keiryo.containment.recording import inspect as record
    from keiryo.containment.register import mba_and_name

    books, (mba, title) = opened(db), mba_and_name(name)
    done = record(
        *(books.database, books.actor, mba, title, moment_of(at), by, result),
        note=note,
        files=[read_file(one) for one in evidence or ()],
    )
    print(f"{name} is {result}; recorded in act {done.act.act_id}.")


def show(
    name: NameArgument,
    at: Annotated[
        str | None, typer.Option("--at", metavar="MOMENT", help=f"What it held; {MOMENT.lower()}.")
    ] = None,
    through_act: Annotated[
        int | None, typer.Option("--through-act", help="Only what had been recorded.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a containment: its ways, what watches them, inspections, and what it holds."""
    from keiryo.containment.register import containment, contents, mba_and_name

    books, (mba, title), moment = opened(db), mba_and_name(name), moment_of(at)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        found = containment(connection, metadata, mba, title, through_act=through_act)
        stays = contents(connection, metadata, mba, containment=title, through_act=through_act)
    told = found.to_dict()
    told["holds"] = [one.to_dict() for one in stays if one.time.holds(moment)]
    told["held_before"] = sum(not one.time.holds(moment) for one in stays)
    if format_of(format_) is not Format.TABLE:
        show_json(told)
        return
    for field, value in told.items():
        if isinstance(value, list):
            for part in value:
                words = ", ".join(f"{k} {v}" for k, v in part.items() if v not in (None, []))
                print(f"  {field}: {words}")
        elif value is not None:
            print(f"  {field.replace('_', ' ')}: {value}")


def list_containments(
    mba: Annotated[str | None, typer.Argument(metavar="[MBA]", help="Those of one area.")] = None,
    through_act: Annotated[
        int | None, typer.Option("--through-act", help="Only what had been recorded.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the containments with their ways, and how many items each holds now."""
    from keiryo.containment.register import containments, contents

    books, now = opened(db), moment_of(None)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        every = containments(connection, metadata, mba, through_act=through_act)
        inside = [
            f"{one.mba}/{one.containment}"
            for one in contents(connection, metadata, mba, through_act=through_act)
            if one.time.holds(now)
        ]
    rows = [
        {
            "containment": name,
            **{field: getattr(one, field) for field in ("kind", "kmp", "location")},
            "paths": ", ".join(way.path for way in one.ways if way.time.holds(now)),
            "watched_by": ", ".join(
                dict.fromkeys(w.device for w in one.watches if w.time.holds(now))
            ),
            "items": inside.count(name),
        }
        for name, one in every.items()
    ]
    show_rows(rows, format_of(format_), empty="No containments.")


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV (UTF-8): mba, containment, batch, from, to, note."
        ),
    ],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a table of what is held where: all of it that is new, or nothing."""
    from keiryo.containment.files import import_contents

    name, content = read_file(file)
    books = opened(db)
    done = import_contents(books.database, books.actor, name, content)
    act = None if done.act is None else done.act.act_id
    if format_of(format_) is Format.JSON:
        show_json({"act": act, "recorded": done.recorded, "unchanged": done.unchanged})
    elif act is None:
        print(f"Nothing is new: {done.unchanged} rows stand in the record.")
    else:
        print(f"{done.recorded} rows are recorded in act {act}; {done.unchanged} stood there.")


def moment_of(text: str | None) -> datetime.datetime:
    """Return the instant that an option names; now if it was not given."""
    import datetime

    from keiryo.containment.instants import instant

    return datetime.datetime.now(datetime.UTC) if text is None else instant(text)


def optional_moment(text: str | None) -> datetime.datetime | None:
    """Return the instant that an option names, or None if it was not given."""
    return None if text is None else moment_of(text)


def read_file(path: Path) -> tuple[str, bytes]:
    """Return name and content of a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    from keiryo.errors import UsageError

    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "Check the name of the file."
        ) from error
