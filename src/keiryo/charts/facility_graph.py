"""The facility as a layered graph: areas from outside to the targets, elements between them.

The adversary sequence diagram as the defender uses it. The least protected path of each of four
measures runs through it as a strand with its own colour, dashes and number; its critical detection
point is a diamond. What values rest on is said at each element by a mark and in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from keiryo.charts import palette
from keiryo.charts.drawing import number
from keiryo.charts.layered_layout import Columns, longest_path_layers
from keiryo.charts.protection_words import ENGLISH, MEASURES, Words
from keiryo.charts.vector import (
    SIZE,
    Sheet,
    Vector,
    diamond,
    fitted,
    place,
    polygon,
    width_of,
    wrapped,
)

MOST_AREAS, MOST_ELEMENTS = 60, 200
"""Larger facilities are drawn without what lies on none of the four paths."""
DETAILED = 40
"""Up to so many elements each shows its values; above that only its name and its evidence."""
DASHES = ("", "9 3", "3 2.5", "10 2.5 2.5 2.5")
COLOURS = tuple(colour for colour, _, _ in palette.CURVES[:4])
NO_EVIDENCE = {"none", "expired", "out_of_service"}

_MARGIN, _COLUMN_GAP, _GAP, _STRAND = 14.0, 34.0, 10.0, 4.5
_LEAST_WIDTH, _MOST_LABEL, _SMALL, _BADGE = 780.0, 150.0, 9.5, 7.0
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
        return self.box_height + (2 * _BADGE + 4.0 if self.marks else 0.0)


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
        ``expired``, ``out_of_service`` or ``valid``).
    measures : mapping
        By the names of `MEASURES`: ``value``, ``path`` (ids of elements, then the target),
        ``cdp`` (an id or None).
    words : Words

    Raises
    ------
    ValueError
        If the areas form a cycle.
    """
    paths = _paths(graph, measures)
    shown, left_out = _shown(graph, paths)
    note = words("graph.left_out", **left_out) if left_out else ""
    title = words("graph.title")
    if not shown["areas"]:
        told = words("graph.empty")
        return Vector(title, told, _LEAST_WIDTH, 60, partial(_nothing, title, told))
    drawing = _Drawing.of(shown, paths, words)
    legend = _Legend(graph, paths, drawing, words, note)
    width = max(_LEAST_WIDTH, drawing.width)
    top = legend.height(width)
    described = " ".join(_description(graph, paths, words, note))

    def draw(sheet: Sheet) -> None:
        legend.draw(sheet, width)
        drawing.draw(sheet, (width - drawing.width) / 2, top)

    return Vector(title, described, width, top + drawing.height + _MARGIN, draw)


def _nothing(title: str, told: str, sheet: Sheet) -> None:
    sheet.words(_MARGIN, 22, title, size=14, bold=True)
    sheet.words(_MARGIN, 44, told, fill=palette.MUTED)


def path_value_text(measure: str, value: float, words: Words = ENGLISH) -> str:
    """Return the value of a measure in words; a delay has its unit."""
    text = number(value, 6 if measure == "min_delay_s" else 4)
    return words("seconds", value=text) if measure == "min_delay_s" else text


def _paths(graph: Mapping[str, Any], measures: Mapping[str, Any]) -> list[_Path]:
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
        value = path_value_text(name, one["value"])
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
        links = [pair for chain in chains for pair in zip(chain, chain[1:], strict=False)]
        columns = Columns.of(column, links)
        columns.order()
        middle = columns.heights(lambda name: nodes[name].height, _GAP)
        left: dict[str, float] = {}
        wide: dict[str, float] = {}
        x = _MARGIN
        for names in columns.nodes:
            width = max((_box_width(nodes[name]) for name in names), default=0.0)
            for name in names:
                left[name], wide[name] = x, width
            x += width + _COLUMN_GAP
        height = max(middle[name] + node.height / 2 for name, node in nodes.items())
        return cls(nodes, chains, paths, left, wide, middle, x - _COLUMN_GAP + _MARGIN, height)

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
        step = 2 * _BADGE + 3
        at = left + width / 2 - step * (len(node.marks) - 1) / 2
        for number_, critical in node.marks:
            badge(sheet, at, top - _BADGE + 2, number_, critical=critical)
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
    badges = len(node.marks) * (2 * _BADGE + 3)
    return max(46.0, min(_MOST_LABEL, max(*widths, badges, 0.0) + 2 * _PADDING + 4))


# --- marks and legend ----------------------------------------------------------------------------


def badge(sheet: Sheet, x: float, y: float, number_: int, *, critical: bool) -> None:
    """Add the number of a path: in a circle, or in a diamond where its critical point is."""
    colour = COLOURS[number_ - 1]
    if critical:
        sheet.path(diamond(x, y, _BADGE + 3), fill=palette.PAPER, stroke=colour, line=2.4)
    else:
        sheet.circle(x, y, _BADGE, fill=palette.PAPER, stroke=colour, line=1.6)
    sheet.words(x, y + 3.4, str(number_), size=9.5, anchor="middle", bold=True)


