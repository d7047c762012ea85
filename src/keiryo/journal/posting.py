"""The posting pipeline: one transaction for an act, its lines, its findings and projections.

In this order: take the right to write; look whether the client's id was posted before; check the
clock; insert the lines, hashing each; ask whether this person may do this here; add the lines that
follow by rule; run the checks of all capabilities on what now lies in the tables; attach their
findings; bring the projections up to date; close the act with its digest. Anything that goes wrong
on the way, a power cut included, leaves no trace of the act.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, text, update

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import (
    ClockError,
    ConflictError,
    ConstraintError,
    Finding,
    NotAllowedError,
    RefusedError,
    Severity,
    UsageError,
)
from keiryo.journal.canonical import (
    GENESIS,
    SALT_BYTES,
    act_digest,
    frame_bytes,
    leaf_digest,
    leaf_digests,
    line_bytes,
    signed_bytes,
)
from keiryo.journal.merkle import GrowingTree
from keiryo.journal.model import (
    MAX_TEXT_BYTES,
    Act,
    Actor,
    Draft,
    FieldType,
    LineKind,
    Posted,
    Value,
    header_problems,
    line_problems,
)
from keiryo.journal.reading import act_by_client_id, line_stream
from keiryo.journal.registry import Posting, Reach, Refusal
from keiryo.journal.tables import CLOCK_CHANGE, FINDING, finding_values
from keiryo.storage.engine import Database
from keiryo.storage.frames import insert_rows
from keiryo.storage.schema import ACT, CHAIN_HEAD, SIGNATURE, bulk_insert

if TYPE_CHECKING:
    import polars as pl

CHUNK_ROWS = 32_768
SINGLE_LINES = 8_192
"""Single lines that are put together before they are inserted."""
CLOCK_TOLERANCE = timedelta(seconds=5)
"""A clock behind by less is slewing: the act takes the time of the act before."""

Clock = Callable[[], datetime]
LineProgress = Callable[[int], None]
"""Told how many single lines of an act are written."""
DraftSource = Draft | Callable[[Connection], Draft]


def system_clock() -> datetime:
    """Return the computer's time in UTC."""
    return datetime.now(UTC)


def post(
    database: Database,
    source: DraftSource,
    actor: Actor,
    *,
    clock: Clock = system_clock,
    progress: LineProgress | None = None,
) -> Posted:
    """Post an act: all of it, or nothing.

    Parameters
    ----------
    database : Database
    source : Draft or callable
        The draft, or a function that prepares it inside the transaction from what is recorded.
    actor : Actor
        The person who answers for the act, and on whose behalf.
    clock : callable
        Returns the time in UTC.
    progress : callable, optional
        Called now and then with the number of single lines that are written; whatever it raises
        ends the posting, and nothing is posted.

    Returns
    -------
    Posted
        ``repeated`` is true if the same draft had been posted before; nothing was added then.

    Raises
    ------
    RefusedError
        A check refused it; its ``findings`` say why.
    ConflictError
        The client id belongs to an act with other content.
    ClockError
        The clock is behind the last act.
    StorageError
        The database cannot take it (read-only, full, busy).
    """
    with database.writing() as connection:
        head_id, head_digest = _take_head(connection, database)
        draft = source(connection) if callable(source) else source
        if problems := header_problems(draft, actor):
            raise UsageError(f"the act cannot be recorded: {'; '.join(problems)}")
        known = act_by_client_id(connection, database.metadata, draft.client_id)
        if known is not None:
            _require_same(connection, database, known, draft, actor)
            return Posted(known, repeated=True)
        recorded_at = _recorded_at(connection, database, head_id, draft, clock())
        writer = _LineWriter(connection, database, head_id + 1, progress)
        posting = Posting(connection, head_id + 1, draft, database.metadata, actor)
        try:
            writer.write_draft(posting)
            writer.write_lines((kind, dict(values)) for kind, values in actor.endorsement)
            posting = replace(posting, reach=frozenset(writer.reach))
            _pass_gates(posting, database)
            told = _add_companions(posting, database, writer)
            posting = replace(posting, reach=frozenset(writer.reach))
            findings = _run_checks(posting, database, told)
            writer.write_findings(findings, _scope_of_findings(posting))
            posting = replace(posting, reach=frozenset(writer.reach))
            _project(posting, database, writer.kinds)
        except ConstraintError as error:
            raise _refused(error) from error
        act = _close(connection, database, draft, actor, writer, recorded_at, head_digest)
    return Posted(act)


