"""What a Code 10 report says: reports, their entries, their notes and the weights in them.

A *report* is all that one material balance area (MBA) states under one report number: an
inventory change report (type I), a physical inventory listing (P), a material balance report (M)
or a textual report (T). An *entry* is one OI record of it: a change, a batch on hand, or a line
of the balance. A *note* is one NC record: a concise note on an entry, on the report, or standing
alone. Everything here is plain data as read; whether it makes sense is asked in `rules`.

Two things are equal when they state the same, wherever they were read from: file, line and the
spelling of a weight do not count.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, sections 3 and 4.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field

from keiryo.quantities import FISSILE_BASE_OF_LABEL, Category

STATUSES = "NUCDA"
"""New; not to be used (or empty report); correction; deletion; addition to an earlier report."""

REPORT_TYPES = {
    "I": "inventory change report",
    "P": "physical inventory listing",
    "M": "material balance report",
    "T": "textual report",
}

ELEMENT_LABELS = ("600", "610", "620", "630", "700", "800")
"""Labels of element weights."""

FISSILE_LABELS = ("660", "670", "640")
"""Labels that may state the fissile weight of enriched or unified uranium, best first."""

URANIUM_ISOTOPE_LABELS = {
    "640": "U-233",
    "650": "U-234",
    "660": "U-233+U-235",
    "670": "U-235",
    "680": "U-236",
    "690": "U-238",
}
PLUTONIUM_ISOTOPE_LABELS = {
    "710": "Pu-238",
    "720": "Pu-239",
    "730": "Pu-240",
    "740": "Pu-241",
    "750": "Pu-242",
    "760": "Pu-239+Pu-241",
}
OTHER_FISSILE_LABELS = {"770": "610", "780": "620"}
"""Labels of the optional fissile weight of natural and depleted uranium, with their element's."""

WEIGHT_LABELS = tuple(
    sorted(
        (
            *ELEMENT_LABELS,
            *URANIUM_ISOTOPE_LABELS,
            *PLUTONIUM_ISOTOPE_LABELS,
            *OTHER_FISSILE_LABELS,
        )
    )
)
"""Every label that carries a weight, ascending."""

_UNITS = {label: "kg" if label in ("610", "620", "800") else "g" for label in WEIGHT_LABELS}
_NOTE_ON_ENTRY = re.compile(r"E/([0-9]{1,9})")
_ORDER_OF_GROUPS = ("610", "620", "630", "600", "700", "800")


