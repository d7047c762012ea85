"""Export control as a viewer sees it: registers, and shipments laid beside licences.

What is left of a licence is right only if all that left under it is counted. So shipments are laid
beside licences on the books as a whole, and narrowed after: of an entry that the viewer may not
see, nothing is shown; and where such an entry draws on a line of a licence, what is drawn and left
of that line is not shown either, because the difference would tell its weight.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.dates import days_later
from keiryo.export_control.books import (
    DIRECTION_OF_CODE,
    PLANNED,
    MatchedShipment,
    Shipment,
    last_transfers,
    match_shipments,
    shipments,
)
from keiryo.export_control.declaration import Notices, notices
from keiryo.export_control.licences import (
    EXPIRED_STATE,
    OFF,
    Ceiling,
    Licence,
    LicenceRegister,
    read_licences,
)
from keiryo.export_control.matching import IN_FORCE, OVER_CEILING
from keiryo.export_control.notification import PlannedTransfer
from keiryo.places.tables import areas
from keiryo.web.pages.boards import sees_state
from keiryo.web.pictures.licence_bar import NEARLY
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

CAPABILITY = "export_control"
READING = {"reads": CAPABILITY}
HOME = "/export-control"
LICENCE_PAGE, SHIPMENTS = f"{HOME}/licence", f"{HOME}/shipments"
ASSURANCES, ITEMS, TRADERS = f"{HOME}/assurances", f"{HOME}/items", f"{HOME}/traders"
QUEUE, NOTICES, DECLARATION = f"{HOME}/queue", f"{HOME}/notices", f"{HOME}/declaration"
IMPORT, RULE, RECORD = f"{HOME}/import", f"{HOME}/rule", f"{HOME}/record"
RUNNING_OUT_DAYS = 60
AHEAD_DAYS = 30

OVERDRAWN, USED_UP = sentence("over-drawn"), sentence("used up")
NEARLY_USED_UP, RUNS_OUT = sentence("nearly used up"), sentence("runs out soon")
ATTENTION_BADGES: Mapping[str, str] = {
    OVERDRAWN: "error",
    USED_UP: "warning",
    NEARLY_USED_UP: "warning",
    RUNS_OUT: "warning",
}
"""What about a line of a licence asks for a look, the gravest first."""


@dataclass(frozen=True, slots=True)
class LineStanding:
    """A line of a licence as it stands on a day.

    Attributes
    ----------
    licence : Licence
    ceiling : Ceiling
    state : str
        Of the licence on the day, with its validity.
    drawn, planned : Fraction or None
        In the unit of the line: what left by the day, and what is planned; None where part of it
        is not the viewer's to see.
    attention : str
        Why it asks for a look, in English for translation; empty: nothing.
    """

    licence: Licence
    ceiling: Ceiling
    state: str
    drawn: Fraction | None
    planned: Fraction | None
    attention: str

    @property
    def remaining(self) -> Fraction | None:
        """What is left of the ceiling; below zero where it was over-drawn."""
        return None if self.drawn is None else self.ceiling.quantity - self.drawn


@dataclass(frozen=True, slots=True)
class Known:
    """Export control as a viewer sees it on a day.

    Attributes
    ----------
    register : LicenceRegister
    matched : tuple of MatchedShipment
        Those that the viewer sees.
    hidden : int
        Shipments that the viewer does not see.
    lines : tuple of LineStanding
        Of every licence.
    closed : frozenset of str
        Lines of licences on which shipments draw that the viewer does not see.
    notices : Notices
        The clock of advance notices, narrowed to the shipments that the viewer sees.
    transfers : mapping
        Lines of the exports and imports that were recorded as such, by reference.
    """

    register: LicenceRegister
    matched: tuple[MatchedShipment, ...]
    hidden: int
    lines: tuple[LineStanding, ...]
    closed: frozenset[str]
    notices: Notices
    transfers: Mapping[str, list[dict[str, Any]]]

    def remaining_after(self, one: MatchedShipment) -> Fraction | None:
        """Return what is left of a licence line after a shipment, where that may be seen."""
        line = one.ceiling
        return None if line is None or line.name in self.closed else one.remaining

    def asks(self, shipment: Shipment) -> bool:
        """Return whether a licence is asked for on the day of a shipment."""
        begin = self.register.begins(shipment.direction)
        return begin is not None and self.register.rule.mode != OFF and shipment.on >= begin


def last_change(viewer: Viewer) -> tuple[Any, ...]:
    """Return what everything about export control depends on: last acts, and the day."""
    acts = [viewer.server.last_acts.by(name, viewer.head) for name in _DEPENDS_ON]
    return (*acts, viewer.today)


_DEPENDS_ON = (CAPABILITY, "accounts", "places")


def known(viewer: Viewer) -> Known:
    """Return export control as the viewer sees it today; read anew after what changes it."""
    key = ("export control", viewer.sight)
    return viewer.server.remembered.get(key, last_change(viewer), lambda: _read(viewer))


def _read(viewer: Viewer) -> Known:
    day, metadata = viewer.today, viewer.metadata
    with viewer.books.reading() as connection:
        register = read_licences(connection, metadata)
        transfers = last_transfers(connection, metadata)
        count = _crossings(connection, metadata)
    if not sees_state(viewer, CAPABILITY):  # what is recorded here is recorded for the State
        return Known(register, (), 0, (), frozenset(), Notices((), (), ()), transfers)
    with viewer.whole.reading() as connection:
        every = shipments(connection, metadata)
        clock = notices(connection, metadata)
        all_seen = count == _crossings(connection, metadata)
    found, drawing = match_shipments(register, every)
    if any(one.on > day for one in every):
        _found, drawing = match_shipments(register, [one for one in every if one.on <= day])
    hidden, shown = [], found
    if not all_seen:
        with viewer.books.reading() as connection:
            seen = {(one.act, one.line_no) for one in shipments(connection, metadata)}
            own = notices(connection, metadata)
        hidden = [one for one in found if (one.shipment.act, one.shipment.line_no) not in seen]
        shown = [one for one in found if (one.shipment.act, one.shipment.line_no) in seen]
        clock = _narrowed(clock, own)
    closed = frozenset(one.ceiling.name for one in hidden if one.ceiling is not None)
    planned = _planned(found, day)
    lines = tuple(
        _standing(licence, line, drawing.used, planned, closed, day)
        for licence in register.licences.values()
        for line in licence.lines
    )
    return Known(register, tuple(shown), len(hidden), lines, closed, clock, transfers)


def _crossings(connection: Connection, metadata: MetaData) -> int:
    """Return how many lines of the books are about what crosses the border, superseded ones too."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(func.count()).where(
        table.c.mba.in_(sorted(areas(connection, metadata))),
        table.c.code.in_(tuple(DIRECTION_OF_CODE)),
    )
    return int(connection.execute(query).scalar_one())


