"""N42.42 files of 2006 and 2012, read completely: spectra, gross counts, doses, alarms, results.

The offset of a time stays: starts are in UTC where the file states one. Nothing is made up: a
spectrum without a scale has none, gross counts without a live time have no rate. Of a file that was
cut off the whole records are kept, and the one that the end runs through is not.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from keiryo.spectra.hardened_xml import CUT, UnsafeXmlError, parse_xml
from keiryo.spectra.spectrum import (
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    calibration_of,
    calibration_of_edges,
    checked,
)

MOST_CHANNELS = 1_048_576
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$", re.ASCII)
ROLES = {
    "Foreground": "foreground",
    "Item": "foreground",
    "Background": "background",
    "Calibration": "calibration",
    "IntrinsicActivity": "intrinsic",
}


@dataclass(frozen=True, slots=True)
class GrossCount:
    """Counts without a spectrum: of a neutron counter, or of energy windows of a panel.

    Attributes
    ----------
    detector, measurement : str
    category : str
        Gamma, Neutron, or empty where the file does not say.
    counts : tuple of int
        One for each window, or one.
    windows : tuple of (float, float)
        In keV; empty: none are named.
    live_s : float or None
    start : str or None
    occupied : bool or None
    """

    detector: str
    measurement: str
    category: str
    counts: tuple[int, ...]
    windows: tuple[tuple[float, float], ...]
    live_s: float | None
    start: str | None
    occupied: bool | None


@dataclass(slots=True)
class N42File:
    """What an N42 file holds.

    Attributes
    ----------
    version : str
        2006 or 2012.
    instrument : dict of str to str
        Maker, model, serial, class; and versions of components.
    detectors : dict of str to dict
        Category, kind and description of each.
    spectra : list of Spectrum
    gross_counts : list of GrossCount
    doses : list of dict
        ``detector``, ``measurement``, ``usv_h``.
    alarms : list of dict
        ``category``, ``description``, ``light``.
    nuclides : list of dict
        ``nuclide``, ``confidence`` and ``category`` as the file has them.
    problems : list of Problem
    """

    version: str
    instrument: dict[str, str] = field(default_factory=dict)
    detectors: dict[str, dict[str, str]] = field(default_factory=dict)
    spectra: list[Spectrum] = field(default_factory=list)
    gross_counts: list[GrossCount] = field(default_factory=list)
    doses: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[dict[str, str]] = field(default_factory=list)
    nuclides: list[dict[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def besides(self) -> dict[str, Any]:
        """Return what the file holds besides spectra as plain data."""
        return {
            "version": self.version,
            "instrument": self.instrument,
            "detectors": self.detectors,
            "gross_counts": [
                {name: getattr(one, name) for name in one.__slots__} for one in self.gross_counts
            ],
            "doses": self.doses,
            "alarms": self.alarms,
            "nuclides": self.nuclides,
        }


def parse_n42(content: bytes) -> N42File:
    """Read an N42 file.

    Raises
    ------
    SpectrumFileError
        ``INCOMPLETE`` where it was cut off before any record, ``UNSAFE`` for what no file of an
        instrument has, ``FORM`` where it is no N42 file.
    """
    try:
        root = parse_xml(content, salvage=True)
    except UnsafeXmlError as error:
        code = "INCOMPLETE" if error.cut else "UNSAFE"
        raise SpectrumFileError([Problem(code, f"line {error.line}", str(error))]) from None
    if root.tag not in ("RadInstrumentData", "N42InstrumentData"):
        raise SpectrumFileError([Problem("FORM", "line 1", "The file is no N42 file.")])
    found = _Of2012(root).file if root.tag == "RadInstrumentData" else _of_2006(root)
    if root.get(CUT):
        told = "The file was cut off. The records before are kept, the one at the end is not."
        if not (found.spectra or found.gross_counts or found.doses):
            told = "The file was cut off before its first record."
        found.problems.insert(0, Problem("INCOMPLETE", "", told))
        if not (found.spectra or found.gross_counts or found.doses):
            raise SpectrumFileError(found.problems)
    return found


def _whole_elements(given: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a name that the end of the file does not run through."""
    return (one for one in given.iter(name) if not one.get(CUT))


def _text(element: Element | None, path: str) -> str:
    found = None if element is None else element.find(path)
    return "" if found is None or found.text is None else " ".join(found.text.split())


def duration_s(text: str) -> float | None:
    """Return a duration of ISO 8601 in seconds, or None.

    Examples
    --------
    >>> duration_s("PT300.0S"), duration_s("PT1H2M3S"), duration_s("5 s")
    (300.0, 3723.0, None)
    """
    match = _DURATION.match(text.strip())
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(one or 0) for one in match.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def instant(text: str) -> str | None:
    """Return a time in UTC with ``Z`` if it has an offset, else as it is written; None: no time.

    Examples
    --------
    >>> instant("2003-11-22T23:45:00.0-07:00"), instant("2003-11-22T23:45:00")
    ('2003-11-23T06:45:00Z', '2003-11-22T23:45:00')
    """
    try:
        found = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if found.utcoffset() is None:
        return found.isoformat()
    return found.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"


