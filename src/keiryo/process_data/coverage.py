"""What the answers rest on and do not say by themselves: remarks about measurements and sources.

Measurements that no source covers would count as exact; transfers outside the closed balances are
in none of them; a rate that begins or ends with material flowing was cut there. None of this is
left to be noticed by the reader.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keiryo.process_data.error_sources import Source
from keiryo.process_data.hours import Floats
from keiryo.process_data.locations import Location, Mode
from keiryo.process_data.notes import Notes
from keiryo.process_data.rates import Course
from keiryo.process_data.sensitivities import Measured, inventory_epochs
from keiryo.process_data.series import Series
from keiryo.process_data.transfers import covers, epochs_of, stretches

FEWEST_SAMPLES = 3
"""Fewer samples of a rate within a campaign do not say what flowed."""
_NAMED = 5


def tell_outside(measured: Measured, flows: Series, notes: Notes) -> None:
    """Tell of transfers that lie before the first closing or after the last."""
    cells, hours = measured.transfers.cells, measured.closed.hours
    for early in (True, False):
        chosen = cells.where(cells.balance < 0 if early else cells.balance >= measured.balances)
        for number in np.unique(chosen.location):
            own = chosen.where(chosen.location == number)
            name, kg, count = measured.locations[number].label, own.kg.sum(), int(own.count.sum())
            many = f"{count} transfer{'s' if count > 1 else ''}, " if count else ""
            if early:
                notes.question(
                    "PROCESS-TRANSFER-EARLY",
                    f"{name}: {many}{kg:g} kg at or before hour {hours[0]:g}, where the first "
                    "balance begins, are in no balance",
                    "If they are in the opening inventory, delete them; else their hour is wrong. "
                    "A transfer at a closing belongs to the period that ends there.",
                    file=flows.file, found=f"{kg:g} kg",
                )  # fmt: skip
            else:
                notes.warning(
                    "PROCESS-TRANSFER-LATE",
                    f"{name}: {many}{kg:g} kg after hour {hours[-1]:g}, the last closing, are in "
                    "no closed balance",
                    "They count when the next balance is closed.",
                    file=flows.file, found=f"{kg:g} kg",
                )  # fmt: skip


def tell_silent(flows: Series, locations: Sequence[Location], notes: Notes) -> None:
    """Tell of inputs and outputs without a single value."""
    for number, place in enumerate(locations if flows.samples.any() else ()):
        if place.is_flow and not flows.samples[number]:
            notes.remark(
                "PROCESS-FLOW-NONE", f"{place.label} has no value in {flows.file}",
                "Nothing went through it, or its data are missing.", file=flows.file,
            )  # fmt: skip


def tell_rates(measured: Measured, file: str, period_h: float, notes: Notes) -> None:
    """Tell how rates were integrated where the data leave a choice."""
    begin_h, end_h = measured.closed.hours[0], measured.closed.hours[-1]
    rates = measured.transfers.rates
    for number, course in rates.courses.items():
        name, step = measured.locations[number].label, rates.steps_h[number]
        if course.inside < FEWEST_SAMPLES or step > period_h:
            what = (
                f"its samples are {step:g} h apart and balances {period_h:g} h"
                if step > period_h
                else f"{course.inside} samples of its rate between hours {begin_h:g} and {end_h:g}"
            )
            notes.warning(
                "PROCESS-RATE-SPARSE", f"{name}: {what}",
                "What flowed in between is a guess. Give more samples, or the amounts transferred "
                "(mode amount).", file=file,
            )  # fmt: skip
        if course.gaps:
            _tell_gaps(name, step, course, file, notes)
        if course.first_rate and course.first_h > begin_h:
            notes.warning(
                "PROCESS-RATE-CUT",
                f"{name}: the rate begins at hour {course.first_h:g} with {course.first_rate:g} "
                "kg/h: before, it was taken to rise from 0 within one step",
                "If it flowed before, give the samples from the beginning.", file=file,
            )  # fmt: skip
        if course.rate and course.hour < end_h:
            notes.warning(
                "PROCESS-RATE-CUT",
                f"{name}: the rate ends at hour {course.hour:g} with {course.rate:g} kg/h: "
                "afterwards, it was taken to fall to 0 within one step",
                "If it flowed on, give the samples up to the last closing.", file=file,
            )  # fmt: skip


def _tell_gaps(name: str, step: float, course: Course, file: str, notes: Notes) -> None:
    across = course.across_gaps_kg
    rest = f": {across:g} kg less than straight lines across them" if across else ""
    tell = notes.warning if across else notes.remark
    gaps = "1 gap" if course.gaps == 1 else f"{course.gaps} gaps"
    tell(
        "PROCESS-RATE-GAP",
        f"{name}: {gaps} in the rate, up to {course.longest_gap_h:g} h long, where it counts as no "
        f"flow beyond one step of {step:g} h{rest}",
        "Right if samples of 0 were left out. If the instrument failed, give what flowed. If the "
        "step is another one, state it in the column step_h of locations.csv.",
        file=file, found=f"{across:g} kg",
    )  # fmt: skip


def steps_of_rates(flows: Series, locations: Sequence[Location], notes: Notes) -> dict[int, float]:
    """Return the usual hours between two samples of each rate; what is unknown goes to `notes`."""
    found: dict[int, float] = {}
    unknown: list[int] = []
    for number, place in enumerate(locations):
        if place.mode is not Mode.RATE:
            continue
        step = place.step_h or flows.usual_step_h(number)
        if step is None:
            unknown.append(number)
        else:
            found[number] = step
    usual = float(np.median(list(found.values()))) if found else None
    for number in unknown:
        name = locations[number].label
        if usual is None and flows.samples[number]:
            notes.form(
                "PROCESS-RATE-ONE-SAMPLE",
                f"{name} has a single sample of its rate: over how long it held is unknown",
                "State the hours between two samples in the column step_h of locations.csv.",
                file=flows.file,
            )  # fmt: skip
        found[number] = usual or 1.0
    return found


def tell_sources(measured: Measured, sources: Sequence[Source], file: str, notes: Notes) -> None:
    """Tell of measurements without an error, and of sources that say nothing."""
    covered = {n for s in sources if s.relative_sd or s.absolute_sd_kg for n in s.locations}
    if not covered:
        notes.warning(
            "SOURCE-ALL-ZERO", "all standard deviations are 0: nothing can be tested",
            "MUF is reported. Give the standard deviations of the measurements.", file=file,
        )  # fmt: skip
    for number, place in enumerate(measured.locations if covered else ()):
        if number not in covered:
            notes.warning(
                "SOURCE-LOCATION-WITHOUT", f"{place.label} has no error source",
                "Its measurements count as exact. Name it in a source.", file=file,
            )  # fmt: skip
    for source in sources:
        if not source.relative_sd and not source.absolute_sd_kg and covered:
            notes.remark(
                "SOURCE-ZERO", f"{source.label}: the standard deviation is 0",
                "It adds nothing to the uncertainty.", file=file, line=source.line,
            )  # fmt: skip
        if source.kind == "epoch" and _before_first(measured, source, stretches(sources)):
            notes.remark(
                "SOURCE-EPOCH-BEFORE",
                f"{source.label}: the first calibration is at hour {source.epochs_h[0]:g}; what "
                "was measured before it counts as measured with a calibration of its own",
                "Put the hour of the calibration before it into epochs_h.",
                file=file, line=source.line,
            )  # fmt: skip
    _tell_partly(measured, sources, file, notes)
    _tell_defaults(sources, file, notes)


def _tell_defaults(sources: Sequence[Source], file: str, notes: Notes) -> None:
    """Tell once which sources leave it to a default whether errors are common."""
    words = []
    for key, default in (
        ("shared", "each of its locations has its own error (shared = false)"),
        ("per", 'each measurement has a new error (per = "sample")'),
    ):
        names = [source.label for source in sources if key in source.left_out]
        if names:
            many = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            words.append(f"{', '.join(names[:_NAMED])}{many} without {key}: {default}")
    if words:
        notes.remark(
            "SOURCE-DEFAULT", "; ".join(words),
            "If that is not so, write shared = true where one error is common to all locations, "
            'per = "period" where one error holds for the total of a period.', file=file,
        )  # fmt: skip


def _tell_partly(measured: Measured, sources: Sequence[Source], file: str, notes: Notes) -> None:
    marks_h = stretches(sources)
    by_kind: dict[str, list[Source]] = {}
    for source in sources:
        by_kind.setdefault(source.kind, []).append(source)
    for kind, group in by_kind.items():
        for number, place in enumerate(measured.locations):
            own = [s for s in group if number in s.locations]
            if own:
                count, kg = _uncovered(measured, number, own, marks_h)
                if count or kg:
                    names = ", ".join(s.label for s in own)
                    what = f"{count} measurements ({kg:g} kg)"
                    if place.mode is Mode.RATE:
                        what = f"samples of its rate ({kg:g} kg)"
                    notes.warning(
                        "SOURCE-VALID-PARTLY",
                        f"{place.label}: {what} lie outside the time of {names} and have no "
                        f"{kind} error",
                        "Say what they were measured with: a source for that time, or another "
                        "valid_from_h or valid_to_h. At the very hour of a change an inventory and "
                        "a sample of a rate are measured with what begins there (unless closing = "
                        '"old"), a transfer with what ends there.',
                        file=file, line=own[0].line, found=f"{kg:g} kg",
                    )  # fmt: skip


def _before_first(measured: Measured, source: Source, marks_h: Floats) -> bool:
    """Return whether something was measured before the first calibration of a source."""
    closed, transfers = measured.closed, measured.transfers
    own = np.isin(closed.locations, source.locations)
    epoch, valid = inventory_epochs(source, closed.read_at[own])
    if ((epoch < 0) & valid).any():
        return True
    cells, crossing = transfers.cells, transfers.crossing
    location = np.concatenate((cells.location, crossing.location))
    balance = np.concatenate((cells.balance, crossing.balance))
    stretch = np.concatenate((cells.stretch, transfers.crossing_stretch))
    use = np.isin(location, source.locations) & (balance >= 0) & (balance < measured.balances)
    reading = measured.reading[location]
    early = covers(source, marks_h) & (epochs_of(source, marks_h) < 0)
    return bool(early[reading, stretch][use].any())


def _uncovered(
    measured: Measured, number: int, own: Sequence[Source], marks_h: Floats
) -> tuple[int, float]:
    """Return how many measurements of a location, and how much, no source of a kind covers."""
    closed = measured.closed
    if not measured.locations[number].is_flow:
        row = int(np.flatnonzero(closed.locations == number)[0])
        read_at, kg = closed.read_at[row], closed.kg[row]
        inside = np.any([inventory_epochs(source, read_at)[1] for source in own], axis=0)
        return int((~inside).sum()), float(kg[~inside].sum())
    reading = measured.reading[number]
    valid = np.any([covers(source, marks_h)[reading] for source in own], axis=0)
    cells, crossing = measured.transfers.cells, measured.transfers.crossing
    chosen = (cells.location == number) & ~valid[cells.stretch]
    chosen &= (cells.balance >= 0) & (cells.balance < measured.balances)
    pieces = (crossing.location == number) & ~valid[measured.transfers.crossing_stretch]
    kg = cells.kg[chosen].sum() + crossing.kg[pieces].sum()
    return int(cells.count[chosen].sum()), float(kg)
