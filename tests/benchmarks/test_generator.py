"""The generated movements are always the same, and books and group-by answer alike."""

from __future__ import annotations

import datetime
import importlib
import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The modules of the folder of benchmarks."""
    monkeypatch.syspath_prepend(str(FOLDER))
    names = ("generate", "measuring", "ledger", "as_of")
    found = {name: importlib.import_module(name) for name in names}
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    return found


def test_same_seed_same_movements(bench: dict[str, ModuleType]) -> None:
    generate = bench["generate"]
    numbers = [0, 1, 7, 2**40, 2**63, 2**64 - 1]
    mixed = pl.DataFrame({"n": pl.Series(numbers, dtype=pl.UInt64)}).select(
        generate._mixed(pl.col("n"))
    )
    assert mixed["n"].to_list() == [generate.mixed(number) for number in numbers]
    once = pl.concat(generate.chunks(5_000))
    assert once.equals(pl.concat(generate.chunks(5_000)))
    assert not once.equals(pl.concat(generate.chunks(5_000, seed=8)))
    assert once.row(0) == FIRST and once.row(4_999) == LAST


FIRST = (1, 20150101, "YYAA", "XA48", "B00000001", "N", 352918998, 2509254, "RF")
LAST = (5000, 20241226, "XA43", "XA36", "B00000500", "E", 131797048, 5493432, "SD")


def test_movements_make_sense(
    bench: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = bench["generate"]
    whole = pl.concat(generate.chunks(20_000))
    monkeypatch.setattr(generate, "CHUNK_LINES", 700)
    assert whole.equals(pl.concat(generate.chunks(20_000)))
    assert whole["seq"].to_list() == list(range(1, 20_001)) and whole["date"].is_sorted()
    assert (whole["from_mba"] != whole["to_mba"]).all()
    per_batch = whole.group_by("batch").agg(pl.col("code").str.join(""))
    assert set(per_batch["code"]) == {"RF" + "SDRD" * 4 + "SD"}
    lines = bench["ledger"].ledger_lines(whole)
    sign = pl.when(pl.col("code") == "SD").then(-1).otherwise(1)
    running = lines.with_columns((sign * pl.col("element_mg")).alias("change"))
    left = running.with_columns(pl.col("change").cum_sum().over("batch", "mba").alias("left"))
    overdrawn = left.filter(pl.col("left") < 0)
    assert set(overdrawn["left"]) == {-1_000} and 10 <= overdrawn.height <= 30


@pytest.mark.parametrize("on", [datetime.date(2019, 6, 30), datetime.date(2019, 6, 15)])
def test_books_and_group_by_agree(
    bench: dict[str, ModuleType], tmp_path: Path, on: datetime.date
) -> None:
    generate, ledger, as_of = (bench[name] for name in ("generate", "ledger", "as_of"))
    database = ledger.new_books(tmp_path / "books.sqlite")
    files = generate.parquet(tmp_path, 3_000)
    ledger.post_movements(database, files, 1_300)
    movements = as_of.by_area(pl.scan_parquet(files))
    assert as_of.from_books(database, on) == as_of.grouped(movements, on) != {}
    database.close()
