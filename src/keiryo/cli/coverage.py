"""Commands of coverage: is the knowledge of an item continuous, where was it lost, and what now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.containment import AtOption, NoteOption, moment_of, read_file
from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from sqlalchemy import Connection, MetaData

    from keiryo.coverage.item import ItemCoverage

KnownAtOption = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="TIME",
        help="Only what had been seen, examined or concluded by then: an instant, or a day "
        "(then its end). Default: everything.",
    ),
]
ThroughActOption = Annotated[
    int | None, typer.Option("--through-act", metavar="N", help="Only what had been recorded.")
]
MbaArgument = Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")]
BeginOption = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="An instant, or a day (then its beginning)."),
]
EndOption = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="An instant, or a day (then its end)."),
]
EvidenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="FILE_OR_ACT_OR_LINE",
        help="What shows the verification: act:17, the line of a measurement (line:12/3), a "
        "SHA-256 in the record, or a file, which is kept (more than once).",
    ),
]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Continuity of knowledge: what was lost, anomalies, re-verification.",
        no_args_is_help=True,
    )
    for command in (lost, line, anomalies, report, resolve, reverify):
        group.command()(command)
    app.add_typer(group, name="coverage")


def add_commands(group: typer.Typer) -> None:
    """Add ``coverage`` to the commands of surveillance."""
    group.command("coverage")(coverage)


def coverage(
    what: Annotated[
        str, typer.Argument(metavar="MBA[/BATCH]", help="An item, or every item of an area.")
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="TIME",
            help="An instant with its offset (2026-07-24T09:00+09:00, or Z), or a day: then the "
            "end of that day in the time zone of the area. Default: now.",
        ),
    ] = None,
    known_at: KnownAtOption = None,
    through_act: ThroughActOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the coverage of an item or of an area at an instant, as known at another."""
    from keiryo.coverage.item import coverage_at
    from keiryo.coverage.remeasure import coverage_of_area

    books, chosen = opened(db), format_of(format_)
    mba, _slash, name = what.partition("/")
    metadata = books.database.metadata
    with books.database.reading() as connection:
        at, known = _moments(connection, metadata, mba, [on, known_at])
        knowledge: dict[str, Any] = {"known_at": known, "through_act": through_act}
        moment = at or moment_of(None)
        if not name:
            found = coverage_of_area(connection, metadata, mba, moment, **knowledge)
        else:
            uid = _uid(connection, metadata, mba, name)
            one = coverage_at(connection, metadata, uid, moment, **knowledge)
    if name:
        _show_item(one, chosen)
    elif chosen is Format.JSON:
        show_json(found.to_dict())
    else:
        rows = [_row(item) for item in found.items]
        counted = ", ".join(f"{count} {value}" for value, count in found.totals().items() if count)
        title = f"{mba} at {found.to_dict()['at']}: {counted or 'no items'}"
        show_rows(rows, chosen, title=title, empty="No items.")


def _show_item(one: ItemCoverage, chosen: Format) -> None:
    if chosen is Format.JSON:
        show_json({**one.to_dict(), "findings": [finding_dict(f) for f in one.findings]})
        return
    told = one.to_dict()
    rows = [
        {
            "containment": way.containment,
            "path": way.path,
            "value": way.value.name,
            "level": str(way.level),
            "result": str(way.result),
            "devices": "; ".join(f"{d.device} {d.value.name} ({d.reason})" for d in way.devices),
        }
        for way in one.paths
    ]
    since = f" since {told['lost_since']}" if told["lost_since"] else ""
    title = (
        f"{one.batch_uid} at {told['at']}: {one.value.name}; continuity of knowledge "
        f"{one.continuity}{since}"
    )
    columns = ["containment", "path", "value", "level", "result", "devices"]
    if chosen is Format.TABLE and not rows:
        print(title)
    empty = "No way covers it: it is in no containment, or no way into that is recorded."
    show_rows(rows, chosen, title=title, columns=columns, empty=empty)
    if chosen is Format.TABLE:
        show_findings(one.findings)


def _row(one: ItemCoverage) -> dict[str, Any]:
    told = one.to_dict()
    return {
        **{name: told[name] for name in ("batch", "value", "continuity", "lost_since")},
        "held_in": ", ".join(one.held_in),
        "paths": "; ".join(f"{way.path} {way.value.name}" for way in one.paths),
    }


