"""Commands of seals in stock: received, issued, returned, lost, found, sent, destroyed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keiryo.cli.options import DbOption, opened, optional_day
from keiryo.cli.seals_options import (
    AtOption,
    ByOption,
    CorrectsOption,
    PlaceOption,
    ReasonOption,
    ReferenceOption,
    RemarkOption,
    RoleOption,
    SealArgument,
    Usual,
    content,
    event_command,
    moment,
    report,
)


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group of seals."""
    group.command("return")(return_)
    group.command("declare-lost")(declare_lost)
    for command in (
        receive,
        issue,
        void,
        destroy,
        loss,
        found,
        dispatch,
        service,
        retire,
        withdraw,
    ):
        group.command()(command)


def receive(
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="As printed: 0042.")],
    body: Annotated[str, typer.Option("--body", help="Who issued them, e.g. INT.IAEA or XA.")],
    type_: Annotated[str, typer.Option("--type", help="metal-cap, cobra, eoss, rmsa …")],
    delivery: Annotated[str | None, typer.Option("--delivery", help="Delivery or batch.")] = None,
    key_id: Annotated[str | None, typer.Option("--key-id", help="Key with which it signs.")] = None,
    soh: Annotated[
        int | None, typer.Option("--soh-interval", help="Seconds between reports of health.")
    ] = None,
    battery: Annotated[
        int | None, typer.Option("--battery-limit", help="Voltage to change it at, in mV.")
    ] = None,
    reference: ReferenceOption = None,
    by: ByOption = None,
    place: PlaceOption = None,
    at: AtOption = None,
    note: Annotated[str | None, typer.Option("--note", help="Note.")] = None,
    db: DbOption = None,
) -> None:
    """Bring seals into stock. A number is a text: leading zeros stay."""
    from keiryo.seals.events import SealEvent
    from keiryo.seals.numbers import seal_key
    from keiryo.seals.recording import receive as record

    books = opened(db)
    keys = [seal_key(f"{body}/{number}") for number in numbers]
    person = by[0] if by else books.actor.person
    event = SealEvent(body, "", "receive", moment(at), person, place=place)
    done = record(
        books.database,
        books.actor,
        keys,
        type_,
        event,
        reference=None if reference is None else content(reference),
        delivery=delivery,
        key_id=key_id,
        soh_interval_s=soh,
        battery_limit_mv=battery,
        note=note,
    )
    print(f"{len(keys)} in stock; recorded in act {done.act.act_id}.")


def issue(
    seal: Annotated[list[str], typer.Argument(metavar="SEAL...", help="E.g. XA/0042.")],
    to: Annotated[
        list[str], typer.Option("--to", metavar="PERSON", help="To whom (twice for two).")
    ],
    role: Annotated[str, typer.Option("--role", help="In which role, e.g. inspector.")],
    for_: Annotated[str | None, typer.Option("--for", help="For which body.")] = None,
    reference: ReferenceOption = None,
    place: PlaceOption = None,
    at: AtOption = None,
    remark: RemarkOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Issue seals to a person."""
    fields: dict[str, Any] = {"role": role, "organisation": for_, "place": place, "remark": remark}
    usual = Usual(by=to, at=at, corrects=corrects, db=db)
    report(usual, seal, "issue", reference=reference, **fields)


@event_command
def return_(
    usual: Usual,
    seal: SealArgument,
    unopened: Annotated[bool, typer.Option("--unopened", help="It was never closed or opened.")],
    role: RoleOption = None,
    remark: RemarkOption = None,
) -> None:
    """Return an unused seal to stock."""
    fields: dict[str, Any] = {"role": role, "unopened": int(unopened), "remark": remark}
    report(usual, [seal], "return", **fields)


@event_command
def void(
    usual: Usual,
    seal: SealArgument,
    reason: ReasonOption = None,
) -> None:
    """Void a seal that was never attached: two persons, with the reason."""
    report(usual, [seal], "void", reason=reason)


@event_command
def destroy(
    usual: Usual,
    seal: SealArgument,
    reason: ReasonOption = None,
) -> None:
    """Destroy a seal that was never attached: two persons, with the reason."""
    report(usual, [seal], "destroy", reason=reason)


@event_command
def loss(
    usual: Usual,
    seal: SealArgument,
    reason: ReasonOption = None,
    place: PlaceOption = None,
) -> None:
    """Record that a seal is lost: the reason, and where and when it was last there."""
    report(usual, [seal], "loss", reason=reason, place=place)


@event_command
def declare_lost(
    usual: Usual,
    seal: SealArgument,
    reason: ReasonOption = None,
) -> None:
    """Declare a seal lost that was found missing."""
    report(usual, [seal], "declare-lost", reason=reason)


@event_command
def found(
    usual: Usual,
    seal: SealArgument,
    role: RoleOption = None,
    place: PlaceOption = None,
    remark: RemarkOption = None,
) -> None:
    """Record that a lost seal was found: for a supervisor (--role supervisor)."""
    fields: dict[str, Any] = {"role": role, "place": place, "remark": remark}
    report(usual, [seal], "found", **fields)


@event_command
def dispatch(
    usual: Usual,
    seal: Annotated[list[str], typer.Argument(metavar="SEAL...", help="E.g. XA/0042.")],
    bag: Annotated[str | None, typer.Option("--bag", help="Number of the sealed bag.")] = None,
    courier: Annotated[str | None, typer.Option("--courier", help="Who carries it.")] = None,
    expected: Annotated[
        str | None, typer.Option("--expected", metavar="DATE", help="When it should arrive.")
    ] = None,
) -> None:
    """Send detached seals to headquarters."""
    from keiryo.dates import date_number

    day = optional_day(expected, "--expected")
    number = None if day is None else date_number(day)
    fields: dict[str, Any] = {"bag": bag, "courier": courier, "expected_on": number}
    report(usual, seal, "dispatch", **fields)


@event_command
def service(
    usual: Usual,
    seal: SealArgument,
    self_test: Annotated[str, typer.Option("--self-test", help="good or failed.")],
    remark: RemarkOption = None,
) -> None:
    """Record new keys and service of an electronic seal: it is in stock again."""
    fields: dict[str, Any] = {"self_test": self_test, "remark": remark}
    report(usual, [seal], "service", **fields)


@event_command
def retire(
    usual: Usual,
    seal: SealArgument,
    retention: Annotated[
        int, typer.Option("--retention-days", help="How long verified seals are kept.")
    ] = 365,
    reason: ReasonOption = None,
) -> None:
    """Destroy a verified seal when its time of retention is over: two persons."""
    fields: dict[str, Any] = {"retention_days": retention, "reason": reason}
    report(usual, [seal], "retire", **fields)


def withdraw(
    seal: SealArgument,
    line: Annotated[str, typer.Argument(metavar="LINE", help="The event: line:12/3.")],
    reason: ReasonOption = None,
    by: ByOption = None,
    at: AtOption = None,
    db: DbOption = None,
) -> None:
    """Withdraw an event that never was; it stays in the record."""
    usual = Usual(by=by, at=at, corrects=line, db=db)
    report(usual, [seal], "withdraw", reason=reason)
