"""Sessions: what a browser shows to be somebody, until it ends.

The cookie holds 256 random bits; the database holds their digest, so that a copy of the database
opens no session. The person's private key goes along, sealed under the content of the cookie. A
session ends when it is ended, when its time is over, or when nobody used it for a while (NIST
SP 800-63B section 7.2), and gets a new token whenever what it may do grows (OWASP Session
Management Cheat Sheet, "Renew the session ID after any privilege level change").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    MetaData,
    Table,
    delete,
    insert,
    or_,
    select,
    update,
)

from keiryo.dates import parse_utc, utc_text
from keiryo.people.errors import SignInError
from keiryo.people.keys import SigningKey, seal, unseal
from keiryo.people.last_seen import is_due, note
from keiryo.people.tables import (
    API_TOKEN,
    DONE_ONCE,
    ONE_TIME_TOKEN,
    SAVED_FORM,
    SESSION,
    SIGN_IN_ATTEMPT,
)
from keiryo.storage.engine import Database

PASSWORD: Final = "password"
"""Step of a session whose second factor is still to be given; it may do nothing else."""
FULL: Final = "full"
"""Step of a session of somebody who signed in."""

LIFETIME = timedelta(hours=12)
STEP_LIFETIME = timedelta(minutes=10)
"""How long the second factor is waited for."""
IDLE = timedelta(minutes=30)

SESSIONS_KEPT = timedelta(days=30)
"""How long a session is still listed after its end."""
TOKENS_KEPT = timedelta(days=90)
ONE_TIME_TOKENS_KEPT = timedelta(days=7)
ATTEMPTS_KEPT = timedelta(days=1)
DONE_ONCE_KEPT = timedelta(days=2)
SAVED_FORMS_KEPT = timedelta(days=30)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_PURPOSE = "session"
_LONGEST_AGENT, _LONGEST_ADDRESS = 200, 64


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in on some machine.

    Attributes
    ----------
    session_id : str
        May be shown and put into pages; it opens nothing.
    person : str
        Pseudonymous id.
    step : str
        ``"password"`` until the second factor is given, then ``"full"``.
    made_at, seen_at, expires_at : datetime
        Begun, last used (to a minute), and over at the latest.
    confirmed_at : datetime or None
        When the password or second factor was last given.
    address, agent : str or None
        From where, and with which browser.
    """

    session_id: str
    person: str
    step: str
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    address: str | None
    agent: str | None
    key_sealed: bytes | None = field(default=None, repr=False)

    def signing_key(self, token: str) -> SigningKey | None:
        """Return the key with which the person signs, opened with the session's own token.

        None if there is none, the token is another, or the second factor is missing.
        """
        if self.key_sealed is None or self.step != FULL:
            return None
        secret = unseal(self.key_sealed, token.encode(), _PURPOSE)
        return SigningKey.from_secret(secret) if secret is not None else None


