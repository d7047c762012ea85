"""Shipments of the books and exports of other goods, each with the licence that covers it.

A foreign shipment (SF) or receipt (RF) of the books says its area, its day, the other State and
area, and the weights of one element category. Who uses it in the end, and under which customs
declaration it left, the books do not say; an export that is recorded with the same area and batch
does. What is not stated anywhere cannot fail.

Shipments draw on licences in the order in which they were recorded, so that one that was posted
keeps its licence. One against which nothing but the ceiling stands draws all the same, and the
licence is over-drawn by it; one with anything else against it draws nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.dates import date_number, number_date
from keiryo.export_control.intake import decimal
from keiryo.export_control.items import same_measure
from keiryo.export_control.licences import (
    FISSILE,
    Assurance,
    Ceiling,
    Licence,
    LicenceRegister,
    quantity_text,
)
from keiryo.export_control.matching import (
    OVER_CEILING,
    ExportLine,
    LicenceLine,
    Match,
    converted,
    matched,
)
from keiryo.export_control.tables import EXPORT_TRANSFER
from keiryo.obligations.labels import labels_of
from keiryo.obligations.tables import MOVE
from keiryo.places.tables import areas

EXPORT, IMPORT = "export", "import"
DIRECTION_OF_CODE = {"SF": EXPORT, "RF": IMPORT}
"""Types of inventory change that cross the border of the State (Code 10, label 411)."""
UNIT = "UNIT"
"""The quantity cannot be converted into the unit of the licence."""
PLANNED, DONE, WITHDRAWN = "planned", "done", "withdrawn"
_MG_PER_KG = 1_000_000


@dataclass(frozen=True, slots=True)
class Shipment:
    """What crosses the border: an entry of the books of one category, or other goods.

    Attributes
    ----------
    act, line_no : int
        Where it is recorded.
    direction : str
        ``export`` or ``import``.
    state : str
        ``done`` or ``planned``.
    partner : str
        The other State.
    on : datetime.date
        Day of the shipment.
    quantity : Fraction
        In `unit`; of nuclear material the element weight.
    unit : str
    category : str
        Element category; empty for what is no nuclear material.
    fissile_mg : int or None
    item : str
        Empty for an entry of the books: its category finds the items.
    mba, batch, place : str or None
        Of the books; the place is the other side as reports name it.
    transfer, exporter, declaration, consignee, end_user : str or None
        As recorded of the export; None where nothing is.
    transfer_line, transfer_act : int
        The line within the export that was recorded, and the act that recorded it.
    labels : frozenset of str
        Obligation labels of what leaves, where labels are kept.
    draws : bool
        Whether it draws on a licence: a plan for material of the books does not, its entry will.
    """

    act: int
    line_no: int
    direction: str
    state: str
    partner: str
    on: datetime.date
    quantity: Fraction
    unit: str
    category: str = ""
    fissile_mg: int | None = None
    item: str = ""
    mba: str | None = None
    batch: str | None = None
    place: str | None = None
    transfer: str | None = None
    exporter: str | None = None
    declaration: str | None = None
    consignee: str | None = None
    end_user: str | None = None
    transfer_line: int = 0
    transfer_act: int = 0
    labels: frozenset[str] = frozenset()
    draws: bool = True

    @property
    def node(self) -> str:
        """Its name in a chain of evidence."""
        return f"line:{self.act}/{self.line_no}"


@dataclass(frozen=True, slots=True)
class MatchedShipment:
    """A shipment and the licence that covers it, or that comes nearest.

    Attributes
    ----------
    shipment : Shipment
    result : str
        MATCHED, MATCHED-WITH-EXCESS, or the first thing that stands against it.
    failed : tuple of str
        All keys that failed.
    ceiling : Ceiling or None
        The line of the licence.
    quantity, remaining : Fraction or None
        In the unit of the licence: of the shipment, and what is left of the line after it.
    """

    shipment: Shipment
    result: str
    failed: tuple[str, ...]
    ceiling: Ceiling | None = None
    quantity: Fraction | None = None
    remaining: Fraction | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON; quantities as exact decimals."""
        one, line = self.shipment, self.ceiling
        return {
            "line": f"{one.act}/{one.line_no}",
            "direction": one.direction,
            "state": one.state,
            "on": one.on.isoformat(),
            "mba": one.mba,
            "batch": one.batch,
            "transfer": one.transfer,
            "partner": one.partner,
            "place": one.place,
            "category": one.category or None,
            "item": one.item or (None if line is None else line.item),
            "result": self.result,
            "failed": list(self.failed),
            "licence": None if line is None else line.licence,
            "licence_line": None if line is None else line.number,
            "quantity": quantity_text(one.quantity if self.quantity is None else self.quantity),
            "unit": one.unit if line is None or self.quantity is None else line.unit,
            "remaining": None if self.remaining is None else quantity_text(self.remaining),
        }


