"""The generated movements as lines of the books, and books to post them to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from generate import ABROAD, ABROAD_AREA, AREAS, FACILITIES, STATE

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Actor, Draft
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.storage.engine import Database

ACTOR = Actor("bench", STATE)
SCOPES = [f"{STATE}/{facility}/{area}" for facility, area in zip(FACILITIES, AREAS, strict=True)]


def ledger_lines(movements: pl.DataFrame) -> pl.DataFrame:
    """Return the ledger lines of movements: a shipment is in the shipper's book, the rest in the
    receiver's."""
    shipped = pl.col("code") == "SD"
    mba = pl.when(shipped).then("from_mba").otherwise("to_mba")
    parties = {m: f"{STATE}/{m}" for m in AREAS} | {ABROAD_AREA: f"{ABROAD}/{ABROAD_AREA}"}
    return movements.select(
        mba.replace_strict(AREAS, SCOPES, return_dtype=pl.String).alias("scope"),
        mba.alias("mba"),
        pl.col("date").alias("known_on"),
        pl.col("code"),
        pl.col("date").alias("event_date"),
        pl.col("from_mba").replace_strict(parties, return_dtype=pl.String).alias("shipper"),
        pl.col("to_mba").replace_strict(parties, return_dtype=pl.String).alias("receiver"),
        pl.col("batch"),
        pl.col("category"),
        pl.col("element_mg"),
        pl.col("isotope_mg").alias("fissile_mg"),
        pl.when(pl.col("isotope_mg").is_not_null()).then(pl.lit("U-235")).alias("fissile_basis"),
    )


def read(files: list[Path]) -> Iterator[pl.DataFrame]:
    """Yield the movements file by file, as they are consumed."""
    for file in files:
        yield pl.read_parquet(file, memory_map=False)


def acts(files: list[Path], lines_per_act: int) -> Iterator[Iterator[pl.DataFrame]]:
    """Yield, for each act, its ledger lines in frames; an act takes up where the last ended."""
    frames = (ledger_lines(frame) for frame in read(files))
    rest: list[pl.DataFrame] = []

    def portion() -> Iterator[pl.DataFrame]:
        wanted = lines_per_act
        while wanted:
            frame = rest.pop() if rest else next(frames, None)
            if frame is None:
                return
            if frame.height > wanted:
                rest.append(frame.slice(wanted))
                frame = frame.head(wanted)
            wanted -= frame.height
            yield frame

    while True:
        if not rest:
            first = next(frames, None)
            if first is None:
                return
            rest.append(first)
        yield portion()


def new_books(place: str | Path) -> Database:
    """Return new books at `place` with the areas registered."""
    database = Database(place, builtin_registry())
    open_journal(database, STATE, ACTOR)
    draft = Draft("places.register", client_id="areas")
    for facility, code in zip(FACILITIES, AREAS, strict=True):
        draft.add(AREA.name, area_values(MaterialBalanceArea(STATE, facility, code, "item")))
    post(database, draft, ACTOR)
    return database


def post_movements(database: Database, files: list[Path], lines_per_act: int) -> None:
    """Post the movements in acts of `lines_per_act` lines."""
    for number, frames in enumerate(acts(files, lines_per_act), start=1):
        draft = Draft("movements.import", client_id=f"movements-{number}")
        draft.add_frames(INVENTORY_CHANGE.name, frames)
        post(database, draft, ACTOR)
