"""Writing spectra as N42-2012, SPE or CSV, each read back and compared before it is handed out.

What a form cannot hold is never dropped silently: it is refused, or a finding says so.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import FILE, Problem, Spectrum, SpectrumFileError

ENDINGS = (".n42", ".spe", ".csv")
_NAMESPACE = "http://physics.nist.gov/N42/2011/N42"
_CLASSES = {
    "foreground": "Foreground",
    "background": "Background",
    "calibration": "Calibration",
    "intrinsic": "IntrinsicActivity",
    None: "NotSpecified",
}


def write_spectra(spectra: Sequence[Spectrum], ending: str) -> tuple[bytes, list[Problem]]:
    """Return a file of spectra and what it does not hold.

    Parameters
    ----------
    spectra : sequence of Spectrum
    ending : str
        ``.n42``, ``.spe`` or ``.csv``; the last two hold one spectrum.

    Raises
    ------
    SpectrumFileError
        Where the form cannot hold what is given, or what was written does not read back the same.
    """
    writers: dict[str, Callable[[Spectrum], str]] = {".spe": _spe, ".csv": _csv}
    ending = ending.lower()
    if ending not in ENDINGS:
        told = f"Spectra are written as {', '.join(ENDINGS)}."
        raise SpectrumFileError([Problem("FORM", "OUT", told)])
    if ending != ".n42" and len(spectra) != 1:
        told = f"The form holds one spectrum, and there are {len(spectra)}: choose with --spectrum."
        raise SpectrumFileError([Problem("SPECTRUM", "OUT", told)])
    text = _n42(spectra) if ending == ".n42" else writers[ending](spectra[0])
    content = text.encode("utf-8")
    _compare(spectra, content, ending)
    return content, [lost for one in spectra for lost in _losses(one, ending)]


def _compare(spectra: Sequence[Spectrum], content: bytes, ending: str) -> None:
    """Read back what was written, and refuse it if it is not the same."""
    again = read_content(content, ending).spectra
    same = len(again) == len(spectra) and all(
        np.array_equal(one.counts, two.counts)
        and (one.live_s, one.real_s) == (two.live_s, two.real_s)
        and _moment(one) == _moment(two)
        and _same_scale(one, two)
        for one, two in zip(spectra, again, strict=True)
    )
    if not same:
        told = "What was written does not read back the same: the form cannot hold it."
        raise SpectrumFileError([Problem("ROUND_TRIP", "OUT", told)])


def _moment(one: Spectrum) -> datetime.datetime | None:
    """Return the start of a spectrum; whether it is in UTC is not every form's to say."""
    if one.start is None:
        return None
    return datetime.datetime.fromisoformat(one.start.removesuffix("Z"))


def _same_scale(one: Spectrum, two: Spectrum) -> bool:
    if (one.calibration.state == FILE) != (two.calibration.state == FILE):
        return False
    if one.calibration.state != FILE:
        return True
    places = np.arange(one.channels)
    return bool(
        np.allclose(
            one.calibration.energies(places),
            two.calibration.energies(places),
            rtol=1e-12,
            atol=1e-9,
        )
    )


def _losses(one: Spectrum, ending: str) -> list[Problem]:
    """Return what a form does not hold of a spectrum."""
    lost = []
    if ending != ".n42" and one.role is not None:
        lost.append("whether it is a foreground or a background")
    if ending == ".spe" and one.start is not None and one.start.endswith("Z"):
        lost.append("that its start is in UTC")
    if ending == ".csv" and one.title:
        lost.append("its title")
    if one.calibration.state == "invalid":
        lost.append("its energy scale, which is none")
    if "neutron_counts" in one.more:
        lost.append("its neutron counts")
    if one.fwhm_coefficients:
        lost.append("its widths")
    if not lost:
        return []
    told = f"The file does not hold {', '.join(lost)}."
    return [Problem("NOT_HELD", one.title or one.detector, told)]


def _whole(one: Spectrum) -> None:
    if one.counts.dtype.kind != "i":
        told = "Counts are not whole, and the form holds whole ones: write .n42."
        raise SpectrumFileError([Problem("NOT_WHOLE", "OUT", told)])


def _line(text: str) -> str:
    """Return a text as one line without what would begin a section or a column."""
    return " ".join(text.replace("$", "").split())


