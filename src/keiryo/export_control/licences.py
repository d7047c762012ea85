"""Licences and assurances as they stand: lines with ceilings, states from day to day, validity.

A licence counts as its last amendment says. What state it was in is asked for the day of a
shipment, so that a licence which is suspended today still covers what left under it before.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import number_date
from keiryo.export_control.intake import decimal
from keiryo.export_control.items import Item, recorded_items
from keiryo.export_control.matching import IN_FORCE
from keiryo.export_control.tables import (
    GOVERNMENT_ASSURANCE,
    LICENCE,
    LICENCE_LINE,
    LICENCE_RULE,
    LICENCE_STEP,
)

APPLIED, EXPIRED_STATE = "applied", "expired"
REFUSE, WARN, OFF = "refuse", "warn", "off"
MODES = (REFUSE, WARN, OFF)
FISSILE = "fissile"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A line of a licence: one item, how much of it, for whom, and when.

    Attributes
    ----------
    licence : str
    number : int
        Of the line within the licence.
    item : str
    categories : str
        The only element categories that it is about; empty: all of the item.
    quantity : Fraction
        In `unit`.
    unit : str
    counts : str
        ``element`` or ``fissile``: which weight the ceiling is of.
    consignee : str
    place : str or None
        The consignee as reports name it, country/MBA.
    end_user, end_use : str
    valid_from, valid_to : datetime.date
        Both included.
    needs_assurance : bool
    line : str
        Where it is recorded, as act/line.
    """

    licence: str
    number: int
    item: str
    categories: str
    quantity: Fraction
    unit: str
    counts: str
    consignee: str
    place: str | None
    end_user: str
    end_use: str
    valid_from: datetime.date
    valid_to: datetime.date
    needs_assurance: bool
    line: str

    @property
    def name(self) -> str:
        """Licence and number of the line, e.g. ``L-2026-7/1``."""
        return f"{self.licence}/{self.number}"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as its last amendment states it.

    Attributes
    ----------
    number : str
    amendment : int
    direction : str
        ``export`` or ``import``.
    values : mapping
        The line of the amendment.
    lines : tuple of Ceiling
    states : tuple of (datetime.date, str)
        The states that it took, and from which day on, in order.
    """

    number: str
    amendment: int
    direction: str
    values: Mapping[str, Any]
    lines: tuple[Ceiling, ...]
    states: tuple[tuple[datetime.date, str], ...]

    @property
    def partner(self) -> str:
        """State of destination, of an import the State of origin."""
        return str(self.values["partner"])

    @property
    def tolerance(self) -> Fraction:
        """Share of a ceiling by which it may be exceeded."""
        return decimal(self.values.get("tolerance"))

    @property
    def line(self) -> str:
        """Where it is recorded, as act/line."""
        return f"{self.values['act_id']}/{self.values['line_no']}"

    def state_on(self, day: datetime.date) -> str:
        """Return its state on a day; before it was issued it is applied for."""
        known = [state for since, state in self.states if since <= day]
        return known[-1] if known else APPLIED

    def standing_on(self, day: datetime.date) -> str:
        """Return its state on a day, with its validity: one that ran out is expired."""
        state = self.state_on(day)
        over = all(day > one.valid_to for one in self.lines)
        return EXPIRED_STATE if state in IN_FORCE and over else state


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a government assures.

    Attributes
    ----------
    name, government : str
    licences : tuple of str
        Those that it covers; empty: all to that State.
    labels : frozenset of str
        Obligation labels of which it speaks; empty: whatever labels the material has.
    quantity : Fraction or None
        How much it covers, in `unit`; None: without limit.
    unit : str or None
    valid_from, valid_to : datetime.date
    line : str
    """

    name: str
    government: str
    licences: tuple[str, ...]
    labels: frozenset[str]
    quantity: Fraction | None
    unit: str | None
    valid_from: datetime.date
    valid_to: datetime.date
    line: str

    def is_about(
        self, licence: Licence, day: datetime.date, labels: frozenset[str] = frozenset()
    ) -> bool:
        """Return whether it speaks of exports under a licence on a day, with their labels."""
        named = not self.licences or licence.number in self.licences
        in_time = self.valid_from <= day <= self.valid_to
        covered = not self.labels or labels <= self.labels
        return named and in_time and covered and self.government == licence.partner


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a shipment that no licence covers.

    Attributes
    ----------
    mode : str
        ``refuse``, ``warn`` or ``off``.
    from_day : datetime.date or None
        Earlier shipments are noted and never refused; None: the first day of any licence.
    """

    mode: str = REFUSE
    from_day: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class LicenceRegister:
    """All that shipments are laid beside."""

    licences: Mapping[str, Licence]
    assurances: tuple[Assurance, ...]
    items: Mapping[str, Item]
    rule: Rule

    def begins(self, direction: str) -> datetime.date | None:
        """Return the day from which shipments need a licence; None: there are no licences."""
        days = [
            line.valid_from
            for one in self.licences.values()
            if one.direction == direction
            for line in one.lines
        ]
        if not days:
            return None
        return self.rule.from_day or min(days)


def read_licences(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> LicenceRegister:
    """Return licences, assurances, items and the rule as recorded.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    through_act : int, optional
        As they stood after this act.
    """

    def rows(kind: str) -> list[dict[str, Any]]:
        table = metadata.tables[kind]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        return [dict(row) for row in connection.execute(query).mappings()]

    heads: dict[str, list[dict[str, Any]]] = {}
    for row in rows(LICENCE.name):
        heads.setdefault(str(row["licence"]), []).append(row)
    lines: dict[tuple[str, int], list[Ceiling]] = {}
    steps: dict[str, list[dict[str, Any]]] = {}
    if heads:
        for row in rows(LICENCE_LINE.name):
            lines.setdefault((str(row["licence"]), int(row["act_id"])), []).append(_ceiling(row))
        for row in rows(LICENCE_STEP.name):
            steps.setdefault(str(row["licence"]), []).append(row)
    licences = {
        number: _licence(some, lines, steps.get(number, ())) for number, some in heads.items()
    }
    assured = {str(row["assurance"]): _assurance(row) for row in rows(GOVERNMENT_ASSURANCE.name)}
    rules = [_rule(row) for row in rows(LICENCE_RULE.name)]
    return LicenceRegister(
        dict(sorted(licences.items())),
        tuple(assured[name] for name in sorted(assured)),
        recorded_items(connection, metadata, through_act=through_act),
        rules[-1] if rules else Rule(),
    )


def _licence(
    heads: Sequence[Mapping[str, Any]],
    lines: Mapping[tuple[str, int], Sequence[Ceiling]],
    steps: Sequence[Mapping[str, Any]],
) -> Licence:
    head = heads[-1]
    number, act = str(head["licence"]), int(head["act_id"])
    taken = [(int(r["issued_on"]), r["act_id"], r["line_no"], str(r["state"])) for r in heads]
    taken += [(int(r["on_day"]), r["act_id"], r["line_no"], str(r["state"])) for r in steps]
    return Licence(
        number,
        int(head["amendment"]),
        str(head["direction"]),
        head,
        tuple(sorted(lines.get((number, act), ()), key=lambda one: one.number)),
        tuple((number_date(day), state) for day, _act, _line, state in sorted(taken)),
    )


def _ceiling(row: Mapping[str, Any]) -> Ceiling:
    return Ceiling(
        licence=str(row["licence"]),
        number=int(row["line"]),
        item=str(row["item"]),
        categories=str(row["category"] or ""),
        quantity=decimal(row["quantity"]),
        unit=str(row["unit"]),
        counts=str(row["counts"] or "element"),
        consignee=str(row["consignee"]),
        place=row["place"],
        end_user=str(row["end_user"]),
        end_use=str(row["end_use"]),
        valid_from=number_date(int(row["valid_from"])),
        valid_to=number_date(int(row["valid_to"])),
        needs_assurance=bool(row["needs_assurance"]),
        line=f"{row['act_id']}/{row['line_no']}",
    )


def _assurance(row: Mapping[str, Any]) -> Assurance:
    return Assurance(
        name=str(row["assurance"]),
        government=str(row["government"]),
        licences=tuple(str(row["licences"] or "").split()),
        labels=frozenset(str(row["obligations"] or "").split()),
        quantity=None if row["quantity"] is None else decimal(row["quantity"]),
        unit=row["unit"],
        valid_from=number_date(int(row["valid_from"])),
        valid_to=number_date(int(row["valid_to"])),
        line=f"{row['act_id']}/{row['line_no']}",
    )


def _rule(row: Mapping[str, Any]) -> Rule:
    day = row["from_day"]
    return Rule(str(row["mode"]), None if day is None else number_date(int(day)))


def quantity_text(quantity: Fraction) -> str:
    """Return a quantity as decimal text, up to nine decimals, halves away from zero.

    Examples
    --------
    >>> quantity_text(Fraction(5, 2)), quantity_text(Fraction(-40))
    ('2.5', '-40')
    """
    scaled = abs(quantity) * 10**9
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    whole, part = divmod(units, 10**9)
    text = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    return f"-{text}" if quantity < 0 and units else text
