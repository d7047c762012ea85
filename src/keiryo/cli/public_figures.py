"""Commands of public figures: what was printed, what is wrong with it, and pictures of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, format_of
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.public_figures.series import PublicSeries

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="CSV",
        help="Another series in the same columns; default: the one that keiryo brings along.",
        show_default=False,
    ),
]
UnitOption = Annotated[
    str | None,
    typer.Option("--unit", help="Only figures printed in this unit, e.g. 'kg Pu'."),
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Public figures: printed series of plutonium and nuclear material, held against "
        "themselves.",
        no_args_is_help=True,
    )
    for command in (show, check, chart):
        group.command()(command)
    app.add_typer(group, name="public-figures")


def show(
    year: Annotated[int | None, typer.Option("--year", help="Only this year-end.")] = None,
    unit: UnitOption = None,
    totals: Annotated[
        bool, typer.Option("--totals", help="All nuclear material instead of plutonium.")
    ] = False,
    file: FileOption = None,
    format_: FormatOption = None,
) -> None:
    """List the figures as they were printed, each with its source."""
    from keiryo.public_figures.series import MATERIALS

    series = _series(file, unit)
    rows: list[dict[str, Any]]
    if totals:
        rows = [
            {
                "year_end": row.year_end,
                **{name: _plain(row.quantities[name]) for name in MATERIALS},
                "precision": row.precision,
                "source": row.source,
            }
            for row in series.totals
            if year in (None, row.year_end)
        ]
    else:
        rows = [
            {
                "year_end": figure.year_end,
                "place": figure.place,
                "facility_class": figure.facility_class,
                "facility": figure.facility or None,
                "quantity": figure.text,
                "unit": figure.unit,
                "basis": figure.basis,
                "source": series.source(figure.source),
                "row": figure.row,
            }
            for figure in series.plutonium
            if year in (None, figure.year_end) and unit in (None, figure.unit)
        ]
    show_rows(rows, format_of(format_), title="As printed; figures of different units never add up")


def check(file: FileOption = None, format_: FormatOption = None) -> None:
    """Hold the figures against themselves: sums, units, headlines, rises, merged facilities."""
    from keiryo.public_figures.checks import check_series

    series = _series(file)
    findings = check_series(series)
    if format_of(format_) is Format.JSON:
        told = [finding_dict(finding) for finding in findings]
        show_json({"figures": len(series.plutonium), "findings": told})
    else:
        print(f"{len(series.plutonium)} figures; {len(findings)} findings.")
        show_findings(findings)
    if code := exit_code(findings):
        raise typer.Exit(code)


def chart(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the pictures go.")],
    unit: UnitOption = None,
    dark: Annotated[bool, typer.Option("--dark", help="For a dark page.")] = False,
    file: FileOption = None,
    format_: FormatOption = None,
) -> None:
    """Draw the series by place with totals as printed: one SVG picture for each unit."""
    from keiryo.public_figures.picture import chart_of, units_of
    from keiryo.web.pictures.dark_chart import DARK, in_look

    series = _series(file, unit)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for one in units_of(series) if unit is None else (unit,):
        drawn = chart_of(series, one)
        name = f"plutonium-{one.replace(' ', '-').lower()}{'-dark' if dark else ''}"
        path = folder / f"{name}.svg"
        path.write_text(in_look(drawn.svg(name), DARK if dark else ""), encoding="utf-8")
        rows.append({"unit": one, "file": str(path), "shows": drawn.description})
    shown = format_of(format_)
    show_rows(rows, shown, columns=("unit", "file") if shown is Format.TABLE else None)


def _series(file: Path | None, unit: str | None = None) -> PublicSeries:
    """Return the shipped series, or that of a file; refuse a unit that there is none of."""
    from keiryo.errors import UsageError
    from keiryo.public_figures.series import UNITS, PublicSeries, read_plutonium, shipped_series

    if unit is not None and unit not in UNITS:
        raise UsageError(f"there is no unit {unit!r}", f"Units are: {', '.join(UNITS)}.")
    if file is None:
        return shipped_series()
    try:
        content = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "Check the name.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no UTF-8 text", "Save it as CSV in UTF-8.") from error
    figures, findings = read_plutonium(content, file.name)
    return PublicSeries(figures, findings=tuple(findings), name=file.name)


def _plain(value: Any) -> str | None:
    from keiryo.public_figures.checks import quantity_text

    return None if value is None else quantity_text(value)
