"""What a person says an entry should be: fields by name or label, in the units of reports.

A field is named as people speak of it (``date``, ``batch``, ``shipper-batch``) or by its label
(``412``). A weight is named by its label and stands in the unit of the label, kilograms for 610,
620 and 800 and grams for the others; where an entry has one element category, ``element`` and
``fissile`` mean its weights.

Source: Code 10, labels 307 to 800.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keiryo.dates import DateError, parse_date
from keiryo.errors import Finding, Severity
from keiryo.quantities import Category, WeightError, parse_weight_mg
from keiryo.reports.model import (
    WEIGHT_LABELS,
    Entry,
    Weight,
    fissile_label,
    weight_unit,
)

FIELDS = {
    "date": ("412", "date"),
    "batch": ("446", "batch"),
    "kmp": ("407", "kmp"),
    "code": ("411", "code"),
    "mdc": ("430", "mdc"),
    "operator-mdc": ("435", "operator_mdc"),
    "description": ("436", "description"),
    "basis": ("469", "basis"),
    "items": ("470", "items"),
    "shipper": ("370", "shipper"),
    "receiver": ("372", "receiver"),
    "shipper-batch": ("447", "shipper_batch"),
    "state-record-id": ("310", "state_record_id"),
}
"""Names of fields with their label and the attribute of an entry."""

IDENTITY = ("date", "batch", "code")
"""Attributes that say which event an entry speaks of; strict authorities do not take them in C."""

_BY_LABEL = {label: name for name, (label, _) in FIELDS.items()}
_NOT_IN = {
    "P": ("date", "code", "shipper", "receiver", "shipper-batch"),
    "M": tuple(name for name in FIELDS if name != "state-record-id"),
    "I": (),
}
_NONE = ("", "none", "-")


@dataclass(slots=True)
class Setting:
    """What was read from the fields.

    Attributes
    ----------
    entry : Entry
        The entry as it should be.
    mba : str or None
        The area to which it belongs, if that was the mistake.
    labels : set of str
        Labels that were set.
    findings : list of Finding
        What cannot be.
    """

    entry: Entry
    mba: str | None = None
    labels: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, message: str, advice: str, *, label: str | None = None) -> None:
        """Note that something cannot be."""
        self.findings.append(
            Finding(
                "CORRECT-FIELD",
                Severity.FORMAT,
                message,
                advice,
                label=label,
                basis="Code 10, section 3",
            )
        )


def as_wanted(entry: Entry, values: Mapping[str, str], report_type: str) -> Setting:
    """Return an entry with the wanted fields in place of its own.

    Parameters
    ----------
    entry : Entry
        As it was reported last.
    values : mapping of str to str
        Fields by name or label; weights in the unit of their label, with or without its letter.
    report_type : str
        I, P or M.

    Returns
    -------
    Setting
        Everything that cannot be read is among its findings, all at once.
    """
    setting = Setting(entry)
    weights = entry.weights_mg()
    for given, text in values.items():
        name = given.strip().lower().replace("_", "-")
        name = _BY_LABEL.get(name, name)
        text = text.strip()
        if name in ("mba", "307"):
            setting.mba = text.upper()
        elif name in FIELDS and name not in _NOT_IN[report_type]:
            _set_field(setting, name, text)
        elif name in (*WEIGHT_LABELS, "element", "fissile"):
            _set_weight(setting, weights, name, text)
        else:
            _unknown(setting, given, name, report_type)
    stated = tuple(Weight(label, mg) for label, mg in sorted(weights.items()))
    if weights != entry.weights_mg():
        setting.entry = replace(setting.entry, weights=stated)
    return setting


def _unknown(setting: Setting, given: str, name: str, report_type: str) -> None:
    kind = {"P": "a listing", "M": "a balance line"}.get(report_type, "an inventory change")
    said = f"{kind} has no {name}" if name in FIELDS else f"nobody knows the field {given!r}"
    fields = [n for n in FIELDS if n not in _NOT_IN[report_type]]
    setting.wrong(
        said,
        f"Name one of {', '.join(fields)}, mba, element, fissile, or a weight by its label, "
        "e.g. 630=1210.5.",
        label=FIELDS[name][0] if name in FIELDS else None,
    )


def _set_field(setting: Setting, name: str, text: str) -> None:
    label, attribute = FIELDS[name]
    value: object = text.upper()
    if text.lower() in _NONE:
        value = None
    elif name == "date":
        value = _day(setting, text)
    elif name == "items":
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        if value is None:
            setting.wrong(
                f"{text!r} is not a number of items",
                "Write a whole number; 0 is bulk.",
                label=label,
            )
    elif name == "basis":
        parts = [part or None for part in text.upper().split("/")] + [None, None]
        setting.entry = replace(
            setting.entry, basis=parts[0], basis_kmp=parts[1], basis_method=parts[2]
        )
        setting.labels.add(label)
        return
    setting.labels.add(label)
    setting.entry = replace(setting.entry, **{attribute: value})  # type: ignore[arg-type]


def _day(setting: Setting, text: str) -> datetime.date | None:
    try:
        return parse_date(text)
    except DateError as error:
        setting.wrong(str(error), "Write a day as in 2025-12-31.", label="412")
        return None


def _set_weight(setting: Setting, weights: dict[str, int], name: str, text: str) -> None:
    label = name if name in WEIGHT_LABELS else _label_meant(setting, weights, name)
    if label is None:
        return
    unit = weight_unit(label)
    letter = "K" if unit == "kg" else "G"
    setting.labels.add(label)
    if text.lower() in _NONE:
        weights.pop(label, None)
        return
    number = text.upper()
    if number[-1:] in ("G", "K"):
        if number[-1] != letter:
            setting.wrong(
                f"label {label} is stated in {unit}, not in {'g' if unit == 'kg' else 'kg'}",
                f"Give the weight in {unit}.",
                label=label,
            )
            return
        number = number[:-1]
    try:
        weights[label] = parse_weight_mg(number, unit)
    except WeightError as error:
        setting.wrong(f"label {label}: {error}", f"Give the weight in {unit}.", label=label)


def _label_meant(setting: Setting, weights: dict[str, int], name: str) -> str | None:
    """Return the label that ``element`` or ``fissile`` means in an entry."""
    elements = [label for label in weights if Category.from_label(label) is not None]
    if len(elements) != 1:
        many = f"{len(elements)} element categories" if elements else "no weight yet"
        setting.wrong(
            f"the entry has {many}; {name!r} does not say which weight is meant",
            "Name the weight by its label, e.g. 630 or 670.",
        )
        return None
    if name == "element":
        return elements[0]
    label = {"610": "770", "620": "780"}.get(elements[0])
    if label is None and elements[0] in ("630", "600"):
        label = fissile_label(weights) or "670"
    if label is None:
        setting.wrong(
            f"label {elements[0]} has no fissile weight of its own",
            "Name the isotope by its label, e.g. 720.",
        )
    return label
