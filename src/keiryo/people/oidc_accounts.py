"""Whom a provider's account means here, and the signing key of somebody without a password.

A person is linked to an account at a provider by themselves while they are signed in, or when they
take up an administrator's invitation; never because a name or an e-mail address is the same.
Somebody who signs in at a provider brings no password under which a signing key could lie sealed:
it lies under the server's secret (`keiryo.people.secret`), which is kept outside the database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from keiryo.errors import ConflictError, UsageError
from keiryo.people.accounts import account_row
from keiryo.people.keys import SigningKey, seal, unseal
from keiryo.people.tables import ACCOUNT
from keiryo.storage.engine import Database


def person_of_subject(database: Database, issuer: str, subject: str) -> str | None:
    """Return the person who is linked to an account at a provider, or None.

    Whether they are still admitted is another question, asked before a session is made.
    """
    if not (issuer.isprintable() and subject.isprintable()):
        return None  # no database could hold it
    table = database.metadata.tables[ACCOUNT]
    query = select(table.c.person).where(
        table.c.oidc_issuer == issuer, table.c.oidc_subject == subject
    )
    with database.reading() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else str(found)


def link(database: Database, person: str, issuer: str, subject: str) -> None:
    """Let a person sign in with an account at a provider; doing it twice changes nothing.

    Raises
    ------
    NotFoundError
        If the person has no account here.
    ConflictError
        If the person is linked to another account there, or that one to another person.
    """
    with database.writing() as connection:
        row = account_row(connection, database.metadata, person, held=True)
        linked = (row["oidc_issuer"], row["oidc_subject"])
        if linked == (issuer, subject):
            return
        if linked != (None, None):
            raise ConflictError(
                "another account at a provider is linked already",
                "End that link first, then link the new one.",
            )
        try:
            _change(database, connection, person, oidc_issuer=issuer, oidc_subject=subject)
        except IntegrityError:
            raise ConflictError(
                "this account at the provider belongs to another person here",
                "Sign in there with your own account; if it is your own, tell an administrator.",
            ) from None


def unlink(database: Database, person: str, *, even_if_last: bool = False) -> None:
    """End the link of a person with an account at a provider.

    A signing key that also lies sealed under their password no longer lies under the server's
    secret afterwards.

    Parameters
    ----------
    even_if_last : bool
        Also if the person has no password and cannot sign in any more; for an administrator.

    Raises
    ------
    NotFoundError
        If the person has no account here.
    UsageError
        If they could not sign in any more.
    """
    with database.writing() as connection:
        row = account_row(connection, database.metadata, person, held=True)
        if row["oidc_issuer"] is None:
            return
        if row["password_hash"] is None and not even_if_last:
            raise UsageError(
                "without this link you could not sign in any more: you have no password",
                "Set a password first.",
            )
        changes: dict[str, Any] = {"oidc_issuer": None, "oidc_subject": None}
        if row["key_by_password"] is not None:
            changes["key_by_server"] = None
        _change(database, connection, person, **changes)


def seal_key_for_server(
    database: Database, person: str, signing_key: SigningKey, *, secret: bytes
) -> None:
    """Keep a person's signing key under the server's secret, for sign-in without a password.

    Raises
    ------
    NotFoundError
        If the person has no account here.
    UsageError
        If the account has another key.
    """
    with database.writing() as connection:
        row = account_row(connection, database.metadata, person, held=True)
        if row["public_key"] not in (None, signing_key.key):
            raise UsageError(
                "this is not the key that the person signs with", "Sign in anew and try again."
            )
        sealed = seal(signing_key.secret, secret, _purpose(person))
        _change(database, connection, person, key_by_server=sealed, public_key=signing_key.key)


def key_by_server(database: Database, person: str, *, secret: bytes) -> SigningKey | None:
    """Return a person's signing key from under the server's secret.

    None if there is none, if the secret is another, or if what lies there is not the person's.
    """
    table = database.metadata.tables[ACCOUNT]
    query = select(table.c.key_by_server, table.c.public_key).where(table.c.person == person)
    with database.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row[0] is None:
        return None
    opened = unseal(bytes(row[0]), secret, _purpose(person))
    if opened is None or len(opened) != 32:
        return None
    key = SigningKey.from_secret(opened)
    return key if row[1] in (None, key.key) else None


def _purpose(person: str) -> str:
    """Return the purpose of the seal: a key that was moved to another person does not open."""
    return f"signing key of {person} by server"


def _change(database: Database, connection: Connection, person: str, **values: Any) -> None:
    table = database.metadata.tables[ACCOUNT]
    connection.execute(update(table).where(table.c.person == person).values(**values))
