"""Shipments are laid beside licences before they are posted.

From the first licence of a direction on, an export (or import) that no licence covers is refused,
or noted, as the rule says that is recorded. Books without licences are not touched. Shipments
before the rule's day (by default before the first day of any licence) are noted and never refused:
the register did not exist then. What is only planned is noted too, because it can still be put
right. One query reads what crossed the border, whatever the number of lines of the act; shipments
of one act against which the same stands make one finding.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy import func, select

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.export_control.books import (
    DIRECTION_OF_CODE,
    DONE,
    EXPORT,
    UNIT,
    MatchedShipment,
    match_shipments,
    shipments,
)
from keiryo.export_control.intake import BASIS
from keiryo.export_control.licences import (
    OFF,
    REFUSE,
    Ceiling,
    LicenceRegister,
    quantity_text,
    read_licences,
)
from keiryo.export_control.matching import (
    DUPLICATE,
    EXPIRED,
    NO_ASSURANCE,
    NO_LICENCE,
    OVER_CEILING,
    WRONG_END_USER,
)
from keiryo.export_control.tables import EXPORT_TRANSFER, LICENCE
from keiryo.journal.registry import Check, Posting, Refusal


@dataclass(slots=True)
class _Group:
    """Shipments of one act against which the same stands."""

    refused: bool
    first: MatchedShipment
    last: MatchedShipment
    count: int = 0
    quantity: Fraction = field(default_factory=Fraction)


def check_shipments(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse or note shipments of an act that no licence covers."""
    licence = posting.table(LICENCE.name)
    if posting.connection.execute(select(licence.c.act_id).limit(1)).first() is None:
        return
    numbers = {str(line["licence"]) for line in posting.lines(LICENCE.name)}
    first = _first_day(posting)
    if first is None and not numbers:
        return
    register = read_licences(posting.connection, posting.metadata)
    if register.rule.mode == OFF:
        return
    begins = [day for way in ("export", "import") if (day := register.begins(way)) is not None]
    days = [*begins, *(one.valid_from for n in numbers for one in register.licences[n].lines)]
    since = min([*days, first] if first is not None else days, default=None)
    every = shipments(posting.connection, posting.metadata, since=since)
    found, drawing = match_shipments(register, every)
    for group_key, group in _groups(posting, register, found).items():
        finding = _TOLD[group_key[0]](group)
        yield Refusal(finding) if group.refused else finding
    for ceiling in (one for number in sorted(numbers) for one in register.licences[number].lines):
        used = drawing.used.get(ceiling.name, Fraction(0))
        tolerance = register.licences[ceiling.licence].tolerance
        if used > ceiling.quantity * (1 + tolerance):
            yield _drawn_before(ceiling, used)


def _groups(
    posting: Posting, register: LicenceRegister, found: Iterable[MatchedShipment]
) -> dict[tuple[str, bool, str | None, str, str, str | None], _Group]:
    """Return what stands against shipments of an act, and against those that it speaks of.

    An entry of the books that was posted before is never refused; what is recorded of its end
    user afterwards may be worth a note.
    """
    groups: dict[tuple[str, bool, str | None, str, str, str | None], _Group] = {}
    for one in found:
        begin = register.begins(one.shipment.direction)
        own = one.shipment.act == posting.act_id
        if begin is None or not (own or one.shipment.transfer_act == posting.act_id):
            continue
        done = one.shipment.state == DONE
        refused = own and done and register.rule.mode == REFUSE and one.shipment.on >= begin
        line = None if one.ceiling is None else one.ceiling.name
        what = (one.shipment.partner, one.shipment.category, one.shipment.mba)
        for failed in one.failed:
            group = groups.setdefault((failed, refused, line, *what), _Group(refused, one, one))
            group.last, group.count = one, group.count + 1
            group.quantity += one.shipment.quantity if one.quantity is None else one.quantity
    return groups


def _drawn_before(ceiling: Ceiling, used: Fraction) -> Finding:
    return Finding(
        "LICENCE-OVERDRAWN",
        Severity.WARNING,
        f"{quantity_text(used)} {ceiling.unit} left under licence {ceiling.name} already, more "
        f"than its ceiling of {quantity_text(ceiling.quantity)} {ceiling.unit}",
        "'keiryo export-control match' lists the shipments. Correct the ceiling, or ask what "
        "covered them.",
        found=quantity_text(used),
        expected=quantity_text(ceiling.quantity),
        basis=BASIS,
    )


def _first_day(posting: Posting) -> datetime.date | None:
    """Return the first day of what crosses the border in an act, or None if nothing does."""
    table = posting.table(INVENTORY_CHANGE.name)
    query = select(func.min(table.c.event_date)).where(
        table.c.act_id == posting.act_id, table.c.code.in_(tuple(DIRECTION_OF_CODE))
    )
    planned = posting.table(EXPORT_TRANSFER.name)
    other = select(func.min(planned.c.on_day)).where(planned.c.act_id == posting.act_id)
    days = [posting.connection.execute(one).scalar() for one in (query, other)]
    known = [number_date(int(day)) for day in days if day is not None]
    return min(known) if known else None


