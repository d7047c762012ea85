"""Commands of the tests of a portal: calibrated statistics, suppression, energy windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.output import show_json
from keiryo.cli.portal_files import read_or_exit, refuse

if TYPE_CHECKING:
    from keiryo.counting.detectors import Detector
    from keiryo.portal.occupancy import Occupancy

Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the random numbers.")]


def test_statistics(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A daily file whose occupancies are tested."),
    ] = None,
    test: Annotated[
        str, typer.Option("--test", metavar="TEST", help="n_sigma, sprt, cusum or ewma.")
    ] = "cusum",
    background: Annotated[
        float | None,
        typer.Option(
            "--background",
            metavar="COUNTS",
            help="Background counts of one interval; from the file where one is given.",
        ),
    ] = None,
    intervals: Annotated[
        int, typer.Option("--intervals", metavar="N", min=1, help="Intervals of an occupancy.")
    ] = 60,
    probability: Annotated[
        float,
        typer.Option(
            "--probability", metavar="CHANCE", help="Of a false alarm in an empty occupancy."
        ),
    ] = 1e-2,
    background_s: Annotated[
        float | None,
        typer.Option(
            "--background-time",
            metavar="SECONDS",
            help="Over how long the background is counted; without it, it is known.",
        ),
    ] = 20.0,
    seed: Seed = 20261123,
) -> None:
    """Calibrate a test so that false alarms come as often as asked, and apply it to a file.

    Thresholds come from simulated occupancies without a source and are checked on fresh ones; the
    share found there stands in the answer with its 95 % interval. Suppression by the vehicle is
    not simulated. Ends with 2 if a number cannot be used.
    """
    from keiryo.counting.detectors import KINDS, Detector, calibrate

    if test not in KINDS:
        refuse("TEST", f"--test takes {', '.join(KINDS)}.")
    occupancies: Sequence[Occupancy] = () if file is None else read_or_exit(file).occupancies
    background = _background(occupancies) if background is None else background
    if occupancies:
        intervals = max(5, max(len(one.gamma) for one in occupancies))
    detector = Detector(kind=next(one for one in KINDS if one == test))
    try:
        counted = _intervals(background_s)
        found = calibrate(
            *(detector, background, intervals, probability), background_intervals=counted, seed=seed
        )
    except ValueError as error:
        refuse("NUMBER", f"{str(error)[:1].upper()}{str(error)[1:]}.")
    show_json(
        {
            "schema": "keiryo.portal-tests/1",
            "test": test,
            "background_per_interval": background,
            "intervals": intervals,
            "calibration": found.to_dict(),
            "occupancies": [_tested(detector, one, found.threshold) for one in occupancies],
        }
    )


def _intervals(seconds: float | None) -> float | None:
    """Return a time in intervals of 0.2 s."""
    if seconds is not None and not 0.2 <= seconds < 1e6:
        raise ValueError("--background-time takes seconds")
    return None if seconds is None else seconds * 5


def _background(occupancies: Sequence[Occupancy]) -> float:
    """Return the mean background of one interval."""
    quiet = [sum(o.background) for o in occupancies if o.background is not None]
    if not quiet:
        refuse("BACKGROUND", "Give --background, or a file with background records.")
    return sum(quiet) / len(quiet) / 5


def _tested(detector: Detector, one: Occupancy, threshold: float) -> dict[str, Any]:
    import numpy as np

    told: dict[str, Any] = {"number": one.number, "start": one.start, "alarm": None, "most": None}
    if one.background is None or sum(one.background) == 0 or not len(one.gamma):
        return told
    counts = one.gamma.sum(axis=1)[None, :]
    most = float(detector.statistic(counts, np.array([sum(one.background) / 5])).max())
    if math.isfinite(most):
        told |= {"alarm": most > threshold, "most": most}
    return told


def windows(
    low: Annotated[
        float, typer.Option("--low", metavar="COUNTS", help="Counts of the lower window.")
    ],
    high: Annotated[
        float, typer.Option("--high", metavar="COUNTS", help="Counts of the higher window.")
    ],
    background: Annotated[
        tuple[float, float],
        typer.Option("--background", metavar="LOW HIGH", help="Background of both."),
    ],
    exact: Annotated[
        bool, typer.Option("--background-exact", help="It was counted for long.")
    ] = False,
) -> None:
    """Compare two energy windows with the background: harder or softer. It never closes a case.

    Ends with 1 if a window has no counts, with 2 if a number cannot be used.
    """
    from keiryo.portal.energy_windows import window_ratio

    try:
        found = window_ratio(low, high, *background, background_counted=not exact)
    except ValueError as error:
        refuse("NUMBER", f"{str(error)[:1].upper()}{str(error)[1:]}.")
    if found is None:
        show_json({"ratio": None, "closes": False})
        raise typer.Exit(1)
    show_json(found.to_dict())


def triage(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="N42 file with energy windows.")],
    middle_kev: Annotated[
        float,
        typer.Option(
            "--middle", metavar="KEV", min=1.0, help="Between the lower and the higher window."
        ),
    ] = 400.0,
) -> None:
    """Rank the rise of an N42 file by two energy windows, occupied against not.

    It never closes a case. Ends with 1 if nothing can be ranked, with 2 if the file cannot be
    read.
    """
    from keiryo.portal.triage import triage_of
    from keiryo.spectra.n42 import parse_n42
    from keiryo.spectra.spectrum import SpectrumFileError

    if not math.isfinite(middle_kev):
        refuse("NUMBER", "--middle takes an energy in keV.")
    try:
        if not file.is_file() or file.stat().st_size > 100 * 1024**2:
            refuse("FILE", "The file is no regular file of up to 100 MiB.")
        read = parse_n42(file.read_bytes())
    except SpectrumFileError as error:
        refuse("FILE", "; ".join(one.message for one in error.problems))
    except OSError as error:
        refuse("FILE", f"It cannot be read: {error.strerror}.")
    told = triage_of(read.gross_counts, middle_kev)
    told["findings"] += [
        {"code": one.code, "message": f"{one.place}: {one.message}"} for one in read.problems
    ]
    show_json(told)
    raise typer.Exit(1 if told["ratio"] is None else 0)


def suppression(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Daily file of passages known to be empty.")
    ],
    source: Annotated[
        float,
        typer.Option("--source", metavar="CPS", min=1.0, help="Simulated source at its nearest."),
    ] = 300.0,
    probability: Annotated[
        float, typer.Option("--probability", metavar="CHANCE", help="Of a false alarm.")
    ] = 1e-2,
    passages: Annotated[
        int,
        typer.Option("--passages", metavar="N", min=1000, max=200_000, help="To be simulated."),
    ] = 20_000,
    seed: Seed = 20261123,
) -> None:
    """Learn how vehicles shadow the background, and show what each way of allowing for it costs.

    Both error rates come from simulated passages that shadow as those of the file. Passages in
    which the instrument was in alarm are left out. Ends with 1 if too few are left.
    """
    from dataclasses import asdict

    from keiryo.portal.suppression import WAYS, error_rates, site_profile

    if not 0 < probability < 1 or probability * passages < 10 or not source <= 1e9:
        refuse("NUMBER", "The chance times the passages is at least 10, and the source a number.")
    read = read_or_exit(file)
    empty = [one for one in read.occupancies if not one.gamma_flag.any()]
    quiet = [sum(one.background) for one in empty if one.background is not None]
    profile = site_profile(empty)
    if profile is None:
        show_json({"profile": None, "passages": len(empty), "ways": []})
        raise typer.Exit(1)
    cps = sum(quiet) / len(quiet)
    rates = [
        error_rates(
            way, profile, cps, source, probability=probability, passages=passages, seed=seed
        )
        for way in WAYS
    ]
    show_json(
        {
            "schema": "keiryo.portal-suppression/1",
            "passages": profile.passages,
            "background_cps": cps,
            "profile": profile.mean.tolist(),
            "variance": profile.variance.tolist(),
            "suppression": max(0.0, 1 - float(profile.mean.min())),
            "ways": [asdict(one) for one in rates],
        }
    )
