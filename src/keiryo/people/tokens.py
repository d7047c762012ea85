"""API tokens: with them programs act for a person, within less than what the person may do.

A token is shown once; the database holds its digest. One that may write carries the person's
private key, sealed under the token itself, so that what the program posts is signed as everything
else.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData, insert, select, update

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import UsageError
from keiryo.people.keys import SigningKey, seal, unseal
from keiryo.people.last_seen import is_due, note
from keiryo.people.model import SCOPE, Person
from keiryo.people.permissions import person_of
from keiryo.people.sessions import token_hash
from keiryo.people.tables import API_TOKEN
from keiryo.storage.engine import Database

PREFIX = "keiryo_"
"""Begins every token, so that one which got into a file or a mail is recognised."""
ABILITIES = frozenset({"read", "write", "metrics"})
LONGEST_LIFETIME = timedelta(days=366)
_TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")
_PURPOSE = "api token"
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program that acts for a person.

    Attributes
    ----------
    token_id : str
        May be shown; it opens nothing.
    person : str
        Pseudonymous id.
    name : str
        What the person calls it.
    abilities : frozenset of str
        Of ``"read"``, ``"write"``, ``"metrics"``.
    scope : str or None
        No more than this part of the State.
    made_at, expires_at : datetime
    used_at : datetime or None
        Last used, to a minute.
    revoked_at : datetime or None
    """

    token_id: str
    person: str
    name: str
    abilities: frozenset[str]
    scope: str | None
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    key_sealed: bytes | None = field(default=None, repr=False)

    def signing_key(self, token: str) -> SigningKey | None:
        """Return the key with which the person signs, opened with the token itself, or None."""
        if self.key_sealed is None or "write" not in self.abilities:
            return None
        secret = unseal(self.key_sealed, token.encode(), _PURPOSE)
        return SigningKey.from_secret(secret) if secret is not None else None

    def is_over(self, now: datetime) -> bool:
        """Return whether it was revoked or its time is over."""
        return self.revoked_at is not None or self.expires_at <= now


def make_token(
    database: Database,
    person: str,
    *,
    name: str,
    abilities: Iterable[str],
    scope: str | None,
    lifetime: timedelta,
    signing_key: SigningKey | None,
    now: datetime,
) -> tuple[str, ApiToken]:
    """Make a token; return its text, which is shown this once, and what is kept about it.

    Parameters
    ----------
    name : str
        What the program is, at most 80 characters.
    abilities : iterable of str
        Of ``"read"``, ``"write"``, ``"metrics"``.
    scope : str or None
        No more than this part of the State, e.g. ``"XA/XFAA"``.
    lifetime : timedelta
        At most 366 days.
    signing_key : SigningKey or None
        Needed for ``"write"``, and kept for that only.

    Raises
    ------
    UsageError
        If one of these is not as said above.
    """
    given = frozenset(abilities)
    called = unicodedata.normalize("NFC", name).strip()
    _require(called, given, scope, lifetime, signing_key)
    token = PREFIX + secrets.token_urlsafe(32)
    sealed = None
    if "write" in given and signing_key is not None:
        sealed = seal(signing_key.secret, token.encode(), _PURPOSE)
    made = ApiToken(
        "T-" + secrets.token_hex(8),
        person,
        called,
        given,
        scope,
        now,
        now + lifetime,
        key_sealed=sealed,
    )
    row = {
        "token_hash": token_hash(token),
        "token_id": made.token_id,
        "person": person,
        "name": called,
        "abilities": " ".join(sorted(given)),
        "scope": scope,
        "made_at": utc_text(now),
        "expires_at": utc_text(now + lifetime),
        "key_sealed": sealed,
    }
    with database.writing() as connection:
        connection.execute(insert(database.metadata.tables[API_TOKEN]).values(row))
    return token, made


def admitted_token_of(
    database: Database, token: str, now: datetime
) -> tuple[ApiToken, Person] | None:
    """Return a token and the person for whom it acts, as of one moment.

    None if the token is over, revoked or never was; also if the person is not admitted (any
    more): suspension stops their programs at once.
    """
    with database.reading() as connection:
        found = find_token(connection, database.metadata, token, now)
        if found is None:
            return None
        person = person_of(connection, database.metadata, found.person)
    if person.state != "admitted":
        return None
    note_use(database, found, now)
    return found, person