def _finding(
    code: str,
    group: _Group,
    message: str,
    advice: str,
    *,
    found: str | None = None,
    expected: str | None = None,
) -> Finding:
    one = group.first.shipment
    what = "shipment" if one.direction == EXPORT else "receipt"
    of = f"category {one.category}" if one.category else one.item
    head = f"{what} of {one.on} to {one.place or one.partner}, {of}"
    if one.direction != EXPORT:
        head = head.replace(" to ", " from ", 1)
    if group.count > 1:
        head = f"{group.count} {what}s, the first a {head}"
    return Finding(
        code,
        Severity.INCONSISTENCY if group.refused else Severity.WARNING,
        f"{head}: {message}",
        advice,
        mba=one.mba,
        category=one.category or None,
        cell=f"batch {one.batch}" if one.batch else one.transfer,
        found=found,
        expected=expected,
        basis=BASIS,
    )


def _none(group: _Group) -> Finding:
    one = group.first.shipment
    return _finding(
        "LICENCE-NONE",
        group,
        f"no licence names this item and {one.partner or 'the other State'}",
        "Record the licence first, or correct the State; 'keiryo export-control rule' says what "
        "happens to shipments without one.",
        found=one.partner,
    )


def _expired(group: _Group) -> Finding:
    line, one = group.first.ceiling, group.first.shipment
    assert line is not None
    return _finding(
        "LICENCE-EXPIRED",
        group,
        f"licence {line.name} is not in force on {one.on} (valid {line.valid_from} to "
        f"{line.valid_to})",
        "The day of the shipment counts. Record the amendment that prolongs it, or another "
        "licence; look whether it was suspended.",
        found=one.on.isoformat(),
        expected=f"{line.valid_from}..{line.valid_to}",
    )


def _overdrawn(group: _Group) -> Finding:
    last, line = group.last, group.last.ceiling
    assert line is not None and last.remaining is not None and last.quantity is not None
    drawn = last.shipment.draws and last.failed == (OVER_CEILING,)
    over = -last.remaining if drawn else last.quantity - last.remaining
    return _finding(
        "LICENCE-OVERDRAWN",
        group,
        f"{quantity_text(group.quantity)} {line.unit} is more than is left of licence "
        f"{line.name}; it would be {quantity_text(over)} {line.unit} over its ceiling of "
        f"{quantity_text(line.quantity)} {line.unit}",
        "Check the weight; record the amendment that raises the ceiling, or another licence.",
        found=quantity_text(group.quantity),
        expected=quantity_text(line.quantity),
    )


def _end_user(group: _Group) -> Finding:
    line, one = group.first.ceiling, group.first.shipment
    assert line is not None
    to = f"{line.consignee} ({line.place})" if line.place else line.consignee
    return _finding(
        "LICENCE-END-USER",
        group,
        f"licence {line.name} is for {to}, used by {line.end_user}",
        "Correct the other side of the shipment, or record a licence for it.",
        found=one.place or one.end_user or "",
        expected=to,
    )


def _assurance(group: _Group) -> Finding:
    line, one = group.first.ceiling, group.first.shipment
    assert line is not None
    return _finding(
        "LICENCE-ASSURANCE",
        group,
        f"no assurance of {one.partner} covers it, which licence {line.name} asks for",
        "Record the assurance of the government, with its days and quantity.",
        found=one.partner,
    )


def _duplicate(group: _Group) -> Finding:
    one = group.first.shipment
    return _finding(
        "LICENCE-DUPLICATE",
        group,
        f"line {one.transfer_line} of declaration {one.declaration} left before",
        "One line of a declaration leaves once; correct the batch, or record the second shipment.",
        found=one.declaration or "",
    )


def _unit(group: _Group) -> Finding:
    line, one = group.first.ceiling, group.first.shipment
    assert line is not None
    return _finding(
        "LICENCE-UNIT",
        group,
        f"its quantity cannot be converted into {line.unit}, in which licence {line.name} counts",
        "Have the licence or the declaration put right; nothing is guessed here.",
        found=one.unit,
        expected=line.unit,
    )


_TOLD: Mapping[str, Callable[[_Group], Finding]] = {
    NO_LICENCE: _none,
    EXPIRED: _expired,
    OVER_CEILING: _overdrawn,
    WRONG_END_USER: _end_user,
    NO_ASSURANCE: _assurance,
    DUPLICATE: _duplicate,
    UNIT: _unit,
}

SHIPMENTS_COVERED = Check(
    "shipments under licences",
    frozenset({INVENTORY_CHANGE.name, EXPORT_TRANSFER.name, LICENCE.name}),
    check_shipments,
)
