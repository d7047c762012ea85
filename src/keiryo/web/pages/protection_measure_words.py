"""Words of events, upgrades and evidence of physical security."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.security_evidence import record_checks, status
from keiryo.security_evidence.tables import FAIL, INCONCLUSIVE, PASS
from keiryo.security_regime import event_due, upgrade_states
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence

EVENT_TYPES: Mapping[str, str] = {
    "unauthorised_access": sentence("unauthorised access"),
    "loss_of_material_control": sentence("loss of control of material"),
    "inventory_discrepancy": sentence("inventory discrepancy"),
    "equipment_failure": sentence("failure of equipment"),
    "cyber": sentence("computer security event"),
    "threat": sentence("threat"),
    "exercise": sentence("exercise"),
    "procedural": sentence("procedural event"),
}
EVENT_STATES: Mapping[str, str] = {
    "recorded": sentence("event recorded"),
    "notified": sentence("event notified"),
    "closed": sentence("event closed"),
}
NOTICES: Mapping[str, str] = {
    event_due.OVERDUE: sentence("notification overdue"),
    event_due.WAITING: sentence("notification to come"),
    event_due.LATE: sentence("notified late"),
    event_due.IN_TIME: sentence("notified in time"),
    "none": sentence("no notification required"),
}
UPGRADE_STATES: Mapping[str, str] = {
    upgrade_states.PLANNED: sentence("upgrade planned"),
    upgrade_states.STARTED: sentence("upgrade begun"),
    upgrade_states.SUSPENDED: sentence("upgrade suspended"),
    upgrade_states.INSTALLED: sentence("upgrade installed"),
    upgrade_states.ACCEPTED: sentence("upgrade accepted"),
    upgrade_states.HANDED_OVER: sentence("upgrade handed over"),
    upgrade_states.ENDED: sentence("upgrade ended"),
    upgrade_states.CANCELLED: sentence("upgrade cancelled"),
}
SERVICE: Mapping[str, str] = {
    status.IN_SERVICE: sentence("in service"),
    status.OUT_OF_SERVICE: sentence("out of service"),
}
RESULTS: Mapping[str, str] = {
    PASS: sentence("test passed"),
    FAIL: sentence("test not passed"),
    INCONCLUSIVE: sentence("test inconclusive"),
}
EVIDENCE_FINDINGS: Mapping[str, str] = {
    status.OVERDUE: sentence("the test is overdue"),
    status.NOT_PASSED: sentence("the last test was not passed"),
    status.UNVERIFIED: sentence("the compensatory measure is not verified"),
    record_checks.UNCOVERED: sentence("out of service without a verified measure"),
    record_checks.NO_TEST_AFTER_REPAIR: sentence("back in service without a passed test"),
}
BADGES: Mapping[str, str] = {
    event_due.OVERDUE: "error",
    event_due.WAITING: "wait",
    event_due.LATE: "warning",
    event_due.IN_TIME: "ok",
    upgrade_states.PLANNED: "open",
    upgrade_states.STARTED: "wait",
    upgrade_states.SUSPENDED: "warning",
    upgrade_states.INSTALLED: "info",
    upgrade_states.ACCEPTED: "info",
    upgrade_states.HANDED_OVER: "ok",
    status.IN_SERVICE: "ok",
    status.OUT_OF_SERVICE: "error",
    PASS: "ok",
    FAIL: "error",
    INCONCLUSIVE: "warning",
}


def badge(words: Mapping[str, str], name: str) -> dict[str, str]:
    """Return a state as a badge."""
    return {"badge": BADGES.get(name, "plain"), "text": _(words.get(name, name))}
