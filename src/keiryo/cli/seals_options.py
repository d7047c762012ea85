"""What the commands of seals share: their options, and how an event is put together of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, opened

if TYPE_CHECKING:
    from keiryo.journal.model import Posted

SealArgument = Annotated[
    str, typer.Argument(metavar="SEAL", help="Issuing body and number, e.g. XA/0042.")
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="MOMENT",
        help="Day, time and offset, e.g. 2026-07-24T09:00+09:00; default: now.",
    ),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="PERSON", help="Who did it (twice for two); default: you."),
]
PlaceOption = Annotated[
    str | None, typer.Option("--place", metavar="PLACE", help="Where, in words.")
]
RoleOption = Annotated[
    str | None,
    typer.Option("--role", help="Role of the person: inspector, custodian, supervisor …"),
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; what happened.")
]
RemarkOption = Annotated[str | None, typer.Option("--remark", metavar="TEXT", help="Remark.")]
PhotoOption = Annotated[
    list[Path] | None,
    typer.Option("--photo", metavar="FILE", help="A photograph or file; it is kept (repeatable)."),
]
ReferenceOption = Annotated[
    Path | None, typer.Option("--reference", metavar="FILE", help="The reference image; kept.")
]
CorrectsOption = Annotated[
    str | None,
    typer.Option("--corrects", metavar="LINE", help="The event that this corrects: line:12/3."),
]


@dataclass(frozen=True, slots=True)
class Usual:
    """What is stated with every event of a seal: who, when, what shows it, what it corrects."""

    by: ByOption = None
    photo: PhotoOption = None
    at: AtOption = None
    corrects: CorrectsOption = None
    db: DbOption = None


def event_command(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options of every event, which `function` takes as ``usual``."""
    signature = inspect.signature(function, eval_str=True)
    own = [one for one in signature.parameters.values() if one.name != "usual"]
    shared = list(inspect.signature(Usual, eval_str=True).parameters.values())
    names = [one.name for one in fields(Usual)]

    @wraps(function)
    def command(**given: Any) -> None:
        function(Usual(**{name: given.pop(name) for name in names}), **given)

    parameters = [*own, *shared]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def moment(given: str | None) -> str:
    """Return a moment in UTC as the record holds it; now, if none is given."""
    import datetime

    from keiryo.containment.instants import instant_utc
    from keiryo.dates import utc_text

    return utc_text(datetime.datetime.now(datetime.UTC)) if given is None else instant_utc(given)


def content(path: Path) -> tuple[str, bytes]:
    """Return name and content of a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    from keiryo.errors import UsageError

    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Name a file.") from None


def corrected(line: str | None) -> dict[str, Any]:
    """Return the act and the line of the event that is corrected.

    Raises
    ------
    UsageError
        If it is no line.
    """
    from keiryo.errors import UsageError
    from keiryo.journal.dependents import line_of

    if line is None:
        return {}
    place = line_of(line if line.startswith("line:") else f"line:{line}")
    if place is None:
        raise UsageError(f"{line[:40]!r} names no line", "Write it as in line:12/3.")
    return {"corrects_act": place[0], "corrects_line": place[1]}


def report(
    usual: Usual,
    seals: Sequence[str],
    event: str,
    *,
    reference: Path | None = None,
    items: Sequence[str] = (),
    **fields: Any,
) -> Posted:
    """Record one event of each of some seals, and say so."""
    from keiryo.errors import UsageError
    from keiryo.seals.events import SealEvent
    from keiryo.seals.numbers import seal_key
    from keiryo.seals.recording import SealReport, record

    by = usual.by or []
    if len(by) > 2:
        raise UsageError("at most two persons are named", "Name the others in the remark.")
    books = opened(usual.db)
    persons = by or [books.actor.person]
    photos = tuple(content(one) for one in usual.photo or ())
    image = None if reference is None else content(reference)
    when = moment(usual.at)
    reports = []
    for text in seals:
        key = seal_key(text)
        made = SealEvent(
            key.body,
            key.number,
            event,
            when,
            persons[0],
            persons[1] if len(persons) > 1 else None,
            items=tuple(items),
            **corrected(usual.corrects),
            **fields,
        )
        reports.append(SealReport(made, photos=photos, reference=image))
    done = record(books.database, books.actor, reports)
    print(f"{event} of {', '.join(seals)} is recorded in act {done.act.act_id}.")
    told(books, done.act.act_id)
    return done


def told(books: Any, act: int) -> None:
    """Print the findings of an act."""
    from sqlalchemy import select

    from keiryo.journal.tables import FINDING

    table = books.database.metadata.tables[FINDING.name]
    query = select(table).where(table.c.act_id == act).order_by(table.c.line_no)
    with books.database.reading() as connection:
        for row in connection.execute(query).mappings():
            print(f"  {row['code']}: {row['message']}")
            if row["advice"]:
                print(f"    → {row['advice']}")
