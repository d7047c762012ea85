"""Commands of the sealed store: access reviewed where its records lie, irregularities resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import DbOption, FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_store_opening import (
    MemberOption,
    PassphraseOption,
    ReasonOption,
    StoreOption,
    chosen,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from keiryo.access_control.case import Case


def review_access(
    setup: Annotated[str, typer.Option("--setup", metavar="RECORD", help="The setup, R-...")],
    log: Annotated[str, typer.Option("--log", metavar="RECORD", help="The records of access.")],
    reason: ReasonOption,
    authorisations: Annotated[
        str | None, typer.Option("--authorisations", metavar="RECORD", help="Who may be where.")
    ] = None,
    work_orders: Annotated[
        str | None, typer.Option("--work-orders", metavar="RECORD", help="Work orders.")
    ] = None,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="RECORD", help="What other systems recorded, and limits."),
    ] = None,
    rule: Annotated[
        str | None, typer.Option("--rule", metavar="RECORD", help="The two-person rule.")
    ] = None,
    books: Annotated[
        bool, typer.Option("--books", help="Add what the books have; needs --case with places.")
    ] = False,
    db: DbOption = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Review access with what is kept: the result and each irregularity are sealed as records.

    Only counts are printed. Ends with 1 if something is to be resolved.
    """
    from keiryo.errors import UsageError
    from keiryo.security_store.access_reviews import Given
    from keiryo.security_store.access_reviews import review_access as compute

    if books and case is None:
        raise UsageError("--books needs --case", "It says which area belongs to which place.")
    mine = opened(store, member, passphrase_file)
    given = Given(setup, log, authorisations, work_orders, case, rule)
    found = compute(mine, given, reason, books=_adder(db) if books else None)
    told = found.to_dict()
    if chosen(format_) == "json":
        show_json(told)
    else:
        rules = ", ".join(f"{rule}: {n}" for rule, n in found.by_rule.items()) or "none"
        print(f"{found.record}: {found.findings} findings to resolve; irregularities: {rules}")
        if found.violations is not None:
            print(f"The two-person rule was violated {found.violations} times.")
        print(f"{len(found.raised)} irregularities were raised, {found.known} had been before.")
    raise typer.Exit(1 if found.findings or found.violations or found.raised else 0)


def _adder(db: str | None) -> Callable[[Case], Case]:
    """Return what adds to a case what the books have."""

    def add(case: Case) -> Case:
        from keiryo.access_review.collect import with_books
        from keiryo.cli.options import opened as open_books

        database = open_books(db).database
        with database.reading() as connection:
            return with_books(connection, database.metadata, case)

    return add


def irregularities(
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    reason: ReasonOption = "irregularities",
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """List irregularities: rule, state, by when; 'store show RECORD' shows one in full."""
    from keiryo.access_control.findings import utc_text
    from keiryo.access_control.irregularity import CLOSED
    from keiryo.security_store.access_reviews import irregularities as kept

    mine = opened(store, member, passphrase_file)
    rows = [
        {
            "record": title.record,
            "rule": one.rule,
            "severity": one.severity,
            "state": one.state,
            "due": utc_text(one.due_ns),
            "raised_by": one.steps[0].by,
        }
        for title, one in kept(mine, reason)
        if every or one.state != CLOSED
    ]
    rows.sort(key=lambda row: (row["due"] or "9", row["record"]))
    show_rows(rows, chosen(format_), empty="There is none.")


def resolve(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="The irregularity, R-...")],
    state: Annotated[
        str,
        typer.Argument(metavar="STATE", help="explained, confirmed, escalated, closed or open."),
    ],
    reason: ReasonOption,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Take an irregularity a step on; who raised it does not resolve it."""
    from keiryo.security_store.access_reviews import step

    mine = opened(store, member, passphrase_file)
    print(step(mine, record, state, reason).state)
