"""The command group ``keiryo measurements``, as scripts and people meet it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from keiryo.cli import measurements
from keiryo.errors import NotFoundError, RefusedError, UsageError
from measurement.measurement_books import FILES, MeasuredBooks

APP = typer.Typer()
measurements.register(APP)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Path:
    MeasuredBooks(sqlite_url)
    monkeypatch.setenv("KEIRYO_DB", sqlite_url)
    for form, text in FILES.items():
        (tmp_path / f"{form}.csv").write_text(text)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(APP, ["measurements", *(str(a) for a in arguments)])


def good(*arguments: object) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def data(*arguments: object) -> Any:
    return json.loads(good(*arguments, "--format", "json"))


def test_a_year_of_a_measurement_control_engineer(folder: Path) -> None:
    for form in FILES:
        assert "recorded as act" in good(form, "import", folder / f"{form}.csv")
        assert "Nothing is new" in good(form, "import", folder / f"{form}.csv")
        assert data(form, "list")
    assert data("calibrations", "record", "EB", "--on", "2025-01-03")["recorded"] == 1
    found = data("estimate", "P")
    assert found["components"]["random_sd"] == pytest.approx(0.0023511226632776474, rel=1e-9)
    assert found["findings"][0]["rule"] == "ESTIMATE-NEGATIVE"
    assert "systematic of the difference" in good("estimate", "P")
    done = good("estimate", "P", "--record", "TI-r", "--of", "difference", "--from", "2025-09-01")
    assert "The error source is recorded as act" in done
    listed = data("sources", "list", "--where", "source=TI-r")
    assert [(s["relative_sd"], s["valid_from"]) for s in listed] == [
        *(("0.00235112", "2025-09-01"), ("0.001", None))
    ]
    assert good("targets", "import", "--shipped").count("TARGET-UNVERIFIED") == 1
    compared = data("compare-targets", "--on", "2025-03-01")
    assert {f["rule"] for f in compared["findings"]} == {"TARGET-UNVERIFIED"}
    assert "circulating values, not official" in good("compare-targets", "--on", "2025-03-01")


def test_export_to_a_file_and_back(folder: Path) -> None:
    good("sources", "import", folder / "sources.csv")
    out = folder / "out.csv"
    assert "4 rows written" in good("sources", "export", "--output", out)
    out.write_text(out.read_text().replace("0.0004", "0.0003"))
    assert data("sources", "import", out)["recorded"] == 1
    assert good("sources", "export", "--where", "method=EB").count("0.0003") == 1
    assert isinstance(run("sources", "export", "--output", folder).exception, UsageError)


@pytest.mark.parametrize(
    "words",
    [
        ("sources", "withdraw", "EB-r"),
        ("strata", "withdraw", "XHA-", "rest"),
        ("results", "withdraw", "XHA-", "LAB-1", "--batch", "LEU-1"),
        ("calibrations", "withdraw", "TI", "--on", "2025-02-01"),
        ("controls", "withdraw", "P", "--session", "1"),
    ],
)
def test_withdrawals(folder: Path, words: tuple[str, ...]) -> None:
    for form in FILES:
        if form != "strata" or words[0] == "strata":
            good(form, "import", folder / f"{form}.csv")
    assert "withdrawn by act" in good(*words, "--reason", "wrong sheet")
    assert isinstance(run(*words, "--reason", "again").exception, NotFoundError)


def test_one_control_measurement_is_withdrawn(folder: Path) -> None:
    good("controls", "import", folder / "controls.csv")
    one = data("controls", "list")[3]
    good("controls", "withdraw", "P", "--line", f"{one['act']}/{one['line']}", "--reason", "spilt")
    assert len(data("controls", "list")) == 11
    good("targets", "import", "--shipped")
    edition = "circulating values, not official"
    assert "1 row withdrawn" in good("targets", "withdraw", edition, "--method", "TI",
                                     "--reason", "official now")  # fmt: skip


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("sources", "list", "--where", "colour=red"), UsageError),
        (("targets", "import"), UsageError),
        (("estimate", "none"), NotFoundError),
        (("estimate", "none", "--confidence", "1"), UsageError),
        (("estimate", "none", "--standard-sd", "inf"), UsageError),
        (("estimate", "none", "--standard-sd", "nan"), SystemExit),
        (("estimate", "none", "--of", "nobody"), UsageError),
        (("compare-targets",), NotFoundError),
        (("controls", "withdraw", "P", "--line", "x", "--reason", "y"), UsageError),
        (("controls", "withdraw", "P", "--reason", " "), UsageError),
        (("estimate", "\udcff"), UsageError),
        (("compare-targets", "--edition", "\udcff"), UsageError),
        (("estimate", "P", "--record", "A", "--as-known", "1"), UsageError),
        (("estimate", "P", "--as-known", "999"), UsageError),
        (("compare-targets", "--as-known", "999"), UsageError),
        (("sources", "list", "--as-known", "999"), UsageError),
        (("sources", "list", "--as-known", "0"), UsageError),
        (("calibrations", "record", "TI", "--on", "soon"), RefusedError),
        (("sources", "import", "none.csv"), UsageError),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, words: tuple[str, ...], kind: type[Exception]
) -> None:
    assert isinstance(run(*words).exception, kind)


def test_method_without_target_value_has_exit_code_1(folder: Path) -> None:
    good("sources", "import", folder / "sources.csv")
    (folder / "targets.csv").write_text(
        "edition,method,material,basis,u_r,u_s,verified\nE,XX,U,mass,0.1,0.1,yes\n"
    )
    good("targets", "import", folder / "targets.csv")
    done = run("compare-targets", "--on", "2025-03-01")
    assert done.exit_code == 1 and "TARGET-MISSING" in done.output and "no target" in done.output


def test_withdrawn_measurements_are_said_everywhere(folder: Path) -> None:
    for form in ("sources", "controls"):
        good(form, "import", folder / f"{form}.csv")
    good("estimate", "P", "--record", "TI-r", "--of", "difference")
    assert "outdated" not in good("sources", "list")
    good("controls", "withdraw", "P", "--session", "1", "--reason", "wrong sheet")
    listed = {row["source"]: row["outdated"] for row in data("sources", "list")}
    assert "4 of 12" in listed["TI-r"] and listed["TI-s"] is None
    assert "ESTIMATE-OUTDATED" in good("sources", "list")
    again = good("controls", "import", folder / "controls.csv")
    assert "8 rows in force already, 4 rows withdrawn earlier" in again
    assert "wrong sheet" in again
    assert data("controls", "import", folder / "controls.csv")["withdrawn"] == 4
    assert "4 rows recorded" in good("controls", "import", folder / "controls.csv", "--again")


def test_refused_record_does_not_speak_of_a_file(folder: Path) -> None:
    for form in ("sources", "controls"):
        good(form, "import", folder / f"{form}.csv")
    words = ("estimate", "P", "--record", "N,1", "--of", "difference")
    refused = run(*words).exception
    assert isinstance(refused, RefusedError)
    said = f"{refused.message} {refused.advice} {refused.findings[0].advice}"
    assert "file" not in said and "comma" in refused.findings[0].message


def test_exported_names_are_no_formulas(folder: Path) -> None:
    (folder / "odd.csv").write_text("source,kind,basis,relative_sd\n=A1,random,mass,0.1\n")
    good("sources", "import", folder / "odd.csv")
    out = folder / "out.csv"
    good("sources", "export", "--output", out)
    assert "\n'=A1," in out.read_text()
    assert "Nothing is new" in good("sources", "import", out)
    controls = "series,kind,method,measured_on,measured,unit\n-A,replicate,TI,2025-01-01,-1,g\n"
    (folder / "odd.csv").write_text(controls)
    good("controls", "import", folder / "odd.csv")
    assert ",-1," in good("controls", "export") and "'-A," in good("controls", "export")
