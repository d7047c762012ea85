"""Codes, labels, limits and profiles against the model and the agreement."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from keiryo.data import read_table, valid_on
from keiryo.errors import NotFoundError
from keiryo.quantities import (
    EFFECTIVE_KG_RULE,
    FISSILE_BASES,
    NATURAL_ENRICHMENT,
    SIGNIFICANT_QUANTITIES,
    Category,
)
from keiryo.vocabulary import (
    ENTRY_CODES,
    LABELS,
    ExemptionTotal,
    effective_kg_rule,
    entry_code,
    entry_statuses,
    exemption_limits,
    exemption_total,
    label,
    measurement_bases,
    natural_enrichment,
    profile,
    profile_names,
    report_types,
    separators,
    significant_quantity_table,
    table_versions,
)

TODAY = date(2025, 12, 31)
KG = 1_000_000
INCREASES = ["RF", "RD", "RS", "RN", "NP", "DU", "DQ", "FW", "GA"]
DECREASES = ["SF", "SD", "SN", "LN", "LD", "TW", "EU", "EQ", "TU", "LA"]
CHANGES = ["EN", "ED", "NE", "ND", "DE", "DN"]
BALANCES = ["PB", "BE", "BA", "PE", "MF"]


def test_every_code_is_there() -> None:
    expected = [*INCREASES, *DECREASES, *CHANGES, *BALANCES, "DI", "RM", "RP"]
    assert sorted(ENTRY_CODES()) == sorted(expected)
    for codes, sign, kind in (
        (INCREASES, 1, "increase"),
        (DECREASES, -1, "decrease"),
        (CHANGES, 0, "category_change"),
        (BALANCES, 0, "balance"),
        (["DI"], -1, "adjustment"),
        (["RM", "RP"], 0, "rebatching"),
    ):
        for code in codes:
            found = entry_code(code)
            assert (found.code, found.sign, found.kind) == (code, sign, kind)
            changes = kind in ("increase", "decrease", "category_change")
            assert found.is_inventory_change == changes
            assert bool(found.counter) == (kind != "balance")


@pytest.mark.parametrize("code", ["SX", "TE", "CR", "R5", "BJ", "", "rf", "RALNX", "RAXX", "RARM"])
def test_codes_that_do_not_exist(code: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        entry_code(code)
    assert caught.value.advice


def test_what_codes_need() -> None:
    codes = ENTRY_CODES().values()
    assert {code.code for code in codes if code.needs_parties} == {"RF", "RD", "SF", "SD"}
    assert {code.code for code in codes if code.needs_shipper_batch} == {"RF", "RD"}
    assert {code.code for code in codes if code.needs_irradiated} == {"NP", "LN"}
    assert {code.code for code in codes if code.may_be_negative} == {"DI", "MF", "BE", "BA"}
    assert {code.own_side for code in codes} == {None, "receiver", "shipper"}
    assert {code.code for code in codes if code.isotope_may_exceed_element} == {
        *CHANGES,
        "LN",
        "DI",
        "MF",
    }


def test_what_codes_carry() -> None:
    assert entry_code("NP").categories == (Category.PLUTONIUM, Category.ENRICHED, Category.UNIFIED)
    assert entry_code("NP").uranium_base in FISSILE_BASES
    assert entry_code("NE").categories == (Category.NATURAL, Category.ENRICHED)
    assert (entry_code("DN").old_category, entry_code("DN").new_category) == ("D", "N")
    assert Category.PLUTONIUM not in entry_code("RS").categories
    assert entry_code("RS").seldom == ("D", "E", "U")
    assert set(entry_code("SD").categories) == set(Category)


def test_where_codes_stand() -> None:
    assert {c for c, code in ENTRY_CODES().items() if code.reports == ("MBR",)} == set(BALANCES)
    assert {c for c, code in ENTRY_CODES().items() if code.reports == ("ICR",)} == {"RM", "RP"}


def test_order_of_a_material_balance_report() -> None:
    order = [code for code, row in ENTRY_CODES().items() if "MBR" in row.reports]
    assert order == ["PB", *INCREASES, *CHANGES, *DECREASES, "BE", "DI", "BA", "PE", "MF"]
    assert len({row.rank for row in ENTRY_CODES().values()}) == len(ENTRY_CODES())
    assert entry_code("SD").rank < entry_code("RASD").rank < entry_code("SN").rank


def test_rounding_adjustments() -> None:
    for code in ("RALN", "RAPE", "RABE", "RABA", "RAMF", "RANE"):
        found = entry_code(code)
        assert (found.kind, found.base, found.reports) == ("rounding", code[2:], ("MBR",))
        assert found.may_be_negative


def test_order_within_a_day_and_batches() -> None:
    assert entry_code("RM").batch_sign == -1
    assert entry_code("RP").batch_sign == 1
    ranks = [entry_code(code).day_rank for code in ("RD", "NE", "RP", "RM", "SD", "DI")]
    assert ranks == [0, 1, 1, 2, 2, 2]


def test_counter_accounts() -> None:
    pairs = ("RFSF", "RDSD", "RNSN", "DUEU", "DQEQ", "FWTW", "GALA", "RMRP", "NEEN")
    for pair in pairs:
        first, second = pair[:2], pair[2:]
        assert entry_code(first).counter == entry_code(second).counter
    assert entry_code("RD").counter == "domestic_transit"
    assert entry_code("LD").counter == "measured_discard"


PRESENCE = {  # label: ICR, PIL, MBR, concise note, textual report
    "001": "MMMMM",
    "002": "MMMMM",
    "003": "MMMMM",
    "006": "MMM--",
    "010": "MMM-O",
    "015": "MMM--",
    "099": "---OO",
    "207": "MMMMO",
    "307": "MMMMO",
    "309": "MMM--",
    "310": "OOO--",
    "370": "C----",
    "372": "C----",
    "390": "CCC--",
    "391": "---MM",
    "407": "MM---",
    "411": "M-M--",
    "412": "M----",
    "430": "MM---",
    "435": "OO---",
    "436": "OO---",
    "445": "CCC--",
    "446": "MM---",
    "447": "C----",
    "469": "MM---",
    "470": "MM---",
}
MAXIMA = {
    "006": 30, "010": 1, "207": 4, "307": 4, "310": 40, "390": 1, "391": 2000, "407": 2,
    "411": 4, "435": 12, "436": 100, "445": 1, "446": 16, "447": 16,
}  # fmt: skip
KILOGRAMS = {"610", "620", "800"}
GRAMS = {
    "600", "630", "640", "650", "660", "670", "680", "690",
    "700", "710", "720", "730", "740", "750", "760", "770", "780",
}  # fmt: skip


def test_every_label_is_there() -> None:
    assert set(LABELS()) == set(PRESENCE) | KILOGRAMS | GRAMS
    assert list(LABELS()) == sorted(LABELS())
    for number, letters in PRESENCE.items():
        kinds = ("ICR", "PIL", "MBR", "NC", "TR")
        found = label(number)
        assert "".join(found.presence.get(kind, "-") for kind in kinds) == letters, number
        assert found.max_length == MAXIMA.get(number), number
        assert not found.is_weight


def test_weight_labels() -> None:
    for number in KILOGRAMS | GRAMS:
        found = label(number)
        assert found.is_weight
        assert found.unit == ("kg" if number in KILOGRAMS else "g")
        assert found.content.endswith("K" if number in KILOGRAMS else "G")
        assert "NC" not in found.presence
    for category in Category:
        assert label(category.label).unit == category.unit
        assert label(category.label).categories == (category,)
        assert label(category.label).role == "element"
    fissile = [number for number, row in LABELS().items() if row.role == "fissile"]
    assert fissile == ["640", "660", "670"]
    with pytest.raises(NotFoundError, match="no label '999'"):
        label("999")


def test_small_lists() -> None:
    assert report_types() == {"I": "ICR", "P": "PIL", "M": "MBR", "T": "TR"}
    assert set(entry_statuses()) == set("NUCDA")
    assert entry_statuses()["C"].reference == "mandatory"
    bases = {
        letter: (basis.here, basis.reported_before) for letter, basis in measurement_bases().items()
    }
    assert bases == {
        "M": (True, False),
        "T": (True, True),
        "N": (False, False),
        "L": (False, True),
    }
    assert "".join(separators()[name] for name in ("label", "item", "part", "element")) == ":/;#"


def test_tables_agree_with_the_defaults_of_quantities() -> None:
    assert significant_quantity_table(TODAY) == SIGNIFICANT_QUANTITIES
    assert effective_kg_rule(TODAY) == EFFECTIVE_KG_RULE
    assert natural_enrichment(TODAY) == (NATURAL_ENRICHMENT, Fraction(0))


def test_limits_hold_on_days() -> None:
    with pytest.raises(NotFoundError, match="significant quantity"):
        significant_quantity_table(date(1972, 5, 31))
    assert exemption_limits(date(1972, 6, 1)).natural_kg == 10_000


def test_the_version_of_the_day_is_taken() -> None:
    rows = [
        {"valid_from": date(2000, 1, 1), "valid_to": date(2009, 12, 31), "n": 1},
        {"valid_from": date(2010, 1, 1), "n": 2},
        {"valid_from": date(2020, 1, 1), "n": 3},
    ]
    days = [date(2000, 1, 1), date(2009, 12, 31), date(2010, 1, 1), date(2019, 12, 31), TODAY]
    assert [valid_on(rows, "x", day)["n"] for day in days] == [1, 1, 2, 2, 3]


def test_exemption_of_the_agreement() -> None:
    """0.2 kg Pu, 0.5 kg U at 90 %, 20 kg U at 4 % make 0.81 kg; 30 kg more at 4 % are refused."""
    held = [
        (Category.PLUTONIUM, KG // 5, None),
        (Category.ENRICHED, KG // 2, 450_000),
        (Category.ENRICHED, 20 * KG, 800_000),
    ]
    limits = exemption_limits(TODAY)
    total = exemption_total(held, TODAY)
    assert total == ExemptionTotal(Fraction("0.81"))
    assert total.exceeded(limits) == ()
    more = exemption_total([*held, (Category.ENRICHED, 30 * KG, 1_200_000)], TODAY)
    assert more.special_fissionable_kg == Fraction("1.05")
    assert more.exceeded(limits) == ("a",)
    released = [(category, -element, None if f is None else -f) for category, element, f in held]
    assert exemption_total([*held, *released], TODAY) == ExemptionTotal()


def test_exemption_of_source_material() -> None:
    total = exemption_total(
        [
            (Category.NATURAL, 10_000 * KG, None),
            (Category.DEPLETED, 2 * KG, 10_001),
            (Category.DEPLETED, 3 * KG, 15_000),
            (Category.DEPLETED, 4 * KG, None),
            (Category.ENRICHED, 5 * KG, 30_000),
            (Category.UNIFIED, 6 * KG, 12_000),
            (Category.THORIUM, 20_000 * KG, None),
        ],
        TODAY,
    )
    assert total == ExemptionTotal(Fraction(0), Fraction(10_007), Fraction(13), Fraction(20_000))
    assert total.exceeded(exemption_limits(TODAY)) == ("b",)
    with pytest.raises(ValueError, match="fissile weight"):
        exemption_total([(Category.ENRICHED, KG, None)], TODAY)


@pytest.mark.parametrize(
    ("change", "due"),
    [
        (date(2025, 2, 14), date(2025, 3, 30)),
        (date(2025, 9, 26), date(2025, 10, 30)),
        (date(2025, 1, 31), date(2025, 3, 2)),
    ],
)
def test_deadline_of_an_inventory_change_report(change: date, due: date) -> None:
    assert profile("code10", TODAY).deadlines.icr_due(change) == due


def test_other_deadlines() -> None:
    deadlines = profile("code10", TODAY).deadlines
    assert deadlines.mbr_due(date(2025, 12, 31)) == date(2026, 1, 30)
    assert deadlines.initial_due(date(2025, 1, 5)) == date(2025, 3, 2)
    assert profile("euratom", TODAY).deadlines.icr_due(date(2025, 2, 14)) == date(2025, 3, 15)
    kingdom = profile("united_kingdom", TODAY).deadlines
    assert kingdom.mbr_due(date(2025, 12, 31)) == date(2026, 1, 14)
    assert (kingdom.pit_months, kingdom.pit_yearly) == (14, True)


def test_profiles() -> None:
    model = profile("code10", TODAY)
    assert model.categories == tuple("NDEPT")
    assert not model.splits_enriched
    assert profile("hl_split", TODAY).splits_enriched
    assert profile("code10_rounded", TODAY).rounding_step_mg == {"g": 1000, "kg": KG}
    assert model.decimals == {"g": 3, "kg": 6}
    assert (model.transit_warning_days, model.transit_inconsistency_days) == (30, 90)
    assert {profile(name, TODAY).name for name in profile_names()} == set(profile_names())
    with pytest.raises(NotFoundError, match="no profile 'mars'") as caught:
        profile("mars", TODAY)
    assert "code10" in caught.value.advice
    with pytest.raises(NotFoundError, match="profile euratom"):
        profile("euratom", date(1999, 1, 1))


def test_every_table_says_where_it_comes_from() -> None:
    versions = table_versions()
    assert len(versions) >= 3 + len(read_table("limits")) + len(profile_names())
    for version in versions:
        assert version.source
        assert version.status in ("verified", "unverified", "design")
        assert version.valid_to is None or version.valid_from <= version.valid_to
