"""Commands of an inspector's evaluation: operator–inspector and shipper–receiver differences."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption, format_of
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keiryo.errors import Finding
    from keiryo.inspection.difference_model import Stratum
    from keiryo.inspection.differences import DifferencesEvaluation
    from keiryo.inspection.shipper_receiver import ShipperReceiver
    from keiryo.inspection.verification_lists import Pairs

AlphaOption = Annotated[
    float,
    typer.Option(
        "--alpha",
        metavar="A",
        help="False-alarm probability: two-sided of D and of a shipment, one-sided of MUF − D, "
        "overall of MUF and −D together.",
    ),
]

StrataOption = Annotated[
    Path | None,
    typer.Option(
        "--strata",
        metavar="STRATA.csv",
        help="Columns: stratum, items, item_kg or total_kg, sign, operator_random, "
        "operator_systematic, inspector_random, inspector_systematic and perhaps "
        "operator_source, inspector_source.",
    ),
]

group = typer.Typer(
    help="What an inspector's measurements say about declarations and shipments.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(group, name="inspection")


@group.command()
def differences(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", help="Columns: stratum, item, operator_kg, inspector_kg."
        ),
    ],
    strata: StrataOption = None,
    muf: Annotated[
        float | None, typer.Option("--muf", metavar="KG", help="MUF of the balance as closed.")
    ] = None,
    sigma_muf: Annotated[
        float | None,
        typer.Option(
            "--sigma-muf",
            metavar="KG",
            help="Its standard deviation, if the strata do not give it. What it has more than "
            "they do counts as errors of unverified strata, if there are any.",
        ),
    ] = None,
    alpha: AlphaOption = 0.05,
    item_limit: Annotated[
        float,
        typer.Option(
            "--item-limit", metavar="T", help="Limit of single items, in sigma; two-sided."
        ),
    ] = 3.0,
    falsification: Annotated[
        float | None,
        typer.Option(
            "--falsification",
            metavar="KG",
            help="Also: how surely the two-sided test of D would detect this.",
        ),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Compare declarations with measurements: outliers, D per stratum, and MUF − D.

    Exit code 0: nothing to answer; 1: outliers, a significant D or MUF − D, or wrong input; 2: the
    question makes no sense. CSV shows the items.
    """
    from keiryo.inspection.differences import evaluate_differences
    from keiryo.inspection.limits import printable
    from keiryo.inspection.verification_lists import form_findings

    chosen, name = format_of(format_), printable(file.name)
    pairs, described, findings = _read_differences(file, strata)
    if form_findings(findings):
        _refuse(findings, chosen)
    evaluation = evaluate_differences(
        pairs.operator_kg,
        pairs.inspector_kg,
        pairs.stratum,
        described,
        items=pairs.item,
        muf_kg=muf,
        sigma_muf_kg=sigma_muf,
        alpha=alpha,
        item_limit=item_limit,
        falsification_kg=falsification,
        file=name,
        lines=pairs.lines,
    )
    findings += evaluation.findings
    if evaluation.refused:
        _refuse(findings, chosen)
    _show_differences(evaluation, findings, chosen)
    _end(findings, chosen)


def _read_differences(
    file: Path, strata: Path | None
) -> tuple[Pairs, tuple[Stratum, ...] | None, list[Finding]]:
    """Read the pairs and the strata, with everything that is wrong in either."""
    from keiryo.inspection.difference_checks import unknown_strata
    from keiryo.inspection.limits import printable
    from keiryo.inspection.verification_lists import form_findings, read_pairs, read_strata

    pairs, wrong = read_pairs(file)
    if strata is None:
        return pairs, None, list(wrong)
    described, problems = read_strata(strata, pairs)
    findings = [*wrong, *problems]
    if pairs.item and form_findings(wrong) and not form_findings(problems):
        findings += unknown_strata(pairs.stratum, described, printable(file.name), pairs.lines)
    return pairs, described, findings


@group.command("shipper-receiver")
def shipper_receiver(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            help="Columns: batch, shipper_kg, receiver_kg and perhaps items, shipper_epoch, "
            "receiver_epoch.",
        ),
    ],
    shipper_random: Annotated[
        float, typer.Option("--shipper-random", metavar="SD", help="Relative, of one item.")
    ],
    shipper_systematic: Annotated[
        float, typer.Option("--shipper-systematic", metavar="SD", help="Relative.")
    ],
    receiver_random: Annotated[
        float, typer.Option("--receiver-random", metavar="SD", help="Relative, of one item.")
    ],
    receiver_systematic: Annotated[
        float, typer.Option("--receiver-systematic", metavar="SD", help="Relative.")
    ],
    shared: Annotated[
        float,
        typer.Option(
            "--shared",
            metavar="SD",
            help="Part of both systematic errors that is the same error (one standard).",
        ),
    ] = 0.0,
    alpha: AlphaOption = 0.05,
    format_: FormatOption = None,
) -> None:
    """Compare what was shipped with what was received, batch by batch and cumulated.

    Exit code 0: nothing to answer; 1: significant differences, or wrong input; 2: the question
    makes no sense.
    """
    from keiryo.inspection.difference_model import Errors
    from keiryo.inspection.list_files import read_list
    from keiryo.inspection.shipper_receiver import evaluate_shipments
    from keiryo.inspection.verification_lists import SHIPMENTS, column, form_findings

    chosen = format_of(format_)
    listed = read_list(file, SHIPMENTS, once=("batch",))
    if form_findings(listed.findings):
        _refuse(listed.findings, chosen)
    evaluation = evaluate_shipments(
        column(listed, "shipper_kg"),
        column(listed, "receiver_kg"),
        Errors(shipper_random, shipper_systematic),
        Errors(receiver_random, receiver_systematic),
        items=[1 if n is None else n for n in column(listed, "items")],
        batches=column(listed, "batch"),
        shared_sd=shared,
        shipper_epoch=column(listed, "shipper_epoch"),
        receiver_epoch=column(listed, "receiver_epoch"),
        alpha=alpha,
        file=listed.name,
        lines=listed.lines,
    )
    findings = [*listed.findings, *evaluation.findings]
    if not evaluation.batch:
        _refuse(findings, chosen)
    _show_shipments(evaluation, findings, chosen)
    _end(findings, chosen)


