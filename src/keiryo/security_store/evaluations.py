"""Evaluations in a store: computed from a kept input, reviewed, approved by another, going stale.

An evaluation names the version of its input and holds the digest of it. Who made the input or the
evaluation does not approve it. With the approval of a required level goes a statement, which says
to those who must know it whether the level is met, and no number besides that level.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from keiryo.dates import parse_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.security_store import roles as rights
from keiryo.security_store.contents import JSON, node_of, read
from keiryo.security_store.entries import check_reason
from keiryo.security_store.opened import Content, Opened

if TYPE_CHECKING:
    from keiryo.protection.records_file import Records

SCHEMA = "keiryo.pp.kept-evaluation/1"
APPROVED, REFUSED = "approved", "refused"


def evaluate(
    opened: Opened,
    record: str,
    on: date,
    *,
    state: str | None = None,
    reason: str = "evaluation",
    records: Records | None = None,
    values: str | None = None,
) -> str:
    """Compute what follows from a kept graph or path as of a day, keep it, and return its id.

    Parameters
    ----------
    state : str, optional
        The facility state of a graph; default: that of the plain values.
    records : Records, optional
        What is out of service and was tested on the day.
    values : str, optional
        The record with the values of compensatory measures.
    """
    records = _valued(opened, records, values, reason)
    from keiryo.protection.easi_report import easi_result

    given = opened.read(record, reason)
    kind = given.head.kind
    if kind not in rights.BASIS_OF["evaluation"]:
        raise UsageError(f"record {record} is no input of an evaluation", "It is a graph or easi.")
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "input": {"record": record, "version": given.head.version, "kind": kind},
        "input_sha256": hashlib.sha256(given.content).hexdigest(),
        "on": on.isoformat(),
        "evidence": [],
        "result": {},
        "drawn": None,
    }
    if kind == "easi":
        told["result"] = easi_result(read("easi", given.head.media_type, given.content))
    else:
        told["result"], told["drawn"] = _of_graph(given, on, state, records)
        told["evidence"] = _evidence(told["result"])
    content = json.dumps(told, indent=2).encode()
    with opened.acting() as act:
        return opened.seal(
            *(act, "evaluation", f"evaluation of {record} on {on.isoformat()}", JSON, content),
            reason,
            basis=(record, given.head.version),
        )


def _valued(
    opened: Opened, records: Records | None, values: str | None, reason: str
) -> Records | None:
    """Return records with the values of compensatory measures that are kept in the store."""
    from keiryo.protection.records_file import with_values

    if values is None:
        return records
    if records is None:
        raise UsageError("values of measures say nothing without outages", "Give both, or none.")
    kept = opened.read(values, reason)
    if kept.head.kind != "compensatory_values":
        raise UsageError(f"record {values} holds no values of compensatory measures")
    found = read("compensatory_values", kept.head.media_type, kept.content)
    return with_values(records, found)


def _of_graph(
    given: Content, on: date, state: str | None, records: Records | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the result for a graph, and what a picture of it needs beside the result."""
    from keiryo.protection.graph_file import read_graph
    from keiryo.protection.inputs import InputError
    from keiryo.protection.outages import apply_outages
    from keiryo.protection.paths_report import paths_result
    from keiryo.protection.picture_input import graph_structure, path_results, response_of

    try:
        node = node_of(given.head.media_type, given.content)
        node.value["as_of"] = on.isoformat()
        facility = read_graph(node, state)
        result = paths_result(facility, records=records)
    except InputError as error:
        codes = ", ".join(sorted({one.code for one in error.problems}))
        raise UsageError(f"record {given.head.record} is not evaluated: {codes}") from None
    if records is not None:
        facility, _ = apply_outages(facility, records.outages)
    return result, {
        "structure": graph_structure(facility, result),
        "response": response_of(facility.graph),
        "profile": path_results(facility, result)["min_p_interruption"],
    }


