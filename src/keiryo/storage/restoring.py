"""Restore: books from an archive, in an empty place, verified before anyone sees them."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text, inspect, text

from keiryo.errors import (
    ConflictError,
    ConstraintError,
    FullError,
    JournalError,
    NewerSchemaError,
)
from keiryo.journal.evidence import removed_evidence
from keiryo.journal.model import MAX_TEXT_BYTES
from keiryo.journal.proofs import Checkpoint
from keiryo.journal.reading import LINE_COLUMNS, line_tables
from keiryo.journal.registry import Registry
from keiryo.journal.tables import EVIDENCE
from keiryo.journal.verify import Verification, verify
from keiryo.storage.archive import (
    ROWS_MAX,
    ArchiveReader,
    ColumnType,
    StoredTable,
    filing_errors,
    publish,
    sync_folder,
)
from keiryo.storage.engine import Database, shown, translated_errors
from keiryo.storage.evidence import EvidenceStore
from keiryo.storage.frames import insert_rows
from keiryo.storage.migrate import complete, lock_schema, upgrade
from keiryo.storage.projections import rebuild
from keiryo.storage.revision import VERSION_TABLE, require_known
from keiryo.storage.schema import ACT, CHAIN_HEAD, INTEGER, guard

INSERT_ROWS = 5_000
ROOM_FACTOR = 2
"""An SQLite file takes up to about twice the room of the rows in an archive, or more."""

Progress = Callable[[int, int], None]

_POLARS: dict[ColumnType, pl.DataType] = {
    "integer": pl.Int64(),
    "text": pl.String(),
    "binary": pl.Binary(),
}


def restore(
    archive: Path,
    database_place: str | Path,
    registry: Registry,
    *,
    progress: Progress | None = None,
) -> Verification:
    """Restore the books in `archive` to an empty place.

    Parameters
    ----------
    archive : Path
        A file that `keiryo.storage.backup.backup` wrote, of whichever database.
    database_place : str or Path
        Path of an SQLite file that does not exist, or URL of an empty PostgreSQL database.
    registry : Registry
        Tables of capabilities that it does not have are restored as they are.
    progress : callable, optional
        Called with (rows and pieces of evidence restored, in all).

    Returns
    -------
    Verification
        Of the restored books. It has problems only if evidence was missing already when the
        backup was made.

    Raises
    ------
    UsageError
        The archive is damaged or foreign.
    ConflictError
        The place is not empty.
    NewerSchemaError
        A newer program wrote the archive.
    JournalError
        The books in the archive are not sound.
    FullError, ReadOnlyError, StorageError
        The place cannot take it. In all these cases nothing is left behind.
    """
    with filing_errors(archive):
        reader = ArchiveReader(archive)
    with reader:
        require_known(reader.manifest.schema)
        target = Database(database_place, registry)
        try:
            place = target.path or target.evidence.folder
            with filing_errors(place), _staged(target.evidence.folder) as staged:
                restoring = _Restore(reader, target, staged, progress)
                if target.path is not None:
                    return restoring.to_file(target.path)
                return restoring.to_server()
        finally:
            target.close()


@contextmanager
def _staged(folder: Path) -> Iterator[EvidenceStore]:
    """Name a folder for evidence inside the final one (one disk), removed in the end."""
    existed = folder.exists()
    store = EvidenceStore(folder / f".restoring-{secrets.token_hex(4)}")
    try:
        yield store
    finally:
        shutil.rmtree(store.folder, ignore_errors=True)
        if not existed:
            with suppress(OSError):  # it is not empty after a restore that succeeded
                folder.rmdir()


class _Within(Database):
    """A database as seen from inside the transaction that restores it."""

    def __init__(self, database: Database, connection: Connection, staged: EvidenceStore) -> None:
        self.url, self.registry = database.url, database.registry
        self.metadata, self.engine = database.metadata, database.engine
        self.evidence = staged
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with translated_errors(self.url):
            yield self._connection


class _Restore:
    def __init__(
        self,
        reader: ArchiveReader,
        target: Database,
        staged: EvidenceStore,
        progress: Progress | None,
    ) -> None:
        self.reader = reader
        self.manifest = reader.manifest
        self.target = target
        self.staged = staged
        self.progress = progress
        self.done = 0
        self.total = sum(t.rows for t in self.manifest.tables.values()) + len(reader.evidence())

    def to_file(self, path: Path) -> Verification:
        """Build an SQLite file under another name beside `path`, then rename it."""
        for other in (path, Path(f"{path}-wal"), Path(f"{path}-journal")):
            if other.exists() or other.is_symlink():
                raise ConflictError(
                    f"{other} exists already and is left as it is",
                    "Restore to a new place, or first move the old file away together with those "
                    "beside it (-wal, -shm, .evidence).",
                )
        needed = self.reader.size_bytes * ROOM_FACTOR
        if shutil.disk_usage(path.parent).free < needed:
            raise FullError(
                f"restoring needs about {needed // 2**20 + 1} MiB free beside {path}",
                "Make room, or choose a place on another disk.",
            )
        made = path.with_name(f".{path.name}.restoring-{secrets.token_hex(4)}")
        building = Database(made, self.target.registry)
        try:
            try:
                with building.writing() as connection:
                    found = self.fill(building, connection)
            finally:
                building.close()
            with made.open("rb+") as stream:
                os.fsync(stream.fileno())
            self.move_evidence()
            try:
                publish(made, path)
            except FileExistsError:
                raise ConflictError(
                    f"{path} appeared while its books were being restored",
                    "Find out who made it; nothing was restored.",
                ) from None
        finally:
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{made}{suffix}").unlink(missing_ok=True)
        return found

    def to_server(self) -> Verification:
        """Build in one transaction in the empty database of a server."""
        with self.target.writing() as connection:
            lock_schema(connection)
            if inspect(connection).get_table_names():
                raise ConflictError(
                    f"{shown(self.target.url)} already holds tables and is left as it is",
                    "Restore to a database that was newly created.",
                )
            found = self.fill(self.target, connection)
            self.move_evidence()
        return found

    def fill(self, database: Database, connection: Connection) -> Verification:
        """Make the tables, fill them, and verify what came of it, before it is final."""
        manifest = self.manifest
        upgrade(connection, manifest.schema)
        self.make_tables(database, connection)
        for name in sorted(manifest.tables, key=lambda name: (name == CHAIN_HEAD, name)):
            self.fill_table(connection, name, manifest.tables[name])
        upgrade(connection)
        complete(connection, database)
        for projection in database.registry.projections:
            rebuild(connection, projection, database.metadata)
        self.require_named_evidence(connection)
        for digest in self.reader.evidence():
            self.fill_evidence(digest)
        head = manifest.checkpoint
        known = Checkpoint(head.journal_uid, head.act_id, head.digest, head.recorded_at)
        found = verify(_Within(database, connection, self.staged), checkpoint=known)
        self.require_sound(found)
        return found

    def require_named_evidence(self, connection: Connection) -> None:
        """Compare the evidence in the archive with what the acts name."""
        named = set(kept_evidence(connection))
        present, missing = set(self.reader.evidence()), set(self.manifest.missing_evidence)
        if present | missing != named or present & missing:
            raise self.reader.damaged("its evidence is not the evidence that its acts name")

    def require_sound(self, found: Verification) -> None:
        """Accept no problem but evidence that the archive itself declares as missing."""
        missing = tuple(f"({digest[:12]}" for digest in self.manifest.missing_evidence)
        wrong = [
            problem
            for problem in found.problems
            if problem.code != "EVIDENCE-CHANGED" or not any(m in problem.message for m in missing)
        ]
        head = self.manifest.checkpoint
        if not wrong and found.head != head.digest:
            raise self.reader.damaged("its acts do not end with its checkpoint")
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise JournalError(
                f"the books in {self.reader.path} are not sound: {wrong[0].message}{more}",
                wrong[0].act_id,
                "Nothing was restored. Use an earlier backup.",
            )

    def make_tables(self, database: Database, connection: Connection) -> None:
        """Make the tables that no migration makes, by declaration or else from the archive."""
        present = set(inspect(connection).get_table_names())
        computed = {projection.name for projection in database.registry.projections}
        for name, stored in self.manifest.tables.items():
            if name in computed or name == VERSION_TABLE or name.startswith(("sqlite_", "pg_")):
                raise self.reader.damaged(f"{name} is no table that a backup holds")
            if name in present:
                continue
            if name in database.metadata.tables:
                database.metadata.tables[name].create(connection)
            elif set(stored.columns) >= LINE_COLUMNS:
                _unregistered(name, stored).create(connection)
            else:
                raise self.reader.damaged(f"{name} is neither a known table nor one of record")
            if set(stored.columns) >= LINE_COLUMNS:
                guard(connection, name)
        if lost := sorted({ACT, CHAIN_HEAD} - set(self.manifest.tables)):
            raise self.reader.damaged(f"the table {lost[0]} is missing")

    def fill_table(self, connection: Connection, name: str, stored: StoredTable) -> None:
        columns = {column["name"] for column in inspect(connection).get_columns(name)}
        if strange := sorted(set(stored.columns) - columns):
            raise NewerSchemaError(
                f"{self.reader.path} holds {name}.{strange[0]}, which this program does not know",
                "Install the version of keiryo, and of its additions, that wrote the backup.",
            )
        rows = 0
        for member in self.reader.chunks(name):
            frame = self.frame(member, stored)
            for part in frame.iter_slices(INSERT_ROWS):
                try:
                    insert_rows(connection, name, frame.columns, part.rows())
                except ConstraintError as error:
                    words = f"{member} holds rows that the table refuses ({error.message})"
                    raise self.reader.damaged(words) from error
            rows += frame.height
            self.advance(frame.height)
        if rows != stored.rows:
            raise self.reader.damaged(f"{name} should have {stored.rows} rows, it has {rows}")

    def frame(self, member: str, stored: StoredTable) -> pl.DataFrame:
        """Read one member, once its rows and types are as the manifest says."""
        content = self.reader.read(member)
        schema = {name: _POLARS[kind] for name, kind in stored.columns.items()}
        try:
            if dict(pl.read_parquet_schema(io.BytesIO(content))) != schema:
                raise self.reader.damaged(f"{member} has other columns than its manifest says")
            height = pl.scan_parquet(io.BytesIO(content)).select(pl.len()).collect().item()
            if not 0 <= height <= ROWS_MAX:
                raise self.reader.damaged(f"{member} has too many rows")
            frame = pl.read_parquet(io.BytesIO(content))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise self.reader.damaged(f"{member} cannot be read") from error
        for name, kind in stored.columns.items():
            if kind != "text":
                continue
            longest = frame[name].str.len_bytes().max()
            if isinstance(longest, int) and longest > MAX_TEXT_BYTES:
                raise self.reader.damaged(f"{member} holds a text that is too long")
            if frame[name].str.contains("\0", literal=True).any():
                raise self.reader.damaged(f"{member} holds a NUL character")
        return frame

    def fill_evidence(self, digest: str) -> None:
        """Write a piece of evidence to the staged folder and flush it."""
        path = self.staged.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            for block in self.reader.blocks(f"evidence/{digest}"):
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(path.parent)
        self.advance(1)

    def move_evidence(self) -> None:
        """Move the staged evidence into its folder; what is there already and sound stays."""
        final = self.target.evidence
        for digest in self.reader.evidence():
            if not final.is_sound(digest):
                final.path(digest).parent.mkdir(parents=True, exist_ok=True)
                self.staged.path(digest).replace(final.path(digest))
                sync_folder(final.path(digest).parent)
        with suppress(FileNotFoundError):
            sync_folder(final.folder)

    def advance(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)


def kept_evidence(connection: Connection) -> list[str]:
    """Return the digests of the evidence that acts name as kept in the store, in order.

    What was removed when its time of retention was over is kept no longer.
    """
    query = text(f"SELECT DISTINCT digest FROM {EVIDENCE.name} WHERE kept = 1 ORDER BY digest")
    removed = removed_evidence(connection, line_tables(connection))
    found = (str(row[0]) for row in connection.execute(query))
    return [digest for digest in found if digest not in removed]


def _unregistered(name: str, stored: StoredTable) -> Table:
    """Return the table of record of a capability that this program does not have."""
    types: dict[ColumnType, Any] = {"integer": INTEGER, "text": Text(), "binary": LargeBinary()}
    key = ("act_id", "line_no")
    return Table(
        name,
        MetaData(),
        *(
            Column(
                column,
                types[kind],
                primary_key=column in key,
                autoincrement=False,
                nullable=column not in LINE_COLUMNS,
            )
            for column, kind in stored.columns.items()
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
