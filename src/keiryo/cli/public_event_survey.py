"""Commands of background surveys of an event: baseline by cell, map, record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, format_of, opened
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows
from keiryo.errors import UsageError

if TYPE_CHECKING:
    from keiryo.public_events.sheets import EventPlan
    from keiryo.public_events.survey import Point

MAX_FILE_BYTES = 64 << 20


def survey(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Points of a mobile survey.")],
    cell: Annotated[float, typer.Option("--cell", help="Side of a cell in metres.")] = 10.0,
    alpha: Annotated[
        float, typer.Option("--alpha", help="Chance that any cell of uniform ground is marked.")
    ] = 1e-3,
    zero: Annotated[
        str | None,
        typer.Option("--zero", metavar="LAT,LON", help="Zero of the plan, for points in degrees."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Also draw a map: a new file in .svg."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FOLDER", help="Sheets with venues and posts for the map."),
    ] = None,
    format_: FormatOption = None,
) -> None:
    """Show the baseline by cell, and the cells that stand out; needs no books."""
    from keiryo.public_events.sheets import read_folder
    from keiryo.public_events.survey import read_points
    from keiryo.public_events.sweeping import venue_zero

    if not (math.isfinite(cell) and cell > 0 and 0 < alpha < 1):
        raise UsageError("the cell or the chance makes no sense", "A length, and 0 < alpha < 1.")
    _check_picture(picture)
    sheets = None if plan is None else read_folder(plan)[0]
    origin = None if zero is None else _zero(zero)
    if origin is None and sheets is not None:
        known = (venue_zero(row) for row in sheets.rows["venues"])
        origin = next((one for one in known if one is not None), None)
    points, findings = read_points(*content_of(file), origin)
    mixed = any(one.code == "PUBLIC-EVENT-SURVEY-MIXED" for one in findings)
    rows = [] if mixed else _rows(points, cell, alpha)
    if picture is not None:
        _draw(picture, file.name, rows, cell, sheets)
    if format_of(format_) is Format.JSON:
        show_json({"cells": rows, "findings": [finding_dict(one) for one in findings]})
    else:
        show_rows(rows, format_of(format_))
        show_findings(findings, to_error=True)
    if findings:
        raise typer.Exit(1)


def record_survey(
    event: Annotated[str, typer.Argument(metavar="EVENT")],
    venue: Annotated[str, typer.Argument(metavar="VENUE")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Points of a mobile survey.")],
    db: DbOption = None,
) -> None:
    """Record the background survey of a venue; the file is kept as evidence."""
    from keiryo.public_events.survey import record_survey as keep

    books = opened(db)
    posted, points = keep(books.database, books.actor, event, venue, content_of(file))
    print(f"{len(points)} points of {venue} are recorded in act {posted.act.act_id}.")


def _rows(points: Sequence[Point], cell: float, alpha: float) -> list[dict[str, Any]]:
    """Return the cells with what was counted, what was measured as dose rate, or both."""
    from dataclasses import asdict

    from keiryo.public_events.survey import baseline, dose_baseline

    counted = baseline(points, cell_m=cell, alpha=alpha)
    doses = dose_baseline(points, cell_m=cell)
    names = ("points", "counts", "seconds", "rate", "spread", "p_value", "marked")
    none: dict[str, Any] = dict.fromkeys(names)
    return [
        {
            "x": place[0] * cell,
            "y": place[1] * cell,
            **(asdict(counted[place]) if place in counted else none),
            "dose_points": doses[place][0] if place in doses else None,
            "dose_usv_h": doses[place][1] if place in doses else None,
            "dose_spread": doses[place][2] if place in doses else None,
        }
        for place in sorted({*counted, *doses})
    ]


def _draw(
    picture: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    cell: float,
    plan: EventPlan | None,
) -> None:
    from keiryo.charts.venue_map import venue_map
    from keiryo.public_events.places import outline
    from keiryo.public_events.sweeping import place_of, venue_zero

    counted = any(row["rate"] is not None for row in rows)
    column = "rate" if counted else "dose_usv_h"
    outlines: dict[str, Sequence[tuple[float, float]]] = {}
    posts: dict[str, tuple[float, float]] = {}
    if plan is not None:
        corners = {row["venue"]: outline(row["outline"]) for row in plan.rows["venues"]}
        outlines = {venue: one for venue, one in corners.items() if one is not None}
        zeros = {row["venue"]: venue_zero(row) for row in plan.rows["venues"]}
        venues = {row["zone"]: row["venue"] for row in plan.rows["zones"]}
        for row in plan.rows["posts"]:
            place = place_of(row, zeros.get(venues.get(row["zone"], "")))
            if place is not None:
                posts[row["post"]] = place
    cells = [{**row, "value": row[column]} for row in rows if row[column] is not None]
    chart = venue_map(
        f"Background survey {name}",
        outlines=outlines,
        posts=posts,
        cells=cells,
        cell_m=cell,
        unit="counts/s" if counted else "microsievert/h",
    )
    try:
        with picture.open("x", encoding="utf-8") as stream:
            stream.write(chart.svg())
    except OSError as error:
        words = f"{picture} cannot be written: {error.strerror}"
        raise UsageError(words, "Name another file.") from None


def _check_picture(picture: Path | None) -> None:
    if picture is not None and picture.suffix.lower() != ".svg":
        raise UsageError("the name of a picture ends in .svg", "Give it another name.")
    if picture is not None and (picture.exists() or not picture.parent.is_dir()):
        raise UsageError(f"{picture} exists, or its folder does not", "Name a new file.")


def _zero(text: str) -> tuple[float, float]:
    from keiryo.public_events.instrument_checks import number
    from keiryo.public_events.places import on_earth

    values = [number(one) for one in text.split(",")]
    if len(values) == 2 and values[0] is not None and values[1] is not None:
        zero = (values[0], values[1])
        if on_earth(*zero):
            return zero
    raise UsageError(f"{text[:40]!r} is no place on Earth", "Write it as in 35.6586,139.7454.")


def content_of(file: Path) -> tuple[str, bytes]:
    """Return name and content of a file.

    Raises
    ------
    UsageError
        If it cannot be read or is too large to be kept.
    """
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{file} has more than {MAX_FILE_BYTES} bytes", "Give a part of it.")
        return file.name, file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "Name a file.") from None
