"""Which stratum a line belongs to, and which errors its measurement has.

The strata of an area are data. A line belongs to the first stratum, by rank, that its code, key
measurement point, material description and batch name fit. The error sources go with the
measurement: a cylinder that was weighed when it came in has the errors of that weighing also in
the listing. A source counts from its first to its last day, by the day of the measurement.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keiryo.dates import date_number
from keiryo.evaluation.model import ELEMENT, LISTED, BookLine, Measurement, Use, number_day
from keiryo.measurement.matching import line_fits
from keiryo.measurement.model import Calibration, ErrorSource, MeasurementResult, StratumMethod

BEFORE_ALL = 0
"""Epoch before the first calibration known."""

_BASES_OF_RESULT = {"sampling": ("concentration", "enrichment", "nda")}
"""A sample is taken for an analysis: the sampling error goes with that result."""


@dataclass(frozen=True, slots=True)
class MeasurementModel:
    """What is known of the measurements of an area at a state of knowledge.

    Attributes
    ----------
    sources : mapping of str to tuple of ErrorSource
    methods : tuple of StratumMethod
        By rank.
    results : mapping of str to tuple of MeasurementResult
        By batch, in order of days.
    calibrations : mapping of str to tuple of Calibration
        By method, in order of days.
    items_only : bool
        Whether lines of no stratum are sealed items, because the area is an item area.
    """

    sources: Mapping[str, tuple[ErrorSource, ...]]
    methods: tuple[StratumMethod, ...]
    results: Mapping[str, tuple[MeasurementResult, ...]]
    calibrations: Mapping[str, tuple[Calibration, ...]]
    items_only: bool = False

    def result_days(self) -> dict[str, list[int]]:
        """Return the days of results by batch, ascending."""
        return {
            batch: sorted({date_number(r.measured_on) for r in results})
            for batch, results in self.results.items()
        }


@dataclass(frozen=True, slots=True)
class Cover:
    """What makes the errors of one measurement.

    Attributes
    ----------
    stratum : str
    items_only : bool
        Counted and identified, not measured.
    samples, analyses : int
    sources : tuple of ErrorSource
        In force on the day of the measurement.
    missing : tuple of str
        Names of sources that the stratum asks for and that are not in force then.
    """

    stratum: str
    items_only: bool
    samples: int
    analyses: int
    sources: tuple[ErrorSource, ...]
    missing: tuple[str, ...]

    @property
    def measured(self) -> bool:
        """Whether the amount has an error model, or needs none."""
        return self.items_only or (bool(self.sources) and not self.missing)


class Coverage:
    """Finds stratum, sources, results and epochs of the lines and measurements of an area.

    Parameters
    ----------
    model : MeasurementModel
    measurements : sequence of Measurement
    uses : iterable of Use
        What enters the balances; decides for measurements older than the books.
    first_pit : int
        The first taking of the books (YYYYMMDD): its listing only begins a balance.
    """

    def __init__(
        self,
        model: MeasurementModel,
        measurements: Sequence[Measurement],
        uses: Iterable[Use],
        first_pit: int,
    ) -> None:
        self.model = model
        self.measurements = measurements
        self._own: dict[tuple[str, str | None, str | None, str | None], list[StratumMethod]] = {}
        self._of_measurement: dict[int, StratumMethod | None] = {}
        for use in uses:
            if self._of_measurement.get(use.measurement) is None:
                line = measurements[use.measurement].line
                codes: tuple[str, ...] = (line.code,)
                if line.code == LISTED:
                    codes = ("PB", "PE") if line.day == first_pit else ("PE", "PB")
                found = next((m for c in codes if (m := self._fitting(c, line))), None)
                self._of_measurement[use.measurement] = found or self._fitting(use.code, use.line)

    def stratum(self, use: Use) -> str | None:
        """Return the stratum of a line, or that of its measurement; None if there is none."""
        own = self._fitting(use.code, use.line) or self._of_measurement[use.measurement]
        if own is None:
            return "items" if self.model.items_only else None
        return own.stratum

    def cover(self, number: int, quantity: str) -> Cover | None:
        """Return what makes the errors of a measurement; None if it fits no stratum."""
        method = self._of_measurement.get(number)
        if method is None:
            return Cover("items", True, 1, 1, (), ()) if self.model.items_only else None
        names = method.element_sources
        if quantity != ELEMENT:
            names = (*names, *(n for n in method.isotope_sources if n not in names))
        sources, missing = [], []
        for name in names:
            result = self.result(number, name)
            day = (
                number_day(self.measurements[number].line.day)
                if result is None
                else result.measured_on
            )
            found = [s for s in self.model.sources.get(name, ()) if s.valid_on(day)]
            if found:
                sources.append(found[-1])
            else:
                missing.append(name)
        if not method.element_sources:
            sources = []
        return Cover(
            method.stratum, method.items_only, method.samples, method.analyses,
            tuple(sources), tuple(missing),
        )  # fmt: skip

    def result(self, number: int, source: str) -> MeasurementResult | None:
        """Return the recorded result that a source's error is in, or None."""
        measurement = self.measurements[number]
        results = self.model.results.get(measurement.line.batch or "")
        versions = self.model.sources.get(source)
        if not results or not versions:
            return None
        last = versions[-1]
        for basis in _BASES_OF_RESULT.get(last.basis, (last.basis,)):
            fitting = [
                r
                for r in results
                if r.basis == basis
                and (last.basis == "sampling" or last.method in (None, r.method))
            ]
            if found := _of_time(fitting, measurement):
                return found
        return None

    def epoch(self, number: int, source: ErrorSource) -> tuple[str, int]:
        """Return the calibration epoch of a measurement: instrument and first day (or 0)."""
        measurement = self.measurements[number]
        result = self.result(number, source.source)
        instrument = None if result is None else result.instrument
        calibrations = self.model.calibrations.get(source.method or "", ())
        known = {c.instrument for c in calibrations if c.instrument is not None}
        if instrument is None and len(known) == 1:
            (instrument,) = known
        days = [
            date_number(c.calibrated_on)
            for c in calibrations
            if instrument is None or c.instrument in (None, instrument)
        ]
        closing = result is not None or measurement.line.code == LISTED
        day = measurement.line.day if result is None else date_number(result.measured_on)
        old = closing and source.closing_epoch == "old"
        days = sorted(set(days))
        begun = bisect_left(days, day) if old else bisect_right(days, day)
        return instrument or "", days[begun - 1] if begun else BEFORE_ALL

    def _fitting(self, code: str, line: BookLine) -> StratumMethod | None:
        key = (code, line.kmp, line.mdc, line.batch)
        if key not in self._own:
            self._own[key] = [
                m for m in self.model.methods if line_fits(m.codes, m.kmps, m.mdc, m.batches, key)
            ]
        fitting = self._own[key]
        if not fitting:
            return None
        day = number_day(line.day)
        return next((m for m in fitting if m.valid_on(day)), None)


def _of_time(
    results: Sequence[MeasurementResult], measurement: Measurement
) -> MeasurementResult | None:
    """Return the result of a measurement: the latest before its line, or a late one.

    A late result is one that came after the line and before the batch was measured again. The
    results of measurements before this one, and of an earlier batch of that name, are not of it.
    """
    if not results:
        return None
    day = measurement.line.day
    days = [date_number(r.measured_on) for r in results]
    own = [r for r, d in zip(results, days, strict=True) if measurement.after < d <= day]
    if own:
        return own[-1]
    if not measurement.original:
        return None
    late = [r for r, d in zip(results, days, strict=True) if day < d < measurement.before]
    return late[0] if late else None
