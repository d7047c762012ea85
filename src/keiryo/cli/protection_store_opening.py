"""How commands open the sealed store of a facility: which one, who, and with which passphrase.

A passphrase is asked for at the terminal, or read from a file that nobody else can read; it is
never an option and never a variable of the environment.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, Given

if TYPE_CHECKING:
    from keiryo.security_store.opened import Opened
    from keiryo.security_store.store import Store

PASSPHRASE_BYTES = 4096
SETTINGS: dict[str, Any] = {}
"""Given to every store that a command opens; empty outside of tests."""

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="FILE_OR_FACILITY",
        help="The file of the store, or the facility whose store lies in the folder named by "
        "$KEIRYO_SECURITY_STORES.",
        show_default=False,
    ),
]
MemberOption = Annotated[
    str | None,
    typer.Option("--member", metavar="NAME", help="Who you are. Default: you are asked."),
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="A file with your passphrase that only you can read. Default: you are asked.",
        show_default=False,
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded. No content in it.")
]
RecordArgument = Annotated[str, typer.Argument(metavar="RECORD", help="The record, e.g. R-...")]


def store_of(wanted: str | None) -> Store:
    """Return the store that is meant."""
    from keiryo.security_store.store import named

    return named(wanted, **SETTINGS)


def opened(wanted: str | None, member: str | None, passphrase_file: Path | None) -> Opened:
    """Open a store as a member."""
    store = store_of(wanted)
    store.state()  # say what is wrong with it before anybody types a passphrase
    return store.open(name_of(member), passphrase_from(passphrase_file))


def name_of(member: str | None) -> str:
    """Return who somebody is, asking if it was not given."""
    return member if member is not None else str(typer.prompt("Member", err=True))


def passphrase_from(file: Path | None, what: str = "Passphrase", *, twice: bool = False) -> str:
    """Return a passphrase from a file that only its owner can read, or from the terminal.

    Raises
    ------
    UsageError
    """
    import getpass

    from keiryo.errors import UsageError

    if file is not None:
        return _from_file(file)
    typed = getpass.getpass(f"{what}: ")
    if twice and getpass.getpass(f"{what} again: ") != typed:
        raise UsageError("the two are not the same", "Type it twice.")
    return typed


def _from_file(file: Path) -> str:
    import os
    import stat

    from keiryo.errors import UsageError

    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        raise UsageError(f"{file} is not a plain file")
    with os.fdopen(handle, "rb") as stream:
        if found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise UsageError(
                f"{file} can be read by others", "Change the passphrase, and 'chmod 600' the file."
            )
        content = stream.read(PASSPHRASE_BYTES)
    try:
        return content.decode().split("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not in UTF-8") from None


def chosen(format_: Format | None) -> Format:
    """Return how to show an answer: a table at a terminal, JSON elsewhere."""
    return format_ or Given.format or (Format.TABLE if sys.stdout.isatty() else Format.JSON)


def write_new(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read; overwrite nothing.

    Raises
    ------
    UsageError
    """
    import os

    from keiryo.errors import UsageError

    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
