"""Commands of statements on protection and reviews of access: an answer and counts, no numbers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    FormatOption,
    day_or_today,
    opened,
    optional_day,
)
from keiryo.cli.protection_events import ThroughOption
from keiryo.cli.protection_findings import scope_of, show_some
from keiryo.cli.protection_plans import (
    FacilityOption,
    FileOption,
    OnOption,
    ReasonOption,
    named,
    rows_of_file,
    tell,
)

HeadOption = Annotated[
    str | None,
    typer.Option("--store-head", metavar="HASH", help="Head hash of the sealed store."),
]


def add_statements(group: typer.Typer) -> None:
    """Add the commands to the group of physical protection."""
    group.command("statement")(statement)
    group.command("access-review")(access_review)
    group.command("statements")(statements)


def statement(
    statement: Annotated[
        str | None, typer.Argument(metavar="STATEMENT", help="Name of the statement.")
    ] = None,
    facility: FacilityOption = None,
    target: Annotated[str | None, typer.Option("--target", help="Opaque reference.")] = None,
    required_level: Annotated[
        str | None, typer.Option("--required-level", help="Reference of the required level.")
    ] = None,
    meets: Annotated[str | None, typer.Option("--meets", help="yes, partly or no.")] = None,
    evaluated_on: Annotated[str | None, typer.Option("--evaluated-on", metavar="DATE")] = None,
    valid_until: Annotated[str | None, typer.Option("--valid-until", metavar="DATE")] = None,
    evaluated_by: Annotated[str | None, typer.Option("--evaluated-by", metavar="PSEUDONYM")] = None,
    approved_by: Annotated[
        str | None, typer.Option("--approved-by", metavar="PSEUDONYM", help="Default: you.")
    ] = None,
    store_head: HeadOption = None,
    evaluation_ref: Annotated[
        str | None, typer.Option("--evaluation-ref", help="Reference in the sealed store.")
    ] = None,
    withdrawn_on: Annotated[str | None, typer.Option("--withdrawn-on", metavar="DATE")] = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record whether the protection of a target meets the required level; no value is recorded."""
    from keiryo.security_regime.event_files import STATEMENTS
    from keiryo.security_regime.statement_recording import record_statements

    row: dict[str, Any] = {
        "facility": facility,
        "target": target,
        "required_level": required_level,
        "meets": meets,
        "evaluated_on": optional_day(evaluated_on, "--evaluated-on"),
        "valid_until": optional_day(valid_until, "--valid-until"),
        "evaluated_by": evaluated_by,
        "approved_by": approved_by,
        "store_head": store_head,
        "evaluation_ref": evaluation_ref,
        "withdrawn_on": optional_day(withdrawn_on, "--withdrawn-on"),
        "reason": reason,
    }
    one = named(row, file, statement=statement)
    more = rows_of_file(file, STATEMENTS)
    books = opened(db)
    tell(record_statements(books.database, books.actor, **{**one, **more}), format_)


def access_review(
    review: Annotated[
        str | None, typer.Argument(metavar="REVIEW", help="Name of the review.")
    ] = None,
    facility: FacilityOption = None,
    area: Annotated[
        str | None, typer.Option("--area", help="Opaque reference; default: the whole facility.")
    ] = None,
    from_day: Annotated[str | None, typer.Option("--from", metavar="DATE")] = None,
    to_day: Annotated[str | None, typer.Option("--to", metavar="DATE")] = None,
    events: Annotated[int | None, typer.Option("--events", min=0)] = None,
    violations: Annotated[int | None, typer.Option("--violations", min=0)] = None,
    open_irregularities: Annotated[int | None, typer.Option("--open-irregularities", min=0)] = None,
    reviewed_by: Annotated[
        str | None, typer.Option("--reviewed-by", metavar="PSEUDONYM", help="Default: you.")
    ] = None,
    reviewed_on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Day of the review.")
    ] = None,
    store_head: HeadOption = None,
    reason: ReasonOption = None,
    file: FileOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record that the records of access were reviewed: counts, never times or zones."""
    from keiryo.security_regime.event_files import ACCESS_REVIEWS
    from keiryo.security_regime.statement_recording import record_access_reviews

    row: dict[str, Any] = {
        "facility": facility,
        "area": area,
        "from_day": optional_day(from_day, "--from"),
        "to_day": optional_day(to_day, "--to"),
        "events": events,
        "violations": violations,
        "open_irregularities": open_irregularities,
        "reviewed_by": reviewed_by,
        "reviewed_on": optional_day(reviewed_on, "--on"),
        "store_head": store_head,
        "reason": reason,
    }
    one = named(row, file, review=review)
    more = rows_of_file(file, ACCESS_REVIEWS)
    books = opened(db)
    tell(record_access_reviews(books.database, books.actor, **{**one, **more}), format_)


def statements(
    facility: FacilityOption = None,
    in_force: Annotated[
        bool, typer.Option("--in-force", help="Only those in force on the day.")
    ] = False,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="The reviews of access instead.")
    ] = False,
    on: OnOption = None,
    through_act: ThroughOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the statements, each with how it stands on a day, or the reviews of access."""
    from keiryo.security_regime.statement_record import (
        IN_FORCE,
        read_statements,
        told_statements,
    )

    day, books = day_or_today(on, "--on"), opened(db)
    scope, metadata = scope_of(books.state, facility), books.database.metadata
    with books.database.reading() as connection:
        known = read_statements(connection, metadata, scope=scope, through_act=through_act)
    if reviews:
        rows = [one.to_dict() for one in known.reviews.values()]
        columns = [
            *("review", "scope", "area", "from", "to", "events", "violations"),
            *("open_irregularities", "reviewed_on", "line"),
        ]
        show_some(rows, columns, format_, "No reviews of access.")
        return
    told = told_statements(known, day)
    rows = [one for one in told if one["standing"] == IN_FORCE or not in_force]
    columns = [
        *("statement", "scope", "target", "required_level", "meets", "evaluated_on"),
        *("valid_until", "standing", "line"),
    ]
    show_some(rows, columns, format_, "No statements.")
