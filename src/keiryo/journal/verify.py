"""Verification that every act, line and projection is still what was recorded.

Everything is read again and every digest computed anew. Found are: a changed value in any table
of record, a removed, added or reordered act or line, a signature that is missing or wrong, a
projection that differs from a rebuild, evidence that is missing or changed, missing guards, and,
against a checkpoint that was kept elsewhere, a chain that was rewritten as a whole. The first wrong
act is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, Integer, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from keiryo.journal.canonical import (
    GENESIS,
    SALT_BYTES,
    act_digest,
    frame_bytes,
    leaf_digest,
    leaf_digests,
    line_bytes,
)
from keiryo.journal.evidence import removed_evidence
from keiryo.journal.merkle import GrowingTree
from keiryo.journal.model import Act
from keiryo.journal.proofs import Checkpoint, journal_uid
from keiryo.journal.reading import acts, line_tables
from keiryo.journal.signatures import check_signatures, older_than_signatures
from keiryo.journal.tables import CLOCK_CHANGE, EVIDENCE
from keiryo.storage.engine import Database
from keiryo.storage.frames import column_list, read_frames
from keiryo.storage.schema import ACT, CHAIN_HEAD, SIGNATURE, guards_missing

BLOCK_LINES = 50_000
SHOWN_ROWS = 5
PROJECTION_DIFFERS = "PROJECTION-DIFFERS"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was recorded.

    Attributes
    ----------
    code : str
        E.g. ``"LINES-CHANGED"``.
    act_id : int or None
        The act that is wrong, where one can be named.
    message : str
    """

    code: str
    act_id: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: how much was checked, the head of the chain, and the problems.

    Attributes
    ----------
    acts, lines, evidence : int
    head : str
        Digest of the last act.
    problems : tuple of Problem
    signatures : int
        How many of the acts bear a signature.
    """

    acts: int
    lines: int
    evidence: int
    head: str
    problems: tuple[Problem, ...]
    signatures: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def first_wrong_act(self) -> int | None:
        """The first act that is wrong, if one can be named (a wrong projection makes none so)."""
        numbers = (p.act_id for p in self.problems if p.code != PROJECTION_DIFFERS)
        return min((n for n in numbers if n is not None), default=None)


def verify(
    database: Database, *, checkpoint: Checkpoint | None = None, progress: Progress | None = None
) -> Verification:
    """Verify the whole journal of `database`.

    Parameters
    ----------
    database : Database
    checkpoint : Checkpoint, optional
        One that was exported earlier and kept elsewhere.
    progress : callable, optional
        Called with (acts checked, acts in all).

    Returns
    -------
    Verification
    """
    with database.reading() as connection:
        run = _Run(connection, database, progress)
        with _any_text(connection, strict=False):
            for part in (run.tables, run.chain, run.lines, run.strays, run.signatures):
                run.attempt(part)
            run.attempt(run.projections)
            run.attempt(run.stored_evidence)
            if checkpoint is not None:
                run.attempt(lambda: run.checkpoint(checkpoint))
        return run.result()


@contextmanager
def _any_text(connection: Connection, *, strict: bool) -> Iterator[None]:
    """Let SQLite hand out text that is not UTF-8 (it can lie in a changed file), or refuse it."""
    raw: Any = connection.connection.driver_connection
    before = getattr(raw, "text_factory", None)
    if before is not None:
        raw.text_factory = str if strict else lambda b: b.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        if before is not None:
            raw.text_factory = before


class _Run:
    def __init__(
        self, connection: Connection, database: Database, progress: Progress | None
    ) -> None:
        self.connection = connection
        self.database = database
        self.progress = progress
        self.problems: list[Problem] = []
        self.kinds = line_tables(connection)
        self.types: dict[str, dict[str, pl.DataType]] = {}
        self.acts: list[Act] = []
        self.line_count = 0
        self.evidence_count = 0
        self.signature_count = 0

    def found(self, code: str, act_id: int | None, message: str) -> None:
        printable = message.encode("utf-8", "backslashreplace").decode()
        self.problems.append(Problem(code, act_id, printable))

    def attempt(self, part: Callable[[], None]) -> None:
        """Check one part; what stops it is a problem too, and the other parts go on."""
        try:
            with self.connection.begin_nested():
                part()
        except (DBAPIError, TypeError, ValueError) as error:
            words = str(getattr(error, "orig", None) or error).splitlines()[0]
            self.found("UNREADABLE", None, f"the database cannot be read on: {words}")

    def result(self) -> Verification:
        order = sorted(self.problems, key=lambda p: (p.act_id is None, p.act_id or 0))
        head = self.acts[-1].digest if self.acts else GENESIS
        counts = (len(self.acts), self.line_count, self.evidence_count)
        return Verification(*counts, head, tuple(order), self.signature_count)

    def tables(self) -> None:
        """Tables of record and their guards are there, with the columns they should have."""
        present = set(inspect(self.connection).get_table_names())
        unsigned = older_than_signatures(self.connection, present)
        for name in sorted({ACT, CHAIN_HEAD, *(() if unsigned else (SIGNATURE,))} - present):
            self.found("TABLE-MISSING", None, f"the table {name} is missing")
        for name in [n for n, columns in self.kinds.items() if not _plain(n, *columns)]:
            self.found("TABLE-ADDED", None, f"{name!r} is no table of keiryo, or has odd columns")
            del self.kinds[name]
        for name, kind in self.database.registry.kinds.items():
            wanted = {f.name for f in kind.fields}
            if name not in present:
                self.found("TABLE-MISSING", None, f"the table of record {name} is missing")
            elif missing := sorted(wanted - set(self.kinds.get(name, []))):
                self.found("COLUMN-MISSING", None, f"{name} has lost {', '.join(missing)}")
        for name in sorted({ACT, SIGNATURE, *self.kinds} & present):
            if gone := guards_missing(self.connection, name):
                self.found(
                    "GUARD-MISSING", None, f"{name} is not protected against change: {gone} missing"
                )

    def chain(self) -> None:
        """Headers: numbers without gaps, digests right, each resting on the one before."""
        previous, expected, last_time = GENESIS, 1, ""
        clock_acts = self._clock_acts()
        for act in acts(self.connection, self.database.metadata, first=-(2**63)):
            if not _typed(act):
                self.found("ACT-CHANGED", act.act_id, f"act {act.act_id} holds impossible values")
                continue
            if act.act_id < 1:
                self.found("ACT-ADDED", act.act_id, f"act {act.act_id} was added")
                self.acts.append(act)
                continue
            if act.act_id > expected:
                self.found("ACT-MISSING", expected, f"act {expected} is missing")
            if _digest(act) != act.digest:
                self.found("ACT-CHANGED", act.act_id, f"the header of act {act.act_id} was changed")
            elif act.previous_digest != previous and act.act_id == expected:
                self.found(
                    "CHAIN-BROKEN",
                    act.act_id,
                    f"act {act.act_id} does not rest on act {act.act_id - 1} as recorded",
                )
            if act.recorded_at < last_time and act.act_id not in clock_acts:
                self.found("TIME-BACK", act.act_id, f"act {act.act_id} is dated before the last")
            previous, expected, last_time = act.digest, act.act_id + 1, act.recorded_at
            self.acts.append(act)
        self._head()

    def _head(self) -> None:
        row = self.connection.execute(text(f"SELECT act_id, digest FROM {CHAIN_HEAD}")).first()
        last = (self.acts[-1].act_id, self.acts[-1].digest) if self.acts else (0, GENESIS)
        if row is None:
            self.found("HEAD-MISSING", None, "the record of the chain's head is missing")
        elif tuple(row) != last:
            number = max(int(row[0]), last[0]) if int(row[0]) != last[0] else last[0]
            self.found(
                "HEAD-DIFFERS",
                number,
                f"the chain should end with act {row[0]}, it ends with act {last[0]}",
            )

    def _clock_acts(self) -> set[int]:
        if CLOCK_CHANGE.name not in self.kinds:
            return set()
        rows = self.connection.execute(text(f"SELECT act_id FROM {CLOCK_CHANGE.name}"))
        return {int(row[0]) for row in rows}

    def lines(self) -> None:
        """Lines: numbered 1 to n in each act, and the root over their leaves as recorded."""
        done = 0
        for block in _blocks(self.acts):
            if block[0].line_count > BLOCK_LINES:
                found = self._stored_lines(block[0])
                if found != block[0].line_count:
                    self._miscounted(block[0], found)
                    continue
            first, last = block[0].act_id, block[-1].act_id
            numbers: dict[int, list[int]] = {act.act_id: [] for act in block}
            trees = {act.act_id: GrowingTree() for act in block}
            for act_id, line_no, leaf in self._leaves(first, last, block[0].line_count):
                numbers[act_id].append(line_no) if act_id in numbers else None
                if act_id in trees:
                    trees[act_id].extend((leaf,))
            for act in block:
                self._compare(act, numbers[act.act_id], trees[act.act_id])
            done += len(block)
            if self.progress:
                self.progress(done, len(self.acts))

    def _compare(self, act: Act, numbers: list[int], tree: GrowingTree) -> None:
        if len(numbers) != act.line_count:
            self._miscounted(act, len(numbers))
            return
        self.line_count += len(numbers)
        if numbers != list(range(1, act.line_count + 1)):
            words = f"the lines of act {act.act_id} are not numbered 1 to {act.line_count}"
            self.found("LINES-MISSING-OR-ADDED", act.act_id, words)
        elif tree.root().hex() != act.lines_root:
            words = f"a line of act {act.act_id} was changed{self._suspect(act)}"
            self.found("LINES-CHANGED", act.act_id, words)

    def _miscounted(self, act: Act, found: int) -> None:
        self.line_count += found
        words = f"act {act.act_id} should have {act.line_count} lines, it has {found}"
        self.found("LINES-MISSING-OR-ADDED", act.act_id, words)

    def _stored_lines(self, act: Act) -> int:
        """Count before reading: a number that somebody changed must not make the loop long."""
        return sum(
            self.connection.execute(
                text(f"SELECT count(*) FROM {name} WHERE act_id = :a"), {"a": act.act_id}
            ).scalar_one()
            for name in self.kinds
        )

    def _suspect(self, act: Act) -> str:
        """The tables that hold lines of the act, to narrow the search."""
        names = [
            name
            for name in self.kinds
            if self.connection.execute(
                text(f"SELECT 1 FROM {name} WHERE act_id = :a LIMIT 1"), {"a": act.act_id}
            ).first()
        ]
        return f" (it has lines in {', '.join(sorted(names))})"

    def _leaves(self, first: int, last: int, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield (act, line number, leaf) in order; a large act is read window by window."""
        windows: list[tuple[int | None, int | None]] = [(None, None)]
        if first == last and size > BLOCK_LINES:
            edges = list(range(BLOCK_LINES + 1, size + 1, BLOCK_LINES))
            windows = list(zip([None, *edges], [*edges, None], strict=True))
        for low, high in windows:
            rows: list[tuple[int, int, bytes]] = []
            for name, columns in self.kinds.items():
                rows += self._table_leaves(name, columns, (first, last), (low, high))
            rows.sort()
            yield from rows

    def _table_leaves(
        self,
        name: str,
        columns: list[str],
        act_range: tuple[int, int],
        window: tuple[int | None, int | None],
    ) -> list[tuple[int, int, bytes]]:
        listed = column_list(["act_id", "line_no", "salt", *columns])
        query = f"SELECT {listed} FROM {name} WHERE act_id BETWEEN :first AND :last"
        parameters = {"first": act_range[0], "last": act_range[1]}
        for edge, sign in zip(window, (">=", "<"), strict=True):
            if edge is not None:
                query += f" AND line_no {sign} {edge}"
        try:
            with _any_text(self.connection, strict=True):
                return self._leaves_by_frame(name, columns, query, parameters)
        except (OperationalError, TypeError, ValueError) as error:
            if isinstance(error, OperationalError) and self.connection.dialect.name != "sqlite":
                raise
        result = self.connection.execute(text(query), parameters)
        return [(row[0], row[1], _careful_leaf(name, columns, row)) for row in result]

    def _leaves_by_frame(
        self, name: str, columns: list[str], query: str, parameters: dict[str, Any]
    ) -> list[tuple[int, int, bytes]]:
        """Raise TypeError or ValueError if a value is not what its column should hold."""
        schema = {"act_id": pl.Int64(), "line_no": pl.Int64(), "salt": pl.Binary()}
        schema |= self._types(name, columns)
        rows: list[tuple[int, int, bytes]] = []
        for frame in read_frames(
            self.connection, text(query), schema, parameters, rows=BLOCK_LINES, strict=True
        ):
            salts = frame["salt"].to_list()
            if any(salt is None or len(salt) != SALT_BYTES for salt in salts):
                raise ValueError("a salt has another length")
            leaves = leaf_digests(salts, frame_bytes(name, frame.drop("act_id", "salt")))
            rows += zip(frame["act_id"].to_list(), frame["line_no"].to_list(), leaves, strict=True)
        return rows

    def _types(self, name: str, columns: list[str]) -> dict[str, pl.DataType]:
        if name not in self.types:
            found = inspect(self.connection).get_columns(name)
            self.types[name] = {
                c["name"]: pl.Int64() if isinstance(c["type"], Integer) else pl.String()
                for c in found
            }
        return {c: self.types[name][c] for c in columns}

    def strays(self) -> None:
        """Lines that belong to no act."""
        for name in self.kinds:
            query = text(
                f"SELECT act_id, count(*) FROM {name} WHERE act_id NOT IN (SELECT act_id FROM act)"
                " GROUP BY act_id ORDER BY act_id"
            )
            for act_id, count in self.connection.execute(query):
                self.found(
                    "LINES-WITHOUT-ACT",
                    int(act_id),
                    f"{name} holds {count} lines of act {act_id}, which does not exist",
                )

    def signatures(self) -> None:
        """Acts are signed by whoever answers for them, since they have keys."""
        present = set(inspect(self.connection).get_table_names())
        self.signature_count = check_signatures(self.connection, present, self.found)

    def projections(self) -> None:
        """Each projection equals a rebuild from the tables of record."""
        present = set(inspect(self.connection).get_table_names())
        for projection in self.database.registry.projections:
            name = projection.name
            if name not in present:
                self.found(PROJECTION_DIFFERS, None, f"the projection {name} is missing")
                continue
            columns = [c.name for c in self.database.metadata.tables[name].columns]
            listed = column_list(columns)
            kept = f"SELECT {listed} FROM {name}"
            built = f"SELECT {listed} FROM ({projection.build}) AS built"
            for words, query in (
                ("has a row that a rebuild does not give", f"{kept} EXCEPT {built}"),
                ("lacks a row that a rebuild gives", f"{built} EXCEPT {kept}"),
            ):
                limited = text(f"SELECT * FROM ({query}) AS d LIMIT {SHOWN_ROWS}")
                for row in self.connection.execute(limited).mappings():
                    values = ", ".join(f"{k}={v}" for k, v in row.items() if v is not None)
                    self.found(
                        PROJECTION_DIFFERS,
                        _act_number(row["through_act"]),
                        f"the projection {name} {words}: {values}",
                    )

    def stored_evidence(self) -> None:
        """Each piece of evidence that was kept is there and has its digest, or was removed."""
        if EVIDENCE.name not in self.kinds:
            return
        query = text(
            f"SELECT act_id, digest, name FROM {EVIDENCE.name} WHERE kept = 1 ORDER BY act_id"
        )
        checked: set[str] = set()
        removed = removed_evidence(self.connection, self.kinds)
        for act_id, digest, name in self.connection.execute(query):
            if digest in checked:
                continue
            checked.add(str(digest))
            if digest in removed and not self.database.evidence.path(str(digest)).exists():
                continue
            if not self.database.evidence.is_sound(str(digest)):
                self.found(
                    "EVIDENCE-CHANGED",
                    int(act_id),
                    f"evidence {name} ({str(digest)[:12]}…) is missing or was changed",
                )
        self.evidence_count = len(checked)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """The chain still goes through a checkpoint that was kept elsewhere."""
        uid = journal_uid(self.connection, self.database.metadata)
        if uid != checkpoint.journal_uid:
            self.found(
                "CHECKPOINT",
                None,
                f"the checkpoint is of another journal ({checkpoint.journal_uid})",
            )
            return
        match = [a for a in self.acts if a.act_id == checkpoint.act_id]
        if not match or match[0].digest != checkpoint.digest:
            self.found(
                "CHECKPOINT",
                checkpoint.act_id,
                f"act {checkpoint.act_id} is not the one of the checkpoint: "
                "the journal was rewritten at or before it",
            )


