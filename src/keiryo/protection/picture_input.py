"""What pictures of a facility need beside the result: its structure, and its paths step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keiryo.protection.easi_file import EasiInput
from keiryo.protection.easi_report import easi_result
from keiryo.protection.graph import Graph
from keiryo.protection.graph_file import GraphInput
from keiryo.protection.task import Response, Task


def graph_structure(given: GraphInput, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return areas, elements and targets with their tasks and the state of their evidence.

    With a result of ``paths`` the states are those that it tells, and what was out of service is
    marked as such.
    """
    graph = given.graph
    state = {one.id: one.state(given.as_of) for one in given.evidence}
    if result is not None:
        state |= {one["id"]: one["state"] for one in result["inputs"]}
        state |= {one["object"]: "out_of_service" for one in result.get("outages", ())}

    def known(name: str, task: Task | None) -> dict[str, Any]:
        if task is None:
            return {"id": name, "task": None}
        told = {
            "p_detection": float(task.p_detection), "where": task.where,
            "mean_s": float(task.mean_s), "sd_s": float(task.sd_s),
        }  # fmt: skip
        return {"id": name, "task": told, "evidence": state.get(name, "none")}

    return {
        "start": graph.start,
        "areas": [known(one.id, one.transit) for one in graph.areas.values()],
        "elements": [
            known(one.id, one.task) | {"from": one.origin, "to": one.destination}
            for one in graph.elements
        ],
        "targets": [known(one.id, one.task) | {"area": one.area} for one in graph.targets],
    }


def response_of(graph: Graph) -> dict[str, float]:
    """Return mean and standard deviation of the response time in seconds."""
    return {"mean_s": float(graph.response_mean_s), "sd_s": float(graph.response_sd_s)}


def path_results(given: GraphInput, result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the result of ``easi`` for the path of each measure, by the name of the measure."""
    graph = given.graph
    elements = {one.id: one for one in graph.elements}
    targets = {one.id: one for one in graph.targets}
    found = {}
    for name, one in result["measures"].items():
        tasks = []
        for id_ in one["path"][:-1]:
            element = elements[id_]
            tasks.append(replace(element.task, name=id_))
            transit = graph.areas[element.destination].transit
            if transit is not None:
                tasks.append(replace(transit, name=element.destination))
        tasks.append(replace(targets[one["path"][-1]].task, name=one["path"][-1]))
        response = Response(graph.response_mean_s, graph.response_sd_s)
        mode: Any = graph.mode
        path = EasiInput(
            tuple(tasks), graph.communication, response, mode, given.classification, ()
        )
        found[name] = easi_result(path)
    return found
