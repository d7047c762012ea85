"""Commands of the findings that were recorded with acts: list, assign, answer, follow them."""

from __future__ import annotations

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
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from keiryo.oversight.worklist import Place, Wanted

MbaOption = Annotated[str | None, typer.Option("--mba", help="Only of this area.")]
CodeOption = Annotated[str | None, typer.Option("--code", help="Only with this rule code.")]
SeverityOption = Annotated[str | None, typer.Option("--severity", help="Only F, E, W or I.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Only of this owner.")]
OverdueOption = Annotated[bool, typer.Option("--overdue", help="Only those that are overdue.")]
UnownedOption = Annotated[bool, typer.Option("--unowned", help="Only those without an owner.")]
EveryOption = Annotated[
    bool, typer.Option("--all/--open", help="Answered ones, too; or only open ones (default).")
]
OnOption = Annotated[
    str | None, typer.Option("--on", metavar="DATE", help="Seen from this day; default: today.")
]
PlaceArgument = Annotated[
    list[str], typer.Argument(metavar="ACT/LINE", help="The finding, e.g. 5/6 (or: 5 6).")
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Findings: what is open, who answers it, and what was answered.",
        invoke_without_command=True,
    )
    group.callback()(open_ones)
    group.command("list")(list_)
    group.command()(show)
    group.command()(assign)
    group.command()(answer)
    group.command()(close)
    group.command()(reopen)
    group.command()(refresh)
    app.add_typer(group, name="findings")


