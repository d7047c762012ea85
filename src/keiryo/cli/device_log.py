"""Commands of device logs: verify a log, prove what is in it; keys and accepted heads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli import device_log_register
from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    import datetime

    from keiryo.device_log.heads import Head
    from keiryo.device_log.keys import DeviceKey
    from keiryo.errors import Finding

LogArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The log: a record as JSON in each line.")
]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Keys of devices, as JSON.")
]
HeadOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--head", metavar="FILE", help="A signed head as JSON, or a list (more than once)."
    ),
]
RegisteredOption = Annotated[
    bool,
    typer.Option("--registered", help="With the keys and accepted heads of the books, too."),
]
KidOption = Annotated[
    str | None, typer.Option("--kid", metavar="KID", help="Key of signatures that name none.")
]
ReceivedOption = Annotated[
    str | None,
    typer.Option(
        "--received-at",
        metavar="MOMENT",
        help="When it came in: day, time and offset, e.g. 2026-07-24T09:00+09:00.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Logs of devices: verify them, prove what is in them, keys, accepted heads.",
        no_args_is_help=True,
    )
    for command in (verify, root, prove, consistency, check, messages):
        group.command()(command)
    device_log_register.add_groups(group)
    app.add_typer(group, name="device-log")


def verify(
    file: LogArgument,
    keys: KeysOption = None,
    head: HeadOption = None,
    kid: KidOption = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", metavar="VALUE", help="Chain value before the first record of the file."
        ),
    ] = None,
    received_at: ReceivedOption = None,
    registered: RegisteredOption = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Say which stretches of a log are authentic, and why; books are not needed.

    Chain values and signatures stand in the records ('chain', 'sig') or beside the file, in
    FILE.chain, FILE.sig and FILE.head. Every record is judged, also behind one that is broken.
    Exit code 1: something is not in order.
    """
    from keiryo.device_log import chain
    from keiryo.device_log.reading import read_heads, read_keys, read_log
    from keiryo.device_log.verification import verify as verified
    from keiryo.errors import UsageError

    if start is not None and not chain.is_value(start):
        raise UsageError("--start is no chain value", "Give 64 lower-case hexadecimal digits.")
    log = read_log(file)
    known = {} if keys is None else read_keys(keys)
    heads = [*log.heads, *(one for path in head or () for one in read_heads(path))]
    if registered:
        known, heads = _of_books(db, known, heads)
    found = verified(
        log.records,
        keys=known,
        head=dict.fromkeys(heads),
        chain=log.chain,
        signatures=log.signatures,
        kid=kid,
        start=start,
        received_at=_moment(received_at),
    )
    lines = {one.code for one in log.findings}
    told = [one for one in found.findings if not lines or one.code != "DEVICE-LOG-RECORD"]
    _show(file, found, [*log.findings, *told], format_of(format_))


def _show(file: Path, found: Any, findings: list[Finding], chosen: Format) -> None:
    if chosen is Format.JSON:
        told = {"file": file.name, **found.to_dict()}
        show_json({**told, "findings": [finding_dict(one) for one in findings]})
    else:
        rows = [one.to_dict() for one in found.segments]
        show_rows(rows, chosen, title=f"{file.name}: {found.size} records", empty="No records.")
        if chosen is Format.TABLE:
            if found.root is not None:
                print(f"Root {found.root}")
            show_findings(findings)
    raise typer.Exit(exit_code(findings))


def _of_books(
    db: str | None, known: dict[str, DeviceKey], heads: list[Head]
) -> tuple[dict[str, DeviceKey], list[Head]]:
    """Add the register of keys, and the last accepted heads of the logs that are named."""
    from keiryo.device_log.accepted_heads import last_accepted
    from keiryo.device_log.key_register import keys

    books = opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        every = {**known, **keys(connection, metadata)}
        logs = dict.fromkeys(one.log for one in heads)
        last = [last_accepted(connection, metadata, log) for log in logs]
    return every, [*(one for one in last if one is not None), *heads]


def _moment(told: str | None) -> datetime.datetime | None:
    from keiryo.device_log.record import instant

    return None if told is None else instant(told)


