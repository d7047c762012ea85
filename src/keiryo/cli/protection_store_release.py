"""Commands of the sealed store: what leaves it, asked for by one member and released by another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_store_opening import (
    MemberOption,
    PassphraseOption,
    ReasonOption,
    RecordArgument,
    StoreOption,
    chosen,
    opened,
    write_new,
)

if TYPE_CHECKING:
    from keiryo.cli.options import Format
    from keiryo.security_store.state import Request

RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="The request, Q-...")]


def ask_release(
    record: RecordArgument,
    recipient: Annotated[str, typer.Option("--recipient", help="Who is to get it.")],
    reason: ReasonOption,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Default: the newest.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Ask that a record be released to a recipient."""
    from keiryo.security_store.releases import ask_release as ask

    mine = opened(store, member, passphrase_file)
    _show(ask(mine, record, recipient, reason, version=version), chosen(format_))


def release(
    request: RequestArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The new file of the copy.")
    ] = None,
    refuse: Annotated[
        str | None, typer.Option("--refuse", metavar="REASON", help="Refuse it, and say why.")
    ] = None,
    withdraw: Annotated[
        str | None,
        typer.Option("--withdraw", metavar="REASON", help="Take your own request back."),
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Release what another member asked for, as a numbered and marked copy."""
    from keiryo.errors import UsageError
    from keiryo.security_store import releases

    if sum(one is not None for one in (out, refuse, withdraw)) != 1:
        raise UsageError("give one of --out, --refuse and --withdraw")
    if out is not None and (out.exists() or out.is_symlink() or not out.parent.is_dir()):
        raise UsageError(f"{out} is there already, or its folder is not")
    mine = opened(store, member, passphrase_file)
    if out is not None:
        copy = releases.release(mine, request)
        write_new(out, copy.content)
        print(f"Copy {copy.number} of {copy.record}: {out}")
        return
    answer = releases.refuse if refuse is not None else releases.withdraw
    _show(answer(mine, request, refuse or withdraw or ""), chosen(format_))


def copies(
    every: Annotated[
        bool, typer.Option("--all", help="All requests, not only those of copies.")
    ] = False,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """List the copies that were released, for whom and by whom."""
    from keiryo.security_store import releases

    mine = opened(store, member, passphrase_file)
    found = releases.requests(mine) if every else releases.copies(mine)
    show_rows([one.to_dict() for one in found], chosen(format_))


def _show(request: Request, shown: Format) -> None:
    if shown == "json":
        show_json(request.to_dict())
        return
    print(f"{request.id}: {request.record}, for {request.recipient}: {request.state}")
    if request.state == "open":
        print(f"  Another member releases it: 'store release {request.id} --out FILE'.")
