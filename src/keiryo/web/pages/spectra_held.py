"""Spectrum files that somebody sent only to look at them: held for an hour, recorded nowhere.

They lie in a folder of this machine that only the server reads, under a name that follows from who
sent them, so that nobody else finds them; several processes of one server share the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from pathlib import Path

from keiryo.errors import NotFoundError
from keiryo.web.viewer import Viewer

HELD_S = 3600.0
MOST_HELD = 8
"""Files of one person at a time."""


def _folder(viewer: Viewer) -> Path:
    mark = hashlib.sha256(b"spectra held\0" + viewer.server.secret).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"keiryo-spectra-{mark}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise NotFoundError("the folder of files that are looked at belongs to somebody else")
    return folder


def _whose(viewer: Viewer) -> str:
    given = b"spectra held\0" + viewer.server.secret + viewer.person.person.encode()
    return hashlib.sha256(given).hexdigest()[:20]


def hold(viewer: Viewer, name: str, content: bytes) -> str:
    """Hold a file for its sender and return the word by which it is found again.

    Parameters
    ----------
    viewer : Viewer
    name : str
        Of the file; its ending is kept.
    content : bytes
    """
    folder, whose = _folder(viewer), _whose(viewer)
    _forget(folder, whose)
    token = secrets.token_hex(12)
    place = folder / f"{whose}-{token}"
    shown = Path(name.replace("\\", "/")).name[:120] or "spectrum"
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(shown.encode(errors="replace") + b"\0" + content)
    return token


def held(viewer: Viewer, token: str) -> tuple[str, bytes]:
    """Return name and content of a file that the viewer sent.

    Raises
    ------
    NotFoundError
        If there is none, or it was sent more than an hour ago.
    """
    if token.isalnum() and len(token) == 24:
        place = _folder(viewer) / f"{_whose(viewer)}-{token}"
        with contextlib.suppress(OSError):
            if time.time() - place.stat().st_mtime < HELD_S:
                name, _zero, content = place.read_bytes().partition(b"\0")
                return name.decode(errors="replace"), content
    raise NotFoundError(
        "this file is held no longer", "Send it again; files that are looked at are held an hour."
    )


def _forget(folder: Path, whose: str) -> None:
    """Take away what is too old, and the oldest of a person who has many."""
    mine = []
    for one in folder.iterdir():
        with contextlib.suppress(OSError):
            when = one.stat().st_mtime
            if time.time() - when >= HELD_S:
                one.unlink()
            elif one.name.startswith(f"{whose}-"):
                mine.append((when, one))
    for _when, one in sorted(mine)[: max(0, len(mine) - MOST_HELD + 1)]:
        with contextlib.suppress(OSError):
            one.unlink()
