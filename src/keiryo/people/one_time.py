"""Tokens that work once: the first administrator's, an invitation, a reset of a password.

Whoever has such a token may become the person it was made for; so the database holds only its
digest, it soon expires, and of two who use it at the same time one does.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, MetaData, insert, select, update

from keiryo.dates import utc_text
from keiryo.people.accounts import new_person_id
from keiryo.people.sessions import is_token, token_hash
from keiryo.people.tables import ONE_TIME_TOKEN
from keiryo.storage.engine import Database

FIRST_ADMINISTRATOR: Final = "first administrator"
INVITATION: Final = "invitation"
RESET: Final = "reset"
PURPOSES = (FIRST_ADMINISTRATOR, INVITATION, RESET)


def make_one_time(
    database: Database, purpose: str, person: str | None, lifetime: timedelta, now: datetime
) -> str:
    """Make a token that works once, and return it: 43 characters that may stand in an address.

    Earlier ones of the person for the same purpose stop working.

    Parameters
    ----------
    purpose : str
        ``"first administrator"``, ``"invitation"`` or ``"reset"``.
    person : str or None
        Whose it is. None: of somebody new, for whom a pseudonym is chosen now.
    """
    assert purpose in PURPOSES
    metadata = database.metadata
    table = metadata.tables[ONE_TIME_TOKEN]
    token = secrets.token_urlsafe(32)
    with database.writing() as connection:
        if person is None:
            person = new_person_id(connection, metadata)
        connection.execute(
            update(table)
            .where(table.c.person == person, table.c.purpose == purpose, table.c.used_at.is_(None))
            .values(used_at=utc_text(now))
        )
        connection.execute(
            insert(table).values(
                token_hash=token_hash(token),
                purpose=purpose,
                person=person,
                made_at=utc_text(now),
                expires_at=utc_text(now + lifetime),
            )
        )
    return token


def look(database: Database, token: str, purpose: str, now: datetime) -> str | None:
    """Return whose token it is if it still works for a purpose, without using it; else None."""
    if not is_token(token):
        return None
    table = database.metadata.tables[ONE_TIME_TOKEN]
    query = select(table.c.person).where(
        table.c.token_hash == token_hash(token),
        table.c.purpose == purpose,
        table.c.used_at.is_(None),
        table.c.expires_at > utc_text(now),
    )
    with database.reading() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else str(found)


def use(
    connection: Connection, metadata: MetaData, token: str, purpose: str, now: datetime
) -> str | None:
    """Use a token up within a transaction, and return whose it is; None if it does not work.

    The token works again if the transaction is not committed. With the first administrator's all
    others of that purpose are used up.
    """
    if not is_token(token):
        return None
    table = metadata.tables[ONE_TIME_TOKEN]
    mine = table.c.token_hash == token_hash(token)
    unused = (table.c.purpose == purpose) & table.c.used_at.is_(None)
    if purpose == FIRST_ADMINISTRATOR:  # two with different tokens: one waits for the other
        rows = select(table.c.token_hash).where(unused).order_by(table.c.token_hash)
        connection.execute(rows.with_for_update()).all()
    marked = update(table).values(used_at=utc_text(now))
    done = connection.execute(marked.where(mine, unused, table.c.expires_at > utc_text(now)))
    if done.rowcount != 1:
        return None
    if purpose == FIRST_ADMINISTRATOR:
        connection.execute(marked.where(unused))
    person = connection.execute(select(table.c.person).where(mine)).scalar_one()
    return str(person)
