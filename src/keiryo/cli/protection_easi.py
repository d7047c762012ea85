"""Command of physical protection: the probability of interruption on one path."""

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
    from keiryo.protection.easi_file import EasiInput
    from keiryo.protection.inputs import Problem
    from keiryo.protection.uncertainty_file import UncertaintyInput

INPUT_NAMES = {
    "p_detection": "probability of detection",
    "delay.mean_s": "mean delay",
    "delay.sd_s": "standard deviation of the delay",
    "response.mean_s": "mean response time",
    "response.sd_s": "standard deviation of the response time",
    "communication": "probability of communication",
}


def easi(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The path, in JSON or TOML.")],
    tornado: Annotated[
        bool,
        typer.Option("--tornado", help="Also show what 10 % more or less of each input changes."),
    ] = False,
    uncertainty: Annotated[
        Path | None,
        typer.Option(
            "--uncertainty",
            metavar="FILE",
            help="Also draw the inputs from the distributions in this file.",
            show_default=False,
        ),
    ] = None,
    picture: PictureOption = None,
    language: LanguageOption = "en",
    format_: FormatOption = None,
) -> None:
    """Estimate the probability that an adversary on one path is interrupted in time (EASI)."""
    from keiryo.protection.easi_file import read_easi_file
    from keiryo.protection.easi_report import easi_result
    from keiryo.protection.inputs import InputError, problem_report
    from keiryo.protection.uncertainty_file import read_uncertainty_file

    problems: list[Problem] = picture_problems(picture, language)
    given: EasiInput | None = None
    drawn: UncertaintyInput | None = None
    try:
        given = read_easi_file(file)
    except InputError as error:
        problems += error.problems
    if uncertainty is not None:
        try:
            drawn = read_uncertainty_file(uncertainty, given.tasks if given else None)
        except InputError as error:
            problems += error.problems
    if given is None or problems:
        print(problem_report(problems), file=sys.stderr)
        raise typer.Exit(2)
    told = easi_result(given)
    told |= _asked_for(given, tornado, drawn)
    if picture is not None:
        try:
            _draw(picture, given, told, language)
        except InputError as error:
            print(problem_report(error.problems), file=sys.stderr)
            raise typer.Exit(2) from None
    wanted = format_ or Given.format
    if wanted is Format.TABLE or (wanted is None and sys.stdout.isatty()):
        _show(told)
    else:
        show_json(told)


def _draw(file: Path, given: EasiInput, told: dict[str, Any], language: str) -> None:
    """Write the picture of the path."""
    from keiryo.charts.protection_pictures import easi_file

    response = {"mean_s": float(given.response.mean_s), "sd_s": float(given.response.sd_s)}
    text = easi_file(told, response, file.suffix.lower(), words_of(language))
    write_picture(file, text)


def _asked_for(given: EasiInput, tornado: bool, drawn: UncertaintyInput | None) -> dict[str, Any]:
    """Return the parts of the result that stand in it only when an option asks for them."""
    told: dict[str, Any] = {}
    if tornado:
        from keiryo.protection.easi_report import tornado_rows
        from keiryo.protection.sensitivity import tornado as swings_of

        swings = swings_of(given.tasks, given.communication, given.response, given.mode)
        told["tornado"] = tornado_rows(given, swings)
    if drawn is not None:
        from keiryo.protection.uncertainty import draw

        spread = draw(
            given.tasks, given.communication, given.response, given.mode, drawn.inputs,
            draws=drawn.draws, seed=drawn.seed,
        )  # fmt: skip
        told["uncertainty"] = spread.to_dict()
    return told


def _show(told: dict[str, Any]) -> None:
    """Print the result for people."""
    from keiryo.protection.easi_report import sentences, step_rows

    title = f"One path, {told['classification']}"
    show_rows(step_rows(told), Format.TABLE, title=title)
    for sentence in sentences(told):
        print(sentence)
    if "tornado" in told:
        show_rows(
            [_swing(one) for one in told["tornado"]],
            Format.TABLE,
            title="What 10 % less and 10 % more of one input changes, the greatest change first",
        )
    if "uncertainty" in told:
        drawn = told["uncertainty"]
        print(
            f"Of {drawn['draws']} draws (seed {drawn['seed']}, {drawn['generator']}) half lie "
            f"below {drawn['median']:.4f}, and nine of ten from {drawn['p05']:.4f} to "
            f"{drawn['p95']:.4f}; their mean is {drawn['mean']:.4f}."
        )
    print("This holds if:")
    for assumption in told["assumptions"]:
        print(f"  {assumption}")
    for warning in told["warnings"]:
        print(f"{warning['code']} {warning['pointer']}: {warning['message']}")


def _swing(one: dict[str, Any]) -> dict[str, str]:
    from keiryo.protection.easi_report import signed

    step = "" if one["index"] is None else f" of step {one['index']} ({one['name']})"
    return {
        "input": f"{INPUT_NAMES[one['input']]}{step}",
        "less": signed(one["change_low"]),
        "more": signed(one["change_high"]),
    }
