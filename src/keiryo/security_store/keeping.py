"""Keeping a store: how long records of access are kept, and backups.

A record past its retention is deleted by destroying its keys: the sealed bytes stay, and nobody
opens them any more. A copy of the file that was made before still has both, so that old backups
are to be destroyed too.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from keiryo.errors import FullError, JournalError, ReadOnlyError, Severity, StorageError
from keiryo.security_store import rules
from keiryo.security_store.entries import check_reason
from keiryo.security_store.file import connect
from keiryo.security_store.opened import Opened, drop_keys
from keiryo.security_store.trail import Trail
from keiryo.security_store.verification import verify


def set_retention(opened: Opened, days: int, reason: str) -> None:
    """Set for how many days records of access are kept."""
    reason = check_reason(reason)
    with opened.acting() as act:
        opened.append(act, "retention", reason=reason, retention_days=days)


def purge(opened: Opened, reason: str) -> list[str]:
    """Destroy the keys of the access records past their retention, and return their ids."""
    reason = check_reason(reason)
    with opened.acting() as act:
        past = rules.past_retention(act.state, act.now)
        opened.append(act, "purge", reason=reason, records=past)
        drop_keys(act)
    return past


def backup(opened: Opened, target: Path, reason: str) -> str:
    """Copy the file, sealed as it is, look whether the copy is sound, and return its head.

    Raises
    ------
    StorageError
        If there is such a file, or the copy is not sound.
    """
    reason = check_reason(reason)
    with opened.acting() as act:
        opened.append(act, "backup", reason=reason)
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    except FileExistsError:
        raise StorageError(f"{target} is there already", "A backup overwrites nothing.") from None
    except OSError as error:
        raise ReadOnlyError(f"{target} cannot be written: {error.strerror}") from None
    try:
        with closing(connect(opened.store.path)) as own, closing(sqlite3.connect(target)) as copy:
            own.backup(copy)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        if (getattr(error, "sqlite_errorname", "") or "").startswith("SQLITE_FULL"):
            raise FullError("the disk is full; there is no backup") from None
        raise StorageError("the store could not be copied") from None
    copied = Trail(target, opened.store.clock, opened.store.cost)
    try:
        if not any(one.severity is Severity.INCONSISTENCY for one in verify(copied)):
            return copied.head_hash
    except (StorageError, JournalError):
        pass
    told = "the copy is not sound, since the store is not"
    raise StorageError(told, "Look at it with 'store verify'.")
