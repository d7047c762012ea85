"""Weights, effective kilograms, significant quantities and enrichment classes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.quantities import (
    FISSILE_BASE_OF_LABEL,
    FISSILE_BASES,
    LABEL_OF_FISSILE_BASE,
    MAX_MG,
    NUCLIDES,
    Category,
    NotANumber,
    TooFine,
    TooLarge,
    WeightError,
    effective_kg,
    effective_kg_text,
    enrichment_class,
    enrichment_interval,
    format_weight,
    parse_weight_mg,
    ratio,
    round_mg,
    significant_quantities,
    sum_mg,
)

weights_mg = st.integers(min_value=-MAX_MG, max_value=MAX_MG)
units = st.sampled_from(["g", "kg"])
KG = 1_000_000


@pytest.mark.parametrize(
    ("letter", "label", "unit", "element"),
    [
        ("N", "610", "kg", "U"),
        ("D", "620", "kg", "U"),
        ("E", "630", "g", "U"),
        ("U", "600", "g", "U"),
        ("P", "700", "g", "Pu"),
        ("T", "800", "kg", "Th"),
    ],
)
def test_category(letter: str, label: str, unit: str, element: str) -> None:
    category = Category(letter)
    assert (category.label, category.unit, category.element) == (label, unit, element)
    assert Category.from_label(label) is category
    assert Category.from_label("670") is None


def test_nuclides_and_fissile_bases() -> None:
    assert len(NUCLIDES) == len(set(NUCLIDES)) == 7 + 5 + 3
    assert {"U-232", "U-238", "Pu-238", "Pu-242", "Np-237", "Am-241", "Th-232"} <= set(NUCLIDES)
    assert [LABEL_OF_FISSILE_BASE[base] for base in FISSILE_BASES] == ["640", "660", "670"]
    assert FISSILE_BASE_OF_LABEL["660"] == "U-233+U-235"


@pytest.mark.parametrize(
    ("text", "unit", "mg"),
    [
        ("1.234", "g", 1234),
        ("1.2340000", "g", 1234),
        ("436.2124", "kg", 436_212_400),
        ("0.000001", "kg", 1),
        ("+5", "g", 5000),
        ("-0.13", "g", -130),
        ("-0", "g", 0),
        ("007", "g", 7000),
        ("0" * 5000 + "1." + "0" * 5000, "g", 1000),
        ("9223372036854775.807", "g", MAX_MG),
        ("-9223372036854.775807", "kg", -MAX_MG),
    ],
)
def test_parse_weight(text: str, unit: str, mg: int) -> None:
    assert parse_weight_mg(text, unit) == mg


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 ",
        " 1",
        "1\n",
        "1 000",
        "1,5",
        "12,5",
        "1,000.0",
        "1'000",
        "1_000",
        "1.",
        ".5",
        ".",
        "-",
        "+",
        "--1",
        "+-1",
        "1.2E3",
        "1e3",
        "0x10",
        "nan",
        "inf",
        "-inf",
        "1.2.3",
        "\uff11\uff12",
        "1\uff0e5",
        "٣",
        "²",
        "1\u00a0000",
        "\u22121",
        "1\x00",
        "1G",
        "½",
    ],
)
def test_parse_weight_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(NotANumber, match="not a number"):
        parse_weight_mg(text, "g")


@pytest.mark.parametrize(
    ("text", "unit", "error"),
    [
        ("0.0001", "g", TooFine),
        ("1.2345", "g", TooFine),
        ("0.0000001", "kg", TooFine),
        ("1.00000000000000000001", "kg", TooFine),
        ("9223372036854775.808", "g", TooLarge),
        ("9223372036855", "kg", TooLarge),
        ("9" * 10_000, "kg", TooLarge),
    ],
)
def test_parse_weight_refuses_what_does_not_fit(
    text: str, unit: str, error: type[WeightError]
) -> None:
    with pytest.raises(error) as caught:
        parse_weight_mg(text, unit)
    assert isinstance(caught.value, WeightError | ValueError)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("unit", ["G", "K", "mg", ""])
def test_only_two_units(unit: str) -> None:
    with pytest.raises(ValueError, match="'g' or 'kg'"):
        parse_weight_mg("1", unit)
    with pytest.raises(ValueError, match="'g' or 'kg'"):
        format_weight(1, unit)


@pytest.mark.parametrize(
    ("mg", "unit", "text"),
    [
        (0, "g", "0"),
        (0, "kg", "0"),
        (1000, "g", "1"),
        (-130, "g", "-0.13"),
        (100_000, "g", "100"),
        (1, "kg", "0.000001"),
        (35_000, "kg", "0.035"),
        (MAX_MG, "g", "9223372036854775.807"),
    ],
)
def test_format_weight(mg: int, unit: str, text: str) -> None:
    assert format_weight(mg, unit) == text


@given(weights_mg, units)
def test_what_is_written_reads_back(mg: int, unit: str) -> None:
    text = format_weight(mg, unit)
    assert parse_weight_mg(text, unit) == mg
    assert text == "0" or not text.startswith("-0") or text.startswith("-0.")
    assert "." not in text or not text.endswith(("0", "."))


@given(st.text(max_size=12), units)
def test_any_text_is_a_weight_or_a_weight_error(text: str, unit: str) -> None:
    try:
        mg = parse_weight_mg(text, unit)
    except WeightError:
        return
    assert Fraction(text) * (1000 if unit == "g" else KG) == mg


def test_sum_is_checked_and_does_not_depend_on_order() -> None:
    assert sum_mg([]) == 0
    assert sum_mg([MAX_MG, 1, -1]) == MAX_MG
    assert sum_mg(iter([1, 2])) == 3
    for values in ([MAX_MG, 1], [-MAX_MG, -1]):
        with pytest.raises(OverflowError):
            sum_mg(values)


@pytest.mark.parametrize(
    ("mg", "step_mg", "rounded_mg"),
    [
        (500, 1000, 1000),
        (-500, 1000, -1000),
        (499, 1000, 0),
        (-499, 1000, 0),
        (1500, 1000, 2000),
        (7, 1, 7),
        (2, 5, 0),
        (3, 5, 5),
        (-3, 5, -5),
    ],
)
def test_round(mg: int, step_mg: int, rounded_mg: int) -> None:
    assert round_mg(mg, step_mg) == rounded_mg
    with pytest.raises(ValueError, match="positive"):
        round_mg(mg, 0)


@given(weights_mg, st.integers(min_value=1, max_value=10**7))
def test_round_is_near_odd_and_a_multiple(mg: int, step_mg: int) -> None:
    rounded_mg = round_mg(mg, step_mg)
    assert rounded_mg % step_mg == 0
    assert 2 * abs(rounded_mg - mg) <= step_mg
    assert round_mg(-mg, step_mg) == -rounded_mg


def test_rounding_adjustments_of_a_rounded_report() -> None:
    """The example of rounded reports: RASD -1, RABE -1, RABA -1, RAMF 0 (grams)."""

    def grams(text: str) -> int:
        return round_mg(parse_weight_mg(text, "g"), 1000) // 1000

    pb, rf, pe = grams("1000.4"), grams("500.4"), grams("898.9")
    sd_reported = 3 * grams("200.4")
    sd, be, ba, mf = grams("601.2"), grams("899.6"), grams("899.6"), grams("0.7")
    assert (pb, rf, sd_reported, sd, be, pe, mf) == (1000, 500, 600, 601, 900, 899, 1)
    assert sd_reported - sd == -1
    assert pb + rf - sd - be == -1
    assert pb + rf - sd - 0 - ba == -1
    assert ba - pe - mf == 0


def test_ratio() -> None:
    assert ratio(45, 1000) == Fraction(9, 200)
    assert ratio(None, 1000) is None
    assert ratio(1, 0) is None


@pytest.mark.parametrize(
    ("category", "element_kg", "enrichment", "effective"),
    [
        ("P", "8", None, "8"),
        ("E", "100", "0.045", "0.2025"),
        ("E", "1.2", "0.93", "1.03788"),
        ("N", "1000", None, "0.1"),
        ("E", "1000", "0.01", "0.1"),
        ("E", "1000", "0.009999999", "0.1"),
        ("D", "1000", "0.005", "0.05"),
        ("D", "1000", "0.005000001", "0.1"),
        ("D", "1000", "0.002", "0.05"),
        ("U", "1000", "0.00711", "0.1"),
        ("T", "1000", None, "0.05"),
    ],
)
def test_effective_kg(
    category: str, element_kg: str, enrichment: str | None, effective: str
) -> None:
    element_mg = parse_weight_mg(element_kg, "kg")
    known = None if enrichment is None else Fraction(enrichment)
    answer = effective_kg(Category(category), element_mg, None, enrichment=known)
    assert answer == (Fraction(effective), False)
    assert effective_kg_text(answer.value) == effective
    if known is not None and (element_mg * known).denominator == 1:
        assert effective_kg(Category(category), element_mg, int(element_mg * known)) == answer


def test_effective_kg_says_what_it_assumed() -> None:
    assert effective_kg(Category.DEPLETED, 1000 * KG, None) == (Fraction("0.05"), True)
    assert effective_kg(Category.DEPLETED, 0, None) == (Fraction(0), False)
    assert effective_kg(Category.ENRICHED, 0, 0) == (Fraction(0), False)
    for category in (Category.ENRICHED, Category.UNIFIED):
        with pytest.raises(ValueError, match="fissile weight"):
            effective_kg(category, KG, None)
        with pytest.raises(ValueError, match="fissile weight"):
            significant_quantities(category, KG, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(1, 3), "0.333333333333"),
        (Fraction(-2, 3), "-0.666666666667"),
        (Fraction(5, 10**13), "0.000000000001"),
        (Fraction(-4, 10**13), "0"),
        (Fraction(100), "100"),
    ],
)
def test_effective_kg_text(value: Fraction, text: str) -> None:
    assert effective_kg_text(value) == text


@pytest.mark.parametrize(
    ("category", "element_kg", "fissile_kg", "extra", "count"),
    [
        ("P", "8", None, {}, 1),
        ("E", "27", "25", {}, 1),
        ("E", "125", "25", {}, 1),
        ("E", "375.00001", "75", {}, 1),
        ("E", "1500", "75", {}, 1),
        ("E", "10", "8", {"fissile_base": "U-233"}, 1),
        ("E", "10", "8", {"fissile_base": "U-233+U-235"}, 1),
        ("N", "10000", None, {}, 1),
        ("D", "20000", "40", {}, 1),
        ("T", "20000", None, {}, 1),
        ("U", "1500", "75", {}, 1),
        ("U", "10000", "71.1", {}, 1),
        ("U", "20000", "40", {}, 1),
    ],
)
def test_significant_quantities(
    category: str, element_kg: str, fissile_kg: str | None, extra: dict[str, Any], count: int
) -> None:
    fissile_mg = None if fissile_kg is None else parse_weight_mg(fissile_kg, "kg")
    element_mg = parse_weight_mg(element_kg, "kg")
    assert significant_quantities(Category(category), element_mg, fissile_mg, **extra) == count


def test_significant_quantities_know_their_bases() -> None:
    with pytest.raises(ValueError, match="U-236"):
        significant_quantities(Category.ENRICHED, KG, KG, fissile_base="U-236")


@pytest.mark.parametrize(
    ("fissile_mg", "tolerance", "expected"),
    [
        (710, "0", "D"),
        (711, "0", "N"),
        (712, "0", "L"),
        (701, "0.0001", "N"),
        (700, "0.0001", "D"),
        (721, "0.0001", "N"),
        (722, "0.0001", "L"),
        (19_999, "0", "L"),
        (20_000, "0", "H"),
    ],
)
def test_enrichment_class(fissile_mg: int, tolerance: str, expected: str) -> None:
    assert enrichment_class(100_000, fissile_mg, tolerance=Fraction(tolerance)) == expected
    with pytest.raises(ValueError, match="positive"):
        enrichment_class(0, fissile_mg)


def test_enrichment_interval_of_rounded_waste() -> None:
    """A report of 52 g uranium with 0 g U-235 may be good low enriched waste."""
    low, high = enrichment_interval(52_000, 0)
    assert (low, high) == (Fraction(0), Fraction(500, 51_500))
    assert enrichment_interval(100_000, 20_000) == (
        Fraction(19_500, 100_500),
        Fraction(20_500, 99_500),
    )
    assert enrichment_interval(400, 0) == (Fraction(0), Fraction(1))
    assert enrichment_interval(0, 0, element_step_mg=0) == (Fraction(0), Fraction(1))
    exact = enrichment_interval(100, 45, element_step_mg=0, fissile_step_mg=0)
    assert exact == (Fraction(9, 20), Fraction(9, 20))
    with pytest.raises(ValueError, match="negative"):
        enrichment_interval(-1, 0)


@given(st.integers(1, 10**9), st.data())
def test_enrichment_interval_holds_the_truth(element_mg: int, data: st.DataObject) -> None:
    fissile_mg = data.draw(st.integers(0, element_mg))
    low, high = enrichment_interval(round_mg(element_mg, 1000), round_mg(fissile_mg, 1000))
    assert 0 <= low <= Fraction(fissile_mg, element_mg) <= high <= 1
