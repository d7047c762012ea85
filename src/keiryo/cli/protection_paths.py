"""Command of physical protection: the least protected paths of a facility graph."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_pictures import (
    LanguageOption,
    PictureOption,
    picture_problems,
    words_of,
    write_picture,
)

if TYPE_CHECKING:
    from fractions import Fraction

    from keiryo.protection.graph_file import GraphInput
    from keiryo.protection.inputs import Problem
    from keiryo.protection.records_file import Records

TOP = 20
NAMED = 40
"""Inputs without evidence that are named."""
TITLES = {
    "min_cumulative_detection": "cumulative detection",
    "min_delay_s": "delay (s)",
    "min_p_interruption_deterministic": "P(I), deterministic",
    "min_p_interruption": "P(I), EASI",
}

EvidenceOption = Annotated[
    Path | None,
    typer.Option(
        "--evidence",
        metavar="FILE",
        help="What is out of service and was tested, as 'evidence outages' writes it.",
    ),
]


def paths(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The facility graph, in JSON or TOML.")
    ],
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="NAME",
            help="The facility state to evaluate. Default: the state of the plain values.",
        ),
    ] = None,
    top: Annotated[
        int,
        typer.Option(
            "--top", metavar="N", min=0, help="How many paths to list; 0 lists all. Default: 20."
        ),
    ] = TOP,
    aggregate: Annotated[
        str | None,
        typer.Option(
            "--aggregate",
            metavar="LEVEL",
            help="Tell only whether the least probability of interruption reaches this level.",
        ),
    ] = None,
    evidence: EvidenceOption = None,
    picture: PictureOption = None,
    language: LanguageOption = "en",
    format_: FormatOption = None,
) -> None:
    """Find the least protected paths to each target, by four measures, and rank upgrades."""
    from keiryo.protection.graph_file import read_graph_file
    from keiryo.protection.inputs import InputError, Problem, problem_report
    from keiryo.protection.paths_report import aggregate_result, paths_result
    from keiryo.protection.records_file import read_records_file

    problems = picture_problems(picture, language)
    if picture is not None and aggregate is not None:
        said = "A picture shows values, which --aggregate keeps back: leave one of them out."
        problems.append(Problem("PICTURE_AGGREGATE", "/picture", said))
    records = None
    level = None if aggregate is None else _level(aggregate, problems)
    try:
        given = read_graph_file(file, state)
    except InputError as error:
        problems += error.problems
    try:
        records = None if evidence is None else read_records_file(evidence)
    except InputError as error:
        problems += error.problems
    if problems:
        print(problem_report(problems), file=sys.stderr)
        raise typer.Exit(2)
    if level is None:
        told = paths_result(given, top, records)
    else:
        told = aggregate_result(given, level, records)
    if picture is not None:
        try:
            _draw(picture, given, records, told, language)
        except InputError as error:
            print(problem_report(error.problems), file=sys.stderr)
            raise typer.Exit(2) from None
    wanted = format_ or Given.format
    if wanted is Format.TABLE or (wanted is None and sys.stdout.isatty()):
        _show(told)
    else:
        show_json(told)


def _draw(
    file: Path, given: GraphInput, records: Records | None, told: dict[str, Any], language: str
) -> None:
    """Write the pictures of the facility, its least protected paths and its options."""
    from keiryo.charts.protection_pictures import paths_file
    from keiryo.protection.outages import apply_outages
    from keiryo.protection.picture_input import graph_structure, path_results, response_of

    if records is not None:
        given, _ = apply_outages(given, records.outages)
    text = paths_file(
        told, graph_structure(given, told), path_results(given, told), response_of(given.graph),
        file.suffix.lower(), words_of(language),
    )  # fmt: skip
    write_picture(file, text)


def _level(text: str, problems: list[Problem]) -> Fraction | None:
    """Return the level that was given, or None with a problem noted."""
    from decimal import Decimal, InvalidOperation

    from keiryo.protection.inputs import Problem, read_number

    try:
        value = Decimal(text)
    except InvalidOperation:
        problems.append(Problem("TYPE", "/aggregate", "--aggregate takes a number from 0 to 1."))
        return None
    if not value.is_finite():
        problems.append(Problem("NOT_FINITE", "/aggregate", "The number is not finite."))
        return None
    return read_number(value, "/aggregate", problems, low=0, high=1, code="PROB_RANGE")


def _show(told: dict[str, Any]) -> None:
    """Print the result for people."""
    if "meets_level" in told:
        verb = "reaches" if told["meets_level"] else "does not reach"
        print(f"The least probability of interruption {verb} {told['level']:g}.")
        print(f"{told['classification']}; {_certainty(told)}")
        return
    print(
        f"{told['classification']}; state {told['facility_state']}; communication mode "
        f"{told['communication_mode']}; {_certainty(told)}"
    )
    measures = [{"measure": TITLES[name], **_row(one)} for name, one in told["measures"].items()]
    show_rows(measures, Format.TABLE, title="Least protected path by each measure")
    listed = [{**_row(one), "cdp": one["cdp"] or ""} for one in told["paths"]]
    show_rows(listed, Format.TABLE, title="Least protected paths")
    if told["upgrades"] is not None:
        _show_upgrades(told["upgrades"])
    for one in told.get("outages", ()):
        print(f"{one['object']} is out of service ({one['asset_kind']}): {one['reason']}")
    _show_evidence(told["inputs"])
    print("This assumes:")
    for assumption in told["assumptions"]:
        print(f"  {assumption}")
    for warning in told["warnings"]:
        print(f"{warning['code']} {warning['pointer']}: {warning['message']}")


def _show_evidence(inputs: list[dict[str, Any]]) -> None:
    """Print which inputs rest on nothing, or on something past its date."""
    for state, told in (
        ("none", "without evidence"),
        ("expired", "past their date"),
        ("stale", "whose test is overdue or was not passed"),
    ):
        names = [one["id"] for one in inputs if one["state"] == state]
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            print(f"Inputs {told}: {', '.join(names[:NAMED])}{more}")


def _show_upgrades(told: dict[str, Any]) -> None:
    """Print what the options are worth."""
    sets = [
        ("baseline", told["baseline"]),
        *(("single", one) for one in told["singles"]),
        ("best" if told["exact"] else "best found", told["best"]),
        ("greedy", told["greedy"]),
    ]
    rows = [
        {"set": kind, "options": ", ".join(one["options"])}
        | {name: one[name] for name in ("cost", "min_p_interruption", "gain", "gain_per_cost")}
        for kind, one in sets
    ]
    show_rows(rows, Format.TABLE, title="Upgrades")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    """Return a measure or a path as a row; lists are joined."""
    left_out = ("ties", "target", "cdp")
    row = {key: value for key, value in one.items() if key not in left_out}
    return row | {"path": " - ".join(one["path"])}


def _certainty(told: dict[str, Any]) -> str:
    """Return how many paths there are, and whether the minima are certain."""
    certain = "exact" if told["exact"] else "not exact"
    return f"{told['path_count']} paths, {certain}"