def shipments(
    connection: Connection,
    metadata: MetaData,
    *,
    since: datetime.date | None = None,
) -> list[Shipment]:
    """Return what crosses the border, in the order in which it was recorded.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    since : datetime.date, optional
        Entries of the books from this day on; default: all.
    """
    transfers = recorded_transfers(connection, metadata)
    linked: dict[tuple[str | None, ...], Shipment] = {
        (one.mba, one.batch, one.category, one.direction): one
        for one in transfers
        if one.mba and one.batch and one.category
    }
    found, met = [], set()
    labelled = _labels(connection, metadata)
    for row in _entries(connection, metadata, since):
        entry = _entry(row)
        entry = replace(entry, labels=labelled.get((entry.act, entry.line_no), frozenset()))
        key = (entry.mba, entry.batch, entry.category, entry.direction)
        told = linked.get(key)
        if told is not None:
            met.add(key)
            entry = replace(
                entry,
                item=told.item,
                transfer=told.transfer,
                transfer_line=told.transfer_line,
                transfer_act=told.act,
                exporter=told.exporter,
                declaration=told.declaration,
                consignee=told.consignee,
                end_user=told.end_user,
            )
        found.append(entry)
    for one in transfers:
        if (one.mba, one.batch, one.category, one.direction) not in met:
            found.append(one)
    return sorted(found, key=lambda one: (not one.draws, one.act, one.line_no))


def _labels(connection: Connection, metadata: MetaData) -> dict[tuple[int, int], frozenset[str]]:
    """Return the obligation labels of what left the State, by line of the books."""
    table = metadata.tables[MOVE.name]
    of_act = func.coalesce(table.c.of_act, table.c.act_id)
    query = (
        select(of_act, table.c.of_line, table.c.from_labels)
        .where(table.c.to_account == "abroad")
        .group_by(of_act, table.c.of_line, table.c.from_labels)
        .having(func.sum(table.c.element_mg) > 0)
    )
    found: dict[tuple[int, int], frozenset[str]] = {}
    for act, line, key in connection.execute(query):
        place = (int(act), int(line))
        found[place] = found.get(place, frozenset()) | labels_of(str(key))
    return found


def _entries(
    connection: Connection,
    metadata: MetaData,
    since: datetime.date | None,
) -> Iterable[Mapping[str, Any]]:
    table = metadata.tables[INVENTORY_CHANGE.name]
    names = (
        *("act_id", "line_no", "mba", "code", "event_date", "shipper", "receiver", "batch"),
        *("category", "element_mg", "fissile_mg"),
    )
    near = table.alias("crossing")
    crossing = select(near.c.act_id, near.c.line_no).where(
        near.c.mba.in_(sorted(areas(connection, metadata))),
        near.c.code.in_(tuple(DIRECTION_OF_CODE)),
    )  # what the index of days holds: no other line is looked up
    if since is not None:
        crossing = crossing.where(near.c.event_date >= date_number(since))
    few = crossing.subquery()
    query = (
        select(*(table.c[name] for name in names))
        .join(few, (few.c.act_id == table.c.act_id) & (few.c.line_no == table.c.line_no))
        .where(effective(table, Knowledge()))
    )
    for row in connection.execute(query).mappings():
        yield dict(row)


