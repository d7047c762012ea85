"""The theory pages do not rot: their tables, numbers and figures are computed anew."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from keiryo.material_balance import thresholds

TOP = Path(__file__).resolve().parent.parent.parent


def script(name: str) -> ModuleType:
    """Return a module of the folder scripts."""
    folder = str(TOP / "scripts")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


figures = script("theory_figures")
numbers = script("theory_numbers")


def test_pages_and_figures_are_fresh() -> None:
    old = figures.outdated()
    assert not old, f"out of date: {', '.join(old)}; run scripts/theory_figures.py"


def test_all_numbers_are_used() -> None:
    tables, values = numbers.used()
    assert tables == set(numbers.BLOCKS)
    assert values == set(numbers.VALUES)


def test_figures_are_small_and_shown() -> None:
    shown = set()
    for page in numbers.PAGES:
        shown |= set(re.findall(r"\]\(\.\./images/theory-([\w-]+)\.svg\)", page.read_text("utf-8")))
    assert shown == set(figures.FIGURES)
    kept = {p.stem.removeprefix("theory-") for p in figures.IMAGES.glob("theory-*.svg")}
    assert kept == shown
    for name in shown:
        assert figures.path(name).stat().st_size < 60_000


def test_a_change_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "σ is 2.7<!--=peer.sigma_muf--> kg\n<!-- begin: cumuf -->\n<!-- end: cumuf -->\n"
    )
    found = numbers.renewed(page)
    assert "σ is 2.2<!--=peer.sigma_muf--> kg" in found
    assert "| σ of CUMUF, kg | 1.643 |" in found
    page.write_text("<!-- begin: no_such_table -->\n<!-- end: no_such_table -->\n")
    with pytest.raises(KeyError):
        numbers.renewed(page)
    drawn = figures.path("cumuf").read_text("utf-8")
    assert figures.alike(drawn, drawn)
    moved = re.sub(r'd="M (\d+)', lambda m: f'd="M {int(m[1]) + 1}', drawn, count=5)
    assert not figures.alike(drawn, moved)
    assert not figures.alike(drawn, drawn.replace("variances summed", "something else"))
    other_version = moved.replace("Matplotlib v", "Matplotlib v0.")
    assert figures.alike(drawn, other_version)
    assert not figures.alike(drawn, other_version.replace("deviation of CUMUF", "of something"))


def test_formulas_of_page_as_written_give_the_threshold() -> None:
    """The recursion printed on the page, atom and density, uses up exactly alpha."""
    threshold = thresholds.page_threshold(8).threshold
    atoms, u, densities = figures.page_distribution(8, threshold)
    weights = np.polynomial.legendre.leggauss(200)[1] * 0.5 * threshold
    assert atoms[-1] + weights @ densities[-1] == pytest.approx(0.95, abs=1e-12)
    assert (np.diff(u) > 0).all()
