"""Commands of verification sampling: how many items to verify, by which method, and which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, format_of
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keiryo.errors import Finding
    from keiryo.inspection.methods import Method

ItemsOption = Annotated[
    int, typer.Option("--items", metavar="N", help="Items in the population or stratum.")
]
DetectionOption = Annotated[
    float,
    typer.Option(
        "--detection", metavar="P", help="Detection probability wanted, above 0, at most 1."
    ),
]
GoalOption = Annotated[
    float, typer.Option("--goal-kg", metavar="M", help="Goal quantity, kg of element or isotope.")
]
ItemKgOption = Annotated[
    float, typer.Option("--item-kg", metavar="X", help="Content of one item, kg.")
]
MethodsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        metavar="NAME=FRACTION[@P]",
        help="A method, the fraction missing of an item that it sees, and the probability that it "
        "sees it (default 1). Repeatable. Default: H=1 F=0.3 B=0.06.",
    ),
]

FalsifiedOption = Annotated[
    float | None,
    typer.Option(
        "--falsified", metavar="G", help="Fraction of an item that is missing. Default: 1."
    ),
]
SigmaOption = Annotated[
    float | None,
    typer.Option(
        "--sigma",
        metavar="S",
        help="Instead of --per-item: relative standard deviation of operator minus inspector; "
        "a defect is found when it shows a difference above --limit times this.",
    ),
]

group = typer.Typer(
    help="Sampling plans of an inspector: how many items, by which method, and which ones.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(group, name="sampling")


@group.command()
def attribute(
    items: ItemsOption,
    detection: DetectionOption,
    defects: Annotated[
        int | None,
        typer.Option("--defects", metavar="D", help="Defects that make up the goal quantity."),
    ] = None,
    goal_kg: Annotated[
        float | None,
        typer.Option("--goal-kg", metavar="M", help="Instead of --defects: goal quantity, kg."),
    ] = None,
    item_kg: Annotated[
        float | None, typer.Option("--item-kg", metavar="X", help="With it: kg in one item.")
    ] = None,
    falsified: FalsifiedOption = None,
    per_item: Annotated[
        float | None,
        typer.Option(
            "--per-item",
            metavar="P",
            help="Probability that a verified defect is found. Default: 1.",
        ),
    ] = None,
    sigma: SigmaOption = None,
    limit: Annotated[
        float | None,
        typer.Option(
            "--limit", metavar="T", help="In standard deviations, with --sigma. Default: 3."
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="n", help="Also say what a sample of this size achieves."),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Say how many items to verify so that defects are found as wanted (exact).

    Exit code 0: there is such a sample; 1: not even all items do it; 2: the question makes no
    sense.
    """
    from keiryo.errors import UsageError
    from keiryo.inspection import methods, sampling

    if (defects is None) == (goal_kg is None) or (goal_kg is not None and item_kg is None):
        words = "give either --defects, or --goal-kg with --item-kg"
        raise UsageError(words, "Example: --items 300 --goal-kg 8 --item-kg 0.5 --detection 0.9")
    _check_effect(defects, item_kg, falsified, per_item, sigma, limit)
    if size is not None and not 0 < size <= items:
        raise UsageError(f"{size} of {items} items cannot be sampled", f"Give 1 to {items}.")
    fraction = 1.0 if falsified is None else falsified
    found_by = 1.0 if per_item is None else per_item
    if sigma is not None:
        found_by = methods.per_item_detection(fraction, sigma, 3.0 if limit is None else limit)
    if goal_kg is not None and item_kg is not None:
        plan = sampling.plan_for_goal(
            items, item_kg, goal_kg, detection, falsified=fraction, per_item=found_by
        )
    else:
        plan = sampling.attribute_plan(items, defects or 0, detection, per_item=found_by)
    found = plan.to_dict()
    if size is not None:
        found["given"] = {
            "sample_size": size,
            "achieved": sampling.detection(items, plan.defects, size, found_by),
            "detectable_defects": sampling.detectable_defects(
                items, size, detection, per_item=found_by
            ),
        }
    _show_one(found, plan.findings, format_of(format_))


def _check_effect(
    defects: int | None,
    item_kg: float | None,
    falsified: float | None,
    per_item: float | None,
    sigma: float | None,
    limit: float | None,
) -> None:
    """Refuse options that would have no effect beside the others."""
    from keiryo.errors import UsageError

    if sigma is not None and per_item is not None:
        raise UsageError("--per-item and --sigma exclude each other", "Give one of them.")
    if limit is not None and sigma is None:
        raise UsageError("--limit has no effect without --sigma", "Give --sigma, or leave it out.")
    if defects is not None:
        if item_kg is not None:
            words = "--item-kg has no effect with --defects"
            raise UsageError(words, "Give --goal-kg and --item-kg, or --defects alone.")
        if falsified is not None and sigma is None:
            words = "--falsified has no effect with --defects"
            raise UsageError(words, "Give --goal-kg and --item-kg, which it turns into defects.")


