"""The root command: options for all, and the commands of every capability."""

from __future__ import annotations

from typing import Annotated

import typer

from keiryo.cli import (
    accounts,
    alarm_cases,
    audit,
    containment,
    conversion,
    cooperation,
    corrections,
    coverage,
    deadlines,
    demo,
    design,
    detection,
    detection_sites,
    device_log,
    equipment,
    evaluate,
    export_control,
    findings,
    inspection,
    journal,
    measurements,
    movements,
    obligations,
    oversight,
    people,
    places,
    portal,
    protection,
    public_events,
    public_figures,
    releases,
    reports,
    sampling,
    seals,
    serve,
    spectrum,
    surveillance,
    templates,
    transit,
)
from keiryo.cli.options import DbOption, Format, FormatOption, Given

app = typer.Typer(
    name="keiryo",
    help="Nuclear material accountancy, exact and provable: reports in, balances out, every "
    "figure traced to the acts behind it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        import keiryo

        print(f"keiryo {keiryo.__version__}")
        raise typer.Exit


@app.callback()
def root(
    db: DbOption = None,
    format_: FormatOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Set what holds for every command."""
    del version
    Given.db, Given.format = db, Format(format_) if format_ else None


for capability in (
    *(accounts, places, reports, corrections, transit, deadlines, oversight, findings, audit),
    *(evaluate, design, measurements, sampling, inspection),
    *(cooperation, obligations, equipment, export_control, conversion, public_figures),
    *(containment, seals, device_log, surveillance, coverage, protection),
    *(portal, spectrum, templates, detection, detection_sites, alarm_cases, public_events),
    *(movements, journal, people, releases, serve, demo),
):
    capability.register(app)
