"""Obligation balances of eight partners against plain material balances over the same lines.

The movements of the other benchmarks are posted to books in which one area of six is bulk, so that
what passes it is mixed; what comes from abroad is under the labels that a rule says for the area
and category. The same lines are posted once without labels, for what labels cost.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import generate
import ledger
from measuring import CACHE, Clock, fresh, peak_mb, tell

from keiryo.accounts.balance import balance
from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Draft
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.obligations.balances import cells_on
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.storage.engine import Database

PARTNERS = ("AU", "CA", "CN", "EURATOM", "FR", "GB", "KZ", "US")
SETS = (*PARTNERS, "AU+US", "CA+US", "EURATOM+US", "-")
BULK_OF = 6
LINES_PER_ACT = 100_000
ON = datetime.date(2019, 6, 15)
TIMES = 5


def new_books(place: Path, *, labels: bool) -> Database:
    """Return new books with the areas, and with the labels of what comes from abroad."""
    database = Database(place, builtin_registry())
    open_journal(database, generate.STATE, ledger.ACTOR)
    draft = Draft("places.register", client_id="areas")
    places = list(zip(generate.FACILITIES, generate.AREAS, strict=True))
    for number, (facility, code) in enumerate(places):
        bulk = number % BULK_OF == 0
        kind = "bulk" if bulk else "item"
        area = MaterialBalanceArea(generate.STATE, facility, code, kind, batch_follow_up=not bulk)
        draft.add(AREA.name, area_values(area))
    post(database, draft, ledger.ACTOR)
    if labels:
        _begin(database)
    return database


def _begin(database: Database) -> None:
    state = {"scope": generate.STATE}
    draft = Draft("obligations.record", client_id="labels")
    for label in PARTNERS:
        kind = "organisation" if len(label) > 2 else "State"
        draft.add("obligation_label", {**state, "label": label, "name": label, "kind": kind})
    post(database, draft, ledger.ACTOR)
    draft = Draft("obligations.record", client_id="rules")
    for number, code in enumerate(generate.AREAS):
        for place, letter in enumerate(generate.CATEGORIES):
            rule = {"rule": f"{code} {letter}", "mba": code, "categories": letter}
            chosen = SETS[(number * 5 + place * 7) % len(SETS)]
            more = {"place": generate.ABROAD, "labels": chosen, "reason": "as agreed"}
            draft.add("obligation_origin_rule", {**state, **rule, **more})
    post(database, draft, ledger.ACTOR)
    draft = Draft("obligations.begin", client_id="begin")
    begin = {"on_day": 20141231, "reason": "the books begin"}
    draft.add("obligation_beginning", {**state, **begin})
    post(database, draft, ledger.ACTOR)


def path(lines: int, *, labels: bool) -> Path:
    """Return where the books are kept."""
    return CACHE / f"obligations-{lines}-{'labels' if labels else 'plain'}.sqlite"


def make(lines: int, *, labels: bool) -> Clock:
    """Post the movements to new books and return how long the posting took."""
    place = path(lines, labels=labels)
    place.parent.mkdir(exist_ok=True)
    for end in ("", "-wal", "-shm", ".finished"):
        Path(f"{place}{end}").unlink(missing_ok=True)
    database = new_books(place, labels=labels)
    files = generate.parquet(CACHE, lines)
    clock = Clock()
    for number, frames in enumerate(ledger.acts(files, LINES_PER_ACT), start=1):
        draft = Draft("movements.import", client_id=f"movements-{number}")
        draft.add_frames(INVENTORY_CHANGE.name, frames)
        with clock:
            post(database, draft, ledger.ACTOR)
    database.close()
    return clock


def best_of(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Ask several times; return the quickest and the answer."""
    seconds = []
    answer = None
    for _ in range(TIMES):
        with Clock() as clock:
            answer = ask()
        seconds.append(clock.seconds)
    return min(seconds), answer


def questions(database: Database) -> dict[str, Any]:
    """Ask for the balances of all areas, with and without labels; both must add up to the same."""
    with database.reading() as connection:
        metadata = database.metadata

        def plain() -> dict[tuple[str, str], int]:
            found: dict[tuple[str, str], int] = {}
            for mba in generate.AREAS:
                of_area = balance(connection, metadata, mba, start=generate.FIRST_DAY, end=ON)
                for category, amount in of_area.lines["BE"].items():
                    if amount.element_mg:
                        found[mba, str(category)] = amount.element_mg
            return found

        def labelled() -> dict[tuple[str, str], dict[str, int]]:
            return cells_on(connection, metadata, ON)

        plain_seconds, book = best_of(plain)
        label_seconds, cells = best_of(labelled)
    sums = {key: sum(own.values()) for key, own in cells.items()}
    assert {key: mg for key, mg in sums.items() if mg} == book, "labels do not add up to the book"
    count = sum(len(own) for own in cells.values())
    return {"plain": plain_seconds, "labels": label_seconds, "cells": count}


def measure(lines: int) -> dict[str, Any]:
    """Return the seconds of each part; raise AssertionError if balances differ."""
    found = {way: fresh("obligations_balances.py", way, lines) for way in ("plain", "labels")}
    return {"lines": lines, **found, "ask": fresh("obligations_balances.py", "ask", lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=("plain", "labels", "ask", "all"))
    parser.add_argument("lines", type=int)
    asked = parser.parse_args()
    if asked.way == "all":
        found = measure(asked.lines)
        ask = found["ask"]
        ratio = ask["labels_seconds"] / ask["plain_seconds"]
        more = found["labels"]["seconds"] / found["plain"]["seconds"]
        print(
            f"{asked.lines:,} lines: balances {ratio:.2f} x plain (goal 3), {ask['cells']:,} "
            f"cells; posting {more:.1f} x plain, {found['labels']['seconds']:.0f} s, "
            f"{found['labels']['peak_mb']:.0f} MB"
        )
    elif asked.way == "ask":
        with Clock() as clock:
            database = Database(path(asked.lines, labels=True), builtin_registry())
        answer = questions(database)
        tell(
            clock,
            plain_seconds=answer["plain"],
            labels_seconds=answer["labels"],
            cells=answer["cells"],
        )
    else:
        tell(make(asked.lines, labels=asked.way == "labels"), peak=peak_mb())


if __name__ == "__main__":
    main()
