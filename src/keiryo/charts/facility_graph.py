"""The facility as a layered graph: areas from outside to the targets, elements between them.

The adversary sequence diagram as the defender uses it. The least protected path of each of four
measures runs through it as a strand with its own colour, dashes and number; its critical detection
point is a diamond. What values rest on is said at each element by a mark and in words.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from keiryo.charts import palette
from keiryo.charts.drawing import number
from keiryo.charts.facility_legend import (
    BADGE,
    COLOURS,
    DASHES,
    DETAILED,
    MARGIN,
    Legend,
    badge,
    evidence_mark,
)
from keiryo.charts.layered_layout import Columns, longest_path_layers
from keiryo.charts.protection_words import ENGLISH, MEASURES, Words
from keiryo.charts.vector import (
    SIZE,
    Sheet,
    Vector,
    fitted,
    place,
    width_of,
)

MOST_AREAS, MOST_ELEMENTS = 150, 450
"""Larger facilities are drawn without what lies on none of the four paths, and not at all if the
paths alone have more."""
NO_EVIDENCE = {"none", "expired", "stale", "out_of_service"}

_COLUMN_GAP, _GAP, _STRAND = 34.0, 10.0, 4.5
_LEAST_WIDTH, _MOST_LABEL, _SMALL = 780.0, 270.0, 9.5
_LINE, _PADDING = 14.0, 5.0


@dataclass(frozen=True, slots=True)
class _Path:
    """The least protected path of one measure; `places` are the things it passes, in order."""

    number: int
    measure: str
    value: str
    ids: tuple[str, ...]
    places: tuple[str, ...]
    cdp: str | None


@dataclass(frozen=True, slots=True)
class _Node:
    """One thing that is drawn: kind, the lines written in it, its evidence, what passes it."""

    kind: str
    lines: tuple[str, ...]
    title: str
    evidence: str = "valid"
    on: tuple[int, ...] = ()
    cdp_of: tuple[int, ...] = ()
    dead: bool = False

    @property
    def marks(self) -> tuple[tuple[int, bool], ...]:
        """The badges above it: number of a path, and whether it is its critical point."""
        passing = () if self.kind == "area" else self.on
        shown = sorted({*passing, *self.cdp_of})
        return tuple((one, one in self.cdp_of) for one in shown)

    @property
    def box_height(self) -> float:
        """The height of its box."""
        return _LINE * len(self.lines) + 2 * _PADDING

    @property
    def height(self) -> float:
        """Its height with the badges, which stand half over the upper edge."""
        if self.kind == "run":
            return 4.0 + _STRAND * max(0, len(self.on) - 1)
        return self.box_height + (2 * BADGE + 4.0 if self.marks else 0.0)


def facility_graph(
    graph: Mapping[str, Any], measures: Mapping[str, Any], words: Words = ENGLISH
) -> Vector:
    """Return the drawing of a facility with its least protected paths.

    Parameters
    ----------
    graph : mapping
        ``start``; ``areas``, ``elements``, ``targets``: lists of mappings with ``id``; elements
        with ``from`` and ``to``, targets with ``area``; each with ``task`` (``p_detection``,
        ``where``, ``mean_s``, ``sd_s``; None for an area without) and ``evidence`` (``none``,
        ``expired``, ``stale``, ``out_of_service`` or ``valid``).
    measures : mapping
        By the names of `MEASURES`: ``value``, ``path`` (ids of elements, then the target),
        ``cdp`` (an id or None).
    words : Words

    Raises
    ------
    ValueError
        If the areas form a cycle.
    """
    paths = _paths(graph, measures, words)
    shown, left_out = _shown(graph, paths)
    note = words("graph.left_out", **left_out) if left_out else ""
    if left_out and not shown["areas"]:
        note = words("graph.too_long", most=MOST_AREAS)
    title = words("graph.title")
    if not graph["areas"]:
        told = words("graph.empty")
        return Vector(title, told, _LEAST_WIDTH, 60, partial(_nothing, title, told))
    drawing = _Drawing.of(shown, paths, words)
    legend = Legend(graph, paths, drawing.nodes, words, note)
    width = max(_LEAST_WIDTH, drawing.width)
    top = legend.height(width)
    described = " ".join(_description(graph, paths, words, note))

    def draw(sheet: Sheet) -> None:
        legend.draw(sheet, width)
        drawing.draw(sheet, (width - drawing.width) / 2, top)

    return Vector(title, described, width, top + drawing.height + MARGIN, draw)


def _nothing(title: str, told: str, sheet: Sheet) -> None:
    sheet.words(MARGIN, 22, title, size=14, bold=True)
    sheet.words(MARGIN, 44, told, fill=palette.MUTED)


def path_value_text(measure: str, value: float, words: Words = ENGLISH) -> str:
    """Return the value of a measure in words; a delay has its unit."""
    text = number(value, 6 if measure == "min_delay_s" else 4)
    return words("seconds", value=text) if measure == "min_delay_s" else text


def _paths(graph: Mapping[str, Any], measures: Mapping[str, Any], words: Words) -> list[_Path]:
    """Return the path of each measure with all that it passes."""
    ends = {one["id"]: (one["from"], one["to"]) for one in graph["elements"]}
    found = []
    for place_, name in enumerate(MEASURES, 1):
        one = measures.get(name)
        if one is None:
            continue
        ids = tuple(one["path"])
        places = [graph["start"]]
        for element in ids[:-1]:
            places += [element, ends[element][1]]
        places.append(ids[-1])
        value = path_value_text(name, one["value"], words)
        found.append(_Path(place_, name, value, ids, tuple(places), one["cdp"]))
    return found


def _shown(
    graph: Mapping[str, Any], paths: Sequence[_Path]
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return what is drawn of a graph, and how much is left out of a large one."""
    areas, elements = graph["areas"], graph["elements"]
    if len(areas) <= MOST_AREAS and len(elements) <= MOST_ELEMENTS:
        return dict(graph), {}
    kept = {name for path in paths for name in path.places}
    part = {
        name: [one for one in graph[name] if one["id"] in kept]
        for name in ("areas", "elements", "targets")
    }
    left_out = {
        "areas": len(areas) - len(part["areas"]),
        "elements": len(elements) - len(part["elements"]),
    }
    if len(part["areas"]) > MOST_AREAS or len(part["elements"]) > MOST_ELEMENTS:
        part = {name: [] for name in part}
    return {**graph, **part}, left_out


