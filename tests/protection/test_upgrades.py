"""Options to strengthen a facility: the worked table, and every set against its own evaluation."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from keiryo.protection import upgrades
from keiryo.protection.graph_file import read_graph
from keiryo.protection.inputs import Node
from keiryo.protection.minima import least_chance
from keiryo.protection.upgrades import Change, Option, applied, conflicts, rank
from protection.graph_cases import random_graph, worked

SINGLES = {
    "U1": (0.6633422060169779, "P1 P3 P6 P7", 0.003336245),
    "U2": (0.6972772055191654, "P2 P3 P6 P7", 0.021971867),
    "U3": (0.8132832542483713, "P1 P3 P6 P7", 0.039987446),
    "U4": (0.8517640024689161, "P1 P4 P6 P7", 0.039686106),
    "U5": (0.6808422483759344, "P1 P3 P6 P7", 0.027508778),
}


def test_the_worked_table_and_the_greedy_search_that_misses_the_best_set() -> None:
    text = worked()
    from_text = read_graph(Node(_exact(text)))
    assert from_text.options is not None
    found = rank(from_text.graph, from_text.options, from_text.budget)
    assert found.baseline.min_p_interruption == pytest.approx(0.6533334706637755, rel=1e-10)
    for one in found.singles:
        value, path, per_cost = SINGLES[one.options[0]]
        assert one.min_p_interruption == pytest.approx(value, rel=1e-10)
        assert " ".join(one.figures.path[:-1]) == path
        assert one.gain_per_cost == pytest.approx(per_cost, abs=1e-9)
    assert found.best.options == ("U4", "U5")
    assert found.best.cost == 6
    assert found.best.min_p_interruption == pytest.approx(0.8876277499412917, rel=1e-10)
    assert found.best.figures.path == ("P1", "P4", "P6", "P7", "T1")
    assert found.greedy.options == ("U3", "U5")
    assert found.greedy.min_p_interruption == pytest.approx(0.847526759690408, rel=1e-10)
    assert (found.exact, found.evaluated_sets) == (True, 13)
    both = [one for one in from_text.options if one.id in ("U2", "U3")]
    least = least_chance(applied(from_text.graph, both))
    assert least.value == pytest.approx(0.8412711378443489, rel=1e-10)


def _exact(value: object) -> object:
    """Return content of a file with exact numbers, as reading gives them."""
    from decimal import Decimal

    if isinstance(value, dict):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def _options(seed: int) -> list[Option]:
    draw, graph = random.Random(seed), random_graph(seed)
    fields = {
        "p_detection": ["0", "0.4", "0.99", "1"],
        "where": ["B", "M", "E"],
        "delay.mean_s": ["0", "45.5"],
        "delay.sd_s": ["0", "7"],
    }
    objects = [one.id for one in (*graph.elements, *graph.targets)]
    objects += [one.id for one in graph.areas.values() if one.transit]
    made = []
    for number in range(5):
        name, field = draw.choice(objects), draw.choice(list(fields))
        text = draw.choice(fields[field])
        change = Change(name, field, text if field == "where" else Fraction(text))
        if number == 3:
            change = Change("response", draw.choice(["mean_s", "sd_s"]), Fraction(20))
        if number == 4:
            change = Change("communication", "", Fraction(1))
        group = draw.choice([None, None, "g"])
        made.append(Option(f"U{9 - number}", Fraction(draw.randint(0, 3)), (change,), group))
    return made


@pytest.mark.parametrize("seed", range(25))
def test_the_best_set_is_the_best_of_all_sets_evaluated_alone(seed: int) -> None:
    graph, options, budget = random_graph(seed), _options(seed), Fraction(4)
    if list(conflicts(options)):
        options = options[:1] + options[3:]
    found = rank(graph, options, budget)
    values = {}
    for size in range(len(options) + 1):
        for some in itertools.combinations(options, size):
            groups = [one.group for one in some if one.group]
            cost = sum((one.cost for one in some), Fraction(0))
            if cost <= budget and len(groups) == len(set(groups)):
                value = least_chance(applied(graph, some)).value
                values[tuple(sorted(one.id for one in some))] = (value, cost)
    assert found.evaluated_sets == len(values)
    most = max(value for value, _ in values.values())
    tied = [
        (cost, len(ids), ids)
        for ids, (value, cost) in values.items()
        if value >= most * (1 - 1e-12)
    ]
    assert found.best.options == min(tied)[2]
    assert found.best.min_p_interruption == pytest.approx(most, rel=1e-12, abs=1e-300)
    assert found.greedy.cost <= budget
    assert found.greedy.min_p_interruption >= found.baseline.min_p_interruption


def test_with_too_many_sets_only_the_greedy_set_is_found_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = read_graph(Node(_exact(worked())))
    assert given.options is not None
    monkeypatch.setattr(upgrades, "WORK_EXHAUSTIVE", 12 * 16)
    found = rank(given.graph, given.options, given.budget)
    assert not found.exact
    assert found.best == found.greedy
    assert found.best.options == ("U3", "U5")


def test_a_free_option_that_gains_comes_first() -> None:
    given = read_graph(Node(_exact(worked())))
    assert given.options is not None
    free = Option("U9", Fraction(0), (Change("P1", "where", "B"),))
    better = Option("U8", Fraction(0), (Change("P3", "p_detection", Fraction("0.95")),))
    found = rank(given.graph, [*given.options, free, better], Fraction(0))
    assert found.greedy.options == found.best.options == ("U8",)
    assert found.greedy.gain_per_cost is None


def test_options_that_change_one_field_conflict_unless_they_share_a_group() -> None:
    change = (Change("P1", "p_detection", Fraction(1)),)
    one, other = (Option(name, Fraction(1), change, "g") for name in "ab")
    apart = Option("c", Fraction(1), change)
    assert list(conflicts([one, other])) == []
    assert list(conflicts([one, other, apart])) == [(0, 2)]


def test_of_options_without_cost_the_first_by_id_is_taken_first() -> None:
    content = _exact(worked())
    free = {"cost": 0, "group": "g"}
    more, surer = {"object": "communication", "value": 1}, {"object": "response", "field": "sd_s"}
    content["options"] = [
        {"id": "U2", **free, "set": [more]},
        {"id": "U1", **free, "set": [surer | {"value": 59}]},
    ]
    given = read_graph(Node(content))
    assert given.options is not None
    found = rank(given.graph, given.options)
    assert (found.greedy.options, found.best.options) == (("U1",), ("U2",))
