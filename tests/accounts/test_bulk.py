"""Lines that come in frames: the same books, guards and sums as lines one by one."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from sqlalchemy import text

import keiryo
from keiryo.accounts.book_inventories import book_inventories
from keiryo.errors import RefusedError
from keiryo.journal.model import Draft
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.storage.schema import guards_missing

DAYS = [20250110, 20250120, 20250203]


@pytest.fixture
def books(database_url: str) -> keiryo.Books:
    books = keiryo.init(database_url, "XA", person="P-BULK")
    draft = Draft("place.register", "places")
    for mba, kind in (("XAFA", "bulk"), ("XARA", "item")):
        draft.add(AREA.name, area_values(MaterialBalanceArea("XA", f"{mba[:3]}-", mba, kind)))
    books.post(draft)
    return books


def frame(rows: int, **more: object) -> pl.DataFrame:
    days = [DAYS[number % 3] for number in range(rows)]
    columns = {
        "scope": ["XA/XAF-/XAFA"] * rows,
        "mba": ["XAFA"] * rows,
        "known_on": days,
        "code": ["RF" if number % 4 else "SF" for number in range(rows)],
        "event_date": days,
        "batch": [f"B-{number}" for number in range(rows)],
        "category": ["E"] * rows,
        "element_mg": [1000 + number for number in range(rows)],
        "fissile_mg": [45 + number % 7 for number in range(rows)],
        "fissile_basis": ["U-235"] * rows,
    }
    return pl.DataFrame({**columns, **{k: [v] * rows for k, v in more.items()}})


def bulk(client_id: str, *frames: pl.DataFrame) -> Draft:
    draft = Draft("bulk", client_id)
    draft.add_frames("inventory_change", iter(frames))
    return draft


def unguarded(books: keiryo.Books) -> list[str]:
    with books.database.reading() as connection:
        return guards_missing(connection, "inventory_change")


def test_frames_and_single_lines_give_the_same_books(books: keiryo.Books) -> None:
    rows = frame(500)
    books.post(bulk("all", rows.head(300), rows.tail(200)))
    once = books.balance("XAFA", start="2025-01-01", end="2025-12-31").lines
    assert unguarded(books) == []
    single = Draft("bulk", "again")
    for row in rows.to_dicts():
        single.add("inventory_change", row)
    books.post(single)
    twice = books.balance("XAFA", start="2025-01-01", end="2025-12-31").lines
    category = keiryo.Category.ENRICHED
    assert {c: by[category].element_mg * 2 for c, by in once.items()} == {
        c: by[category].element_mg for c, by in twice.items()
    }
    assert books.verify().sound


def test_a_refused_or_broken_bulk_act_leaves_the_guard_and_nothing_else(
    books: keiryo.Books,
) -> None:
    head = books.checkpoint()
    unknown = frame(50, mba="XAFZ")
    with pytest.raises(RefusedError):
        books.post(bulk("refused", unknown))
    negative = frame(50).with_columns(pl.lit(-5, pl.Int64).alias("element_mg"))
    with pytest.raises(RefusedError):
        books.post(bulk("negative", frame(50), negative))

    def broken() -> object:
        yield frame(50)
        raise OSError("the source went away")

    draft = Draft("bulk", "broken")
    draft.add_frames("inventory_change", broken())  # type: ignore[arg-type]
    with pytest.raises(OSError, match="went away"):
        books.post(draft)
    assert unguarded(books) == []
    assert books.checkpoint() == head
    with books.database.reading() as connection:
        for table in ("inventory_change", "book_sum"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_corrections_and_deletions_in_frames(books: keiryo.Books) -> None:
    act = books.post(bulk("first", frame(6, status="N"))).act.act_id
    corrected = frame(6, status="C").with_columns(
        pl.lit(7000, pl.Int64).alias("element_mg"),
        pl.lit(act, pl.Int64).alias("supersedes_act"),
        pl.Series("supersedes_line", range(1, 7), dtype=pl.Int64),
    )
    second = books.post(bulk("second", corrected.head(3))).act.act_id
    deleted = corrected.slice(3, 2).with_columns(pl.lit("D").alias("status"))
    books.post(bulk("third", deleted))
    found = books.balance("XAFA", start="2025-01-01", end="2025-12-31")
    lines = {c: by[keiryo.Category.ENRICHED].element_mg for c, by in found.lines.items()}
    assert lines["RF"] == 7000 + 7000 + 1005
    assert lines["SF"] == 7000
    before = books.balance("XAFA", start="2025-01-01", end="2025-12-31", as_known=act)
    assert before.lines["RF"][keiryo.Category.ENRICHED].element_mg == 1001 + 1002 + 1003 + 1005
    assert second == act + 1
    assert books.verify().sound


def test_all_books_at_once_are_those_asked_one_by_one(books: keiryo.Books) -> None:
    books.post(bulk("lines", frame(200)))
    listing = Draft("listing", "listing")
    listing.add(
        "physical_inventory",
        scope="XA/XAF-/XAFA", mba="XAFA", known_on=20250115, pit_date=20250115, batch="B",
        category="E", element_mg=90_000, fissile_mg=4_000, fissile_basis="U-235",
    )  # fmt: skip
    books.post(listing)
    for on in ("2025-01-12", "2025-01-15", "2025-01-25", "2025-02-28"):
        day = datetime.date.fromisoformat(on)
        with books.database.reading() as connection:
            together = book_inventories(connection, books.database.metadata, day)
        assert together["XARA"] == {}
        alone = books.inventory("XAFA", on).totals
        category = keiryo.Category.ENRICHED
        assert together["XAFA"][category].element_mg == alone[category].element_mg
        assert together["XAFA"][category].fissile_mg == alone[category].fissile_mg