def _show_differences(
    evaluation: DifferencesEvaluation, findings: Sequence[Finding], chosen: Format
) -> None:
    from keiryo.inspection.single_items import COLUMNS

    if chosen is Format.JSON:
        show_json({**evaluation.to_dict(), "findings": [finding_dict(f) for f in findings]})
        return
    tests = evaluation.items
    assert tests is not None
    if chosen is Format.CSV:
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(tests.each())
        return
    rows = [{k: _short(v) for k, v in s.to_dict().items()} for s in evaluation.strata]
    show_rows(rows, chosen, title="Differences by stratum")
    limits = _limits(evaluation)
    names = {
        "D": (evaluation.d_kg, evaluation.sigma_d_kg),
        "D, without an error model": (evaluation.d_kg, evaluation.sigma_d_free_kg),
        "MUF": (evaluation.muf_kg, evaluation.sigma_muf_kg),
        "MUF − D": (evaluation.muf_minus_d_kg, evaluation.sigma_muf_minus_d_kg),
    }
    totals = [
        {
            "what": name,
            "kg": _short(value),
            "sigma_kg": _short(sigma),
            "ratio": _short(value / sigma) if value is not None and sigma else None,
            "test": limits.get(name),
        }
        for name, (value, sigma) in names.items()
        if value is not None or sigma is not None
    ]
    show_rows(totals, chosen, title="Together")
    if evaluation.joint is not None:
        joint = evaluation.joint
        print(
            f"MUF and −D together: limit {joint.limit:.4f} for both (one-sided, overall alpha "
            f"{joint.alpha:g}), {joint.muf_ratio:.4f} and {joint.concealed_ratio:.4f} found."
        )
    if evaluation.power_d is not None:
        print(
            f"D detects {evaluation.falsification_kg:g} kg with {evaluation.power_d:.4f} "
            f"(two-sided test, alpha {evaluation.alpha:g})."
        )
    expected = "none could be tested"
    if tests.expected_false is not None:
        expected = f"{tests.expected_false:.2g} expected by chance"
    print(
        f"{len(tests.item)} items, {int(tests.flagged.sum())} beyond {tests.limit:g} sigma "
        f"(two-sided, alpha {tests.alpha_each:.2g} each), {expected}."
    )


def _limits(evaluation: DifferencesEvaluation) -> dict[str, str]:
    """Return what the tests of D and MUF − D go by, in words."""
    tests = evaluation.tests()
    return {
        shown: f"limit {tests[name]['limit_sigma']:.3f}, {tests[name]['side']}, "
        f"alpha {evaluation.alpha:g}"
        for shown, name in (("D", "d"), ("MUF − D", "muf_minus_d"))
        if tests[name]["limit_kg"] is not None
    }


def _show_shipments(
    evaluation: ShipperReceiver, findings: Sequence[Finding], chosen: Format
) -> None:
    if chosen is Format.JSON:
        show_json({**evaluation.to_dict(), "findings": [finding_dict(f) for f in findings]})
        return
    if chosen is Format.CSV:
        show_rows(evaluation.rows(), chosen)
        return
    names = ("batch", "shipper_kg", "receiver_kg", "difference_kg", "sigma_kg", "ratio")
    more = ("cumulative_kg", "cumulative_sigma_kg", "cumulative_ratio", "better")
    rows = [{n: _short(row[n]) for n in (*names, *more)} for row in evaluation.rows()]
    title = (
        f"Shipper minus receiver; limit {evaluation.limit:.3f}, two-sided, alpha "
        f"{evaluation.alpha:g} for each"
    )
    show_rows(rows, chosen, title=title)


def _short(value: object) -> object:
    """Return a number as a table shows it; JSON and CSV have all digits."""
    return f"{value:.6g}" if isinstance(value, float) else value


def _refuse(findings: Sequence[Finding], chosen: Format) -> None:
    """Show why a list cannot be used, and end."""
    if chosen is Format.JSON:
        show_json({"findings": [finding_dict(f) for f in findings]})
    else:
        show_findings(findings, to_error=True)
    raise typer.Exit(1)


def _end(findings: Iterable[Finding], chosen: Format) -> None:
    """Show findings beside a table, and end with 1 if one wants an answer."""
    every = list(findings)
    if chosen is not Format.JSON:
        show_findings(every, to_error=chosen is Format.CSV)
    if any(str(f.severity) in "FE" for f in every):
        raise typer.Exit(1)
