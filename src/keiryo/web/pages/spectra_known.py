"""Spectra that a viewer looks at: where they come from, what is asked for, and what was worked out.

A spectrum is kept as evidence, or was sent only to look at it. What is worked out from its bytes
(peaks, nuclides) is remembered by their digest; whether somebody may see them is asked each time.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

import numpy as np

from keiryo.errors import NotFoundError
from keiryo.identification.choosing import identify
from keiryo.identification.of_file import beside, of_detector
from keiryo.identification.result import Identification
from keiryo.nuclides.attenuation import DENSITY_G_CM3, transmission
from keiryo.nuclides.lines import UnknownNuclideError, photon_lines
from keiryo.nuclides.names import nuclide_name
from keiryo.spectra.peak_fit import Peak, peaks_of
from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import FILE, Spectrum, SpectrumFileError
from keiryo.web.pages.spectra_held import held
from keiryo.web.pages.why import file_seen
from keiryo.web.remembered import Remembered
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Viewer

CAPABILITY = "detection_sites"
READING = {"reads": CAPABILITY}
HOME = "/spectra"
MOST_BYTES, MOST_LINES = 64 << 20, 4
SHIELDS = ("Al", "Fe", "Cu", "W", "Pb", "U", "water")
_READ, _PEAKS, _NUCLIDES = Remembered(12), Remembered(64), Remembered(64)


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that is looked at.

    Attributes
    ----------
    here : str
        Its page.
    name, digest, form : str
    spectra : tuple of Spectrum
    problems : tuple
    kept : bool
        Whether it is evidence of the record.
    """

    here: str
    name: str
    digest: str
    form: str
    spectra: tuple[Spectrum, ...]
    problems: tuple[Any, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class AskedView:
    """What of a file is shown, as the address asks for it.

    Attributes
    ----------
    n : int
        Number of the spectrum, from 1.
    low, high : float or None
        What of the axis; None: all of it.
    log : bool
    background : int
        Number of the spectrum that is laid under it; 0: none.
    less : bool
        Whether the background is taken off.
    lines : tuple of str
        Nuclides whose lines are shown.
    shield, mm : str, float
        What the lines pass through.
    peaks, rest, named : bool
        Whether peaks are fitted, residuals drawn, nuclides named.
    peak : int
        Number of the peak that is pointed at; 0: none.
    """

    n: int = 1
    low: float | None = None
    high: float | None = None
    log: bool = True
    background: int = 0
    less: bool = False
    lines: tuple[str, ...] = ()
    shield: str = ""
    mm: float = 0.0
    peaks: bool = True
    rest: bool = False
    named: bool = False
    peak: int = 0
    wrong: dict[str, str] = field(default_factory=dict, compare=False)

    def query(self) -> dict[str, str]:
        """Return it as an address carries it; what is usual is left out."""
        told: dict[str, str] = {"n": str(self.n)} if self.n != 1 else {}
        for name in ("low", "high"):
            value = getattr(self, name)
            if value is not None:
                told[name] = f"{value:.6g}"
        flags = {
            "scale": "" if self.log else "linear",
            "background": str(self.background) if self.background else "",
            "less": "1" if self.less else "",
            "lines": ",".join(self.lines),
            "shield": self.shield,
            "mm": f"{self.mm:g}" if self.mm else "",
            "peaks": "" if self.peaks else "0",
            "rest": "1" if self.rest else "",
            "named": "1" if self.named else "",
            "peak": str(self.peak) if self.peak else "",
        }
        return told | {name: value for name, value in flags.items() if value}

    def address(self, here: str, **changes: Any) -> str:
        """Return the address of this view with some changes."""
        told = urlencode(replace(self, wrong={}, **changes).query())
        return f"{here}?{told}" if told else here


def asked_view(request: AnyRequest, spectra: int) -> AskedView:
    """Return what an address asks for; what makes no sense is told and left out."""
    query, wrong = request.query_params, {}

    def number(name: str) -> float | None:
        text = str(query.get(name, ""))[:40]
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            wrong[name] = _("Write a number.")
            return None
        return value

    def chosen(name: str, default: int) -> int:
        found = whole_number(str(query.get(name, "")), 9)
        return found if found is not None and 1 <= found <= spectra else default

    low, high = number("low"), number("high")
    if low is not None and high is not None and not low < high:
        wrong["high"] = _("The end lies above the beginning.")
        low = high = None
    names = [one.strip() for one in str(query.get("lines", ""))[:200].split(",") if one.strip()]
    lines = []
    for one in names[:MOST_LINES]:
        name = nuclide_name(one)
        if name is None:
            wrong["lines"] = _("%(name)s is no nuclide that is known here.", name=one[:30])
        else:
            lines.append(name)
    shield = str(query.get("shield", ""))
    mm = number("mm") or 0.0
    if not 0 <= mm <= 2000:
        wrong["mm"], mm = _("Write millimetres from 0 to 2000."), 0.0
    n = chosen("n", 1)
    background = chosen("background", 0)
    return AskedView(
        n=n,
        low=low,
        high=high,
        log=str(query.get("scale", "")) != "linear",
        background=0 if background == n else background,
        less=query.get("less") == "1",
        lines=tuple(dict.fromkeys(lines)),
        shield=shield if shield in SHIELDS else "",
        mm=mm,
        peaks=query.get("peaks") != "0",
        rest=query.get("rest") == "1",
        named=query.get("named") == "1",
        peak=whole_number(str(query.get("peak", "")), 6) or 0,
        wrong=wrong,
    )


def looked_at(viewer: Viewer, digest: str) -> Looked:
    """Return a spectrum file that is kept as evidence and that the viewer may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is no spectrum.
    """
    seen = file_seen(viewer, digest)
    if seen is None:
        raise NotFoundError("there is no such file of evidence that you may see")
    return _read(f"{HOME}/{digest}", *seen, kept=True)


def held_file(viewer: Viewer, token: str) -> Looked:
    """Return a spectrum file that the viewer sent to look at.

    Raises
    ------
    NotFoundError
        If it is held no longer, or is no spectrum.
    """
    name, content = held(viewer, token)
    return _read(f"{HOME}/look/{token}", name, content, kept=False)


def _read(here: str, name: str, content: bytes, *, kept: bool) -> Looked:
    digest = hashlib.sha256(content).hexdigest()
    if len(content) > MOST_BYTES:
        raise NotFoundError(_("this file is too large to be looked at here"))

    def read() -> Looked:
        found = read_content(content, PurePath(name).suffix)
        return Looked("", name, digest, found.form, found.spectra, found.problems, kept)

    try:
        looked: Looked = _READ.get((digest, PurePath(name).suffix), digest, read)
    except SpectrumFileError as error:
        told = " ".join(one.message for one in error.problems)
        raise NotFoundError(_("this is no spectrum: %(why)s", why=told)) from None
    if not looked.spectra:
        raise NotFoundError(_("the file holds no spectrum"))
    return replace(looked, here=here, name=name, kept=kept)


def peaks_in(looked: Looked, n: int) -> list[Peak]:
    """Return the fitted peaks of a spectrum of a file."""
    spectrum = looked.spectra[n - 1]
    key = (looked.digest, n)
    return _PEAKS.get(key, looked.digest, lambda: peaks_of(spectrum))


def named_in(looked: Looked, asked: AskedView) -> Identification:
    """Return what a spectrum of a file shows; with the background that is asked for, or its own."""
    spectrum = looked.spectra[asked.n - 1]
    quiet = (
        looked.spectra[asked.background - 1]
        if asked.background
        else beside(looked.spectra, spectrum)
    )
    key = (looked.digest, asked.n, asked.background)
    return _NUCLIDES.get(key, looked.digest, lambda: identify(spectrum, quiet))


def likely_background(looked: Looked, n: int) -> int:
    """Return the number of the background that goes with a spectrum; 0: the file has none."""
    chosen = looked.spectra[n - 1]
    quiet = [one for one in looked.spectra if one.role == "background" and one is not chosen]
    found = of_detector(quiet, chosen)
    places = [at for at, one in enumerate(looked.spectra, 1) if one is found]
    return places[0] if places else 0


def edges_of(spectrum: Spectrum) -> np.ndarray:
    """Return the edges of the channels: in keV, or channels where there is no energy scale."""
    channels = np.arange(spectrum.channels + 1, dtype=np.float64)
    if spectrum.calibration.state != FILE:
        return channels
    return spectrum.calibration.energies(channels)


def lines_shown(asked: AskedView) -> dict[str, list[tuple[float, float, str]]]:
    """Return the lines of the chosen nuclides: energy, share of the strongest, emitter.

    Behind a shield each is weakened by it, and the shares are those of what comes through.
    """
    found: dict[str, list[tuple[float, float, str]]] = {}
    for name in asked.lines:
        try:
            lines = photon_lines(name)
        except UnknownNuclideError:
            asked.wrong["lines"] = _("%(name)s has no lines to go by.", name=name)
            continue
        energies = np.array([one.energy_kev for one in lines])
        strength = np.array([one.per_decay for one in lines])
        if asked.shield and asked.mm and asked.shield in DENSITY_G_CM3:
            strength = strength * transmission(asked.shield, asked.mm / 10, energies)
        most = float(strength.max()) or 1.0
        found[name] = [
            (one.energy_kev, float(share) / most, one.emitter)
            for one, share in zip(lines, strength, strict=True)
            if float(share) / most >= 0.005
        ]
    return found


def scaled_background(spectrum: Spectrum, quiet: Spectrum) -> tuple[np.ndarray, bool]:
    """Return the counts of a background in the live time of a spectrum, on its channels.

    Returns
    -------
    tuple of (ndarray, bool)
        Whether both state a live time; else it is not scaled.
    """
    known = bool(spectrum.live_s and quiet.live_s)
    share = (spectrum.live_s or 1.0) / (quiet.live_s or 1.0) if known else 1.0
    counts = np.asarray(quiet.counts, dtype=np.float64) * share
    one, other = edges_of(spectrum), edges_of(quiet)
    if len(one) == len(other) and np.allclose(one, other):
        return counts, known
    summed = np.concatenate(([0.0], np.cumsum(counts)))
    along = np.interp(one, other, summed)
    return np.diff(along), known
