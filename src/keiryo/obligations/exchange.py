"""Exchange of obligations: labels change places on equal quantities of like material.

Two holders exchange labels without moving anything. Conditions: both hold at least as much, of the
same kind; substitution by lower-quality material is not allowed; no mark vanishes; and across a
border everybody whose label moves has consented.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

from keiryo.errors import Finding, Severity
from keiryo.obligations.labels import UNOBLIGATED, labels_of

BASIS = "docs/theory/obligations.md"


@dataclass(frozen=True, slots=True)
class Holding:
    """One side of an exchange: a quantity under one label set.

    Attributes
    ----------
    state, mba : str
    category : str
        Element category, with the state of irradiation where that is told apart.
    key : str
        Its label set.
    cell_mg : int
        What is held under that set.
    enrichment : Fraction
        Fissile share of the element.
    irradiated : bool
    reported_through : datetime.date or None
        Last day that was reported already.
    """

    state: str
    mba: str
    category: str
    key: str
    cell_mg: int
    enrichment: Fraction
    irradiated: bool = False
    reported_through: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is exchanged: an equal quantity, and the labels that go each way.

    Attributes
    ----------
    one, other : Holding
    amount_mg : int
    from_one, from_other : frozenset of str
        Labels that move; default in `exchange_of`: all of each set.
    on : datetime.date
    """

    one: Holding
    other: Holding
    amount_mg: int
    from_one: frozenset[str]
    from_other: frozenset[str]
    on: datetime.date


def exchange_of(
    one: Holding,
    other: Holding,
    amount_mg: int,
    on: datetime.date,
    from_one: Collection[str] | None = None,
    from_other: Collection[str] | None = None,
) -> Exchange:
    """Return an exchange of all labels, or of those that are named."""
    return Exchange(
        one,
        other,
        amount_mg,
        labels_of(one.key) if from_one is None else frozenset(from_one),
        labels_of(other.key) if from_other is None else frozenset(from_other),
        on,
    )


def keys_after(exchange: Exchange) -> tuple[str, str]:
    """Return the label sets of the exchanged quantity on both sides afterwards."""
    first, second = labels_of(exchange.one.key), labels_of(exchange.other.key)
    return (
        "+".join(sorted((first - exchange.from_one) | exchange.from_other)) or UNOBLIGATED,
        "+".join(sorted((second - exchange.from_other) | exchange.from_one)) or UNOBLIGATED,
    )


def exchange_findings(exchange: Exchange, consents: Collection[str] = ()) -> list[Finding]:
    """Return everything that speaks against an exchange.

    Parameters
    ----------
    exchange : Exchange
    consents : collection of str
        Partners that consented to it, where it goes across a border.
    """
    return [
        *_labels_move(exchange),
        *_both_hold_enough(exchange),
        *_alike(exchange),
        *_no_mark_vanishes(exchange),
        *_consented(exchange, consents),
        *_in_open_periods(exchange),
    ]


def _labels_move(exchange: Exchange) -> Iterator[Finding]:
    if not exchange.from_one and not exchange.from_other:
        yield _finding("EXCHANGE-EMPTY", "no label would move", "Name the labels.")
    sides = ((exchange.one, exchange.from_one), (exchange.other, exchange.from_other))
    for held, moved in sides:
        if missing := moved - labels_of(held.key):
            yield _finding(
                "EXCHANGE-LABELS",
                f"{', '.join(sorted(missing))} would move from material that is not under it",
                "Name labels that the material carries.",
            )


def _both_hold_enough(exchange: Exchange) -> Iterator[Finding]:
    for held in (exchange.one, exchange.other):
        if exchange.amount_mg <= 0 or held.cell_mg < exchange.amount_mg:
            yield _finding(
                "EXCHANGE-QUANTITY",
                f"{held.mba} holds {held.cell_mg} mg under {held.key}, "
                f"{exchange.amount_mg} mg are to be exchanged",
                "Exchange at most what both hold.",
            )


def _alike(exchange: Exchange) -> Iterator[Finding]:
    one, other = exchange.one, exchange.other
    if (one.category, one.irradiated) != (other.category, other.irradiated):
        yield _finding(
            "EXCHANGE-KIND",
            f"{one.mba} holds {_kind(one)}, {other.mba} holds {_kind(other)}",
            "Exchange labels between like materials only.",
        )
    elif one.enrichment != other.enrichment:
        yield _finding(
            "EXCHANGE-QUALITY",
            f"the materials have {float(one.enrichment):.4%} and "
            f"{float(other.enrichment):.4%} fissile",
            "What receives a label may not be of lower quality, and both sides must have the "
            "same element and fissile weight; an agreement may fix a conversion.",
        )


def _no_mark_vanishes(exchange: Exchange) -> Iterator[Finding]:
    first, second = labels_of(exchange.one.key), labels_of(exchange.other.key)
    vanishing = (exchange.from_one & (second - exchange.from_other)) | (
        exchange.from_other & (first - exchange.from_one)
    )
    if vanishing:
        yield _finding(
            "EXCHANGE-COLLISION",
            f"{', '.join(sorted(vanishing))} would move onto material that carries it already; "
            "one of two marks would vanish",
            "Choose material without that label.",
        )


def _consented(exchange: Exchange, consents: Collection[str]) -> Iterator[Finding]:
    if exchange.one.state == exchange.other.state:
        return
    moving = exchange.from_one | exchange.from_other
    if without := sorted(moving - set(consents)):
        yield _finding(
            "EXCHANGE-CONSENT",
            f"the exchange crosses a border; {', '.join(without)} did not consent",
            "Record the consent of every partner whose label moves.",
        )


def _in_open_periods(exchange: Exchange) -> Iterator[Finding]:
    for held in (exchange.one, exchange.other):
        if held.reported_through is not None and exchange.on <= held.reported_through:
            yield _finding(
                "EXCHANGE-CLOSED",
                f"{exchange.on} lies in a period of {held.mba} that was reported",
                "Date it in an open period, or correct the period.",
            )


def _kind(held: Holding) -> str:
    return f"{held.category}{', irradiated' if held.irradiated else ''}"


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
