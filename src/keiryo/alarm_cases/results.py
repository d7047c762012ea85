"""Answers of programs as evidence: an identification of nuclides, the replay of a portal's day.

What ``keiryo spectrum identify`` and ``keiryo portal replay`` print as JSON is read strictly: a
text that is cut off, has a probability outside 0 to 1, or lacks a key is refused as a whole. The
nuclides stand in one form, and the word of an instrument for a material (``HEU``, ``WGPu``) counts
as nuclear material.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.alarm_cases.record_forms import refusing, shown
from keiryo.alarm_cases.tables import INDUSTRIAL, MEDICAL, NORM, NUCLEAR, UNKNOWN
from keiryo.errors import Finding
from keiryo.nuclides.names import material_of, nuclide_name

MAX_BYTES, MAX_NUCLIDES, MAX_OCCUPANCIES = 16 << 20, 200, 200_000
POOR_FIT = 3.0
"""Reduced chi square above which a fit by templates leaves something over."""
LEAST_P_VALUE = 0.001
CATEGORY = {
    "norm": NORM, "innocent": NORM, "medical": MEDICAL, "industrial": INDUSTRIAL,
    "nuclear": NUCLEAR, "unknown": UNKNOWN,
}  # fmt: skip
_DAUGHTERS = {
    "Th-232": "Ra-228 Ac-228 Th-228 Ra-224 Rn-220 Pb-212 Bi-212 Tl-208",
    "Ra-226": "Rn-222 Pb-214 Bi-214",
    "U-238": "Th-234 Pa-234m Pa-234",
}
_PARENT = {one: parent for parent, some in _DAUGHTERS.items() for one in some.split()}


@dataclass(frozen=True, slots=True)
class NamedNuclide:
    """A nuclide that an answer names."""

    nuclide: str
    given: str
    probability: str | None
    category: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An identification as the record takes it.

    Attributes
    ----------
    method : str
    nuclides : tuple of NamedNuclide
    undecided : bool
    residual_passed : bool or None
        Whether nothing is left over; None: the answer does not tell.
    """

    method: str
    nuclides: tuple[NamedNuclide, ...]
    undecided: bool
    residual_passed: bool | None


class _UnreadableError(ValueError):
    pass


def parent_of(nuclide: str) -> str:
    """Return the head of the natural series that a daughter stands for, else the nuclide.

    Examples
    --------
    >>> parent_of("Tl-208"), parent_of("Bi-214"), parent_of("Cs-137")
    ('Th-232', 'Ra-226', 'Cs-137')
    """
    return _PARENT.get(nuclide, nuclide)


def named_nuclide(given: str, category: str, probability: str | None = None) -> NamedNuclide:
    """Return a nuclide in one form; a name that is none is kept as text.

    Examples
    --------
    >>> named_nuclide("137Cs", "industrial").nuclide, named_nuclide("WGPu", "unknown").category
    ('Cs-137', 'NUCLEAR')
    """
    name, material = nuclide_name(given), material_of(given)
    wanted = CATEGORY.get(category.lower(), UNKNOWN)
    if name is None and material is not None and material not in ("NORM", "Unknown"):
        return NamedNuclide(material, given, probability, NUCLEAR)
    if name is None:
        plain = "-".join(given.split())[:40] or "unnamed"
        return NamedNuclide(plain, given, probability, wanted if wanted == NUCLEAR else UNKNOWN)
    return NamedNuclide(parent_of(name), given, probability, wanted)


def given_nuclides(given: Iterable[str]) -> tuple[list[NamedNuclide], list[Finding]]:
    """Return nuclides given as ``Cs-137:industrial``, and what is wrong with them."""
    found, wrong = [], []
    for one in given:
        name, _colon, category = one.partition(":")
        if not name.strip() or category.strip().lower() not in CATEGORY:
            told = "Write nuclide and category, as Cs-137:industrial."
            wrong.append(
                refusing("ALARM-ANSWER", f"{shown(one[:60])} is no nuclide with category", told)
            )
        else:
            found.append(named_nuclide(name, category.strip()))
    return found, wrong


def read_identification(content: bytes) -> tuple[Answer | None, list[Finding]]:
    """Return the answer of an identification, and everything that is wrong with it.

    Parameters
    ----------
    content : bytes
        JSON as ``keiryo spectrum identify --format json`` prints it.
    """
    try:
        data = _object(content)
    except _UnreadableError as error:
        return None, [_bad(str(error))]
    wrong: list[str] = []
    for key, kind in (("nuclides", list), ("unexplained", dict), ("undecided", bool)):
        if not isinstance(data.get(key), kind):
            wrong.append(f"{key} is missing or of another kind")
    if wrong:
        return None, [_bad(one) for one in wrong]
    if len(data["nuclides"]) > MAX_NUCLIDES:
        return None, [_bad(f"it names more than {MAX_NUCLIDES} nuclides")]
    found = []
    for number, one in enumerate(data["nuclides"], start=1):
        problem = _nuclide_problem(one)
        if problem:
            wrong.append(f"nuclide {number}: {problem}")
        else:
            found.append(named_nuclide(one["nuclide"], one["category"], _plain(one["probability"])))
    twice = {one.nuclide: one for one in found}
    method = data.get("method")
    if method is not None and (not isinstance(method, str) or len(method) > 40):
        wrong.append("method is no short text")
    if wrong:
        return None, [_bad(one) for one in wrong]
    passed = _residual(data["unexplained"], data["undecided"])
    gravest = [_gravest(one, found) for one in twice.values()]
    return Answer(method or "identify", tuple(gravest), data["undecided"], passed), []


