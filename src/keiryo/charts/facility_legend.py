"""Marks of the facility graph, and the legend that stands above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keiryo.charts import palette
from keiryo.charts.protection_words import Words
from keiryo.charts.vector import Sheet, diamond, fitted, polygon, width_of, wrapped

DETAILED = 40
"""Up to so many elements each shows its values; above that only its name and its evidence."""
DASHES = ("", "9 3", "3 2.5", "10 2.5 2.5 2.5")
COLOURS = tuple(colour for colour, _, _ in palette.CURVES[:4])
MARGIN, BADGE = 14.0, 7.0


class ShownPath(Protocol):
    """The path of one measure, as the legend needs it."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def measure(self) -> str:
        """The name of its measure."""

    @property
    def value(self) -> str:
        """The value of the measure, written out."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Its elements and its target."""


class ShownNode(Protocol):
    """A thing that is drawn, as the legend needs it."""

    @property
    def kind(self) -> str:
        """What it is."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written in it."""

    @property
    def evidence(self) -> str:
        """What its values rest on."""

    @property
    def on(self) -> tuple[int, ...]:
        """Numbers of the paths that pass it."""

    @property
    def cdp_of(self) -> tuple[int, ...]:
        """Numbers of the paths whose critical point it is."""

    @property
    def dead(self) -> bool:
        """Whether it is on no route."""


def badge(sheet: Sheet, x: float, y: float, number_: int, *, critical: bool) -> None:
    """Add the number of a path: in a circle, or in a diamond where its critical point is."""
    colour = COLOURS[number_ - 1]
    if critical:
        sheet.path(diamond(x, y, BADGE + 3), fill=palette.PAPER, stroke=colour, line=2.4)
    else:
        sheet.circle(x, y, BADGE, fill=palette.PAPER, stroke=colour, line=1.6)
    sheet.words(x, y + 3.4, str(number_), size=9.5, anchor="middle", bold=True)


def evidence_mark(sheet: Sheet, x: float, y: float, state: str) -> None:
    """Add the mark of what a value rests on: a ring, a triangle, an hourglass, or a crossed box."""
    if state == "none":
        sheet.circle(x, y, 3.6, fill=palette.PAPER, stroke=palette.VERMILION, line=1.5)
    elif state == "expired":
        corners = ((x, y - 4.4), (x + 4.6, y + 3.6), (x - 4.6, y + 3.6))
        sheet.path(polygon(*corners), fill=palette.ORANGE, stroke=palette.INK, line=0.8)
    elif state == "stale":
        half = polygon((x - 4.2, y - 4), (x + 4.2, y - 4), (x - 4.2, y + 4), (x + 4.2, y + 4))
        sheet.path(half, fill=palette.SKY, stroke=palette.INK, line=0.8)
    elif state == "out_of_service":
        sheet.box(x - 4, y - 4, 8, 8, fill=palette.PAPER, stroke=palette.INK, line=1.2)
        sheet.line(x - 4, y - 4, x + 4, y + 4, stroke=palette.INK, line=1.2)
        sheet.line(x - 4, y + 4, x + 4, y - 4, stroke=palette.INK, line=1.2)


@dataclass(frozen=True, slots=True)
class Legend:
    """What stands above the drawing: its title, the four paths, the marks that occur."""

    graph: Mapping[str, Any]
    paths: Sequence[ShownPath]
    nodes: Mapping[str, ShownNode]
    words: Words
    note: str

    def _keys(self) -> list[tuple[str, str]]:
        """Return the marks that occur, each with its words."""
        nodes = self.nodes.values()
        found = []
        if any(node.on for node in nodes):
            found.append(("on", self.words("graph.on_path_key")))
        if any(node.cdp_of for node in nodes):
            found.append(("cdp", self.words("graph.cdp_key")))
        if any(node.kind == "target" for node in nodes):
            found.append(("target", self.words("graph.target_key")))
        states = {node.evidence for node in nodes}
        for state in ("none", "expired", "stale", "out_of_service"):
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
            if rows[-1] and used + needed > width - 2 * MARGIN:
                rows.append([])
                used = 0.0
            rows[-1].append(key)
            used += needed
        return rows

    def _notes(self, width: float) -> list[str]:
        detailed = len(self.graph["elements"]) <= DETAILED or bool(self.note)
        texts = [self.note] if self.note else []
        if detailed and any(len(node.lines) > 1 for node in self.nodes.values()):
            texts.append(self.words("graph.values_key"))
        return [line for text in texts for line in wrapped(text, width - 2 * MARGIN, 10)]

    def height(self, width: float) -> float:
        """Return how far down the legend reaches."""
        lines = len(self.paths) + len(self._rows(width)) + len(self._notes(width))
        return 30 + 18.0 * lines + 18

    def draw(self, sheet: Sheet, width: float) -> None:
        """Add the legend at the top."""
        sheet.words(MARGIN, 22, self.words("graph.title"), size=14, bold=True)
        y = 44.0
        for path in self.paths:
            colour, dash = COLOURS[path.number - 1], DASHES[path.number - 1]
            sheet.line(MARGIN, y - 4, MARGIN + 44, y - 4, stroke=colour, line=2.6, dash=dash)
            badge(sheet, MARGIN + 22, y - 4, path.number, critical=False)
            text = f"{self.words(path.measure)}: {path.value} ({' – '.join(path.ids)})"
            sheet.words(MARGIN + 54, y, fitted(text, width - 2 * MARGIN - 54))
            y += 18
        for row in self._rows(width):
            x = MARGIN
            for kind, text in row:
                _key(sheet, x + 9, y - 4, kind)
                sheet.words(x + 22, y, text, size=10)
                x += 22 + width_of(text, 10) + 18
            y += 18
        for line in self._notes(width):
            sheet.words(MARGIN, y, line, size=10, fill=palette.MUTED)
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
