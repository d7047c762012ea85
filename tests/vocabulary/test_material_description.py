"""Material description codes."""

from __future__ import annotations

import re

import pytest

from keiryo.vocabulary import check_mdc, mdc_table, normal_mdc, split_mdc

GOOD = {
    "B/Q/4/G": True,
    "B/Q/1/G": True,
    "B/Q/2/F": False,
    "O/G/R/B": False,
    "Ø/G/R/B": False,
    "O/D/1/A": False,
    "QS/O/H": True,
    "Q/S/O/H": True,
    "QS/Ø/H": True,
    "G/Q/N/B": False,
    "J/Q/7/B": False,
    "D/Q/7/A": False,
    "R/R/L/D": False,
    "T/R/N/E": False,
    "U/2/5/E": False,
    "V/Q/A/B": False,
    "F/Q/E/C": False,
    "F/1/E/C": False,
    "F/J/A/C": False,
    "BQ4G": True,
    "QSOH": True,
    "N/J/5/K": True,
}
BAD = {
    "": "empty",
    " B/Q/4/G": "blanks",
    "b/q/4/g": "small letters",
    "B/Q/4": "four positions",
    "B/Q/4/G/": "four positions",
    "B//4/G": "chemical form",
    "C/Q/4/G": "physical form",
    "0/G/R/B": "physical form is the digit zero.*letter O",
    "O/0/R/B": "chemical form is the digit zero.*letter O",
    "O/G/0/B": "containment is the digit zero.*letter O",
    "O/G/R/0": "quality is the digit zero",
    "QS/0/H": "containment is the digit zero",
    "B/A/4/G": "chemical form",
    "B/Q/9/G": "containment",
    "B/Q/4/N": "quality",
    "QS/Q/4/G": "no chemical form",
    "N/J/5/G": "does not go with",
    "F/Q/E/A": "does not go with",
    "B/Q/4/E": "does not go with",
}


@pytest.mark.parametrize("text", GOOD)
def test_good_codes(text: str) -> None:
    assert check_mdc(text) == []
    description = split_mdc(text)
    assert description is not None
    assert description.irradiated is GOOD[text]
    assert normal_mdc(normal_mdc(text)) == normal_mdc(text)
    assert "Ø" not in normal_mdc(text)


@pytest.mark.parametrize("text", BAD)
def test_bad_codes(text: str) -> None:
    problems = " ".join(check_mdc(text))
    assert re.search(BAD[text], problems), problems


def test_every_problem_is_told_at_once() -> None:
    assert len(check_mdc("C/A/9/N")) == 4


def test_normal_spelling() -> None:
    assert normal_mdc("Q/S/Ø/H") == "QS/O/H"
    assert normal_mdc("Ø/G/R/B") == "O/G/R/B"
    assert normal_mdc("nonsense Ø") == "nonsense O"


def test_tables_are_complete() -> None:
    assert "".join(mdc_table("physical_form")) == "BDFGHJKONRQSTUV"
    assert "".join(mdc_table("chemical_form")) == "DEGJKQTURVWXYZ1234567O"
    assert "".join(mdc_table("containment")) == "12345678AEGHJKLMNQRUVO"
    assert sorted(mdc_table("quality")) == sorted("ABCDEFGHJKLM")


def test_unknown_quality_is_neither() -> None:
    description = split_mdc("B/Q/4/N")
    assert description is not None
    assert description.irradiated is None
