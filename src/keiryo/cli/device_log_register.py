"""Commands of the register of device keys and of accepted heads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.device_log.accepted_heads import Anchor

KidArgument = Annotated[str, typer.Argument(metavar="KID", help="Key id.")]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Note.")]
MomentHelp = "Day, time and offset, e.g. 2026-07-24T09:00+09:00."
CopyOption = Annotated[
    list[str] | None,
    typer.Option("--copy-to", metavar="NAME", help="Who got a copy (more than once)."),
]
PrintedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--printed-in", metavar="DOCUMENT", help="Where its root is printed (more than once)."
    ),
]
AnchorsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--anchor",
        metavar="FORM=HOLDER",
        help="Another anchor: time-stamp=NAME or witness=NAME (more than once).",
    ),
]


def add_groups(group: typer.Typer) -> None:
    """Add the groups ``key`` and ``head``."""
    keys = typer.Typer(help="The register of keys of devices.", no_args_is_help=True)
    keys.command("add")(add_key)
    keys.command("revoke")(revoke_key)
    keys.command("list")(list_keys)
    group.add_typer(keys, name="key")
    heads = typer.Typer(help="Signed heads of logs that were accepted.", no_args_is_help=True)
    heads.command("accept")(accept_head)
    heads.command("anchor")(anchor_head)
    heads.command("list")(list_heads)
    group.add_typer(heads, name="head")


def add_key(
    kid: KidArgument,
    public: Annotated[
        str, typer.Option("--public", metavar="HEX", help="Ed25519 public key, 64 digits.")
    ],
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="WORD", help="device, collector or reviewer.")
    ] = "device",
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="NAME", help="The device as its records name it."),
    ] = None,
    valid_from: Annotated[
        str | None,
        typer.Option("--from", metavar="MOMENT", help=f"Valid from. {MomentHelp} Default: now."),
    ] = None,
    valid_to: Annotated[
        str | None, typer.Option("--to", metavar="MOMENT", help=f"Valid until. {MomentHelp}")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="TEXT", help="Where its secret half is kept."),
    ] = None,
    note: NoteOption = None,
    db: DbOption = None,
) -> None:
    """Register a key: what it may sign, for which device, from when until when."""
    import datetime

    from keiryo.device_log.key_register import register_key
    from keiryo.device_log.keys import DeviceKey
    from keiryo.device_log.record import instant

    begin = datetime.datetime.now(datetime.UTC) if valid_from is None else instant(valid_from)
    end = None if valid_to is None else instant(valid_to)
    key = DeviceKey(kid, public.strip().lower(), purpose, owner or "", begin, end)
    books = opened(db)
    posted = register_key(books.database, books.actor, key, store=store, note=note)
    print(f"Recorded as act {posted.act.act_id}: {kid} signs for {owner or purpose}.")


def revoke_key(
    kid: KidArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="MOMENT", help=f"From when it signs nothing. {MomentHelp} Default: now."
        ),
    ] = None,
    db: DbOption = None,
) -> None:
    """Revoke a key from an instant on; what it signed before stays valid."""
    from keiryo.device_log.key_register import revoke_key as revoked
    from keiryo.device_log.record import instant

    books = opened(db)
    when = None if at is None else instant(at)
    posted = revoked(books.database, books.actor, kid, at=when, reason=reason)
    print(f"Recorded as act {posted.act.act_id}: {kid} is revoked.")


def list_keys(db: DbOption = None, format_: FormatOption = None) -> None:
    """List the keys of devices, collectors and reviewers."""
    from keiryo.device_log.key_register import keys

    books = opened(db)
    with books.database.reading() as connection:
        every = keys(connection, books.database.metadata)
    rows = [every[kid].to_dict() for kid in sorted(every)]
    chosen = format_of(format_)
    columns = None
    if chosen is Format.TABLE:
        columns = ["kid", "purpose", "owner", "valid_from", "valid_to", "revoked_at", "public"]
    show_rows(rows, chosen, columns=columns, empty="No keys are registered.")


def accept_head(
    file: Annotated[Path, typer.Argument(metavar="HEAD", help="A signed head as JSON.")],
    proof: Annotated[
        Path | None,
        typer.Option(
            "--proof", metavar="FILE", help="Proof from 'consistency', since the last head."
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="The log itself, instead of a proof."),
    ] = None,
    keep_unproved: Annotated[
        bool,
        typer.Option(
            "--keep-unproved",
            help="Record it as contradicting if no proof holds: the device has no better one.",
        ),
    ] = False,
    copy_to: CopyOption = None,
    printed_in: PrintedOption = None,
    anchor: AnchorsOption = None,
    note: NoteOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Accept a signed head of a log, if it continues the last accepted one.

    One that contradicts it is recorded as such, as evidence. Exit code 1: it was not accepted.
    """
    from keiryo.device_log.accepted_heads import accept_head as accepted
    from keiryo.device_log.proofs import path_of
    from keiryo.device_log.reading import read_heads, read_json
    from keiryo.errors import UsageError

    heads = read_heads(file)
    if len(heads) != 1 or (proof is not None and log is not None):
        raise UsageError(
            "one head is accepted at a time, with a proof or with the log",
            "Give a file with one head, and either --proof or --log.",
        )
    books, head = opened(db), heads[0]
    path = None if proof is None else path_of(read_json(proof))
    if log is not None:
        path = _path_from(db, log, head.log, head.size)
    copies = _anchors(copy_to, printed_in, anchor)
    found = accepted(
        books.database,
        books.actor,
        head,
        proof=path,
        copies=copies,
        keep_unproved=keep_unproved,
        note=note,
    )
    act = found.posted.act.act_id
    if format_of(format_) is Format.JSON:
        told = {"act": act, "standing": found.standing, "head": head.to_dict()}
        show_json({**told, "findings": [finding_dict(one) for one in found.findings]})
    else:
        print(f"Recorded as act {act}: {head.log}, {head.size} records, {found.standing}.")
        show_findings(found.findings)
    raise typer.Exit(exit_code(found.findings))


