"""Signing in: a name and a password, then a second factor where there is one.

Whoever guesses is slowed down, by name and by address, whichever server process they ask and also
where many ask at the same time: an attempt counts as failed until it succeeded, and is counted
before any password is looked at (NIST SP 800-63B section 5.2.2, OWASP Authentication Cheat Sheet,
"Account lockout"). What is counted are keyed digests, not names. An unknown name costs the same
work as a known one and gets the same answer.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection, func, insert, select, text, update

from keiryo.dates import parse_utc, utc_text
from keiryo.people.accounts import normal_name, signing_key_by_password
from keiryo.people.errors import SignInError, TryLaterError
from keiryo.people.passwords import hash_password, needs_rehash, verify_password
from keiryo.people.permissions import person_of
from keiryo.people.secret import keyed_digest, server_secret
from keiryo.people.sessions import (
    FULL,
    LIFETIME,
    PASSWORD,
    STEP_LIFETIME,
    confirm,
    find_session,
    opened,
    renewed,
    session_ended,
)
from keiryo.people.tables import ACCOUNT, SIGN_IN_ATTEMPT
from keiryo.people.totp import use_second_factor
from keiryo.storage.engine import Database

FREE_BY_NAME, FREE_BY_ADDRESS = 5, 20
"""Failed attempts in a row (name) or in an hour (address) after which waiting begins."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30, 900
NAME_MEMORY, ADDRESS_MEMORY = timedelta(days=1), timedelta(hours=1)
_LONGEST_NAME = 320


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody gave the right password.

    Attributes
    ----------
    person : str
    token : str
        Of the session that was opened.
    step : str
        ``"full"``, or ``"password"``: the second factor is still to be given.
    """

    person: str
    token: str = field(repr=False)
    step: str = FULL


@dataclass(frozen=True, slots=True)
class _Subject:
    """What attempts are counted for."""

    digest: str
    free: int
    memory: timedelta
    in_a_row: bool  # a success begins anew


@dataclass(frozen=True, slots=True)
class _Known:
    person: str
    password_hash: str | None
    second_factor: bool


def sign_in(
    database: Database,
    name: str,
    password: str,
    *,
    address: str | None,
    agent: str | None,
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> SignedIn:
    """Open a session for whoever has this name and password.

    Parameters
    ----------
    name : str
        Sign-in name; capitals and widths do not matter.
    address, agent : str or None
        From where, and with which browser.
    lifetime : timedelta
        Of the session, once it is full.

    Raises
    ------
    SignInError
        Unknown name, wrong password, or a person who is not admitted: one answer for all.
    TryLaterError
        After too many failures.
    """
    called = normal_name(name[:_LONGEST_NAME])
    attempt = _begin(database, _subjects(database, f"name {called}", address), now)
    known = _known(database, called)
    given = None if known is None else known.password_hash
    if not verify_password(given, password) or known is None or given is None:
        raise _wrong()
    key = signing_key_by_password(database, known.person, password)
    better = hash_password(password) if needs_rehash(given) else given
    metadata = database.metadata
    table = metadata.tables[ACCOUNT]
    step = PASSWORD if known.second_factor else FULL
    same = (
        (table.c.person == known.person)
        & (table.c.password_hash == given)
        & (table.c.totp_confirmed == int(known.second_factor))
    )
    with database.writing() as connection:
        # Whoever changed the password in the meantime ended all sessions; this is one of them.
        changed = connection.execute(update(table).where(same).values(password_hash=better))
        admitted = person_of(connection, metadata, known.person).state == "admitted"
        if changed.rowcount != 1 or not admitted:
            raise _wrong()
        _succeed(connection, database, attempt)
        token = opened(
            connection,
            metadata,
            known.person,
            signing_key=key,
            step=step,
            address=address,
            agent=agent,
            now=now,
            lifetime=lifetime if step == FULL else STEP_LIFETIME,
        )
    return SignedIn(known.person, token, step)


def second_factor(
    database: Database,
    token: str,
    code: str,
    *,
    address: str | None,
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> str:
    """Complete a session with a code of the authenticator or a recovery code.

    Returns
    -------
    str
        The session's new token; the one from before the second factor opens nothing any more.

    Raises
    ------
    SignInError
        If the code is wrong or was used before, or the session has ended.
    TryLaterError
        After too many failures.
    """
    metadata = database.metadata
    with database.reading() as connection:
        session = find_session(connection, metadata, token, now)
        if session is None or session.step != PASSWORD:
            raise session_ended()
    person = session.person
    attempt = _begin(database, _subjects(database, f"second factor {person}", address), now)
    with database.writing() as connection:
        if person_of(connection, metadata, person).state != "admitted":
            raise session_ended()
        if not use_second_factor(connection, database, person, code, now):
            raise SignInError(
                "this code is wrong or was used before",
                "Type the code that the authenticator shows now, or one of your recovery codes.",
            )
        _succeed(connection, database, attempt)
        return renewed(connection, metadata, token, now, lifetime=lifetime)


def confirm_by_password(
    database: Database, token: str, password: str, *, address: str | None, now: datetime
) -> None:
    """Make sure that it is still the same person, before something that matters.

    Raises
    ------
    SignInError
        If the password is wrong or the session has ended.
    TryLaterError
        After too many failures.
    """
    with database.reading() as connection:
        session = find_session(connection, database.metadata, token, now)
    if session is None or session.step != FULL:
        raise session_ended()
    subjects = _subjects(database, f"password of {session.person}", address)
    attempt = _begin(database, subjects, now)
    table = database.metadata.tables[ACCOUNT]
    with database.reading() as connection:
        query = select(table.c.password_hash).where(table.c.person == session.person)
        given = connection.execute(query).scalar()
    if not verify_password(given, password):
        raise SignInError("this is not your password", "Type it again.")
    with database.writing() as connection:
        _succeed(connection, database, attempt)
    confirm(database, token, now)


def wait_s(failures: int, free: int) -> int:
    """Return how long to wait after a number of failures, in seconds: 30 s, then doubling."""
    if failures < free:
        return 0
    doublings = min(failures - free, 10)
    return min(LONGEST_WAIT_S, FIRST_WAIT_S << doublings)


def _wrong() -> SignInError:
    return SignInError(
        "this name and this password do not belong together, or may not sign in",
        "Check both and try again; an administrator can help.",
    )


def _known(database: Database, called: str) -> _Known | None:
    table = database.metadata.tables[ACCOUNT]
    sought = called if called.isprintable() else ""  # PostgreSQL could not even look for others
    with database.reading() as connection:
        query = select(table).where(table.c.sign_in_name == sought)
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return _Known(row["person"], row["password_hash"], bool(row["totp_confirmed"]))


def _subjects(database: Database, who: str, address: str | None) -> list[_Subject]:
    secret = server_secret(database)
    found = [_Subject(keyed_digest(secret, who), FREE_BY_NAME, NAME_MEMORY, True)]
    if address:
        where = f"address {network_of(address)}"
        digest = keyed_digest(secret, where)
        found.append(_Subject(digest, FREE_BY_ADDRESS, ADDRESS_MEMORY, False))
    return found


def network_of(address: str) -> str:
    """Return whose address it is: with IPv6 one machine has a whole /64 (RFC 4291)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def _begin(database: Database, subjects: Sequence[_Subject], now: datetime) -> str:
    """Count an attempt as failed before it is looked at, or refuse to look; return its id."""
    attempt = secrets.token_hex(16)
    table = database.metadata.tables[SIGN_IN_ATTEMPT]
    with database.writing() as connection:
        if not database.is_sqlite:  # SQLite has one writer at a time anyway
            for digest in sorted(subject.digest for subject in subjects):
                number = int(digest[:15], 16)
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
        seconds = max(_seconds_left(connection, database, s, now) for s in subjects)
        if seconds > 0:
            raise TryLaterError(seconds)
        rows = [
            {
                "attempt_id": f"{attempt}/{number}",
                "subject": subject.digest,
                "at": utc_text(now),
                "succeeded": 0,
            }
            for number, subject in enumerate(subjects)
        ]
        connection.execute(insert(table), rows)
    return attempt


def _succeed(connection: Connection, database: Database, attempt: str) -> None:
    table = database.metadata.tables[SIGN_IN_ATTEMPT]
    ids = [f"{attempt}/{number}" for number in range(2)]
    connection.execute(update(table).where(table.c.attempt_id.in_(ids)).values(succeeded=1))


def _seconds_left(
    connection: Connection, database: Database, subject: _Subject, now: datetime
) -> int:
    """Return for how many seconds attempts for a subject are not looked at."""
    table = database.metadata.tables[SIGN_IN_ATTEMPT]
    since = utc_text(now - subject.memory)
    mine = table.c.subject == subject.digest
    if subject.in_a_row:
        last = select(func.max(table.c.at)).where(mine, table.c.succeeded == 1)
        since = max(since, connection.execute(last).scalar() or "")
    query = select(func.count(), func.max(table.c.at)).where(
        mine, table.c.succeeded == 0, table.c.at > since
    )
    row = connection.execute(query).one()
    failures, latest = int(row[0]), str(row[1])
    if failures < subject.free:
        return 0
    until = parse_utc(latest) + timedelta(seconds=wait_s(failures, subject.free))
    return max(0, math.ceil((until - now).total_seconds()))