def _planned(found: list[MatchedShipment], day: datetime.date) -> dict[str, Fraction]:
    """Return what is planned by line of licence: what will draw on it and has not yet."""
    planned: dict[str, Fraction] = {}
    for one in found:
        drawn = one.shipment.draws and one.shipment.on <= day
        sound = set(one.failed) <= {OVER_CEILING}
        if one.ceiling is not None and one.quantity is not None and sound and not drawn:
            name = one.ceiling.name
            planned[name] = planned.get(name, Fraction(0)) + one.quantity
    return planned


def _standing(
    licence: Licence,
    line: Ceiling,
    used: Mapping[str, Fraction],
    planned: Mapping[str, Fraction],
    closed: frozenset[str],
    day: datetime.date,
) -> LineStanding:
    state = licence.standing_on(day)
    if state in IN_FORCE and day > line.valid_to:
        state = EXPIRED_STATE
    if line.name in closed:
        attention = _running_out(line, state, day)
        return LineStanding(licence, line, state, None, None, attention)
    drawn = used.get(line.name, Fraction(0))
    attention = ""
    if drawn > line.quantity * (1 + licence.tolerance):
        attention = OVERDRAWN
    elif state in IN_FORCE and drawn >= line.quantity:
        attention = USED_UP
    elif state in IN_FORCE and drawn >= line.quantity * NEARLY:
        attention = NEARLY_USED_UP
    attention = attention or _running_out(line, state, day)
    return LineStanding(licence, line, state, drawn, planned.get(line.name, Fraction(0)), attention)


def _running_out(line: Ceiling, state: str, day: datetime.date) -> str:
    soon = state in IN_FORCE and day <= line.valid_to <= days_later(day, RUNNING_OUT_DAYS)
    return RUNS_OUT if soon else ""


def _narrowed(clock: Notices, own: Notices) -> Notices:
    """Return the clock without what rests on shipments that are not seen, in whole or part."""
    told = {one.reference: one for one in own.shipments}

    def is_seen(one: PlannedTransfer) -> bool:
        return told.get(one.reference) == one

    seen = {one.reference for one in clock.shipments if is_seen(one)}
    unseen = {one.destination for one in clock.shipments if one.reference not in seen}
    due = tuple(
        one
        for one in clock.due
        if set(one.references) <= seen
        and (one.window_from is None or one.destination not in unseen)
    )
    shipped = tuple(one for one in clock.shipments if one.reference in seen)
    return Notices(due, shipped, own.findings)


def is_stopped(found: Known, one: MatchedShipment) -> bool:
    """Return whether something stands against a shipment for which a licence is asked."""
    return bool(one.failed) and found.asks(one.shipment)


def is_planned(one: MatchedShipment) -> bool:
    """Return whether a shipment is planned and not done."""
    return one.shipment.state == PLANNED
