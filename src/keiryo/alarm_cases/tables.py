"""Tables of record of alarm cases: cases, steps, identifications, explanations, answers, limits.

A case goes by its name; recorded anew with a reason, the last line counts. A step is never
replaced: a correction is another step. Moments stand as they were written, with their offset;
numbers with decimals stand as decimal texts; names in a list are joined by one space.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

INSTRUMENT_ALARM, INFORMATION_ALERT = "INSTRUMENT_ALARM", "INFORMATION_ALERT"
ORIGINS = (INSTRUMENT_ALARM, INFORMATION_ALERT)
NORM, MEDICAL, INDUSTRIAL = "NORM", "MEDICAL", "INDUSTRIAL"
NUCLEAR, MIXED, UNKNOWN = "NUCLEAR", "MIXED", "UNKNOWN"
CATEGORIES = (NORM, MEDICAL, INDUSTRIAL, NUCLEAR, MIXED, UNKNOWN)
COMMODITY, PATIENT, DECLARATION = "commodity", "patient", "declaration"
EXPLANATIONS = (COMMODITY, PATIENT, DECLARATION)
_EVIDENCE = (
    "SHA-256 of files, act:17, occupancy:INSTRUMENT@START or measurement:INSTRUMENT@START, "
    "joined by one space"
)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(one) for one in values)})"


ALARM_CASE = LineKind(
    "alarm_case",
    "An alarm of an instrument, or an alert by information: what is assessed, where, when.",
    (
        text("alarm", "name of the case", required=True),
        text("origin", "INSTRUMENT_ALARM or INFORMATION_ALERT", required=True),
        text("raised_at", "the moment of the alarm or alert, with its offset", required=True),
        text("site", "name of the site", required=True),
        text("lane", "name of the lane"),
        text("partner", "partner who runs the site"),
        text("instrument", "the instrument that was in alarm"),
        text("occupancy", "start of the occupancy"),
        integer("gamma_alarm", "1: gamma alarm, 0: none"),
        integer("neutron_alarm", "1: neutron alarm, 0: none"),
        text("max_sigma", "largest number of sigmas"),
        text("dose_rate_usv_h", "dose rate in µSv/h as first read"),
        text("subject", "vehicle, container, person, parcel or other"),
        text("container", "container number"),
        text("consignee", "who receives the goods"),
        text("trader", "trader whose status is claimed"),
        text("commodity_code", "code of the harmonised system of customs"),
        text("commodity", "the goods in words, as declared"),
        text("words", "what happened, in a few words"),
        text("evidence", _EVIDENCE, required=True),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("origin", ORIGINS),),
    indexes=((("alarm",), None), (("site",), None), (("container",), "container IS NOT NULL")),
)

ALARM_STEP = LineKind(
    "alarm_step",
    "A step of a case: verified, localized … decided, handed over, closed, or put back.",
    (
        text("alarm", "name of the case", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on; ESCALATED leaves the state as it is", required=True),
        text("at", "the moment of the step, with its offset", required=True),
        text("by_person", "whose step it is: a pseudonym", required=True),
        text("reason", "why", required=True),
        text("evidence", _EVIDENCE),
        text("place", "where on the vehicle, person or goods the radiation comes from"),
        text("dose_rate_usv_h", "dose rate in µSv/h at the place that was found"),
        integer("neutrons", "1: neutrons above background, 0: none"),
        text("category", "NORM, MEDICAL, INDUSTRIAL, NUCLEAR, MIXED or UNKNOWN"),
        integer("fault", "1: a false alarm by a fault of the instrument"),
        text("receiver", "who takes over, or to whom it is escalated"),
        text("reference", "reference of the message or receipt"),
    ),
    indexes=((("alarm",), None),),
)

ALARM_IDENTIFICATION = LineKind(
    "alarm_identification",
    "An identification of nuclides in a case; the nuclides stand in lines of their own.",
    (
        text("alarm", "name of the case", required=True),
        integer("run", "number of the identification within the case, from 1", required=True),
        text("by_whom", "software, or the expert who says so", required=True),
        text("method", "peaks, templates, expert …", required=True),
        integer("undecided", "1: the evidence does not carry an answer", required=True),
        integer("residual_passed", "1: nothing is left unexplained; null: not known"),
        text("digest", "SHA-256 of the answer, hexadecimal", required=True),
        text("words", "what the expert says"),
    ),
    indexes=((("alarm", "run"), None), (("digest",), None)),
)

ALARM_NUCLIDE = LineKind(
    "alarm_nuclide",
    "A nuclide that an identification names.",
    (
        text("alarm", "name of the case", required=True),
        integer("run", "number of the identification within the case", required=True),
        text("nuclide", "as Cs-137, or the word of the instrument as WGPu", required=True),
        text("given", "as it was written", required=True),
        text("probability", "from 0 to 1, as a decimal number"),
        text("category", "NORM, MEDICAL, INDUSTRIAL, NUCLEAR or UNKNOWN", required=True),
    ),
    indexes=((("alarm", "run"), None),),
)

ALARM_EXPLANATION = LineKind(
    "alarm_explanation",
    "What explains nuclides of a case: a commodity, a patient, a declared transfer.",
    (
        text("alarm", "name of the case", required=True),
        text("kind", "commodity, patient or declaration", required=True),
        text("reference", "row of the table, or the node of the transfer", required=True),
        text("nuclides", "nuclides that it explains, joined by one space", required=True),
        text("given", "what was looked up, as JSON", required=True),
        text("words", "why it explains them", required=True),
        integer("void", "1: it is taken back", required=True),
        text("evidence", _EVIDENCE),
    ),
    checks=(_one_of("kind", EXPLANATIONS),),
    indexes=((("alarm",), None), (("reference",), None)),
)

ALARM_LIMIT = LineKind(
    "alarm_limit",
    "Limits of a site, or of all sites: the last line of a site counts.",
    (
        text("site", "name of the site; * for all others", required=True),
        text("safety_stop_usv_h", "dose rate in µSv/h above which work stops", required=True),
        text("declaration_days", "days by which a declared transfer may lie off", required=True),
        text("source", "who or what says so", required=True),
    ),
    indexes=((("site",), None),),
)

ALARM_TABLE_ROW = LineKind(
    "alarm_table_row",
    "A row of a State's own table of commodities or radiopharmaceuticals; the last counts.",
    (
        text("kind", "commodity or radiopharmaceutical", required=True),
        text("name", "name of the row", required=True),
        text("version", "version of the table", required=True),
        text("content", "the row, as JSON", required=True),
        text("source", "where it is from", required=True),
        text("confirmed_by", "who confirmed it for use here"),
        integer("void", "1: the row no longer holds", required=True),
    ),
    checks=("kind IN ('commodity', 'radiopharmaceutical')",),
    indexes=((("kind", "name"), None),),
)

ALARM_PACKAGE = LineKind(
    "alarm_package",
    "What was sent to an expert elsewhere, or the answer that came back.",
    (
        text("alarm", "name of the case", required=True),
        text("package", "name of the package within the case", required=True),
        text("direction", "sent or answered", required=True),
        text("at", "the moment, with its offset", required=True),
        text("expert", "who is asked, or who answers", required=True),
        text("digest", "SHA-256 of the package, or of the answer", required=True),
        text("words", "what is asked or answered"),
    ),
    checks=("direction IN ('sent', 'answered')",),
    indexes=((("alarm",), None), (("digest",), None)),
)

ALARM_REPORT = LineKind(
    "alarm_report",
    "An incident report: drafted, then released by somebody else.",
    (
        text("alarm", "name of the case", required=True),
        text("report", "name of the report", required=True),
        text("state", "drafted or released", required=True),
        text("at", "the moment, with its offset", required=True),
        text("digest", "SHA-256 of the report, hexadecimal", required=True),
        text("incident_group", "I, II or III", required=True),
    ),
    checks=("state IN ('drafted', 'released')", "incident_group IN ('I', 'II', 'III')"),
    indexes=((("alarm",), None), (("report",), None)),
)

LINE_KINDS = (
    *(ALARM_CASE, ALARM_STEP, ALARM_IDENTIFICATION, ALARM_NUCLIDE, ALARM_EXPLANATION),
    *(ALARM_LIMIT, ALARM_TABLE_ROW, ALARM_PACKAGE, ALARM_REPORT),
)
