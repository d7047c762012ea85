"""Commands of surveillance (sessions): screen recorded images, review them, conclude."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import Progress, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.surveillance.marks import Mark

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="Name of the camera.")]
ReviewArgument = Annotated[str, typer.Argument(metavar="REVIEW", help="Name of the review.")]
FromOption = Annotated[
    str, typer.Option("--from", metavar="INSTANT", help="Begin, e.g. 2026-07-01T00:00Z.")
]
ToOption = Annotated[
    str, typer.Option("--to", metavar="INSTANT", help="End; the period does not include it.")
]
PartFromOption = Annotated[
    str | None, typer.Option("--from", metavar="INSTANT", help="Only from here on.")
]
PartToOption = Annotated[str | None, typer.Option("--to", metavar="INSTANT", help="Only to here.")]
EventOption = Annotated[
    list[str],
    typer.Option("--event", metavar="SCREENING:NUMBER", help="The event (more than once)."),
]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group."""
    session = typer.Typer(
        help="Review sessions: look at what screening presents, mark it, conclude.",
        no_args_is_help=True,
    )
    session.command("open")(open_)
    session.command("list")(list_)
    for command in (show, look, mark, conclude, tally, correlate):
        session.command()(command)
    group.command()(screen)
    group.command()(timeline)
    group.add_typer(session, name="session")


