"""Commands of the findings that were recorded with acts: list them, answer them."""

from __future__ import annotations

from typing import Annotated

import typer

from keiryo.cli.options import DbOption, FormatOption, format_of, opened
from keiryo.cli.output import show_rows


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Findings: what is open, and what was answered.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(answer)
    app.add_typer(group, name="findings")


def list_(
    every: Annotated[bool, typer.Option("--all", help="Answered ones, too.")] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the findings that are open."""
    from sqlalchemy import select

    from keiryo.journal.tables import FINDING
    from keiryo.reports.continuity import closed_findings

    books = opened(db)
    table = books.database.metadata.tables[FINDING.name]
    with books.database.reading() as connection:
        closed = closed_findings(connection, books.database.metadata)
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        found = list(connection.execute(query).mappings())
    names = ("severity", "code", "mba", "report", "entry_no", "message")
    rows = [
        {
            "act": row["act_id"],
            "line": row["line_no"],
            "state": "closed" if (row["act_id"], row["line_no"]) in closed else "open",
            **{name: row[name] for name in names},
        }
        for row in found
        if every or (row["act_id"], row["line_no"]) not in closed
    ]
    show_rows(rows, format_of(format_), empty="No finding is open.")


def answer(
    act: Annotated[int, typer.Argument(metavar="ACT", help="Act that holds the finding.")],
    line: Annotated[int, typer.Argument(metavar="LINE", help="Its line.")],
    words: Annotated[str, typer.Option("--answer", help="The answer in words.")],
    reopen: Annotated[bool, typer.Option("--reopen", help="Open it again instead.")] = False,
    db: DbOption = None,
) -> None:
    """Answer a finding, which closes it."""
    import uuid

    from sqlalchemy import select

    from keiryo.errors import NotFoundError
    from keiryo.journal.model import Draft
    from keiryo.journal.tables import FINDING, FINDING_ANSWER

    books = opened(db)
    table = books.database.metadata.tables[FINDING.name]
    with books.database.reading() as connection:
        query = select(table.c.scope).where(table.c.act_id == act, table.c.line_no == line)
        scope = connection.execute(query).scalar()
    if scope is None:
        raise NotFoundError(
            f"line {line} of act {act} is no finding", "See 'keiryo findings list'."
        )
    draft = Draft("finding.answer", f"finding.answer:{uuid.uuid4()}", reason=words)
    draft.add(
        FINDING_ANSWER.name,
        scope=str(scope),
        finding_act=act,
        finding_line=line,
        answer=words,
        state="open" if reopen else "closed",
    )
    print(f"Recorded as act {books.post(draft).act.act_id}.")
