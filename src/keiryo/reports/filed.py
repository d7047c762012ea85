"""What an area has filed, with every correction applied: the entries that count now.

Reports are kept as they came; an *effective* entry is one of status N or A that no later entry
deletes, with the last correction in its place (INFCIRC/153 paragraph 103; Code 10, label 309).
All questions that an authority puts to a set of reports are put to these entries, whether the
reports come from files or from the books.

A correction whose reference names no entry is taken to mean the one effective entry of the same
code, date and batch, if there is just one: the wrong reference is a finding of its own, and
nothing else should be questioned because of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.reports.context import AreaContext, Context
from keiryo.reports.entry_rules import MAX_BATCH_NAME, Record, known_code
from keiryo.reports.model import (
    ELEMENT_LABELS,
    FISSILE_LABELS,
    WEIGHT_LABELS,
    CategoryGroup,
    Entry,
    Note,
    Report,
    fissile_label,
)
from keiryo.vocabulary import EntryCode

_KINDS = {"I": "ICR", "M": "MBR"}
Address = tuple[int, int]
"""Report number and entry number."""


@dataclass(slots=True, eq=False)
class FiledEntry:
    """An entry as filed, with what it corrects.

    Attributes
    ----------
    report, entry : Report, Entry
        As filed. `report` is the one that carries the entry, which for a correction is later
        than the one that it speaks of.
    root : FiledEntry or None
        The first entry of its chain of corrections; None for an entry that begins one.
    replaces : FiledEntry or None
        The entry that counted before this one.
    """

    report: Report
    entry: Entry
    root: FiledEntry | None = None
    replaces: FiledEntry | None = None

    @property
    def origin(self) -> FiledEntry:
        """The entry with which its chain began."""
        return self.root or self

    @property
    def code(self) -> EntryCode | None:
        """What label 411 says, if it is known and may stand in this kind of report."""
        code = known_code(self.entry.code) if self.entry.code else None
        kind = _KINDS.get(self.report.type)
        return None if code is not None and kind and kind not in code.reports else code

    @property
    def day(self) -> datetime.date:
        """Day of the change; where it cannot be read, the last day of the report's period."""
        day = self.entry.date or self.origin.report.period_to or self.report.date
        return day or datetime.date.min

    @property
    def groups(self) -> tuple[CategoryGroup, ...]:
        """Its weights by element category."""
        return self.entry.groups()

    @property
    def record(self) -> Record:
        """The entry with its report, for findings."""
        return Record(self.report, self.entry)

    @property
    def order(self) -> tuple[object, ...]:
        """By day; within a day increases, category changes and new batches, decreases."""
        code = self.code
        return (
            self.day,
            1 if code is None else code.day_rank,
            self.origin.report.number,
            self.origin.entry.number,
            self.report.number,
        )

    def unreadable_labels(self) -> set[str]:
        """Return the weight labels whose content cannot be made out, or cannot be meant.

        Each is a finding of severity F by itself: nothing else is asked because of it.
        """
        labels = {label for label, _ in self.entry.unreadable if label in WEIGHT_LABELS}
        if not self.entry.weights and not labels:
            return set(WEIGHT_LABELS)
        weights_mg, code = self.entry.weights_mg(), self.code
        signed = code is not None and code.may_be_negative
        if not signed or self.report.type == "P":
            labels |= {label for label, mg in weights_mg.items() if mg < 0}
        if code is not None and code.kind == "rounding":
            return labels
        if weights_mg.keys() & {"600", "630"} and fissile_label(weights_mg) is None:
            labels |= set(FISSILE_LABELS)
        if weights_mg.keys() & set(FISSILE_LABELS) and not weights_mg.keys() & {"600", "630"}:
            labels |= {"600", "630"}
        if code is not None and code.old_category is not None and code.new_category is not None:
            asked = {code.old_category.label, code.new_category.label}
            labels |= asked - weights_mg.keys()
            labels |= (weights_mg.keys() & set(ELEMENT_LABELS)) - asked
        return labels

    @property
    def unnamed(self) -> bool:
        """Whether its batch cannot be made out: no name, or one longer than a name can be."""
        return not self.entry.batch or len(self.entry.batch) > MAX_BATCH_NAME

    @property
    def doubtful(self) -> bool:
        """Whether its weights, or what it does with them, cannot be made out."""
        unknown = self.report.type == "I" and self.code is None
        return unknown or bool(self.unreadable_labels())


