"""N42.42 files of 2006 and 2012, read completely: spectra, gross counts, doses, alarms, results.

The offset of a time stays: starts are in UTC where the file states one. Nothing is made up: a
spectrum without a scale has none, gross counts without a live time have no rate. A file that was
cut off is refused, for its last record cannot be trusted.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from keiryo.spectra.deviation_pairs import with_deviations
from keiryo.spectra.hardened_xml import CUT, UnsafeXmlError, parse_xml, whole_elements
from keiryo.spectra.n42_2006 import read_2006
from keiryo.spectra.n42_parts import (
    ROLES,
    GrossCount,
    N42File,
    TooLargeError,
    channels_of,
    counted_zeroes,
    duration_s,
    flag_of,
    floats_of,
    in_units,
    instant,
    leaves,
    normalize_confidences,
    numbers_of,
    start_problems,
    stated_numbers,
    text_at,
    unusable_scale,
)
from keiryo.spectra.spectrum import (
    INVALID,
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    calibration_of_edges,
    checked,
    stated_scale,
)

__all__ = ["GrossCount", "N42File", "counted_zeroes", "duration_s", "instant", "parse_n42"]
_DEVIATIONS = "EnergyDeviationValues"
_EFFICIENCIES = (
    ("FullEnergyPeakEfficiencyCalibration", "fullEnergyPeakEfficiencyCalibrationReference"),
    (
        "IntrinsicFullEnergyPeakEfficiencyCalibration",
        "intrinsicFullEnergyPeakEfficiencyCalibrationReference",
    ),
    ("TotalEfficiencyCalibration", "totalEfficiencyCalibrationReference"),
)


def parse_n42(content: bytes) -> N42File:
    """Read an N42 file.

    Raises
    ------
    SpectrumFileError
        ``INCOMPLETE`` where it was cut off, ``UNSAFE`` for what no file of an instrument has,
        ``FORM`` where it is no N42 file.
    """
    root = _tree(content)
    older = next(root.iter("N42InstrumentData"), None)
    if root.tag != "RadInstrumentData" and older is None:
        raise SpectrumFileError([Problem("FORM", "line 1", "The file is no N42 file.")])
    found = _Of2012(root).file if older is None else read_2006(older)
    if root.get(CUT):
        held = found.spectra or found.gross_counts or found.doses
        told = (
            "The records before its end are kept." if held else "It ends before its first record."
        )
        found.problems.insert(0, Problem("INCOMPLETE", "", f"The file was cut off. {told}"))
        if not held:
            raise SpectrumFileError(found.problems)
    return found


def _tree(content: bytes) -> Element:
    """Return the tree of a file; as Latin-1 where it is not in the encoding that it states."""
    if content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        content = content.strip(b"\0 \t\r\n")
    try:
        return parse_xml(content, salvage=True)
    except UnsafeXmlError as error:
        first = error
    if not first.cut:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            try:
                return parse_xml(content, "iso-8859-1", salvage=True)
            except UnsafeXmlError as error:
                first = error
    code = "INCOMPLETE" if first.cut else "UNSAFE"
    raise SpectrumFileError([Problem(code, f"line {first.line}", str(first))]) from None


class _Of2012:
    """Reads a file of N42.42-2012."""

    def __init__(self, root: Element) -> None:
        self.root, self.file = root, N42File("2012")
        self.scales = {one.get("id", ""): one for one in root.iter("EnergyCalibration")}
        self.windows = {one.get("id", ""): self._limits(one) for one in root.iter("EnergyWindows")}
        self.widths = {one.get("id", ""): one for one in root.iter("FWHMCalibration")}
        self.efficiencies = {
            (kind, one.get("id", "")): one for kind, _ in _EFFICIENCIES for one in root.iter(kind)
        }
        self._instrument()
        for measurement in root.iter("RadMeasurement"):
            self._measurement(measurement)
        for derived in root.iter("DerivedData"):
            self._measurement(derived, derived=True)
        for item in root.iter("RadItemInformation"):
            self.file.items.append({"id": item.get("id", ""), **leaves(item)})
        self._results()

    def _results(self) -> None:
        for alarm in self.root.iter("RadAlarm"):
            self.file.alarms.append(
                {
                    "category": text_at(alarm, "RadAlarmCategoryCode"),
                    "description": text_at(alarm, "RadAlarmDescription"),
                    "light": text_at(alarm, "RadAlarmLightColor"),
                    "at": text_at(alarm, "RadAlarmDateTime"),
                }
            )
        for nuclide in self.root.iter("Nuclide"):
            confidence = text_at(nuclide, "NuclideIDConfidenceValue")
            self.file.nuclides.append(
                {
                    "nuclide": text_at(nuclide, "NuclideName"),
                    "confidence": confidence or text_at(nuclide, "NuclideIDConfidenceDescription"),
                    "category": text_at(nuclide, "NuclideCategoryDescription"),
                    "stated": leaves(nuclide),
                }
            )
        normalize_confidences(self.file.nuclides)

    def _limits(self, element: Element) -> tuple[tuple[float, float], ...]:
        low = floats_of(text_at(element, "WindowStartEnergyValues"))
        high = floats_of(text_at(element, "WindowEndEnergyValues"))
        return tuple(zip(low, high, strict=True)) if len(low) == len(high) else ()

    def _instrument(self) -> None:
        given = self.root.find("RadInstrumentInformation")
        names = {
            "maker": "RadInstrumentManufacturerName",
            "model": "RadInstrumentModelName",
            "serial": "RadInstrumentIdentifier",
            "class": "RadInstrumentClassCode",
        }
        self.file.instrument = {ours: text_at(given, theirs) for ours, theirs in names.items()}
        for version in () if given is None else given.iter("RadInstrumentVersion"):
            name = text_at(version, "RadInstrumentComponentName")
            self.file.instrument[f"version {name}"] = text_at(
                version, "RadInstrumentComponentVersion"
            )
        control = None if given is None else given.find("RadInstrumentQualityControl")
        if control is not None:
            self.file.instrument |= leaves(control)
        for one in self.root.iter("RadDetectorInformation"):
            self.file.detectors[one.get("id", "")] = {
                "name": text_at(one, "RadDetectorName"),
                "category": text_at(one, "RadDetectorCategoryCode"),
                "kind": text_at(one, "RadDetectorKindCode"),
                "description": text_at(one, "RadDetectorDescription"),
            }

    def _measurement(self, given: Element, *, derived: bool = False) -> None:
        name = given.get("id", "")
        begun = text_at(given, "StartDateTime")
        start, real = instant(begun), duration_s(text_at(given, "RealTimeDuration"))
        self.file.problems += start_problems(begun, name)
        occupied = flag_of(text_at(given, "OccupancyIndicator"))
        role = ROLES.get(text_at(given, "MeasurementClassCode"))
        more: dict[str, Any] = {"measurement": name}
        if occupied is not None:
            more["occupied"] = occupied
        if derived:
            more["derived"] = True
        for state in given.iter():
            if state.tag in ("RadInstrumentState", "RadItemState", "RadDetectorState"):
                row = {"kind": state.tag, "measurement": name, **leaves(state)}
                self.file.states.append({**row, **in_units(state.find(".//SpeedValue"), "speed")})
        item = given.find("RadItemState")
        more |= in_units(None if item is None else item.find(".//SpeedValue"), "speed")
        for spectrum in whole_elements(given, "Spectrum"):
            self._spectrum(spectrum, name, start, real, role, more)
        for gross in whole_elements(given, "GrossCounts"):
            self._gross(gross, name, start, occupied, derived)
        for dose in whole_elements(given, "DoseRate"):
            self._dose(dose, name, start)

    def _dose(self, given: Element, name: str, start: str | None) -> None:
        value = floats_of(text_at(given, "DoseRateValue"))
        detector = given.get("radDetectorInformationReference", "")
        place = given.get("id", name)
        if len(value) != 1 or not 0 <= value[0] < float("inf"):
            self.file.problems.append(Problem("DOSE", place, "The dose rate is no number."))
            return
        self._known(detector, place)
        row = {"detector": detector, "measurement": name, "usv_h": value[0], "start": start}
        told = text_at(given, "DoseRateLevelDescription")
        self.file.doses.append({**row, "level": told} if told else row)

    def _known(self, detector: str, place: str) -> None:
        if detector and detector not in self.file.detectors:
            told = f"The detector {detector[:40]!r} is not described in the file."
            self.file.problems.append(Problem("DETECTOR", place, told))

    def _spectrum(
        self,
        given: Element,
        name: str,
        start: str | None,
        real: float | None,
        role: str | None,
        more: dict[str, Any],
    ) -> None:
        place = given.get("id", name)
        data = given.find("ChannelData")
        try:
            if data is None:
                raise SpectrumFileError([Problem("NO_CHANNELS", place, "It has no channels.")])
            stated = text_at(given, "LiveTimeDuration")
            live = duration_s(stated)
            if stated and live is None:
                raise SpectrumFileError([Problem("TIME", place, "The live time is no duration.")])
            stored = channels_of(data, place)
            self.file.room_for(len(stored), place)
            counts, told = checked(stored, live, real, place, whole=False)
        except TooLargeError:
            raise
        except SpectrumFileError as error:
            self.file.problems += error.problems
            return
        calibration, more_told = self._calibration(given, len(counts), place)
        told += more_told
        detector = given.get("radDetectorInformationReference", "")
        self._known(detector, place)
        known = self.file.detectors.get(detector, {})
        extra = {"detector_kind": known["kind"]} if known.get("kind") else {}
        if known.get("name", detector) not in ("", detector):
            extra["detector_name"] = known["name"]
        self.file.spectra.append(
            Spectrum(
                detector=detector,
                counts=counts,
                live_s=live,
                real_s=real,
                start=start,
                calibration=calibration,
                title=name,
                role=role,
                problems=tuple(told),
                more={**more, **extra, **self._curves(given)},
            )
        )

    def _curves(self, given: Element) -> dict[str, Any]:
        """Return widths and efficiencies that a spectrum refers to."""
        found: dict[str, Any] = {}
        width = self.widths.get(given.get("FWHMCalibrationReference", ""))
        if width is not None:
            found["fwhm"] = {
                "energies_kev": floats_of(text_at(width, "EnergyValues")),
                "fwhm_kev": floats_of(text_at(width, "FWHMValues")),
            }
        for kind, reference in _EFFICIENCIES:
            curve = self.efficiencies.get((kind, given.get(reference, "")))
            if curve is not None:
                found.setdefault("efficiencies", []).append(
                    {
                        "kind": kind.removesuffix("EfficiencyCalibration"),
                        "energies_kev": floats_of(text_at(curve, "EnergyValues")),
                        "efficiencies": floats_of(text_at(curve, "EfficiencyValues")),
                        "sigmas": floats_of(text_at(curve, "EfficiencyUncertaintyValues")),
                    }
                )
        return found

    def _calibration(
        self, given: Element, channels: int, place: str
    ) -> tuple[Calibration, list[Problem]]:
        reference = given.get("energyCalibrationReference", "")
        scale = self.scales.get(reference)
        if scale is None:
            found = Calibration(NONE if not reference else INVALID)
            return found, [] if not reference else [unusable_scale(place)]
        offsets = floats_of(text_at(scale, _DEVIATIONS))
        at = floats_of(text_at(scale, "EnergyValues"))
        pairs = list(zip(at, offsets, strict=True)) if len(at) == len(offsets) else None
        edges = stated_numbers(text_at(scale, "EnergyBoundaryValues"))
        if edges == []:
            coefficients = stated_numbers(text_at(scale, "CoefficientValues"))
            if coefficients is not None:
                found, wrong = stated_scale(coefficients, channels, place, trimmed=False)
                found, told = with_deviations(found, pairs, channels, place)
                return found, wrong + told
        elif edges is not None:
            found = calibration_of_edges(edges, channels)
            if found.state == INVALID:
                return found, [unusable_scale(place)]
            return with_deviations(found, pairs, channels, place)
        return Calibration(INVALID), [unusable_scale(place)]

    def _gross(
        self, given: Element, name: str, start: str | None, occupied: bool | None, derived: bool
    ) -> None:
        place = given.get("id", name)
        detector = given.get("radDetectorInformationReference", "")
        reference = given.get("energyWindowsReference", "")
        try:
            stored = numbers_of(text_at(given, "CountData"))
            counts = tuple(stored.tolist()) if stored.dtype.kind == "i" else ()
        except ValueError:
            counts = ()
        windows = self.windows.get(reference, ())
        wanted = len(windows) if reference else 1
        if not counts or min(counts) < 0 or len(counts) != wanted:
            told = f"It has {len(counts)} usable counts where {wanted} belong."
            self.file.problems.append(Problem("COUNTS", place, told))
            return
        known = self.file.detectors.get(detector)
        if known is None:
            told = f"The detector {detector[:40]!r} is not described in the file."
            self.file.problems.append(Problem("DETECTOR", place, told))
        self.file.gross_counts.append(
            GrossCount(
                *(detector, name, "" if known is None else known["category"], counts, windows),
                *(duration_s(text_at(given, "LiveTimeDuration")), start, occupied, derived),
            )
        )
