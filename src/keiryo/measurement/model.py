"""What measurement knows: error sources, methods of strata, results, calibrations, controls.

Each class is one line of a table of record as it is in force, with the act and line that say so.
Standard deviations are one sigma and floating-point numbers, because statistics are computed with
them; measured values stay exact decimals, as they were recorded.

Source of the terms: an *error source* is what two amounts must share for their errors to be the
same, e.g. Burr et al., EPJ Nuclear Sci. Technol. 2 (2016) 36: random errors, systematic errors
that last for a calibration period (epoch), and systematic errors that last.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ErrorSource:
    """A source of measurement error.

    Attributes
    ----------
    source : str
        Name, unique in the State.
    method : str or None
        Measurement method that it belongs to.
    kind : str
        ``"random"``: new for each measurement; ``"epoch"``: constant within a calibration;
        ``"long"``: constant always.
    basis : str
        Quantity: mass, volume, concentration, enrichment, nda, sampling or other.
    relative_sd : float or None
        Relative standard deviation, one sigma, as a fraction.
    absolute_sd_kg : float or None
        Absolute standard deviation, one sigma, kg. With both, the errors add.
    one_error_per : str or None
        Of a random source, what shares one error: result, batch, item or stratum.
    closing_epoch : str or None
        Of an epoch source: whether a closing on a calibration day is ``"new"`` or ``"old"``.
    valid_from, valid_to : datetime.date or None
        First and last day of the measurements that have this error; None: no limit.
    reference : str or None
        Where the figure comes from.
    act, line : int
        The line that says so.
    """

    source: str
    method: str | None
    kind: str
    basis: str
    relative_sd: float | None
    absolute_sd_kg: float | None
    one_error_per: str | None
    closing_epoch: str | None
    valid_from: datetime.date | None
    valid_to: datetime.date | None
    reference: str | None
    act: int
    line: int

    def valid_on(self, day: datetime.date) -> bool:
        """Return whether measurements of a day have this error."""
        return valid(self.valid_from, self.valid_to, day)


@dataclass(frozen=True, slots=True)
class StratumMethod:
    """Which lines of the books form a stratum, and which error sources they have.

    Attributes
    ----------
    mba, stratum : str
    rank : int
        Where several strata fit a line, the lowest rank counts.
    codes, kmps, batches : tuple of str
        What the lines must have; empty: any. Batches are patterns with ``*``.
    mdc : str or None
        Material description code with ``?`` for any sign; None: any.
    element_sources, isotope_sources : tuple of str
        Error sources of the element weight, and the further ones of the isotope weight.
    samples, analyses : int
        Samples averaged for one result, and analyses of each sample; 1 where nothing is said.
    items_only : bool
        Sealed items, counted and identified; their MUF must be zero.
    valid_from, valid_to : datetime.date or None
    act, line : int
    """

    mba: str
    stratum: str
    rank: int
    codes: tuple[str, ...]
    kmps: tuple[str, ...]
    mdc: str | None
    batches: tuple[str, ...]
    element_sources: tuple[str, ...]
    isotope_sources: tuple[str, ...]
    samples: int
    analyses: int
    items_only: bool
    valid_from: datetime.date | None
    valid_to: datetime.date | None
    act: int
    line: int

    def valid_on(self, day: datetime.date) -> bool:
        """Return whether the stratum is meant on a day."""
        return valid(self.valid_from, self.valid_to, day)


@dataclass(frozen=True, slots=True)
class MeasurementResult:
    """A measured value of a batch; several batches may share one result.

    Attributes
    ----------
    result, mba, batch, method, basis : str
    instrument : str or None
    measured_on : datetime.date
    value : decimal.Decimal
        As recorded.
    unit : str
    replicates : int
        Number of measurements averaged.
    source_document : str or None
    act, line : int
    """

    result: str
    mba: str
    batch: str
    method: str
    basis: str
    instrument: str | None
    measured_on: datetime.date
    value: Decimal
    unit: str
    replicates: int
    source_document: str | None
    act: int
    line: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """An instrument or method was calibrated: an epoch of its systematic errors begins.

    Attributes
    ----------
    method : str
    instrument : str or None
        None: all instruments of the method.
    calibrated_on : datetime.date
    standard, certificate : str or None
    act, line : int
    """

    method: str
    instrument: str | None
    calibrated_on: datetime.date
    standard: str | None
    certificate: str | None
    act: int
    line: int


@dataclass(frozen=True, slots=True)
class ControlMeasurement:
    """A measurement that tells about the method.

    Attributes
    ----------
    series : str
        Measurements that are evaluated together.
    kind : str
        ``"standard"``, ``"replicate"`` or ``"paired"``.
    method : str
    instrument, session, item : str or None
        Within a session (calibration, shift, inspection) the systematic error is the same.
    measured_on : datetime.date
    measured : decimal.Decimal
        Measured value, or the operator's of a pair.
    reference : decimal.Decimal or None
        Certified value, or the inspector's of a pair.
    unit : str
    act, line : int
    """

    series: str
    kind: str
    method: str
    instrument: str | None
    session: str | None
    item: str | None
    measured_on: datetime.date
    measured: Decimal
    reference: Decimal | None
    unit: str
    act: int
    line: int


@dataclass(frozen=True, slots=True)
class TargetValue:
    """A target value of measurement uncertainty, one sigma.

    Attributes
    ----------
    edition, method, material, basis : str
    random_percent, systematic_percent : float or None
        In per cent of the measured quantity.
    conditions : str or None
    verified : bool
        Copied from the table and checked by a second person.
    act, line : int
    """

    edition: str
    method: str
    material: str
    basis: str
    random_percent: float | None
    systematic_percent: float | None
    conditions: str | None
    verified: bool
    act: int
    line: int


def valid(
    valid_from: datetime.date | None, valid_to: datetime.date | None, day: datetime.date
) -> bool:
    """Return whether a day lies within two limits, both included; None is no limit."""
    return (valid_from is None or valid_from <= day) and (valid_to is None or day <= valid_to)
