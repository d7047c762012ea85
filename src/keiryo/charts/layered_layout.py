"""Where the nodes of an acyclic graph stand: columns by longest path, few crossings, straight runs.

The columns follow the layered drawing of K. Sugiyama, S. Tagawa, M. Toda, *Methods for visual
understanding of hierarchical system structures*, IEEE Trans. SMC 11 (1981) 109: longest-path
layers, order within a layer by the mean place of the neighbours, sweeps from both sides. Places
along a column are then the least-squares ones in that order (pool adjacent violators).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 24
STRAIGHTENINGS = 12
Link = tuple[str, str]


def longest_path_layers(nodes: Iterable[str], links: Iterable[Link]) -> dict[str, int]:
    """Return for each node how many links its longest way from a first node has.

    Raises
    ------
    ValueError
        If the links form a cycle.
    """
    following: dict[str, list[str]] = {node: [] for node in nodes}
    waiting = dict.fromkeys(following, 0)
    for origin, destination in links:
        following[origin].append(destination)
        waiting[destination] += 1
    layer = {node: 0 for node, count in waiting.items() if not count}
    ready = list(layer)
    for node in ready:  # grows while it is read
        for destination in following[node]:
            layer[destination] = max(layer.get(destination, 0), layer[node] + 1)
            waiting[destination] -= 1
            if not waiting[destination]:
                ready.append(destination)
    if len(ready) < len(following):
        raise ValueError("a graph with a cycle has no layers")
    return layer


@dataclass(slots=True)
class Columns:
    """Nodes in columns, each with its order, and the links between neighbouring columns."""

    nodes: list[list[str]]
    before: Mapping[str, Sequence[str]]
    after: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, column: Mapping[str, int], links: Iterable[Link]) -> Columns:
        """Return the columns; every link leads from a column to the next one."""
        nodes: list[list[str]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
        for node, number in column.items():
            nodes[number].append(node)
        before: dict[str, list[str]] = {node: [] for node in column}
        after: dict[str, list[str]] = {node: [] for node in column}
        for origin, destination in links:
            after[origin].append(destination)
            before[destination].append(origin)
        return cls(nodes, before, after)

    def order(self) -> None:
        """Order each column so that few links cross."""
        self._sort(range(1, len(self.nodes)), self.before)
        best, least = [list(one) for one in self.nodes], self.crossings()
        for sweep in range(SWEEPS):
            if not least:
                break
            if sweep % 2:
                self._sort(range(1, len(self.nodes)), self.before)
            else:
                self._sort(range(len(self.nodes) - 2, -1, -1), self.after)
            if (found := self.crossings()) < least:
                best, least = [list(one) for one in self.nodes], found
        self.nodes = best

    def _sort(self, numbers: Iterable[int], towards: Mapping[str, Sequence[str]]) -> None:
        """Sort columns by the mean place of the neighbours; without any a node stays about there.

        Places are shares of the column's length, because columns differ in length.
        """
        share: dict[str, float] = {}
        for column in self.nodes:
            share |= {node: (n + 0.5) / len(column) for n, node in enumerate(column)}
        for number in numbers:
            column = self.nodes[number]
            mean = {
                node: sum(share[one] for one in towards[node]) / len(towards[node])
                if towards[node]
                else share[node]
                for node in column
            }
            column.sort(key=mean.__getitem__)
            share |= {node: (n + 0.5) / len(column) for n, node in enumerate(column)}

    def crossings(self) -> int:
        """Return how many pairs of links cross."""
        count = 0
        for left, right in zip(self.nodes, self.nodes[1:], strict=False):
            at = {node: n for n, node in enumerate(right)}
            seen: list[int] = []
            for node in left:
                ends = sorted(at[one] for one in self.after[node])
                count += sum(1 for end in ends for one in seen if one > end)
                seen += ends
        return count

    def heights(self, size: Callable[[str], float], gap: float) -> dict[str, float]:
        """Return the middle of each node across its column; the smallest edge is at 0.

        Parameters
        ----------
        size : callable
            The height of a node.
        gap : float
            The least distance between the edges of two nodes.
        """
        middle: dict[str, float] = {}
        for column in self.nodes:
            edge = -sum(size(node) + gap for node in column) / 2
            for node in column:
                middle[node] = edge + size(node) / 2
                edge += size(node) + gap
        for round_ in range(STRAIGHTENINGS):
            backwards = round_ % 2 == 0
            numbers = range(len(self.nodes))
            for number in reversed(numbers) if backwards else numbers:
                column = self.nodes[number]
                wanted = [self._wanted(node, middle, backwards) for node in column]
                for node, found in zip(column, _spread(column, wanted, size, gap), strict=True):
                    middle[node] = found
        top = min((middle[node] - size(node) / 2 for node in middle), default=0.0)
        return {node: found - top for node, found in middle.items()}

    def _wanted(self, node: str, middle: Mapping[str, float], backwards: bool) -> float:
        """Return where a node would like to be: the mean of its neighbours, twice that ahead."""
        near, far = (self.after, self.before) if backwards else (self.before, self.after)
        found = [middle[one] for one in near[node]] * 2 + [middle[one] for one in far[node]]
        return sum(found) / len(found) if found else middle[node]


def _spread(
    column: Sequence[str], wanted: Sequence[float], size: Callable[[str], float], gap: float
) -> list[float]:
    """Return the places nearest to the wanted ones at which nodes keep their order and distance."""
    shift, shifts = 0.0, []
    for n, node in enumerate(column):
        shift += (size(column[n - 1]) + size(node)) / 2 + gap if n else 0.0
        shifts.append(shift)
    blocks: list[tuple[float, int]] = []  # mean and length
    for value, moved in zip(wanted, shifts, strict=True):
        mean, length = value - moved, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean = (mean * length + other * count) / (length + count)
            length += count
        blocks.append((mean, length))
    flat = [mean for mean, length in blocks for _ in range(length)]
    return [mean + moved for mean, moved in zip(flat, shifts, strict=True)]
