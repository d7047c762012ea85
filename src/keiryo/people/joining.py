"""How people come in: the first administrator, an invitation, a reset, a new key.

What a person does for themselves: with a token that works once they choose a password, and the
private key that signs for them is made and sealed under it. Its public half is registered by an
act of their own, signed with it; no administrator ever holds somebody's key.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData, delete, update

from keiryo.dates import utc_text
from keiryo.errors import ConflictError, RefusedError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import post
from keiryo.people import accounts, one_time, tokens
from keiryo.people.accounts import Account
from keiryo.people.administration_checks import GrantWanted, name_problems
from keiryo.people.errors import SignInError
from keiryo.people.keys import SigningKey, seal_by_password
from keiryo.people.one_time import FIRST_ADMINISTRATOR, INVITATION, RESET
from keiryo.people.passwords import hash_password, normalised, one_of_few, password_problems
from keiryo.people.people_acts import (
    DoneBeforeError,
    Line,
    clock_from,
    grant_line,
    key_line,
    policy_line,
    post_about_people,
)
from keiryo.people.permissions import keys_in_force, people_are_set_up, person_of
from keiryo.people.tables import ACCOUNT, ONE_TIME_TOKEN, PERSON_STATE
from keiryo.storage.engine import Database

FIRST_LIFETIME = timedelta(hours=24)
FOUR_EYES = ("report.issue", "correction.plan", "report.accept")
"""Kinds of act that need a second person from the beginning."""


def first_token(database: Database, now: datetime) -> str | None:
    """Return a fresh one-time token for the first administrator; those made before are void.

    None if anybody was ever admitted: then there is an administrator to ask.
    """
    with database.writing() as connection:
        if people_are_set_up(connection, database.metadata):
            return None
        table = database.metadata.tables[ONE_TIME_TOKEN]
        connection.execute(delete(table).where(table.c.purpose == FIRST_ADMINISTRATOR))
    return one_time.make_one_time(database, FIRST_ADMINISTRATOR, None, FIRST_LIFETIME, now)


def first_administrator(
    database: Database,
    state: str,
    token: str,
    *,
    sign_in_name: str,
    display_name: str,
    password: str,
    now: datetime,
) -> Account:
    """Admit the first administrator, who sets up the people of these books.

    Account, password, key and act come into being together or not at all, and once.

    Parameters
    ----------
    state : str
        The State whose books they are.
    token : str
        From `first_token`.

    Raises
    ------
    SignInError
        If the token is not good (any more).
    ConflictError
        If somebody was admitted already.
    RefusedError
        If a name or the password cannot be used; all findings are there.
    """
    metadata = database.metadata
    person = one_time.look(database, token, FIRST_ADMINISTRATOR, now)
    with database.reading() as connection:
        _require_nobody(connection, metadata)
        if person is None:
            raise _void("keiryo people first-token")
        problems = list(name_problems(connection, metadata, sign_in_name, display_name))
    problems += password_problems(password, names=[sign_in_name, display_name])
    if problems:
        raise RefusedError("this account cannot be made", problems, problems[0].advice)
    key = SigningKey.new()
    credentials = _credentials(password, key, now)
    lines: list[Line] = [
        (PERSON_STATE.name, {"person": person, "state": "admitted"}),
        grant_line(person, GrantWanted("administrator", state), "granted"),
        key_line(person, key.key, "registered"),
        *(policy_line(kind, four_eyes=True) for kind in FOUR_EYES),
    ]

    def draft(connection: Connection) -> Draft:
        _require_nobody(connection, metadata)
        if one_time.use(connection, metadata, token, FIRST_ADMINISTRATOR, now) is None:
            raise _void("keiryo people first-token")
        accounts.make_account(connection, metadata, person, sign_in_name, display_name, now)
        _set(connection, metadata, person, credentials)
        digest = hashlib.sha256(token.encode()).hexdigest()
        made = Draft("person.admit", f"person.admit:first:{digest[:32]}")
        for kind, values in lines:
            made.add(kind, values, scope=state)
        return made

    post(database, draft, Actor(person, state, key), clock=clock_from(now))
    found = accounts.account(database, person)
    assert found is not None
    return found


def _require_nobody(connection: Connection, metadata: MetaData) -> None:
    if people_are_set_up(connection, metadata):
        raise ConflictError("these books have an administrator already", "Ask them to admit you.")


def _credentials(password: str, key: SigningKey, now: datetime) -> dict[str, Any]:
    """Return what an account keeps of a password, and of a key that is sealed under it."""
    with one_of_few():
        sealed = seal_by_password(key.secret, normalised(password))
    return {
        "password_hash": hash_password(password),
        "password_set_at": utc_text(now),
        "key_by_password": sealed,
        "public_key": key.key,
    }


def _set(connection: Connection, metadata: MetaData, person: str, values: dict[str, Any]) -> None:
    table = metadata.tables[ACCOUNT]
    connection.execute(update(table).where(table.c.person == person).values(**values))


def accept_invitation(
    database: Database, state: str, token: str, *, password: str, now: datetime
) -> Account:
    """Choose a password and make the key that signs, with the token of an invitation.

    Raises
    ------
    SignInError
        If the token is not good (any more).
    RefusedError
        If the password cannot be used; the token stays good.
    """
    return _accept(database, state, INVITATION, token, password, now)


def accept_reset(
    database: Database, state: str, token: str, *, password: str, now: datetime
) -> Account:
    """Choose a new password and make a new key, with the token of a reset; see above."""
    return _accept(database, state, RESET, token, password, now)


def _accept(
    database: Database, state: str, purpose: str, token: str, password: str, now: datetime
) -> Account:
    metadata = database.metadata
    person = one_time.look(database, token, purpose, now)
    found = None if person is None else accounts.account(database, person)
    if found is None:
        raise _void()
    names = [name for name in (found.sign_in_name, found.display_name) if name]
    if problems := password_problems(password, names=names):
        raise RefusedError("this password cannot be used", problems, problems[0].advice)
    key = SigningKey.new()
    credentials = _credentials(password, key, now)

    def lines(connection: Connection) -> list[Line]:
        if person_of(connection, metadata, found.person).state != "admitted":
            raise _void()
        if one_time.use(connection, metadata, token, purpose, now) is None:
            raise _void()
        if keys_in_force(connection, metadata, found.person):
            raise ConflictError(
                "you have a key that signs for you already",
                "Sign in as you did; on your own page you can change password and key.",
            )
        _set(connection, metadata, found.person, credentials)
        return [key_line(found.person, key.key, "registered")]

    post_about_people(database, Actor(found.person, state, key), "key.register", lines, now)
    return accounts.account(database, found.person) or found


def _void(command: str | None = None) -> SignInError:
    advice = "Ask an administrator for a new one."
    return SignInError(
        "this token is not good (any more)",
        advice if command is None else f"Get a new one where keiryo runs: '{command}'.",
    )


def register_first_key(
    database: Database, state: str, person: str, key: SigningKey, now: datetime
) -> Posted | None:
    """Register the key of a person who has none in force; None if they have one.

    The act is signed by the key itself: who signs in elsewhere (OIDC) for the first time, or whose
    last key was revoked, registers the one that they hold.
    """

    def lines(connection: Connection) -> list[Line]:
        known = keys_in_force(connection, database.metadata, person)
        if known:
            raise DoneBeforeError(max(known.values()))
        return [key_line(person, key.key, "registered")]

    posted = post_about_people(database, Actor(person, state, key), "key.register", lines, now)
    return None if posted.repeated else posted


def new_key(database: Database, actor: Actor, password: str, now: datetime) -> SigningKey:
    """Give a person a new key under their password; the old ones are revoked, sessions end.

    The new key is registered first and sealed, then the old ones are revoked: an interruption
    leaves two good keys, and doing it again leaves one.

    Raises
    ------
    SignInError
        If the password is another.
    """
    metadata = database.metadata
    old = accounts.signing_key_by_password(database, actor.person, password)
    if old is None:
        raise SignInError("this is not your password", "Type it again.")
    key = SigningKey.new()
    state = actor.on_behalf_of
    registered = [key_line(actor.person, key.key, "registered")]
    signer = Actor(actor.person, state, old)
    post_about_people(database, signer, "key.register", lambda _: registered, now)
    accounts.set_password(database, actor.person, password, key, now)

    def lines(connection: Connection) -> list[Line]:
        known = keys_in_force(connection, metadata, actor.person)

        if set(known) == {key.key}:
            raise DoneBeforeError(known[key.key])
        return [key_line(actor.person, one, "revoked") for one in known if one != key.key]

    post_about_people(database, Actor(actor.person, state, key), "key.revoke", lines, now)
    tokens.end_programs(database, actor.person, now)
    return key
