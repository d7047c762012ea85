"""Input that could be misread: told as what it is, once, and in words that people know."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from keiryo.errors import Finding, UsageError
from keiryo.process_data import files, regular_files
from keiryo.process_data.notes import shortened
from keiryo.process_data.service import evaluate_process
from process_data.plants import Plant
from process_data.test_findings import Change, more, only, put, rate_of, small, source

INTERNALS = re.compile(r"np\.|Errno|datetime\.|codec|Error|\.\.$|None|\(b'")


def told(folder: Path, period: Any = 10) -> list[Finding]:
    """Return the findings; none of them speaks of internals of the program."""
    found = list(evaluate_process(folder, folder / "sources.toml", period).findings)
    for finding in found:
        assert not INTERNALS.search(finding.message), finding.message
        assert not finding.message.endswith(".") or finding.code.startswith(("BALANCE", "MODEL"))
    return found


def _one_sample(folder: Path) -> None:
    rate_of((3, 10))(folder)
    more("flows.csv", "20,product,1\n")(folder)


ONE: list[tuple[str, str, Change, str]] = [
    ("PROCESS-UNIT-MIXED", "F", put("locations.csv", "role,mode\nfeed,input,",
     "role,unit\nfeed,input,g"), "'g'"),
    ("PROCESS-UNIT-MIXED", "F", only("flows.csv", "hour,location,kg,unit\n3,feed,1,kg\n"
     "8,product,9,g\n9,product,1,g\n20,feed,1,KG\n"), "product: values in 'g'"),
    ("PROCESS-UNIT-MIXED", "F", only("flows.csv", "hour,location,kg,unit\n3,feed,1,kg/h\n"),
     "'kg/h'"),
    ("PROCESS-UNIT-MIXED", "F", only("flows.csv", "hour,location,kg,g\n3,feed,1,1000\n"), "g"),
    ("PROCESS-UNIT-MIXED", "F", only("flows.csv", "hour,location,kg,kg_u\n3,feed,1,1\n"), "kg_u"),
    ("PROCESS-COLUMN-MISSING", "F", put("flows.csv", "kg", "kg_pu"), "'kg_pu'"),
    ("PROCESS-COLUMN-MISSING", "F", put("flows.csv", "kg", "t"), "'t'"),
    ("PROCESS-LINE-WRONG", "F", more("locations.csv", "vat,input,,7\n"),
     "4 values and the header 3"),
    ("PROCESS-VALUE-NO-NUMBER", "F", put("flows.csv", "8,product,9", "8,product,\u0661\u0660"),
     "\u0661\u0660"),
    ("PROCESS-STEP-WRONG", "F",
     only("locations.csv", "location,role,mode,step_h\nfeed,input,rate,\u0661\nproduct,output\n"
     "tank,inventory\n"), "\u0661"),
    ("PROCESS-AMOUNT-NEGATIVE", "F", put("flows.csv", "8,product,9", "8,product,-9"),
     "product: -9 kg at hour 8"),
    ("PROCESS-AMOUNT-NEGATIVE", "F", rate_of((1, 1), (2, -3), (3, 1)), "feed: -3 kg/h at hour 2"),
    ("PROCESS-ROLE-UNKNOWN", "F", put("locations.csv", "product,output", "product,exit"), "exit"),
    ("PROCESS-MODE-UNKNOWN", "F", put("locations.csv", "inventory,", "inventory,rate"), "tank"),
    ("PROCESS-VALUE-NO-NUMBER", "F", put("inventories.csv", "10,tank,6", "10,tank,nan"), "nan"),
    ("PROCESS-LOCATION-UNKNOWN", "F", put("flows.csv", "feed", "Feed"), "'Feed'"),
    ("PROCESS-LOCATION-UNKNOWN", "F", more("flows.csv", f"20,{'q' * 5000},1\n"), "qqq\u2026'"),
    ("PROCESS-FILE-EMPTY", "F", only("flows.csv", ""), "is empty"),
    ("PROCESS-FILE-MISSING", "F", lambda f: (f / "flows.csv").unlink(), "flows.csv"),
    ("PROCESS-FILE-MISSING", "F", lambda f: (f / "inventories.csv").unlink(), "inventories.csv"),
    ("PROCESS-FILE-UNREADABLE", "F", put("flows.csv", "\n", "\r"), "carriage returns"),
    ("PROCESS-FILE-UNREADABLE", "F", put("locations.csv", "\n", "\r"), "carriage returns"),
    ("PROCESS-RATE-ONE-SAMPLE", "F", _one_sample, "single sample"),
    ("SOURCE-FILE-UNREADABLE", "F", put("sources.toml", "\n", "\r"), "carriage returns"),
    ("SOURCE-FILE-UNREADABLE", "F", only("sources.toml", "a = " + "[" * 5000), "TOML"),
    ("SOURCE-FILE-UNREADABLE", "F", only("sources.toml", "a = 1" + "0" * 5000), "TOML"),
    ("SOURCE-VALUE-WRONG", "F", put("sources.toml", 'id = "r *"', "id = 5"),
     "the id 5 is not text"),
    ("SOURCE-VALUE-WRONG", "F", source("valid_from_h = 2024-01-01\nshared = true\n"
     'per = "sample"\n'), "2024-01-01"),
    ("SOURCE-NONE", "F", only("sources.toml", '[source]\nid = "a"\n'), "[[source]]"),
    ("SOURCE-KEY-UNKNOWN", "F", only("sources.toml", '[[sources]]\nid = "a"\n'), "'sources'"),
    ("SOURCE-BASIS-UNKNOWN", "W", source('shared = true\nper = "sample"\nbasis = "xyz"\n'), "xyz"),
    ("SOURCE-BASIS-UNKNOWN", "W", source('shared = true\nper = "sample"\nmethod = 3\n'), "3"),
    ("SOURCE-LOCATION-TWICE", "I", lambda f: _twice(f, '["feed", "feed", "tank", "product"]'),
     "'feed' is named twice"),
    ("SOURCE-LOCATION-TWICE", "I", lambda f: _twice(f, '["*", "feed"]'), "among names"),
    ("SOURCE-DEFAULT", "I", source(""), "a without shared"),
]  # fmt: skip


def _twice(folder: Path, names: str) -> None:
    source('shared = true\nper = "sample"\n')(folder)
    put("sources.toml", '["*"]', names)(folder)


@pytest.mark.parametrize(("code", "severity", "change", "words"), ONE)
def test_one_mistake_is_one_finding(
    tmp_path: Path, code: str, severity: str, change: Change, words: str
) -> None:
    """And nothing is told that only follows from it."""
    folder = small(tmp_path)
    change(folder)
    found = [f for f in told(folder) if not f.code.startswith(("BALANCE", "MODEL", "MUF"))]
    assert [(f.code, str(f.severity)) for f in found] == [(code, severity)], found
    assert words in found[0].message
    assert found[0].advice
    assert len(found[0].message) < 300


def test_units_that_are_kilograms_are_fine(tmp_path: Path) -> None:
    folder = small(tmp_path)
    rate_of((0, 1), (10, 1), (20, 1))(folder)
    text = (folder / "locations.csv").read_text().replace("mode\n", "mode,unit\n")
    text = text.replace("rate\n", "rate,kg/h\n").replace("output,\n", "output,,kg\n")
    (folder / "locations.csv").write_text(text)
    rows = (folder / "flows.csv").read_text().splitlines()
    units = ["unit", *["kg/h" for _ in rows[1:]]]
    lines = [f"{row},{unit}" for row, unit in zip(rows, units, strict=True)]
    (folder / "flows.csv").write_text("\n".join(lines) + "\n20,product,3,kg\n")
    assert "PROCESS-UNIT-MIXED" not in {f.code for f in told(folder)}


def test_units_of_parquet(tmp_path: Path) -> None:
    folder = small(tmp_path)
    frame = pl.read_csv(folder / "flows.csv").with_columns(pl.lit("g").alias("Unit"))
    (folder / "flows.csv").unlink()
    frame.write_parquet(folder / "flows.parquet")
    found = [f for f in told(folder) if f.code == "PROCESS-UNIT-MIXED"]
    assert [f.message.split(":")[0] for f in found] == ["feed", "product"]


def test_columns_of_parquet_that_hold_no_numbers(tmp_path: Path) -> None:
    folder = small(tmp_path)
    frame = pl.read_csv(folder / "flows.csv")
    (folder / "flows.csv").unlink()
    for column, kind, words in (
        ("kg", pl.String, "text"), ("kg", pl.Boolean, "true and false"),
        ("hour", pl.Datetime, "dates"),
    ):  # fmt: skip
        frame.with_columns(pl.col(column).cast(kind)).write_parquet(folder / "flows.parquet")
        (found,) = told(folder)
        assert found.message.endswith(f"column {column!r} holds {words}")


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to("/nowhere/at all")


def _zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_folder, "is a folder and not a file"),
        (os.mkfifo, "is a pipe or a device and not a file"),
        (_zero, "is a pipe or a device and not a file"),
        (_link, "is a link to something that is not there"),
    ],
)
@pytest.mark.parametrize("name", ["flows.csv", "locations.csv", "sources.toml", "plant.mat"])
def test_what_is_no_file_is_named_and_never_waited_for(
    tmp_path: Path, name: str, make: Any, words: str
) -> None:
    folder = small(tmp_path)
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    found = told(folder)
    assert found[0].message == f"{name} {words}"
    assert found[0].code.endswith("FILE-UNREADABLE")


@pytest.mark.parametrize("name", ["locations.csv", "sources.toml"])
def test_files_far_too_large_are_not_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regular_files, "_MEGABYTE", 1)
    folder = small(tmp_path)
    (folder / name).write_text("#" * 100)
    assert "cannot be right" in told(folder)[0].message


def test_first_line_without_end_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LONGEST_HEADER", 10)
    assert "first line of over 10 bytes" in told(small(tmp_path))[0].message


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("abc", "'abc' hours makes no sense: not a number"), ("1/3", "written as a decimal"),
        ("1e300", "456 years"), ("0", "not above 0"), ("1e-9", "millionth"),
        ("1_0", "not a number"),
        ("\u0661\u0660", "not a number"), ("", "not a number"), (float("inf"), "not a number"),
    ],
)  # fmt: skip
def test_period_is_refused_with_the_reason(tmp_path: Path, period: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        told(small(tmp_path), period)
    assert not refused.value.message.endswith(".")


def test_file_where_a_folder_belongs(tmp_path: Path) -> None:
    folder = small(tmp_path)
    with pytest.raises(UsageError, match="is a file and not a folder"):
        evaluate_process(folder / "flows.csv", folder / "sources.toml", 10)


def test_several_independent_mistakes_are_all_told(tmp_path: Path) -> None:
    """A mistake in the sources does not hide that readings are missing."""
    folder = small(tmp_path)
    put("sources.toml", '"random"', '"rnd"')(folder)
    put("inventories.csv", "10,tank,6\n", "")(folder)
    assert {f.code for f in told(folder)} == {"SOURCE-VALUE-WRONG", "PROCESS-CLOSING-OPEN"}


def test_error_in_kg_per_period_counts_once_for_each_location(tmp_path: Path) -> None:
    """Three transfers or one: one error. None but a transfer of 0 kg: none. A tank at 0 kg: one."""
    plant = Plant({"feed": "input", "spare": "input", "tank": "inventory"})
    plant.flows = [(1, "feed", 1), (2, "feed", 2), (3, "feed", 3), (4, "spare", 0), (15, "feed", 1)]
    plant.inventories = [(10 * n, "tank", 0) for n in range(3)]
    common = {"kind": "random", "per": "period", "shared": False}
    plant.sources = [
        {"id": "f", "absolute_sd_kg": 0.5, "locations": ["feed", "spare"], **common},
        {"id": "t", "absolute_sd_kg": 0.1, "locations": ["tank"], **common},
    ]
    found = evaluate_process(*plant.write(tmp_path), 10).to_dict()
    expected = [[0.25 + 0.02, -0.01], [-0.01, 0.25 + 0.02]]
    np.testing.assert_allclose(found["covariance"], expected, rtol=1e-12)


def test_long_names_are_shortened() -> None:
    assert shortened("a" * 60) == "a" * 60
    assert shortened("a" * 61) == "a" * 60 + "\u2026"
    assert shortened("a\x00b\n") == "a?b?"
