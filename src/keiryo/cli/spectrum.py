"""Commands of gamma spectra, which need no books."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows


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
    app.add_typer(group, name="spectrum")


def show(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A spectrum file: .spe, .iec or .csv.")
    ],
    format_: FormatOption = None,
) -> None:
    """Show the spectra of a file: detector, times, counts, and whether it has an energy scale.

    Ends with 2 if the file cannot be used: standard error then says why.
    """
    from keiryo.spectra.reading import read_spectra
    from keiryo.spectra.spectrum import SpectrumFileError

    try:
        found = read_spectra(file)
    except SpectrumFileError as error:
        told = {"errors": [one.to_dict() for one in error.problems]}
        print(json.dumps(told, indent=2), file=sys.stderr)
        raise typer.Exit(2) from None
    rows = [one.to_dict() for one in found.spectra]
    wanted = format_ or Given.format
    if not (wanted is Format.TABLE or (wanted is None and sys.stdout.isatty())):
        show_json({"schema": "keiryo.spectra/1", "sha256": found.sha256, "spectra": rows})
        return
    names = ("detector", "start", "live_s", "real_s", "counts", "channels")
    listed = [
        {**{name: row[name] for name in names}, "energy scale": row["calibration"]["state"]}
        for row in rows
    ]
    show_rows(listed, Format.TABLE, title="Spectra")
    for row in rows:
        for problem in row["findings"]:
            print(f"{problem['code']} {problem['place']}: {problem['message']}")
