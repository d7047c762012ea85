"""Commands of a State officer's boards: waste, exemptions, notices, book statements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    day_of,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import (
    exit_code,
    finding_dict,
    show_findings,
    show_json,
    show_rows,
    show_with_findings,
)

OnOption = Annotated[
    str | None, typer.Option("--on", metavar="DATE", help="End of this day; default: today.")
]
NoticeArgument = Annotated[str, typer.Argument(metavar="NOTICE", help="Name of the notice.")]
DayText = Annotated[str | None, typer.Option(metavar="DATE")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(waste)
    app.command()(exemptions)
    notices = typer.Typer(help="Advance notices of transfers between States.", no_args_is_help=True)
    notices.command("list")(list_notices)
    notices.command()(check)
    notices.command()(add)
    notices.command()(confirm)
    notices.command()(withdraw)
    notices.command("import")(import_notices)
    app.add_typer(notices, name="notices")
    statements = typer.Typer(
        help="Statements of book inventory from the inspectorate.", no_args_is_help=True
    )
    statements.command("import")(import_statements)
    statements.command()(compare)
    statements.command("list")(list_statements)
    app.add_typer(statements, name="statements")


def waste(
    mba: Annotated[str | None, typer.Option("--mba", help="Only of this area.")] = None,
    on: OnOption = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the retained waste of each area.

    What was transferred (TW), what came back (FW), what is held, by batch. Exit code 1 if more
    came back than was transferred, or retained waste is listed as inventory.
    """
    from keiryo.api import knowledge_of
    from keiryo.oversight.register_entries import register_openings
    from keiryo.oversight.retained_waste import retained_waste

    books = opened(db)
    with books.database.reading() as connection:
        found = retained_waste(
            connection,
            books.database.metadata,
            day_or_today(on, "--on"),
            mba=mba,
            knowledge=knowledge_of(as_known, None),
            openings=register_openings(
                connection, books.database.metadata, books.database.evidence
            ),
        )
    data = found.to_dict()
    rows = [
        {
            "mba": account["mba"],
            "category": account["category"],
            "batch": line["batch"],
            **_columns("transferred", line),
            **_columns("returned", line),
            **_columns("held", line),
            "unit": account["unit"],
            "acts": " ".join(sorted({str(e["act"]) for e in line.get("entries", ())}, key=int)),
        }
        for account in data["accounts"]
        for line in (*account["batches"], {**account, "batch": "(total)"})
    ]
    title = f"Retained waste at the end of {data['on']}"
    empty = "No retained waste."
    show_with_findings(data, rows, found.findings, format_of(format_), title=title, empty=empty)
    raise typer.Exit(exit_code(found.findings))