def _evidence(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return on what each input's values rest, and until when."""
    names = ("value_source", "evidence_ref", "valid_until")
    return [
        {"element": one["id"], **{name: one[name] for name in names}} for one in result["inputs"]
    ]


def review(opened: Opened, evaluation: str, title: str, text: str, reason: str) -> str:
    """Keep what a reviewer found about an evaluation."""
    from keiryo.security_store.contents import TEXT, check_text

    content = text.encode()
    check_text(content)
    with opened.acting() as act:
        basis = (evaluation, 1)
        return opened.seal(act, "review", title, TEXT, content, reason, basis=basis)


def approve(
    opened: Opened, evaluation: str, decision: str, reason: str, *, level: str | None = None
) -> str:
    """Approve or refuse an evaluation, and return the id of the approval.

    Parameters
    ----------
    decision : {"approved", "refused"}
    level : str, optional
        The level that is required of the least probability of interruption. With it a statement
        is kept that says whether it is met.
    """
    if decision not in (APPROVED, REFUSED):
        raise UsageError("a decision is approved or refused")
    reason = check_reason(reason)
    wanted = None if level is None else _level(level)
    told = _kept(opened, evaluation, reason)
    approval = {"evaluation": evaluation, "decision": decision, "level": level}
    content = json.dumps({"schema": "keiryo.pp.kept-approval/1", **approval}, indent=2).encode()
    with opened.acting() as act:
        made = opened.seal(
            *(act, "approval", f"{decision}: {evaluation}", JSON, content, reason),
            basis=(evaluation, 1),
            note=decision,
        )
        if decision == APPROVED and wanted is not None:
            statement = {
                "schema": "keiryo.pp.kept-statement/1",
                "evaluation": evaluation,
                "approval": made,
                "on": told["on"],
                **_met(told, wanted),
            }
            opened.seal(
                *(act, "statement", f"statement on {evaluation}", JSON),
                *(json.dumps(statement, indent=2).encode(), reason),
                basis=(evaluation, 1),
            )
        return made


def aggregate(
    opened: Opened, evaluation: str, level: str | None = None, reason: str = "aggregate"
) -> dict[str, Any]:
    """Return only whether a level is met.

    Who reads evaluations may ask for any level. Everybody else asks without one and is told what
    the statement says: who might choose levels would find the number.
    """
    roles = opened.state().roles(opened.person)
    if level is not None or not rights.reads(roles) & {rights.STATEMENT}:
        if level is None:
            raise UsageError("name the level that is required")
        return _met(_kept(opened, evaluation, reason), _level(level))
    for record in reversed(opened.state().records.values()):
        if record.kind == "statement" and record.basis == (evaluation, 1) and not record.destroyed:
            told: dict[str, Any] = json.loads(opened.read(record.id, reason).content)
            return {
                **{name: told[name] for name in ("classification", "meets_level", "level")},
                **{name: told[name] for name in ("path_count", "exact")},
            }
    raise NotFoundError(
        f"there is no statement on {evaluation}",
        "An approver makes one with the approval, by naming the required level.",
    )


def staleness(
    opened: Opened, evaluation: str, on: date, reason: str = "staleness"
) -> list[dict[str, str]]:
    """Return why an evaluation no longer stands as it is; an empty list if it does.

    ``INPUT_CHANGED``, ``INPUT_DESTROYED``, ``SUPERSEDED`` (a newer evaluation of the same input),
    ``EVIDENCE_EXPIRED`` (with the element), ``NOT_APPROVED``.
    """
    told = _kept(opened, evaluation, reason)
    state = opened.state()
    record = state.records[evaluation]
    assert record.basis is not None
    source = state.records[record.basis[0]]
    found = []
    if source.destroyed:
        found.append({"code": "INPUT_DESTROYED", "about": source.id})
    if source.last.number > record.basis[1]:
        found.append({"code": "INPUT_CHANGED", "about": source.id})
    later = [
        one.id
        for one in state.records.values()
        if one.kind == "evaluation"
        and one.basis is not None
        and one.basis[0] == source.id
        and one.last.at > record.last.at
        and not one.destroyed
    ]
    found += [{"code": "SUPERSEDED", "about": one} for one in later[-1:]]
    for one in told["evidence"]:
        if one["valid_until"] is not None and parse_date(one["valid_until"]) < on:
            found.append({"code": "EVIDENCE_EXPIRED", "about": one["element"]})
    decided = [one for one in opened.titles(rights.EVALUATION, kind="approval") if one.note]
    bases = {one.id: one.basis for one in state.records.values()}
    own = [one.note for one in decided if bases.get(one.record) == (evaluation, 1)]
    if own[-1:] != [APPROVED]:
        found.append({"code": "NOT_APPROVED", "about": evaluation})
    return found


def _kept(opened: Opened, evaluation: str, reason: str) -> dict[str, Any]:
    """Return the content of an evaluation, after recording that it is read."""
    record = opened.state().records.get(evaluation)
    if record is None or record.kind != "evaluation":
        raise NotFoundError(f"there is no evaluation {evaluation}")
    told: dict[str, Any] = json.loads(opened.read(evaluation, reason).content)
    return told


def _met(told: dict[str, Any], level: Fraction) -> dict[str, Any]:
    result = told["result"]
    if told["input"]["kind"] == "easi":
        value, count, exact = result["p_interruption"], 1, True
    else:
        value = result["measures"]["min_p_interruption"]["value"]
        count, exact = result["path_count"], result["exact"]
    return {
        "classification": result["classification"],
        "meets_level": value >= float(level),
        "level": float(level),
        "path_count": count,
        "exact": exact,
    }


def _level(text: str) -> Fraction:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= 1:
        raise UsageError("a level is a number from 0 to 1")
    return Fraction(value)
