"""Graphs for tests: the worked one, random ones, and a slow judge of single paths."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from keiryo.protection.graph import Area, Element, Graph, Target
from keiryo.protection.task import Task, weight


def task(p: str, where: str, mean: str, sd: str) -> Task:
    """Return a task from decimal texts."""
    return Task(Fraction(p), where, Fraction(mean), Fraction(sd))  # type: ignore[arg-type]


def random_graph(seed: int) -> Graph:
    """Return a small graph with parallel elements, ties, zero variances and certainties."""
    draw = random.Random(seed)
    chances = draw.choice([["0", "0.3", "0.5", "0.9"], ["0", "0.5", "1"], ["0.2", "0.25", "0.7"]])
    means = draw.choice([["0", "10", "20"], ["0.1", "0.2", "0.3", "30"], ["5", "12.5", "40", "80"]])
    spreads = draw.choice([["0"], ["0", "3"], ["1.5", "4", "9"], ["0.1", "0.2", "30"]])
    wheres = draw.choice(["BME", "B", "M"])

    def some() -> Task:
        return task(
            draw.choice(chances), draw.choice(wheres), draw.choice(means), draw.choice(spreads)
        )

    count = draw.randint(2, 6)
    ids = [f"A{number}" for number in range(count)]
    draw.shuffle(ids)
    areas = {one: Area(one, some() if draw.random() < 0.6 else None) for one in ids}
    elements = []
    for before in range(count - 1):
        for _ in range(draw.randint(1, 3)):
            after = draw.randint(before + 1, min(count - 1, before + 2))
            elements.append((ids[before], ids[after], some()))
        elements.append((ids[before], ids[before + 1], some()))
    names = [f"e{number}" for number in range(len(elements))]
    draw.shuffle(names)
    made = tuple(Element(name, *given) for name, given in zip(names, elements, strict=True))
    ends = [ids[-1]] + ([draw.choice(ids)] if draw.random() < 0.4 else [])
    targets = tuple(Target(f"T{place}", end, some()) for place, end in enumerate(ends))
    return Graph(
        start=ids[0],
        areas=areas,
        elements=made,
        targets=targets,
        communication=Fraction(draw.choice(["0", "0.5", "0.95", "1"])),
        mode=draw.choice("AB"),
        response_mean_s=Fraction(draw.choice(["0.3", "30", "60", "100"])),
        response_sd_s=Fraction(draw.choice(["0", "0", "9", "30"])),
    )


def every(graph: Graph) -> Iterator[tuple[tuple[str, ...], list[Task]]]:
    """Give every path of a graph with its tasks, one after another."""

    def onwards(area: str, target: Target) -> Iterator[tuple[tuple[str, ...], list[Task]]]:
        if area == target.area:
            yield (target.id,), [target.task]
            return
        for element in graph.elements:
            if element.origin == area:
                transit = graph.areas[element.destination].transit
                here = [element.task] + ([transit] if transit else [])
                for ids, tasks in onwards(element.destination, target):
                    yield (element.id, *ids), here + tasks

    for target in graph.targets:
        yield from onwards(graph.start, target)


def judged(graph: Graph, tasks: list[Task]) -> tuple[Fraction, Fraction, Fraction, float]:
    """Return the four measures of one path, by their definitions."""
    missed, missed_in_time, chance, open_chance = Fraction(1), Fraction(1), 0.0, 1.0
    for place, one in enumerate(tasks):
        share, later = weight(one.where), tasks[place + 1 :]
        remaining = share * one.mean_s + sum(step.mean_s for step in later)
        variance = (share * one.sd_s) ** 2 + sum(step.sd_s**2 for step in later)
        left, spread = remaining - graph.response_mean_s, variance + graph.response_sd_s**2
        reply = float(left > 0)
        if spread:
            reply = math.erfc(-float(left) / math.sqrt(2 * spread)) / 2
        p, communication = float(one.p_detection), float(graph.communication)
        chance += p * communication * reply * open_chance
        open_chance *= 1 - p * (1.0 if graph.mode == "A" else communication)
        missed *= 1 - one.p_detection
        if left > 0:
            missed_in_time *= 1 - one.p_detection
    delay = sum((one.mean_s for one in tasks), Fraction(0))
    return 1 - missed, delay, 1 - missed_in_time, chance


def worked() -> dict[str, Any]:
    """Return the worked graph G-1 of the domain document, as it stands in a file."""
    text = (Path(__file__).parent / "graph_g1.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
