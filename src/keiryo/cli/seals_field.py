"""Commands of seals in the field: attached, checked, broken, missing, detached, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.seals_options import (
    PlaceOption,
    ReasonOption,
    ReferenceOption,
    RemarkOption,
    SealArgument,
    Usual,
    event_command,
    report,
)

FindingOption = Annotated[
    str,
    typer.Option("--finding", help="genuine-intact, tampered, substituted or inconclusive."),
]
_STATES = "ok, not-ok or not-seen."


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group of seals."""
    group.command("found-again")(found_again)
    for command in (attach, check, broken, missing, detach, recover, verify, examine):
        group.command()(command)


@event_command
def attach(
    usual: Usual,
    seal: SealArgument,
    containment: Annotated[
        str, typer.Option("--containment", metavar="MBA/NAME", help="What it closes.")
    ],
    item: Annotated[
        list[str],
        typer.Option("--item", metavar="MBA/NAME", help="What it holds (more than once)."),
    ],
    way: Annotated[
        list[str] | None,
        typer.Option("--way", help="Way that it closes (repeatable); default: the only one."),
    ] = None,
    for_: Annotated[str | None, typer.Option("--for", help="For which body.")] = None,
    route: Annotated[str | None, typer.Option("--route", help="How wire or fibre runs.")] = None,
    device: Annotated[
        str | None, typer.Option("--with", help="Device applied with it: camera:CAM-01.")
    ] = None,
    depends_on: Annotated[
        list[str] | None,
        typer.Option("--depends-on", help="Power feed, link, mounting, clock (repeatable)."),
    ] = None,
    reference: ReferenceOption = None,
    reason: ReasonOption = None,
    remark: RemarkOption = None,
) -> None:
    """Attach a seal to a containment, over batches or items."""
    from keiryo.errors import UsageError

    mba, slash, name = containment.removeprefix("containment:").partition("/")
    if not slash:
        raise UsageError(f"{containment[:40]!r} names no containment", "Write MBA/NAME.")
    report(
        usual,
        [seal],
        "attach",
        reference=reference,
        items=item,
        mba=mba,
        containment=name,
        paths=" | ".join(way or ()) or None,
        organisation=for_,
        route=route,
        co_device=device,
        depends_on=" | ".join(depends_on or ()) or None,
        reason=reason,
        remark=remark,
    )


@event_command
def check(
    usual: Usual,
    seal: SealArgument,
    read: Annotated[str, typer.Option("--read", metavar="NUMBER", help="The number as read.")],
    tag: Annotated[str, typer.Option("--tag", help="The seal itself: " + _STATES)],
    wire: Annotated[str, typer.Option("--wire", help="Wire or fibre: " + _STATES)],
    containment: Annotated[str, typer.Option("--containment", help="The containment: " + _STATES)],
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Log of an electronic seal.")
    ] = None,
    authenticated: Annotated[
        str | None, typer.Option("--authenticated", help="How the reader authenticated the log.")
    ] = None,
    remark: RemarkOption = None,
) -> None:
    """Check an attached seal: the number as read, and tag, wire and containment each."""
    fields: dict[str, Any] = {
        "number_read": read,
        "tag": tag,
        "wire": wire,
        "enclosure": containment,
    }
    if log is None:
        report(
            usual,
            [seal],
            "check",
            remark=remark,
            **fields,
        )
        return
    from keiryo.cli.seals_logs import with_log

    with_log(
        usual, seal, "check", log, authenticated=authenticated, remark=remark, **fields,
    )  # fmt: skip


@event_command
def broken(
    usual: Usual,
    seal: SealArgument,
    reason: ReasonOption = None,
) -> None:
    """Record that a seal was found broken."""
    report(usual, [seal], "broken", reason=reason)


@event_command
def missing(
    usual: Usual,
    seal: SealArgument,
    reason: ReasonOption = None,
) -> None:
    """Record that a seal is not where it was attached."""
    report(usual, [seal], "missing", reason=reason)


@event_command
def detach(
    usual: Usual,
    seal: SealArgument,
    operator: Annotated[
        bool, typer.Option("--by-operator", help="The operator took it off.")
    ] = False,
    notice: Annotated[
        str | None, typer.Option("--notice", help="Notice that the operator gave before.")
    ] = None,
    reason: ReasonOption = None,
    remark: RemarkOption = None,
) -> None:
    """Detach a seal: two persons, or the operator with notice.

    By the operator without notice it is recorded as found broken.
    """
    report(
        usual,
        [seal],
        "detach",
        reason=reason,
        remark=remark,
        notice=notice,
        by_operator=int(operator),
    )


@event_command
def recover(
    usual: Usual,
    seal: SealArgument,
    place: PlaceOption = None,
) -> None:
    """Record that the remains of a broken seal were recovered."""
    report(usual, [seal], "recover", place=place)


@event_command
def found_again(
    usual: Usual,
    seal: SealArgument,
    place: PlaceOption = None,
) -> None:
    """Record that a missing seal was found again."""
    report(usual, [seal], "found-again", place=place)


@event_command
def verify(
    usual: Usual,
    seal: SealArgument,
    finding: FindingOption,
    remark: RemarkOption = None,
) -> None:
    """Record the verification of a detached seal in the field."""
    fields: dict[str, Any] = {"finding": finding, "remark": remark}
    report(usual, [seal], "verify", **fields)


@event_command
def examine(
    usual: Usual,
    seal: SealArgument,
    finding: FindingOption,
    remark: RemarkOption = None,
) -> None:
    """Record the examination at headquarters: not by whom it was detached, metal caps by two."""
    fields: dict[str, Any] = {"finding": finding, "remark": remark}
    report(usual, [seal], "examine", **fields)
