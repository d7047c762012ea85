"""Colours, line styles and markers of the charts: safe for colour-blind eyes, never alone.

The colours are those that Okabe and Ito chose to be told apart with any kind of colour vision
(M. Okabe, K. Ito, *Color Universal Design*, 2008). Every colour that carries a meaning comes with
a line style, a marker or a hatch, so that a chart says the same in black and white.
"""

from __future__ import annotations

INK = "#1b1f24"
MUTED = "#57606a"
GRID = "#d8dde3"
PAPER = "#ffffff"
BLUE = "#0072b2"
SKY = "#56b4e9"
GREEN = "#009e73"
ORANGE = "#e69f00"
VERMILION = "#d55e00"
PURPLE = "#b0578d"
BAND = "#dbe9f4"

DARK = {
    INK: "#e6e9ed",
    MUTED: "#a5afba",
    GRID: "#39424c",
    PAPER: "#171b20",
    BLUE: "#5db2ea",
    SKY: "#3f8fc0",
    GREEN: "#2fc79b",
    ORANGE: "#e0a52c",
    VERMILION: "#ff8a3d",
    PURPLE: "#dd8fbf",
    BAND: "#22394c",
}
"""What stands for each colour on a dark page; a page replaces them by its style sheet."""

CURVES: tuple[tuple[str, str | tuple[float, tuple[float, ...]], str], ...] = (
    (BLUE, "-", "o"),
    (VERMILION, (0, (6, 2)), "s"),
    (GREEN, (0, (2, 1.4)), "^"),
    (PURPLE, (0, (6, 1.6, 1.4, 1.6)), "D"),
    (ORANGE, (0, (9, 2, 2, 2, 2, 2)), "v"),
    (INK, (0, (1, 1)), "P"),
)
"""Colour, line style and marker of the curves of one chart, in this order."""

COMPONENTS: dict[str, tuple[str, str]] = {
    "random": (SKY, ""),
    "epoch": (ORANGE, "//"),
    "long": (BLUE, "\\\\"),
    "": (BLUE, ""),
}
"""Colour and hatch of a part of a variance, by the kind of its error source."""

CANCELS = (VERMILION, "xx")
"""Colour and hatch of a part of a variance that is negative: errors that cancel."""

FIXED_LIGHT, FIXED_DARK = "#fefefe", "#1c1f23"
"""Text on the cells of a heat map, which keep their colours on a dark page."""
