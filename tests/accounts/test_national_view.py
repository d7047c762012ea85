"""The national view: L and H are the enriched uranium of the books, batch by batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cases.making import change, listed
from keiryo.accounts.model import Amount, Knowledge, total
from keiryo.accounts.national_view import (
    NationalInventory,
    national_category,
    national_inventory,
    to_dict,
)
from keiryo.cli import deadlines as commands
from keiryo.profiles import profile
from keiryo.quantities import Category
from small_books import SmallBooks, area, batch

DAY = date(2025, 6, 30)
SPLIT = ("N", "D", "L", "H", "P", "T")
MIXED = area(
    "item",
    batch("HEU-1", 1, _630="1000", _670="930"),
    batch("LEU-1", 1, _630="9000", _670="90"),
    batch("EDGE", 1, _630="100", _670="20"),
    batch("NEAR", 1, _630="100.5", _670="20.05"),
    batch("SPENT", 1, "B/Q/1/G", _630="400", _670="2", _700="3"),
    batch("NAT", 0, _610="50"),
    batch("DEP", 0, _620="7"),
    batch("THO", 0, _800="2"),
)


def view(books: SmallBooks, mba: str, name: str = "hl_split", **known: Any) -> NationalInventory:
    with books.database.reading() as connection:
        return national_inventory(
            *(connection, books.database.metadata, mba, DAY, profile(name, DAY)),
            Knowledge(**known),
        )


@pytest.fixture
def books(sqlite_url: str) -> Iterator[SmallBooks]:
    found = SmallBooks(sqlite_url, XHFA=MIXED)
    yield found
    found.database.close()


def totals(found: NationalInventory) -> dict[str, tuple[str, str | None, str]]:
    data: Any = to_dict(found)["totals"]
    return {k: (v["element"], v["fissile"], v["unit"]) for k, v in data.items()}


def test_categories_by_batch(books: SmallBooks) -> None:
    found = view(books, "XHFA")
    letters = {(row.batch.batch, str(row.batch.category)): row.category for row in found.batches}
    assert letters == {
        ("HEU-1", "E"): "H",
        ("LEU-1", "E"): "L",
        ("EDGE", "E"): "H",
        ("NEAR", "E"): "L",
        ("SPENT", "E"): "L",
        ("SPENT", "P"): "P",
        ("NAT", "N"): "N",
        ("DEP", "D"): "D",
        ("THO", "T"): "T",
    }
    remarks = {row.batch.batch: row for row in found.batches if row.remark}
    assert set(remarks) == {"EDGE", "SPENT"}
    assert remarks["EDGE"].straddles
    low, high = remarks["EDGE"].interval or (None, None)
    assert (low, high) == (pytest.approx(19.5 / 100.5), pytest.approx(20.5 / 99.5))
    assert "depleted by its weights" in remarks["SPENT"].remark
    assert totals(found) == {
        "N": ("50", None, "kg"),
        "D": ("7", None, "kg"),
        "L": ("9500.5", "112.05", "g"),
        "H": ("1100", "950", "g"),
        "P": ("3", None, "g"),
        "T": ("2", None, "kg"),
    }


def test_other_views(books: SmallBooks) -> None:
    unified = view(books, "XHFA", "code10_unified")
    assert totals(unified)["U"] == ("67600.5", None, "g")
    assert set(unified.totals) == {"U", "P", "T"}
    model = view(books, "XHFA", "code10")
    assert dict(model.totals) == {str(c): amount for c, amount in model.code10_totals.items()}
    assert unified.movements == model.movements == ()


def test_rounding_of_the_profile_widens_the_interval(books: SmallBooks) -> None:
    near = next(row for row in view(books, "XHFA").batches if row.batch.batch == "NEAR")
    assert not near.straddles  # 19.95 % to the milligram
    assert near.interval is not None and near.interval[0] < near.interval[1]


@pytest.mark.parametrize(
    ("category", "element", "fissile", "letter"),
    [
        ("E", 1000, 200, "H"),
        ("E", 1000, 199, "L"),
        ("E", 1000, 5, "L"),
        ("E", 1000, None, "E"),
        ("E", -1000, -930, "H"),
        ("E", 1000, -5, "E"),
        ("E", 0, 3, "E"),
        ("U", 1000, 930, "H"),
        ("U", 100_000, 711, "N"),
        ("U", 1000, 2, "D"),
        ("U", 1000, None, "U"),
        ("N", 1000, None, "N"),
        ("P", 10, None, "P"),
    ],
)
def test_category(category: str, element: int, fissile: int | None, letter: str) -> None:
    assert national_category(Category(category), element, fissile, SPLIT) == letter


def test_dilution_by_rebatching(books: SmallBooks) -> None:
    """Code 10 sees a rebatching of enriched uranium; the national view sees H become L."""
    outcome = books.send(
        "XHFA",
        1,
        change("RM", "20250110", "HEU-1", "630:1000 670:930", items=1),
        change("RM", "20250110", "LEU-1", "630:9000 670:90", items=1),
        change("RP", "20250110", "BLEND", "630:10000 670:1020", items=1),
        reason="a test",
    )
    assert outcome.outcome == "accepted", outcome.findings
    before, after = view(books, "XHFA", through_act=2), view(books, "XHFA")
    assert after.code10_totals == before.code10_totals
    assert totals(after)["H"] == ("100", "20", "g")
    assert totals(after)["L"] == ("10500.5", "1042.05", "g")
    (moved,) = after.movements
    assert (moved.old, moved.new, moved.code, moved.day) == ("H", "L", "RM/RP", date(2025, 1, 10))
    assert (moved.amount.element_mg, moved.amount.fissile_mg) == (1_000_000, 930_000)
    assert before.movements == ()


def test_dilution_within_a_batch(books: SmallBooks) -> None:
    outcome = books.send(
        "XHFA",
        1,
        change("DE", "20250110", "HEU-1", "620:4 630:4000 670:8 780:8", items=1),
        reason="a test",
    )
    assert outcome.outcome == "accepted", outcome.findings
    found = view(books, "XHFA")
    (moved,) = found.movements
    assert (moved.batch, moved.code, moved.report) == ("HEU-1", "DE", "1/1")
    assert (moved.old, moved.new) == ("H", "L")
    assert moved.amount.element_mg == 1_000_000
    assert moved.after is not None and float(moved.after) == pytest.approx(0.1876)
    data: Any = to_dict(found)
    assert data["movements"][0]["before"] == "93.000"
    assert data["movements"][0]["after"] == "18.760"


def test_burning_over_the_limit(books: SmallBooks) -> None:
    burnt = change("LN", "20250110", "EDGE", "630:10 670:5", mdc="B/Q/1/G", items=1)
    outcome = books.send("XHFA", 1, burnt, reason="a test")
    assert outcome.outcome == "accepted", outcome.findings
    (moved,) = view(books, "XHFA").movements
    assert (moved.old, moved.new, moved.amount.element_mg) == ("H", "L", 90_000)


def test_rebatching_within_a_class_moves_nothing(books: SmallBooks) -> None:
    outcome = books.send(
        "XHFA",
        1,
        change("RM", "20250110", "HEU-1", "630:1000 670:930", items=1),
        change("RP", "20250110", "HEU-2", "630:400 670:372", items=1),
        change("RP", "20250110", "HEU-3", "630:600 670:558", items=1),
        reason="a test",
    )
    assert outcome.outcome == "accepted", outcome.findings
    assert view(books, "XHFA").movements == ()


def test_a_new_listing_begins_anew(books: SmallBooks) -> None:
    """What a physical inventory finds is no movement."""
    books.send(
        "XHFA", 1, listed("HEU-1", "630:1000 670:150", items=1),
        kind="P", date="20250405", period="20250331", reason="a test",
    )  # fmt: skip
    found = view(books, "XHFA")
    assert found.movements == ()
    assert set(found.totals) == {"L"}


def test_a_pool_has_one_enrichment(sqlite_url: str) -> None:
    bulk = area("bulk", batch("A", _630="1000", _670="45"), batch("B", _630="10", _670="9"))
    books = SmallBooks(sqlite_url, XHFA=bulk)
    books.send("XHFA", 1, change("LD", "20250104", "W", "630:5 670:0.2"))
    found = view(books, "XHFA")
    assert [row.remark for row in found.batches] == ["average of the pool"]
    assert totals(found) == {"L": ("1005", "53.8", "g")}


# --- the law --------------------------------------------------------------------------------------

NUMBER = count()
weights = st.integers(1, 10**7)


@st.composite
def holdings(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 6))):
        letter = draw(st.sampled_from("EEENDPT"))
        element = draw(weights)
        text = f"{element // 1000}.{element % 1000:03d}"
        if letter == "E":
            fissile = draw(st.one_of(st.integers(0, element), st.just(element // 5)))
            labels = {"_630": text, "_670": f"{fissile // 1000}.{fissile % 1000:03d}"}
        else:
            labels = {{"N": "_610", "D": "_620", "P": "_700", "T": "_800"}[letter]: text}
        found.append(batch(f"B{number}", draw(st.integers(0, 1)), **labels))
    return found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBooks]:
    found = SmallBooks(f"sqlite:///{tmp_path_factory.mktemp('view') / 'books.sqlite'}")
    yield found
    found.database.close()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(holdings(), st.sampled_from(["bulk", "item"]), st.booleans())
def test_sums_are_those_of_the_books(
    many: SmallBooks, held: list[dict[str, Any]], kind: str, draws: bool
) -> None:
    mba = f"V{next(NUMBER):03d}"
    assert many.begin({mba: area(kind, *held)}).context_act is not None
    if draws:
        waste = change("TW", "20250104", "W", "630:1 670:0.5")
        many.send(mba, 1, waste, date="20250210", reason="a test")
    found = view(many, mba)
    parts: dict[str, list[Amount]] = {}
    for letter, amount in found.totals.items():
        parts.setdefault("E" if letter in "LHE" else letter, []).append(amount)
    sums = {letter: total(amounts) for letter, amounts in parts.items()}
    expected = {str(c): a for c, a in found.code10_totals.items()}
    assert {k: a for k, a in sums.items() if not a.is_zero} == expected
    unified = view(many, mba, "code10_unified").totals
    uranium = [a.element_mg for c, a in expected.items() if c in "NDE"]
    assert unified.get("U", Amount()).element_mg == sum(uranium)
    for row in found.batches:
        if row.interval is not None and row.batch.enrichment is not None:
            assert row.interval[0] <= row.batch.enrichment <= row.interval[1]
            assert row.straddles or (row.category == "H") == (row.interval[0] >= 0.2)


def test_command(books: SmallBooks) -> None:
    app = typer.Typer()
    commands.register(app)

    def run(*arguments: str) -> Any:
        url = ("--db", books.database.url, "--on", "2025-06-30")
        return CliRunner().invoke(app, ["national-view", "XHFA", *url, *arguments])

    result = run()
    assert result.exit_code == 0, result.output
    assert "total H: element 1100 g, fissile 950 g" in result.stdout
    data = json.loads(run("--format", "json").stdout)
    assert data["totals"]["L"] == {"element": "9500.5", "fissile": "112.05", "unit": "g"}
    assert [b["batch"] for b in data["batches"] if b["straddles"]] == ["EDGE"]
    assert run("--format", "csv").stdout.startswith("batch,kmp,mdc,code10,category")
    assert run("--profile", "euratom").exit_code == 0
