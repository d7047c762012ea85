"""Accounts: who a person is, and how they sign in.

The record knows a person by a pseudonym. Names, preferences, the hash of the password and the
sealed private key lie here, in a working table, so that they can be erased when the person asks
for it: the pseudonym and what was done under it stay, and nobody can tell any more who it was.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    MetaData,
    RowMapping,
    Select,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import ConflictError, NotFoundError, RefusedError, UsageError
from keiryo.journal.persons import ALPHABET
from keiryo.people.keys import SigningKey, seal_by_password, unseal_by_password
from keiryo.people.passwords import hash_password, normalised, one_of_few, password_problems
from keiryo.people.sessions import all_ended
from keiryo.people.tables import (
    ACCOUNT,
    API_TOKEN,
    DONE_ONCE,
    ONE_TIME_TOKEN,
    PERSON_STATE,
    SAVED_FORM,
    SESSION,
)
from keiryo.storage.engine import Database
from keiryo.storage.schema import PERSON

LANGUAGES = ("en", "ja")
THEMES = ("auto", "light", "dark")
LONGEST_NAME = 100
"""Characters of a sign-in name, and of a displayed one."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who a person is and how they sign in.

    Attributes
    ----------
    person : str
        Pseudonymous id.
    sign_in_name : str or None
        In the form of `normal_name`; None if erased, or if they only sign in elsewhere.
    display_name : str or None
        None if erased.
    language, theme : str or None
        Preferences; None: not chosen.
    has_password, totp_confirmed : bool
    public_key : str or None
        Hexadecimal; the key with which they sign now.
    oidc_issuer, oidc_subject : str or None
        Where else they sign in, and as whom.
    made_at : datetime
    """

    person: str
    sign_in_name: str | None
    display_name: str | None
    language: str | None
    theme: str | None
    has_password: bool
    totp_confirmed: bool
    public_key: str | None
    oidc_issuer: str | None
    oidc_subject: str | None
    made_at: datetime

    @property
    def shown_name(self) -> str:
        """The displayed name, or the pseudonym where there is none."""
        return self.display_name or self.person


@dataclass(frozen=True, slots=True)
class PreparedPassword:
    """A password as it is kept: its hash, and the private key sealed under it."""

    password_hash: str = field(repr=False)
    key_by_password: bytes | None = field(default=None, repr=False)
    public_key: str | None = None


def normal_name(sign_in_name: str) -> str:
    """Return a sign-in name as it is kept and compared: capitals and widths do not matter."""
    return unicodedata.normalize("NFKC", sign_in_name).casefold().strip()


def normal_display_name(display_name: str) -> str:
    """Return a displayed name as it is kept: composed letters, no spaces around it."""
    return unicodedata.normalize("NFC", display_name).strip()


def is_name(given: str) -> bool:
    """Return whether a name in its normal form can be shown: not too long, nothing unseen."""
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return 0 < len(given) <= LONGEST_NAME and not any(
        unicodedata.category(character) in unseen for character in given
    )


def account(database: Database, person: str) -> Account | None:
    """Return the account of a person, or None."""
    with database.reading() as connection:
        return find_account(connection, database.metadata, person)


def find_account(connection: Connection, metadata: MetaData, person: str) -> Account | None:
    """Return the account of a person within a transaction, or None."""
    table = metadata.tables[ACCOUNT]
    return _first(connection, select(table).where(table.c.person == person))


def account_by_name(database: Database, sign_in_name: str) -> Account | None:
    """Return the account with a sign-in name, or None."""
    name = normal_name(sign_in_name)
    if not _is_text(name):
        return None
    table = database.metadata.tables[ACCOUNT]
    with database.reading() as connection:
        return _first(connection, select(table).where(table.c.sign_in_name == name))


def accounts(database: Database) -> list[Account]:
    """Return all accounts, by displayed name; erased ones at the end."""
    with database.reading() as connection:
        rows = connection.execute(select(database.metadata.tables[ACCOUNT])).mappings().all()
    found = [_account(row) for row in rows]
    return sorted(found, key=lambda a: (a.display_name is None, a.shown_name.casefold(), a.person))


def names_of(database: Database, persons: Iterable[str]) -> dict[str, str]:
    """Return the displayed name of each person; one without a name is called by the pseudonym."""
    found = {person: person for person in persons}
    table = database.metadata.tables[ACCOUNT]
    query = select(table.c.person, table.c.display_name).where(table.c.display_name.is_not(None))
    wanted = sorted(found)
    with database.reading() as connection:
        for start in range(0, len(wanted), 500):
            some = table.c.person.in_(wanted[start : start + 500])
            for person, name in connection.execute(query.where(some)):
                found[str(person)] = str(name)
    return found


def new_person_id(connection: Connection, metadata: MetaData) -> str:
    """Return a pseudonym that nobody has or had."""
    tables = [metadata.tables[name] for name in (ACCOUNT, PERSON, PERSON_STATE.name)]
    while True:
        person = "P-" + "".join(secrets.choice(ALPHABET) for _ in range(8))
        queries = [select(t.c.person).where(t.c.person == person).limit(1) for t in tables]
        if all(connection.execute(query).first() is None for query in queries):
            return person


def make_account(
    connection: Connection,
    metadata: MetaData,
    person: str,
    sign_in_name: str | None,
    display_name: str,
    now: datetime,
) -> None:
    """Make the account of a person, without a password yet.

    Raises
    ------
    UsageError
        If a name is empty, too long or has characters that cannot be seen.
    ConflictError
        If somebody has that sign-in name, or the person has an account already.
    """
    name = None if sign_in_name is None else normal_name(sign_in_name)
    shown = normal_display_name(display_name)
    for what, given in (("sign-in name", name), ("displayed name", shown)):
        if given is not None and not is_name(given):
            raise UsageError(
                f"this is no {what}: it is empty, longer than {LONGEST_NAME} characters, or has "
                "characters that cannot be seen",
                "Write a name in plain letters.",
            )
    if name is not None and any(character.isspace() for character in name):
        raise UsageError("a sign-in name has no spaces", "Write it as hanako.sato, for example.")
    values = {
        "person": person,
        "sign_in_name": name,
        "display_name": shown,
        "totp_confirmed": 0,
        "made_at": utc_text(now),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(metadata.tables[ACCOUNT]).values(values))
    except IntegrityError:
        raise ConflictError(
            "this sign-in name is taken, or the person has an account already",
            "Choose another sign-in name, or look the person up under Administration.",
        ) from None


def set_password(
    database: Database,
    person: str,
    password: str,
    signing_key: SigningKey | None,
    now: datetime,
    *,
    but: str | None = None,
) -> None:
    """Set a password, seal the private key under it, and end the person's sessions.

    Outstanding tokens to reset the password stop working too.

    Parameters
    ----------
    signing_key : SigningKey or None
        The person's key, opened with the old password or in a session, or a new one. None: there
        is no key at hand; what was sealed under the old password is lost with it, and a new key
        has to be registered.
    but : str, optional
        Id of the session that goes on, in which the password was changed.

    Raises
    ------
    NotFoundError
        If there is no such account.
    RefusedError
        With the findings of `password_problems`.
    """
    found = account(database, person)
    if found is None:
        raise no_account(person)
    prepared = prepare_password(
        password, signing_key, names=[n for n in (found.sign_in_name, found.display_name) if n]
    )
    with database.writing() as connection:
        put_password(connection, database.metadata, person, prepared, now, but=but)


def prepare_password(
    password: str, signing_key: SigningKey | None, *, names: Iterable[str]
) -> PreparedPassword:
    """Do the long work of setting a password before the transaction that puts it in place.

    Raises
    ------
    RefusedError
        With the findings of `password_problems`.
    """
    problems = password_problems(password, names=names)
    if problems:
        raise RefusedError("this password cannot be used", problems, problems[0].advice)
    hashed = hash_password(password)
    if signing_key is None:
        return PreparedPassword(hashed)
    with one_of_few():
        sealed = seal_by_password(signing_key.secret, normalised(password))
    return PreparedPassword(hashed, sealed, signing_key.key)


def put_password(
    connection: Connection,
    metadata: MetaData,
    person: str,
    prepared: PreparedPassword,
    now: datetime,
    *,
    but: str | None = None,
) -> None:
    """Put a prepared password in place within a transaction; see `set_password`."""
    table, tokens = metadata.tables[ACCOUNT], metadata.tables[ONE_TIME_TOKEN]
    values: dict[str, Any] = {
        "password_hash": prepared.password_hash,
        "password_set_at": utc_text(now),
        "key_by_password": prepared.key_by_password,
    }
    row = connection.execute(
        select(table.c.public_key, table.c.key_by_server)
        .where(table.c.person == person)
        .with_for_update()
    ).one()
    if prepared.public_key is not None:
        values["public_key"] = prepared.public_key
        if prepared.public_key != row.public_key:
            values["key_by_server"] = None  # not the key with which they sign from now on
    elif row.key_by_server is None:
        values["public_key"] = None
    connection.execute(update(table).where(table.c.person == person).values(values))
    all_ended(connection, metadata, person, now, but=but)
    reset = tokens.c.used_at.is_(None) & (tokens.c.purpose == "reset")
    connection.execute(
        update(tokens).where(tokens.c.person == person, reset).values(used_at=utc_text(now))
    )


def signing_key_by_password(database: Database, person: str, password: str) -> SigningKey | None:
    """Return the private key of a person, opened with the password; None if that fails."""
    table = database.metadata.tables[ACCOUNT]
    query = select(table.c.key_by_password).where(table.c.person == person)
    with database.reading() as connection:
        sealed = connection.execute(query).scalar()
    if sealed is None:
        return None
    with one_of_few():
        secret = unseal_by_password(bytes(sealed), normalised(password))
    return SigningKey.from_secret(secret) if secret is not None else None


def set_preferences(
    database: Database, person: str, *, language: str | None = None, theme: str | None = None
) -> None:
    """Set the language of the pages (``"en"``, ``"ja"``) and ``"auto"``, ``"light"``, ``"dark"``.

    What is None stays as it is.

    Raises
    ------
    UsageError
        If there is no such language or theme.
    """
    values = {}
    for what, given, known in (("language", language, LANGUAGES), ("theme", theme, THEMES)):
        if given is not None and given not in known:
            raise UsageError(f"there is no such {what}", f"Choose one of {', '.join(known)}.")
        if given is not None:
            values[what] = given
    if values:
        table = database.metadata.tables[ACCOUNT]
        with database.writing() as connection:
            connection.execute(update(table).where(table.c.person == person).values(values))


def account_row(
    connection: Connection, metadata: MetaData, person: str, *, held: bool = False
) -> RowMapping:
    """Return all that is kept of an account within a transaction.

    Parameters
    ----------
    held : bool
        Whether nobody else may change it until the end of the transaction.

    Raises
    ------
    NotFoundError
        If there is no such account.
    """
    table = metadata.tables[ACCOUNT]
    query = select(table).where(table.c.person == person)
    row = connection.execute(query.with_for_update() if held else query).mappings().first()
    if row is None:
        raise no_account(person)
    return row


def no_account(person: str) -> NotFoundError:
    """Return the error for a person who has no account."""
    return NotFoundError(f"{person} has no account", "Look under Administration, People.")


def erase(database: Database, person: str) -> None:
    """Erase who a person is: names, password, keys, second factor, sessions, tokens, drafts.

    The pseudonym stays, so that it is never given to anybody else; acts keep it.
    """
    metadata = database.metadata
    table = metadata.tables[ACCOUNT]
    kept = {"person", "made_at", "totp_confirmed"}
    nothing: dict[str, Any] = {c.name: None for c in table.columns if c.name not in kept}
    with database.writing() as connection:
        connection.execute(
            update(table).where(table.c.person == person).values(**nothing, totp_confirmed=0)
        )
        for name in (SESSION, API_TOKEN, ONE_TIME_TOKEN, SAVED_FORM, DONE_ONCE, PERSON):
            other = metadata.tables[name]
            connection.execute(delete(other).where(other.c.person == person))


def _first(connection: Connection, query: Select[Any]) -> Account | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else _account(row)


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(
        row["person"],
        row["sign_in_name"],
        row["display_name"],
        row["language"],
        row["theme"],
        row["password_hash"] is not None,
        bool(row["totp_confirmed"]),
        row["public_key"],
        row["oidc_issuer"],
        row["oidc_subject"],
        parse_utc(row["made_at"]),
    )


def _is_text(given: str) -> bool:
    """Whether a database can hold it: no zero bytes, no halves of characters."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in given)