def _description(
    graph: Mapping[str, Any], paths: Sequence[_Path], words: Words, note: str
) -> Iterable[str]:
    yield words("graph.size", areas=len(graph["areas"]), elements=len(graph["elements"]))
    if note:
        yield note
    for path in paths:
        told = {
            "measure": words(path.measure), "value": path.value, "path": " – ".join(path.ids),
        }  # fmt: skip
        if path.cdp is None:
            yield words("graph.path_no_cdp", **told)
        else:
            yield words("graph.path", **told, cdp=path.cdp)
    counts = Counter(one.get("evidence", "valid") for one in graph["elements"])
    for state in sorted(NO_EVIDENCE & set(counts)):
        said = words(f"evidence.{state}")
        yield words(
            "graph.evidence", count=counts[state], all=len(graph["elements"]), state=said
        )  # fmt: skip


# --- what stands where ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Drawing:
    """Nodes at their places, and the chains of nodes that each element links."""

    nodes: dict[str, _Node]
    chains: list[tuple[str, ...]]
    paths: Sequence[_Path]
    left: dict[str, float]
    wide: dict[str, float]
    middle: dict[str, float]
    width: float
    height: float

    @classmethod
    def of(cls, graph: Mapping[str, Any], paths: Sequence[_Path], words: Words) -> _Drawing:
        elements = graph["elements"]
        nodes = _nodes(graph, paths, words)
        layer = longest_path_layers(
            (one["id"] for one in graph["areas"]), ((one["from"], one["to"]) for one in elements)
        )
        column = {area: 2 * number_ for area, number_ in layer.items()}
        chains = [_chain(one, column, nodes) for one in elements]
        for target in graph["targets"]:
            column[target["id"]] = column[target["area"]] + 1
            chains.append((target["area"], target["id"]))
        links = [pair for chain in chains for pair in itertools.pairwise(chain)]
        columns = Columns.of(column, links)
        columns.order()
        middle = columns.heights(lambda name: nodes[name].height, _GAP)
        left: dict[str, float] = {}
        wide: dict[str, float] = {}
        x = MARGIN
        for names in columns.nodes:
            width = max((_box_width(nodes[name]) for name in names), default=0.0)
            for name in names:
                left[name], wide[name] = x, width
            x += width + _COLUMN_GAP
        height = (
            max(middle[name] + node.height / 2 for name, node in nodes.items()) if nodes else 0.0
        )
        return cls(nodes, chains, paths, left, wide, middle, x - _COLUMN_GAP + MARGIN, height)

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        for chain in self.chains:
            sheet.path(self._curve(chain, x, y, 0.0), stroke=palette.MUTED, line=0.8)
        for path in self.paths:
            colour, dash = COLOURS[path.number - 1], DASHES[path.number - 1]
            strand = sheet.group(f"{path.number} {' – '.join(path.ids)}")
            for chain in self.chains:
                if _follows(chain, path):
                    others = sorted(p.number for p in self.paths if _follows(chain, p))
                    away = (others.index(path.number) - (len(others) - 1) / 2) * _STRAND
                    steps = self._curve(chain, x, y, away)
                    strand.path(steps, stroke=colour, line=2.6, dash=dash)
        for name, node in self.nodes.items():
            if node.kind != "run":
                self._draw_node(sheet.group(node.title), name, node, x, y)

    def _curve(self, chain: Sequence[str], x: float, y: float, away: float) -> str:
        """Return the way along a chain, moved across by the place of the strand."""
        steps, before = [], chain[0]
        for n, name in enumerate(chain[1:], 1):
            x1 = x + self.left[before] + self.wide[before]
            x2 = x + self.left[name]
            y1, y2 = y + self._port(before) + away, y + self._port(name) + away
            half = (x1 + x2) / 2
            start = f"M{place(x1)} {place(y1)}" if n == 1 else f"L{place(x1)} {place(y1)}"
            if self.nodes[before].kind == "element" and n > 1:
                start = f"M{place(x1)} {place(y1)}"
            steps.append(
                f"{start} C{place(half)} {place(y1)} {place(half)} {place(y2)} "
                f"{place(x2)} {place(y2)}"
            )
            before = name
        return " ".join(steps)

    def _port(self, name: str) -> float:
        """Return the height at which strands reach a node: the middle of its box."""
        node = self.nodes[name]
        return self.middle[name] + (node.height - node.box_height) / 2 if node.lines else (
            self.middle[name]
        )  # fmt: skip

    def _draw_node(self, sheet: Sheet, name: str, node: _Node, x: float, y: float) -> None:
        left, width = x + self.left[name], self.wide[name]
        middle, high = y + self._port(name), node.box_height
        top = middle - high / 2
        edge = palette.MUTED if node.dead else palette.INK
        fill = palette.BAND if node.kind == "area" else palette.PAPER
        weight = 1.6 if node.on else 1.0
        dash = "4 3" if node.dead else ""
        radius = {"area": 0.0, "element": 3.0, "target": 12.0}[node.kind]
        sheet.box(left, top, width, high, fill=fill, stroke=edge, line=weight, radius=radius,
                  dash=dash)  # fmt: skip
        if node.kind == "target":
            sheet.box(left + 3, top + 3, width - 6, high - 6, stroke=edge, line=1.0, radius=9)
        line = top + _PADDING + _LINE - 3.5
        for n, text in enumerate(node.lines):
            marked = n == len(node.lines) - 1 and node.evidence in NO_EVIDENCE
            size = SIZE if n == 0 else _SMALL
            room = width - 2 * _PADDING - (13 if marked else 0)
            shown = fitted(text, room, size, bold=n == 0)
            centre = left + width / 2 + (6.5 if marked else 0)
            if marked:
                half = width_of(shown, size) / 2
                evidence_mark(sheet, centre - half - 8, line - 3.3, node.evidence)
            sheet.words(centre, line, shown, size=size, anchor="middle", bold=n == 0)
            line += _LINE
        step = 2 * BADGE + 3
        at = left + width / 2 - step * (len(node.marks) - 1) / 2
        for number_, critical in node.marks:
            badge(sheet, at, top - BADGE + 2, number_, critical=critical)
            at += step


