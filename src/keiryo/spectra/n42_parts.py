"""What an N42.42 file holds, of either year, and how its times, numbers and channels are written.

The standard is ANSI N42.42 (2006 and 2012); names here are the domain's, values as the file has
them, with units in the name where they are fixed.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from keiryo.spectra.spectrum import Problem, Spectrum, SpectrumFileError
from keiryo.spectra.start_times import named_month

MOST_CHANNELS = 1_048_576
MOST_IN_FILE = 32 * 1_048_576
"""Channels of all spectra of a file: packed zeros could fill any memory from few bytes."""
_NUMBER = r"\d*[.,]?\d+(?:[Ee][+-]?\d+)?|\d+[.,]"
_DURATION = re.compile(
    rf"P(?:0+Y)?(?:0+M)?(?:({_NUMBER})D)?"
    rf"(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?$",
    re.ASCII,
)
ROLES = {
    "Foreground": "foreground",
    "Item": "foreground",
    "Background": "background",
    "Calibration": "calibration",
    "IntrinsicActivity": "intrinsic",
}
_WORDS = {"low": 0.25, "medium": 0.5, "high": 0.75}
_SPEED = {"m/s": 1.0, "mph": 0.44704, "km/h": 1 / 3.6, "kph": 1 / 3.6, "kmph": 1 / 3.6}
_LENGTH = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}


class TooLargeError(SpectrumFileError):
    """The file as a whole is refused, not a spectrum of it."""


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
    derived : bool
        Computed by the instrument, not measured.
    """

    detector: str
    measurement: str
    category: str
    counts: tuple[int, ...]
    windows: tuple[tuple[float, float], ...]
    live_s: float | None
    start: str | None
    occupied: bool | None
    derived: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "detector": self.detector,
            "measurement": self.measurement,
            "category": self.category,
            "counts": list(self.counts),
            "windows_kev": [list(one) for one in self.windows],
            "live_s": self.live_s,
            "start": self.start,
            "occupied": self.occupied,
            "derived": self.derived,
        }


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
        ``nuclide``, ``confidence`` and ``category`` as the file has them; `normalized` adds
        ``confidence_share`` and the rule it was made with.
    items : list of dict
        What was measured: container, manifest, and where it was.
    states : list of dict
        Of instruments, detectors and items during a measurement: mode, place, speed, health.
    problems : list of Problem
    """

    version: str
    instrument: dict[str, str] = field(default_factory=dict)
    detectors: dict[str, dict[str, str]] = field(default_factory=dict)
    spectra: list[Spectrum] = field(default_factory=list)
    gross_counts: list[GrossCount] = field(default_factory=list)
    doses: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[dict[str, str]] = field(default_factory=list)
    nuclides: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    channels: int = 0

    def room_for(self, channels: int, place: str) -> None:
        """Refuse a file of more channels than any measurement has.

        Raises
        ------
        SpectrumFileError
        """
        self.channels += channels
        if self.channels > MOST_IN_FILE:
            told = "The file has more channels than are read; it may be made to fill the memory."
            raise TooLargeError([Problem("LARGE", place, told)])

    def more(self) -> dict[str, Any]:
        """Return all but the spectra and problems as plain data."""
        return {
            "n42": self.version,
            "instrument": self.instrument,
            "detectors": self.detectors,
            "gross_counts": [one.to_dict() for one in self.gross_counts],
            "doses": self.doses,
            "alarms": self.alarms,
            "nuclides": self.nuclides,
            "items": self.items,
            "states": self.states,
        }


def text_at(element: Element | None, path: str) -> str:
    """Return the text at a path, its blanks made single; empty where there is none."""
    found = None if element is None else element.find(path)
    return "" if found is None or found.text is None else " ".join(found.text.split())


def leaves(element: Element) -> dict[str, str]:
    """Return the texts of an element's ends by their names; characteristics by their own names."""
    found: dict[str, str] = {}
    inside = {id(one) for kind in element.iter("Characteristic") for one in kind.iter()}
    for one in element.iter("Characteristic"):
        name = text_at(one, "CharacteristicName")
        units = text_at(one, "CharacteristicValueUnits")
        words = [text_at(one, "CharacteristicValue"), "" if units == "unit-less" else units]
        found[name] = " ".join(filter(None, words))
        if one.get("valueOutOfLimits", "").lower() in ("true", "1"):
            found[f"{name} out of limits"] = "true"
    for one in element.iter():
        if one is not element and not len(one) and id(one) not in inside:
            value = " ".join((one.text or "").split())
            if value:
                found[one.tag] = f"{found[one.tag]}; {value}" if one.tag in found else value
    return found


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
    days, hours, minutes, seconds = (
        float((one or "0").replace(",", ".")) for one in match.groups()
    )
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
        if found.utcoffset() is None:
            return found.isoformat()
        return found.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return named_month(text)


def start_problems(text: str, place: str) -> list[Problem]:
    """Return what is wrong with the start of a measurement: no time, or a day in the future."""
    if not text:
        return []
    at = instant(text)
    if at is None:
        return [Problem("DATE", place, "The start of the measurement is no time.")]
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    if at > tomorrow.replace(tzinfo=None).isoformat():
        return [Problem("FUTURE", place, "The start of the measurement lies in the future.")]
    return []


