"""Register files of obligated material: one form for TOML, JSON and CSV, all faults at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keiryo.obligations.intake import read_file, read_rows
from keiryo.obligations.stated_texts import WrongTextError, label_set, share_of, weight_mg


def codes(kind: str, **row: Any) -> list[str]:
    return [one.code for one in read_rows(kind, [row]).findings]


def opening(**more: Any) -> dict[str, Any]:
    return {"mba": "XHFA", "category": "E", "labels": "US", "weight": "600 g", **more}


def test_weights_are_exact_and_have_a_unit() -> None:
    assert weight_mg("600 kg") == weight_mg("600kg") == weight_mg("0.6 t") == 600_000_000
    assert weight_mg("25", "g") == weight_mg("25000 mg") == 25_000
    assert weight_mg("0.000000001 t") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-5 kg", "OBLIGATION-WEIGHT"),
        ("0 kg", "OBLIGATION-WEIGHT"),
        ("NaN kg", "OBLIGATION-WEIGHT"),
        ("nan", "OBLIGATION-WEIGHT"),
        ("1e3 kg", "OBLIGATION-WEIGHT"),
        ("1,5 kg", "OBLIGATION-WEIGHT"),
        ("0.5 mg", "OBLIGATION-WEIGHT"),
        ("99999999999999 t", "OBLIGATION-WEIGHT"),
        ("", "OBLIGATION-WEIGHT"),
        ("600 lb", "OBLIGATION-UNIT"),
        ("600 KG", "OBLIGATION-UNIT"),
        ("600", "OBLIGATION-UNIT"),
    ],
)
def test_what_is_no_weight(text: str, code: str) -> None:
    with pytest.raises(WrongTextError) as wrong:
        weight_mg(text)
    assert wrong.value.finding.code == code and wrong.value.finding.advice


@pytest.mark.parametrize("text", ["0", "1.5", "3/0", "8/7", "-0.5", "60 %", "inf", ".5"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(WrongTextError) as wrong:
        share_of(text)
    assert wrong.value.finding.code == "OBLIGATION-SHARE"


def test_label_sets_have_one_order() -> None:
    assert label_set("US+AU") == label_set(" au + us ") == "AU+US"
    assert label_set("-") == "-" and label_set("eu") == "EURATOM"
    assert codes("openings", **opening(labels="US+AU+US")) == ["OBLIGATION-LABEL-TWICE"]
    assert codes("openings", **opening(labels="U S")) == ["OBLIGATION-LABEL-CODE"]


def test_cells_that_become_equal_are_added_up() -> None:
    cells = {"US+AU": "600 g", "AU+US": "100 g", "-": "300 g"}
    file = read_rows("openings", [{"mba": "XHFA", "category": "E", "cells": cells}])
    assert [(one.values["labels"], one.values["element_mg"]) for one in file.lines] == [
        ("AU+US", 700_000),
        ("-", 300_000),
    ]
    shares = {"US+AU": "1/3", "AU+US": "1/3", "-": "1/3"}
    file = read_rows("receipts", [{"mba": "XHFA", "batch": "C-1", "cells": shares}])
    assert [(one.values["labels"], one.values["share"]) for one in file.lines] == [
        ("AU+US", "2/3"),
        ("-", "1/3"),
    ]


def test_the_same_in_three_forms() -> None:
    row = {"mba": "XHFA", "batch": "C-1", "on": "2025-01-20", "document": "EL 1"}
    as_json = json.dumps({"receipts": [{**row, "cells": {"US+AU": "600.5 g", "-": "99.5 g"}}]})
    as_toml = (
        '[[receipts]]\nmba = "XHFA"\nbatch = "C-1"\non = 2025-01-20\ndocument = "EL 1"\n'
        'cells = { "US+AU" = "600.5 g", "-" = "99.5 g" }\n'
    )
    as_csv = (
        "MBA,Batch,On,Document,Labels,Weight,Unit\n"
        "XHFA,C-1,20250120,EL 1,AU+US,600.5,g\nXHFA,C-1,20250120,EL 1,-,99.5,g\n"
    )
    texts = {"a.json": as_json, "a.toml": as_toml, "receipts.csv": as_csv}
    files = [read_file(name, text.encode()) for name, text in texts.items()]
    assert not any(file.findings for file in files)
    values = [[one.values for one in file.lines] for file in files]
    assert values[0] == values[1] == values[2] and len(values[0]) == 2
    assert values[0][0]["element_mg"] == 600_500 and values[0][0]["event_date"] == 20250120


def test_every_row_is_told_at_once_with_its_number() -> None:
    text = "mba;category;labels;weight\nXHFA;E;US;-1 g\nXHFA;Q;US;1 g\nXHFA;E;US+US;1 lb\n"
    found = read_file("openings.csv", text.encode()).findings
    assert [(one.code, one.line) for one in found] == [
        ("OBLIGATION-WEIGHT", 2),
        ("OBLIGATION-CATEGORY", 3),
        ("OBLIGATION-LABEL-TWICE", 4),
        ("OBLIGATION-UNIT", 4),
    ]
    assert found[0].file == "openings.csv" and found[0].cell == "row 2 (weight)"


def test_a_date_without_a_year() -> None:
    row = {"mba": "XHFA", "batch": "C-1", "labels": "US", "share": "1"}
    for text in ("01-20", "20 January", "2025-02-30"):
        assert codes("receipts", **row, on=text) == ["OBLIGATION-DAY"]


def test_no_fissile_weight_is_stated_under_a_label() -> None:
    for name in ("fissile_mg", "Fissile g", "U-235", "isotope"):
        found = read_rows("openings", [opening(**{name: "18 g"})]).findings
        assert [one.code for one in found] == ["OBLIGATION-FISSILE"]
        assert "follows from its share" in found[0].advice


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.toml", b"labels = "),
        ("a.json", b"[]"),
        ("a.json", b'{"lables": []}'),
        ("a.json", b'{"labels": 1}'),
        ("a.json", b'{"labels": ["US"]}'),
        ("a.json", b'{"labels": [{"label": {}, "name": "x", "kind": "State"}]}'),
        ("a.json", b'{"labels": [{"label": "US", "name": "x", "kind": "planet"}]}'),
        ("a.json", b'{"labels": [{"label": "US", "kind": "State"}]}'),
        ("a.json", b'{"labels": [{"label": "US", "name": "x", "kind": "State", "x": "y"}]}'),
        ("a.json", b'{"labels": [{"label": "US", "name": "a\\u0001", "kind": "State"}]}'),
        ("a.json", b'{"labels": [{"label": "US", "cells": {"US": "1 g"}}]}'),
        ("a.csv", b"label,name\nUS,x\n"),
        ("labels.csv", b"label,name,kind\nUS,x,State,more\n"),
        ("labels.csv", b"label,name,kind\n"),
        ("labels.csv", b"\xff\xfe"),
    ],
)
def test_what_has_no_form(name: str, content: bytes) -> None:
    found = read_file(name, content).findings
    assert found and {one.code for one in found} == {"OBLIGATION-FORM"}
    assert all(one.advice for one in found)


def test_decimals_stay_as_they_were_written() -> None:
    text = b'{"openings": [{"mba": "XHFA", "category": "E", "labels": "US", "share": 0.1}]}'
    (line,) = read_file("a.json", text).lines
    assert line.values["share"] == "0.1"
    text = b'[[consents]]\nconsent = "c-1"\npartner = "US"\nstep = "retransfer"\n'
    text += b'words = "letter"\nweight = 150.25\nunit = "kg"\ndestinations = ["FR", "GB"]\n'
    (line,) = read_file("a.toml", text).lines
    assert line.values["element_mg"] == 150_250_000 and line.values["destinations"] == "FR GB"


def test_an_exchange_moves_all_labels_unless_it_says_which() -> None:
    row = {
        "exchange": "x-1", "on": "2025-01-20", "mba": "xhfa", "labels": "US+AU",
        "other_mba": "XHFB", "other_labels": "-", "category": "e", "weight": "25 g", "reason": "r",
    }  # fmt: skip
    (line,) = read_rows("exchanges", [row]).lines
    assert (line.values["moved"], line.values["other_moved"]) == ("AU+US", "-")
    assert (line.values["mba"], line.values["category"]) == ("XHFA", "E")
    (line,) = read_rows("exchanges", [{**row, "moved": "AU", "batch": "(pool)"}]).lines
    assert line.values["moved"] == "AU" and line.values["batch"] is None
