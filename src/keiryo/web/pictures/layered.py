"""A layered layout of a directed graph: columns from left to right, few crossings, no overlap.

The steps are those of Sugiyama, Tagawa and Toda (1981): cycles are opened, nodes go to layers by
the longest path, links over several layers get a place to pass in each, layers are ordered by
barycentres, and heights are fitted so that links run as level as the order allows (least squares
under the order, by pooling adjacent violators).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 8
_PULLS = 6


def without_cycles(nodes: Sequence[str], links: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the links of which none leads back to where it came from.

    Parameters
    ----------
    nodes : sequence of str
        In the order in which they are to be walked.
    links : iterable of (source, target)
        Between these nodes.
    """
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in dict.fromkeys(links):
        if source != target:
            after[source].append(target)
    state: dict[str, int] = {}
    kept: list[tuple[str, str]] = []
    for root in nodes:
        if root in state:
            continue
        state[root] = 1
        walk = [(root, iter(after[root]))]
        while walk:
            node, rest = walk[-1]
            for target in rest:
                if state.get(target) == 1:
                    continue  # would close a cycle
                kept.append((node, target))
                if target not in state:
                    state[target] = 1
                    walk.append((target, iter(after[target])))
                    break
            else:
                state[node] = 2
                walk.pop()
    return kept


def longest_path_layers(
    nodes: Sequence[str], links: Sequence[tuple[str, str]], focus: str
) -> dict[str, int]:
    """Return the layer of each node, that of the focus being 0.

    A link leads from its source to a target in a layer of a smaller number. What the focus leads
    to lies as close to it as it can, and so does what leads to the focus.
    """
    after: dict[str, list[str]] = {node: [] for node in nodes}
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in links:
        after[source].append(target)
        before[target].append(source)
    order = _topological(nodes, after, before)
    layer = {focus: 0}
    for node in order:  # sources first: what lies below the focus
        above = [layer[s] for s in before[node] if s in layer]
        if node != focus and above:
            layer[node] = min(above) - 1
    for node in reversed(order):  # targets first: all others, above what they lead to
        if node not in layer:
            below = [layer[t] for t in after[node] if t in layer]
            layer[node] = max(below) + 1 if below else 0
    for node in order:  # a node that leads to nothing seen stands beside what leads to it
        if node != focus and not after[node] and before[node]:
            layer[node] = min(layer[s] for s in before[node]) - 1
    return layer


def _topological(
    nodes: Sequence[str], after: Mapping[str, list[str]], before: Mapping[str, list[str]]
) -> list[str]:
    missing = {node: len(before[node]) for node in nodes}
    ready = [node for node in nodes if missing[node] == 0]
    found = []
    while ready:
        node = ready.pop()
        found.append(node)
        for target in after[node]:
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    return found


@dataclass(frozen=True, slots=True)
class Placed:
    """Where everything lies.

    Attributes
    ----------
    columns : dict of int to tuple
        Members of each layer from above to below: nodes, and ``(source, target)`` where a link
        passes.
    middle : dict
        Height of the middle of each member, from 0 on.
    height : float
    """

    columns: dict[int, tuple[Hashable, ...]]
    middle: dict[Hashable, float]
    height: float


def arranged(
    layer: Mapping[str, int],
    links: Sequence[tuple[str, str]],
    *,
    size: float,
    gap: float,
    passing: float,
) -> Placed:
    """Return the order and the heights.

    Parameters
    ----------
    layer : mapping of node to layer
    links : sequence of (source, target)
        Each from a higher layer to a lower one.
    size, gap : float
        Height of a node, and the free height between two.
    passing : float
        Height that a passing link takes.
    """
    columns: dict[int, list[Hashable]] = {}
    for node, number in layer.items():
        columns.setdefault(number, []).append(node)
    steps: list[tuple[Hashable, Hashable]] = []
    for source, target in dict.fromkeys(links):
        chain: list[Hashable] = [source]
        for number in range(layer[source] - 1, layer[target], -1):
            through = (source, target, number)
            columns.setdefault(number, []).append(through)
            chain.append(through)
        steps += zip(chain, [*chain[1:], target], strict=True)
    near = _neighbours(steps)
    ordered = _ordered(columns, near)
    heights: dict[Hashable, float] = {
        member: size if isinstance(member, str) else passing
        for column in ordered.values()
        for member in column
    }
    return _levelled(ordered, near, heights, gap)


def _neighbours(steps: Iterable[tuple[Hashable, Hashable]]) -> dict[Hashable, list[Hashable]]:
    near: dict[Hashable, list[Hashable]] = {}
    for one, other in steps:
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    return near


def _ordered(
    columns: dict[int, list[Hashable]], near: Mapping[Hashable, list[Hashable]]
) -> dict[int, tuple[Hashable, ...]]:
    """Sweep to and fro, ordering each layer by the barycentre of the layer before."""
    numbers = sorted(columns)
    place = {m: float(n) for number in numbers for n, m in enumerate(columns[number])}
    member_of = {m: number for number in numbers for m in columns[number]}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for number in numbers if forward else reversed(numbers):
            beside = number - 1 if forward else number + 1

            def centre(member: Hashable, beside: int = beside) -> float:
                found = [place[m] for m in near.get(member, ()) if member_of[m] == beside]
                return sum(found) / len(found) if found else place[member]

            columns[number].sort(key=centre)
            count = len(columns[number])
            for n, member in enumerate(columns[number]):
                place[member] = (n + 0.5) / count * 100
    return {number: tuple(columns[number]) for number in numbers}


def _levelled(
    columns: dict[int, tuple[Hashable, ...]],
    near: Mapping[Hashable, list[Hashable]],
    heights: Mapping[Hashable, float],
    gap: float,
) -> Placed:
    middle: dict[Hashable, float] = {}
    for column in columns.values():
        total = sum(heights[m] for m in column) + gap * (len(column) - 1)
        y = -total / 2
        for member in column:
            middle[member] = y + heights[member] / 2
            y += heights[member] + gap
    numbers = sorted(columns)
    for pull in range(_PULLS):
        for number in numbers if pull % 2 else reversed(numbers):
            column = columns[number]
            wanted = [
                sum(middle[m] for m in near[member]) / len(near[member])
                if near.get(member)
                else middle[member]
                for member in column
            ]
            offsets, offset = [0.0], 0.0
            for one, other in pairwise(column):
                offset += (heights[one] + heights[other]) / 2 + gap
                offsets.append(offset)
            fitted = monotone([w - o for w, o in zip(wanted, offsets, strict=True)])
            for member, value, o in zip(column, fitted, offsets, strict=True):
                middle[member] = value + o
    top = min((middle[m] - heights[m] / 2 for m in middle), default=0.0)
    bottom = max((middle[m] + heights[m] / 2 for m in middle), default=0.0)
    return Placed(columns, {m: y - top for m, y in middle.items()}, bottom - top)


def monotone(values: Sequence[float]) -> list[float]:
    """Return the never falling numbers that are closest to some numbers (least squares).

    Examples
    --------
    >>> monotone([1, 3, 2, 4])
    [1.0, 2.5, 2.5, 4.0]
    """
    blocks: list[tuple[float, int]] = []
    for value in values:
        total, count = float(value), 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, number = blocks.pop()
            total, count = total + before, count + number
        blocks.append((total, count))
    return [total / count for total, count in blocks for _ in range(count)]
