"""A daily file replayed: every occupancy, and how far the logic agrees with the instrument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keiryo.portal.alarm_logic import NEUTRON_ALPHA, NeutronTest, Replayed, replay_all
from keiryo.portal.occupancy import DailyFile

SCHEMA = "keiryo.portal-replay/1"


def replayed(
    file: DailyFile,
    n_sigma: float | None = None,
    *,
    neutron_alpha: float = NEUTRON_ALPHA,
    neutron_test: NeutronTest = "poisson",
) -> list[Replayed]:
    """Return what the alarm logic says of each occupancy of a file; as `replay_all`."""
    return replay_all(
        file.occupancies, n_sigma, neutron_alpha=neutron_alpha, neutron_test=neutron_test
    )


def replay_result(file: DailyFile, found: Sequence[Replayed]) -> dict[str, Any]:
    """Return the occupancies and the agreement as plain data, for ``--format json``."""
    return {
        "schema": SCHEMA,
        "sha256": file.sha256,
        "records": file.records,
        "background": background_statistics(file),
        "setup": {name: getattr(file.setup, name) for name in file.setup.__slots__},
        "occupancies": [one.to_dict() for one in found],
        "agreement": agreement(found),
        "faults": [one.to_dict() for one in file.faults],
        "findings": [one.to_dict() for one in file.problems],
    }


def background_statistics(file: DailyFile) -> dict[str, Any]:
    """Return mean, least and greatest of the gamma background, the panels added up."""
    sums = file.background.sum(axis=1)
    if not len(sums):
        return {"records": 0, "mean_cps": None, "min_cps": None, "max_cps": None}
    return {
        "records": len(sums),
        "mean_cps": float(sums.mean()),
        "min_cps": int(sums.min()),
        "max_cps": int(sums.max()),
    }


def agreement(found: Sequence[Replayed]) -> dict[str, Any]:
    """Return how far the replayed alarms agree with the instrument's own flags.

    By interval, over the windows that were evaluated, and by occupancy. What the instrument
    flagged before a window was full cannot be compared and is counted apart.
    """
    both = mine = its = neither = apart = 0
    occupancies = {"both": 0, "replay_only": 0, "instrument_only": 0, "neither": 0}
    for one in found:
        if not one.evaluated:
            continue
        window = one.occupancy.setup.window
        flagged, alarm = one.occupancy.gamma_flag[window - 1 :], one.interval_alarm[window - 1 :]
        both += int((flagged & alarm).sum())
        mine += int((alarm & ~flagged).sum())
        its += int((flagged & ~alarm).sum())
        neither += int((~flagged & ~alarm).sum())
        apart += int(one.occupancy.gamma_flag[: window - 1].sum())
        instrument, replay_ = bool(one.occupancy.gamma_flag.any()), bool(one.gamma_alarm)
        name = ("neither", "replay_only", "instrument_only", "both")[2 * instrument + replay_]
        occupancies[name] += 1
    compared = both + mine + its + neither
    return {
        "intervals": {
            "compared": compared,
            "both": both,
            "replay_only": mine,
            "instrument_only": its,
            "neither": neither,
            "flagged_before_a_window": apart,
        },
        "share": (both + neither) / compared if compared else None,
        "occupancies": occupancies,
        "neutrons": _neutron_agreement(found),
        "not_evaluated": sum(not one.evaluated for one in found),
    }


def _neutron_agreement(found: Sequence[Replayed]) -> dict[str, int]:
    """Return by second how the replayed neutron alarms agree with the instrument's own."""
    told = {"compared": 0, "both": 0, "replay_only": 0, "instrument_only": 0, "neither": 0}
    for one in found:
        if one.neutron_limit is None:
            continue
        alarm = one.occupancy.neutron.sum(axis=1) >= one.neutron_limit
        flagged = one.occupancy.neutron_flag
        told["compared"] += len(alarm)
        told["both"] += int((alarm & flagged).sum())
        told["replay_only"] += int((alarm & ~flagged).sum())
        told["instrument_only"] += int((flagged & ~alarm).sum())
        told["neither"] += int((~flagged & ~alarm).sum())
    return told
