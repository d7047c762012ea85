"""Rules on one entry of a Code 10 report: its labels, codes, names, parties, dates and weights.

Called by `rules.check_report`. Findings: LABEL-MISSING, LABEL-MISPLACED, LABEL-FORMAT, IC-UNKNOWN,
MDC-INVALID, MBASIS (the letter only; whether data were reported before is for the ledger),
BATCH-LEN, PARTY-MISSING, SHIPPER-BATCH, DATE-OUT-OF-PERIOD, DATE-FUTURE, and those of
`weight_rules`. An entry of status D needs nothing after its reference, and one of status U
nothing at all; what they carry is only checked for its form.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, sections 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from keiryo import vocabulary
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.reports.model import STATUSES, WEIGHT_LABELS, Entry, Note, Report
from keiryo.reports.rule_table import finding, shown
from keiryo.reports.weight_rules import weight_findings
from keiryo.vocabulary import EntryCode

MAX_BATCH_NAME = 16
"""Characters in a batch name (labels 446, 447)."""

AREA_CODE = re.compile(r"[A-Z0-9-]{4}")
"""Codes of facilities and MBAs; which exist is for the register of places."""

_PARTY = re.compile(r"[A-Z0-9]{2}(/[A-Z0-9-]{2,4})?")
_NOT_CAPITALS = re.compile(r"[^ -~\ufffd]|[a-z]")
_SMALL_LETTER = re.compile(r"[a-z]")
_OPERATOR_MDC = re.compile(r"Y|N/.{1,12}")
_MAX_LENGTHS = (
    ("310", "state_record_id", 40),
    ("407", "kmp", 2),
    ("436", "description", 100),
    ("445", "non_latin", 1),
)
_CAPITALS = (
    ("407", "kmp"),
    ("435", "operator_mdc"),
    ("436", "description"),
    ("446", "batch"),
    ("447", "shipper_batch"),
)
_CONTENT = {
    "370": ("shipper", "shipper"),
    "372": ("receiver", "receiver"),
    "407": ("kmp", "KMP"),
    "411": ("code", "type of change or balance line"),
    "412": ("date", "date of change"),
    "430": ("mdc", "material description code"),
    "435": ("operator_mdc", "operator's material description code"),
    "436": ("description", "operator's description"),
    "446": ("batch", "batch name"),
    "447": ("shipper_batch", "shipper's batch name"),
    "469": ("basis", "measurement basis"),
    "470": ("items", "number of items"),
}
_MANDATORY = {
    "I": ("407", "411", "412", "430", "446", "469", "470"),
    "P": ("407", "430", "446", "469", "470"),
    "M": ("411",),
}
_MISPLACED = {
    "I": (),
    "P": ("370", "372", "411", "412", "447"),
    "M": ("370", "372", "407", "412", "430", "435", "436", "446", "447", "469", "470"),
}
_KIND_OF_TYPE = {"I": "ICR", "M": "MBR"}
_NAMES = {
    "I": "an inventory change report",
    "P": "a physical inventory listing",
    "M": "a material balance report",
}


class Record(NamedTuple):
    """An entry or a note with its report, for findings about it."""

    report: Report
    record: Entry | Note

    def finding(
        self,
        code: str,
        message: str,
        label: str | None = None,
        *,
        found: str | None = None,
        expected: str | None = None,
        category: str | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """Return a finding about this record."""
        report, record = self
        return finding(
            code,
            message,
            severity=severity,
            file=record.file or None,
            line=record.line or None,
            mba=report.mba,
            report=str(report.number),
            entry=(record.number or None) if isinstance(record, Entry) else record.on_entry,
            label=label,
            found=found,
            expected=expected,
            category=category,
        )

    def lacks(self, label: str, value: object) -> bool:
        """Return whether a value is missing and its label was not merely unreadable."""
        return value in (None, "") and all(label != other for other, _ in self.record.unreadable)


@lru_cache(maxsize=1024)
def known_code(code: str) -> EntryCode | None:
    """Return what label 411 may say, rounding adjustments included, or None."""
    try:
        return vocabulary.entry_code(code)
    except NotFoundError:
        return None


def entry_findings(report: Report, entry: Entry) -> Iterator[Finding]:
    """Yield what is wrong with one entry."""
    record = Record(report, entry)
    code = known_code(entry.code) if entry.code else None
    yield from _status_findings(record, entry)
    yield from _form_findings(record, entry)
    yield from _code_findings(record, entry, code)
    yield from _date_findings(record, entry)
    if entry.status in ("D", "U") or any(label == "309" for label, _ in entry.unreadable):
        return  # it needs nothing more, or nobody can say what it needs
    yield from _presence_findings(record, entry)
    if report.type == "I":
        yield from _party_findings(record, entry, code)
        yield from _shipper_batch_findings(record, entry, code)
    adjusts = code is None and (entry.code or "").startswith("RA")
    for item in weight_findings(entry, code, report.type, rounding=adjusts):
        yield record.finding(
            item.code,
            item.message,
            item.label,
            found=item.found,
            expected=item.expected,
            category=item.category,
            severity=item.severity,
        )


def _status_findings(record: Record, entry: Entry) -> Iterator[Finding]:
    status = entry.status
    if record.lacks("309", status):
        yield record.finding("LABEL-MISSING", "label 309 (status) is missing", "309")
    elif status and (len(status) != 1 or status not in STATUSES):
        yield record.finding(
            "LABEL-FORMAT", f"{shown(status)} is not a status", "309", found=status,
            expected="N, U, C, D or A",
        )  # fmt: skip
    if status in ("C", "D", "A") and entry.refers is None:
        yield record.finding(
            "CORR-REF",
            f"status {status} needs the entry that it speaks of",
            "309",
            found=status,
            expected=f"as in {status}/{record.report.country};104/1",
        )
    if status == "N" and entry.refers is not None:
        yield record.finding(
            "LABEL-FORMAT", "a new entry refers to no earlier one", "309", found="N/...",
            expected="N",
        )  # fmt: skip


def _form_findings(record: Record, entry: Entry) -> Iterator[Finding]:
    """Yield what is wrong with the form of texts."""
    for label, name, longest in _MAX_LENGTHS:
        text = getattr(entry, name) or ""
        if len(text) > longest:
            yield record.finding(
                "LABEL-FORMAT",
                f"the content has {len(text)} characters; {longest} fit",
                label,
                found=text,
                expected=f"<= {longest} characters",
            )
    for label, name in (("446", entry.batch or ""), ("447", entry.shipper_batch or "")):
        if len(name) > MAX_BATCH_NAME:
            yield record.finding(
                "BATCH-LEN",
                f"the batch name {shown(name)} has {len(name)} characters; {MAX_BATCH_NAME} fit",
                label,
                found=name,
                expected=f"<= {MAX_BATCH_NAME} characters",
            )
        if "/" in name or ";" in name:
            message = f"the batch name {shown(name)} holds '/' or ';', which separate items"
            yield record.finding("LABEL-FORMAT", message, label, found=name)
    bad_letter = _SMALL_LETTER if entry.non_latin else _NOT_CAPITALS
    for label, name in _CAPITALS:
        text = getattr(entry, name) or ""
        bad = bad_letter.search(text)
        if bad is not None:
            yield record.finding(
                "LABEL-FORMAT",
                f"{shown(text)} holds {shown(bad[0])}; capital Latin letters, digits and plain "
                "signs are asked for",
                label,
                found=text,
            )
    if entry.operator_mdc and _OPERATOR_MDC.fullmatch(entry.operator_mdc) is None:
        yield record.finding(
            "LABEL-FORMAT",
            f"{shown(entry.operator_mdc)} is not Y, nor N/ and a code of up to 12 characters",
            "435",
            found=entry.operator_mdc,
        )
    yield from _coded_findings(record, entry)


def _coded_findings(record: Record, entry: Entry) -> Iterator[Finding]:
    problems = vocabulary.check_mdc(entry.mdc) if entry.mdc else []
    if problems:
        yield record.finding("MDC-INVALID", "; ".join(problems), "430", found=entry.mdc)
    if entry.basis is not None and entry.basis not in vocabulary.measurement_bases():
        yield record.finding(
            "MBASIS",
            f"{shown(entry.basis)} is not a measurement basis",
            "469",
            found=entry.basis,
            expected="M, N, T or L",
        )
    yield from _measured_where(record, entry)
    for label, party in (("370", entry.shipper), ("372", entry.receiver)):
        if party is not None and _PARTY.fullmatch(party) is None:
            yield record.finding(
                "LABEL-FORMAT",
                f"{shown(party)} is not a State, or a State and an MBA",
                label,
                found=party,
                expected="as in XB/XBEA",
            )


def _measured_where(record: Record, entry: Entry) -> Iterator[Finding]:
    """Yield a KMP of measurement that label 469 cannot carry."""
    if entry.basis_kmp is None or entry.basis not in vocabulary.measurement_bases():
        return
    if entry.basis != "M":
        said = f"basis {entry.basis} names no KMP; only M does"
    elif entry.basis_kmp == entry.kmp:
        said = f"the KMP {entry.basis_kmp} is that of label 407; it is named only if it differs"
    else:
        return
    shown_basis = f"{entry.basis}/{entry.basis_kmp}"
    yield record.finding("MBASIS", said, "469", found=shown_basis, expected=entry.basis)


def _code_findings(record: Record, entry: Entry, code: EntryCode | None) -> Iterator[Finding]:
    if entry.code is None or record.report.type not in _KIND_OF_TYPE:
        return
    kind, name = _KIND_OF_TYPE[record.report.type], _NAMES[record.report.type]
    if code is None:
        message = f"{shown(entry.code)} is not a type of change or balance line"
        yield record.finding("IC-UNKNOWN", message, "411", found=entry.code)
    elif kind not in code.reports:
        message = f"{code.code} ({code.meaning}) does not belong in {name}"
        yield record.finding("IC-UNKNOWN", message, "411", found=entry.code)


def _date_findings(record: Record, entry: Entry) -> Iterator[Finding]:
    report, day = record.report, entry.date
    if day is None:
        return
    if report.date is not None and day > report.date:
        yield record.finding(
            "DATE-FUTURE",
            f"the change is dated {day}, after the date of the report, {report.date}",
            "412",
            found=str(day),
            expected=f"<= {report.date}",
        )
    start, end = report.period_from, report.period_to
    if entry.status != "N" or report.type != "I" or start is None or end is None:
        return
    if not start <= day <= end and start <= end and not report.period_single:
        yield record.finding(
            "DATE-OUT-OF-PERIOD",
            f"the change is dated {day}, outside the period {start} to {end} of the report",
            "412",
            found=str(day),
            expected=f"{start} to {end}",
        )


def _presence_findings(record: Record, entry: Entry) -> Iterator[Finding]:
    """Yield labels that are missing, and labels that the kind of report does not carry."""
    report_type = record.report.type
    for label in _MANDATORY.get(report_type, ()):
        attribute, name = _CONTENT[label]
        if record.lacks(label, getattr(entry, attribute)):
            yield record.finding("LABEL-MISSING", f"label {label} ({name}) is missing", label)
    for label in _MISPLACED.get(report_type, ()):
        attribute, name = _CONTENT[label]
        if getattr(entry, attribute) is not None:
            message = f"label {label} ({name}) does not belong in {_NAMES[report_type]}"
            yield record.finding("LABEL-MISPLACED", message, label)
    unreadable = any(label in WEIGHT_LABELS for label, _ in entry.unreadable)
    if report_type in _MANDATORY and not entry.weights and not unreadable:
        yield record.finding("LABEL-MISSING", "the entry has no weight (labels 600 to 800)", "600")


def _party_findings(record: Record, entry: Entry, code: EntryCode | None) -> Iterator[Finding]:
    if code is None:
        return
    labels = {"shipper": "370", "receiver": "372"}
    if not code.needs_parties:
        for side, label in labels.items():
            if getattr(entry, side) is not None:
                message = f"{code.code} ({code.meaning}) has no {side}"
                yield record.finding("LABEL-MISPLACED", message, label)
        return
    own_side = "shipper" if code.own_side == "shipper" else "receiver"
    partner_side = "receiver" if own_side == "shipper" else "shipper"
    own, partner = getattr(entry, own_side), getattr(entry, partner_side)
    us = f"{record.report.country}/{record.report.mba}"
    if record.lacks(labels[partner_side], partner):
        message = f"{code.code} ({code.meaning}) needs the {partner_side}"
        yield record.finding("PARTY-MISSING", message, labels[partner_side])
    if record.lacks(labels[own_side], own):
        yield record.finding(
            "PARTY-MISSING",
            f"{code.code} ({code.meaning}) should also name the {own_side}, which is {us}",
            labels[own_side],
            expected=us,
            severity=Severity.WARNING,
        )
    elif own is not None and own != us and record.report.mba is not None:
        yield record.finding(
            "PARTY-MISSING",
            f"the {own_side} is {shown(own)}, but under {code.code} it must be the reporting "
            f"MBA, {us}",
            labels[own_side],
            found=own,
            expected=us,
        )
    if partner is not None and code.code in ("SD", "RD"):
        yield from _domestic_findings(record, code, partner, labels[partner_side], us)
    elif partner is not None and partner.partition("/")[0] == record.report.country:
        yield record.finding(
            "PARTY-MISSING",
            f"{shown(partner)} lies in {record.report.country} itself, but {code.code} "
            f"({code.meaning}) goes across its border",
            labels[partner_side],
            found=partner,
            expected="another State",
        )


def _domestic_findings(
    record: Record, code: EntryCode, partner: str, label: str, us: str
) -> Iterator[Finding]:
    country, _, mba = partner.partition("/")
    if country != record.report.country or AREA_CODE.fullmatch(mba) is None:
        message = f"{shown(partner)} is not an MBA of {record.report.country}, as {code.code} needs"
    elif partner == us:
        message = f"{us} cannot be its own partner under {code.code}"
    else:
        return
    yield record.finding(
        "PARTY-MISSING", message, label, found=partner, expected="another MBA of the State"
    )


def _shipper_batch_findings(
    record: Record, entry: Entry, code: EntryCode | None
) -> Iterator[Finding]:
    if code is None:
        return
    if code.needs_shipper_batch:
        if record.lacks("447", entry.shipper_batch):
            yield record.finding(
                "SHIPPER-BATCH",
                f"{code.code} ({code.meaning}) needs the shipper's batch name",
                "447",
                expected="a name, or UNKNOWN",
            )
    elif entry.shipper_batch is not None:
        yield record.finding(
            "SHIPPER-BATCH",
            f"{code.code} ({code.meaning}) has no shipper's batch name",
            "447",
            found=entry.shipper_batch,
            severity=Severity.WARNING,
        )
