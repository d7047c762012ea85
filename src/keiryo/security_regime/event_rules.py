"""What events, upgrades, computer security and statements bring to the posting pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.errors import Finding
from keiryo.journal.registry import Check, Explainer, Posting, Refusal
from keiryo.security_regime import (
    computer_record,
    event_record,
    event_rule_table,
    statement_record,
    upgrade_record,
)
from keiryo.security_regime.computer_recording import read_computers
from keiryo.security_regime.event_links import dependents, explain
from keiryo.security_regime.event_recording import read_events
from keiryo.security_regime.event_rule_table import RulesWritten
from keiryo.security_regime.oversight_record import check_lines
from keiryo.security_regime.statement_recording import read_register
from keiryo.security_regime.upgrade_recording import read_upgrades


def check_events(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse what the life of a security event does not allow."""
    before = posting.act_id - 1
    register = read_events(posting.connection, posting.metadata, through_act=before)
    return check_lines(posting, register, event_record.KINDS)


def check_rules(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse rows of rules that say nothing, or twice the same."""
    return check_lines(posting, RulesWritten(), event_rule_table.KINDS)


def check_upgrades(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse what the life of an upgrade does not allow."""
    before = posting.act_id - 1
    register = read_upgrades(posting.connection, posting.metadata, through_act=before)
    return check_lines(posting, register, upgrade_record.KINDS)


def check_computers(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse what may not be said of a computer system, a measure or a connection."""
    before = posting.act_id - 1
    register = read_computers(posting.connection, posting.metadata, through_act=before)
    return check_lines(posting, register, computer_record.KINDS)


def check_statements(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse statements that do not hold together, or that nobody else approved."""
    before = posting.act_id - 1
    register = read_register(posting.connection, posting.metadata, through_act=before)
    return check_lines(posting, register, statement_record.KINDS)


CHECKS: tuple[Check, ...] = (
    Check("security events", frozenset(event_record.KINDS), check_events),
    Check("security rules", frozenset(event_rule_table.KINDS), check_rules),
    Check("security upgrades", frozenset(upgrade_record.KINDS), check_upgrades),
    Check("computer security", frozenset(computer_record.KINDS), check_computers),
    Check("protection statements", frozenset(statement_record.KINDS), check_statements),
)
EXPLAINERS: tuple[Explainer, ...] = (explain,)
DEPENDENTS: tuple[Explainer, ...] = (dependents,)