@dataclass(slots=True)
class FiledBalance:
    """A material balance report with its corrections.

    Attributes
    ----------
    report : Report
        The report that states the balance.
    lines : list of FiledEntry
        Its effective lines.
    """

    report: Report
    lines: list[FiledEntry] = field(default_factory=list)

    @property
    def start(self) -> datetime.date | None:
        """First day of the period."""
        return self.report.period_from

    @property
    def end(self) -> datetime.date:
        """Last day of the period, that of the physical inventory taking."""
        return self.report.period_to or datetime.date.min


@dataclass(slots=True)
class FiledListing:
    """A physical inventory listing with its corrections; no entries for an empty area."""

    report: Report
    entries: list[FiledEntry] = field(default_factory=list)


@dataclass(slots=True)
class AreaFile:
    """All that one area has filed, and what came before.

    Attributes
    ----------
    code, country : str
    place : MaterialBalanceArea or None
        Its entry in the register, if it is known.
    opening : AreaContext or None
        What came before the first report.
    prior_pit : date or None
        Day of the physical inventory before the first report.
    reports : list of Report
        By number; of two reports with one number the first.
    changes : list of FiledEntry
        Effective entries of inventory change reports, in order.
    listings, balances : dict
        By the day of the physical inventory taking.
    filed : list of FiledEntry
        Every entry of every report as filed, effective or not.
    problems : list of (FiledEntry, str)
        Corrections, deletions and additions whose reference is wrong, and what is wrong with it.
    refused : set of int
        Numbers of reports that came but were refused.
    again : list of (Report, Report)
        Listings and balances that state once more what another report states already; their new
        entries are left out.
    """

    code: str
    country: str
    place: MaterialBalanceArea | None = None
    opening: AreaContext | None = None
    prior_pit: datetime.date | None = None
    reports: list[Report] = field(default_factory=list)
    changes: list[FiledEntry] = field(default_factory=list)
    listings: dict[datetime.date, FiledListing] = field(default_factory=dict)
    balances: dict[datetime.date, FiledBalance] = field(default_factory=dict)
    filed: list[FiledEntry] = field(default_factory=list)
    problems: list[tuple[FiledEntry, str]] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    again: list[tuple[Report, Report]] = field(default_factory=list)

    @property
    def kind(self) -> str | None:
        """``"item"``, ``"bulk"``, ``"LOF"``, or None if nobody said."""
        return self.place.type if self.place else None

    @property
    def follows_batches(self) -> bool:
        """Whether the content of each batch can be followed."""
        return bool(self.place and self.place.batch_follow_up)

    def opening_batches(self) -> tuple[Entry, ...]:
        """Return the batches of the opening inventory."""
        return self.opening.inventory if self.opening else ()

    def opening_ending(self) -> dict[Category, tuple[int, int | None]]:
        """Return the ending inventory before the first report: as reported, or as listed."""
        if self.opening is None:
            return {}
        if self.opening.ending:
            return self.opening.ending
        sums: dict[Category, tuple[int, int | None]] = {}
        for entry in self.opening.inventory:
            for group in entry.groups():
                element, fissile = sums.get(group.category, (0, 0))
                sums[group.category] = (
                    element + group.element_mg,
                    (fissile or 0) + (group.fissile_mg or 0),
                )
        return sums

    def takings(self) -> list[datetime.date]:
        """Return the days of physical inventory takings, the one before the first report too."""
        days = {*self.listings, *self.balances}
        if self.prior_pit is not None:
            days.add(self.prior_pit)
        return sorted(days)

    def notes_on(self, filed: FiledEntry) -> list[Note]:
        """Return the concise notes of its report that speak of an entry, or of the report."""
        notes = filed.report.notes
        return [n for n in notes if n.on_entry == filed.entry.number or n.on_report]


@dataclass(slots=True)
class Filings:
    """The files of all areas of a State."""

    areas: dict[str, AreaFile] = field(default_factory=dict)
    textual: list[Report] = field(default_factory=list)
    context: Context | None = None

    def changes(self, code: str) -> Iterator[FiledEntry]:
        """Yield the effective changes of one code in all areas."""
        for area in self.areas.values():
            for filed in area.changes:
                if filed.entry.code == code:
                    yield filed
