"""Commands for designers: thresholds, detection probabilities, what an improvement would buy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, format_of
from keiryo.cli.output import Progress, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.design.case import Campaign
    from keiryo.design.questions import Effort, Power

ProcessOption = Annotated[
    Path | None,
    typer.Option("--process", metavar="DIR", help="Folder with the process data of the plant."),
]
SourcesOption = Annotated[
    Path | None,
    typer.Option("--sources", metavar="FILE", help="Its error sources (TOML)."),
]
PeriodOption = Annotated[
    float | None, typer.Option("--period", metavar="HOURS", help="Hours between closings.")
]
CovarianceOption = Annotated[
    Path | None,
    typer.Option(
        "--covariance",
        metavar="FILE",
        help="Instead: a covariance of MUF in kg² (.npy, .csv, or JSON of keiryo evaluate).",
    ),
]
StatisticOption = Annotated[
    str,
    typer.Option(
        "--statistic",
        metavar="S",
        help="page, sitmuf, muf, cumuf, ewma, gemuf_v1 or gemuf_v5, tested at every balance; "
        "or cumuf_end, gemuf_v1_end, neyman_pearson, tested once at the end.",
    ),
]
AlphaOption = Annotated[
    float, typer.Option("--alpha", help="False-alarm probability of the whole campaign.")
]
KOption = Annotated[float, typer.Option("--k", help="Reference value of Page's test.")]
LossOption = Annotated[float, typer.Option("--loss", metavar="KG", help="What is removed, in kg.")]
FromHourOption = Annotated[
    float | None,
    typer.Option("--from", metavar="H", help="Hour at which the loss begins. Default: the first."),
]
ToHourOption = Annotated[
    float | None,
    typer.Option(
        "--to",
        metavar="H",
        help="Hour at which it ends; the same hour as --from: abrupt. Default: the last.",
    ),
]
RealizationsOption = Annotated[
    int, typer.Option("--realizations", metavar="N", help="Campaigns to simulate where needed.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")]
ProcessesOption = Annotated[
    int | None,
    typer.Option("--processes", metavar="N", help="Local processes. Default: as many as it needs."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Send the work to this Dask scheduler, e.g. tcp://10.0.0.5:8786.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    design = typer.Typer(
        help="Design: what a planned facility could detect, and how fast.", no_args_is_help=True
    )
    for command in (threshold, power, loss, curve, what_if, balance):
        design.command()(command)
    app.add_typer(design, name="design")


def _campaign(
    process: Path | None,
    sources: Path | None,
    period: float | None,
    covariance: Path | None,
) -> Campaign | None:
    from keiryo.design.case import covariance_campaign, process_campaign
    from keiryo.errors import UsageError

    if covariance is not None:
        if process is not None:
            raise UsageError("both --process and --covariance were given", "Give one of the two.")
        return covariance_campaign(covariance)
    if process is None:
        return None
    if sources is None or period is None:
        raise UsageError(
            "--process needs --sources and --period",
            "Add the file with the error sources, and the hours between closings.",
        )
    return process_campaign(process, sources, period)


def _needed(campaign: Campaign | None) -> Campaign:
    from keiryo.errors import UsageError

    if campaign is None:
        raise UsageError(
            "the balances are not described",
            "Give --process DIR --sources FILE --period H, or --covariance FILE.",
        )
    return campaign


def _effort(realizations: int, seed: int, processes: int | None, cluster: str | None) -> Effort:
    from keiryo.design.questions import Effort

    return Effort(realizations, seed, processes, cluster, Progress("simulating"))


def _loss(campaign: Campaign, kg: float, begin: float | None, end: float | None) -> Any:
    from keiryo.design.losses import loss_vector

    first = float(campaign.closings_h[0]) if begin is None else begin
    last = float(campaign.closings_h[-1]) if end is None else end
    return loss_vector(kg, first, last, campaign.closings_h)


def _notes(campaign: Campaign | None, chosen: Format) -> None:
    if campaign is not None and chosen is not Format.JSON:
        show_findings(campaign.findings, to_error=True)


def threshold(
    balances: Annotated[
        int | None, typer.Option("--balances", metavar="P", help="Number of balances.")
    ] = None,
    alpha: AlphaOption = 0.05,
    statistic: StatisticOption = "page",
    k: KOption = 0.5,
    process: ProcessOption = None,
    sources: SourcesOption = None,
    period: PeriodOption = None,
    covariance: CovarianceOption = None,
    realizations: RealizationsOption = 200_000,
    seed: SeedOption = 1,
    processes: ProcessesOption = None,
    cluster: ClusterOption = None,
    format_: FormatOption = None,
) -> None:
    """Find the threshold that uses a false-alarm probability in a campaign.

    Page, SITMUF and GEMUF V1 need the number of balances only and are exact. MUF and CUMUF are
    correlated: give the process data or a covariance, or they are taken as independent.
    """
    from keiryo.design.questions import campaign_threshold, threshold_assumptions
    from keiryo.errors import UsageError

    described = _campaign(process, sources, period, covariance)
    if described is None and balances is None:
        raise UsageError("the number of balances is missing", "Add --balances, e.g. 12.")
    if described is not None and balances is not None and described.balances != balances:
        raise UsageError(
            f"--balances is {balances}, but {described.balances} balances are described",
            "Leave --balances out.",
        )
    case: Campaign | int = described if described is not None else (balances or 0)
    found = campaign_threshold(
        case, statistic, alpha, k=k, effort=_effort(realizations, seed, processes, cluster)
    )
    answer = {
        "threshold": found.threshold,
        "alpha": found.alpha,
        "method": found.method,
        "interval": None if found.interval is None else list(found.interval),
        "balances": found.balances,
        "statistic": found.statistic,
        "k": found.k,
        "unit": "probability: alarm below it" if statistic == "gemuf_v1" else "standard deviations",
        "realizations": found.realizations,
        "seed": found.seed,
        "generator": found.generator,
        "assumptions": list(threshold_assumptions(case, statistic)),
    }
    chosen = format_of(format_)
    _notes(described, chosen)
    _show_one(answer, chosen)


def power(
    loss: LossOption,
    process: ProcessOption = None,
    sources: SourcesOption = None,
    period: PeriodOption = None,
    covariance: CovarianceOption = None,
    begin: FromHourOption = None,
    end: ToHourOption = None,
    worst: Annotated[
        bool,
        typer.Option("--worst-case", help="Spread the loss as the CUMUF test finds it hardest."),
    ] = False,
    statistic: StatisticOption = "page",
    alpha: AlphaOption = 0.05,
    k: KOption = 0.5,
    realizations: RealizationsOption = 200_000,
    seed: SeedOption = 1,
    processes: ProcessesOption = None,
    cluster: ClusterOption = None,
    format_: FormatOption = None,
) -> None:
    """Compute how probably and how soon a loss would be detected.

    The detection probability counts an alarm anywhere in the campaign. The time to detection is in
    hours, from the beginning of the loss to the closing of the balance with the first alarm.
    """
    from keiryo.design.questions import power as power_of
    from keiryo.material_balance.detection import worst_case

    campaign = _needed(_campaign(process, sources, period, covariance))
    pattern = _loss(campaign, loss, begin, end)
    if worst:
        pattern = worst_case(campaign.covariance, loss)
    found = power_of(
        campaign,
        pattern,
        statistic,
        alpha,
        k=k,
        begin_h=begin,
        effort=_effort(realizations, seed, processes, cluster),
    )
    chosen = format_of(format_)
    _notes(campaign, chosen)
    answer = found.to_dict() | {"assumptions": list(campaign.assumptions)}
    answer["realizations"] = None if found.method == "exact" else realizations
    answer["seed"] = None if found.method == "exact" else seed
    answer["robustness"] = _robustness(campaign, found, k)
    answer["findings"] = _finding_rows(campaign)
    if chosen is not Format.JSON:
        for name in ("first_alarm", "loss_by_balance", "findings"):
            answer.pop(name)
        answer["robustness"] = [
            f"errors ×{row['factor']:g}: false alarms {row['false_alarm_probability']:.4f}, "
            f"detection {row['detection_probability']:.4f}"
            for row in answer["robustness"]
        ]
    _show_one(answer, chosen)


def loss(
    process: ProcessOption = None,
    sources: SourcesOption = None,
    period: PeriodOption = None,
    covariance: CovarianceOption = None,
    begin: FromHourOption = None,
    end: ToHourOption = None,
    probability: Annotated[
        float, typer.Option("--probability", metavar="P", help="Wanted detection probability.")
    ] = 0.95,
    statistic: StatisticOption = "page",
    alpha: AlphaOption = 0.05,
    k: KOption = 0.5,
    realizations: RealizationsOption = 200_000,
    seed: SeedOption = 1,
    processes: ProcessesOption = None,
    cluster: ClusterOption = None,
    format_: FormatOption = None,
) -> None:
    """Find the loss that is detected with a given probability.

    Shown for the loss between --from and --to, and beside it for one spread over the whole
    campaign, for the worst case of the CUMUF test, and for an abrupt loss in each balance.
    """
    import numpy as np

    from keiryo.design.questions import detectable_loss
    from keiryo.material_balance.detection import worst_case

    campaign = _needed(_campaign(process, sources, period, covariance))
    size = campaign.balances
    patterns = {"asked": _loss(campaign, 1.0, begin, end)}
    patterns["uniform"] = np.full(size, 1.0 / size)
    patterns["worst case"] = worst_case(campaign.covariance, 1.0)
    if size <= 60:
        patterns |= {f"abrupt in balance {b + 1}": np.eye(size)[b] for b in range(size)}
    work = _effort(realizations, seed, processes, cluster)
    rows = [
        {
            "pattern": name,
            "loss_kg": detectable_loss(
                campaign, shape, statistic, probability=probability, alpha=alpha, k=k, effort=work
            ),
        }
        for name, shape in patterns.items()
    ]
    chosen = format_of(format_)
    _notes(campaign, chosen)
    if chosen is Format.JSON:
        answer = {
            "loss": rows[0]["loss_kg"],
            "probability": probability,
            "statistic": statistic,
            "alpha": alpha,
            "patterns": rows,
            "findings": _finding_rows(campaign),
        }
        show_json(answer)
        return
    show_rows(rows, chosen, title=f"Detected with probability {probability:g} by {statistic}")


def curve(
    most: Annotated[float, typer.Option("--to-loss", metavar="KG", help="Largest loss, in kg.")],
    process: ProcessOption = None,
    sources: SourcesOption = None,
    period: PeriodOption = None,
    covariance: CovarianceOption = None,
    begin: FromHourOption = None,
    end: ToHourOption = None,
    statistics: Annotated[
        str, typer.Option("--statistics", help="Statistics to compare, comma separated.")
    ] = "page,sitmuf,cumuf_end,neyman_pearson",
    points: Annotated[int, typer.Option("--points", help="Losses to compute.")] = 25,
    alpha: AlphaOption = 0.05,
    k: KOption = 0.5,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw the curves as .svg or .png."),
    ] = None,
    realizations: RealizationsOption = 20_000,
    seed: SeedOption = 1,
    processes: ProcessesOption = None,
    cluster: ClusterOption = None,
    format_: FormatOption = None,
) -> None:
    """Compute power curves: detection probability against the loss, for several statistics."""
    import numpy as np

    from keiryo.design.pictures import draw_power_curves
    from keiryo.design.questions import power_curve
    from keiryo.errors import UsageError

    if not 2 <= points <= 1000 or not most > 0:
        raise UsageError(
            "a curve needs 2 to 1000 points and a largest loss above 0", "E.g. --to-loss 16."
        )
    campaign = _needed(_campaign(process, sources, period, covariance))
    losses = [float(x) for x in np.linspace(0.0, most, points)]
    names = [name.strip() for name in statistics.split(",") if name.strip()]
    found = power_curve(
        campaign, _loss(campaign, 1.0, begin, end), losses, names, alpha=alpha, k=k,
        effort=_effort(realizations, seed, processes, cluster),
    )  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"loss_kg": kg} | {name: found[name][n].probability for name in names}
        for n, kg in enumerate(losses)
    ]
    if chart is not None:
        draw_power_curves(chart, losses, found)
    chosen = format_of(format_)
    _notes(campaign, chosen)
    show_rows(rows, chosen, title=f"Detection probability, alpha {alpha:g} per campaign")
    if chart is not None and chosen is Format.TABLE:
        print(f"Drawn in {chart}.")


def what_if(
    loss: LossOption,
    process: ProcessOption = None,
    sources: SourcesOption = None,
    period: PeriodOption = None,
    begin: FromHourOption = None,
    end: ToHourOption = None,
    factor: Annotated[
        float, typer.Option("--factor", help="Multiply the errors of each source with this.")
    ] = 0.5,
    probability: Annotated[
        float, typer.Option("--probability", metavar="P", help="Wanted detection probability.")
    ] = 0.95,
    statistic: StatisticOption = "page",
    alpha: AlphaOption = 0.05,
    k: KOption = 0.5,
    realizations: RealizationsOption = 50_000,
    seed: SeedOption = 1,
    processes: ProcessesOption = None,
    cluster: ClusterOption = None,
    format_: FormatOption = None,
) -> None:
    """Compare what it would buy to improve each error source, best first."""
    from keiryo.design.questions import what_if as improvements

    campaign = _needed(_campaign(process, sources, period, None))
    found = improvements(
        campaign, _loss(campaign, loss, begin, end), statistic, factor=factor,
        probability=probability, alpha=alpha, k=k,
        effort=_effort(realizations, seed, processes, cluster),
    )  # fmt: skip
    chosen = format_of(format_)
    _notes(campaign, chosen)
    rows = [improvement.to_dict() for improvement in found]
    if chosen is Format.TABLE:
        rows = [
            {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in r.items()}
            for r in rows
        ]
    show_rows(rows, chosen, title=f"Errors of each source times {factor:g}; kg")


def balance(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Strata and methods (TOML).")],
    loss: Annotated[
        float | None, typer.Option("--loss", metavar="KG", help="Loss to detect, in kg.")
    ] = None,
    alpha: AlphaOption = 0.05,
    format_: FormatOption = None,
) -> None:
    """Compute MUF and its uncertainty for one planned balance, from its strata.

    The variance is split by method, component and stratum; what a shared systematic error
    cancels between strata stands in a row of its own.
    """
    from keiryo.design.plan_file import read_plan
    from keiryo.material_balance.detection import single_balance_power
    from keiryo.material_balance.thresholds import needed_sigma

    found = read_plan(plan)
    whole = found.variance_kg2 or 1.0
    shares = [
        {
            "source": part.source,
            "component": part.component,
            "stratum": part.stratum,
            "variance_kg2": part.variance_kg2,
            "share": part.variance_kg2 / whole,
        }
        for part in sorted(found.parts, key=lambda part: -part.variance_kg2)
    ]
    answer: dict[str, Any] = {
        "muf": found.muf_kg,
        "sigma_muf": found.sigma_kg,
        "variance": found.variance_kg2,
        "detection_probability": None,
        "sigma_needed_for_95_percent": None,
        "amounts": found.amounts_kg,
        "shares": shares,
    }
    if loss is not None and found.sigma_kg > 0:
        answer["detection_probability"] = single_balance_power(loss, found.sigma_kg, alpha)
        answer["sigma_needed_for_95_percent"] = needed_sigma(loss, alpha=alpha)
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(answer)
        return
    if chosen is Format.TABLE:
        print(f"MUF {found.muf_kg:.6g} kg, standard deviation {found.sigma_kg:.6g} kg.")
        if answer["detection_probability"] is not None:
            print(
                f"A loss of {loss:g} kg is detected with probability "
                f"{answer['detection_probability']:.4f} at alpha {alpha:g}; for 0.95 the standard "
                f"deviation would have to be {answer['sigma_needed_for_95_percent']:.6g} kg."
            )
    shown = [
        row | {"variance_kg2": f"{row['variance_kg2']:.6g}", "share": f"{row['share']:.1%}"}
        for row in shares
    ]
    show_rows(shown if chosen is Format.TABLE else shares, chosen)


def _show_one(answer: dict[str, Any], chosen: Format) -> None:
    """Show one answer: as JSON whole, else one row for each name."""
    if chosen is Format.JSON:
        show_json(answer)
        return
    rows = [
        {"name": name, "value": "; ".join(map(str, value)) if isinstance(value, list) else value}
        for name, value in answer.items()
        if value is not None
    ]
    show_rows(rows, chosen, columns=["name", "value"])


def _robustness(campaign: Campaign, found: Power, k: float) -> list[dict[str, float]]:
    """Return the same test where the true errors are smaller or larger than declared."""
    from dataclasses import asdict

    from keiryo.material_balance.robustness import robustness

    if found.method != "exact":
        return []
    rows = robustness(found.loss_kg, campaign.covariance, found.statistic, alpha=found.alpha, k=k)
    return [asdict(row) for row in rows]


def _finding_rows(campaign: Campaign) -> list[dict[str, Any]]:
    from keiryo.cli.output import finding_dict

    return [{"code": finding.code, **finding_dict(finding)} for finding in campaign.findings]
