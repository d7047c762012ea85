"""The lists of a statement to a partner: transfers, exchanges, and what ended.

Quantities stand exactly, as decimals in the unit of the statement; only the table is in whole
units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import number_date
from keiryo.obligations.consents import RETRANSFER, Consent
from keiryo.obligations.holdings import FOLLOWED, Line, Move
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import Stated, consents
from keiryo.obligations.statement_reading import ledger_rows
from keiryo.obligations.statement_table import decimal_in

ABROAD = "abroad"
_ENDED = {
    "nuclear_loss": "consumed",
    "measured_discard": "discarded",
    "accidental": "lost",
    "terminated": "safeguards terminated",
}
LABEL_ENDED = "label ended"


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list, as plain values."""

    values: Mapping[str, Any]


def transfers(
    connection: Connection,
    metadata: MetaData,
    moves: Sequence[Move],
    partner: str,
    unit_mg: int,
) -> Iterator[Listed]:
    """Yield what came from abroad and went there under a label, line by line.

    The consents beside a shipment are those of the partner that hold for it on its day.
    """
    mine = [m for m in moves if ABROAD in (m.source.account, m.target.account)]
    rows = ledger_rows(connection, metadata, {m.line for m in mine})
    known = [one for one in consents(connection, metadata) if one.partner == partner]
    sums: dict[tuple[int, Line, bool, str, str, str], int] = {}
    for move in mine:
        out = move.target.account == ABROAD
        own = move.source if out else move.target
        if partner in labels_of(move.labels_from if out else move.labels_to):
            other = (move.target if out else move.source).name
            key = (move.day, move.line, out, own.mba, own.category, other)
            sums[key] = sums.get(key, 0) + move.element_mg
    for (day, line, out, mba, category, other), mg in sums.items():
        if not mg:
            continue
        row = rows.get(line, {})
        values = {
            "date": number_date(day).isoformat(),
            "direction": "shipment" if out else "receipt",
            "other_party": other or None,
            "mba": mba,
            "batch": row.get("batch"),
            "shipper_batch": row.get("shipper_batch"),
            "category": category,
            "quantity": decimal_in(mg, unit_mg),
            "consents": _covering(known, other, day) if out else [],
            "record": _record(line),
        }
        yield Listed(values)


def exchanges(
    moves: Iterable[Move], stated: Stated, partner: str, unit_mg: int
) -> Iterator[Listed]:
    """Yield the exchanges that gave a label to material or took it away."""
    said = {Line(int(r["act_id"]), int(r["line_no"])): r for r in stated.exchanges}
    for move in moves:
        under = partner in labels_of(move.labels_from), partner in labels_of(move.labels_to)
        if move.kind != "EXCHANGE" or under[0] == under[1]:
            continue
        row = said.get(move.line, {})
        values = {
            "date": number_date(move.day).isoformat(),
            "exchange": row.get("exchange"),
            "change": "gains the label" if under[1] else "gives the label",
            "mba": move.target.mba,
            "holding": move.target.name,
            "category": move.target.category,
            "quantity": decimal_in(move.element_mg, unit_mg),
            "consents": str(row.get("consents") or "").split(),
            "reason": row.get("reason"),
            "record": _record(move.line),
        }
        yield Listed(values)


def ended(moves: Iterable[Move], stated: Stated, partner: str, unit_mg: int) -> Iterator[Listed]:
    """Yield what is under the label no more without being shipped: consumed, discarded, ended.

    Retained waste keeps its label and is not among it.
    """
    decided = {Line(int(r["act_id"]), int(r["line_no"])): r for r in stated.relabellings}
    sums: dict[tuple[int, str, str, str, str, Line], int] = {}
    for move in moves:
        what = _what_ended(move, partner)
        if what is not None:
            source = move.source
            key = (move.day, what, source.mba, source.name, source.category, move.line)
            sums[key] = sums.get(key, 0) + move.element_mg
    for (day, what, mba, holding, category, line), mg in sums.items():
        if mg:
            row = decided.get(line, {})
            values = {
                "date": number_date(day).isoformat(),
                "what": what,
                "mba": mba,
                "holding": holding,
                "category": category,
                "quantity": decimal_in(mg, unit_mg),
                "decision": row.get("reason"),
                "record": _record(line),
            }
            yield Listed(values)


def _what_ended(move: Move, partner: str) -> str | None:
    if move.source.account not in FOLLOWED or partner not in labels_of(move.labels_from):
        return None
    if move.kind == "RELABEL":
        return None if partner in labels_of(move.labels_to) else LABEL_ENDED
    return _ENDED.get(move.target.account)


def _covering(known: Iterable[Consent], place: str, day: int) -> list[str]:
    state = place.partition("/")[0]
    on = number_date(day)
    return sorted(
        one.reference
        for one in known
        if one.covers(RETRANSFER, state, on) or one.covers(RETRANSFER, place, on)
    )


def _record(line: Line) -> str:
    return f"{line.act}/{line.line}"
