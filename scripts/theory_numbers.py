"""The numbers in the theory pages, computed anew: generated tables and numbers inside sentences.

A table stands between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` and is written by the
function NAME in `BLOCKS`. A number inside a sentence is followed by ``<!--=NAME-->``; it is the
value NAME of `VALUES`, with as many decimals as the page shows. ``scripts/theory_figures.py``
writes them, or with ``--check`` compares.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import peer_numbers as peer
import theory_examples as examples
from keiryo.inspection.sampling import attribute_plan, defects_needed
from keiryo.material_balance import detection, statistics, thresholds
from keiryo.material_balance.error_variables import ErrorVariables, put_together
from keiryo.material_balance.simulation import simulated_threshold

Floats = npt.NDArray[np.float64]

PAGES = tuple(
    examples.TOP / "docs" / "theory" / f"{name}.md"
    for name in (
        "material-balance-evaluation",
        "thresholds-and-detection",
        "differences-from-mapit",
    )
)
LOSS_KG = 12.0
ALPHA = 0.05
RUNS, SEED = 1_000_000, 8

# Example A: name, sign, items, kg each, fraction of U, scale, sampling, batches, analyses, analysis
STRATA = (
    ("UF6", 1, 10, 2250.0, 0.6760, "load cell", "UF₆ sampling", 10, 1, "gravimetry"),
    ("powder, beginning", 1, 150, 20.0, 0.8755, "balance", "powder sampling", 5, 2, "titration"),
    ("pellets", -1, 34, 524.0, 0.8810, "balance", "pellet sampling", 34, 2, "titration"),
    ("powder, ending", -1, 120, 20.0, 0.8755, "balance", "powder sampling", 4, 2, "titration"),
    ("waste", -1, 50, 0.5, 1.0, None, None, 50, 1, "drum assay"),
)
METHODS = {  # relative standard deviations, random and systematic
    "load cell": (0.0005, 0.0005),
    "UF₆ sampling": (0.0003, 0.0),
    "gravimetry": (0.0005, 0.0005),
    "balance": (0.0005, 0.0005),
    "powder sampling": (0.002, 0.0),
    "titration": (0.001, 0.001),
    "pellet sampling": (0.0002, 0.0),
    "drum assay": (0.15, 0.10),
}
# Example D: name, N, n, kg, operator r and s, inspector r and s, sum of differences, sign
VERIFIED = (
    ("cans", 120, 30, 17.5, 0.002, 0.001, 0.01, 0.005, 0.9),
    ("pellets", 400, 25, 4.4, 0.0015, 0.001, 0.015, 0.01, -0.25),
    ("scrap", 60, 20, 1.2, 0.03, 0.02, 0.08, 0.05, 0.4),
)
PLANS = (  # items, kg, goal kg, detection probability
    (300, 0.5, 8.0, 0.9),
    (300, 0.5, 8.0, 0.5),
    (120, 2.0, 8.0, 0.9),
    (50, 8.0, 8.0, 0.9),
    (1000, 0.25, 25.0, 0.8),
    (40, 20.0, 75.0, 0.9),
)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], *, first: str = "---") -> str:
    """Return a Markdown table, numbers to the right."""
    lines = [head, (first, *("---:",) * (len(head) - 1)), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def shown(value: float, decimals: int) -> str:
    """Return a number for reading, with a true minus sign."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


@cache
def example_b() -> tuple[Floats, statistics.Factor]:
    """Return Example B's covariance and factor."""
    sigma = examples.error_variables(examples.constant_facility()).covariance()
    return sigma, statistics.factor(sigma)


