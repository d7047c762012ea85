"""Commands of surveillance: cameras, their views, zones and clocks, and declared operations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import show_json, show_rows

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="Name of the camera.")]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Note.")]
MOMENT = "2026-07-24T09:00+09:00"


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    cameras = typer.Typer(help="Cameras: register, list, show.", no_args_is_help=True)
    cameras.command("register")(register_camera)
    cameras.command("list")(list_cameras)
    cameras.command("show")(show_camera)
    group.add_typer(cameras, name="camera")
    for command in (view, zone, clock, declare, withdraw, operations):
        group.command()(command)
    group.command("import-operations")(import_operations)


def register_camera(
    camera: CameraArgument,
    mba: Annotated[
        str | None, typer.Option("--mba", help="Material balance area that it looks into.")
    ] = None,
    place: Annotated[str | None, typer.Option("--place", help="Where it is mounted.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Maker and model.")] = None,
    interval: Annotated[
        float | None,
        typer.Option("--interval", metavar="S", help="Picture-taking interval; 0: video."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", metavar="S", help="How late a picture may come."),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option("--clock", metavar="ZONE", help="Zone of its clock, if not UTC: Asia/Tokyo."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY_ID", help="Key with which it signs.")
    ] = None,
    depends_on: Annotated[
        list[str] | None,
        typer.Option("--depends-on", help="Power feed, link, mounting, clock (more than once)."),
    ] = None,
    retention: Annotated[
        int | None,
        typer.Option("--retention", metavar="DAYS", help="How long images stay after review."),
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record a camera, or a camera anew: what is left out is as it was."""
    from keiryo.errors import UsageError
    from keiryo.surveillance.cameras import FIELDS, cameras, joined
    from keiryo.surveillance.cameras import register_camera as record

    books = opened(db)
    given: dict[str, Any] = {
        "camera": camera,
        "mba": mba,
        "place": place,
        "model": model,
        "interval_ms": _milliseconds(interval, "--interval"),
        "tolerance_ms": _milliseconds(tolerance, "--tolerance"),
        "clock": clock,
        "key_id": key,
        "depends_on": joined(depends_on or ()),
        "retention_days": retention,
        "note": note,
    }
    with books.database.reading() as connection:
        known = cameras(connection, books.database.metadata).get(camera)
    if known is not None:
        given = {name: _as_was(given[name], known.values[name]) for name in FIELDS}
    if interval == 0:
        given["interval_ms"] = given["tolerance_ms"] = None
    if given["mba"] is None:
        raise UsageError("the area of a new camera must be said", "Give --mba.")
    done = record(books.database, books.actor, given)
    print(f"{camera} is recorded in act {done.act.act_id}.")


def list_cameras(db: DbOption = None, format_: FormatOption = None) -> None:
    """List the cameras."""
    from keiryo.surveillance.cameras import cameras

    books = opened(db)
    with books.database.reading() as connection:
        rows = [one.to_dict() for one in cameras(connection, books.database.metadata).values()]
    columns = ["camera", "mba", "place", "interval_ms", "clock", "retention_days"]
    show_rows(_chosen(rows, format_, columns), format_of(format_), empty="There is no camera.")