@group.command("three-methods")
def three_methods(
    items: ItemsOption,
    item_kg: ItemKgOption,
    goal_kg: GoalOption,
    detection: DetectionOption,
    method: MethodsOption = None,
    format_: FormatOption = None,
) -> None:
    """Divide the items of a stratum between a quick, a better and the best method."""
    from keiryo.inspection.methods import methods_plan

    plan = methods_plan(items, item_kg, goal_kg, detection, _methods(method))
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({**plan.to_dict(), "findings": [finding_dict(f) for f in plan.findings]})
    else:
        rows = [_method_row(m.to_dict()) for m in plan.methods]
        title = f"{plan.sample_size} of {items} items are verified"
        show_rows(rows, chosen, title=title)
    _end(plan.findings, chosen)


@group.command()
def variables(
    items: ItemsOption,
    item_kg: ItemKgOption,
    goal_kg: GoalOption,
    detection: DetectionOption,
    random: Annotated[
        float,
        typer.Option(
            "--random", metavar="SD", help="Relative random error of operator and inspector."
        ),
    ],
    systematic: Annotated[
        float,
        typer.Option(
            "--systematic", metavar="SD", help="Relative systematic error of both together."
        ),
    ] = 0.0,
    alpha: Annotated[
        float, typer.Option("--alpha", metavar="A", help="False-alarm probability, one-sided.")
    ] = 0.05,
    format_: FormatOption = None,
) -> None:
    """Say how many items to measure so that D finds a falsification spread over all of them."""
    from keiryo.inspection.methods import variables_plan

    plan = variables_plan(
        items, item_kg, goal_kg, detection, alpha=alpha, random_sd=random, systematic_sd=systematic
    )
    _show_one(plan.to_dict(), plan.findings, format_of(format_))


@group.command()
def plan(
    strata: Annotated[
        Path,
        typer.Argument(
            metavar="STRATA.csv", help="Columns: stratum, items, item_kg and perhaps goal_kg."
        ),
    ],
    detection: DetectionOption,
    goal_kg: Annotated[
        float | None,
        typer.Option("--goal-kg", metavar="M", help="Goal quantity of strata without their own."),
    ] = None,
    method: MethodsOption = None,
    format_: FormatOption = None,
) -> None:
    """Plan several strata: how many items of each go to which method.

    Exit code 0: planned; 1: findings; 2: the question makes no sense.
    """
    from keiryo.inspection.limits import printable
    from keiryo.inspection.stratum_plan import plan_strata
    from keiryo.inspection.verification_lists import form_findings, read_plan_strata

    methods = _methods(method)
    chosen = format_of(format_)
    given, findings = read_plan_strata(strata, goal_kg)
    if form_findings(findings):
        _refuse(findings, chosen)
    file = printable(strata.name)
    planned = plan_strata(given, detection, methods, goal_kg=goal_kg, file=file)
    every = (*findings, *planned.findings)
    if chosen is Format.JSON:
        show_json({**planned.to_dict(), "findings": [finding_dict(f) for f in every]})
    else:
        show_rows(planned.rows(), chosen, title=f"{planned.sample_size} items are verified")
    _end(every, chosen)


@group.command()
def proportional(
    total_kg: Annotated[
        float, typer.Option("--total-kg", metavar="T", help="Content of all items, kg.")
    ],
    goal_kg: GoalOption,
    detection: DetectionOption,
    format_: FormatOption = None,
) -> None:
    """Say how many draws proportional to size find a diversion, whatever the sizes are."""
    from keiryo.inspection.methods import proportional_draws
    from keiryo.inspection.plan_checks import goal_above

    draws = proportional_draws(total_kg, goal_kg, detection)
    found = {"sample_size": draws, "total_kg": total_kg, "goal_kg": goal_kg}
    findings = [goal_above(total_kg, goal_kg)] if goal_kg > total_kg else []
    _show_one({**found, "detection_wanted": detection}, findings, format_of(format_))


@group.command()
def stratify(
    items: Annotated[
        Path, typer.Argument(metavar="ITEMS.csv", help="Columns: item, item_kg, perhaps stratum.")
    ],
    ratio: Annotated[
        float,
        typer.Option("--ratio", help="Largest to smallest item of a stratum, at the most."),
    ] = 1.5,
    format_: FormatOption = None,
) -> None:
    """Divide items of various sizes into strata; the CSV output is input of 'sampling plan'."""
    from keiryo.inspection.stratum_plan import stratify_items
    from keiryo.inspection.verification_lists import column, form_findings, read_items

    chosen = format_of(format_)
    listed = read_items(items, sizes=True)
    if form_findings(listed.findings):
        _refuse(listed.findings, chosen)
    rows = stratify_items(column(listed, "stratum"), column(listed, "item_kg"), ratio)
    show_rows(rows, chosen)
    _end(listed.findings, chosen, shown=chosen is not Format.TABLE)


