"""What the rows of files about events, upgrades, computer security and statements hold.

How they are read: `keiryo.sheet_rows`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from keiryo.errors import Finding
from keiryo.security_regime.event_words import refusing
from keiryo.sheet_rows import SheetTable

Told = Callable[[str, str], Finding]


def minutes_of(hours: Any) -> int | None:
    """Return the minutes of a decimal number of hours; None if they are not whole.

    Examples
    --------
    >>> minutes_of("0.25"), minutes_of("72"), minutes_of("0.001"), minutes_of("-1")
    (15, 4320, None, None)
    """
    try:
        minutes = Decimal(str(hours)) * 60
    except InvalidOperation:
        return None
    if not minutes.is_finite() or not 0 <= minutes <= 10**7 or minutes != minutes.to_integral():
        return None
    return int(minutes)


def _sheet(
    columns: str,
    needed: int,
    told: tuple[Told, Told],
    *,
    days: str = "",
    wholes: str = "",
    flags: str = "",
    lists: str = "",
) -> SheetTable:
    names = tuple(columns.split())
    return SheetTable(
        *(names, names[:needed], *told),
        days=frozenset(days.split()),
        lists=frozenset(lists.split()),
        wholes=frozenset(wholes.split()),
        flags=frozenset(flags.split()),
    )


def _event(message: str, advice: str) -> Finding:
    return refusing("SECEVENT-TABLE", message, advice)


def _event_cell(message: str, advice: str) -> Finding:
    return refusing("SECEVENT-CELL", message, advice)


def _upgrade(message: str, advice: str) -> Finding:
    return refusing("UPGRADE-TABLE", message, advice)


def _upgrade_cell(message: str, advice: str) -> Finding:
    return refusing("UPGRADE-CELL", message, advice)


def _computer(message: str, advice: str) -> Finding:
    return refusing("COMPUTER-TABLE", message, advice)


def _computer_cell(message: str, advice: str) -> Finding:
    return refusing("COMPUTER-CELL", message, advice)


def _statement(message: str, advice: str) -> Finding:
    return refusing("STATEMENT-TABLE", message, advice)


def _statement_cell(message: str, advice: str) -> Finding:
    return refusing("STATEMENT-CELL", message, advice)


_EVENT, _UPGRADE = (_event, _event_cell), (_upgrade, _upgrade_cell)
_COMPUTER, _STATEMENT = (_computer, _computer_cell), (_statement, _statement_cell)

EVENTS = _sheet(
    "event facility type category severity occurred_at detected_at reported_at restored_at zone "
    "title classification out_of_control incident_ref system reference reason",
    1,
    _EVENT,
    wholes="severity",
    flags="out_of_control",
)
NOTICES = _sheet(
    "event to at notice zone by reference void",
    1,
    _EVENT,
    flags="void",
)
EVENT_STEPS = _sheet("event on by lessons reference reason", 2, _EVENT, days="on")
NOTIFICATION_RULES = _sheet(
    "severity_at_least to within_hours type category basis", 3, _EVENT, wholes="severity_at_least"
)
UPGRADES = _sheet(
    "upgrade facility title partner instrument commitment agreement_ref aim category start_by "
    "install_by accept_by hand_over_by cost_minor partner_cost_minor currency evaluation_ref "
    "reason",
    1,
    _UPGRADE,
    days="start_by install_by accept_by hand_over_by",
    wholes="cost_minor partner_cost_minor",
)
UPGRADE_STEPS = _sheet(
    "upgrade state on by sustained next_review reason reference",
    3,
    _UPGRADE,
    days="on next_review",
)
SYSTEMS = _sheet(
    "system facility function level zone sensitive_asset owner retired_on reason",
    1,
    _COMPUTER,
    days="retired_on",
    wholes="level",
    flags="sensitive_asset",
)
MEASURES = _sheet(
    "system measure state on kind by verified_by evidence next_due reason",
    4,
    _COMPUTER,
    days="on next_due",
    lists="evidence",
)
CONNECTIONS = _sheet(
    "connection facility from_zone to_zone kind on removed_on reason",
    1,
    _COMPUTER,
    days="on removed_on",
)
MEASURE_RULES = _sheet("level kind within_days basis", 2, _COMPUTER, wholes="level within_days")
STATEMENTS = _sheet(
    "statement facility target required_level meets evaluated_on valid_until evaluated_by "
    "approved_by store_head evaluation_ref withdrawn_on reason",
    1,
    _STATEMENT,
    days="evaluated_on valid_until withdrawn_on",
)
ACCESS_REVIEWS = _sheet(
    "review facility area from_day to_day events violations open_irregularities reviewed_by "
    "reviewed_on store_head reason",
    1,
    _STATEMENT,
    days="from_day to_day reviewed_on",
    wholes="events violations open_irregularities",
)
