"""Small books with labels, for statements and reports: lines of the ledger posted directly."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import keiryo
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.api import Books
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.registry import Registry
from keiryo.obligations.statement_checks import STATEMENT_CHECKS
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.storage.engine import Database

KG = 1_000_000
_names = itertools.count(1)


def clock() -> datetime:
    """Return a time after every day that is used."""
    return datetime(2027, 3, 1, tzinfo=UTC)


def books_of(url: str, **follow_up: bool) -> Books:
    """Return books with areas of a facility XAF-, and three labels."""
    made = keiryo.init(url, "XA", person="P-TEST2345")
    draft = Draft("places", "test:places")
    for code, by_batch in follow_up.items():
        kind = "item" if by_batch else "bulk"
        place = MaterialBalanceArea("XA", "XAF-", code, kind, by_batch, "Asia/Tokyo", None)
        draft.add(AREA.name, area_values(place))
    post(made.database, draft, made.actor, clock=clock)
    for label in ("AU", "CA", "US"):
        words = {"kind": "State", "agreement_words": f"Agreement with {label}"}
        put(
            made,
            "obligations.record",
            ("obligation_label", {"label": label, "name": label, **words}),
        )
    for label in ("AU", "CA"):
        consent = {
            "consent": f"{label}-1",
            "partner": label,
            "step": "retransfer",
            "words": "Art. 5",
        }
        put(made, "obligations.record", ("obligation_consent", {**consent, "destinations": "US"}))
    put(
        made, "obligations.begin", ("obligation_beginning", {"on_day": 20241231, "reason": "begin"})
    )
    return made


def put(books: Books, kind: str, *lines: tuple[str, dict[str, Any]]) -> int:
    """Post lines as one act; its number."""
    draft = Draft(kind, f"test:{next(_names)}:{id(books)}")
    for name, values in lines:
        mba = values.get("mba")
        scope = f"XA/XAF-/{mba}" if mba else "XA"
        draft.add(name, {"scope": scope, **values})
    return post(books.database, draft, books.actor, clock=clock).act.act_id


def change(mba: str, code: str, day: int, batch: str, category: str, mg: int, **more: Any) -> Any:
    """Return a line of the ledger."""
    values = {
        "mba": mba, "known_on": day, "code": code, "event_date": day, "batch": batch,
        "category": category, "element_mg": mg, "status": "N", **more,
    }  # fmt: skip
    return INVENTORY_CHANGE.name, values


def listed(mba: str, day: int, batch: str, category: str, mg: int) -> Any:
    """Return a line of a physical inventory."""
    values = {
        "mba": mba, "known_on": day, "pit_date": day, "batch": batch, "category": category,
        "element_mg": mg, "status": "N",
    }  # fmt: skip
    return PHYSICAL_INVENTORY.name, values


def receipt_labels(mba: str, batch: str, day: int, **shares: str) -> Any:
    """Return the lines that state the labels of a receipt; ``AU_US="3/5"``."""
    names = {"none": "-"}
    about = {"mba": mba, "batch": batch, "event_date": day, "document": f"DOC-{batch}"}
    return [
        (
            "obligation_receipt",
            {**about, "share": share, "labels": names.get(key, key.replace("_", "+"))},
        )
        for key, share in shares.items()
    ]


def receive(
    books: Books, mba: str, batch: str, day: int, category: str, mg: int, **shares: str
) -> int:
    """Post a receipt from abroad with its labels; the act."""
    place = {"shipper": "US/XUAA", "receiver": f"XA/{mba}", "shipper_batch": f"S-{batch}"}
    put(books, "obligations.receipt", *receipt_labels(mba, batch, day, **shares))
    return put(books, "ledger", change(mba, "RF", day, batch, category, mg, **place))


def reading(books: Books, question: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Ask a question of the books."""
    with books.database.reading() as connection:
        return question(connection, books.database.metadata, *args, **named)


def checked(url: str) -> Database:
    """Return the books of a place with the checks of statements, whether they are wired or not."""
    found = tuple(
        replace(one, checks=tuple(dict.fromkeys((*one.checks, *STATEMENT_CHECKS))))
        if one.name == "obligations"
        else one
        for one in builtin_registry().capabilities
    )
    return Database(url, Registry(found))
