"""What can be typed of each register of export control, and how it becomes an object of a file.

A typed entry is recorded as a file with one object: the same reader and the same rules look at it,
and what they find is put beside the field that it is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keiryo.dates import number_date
from keiryo.errors import Finding
from keiryo.export_control.intake import DAY_FIELDS, DEFAULTS, LISTS, STATES, WORDS
from keiryo.export_control.items import NATIONAL, control_lists
from keiryo.export_control.matching import UNITS
from keiryo.quantities import format_weight
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

MOST_LINES, SPARE_LINES = 40, 2
"""Lines of a licence or a shipment that are typed, and empty ones that are offered; more come as
a file."""
FLAGS = ("needs_assurance", "density_anomaly", "radiation_alarm", "seal_mismatch")
_LINE = re.compile(r"line([1-9][0-9]?)_(\w+)")
_CELL = re.compile(r"\w+ 1(?: line ([0-9]+))?(?: \((\w+)\))?")

LABELS: Mapping[str, str] = {
    "amendment": sentence("Amendment"),
    "annex_entry": sentence("Entry of Annex II"),
    "assurance": sentence("Assurance"),
    "authority": sentence("Authority"),
    "batch": sentence("Batch"),
    "categories": sentence("Element categories"),
    "category": sentence("Element category"),
    "commodity": sentence("Commodity"),
    "commodity_code": sentence("Customs code"),
    "conditions": sentence("Conditions"),
    "consignee": sentence("Consignee"),
    "consignment": sentence("Consignment"),
    "container": sentence("Container"),
    "control_list": sentence("Control list"),
    "counts": sentence("The ceiling is of the"),
    "customs_code": sentence("Customs code"),
    "declaration": sentence("Customs declaration"),
    "density_anomaly": sentence("Density anomaly"),
    "direction": sentence("Direction"),
    "documents": sentence("Anomalies of the documents"),
    "end_use": sentence("End use"),
    "end_user": sentence("End user"),
    "entry": sentence("Entry of the list"),
    "exporter": sentence("Exporter"),
    "fissile_g": sentence("Fissile weight in grams"),
    "given_on": sentence("Given on"),
    "government": sentence("Government"),
    "highest_tier": sentence("Highest tier that is recognised"),
    "history": sentence("History"),
    "identity": sentence("Identity"),
    "issued_on": sentence("Issued on"),
    "item": sentence("Item"),
    "licence": sentence("Licence"),
    "licences": sentence("Licences"),
    "location": sentence("Place of intended use"),
    "material": sentence("Kind of goods"),
    "mba": sentence("MBA"),
    "needs_assurance": sentence("An assurance is needed"),
    "notified_on": sentence("Announced on"),
    "number": sentence("Number"),
    "obligations": sentence("Obligation labels"),
    "on_day": sentence("Day"),
    "origin": sentence("Origin of the goods"),
    "parties": sentence("Parties"),
    "partner": sentence("Other State"),
    "partner_programme": sentence("Programme that is recognised"),
    "passed_on": sentence("Day of the passage"),
    "place": sentence("Consignee in reports"),
    "prepared_on": sentence("Prepared for shipping on"),
    "programme": sentence("Programme"),
    "protection": sentence("Physical protection"),
    "purposes": sentence("What is assured"),
    "quantity": sentence("Quantity"),
    "radiation_alarm": sentence("Radiation alarm"),
    "reason": sentence("Reason"),
    "recognition": sentence("Arrangement of mutual recognition"),
    "reexport": sentence("Clause on re-export"),
    "route": sentence("Route"),
    "seal_mismatch": sentence("Seal that does not match"),
    "since_day": sentence("Holds from"),
    "tier": sentence("Tier"),
    "title": sentence("What it is"),
    "tolerance": sentence("Tolerance"),
    "trader": sentence("Trader"),
    "transfer": sentence("Shipment"),
    "unit": sentence("Unit"),
    "valid_from": sentence("Valid from"),
    "valid_to": sentence("Valid until"),
}
_STATE_LABELS: Mapping[str, str] = {
    "licences": sentence("Licence state"),
    "steps": sentence("Licence state"),
    "transfers": sentence("Done or planned"),
}
HINTS: Mapping[str, str] = {
    "categories": sentence("Letters N, D, E, U, P, T of the books; for nuclear material."),
    "category": sentence("Only of these letters; empty: all of the item."),
    "customs_code": sentence("Code of the harmonised system."),
    "licences": sentence("Numbers with a space between; empty: all to that State."),
    "mba": sentence("Of the books; with the batch it links the entry that will be reported."),
    "needs_assurance": sentence("Of the government of the other State."),
    "notified_on": sentence("Empty until the shipment was announced."),
    "number": sentence("Within the programme."),
    "parties": sentence("States with a space between."),
    "partner": sentence("Two capital letters: of an export the destination, else the origin."),
    "government": sentence("State that gives it: two capital letters."),
    "place": sentence("As reports name it, country/MBA; empty: anywhere there."),
    "purposes": sentence("For example: peaceful-use safeguards no-retransfer."),
    "recognition": sentence("Empty: the trader is of the own programme."),
    "tolerance": sentence("Share of the ceiling that may be exceeded, as 0.05; empty: none."),
    "amendment": sentence("0 for the licence itself."),
    "quantity": sentence("A decimal number, as 1250.5."),
}


@dataclass(frozen=True, slots=True)
class EntryForm:
    """A form for an object of a list.

    Attributes
    ----------
    title : str
        What is recorded, in English for translation.
    head : tuple of str
        Fields of the object.
    line : tuple of str
        Fields of each of its lines; empty: it has none.
    names : tuple of str
        Fields that name it.
    """

    title: str
    head: tuple[str, ...]
    line: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


FORMS: Mapping[str, EntryForm] = {
    "licences": EntryForm(
        sentence("Record a licence or an amendment"),
        (
            *("licence", "amendment", "direction", "authority", "exporter", "partner", "state"),
            *("issued_on", "tolerance", "conditions", "reexport"),
        ),
        (
            *("item", "category", "quantity", "unit", "counts", "consignee", "place"),
            *("end_user", "end_use", "valid_from", "valid_to", "needs_assurance"),
        ),
        ("licence",),
    ),
    "steps": EntryForm(
        sentence("Record another state of a licence"),
        ("licence", "state", "on_day", "reason"),
        names=("licence",),
    ),
    "assurances": EntryForm(
        sentence("Record an assurance"),
        (
            *("assurance", "government", "licences", "purposes", "protection", "obligations"),
            *("quantity", "unit", "given_on", "valid_from", "valid_to"),
        ),
        names=("assurance",),
    ),
    "transfers": EntryForm(
        sentence("Record an export or import"),
        (
            *("transfer", "direction", "state", "partner", "exporter", "consignee", "end_user"),
            *("declaration", "on_day", "prepared_on", "notified_on"),
        ),
        (
            *("item", "quantity", "unit", "identity", "location", "category", "fissile_g"),
            *("mba", "batch"),
        ),
        ("transfer",),
    ),
    "items": EntryForm(
        sentence("Record a listed item"),
        (
            *("item", "title", "control_list", "entry", "annex_entry", "customs_code"),
            *("material", "categories", "unit"),
        ),
        names=("item",),
    ),
    "traders": EntryForm(
        sentence("Record the status of a trader"),
        (
            *("trader", "programme", "number", "tier", "state", "since_day", "valid_from"),
            *("valid_to", "recognition"),
        ),
        names=("trader",),
    ),
    "recognitions": EntryForm(
        sentence("Record an arrangement of mutual recognition"),
        (
            *("recognition", "programme", "partner_programme", "parties", "state"),
            *("highest_tier", "valid_from", "valid_to"),
        ),
        names=("recognition",),
    ),
    "consignments": EntryForm(
        sentence("Record a consignment"),
        (
            *("consignment", "container", "passed_on", "trader", "commodity_code", "item"),
            *("route", "origin", "commodity", "documents", "history", "density_anomaly"),
            *("radiation_alarm", "seal_mismatch"),
        ),
        names=("consignment",),
    ),
}
_TIERS = ("0", "1", "2", "3")
_LONG = ("conditions", "reexport", "reason")


def required_fields(which: str) -> set[str]:
    """Return the fields of a list that must be filled in."""
    return {one.name for kind in LISTS[which] for one in kind.own_fields if one.required}


def choices(which: str, name: str) -> tuple[str, ...]:
    """Return what may stand in a field; empty: it is free."""
    if name == "state":
        return STATES.get(which, ())
    if name in FLAGS:
        return ("yes", "no")
    if name in ("tier", "highest_tier"):
        return _TIERS
    if name == "unit":
        return tuple(UNITS)
    if name == "control_list":
        return (*control_lists(), NATIONAL)
    return WORDS.get(name, ())


def kind_of_field(which: str, name: str) -> str:
    """Return how a field is typed: text, number, date, select or textarea."""
    if name in DAY_FIELDS:
        return "date"
    if choices(which, name):
        return "select"
    if name in _LONG:
        return "textarea"
    return "number" if name in ("quantity", "tolerance", "fissile_g", "amendment") else "text"


def defaults(which: str) -> dict[str, str]:
    """Return what an empty form begins with; of lines, those of the first."""
    found = {"state": "issued"} if which == "licences" else {}
    found |= {n: t for n, t in DEFAULTS.get(which, {}).items() if n != "line"}
    form = FORMS[which]
    return {(f"line1_{name}" if name in form.line else name): text for name, text in found.items()}


def typed_object(which: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as an object of a file; lines in which nothing was typed left out."""
    form = FORMS[which]
    made: dict[str, Any] = {name: fields[name] for name in form.head if fields.get(name)}
    if form.line:
        every = [
            {name: text for name in form.line if (text := fields.get(f"line{n}_{name}"))}
            for n in range(1, lines_typed(fields, which) + 1)
        ]
        made["lines"] = [one for one in every if set(one) - _chosen(which)] or every[:1]
    return made


