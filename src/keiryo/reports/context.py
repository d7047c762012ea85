"""What came before the reports: the areas, their last physical inventory, the last numbers used.

The books begin somewhere. The context says where: a JSON document with the physical inventory of
each area at the last taking before the first report, the ending inventory that was reported for
it, and the reports to which a correction may still refer.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from keiryo.dates import DateError, date_number, parse_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Draft
from keiryo.places.model import COUNTRY_CODE, MBA_CODE, MBA_TYPES, MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.quantities import MAX_MG, Category, WeightError, format_weight, parse_weight_mg
from keiryo.reports.model import Entry, Report, Weight, weight_unit
from keiryo.reports.rules_notices import AdvanceNotice

_ADVICE = "Correct the context file; the reference of commands shows its form."
_BASIS = "INFCIRC/153 paras 62 and 102"
_KNOWN = {"country", "as_of", "prior_pit", "transit_limit_days", "mbas", "entry_into_force",
          "exempted_on_use", "exempted_on_quantity", "notices"}  # fmt: skip
_NOTICE_DAYS = ("contract_on", "notified_on", "prepared_on", "transfer_on", "confirmed_on")


@dataclass(frozen=True, slots=True)
class AreaContext:
    """The beginning of one area's books."""

    area: MaterialBalanceArea
    last_report_no: int | None
    earlier_reports: dict[int, int]
    inventory: tuple[Entry, ...]
    ending: dict[Category, tuple[int, int | None]]
    retained_waste: dict[Category, tuple[int, int | None]] = field(default_factory=dict)
    loss_limits_mg: dict[Category, int] = field(default_factory=dict)
    prior_pit: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What came before a set of reports."""

    country: str
    as_of: datetime.date | None
    prior_pit: datetime.date
    transit_limit_days: int | None
    areas: dict[str, AreaContext] = field(default_factory=dict)
    entry_into_force: datetime.date | None = None
    exempted: tuple[tuple[str, Category, int, int | None], ...] = ()
    notices: tuple[AdvanceNotice, ...] | None = None


def read_context(content: bytes, file: str) -> tuple[Context | None, list[Finding]]:
    """Read a context.

    Returns
    -------
    context : Context or None
        None if a finding of severity F makes it unusable.
    findings : list of Finding
        Everything that is wrong with it, all at once.
    """
    reading = _Reading(file)
    try:
        data = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reading.wrong("CONTEXT-FORM", f"the context is not JSON: {error}")
        return None, reading.findings
    if not isinstance(data, dict):
        reading.wrong("CONTEXT-FORM", "the context is not a JSON object")
        return None, reading.findings
    context = reading.context(data)
    blocked = any(f.severity is Severity.FORMAT for f in reading.findings)
    return None if blocked else context, reading.findings


class _Reading:
    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def wrong(
        self,
        code: str,
        message: str,
        mba: str | None = None,
        severity: Severity = Severity.FORMAT,
        **more: Any,
    ) -> None:
        self.findings.append(
            Finding(code, severity, message, _ADVICE, file=self.file, mba=mba, basis=_BASIS, **more)
        )

    def context(self, data: dict[str, Any]) -> Context | None:
        country = data.get("country")
        if not isinstance(country, str) or not COUNTRY_CODE.fullmatch(country):
            self.wrong("CONTEXT-FORM", f"country {country!r} is not a code of two capital letters")
        prior = self.day(data, "prior_pit", required=True)
        as_of = self.day(data, "as_of")
        limit = self.number(data, "transit_limit_days")
        mbas = data.get("mbas")
        if not isinstance(mbas, dict) or not mbas:
            self.wrong("CONTEXT-FORM", "the context names no areas ('mbas')")
            return None
        for name in sorted(set(data) - _KNOWN):
            self.wrong(
                "CONTEXT-UNKNOWN",
                f"nobody knows {name!r}; it is left aside",
                severity=Severity.WARNING,
            )
        if prior and as_of and as_of < prior:
            self.wrong("CONTEXT-DATES", f"as_of {as_of} lies before prior_pit {prior}")
        areas = {
            str(code): self.area(str(country), str(code), value) for code, value in mbas.items()
        }
        complete = {code: a for code, a in areas.items() if a is not None}
        if prior is None or not isinstance(country, str):
            return None
        exempted = [
            (kind, *amount)
            for kind in ("use", "quantity")
            for amount in self.amounts(data.get(f"exempted_on_{kind}"), f"exempted_on_{kind}")
        ]
        return Context(
            country,
            as_of,
            prior,
            limit,
            complete,
            self.day(data, "entry_into_force"),
            tuple(exempted),
            self.notices(data.get("notices")),
        )

    def amounts(
        self, data: Any, name: str, mba: str | None = None
    ) -> Iterator[tuple[Category, int, int | None]]:
        """Yield the amounts of a list of category, element and fissile weight."""
        if data is None:
            return
        if not isinstance(data, list):
            self.wrong("CONTEXT-FORM", f"{name} is not a list", mba)
            return
        for row in data:
            try:
                category = Category(row["category"])
                fissile = row.get("fissile")
                yield (
                    category,
                    parse_weight_mg(str(row["element"]), category.unit),
                    None if fissile is None else parse_weight_mg(str(fissile), "g"),
                )
            except (WeightError, ValueError, KeyError, TypeError, AttributeError) as error:
                self.wrong("CONTEXT-WEIGHT", f"{name}: {row!r}: {error}", mba)

    def notices(self, data: Any) -> tuple[AdvanceNotice, ...] | None:
        """Return the register of advance notices, or None if none is kept."""
        if data is None:
            return None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            self.wrong("CONTEXT-FORM", "notices is not a list of objects")
            return None
        found = []
        for number, row in enumerate(data, start=1):
            direction, mba, partner = (row.get(n) for n in ("direction", "mba", "partner"))
            if direction not in ("export", "import") or not isinstance(mba, str):
                self.wrong(
                    "CONTEXT-FORM",
                    f"notice {number} needs a direction (export or import), an mba and a partner",
                )
                continue
            days = {name: self.day(row, name) for name in _NOTICE_DAYS}
            found.append(
                AdvanceNotice(
                    str(row.get("notice", number)),
                    direction,
                    mba,
                    str(partner or ""),
                    safeguarded=row.get("safeguarded"),
                    **days,
                )
            )
        return tuple(found)

    def day(self, data: dict[str, Any], name: str, *, required: bool = False) -> Any:
        value = data.get(name)
        if value is None:
            if required:
                self.wrong("CONTEXT-FORM", f"{name} is missing")
            return None
        try:
            return parse_date(str(value))
        except DateError as error:
            self.wrong("CONTEXT-FORM", f"{name}: {error}")
            return None

    def number(self, data: dict[str, Any], name: str, mba: str | None = None) -> int | None:
        value = data.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
            return int(value)
        if type(value) is not int or not 0 <= value <= 10**9:
            self.wrong("CONTEXT-FORM", f"{name}: {value!r} is not a number of that kind", mba)
            return None
        return value

    def area(self, country: str, code: str, data: Any) -> AreaContext | None:
        if not MBA_CODE.fullmatch(code):
            self.wrong("CONTEXT-FORM", f"{code!r} is not an MBA code of four characters", code)
            return None
        if not isinstance(data, dict):
            self.wrong("CONTEXT-FORM", "the area is not a JSON object", code)
            return None
        facility, kind = data.get("facility"), data.get("type")
        if not isinstance(facility, str) or not MBA_CODE.fullmatch(facility):
            self.wrong("CONTEXT-FORM", f"facility {facility!r} is not a four-character code", code)
        if kind not in MBA_TYPES:
            self.wrong("CONTEXT-FORM", f"type {kind!r} is none of item, bulk, LOF", code)
        follow = data.get("batch_follow_up", kind != "bulk")
        if type(follow) is not bool:
            self.wrong("CONTEXT-FORM", f"batch_follow_up {follow!r} is not true or false", code)
        earlier = self.earlier(data.get("earlier_reports_entry_count"), code)
        last = self.number(data, "last_report_no", code)
        if last is not None and earlier and max(earlier) > last:
            self.wrong(
                "CONTEXT-NUMBERS",
                f"report {max(earlier)} is listed as earlier, but the last number is {last}",
                code,
                Severity.WARNING,
            )
        inventory = tuple(self.batches(data.get("previous_physical_inventory"), code))
        ending = self.ending(data.get("previous_PE"), code)
        self.compare(code, inventory, ending)
        place = MaterialBalanceArea(
            country, str(facility), code, kind if isinstance(kind, str) else None, bool(follow)
        )
        waste = self.amounts(data.get("retained_waste"), "retained_waste", code)
        losses = self.amounts(data.get("loss_limits"), "loss_limits", code)
        return AreaContext(
            place,
            last,
            earlier,
            inventory,
            ending,
            {category: (element, fissile) for category, element, fissile in waste},
            {category: element for category, element, _ in losses},
        )

    def earlier(self, data: Any, code: str) -> dict[int, int]:
        if data is None:
            return {}
        counts: dict[int, int] = {}
        for number, count in self.members(data, "earlier_reports_entry_count", code):
            readable = str(number).isdecimal() and len(str(number)) <= 9
            if not readable or type(count) is not int or not 0 <= count <= 10**9:
                self.wrong("CONTEXT-FORM", f"earlier report {number!r}: {count!r} entries", code)
            else:
                counts[int(number)] = count
        return counts

    def members(self, data: Any, name: str, code: str) -> list[tuple[Any, Any]]:
        if isinstance(data, dict):
            return list(data.items())
        if data:
            self.wrong("CONTEXT-FORM", f"{name} is not a JSON object", code)
        return []

    def batches(self, data: Any, code: str) -> Iterator[Entry]:
        if data is None:
            return
        if not isinstance(data, list):
            self.wrong("CONTEXT-FORM", "previous_physical_inventory is not a list", code)
            return
        for number, row in enumerate(data, start=1):
            if not isinstance(row, dict) or not isinstance(row.get("weights"), dict):
                self.wrong("CONTEXT-FORM", f"batch {number} of the inventory has no weights", code)
                continue
            weights = tuple(self.weights(row["weights"], code, number))
            entry = Entry(
                number=number,
                kmp=_text(row.get("kmp")),
                mdc=_text(row.get("mdc")),
                batch=_text(row.get("batch")),
                basis=_text(row.get("basis")),
                items=row.get("items") if type(row.get("items")) is int else None,
                weights=weights,
            )
            if not entry.batch:
                self.wrong("CONTEXT-FORM", f"batch {number} of the inventory has no name", code)
            elif not entry.groups():
                self.wrong("CONTEXT-FORM", f"{entry.batch} has no element weight", code)
            else:
                self.fissile(entry, code)
                yield entry

    def fissile(self, entry: Entry, code: str) -> None:
        for group in entry.groups():
            if group.category in "EU" and group.fissile_mg is None:
                self.wrong(
                    "CONTEXT-WEIGHT",
                    f"{entry.batch}: label {group.category.label} stands without its fissile "
                    "weight (640, 660 or 670); it cannot be balanced",
                    code,
                    Severity.WARNING,
                )

    def weights(self, data: dict[Any, Any], code: str, number: int) -> Iterator[Weight]:
        for label, value in sorted(data.items()):
            try:
                mg = parse_weight_mg(str(value), weight_unit(str(label)))
            except KeyError:
                self.wrong("CONTEXT-FORM", f"batch {number}: {label!r} is no weight label", code)
            except WeightError as error:
                self.wrong("CONTEXT-WEIGHT", f"batch {number}, label {label}: {error}", code)
            else:
                if mg < 0:
                    self.wrong("CONTEXT-WEIGHT", f"batch {number}, {label}: negative weight", code)
                yield Weight(str(label), mg, str(value))

    def ending(self, data: Any, code: str) -> dict[Category, tuple[int, int | None]]:
        sums: dict[Category, tuple[int, int | None]] = {}
        if data is None:
            return sums
        for letter, value in self.members(data, "previous_PE", code):
            try:
                category = Category(letter)
                element = parse_weight_mg(str(value["element"]), category.unit)
                fissile = value.get("fissile")
                fissile_mg = None if fissile is None else parse_weight_mg(str(fissile), "g")
            except (WeightError, ValueError, KeyError, TypeError, AttributeError) as error:
                self.wrong("CONTEXT-WEIGHT", f"previous_PE of {letter!r}: {error}", code)
            else:
                sums[category] = (element, fissile_mg)
        return sums

    def compare(
        self,
        code: str,
        inventory: tuple[Entry, ...],
        ending: dict[Category, tuple[int, int | None]],
    ) -> None:
        """The reported ending inventory and the listing agree, but for rounding."""
        if not ending:
            return
        listed: dict[Category, list[int]] = {}
        for entry in inventory:
            for group in entry.groups():
                sums = listed.setdefault(group.category, [0, 0, 0])
                sums[0] += group.element_mg
                sums[1] += group.fissile_mg or 0
                sums[2] += 1
        for category in sorted({*listed, *ending}):
            element, fissile, batches = listed.get(category, [0, 0, 0])
            stated = ending.get(category, (0, 0))
            step = {"g": 1000, "kg": 1_000_000}[category.unit]
            self.close(code, category, "element", category.unit, element, stated[0], step, batches)
            if stated[1] is not None and category in "EU":
                self.close(code, category, "fissile", "g", fissile, stated[1], 1000, batches)

    def close(
        self,
        code: str,
        category: Category,
        what: str,
        unit: str,
        listed: int,
        stated: int,
        step: int,
        batches: int,
    ) -> None:
        if abs(listed - stated) * 2 <= step * (batches + 1) and max(listed, stated) <= MAX_MG:
            return
        found, expected = format_weight(stated, unit), format_weight(listed, unit)
        self.wrong(
            "CONTEXT-PE",
            f"previous_PE of category {category} ({what}) is {found} {unit}, the batches of "
            f"previous_physical_inventory add up to {expected} {unit}",
            code,
            Severity.WARNING,
            category=str(category),
            found=found,
            expected=expected,
        )


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def add_context(draft: Draft, context: Context, known: dict[str, MaterialBalanceArea]) -> None:
    """Add the lines that register the areas and say what came before them."""
    for area_context in context.areas.values():
        place = area_context.area
        if known.get(place.code) != place:
            draft.add(AREA.name, area_values(place))
        draft.add(
            "reporting_context",
            scope=place.scope,
            mba=place.code,
            as_of=None if context.as_of is None else date_number(context.as_of),
            prior_pit=date_number(context.prior_pit),
            last_report_no=area_context.last_report_no,
            transit_limit_days=context.transit_limit_days,
        )
        for number, count in sorted(area_context.earlier_reports.items()):
            draft.add(
                "earlier_report",
                scope=place.scope,
                mba=place.code,
                report_no=number,
                entry_count=count,
            )


def divided(
    found: Sequence[Finding], reports: Sequence[Report]
) -> tuple[list[Finding], dict[tuple[str, str], list[Finding]]]:
    """Divide contradictions into those that speak against the context and against a report.

    If all reports of an area contradict the context, the context is taken to be wrong; if only
    some do, these are.
    """
    said = {(finding.mba, finding.report) for finding in found}
    against_context: list[Finding] = []
    against_report: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        mine = {(r.mba, str(r.number)) for r in reports if r.mba == finding.mba}
        if mine <= said:
            against_context.append(finding)
        else:
            key = (finding.mba or "", finding.report or "")
            against_report.setdefault(key, []).append(finding)
    return against_context, against_report


def contradictions(context: Context, reports: Sequence[Report], name: str) -> list[Finding]:
    """Where the context and the reports of the set contradict each other."""
    found = []
    for report in reports:
        if report.mba is None:
            continue
        known = context.areas.get(report.mba)
        problem = None
        if report.country != context.country:
            problem = f"is of the State {report.country}, the context is of {context.country}"
        elif known is not None and report.facility not in (None, known.area.facility):
            problem = f"names facility {report.facility}, the context says {known.area.facility}"
        elif known is not None and report.number in known.earlier_reports:
            problem = "is among the earlier reports of the context"
        elif known and known.last_report_no and report.number <= known.last_report_no:
            problem = f"has a number not after the last one before, {known.last_report_no}"
        elif _states_anew(report) and report.period_to and report.period_to <= context.prior_pit:
            problem = f"ends on {report.period_to}, not after prior_pit {context.prior_pit}"
        if problem:
            found.append(
                Finding(
                    "CONTEXT-CONTRADICTS",
                    Severity.INCONSISTENCY,
                    f"report {report.number} of {report.mba} {problem}",
                    "Correct the context, or give the reports that belong to it.",
                    file=name,
                    mba=report.mba,
                    report=str(report.number),
                    basis="Code 10, labels 001, 207 and 307",
                )
            )
    return found


def _states_anew(report: Report) -> bool:
    """Whether it is a listing or balance of its own; corrections may reach back."""
    return report.type in ("P", "M") and any(e.status in ("N", "U") for e in report.entries)