def _follows(chain: Sequence[str], path: _Path) -> bool:
    """Return whether a path leads along a chain."""
    if len(chain) == 2:
        return chain[1] == path.ids[-1]
    return chain[1] in path.ids


def _chain(element: Mapping[str, Any], column: dict[str, int], nodes: dict[str, _Node]) -> Any:
    """Place an element beside the area it leaves; a long way on has a place in each column."""
    origin, destination, name = element["from"], element["to"], element["id"]
    column[name] = column[origin] + 1
    runs = []
    for number_ in range(column[origin] + 2, column[destination]):
        run = f"{name} {number_}"  # no id has a space
        column[run] = number_
        nodes[run] = _Node("run", (), "", on=nodes[name].on)
        runs.append(run)
    return (origin, name, *runs, destination)


def _nodes(graph: Mapping[str, Any], paths: Sequence[_Path], words: Words) -> dict[str, _Node]:
    detailed = len(graph["elements"]) <= DETAILED
    alive = _alive(graph)
    on: dict[str, list[int]] = {}
    critical: dict[str, list[int]] = {}
    for path in paths:
        for name in path.places:
            on.setdefault(name, []).append(path.number)
        if path.cdp is not None:
            critical.setdefault(path.cdp, []).append(path.number)
    nodes = {}
    for kind in ("area", "element", "target"):
        for one in graph[f"{kind}s"]:
            name, task = one["id"], one.get("task")
            evidence = one.get("evidence") or "valid"
            said = words(f"evidence.{evidence}")
            lines, title = [name], [name]
            if kind == "element":
                title.append(words("graph.from_to", origin=one["from"], destination=one["to"]))
                dead = not {one["from"], one["to"]} <= alive
            else:
                dead = one.get("area", name) not in alive
            if task is not None:
                if detailed:
                    lines.append(
                        f"{number(task['p_detection'])} {task['where']}, "
                        f"{words('seconds', value=number(task['mean_s']))}"
                    )
                title.append(_task_words(task, words))
                title.append(said)
                if evidence in NO_EVIDENCE:
                    lines.append(said)
            if on.get(name):
                title.append(words("graph.on_paths", paths=", ".join(map(str, on[name]))))
            nodes[name] = _Node(
                kind, tuple(lines), "; ".join(title), evidence if task else "valid",
                tuple(on.get(name, ())), tuple(critical.get(name, ())), dead,
            )  # fmt: skip
    return nodes


