"""Reports as JSON: written and read back, and every error named with its path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.reports.formats import table_rules
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.report_json import FORMAT, VERSION, read_json, write_json
from keiryo.reports.model import Entry, Note, Report, Weight
from keiryo.testing.code10 import reports


def whole(*made: dict[str, Any]) -> dict[str, Any]:
    return {"format": FORMAT, "version": VERSION, "reports": list(made)}


def report(**changes: Any) -> dict[str, Any]:
    """Return a report that is right but for what is named."""
    entry = {"number": 1, "total": 1, "code": "RF", "weights": {"630": "12.5 g", "670": "0.5 g"}}
    return {"country": "XA", "number": 1, "type": "I", "mba": "XAFA", "entries": [entry], **changes}


def told(data: dict[str, Any]) -> list[str]:
    findings = read_json(json.dumps(data).encode(), "x.json").findings
    assert all(
        f.code == "JSON-SHAPE" and f.severity == "F" and f.file == "x.json" for f in findings
    )
    return [f"{f.cell}: {f.message}" for f in findings]


@settings(max_examples=80, deadline=None)
@given(made=reports())
def test_reports_survive_writing_and_reading(made: list[Report]) -> None:
    data = write_json(made)
    assert data == write_json(made)
    for result in (read_json(data, "x.json"), read_any([("x", data)])):
        assert (list(result.reports), result.findings) == (made, ())


def test_what_labelled_text_left_unknown_survives_too() -> None:
    text = b"001:OI/XA;5#002:1/1#003:20250101#010:P#207:XAF-#307:XAFA#309:U#999:ODD#"
    (made,) = read(text, "x.txt").reports
    assert made.entries[0].unknown == (("999", "ODD"),)
    assert read_json(write_json(made), "x.json").reports == (made,)


def test_the_form() -> None:
    made = Report(
        country="XA", number=7, type="P", mba="XAFA",
        entries=(Entry(number=1, weights=(Weight("610", 310_000_001),), note_indicator=True),),
        notes=(Note(number=1, text="ÜBER.", reference="E/1"),),
    )  # fmt: skip
    assert json.loads(write_json(made)) == whole(
        {
            "country": "XA",
            "number": 7,
            "type": "P",
            "mba": "XAFA",
            "entries": [
                {
                    "number": 1, "status": "N", "note_indicator": True,
                    "weights": {"610": "310.000001 kg"},
                }
            ],
            "notes": [{"number": 1, "text": "ÜBER.", "reference": "E/1"}],
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mg"), [("1.5 kg", 1_500_000), ("12 mg", 12), ("0.001 t", 1_000_000), ("-3 g", -3000)]
)
def test_weights_in_any_unit(text: str, mg: int) -> None:
    data = json.dumps(whole(report(entries=[{"number": 1, "weights": {"630": text}}]))).encode()
    result = read_json(data, "x.json")
    assert not result.findings
    assert result.reports[0].entries[0].weights == (Weight("630", mg),)


def test_weights_finer_than_a_milligram_are_rounded_with_a_warning() -> None:
    data = whole(report(entries=[{"number": 1, "weights": {"610": "0.0000015 kg"}}]))
    result = read_json(json.dumps(data).encode(), "x.json")
    assert result.reports[0].entries[0].weights_mg() == {"610": 2}
    assert [(f.code, f.severity, f.message) for f in result.findings] == [
        (
            "PRECISION",
            "W",
            "'0.0000015 kg' is finer than a milligram; it was read as 0.000002 kg",
        )
    ]


def test_all_errors_at_once_each_with_its_path() -> None:
    entry = {
        "number": "1", "items": -1, "date": "2025-02-30", "status": "X", "batch": 5,
        "weight": {}, "refers": {"country": "XA"}, "note_indicator": "Y",
        "weights": {"630": 12.5, "670": "1,5 g", "999": "1 g", "700": "5"},
    }  # fmt: skip
    found = told(whole(report(entries=[entry, 7], period={"on": "2025-01-01", "to": "2025-01-01"})))
    assert found == [
        "$.reports[0].entries[0].weight: there is no field 'weight' here",
        "$.reports[0].entries[0].status: 'X' is not known here",
        "$.reports[0].entries[0].batch: a text is asked for here",
        "$.reports[0].entries[0].number: a whole number from 0 is asked for here",
        "$.reports[0].entries[0].refers: a reference has 'country', 'report' and 'entry'",
        "$.reports[0].entries[0].date: '2025-02-30': February 2025 has days 1 to 28, not 30",
        "$.reports[0].entries[0].items: a whole number from 0 is asked for here",
        "$.reports[0].entries[0].note_indicator: true or false is asked for here",
        "$.reports[0].entries[0].weights.999: there is no field '999' here",
        "$.reports[0].entries[0].weights.630: a weight is a text of number and unit",
        "$.reports[0].entries[0].weights.670: '1,5 g' is not a number and its unit",
        "$.reports[0].entries[0].weights.700: '5' is not a number and its unit",
        "$.reports[0].entries[1]: an object is asked for here",
        "$.reports[0].period: a period has either 'on' or 'from' and 'to'",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"reports": []},
            "$.format: the file does not say that it is 'keiryo-report' in version 1",
        ),
        (whole(report(number=None)), "$.reports[0].number: the field 'number' is missing"),
        (whole(report(country="\x00")), "$.reports[0].country: the text holds control characters"),
        (whole(report(mba="\ud800")), "$.reports[0].mba: the text holds control characters"),
        (
            whole(report(number=True)),
            "$.reports[0].number: a whole number from 1 is asked for here",
        ),
        (whole(report(type="Q")), "$.reports[0].type: 'Q' is not known here"),
        (whole([]), "$.reports[0]: an object is asked for here"),  # type: ignore[arg-type]
    ],
)
def test_smallest_wrong_shapes(data: dict[str, Any], message: str) -> None:
    assert told(data) == [message]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "Expecting property name"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "integer string conversion"),
        (b"\xff{}", "codec can't decode"),
    ],
)
def test_what_is_not_json(data: bytes, words: str) -> None:
    (found,) = read_json(data, "x.json").findings
    assert (found.code, words in found.message) == ("JSON-SYNTAX", True)


def test_no_report_loses_its_findings_to_those_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_rules, "MAX_SAME_FINDINGS", 100)
    bad = [{"number": n, "items": "x"} for n in range(1, 300)]
    data = whole(report(entries=bad), report(number=2, entries=bad[:1]))
    found = read_json(json.dumps(data).encode(), "x.json").findings
    assert [(f.mba, f.report) for f in found] == [("XAFA", "1")] * 101 + [("XAFA", "2")]


def test_a_field_that_stands_twice_is_not_half_read() -> None:
    data = b'{"format": "keiryo-report", "version": 1, "version": 1, "reports": []}'
    (found,) = read_json(data, "x.json").findings
    assert found.message == "the field 'version' stands twice in one object"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(("reports", "entries", "weights", "630", "number", "refers", "notes",
                         "period", "on", "country", "type", "unknown", "date", "text")),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(content=_JSON, inside=st.booleans())
def test_any_json_is_answered(content: Any, inside: bool) -> None:
    data = whole(content) if inside else content
    result = read_json(json.dumps(data).encode(), "x.json")
    assert result.reports or result.findings or data == whole()
