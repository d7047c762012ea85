"""The picture of a printed series: by place, one unit at a time, totals as printed."""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.charts.model import Chart
from keiryo.charts.stacked import Stacks, stacked_chart
from keiryo.errors import UsageError
from keiryo.public_figures.series import (
    ABROAD,
    DOMESTIC,
    EVERYWHERE,
    UNITS,
    PrintedFigure,
    PublicSeries,
)

BASIS_WORDS = {"total": "Separated plutonium", "fissile": "Separated fissile plutonium"}
IN_COUNTRY, REST = "In the country", "Abroad, not by country"


def units_of(series: PublicSeries) -> tuple[str, ...]:
    """Return the units that occur in a series, in the order of `UNITS`."""
    found = {figure.unit for figure in series.plutonium}
    return tuple(unit for unit in UNITS if unit in found)


def chart_of(series: PublicSeries, unit: str) -> Chart:
    """Return the chart of the figures that were printed in one unit, stacked by place.

    Parameters
    ----------
    series : PublicSeries
    unit : str
        One of `UNITS`; figures in others are not drawn, because they cannot be added.

    Raises
    ------
    UsageError
        If there is no such unit.
    """
    if unit not in UNITS:
        raise UsageError(f"{unit!r} is no unit of these figures", f"Known are: {', '.join(UNITS)}.")
    try:
        return stacked_chart(stacks_of(series, unit))
    except ValueError as error:
        raise UsageError(f"no picture of this series: {error}", "Draw a part of it.") from error


def stacks_of(series: PublicSeries, unit: str) -> Stacks:
    """Return what the chart of one unit shows.

    A bar is incomplete where the country or what is held abroad is not printed in this unit.
    """
    years = sorted({figure.year_end for figure in series.plutonium if figure.unit == unit})
    bars = [_bar(series, unit, year) for year in years]
    abroad = (figure for figure in series.plutonium if figure.place == ABROAD)
    countries = sorted({figure.facility_class for figure in abroad if not figure.is_total})
    names = [IN_COUNTRY, *countries, REST]  # the same looks in the pictures of all units
    parts = {name: tuple(_value(bar.get(name)) for bar in bars) for name in names}
    totals = tuple(bar["(total)"].text if "(total)" in bar else None for bar in bars)
    incomplete = frozenset(
        place
        for place, bar in enumerate(bars)
        if IN_COUNTRY not in bar or not any(name in bar for name in names[1:])
    )
    return Stacks(
        f"{BASIS_WORDS[UNITS[unit][0]]} at the end of the year, as printed in {unit}",
        BASIS_WORDS[UNITS[unit][0]],
        unit,
        tuple(map(str, years)),
        parts,
        totals,
        incomplete,
    )


def _bar(series: PublicSeries, unit: str, year: int) -> dict[str, PrintedFigure]:
    """Return the figures of one bar by name of the part; the total, where printed, in brackets."""
    mine = [f for f in series.plutonium if (f.year_end, f.unit) == (year, unit)]
    found = dict(_countries(mine))
    for figure in mine:
        if figure.is_total and figure.place == DOMESTIC:
            found[IN_COUNTRY] = figure
        elif figure.is_total and figure.place == EVERYWHERE:
            found["(total)"] = figure
        elif figure.is_total and not any(f.place == ABROAD and not f.is_total for f in mine):
            found[REST] = figure
    return found


def _countries(figures: list[PrintedFigure]) -> Iterator[tuple[str, PrintedFigure]]:
    for figure in figures:
        if figure.place == ABROAD and not figure.is_total:
            yield figure.facility_class, figure


def _value(figure: PrintedFigure | None) -> float | None:
    return None if figure is None else float(figure.quantity)
