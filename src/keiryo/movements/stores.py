"""Bulk stores inside processes and inventories of areas, as the source itself states them.

The *bulk file* has one row per store and week: what is in it at the end of the week and what went
in and out. Lost stores collect what a process lost; what is added to them in a week is a measured
discard (LD). The *inventory file* has one row per area, form, material and week: the source's own
inventory, with which the books are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import polars as pl

from keiryo.errors import Finding, Severity
from keiryo.movements.files import LINE, SourceFile, read_file
from keiryo.movements.findings import row_findings
from keiryo.movements.mapping import FRACTION_DECIMALS, WEIGHT_DECIMALS, Mapping, Process, Store
from keiryo.movements.numbers import PPB, integers
from keiryo.movements.reading import moment_of

UG_PER_MG = 1000
CONTINUITY_UG = 2000
"""How far stock, receipts and issues of a store may disagree in a week: two last digits."""


class Content(NamedTuple):
    """Nuclear material in a place, exactly, in milligrams: element and fissile weight."""

    element_mg: Fraction = Fraction(0)
    fissile_mg: Fraction = Fraction(0)

    def plus(self, other: Content, sign: int = 1) -> Content:
        """Return the sum of two contents."""
        return Content(
            self.element_mg + sign * other.element_mg, self.fissile_mg + sign * other.fissile_mg
        )

    @property
    def rounded(self) -> tuple[int, int]:
        """Both weights in whole milligrams, halves away from zero."""
        return rounded_mg(self.element_mg), rounded_mg(self.fissile_mg)


def rounded_mg(value: Fraction) -> int:
    """Return an exact weight in whole milligrams, halves away from zero."""
    size = int((abs(value) * 2 + 1) // 2)
    return -size if value < 0 else size


@dataclass(frozen=True, slots=True)
class StoreWeek:
    """A store in a week: stock at its end, received and issued in it, in micrograms."""

    quantity_ug: int
    received_ug: int
    issued_ug: int


@dataclass(frozen=True, slots=True)
class Bulk:
    """The bulk stores of all processes.

    Attributes
    ----------
    weeks : dict
        By facility, store and period.
    file : SourceFile or None
    findings : tuple of Finding
    """

    weeks: dict[tuple[str, str, int], StoreWeek] = field(default_factory=dict)
    file: SourceFile | None = None
    findings: tuple[Finding, ...] = ()

    def last_period(self) -> int | None:
        """Return the last period of the file."""
        return max((period for _, _, period in self.weeks), default=None)

    def stock(self, mapping: Mapping, process: Process, period: int) -> Content | None:
        """Return what the stores of a process hold at the end of a period; None if not stated."""
        total, stated = Content(), False
        for store in process.stores:
            week = self.weeks.get((process.facility, store.name, period))
            if store.role != "lost" and week is not None:
                total = total.plus(content(mapping, store, week.quantity_ug))
                stated = True
        return total if stated else None

    def flow(
        self,
        mapping: Mapping,
        process: Process,
        roles: Iterable[str],
        what: str,
        first: int,
        last: int,
    ) -> Content:
        """Return what stores of some roles received or issued from one period to another."""
        total, wanted = Content(), set(roles)
        for store in process.stores:
            if store.role not in wanted:
                continue
            for period in range(first, last + 1):
                week = self.weeks.get((process.facility, store.name, period))
                if week is not None:
                    ug = week.received_ug if what == "received" else week.issued_ug
                    total = total.plus(content(mapping, store, ug))
        return total

    def losses(self, mapping: Mapping, process: Process) -> dict[int, Content]:
        """Return what was added to the lost stores of a process, by period."""
        found: dict[int, Content] = {}
        for store in process.stores:
            if store.role != "lost":
                continue
            previous: int | None = None
            weeks = sorted(
                (period, week)
                for (facility, name, period), week in self.weeks.items()
                if (facility, name) == (process.facility, store.name)
            )
            for period, week in weeks:
                if previous is None:  # what was lost before the file begins is not its business
                    previous = week.quantity_ug - week.received_ug + week.issued_ug
                added = content(mapping, store, week.quantity_ug - previous)
                previous = week.quantity_ug
                if added.element_mg or added.fissile_mg:
                    found[period] = found.get(period, Content()).plus(added)
        return dict(sorted(found.items()))


def content(mapping: Mapping, store: Store, weight_ug: int) -> Content:
    """Return the nuclear material in a quantity of a store."""
    weight_mg = Fraction(weight_ug, UG_PER_MG)
    if store.material is None:
        counts = set(store.counts)
        return Content(
            weight_mg if counts & {"U", "Pu", "Th"} else Fraction(0),
            weight_mg if counts & {"U-235", "U-233"} else Fraction(0),
        )
    fractions = mapping.material(store.material).fractions
    element = next((Fraction(fractions[e]) for e in ("U", "Pu", "Th") if e in fractions), 0)
    fissile = next((Fraction(fractions[n]) for n in ("U-235", "U-233") if n in fractions), 0)
    return Content(weight_mg * Fraction(element), weight_mg * Fraction(fissile))


def read_bulk(mapping: Mapping, path: Path) -> Bulk:
    """Read the bulk file by a mapping.

    Returns
    -------
    Bulk
        With everything that is wrong in `findings`.
    """
    source, findings = read_file(path, list(mapping.bulk.values()), mapping.delimiter)
    if not mapping.bulk:
        words = "the mapping has no [bulk] and cannot read a bulk file"
        return Bulk(findings=(_finding("MAPPING", words, path.name),))
    if source is None:
        return Bulk(findings=tuple(findings))
    frame = source.frame.select(LINE, **{k: pl.col(v) for k, v in mapping.bulk.items()})
    decimals = WEIGHT_DECIMALS[mapping.bulk_unit]
    for name in ("quantity", "received", "issued"):
        frame = _number(frame, name, decimals, source.name, findings)
    weeks: dict[tuple[str, str, int], StoreWeek] = {}
    known = {(p.facility, s.name): s for p in mapping.processes for s in p.stores}
    unknown: dict[str, int] = {}
    for row in frame.iter_rows(named=True):
        key = (row["facility"], row["store"])
        moment = moment_of(mapping, row["time"])
        if moment is None:
            words = f"{row['time'][:40]!r} is no time"
            findings.append(_finding("TIME-UNREADABLE", words, source.name, row[LINE]))
        elif key in known:
            if (*key, moment[0]) in weeks:
                words = f"store {key[1]} of {key[0]} has two rows for week {moment[0]}"
                findings.append(_finding("DUPLICATE-DIFFERS", words, source.name, row[LINE]))
            numbers = (row["quantity_ug"], row["received_ug"], row["issued_ug"])
            if None not in numbers:
                weeks[*key, moment[0]] = StoreWeek(*numbers)
        elif not mapping.ignores(row["store"]):
            unknown.setdefault(f"store {row['store']!r} of facility {row['facility']!r}", row[LINE])
    findings += [
        _finding("STORE-UNKNOWN", f"{what} is not in the mapping", source.name, line)
        for what, line in unknown.items()
    ]
    present = {key[:2] for key in weeks}
    findings += [
        _finding("STORE-MISSING", f"the file has no rows for store {s} of {f}", source.name)
        for f, s in known
        if (f, s) not in present
    ]
    findings += _continuity(weeks, known, source.name)
    file = SourceFile(source.name, source.digest, source.size_bytes, pl.DataFrame())
    return Bulk(weeks, file, tuple(findings))


def _finding(
    code: str, message: str, file: str, line: int | None = None,
    severity: Severity = Severity.FORMAT,
) -> Finding:  # fmt: skip
    advice = "Correct the file or the mapping."
    return Finding(code, severity, message, advice, file=file, line=line)


def _number(
    frame: pl.DataFrame, name: str, decimals: int, file: str, findings: list[Finding]
) -> pl.DataFrame:
    value, _ = integers(frame[name], decimals)
    frame = frame.with_columns(value.alias(f"{name}_ug"))
    findings += row_findings(
        frame, pl.col(f"{name}_ug").is_null(), "NUM", "{value} is not a number",
        "Write digits and '.', nothing else.", file=file, by=name,
    )  # fmt: skip
    findings += row_findings(
        frame, pl.col(f"{name}_ug") < 0, "NUM-NEGATIVE", "{value} is negative",
        "A store holds, receives and issues nothing negative.", file=file, by=name,
    )  # fmt: skip
    return frame


def _continuity(
    weeks: dict[tuple[str, str, int], StoreWeek],
    known: dict[tuple[str, str], Store],
    file: str,
) -> list[Finding]:
    """Compare each store's stock with the week before and what went in and out."""
    findings = []
    for facility, name in known:
        previous: StoreWeek | None = None
        worst, count, at = 0, 0, 0
        for key in sorted(k for k in weeks if k[:2] == (facility, name)):
            week = weeks[key]
            before = previous.quantity_ug if previous else 0
            gap = week.quantity_ug - before - week.received_ug + week.issued_ug
            previous = week
            if abs(gap) > CONTINUITY_UG:
                count += 1
                if abs(gap) > abs(worst):
                    worst, at = gap, key[2]
        if count:
            words = (
                f"store {name} of {facility}: in {count} weeks the stock is not that of the week "
                f"before plus what came in minus what went out; most in week {at}, by "
                f"{worst / 1e9:.6f} kg"
            )
            findings.append(
                _finding("STORE-CONTINUITY", words, file, severity=Severity.INCONSISTENCY)
            )
    return findings


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """What the source says is present in an area at the end of a week, of one form and material."""

    node: str
    form: str
    material: str
    period: int
    items: int
    weight_ug: int
    contents: dict[str, Content]

    @property
    def content(self) -> Content:
        """The uranium of the row, or whatever its only element is."""
        return next(iter(self.contents.values()), Content())


