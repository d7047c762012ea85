"""Printed figures held against themselves: what does not add up, and why it need not.

Each figure was rounded on its own, so parts may miss their printed total by half a unit of the last
digit for each of them and for the total. A difference within that is rounding; beyond it, something
is wrong or missing. Nothing is ever added across units: kilograms and tonnes were rounded
otherwise, and fissile plutonium is a part of plutonium.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from keiryo.errors import Finding, Severity
from keiryo.public_figures.series import (
    ABROAD,
    DOMESTIC,
    EVERYWHERE,
    HEADLINES,
    TOTALS,
    UNITS,
    PrintedFigure,
    PublicSeries,
    added,
)

MERGED, RISE = "merged", "rise"
_PART_OF = "of which "
_ALL = "all"
_HALF = Fraction(1, 2)


def check_series(series: PublicSeries) -> tuple[Finding, ...]:
    """Return everything that deserves an answer before the figures are used.

    Parameters
    ----------
    series : PublicSeries

    Returns
    -------
    tuple of Finding
        Rows that could not be read, rows that stand twice, sums that differ from their printed
        total (by rounding, or by more), units that change, headlines, holdings that rise, merged
        facilities, and totals of changing precision.
    """
    checks: tuple[Callable[[PublicSeries], Iterable[Finding]], ...] = (
        twice,
        sums,
        units,
        headlines,
        rises,
        merged,
        totals,
    )
    return (*series.findings, *(finding for check in checks for finding in check(series)))


def _finding(
    code: str,
    severity: Severity,
    message: str,
    advice: str,
    series: PublicSeries,
    figure: PrintedFigure,
    **more: str,
) -> Finding:
    return Finding(
        code,
        severity,
        message,
        advice,
        file=series.name,
        line=figure.row,
        basis=series.source(figure.source),
        **more,  # type: ignore[arg-type]
    )


def twice(series: PublicSeries) -> Iterator[Finding]:
    """Find figures that are printed twice with different numbers."""
    first: dict[tuple[object, ...], PrintedFigure] = {}
    for figure in series.plutonium:
        key = (figure.year_end, figure.what, figure.facility_class, figure.unit)
        earlier = first.setdefault(key, figure)
        if earlier.quantity != figure.quantity:
            yield _finding(
                "FIGURE-TWICE",
                Severity.INCONSISTENCY,
                f"end of {figure.year_end}, {figure.what}: {earlier.text} and {figure.text} "
                f"{figure.unit} are both printed",
                "Keep the figure of the later publication, and say in it that it revises the "
                "earlier one.",
                series,
                figure,
                found=figure.text,
                expected=earlier.text,
            )


def sums(series: PublicSeries) -> Iterator[Finding]:
    """Find printed totals that are not the sum of their printed parts."""
    years = sorted({figure.year_end for figure in series.plutonium})
    for year in years:
        of_year = [figure for figure in series.plutonium if figure.year_end == year]
        for unit in UNITS:
            in_unit = [figure for figure in of_year if figure.unit == unit]
            for total, parts in _splits(in_unit):
                if _complete(parts, of_year):
                    yield from _compared(series, total, parts)
        yield from _other_unit(series, of_year)


def _splits(
    figures: Sequence[PrintedFigure],
) -> Iterator[tuple[PrintedFigure, list[PrintedFigure]]]:
    """Yield each printed total of one year-end and unit, with the parts it should be made of."""
    totals = {figure.place: figure for figure in figures if figure.is_total}
    if EVERYWHERE in totals and DOMESTIC in totals and ABROAD in totals:
        yield totals[EVERYWHERE], [totals[DOMESTIC], totals[ABROAD]]
    for place in (DOMESTIC, ABROAD):
        mine = [figure for figure in figures if figure.place == place and not figure.is_total]
        whole = {figure.facility_class: figure for figure in mine if figure.facility == _ALL}
        by_form = [figure for figure in mine if figure.facility.startswith(_PART_OF)]
        single = [f for f in mine if f.facility != _ALL and f not in by_form]
        for name, of_class in whole.items():
            for group in (single, by_form):
                if parts := [figure for figure in group if figure.facility_class == name]:
                    yield of_class, parts
        parts = [*whole.values(), *(f for f in single if f.facility_class not in whole)]
        if place in totals and parts:
            yield totals[place], parts


def _complete(parts: Sequence[PrintedFigure], of_year: Sequence[PrintedFigure]) -> bool:
    """Return whether no part is printed in another unit only: then the sum says nothing."""
    place, unit = parts[0].place, parts[0].unit
    if parts[0].is_total:
        return True
    named = {(figure.facility_class, figure.facility) for figure in parts}
    mine = {(f.facility_class, f.facility) for f in of_year if f.place == place and f.unit == unit}
    others = {
        (f.facility_class, f.facility)
        for f in of_year
        if f.place == place and f.unit != unit and not f.is_total
    }
    return not others - mine - named


def _compared(
    series: PublicSeries, total: PrintedFigure, parts: Sequence[PrintedFigure]
) -> Iterator[Finding]:
    found, unit = added(parts)
    difference = found - total.quantity
    if not difference:
        return
    reach = (sum((part.step for part in parts), Fraction(0)) + total.step) * _HALF
    shown = " + ".join(part.text for part in parts)
    words = (
        f"end of {total.year_end}, {total.what}: the parts {shown} add up to "
        f"{quantity_text(found)} {unit}, printed is {total.text} {unit}"
    )
    numbers = {"found": f"{quantity_text(found)} {unit}", "expected": f"{total.text} {unit}"}
    if abs(difference) <= reach:
        yield _finding(
            "FIGURE-ROUNDING",
            Severity.INFORMATION,
            f"{words}: each figure was rounded on its own (up to {quantity_text(reach)} {unit} "
            "in all)",
            "Use the printed total as it is and show the difference; do not change a part to fit.",
            series,
            total,
            **numbers,
        )
    else:
        yield _finding(
            "FIGURE-SUM",
            Severity.INCONSISTENCY,
            f"{words}: rounding explains {quantity_text(reach)} {unit} at most",
            "Look the row up in its source: a part may be missing, or a figure mistyped.",
            series,
            total,
            **numbers,
        )


def _other_unit(series: PublicSeries, of_year: Sequence[PrintedFigure]) -> Iterator[Finding]:
    """Find totals in tonnes that the parts in kilograms, added for themselves, do not round to."""
    for total in of_year:
        basis, size = UNITS[total.unit]
        if not total.is_total or total.place != ABROAD or size == 1:
            continue
        parts = [
            figure
            for figure in of_year
            if figure.place == ABROAD and not figure.is_total and UNITS[figure.unit] == (basis, 1)
        ]
        if len(parts) < 2:
            continue
        found, unit = added(parts)
        reach = total.step * size * _HALF + len(parts) * _HALF
        if abs(found - total.quantity * size) > reach:
            yield _finding(
                "FIGURE-SUM",
                Severity.INCONSISTENCY,
                f"end of {total.year_end}, {total.what}: the parts add up to "
                f"{quantity_text(found)} {unit}, which does not round to the printed "
                f"{total.text} {total.unit}",
                "Look both up in their sources: a part may be missing, or a figure mistyped.",
                series,
                total,
                found=f"{quantity_text(found)} {unit}",
                expected=f"{total.text} {total.unit}",
            )


def units(series: PublicSeries) -> Iterator[Finding]:
    """Find year-ends whose figures stand in several units, and the units in which they do."""
    for year in sorted({figure.year_end for figure in series.plutonium}):
        of_year = [figure for figure in series.plutonium if figure.year_end == year]
        bases = {figure.basis for figure in of_year}
        if len(bases) > 1:
            fissile = next(figure for figure in of_year if figure.basis == "fissile")
            yield _finding(
                "FIGURE-FISSILE",
                Severity.WARNING,
                f"end of {year}: some figures are of all plutonium, others of fissile plutonium "
                f"only, such as {fissile.text} {fissile.unit} ({fissile.what})",
                "Never add the two: fissile plutonium (Pu-239 + Pu-241) is a part of the "
                "plutonium, and its share is not printed for every place.",
                series,
                fissile,
                found=", ".join(_units_of(of_year)),
            )
        for basis in sorted(bases):
            found = _units_of(figure for figure in of_year if figure.basis == basis)
            if len(found) > 1:
                tonnes = next(f for f in of_year if f.basis == basis and f.unit.startswith("t "))
                yield _finding(
                    "FIGURE-UNITS",
                    Severity.WARNING,
                    f"end of {year}: figures stand in {' and in '.join(found)}, such as "
                    f"{tonnes.text} {tonnes.unit} ({tonnes.what})",
                    "Add figures of one unit only: one in tonnes was rounded a hundred times more "
                    "coarsely than one in kilograms.",
                    series,
                    tonnes,
                    found=", ".join(found),
                )


def headlines(series: PublicSeries) -> Iterator[Finding]:
    """Find headlines that say another total than the text below them."""
    for headline in series.headlines:
        basis, size = UNITS[headline.unit]
        same = [
            figure
            for figure in series.plutonium
            if (figure.year_end, figure.place, figure.facility_class, figure.source, figure.basis)
            == (headline.year_end, headline.place, headline.facility_class, headline.source, basis)
        ]
        for figure in same:
            own = UNITS[figure.unit][1]
            apart = abs(headline.quantity * size - figure.quantity * own)
            if apart > (headline.step * size + figure.step * own) * _HALF:
                yield Finding(
                    "FIGURE-HEADLINE",
                    Severity.WARNING,
                    f"the {headline.facility} says {headline.text} {headline.unit} for the end of "
                    f"{headline.year_end}, its own text {figure.text} {figure.unit}",
                    "Use the figure of the text and never quote the headline.",
                    file=HEADLINES,
                    line=headline.row,
                    found=f"{headline.text} {headline.unit}",
                    expected=f"{figure.text} {figure.unit}",
                    basis=series.source(headline.source),
                )


def rises(series: PublicSeries) -> Iterator[Finding]:
    """Find holdings abroad that rise from one printed year-end to the next."""
    held: dict[tuple[str, str], list[PrintedFigure]] = {}
    for figure in series.plutonium:
        if figure.place == ABROAD and not figure.is_total:
            held.setdefault((figure.facility_class, figure.unit), []).append(figure)
    for (country, unit), figures in held.items():
        figures.sort(key=lambda figure: figure.year_end)
        for before, after in pairwise(figures):
            risen = after.quantity - before.quantity
            if before.year_end == after.year_end or risen <= (before.step + after.step) * _HALF:
                continue
            said = [
                remark
                for remark in series.remarks
                if (remark.kind, remark.place, remark.facility_class) == (RISE, ABROAD, country)
                and before.year_end < remark.year_end <= after.year_end
            ]
            why = (
                f"of the end of {said[0].year_end} it is said: {said[0].remark}"
                if said
                else "no source read here says why"
            )
            yield _finding(
                "FIGURE-RISE",
                Severity.WARNING,
                f"the holding abroad ({country}) rises from {before.text} {unit} (end of "
                f"{before.year_end}) to {after.text} {unit} (end of {after.year_end}); {why}",
                "Book no receipt abroad for it: separated plutonium is allocated or separated "
                "there, it is not sent. Ask the holder for the allocation.",
                series,
                after,
                found=f"{after.text} {unit}",
                expected=f"at most {before.text} {unit}",
            )


def merged(series: PublicSeries) -> Iterator[Finding]:
    """Find the year-end from which facilities are merged and facility series end."""
    for remark in series.remarks:
        if remark.kind != MERGED:
            continue
        later = sorted(
            (
                figure
                for figure in series.plutonium
                if figure.place == remark.place and figure.year_end >= remark.year_end
            ),
            key=lambda figure: (figure.year_end, not figure.is_total),
        )
        for figure in later[:1] + [f for f in later[1:] if not f.is_total]:
            yield Finding(
                "FIGURE-MERGED",
                Severity.WARNING,
                f"end of {figure.year_end}, {figure.what}: {remark.remark}",
                "End series of single facilities there, and compare totals only.",
                file=series.name,
                line=figure.row,
                found=f"{figure.text} {figure.unit}",
                basis=series.source(remark.source),
            )


def totals(series: PublicSeries) -> Iterator[Finding]:
    """Find totals whose precision changes, and separated plutonium beyond all plutonium."""
    of_years = sorted(series.totals, key=lambda row: row.year_end)
    for before, after in pairwise(of_years):
        changed = [
            material
            for material, step in after.steps.items()
            if material in before.steps and before.steps[material] != step
        ]
        if changed:
            yield Finding(
                "FIGURE-PRECISION",
                Severity.INFORMATION,
                f"from the end of {before.year_end} ({before.precision}) to the end of "
                f"{after.year_end} ({after.precision}) the precision changes: "
                f"{', '.join(changed)}",
                "Read no change out of a difference smaller than the coarser of the two.",
                file=TOTALS,
                line=after.row,
                found=after.precision,
                expected=before.precision,
                basis=after.source,
            )
    for row in of_years:
        everything = row.quantities.get("plutonium_kg")
        for figure in series.plutonium:
            same = (figure.year_end, figure.place, figure.unit) == (row.year_end, DOMESTIC, "kg Pu")
            if same and figure.is_total and everything is not None and figure.quantity > everything:
                yield _finding(
                    "FIGURE-EXCEEDS",
                    Severity.INCONSISTENCY,
                    f"end of {row.year_end}: {figure.text} kg separated plutonium in the country, "
                    f"but {quantity_text(everything)} kg plutonium in all",
                    "One of the two is wrong or in another unit: look both up.",
                    series,
                    figure,
                    found=f"{figure.text} kg Pu",
                    expected=f"at most {quantity_text(everything)} kg Pu",
                )


def _units_of(figures: Iterable[PrintedFigure]) -> list[str]:
    found = {figure.unit for figure in figures}
    return [unit for unit in UNITS if unit in found]


def quantity_text(value: Fraction) -> str:
    """Return a sum of decimals as decimal text, exactly."""
    with localcontext(prec=60):
        text = f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