@cache
def fuel_plant() -> tuple[float, ErrorVariables]:
    """Return Example A: its MUF, and its error variables, strata apart."""
    totals, parts = 0.0, []
    for stratum, row in enumerate(STRATA):
        _, sign, items, each, fraction, scale, sampling, batches, analyses, analysis = row
        total = sign * items * each * fraction
        totals += total
        groups = ((scale, items, 1), (sampling, batches, 1), (analysis, batches, analyses))
        for name, count, replicates in groups:
            if name is None:
                continue
            random, systematic = METHODS[name]
            number, zero = np.arange(count), np.zeros(count, dtype=np.intp)
            each_kg = np.full(count, random * total / count / math.sqrt(replicates))
            parts.append((f"{name}, random", number + 1000 * stratum, zero, each_kg))
            parts.append((f"{name}, systematic", zero[:1], zero[:1], [systematic * total]))
    joined = []
    for name in dict.fromkeys(p[0] for p in parts):
        chosen = [p[1:] for p in parts if p[0] == name]
        joined.append(examples.part(name, *(np.concatenate(c) for c in zip(*chosen, strict=True))))
    return totals, put_together(joined, balances=1)


def example_a() -> str:
    total, errors = fuel_plant()
    by_source = dict(zip(errors.sources, errors.variance_by_source()[:, 0], strict=True))
    variance = sum(by_source.values())
    rows = []
    for name in METHODS:
        random, systematic = by_source[f"{name}, random"], by_source[f"{name}, systematic"]
        share = (random + systematic) / variance
        rows.append((name, shown(random, 3), shown(systematic, 3), f"{100 * share:.1f} %"))
    sums = [sum(v for n, v in by_source.items() if n.endswith(k)) for k in ("random", "systematic")]
    rows.append(("**sum**", shown(sums[0], 3), shown(sums[1], 3), "100 %"))
    head = ("source", "random, kg²", "systematic, kg²", "share")
    sigma = math.sqrt(variance)
    return (
        f"{table(head, rows)}\n\nMUF = {total:.3f} kg U, variance {variance:.3f} kg²,"
        f" **σ = {sigma:.3f} kg**, MUF/σ = {total / sigma:.4f}: nothing to worry about."
    )


def independent_strata() -> float:
    """Return Example A's σ if each stratum had systematic errors of its own (wrong)."""
    _, errors = fuel_plant()
    random = sum(
        v
        for n, v in zip(errors.sources, errors.variance_by_source()[:, 0], strict=True)
        if n.endswith("random")
    )
    systematic = 0.0
    for _, _, items, each, fraction, scale, sampling, _, _, analysis in STRATA:
        sds = [METHODS[name][1] for name in (scale, sampling, analysis) if name]
        systematic += (items * each * fraction) ** 2 * sum(s**2 for s in sds)
    return math.sqrt(random + systematic)


def matrix(values: Floats, decimals: int = 1) -> str:
    """Return a matrix as a displayed formula."""
    rows = [" & ".join(f"{v:.{decimals}f}" for v in row) for row in values + 0.0]
    body = " \\\\\n".join(rows)
    return f"$$\n\\Sigma = \\begin{{pmatrix}}\n{body}\n\\end{{pmatrix}}\n$$"


def example_b_covariance() -> str:
    sigma, _ = example_b()
    text = matrix(sigma[:4, :4]).replace(" \\\\\n", " & \\cdots \\\\\n")
    return text.replace("\n\\end", " & \\cdots \\\\\n\\vdots &&&& \\ddots\n\\end")


def example_c() -> str:
    return matrix(examples.recalibrated_facility().covariance(), 2)


def cumuf() -> str:
    sigma, _ = example_b()
    right, wrong = statistics.sigma_cumuf(sigma), np.sqrt(np.cumsum(np.diag(sigma)))
    head = ("Example B, after balance", *(str(i) for i in range(1, 9)))
    rows = [
        ("σ of CUMUF, kg", *(f"{v:.3f}" for v in right)),
        ("variances summed (wrong), kg", *(f"{v:.3f}" for v in wrong)),
    ]
    return table(head, rows)


