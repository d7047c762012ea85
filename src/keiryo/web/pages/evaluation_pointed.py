"""The charts of an evaluation as data, for those that can be pointed at.

Each says what the picture of the same name says (`keiryo.charts.sequences`): a statistic of each
closed balance and what it is held against. What is read off is written as in the tables of the
page: weights to the milligram, standard deviations of them to six decimals, statistics to four.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from keiryo.web.pages.evaluation_asked import Plain
from keiryo.web.speaking import day_text, mass_kg, number_text
from keiryo.web.speaking import gettext as _

_MG_IN_A_KG = 1_000_000
KG_DECIMALS, DECIMALS = 6, 4
"""Decimals of standard deviations in kilograms, and of statistics, in tables and charts alike."""

Numbers = Sequence[float | None]


def pointed_charts(plain: Plain) -> dict[str, dict[str, Any]]:
    """Return the data of the charts over balances, by the name of their picture.

    Parameters
    ----------
    plain : mapping
        The evaluation of a category as plain data.

    Returns
    -------
    dict of str to dict
        As `ui.chart` takes them; none where there is one balance only.
    """
    balances = plain["balances"]
    if len(balances) < 2:
        return {}
    found = {"muf": _muf(plain)}
    sequence = plain["sequence"]
    if sequence is None or len(sequence["muf"]) != len(balances):
        return found
    found["cumuf"] = _cumuf(plain)
    for name, title, statistic in (
        ("sitmuf", "SITMUF", "sitmuf"),
        ("page", _("Page's S"), "page"),
        ("ewma", "EWMA", "ewma"),
        ("gemuf", "GEMUF V1", "gemuf_v1"),
    ):
        values = sequence.get(statistic)
        if values and any(value is not None for value in values):
            found[name] = _standardized(plain, title, statistic, values)
    return found


def weight_text(kg: float | None) -> str:
    """Return a weight that a sequence has in kilograms to the milligram, as the books have it."""
    return "–" if kg is None else mass_kg(round(kg * _MG_IN_A_KG))


def _muf(plain: Plain) -> dict[str, Any]:
    balances = plain["balances"]
    weights = [balance["muf_mg"] for balance in balances]
    sigma = [balance["sigma_muf"] for balance in balances]
    return _of_weights(plain, "muf", _("MUF, kg"), _("σ of MUF, kg"), weights, sigma)


def _cumuf(plain: Plain) -> dict[str, Any]:
    weights = list(accumulate(balance["muf_mg"] for balance in plain["balances"]))
    sigma = plain["sequence"]["sigma_cumuf"]
    return _of_weights(plain, "cumuf", _("CUMUF, kg"), _("σ of CUMUF, kg"), weights, sigma)


def _of_weights(
    plain: Plain, name: str, label: str, sigma_label: str, weights: Sequence[int], sigma: Numbers
) -> dict[str, Any]:
    """Return a chart of weights with twice their standard deviation and the limit for loss."""
    values = [weight / _MG_IN_A_KG for weight in weights]
    series: list[dict[str, Any]] = [
        {"label": label, "shape": "line", "look": "value", "values": values,
         "texts": [mass_kg(weight) for weight in weights]},
        {"label": sigma_label, "shape": "none", "values": list(sigma),
         "texts": [_text(value, KG_DECIMALS) for value in sigma]},
        *_both_sides("±2σ", "band", "band", [_times(2.0, value) for value in sigma]),
    ]  # fmt: skip
    threshold = _threshold(plain, name)
    if threshold is not None:
        limit = [_times(threshold, value) for value in sigma]
        words = _("Limit for loss, %(number)sσ", number=number_text(threshold, DECIMALS))
        series += _both_sides(words, "threshold", "below", limit)
    return _chart(plain, label, [*series, *_alarms(plain, name, values)])


def _both_sides(
    label: str, above: str, below: str, limit: Sequence[float | None]
) -> list[dict[str, Any]]:
    """Return a limit above and below nothing; it is read once."""
    upper = {"label": label, "shape": "level", "look": above, "values": list(limit),
             "texts": [_text(value, KG_DECIMALS) for value in limit]}  # fmt: skip
    lower = [_times(-1.0, value) for value in limit]
    return [upper, {**upper, "look": below, "values": lower, "quiet": True}]


def _standardized(plain: Plain, title: str, statistic: str, values: Numbers) -> dict[str, Any]:
    """Return the chart of a statistic without unit, with its threshold."""
    label = title if statistic == "gemuf_v1" else _("%(name)s, in σ", name=title)
    series: list[dict[str, Any]] = [
        {"label": label, "shape": "line", "look": "value", "values": list(values),
         "texts": [_text(value, DECIMALS) for value in values]}
    ]  # fmt: skip
    threshold = _threshold(plain, statistic)
    if threshold is not None:
        limit: list[float | None] = [threshold] * len(values)
        if statistic == "gemuf_v1":
            limit = _gemuf_limits(values, threshold)
        series.append(
            {"label": _("Threshold"), "shape": "level", "look": "threshold", "values": limit,
             "texts": [_text(value, DECIMALS) for value in limit]}
        )  # fmt: skip
    return _chart(plain, label, [*series, *_alarms(plain, statistic, values)])


def _gemuf_limits(values: Numbers, probability: float) -> list[float | None]:
    """Return the limit of GEMUF V1 at each balance; its threshold is a common probability."""
    from keiryo.material_balance.statistics import gemuf_v1_limits

    limits = gemuf_v1_limits([np.nan if value is None else value for value in values], probability)
    return [None if np.isnan(limit) else float(limit) for limit in limits]


def _alarms(plain: Plain, statistic: str, values: Numbers) -> list[dict[str, Any]]:
    """Return the marks of the balances that raised an alarm, none if none did."""
    alarms = (plain["sequence"] or {}).get("alarms") or ()
    numbers = sorted({a["balance"] for a in alarms if a["statistic"] == statistic})
    at = [n - 1 for n in numbers if 1 <= n <= len(values) and values[n - 1] is not None]
    if not at:
        return []
    return [
        {"label": _("Alarm"), "shape": "points", "look": "alarm", "at": at,
         "values": [values[place] for place in at], "texts": [_("yes")] * len(at)}
    ]  # fmt: skip


def _chart(plain: Plain, label: str, series: list[dict[str, Any]]) -> dict[str, Any]:
    ends = [balance["to"] for balance in plain["balances"]]
    x = {
        "label": _("Balance and its closing"),
        "kind": "number",
        "values": list(range(1, len(ends) + 1)),
        "texts": [f"{number} · {day_text(end)}" for number, end in enumerate(ends, 1)],
    }
    return {"x": x, "panels": [{"label": label, "series": series}]}


def _threshold(plain: Plain, statistic: str) -> float | None:
    stated = ((plain["sequence"] or {}).get("thresholds") or {}).get(statistic)
    value = stated.get("threshold") if isinstance(stated, Mapping) else stated
    return None if value is None else float(value)


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def _text(value: float | None, decimals: int) -> str:
    return "–" if value is None else number_text(value, decimals)
