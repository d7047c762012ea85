"""The colours can be read: contrast of every pair that meets, light and dark.

WCAG 2.2, 1.4.3 (text, 4.5) and 1.4.11 (controls, 3).

The style sheet gives each colour as a pair ``light-dark(light, dark)``; the ratios are computed by
the formula of the recommendation ("relative luminance", "contrast ratio").
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import keiryo.web

CSS = (Path(keiryo.web.__file__).parent / "static" / "keiryo.css").read_text(encoding="utf-8")
PAIR = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(CSS)}

GROUNDS = ("ground", "paper", "sunken", "hover", "chosen")
STATES = ("error", "query", "warning", "info", "ok")
TEXT = [
    *((text, ground) for text in ("ink", "link") for ground in GROUNDS),
    *(("muted", ground) for ground in ("ground", "paper", "sunken", "hover")),
    *((state, f"{state}-ground") for state in STATES),
    *((state, "paper") for state in STATES),
    *(("ink", f"{state}-ground") for state in STATES),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-accent", "danger"),
    ("on-bar", "bar"),
    ("on-bar", "bar-field"),
    ("bar-muted", "bar-field"),
]
CONTROLS = [
    *(("edge", ground) for ground in ("ground", "paper", "sunken")),
    *(("focus", ground) for ground in GROUNDS),
    *((f"chart-{n}", "paper") for n in range(1, 6)),
    ("accent", "paper"),
    ("danger", "paper"),
    ("bar-edge", "bar"),
    ("bar-focus", "bar"),
    ("bar-focus", "bar-field"),
]


def luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    weak = {
        f"{text} on {ground}": round(ratio(COLOURS[text][theme], COLOURS[ground][theme]), 2)
        for text, ground in TEXT
        if ratio(COLOURS[text][theme], COLOURS[ground][theme]) < 4.5
    }
    assert not weak


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_controls_and_focus_can_be_seen(theme: str) -> None:
    weak = {
        f"{colour} on {ground}": round(ratio(COLOURS[colour][theme], COLOURS[ground][theme]), 2)
        for colour, ground in CONTROLS
        if ratio(COLOURS[colour][theme], COLOURS[ground][theme]) < 3
    }
    assert not weak


def test_every_colour_is_one_that_is_checked() -> None:
    decorative = {"line"}
    checked = {name for pair in TEXT + CONTROLS for name in pair}
    assert set(COLOURS) == checked | decorative
    rules = CSS.split("/* ---- 2.")[1].split("@media print")[0]
    assert not re.findall(r"(?<!&)#[0-9a-fA-F]{3,8}\b(?!-)", rules)
