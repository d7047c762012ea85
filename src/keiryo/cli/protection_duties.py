"""Command of physical protection: duties that one person must not have together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows


def duties(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Assignments, transactions and exceptions, in TOML or JSON."
        ),
    ],
    format_: FormatOption = None,
) -> None:
    """Check the separation of duties: as they are assigned, and as they were done.

    Ends with 1 if duties that exclude each other are in one hand without an exception, with 2 if
    the file cannot be read: standard error then has everything that is wrong.
    """
    from keiryo.access_control.duty_file import duties_result, read_duties_file
    from keiryo.protection.inputs import InputError, problem_report

    try:
        told = duties_result(read_duties_file(file))
    except InputError as error:
        print(problem_report(error.problems), file=sys.stderr)
        raise typer.Exit(2) from None
    wanted = format_ or Given.format
    if wanted is Format.TABLE or (wanted is None and sys.stdout.isatty()):
        print(
            f"{told['classification']}; {told['assignments']} assignments, "
            f"{told['transactions']} transactions"
        )
        names = ("severity", "code", "person", "about", "transaction", "start", "end", "why")
        rows = [
            {**{name: one[name] for name in names}, "duties": " + ".join(one["duties"])}
            for one in told["findings"]
        ]
        show_rows(rows, Format.TABLE, title="Findings", empty="No duties in one hand.")
        for place in told["unused_exceptions"]:
            print(f"The exception at {place} excuses nothing that is here.")
    else:
        show_json(told)
    raise typer.Exit(1 if any(one["severity"] == "E" for one in told["findings"]) else 0)
