"""What people stated about labels, as it counts now: read from the record."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import number_date
from keiryo.journal.model import LineKind
from keiryo.obligations.consents import Consent
from keiryo.obligations.holdings import Line
from keiryo.obligations.labels import UNOBLIGATED, labels_of
from keiryo.obligations.tables import (
    BEGINNING,
    CONSENT,
    CONSENT_RULE,
    DESIGNATION,
    EXCHANGE,
    LABEL,
    LABEL_MEMBER,
    MOVE,
    OPENING,
    ORIGIN_RULE,
    PLACE_RULE,
    RECEIPT_LABELS,
    RELABELLING,
)

Row = Mapping[str, Any]
REFUSE, NOTE = "refuse", "note"


def day_of(number: Any) -> datetime.date | None:
    """Return a day of the record."""
    return None if number is None else number_date(int(number))


def holds(row: Row, day: int) -> bool:
    """Return whether what has a validity holds on a day (YYYYMMDD), both ends included."""
    first, last = row["valid_from"], row["valid_to"]
    return (first is None or first <= day) and (last is None or day <= last)


@dataclass(frozen=True, slots=True)
class Label:
    """A label: a partner, its agreement and how long it is used."""

    code: str
    name: str
    kind: str
    instrument: str | None
    agreement_words: str | None
    valid_from: datetime.date | None
    valid_to: datetime.date | None
    successor: str | None
    source: str | None
    line: Line


@dataclass(frozen=True, slots=True)
class Opening:
    """The stated cells of a holding when labels begin to be kept: weights, or shares."""

    weights: Mapping[str, int]
    shares: Mapping[str, Fraction]
    line: Line

    def cells(self, held_mg: int) -> dict[str, Fraction]:
        """Return exact cells of what is held; what nobody named is under no label."""
        exact = {key: Fraction(value) for key, value in self.weights.items()}
        for key, share in self.shares.items():
            exact[key] = exact.get(key, Fraction(0)) + share * held_mg
        rest = held_mg - sum(exact.values(), Fraction(0))
        if rest:
            exact[UNOBLIGATED] = exact.get(UNOBLIGATED, Fraction(0)) + rest
        return exact


@dataclass(frozen=True, slots=True)
class Stated:
    """Everything that was stated and counts.

    Attributes
    ----------
    begins : int or None
        Day (YYYYMMDD) at the end of which the openings hold; None: labels are not kept.
    openings : dict of (mba, batch or None, category) to Opening
    origin_rules, relabellings, exchanges, places, designations : list of rows
        The last line of each name; those that were withdrawn are left out.
    receipts : dict of (mba, batch) to list of rows
        Lines of the last act about each receipt.
    """

    begins: int | None
    begin_line: Line | None = None
    openings: Mapping[tuple[str, str | None, str], Opening] = field(default_factory=dict)
    origin_rules: list[Row] = field(default_factory=list)
    receipts: Mapping[tuple[str, str], list[Row]] = field(default_factory=dict)
    designations: list[Row] = field(default_factory=list)
    exchanges: list[Row] = field(default_factory=list)
    relabellings: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)

    def origin(
        self, mba: str, batch: str, category: str, day: int, place: str | None
    ) -> tuple[dict[str, Fraction] | None, bool]:
        """Return the shares of a receipt from outside, and whether a rule said so.

        What is stated of the receipt itself goes before rules; of these, the one that names more
        (the area of the shipper, the receiving area, the category) goes first.
        """
        stated = self.of_receipt(mba, batch, category, day)
        if stated is not None:
            return stated, False
        fitting = [rule for rule in self.origin_rules if _fits(rule, mba, category, day, place)]
        if not fitting:
            return None, False
        best = max(fitting, key=lambda rule: (*_exactness(rule), rule["rule"]))
        return {str(best["labels"]): Fraction(1)}, True

    def of_receipt(
        self, mba: str, batch: str, category: str, day: int
    ) -> dict[str, Fraction] | None:
        """Return the shares that were stated of a receipt; None: nobody stated any."""
        stated = [
            row
            for row in self.receipts.get((mba, batch), ())
            if row["event_date"] in (None, day) and row["category"] in (None, category)
        ]
        of_day = [row for row in stated if row["event_date"] == day]
        return _shares(of_day or stated) if stated else None

    def attached(self, mba: str, to: str, day: int) -> tuple[str, ...]:
        """Return the labels that an area's equipment adds on a day."""
        found: set[str] = set()
        for row in self.places:
            if row["mba"] == mba and row["attaches_to"] == to and holds(row, day):
                found |= labels_of(row["attaches"])
        return tuple(sorted(found))

    def designated(self) -> dict[tuple[str, int, str, str, str], dict[str, int]]:
        """Return named cells by area, day, code, batch and category."""
        found: dict[tuple[str, int, str, str, str], tuple[int, dict[str, int]]] = {}
        for row in self.designations:
            names = ("mba", "event_date", "code", "batch", "category")
            key = (*(row[name] for name in names),)
            act, cells = found.get(key, (0, {}))
            if row["act_id"] > act:
                cells = {}
            found[key] = (row["act_id"], cells | {row["labels"]: int(row["element_mg"])})
        return {key: cells for key, (_, cells) in found.items()}


