"""Books of a State XA with a few people, for tests of how they sign in."""

from __future__ import annotations

import atexit
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

import postgres
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Actor, Draft
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.people import keys
from keiryo.people.accounts import make_account, set_password
from keiryo.people.keys import SigningKey
from keiryo.people.permissions import person_of
from keiryo.people.tables import WORKING_TABLES
from keiryo.storage.engine import Database

NOW = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
PASSWORD = "four cranes over Lake Biwa"
AIKO, HANA = "P-AAAAAAAA", "P-HHHHHHHH"
KEYS = {AIKO: SigningKey.from_secret(b"a" * 31 + b"1"), HANA: SigningKey.from_secret(b"h" * 32)}


def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords cost as little as Argon2 allows."""
    monkeypatch.setattr(keys, "ARGON2_TIME", 1)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 32)


def later(seconds: float) -> datetime:
    """Return an instant some time after the tests' now."""
    return NOW + timedelta(seconds=seconds)


def books(kind: str, folder: Path) -> Iterator[Database]:
    """Give books in which Aiko and Hana are admitted, as on the first day.

    Parameters
    ----------
    kind : str
        ``"sqlite"``: a copy in `folder`; ``"postgres"``: the one database of this process, with
        the working tables put back.
    """
    if kind == "sqlite":
        place = str(shutil.copy(_prepared_file(), folder / "books.sqlite"))
    else:
        place = _prepared_server()
    database = Database(place, builtin_registry())
    if kind == "postgres":
        _put_back(database)
    yield database
    database.close()


@cache
def _prepared_file() -> Path:
    folder = Path(mkdtemp(prefix="keiryo-people-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Database(folder / "books.sqlite", builtin_registry())
    _prepare(database)
    database.close()
    return folder / "books.sqlite"


@cache
def _prepared_server() -> str:
    kept = ExitStack()
    url = kept.enter_context(postgres.fresh_database())
    atexit.register(kept.close)
    database = Database(url, builtin_registry())
    _prepare(database)
    database.close()
    return url


def _prepare(database: Database) -> None:
    open_journal(database, "XA", Actor("P-DEMO2345", "XA"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        cheap_argon2(monkeypatch)
        admit(database)


def _put_back(database: Database) -> None:
    with database.writing() as connection:
        for working in WORKING_TABLES:
            connection.execute(database.metadata.tables[working.name].delete())
        state = person_of(connection, database.metadata, AIKO).state
    if state != "admitted":
        draft = Draft("person.admit", f"site:{secrets.token_hex(8)}", reason="back")
        draft.add("person_state", scope="XA", person=AIKO, state="admitted")
        post(database, draft, Actor(HANA, "XA", KEYS[HANA]))
    _give_accounts(database)


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def admit(database: Database) -> None:
    """Admit Aiko, an accountant, and Hana, the administrator; Aiko has a password."""
    draft = Draft("person.admit", "site:people", reason="people of the test")
    roles = {AIKO: "facility accountant", HANA: "administrator"}
    for person, role in roles.items():
        draft.add("person_state", scope="XA", person=person, state="admitted")
        granted = {"role": role, "granted_scope": "XA", "state": "granted"}
        draft.add("role_grant", granted, scope="XA", person=person)
        key = KEYS[person].key
        draft.add("person_key", scope="XA", person=person, key=key, state="registered")
    post(database, draft, Actor(HANA, "XA", KEYS[HANA]))
    _give_accounts(database)


def _give_accounts(database: Database) -> None:
    with database.writing() as connection:
        make_account(connection, database.metadata, AIKO, "aiko.mori", "Aiko Mori", NOW)
        make_account(connection, database.metadata, HANA, "hana", "Hana Kudo", NOW)
    set_password(database, AIKO, PASSWORD, KEYS[AIKO], NOW)


def suspend(database: Database, person: str) -> None:
    """Let the administrator suspend somebody."""
    draft = Draft("person.suspend", f"site:{secrets.token_hex(8)}", reason="leave")
    draft.add("person_state", scope="XA", person=person, state="suspended")
    post(database, draft, Actor(HANA, "XA", KEYS[HANA]))


def everything_in(database: Database) -> str:
    """Return all columns of all rows of all tables, binary ones as they are and hexadecimal."""
    found = []
    with database.reading() as connection:
        for table in database.metadata.sorted_tables:
            for row in connection.execute(table.select()):
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        found += [bytes(value).decode("latin-1"), bytes(value).hex()]
                    else:
                        found.append(str(value))
    return "\n".join(found)
