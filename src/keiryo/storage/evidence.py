"""Evidence: files as they were received, stored once under their own SHA-256.

The digest, name and size of a piece of evidence are lines in the journal; the content lies in a
folder beside the database. A file is written completely and flushed before any act names it, so
a crash can leave a file that no act names (harmless), never an act whose file is missing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from keiryo.errors import FullError, NotFoundError, ReadOnlyError, StorageError


class EvidenceStore:
    """A folder of files named by digest.

    Parameters
    ----------
    folder : Path
        Created at the first `put`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Return where the content with `digest` (hexadecimal SHA-256) lies."""
        return self.folder / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """Store `content` durably and return its digest.

        Raises
        ------
        FullError, ReadOnlyError
            If the folder cannot take it.
        """
        digest = hashlib.sha256(content).hexdigest()
        target = self.path(digest)
        if target.exists():
            return digest
        try:
            self._write(target, content)
        except OSError as error:
            raise self._refusal(error) from error
        return digest

    def put_file(self, path: Path) -> str:
        """Store a file durably, a block at a time, and return its digest.

        For files that need not fit into memory, such as videos.

        Raises
        ------
        FullError, ReadOnlyError
            If the folder cannot take it.
        OSError
            If `path` cannot be read.
        """
        sha256 = hashlib.sha256()
        with path.open("rb") as source:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".incoming-")
            except OSError as error:
                raise self._refusal(error) from error
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    while block := source.read(1 << 20):
                        sha256.update(block)
                        self._filed(stream.write, block)
                    self._filed(stream.flush)
                    self._filed(os.fsync, stream.fileno())
                digest = sha256.hexdigest()
                target = self.path(digest)
                if not target.exists():
                    self._filed(target.parent.mkdir, parents=True, exist_ok=True)
                    self._filed(Path(name).replace, target)
                    _flush_folder(target.parent)
            finally:
                Path(name).unlink(missing_ok=True)
        return digest

    def remove(self, digest: str) -> bool:
        """Remove the content with `digest` for good; return whether it was there.

        Only for what an act of the record says was removed: post that act first.

        Raises
        ------
        ValueError
            If `digest` is no SHA-256 in hexadecimal.
        ReadOnlyError
            If the folder cannot be written.
        """
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"{digest!r} is no SHA-256")
        target = self.path(digest)
        try:
            target.unlink()
            _flush_folder(target.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._refusal(error) from error
        return True

    def get(self, digest: str) -> bytes:
        """Return the content with `digest`.

        Raises
        ------
        NotFoundError
            If it is not in the store.
        """
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFoundError(
                f"evidence {digest[:12]}… is not in {self.folder}",
                "Restore the evidence folder from a backup.",
            ) from None

    def digests(self) -> Iterator[str]:
        """Yield the digests of all stored files, in order."""
        if self.folder.is_dir():
            for path in sorted(self.folder.glob("??/*")):
                if len(path.name) == 64:
                    yield path.name

    def is_sound(self, digest: str) -> bool:
        """Whether the stored content still has its digest."""
        sha256 = hashlib.sha256()
        try:
            with self.path(digest).open("rb") as stream:
                while block := stream.read(1 << 20):
                    sha256.update(block)
        except OSError:
            return False
        return sha256.hexdigest() == digest

    def _write(self, target: Path, content: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _flush_folder(target.parent)

    def _filed(self, write: Callable[..., Any], *given: Any, **more: Any) -> None:
        """Write something, and say in the words of keiryo if the folder cannot take it."""
        try:
            write(*given, **more)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> StorageError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return FullError(
                f"no room for evidence in {self.folder}", "Make room and send it again."
            )
        return ReadOnlyError(
            f"evidence cannot be written to {self.folder}: {error.strerror}",
            "Check the permissions of the folder.",
        )


def _flush_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
