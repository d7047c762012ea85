"""Canonical bytes: the same one by one and column by column, and no two lines share them."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from keiryo.journal import standalone
from keiryo.journal.canonical import frame_bytes, header_bytes, leaf_digest, line_bytes
from keiryo.journal.model import Act

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.sampled_from(["", "\n", "\r\n", "a\nb=i5", "x\nname=t1:y", "=t1:", "é", "\u200b", "核"]),
)
integers = st.integers(-(2**63) + 1, 2**63 - 1)
rows = st.fixed_dictionaries(
    {"scope": texts, "w_mg": st.none() | integers, "note": st.none() | texts, "zone": texts}
)
SCHEMA = {"scope": pl.String, "w_mg": pl.Int64, "note": pl.String, "zone": pl.String}


@given(st.lists(rows, max_size=12), st.integers(1, 10**9))
def test_frame_equals_line_by_line(lines: list[dict[str, Any]], first: int) -> None:
    frame = pl.DataFrame(lines, schema=SCHEMA).with_columns(
        pl.int_range(first, first + len(lines), dtype=pl.Int64).alias("line_no")
    )
    singly = [line_bytes("toy", first + n, line) for n, line in enumerate(lines)]
    assert frame_bytes("toy", frame) == singly


@given(rows, rows)
def test_different_lines_have_different_bytes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (line_bytes("toy", 1, one) == line_bytes("toy", 1, other)) == (one == other)


@given(rows, st.integers(1, 10**9), st.binary(min_size=16, max_size=16))
def test_the_script_computes_the_same(line: dict[str, Any], number: int, salt: bytes) -> None:
    expected = leaf_digest(salt, line_bytes("toy", number, line))
    assert standalone.line_leaf("toy", salt, {**line, "line_no": number}) == expected


def test_bytes_in_full() -> None:
    values = {"scope": "XA", "w_mg": -7, "note": "é\nw_mg=i8", "empty": "", "nothing": None}
    rows = "empty=t0:\nline_no=i12\nnote=t10:é\nw_mg=i8\nscope=t2:XA\nw_mg=i-7\n"
    assert line_bytes("toy", 12, values) == f"keiryo-line-1 toy\n{rows}".encode()


def test_null_is_not_empty_and_a_later_field_changes_nothing() -> None:
    before = line_bytes("toy", 1, {"scope": "XA"})
    assert line_bytes("toy", 1, {"scope": "XA", "note": ""}) != before
    assert line_bytes("toy", 1, {"scope": "XA", "note": None, "field_of_later": None}) == before
    frame = pl.DataFrame({"line_no": [1], "scope": ["XA"], "later": [None]})
    assert frame_bytes("toy", frame) == [before]


def test_number_and_text_differ() -> None:
    assert line_bytes("toy", 1, {"a": 5}) != line_bytes("toy", 1, {"a": "5"})


def test_frames_without_rows_or_with_small_integers() -> None:
    assert frame_bytes("toy", pl.DataFrame(schema={**SCHEMA, "line_no": pl.Int64})) == []
    small = pl.DataFrame({"line_no": [1, 2], "w_mg": [3, None]}, schema_overrides={"w_mg": pl.Int8})
    singly = [line_bytes("toy", 1, {"w_mg": 3}), line_bytes("toy", 2, {})]
    assert frame_bytes("toy", small) == singly


def test_header_leaves_out_the_chain() -> None:
    fields: dict[str, Any] = dict.fromkeys(Act.__slots__, "a")
    fields |= {"act_id": 1, "corrects": None, "reason": None, "line_count": 0}
    other = {**fields, "digest": "b", "previous_digest": "b", "lines_root": "b"}
    assert header_bytes(Act(**fields)) == header_bytes(Act(**other))
    for name in set(fields) - {"digest", "previous_digest", "lines_root"}:
        value = 9 if isinstance(fields[name], int) or name == "corrects" else "other"
        assert header_bytes(Act(**{**fields, name: value})) != header_bytes(Act(**fields))