def counted_zeroes(values: list[int]) -> list[int]:
    """Return channels of which runs of zeros are written as 0 and their number.

    Raises
    ------
    ValueError
        If a 0 is not followed by a positive number.

    Examples
    --------
    >>> counted_zeroes([0, 3, 5, 0, 1, 7])
    [0, 0, 0, 5, 0, 7]
    """
    found: list[int] = []
    given = iter(values)
    for one in given:
        if one != 0:
            found.append(one)
            continue
        run = next(given, 0)
        if run <= 0 or len(found) + run > MOST_CHANNELS:
            raise ValueError("a run of zeros has no length")
        found += [0] * run
    return found


def _channels(element: Element, place: str) -> np.ndarray:
    words = (element.text or "").split()
    try:
        values = [int(word) if word.lstrip("+-").isdigit() else _whole(word) for word in words]
        coded = element.get("compressionCode") or element.get("Compression") or "None"
        return np.array(counted_zeroes(values) if coded == "CountedZeroes" else values)
    except ValueError:
        told = "The channels cannot be read as counts."
        raise SpectrumFileError([Problem("COUNTS", place, told)]) from None


def _whole(word: str) -> int:
    value = float(word)
    if value != int(value):
        raise ValueError("no whole number")
    return int(value)


def _floats(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        return []


class _Of2012:
    """Reads a file of N42.42-2012."""

    def __init__(self, root: Element) -> None:
        self.root, self.file = root, N42File("2012")
        self.scales = {one.get("id", ""): one for one in root.iter("EnergyCalibration")}
        self.windows = {one.get("id", ""): self._limits(one) for one in root.iter("EnergyWindows")}
        self._instrument()
        for measurement in root.iter("RadMeasurement"):
            self._measurement(measurement)
        for alarm in root.iter("RadAlarm"):
            self.file.alarms.append(
                {
                    "category": _text(alarm, "RadAlarmCategoryCode"),
                    "description": _text(alarm, "RadAlarmDescription"),
                    "light": _text(alarm, "RadAlarmLightColor"),
                }
            )
        for nuclide in root.iter("Nuclide"):
            confidence = _text(nuclide, "NuclideIDConfidenceValue")
            self.file.nuclides.append(
                {
                    "nuclide": _text(nuclide, "NuclideName"),
                    "confidence": confidence or _text(nuclide, "NuclideIDConfidenceDescription"),
                    "category": _text(nuclide, "NuclideCategoryDescription"),
                }
            )

    def _limits(self, element: Element) -> tuple[tuple[float, float], ...]:
        low = _floats(_text(element, "WindowStartEnergyValues"))
        high = _floats(_text(element, "WindowEndEnergyValues"))
        return tuple(zip(low, high, strict=True)) if len(low) == len(high) else ()

    def _instrument(self) -> None:
        given = self.root.find("RadInstrumentInformation")
        names = {
            "maker": "RadInstrumentManufacturerName",
            "model": "RadInstrumentModelName",
            "serial": "RadInstrumentIdentifier",
            "class": "RadInstrumentClassCode",
        }
        self.file.instrument = {ours: _text(given, theirs) for ours, theirs in names.items()}
        for version in () if given is None else given.iter("RadInstrumentVersion"):
            name = _text(version, "RadInstrumentComponentName")
            self.file.instrument[f"version {name}"] = _text(
                version, "RadInstrumentComponentVersion"
            )
        for one in self.root.iter("RadDetectorInformation"):
            self.file.detectors[one.get("id", "")] = {
                "name": _text(one, "RadDetectorName"),
                "category": _text(one, "RadDetectorCategoryCode"),
                "kind": _text(one, "RadDetectorKindCode"),
                "description": _text(one, "RadDetectorDescription"),
            }

    def _measurement(self, given: Element) -> None:
        name = given.get("id", "")
        start, real = (
            instant(_text(given, "StartDateTime")),
            duration_s(_text(given, "RealTimeDuration")),
        )
        told = _text(given, "OccupancyIndicator").lower()
        occupied = {"1": True, "true": True, "0": False, "false": False}.get(told)
        role = ROLES.get(_text(given, "MeasurementClassCode"))
        for spectrum in _whole_elements(given, "Spectrum"):
            self._spectrum(spectrum, name, start, real, role)
        for gross in _whole_elements(given, "GrossCounts"):
            self._gross(gross, name, start, occupied)
        for dose in _whole_elements(given, "DoseRate"):
            value = _floats(_text(dose, "DoseRateValue"))
            detector = dose.get("radDetectorInformationReference", "")
            if value:
                row = {"detector": detector, "measurement": name, "usv_h": value[0]}
                self.file.doses.append({**row, "start": start})

    def _spectrum(
        self, given: Element, name: str, start: str | None, real: float | None, role: str | None
    ) -> None:
        place = given.get("id", name)
        data = given.find("ChannelData")
        try:
            if data is None:
                raise SpectrumFileError([Problem("NO_CHANNELS", place, "It has no channels.")])
            live = duration_s(_text(given, "LiveTimeDuration"))
            counts, told = checked(_channels(data, place), live, real, place)
        except SpectrumFileError as error:
            self.file.problems += error.problems
            return
        calibration = self._calibration(given, len(counts))
        if calibration.state == "invalid":
            words = "The energy scale of the file is none: energies do not rise, or do not fit."
            told.append(Problem("CALIBRATION", place, words))
        self.file.spectra.append(
            Spectrum(
                detector=given.get("radDetectorInformationReference", ""),
                counts=counts,
                live_s=live,
                real_s=real,
                start=start,
                calibration=calibration,
                title=name,
                role=role,
                problems=tuple(told),
            )
        )

    def _calibration(self, given: Element, channels: int) -> Calibration:
        reference = given.get("energyCalibrationReference", "")
        scale = self.scales.get(reference)
        if scale is None:
            return Calibration(NONE if not reference else "invalid")
        if edges := _floats(_text(scale, "EnergyBoundaryValues")):
            return calibration_of_edges(edges, channels)
        return calibration_of(_floats(_text(scale, "CoefficientValues")), channels)

    def _gross(self, given: Element, name: str, start: str | None, occupied: bool | None) -> None:
        place = given.get("id", name)
        detector = given.get("radDetectorInformationReference", "")
        reference = given.get("energyWindowsReference", "")
        try:
            counts = tuple(_whole(word) for word in _text(given, "CountData").split())
        except (ValueError, OverflowError):
            counts = ()
        windows = self.windows.get(reference, ())
        wanted = len(windows) if reference else 1
        if not counts or min(counts) < 0 or len(counts) != wanted:
            told = f"It has {len(counts)} counts where {wanted} belong."
            self.file.problems.append(Problem("COUNTS", place, told))
            return
        known = self.file.detectors.get(detector)
        if known is None:
            told = f"The detector {detector[:40]!r} is not described in the file."
            self.file.problems.append(Problem("DETECTOR", place, told))
        self.file.gross_counts.append(
            GrossCount(
                *(detector, name, "" if known is None else known["category"], counts, windows),
                *(duration_s(_text(given, "LiveTimeDuration")), start, occupied),
            )
        )


# --- 2006 ----------------------------------------------------------------------------------------


def _of_2006(root: Element) -> N42File:
    file = N42File("2006")
    given = root.find(".//InstrumentInformation")
    names = {
        "maker": "Manufacturer",
        "model": "InstrumentModel",
        "serial": "InstrumentID",
        "class": "InstrumentType",
    }
    file.instrument = {ours: _text(given, theirs) for ours, theirs in names.items()}
    for place, (element, start) in enumerate(_spectra_2006(root), 1):
        try:
            file.spectra.append(_spectrum_2006(element, start, f"Spectrum {place}"))
        except SpectrumFileError as error:
            file.problems += error.problems
    for nuclide in root.iter("Nuclide"):
        file.nuclides.append(
            {
                "nuclide": _text(nuclide, "NuclideName"),
                "confidence": _text(nuclide, "NuclideIDConfidenceIndication"),
                "category": _text(nuclide, "NuclideType"),
            }
        )
    return file


def _spectra_2006(root: Element) -> Iterator[tuple[Element, str | None]]:
    """Yield spectra with the start of the data they stand in."""
    inside: set[int] = set()
    for data in root.iter("DetectorData"):
        start = instant(_text(data, "StartTime"))
        for one in _whole_elements(data, "Spectrum"):
            inside.add(id(one))
            yield one, instant(_text(one, "StartTime")) or start
    for one in _whole_elements(root, "Spectrum"):
        if id(one) not in inside:
            yield one, instant(_text(one, "StartTime"))


def _spectrum_2006(given: Element, start: str | None, place: str) -> Spectrum:
    data = given.find("ChannelData")
    if data is None:
        raise SpectrumFileError([Problem("NO_CHANNELS", place, "It has no channels.")])
    live, real = (duration_s(_text(given, name)) for name in ("LiveTime", "RealTime"))
    counts, told = checked(_channels(data, place), live, real, place)
    scales = {one.get("Type", ""): one for one in given.iter("Calibration")}
    energy = scales.get("Energy")
    coefficients = _floats(_text(energy, "Equation/Coefficients"))
    calibration = Calibration(NONE) if energy is None else calibration_of(coefficients, len(counts))
    if calibration.state == "invalid":
        words = (
            "The energy scale of the file is none: energies do not rise from channel to channel."
        )
        told.append(Problem("CALIBRATION", place, words))
    return Spectrum(
        detector=given.get("Detector", ""),
        counts=counts,
        live_s=live,
        real_s=real,
        start=start,
        calibration=calibration,
        fwhm_coefficients=tuple(_floats(_text(scales.get("FWHM"), "Equation/Coefficients"))),
        title=given.get("SampleNumber", ""),
        role=ROLES.get(_text(given, "SourceType")),
        problems=tuple(told),
    )
