"""Reports as JSON: for programs that write reports, and for looking at one in full.

The form says everything that the model of a report says::

    {"format": "keiryo-report", "version": 1,
     "reports": [{"country": "XA", "number": 102, "type": "I", "date": "2025-05-12",
                  "encoder": "ITO, K.", "period": {"from": "2025-04-01", "to": "2025-04-30"},
                  "facility": "XAF-", "mba": "XAFA",
                  "entries": [{"number": 1, "total": 1, "status": "N", "code": "RF",
                               "date": "2025-04-12", "weights": {"630": "12.5 g"}}],
                  "notes": [{"number": 1, "text": "REMEASURED.", "reference": "E/1"}]}]}

Weights are texts of a decimal number and its unit (mg, g, kg, t), because numbers in JSON pass
through binary fractions in most programs. A period of one day is ``{"on": "2025-12-31"}``. Fields
are those of `model.Report`, `model.Entry` and `model.Note`; a field that is missing or null says
nothing. All that is wrong with a file is reported at once, each with its path.

Source: RFC 8259 for JSON; the form is a choice of keiryo.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from keiryo.dates import DateError, parse_date
from keiryo.quantities import (
    TooFine,
    WeightError,
    format_weight,
    parse_weight_mg,
    round_weight_mg,
)
from keiryo.reports.formats.cell_numbers import KNOWN_UNITS, in_unit, read_number
from keiryo.reports.formats.code10_reader import ReadResult
from keiryo.reports.formats.grid import has_control
from keiryo.reports.formats.table_places import Address, EntryPlace
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.model import (
    REPORT_TYPES,
    STATUSES,
    WEIGHT_LABELS,
    Entry,
    Note,
    Reference,
    Report,
    Weight,
    weight_unit,
)
from keiryo.reports.rule_table import shown

_LABEL = re.compile(r"[0-9]{3}")

FORMAT, VERSION = "keiryo-report", 1

_TEXTS_OF_ENTRY = (
    *("state_record_id", "shipper", "receiver", "kmp", "code", "mdc", "operator_mdc"),
    *("description", "non_latin", "batch", "shipper_batch", "basis", "basis_kmp", "basis_method"),
)
_TEXTS_OF_NOTE = ("text", "reference", "report_type", "non_latin")
_LARGEST = 999_999_999
_FIELDS_BY_LABEL = {
    "309": "status",
    "310": "state_record_id",
    "370": "shipper",
    "372": "receiver",
    "390": "note_indicator",
    "407": "kmp",
    "411": "code",
    "412": "date",
    "430": "mdc",
    "435": "operator_mdc",
    "436": "description",
    "446": "batch",
    "447": "shipper_batch",
    "469": "basis",
    "470": "items",
    **{label: f"weights.{label}" for label in WEIGHT_LABELS},
}
_FIELDS_OF_HEAD = {
    "001": "number",
    "003": "date",
    "006": "encoder",
    "010": "type",
    "015": "period",
    "207": "facility",
    "307": "mba",
}


def write_json(reports: Report | Iterable[Report]) -> bytes:
    """Return reports as JSON text in UTF-8; the same reports give the same bytes."""
    made = [reports] if isinstance(reports, Report) else list(reports)
    data = {"format": FORMAT, "version": VERSION, "reports": [_report_dict(r) for r in made]}
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _report_dict(report: Report) -> dict[str, Any]:
    period = None
    if report.period_single:
        period = {"on": _iso(report.period_to)}
    elif report.period_from is not None or report.period_to is not None:
        period = {"from": _iso(report.period_from), "to": _iso(report.period_to)}
    return _said(
        {
            "country": report.country,
            "number": report.number,
            "type": report.type or None,
            "date": _iso(report.date),
            "encoder": report.encoder,
            "period": period,
            "facility": report.facility,
            "mba": report.mba,
            "entries": [_entry_dict(entry) for entry in report.entries] or None,
            "notes": [_note_dict(note) for note in report.notes] or None,
        }
    )


def _entry_dict(entry: Entry) -> dict[str, Any]:
    refers = entry.refers
    weights = {
        w.label: f"{format_weight(w.mg, weight_unit(w.label))} {weight_unit(w.label)}"
        for w in entry.weights
    }
    return _said(
        {
            "number": entry.number,
            "total": entry.total,
            "status": entry.status,
            "refers": None
            if refers is None
            else {"country": refers.country, "report": refers.report, "entry": refers.entry},
            "date": _iso(entry.date),
            **{name: getattr(entry, name) for name in _TEXTS_OF_ENTRY},
            "items": entry.items,
            "note_indicator": entry.note_indicator or None,
            "weights": weights or None,
            "unknown": dict(entry.unknown) or None,
        }
    )


def _note_dict(note: Note) -> dict[str, Any]:
    return _said(
        {
            "number": note.number,
            "total": note.total,
            **{name: getattr(note, name) for name in _TEXTS_OF_NOTE},
            "unknown": dict(note.unknown) or None,
        }
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def read_json(data: bytes, file: str) -> ReadResult:
    """Read the reports of a JSON file.

    Parameters
    ----------
    data : bytes
        UTF-8, with or without byte order mark.
    file : str
        Its name, for findings.

    Returns
    -------
    ReadResult
        Never raises on bad data; ``cell`` of each finding is the path, e.g.
        ``"$.reports[0].entries[2].weights.630"``.
    """
    found = Collected(file)
    content = _parsed(data, found)
    if content is None:
        return ReadResult((), found.all())
    reader = _Reader(found)
    top = reader.object(content, "$", {"format", "version", "reports"})
    if top is not None:
        if top.get("format") != FORMAT or top.get("version") != VERSION:
            message = f"the file does not say that it is {FORMAT!r} in version {VERSION}"
            reader.wrong("$.format", message, top.get("format"), f'"{FORMAT}", version {VERSION}')
        items = reader.array(top.get("reports"), "$.reports", needed=True)
        reports = []
        places: dict[Address, EntryPlace] = {}
        for n, one in enumerate(items):
            of_report = Collected(file)
            made = _Reader(of_report).report(one, f"$.reports[{n}]")
            if made is None:
                found.kept += of_report.all()
            else:
                reports.append(made)
                found.kept += of_report.about(made.mba, made.number)
                _keep_places(one["entries"] if made.entries else [], made, n, places)
        return ReadResult(tuple(reports), found.all(), places)
    return ReadResult((), found.all())


def _keep_places(
    items: list[Any], report: Report, position: int, places: dict[Address, EntryPlace]
) -> None:
    """Keep the paths of a report and its entries, for findings of the rules."""
    path, number = f"$.reports[{position}]", str(report.number)
    file = report.file
    head = {label: f"{path}.{name}" for label, name in _FIELDS_OF_HEAD.items()}
    places.setdefault(Address(file, report.mba, number, 0), EntryPlace(path, head))
    at = [n for n, item in enumerate(items) if isinstance(item, dict)]
    for n, entry in zip(at, report.entries, strict=True):
        place = f"{path}.entries[{n}]"
        cells = {label: f"{place}.{name}" for label, name in _FIELDS_BY_LABEL.items()}
        address = Address(file, report.mba, number, entry.number)
        places.setdefault(address, EntryPlace(place, cells))


def _parsed(data: bytes, found: Collected) -> Any | None:
    doubled: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            names = [name for name, _ in items]
            doubled.extend(name for name in made if names.count(name) > 1)
        return made

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no number")

    try:
        content = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=pairs, parse_constant=constant
        )
    except (ValueError, RecursionError) as error:
        words = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        line = getattr(error, "lineno", None)
        found.note(
            "JSON-SYNTAX",
            f"the file cannot be read as JSON: {words[:100]}",
            None if line is None else f"line {line} column {getattr(error, 'colno', 0)}",
        )
        return None
    for name in doubled[:20]:
        found.note("JSON-SHAPE", f"the field {shown(name)} stands twice in one object", "$")
    if content is None:
        found.note("JSON-SHAPE", "the file holds null and no reports", "$")
    return content


@dataclass(slots=True)
class _Reader:
    """Takes values out of what was parsed; what has another form goes to `found`."""

    found: Collected

    def wrong(self, path: str, message: str, value: Any, expected: str | None = None) -> None:
        """Make a finding about a value."""
        text = None if value is None else json.dumps(value, ensure_ascii=True)[:200]
        self.found.note("JSON-SHAPE", message, path, found=text, expected=expected)

    def object(self, value: Any, path: str, known: set[str]) -> dict[str, Any] | None:
        """Return an object; fields that are not known are findings."""
        if not isinstance(value, dict):
            self.wrong(path, "an object is asked for here", value, "{...}")
            return None
        for name in value:
            if name not in known:
                self.wrong(f"{path}.{name[:40]}", f"there is no field {shown(name)} here", None)
        return value

    def array(self, value: Any, path: str, *, needed: bool = False) -> list[Any]:
        """Return an array."""
        if isinstance(value, list):
            return value
        if value is not None or needed:
            self.wrong(path, "an array is asked for here", value, "[...]")
        return []

    def text(self, fields: dict[str, Any], name: str, path: str) -> str | None:
        """Return a text field; an empty text says nothing."""
        value = fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(f"{path}.{name}", "a text is asked for here", value, '"..."')
            return None
        if has_control(value):
            self.wrong(f"{path}.{name}", "the text holds control characters", value)
            return None
        return value.strip() or None

    def number(
        self, fields: dict[str, Any], name: str, path: str, *, lowest: int = 1
    ) -> int | None:
        """Return a field with a whole number."""
        value = fields.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= _LARGEST:
            self.wrong(f"{path}.{name}", f"a whole number from {lowest} is asked for here", value)
            return None
        return value

    def day(self, fields: dict[str, Any], name: str, path: str) -> date | None:
        """Return a field with a day."""
        text = self.text(fields, name, path)
        if text is None:
            return None
        try:
            return parse_date(text)
        except DateError as error:
            self.wrong(f"{path}.{name}", str(error), text, "YYYY-MM-DD")
            return None

    def one_of(self, fields: dict[str, Any], name: str, path: str, choices: str) -> str | None:
        """Return a field that holds one letter of several."""
        text = self.text(fields, name, path)
        if text is not None and (len(text) != 1 or text not in choices):
            self.wrong(
                f"{path}.{name}", f"{shown(text)} is not known here", text, ", ".join(choices)
            )
            return None
        return text

    def yes(self, fields: dict[str, Any], name: str, path: str) -> bool:
        """Return a field that holds true or false."""
        value = fields.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(f"{path}.{name}", "true or false is asked for here", value)
        return value is True

    def report(self, value: Any, path: str) -> Report | None:
        """Return a report; None if it has no State or number."""
        known = {"country", "number", "type", "date", "encoder", "period", "facility", "mba"}
        fields = self.object(value, path, {*known, "entries", "notes"})
        if fields is None:
            return None
        entries = self.array(fields.get("entries"), f"{path}.entries")
        notes = self.array(fields.get("notes"), f"{path}.notes")
        made_entries = [self.entry(e, f"{path}.entries[{n}]") for n, e in enumerate(entries)]
        made_notes = [self.note(e, f"{path}.notes[{n}]") for n, e in enumerate(notes)]
        first, last, single = self.period(fields.get("period"), f"{path}.period")
        country = self.text(fields, "country", path)
        number = self.number(fields, "number", path)
        report_type = self.one_of(fields, "type", path, "".join(REPORT_TYPES))
        for name, needed in (("country", country), ("number", number), ("type", report_type)):
            if needed is None and fields.get(name) is None:
                self.wrong(f"{path}.{name}", f"the field {name!r} is missing", None)
        day, encoder = self.day(fields, "date", path), self.text(fields, "encoder", path)
        facility, mba = self.text(fields, "facility", path), self.text(fields, "mba", path)
        if country is None or number is None:
            return None
        return Report(
            country=country,
            number=number,
            type=report_type or "",
            date=day,
            encoder=encoder,
            period_from=first,
            period_to=last,
            period_single=single,
            facility=facility,
            mba=mba,
            entries=tuple(entry for entry in made_entries if entry is not None),
            notes=tuple(note for note in made_notes if note is not None),
        )

    def period(self, value: Any, path: str) -> tuple[date | None, date | None, bool]:
        """Return first day, last day, and whether only one was given."""
        if value is None:
            return None, None, False
        fields = self.object(value, path, {"from", "to", "on"})
        if fields is None:
            return None, None, False
        on = self.day(fields, "on", path)
        if fields.get("on") is not None:
            if fields.get("from") is not None or fields.get("to") is not None:
                self.wrong(path, "a period has either 'on' or 'from' and 'to'", value)
            return on, on, on is not None
        return self.day(fields, "from", path), self.day(fields, "to", path), False

    def entry(self, value: Any, path: str) -> Entry | None:
        """Return an entry."""
        known = {"number", "total", "status", "refers", "date", "items", "note_indicator"}
        fields = self.object(value, path, {*known, "weights", "unknown", *_TEXTS_OF_ENTRY})
        if fields is None:
            return None
        if fields.get("status") == "":
            status: str | None = ""
        else:
            status = self.one_of(fields, "status", path, STATUSES)
            status = "N" if fields.get("status") is None else status or ""
        texts: dict[str, Any] = {name: self.text(fields, name, path) for name in _TEXTS_OF_ENTRY}
        return Entry(
            number=self.number(fields, "number", path, lowest=0) or 0,
            total=self.number(fields, "total", path),
            status=status or "",
            refers=self.reference(fields.get("refers"), f"{path}.refers"),
            date=self.day(fields, "date", path),
            items=self.number(fields, "items", path, lowest=0),
            note_indicator=self.yes(fields, "note_indicator", path),
            weights=self.weights(fields.get("weights"), f"{path}.weights"),
            unknown=self.unknown(fields.get("unknown"), f"{path}.unknown"),
            file=self.found.file,
            **texts,
        )

    def reference(self, value: Any, path: str) -> Reference | None:
        """Return the entry that a correction speaks of."""
        if value is None:
            return None
        fields = self.object(value, path, {"country", "report", "entry"})
        if fields is None:
            return None
        country = self.text(fields, "country", path)
        report, entry = self.number(fields, "report", path), self.number(fields, "entry", path)
        if country is None or report is None or entry is None:
            if None in (fields.get("country"), fields.get("report"), fields.get("entry")):
                self.wrong(path, "a reference has 'country', 'report' and 'entry'", value)
            return None
        return Reference(country, report, entry)

    def weights(self, value: Any, path: str) -> tuple[Weight, ...]:
        """Return the weights by label."""
        if value is None:
            return ()
        fields = self.object(value, path, set(WEIGHT_LABELS))
        made = []
        for label in WEIGHT_LABELS:
            if fields is not None and fields.get(label) is not None:
                weight = self.weight(fields[label], label, f"{path}.{label}")
                if weight is not None:
                    made.append(weight)
        return tuple(made)

    def weight(self, value: Any, label: str, path: str) -> Weight | None:
        """Return a weight from its text."""
        expected = f'as in "12.5 {weight_unit(label)}"'
        if not isinstance(value, str):
            self.wrong(path, "a weight is a text of number and unit", value, expected)
            return None
        number, _, unit = value.strip().partition(" ")
        plain = None if "," in number else read_number(number)
        if unit not in KNOWN_UNITS or plain is None or plain.respelled or plain.thousands:
            self.wrong(path, f"{shown(value)} is not a number and its unit", value, expected)
            return None
        amount, base = in_unit(plain.text, unit)
        try:
            return Weight(label, parse_weight_mg(amount, base), value)
        except TooFine:
            mg = round_weight_mg(amount, base)
            self.found.note(
                "PRECISION",
                f"{shown(value)} is finer than a milligram; it was read as "
                f"{format_weight(mg, base)} {base}",
                path,
                label=label,
                found=value,
            )
            return Weight(label, mg, value)
        except WeightError as error:
            self.wrong(path, str(error), value)
            return None

    def note(self, value: Any, path: str) -> Note | None:
        """Return a note."""
        fields = self.object(value, path, {"number", "total", "unknown", *_TEXTS_OF_NOTE})
        if fields is None:
            return None
        texts: dict[str, Any] = {name: self.text(fields, name, path) for name in _TEXTS_OF_NOTE}
        return Note(
            number=self.number(fields, "number", path, lowest=0) or 0,
            total=self.number(fields, "total", path),
            unknown=self.unknown(fields.get("unknown"), f"{path}.unknown"),
            file=self.found.file,
            **texts,
        )

    def unknown(self, value: Any, path: str) -> tuple[tuple[str, str], ...]:
        """Return labels that Code 10 does not know."""
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.wrong(path, "an object is asked for here", value, '{"999": "..."}')
            return ()
        for name in value:
            if _LABEL.fullmatch(name) is None:
                self.wrong(f"{path}.{name[:40]}", f"{shown(name)} is not a label", None, "999")
        pairs = ((n, self.text(value, n, path)) for n in value if _LABEL.fullmatch(n))
        return tuple(sorted((name, text) for name, text in pairs if text is not None))
