"""Categories of material: the vectors of the table, its edges, policies, reductions, and laws."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.protection.category import (
    LIMITS,
    TABLE,
    Category,
    PlaceCategory,
    Policy,
    category_of_lots,
    category_of_masses,
    category_of_row,
    sum_of_fractions,
)
from keiryo.protection.category_lots import (
    ROWS,
    Attributes,
    Lot,
    Material,
    Row,
    counted,
    row_of_enrichment,
)
from keiryo.protection.category_report import area_category, category_report, decimal_text
from keiryo.protection.inputs import InputError

DAY = datetime.date(2026, 6, 30)


def kg(text: str) -> Fraction:
    return Fraction(text)


def pu(mass: str, **known: Any) -> Lot:
    return Lot("PU", (Material("plutonium", kg(mass)),), attributes=Attributes(**known))


def uranium(u235: str, enrichment: str, **known: Any) -> Lot:
    """Return enriched uranium by its mass of uranium-235 and its enrichment."""
    element = kg(u235) / kg(enrichment)
    return Lot("U", (Material("enriched", element, kg(u235)),), attributes=Attributes(**known))


def u233(mass: str) -> Lot:
    return Lot("U3", (Material("enriched", kg(mass), u233_kg=kg(mass)),))


def fuel(mass: str, rate: str | None, *, decision: str | None = None, **known: Any) -> Lot:
    """Return high enriched fuel that held a mass of uranium-235 and still does."""
    irradiated = {
        "irradiated": True,
        "dose_rate_gy_h": None if rate is None else kg(rate),
        "original_form": "other",
        "original_u235_kg": kg(mass),
        "original_enrichment": kg("0.93"),
        "reduction_decision_ref": decision,
    }
    return uranium(mass, "0.93", **(irradiated | known))


def codes(found: PlaceCategory, *lots: Lot) -> list[str]:
    told = [warning for lot in lots for warning in counted(lot, DAY).warnings]
    return [one.code for one in (*told, *found.warnings)]


@pytest.mark.parametrize(
    ("lot", "expected"),
    [
        *((pu(m), c) for m, c in [("2.000", "I"), ("1.999", "II"), ("0.5001", "II")]),
        *((pu(m), c) for m, c in [("0.500", "III"), ("0.0151", "III"), ("0.015", "PMP")]),
        (uranium("5.000", "0.93"), "I"),
        (uranium("5", "0.200"), "I"),
        (uranium("5", "0.1999"), "III"),
        *((uranium(m, "0.1975"), c) for m, c in [("10", "II"), ("9.999", "III"), ("1", "PMP")]),
        (Lot("U", (Material("enriched", kg("203"), enrichment=kg("0.0495")),)), "III"),
        (Lot("U", (Material("enriched", kg("201"), enrichment=kg("0.0495")),)), "PMP"),
        (u233("2.0"), "I"),
        (pu("3", pu238_fraction=kg("0.81")), "PMP"),
        (pu("3", pu238_fraction=kg("0.80")), "I"),
        (Lot("N", (Material("natural", kg("100000")),)), "PMP"),
        (Lot("T", (Material("thorium", kg("100000")),)), "PMP"),
        (Lot("D", (Material("depleted", kg("100000"), enrichment=kg("0.9")),)), "PMP"),
        (Lot("U", (Material("unified", kg("100000"), enrichment=kg("0.00711")),)), "PMP"),
        (uranium("1.000001", "0.2"), "II"),
        (uranium("0.015", "0.2"), "PMP"),
    ],
)
def test_one_fresh_lot(lot: Lot, expected: str) -> None:
    for policy in Policy:
        found = category_of_lots([lot], policy)
        assert (found.category, found.base_category) == (expected, expected)


def test_exactly_ten_kilograms() -> None:
    exact = Lot("U", (Material("enriched", kg("50"), enrichment=kg("0.20")),))
    assert counted(exact).masses == {Row.U5H: 10}
    third = Lot("U", (Material("enriched", Fraction(1, 3), enrichment=kg("0.3")),))
    assert counted(third).masses == {Row.U5H: Fraction(1, 10)}


def test_exempt_plutonium() -> None:
    one = counted(pu("3", pu238_fraction=kg("0.81")))
    assert (one.exempt, one.masses, one.warnings) == ("EXEMPT_PU238", {}, ())
    assert [w.code for w in counted(pu("3")).warnings] == ["PU238_ASSUMED_0"]
    assert not counted(pu("3", pu238_fraction=kg("0.8"))).warnings


def spent(rate: str, **known: Any) -> Lot:
    """Return low enriched fuel after its time in a reactor."""
    materials = (Material("enriched", kg("300"), kg("3")), Material("plutonium", kg("2.4")))
    was = {"original_form": "leu", "original_enrichment": kg("0.04"), **known}
    attributes = Attributes(irradiated=True, dose_rate_gy_h=kg(rate), **was)
    return Lot("SF", materials, attributes=attributes)


def test_spent_fuel() -> None:
    assert category_of_lots([spent("50")]).category == "II"
    assert counted(spent("50")).irradiated_class == "L" and not counted(spent("50")).warnings
    cool = spent("0.9")
    found = category_of_lots([cool])
    assert found.category == "I"
    assert codes(found, cool) == ["PU238_ASSUMED_0", "SELF_PROTECTION_LAPSED"]
    assert counted(spent("1")).irradiated_class == "F"
    for form in ("natural", "depleted", "thorium"):
        assert category_of_lots([spent("1.0001", original_form=form)]).category == "II"


@pytest.mark.parametrize(
    ("lots", "base", "category"),
    [
        ([fuel("6", "3", decision="D-1")], "I", "II"),
        ([fuel("6", "3")], "I", "I"),
        ([fuel("6", "1.0", decision="D-1")], "I", "I"),
        ([fuel("2", "3", decision="D-1")] * 3, "I", "II"),
        ([fuel("2", "3", decision="D-1")], "II", "III"),
        ([fuel("1", "3", decision="D-1")], "III", "III"),
        ([fuel("0.01", "3", decision="D-1")], "PMP", "PMP"),
        ([uranium("3", "0.93"), fuel("3", "3", decision="D-1")], "I", "II"),
        ([spent("50"), fuel("0.01", "3", decision="D-1")], "II", "II"),
    ],
)
def test_reductions(lots: list[Lot], base: str, category: str) -> None:
    found = category_of_lots(lots)
    assert (found.base_category, found.category) == (base, category)


def test_mixed_reduction() -> None:
    lots = [uranium("3", "0.93"), fuel("3", "3", decision="D-1")]
    assert [one.code for one in category_of_lots(lots).warnings] == ["MIXED_REDUCTION"]
    assert not category_of_lots([fuel("6", "3", decision="D-1")]).warnings
    natural = Lot("N", (Material("natural", kg("9")),))
    beside = category_of_lots([natural, fuel("6", "3", decision="D-1")])
    assert [one.code for one in beside.warnings] == ["MIXED_REDUCTION"]


@pytest.mark.parametrize(
    ("masses", "by_row", "by_sum", "category", "total"),
    [
        ({Row.PU: "1.2", Row.U5H: "2.5"}, "II", "I", Category.I, "11/10"),
        ({Row.PU: "0.25", Row.U5H: "0.5"}, "III", "III", Category.II, "1"),
        ({Row.U5M: "5", Row.U5H: "0.5"}, "III", "II", Category.II, "1"),
        ({Row.PU: "0.010", Row.U5H: "0.010"}, "PMP", "III", Category.III, "4/3"),
    ],
)
def test_policies(
    masses: dict[Row, str], by_row: str, by_sum: str, category: Category, total: str
) -> None:
    exact = {row: kg(text) for row, text in masses.items()}
    assert category_of_masses(exact, Policy.PER_ROW_MAX) == by_row
    assert category_of_masses(exact, Policy.SUM_OF_FRACTIONS) == by_sum
    assert str(sum_of_fractions(exact, category)) == total


@pytest.mark.parametrize(
    ("lot", "irradiated_class", "undecided", "warnings"),
    [
        (fuel("6", None), "F", (), ["DOSE_RATE_MISSING"]),
        (fuel("6", "1"), "F", (), ["SELF_PROTECTION_LAPSED"]),
        (fuel("6", "3", original_u235_kg=None), "H", ("NEEDS_STATE_DECISION",), []),
        (fuel("6", "3", decision="D", original_pu_kg=kg("1")), "H", ("NEEDS_STATE_DECISION",), []),
        (spent("3", original_enrichment=None), "H", ("NEEDS_STATE_DECISION",), ["PU238_ASSUMED_0"]),
        (spent("3", original_enrichment=kg("0.1"), original_u235_kg=kg("40")), "H", (),
         ["PU238_ASSUMED_0"]),
        (fuel("6", "3", decision="D", review_on=DAY), "H", (), []),
        (fuel("6", "3", decision="D", review_on=DAY - datetime.timedelta(1)), "H", (),
         ["REVIEW_OVERDUE"]),
        (Lot("S", (Material("enriched", kg("3"), fissile_kg=kg("2")),)), "F", ("NEEDS_SPLIT",), []),
    ],
)  # fmt: skip
def test_classes(
    lot: Lot, irradiated_class: str, undecided: tuple[str, ...], warnings: list[str]
) -> None:
    one = counted(lot, DAY)
    assert (one.irradiated_class, one.undecided) == (irradiated_class, undecided)
    assert [warning.code for warning in one.warnings] == warnings


def test_lapsed_fuel_counts_with_the_larger_content() -> None:
    used = (Material("enriched", kg("10"), kg("4")), Material("plutonium", kg("0.6")))
    known = fuel("6", "0.5").attributes
    assert counted(Lot("HEU", used, attributes=known)).masses == {Row.U5H: 6, Row.PU: kg("0.6")}
    assert (
        category_of_lots([Lot("S", (Material("enriched", kg("3"), fissile_kg=kg("2")),))]).category
        == "I"
    )


@pytest.mark.parametrize(
    "lot",
    [
        Lot("A", (Material("plutonium", kg("-1")),)),
        Lot("A", (Material("enriched", kg("1"), kg("1.1")),)),
        Lot("A", (Material("enriched", kg("1")),)),
        Lot("A", (Material("enriched", kg("1"), enrichment=kg("1.1")),)),
        Lot("A", (Material("enriched", kg("1"), kg("-0.1")),)),
        Lot("A", (Material("neptunium", kg("1")),)),
        pu("1", pu238_fraction=kg("1.2")),
        fuel("1", "-3"),
        fuel("1", "3", original_pu_kg=kg("-1")),
    ],
)
def test_lots_that_cannot_be(lot: Lot) -> None:
    with pytest.raises(InputError) as error:
        area_category("XHS1", DAY, [lot, pu("1"), lot])
    told = [(one.code, one.pointer) for one in error.value.problems]
    assert told == [("LOT_INVALID", lot.pointer)] * 2


def test_report() -> None:
    lots = [
        Lot("A/1", (Material("plutonium", kg("1.2")),), "vault"),
        Lot("B", (Material("enriched", kg("5"), kg("2.5")),), "hall"),
        Lot("C", (Material("enriched", kg("1"), fissile_kg=kg("0.001")),), "hall"),
        Lot("D", (), "pond", fuel("6", "3.5", decision="D-1").attributes),
        Lot("E", (Material("plutonium", kg("3")),), "rig", Attributes(pu238_fraction=kg("0.9"))),
    ]
    told = category_report(area_category("XHS1", DAY, lots, Policy.SUM_OF_FRACTIONS))
    assert told["by_policy"] == {"per_row_max": "II", "sum_of_fractions": "I"}
    assert (told["category"], told["base_category"]) == ("I", "I")
    assert told["rows"] == [
        {"row": "PU", "mass_kg": "1.2", "category": "II"},
        {"row": "U5H", "mass_kg": "2.5", "category": "II"},
        {"row": "U3", "mass_kg": "0.001", "category": "PMP"},
    ]
    assert told["sums"]["I"] == "2201/2000" and list(told["sums"]) == ["I", "II", "III"]
    assert told["irradiated"] == [
        {"batch": "D", "class": "H", "dose_rate_gy_h": 3.5, "base_category": "I",
         "category": "II", "reduction_decision_ref": "D-1"}
    ]  # fmt: skip
    assert told["places"] == [
        {"place": "hall", "category": "II", "base_category": "II"},
        {"place": "pond", "category": "II", "base_category": "I"},
        {"place": "rig", "category": "PMP", "base_category": "PMP"},
        {"place": "vault", "category": "II", "base_category": "II"},
    ]
    assert told["undecided"] == [{"batch": "C", "code": "NEEDS_SPLIT"}]
    assert told["exempt"] == [{"batch": "E", "code": "EXEMPT_PU238"}]
    assert [(w["code"], w["pointer"]) for w in told["warnings"]] == [
        ("PU238_ASSUMED_0", "/batches/A~11")
    ]
    assert (told["edition"], told["classification"]) == ("INFCIRC/225/Rev.5", "restricted")
    empty = category_report(area_category("XHS1", DAY, []))
    assert empty["category"] == empty["base_category"] == "NONE"
    assert empty["sums"] == {"I": "0", "II": "0", "III": "0"} and not empty["places"]


def test_decimal_texts() -> None:
    texts = [decimal_text(Fraction(t)) for t in ("0", "12", "0.001", "10.0485", "2/3", "-1/4")]
    assert texts == ["0", "12", "0.001", "10.0485", "0.666666666667", "-0.25"]


def test_ends_of_the_rows_of_enrichment() -> None:
    limits = {"0.2": Row.U5H, "0.19999": Row.U5M, "0.1": Row.U5M, "0.09999": Row.U5L}
    assert {text: row_of_enrichment(kg(text)) for text in limits} == limits
    assert row_of_enrichment(kg("0.0071101")) == Row.U5L
    assert row_of_enrichment(kg("0.00711")) is None


# --- laws ----------------------------------------------------------------------------------------

_EDGES = sorted({limit.kg for row in LIMITS.values() for limit in row.values()})
_MASS = st.one_of(
    st.sampled_from([Fraction(0), *_EDGES]),
    st.fractions(0, 12, max_denominator=1000),
    st.builds(lambda edge, part: edge * part, st.sampled_from(_EDGES), st.fractions(0, 1)),
)
_MASSES = st.dictionaries(st.sampled_from(ROWS), _MASS)


@given(_MASSES)
@settings(max_examples=200)
def test_sums_are_never_milder(masses: dict[Row, Fraction]) -> None:
    by_row = category_of_masses(masses, Policy.PER_ROW_MAX)
    assert not by_row.is_stricter_than(category_of_masses(masses, Policy.SUM_OF_FRACTIONS))


@given(st.sampled_from(ROWS), _MASS)
def test_one_row_is_the_table(row: Row, mass: Fraction) -> None:
    for policy in Policy:
        assert category_of_masses({row: mass}, policy) == category_of_row(row, mass)


@given(_MASSES, _MASSES)
def test_more_material_is_never_milder(one: dict[Row, Fraction], more: dict[Row, Fraction]) -> None:
    both = {row: one.get(row, Fraction(0)) + more.get(row, Fraction(0)) for row in ROWS}
    for policy in Policy:
        before, after = category_of_masses(one, policy), category_of_masses(both, policy)
        assert not before.is_stricter_than(after)


_LOTS = st.lists(
    st.builds(
        fuel,
        st.sampled_from(["0.01", "0.9", "1", "2", "3", "5", "6"]),
        st.sampled_from([None, "0.5", "1", "1.01", "30"]),
        decision=st.sampled_from([None, "D-1"]),
        original_form=st.sampled_from([None, "other", "leu", "natural", "thorium"]),
        original_pu_kg=st.sampled_from([None, kg("0.4"), kg("2")]),
    ),
    max_size=6,
)


@given(_LOTS, st.sampled_from(list(Policy)))
def test_reduction_is_never_stricter(lots: list[Lot], policy: Policy) -> None:
    found = category_of_lots(lots, policy)
    assert not found.category.is_stricter_than(found.base_category)
    assert (found.category == "NONE") == (not lots)
    if found.base_category in TABLE and not found.warnings:
        assert found.category.rank - found.base_category.rank <= 1
    bare = category_of_lots([Lot(lot.batch, lot.materials) for lot in lots], policy)
    if not any(counted(lot).irradiated_class == "L" for lot in lots):
        assert not bare.category.is_stricter_than(found.base_category)