def root(file: LogArgument, format_: FormatOption = None) -> None:
    """Show size, root and last chain value of a log, e.g. to print them or to sign a head."""
    from keiryo.device_log import chain, tree
    from keiryo.device_log.reading import read_log

    records = read_log(file).readable
    values = chain.values(records)
    told = {
        "size": len(records),
        "root": tree.root(tree.leaves(records)).hex(),
        "chain_value": values[-1] if values else chain.START,
    }
    if format_of(format_) is Format.TABLE:
        for name, value in told.items():
            print(f"{name.replace('_', ' ')}: {value}")
    else:
        show_rows([told], format_of(format_))


def prove(
    file: LogArgument,
    number: Annotated[int, typer.Argument(metavar="N", help="Position of the record, from 0.")],
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="M", help="In the log of its first M records; default: all"),
    ] = None,
) -> None:
    """Prove that a record is in a log, as JSON; 'check' verifies it without the log."""
    from keiryo.device_log import tree
    from keiryo.device_log.reading import read_log
    from keiryo.errors import UsageError

    records = read_log(file).readable
    whole = len(records) if size is None else size
    if not 0 < whole <= len(records) or not 0 <= number < whole:
        raise UsageError(
            f"there is no record {number} among {whole}; the log has {len(records)}",
            "Count records from 0.",
        )
    leaves = tree.leaves(records[:whole])
    path = tree.inclusion_path(leaves, number)
    told = {"record": records[number], "index": number, "size": whole}
    show_json({**told, "root": tree.root(leaves).hex(), "path": [one.hex() for one in path]})


def consistency(
    file: LogArgument,
    earlier: Annotated[
        int, typer.Argument(metavar="M", help="Number of records of the earlier head.")
    ],
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="N", help="Up to the first N records; default: all."),
    ] = None,
) -> None:
    """Prove that a log continues its first M records, as JSON for 'check' and 'head accept'."""
    from keiryo.device_log import tree
    from keiryo.device_log.reading import read_log
    from keiryo.errors import UsageError

    records = read_log(file).readable
    whole = len(records) if size is None else size
    if not 0 < earlier <= whole <= len(records):
        raise UsageError(
            f"there is no proof from {earlier} records to {whole}; the log has {len(records)}",
            "The earlier log has at least one record, and not more than the later one.",
        )
    leaves = tree.leaves(records[:whole])
    path = tree.consistency_path(leaves, earlier)
    told = {"earlier": earlier, "earlier_root": tree.root(leaves[:earlier]).hex(), "size": whole}
    show_json({**told, "root": tree.root(leaves).hex(), "path": [one.hex() for one in path]})


def check(
    file: Annotated[Path, typer.Argument(metavar="PROOF", help="From 'prove' or 'consistency'.")],
) -> None:
    """Check a proof by itself; compare its roots with those of signed heads.

    Exit code 1: it does not hold.
    """
    from keiryo.device_log.proofs import holds
    from keiryo.device_log.reading import read_json

    words, good = holds(read_json(file))
    print(words)
    raise typer.Exit(0 if good else 1)


def messages(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A message as JSON with its signature in each line."),
    ],
    keys: KeysOption = None,
    received_at: ReceivedOption = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FOLDER", help="Keep every message there, flagged or not."),
    ] = None,
    registered: RegisteredOption = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Look at messages of devices as they came in: which are flagged, and why.

    A line is {"message": {...}, "sig": HEX, "received_at": MOMENT}, or a message with its
    signature in 'sig'. Exit code 1: at least one is flagged.
    """
    import datetime

    from keiryo.device_log.message_store import store_message
    from keiryo.device_log.messages import Intake
    from keiryo.device_log.reading import read_keys, read_messages

    known = {} if keys is None else read_keys(keys)
    if registered:
        known, _ = _of_books(db, known, [])
    now = _moment(received_at) or datetime.datetime.now(datetime.UTC)
    intake, rows, findings = Intake(known), list[dict[str, Any]](), list[Any]()
    for content, signature, told in read_messages(file):
        taken = intake.take(content, signature, _moment(told) or now)
        if store is not None:
            store_message(store, taken)
        said = taken.message or {}
        state = "duplicate" if taken.duplicate else "flagged" if taken.flagged else "in order"
        row = {name: said.get(name) for name in ("src", "seq", "t", "type")}
        rows.append({**row, "state": state})
        findings += taken.findings
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({"messages": rows, "findings": [finding_dict(one) for one in findings]})
    else:
        show_rows(rows, chosen, empty="No messages.")
        if chosen is Format.TABLE:
            show_findings(findings)
    raise typer.Exit(int(bool(findings)))
