"""Files with many rows about events, upgrades, computer security and statements.

They are read as those of plans and inspections are; numbers and yes or no may also stand as such
in JSON and TOML.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from keiryo.errors import Finding
from keiryo.security_regime.event_words import refusing
from keiryo.security_regime.oversight_files import Table, read_rows

Told = Callable[[str, str], Finding]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the rows of a file hold.

    Attributes
    ----------
    table : Table
    wholes : frozenset of str
        Columns with a whole number.
    flags : frozenset of str
        Columns with yes or no.
    """

    table: Table
    wholes: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    def read(self, name: str, content: bytes) -> tuple[list[dict[str, Any]], list[Finding]]:
        """Return the rows of a file that could be read, and everything that is wrong.

        Parameters
        ----------
        name : str
            Name of the file; its ending says what it is.
        content : bytes
        """
        rows, findings = read_rows(self.table, *_in_words(name, content))
        found = [replace(one, file=name) for one in findings]
        read = []
        for row in rows:
            wrong = list(self._numbers(row))
            found += [replace(one, file=name, line=row["line"]) for one in wrong]
            if not wrong:
                read.append(row)
        return read, found

    def _numbers(self, row: dict[str, Any]) -> Any:
        for column in self.wholes | self.flags:
            given = row.get(column)
            if given is None:
                continue
            told = {"yes": 1, "no": 0}.get(given) if column in self.flags else _whole(given)
            if told is None:
                advice = "Write yes or no." if column in self.flags else "Write digits only."
                yield self.table.cell_finding(f"{column}: this cannot stand here", advice)
            row[column] = told


def _whole(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    return None


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


def _in_words(name: str, content: bytes) -> tuple[str, bytes]:
    """Return a file whose numbers are texts, where it can be read at all."""
    try:
        if name.lower().endswith(".json"):
            data = json.loads(content, parse_int=str, parse_float=str, object_pairs_hook=_object)
        elif name.lower().endswith(".toml"):
            data = tomllib.loads(content.decode("utf-8")).get("row")
        else:
            return name, content
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            return name, content
        return f"{name}.json", json.dumps([_texts(one) for one in data]).encode()
    except (ValueError, RecursionError, TypeError):
        return name, content


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("the same key twice")
    return made


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {}
    for key, value in row.items():
        if isinstance(value, bool):
            told[key] = "yes" if value else "no"
        elif isinstance(value, int | float):
            told[key] = str(value)
        else:
            told[key] = value.isoformat() if hasattr(value, "isoformat") else value
    return told


def _sheet(
    columns: str,
    needed: int,
    told: tuple[Told, Told],
    *,
    days: str = "",
    wholes: str = "",
    flags: str = "",
    lists: str = "",
) -> Sheet:
    names = tuple(columns.split())
    table = Table(names, names[:needed], frozenset(days.split()), frozenset(lists.split()), *told)
    return Sheet(table, frozenset(wholes.split()), frozenset(flags.split()))


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
