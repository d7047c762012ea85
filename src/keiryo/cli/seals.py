"""Commands of seals: the register, what waits, what a shipping document states, compromises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli import seals_field, seals_logs, seals_stock
from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import exit_code, show_findings, show_json, show_rows, show_with_findings
from keiryo.cli.seals_options import AtOption, PhotoOption, SealArgument, content, moment

NowOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="MOMENT", help="At which instant, e.g. 2026-07-24T09:00Z; default: now."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Seals: stock, attachment, checks, detachment, examination, logs.",
        no_args_is_help=True,
    )
    seals_stock.add_commands(group)
    seals_field.add_commands(group)
    seals_logs.add_commands(group)
    group.command("list")(list_seals)
    group.command("report-compromise")(report_compromise)
    for command in (show, history, overdue, duplicates, document):
        group.command()(command)
    app.add_typer(group, name="seals")


def list_seals(
    containment: Annotated[
        str | None,
        typer.Option("--containment", metavar="MBA/NAME", help="Only those ever attached to it."),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option("--batch", metavar="MBA/NAME", help="Only those ever attached over it."),
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only in-stock, issued, attached …")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List seals as they stand: type, state, what they close and hold, the result."""
    from keiryo.seals.recording import batch_identity
    from keiryo.seals.register import seal_lines, standing_dict, standings

    books = opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        lines = seal_lines(connection, metadata)
        every = standings(connection, metadata)
        uid = None if batch is None else batch_identity(connection, metadata, batch)
    rows = []
    for key, one in every.items():
        places = {f"{p.attached.mba}/{p.attached.containment}" for p in one.periods}
        held = {item for p in one.periods for item in p.attached.items}
        if (
            (containment is None or containment in places)
            and (uid is None or uid in held)
            and (state is None or state == one.state)
        ):
            rows.append(standing_dict(one, lines[key]))
    columns = ["seal", "type", "state", "since", "containment", "ways", "items", "result"]
    chosen = format_of(format_)
    if chosen is not Format.JSON:
        rows = [{name: _joined(row[name]) for name in columns} for row in rows]
    show_rows(rows, chosen, columns=columns, empty="No seals.")


def _joined(value: Any) -> Any:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value