def _path_from(db: str | None, log: Path, name: str, size: int) -> list[str] | None:
    """Return the proof from the last accepted head, made from the log itself."""
    from keiryo.device_log import tree
    from keiryo.device_log.accepted_heads import last_accepted
    from keiryo.device_log.reading import read_log

    books = opened(db)
    with books.database.reading() as connection:
        last = last_accepted(connection, books.database.metadata, name)
    leaves = tree.leaves(read_log(log).readable[:size])
    if last is None or not 0 < last.size <= len(leaves) or len(leaves) < size:
        return None
    return [one.hex() for one in tree.consistency_path(leaves, last.size)]


def _anchors(
    copies: list[str] | None, printed: list[str] | None, others: list[str] | None
) -> list[Anchor]:
    from keiryo.device_log.accepted_heads import Anchor

    found = [Anchor("copy", name) for name in copies or ()]
    found += [Anchor("printed", document) for document in printed or ()]
    for told in others or ():
        form, _sign, holder = told.partition("=")
        found.append(Anchor(form, holder))
    return found


def anchor_head(
    log: Annotated[str, typer.Argument(metavar="LOG", help="Name of the log.")],
    size: Annotated[int, typer.Argument(metavar="SIZE", help="Number of records of the head.")],
    copy_to: CopyOption = None,
    printed_in: PrintedOption = None,
    anchor: AnchorsOption = None,
    db: DbOption = None,
) -> None:
    """Record who else has an accepted head, or where its root is printed."""
    from keiryo.device_log.accepted_heads import anchor_head as anchored
    from keiryo.errors import UsageError

    copies = _anchors(copy_to, printed_in, anchor)
    if not copies:
        raise UsageError("no anchor was named", "Use --copy-to, --printed-in or --anchor.")
    books = opened(db)
    posted = anchored(books.database, books.actor, log, size, copies)
    print(f"Recorded as act {posted.act.act_id}.")


def list_heads(
    log: Annotated[str | None, typer.Option("--log", metavar="LOG", help="Only of this.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the heads in the record and who has copies of them."""
    from keiryo.device_log.accepted_heads import anchors, heads

    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        every, copies = heads(connection, metadata, log), anchors(connection, metadata, log)
    held: dict[tuple[str, int, str], list[str]] = {}
    for row in copies:
        words = f"{row['form']}: {row['holder']}"
        held.setdefault((row["log"], row["size"], row["root"]), []).append(words)
    rows = [
        {
            **one.to_dict(),
            "anchors": "; ".join(held.get((one.head.log, one.head.size, one.head.root), [])),
        }
        for one in every
    ]
    chosen = format_of(format_)
    columns = None
    if chosen is Format.TABLE:
        columns = ["log", "size", "t", "standing", "kid", "anchors", "root", "line"]
    show_rows(rows, chosen, columns=columns, empty="No heads are recorded.")