class _LineWriter:
    """Inserts lines and hashes them, in order."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        act_id: int,
        progress: LineProgress | None = None,
    ) -> None:
        self.connection = connection
        self.progress = progress
        self.database = database
        self.act_id = act_id
        self.tree = GrowingTree()
        self.kinds: set[str] = set()
        self.reach: set[Reach] = set()

    def write_draft(self, posting: Posting) -> None:
        self.write_lines(posting.draft.lines)
        for name, frames in posting.draft.frames:
            self.write_frames(posting, name, frames)

    def write_frames(self, posting: Posting, name: str, frames: Iterable[pl.DataFrame]) -> None:
        """Insert lines of one kind in bulk, and add them to what is projected of them."""
        kind = self.kind(name)
        projected = [
            projection.apply_frame
            for projection in self.database.registry.projections
            if projection.apply_frame is not None and name in projection.kinds
        ]
        with bulk_insert(self.connection, name):
            for frame in frames:
                for part in frame.iter_slices(CHUNK_ROWS):
                    with _collector_at_rest():
                        typed = self.write_frame(kind, part)
                    for apply_frame in projected:
                        apply_frame(posting, typed)

    def write_findings(self, findings: list[Finding], scope: str) -> None:
        self.write_lines([(FINDING.name, finding_values(f, scope)) for f in findings])

    def kind(self, name: str) -> LineKind:
        self.kinds.add(name)
        return _kind(self.database, name)

    def write_lines(self, lines: Iterable[tuple[str, dict[str, Value]]]) -> None:
        """Insert single lines; those of one kind and shape go in together, in their order."""
        numbered = enumerate(lines, start=self.tree.size + 1)
        while some := list(islice(numbered, SINGLE_LINES)):
            with _collector_at_rest():
                self._write_some(some)
            if self.progress is not None:
                self.progress(self.tree.size)

    def _write_some(self, numbered: list[tuple[int, tuple[str, dict[str, Value]]]]) -> None:
        waiting: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        noise = os.urandom(SALT_BYTES * len(numbered))
        leaves = []
        for place, (line_no, (name, values)) in enumerate(numbered):
            _require_sound_line(self.kind(name), line_no, values)
            given = {n: v for n, v in values.items() if v is not None}
            self.reach.add(Reach(name, *(values.get(n) for n in _REACH)))  # type: ignore[arg-type]
            salt = noise[place * SALT_BYTES : (place + 1) * SALT_BYTES]
            leaves.append(leaf_digest(salt, line_bytes(name, line_no, given)))
            row = (self.act_id, line_no, salt, *given.values())
            waiting.setdefault((name, *given), []).append(row)
        self.tree.extend(leaves)
        for (name, *columns), rows in waiting.items():
            insert_rows(self.connection, name, ("act_id", "line_no", "salt", *columns), rows)

    def write_frame(self, kind: LineKind, frame: pl.DataFrame) -> pl.DataFrame:
        """Insert the rows of a frame and return them; columns that hold nothing are left out."""
        import polars as pl

        frame = _typed(kind, frame)
        named = frame.select(name for name in _REACH if name in frame.columns)
        self.reach.update(Reach(kind.name, **row) for row in named.unique().iter_rows(named=True))
        size, first = frame.height, self.tree.size + 1
        numbered = frame.with_columns(
            pl.int_range(first, first + size, dtype=pl.Int64).alias("line_no")
        )
        noise = os.urandom(SALT_BYTES * size)
        salts = [noise[i : i + SALT_BYTES] for i in range(0, len(noise), SALT_BYTES)]
        self.tree.extend(leaf_digests(salts, frame_bytes(kind.name, numbered)))
        values = [frame[name].to_list() for name in frame.columns]
        rows = zip(
            repeat(self.act_id, size), range(first, first + size), salts, *values, strict=True
        )
        columns = ("act_id", "line_no", "salt", *frame.columns)
        insert_rows(self.connection, kind.name, columns, rows)
        return frame


_REACH = ("scope", "agreement", "caveat")


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python from searching millions of plain values for cycles that they cannot form."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _kind(database: Database, name: str) -> LineKind:
    if name not in database.registry.kinds:
        raise UsageError(f"no capability declares lines of kind {name!r}")
    return database.registry.kinds[name]


def _require_sound_line(kind: LineKind, line_no: int, values: dict[str, Value]) -> None:
    if problems := line_problems(kind, values):
        raise UsageError(f"line {line_no} cannot be recorded: {'; '.join(problems)}")


def _typed(kind: LineKind, frame: pl.DataFrame) -> pl.DataFrame:
    """Check names, types and required fields of a frame; drop columns that are all null."""
    import polars as pl

    known = {f.name: f for f in kind.fields}
    unknown = [name for name in frame.columns if name not in known]
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: no field of {kind.name}")
    for spec in kind.fields:
        if spec.required and (spec.name not in frame.columns or frame[spec.name].null_count()):
            raise UsageError(f"{kind.name}.{spec.name} is missing in some lines")
    counts = frame.null_count().row(0, named=True)
    frame = frame.select(name for name, nulls in counts.items() if nulls < frame.height)
    for name, dtype in frame.schema.items():
        fits = dtype.is_integer() if known[name].type is FieldType.INTEGER else dtype == pl.String
        if not fits:
            raise UsageError(f"{kind.name}.{name} cannot hold values of type {dtype}")
    _require_sound_texts(kind, frame)
    try:
        return frame.with_columns(pl.selectors.integer().cast(pl.Int64))
    except pl.exceptions.InvalidOperationError:
        raise UsageError(f"a line of {kind.name} holds a number beyond 64 bits") from None


def _require_sound_texts(kind: LineKind, frame: pl.DataFrame) -> None:
    """Check all texts of a frame in one pass."""
    import polars as pl

    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    if not texts or frame.is_empty():
        return
    columns = pl.col(texts)
    found = frame.select(
        columns.str.contains("\0", literal=True).any().name.prefix("nul "),
        columns.str.len_bytes().max().name.prefix("size "),
    ).row(0, named=True)
    for name in texts:
        if found[f"nul {name}"]:
            raise UsageError(f"{kind.name}.{name} holds a NUL character")
        if found[f"size {name}"] > MAX_TEXT_BYTES:
            raise UsageError(f"{kind.name}.{name} is longer than {MAX_TEXT_BYTES} bytes")


def _take_head(connection: Connection, database: Database) -> tuple[int, str]:
    """Read the head of the chain; on PostgreSQL this waits for whoever is posting."""
    head = database.metadata.tables[CHAIN_HEAD]
    query = select(head.c.act_id, head.c.digest).with_for_update()
    row = connection.execute(query).first()
    if row is None:  # the very first act; another process may just be posting it
        first = f"INSERT INTO {CHAIN_HEAD} VALUES (1, 0, :digest) ON CONFLICT DO NOTHING"
        connection.execute(text(first), {"digest": GENESIS})
        row = connection.execute(query).one()
    return int(row[0]), str(row[1])


def _recorded_at(
    connection: Connection, database: Database, head_id: int, draft: Draft, now: datetime
) -> str:
    """Return the time of the act, which never lies before that of the act before."""
    table = database.metadata.tables[ACT]
    query = select(table.c.recorded_at).where(table.c.act_id == head_id)
    last_text = connection.execute(query).scalar()
    if last_text is None:
        return utc_text(now)
    last = parse_utc(str(last_text))
    if now >= last or any(name == CLOCK_CHANGE.name for name, _ in draft.lines):
        return utc_text(now)
    if last - now <= CLOCK_TOLERANCE:
        return utc_text(last)
    raise ClockError(
        f"the clock shows {utc_text(now)}, but the last act was recorded at {last_text}",
        "Set the clock right. If the earlier time was the wrong one, record that with "
        "'keiryo journal accept-clock --reason ...' and post again.",
    )


def _pass_gates(posting: Posting, database: Database) -> None:
    """Ask whether this person may do this here.

    Raises
    ------
    NotAllowedError
        If a gate says no.
    """
    refusals = [r.finding for gate in database.registry.gates for r in gate(posting)]
    if refusals:
        raise NotAllowedError(
            "this is not for you to do; nothing was posted",
            refusals,
            "Ask somebody who may, or the administrator for the role that it takes.",
        )


def _scope_of_findings(posting: Posting) -> str:
    """Return whose the findings of an act are: those of an act about one area are that area's."""
    scopes = {reach.scope for reach in posting.reach}
    assert posting.actor is not None
    return scopes.pop() if len(scopes) == 1 else posting.actor.on_behalf_of


