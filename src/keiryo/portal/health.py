"""State of health of a portal from its daily files, by day: what a technician has to look at.

Distinct occupancies are those with different starts: counters begin again with each power cycle.
A file given twice, by its digest, counts once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from keiryo.portal.occupancy import DailyFile, Occupancy
from keiryo.portal.record_times import seconds_between
from keiryo.portal.setup_records import PANELS

SCHEMA = "keiryo.portal-health/1"
FEWEST_RECORDS = 10
"""Background records that a day needs before anything is said of drift."""
DRIFT_SHARE = 0.10
"""A panel whose background moves by more than this between two parts of a day drifts; a
decision of keiryo, to be changed where a site knows better."""
SIGMAS = 5.0
LONG_S = 600.0


@dataclass(slots=True)
class Day:
    """What the files say of a day.

    Attributes
    ----------
    day : str
        ``""``: the records have no day.
    background : list of ndarray
        Gamma background, counts a second by panel.
    occupancies : list of Occupancy
    """

    day: str
    background: list[np.ndarray] = field(default_factory=list)
    occupancies: list[Occupancy] = field(default_factory=list)


def health_report(files: Sequence[DailyFile]) -> dict[str, Any]:
    """Return the state of health as plain data: by day, over all files, and what was found.

    Parameters
    ----------
    files : sequence of DailyFile
        Of one instrument.
    """
    findings: list[dict[str, Any]] = []
    kept: list[DailyFile] = []
    seen: set[str] = set()
    for file in files:
        if file.sha256 in seen:
            _tell(findings, "DUPLICATE_FILE", "", f"The file {file.sha256[:12]} was given twice.")
            continue
        seen.add(file.sha256)
        kept.append(file)
    days = _days(kept, findings)
    faults: Counter[str] = Counter(one.code for file in kept for one in file.faults)
    tampers = [span for file in kept for span in file.tampers]
    _tell_faults(findings, faults, tampers)
    for file in kept:
        for code, count in Counter(one.code for one in file.problems).items():
            first = next(one for one in file.problems if one.code == code)
            _tell(findings, code, "", f"{count} times, first in line {first.line}: {first.message}")
    shown = [_day_report(one, kept, findings) for one in days]
    return {
        "schema": SCHEMA,
        "files": [file.sha256 for file in kept],
        "days": shown,
        "faults": dict(sorted(faults.items())),
        "tampers": [_span(one) for one in tampers],
        "findings": findings,
    }


def _tell(findings: list[dict[str, Any]], code: str, day: str, message: str) -> None:
    findings.append({"code": code, "day": day or None, "message": message})


def _span(one: tuple[int, str | None, str | None]) -> dict[str, Any]:
    line, on, off = one
    length = seconds_between(on, off) if on and off else None
    return {"line": line, "on": on, "cleared": off, "length_s": length}


def _tell_faults(
    findings: list[dict[str, Any]],
    faults: Counter[str],
    tampers: Sequence[tuple[int, str | None, str | None]],
) -> None:
    words = {
        "GAMMA_HIGH": "gamma background too high",
        "GAMMA_LOW": "gamma background too low",
        "NEUTRON_HIGH": "neutron background too high",
    }
    for code, word in words.items():
        if faults[code]:
            _tell(findings, code, "", f"The instrument recorded {word} {faults[code]} times.")
    if tampers:
        still = sum(off is None for _line, _on, off in tampers)
        told = f"{len(tampers)} tampers are recorded, {still} of them without a time of clearing."
        _tell(findings, "TAMPER", "", told)


def _days(files: Sequence[DailyFile], findings: list[dict[str, Any]]) -> list[Day]:
    days: dict[str, Day] = {}
    starts: set[str] = set()
    twice = 0
    for file in files:
        marks = [*file.background_days, ("", len(file.background))]
        for (day, begin), (_next, end) in pairwise(marks):
            if end > begin:
                days.setdefault(day, Day(day)).background.append(file.background[begin:end])
        for one in file.occupancies:
            day = one.start[:10] if one.start is not None and "T" in one.start else ""
            if day:
                assert one.start is not None
                if one.start in starts:
                    twice += 1
                    continue
                starts.add(one.start)
            days.setdefault(day, Day(day)).occupancies.append(one)
    if twice:
        told = f"{twice} occupancies with a start that was already there are counted once."
        _tell(findings, "DUPLICATE_OCCUPANCY", "", told)
    return [days[name] for name in sorted(days)]


def _day_report(
    one: Day, files: Sequence[DailyFile], findings: list[dict[str, Any]]
) -> dict[str, Any]:
    background = (
        np.concatenate(one.background) if one.background else np.zeros((0, PANELS), dtype=np.int32)
    )
    codes = Counter(problem.code for each in one.occupancies for problem in each.problems)
    for code in ("CLOCK_BACK", "COUNTER_RESTART", "COUNTER_GAP", "END_MISSING", "TAMPER"):
        if codes[code]:
            told = f"In {codes[code]} occupancies: {_first_message(one, code)}"
            _tell(findings, code, one.day, told)
    panels = _panels(one, background, files, findings)
    _sensor(one, findings)
    alarms = sum(bool(each.gamma_flag.any()) for each in one.occupancies)
    neutron = sum(bool(each.neutron_flag.any()) for each in one.occupancies)
    return {
        "day": one.day or None,
        "background_records": len(background),
        "panels": panels,
        "occupancies": len(one.occupancies),
        "instrument_gamma_alarms": alarms,
        "instrument_neutron_alarms": neutron,
        "incomplete": sum(not each.complete for each in one.occupancies),
        "finding_counts": dict(sorted(codes.items())),
    }


def _first_message(one: Day, code: str) -> str:
    return next(p.message for each in one.occupancies for p in each.problems if p.code == code)


def _panels(
    one: Day,
    background: np.ndarray,
    files: Sequence[DailyFile],
    findings: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    if not len(background):
        _tell(findings, "NO_BACKGROUND", one.day, "There is no background record.")
        return []
    shown = []
    for n in range(PANELS):
        values = background[:, n].astype(np.float64)
        zero = int((values == 0).sum())
        drift = _drift(values)
        shown.append(
            {
                "panel": n + 1,
                "mean_cps": float(values.mean()),
                "min_cps": int(values.min()),
                "max_cps": int(values.max()),
                "zero_records": zero,
                "drift_share": drift,
            }
        )
        if zero:
            told = f"Panel {n + 1} gave no count in {zero} of {len(values)} background records."
            _tell(findings, "PANEL_DEAD", one.day, told)
        if drift is not None and abs(drift) > DRIFT_SHARE:
            told = f"The background of panel {n + 1} moved by {drift:+.0%} within the day."
            _tell(findings, "PANEL_DRIFT", one.day, told)
    _outside(one, background, files, findings)
    return shown


def _drift(values: np.ndarray) -> float | None:
    """Return how far the last quarter lies from the first by their mean, if it is significant."""
    if len(values) < FEWEST_RECORDS or values.mean() == 0:
        return None
    quarter = max(len(values) // 4, 3)
    first, last = values[:quarter].mean(), values[-quarter:].mean()
    sigma = math.sqrt((first + last) / quarter)
    if sigma == 0 or abs(last - first) < SIGMAS * sigma:
        return 0.0
    return float((last - first) / values.mean())


def _outside(
    one: Day,
    background: np.ndarray,
    files: Sequence[DailyFile],
    findings: list[dict[str, Any]],
) -> None:
    """Tell of background outside the limits of the setup, by panel."""
    limits = [(f.setup.gamma_low, f.setup.gamma_high) for f in files]
    low = next((value for value, _high in limits if value is not None), None)
    high = next((value for _low, value in limits if value is not None), None)
    under = 0 if low is None else int(((background < low) & (background > 0)).any(axis=1).sum())
    over = 0 if high is None else int((background > high).any(axis=1).sum())
    if under:
        told = f"{under} background records lie below the limit {low} of the setup."
        _tell(findings, "BACKGROUND_LOW", one.day, told)
    if over:
        told = f"{over} background records lie above the limit {high} of the setup."
        _tell(findings, "BACKGROUND_HIGH", one.day, told)


def _sensor(one: Day, findings: list[dict[str, Any]]) -> None:
    """Tell of occupancies that a faulty occupancy sensor would give."""
    window = 5
    short = sum(len(each.gamma) < window for each in one.occupancies)
    long = sum(each.length_s > LONG_S for each in one.occupancies)
    if short:
        told = f"{short} occupancies are shorter than a window: look at the occupancy sensor."
        _tell(findings, "OCCUPANCY_SENSOR", one.day, told)
    if long:
        told = f"{long} occupancies last over 10 minutes: a vehicle stood, or the sensor is stuck."
        _tell(findings, "OCCUPANCY_SENSOR", one.day, told)
