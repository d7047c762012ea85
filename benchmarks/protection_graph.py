"""How long the four minima of a large layered facility graph take, by exact sums and by labels.

The graph has 100 layers of 100 areas, three elements out of each area, and far too many paths to
enumerate. The goal is one second for each minimum. Values are drawn from a seed and mean nothing.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from fractions import Fraction

from keiryo.protection.graph import Area, Element, Graph, Target
from keiryo.protection.graph_paths import Route, routes
from keiryo.protection.labels import least_interruption
from keiryo.protection.minima import MEASURES, SAME, TIES_SHOWN, least_paths
from keiryo.protection.task import Task

GOAL_S = 1.0


def layered(layers: int, width: int, *, seed: int = 1, spread: bool = True) -> Graph:
    """Return a graph of layers with three elements out of each area into the next layer."""
    draw = random.Random(seed)

    def task(chances: tuple[int, ...]) -> Task:
        mean = draw.randint(1, 30)
        sd = Fraction(3 * mean, 10) if spread else Fraction(0)
        return Task(Fraction(draw.choice(chances), 100), draw.choice("BME"), Fraction(mean), sd)  # type: ignore[arg-type]

    names = [[f"L{layer}_{place}" for place in range(width)] for layer in range(layers)]
    areas = {"OFF": Area("OFF"), "END": Area("END")}
    areas |= {name: Area(name, task((0, 1))) for row in names for name in row}
    links = [("OFF", name) for name in names[0]] + [(name, "END") for name in names[-1]]
    for before, after in itertools.pairwise(names):
        links += [(name, draw.choice(after)) for name in before for _ in range(3)]
        links += [(draw.choice(before), name) for name in after]
    elements = [Element(f"e{n}", *link, task((0, 1, 2, 5))) for n, link in enumerate(links)]
    target = Target("T", "END", task((0,)))
    response = Fraction(layers * 8), Fraction(layers * 2 if spread else 0)
    return Graph("OFF", areas, tuple(elements), (target,), Fraction("0.95"), "A", *response)


def seconds(route: Route, measure: str) -> tuple[float, bool]:
    """Return the time of one minimum, and whether it is exact."""
    begun = time.perf_counter()
    exact = True
    if measure == MEASURES[3]:
        exact = least_interruption(route, same=SAME, ties=TIES_SHOWN).exact
    else:
        next(least_paths(route, measure))
    return time.perf_counter() - begun, exact


def main() -> None:
    """Time the minima and tell them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=100)
    parser.add_argument("--width", type=int, default=100)
    chosen = parser.parse_args()
    for spread in (True, False):
        graph = layered(chosen.layers, chosen.width, spread=spread)
        begun = time.perf_counter()
        (route,) = routes(graph)
        print(f"{len(route.legs)} areas, {'standard deviations' if spread else 'none'}: "
              f"route in {time.perf_counter() - begun:.2f} s")  # fmt: skip
        for measure in MEASURES:
            spent, exact = seconds(route, measure)
            verdict = "reached" if spent <= GOAL_S else "MISSED"
            print(f"  {measure:34} {spent:6.2f} s  exact {exact!s:5}  goal {verdict}")


if __name__ == "__main__":
    main()