def evidence_mark(sheet: Sheet, x: float, y: float, state: str) -> None:
    """Add the mark of what a value rests on: an empty ring, a triangle, or a crossed box."""
    if state == "none":
        sheet.circle(x, y, 3.6, fill=palette.PAPER, stroke=palette.VERMILION, line=1.5)
    elif state == "expired":
        corners = ((x, y - 4.4), (x + 4.6, y + 3.6), (x - 4.6, y + 3.6))
        sheet.path(polygon(*corners), fill=palette.ORANGE, stroke=palette.INK, line=0.8)
    elif state == "out_of_service":
        sheet.box(x - 4, y - 4, 8, 8, fill=palette.PAPER, stroke=palette.INK, line=1.2)
        sheet.line(x - 4, y - 4, x + 4, y + 4, stroke=palette.INK, line=1.2)
        sheet.line(x - 4, y + 4, x + 4, y - 4, stroke=palette.INK, line=1.2)


@dataclass(frozen=True, slots=True)
class _Legend:
    """What stands above the drawing: its title, the four paths, the marks that occur."""

    graph: Mapping[str, Any]
    paths: Sequence[_Path]
    drawing: _Drawing
    words: Words
    note: str

    def _keys(self) -> list[tuple[str, str]]:
        """Return the marks that occur, each with its words."""
        nodes = self.drawing.nodes.values()
        found = []
        if any(node.on for node in nodes):
            found.append(("on", self.words("graph.on_path_key")))
        if any(node.cdp_of for node in nodes):
            found.append(("cdp", self.words("graph.cdp_key")))
        if any(node.kind == "target" for node in nodes):
            found.append(("target", self.words("graph.target_key")))
        states = {node.evidence for node in nodes}
        for state in ("none", "expired", "out_of_service"):
            if state in states:
                found.append((state, self.words(f"evidence.{state}")))
        if any(node.dead for node in nodes):
            found.append(("dead", self.words("graph.dead_key")))
        return found

    def _rows(self, width: float) -> list[list[tuple[str, str]]]:
        """Return the marks in rows that fit."""
        rows: list[list[tuple[str, str]]] = [[]]
        used = 0.0
        for key in self._keys():
            needed = 22 + width_of(key[1], 10) + 18
            if rows[-1] and used + needed > width - 2 * _MARGIN:
                rows.append([])
                used = 0.0
            rows[-1].append(key)
            used += needed
        return rows

    def _notes(self, width: float) -> list[str]:
        detailed = len(self.graph["elements"]) <= DETAILED or bool(self.note)
        texts = [self.note] if self.note else []
        if detailed and any(len(node.lines) > 1 for node in self.drawing.nodes.values()):
            texts.append(self.words("graph.values_key"))
        return [line for text in texts for line in wrapped(text, width - 2 * _MARGIN, 10)]

    def height(self, width: float) -> float:
        """Return how far down the legend reaches."""
        lines = len(self.paths) + len(self._rows(width)) + len(self._notes(width))
        return 30 + 18.0 * lines + 18

    def draw(self, sheet: Sheet, width: float) -> None:
        """Add the legend at the top."""
        sheet.words(_MARGIN, 22, self.words("graph.title"), size=14, bold=True)
        y = 44.0
        for path in self.paths:
            colour, dash = COLOURS[path.number - 1], DASHES[path.number - 1]
            sheet.line(_MARGIN, y - 4, _MARGIN + 44, y - 4, stroke=colour, line=2.6, dash=dash)
            badge(sheet, _MARGIN + 22, y - 4, path.number, critical=False)
            text = f"{self.words(path.measure)}: {path.value} ({' – '.join(path.ids)})"
            sheet.words(_MARGIN + 54, y, fitted(text, width - 2 * _MARGIN - 54))
            y += 18
        for row in self._rows(width):
            x = _MARGIN
            for kind, text in row:
                _key(sheet, x + 9, y - 4, kind)
                sheet.words(x + 22, y, text, size=10)
                x += 22 + width_of(text, 10) + 18
            y += 18
        for line in self._notes(width):
            sheet.words(_MARGIN, y, line, size=10, fill=palette.MUTED)
            y += 18


def _key(sheet: Sheet, x: float, y: float, kind: str) -> None:
    if kind == "on":
        sheet.circle(x, y, 6, fill=palette.PAPER, stroke=palette.MUTED, line=1.6)
    elif kind == "cdp":
        sheet.path(diamond(x, y, 7.5), fill=palette.PAPER, stroke=palette.MUTED, line=2.4)
    elif kind == "target":
        sheet.box(x - 8, y - 6, 16, 12, stroke=palette.INK, radius=5)
        sheet.box(x - 5.5, y - 3.5, 11, 7, stroke=palette.INK, radius=3)
    elif kind == "dead":
        sheet.box(x - 8, y - 6, 16, 12, stroke=palette.MUTED, dash="4 3")
    else:
        evidence_mark(sheet, x, y, kind)
