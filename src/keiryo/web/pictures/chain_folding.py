"""Which part of an evidence chain is shown: near the focus, and at most so much in a layer.

What is too much in a layer is folded by kind; what is further away, or hangs only on something
folded, is counted at the node where it continues.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keiryo.journal.registry import Link
from keiryo.web.pictures.layered import longest_path_layers, without_cycles


@dataclass(frozen=True, slots=True)
class GraphNode:
    """What is shown of a node.

    Attributes
    ----------
    name : str
        As in the chain: ``"line:3/5"``, ``"report:XAFA/102"``.
    title, detail : str
        Its two lines of text.
    kind : str
        figure, line, act, report, batch, entry, evidence, evaluation, source.
    superseded : bool
        Whether something later took its place.
    """

    name: str
    title: str
    detail: str = ""
    kind: str = ""
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Folded:
    """The part that is shown.

    Attributes
    ----------
    nodes : mapping of name to GraphNode
    links : list of Link
        Between nodes that are shown, each once.
    layer : dict of name to int
        That of the focus is 0; what it rests on has negative numbers.
    members : dict of name to tuple of str
        Names of the nodes in each folded box.
    further : dict of name to int
        How many links of a node lead to what is not shown.
    hidden : int
        Nodes that have no box of their own.
    """

    nodes: Mapping[str, GraphNode]
    links: list[Link]
    layer: dict[str, int]
    members: dict[str, tuple[str, ...]]
    further: dict[str, int]
    hidden: int


def kind_of(name: str) -> str:
    """Return the kind of a node by its name."""
    kind, colon, _ = name.partition(":")
    return kind if colon else "other"


def folded(
    nodes: Sequence[GraphNode],
    links: Sequence[Link],
    focus: str,
    depth: int,
    max_nodes: int,
    most_in_layer: int,
) -> Folded:
    """Return the part of a chain that a picture shows; see `Folded`."""
    known = {node.name: node for node in nodes}
    distance = _distances(links, focus)
    near = [name for name, steps in distance.items() if steps <= depth]
    inside = set(near)
    kept = [li for li in dict.fromkeys(links) if li.source in inside and li.target in inside]
    kept = [li for li in kept if li.source != li.target]
    opened = without_cycles(near, ((li.source, li.target) for li in kept))
    layer = longest_path_layers(near, opened, focus)
    most = most_in_layer
    while True:
        names, members = _fold(near, layer, focus, most)
        if len(set(names.values())) <= max_nodes or most <= 1:
            break
        most -= 1
    names, layer, members = _bounded(names, layer, members, focus, max_nodes)
    shown = {names[name]: layer[name] for name in near if name in names}
    joined = dict.fromkeys(
        Link(names[li.source], li.relation, names[li.target])
        for li in kept
        if li.source in names and li.target in names
    )
    found = {
        name: known.get(name) or GraphNode(name, name.partition(":")[2] or name) for name in shown
    }
    found = {n: _with_kind(node) for n, node in found.items()}
    for name, inner in members.items():
        found[name] = GraphNode(name, "", kind_of(inner[0]), "folded")
    return Folded(
        nodes=found,
        links=_one_way(joined, shown),
        layer=shown,
        members=members,
        further=_further(links, names, members),
        hidden=len(distance) - sum(1 for name in shown if name not in members),
    )


def _with_kind(node: GraphNode) -> GraphNode:
    if node.kind:
        return node
    return GraphNode(node.name, node.title, node.detail, kind_of(node.name), node.superseded)


def _distances(links: Iterable[Link], focus: str) -> dict[str, int]:
    """Return the steps to each node that one reaches by walking on in one direction."""
    after: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for link in links:
        after.setdefault(link.source, []).append(link.target)
        before.setdefault(link.target, []).append(link.source)
    found = {focus: 0}
    for beside in (after, before):
        seen, waiting = {focus: 0}, deque([focus])
        while waiting:
            node = waiting.popleft()
            for other in beside.get(node, ()):
                if other not in seen:
                    seen[other] = seen[node] + 1
                    waiting.append(other)
        for node, steps in seen.items():
            found[node] = min(steps, found.get(node, steps))
    return found


def _fold(
    near: Sequence[str], layer: Mapping[str, int], focus: str, most: int
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return for each node the box that stands for it, at most about `most` in a layer."""
    columns: dict[int, list[str]] = {}
    for name in near:
        columns.setdefault(layer[name], []).append(name)
    names: dict[str, str] = {}
    members: dict[str, tuple[str, ...]] = {}
    for number, column in columns.items():
        column = sorted(column, key=lambda name: name != focus)
        if len(column) <= most:
            names.update((name, name) for name in column)
            continue
        kinds = list(dict.fromkeys(kind_of(name) for name in column))
        single = column[: max(most - len(kinds), 1 if focus in column else 0)]
        names.update((name, name) for name in single)
        for kind in kinds:
            rest = [n for n in column if n not in set(single) and kind_of(n) == kind]
            if len(rest) == 1:
                names[rest[0]] = rest[0]
            elif rest:
                box = f"folded:{number}/{kind}"
                members[box] = tuple(rest)
                names.update((name, box) for name in rest)
    return names, members


def _bounded(
    names: dict[str, str],
    layer: dict[str, int],
    members: dict[str, tuple[str, ...]],
    focus: str,
    max_nodes: int,
) -> tuple[dict[str, str], dict[str, int], dict[str, tuple[str, ...]]]:
    """Leave out the outermost layers until there are few enough boxes."""
    while len(set(names.values())) > max_nodes:
        furthest = max(abs(layer[name]) for name in names)
        if furthest == 0:
            break
        names = {name: box for name, box in names.items() if abs(layer[name]) < furthest}
    boxes = set(names.values())
    members = {box: some for box, some in members.items() if box in boxes}
    return names, layer, members


def _one_way(links: Iterable[Link], layer: Mapping[str, int]) -> list[Link]:
    """Leave out links that lead back where another already connects the same two boxes.

    A batch is listed in a line, and the line is of the batch: one of them is enough to see.
    """
    found = [link for link in links if link.source != link.target]
    forward = {(li.source, li.target) for li in found if layer[li.source] > layer[li.target]}
    return [li for li in found if (li.target, li.source) not in forward]


def _further(
    links: Iterable[Link], names: Mapping[str, str], members: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    found: dict[str, int] = {}
    for link in dict.fromkeys(links):
        for one, other in ((link.source, link.target), (link.target, link.source)):
            if one in names and other not in names and names[one] not in members:
                found[one] = found.get(one, 0) + 1
    return found
