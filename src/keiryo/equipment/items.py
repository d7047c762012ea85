"""Items of equipment: what each is and whose, the source that it contains, what state it is in.

An item enters the record together with its first custodian, so that there is no moment at which
nobody has it. What it was before stays in the record when it is recorded anew.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import DateError, number_date
from keiryo.equipment.custody import HandOver, chains, custody_values
from keiryo.equipment.record import BASIS, refused
from keiryo.equipment.tables import (
    EQUIPMENT_CONDITION,
    EQUIPMENT_CUSTODY,
    EQUIPMENT_ITEM,
    SERVICEABLE,
    TYPES,
)
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

REGISTER = "equipment.register"

_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")
_NUCLIDE = re.compile(r"[A-Z][a-z]?-[1-9][0-9]{0,2}m?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SOURCE = ("source_nuclide", "source_activity_bq", "source_reference_on")
_FIXED = ("type", "model", "owner")
_FIELDS = tuple(field.name for field in EQUIPMENT_ITEM.own_fields)


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    condition : str
    chain : tuple of HandOver
        Who had it, in order; the last has it now.
    conditions : tuple of mapping
        What happened to it, in order.
    """

    values: Mapping[str, Any]
    condition: str
    chain: tuple[HandOver, ...]
    conditions: tuple[Mapping[str, Any], ...]

    @property
    def serial(self) -> str:
        """Serial number."""
        return str(self.values["serial"])

    @property
    def holder(self) -> HandOver:
        """The last hand-over: who has it, and where."""
        return self.chain[-1]

    @property
    def has_source(self) -> bool:
        """Whether it contains a radioactive source."""
        return self.values["source_nuclide"] is not None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {name: self.values[name] for name in _FIELDS}
        day = told["source_reference_on"]
        told["source_reference_on"] = None if day is None else number_date(day).isoformat()
        return {
            **told,
            "condition": self.condition,
            "custodian": self.holder.receiver,
            "organisation": self.holder.organisation,
            "place": self.holder.place,
            "since": self.holder.at,
            "line": line_node(self.values),
        }


