"""The server's secret: 32 random bytes in a file that nobody else can read.

It seals what the server must be able to open by itself (secrets of second factors, keys of people
who sign in elsewhere) and keys the digests of what must not be guessed from the database. It never
lies in the database, so that a copy of the database alone opens nothing. Servers that share books
on PostgreSQL must share the file as well (``KEIRYO_SECRET_FILE``), and whoever restores a backup
needs it: without it second factors have to be set up anew.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from keiryo.errors import ReadOnlyError, UsageError
from keiryo.storage.engine import Database

VARIABLE = "KEIRYO_SECRET_FILE"
SECRET_BYTES = 32


def secret_file(database: Database) -> Path:
    """Return where the secret of the server of these books lies."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    if database.path is not None:
        return Path(f"{database.path}.secret")
    data_home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    url = database.url
    return data_home / "keiryo" / "secrets" / f"{url.host or 'local'}-{url.database}.secret"


def server_secret(database: Database) -> bytes:
    """Return the server's secret, made at the first use.

    Raises
    ------
    UsageError
        If others can read the file, or it is no secret of 32 bytes.
    ReadOnlyError
        If it is not there and cannot be made.
    """
    path = secret_file(database)
    if not path.exists():
        _make(path)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            secret = file.read(SECRET_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"the server's secret at {path} cannot be read ({error.strerror})",
            f"Give the file to the account of the server, or name another one in {VARIABLE}.",
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise UsageError(
            f"others than the server's own account can get at its secret at {path} "
            f"(mode {mode:04o})",
            f"Run: chmod 600 '{path}'. If others may have read it, second factors should be set "
            "up anew.",
        )
    if len(secret) != SECRET_BYTES:
        raise UsageError(
            f"{path} is no secret of a server: it should have {SECRET_BYTES} bytes",
            f"Restore it from your backup, or name another one in {VARIABLE}.",
        )
    return secret


def keyed_digest(secret: bytes, text: str) -> str:
    """Return HMAC-SHA256 of a text under a secret, hexadecimal (RFC 2104)."""
    return hmac.new(secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _make(path: Path) -> None:
    """Make the file whole or not at all; of several servers that start at once, one makes it."""
    own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another server was first: its secret is the one
                os.link(own, path)
        finally:
            own.unlink()
    except OSError as error:
        raise ReadOnlyError(
            f"the server's secret cannot be made at {path} ({error.strerror})",
            f"Make its folder writable, or name another file in {VARIABLE}.",
        ) from None
