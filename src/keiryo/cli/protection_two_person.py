"""Command of physical protection: was a zone ever occupied without enough persons."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import Format, FormatOption, Given
from keiryo.cli.output import show_rows
from keiryo.cli.protection_pictures import (
    LanguageOption,
    PictureOption,
    picture_problems,
    words_of,
    write_picture,
)

if TYPE_CHECKING:
    from keiryo.protection.two_person import TwoPersonResult

SHOWN = 200
"""Rows of one table; the JSON has all of them."""


def two_person(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            help="Records of access: time, zone, person, reader, direction, seq.",
        ),
    ],
    rule: Annotated[
        Path, typer.Option("--rule", metavar="FILE", help="The rule of each zone, TOML or JSON.")
    ],
    picture: PictureOption = None,
    language: LanguageOption = "en",
    format_: FormatOption = None,
) -> None:
    """Check the two-person rule: when was a zone occupied and not sufficiently staffed.

    Ends with 1 if there is a violation or a finding of severity E, with 2 if a file cannot be
    read: standard error then has everything that is wrong. Nothing is kept.
    """
    import datetime

    from keiryo.protection.access_log import read_access_log
    from keiryo.protection.inputs import InputError, problem_report
    from keiryo.protection.two_person import check_two_persons
    from keiryo.protection.two_person_json import write_json
    from keiryo.protection.two_person_rule import read_rule_file

    problems = picture_problems(picture, language)
    rules = log = None
    try:
        rules = read_rule_file(rule)
    except InputError as error:
        problems += error.problems
    try:
        # without a rule any time zone will do: other errors are told as well
        log = read_access_log(file, datetime.UTC if rules is None else rules.timezone)
    except InputError as error:
        problems += error.problems
    found = None
    if rules is not None and log is not None:
        try:
            found = check_two_persons(log, rules)
        except InputError as error:
            problems += error.problems
    if found is None or problems:
        print(problem_report(problems), file=sys.stderr)
        raise typer.Exit(2)
    if picture is not None:
        try:
            _draw(picture, found, language)
        except InputError as error:
            print(problem_report(error.problems), file=sys.stderr)
            raise typer.Exit(2) from None
    wanted = format_ or Given.format
    if wanted is Format.TABLE or (wanted is None and sys.stdout.isatty()):
        _show(found)
    else:
        write_json(found, sys.stdout)
    raise typer.Exit(0 if found.is_clean else 1)


def _draw(file: Path, found: TwoPersonResult, language: str) -> None:
    """Write the picture of when zones were not sufficiently staffed."""
    from keiryo.charts.protection_pictures import staffing_file
    from keiryo.charts.staffing_board import ZoneTimes

    zones = [
        ZoneTimes(one.rule.zone, one.start_ns, one.end_ns, one.violation, one.low_confidence,
                  one.open)
        for one in found.zones
    ]  # fmt: skip
    text = staffing_file(found.classification, zones, file.suffix.lower(), words_of(language))
    write_picture(file, text)


def _show(found: TwoPersonResult) -> None:
    """Print the result for people: violations first."""
    from keiryo.protection.two_person_report import intervals, two_person_result, zone_summary

    print(f"{found.classification}; who was there is told below: keep it as such")
    show_rows([zone_summary(zone) for zone in found.zones], Format.TABLE, title="Zones")
    rows = [
        {
            "zone": zone.rule.zone,
            **{name: one[name] for name in ("start", "end", "counted_s")},
            "persons": ", ".join(one["persons"]),
            "reasons": ", ".join(one["reasons"]),
            "confidence": one["confidence"],
        }
        for zone in found.zones
        for one in intervals(zone)
        if one["violation"]
    ]
    show_rows(rows[:SHOWN], Format.TABLE, title="Violations")
    told = two_person_result(found)["findings"][:SHOWN]
    if told:
        names = ("code", "severity", "zone", "person", "time", "line")
        listed = [{name: "" if one[name] is None else one[name] for name in names} for one in told]
        show_rows(listed, Format.TABLE, title="Findings")
    for warning in islice(found.warnings, SHOWN):
        print(f"{warning.code} {warning.pointer}: {warning.message}")
    cut = max(len(rows), len(found.findings), len(found.warnings)) > SHOWN
    print(
        f"{found.violations} violations, {len(found.findings)} findings"
        + (f"; the first {SHOWN} of each are shown, --format json has all" if cut else "")
    )