def show_camera(camera: CameraArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Show a camera with its views, zones and clock readings."""
    from keiryo.surveillance.cameras import camera as read
    from keiryo.surveillance.clocks import readings
    from keiryo.surveillance.views import views
    from keiryo.surveillance.zones import zones_of

    books = opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        one = read(connection, metadata, camera)
        seen = views(connection, metadata, camera)
        told = {
            **one.to_dict(),
            "views": [
                {
                    **each.to_dict(),
                    "zones": [
                        zone.to_dict()
                        for zone in zones_of(connection, metadata, camera, each.version)
                    ],
                }
                for each in seen
            ],
            "clock_readings": [r.to_dict() for r in readings(connection, metadata, camera)],
        }
    if format_of(format_) is Format.JSON:
        show_json(told)
        return
    for name, value in told.items():
        if not isinstance(value, list) or name == "depends_on":
            shown = ", ".join(value) if isinstance(value, list) else value
            print(f"{name}: {'-' if shown in (None, '') else shown}")
    for each in told["views"]:
        print(f"view {each['version']} from {each['begin']}: {each['words']}")
        for zone in each["zones"]:
            reason = f" ({zone['reason']})" if zone["reason"] else ""
            print(f"  zone {zone['zone']} {zone['type']} {zone['polygon']}{reason}")
    for reading in told["clock_readings"]:
        print(f"clock at {reading['at']}: {reading['offset_ms'] / 1000:+.3f} s")


def view(
    camera: CameraArgument,
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What is seen.")],
    from_: Annotated[str, typer.Option("--from", metavar="MOMENT", help=f"From when: {MOMENT}")],
    mask: Annotated[
        Path | None,
        typer.Option("--mask", metavar="FILE", help="Picture: white where changes matter."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="Picture of the view.")
    ] = None,
    db: DbOption = None,
) -> None:
    """Record a new view of a camera; zones of the view before hold no longer from then."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.views import record_view

    books = opened(db)
    done = record_view(
        books.database,
        books.actor,
        camera,
        words,
        instant(from_),
        mask=_file(mask),
        reference=_file(reference),
    )
    print(f"The view of {camera} is recorded in act {done.act.act_id}.")


def zone(
    camera: CameraArgument,
    zones: Annotated[
        list[str],
        typer.Argument(
            metavar="ZONE...",
            help="NAME:TYPE:POLYGON[:REASON], e.g. 'door:INTEREST:0.1,0.2 0.5,0.2 0.5,0.9'; types "
            "INTEREST, IGNORE (with a reason), TRIP.",
        ),
    ],
    version: Annotated[
        int | None, typer.Option("--view", help="Number of the view; default: the last.")
    ] = None,
    db: DbOption = None,
) -> None:
    """Record the zones of a view, in place of those recorded for it before."""
    from keiryo.errors import UsageError
    from keiryo.surveillance.zones import ZoneEntry, parse_polygon, record_zones

    entries = []
    for one in zones:
        parts = one.split(":", 3)
        if len(parts) < 3:
            raise UsageError(f"{one[:60]!r} is no zone", "Write NAME:TYPE:POLYGON[:REASON].")
        name, type_, polygon, *reason = parts
        corners = parse_polygon(polygon)
        entries.append(ZoneEntry(name, type_.upper(), corners, reason[0] if reason else None))
    books = opened(db)
    done = record_zones(books.database, books.actor, camera, entries, version=version)
    print(f"{len(entries)} zones of {camera} are recorded in act {done.act.act_id}.")


def clock(
    camera: CameraArgument,
    at: Annotated[str, typer.Option("--at", metavar="MOMENT", help=f"True time: {MOMENT}")],
    shown: Annotated[
        str | None, typer.Option("--shown", metavar="MOMENT", help="What the camera showed.")
    ] = None,
    offset: Annotated[
        float | None,
        typer.Option("--offset", metavar="S", help="Or: true time minus the camera's, seconds."),
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record how far the clock of a camera was off."""
    from keiryo.containment.instants import instant
    from keiryo.errors import UsageError
    from keiryo.surveillance.clocks import record_reading

    if (shown is None) == (offset is None):
        raise UsageError("give what the camera showed, or the offset", "Use --shown or --offset.")
    moment = instant(at)
    if shown is not None:
        offset_ms = round((moment - instant(shown)).total_seconds() * 1000)
    else:
        assert offset is not None
        offset_ms = _signed_milliseconds(offset, "--offset")
    books = opened(db)
    done = record_reading(books.database, books.actor, camera, moment, offset_ms, note=note)
    print(f"The clock of {camera} was {offset_ms / 1000:+.3f} s off; act {done.act.act_id}.")
    _tell_findings(books, done.act.act_id)


def declare(
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Name of the operation.")],
    mba: Annotated[str, typer.Option("--mba", help="Material balance area.")],
    from_: Annotated[str, typer.Option("--from", metavar="MOMENT", help=f"From when: {MOMENT}")],
    to: Annotated[str, typer.Option("--to", metavar="MOMENT", help="Until when.")],
    sensor: Annotated[
        list[str],
        typer.Option(
            "--sensor", help="Device that should see it: camera:CAM-01, seal:IAEA/0042 (repeat)."
        ),
    ],
    type_: Annotated[str | None, typer.Option("--type", help="E.g. cask-loading.")] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", help="Batch or item that it moves (repeat).")
    ] = None,
    events: Annotated[
        int | None, typer.Option("--events", help="How many events it should cause.")
    ] = None,
    min_visible: Annotated[
        float | None,
        typer.Option("--min-visible", metavar="S", help="Shortest time in which it can be seen."),
    ] = None,
    process: Annotated[str | None, typer.Option("--process", help="Process it is part of.")] = None,
    step: Annotated[int | None, typer.Option("--step", help="Number of the step.")] = None,
    db: DbOption = None,
) -> None:
    """Declare an operation, or declare it anew; the last declaration of a name counts."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.declared_operations import OperationEntry
    from keiryo.surveillance.declared_operations import declare as record

    entry = OperationEntry(
        operation,
        mba,
        instant(from_),
        instant(to),
        tuple(sensor),
        type_,
        tuple(item or ()),
        events,
        _milliseconds(min_visible, "--min-visible"),
        process,
        step,
    )
    books = opened(db)
    done = record(books.database, books.actor, [entry], cameras_seen=_cameras(books))
    print(f"{operation} is declared in act {done.act.act_id}.")
    _tell_findings(books, done.act.act_id)


def _cameras(books: Any) -> set[str]:
    """Return the names of all cameras: whoever has the file of the books sees them."""
    from keiryo.surveillance.cameras import cameras

    with books.database.reading() as connection:
        return set(cameras(connection, books.database.metadata))


def import_operations(
    mba: Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV (UTF-8): operation,from,to,type,items,sensors,events,min_visible_s,process,"
            "step; lists joined by '|'.",
        ),
    ],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Declare a table of operations: everything, or nothing; rows that stand are left alone."""
    from keiryo.surveillance.declared_files import import_operations as record

    books = opened(db)
    done = record(
        *(books.database, books.actor, mba, file.name, _content(file)),
        cameras_seen=_cameras(books),
    )
    act = None if done.act is None else done.act.act_id
    if format_of(format_) is Format.JSON:
        show_json({"act": act, "declared": done.declared, "unchanged": done.unchanged})
    elif act is None:
        print(f"Nothing is new: all {done.unchanged} rows stand in the record like this.")
    else:
        print(f"Declared {done.declared} operations in act {act}; {done.unchanged} stood.")


def withdraw(
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Name of the operation.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    db: DbOption = None,
) -> None:
    """Withdraw the declaration of an operation; it stays in the record."""
    from keiryo.surveillance.declared_operations import withdraw as record

    books = opened(db)
    done = record(books.database, books.actor, operation, reason)
    print(f"{operation} is withdrawn in act {done.act.act_id}.")


def operations(
    mba: Annotated[str | None, typer.Option("--mba", help="Only those of an area.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="MOMENT")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="MOMENT")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were withdrawn.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the declared operations."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.declared_operations import operations as read

    books = opened(db)
    with books.database.reading() as connection:
        found = read(
            connection,
            books.database.metadata,
            mba=mba,
            begin=None if from_ is None else instant(from_),
            end=None if to is None else instant(to),
            withdrawn=every,
        )
    rows = [one.to_dict() for one in found]
    columns = ["operation", "mba", "type", "begin_at", "end_at", "sensors", "state"]
    show_rows(
        _chosen(rows, format_, columns), format_of(format_), empty="No operation is declared."
    )


def _as_was(given: Any, before: Any) -> Any:
    return before if given is None else given


def _chosen(
    rows: list[dict[str, Any]], format_: Format | None, columns: list[str]
) -> list[dict[str, Any]]:
    """Return rows for people: the columns that matter, lists in words; whole ones as JSON."""
    if format_of(format_) is Format.JSON:
        return rows
    return [{n: ", ".join(r[n]) if isinstance(r[n], list) else r[n] for n in columns} for r in rows]


def _milliseconds(seconds: float | None, option: str) -> int | None:
    from keiryo.errors import UsageError

    if seconds is None:
        return None
    found = _signed_milliseconds(seconds, option)
    if found < 0:
        raise UsageError(f"{option}: a time cannot be negative", "Give seconds.")
    return found


def _signed_milliseconds(seconds: float, option: str) -> int:
    from keiryo.errors import UsageError

    if not abs(seconds) < 1e12:  # NaN included
        raise UsageError(f"{option}: {seconds} is no time in seconds", "Give seconds.")
    return round(seconds * 1000)


def _file(path: Path | None) -> tuple[str, bytes] | None:
    return None if path is None else (path.name, _content(path))


def _content(path: Path) -> bytes:
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Name a file.") from None


def _tell_findings(books: Any, act_id: int) -> None:
    """Tell the findings that were recorded with an act."""
    from keiryo.journal.reading import rows_of
    from keiryo.journal.tables import FINDING

    table = books.database.metadata.tables[FINDING.name]
    with books.database.reading() as connection:
        rows = rows_of(connection, books.database.metadata, FINDING.name, table.c.act_id == act_id)
    for row in rows:
        print(f"  {row['code']}: {row['message']}\n    → {row['advice']}")
