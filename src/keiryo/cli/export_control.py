"""Commands of export control: listed items, licences, shipments, notices, declarations, traders."""

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
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from keiryo.export_control.licences import Licence, LicenceRegister

OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
EveryOption = Annotated[bool, typer.Option("--all", help="Also what lies before the day.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Export control: what may leave the State, under which licence, announced when.",
        no_args_is_help=True,
    )
    group.command("import")(import_)
    for command in (items, licences, match, rule, notices, declaration, traders, queue):
        group.command()(command)
    app.add_typer(group, name="export-control")


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TOML or JSON.", exists=True, dir_okay=False)
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="LIST",
            help="Which list a CSV file is: items, licences, steps, assurances, transfers, "
            "recognitions, traders, consignments. Default: seen from its name.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what is found; record nothing.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record items, licences, assurances, exports, traders or consignments from a file.

    Nothing is recorded unless all of it holds. What stands in the books in the same words is left
    as it is, so that the same file can be sent again.
    """
    from keiryo.export_control.recording import check_file, record_file

    books, content, chosen = opened(db), file.read_bytes(), format_of(format_)
    if check:
        objects, findings = check_file(books.database, file.name, content, kind)
        if chosen is Format.JSON:
            told = [finding_dict(one) for one in findings]
            show_json({"objects": objects, "findings": told})
        else:
            print(f"{objects} objects; {len(findings)} findings.")
            show_findings(findings)
        if code := exit_code(findings):
            raise typer.Exit(code)
        return
    done = record_file(books.database, books.actor, file.name, content, kind)
    if chosen is Format.JSON:
        show_json(
            {
                "act": None if done.act is None else done.act.act_id,
                "recorded": done.recorded,
                "unchanged": done.unchanged,
                "findings": [finding_dict(one) for one in done.findings],
            }
        )
        return
    if done.act is None:
        print(f"Nothing is new: all {done.unchanged} objects stand in the books like this.")
    else:
        print(f"Recorded {done.recorded} objects in act {done.act.act_id}; {done.unchanged} stood.")
    show_findings(done.findings)


def items(
    structure: Annotated[
        bool, typer.Option("--structure", help="The entries of the control lists instead.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the items of these books, or the structure of the control lists."""
    from keiryo.export_control.items import control_lists, recorded_items

    if structure:
        rows = [
            {"list": one.name, "entry": entry, "title": title, "status": one.status}
            for one in control_lists().values()
            for entry, title in one.entries.items()
        ]
        show_rows(rows, format_of(format_))
        return
    books = opened(db)
    with books.database.reading() as connection:
        found = recorded_items(connection, books.database.metadata)
    chosen = format_of(format_)
    rows = [one.to_dict() for one in found.values()]
    if chosen is not Format.JSON:
        rows = [{**row, "categories": "".join(row["categories"])} for row in rows]
    columns = ["item", "list", "entry", "annex_entry", "title", "categories", "unit", "line"]
    show_rows(rows, chosen, columns=columns, empty="No items: 'keiryo export-control import'.")


def licences(
    number: Annotated[
        str | None, typer.Argument(metavar="[LICENCE]", help="Only this one.", show_default=False)
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List licences with what is left of each line, as they stand on a day."""
    from keiryo.errors import NotFoundError
    from keiryo.export_control.books import match_shipments, shipments
    from keiryo.export_control.licences import read_licences

    day, books, chosen = day_or_today(on, "--on"), opened(db), format_of(format_)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        known = read_licences(connection, metadata)
        every = [one for one in shipments(connection, metadata) if one.on <= day]
    _found, drawing = match_shipments(known, every)
    if number is not None and number not in known.licences:
        raise NotFoundError(
            f"there is no licence {number[:60]!r} in these books",
            "'keiryo export-control licences' lists their numbers.",
        )
    wanted = [one for one in known.licences.values() if number in (None, one.number)]
    rows = [_licence(one, known, drawing.used, day) for one in wanted]
    if chosen is Format.JSON:
        show_json(rows)
        return
    flat = [
        {"licence": row["licence"], "state": row["state"], "partner": row["partner"], **line}
        for row in rows
        for line in row["lines"]
    ]
    columns = [
        *("licence", "number", "state", "partner", "item", "quantity", "used", "remaining"),
        *("unit", "consignee", "valid_from", "valid_to"),
    ]
    show_rows(flat, chosen, columns=columns, empty="No licences: 'keiryo export-control import'.")


def _licence(one: Licence, known: LicenceRegister, used: Any, day: datetime.date) -> dict[str, Any]:
    from keiryo.export_control.licences import quantity_text

    values = one.values
    return {
        "licence": one.number,
        "amendment": one.amendment,
        "direction": one.direction,
        "state": one.standing_on(day),
        "authority": values["authority"],
        "exporter": values["exporter"],
        "partner": one.partner,
        "conditions": values["conditions"],
        "reexport": values["reexport"],
        "tolerance": values["tolerance"],
        "assurances": [a.name for a in known.assurances if a.is_about(one, day)],
        "lines": [
            {
                "number": line.number,
                "item": line.item,
                "categories": list(line.categories),
                "quantity": quantity_text(line.quantity),
                "used": quantity_text(used.get(line.name, 0)),
                "remaining": quantity_text(line.quantity - used.get(line.name, 0)),
                "unit": line.unit,
                "counts": line.counts,
                "consignee": line.consignee,
                "place": line.place,
                "end_user": line.end_user,
                "end_use": line.end_use,
                "valid_from": line.valid_from.isoformat(),
                "valid_to": line.valid_to.isoformat(),
                "needs_assurance": line.needs_assurance,
                "line": line.line,
            }
            for line in one.lines
        ],
        "line": one.line,
    }


def match(
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those against which something stands.")
    ] = False,
    direction: Annotated[
        str | None, typer.Option("--direction", help="Only export, or only import.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List each shipment with its licence, or everything that stands against it."""
    from keiryo.errors import UsageError
    from keiryo.export_control.books import match_shipments, shipments
    from keiryo.export_control.licences import read_licences

    if direction not in (None, "export", "import"):
        raise UsageError(f"there is no direction {direction!r}", "Write export or import.")
    first, last = optional_day(from_, "--from"), optional_day(to, "--to")
    books, chosen = opened(db), format_of(format_)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        known = read_licences(connection, metadata)
        found, _drawing = match_shipments(known, shipments(connection, metadata))
    rows = [
        one.to_dict()
        for one in found
        if direction in (None, one.shipment.direction)
        and (not failed or one.failed)
        and (first is None or one.shipment.on >= first)
        and (last is None or one.shipment.on <= last)
    ]
    if chosen is not Format.JSON:
        rows = [{**row, "failed": " ".join(row["failed"])} for row in rows]
    columns = [
        *("on", "direction", "state", "mba", "batch", "transfer", "partner", "quantity", "unit"),
        *("result", "failed", "licence", "remaining", "line"),
    ]
    show_rows(rows, chosen, columns=columns, empty="Nothing crossed the border.")


def rule(
    mode: Annotated[
        str | None,
        typer.Argument(metavar="[refuse|warn|off]", help="Default: show it.", show_default=False),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the record.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="Earlier shipments are noted only."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show or record what happens to a shipment that no licence covers."""
    from keiryo.export_control.licences import read_licences
    from keiryo.export_control.recording import set_rule

    books = opened(db)
    if mode is not None:
        day = optional_day(from_, "--from")
        done = set_rule(books.database, books.actor, mode, reason or "", from_day=day)
        print(f"Recorded in act {done.act.act_id}.")
        return
    with books.database.reading() as connection:
        known = read_licences(connection, books.database.metadata)
    rows = [
        {"direction": way, "rule": known.rule.mode if begin else "no licences", "from": begin}
        for way in ("export", "import")
        for begin in (known.begins(way),)
    ]
    show_rows(rows, format_of(format_))


def notices(
    on: OnOption = None,
    every: EveryOption = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the advance notices that are due, by effective kilograms and three-month windows."""
    from keiryo.export_control.declaration import notices as clock

    day, books, chosen = day_or_today(on, "--on"), opened(db), format_of(format_)
    with books.database.reading() as connection:
        found = clock(connection, books.database.metadata, since=None if every else day)
    rows = found.rows(day, every=every)
    if chosen is Format.JSON:
        told = [finding_dict(one) for one in found.findings]
        show_json({"on": day.isoformat(), "notices": rows, "findings": told})
        return
    flat = [{**row, "shipments": ", ".join(row["shipments"])} for row in rows]
    columns = ["due", "state", "partner", "effective_kg", "window_from", "shipments"]
    show_rows(flat, chosen, columns=columns, empty="Nothing is to be announced.")
    if chosen is Format.TABLE:
        show_findings(found.findings)


def declaration(
    quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="E.g. 2026-Q1.")],
    imports: Annotated[
        bool, typer.Option("--imports", help="Imports instead, which are confirmed on request.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the data of the quarterly declaration of exports (Annex II)."""
    from keiryo.export_control.declaration import COLUMNS
    from keiryo.export_control.declaration import declaration as declared
    from keiryo.export_control.declaration import quarter as days_of

    period, books, chosen = days_of(quarter), opened(db), format_of(format_)
    way = "import" if imports else "export"
    with books.database.reading() as connection:
        data = declared(connection, books.database.metadata, period, direction=way)
    if chosen is Format.JSON:
        show_json(data)
        return
    title = f"{data['quarter']}, {data['from']} to {data['to']}"
    title = f"{title}, due by {data['due']}" if data["due"] else title
    columns = list(COLUMNS)
    show_rows(data["entries"], chosen, title=title, columns=columns, empty="Nothing to declare.")


def traders(on: OnOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """List trusted traders with the status that counts on a day, and why."""
    from keiryo.export_control.traders import read_traders

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        known = read_traders(connection, books.database.metadata)
    rows = [known.status(name, day).to_dict() for name in sorted(known.traders)]
    columns = ["trader", "programme", "number", "tier", "tier_that_counts", "reason", "line"]
    show_rows(rows, format_of(format_), columns=columns, empty="No traders are recorded.")


def queue(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Only those that pass on this day.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List consignments in the order in which they are looked at, with the reasons.

    The score orders the queue; it opens no gate.
    """
    from keiryo.export_control.traders import queue as queued

    day, books, chosen = optional_day(on, "--on"), opened(db), format_of(format_)
    with books.database.reading() as connection:
        rows = [one.to_dict() for one in queued(connection, books.database.metadata, day)]
    if chosen is not Format.JSON:
        for row in rows:
            parts = [f"{one['what']} {one['points']:+d}" for one in row["points"] if one["points"]]
            row["points"] = ", ".join(parts)
            row["no_credit_because"] = ", ".join(row["no_credit_because"])
    columns = [
        *("score", "consignment", "container", "passed_on", "trader", "points"),
        *("no_credit_because", "status"),
    ]
    show_rows(rows, chosen, columns=columns, empty="No consignments are recorded.")