def show(seal: SealArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Show a seal: how it stands, its periods with their results, what it says of each instant."""
    from keiryo.containment.instants import shown
    from keiryo.seals.numbers import seal_key
    from keiryo.seals.register import period_rows, seal_lines, standing, standing_dict
    from keiryo.seals.values import seal_spans

    key, books = seal_key(seal), opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        one = standing(connection, metadata, key)
        line = seal_lines(connection, metadata, [key])[key]
        covers = seal_spans(connection, metadata, keys=[key])
    told = {**standing_dict(one, line), "periods": period_rows(one)}
    told["says"] = [
        {
            "from": shown(span.begin),
            "to": None if span.end is None else shown(span.end),
            "value": span.value.name,
            "reason": span.reason,
        }
        for cover in covers.values()
        for span in cover.spans.spans
    ]
    if format_of(format_) is not Format.TABLE:
        show_json(told)
        return
    for name, value in told.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"  {name}:")
            for part in value:
                print("    " + ", ".join(f"{k} {_joined(v)}" for k, v in part.items() if v))
        elif value not in (None, [], False):
            print(f"  {name.replace('_', ' ')}: {_joined(value)}")


def history(seal: SealArgument, db: DbOption = None, format_: FormatOption = None) -> None:
    """Tell everything that is recorded of a seal, in the order of time; refused reports, too."""
    from keiryo.seals.history import history as read
    from keiryo.seals.numbers import seal_key

    key, books = seal_key(seal), opened(db)
    with books.database.reading() as connection:
        rows = read(connection, books.database.metadata, key)
    show_rows(rows, format_of(format_), columns=["when", "what", "who", "words", "line"])


def overdue(
    days: Annotated[
        int, typer.Option("--days", help="Days within which a detached seal is verified.")
    ] = 90,
    margin: Annotated[
        int, typer.Option("--margin", help="Seconds allowed beyond twice the interval of SOH.")
    ] = 3600,
    at: NowOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell which seals wait: detached and not verified, late on the way, without contact."""
    from keiryo.dates import parse_utc
    from keiryo.seals.overdue import overdue as read

    books, now = opened(db), parse_utc(moment(at))
    with books.database.reading() as connection:
        found = read(connection, books.database.metadata, now, days=days, margin_s=margin)
    columns = ["code", "seal", "type", "state", "since", "days", "message"]
    rows = [row for row, _ in found]
    show_rows(rows, format_of(format_), columns=columns, empty="No seal waits.")


def duplicates(db: DbOption = None, format_: FormatOption = None) -> None:
    """List numbers that were reported twice or at two places, and events that do not fit."""
    from keiryo.seals.overdue import doubles

    books = opened(db)
    with books.database.reading() as connection:
        rows = doubles(connection, books.database.metadata)
    columns = ["code", "seal", "event", "at", "where", "line"]
    show_rows(rows, format_of(format_), columns=columns, empty="No number twice.")


def document(
    reference: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Its reference.")],
    mba: Annotated[str, typer.Option("--mba", metavar="MBA", help="The area that received it.")],
    stated: Annotated[
        str,
        typer.Option("--stated", metavar="FILE_OR_SEALS", help="CSV, or seals joined by commas."),
    ],
    found: Annotated[
        str,
        typer.Option("--found", metavar="FILE_OR_SEALS", help="CSV, or seals joined by commas."),
    ],
    record: Annotated[bool, typer.Option("--record", help="Record it as an act.")] = False,
    at: AtOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Lay the seals that a shipping document states beside those found on receipt."""
    from keiryo.seals.documents import ShippingDocument, compared, record_document

    books = opened(db)
    told_stated, told_found = _keys(stated), _keys(found)
    one = ShippingDocument(reference, mba, moment(at), told_stated[0], told_found[0])
    with books.database.reading() as connection:
        findings = compared(connection, books.database.metadata, one)
    data: dict[str, Any] = {"document": reference, "act": None}
    data |= {"stated": len(set(one.stated)), "found": len(set(one.found))}
    if record:
        files = (*told_stated[1], *told_found[1])
        posted = record_document(books.database, books.actor, one, files=files)
        data["act"] = posted.act.act_id
    chosen = format_of(format_)
    if chosen is Format.TABLE:
        print(f"{reference}: {data['stated']} seals stated, {data['found']} found.")
        print("They agree." if not findings else "They differ:")
        show_findings(findings)
        if record:
            print(f"Recorded in act {data['act']}.")
    else:
        rows = [{"code": one.code, "message": one.message} for one in findings]
        show_with_findings(data, rows, findings, chosen)
    raise typer.Exit(exit_code(findings))


def _keys(given: str) -> tuple[tuple[Any, ...], tuple[tuple[str, bytes], ...]]:
    """Return the seals that are given, and the file in which they stand, if they do."""
    from keiryo.seals.documents import keys_in
    from keiryo.seals.numbers import seal_key

    path = Path(given)
    if path.is_file():
        file = content(path)
        return keys_in(*file), (file,)
    return tuple(seal_key(one) for one in given.split(",") if one.strip()), ()


def report_compromise(
    seal: SealArgument,
    what: Annotated[str, typer.Option("--what", help="What happened or will have to happen.")],
    at: AtOption = None,
    by: Annotated[str | None, typer.Option("--by", help="Who reports it; default: you.")] = None,
    place: Annotated[str | None, typer.Option("--place", help="Where, in words.")] = None,
    photo: PhotoOption = None,
    db: DbOption = None,
) -> None:
    """Tell at once that a seal was, or may have to be, compromised."""
    from keiryo.seals.compromise import report_compromise as report
    from keiryo.seals.numbers import seal_key

    books = opened(db)
    done = report(
        books.database,
        books.actor,
        seal_key(seal),
        what,
        at=None if at is None else moment(at),
        person=by,
        place=place,
        photos=tuple(content(one) for one in photo or ()),
    )
    print(f"Told at {done.act.recorded_at}; act {done.act.act_id}.")
    print("Tell the inspectorate by the fastest means that there are, too.")
