"""Commands of evidence that only calculate: bounds, trials, availability, composite detection."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_json, show_rows

AlphaOption = Annotated[
    str, typer.Option("--alpha", metavar="A", help="One minus the confidence, between 0 and 1.")
]


def add_numbers(group: typer.Typer) -> None:
    """Add the commands to the group of evidence."""
    for command in (bound, trials, availability, detection, counts):
        group.command(command.__name__)(command)


def bound(
    successes: Annotated[int, typer.Argument(metavar="X", help="Detections.")],
    number: Annotated[int, typer.Argument(metavar="N", help="Independent trials.")],
    alpha: AlphaOption = "0.05",
    format_: FormatOption = None,
) -> None:
    """Give the lower Clopper-Pearson bound of a probability of detection: x in n trials."""
    from keiryo.protection.evidence import lower_bound, two_sided_interval

    def compute() -> dict[str, Any]:
        exact = _number(alpha, "/alpha")
        interval = two_sided_interval(successes, number, exact)
        return {
            "successes": successes,
            "trials": number,
            "alpha": float(exact),
            "point": successes / number if number else None,
            "lower_bound": lower_bound(successes, number, exact),
            "interval": None if interval is None else list(interval),
        }

    _tell(compute, format_)


def trials(
    p: Annotated[str, typer.Option("--p", metavar="P", help="The probability to be shown.")],
    confidence: Annotated[
        str, typer.Option("--confidence", metavar="C", help="At which it is to be shown.")
    ] = "0.95",
    failures: Annotated[int, typer.Option("--failures", help="How many trials may fail.")] = 0,
    format_: FormatOption = None,
) -> None:
    """Tell how many trials show a probability at a confidence, with some failures at most."""
    from keiryo.protection.evidence import trials_needed

    def compute() -> dict[str, Any]:
        wanted, sure = _number(p, "/p"), _number(confidence, "/confidence")
        needed = trials_needed(wanted, sure, failures)
        given = {"p": float(wanted), "confidence": float(sure), "failures": failures}
        return {**given, "trials": needed}

    _tell(compute, format_)


def availability(
    up: Annotated[str, typer.Argument(metavar="UP_H", help="Mean hours between failures.")],
    repair: Annotated[str, typer.Argument(metavar="REPAIR_H", help="Mean hours until repaired.")],
    format_: FormatOption = None,
) -> None:
    """Give the share of time in which something works: mean up time and mean time to repair."""
    from keiryo.protection.evidence import availability as share

    def compute() -> dict[str, Any]:
        hours = _number(up, "/up_h"), _number(repair, "/repair_h")
        given = {"up_h": float(hours[0]), "repair_h": float(hours[1])}
        return {**given, "availability": share(*hours)}

    _tell(compute, format_)


def detection(
    sense: Annotated[str, typer.Argument(metavar="SENSE", help="That it is sensed.")],
    transmit: Annotated[str, typer.Argument(metavar="TRANSMIT", help="That it is transmitted.")],
    assess: Annotated[str, typer.Argument(metavar="ASSESS", help="That it is assessed.")],
    format_: FormatOption = None,
) -> None:
    """Give the probability that something is sensed, transmitted and assessed."""
    from keiryo.protection.evidence import composite_detection

    def compute() -> dict[str, Any]:
        parts = [_number(one, f"/{n}") for n, one in enumerate((sense, transmit, assess))]
        return {"p_detection": float(composite_detection(*parts))}

    _tell(compute, format_)


def counts(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Trials and successes of tests, TOML or JSON.")
    ],
    format_: FormatOption = None,
) -> None:
    """Give the bound of each element from the trials of its tests, pooled where that is said.

    Trials under different conditions are not pooled without a reason. Nothing is kept: the file
    belongs into the sealed store of the facility.
    """
    from keiryo.protection.trial_counts import counts_result, read_counts_file

    _tell(lambda: counts_result(read_counts_file(file)), format_, "elements")


def _number(text: str, pointer: str) -> Any:
    """Return a number exactly as it was written.

    Raises
    ------
    InputError
    """
    from decimal import Decimal, InvalidOperation

    from keiryo.protection.inputs import InputError, Problem

    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InputError([Problem("TYPE", pointer, "A number belongs here.")]) from None
    if not value.is_finite() or abs(value.adjusted()) > 140 or len(text) > 400:
        raise InputError([Problem("NOT_FINITE", pointer, "It cannot be calculated with.")])
    return value


def _tell(
    compute: Callable[[], dict[str, Any]], format_: Format | None, rows: str | None = None
) -> None:
    """Print a result, or end with everything that is wrong."""
    from keiryo.protection.inputs import InputError, problem_report

    try:
        told = compute()
    except InputError as error:
        print(problem_report(error.problems), file=sys.stderr)
        raise typer.Exit(2) from None
    wanted = format_ or Given.format
    if wanted is Format.TABLE or (wanted is None and sys.stdout.isatty()):
        show_rows([told] if rows is None else told[rows], Format.TABLE)
    else:
        show_json(told)
