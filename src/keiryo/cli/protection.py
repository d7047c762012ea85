"""Commands of physical protection: the defender's evaluation, and rules that records must keep."""

from __future__ import annotations

import typer

from keiryo.cli.protection_access import add_access
from keiryo.cli.protection_category import attribute, attributes, category
from keiryo.cli.protection_computer import add_computer
from keiryo.cli.protection_correlate import correlate, who_was_there
from keiryo.cli.protection_duties import duties
from keiryo.cli.protection_easi import easi
from keiryo.cli.protection_events import add_events
from keiryo.cli.protection_evidence import add_evidence
from keiryo.cli.protection_inspections import add_inspections
from keiryo.cli.protection_paths import paths
from keiryo.cli.protection_plans import add_plans
from keiryo.cli.protection_statements import add_statements
from keiryo.cli.protection_store import register_store
from keiryo.cli.protection_two_person import two_person
from keiryo.cli.protection_upgrades import add_upgrades


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Physical protection: timely detection, the two-person rule and the category of "
        "material, records of access and duties, computed from files and books; evidence, plans, "
        "inspections, events and upgrades as acts; the sealed store of a facility.",
        no_args_is_help=True,
    )
    group.command("easi")(easi)
    group.command("paths")(paths)
    group.command("two-person")(two_person)
    group.command("duties")(duties)
    group.command("correlate")(correlate)
    group.command("who-was-there")(who_was_there)
    group.command("category")(category)
    group.command("attribute")(attribute)
    group.command("attributes")(attributes)
    add_access(group)
    add_evidence(group)
    add_plans(group)
    add_inspections(group)
    add_events(group)
    add_upgrades(group)
    add_computer(group)
    add_statements(group)
    register_store(group)
    app.add_typer(group, name="protection")
