"""Printed figures of plutonium and nuclear material, read as they were printed.

A printed figure belongs to a year-end, a place and a class of facilities, has one unit and one
basis (all plutonium, or fissile plutonium only), and was rounded on its own when it was printed.
So nothing here adds figures of different units: `added` refuses. The shipped series are Japan's
separated plutonium from 2001 to 2023, its totals of nuclear material, and what was said about
them; each row names its source (``keiryo/data/public_figures/README.md``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import TypeVar

from keiryo.errors import Finding, Severity, UsageError

PLUTONIUM, TOTALS = "separated-plutonium.csv", "material-totals.csv"
HEADLINES, REMARKS, SOURCES = "headlines.csv", "remarks.csv", "sources.csv"

TOTAL = "total"
DOMESTIC, ABROAD, EVERYWHERE = "domestic", "abroad", "all"
PLACES = (DOMESTIC, ABROAD, EVERYWHERE)

UNITS: dict[str, tuple[str, int]] = {
    "kg Pu": ("total", 1),
    "t Pu": ("total", 1000),
    "kg Puf": ("fissile", 1),
    "t Puf": ("fissile", 1000),
}
"""Units of the plutonium series: the basis that each stands for, and its size in kilograms."""

PLUTONIUM_COLUMNS = (
    *("year_end", "place", "facility_class", "facility"),
    *("quantity", "unit", "basis", "source"),
)
MATERIALS: dict[str, str] = {
    "natural_U_t": "t U",
    "depleted_U_t": "t U",
    "enriched_U_t": "t U",
    "U235_in_enriched_t": "t U-235",
    "thorium_t": "t Th",
    "plutonium_kg": "kg Pu",
}
"""Columns of the totals, and the unit of each."""

_NUMBER = re.compile(r"[0-9]+(?:\.([0-9]+))?")
_Row = TypeVar("_Row")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


@dataclass(frozen=True, slots=True)
class PrintedFigure:
    """One figure as it was printed.

    Attributes
    ----------
    row : int
        Line of the file, counted from 1.
    year_end : int
        The figure is of 31 December of this year.
    place : str
        One of `PLACES`.
    facility_class, facility : str
        ``"total"`` or a class (abroad: the country); one facility or group of it, or empty.
    quantity : Fraction
        In `unit`, exactly as printed.
    step : Fraction
        One unit of the last printed digit, in `unit`.
    unit, basis : str
        One of `UNITS` and what it stands for.
    source : str
        Key of the source.
    """

    row: int
    year_end: int
    place: str
    facility_class: str
    facility: str
    quantity: Fraction
    step: Fraction
    unit: str
    basis: str
    source: str
    text: str

    @property
    def is_total(self) -> bool:
        """Whether it is the total of its place."""
        return self.facility_class == TOTAL

    @property
    def what(self) -> str:
        """Place, class and facility, in words."""
        if self.place == EVERYWHERE:
            return "domestic and abroad together"
        parts = [self.place, "" if self.is_total else self.facility_class, self.facility]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class MaterialTotals:
    """The total inventory of a year-end by material, each in its own unit; None: not printed."""

    row: int
    year_end: int
    quantities: Mapping[str, Fraction | None]
    steps: Mapping[str, Fraction]
    precision: str
    source: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What a source says about a figure: a rise that is no shipment, facilities merged."""

    row: int
    year_end: int
    place: str
    facility_class: str
    kind: str
    remark: str
    source: str