def _chosen(which: str) -> set[str]:
    """Return the fields of a line in which something stands without being typed."""
    return {*DEFAULTS.get(which, {}), "unit", "counts"}


def as_file(which: str, made: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return a typed object as a file: its name and content."""
    text = json.dumps({which: [made]}, ensure_ascii=False, indent=1)
    return f"{which}-typed.json", text.encode()


def lines_typed(fields: Mapping[str, str], which: str) -> int:
    """Return how many lines an object has: up to the last in which something was typed."""
    form = FORMS[which]
    if not form.line:
        return 0
    names = set(form.line) - _chosen(which)
    numbers = [
        int(match[1])
        for name, text in fields.items()
        if text and (match := _LINE.fullmatch(name)) and match[2] in names
    ]
    return min(max([1, *numbers]), MOST_LINES)


def field_of(which: str, finding: Finding, made: Mapping[str, Any], fields: set[str]) -> str:
    """Return the field that a finding is about; empty: the form as a whole.

    Parameters
    ----------
    made : mapping
        The object that was sent.
    fields : set of str
        Names of the fields of the form.
    """
    match = _CELL.fullmatch(finding.cell or "")
    if match is None or not match[2]:
        return ""
    in_line = match[2] in FORMS[which].line
    number = match[1] or ("1" if made.get("lines") else None)
    name = f"line{number}_{match[2]}" if in_line and number else match[2]
    return name if name in fields else ""


def fields_of_rows(which: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what is recorded of an object as fields of its form.

    Parameters
    ----------
    rows : sequence of mapping
        Its lines as recorded, each with what belongs to all of them.
    """
    form = FORMS[which]
    found = dict(_filled(form.head, rows[0], ""))
    for number, row in enumerate(rows, start=1):
        found |= _filled(form.line, row, f"line{number}_")
    return found


def alike(which: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the lines of an object can be typed: what belongs to all is the same."""
    form = FORMS[which]
    heads = {tuple(str(row.get(name)) for name in form.head) for row in rows}
    return len(heads) == 1 and len(rows) <= (MOST_LINES if form.line else 1)


def _filled(names: Iterable[str], row: Mapping[str, Any], before: str) -> dict[str, str]:
    found = {}
    for name in names:
        value = row.get("fissile_mg" if name == "fissile_g" else name)
        if value is None:
            continue
        if name in DAY_FIELDS:
            text = number_date(int(value)).isoformat()
        elif name in FLAGS:
            text = "yes" if value else "no"
        elif name == "fissile_g":
            text = format_weight(int(value), "g")
        else:
            text = str(value)
        found[before + name] = text
    return found


def label(which: str, name: str) -> str:
    """Return the name of a field in the language of the request."""
    return _(_STATE_LABELS.get(which, sentence("Standing")) if name == "state" else LABELS[name])


def hint(name: str) -> str:
    """Return what is said about a field in the language of the request."""
    return _(HINTS[name]) if name in HINTS else ""
