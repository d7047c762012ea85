"""The import of item movements: read, check, book week by week, close, compare.

One act opens the import (files, mapping, areas, findings), one books each week, one takes the
physical inventories of each closing. Each has a client id made from the digests of mapping and
files, so that an import that was killed goes on where it stopped, and sending it again changes
nothing.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from keiryo.accounts.closing import close_period
from keiryo.accounts.tables import (
    BATCH,
    GENEALOGY,
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
)
from keiryo.dates import date_number, previous_day, utc_text
from keiryo.errors import Finding, RefusedError, Severity, UsageError, worst
from keiryo.journal.evidence import MAX_KEPT_BYTES, add_evidence, keep_file
from keiryo.journal.model import Actor, Draft
from keiryo.journal.opening import recorded_state
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING, finding_values
from keiryo.movements import checks
from keiryo.movements.comparison import Comparison, compare
from keiryo.movements.entries import LINE_COLUMNS, ledger_lines, scope_of
from keiryo.movements.files import LINE
from keiryo.movements.genealogy import Descent, infer, pool_uid
from keiryo.movements.inventories import PIT_COLUMNS, Taking, closing_periods, empty_lines, take
from keiryo.movements.mapping import Mapping
from keiryo.movements.reading import Events, read_movements
from keiryo.movements.stores import Bulk, SourceInventory, read_bulk, read_inventory
from keiryo.movements.tracking import Tracked, track
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values, areas
from keiryo.storage.engine import Database

Progress = Callable[[int, int, str], None]

BLOCK_WEEKS = 13
"""How many weeks' lines are worked out at a time, so that memory stays bounded."""

"""Files up to this size are kept in the evidence store; of larger ones, the digest."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Files that were read and checked, before anything is posted.

    Attributes
    ----------
    findings : tuple of Finding
        Everything that came up, the most serious first.
    rows, events : int
        Rows of the files, and events without duplicates.
    """

    mapping: Mapping
    paths: tuple[tuple[Path, str], ...]
    read: Events
    tracked: Tracked
    descents: tuple[Descent, ...]
    inventory: SourceInventory
    bulk: Bulk
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def digest(self) -> str:
        """Digest of the mapping and of all files: the identity of the import."""
        parts = [self.mapping.digest, *(f.digest for f in self.read.files)]
        parts += [s.file.digest for s in (self.inventory, self.bulk) if s.file is not None]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def refused(self) -> bool:
        """Whether a finding of severity F forbids posting."""
        return worst(self.findings) is Severity.FORMAT

    @property
    def periods(self) -> tuple[int, int]:
        """First and last week of the movements."""
        column = self.tracked.events["period"]
        return int(str(column.min())), int(str(column.max()))


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    acts, repeated : int
        Acts posted now, and those that an earlier run of the same import had posted.
    lines : int
        Lines of the acts posted now.
    comparisons : tuple of Comparison
        One per closing and area.
    """

    prepared: Prepared
    acts: int
    repeated: int
    lines: int
    closings: tuple[datetime.date, ...]
    comparisons: tuple[Comparison, ...]
    takings: tuple[Taking, ...]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that came up."""
        return self.prepared.findings


