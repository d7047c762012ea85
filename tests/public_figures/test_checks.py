"""Printed figures: what the shipped series says against itself, and one bad input per finding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from keiryo.errors import Finding, UsageError
from keiryo.public_figures.checks import check_series
from keiryo.public_figures.series import (
    PLUTONIUM_COLUMNS,
    PublicSeries,
    added,
    read_plutonium,
    read_totals,
    shipped_series,
)

HEAD = ",".join(PLUTONIUM_COLUMNS)


def checked(*rows: str) -> tuple[Finding, ...]:
    """Return what is found in a series of these rows alone."""
    figures, findings = read_plutonium("\n".join([HEAD, *rows]))
    return check_series(PublicSeries(figures, findings=tuple(findings)))


def codes(*rows: str) -> list[str]:
    """Return the codes of what is found."""
    return [finding.code for finding in checked(*rows)]


def of(code: str) -> list[Finding]:
    """Return the findings of one code in the shipped series."""
    return [finding for finding in check_series(shipped_series()) if finding.code == code]


def test_the_shipped_series_is_read_whole() -> None:
    series = shipped_series()
    assert (len(series.plutonium), len(series.totals)) == (108, 5)
    assert series.findings == () and not of("FIGURE-SUM") and not of("FIGURE-EXCEEDS")
    assert {figure.year_end for figure in series.plutonium} <= set(range(2001, 2024))
    assert all(series.source(figure.source) != figure.source for figure in series.plutonium)
    first = series.plutonium[0]
    assert (first.row, first.quantity, first.step, first.what) == (2, 5681, 1, "domestic")


@pytest.mark.parametrize(
    ("year", "place", "found", "printed"),
    [
        (2002, "domestic", "5406 kg Pu", "5405 kg Pu"),
        (2012, "abroad", "34947 kg Pu", "34946 kg Pu"),
        (2014, "domestic", "10836 kg Pu", "10835 kg Pu"),
        (2019, "domestic", "8859 kg Pu", "8860 kg Pu"),
        (2001, "domestic", "5682 kg Pu", "5681 kg Pu"),
        (2016, "abroad", "37 t Pu", "37.1 t Pu"),
        (2022, "domestic and abroad together", "45.2 t Pu", "45.1 t Pu"),
    ],
)
def test_sums_that_rounding_keeps_apart(year: int, place: str, found: str, printed: str) -> None:
    (one,) = [f for f in of("FIGURE-ROUNDING") if f.message.startswith(f"end of {year}, {place}:")]
    assert (one.found, one.expected) == (found, printed)
    assert one.file == "separated-plutonium.csv" and one.line and one.basis and one.advice


def test_years_that_add_up_are_silent() -> None:
    told = {finding.message[7:11] for finding in of("FIGURE-ROUNDING")}
    assert told == {"2001", "2002", "2012", "2014", "2016", "2017", "2019", "2022", "2023"}


def test_units_and_bases_that_stand_beside_each_other() -> None:
    assert [f.message[7:11] for f in of("FIGURE-FISSILE")] == ["2008", "2014", "2019", "2023"]
    assert [f.message[7:11] for f in of("FIGURE-UNITS")] == ["2018", "2019", "2020", "2021", "2022"]


def test_the_headline_that_its_text_contradicts() -> None:
    (one,) = of("FIGURE-HEADLINE")
    assert (one.found, one.expected) == ("46 t Pu", "40643 kg Pu")
    assert one.place == "headlines.csv:2" and "no. 2253" in str(one.basis)


def test_the_holding_that_rises_without_a_shipment() -> None:
    (one,) = [f for f in of("FIGURE-RISE") if "21180" in f.message]
    assert one.found == "21805 kg Pu" and "nothing was shipped" in one.message
    assert all("United Kingdom" in finding.message for finding in of("FIGURE-RISE"))
    assert "no source read here says why" in of("FIGURE-RISE")[0].message


def test_merged_facilities_end_the_series() -> None:
    (one,) = of("FIGURE-MERGED")
    assert one.message.startswith("end of 2022, domestic") and "totals only" in one.advice


def test_precision_of_the_totals_changes() -> None:
    assert [f.line for f in of("FIGURE-PRECISION")] == [3, 4, 6]
    assert "plutonium_kg" in of("FIGURE-PRECISION")[1].message


def test_figures_of_different_units_are_never_added() -> None:
    figures = shipped_series().plutonium
    by_unit = {figure.unit: figure for figure in figures}
    assert added([by_unit["kg Pu"], by_unit["kg Pu"]])[1] == "kg Pu"
    for other in ("t Pu", "kg Puf", "t Puf"):
        with pytest.raises(UsageError, match="are not added"):
            added([by_unit["kg Pu"], by_unit[other]])
    with pytest.raises(UsageError, match="nothing"):
        added([])


def test_a_sum_beyond_rounding() -> None:
    rows = ["2001,abroad,total,,100,kg Pu,total,S", "2001,abroad,France,,50,kg Pu,total,S"]
    assert codes(*rows, "2001,abroad,United Kingdom,,51,kg Pu,total,S") == ["FIGURE-ROUNDING"]
    assert codes(*rows, "2001,abroad,United Kingdom,,52,kg Pu,total,S") == ["FIGURE-SUM"]
    assert codes(*rows, "2001,abroad,United Kingdom,,50,kg Pu,total,S") == []


def test_a_total_in_tonnes_that_kilograms_do_not_round_to() -> None:
    rows = ["2021,abroad,France,,14760,kg Pu,total,S", "2021,abroad,UK,,21780,kg Pu,total,S"]
    assert codes(*rows, "2021,abroad,total,,36.5,t Pu,total,S") == ["FIGURE-UNITS"]
    wrong = codes(*rows, "2021,abroad,total,,36.7,t Pu,total,S")
    assert wrong == ["FIGURE-SUM", "FIGURE-UNITS"]


def test_parts_that_are_printed_in_another_unit_are_not_missed() -> None:
    rows = ["2008,domestic,total,,60,kg Puf,fissile,S", "2008,domestic,reactors,A,20,kg Puf,fissile,S"]  # fmt: skip  # noqa: E501
    assert codes(*rows, "2008,domestic,reactors,B,70,kg Pu,total,S") == ["FIGURE-FISSILE"]
    assert codes(*rows) == ["FIGURE-SUM"]


def test_a_figure_printed_twice() -> None:
    row = "2001,abroad,France,,{},kg Pu,total,S"
    assert codes(row.format(5), row.format(5)) == []
    (one,) = checked(row.format(5), row.format(7))
    assert (one.code, one.line, one.found, one.expected) == ("FIGURE-TWICE", 3, "7", "5")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("0,domestic,total,,1,kg Pu,total,S", "no year"),
        ("2001,moon,total,,1,kg Pu,total,S", "place"),
        ("2001,domestic,,,1,kg Pu,total,S", "missing"),
        ("2001,domestic,total,,1,lb Pu,total,S", "unit"),
        ("2001,domestic,total,,1,kg Puf,total,S", "is of fissile plutonium"),
        ("2001,domestic,total,,1e3,kg Pu,total,S", "no number"),
        ('2001,domestic,total,,"1,5",kg Pu,total,S', "no number"),
        ("2001,domestic", "unit"),
        ("2001,domestic,total,,-1,kg Pu,total,S", "no number"),
    ],
)
def test_rows_that_are_no_figures(row: str, why: str) -> None:
    (one,) = checked(row)
    assert one.code == "FIGURE-ROW" and one.line == 2 and "left out" in one.message
    assert why in one.message or why == "unit"


def test_a_file_without_its_columns() -> None:
    figures, (one,) = read_plutonium("a,b\n1,2\n")
    assert figures == () and one.code == "FIGURE-ROW" and "missing" in one.message
    assert read_plutonium("")[1][0].code == "FIGURE-ROW"


def test_more_separated_plutonium_than_there_is() -> None:
    series = shipped_series()
    few = replace(series.totals[1], quantities={"plutonium_kg": Fraction(5000)})
    found = check_series(replace(series, totals=(few,)))
    (one,) = [finding for finding in found if finding.code == "FIGURE-EXCEEDS"]
    assert one.found == "5681 kg Pu" and one.expected == "at most 5000 kg Pu"


def test_totals_that_cannot_be_read() -> None:
    head = "year_end,natural_U_t,depleted_U_t,enriched_U_t,U235_in_enriched_t,thorium_t,plutonium_kg,precision,source"  # noqa: E501
    rows, findings = read_totals(f"{head}\n2001,1,2,3,,,x,as printed,S\n2002,1,2,3,,,4,kg,S\nq\n")
    assert [row.year_end for row in rows] == [2002] and rows[0].quantities["thorium_t"] is None
    assert [finding.code for finding in findings] == ["FIGURE-ROW", "FIGURE-ROW"]