def _present(draft: Draft) -> set[str]:
    return {name for name, _ in chain(draft.lines, draft.frames)}


def _add_companions(
    posting: Posting, database: Database, writer: _LineWriter
) -> list[Finding | Refusal]:
    """Add the lines that follow from those of the act; return what was found on the way."""
    present = _present(posting.draft)
    told: list[Finding | Refusal] = []
    for companion in database.registry.companions:
        if companion.kinds & present:
            singles: list[tuple[str, dict[str, Value]]] = []
            for result in companion.function(posting):
                if isinstance(result, Finding | Refusal):
                    told.append(result)
                elif isinstance(result[1], Mapping):
                    singles.append((result[0], dict(result[1])))
                else:
                    writer.write_frames(posting, result[0], [result[1]])
            writer.write_lines(singles)
    return told


def _run_checks(
    posting: Posting, database: Database, told: Iterable[Finding | Refusal] = ()
) -> list[Finding]:
    present = _present(posting.draft)
    findings = [one for one in told if isinstance(one, Finding)]
    refusals = [one.finding for one in told if isinstance(one, Refusal)]
    for check in database.registry.checks:
        if check.kinds & present:
            for result in check.function(posting):
                if isinstance(result, Refusal):
                    refusals.append(result.finding)
                else:
                    findings.append(result)
    if refusals:
        raise RefusedError(
            "the act was refused; nothing was posted",
            [*refusals, *findings],
            "Put right what the findings say and post again.",
        )
    return findings


