"""Templates: what they offer, that they are the same each time, and that they are read back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner, Result

from keiryo import vocabulary
from keiryo.cli.report_templates import register
from keiryo.errors import KeiryoError, NotFoundError, UsageError
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.report_json import write_json
from keiryo.reports.formats.table_writer import example_report, write_tables, write_template
from keiryo.reports.formats.templates import columns, meaning, split_unit, templates
from keiryo.reports.model import WEIGHT_LABELS, Entry, Note, Reference, Report, Weight, weight_unit
from keiryo.reports.rules import check_report
from keiryo.testing.code10 import inventory_report

KINDS = list(templates())


def test_the_kinds_cover_every_code_of_a_change() -> None:
    changes = ("receipts", "shipments", "discards", "production", "adjustments", "changes")
    assert tuple(KINDS) == (*changes, "inventory", "balance")
    offered = {code for template in templates().values() for code in template.codes}
    every = {c.code for c in vocabulary.ENTRY_CODES().values() if "ICR" in c.reports}
    assert offered == every


def test_columns_of_weights_name_their_unit() -> None:
    weights = {c.name: c for c in columns().values() if c.is_weight}
    assert set(weights) == set(WEIGHT_LABELS)
    for label, column in weights.items():
        assert split_unit(column.title)[1] == weight_unit(label)
        assert column.label == label


@pytest.mark.parametrize("name", columns())
def test_each_title_and_spelling_means_its_own_column(name: str) -> None:
    column = columns()[name]
    for title in (column.title, column.title.upper(), f"  {column.title.replace(' ', '_')} "):
        known = meaning(title)
        assert known.column == column and not known.respelled


@pytest.mark.parametrize(
    ("title", "name", "unit"),
    [
        ("U235 [g]", "670", "g"),
        ("Total plutonium, kg", "700", "kg"),
        ("natural  URANIUM in kg", "610", "kg"),
        ("630 Enriched uranium", "630", None),
        ("411", "code", None),
        ("バッチ名", "batch", None),
        ("天然ウラン（ｋｇ）", "610", "kg"),
        ("Date", "date", None),
        ("U-233+U-235 (g)", "660", "g"),
    ],
)
def test_spellings_of_titles(title: str, name: str, unit: str | None) -> None:
    known = meaning(title)
    assert known.column is not None and (known.column.name, known.unit) == (name, unit)
    assert not known.respelled


@pytest.mark.parametrize("title", ["U-239 (g)", "Colour", "Pu-244 (g)", "Uranium (g)", "", "999"])
def test_titles_that_mean_nothing_known(title: str) -> None:
    assert meaning(title).column is None


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_the_same_each_time_and_its_example_is_not_read(kind: str, form: str) -> None:
    data = write_template(kind, form)
    assert data == write_template(kind, form)
    result = read_any([(f"{kind}.{form}", data)])
    assert result.reports == ()
    assert [f.code for f in result.findings] == ["TABLE-HEADER", "TABLE-HEADER", "TABLE-EMPTY"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_template_is_right(kind: str) -> None:
    """Filled in as an entry, it gives no finding (a balance of one line does not add up)."""
    template = templates()[kind]
    head = {
        "Template": template.title,
        "State": "XA",
        "Facility": "XAF-",
        "MBA": "XAFA",
        "Report number": "104",
        "Report date": "2025-12-31",
        "Encoder": "ITO, K.",
        "Period from": "2025-04-01",
        "Period to": "2025-12-31",
    }
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows(head.items())
    writer.writerow([column.title for column in template.columns])
    writer.writerow([template.example.get(column.name, "") for column in template.columns])
    result = read_any([("example.csv", text.getvalue().encode())])
    assert result.findings == ()
    (report,) = result.reports
    found = {f.code for f in check_report(report)}
    assert found <= ({"LABEL-MISSING", "BA-ARITH", "BE-ARITH", "MF-ARITH"} if kind == "balance"
                     else set())  # fmt: skip


def test_what_a_person_sees_in_a_workbook() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_template("receipts")))
    assert book.sheetnames == ["Receipts", "Codes"]
    page = book["Receipts"]
    assert (page["A1"].value, page["B1"].value) == ("Template", "Receipts")
    assert page.freeze_panes == "B13"
    titles = [cell.value for cell in page[12] if cell.value]
    assert titles[:3] == ["Entry", "Date of change", "Type of change"]
    assert page["C12"].comment.text.endswith("(Code 10 label 411)")
    assert page["A13"].value == "Example (not read)"
    lists = {str(v.sqref): v.formula1 for v in page.data_validations.dataValidation}
    assert lists["C13:C213"] == '"RF,RD,RS,RN"'
    words = [row[0] for row in book["Codes"].iter_rows(values_only=True)]
    assert "Material description, position 4: quality" in words


def carried(report: Report) -> Report:
    """Return a report as a table carries it: a note on no label speaks of the report."""
    notes = [replace(n, reference=n.reference or "R") for n in report.notes]
    return replace(report, notes=tuple(notes))


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(report=inventory_report())
def test_a_report_survives_writing_and_reading(form: str, report: Report) -> None:
    data = write_tables(report, form)
    assert data == write_tables(report, form)
    result = read_any([(f"r.{form}", data)])
    assert result.reports == (carried(report),)
    quiet = {"CELL-READ-AS", "CELL-DATE-NUMBER"}
    assert {f.code for f in result.findings} <= quiet, result.findings


def test_entries_know_their_row() -> None:
    entry = Entry(number=1, total=1, status="U")
    report = Report(country="XA", number=9, type="P", mba="XAFA", entries=(entry,))
    (back,) = read_any([("r.csv", write_tables(report, "csv"))]).reports
    assert (back.entries[0].file, back.entries[0].line) == ("r.csv", 12)


def test_texts_that_could_mean_nothing_are_kept_in_quotes() -> None:
    entry = Entry(
        number=1, total=1, code="RS", batch="-", kmp="NA", description="total",
        refers=Reference("XB", 7, 8), status="C", weights=(Weight("630", 12345678901234567),),
    )  # fmt: skip
    report = Report(country="XA", number=9, type="I", mba="XAFA", entries=(entry,))
    for form in ("xlsx", "csv"):
        assert read_any([("r", write_tables(report, form))]).reports == (report,)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (
            Report(country="XA", number=5, type="T", notes=(Note(number=1, text="X"),)),
            "there is no table for a textual report",
        ),
        (
            Report(country="XA", number=5, type="I", mba="XAFA", entries=(Entry(number=2),)),
            "not numbered from 1",
        ),
        (
            Report(
                country="XA", number=5, type="I", mba="XAFA",
                entries=(Entry(number=1, unknown=(("999", "X"),)),),
            ),
            "labels that Code 10 does not know",
        ),
    ],
)  # fmt: skip
def test_what_a_table_cannot_carry_is_refused(report: Report, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        write_tables(report)


def test_unknown_kinds_and_forms_are_named() -> None:
    with pytest.raises(NotFoundError, match="no template 'recipes'"):
        write_template("recipes")
    with pytest.raises(UsageError, match="xlsx or csv"):
        write_template("receipts", "ods")


def test_the_command_writes_new_files_and_leaves_filled_in_ones(tmp_path: Path) -> None:
    group = typer.Typer()
    register(group)
    group.command("other")(lambda: None)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(group, ["template", *arguments])

    assert "receipts" in run().output and run("list").output == run().output
    for form, content in (
        ("xlsx", write_template("inventory")),
        ("csv", write_template("inventory", "csv")),
        ("json", write_json(example_report("inventory"))),
    ):
        path = tmp_path / f"x.{form}"
        assert run("inventory", "--out", str(path)).exit_code == 0
        assert path.read_bytes() == content
        assert run("inventory", "--out", str(path)).exit_code == 0
    path.write_text("filled in")
    for arguments, message in (
        (("inventory", "--out", str(path)), "is there already"),
        (("inventory", "--out", str(tmp_path / "x.ods")), "does not end in .xlsx"),
        (("inventory", "--out", str(tmp_path / "no" / "x.csv")), "cannot be written"),
        (("recipes",), "no template"),
    ):
        error = run(*arguments).exception
        assert isinstance(error, KeiryoError) and message in error.message
    assert path.read_text() == "filled in"
