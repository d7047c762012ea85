"""Backup while the books are in use, and restore that ends in verified books or in nothing.

A backup is one consistent state: all tables as one transaction sees them, and the evidence that
the acts in it name. It is the same for both databases, so books can move from one to the other.
A restore computes every digest anew and compares the chain with the checkpoint in the archive
before the books get their place.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Integer, LargeBinary, TextClause, inspect, text

from keiryo.dates import utc_text
from keiryo.errors import JournalError, UsageError
from keiryo.journal.opening import SOFTWARE
from keiryo.journal.proofs import checkpoint
from keiryo.journal.reading import line_tables
from keiryo.storage.archive import (
    FORMAT,
    ROWS_MAX,
    ArchiveWriter,
    ColumnType,
    Manifest,
    StoredCheckpoint,
    StoredTable,
    filing_errors,
    publish,
)
from keiryo.storage.engine import Database
from keiryo.storage.frames import column_list, read_frames
from keiryo.storage.restoring import kept_evidence, restore
from keiryo.storage.revision import check_schema, recorded_revision
from keiryo.storage.schema import ACT, CHAIN_HEAD

__all__ = ["BackupSummary", "backup", "restore"]

READ_ROWS = 2_000
CHUNK_BYTES = 64 * 2**20

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds.

    Attributes
    ----------
    path : Path
    journal_uid : str
    act_id : int
        The last act in it.
    digest : str
        Its digest, the head of the chain.
    rows : int
        Rows in all tables, acts included.
    evidence : int
        Pieces of evidence.
    missing_evidence : tuple of str
        Digests of evidence that was missing or damaged and so is not in the backup.
    size_bytes : int
    """

    path: Path
    journal_uid: str
    act_id: int
    digest: str
    rows: int
    evidence: int
    missing_evidence: tuple[str, ...]
    size_bytes: int


def backup(database: Database, target: Path, *, progress: Progress | None = None) -> BackupSummary:
    """Write a backup of `database` to the file `target`, while others go on working.

    Parameters
    ----------
    database : Database
    target : Path
        Must not exist; it appears when the backup is whole.
    progress : callable, optional
        Called with (rows and pieces of evidence written, in all).

    Raises
    ------
    UsageError
        `target` exists already, or its folder does not.
    NotInitialisedError, NewerSchemaError
        There are no books, or a newer program wrote them.
    FullError, ReadOnlyError
        The disk or folder cannot take it. In all these cases nothing is left behind.
    """
    database.require(older_too=True)
    if target.exists() or target.is_symlink():
        raise _taken(target)
    with filing_errors(target), _unfinished(target) as (made, stream):
        with database.reading() as connection, ArchiveWriter(stream) as archive:
            manifest = _Backup(connection, database, archive, progress).run()
            archive.finish(manifest)
        stream.flush()
        os.fsync(stream.fileno())
        size = os.fstat(stream.fileno()).st_size
        try:
            publish(made, target)
        except FileExistsError:
            raise _taken(target) from None
    return BackupSummary(
        target,
        manifest.journal_uid,
        manifest.checkpoint.act_id,
        manifest.checkpoint.digest,
        sum(table.rows for table in manifest.tables.values()),
        sum(name.startswith("evidence/") for name in manifest.members),
        tuple(manifest.missing_evidence),
        size,
    )


def _taken(target: Path) -> UsageError:
    return UsageError(
        f"{target} exists already and is left as it is", "Give the backup a name of its own."
    )


