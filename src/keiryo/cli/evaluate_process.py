"""The evaluation of process data on the command line: balances, statistics, alarms, findings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from keiryo.cli.evaluation_pages import write_pages
from keiryo.cli.options import Format
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.process_data.service import ProcessEvaluation

_COLUMNS = (
    "balance", "from_h", "to_h", "muf_kg", "sigma_muf_kg", "cumuf_kg", "sigma_cumuf_kg", "sitmuf",
    "page", "gemuf_v1", "active_inventory_kg", "alarms",
)  # fmt: skip

MANY_BALANCES = 300
"""Of more balances the JSON is written without indents: their covariance is large enough."""


def evaluate_process_command(
    folder: Path,
    sources: Path,
    period: str,
    tolerance: float = 0.0,
    alpha: float = 0.05,
    page_k: float = 0.5,
    format_: Format = Format.TABLE,
    covariance: Path | None = None,
    report: Path | None = None,
    charts: Path | None = None,
    realizations: int = 100_000,
) -> None:
    """Evaluate process data and show what they say.

    Parameters
    ----------
    folder, sources : Path
        The folder of process data, and the file of error sources.
    period : str
        Hours between two closings, as written: decimals are exact.
    tolerance : float
        Hours by which an inventory reading may be away from its closing.
    alpha, page_k : float
    format_ : Format
    covariance : Path, optional
        Where to write the covariance.
    report, charts : Path, optional
        Where to write a page, and charts.
    realizations : int
        Campaigns to simulate for the thresholds of MUF, CUMUF and EWMA; 0: conservative ones.

    Raises
    ------
    typer.Exit
        With code 1 if findings must be answered (severity F or E).
    """
    import keiryo
    from keiryo.process_data.service import evaluate_process

    done = evaluate_process(
        folder, sources, period, tolerance_h=tolerance, alpha=alpha, page_k=page_k,
        covariance_file=covariance, realizations=realizations,
    )  # fmt: skip
    data = done.to_dict()
    data["findings"] = [{"code": f.code, **finding_dict(f)} for f in done.findings]
    data["program"] = f"keiryo {keiryo.__version__}"
    told = write_pages(data, report, charts, process=True)
    if format_ is Format.JSON:
        if done.balances.balances > MANY_BALANCES:
            print(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
        else:
            show_json(data)
    elif format_ is Format.CSV:
        show_rows(balance_rows(done, exact=True), format_, columns=_COLUMNS)
        show_findings(done.findings, to_error=True)
    else:
        _show(done, covariance)
    for sentence in told:
        print(sentence, file=sys.stderr)
    if done.questions:
        raise typer.Exit(1)


def balance_rows(done: ProcessEvaluation, *, exact: bool = False) -> list[dict[str, Any]]:
    """Return one row for each closed balance; rounded, or in full double precision."""
    sequence = done.sequence
    if sequence is None:
        return []
    hours = done.balances.closings_h
    alarms: dict[int, list[str]] = {}
    for alarm in sequence.alarms:
        alarms.setdefault(alarm.balance, []).append(alarm.statistic)

    def number(value: float, digits: int) -> float | str | None:
        if value != value:
            return None
        return float(value) if exact else f"{value:.{digits}f}"

    return [
        {
            "balance": n + 1,
            "from_h": float(hours[n]) if exact else f"{hours[n]:.10g}",
            "to_h": float(hours[n + 1]) if exact else f"{hours[n + 1]:.10g}",
            "muf_kg": number(sequence.muf[n], 4),
            "sigma_muf_kg": number(sequence.sigma_muf[n], 4),
            "cumuf_kg": number(sequence.cumuf[n], 4),
            "sigma_cumuf_kg": number(sequence.sigma_cumuf[n], 4),
            "sitmuf": number(sequence.sitmuf[n], 3),
            "page": number(sequence.page[n], 3),
            "gemuf_v1": number(sequence.gemuf_v1[n], 3),
            "active_inventory_kg": number(sequence.active_inventory[n], 3),
            "alarms": " ".join(alarms.get(n + 1, ())),
        }
        for n in range(done.balances.balances)
    ]


def _show(done: ProcessEvaluation, covariance: Path | None) -> None:
    sequence = done.sequence
    if sequence is None:
        print("The data cannot be evaluated as they are; nothing was computed.")
    else:
        show_rows(
            balance_rows(done),
            Format.TABLE,
            columns=_COLUMNS,
            title=f"{done.balances.balances} balances, loss positive",
        )
        _show_shares(done)
        for name, threshold in sequence.thresholds.items():
            print(
                f"Threshold of {name}: {threshold.threshold:.6g} ({threshold.method}, false-alarm "
                f"probability {threshold.alpha:g} in {threshold.balances} balances)."
            )
        for alarm in sequence.alarms:
            print(f"Alarm at balance {alarm.balance}, {alarm.statistic}: {alarm.reason}")
        if not sequence.alarms:
            print("No statistic passed its threshold.")
        if covariance is not None:
            print(f"The covariance was written to {covariance}.")
    if done.findings:
        print("Findings:")
        show_findings(done.findings)


def _show_shares(done: ProcessEvaluation) -> None:
    """Show what each source brings to the variance of MUF: on average, and at most."""
    import numpy as np

    assert done.sequence is not None
    rows = []
    for source, shares in done.sequence.variance_shares.items():
        known = shares[~np.isnan(shares)]
        if known.size:
            rows.append(
                {
                    "source": source,
                    "mean_share": f"{100 * known.mean():.1f} %",
                    "largest_share": f"{100 * known.max():.1f} %",
                }
            )
    rows.sort(key=lambda row: -float(row["mean_share"].split()[0]))
    if rows:
        show_rows(rows, Format.TABLE, title="Share of the variance of MUF, by error source")
