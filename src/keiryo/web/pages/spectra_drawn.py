"""What the picture of a spectrum is made of: bins, fitted curves, residuals, lines of nuclides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keiryo.spectra.peak_fit import Peak
from keiryo.spectra.spectrum import FILE, Spectrum
from keiryo.web.pages.spectra_known import (
    AskedView,
    Looked,
    edges_of,
    lines_shown,
    peaks_in,
    scaled_background,
)
from keiryo.web.pictures.spectrum_view import (
    Bins,
    Fitted,
    Residuals,
    Stems,
    View,
    ViewLabels,
    binned,
    spectrum_view,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text

_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
WINDOW = 2.2
"""Widths on either side of a peak over which its curve is drawn."""


def drawn(looked: Looked, asked: AskedView) -> tuple[str, dict[str, Any]]:
    """Return the picture of a spectrum as it is asked for, and what of the axis it shows.

    Returns
    -------
    tuple of (str, dict)
        SVG text; ``low`` and ``high``, ``first`` and ``last`` of the whole axis, ``scaled``.
    """
    spectrum = looked.spectra[asked.n - 1]
    edges = edges_of(spectrum)
    first, last = float(edges[0]), float(edges[-1])
    low = max(first, asked.low) if asked.low is not None else max(first, 0.0)
    high = min(last, asked.high) if asked.high is not None else last
    if not low < high:
        low, high = first, last
    counts = np.asarray(spectrum.counts, dtype=np.float64)
    quiet, scaled = None, True
    if asked.background:
        quiet, scaled = scaled_background(spectrum, looked.spectra[asked.background - 1])
    shown = counts - quiet if quiet is not None and asked.less else counts
    bins = binned(shown, edges, low, high)
    under = None
    if quiet is not None and not asked.less:
        under = binned(quiet, edges, low, high)
    view = View(
        bins,
        low,
        high,
        asked.log and not (asked.less and float(bins.counts.max()) <= 0),
        under,
        _fitted(looked, asked, edges, bins.each) if asked.peaks and not asked.less else (),
        _stems(asked) if spectrum.calibration.state == FILE else (),
        _rest(looked, asked, edges, quiet, low, high),
        _labels(spectrum, bins, low, high),
    )
    where = {"low": low, "high": high, "first": first, "last": last, "scaled": scaled}
    return spectrum_view(view), where


def _labels(spectrum: Spectrum, bins: Bins, low: float, high: float) -> ViewLabels:
    energies = spectrum.calibration.state == FILE
    count = number_text(int(bins.counts.sum()))
    told = _(
        "%(count)s counts from %(low)s to %(high)s.",
        count=count,
        low=f"{low:.5g}",
        high=f"{high:.5g}",
    )
    return ViewLabels(
        title=_("Spectrum of %(detector)s", detector=spectrum.detector or _("a detector")),
        description=told,
        axis=_("Energy, keV") if energies else _("Channel: the file states no energy scale"),
        counts=_("Counts in a channel")
        if bins.each == 1
        else _("Counts in %(count)s channels", count=bins.each),
        background=_("background"),
    )


def peak_place(one: Peak) -> float:
    """Return where a peak stands on the axis: its energy, or its channel."""
    return one.channel + 0.5 if one.energy_kev is None else one.energy_kev


def peak_width(one: Peak) -> float:
    """Return the width of a peak at half its height, on the axis."""
    return one.fwhm_channels if one.fwhm_kev is None else one.fwhm_kev


def _fitted(looked: Looked, asked: AskedView, edges: np.ndarray, each: int) -> list[Fitted]:
    """Return the peaks with their curves over a straight continuum beside them."""
    spectrum = looked.spectra[asked.n - 1]
    peaks = peaks_in(looked, asked.n)
    counts = np.asarray(spectrum.counts, dtype=np.float64)
    found = []
    for number, one in enumerate(peaks, 1):
        at, width = peak_place(one), peak_width(one)
        told = _(
            "%(place)s: area %(area)s ± %(sigma)s",
            place=f"{at:.2f}",
            area=f"{one.area:.0f}",
            sigma=f"{one.area_sigma:.0f}",
        )
        _first, _last, channels, model = _window(one, peaks, counts)
        middles = np.interp(channels + 0.5, np.arange(len(edges)), edges)
        around = (at - 3 * width, at + 3 * width)
        address = asked.address(looked.here, peak=number, low=around[0], high=around[1])
        found.append(Fitted(at, told, address, middles, model * each, chosen=number == asked.peak))
    return found


def _window(
    one: Peak, peaks: list[Peak], counts: np.ndarray
) -> tuple[int, int, np.ndarray, np.ndarray]:
    """Return the channels of a peak and its model: Gaussians over a straight line fitted there."""
    reach = WINDOW * one.fwhm_channels
    first = int(np.clip(one.channel - reach, 0, len(counts) - 1))
    last = int(np.clip(math.ceil(one.channel + reach) + 1, first + 1, len(counts)))
    channels = np.arange(first, last)
    near = [p for p in peaks if abs(p.channel - one.channel) < 2 * reach + p.fwhm_channels]
    model = np.zeros(len(channels))
    for peak in near:
        sigma = max(peak.fwhm_channels / _SIGMA, 0.2)
        model += (
            peak.area
            * np.exp(-0.5 * ((channels - peak.channel) / sigma) ** 2)
            / (sigma * math.sqrt(2 * math.pi))
        )
    rest = counts[first:last] - model
    if len(channels) > 3:
        weights = 1.0 / np.sqrt(np.maximum(counts[first:last], 1.0))
        line = np.polynomial.Polynomial.fit(channels, rest, 1, w=weights)
        model = model + np.maximum(line(channels), 0.0)
    else:
        model = model + max(float(rest.mean()), 0.0)
    return first, last, channels, model


def _rest(
    looked: Looked,
    asked: AskedView,
    edges: np.ndarray,
    quiet: np.ndarray | None,
    low: float,
    high: float,
) -> Residuals | None:
    """Return residuals against the background that is laid under it, else against the peaks."""
    if not asked.rest:
        return None
    spectrum = looked.spectra[asked.n - 1]
    counts = np.asarray(spectrum.counts, dtype=np.float64)
    if quiet is not None:
        one, other = binned(counts, edges, low, high), binned(quiet, edges, low, high)
        live, there = spectrum.live_s, looked.spectra[asked.background - 1].live_s
        share = live / there if live and there else 1.0
        sigma = np.sqrt(np.maximum(one.counts + other.counts * share, 1.0))
        middles = (one.edges[:-1] + one.edges[1:]) / 2
        label = _("Spectrum less background, in sigmas")
        return Residuals(middles, (one.counts - other.counts) / sigma, label)
    at: dict[int, float] = {}
    peaks = peaks_in(looked, asked.n)
    for peak in peaks:
        first, last, _channels, model = _window(peak, peaks, counts)
        sigmas = (counts[first:last] - model) / np.sqrt(np.maximum(model, 1.0))
        at.update(zip(range(first, last), sigmas.tolist(), strict=True))
    channels = np.array(sorted(at), dtype=np.int64)
    places = np.interp(channels + 0.5, np.arange(len(edges)), edges)
    inside = (places >= low) & (places <= high)
    values = np.array([at[int(one)] for one in channels])
    label = _("Spectrum less fitted peaks, in sigmas")
    return Residuals(places[inside], values[inside] if len(values) else values, label)


def _stems(asked: AskedView) -> list[Stems]:
    found = []
    for name, lines in lines_shown(asked).items():
        told = tuple(
            (energy, share, f"{name}: {energy:.2f} keV, {share * 100:.3g} % ({emitter})")
            for energy, share, emitter in lines
        )
        found.append(Stems(name, told))
    return found