def example_b_statistics() -> str:
    sigma, factor = example_b()
    m = examples.OBSERVED_MUF
    y = statistics.sitmuf(m, factor)
    rows = [
        ("MUF, kg", m, 1),
        ("CUMUF, kg", statistics.cumuf(m), 1),
        ("σ of CUMUF, kg", statistics.sigma_cumuf(sigma), 4),
        ("ITMUF, kg", statistics.itmuf(m, factor), 4),
        ("its σ, kg", statistics.sigma_itmuf(factor), 4),
        ("SITMUF", y, 4),
        ("Page, k = 0.5", statistics.page(y), 4),
        ("EWMA, λ = 0.2", statistics.ewma(y), 4),
        ("GEMUF V1", statistics.gemuf_v1(y), 4),
    ]
    head = ("balance", *(str(i) for i in range(1, 9)))
    lines = [(name, *(shown(v, d) for v in values)) for name, values, d in rows]
    last = statistics.gemuf_v1_probability(statistics.gemuf_v1(y))[-1]
    return f"{table(head, lines)}\n\nA GEMUF V1 of that size or larger has probability {last:.3f}."


def one_balance() -> str:
    rows = []
    for beta in (0.05, 0.1, 0.5):
        needed = thresholds.needed_sigma(8.0, alpha=ALPHA, detection_probability=1.0 - beta)
        rows.append(("8", f"{needed:.4f}", f"{100 * (1 - beta):.0f} %"))
    for loss, sigma in ((8.0, 8.0), (8.0, 80.0), (75.0, 36.0)):
        found = detection.single_balance_power(loss, sigma, ALPHA)
        rows.append((f"{loss:.0f}", f"{sigma:.0f}", f"{100 * found:.2f} %"))
    return table(("loss, kg", "σ, kg", "detected with α = 5 %"), rows, first="---:")


def threshold_table() -> str:
    rows = []
    for count in (8, 10, 12, 14, 15, 20, 24, 52, 269):
        pages = [thresholds.page_threshold(count, ALPHA, k).threshold for k in (0.0, 0.5, 1.0)]
        plain = thresholds.shewhart_threshold(count, ALPHA).threshold
        rows.append((str(count), f"{plain:.6f}", *(f"{h:.6f}" for h in pages)))
    head = ("balances", "SITMUF", "Page, k = 0", "Page, k = 0.5", "Page, k = 1")
    return table(head, rows, first="---:")


def simulated() -> str:
    sigma, _ = example_b()
    rows = []
    for name, words in (("muf", "MUF/σ"), ("cumuf", "CUMUF/σ")):
        found = simulated_threshold(sigma, name, ALPHA, realizations=RUNS, seed=SEED)
        assert found.interval is not None
        low, high = found.interval
        rows.append((words, f"{found.threshold:.3f}", f"{low:.3f} to {high:.3f}"))
    runs = f"{RUNS:,}".replace(",", "\u202f")
    head = (f"{runs} campaigns, seed {SEED}", "threshold, α = 5 %", "95 % interval")
    return table(head, rows)


def example_b_power() -> str:
    sigma, factor = example_b()
    tests = ("neyman_pearson", "cumuf_end", "page", "sitmuf", "gemuf_v1_end")
    patterns = (
        ("the same in every balance", detection.uniform(8, LOSS_KG)),
        ("all in balance 4", detection.abrupt(8, LOSS_KG, 4)),
        ("worst case, ∝ Σ1", detection.worst_case(sigma, LOSS_KG)),
    )
    rows = []
    for name, loss in patterns:
        found = [detection.detection(loss, sigma, t, alpha=ALPHA, factored=factor) for t in tests]
        rows.append((name, *(f"{d.probability:.4f}" for d in found)))
    head = ("loss", "Neyman–Pearson", "CUMUF, end", "Page, k = 0.5", "SITMUF", "GEMUF V1, end")
    mean = statistics.sitmuf(detection.uniform(8, LOSS_KG), factor)
    means = ", ".join(f"{v:.3f}" for v in mean)
    return (
        f"{table(head, rows)}\n\nMean of SITMUF under the uniform loss: {means}. It falls, because"
        " the earlier balances, with the loss in them, predict the later ones."
    )


