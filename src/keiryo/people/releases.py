"""Four eyes: what one person prepared and signed for waits until another releases it.

A request holds word for word what is to be done: kind of act, scope and content as canonical
JSON, signed by who prepared it. Whoever releases it posts the act, which carries a line naming the
preparer with their signature; the gate of every act checks both. Of two people who decide at the
same time exactly one does; what breaks off in between is found out afterwards by whether the act
is in the record.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import ConflictError, Finding, NotFoundError, RefusedError, UsageError
from keiryo.journal.evidence import evidence_values, keep_file
from keiryo.journal.model import Actor, Value
from keiryo.journal.posting import system_clock
from keiryo.journal.registry import Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.people.accounts import names_of
from keiryo.people.gate import (
    RELEASING,
    may_not_release,
    not_admitted,
    not_permitted,
    not_signed,
    own_release,
    preparation_not_signed,
)
from keiryo.people.keys import content_digest, is_signed_by, released_bytes
from keiryo.people.model import Person, SignerWithin
from keiryo.people.permissions import keys_in_force, person_of
from keiryo.people.prepared_content import canonical_text, sound_text
from keiryo.people.tables import RELEASE, RELEASE_REQUEST, RELEASING_NOW
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

WAITING, RELEASED = "waiting", "released"
RETURNED, WITHDRAWN = "returned", "withdrawn"
STATES = (WAITING, RELEASING_NOW, RELEASED, RETURNED, WITHDRAWN)
BROKEN_OFF = timedelta(minutes=10)
"""After this long a release that is being posted counts as broken off."""
MOST_WORDS, MOST_TITLE = 2_000, 200
ACTS = "acts"
"""Name in the content of how many acts come of it, where that is not one."""
_SEEN_WITH = "reports"
"""Whoever sees the reports of a place sees what is prepared for it."""


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """Something that one person prepared and another releases.

    Attributes
    ----------
    request_id : str
    act_kind : str
        Kind of the act that will be posted, e.g. ``"report.issue"``.
    scope : str
        What it is about.
    title : str
        In words.
    content : mapping
        What is to be done, as it was submitted.
    content_digest : str
        SHA-256 of the canonical JSON of kind, scope and content, hexadecimal.
    prepared_by : str
        Pseudonymous id.
    prepared_at : datetime
    preparer_key, preparer_signature : str
    state : str
        waiting, releasing, released, returned or withdrawn.
    decided_by, decided_at, words, act_id : optional
        Who decided when, what they said, and the act that came of it.
    """

    request_id: str
    act_kind: str
    scope: str
    title: str
    content: Mapping[str, Any] = field(repr=False)
    content_digest: str
    prepared_by: str
    prepared_at: datetime
    preparer_key: str
    preparer_signature: str
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    words: str | None = None
    act_id: int | None = None

    @property
    def acts(self) -> int:
        """How many acts come of it, as far as its content says; otherwise one."""
        return int(self.content.get(ACTS, 1))

    def line(self, words: str | None) -> tuple[str, dict[str, Value]]:
        """Return the line with which the act says how it came about."""
        return RELEASE.name, {
            "scope": self.scope,
            "prepared_by": self.prepared_by,
            "prepared_at": utc_text(self.prepared_at),
            "content_digest": self.content_digest,
            "preparer_key": self.preparer_key,
            "preparer_signature": self.preparer_signature,
            "words": words or None,
        }


Execute = Callable[[Actor, Mapping[str, Any]], int]
"""Posts what was prepared, with the actor that it is given, and returns the act's number."""