@group.command()
def select(
    items: Annotated[
        Path, typer.Argument(metavar="ITEMS.csv", help="Columns: item and perhaps item_kg.")
    ],
    size: Annotated[int, typer.Option("--size", metavar="n", help="Items to draw.")],
    seed: Annotated[
        str,
        typer.Option("--seed", metavar="S", help="Any number or words; the draw can be repeated."),
    ],
    proportional: Annotated[
        bool, typer.Option("--proportional", help="Draw proportional to item_kg.")
    ] = False,
    format_: FormatOption = None,
) -> None:
    """Draw the items to verify; the same seed and list give the same items on every machine."""
    from keiryo.errors import UsageError
    from keiryo.inspection.selection import select_items
    from keiryo.inspection.verification_lists import column, form_findings, read_items

    chosen = format_of(format_)
    listed = read_items(items, sizes=proportional)
    findings = list(listed.findings)
    if form_findings(findings):
        _refuse(findings, chosen)
    if not 0 < size <= len(listed):
        words = f"{size} of {len(listed)} items cannot be drawn"
        raise UsageError(words, f"Give a size from 1 to {len(listed)}, or the whole list of items.")
    sizes = column(listed, "item_kg") if proportional else None
    drawn = select_items(column(listed, "item"), size, seed, size_kg=sizes)
    rows = [
        {
            "draw": n,
            **{k: v[i] for k, v in listed.values.items() if v[i] is not None},
            "line": listed.lines[i],
            "probability": p,
        }
        for n, (i, p) in enumerate(zip(drawn.chosen, drawn.probability, strict=True), 1)
    ]
    if chosen is Format.JSON:
        head = {k: v for k, v in drawn.to_dict().items() if k not in ("chosen", "probability")}
        show_json({**head, "items": rows, "findings": [finding_dict(f) for f in findings]})
    else:
        title = f"{size} of {drawn.population} items, seed {seed}, list {drawn.digest[:16]}"
        columns = ["draw", "item", "stratum", "item_kg", "line", "probability"]
        there = [c for c in columns if any(c in row for row in rows)]
        show_rows(rows, chosen, title=title, columns=there)
    _end(findings, chosen)


def _methods(given: Sequence[str] | None) -> tuple[Method, ...]:
    """Return the methods as they were given, or those that are usual."""
    from keiryo.errors import UsageError
    from keiryo.inspection.limits import has_control, printable
    from keiryo.inspection.methods import THREE_METHODS, Method

    if not given:
        return THREE_METHODS
    found = []
    for words in given:
        if has_control(words):
            said = f"--method {printable(words)} has control characters"
            raise UsageError(said, "Write name and fraction: F=0.3.")
        name, _, rest = words.partition("=")
        fraction, _, per_item = rest.partition("@")
        try:
            found.append(Method(name.strip(), float(fraction), float(per_item or 1)))
        except ValueError as error:
            said = f"--method {words} cannot be read"
            raise UsageError(
                said, "Write name, fraction, probability: F=0.3 or F=0.3@0.95."
            ) from error
        if not name.strip():
            raise UsageError(f"--method {words} has no name", "Write it as F=0.3.")
    return tuple(found)


def _method_row(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a table shows of one method."""
    names = ("method", "falsified", "defects", "own", "sample_size", "achieved")
    row = {name: found[name] for name in names}
    return {
        **row,
        "formula": found["formula"]["sample_size"],
        "jaech": found["jaech"]["sample_size"],
    }


def _show_one(found: dict[str, Any], findings: Iterable[Finding], chosen: Format) -> None:
    """Show a single answer: as an object, one row, or word by word."""
    every = list(findings)
    if chosen is Format.JSON:
        show_json({**found, "findings": [finding_dict(f) for f in every]})
    else:
        flat: dict[str, Any] = {}
        for name, value in found.items():
            if isinstance(value, dict):
                flat |= {f"{name}_{inner}": x for inner, x in value.items()}
            else:
                flat[name] = value
        if chosen is Format.CSV:
            show_rows([flat], chosen)
        else:
            rows = [{"what": k.replace("_", " "), "value": v} for k, v in flat.items()]
            show_rows(rows, chosen)
    _end(every, chosen)


def _refuse(findings: Sequence[Finding], chosen: Format) -> None:
    """Show why a list cannot be used, and end."""
    if chosen is Format.JSON:
        show_json({"findings": [finding_dict(f) for f in findings]})
    else:
        show_findings(findings, to_error=True)
    raise typer.Exit(1)


def _end(findings: Iterable[Finding], chosen: Format, *, shown: bool = False) -> None:
    """Show findings beside a table, and end with 1 if one wants an answer."""
    every = list(findings)
    if chosen is not Format.JSON and not shown:
        show_findings(every, to_error=chosen is Format.CSV)
    if any(str(f.severity) in "FE" for f in every):
        raise typer.Exit(1)
