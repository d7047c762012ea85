"""Declared operations from CSV files: what is usable is used, the rest is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from keiryo.errors import NotFoundError, UsageError
from keiryo.screening.declared import parse_declared, read_declared
from keiryo.screening.sources.picture_times import instant_seconds

ORIGIN = instant_seconds("2026-01-14T10:30:00Z")


def names(text: str, origin: float | None = ORIGIN) -> list[tuple[str, float, float]]:
    told = parse_declared(text.encode(), "d.csv", origin)
    assert not told.findings, told.findings
    return [(o.name, o.from_s, o.to_s) for o in told.operations]


def codes(text: str, origin: float | None = ORIGIN) -> list[tuple[str, int | None]]:
    told = parse_declared(text.encode(), "d.csv", origin)
    return [(f.code, f.line) for f in told.findings]


def test_seconds_and_instants() -> None:
    assert names("operation,from,to\nA,10,20.5\n") == [("A", 10, 20.5)]
    text = "operation,from,to\nA,2026-01-14T10:40:00Z,2026-01-14T19:50:00+09:00\n"
    assert names(text) == [("A", 600, 1200)]
    assert parse_declared(text.encode(), "d.csv", ORIGIN).instants
    assert not parse_declared(b"operation,from,to\nA,1,2\n", "d.csv", ORIGIN).instants


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffoperation,from,to\nA,1,2\n",
        "operation;from;to\nA;1;2\n",
        "operation\tfrom\tto\r\nA\t1\t2\r\n",
        "To, From ,OPERATION,remark\n2,1,A,nothing\n\n,,,\n",
        'operation,from,to\n"A","1","2"',
    ],
)
def test_forms_of_csv(text: str) -> None:
    assert names(text) == [("A", 1, 2)]


def test_other_encodings() -> None:
    for encoding in ("utf-16", "cp1252"):
        told = parse_declared("operation,from,to\nÜbung,1,2\n".encode(encoding), "d.csv", None)
        assert [o.name for o in told.operations] == ["Übung"]


def test_more_columns() -> None:
    text = "operation,from,to,min_visible_s,count,capacity,process,step\nA,1,2,30.5,2,3,cask,4\n"
    (one,) = parse_declared(text.encode(), "d.csv", None).operations
    told = (one.min_visible_s, one.count, one.capacity, one.process, one.step)
    assert told == (30.5, 2, 3, "cask", 4)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",1,2", "DECLARED-NAME"),
        ("B,yesterday,2", "DECLARED-TIME"),
        ("B,1,", "DECLARED-TIME"),
        ("B,1", "DECLARED-TIME"),
        ("B,2026-01-14T10:40:00,2", "DECLARED-TIME"),
        ("B,nan,2", "DECLARED-TIME"),
        ("B,1e999,2", "DECLARED-TIME"),
        ("B,3,2", "DECLARED-PERIOD"),
    ],
)
def test_a_bad_row_is_told_and_the_rest_used(row: str, code: str) -> None:
    text = f"operation,from,to\n{row}\nC,5,6\n"
    told = parse_declared(text.encode(), "d.csv", ORIGIN)
    assert [(f.code, f.line, str(f.severity)) for f in told.findings] == [(code, 2, "E")]
    assert [o.name for o in told.operations] == ["C"]
    assert told.findings[0].advice


def test_a_bad_number() -> None:
    assert codes("operation,from,to,count\nA,1,2,many\nB,1,2,1.5\n") == [
        ("DECLARED-NUMBER", 2),
        ("DECLARED-NUMBER", 3),
    ]


def test_everything_wrong_with_a_row_at_once() -> None:
    assert [code for code, _ in codes("operation,from,to,count\n,x,y,z\n")] == [
        "DECLARED-NAME",
        "DECLARED-TIME",
        "DECLARED-TIME",
        "DECLARED-NUMBER",
    ]


def test_a_name_twice_is_told_and_both_are_used() -> None:
    told = parse_declared(b"operation,from,to\nA,1,2\nA,3,4\n", "d.csv", None)
    assert [(f.code, f.line) for f in told.findings] == [("DECLARED-TWICE", 3)]
    assert len(told.operations) == 2


def test_instants_need_the_time_of_the_first_image() -> None:
    text = "operation,from,to\nA,2026-01-14T10:40:00Z,2026-01-14T10:50:00Z\n"
    assert codes(text, None) == [("DECLARED-TIME", 2), ("DECLARED-TIME", 2)]


def test_no_operation() -> None:
    assert codes("operation,from,to\n") == [("DECLARED-EMPTY", 1)]


def test_tables_that_are_none(tmp_path: Path) -> None:
    for data in (b"", b"operation,from\nA,1\n", b"\x00\x01\x02\xff"):
        with pytest.raises(UsageError):
            parse_declared(data, "d.csv", None)
    with pytest.raises(NotFoundError):
        read_declared(tmp_path / "none.csv", None)
    with pytest.raises(UsageError):
        read_declared(tmp_path, None)
