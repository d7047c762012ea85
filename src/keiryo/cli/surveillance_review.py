"""Review of a video or a folder of images from outside the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, format_of
from keiryo.cli.output import (
    Progress,
    exit_code,
    finding_dict,
    show_findings,
    show_json,
    show_rows,
)

if TYPE_CHECKING:
    import datetime

    from keiryo.screening.review import ReviewResult

_TALLY_WORDS = {
    "reviewed_by_human": "reviewed by a person",
    "not_yet_reviewed_presented": "to be looked at: in an event or beside one",
    "not_yet_reviewed_after_change": "to be looked at: after a change nobody has reviewed",
    "screened_quiet": "screened, quiet",
    "not_reviewable": "not reviewable",
}


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    group.command()(review)


def review(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A video file, or a folder of images.")
    ],
    interval: Annotated[
        float | None,
        typer.Option("--interval", metavar="S", help="Time between two images in seconds."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="TIME",
            help="When the first image was taken, with Z or an offset: 2026-01-14T10:30:00Z.",
        ),
    ] = None,
    mask: Annotated[
        str | None,
        typer.Option("--mask", metavar="FILE.png", help="A picture, white where changes matter."),
    ] = None,
    declared: Annotated[
        str | None,
        typer.Option(
            "--declared",
            metavar="FILE.csv",
            help="Declared operations: columns operation, from, to; instants or seconds.",
        ),
    ] = None,
    pictures: Annotated[
        str | None,
        typer.Option(
            "--pictures",
            metavar="FOLDER",
            help="Write pictures of each event there: before, at its height, after.",
        ),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Screen a video or a folder of images: gaps, health of the view, events, declared operations.

    Nothing is recorded. Times are seconds since the first image.
    """
    from keiryo.screening.picture_pages import check_place, write_pictures
    from keiryo.screening.review import review as screen
    from keiryo.screening.sources import open_source

    begin = None if start is None else _instant(start)
    if pictures is not None:
        check_place(pictures)
    source = open_source(path, interval_s=interval, start=begin)
    try:
        result = screen(
            path,
            mask=mask,
            declared=declared,
            source=source,
            progress=Progress("Screening"),
        )
        if pictures is not None:
            write_pictures(pictures, source, result.events, result.frames)
    finally:
        source.close()
    _show(result, format_of(format_))
    raise typer.Exit(exit_code(result.findings))


def _instant(text: str) -> datetime.datetime:
    import datetime

    from keiryo.errors import UsageError
    from keiryo.screening.sources.picture_times import instant_seconds

    try:
        return datetime.datetime.fromtimestamp(instant_seconds(text), datetime.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"--start: {error}", "Write day, time and offset: 2026-01-14T10:30:00Z."
        ) from error


def _show(result: ReviewResult, chosen: Format) -> None:
    data = result.to_dict()
    if chosen is Format.JSON:
        show_json({**data, "findings": [finding_dict(one) for one in result.findings]})
        return
    events = [{"event": n, **_event_row(row)} for n, row in enumerate(data["events"])]
    if chosen is Format.CSV:
        show_rows(events, chosen, columns=["event", "from_s", "to_s", "kind", "score", "zones"])
        return
    both = result.coverages
    print(
        f"{result.frames} images over {result.span_s:g} s; "
        f"{100 * result.presented_fraction:.2f} % to look at ({result.presented})."
    )
    if both is not None:
        print(
            f"Covered by images: {100 * both.recorded.share:.2f} %; "
            f"by images with a healthy view: {100 * both.valid.share:.2f} %."
        )
    print(_limit(data["detection_limit"]))
    _tally(data["tally"])
    show_rows(events, chosen, title="Events", empty="No events.")
    show_rows(data["gaps"], chosen, title="Gaps", empty="No gaps.")
    show_rows(data["health"], chosen, title="Health of the view", empty="No fault of the view.")
    if data["declared"]:
        rows = [
            {**row, "events": ", ".join(map(str, row["events"])), "event": None}
            for row in data["declared"]
        ]
        columns = ["operation", "state", "events"]
        show_rows(rows, chosen, title="Declared operations", columns=columns)
    show_findings(result.findings)


def _limit(told: dict[str, Any]) -> str:
    """Return in words how small a thing this camera shows."""
    if not told["images"]:
        return "Detection limit: not known, since no quiet image was there to measure it."
    if told["size_px"] is None:
        return "Detection limit: no square that was put into quiet images is found reliably."
    return (
        f"Detection limit: squares of {told['size_px']} pixels with {told['contrast']} grey levels "
        f"of contrast ({told['found']} of {told['of']} found, in {told['images']} quiet images)."
    )


def _event_row(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "zones": ", ".join(row["zones"])}


def _tally(told: dict[str, Any]) -> None:
    """Print what became of every image."""
    print(f"Images received: {told['received']}")
    for key, words in _TALLY_WORDS.items():
        reasons = ""
        if key == "not_reviewable" and told[key]:
            parts = told["not_reviewable_by_reason"].items()
            reasons = " (" + ", ".join(f"{reason} {count}" for reason, count in parts) + ")"
        print(f"  {words}: {told[key]}{reasons}")
    print(
        f"Missing: {told['missing']}; between scheduled ones: {told['extra']}; "
        f"the schedule asks for {told['nominal']}; came twice: {told['duplicates']}."
    )
