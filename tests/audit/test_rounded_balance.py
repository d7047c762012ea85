"""A balance that was reported rounded stands beside exact books without a false difference."""

from __future__ import annotations

from keiryo.accounts.model import Amount, Lines
from keiryo.audit.balances import Part, _cells
from keiryo.dates import Period, parse_date
from keiryo.quantities import Category

E = Category.ENRICHED
G = 1000


def lines(**grams: tuple[int, int]) -> Lines:
    """Return lines of enriched uranium: element and fissile in g."""
    return {
        code: {E: Amount(element * G, fissile * G)} for code, (element, fissile) in grams.items()
    }


def test_results_carry_the_rounding_of_the_lines_behind_them() -> None:
    computed = lines(
        PB=(2300001, 103501), RF=(1541260, 68585), SD=(2305886, 102598), LD=(1413, 59),
        BE=(1533962, 69429), DI=(355, 15), BA=(1533607, 69414), PE=(1526551, 68700),
        MF=(7056, 714),
    )  # fmt: skip
    reported = lines(
        PB=(2300001, 103501), RF=(1541260, 68585), SD=(2305885, 102597), LD=(1412, 59),
        BE=(1533965, 69430), DI=(355, 15), BA=(1533610, 69414), PE=(1526551, 68701),
        MF=(7059, 713), RASD=(1, 1), RALD=(1, 0), RABE=(-1, 0), RABA=(-1, 1), RAPE=(0, -1),
    )  # fmt: skip
    year = Period(parse_date("2025-01-01"), parse_date("2025-12-31"))
    part = Part(1, year, computed, reported, ())
    for code in part.codes:
        assert _cells(part, code, E)[6:] == ["0", "0"], code
    wrong = Part(1, year, computed, reported | lines(BE=(1533960, 69430)), ())
    assert _cells(wrong, "BE", E)[6:] == ["5", "0"]
