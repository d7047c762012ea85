"""Effective kilograms and significant quantities of the worked example, State XA.

The literals are the physical inventories of the three areas on 31 December 2024 and 2025:
weights as the reports state them, per batch.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from keiryo.quantities import (
    Category,
    effective_kg,
    effective_kg_text,
    enrichment_class,
    parse_weight_mg,
    significant_quantities,
    sum_mg,
)

CATEGORY_OF = {category.label: category for category in Category}
A02_ENRICHMENT = Fraction(2966244, 436212400)  # from the 780 of its category change

XAFA_2025 = """
630:1540905.4G 670:68569.812G
630:512330.8G 670:22590.929G
630:641904.15G 670:28307.973G
630:31450G 670:1399.525G
630:21212.354G 670:937.5G
630:900G 670:39.6G
610:296.715K
"""
XARA_2025 = """
630:461232.7G 670:20524.855G
630:461201.5G 670:20523.467G
630:460050G 670:19322.1G
630:460071.6G 670:19323.007G
630:460033.9G 670:19321.424G
630:460096.2G 670:19324.04G
630:461210.4G 670:20523.863G
630:461188.9G 670:20522.906G
630:441305.5G 670:3618.705G 700:4905.6G
620:436.2124K 700:5310.2G
630:438512.4G 670:3651.2G 700:4420.5G
630:438470.1G 670:3648.9G 700:4431.7G
630:438555G 670:3660.4G 700:4415.2G
630:438498.8G 670:3655.1G 700:4426.3G
"""
XALA_2025 = """
620:55K
610:2.498K
610:1K
610:0.35K
800:1K
630:12G 670:0.534G
630:49.87G 670:2.219G
700:80G
"""
XAFA_2024 = """
630:1538400G 670:68458.8G
630:842115.3G 670:37474.131G
630:655870.25G 670:29186.226G
630:48220.7G 670:2121.711G
610:310.25K
"""
XARA_2024 = """
630:460112.3G 670:19324.717G
630:459988.7G 670:19319.525G
630:460050G 670:19322.1G
630:460071.6G 670:19323.007G
630:460033.9G 670:19321.424G
630:460096.2G 670:19324.04G
630:438512.4G 670:3651.2G 700:4420.5G
630:438470.1G 670:3648.9G 700:4431.7G
630:438555G 670:3660.4G 700:4415.2G
630:438498.8G 670:3655.1G 700:4426.3G
"""
XALA_2024 = """
620:30K
620:55K
610:2.5K
800:1.2K
630:12G 670:0.534G
700:80G
"""

Content = tuple[Category, int, int | None]


def contents(listing: str) -> list[Content]:
    """Return category, element and fissile weight of every element in every batch."""
    found: list[Content] = []
    for line in listing.split("\n"):
        weights = {
            part[:3]: parse_weight_mg(part[4:-1], "g" if part[-1] == "G" else "kg")
            for part in line.split()
        }
        found += [
            (CATEGORY_OF[label], mg, weights.get("670") if label == "630" else None)
            for label, mg in weights.items()
            if label in CATEGORY_OF
        ]
    return found


@pytest.mark.parametrize(
    ("listing", "total", "assumed"),
    [
        (XAFA_2025, "5.430977308627", False),
        (XARA_2025, "35.050280325825", True),
        (XALA_2025, "0.083307298933", True),
        (XAFA_2024, "6.137182780413", False),
        (XARA_2024, "22.7383657592", False),
        (XALA_2024, "0.084583763", True),
    ],
)
def test_effective_kilograms(listing: str, total: str, assumed: bool) -> None:
    answers = [effective_kg(*batch) for batch in contents(listing)]
    assert effective_kg_text(sum((answer.value for answer in answers), Fraction(0))) == total
    assert any(answer.assumed for answer in answers) is assumed


def test_effective_kilograms_with_the_known_enrichment_of_a_discharged_assembly() -> None:
    answers = [
        effective_kg(
            category,
            element_mg,
            fissile_mg,
            enrichment=A02_ENRICHMENT if category is Category.DEPLETED else None,
        )
        for category, element_mg, fissile_mg in contents(XARA_2025)
    ]
    assert not any(answer.assumed for answer in answers)
    total = sum((answer.value for answer in answers), Fraction(0))
    assert effective_kg_text(total) == "35.072090945825"
    assert enrichment_class(436212400, 2966244) == "D"


@pytest.mark.parametrize(
    ("listing", "category", "count"),
    [
        (XAFA_2025, Category.ENRICHED, "1.624605"),
        (XAFA_2025, Category.NATURAL, "0.029672"),
        (XARA_2025, Category.ENRICHED, "2.368266"),
        (XARA_2025, Category.PLUTONIUM, "3.488688"),
        (XARA_2025, Category.DEPLETED, "0.021811"),
        (XALA_2025, Category.PLUTONIUM, "0.010000"),
    ],
)
def test_significant_quantities(listing: str, category: Category, count: str) -> None:
    batches = [batch for batch in contents(listing) if batch[0] is category]
    total = sum((significant_quantities(*batch) for batch in batches), Fraction(0))
    assert abs(total - Fraction(count)) <= Fraction(1, 2_000_000)


def test_physical_inventories_add_up() -> None:
    enriched = [batch for batch in contents(XAFA_2025) if batch[0] is Category.ENRICHED]
    assert sum_mg(element_mg for _, element_mg, _ in enriched) == 2_748_702_704
    assert sum_mg(fissile_mg or 0 for _, _, fissile_mg in enriched) == 121_845_339