def submit(
    database: Database,
    actor: Actor,
    *,
    act_kind: str,
    scope: str,
    title: str,
    content: Mapping[str, Any],
    now: datetime,
) -> ReleaseRequest:
    """Sign for prepared content and let it wait for a second person.

    The same content of the same person that still waits is recognised and not doubled.

    Raises
    ------
    RefusedError
        If the person may not prepare this, or does not sign.
    UsageError
        If the content is no plain JSON without fractional numbers.
    """
    text = canonical_text(act_kind, scope, content)
    digest = content_digest(text)
    shown = sound_text(title, "title", MOST_TITLE)
    metadata = database.metadata
    table = metadata.tables[RELEASE_REQUEST]
    with database.writing() as connection:
        person = person_of(connection, metadata, actor.person)
        keys = keys_in_force(connection, metadata, actor.person)
        signer = actor.signer
        if isinstance(signer, SignerWithin):
            person = person.within(signer.scope)
        if person.state != "admitted":
            raise _refused([not_admitted(person)])
        refusals = []
        if not person.may_post(act_kind, scope):
            refusals.append(not_permitted(act_kind, scope))
        if signer is None or signer.key not in keys:
            refusals.append(not_signed(person))
        if refusals or signer is None:
            raise _refused(refusals)
        same = (
            (table.c.prepared_by == actor.person)
            & (table.c.content_digest == digest)
            & table.c.state.in_((WAITING, RELEASING_NOW))
        )
        known = connection.execute(select(table).where(same)).mappings().first()
        if known is not None:
            return _request(known)
        row = {
            "request_id": "R-" + secrets.token_hex(8),
            "act_kind": act_kind,
            "scope": scope,
            "title": shown,
            "content": text,
            "content_digest": digest,
            "prepared_by": actor.person,
            "prepared_at": utc_text(now),
            "preparer_key": signer.key,
            "preparer_signature": signer.sign(released_bytes(digest)).hex(),
            "state": WAITING,
        }
        connection.execute(insert(table).values(row))
        made = connection.execute(
            select(table).where(table.c.request_id == row["request_id"])
        ).mappings()
        return _request(made.one())


def requests(
    database: Database,
    person: Person,
    *,
    state: str | None = None,
    now: datetime | None = None,
) -> list[ReleaseRequest]:
    """Return the requests that concern a person, those that wait first, then the newest.

    Those are one's own, those about what one may post, and those about places whose reports one
    sees.
    """
    table = database.metadata.tables[RELEASE_REQUEST]
    query = select(table).order_by(table.c.prepared_at.desc(), table.c.request_id)
    if state is not None:  # one that broke off waits again, or was released
        query = query.where(table.c.state.in_((state, RELEASING_NOW)))
    with database.reading() as connection:
        rows = connection.execute(query).mappings().all()
    when = now or system_clock()
    found = [_recovered(database, _request(row), when) for row in rows if _concerns(person, row)]
    kept = [one for one in found if state in (None, one.state)]
    return sorted(kept, key=lambda one: one.state not in (WAITING, RELEASING_NOW))


def request(database: Database, person: Person, request_id: str) -> ReleaseRequest:
    """Return one request.

    Raises
    ------
    NotFoundError
        If there is none, or it does not concern the person: one answer for both.
    """
    table = database.metadata.tables[RELEASE_REQUEST]
    with database.reading() as connection:
        query = select(table).where(table.c.request_id == request_id)
        row = connection.execute(query).mappings().first()
    if row is None or not _concerns(person, row):
        raise NotFoundError(
            f"there is no request {request_id[:40]!r} for you to see",
            "Look at the list of what waits for release.",
        )
    return _request(row)


def release(
    database: Database,
    actor: Actor,
    person: Person,
    request_id: str,
    execute: Execute,
    *,
    words: str | None,
    now: datetime,
) -> ReleaseRequest:
    """Release what another person prepared: claim it, post it, note the act.

    Releasing again what the same person released already changes nothing.

    Parameters
    ----------
    actor : Actor
        Who releases, with their signer.
    person : Person
        The same person, with what they may do.
    execute : callable
        Posts what was prepared.
    words : str or None
        Said about it; stands in the record.

    Raises
    ------
    RefusedError
        If the person may not release it, or the preparer did not sign for this content.
    ConflictError
        If somebody else decided about it before.
    """
    assert person.person == actor.person
    asked = _recovered(database, request(database, person, request_id), now)
    if asked.state == RELEASED and asked.decided_by == actor.person:
        return asked
    said = _words(words)
    if refusals := _release_refusals(database, person, asked):
        raise _refused(refusals)
    _claim(database, asked, actor.person, RELEASING_NOW, said, now)
    lines = (asked.line(said), _prepared_file(database, actor, asked))
    endorsed = replace(actor, endorsement=(*actor.endorsement, *lines))
    try:
        act_id = execute(endorsed, asked.content)
    except BaseException:
        _unclaim(database, asked.request_id, actor.person, utc_text(now))
        raise
    table = database.metadata.tables[RELEASE_REQUEST]
    with database.writing() as connection:
        connection.execute(
            update(table)
            .where(table.c.request_id == request_id)
            .values(
                state=RELEASED,
                act_id=act_id,
                decided_by=actor.person,
                decided_at=utc_text(now),
                words=said,
            )
        )
    return request(database, person, request_id)


