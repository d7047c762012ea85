"""Commands of radiation portals, which need no books: replay the alarms of a daily file."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from keiryo.cli import portal_tests
from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.portal_files import read_or_exit, refuse

if TYPE_CHECKING:
    from keiryo.portal.alarm_logic import Replayed
    from keiryo.portal.occupancy import DailyFile

SHOWN = 200
"""Rows of one table; the JSON has all of them."""


TESTS: dict[str, Literal["poisson", "finite"]] = {"poisson": "poisson", "finite": "finite"}
DAMAGED = frozenset({"INCOMPLETE", "COUNTS", "DAMAGED"})


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Radiation portals: replay alarms, state of health, tests. Nothing is kept.",
        no_args_is_help=True,
    )
    group.command("replay")(replay)
    group.command("health")(health)
    group.command("test-statistics")(portal_tests.test_statistics)
    group.command("suppression")(portal_tests.suppression)
    group.command("windows")(portal_tests.windows)
    group.command("triage")(portal_tests.triage)
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
            max=1000.0,
            help="The alarm threshold, instead of what the file's setup says.",
        ),
    ] = None,
    neutron_alpha: Annotated[
        float,
        typer.Option(
            "--neutron-alpha", metavar="CHANCE", help="Of a false neutron alarm in a second."
        ),
    ] = 1e-6,
    neutron_test: Annotated[
        str,
        typer.Option(
            "--neutron-test",
            metavar="TEST",
            help="poisson: the background is exact; finite: it was counted for a finite time.",
        ),
    ] = "poisson",
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Also draw it: a new file in .svg."),
    ] = None,
    occupancy: Annotated[
        int | None,
        typer.Option(
            "--occupancy", metavar="K", min=1, help="Draw only the K-th occupancy of the file."
        ),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Replay the alarm logic on every occupancy, and compare it with the instrument's own alarms.

    Ends with 1 if an occupancy was not evaluated or the file is damaged, with 2 if it cannot be
    read or an option cannot be used.
    """
    from keiryo.portal.replay_report import replay_result, replayed

    if n_sigma is not None and not math.isfinite(n_sigma):
        refuse("N_SIGMA", "--n-sigma takes a number of sigmas.")
    if not 0 < neutron_alpha < 1:
        refuse("NEUTRON_ALPHA", "--neutron-alpha takes a chance between 0 and 1.")
    if neutron_test not in TESTS:
        refuse("NEUTRON_TEST", "--neutron-test takes poisson or finite.")
    _check_picture(picture)
    read = read_or_exit(file)
    found = replayed(read, n_sigma, neutron_alpha=neutron_alpha, neutron_test=TESTS[neutron_test])
    if picture is not None:
        _draw(picture, file.name, found, occupancy)
    if _is_table(format_):
        _show(read, found)
    else:
        show_json(replay_result(read, found))
    damaged = any(one.code in DAMAGED for one in read.problems)
    raise typer.Exit(1 if damaged or not all(one.evaluated for one in found) else 0)


def health(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Daily files of one portal monitor.")
    ],
    format_: FormatOption = None,
) -> None:
    """Report the state of health of a portal by day: panels, background, faults, tamper, clock.

    A file given twice counts once. Ends with 1 if there is something to look at, with 2 if a
    file cannot be read.
    """
    from keiryo.portal.health import health_report

    told = health_report([read_or_exit(one) for one in files])
    if _is_table(format_):
        rows = [
            {
                "day": one["day"],
                "occupancies": one["occupancies"],
                "gamma alarms": one["instrument_gamma_alarms"],
                "neutron alarms": one["instrument_neutron_alarms"],
                "incomplete": one["incomplete"],
                "background": " ".join(f"{p['mean_cps']:.0f}" for p in one["panels"]),
            }
            for one in told["days"][:SHOWN]
        ]
        show_rows(rows, Format.TABLE, title="State of health", empty="There are no days.")
        for one in told["findings"][:SHOWN]:
            print(f"{one['day'] or 'all'}: {one['code']}: {one['message']}")
    else:
        show_json(told)
    raise typer.Exit(1 if told["findings"] else 0)


def _is_table(format_: Format | None) -> bool:
    wanted = format_ or Given.format
    return wanted is Format.TABLE or (wanted is None and sys.stdout.isatty())


def _check_picture(picture: Path | None) -> None:
    if picture is None:
        return
    if picture.suffix.lower() != ".svg":
        refuse("PICTURE_ENDING", "The name of a picture ends in .svg.")
    if os.path.lexists(picture) or not picture.parent.is_dir():
        refuse("PICTURE_NOT_WRITTEN", "The picture exists, or its folder does not.")


def _draw(picture: Path, name: str, found: Sequence[Replayed], occupancy: int | None) -> None:
    from keiryo.charts.occupancy_traces import occupancy_traces
    from keiryo.portal.traces import traces_of

    chosen = found
    if occupancy is not None:
        if occupancy > len(found):
            refuse("OCCUPANCY", f"The file has {len(found)} occupancies.")
        chosen = found[occupancy - 1 : occupancy]
    try:
        with picture.open("x", encoding="utf-8") as stream:
            stream.write(occupancy_traces(traces_of(chosen), name).svg())
    except OSError as error:
        refuse("PICTURE_NOT_WRITTEN", f"The picture cannot be written: {error.strerror}.")


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
