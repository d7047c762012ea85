"""Daily files of portals on the command line: read, or told why not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from keiryo.portal.occupancy import DailyFile


def refuse(code: str, message: str) -> NoReturn:
    """Tell what is wrong and end with 2."""
    print(json.dumps({"errors": [{"code": code, "message": message}]}, indent=2), file=sys.stderr)
    raise typer.Exit(2)


def read_or_exit(file: Path) -> DailyFile:
    """Return a daily file, or tell why it cannot be read and end with 2."""
    from keiryo.portal.daily_file import DailyFileError, read_daily_file

    try:
        return read_daily_file(file)
    except DailyFileError as error:
        told = {"errors": [{**one.to_dict(), "file": str(file)} for one in error.problems]}
        print(json.dumps(told, indent=2), file=sys.stderr)
        raise typer.Exit(2) from None
