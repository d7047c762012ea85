"""Trials and successes of tests by element, read from a file, and the bounds that they give."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from keiryo.protection.classification import classification_of
from keiryo.protection.evidence import ALPHA, Trials, lower_bound, pooled
from keiryo.protection.inputs import Fields, InputError, Node, Problem, load, raise_problems

SCHEMA = "keiryo.pp.trial-counts/1"
RESULT = "keiryo.pp.trial-counts-result/1"
KEYS = ("alpha", "test", "pool")
TEST_KEYS = ("id", "element", "trials", "successes", "conditions")
REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class TestCounts:
    """The counts of one test."""

    id: str
    element: str
    trials: Trials


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of many tests.

    Attributes
    ----------
    tests : tuple of TestCounts
    reasons : dict of str to str
        Why the trials of an element are pooled across conditions.
    alpha : Fraction
    classification : str
    """

    tests: tuple[TestCounts, ...]
    reasons: dict[str, str]
    alpha: Fraction
    classification: str


def read_counts_file(path: Path | str) -> Counts:
    """Read counts from a TOML or JSON file.

    Raises
    ------
    InputError
        ``TRIALS_RANGE``, ``ALPHA_RANGE``, ``DUPLICATE_ID``, ``EMPTY_FIELD``, ``POOL`` for a
        reason of an element without tests, and what `keiryo.protection.inputs` tells.
    """
    return read_counts(load(path))


def read_counts(node: Node) -> Counts:
    """Read counts from the content of a file; raises as `read_counts_file`."""
    top = node.fields(KEYS)
    classification = classification_of(top)
    alpha = top.number("alpha", low=0, high=1, low_open=True, code="ALPHA_RANGE", required=False)
    if alpha == 1:
        top.note("ALPHA_RANGE", "It must lie between 0 and 1.", "alpha")
    found, names = [], set[str]()
    for fields in top.objects("test", TEST_KEYS, empty_code="EMPTY_LIST"):
        name, element = _name(fields, "id"), _name(fields, "element")
        trials, successes = _whole(fields, "trials"), _whole(fields, "successes")
        conditions = fields.text("conditions", required=False) or ""
        if trials is not None and successes is not None and successes > trials:
            told = "There are more successes than trials."
            fields.note("TRIALS_RANGE", told, "successes")
        if name is not None and name in names:
            fields.note("DUPLICATE_ID", "This test stands in the file already.", "id")
        names.add(name or "")
        if name and element and trials is not None and successes is not None:
            found.append(TestCounts(name, element, Trials(trials, successes, conditions)))
    reasons = _reasons(top, {one.element for one in found})
    raise_problems(top.problems)
    return Counts(tuple(found), reasons, ALPHA if alpha is None else alpha, classification)


def counts_result(given: Counts) -> dict[str, Any]:
    """Return the bound of each element, as plain data.

    Raises
    ------
    InputError
        ``NOT_POOLED`` for every element whose tests had different conditions, without a reason.
    """
    by_element: dict[str, list[TestCounts]] = {}
    for one in given.tests:
        by_element.setdefault(one.element, []).append(one)
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for element, tests in sorted(by_element.items()):
        try:
            whole = pooled([one.trials for one in tests], given.reasons.get(element))
        except InputError as error:
            problems += error.problems
            continue
        rows.append(
            {
                "element": element,
                "tests": [one.id for one in tests],
                "trials": whole.trials,
                "successes": whole.successes,
                "conditions": whole.conditions,
                "pooled_because": given.reasons.get(element),
                "point": whole.successes / whole.trials if whole.trials else None,
                "lower_bound": lower_bound(whole.successes, whole.trials, given.alpha),
            }
        )
    raise_problems(problems)
    return {
        "schema": RESULT,
        "classification": given.classification,
        "alpha": float(given.alpha),
        "elements": rows,
    }


def _name(fields: Fields, name: str) -> str | None:
    text = fields.text(name)
    if text is not None and not text.strip():
        fields.note("EMPTY_FIELD", "A name belongs here.", name)
        return None
    return text


def _whole(fields: Fields, name: str) -> int | None:
    value = fields.number(name, low=0, high=1_000_000, code="TRIALS_RANGE")
    if value is not None and value.denominator != 1:
        fields.note("TRIALS_RANGE", "It must be a whole number, 0 or more.", name)
        return None
    return None if value is None else int(value)


def _reasons(top: Fields, elements: set[str]) -> dict[str, str]:
    if "pool" not in top:
        return {}
    given = top.value["pool"]
    known = given if isinstance(given, dict) else ()
    fields = Fields(given, top.at("pool"), top.problems, known)
    found = {}
    for element in fields.value:
        text = fields.text(element, length=REASON_LENGTH)
        if element not in elements:
            fields.note("POOL", "There is no test of this element.", element)
        elif text is not None and not text.strip():
            fields.note("EMPTY_FIELD", "Pooling needs a reason.", element)
        elif text is not None:
            found[element] = text
    return found
