"""The four least protected paths, against all paths judged one by one."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from keiryo.protection import labels
from keiryo.protection.graph import Area, Element, Graph, Target
from keiryo.protection.graph_paths import routes
from keiryo.protection.minima import MEASURES, SAME, TIES_SHOWN, Method, enumerable, minima
from keiryo.protection.task import Task
from protection.graph_cases import every, judged, random_graph, task

GRAPHS = 300
METHODS: tuple[Method, ...] = ("enumeration", "labels")


def test_random_graphs_agree_with_every_path_judged_alone() -> None:
    for seed in range(GRAPHS):
        graph = random_graph(seed)
        paths = [(ids, judged(graph, tasks)) for ids, tasks in every(graph)]
        least = [min(values[place] for _, values in paths) for place in range(4)]
        for method in METHODS:
            found = minima(graph, method)
            assert (found.path_count, found.exact) == (len(paths), True), seed
            for place, measure in enumerate(MEASURES):
                near = least[place] * (1 + SAME) if place == 3 else least[place]
                tied = sorted(ids for ids, values in paths if values[place] <= near)
                minimum = found.measures[measure]
                assert minimum.value == pytest.approx(float(least[place]), rel=1e-10, abs=1e-300)
                told = [minimum.figures.path, *minimum.ties]
                assert told == tied[: TIES_SHOWN + 1], (seed, method, measure)
                assert minimum.all_ties == (len(tied) <= TIES_SHOWN + 1), (seed, measure)


def test_labels_that_were_thinned_still_name_a_path_and_are_not_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labels, "LABELS_KEPT", 0)
    monkeypatch.setattr(labels, "LABELS_OF_AREA", 2)
    inexact = 0
    for seed in range(60):
        graph = random_graph(seed)
        best = minima(graph, "enumeration").measures[MEASURES[3]]
        found = minima(graph, "labels").measures[MEASURES[3]]
        inexact += not found.exact
        assert found.value >= best.value * (1 - SAME), seed
        assert not found.exact or found.figures.path == best.figures.path, seed
    assert inexact


def test_long_paths_are_enumerated_as_long_as_they_are_few() -> None:
    def one(chance: str) -> Task:
        return task(chance, "B", "1", "1")

    count, forks = 3_000, 11
    names = [f"A{n}" for n in range(count + 1)]
    elements = [
        Element(f"{name}{way}", name, after, one("0.01" if way else "0.02"))
        for n, (name, after) in enumerate(itertools.pairwise(names))
        for way in range(2 if n >= count - forks else 1)
    ]
    graph = Graph(
        "A0", {name: Area(name) for name in names}, tuple(elements),
        (Target("T", names[-1], one("0")),), Fraction(1), "A", Fraction(5), Fraction(1),
    )  # fmt: skip
    found = routes(graph)
    assert sum(route.path_count for route in found) == 2**forks
    assert enumerable(found)
