"""Commands of gamma spectra, which need no books."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.spectrum_identify import identify
from keiryo.cli.spectrum_input import is_table, read_file, refuse

if TYPE_CHECKING:
    pass


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Gamma spectra: what a file holds, with nothing invented. Nothing is kept.",
        no_args_is_help=True,
    )

    @group.callback()
    def spectrum() -> None:
        """Gamma spectra: what a file holds, with nothing invented. Nothing is kept."""

    group.command("show")(show)
    group.command("peaks")(peaks)
    group.command("identify")(identify)
    group.command("convert")(convert)
    app.add_typer(group, name="spectrum")


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spectrum file.")],
    spectrum: Annotated[
        int, typer.Option("--spectrum", metavar="N", min=1, help="Which spectrum to draw.")
    ] = 1,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="OUT",
            help="Also draw it: a new file that ends in .svg or .png.",
            show_default=False,
        ),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Show the spectra of a file: detector, times, counts, and whether it has an energy scale.

    Ends with 2 if the file cannot be used: standard error then says why.
    """
    found = read_file(file)
    if picture is not None:
        from keiryo.cli.spectrum_files import draw

        problems = draw(found, spectrum, picture)
        if problems:
            refuse(problems)
    rows = [one.to_dict() for one in found.spectra]
    if not is_table(format_):
        told = {"schema": "keiryo.spectra/1", "sha256": found.sha256, "form": found.form}
        listed_too = [one.to_dict() for one in found.problems]
        show_json({**told, "spectra": rows, "findings": listed_too, **found.more})
        return
    names = ("detector", "start", "live_s", "real_s", "counts", "channels")
    listed = [
        {**{name: row[name] for name in names}, "energy scale": row["calibration"]["state"]}
        for row in rows
    ]
    show_rows(listed, Format.TABLE, title="Spectra")
    for row in ({"findings": [one.to_dict() for one in found.problems]}, *rows):
        for problem in row["findings"]:
            print(f"{problem['code']} {problem['place']}: {problem['message']}")


def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spectrum file.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new file: .n42 (2012), .spe or .csv.")
    ],
    spectrum: Annotated[
        int | None,
        typer.Option("--spectrum", metavar="N", min=1, help="Only this one; else all."),
    ] = None,
) -> None:
    """Write the spectra of a file in another form, read back and compared before it is kept.

    Ends with 2 if the form cannot hold them. What it does not hold is told.
    """
    from keiryo.cli.spectrum_files import converted

    found = read_file(file)
    problems, told = converted(found, spectrum, out)
    if problems:
        refuse(problems)
    for one in told:
        print(f"{one.code} {one.place}: {one.message}")


def peaks(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spectrum file.")],
    spectrum: Annotated[
        int, typer.Option("--spectrum", metavar="N", min=1, help="Which spectrum of the file.")
    ] = 1,
    format_: FormatOption = None,
) -> None:
    """Find and fit the peaks of a spectrum: energy, width, area, each with its error.

    Without an energy scale in the file, places are channels and energies null. The error of an
    energy is that of the fit; that of the file's scale is not known here.
    """
    from keiryo.spectra.peak_fit import peaks_of
    from keiryo.spectra.spectrum import Problem

    found = read_file(file)
    if spectrum > len(found.spectra):
        told = f"The file has {len(found.spectra)} spectra."
        refuse([Problem("SPECTRUM", "--spectrum", told)])
    rows = [one.to_dict() for one in peaks_of(found.spectra[spectrum - 1])]
    if not is_table(format_):
        show_json(rows)
        return
    listed = [
        {
            "channel": f"{row['channel']:.2f}",
            "energy keV": "" if row["energy_kev"] is None else f"{row['energy_kev']:.3f}",
            "± keV": "" if row["energy_sigma"] is None else f"{row['energy_sigma']:.3f}",
            "FWHM keV": "" if row["fwhm_kev"] is None else f"{row['fwhm_kev']:.2f}",
            "area": f"{row['area']:.0f}",
            "±": f"{row['area_sigma']:.0f}",
            "chi2": f"{row['chi2_reduced']:.2f}",
        }
        for row in rows
    ]
    show_rows(listed, Format.TABLE, title="Peaks", empty="No peak stands out.")
