"""The pictures of printed figures, and their commands."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from keiryo.charts.stacked import Stacks, stacked_chart
from keiryo.cli import public_figures
from keiryo.errors import UsageError
from keiryo.public_figures.picture import chart_of, stacks_of, units_of
from keiryo.public_figures.series import (
    PLUTONIUM_COLUMNS,
    UNITS,
    PublicSeries,
    read_plutonium,
    shipped_series,
)


@pytest.fixture
def app() -> typer.Typer:
    """Return the commands alone."""
    made = typer.Typer()
    made.callback()(lambda: None)
    public_figures.register(made)
    return made


def test_one_unit_per_picture_and_totals_as_printed() -> None:
    series = shipped_series()
    assert units_of(series) == tuple(UNITS)
    kilograms = stacks_of(series, "kg Pu")
    place = kilograms.bars.index("2012")
    assert kilograms.totals[place] == "44241"
    assert [kilograms.parts[name][place] for name in kilograms.parts] == [9295, 17895, 17052, None]
    assert {kilograms.bars[n] for n in kilograms.incomplete} == {
        *("2008", "2014", "2018", "2020", "2021", "2022")
    }
    tonnes = stacks_of(series, "t Pu")
    assert tonnes.totals[tonnes.bars.index("2022")] == "45.1"
    assert max(value or 0 for values in tonnes.parts.values() for value in values) < 50


def test_pictures_say_in_words_what_they_show() -> None:
    for unit in UNITS:
        chart = chart_of(shipped_series(), unit)
        root = ElementTree.fromstring(chart.svg("figures"))
        tags = [child.tag.rpartition("}")[2] for child in root][:2]
        assert tags == ["title", "desc"] and root.get("role") == "img"
        assert f"all numbers in {unit}" in chart.description
    assert "total as printed 44241" in chart_of(shipped_series(), "kg Pu").description
    assert "a part is not printed" in chart_of(shipped_series(), "kg Pu").description


def test_nothing_to_draw_and_too_much() -> None:
    nothing = stacked_chart(Stacks("T", "A", "kg", (), {}, ()))
    assert "Nothing to show" in nothing.description
    many = {str(number): (1.0,) for number in range(9)}
    with pytest.raises(ValueError, match="told apart"):
        stacked_chart(Stacks("T", "A", "kg", ("1",), many, (None,)))
    with pytest.raises(UsageError, match="no unit"):
        chart_of(shipped_series(), "lb Pu")
    rows = [f"2001,abroad,C{number},,1,kg Pu,total,S" for number in range(9)]
    figures, _ = read_plutonium("\n".join([",".join(PLUTONIUM_COLUMNS), *rows]))
    with pytest.raises(UsageError, match="no picture"):
        chart_of(PublicSeries(figures), "kg Pu")


def test_a_place_has_the_same_look_in_every_picture() -> None:
    looks = [tuple(stacks_of(shipped_series(), unit).parts) for unit in UNITS]
    assert len(set(looks)) == 1 and looks[0][0] == "In the country"


def test_commands(app: typer.Typer, tmp_path: Path) -> None:
    run = CliRunner().invoke
    found = run(app, ["public-figures", "check", "--format", "json"])
    assert found.exit_code == 0 and json.loads(found.output)["figures"] == 108
    shown = run(app, ["public-figures", "show", "--year", "2014", "--format", "json"])
    rows = json.loads(shown.output)
    assert {row["unit"] for row in rows} == {"kg Pu", "t Puf"} and rows[0]["row"] == 55
    totals = run(app, ["public-figures", "show", "--totals", "--format", "json"])
    assert json.loads(totals.output)[0]["natural_U_t"] == "2361.465"
    light = run(app, ["public-figures", "chart", str(tmp_path), "--unit", "t Pu"])
    dark = run(app, ["public-figures", "chart", str(tmp_path), "--unit", "t Pu", "--dark"])
    assert (light.exit_code, dark.exit_code) == (0, 0)
    first = (tmp_path / "plutonium-t-pu.svg").read_text(encoding="utf-8")
    second = (tmp_path / "plutonium-t-pu-dark.svg").read_text(encoding="utf-8")
    assert "#0072b2" in first and "#0072b2" not in second


def test_a_file_of_ones_own(app: typer.Typer, tmp_path: Path) -> None:
    run = CliRunner().invoke
    own = tmp_path / "own.csv"
    own.write_text("year_end,place\n2001,domestic\n", encoding="utf-8")
    wrong = run(app, ["public-figures", "check", "--file", str(own)])
    assert wrong.exit_code == 1 and "FIGURE-ROW (form) at own.csv:1" in wrong.output
    missing = run(app, ["public-figures", "check", "--file", str(tmp_path / "none.csv")])
    assert isinstance(missing.exception, UsageError)
    unit = run(app, ["public-figures", "show", "--unit", "lb"])
    assert isinstance(unit.exception, UsageError)
