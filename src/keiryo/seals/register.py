"""The register of seals as it stands: read from the record, event by event."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.errors import NotFoundError
from keiryo.journal.reading import rows_of as rows_of
from keiryo.seals.events import SealEvent, event_of
from keiryo.seals.life import holding, replay
from keiryo.seals.numbers import SealKey
from keiryo.seals.seal_types import SEAL_TYPES, SealType
from keiryo.seals.standing import Standing
from keiryo.seals.tables import SEAL, SEAL_EVENT, SEAL_ITEM

_KEYS_AT_ONCE = 400
_UNKNOWN_TYPE = SealType("unknown", "wire-loop", False, ())


def rows_of_keys(
    connection: Connection,
    metadata: MetaData,
    kind: str,
    keys: Collection[SealKey] | None,
    *,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the lines of a kind about some seals; None: about all."""
    if keys is None:
        return rows_of(connection, metadata, kind, through_act=through_act)
    table = metadata.tables[kind]
    numbers: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        numbers.setdefault(key.body, []).append(key.number)
    found: list[dict[str, Any]] = []
    for body, mine in numbers.items():
        for first in range(0, len(mine), _KEYS_AT_ONCE):
            some = table.c.number.in_(mine[first : first + _KEYS_AT_ONCE])
            same = table.c.body == body
            found += rows_of(connection, metadata, kind, same, some, through_act=through_act)
    return found


def key_of(row: Mapping[str, Any]) -> SealKey:
    """Return the seal that a line is about."""
    return SealKey(str(row["body"]), str(row["number"]))


def by_key(rows: Iterable[Mapping[str, Any]]) -> dict[SealKey, list[dict[str, Any]]]:
    """Return lines by the seal that they are about."""
    found: dict[SealKey, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(dict(row))
    return found


def seal_lines(
    connection: Connection,
    metadata: MetaData,
    keys: Collection[SealKey] | None = None,
    *,
    through_act: int | None = None,
) -> dict[SealKey, dict[str, Any]]:
    """Return the last line of each seal of the register."""
    rows = rows_of_keys(connection, metadata, SEAL.name, keys, through_act=through_act)
    return {key_of(row): row for row in rows}


def seal_events(
    connection: Connection,
    metadata: MetaData,
    keys: Collection[SealKey] | None = None,
    *,
    through_act: int | None = None,
) -> dict[SealKey, list[SealEvent]]:
    """Return all events of seals, corrected ones too, in the order of their recording.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    keys : collection of SealKey, optional
        Only of these seals.
    through_act : int, optional
        What was recorded with this act; default: everything.
    """
    held: dict[tuple[int, int], list[str]] = {}
    for row in rows_of_keys(connection, metadata, SEAL_ITEM.name, keys, through_act=through_act):
        held.setdefault((row["act_id"], row["event_line"]), []).append(row["batch_uid"])
    found: dict[SealKey, list[SealEvent]] = {}
    for row in rows_of_keys(connection, metadata, SEAL_EVENT.name, keys, through_act=through_act):
        items = tuple(held.get((row["act_id"], row["line_no"]), ()))
        found.setdefault(key_of(row), []).append(event_of(row, items))
    return found


def type_of(line: Mapping[str, Any] | None) -> SealType:
    """Return the type of a seal of the register."""
    return _UNKNOWN_TYPE if line is None else SEAL_TYPES.get(line["type"], _UNKNOWN_TYPE)


def standings(
    connection: Connection,
    metadata: MetaData,
    keys: Collection[SealKey] | None = None,
    *,
    through_act: int | None = None,
    known_at: str | None = None,
) -> dict[SealKey, Standing]:
    """Return how seals stand, by their keys in order.

    Parameters
    ----------
    connection, metadata, keys, through_act
        As `seal_events`.
    known_at : str, optional
        UTC; an event counts when its own time is not later.
    """
    lines = seal_lines(connection, metadata, keys, through_act=through_act)
    every = seal_events(connection, metadata, keys, through_act=through_act)
    return {
        key: replay(
            key,
            type_of(lines[key]),
            [e for e in holding(every.get(key, [])) if known_at is None or e.at <= known_at],
        )
        for key in sorted(lines)
    }


def standing(connection: Connection, metadata: MetaData, key: SealKey) -> Standing:
    """Return how one seal stands.

    Raises
    ------
    NotFoundError
        If it is not in the register.
    """
    found = standings(connection, metadata, [key]).get(key)
    if found is None:
        raise NotFoundError(
            f"there is no seal {key} in the register",
            "Numbers keep their leading zeros; 'keiryo seals list' lists all seals.",
        )
    return found


def keys_on_batches(
    connection: Connection, metadata: MetaData, batch_uids: Collection[str]
) -> set[SealKey]:
    """Return the seals that were ever attached over one of these batches."""
    table = metadata.tables[SEAL_ITEM.name]
    query = select(table.c.body, table.c.number).where(table.c.batch_uid.in_(list(batch_uids)))
    return {SealKey(str(row[0]), str(row[1])) for row in connection.execute(query.distinct())}


def keys_in_areas(
    connection: Connection, metadata: MetaData, mbas: Collection[str]
) -> set[SealKey]:
    """Return the seals that were ever attached in one of these areas."""
    table = metadata.tables[SEAL_EVENT.name]
    query = select(table.c.body, table.c.number).where(table.c.mba.in_(list(mbas)))
    return {SealKey(str(row[0]), str(row[1])) for row in connection.execute(query.distinct())}


def standing_dict(standing: Standing, line: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return how a seal stands as plain data."""
    period = standing.open_period
    told: dict[str, Any] = {
        "seal": str(standing.key),
        "type": standing.type.name,
        "state": None if standing.state is None else str(standing.state),
        "since": standing.since or None,
        "holder": standing.holder if standing.state == "issued" else None,
        "containment": None
        if period is None
        else f"{period.attached.mba}/{period.attached.containment}",
        "ways": [] if period is None else list(period.attached.path_names),
        "items": [] if period is None else list(period.attached.items),
        "result": str(standing.periods[-1].result()) if standing.periods else None,
        "quarantined": standing.quarantined,
    }
    if line is not None:
        for name in ("delivery", "key_id", "soh_interval_s", "battery_limit_mv", "note"):
            told[name] = line[name]
        told["line"] = f"line:{line['act_id']}/{line['line_no']}"
    return told


def period_rows(standing: Standing) -> list[dict[str, Any]]:
    """Return the periods of a seal as plain data, in order."""
    return [
        {
            "containment": f"{one.attached.mba}/{one.attached.containment}",
            "ways": list(one.attached.path_names),
            "items": list(one.attached.items),
            "attached_at": one.attached.at,
            "attached_by": list(one.attached.persons),
            "closed_at": None if one.closed is None else one.closed.at,
            "closed_by": None if one.closed is None else one.closed.event,
            "checks": len(one.checks),
            "result": str(one.result()),
            "finding": None if one.verdict is None else one.verdict.finding,
            "line": one.attached.node,
        }
        for one in standing.periods
    ]
