"""Persons by pseudonymous id.

Lines name a person only by an id such as ``P-7Q2MB4XK``. Who that is stands in one ordinary table
that is not part of the chain, so that personal data can be erased without touching a record.
"""

from __future__ import annotations

import getpass
import os
import secrets

from sqlalchemy import delete, insert, select

from keiryo.storage.engine import Database
from keiryo.storage.schema import PERSON

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def current_account() -> str:
    """Return the account under which this program runs."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"


def person_id(database: Database, account: str | None = None) -> str:
    """Return the pseudonymous id of an account, making one at the first time.

    Parameters
    ----------
    database : Database
    account : str, optional
        Default: ``KEIRYO_PERSON`` taken as the id itself, else the account of this process.
    """
    given = os.environ.get("KEIRYO_PERSON")
    if account is None and given:
        return given
    name = account or current_account()
    table = database.metadata.tables[PERSON]
    query = select(table.c.person).where(table.c.account == name)
    with database.reading() as connection:
        found = connection.execute(query).scalar()
    if found is not None:
        return str(found)
    with database.writing() as connection:
        found = connection.execute(query).scalar()
        if found is None:
            found = "P-" + "".join(secrets.choice(ALPHABET) for _ in range(8))
            connection.execute(insert(table).values(person=found, account=name))
    return str(found)


def forget(database: Database, person: str) -> None:
    """Erase who a person is; the acts keep the id."""
    table = database.metadata.tables[PERSON]
    with database.writing() as connection:
        connection.execute(delete(table).where(table.c.person == person))