@dataclass(frozen=True, slots=True)
class SourceInventory:
    """The source's own inventories.

    Attributes
    ----------
    rows : tuple of InventoryRow
    periods : frozenset of int
        The weeks for which there is any row.
    """

    rows: tuple[InventoryRow, ...] = ()
    periods: frozenset[int] = frozenset()
    file: SourceFile | None = None
    findings: tuple[Finding, ...] = ()

    def at(self, node: str, period: int) -> list[InventoryRow]:
        """Return the rows of an area at the end of a period."""
        return [r for r in self.rows if r.node == node and r.period == period]


def read_inventory(mapping: Mapping, path: Path) -> SourceInventory:
    """Read the inventory file by a mapping.

    Returns
    -------
    SourceInventory
        With everything that is wrong in `findings`.
    """
    if not mapping.inventory:
        words = "the mapping has no [inventory] and cannot read an inventory file"
        return SourceInventory(findings=(_finding("MAPPING", words, path.name),))
    fractions = [c for e in mapping.elements for c in e.columns]
    source, findings = read_file(path, [*mapping.inventory.values(), *fractions], mapping.delimiter)
    if source is None:
        return SourceInventory(findings=tuple(findings))
    given = {f"is_{k}": pl.col(v) for k, v in mapping.inventory.items()}
    frame = source.frame.select(LINE, **given, **{c: pl.col(c) for c in fractions})
    weight = WEIGHT_DECIMALS[mapping.weight_unit]
    for name, decimals in (
        ("is_weight", weight),
        ("is_items", 0),
        *((c, FRACTION_DECIMALS[mapping.fraction_unit]) for c in fractions),
    ):
        frame = _number(frame, name, decimals, source.name, findings)
    nodes = {a.node for a in mapping.areas}
    kinds = {(k.form, k.material) for k in mapping.kinds}
    rows: dict[tuple[str, str, str, int], InventoryRow] = {}
    unknown: dict[str, int] = {}
    for row in frame.iter_rows(named=True):
        moment = moment_of(mapping, row["is_time"])
        node = f"{row['is_facility']}/{row['is_area']}"
        if moment is None:
            words = f"{row['is_time'][:40]!r} is no time"
            findings.append(_finding("TIME-UNREADABLE", words, source.name, row[LINE]))
        elif node not in nodes:
            unknown.setdefault(f"area {node!r}", row[LINE])
        elif (row["is_form"], row["is_material"]) not in kinds:
            unknown.setdefault(f"{row['is_form']!r} of {row['is_material']!r}", row[LINE])
        elif None not in (row["is_weight_ug"], row["is_items_ug"]):
            key = (node, row["is_form"], row["is_material"], moment[0])
            if key in rows:
                words = f"{node} has two rows for {key[1]!r} of {key[2]} in week {key[3]}"
                findings.append(_finding("DUPLICATE-DIFFERS", words, source.name, row[LINE]))
            rows[key] = _inventory_row(mapping, row, node, moment[0])
    findings += [
        _finding("INVENTORY-UNKNOWN", f"{what} is not in the mapping", source.name, line)
        for what, line in unknown.items()
    ]
    file = SourceFile(source.name, source.digest, source.size_bytes, pl.DataFrame())
    periods = frozenset(r.period for r in rows.values())
    return SourceInventory(tuple(rows.values()), periods, file, tuple(findings))


def _inventory_row(
    mapping: Mapping, row: dict[str, object], node: str, period: int
) -> InventoryRow:
    weight_ug = int(str(row["is_weight_ug"]))

    def part(fraction: str | None, weight: str | None) -> Fraction:
        if fraction is not None:
            ppb = int(str(row[f"{fraction}_ug"] or 0))
            return Fraction(weight_ug * ppb, PPB * UG_PER_MG)
        return Fraction(int(str(row[f"{weight}_ug"] or 0)), UG_PER_MG) if weight else Fraction(0)

    contents = {
        e.symbol: Content(part(e.fraction, e.weight), part(e.fissile_fraction, e.fissile_weight))
        for e in mapping.elements
    }
    return InventoryRow(
        node, str(row["is_form"]), str(row["is_material"]), period,
        int(str(row["is_items_ug"])), weight_ug, contents,
    )  # fmt: skip