def open_session(
    database: Database,
    person: str,
    *,
    signing_key: SigningKey | None,
    step: str,
    address: str | None,
    agent: str | None,
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> str:
    """Open a session and return its token: 43 characters that may stand in a cookie.

    Parameters
    ----------
    signing_key : SigningKey or None
        Goes along, sealed under the token.
    step : str
        ``"password"`` or ``"full"``.
    """
    with database.writing() as connection:
        return opened(
            connection,
            database.metadata,
            person,
            signing_key=signing_key,
            step=step,
            address=address,
            agent=agent,
            now=now,
            lifetime=lifetime,
        )


def opened(
    connection: Connection,
    metadata: MetaData,
    person: str,
    *,
    signing_key: SigningKey | None,
    step: str,
    address: str | None,
    agent: str | None,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """Open a session within a transaction; see `open_session`."""
    assert step in (PASSWORD, FULL)
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(metadata.tables[SESSION]).values(
            token_hash=token_hash(token),
            session_id="S-" + secrets.token_hex(8),
            person=person,
            step=step,
            made_at=utc_text(now),
            seen_at=utc_text(now),
            expires_at=utc_text(now + lifetime),
            confirmed_at=utc_text(now),
            address=_line(address, _LONGEST_ADDRESS),
            agent=_line(agent, _LONGEST_AGENT),
            key_sealed=_sealed(signing_key, token),
        )
    )
    return token


def session_of(
    database: Database, token: str, now: datetime, *, idle: timedelta = IDLE
) -> Session | None:
    """Return the session of a token, or None if it has ended in whatever way or never was."""
    with database.reading() as connection:
        found = find_session(connection, database.metadata, token, now, idle=idle)
    if found is not None:
        note_use(database, found, now)
    return found


def find_session(
    connection: Connection,
    metadata: MetaData,
    token: str,
    now: datetime,
    *,
    idle: timedelta = IDLE,
) -> Session | None:
    """Return the session of a token within a transaction, without noting that it was used."""
    if not is_token(token):
        return None
    table = metadata.tables[SESSION]
    query = select(table).where(
        table.c.token_hash == token_hash(token), is_open(table, now), _in_use(table, now, idle)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _session(row)


def renew(database: Database, token: str, now: datetime) -> str:
    """Give a session a new token; the old one opens nothing from now on.

    Raises
    ------
    SignInError
        If the session has ended.
    """
    with database.writing() as connection:
        return renewed(connection, database.metadata, token, now)


def renewed(
    connection: Connection,
    metadata: MetaData,
    token: str,
    now: datetime,
    *,
    lifetime: timedelta | None = None,
) -> str:
    """Give a session a new token within a transaction.

    Parameters
    ----------
    lifetime : timedelta, optional
        The second factor was given: the session is full, and lasts so long from now on.

    Raises
    ------
    SignInError
        If the session has ended.
    """
    table = metadata.tables[SESSION]
    mine = (table.c.token_hash == token_hash(token)) & is_open(table, now)
    query = select(table.c.key_sealed).where(mine)
    row = connection.execute(query).first() if is_token(token) else None
    if row is None:
        raise session_ended()
    secret = unseal(bytes(row[0]), token.encode(), _PURPOSE) if row[0] is not None else None
    new = secrets.token_urlsafe(32)
    key = SigningKey.from_secret(secret) if secret is not None else None
    values: dict[str, Any] = {
        "token_hash": token_hash(new),
        "key_sealed": _sealed(key, new),
        "seen_at": utc_text(now),
    }
    if lifetime is not None:
        until, confirmed = utc_text(now + lifetime), utc_text(now)
        values |= {"step": FULL, "expires_at": until, "confirmed_at": confirmed}
    if connection.execute(update(table).where(mine).values(values)).rowcount != 1:
        raise session_ended()  # somebody else renewed or ended it in between
    return new


def session_ended() -> SignInError:
    """Return the error for a session that is no more."""
    return SignInError("your session has ended", "Sign in again; what you typed is kept.")


def confirm(database: Database, token: str, now: datetime) -> None:
    """Note that the person just gave the password again, for what needs to be sure.

    Raises
    ------
    SignInError
        If the session has ended.
    """
    table = database.metadata.tables[SESSION]
    statement = (
        update(table)
        .where(table.c.token_hash == token_hash(token), table.c.step == FULL, is_open(table, now))
        .values(confirmed_at=utc_text(now), seen_at=utc_text(now))
    )
    with database.writing() as connection:
        if connection.execute(statement).rowcount != 1:
            raise session_ended()


def end_session(database: Database, session_id: str, now: datetime) -> bool:
    """End a session by its id; return whether it was open. Its sealed key is gone at once."""
    table = database.metadata.tables[SESSION]
    statement = (
        update(table)
        .where(table.c.session_id == session_id, table.c.ended_at.is_(None))
        .values(ended_at=utc_text(now), key_sealed=None)
    )
    with database.writing() as connection:
        return connection.execute(statement).rowcount == 1


def end_all(database: Database, person: str, now: datetime, *, but: str | None = None) -> int:
    """End all sessions of a person, but the one with the id `but`; return how many were open."""
    with database.writing() as connection:
        return all_ended(connection, database.metadata, person, now, but=but)


def all_ended(
    connection: Connection,
    metadata: MetaData,
    person: str,
    now: datetime,
    *,
    but: str | None = None,
) -> int:
    """End all sessions of a person within a transaction; see `end_all`."""
    table = metadata.tables[SESSION]
    others = (table.c.person == person) & (table.c.session_id != (but or ""))
    statement = (
        update(table)
        .where(others, table.c.ended_at.is_(None))
        .values(ended_at=utc_text(now), key_sealed=None)
    )
    return int(connection.execute(statement).rowcount)


def sessions_of(
    database: Database, person: str, now: datetime, *, idle: timedelta = IDLE
) -> list[Session]:
    """Return the open sessions of a person, last used first; their keys do not go along."""
    table = database.metadata.tables[SESSION]
    query = (
        select(table)
        .where(table.c.person == person, is_open(table, now), _in_use(table, now, idle))
        .order_by(table.c.seen_at.desc(), table.c.session_id)
    )
    with database.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [_session({**row, "key_sealed": None}) for row in rows]


def sweep(database: Database, now: datetime) -> dict[str, int]:
    """Delete what is over, some time after it was; return how many rows went, by table.

    Sessions go 30 days after their end, API tokens 90, one-time tokens 7, attempts to sign in
    after 1 day, answers to repeated requests after 2, what was typed but not sent after 30.
    """
    tables = database.metadata.tables
    session, token, once = tables[SESSION], tables[API_TOKEN], tables[ONE_TIME_TOKEN]
    attempt, done, form = tables[SIGN_IN_ATTEMPT], tables[DONE_ONCE], tables[SAVED_FORM]

    def before(kept: timedelta) -> str:
        return utc_text(now - kept)

    old = {
        SESSION: or_(
            session.c.ended_at < before(SESSIONS_KEPT),
            session.c.expires_at < before(SESSIONS_KEPT),
        ),
        API_TOKEN: or_(
            token.c.revoked_at < before(TOKENS_KEPT), token.c.expires_at < before(TOKENS_KEPT)
        ),
        ONE_TIME_TOKEN: or_(
            once.c.used_at < before(ONE_TIME_TOKENS_KEPT),
            once.c.expires_at < before(ONE_TIME_TOKENS_KEPT),
        ),
        SIGN_IN_ATTEMPT: attempt.c.at < before(ATTEMPTS_KEPT),
        DONE_ONCE: done.c.made_at < before(DONE_ONCE_KEPT),
        SAVED_FORM: form.c.saved_at < before(SAVED_FORMS_KEPT),
    }
    with database.writing() as connection:
        gone = {
            name: int(connection.execute(delete(tables[name]).where(condition)).rowcount)
            for name, condition in old.items()
        }
        over = session.c.key_sealed.is_not(None) & (session.c.expires_at < utc_text(now))
        connection.execute(update(session).where(over).values(key_sealed=None))
        over = token.c.key_sealed.is_not(None) & (token.c.expires_at < utc_text(now))
        connection.execute(update(token).where(over).values(key_sealed=None))
    return gone


def is_open(table: Table, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a session was not ended and its time is not over."""
    return table.c.ended_at.is_(None) & (table.c.expires_at > utc_text(now))


def _in_use(table: Table, now: datetime, idle: timedelta) -> ColumnElement[bool]:
    return table.c.seen_at > utc_text(now - idle)


def form_token(token: str) -> str:
    """Return what every form of a session carries, so that no other site can send one.

    HMAC-SHA256 under the session's token (OWASP Cross-Site Request Forgery Prevention Cheat
    Sheet, "HMAC based token pattern").
    """
    digest = hmac.new(token.encode(), b"keiryo form token 1", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_form_token(token: str, given: str) -> bool:
    """Return whether a form carries the token of the session; takes the same time either way."""
    return hmac.compare_digest(form_token(token).encode(), given.encode("utf-8", "replace"))


def is_token(text: str) -> bool:
    """Return whether a text has the form of a token of a session."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """Return the digest by which a token is found; 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _sealed(signing_key: SigningKey | None, token: str) -> bytes | None:
    return None if signing_key is None else seal(signing_key.secret, token.encode(), _PURPOSE)


def note_use(database: Database, found: Session, now: datetime) -> None:
    """Note that a session was used now; once a minute, and when the books can be written."""
    if not is_due(found.seen_at, now):
        return
    table = database.metadata.tables[SESSION]
    note(
        database,
        update(table)
        .where(
            table.c.session_id == found.session_id,
            table.c.seen_at < utc_text(now),
            table.c.ended_at.is_(None),
        )
        .values(seen_at=utc_text(now)),
    )


def _session(row: Mapping[Any, Any]) -> Session:
    confirmed, sealed = row["confirmed_at"], row["key_sealed"]
    return Session(
        row["session_id"],
        row["person"],
        row["step"],
        parse_utc(row["made_at"]),
        parse_utc(row["seen_at"]),
        parse_utc(row["expires_at"]),
        parse_utc(confirmed) if confirmed else None,
        row["address"],
        row["agent"],
        bytes(sealed) if sealed is not None else None,
    )


def _line(text: str | None, most: int) -> str | None:
    """Return what a client said about itself as one short line that can be shown."""
    if text is None:
        return None
    shown = (" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text[: most * 2])
    return " ".join("".join(shown).split())[:most]
