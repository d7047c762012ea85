"""Information exchanged: recorded with its caveats, acknowledged, and handed on where it may be.

An item says from whom to whom something went, the digest of its content and how it is to be
handled (`keiryo.cooperation.caveats`). What is handed out is asked for as a whole: where named
items are asked for and one must not go, none goes.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from keiryo.cooperation.caveats import (
    CONFINING,
    EMBARGO,
    QUANTITIES,
    blocked,
    caveat_names,
    marking,
    plain_purpose,
)
from keiryo.cooperation.exchange_tables import INFORMATION_EVENT, INFORMATION_ITEM
from keiryo.cooperation.information_checks import gone
from keiryo.cooperation.information_log import InformationLog, Item, read_log
from keiryo.dates import date_number, utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, UsageError
from keiryo.journal.evidence import KeptFile, evidence_values, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.engine import Database

RECORD, EVENT = "cooperation.information", "cooperation.information_event"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")
_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of every member of a package: the same items make the same bytes."""


@dataclass(frozen=True, slots=True)
class InformationWanted:
    """An item that somebody wants to record; see the fields of `information_item`.

    Attributes
    ----------
    content : (name, bytes) or None
        The content itself; `keep` says whether it becomes evidence or only its digest is noted.
    name : str or None
        Of an item that is recorded anew; None: the next number.
    """

    direction: str
    on: datetime.date
    from_organisation: str
    to_organisation: str
    medium: str
    title: str
    from_person: str | None = None
    to_person: str | None = None
    content: tuple[str, bytes] | None = None
    keep: bool = True
    digest: str | None = None
    caveats: tuple[str, ...] = ()
    legal_basis: str | None = None
    purposes: tuple[str, ...] = ()
    onward: str | None = None
    embargo_until: datetime.date | None = None
    retention_until: datetime.date | None = None
    retention_duty: str | None = None
    country_quantities: bool = False
    parts: tuple[str, ...] = ()
    under: str | None = None
    note: str | None = None
    name: str | None = None


def record_information(
    database: Database, actor: Actor, wanted: InformationWanted, *, clock: Clock = system_clock
) -> tuple[str, Posted]:
    """Record information that was given or received.

    The caveats of the items of which it is made, of an item with the same content, and of what
    stood under its name before are added to its own.

    Returns
    -------
    (str, Posted)
        Name of the item, and the act.

    Raises
    ------
    UsageError
        If the name cannot be one.
    RefusedError
        If it does not hold together, or hands out what must not be: every reason.
    """
    if wanted.name is not None and not _NAME.fullmatch(wanted.name):
        raise UsageError(
            f"an item cannot be called {wanted.name[:60]!r}",
            "Small letters, digits, '.', '_' and '-', e.g. info.0012.",
        )
    named = []

    def draft(connection: Connection) -> Draft:
        log = read_log(connection, database.metadata)
        name = wanted.name or next_name("info", log.items)
        kept = None
        if wanted.content is not None:
            limit = None if wanted.keep else 0
            kept = keep_file(database.evidence, *wanted.content, up_to_bytes=limit)
        values = _values(log, name, wanted, kept)
        named.append(name)
        made = Draft(RECORD, f"cooperation:{uuid.uuid4()}")
        marked = marking(str(values["caveats"] or "").split())
        add_files(made, [kept] if kept and kept.kept else [], actor, clock, marked)
        made.add(INFORMATION_ITEM.name, values, scope=actor.on_behalf_of, caveat=marked)
        return made

    done = post(database, draft, actor, clock=clock)
    return named[-1], done


def _values(
    log: InformationLog, name: str, wanted: InformationWanted, kept: KeptFile | None
) -> dict[str, Value]:
    digest = wanted.digest if kept is None else kept.digest
    parts = dict.fromkeys(wanted.parts)
    for other in log.items.values():
        if digest and other.values["digest"] == digest and name not in log.made_of(other.name):
            parts[other.name] = None
    caveats = caveat_names(wanted.caveats)
    if wanted.embargo_until is not None:
        caveats |= {EMBARGO}
    if wanted.country_quantities and wanted.direction == "in":
        caveats |= {QUANTITIES}
    for source in (*parts, *([name] if name in log.items else [])):
        caveats |= log.handling(source, wanted.on).caveats
    purposes = sorted({plain_purpose(one) for one in wanted.purposes if one.strip()})
    onward = wanted.onward or ("consent" if caveats & CONFINING else "free")
    days = {"embargo_until": wanted.embargo_until, "retention_until": wanted.retention_until}
    return {
        "information": name,
        "direction": wanted.direction,
        "on_day": date_number(wanted.on),
        "from_organisation": wanted.from_organisation,
        "from_person": wanted.from_person,
        "to_organisation": wanted.to_organisation,
        "to_person": wanted.to_person,
        "medium": wanted.medium,
        "title": wanted.title,
        "digest": digest,
        "kept": None if digest is None else int(kept is not None and kept.kept),
        "caveats": " ".join(sorted(caveats)) or None,
        "legal_basis": wanted.legal_basis,
        "purposes": " | ".join(purposes) or None,
        "onward": onward,
        **{key: None if day is None else date_number(day) for key, day in days.items()},
        "retention_duty": wanted.retention_duty,
        "country_quantities": int(wanted.country_quantities),
        "parts": " ".join(parts) or None,
        "under": wanted.under,
        "note": wanted.note,
    }