def _entry(row: Mapping[str, Any]) -> Shipment:
    direction = DIRECTION_OF_CODE[str(row["code"])]
    place = row["receiver"] if direction == EXPORT else row["shipper"]
    return Shipment(
        act=int(row["act_id"]),
        line_no=int(row["line_no"]),
        direction=direction,
        state=DONE,
        partner=str(place or "").partition("/")[0],
        on=number_date(int(row["event_date"])),
        quantity=Fraction(int(row["element_mg"] or 0), _MG_PER_KG),
        unit="kg",
        category=str(row["category"]),
        fissile_mg=row["fissile_mg"],
        mba=str(row["mba"]),
        batch=row["batch"],
        place=place,
    )


def recorded_transfers(connection: Connection, metadata: MetaData) -> list[Shipment]:
    """Return the exports and imports that are recorded as such, withdrawn ones left out."""
    last = last_transfers(connection, metadata)
    return [_transfer(row) for rows in last.values() for row in rows if row["state"] != WITHDRAWN]


def last_transfers(connection: Connection, metadata: MetaData) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of every export and import as last recorded, by reference."""
    table = metadata.tables[EXPORT_TRANSFER.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    last: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        some = last.setdefault(str(row["transfer"]), [])
        if some and some[0]["act_id"] != row["act_id"]:
            some.clear()
        some.append(dict(row))
    return last


def _transfer(row: Mapping[str, Any]) -> Shipment:
    category = str(row["category"] or "")
    return Shipment(
        act=int(row["act_id"]),
        line_no=int(row["line_no"]),
        direction=str(row["direction"]),
        state=str(row["state"]),
        partner=str(row["partner"]),
        on=number_date(int(row["on_day"])),
        quantity=decimal(row["quantity"]),
        unit=str(row["unit"]),
        category=category,
        fissile_mg=row["fissile_mg"],
        item=str(row["item"]),
        mba=row["mba"],
        batch=row["batch"],
        transfer=str(row["transfer"]),
        transfer_line=int(row["line"]),
        exporter=str(row["exporter"]),
        declaration=row["declaration"],
        consignee=str(row["consignee"]),
        end_user=str(row["end_user"]),
        draws=not category,
    )


class Drawing:
    """Licences while shipments draw on them, one after the other."""

    def __init__(self, register: LicenceRegister) -> None:
        self.register = register
        self.used: dict[str, Fraction] = {}
        self.assured: dict[str, Fraction] = {}
        self.declared: set[tuple[str, str, int]] = set()
        self._by_partner: dict[tuple[str, str], list[Licence]] = {}
        for one in register.licences.values():
            self._by_partner.setdefault((one.direction, one.partner), []).append(one)

    def draw(self, shipment: Shipment) -> MatchedShipment:
        """Return which licence covers a shipment, and take it off what is left."""
        tried = [
            self._tried(shipment, licence, line)
            for licence in self._by_partner.get((shipment.direction, shipment.partner), ())
            for line in licence.lines
            if self._covers(line, shipment)
        ]
        declared = _declared(shipment)
        if not tried:
            found = matched(_export(shipment, shipment.quantity), (), self._twice(declared))
            return MatchedShipment(shipment, found.result, found.failed)
        match, line = min(tried, key=lambda one: (len(one[0].failed), one[1].valid_to, one[1].name))
        used = self.used.get(line.name, Fraction(0))
        drawn = shipment.draws and set(match.failed) <= {OVER_CEILING}
        if drawn:
            used += match.quantity
            self.used[line.name] = used
            self._assure(shipment, self.register.licences[line.licence], line)
            if declared is not None:
                self.declared.add(declared)
        quantity = None if UNIT in match.failed else match.quantity
        left = line.quantity - used
        return MatchedShipment(shipment, match.result, match.failed, line, quantity, left)

    def _twice(self, declared: tuple[str, str, int] | None) -> Collection[tuple[str, str, int]]:
        return self.declared if declared is not None else ()

    def _covers(self, line: Ceiling, shipment: Shipment) -> bool:
        if shipment.item:
            right = line.item == shipment.item
            return right and (not line.categories or shipment.category in line.categories)
        item = self.register.items.get(line.item)
        return item is not None and shipment.category in (line.categories or item.categories)

    def _tried(self, shipment: Shipment, licence: Licence, line: Ceiling) -> tuple[Match, Ceiling]:
        quantity = shipment.quantity
        if line.counts == FISSILE and shipment.category:
            quantity = Fraction(shipment.fissile_mg or 0, _MG_PER_KG)
        unit = "kg" if line.counts == FISSILE and shipment.category else shipment.unit
        if not same_measure(unit, line.unit):
            return Match(UNIT, line.name, (UNIT,), quantity), line
        stated = shipment.consignee is None or shipment.consignee == line.consignee
        there = line.place is None or shipment.place in (None, line.place)
        in_kg = converted(quantity, unit, "kg") if same_measure(unit, "kg") else None
        beside = LicenceLine(
            licence=line.name,
            destination=shipment.partner,
            consignee="" if stated and there else "another",
            end_user=shipment.end_user or "",
            entry="",
            ceiling=line.quantity,
            used=self.used.get(line.name, Fraction(0)),
            unit=line.unit,
            valid_from=line.valid_from,
            valid_to=line.valid_to,
            state=licence.state_on(shipment.on),
            needs_assurance=line.needs_assurance,
            tolerance=licence.tolerance,
        )
        if shipment.end_user is not None:
            beside = replace(beside, end_user=line.end_user)
        assured = self._assurance(licence, shipment, in_kg) is not None
        declared = _declared(shipment)
        export = _export(shipment, quantity, unit)
        return matched(export, (beside,), self._twice(declared), assured), line

    def _assurance(
        self, licence: Licence, shipment: Shipment, in_kg: Fraction | None
    ) -> Assurance | None:
        for one in self.register.assurances:
            if not one.is_about(licence, shipment.on, shipment.labels):
                continue
            if one.quantity is None:
                return one
            if in_kg is None or one.unit is None:
                continue
            if self.assured.get(one.name, Fraction(0)) + in_kg <= converted(
                one.quantity, one.unit, "kg"
            ):
                return one
        return None

    def _assure(self, shipment: Shipment, licence: Licence, line: Ceiling) -> None:
        if line.needs_assurance and same_measure(shipment.unit, "kg"):
            in_kg = converted(shipment.quantity, shipment.unit, "kg")
            one = self._assurance(licence, shipment, in_kg)
            if one is not None:
                self.assured[one.name] = self.assured.get(one.name, Fraction(0)) + in_kg


def _declared(shipment: Shipment) -> tuple[str, str, int] | None:
    if not shipment.declaration:
        return None
    words = f"{shipment.declaration} {shipment.category}"
    return shipment.exporter or "", words, shipment.transfer_line


def _export(shipment: Shipment, quantity: Fraction, unit: str | None = None) -> ExportLine:
    declared = _declared(shipment) or ("", "", 0)
    return ExportLine(
        *declared,
        destination=shipment.partner,
        consignee="",
        end_user=shipment.end_user or "",
        entry="",
        quantity=quantity,
        unit=unit or shipment.unit,
        on=shipment.on,
    )


def match_shipments(
    register: LicenceRegister, some: Iterable[Shipment]
) -> tuple[list[MatchedShipment], Drawing]:
    """Lay shipments beside licences, in the order given.

    Returns
    -------
    list of MatchedShipment
    Drawing
        How much of every line is used.
    """
    drawing = Drawing(register)
    return [drawing.draw(one) for one in some], drawing
