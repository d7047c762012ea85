"""Enrichment, irradiation, decay and down-blending: the worked examples, to the digit."""

from __future__ import annotations

from fractions import Fraction

import pytest

from keiryo.errors import UsageError
from keiryo.obligations.cells import by_partner, total
from keiryo.obligations.processes import (
    decayed,
    down_blend,
    enriched_cells,
    enrichment,
    irradiated,
)

F = Fraction


def close(found: object, expected: float) -> bool:
    """Return whether an exact value is the double that a document prints."""
    return float(found) == pytest.approx(expected, rel=1e-12)  # type: ignore[arg-type]


def test_enrichment() -> None:
    made = enrichment(1000, F("0.04"), F("0.0025"), F("0.00711"))
    assert close(made.feed, 8134.490238611714) and close(made.tails, 7134.490238611714)
    assert close(made.feed_u235, 57.83622559652928) and made.product_u235 == 40
    assert close(made.tails_u235, 17.836225596529285)
    assert close(made.work_swu, 5832.470983213948)
    feed = {"AU": made.feed * F(60, 100), "CA": made.feed * F(40, 100)}
    product, tails = enriched_cells(feed, made.product, made.tails)
    assert product == {"AU": 600, "CA": 400}
    assert close(tails["AU"], 4280.694143167028) and close(tails["CA"], 2853.7960954446853)
    product, tails = enriched_cells({**feed, "AU+US": F(0)}, 1000, made.tails, ["US"])
    assert product == {"AU+US": 600, "CA+US": 400} and set(tails) == {"AU+US", "CA+US"}
    for wrong in ((F("0.04"), F(0), F("0.007")), (F("0.04"), F("0.008"), F("0.007"))):
        with pytest.raises(UsageError, match="must rise"):
            enrichment(1000, *wrong)


def test_irradiation() -> None:
    loaded = {"AU+US": 276, "CA+US": 138, "KZ": 46}
    made = irradiated(loaded, F("435.2"), F("3.6"), F("4.6"))
    expected = {
        "AU+US": ("261.12", "2.16", "14.88", "2.76"),
        "CA+US": ("130.56", "1.08", "7.44", "1.38"),
        "KZ": ("43.52", "0.36", "2.48", "0.46"),
    }
    for key, values in expected.items():
        found = (made.uranium[key], made.u235[key], made.loss[key], made.plutonium[key])
        assert found == tuple(map(F, values))
    assert by_partner(made.plutonium) == {
        "AU": F("2.76"),
        "CA": F("1.38"),
        "KZ": F("0.46"),
        "US": F("4.14"),
    }
    marked = irradiated(loaded, F("435.2"), F("3.6"), F("4.6"), ["US"])
    assert set(marked.plutonium) == {"AU+US", "CA+US", "KZ+US"}
    assert by_partner(marked.plutonium)["US"] == F("4.6")
    for wrong in ((461, 1), (400, 401)):
        with pytest.raises(UsageError, match="at discharge"):
            irradiated(loaded, *wrong, 1)


def test_decay() -> None:
    shares = {"AU+US": F("2.76"), "CA+US": F("1.38"), "KZ": F("0.46")}
    lost, whole = decayed(shares, F("4.6") * F("0.12"), 5)
    assert close(whole, 0.11843863243239813) and close(F("0.552") - whole, 0.4335613675676019)
    assert close(total(shares) - whole, 4.481561367567601)
    assert close(lost["AU+US"], 0.07106317945943888)
    assert close(lost["CA+US"], 0.03553158972971944)
    assert close(lost["KZ"], 0.011843863243239812)


@pytest.mark.parametrize(
    ("product", "diluent", "adds", "whole"),
    [
        ("0.1975", "0.0025", 169.3846153846154, 214.3846153846154),
        ("0.1975", "0.00711", 173.48600241609327, 218.48600241609327),
        ("0.0495", "0.00711", 936.3057324840764, 981.3057324840764),
    ],
)
def test_down_blending(product: str, diluent: str, adds: float, whole: float) -> None:
    made = down_blend(45, F("0.9315"), F(product), F(diluent))
    assert close(made.diluent, adds) and close(made.product, whole)
    if diluent == "0.0025":
        assert close(made.product_u235, 42.340961538461535)
    with pytest.raises(UsageError, match="between the diluent"):
        down_blend(45, F("0.9315"), F("0.95"), F(diluent))
