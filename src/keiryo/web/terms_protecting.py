"""Words for the acts and lines of physical protection."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

ACT_KINDS: Mapping[str, str] = {
    "protection.attribute": sentence("protection attributes recorded"),
    "protection.plan": sentence("security plan recorded"),
    "protection.inspection": sentence("security inspection recorded"),
    "protection.finding": sentence("security finding recorded"),
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
}
"""Kinds of lines in words."""

ROLE_WORDS = (sentence("material category"), sentence("security regime"))
"""What a role may read."""
