"""What is recorded of the objects of a graph, read from a file: outages, tests, their dates.

`keiryo protection evidence outages` writes such a file from the books. Values of compensatory
measures are added to it by whoever may know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from keiryo.protection.input_evidence import RecordedEvidence
from keiryo.protection.inputs import Fields, Node, load, raise_problems
from keiryo.protection.outages import (
    ASSET_KINDS,
    DELAY,
    DETECTION,
    AssetKind,
    DelayValues,
    DetectionValues,
    Outage,
)
from keiryo.protection.task import Where, read_delay, read_probability, read_where

TOP_KEYS = ("on", "outages", "tests")
TEST_KEYS = ("object", "test", "next_due", "overdue", "failed")
KEYS = ("object", "asset_kind", "out_of_service_from", "returned", "maintenance", "compensatory")
MEASURE_KEYS = ("measure", "start", "end", "verified", "p_detection", "where", "delay")


@dataclass(frozen=True, slots=True)
class Records:
    """What is recorded of the objects of a graph.

    Attributes
    ----------
    outages : tuple of Outage
    tests : tuple of RecordedEvidence
    """

    outages: tuple[Outage, ...] = ()
    tests: tuple[RecordedEvidence, ...] = ()


def read_records_file(path: Path | str) -> Records:
    """Read what is recorded from a JSON or TOML file: lists ``outages`` and ``tests``.

    An outage has ``object``, ``asset_kind`` (detection or delay), ``out_of_service_from`` and
    optionally ``returned``, ``maintenance`` and ``compensatory``: ``start``, ``end``,
    ``verified``, ``measure``, and the values ``p_detection`` (with ``where``) or ``delay``. A
    test has ``object``, and optionally ``test`` (the last one passed), ``next_due``, ``overdue``
    and ``failed``.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    return read_records(load(path))


def read_records(node: Node) -> Records:
    """Read what is recorded from the content of a file; see `read_records_file`."""
    top = node.fields(TOP_KEYS)
    if "on" in top:
        top.day("on")
    outages = [_outage(one) for one in top.objects("outages", KEYS, required=False)]
    tests, names = [], set[str]()
    for fields in top.objects("tests", TEST_KEYS, required=False):
        one = _test(fields)
        if one is not None and one.object_id in names:
            fields.note("DUPLICATE_ID", "This object stands in the list already.", "object")
        elif one is not None:
            names.add(one.object_id)
            tests.append(one)
    raise_problems(top.problems)
    return Records(tuple(one for one in outages if one is not None), tuple(tests))


def _test(fields: Fields) -> RecordedEvidence | None:
    name, test = fields.text("object"), fields.text("test", required=False)
    due = fields.day("next_due", required=False)
    overdue, failed = fields.flag("overdue"), fields.flag("failed")
    return None if name is None else RecordedEvidence(name, test, due, overdue, failed)


def _outage(fields: Fields) -> Outage | None:
    name, kind = fields.text("object"), _kind(fields)
    start, end = fields.day("out_of_service_from"), fields.day("returned", required=False)
    maintenance = fields.text("maintenance", required=False)
    if start is not None and end is not None and end < start:
        fields.note("DATE_ORDER", "It returned before it was out of service.", "returned")
    if name is None or kind is None or start is None:
        return None
    measure = fields.object("compensatory", MEASURE_KEYS, required=False)
    if measure is None:
        return Outage(name, kind, start, end, maintenance=maintenance)
    first, last = measure.day("start"), measure.day("end", required=False)
    if first is not None and last is not None and last < first:
        measure.note("DATE_ORDER", "It ends before it begins.", "end")
    values = _values(measure, kind)
    verified, reference = measure.flag("verified"), measure.text("measure", required=False)
    return Outage(name, kind, start, end, values, verified, first, last, reference, maintenance)


def _kind(fields: Fields) -> AssetKind | None:
    given = fields.text("asset_kind")
    for kind in ASSET_KINDS:
        if given == kind:
            return kind
    if given is not None:
        fields.note("ASSET_KIND", f"It must be one of {', '.join(ASSET_KINDS)}.", "asset_kind")
    return None


def _values(fields: Fields, kind: AssetKind) -> DetectionValues | DelayValues | None:
    """Return the values of a measure; those of the other kind of asset have no place here."""
    for name in ("delay",) if kind == DETECTION else ("p_detection", "where"):
        if name in fields:
            told = f"A measure for a {kind} asset has no such value."
            fields.note("UNKNOWN_KEY", told, name)
    if kind == DELAY:
        delay = read_delay(fields) if "delay" in fields else None
        return None if delay is None else DelayValues(delay[0], delay[1])
    chance = read_probability(fields, "p_detection", required=False)
    where: Where | None = read_where(fields) if "where" in fields else None
    return None if chance is None else DetectionValues(chance, where)


VALUE_KEYS = ("measure", "asset_kind", "p_detection", "where", "delay")


def read_compensatory_values(node: Node) -> dict[str, DetectionValues | DelayValues]:
    """Read what compensatory measures are worth, by the name of the measure: ``measures``.

    Each has ``measure``, ``asset_kind``, and ``p_detection`` (with ``where``) or ``delay``.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    top = node.fields(("measures",))
    found: dict[str, DetectionValues | DelayValues] = {}
    for fields in top.objects("measures", VALUE_KEYS, empty_code="EMPTY_LIST"):
        name, kind = fields.text("measure"), _kind(fields)
        if name is not None and name in found:
            fields.note("DUPLICATE_ID", "This measure stands in the list already.", "measure")
        if name is None or kind is None:
            continue
        if not {"p_detection", "delay"} & set(fields.value):
            wanted = "p_detection" if kind == DETECTION else "delay"
            fields.note("MISSING_KEY", "The value of the measure is missing.", wanted)
        values = _values(fields, kind)
        if values is not None:
            found[name] = values
    raise_problems(top.problems)
    return found


def with_values(records: Records, values: Mapping[str, DetectionValues | DelayValues]) -> Records:
    """Return records in which the measures have the values that are kept for them."""
    outages = tuple(
        replace(one, compensatory=values[one.measure])
        if one.measure is not None and one.compensatory is None and one.measure in values
        else one
        for one in records.outages
    )
    return replace(records, outages=outages)
