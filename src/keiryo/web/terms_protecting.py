"""Words for the acts and lines of physical protection."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

ACT_KINDS: Mapping[str, str] = {
    "protection.attribute": sentence("protection attributes recorded"),
    "protection.plan": sentence("security plan recorded"),
    "protection.inspection": sentence("security inspection recorded"),
    "protection.finding": sentence("security finding recorded"),
    "protection.test": sentence("test of a security measure recorded"),
    "protection.maintenance": sentence("maintenance of protection recorded"),
    "protection.measure": sentence("compensatory measure recorded"),
    "protection.alarm": sentence("alarm of a sensor recorded"),
    "protection.event": sentence("security event recorded"),
    "protection.rules": sentence("rules of security recorded"),
    "protection.upgrade": sentence("upgrade of protection recorded"),
    "protection.computer": sentence("computer security recorded"),
    "protection.statement": sentence("protection statement recorded"),
    "protection.review": sentence("review of access recorded"),
}
"""Kinds of acts in words."""

LINE_KINDS: Mapping[str, str] = {
    "protection_attribute": sentence("protection attribute"),
    "security_plan": sentence("security plan"),
    "security_plan_step": sentence("step of a security plan"),
    "security_plan_coverage": sentence("coverage of a requirement by a plan"),
    "security_inspection": sentence("security inspection"),
    "security_inspection_step": sentence("step of a security inspection"),
    "security_finding": sentence("security finding"),
    "security_finding_action": sentence("corrective action on a security finding"),
    "security_finding_step": sentence("step of a security finding"),
    "performance_test": sentence("test of a security measure"),
    "maintenance": sentence("maintenance of protection"),
    "compensatory_measure": sentence("compensatory measure"),
    "sensor_alarm": sentence("alarm of a sensor"),
    "security_event": sentence("security event"),
    "security_event_notice": sentence("notice of a security event"),
    "security_event_step": sentence("step of a security event"),
    "security_notification_rule": sentence("rule of notification"),
    "security_upgrade": sentence("upgrade of protection"),
    "security_upgrade_step": sentence("step of an upgrade"),
    "security_system": sentence("computer system"),
    "security_system_measure": sentence("computer security measure"),
    "security_zone_connection": sentence("connection between zones"),
    "security_measure_rule": sentence("rule of computer security"),
    "security_statement": sentence("protection statement"),
    "security_access_review": sentence("review of access"),
}
"""Kinds of lines in words."""

ROLE_WORDS = (
    sentence("material category"),
    sentence("security evidence"),
    sentence("security regime"),
)
"""What a role may read."""
