"""The command that names the nuclides of a spectrum."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.spectrum_input import is_table, read_file, refuse

if TYPE_CHECKING:
    from keiryo.identification.result import Identification

PictureOption = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="FILE.svg",
        help="Write a picture: spectrum, fit, its parts, what is left over.",
    ),
]


def identify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spectrum file.")],
    background: Annotated[
        Path | None,
        typer.Option(
            "--background",
            metavar="FILE",
            help="A background of the same instrument; without it the file's own, if it has one.",
        ),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(
            "--templates",
            metavar="PATH",
            help="Templates of the detector: an archive or a folder as GADRAS and InterSpec have.",
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector", metavar="NAME", help="A usual detector to make templates of: nai-small …"
        ),
    ] = None,
    spectrum: Annotated[
        int | None,
        typer.Option(
            "--spectrum",
            metavar="N",
            min=1,
            help="Which spectrum of the file; else the foreground with the most counts.",
        ),
    ] = None,
    picture: PictureOption = None,
    format_: FormatOption = None,
) -> None:
    """Name the nuclides of a spectrum, how sure each is, and what is left unexplained.

    By peaks where the detector parts lines, else by templates. Probabilities are those of being
    right; "undecided" is an answer. Nothing that is found closes an alarm: that is for a person.
    """
    from keiryo.detector_response.generic import GENERIC
    from keiryo.identification.choosing import identify as identified
    from keiryo.identification.of_file import beside, foreground, of_detector
    from keiryo.spectra.spectrum import Problem, SpectrumFileError

    if detector is not None and detector not in GENERIC:
        known = ", ".join(sorted(GENERIC))
        refuse([Problem("DETECTOR", "--detector", f"{detector} is none of {known}.")])
    found = read_file(file).spectra
    if not found:
        refuse([Problem("NO_DATA", "", "The file holds no spectrum.")])
    if spectrum is not None and spectrum > len(found):
        refuse([Problem("SPECTRUM", "--spectrum", f"The file has {len(found)} spectra.")])
    chosen = foreground(found) if spectrum is None else found[spectrum - 1]
    quiet = beside(found, chosen)
    if background is not None:
        quiet = of_detector(read_file(background).spectra, chosen)
    try:
        answer = identified(chosen, quiet, templates=templates, detector=detector)
    except SpectrumFileError as error:
        refuse(error.problems)
        raise
    if picture is not None:
        _draw(answer, picture, file.name)
    if not is_table(format_):
        show_json(answer.to_dict())
        return
    _show(answer)


def _draw(answer: Identification, place: Path, name: str) -> None:
    """Write the picture of an identification by templates."""
    from keiryo.charts.drawing import svg_text
    from keiryo.charts.mixture_chart import mixture_chart
    from keiryo.spectra.spectrum import Problem

    fit = answer.fit
    if fit is None:
        told = "There is no picture: no templates were fitted to this spectrum."
        print(f"NO_PICTURE {place}: {told}", file=sys.stderr)
        return
    one = mixture_chart(
        fit.edges_kev, fit.counts, fit.parts, model_error=fit.model_error, title=name
    )
    try:
        place.write_text(
            svg_text(one.draw, one.height_in, one.title, one.description, "mixture"), "utf-8"
        )
    except OSError as error:
        refuse([Problem("PICTURE", str(place), f"It cannot be written: {error.strerror}.")])


def _show(answer: Identification) -> None:
    """Show an answer as a person reads it."""
    rows = [
        {
            "nuclide": one.nuclide,
            "probability": f"{one.probability:.3f}",
            "category": one.category,
            "why": one.reason,
        }
        for one in answer.nuclides
    ]
    show_rows(rows, Format.TABLE, title="Nuclides", empty="No nuclide is found.")
    if answer.undecided:
        print(f"Undecided: {answer.why_undecided}")
    for problem in answer.findings:
        print(f"{problem.code} {problem.place}: {problem.message}")