@dataclass(frozen=True, slots=True)
class InformationEvent:
    """What happened to an item; see the fields of `information_event`."""

    information: str
    what: str
    on: datetime.date
    organisation: str | None = None
    person: str | None = None
    consent_of: str | None = None
    valid_until: datetime.date | None = None
    purpose: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()
    evidence: tuple[str, ...] = ()
    note: str | None = None


def record_events(
    database: Database,
    actor: Actor,
    events: Iterable[InformationEvent],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record what happened to items: acknowledged, handed out, consented, returned, destroyed.

    All in one act, or nothing.

    Raises
    ------
    NotFoundError
        If there is no such item.
    RefusedError
        If a caveat would be broken, or it does not hold together.
    """
    wanted = list(events)

    def draft(connection: Connection) -> Draft:
        log = read_log(connection, database.metadata)
        made = Draft(EVENT, f"cooperation:{uuid.uuid4()}")
        lines = []
        for one in wanted:
            log.get(one.information)
            marked = marking(log.handling(one.information, one.on).caveats)
            kept = [keep_file(database.evidence, *file) for file in one.files]
            add_files(made, kept, actor, clock, marked)
            shown = " ".join(dict.fromkeys((*one.evidence, *(file.digest for file in kept))))
            values: dict[str, Value] = {
                "information": one.information,
                "what": one.what,
                "on_day": date_number(one.on),
                "organisation": one.organisation,
                "person": one.person,
                "consent_of": one.consent_of,
                "valid_until": None if one.valid_until is None else date_number(one.valid_until),
                "purpose": one.purpose,
                "evidence": shown or None,
                "note": one.note,
            }
            lines.append((values, marked))
        for values, marked in lines:
            made.add(INFORMATION_EVENT.name, values, scope=actor.on_behalf_of, caveat=marked)
        return made

    return post(database, draft, actor, clock=clock)


def add_files(
    made: Draft, files: Iterable[KeptFile], actor: Actor, clock: Clock, marked: str | None
) -> None:
    """Add the lines of files, marked like what they are evidence for."""
    for one in files:
        values = evidence_values(one, actor.on_behalf_of, "cooperation", utc_text(clock()))
        made.add(EVIDENCE.name, values, caveat=marked)


def next_name(word: str, known: Iterable[str]) -> str:
    """Return the next number of a kind of object.

    Examples
    --------
    >>> next_name("info", ["info.0001", "info.0007", "mine"])
    'info.0008'
    """
    numbers = [one.removeprefix(f"{word}.") for one in known if one.startswith(f"{word}.")]
    last = max((int(one) for one in numbers if one.isdecimal() and len(one) < 9), default=0)
    return f"{word}.{last + 1:04d}"


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What was handed to somebody, or would be.

    Attributes
    ----------
    to : str
    on : datetime.date
    purpose : str or None
    manifest : tuple of dict
        Each item with the caveats that go with it.
    items : tuple of Item
    findings : tuple of Finding
        What stays here, and why.
    content : bytes
        The package, a zip file: a manifest and the contents that are kept; empty if nothing goes.
    act : Posted or None
        The act that records it; None if nothing was handed out.
    """

    to: str
    on: datetime.date
    purpose: str | None
    manifest: tuple[dict[str, Any], ...]
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    content: bytes = b""
    act: Posted | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "to": self.to,
            "on": self.on.isoformat(),
            "purpose": self.purpose,
            "act": None if self.act is None else self.act.act.act_id,
            "items": list(self.manifest),
        }