def _task_words(task: Mapping[str, Any], words: Words) -> str:
    return words(
        "graph.detection",
        p=number(task["p_detection"]), where=task["where"], mean=number(task["mean_s"], 6),
    )  # fmt: skip


def _alive(graph: Mapping[str, Any]) -> set[str]:
    """Return the areas on a route from the start to a target."""
    forth: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    for one in graph["elements"]:
        forth.setdefault(one["from"], []).append(one["to"])
        back.setdefault(one["to"], []).append(one["from"])
    ends = (one["area"] for one in graph["targets"])
    return _reached([graph["start"]], forth) & _reached(ends, back)


def _reached(starts: Iterable[str], onwards: Mapping[str, Sequence[str]]) -> set[str]:
    found = set(starts)
    waiting = list(found)
    while waiting:
        for one in onwards.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def _box_width(node: _Node) -> float:
    if node.kind == "run":
        return 0.0
    widths = [
        width_of(text, SIZE if n == 0 else _SMALL, bold=n == 0) for n, text in enumerate(node.lines)
    ]
    if node.evidence in NO_EVIDENCE:
        widths[-1] += 13
    badges = len(node.marks) * (2 * BADGE + 3)
    return max(46.0, min(_MOST_LABEL, max(*widths, badges, 0.0) + 2 * _PADDING + 4))