def weight_unit(label: str) -> str:
    """Return the unit in which a report states the weight of `label`: ``"g"`` or ``"kg"``.

    Raises
    ------
    KeyError
        If `label` carries no weight.
    """
    return _UNITS[label]


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry that was reported before: State, report number, entry number (label 309)."""

    country: str
    report: int
    entry: int


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight of an entry: its label, its amount in milligrams, and the text as read."""

    label: str
    mg: int
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class CategoryGroup:
    """The weights of one element category within an entry, in milligrams.

    Attributes
    ----------
    category : Category
    element_mg : int
    fissile_mg : int or None
    fissile_basis : str or None
        What the fissile weight stands for, e.g. ``"U-235"``.
    isotopes : tuple of (str, int)
        Further isotopes, by nuclide, in the order of their labels.
    """

    category: Category
    element_mg: int
    fissile_mg: int | None = None
    fissile_basis: str | None = None
    isotopes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One OI record: a change, a batch on hand, or a line of the balance.

    Attributes
    ----------
    number, total : int, int or None
        Label 002. Number 0 stands for a number that is missing or could not be read.
    status : str
        Label 309: one of `STATUSES`, or empty if missing or unreadable.
    refers : Reference or None
        The earlier entry that a status C, D, A (or U) speaks of.
    state_record_id : str or None
        Label 310.
    shipper, receiver : str or None
        Labels 370 and 372: State, or State/MBA, e.g. ``"XB/XBEA"``.
    note_indicator : bool
        Label 390: a concise note speaks of this entry.
    kmp, code, date : str or None, str or None, datetime.date or None
        Key measurement point (407), type of change or balance line (411), date of change (412).
    mdc, operator_mdc, description : str or None
        Material description code with its slashes (430), the operator's (435), in words (436).
    non_latin : str or None
        Label 445.
    batch, shipper_batch : str or None
        Labels 446 and 447.
    basis, basis_kmp, basis_method : str or None
        The three items of label 469.
    items : int or None
        Label 470; 0 for bulk material.
    weights : tuple of Weight
        Labels 600 to 800, ascending.
    unknown : tuple of (str, str)
        Labels that Code 10 does not know, with their content.
    unreadable : tuple of (str, str)
        Labels whose content could not be taken over, with the content as read.
    file, line : str, int
        Where the record starts; lines count from 1.
    """

    number: int
    total: int | None = None
    status: str = "N"
    refers: Reference | None = None
    state_record_id: str | None = None
    shipper: str | None = None
    receiver: str | None = None
    note_indicator: bool = False
    kmp: str | None = None
    code: str | None = None
    date: datetime.date | None = None
    mdc: str | None = None
    operator_mdc: str | None = None
    description: str | None = None
    non_latin: str | None = None
    batch: str | None = None
    shipper_batch: str | None = None
    basis: str | None = None
    basis_kmp: str | None = None
    basis_method: str | None = None
    items: int | None = None
    weights: tuple[Weight, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    def weights_mg(self) -> dict[str, int]:
        """Return the weights in milligrams by label."""
        return {weight.label: weight.mg for weight in self.weights}

    def groups(self) -> tuple[CategoryGroup, ...]:
        """Return the weights put together by element category, in milligrams.

        Notes
        -----
        The uranium isotopes of labels 640 to 690 belong to enriched (or unified) uranium. If
        several of 660, 670 and 640 are given, the first of them in this order is the fissile
        weight and the others count among the isotopes. Isotope weights without the weight of
        their element belong to no group; `rules` reports them.
        """
        weights_mg = self.weights_mg()
        return tuple(_group(label, weights_mg) for label in _ORDER_OF_GROUPS if label in weights_mg)


def _group(label: str, weights_mg: dict[str, int]) -> CategoryGroup:
    category = Category.from_label(label)
    assert category is not None, label
    element_mg = weights_mg[label]
    if label in ("610", "620"):
        fissile_mg = weights_mg.get("770" if label == "610" else "780")
        return CategoryGroup(
            category, element_mg, fissile_mg, None if fissile_mg is None else "U-235"
        )
    if label == "700":
        return CategoryGroup(
            category, element_mg, isotopes=_isotopes(PLUTONIUM_ISOTOPE_LABELS, weights_mg)
        )
    if label == "800" or (label == "600" and "630" in weights_mg):
        return CategoryGroup(category, element_mg)
    basis_label = fissile_label(weights_mg)
    isotopes = _isotopes(URANIUM_ISOTOPE_LABELS, weights_mg, but=basis_label)
    if basis_label is None:
        return CategoryGroup(category, element_mg, isotopes=isotopes)
    basis = FISSILE_BASE_OF_LABEL[basis_label]
    return CategoryGroup(category, element_mg, weights_mg[basis_label], basis, isotopes)


def fissile_label(weights_mg: dict[str, int]) -> str | None:
    """Return which of 660, 670, 640 states the fissile weight of enriched or unified uranium."""
    return next((label for label in FISSILE_LABELS if label in weights_mg), None)


def _isotopes(
    nuclides: dict[str, str], weights_mg: dict[str, int], but: str | None = None
) -> tuple[tuple[str, int], ...]:
    return tuple(
        (nuclide, weights_mg[label])
        for label, nuclide in nuclides.items()
        if label in weights_mg and label != but
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One NC record: a concise note, or a page of a textual report.

    Attributes
    ----------
    number, total : int, int or None
        Label 002, counted among the notes of the report. Number 0 stands for a number that is
        missing or could not be read.
    text : str or None
        Label 391; None if missing.
    reference : str or None
        Label 099 as written: ``E/3``, ``R``, and in textual reports ``R/5`` or ``E/5/2``.
        Without it the note speaks of the whole report.
    report_type : str or None
        Label 010, which textual reports may carry.
    non_latin : str or None
        Label 445.
    unknown, unreadable, file, line
        As in `Entry`.
    """

    number: int
    total: int | None = None
    text: str | None = None
    reference: str | None = None
    report_type: str | None = None
    non_latin: str | None = None
    unknown: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def on_entry(self) -> int | None:
        """The entry of the same report that the note speaks of, or None."""
        match = _NOTE_ON_ENTRY.fullmatch(self.reference or "")
        return int(match[1]) if match else None

    @property
    def on_report(self) -> bool:
        """Whether the note speaks of the report that it belongs to as a whole."""
        return self.reference in (None, "R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that one MBA states under one report number.

    Attributes
    ----------
    country, number : str, int
        Label 001.
    type : str
        One of `REPORT_TYPES` (label 010); empty if missing or unreadable. A report that has
        only notes is a textual report.
    date : datetime.date or None
        Label 003.
    encoder : str or None
        Label 006.
    period_from, period_to : datetime.date or None
        Label 015, both days included. For a physical inventory listing, `period_to` is the date
        of the physical inventory taking.
    period_single : bool
        True if label 015 gives one date; then `period_from` equals `period_to`.
    facility, mba : str or None
        Labels 207 and 307; only textual reports may lack them.
    entries, notes : tuple of Entry, tuple of Note
        In the order of their numbers.
    unreadable : tuple of (str, str)
        Header labels whose content could not be taken over, with the content as read.
    """

    country: str
    number: int
    type: str
    date: datetime.date | None = None
    encoder: str | None = None
    period_from: datetime.date | None = None
    period_to: datetime.date | None = None
    period_single: bool = False
    facility: str | None = None
    mba: str | None = None
    entries: tuple[Entry, ...] = ()
    notes: tuple[Note, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        """Name of the report: State/MBA/number, e.g. ``"XA/XAFA/102"`` or ``"XA//5"``."""
        return f"{self.country}/{self.mba or ''}/{self.number}"

    @property
    def records(self) -> tuple[Entry | Note, ...]:
        """Entries, then notes."""
        return (*self.entries, *self.notes)

    @property
    def file(self) -> str:
        """File of the first record, or an empty text."""
        return self.records[0].file if self.records else ""

    @property
    def line(self) -> int:
        """Line of the first record, or 0."""
        return self.records[0].line if self.records else 0