def exemptions(
    try_: Annotated[
        list[str] | None,
        typer.Option(
            "--try",
            metavar="CATEGORY:ELEMENT:FISSILE",
            help="Would this fit, too? E.g. E:30000:1200; element in kg for N, D, T, else g.",
        ),
    ] = None,
    on: OnOption = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show exempted material and what room is left.

    On quantity, as INFCIRC/153 paragraph 37 counts it, against each limit; on use, what is
    exempted now. Exit code 1 if a limit is exceeded, or what is tried does not fit.
    """
    from keiryo.api import knowledge_of
    from keiryo.oversight.exemptions import exemptions as board
    from keiryo.oversight.register_entries import parse_amount, register_openings

    tried = [parse_amount(text) for text in try_ or ()]
    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        openings = register_openings(connection, metadata, books.database.evidence)
        known = knowledge_of(as_known, None)
        day = day_or_today(on, "--on")
        found = board(connection, metadata, day, knowledge=known, openings=openings)
    data = found.to_dict()
    trial = found.trial(tried) if tried else None
    data["try"] = None if trial is None else trial.to_dict()
    chosen = format_of(format_)
    limits = data["limits"]
    if chosen is not Format.TABLE:
        show_with_findings(data, limits, found.findings, chosen)
    else:
        show_rows(limits, chosen, title=f"Exempted on quantity at the end of {data['on']}")
        for name, words in (("quantity", "on quantity"), ("use", "on use")):
            entries = data[f"{name}_entries"]
            if entries:
                print()
                show_rows(data[name], chosen, title=f"Exempted {words}")
                print()
                show_rows(entries, chosen, title=f"Entries {words}")
            else:
                print(f"\nNothing was exempted {words}.")
        show_findings(found.findings)
    if trial is not None and chosen is Format.TABLE:
        print()
        show_rows(data["try"]["after"], chosen, title="With what is tried")
        letters = ", ".join(f"({letter})" for letter in trial.exceeded)
        print("It fits." if trial.fits else f"It does not fit: above the limit of {letters}.")
    too_much = trial is not None and not trial.fits
    raise typer.Exit(1 if too_much else exit_code(found.findings))


def list_notices(on: OnOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """List the notices, what is due, and transfers without one."""
    from keiryo.oversight.notices import notice_board

    books = opened(db)
    with books.database.reading() as connection:
        board = notice_board(connection, books.database.metadata, day_or_today(on, "--on"))
    data = board.to_dict()
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({**data, "findings": [finding_dict(f) for f in board.findings]})
        return
    columns = ["notice", "direction", "mba", "partner", "effective_kg", "notified", "transfer"]
    show_rows(
        data["notices"],
        chosen,
        title=f"Advance notices on {data['on']}",
        columns=[*columns, "recorded", "state", "due", "days_left"],
        empty="No notice is registered, so none is asked for.",
    )
    if chosen is Format.TABLE and data["without_notice"]:
        words = "without notice" if board.kept else "that would need one"
        print()
        rows = [{**row, "entries": " ".join(row["entries"])} for row in data["without_notice"]]
        show_rows(rows, chosen, title=f"Recorded transfers {words}")


def check(on: OnOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """Say what is late or missing.

    Exit code 1 if anything is.
    """
    from keiryo.oversight.notices import notice_board

    books = opened(db)
    with books.database.reading() as connection:
        board = notice_board(connection, books.database.metadata, day_or_today(on, "--on"))
    rows = [finding_dict(f) for f in board.findings]
    chosen = format_of(format_)
    if chosen is Format.TABLE:
        show_findings(board.findings)
        if not board.findings:
            print("Nothing is late." if board.kept else "No register of notices is kept.")
    else:
        show_rows(rows, chosen, columns=["rule", "severity", "mba", "report", "entry", "message"])
    raise typer.Exit(1 if board.findings else 0)


def add(
    notice: NoticeArgument,
    direction: Annotated[str, typer.Option("--direction", help="export or import.")],
    mba: Annotated[str, typer.Option("--mba", help="Area that ships or receives.")],
    partner: Annotated[str, typer.Option("--partner", help="Country code of the other State.")],
    weight: Annotated[
        str | None,
        typer.Option("--weight", metavar="CATEGORY:ELEMENT:FISSILE", help="E.g. E:40000:1760."),
    ] = None,
    contract: DayText = None,
    notified: Annotated[
        str | None, typer.Option(metavar="DATE", help="Leave out while it is only planned.")
    ] = None,
    prepared: DayText = None,
    transfer: DayText = None,
    safeguarded: Annotated[
        bool | None,
        typer.Option("--safeguarded/--unsafeguarded", help="At the receiver, if known."),
    ] = None,
    revise: Annotated[
        bool, typer.Option("--revise", help="Replace what is registered under the name.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Register a notice, given or planned."""
    from keiryo.oversight.notices import register_notices
    from keiryo.oversight.register_entries import parse_amount
    from keiryo.reports.rules_notices import AdvanceNotice

    amount = (None, None, None) if weight is None else parse_amount(weight)
    made = AdvanceNotice(
        notice=notice,
        direction=direction,
        mba=mba,
        partner=partner,
        category=amount[0],
        element_mg=amount[1],
        fissile_mg=amount[2],
        contract_on=optional_day(contract, "--contract"),
        notified_on=optional_day(notified, "--notified"),
        prepared_on=optional_day(prepared, "--prepared"),
        transfer_on=optional_day(transfer, "--transfer"),
        safeguarded=safeguarded,
    )
    books = opened(db)
    posted = register_notices(books.database, books.actor, [made], revise=revise)
    print(
        "It is registered in the same words."
        if posted is None
        else f"Recorded as act {posted.act.act_id}."
    )


def confirm(
    notice: NoticeArgument,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day of the confirmation.")],
    db: DbOption = None,
) -> None:
    """Record that the receiver confirmed receipt."""
    from keiryo.oversight.notices import confirm_notice

    books = opened(db)
    posted = confirm_notice(books.database, books.actor, notice, day_of(on, "--on"))
    if posted is None:
        print("That is recorded already.")
    else:
        print(f"Recorded as act {posted.act.act_id}.")


def withdraw(
    notice: NoticeArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why nothing comes of it.")],
    db: DbOption = None,
) -> None:
    """Withdraw a notice."""
    from keiryo.oversight.notices import withdraw_notice

    books = opened(db)
    posted = withdraw_notice(books.database, books.actor, notice, reason)
    print(f"Recorded as act {posted.act.act_id}.")


def import_notices(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file.")],
    revise: Annotated[
        bool, typer.Option("--revise", help="Replace what is registered under a name.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Register the notices of a CSV file.

    Columns: notice, direction, mba, partner; category, element, unit, fissile; contract,
    notified, prepared, transfer, safeguarded, confirmed. All or none is registered.
    """
    from keiryo.api import read_file
    from keiryo.errors import RefusedError
    from keiryo.oversight.notice_intake import read_notices
    from keiryo.oversight.notices import register_notices

    books = opened(db)
    content = read_file(file)
    notices, table = read_notices(file.name, content)
    if table.findings:
        raise RefusedError(
            "the notices were refused; nothing was recorded",
            table.findings,
            "Put right what the findings say and import the file again.",
        )
    posted = register_notices(
        books.database,
        books.actor,
        notices,
        revise=revise,
        evidence=(file.name, content, "advance notices"),
    )
    print(
        "All of them are registered already."
        if posted is None
        else f"{len(notices)} notices read, recorded as act {posted.act.act_id}."
    )


def import_statements(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the statement; default: the file's.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record book statements and compare them.

    Columns: mba, date, category, element, unit, fissile (g); for entries also report, entry,
    code, event_date, batch. Exit code 1 if a statement differs from the own book.
    """
    from keiryo.api import read_file
    from keiryo.oversight.statement_comparison import compare_statement
    from keiryo.oversight.statements import record_statements

    books = opened(db)
    recorded = record_statements(
        books.database, books.actor, file.name, read_file(file), statement=name
    )
    with books.database.reading() as connection:
        found = [
            compare_statement(connection, books.database.metadata, statement)
            for statement in recorded.statements
        ]
    if format_of(format_) is Format.TABLE:
        word = "was recorded before as" if recorded.repeated else "recorded as"
        print(f"{file.name} {word} act {recorded.act.act_id}.\n")
    _comparisons(found, format_, recorded.act.act_id)


def compare(
    name: Annotated[
        str | None, typer.Argument(metavar="[STATEMENT]", help="Name; default: all.")
    ] = None,
    mba: Annotated[str | None, typer.Option("--mba", help="Only of this area.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Compare recorded statements with the own book.

    Exit code 1 if one differs.
    """
    from keiryo.oversight.statement_comparison import compare_statement
    from keiryo.oversight.statements import statements_recorded

    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        statements = statements_recorded(connection, metadata, mba=mba, name=name)
        found = [compare_statement(connection, metadata, s) for s in statements]
    _comparisons(found, format_, None)


def list_statements(
    mba: Annotated[str | None, typer.Option("--mba", help="Only of this area.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the statements that were recorded."""
    from keiryo.oversight.statements import statements_recorded

    books = opened(db)
    with books.database.reading() as connection:
        found = statements_recorded(connection, books.database.metadata, mba=mba)
    data = [s.to_dict() for s in found]
    chosen = format_of(format_)
    if chosen is not Format.JSON:
        data = [{**row, "books": len(row["books"])} for row in data]
    show_rows(data, chosen, empty="No statement is recorded.")


def _comparisons(found: Sequence[Any], format_: Format | None, act: int | None) -> None:
    chosen = format_of(format_)
    findings = [f for comparison in found for f in comparison.findings]
    data = [
        {
            **comparison.to_dict(),
            **({} if act is None else {"act": act}),
            "findings": [finding_dict(f) for f in comparison.findings],
        }
        for comparison in found
    ]
    if chosen is Format.JSON:
        show_json(data)
        raise typer.Exit(exit_code(findings))
    rows = [
        {
            "statement": comparison["statement"],
            "mba": comparison["mba"],
            "date": comparison["date"],
            "category": row["category"],
            **_columns("stated", row),
            **_columns("own", row),
            **_columns("own_as_known", row),
            **_columns("difference", row),
            "unit": row["own"]["unit"],
            "equal": "yes" if row["equal"] else "no",
        }
        for comparison in data
        for row in comparison["books"]
    ]
    show_rows(rows, chosen, title="Stated and own book", empty="No statement is recorded.")
    if chosen is Format.TABLE:
        show_findings(findings)
    raise typer.Exit(exit_code(findings))


def _columns(name: str, line: dict[str, Any]) -> dict[str, Any]:
    weights = line[name] or {"element": None, "fissile": None}
    return {f"{name} element": weights["element"], f"{name} fissile g": weights["fissile"]}
