"""Numbers that forms and addresses state."""

from __future__ import annotations

import pytest

from keiryo.web.typed_numbers import whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("102", 102), ("１０２", 102), ("9" * 15, 10**15 - 1)],
        *[("", None), ("-1", None), ("1.5", None), ("²", None), ("9" * 16, None), (None, None)],
    ],
)
def test_whole_numbers(text: object, number: int | None) -> None:
    assert whole_number(text) == number


def test_longer_numbers_than_are_asked_for() -> None:
    assert whole_number("1234", 3) is None and whole_number("123", 3) == 123
