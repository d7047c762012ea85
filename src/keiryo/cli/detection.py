"""Commands of counting statistics, which need no books: limits, activity, trials."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows

if TYPE_CHECKING:
    from keiryo.counting.limits import Iso11929


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Counting statistics: what can be detected, activities, what trials prove.",
        no_args_is_help=True,
    )
    group.command("limits")(limits)
    group.command("activity")(activity_)
    group.command("trials")(trials_)
    app.add_typer(group, name="detection")


Alpha = Annotated[
    float, typer.Option("--alpha", metavar="CHANCE", help="Of a finding without a source.")
]
Beta = Annotated[
    float, typer.Option("--beta", metavar="CHANCE", help="Of none at the detection limit.")
]
Efficiency = Annotated[
    float | None, typer.Option("--efficiency", metavar="SHARE", help="Counts by photon.")
]
Intensity = Annotated[
    float | None, typer.Option("--intensity", metavar="SHARE", help="Photons by decay.")
]
Relative = Annotated[
    float,
    typer.Option("--u-rel", metavar="SHARE", help="Relative uncertainty of the factor."),
]


def limits(
    time_s: Annotated[
        float, typer.Option("--time", metavar="SECONDS", help="Time of the measurement.")
    ],
    background: Annotated[
        int, typer.Option("--background", metavar="COUNTS", help="Counts of the background.")
    ],
    background_time_s: Annotated[
        float, typer.Option("--background-time", metavar="SECONDS", help="Its time.")
    ],
    gross: Annotated[
        int | None,
        typer.Option("--gross", metavar="COUNTS", help="Counts measured; gives the result too."),
    ] = None,
    efficiency: Efficiency = None,
    intensity: Intensity = None,
    u_rel: Relative = 0.0,
    region: Annotated[
        float, typer.Option("--region", metavar="WIDTH", help="Of a peak: its region.")
    ] = 1.0,
    side_region: Annotated[
        float,
        typer.Option("--side-region", metavar="WIDTH", help="Both regions beside it together."),
    ] = 1.0,
    alpha: Alpha = 0.05,
    beta: Beta = 0.05,
    format_: FormatOption = None,
) -> None:
    """Show decision threshold and detection limit: Currie or exact, and ISO 11929.

    With --efficiency and --intensity the results of ISO 11929 are in becquerel, without them in
    counts a second. Ends with 2 if a number cannot be used.
    """
    from keiryo.counting.limits import count_limits, iso11929

    factor = 1.0
    if (efficiency is None) != (intensity is None):
        _refuse("--efficiency and --intensity belong together.")
    try:
        if efficiency is not None and intensity is not None:
            if not (0 < efficiency <= 1 and intensity > 0):
                raise ValueError("efficiency up to 1 and intensity are above 0")
            factor = 1 / (efficiency * intensity)
        _positive(region, side_region)
        counts = count_limits(
            background, time_s, background_time_s * side_region / region, alpha, beta
        )
        iso = iso11929(
            0 if gross is None else gross,
            time_s,
            background,
            background_time_s,
            factor=factor,
            relative_uncertainty=u_rel,
            region=region,
            side_region=side_region,
            alpha=alpha,
            beta=beta,
        )
    except (ValueError, OverflowError) as error:
        _refuse(str(error))
    told = _limits_told(iso, gross is not None)
    unit = "cps" if efficiency is None else "Bq"
    schema = "keiryo.detection-limits/1"
    _show({"schema": schema, "unit": unit, "counts": counts.to_dict(), **told}, format_)


def _limits_told(iso: Iso11929, measured: bool) -> dict[str, Any]:
    """Return the limits, with the result where something was measured, and what is missing."""
    told = iso.to_dict()
    if not measured:
        told = {name: told[name] for name in ("factor", "threshold", "detection_limit")}
    findings = []
    if iso.detection_limit is None:
        message = "There is no detection limit: the factor is too uncertain."
        findings.append({"code": "NO_DETECTION_LIMIT", "message": message})
    return {"iso11929": told, "findings": findings}


def activity_(
    net: Annotated[float, typer.Option("--net", metavar="COUNTS", help="Net counts of a peak.")],
    live_s: Annotated[float, typer.Option("--live", metavar="SECONDS", help="Live time.")],
    efficiency: Annotated[
        float, typer.Option("--efficiency", metavar="SHARE", help="Counts by photon.")
    ],
    intensity: Annotated[
        float, typer.Option("--intensity", metavar="SHARE", help="Photons by decay.")
    ],
    net_sigma: Annotated[
        float, typer.Option("--net-sigma", metavar="COUNTS", help="Uncertainty of the net counts.")
    ] = 0.0,
    u_rel: Relative = 0.0,
    real_s: Annotated[
        float | None, typer.Option("--real", metavar="SECONDS", help="Real time.")
    ] = None,
    decay: Annotated[
        float, typer.Option("--decay", metavar="SHARE", help="Share left since the reference time.")
    ] = 1.0,
    format_: FormatOption = None,
) -> None:
    """Show an activity from the net counts of a peak.

    Above 20 % dead time it warns, above 50 % it gives none and ends with 1. Ends with 2 if a
    number cannot be used.
    """
    from keiryo.counting.activity import activity

    try:
        found = activity(
            net,
            live_s,
            efficiency,
            intensity,
            net_sigma=net_sigma,
            relative_uncertainty=u_rel,
            real_s=real_s,
            decay=decay,
        )
    except ValueError as error:
        _refuse(str(error))
    _show({"schema": "keiryo.detection-activity/1", **found.to_dict()}, format_)
    raise typer.Exit(1 if found.activity_bq is None else 0)


def trials_(
    successes: Annotated[
        int | None, typer.Option("--successes", metavar="K", help="Detections, or alarms.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", metavar="N", help="Passages, or times.")
    ] = None,
    claim: Annotated[
        float | None,
        typer.Option("--claim", metavar="P", help="The probability to prove."),
    ] = None,
    at_most: Annotated[
        bool, typer.Option("--at-most", help="The claim is a highest probability: false alarms.")
    ] = False,
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="P", help="Of the bounds, one-sided.")
    ] = 0.95,
    format_: FormatOption = None,
) -> None:
    """Show what trials prove, by exact bounds, and how many are needed for a claim.

    Ends with 1 if the claim is not proved, with 2 if a number cannot be used.
    """
    from keiryo.counting.acceptance import (
        lower_bound,
        smallest_passing,
        trials_without_failure,
        upper_bound,
    )

    if (successes is None and claim is None) or (successes is not None and trials is None):
        _refuse("Give --successes with --trials, or --claim, or all of them.")
    told: dict[str, Any] = {"schema": "keiryo.detection-trials/1", "confidence": confidence}
    try:
        if claim is not None:
            told["claim"], told["at_most"] = claim, at_most
            needed = 1 - claim if at_most else claim
            told["trials_without_failure"] = trials_without_failure(needed, confidence)
            if trials is not None:
                fewest = smallest_passing(trials, needed, confidence)
                told["passes_with"] = trials - fewest if at_most and fewest else fewest
        if successes is not None and trials is not None:
            told |= {"successes": successes, "trials": trials, "share": None}
            told["lower_bound"] = lower_bound(successes, trials, confidence)
            told["upper_bound"] = upper_bound(successes, trials, confidence)
            told["share"] = successes / trials
            if claim is not None:
                told["passed"] = (
                    told["upper_bound"] <= claim if at_most else told["lower_bound"] >= claim
                )
    except ValueError as error:
        _refuse(str(error))
    _show(told, format_)
    raise typer.Exit(1 if told.get("passed") is False else 0)


def _positive(*numbers: float) -> None:
    if not all(0 < one < float("inf") for one in numbers):
        raise ValueError("regions are above 0")


def _refuse(told: str) -> NoReturn:
    error = {"code": "NUMBER", "message": told[:1].upper() + told[1:]}
    print(json.dumps({"errors": [error]}, indent=2), file=sys.stderr)
    raise typer.Exit(2)


def _show(told: dict[str, Any], format_: Format | None) -> None:
    wanted = format_ or Given.format
    if wanted is not Format.TABLE and not (wanted is None and sys.stdout.isatty()):
        show_json(told)
        return
    rows = []
    for name, value in told.items():
        if isinstance(value, dict):
            rows += [{"name": f"{name} {n}", "value": _text(v)} for n, v in value.items()]
        elif isinstance(value, list):
            rows += [{"name": v["code"], "value": v["message"]} for v in value]
        elif name != "schema":
            rows.append({"name": name, "value": _text(value)})
    show_rows(rows, Format.TABLE)


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
