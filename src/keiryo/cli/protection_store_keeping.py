"""Commands of the sealed store: its trail, whether it is sound, retention and backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keiryo.cli.options import FormatOption
from keiryo.cli.output import exit_code, show_rows, show_with_findings
from keiryo.cli.protection_store_opening import (
    MemberOption,
    PassphraseOption,
    ReasonOption,
    StoreOption,
    chosen,
    opened,
    store_of,
)


def audit(
    person: Annotated[str | None, typer.Option("--person", help="Only what they did.")] = None,
    record: Annotated[str | None, typer.Option("--record", help="Only about this one.")] = None,
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only so many.")] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Show who did what, when and why, reading included; looking at it is recorded too."""
    mine = opened(store, member, passphrase_file)
    rows = [one.to_dict() for one in mine.audit(person=person, record=record, last=last)]
    shown = chosen(format_)
    if shown != "json":
        names = ("seq", "at", "person", "action", "compartment", "record", "version", "reason")
        rows = [{name: row[name] for name in names} for row in rows]
    show_rows(rows, shown)


def verify(
    known_head: Annotated[
        str | None,
        typer.Option(
            "--known-head",
            metavar="SEQ:DIGEST",
            help="A head that was noted elsewhere; an older copy of the file does not have it.",
        ),
    ] = None,
    store: StoreOption = None,
    format_: FormatOption = None,
) -> None:
    """Look whether a store is as its trail says; needs no passphrase. Exit with 1 if not."""
    from keiryo.errors import JournalError
    from keiryo.security_store.verification import verify as look

    found = store_of(store)
    findings = look(found, known_head)
    try:
        told = {**found.counts(), "head": found.head_hash}
    except JournalError:
        told = {"head": None}
    rows = [{"what": name, "value": value} for name, value in told.items()]
    show_with_findings(told, rows, findings, chosen(format_))
    raise typer.Exit(exit_code(findings))


def purge(
    reason: ReasonOption,
    retention_days: Annotated[
        int | None, typer.Option("--retention-days", min=1, help="Set the retention first.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Destroy the keys of the records of access that are past their retention."""
    from keiryo.security_store import keeping

    mine = opened(store, member, passphrase_file)
    if retention_days is not None:
        keeping.set_retention(mine, retention_days, reason)
    past = keeping.purge(mine, reason)
    print(f"Destroyed the keys of {len(past)} records. Backups made before still hold them.")
    for one in past:
        print(f"  {one}")


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.")],
    reason: ReasonOption = "backup",
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Copy the store, sealed as it is, and look whether the copy is sound."""
    from keiryo.security_store import keeping

    head = keeping.backup(opened(store, member, passphrase_file), target, reason)
    print(f"Copied to {target}. Note its head elsewhere: {head}")
