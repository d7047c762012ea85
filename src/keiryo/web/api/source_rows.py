"""Rows of source lines as programs send them, made into entries with weights by label.

Nothing is read from text: a weight is a number of milligrams, a day is a day. What the weights of
a row cannot say together is a finding beside the row, as it is in the grid of the pages.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from keiryo.errors import Finding, Severity
from keiryo.quantities import LABEL_OF_FISSILE_BASE, Category
from keiryo.reports.model import (
    OTHER_FISSILE_LABELS,
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    WEIGHT_LABELS,
    Entry,
    Weight,
)
from keiryo.web.api.asking import PLAIN
from keiryo.web.api.documents import Request
from keiryo.web.api.journal import LARGEST

MOST_TEXT, MOST_NAME, MOST_ITEMS = 2_000, 200, 999_999_999
MOST_WEIGHTS, MOST_ISOTOPES = 6, 12

Code = Annotated[str, Meta(max_length=40, pattern=PLAIN)]
Name = Annotated[str, Meta(max_length=MOST_NAME, pattern=PLAIN)]
Words = Annotated[str, Meta(max_length=MOST_TEXT, pattern=PLAIN)]
Count = Annotated[int, Meta(ge=0, le=MOST_ITEMS)]
Milligrams = Annotated[int, Meta(ge=0, le=LARGEST)]

_LABELS = {
    letter: {nuclide: label for label, nuclide in labels.items()}
    for letter, labels in (
        ("E", URANIUM_ISOTOPE_LABELS),
        ("U", URANIUM_ISOTOPE_LABELS),
        ("P", PLUTONIUM_ISOTOPE_LABELS),
    )
}
"""Labels of isotopes, by the category that they belong to."""

_OTHER_FISSILE = {element: label for label, element in OTHER_FISSILE_LABELS.items()}

_TEXTS = (
    *("code", "batch", "kmp", "mdc", "shipper", "receiver", "shipper_batch"),
    *("description", "state_record_id"),
)
_FIELD_OF_LABEL = {
    "310": "state_record_id",
    "370": "shipper",
    "372": "receiver",
    "407": "kmp",
    "411": "code",
    "412": "date",
    "430": "mdc",
    "436": "description",
    "446": "batch",
    "447": "shipper_batch",
    "469": "basis",
    "470": "items",
    **dict.fromkeys(WEIGHT_LABELS, "weights"),
}
_FIELD_OF_HEAD = {"003": "known_on", "015": "pit_date"}


class SourceIsotope(Request, frozen=True, kw_only=True):
    """The weight of a further isotope."""

    nuclide: Annotated[str, Meta(max_length=20, description="nuclide", examples=["Pu-239"])]
    mass_mg: Annotated[Milligrams, Meta(description="weight in milligrams, whole")]


class SourceWeight(Request, frozen=True, kw_only=True):
    """The weights of a row in one element category, as measured."""

    category: Annotated[Literal["N", "D", "E", "U", "P", "T"], Meta(description="element category")]
    element_mg: Annotated[Milligrams, Meta(description="element weight in milligrams, whole")]
    fissile_mg: (
        Annotated[Milligrams, Meta(description="fissile weight of uranium in milligrams, whole")]
        | None
    ) = None
    fissile_basis: Annotated[
        Literal["U-233", "U-233+U-235", "U-235"], Meta(description="what that stands for")
    ] = "U-235"
    isotopes: Annotated[
        list[SourceIsotope], Meta(max_length=MOST_ISOTOPES, description="further isotopes")
    ] = msgspec.field(default_factory=list)


class SourceRow(Request, frozen=True, kw_only=True):
    """A change, or a batch of a listing; what has no value is left out or null."""

    batch: Annotated[Name, Meta(description="batch name, label 446")] | None = None
    date: Annotated[
        datetime.date | None, Meta(description="day of the change, label 412; none in a listing")
    ] = None
    code: (
        Annotated[Code, Meta(description="type of change, label 411; none in a listing")] | None
    ) = None
    kmp: Annotated[Code, Meta(description="key measurement point, label 407")] | None = None
    mdc: Annotated[Code, Meta(description="material description, label 430")] | None = None
    items: Annotated[Count, Meta(description="number of items, label 470; 0 for bulk")] | None = (
        None
    )
    basis: Annotated[Name, Meta(description="of measurement, label 469: M, or M/KMP/…")] | None = (
        None
    )
    weights: Annotated[
        list[SourceWeight], Meta(max_length=MOST_WEIGHTS, description="by element category")
    ] = msgspec.field(default_factory=list)
    shipper: Annotated[Name, Meta(description="State/MBA, label 370")] | None = None
    receiver: Annotated[Name, Meta(description="State/MBA, label 372")] | None = None
    shipper_batch: Annotated[Name, Meta(description="shipper's name, label 447")] | None = None
    description: Annotated[Words, Meta(description="in words, label 436")] | None = None
    state_record_id: Annotated[Name, Meta(description="record of the State, label 310")] | None = (
        None
    )


def entries_of(mba: str, rows: Sequence[SourceRow]) -> tuple[tuple[Entry, ...], list[Finding]]:
    """Return rows as entries numbered from 1, and what is wrong with their weights."""
    found: list[Finding] = []
    entries = []
    for number, row in enumerate(rows, start=1):
        weights: dict[str, Weight] = {}
        for label, mg in _weights(mba, number, row, found):
            if label in weights:
                found.append(
                    _wrong_weight(
                        *(mba, number, label),
                        f"row {number} states the weight of label {label} a second time",
                        "Give each weight once.",
                    )
                )
            weights.setdefault(label, Weight(label, mg))
        basis = [part.strip() or None for part in (row.basis or "").split("/", 2)]
        basis += [None] * (3 - len(basis))
        texts: dict[str, Any] = {
            name: (getattr(row, name) or "").strip() or None for name in _TEXTS
        }
        entries.append(
            Entry(
                number=number,
                total=len(rows) if number == 1 else None,
                date=row.date,
                items=row.items,
                basis=basis[0],
                basis_kmp=basis[1],
                basis_method=basis[2],
                weights=tuple(weights[label] for label in sorted(weights)),
                **texts,
            )
        )
    return tuple(entries), found


def _weights(
    mba: str, number: int, row: SourceRow, found: list[Finding]
) -> Iterator[tuple[str, int]]:
    """Yield the weights of a row by label; those that have none are found wrong."""
    for one in row.weights:
        category = Category(one.category)
        yield category.label, one.element_mg
        if one.fissile_mg is not None:
            label = _OTHER_FISSILE.get(category.label)
            if label is None and one.category in "EU":
                label = LABEL_OF_FISSILE_BASE[one.fissile_basis]
            if label is not None:
                yield label, one.fissile_mg
            else:
                found.append(
                    _wrong_weight(
                        *(mba, number, category.label),
                        f"row {number} gives a fissile weight of category {one.category}, which "
                        "has none of its own",
                        "Give the weights of the isotopes, or leave it out.",
                    )
                )
        labels = _LABELS.get(one.category, {})
        for isotope in one.isotopes:
            if isotope.nuclide in labels:
                yield labels[isotope.nuclide], isotope.mass_mg
                continue
            listed = ", ".join(labels) or "none"
            found.append(
                _wrong_weight(
                    *(mba, number, category.label),
                    f"row {number} gives the weight of {isotope.nuclide!r}, which is no isotope "
                    f"that category {one.category} states",
                    f"It may state: {listed}.",
                )
            )


def _wrong_weight(mba: str, number: int, label: str, message: str, advice: str) -> Finding:
    return Finding(
        "ROW-WEIGHT",
        Severity.FORMAT,
        message,
        advice,
        mba=mba,
        entry=number,
        label=label,
        basis="Code 10, labels 600 to 800",
    )


def pointed(one: Finding) -> Finding:
    """Return a finding that says where in what was sent the fault is, as a JSON Pointer."""
    name = _FIELD_OF_LABEL.get(one.label or "")
    place = _FIELD_OF_HEAD.get(one.label or "")
    pointer = None if place is None else f"/{place}"
    if one.entry:
        pointer = f"/rows/{one.entry - 1}" + (f"/{name}" if name else "")
    return replace(one, file=None, line=None, cell=pointer)
