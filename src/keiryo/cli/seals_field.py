"""Commands of seals in the field: attached, checked, broken, missing, detached, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import DbOption
from keiryo.cli.seals_options import (
    AtOption,
    ByOption,
    CorrectsOption,
    PhotoOption,
    PlaceOption,
    ReasonOption,
    ReferenceOption,
    RemarkOption,
    SealArgument,
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


def attach(
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
    by: ByOption = None,
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
    photo: PhotoOption = None,
    reason: ReasonOption = None,
    remark: RemarkOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Attach a seal to a containment, over batches or items."""
    from keiryo.errors import UsageError

    mba, slash, name = containment.removeprefix("containment:").partition("/")
    if not slash:
        raise UsageError(f"{containment[:40]!r} names no containment", "Write MBA/NAME.")
    report(
        db,
        [seal],
        "attach",
        by=by,
        at=at,
        corrects=corrects,
        photo=photo,
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


def check(
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
    by: ByOption = None,
    photo: PhotoOption = None,
    remark: RemarkOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
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
            db,
            [seal],
            "check",
            by=by,
            at=at,
            corrects=corrects,
            photo=photo,
            remark=remark,
            **fields,
        )
        return
    from keiryo.cli.seals_logs import with_log

    with_log(
        db, seal, "check", log, by=by, at=at, authenticated=authenticated, photo=photo,
        corrects=corrects, remark=remark, **fields,
    )  # fmt: skip


def broken(
    seal: SealArgument,
    by: ByOption = None,
    reason: ReasonOption = None,
    photo: PhotoOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Record that a seal was found broken."""
    report(db, [seal], "broken", by=by, at=at, corrects=corrects, photo=photo, reason=reason)


def missing(
    seal: SealArgument,
    by: ByOption = None,
    reason: ReasonOption = None,
    photo: PhotoOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Record that a seal is not where it was attached."""
    report(db, [seal], "missing", by=by, at=at, corrects=corrects, photo=photo, reason=reason)


def detach(
    seal: SealArgument,
    by: ByOption = None,
    operator: Annotated[
        bool, typer.Option("--by-operator", help="The operator took it off.")
    ] = False,
    notice: Annotated[
        str | None, typer.Option("--notice", help="Notice that the operator gave before.")
    ] = None,
    reason: ReasonOption = None,
    photo: PhotoOption = None,
    remark: RemarkOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Detach a seal: two persons, or the operator with notice.

    By the operator without notice it is recorded as found broken.
    """
    report(
        db,
        [seal],
        "detach",
        by=by,
        at=at,
        corrects=corrects,
        photo=photo,
        reason=reason,
        remark=remark,
        notice=notice,
        by_operator=int(operator),
    )


def recover(
    seal: SealArgument,
    by: ByOption = None,
    place: PlaceOption = None,
    photo: PhotoOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Record that the remains of a broken seal were recovered."""
    report(db, [seal], "recover", by=by, at=at, corrects=corrects, photo=photo, place=place)


def found_again(
    seal: SealArgument,
    by: ByOption = None,
    place: PlaceOption = None,
    photo: PhotoOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Record that a missing seal was found again."""
    report(db, [seal], "found-again", by=by, at=at, corrects=corrects, photo=photo, place=place)


def verify(
    seal: SealArgument,
    finding: FindingOption,
    by: ByOption = None,
    photo: PhotoOption = None,
    remark: RemarkOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Record the verification of a detached seal in the field."""
    fields: dict[str, Any] = {"finding": finding, "remark": remark}
    report(db, [seal], "verify", by=by, at=at, corrects=corrects, photo=photo, **fields)


def examine(
    seal: SealArgument,
    finding: FindingOption,
    by: ByOption = None,
    photo: PhotoOption = None,
    remark: RemarkOption = None,
    at: AtOption = None,
    corrects: CorrectsOption = None,
    db: DbOption = None,
) -> None:
    """Record the examination at headquarters: not by whom it was detached, metal caps by two."""
    fields: dict[str, Any] = {"finding": finding, "remark": remark}
    report(db, [seal], "examine", by=by, at=at, corrects=corrects, photo=photo, **fields)
