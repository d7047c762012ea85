"""Tables of record of security events, upgrades, computer security and statements.

Whatever has a name of its own is recorded anew under it, and the last line counts; steps are never
replaced: the next one follows. A table of rules is recorded whole, under a name. Days are integers
YYYYMMDD; times are ISO 8601 with their offset, as somebody wrote them. No value of an evaluation
and nothing about an element stands here: what lies in the sealed store is an opaque reference.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

EVENT_TYPES = (
    *("unauthorised_access", "loss_of_material_control", "inventory_discrepancy"),
    *("equipment_failure", "cyber", "threat", "exercise", "procedural"),
)
CATEGORIES = ("I", "II", "III", "PMP")
SEVERITIES = (0, 1, 2, 3, 4)
PUBLIC, RESTRICTED = "public", "restricted"
CLASSIFICATIONS = (PUBLIC, RESTRICTED)

MEET_REQUIREMENT, SUSTAIN = "meet_requirement", "sustain"
REPLACE, NEW_FACILITY = "replace", "new_facility"
AIMS = (MEET_REQUIREMENT, SUSTAIN, REPLACE, NEW_FACILITY)
"""What an upgrade is for; which function it improves is not said here."""

LEVELS = (1, 2, 3, 4, 5)
"""Levels of computer security: 1 is the strictest."""
FUNCTIONS = ("safety", "security", "material_accountancy", "operation", "emergency", "support")
MEASURE_KINDS = (
    *("one_way_transfer", "signed_imports", "no_remote_administration", "time_source"),
    *("offline_operation", "backup_encrypted", "backup_tested", "pinned_dependencies"),
    *("removable_media_quarantine", "access_review", "patching", "incident_exercise"),
)
PLANNED, IN_PLACE, VERIFIED, LAPSED = "planned", "in_place", "verified", "lapsed"
MEASURE_STATES = (PLANNED, IN_PLACE, VERIFIED, LAPSED)
ONE_WAY, TWO_WAY, ADMIN = "one_way", "two_way", "admin"
CONNECTION_KINDS = (ONE_WAY, TWO_WAY, ADMIN)

YES, PARTLY, NO = "yes", "partly", "no"
ANSWERS = (YES, PARTLY, NO)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(one) for one in values)})"


def _empty_or(condition: str) -> str:
    return f"{condition.split(' ', 1)[0]} IS NULL OR {condition}"


SECURITY_EVENT = LineKind(
    "security_event",
    "A security event: of what type, when it occurred, was detected and reported.",
    (
        text("event", "name of the event", required=True),
        text("type", "unauthorised_access, equipment_failure, cyber, exercise …", required=True),
        text("category", "strictest category of the material affected: I, II, III or PMP"),
        integer("severity", "0 to 4", required=True),
        text("occurred_at", "when it occurred, if that is known: ISO 8601 with offset"),
        text("detected_at", "when it was detected", required=True),
        text("reported_at", "when it was first reported"),
        text("restored_at", "of an outage: when what failed worked again"),
        text("title", "title, 64 characters at most", required=True),
        text("classification", "public or restricted", required=True),
        integer("out_of_control", "1 if material is out of regulatory control", required=True),
        text("incident_ref", "reference of the report to the incident database"),
        text("system", "the computer system that it affected"),
        text("reference", "reference of the report, which is kept elsewhere"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(
        _one_of("type", EVENT_TYPES),
        _empty_or(_one_of("category", CATEGORIES)),
        "severity BETWEEN 0 AND 4",
        _one_of("classification", CLASSIFICATIONS),
        "out_of_control IN (0, 1)",
    ),
    indexes=((("event",), None), (("system",), "system IS NOT NULL")),
)

SECURITY_EVENT_NOTICE = LineKind(
    "security_event_notice",
    "That somebody was notified of a security event; the last line of its name counts.",
    (
        text("event", "name of the event", required=True),
        text("notice", "name of the notice within the event, e.g. N1", required=True),
        text("recipient", "who was notified, e.g. authority", required=True),
        text("notified_at", "when: ISO 8601 with offset", required=True),
        text("by_person", "who notified them: a pseudonym", required=True),
        text("reference", "reference of the letter or message"),
        integer("void", "1 if it was recorded in error", required=True),
    ),
    checks=("void IN (0, 1)",),
    indexes=((("event",), None),),
)

SECURITY_EVENT_STEP = LineKind(
    "security_event_step",
    "That a security event was closed, or opened again.",
    (
        text("event", "name of the event", required=True),
        text("before", "state before", required=True),
        text("state", "closed or reopened", required=True),
        integer("on_day", "day of the step", required=True),
        text("by_person", "whose step it is: a pseudonym", required=True),
        text("lessons", "what was learnt, 200 characters at most"),
        text("reference", "reference of the final report"),
        text("reason", "why"),
    ),
    indexes=((("event",), None),),
)

SECURITY_NOTIFICATION_RULE = LineKind(
    "security_notification_rule",
    "A row of the State's table: who is notified of which events, within which time.",
    (
        text("rules", "name of the table", required=True),
        integer("valid_from", "first day on which the table holds", required=True),
        text("type", "type of event; null: every type"),
        text("category", "category affected; null: every one, and none"),
        integer("severity_at_least", "lowest severity", required=True),
        text("recipient", "who is notified", required=True),
        integer("within_minutes", "minutes from detection", required=True),
        text("basis", "the regulation that says so"),
    ),
    checks=(
        _empty_or(_one_of("type", EVENT_TYPES)),
        _empty_or(_one_of("category", CATEGORIES)),
        "severity_at_least BETWEEN 0 AND 4",
        "within_minutes >= 0",
    ),
)

SECURITY_UPGRADE = LineKind(
    "security_upgrade",
    "An upgrade of physical protection that was agreed with a partner.",
    (
        text("upgrade", "name of the upgrade", required=True),
        text("title", "title, 64 characters at most", required=True),
        text("partner", "organisation that supports it, e.g. US.DOE", required=True),
        text("instrument", "instrument of cooperation under which it stands"),
        text("commitment", "commitment in the register of cooperation"),
        text("agreement_ref", "reference of the agreement or contract"),
        text("aim", "meet_requirement, sustain, replace or new_facility", required=True),
        text("category", "category of the material that the aim is graded to"),
        integer("start_by", "day by which it is started"),
        integer("install_by", "day by which it is installed"),
        integer("accept_by", "day by which it is accepted"),
        integer("hand_over_by", "day by which it is handed over"),
        integer("cost_minor", "cost, in the smallest unit of the currency"),
        integer("partner_cost_minor", "the partner's share of it"),
        text("currency", "ISO 4217"),
        text("evaluation_ref", "opaque reference of the evaluation in the sealed store"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(
        _one_of("aim", AIMS),
        _empty_or(_one_of("category", CATEGORIES)),
        "COALESCE(partner_cost_minor, 0) >= 0",
        "COALESCE(partner_cost_minor, 0) <= COALESCE(cost_minor, 0)",
        "cost_minor IS NULL OR currency IS NOT NULL",
    ),
    indexes=(
        (("upgrade",), None),
        (("commitment",), "commitment IS NOT NULL"),
        (("instrument",), "instrument IS NOT NULL"),
    ),
)

SECURITY_UPGRADE_STEP = LineKind(
    "security_upgrade_step",
    "A step in the life of an upgrade: started, installed, accepted, handed over, reviewed …",
    (
        text("upgrade", "name of the upgrade", required=True),
        text("before", "state before", required=True),
        text("state", "the step", required=True),
        integer("on_day", "day of the step", required=True),
        text("by_person", "whose step it is: a pseudonym", required=True),
        text("sustained", "of a review: yes, partly or no"),
        integer("next_review", "day by which sustainability is reviewed next"),
        text("reason", "why"),
        text("reference", "reference of the protocol or letter"),
    ),
    checks=(_empty_or(_one_of("sustained", ANSWERS)),),
    indexes=((("upgrade",), None),),
)

SECURITY_SYSTEM = LineKind(
    "security_system",
    "A computer system: for which function, at which level of computer security, in which zone.",
    (
        text("system", "name of the system", required=True),
        text("function", "the function of the facility that it serves", required=True),
        integer("level", "level of computer security, 1 (strictest) to 5", required=True),
        text("zone", "computer security zone", required=True),
        integer("sensitive_asset", "1 if it is a sensitive digital asset", required=True),
        text("owner", "role that answers for it", required=True),
        integer("retired_on", "day from which it is no longer used"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("function", FUNCTIONS), "level BETWEEN 1 AND 5", "sensitive_asset IN (0, 1)"),
    indexes=((("system",), None),),
)

SECURITY_SYSTEM_MEASURE = LineKind(
    "security_system_measure",
    "A measure of computer security at a system, and how it stands; the last line counts.",
    (
        text("system", "name of the system", required=True),
        text("measure", "name of the measure within the system", required=True),
        text("kind", "one_way_transfer, signed_imports, backup_tested …", required=True),
        text("before", "state before; null for a new one"),
        text("state", "planned, in_place, verified or lapsed", required=True),
        integer("on_day", "day since which it stands so", required=True),
        text("by_person", "whose statement it is: a pseudonym", required=True),
        text("verified_by", "who verified it: role or pseudonym, not the owner"),
        text("evidence", "acts as act:17, digests or references, joined by one space"),
        integer("next_due", "day by which it is verified again"),
        text("reason", "why"),
    ),
    checks=(_one_of("kind", MEASURE_KINDS), _one_of("state", MEASURE_STATES)),
    indexes=((("system",), None),),
)

SECURITY_ZONE_CONNECTION = LineKind(
    "security_zone_connection",
    "A connection between two zones of computer security; the last line of its name counts.",
    (
        text("connection", "name of the connection", required=True),
        text("from_zone", "zone from which it leads", required=True),
        text("to_zone", "zone to which it leads", required=True),
        text("kind", "one_way, two_way or admin", required=True),
        integer("on_day", "day since which it is there", required=True),
        integer("removed_on", "day from which it is no longer there"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("kind", CONNECTION_KINDS), "from_zone <> to_zone"),
    indexes=((("connection",), None),),
)

SECURITY_MEASURE_RULE = LineKind(
    "security_measure_rule",
    "A row of the State's table: which measure a level of computer security requires.",
    (
        text("rules", "name of the table", required=True),
        integer("valid_from", "first day on which the table holds", required=True),
        integer("level", "level, 1 to 5", required=True),
        text("kind", "kind of measure", required=True),
        integer("within_days", "days within which it was verified; null: it is only in place"),
        text("basis", "the regulation that says so"),
    ),
    checks=(
        "level BETWEEN 1 AND 5",
        _one_of("kind", MEASURE_KINDS),
        "within_days IS NULL OR within_days >= 1",
    ),
)

PROTECTION_STATEMENT = LineKind(
    "security_statement",
    "That the protection of a target meets, partly meets or does not meet the required level.",
    (
        text("statement", "name of the statement", required=True),
        text("target", "opaque reference of the target", required=True),
        text("required_level", "reference of the required level", required=True),
        text("meets", "yes, partly or no", required=True),
        integer("evaluated_on", "day of the evaluation", required=True),
        integer("valid_until", "last day on which the statement holds", required=True),
        text("evaluated_by", "who evaluated: a pseudonym", required=True),
        text("approved_by", "who approved: another pseudonym", required=True),
        text("store_head", "head hash of the sealed store, hexadecimal", required=True),
        text("evaluation_ref", "opaque reference of the evaluation in the store", required=True),
        integer("withdrawn_on", "day from which it no longer holds"),
        text("reason", "why it is recorded anew or withdrawn"),
    ),
    checks=(
        _one_of("meets", ANSWERS),
        "evaluated_on <= valid_until",
        "evaluated_by <> approved_by",
    ),
    indexes=((("statement",), None), (("target",), None)),
)

ACCESS_REVIEW = LineKind(
    "security_access_review",
    "That the records of access to an area were reviewed for some days: counts, nothing else.",
    (
        text("review", "name of the review", required=True),
        text("area", "opaque reference of the area; null: the whole facility"),
        integer("from_day", "first day", required=True),
        integer("to_day", "last day", required=True),
        integer("events", "records that were checked", required=True),
        integer("violations", "violations found", required=True),
        integer("open_irregularities", "irregularities that are still open", required=True),
        text("reviewed_by", "who reviewed: a pseudonym", required=True),
        integer("reviewed_on", "day of the review", required=True),
        text("store_head", "head hash of the sealed store, hexadecimal", required=True),
        text("reason", "why it is recorded anew"),
    ),
    checks=(
        "from_day <= to_day",
        "events >= 0 AND violations >= 0 AND open_irregularities >= 0",
    ),
    indexes=((("review",), None),),
)

LINE_KINDS = (
    *(SECURITY_EVENT, SECURITY_EVENT_NOTICE, SECURITY_EVENT_STEP, SECURITY_NOTIFICATION_RULE),
    *(SECURITY_UPGRADE, SECURITY_UPGRADE_STEP),
    *(SECURITY_SYSTEM, SECURITY_SYSTEM_MEASURE, SECURITY_ZONE_CONNECTION, SECURITY_MEASURE_RULE),
    *(PROTECTION_STATEMENT, ACCESS_REVIEW),
)
