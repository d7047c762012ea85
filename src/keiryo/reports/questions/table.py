"""The table of questions about sets of reports: code, severity, source, what to do.

The rules about one report by itself are in `keiryo.reports.rule_table`. "Choice of keiryo" marks
what the sources leave open; the numbers that rules go by are dated data in the profiles and in
the tables of limits.

Sources: INFCIRC/153 (Corrected); IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10 ("Code 10").
"""

from __future__ import annotations

from keiryo.errors import Finding, Severity
from keiryo.reports.filed import FiledEntry
from keiryo.reports.model import Report
from keiryo.reports.rule_table import Rule

F, E, W, I = (  # noqa: E741
    Severity.FORMAT,
    Severity.INCONSISTENCY,
    Severity.WARNING,
    Severity.INFORMATION,
)
_OURS = "Choice of keiryo"
_DEFINED = "Follows from the definitions"


def _set(severity: Severity, title: str, basis: str, advice: str) -> Rule:
    return Rule(severity, title, basis, advice, "questions")


QUESTIONS: dict[str, Rule] = {
    # Identification.
    "MBA-UNKNOWN": _set(E, "The material balance area is not registered", "Code 10 label 307",
        "Give the context of the area, register it, or correct label 307."),
    "FACILITY-UNKNOWN": _set(E, "The area lies in another facility", "Code 10 label 207",
        "Correct label 207, or the register."),
    "STATE-UNKNOWN": _set(E, "The area belongs to another State", "Code 10 label 001",
        "Correct label 001, or the register."),
    "SEQ-GAP": _set(E, "A report number was left out", "Code 10 label 001",
        "Ask for the missing report; numbers run on over all types of report of an area."),
    "SEQ-DUP": _set(E, "A report number was used before", "Code 10 label 001",
        "Give the report the next free number; corrections go into a new report."),
    "PARTY-MISSING": _set(F, "The partner of a domestic transfer is not a registered area",
        "Code 10 labels 370, 372", "Correct the code of the partner, or register the area."),
    "MBASIS": _set(W, "The measurement basis does not fit what was reported before",
        "Code 10 label 469", "N or M for data reported for the first time, L or T for data that "
        "the area has reported already."),
    # Dates and deadlines.
    "LATE-ICR": _set(W, "An inventory change was reported late", "INFCIRC/153 paragraph 63(a)",
        "Changes are to be reported within the days after the end of their month that the "
        "profile states; ask for the reason."),
    "LATE-MBR": _set(W, "A balance or a listing was reported late", "INFCIRC/153 paragraph 63(b)",
        "Both are due within the days after the physical inventory taking that the profile "
        "states; ask for the reason."),
    "LATE-INITIAL": _set(W, "The initial report is late or shows another day",
        "INFCIRC/153 paragraph 62", "It is due 30 days after the last day of the month of entry "
        "into force and shows the situation on that day."),
    "PIT-INTERVAL": _set(W, "Too long between two physical inventory takings",
        "National rules (Canada, United Kingdom)",
        "Take the inventory in each calendar year, and within the months that the profile states."),
    "PERIOD-CONT": _set(E, "A balance does not follow on the physical inventory taking before it, "
        "or does not end with one", "Code 10 label 015; beginning on the day after: regional rules",
        "A balance begins on the day after the taking before, and ends on the day of the listing."),
    "PERIOD-OVERLAP": _set(W, "The period of a change report crosses an inventory taking",
        _OURS, "Report the changes before and after the taking in separate reports."),
    "ADVANCE-NOTICE": _set(W, "A transfer out of or into the State without timely notice",
        "INFCIRC/153 paragraphs 92, 94 and 95",
        "Register the notice; exports normally two weeks before preparation for shipping."),
    "SPECIAL-REPORT": _set(E, "A loss beyond the agreed limit without a special report",
        "INFCIRC/153 paragraphs 68 and 97", "Send a special report without delay."),
    # Content of a batch.
    "CATEGORY-ENRICH": _set(E, "The enrichment does not belong to the category", _DEFINED,
        "Check both weights and the label; after burn-up below natural an entry ED is due."),
    "HEU-FLAG": _set(I, "Uranium crosses 20 % enrichment", _OURS,
        "The batch belongs to another class now; tell the inspectorate."),
    "NP-IRRADIATED": _set(W, "Nuclear loss or production on material that is not irradiated",
        _DEFINED, "Correct the fourth position of label 430, or note the decay."),
    "PU-IN-FRESH": _set(W, "Plutonium in fresh uranium fuel", _DEFINED,
        "Check label 700 and the material description (430)."),
    "BATCH-REUSE": _set(E, "A batch name is used twice", "Code 10 label 446",
        "A name is unique to the area for any transaction on one date; use another name."),
    # The book.
    "NEG-BOOK": _set(E, "The book inventory falls below zero", _DEFINED,
        "Look for a receipt that is missing, or a weight that is too large."),
    "NEG-BATCH": _set(E, "More is taken from a batch than it holds", _DEFINED,
        "Check the batch name and the weights."),
    "ITEM-COUNT": _set(E, "The items listed are not those that should be there", _DEFINED,
        "Compare label 470 of the listing with the receipts and shipments."),
    "DUPLICATE": _set(E, "The same change is reported twice", _DEFINED,
        "Delete one of the two entries (status D), or correct its date or batch."),
    "RETAINED-WASTE": _set(E, "Retained waste does not add up", "Code 10 label 411",
        "More cannot come back (FW) than went out (TW), and what is out is not listed."),
    "EXEMPT-LIMIT": _set(E, "Exempted material beyond its limit, or more released than exempted",
        "INFCIRC/153 paragraphs 36 and 37", "Ask for de-exemption, or correct the entries."),
    "NP-LN-PAIR": _set(W, "Nuclear loss and production of a batch are not reported together", _OURS,
        "At power reactors both are due on the same day; look for the missing entry."),
    "ITEM-MUF": _set(E, "Material unaccounted for in an item area", _DEFINED,
        "Items are there or not; investigate."),
    "GA-AT-PIT": _set(E, "Accidental gain or loss on the day of an inventory taking",
        "Code 10 label 411", "What an inventory taking finds belongs to the material unaccounted "
        "for, not to GA or LA."),
    "LOF-LIMIT": _set(W, "A location outside facilities holds more than one effective kilogram",
        "INFCIRC/153 paragraph 106", "The location may have to be treated as a facility."),
    # Between reports.
    "PB-CONT": _set(E, "The beginning inventory is not the ending inventory before it",
        "INFCIRC/153 paragraph 67", "Repeat the PE of the balance before."),
    "ICR-MBR": _set(E, "A balance states other changes than were reported",
        "Code 10 label 411; INFCIRC/153 paragraph 67",
        "Compare the entries of the period with the balance; correct whichever is wrong."),
    "DI-MBR": _set(E, "A balance states other shipper/receiver differences than were reported",
        "Code 10 label 411; INFCIRC/153 paragraph 67",
        "Compare the DI entries of the period with the balance."),
    "PIL-PE": _set(E, "The ending physical inventory is not what was listed",
        "Code 10 label 411; INFCIRC/153 paragraph 67",
        "Compare the listing with the PE lines of the balance."),
    "PIL-BATCH": _set(E, "A batch is listed with other weights than were reported",
        "Code 10 label 469", "With L or T the weights are those reported before; after a new "
        "measurement write M."),
    "MBR-MISSING": _set(E, "A listing without its balance, or a balance without its listing",
        "INFCIRC/153 paragraph 67", "Ask for the missing report or lines."),
    "CORR-REF": _set(E, "A correction names no entry that counts",
        "Code 10 label 309; INFCIRC/153 paragraph 103",
        "Refer to the entry last reported, by country, report and entry."),
    "CORR-DIFF": _set(I, "What a correction changes", "INFCIRC/153 paragraph 103",
        "Nothing, if this is what was meant."),
    # Transit.
    "TRANSIT-OPEN": _set(I, "A shipment that was not received yet",
        "INFCIRC/153 paragraph 107; ages: choice of keiryo",
        "Ask the receiver whether it has arrived."),
    "RECEIPT-UNMATCHED": _set(E, "A receipt without a shipment",
        "Code 10 labels 370, 372, 446 and 447",
        "Ask the shipper for its report, or correct the shipper's batch name (447)."),
    "TRANSIT-WEIGHT": _set(E, "Received other weights than were shipped",
        "Code 10 labels 411, 447",
        "A receipt is booked on the shipper's data; book the difference as DI."),
    "TRANSIT-DATE": _set(E, "Received before it was shipped", _DEFINED,
        "Correct the date of one of the two."),
    "TRANSIT-MDC": _set(E, "Received under another material description than shipped",
        "Code 10 label 430", "Shipment and receipt in the State carry the same code (430)."),
    "TRANSIT-ITEMS": _set(W, "Received another number of items than shipped", "Code 10 label 470",
        "Count the items (470) again."),
    "DI-LIMIT": _set(W, "A shipper/receiver difference that is large or has no receipt",
        "INFCIRC/153 paragraph 98; limit: choice of keiryo",
        "Look at the measurements of both sides."),
}  # fmt: skip
"""The questions by code, in the order in which the reference page shows them."""


def question(
    code: str,
    message: str,
    *,
    about: FiledEntry | Report | None = None,
    mba: str | None = None,
    label: str | None = None,
    category: str | None = None,
    found: str | None = None,
    expected: str | None = None,
    severity: Severity | None = None,
    advice: str | None = None,
) -> Finding:
    """Return a finding of a rule in `QUESTIONS` about an entry, a report or an area."""
    rule = QUESTIONS[code]
    place: dict[str, object] = {"mba": mba}
    if isinstance(about, FiledEntry):
        report, entry = about.report, about.entry
        place = {
            "file": entry.file or None,
            "line": entry.line or None,
            "mba": report.mba,
            "report": str(report.number),
            "entry": entry.number or None,
        }
    elif about is not None:
        place = {
            "file": about.file or None,
            "line": about.line or None,
            "mba": about.mba,
            "report": str(about.number),
        }
    return Finding(
        code,
        severity or rule.severity,
        message,
        rule.advice if advice is None else advice,
        label=label,
        category=category,
        found=found,
        expected=expected,
        basis=rule.basis,
        **place,  # type: ignore[arg-type]
    )
