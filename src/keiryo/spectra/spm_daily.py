"""Daily files of spectroscopic portal monitors (SPM), read by ourselves.

One record per line, comma separated, told by two letters: ``S1`` and ``S2`` set-up, ``GB``, ``NB``
and ``BX`` a background, ``GS`` and ``NS`` one second and some tenths of an occupancy, ``ID`` what
the instrument identified, ``AB`` the background it analysed with, ``GX`` the end of an occupancy
with the colour of its alarm. Sources: comments of open parsers; section 3.4 of the specification.

Times: a gamma slice is 1 s; ``NB`` states how long a background was, for its gamma records too;
``AB`` states its own. The file states no energy scale, only deviations from one: there is none.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keiryo.spectra.n42_parts import numbers_of
from keiryo.spectra.spectrum import (
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    checked,
)

SLICE_S, NEUTRON_SLICE_S = 1.0, 0.1
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?$")
_CODE = re.compile(r"[A-Z][A-Z0-9]\Z")
MOST_PROBLEMS = 1000


@dataclass(slots=True)
class SpmOccupancy:
    """A vehicle in the portal, from its first slice to ``GX``.

    Attributes
    ----------
    number, end, colour : str or None
        As ``GX`` has them; None in a file that ends before.
    speeds : tuple of float
        Entry and exit, as stated; their unit is not.
    spectra : list of Spectrum
        One for each detector and second, then the background analysed with, if there is one.
    neutrons : list of dict
        ``slice``, ``seconds`` and ``counts`` of each detector.
    identifications : list of dict
        ``nuclide`` (None: nothing was identified), ``detectors``, ``slices``, ``stated``.
    """

    number: str | None = None
    end: str | None = None
    colour: str | None = None
    file: str = ""
    speeds: tuple[float, ...] = ()
    spectra: list[Spectrum] = field(default_factory=list)
    neutrons: list[dict[str, Any]] = field(default_factory=list)
    identifications: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, without its spectra."""
        return {
            "number": self.number,
            "end": self.end,
            "colour": self.colour,
            "icd1_file": self.file,
            "speeds": list(self.speeds),
            "spectra": len(self.spectra),
            "neutrons": self.neutrons,
            "identifications": self.identifications,
        }


@dataclass(slots=True)
class SpmFile:
    """What a daily file holds.

    Attributes
    ----------
    setup : dict
        Detector type, application, channels, algorithm, and named settings of ``S1``.
    deviations : dict of str to list of float
        Pairs of energy and offset of each detector (``S2``).
    backgrounds : list of Spectrum
    occupancies : list of SpmOccupancy
    unknown : dict of str to int
        How often each record code stands there that is not known.
    problems : list of Problem
    """

    setup: dict[str, str] = field(default_factory=dict)
    deviations: dict[str, list[float]] = field(default_factory=dict)
    backgrounds: list[Spectrum] = field(default_factory=list)
    occupancies: list[SpmOccupancy] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def spectra(self) -> list[Spectrum]:
        """Return all spectra: backgrounds, then those of each occupancy."""
        return [*self.backgrounds, *(one for each in self.occupancies for one in each.spectra)]

    def more(self) -> dict[str, Any]:
        """Return all but the spectra and problems as plain data."""
        return {
            "setup": self.setup,
            "deviation_pairs": self.deviations,
            "occupancies": [one.to_dict() for one in self.occupancies],
            "unknown_records": self.unknown,
        }


def parse_spm(text: str) -> SpmFile:
    """Read the daily file of a spectroscopic portal.

    Raises
    ------
    SpectrumFileError
        If it holds no record that can be used.
    """
    reader = _Reader()
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if line.strip():
            reader.line(line.strip(), f"line {number}")
    reader.close(cut=bool(lines) and not lines[-1].endswith(("\n", "\r")))
    found = reader.file
    if not found.spectra() and not found.occupancies:
        told = Problem("NO_DATA", "", "The file has no spectrum of a portal.")
        raise SpectrumFileError([*found.problems, told])
    return found


