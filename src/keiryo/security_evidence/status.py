"""What stands on a day: what is in service, out, under which measure, tested, due, overdue.

Everything is computed from the records, as of a day and as known with an act.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.journal.reading import line_node
from keiryo.protection.input_evidence import RecordedEvidence
from keiryo.protection.outages import Outage
from keiryo.security_evidence.kinds import MEASURE, TEST, WORK
from keiryo.security_evidence.record_checks import NO_TEST_AFTER_REPAIR, UNCOVERED, uncovered_on
from keiryo.security_evidence.register import (
    Line,
    Register,
    day_of,
    element_of,
    in_outage,
    is_active,
    names_of,
    read_register,
    tested_after,
    zone_of,
)
from keiryo.security_evidence.tables import PASS

OVERDUE, NOT_PASSED = "EVIDENCE-OVERDUE", "EVIDENCE-NOT-PASSED"
UNVERIFIED, MEASURE_ENDS, PLANNED = "EVIDENCE-UNVERIFIED", "measure ends", "test planned"
NEXT_TEST = "next test"
IN_SERVICE, OUT_OF_SERVICE = "in service", "out of service"


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset or element on a day.

    Attributes
    ----------
    scope, name : str
    state : str
        ``in service`` or ``out of service``.
    out_since : datetime.date or None
    maintenance : str or None
        The work because of which it is out of service.
    measure : str or None
        The compensatory measure that is active, a verified one before another.
    measure_verified : bool
    last_test, last_result : str or None
        The last test that was performed.
    last_performed, next_due : datetime.date or None
    overdue : bool
        Whether the day lies after `next_due`.
    days_left : int or None
        Days until `next_due`; negative when overdue.
    evidence : str or None
        The last test that was passed.
    findings : tuple of str
        Codes of what is to be looked at.
    line : str or None
        The line on which most rests: the outage, else the last test, else any.
    """

    scope: str
    name: str
    state: str
    out_since: datetime.date | None
    maintenance: str | None
    measure: str | None
    measure_verified: bool
    last_test: str | None
    last_result: str | None
    last_performed: datetime.date | None
    next_due: datetime.date | None
    overdue: bool
    days_left: int | None
    evidence: str | None
    findings: tuple[str, ...]
    line: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        made = {name: getattr(self, name) for name in self.__slots__}
        for name in ("out_since", "last_performed", "next_due"):
            made[name] = None if made[name] is None else made[name].isoformat()
        return {**made, "findings": list(self.findings)}


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be done, and by when; `days_left` is negative once the day is over."""

    scope: str
    what: str
    name: str
    asset: str
    by: datetime.date
    days_left: int
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        made = {name: getattr(self, name) for name in self.__slots__}
        return {**made, "by": self.by.isoformat()}


def assets_on(
    connection: Connection,
    metadata: MetaData,
    facility: str,
    on: datetime.date,
    *,
    through_act: int | None = None,
) -> list[Asset]:
    """Return every asset and element of a facility that the records know, on a day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    facility : str
        Its scope, e.g. ``XA/XFA-``.
    on : datetime.date
    through_act : int, optional
        As known with this act; default: now.

    Raises
    ------
    NotFoundError
        If the facility is not registered.
    """
    zone_of(connection, metadata, facility)
    register = read_register(connection, metadata, scope=facility, through_act=through_act)
    names = {str(one["element"]) for one in register.of(TEST.name)}
    for work in register.of(WORK.name):
        names |= names_of(work)
    names |= {str(one["for_asset"]) for one in register.of(MEASURE.name)}
    return [_asset(register, facility, name, on) for name in sorted(names)]


def _asset(register: Register, scope: str, name: str, on: datetime.date) -> Asset:
    works = [one for one in register.of(WORK.name, scope) if name in names_of(one)]
    outages = sorted(
        (one for one in works if in_outage(one, on)), key=lambda one: one["out_of_service_from"]
    )
    tests = performed_tests(register, scope, name, on)
    last, passed = (tests[-1] if tests else None), _last_passed(tests)
    next_due = None if last is None or last["next_due"] is None else number_date(last["next_due"])
    measure = _measure(register, scope, name, outages, on)
    codes = list(_codes(register, works, outages, last, on))
    overdue = next_due is not None and on > next_due
    lines = [*outages[:1], *([last] if last else []), *works[-1:]]
    known = [one for one in register.of(TEST.name, scope) if one["element"] == name]
    known += [one for one in register.of(MEASURE.name, scope) if one["for_asset"] == name]
    return Asset(
        scope=scope,
        name=name,
        state=OUT_OF_SERVICE if outages else IN_SERVICE,
        out_since=number_date(outages[0]["out_of_service_from"]) if outages else None,
        maintenance=outages[0]["maintenance"] if outages else None,
        measure=None if measure is None else measure["measure"],
        measure_verified=measure is not None and measure["verified_by"] is not None,
        last_test=None if last is None else last["test"],
        last_result=None if last is None else last["result"],
        last_performed=None if last is None else number_date(last["performed"]),
        next_due=next_due,
        overdue=overdue,
        days_left=None if next_due is None else (next_due - on).days,
        evidence=None if passed is None else passed["test"],
        findings=tuple(dict.fromkeys([*codes, *([OVERDUE] if overdue else [])])),
        line=next((line_node(one) for one in [*lines, *known]), None),
    )


def performed_tests(register: Register, scope: str, name: str, on: datetime.date) -> list[Line]:
    """Return the tests of an element that were performed by a day, the last one last."""
    found = [
        one
        for one in register.of(TEST.name, scope)
        if one["element"] == name
        and one["performed"] is not None
        and one["performed"] <= date_number(on)
    ]
    return sorted(found, key=lambda one: (one["performed"], one["act_id"], one["line_no"]))


def _last_passed(tests: list[Line]) -> Line | None:
    return next((one for one in reversed(tests) if one["result"] == PASS), None)


def _measure(
    register: Register, scope: str, name: str, outages: list[Line], on: datetime.date
) -> Line | None:
    """Return the measure that stands in on a day, a verified one before another."""
    names = {name}.union(*(names_of(one) for one in outages))
    active = [
        one
        for one in register.of(MEASURE.name, scope)
        if one["for_asset"] in names and is_active(one, on)
    ]
    return min(active, key=lambda one: one["verified_by"] is None, default=None)


def _codes(
    register: Register,
    works: list[Line],
    outages: list[Line],
    last: Line | None,
    on: datetime.date,
) -> Iterator[str]:
    if any(uncovered_on(register, one, on) for one in outages):
        yield UNCOVERED
    if any(_untested(register, one, on) for one in works):
        yield NO_TEST_AFTER_REPAIR
    if last is not None and last["result"] != PASS and not outages:
        yield NOT_PASSED


def _untested(register: Register, work: Line, on: datetime.date) -> bool:
    """Return whether an asset was back in service by a day without a test that was passed."""
    if work["returned"] is None or work["returned"] > date_number(on):
        return False
    return not tested_after(work, register.get(TEST.name, work["scope"], work["post_test"]))


def due(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    facility: str | None = None,
    within_days: int | None = None,
    through_act: int | None = None,
) -> list[Due]:
    """Return what is to be done, the most urgent first.

    Tests that are due again or planned, outages without a verified measure, measures that are not
    verified or come to an end while the asset is out, returns to service without a test.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date
        The day as of which it is asked.
    facility : str, optional
        Scope of one facility; default: all.
    within_days : int, optional
        Only what is due within so many days.
    through_act : int, optional
        As known with this act; default: now.
    """
    register = read_register(connection, metadata, scope=facility, through_act=through_act)
    found = [*_tests_due(register, on), *_works_due(register, on), *_measures_due(register, on)]
    if within_days is not None:
        found = [one for one in found if one.days_left <= within_days]
    return sorted(found, key=lambda one: (one.days_left, one.scope, one.asset, one.what, one.name))


def _due(line: Line, what: str, name: str, asset: str, by: int, on: datetime.date) -> Due:
    day = number_date(by)
    return Due(line["scope"], what, name, asset, day, (day - on).days, line_node(line))


def _tests_due(register: Register, on: datetime.date) -> Iterator[Due]:
    elements = dict.fromkeys((o["scope"], o["element"]) for o in register.of(TEST.name))
    for scope, element in elements:
        tests = performed_tests(register, scope, element, on)
        if not tests:
            continue
        last = tests[-1]
        if last["next_due"] is not None:
            what = OVERDUE if last["next_due"] < date_number(on) else NEXT_TEST
            yield _due(last, what, last["test"], element, last["next_due"], on)
        if last["result"] != PASS:
            yield _due(last, NOT_PASSED, last["test"], element, last["performed"], on)
    for one in register.of(TEST.name):
        open_then = one["performed"] is None or one["performed"] > date_number(on)
        if open_then and one["planned"] is not None:
            yield _due(one, PLANNED, one["test"], one["element"], one["planned"], on)


def _works_due(register: Register, on: datetime.date) -> Iterator[Due]:
    for work in register.of(WORK.name):
        name, asset = work["maintenance"], work["asset"]
        if uncovered_on(register, work, on):
            yield _due(work, UNCOVERED, name, asset, work["out_of_service_from"], on)
        if _untested(register, work, on):
            yield _due(work, NO_TEST_AFTER_REPAIR, name, asset, work["returned"], on)


def _measures_due(register: Register, on: datetime.date) -> Iterator[Due]:
    for one in register.of(MEASURE.name):
        needed = any(
            in_outage(work, on) and one["for_asset"] in names_of(work)
            for work in register.of(WORK.name, one["scope"])
        )
        if not (needed and is_active(one, on)):
            continue
        if one["verified_by"] is None:
            yield _due(one, UNVERIFIED, one["measure"], one["for_asset"], one["start_on"], on)
        elif one["end_on"] is not None:
            yield _due(one, MEASURE_ENDS, one["measure"], one["for_asset"], one["end_on"], on)


def evidence_of(
    connection: Connection,
    metadata: MetaData,
    facility: str,
    on: datetime.date,
    *,
    through_act: int | None = None,
) -> list[RecordedEvidence]:
    """Return what the tests of a facility say of each element on a day.

    It is what `keiryo.protection.input_evidence.input_evidence` takes: the last test that was
    passed is the evidence; it is stale once the next one is overdue, or was not passed.

    Parameters
    ----------
    connection, metadata, facility, on, through_act
        As of `assets_on`.
    """
    register = read_register(
        connection, metadata, (TEST.name,), scope=facility, through_act=through_act
    )
    found = []
    for name in sorted({str(one["element"]) for one in register.of(TEST.name)}):
        tests = performed_tests(register, facility, name, on)
        passed = _last_passed(tests)
        until = None if passed is None else passed["next_due"]
        found.append(
            RecordedEvidence(
                object_id=name,
                test=None if passed is None else passed["test"],
                next_due=None if until is None else number_date(until),
                overdue=until is not None and date_number(on) > until,
                failed=passed is not None and tests[-1] is not passed,
            )
        )
    return found


def outages_on(
    connection: Connection,
    metadata: MetaData,
    facility: str,
    on: datetime.date,
    *,
    through_act: int | None = None,
) -> list[Outage]:
    """Return the outages of a facility into which a day falls, for `protection.outages`.

    The books have no values: a compensatory measure has none here, unless somebody who may open
    the sealed store adds them (`dataclasses.replace(outage, compensatory=...)`).

    Parameters
    ----------
    connection, metadata, facility, on, through_act
        As of `assets_on`.
    """
    register = read_register(connection, metadata, scope=facility, through_act=through_act)
    found = []
    for work in register.of(WORK.name):
        if not in_outage(work, on):
            continue
        measures = [one for one in register.measures_for(work) if is_active(one, on)]
        measure = min(measures, key=lambda one: one["verified_by"] is None, default=None)
        if measure is None:
            measure = register.get(MEASURE.name, facility, work["compensatory_measure"])
        found.append(_outage(work, measure))
    return found


def _outage(work: Line, measure: Line | None) -> Outage:
    outage = Outage(
        object_id=element_of(work),
        asset_kind=work["asset_kind"],
        out_of_service_from=number_date(work["out_of_service_from"]),
        returned=day_of(work["returned"]),
        maintenance=work["maintenance"],
    )
    if measure is None:
        return outage
    return replace(
        outage,
        verified=measure["verified_by"] is not None,
        compensatory_start=number_date(measure["start_on"]),
        compensatory_end=day_of(measure["end_on"]),
        measure=measure["measure"],
    )


def outage_dict(outage: Outage) -> dict[str, Any]:
    """Return an outage as a row of the file that `protection.records_file` reads: no values."""
    made: dict[str, Any] = {
        "object": outage.object_id,
        "asset_kind": outage.asset_kind,
        "out_of_service_from": outage.out_of_service_from.isoformat(),
        "maintenance": outage.maintenance,
    }
    if outage.returned is not None:
        made["returned"] = outage.returned.isoformat()
    if outage.compensatory_start is not None:
        made["compensatory"] = {
            "measure": outage.measure,
            "start": outage.compensatory_start.isoformat(),
            "verified": outage.verified,
        }
        if outage.compensatory_end is not None:
            made["compensatory"]["end"] = outage.compensatory_end.isoformat()
    return made


def evidence_file(
    connection: Connection,
    metadata: MetaData,
    facility: str,
    on: datetime.date,
    *,
    through_act: int | None = None,
) -> dict[str, Any]:
    """Return what `keiryo.protection.records_file` reads: outages and tests of a day, no values.

    Parameters
    ----------
    connection, metadata, facility, on, through_act
        As of `assets_on`.
    """
    zone_of(connection, metadata, facility)
    outages = outages_on(connection, metadata, facility, on, through_act=through_act)
    tests = evidence_of(connection, metadata, facility, on, through_act=through_act)
    return {
        "schema": "keiryo.pp.records/1",
        "on": on.isoformat(),
        "outages": [outage_dict(one) for one in outages],
        "tests": [
            {
                "object": one.object_id,
                "overdue": one.overdue,
                "failed": one.failed,
                **({} if one.test is None else {"test": one.test}),
                **({} if one.next_due is None else {"next_due": one.next_due.isoformat()}),
            }
            for one in tests
        ],
    }
