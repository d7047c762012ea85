"""Words of the sealed stores: compartments, kinds of records, roles, what was done."""

from __future__ import annotations

from keiryo.web.translation import sentence

COMPARTMENTS = {
    "evaluation": sentence("Evaluation"),
    "access": sentence("Access"),
    "maintenance": sentence("Maintenance"),
    "statement": sentence("Statements"),
}
KINDS = {
    "graph": sentence("facility graph"),
    "easi": sentence("single path"),
    "evaluation": sentence("evaluation of protection"),
    "review": sentence("review by a reviewer"),
    "approval": sentence("approval or refusal"),
    "access_log": sentence("records of access"),
    "two_person_rule": sentence("two-person rule"),
    "authorisations": sentence("authorisations"),
    "work_orders": sentence("work orders"),
    "access_setup": sentence("setup of access control"),
    "access_case": sentence("what other systems recorded"),
    "access_result": sentence("result of a review of access"),
    "irregularity": sentence("irregularity of access"),
    "compensatory_values": sentence("compensatory values"),
    "statement": sentence("statement whether a level is met"),
}
ROLES = {
    "evaluator": sentence("evaluator"),
    "reviewer": sentence("reviewer"),
    "approver": sentence("approver"),
    "security_officer": sentence("security officer of the store"),
    "maintainer": sentence("maintainer"),
    "auditor": sentence("auditor of the store"),
    "sys_admin": sentence("keeper of backups"),
}
ACTIONS = {
    "create": sentence("made the store"),
    "enrol": sentence("enrolled"),
    "open": sentence("opened the store"),
    "wrong_passphrase": sentence("gave a wrong passphrase"),
    "passphrase": sentence("changed the passphrase"),
    "propose": sentence("proposed a change"),
    "confirm": sentence("confirmed a change"),
    "refuse_proposal": sentence("refused a change"),
    "rotate": sentence("gave a compartment a new key"),
    "put": sentence("sealed a record"),
    "read": sentence("read a record"),
    "list": sentence("listed records"),
    "search": sentence("searched titles"),
    "audit": sentence("looked at the trail"),
    "ask_release": sentence("asked for a release"),
    "release": sentence("released a copy"),
    "refuse_release": sentence("refused a release"),
    "withdraw_request": sentence("took a request back"),
    "retention": sentence("set the retention"),
    "purge": sentence("destroyed what was past its retention"),
    "backup": sentence("made a backup"),
}
CHANGES = {
    "grant": sentence("give a role"),
    "revoke": sentence("take a role away"),
    "withdraw": sentence("end a membership"),
    "destroy_record": sentence("destroy a record"),
}
STANDINGS = {
    "open": (sentence("open"), "wait"),
    "done": (sentence("done"), "ok"),
    "released": (sentence("released"), "ok"),
    "refused": (sentence("refused"), "error"),
    "withdrawn": (sentence("taken back"), "plain"),
    "enrolled": (sentence("enrolled, no role yet"), "wait"),
    "member": (sentence("member"), "ok"),
    "explained": (sentence("explained"), "ok"),
    "confirmed": (sentence("confirmed"), "error"),
    "escalated": (sentence("escalated"), "warning"),
    "closed": (sentence("closed"), "ok"),
}
GRADES = {
    "high": (sentence("high"), "error"),
    "medium": (sentence("medium"), "warning"),
    "low": (sentence("low"), "info"),
}
MEASURES = {
    "min_p_interruption": sentence("Least probability of interruption"),
    "min_p_interruption_deterministic": sentence(
        "Least probability of interruption, mean times taken as certain"
    ),
    "min_cumulative_detection": sentence("Least probability of detection on the way"),
    "min_delay_s": sentence("Shortest delay in seconds"),
}
EVIDENCE = {
    "valid": (sentence("evidence in force"), "ok"),
    "expired": (sentence("evidence expired"), "error"),
    "none": (sentence("no evidence named"), "warning"),
}
STALE = {
    "INPUT_CHANGED": sentence("The input has a newer version."),
    "INPUT_DESTROYED": sentence("The input was destroyed."),
    "SUPERSEDED": sentence("There is a newer evaluation of the same input."),
    "EVIDENCE_EXPIRED": sentence("Evidence of an element has expired."),
    "NOT_APPROVED": sentence("It is not approved."),
}