@contextmanager
def _unfinished(target: Path) -> Iterator[tuple[Path, Any]]:
    """Open a file beside `target`, removed if it does not become `target`."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.unfinished-")
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield Path(name), stream
    finally:
        Path(name).unlink(missing_ok=True)


class _Backup:
    """Everything that is read in the one transaction."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        archive: ArchiveWriter,
        progress: Progress | None,
    ) -> None:
        self.connection = connection
        self.database = database
        self.archive = archive
        self.progress = progress
        self.done = self.total = 0

    def run(self) -> Manifest:
        check_schema(self.connection)
        revision = recorded_revision(self.connection)
        assert revision is not None, "check_schema raises without one"
        head = checkpoint(self.connection, self.database.metadata)
        names = self.tables()
        digests = kept_evidence(self.connection)
        counts = {name: self._count(name) for name in names}
        self.total = sum(counts.values()) + len(digests)
        stored = {name: StoredTable(counts[name], self.table(name)) for name in names}
        return Manifest(
            format=FORMAT,
            software=SOFTWARE,
            made_at=utc_text(datetime.now(UTC)),
            journal_uid=head.journal_uid,
            checkpoint=StoredCheckpoint(**asdict(head)),
            schema=revision,
            tables=stored,
            missing_evidence=self.evidence(digests),
            members=self.archive.members,
        )

    def tables(self) -> list[str]:
        """All tables but those that are computed: of record, whoever declared them, and ours."""
        present = set(inspect(self.connection).get_table_names())
        registry = self.database.registry
        left_out = {p.name for p in registry.projections}
        left_out |= {t.name for t in registry.working_tables if not t.in_backup}
        declared = set(self.database.metadata.tables) - left_out
        lines = set(line_tables(self.connection))
        return [ACT, *sorted(((declared & present) | lines) - {ACT, CHAIN_HEAD}), CHAIN_HEAD]

    def table(self, name: str) -> dict[str, ColumnType]:
        """Write the rows of a table in the order of its key; return its columns."""
        inspector = inspect(self.connection)
        columns = {c["name"]: _column_type(c["type"]) for c in inspector.get_columns(name)}
        kinds: dict[ColumnType, pl.DataType] = {
            "integer": pl.Int64(),
            "binary": pl.Binary(),
            "text": pl.String(),
        }
        schema = {column: kinds[kind] for column, kind in columns.items()}
        constrained = inspector.get_pk_constraint(name)["constrained_columns"]
        key = column_list(constrained) if constrained else "1"
        query = text(f"SELECT {column_list(columns)} FROM {name} ORDER BY {key}")
        waiting: list[pl.DataFrame] = []
        rows = size = number = 0
        for frame in self.frames(name, query, schema):
            if waiting and (rows + frame.height > ROWS_MAX or size > CHUNK_BYTES):
                self.chunk(name, number, waiting)
                waiting, rows, size, number = [], 0, 0, number + 1
            waiting.append(frame)
            rows += frame.height
            size += int(frame.estimated_size())
        if waiting:
            self.chunk(name, number, waiting)
        return columns

    def frames(
        self, name: str, query: TextClause, schema: dict[str, pl.DataType]
    ) -> Iterator[pl.DataFrame]:
        try:
            yield from read_frames(self.connection, query, schema, rows=READ_ROWS, strict=True)
        except TypeError as error:
            raise JournalError(
                f"the table {name} holds a value of another type than its column",
                advice="The books were changed by something other than keiryo: see "
                "'keiryo verify', and keep the earlier backups.",
            ) from error

    def chunk(self, name: str, number: int, frames: list[pl.DataFrame]) -> None:
        content = io.BytesIO()
        whole = pl.concat(frames)
        whole.write_parquet(content, compression="zstd")
        self.archive.add(f"tables/{name}/{number:05}.parquet", content.getvalue())
        self.advance(whole.height)

    def evidence(self, digests: list[str]) -> list[str]:
        """Copy evidence; return the digests of what is missing or damaged."""
        store = self.database.evidence
        missing = []
        for digest in digests:
            if store.is_sound(digest):
                self.archive.add_file(f"evidence/{digest}", store.path(digest))
            else:
                missing.append(digest)
            self.advance(1)
        return missing

    def advance(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)

    def _count(self, name: str) -> int:
        return int(self.connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() or 0)


def _column_type(type_: Any) -> ColumnType:
    if isinstance(type_, Integer):
        return "integer"
    return "binary" if isinstance(type_, LargeBinary) else "text"
