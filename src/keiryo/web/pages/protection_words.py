"""Words of the security regime: kinds, states, grades, categories, what is due."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.security_evidence import record_checks, status
from keiryo.security_regime import finding_states, inspection_states, plan_states
from keiryo.security_regime.compliance import NO, PARTLY, YES
from keiryo.security_regime.due import (
    ACTION,
    FINDING,
    INSPECTION,
    PLAN_DECISION,
    PLAN_END,
    PLAN_LAPSED,
    PLAN_REVIEW,
    REPORT,
    VERIFICATION,
)
from keiryo.security_regime.tables_oversight import (
    ANNOUNCED,
    COMPUTER_SECURITY,
    CONTINGENCY,
    DEFICIENCY,
    FOLLOW_UP,
    FULL,
    GOOD_PRACTICE,
    NONE,
    OBSERVATION,
    PART,
    PEER_REVIEW,
    PHYSICAL_PROTECTION,
    SPECIAL,
    TRANSPORT,
    UNANNOUNCED,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

NOTIFICATION = "notification"

PLAN_KINDS: Mapping[str, str] = {
    PHYSICAL_PROTECTION: sentence("physical protection"),
    CONTINGENCY: sentence("contingency"),
    TRANSPORT: sentence("protection of transport"),
    COMPUTER_SECURITY: sentence("computer security"),
}
PLAN_STATES: Mapping[str, str] = {
    plan_states.DRAFT: sentence("plan drafted"),
    plan_states.SUBMITTED: sentence("plan submitted"),
    plan_states.APPROVED: sentence("plan approved"),
    plan_states.SUPERSEDED: sentence("plan superseded"),
    plan_states.WITHDRAWN: sentence("plan withdrawn"),
    plan_states.REJECTED: sentence("plan rejected"),
}
"""States of a version of a plan, in the order of its life."""
INSPECTION_KINDS: Mapping[str, str] = {
    ANNOUNCED: sentence("announced inspection"),
    UNANNOUNCED: sentence("unannounced inspection"),
    SPECIAL: sentence("special inspection"),
    FOLLOW_UP: sentence("follow-up inspection"),
    PEER_REVIEW: sentence("peer review"),
}
INSPECTION_STATES: Mapping[str, str] = {
    inspection_states.PLANNED: sentence("inspection planned"),
    inspection_states.PERFORMED: sentence("inspection performed"),
    inspection_states.REPORTED: sentence("inspection reported"),
    inspection_states.CLOSED: sentence("inspection closed"),
    inspection_states.CANCELLED: sentence("inspection cancelled"),
}
"""States of an inspection, in the order of its life."""
FINDING_STATES: Mapping[str, str] = {
    finding_states.OPEN: sentence("finding raised"),
    finding_states.ACTION_PLANNED: sentence("action planned"),
    finding_states.IMPLEMENTED: sentence("action implemented"),
    finding_states.VERIFIED: sentence("action verified"),
    finding_states.CLOSED: sentence("finding closed"),
    finding_states.REOPENED: sentence("finding reopened"),
    finding_states.EXTENDED: sentence("deadline extended"),
}
"""States of a finding and its steps, in the order of its life."""
GRADES: Mapping[str, str] = {
    DEFICIENCY: sentence("deficiency"),
    OBSERVATION: sentence("security observation"),
    GOOD_PRACTICE: sentence("good practice"),
}
COVERAGES: Mapping[str, str] = {
    FULL: sentence("addressed in full"),
    PART: sentence("addressed in part"),
    NONE: sentence("not addressed any more"),
}
ADDRESSED: Mapping[str, str] = {
    YES: sentence("addressed in full"),
    PARTLY: sentence("addressed in part"),
    NO: sentence("not addressed"),
}
DUE: Mapping[str, str] = {
    PLAN_REVIEW: sentence("review of a security plan"),
    PLAN_END: sentence("end of a security plan"),
    PLAN_LAPSED: sentence("no security plan in force"),
    PLAN_DECISION: sentence("decision on a security plan"),
    INSPECTION: sentence("security inspection"),
    REPORT: sentence("report of a security inspection"),
    FINDING: sentence("security finding"),
    ACTION: sentence("corrective action"),
    VERIFICATION: sentence("verification of a finding"),
    NOTIFICATION: sentence("notification of a security event"),
    status.NEXT_TEST: sentence("next test of a measure"),
    status.PLANNED: sentence("planned test of a measure"),
    status.OVERDUE: sentence("the test is overdue"),
    status.NOT_PASSED: sentence("the last test was not passed"),
    status.UNVERIFIED: sentence("the compensatory measure is not verified"),
    status.MEASURE_ENDS: sentence("end of a compensatory measure"),
    record_checks.UNCOVERED: sentence("out of service without a verified measure"),
    record_checks.NO_TEST_AFTER_REPAIR: sentence("back in service without a passed test"),
}
"""What is due, or waits for somebody."""

BADGES: Mapping[str, str] = {
    plan_states.DRAFT: "open",
    plan_states.SUBMITTED: "wait",
    plan_states.APPROVED: "ok",
    plan_states.SUPERSEDED: "plain",
    plan_states.WITHDRAWN: "plain",
    plan_states.REJECTED: "error",
    inspection_states.PLANNED: "open",
    inspection_states.PERFORMED: "wait",
    inspection_states.REPORTED: "info",
    inspection_states.CANCELLED: "plain",
    finding_states.OPEN: "open",
    finding_states.ACTION_PLANNED: "wait",
    finding_states.IMPLEMENTED: "info",
    finding_states.VERIFIED: "info",
    finding_states.CLOSED: "ok",
    finding_states.REOPENED: "warning",
    finding_states.EXTENDED: "info",
    DEFICIENCY: "warning",
    OBSERVATION: "info",
    GOOD_PRACTICE: "ok",
    FULL: "ok",
    PART: "warning",
    YES: "ok",
    PARTLY: "warning",
    NO: "error",
}
"""How a state, a grade or a coverage is shown; what closes has the same name everywhere."""

CATEGORIES: Mapping[str, str] = {
    "I": sentence("Category I"),
    "II": sentence("Category II"),
    "III": sentence("Category III"),
    "PMP": sentence("prudent management practice"),
    "NONE": sentence("no material on the book"),
}
"""Categories of material, strictest first."""
UNDECIDED: Mapping[str, str] = {
    "NEEDS_STATE_DECISION": sentence("the State has to decide on the category"),
    "NEEDS_SPLIT": sentence("uranium-233 and uranium-235 have to be stated separately"),
}
WARNINGS: Mapping[str, str] = {
    "PU238_ASSUMED_0": sentence("plutonium-238 is not stated and is taken as none"),
    "DOSE_RATE_MISSING": sentence("the dose rate of irradiated material is not stated"),
    "SELF_PROTECTION_LAPSED": sentence("the dose rate no longer lowers the category"),
    "LOT_INVALID": sentence("what is recorded of a batch cannot be"),
    "MIXED_REDUCTION": sentence("reduced and other material lie together: the State has to decide"),
    "REVIEW_OVERDUE": sentence("the decision to reduce is to be reviewed"),
}
"""What is told of a category, by code; other codes are shown as they are."""


REQUIREMENTS = (
    *(sentence("Responsibility of the State"), sentence("Responsibility during transport")),
    *(sentence("Legal framework"), sentence("Competent authority")),
    *(sentence("Responsibility of the licence holder"), sentence("Security culture")),
    *(sentence("Threat"), sentence("Graded approach"), sentence("Defence in depth")),
    *(sentence("Quality assurance"), sentence("Contingency plans"), sentence("Confidentiality")),
)
"""Titles of the checklist that comes with keiryo."""


def badge(words: Mapping[str, str], name: str) -> dict[str, str]:
    """Return a state, a grade or a coverage as a badge."""
    return {"badge": BADGES.get(name, "plain"), "text": _(words.get(name, name))}


def category_words(category: str) -> str:
    """Return a category in the language of the request."""
    return _(CATEGORIES.get(category, category))