def hand_out(
    database: Database,
    actor: Actor,
    to: str,
    *,
    on: datetime.date,
    purpose: str | None = None,
    names: tuple[str, ...] = (),
    check: bool = False,
    clock: Clock = system_clock,
) -> HandedOut:
    """Hand information to an organisation, and record what it received.

    Parameters
    ----------
    to : str
        An organisation of the register.
    on : datetime.date
    purpose : str, optional
        What it is for.
    names : tuple of str
        The items; all of them go, or none. Empty: whatever may go; what must not is found.
    check : bool
        Only look; record nothing.

    Raises
    ------
    NotFoundError
        If there is no such organisation or item.
    RefusedError
        If a named item must not be handed out: every item, every reason.
    """
    with database.reading() as connection:
        log = read_log(connection, database.metadata)
    recipient = log.hand_out(to, actor.on_behalf_of[:2], on, purpose)
    if recipient is None:
        raise NotFoundError(
            f"there is no organisation {to[:60]!r} in the register",
            "'keiryo cooperation register --kind organisations' lists them.",
        )
    asked = [log.get(name) for name in dict.fromkeys(names)]
    asked = asked or [one for one in log.items.values() if one.gone is None]
    going, findings = [], []
    for one in asked:
        against = [*gone(one), *blocked(one.name, log.handling(one.name, on), recipient)]
        findings += against
        going += [] if against else [one]
    if names and findings:
        kept_back = len({one.found for one in findings})
        raise RefusedError(
            f"{kept_back} of {len(asked)} items must not be handed to {to}; nothing was handed out",
            findings,
            "Leave them out, or do what each finding says.",
        )
    manifest = tuple(_handed_on(item_dict(log, one, on)) for one in going)
    result = HandedOut(to, on, purpose, manifest, tuple(going), tuple(findings))
    if not going:
        return result
    result = replace(result, content=_package(database, result))
    if check:
        return result
    note = f"in a package with the digest {hashlib.sha256(result.content).hexdigest()}"
    events = [
        InformationEvent(one.name, "handed_out", on, organisation=to, purpose=purpose, note=note)
        for one in going
    ]
    return replace(result, act=record_events(database, actor, events, clock=clock))


def item_dict(log: InformationLog, item: Item, on: datetime.date) -> dict[str, Any]:
    """Return an item as plain values, with how it is to be handled as a whole."""
    values, whole = item.values, log.handling(item.name, on)
    purposes = None if whole.purposes is None else sorted(whole.purposes)
    embargo, retention, given = whole.embargo_until, whole.retention_until, item.day("on_day")
    acknowledged = [one for one in item.events if one["what"] == "acknowledged"]
    return {
        "information": item.name,
        "title": values["title"],
        "direction": values["direction"],
        "on": None if given is None else given.isoformat(),
        "from": values["from_organisation"],
        "from_person": values["from_person"],
        "to": values["to_organisation"],
        "to_person": values["to_person"],
        "medium": values["medium"],
        "digest": values["digest"],
        "kept": bool(values["kept"]),
        "caveats": sorted(whole.caveats),
        "legal_basis": values["legal_basis"],
        "purposes": purposes,
        "onward": values["onward"],
        "originators": sorted({circle.originator for circle in whole.circles}),
        "embargo_until": None if embargo is None else embargo.isoformat(),
        "retention_until": None if retention is None else retention.isoformat(),
        "retention_over": retention is not None and retention < on and item.gone is None,
        "retention_duty": values["retention_duty"],
        "parts": list(item.parts),
        "under": values["under"],
        "acknowledged": bool(acknowledged),
        "gone": item.gone,
        "handed_to": sorted(
            {str(e["organisation"]) for e in item.events if e["what"] == "handed_out"}
        ),
        "line": item.line,
    }


def _handed_on(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a recipient is told of an item; who else has it is not theirs to know."""
    own = ("parts", "under", "acknowledged", "gone", "handed_to", "line", "retention_over")
    return {name: value for name, value in told.items() if name not in own}


def _package(database: Database, handed: HandedOut) -> bytes:
    members: dict[str, bytes] = {}
    told = []
    for one, said in zip(handed.items, handed.manifest, strict=True):
        place = f"content/{one.name}" if one.values["kept"] else None
        if place is not None:
            members[place] = database.evidence.get(str(one.values["digest"]))
        told.append({**said, "content": place})
    described = {"to": handed.to, "on": handed.on.isoformat(), "purpose": handed.purpose}
    manifest = json.dumps({**described, "items": told}, indent=1, ensure_ascii=False)
    members["manifest.json"] = f"{manifest}\n".encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _SAME_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, members[name])
    return stream.getvalue()