def _project(posting: Posting, database: Database, kinds: set[str]) -> None:
    for projection in database.registry.projections:
        if projection.kinds & kinds:
            projection.apply(posting)


def _close(
    connection: Connection,
    database: Database,
    draft: Draft,
    actor: Actor,
    writer: _LineWriter,
    recorded_at: str,
    previous: str,
) -> Act:
    values: dict[str, Any] = {
        "act_id": writer.act_id,
        "client_id": draft.client_id,
        "recorded_at": recorded_at,
        "person": actor.person,
        "on_behalf_of": actor.on_behalf_of,
        "kind": draft.kind,
        "reason": draft.reason,
        "corrects": draft.corrects,
        "line_count": writer.tree.size,
        "lines_root": writer.tree.root().hex(),
        "previous_digest": previous,
    }
    values["digest"] = act_digest(Act(**values, digest=""))
    connection.execute(insert(database.metadata.tables[ACT]).values(**values))
    if actor.signer is not None:
        signature = actor.signer.sign(signed_bytes(values["digest"])).hex()
        signed = {"act_id": writer.act_id, "person": actor.person, "key": actor.signer.key}
        table = database.metadata.tables[SIGNATURE]
        connection.execute(insert(table).values(**signed, signature=signature))
    head = database.metadata.tables[CHAIN_HEAD]
    connection.execute(update(head).values(act_id=writer.act_id, digest=values["digest"]))
    return Act(**values)


def _require_same(
    connection: Connection, database: Database, known: Act, draft: Draft, actor: Actor
) -> None:
    """Compare a resent draft with what was recorded under its client id."""
    header = (draft.kind, draft.reason, draft.corrects, actor.on_behalf_of)
    same = header == (known.kind, known.reason, known.corrects, known.on_behalf_of)
    stored = line_stream(connection, database.metadata, known.act_id)
    if same:
        for sent in _draft_bytes(database, draft):
            line = next(stored, None)
            if line is None or line.canonical != sent:
                same = False
                break
        else:
            added = {FINDING.name, *(kind for kind, _ in actor.endorsement)}
            added |= {companion.adds for companion in database.registry.companions}
            same = all(line.kind in added for line in stored)
    if not same:
        raise ConflictError(
            f"{draft.client_id!r} was posted before as act {known.act_id}, with other content",
            "Give the new content an identifier of its own; what is recorded stays.",
        )


def _draft_bytes(database: Database, draft: Draft) -> Iterator[bytes]:
    import polars as pl

    count = 0
    for count, (name, values) in enumerate(draft.lines, start=1):
        _require_sound_line(_kind(database, name), count, values)
        yield line_bytes(name, count, values)
    for name, frames in draft.frames:
        for frame in frames:
            numbers = pl.int_range(count + 1, count + 1 + frame.height, dtype=pl.Int64)
            yield from frame_bytes(name, frame.with_columns(numbers.alias("line_no")))
            count += frame.height


def _refused(error: ConstraintError) -> RefusedError:
    finding = Finding(
        "CONSTRAINT",
        Severity.FORMAT,
        f"a line breaks a rule of its table: {error.message}",
        "Correct the line; the rules of each table are listed in the reference of line kinds.",
    )
    return RefusedError("the database refused a line; nothing was posted", [finding])
