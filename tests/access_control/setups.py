"""A small site and its records, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keiryo.access_control.authorisations import Authorisations, read_authorisations_file
from keiryo.access_control.events import Events, read_events_file
from keiryo.access_control.setup import Setup, read_setup
from keiryo.protection.inputs import Node

AREAS: list[dict[str, Any]] = [{"id": "B"}, {"id": "Z1", "inside": "B"}, {"id": "Z2"}]
READERS = [{"id": "D1", "area": "B"}, {"id": "D2", "area": "Z1"}, {"id": "D3", "area": "Z2"}]
HEADER = "time,person,reader,direction,result,seq\n"
DAY_NS = 1_811_721_600 * 1_000_000_000
"""2027-05-31T00:00:00Z."""


def given(**more: Any) -> dict[str, Any]:
    """Return a setup as data."""
    return {"placeholder": True, "area": AREAS, "reader": READERS, **more}


def setup_of(**more: Any) -> Setup:
    """Return a setup."""
    return read_setup(Node(given(**more)))


def events_of(folder: Path, rows: str, setup: Setup | None = None) -> Events:
    """Return the records of rows such as ``08:00:00,alice,D1,in,granted,1``."""
    file = folder / "log.csv"
    lines = [f"2027-05-31T{row.strip()}" for row in rows.strip().splitlines()]
    lines = [line.replace(",", "Z,", 1) for line in lines]
    file.write_text(HEADER + "\n".join(lines) + "\n")
    return read_events_file(file, setup or setup_of())


def authorisations_of(folder: Path, rows: str, setup: Setup | None = None) -> Authorisations:
    """Return authorisations of rows ``person,area,valid_from,valid_to,escort_required``."""
    known = setup or setup_of()
    file = folder / "authorised.csv"
    file.write_text(
        "person,area,valid_from,valid_to,escort_required\n"
        + "\n".join(line.strip() for line in rows.strip().splitlines())
        + "\n"
    )
    return read_authorisations_file(file, known.timezone, tuple(known.areas))


def second(clock: str) -> int:
    """Return the instant of a time of the day."""
    hours, minutes, seconds = (int(one) for one in clock.split(":"))
    return DAY_NS + (hours * 3600 + minutes * 60 + seconds) * 1_000_000_000
