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
from keiryo.process_data.sensitivities import Measured, inventory_epochs
from keiryo.process_data.series import Series
from keiryo.process_data.transfers import covers, stretches


def tell_outside(measured: Measured, flows: Series, notes: Notes) -> None:
    """Tell of transfers that lie before the first closing or after the last."""
    cells, hours = measured.transfers.cells, measured.closed.hours
    for early in (True, False):
        chosen = cells.where(cells.balance < 0 if early else cells.balance >= measured.balances)
        for number in np.unique(chosen.location):
            own = chosen.where(chosen.location == number)
            name, kg, count = measured.locations[number].name, own.kg.sum(), int(own.count.sum())
            many = f"{count} transfers, " if count else ""
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


def tell_silent(measured: Measured, flows: Series, notes: Notes) -> None:
    """Tell of inputs and outputs without a single value."""
    for number, place in enumerate(measured.locations):
        if place.is_flow and not flows.samples[number]:
            notes.remark(
                "PROCESS-FLOW-NONE", f"{place.name} has no value in {flows.file}",
                "Nothing went through it, or its data are missing.", file=flows.file,
            )  # fmt: skip


def tell_rates(measured: Measured, file: str, notes: Notes) -> None:
    """Tell how rates were integrated where the data leave a choice."""
    begin_h, end_h = measured.closed.hours[0], measured.closed.hours[-1]
    rates = measured.transfers.rates
    for number, course in rates.courses.items():
        name, step = measured.locations[number].name, rates.steps_h[number]
        if course.gaps:
            notes.remark(
                "PROCESS-RATE-GAP",
                f"{name}: {course.gaps} gaps in the rate, the longest of "
                f"{course.longest_gap_h:g} h, count as no flow beyond one step of {step:g} h",
                "Right if samples of 0 were left out. If the instrument failed, give what flowed. "
                "If the step is another one, state it in the column step_h of locations.csv.",
                file=file,
            )  # fmt: skip
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
        name = locations[number].name
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
                "SOURCE-LOCATION-WITHOUT", f"{place.name} has no error source",
                "Its measurements count as exact. Name it in a source.", file=file,
            )  # fmt: skip
    for source in sources:
        if not source.relative_sd and not source.absolute_sd_kg and covered:
            notes.remark(
                "SOURCE-ZERO", f"{source.id}: the standard deviation is 0",
                "It adds nothing to the uncertainty.", file=file, line=source.line,
            )  # fmt: skip
        begin_h = measured.closed.hours[0]
        late = source.kind == "epoch" and source.epochs_h[0] >= begin_h
        if late and (source.epochs_h[0] > begin_h or not source.closing_new):
            notes.remark(
                "SOURCE-EPOCH-BEFORE",
                f"{source.id}: the first calibration is at hour {source.epochs_h[0]:g}; the time "
                "before it counts as a calibration of its own",
                "Put the hour of the calibration before it into epochs_h.",
                file=file, line=source.line,
            )  # fmt: skip
    _tell_partly(measured, sources, file, notes)


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
                    names = ", ".join(s.id for s in own)
                    what = "measurements" if place.mode is Mode.AMOUNT else "pieces of its integral"
                    notes.warning(
                        "SOURCE-VALID-PARTLY",
                        f"{place.name}: {count} {what} ({kg:g} kg) lie outside the time of "
                        f"{names} and have no {kind} error",
                        "Say what they were measured with: a source for that time, or another "
                        "valid_from_h or valid_to_h. An inventory at the very hour of a change is "
                        'measured with what begins there, unless closing = "old".',
                        file=file, line=own[0].line, found=f"{kg:g} kg",
                    )  # fmt: skip


def _uncovered(
    measured: Measured, number: int, own: Sequence[Source], marks_h: Floats
) -> tuple[int, float]:
    """Return how many measurements of a location, and how much, no source of a kind covers."""
    valid = np.any([covers(source, marks_h) for source in own], axis=0)
    closed = measured.closed
    if not measured.locations[number].is_flow:
        row = int(np.flatnonzero(closed.locations == number)[0])
        read_at, kg = closed.read_at[row], closed.kg[row]
        inside = np.any([inventory_epochs(source, read_at)[1] for source in own], axis=0)
        return int((~inside).sum()), float(kg[~inside].sum())
    cells, crossing = measured.transfers.cells, measured.transfers.crossing
    chosen = (cells.location == number) & ~valid[cells.stretch]
    chosen &= (cells.balance >= 0) & (cells.balance < measured.balances)
    pieces = (crossing.location == number) & ~valid[measured.transfers.crossing_stretch]
    many = cells.count[chosen].sum() or chosen.sum() + pieces.sum()
    return int(many), float(cells.kg[chosen].sum() + crossing.kg[pieces].sum())
