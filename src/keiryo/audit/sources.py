"""Where a line of the pack comes from: its act, who answered for it, the files it rests on.

While the pack is written this also keeps account of the lines that it shows, so that each of them
gets its proof, and of the page of the ledger on which each stands, so that others can point there.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.model import Knowledge
from keiryo.audit.folder import PackFolder
from keiryo.audit.pages import Html, link, page_name
from keiryo.dates import Period
from keiryo.journal.proofs import Checkpoint
from keiryo.journal.tables import EVIDENCE
from keiryo.places.model import MaterialBalanceArea
from keiryo.reports.tables import REPORT
from keiryo.storage.schema import ACT

ACTS_PER_PAGE = 1_000
ACTS_PER_CORRECTIONS_PAGE = 10_000
STEMS = ("ledger", "listing")
"""Long tables in which lines of the books stand."""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """A file as a line of an act names it."""

    act_id: int
    line_no: int
    scope: str
    digest: str
    name: str
    size_bytes: int
    role: str
    received_at: str
    kept: bool

    @property
    def short_name(self) -> str:
        """Its name without folders."""
        return re.split(r"[/\\]", self.name)[-1] or self.name


@dataclass(frozen=True, slots=True)
class ActSource:
    """What the pack says about an act wherever it names it."""

    act_id: int
    kind: str
    recorded_at: str
    person: str
    reason: str | None
    line_count: int
    evidence: tuple[EvidenceRecord, ...]

    @property
    def file_names(self) -> str:
        """The names of its files."""
        return "; ".join(record.name for record in self.evidence)

    @property
    def digests(self) -> str:
        """The digests of its files."""
        return "; ".join(record.digest for record in self.evidence)


@dataclass(slots=True)
class Work:
    """What every part of the pack is made from.

    Attributes
    ----------
    area : MaterialBalanceArea
    period : Period
    knowledge : Knowledge
        Resolved: at most the acts up to the checkpoint.
    checkpoint : Checkpoint
    folder : PackFolder
    sources : Sources
    """

    connection: Connection
    metadata: MetaData
    area: MaterialBalanceArea
    period: Period
    knowledge: Knowledge
    checkpoint: Checkpoint
    folder: PackFolder
    sources: Sources = field(init=False)
    line_tables: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = Sources(self.connection, self.metadata, self.area)

    @property
    def mba(self) -> str:
        """Code of the area."""
        return self.area.code


class Sources:
    """The acts and lines that the pack uses."""

    def __init__(
        self, connection: Connection, metadata: MetaData, area: MaterialBalanceArea
    ) -> None:
        self._connection, self._metadata, self._area = connection, metadata, area
        self._acts: dict[int, ActSource] = {}
        self._pages: dict[int, array[int]] = {}

    def act(self, act_id: int) -> ActSource:
        """Return what there is to say about an act."""
        if act_id not in self._acts:
            self._acts[act_id] = self._read(act_id)
        return self._acts[act_id]

    def use(self, act_id: int, line_no: int, *, stem: str = STEMS[0], page: int = 0) -> None:
        """Note that the pack shows a line, and on which page of the ledger or the listings."""
        if act_id not in self._pages:
            self._pages[act_id] = array("I", bytes(4 * (self.act(act_id).line_count + 1)))
        place = page * len(STEMS) + STEMS.index(stem) if page else 0
        self._pages[act_id][line_no] = max(place + 1, self._pages[act_id][line_no])

    def has_used(self, act_id: int) -> bool:
        """Whether the pack shows a line of an act."""
        return act_id in self._pages

    def used(self) -> Iterator[tuple[int, list[int]]]:
        """Yield acts in order, each with the numbers of the lines that the pack shows."""
        for act_id in sorted(self._pages):
            pages = self._pages[act_id]
            yield act_id, [number for number, page in enumerate(pages) if page]

    def used_lines(self) -> int:
        """How many lines the pack shows."""
        return sum(sum(1 for page in pages if page) for pages in self._pages.values())

    def act_link(self, act_id: int, up: str = "") -> Html:
        """Return a link to an act in the list of acts."""
        return link(f"{up}{acts_page(act_id)}#act-{act_id}", str(act_id))

    def line_link(self, act_id: int, line_no: int, up: str = "") -> Html:
        """Return a link to a line: where the pack shows it, else to its act."""
        words = f"{act_id}/{line_no}"
        pages = self._pages.get(act_id)
        if pages is not None and pages[line_no] > 1:
            page, stem = divmod(pages[line_no] - 1, len(STEMS))
            return link(f"{up}{page_name(STEMS[stem], page)}#line-{act_id}-{line_no}", words)
        return link(f"{up}{acts_page(act_id)}#act-{act_id}", words)

    def _read(self, act_id: int) -> ActSource:
        act, evidence = self._metadata.tables[ACT], self._metadata.tables[EVIDENCE.name]
        header = (
            self._connection.execute(select(act).where(act.c.act_id == act_id)).mappings().one()
        )
        query = select(evidence).where(evidence.c.act_id == act_id).order_by(evidence.c.line_no)
        scope = self._area.scope
        records = [
            EvidenceRecord(
                act_id, row["line_no"], row["scope"], row["digest"], row["name"],
                row["size_bytes"], row["role"], row["received_at"], row["kept"] != 0,
            )
            for row in self._connection.execute(query).mappings()
            if row["scope"] == scope or scope.startswith(f"{row['scope']}/")
        ]  # fmt: skip
        return ActSource(
            act_id, header["kind"], header["recorded_at"], header["person"], header["reason"],
            header["line_count"], tuple(records),
        )  # fmt: skip


def acts_page(act_id: int) -> str:
    """Return the page of the list of acts on which an act stands."""
    return f"acts-{(act_id - 1) // ACTS_PER_PAGE + 1}.html"


def corrections_page(act_id: int) -> str:
    """Return the page on which the corrections of an act stand."""
    return page_name("corrections", (act_id - 1) // ACTS_PER_CORRECTIONS_PAGE + 1)


def report_names(work: Work, act_id: int) -> str:
    """Return the reports of the area that an act received, in words."""
    table = work.metadata.tables[REPORT.name]
    query = (
        select(table.c.report_no, table.c.report_type, table.c.outcome)
        .where(table.c.act_id == act_id, table.c.mba == work.mba)
        .order_by(table.c.line_no)
    )
    rows = work.connection.execute(query).all()
    return "; ".join(f"report {number} ({kind or 'T'}) {what}" for number, kind, what in rows)
