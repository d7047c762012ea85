"""An incident report in the manner of the Incident and Trafficking Database.

State, date and place of detection, material type, nuclide, quantity or activity, how it was
detected, group, description, status, contact. The exact notification form was not found; this is
a draft for the national point of contact, who completes and releases it.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from typing import Any

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.record_forms import refusing
from keiryo.alarm_cases.tables import INDUSTRIAL, INSTRUMENT_ALARM, MEDICAL, NORM, NUCLEAR
from keiryo.errors import Finding, UsageError
from keiryo.word_documents import add_table, document_bytes, plain_words

SCHEMA = "keiryo.incident-report/1"
GROUPS = {
    "I": "trafficking or malicious use is confirmed or likely",
    "II": "the intent is not determined",
    "III": "not connected with trafficking or malicious use",
}
_TYPE = {
    NUCLEAR: "nuclear material",
    INDUSTRIAL: "other radioactive material",
    MEDICAL: "other radioactive material",
    NORM: "radioactively contaminated or naturally radioactive material",
}


def report_findings(case: AlarmCase, given: Mapping[str, Any]) -> list[Finding]:
    """Return what a report lacks.

    Parameters
    ----------
    case : AlarmCase
    given : mapping
        ``group``, ``contact``, ``description``; optionally ``activity_bq``, ``quantity``.
    """
    wrong = []
    if given.get("group") not in GROUPS:
        wrong.append(("the group is missing or none of I, II, III", "Choose the group."))
    for name in ("contact", "description"):
        if not str(given.get(name) or "").strip():
            wrong.append((f"the {name} is missing", "Give it."))
    activity = given.get("activity_bq")
    if activity is None and not str(given.get("quantity") or "").strip():
        wrong.append(
            (
                "neither a quantity nor an activity is told",
                "Tell one; where nobody measured it, write 'not determined' as the quantity.",
            )
        )
    if activity is not None and not (math.isfinite(activity) and activity > 0):
        wrong.append(("the activity is no number above 0", "Give it in Bq, or leave it out."))
    if case.decision is None or case.decision == "FALSE":
        wrong.append(
            (f"the case is {case.state}: there is no incident", "Report a case that is decided.")
        )
    return [refusing("ALARM-REPORT", f"{case.name}: {one}", advice) for one, advice in wrong]


def incident_report(
    case: AlarmCase, state: str, given: Mapping[str, Any], drafted_by: str
) -> dict[str, Any]:
    """Return the report as plain data.

    Parameters
    ----------
    case : AlarmCase
    state : str
        Code of the State that reports.
    given : mapping
        As `report_findings`.
    drafted_by : str
        Pseudonym of who drafts it.
    """
    values, category = case.values, case.category
    kinds = {_TYPE.get(str(one["category"]), "not determined") for one in case.identified}
    how = "instrument alarm" if values["origin"] == INSTRUMENT_ALARM else "information alert"
    handed = case.handover
    return {
        "schema": SCHEMA,
        "status_of_this_text": "draft for release by the national point of contact",
        "state": state,
        "date_of_detection": case.raised.isoformat(),
        "place_of_detection": {"site": values["site"], "lane": values.get("lane")},
        "material_type": sorted(kinds) or ["not determined"],
        "category": category,
        "nuclides": [str(one["nuclide"]) for one in case.identified],
        "quantity": given.get("quantity"),
        "activity_bq": given.get("activity_bq"),
        "largest_dose_rate_usv_h": case.loudest_usv_h or None,
        "neutrons": case.neutrons,
        "how_detected": how,
        "instrument": values.get("instrument"),
        "group": given.get("group"),
        "group_means": GROUPS.get(str(given.get("group"))),
        "description": given.get("description"),
        "status": case.state,
        "decision": case.decision,
        "handed_over_to": None if handed is None else handed["receiver"],
        "contact": given.get("contact"),
        "case": f"alarm:{case.name}",
        "drafted_by": drafted_by,
    }


TITLES = {
    "state": "State",
    "date_of_detection": "Date of detection",
    "place_of_detection": "Place of detection",
    "material_type": "Type of material",
    "nuclides": "Nuclides",
    "quantity": "Quantity",
    "activity_bq": "Activity (Bq)",
    "largest_dose_rate_usv_h": "Largest dose rate (µSv/h)",
    "neutrons": "Neutrons",
    "how_detected": "How detected",
    "group": "Group",
    "group_means": "What the group means",
    "status": "Status",
    "decision": "Decision",
    "handed_over_to": "Handed over to",
    "contact": "Contact",
    "case": "Case",
}
"""Fields of a report as people read them, in their order."""
FORMS = ("json", "md", "docx")
"""As what a report is written: for programs, as a text, as a Word document."""


def written_report(report: Mapping[str, Any], form: str) -> bytes:
    """Return a report as a file.

    Parameters
    ----------
    report : mapping
        Of `incident_report`.
    form : {"json", "md", "docx"}

    Raises
    ------
    UsageError
        For another form.
    """
    if form not in FORMS:
        raise UsageError(f"{form[:20]!r} is no form of a report", f"One of {', '.join(FORMS)}.")
    if form == "docx":
        return as_docx(report)
    if form == "md":
        return readable(report).encode()
    return (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode()


def as_docx(report: Mapping[str, Any]) -> bytes:
    """Return the report as a Word document, A4."""
    import docx
    from docx.shared import Mm, Pt

    made = docx.Document()
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(20)
    style: Any = made.styles["Normal"]
    style.font.size = Pt(10)
    made.add_heading("Incident report (draft)", 0)
    made.add_paragraph(str(report["status_of_this_text"]))
    add_table(made, [], [[title, plain_words(_told(report[key]))] for key, title in TITLES.items()])
    made.add_heading("Description", 1)
    made.add_paragraph(plain_words(str(report["description"])))
    core = made.core_properties
    core.title, core.author = f"Incident report {report['case']}"[:255], "keiryo"
    core.last_modified_by, core.comments = "", ""
    core.created = core.modified = datetime.datetime.fromisoformat(
        str(report["date_of_detection"])
    ).replace(tzinfo=None)
    return document_bytes(made)


def readable(report: Mapping[str, Any]) -> str:
    """Return the report as a text that is read by people, in Markdown."""
    lines = ["# Incident report (draft)", "", f"*{report['status_of_this_text']}*", ""]
    for key, title in TITLES.items():
        lines.append(f"- **{title}**: {_told(report[key])}")
    return "\n".join([*lines, "", "## Description", "", str(report["description"]), ""])


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{one}" for one in value.values() if one is not None)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "not determined"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not known" if value is None else str(value)