def find_token(
    connection: Connection, metadata: MetaData, token: str, now: datetime
) -> ApiToken | None:
    """Return what is kept about a token within a transaction, without noting its use."""
    if _TOKEN.fullmatch(token) is None:
        return None
    table = metadata.tables[API_TOKEN]
    query = select(table).where(
        table.c.token_hash == token_hash(token),
        table.c.revoked_at.is_(None),
        table.c.expires_at > utc_text(now),
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _api_token(row)


def tokens_of(database: Database, person: str) -> list[ApiToken]:
    """Return all tokens of a person, those that are over too, newest first; no keys go along."""
    table = database.metadata.tables[API_TOKEN]
    query = (
        select(table)
        .where(table.c.person == person)
        .order_by(table.c.made_at.desc(), table.c.token_id)
    )
    with database.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [_api_token({**row, "key_sealed": None}) for row in rows]


def revoke_token(
    database: Database, token_id: str, now: datetime, *, person: str | None = None
) -> bool:
    """Revoke a token by its id; return whether it was in force. Its sealed key is gone at once.

    Parameters
    ----------
    person : str, optional
        Only if it is a token of this person: nobody revokes another's by guessing its id.
    """
    table = database.metadata.tables[API_TOKEN]
    statement = (
        update(table)
        .where(table.c.token_id == token_id, table.c.revoked_at.is_(None))
        .values(revoked_at=utc_text(now), key_sealed=None)
    )
    if person is not None:
        statement = statement.where(table.c.person == person)
    with database.writing() as connection:
        return connection.execute(statement).rowcount == 1


def end_programs(database: Database, person: str, now: datetime) -> None:
    """Revoke the tokens of a person's programs: they sign with a key that is no more."""
    table = database.metadata.tables[API_TOKEN]
    statement = (
        update(table)
        .where(table.c.person == person, table.c.revoked_at.is_(None))
        .values(revoked_at=utc_text(now), key_sealed=None)
    )
    with database.writing() as connection:
        connection.execute(statement)


def _require(
    name: str,
    abilities: frozenset[str],
    scope: str | None,
    lifetime: timedelta,
    signing_key: SigningKey | None,
) -> None:
    seen = all(unicodedata.category(c) not in ("Cc", "Cs", "Cf", "Zl", "Zp") for c in name)
    if not (0 < len(name) <= _LONGEST_NAME and seen):
        raise UsageError(
            "a token needs a name", f"Say which program uses it, in {_LONGEST_NAME} characters."
        )
    if not abilities or not abilities <= ABILITIES:
        raise UsageError(
            "a token may read, write or get metrics, and nothing else",
            f"Choose from {', '.join(sorted(ABILITIES))}.",
        )
    if scope is not None and SCOPE.fullmatch(scope) is None:
        raise UsageError(
            "the scope of a token is no part of a State", "Write XA, XA/XFAA or XA/XFAA/XFAA."
        )
    if not timedelta() < lifetime <= LONGEST_LIFETIME:
        raise UsageError(
            f"a token lasts from now to {LONGEST_LIFETIME.days} days", "Choose an earlier end."
        )
    if "write" in abilities and signing_key is None:
        raise UsageError(
            "a token that may write has to sign, and your key is not open",
            "Sign in with your password, then make the token.",
        )


def note_use(database: Database, found: ApiToken, now: datetime) -> None:
    """Note that a token was used now; once a minute, and when the books can be written."""
    if not is_due(found.used_at, now):
        return
    table = database.metadata.tables[API_TOKEN]
    earlier = table.c.used_at.is_(None) | (table.c.used_at < utc_text(now))
    mine = table.c.token_id == found.token_id
    note(database, update(table).where(mine, earlier).values(used_at=utc_text(now)))


def _api_token(row: Mapping[Any, Any]) -> ApiToken:
    used, revoked, sealed = row["used_at"], row["revoked_at"], row["key_sealed"]
    return ApiToken(
        row["token_id"],
        row["person"],
        row["name"],
        frozenset(row["abilities"].split()),
        row["scope"],
        parse_utc(row["made_at"]),
        parse_utc(row["expires_at"]),
        parse_utc(used) if used else None,
        parse_utc(revoked) if revoked else None,
        bytes(sealed) if sealed is not None else None,
    )
