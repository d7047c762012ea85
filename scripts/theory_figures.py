"""Write the tables, numbers and figures of the theory pages anew.

    python scripts/theory_figures.py            writes
    python scripts/theory_figures.py --check    writes nothing; fails if something is out of date

Figures are docs/images/theory-NAME.svg. They are compared number by number with a tolerance of a
tenth of a point; one that another version of Matplotlib drew is compared by its title only.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtr

import peer_forms
import peer_numbers as peer
import theory_examples as examples
import theory_numbers as numbers
from keiryo.material_balance import detection, statistics, thresholds

Floats = npt.NDArray[np.float64]

IMAGES = examples.TOP / "docs" / "images"
RIGHT, WRONG, OTHER, QUIET, FAINT = "#0b5fa5", "#c8501e", "#3c8a5a", "#666666", "#bbbbbb"
STYLE = {
    "svg.hashsalt": "keiryo",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
}


@contextmanager
def canvas(rows: int = 1, columns: int = 1, height: float = 2.8) -> Iterator[tuple[Figure, list]]:
    """Give a figure and its axes in the style of the pages."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        yield figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def drawn(figure: Figure, title: str) -> str:
    """Return a figure as SVG text, the same for the same data."""
    with matplotlib.rc_context(STYLE):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Title": title})
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def cumuf() -> str:
    sigma, _ = numbers.example_b()
    at = np.arange(1, 9)
    with canvas() as (figure, (axes,)):
        axes.plot(at, statistics.sigma_cumuf(sigma), "o-", color=RIGHT, label="1ᵀΣ1 (correct)")
        summed = np.sqrt(np.cumsum(np.diag(sigma)))
        axes.plot(at, summed, "s--", color=WRONG, label="variances summed")
        epochs = statistics.sigma_cumuf(examples.recalibrated_facility().covariance())
        axes.plot(at[:4], epochs, "^-", color=OTHER, label="recalibrated every two balances")
        axes.set(xlabel="balance", ylabel="σ of CUMUF, kg", ylim=(0, None))
        axes.legend()
        return drawn(figure, "Standard deviation of CUMUF, Example B")


def sequence() -> str:
    sigma, factor = numbers.example_b()
    m, at = examples.OBSERVED_MUF, np.arange(1, 9)
    y = statistics.sitmuf(m, factor)
    two_sigma = 2 * np.sqrt(np.diag(sigma))
    with canvas(2, 2, 4.4) as (figure, axes):
        for ax, title, values, limit in (
            (axes[0], "MUF, kg, and ±2σ", m, two_sigma),
            (axes[1], "CUMUF, kg, and ±2σ", m.cumsum(), 2 * statistics.sigma_cumuf(sigma)),
        ):
            ax.fill_between(at, -limit, limit, color=FAINT, alpha=0.4, linewidth=0)
            ax.plot(at, values, "o-", color=RIGHT)
            ax.set_title(title)
        for ax, title, values, h in (
            (axes[2], "SITMUF", y, thresholds.shewhart_threshold(8).threshold),
            (axes[3], "Page, k = 0.5", statistics.page(y), thresholds.page_threshold(8).threshold),
        ):
            ax.plot(at, values, "o-", color=RIGHT)
            ax.axhline(h, color=WRONG, linestyle="--")
            ax.annotate(f"h = {h:.3f}", (1, h), (0, -10), textcoords="offset points", color=WRONG)
            ax.set_title(title)
        for ax in axes:
            ax.axhline(0, color=QUIET, linewidth=0.7)
        axes[2].set_xlabel("balance")
        axes[3].set_xlabel("balance")
        return drawn(figure, "Example B: MUF, CUMUF, SITMUF and Page with thresholds")


