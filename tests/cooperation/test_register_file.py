"""The register of the four documents, and one smallest bad input for each thing that is wrong."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from keiryo.cooperation.quotations import SourceText, collapsed, quotation_findings
from keiryo.cooperation.recording import shipped_texts
from keiryo.cooperation.register_file import RegisterFile, read_register
from keiryo.cooperation.strength import strength_of
from keiryo.errors import Finding

SHIPPED = files("keiryo.data").joinpath("cooperation", "agreements.json").read_bytes()


def texts() -> dict[str, SourceText]:
    """Return the two documents whose text may be kept here."""
    return shipped_texts()


def shipped() -> RegisterFile:
    file, findings = read_register(SHIPPED, "agreements.json")
    assert file is not None and findings == []
    return file


def test_the_register_of_the_four_documents_is_sound() -> None:
    file = shipped()
    counts = {kind: len(some) for kind, some in file.lists.items()}
    assert counts == {
        "sources": 4,
        "organisations": 38,
        "persons": 13,
        "instruments": 18,
        "bodies": 10,
        "programmes": 20,
        "commitments": 70,
        "events": 24,
        "history": 14,
    }
    assert all(strength_of(one["modality"])[1] for one in file.lists["commitments"])


def test_every_quotation_stands_where_it_says() -> None:
    quoted = list(shipped().provenance())
    assert len(quoted) == 212
    found = quotation_findings(texts(), quoted)
    unread = Counter(one["file"] for _about, one in quoted if one["file"] not in texts())
    assert {one.code for one in found} == {"QUOTE-UNREAD"}
    assert {one.file: int(one.message.split()[0]) for one in found} == dict(unread)
    assert sum(unread.values()) == 68


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quote": "words that nobody said"}, "QUOTE-MISSING"),
        ({"lines": [1, 1]}, "QUOTE-MISSING"),
        ({"lines": [1, 9999]}, "QUOTE-LINES"),
        ({"lines": [5, 3]}, "QUOTE-LINES"),
        ({"paragraph": 9}, "QUOTE-PARAGRAPH"),
    ],
)
def test_a_quotation_that_does_not_hold(change: dict[str, Any], code: str) -> None:
    about, good = next(
        (about, one) for about, one in shipped().provenance() if one["file"].startswith("000_")
    )
    good = {**good, "paragraph": good["paragraph"]}
    assert quotation_findings(texts(), [(about, good)]) == []
    found = quotation_findings(texts(), [(about, {**good, **change})])
    assert [one.code for one in found] == [code]
    assert found[0].message.startswith(about) and found[0].advice


def test_a_quotation_is_short() -> None:
    source = SourceText("long.txt", " ".join(f"word{n}" for n in range(40)))
    quote = {"file": "long.txt", "paragraph": 1, "lines": [1, 1], "quote": source.text}
    assert [one.code for one in quotation_findings({"long.txt": source}, [("c1", quote)])] == [
        "QUOTE-LONG"
    ]
    assert collapsed("the\u00a0 IAEA\u3000\n said") == "the IAEA said"


def commitment(data: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in data["commitments"] if one["modality"] == "may")


BAD: dict[str, Callable[[dict[str, Any]], object]] = {
    "REGISTER-MISSING": lambda d: d["organisations"][0].pop("name"),
    "REGISTER-KIND": lambda d: d["commitments"][0].update(kind="promise"),
    "REGISTER-NAME": lambda d: d["history"].append({**d["history"][0], "id": "a b/c"}),
    "REGISTER-TWICE": lambda d: d["history"].append({**d["history"][0], "id": "US"}),
    "REGISTER-REFERENCE": lambda d: d["commitments"][0]["actors"].append("XX.NOBODY"),
    "REGISTER-CIRCLE": lambda d: [
        d["instruments"][0].update(succeeds=d["instruments"][1]["id"]),
        d["instruments"][1].update(succeeds=d["instruments"][0]["id"]),
    ],
    "DATE-YEAR": lambda d: d["instruments"][0]["dates"]["signed"].update(value="07-21"),
    "DATE-BASIS": lambda d: d["instruments"][0]["dates"]["signed"].update(basis="guessed"),
    "DATE-ORDER": lambda d: d["events"][0]["date"].update(
        earliest="2012-02-01", latest="2012-01-01"
    ),
    "PERSON-OFFICES": lambda d: d["persons"].append(
        {**d["persons"][0], "id": "p.other", "office": "chairman"}
    ),
    "VERB-RAISED": lambda d: commitment(d).update(strength=3),
    "VERB-DEGREE": lambda d: next(o for o in d["commitments"] if o["strength"] == 3).update(
        strength=1
    ),
}


@pytest.mark.parametrize("code", BAD)
def test_each_thing_that_is_wrong(code: str) -> None:
    data = copy.deepcopy(json.loads(SHIPPED))
    BAD[code](data)
    _file, found = read_register(json.dumps(data).encode(), "changed.json")
    assert [one.code for one in found] == [code], [one.message for one in found]
    assert all(isinstance(one, Finding) and one.advice and one.file for one in found)


def test_an_unknown_verb_goes_to_review() -> None:
    data = json.loads(SHIPPED)
    commitment(data).update(modality="contemplates", strength=1)
    _file, found = read_register(json.dumps(data).encode(), "changed.json")
    assert [(one.code, str(one.severity)) for one in found] == [("VERB-UNKNOWN", "W")]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 10_000, b'{"schema": "other/1"}', b"\xff\xfe", b"null"]
)
def test_what_is_no_register(content: bytes) -> None:
    file, found = read_register(content, "x.json")
    assert file is None and [one.code for one in found] == ["REGISTER-FORM"]
    wrong = json.dumps({"schema": "keiryo.cooperation/1", "persons": [1], "events": {}}).encode()
    assert {one.code for one in read_register(wrong, "x.json")[1]} == {"REGISTER-FORM"}
