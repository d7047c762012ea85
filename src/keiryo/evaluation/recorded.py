"""Evaluations that were recorded: which one stands for a balance, and what it said.

The last one at the standard false-alarm probability stands for its balance. One at another
probability is a study beside it; it is shown as what stands only while there is no other.

An evaluation is outdated if what went into it is no longer the same: amounts, error sources,
results, calibrations, and the limits and options that it was made with.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, MetaData, Select, and_, select

from keiryo.accounts.model import Knowledge
from keiryo.dates import Period, date_number
from keiryo.evaluation.false_alarms import STANDARD_ALPHA, is_standard
from keiryo.evaluation.items import AreaItems
from keiryo.evaluation.limits import Limit
from keiryo.evaluation.model import CONVENTION, ELEMENT, Measurement, Options, day_text
from keiryo.evaluation.strata import Coverage
from keiryo.evaluation.tables import EVALUATION, EVALUATION_TEST
from keiryo.places.tables import area
from keiryo.quantities import Category

LEVEL = "false-alarm probability"
RULES = "rules"
EXPECTED = "expected standard deviation"
"""Tests of an evaluation that state how it was made."""

_ACTS_NAMED = 500


def amounts_digests(items: AreaItems, coverage: Coverage) -> list[str]:
    """Return for each balance the digest of its amounts and of what their errors rest on."""
    behind: dict[int, str] = {}
    digests = [hashlib.sha256(CONVENTION.encode()) for _ in items.periods]
    for use in items.uses:
        number = use.measurement
        if number not in behind:
            behind[number] = repr(_behind(items.measurements[number], coverage))
        content = (
            use.term, use.code, use.sign, use.element_mg, use.fissile_mg, use.line[2:4],
            coverage.stratum(use), behind[number],
        )  # fmt: skip
        digests[use.balance].update(repr(content).encode())
    return [digest.hexdigest() for digest in digests]


def _behind(measurement: Measurement, coverage: Coverage) -> list[Any]:
    """Return what the errors of a measurement rest on."""
    content: list[Any] = [measurement.line[2:4], measurement.original]
    for quantity in (ELEMENT, "isotope"):
        cover = coverage.cover(measurement.number, quantity)
        if cover is None:
            continue
        content.append((cover.samples, cover.analyses, cover.items_only, cover.missing))
        for source in cover.sources:
            result = coverage.result(measurement.number, source.source)
            content.append((source.act, source.line))
            content.append(None if result is None else (result.act, result.line))
            if source.kind == "epoch":
                content.append(coverage.epoch(measurement.number, source))
    return content


def inputs_digest(
    amounts: str,
    limits: Iterable[Limit],
    options: Options,
    expected: tuple[float, str, bool] | None,
) -> str:
    """Return the digest of all that goes into the evaluation of a balance.

    Parameters
    ----------
    amounts : str
        Digest of the amounts and of what their errors rest on.
    limits : iterable of Limit
        In force at the end of the balance; who decided on them, and when, does not count.
    options : Options
    expected : tuple of (float, str, bool) or None
    """
    held = [
        (x.name, x.form, x.value, x.floor_kg, x.mba, x.categories, x.quantity, x.enrichment)
        for x in limits
    ]
    how = (f"{options.alpha:.12g}", options.rules, options.expected, expected)
    return hashlib.sha256(repr((CONVENTION, amounts, held, how)).encode()).hexdigest()


def options_of(
    connection: Connection, metadata: MetaData, lines: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Options]:
    """Return how recorded evaluations were made, by act and line."""
    wanted = {line: Options() for line in lines}
    if not wanted:
        return {}
    table = metadata.tables[EVALUATION_TEST.name]
    query = (
        select(table.c.act_id, table.c.parent_line, table.c.test, table.c.value, table.c.basis)
        .where(table.c.test.in_((LEVEL, RULES, EXPECTED)))
        .order_by(table.c.act_id, table.c.line_no)
    )
    acts = sorted({act for act, _ in wanted})
    if len(acts) <= _ACTS_NAMED:
        query = query.where(table.c.act_id.in_(acts))
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for act, parent, test, value, basis in connection.execute(query):
        found.setdefault((int(act), int(parent)), {})[test] = value if test == LEVEL else basis
    for line in wanted:
        if stated := found.get(line):
            rules = tuple((stated.get(RULES) or "").split(", "))
            wanted[line] = Options(
                float(stated[LEVEL]), tuple(r for r in rules if r), stated.get(EXPECTED)
            )
    return wanted


def recorded_digest(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    category: Category,
    knowledge: Knowledge,
) -> tuple[int, str, Options] | None:
    """Return act, digest of inputs and options of the evaluation that stands, or None."""
    found = _evaluations(connection, metadata, mba, period, category)
    if knowledge.through_act is not None:
        found = [one for one in found if one[0] <= knowledge.through_act]
    if not found:
        return None
    act, digest, line_no, _ = max(found, key=lambda one: standing_first(one[3], one[0]))
    return act, digest, options_of(connection, metadata, [(act, line_no)])[act, line_no]


def last_evaluation_act(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    category: Category,
    alpha: float,
) -> int | None:
    """Return the last act that evaluated a balance of a category at a probability, or None."""
    found = _evaluations(connection, metadata, mba, period, category)
    return max((one[0] for one in found if math.isclose(one[3], alpha)), default=None)


def _evaluations(
    connection: Connection, metadata: MetaData, mba: str, period: Period, category: Category
) -> list[tuple[int, str, int, float]]:
    """Return act, digest, line and false-alarm probability of the evaluations of a balance."""
    table = metadata.tables[EVALUATION.name]
    query = _with_alpha(
        metadata, select(table.c.act_id, table.c.inputs_digest, table.c.line_no)
    ).where(
        table.c.mba == mba,
        table.c.period_from == date_number(period.start),
        table.c.period_to == date_number(period.end),
        table.c.category == str(category),
        table.c.quantity == ELEMENT,
    )
    return [
        (int(act), str(digest), int(line), _alpha(level))
        for act, digest, line, level in connection.execute(query)
    ]


def _with_alpha(metadata: MetaData, query: Select[Any]) -> Select[Any]:
    """Return a query of evaluations with the false-alarm probability of each as last column."""
    table, tests = metadata.tables[EVALUATION.name], metadata.tables[EVALUATION_TEST.name]
    level = and_(
        tests.c.act_id == table.c.act_id,
        tests.c.parent_line == table.c.line_no,
        tests.c.test == LEVEL,
    )
    return (
        query.add_columns(tests.c.value.label("level"))
        .select_from(table.outerjoin(tests, level))
        .order_by(table.c.act_id, table.c.line_no)
    )


def _alpha(level: object) -> float:
    return STANDARD_ALPHA if level is None else float(str(level))


def standing_first(alpha: float, act: int) -> tuple[bool, int]:
    """Return by what the evaluation that stands is the greatest of those of a balance."""
    return is_standard(alpha), act


def recorded_evaluations(
    connection: Connection, metadata: MetaData, mba: str | None = None, *, every: bool = False
) -> list[dict[str, Any]]:
    """Return the recorded evaluations as plain data, in order of area, period and category.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str, optional
        Only of this area.
    every : bool
        Also those that a later one corrected, and those at another false-alarm probability than
        the standard beside one at the standard.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    """
    if mba is not None:
        area(connection, metadata, mba)
    table = metadata.tables[EVALUATION.name]
    query = _with_alpha(metadata, select(table))
    if mba is not None:
        query = query.where(table.c.mba == mba)
    found: dict[Any, dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        period = (row["period_to"], row["period_from"])
        quantity = (row["quantity"] != ELEMENT, row["quantity"])
        name = (row["mba"], *period, row["category"], *quantity)
        sigma, alpha = row["sigma_muf_mg"], _alpha(row["level"])
        key = (*name, row["act_id"] if every else 0)
        if key in found and found[key]["standard"] and not is_standard(alpha):
            continue  # what is at the standard stands
        found[key] = {
            "mba": row["mba"],
            "from": day_text(int(row["period_from"])),
            "to": day_text(int(row["period_to"])),
            "category": row["category"],
            "quantity": row["quantity"],
            "muf": int(row["muf_mg"]) / 1_000_000,
            "muf_mg": int(row["muf_mg"]),
            "sigma_muf": None if sigma is None else float(sigma) / 1_000_000,
            "verdict": row["verdict"],
            "statement": row["statement"],
            "assumptions": str(row["assumptions"]).split("\n"),
            "alpha": alpha,
            "standard": is_standard(alpha),
            "through_act": int(row["through_act"]),
            "inputs_digest": row["inputs_digest"],
            "act": int(row["act_id"]),
            "line": int(row["line_no"]),
        }
    return [found[key] for key in sorted(found)]
