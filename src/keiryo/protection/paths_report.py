"""The result for a facility graph, as data: minima, targets, paths and upgrades."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from keiryo.protection.easi import ASSUMPTIONS
from keiryo.protection.effectiveness import conditional_risk, p_effectiveness
from keiryo.protection.graph_file import GraphInput
from keiryo.protection.graph_paths import PathFigures, figures
from keiryo.protection.input_evidence import FAILED, OVERDUE, STALE, input_evidence
from keiryo.protection.inputs import Warning
from keiryo.protection.minima import MEASURES, Minima, Minimum, TargetMinima, minima
from keiryo.protection.outages import Changed, apply_outages
from keiryo.protection.records_file import Records
from keiryo.protection.upgrades import Ranking, Upgrade, rank

SCHEMA = "keiryo.pp.paths-result/1"
TOP = 20


def paths_result(
    given: GraphInput, top: int = TOP, records: Records | None = None
) -> dict[str, Any]:
    """Return everything that is computed for a facility, ready to be written as JSON.

    Parameters
    ----------
    given : GraphInput
    top : int
        How many paths to list, the least protected first; 0 for all.
    records : Records, optional
        What is out of service and was tested; the result then has ``outages`` too.
    """
    given, changed = _in_service(given, records)
    found = minima(given.graph)
    ranking = None
    if given.options is not None:
        ranking = rank(given.graph, given.options, given.budget)
    targets = [_target(target) for target in found.targets]
    warnings = [*given.warnings, *_warnings(found, ranking)]
    tests = () if records is None else records.tests
    inputs = input_evidence(given, given.as_of, tests)
    warnings += stale_inputs(inputs)
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "classification": given.classification,
        "facility_state": given.state,
        "communication_mode": given.graph.mode,
        "path_count": found.path_count,
        "algorithm": found.algorithm,
        "exact": found.exact,
        "measures": {name: _measure(found.measures[name]) for name in MEASURES},
        "targets": targets,
        "system": _system(targets),
        "paths": [_path(one) for one in least_protected(found, top)],
        "upgrades": None if ranking is None else _ranking(ranking),
        "inputs": inputs,
        "assumptions": list(ASSUMPTIONS),
        "warnings": [one.to_dict() for one in warnings],
    }
    if records is not None:
        told["outages"] = [one.to_dict() for one in changed]
    return told


def _in_service(
    given: GraphInput, records: Records | None
) -> tuple[GraphInput, tuple[Changed, ...]]:
    """Return a facility without what is out of service on its day."""
    return (given, ()) if records is None else apply_outages(given, records.outages)


def stale_inputs(inputs: Sequence[dict[str, Any]]) -> list[Warning]:
    """Return a warning for each input whose test is overdue, or was not passed."""
    told = {
        OVERDUE: "The test of this object is overdue; the evaluation is stale.",
        FAILED: "A later test of this object was not passed; the evaluation is stale.",
    }
    return [
        Warning("EVIDENCE_STALE", f"/{one['kind']}/{one['id']}", told[str(one["why"])])
        for one in inputs
        if one["state"] == STALE
    ]


def aggregate_result(
    given: GraphInput, level: Fraction, records: Records | None = None
) -> dict[str, Any]:
    """Return only whether the least probability of interruption reaches a level."""
    given, _ = _in_service(given, records)
    found = minima(given.graph)
    value = found.measures["min_p_interruption"].value
    return {
        "schema": SCHEMA,
        "classification": given.classification,
        "meets_level": value >= float(level),
        "level": float(level),
        "path_count": found.path_count,
        "exact": found.exact,
    }


def least_protected(found: Minima, top: int) -> list[PathFigures]:
    """Return paths by ascending probability of interruption, then by their ids.

    Where paths were not enumerated, only those of the four minima are known.
    """
    if found.algorithm == "labels":
        known = {one.figures.path: one.figures for one in found.measures.values()}
        ordered = sorted(known.values(), key=lambda one: (one.p_interruption, one.path))
        return ordered[: top or None]
    listed: list[PathFigures] = []
    for target in found.targets:
        assert target.every is not None
        ranks = np.argsort(target.every.chance, kind="stable")[: top or None]
        route = target.route
        listed += [figures(route, route.path(int(place))) for place in ranks]
    listed.sort(key=lambda one: (one.p_interruption, one.path))
    return listed[: top or None]


def _measure(minimum: Minimum) -> dict[str, Any]:
    return {
        "value": minimum.value,
        "path": list(minimum.figures.path),
        "target": minimum.figures.target,
        "cdp": minimum.figures.cdp,
        "ties": [list(path) for path in minimum.ties],
    }


def _target(found: TargetMinima) -> dict[str, Any]:
    target = found.route.target
    effect = risk = neutralised = None
    if target.p_neutralisation is not None:
        neutralised = float(target.p_neutralisation)
        effect = p_effectiveness(found.measures["min_p_interruption"].value, neutralised)
        risk = conditional_risk(effect, float(target.consequence))
    return {
        "id": target.id,
        "path_count": found.route.path_count,
        "measures": {name: _measure(found.measures[name]) for name in MEASURES},
        "p_neutralisation": neutralised,
        "p_effectiveness": effect,
        "conditional_risk": risk,
    }


def _system(targets: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """Return the least effectiveness and the greatest risk; None unless all targets have them."""
    effects = [one["p_effectiveness"] for one in targets]
    risks = [one["conditional_risk"] for one in targets]
    if None in effects:
        return {"p_effectiveness": None, "conditional_risk": None}
    return {"p_effectiveness": min(effects), "conditional_risk": max(risks)}


def _path(one: PathFigures) -> dict[str, Any]:
    return {**one._asdict(), "path": list(one.path)}


def _ranking(ranking: Ranking) -> dict[str, Any]:
    return {
        "budget": None if ranking.budget is None else float(ranking.budget),
        "exact": ranking.exact,
        "evaluated_sets": ranking.evaluated_sets,
        "baseline": _upgrade(ranking.baseline),
        "singles": [_upgrade(one) for one in ranking.singles],
        "best": _upgrade(ranking.best),
        "greedy": _upgrade(ranking.greedy),
    }


def _upgrade(one: Upgrade) -> dict[str, Any]:
    return {
        "options": list(one.options),
        "cost": float(one.cost),
        "min_p_interruption": one.min_p_interruption,
        "gain": one.gain,
        "gain_per_cost": one.gain_per_cost,
        "path": list(one.figures.path),
        "target": one.figures.target,
    }


def _warnings(found: Minima, ranking: Ranking | None) -> list[Warning]:
    """Return what the calculation itself has to say."""
    warnings = []
    if not found.exact:
        told = (
            "There are too many paths to be certain: the least probability of interruption is "
            "that of a path that was found, and a lower one may exist."
        )
        warnings.append(Warning("NOT_EXACT", "/measures/min_p_interruption", told))
    for name in MEASURES:
        minimum = found.measures[name]
        if minimum.exact and not minimum.all_ties:
            told = "More paths may be tied than are listed."
            warnings.append(Warning("TIES_NOT_ALL", f"/measures/{name}/ties", told))
    if ranking is not None and not ranking.exact:
        told = "The best set of options is not certain: see exact."
        warnings.append(Warning("NOT_EXACT", "/upgrades", told))
    return warnings