def _digest(act: Act) -> str:
    try:
        return act_digest(act)
    except (ValueError, AttributeError, TypeError):
        return ""


def _typed(act: Act) -> bool:
    """Whether the values of an act that others are compared with are of their types."""
    whole = (act.act_id, act.line_count)
    texts = (act.recorded_at, act.lines_root, act.previous_digest, act.digest)
    return all(type(v) is int for v in whole) and all(isinstance(v, str) for v in texts)


def _plain(*names: str) -> bool:
    return all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def _careful_leaf(name: str, columns: list[str], row: Sequence[Any]) -> bytes:
    """Return the leaf of one line; of one that cannot have been recorded, no digest at all."""
    _, line_no, salt, *values = row
    try:
        if len(salt) != SALT_BYTES:
            return b""
        line = line_bytes(name, line_no, dict(zip(columns, values, strict=True)))
        return leaf_digest(bytes(salt), line)
    except (AttributeError, TypeError, ValueError):
        return b""


def _act_number(value: Any) -> int | None:
    return None if value is None else int(value)


def _blocks(all_acts: list[Act]) -> Iterator[list[Act]]:
    """Split acts into blocks of at most `BLOCK_LINES` lines, or one larger act."""
    block: list[Act] = []
    size = 0
    for act in all_acts:
        if block and size + max(act.line_count, 1) > BLOCK_LINES:
            yield block
            block, size = [], 0
        block.append(act)
        size += max(act.line_count, 1)
    if block:
        yield block