def _prepared_file(
    database: Database, actor: Actor, asked: ReleaseRequest
) -> tuple[str, dict[str, Value]]:
    """Keep what was prepared as evidence, and return the line that says so.

    The preparer's signature is over its digest: whoever sees the whole State can compare what they
    signed for with what was posted, long after the request itself is gone.
    """
    text = canonical_text(asked.act_kind, asked.scope, asked.content).encode()
    return EVIDENCE.name, evidence_values(
        keep_file(database.evidence, f"{asked.request_id}.json", text),
        actor.on_behalf_of,
        "prepared content",
        utc_text(asked.prepared_at),
    )


def return_to_preparer(
    database: Database, actor: Actor, person: Person, request_id: str, *, words: str, now: datetime
) -> ReleaseRequest:
    """Return a request to who prepared it, saying what is to be put right.

    Raises
    ------
    UsageError
        If nothing is said.
    RefusedError
        If the person may not release it, and so not return it.
    ConflictError
        If somebody decided about it before.
    """
    said = _words(words)
    if said is None:
        raise UsageError("say what is to be put right", "The preparer reads it beside the request.")
    asked = _recovered(database, request(database, person, request_id), now)
    if asked.prepared_by == person.person:
        raise UsageError("you prepared this yourself", "Withdraw it, if it is not to be released.")
    if refusals := list(_may_decide(person, asked)):
        raise _refused(refusals)
    _claim(database, asked, actor.person, RETURNED, said, now)
    return request(database, person, request_id)


def withdraw(
    database: Database,
    actor: Actor,
    person: Person,
    request_id: str,
    *,
    words: str | None = None,
    now: datetime,
) -> ReleaseRequest:
    """Withdraw a request that one prepared oneself.

    Raises
    ------
    NotFoundError
        If there is no such request of this person.
    ConflictError
        If somebody decided about it before.
    """
    asked = _recovered(database, request(database, person, request_id), now)
    if asked.prepared_by != actor.person:
        raise NotFoundError(
            f"you have no request {request_id[:40]!r}",
            "Whoever prepared it withdraws it; whoever may release it returns it.",
        )
    _claim(database, asked, actor.person, WITHDRAWN, _words(words), now)
    return request(database, person, request_id)


def _release_refusals(database: Database, person: Person, asked: ReleaseRequest) -> list[Refusal]:
    refusals = list(_may_decide(person, asked))
    if asked.prepared_by == person.person:
        refusals.append(own_release())
    with database.reading() as connection:
        preparer = person_of(connection, database.metadata, asked.prepared_by)
    if preparer.state != "admitted" or not is_sound(database, asked):
        refusals.append(preparation_not_signed(asked.prepared_by))
    return refusals


def is_sound(database: Database, asked: ReleaseRequest) -> bool:
    """Return whether who prepared it signed for exactly this, with a key in force."""
    digest = content_digest(canonical_text(asked.act_kind, asked.scope, asked.content))
    with database.reading() as connection:
        keys = keys_in_force(connection, database.metadata, asked.prepared_by)
    return (
        digest == asked.content_digest
        and asked.preparer_key in keys
        and is_signed_by(asked.preparer_key, released_bytes(digest), asked.preparer_signature)
    )


def _may_decide(person: Person, asked: ReleaseRequest) -> list[Refusal]:
    able = person.may_at(RELEASING, asked.scope) and person.may_post(asked.act_kind, asked.scope)
    return [] if able else [may_not_release(asked.act_kind, asked.scope)]


