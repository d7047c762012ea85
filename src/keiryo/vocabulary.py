"""The vocabulary of nuclear material accounting: codes, labels, limits and profiles.

Types of inventory change and accounting entry, labels of the Code 10 format, material description
codes, significant quantities, exemption limits, and profiles of what a jurisdiction asks for.
Everything here is data: the tables lie in ``keiryo/data``, each with its source, its status
(verified, unverified, or a design of keiryo) and the dates between which it holds. Limits and
profiles are asked for *on a day*, so that an old period is judged by the rules of its time.

Sources: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format; INFCIRC/153
(Corrected); the tables name theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from keiryo.data import TableVersion, read_table, table_version
from keiryo.errors import NotFoundError
from keiryo.limits import (
    ExemptionLimits,
    ExemptionTotal,
    effective_kg_rule,
    exemption_limits,
    exemption_total,
    natural_enrichment,
    significant_quantity_table,
)
from keiryo.material_description import (
    MaterialDescription,
    check_mdc,
    mdc_table,
    normal_mdc,
    split_mdc,
)
from keiryo.profiles import Deadlines, Profile, profile, profile_names, profile_versions
from keiryo.quantities import Category

__all__ = [
    "ENTRY_CODES",
    "LABELS",
    "Deadlines",
    "EntryCode",
    "EntryStatus",
    "ExemptionLimits",
    "ExemptionTotal",
    "Label",
    "MaterialDescription",
    "MeasurementBasis",
    "Profile",
    "TableVersion",
    "check_mdc",
    "effective_kg_rule",
    "entry_code",
    "entry_statuses",
    "exemption_limits",
    "exemption_total",
    "label",
    "mdc_table",
    "measurement_bases",
    "natural_enrichment",
    "normal_mdc",
    "profile",
    "profile_names",
    "report_types",
    "separators",
    "significant_quantity_table",
    "split_mdc",
    "table_versions",
]

EntryKind = Literal[
    "increase",
    "decrease",
    "category_change",
    "adjustment",
    "rebatching",
    "balance",
    "rounding",
]


@dataclass(frozen=True, slots=True)
class EntryCode:
    """A type of inventory change or accounting entry (label 411).

    Attributes
    ----------
    code, meaning : str
    sign : int
        Effect on the book of the area: 1 raises, -1 lowers, 0 neither by itself.
    batch_sign : int
        Effect on the batch that the entry names.
    kind : EntryKind
    categories, seldom : tuple of Category
        What the code may carry, and what among it is unusual.
    rank : int
        Place in a material balance report (INFCIRC/153 paragraph 67).
    counter : str
        Account that stands against the book of the area; empty for balances.
    reports : tuple of str
        Kinds of report in which the code may stand: ``"ICR"``, ``"MBR"``.
    needs_parties : bool
        Shipper and receiver (labels 370, 372) belong to the entry; `own_side` is
        ``"shipper"`` or ``"receiver"``.
    needs_shipper_batch : bool
        The shipper's batch name (label 447) belongs to the entry.
    needs_irradiated : bool
        Only for irradiated material, or with a note on decay.
    may_be_negative : bool
    isotope_may_exceed_element : bool
        The weights are differences, so an isotope may weigh more than its element.
    uranium_base : str or None
        Fissile base that uranium must have under this code.
    old_category, new_category : Category or None
        Of a category change.
    base : str or None
        Of a rounding adjustment: the code of the entry that it adjusts.
    """

    code: str
    meaning: str
    sign: int
    batch_sign: int
    kind: EntryKind
    categories: tuple[Category, ...]
    rank: int
    counter: str
    reports: tuple[str, ...]
    seldom: tuple[Category, ...] = ()
    own_side: str | None = None
    needs_parties: bool = False
    needs_shipper_batch: bool = False
    needs_irradiated: bool = False
    may_be_negative: bool = False
    isotope_may_exceed_element: bool = False
    uranium_base: str | None = None
    old_category: Category | None = None
    new_category: Category | None = None
    base: str | None = None

    @property
    def is_inventory_change(self) -> bool:
        """Whether it changes what the area holds: increase, decrease or category change."""
        return self.kind in ("increase", "decrease", "category_change")

    @property
    def day_rank(self) -> int:
        """Order within one day: 0 increases, 1 category changes and new batches, 2 the rest."""
        if self.kind == "increase":
            return 0
        return 1 if self.kind == "category_change" or self.batch_sign > 0 else 2


@dataclass(frozen=True, slots=True)
class Label:
    """A label of the Code 10 labelled format.

    `presence` says per kind of record (ICR, PIL, MBR, NC, TR) whether the label is M mandatory,
    O optional or C conditional. Weights have a `unit` and a `role`: ``"element"``, ``"fissile"``
    (one of the three bases) or ``"isotope"``.
    """

    label: str
    name: str
    content: str
    max_length: int | None
    presence: Mapping[str, str]
    unit: str | None = None
    role: str | None = None
    categories: tuple[Category, ...] = ()
    nuclides: str | None = None
    note: str | None = None

    @property
    def is_weight(self) -> bool:
        """Whether the content is a weight."""
        return self.unit is not None


@dataclass(frozen=True, slots=True)
class MeasurementBasis:
    """A measurement basis (label 469)."""

    letter: str
    here: bool
    reported_before: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class EntryStatus:
    """A status of an entry (label 309); `reference` is none, optional or mandatory."""

    letter: str
    meaning: str
    reference: str


@cache
def ENTRY_CODES() -> Mapping[str, EntryCode]:
    """Return all codes of label 411 in the order of a material balance report.

    Rounding adjustments are not listed; `entry_code` knows them.
    """
    rows = sorted(read_table("entry_codes")["entry_code"], key=lambda row: int(row["rank"]))
    return MappingProxyType({row["code"]: _entry_code(row) for row in rows})


def entry_code(code: str) -> EntryCode:
    """Return a code of label 411, rounding adjustments such as ``"RALN"`` included.

    Raises
    ------
    NotFoundError
        If there is no such code.
    """
    found = ENTRY_CODES().get(code)
    if found is not None:
        return found
    base = ENTRY_CODES().get(code[2:]) if code[:2] == "RA" else None
    if base is None or "MBR" not in base.reports:
        raise NotFoundError(
            f"{code[:40]!r} is not a type of inventory change or accounting entry",
            "Codes are two capital letters such as RD or SF, or RA and two letters such as RALN.",
        )
    return EntryCode(
        code=code,
        meaning=f"rounding adjustment to {base.code} ({base.meaning})",
        sign=0,
        batch_sign=0,
        kind="rounding",
        categories=base.categories,
        rank=base.rank + 1,
        counter="",
        reports=("MBR",),
        may_be_negative=True,
        isotope_may_exceed_element=True,
        base=base.code,
    )


@cache
def LABELS() -> Mapping[str, Label]:
    """Return all labels of Code 10, ascending."""
    return MappingProxyType({row["label"]: _label(row) for row in read_table("labels")["label"]})


def label(number: str) -> Label:
    """Return a label of Code 10 by its three digits.

    Raises
    ------
    NotFoundError
        If Code 10 has no such label.
    """
    try:
        return LABELS()[number]
    except KeyError:
        raise NotFoundError(
            f"Code 10 has no label {number[:40]!r}", "Labels are three digits, e.g. 411 or 630."
        ) from None


@cache
def measurement_bases() -> Mapping[str, MeasurementBasis]:
    """Return the measurement bases of label 469 by letter."""
    rows = read_table("labels")["measurement_basis"]
    return MappingProxyType({row["letter"]: MeasurementBasis(**row) for row in rows})


@cache
def entry_statuses() -> Mapping[str, EntryStatus]:
    """Return the statuses of label 309 by letter."""
    rows = read_table("labels")["entry_status"]
    return MappingProxyType({row["letter"]: EntryStatus(**row) for row in rows})


@cache
def report_types() -> Mapping[str, str]:
    """Return the kinds of report (ICR, PIL, MBR, TR) by the letter of label 010."""
    rows = read_table("labels")["report_type"]
    return MappingProxyType({row["letter"]: row["kind"] for row in rows})


@cache
def separators() -> Mapping[str, str]:
    """Return the four separators of the labelled format: label, item, part, element."""
    return MappingProxyType(dict(read_table("labels")["separators"]))


def table_versions() -> tuple[TableVersion, ...]:
    """Return every shipped table version with its source, status and dates."""
    versions = [
        table_version(name.replace("_", " "), read_table(name))
        for name in ("entry_codes", "labels", "material_description")
    ]
    for name, rows in read_table("limits").items():
        versions += [table_version(name.replace("_", " "), row) for row in rows]
    return (*versions, *profile_versions())


def _categories(letters: str) -> tuple[Category, ...]:
    return tuple(Category(letter) for letter in letters)


def _entry_code(row: Mapping[str, Any]) -> EntryCode:
    code, change = row["code"], row["kind"] == "category_change"
    return EntryCode(
        code=code,
        meaning=row["meaning"],
        sign=row["sign"],
        batch_sign=row.get("batch_sign", row["sign"]),
        kind=row["kind"],
        categories=_categories(row["categories"]),
        rank=row["rank"],
        counter=row["counter"],
        reports=tuple(row["reports"]),
        seldom=_categories(row.get("seldom", "")),
        own_side=row.get("own_side"),
        needs_parties=row.get("parties", False),
        needs_shipper_batch=row.get("shipper_batch", False),
        needs_irradiated=row.get("irradiated", False),
        may_be_negative=row.get("negative", False),
        isotope_may_exceed_element=row.get("isotope_beyond", False),
        uranium_base=row.get("uranium_base"),
        old_category=Category(code[0]) if change else None,
        new_category=Category(code[1]) if change else None,
    )


def _label(row: Mapping[str, Any]) -> Label:
    return Label(
        label=row["label"],
        name=row["name"],
        content=row["content"],
        max_length=row.get("max"),
        presence=MappingProxyType(row["presence"]),
        unit=row.get("unit"),
        role=row.get("role"),
        categories=_categories(row.get("categories", "")),
        nuclides=row.get("nuclides"),
        note=row.get("note"),
    )
