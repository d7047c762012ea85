"""Every number of the worked example, on both databases."""

from __future__ import annotations

import re
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import keiryo
from keiryo.accounts.inventory import to_dict
from keiryo.accounts.ledger import counter_accounts
from keiryo.accounts.model import amount_dict
from keiryo.dates import parse_date
from keiryo.reports.export import recorded_reports
from keiryo.reports.formats.code10_writer import write

AREAS = ("XAFA", "XARA", "XALA")
FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
LETTER = {"600": "U", "610": "N", "620": "D", "630": "E", "700": "P", "800": "T"}


@pytest.fixture
def books(database_url: str) -> keiryo.Books:
    books = keiryo.init(database_url, "XA", person="P-CASE")
    summary = books.import_reports(
        [FOLDER / f"{mba}.txt" for mba in AREAS], context=FOLDER / "context.json"
    )
    assert summary.complete
    assert not summary.open_findings
    assert not any(outcome.findings for outcome in summary.outcomes)
    assert len(summary.outcomes) == 19
    return books


def reported_lines(mba: str) -> dict[str, Any]:
    """Read the balance lines of an area from the text, by rule of thumb."""
    lines: dict[str, Any] = {}
    for record in (FOLDER / f"{mba}.txt").read_text().splitlines():
        elements = dict(re.findall(r"(\d{3}):([^#]*)#", record))
        if elements.get("010") == "M":
            slot = lines.setdefault(elements["411"], {})
            for label, letter in LETTER.items():
                if label in elements:
                    slot[letter] = {"element": Decimal(elements[label][:-1])}
                    if label == "630":
                        slot[letter]["fissile"] = Decimal(elements["670"][:-1])
    return lines


def decimals(lines: Any) -> dict[str, Any]:
    return {
        code: {c: {k: Decimal(v) for k, v in weights.items()} for c, weights in by.items()}
        for code, by in lines.items()
    }


def test_every_number(books: keiryo.Books) -> None:
    _balances(books)
    _state(books)
    _inventories(books)
    _as_known(books)
    _registers(books)
    _nothing_appears_or_vanishes(books)
    _ledger(books)
    _round_trip(books)
    assert books.verify(checkpoint=books.checkpoint()).sound


def _balances(books: keiryo.Books) -> None:
    for mba in AREAS:
        found = books.balance(mba)
        assert found.source == "books"
        assert not found.findings
        assert decimals(found.to_dict()["lines"]) == reported_lines(mba)
    muf: Any = books.balance("XAFA").to_dict()["lines"]
    assert muf["MF"] == {
        "N": {"element": "0.035"},
        "E": {"element": "812.346", "fissile": "36.118"},
    }
    assert muf["BE"]["E"] == {"element": "2749869.65", "fissile": "121896.845"}
    assert muf["BA"]["E"] == {"element": "2749515.05", "fissile": "121881.457"}


def _state(books: keiryo.Books) -> None:
    lines: Any = books.balance("XA").to_dict()["lines"]
    element = {code: by["E"]["element"] for code, by in lines.items() if "E" in by}
    assert element == {
        "PB": "7599007.25", "RF": "1541260", "FW": "1002.6", "NE": "12500", "SF": "40000",
        "LD": "1210.5", "TW": "3405.2", "LN": "42583.1", "ED": "436212.4", "BE": "8630358.65",
        "DI": "354.73", "BA": "8630003.92", "PE": "8629191.574", "MF": "812.346",
    }  # fmt: skip
    fissile = {code: lines[code]["E"]["fissile"] for code in ("PB", "BE", "DI", "PE", "MF")}
    assert fissile == {
        "PB": "267791.815", "BE": "299519.571", "DI": "15.394", "PE": "299468.059", "MF": "36.118",
    }  # fmt: skip