def _gravest(one: NamedNuclide, some: Iterable[NamedNuclide]) -> NamedNuclide:
    grave = [each for each in some if each.nuclide == one.nuclide and each.category == NUCLEAR]
    return grave[0] if grave else one


def _nuclide_problem(one: Any) -> str | None:
    if not isinstance(one, dict):
        return "it is no object"
    name, category = one.get("nuclide"), one.get("category")
    if not isinstance(name, str) or not name.strip() or len(name) > 60:
        return "it has no name"
    if not isinstance(category, str) or category.lower() not in CATEGORY:
        return f"{shown(category)} is no category"
    chance = one.get("probability")
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
        return "its probability is no number from 0 to 1"
    return None if "evidence" in one else "it has no evidence"


def _plain(number: float) -> str:
    return f"{float(number):.6g}"


def _residual(unexplained: Mapping[str, Any], undecided: bool) -> bool | None:
    """Return whether an answer leaves nothing over; None: it does not tell."""
    if undecided:
        return False
    told: list[bool] = []
    if isinstance(unexplained.get("passed"), bool):
        told.append(unexplained["passed"])
    for key in ("peaks", "bins"):
        if key in unexplained:
            told.append(unexplained[key] == [])
    for key, low, high in (
        ("chi2_reduced", 0.0, POOR_FIT),
        ("p_value", LEAST_P_VALUE, 1.0),
    ):
        if key in unexplained:
            value = unexplained[key]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            told.append(bool(number and low <= value <= high))
    return all(told) if told else None


def read_replay(content: bytes) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the occupancies of a replayed portal file, and everything that is wrong.

    Parameters
    ----------
    content : bytes
        JSON as ``keiryo portal replay --format json`` prints it.

    Returns
    -------
    list of dict
        Each with ``number``, ``start``, ``end``, ``gamma_alarm``, ``neutron_alarm``,
        ``instrument_alarm`` and ``max_sigma``.
    """
    try:
        data = _object(content)
    except _UnreadableError as error:
        return [], [_bad(str(error))]
    some = data.get("occupancies")
    if not isinstance(some, list) or len(some) > MAX_OCCUPANCIES:
        return [], [_bad("occupancies is missing, of another kind, or too long")]
    rows, wrong = [], []
    for number, one in enumerate(some, start=1):
        problem = _occupancy_problem(one)
        if problem:
            wrong.append(_bad(f"occupancy {number}: {problem}"))
        else:
            rows.append(one)
    return rows, wrong[:100]


def _occupancy_problem(one: Any) -> str | None:
    if not isinstance(one, dict):
        return "it is no object"
    if not isinstance(one.get("start"), str):
        return "it has no start"
    for key in ("gamma_alarm", "neutron_alarm", "instrument_alarm"):
        if key not in one or not (one[key] is None or isinstance(one[key], bool)):
            return f"{key} is neither true, false nor null"
    sigma = one.get("max_sigma")
    if sigma is not None and (isinstance(sigma, bool) or not isinstance(sigma, int | float)):
        return "max_sigma is no number"
    return None


def occupancy_of(
    rows: Iterable[Mapping[str, Any]], wanted: str
) -> tuple[Mapping[str, Any] | None, list[Finding]]:
    """Return the occupancy of a number or a start; of a number that stands there twice none."""
    some = list(rows)
    found = [one for one in some if one["start"] == wanted]
    if not found and wanted.isdigit():
        found = [one for one in some if one.get("number") == int(wanted)]
    if len(found) == 1:
        return found[0], []
    many = "several occupancies have" if found else "no occupancy has"
    return None, [
        refusing(
            "ALARM-OCCUPANCY",
            f"{many} the number or start {shown(wanted)}",
            "Name it by its start as the replay prints it: counters start again.",
        )
    ]


def _object(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise _UnreadableError("it is larger than 16 MB")
    try:
        data = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except _UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise _UnreadableError("it is no JSON, or it is cut off") from None
    if not isinstance(data, dict):
        raise _UnreadableError("it holds no object")
    if "errors" in data and "nuclides" not in data and "occupancies" not in data:
        raise _UnreadableError("it tells of errors and holds no answer")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _UnreadableError("a key stands there twice")
    return made


def _no_number(text: str) -> Any:
    raise _UnreadableError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _UnreadableError("a number is too large")
    return number


def _bad(message: str) -> Finding:
    return refusing(
        "ALARM-ANSWER",
        f"the answer cannot be taken: {message}",
        "Give the JSON as 'keiryo spectrum identify' or 'keiryo portal replay' printed it.",
    )
