"""What the commands of spectra share: reading a file, refusing it, and how results are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from keiryo.cli.options import Format, Given

if TYPE_CHECKING:
    from keiryo.spectra.reading import SpectrumFile
    from keiryo.spectra.spectrum import Problem


def read_file(file: Path) -> SpectrumFile:
    """Read a spectrum file, or end with everything that is wrong with it."""
    from keiryo.spectra.reading import read_spectra
    from keiryo.spectra.spectrum import SpectrumFileError

    try:
        return read_spectra(file)
    except SpectrumFileError as error:
        refuse(error.problems)


def refuse(problems: Sequence[Problem]) -> NoReturn:
    """End with 2 and with everything that is wrong, on standard error."""
    told = {"errors": [one.to_dict() for one in problems]}
    print(json.dumps(told, indent=2), file=sys.stderr)
    raise typer.Exit(2)


def is_table(format_: Format | None) -> bool:
    """Return whether a person reads the result."""
    wanted = format_ or Given.format
    return wanted is Format.TABLE or (wanted is None and sys.stdout.isatty())