def screen(
    camera: CameraArgument,
    from_: FromOption,
    to: ToOption,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted screening stopped.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Screen the recorded images of a camera; the result is recorded."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.screening_run import screen as run

    books = opened(db)
    progress = Progress(f"Screening {camera}")
    done = run(
        books.database,
        books.actor,
        camera,
        instant(from_),
        instant(to),
        resume=resume,
        progress=progress,
    )
    told = [{"screening": one.name, **one.result.to_dict()} for one in done.parts]
    if format_of(format_) is Format.JSON:
        show_json({"act": done.posted.act.act_id, "screenings": told})
        return
    rows = [
        {
            "screening": one["screening"],
            "from": _short(one["from"]),
            "to": _short(one["to"]),
            "received": one["received"],
            **one["tally"],
            "events": len(one["events"]),
            "valid_coverage": f"{100 * one['schedule']['valid_coverage']:.2f} %",
        }
        for one in told
    ]
    title = f"Screened; recorded in act {done.posted.act.act_id}."
    show_rows(rows, format_of(format_), title=title)


def open_(
    review: ReviewArgument,
    camera: Annotated[
        list[str], typer.Option("--camera", metavar="CAMERA", help="Camera (more than once).")
    ],
    from_: FromOption,
    to: ToOption,
    note: Annotated[str | None, typer.Option("--note", help="Note.")] = None,
    db: DbOption = None,
) -> None:
    """Open a review of cameras, or open it again over newer screenings."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.reviews import open_review

    books = opened(db)
    period = instant(from_), instant(to)
    done = open_review(books.database, books.actor, review, camera, *period, note=note)
    print(f"{review} is open; recorded in act {done.act.act_id}.")
    _show_noted(books, done.act.act_id)


def list_(
    mba: Annotated[str | None, typer.Option("--mba", help="Only of an area.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the reviews with what is concluded and what is open."""
    from keiryo.surveillance.conclusions import conclusions
    from keiryo.surveillance.review_tally import tally as count
    from keiryo.surveillance.reviews import reviews

    books = opened(db)
    metadata, rows = books.database.metadata, []
    with books.database.reading() as connection:
        for one in reviews(connection, metadata, mba=mba):
            told = conclusions(connection, metadata, review=one.name)
            every = [count(connection, metadata, one.name, name) for name in one.cameras]
            rows.append(
                {
                    "review": one.name,
                    "mba": one.mba,
                    "from": _short(one.begin),
                    "to": _short(one.end),
                    "cameras": ", ".join(one.cameras),
                    "not_yet_reviewed": sum(each.not_yet_reviewed for each in every),
                    "conclusions": len(told),
                }
            )
    show_rows(rows, format_of(format_), empty="No reviews.")


def show(review: ReviewArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Show a review: its events in the order in which they should be looked at, and its gaps."""
    from keiryo.surveillance.conclusions import conclusions
    from keiryo.surveillance.ranking import ranked
    from keiryo.surveillance.review_events import conditions_of
    from keiryo.surveillance.reviews import review as read

    books, chosen = opened(db), format_of(format_)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        one = read(connection, metadata, review)
        events = [each.to_dict() for each in ranked(connection, metadata, review)]
        bad = [_condition(row) for row in conditions_of(connection, metadata, review)]
        told = [each.to_dict() for each in conclusions(connection, metadata, review=review)]
    if chosen is Format.JSON:
        show_json({**one.to_dict(), "events": events, "conditions": bad, "conclusions": told})
        return
    rows = [
        {
            **{name: event[name] for name in ("rank", "screening", "event", "kind")},
            "from": _short(event["begin_at"]),
            "images": event["images"],
            "seen": f"{event['seen']}/{event['to_see']}",
            "verdict": event["verdict"],
            "zones": ", ".join(event["zones"]),
            "declared": ", ".join(event["declared"]),
            "group": event["group"],
        }
        for event in events
    ]
    title = f"{review}: {one.mba}, {_short(one.begin)} to {_short(one.end)}"
    show_rows(rows, chosen, title=title, empty="No events.")
    if chosen is Format.TABLE and bad:
        show_rows(bad, chosen, title="Gaps and bad views")
    if chosen is Format.TABLE and told:
        columns = ["camera", "begin_at", "end_at", "conclusion", "reason", "person"]
        show_rows(told, chosen, columns=columns, title="Conclusions")


def look(
    review: ReviewArgument,
    event: EventOption,
    dwell_ms: Annotated[
        int, typer.Option("--dwell-ms", help="How long the images were looked at, each event.")
    ],
    width: Annotated[
        int | None, typer.Option("--width", help="Width in pixels at which they were shown.")
    ] = None,
    db: DbOption = None,
) -> None:
    """Record that you looked at the images of events: for how long, at which width."""
    from keiryo.surveillance.looks import Look
    from keiryo.surveillance.looks import look as record

    books = opened(db)
    looks = [Look(*_event(one), dwell_ms, width) for one in event]
    done = record(books.database, books.actor, review, looks)
    print(f"{len(looks)} events looked at; recorded in act {done.act.act_id}.")
    _show_noted(books, done.act.act_id)


def mark(
    review: ReviewArgument,
    verdict: Annotated[
        str, typer.Argument(metavar="VERDICT", help="explained, benign, relevant or unclear.")
    ],
    event: EventOption,
    operation: Annotated[
        str | None, typer.Option("--operation", help="The declared operation that explains it.")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", help="Batch or item (more than once).")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="Note.")] = None,
    similar: Annotated[
        bool,
        typer.Option("--similar", help="Also all like it that were looked at: each is logged."),
    ] = False,
    db: DbOption = None,
) -> None:
    """Say what events are; the last word counts, and earlier ones stay in the record."""
    from keiryo.surveillance.marks import Mark
    from keiryo.surveillance.marks import mark as record
    from keiryo.surveillance.ranking import similar as like

    books = opened(db)
    keys = [_event(one) for one in event]
    if similar:
        with books.database.reading() as connection:
            metadata = books.database.metadata
            for key in list(keys):
                near = like(connection, metadata, review, *key)
                keys += [one.key for one in near if one.looked_at and one.seen]
    wanted: list[Mark] = [
        Mark(*key, verdict, operation, tuple(item or ()), note) for key in dict.fromkeys(keys)
    ]
    done = record(books.database, books.actor, review, wanted)
    print(f"{len(wanted)} events marked {verdict}; recorded in act {done.act.act_id}.")
    _show_noted(books, done.act.act_id)


def conclude(
    review: ReviewArgument,
    camera: CameraArgument,
    conclusion: Annotated[
        str | None,
        typer.Argument(metavar="[CONCLUSION]", help="positive, negative or inconclusive."),
    ] = None,
    parts: Annotated[
        bool,
        typer.Option("--parts", help="Sound parts positive, those with gaps inconclusive."),
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why it is not positive; stands in the record.")
    ] = None,
    evidence: Annotated[
        list[str] | None,
        typer.Option("--evidence", metavar="DIGEST", help="Image that supports it."),
    ] = None,
    from_: PartFromOption = None,
    to: PartToOption = None,
    db: DbOption = None,
) -> None:
    """Record what the review concludes about a camera and a period."""
    from keiryo.containment.instants import instant_utc
    from keiryo.errors import UsageError
    from keiryo.surveillance.conclusions import conclude as record
    from keiryo.surveillance.conclusions import conclude_parts

    if parts == (conclusion is not None):
        raise UsageError(
            "either one conclusion, or --parts",
            "Write positive, negative or inconclusive, or --parts for sound parts and gaps.",
        )
    books = opened(db)
    if conclusion is None:
        done = conclude_parts(books.database, books.actor, review, camera)
    else:
        done = record(
            books.database,
            books.actor,
            review,
            camera,
            conclusion,
            reason=reason,
            begin=None if from_ is None else instant_utc(from_),
            end=None if to is None else instant_utc(to),
            evidence=tuple(evidence or ()),
        )
    words = conclusion or "in parts"
    print(f"{camera} is concluded {words}; recorded in act {done.act.act_id}.")


def tally(
    review: ReviewArgument,
    from_: PartFromOption = None,
    to: PartToOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Count what became of every image of a review: seen, quiet, not reviewable, missing."""
    from keiryo.containment.instants import instant_utc
    from keiryo.surveillance.review_tally import tally as count
    from keiryo.surveillance.reviews import review as read

    books = opened(db)
    metadata = books.database.metadata
    part = [None if one is None else instant_utc(one) for one in (from_, to)]
    with books.database.reading() as connection:
        one = read(connection, metadata, review)
        told = [
            count(connection, metadata, review, camera, *part).to_dict() for camera in one.cameras
        ]
    if format_of(format_) is Format.JSON:
        show_json(told)
        return
    columns = ["camera", "received", "reviewed", "quiet", "not_reviewable", "missing", "nominal"]
    rows = [
        {
            **{name: row[name] for name in columns},
            "reasons": ", ".join(f"{code} {n}" for code, n in row["reasons"].items()),
            "valid_coverage": f"{100 * row['valid_coverage']:.2f} %",
        }
        for row in told
    ]
    show_rows(rows, format_of(format_))


def correlate(review: ReviewArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Hold events, openings of seals and declared operations against one another."""
    from keiryo.cli.output import show_with_findings
    from keiryo.surveillance.correlation import correlate as run

    books = opened(db)
    with books.database.reading() as connection:
        found = run(connection, books.database.metadata, review)
    rows = [
        {
            "operation": one.operation.name,
            "state": one.state.value,
            "sensors": ", ".join(f"{n} {s.value}" for n, s in one.by_sensor.items()),
            "seen_by": ", ".join(one.seen_by),
        }
        for one in found.operations
    ]
    chosen = format_of(format_)
    show_with_findings(
        found.to_dict(), rows, found.findings, chosen, empty="No declared operations."
    )
    if chosen is Format.TABLE and found.coincidences:
        show_rows([one.to_dict() for one in found.coincidences], chosen, title="Coincidences")


def timeline(
    name: Annotated[str, typer.Argument(metavar="CAMERA_OR_MBA", help="A camera, or an area.")],
    from_: FromOption,
    to: ToOption,
    known: Annotated[
        str | None,
        typer.Option("--known-at", metavar="MOMENT", help="As known then; default: all."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show cameras, seals, declared operations and reviews on one axis of time."""
    from keiryo.containment.instants import instant
    from keiryo.surveillance.cameras import cameras
    from keiryo.surveillance.timeline import timeline as read

    books = opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        camera = cameras(connection, metadata).get(name)
        mba = name if camera is None else camera.mba
        only = None if camera is None else name
        known_at = None if known is None else instant(known)
        period = instant(from_), instant(to)
        found = read(connection, metadata, mba, *period, camera=only, known_at=known_at)
    if format_of(format_) is Format.JSON:
        show_json([one.to_dict() for one in found])
        return
    rows: list[dict[str, Any]] = [
        {
            "kind": row.kind,
            "name": row.name,
            **{n: _short(v) if n in ("begin", "end") else v for n, v in one.to_dict().items()},
        }
        for row in found
        for one in row.intervals
    ]
    show_rows(rows, format_of(format_), empty="Nothing is recorded of that period.")


def _event(text: str) -> tuple[str, int]:
    from keiryo.errors import UsageError

    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal() or len(number) > 9:
        raise UsageError(
            f"--event: {text[:80]!r} names no event",
            "Write screening and number as 'session show' lists them, joined by a colon.",
        )
    return name, int(number)


def _condition(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "camera": row["camera"],
        "code": row["code"],
        "from": _short(row["begin_at"]),
        "to": _short(row["end_at"]),
        "images": row["images"],
        "measured": row["measured"],
        "threshold": row["threshold"],
    }


def _short(at: str) -> str:
    return at.replace(".000000Z", "Z")


def _show_noted(books: Any, act_id: int) -> None:
    """Show what was noted with an act."""
    from keiryo.surveillance.review_record import noted_in

    show_findings(noted_in(books.database, act_id))
