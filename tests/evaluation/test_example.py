"""Published worked examples of error propagation, end to end from the books."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cases.making import change, listed
from evaluation.evaluation_books import MBA, EvaluationBooks, codes
from small_books import area, batch

YEAR = "20250101/20251231"
CLOSE = pytest.approx


def grams(kg: str, enrichment: str = "0.04") -> str:
    """Return the labels of a weight of uranium in kilograms."""
    element = Decimal(kg) * 1000
    return f"630:{element.normalize():f} 670:{(element * Decimal(enrichment)).normalize():f}"


def labels(kg: str) -> dict[str, str]:
    return {f"_{label}": value for label, value in (p.split(":") for p in grams(kg).split())}


SOURCES = {
    "LC-r": ("random", "0.0005", "mass", "item"), "LC-s": ("long", "0.0005", "mass", None),
    "EB-r": ("random", "0.0005", "mass", "item"), "EB-s": ("long", "0.0005", "mass", None),
    "GR-r": ("random", "0.0005", "concentration", None),
    "GR-s": ("long", "0.0005", "concentration", None),
    "TI-r": ("random", "0.001", "concentration", "batch"),
    "TI-s": ("long", "0.001", "concentration", None),
    "S-UF6": ("random", "0.0003", "sampling", "batch"),
    "S-powder": ("random", "0.002", "sampling", "batch"),
    "S-pellets": ("random", "0.0002", "sampling", "batch"),
    "NDA-r": ("random", "0.15", "nda", "item"), "NDA-s": ("long", "0.10", "nda", None),
    "MS-r": ("random", "0.0005", "enrichment", "batch"),
    "MS-s": ("long", "0.0005", "enrichment", None),
}  # fmt: skip
STRATA = (
    ("UF6 receipts", "RF", "LC-r,LC-s,S-UF6,GR-r,GR-s", 1, 1),
    ("powder, beginning", "PB", "EB-r,EB-s,S-powder,TI-r,TI-s", 1, 2),
    ("pellet lots shipped", "SD", "EB-r,EB-s,S-pellets,TI-r,TI-s", 1, 2),
    ("powder, ending", "PE", "EB-r,EB-s,S-powder,TI-r,TI-s", 1, 2),
)


def declare(books: EvaluationBooks) -> None:
    for name, (kind, sd, basis, per) in SOURCES.items():
        books.source(name, kind, sd, basis=basis, one_error_per=per)
    for rank, (name, code, sources, samples, analyses) in enumerate(STRATA, start=1):
        books.stratum(
            name, sources, codes=code, rank=rank, isotope_sources="MS-r,MS-s",
            samples=samples, analyses=analyses,
        )  # fmt: skip
    books.stratum("waste drums shipped", "NDA-r,NDA-s", codes="TW", rank=9)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> EvaluationBooks:
    powder = [batch(f"PB-{n}", 30, "G/Q/N/B", **labels("525.3")) for n in range(5)]
    url = f"sqlite:///{tmp_path_factory.mktemp('example') / 'books.sqlite'}"
    books = EvaluationBooks(url, **{MBA: area("bulk", *powder)})
    declare(books)
    uf6, lot, ending = grams("1521"), grams("461.644"), grams("525.3")
    receipts = [
        change("RF", "20250201", f"CYL-{n}", uf6, items=1, basis="N", shipper="XB/XBEA",
               receiver=f"XH/{MBA}", shipper_batch=f"C-{n}", mdc="O/G/R/B")
        for n in range(10)
    ]  # fmt: skip
    lots = [
        change("SD", "20250901", f"LOT-{n}", lot, items=1, shipper=f"XH/{MBA}",
               receiver="XH/XHRA", mdc="J/Q/7/B")
        for n in range(34)
    ]  # fmt: skip
    waste = change("TW", "20251001", "DRUMS", grams("25"), items=50, mdc="T/R/N/E")
    books.change(1, *receipts, *lots, waste, period=YEAR)
    powder_left = [listed(f"PE-{n}", ending, items=30, mdc="G/Q/N/B") for n in range(4)]
    books.take_inventory(2, "20251231", *powder_left)
    return books


def test_one_balance_from_the_books(plant: EvaluationBooks) -> None:
    found = plant.ask("evaluate", MBA)
    assert found["muf"] == CLOSE(14.404, rel=1e-12) and found["muf_mg"] == 14_404_000
    assert found["sigma_muf"] == CLOSE(20.987064435124296, rel=1e-9)
    assert found["z"] == CLOSE(0.6863275254395641, rel=1e-9)
    assert found["p_loss"] == CLOSE(0.24625329763445664, rel=1e-9)
    assert (found["mba"], found["category"], found["verdict"]) == (MBA, "E", "WITHIN-ERROR")
    isotope = found["isotope"]
    assert isotope["quantity"] == "U-235"
    assert isotope["muf"] == CLOSE(0.57616, rel=1e-12)
    assert isotope["sigma_muf"] == CLOSE(0.8472763030120637, rel=1e-9)
    assert found["balances"][0]["sigma_muf"] == found["sigma_muf"]


@pytest.mark.parametrize(
    ("source", "variance"),
    [
        ("LC-r", 5.7836025), ("S-UF6", 2.0820969), ("GR-r", 5.7836025), ("EB-r", 1.832174560006),
        ("S-powder", 9.93384324), ("TI-r", 4.864688511512), ("S-pellets", 0.28983664852096),
        ("NDA-r", 0.28125), ("LC-s", 57.836025), ("GR-s", 57.836025),
        ("EB-s", 57.536745748804), ("TI-s", 230.146982995216), ("NDA-s", 6.25),
    ],
)  # fmt: skip
def test_variance_by_source(plant: EvaluationBooks, source: str, variance: float) -> None:
    found = plant.ask("evaluate", MBA, "--category", "E")
    shares = [row["share"] for row in found["shares"] if row["source"] == source]
    assert sum(shares) * found["sigma_muf"] ** 2 == CLOSE(variance, rel=1e-9)


def test_shares_add_up(plant: EvaluationBooks) -> None:
    found = plant.ask("evaluate", MBA, "--category", "E")
    for quantity in (found, found["isotope"]):
        assert abs(sum(row["share"] for row in quantity["shares"]) - 1) < 1e-12
        assert abs(sum(quantity["shares_by_term"].values()) - 1) < 1e-12
    between = {r["source"] for r in found["shares"] if r["stratum"] == "between strata"}
    assert between == {"EB-s", "TI-s"}  # what has one stratum only, or is random, is not shared
    assert all(row.keys() == {"source", "component", "stratum", "share"} for row in found["shares"])


def test_statement_names_what_it_rests_on(plant: EvaluationBooks) -> None:
    found = plant.ask("evaluate", MBA)
    assert "MUF is 14.4 kg missing" in found["statement"]
    assert "75 kg" in found["isotope"]["statement"]  # one significant quantity
    assumed = " ".join(found["assumptions"])
    assert "TI-s (concentration, long, 0.1 %)" in assumed and "first order" in assumed
    assert "isotope fraction counts as exact in: waste drums" in " ".join(
        found["isotope"]["assumptions"]
    )
    assert [c["category"] for c in found["categories"]] == ["E"]
    assert "categories" not in plant.ask("evaluate", MBA, "--category", "E")


def test_mixed_model(sqlite_url: str) -> None:
    """Relative and absolute errors, random and systematic, of items assayed one by one."""
    books = EvaluationBooks(sqlite_url, **{MBA: area("bulk", batch("B", _630="1", _670="0"))})
    books.source("r", "random", "0.03", absolute_sd_kg="0.02", basis="nda", one_error_per="item")
    books.source("s", "long", "0.01", absolute_sd_kg="0.01", basis="nda")
    books.stratum("drums", "r,s")
    drums = [change("TW", "20250601", f"D{n}", grams(kg), items=1)
             for n, kg in enumerate(("0.5", "2", "8"))]  # fmt: skip
    books.change(1, *drums, period=YEAR)
    books.take_inventory(2, "20251231", listed("B", "630:1 670:0", basis="T"))
    found = books.evaluate().last.element
    assert found.amounts.by_term_kg["decreases"] == 10.5
    assert found.sigma_kg == CLOSE(0.27303845882952094, rel=1e-9)


def test_same_items_as_one_line(sqlite_url: str) -> None:
    """Three drums in one line, weighed one by one: x/n each, and n times an absolute error."""
    books = EvaluationBooks(sqlite_url, **{MBA: area("bulk", batch("B", _630="1", _670="0"))})
    books.source("r", "random", "0.03", absolute_sd_kg="0.02", basis="nda", one_error_per="item")
    books.source("s", "long", "0.01", absolute_sd_kg="0.01", basis="nda")
    books.stratum("drums", "r,s")
    books.change(1, change("TW", "20250601", "D", grams("9"), items=3), period=YEAR)
    books.take_inventory(2, "20251231", listed("B", "630:1 670:0", basis="T"))
    found = books.evaluate()
    wanted = 3 * (3 * 0.03) ** 2 + 3 * 0.02**2 + (9 * 0.01) ** 2 + (3 * 0.01) ** 2
    assert found.last.element.sigma_kg == CLOSE(wanted**0.5, rel=1e-12)
    # The drums are in excess of the book, by far: a verdict of each quantity, nothing else.
    assert set(codes(found)) == {"EVALUATION-VERDICT"}
