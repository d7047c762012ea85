"""Accounts: made, found, given a password, and erased; the server's secret beside them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from keiryo.errors import ConflictError, NotFoundError, RefusedError, UsageError
from keiryo.people.accounts import (
    account,
    account_by_name,
    accounts,
    erase,
    make_account,
    names_of,
    new_person_id,
    set_password,
    set_preferences,
    signing_key_by_password,
)
from keiryo.people.keys import SigningKey
from keiryo.people.one_time import look, make_one_time
from keiryo.people.secret import keyed_digest, secret_file, server_secret
from keiryo.people.sessions import open_session, session_of
from keiryo.people.tokens import admitted_token_of, make_token
from keiryo.storage.engine import Database
from people.small_site import (
    AIKO,
    HANA,
    KEYS,
    NOW,
    PASSWORD,
    books,
    cheap_argon2,
    everything_in,
    later,
)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    cheap_argon2(monkeypatch)
    yield from books("sqlite", tmp_path)


def opened(database: Database, person: str = AIKO) -> str:
    return open_session(
        database, person, signing_key=KEYS[person], step="full", address=None, agent=None, now=NOW
    )


def test_found_by_person_and_by_name(database: Database) -> None:
    aiko = account(database, AIKO)
    assert aiko is not None
    assert (aiko.sign_in_name, aiko.display_name) == ("aiko.mori", "Aiko Mori")
    assert aiko.has_password and not aiko.totp_confirmed and aiko.made_at == NOW
    assert aiko.public_key == KEYS[AIKO].key
    assert account_by_name(database, " ＡIKO.Mori ") == aiko
    for unknown in ("", "aiko", "a\0b", "\ud800"):
        assert account_by_name(database, unknown) is None
    assert account(database, "P-NOBODY22") is None
    assert [a.person for a in accounts(database)] == [AIKO, HANA]


def test_names_of_people(database: Database) -> None:
    assert names_of(database, [AIKO, "P-OLD23456", AIKO]) == {
        AIKO: "Aiko Mori",
        "P-OLD23456": "P-OLD23456",
    }
    many = [f"P-{n:08}" for n in range(1200)]
    assert names_of(database, many) == {person: person for person in many}


@pytest.mark.parametrize("name", ["", " ", "a b", "a\0b", "a‮b", "x" * 101])
def test_no_name(database: Database, name: str) -> None:
    with database.writing() as connection, pytest.raises(UsageError):
        make_account(connection, database.metadata, "P-NEW23456", name, "New", NOW)


def test_a_name_is_taken_whatever_its_capitals(database: Database) -> None:
    metadata = database.metadata
    with database.writing() as connection:
        with pytest.raises(ConflictError):
            make_account(connection, metadata, "P-NEW23456", "AIKO.MORI", "Another", NOW)
        with pytest.raises(ConflictError):
            make_account(connection, metadata, AIKO, "aiko2", "Aiko", NOW)
        make_account(connection, metadata, "P-NEW23456", "森", "森 愛子", NOW)
    found = account_by_name(database, "森")
    assert found is not None and found.shown_name == "森 愛子"


def test_pseudonyms(database: Database) -> None:
    with database.reading() as connection:
        made = {new_person_id(connection, database.metadata) for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch(r"P-[A-HJ-NP-Z2-9]{8}", person) for person in made)


def test_preferences(database: Database) -> None:
    set_preferences(database, AIKO, language="ja")
    set_preferences(database, AIKO, theme="dark")
    aiko = account(database, AIKO)
    assert aiko is not None
    assert (aiko.language, aiko.theme, aiko.display_name) == ("ja", "dark", "Aiko Mori")
    with pytest.raises(UsageError):
        set_preferences(database, AIKO, language="xx")
    with pytest.raises(UsageError):
        set_preferences(database, AIKO, theme="../x")


def test_the_key_lies_under_the_password(database: Database) -> None:
    assert signing_key_by_password(database, AIKO, PASSWORD) == KEYS[AIKO]
    assert signing_key_by_password(database, AIKO, "another") is None
    assert signing_key_by_password(database, HANA, PASSWORD) is None
    kept = everything_in(database)
    assert PASSWORD not in kept
    assert KEYS[AIKO].secret.hex() not in kept
    assert KEYS[AIKO].secret.decode("latin-1") not in kept


def test_a_new_password_ends_other_sessions_and_resets(database: Database) -> None:
    here, there = opened(database), opened(database)
    reset = make_one_time(database, "reset", AIKO, later(600) - NOW, NOW)
    session = session_of(database, here, NOW)
    assert session is not None
    new = "five cranes over Lake Suwa"
    set_password(database, AIKO, new, KEYS[AIKO], NOW, but=session.session_id)
    assert session_of(database, here, NOW) is not None
    assert session_of(database, there, NOW) is None
    assert look(database, reset, "reset", NOW) is None
    assert signing_key_by_password(database, AIKO, PASSWORD) is None
    assert signing_key_by_password(database, AIKO, new) == KEYS[AIKO]


def test_a_password_without_the_key_at_hand(database: Database) -> None:
    set_password(database, AIKO, "five cranes over Lake Suwa", None, NOW)
    aiko = account(database, AIKO)
    assert aiko is not None and aiko.has_password and aiko.public_key is None
    assert signing_key_by_password(database, AIKO, "five cranes over Lake Suwa") is None
    new = SigningKey.new()
    set_password(database, AIKO, "six cranes over Lake Suwa", new, NOW)
    aiko = account(database, AIKO)
    assert aiko is not None and aiko.public_key == new.key


def test_a_bad_password_is_refused_with_all_findings(database: Database) -> None:
    with pytest.raises(RefusedError) as caught:
        set_password(database, AIKO, "aiko", None, NOW)
    assert [f.code for f in caught.value.findings] == ["PASSWORD-SHORT", "PASSWORD-NAME"]
    with pytest.raises(NotFoundError):
        set_password(database, "P-NOBODY22", PASSWORD, None, NOW)


def test_erased(database: Database) -> None:
    token = opened(database)
    program, _ = make_token(
        database,
        AIKO,
        name="plant",
        abilities={"read"},
        scope=None,
        lifetime=later(600) - NOW,
        signing_key=None,
        now=NOW,
    )
    erase(database, AIKO)
    kept = everything_in(database).casefold()
    assert "aiko" not in kept and "mori" not in kept and "argon2" not in kept
    aiko = account(database, AIKO)
    assert aiko is not None and aiko.shown_name == AIKO and not aiko.has_password
    assert names_of(database, [AIKO]) == {AIKO: AIKO}
    assert session_of(database, token, NOW) is None
    assert admitted_token_of(database, program, NOW) is None
    assert account_by_name(database, "aiko.mori") is None
    assert account(database, HANA) is not None


def test_the_secret_is_made_once_and_kept_private(database: Database) -> None:
    path = secret_file(database)
    path.unlink(missing_ok=True)
    found: list[bytes] = []
    threads = [Thread(target=lambda: found.append(server_secret(database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1 and len(found[0]) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir() if ".secret" in p.name] == [path.name]
    assert keyed_digest(found[0], "a") != keyed_digest(found[0], "b")
    assert keyed_digest(found[0], "a") != keyed_digest(b"x" * 32, "a")


def test_a_secret_that_is_none(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "elsewhere" / "secret"
    monkeypatch.setenv("KEIRYO_SECRET_FILE", str(path))
    assert server_secret(database) == path.read_bytes()
    os.chmod(path, 0o640)
    with pytest.raises(UsageError, match="0640") as caught:
        server_secret(database)
    assert "chmod 600" in caught.value.advice
    os.chmod(path, 0o600)
    path.write_bytes(b"short")
    with pytest.raises(UsageError, match="32 bytes"):
        server_secret(database)
    monkeypatch.setenv("KEIRYO_SECRET_FILE", str(tmp_path))
    with pytest.raises(UsageError, match="cannot be read"):
        server_secret(database)


def test_where_the_secret_of_a_server_lies(own_home: Path) -> None:
    from keiryo.capabilities import builtin_registry

    database = Database("postgresql://keiryo@db.example/books", builtin_registry())
    place = own_home / "data" / "keiryo" / "secrets" / "db.example-books.secret"
    assert secret_file(database) == place
    database.close()
