"""What is typed about labels: the fields of each statement, and how they become its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.dates import number_date
from keiryo.errors import Finding
from keiryo.obligations.consents import KINDS
from keiryo.obligations.holdings import BOOK, EXEMPT_QUANTITY, EXEMPT_USE, TRANSIT, WASTE
from keiryo.obligations.intake import LISTS
from keiryo.obligations.material_checks import withdrawals
from keiryo.quantities import Category, format_weight
from keiryo.web.pages.areas_frame import category_name
from keiryo.web.pages.obligations_known import kept
from keiryo.web.pages.obligations_words import (
    CONSENT_WORDS,
    CONSENTS,
    EXCHANGES,
    RULES,
    account_words,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

MOST_CELLS, MOST_LENGTH = 8, 2_000
RULE, WITHDRAWAL = "rule", "withdrawal"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    Attributes
    ----------
    name : str
        As the column of a file is called.
    label, hint : str
        In English; the catalogues translate them.
    kind : str
        text, date, textarea or select.
    required : bool
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class EntryForm:
    """The form of a statement.

    Attributes
    ----------
    title : str
    act : str
        Kind of the act that records it.
    place : str
        Page on which it is seen; empty: that of the area.
    fields : tuple of Field
    names : tuple of str
        What names the thing that it is about.
    cells : bool
        Whether label sets with weights or shares are stated.
    note : str
    """

    title: str
    act: str
    place: str
    fields: tuple[Field, ...]
    names: tuple[str, ...]
    cells: bool = False
    note: str = ""


_MBA = Field("mba", sentence("Area"), "select", True)
_DAY = Field("event_date", sentence("Day"), "date", True)
_CATEGORY = Field("category", sentence("Category"), "select", True)
_REASON = Field("reason", sentence("Why, and on what it rests"), "textarea", True)
_BATCH = Field("batch", sentence("Batch"), hint=sentence("Left empty: the pool of the area."))
_SET = sentence("Codes joined by +, e.g. AU+US; - for none.")
_VALID = (
    Field("valid_from", sentence("From"), "date"),
    Field("valid_to", sentence("Until"), "date"),
)
_WEIGHT = sentence("With its unit, e.g. 600 kg.")

FORMS: Mapping[str, EntryForm] = {
    "receipts": EntryForm(
        sentence("Labels of a receipt"),
        "obligations.receipt",
        "",
        (
            _MBA,
            Field("batch", sentence("Batch as received"), required=True),
            Field("event_date", sentence("Day of receipt"), "date",
                  hint=sentence("Left empty: whenever it came.")),
            Field("category", sentence("Category"), "select",
                  hint=sentence("Left empty: all of the receipt.")),
            Field("document", sentence("Licence, notice or letter that says so")),
        ),
        ("mba", "batch"),
        True,
        sentence("Weights, or shares that add up to 1. Labels count from the day of receipt."),
    ),
    "designations": EntryForm(
        sentence("Labels of a withdrawal"),
        "obligations.designate",
        "",
        (
            _MBA,
            Field("batch", sentence("Batch as the entry names it"), required=True),
            _DAY,
            Field("code", sentence("Type of change (label 411)"), "select", True),
            _CATEGORY,
            _REASON,
        ),
        ("mba", "batch", "event_date"),
        True,
        sentence("Weights that add up to the withdrawal; without this each label set gives its "
                 "share."),
    ),
    "consents": EntryForm(
        sentence("Consent of a partner"),
        "obligations.record",
        CONSENTS,
        (
            Field("consent", sentence("Name or reference"), required=True,
                  hint=sentence("Without blanks.")),
            Field("partner", sentence("Partner"), "select", True),
            Field("step", sentence("Step"), "select", True),
            Field("weight", sentence("How much it covers"),
                  hint=sentence("With its unit, e.g. 600 kg; left empty: any quantity.")),
            Field("destinations", sentence("Where to"),
                  hint=sentence("States or areas with a blank between them; left empty: any.")),
            *_VALID,
            Field("instrument", sentence("Agreement in the register of cooperation")),
            Field("words", sentence("Article, letter, conditions"), "textarea", True),
        ),
        ("consent",),
    ),
    "rules": EntryForm(
        sentence("Rule of origin"),
        "obligations.record",
        RULES,
        (
            Field("rule", sentence("Name of the rule"), required=True),
            Field("place", sentence("From where"),
                  hint=sentence("A State, or a State and area, e.g. CA or CA/CAAA.")),
            Field("mba", sentence("Received in"), "select"),
            Field("categories", sentence("Categories"), hint=sentence("Letters, e.g. NE.")),
            Field("labels", sentence("Label set"), required=True, hint=_SET),
            *_VALID,
            _REASON,
        ),
        ("rule",),
        note=sentence("What comes from there is under these labels unless its receipt says "
                      "otherwise; also what came before, as far as the rule holds on its day."),
    ),
    "exchanges": EntryForm(
        sentence("Exchange of labels"),
        "obligations.exchange",
        EXCHANGES,
        (
            Field("exchange", sentence("Name of the exchange"), required=True),
            _DAY,
            _CATEGORY,
            Field("weight", sentence("Element weight of each side"), required=True, hint=_WEIGHT),
            _MBA,
            _BATCH,
            Field("labels", sentence("Label set before"), required=True, hint=_SET),
            Field("moved", sentence("Labels that go to the other side"),
                  hint=sentence("Left empty: all of them.")),
            Field("other_mba", sentence("Area of the other side"), "select", True),
            Field("other_batch", sentence("Batch of the other side"),
                  hint=sentence("Left empty: the pool of the area.")),
            Field("other_labels", sentence("Label set of the other side before"), required=True,
                  hint=_SET),
            Field("other_moved", sentence("Labels that come back"),
                  hint=sentence("Left empty: all of them.")),
            Field("consents", sentence("Consents on which it rests"),
                  hint=sentence("Names with a blank between them.")),
            _REASON,
        ),
        ("exchange",),
    ),
    "relabellings": EntryForm(
        sentence("A label begins, ends or passes to another"),
        "obligations.relabel",
        EXCHANGES,
        (
            Field("relabelling", sentence("Name of the decision"), required=True),
            Field("event_date", sentence("Day, before anything else of it"), "date", True),
            Field("removes", sentence("Label that goes"), "select"),
            Field("adds", sentence("Labels that come"), hint=sentence("Joined by +.")),
            Field("mba", sentence("Only in this area"), "select"),
            Field("batch", sentence("Only of this batch")),
            Field("category", sentence("Only of this category"), "select"),
            Field("account", sentence("Only where it is"), "select"),
            _REASON,
        ),
        ("relabelling",),
    ),
    RULE: EntryForm(
        sentence("What happens to a step without consent"),
        "obligations.rule",
        CONSENTS,
        (
            Field("mode", sentence("A step without consent"), "select", True),
            Field("from_day", sentence("Steps before this day are only noted"), "date"),
            _REASON,
        ),
        (),
    ),
    WITHDRAWAL: EntryForm(
        sentence("Let something not count any more"),
        "obligations.record",
        EXCHANGES,
        (
            Field("kind", sentence("What"), "select", True),
            Field("name", sentence("Its name"), required=True),
            _REASON,
        ),
        (),
    ),
}  # fmt: skip
"""Forms by the list that they are about."""


def options_of(viewer: Viewer, which: str, field: Field) -> list[tuple[str, str]]:
    """Return what a field offers; empty: it is typed."""
    if field.kind != "select":
        return []
    name, form = field.name, FORMS[which]
    if name in ("mba", "other_mba"):
        own = [code for code, a in viewer.areas.items() if viewer.may_post(form.act, a.scope)]
        some = [(code, code) for code in own]
    elif name == "category":
        some = [(str(one), f"{one} – {category_name(one)}") for one in Category]
    elif name in ("partner", "removes"):
        some = [(code, f"{code} – {one.name}") for code, one in kept(viewer).labels.items()]
    elif name == "step":
        some = [(one, _(CONSENT_WORDS[one])) for one in KINDS]
    elif name == "code":
        some = [(one, one) for one in withdrawals()]
    elif name == "account":
        accounts = (BOOK, TRANSIT, WASTE, EXEMPT_USE, EXEMPT_QUANTITY)
        some = [(one, account_words(one)) for one in accounts]
    elif name == "mode":
        some = [("refuse", _("is refused")), ("note", _("is recorded and noted"))]
    else:
        some = [("exchange", _("exchange of labels")), ("relabelling", _("decision about a label")),
                ("consent", _("consent of a partner"))]  # fmt: skip
    return [("", _("choose") if field.required else _("none")), *some]


def row_typed(which: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as an object of a file, with what is empty left out."""
    form = FORMS[which]
    row: dict[str, Any] = {
        field.name: text
        for field in form.fields
        if (text := fields.get(field.name, "").strip()[:MOST_LENGTH])
    }
    if form.cells:
        cells: dict[str, str] = {}
        for number in range(1, MOST_CELLS + 1):
            key = fields.get(f"cell{number}_labels", "").strip()[:200]
            amount = fields.get(f"cell{number}_amount", "").strip()[:80]
            if key or amount:
                cells[key or "-"] = amount
        row["cells"] = cells
    return row