def prepare(
    mapping: Mapping,
    files: Sequence[Path],
    *,
    inventory: Path | None = None,
    bulk: Path | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Read and check all files; post nothing.

    Parameters
    ----------
    mapping : Mapping
    files : sequence of Path
        Movement files.
    inventory, bulk : Path, optional
        The source's own inventories, and its bulk stores.
    progress : callable, optional
        Called with (steps done, steps in all, what is being done).

    Returns
    -------
    Prepared
        With all findings at once; nothing is raised for what is wrong in the files.
    """
    began = time.perf_counter()
    say = progress or (lambda done, total, words: None)
    say(0, 5, "reading movements")
    read = read_movements(mapping, files)
    say(1, 5, "reading inventories and stores")
    found_inventory = read_inventory(mapping, inventory) if inventory else SourceInventory()
    found_bulk = read_bulk(mapping, bulk) if bulk else Bulk()
    say(2, 5, "following items")
    name = ", ".join(f.name for f in read.files)
    if read.frame.height:
        tracked = track(mapping, read.frame, name)
        say(3, 5, "inferring genealogy")
        descents = tuple(infer(mapping, tracked.events))
    else:
        tracked, descents = Tracked(read.frame, read.frame, ()), ()
    findings = [*read.findings, *found_inventory.findings, *found_bulk.findings, *tracked.findings]
    findings += checks.declared(mapping, read, found_bulk, bulk_given=bulk is not None)
    if read.frame.height and not any(f.severity is Severity.FORMAT for f in findings):
        findings += checks.of_processes(mapping, tracked.events, descents)
        last = int(str(tracked.events["period"].max()))
        findings += checks.of_closings(mapping, last, found_inventory.periods)
    order = {s: n for n, s in enumerate(Severity)}
    findings.sort(key=lambda f: order[f.severity])
    say(5, 5, "")
    return Prepared(
        mapping, _with_roles(files, inventory, bulk), read, tracked, descents, found_inventory,
        found_bulk, tuple(findings), time.perf_counter() - began,
    )  # fmt: skip


def _with_roles(
    files: Sequence[Path], inventory: Path | None, bulk: Path | None
) -> tuple[tuple[Path, str], ...]:
    """Return all files of an import with what each is to it."""
    found = [(path, "item movements") for path in files]
    found += [(inventory, "inventories of the source")] if inventory else []
    found += [(bulk, "bulk stores of the source")] if bulk else []
    return tuple(found)


def import_movements(
    database: Database,
    mapping: Mapping,
    files: Sequence[Path],
    actor: Actor,
    *,
    inventory: Path | None = None,
    bulk: Path | None = None,
    progress: Progress | None = None,
    clock: Clock = system_clock,
) -> ImportSummary:
    """Bring item movements into the books, close the periods and compare with the source.

    Parameters
    ----------
    database : Database
        Opened books.
    mapping : Mapping
    files : sequence of Path
    actor : Actor
    inventory, bulk : Path, optional
        The source's own inventories, and its bulk stores.
    progress : callable, optional
        Called with (steps done, steps in all, what is being done).

    Raises
    ------
    RefusedError
        If something in the files forbids posting; nothing was posted. All findings are there.
    """
    prepared = prepare(mapping, files, inventory=inventory, bulk=bulk, progress=progress)
    return book(database, prepared, actor, progress=progress, clock=clock)


def book(
    database: Database,
    prepared: Prepared,
    actor: Actor,
    *,
    progress: Progress | None = None,
    clock: Clock = system_clock,
) -> ImportSummary:
    """Post what `prepare` found; see `import_movements`."""
    state = recorded_state(database)
    if state is None:
        raise UsageError("the books were never opened", "Open them with 'keiryo init --state XX'.")
    findings = [*prepared.findings]
    if not prepared.refused and prepared.read.frame.height:
        findings += checks.booked_before(database, prepared.mapping, prepared.digest,
                                         prepared.periods, mbas_of(prepared.mapping))  # fmt: skip
    if any(f.severity is Severity.FORMAT for f in findings) or not prepared.read.frame.height:
        raise RefusedError(
            "the movements were refused; nothing was posted",
            findings,
            "Put right what the findings say and import again.",
        )
    return _Booking(database, prepared, actor, state, progress, clock).run()


def mbas_of(mapping: Mapping) -> list[str]:
    """Return the MBA codes of a mapping."""
    return list(mapping.mbas)


class _Booking:
    """Posts an import act by act, leaving out what was posted before."""

    def __init__(
        self,
        database: Database,
        prepared: Prepared,
        actor: Actor,
        state: str,
        progress: Progress | None,
        clock: Clock,
    ) -> None:
        self.database, self.prepared, self.actor = database, prepared, actor
        self.state, self.clock = state, clock
        self.mapping = prepared.mapping
        self.say: Progress = progress or (lambda done, total, words: None)
        self.stem = f"movements:{prepared.digest}"
        self.posted: set[str] = self._client_ids()
        self.acts = self.repeated = self.lines = 0
        self.seconds: dict[str, float] = {"read and check": prepared.seconds}

    def run(self) -> ImportSummary:
        began = time.perf_counter()
        self._open()
        first, last = self.prepared.periods
        last += max((p.feed_delay for p in self.mapping.processes), default=0)
        last = max(last, self.prepared.bulk.last_period() or 0)
        for start in range(first, last + 1, BLOCK_WEEKS):
            end = min(start + BLOCK_WEEKS - 1, last)
            frames = self._frames(start, end)
            for period in range(start, end + 1):
                self.say(period - first, last - first + 1, f"booking week {period}")
                self._week(period, {k: by[period] for k, by in frames.items() if period in by})
        self.say(1, 1, "")
        self.seconds["book"] = time.perf_counter() - began
        began = time.perf_counter()
        takings = self._takings()
        comparisons = self._close(takings)
        self.seconds["close and compare"] = time.perf_counter() - began
        return ImportSummary(
            self.prepared, self.acts, self.repeated, self.lines,
            tuple(t.day for t in takings), tuple(comparisons), tuple(takings), self.seconds,
        )  # fmt: skip

    def _client_ids(self) -> set[str]:
        from sqlalchemy import select

        act = self.database.metadata.tables["act"]
        query = select(act.c.client_id).where(act.c.client_id.startswith(self.stem))
        with self.database.reading() as connection:
            return {str(row[0]) for row in connection.execute(query)}

    def _post(self, draft: Draft) -> None:
        """Post an act unless an earlier run of the same import has posted it."""
        posted = post(self.database, draft, self.actor, clock=self.clock)
        self.acts += not posted.repeated
        self.repeated += posted.repeated
        self.lines += 0 if posted.repeated else posted.act.line_count

    def _known(self, client_id: str) -> bool:
        known = client_id in self.posted
        self.repeated += known
        return known

    def _open(self) -> None:
        client_id = f"{self.stem}:begin"
        if self._known(client_id):
            return
        prepared, received = self.prepared, utc_text(self.clock())
        evidence = [(path.name, path.read_bytes(), role) for path, role in prepared.paths]
        evidence.append(("mapping.toml", self.mapping.text.encode(), "mapping"))
        evidence.append(("duplicates.csv", duplicates_csv(self.mapping, prepared.tracked),
                         "events that were in the files twice"))  # fmt: skip
        draft = Draft("movements.begin", client_id, reason=f"item movements: {self.mapping.name}")
        self._add_areas(draft)
        for name, content, role in evidence:
            file = keep_file(self.database.evidence, name, content, up_to_bytes=MAX_KEPT_BYTES)
            add_evidence(draft, file, self.state, role, received)
        for finding in prepared.findings:
            draft.add(FINDING.name, finding_values(finding, self.state))
        if self.mapping.begins_empty:
            day = previous_day(
                self.mapping.time.event_day(prepared.periods[0])
                - datetime.timedelta(days=self.mapping.time.weekday - 1)
            )
            empty = empty_lines(self.mapping, self.state, day, self.mapping.mbas)
            draft.add_frames(PHYSICAL_INVENTORY.name, [empty.select(PIT_COLUMNS)])
        self._post(draft)

    def _add_areas(self, draft: Draft) -> None:
        with self.database.reading() as connection:
            present = areas(connection, self.database.metadata)
        processes = {p.mba for p in self.mapping.processes}
        for node in self.mapping.places:
            bulk = node.mba in processes or getattr(node, "type", "item") == "bulk"
            place = MaterialBalanceArea(
                self.state, node.code, node.mba, "bulk" if bulk else "item", not bulk, node.zone,
                node.name,
            )  # fmt: skip
            if present.get(node.mba) != place:
                present[node.mba] = place
                draft.add(AREA.name, area_values(place))

    def _frames(self, first: int, last: int) -> dict[str, dict[int, pl.DataFrame]]:
        """Return the lines of some weeks, by kind and week."""
        prepared = self.prepared
        scopes = {n.mba: scope_of(self.state, n) for n in self.mapping.places}
        wanted = pl.col("period").is_between(first, last)
        links = [
            d.links.filter(wanted).select(
                pl.lit(scopes[d.process.mba]).alias("scope"), "child_uid", "parent_uid",
                "relation", pl.col("day").alias("event_date"),
                pl.lit(d.inferred_from).alias("inferred_from"), "period",
            )
            for d in prepared.descents
        ]  # fmt: skip
        ledger = ledger_lines(
            self.mapping, self.state, prepared.tracked.events, prepared.bulk, first, last
        )
        frames = {
            INVENTORY_CHANGE.name: ledger.with_columns(
                pl.col("entry_place").alias("entry_line")
            ).select(*LINE_COLUMNS, "entry_line", "period"),
            BATCH.name: self._batches(scopes, first, last),
        }
        if links:
            frames[GENEALOGY.name] = pl.concat(links)
        return {
            kind: {int(str(key[0])): part for key, part in
                   frame.partition_by("period", as_dict=True, include_key=False).items()}
            for kind, frame in frames.items()
        }  # fmt: skip

    def _batches(self, scopes: dict[str, str], first: int, last: int) -> pl.DataFrame:
        """Return the lines that begin items, and at the very first those of pools."""
        mbas = [a.mba for a in self.mapping.areas]
        node = pl.col("node").cast(pl.UInt32)
        wanted = pl.col("opens") & pl.col("period").is_between(first, last)
        items = self.prepared.tracked.events.filter(wanted).select(
            pl.lit(pl.Series([scopes[m] for m in mbas])).gather(node).alias("scope"),
            pl.col("uid").alias("batch_uid"), pl.lit(pl.Series(mbas)).gather(node).alias("mba"),
            "name", pl.lit("item").alias("kind"), pl.col("day").alias("event_date"), "period",
        )  # fmt: skip
        if first != self.prepared.periods[0]:
            return items
        day = date_number(self.mapping.time.event_day(first))
        pools = pl.DataFrame(
            [
                {"scope": scopes[p.mba], "batch_uid": pool_uid(p), "mba": p.mba, "name": "POOL",
                 "kind": "pool", "event_date": day, "period": first}
                for p in self.mapping.processes if p.genealogy == "pool"
            ],
            schema=items.schema,
        )  # fmt: skip
        return pl.concat([pools, items])

    def _week(self, period: int, frames: dict[str, pl.DataFrame]) -> None:
        client_id = f"{self.stem}:week:{period}"
        if not frames or self._known(client_id):
            return
        draft = Draft("movements.week", client_id, reason=f"item movements of week {period}")
        for kind in (INVENTORY_CHANGE.name, BATCH.name, GENEALOGY.name):
            if kind in frames:
                draft.add_frames(kind, [frames[kind]])
        self._post(draft)

    def _takings(self) -> list[Taking]:
        """Take the physical inventories of all closings and post them."""
        prepared = self.prepared
        stated = prepared.inventory.periods
        if not stated and prepared.bulk.file is None:
            return []
        first, last = prepared.periods
        last = max(last, max(stated, default=last))
        takings = []
        periods = closing_periods(self.mapping, first, last, stated)
        for done, period in enumerate(periods):
            day = self.mapping.time.period_end(period)
            self.say(done, len(periods), f"inventory of {day}")
            taking = take(
                self.mapping, self.state, period, prepared.tracked.events, prepared.descents,
                prepared.inventory, prepared.bulk,
            )  # fmt: skip
            takings.append(taking)
            client_id = f"{self.stem}:inventory:{period}"
            if taking.lines.height and not self._known(client_id):
                draft = Draft("movements.inventory", client_id, reason=f"inventory of {day}")
                draft.add_frames(PHYSICAL_INVENTORY.name, [taking.lines.select(PIT_COLUMNS)])
                self._post(draft)
        self.say(len(periods), len(periods), "")
        return takings

    def _close(self, takings: list[Taking]) -> list[Comparison]:
        """Close the balance of every area at every closing, and compare it with the source."""
        comparisons: list[Comparison] = []
        before: Taking | None = None
        for taking in takings:
            for mba in self.mapping.mbas:
                if mba not in taking.taken:
                    continue
                if before is not None or self.mapping.begins_empty:
                    self.say(0, 1, f"closing {mba} on {taking.day}")
                    closed = close_period(
                        self.database, mba, taking.day, self.actor, clock=self.clock
                    )
                    self.acts += not closed.repeated
                    self.repeated += closed.repeated
                    self.lines += 0 if closed.repeated else closed.act.line_count
                    comparisons.extend(
                        compare(self.prepared.mapping, mba, closed.balance, taking, before,
                                self.prepared.descents, self.prepared.bulk,
                                self.prepared.tracked.events)
                    )  # fmt: skip
            before = taking
        self.say(1, 1, "")
        return comparisons


def duplicates_csv(mapping: Mapping, tracked: Tracked) -> bytes:
    """Return the complete list of events that were there twice."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file", "line", "repeats_line", "week", "area", "direction", "item"])
    if tracked.duplicates.height:
        columns = ["file", LINE, "first_line", "period", "node", "entering", "name"]
        for file, line, first, period, node, entering, name in (
            tracked.duplicates.sort("row").select(columns).iter_rows()
        ):
            way = "in" if entering else "out"
            writer.writerow([file, line, first, period, mapping.areas[node].node, way, name])
    return stream.getvalue().encode()