def items(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[str, Item]:
    """Return all items as they stand, by serial number.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    through_act : int, optional
        As they stood with this act; default: now.
    """
    every = chains(connection, metadata, through_act=through_act)
    states: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(connection, metadata, EQUIPMENT_CONDITION.name, through_act=through_act):
        states.setdefault(row["serial"], []).append(row)
    lines = rows_of(connection, metadata, EQUIPMENT_ITEM.name, through_act=through_act)
    last = {row["serial"]: row for row in lines}
    return {
        serial: Item(
            row,
            states[serial][-1]["condition"] if serial in states else SERVICEABLE,
            tuple(every.get(serial, ())),
            tuple(states.get(serial, ())),
        )
        for serial, row in last.items()
    }


def item(connection: Connection, metadata: MetaData, serial: str) -> Item:
    """Return an item as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that serial number.
    """
    found = items(connection, metadata).get(serial)
    if found is None:
        raise NotFoundError(
            f"there is no equipment with the serial number {serial[:60]!r}",
            "'keiryo equipment list' lists what there is.",
        )
    return found


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item to be recorded, and where its custody begins if it is new.

    Attributes
    ----------
    values : mapping
        Fields of an ``equipment_item`` line.
    first : HandOver or None
        Who has it when it enters the record; None for an item that is in the record.
    """

    values: Mapping[str, Value]
    first: HandOver | None = None


def register_items(
    database: Database,
    actor: Actor,
    entries: Sequence[ItemEntry],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record items, each new one with its first custodian: one act, or nothing.

    Raises
    ------
    RefusedError
        If an entry does not hold: all findings.
    """
    made = Draft(REGISTER, f"equipment:{uuid.uuid4()}")
    add_entries(made, entries, actor)
    return post(database, made, actor, clock=clock)


def add_entries(made: Draft, entries: Sequence[ItemEntry], actor: Actor) -> None:
    """Add items and their first custodians to a draft."""
    for entry in entries:
        made.add(EQUIPMENT_ITEM.name, entry.values, scope=actor.on_behalf_of)
        if entry.first is not None:
            made.add(EQUIPMENT_CUSTODY.name, custody_values(entry.first), scope=actor.on_behalf_of)


def item_findings(values: Mapping[str, Any], known: Mapping[str, Any] | None) -> list[Finding]:
    """Return what is wrong with an item that is to be recorded; empty if nothing is.

    Parameters
    ----------
    values : mapping
        Fields of the line.
    known : mapping or None
        The last line of the same serial number.
    """
    serial = str(values.get("serial") or "")
    found = []
    if not _SERIAL.fullmatch(serial):
        found.append(
            _finding(
                "EQUIPMENT-SERIAL",
                f"{serial[:60]!r} is no serial number as equipment goes by",
                "Letters, digits, point, hyphen, underscore and plus, up to 60; put the maker "
                "before it where two makers use the same number.",
            )
        )
    if values.get("type") not in TYPES:
        found.append(
            _finding(
                "EQUIPMENT-TYPE",
                f"{serial}: {str(values.get('type'))[:60]!r} is no type of equipment",
                f"One of {', '.join(TYPES)}.",
            )
        )
    return [*found, *_value_findings(serial, values), *_change_findings(serial, values, known)]


def _value_findings(serial: str, values: Mapping[str, Any]) -> Iterator[Finding]:
    empty = [name for name in ("model", "owner") if not str(values.get(name) or "").strip()]
    if empty:
        yield _finding(
            "EQUIPMENT-EMPTY",
            f"{serial}: {' and '.join(empty)} must be said",
            "Say what it is and whose.",
        )
    value, currency = values.get("value"), values.get("currency")
    if (value is None) != (currency is None) or (
        value is not None and (value < 0 or not _CURRENCY.fullmatch(str(currency)))
    ):
        yield _finding(
            "EQUIPMENT-VALUE",
            f"{serial}: the value is no amount with a currency",
            "Give whole units and the three letters of the currency, e.g. 12000 EUR, or neither.",
        )
    told = [name for name in _SOURCE if values.get(name) is not None]
    if told and not _source_is_whole(values, told):
        yield _finding(
            "EQUIPMENT-SOURCE",
            f"{serial}: the contained source is not fully described",
            "Give the nuclide (Cs-137), the activity in whole becquerels above zero and the day "
            "of that activity, or none of them.",
        )
    elif not told and values.get("source_licence") is not None:
        yield _finding(
            "EQUIPMENT-SOURCE",
            f"{serial}: a licence is given for a source, and no source",
            "Give the nuclide, the activity and its day, or leave the licence out.",
        )


def _source_is_whole(values: Mapping[str, Any], told: Sequence[str]) -> bool:
    if len(told) < len(_SOURCE) or not _NUCLIDE.fullmatch(str(values["source_nuclide"])):
        return False
    try:
        number_date(int(values["source_reference_on"]))
    except DateError:
        return False
    return int(values["source_activity_bq"]) > 0


def _change_findings(
    serial: str, values: Mapping[str, Any], known: Mapping[str, Any] | None
) -> Iterator[Finding]:
    if known is None or str(values.get("reason") or "").strip():
        return
    changed = [name for name in _FIXED if values.get(name) != known[name]]
    if changed:
        yield _finding(
            "EQUIPMENT-CHANGED",
            f"{serial}: {', '.join(changed)} would be another than recorded before",
            "If it is another piece with the same number, put the maker before the number; if "
            "what was recorded was wrong or has changed, give the reason.",
        )


def check_items(posting: Posting) -> Iterator[Refusal]:
    """Refuse items that are not fully described."""
    known: dict[str, Mapping[str, Any]] = {
        serial: one.values for serial, one in _before(posting).items()
    }
    for line in posting.lines(EQUIPMENT_ITEM.name):
        yield from refused(item_findings(line, known.get(line["serial"])))
        known[line["serial"]] = line


def _before(posting: Posting) -> dict[str, Item]:
    return items(posting.connection, posting.metadata, through_act=posting.act_id - 1)


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


ITEMS_HOLD = Check("items of equipment", frozenset({EQUIPMENT_ITEM.name}), check_items)
