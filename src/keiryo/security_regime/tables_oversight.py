"""Tables of record of security plans, inspections and what inspections found.

A plan goes by its name and version, an inspection and a finding by a name of their own; recorded
anew, the last line counts. Steps are never replaced: the next one follows. The plan itself is
sensitive and is not kept: a line holds its digest and where it lies. A threat assessment is a
reference number and nothing else. Days are integers YYYYMMDD; names in a list are joined by one
space, for no name has a space in it.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

PHYSICAL_PROTECTION, CONTINGENCY = "physical_protection", "contingency"
TRANSPORT, COMPUTER_SECURITY = "transport", "computer_security"
PLAN_KINDS = (PHYSICAL_PROTECTION, CONTINGENCY, TRANSPORT, COMPUTER_SECURITY)

FULL, PART, NONE = "full", "part", "none"
COVERAGES = (FULL, PART, NONE)
"""How far a plan addresses a requirement; none takes back what was said before."""

ANNOUNCED, UNANNOUNCED, SPECIAL = "announced", "unannounced", "special"
FOLLOW_UP, PEER_REVIEW = "follow_up", "peer_review"
INSPECTION_KINDS = (ANNOUNCED, UNANNOUNCED, SPECIAL, FOLLOW_UP, PEER_REVIEW)

DEFICIENCY, OBSERVATION, GOOD_PRACTICE = "deficiency", "observation", "good_practice"
GRADES = (DEFICIENCY, OBSERVATION, GOOD_PRACTICE)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(one) for one in values)})"


SECURITY_PLAN = LineKind(
    "security_plan",
    "A version of a security plan: what it is, from when and until when it is meant to hold.",
    (
        text("plan", "name of the plan, e.g. PPP-1", required=True),
        text("version", "its version, e.g. 3 or 2.1", required=True),
        text("kind", "physical_protection, contingency, transport …", required=True),
        text("title", "title, 64 characters at most", required=True),
        integer("valid_from", "first day on which it is meant to hold"),
        integer("valid_until", "last day on which it holds"),
        integer("review_on", "day by which it is reviewed"),
        text("digest", "SHA-256 of the plan, which is kept elsewhere, hexadecimal"),
        text("reference", "under which reference the plan is kept"),
        text("basis", "licence condition or regulation that asks for it"),
        text("threat_ref", "reference number of the threat assessment; nothing of its content"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("kind", PLAN_KINDS),),
    indexes=((("plan", "version"), None),),
)

SECURITY_PLAN_STEP = LineKind(
    "security_plan_step",
    "A step in the life of a version of a plan: submitted, approved, superseded …",
    (
        text("plan", "name of the plan", required=True),
        text("version", "its version", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on", required=True),
        integer("on_day", "day of the step", required=True),
        text("by_person", "whose step it is: a pseudonym", required=True),
        text("reason", "why"),
        text("reference", "reference of the letter or decision"),
        text("successor", "the version that takes its place, as PLAN/VERSION"),
    ),
    indexes=((("plan", "version"), None), (("successor",), "successor IS NOT NULL")),
)

SECURITY_PLAN_COVERAGE = LineKind(
    "security_plan_coverage",
    "How far a version of a plan addresses a requirement; the last line counts.",
    (
        text("plan", "name of the plan", required=True),
        text("version", "its version", required=True),
        text("requirement", "reference of the requirement, e.g. FP-H", required=True),
        text("coverage", "full, part or none", required=True),
        text("chapter", "number of the chapter that does it"),
    ),
    checks=(_one_of("coverage", COVERAGES),),
    indexes=((("plan", "version"), None), (("requirement",), None)),
)

SECURITY_INSPECTION = LineKind(
    "security_inspection",
    "An inspection of the regulator, or a peer review: what is inspected, by whom, when.",
    (
        text("inspection", "name of the inspection", required=True),
        text("kind", "announced, unannounced, special, follow_up or peer_review", required=True),
        integer("planned_from", "first day as planned", required=True),
        integer("planned_to", "last day as planned", required=True),
        text("team", "pseudonyms of those who inspect, joined by one space"),
        text("requirements", "references of the requirements, joined by one space"),
        text("follows", "the inspection that it follows up"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("kind", INSPECTION_KINDS), "planned_from <= planned_to"),
    indexes=((("inspection",), None), (("follows",), "follows IS NOT NULL")),
)

SECURITY_INSPECTION_STEP = LineKind(
    "security_inspection_step",
    "A step in the life of an inspection: performed, reported, closed or cancelled.",
    (
        text("inspection", "name of the inspection", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on", required=True),
        integer("on_day", "day of the step; of what was performed, its last day", required=True),
        text("by_person", "whose step it is: a pseudonym", required=True),
        integer("performed_from", "where it was performed: its first day"),
        text("report_digest", "where it is reported: SHA-256 of the report, kept elsewhere"),
        text("reference", "reference of the report or letter"),
        text("reason", "why"),
    ),
    checks=("performed_from IS NULL OR performed_from <= on_day",),
    indexes=((("inspection",), None),),
)

SECURITY_FINDING = LineKind(
    "security_finding",
    "What an inspection found against a requirement: grade, owner, deadline.",
    (
        text("finding", "name of the finding", required=True),
        text("inspection", "the inspection", required=True),
        text("requirement", "reference of the requirement", required=True),
        text("grade", "deficiency, observation or good_practice", required=True),
        integer("raised_on", "day on which it was raised", required=True),
        integer("due", "day by which it is put right; a good practice has none"),
        text("owner", "who puts it right: a role or a pseudonym"),
        text("words", "what was found, 200 characters at most"),
        text("evidence", "acts as act:17, digests or references, joined by one space"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("grade", GRADES),),
    indexes=((("finding",), None), (("inspection",), None), (("requirement",), None)),
)

SECURITY_FINDING_ACTION = LineKind(
    "security_finding_action",
    "A corrective action on a finding; the last line of its name counts.",
    (
        text("finding", "name of the finding", required=True),
        text("action", "name of the action within the finding", required=True),
        text("words", "what is done, 200 characters at most", required=True),
        text("owner", "who does it: a role or a pseudonym", required=True),
        integer("due", "day by which it is done", required=True),
        integer("done_on", "day on which it was done"),
        text("evidence", "acts as act:17, digests or references, joined by one space"),
    ),
    indexes=((("finding",), None),),
)

SECURITY_FINDING_STEP = LineKind(
    "security_finding_step",
    "A step in the life of a finding: planned, implemented, verified, closed, reopened, extended.",
    (
        text("finding", "name of the finding", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on, or extended", required=True),
        integer("on_day", "day of the step", required=True),
        text("by_person", "whose step it is: a pseudonym", required=True),
        text("reason", "why"),
        text("evidence", "acts as act:17, digests or references, joined by one space"),
        integer("due", "where the deadline is extended: the new one"),
    ),
    indexes=((("finding",), None),),
)

LINE_KINDS = (
    *(SECURITY_PLAN, SECURITY_PLAN_STEP, SECURITY_PLAN_COVERAGE),
    *(SECURITY_INSPECTION, SECURITY_INSPECTION_STEP),
    *(SECURITY_FINDING, SECURITY_FINDING_ACTION, SECURITY_FINDING_STEP),
)