def cells_typed_twice(fields: Mapping[str, str]) -> list[str]:
    """Return the names of fields in which a label set stands a second time."""
    seen: set[str] = set()
    found = []
    for number in range(1, MOST_CELLS + 1):
        name = f"cell{number}_labels"
        key = "".join(fields.get(name, "").split()).upper()
        if key and key in seen:
            found.append(name)
        seen.add(key)
    return found


def too_long_fields(fields: Mapping[str, str]) -> list[str]:
    """Return the names of fields in which more stands than is recorded."""
    return [name for name, text in fields.items() if len(text) > MOST_LENGTH and name[0] != "_"]


def missing_fields(which: str, fields: Mapping[str, str]) -> list[str]:
    """Return the names of required fields in which nothing stands."""
    form = FORMS[which]
    missing = [f.name for f in form.fields if f.required and not fields.get(f.name, "").strip()]
    if form.cells and not any(
        fields.get(f"cell{n}_amount", "").strip() for n in range(1, MOST_CELLS + 1)
    ):
        missing.append("cell1_amount")
    return missing


def fields_of_row(which: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Return what is recorded of something as fields of its form."""
    found = {}
    for field in FORMS[which].fields:
        value = row.get(field.name)
        if field.name == "weight" and row.get("element_mg") is not None:
            value = f"{format_weight(int(row['element_mg']), 'kg')} kg"
        if value is not None:
            found[field.name] = (
                number_date(int(value)).isoformat() if field.kind == "date" else str(value)
            )
    return found


_COLUMN = re.compile(r"\(([a-z_]+)\)$")
_OF_CODE = {"CATEGORY": "category", "WEIGHT": "weight", "DAY": "event_date", "CODE": "code"}


def field_of(which: str, finding: Finding) -> str:
    """Return the field that a finding is about; empty if it is about none alone."""
    names = {field.name for field in FORMS[which].fields}
    match = _COLUMN.search(finding.cell or "")
    column = match[1] if match else ""
    if column == "element_mg":
        column = "weight"
    if column in names:
        return column
    if FORMS[which].cells and column in ("weight", "share", "value", "labels"):
        return "cell1_labels" if column == "labels" else "cell1_amount"
    ending = _OF_CODE.get(finding.code.rpartition("-")[2], "")
    return ending if ending in names else ""


def is_listed(which: str) -> bool:
    """Return whether a form is about an object of a file."""
    return which in LISTS
