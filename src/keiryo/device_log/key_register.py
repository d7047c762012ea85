"""The register of keys: registered once, revoked, and as they stood at any time.

A key is registered by one act and revoked by another; neither is ever changed. A key that was
registered wrongly is revoked from its beginning on and registered anew under another key id.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.device_log.chain import is_value
from keiryo.device_log.keys import ALGORITHMS, PURPOSES, REVIEWER, DeviceKey
from keiryo.device_log.record import BASIS, shown
from keiryo.device_log.tables import DEVICE_KEY, DEVICE_KEY_REVOCATION
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

KEY = "device.key"


def keys(
    connection: Connection,
    metadata: MetaData,
    *,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> dict[str, DeviceKey]:
    """Return the register of keys by key id.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    known_at : datetime, optional
        Revocations after this instant do not count, nor keys that are valid from a later one on.
    through_act : int, optional
        What was recorded with this act; default: everything.
    """
    revoked: dict[str, datetime.datetime] = {}
    for row in rows_of(connection, metadata, DEVICE_KEY_REVOCATION.name, through_act=through_act):
        at = parse_utc(row["revoked_at"])
        if known_at is None or at <= known_at:
            revoked[row["kid"]] = min(at, revoked.get(row["kid"], at))
    found = {}
    for row in rows_of(connection, metadata, DEVICE_KEY.name, through_act=through_act):
        key = _key(row, revoked.get(row["kid"]))
        if known_at is None or key.valid_from <= known_at:
            found[key.kid] = key
    return found


def _key(row: Mapping[str, Any], revoked_at: datetime.datetime | None = None) -> DeviceKey:
    return DeviceKey(
        row["kid"],
        row["public_key"],
        row["purpose"],
        row["owner"] or "",
        parse_utc(row["valid_from"]),
        parse_utc(row["valid_to"]) if row["valid_to"] else None,
        revoked_at,
        row["algorithm"],
        line_node(row),
    )


def register_key(
    database: Database,
    actor: Actor,
    key: DeviceKey,
    *,
    store: str | None = None,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Register a key: one act, or nothing.

    Parameters
    ----------
    database, actor
    key : DeviceKey
        Not revoked.
    store : str, optional
        Where the secret half is kept (PKCS#11 token, TPM), with the level of the module.
    note : str, optional

    Raises
    ------
    RefusedError
        If the key id or the key is registered already, or the key is not well-formed.
    """
    made = Draft(KEY, f"device:{uuid.uuid4()}")
    values = {
        "kid": key.kid,
        "public_key": key.public,
        "algorithm": key.algorithm,
        "purpose": key.purpose,
        "owner": key.owner or None,
        "valid_from": utc_text(key.valid_from),
        "valid_to": None if key.valid_to is None else utc_text(key.valid_to),
        "store": store,
        "note": note,
    }
    if key.purpose not in PURPOSES:  # the table would refuse it without a word of advice
        raise RefusedError("the key was refused; nothing was recorded", list(_form(values)))
    made.add(DEVICE_KEY.name, values, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def revoke_key(
    database: Database,
    actor: Actor,
    kid: str,
    *,
    at: datetime.datetime | None = None,
    reason: str,
    clock: Clock = system_clock,
) -> Posted:
    """Revoke a key: one act, or nothing.

    Parameters
    ----------
    database, actor
    kid : str
    at : datetime, optional
        From when on it signs nothing: when it was lost or copied, if that is known; default: now.
    reason : str

    Raises
    ------
    NotFoundError
        If there is no such key.
    RefusedError
        If the instant lies in the future or after an earlier revocation.
    """
    with database.reading() as connection:
        known = keys(connection, database.metadata)
    if kid not in known:
        raise NotFoundError(
            f"there is no key {kid[:60]!r} in the register",
            "'keiryo device-log key list' lists the keys.",
        )
    now = clock()
    when = now if at is None else at
    if when > now:
        future = _finding(
            "DEVICE-KEY-FUTURE",
            f"{kid}: the revocation from {shown(when)} on has not happened yet",
            "Revoke a key when it is to sign no more; for a planned end register it with an end.",
        )
        raise RefusedError("the revocation was refused; nothing was recorded", [future])
    made = Draft(KEY, f"device:{uuid.uuid4()}", reason=reason)
    values = {"kid": kid, "revoked_at": utc_text(when), "reason": reason}
    made.add(DEVICE_KEY_REVOCATION.name, values, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def check_keys(posting: Posting) -> Iterator[Refusal]:
    """Refuse keys that are registered twice or are none, and revocations that do not hold."""
    connection, metadata, before = posting.connection, posting.metadata, posting.act_id - 1
    earlier = rows_of(connection, metadata, DEVICE_KEY.name, through_act=before)
    ids = {row["kid"] for row in earlier}
    publics = {row["public_key"]: row["kid"] for row in earlier}
    for line in posting.lines(DEVICE_KEY.name):
        for finding in _form(line):
            yield Refusal(finding)
        kid, public = line["kid"], line["public_key"]
        if kid in ids or public in publics:
            yield Refusal(
                _finding(
                    "DEVICE-KEY-TWICE",
                    f"{kid[:60]}: this key id or this public key is registered already"
                    + (f", as {publics[public]}" if public in publics else ""),
                    "A key id names one key for ever, and a key has one id. Register another key "
                    "under an id of its own.",
                )
            )
        ids.add(kid)
        publics.setdefault(public, kid)
    revoked = keys(connection, metadata, through_act=before)
    for line in posting.lines(DEVICE_KEY_REVOCATION.name):
        yield from _revocation(line, ids, revoked)


def _revocation(
    line: Mapping[str, Any], ids: set[str], known: Mapping[str, DeviceKey]
) -> Iterator[Refusal]:
    kid, at = line["kid"], _moment(line["revoked_at"])
    last = known[kid].revoked_at if kid in known else None
    if kid not in ids or at is None or not line["reason"].strip():
        yield Refusal(
            _finding(
                "DEVICE-KEY-FORM",
                f"{kid[:60]}: a revocation names a key of the register, an instant and a reason",
                "Correct the revocation; 'keiryo device-log key list' lists the keys.",
            )
        )
    elif last is not None and at >= last:
        yield Refusal(
            _finding(
                "DEVICE-KEY-REVOKED",
                f"{kid}: it is revoked since {shown(last)} already",
                "A second revocation can only be of an earlier instant.",
            )
        )


def _form(line: Mapping[str, Any]) -> Iterator[Finding]:
    bad = []
    if not line["kid"].strip() or " " in line["kid"] or len(line["kid"]) > 120:
        bad.append("key id (one word)")
    if line["algorithm"] not in ALGORITHMS:
        bad.append(f"algorithm (one of {', '.join(ALGORITHMS)})")
    if not is_value(line["public_key"]):
        bad.append("public key (64 lower-case hexadecimal digits)")
    if line["purpose"] not in PURPOSES:
        bad.append(f"purpose (one of {', '.join(PURPOSES)})")
    if line["purpose"] != REVIEWER and not (line["owner"] or "").strip():
        bad.append("owner (the device, or who collects)")
    begin = _moment(line["valid_from"])
    end = _moment(line["valid_to"]) if line["valid_to"] else None
    if begin is None or (line["valid_to"] and (end is None or end <= begin)):
        bad.append("validity (it begins before it ends)")
    if bad:
        yield _finding(
            "DEVICE-KEY-FORM",
            f"key {line['kid'][:60]!r}: missing or not valid: {', '.join(bad)}",
            "Complete it from what whoever installed the device states, and register it again.",
        )


def _moment(told: str) -> datetime.datetime | None:
    try:
        return parse_utc(told)
    except DateError:
        return None


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


KEYS_HOLD = Check(
    "keys of devices", frozenset({DEVICE_KEY.name, DEVICE_KEY_REVOCATION.name}), check_keys
)
