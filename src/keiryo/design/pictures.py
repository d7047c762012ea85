"""Pictures of answers to design questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from keiryo.charts.detection import PowerCurve, power_curves
from keiryo.design.questions import Power
from keiryo.errors import UsageError


def draw_power_curves(
    file: Path, losses_kg: Sequence[float], found: Mapping[str, Sequence[Power]]
) -> None:
    """Draw detection probability against loss in an .svg or .png file.

    Raises
    ------
    UsageError
        If the file has another ending or cannot be written.
    """
    if file.suffix not in {".svg", ".png"}:
        raise UsageError(f"{file} is neither .svg nor .png", "Name the file e.g. power.svg.")
    curves = []
    for statistic, rows in found.items():
        bands = [row.interval for row in rows]
        known = [band for band in bands if band is not None]
        whole = len(known) == len(bands)
        curves.append(
            PowerCurve(
                statistic,
                list(losses_kg),
                [row.probability for row in rows],
                [low for low, _ in known] if whole else None,
                [high for _, high in known] if whole else None,
            )
        )
    alpha = next((row.alpha for rows in found.values() for row in rows), None)
    chart = power_curves(curves, alpha=alpha)
    try:
        file.write_bytes(chart.svg().encode() if file.suffix == ".svg" else chart.png())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", "Check it.") from error
