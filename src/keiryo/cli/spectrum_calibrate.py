"""The command that makes a new energy scale and a law of widths of a spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.spectrum_input import is_table, read_file, refuse

if TYPE_CHECKING:
    from typing import Any

    from keiryo.spectra.peak_fit import Peak
    from keiryo.spectra.spectrum import Problem, Spectrum


def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spectrum file.")],
    lines: Annotated[
        str,
        typer.Option(
            "--lines",
            metavar="LIST",
            help="What is known to be there besides natural lines: energies in keV or nuclides,"
            " as Co-60,661.66.",
        ),
    ] = "",
    natural: Annotated[
        bool, typer.Option("--natural/--no-natural", help="Whether natural lines take part.")
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="OUT",
            help="Also write the spectrum with the new scale: a new file, .n42, .spe or .csv.",
            show_default=False,
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept-proposal",
            help="Write a scale that is only proposed, for a file that has none.",
        ),
    ] = False,
    spectrum: Annotated[
        int, typer.Option("--spectrum", metavar="N", min=1, help="Which spectrum of the file.")
    ] = 1,
    format_: FormatOption = None,
) -> None:
    """Make a new energy scale by lines that are seen, with its uncertainty, and a law of widths.

    Lines that are not seen are not insisted on. A file without an energy scale gets none: a scale
    may be proposed, with what speaks for it. The file itself is not changed. Ends with 2 if it
    cannot be used.
    """
    from keiryo.spectra.peak_fit import peaks_of
    from keiryo.spectra.spectrum import FILE, Problem

    found = read_file(file)
    if spectrum > len(found.spectra):
        told = f"The file has {len(found.spectra)} spectra."
        refuse([Problem("SPECTRUM", "--spectrum", told)])
    energies, wrong = _energies(lines)
    if wrong:
        refuse(wrong)
    given = found.spectra[spectrum - 1]
    peaks = peaks_of(given)
    if given.calibration.state == FILE:
        answer, scaled = _recalibrated(given, energies, peaks, natural)
    else:
        answer, scaled = _proposed(given, energies, peaks, natural)
    if out is not None:
        _write(scaled, out, proposed=answer["state"] == "proposed" and not accept)
    if is_table(format_):
        _show(answer)
    else:
        show_json(answer)


def _energies(text: str) -> tuple[list[float], list[Problem]]:
    """Return the energies of a list of energies and nuclides, and what of it cannot be read."""
    from keiryo.nuclides.lines import UnknownNuclideError, photon_lines
    from keiryo.spectra.spectrum import Problem

    found: list[float] = []
    wrong = []
    for word in filter(None, (one.strip() for one in text.split(","))):
        try:
            energy = float(word)
        except ValueError:
            try:
                listed = [one for one in photon_lines(word, least_kev=40.0) if one.kind == "gamma"]
            except (UnknownNuclideError, ValueError) as error:
                wrong.append(Problem("LINES", "--lines", f"{word}: {error}"))
                continue
            most = max((one.per_decay for one in listed), default=0.0)
            found += [one.energy_kev for one in listed if one.per_decay > 0.1 * most]
            if not listed:
                wrong.append(Problem("LINES", "--lines", f"{word} has no gamma lines."))
            continue
        if 10 < energy < 12_000:
            found.append(energy)
        else:
            told = f"{word} is no energy of a gamma line: 10 to 12 000 keV."
            wrong.append(Problem("LINES", "--lines", told))
    return sorted({*found}), wrong


def _recalibrated(
    given: Spectrum, energies: Sequence[float], peaks: Sequence[Peak], natural: bool
) -> tuple[dict[str, Any], Spectrum | None]:
    from keiryo.spectra.energy_calibration import RECALIBRATED, recalibrate
    from keiryo.spectra.width_calibration import width_law

    made = recalibrate(given, energies, peaks, natural=natural)
    told = [
        (one.energy_kev, one.fwhm_kev, one.area_sigma / one.area)
        for one in peaks
        if one.energy_kev and one.fwhm_kev and one.together == 1 and one.area > 0
    ]
    law = width_law(
        [one[0] for one in told],
        [one[1] for one in told],
        [one[1] * one[2] for one in told],
    )
    answer = made.to_dict()
    answer["fwhm_squared_kev2"] = [] if law is None else list(law.coefficients)
    answer["fwhm_lines_kev"] = [] if law is None else list(law.used)
    if made.state != RECALIBRATED:
        return answer, None
    return answer, replace(given, calibration=made.calibration)


def _proposed(
    given: Spectrum, energies: Sequence[float], peaks: Sequence[Peak], natural: bool
) -> tuple[dict[str, Any], Spectrum | None]:
    from keiryo.spectra.scale_proposal import propose_scale

    made = propose_scale(given, energies, peaks, natural=natural)
    if made.calibration is None:
        return made.to_dict(), None
    title = f"{given.title} (energy scale proposed, not measured)".strip()
    return made.to_dict(), replace(given, calibration=made.calibration, title=title)


def _write(scaled: Spectrum | None, out: Path, *, proposed: bool) -> None:
    """Write the spectrum with its new scale, or end with why it is not written."""
    from keiryo.cli.spectrum_files import write_new
    from keiryo.spectra.spectrum import Problem, SpectrumFileError
    from keiryo.spectra.writing import write_spectra

    if scaled is None:
        refuse([Problem("CALIBRATION", "--out", "There is no new scale to write.")])
    if proposed:
        told = "The scale is only proposed: --accept-proposal writes it."
        refuse([Problem("PROPOSED", "--out", told)])
    try:
        content, _losses = write_spectra([scaled], out.suffix)
    except SpectrumFileError as error:
        refuse(error.problems)
    problems = write_new(out, content)
    if problems:
        refuse(problems)


def _show(answer: dict[str, Any]) -> None:
    """Show a scale as a person reads it."""
    print(f"{answer['state']}: {answer['why']}")
    names = ("energy_kev", "channel", "stated_kev", "sigma_kev", "rest_kev")
    rows = [
        {name: f"{one[name]:.3f}" for name in names if one.get(name) is not None}
        for one in answer["lines"]
    ]
    show_rows(rows, Format.TABLE, title="Lines", empty="No line is matched.")
    if answer["coefficients"]:
        print("Coefficients: " + " ".join(f"{one:.8g}" for one in answer["coefficients"]))
    for energy, value in answer["u_kev"].items():
        print(f"u({energy} keV) = {value:.3f} keV")
    if answer.get("fwhm_squared_kev2"):
        a, b = answer["fwhm_squared_kev2"]
        print(f"FWHM² = {a:.4g} + {b:.4g} E keV²")