def counted_zeroes(values: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return channels of which runs of zeros are written as 0 and their number.

    Raises
    ------
    ValueError
        If a 0 is not followed by a positive number.

    Examples
    --------
    >>> counted_zeroes([0, 3, 5, 0, 1, 7]).tolist()
    [0, 0, 0, 5, 0, 7]
    """
    given = np.asarray(values)
    marks = np.flatnonzero(given == 0)
    if not len(marks):
        return given
    if marks[-1] == len(given) - 1:
        raise ValueError("a run of zeros has no length")
    runs = given[marks + 1]
    if (runs <= 0).any() or (runs != np.floor(runs)).any():
        raise ValueError("a run of zeros has no length")
    if float(runs.sum(dtype=np.float64)) > MOST_CHANNELS:
        raise ValueError("a run of zeros has no length that a spectrum could have")
    times = np.ones(len(given), dtype=np.int64)
    times[marks] = runs
    times[marks + 1] = 0
    return np.repeat(given, times)


def channels_of(element: Element, place: str) -> np.ndarray:
    """Return the counts of a ``ChannelData`` element.

    Raises
    ------
    SpectrumFileError
    """
    text = element.text or ""
    coded = element.get("compressionCode") or element.get("Compression") or "None"
    packed = coded.strip().lower() in ("countedzeroes", "countedzeros")
    try:
        values = numbers_of(text)
        if packed:
            values = counted_zeroes(values)
        elif coded.strip().lower() != "none":
            told = f"The channels are packed in a way that is not read: {coded[:40]}."
            raise SpectrumFileError([Problem("COUNTS", place, told)])
        if len(values) > MOST_CHANNELS:
            raise ValueError("too many channels")
    except (ValueError, OverflowError) as error:
        if isinstance(error, SpectrumFileError):
            raise
        told = "The channels cannot be read as counts."
        raise SpectrumFileError([Problem("COUNTS", place, told)]) from None
    return values


def numbers_of(text: str) -> np.ndarray:
    """Return the numbers of a text: whole ones as int64, others as float64.

    Raises
    ------
    ValueError
    """
    plain = text.encode("ascii", "replace")
    if not plain.translate(None, b"0123456789 \t\r\n"):
        if not plain.strip():
            return np.zeros(0, dtype=np.int64)
        return np.fromstring(plain.decode(), dtype=np.int64, sep=" ")
    if b"_" in plain:
        raise ValueError("no numbers")
    found = np.array(text.split(), dtype=np.float64)
    whole = np.isfinite(found).all() and (found == np.floor(found)).all()
    return found.astype(np.int64) if whole and (abs(found) < 1e15).all() else found


def floats_of(text: str) -> list[float]:
    """Return the numbers of a text; empty where something else stands there."""
    try:
        found = [float(word) for word in text.split()]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def stated_numbers(text: str) -> list[float] | None:
    """Return the numbers of a scale, with point or comma; None: something else stands there."""
    found = floats_of(re.sub(r"(?<=\d),(?=\d+(?:[Ee][+-]?\d+)?(?:\s|$))", ".", text))
    return None if text.strip() and not found else found


def unusable_scale(place: str) -> Problem:
    """Return the finding of a scale that is stated, and is none."""
    told = "The energy scale of the file is none: energies do not rise, or do not fit."
    return Problem("CALIBRATION", place, told)


def flag_of(text: str) -> bool | None:
    """Return what a flag says, or None."""
    return {"1": True, "true": True, "0": False, "false": False}.get(text.lower())


def in_units(element: Element | None, kind: str) -> dict[str, Any]:
    """Return a speed in m/s or a distance in m, with the value and the unit as the file has them.

    Parameters
    ----------
    element : Element or None
    kind : str
        ``speed`` or ``distance``; without a unit the file means m/s or m.
    """
    value = floats_of((element.text or "") if element is not None else "")
    if element is None or len(value) != 1:
        return {}
    unit = element.get("Units") or ("m/s" if kind == "speed" else "m")
    factors = _SPEED if kind == "speed" else _LENGTH
    factor = factors.get(unit.lower().strip())
    name = "speed_m_s" if kind == "speed" else "distance_m"
    made = None if factor is None else value[0] * factor
    return {name: made, f"{kind}_stated": f"{value[0]:g} {unit}"}


def normalize_confidences(nuclides: Sequence[dict[str, Any]]) -> None:
    """Add the share that each stated confidence means, and the rule.

    The largest number of a file tells its scale: up to 1 a fraction, up to 10 a mark out of 10, up
    to 100 a percentage. Low, medium and high stand for 0.25, 0.5 and 0.75.
    """
    numbers = [one for given in nuclides for one in floats_of(str(given["confidence"]))]
    largest = max((one for one in numbers if one == one), default=0.0)
    scale = next((one for one in (1.0, 10.0, 100.0) if largest <= one), None)
    rule = {1.0: "fraction", 10.0: "mark out of 10", 100.0: "percentage"}.get(scale or 0)
    for given in nuclides:
        said = str(given["confidence"]).strip()
        number = floats_of(said.rstrip("%"))
        share, by = None, None
        if said.lower() in _WORDS:
            share, by = _WORDS[said.lower()], "word"
        elif said.endswith("%") and len(number) == 1:
            share, by = number[0] / 100, "percentage"
        elif len(number) == 1 and scale is not None and number[0] >= 0:
            share, by = number[0] / scale, rule
        given["confidence_share"], given["confidence_rule"] = share, by
