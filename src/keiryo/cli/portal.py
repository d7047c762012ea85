"""Commands of radiation portals, which need no books: replay the alarms of a daily file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from keiryo.portal.alarm_logic import Replayed
    from keiryo.portal.daily_file import DailyFile

SHOWN = 200
"""Rows of one table; the JSON has all of them."""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Radiation portals: read daily files and replay their alarms. Nothing is kept.",
        no_args_is_help=True,
    )
    group.command("replay")(replay)
    app.add_typer(group, name="portal")


def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Daily file of a plastic portal monitor.")
    ],
    n_sigma: Annotated[
        float | None,
        typer.Option(
            "--n-sigma",
            metavar="N",
            min=0.1,
            max=100.0,
            help="The alarm threshold, instead of what the file's setup says.",
        ),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Replay the alarm logic on every occupancy, and compare it with the instrument's own alarms.

    Ends with 1 if an occupancy was not evaluated or the file is damaged, with 2 if it cannot be
    read.
    """
    from keiryo.portal.daily_file import DailyFileError, read_daily_file
    from keiryo.portal.replay_report import replay_result, replayed

    try:
        read = read_daily_file(file)
    except DailyFileError as error:
        told = {"errors": [one.to_dict() for one in error.problems]}
        print(json.dumps(told, indent=2), file=sys.stderr)
        raise typer.Exit(2) from None
    found = replayed(read, n_sigma)
    wanted = format_ or Given.format
    if wanted is Format.TABLE or (wanted is None and sys.stdout.isatty()):
        _show(read, found)
    else:
        show_json(replay_result(read, found))
    damaged = any(one.code in ("INCOMPLETE", "COUNTS") for one in read.problems)
    raise typer.Exit(1 if damaged or not all(one.evaluated for one in found) else 0)


def _show(read: DailyFile, found: list[Replayed]) -> None:
    """Print the occupancies for people, and what is worth a look."""
    from keiryo.portal.replay_report import agreement

    words = {True: "ALARM", False: "", None: "not evaluated"}
    rows = [
        {
            "number": one.occupancy.number,
            "start": one.occupancy.start,
            "length s": f"{one.occupancy.length_s:.1f}",
            "gamma": words[one.gamma_alarm],
            "neutron": words[one.neutron_alarm],
            "instrument": "ALARM" if one.instrument_alarm else "",
            "max sigma": "" if one.max_sigma is None else f"{one.max_sigma:.2f}",
            "in": one.group,
            "lowest": "" if one.lowest_share is None else f"{one.lowest_share:.2f}",
            "findings": " ".join(dict.fromkeys(problem.code for problem in one.problems)),
        }
        for one in found[:SHOWN]
    ]
    show_rows(rows, Format.TABLE, title="Occupancies", empty="The file has no occupancy.")
    told = agreement(found)
    if told["share"] is not None:
        by = told["intervals"]
        print(
            f"Replay and instrument agree in {told['share']:.2%} of {by['compared']} intervals: "
            f"{by['both']} both in alarm, {by['replay_only']} replay only, "
            f"{by['instrument_only']} instrument only"
        )
    for problem in (*read.faults, *read.problems)[:SHOWN]:
        print(f"line {problem.line}: {problem.code}: {problem.message}")
    if len(found) > SHOWN:
        print(f"The first {SHOWN} of {len(found)} are shown; --format json has all.")
