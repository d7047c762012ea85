"""Records in files that somebody keeps: CSV, JSON and TOML say the same."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from keiryo.errors import Finding, Severity
from keiryo.sheet_rows import MAX_TEXT, SheetTable, read_sheet
from keiryo.sheet_text import SheetTextError


def table_finding(words: str, advice: str) -> Finding:
    return Finding("A-TABLE", Severity.FORMAT, words, advice)


def cell_finding(words: str, advice: str) -> Finding:
    return Finding("A-CELL", Severity.FORMAT, words, advice)


TABLE = SheetTable(
    *(("name", "on", "names", "level", "done", "hours"), ("name",), table_finding, cell_finding),
    days=frozenset({"on"}),
    lists=frozenset({"names"}),
    wholes=frozenset({"level"}),
    flags=frozenset({"done"}),
)
CSV = """Name;On;Names;Level;Done;Hours;
A;2027-05-31; x  y;3;Yes;0.50;
B;;;;;;
"""
JSON = """[
  {"name": "A", "on": "2027-05-31", "names": ["x", "y"], "level": 3, "done": true, "hours": 0.50},
  {"name": "B", "on": null, "names": ""}
]"""
TOML = """
[[row]]
name = "A"
on = 2027-05-31
names = ["x", "y"]
level = 3
done = true
hours = 0.50
[[row]]
name = "B"
"""


@pytest.mark.parametrize(("name", "text"), [("a.csv", CSV), ("a.JSON", JSON), ("a.toml", TOML)])
def test_three_ways_to_write_the_same(name: str, text: str) -> None:
    rows, findings = TABLE.read(name, text.encode())
    day = datetime.date(2027, 5, 31)
    one = {"name": "A", "on": day, "names": "x y", "level": 3, "done": 1, "hours": "0.50"}
    other = dict.fromkeys(one) | {"name": "B"}
    lines = (2, 3) if name == "a.csv" else (1, 2)
    assert findings == []
    assert rows == [{**one, "line": lines[0]}, {**other, "line": lines[1]}]


BAD_CELLS: dict[str, Any] = {
    "name": ("", [], {"a": 1}, "x" * (MAX_TEXT + 1)),
    "on": ("yesterday", 20270531.5, "2027-02-29"),
    "names": ([["x"]], {"x": 1}),
    "level": (-1, "3.5", 1e400, "٣", True, "9" * 19),
    "done": ("perhaps", 2),
    "hours": ([], {}),
}


@pytest.mark.parametrize("column", BAD_CELLS)
def test_what_cannot_stand_in_a_column(column: str) -> None:
    given = [{"name": "A", column: value} for value in BAD_CELLS[column]]
    good = {"name": "B"}
    rows, findings = TABLE.read("a.json", json.dumps([*given, good]).encode())
    assert [row["name"] for row in rows] == ["B"]
    places = [(one.code, one.file, one.cell) for one in findings]
    assert places == [("A-CELL", "a.json", f"row {at}") for at in range(1, len(given) + 1)]
    assert all(one.message.startswith(column) for one in findings)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", b"", None),
        ("a.csv", b"name,on\n", None),
        ("a.csv", b"name,colour\nA,red\n", None),
        ("a.csv", b"\nname,name\nA,B\n", 2),
        ("a.csv", b"name,on\nA,,over\n", 2),
        ("a.csv", b"name\n\xff\n", None),
        ("a.json", b'{"name": "A"}', None),
        ("a.json", b'["A"]', None),
        ("a.json", b'[{"name": "A", "name": "B"}]', None),
        ("a.json", b"[" * 100_000, None),
        ("a.toml", b"row = 1", None),
        ("a.toml", b"name = ", None),
        ("a.toml", b"other = 1", None),
    ],
)
def test_files_that_are_no_table(name: str, content: bytes, line: int | None) -> None:
    rows, findings = TABLE.read(name, content)
    found = [(one.code, one.file, one.line) for one in findings]
    assert found == [("A-TABLE", name, line)]
    assert rows == [] or name == "a.csv"


def test_everything_wrong_is_told_at_once() -> None:
    content = b"name,on,colour,size\n,soon,red,1\nB,never,,\nC,2027-05-31,,\n"
    rows, findings = TABLE.read("a.csv", content)
    assert [row["name"] for row in rows] == ["C"]
    found = [(one.code, one.line) for one in findings]
    assert found == [("A-TABLE", None)] * 2 + [("A-CELL", 2)] * 2 + [("A-CELL", 3)]


def test_formulas_are_taken_back() -> None:
    assert read_sheet("a.csv", b"name\n'=A1\n")[0].values == {"name": "=A1"}
    with pytest.raises(SheetTextError, match="no JSON"):
        read_sheet("a.json", b"{")
