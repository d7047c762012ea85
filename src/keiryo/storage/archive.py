"""The file of a backup: a zip that anyone can open, and that proves that it is whole.

::

    manifest.json                what the archive holds, with the SHA-256 of every other member
    tables/<name>/00000.parquet  the rows of a table, at most 50,000 in each member
    evidence/<digest>            the content of a piece of evidence

Members are stored, not deflated (Parquet is compressed in itself), so no member can grow while
it is read. An archive may come from anywhere: nothing in it is believed before it was checked,
and no name in it is ever used as a path.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

import msgspec

from keiryo.errors import FullError, ReadOnlyError, StorageError, UsageError

FORMAT = "keiryo-backup-1"
MANIFEST = "manifest.json"
ROWS_MAX = 50_000
MANIFEST_BYTES_MAX = 256 * 2**20
CHUNK_BYTES_MAX = 256 * 2**20
BLOCK_BYTES = 2**20

ColumnType = Literal["integer", "text", "binary"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_MEMBER = re.compile(r"tables/[a-z][a-z0-9_]{0,59}/[0-9]{5,9}\.parquet|evidence/[0-9a-f]{64}")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    msgspec.MsgspecError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
)


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size and digest of a member of the archive."""

    sha256: str
    size_bytes: int


class StoredTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many rows a table has, and its columns in order."""

    rows: int
    columns: dict[str, ColumnType]


class StoredCheckpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The head of the chain in the archive (`keiryo.journal.proofs.Checkpoint`)."""

    journal_uid: str
    act_id: int
    digest: str
    recorded_at: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of an archive.

    Attributes
    ----------
    format, software, made_at : str
        Format of the archive, program that wrote it, and when (UTC).
    journal_uid : str
    checkpoint : StoredCheckpoint
    schema : str
        Revision of the tables.
    tables : dict
    members : dict
        Every member but the manifest itself, by name.
    missing_evidence : list of str
        Digests of evidence that was missing or damaged when the backup was made.
    """

    format: str
    software: str
    made_at: str
    journal_uid: str
    checkpoint: StoredCheckpoint
    schema: str
    tables: dict[str, StoredTable]
    members: dict[str, Member]
    missing_evidence: list[str]


@contextmanager
def filing_errors(place: Path) -> Iterator[None]:
    """Turn errors of the file system into errors that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise FullError(
                f"there is no room left for {place}: nothing was kept",
                "Make room, or choose a place on another disk.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise ReadOnlyError(
                f"{error.filename or place} cannot be read or written: {error.strerror}",
                "Check the permissions of the file and of its folder.",
            ) from error
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG):
            raise UsageError(
                f"{error.filename or place}: {error.strerror}", "Check the name and its folder."
            ) from error
        raise StorageError(f"{error.filename or place}: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(made: Path, target: Path) -> None:
    """Give a finished file its name; the name must be free.

    Raises
    ------
    FileExistsError
        If somebody else took the name meanwhile.
    """
    try:
        os.link(made, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        made.rename(target)
    made.unlink(missing_ok=True)
    sync_folder(target.parent)


class ArchiveWriter:
    """Writes members one after the other and keeps their digests."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True)
        self.members: dict[str, Member] = {}

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        self._zip.writestr(_private(name), content)
        self.members[name] = Member(hashlib.sha256(content).hexdigest(), len(content))

    def add_file(self, name: str, source: Path) -> None:
        """Add a file block by block."""
        sha256, size = hashlib.sha256(), 0
        member = _private(name)
        with source.open("rb") as incoming, self._zip.open(member, "w", force_zip64=True) as out:
            while block := incoming.read(BLOCK_BYTES):
                out.write(block)
                sha256.update(block)
                size += len(block)
        self.members[name] = Member(sha256.hexdigest(), size)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, which comes last because it holds all digests."""
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        self._zip.writestr(_private(MANIFEST), content)


class ArchiveReader:
    """Reads an archive that may be damaged, or may never have been one.

    Raises
    ------
    UsageError
        Here and in every method: the file is no whole backup.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("rb")
        try:
            with self._checked():
                self._zip = zipfile.ZipFile(self._stream)
                self._check_directory(self.size_bytes)
                self.manifest = self._manifest()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._stream.close()

    @property
    def size_bytes(self) -> int:
        """Size of the archive."""
        return os.fstat(self._stream.fileno()).st_size

    def damaged(self, what: str) -> UsageError:
        """Return the error that says what is wrong with the archive."""
        return UsageError(
            f"{self.path} is not a whole backup of keiryo: {what}",
            "Nothing was restored. Use another copy of this backup, or another backup.",
        )

    def chunks(self, table: str) -> list[str]:
        """Return the members that hold the rows of a table, in order."""
        return [name for name in self.manifest.members if name.startswith(f"tables/{table}/")]

    def evidence(self) -> list[str]:
        """Return the digests of the evidence in the archive."""
        names = self.manifest.members
        return [name.removeprefix("evidence/") for name in names if name.startswith("evidence/")]

    def read(self, name: str) -> bytes:
        """Return the content of a member, once its digest was found right."""
        if self.manifest.members[name].size_bytes > CHUNK_BYTES_MAX:
            raise self.damaged(f"{name} is larger than keiryo writes it")
        return b"".join(self.blocks(name))

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a member block by block; the error comes after the last one."""
        sha256 = hashlib.sha256()
        with self._checked(), self._zip.open(name) as stream:
            while block := stream.read(BLOCK_BYTES):
                sha256.update(block)
                yield block
        if sha256.hexdigest() != self.manifest.members[name].sha256:
            raise self.damaged(f"{name} was changed")

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            words = str(error).strip().splitlines()
            raise self.damaged(words[0] if words else "it breaks off") from error
        except OSError as error:
            if error.errno not in (errno.EINVAL, None):
                raise
            raise self.damaged("it breaks off") from error

    def _check_directory(self, file_bytes: int) -> None:
        """Only members that keiryo writes, each once, none larger than the file has room for."""
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if names.count(MANIFEST) != 1:
            raise self.damaged("it has no manifest; some other program wrote this zip file")
        for info in infos:
            if info.filename != MANIFEST and not _MEMBER.fullmatch(info.filename):
                raise self.damaged(f"{info.filename!r} does not belong in it")
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise self.damaged(f"{info.filename} is not stored as keiryo stores it")
        if len(set(names)) != len(names):
            raise self.damaged("it has two members of one name")
        if sum(info.file_size for info in infos) > file_bytes:
            raise self.damaged("its members overlap")

    def _manifest(self) -> Manifest:
        info = self._zip.getinfo(MANIFEST)
        if info.file_size > MANIFEST_BYTES_MAX:
            raise self.damaged("its manifest is too large")
        content = self._zip.read(info)
        found = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get("format")
        if found is None or msgspec.json.decode(found) != FORMAT:
            shown = "unknown" if found is None else bytes(found).decode()[:60]
            raise UsageError(
                f"{self.path} is a backup of a format that this program does not know: {shown}",
                "Restore it with the version of keiryo that wrote it, or a newer one.",
            )
        manifest = msgspec.json.decode(content, type=Manifest)
        self._check_manifest(manifest)
        return manifest

    def _check_manifest(self, manifest: Manifest) -> None:
        members = {i.filename: i.file_size for i in self._zip.infolist() if i.filename != MANIFEST}
        if {name: m.size_bytes for name, m in manifest.members.items()} != members:
            raise self.damaged("its members are not those that its manifest names")
        for name, table in manifest.tables.items():
            if not all(_NAME.fullmatch(word) for word in (name, *table.columns)):
                raise self.damaged(f"{name!r} is no table with columns as keiryo names them")
        seen: dict[str, int] = {}
        for name, member in manifest.members.items():
            kind, middle, *_ = name.split("/")
            if kind == "evidence":
                if member.sha256 != middle:
                    raise self.damaged(f"{name} is not named by its digest")
                continue
            count = seen[middle] = seen.get(middle, -1) + 1
            if middle not in manifest.tables or name != f"tables/{middle}/{count:05}.parquet":
                raise self.damaged(f"{name} does not follow the member before it")
        if manifest.checkpoint.journal_uid != manifest.journal_uid:
            raise self.damaged("its checkpoint is of another journal")


def _private(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o600 << 16
    return info
