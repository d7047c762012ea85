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
from collections.abc import Iterator
from pathlib import Path

from keiryo.errors import FullError, NotFoundError, ReadOnlyError


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
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise FullError(
                    f"no room for evidence in {self.folder}", "Make room and send it again."
                ) from error
            raise ReadOnlyError(
                f"evidence cannot be written to {self.folder}: {error.strerror}",
                "Check the permissions of the folder.",
            ) from error
        return digest

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
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
