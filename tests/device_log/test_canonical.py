"""The part of RFC 8785 that records use: what it writes, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.device_log.canonical import MAX_DEPTH, MAX_RECORD_BYTES, RecordError, canonical, parse

KEYS = st.text(st.characters(max_codepoint=126), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_back_and_written_alike(record: dict[str, object]) -> None:
    written = canonical(record)
    assert parse(written) == record
    assert canonical(parse(written)) == written
    shuffled = json.dumps(dict(reversed(record.items())), indent=3)
    assert canonical(parse(shuffled)) == written


def test_the_example_of_the_rfc() -> None:
    # RFC 8785, section 3.2.2, without its numbers with a fraction
    told = (
        r'{"string": "\u20ac$\u000F\u000aA'
        "'"
        r'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}'
    )
    assert canonical(parse(told)).decode() == (
        r'{"literals":[null,true,false],"string":"€$\u000f\nA' "'" r'B\"\\\\\"/"}'
    )


def test_controls_are_written_as_in_the_rfc() -> None:
    written = canonical({"a": "\b\t\n\f\r\x00\x1f\x7f\u2028/"}).decode()
    assert written == '{"a":"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\u2028/"}'


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ('{"a":1,"a":1}', "stands twice"),
        ('{"x":{"a":1,"a":2}}', "stands twice"),
        ('{"\\u00e4":1}', "not ASCII"),
        ('{"a":9007199254740992}', "2\\^53"),
        ('{"a":-9007199254740992}', "2\\^53"),
        ('{"a":1.5}', "whole number"),
        ('{"a":1.0}', "whole number"),
        ('{"a":1e3}', "whole number"),
        ('{"a":NaN}', "whole number"),
        ('{"a":-Infinity}', "whole number"),
        ('{"a":"\\ud800"}', "surrogate"),
        ("[1]", "no object"),
        ("7", "no object"),
        ('{"a":1', "not JSON"),
        ("", "not JSON"),
        ('{"a":' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}", "nested"),
        ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "nested|not JSON"),
        ('{"a":"' + "x" * MAX_RECORD_BYTES + '"}', "longer"),
        ('{"a":' + "1" * 5000 + "}", "2\\^53|not JSON"),
    ],
)
def test_what_is_refused(told: str, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        parse(told)


@pytest.mark.parametrize("value", [1.0, b"x", {1}, {1: 2}, {"ä": 1}, 2**53, "\ud800", object()])
def test_values_that_are_refused(value: object) -> None:
    with pytest.raises(RecordError):
        canonical({"a": value})


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(RecordError, match="not JSON"):
        parse(b'{"a":"\xff"}')
    with pytest.raises(RecordError, match="object"):
        canonical([1])  # type: ignore[arg-type]
    assert parse('{"a":-0}') == {"a": 0}
    assert canonical({"a": 2**53 - 1}) == b'{"a":9007199254740991}'
