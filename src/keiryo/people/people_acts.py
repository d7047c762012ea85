"""Acts about people: what each of them is made of, and how it is posted.

An act about people is made inside its transaction, from what is recorded by then; what is so
already is not said again. Its lines belong to the State, whatever they are about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, MetaData, func, select

from keiryo.errors import RefusedError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post
from keiryo.journal.reading import act as act_by_id
from keiryo.people.administration_checks import GrantWanted
from keiryo.people.gate import not_admitted, not_permitted
from keiryo.people.model import OWN_ACTS, SignerWithin
from keiryo.people.permissions import person_of
from keiryo.people.tables import PERSON_KEY, RELEASE_POLICY, ROLE_GRANT
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

Line = tuple[str, dict[str, Value]]
Lines = Callable[[Connection], list[Line]]


class DoneBeforeError(Exception):
    """What is asked for is so already, since an act."""

    def __init__(self, act_id: int) -> None:
        super().__init__(act_id)
        self.act_id = act_id


def post_about_people(
    database: Database, actor: Actor, kind: str, lines: Lines, now: datetime
) -> Posted:
    """Post an act about people with what `lines` says once nobody else can post.

    What is so already is not said again: the act that said it is returned as repeated.
    """
    metadata, state = database.metadata, actor.on_behalf_of

    def draft(connection: Connection) -> Draft:
        if kind not in OWN_ACTS:
            _require_permitted(connection, metadata, actor, kind)
        found = lines(connection)
        head = connection.execute(select(func.max(metadata.tables[ACT].c.act_id))).scalar()
        made = Draft(kind, f"{kind}:after-act-{head}")
        for name, values in found:
            made.add(name, values, scope=state)
        return made

    try:
        return post(database, draft, actor, clock=clock_from(now))
    except DoneBeforeError as before:
        with database.reading() as connection:
            return Posted(act_by_id(connection, metadata, before.act_id), repeated=True)


def _require_permitted(connection: Connection, metadata: MetaData, actor: Actor, kind: str) -> None:
    """Ask the question of the gate first, so that others learn nothing from further answers."""
    person = person_of(connection, metadata, actor.person)
    if isinstance(actor.signer, SignerWithin):
        person = person.within(actor.signer.scope)
    refusal = None
    if person.state != "admitted":
        refusal = not_admitted(person)
    elif not person.may_post(kind, actor.on_behalf_of):
        refusal = not_permitted(kind, actor.on_behalf_of)
    if refusal is not None:
        raise RefusedError(
            "this is not for you to do; nothing was posted",
            [refusal.finding],
            refusal.finding.advice,
        )


def last_said(
    connection: Connection, metadata: MetaData, kind: str, this: ColumnElement[bool]
) -> tuple[str | None, int]:
    """Return what the latest line about something says, and its act."""
    table = metadata.tables[kind]
    query = (
        select(table.c.state, table.c.act_id)
        .where(this)
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return (None, 0) if row is None else (str(row[0]), int(row[1]))


def clock_from(now: datetime) -> Clock:
    """Return a clock that shows `now` and goes on from there while others are waited for."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def grant_line(person: str, wanted: GrantWanted, state: str) -> Line:
    """Return the line that grants or withdraws a role."""
    values: dict[str, Value] = {
        "person": person,
        "role": wanted.role,
        "granted_scope": wanted.scope,
        "granted_agreement": wanted.agreement,
        "granted_caveats": ";".join(sorted(wanted.caveats)) or None,
        "state": state,
    }
    return ROLE_GRANT.name, values


def key_line(person: str, key: str, state: str) -> Line:
    """Return the line that registers or revokes a key."""
    return PERSON_KEY.name, {"person": person, "key": key, "state": state}


def policy_line(act_kind: str, *, four_eyes: bool) -> Line:
    """Return the line that says whether acts of a kind need a second person."""
    state = "four eyes" if four_eyes else "two eyes"
    return RELEASE_POLICY.name, {"act_kind": act_kind, "state": state}