@dataclass(frozen=True, slots=True)
class PublicSeries:
    """All that was printed, and what could not be read of it."""

    plutonium: tuple[PrintedFigure, ...]
    totals: tuple[MaterialTotals, ...] = ()
    headlines: tuple[PrintedFigure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    sources: Mapping[str, str] | None = None
    findings: tuple[Finding, ...] = ()
    name: str = PLUTONIUM

    def source(self, key: str) -> str:
        """Return what a key of a source stands for; a key that stands for itself, as it is."""
        return (self.sources or {}).get(key, key)


def added(figures: Iterable[PrintedFigure]) -> tuple[Fraction, str]:
    """Return the sum of figures, and the unit that all of them share.

    Raises
    ------
    UsageError
        If they are in different units (kg and t, total and fissile), or there are none.
    """
    found = tuple(figures)
    units = sorted({figure.unit for figure in found})
    if len(units) != 1:
        raise UsageError(
            f"figures in {' and '.join(units)} are not added"
            if units
            else "nothing is to be added",
            "Take figures of one unit. Tonnes were rounded otherwise than kilograms, and fissile "
            "plutonium is a part of the plutonium.",
        )
    return sum((figure.quantity for figure in found), Fraction(0)), units[0]


def read_plutonium(
    content: str, name: str = PLUTONIUM
) -> tuple[tuple[PrintedFigure, ...], list[Finding]]:
    """Return the figures of a plutonium series, and findings for the rows left out.

    Parameters
    ----------
    content : str
        CSV with the columns of `PLUTONIUM_COLUMNS`.
    name : str, optional
        Name of the file, for findings.
    """
    return _read(content, name, PLUTONIUM_COLUMNS, _figure)


def read_totals(
    content: str, name: str = TOTALS
) -> tuple[tuple[MaterialTotals, ...], list[Finding]]:
    """Return the totals of nuclear material, and findings for the rows left out."""
    return _read(content, name, ("year_end", *MATERIALS, "precision", "source"), _totals)


@cache
def shipped_series() -> PublicSeries:
    """Return the series that keiryo brings along."""
    sources = {row["key"]: row["source"] for row in csv.DictReader(io.StringIO(_shipped(SOURCES)))}
    plutonium, findings = read_plutonium(_shipped(PLUTONIUM))
    totals, more = read_totals(_shipped(TOTALS))
    headlines, others = _read(_shipped(HEADLINES), HEADLINES, ("year_end", "quantity"), _headline)
    remarks, last = _read(_shipped(REMARKS), REMARKS, ("year_end", "kind"), _remark)
    found = (*findings, *more, *others, *last)
    return PublicSeries(plutonium, totals, headlines, remarks, sources, found)


def _shipped(name: str) -> str:
    return files("keiryo.data").joinpath("public_figures", name).read_text(encoding="utf-8")


def _read(
    content: str,
    name: str,
    columns: Iterable[str],
    made: Callable[[int, Mapping[str, str]], _Row | str],
) -> tuple[tuple[_Row, ...], list[Finding]]:
    """Return what the rows mean; of a row that means nothing, a finding."""
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff")))
    if missing := [one for one in columns if one not in (reader.fieldnames or ())]:
        return (), [_finding(name, 1, f"the column {', '.join(missing)} is missing")]
    found: list[_Row] = []
    findings: list[Finding] = []
    for row in reader:
        cells = {key: (value or "").strip() for key, value in row.items() if key is not None}
        result = made(reader.line_num, cells)
        if isinstance(result, str):
            findings.append(_finding(name, reader.line_num, result))
        else:
            found.append(result)
    return tuple(found), findings


def _finding(name: str, row: int, why: str) -> Finding:
    return Finding(
        "FIGURE-ROW",
        Severity.FORMAT,
        f"this row is no printed figure: {why}; it is left out",
        "Correct the row as the source prints it; the other rows are used.",
        file=name,
        line=row,
        found=why,
    )


def _figure(row: int, cells: Mapping[str, str]) -> PrintedFigure | str:
    unit, basis, text = cells["unit"], cells["basis"], cells["quantity"]
    if not _YEAR.fullmatch(cells["year_end"]):
        return f"{cells['year_end']!r} is no year"
    if cells["place"] not in PLACES:
        return f"the place {cells['place']!r} is none of {', '.join(PLACES)}"
    if not cells["facility_class"] or not cells["source"]:
        return "facility class or source is missing"
    if unit not in UNITS:
        return f"the unit {unit!r} is none of {', '.join(UNITS)}"
    if basis != UNITS[unit][0]:
        return f"{unit} is of {UNITS[unit][0]} plutonium, but the basis is {basis!r}"
    printed = _printed(text)
    if printed is None:
        return f"{text!r} is no number as digits with a point"
    return PrintedFigure(
        row,
        int(cells["year_end"]),
        *(cells["place"], cells["facility_class"], cells["facility"]),
        *printed,
        *(unit, basis, cells["source"], text),
    )


def _headline(row: int, cells: Mapping[str, str]) -> PrintedFigure | str:
    basis = UNITS.get(cells["unit"], ("", 0))[0]
    return _figure(row, {**cells, "facility": cells["where"], "basis": basis})


def _totals(row: int, cells: Mapping[str, str]) -> MaterialTotals | str:
    if not _YEAR.fullmatch(cells["year_end"]):
        return f"{cells['year_end']!r} is no year"
    quantities: dict[str, Fraction | None] = {}
    steps: dict[str, Fraction] = {}
    for material in MATERIALS:
        printed = _printed(cells[material]) if cells[material] else None
        if cells[material] and printed is None:
            return f"{cells[material]!r} ({material}) is no number as digits with a point"
        quantities[material] = printed[0] if printed else None
        if printed:
            steps[material] = printed[1]
    if cells["precision"].startswith("rounded to t") and "plutonium_kg" in steps:
        steps["plutonium_kg"] = Fraction(1000)  # printed in tonnes, kept in kilograms
    return MaterialTotals(
        row, int(cells["year_end"]), quantities, steps, cells["precision"], cells["source"]
    )


def _remark(row: int, cells: Mapping[str, str]) -> Remark | str:
    if not _YEAR.fullmatch(cells["year_end"]):
        return f"{cells['year_end']!r} is no year"
    return Remark(
        row,
        int(cells["year_end"]),
        *(cells[name] for name in ("place", "facility_class", "kind", "remark", "source")),
    )


def _printed(text: str) -> tuple[Fraction, Fraction] | None:
    """Return a printed number and one unit of its last digit."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 20:
        return None
    return Fraction(text), Fraction(1, 10 ** len(match[1] or ""))
