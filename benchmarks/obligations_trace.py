"""The way back of one batch through many blends, and what acts take in books of that size.

Two batches make one, and that with the next import makes another, in chains that are blended with
each other: every blend is on the way of the last batch.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from measuring import CACHE, Clock, fresh, tell

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Actor, Draft
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.obligations.trace import trace
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.storage.engine import Database

STATE, MBA = "XA", "XABL"
ACTOR = Actor("bench", STATE)
SETS = ("AU", "AU+US", "CA", "CA+US", "KZ", "-")
FIRST_DAY = datetime.date(2015, 1, 1)
BLENDS_A_DAY, LINES_PER_ACT, TIMES = 40, 100_000, 5
ACTS, LINES_A_MONTH = 5, 100
IMPORT_MG = 1_000_000


def number_of(day: int) -> int:
    """Return the day that is some days after the first as YYYYMMDD."""
    at = FIRST_DAY + datetime.timedelta(days=day)
    return at.year * 10_000 + at.month * 100 + at.day


def lines(blends: int, first: int = 0) -> Iterator[tuple[Any, ...]]:
    """Yield day, code, batch, element weight and shipper: each blend takes a new import in."""
    for number in range(first, first + blends):
        day, state = number_of(number // BLENDS_A_DAY), f"Z{chr(65 + number % 6)}"
        yield day, "RF", f"I-{number}", IMPORT_MG, f"{state}/ZZAA"
        if number == 0:
            yield day, "RF", "B-0", IMPORT_MG, "ZA/ZZAA"
        held = IMPORT_MG * (number + 1)
        yield day, "RM", f"B-{number}", held, None
        yield day, "RM", f"I-{number}", IMPORT_MG, None
        yield day, "RP", f"B-{number + 1}", held + IMPORT_MG, None


def frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Return ledger lines."""
    names = ("event_date", "code", "batch", "element_mg", "shipper")
    made = pl.DataFrame(rows, schema=names, orient="row")
    return made.with_columns(
        pl.lit(f"{STATE}/XAF-/{MBA}").alias("scope"),
        pl.lit(MBA).alias("mba"),
        pl.col("event_date").alias("known_on"),
        pl.lit("E").alias("category"),
        pl.lit(f"{STATE}/{MBA}").alias("receiver"),
    )


def new_books(place: Path) -> Database:
    """Return new books with the area and the rules of origin."""
    place.parent.mkdir(exist_ok=True)
    for end in ("", "-wal", "-shm"):
        Path(f"{place}{end}").unlink(missing_ok=True)
    database = Database(place, builtin_registry())
    open_journal(database, STATE, ACTOR)
    draft = Draft("places.register", client_id="areas")
    draft.add(AREA.name, area_values(MaterialBalanceArea(STATE, "XAF-", MBA, "item")))
    post(database, draft, ACTOR)
    state = {"scope": STATE}
    draft = Draft("obligations.record", client_id="labels")
    for label in ("AU", "CA", "KZ", "US"):
        draft.add("obligation_label", {**state, "label": label, "name": label, "kind": "State"})
    post(database, draft, ACTOR)
    draft = Draft("obligations.record", client_id="rules")
    for place_no, labels in enumerate(SETS):
        of = f"Z{chr(65 + place_no)}"
        rule = {"rule": of, "place": of, "labels": labels, "reason": "as agreed"}
        draft.add("obligation_origin_rule", {**state, **rule})
    post(database, draft, ACTOR)
    draft = Draft("obligations.begin", client_id="begin")
    draft.add("obligation_beginning", {**state, "on_day": 20141231, "reason": "the books begin"})
    post(database, draft, ACTOR)
    return database


def make(blends: int) -> Clock:
    """Post the blends and return how long it took."""
    database = new_books(CACHE / f"trace-{blends}.sqlite")
    rows = list(lines(blends))
    clock = Clock()
    for number, first in enumerate(range(0, len(rows), LINES_PER_ACT)):
        draft = Draft("movements.import", client_id=f"blends-{number}")
        draft.add_frames(INVENTORY_CHANGE.name, [frame(rows[first : first + LINES_PER_ACT])])
        with clock:
            post(database, draft, ACTOR)
    database.close()
    return clock


def ask(blends: int) -> dict[str, Any]:
    """Trace the last batch several times; every blend and import must be on its way."""
    database = Database(CACHE / f"trace-{blends}.sqlite", builtin_registry())
    seconds = []
    for _ in range(TIMES):
        with database.reading() as connection, Clock() as clock:
            found = trace(connection, database.metadata, f"{MBA}/B-{blends}")
        seconds.append(clock.seconds)
    assert len(found.path) == 3 * blends + 1, len(found.path)
    posting = []
    for number in range(ACTS):
        first = blends + number * LINES_A_MONTH // 4
        draft = Draft("movements.import", client_id=f"month-{datetime.datetime.now()}")
        draft.add_frames(INVENTORY_CHANGE.name, [frame(list(lines(LINES_A_MONTH // 4, first)))])
        with Clock() as clock:
            post(database, draft, ACTOR)
        posting.append(clock.seconds)
    database.close()
    return {"trace": min(seconds), "act_of_a_month": min(posting), "steps": len(found.path)}


def measure(blends: int) -> dict[str, Any]:
    """Return the seconds of posting, of a trace and of an act of a hundred lines."""
    made = fresh("obligations_trace.py", "make", blends)
    return {"blends": blends, "made": made, **fresh("obligations_trace.py", "ask", blends)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=("make", "ask", "all"))
    parser.add_argument("blends", type=int)
    asked = parser.parse_args()
    if asked.way == "make":
        tell(make(asked.blends))
    elif asked.way == "ask":
        with Clock() as clock:
            found = ask(asked.blends)
        tell(clock, **found)
    else:
        found = measure(asked.blends)
        print(
            f"{asked.blends:,} blends: trace {found['trace']:.2f} s (goal 1 s), an act of "
            f"{LINES_A_MONTH} lines {found['act_of_a_month']:.2f} s (goal 0.3 s), posting all "
            f"{found['made']['seconds']:.0f} s"
        )


if __name__ == "__main__":
    main()
