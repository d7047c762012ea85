"""What plans, inspections and findings bring to the posting pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.errors import Finding
from keiryo.journal.registry import Check, Explainer, Posting, Refusal
from keiryo.security_regime import finding_record, inspections, plans
from keiryo.security_regime.finding_recording import read_findings
from keiryo.security_regime.inspections import read_inspections
from keiryo.security_regime.oversight_links import dependents, explain
from keiryo.security_regime.oversight_record import check_lines
from keiryo.security_regime.plans import read_plans


def check_plans(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse what the life of a security plan does not allow."""
    before = posting.act_id - 1
    register = read_plans(posting.connection, posting.metadata, through_act=before)
    return check_lines(posting, register, plans.KINDS)


def check_inspections(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse what the life of an inspection does not allow."""
    before = posting.act_id - 1
    register = read_inspections(
        posting.connection, posting.metadata, through_act=before, with_findings=True
    )
    return check_lines(posting, register, inspections.KINDS)


def check_findings(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse what the life of a finding does not allow."""
    before = posting.act_id - 1
    register = read_findings(posting.connection, posting.metadata, through_act=before)
    return check_lines(posting, register, finding_record.KINDS)


CHECKS: tuple[Check, ...] = (
    Check("security plans", frozenset(plans.KINDS), check_plans),
    Check("security inspections", frozenset(inspections.KINDS), check_inspections),
    Check("security findings", frozenset(finding_record.KINDS), check_findings),
)
EXPLAINERS: tuple[Explainer, ...] = (explain,)
DEPENDENTS: tuple[Explainer, ...] = (dependents,)