def _inventories(books: keiryo.Books) -> None:
    # 0.083307298933 is the exact sum of the listed batches of XALA, by hand and by Fraction.
    ending = {"XAFA": "5.430977308627", "XARA": "35.072090945825", "XALA": "0.083307298933"}
    opening = {"XAFA": "6.137182780413", "XARA": "22.7383657592", "XALA": "0.084583763"}
    counts = {
        "XAFA": {"E": "1.624605", "N": "0.029672"},
        "XARA": {"E": "2.368266", "P": "3.488688", "D": "0.021811"},
        "XALA": {"P": "0.01"},
    }
    rows = {"XAFA": 7, "XARA": 20, "XALA": 8}
    for mba in AREAS:
        data: Any = to_dict(books.inventory(mba, "2025-12-31"))
        assert data["effective_kg"] == ending[mba]
        assert len(data["batches"]) == rows[mba]
        assert {c: data["totals"][c]["sq"] for c in counts[mba]} == counts[mba]
        assert to_dict(books.inventory(mba, "2024-12-31"))["effective_kg"] == opening[mba]
    reactor: Any = to_dict(books.inventory("XARA", "2025-10-31"))
    items = {row["batch"]: row["items"] for row in reactor["batches"]}
    assert len(items) == sum(items.values()) == 14
    a02 = [row for row in reactor["batches"] if row["batch"] == "A02"]
    assert [(r["category"], r["element"], r["fissile"]) for r in a02] == [
        ("D", "436.2124", "2966.244"), ("P", "5310.2", None),
    ]  # fmt: skip


def _as_known(books: keiryo.Books) -> None:
    for day, element in (("2025-06-01", "1120.5"), ("20250708", "1210.5")):
        lines: Any = books.balance("XAFA", as_known=day).to_dict()["lines"]
        assert lines["LD"]["E"] == {"element": element, "fissile": "53.867"}
    before: Any = books.balance("XAFA", start="2025-01-01", end="2025-12-31", as_known=7).to_dict()[
        "lines"
    ]
    assert before["LD"]["E"]["element"] == "1120.5"


def _registers(books: keiryo.Books) -> None:
    with books.database.reading() as connection:
        metadata = books.database.metadata
        on_the_way = counter_accounts(connection, metadata, list(AREAS), parse_date("2025-09-30"))[
            "domestic_transit"
        ]
        ending = counter_accounts(connection, metadata, list(AREAS), parse_date("2025-12-31"))
    category = keiryo.Category.ENRICHED
    assert amount_dict(category, on_the_way[category]) == {
        "element": "1844833.5", "fissile": "82095.091"
    }  # fmt: skip
    assert amount_dict(category, ending["retained_waste"][category]) == {
        "element": "2402.6", "fissile": "106.915"
    }  # fmt: skip
    depleted = keiryo.Category.DEPLETED
    assert amount_dict(depleted, ending["exempt_use"][depleted]) == {"element": "30"}


def _nothing_appears_or_vanishes(books: keiryo.Books) -> None:
    """What the books of all areas gained in the year, the accounts against them lost."""
    with books.database.reading() as connection:
        against = counter_accounts(
            connection, books.database.metadata, list(AREAS), parse_date("2025-12-31")
        )
    for category in keiryo.Category:
        gained = 0
        for mba in AREAS:
            lines = books.balance(mba).lines
            if category in lines["BA"]:
                gained += lines["BA"][category].element_mg - lines["PB"][category].element_mg
        lost = sum(by[category].element_mg for by in against.values() if category in by)
        assert gained + lost == 0, category


def _ledger(books: keiryo.Books) -> None:
    frame = books.ledger("XAFA", category="E")
    assert frame.height == 13
    assert frame["element_book_mg"].to_list()[-1] == 2_749_515_050
    assert frame["fissile_book_mg"].to_list()[-1] == 121_881_457
    assert frame["element_book_mg"].to_list()[3] == 4_624_301_150
    assert frame["fissile_book_mg"].to_list()[:5] == [
        137_240_868, 205_826_068, 205_810_680, 205_756_813, 205_845_688
    ]  # fmt: skip


def _round_trip(books: keiryo.Books) -> None:
    with books.database.reading() as connection:
        for mba in AREAS:
            text = write(recorded_reports(connection, books.database.metadata, mba))
            wanted = (FOLDER / f"{mba}.txt").read_text()
            assert sorted(text.splitlines()) == sorted(wanted.splitlines())


def test_importing_again_changes_nothing(books: keiryo.Books) -> None:
    head = books.checkpoint()
    again = books.import_reports(
        [FOLDER / f"{mba}.txt" for mba in AREAS], context=FOLDER / "context.json"
    )
    assert {outcome.outcome for outcome in again.outcomes} == {"recorded before"}
    assert books.checkpoint() == head
