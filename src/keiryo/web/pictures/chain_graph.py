"""The evidence chain of a figure as a picture that can be walked in both directions.

Left stands what the node in the middle rests on, right what rests on it; a step further from the
middle is a step further in the chain. Every node leads to the picture with itself in the middle.
Where too many stand in a layer, those of a kind are folded into one box that leads to their list.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from keiryo.journal.registry import Link
from keiryo.web.pictures.chain_folding import Folded, GraphNode, folded
from keiryo.web.pictures.graph_icons import icon
from keiryo.web.pictures.layered import Placed, arranged
from keiryo.web.pictures.svg import (
    Drawn,
    box,
    fitted,
    group,
    joined,
    linked,
    path,
    picture,
    words,
)
from keiryo.web.pictures.writing import PLAIN, Writing

NODE_WIDTH, NODE_HEIGHT = 190.0, 46.0
_GAP, _PASSING, _BETWEEN, _MARGIN, _HEAD = 14.0, 10.0, 108.0, 14.0, 30.0


@dataclass(frozen=True, slots=True)
class GraphLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Evidence chain of {focus}"
    description: str = (
        "{focus}. Left of it stands what it rests on ({left} shown), right of it what rests on it "
        "({right} shown). {hidden} more are folded or further away."
    )
    rests_on: str = "rests on"
    focus: str = "in focus"
    followed_by: str = "what rests on it"
    more: Mapping[str, str] | None = None
    and_more: str = "and {count} more: {kind}"
    further: str = "{count} further links"
    relations: Callable[[str], str] = str
    kinds: Callable[[str], str] = str


def chain_graph(
    nodes: Sequence[GraphNode],
    links: Sequence[Link],
    *,
    focus: str,
    href: Callable[[str], str | None],
    more_href: Callable[[Sequence[str]], str | None] | None = None,
    max_nodes: int = 48,
    most_in_layer: int = 10,
    depth: int = 2,
    labels: GraphLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the picture of a chain around a node as SVG text.

    Parameters
    ----------
    nodes : sequence of GraphNode
        What is said about nodes; nodes of `links` that are missing here show their names.
    links : sequence of Link
        From ``keiryo.journal.why`` and ``keiryo.journal.dependents``; both directions mixed.
    focus : str
        Name of the node in the middle.
    href : callable
        From the name of a node to the address of the picture with it in the middle.
    more_href : callable, optional
        From the names of folded nodes to the address of their list.
    max_nodes : int
        Most boxes.
    most_in_layer : int
        Most boxes above one another.
    depth : int
        Steps from the focus that are shown.
    labels : GraphLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element of its own size; put it where it can be scrolled.
    """
    labels = labels or GraphLabels()
    shown = folded(nodes, links, focus, depth, max(max_nodes, 3), max(most_in_layer, 2))
    layer = shown.layer
    pairs = [(li.source, li.target) for li in shown.links if layer[li.source] > layer[li.target]]
    placed = arranged(shown.layer, pairs, size=NODE_HEIGHT, gap=_GAP, passing=_PASSING)
    columns = sorted(placed.columns)
    left_of = {number: _MARGIN + n * (NODE_WIDTH + _BETWEEN) for n, number in enumerate(columns)}
    drawing = _Drawing(shown, placed, left_of, focus, labels, writing, href, more_href)
    width = 2 * _MARGIN + len(columns) * NODE_WIDTH + (len(columns) - 1) * _BETWEEN
    focus_text = shown.nodes[focus].title
    sides = [
        sum(1 for n in shown.layer.values() if (n < 0) == left and n) for left in (True, False)
    ]
    return picture(
        *(width, _HEAD + placed.height + _MARGIN),
        drawing.heads(),
        drawing.edges(),
        joined(*(drawing.node(name) for name in shown.layer)),
        title=labels.title.format(focus=focus_text),
        description=labels.description.format(
            focus=focus_text,
            left=writing.count(sides[0]),
            right=writing.count(sides[1]),
            hidden=writing.count(shown.hidden),
        ),
        class_="pic-chain",
        with_links=True,
        fixed=True,
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws boxes and links at the places that the layout gave them."""

    shown: Folded
    placed: Placed
    left_of: Mapping[int, float]
    focus: str
    labels: GraphLabels
    writing: Writing
    href: Callable[[str], str | None]
    more_href: Callable[[Sequence[str]], str | None] | None

    def _left(self, name: str) -> float:
        return self.left_of[self.shown.layer[name]]

    def _middle(self, member: Hashable) -> float:
        return self.placed.middle[member] + _HEAD

    def heads(self) -> Drawn:
        """Return the words above the columns: which side is which."""
        x = self._left(self.focus)
        pieces = [words(x + NODE_WIDTH / 2, 18, self.labels.focus, "pic-tick", anchor="middle")]
        if min(self.left_of) < 0:
            end = x - 16
            pieces.append(words(end, 18, f"◂ {self.labels.rests_on}", "pic-tick", anchor="end"))
        if max(self.left_of) > 0:
            pieces.append(
                words(x + NODE_WIDTH + 16, 18, f"{self.labels.followed_by} ▸", "pic-tick")
            )
        return group("pic-heads", *pieces)

    def node(self, name: str) -> Drawn:
        """Return the box of a node."""
        node = self.shown.nodes[name]
        x, y = self._left(name), self._middle(name) - NODE_HEIGHT / 2
        state = " pic-focus" if name == self.focus else ""
        state += " pic-struck" if node.superseded else ""
        kind = node.kind if node.kind.isalpha() and node.kind.isascii() else "other"
        title, detail = node.title, node.detail
        if node.kind == "folded":
            count = len(self.shown.members[name])
            text = (self.labels.more or {}).get(node.detail, self.labels.and_more)
            title = text.format(
                count=self.writing.count(count), kind=self.labels.kinds(node.detail)
            )
            detail = ""
        rest = self.shown.further.get(name, 0)
        said = " · ".join(filter(None, (self.labels.kinds(node.kind), title, detail)))
        pieces = [
            box(x, y, NODE_WIDTH, NODE_HEIGHT, "pic-box", radius=5),
            icon(node.kind, x + 10, y + 8),
            words(x + 32, y + 19, fitted(title, NODE_WIDTH - 40, 13.2), "pic-node-title"),
            words(
                x + 32,
                y + 36,
                fitted(detail, NODE_WIDTH - (74 if rest else 40), 11),
                "pic-node-detail",
            ),
        ]
        if rest:
            text = f"+{self.writing.count(rest)}"
            pieces.append(words(x + NODE_WIDTH - 7, y + 36, text, "pic-further", anchor="end"))
            said += f" ({self.labels.further.format(count=self.writing.count(rest))})"
        drawn = group(f"pic-node pic-kind-{kind.lower()}{state}", *pieces, title=said)
        if name == self.focus:
            return drawn
        return linked(self._address(name), drawn)  # its name is what stands in the box

    def _address(self, name: str) -> str | None:
        if name in self.shown.members:
            return self.more_href(self.shown.members[name]) if self.more_href else None
        return self.href(name)

    def edges(self) -> Drawn:
        """Return the links, each relation of a node from a place of its own, labelled once."""
        out: dict[tuple[str, str], list[str]] = {}
        into: dict[tuple[str, str], list[str]] = {}
        for link in self.shown.links:
            out.setdefault((link.source, link.relation), []).append(link.target)
            into.setdefault((link.target, link.relation), []).append(link.source)
        leave = self._ports(out)
        reach = self._ports(into)
        lines, texts, written = [], [], set[tuple[str, str, bool]]()
        for link in self.shown.links:
            begin, end = leave[link.source, link.relation], reach[link.target, link.relation]
            lines.append(self._edge(link, begin, end))
            at_source = len(out[link.source, link.relation]) >= len(
                into[link.target, link.relation]
            )
            key = (link.source if at_source else link.target, link.relation, at_source)
            if key not in written:
                written.add(key)
                texts.append(self._relation(link, begin if at_source else end, at_source))
        return group("pic-edges", *lines, *texts)

    def _ports(self, ends: Mapping[tuple[str, str], list[str]]) -> dict[tuple[str, str], float]:
        """Return the height at which each relation of a node leaves or reaches its box."""
        of_node: dict[str, list[str]] = {}
        for name, relation in ends:
            of_node.setdefault(name, []).append(relation)
        found = {}
        for name, relations in of_node.items():

            def centre(relation: str, name: str = name) -> tuple[float, str]:
                others = ends[name, relation]
                return sum(self._middle(other) for other in others) / len(others), relation

            relations.sort(key=centre)
            spacing = min(13.0, (NODE_HEIGHT - 8) / max(len(relations) - 1, 1))
            first = self._middle(name) - spacing * (len(relations) - 1) / 2
            for number, relation in enumerate(relations):
                found[name, relation] = first + number * spacing
        return found

    def _is_backward(self, link: Link) -> bool:
        return self.shown.layer[link.source] <= self.shown.layer[link.target]

    def _edge(self, link: Link, begin: float, end: float) -> Drawn:
        """Return a link from the left of its source to the right of its target."""
        x, y = self._left(link.source), begin
        steps: list[str | float] = ["M", x, y]
        class_ = (
            "pic-edge pic-edge-focus" if self.focus in (link.source, link.target) else "pic-edge"
        )
        if self._is_backward(link):  # closes a cycle: round the outside
            goal = self._left(link.target)
            reach = min(x, goal) - 40
            steps += ["C", reach, y, reach, end, goal, end]
            tip = _arrow(goal, end, -6)
            return path(f"{class_} pic-edge-back", *steps, *tip)
        for number in range(self.shown.layer[link.source] - 1, self.shown.layer[link.target], -1):
            through = self._middle((link.source, link.target, number))
            steps += [*_bend(x, y, self.left_of[number] + NODE_WIDTH, through)]
            x, y = self.left_of[number], through
            steps += ["H", x]
        goal = self._left(link.target) + NODE_WIDTH
        return path(class_, *steps, *_bend(x, y, goal, end), *_arrow(goal, end, 6))

    def _relation(self, link: Link, y: float, at_source: bool) -> Drawn:
        text = fitted(self.labels.relations(link.relation), _BETWEEN - 16, 10)
        if self._is_backward(link) or at_source:
            x = self._left(link.source) - 5
            return words(x, y - 3, text, "pic-relation", anchor="end")
        x = self._left(link.target) + NODE_WIDTH + 9
        return words(x, y - 3, text, "pic-relation")


def _bend(x: float, y: float, goal: float, end: float) -> tuple[str | float, ...]:
    """Return the curve that goes level out of one place and level into the other."""
    half = (x - goal) / 2
    return "C", x - half, y, goal + half, end, goal, end


def _arrow(x: float, y: float, length: float) -> tuple[str | float, ...]:
    return "M", x + length, y - 3.5, "L", x, y, x + length, y + 3.5