def open_ones(
    context: typer.Context,
    mba: MbaOption = None,
    code: CodeOption = None,
    severity: SeverityOption = None,
    owner: OwnerOption = None,
    overdue: OverdueOption = False,
    unowned: UnownedOption = False,
    every: EveryOption = False,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show findings: what is open, who answers it, and what was answered.

    Without a command, the same as 'keiryo findings list'.
    """
    if context.invoked_subcommand is None:
        list_(mba, code, severity, owner, overdue, unowned, every, on, db, format_)


def list_(
    mba: MbaOption = None,
    code: CodeOption = None,
    severity: SeverityOption = None,
    owner: OwnerOption = None,
    overdue: OverdueOption = False,
    unowned: UnownedOption = False,
    every: EveryOption = False,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the findings that are open.

    Filters narrow the list; --all shows answered ones, too.
    """
    from keiryo.oversight.worklist import work_list

    day = day_or_today(on, "--on")
    wanted = _wanted(mba, code, severity, owner, overdue, unowned, every)
    books = opened(db)
    with books.database.reading() as connection:
        items = work_list(connection, books.database.metadata, day, wanted)
    rows = [item.to_dict() for item in items]
    columns = ["act", "line", "state", "severity", "code", "mba", "report", "entry_no"]
    if any(row["owner"] for row in rows):  # a list that nobody assigned stays narrow
        columns += ["owner", "due", "age_days"]
    show_rows(rows, format_of(format_), columns=[*columns, "message"], empty="No finding is open.")


def show(
    place: PlaceArgument,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show one finding and everything that happened to it."""
    from keiryo.oversight.worklist import finding_history

    books, day = opened(db), day_or_today(on, "--on")
    with books.database.reading() as connection:
        item, steps = finding_history(connection, books.database.metadata, _place(place), day)
    data = item.to_dict()
    rows = [step.to_dict() for step in steps]
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({**data, "history": rows})
        return
    if chosen is Format.TABLE:
        print(f"{data['code']} ({data['severity']}), {data['state']}: {data['message']}")
        for name in ("advice", "mba", "report", "entry_no", "file", "cell", "found", "expected",
                     "basis", "owner", "due"):  # fmt: skip
            if data[name] is not None:
                print(f"  {name.replace('_', ' ')}: {data[name]}")
    show_rows(rows, chosen, title="History")


def assign(
    to: Annotated[str, typer.Option("--to", metavar="OWNER", help="A role or a pseudonym.")],
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ACT/LINE]...", help="The findings, e.g. 5/6 5/7."),
    ] = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="DATE", help="Day by which to answer.")
    ] = None,
    mba: MbaOption = None,
    code: CodeOption = None,
    severity: SeverityOption = None,
    owner: OwnerOption = None,
    overdue: OverdueOption = False,
    unowned: UnownedOption = False,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Say who is to answer findings, and by when.

    Name the findings, or give filters: then all open findings that they leave are assigned.
    """
    from keiryo.errors import UsageError
    from keiryo.oversight.worklist import assign as post_assignment

    wanted = _wanted(mba, code, severity, owner, overdue, unowned, every=False)
    if not places and not wanted.is_filter:
        raise UsageError("which findings?", "Name them as ACT/LINE, or give a filter.")
    if places and wanted.is_filter:
        raise UsageError("findings are named, and filters are given", "Give one or the other.")
    books = opened(db)
    posted, count = post_assignment(
        books.database,
        books.actor,
        to,
        optional_day(due, "--due"),
        places=[_place([text]) for text in places or ()],
        wanted=None if places else wanted,
        on=day_or_today(on, "--on"),
    )
    word = "1 finding" if count == 1 else f"{count} findings"
    print(f"Assigned {word} to {to}, recorded as act {posted.act.act_id}.")


def answer(
    place: PlaceArgument,
    words: Annotated[str, typer.Option("--answer", help="The answer in words.")],
    reopen: Annotated[bool, typer.Option("--reopen", help="Open it again instead.")] = False,
    keep_open: Annotated[
        bool, typer.Option("--keep-open", help="Leave it open: an answer is not yet the end.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Answer a finding, which closes it."""
    _answered(place, words, "open" if reopen or keep_open else "closed", "finding.answer", db)


def close(
    place: PlaceArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why it can be closed.")],
    db: DbOption = None,
) -> None:
    """Close a finding."""
    _answered(place, reason, "closed", "finding.close", db)


def reopen(
    place: PlaceArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why it is open again.")],
    db: DbOption = None,
) -> None:
    """Open a finding again."""
    _answered(place, reason, "open", "finding.reopen", db)


def refresh(on: OnOption = None, db: DbOption = None, format_: FormatOption = None) -> None:
    """Record what the boards ask today.

    Advance notices and book statements: what is new comes on the list, what is settled is
    closed. What follows from reports alone is looked at when they come in.
    """
    from keiryo.oversight.standing_questions import record_standing_questions

    books = opened(db)
    day = day_or_today(on, "--on")
    new, settled = record_standing_questions(books.database, books.actor, day)
    if format_of(format_) is Format.JSON:
        show_json({"new": new, "settled": settled})
    else:
        print(f"New findings: {new}. Settled: {settled}. See 'keiryo findings list'.")


def _answered(place: list[str], words: str, state: str, kind: str, db: str | None) -> None:
    from keiryo.oversight.worklist import answer as post_answer

    books = opened(db)
    posted = post_answer(books.database, books.actor, _place(place), words, state, kind=kind)
    print(f"Recorded as act {posted.act.act_id}.")


def _place(words: list[str]) -> Place:
    from keiryo.errors import UsageError

    parts = "/".join(words).split("/")
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() and len(p) < 19 for p in parts):
        raise UsageError(
            f"{' '.join(words)!r} names no finding", "Write ACT/LINE, e.g. 5/6, as the list says."
        )
    return int(parts[0]), int(parts[1])


def _wanted(
    mba: str | None,
    code: str | None,
    severity: str | None,
    owner: str | None,
    overdue: bool,
    unowned: bool,
    every: bool,
) -> Wanted:
    from keiryo.errors import Severity, UsageError
    from keiryo.oversight.worklist import Wanted

    known: list[Any] = list(Severity)
    if severity is not None and severity not in known:
        raise UsageError(f"{severity!r} is no severity", "Give F, E, W or I.")
    return Wanted(mba, code, severity, owner, every, overdue, unowned)
