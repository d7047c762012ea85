"""The lists of verification, each with its columns: items, strata, pairs of results, shipments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from keiryo.errors import Finding, Severity
from keiryo.inspection.difference_model import Errors, Floats, Stratum, members
from keiryo.inspection.list_files import Column, Kind, ListFile, ListRow, list_finding, read_list

ITEMS = (
    Column("item", Kind.TEXT, required=True),
    Column("stratum", Kind.TEXT),
    Column("item_kg", Kind.CONTENT),
)
PLAN_STRATA = (
    Column("stratum", Kind.TEXT, required=True),
    Column("items", Kind.COUNT, required=True),
    Column("item_kg", Kind.CONTENT, required=True),
    Column("goal_kg", Kind.CONTENT),
)
STRATA = (
    Column("stratum", Kind.TEXT, required=True),
    Column("items", Kind.COUNT, required=True),
    Column("item_kg", Kind.CONTENT),
    Column("total_kg", Kind.WEIGHT),
    Column("sign", Kind.SIGN, required=True),
    Column("operator_random", Kind.SD),
    Column("operator_systematic", Kind.SD),
    Column("operator_source", Kind.TEXT),
    Column("inspector_random", Kind.SD),
    Column("inspector_systematic", Kind.SD),
    Column("inspector_source", Kind.TEXT),
)
PAIRS = (
    Column("stratum", Kind.TEXT, required=True),
    Column("item", Kind.TEXT, required=True),
    Column("operator_kg", Kind.WEIGHT, required=True),
    Column("inspector_kg", Kind.WEIGHT, required=True),
)
SHIPMENTS = (
    Column("batch", Kind.TEXT, required=True),
    Column("shipper_kg", Kind.WEIGHT, required=True),
    Column("receiver_kg", Kind.WEIGHT, required=True),
    Column("items", Kind.COUNT),
    Column("shipper_epoch", Kind.TEXT),
    Column("receiver_epoch", Kind.TEXT),
)


@dataclass(frozen=True, slots=True)
class PlanStratum:
    """A stratum to be planned for: items of equal size, and its own goal quantity if it has one."""

    name: str
    items: int
    item_kg: float
    goal_kg: float | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Operator's and inspector's results of the verified items."""

    stratum: tuple[str, ...]
    item: tuple[str, ...]
    operator_kg: Floats
    inspector_kg: Floats
    lines: tuple[int, ...]


def column(listed: ListFile, name: str) -> list[Any]:
    """Return the values of a column, row by row."""
    return listed.values[name]


def read_items(path: Path, *, sizes: bool = False) -> ListFile:
    """Read a list of items; `sizes` if their contents are needed.

    Raises
    ------
    UsageError
        If the file cannot be opened.
    """
    columns = [Column(c.name, c.kind, c.required or (sizes and c.name == "item_kg")) for c in ITEMS]
    return read_list(path, columns, once=("item",))


def read_plan_strata(
    path: Path, goal_kg: float | None
) -> tuple[tuple[PlanStratum, ...], tuple[Finding, ...]]:
    """Read the strata of a sampling plan.

    Raises
    ------
    UsageError
        If the file cannot be opened.
    """
    listed = read_list(path, PLAN_STRATA, once=("stratum",))
    findings = list(listed.findings)
    if goal_kg is None:
        for row in listed.rows:
            if row.values["goal_kg"] is None:
                words = f"the stratum {row.values['stratum']} has no goal quantity"
                advice = "Give it in the column goal_kg, or one for all with --goal-kg."
                findings.append(
                    list_finding("LIST-VALUE-MISSING", words, advice, listed.name, row.line)
                )
    strata = tuple(
        PlanStratum(v["stratum"], v["items"], v["item_kg"], v["goal_kg"])
        for v in (row.values for row in listed.rows)
    )
    return strata, tuple(findings)


