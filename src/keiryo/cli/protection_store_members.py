"""Commands of the sealed store: making it, its members, and changes that two persons make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_store_opening import (
    SETTINGS,
    MemberOption,
    PassphraseOption,
    ReasonOption,
    StoreOption,
    chosen,
    name_of,
    opened,
    passphrase_from,
    store_of,
)

if TYPE_CHECKING:
    from keiryo.cli.options import Format
    from keiryo.security_store.state import Proposal

ProposalArgument = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The proposal, M-...")]


def create(
    place: Annotated[
        Path, typer.Argument(metavar="PLACE", help="A new file, or a folder to make one in.")
    ],
    facility: Annotated[str, typer.Option("--facility", help="The facility, e.g. XA/XFA-.")],
    member: MemberOption = None,
    retention_days: Annotated[
        int, typer.Option("--retention-days", help="How long records of access are kept.")
    ] = 365,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Make the store of a facility; you become its first member.

    The first member is approver and security officer and holds every key, so that others can be
    let in. Until there is a second one who could confirm, the first alone lets members in.
    """
    from keiryo.security_store.store import create as make

    person = name_of(member)
    passphrase = passphrase_from(passphrase_file, twice=True)
    store = make(place, facility, person, passphrase, retention_days=retention_days, **SETTINGS)
    print(f"Made {store.path}.")
    print("  Whoever forgets the passphrase loses the content: let a second member in soon.")
    print(f"  Note its head elsewhere: {store.head_hash}")


def enrol(
    member: MemberOption = None, store: StoreOption = None, passphrase_file: PassphraseOption = None
) -> None:
    """Enrol with a passphrase of your own; a role is then proposed and confirmed by members."""
    found = store_of(store)
    person = name_of(member)
    fingerprint = found.enrol(person, passphrase_from(passphrase_file, twice=True))
    print(f"Enrolled {person}. The fingerprint of your keys:")
    print(f"  {fingerprint}")
    print("  Read it out to whoever proposes your role.")


def passphrase(
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    new_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--new-passphrase-file",
            metavar="FILE",
            help="A file with the new one that only you can read. Default: you are asked.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Change your passphrase."""
    mine = opened(store, member, passphrase_file)
    mine.change_passphrase(passphrase_from(new_passphrase_file, "New passphrase", twice=True))
    print("Changed. Backups made before still open with the old one.")


def members(
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """List who is enrolled, with roles and fingerprints, and the open proposals."""
    from keiryo.security_store.membership import proposals

    mine = opened(store, member, passphrase_file)
    rows = mine.members()
    waiting = [one.to_dict() for one in proposals(mine)]
    shown = chosen(format_)
    if shown == "json":
        show_json({"members": rows, "proposals": waiting})
        return
    show_rows([{**one, "roles": ", ".join(one["roles"])} for one in rows], shown)
    if waiting:
        show_rows(waiting, shown, title="Proposals that wait for a second person")


def propose(
    change: Annotated[
        str, typer.Argument(metavar="CHANGE", help="grant, revoke or withdraw, for a person.")
    ],
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Whose membership it is.")],
    reason: ReasonOption,
    role: Annotated[str, typer.Option("--role", help="The role to grant or revoke.")] = "",
    fingerprint: Annotated[
        str | None,
        typer.Option("--fingerprint", help="What the person read out; refused if it is another."),
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Propose a change of membership; another member confirms it."""
    from keiryo.errors import UsageError
    from keiryo.security_store.membership import propose as ask

    if change not in ("grant", "revoke", "withdraw"):
        raise UsageError("a change of membership is grant, revoke or withdraw")
    mine = opened(store, member, passphrase_file)
    _show(ask(mine, change, person, reason, role=role, fingerprint=fingerprint), chosen(format_))


def confirm(
    proposal: ProposalArgument,
    refuse: Annotated[
        str | None, typer.Option("--refuse", metavar="REASON", help="Refuse it, and say why.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Confirm what another member proposed, or refuse it."""
    from keiryo.security_store import membership

    mine = opened(store, member, passphrase_file)
    if refuse is not None:
        _show(membership.refuse(mine, proposal, refuse), chosen(format_))
        return
    _show(membership.confirm(mine, proposal), chosen(format_))


def destroy(
    reason: ReasonOption,
    record: Annotated[
        str | None, typer.Option("--record", help="One record. Default: the whole store.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Propose to destroy the keys of a record, or all keys; another member confirms it.

    What was sealed is then lost for good. Copies of the file made before still open.
    """
    from keiryo.security_store.membership import propose as ask

    mine = opened(store, member, passphrase_file)
    change = "destroy_store" if record is None else "destroy_record"
    _show(ask(mine, change, record or "", reason), chosen(format_))


def _show(proposal: Proposal, shown: Format) -> None:
    if shown == "json":
        show_json(proposal.to_dict())
        return
    print(f"{proposal.id}: {proposal.change} {proposal.about} {proposal.role}".rstrip())
    told = {
        "open": f"It waits for another member: 'store confirm {proposal.id}'.",
        "done": "It is done.",
        "refused": "It is refused.",
    }[proposal.state]
    print(f"  {told}")
