"""Files that were sent to be checked, kept until they are accepted or given up.

What is accepted into the books is to the byte what was checked: a set of files is named by the
digest of its contents and names, lies in a folder of the person who sent it beside the evidence of
the books, and is compared with its digests whenever it is read. Names are those of strangers: they
lose their folders and whatever would let them look like another name (OWASP, File Upload).
"""

from __future__ import annotations

import datetime
import errno
import hashlib
import json
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import ConflictError, FullError, NotFoundError, ReadOnlyError
from keiryo.web.viewer import Viewer

File = tuple[str, bytes]
"""Name and content."""

MOST_SETS = 20
"""Sets that are kept for one person; of more the oldest goes."""
KEPT_FOR = datetime.timedelta(days=7)
MAX_NAME = 100
_BEING_SENT_S = 3_600
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SET, _RESULT = ".set.json", ".result.json"


@dataclass(frozen=True, slots=True)
class KeptSet:
    """Files that were sent together.

    Attributes
    ----------
    digest : str
        SHA-256 of names and contents, hexadecimal.
    files : tuple of (name, content)
    context : (name, content) or None
        What came before the reports.
    """

    digest: str
    files: tuple[File, ...]
    context: File | None = None

    @property
    def size_bytes(self) -> int:
        """Size of all contents."""
        return sum(len(content) for _, content in self.files)


def safe_name(given: str, taken: Collection[str] = ()) -> str:
    r"""Return a file's name as it may be shown and recorded.

    Folders, control characters and marks of direction are left out, so that a name looks like
    what it is; a long one keeps its beginning and its ending; one that is taken gets a number.

    Examples
    --------
    >>> safe_name("..\\..\\etc/r\u202etxt.exe")
    'rtxt.exe'
    """
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C" or c == " ")
    name = " ".join(name.split()).strip(". ") or "file"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 12:
        stem, ending = name, ""
    tail = f".{ending}" if ending else ""
    if len(name) > MAX_NAME:
        stem = stem[: MAX_NAME - len(tail) - 1] + "…"
    number, made = 1, f"{stem}{tail}"
    while made in taken:
        number += 1
        made = f"{stem} ({number}){tail}"
    return made


def keep(viewer: Viewer, files: Sequence[File], context: File | None) -> str:
    """Keep a set of files for the viewer and return its digest; the same set has the same.

    Raises
    ------
    FullError, ReadOnlyError
        If the folder cannot take it; nothing is kept then.
    """
    listed = [[name, _digest(content), len(content)] for name, content in files]
    before = None if context is None else [context[0], _digest(context[1]), len(context[1])]
    manifest = {"files": listed, "context": before}
    digest = _digest(json.dumps(manifest, ensure_ascii=False, sort_keys=True).encode())
    folder = _folder(viewer)
    kept = {**manifest, "kept_at": utc_text(viewer.server.now())}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _, content in (*files, *([context] if context else [])):
            _write(folder / _digest(content), content)
        _write(folder / f"{digest}{_SET}", json.dumps(kept).encode(), again=True)
        _tidy(folder, viewer.server.now())
    except OSError as error:
        raise _unwritable(error) from error
    return digest


def kept_set(viewer: Viewer, digest: str) -> KeptSet:
    """Return a set of the viewer's own.

    Raises
    ------
    NotFoundError
        If the viewer has none of that digest (any more).
    ConflictError
        If a file is not what it was.
    """
    folder = _folder(viewer)
    missing = NotFoundError(
        "these files are not kept here any more",
        "Files that were checked are kept for seven days. Send them again.",
    )
    if not _DIGEST.fullmatch(digest):
        raise missing
    try:
        manifest = json.loads((folder / f"{digest}{_SET}").read_bytes())
        files = tuple((n, (folder / d).read_bytes()) for n, d, _ in manifest["files"])
        listed = manifest["context"]
        context = None if listed is None else (listed[0], (folder / listed[1]).read_bytes())
    except FileNotFoundError as error:
        raise missing from error
    plain = {"files": manifest["files"], "context": listed}
    sound = digest == _digest(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode())
    named = [(content, d) for (_, content), (_, d, _) in zip(files, manifest["files"], strict=True)]
    if context is not None:
        named.append((context[1], listed[1]))
    if not sound or any(_digest(content) != d for content, d in named):
        raise ConflictError(
            "a kept file is not what was checked; nothing was recorded", "Send the files again."
        )
    return KeptSet(digest, files, context)


def keep_result(viewer: Viewer, digest: str, result: Mapping[str, Any]) -> None:
    """Keep what became of a set."""
    try:
        path = _folder(viewer) / f"{digest}{_RESULT}"
        _write(path, json.dumps(result, ensure_ascii=False).encode(), again=True)
    except OSError as error:
        raise _unwritable(error) from error


def kept_result(viewer: Viewer, digest: str) -> dict[str, Any] | None:
    """Return what became of a set of the viewer's, or None if nothing did yet."""
    if not _DIGEST.fullmatch(digest):
        return None
    try:
        return dict(json.loads((_folder(viewer) / f"{digest}{_RESULT}").read_bytes()))
    except FileNotFoundError:
        return None


def give_up(viewer: Viewer, digest: str) -> None:
    """Forget a set that is not to be accepted."""
    if _DIGEST.fullmatch(digest):
        folder = _folder(viewer)
        (folder / f"{digest}{_SET}").unlink(missing_ok=True)
        if folder.is_dir():
            _tidy(folder, viewer.server.now())


def _folder(viewer: Viewer) -> Path:
    """Return the viewer's folder, beside the evidence of the books."""
    evidence = viewer.whole.evidence.folder
    return evidence.with_name(f"{evidence.name}.sent") / _digest(viewer.person.person.encode())[:32]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes, *, again: bool = False) -> None:
    """Write a file completely, or not at all."""
    if path.exists() and not again:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _unwritable(error: OSError) -> FullError | ReadOnlyError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FullError("there is no room for these files", "Tell the administrator.")
    return ReadOnlyError("these files cannot be kept here", "Tell the administrator.")


def _tidy(folder: Path, now: datetime.datetime) -> None:
    """Let go of old sets, and of contents that no set names."""
    sets = []
    for path in folder.glob(f"*{_SET}"):
        manifest = json.loads(path.read_bytes())
        sets.append((parse_utc(manifest["kept_at"]), path, manifest))
    sets.sort(key=lambda one: one[0], reverse=True)
    named: set[str] = set()
    for number, (kept_at, path, manifest) in enumerate(sets):
        if number >= MOST_SETS or now - kept_at > KEPT_FOR:
            path.unlink(missing_ok=True)
            continue
        named.add(path.name.removesuffix(_SET))
        named.update(digest for _, digest, _ in manifest["files"])
        if manifest["context"]:
            named.add(manifest["context"][1])
    for path in folder.iterdir():
        if path.name.endswith(_SET) or path.name.removesuffix(_RESULT) in named:
            continue
        if path.stat().st_mtime < time.time() - _BEING_SENT_S:  # another request may write it now
            path.unlink(missing_ok=True)
