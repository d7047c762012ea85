"""Evaluation of process data: from a folder of time series to balances, statistics and alarms."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.errors import Finding, Severity, UsageError
from keiryo.material_balance.sequence import SequenceEvaluation, evaluate_sequence
from keiryo.material_balance.simulated_thresholds import MOST_BALANCES, simulated_thresholds
from keiryo.process_data.balances import ProcessBalances, read_process
from keiryo.process_data.regular_files import reason_of

__all__ = ["ProcessBalances", "ProcessEvaluation", "evaluate_process", "read_process"]

MAX_COVARIANCE_SHOWN = 3000
"""Of more balances the covariance is not put into the answer: it would be over 200 MB of text."""

CONVENTION = (
    "kg; loss positive; MUF = begin + inputs - outputs - end; balance i holds the transfers with "
    "T(i-1) < hour <= T(i); sigma from measurement errors only; alpha is per campaign and statistic"
)
_LISTS = (
    "muf", "cumuf", "sigma_muf", "sigma_cumuf", "sitmuf", "page", "gemuf_v1", "active_inventory",
    "covariance",
)  # fmt: skip
_MORE_LISTS = ("itmuf", "sigma_itmuf", "ewma", "gemuf_v5", "inputs", "outputs")


@dataclass(frozen=True, slots=True)
class ProcessEvaluation:
    """What the balances of a process show.

    Attributes
    ----------
    balances : ProcessBalances
    sequence : SequenceEvaluation or None
        None if the data were rejected.
    findings : tuple of Finding
        About the data, the sources and the sequence.
    alpha, page_k : float
    """

    balances: ProcessBalances
    sequence: SequenceEvaluation | None
    findings: tuple[Finding, ...]
    alpha: float
    page_k: float

    @property
    def questions(self) -> bool:
        """Whether a finding must be answered (severity F or E)."""
        serious = (Severity.FORMAT, Severity.INCONSISTENCY)
        return any(f.severity in serious for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data: kg and hours, in full double precision.

        One entry per closed balance; None where a value is undefined. Data that were rejected give
        empty lists and the findings. The covariance is None beyond `MAX_COVARIANCE_SHOWN` balances.
        """
        closings = self.balances.closings_h.tolist()
        found: dict[str, Any] = {
            "balances": [{"from_h": a, "to_h": b} for a, b in pairwise(closings)]
        }
        whole: dict[str, Any] = {}
        if self.sequence is not None:
            many = self.balances.balances > MAX_COVARIANCE_SHOWN
            shown = replace(self.sequence, covariance=np.zeros((0, 0))) if many else self.sequence
            whole = shown.to_dict()
            if many:
                whole["covariance"] = None
        for name in _LISTS:
            found[name] = whole.get(name, [])
        found["variance_shares"] = whole.get("variance_shares", {})
        found["alarms"] = whole.get("alarms", [])
        found["findings"] = [_plain(finding) for finding in self.findings]
        whole["inputs"] = self.balances.inputs_kg.tolist()
        whole["outputs"] = self.balances.outputs_kg.tolist()
        for name in _MORE_LISTS:
            found[name] = whole.get(name, [])
        found["inventory"] = self.balances.inventory_kg.tolist()
        found["thresholds"] = whole.get("thresholds", {})
        found["model"] = whole.get("model")
        found["period_h"] = self.balances.period_h
        found["alpha"], found["page_k"] = self.alpha, self.page_k
        found["convention"] = CONVENTION
        found["input_digests"] = dict(self.balances.inputs)
        return found


def evaluate_process(
    folder: Path,
    sources_file: Path,
    period_h: float | str,
    *,
    tolerance_h: float = 0.0,
    alpha: float = 0.05,
    page_k: float = 0.5,
    covariance_file: Path | None = None,
    realizations: int = 0,
    seed: int = 1,
) -> ProcessEvaluation:
    """Close the balances of process data and evaluate their sequence.

    Parameters
    ----------
    folder, sources_file, period_h, tolerance_h
        As for `read_process`.
    alpha : float
        False-alarm probability of the campaign, for each statistic.
    page_k : float
        Reference value of Page's test.
    covariance_file : Path, optional
        Write the covariance (kg²) there as a NumPy array.
    realizations, seed : int
        Campaigns to simulate for the thresholds of MUF, CUMUF and EWMA; 0 leaves them
        conservative.

    Raises
    ------
    UsageError
        If an option makes no sense, or the covariance cannot be written.
    """
    if not 0 < alpha < 1:
        raise UsageError(
            f"a false-alarm probability of {alpha:g} makes no sense", "Give e.g. --alpha 0.05."
        )
    if not (math.isfinite(page_k) and page_k >= 0):
        raise UsageError(f"Page's k = {page_k:g} makes no sense", "Give e.g. --page-k 0.5.")
    read = read_process(folder, sources_file, period_h, tolerance_h=tolerance_h)
    if read.errors is None:
        return ProcessEvaluation(read, None, read.findings, alpha, page_k)
    hours = read.closings_h
    labels = [
        f"balance {n + 1} (hours {hours[n]:.10g} to {hours[n + 1]:.10g})"
        for n in range(read.balances)
    ]
    simulated = {}
    if realizations and read.balances <= MOST_BALANCES:
        simulated = simulated_thresholds(
            read.errors.covariance(), alpha, realizations=realizations, seed=seed
        )
    sequence = evaluate_sequence(
        read.muf_kg,
        read.errors,
        alpha=alpha,
        page_k=page_k,
        thresholds=simulated,
        active_inventory_kg=read.active_inventory_kg,
        labels=labels,
    )
    findings = [*read.findings, *sequence.findings]
    if covariance_file is not None:
        _write(covariance_file, sequence)
    elif read.balances > MAX_COVARIANCE_SHOWN:
        findings.append(_left_out(read.balances))
    return ProcessEvaluation(read, sequence, tuple(findings), alpha, page_k)


def _left_out(balances: int) -> Finding:
    return Finding(
        "PROCESS-COVARIANCE-LARGE",
        Severity.INFORMATION,
        f"the covariance of {balances} balances is left out of the answer (null): it has more than "
        f"{MAX_COVARIANCE_SHOWN} rows",
        "Write it to a file with --covariance FILE.npy: an array of NumPy, in kg squared.",
    )


def _write(path: Path, sequence: SequenceEvaluation) -> None:
    try:
        with path.open("wb") as stream:
            np.save(stream, sequence.covariance)
    except OSError as error:
        raise UsageError(
            f"the covariance cannot be written to {path}: {reason_of(error)}",
            "Choose another file with --covariance.",
        ) from error


def _plain(finding: Finding) -> dict[str, Any]:
    plain = asdict(finding)
    plain["severity"] = str(finding.severity)
    return plain