def moment(text: str) -> str | None:
    """Return a time as ISO 8601, in UTC with ``Z`` if it has an offset; None: no date.

    Examples
    --------
    >>> moment("2016-06-01 15:03:44.163 -07"), moment("15-03-44.163")
    ('2016-06-01T22:03:44.163000Z', None)
    """
    match = _TIME.match(text.strip())
    if match is None:
        return None
    offset = match[3] or ""
    try:
        at = datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}")
        if at.utcoffset() is None:
            return at.isoformat()
        return at.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return None


def earlier(end: str | None, seconds: float) -> str | None:
    """Return the time so many seconds before another."""
    if end is None:
        return None
    at = datetime.datetime.fromisoformat(end.removesuffix("Z"))
    try:
        begun = at - datetime.timedelta(seconds=seconds)
    except OverflowError:
        return None
    return begun.isoformat() + ("Z" if end.endswith("Z") else "")


@dataclass(frozen=True, slots=True)
class _Counts:
    """A gamma record that waits for the time of its end."""

    detector: str
    chunk: int
    words: str
    place: str


class _Reader:
    """Reads records in their order."""

    def __init__(self) -> None:
        self.file = SpmFile()
        self.unknown: Counter[str] = Counter()
        self.background: list[_Counts] = []
        self.background_s: float | None = None
        self.slices: list[_Counts] = []
        self.occupancy = SpmOccupancy()
        self.analysed: list[tuple[float, str, str]] = []
        self.channels: int | None = None
        self.previous = ""

    def wrong(self, code: str, place: str, message: str) -> None:
        """Note what is wrong; beyond many only their number would tell more."""
        if len(self.file.problems) < MOST_PROBLEMS:
            self.file.problems.append(Problem(code, place, message))

    def line(self, line: str, place: str) -> None:
        """Read one record; what stands there twice in a row counts once."""
        if line == self.previous and line[:2] in ("GB", "GS", "NS", "GX"):
            self.wrong("LINE_REPEATED", place, "The record stands there twice; it counts once.")
            return
        self.previous = line
        code, _, rest = line.partition(",")
        rest = rest.rstrip(", \t")
        read = getattr(self, f"_{code.lower()}", None) if _CODE.match(code) else None
        if read is None or code.lower() not in _RECORDS:
            self.unknown[code[:16]] += 1
            return
        try:
            read(rest, place)
        except (ValueError, IndexError):
            self.wrong("RECORD", place, f"The record {code} cannot be read; it is left out.")

    def close(self, *, cut: bool) -> None:
        """Close what the end of the file leaves open."""
        if self.slices or self.occupancy.neutrons:
            told = "The file ends inside an occupancy, or GX is missing: its end is not known."
            self.wrong("INCOMPLETE", "end", told)
            self._finish(None)
        if self.background:
            told = "The file ends inside a background: it has no BX, and is left out."
            self.wrong("INCOMPLETE", "end", told)
        elif cut:
            self.wrong("INCOMPLETE", "end", "The last line has no end: the file may be cut off.")
        if not self.file.setup:
            self.wrong("NO_SETUP", "", "The file has no S1 record: the instrument is not known.")
        for code, times in self.unknown.items():
            self.wrong("RECORD", "", f"{times} records of the unknown code {code!r} are left out.")
        self.file.unknown = dict(self.unknown)

    def _s1(self, rest: str, place: str) -> None:
        fields = [one.strip() for one in rest.split(",")]
        names = ("detector_type", "application", "channels", "algorithm")
        self.file.setup = dict(zip(names, fields, strict=False))
        self.file.setup |= dict(zip(fields[4::2], fields[5::2], strict=False))
        self.channels = int(fields[2])

    def _s2(self, rest: str, place: str) -> None:
        name, *pairs = (one.strip() for one in rest.split(","))
        self.file.deviations[name] = [float(one) for one in pairs if one]

    def _gb(self, rest: str, place: str) -> None:
        detector, _, words = rest.partition(",")
        self.background.append(_Counts(detector.strip(), 0, words, place))

    def _nb(self, rest: str, place: str) -> None:
        self.background_s = float(rest.split(",")[0])

    def _bx(self, rest: str, place: str) -> None:
        end = moment(rest.split(",")[0])
        for one in self.background:
            made = self._spectrum(one, self.background_s, "background", end)
            if made is not None:
                self.file.backgrounds.append(made)
        self.background, self.background_s = [], None

    def _gs(self, rest: str, place: str) -> None:
        detector, chunk, words = rest.split(",", 2)
        self.slices.append(_Counts(detector.strip(), int(chunk), words, place))

    def _ns(self, rest: str, place: str) -> None:
        slices, chunk, *counts = (int(one) for one in rest.split(","))
        if slices <= 0 or min(counts) < 0:
            raise ValueError("no counts")
        row = {"slice": chunk, "seconds": slices * NEUTRON_SLICE_S, "counts": counts}
        self.occupancy.neutrons.append(row)

    def _id(self, rest: str, place: str) -> None:
        nuclide, *others = (one.strip() for one in rest.split(","))
        known = {one.detector for one in self.slices} | set(self.file.deviations)
        row = {
            "nuclide": None if nuclide.upper() == "NONE" else nuclide,
            "detectors": [one for one in others if one in known],
            "slices": [int(one) for one in others if one.isdecimal() and one not in known],
            "stated": rest.strip(),
        }
        self.occupancy.identifications.append(row)

    def _ab(self, rest: str, place: str) -> None:
        kind, seconds, words = rest.split(",", 2)
        if kind.strip() == "Gamma":
            self.analysed.append((float(seconds), words, place))
        else:
            row = {"analysed_background": True, "seconds": float(seconds)}
            counts = [float(one) for one in words.split(",") if one.strip()]
            self.occupancy.neutrons.append({**row, "counts": counts})

    def _gx(self, rest: str, place: str) -> None:
        fields = [one.strip() for one in rest.split(",")]
        colour, number, end = fields[:3] if len(fields) >= 3 else (fields[0], fields[1], "")
        self.occupancy.colour, self.occupancy.number = colour, number
        self.occupancy.file = fields[3] if len(fields) > 3 else ""
        speeds = [one for one in fields[4:6] if one]
        try:
            self.occupancy.speeds = tuple(float(one) for one in speeds)
        except ValueError:
            self.wrong("RECORD", place, "The speeds of GX are no numbers.")
        at = moment(end)
        if at is None and end:
            self.wrong("DATE", place, "The end of the occupancy is no time.")
        self._finish(at)

    def _finish(self, end: str | None) -> None:
        """Make the spectra of an occupancy, and begin the next."""
        last = max((one.chunk for one in self.slices), default=0)
        self.occupancy.end = end
        more = {"occupancy": self.occupancy.number}
        for one in self.slices:
            until = earlier(end, SLICE_S * (last - one.chunk))
            made = self._spectrum(one, SLICE_S, "foreground", until, {**more, "slice": one.chunk})
            if made is not None:
                self.occupancy.spectra.append(made)
        for seconds, words, place in self.analysed:
            given = _Counts("", 0, words, place)
            told = {**more, "analysed_background": True}
            made = self._spectrum(given, seconds, "background", None, told)
            if made is not None:
                self.occupancy.spectra.append(made)
        self.file.occupancies.append(self.occupancy)
        self.slices, self.analysed, self.occupancy = [], [], SpmOccupancy()

    def _spectrum(
        self,
        given: _Counts,
        seconds: float | None,
        role: str,
        end: str | None,
        more: dict[str, Any] | None = None,
    ) -> Spectrum | None:
        """Return a spectrum, or None where its counts cannot be."""
        try:
            stored = numbers_of(given.words.strip().rstrip(",").replace(",", " "))
            counts, told = checked(stored, seconds, seconds, given.place, whole=False)
        except SpectrumFileError as error:
            self._all_wrong(error.problems)
            return None
        except ValueError:
            self.wrong("COUNTS", given.place, "The counts cannot be read.")
            return None
        if self.channels is None:
            self.channels = len(counts)
        if len(counts) != self.channels:
            words = f"The record has {len(counts)} of {self.channels} channels: it is left out."
            self.wrong("INCOMPLETE", given.place, words)
            return None
        start = earlier(end, seconds or 0) if seconds else None
        return Spectrum(
            *(given.detector, counts, seconds, seconds, start, Calibration(NONE), (), ""),
            *(role, tuple(told), more or {}),
        )

    def _all_wrong(self, problems: Sequence[Problem]) -> None:
        for one in problems:
            self.wrong(one.code, one.place, one.message)


_RECORDS = ("s1", "s2", "gb", "nb", "bx", "gs", "ns", "id", "ab", "gx")