def example_d() -> str:
    rows, total, variance, operator = [], 0.0, 0.0, 0.0
    for name, items, taken, each, o_r, o_s, i_r, i_s, summed in VERIFIED:
        d = items * summed / taken
        var = items**2 * each**2 * (o_r**2 + i_r**2) / taken
        var += (items * each) ** 2 * (o_s**2 + i_s**2)
        operator += items * each**2 * o_r**2 + (items * each * o_s) ** 2
        total, variance = total + d, variance + var
        rows.append((name, shown(d, 1), f"{math.sqrt(var):.4f}"))
    rows.append(("**sum**", shown(total, 1), f"{math.sqrt(variance):.4f}"))
    return (
        f"{table(('stratum', 'D, kg', 'σ, kg'), rows)}\n\nThe operator's own errors in these strata"
        f" have σ = {math.sqrt(operator):.4f} kg, so σ of MUF − D is"
        f" {math.sqrt(variance - operator):.4f} kg: nearly all of it is the inspector's."
    )


def sampling() -> str:
    rows = []
    for items, each, goal, wanted in PLANS:
        d = defects_needed(goal, each)
        plan = attribute_plan(items, d, wanted, goal_in_items=goal / each)
        counts = (str(items), f"{each:g}", f"{goal:g}", f"{wanted:g}", str(d))
        found = (f"{plan.formula.value:.4f}", f"{plan.jaech.value:.4f}")
        rows.append((*counts, *found, str(plan.sample_size), f"{plan.achieved:.4f}"))
    head = (
        "N",
        "kg each",
        "goal, kg",
        "wanted",
        "d",
        "usual formula",
        "Jaech",
        "exact n",
        "achieved",
    )
    return table(head, rows, first="---:")


BLOCKS: dict[str, Callable[[], str]] = {
    "example_a": example_a,
    "example_b_covariance": example_b_covariance,
    "example_b_power": example_b_power,
    "example_b_statistics": example_b_statistics,
    "example_c": example_c,
    "example_d": example_d,
    "cumuf": cumuf,
    "one_balance": one_balance,
    "sampling": sampling,
    "simulated": simulated,
    "thresholds": threshold_table,
    **peer.BLOCKS,
}
VALUES: dict[str, Callable[[], float]] = {
    "arl.five": lambda: thresholds.page_run_length(5.0, 0.5),
    "arl.four": lambda: thresholds.page_run_length(4.0, 0.5),
    "example_a.independent": independent_strata,
    "example_b.sigma": lambda: math.sqrt(example_b()[0][0, 0]),
    "example_b.sigma_cumuf4": lambda: statistics.sigma_cumuf(example_b()[0])[3],
    "example_c.sigma_cumuf": lambda: statistics.sigma_cumuf(
        examples.recalibrated_facility().covariance()
    )[3],
    "shewhart.eight": lambda: thresholds.shewhart_threshold(8, ALPHA).threshold,
    **peer.VALUES,
}

_BLOCK = re.compile(r"(<!-- begin: (\w+) -->\n).*?(<!-- end: \2 -->)", re.S)
_NUMBER = re.compile(r"(−?\d+(?:\.(\d+))?)(<!--=([\w.]+)-->)")


def renewed(page: Path) -> str:
    """Return the text of a page with all its numbers computed anew.

    Raises
    ------
    KeyError
        If the page names a table or number that is not known.
    """
    text = page.read_text(encoding="utf-8")
    text = _BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[2]]()}\n{m[3]}", text)
    return _NUMBER.sub(lambda m: shown(VALUES[m[4]](), len(m[2] or "")) + m[3], text)


def used() -> tuple[set[str], set[str]]:
    """Return the names of the tables and of the numbers that the pages use."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    return {m[2] for m in _BLOCK.finditer(text)}, set(re.findall(r"<!--=([\w.]+)-->", text))
