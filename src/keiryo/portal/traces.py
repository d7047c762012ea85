"""What a picture of an occupancy shows, as plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keiryo.portal.alarm_logic import Replayed
from keiryo.portal.setup_records import INTERVAL_S, PANELS
from keiryo.portal.sliding_windows import sliding_sums


def traces_of(found: Sequence[Replayed]) -> list[dict[str, Any]]:
    """Return the traces of replayed occupancies: sums of a window, threshold, alarms, neutrons.

    The sum drawn is that of all panels that count. An alarm of a pair or of a single panel is
    marked on it as well, where the sum of all may lie below its own threshold.
    """
    return [_trace(one) for one in found]


def _trace(one: Replayed) -> dict[str, Any]:
    of, window = one.occupancy, one.occupancy.setup.window
    panels = list(one.panels or range(PANELS))
    sums = sliding_sums(of.gamma, window)[:, panels].sum(axis=1)
    quiet = None
    if one.evaluated and of.background is not None:
        quiet = sum(of.background[n] for n in panels) * window / 5
    number = "?" if of.number is None else of.number
    words = {True: "alarm", False: "no alarm", None: "not evaluated"}
    told = f"Occupancy {number}, {of.start or 'time unknown'}: gamma {words[one.gamma_alarm]}"
    if one.max_sigma is not None:
        told += f", {one.max_sigma:.2f} sigma in {one.group}, N = {one.n_sigma:g}"
    told += f"; neutrons {words[one.neutron_alarm]}."
    return {
        "title": _title(one, str(number)),
        "told": told,
        "gamma": sums,
        "time_s": (window + np.arange(len(sums))) * INTERVAL_S,
        "background": quiet,
        "threshold": None if quiet is None else quiet + one.n_sigma * math.sqrt(quiet),
        "replayed": one.interval_alarm[window - 1 :],
        "flagged": of.gamma_flag[window - 1 :],
        "neutron": of.neutron.sum(axis=1).tolist(),
        "neutron_limit": one.neutron_limit,
    }


def _title(one: Replayed, number: str) -> str:
    day = (one.occupancy.start or "time unknown").replace("T", " ")[:19]
    sigma = "not evaluated" if one.max_sigma is None else f"{one.max_sigma:.2f} sigma"
    return f"{number} · {day} · {sigma}, N = {one.n_sigma:g}"
