"""N42.42 files of 2006: spectra of detectors, counts without spectra, doses, and results."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from keiryo.spectra.deviation_pairs import Pair, with_deviations
from keiryo.spectra.hardened_xml import whole_elements
from keiryo.spectra.n42_parts import (
    ROLES,
    GrossCount,
    N42File,
    TooLargeError,
    channels_of,
    duration_s,
    flag_of,
    floats_of,
    in_units,
    instant,
    leaves,
    normalize_confidences,
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
    full_range_fraction,
    stated_scale,
)

_DOSE = {"sv/h": 1e6, "msv/h": 1e3, "usv/h": 1.0, "µsv/h": 1.0, "rem/h": 1e4, "mrem/h": 10.0}


def read_2006(root: Element) -> N42File:
    """Return what a file of N42.42-2006 holds; spectra that cannot be are among its problems."""
    return _Of2006(root).file


class _Of2006:
    """Reads a file of N42.42-2006."""

    def __init__(self, root: Element) -> None:
        self.root, self.file = root, N42File("2006")
        self.parents = {one: parent for parent in root.iter() for one in parent}
        self.scales = {one.get("ID", ""): one for one in root.iter("Calibration") if one.get("ID")}
        self.deviations = {
            one.get("Detector", ""): _pairs(one) for one in root.iter("NonlinearityCorrection")
        }
        self._instrument()
        for place, one in enumerate(whole_elements(root, "Spectrum"), 1):
            try:
                self._spectrum(one, f"Spectrum {place}")
            except TooLargeError:
                raise
            except SpectrumFileError as error:
                self.file.problems += error.problems
        for kind in ("CountDoseData", "GrossCounts", "GrossCountMeasurement"):
            for one in root.iter(kind):
                self._counts(one)
        for item in root.iter("MeasuredItemInformation"):
            row: dict[str, Any] = dict(leaves(item))
            self.file.items.append(row | in_units(item.find("ItemToDetectorDistance"), "distance"))
        self._results()

    def _instrument(self) -> None:
        given = next(self.root.iter("InstrumentInformation"), None)
        names = {
            "maker": "Manufacturer",
            "model": "InstrumentModel",
            "serial": "InstrumentID",
            "class": "InstrumentType",
            "lane": "LaneNumber",
            "version": "InstrumentVersion",
        }
        said = {ours: text_at(given, theirs) for ours, theirs in names.items()}
        optional = ("lane", "version")
        self.file.instrument = {k: v for k, v in said.items() if v or k not in optional}
        for status in self.root.iter("DetectorStatus"):
            name = status.get("Detector", "")
            operational = flag_of(status.get("Operational", ""))
            self.file.detectors[name] = {"operational": str(operational).lower()}
            if operational is False:
                told = "The instrument says that this detector does not work."
                self.file.problems.append(Problem("DETECTOR_FAULT", name[:64], told))

    def _above(self, given: Element, *tags: str) -> Element | None:
        """Return the nearest element above of one of these names."""
        above = self.parents.get(given)
        while above is not None and above.tag not in tags:
            above = self.parents.get(above)
        return above

    def _begun(self, given: Element) -> str:
        data = self._above(given, "DetectorData")
        return text_at(given, "StartTime") or text_at(data, "StartTime")

    def _spectrum(self, given: Element, place: str) -> None:
        data = given.find("ChannelData")
        if data is None:
            raise SpectrumFileError([Problem("NO_CHANNELS", place, "It has no channels.")])
        holder = self._above(given, "DetectorMeasurement")
        around = self._above(given, "DetectorData")
        stated = [text_at(given, name) for name in ("LiveTime", "RealTime")]
        live, real = (duration_s(one) for one in stated)
        if real is None and not stated[1]:
            real = duration_s(text_at(around, "SampleRealTime"))
        if any(said and duration_s(said) is None for said in stated):
            raise SpectrumFileError([Problem("TIME", place, "A time is no duration.")])
        stored = channels_of(data, place)
        self.file.room_for(len(stored), place)
        counts, told = checked(stored, live, real, place, whole=False)
        begun = self._begun(given)
        self.file.problems += start_problems(begun, place)
        calibration, widths, more_told = self._curves(given, len(counts), place)
        told += more_told
        more: dict[str, Any] = {}
        if around is not None:
            occupied = flag_of(text_at(around, "Occupied"))
            if occupied is not None:
                more["occupied"] = occupied
            more |= in_units(around.find("Speed"), "speed")
        if kind := text_at(given, "DetectorType"):
            more["detector_kind"] = kind
        above = "" if holder is None else holder.get("Detector", "")
        self.file.spectra.append(
            Spectrum(
                detector=(given.get("Detector") or above).strip(),
                counts=counts,
                live_s=live,
                real_s=real,
                start=instant(begun),
                calibration=calibration,
                fwhm_coefficients=widths,
                title=given.get("SampleNumber", ""),
                role=ROLES.get(text_at(given, "SourceType")),
                problems=tuple(told),
                more=more,
            )
        )

    def _curves(
        self, given: Element, channels: int, place: str
    ) -> tuple[Calibration, tuple[float, ...], list[Problem]]:
        """Return the scale and the widths of a spectrum, its own or those it refers to."""
        own = list(given.iter("Calibration"))
        referred = given.get("CalibrationIDs", "").split()
        own += [self.scales[one] for one in referred if one in self.scales]
        missing = any(one not in self.scales for one in referred)
        kinds = {one.get("Type", "").lower(): one for one in reversed(own)}
        widths = tuple(floats_of(text_at(kinds.get("fwhm"), "Equation/Coefficients")))
        energy = kinds.get("energy")
        if energy is None:
            found = Calibration(INVALID if missing else NONE)
            return found, widths, [unusable_scale(place)] if missing else []
        found, told = _energy_scale(energy, channels, place)
        pairs = self.deviations.get(given.get("Detector", ""), [])
        found, more = with_deviations(found, pairs, channels, place)
        return found, widths, told + more

    def _counts(self, given: Element) -> None:
        if given.tag == "GrossCounts" and self._above(given, "GrossCountMeasurement") is not None:
            return
        holder = self._above(given, "DetectorMeasurement")
        kind = given.get("DetectorType") or ("" if holder is None else holder.get("DetectorType"))
        name = given.get("Detector") or ("" if holder is None else holder.get("Detector"))
        category = next((one for one in ("Neutron", "Gamma") if one in (kind or "")), "")
        start = instant(self._begun(given))
        around = self._above(given, "DetectorData")
        occupied = flag_of(text_at(around, "Occupied"))
        said = next(
            (
                text_at(given, f".//{one}")
                for one in ("Counts", "TotalCounts", "GrossCount")
                if text_at(given, f".//{one}")
            ),
            "",
        )
        live = next(
            (
                duration_s(text_at(given, one))
                for one in ("LiveTime", "SampleRealTime")
                if text_at(given, one)
            ),
            duration_s(text_at(around, "SampleRealTime")),
        )
        if said:
            value = floats_of(said)
            if len(value) != 1 or not 0 <= value[0] < 1e15 or value[0] != int(value[0]):
                told = "The counts are no whole number of 0 or more."
                self.file.problems.append(Problem("COUNTS", given.tag, told))
            else:
                row = ((name or "").strip(), "", category, (int(value[0]),), (), live)
                self.file.gross_counts.append(GrossCount(*row, start, occupied))
        for dose in whole_elements(given, "DoseRate"):
            unit = dose.get("Units", "mrem/h").replace("μ", "µ")  # the standard's own unit
            value, factor = floats_of(dose.text or ""), _DOSE.get(unit.lower())
            if len(value) == 1 and factor is not None and 0 <= value[0] < 1e15:
                self.file.doses.append(
                    {
                        "detector": name or "",
                        "measurement": "",
                        "usv_h": value[0] * factor,
                        "start": start,
                        "stated": f"{value[0]:g} {unit}",
                    }
                )
            else:
                told = "The dose rate is no number, or in a unit that is not known."
                self.file.problems.append(Problem("DOSE", given.tag, told))

    def _results(self) -> None:
        for nuclide in self.root.iter("Nuclide"):
            self.file.nuclides.append(
                {
                    "nuclide": text_at(nuclide, "NuclideName"),
                    "confidence": text_at(nuclide, "NuclideIDConfidenceIndication")
                    or text_at(nuclide, "NuclideIDConfidence"),
                    "category": text_at(nuclide, "NuclideType"),
                    "stated": leaves(nuclide),
                }
            )
        normalize_confidences(self.file.nuclides)
        for one in self.root.iter():
            if one.tag in ("AlarmDescription", "ThreatDescription") and (one.text or "").strip():
                told = " ".join((one.text or "").split())
                row = {"category": one.tag.removesuffix("Description"), "description": told}
                self.file.alarms.append({**row, "light": "", "at": ""})


def _texts(given: Element, name: str) -> list[str]:
    return [one.text or "" for one in given.iter(name)]


def _energy_scale(energy: Element, channels: int, place: str) -> tuple[Calibration, list[Problem]]:
    """Return the scale that a calibration states; one of a kind that is not read is none."""
    equation = energy.find("Equation")
    model = "" if equation is None else equation.get("Model", "").lower()
    words = text_at(energy, "Equation/Coefficients") or text_at(energy, "Coefficients")
    stated = stated_numbers(words)
    if stated is None or model not in ("", "polynomial", "lowerchanneledge", "fullrangefraction"):
        return Calibration(INVALID, tuple(stated or ())), [unusable_scale(place)]
    if not stated:
        if not len(energy):
            return Calibration(NONE), []
        return Calibration(INVALID), [unusable_scale(place)]
    if energy.get("EnergyUnits", "keV").lower() == "mev":
        stated = [one * 1000 for one in stated]
    if model == "fullrangefraction":
        return full_range_fraction(stated, channels, place)
    if model != "lowerchanneledge":
        return stated_scale(stated, channels, place, trimmed=False)
    if len(stated) == channels and channels > 1:
        stated.append(2 * stated[-1] - stated[-2])
    found = calibration_of_edges(stated, channels)
    return found, [unusable_scale(place)] if found.state == INVALID else []


def _pairs(given: Element) -> list[Pair] | None:
    """Return the deviation pairs of a detector; None: they are no pairs of numbers."""
    found = [floats_of(text) for text in _texts(given, "Deviation")]
    return [(one[0], one[1]) for one in found] if all(len(one) == 2 for one in found) else None
