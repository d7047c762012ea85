"""Texts in tables for spreadsheets: protected on the way out, read on the way in."""

from __future__ import annotations

import pytest

from keiryo import sheet_text
from keiryo.sheet_text import SheetTextError, csv_lines, protected, text_of, unprotected


@pytest.mark.parametrize("sign", [*"=+-@\t\r\n", *"＝＋－＠"])
def test_no_text_begins_a_formula(sign: str) -> None:
    for text in (f"{sign}cmd|' /C calc'!A1", f"'{sign}A1", f"''{sign}A1"):
        assert protected(text) == f"'{text}" and unprotected(protected(text)) == text


@pytest.mark.parametrize("text", ["", "XA-12", "'s-Gravenhage", "1.5", "a=b", "'"])
def test_other_texts_stay(text: str) -> None:
    assert protected(text) == text == unprotected(text)


@pytest.mark.parametrize("sign", ",;\t")
def test_rows_with_their_lines(sign: str) -> None:
    content = f'﻿name{sign}day\r\n\r\n{sign}\r\n"a\nb"{sign}2\r\n'.encode()
    assert csv_lines(text_of(content)) == [(1, ["name", "day"]), (5, ["a\nb", "2"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"na\xff\xfe", "not UTF-8 text (byte 3)"),
        (b" \r\n", "holds no rows"),
        (b"a\0b", "NUL"),
        (b",,\r\n", "holds no rows"),
        (b"a\r\n1\r\n2\r\n3\r\n", "more than 2 rows"),
    ],
)
def test_what_is_no_table(content: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_text, "MAX_ROWS", 2)
    with pytest.raises(SheetTextError) as told:
        csv_lines(text_of(content))
    assert message in told.value.message and told.value.advice
