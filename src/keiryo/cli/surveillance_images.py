"""Commands of surveillance: taking in images, what came in, retention, case files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import Progress, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from datetime import datetime

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="Name of the camera.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="From when.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Until when.")]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    for command in (ingest, images, retention, hold, holds):
        group.command()(command)
    group.command("release-hold")(release_hold)
    group.command("case-file")(case_file)
    group.command("check-case")(check_case)


def ingest(
    camera: CameraArgument,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder of images, an image, or a video file.")
    ],
    set_name: Annotated[
        str | None, typer.Option("--set", metavar="NAME", help="Name of the set.")
    ] = None,
    medium: Annotated[
        str, typer.Option("--medium", help="removable-media, network or file.")
    ] = "file",
    custody: Annotated[
        str | None, typer.Option("--custody", help="Through whose hands it came: 'A | B'.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", metavar="FILE", help="List of the set: log of the camera, CSV."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="MOMENT", help="When it begins, by the camera's clock."),
    ] = None,
    interval: Annotated[
        float | None, typer.Option("--interval", metavar="S", help="Seconds between images.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Take in the images of a camera: all of a set, or nothing; again adds what is missing.

    Exit code 0: taken in; 1: taken in, with findings that ask for an answer; 2: nothing was done.
    """
    from keiryo.errors import Severity, UsageError
    from keiryo.surveillance.ingest import Delivery
    from keiryo.surveillance.ingest import ingest as take_in

    if interval is not None and not 0 < interval < 1e9:
        raise UsageError("--interval: give seconds above zero", "E.g. --interval 600.")
    delivery = Delivery(set_name, medium, custody, manifest, _moment(start), interval)
    books = opened(db)
    done = take_in(
        books.database, books.actor, camera, path, delivery, progress=Progress("Taking in")
    )
    if format_of(format_) is Format.JSON:
        show_json({**done.to_dict(), "findings": [finding_dict(one) for one in done.findings]})
    elif done.repeated:
        print(
            f"Nothing is new: the set {done.set_name} was taken in with act {done.act.act_id} "
            f"({done.received} images)."
        )
    else:
        print(
            f"Set {done.set_name}: {done.received} received, {done.new} new, {done.duplicates} "
            f"received before, {done.unreadable} unreadable, {done.sequence_gaps} numbers missing; "
            f"{done.authentic}. Recorded in act {done.act.act_id}."
        )
        show_findings(done.findings)
    if any(one.severity in (Severity.FORMAT, Severity.INCONSISTENCY) for one in done.findings):
        raise typer.Exit(1)


