"""Commands of major public events: the plan of an event, its versions and their approval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keiryo.cli.options import Format, FormatOption, format_of
from keiryo.cli.output import finding_dict, show_findings, show_json

FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Folder with the sheets of the plan.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Radiation detection at major public events: the plan and what is wrong with it.",
        no_args_is_help=True,
    )
    group.command("check")(check)
    app.add_typer(group, name="public-event")


def check(folder: FolderArgument, format_: FormatOption = None) -> None:
    """Tell everything that is wrong with a plan, without recording it; needs no books."""
    from keiryo.public_events.plan_checks import plan_findings
    from keiryo.public_events.sheets import read_folder

    plan, findings = read_folder(folder)
    findings += plan_findings(plan)
    if format_of(format_) is Format.JSON:
        rows = {name: len(found) for name, found in plan.rows.items()}
        told = [finding_dict(one) for one in findings]
        show_json({"digest": plan.digest, "rows": rows, "findings": told})
    else:
        counted = ", ".join(f"{len(found)} {name}" for name, found in plan.rows.items())
        print(f"Plan {plan.digest[:12]}: {counted}.")
        show_findings(findings)
        print(f"{len(findings)} findings." if findings else "Nothing is wrong with it.")
    if findings:
        raise typer.Exit(1)