def read_pairs(path: Path) -> tuple[Pairs, tuple[Finding, ...]]:
    """Read pairs of results.

    Raises
    ------
    UsageError
        If the file cannot be opened.
    """
    listed = read_list(path, PAIRS, once=("stratum", "item"))
    pairs = Pairs(
        tuple(column(listed, "stratum")),
        tuple(column(listed, "item")),
        np.asarray(column(listed, "operator_kg"), dtype=np.float64),
        np.asarray(column(listed, "inspector_kg"), dtype=np.float64),
        tuple(listed.lines),
    )
    return pairs, listed.findings


def read_strata(
    path: Path, pairs: Pairs | None = None
) -> tuple[tuple[Stratum, ...], tuple[Finding, ...]]:
    """Read the strata of a verified balance.

    Parameters
    ----------
    path : Path
    pairs : Pairs, optional
        From which the size of items is taken where the list does not state it.

    Raises
    ------
    UsageError
        If the file cannot be opened.
    """
    listed = read_list(path, STRATA, once=("stratum",))
    findings = list(listed.findings)
    sources: dict[str, tuple[float, int]] = {}
    places = members(pairs.stratum) if pairs is not None else {}
    strata = []
    for row in listed.rows:
        size = _item_kg(row, pairs, places, listed.name, findings)
        operator = _errors(row, "operator", listed.name, findings, sources)
        inspector = _errors(row, "inspector", listed.name, findings, sources)
        given = row.values
        if size is not None:
            strata.append(
                Stratum(given["stratum"], given["items"], size, given["sign"], operator, inspector)
            )
    return tuple(strata), tuple(findings)


def _item_kg(
    row: ListRow,
    pairs: Pairs | None,
    places: dict[str, npt.NDArray[np.intp]],
    name: str,
    findings: list[Finding],
) -> float | None:
    given = row.values
    items, item, total = given["items"], given["item_kg"], given["total_kg"]
    if (
        item is not None
        and total is not None
        and not math.isclose(items * item, total, rel_tol=1e-6)
    ):
        words = f"{items} items of {item:g} kg are {items * item:g} kg, the list says {total:g} kg"
        advice = "Correct one of them; item_kg is the mean content of the items."
        findings.append(list_finding("STRATUM-TOTAL", words, advice, name, row.line))
        return None
    if item is not None:
        return float(item)
    if total is not None and items:
        return float(total / items)
    if pairs is not None and given["stratum"] in places:
        return float(pairs.operator_kg[places[given["stratum"]]].mean())
    if items == 0:
        return 0.0
    words = f"the stratum {given['stratum']} has no item_kg and no total_kg"
    advice = "Give one of them; nothing of the stratum is verified that would show it."
    findings.append(list_finding("LIST-VALUE-MISSING", words, advice, name, row.line))
    return None


def _errors(
    row: ListRow,
    party: str,
    name: str,
    findings: list[Finding],
    sources: dict[str, tuple[float, int]],
) -> Errors | None:
    random, systematic = row.values[f"{party}_random"], row.values[f"{party}_systematic"]
    source = row.values[f"{party}_source"]
    if random is None and systematic is None:
        return None
    if random is None or systematic is None:
        lacks = f"{party}_{'random' if random is None else 'systematic'}"
        words = f"{lacks} of stratum {row.values['stratum']} is empty"
        advice = "Give both standard deviations, 0 where there is no such error."
        findings.append(list_finding("LIST-VALUE-MISSING", words, advice, name, row.line))
        return None
    if source:
        first, line = sources.setdefault(source, (systematic, row.line))
        if first != systematic:
            words = f"the error {source} is {systematic:g} here, in line {line} it is {first:g}"
            advice = "A shared error has one standard deviation; else give it two names."
            findings.append(list_finding("SOURCE-DIFFERS", words, advice, name, row.line))
    return Errors(random, systematic, source)


def form_findings(findings: Sequence[Finding]) -> bool:
    """Whether something is so wrong that nothing can be computed."""
    return any(f.severity is Severity.FORMAT for f in findings)