def lost(
    mba: MbaArgument,
    begin: BeginOption = None,
    end: EndOption = None,
    known_at: KnownAtOption = None,
    through_act: ThroughActOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List what is to be re-measured: knowledge lost in a period and not re-verified since."""
    from keiryo.coverage.remeasure import remeasure_list

    books, chosen = opened(db), format_of(format_)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        first, last = _period(connection, metadata, mba, begin, end)
        [known] = _moments(connection, metadata, mba, [known_at])
        found = remeasure_list(
            connection, metadata, mba, first, last, known_at=known, through_act=through_act
        )
    if chosen is Format.JSON:
        show_json(found.to_dict())
        return
    rows = []
    for item in found.items:
        told = item.to_dict()
        rows.append(
            {
                **{name: told[name] for name in ("batch", "lost_since", "value")},
                "held_in": ", ".join(item.held_in),
                "element": "; ".join(
                    f"{m['element']} {m['unit']} {m['category']}" for m in told["masses"]
                ),
            }
        )
    show_rows(
        rows,
        chosen,
        title=f"To re-measure in {mba}: {len(rows)} items",
        empty="Nothing is to be re-measured.",
    )


def line(
    what: Annotated[str, typer.Argument(metavar="MBA/BATCH", help="The item.")],
    begin: BeginOption = None,
    end: EndOption = None,
    known_at: KnownAtOption = None,
    through_act: ThroughActOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the coverage of an item over time: half-open intervals, each with one value."""
    from keiryo.containment.instants import shown
    from keiryo.containment.register import mba_and_name
    from keiryo.coverage.facts import facts_of
    from keiryo.coverage.item import item_line
    from keiryo.coverage.loss import history

    books, chosen, (mba, name) = opened(db), format_of(format_), mba_and_name(what)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        uid = _uid(connection, metadata, mba, name)
        first, last = _period(connection, metadata, mba, begin, end)
        [known] = _moments(connection, metadata, mba, [known_at])
        facts = facts_of(connection, metadata, [uid], known_at=known, through_act=through_act)
        rows = [step.to_dict() for step in item_line(facts, uid).steps(first, last)]
        losses = [
            one.to_dict()
            for one in history(facts, uid).losses
            if one.since < last and (one.restored is None or one.restored > first)
        ]
    if chosen is Format.JSON:
        period = {"from": shown(first), "to": shown(last)}
        show_json({"batch": uid, **period, "steps": rows, "losses": losses})
        return
    show_rows(rows, chosen, title=f"{uid}", columns=["from", "to", "value"])
    for one in losses if chosen is Format.TABLE else ():
        until = f"until {one['restored']}" if one["restored"] else "and not re-verified since"
        print(f"Continuity of knowledge lost from {one['since']} {until}.")


def anomalies(
    mba: MbaArgument,
    record: Annotated[
        bool, typer.Option("--record", help="Record those found, each with a name.")
    ] = False,
    open_only: Annotated[bool, typer.Option("--open", help="Without those resolved.")] = False,
    known_at: KnownAtOption = None,
    through_act: ThroughActOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the anomalies of an area: negative results of devices, and what resolved each."""
    from keiryo.coverage.anomalies import anomalies as read
    from keiryo.coverage.anomalies import record_anomalies
    from keiryo.places.tables import area

    books, chosen = opened(db), format_of(format_)
    metadata = books.database.metadata
    if record:
        done = record_anomalies(books.database, books.actor, mba)
        if chosen is Format.TABLE:
            print("Nothing is new." if done is None else f"Recorded in act {done.act.act_id}.")
    with books.database.reading() as connection:
        area(connection, metadata, mba)
        [known] = _moments(connection, metadata, mba, [known_at])
        found = read(connection, metadata, mba, known_at=known, through_act=through_act)
    rows = [one.to_dict() for one in found if not (open_only and one.state == "resolved")]
    if chosen is not Format.JSON:
        rows = [{**row, "items": ", ".join(row["items"])} for row in rows]
    columns = ["anomaly", "state", "device", "containment", "from", "to", "reason", "items"]
    show_rows(rows, chosen, columns=columns, empty="No anomalies.")


def report(
    what: Annotated[
        str, typer.Argument(metavar="MBA[/CONTAINMENT]", help="The area, or a containment of it.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="What happened, or has to happen.")],
    told: Annotated[str, typer.Option("--told", help="Who was told, and how.")],
    by: ByOption,
    device: Annotated[
        str | None, typer.Option("--device", help="The device, e.g. seal:IAEA/0042.")
    ] = None,
    at: AtOption = None,
    db: DbOption = None,
) -> None:
    """Report at once that containment or surveillance was, or may have to be, compromised."""
    from keiryo.coverage.anomalies import report_compromise

    books, (mba, _slash, name) = opened(db), what.partition("/")
    done = report_compromise(
        *(books.database, books.actor, mba),
        at=moment_of(at),
        reason=reason,
        told=told,
        by=by,
        containment=name or None,
        device=device,
    )
    print(f"Reported at {done.act.recorded_at} in act {done.act.act_id}.")


def resolve(
    what: Annotated[str, typer.Argument(metavar="MBA/ANOMALY", help="E.g. XARA/A-1.")],
    result: Annotated[str, typer.Option("--result", help="verified or discrepant.")],
    by: ByOption,
    reason: Annotated[str, typer.Option("--reason", help="What happened, in words.")],
    evidence: EvidenceOption = None,
    at: AtOption = None,
    db: DbOption = None,
) -> None:
    """Resolve an anomaly by a verification of the material; nothing else resolves one."""
    from keiryo.containment.register import mba_and_name
    from keiryo.coverage.anomalies import resolve as record

    books, (mba, name) = opened(db), mba_and_name(what)
    names, files = _shown(evidence)
    done = record(
        *(books.database, books.actor, mba, name),
        at=moment_of(at),
        result=result,
        by=by,
        reason=reason,
        evidence=names,
        files=files,
    )
    print(f"{what} is resolved: {result}; recorded in act {done.act.act_id}.")


def reverify(
    what: Annotated[list[str], typer.Argument(metavar="MBA/BATCH...", help="Items of one area.")],
    method: Annotated[str, typer.Option("--method", help="How, e.g. weighing and NDA.")],
    by: ByOption,
    result: Annotated[str, typer.Option("--result", help="verified, discrepant, not-conclusive.")],
    evidence: EvidenceOption = None,
    at: AtOption = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Record that items were measured or verified again; all of them, or nothing."""
    from keiryo.containment.register import mba_and_name
    from keiryo.coverage.reverification import reverify as record
    from keiryo.errors import UsageError

    places = [mba_and_name(one) for one in what]
    if len({mba for mba, _name in places}) > 1:
        raise UsageError("the items are of several areas", "Record those of each area apart.")
    books = opened(db)
    names, files = _shown(evidence)
    done = record(
        *(books.database, books.actor, places[0][0], [name for _mba, name in places]),
        moment_of(at),
        method=method,
        by=by,
        result=result,
        names=names,
        files=files,
        note=note,
    )
    words = what[0] if len(what) == 1 else f"{len(what)} items"
    print(f"{words}: {result}; recorded in act {done.act.act_id}.")


def _shown(evidence: Sequence[str] | None) -> tuple[list[str], list[tuple[str, bytes]]]:
    """Return the names of evidence, and the files that are to be kept."""
    import re

    named = re.compile(r"act:[0-9]+|line:[0-9]+/[0-9]+|[0-9a-f]{64}")
    every = list(evidence or ())
    names = [one for one in every if named.fullmatch(one)]
    return names, [read_file(Path(one)) for one in every if not named.fullmatch(one)]


def _uid(connection: Connection, metadata: MetaData, mba: str, name: str) -> str:
    from keiryo.containment.recording import batch_uid
    from keiryo.places.tables import area

    area(connection, metadata, mba)
    whole = f"{mba}/{name}"
    return batch_uid(connection, metadata, mba, whole if "#" in name else name)


def _moments(
    connection: Connection, metadata: MetaData, mba: str, texts: Sequence[str | None]
) -> list[datetime.datetime | None]:
    """Return instants; of a day alone, its end in the zone of the area."""
    from keiryo.containment.instants import instant_or_day_end
    from keiryo.places.tables import area

    zone = area(connection, metadata, mba).zone
    return [None if one is None else instant_or_day_end(one, zone) for one in texts]


def _period(
    connection: Connection, metadata: MetaData, mba: str, begin: str | None, end: str | None
) -> tuple[datetime.datetime, datetime.datetime]:
    """Return a period; without beginning from 1900 on, without end until now."""
    import datetime

    from keiryo.containment.instants import instant_or_day_begin
    from keiryo.places.tables import area

    zone = area(connection, metadata, mba).zone
    ever = datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC)
    first = ever if begin is None else instant_or_day_begin(begin, zone)
    [last] = _moments(connection, metadata, mba, [end])
    return first, last or moment_of(None)