def exact_share(text: str) -> Fraction:
    """Return a share as it was written, exactly: 0.6 or 7/15."""
    return Fraction(text)


def _shares(rows: Iterable[Row]) -> dict[str, Fraction]:
    weights = {str(r["labels"]): int(r["element_mg"]) for r in rows if r["share"] is None}
    whole = sum(weights.values())
    if whole:
        return {key: Fraction(value, whole) for key, value in weights.items()}
    found: dict[str, Fraction] = {}
    for row in rows:
        if row["share"] is not None:
            key = str(row["labels"])
            found[key] = found.get(key, Fraction(0)) + exact_share(row["share"])
    return found


def _fits(rule: Row, mba: str, category: str, day: int, place: str | None) -> bool:
    state = (place or "").partition("/")[0]
    return (
        holds(rule, day)
        and rule["mba"] in (None, mba)
        and (rule["categories"] is None or category in rule["categories"])
        and (rule["place"] is None or rule["place"] in (place, state))
    )


def _exactness(rule: Row) -> tuple[bool, bool, bool, bool]:
    place = rule["place"]
    return (
        place is not None and "/" in place,
        place is not None,
        rule["mba"] is not None,
        rule["categories"] is not None,
    )


def labels_are_kept(connection: Connection, metadata: MetaData) -> bool:
    """Return whether labels are kept in these books at all.

    Whoever sees one facility sees its moves, and not the act with which the State began.
    """
    tables = (metadata.tables[kind.name] for kind in (BEGINNING, MOVE))
    queries = (select(table.c.act_id).limit(1) for table in tables)
    return any(connection.execute(query).first() is not None for query in queries)


def read_stated(connection: Connection, metadata: MetaData) -> Stated:
    """Return what was stated about labels and counts now."""
    beginnings = _rows(connection, metadata, BEGINNING)
    if not beginnings:
        return Stated(None)
    begin = beginnings[-1]
    return Stated(
        int(begin["on_day"]),
        Line(int(begin["act_id"]), int(begin["line_no"])),
        _openings(_rows(connection, metadata, OPENING), int(begin["act_id"])),
        _last(_rows(connection, metadata, ORIGIN_RULE), "rule"),
        _receipts(_rows(connection, metadata, RECEIPT_LABELS)),
        _rows(connection, metadata, DESIGNATION),
        _counting(_last(_rows(connection, metadata, EXCHANGE), "exchange")),
        _counting(_last(_rows(connection, metadata, RELABELLING), "relabelling")),
        _places(_rows(connection, metadata, PLACE_RULE)),
    )