def images(
    camera: CameraArgument,
    from_: FromOption = None,
    to: ToOption = None,
    every: Annotated[bool, typer.Option("--each", help="Every image, not sums by day.")] = False,
    sets: Annotated[bool, typer.Option("--sets", help="The sets in which they came in.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell what came in of a camera: by day (UTC), by set, or every image."""
    from keiryo.surveillance.image_lists import days, image_rows, set_rows

    books = opened(db)
    metadata, begin, end = books.database.metadata, _moment(from_), _moment(to)
    with books.database.reading() as connection:
        if sets:
            rows = set_rows(connection, metadata, camera=camera)
        elif every:
            rows = list(image_rows(connection, metadata, camera, begin=begin, end=end))
        else:
            rows = days(connection, metadata, camera, begin=begin, end=end)
    show_rows(rows, format_of(format_), empty="No images came in.")


def retention(
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="Only this one.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Remove what is listed.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the images whose time of retention is over, and why others stay; --apply removes them.

    The digest, the line and all that was concluded stay in the record.
    """
    from datetime import UTC, datetime

    from keiryo.coverage.kept_images import unresolved_times
    from keiryo.surveillance.retention import REASONS, apply_retention
    from keiryo.surveillance.retention import retention as read

    books = opened(db)
    if apply:
        done = apply_retention(
            books.database,
            books.actor,
            camera=camera,
            contested=unresolved_times,
            progress=Progress("Removing"),
        )
        act = None if done.act is None else done.act.act_id
        if format_of(format_) is Format.JSON:
            show_json({"act": act, "files": done.files, "removed": done.finished})
        elif act is None:
            print(f"Nothing may be removed; {done.finished} files of earlier acts were.")
        else:
            print(f"Removed {done.finished} files; recorded in act {act}.")
        return
    with books.database.reading() as connection:
        found = read(
            connection,
            books.database.metadata,
            datetime.now(UTC),
            camera=camera,
            contested=unresolved_times,
        )
    rows = [one.to_dict() for one in found.removable]
    if format_of(format_) is Format.JSON:
        show_json({"removable": rows, "kept": found.kept})
        return
    show_rows(rows, format_of(format_), empty="Nothing may be removed.")
    if format_of(format_) is Format.TABLE:
        for reason, count in sorted(found.kept.items()):
            print(f"{count} files stay: {REASONS[reason]}.")


def hold(
    name: Annotated[str, typer.Argument(metavar="HOLD", help="Name of the hold.")],
    camera: Annotated[str, typer.Option("--camera", metavar="NAME", help="Camera.")],
    from_: Annotated[str, typer.Option("--from", metavar="MOMENT", help="From when.")],
    to: Annotated[str, typer.Option("--to", metavar="MOMENT", help="Until when.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    db: DbOption = None,
) -> None:
    """Record that images of a period must be kept, whatever their time of retention."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.holds import hold as record

    books = opened(db)
    done = record(books.database, books.actor, name, camera, instant(from_), instant(to), reason)
    print(f"The images are held; recorded in act {done.act.act_id}.")


def release_hold(
    name: Annotated[str, typer.Argument(metavar="HOLD", help="Name of the hold.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    db: DbOption = None,
) -> None:
    """Record that images need be held no longer."""
    from keiryo.surveillance.holds import release_hold as record

    books = opened(db)
    done = record(books.database, books.actor, name, reason)
    print(f"The hold {name} is released in act {done.act.act_id}.")


def holds(db: DbOption = None, format_: FormatOption = None) -> None:
    """List the holds."""
    from keiryo.surveillance.holds import holds as read

    books = opened(db)
    with books.database.reading() as connection:
        rows = [one.to_dict() for one in read(connection, books.database.metadata)]
    show_rows(rows, format_of(format_), empty="No images are held.")


def case_file(
    camera: CameraArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT.zip", help="File to write.")],
    from_: Annotated[str, typer.Option("--from", metavar="MOMENT", help="From when.")],
    to: Annotated[str, typer.Option("--to", metavar="MOMENT", help="Until when.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Write all that is recorded about a camera and a period, with its proofs, into one file."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.case_file import make_case_file

    books = opened(db)
    made = make_case_file(
        books.database, books.actor, camera, instant(from_), instant(to), out,
        progress=Progress("Writing the case file"),
    )  # fmt: skip
    assert made.act is not None
    told: dict[str, Any] = {
        "file": str(made.path),
        "sha256": made.digest,
        "images": made.images,
        "missing": made.missing,
        "lines": made.lines,
        "act": made.act.act_id,
        "checkpoint": made.checkpoint.act_id,
    }
    if format_of(format_) is Format.JSON:
        show_json(told)
        return
    gone = f", {made.missing} no longer kept" if made.missing else ""
    print(
        f"{made.path}: {made.images} images{gone}, {made.lines} lines with their proofs, to act "
        f"{made.checkpoint.act_id}; recorded in act {made.act.act_id}.\nSHA-256 {made.digest}"
    )


def check_case(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Case file, or its folder.")],
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="One that you kept elsewhere."),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Verify a case file again; it needs no books.

    Exit code 0: sound; 1: something is wrong; 2: it could not be checked.
    """
    from keiryo.errors import UsageError
    from keiryo.journal.proofs import Checkpoint
    from keiryo.surveillance.case_file import check_case as check

    held = None
    if checkpoint is not None:
        try:
            held = Checkpoint.from_json(checkpoint.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{checkpoint} cannot be read: {error}", "Name a file.") from None
    problems, words = check(file, held)
    if format_of(format_) is Format.JSON:
        show_json({"sound": not problems, "checked": words, "problems": problems})
    elif problems:
        print(f"NOT SOUND: {len(problems)} problems.")
        for one in problems:
            print(f"  {one}")
    else:
        print(f"Sound: {words}")
        if held is None:
            print("Compare the checkpoint with one that you kept.")
    if problems:
        raise typer.Exit(1)


def _moment(given: str | None) -> datetime | None:
    from keiryo.containment.instants import instant

    return None if given is None else instant(given)