def _spe(one: Spectrum) -> str:
    _whole(one)
    if (one.live_s is None) != (one.real_s is None):
        told = "SPE holds live and real time together, and one of them is not known."
        raise SpectrumFileError([Problem("TIME", "OUT", told)])
    if one.calibration.edges is not None:
        told = "The scale is a list of energies, and SPE holds a polynomial: write .n42 or .csv."
        raise SpectrumFileError([Problem("CALIBRATION", "OUT", told)])
    lines = ["$SPEC_ID:", _line(one.title) or "-"]
    if one.detector:
        lines += ["$SPEC_REM:", f"DETDESC# {_line(one.detector)}"]
    if one.start:
        at = datetime.datetime.fromisoformat(one.start.removesuffix("Z"))
        lines += ["$DATE_MEA:", f"{at:%m/%d/%Y %H:%M:%S}" + _fraction(at)]
    if one.live_s is not None:
        lines += ["$MEAS_TIM:", f"{one.live_s!r} {one.real_s!r}"]
    lines += ["$DATA:", f"0 {one.channels - 1}", *map(str, one.counts.tolist())]
    if one.calibration.state == FILE:
        coefficients = one.calibration.coefficients
        lines += ["$MCA_CAL:", str(len(coefficients)), " ".join(map(repr, coefficients)) + " keV"]
    return "\n".join([*lines, ""])


def _fraction(at: datetime.datetime) -> str:
    return f".{at.microsecond:06d}" if at.microsecond else ""


def _csv(one: Spectrum) -> str:
    _whole(one)
    stated = {"live_s": one.live_s, "real_s": one.real_s, "start": one.start}
    lines = [f"# {name}: {value}" for name, value in stated.items() if value is not None]
    if one.detector:
        lines.append(f"# detector: {_line(one.detector)}")
    counts = one.counts.tolist()
    if one.calibration.state == FILE:
        energies = one.calibration.energies(np.arange(one.channels)).tolist()
        rows = [f"{energy!r},{count}" for energy, count in zip(energies, counts, strict=True)]
        return "\n".join([*lines, "energy_keV,counts", *rows, ""])
    rows = [f"{channel},{count}" for channel, count in enumerate(counts)]
    return "\n".join([*lines, "channel,counts", *rows, ""])


def _n42(spectra: Sequence[Spectrum]) -> str:
    """Return a file of N42.42-2012."""
    names: dict[str, str] = {}
    for one in spectra:
        if one.detector not in names:
            plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", one.detector).strip("_.-")
            wanted = f"D{plain}" if not plain[:1].isalpha() else plain
            names[one.detector] = (
                wanted if wanted not in names.values() else f"{wanted}_{len(names)}"
            )
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<RadInstrumentData xmlns="{_NAMESPACE}">',
        "<RadInstrumentDataCreatorName>keiryo</RadInstrumentDataCreatorName>",
        '<RadInstrumentInformation id="Instrument">',
        "<RadInstrumentManufacturerName>unknown</RadInstrumentManufacturerName>",
        "<RadInstrumentModelName>unknown</RadInstrumentModelName>",
        "<RadInstrumentClassCode>Other</RadInstrumentClassCode>",
        "</RadInstrumentInformation>",
    ]
    for name, identifier in names.items():
        parts += [
            f"<RadDetectorInformation id={quoteattr(identifier)}>",
            f"<RadDetectorName>{escape(_printable(name))}</RadDetectorName>",
            "<RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode>",
            "<RadDetectorKindCode>Other</RadDetectorKindCode>",
            "</RadDetectorInformation>",
        ]
    for number, one in enumerate(spectra, 1):
        parts += _n42_scale(one, number)
    for number, one in enumerate(spectra, 1):
        parts += _n42_measurement(one, number, names[one.detector])
    return "\n".join([*parts, "</RadInstrumentData>", ""])


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable())


def _n42_scale(one: Spectrum, number: int) -> list[str]:
    if one.calibration.state != FILE:
        return []
    edges = one.calibration.edges
    values = one.calibration.coefficients if edges is None else tuple(edges.tolist())
    kind = "CoefficientValues" if edges is None else "EnergyBoundaryValues"
    listed = " ".join(map(repr, values))
    return [f'<EnergyCalibration id="Scale{number}"><{kind}>{listed}</{kind}></EnergyCalibration>']


def _n42_measurement(one: Spectrum, number: int, detector: str) -> list[str]:
    scale = f' energyCalibrationReference="Scale{number}"' if one.calibration.state == FILE else ""
    counts = " ".join(map(repr, one.counts.tolist()))
    lines = [f'<RadMeasurement id="M{number}">']
    if one.title:
        lines.append(f"<Remark>{escape(_printable(one.title))}</Remark>")
    lines.append(f"<MeasurementClassCode>{_CLASSES[one.role]}</MeasurementClassCode>")
    if one.start:
        lines.append(f"<StartDateTime>{one.start}</StartDateTime>")
    if one.real_s is not None:
        lines.append(f"<RealTimeDuration>PT{one.real_s!r}S</RealTimeDuration>")
    lines.append(
        f'<Spectrum id="S{number}" radDetectorInformationReference={quoteattr(detector)}{scale}>'
    )
    if one.live_s is not None:
        lines.append(f"<LiveTimeDuration>PT{one.live_s!r}S</LiveTimeDuration>")
    lines += [f"<ChannelData>{counts}</ChannelData>", "</Spectrum>", "</RadMeasurement>"]
    return lines