def page_distribution(balances: int, h: float, k: float = 0.5) -> tuple[Floats, Floats, Floats]:
    """Return atoms at 0, nodes, and densities there, after each balance: the page's formulas."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    u, w = 0.5 * h * (nodes + 1), 0.5 * h * weights

    def normal(x: Floats) -> Floats:
        return np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)

    atom, density = 1.0, np.zeros_like(u)
    atoms, densities = [], []
    for _ in range(balances):
        inflow = normal(u[:, None] - u[None, :] + k) @ (w * density)
        density, atom = (
            atom * normal(u + k) + inflow,
            atom * ndtr(k) + (w * density) @ ndtr(k - u),
        )
        atoms.append(float(atom))
        densities.append(density)
    return np.array(atoms), u, np.array(densities)


def page_density() -> str:
    h = thresholds.page_threshold(8).threshold
    atoms, u, densities = page_distribution(8, h)
    with canvas(1, 2) as (figure, (left, right)):
        for i, color in ((1, FAINT), (2, OTHER), (8, RIGHT)):
            at = slice(None, None, 5)
            left.plot(u[at], densities[i - 1][at], color=color, label=f"after balance {i}")
        left.set(xlabel="S", ylabel="density on (0, h]", xlim=(0, h), ylim=(0, None))
        left.legend()
        right.bar(np.arange(1, 9), atoms, color=RIGHT, width=0.6)
        right.set(xlabel="balance", ylabel="probability of S = 0", ylim=(0, 1))
        return drawn(figure, "Distribution of Page's statistic, k = 0.5, 8 balances")


def power() -> str:
    sigma, factor = numbers.example_b()
    tests = (
        ("neyman_pearson", "Neyman–Pearson", QUIET, "--"),
        ("cumuf_end", "CUMUF, end", OTHER, "-"),
        ("page", "Page, k = 0.5", RIGHT, "-"),
        ("sitmuf", "SITMUF", WRONG, "-"),
        ("gemuf_v1_end", "GEMUF V1, end", FAINT, "-"),
    )
    with canvas(1, 2, 3.0) as (figure, axes):
        for ax, title, loss, most in (
            (axes[0], "the same in every balance", detection.uniform(8, 1.0), 24.0),
            (axes[1], "all in balance 4", detection.abrupt(8, 1.0, 4), 12.0),
        ):
            sizes = np.linspace(0.0, most, 25)
            for test, label, color, line in tests:
                found = [
                    detection.detection(s * loss, sigma, test, factored=factor).probability
                    for s in np.maximum(sizes, 1e-9)
                ]
                ax.plot(sizes, found, line, color=color, label=label)
            ax.set(title=title, xlabel="loss, kg", ylim=(0, 1.02), xlim=(0, most))
        axes[0].set_ylabel("detection probability")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        return drawn(figure, "Detection probability, Example B, alpha 5 %")


def peer_covariance() -> str:
    plant = examples.constant_facility()
    right = np.diag(examples.error_variables(plant).covariance())
    theirs = np.diag(peer_forms.covariance(plant))
    return bars(
        [str(i) for i in range(1, 9)],
        (("correct", right, RIGHT), ("1.5.13-beta", theirs, WRONG)),
        "Diagonal of the covariance, Example B",
        ylabel="variance of MUF, kg²",
        xlabel="balance",
    )


def peer_power() -> str:
    found = peer.power()
    names = [p.loss.replace(", ", "\n") for p in found]
    return bars(
        names,
        (
            ("correct", np.array([p.right for p in found]), RIGHT),
            ("1.5.13-beta", np.array([p.theirs for p in found]), WRONG),
        ),
        "Detection probability of Page's test, each at 5 % false alarms",
        ylabel="detection probability",
    )


def bars(
    names: list[str],
    series: tuple[tuple[str, Floats, str], ...],
    title: str,
    *,
    ylabel: str,
    xlabel: str = "",
) -> str:
    at = np.arange(len(names))
    with canvas() as (figure, (axes,)):
        for shift, (label, values, color) in zip((-0.19, 0.19), series, strict=True):
            axes.bar(at + shift, values, width=0.36, color=color, label=label)
        axes.set_xticks(at, names)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        top = max(float(values.max()) for _, values, _ in series)
        axes.set_ylim(0, 1.28 * top)
        axes.legend(ncols=2, loc="upper center")
        return drawn(figure, title)


def peer_sitmuf() -> str:
    colors = (WRONG, "#e39b5b", "#7a4ea3", OTHER)
    with canvas(height=3.2) as (figure, (axes,)):
        axes.axhline(1.0, color=RIGHT, label="keiryo, and theory")
        for (name, (plant, corrected)), color in zip(peer.plants().items(), colors, strict=True):
            sd = peer.sitmuf_sd(plant, **corrected)
            axes.plot(np.arange(len(sd)), sd, "o-", markersize=3.5, color=color, label=name)
        axes.set(xlabel="slot of the result array", ylabel="standard deviation of SITMUF")
        axes.set_ylim(0, 1.55)
        axes.legend(ncols=2, loc="upper center")
        return drawn(figure, "Standard deviation of SITMUF when nothing is missing")


def peer_thresholds() -> str:
    count = peer.CAMPAIGN_BALANCES
    h = np.linspace(0.05, 5.0, 60)
    share = [thresholds.page_false_alarm(count, float(x)) for x in h]
    with canvas() as (figure, (axes,)):
        axes.plot(h, share, color=RIGHT)
        for value, above in zip(peer.TUTORIAL_THRESHOLDS, (10, 2, 4), strict=True):
            mark(axes, value, thresholds.page_false_alarm(count, value), WRONG, above)
        mark(axes, thresholds.page_threshold(count).threshold, 0.05, OTHER, 4)
        axes.set(xlabel="threshold of Page's test, k = 0.5", ylabel="false-alarm probability")
        axes.set(ylim=(0, 1.12), xlim=(0, 5))
        return drawn(figure, f"False alarms of Page's test in {count} balances")


def mark(axes: Axes, x: float, y: float, color: str, above: int) -> None:
    """Mark a point of a curve with its values."""
    axes.plot([x], [y], "o", color=color)
    words = f"{x:.4g}: {100 * y:.0f} %"
    axes.annotate(words, (x, y), (6, above), textcoords="offset points", color=color)


FIGURES: dict[str, Callable[[], str]] = {
    "cumuf": cumuf,
    "page-density": page_density,
    "peer-covariance": peer_covariance,
    "peer-power": peer_power,
    "peer-sitmuf": peer_sitmuf,
    "peer-thresholds": peer_thresholds,
    "power": power,
    "sequence": sequence,
}

_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
_DRAWN_BY = re.compile(r"Matplotlib v[\w.]+")


def path(name: str) -> Path:
    return IMAGES / f"theory-{name}.svg"


def alike(old: str, new: str) -> bool:
    """Say whether two figures show the same, up to a tenth of a point."""
    if _DRAWN_BY.findall(old) != _DRAWN_BY.findall(new):
        titles = [re.findall(r"<title>(.*?)</title>", text) for text in (old, new)]
        return titles[0] == titles[1] != []
    if _NUMBER.sub("#", _unnamed(old)) != _NUMBER.sub("#", _unnamed(new)):
        return False
    pairs = zip(_NUMBER.findall(_unnamed(old)), _NUMBER.findall(_unnamed(new)), strict=True)
    return all(abs(float(a) - float(b)) <= 0.1 for a, b in pairs)


def _unnamed(text: str) -> str:
    """Leave out names that Matplotlib derives from the drawing's exact coordinates."""
    return re.sub(r'(id="|#)[mpc][0-9a-f]{10}', r"\1name", text)


def outdated() -> list[str]:
    """Return what is out of date: pages and figures, relative to the top."""
    wrong = [p for p in numbers.PAGES if numbers.renewed(p) != p.read_text(encoding="utf-8")]
    for name, draw in FIGURES.items():
        there = path(name)
        if not there.exists() or not alike(there.read_text(encoding="utf-8"), draw()):
            wrong.append(there)
    return [str(p.relative_to(examples.TOP)) for p in wrong]


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        wrong = outdated()
        if wrong:
            print("out of date:", *wrong, "run scripts/theory_figures.py", sep="\n  ")
        return bool(wrong)
    for page in numbers.PAGES:
        page.write_text(numbers.renewed(page), encoding="utf-8")
    for name, draw in FIGURES.items():
        path(name).write_text(draw(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