def _places(rows: list[Row]) -> list[Row]:
    """Return the last line about each thing that an area does."""
    return list(
        {
            (row["mba"], row["attaches_to"], row["consent_for"], row["decay"] is None): row
            for row in rows
        }.values()
    )


def _openings(rows: list[Row], act: int) -> dict[tuple[str, str | None, str], Opening]:
    grouped: dict[tuple[str, str | None, str], list[Row]] = {}
    for row in rows:
        if row["act_id"] == act:
            grouped.setdefault((row["mba"], row["batch"], row["category"]), []).append(row)
    return {key: _opening(some) for key, some in grouped.items()}


def _opening(rows: list[Row]) -> Opening:
    weights: dict[str, int] = {}
    shares: dict[str, Fraction] = {}
    for row in rows:
        key = str(row["labels"])
        if row["share"] is None:
            weights[key] = weights.get(key, 0) + int(row["element_mg"])
        else:
            shares[key] = shares.get(key, Fraction(0)) + exact_share(row["share"])
    return Opening(weights, shares, Line(int(rows[0]["act_id"]), int(rows[0]["line_no"])))


def _receipts(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    last: dict[tuple[str, str, int | None], tuple[int, list[Row]]] = {}
    for row in rows:
        key = (str(row["mba"]), str(row["batch"]), row["event_date"])
        act, some = last.get(key, (0, []))
        last[key] = (row["act_id"], [*some, row] if row["act_id"] == act else [row])
    found: dict[tuple[str, str], list[Row]] = {}
    for (mba, batch, day), (_, some) in last.items():
        before = found.setdefault((mba, batch), [])
        before[:] = [*before, *some] if day is None else [*some, *before]
    return found


def labels(connection: Connection, metadata: MetaData) -> dict[str, Label]:
    """Return the registered labels by code."""
    found = {}
    for row in _last(_rows(connection, metadata, LABEL), "label"):
        found[str(row["label"])] = Label(
            row["label"],
            row["name"],
            row["kind"],
            row["instrument"],
            row["agreement_words"],
            day_of(row["valid_from"]),
            day_of(row["valid_to"]),
            row["successor"],
            row["source"],
            Line(int(row["act_id"]), int(row["line_no"])),
        )
    return dict(sorted(found.items()))


def members(connection: Connection, metadata: MetaData, day: int) -> dict[str, frozenset[str]]:
    """Return the member States, on a day, of organisations that are partners."""
    found: dict[str, set[str]] = {}
    rows = _rows(connection, metadata, LABEL_MEMBER)
    for row in {(r["label"], r["state"], r["valid_from"]): r for r in rows}.values():
        if holds(row, day):
            found.setdefault(str(row["label"]), set()).add(str(row["state"]))
    return {label: frozenset(states) for label, states in found.items()}


def consents(connection: Connection, metadata: MetaData) -> list[Consent]:
    """Return the consents that were recorded and not withdrawn."""
    return [
        Consent(
            str(row["consent"]),
            str(row["partner"]),
            str(row["step"]),
            frozenset(str(row["destinations"] or "").split()),
            None if row["element_mg"] is None else int(row["element_mg"]),
            day_of(row["valid_from"]),
            day_of(row["valid_to"]),
        )
        for row in _counting(_last(_rows(connection, metadata, CONSENT), "consent"))
    ]


def consent_rule(connection: Connection, metadata: MetaData) -> tuple[str, int]:
    """Return what happens to a step without consent, and from which day on it is refused."""
    rows = _rows(connection, metadata, CONSENT_RULE)
    if not rows:
        return REFUSE, 0
    return str(rows[-1]["mode"]), int(rows[-1]["from_day"] or 0)


def _rows(connection: Connection, metadata: MetaData, kind: LineKind) -> list[Row]:
    table = metadata.tables[kind.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    return [dict(row) for row in connection.execute(query).mappings()]


def _last(rows: list[Row], name: str) -> list[Row]:
    return list({row[name]: row for row in rows}.values())


def _counting(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row["withdrawn"]]