def _claim(
    database: Database,
    asked: ReleaseRequest,
    who: str,
    state: str,
    words: str | None,
    now: datetime,
) -> None:
    """Decide about a request that waits; of several people exactly one does (compare and set)."""
    table = database.metadata.tables[RELEASE_REQUEST]
    statement = (
        update(table)
        .where(table.c.request_id == asked.request_id, table.c.state == WAITING)
        .values(state=state, decided_by=who, decided_at=utc_text(now), words=words)
    )
    with database.writing() as connection:
        won = connection.execute(statement).rowcount == 1
        query = select(table).where(table.c.request_id == asked.request_id)
        current = _request(connection.execute(query).mappings().one())
    if won:
        return
    by = current.decided_by or ""
    name = names_of(database, [by])[by]
    when = utc_text(current.decided_at)[:16].replace("T", " ") if current.decided_at else ""
    doing = {RELEASING_NOW: "is being released", WITHDRAWN: "was withdrawn"}
    raise ConflictError(
        f"{asked.title!r} {doing.get(current.state, f'was {current.state}')} by {name}, {when} UTC",
        "Nothing is left to do here; look at the list of what waits for release.",
    )


def _unclaim(database: Database, request_id: str, who: str, since: str) -> bool:
    """Let a request wait again whose release came to nothing."""
    table = database.metadata.tables[RELEASE_REQUEST]
    with database.writing() as connection:
        done = connection.execute(
            update(table)
            .where(
                table.c.request_id == request_id,
                table.c.state == RELEASING_NOW,
                table.c.decided_by == who,
                table.c.decided_at == since,
            )
            .values(state=WAITING, decided_by=None, decided_at=None, words=None)
        )
    return done.rowcount == 1


def _recovered(database: Database, asked: ReleaseRequest, now: datetime) -> ReleaseRequest:
    """Return the request as it stands after a release that broke off is looked into."""
    since, who = asked.decided_at, asked.decided_by
    if asked.state != RELEASING_NOW or since is None or who is None or now - since < BROKEN_OFF:
        return asked
    with database.reading() as connection:
        act_id = _act_released(connection, database, asked)
    if act_id is None:
        _unclaim(database, asked.request_id, who, utc_text(since))
        values: dict[str, Any] = {"state": WAITING, "decided_by": None, "decided_at": None}
        return replace(asked, **values, words=None)
    table = database.metadata.tables[RELEASE_REQUEST]
    this = (table.c.request_id == asked.request_id) & (table.c.state == RELEASING_NOW)
    with database.writing() as connection:
        connection.execute(update(table).where(this).values(state=RELEASED, act_id=act_id))
    return replace(asked, state=RELEASED, act_id=act_id)


def _act_released(connection: Connection, database: Database, asked: ReleaseRequest) -> int | None:
    """Return the last act in which the request was released; None: not all of it was."""
    line, act = database.metadata.tables[RELEASE.name], database.metadata.tables[ACT]
    query = (
        select(line.c.act_id)
        .join(act, act.c.act_id == line.c.act_id)
        .where(
            act.c.kind == asked.act_kind,
            line.c.content_digest == asked.content_digest,
            line.c.prepared_by == asked.prepared_by,
            line.c.prepared_at == utc_text(asked.prepared_at),
        )
        .order_by(line.c.act_id)
    )
    found = connection.execute(query).scalars().all()
    return int(found[-1]) if len(found) >= asked.acts else None


def _concerns(person: Person, row: Mapping[Any, Any]) -> bool:
    if person.state != "admitted":
        return False
    kind, scope = str(row["act_kind"]), str(row["scope"])
    return (
        row["prepared_by"] == person.person
        or person.may_post(kind, scope)
        or person.sight.sees(_SEEN_WITH, scope)
    )


def _words(words: str | None) -> str | None:
    return sound_text(words or "", "word about it", MOST_WORDS) or None


def _request(row: Mapping[Any, Any]) -> ReleaseRequest:
    values = dict(row)
    values["content"] = json.loads(values["content"])["content"]
    for name in ("prepared_at", "decided_at"):
        values[name] = parse_utc(values[name]) if values[name] else None
    return ReleaseRequest(**values)


def _refused(refusals: list[Refusal]) -> RefusedError:
    findings: list[Finding] = [refusal.finding for refusal in refusals]
    return RefusedError(
        "this is not for you to do; nothing was posted",
        findings,
        "Ask somebody who may, or the administrator for the role that it takes.",
    )
