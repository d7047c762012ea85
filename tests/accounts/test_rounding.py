"""Rounded balances and their adjustments (Code 10, labels 411 and 600 to 800)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keiryo.accounts.model import ZERO, Amount, Lines, total
from keiryo.accounts.reported import disagreements
from keiryo.accounts.rounding import Terms, rounded_balance
from keiryo.quantities import Category, round_mg

E, N = Category.ENRICHED, Category.NATURAL
GRAM, KILOGRAM = 1000, 1_000_000
STEPS = {E: GRAM, N: KILOGRAM, Category.PLUTONIUM: GRAM}
DECREASES = ("SD", "LD", "TW")


def grams(*values: float, fissile: float = 0) -> list[Amount]:
    return [Amount(round(v * GRAM), round(fissile * GRAM)) for v in values]


def shown(lines: Lines, category: Category = E, step: int = GRAM) -> dict[str, int]:
    return {code: by[category].element_mg // step for code, by in lines.items() if category in by}


def test_worked_example() -> None:
    terms = {"PB": (1000.4,), "RF": (500.4,), "SD": (200.4, 200.4, 200.4), "PE": (898.9,)}
    lines = rounded_balance({code: {E: grams(*v)} for code, v in terms.items()}, STEPS)
    assert shown(lines) == {
        "PB": 1000, "RF": 500, "SD": 601, "BE": 900, "BA": 900, "PE": 899, "MF": 1,
        "RASD": -1, "RABE": -1, "RABA": -1,
    }  # fmt: skip


def test_nothing_to_adjust() -> None:
    terms = {"PB": {E: grams(1000)}, "LD": {E: grams(10)}, "PE": {E: grams(990)}}
    lines = rounded_balance(terms, STEPS)
    assert not [code for code in lines if code.startswith("RA")]
    assert shown(lines)["MF"] == 0


def test_half_goes_away_from_zero_also_below_it() -> None:
    terms: Terms = {"PB": {E: grams(0.5)}, "DI": {E: grams(-0.5)}, "PE": {E: grams(2.5)}}
    lines = rounded_balance(terms, STEPS)
    assert shown(lines)["PB"] == 1
    assert shown(lines)["DI"] == -1
    assert shown(lines)["BA"] == 1  # 1.0 exactly
    assert shown(lines)["RABA"] == 1  # 1 - (-1) - 1
    assert shown(lines)["MF"] == -2  # -1.5 away from zero
    assert "RAMF" not in lines  # 1 - 3 is -2


def test_kilograms_grams_and_fissile_weight_are_rounded_each_in_its_unit() -> None:
    change = {
        N: [Amount(12_460_000, 88_600, frozenset({"U-235"}))],
        E: [Amount(12_460_400, 88_590, frozenset({"U-235"}))],
    }
    terms: Terms = {"PB": {N: [Amount(120_460_000, None)], E: []}, "NE": change}
    lines = rounded_balance(terms, STEPS)
    assert shown(lines, N, KILOGRAM)["NE"] == 12
    assert shown(lines, N, KILOGRAM)["BE"] == 108
    assert shown(lines)["NE"] == 12460
    assert lines["NE"][E].fissile_mg == 89 * GRAM
    assert "PE" not in lines and "MF" not in lines


weights = st.integers(0, 10**8)
amounts = st.builds(lambda e, f: Amount(e, min(e, f)), weights, weights)
signed = st.builds(lambda a, s: a.times(s), amounts, st.sampled_from((1, -1)))


@given(
    opening=amounts,
    changes=st.dictionaries(
        st.sampled_from(("RF", "RD", "GA", *DECREASES)), st.lists(amounts, min_size=1, max_size=4)
    ),
    differences=st.lists(signed, max_size=3),
    listing=st.lists(amounts, max_size=4),
)
def test_adjustments_close_every_equation(
    opening: Amount, changes: dict[str, list[Amount]], differences: list[Amount],
    listing: list[Amount],
) -> None:  # fmt: skip
    terms = {"PB": {E: [opening]}, "PE": {E: listing}}
    terms |= {code: {E: parts} for code, parts in changes.items()}
    if differences:
        terms["DI"] = {E: differences}
    lines = rounded_balance(terms, STEPS)
    for code, by_category in terms.items():
        reported = total(_rounded(a) for a in by_category[E])
        assert _adjusted(lines, code) == _pair(reported), code
    for by_category in lines.values():
        assert by_category[E].element_mg % GRAM == 0
    sent = {c: {E: total(_rounded(a) for a in terms[c][E])} for c in terms if c not in ("PB", "PE")}
    found = disagreements(
        "XHFA", {"PE": {}, **sent}, lines,
        physical={E: total(_rounded(a) for a in listing)}, previous={E: _rounded(opening)},
    )  # fmt: skip
    assert not found


def _rounded(amount: Amount) -> Amount:
    assert amount.fissile_mg is not None
    return Amount(round_mg(amount.element_mg, GRAM), round_mg(amount.fissile_mg, GRAM))


def _pair(amount: Amount) -> tuple[int, int | None]:
    return amount.element_mg, amount.fissile_mg


def _adjusted(lines: Lines, code: str) -> tuple[int, int | None]:
    line = lines.get(code, {}).get(E, ZERO)
    return _pair(line + lines.get(f"RA{code}", {}).get(E, ZERO))
