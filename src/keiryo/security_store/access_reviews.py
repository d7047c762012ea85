"""Reviews of access within a store: what was kept is held together, and what does not fit is kept.

Records of access, authorisations, work orders and the two-person rule are read where they lie
sealed; the result and one record for each irregularity are sealed again. An irregularity is
resolved by another member than the one who raised it; each step is a version of its record that
the member signs, and a version that says something else than its steps counts as damage.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from keiryo.access_control.authorisations import COLUMNS as RIGHTS
from keiryo.access_control.authorisations import REQUIRED as RIGHTS_NEED
from keiryo.access_control.authorisations import Authorisations, read_authorisations
from keiryo.access_control.case import Case
from keiryo.access_control.case_file import (
    ORDER_COLUMNS,
    ORDER_NEEDS,
    read_case,
    read_orders,
    with_orders,
)
from keiryo.access_control.events import Events, read_events, required_columns
from keiryo.access_control.irregularity import (
    Irregularity,
    raised,
    read_irregularity,
    resolved,
)
from keiryo.access_control.report import access_result, check_access, staffing_log
from keiryo.access_control.review import counts_by_rule, review, review_result
from keiryo.access_control.setup import Setup, read_setup
from keiryo.access_control.table_files import Table, parse_csv, parse_json
from keiryo.errors import JournalError, NotFoundError, UsageError
from keiryo.protection.inputs import InputError
from keiryo.protection.instants import time_ns
from keiryo.security_store import roles as rights
from keiryo.security_store.contents import JSON, node_of, refused
from keiryo.security_store.opened import Content, Opened, Title

SCHEMA = "keiryo.pp.kept-access-review/1"
KIND = "irregularity"


@dataclass(frozen=True, slots=True)
class Given:
    """The records that a review rests on, by their ids in the store; None: not given."""

    setup: str
    log: str
    authorisations: str | None = None
    work_orders: str | None = None
    case: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review left in the store.

    Attributes
    ----------
    record : str
        The record with the result.
    findings : int
        Of the records of access themselves, those to be resolved.
    violations : int or None
        Of the two-person rule; None: no rule was given.
    raised : tuple of str
        The records of new irregularities.
    known : int
        Irregularities that had been raised before.
    by_rule : dict of str to int
    """

    record: str
    findings: int
    violations: int | None
    raised: tuple[str, ...]
    known: int
    by_rule: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data: counts, and names that tell nothing."""
        return {
            "record": self.record,
            "to_resolve": self.findings,
            "two_person_violations": self.violations,
            "raised": list(self.raised),
            "raised_before": self.known,
            "irregularities_by_rule": self.by_rule,
        }


def review_access(
    opened: Opened,
    given: Given,
    reason: str,
    *,
    books: Callable[[Case], Case] | None = None,
) -> Reviewed:
    """Review access with what is kept, and keep what was found.

    Parameters
    ----------
    opened : Opened
        The store of a member who makes results of access.
    given : Given
    reason : str
    books : callable, optional
        Adds to a case what the books have.

    Raises
    ------
    RefusedError
        If a record cannot be read as what it is given for: places in it, and no values.
    """
    made = _read(opened, given, reason)
    if books is not None and made.case is not None:
        made.case = books(made.case)
    checked = check_access(made.events, made.setup, made.authorisations)
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "inputs": made.inputs,
        "access": access_result(checked),
    }
    violations = None
    if made.rules is not None:
        violations = _two_persons(made, told)
    found: list[Irregularity] = []
    if made.case is not None:
        done = review(made.case, made.setup, made.events, made.authorisations)
        told["correlation"] = review_result(done)
        found = list(done.irregularities)
    known = {one.title for one in opened.titles(rights.ACCESS, kind=KIND)}
    fresh = [one for one in found if one.id not in known]
    now = _now(opened)
    with opened.acting() as act:
        content = json.dumps(told, indent=2).encode()
        record = opened.seal(act, "access_result", "review of access", JSON, content, reason)
        ids = tuple(
            opened.seal(act, KIND, one.id, JSON, _bytes(one), reason)
            for one in raised(fresh, opened.person, now)
        )
    errors = sum(1 for one in checked.findings if one.severity == "E")
    return Reviewed(record, errors, violations, ids, len(found) - len(fresh), counts_by_rule(found))


def irregularities(
    opened: Opened, reason: str = "irregularities"
) -> list[tuple[Title, Irregularity]]:
    """Return the irregularities that are kept, with the head of the record of each."""
    return [
        (title, irregularity(opened, title.record, reason)[1])
        for title in opened.titles(rights.ACCESS, kind=KIND)
    ]


def step(opened: Opened, record: str, state: str, reason: str) -> Irregularity:
    """Take an irregularity a step on, and keep that as a version of its record.

    Raises
    ------
    UsageError
        If the step cannot follow, or the member raised it and would resolve it.
    NotFoundError
        If there is no such irregularity.
    """
    head, one = irregularity(opened, record, reason)
    made = resolved(one, state, by=opened.person, at_ns=_now(opened), reason=reason)
    with opened.acting() as act:
        if act.state.records[record].last.number != head.version:
            raise UsageError("somebody took a step in the meantime", "Look at it and try again.")
        opened.seal(act, KIND, one.id, JSON, _bytes(made), reason, record=record)
    return made


def irregularity(opened: Opened, record: str, reason: str) -> tuple[Title, Irregularity]:
    """Return an irregularity, if its versions are by those who took its steps."""
    known = opened.state().records.get(record)
    if known is None or known.kind != KIND:
        raise NotFoundError(
            f"there is no irregularity {record}", "'store irregularities' lists them."
        )
    given = opened.read(record, reason)
    try:
        one = read_irregularity(json.loads(given.content), lambda text: time_ns(text, UTC))
    except (KeyError, TypeError, ValueError):
        one = None
    by = [version.by for version in known.versions]
    if one is None or one.id != given.head.title or [s.by for s in one.steps] != by:
        raise JournalError(f"irregularity {record} is not what its steps make of it", None, "")
    return given.head, one


def _bytes(one: Irregularity) -> bytes:
    return json.dumps(one.to_dict(), indent=2).encode()


def _now(opened: Opened) -> int:
    moment = opened.store.clock()
    return int(moment.timestamp() * 1_000_000) * 1_000


@dataclass(slots=True)
class _Read:
    """What was read out of the store."""

    setup: Setup
    events: Events
    inputs: dict[str, list[Any]]
    authorisations: Authorisations | None = None
    case: Case | None = None
    rules: Any = None


def _read(opened: Opened, given: Given, reason: str) -> _Read:
    inputs: dict[str, list[Any]] = {}

    def content(name: str, record: str, kind: str) -> Content:
        found = opened.read(record, reason)
        if found.head.kind != kind:
            raise UsageError(f"record {record} is no {kind.replace('_', ' ')}")
        inputs[name] = [record, found.head.version]
        return found

    try:
        one = content("setup", given.setup, "access_setup")
        setup = read_setup(node_of(one.head.media_type, one.content))
        columns = dict(setup.columns)
        log = _table(content("log", given.log, "access_log"), columns, required_columns(setup))
        made = _Read(setup, read_events(log, setup), inputs)
        if given.authorisations is not None:
            one = content("authorisations", given.authorisations, "authorisations")
            table = _table(one, {name: name for name in RIGHTS}, RIGHTS_NEED)
            areas = tuple(setup.areas)
            made.authorisations = read_authorisations(table, setup.timezone, areas)
        if given.case is not None:
            one = content("case", given.case, "access_case")
            made.case = read_case(node_of(one.head.media_type, one.content), setup)
        if given.work_orders is not None:
            one = content("work_orders", given.work_orders, "work_orders")
            table = _table(one, {name: name for name in ORDER_COLUMNS}, ORDER_NEEDS)
            made.case = with_orders(made.case or Case(-(2**62), 2**62), read_orders(table, setup))
        if given.rule is not None:
            from keiryo.protection.two_person_rule import read_rule

            one = content("rule", given.rule, "two_person_rule")
            made.rules = read_rule(node_of(one.head.media_type, one.content))
    except InputError as error:
        raise refused(error) from None
    return made


def _table(given: Content, columns: dict[str, str], needed: Any) -> Table:
    parse = parse_json if given.head.media_type == JSON else parse_csv
    return parse(given.content, columns, tuple(needed))


def _two_persons(made: _Read, told: dict[str, Any]) -> int:
    """Add the result of the two-person rule, and return how many violations there are."""
    from keiryo.protection.two_person import check_two_persons
    from keiryo.protection.two_person_report import two_person_result

    try:
        found = check_two_persons(staffing_log(made.events), made.rules)
    except InputError as error:
        raise refused(error) from None
    told["two_person"] = two_person_result(found)
    return found.violations
